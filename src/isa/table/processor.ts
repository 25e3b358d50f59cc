/**
 * The rows that the processors of the emulator, or their decoder, know; beside them stands later.ts. A program uses few
 * of them, and reading all takes longer than assembling a small file: so the encoder asks by name, and only rows that
 * hold the name are read.
 */

import type { Form } from "../form.ts";
import type { TableRow } from "../notation.ts";
import { parseRow, tableRows } from "../notation.ts";
import { INTEGER } from "./integer.ts";
import { MMX } from "./mmx.ts";
import { SSE } from "./sse.ts";
import { SYSTEM } from "./system.ts";
import { X87 } from "./x87.ts";

export class Table {
  readonly #rows: readonly TableRow[];
  readonly #forms: (Form | null)[];
  /** All rows, a newline before and after each, and where each begins. */
  readonly #text: string;
  readonly #starts: Int32Array;
  /** The number of the first row. */
  readonly #firstId: number;
  #all: readonly Form[] | null = null;

  constructor(rows: readonly TableRow[], firstId: number) {
    this.#rows = rows;
    this.#firstId = firstId;
    this.#forms = new Array<Form | null>(rows.length).fill(null);
    this.#starts = new Int32Array(rows.length);
    let text = "\n";
    for (let id = 0; id < rows.length; id++) {
      this.#starts[id] = text.length;
      text += `${rows[id]!.text}\n`;
    }
    this.#text = text;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** Every form, in the table's order. */
  get all(): readonly Form[] {
    return (this.#all ??= this.#rows.map((_, index) => this.#form(index)));
  }

  #form(index: number): Form {
    const { text, feature } = this.#rows[index]!;
    return (this.#forms[index] ??= parseRow(text, feature, this.#firstId + index));
  }

  /** Every form that has the word where names stand, and perhaps others, in the table's order. */
  mentioning(word: string): Form[] {
    const found: Form[] = [];
    if (word === "") return found; // it is found everywhere, without end
    const text = this.#text;
    let id = -1;
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      if (!BEFORE_NAME.has(text[at - 1]!) || !BEHIND_NAME.has(text[at + word.length]!)) continue;
      const row = this.#rowAt(at, id);
      if (row !== id) found.push(this.#form(row));
      id = row;
    }
    return found;
  }

  /** The row that holds an offset of the text, which is not before the row `from`. */
  #rowAt(offset: number, from: number): number {
    let low = Math.max(0, from);
    let high = this.#rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** What separates names from each other and from the rest of a row (notation.ts). */
const BEFORE_NAME: ReadonlySet<string> = new Set("\n/:=");
const BEHIND_NAME: ReadonlySet<string> = new Set("\n/: |");

let table: Table | null = null;

export const processorTable = (): Table =>
  (table ??= new Table(tableRows([...INTEGER, ...SYSTEM, ...X87, ...MMX, ...SSE]), 0));

/** Every form that a processor here may have, in the table's order. */
export const processorForms = (): readonly Form[] => processorTable().all;
