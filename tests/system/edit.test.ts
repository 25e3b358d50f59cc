/**
 * The full-screen editor: what the keys do to the screen and to the file, and that a serial terminal shows the same.
 */
import { expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { inState, PROMPT } from "./images.ts";
import { Terminal } from "./terminal.ts";
import { nodeWithVolume } from "./volume.ts";

const ROWS = 24;
const COLUMNS = 80;
const KEYS = { up: "\x1b[A", down: "\x1b[B", left: "\x1b[D", home: "\x1b[H", end: "\x1b[F", pageDown: "\x1b[6~" };

async function editing(
  path: string,
): Promise<{ lab: LabCluster; node: LabNode; press: (keys: string) => Promise<string[]> }> {
  const lines = ["seq 40 > /a/numbers"];
  const lab = await inState("editor with files", () => nodeWithVolume(lines, { isAlone: true }));
  const node = lab.nodes[0]!;
  const press = async (keys: string): Promise<string[]> => {
    node.type(keys);
    await lab.advance("300ms");
    return node.screen().map((row) => row.trimEnd());
  };
  await press(`edit ${path}\n`);
  return { lab, node, press };
}

thoroughly("types, cuts, pastes, finds and saves", async () => {
  const { node, press } = await editing("/a/text");
  expect((await press("one\ttwo\nthree\n"))[0]).toBe("one     two");
  await press(`${KEYS.up}${KEYS.up}\x0b${KEYS.down}\x15`); // Ctrl-K, Ctrl-U
  const screen = await press(`${KEYS.up}${KEYS.end}!${KEYS.left}\x7f${KEYS.home}> `);
  expect(screen.slice(0, 4)).toEqual(["three", "> one   tw!", "", "~"]);
  expect(screen[ROWS - 1]).toMatch(/^\/a\/text \(changed\) {2}2:3 /);
  expect((await press("\x06thr\n"))[ROWS - 1]).toMatch(/ 1:1 /); // Ctrl-F
  expect((await press("\x06none\n"))[ROWS - 1]).toBe("it is not in the text");
  expect((await press("\x11"))[ROWS - 1]).toMatch(/^the text is not saved; /); // Ctrl-Q
  expect((await press("\x13"))[ROWS - 1]).toBe("saved"); // Ctrl-S
  node.type("\x11");
  await node.waitFor(PROMPT);
  await node.enter("cat /a/text", /\nthree\r?\n> one\ttw!\r?\n/);
  await node.waitFor(PROMPT);
  await node.enter("ls /a | wc", /\n +2 /); // nothing else is left
});

thoroughly("scrolls, and a serial terminal shows what the screen does", async () => {
  const { node, press } = await editing("/a/numbers");
  const terminal = new Terminal(node, ROWS, COLUMNS);
  await press("\x0c"); // Ctrl-L
  for (const keys of [KEYS.pageDown, "x", "\n\n\x0b", `${KEYS.up.repeat(23)}${"long ".repeat(20)}`, KEYS.home]) {
    const screen = (await press(keys)).slice(0, ROWS);
    expect(terminal.text).toEqual(screen);
  }
  expect((await press(`${KEYS.pageDown}${KEYS.pageDown}${KEYS.pageDown}`)).at(-4)).toBe("40");
});

test("refuses what it cannot edit in a sentence", async () => {
  const { node, press } = await editing("/a");
  expect(node.console.text).toMatch(/\/a: is a directory/);
  await press("edit /a/x | cat\n");
  await node.waitFor(/edit: it needs the console for itself/);
  await press("edit /b/x\n");
  await node.waitFor(/\/b\/x: not mounted/);
});
