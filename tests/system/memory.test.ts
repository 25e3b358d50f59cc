/** Memory as `mem` counts it: all of a machine's pages, also those that the kernel does not map, and who has which blocks of the heap. */
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, inState, isoWith, isoWithGuests, PROMPT } from "./images.ts";
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
