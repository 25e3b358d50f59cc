/**
 * Programs that draw on the console and take its keys: control sequences, keys one by one, and what is left of both.
 */
import { expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, inState, isoWithGuests, PROMPT } from "./images.ts";
import { output } from "./output.ts";

/** The colours of a VGA in text mode, red, green and blue. */
const PALETTE = ["000000", "0000aa", "00aa00", "00aaaa", "aa0000", "aa00aa", "aa5500", "aaaaaa"].concat([
  "555555",
  "5555ff",
  "55ff55",
  "55ffff",
  "ff5555",
  "ff55ff",
  "ffff55",
  "ffffff",
]);

async function atPrompt(): Promise<{ lab: LabCluster; node: LabNode }> {
  const lab = await inState("prompt with tests/guest/screen.s", async () => {
    const iso = await isoWithGuests();
    const booted = boot({ nodes: [{ cdrom: iso }] });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.nodes[0]!.enter("service stop network", PROMPT);
    return booted;
  });
  return { lab, node: lab.nodes[0]! };
}

/** The attributes of the first cells of a row, which show characters: background << 4 | foreground. */
function attributes(node: LabNode, row: number, cells: number): number[] {
  const { width, height, rgba } = node.screenshot();
  const [cellWidth, cellHeight] = [width / 80, height / 25];
  return Array.from({ length: cells }, (_, cell) => {
    const seen = new Set<number>();
    for (let y = row * cellHeight; y < (row + 1) * cellHeight; y++)
      for (let x = cell * cellWidth; x < (cell + 1) * cellWidth; x++) {
        const at = 4 * (y * width + x);
        seen.add(PALETTE.indexOf(Buffer.from(rgba.subarray(at, at + 3)).toString("hex")));
      }
    const [background = 0, foreground = 0] = seen; // the first pixel is not the character's
    return (background << 4) | foreground;
  });
}

/** With one of these a sequence is another one (ECMA-48, 5.4). The shell wants the apostrophe. */
const MARKS = ' !"#$%&()*+,-./:<=>?';

