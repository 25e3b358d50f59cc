/**
 * Pictures on a terminal: as half blocks, which every one shows, as sixels, or by kitty's protocol. They take 80
 * columns and 25 rows. Sources: DEC, VT330/VT340 Programmer Reference Manual, volume 2, chapter 14; kitty's graphics
 * protocol.
 */
import type { Picture } from "../../../emulator/machine.ts";
import { encodePng } from "../../host/png.ts";

export const PICTURE_COLUMNS = 80;
export const PICTURE_ROWS = 25;
/** Of a cell in points where the terminal does not say. */
export const USUAL_CELL: Cell = { width: 8, height: 16 };
const MOST_CELL = 64;
const KITTY_PIECE = 4096;
const MOST_COLOURS = 256;
const BAND_ROWS = 6;
const FIRST_SIXEL = 0x3f;
/** A run of so many equal characters is shorter as a count. */
const LEAST_RUN = 4;

export interface Cell {
  readonly width: number;
  readonly height: number;
}

/** A row of half blocks: each shows two points of the picture, one above the other. */
export function blockRow({ width, height, rgba }: Picture, row: number): string {
  const colour = (x: number, y: number): string => {
    const point =
      (Math.floor((y * height) / (2 * PICTURE_ROWS)) * width + Math.floor((x * width) / PICTURE_COLUMNS)) * 4;
    return `${rgba[point]};${rgba[point + 1]};${rgba[point + 2]}`;
  };
  let line = "";
  for (let x = 0; x < PICTURE_COLUMNS; x++) line += `\x1b[38;2;${colour(x, 2 * row)};48;2;${colour(x, 2 * row + 1)}m▀`;
  return `${line}\x1b[0m`;
}

/** A PNG in pieces, stretched over the cells at the cursor, in place of the one before. */
export function kittyPicture({ width, height, rgba }: Picture): string {
  const content = Buffer.from(encodePng(width, height, rgba)).toString("base64");
  let text = "";
  for (let at = 0; at < content.length; at += KITTY_PIECE) {
    const head = at === 0 ? `a=T,f=100,i=1,p=1,q=2,C=1,c=${PICTURE_COLUMNS},r=${PICTURE_ROWS},` : "";
    const isLast = at + KITTY_PIECE >= content.length;
    text += `\x1b_G${head}m=${isLast ? 0 : 1};${content.slice(at, at + KITTY_PIECE)}\x1b\\`;
  }
  return text;
}

/** Takes the picture of `kittyPicture` away. */
export const NO_KITTY_PICTURE = "\x1b_Ga=d,d=I,i=1,q=2\x1b\\";

/** Points as numbers of colours; `bits` of each component are kept. Null when that makes too many colours. */
function coloursOf(
  { width, height, rgba }: Picture,
  columns: number,
  rows: number,
  bits: number,
): { readonly points: Uint8Array; readonly colours: readonly number[] } | null {
  const mask = 0x10101 * ((0xff << (8 - bits)) & 0xff);
  const numbers = new Map<number, number>();
  const points = new Uint8Array(columns * rows);
  for (let y = 0; y < rows; y++) {
    const line = Math.floor((y * height) / rows) * width;
    for (let x = 0; x < columns; x++) {
      const at = 4 * (line + Math.floor((x * width) / columns));
      const colour = ((rgba[at]! << 16) | (rgba[at + 1]! << 8) | rgba[at + 2]!) & mask;
      let number = numbers.get(colour);
      if (number === undefined) {
        if (numbers.size === MOST_COLOURS) return null;
        numbers.set(colour, (number = numbers.size));
      }
      points[y * columns + x] = number;
    }
  }
  return { points, colours: [...numbers.keys()] };
}

/** A band of one colour, runs as counts. */
function sixelRuns(bits: Uint8Array): string {
  let line = "";
  for (let at = 0; at < bits.length; ) {
    let end = at + 1;
    while (end < bits.length && bits[end] === bits[at]) end++;
    const character = String.fromCharCode(FIRST_SIXEL + bits[at]!);
    const isRest = end === bits.length && bits[at] === 0;
    if (!isRest) line += end - at < LEAST_RUN ? character.repeat(end - at) : `!${end - at}${character}`;
    at = end;
  }
  return line;
}

/**
 * In points of the terminal, whose cells have this size; at most 256 colours, the nearest darker ones where there are
 * more.
 */
export function sixelPicture(picture: Picture, cell: Cell): string {
  const columns = PICTURE_COLUMNS * Math.min(cell.width, MOST_CELL);
  const rows = PICTURE_ROWS * Math.min(cell.height, MOST_CELL);
  let found = null;
  for (let bits = 8; found === null; bits--) found = coloursOf(picture, columns, rows, bits);
  const { points, colours } = found;
  const percent = (component: number): number => Math.round(((component & 0xff) * 100) / 255);
  let text = `\x1bP0;1;0q"1;1;${columns};${rows}`;
  colours.forEach((colour, number) => {
    text += `#${number};2;${percent(colour >> 16)};${percent(colour >> 8)};${percent(colour)}`;
  });
  for (let first = 0; first < rows; first += BAND_ROWS) {
    const used = new Map<number, Uint8Array>();
    for (let row = first; row < Math.min(rows, first + BAND_ROWS); row++)
      for (let x = 0; x < columns; x++) {
        const number = points[row * columns + x]!;
        let bits = used.get(number);
        if (bits === undefined) used.set(number, (bits = new Uint8Array(columns)));
        bits[x]! |= 1 << (row - first);
      }
    text += `${[...used].map(([number, bits]) => `#${number}${sixelRuns(bits)}`).join("$")}-`;
  }
  return `${text}\x1b\\`;
}
