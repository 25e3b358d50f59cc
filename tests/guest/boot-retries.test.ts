/**
 * A drive that fails while the machine boots, for a while or for good: the machine comes up by itself as soon as one of
 * its kernels can be read, and what could not be read is not held against it.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { BlockBackend } from "../../emulator/disk/block.ts";
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { Machine } from "../../emulator/machine.ts";
import { makeDisk } from "../../src/image/disk.ts";
import { makeIso } from "../../src/image/iso9660.ts";
import { SECTOR_BYTES } from "../../src/image/kernel-image.ts";
import { readSlotRecord } from "../../src/image/slot-record.ts";
import { oracle, requireOracle, type SkippableContext } from "../oracle.ts";
import { type BootChain, bootChain } from "./boot-build.ts";

const MIB = 1024 * 1024;
const MS = 1_000_000;
const DISK_BYTES = 64 * MIB;
const RECORD = 16_383;
const SECOND = 8192;
const NONE = 0xffffffff;

let chain: BootChain | null = null;
beforeAll(async () => {
  if (oracle("as") && oracle("ld")) chain = await bootChain();
});

function built(context: SkippableContext): BootChain {
  requireOracle("as", context);
  requireOracle("ld", context);
  return chain!;
}

/** Bad sectors of a drive at a moment, in units of 512 bytes. */
type Bad = (sector: number, nowMs: number) => boolean;

/** A disk of which sectors cannot be read, or come with a wrong bit. */
class BadDisk implements BlockBackend {
  readonly readOnly = false;
  readonly sizeBytes: number;
  machine: Machine | null = null;
  readonly #disk: SparseDisk;
  readonly #unread: Bad;
  readonly #wrong: Bad;

  constructor(disk: SparseDisk, unread: Bad, wrong: Bad) {
    this.sizeBytes = disk.sizeBytes;
    this.#disk = disk;
    this.#unread = unread;
    this.#wrong = wrong;
  }