/** What is printed (^ is ESC), the first rows that the screen has then; other rows are blank. */
const SEQUENCES: readonly (readonly [printed: string, rows: readonly string[]])[] = [
  ["^[2J^[Hone^[3;5Htwo^[4Hthree", ["one", "", "    two", "three"]],
  ["^[2J^[Hone^[2B^[2Ctwo^[A^[4Dup^[9Aend", ["one   end", "    up", "     two"]],
  ["^[2J^[H^[99;99H^[2Dx^[H^[2dy^[5Gz", ["", "y   z", ...Array<string>(22).fill(""), `${" ".repeat(77)}x`]],
  ["^[2J^[H0123456789^[4D^[K", ["012345"]],
  ["^[2J^[H0123456789^[4D^[1K", ["       789"]],
  ["^[2J^[H0123456789^[2K^[Hx", ["x"]],
  ["^[2J^[Hab^[2;1Hcd^[3;1Hef^[2;2H^[J", ["ab", "c"]],
  ["^[2J^[Hab^[2;1Hcd^[3;1Hef^[2;1H^[1J", ["", " d", "ef"]],
  ["^[2J^[2;3H^[sx^[5;5Hy^[uz", ["", "  z", "", "", "    y"]],
  ["^[2J^[2;3H^7x^[5;5Hy^8z", ["", "  z", "", "", "    y"]],
  // No number is 1, and so is 0; no movement leads over an edge.
  ["^[2J^[H^[0Ba^[0Cb^[1;1Hc", ["c", "a b"]],
  ["^[2J^[5;5Hx^[99A^[99Dy", ["y", "", "", "", "    x"]],
  ["^[2J^[2;3fx^[fy", ["y", "  x"]],
  ["^[2J^[H12345^[2Da^[Db^[2Gc^[Gd", ["dc3b5"]],
  ["^[2J^[Ha^[3db^[dc", ["a c", "", " b"]],
  // Texts for the terminal are not shown, and a sequence that is begun anew does nothing.
  ["^[2J^[H^Pdcs^\\a^Xsos^\\b^_apc^\\c^]osc^\\d", ["abcd"]],
  ["^[2J^[Ha^[5^[Bb^[5;^[Cc", ["a", " b c"]],
  // What is drawn beyond the edges of a whole screen is not seen.
  [
    "^[?1049h^[1;79Habcdef^[26;1Hlow^[25;1Hend^[2;85Hout",
    [`${" ".repeat(78)}ab`, ...Array<string>(23).fill(""), "end"],
  ],
  ["^[?1049hfull^[?1049l^[Hplain", ["plain"]],
  ["^[2J^[Hab^[?1047h^[?1049xcd", ["abcd"]],
  // What is not known, or has numbers of any size, changes nothing.
  ["^[2J^[H^]0;title^\\a^(Bb^[?25l^[5;6;7;8;9;10;11;12;13;14xc^[99999999999999999999Zd^[ qe^cf", ["abcdef"]],
  [`^[2J^[H${[...MARKS].map((mark) => `a^[5${mark}C^[${mark}2C`).join("")}b`, [`${"a".repeat(MARKS.length)}b`]],
  ["^[2J^[H^^[H^[^[Hx^[999999999999;1Hy^[1;1H", ["x", ...Array<string>(23).fill(""), "y"]],
];

test.each(rowsOf(SEQUENCES, 1))("the screen does what a sequence says: %s", async (printed, rows) => {
  const { lab, node } = await atPrompt();
  node.type(`screen '${printed}'\n`);
  await lab.advance("200ms");
  expect(node.screen().slice(0, rows.length)).toEqual(rows);
  expect(
    node
      .screen()
      .slice(rows.length)
      .every((row) => row === ""),
  ).toBe(true);
  node.type("x");
  await node.waitFor(PROMPT);
});

thoroughly("colours are the screen's, and those of 256 are left out", async () => {
  const { lab, node } = await atPrompt();
  const runs: [sequence: string, attribute: number][] = [
    ["", 0x07],
    ["^[31m", 0x04],
    ["^[1;44m", 0x1c],
    ["^[22;7m", 0x41],
    ["^[27;94m", 0x19],
    ["^[39;49;105m", 0x5f],
    ["^[38;5;1mm^[m", 0x07],
    ["^[32;41;1m", 0x4a],
    ["^[0;36m", 0x03],
    ["^[34m", 0x01],
    ["^[35m", 0x05],
    ["^[37m", 0x07],
    ["^[33m", 0x06],
    ["^[90m", 0x08],
    ["^[97m", 0x0f],
    ["^[100m", 0x0f],
    ["^[46m", 0x3f],
    ["^[107;94m", 0x79],
    ["^[0;1;7m", 0x70],
    ["^[0;30;47;7m", 0x07],
    ["^[0;48;5;31m", 0x07],
    // Eight numbers count.
    ["^[0;0;0;0;0;0;0;31m", 0x04],
    ["^[;;;;;;;;31m", 0x07],
  ];
  node.type(`screen '^[2J^[H${runs.map(([sequence]) => `${sequence}x`).join("")}^[m'\n`);
  await lab.advance("200ms");
  const expected = runs.map(([, attribute]) => attribute);
  expected.splice(6, 0, 0x5f); // the m after the sequence that is left out
  expect(attributes(node, 0, expected.length)).toEqual(expected);
});

thoroughly(
  "keys come one by one, Ctrl-C too, and a second Ctrl-C ends who takes none",
  async () => {
    const { lab, node } = await atPrompt();
    node.type("screen keys\na\x1b[A\x03\x1b[6~q");
    await node.waitFor(PROMPT);
    expect(node.console.text).toMatch(/97\n257\n3\n266\n113\n[^\n]*> $/);
    node.type("screen deaf\nx\x03");
    await lab.advance("1s");
    expect(await output(node, "")).toBe(""); // nothing was read yet: the line comes after the program's end
  },
  20_000,
);

thoroughly("where the cursor is is a key when nobody has asked: terminals send it for F3 with Shift", async () => {
  const { node } = await atPrompt();
  node.type("screen keys\na\x1b[1;2Rb\x1bORcq");
  await node.waitFor(PROMPT);
  expect(node.console.text).toMatch(/\n97\n(\d{3})\n98\n\1\n99\n113\n[^\n]*> $/);
});

thoroughly("a Ctrl-C that a program takes ends nothing, nor does the next", async () => {
  const { lab, node } = await atPrompt();
  node.type("for x in 1 2; do screen keys; done\n");
  for (let turns = 0; turns < 2; turns++) {
    await lab.advance("50ms"); // until it takes keys
    node.type("a\x03");
    await lab.advance("10ms");
    node.type("\x03q");
    await node.waitFor(/97\n3\n3\n113\n/);
  }
  await node.waitFor(PROMPT);
});

thoroughly("Ctrl-C ends more, and with it what writes to it", async () => {
  const { node } = await atPrompt();
  await node.enter("seq 100000 | more", "-- more: Space, Enter, Q --");
  node.type("\x03");
  await node.waitFor(PROMPT);
  expect(await output(node, "ps")).not.toMatch(/seq|more/);
  await node.enter("help | more", "-- more: Space, Enter, Q --");
  node.type("\x03");
  await node.waitFor(PROMPT);
  expect(await output(node, "seq 3 | more")).toBe("1\n2\n3\n");
});

thoroughly("a job gets no keys, and who waits for one is told when the time is up", async () => {
  const { node } = await atPrompt();
  await node.enter("screen keys &", /^key: not supported/m);
  await node.enter("", /ended with status 1: screen keys/);
  await node.enter("screen keys", /^key: timed out/m, { within: "10s" });
});

thoroughly("a program that draws whole screens leaves the console in order, however it ends", async () => {
  const { lab, node } = await atPrompt();
  node.type("screen '^[?1049h^[31;44mfull^[24;1Hlow^['\n");
  await lab.advance("200ms");
  expect(node.screen()[0]).toBe("full");
  node.type("\x03\x03");
  await node.waitFor(PROMPT);
  expect(node.screen()[0]).toMatch(/^qure:\/>/);
  await node.enter("echo plain", /^plain$/m);
  expect(attributes(node, 1, 5)).toEqual(Array<number>(5).fill(0x07));
});
