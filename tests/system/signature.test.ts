/** Signed kernels on a CD: which of them a machine installs, and why it refuses the others. */
import { expect, test } from "vitest";
import { makeIso } from "../../src/image/iso9660.ts";
import { makeKeyList } from "../../src/image/key-list.ts";
import { type LabNode, SparseDisk } from "../../src/index.ts";
import { numberedSigner, type TestSigner } from "../setup/signer.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, inState, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import {
  cdOf,
  flip,
  KERNEL_REVISION_AT,
  type Other,
  REVISION,
  SECTOR_BYTES,
  signedDisk,
  signedSystem,
  trusted,
  withWord,
} from "./signed-images.ts";

const DISK_BYTES = 16 << 20;
const stranger = numberedSigner(2);

async function atPrompt(): Promise<LabNode> {
  const lab = await inState("signed", async () => {
    const disk = new SparseDisk(DISK_BYTES, { content: signedDisk() });
    const booted = boot({ nodes: [{ disk, cdrom: cdOf({}) }], gateway: false });
    await booted.nodes[0]!.waitFor(PROMPT);
    return booted;
  });
  return lab.nodes[0]!;
}

/** Changes the CD, and waits until the drive says that there is one again. */
async function change(node: LabNode, other: Other): Promise<void> {
  expect(node.insert("ide1-cd0", cdOf(other))).toBe(true);
  while (/no medium/.test(await output(node, "mount -t iso9660 hdc /cd; umount /cd")));
}

const REFUSED: readonly (readonly [what: string, other: Other, said: string])[] = [
  ["no signature", { signature: null }, "it is not signed"],
  ["a stranger's signature", { signer: stranger }, "no key that this kernel trusts made its signature"],
  ["another signature by the key", { signature: flip(-1) }, "its signature is wrong"],
  ["a hash that was changed", { signature: flip(128) }, "its signature is wrong"],
  [
    "a key put in afterwards",
    { signer: stranger, signature: (bytes) => bytes.set(trusted.key, 96) },
    "its signature is wrong",
  ],
  ["another version", { signedBytes: withWord(4, 2) }, "its signature is damaged, or of another format"],
  ["ranges that may differ", { signedBytes: withWord(36, 1) }, "its signature is damaged, or of another format"],
  ["chunks of another size", { signedBytes: withWord(32, 4096) }, "its signature is damaged, or of another format"],
  ["a field that is not known", { signedBytes: flip(63) }, "its signature is damaged, or of another format"],
  [
    "a floor above the revision",
    { signedBytes: withWord(16, REVISION + 1) },
    "its signature is damaged, or of another format",
  ],
  [
    "an oldest protocol above the own",
    { signedBytes: withWord(20, 0x0006_0007) },
    "its signature is damaged, or of another format",
  ],
  [
    "an oldest OOFS above the own",
    { signedBytes: withWord(24, 0x0002_0003) },
    "its signature is damaged, or of another format",
  ],
  ["an image of no size", { signedBytes: withWord(28, 0) }, "its signature is damaged, or of another format"],
  [
    "an image of the largest number",
    { signedBytes: withWord(28, 0xffff_fe00) },
    "its signature is damaged, or of another format",
  ],
  [
    "an image of a sector less",
    { signedBytes: (bytes) => withWord(28, sizeIn(bytes) - SECTOR_BYTES)(bytes) },
    "it is not the kernel that was signed",
  ],
  ["a size below the least", { signedBytes: withWord(8, 255) }, "its signature has a size that none can have"],
  ["a size of 0", { signedBytes: withWord(8, 0) }, "its signature has a size that none can have"],
  ["a size above the most", { signedBytes: withWord(8, 0xffff_ffff) }, "its signature has a size that none can have"],
  ["class 18, another product", { terms: { product: "tests" } }, "it is of another product"],
  ["the beginning of the product", { terms: { product: "tes" } }, "it is of another product"],
  [
    "a floor above this kernel",
    { kernel: withWord(KERNEL_REVISION_AT, REVISION + 2), terms: { revision: REVISION + 2, floor: REVISION + 1 } },
    "only a kernel of a higher revision than this one may install it",
  ],
  [
    "class 13, a signed downgrade: a lower revision",
    { kernel: withWord(KERNEL_REVISION_AT, REVISION - 1), terms: { revision: REVISION - 1 } },
    "it is of a lower revision than this kernel",
  ],
  [
    "a higher revision in the signature alone",
    { terms: { revision: REVISION + 1 } },
    "it is not the kernel that was signed",
  ],
  ["a byte in the first chunk", { signedKernel: flip(60_000) }, "it is not the kernel that was signed"],
  ["a byte in the last chunk", { signedKernel: flip(-1) }, "it is not the kernel that was signed"],
];

function sizeIn(signature: Uint8Array): number {
  return new DataView(signature.buffer, signature.byteOffset).getUint32(28, true);
}

test("a kernel is refused, with the reason, unless all of its signature is right", async () => {
  const node = await atPrompt();
  for (const [what, other, said] of rowsOf(REFUSED, 3)) {
    await change(node, other);
    expect(await output(node, "kernel install hdc"), what).toBe(
      `kernel: \`kernel install --unsigned\` does not ask who made a kernel\nkernel: hdc: ${said}\n`,
    );
  }
  expect(await output(node, "kernel list")).toMatch(/^1 {2}empty$/m);
  expect(await output(node, "kernel install --unsigned hdc")).toMatch(/^Kernel 1 is on trial /);
});

