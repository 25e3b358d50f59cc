/** Entries of FAT directories as other systems write them, and what the kernel makes of them. */
import { expect, test } from "vitest";
import { FatFileSystem, formatFat } from "../../src/disk/fat/index.ts";
import { SparseDisk } from "../../src/index.ts";
import { shared } from "../setup/shared.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { PARTITION_LBA, partitioned, RecordingDisk, SECTOR_BYTES, volumeOn } from "./recording-disk.ts";

const START = PARTITION_LBA * SECTOR_BYTES;
const ATTRIBUTES = 11;
const CASE = 12;
const CLUSTER = 26;
const BYTES = 28;
const READ_ONLY = 1;
const LOWER_BASE = 8;
const LOWER_EXTENSION = 16;
const LARGE_BYTES = 600 << 10;
const NOW = { seconds: 1_700_000_000, nanoseconds: 0 };

/** Whose reads fail from some sector on, when it is told to. */
class Disk extends RecordingDisk {
  failsFrom = Infinity;

  override read(offsetBytes: number, target: Uint8Array): void {
    if (offsetBytes >= this.failsFrom) throw new Error("the disk fails");
    super.read(offsetBytes, target);
  }
}

const machine = shared(async () => {
  const disk = new Disk();
  disk.content = partitioned();
  const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  await node.waitFor(/in memory only/);
  await output(node, "service stop network");
  return { node, disk };
});

/** Makes a FAT with short names in its root, changes their entries, and types a line with it at /v. */
async function about(
  names: readonly string[],
  change: (entry: (name: string) => Uint8Array) => void,
  line: string,
  more: (fs: FatFileSystem) => void = () => {},
): Promise<string> {
  const { node, disk } = await machine();
  disk.content = partitioned();
  const volume = volumeOn(disk);
  formatFat(volume, "fat", { id: 7 });
  const fs = new FatFileSystem(volume, { readOnly: false, now: () => NOW });
  for (const name of names)
    if (name.endsWith("/")) fs.mkdir(`/${name.slice(0, -1)}`);
    else {
      fs.create(`/${name}`);
      fs.write(`/${name}`, 0, name === "LARGE" ? new Uint8Array(LARGE_BYTES) : new TextEncoder().encode("content\n"));
    }
  more(fs);
  fs.sync();
  change((name) => {
    const [base = "", extension = ""] = name.replace("/", "").split(".");
    const at = Buffer.from(disk.content.buffer).indexOf(base.padEnd(8) + extension.padEnd(3), START, "latin1");
    expect(at, name).toBeGreaterThan(START);
    return disk.content.subarray(at, at + 32);
  });
  return output(node, `mount hda0 /v; ${line}; umount /v`);
}

test("each half of a short name may be in lower case by itself", async () => {
  const names = ["ONE.TXT", "TWO.TXT", "THREE.TXT"];
  const change = (entry: (name: string) => Uint8Array): void => {
    entry("ONE.TXT")[CASE] = LOWER_BASE;
    entry("TWO.TXT")[CASE] = LOWER_EXTENSION;
    // Other bits mean nothing to us.
    entry("THREE.TXT")[CASE] = 0xff & ~(LOWER_BASE | LOWER_EXTENSION);
  };
  expect(await about(names, change, "find /v")).toBe("/v/one.TXT\n/v/TWO.txt\n/v/THREE.TXT\n");
});

test("a file that is only to be read is not written", async () => {
  const change = (entry: (name: string) => Uint8Array): void => {
    entry("FILE.TXT")[ATTRIBUTES]! |= READ_ONLY;
  };
  const says = "/v/FILE.TXT: read only\n";
  const line = "echo more >> /v/FILE.TXT; truncate /v/FILE.TXT 1; echo new > /v/FILE.TXT; cat /v/FILE.TXT";
  expect(await about(["FILE.TXT"], change, line)).toBe(`${says}${says}${says}content\n`);
});

