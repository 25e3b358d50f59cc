/**
 * Two kernels on a real machine's disk: every sector write of install, trial, confirmation and return cut before, at
 * each 64 bytes inside and after, and once more in what follows; and the classes of docs/protocols/upgrade.md.
 */
import { expect, test } from "vitest";
import { readSlotRecord, SLOT_RECORD_LBA, type SlotRecord, slotRecordSector } from "../../src/image/slot-record.ts";
import { shared } from "../setup/shared.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { isAtLength, isThorough, many, spreadSample } from "../setup/tier.ts";
import { images } from "../system/images.ts";
import { output } from "../system/output.ts";
import { cutsOf, SECTOR_BYTES, type Sectors, type SectorWrite } from "./cut-disk.ts";
import {
  baseDisk,
  expected,
  type Machine,
  machine,
  recordOf,
  recordOn,
  restart,
  SECOND_LBA,
  Starts,
  say,
} from "./machine.ts";

interface Stage {
  readonly name: string;
  readonly before: Sectors;
  readonly log: readonly SectorWrite[];
  /** How many of these writes were on stable storage at each flush. */
  readonly flushes: readonly number[];
}

/** What an upgrade writes that is confirmed, and one that fails, from a disk without a record on. */
const stages = shared(async () => {
  const made: Stage[] = [];
  const tried = await machine();
  const { node, disk } = tried;
  const stage = async (name: string, act: () => Promise<void>): Promise<void> => {
    const before = new Map(disk.sectors);
    const [from, flushed] = [disk.log.length, disk.flushes.length];
    await act();
    const flushes = disk.flushes.slice(flushed).map((count) => count - from);
    made.push({ name, before, log: disk.log.slice(from), flushes });
  };
  await stage("install", () => say(node, "kernel install --unsigned hdc", /on trial/));
  await stage("switch", () => restart(tried, /a kernel on trial/));
  await stage("confirm", () => say(node, "kernel confirm", /good one now/));
  await stage("install over slot 0", () => say(node, "kernel install --unsigned hdc", /on trial/));
  await restart(tried, /a kernel on trial/);
  await stage("return", () => restart(tried, /has failed, the good one starts/));
  return made;
});

/** How many cuts of each stage the fast tier judges. */
const FEW = 1;
/** The last of them is after it. */
const CUTS_OF_A_WRITE = SECTOR_BYTES / 64;

test("class 7, a torn sector: what starts after each cut is what the record says, and once more", async () => {
  const starts = new Starts();
  for (const { name, before, log } of await stages()) {
    expect(log.length, name).toBeGreaterThan(0);
    const count = 1 + CUTS_OF_A_WRITE * log.length;
    const few = spreadSample([...Array(count).keys()], { count: many(FEW, 4 * FEW, count), firstSeed: 3 });
    const chosen = new Set(few);
    let index = 0;
    for (const cut of cutsOf(baseDisk(), before, log))
      if (chosen.has(index++)) expect(await starts.of(cut), `${name}, cut ${index - 1}`).toMatchObject(expected(cut));
  }
  if (!isAtLength) return;
  // What a start wrote, and the confirmation after it, cut in its turn.
  const once = starts.known.length;
  for (const { outcome } of starts.known.slice(0, once))
    for (const cut of cutsOf(baseDisk(), outcome.before, outcome.log))
      expect(await starts.of(cut)).toMatchObject(expected(cut));
  expect(starts.known.length).toBeGreaterThan(once + 10);
}, 600_000);

const isOfRecord = ({ sector }: SectorWrite): boolean => sector === SLOT_RECORD_LBA || sector === SLOT_RECORD_LBA + 1;

/** Whether a sector is of a slot that a record says to have a kernel. */
const isNamed = (record: SlotRecord | null, sector: number): boolean =>
  record?.slots.some(
    ({ firstSector, sectors, revision }) => revision > 0 && sector >= firstSector && sector < firstSector + sectors,
  ) ?? false;

test("classes 7 and 16: after each cut the record is the one before the write or after it, and names whole kernels", async () => {
  const said: string[] = [];
  for (const { name, before, log } of await stages()) {
    let whole = recordOf(before);
    for (const [index, write] of log.entries()) {
      expect(isNamed(whole, write.sector), `${name}: write ${index} is into a kernel that the record names`).toBe(
        false,
      );
      if (!isOfRecord(write)) continue;
      const since = new Map([...before, ...log.slice(0, index).map(({ sector, bytes }) => [sector, bytes] as const)]);
      const records = [...cutsOf(baseDisk(), since, [write])].map(recordOf);
      const after = records.at(-1)!;
      for (const one of records) expect([whole, after], `${name}: write ${index} is cut`).toContainEqual(one);
      whole = after;
    }
    said.push(`${name}: ${whole?.good} is good, ${whole?.trial ?? "none"} on trial, ${whole?.tries} times`);
  }
  expect(said).toEqual([
    "install: 0 is good, 1 on trial, 1 times",
    "switch: 0 is good, 1 on trial, 0 times",
    "confirm: 1 is good, none on trial, 0 times",
    "install over slot 0: 1 is good, 0 on trial, 1 times",
    "return: 1 is good, none on trial, 0 times",
  ]);
});

