/**
 * What machines report about their guests: accesses to devices that are not there, resets. To files, or at least
 * counted.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { withFile } from "../fail.ts";

/** What happens in good order on any machine is for the log only. */
const USUAL = /^(?:power off|reset by |triple fault)/;

export class MachineLog {
  readonly #folder: string | null;
  readonly #counts = new Map<string, number>();

  /** `folder`: where NAME.machine.log goes; null: nowhere. */
  constructor(folder: string | null) {
    this.#folder = folder;
  }

  write(node: string, line: string): void {
    if (!USUAL.test(line)) this.#counts.set(node, (this.#counts.get(node) ?? 0) + 1);
    if (this.#folder !== null) {
      const path = join(this.#folder, `${node}.machine.log`);
      withFile(path, () => appendFileSync(path, `${line}\n`));
    } else if (process.env["QURE_DEBUG"]) process.stderr.write(`${node}: ${line}\n`);
  }

  /** What is worth saying at the end; null when there was nothing, or when it can be read. */
  get hint(): string | null {
    if (this.#folder !== null || this.#counts.size === 0) return null;
    const counts = [...this.#counts].map(([node, count]) => `${node} ${count}`).join(", ");
    return `accesses of guests that nothing answers: ${counts}; --log DIR says which`;
  }
}