test("a directory without a cluster is damaged", async () => {
  const change = (entry: (name: string) => Uint8Array): void => void entry("SUB/").fill(0, CLUSTER, CLUSTER + 2);
  const says = "data is damaged or of another format\n";
  expect(await about(["SUB/"], change, "ls /v/SUB; touch /v/SUB/x; ls /v")).toMatch(
    new RegExp(`^/v/SUB: ${says}/v/SUB/x: ${says}directory +0  SUB/\n$`),
  );
});

test("what lies after the end of a directory stays away, and short names are each another", async () => {
  const change = (entry: (name: string) => Uint8Array): void => {
    const first = entry("ONE");
    // The entry after the last one is the end; what follows was never cleared.
    new Uint8Array(first.buffer, first.byteOffset + 64, 512 - 64 - (first.byteOffset % 512)).fill(0x58);
  };
  const line = "mkdir '/v/Long name one'; touch '/v/Long name two' '/v/Long name three'; find /v";
  const { disk } = await machine();
  expect(await about(["ONE"], change, line)).toBe("/v/ONE\n/v/Long name one\n/v/Long name two\n/v/Long name three\n");
  for (const alias of ["LONGNA~1", "LONGNA~2", "LONGNA~3"])
    expect(Buffer.from(disk.content.buffer).subarray(START).toString("latin1").split(alias).length, alias).toBe(2);
});

thoroughly("a file whose chain is broken is not cut, and its other clusters stay", async () => {
  const { disk } = await machine();
  const volume = volumeOn(disk);
  const header = new Uint8Array(SECTOR_BYTES);
  const change = (entry: (name: string) => Uint8Array): void => {
    volume.read(0, header);
    const boot = new DataView(header.buffer);
    const [reserved, tables, sectors] = [boot.getUint16(14, true), boot.getUint8(16), boot.getUint16(22, true)];
    const found = entry("LARGE");
    const first = new DataView(found.buffer, found.byteOffset).getUint16(CLUSTER, true);
    expect(Buffer.from(header.subarray(54, 59)).toString()).toBe("FAT16");
    for (let table = 0; table < tables; table++) {
      const at = START + (reserved + table * sectors) * SECTOR_BYTES + 2 * first;
      const next = new DataView(disk.content.buffer, at, 2);
      expect(next.getUint16(0, true)).toBe(first + 1);
      next.setUint16(0, 1, true);
    }
  };
  const says = "/v/LARGE: data is damaged or of another format\n";
  const line = "truncate /v/LARGE 10; cat /v/OTHER";
  expect(await about(["OTHER", "LARGE"], change, line)).toBe(`${says}content\n`);
});

test("a file with bytes and without a cluster is damaged", async () => {
  const change = (entry: (name: string) => Uint8Array): void => {
    entry("ONE").fill(0, CLUSTER, CLUSTER + 2);
    entry("ONE").set([1, 0, 0, 0], BYTES);
  };
  const says = "/v/ONE: data is damaged or of another format\n";
  expect(await about(["ONE"], change, "cat /v/ONE; echo more >> /v/ONE")).toBe(`${says}${says}`);
});

test("there is no cluster 1", async () => {
  const change = (entry: (name: string) => Uint8Array): void => {
    entry("ONE").set([1, 0, 1, 0, 0, 0], CLUSTER);
    entry("SUB/").set([1, 0], CLUSTER);
  };
  const says = "data is damaged or of another format\n";
  expect(await about(["ONE", "SUB/"], change, "cat /v/ONE; echo more >> /v/ONE; ls /v/SUB; touch /v/SUB/x")).toBe(
    `/v/ONE: ${says}/v/ONE: ${says}/v/SUB: ${says}/v/SUB/x: ${says}`,
  );
});