  #any(bad: Bad, offsetBytes: number, bytes: Uint8Array): boolean {
    const [first, end] = [offsetBytes / SECTOR_BYTES, (offsetBytes + bytes.length) / SECTOR_BYTES];
    for (let sector = first; sector < end; sector++) if (bad(sector, (this.machine?.nowNs ?? 0) / MS)) return true;
    return false;
  }

  read(offsetBytes: number, target: Uint8Array): void {
    if (this.#any(this.#unread, offsetBytes, target)) throw new Error("the sector cannot be read");
    this.#disk.read(offsetBytes, target);
    if (this.#any(this.#wrong, offsetBytes, target)) target[100]! ^= 1;
  }

  write(offsetBytes: number, source: Uint8Array): void {
    this.#disk.write(offsetBytes, source);
  }

  flush(): void {}
}

const never: Bad = () => false;

interface Slots {
  readonly good: number;
  readonly trial: number;
  readonly tries: number;
}

/** A disk with the same kernel in both slots, and their record, of version 1. */
function diskWith({ boot }: BootChain, { good, trial, tries }: Slots): SparseDisk {
  const disk = new SparseDisk(DISK_BYTES, { content: makeDisk(boot, DISK_BYTES) });
  const kernel = boot.bytes.subarray(boot.kernelSector * SECTOR_BYTES);
  disk.write(SECOND * SECTOR_BYTES, kernel);
  const sectors = kernel.length / SECTOR_BYTES;
  const record = new DataView(new ArrayBuffer(SECTOR_BYTES));
  [0x4c535251, 1, good, trial, tries, boot.kernelSector, sectors, SECOND, sectors].forEach((value, index) =>
    record.setUint32(index * 4, value, true),
  );
  const sum = Array.from({ length: 128 }, (_, index) => record.getUint32(index * 4, true)).reduce((a, b) => a + b, 0);
  record.setUint32(508, -sum >>> 0, true);
  disk.write(RECORD * SECTOR_BYTES, new Uint8Array(record.buffer));
  return disk;
}

/**
 * Which kernel the loader says to have started: 1 or 2, and whether that one is on trial (docs/formats/boot-info.md).
 */
function startedIn({ machine }: Run): number[] {
  const fields = new Uint8Array(2);
  machine.memory.dma.read(0x500 + 82, fields);
  return [...fields];
}

function triesOn(disk: SparseDisk): number {
  const copies = [RECORD - 1, RECORD].map((sector) => {
    const bytes = new Uint8Array(SECTOR_BYTES);
    disk.read(sector * SECTOR_BYTES, bytes);
    return bytes;
  });
  return readSlotRecord(copies[0]!, copies[1]!)!.tries;
}

interface Run {
  readonly machine: Machine;
  readonly text: () => string;
  /** Runs until it has said this so many times, at most for so long; fails when it does not. */
  readonly until: (pattern: RegExp, seconds: number, times?: number) => void;
}

function start(firmware: Uint8Array, kind: "disk" | "cd", medium: BadDisk): Run {
  let said = "";
  const machine = new Machine({
    name: "retries",
    firmware,
    ramBytes: 32 * MIB,
    rtcStartSeconds: 1_767_225_600,
    network: [],
    ide: [{ kind, medium }, null, null, null],
    characterOutput: (port, byte) => {
      if (port === 0) said += String.fromCharCode(byte);
    },
  });
  medium.machine = machine;
  const text = (): string => said.replaceAll("\r", "");
  const until = (pattern: RegExp, seconds: number, times = 1): void => {
    const endNs = machine.nowNs + seconds * 1000 * MS;
    const all = new RegExp(pattern.source, `${pattern.flags}g`);
    while ((text().match(all)?.length ?? 0) < times) {
      if (machine.nowNs >= endNs) throw new Error(`${pattern} was not said:\n${text()}`);
      machine.runUntil(machine.nowNs + 10 * MS);
    }
  };
  return { machine, text, until };
}

const UP = /^end$/m;
const ONE: Slots = { good: 0, trial: NONE, tries: 0 };

describe("a drive that fails for a while", () => {
  test("from the first sector on: the firmware tries again, and a key makes it try at once", (context) => {
    const { firmware, boot } = built(context);
    const disk = new SparseDisk(DISK_BYTES, { content: makeDisk(boot, DISK_BYTES) });
    const run = start(firmware.bytes, "disk", new BadDisk(disk, (_, nowMs) => nowMs < 40_000, never));
    run.until(/A drive cannot be read\. It is tried again in 16 s, or when a key is pressed/, 30);
    const before = run.machine.instructions;
    run.machine.runUntil(run.machine.nowNs + 10_000 * MS);
    expect(run.machine.instructions - before).toBeLessThan(300_000);
    run.machine.typeText("x");
    run.until(/A drive cannot be read/, 3, 5);
    run.until(UP, 40);
  });

  test("from the first sector on, on a CD", (context) => {
    const { firmware, boot } = built(context);
    const iso = makeIso(boot, "RETRIES");
    const disk = new SparseDisk(iso.bytes.length, { content: iso.bytes });
    const run = start(firmware.bytes, "cd", new BadDisk(disk, (_, nowMs) => nowMs < 3000, never));
    run.until(/A drive cannot be read/, 3);
    run.until(UP, 10);
  });

  test("just for the second try: nobody is told", (context) => {
    const { firmware, boot } = built(context);
    const disk = new SparseDisk(DISK_BYTES, { content: makeDisk(boot, DISK_BYTES) });
    let failures = 2;
    const run = start(firmware.bytes, "disk", new BadDisk(disk, (sector) => sector === 0 && failures-- > 0, never));
    run.until(UP, 5);
    expect(run.text()).not.toMatch(/cannot be read/);
  });

  test.for([
    ["in the loader", 1],
    ["in the record of slots", RECORD],
    ["in both kernels", 100],
  ] as const)("%s", ([, bad], context) => {
    const { firmware } = built(context);
    const disk = diskWith(built(context), { good: 0, trial: NONE, tries: 0 });
    const isBad: Bad = (sector, nowMs) => (sector === bad || sector === SECOND + 100) && nowMs < 20_000;
    start(firmware.bytes, "disk", new BadDisk(disk, isBad, never)).until(UP, 40);
  });

  test("wrong bits are not taken for a damaged kernel", (context) => {
    const { firmware } = built(context);
    const disk = diskWith(built(context), { good: 0, trial: 1, tries: 3 });
    let wrong = 2;
    const medium = new BadDisk(disk, never, (sector) => sector === SECOND + 100 && wrong-- > 0);
    const run = start(firmware.bytes, "disk", medium);
    run.until(UP, 20);
    expect(run.text()).toMatch(/bad checksum[^.]*; it is read again: kernel image at sector 8192 /);
    expect([run.text().match(/The other kernel/), triesOn(disk)]).toEqual([null, 2]);
  });
});

describe("a kernel with a sector that cannot be read", () => {
  test("gives way to the other one", (context) => {
    const { firmware, boot } = built(context);
    const medium = new BadDisk(diskWith(built(context), ONE), (sector) => sector === boot.kernelSector + 100, never);
    const run = start(firmware.bytes, "disk", medium);
    run.until(UP, 20);
    expect(run.text()).toMatch(/cannot read its sector[\s\S]*The other kernel is tried: kernel image at sector 8192 /);
    expect(startedIn(run)).toEqual([2, 0]);
  });

  test("keeps its tries while it is on trial, and is started when it can be read", (context) => {
    const { firmware, boot } = built(context);
    const disk = diskWith(built(context), { good: 0, trial: 1, tries: 3 });
    const isBad: Bad = (sector, nowMs) => sector === SECOND + 100 && nowMs < 60_000;
    const run = start(firmware.bytes, "disk", new BadDisk(disk, isBad, never));
    for (let starts = 1; starts <= 4; starts++) {
      run.until(UP, 15, starts);
      expect(triesOn(disk)).toBe(3);
      expect(startedIn(run), "the good one is not on trial").toEqual([1, 0]);
      run.machine.reset();
    }
    expect(
      run.text().match(new RegExp(`The other kernel is tried: kernel image at sector ${boot.kernelSector} `, "g")),
    ).toHaveLength(4);
    run.machine.runUntil(60_000 * MS);
    run.machine.reset();
    run.until(/for this start alone: kernel image at sector 8192 of drive 80h, \d+ bytes [^:]*starts/, 15);
    expect(triesOn(disk)).toBe(2);
    expect(startedIn(run)).toEqual([2, 1]);
  });

  test("is waited for when the other one has failed its trial", (context) => {
    const { firmware } = built(context);
    const disk = diskWith(built(context), { good: 0, trial: 1, tries: 0 });
    const run = start(
      firmware.bytes,
      "disk",
      new BadDisk(disk, (sector, nowMs) => sector === 100 && nowMs < 30_000, never),
    );
    run.until(UP, 60);
    expect(run.text()).not.toMatch(/at sector 8192/);
  });

  test("as the other one: both are tried without end, calmly, and come back with the disk", (context) => {
    const { firmware } = built(context);
    const isBad: Bad = (sector, nowMs) => sector % SECOND === 100 && nowMs < 120_000;
    const run = start(firmware.bytes, "disk", new BadDisk(diskWith(built(context), ONE), isBad, never));
    run.until(/The other kernel is tried[^.]*\.*\n.*\nIt starts again in 10 s/, 100, 3);
    run.machine.typeText("x");
    run.until(/QuRe firmware/, 1, 4);
    run.until(UP, 150);
  });
});
