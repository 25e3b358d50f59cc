/** A machine in a process of its own, of which COM1 is the terminal; and what the process has cost. */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

/** A system that says nothing new for so long hangs. */
const SILENCE_MS = 120_000;
/** The kernel counts processor time in these. */
const TICKS_PER_SECOND = 100;

/** Processor time of a process with all its threads, in seconds. */
export function processorTime(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return NaN;
  }
}

/** One machine's COM1: what it said, and when. */
export class Terminal {
  text = "";
  #waiting: { readonly isThere: () => boolean; readonly resolve: () => void } | null = null;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout!.on("data", (bytes: Buffer) => {
      this.text += bytes.toString("latin1");
      if (this.#waiting?.isThere()) {
        this.#waiting.resolve();
        this.#waiting = null;
      }
    });
  }

  /** Waits for a text after a position. @throws Error when the machine falls silent. */
  async until(text: string, from: number): Promise<void> {
    const isThere = (): boolean => this.text.indexOf(text, from) >= 0;
    if (isThere()) return;
    await new Promise<void>((resolve, reject) => {
      const watchdog = setTimeout(
        () => reject(new Error(`no ${JSON.stringify(text)}; COM1 ends with ${JSON.stringify(this.text.slice(-300))}`)),
        SILENCE_MS,
      );
      this.#waiting = {
        isThere,
        resolve: () => {
          clearTimeout(watchdog);
          resolve();
        },
      };
    });
  }

  type(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }
}