test("class 4, the state was not written: each copy of the record is on stable storage before anything follows", async () => {
  for (const { name, log, flushes } of await stages()) {
    // The loader has no way to flush.
    if (name === "switch" || name === "return") continue;
    for (const [index, write] of log.entries())
      if (isOfRecord(write)) {
        if (index > 0) expect(flushes, `${name}, before write ${index}`).toContain(index);
        expect(flushes, `${name}, after write ${index}`).toContain(index + 1);
      }
  }
});

/** A disk that has the kernel twice, and a record that says so. */
async function twice(said: Partial<SlotRecord>): Promise<Sectors> {
  const sectors = new Map((await stages())[1]!.before);
  const written = readSlotRecord(sectors.get(SLOT_RECORD_LBA)!, sectors.get(SLOT_RECORD_LBA + 1)!)!;
  const record = slotRecordSector({ ...written, trial: null, tries: 0, ...said });
  if (said.version !== 1) sectors.set(SLOT_RECORD_LBA, record);
  else sectors.delete(SLOT_RECORD_LBA);
  return sectors.set(SLOT_RECORD_LBA + 1, record);
}

function flip({ disk }: Machine, sector: number): void {
  const bytes = disk.sector(sector).slice();
  bytes[100]! ^= 1;
  disk.write(sector * SECTOR_BYTES, bytes);
}

test("class 7, a torn sector: a kernel goes by the copy that is whole, not by a later one that is torn", async () => {
  const sectors = new Map(await twice({}));
  const written = recordOf(sectors)!;
  const later = slotRecordSector({ ...written, sequence: written.sequence + 1, floor: 1_000_000 });
  later[SECTOR_BYTES - 1]! ^= 1;
  const { node, disk } = await machine({ sectors: sectors.set(SLOT_RECORD_LBA, later) });
  await say(node, "kernel select 1");
  expect(recordOn(disk)).toMatchObject({ good: 0, trial: 1, floor: 0 });
});

test("class 3, a counter runs at every start: a confirmed kernel writes nothing", async () => {
  const tried = await machine({ sectors: await twice({ good: 1 }) });
  for (let count = 0; count < 2; count++) await restart(tried, /QuRe loader: kernel image at sector 8192 /);
  expect(tried.disk.log).toEqual([]);
});

test("class 4, the state was not written: an error, and nothing counts", async () => {
  const { node, disk } = await machine({ sectors: await twice({}) });
  disk.isFailing = true;
  expect(await output(node, "kernel install --unsigned hdc")).toMatch(/^kernel: hda: device error$/m);
  expect(await output(node, "kernel select 1")).toMatch(/^kernel: hda: device error$/m);
  disk.isFailing = false;
  expect(recordOn(disk)).toMatchObject({ good: 0, trial: null });
});

test("class 9, the disk is full: the need is compared before anything is written", async () => {
  const slots = [
    { firstSector: SECOND_LBA - 100, sectors: 0, revision: 0 },
    { firstSector: SECOND_LBA, sectors: 4000, revision: 1 },
  ];
  const { node, disk } = await machine({ sectors: await twice({ good: 1, slots }) });
  expect(await output(node, "kernel install --unsigned hdc")).toMatch(/^kernel: hda: no space left$/m);
  expect(disk.log).toEqual([]);
});

test("class 13, a downgrade: nothing below the floor is installed or put on trial", async () => {
  const { node, disk } = await machine({ sectors: await twice({ floor: 1_000_000 }) });
  const refused = /^kernel: revision \d+ is below the lowest of this disk, 1000000$/m;
  expect(await output(node, "kernel install --unsigned hdc")).toMatch(refused);
  expect(await output(node, "kernel select 1")).toMatch(refused);
  expect(disk.log).toEqual([]);
});

test("class 23, two upgrades at once: one `kernel` waits until the other has changed the record", async () => {
  const { node, disk } = await machine();
  node.type("kernel install --unsigned hdc &\nkernel list\n");
  await node.waitFor(/^1 .*, on trial$/m);
  expect(recordOn(disk)).toMatchObject({ trial: 1, tries: 1 });
});

/** A CD of the system whose kernel is changed. */
function spoiled(change: (kernel: Uint8Array) => void): Uint8Array {
  const cdrom = images().iso.slice();
  const { offset, sizeBytes } = images().manifest["kernelImage"]!;
  change(cdrom.subarray(offset, offset + sizeBytes));
  return cdrom;
}

