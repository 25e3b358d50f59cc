/**
 * What the kernel says of damaged volumes, and what is left of them after it has written: the list beside this file was
 * reviewed. QURE_UPDATE=1 QURE_THOROUGH=1 npx vitest run tests/system/oofs-damage writes it anew: look at what
 * changed before.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { check, mount } from "../../src/disk/oofs/index.ts";
import type { BlockBackend, LabNode } from "../../src/index.ts";
import { BLOCKS, changeBlock, forge, makeSample, STATE_DWORDS, STATE_OFFSET, setField } from "../disk/oofs/damage.ts";
import { MemoryDisk, Random } from "../disk/oofs/disks.ts";
import { many, rowsOf } from "../setup/tier.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { PARTITION_LBA, SECTOR_BYTES } from "./recording-disk.ts";

const EXPECTED = join(import.meta.dirname, "oofs-damage.expected");
const BLOCK_BYTES = 4096;
const FORGED = 40;
/** Fields of the state that are checksums. */
const CHECKSUMS = [5, 7, 9, 19, 21];
const LARGE = [0x7fffffff, 0x80000000, 0xffffffff];
/** Looks at everything and changes nothing. */
const LOOK = ["mount -r hda0 /a && fsck /a && find /a && wc /a/a /a/d/e /a/d/c", "snapshot list /a", "umount /a"];
/** Changes what may be next to the damage. */
const WORK = [
  "mount hda0 /a && echo more >> /a/a",
  "mv /a/d/name-1 /a/a",
  "echo new > /a/d/name-2",
  "rm /a/d/e",
  "rm -r /a/d",
  "snapshot create /a t",
  "snapshot restore /a s",
  "snapshot remove /a s",
  "sync",
  "fsck /a",
  "umount /a",
];

/** A disk with one volume, which is exchanged while it is not mounted. */
class VolumeDisk implements BlockBackend {
  readonly readOnly = false;
  readonly #start = PARTITION_LBA * SECTOR_BYTES;
  readonly #bytes = new Uint8Array(this.#start + BLOCKS * BLOCK_BYTES);
  readonly sizeBytes = this.#bytes.length;

