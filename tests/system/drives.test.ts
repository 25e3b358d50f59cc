/** Every kind of drive that the kernel knows, in our machines and in QEMU's. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type LabNode, SparseDisk } from "../../src/index.ts";
import { oracle } from "../oracle.ts";
import { boot, images, PROMPT } from "./images.ts";
import { inQemu } from "./in-qemu.ts";

const qemu = oracle("qemu-system-i386");
const MIB = 1024 * 1024;
const ANSWERED = /\S+:\/\S*> $|Type 'Yes' if so: $/;

async function output(node: LabNode, command: string): Promise<string> {
  const before = node.console.text.length;
  await node.enter(command, ANSWERED, { within: "120s" });
  return node.console.text.slice(before);
}

/** Prepares a disk, writes a file, and finds it again after the volume was taken away. */
const usesDisk = (disk: string): readonly string[] => [
  `fdisk ${disk} init`,
  "Yes",
  "Yes",
  `mkfs -t oofs ${disk}0`,
  `mount ${disk}0 /disk`,
  "echo written to it > /disk/file",
  "umount /disk",
  `mount ${disk}0 /disk`,
  "cat /disk/file",
  "umount /disk",
];

/** Runs commands in a QEMU that boots from our CD and has some blank disks; `%0`, `%1` in its options are their files. */
async function withDisks(
  options: readonly string[],
  sizes: readonly number[],
  commands: readonly string[],
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "qure-drives-"));
  try {
    writeFileSync(join(folder, "qure.iso"), images().iso);
    sizes.forEach((sizeBytes, index) => {
      writeFileSync(join(folder, `${index}.img`), "");
      truncateSync(join(folder, `${index}.img`), sizeBytes);
    });
    const filled = options.map((option) => option.replace(/%(\d)/g, (_, index) => join(folder, `${index}.img`)));
    const media = ["-m", "32", "-boot", "d", "-cdrom", join(folder, "qure.iso")];
    return await inQemu(qemu!, [...media, ...filled], commands);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("virtio disks", () => {
  const SAID = [/^vda {3}disk +64 MiB {2}virtio disk$/m, /cat \/disk\/file\nwritten to it\n/];

  test("are prepared, written and read in our machine, and hold it afterwards", async () => {
    const vda = new SparseDisk(64 * MIB);
    const vdb = new SparseDisk(24 * MIB);
    const node = boot({ nodes: [{ cdrom: images().iso, virtioDisks: [vda, vdb] }], gateway: false }).nodes[0]!;
    await node.waitFor(PROMPT);
    for (const command of ["disks", ...usesDisk("vda"), ...usesDisk("vdb")]) await output(node, command);
    for (const pattern of SAID) expect(node.console.text.replaceAll("\r", "")).toMatch(pattern);
    expect(await output(node, "disks -v")).toMatch(
      /serial 'VD0000020000'(?:.|\n)*0 commands repeated, 0 failed; 0 interrupts lost/,
    );
    expect(vdb.content().length).toBeGreaterThan(8 * MIB);
  });

  test("report what the host cannot do, and nothing is lost of what was there", async () => {
    let broken = false;
    const medium = new SparseDisk(64 * MIB);
    const vda = {
      sizeBytes: medium.sizeBytes,
      readOnly: false,
      read: (offset: number, target: Uint8Array) => medium.read(offset, target),
      write: (offset: number, source: Uint8Array) => {
        if (broken) throw new Error("no space left");
        medium.write(offset, source);
      },
      flush: () => {},
    };
    const node = boot({ nodes: [{ cdrom: images().iso, virtioDisks: [vda] }], gateway: false }).nodes[0]!;
    await node.waitFor(PROMPT);
    for (const command of usesDisk("vda")) await output(node, command);
    await output(node, "mount vda0 /disk");
    broken = true;
    await output(node, "echo more > /disk/other");
    expect(await output(node, "sync")).toMatch(
      /vda: cannot write \d+ sectors from \d+: the device reports an error \(status 1\)/,
    );
    broken = false;
    await output(node, "umount /disk");
    await output(node, "mount vda0 /disk");
    expect(await output(node, "cat /disk/file")).toMatch(/written to it/);
  });

  test.each([
    ["transitional", "virtio-blk-pci,drive=a"],
    ["legacy", "virtio-blk-pci,drive=a,disable-modern=on"],
  ])("work in QEMU: %s", async (_kind, device) => {
    if (qemu === null) return;
    const drive = ["-drive", "if=none,id=a,format=raw,file=%0", "-device", device];
    const text = await withDisks(drive, [64 * MIB], ["disks", ...usesDisk("vda"), "disks -v"]);
    for (const pattern of [...SAID, /0 commands repeated, 0 failed; 0 interrupts lost/]) expect(text).toMatch(pattern);
    expect(text).not.toContain("PANIC");
  });
});
