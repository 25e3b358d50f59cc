/** How a wait for a guest fails. */
import { formatNs } from "./time.ts";

/** A wait that ran out of virtual time: the message shows the end of what was there instead. */
export class WaitError extends Error {
  constructor(what: string, waitedNs: number, shown: string) {
    const tail = shown
      .split("\n")
      .slice(-12)
      .map((line) => `    | ${line}`)
      .join("\n");
    super(`${what} within ${formatNs(waitedNs)} of virtual time; the console ends with\n${tail}`);
    this.name = "WaitError";
  }
}

/** A guest whose exceptions could not be delivered: the message has the chain of them and the registers. */
export class TripleFaultError extends Error {
  /** Which node. */
  readonly node: string;
  constructor(node: string, atNs: number, report: string) {
    super(`${node}, at virtual time ${formatNs(atNs)}: ${report}`);
    this.name = "TripleFaultError";
    this.node = node;
  }
}
