/** A machine with more memory than the kernel maps: all of it is counted, given out and taken back. */
import { expect } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, isoWith, PROMPT } from "./images.ts";
import { output } from "./output.ts";

const RAM_MIB = 1024;
const MAPPED_MIB = 768;
const PAGES_OF_MIB = 256;

thoroughly("of a GiB every page is given out once, those that have no address first", async () => {
  const iso = await isoWith("tests/guest/frames.s", "asm/kernel/frames-test.s");
  const lab = boot({ nodes: [{ cdrom: iso, ramBytes: RAM_MIB << 20 }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("service stop network", PROMPT);
  const pages = async (): Promise<number[]> =>
    /pages +(\d+) KiB +used +(\d+) KiB +free +(\d+) KiB/
      .exec(await output(node, "mem"))!
      .slice(1)
      .map(Number);
  await output(node, "hello");
  const [all, used, free] = await pages();
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
  expect((await pages())[0]).toBe(all);
  expect(await output(node, "mem check")).toMatch(/all headers agree/);
});
