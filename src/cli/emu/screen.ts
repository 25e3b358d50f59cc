/**
 * A machine's own screen on the terminal, for systems that are not QuRe: text in its colours, graphics as half blocks.
 * Keys go to the PS/2 keyboard. Ctrl-] and a letter are for the emulator.
 */
import { KEYS } from "../../../emulator/devices/scancodes.ts";
import { type TextScreen, unicodeOf } from "../../../emulator/devices/vga-text.ts";
import type { Picture } from "../../../emulator/machine.ts";
import type { LabCluster, LabNode } from "../../lab/lab.ts";
import type { Terminal } from "./terminal.ts";

const CTRL_RIGHT_BRACKET = "\x1d";
/** The terminal is painted at most this often. */
const FRAME_MS = 40;
const MENU =
  "Ctrl-] then: q quit, s screen or COM1, r reset, p power button, d Ctrl-Alt-Del, ] the key itself; anything else goes back";

/** The PC's colours count blue, green, red; a terminal's red, green, blue. */
const ANSI = [0, 4, 2, 6, 1, 5, 3, 7] as const;
const GRAPHICS_COLUMNS = 80;
const GRAPHICS_ROWS = 25;

/** What terminals send for keys that are not characters. */
const SEQUENCES: readonly (readonly [sequence: string, key: number])[] = [
  ["\x1b[A", KEYS.up],
  ["\x1b[B", KEYS.down],
  ["\x1b[C", KEYS.right],
  ["\x1b[D", KEYS.left],
  ["\x1bOA", KEYS.up],
  ["\x1bOB", KEYS.down],
  ["\x1bOC", KEYS.right],
  ["\x1bOD", KEYS.left],
  ["\x1b[H", KEYS.home],
  ["\x1b[F", KEYS.end],
  ["\x1b[2~", KEYS.insert],
  ["\x1b[3~", KEYS.delete],
  ["\x1b[5~", KEYS.pageUp],
  ["\x1b[6~", KEYS.pageDown],
  ["\x1bOP", KEYS.f1],
  ["\x1bOQ", KEYS.f2],
  ["\x1bOR", KEYS.f3],
  ["\x1bOS", KEYS.f4],
  ["\x1b[15~", KEYS.f5],
  ["\x1b[17~", KEYS.f6],
  ["\x1b[18~", KEYS.f7],
  ["\x1b[19~", KEYS.f8],
  ["\x1b[20~", KEYS.f9],
  ["\x1b[21~", KEYS.f10],
  ["\x1b[23~", KEYS.f11],
  ["\x1b[24~", KEYS.f12],
];

/** A row of text with the escape sequences of its colours. */
function textRow(screen: TextScreen, row: number): string {
  let line = "";
  let before = -1;
  for (let column = 0; column < screen.columns; column++) {
    const cell = screen.cells[row * screen.columns + column]!;
    const attribute = cell >> 8;
    if (attribute !== before) {
      const foreground = (attribute & 8 ? 90 : 30) + ANSI[(attribute & 7) as 0]!;
      line += `\x1b[0;${foreground};${40 + ANSI[((attribute >> 4) & 7) as 0]!}m`;
      before = attribute;
    }
    const character = cell & 0xff;
    line += character === 0 || character === 0xff ? " " : unicodeOf(character);
  }
  return `${line}\x1b[0m`;
}

/** A row of half blocks: each shows two points of the picture, one above the other. */
function pictureRow({ width, height, rgba }: Picture, row: number): string {
  const colour = (x: number, y: number): string => {
    const point =
      (Math.floor((y * height) / (2 * GRAPHICS_ROWS)) * width + Math.floor((x * width) / GRAPHICS_COLUMNS)) * 4;
    return `${rgba[point]};${rgba[point + 1]};${rgba[point + 2]}`;
  };
  let line = "";
  for (let x = 0; x < GRAPHICS_COLUMNS; x++) line += `\x1b[38;2;${colour(x, 2 * row)};48;2;${colour(x, 2 * row + 1)}m▀`;
  return `${line}\x1b[0m`;
}

