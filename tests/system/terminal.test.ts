/**
 * Terminals of any size at the serial line: the kernel asks, and the editor, `more`, the line and the debugger heed it.
 */
import { expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { inState, PROMPT } from "./images.ts";
import { Terminal } from "./terminal.ts";
import { nodeWithVolume } from "./volume.ts";

async function atTerminal(
  rows: number,
  columns: number,
  answers = true,
): Promise<{ lab: LabCluster; node: LabNode; terminal: Terminal }> {
  const lines = ["seq 300 > /a/numbers"];
  const lab = await inState("terminal with a file", () => nodeWithVolume(lines, { isAlone: true }));
  const node = lab.nodes[0]!;
  return { lab, node, terminal: new Terminal(node, rows, columns, answers) };
}

const SIZES = [
  [24, 80],
  [50, 132],
  [12, 40],
  [200, 500],
  [5, 20],
] as const;

test.each(rowsOf(SIZES, 1))("the editor fills a terminal of %i rows and %i columns", async (rows, columns) => {
  const { lab, node, terminal } = await atTerminal(rows, columns);
  node.type("edit /a/numbers\n");
  await lab.advance("2s");
  const wide = "word ".repeat(Math.min(columns, 200) / 5 - 1);
  node.type(wide);
  await lab.advance("1s");
  const { text } = terminal;
  expect(text[0]).toBe(`${wide}1`);
  expect(text.slice(1, -1)).toEqual(Array.from({ length: rows - 2 }, (_, row) => `${row + 2}`));
  expect(text[rows - 1]).toMatch(/^\/a\/numbers \(change/);
  // The screen shows what it has room for.
  expect(node.screen().slice(0, Math.min(rows - 1, 25))).toEqual(
    text.slice(0, Math.min(rows - 1, 25)).map((line) => line.slice(0, 80).trimEnd()),
  );
});

thoroughly("the editor follows a terminal whose size has changed, at Ctrl-L", async () => {
  const { lab, node, terminal } = await atTerminal(24, 80);
  node.type("edit /a/numbers\n");
  await lab.advance("1s");
  node.type(`${"a ".repeat(70)}\x1b[H`);
  await lab.advance("1s");
  let last = terminal;
  // More rows, then more columns, then both.
  for (const [rows, columns] of [
    [40, 80],
    [40, 100],
    [50, 120],
  ] as const) {
    last.answers = false;
    last = new Terminal(node, rows, columns);
    node.type("\x0c");
    await lab.advance("2s");
    expect(last.text.slice(1, rows - 1)).toEqual(Array.from({ length: rows - 2 }, (_, row) => `${row + 2}`));
    expect(last.text[0]!.length).toBeGreaterThan(columns - 10);
  }
});

test("a size is asked for, or set; what does not answer has 80 columns and 24 rows", async () => {
  const silent = await atTerminal(24, 80, false);
  await silent.node.enter("console size", /^80 columns, 24 rows$/m);
  await silent.node.enter("set columns 100; set rows 30; console size", /^100 columns, 30 rows$/m);
  await silent.node.enter("set columns 19; set rows many; console size", /^80 columns, 24 rows$/m);
  for (const [columns, rows] of [
    [20, 5],
    [500, 200],
  ])
    await silent.node.enter(
      `set columns ${columns}; set rows ${rows}; console size`,
      `${columns} columns, ${rows} rows\n`,
    );
  for (const wrong of ["columns 501; set rows 201", "columns 30x; set rows 4", "columns; set rows"])
    await silent.node.enter(`set ${wrong}; console size`, /console size\n80 columns, 24 rows\n/);
  const { node } = await atTerminal(50, 132);
  await node.enter("console size", /^132 columns, 50 rows$/m);
  // What nobody asked for is no answer, and what makes no sense is none.
  node.send(Buffer.from("\x1b[30;30R"));
  await node.enter("set columns; console size", /^132 columns, 50 rows$/m);
});

thoroughly("hostile answers change nothing", async () => {
  const { lab, node } = await atTerminal(24, 80, false);
  for (const answer of ["1;1", "4;80", "24;19", "201;80", "24;501", "4294967320;80", "24", "24;80;1", ";", "24;"]) {
    node.type("console size\n");
    await lab.advance("10ms");
    node.send(Buffer.from(`\x1b[${answer}R`));
    await node.waitFor(/^80 columns, 24 rows$/m, { within: "2s" });
    await lab.advance("20ms");
  }
});

test("more shows pages as large as the terminal", async () => {
  const { lab, node, terminal } = await atTerminal(12, 40);
  node.type("more /a/numbers\n");
  await lab.advance("1s");
  expect(terminal.text).toEqual([
    ...Array.from({ length: 11 }, (_, row) => `${row + 1}`),
    "-- more: Space, Enter, Q --",
  ]);
  node.type(" ");
  await lab.advance("100ms");
  expect(terminal.text[0]).toBe("12");
  expect(terminal.text[10]).toBe("22");
  node.type("\n");
  await lab.advance("100ms");
  expect(terminal.text[10]).toBe("23");
  node.type("q");
  await node.waitFor(PROMPT);
  await node.enter("more /a/numbers | wc", /^ +300 +300 /m);
  await node.enter("more /none", /^\/none: /m);
});

thoroughly("a line is edited in one row of a narrow terminal, and the debugger's dump fits", async () => {
  const { lab, node, terminal } = await atTerminal(12, 40);
  await node.enter("console size", /^40 columns/m);
  await node.waitFor(PROMPT);
  node.type(`echo ${"0123456789".repeat(5)}`);
  await lab.advance("100ms");
  const row = terminal.text.findLast((line) => line !== "")!;
  expect(row.length).toBeLessThan(40);
  expect(row).toMatch(/^\S+> .*9$/);
  node.type("\x03debug\n");
  await node.waitFor("debug> ");
  node.type("m page_directory 8\n");
  await node.waitFor(/^[0-9a-f]{8} ( ..){4}\n[0-9a-f]{8} ( ..){4}\ndebug> /m);
});
