/**
 * Explains guests' triple faults on standard error: with names and source lines for the address that a machine reports.
 */
import { TRIPLE_FAULT } from "../../../emulator/cpu/triple-fault.ts";
import { formatNs } from "../../lab/time.ts";
import type { Progress } from "../progress.ts";
import { Places } from "./symbols.ts";

/** Where it was, and the ends of the branches before: all have places. */
const ADDRESS = /(?<=^ {2}at |^ {4}|^ {4}[0-9a-f]{8} to )[0-9a-f]{8}\b/gm;

/** The exceptions and the address, without registers. */
const WHICH = /^.*(?:\n {2}at [0-9a-f]+)?/;

export class TripleFaults {
  readonly #progress: Progress;
  readonly #symbols: readonly string[];
  readonly #image: string | null;
  #count = 0;
  /** What was told: machines, exceptions and where they were. */
  readonly #told = new Set<string>();

  /** `symbols` are files given by the user; without any, those beside `image` give the names. */
  constructor(progress: Progress, symbols: readonly string[], image: string | null) {
    this.#progress = progress;
    this.#symbols = symbols;
    this.#image = image;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** Takes what a machine reports; only triple faults are told, and each once: a guest may meet it at every start. */
  hear(node: string, atNs: number, line: string): void {
    if (!line.startsWith(TRIPLE_FAULT)) return;
    this.#count++;
    const which = `${node} ${WHICH.exec(line)![0]}`;
    if (this.#told.has(which)) return;
    this.#told.add(which);
    const places = new Places(this.#symbols, this.#image);
    const report = line.replace(ADDRESS, (address) => places.describe(Number.parseInt(address, 16)));
    this.#progress.note(`${node}, at virtual time ${formatNs(atNs)}: ${report}`);
  }

  /** What is worth saying at the end; null when none came again. */
  get hint(): string | null {
    const again = this.#count - this.#told.size;
    return again === 0
      ? null
      : `triple faults that were told came ${again} times more; --no-reboot ends the run with the first`;
  }
}
