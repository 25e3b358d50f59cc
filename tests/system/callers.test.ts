/** The report that says who has which blocks of the heap: it counts all of them, also when it has not room for all. */
import { expect } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { boot, inState, isoWith, PROMPT } from "./images.ts";
import { output } from "./output.ts";

const PLACES = 400;

async function atPrompt(): Promise<LabNode> {
  const lab = await inState("prompt with many callers", async () => {
    const iso = await isoWith("tests/guest/callers.s", "asm/kernel/callers-test.s");
    const booted = boot({ nodes: [{ cdrom: iso, ramBytes: 16 << 20 }], gateway: false });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.nodes[0]!.enter("service stop network", PROMPT);
    return booted;
  });
  return lab.nodes[0]!;
}

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
    const node = await atPrompt();
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
