/**
 * The whole instruction table. A program uses few of its rows, and reading all of them takes longer than assembling a
 * small file: so the encoder asks by name, and only rows that hold the name are read.
 */

import type { Form, SizedNames } from "../form.ts";
import type { TableRow } from "../notation.ts";
import { parseRow, tableRows } from "../notation.ts";
import { INTEGER } from "./integer.ts";
import { MMX } from "./mmx.ts";
import { SSE } from "./sse.ts";
import { SYSTEM } from "./system.ts";
import { X87 } from "./x87.ts";

class Table {
  readonly #rows: readonly TableRow[];
  readonly #forms: (Form | null)[];
  /** All rows, a newline before and after each, and where each begins. */
  readonly #text: string;
  readonly #starts: Int32Array;

  constructor(rows: readonly TableRow[]) {
    this.#rows = rows;
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

  form(id: number): Form {
    return (this.#forms[id] ??= parseRow(this.#rows[id]!.text, this.#rows[id]!.feature, id));
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
      if (row !== id) found.push(this.form(row));
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
let forms: readonly Form[] | null = null;

const theTable = (): Table => (table ??= new Table(tableRows([...INTEGER, ...SYSTEM, ...X87, ...MMX, ...SSE])));

/** Every form, in the table's order: of forms that take the same operands, the encoder prefers the earlier. */
export const allForms = (): readonly Form[] =>
  (forms ??= Array.from({ length: theTable().size }, (_, id) => theTable().form(id)));

/** Every name of a form in one of the syntaxes. */
const namesIn = (form: Form, att: boolean): readonly SizedNames[] => (att ? form.attNames : form.names);

/** Forms that the encoder may choose for a name without suffix, in the table's order. */
export const formsNamed = (name: string, att: boolean): readonly Form[] =>
  theTable()
    .mentioning(name)
    .filter((form) => !form.decodeOnly && namesIn(form, att).some((pair) => pair.includes(name)));

/** All names without suffix, for suggestions. */
export const formNames = (att: boolean): ReadonlySet<string> =>
  new Set(
    allForms()
      .filter(({ decodeOnly }) => !decodeOnly)
      .flatMap((form) => namesIn(form, att).flat()),
  );
