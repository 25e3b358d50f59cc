/** Paints what a machine shows on a terminal: what has changed, and not too often. */
import { type TextScreen, unicodeOf } from "../../../emulator/devices/vga-text.ts";
import type { Picture } from "../../../emulator/machine.ts";
import type { LabNode } from "../../lab/lab.ts";
import {
  blockRow,
  type Cell,
  kittyPicture,
  NO_KITTY_PICTURE,
  PICTURE_COLUMNS,
  PICTURE_ROWS,
  sixelPicture,
  USUAL_CELL,
} from "./picture-ways.ts";
import type { Terminal } from "./terminal.ts";

/** Text and half blocks are painted at most this often; */
const FRAME_MS = 40;
/** a picture of points takes longer to make, and more of the line. */
const PICTURE_MS = 100;
const GLYPH_COLUMNS = 8;
const GLYPH_ROWS = 16;

/** The PC's colours count blue, green, red; a terminal's red, green, blue. */
const ANSI = [0, 4, 2, 6, 1, 5, 3, 7] as const;

/** What an attribute looks like in colour. */
function coloured(attribute: number): string {
  const foreground = (attribute & 8 ? 90 : 30) + ANSI[(attribute & 7) as 0]!;
  return `\x1b[0;${foreground};${40 + ANSI[((attribute >> 4) & 7) as 0]!}m`;
}

/**
 * What an attribute looks like on a monochrome screen: any foreground is light, any background too; 1 is underlined.
 */
function monochrome(attribute: number): string {
  const foreground = (attribute & 8 ? 90 : 30) + (attribute & 7 ? 7 : 0);
  const underlined = (attribute & 0x77) === 1 ? "4;" : "";
  return `\x1b[0;${underlined}${foreground};${attribute & 0x70 ? 47 : 40}m`;
}

/** A row of text with the escape sequences of its colours. */
function textRow(screen: TextScreen, row: number): string {
  let line = "";
  let before = -1;
  for (let column = 0; column < screen.columns; column++) {
    const cell = screen.cells[row * screen.columns + column]!;
    const attribute = cell >> 8;
    if (attribute !== before) {
      line += screen.isMonochrome ? monochrome(attribute) : coloured(attribute);
      before = attribute;
    }
    const character = cell & 0xff;
    line += character === 0 || character === 0xff ? " " : unicodeOf(character);
  }
  return `${line}\x1b[0m`;
}

export class ScreenPainter {
  /** How the terminal shows graphics. */
  way: "blocks" | "sixel" | "kitty" = "blocks";
  cell: Cell = USUAL_CELL;
  readonly #node: LabNode;
  readonly #stdout: Terminal["stdout"];
  #rows: readonly string[] = [];
  #picture: Picture | null = null;
  /** A picture that text does not paint over is there. */
  #liesAbove = false;
  #hasCursor = false;
  #paintedAt = 0;

  constructor(node: LabNode, stdout: Terminal["stdout"]) {
    this.#node = node;
    this.#stdout = stdout;
  }

  /** How many points of the guest's screen a cell of the terminal stands for, across and down. */
  get pointsInCell(): readonly [number, number] {
    if (this.#picture === null) return [GLYPH_COLUMNS, GLYPH_ROWS];
    return [this.#picture.width / PICTURE_COLUMNS, this.#picture.height / PICTURE_ROWS];
  }

  /** Everything is painted anew next time. */
  forget(): void {
    this.#rows = [];
    this.#picture = null;
    this.#paintedAt = 0;
  }

  clear(): void {
    this.takePictureAway();
    this.forget();
    this.#stdout.write("\x1b[0m\x1b[2J\x1b[H");
  }

  /** Text does not paint over a picture of kitty's protocol. */
  takePictureAway(): void {
    if (this.#liesAbove) this.#stdout.write(NO_KITTY_PICTURE);
    this.#liesAbove = false;
  }

  paint(): void {
    const sinceMs = performance.now() - this.#paintedAt;
    if (sinceMs < FRAME_MS) return;
    const screen = this.#node.machine.screen();
    if (screen.rows > 0) {
      if (this.#picture !== null) this.clear();
      this.#paintedAt = performance.now();
      this.#paintRows(Array.from({ length: screen.rows }, (_, row) => textRow(screen, row)));
      if (screen.cursor) this.#stdout.write(`\x1b[${screen.cursor.row + 1};${screen.cursor.column + 1}H\x1b[?25h`);
      else if (this.#hasCursor) this.#stdout.write("\x1b[?25l");
      this.#hasCursor = screen.cursor !== null;
      return;
    }
    if (this.way !== "blocks" && sinceMs < PICTURE_MS) return;
    const picture = this.#node.screenshot();
    if (this.#picture === null) this.clear();
    this.#paintedAt = performance.now();
    const before = this.#picture;
    this.#picture = picture;
    if (this.way === "blocks")
      this.#paintRows(Array.from({ length: PICTURE_ROWS }, (_, row) => blockRow(picture, row)));
    else if (before === null || Buffer.compare(before.rgba, picture.rgba) !== 0) {
      this.#liesAbove = this.way === "kitty";
      const points = this.#liesAbove ? kittyPicture(picture) : sixelPicture(picture, this.cell);
      this.#stdout.write(`\x1b[?25l\x1b[H${points}`);
    }
  }

  #paintRows(rows: readonly string[]): void {
    const changed = rows
      .map((row, index) => (row === this.#rows[index] ? "" : `\x1b[${index + 1};1H${row}\x1b[K`))
      .join("");
    this.#rows = rows;
    if (changed !== "") this.#stdout.write(`${changed}\x1b[?25l`);
  }
}
