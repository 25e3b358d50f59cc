/**
 * Memory as `mem` counts it: all of a machine's pages, also those that the kernel does not map, and who has which
 * blocks of the heap.
 */
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { shared } from "../setup/shared.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, images, inState, isoWith, isoWithGuests, PROMPT } from "./images.ts";
import { output } from "./output.ts";

const RAM_MIB = 1024;
const MAPPED_MIB = 768;
const PAGES_OF_MIB = 256;

const PLACES = 400;

async function withCallers(): Promise<LabNode> {
  const lab = await inState("prompt with many callers", async () => {
    const iso = await isoWithGuests();
    const booted = boot({ nodes: [{ cdrom: iso, ramBytes: 16 << 20 }], gateway: false });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.nodes[0]!.enter("service stop network", PROMPT);
    return booted;
  });
  return lab.nodes[0]!;
}

/** KiB of all pages, of those that are used, and of those that are free. */
const pages = async (node: LabNode): Promise<number[]> =>
  /pages +(\d+) KiB +used +(\d+) KiB +free +(\d+) KiB/
    .exec(await output(node, "mem"))!
    .slice(1)
    .map(Number);

test("pages that are used and pages that are free are all that there are", async () => {
  const node = await withCallers();
  const [all, used, free] = await pages(node);
  expect(used! + free!).toBe(all);
  expect(all).toBeGreaterThan(13 << 10);
  expect(all).toBeLessThan(16 << 10);
  const owners = await output(node, "mem owners");
  for (const part of ["kernel", "heap", "drivers", "file systems"])
    expect(owners).toMatch(new RegExp(`^ +\\d+ +\\d+  ${part} \\(part of the kernel\\)$`, "m"));
});

