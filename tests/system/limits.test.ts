/** The tables that the kernel has for programs, filled to the last place, emptied and filled again. */
import { describe, expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, inState, isoWithGuests, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { nodeWithVolume } from "./volume.ts";

async function atPrompt(): Promise<LabNode> {
  const lab = await inState("prompt with limits", async () => {
    const iso = await isoWithGuests();
    const booted = boot({ nodes: [{ cdrom: iso, ramBytes: 32 << 20 }], gateway: false });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.nodes[0]!.enter("service stop network", PROMPT);
    await output(booted.nodes[0]!, "limits processes"); // the heap has grown when all is counted
    return booted;
  });
  return lab.nodes[0]!;
}

/** What programs may leave behind: nothing. */
async function belongings(node: LabNode): Promise<string> {
  const memory = await output(node, "mem; mem owners");
  return `${memory.replace(/heap .* blocks.*\n/, "").replace(/^( *\d+) +\d+ /gm, "$1 ")}${await output(node, "handles")}`;
}

/** What is filled; what is printed. */
const TABLES: readonly (readonly [word: string, counts: readonly number[]])[] = [
  // The program's code, its zeros and its stack are regions, too; two of them gave way to two others.
  ["regions", [125, 2, 125]],
  ["threads", [31, 31]], // beside the first
  ["processes", [63, 63]], // beside itself
  // Of each way to end the status, 0 to 255: see the program.
  ["ends", [254, 255, 0, 141, 134, 131, 7, 0, 9, 141]],
];

describe("a program gets as much as there is room for, twice, and leaves nothing", () => {
  test.each(rowsOf(TABLES, 1))("%s", async (word, counts) => {
    const node = await atPrompt();
    const before = await belongings(node);
    const said = await output(node, `limits ${word}`);
    expect(said.replace(/^limits \(task \d+\) has ended: .*\n/gm, "")).toBe(
      counts.map((count) => `${count}\n`).join(""),
    );
    expect(await belongings(node)).toBe(before);
    expect(await output(node, "mem check")).toMatch(/all headers agree/);
  });
});

thoroughly("no file is read into the kernel, page by page", async () => {
  const lab = await inState("volume with limits", async () => {
    const iso = await isoWithGuests();
    return nodeWithVolume(["seq 2000 > /a/file"], { iso, isAlone: true });
  });
  expect(await output(lab.nodes[0]!, "limits kernel")).toBe(`${0xc0000000 + (8 << 20)}\n`);
});
