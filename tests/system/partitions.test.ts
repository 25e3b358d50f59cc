/** Partition tables: those that sfdisk and sgdisk make, those that fdisk makes, and those that nobody should make. */
import { spawnSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { crc32 } from "../../src/bytes/crc32.ts";
import { type PartitionTable, readPartitions } from "../../src/disk/partitions.ts";
import { type LabNode, SparseDisk } from "../../src/index.ts";
import { requireOracle, withFolder } from "../oracle.ts";
import { shared } from "../setup/shared.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { boot, images, PROMPT } from "./images.ts";

const MIB = 1 << 20;
const DISK = 64 * MIB;
const ANSWERED = /\S+:\/\S*> $|Type 'Yes' if so: $/;
const OOFS_GUID = "9B3DB7F6-7D65-4C6F-9F4F-465351455255";

/** A machine with these disks: hda, hdb, hdd, vda, vdb, ... */
async function machineWith(disks: readonly (Uint8Array | SparseDisk)[]): Promise<LabNode> {
  const [hda, hdb, hdd, ...virtioDisks] = disks;
  const drive = (medium?: Uint8Array | SparseDisk): { kind: "disk"; medium: Uint8Array | SparseDisk } | null =>
    medium ? { kind: "disk", medium } : null;
  const drives = [drive(hdb), null, drive(hdd)];
  const node = boot({ nodes: [{ cdrom: images().iso, disk: hda!, drives, virtioDisks }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  return node;
}

const NAMES = ["hda", "hdb", "hdd", ..."abcdefgh".split("").map((letter) => `vd${letter}`)];

async function output(node: LabNode, command: string): Promise<string> {
  const before = node.console.text.length;
  await node.enter(command, ANSWERED);
  return node.console.text.slice(before).replaceAll("\r", "");
}

const LAST_PARTITION = 15;
/** Questions that go into one line of the screen. */
const TOGETHER = 4;

/** What the guest holds for the partitions of a drive. */
async function partitionsOf(node: LabNode, name: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let first = 0; first <= LAST_PARTITION; first += TOGETHER) {
    const questions = Array.from({ length: TOGETHER }, (_, more) => `partinfo ${name}${first + more}`);
    const text = await output(node, questions.join("; "));
    for (const part of text.split(/^(?=\w+: entry )/m)) {
      const [, index, type, sectors, start] =
        /^[a-z]+(\d+): entry [\s\S]* type +(\w\w) [\s\S]* sectors +(\d+), from (\d+)/.exec(part) ?? [];
      if (index !== undefined) found.push(`${index}: ${type} ${start} ${sectors}`);
    }
  }
  return found;
}

function listed({ partitions }: PartitionTable): readonly string[] {
  return [...partitions]
    .sort((a, b) => a.index - b.index)
    .map(
      ({ index, type, startLba, sectors }) => `${index}: ${type.toString(16).padStart(2, "0")} ${startLba} ${sectors}`,
    );
}

/** An image on which a tool has worked. */
function madeBy(tool: string, args: readonly string[], input = ""): Uint8Array {
  return withFolder((folder) => {
    const path = join(folder, "disk.img");
    writeFileSync(path, "");
    truncateSync(path, DISK);
    const { status, stderr } = spawnSync(tool, [...args, path], { input, encoding: "utf8" });
    if (status !== 0) throw new Error(`${tool}: ${stderr}`);
    return new Uint8Array(readFileSync(path));
  });
}

/** What a tool says of an image. */
function saidBy(tool: string, args: readonly string[], content: Uint8Array): { status: number | null; text: string } {
  return withFolder((folder) => {
    const path = join(folder, "disk.img");
    writeFileSync(path, content);
    truncateSync(path, DISK);
    const { status, stdout, stderr } = spawnSync(tool, [...args, path], { encoding: "utf8" });
    return { status, text: stdout + stderr };
  });
}

describeThoroughly("tables by others", () => {
  const LOGICAL =
    "label: dos\nsize=8M,type=83\nsize=8M,type=c,bootable\ntype=5\nsize=4M,type=99\nsize=8M,type=82\ntype=99\n";

  test("sfdisk's with logical partitions, and sgdisk's", async (context) => {
    const sfdisk = requireOracle("sfdisk", context);
    const sgdisk = requireOracle("sgdisk", context);
    const gpt = madeBy(sgdisk, [
      ...["-n", "1:2048:+8M", "-t", "1:EF00", "-n", "3:0:+16M", "-t", "3:8300"],
      ...["-n", "4:0:0", "-t", `4:${OOFS_GUID}`, "-A", "3:set:2"],
    ]);
    const damaged = gpt.slice();
    damaged[2 * 512 + 32]! ^= 1;
    const node = await machineWith([gpt, madeBy(sfdisk, [], LOGICAL), damaged]);
    const inGpt = ["0: ef 2048 16384", "2: 83 18432 32768", "3: 99 51200 79839"];
    const inMbr = [
      ...["0: 83 2048 16384", "1: 0c 18432 16384"],
      ...["4: 99 36864 8192", "5: 82 47104 16384", "6: 99 65536 65536"],
    ];
    expect(await partitionsOf(node, "hda")).toEqual(inGpt);
    expect(await partitionsOf(node, "hdb")).toEqual(inMbr);
    expect(await partitionsOf(node, "hdd")).toEqual(inGpt);
    expect(node.console.text).toMatch(/hdd: the first copy of the partition table is damaged; the second one is used/);
    expect(await output(node, "fdisk hda")).toMatch(/^ {2}2 yes {2}83 Linux +18432 +32768 +16 MiB$/m);
    expect(await output(node, "fdisk hdb")).toMatch(
      /^ {2}2 no {3}05 extended.*\n.*unused\n {2}4 no {3}99 OOFS +36864/m,
    );
    expect(await output(node, "fdisk hda verify")).toMatch(/GUID partition table, which this cannot edit/);
    // Volumes in both kinds of table work.
    for (const name of ["hda3", "hdb6"]) {
      for (const command of [`mkfs -t oofs ${name}`, `mount ${name} /m`, "echo here > /m/file", "umount /m"])
        await output(node, command);
      await output(node, `mount ${name} /m`);
      expect(await output(node, "cat /m/file")).toMatch(/^here$/m);
      await output(node, "umount /m");
    }
  });
});

describe("tables by fdisk", () => {
  thoroughly("are what sfdisk and sgdisk take, and what was planned", async (context) => {
    const sfdisk = requireOracle("sfdisk", context);
    const sgdisk = requireOracle("sgdisk", context);
    const disks = [0, 1, 2].map(() => new SparseDisk(DISK));
    const node = await machineWith(disks);
    for (const command of [
      ...["fdisk hda gpt 10 5:ef rest:83", "Yes", "Yes"],
      ...["fdisk hdb mbr 4 4:83 4:0c 4:82 8 rest", "Yes", "Yes"],
      ...["fdisk hdd gpt", "Yes", "Yes"],
    ])
      await output(node, command);
    const [gpt, mbr, one] = disks.map((disk) => disk.content());
    for (const content of [gpt!, one!]) {
      expect(saidBy(sgdisk, ["-v"], content).text).toMatch(/No problems found/);
      expect(saidBy(sfdisk, ["-V"], content).text).toMatch(/No errors detected/);
    }
    expect(saidBy(sfdisk, ["-V"], mbr!)).toMatchObject({
      status: 0,
      text: expect.stringMatching(/No errors detected/),
    });
    expect(saidBy(sfdisk, ["-d"], gpt!).text).toMatch(
      new RegExp(
        `1 : start= +2048, size= +20480, type=${OOFS_GUID}.*\n.*2 : start= +22528, size= +10240, type=C12A7328`,
      ),
    );
    expect(saidBy(sfdisk, ["-d"], mbr!).text.match(/start=.*type=\w+/g)).toEqual([
      expect.stringMatching(/2048, .* 8192, type=99/),
      expect.stringMatching(/10240, .* 8192, type=83/),
      expect.stringMatching(/18432, .* 8192, type=c/),
      expect.stringMatching(/26624, .* 104448, type=f/),
      expect.stringMatching(/28672, .* 8192, type=82/),
      expect.stringMatching(/38912, .* 16384, type=99/),
      expect.stringMatching(/57344, .* 73728, type=99/),
    ]);
    for (const [index, name] of ["hda", "hdb", "hdd"].entries())
      expect(await partitionsOf(node, name)).toEqual(listed(readPartitions(disks[index]!)));
  });

  const refusing = shared(() => machineWith([new SparseDisk(DISK)]));
  test.each([
    ["hda gpt 70", /there is no room for partition 0/],
    ["hda mbr 60 rest rest", /there is no room for partition 2/],
    ["hda mbr 5:zz", /5:zz is not a partition/],
    ["hda mbr 5:05", /5:05 is not a partition/],
    ["hda mbr 5x", /5x is not a partition/],
    ["hda gpt 0", /0 is not a partition/],
    ["hda gpt 4294967295", /is not a partition/],
    ["hda gpt 5:77", /has no type like 77/],
    [`hda gpt${" 1".repeat(17)}`, /17 partitions are too many: the most are 16/],
    [`hda mbr${" 1".repeat(16)}`, /16 partitions are too many: the most are 15/],
  ])("refuses %s", async (words, reason) => {
    expect(await output(await refusing(), `fdisk ${words}`)).toMatch(reason);
  });
});

/** A table with an extended partition, and a GPT, into which faults are put. */
function sample(random: Random, kind: "MBR" | "GPT"): Uint8Array {
  const bytes = new Uint8Array(1 * MIB);
  const view = new DataView(bytes.buffer);
  const entry = (sector: number, index: number, type: number, start: number, sectors: number): void => {
    const at = sector * 512 + 446 + 16 * index;
    bytes[at + 4] = type;
    view.setUint32(at + 8, start, true);
    view.setUint32(at + 12, sectors, true);
    bytes.set([0x55, 0xaa], sector * 512 + 510);
  };
  if (kind === "MBR") {
    entry(0, 0, 0x99, 64, 100);
    entry(0, 1, 0x0f, 200, 1500);
    entry(0, 2, 0x83, 1700, 300);
    entry(200, 0, 0x99, 10, 50);
    entry(200, 1, 0x05, 100, 100);
    entry(300, 0, 0x83, 10, 50);
    entry(300, 1, 0x05, 300, 200);
    entry(500, 0, 0x82, 1, 199);
  } else {
    entry(0, 0, 0xee, 1, 2047);
    for (let index = 0; index < 20; index++) {
      const at = 1024 + 128 * index;
      bytes.set([0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4], at);
      view.setUint32(at + 32, 100 + 50 * index, true);
      view.setUint32(at + 40, 100 + 50 * index + 20 + 10 * (index % 4), true);
    }
    bytes.set(new TextEncoder().encode("EFI PART"), 512);
    for (const [offset, value] of [
      [8, 0x10000],
      [12, 92],
      [24, 1],
      [32, 2047],
      [40, 34],
      [48, 2014],
      [72, 2],
      [80, 128],
      [84, 128],
    ] as const)
      view.setUint32(512 + offset, value, true);
  }
  // Faults in what counts, as often plausible numbers as noise.
  const places =
    kind === "MBR"
      ? [0, 200, 300, 500].map((sector) => sector * 512 + 446)
      : [512 + 12, 512 + 72, 1024 + 32, 1024 + 160, 446];
  const lengths = kind === "MBR" ? 66 : 20;
  for (let fault = random.below(5); fault > 0; fault--) {
    const at = places[random.below(places.length)]! + random.below(lengths);
    const value = [0, 1, 0xff, 0x05, 0x0f, 0xee, 0x80, random.below(256)][random.below(8)]!;
    bytes[at] = value;
  }
  if (kind === "GPT" && random.chance(90)) sealGpt(bytes, view);
  return bytes;
}

/** Right checksums over whatever is there. */
function sealGpt(bytes: Uint8Array, view: DataView): void {
  const tableBytes = view.getUint32(512 + 80, true) * view.getUint32(512 + 84, true);
  const from = view.getUint32(512 + 72, true) * 512;
  if (tableBytes <= 65536 && from + tableBytes <= bytes.length)
    view.setUint32(512 + 88, crc32(bytes.subarray(from, from + tableBytes)), true);
  const headerBytes = Math.min(512, view.getUint32(512 + 12, true));
  view.setUint32(512 + 16, 0, true);
  view.setUint32(512 + 16, crc32(bytes.subarray(512, 512 + headerBytes)), true);
}

describeThoroughly("hostile tables", () => {
  /** Boots with eleven of them: the guest and the reader in TypeScript must be of one mind. */
  async function tryEleven(seed: number): Promise<void> {
    const random = new Random(seed);
    const samples = NAMES.map(() => sample(random, random.chance(50) ? "MBR" : "GPT"));
    const node = await machineWith(samples);
    expect(node.console.text).not.toContain("PANIC");
    for (const [index, name] of NAMES.entries()) {
      const disk = new SparseDisk(samples[index]!.length, { content: samples[index]! });
      expect(await partitionsOf(node, name), `seed ${seed}, ${name}`).toEqual(listed(readPartitions(disk)));
    }
  }

  test("a circle of records, and one that leads nowhere", async () => {
    const random = new Random(1);
    const circle = sample(random, "MBR");
    const view = new DataView(circle.buffer);
    view.setUint32(300 * 512 + 446 + 16 + 8, 100, true);
    const away = sample(new Random(1), "MBR");
    new DataView(away.buffer).setUint32(200 * 512 + 446 + 16 + 8, 0xfffffff0, true);
    const node = await machineWith([circle, away]);
    for (const [index, disk] of [circle, away].entries())
      expect(await partitionsOf(node, NAMES[index]!)).toEqual(
        listed(readPartitions(new SparseDisk(disk.length, { content: disk }))),
      );
    expect((await partitionsOf(node, "hda")).length).toBeLessThanOrEqual(16);
  });

  test("random ones: the guest and qure disk see the same", () => tryEleven(1));
  test("66 random ones", async () => {
    for (let seed = 2; seed < 8; seed++) await tryEleven(seed);
  });
});