test.each<[string, (kernel: Uint8Array) => void]>([
  ["class 19, a truncated image", (kernel) => void kernel.fill(0, 100_000)],
  ["class 20, a bit that flipped", (kernel) => void (kernel[100_000]! ^= 4)],
])("%s is not installed", async (_, change) => {
  const { node, disk } = await machine({ cdrom: spoiled(change) });
  expect(await output(node, "kernel install --unsigned hdc")).toMatch(
    /hdc: the checksum of the kernel image is wrong$/m,
  );
  expect(disk.log).toEqual([]);
});

/** How a kernel on trial ends, and what is said of it then. */
const ENDS = [
  ["resets the processor", "crash triple", "10s", "was not confirmed", /This kernel is on trial/],
  ["panics", "crash panic", "10s", "panicked", /PANIC: as the user wished/],
  ["hangs with interrupts off", "crash hang", "10s", "hung", /crash: interrupts are off/],
  ["is not confirmed", "echo well", "620s", "was not confirmed in time", /This kernel is on trial/],
] as const;

test.each(ENDS.slice(0, isThorough ? 4 : 1))(
  "a kernel on trial that %s gives way by itself, and its log stays",
  async (_, line, within, result, said) => {
    const tried = await machine({ sectors: await twice({ trial: 1, tries: 1 }) });
    const { node, disk } = tried;
    node.type(`${line}\n`);
    await node.waitFor(new RegExp(`The kernel of revision \\d+ ${result} on its trial`), { within });
    await say(node, "");
    expect(await output(node, "kernel log")).toMatch(said);
    expect(await output(node, "kernel list")).toMatch(
      new RegExp(`^The last trial, of revision \\d+, ${result}\\.$`, "m"),
    );
    expect(recordOn(disk)).toMatchObject({ good: 0, trial: null, failures: [{ count: 1 }] });
    const written = disk.log.length;
    await restart(tried, /QuRe loader: kernel image at sector \d\d /);
    expect(disk.log.length, "once").toBe(written);
  },
);

test("class 8, a loop of returns without end: a revision that failed twice is refused until it is allowed", async () => {
  const { slots } = recordOn((await machine({ sectors: await twice({}) })).disk)!;
  const { revision } = slots[1]!;
  const { node, disk } = await machine({ sectors: await twice({ failures: [{ revision, count: 2 }] }) });
  const refused = new RegExp(
    `^kernel: revision ${revision} has failed 2 times: .kernel allow ${revision}. lets it`,
    "m",
  );
  expect(await output(node, "kernel install --unsigned hdc")).toMatch(refused);
  expect(await output(node, "kernel select 1")).toMatch(refused);
  expect(await output(node, "kernel list")).toMatch(
    new RegExp(`^Revision ${revision} is refused: it has failed 2`, "m"),
  );
  expect(await output(node, "kernel allow x")).toMatch(/^kernel: no revision x has failed on this disk$/m);
  expect(disk.log).toEqual([]);
  await say(node, `kernel allow ${revision}`);
  await say(node, "kernel select 1");
  expect(recordOn(disk)).toMatchObject({ trial: 1, tries: 1, failures: [] });
});

thoroughly("class 14, the good slot is damaged: the other one starts, unless it is below the floor", async () => {
  const tried = await machine({ sectors: await twice({ good: 1 }) });
  flip(tried, SECOND_LBA + 300);
  await restart(tried, /The other kernel is tried: kernel image at sector \d\d /);
  const floor = recordOn(tried.disk)!.slots[1]!.revision;
  const slots = recordOn(tried.disk)!.slots.map((slot, index) => ({
    ...slot,
    revision: index === 0 ? floor - 1 : floor,
  }));
  const sectors = await twice({ good: 1, floor, slots });
  const below = await machine({ sectors });
  flip(below, SECOND_LBA + 300);
  below.node.reset();
  await below.node.waitFor(/bad checksum[^\n]*\.\nIt starts again in 10 s/);
});

test("a record of version 1 is read, and the next change makes it one of version 2", async () => {
  const { node, disk } = await machine({ sectors: await twice({ version: 1, trial: 1, tries: 2 }) });
  expect(recordOn(disk)).toMatchObject({ version: 2, sequence: 1, good: 0, trial: 1, tries: 1 });
  await say(node, "kernel confirm", /good one now/);
  expect(recordOn(disk)).toMatchObject({ version: 2, good: 1, trial: null, result: 1 });
  expect(disk.sector(SLOT_RECORD_LBA)).toEqual(disk.sector(SLOT_RECORD_LBA + 1));
});

test("for a loader that knows version 1 alone a kernel writes that", async () => {
  const base = baseDisk().slice();
  new DataView(base.buffer).setUint16(420, 1, true);
  const { node, disk } = await machine({ base });
  await say(node, "kernel install --unsigned hdc", /on trial/);
  expect(recordOn(disk)).toMatchObject({ version: 1, good: 0, trial: 1, tries: 1 });
  expect(disk.log.some(({ sector }) => sector === SLOT_RECORD_LBA)).toBe(false);
});