thoroughly("of a GiB every page is given out once, those that have no address first", async () => {
  const iso = await isoWith("tests/guest/frames.s", "asm/kernel/frames-test.s");
  const lab = boot({ nodes: [{ cdrom: iso, ramBytes: RAM_MIB << 20 }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("service stop network", PROMPT);
  await output(node, "hello");
  const [all, used, free] = await pages(node);
  expect(all).toBeGreaterThan((RAM_MIB - 4) * 1024);
  expect(all).toBeLessThan(RAM_MIB * 1024);
  expect(used! + free!).toBe(all);
  const said = await output(node, "frametest");
  expect(said).toMatch(/^frametest: 2 passed, 0 failed$/m);
  const [, last, count] = /^pages above the map: (\d+), all: (\d+)$/m.exec(said)!;
  // The firmware has the last pages for its tables.
  expect(Number(last)).toBeLessThan(RAM_MIB * PAGES_OF_MIB);
  expect(Number(last)).toBeGreaterThan((RAM_MIB - 1) * PAGES_OF_MIB);
  expect(Number(count) * 4).toBeGreaterThan((RAM_MIB - 6) * 1024);
  expect(Number(last)).toBeGreaterThan(MAPPED_MIB * PAGES_OF_MIB);
  // A program gets pages above the map, and what it had is free again.
  expect(await output(node, "primes 3000000 | tail -1; wait")).toMatch(/^216816\n/);
  expect((await pages(node))[0]).toBe(all);
  expect(await output(node, "mem check")).toMatch(/all headers agree/);
});

const BOOT_INFO = 0x500;
const BOOT_INFO_MAP = 60;
const [RAM, RESERVED] = [1, 2];
const MIB = 1 << 20;
const MAP_RAM_MIB = 8;

type MapEntry = readonly [from: number, bytes: number, type: number];

const BELOW: MapEntry = [0, 0x9f000, RAM];
const ALL: readonly MapEntry[] = [BELOW, [MIB, (MAP_RAM_MIB - 1) * MIB, RAM]];

/** Maps of memory, and how many pages fewer than with the first one may be given out. */
const MAPS: readonly (readonly [what: string, map: readonly MapEntry[], fewer: number])[] = [
  ["a hole", [...ALL, [5 * MIB, 8192, RESERVED]], 2],
  ["what is not RAM, of any type, before RAM", [[5 * MIB, 4096, 3], [6 * MIB, 4096, 7], ...ALL], 2],
  ["a hole that begins and ends within pages", [...ALL, [5 * MIB + 100, 5000, RESERVED]], 2],
  ["a hole of a byte", [...ALL, [5 * MIB + 100, 1, RESERVED]], 1],
  ["a hole of nothing", [...ALL, [5 * MIB, 0, RESERVED]], 0],
  ["a hole across what is there", [...ALL, [7 * MIB, 0x80000000, RESERVED]], PAGES_OF_MIB],
  ["holes far away, in the kernel and above 4 GiB", [...ALL, [2 ** 31, MIB, 2], [MIB, 4096, 2], [2 ** 33, MIB, 2]], 0],
  [
    "many holes",
    [...ALL, ...Array.from({ length: 20 }, (_, at): MapEntry => [5 * MIB + at * 33 * 4096, 4096, RESERVED])],
    20,
  ],
  ["RAM in parts that touch", [BELOW, [5 * MIB, 3 * MIB, RAM], [MIB, 4 * MIB, RAM]], 0],
  ["RAM in parts that overlap", [BELOW, [4 * MIB, 4 * MIB, RAM], [MIB, 6 * MIB, RAM]], 0],
  ["RAM whose parts meet within a page", [BELOW, [5 * MIB + 2000, 3 * MIB - 2000, RAM], [MIB, 4 * MIB + 2000, RAM]], 1],
];

/** Pages that a kernel has which finds this map. */
async function pagesWith(map: readonly MapEntry[]): Promise<readonly number[]> {
  const lab = boot({ nodes: [{ cdrom: images().iso, ramBytes: MAP_RAM_MIB * MIB }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor("QuRe loader: ");
  const write = (address: number, bytes: Uint8Array): void => node.machine.memory.dma.write(address, bytes);
  const view = new DataView(new ArrayBuffer(map.length * 24));
  for (const [index, [from, bytes, type]] of map.entries()) {
    view.setBigUint64(index * 24, BigInt(from), true);
    view.setBigUint64(index * 24 + 8, BigInt(bytes), true);
    view.setUint32(index * 24 + 16, type, true);
    view.setUint32(index * 24 + 20, 1, true);
  }
  const [at] = new Uint32Array(node.readMemory(BOOT_INFO + BOOT_INFO_MAP, 4).slice().buffer);
  write(at!, new Uint8Array(view.buffer));
  write(BOOT_INFO + BOOT_INFO_MAP + 4, Uint8Array.of(map.length, 0, 0, 0));
  await node.waitFor(PROMPT);
  return pages(node);
}

const most = shared(async () => (await pagesWith(ALL))[0]!);

for (const [what, map, fewer] of MAPS)
  thoroughly(`a kernel gives out the pages that are RAM, and nothing else: ${what}`, async () => {
    const [all, used, free] = await pagesWith(map);
    expect(((await most()) - all!) / 4).toBe(fewer);
    expect(used! + free!).toBe(all);
  });

interface Row {
  readonly blocks: number;
  readonly bytes: number;
  readonly who: string;
}

function rowsOf(text: string): readonly Row[] {
  const rows = text.matchAll(/^ *(\d+) blocks +(\d+) bytes {2}(?:\w{8} {2})?(.*)$/gm);
  return [...rows].map(([, blocks, bytes, who]) => ({ blocks: Number(blocks), bytes: Number(bytes), who: who! }));
}

/** Those that have more blocks than before, but for the lines that were typed meanwhile. */
const leaks = async (node: LabNode): Promise<readonly Row[]> =>
  rowsOf(await output(node, "mem leaks")).filter(({ who }) => !who.startsWith("history_add+"));

const sum = (rows: readonly Row[], of: (row: Row) => number): number => rows.reduce((all, row) => all + of(row), 0);

thoroughly(
  "each block is counted for who asked for it, those with the most bytes first, and the rest together",
  async () => {
    const node = await withCallers();
    expect(rowsOf(await output(node, "mem callers")).some(({ who }) => who === "others")).toBe(false);
    expect(await output(node, "mem mark")).toBe("");
    expect(await leaks(node)).toEqual([]);
    expect(await output(node, "callers")).toBe(`${PLACES} blocks\n`);
    const said = await output(node, "mem callers; mem");
    const all = rowsOf(said);
    const [, used, inUse] = /used +(\d+) bytes in (\d+) blocks/.exec(said)!;
    expect([sum(all, ({ bytes }) => bytes), sum(all, ({ blocks }) => blocks)]).toEqual([Number(used), Number(inUse)]);
    expect(all.map(({ bytes }) => bytes)).toEqual(all.map(({ bytes }) => bytes).sort((a, b) => b - a));
    // The table has 256 places, most of them for what the test asked for, each from another line of code.
    expect(all[0]!.who).toBe("others");
    const own = all.filter(({ who }) => who.startsWith("command_callers+"));
    expect(own.length).toBeGreaterThan(150);
    expect(own.length + all[0]!.blocks).toBe(PLACES);
    expect(own.every(({ blocks, bytes }) => blocks === 1 && bytes === own[0]!.bytes)).toBe(true);
    expect(new Set(own.map(({ who }) => who.split(" ")[0])).size).toBe(own.length);

    const more = await leaks(node);
    expect(sum(more, ({ blocks }) => blocks)).toBe(PLACES);
    expect(sum(more, ({ bytes }) => bytes)).toBe(PLACES * own[0]!.bytes);
    expect(await output(node, "callers back")).toBe(`${PLACES} blocks\n`);
    expect(await leaks(node)).toEqual([]);
    expect(await output(node, "mem callers")).not.toMatch(/others|command_callers/);
  },
);