test("what could not be read is asked for again", async () => {
  const { node, disk } = await machine();
  await about(["SUB/", "LARGE", "SUB/FILE"], () => {}, "true");
  await output(node, "mount hda0 /v; find /v");
  disk.failsFrom = START + LARGE_BYTES / 2;
  for (const path of ["/v/SUB/FILE", "/v/LARGE"])
    expect(await output(node, `cat ${path} | wc`)).toMatch(new RegExp(`${path}: device error\n`));
  disk.failsFrom = Infinity;
  expect(await output(node, "cat /v/SUB/FILE; find /v; umount /v")).toBe("content\n/v/SUB\n/v/SUB/FILE\n/v/LARGE\n");
});

thoroughly("a directory that could not be read is asked for again", async () => {
  const { node, disk } = await machine();
  await about(["LARGE", "LATE/", "LATE/FILE"], () => {}, "true");
  disk.failsFrom = START + LARGE_BYTES / 2;
  expect(await output(node, "mount hda0 /v; cat /v/LATE/FILE")).toMatch(/\/v\/LATE\/FILE: device error\n/);
  disk.failsFrom = Infinity;
  expect(await output(node, "cat /v/LATE/FILE; ls /v/LATE; umount /v")).toMatch(/^content\nfile +8 {2}FILE\n$/);
});

thoroughly("a directory that has no room for one more name is told so when the volume is full", async () => {
  const untilFull = (step: (done: number) => void): void => {
    try {
      for (let done = 0; ; done++) step(done);
    } catch (error) {
      expect(String(error)).toContain("the volume is full");
    }
  };
  const fill = (fs: FatFileSystem): void => {
    fs.create("/ALL");
    untilFull((done) => fs.write("/ALL", done * SECTOR_BYTES, new Uint8Array(SECTOR_BYTES)));
    untilFull((done) => fs.create(`/SUB/N${done}`));
  };
  const line =
    "touch /v/SUB/ONE; rm /v/SUB/N1; touch /v/SUB/ONE /v/SUB/TWO; ls /v/SUB/ONE; rm /v/ALL; touch /v/SUB/TWO";
  expect(await about(["SUB/"], () => {}, line, fill)).toMatch(
    /^\/v\/SUB\/ONE: no space left\n\/v\/SUB\/TWO: no space left\nfile +0 .*ONE\n$/,
  );
});

test("df of an empty FAT counts all its clusters as free, the first one too", async () => {
  const [, total, used, free] = /\nhda0 +(\d+) +(\d+) +(\d+) {2}\/v\n$/.exec(await about([], () => {}, "df /v"))!;
  expect([used, free]).toEqual(["0", total]);
});

test("df counts clusters as blocks of 4 KiB", async () => {
  expect(await about(["LARGE"], () => {}, "df /v")).toMatch(/\nhda0 +4044 +600 +3444 {2}\/v\n$/);
});

/** Makes an entry of a partition table: a FAT that begins at that sector and has so many. */
function setFatEntry(table: DataView, index: number, first: number, sectors: number): void {
  const at = 446 + 16 * index;
  table.setUint8(at + 4, 0x0c);
  table.setUint32(at + 8, first, true);
  table.setUint32(at + 12, sectors, true);
}

test("a FAT has at most 128 GiB", async () => {
  const most = 2 ** 28;
  const disk = new SparseDisk((2 * most + 65536) * SECTOR_BYTES);
  const table = new DataView(new ArrayBuffer(SECTOR_BYTES));
  for (const [index, sectors] of [most, most + 1].entries()) {
    const first = 16384 + index * most;
    setFatEntry(table, index, first, sectors);
    const sector = new DataView(new ArrayBuffer(SECTOR_BYTES));
    sector.setUint16(11, SECTOR_BYTES, true);
    sector.setUint8(13, 64); // sectors of a cluster
    sector.setUint16(14, 32, true); // before the table
    sector.setUint8(16, 1); // one table
    sector.setUint32(32, sectors, true);
    sector.setUint32(36, 1 + most / 64 / 128, true); // sectors of the table
    sector.setUint32(44, 2, true); // the root's cluster
    sector.setUint16(510, 0xaa55, true);
    disk.write(first * SECTOR_BYTES, new Uint8Array(sector.buffer));
    disk.write((first + 32) * SECTOR_BYTES + 8, new Uint8Array([0xff, 0xff, 0xff, 0x0f]));
  }
  table.setUint16(510, 0xaa55, true);
  disk.write(0, new Uint8Array(table.buffer));
  const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  // The cluster says by then that it has no volume.
  await output(node, "sleep 3000");
  expect(await output(node, "mount hda0 /v; echo more > /v/x; ls /v")).toBe(`file ${"5".padStart(26)}  x\n`);
  expect(await output(node, "mount hda1 /w")).toBe("Cannot mount hda1 at /w: data is damaged or of another format\n");
});

