/** What the nodes' consoles say about the cluster: the lines of the cluster daemon (docs/kernel.md). */

import type { ConsoleText } from "./console.ts";

export interface CloudStatus {
  readonly name: string;
  readonly address: string;
  readonly era: number;
  readonly age: number;
  readonly peers: number;
}

const LINE = /^cloud: (\S+) (\d+\.\d+\.\d+\.\d+) era (\d+) age (\d+) peers (\d+)\s*$/gm;

/** The last status that a console printed, or null when its node is not in a cluster yet. */
export function lastStatus(console: string): CloudStatus | null {
  let last: RegExpExecArray | null = null;
  LINE.lastIndex = 0;
  for (let match = LINE.exec(console); match; match = LINE.exec(console)) last = match;
  if (!last) return null;
  return { name: last[1]!, address: last[2]!, era: Number(last[3]), age: Number(last[4]), peers: Number(last[5]) };
}

/** Remembers what consoles said: only what is new is looked at, however long the consoles have become. */
export class StatusBoard {
  readonly #consoles: readonly ConsoleText[];
  readonly #seen: { bytes: number; from: number; status: CloudStatus | null }[];

  constructor(consoles: readonly ConsoleText[]) {
    this.#consoles = consoles;
    this.#seen = consoles.map(() => ({ bytes: -1, from: 0, status: null }));
  }

  /** Each console's last status. */
  statuses(): (CloudStatus | null)[] {
    return this.#consoles.map((console, index) => {
      const seen = this.#seen[index]!;
      if (console.length === seen.bytes) return seen.status;
      seen.bytes = console.length;
      const { text } = console;
      seen.status = lastStatus(text.slice(seen.from)) ?? seen.status;
      // A line that is not complete is read again.
      seen.from = text.lastIndexOf("\n") + 1;
      return seen.status;
    });
  }
}

/** All nodes are in the same era and each sees all the others. */
export function isAgreed(statuses: readonly (CloudStatus | null)[]): boolean {
  const era = statuses[0]?.era;
  return statuses.every((status) => status !== null && status.era === era && status.peers === statuses.length - 1);
}
