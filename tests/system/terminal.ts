/** What a terminal at the serial line shows. */
import type { LabNode } from "../../src/index.ts";

/** A terminal of a size, which answers when it is asked where its cursor is. */
export class Terminal {
  readonly rows: number;
  readonly columns: number;
  readonly #cells: string[][];
  readonly #node: LabNode;
  #row = 0;
  #column = 0;
  #kept: readonly [row: number, column: number] = [0, 0];
  #pending = "";
  answers: boolean;

  constructor(node: LabNode, rows: number, columns: number, answers = true) {
    this.rows = rows;
    this.columns = columns;
    this.#node = node;
    this.answers = answers;
    this.#cells = Array.from({ length: rows }, () => Array<string>(columns).fill(" "));
    node.console.listen((bytes) => {
      this.#pending += Buffer.from(bytes).toString("latin1");
      this.#take();
    });
  }

  get text(): string[] {
    return this.#cells.map((line) => line.join("").trimEnd());
  }

  #take(): void {
    const token = /^(?:\x1b\[([?\d;]*)([A-Za-z])|([^\x1b]))/;
    for (let match = token.exec(this.#pending); match; match = token.exec(this.#pending)) {
      this.#pending = this.#pending.slice(match[0].length);
      const [, parameters = "", final, plain] = match;
      if (final === "s") this.#kept = [this.#row, this.#column];
      else if (final === "u") [this.#row, this.#column] = this.#kept;
      else if (final === "n" && this.answers)
        this.#node.send(Buffer.from(`\x1b[${this.#row + 1};${this.#column + 1}R`));
      else if (final === "H") this.#move(parameters);
      else if (final === "J") for (const line of this.#cells) line.fill(" ");
      else if (final === "K") this.#cells[this.#row]!.fill(" ", this.#column);
      else if (plain !== undefined) this.#put(plain);
    }
  }

  #move(parameters: string): void {
    const [row = 1, column = 1] = parameters.split(";").map((number) => Number(number) || 1);
    this.#row = Math.min(row, this.rows) - 1;
    this.#column = Math.min(column, this.columns) - 1;
  }

  #put(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\b") this.#column = Math.max(this.#column - 1, 0);
    else if (character === "\n") this.#down();
    else {
      if (this.#column >= this.columns) {
        this.#column = 0;
        this.#down();
      }
      this.#cells[this.#row]![this.#column++] = character;
    }
  }

  #down(): void {
    if (++this.#row < this.rows) return;
    this.#row--;
    this.#cells.shift();
    this.#cells.push(Array<string>(this.columns).fill(" "));
  }
}