  constructor() {
    const view = new DataView(this.#bytes.buffer);
    view.setUint8(446 + 4, 0x99);
    view.setUint32(446 + 8, PARTITION_LBA, true);
    view.setUint32(446 + 12, (BLOCKS * BLOCK_BYTES) / SECTOR_BYTES, true);
    view.setUint16(510, 0xaa55, true);
  }

  get volume(): Uint8Array {
    return this.#bytes.slice(this.#start);
  }

  set volume(bytes: Uint8Array) {
    this.#bytes.set(bytes, this.#start);
  }

  read(offsetBytes: number, target: Uint8Array): void {
    target.set(this.#bytes.subarray(offsetBytes, offsetBytes + target.length));
  }

  write(offsetBytes: number, source: Uint8Array): void {
    this.#bytes.set(source, offsetBytes);
  }

  flush(): void {}
}

const sample = makeSample();

/** Name -> volume. */
function damaged(): Map<string, Uint8Array> {
  const all = new Map<string, Uint8Array>();
  for (const block of sample.owners.keys()) {
    const image = sample.content.slice();
    image[block * BLOCK_BYTES + ((block * 37) % 480)]! ^= 1 << (block % 8);
    all.set(`block ${block}`, image);
  }
  for (let seed = 1; seed <= many(0, 10, FORGED); seed++) all.set(`forged ${seed}`, forge(sample, new Random(seed)));
  return all;
}

/** Values at and beyond what each field of the state may be: field -> their volumes. */
function* forgedFields(): Generator<[name: string, images: [value: number, image: Uint8Array][]]> {
  const view = new DataView(sample.content.buffer, sample.content.byteOffset + BLOCK_BYTES + STATE_OFFSET);
  for (let field = 0; field < STATE_DWORDS; field++) {
    const old = view.getUint32(4 * field, true);
    const blocks = [BLOCKS - 3, BLOCKS - 2, BLOCKS - 1, BLOCKS, BLOCKS + 1];
    const values = CHECKSUMS.includes(field) ? [old + 1] : [0, 1, 2, 31, 32, old - 1, old + 1, ...blocks, ...LARGE];
    yield [
      `dword ${field}`,
      [...new Set(values)].map((value) => {
        const image = sample.content.slice();
        setField(image, field, value);
        return [value >>> 0, image];
      }),
    ];
  }
}

/** Magic of a kind of block, and which of its bytes get other values: first and last, and how far from each other. */
const PARTS: readonly (readonly [magic: string, first: number, last: number, step: number])[] = [
  ["OOTN", 0, 15, 1],
  ["OOTN", 16, 40, 1],
  ["OOTN", 48, 4095, 509],
  ["OODL", 0, 15, 1],
  ["OODL", 16, 64, 1],
  ["OODL", 72, 4095, 509],
  ["OOSL", 0, 16, 1],
  ["OOSL", 17, 255, 61],
  ["OOSL", 256, 383, 5],
  ["OOSL", 384, 511, 1],
  ["OOSL", 512, 4095, 509],
  ["OOBJ", 128, 191, 1],
  ["OOBJ", 192, 255, 1],
];
/** Bits that change, by the byte's place. */
const FLIPS = [0x80, 0x10, 0x01];
const inner = [...sample.owners.keys()].filter((block) => block > 2 && block < BLOCKS - 2);

/** Up to two blocks of a kind: in that of objects the first record is free. */
function blocksOf(magic: string): readonly number[] {
  const has = (block: number): boolean =>
    [0, 128].some((at) => Buffer.from(sample.content.buffer, block * BLOCK_BYTES + at, 4).toString() === magic);
  return inner.filter(has).slice(0, 2);
}

/** A block with one byte changed, and all checksums right. */
function* forgedBlock(
  block: number,
  [, first, last, step]: (typeof PARTS)[number],
): Generator<[what: string, image: Uint8Array]> {
  for (let at = first; at <= last; at += step) {
    const image = sample.content.slice();
    changeBlock(image, block, inner, (content) => {
      content[at]! ^= FLIPS[at % FLIPS.length]!;
    });
    yield [`byte ${at}`, image];
  }
}

/** Commit records with another dword at each place outside of the state. */
function* forgedRecords(): Generator<[what: string, image: Uint8Array]> {
  for (let field = -STATE_OFFSET / 4; field < (512 - STATE_OFFSET) / 4; field += field < STATE_DWORDS + 12 ? 1 : 7) {
    if (field >= 0 && field < STATE_DWORDS) continue;
    for (const value of field < 0 ? [0, 1, 3, 0x10000] : [0x10000]) {
      const image = sample.content.slice();
      setField(image, field, value);
      yield [`${value} at ${STATE_OFFSET + 4 * field} of the commit records`, image];
    }
  }
}

/** What the second implementation finds. */
function second(image: Uint8Array): { readonly mounts: boolean; readonly problems: number } {
  try {
    const { problems } = check(mount(new MemoryDisk(image.slice()), { readOnly: true }));
    return { mounts: true, problems: problems.length };
  } catch {
    return { mounts: false, problems: 1 };
  }
}

async function machine(): Promise<{ node: LabNode; disk: VolumeDisk }> {
  const disk = new VolumeDisk();
  const lab = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  // The cluster's daemon would mount what it finds.
  await node.waitFor(/in memory only/);
  await output(node, "service stop network");
  return { node, disk };
}

async function said(node: LabNode, commands: readonly string[]): Promise<string[]> {
  return (await output(node, commands.join("; "))).split("\n").filter((line) => line !== "");
}

const updates = (process.env["QURE_UPDATE"] ?? "") !== "";
/** Name -> what the list has. */
const expected = new Map(
  [...readFileSync(EXPECTED, "utf8").matchAll(/^=== (.*)\n((?:(?!===).*\n)*)/gm)].map(([, name, text]) => [
    name!,
    text!,
  ]),
);

function compare(name: string, lines: readonly string[]): void {
  const text = lines.map((line) => `${line}\n`).join("");
  if (updates) expected.set(name, text);
  else expect(text, name).toBe(expected.get(name));
}

afterAll(() => {
  if (updates) writeFileSync(EXPECTED, [...expected].map(([name, text]) => `=== ${name}\n${text}`).join(""));
});

test("what is damaged is said with its place, and what is written afterwards is whole", {
  timeout: 900_000,
}, async () => {
  const { node, disk } = await machine();
  disk.volume = sample.content;
  const whole = new Set([...(await said(node, LOOK)), ...(await said(node, WORK))]);
  for (const [name, image] of damaged()) {
    disk.volume = image;
    const looked = await said(node, LOOK);
    const { mounts, problems } = second(image);
    const text = looked.join("\n");
    // What one implementation takes for whole the other does not call damaged.
    if (problems === 0) expect(text, name).toContain("/a: no problem was found");
    if (!mounts) expect(text, name).toContain("Cannot mount");
    expect(Buffer.compare(disk.volume, image), name).toBe(0);
    const worked = mounts ? await said(node, WORK) : [];
    const after = second(disk.volume);
    compare(name, [
      ...[...looked, ...worked].filter((line) => !whole.has(line)),
      after.mounts ? `${after.problems} problems afterwards` : "nothing afterwards",
    ]);
  }
  expect(node.console.text).not.toContain("PANIC");
});

test("a commit record with a right checksum and wrong numbers is refused, or fsck says so", {
  timeout: 900_000,
}, async () => {
  const { node, disk } = await machine();
  for (const [field, images] of forgedFields()) {
    const lines: string[] = [];
    for (const [value, image] of images) {
      disk.volume = image;
      const [first = ""] = await said(node, ["mount -r hda0 /a && fsck /a; umount /a"]);
      const { mounts, problems } = second(image);
      if (problems === 0) expect(first, `${field}: ${value}`).toContain("no problem was found");
      lines.push(`${value}: ${first}${mounts ? "" : " (refused by qure disk)"}`);
    }
    compare(field, lines);
  }
});

describe("one wrong byte under right checksums is refused or found by both, or harms neither:", () => {
  type Images = () => Iterable<[what: string, image: Uint8Array]>;
  const kinds: readonly (readonly [string, Images])[] = [
    ["a commit record", forgedRecords],
    ...PARTS.flatMap((part) => {
      const [magic, first, last] = part;
      return blocksOf(magic).map(
        (block) => [`bytes ${first} to ${last} of ${magic} in block ${block}`, () => forgedBlock(block, part)] as const,
      );
    }),
  ];
  test.each(rowsOf(kinds, [0, 7]))("%s", { timeout: 900_000 }, async (_kind, images) => {
    const { node, disk } = await machine();
    for (const [what, image] of images()) {
      disk.volume = image;
      const text = (await said(node, ["mount -r hda0 /a && fsck /a; umount /a"])).join("\n");
      const { mounts, problems } = second(image);
      const theirs = !mounts ? "refused" : problems === 0 ? "whole" : "damaged";
      const ours = text.includes("Cannot mount")
        ? "refused"
        : text.includes("no problem was found")
          ? "whole"
          : "damaged";
      expect(ours, `${what}: ${text}`).toBe(theirs);
    }
  });
});