test("a signed kernel of this revision or a higher one is installed, from a CD or a disk", async () => {
  const node = await atPrompt();
  const before = node.console.text.length;
  expect(await output(node, "kernel install hdc")).toMatch(/^Kernel 1 is on trial /);
  expect(await output(node, "kernel install hda")).toMatch(/^Kernel 1 is on trial /);
  const next = REVISION + 10_000_000;
  const other = { kernel: withWord(KERNEL_REVISION_AT, next), terms: { revision: next, floor: REVISION } };
  await change(node, other);
  expect(await output(node, "kernel install hdc")).toMatch(/^Kernel 1 is on trial /);
  expect(await output(node, "kernel list")).toContain(`revision ${next}`);
  expect(node.console.text.slice(before)).not.toContain("kernel:");
});

test("a file with a signature tells which kernel of a disk it is of", async () => {
  const node = await atPrompt();
  await output(node, "mount -t iso9660 hdc /cd");
  const said = `test revision ${REVISION}, for revision 7 and later\n`;
  expect(await output(node, "kernel verify /cd/kernel.sig")).toBe(`${said}0  is this kernel\n`);
  await output(node, "kernel install hdc");
  expect(await output(node, "kernel verify /cd/kernel.sig hda")).toBe(`${said}0  is this kernel\n1  is this kernel\n`);
  expect(await output(node, "kernel verify /cd/none")).toMatch(/^\/cd\/none: not found\n$/);
  expect(await output(node, "kernel verify /cd/boot/qure.img")).toMatch(
    /^kernel: \/cd\/boot\/qure.img: its signature is damaged, or of another format\n$/,
  );
  await output(node, "umount /cd");
  const other: Other = { kernel: flip(100_000) };
  await change(node, other);
  await output(node, "mount -t iso9660 hdc /cd");
  expect(await output(node, "kernel verify /cd/kernel.sig; echo $?")).toBe(
    `${said}kernel: no kernel of the disk is the one that was signed\n1\n`,
  );
});

/** A machine with lists of keys on its CD, and room for a volume of its own. */
async function withLists(): Promise<LabNode> {
  const list = (sequence: number, signer: TestSigner, product = "test"): Uint8Array =>
    makeKeyList({ product, sequence, keys: [stranger.key] }, signer);
  const bad = list(9, trusted);
  bad[130]! ^= 1;
  const files = {
    "FIRST.KEY": list(5, trusted),
    "AGAIN.KEY": list(5, stranger),
    "OTHER.KEY": list(9, trusted, "tests"),
    "BAD.KEY": bad,
    "STRANGE.KEY": list(9, stranger),
  };
  const cd = makeIso(
    signedSystem().image,
    "QURE",
    Object.entries(files).map(([name, content]) => ({ name, content })),
  );
  const disk = new SparseDisk(DISK_BYTES + (32 << 20), { content: signedDisk() });
  const node = boot({ nodes: [{ disk, cdrom: cd.bytes }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  await output(node, "mount -t iso9660 hdc /cd");
  return node;
}

test("class 21, the key was replaced: a list of keys takes the place of the one before, if that has signed it", async () => {
  const node = await withLists();
  for (const [name, said] of [
    ["other", "it is of another product"],
    ["bad", "its signature is wrong"],
    ["strange", "no key that this kernel trusts made its signature"],
    ["boot/qure.img", "it is no list of keys, or of another format"],
  ] as const) {
    const path = name.includes("/") ? `/cd/${name}` : `/cd/${name}.key`;
    expect(await output(node, `kernel trust ${path}`)).toBe(`kernel: ${path}: ${said}\n`);
  }
  expect(await output(node, "kernel trust /cd/first.key")).toBe(
    "This kernel trusts the keys of list 5 now: 1.\nkernel: they are forgotten at the next start, as this node keeps nothing\n",
  );
  expect(await output(node, "kernel trust /cd/again.key")).toMatch(/a list of that number or a higher one\n$/);
  expect(await output(node, "kernel trust /cd/strange.key")).toMatch(/^This kernel trusts the keys of list 9 now: 1/);
});

thoroughly("a machine with a volume of its own starts with the keys that it took over", async () => {
  const node = await withLists();
  node.type("mkfs -t oofs hda0\n");
  await node.waitFor(PROMPT);
  await restart(node);
  const refused = "no key that this kernel trusts made its signature";
  await output(node, "mount -t iso9660 hdc /cd");
  expect(await output(node, "kernel trust /cd/first.key; echo $?")).toBe(
    "This kernel trusts the keys of list 5 now: 1.\n0\n",
  );
  await restart(node);
  await output(node, "mount -t iso9660 hdc /cd");
  expect(await output(node, "kernel trust /cd/again.key")).toMatch(/a list of that number or a higher one\n$/);
  await output(node, "umount /cd");
  await change(node, {});
  expect(await output(node, "kernel install hdc")).toContain(`kernel: hdc: ${refused}\n`);
  await change(node, { signer: stranger });
  expect(await output(node, "kernel install hdc")).toMatch(/^Kernel 1 is on trial /);
});

async function restart(node: LabNode): Promise<void> {
  node.reset();
  await node.waitFor(/QuRe loader/);
  await node.waitFor(PROMPT);
  await node.waitFor(/^cloud: .*$/m, { within: "20s" });
}
