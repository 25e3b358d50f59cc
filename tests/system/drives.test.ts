/** Every kind of drive that the kernel knows, in our machines and in QEMU's. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type LabNode, SparseDisk } from "../../src/index.ts";
import { requireOracle } from "../oracle.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, images, isoWith, PROMPT } from "./images.ts";
import { inQemu } from "./in-qemu.ts";

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

/**
 * Runs commands in a QEMU that boots from our CD and has some blank disks; `%0`, `%1` in its options are their files.
 */
async function withDisks(
  qemu: string,
  options: readonly string[],
  sizes: readonly number[],
  commands: readonly string[],
  iso = images().iso,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "qure-drives-"));
  try {
    writeFileSync(join(folder, "qure.iso"), iso);
    sizes.forEach((sizeBytes, index) => {
      writeFileSync(join(folder, `${index}.img`), "");
      truncateSync(join(folder, `${index}.img`), sizeBytes);
    });
    const filled = options.map((option) => option.replace(/%(\d)/g, (_, index) => join(folder, `${index}.img`)));
    const media = ["-m", "32", "-boot", "d", "-cdrom", join(folder, "qure.iso")];
    return await inQemu(qemu, [...media, ...filled], commands);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first sector of a transfer that ends just below, crosses, or lies beyond what 28 bits reach. */
const LBA28_SECTORS = 2 ** 28;
const AROUND = [16384, LBA28_SECTORS - 300, LBA28_SECTORS - 150];
const FAR = LBA28_SECTORS + 100_000_001;
const GIB = 1024 * MIB;

describeThoroughly("IDE drives", () => {
  const withTest = (): Promise<Uint8Array> => isoWith("tests/guest/drives.s", "asm/drivers/drives-test.s");
  const SAID = [
    /^hda .*\n.*\n.*master\n.*, DMA,/m,
    /^hdc {3}CD (?:.*\n){3}.*2048 bytes, DMA$/m,
    /^hdd (?:.*\n){2}.*slave/m,
  ];

  test("all four, by DMA and by PIO, below and above 128 GiB", async () => {
    const hdb = new SparseDisk(200 * GIB);
    const hdd = new SparseDisk(16 * MIB);
    const drives = [{ kind: "disk", medium: hdb }, null, { kind: "disk", medium: hdd }] as const;
    const node = boot({
      nodes: [{ cdrom: await withTest(), disk: new SparseDisk(64 * MIB), drives }],
      gateway: false,
    }).nodes[0]!;
    await node.waitFor(PROMPT);
    const details = (await output(node, "disks -v")).replaceAll("\r", "");
    for (const pattern of SAID) expect(details).toMatch(pattern);
    for (const first of [...rowsOf(AROUND, 1), FAR])
      expect(await output(node, `drivetest hdb ${first}`)).toMatch(/^same/m);
    for (const name of ["hda", "hdd"]) expect(await output(node, `drivetest ${name} 5`)).toMatch(/^same/m);
    expect(await output(node, "disks -v")).not.toMatch(/[1-9]\d* (?:commands repeated|failed|interrupts lost)/);
    // What was written lies where it should, and nowhere else.
    const sector = new Uint8Array(512);
    hdb.read((FAR + 299) * 512, sector);
    expect(sector.some((byte) => byte !== 0)).toBe(true);
    expect(hdb.chunks.size).toBeLessThan(4 * 40);
  });

  test("a volume beyond 128 GiB", async () => {
    const disk = new SparseDisk(200 * GIB);
    const table = new Uint8Array(512);
    const view = new DataView(table.buffer);
    view.setUint8(446 + 4, 0x99);
    view.setUint32(446 + 8, LBA28_SECTORS + 1000, true);
    view.setUint32(446 + 12, 100_000, true);
    view.setUint16(510, 0xaa55, true);
    disk.write(0, table);
    const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
    await node.waitFor(PROMPT);
    for (const command of usesDisk("hda").slice(3)) await output(node, command);
    expect(node.console.text).toMatch(/cat \/disk\/file\r?\nwritten to it/);
  });

  test("a drive with sectors of 4 KiB is named and not used", async () => {
    const node = boot({ nodes: [{ cdrom: await withTest() }], gateway: false }).nodes[0]!;
    await node.waitFor(PROMPT);
    const large = "hvn: not used: its sectors have 4096 bytes, and QuRe writes sectors of 512";
    // Word 106 counts when its bits 15 and 14 are 01, and bit 12 says that word 117 does.
    for (const [word, words, kind] of [
      [0x5000, 2048, 0],
      [0x4000, 2048, 1],
      [0x5000, 256, 1],
      [0xd000, 2048, 1],
      [0, 2048, 1],
    ] as const) {
      const said = await output(node, `identifytest ${word} ${words}`);
      expect(said).toContain(`kind ${kind}`);
      expect(said.includes(large), said).toBe(kind === 0);
    }
  });

  test("a drive whose DMA fails goes on by PIO, and says so once", async () => {
    const node = boot({ nodes: [{ cdrom: images().iso, disk: new SparseDisk(64 * MIB) }], gateway: false }).nodes[0]!;
    await node.waitFor(PROMPT);
    // Somebody has moved the bus master's ports: the drive waits for it, and nobody reads what the driver writes.
    const { board } = node.machine;
    board.writePort(0xcf8, 4, 0x80000920);
    board.writePort(0xcfc, 4, 0xd001);
    for (const command of usesDisk("hda")) await output(node, command);
    const text = node.console.text;
    expect(text.match(/hda: DMA fails; the drive does without/g)).toHaveLength(1);
    expect(text).toMatch(/cat \/disk\/file\r?\nwritten to it/);
  });

  test("likewise in QEMU", async (context) => {
    const qemu = requireOracle("qemu-system-i386", context);
    const drives = ["hda", "hdb", "hdd"].flatMap((_name, index) => [
      "-drive",
      `if=ide,index=${[0, 1, 3][index]},format=raw,file=%${index}`,
    ]);
    const tests = [...AROUND, FAR].map((first) => `drivetest hdb ${first}`);
    const sizes = [64 * MIB, 200 * GIB, 16 * MIB];
    const text = await withDisks(
      qemu,
      drives,
      sizes,
      ["disks -v", ...tests, "drivetest hdd 5", "disks -v"],
      await withTest(),
    );
    for (const pattern of SAID) expect(text).toMatch(pattern);
    expect(text.match(/^same$/gm)).toHaveLength(AROUND.length + 2);
    expect(text).not.toMatch(/PANIC|[1-9]\d* (?:commands repeated|failed|interrupts lost)/);
  });
});

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

  thoroughly("report what the host cannot do, and nothing is lost of what was there", async () => {
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

  thoroughly("hold the node's object where there is no other disk", async () => {
    const vda = new SparseDisk(64 * MIB);
    const prepared = boot({ nodes: [{ cdrom: images().iso, virtioDisks: [vda] }], gateway: false }).nodes[0]!;
    await prepared.waitFor(/in memory only: hda0: no such device/);
    for (const command of usesDisk("vda").slice(0, 4)) await output(prepared, command);
    const node = boot({ nodes: [{ cdrom: images().iso, virtioDisks: [vda] }], gateway: false }).nodes[0]!;
    await node.waitFor(/cluster: node \w+, era 0, age 1, on disk/);
    await node.enter("mount", /vda0 on \/net, class_fs_oofs/);
  });

  test.for(
    rowsOf<readonly [string, string]>(
      [
        ["transitional", "virtio-blk-pci,drive=a"],
        ["legacy", "virtio-blk-pci,drive=a,disable-modern=on"],
      ],
      1,
    ),
  )("work in QEMU: %s", async ([, device], context) => {
    const qemu = requireOracle("qemu-system-i386", context);
    const drive = ["-drive", "if=none,id=a,format=raw,file=%0", "-device", device];
    const text = await withDisks(qemu, drive, [64 * MIB], ["disks", ...usesDisk("vda"), "disks -v"]);
    for (const pattern of [...SAID, /0 commands repeated, 0 failed; 0 interrupts lost/]) expect(text).toMatch(pattern);
    expect(text).not.toContain("PANIC");
  });

  thoroughly("with sectors of 4 KiB are named and not used, in QEMU", async (context) => {
    const qemu = requireOracle("qemu-system-i386", context);
    const device = "virtio-blk-pci,drive=a,logical_block_size=4096,physical_block_size=4096";
    const drive = ["-drive", "if=none,id=a,format=raw,file=%0", "-device", device];
    const text = await withDisks(qemu, drive, [64 * MIB], ["fdisk vda init", "disks", "echo the end"]);
    expect(text).toMatch(/^vda: not used: its sectors have 4096 bytes, and QuRe writes sectors of 512$/m);
    expect(text).toMatch(/fdisk vda init\nThere is no drive vda/);
    expect(text).not.toMatch(/Are you sure/);
  });
});