/** Rows of what the machine shows, each with its colours. */
function screenRows(node: LabNode): string[] {
  const screen = node.machine.screen();
  if (screen.rows > 0) return Array.from({ length: screen.rows }, (_, row) => textRow(screen, row));
  const picture = node.screenshot();
  return Array.from({ length: GRAPHICS_ROWS }, (_, row) => pictureRow(picture, row));
}

/** Runs at the pace of real time until the person leaves or the machine is off. */
export async function watchScreen(
  lab: LabCluster,
  { stdin, stdout }: Terminal,
  interrupt: AbortController,
): Promise<void> {
  const node = lab.nodes[0]!;
  let shown: string[] = [];
  let paintedAt = 0;
  let showsScreen = true;
  let isCommand = false;
  let left = false;
  let silence = (): void => {};
  lab.realtime = true;

  const paint = (): void => {
    if (!showsScreen || performance.now() - paintedAt < FRAME_MS) return;
    paintedAt = performance.now();
    const rows = screenRows(node);
    const changed = rows.map((row, index) => (row === shown[index] ? "" : `\x1b[${index + 1};1H${row}\x1b[K`)).join("");
    const cursor = node.machine.screen().cursor;
    shown = rows;
    if (changed === "" && cursor === null) return;
    stdout.write(`${changed}${cursor ? `\x1b[${cursor.row + 1};${cursor.column + 1}H\x1b[?25h` : "\x1b[?25l"}`);
  };
  const clear = (): void => {
    shown = [];
    stdout.write("\x1b[0m\x1b[2J\x1b[H");
  };
  const commands: Readonly<Record<string, () => void>> = {
    q: () => void (left = true),
    r: () => node.reset(),
    p: () => node.machine.pressPowerButton(),
    d: () => {
      for (const down of [true, false])
        for (const key of [KEYS.control, KEYS.alt, KEYS.delete]) node.machine.key(key, down);
    },
    s: () => {
      showsScreen = !showsScreen;
      clear();
      silence();
      silence = (): void => {};
      if (showsScreen) return;
      stdout.write(node.console.text.split("\n").slice(-GRAPHICS_ROWS).join("\r\n"));
      silence = node.console.listen((bytes) => void stdout.write(bytes));
    },
    "]": () => give(CTRL_RIGHT_BRACKET),
  };
  const give = (text: string): void => {
    if (!showsScreen) node.send(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    else node.typeKeys(text);
  };
  const onData = (data: Uint8Array): void => {
    let text = Array.from(data, (byte) => String.fromCharCode(byte)).join("");
    while (text !== "") {
      const known = showsScreen && !isCommand ? SEQUENCES.find(([sequence]) => text.startsWith(sequence)) : undefined;
      const [character] = text;
      text = text.slice(known ? known[0].length : 1);
      if (known) for (const down of [true, false]) node.machine.key(known[1], down);
      else if (isCommand) {
        isCommand = false;
        shown = [];
        commands[character!]?.();
      } else if (character === CTRL_RIGHT_BRACKET) {
        isCommand = true;
        stdout.write(`\x1b[${GRAPHICS_ROWS + 1};1H\x1b[0m${MENU}`);
      } else give(character!);
    }
  };
  stdin.setRawMode?.(true);
  stdin.on("data", onData);
  stdin.resume();
  clear();
  try {
    await lab.until(
      () => {
        paint();
        return left || node.isOff || interrupt.signal.aborted;
      },
      "",
      { within: "forever" },
    );
    paintedAt = 0;
    paint();
  } finally {
    silence();
    stdin.off("data", onData);
    stdin.setRawMode?.(false);
    stdin.pause();
    stdout.write(`\x1b[0m\x1b[?25h\x1b[${GRAPHICS_ROWS + 1};1H\x1b[K\n`);
  }
}