/** Where a part of a long name has its first characters (Microsoft's FAT specification, long directory entries). */
const LONG_FIRST = 1;

test("half a surrogate in a long name is shown as a low line, and what stands beside it stays", async () => {
  /** What other systems may have written, in UTF-16, and the name that it is. */
  const names: readonly (readonly [units: readonly number[], shown: string])[] = [
    [[0xd83d, 0xdc00, 0x78], "\u{1f400}x"],
    [[0xd83d, 0xdfff, 0x78], "\u{1f7ff}x"],
    [[0xd83d, 0x78, 0x79], "_xy"],
    [[0xd83d, 0xe000, 0x78], "_\ue000x"],
    [[0xd83d, 0xd83d, 0xdc00], "_\u{1f400}"],
    [[0xdc00, 0x78, 0x79], "_xy"],
  ];
  const change = (entry: (name: string) => Uint8Array): void =>
    names.forEach(([units], index) => {
      const { buffer, byteOffset } = entry(`${index}__LON~1`);
      const part = new DataView(buffer, byteOffset - 32);
      units.forEach((unit, at) => void part.setUint16(LONG_FIRST + 2 * at, unit, true));
    });
  const long = names.map((_, index) => `${index}__ long`);
  const said = await about(long, change, "find /v");
  expect(Buffer.from(said, "latin1").toString()).toBe(names.map(([, shown]) => `/v/${shown} long\n`).join(""));
});

test("a long name has at most twenty parts: with one more the short name counts", async () => {
  const PARTS = 21;
  const [LAST, LONG, CHECKSUM] = [0x40, 0x0f, 13];
  const parts = Array.from({ length: PARTS }, (_, index) => `P${index}`);
  const change = (entry: (name: string) => Uint8Array): void => {
    const short = entry("SHORT");
    const checksum = short.subarray(0, 11).reduce((sum, byte) => (((sum >> 1) | (sum << 7)) + byte) & 0xff, 0);
    parts.forEach((name, index) => {
      const part = entry(name);
      part.fill(0x61); // the letter in both halves: a character that every name may have
      part[0] = (PARTS - index) | (index === 0 ? LAST : 0);
      part.set([LONG, 0, checksum], CHECKSUM - 2);
      part.set([0, 0], CLUSTER);
    });
  };
  expect(await about([...parts, "SHORT"], change, "find /v")).toBe("/v/SHORT\n");
});

thoroughly("mkfs makes no larger FAT than 128 GiB, of whatever is larger", async () => {
  const most = 2 ** 28;
  const disk = new SparseDisk((most + 65536) * SECTOR_BYTES);
  const table = new DataView(new ArrayBuffer(SECTOR_BYTES));
  setFatEntry(table, 0, 2048, most + 1);
  table.setUint16(510, 0xaa55, true);
  disk.write(0, new Uint8Array(table.buffer));
  const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  expect(await output(node, "mkfs -t fat hda0")).toMatch(/^hda0 now holds an empty fat of 128 GiB\.$/m);
  const sector = new Uint8Array(SECTOR_BYTES);
  disk.read(2048 * SECTOR_BYTES, sector);
  expect(new DataView(sector.buffer).getUint32(32, true)).toBe(most);
  expect(await output(node, "mount hda0 /v; echo more > /v/x; ls /v")).toBe(`file ${"5".padStart(26)}  x\n`);
});
