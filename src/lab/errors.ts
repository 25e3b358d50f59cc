/** How a wait for a guest fails. */
import { formatNs } from "./time.ts";

/** What a person sees of a wait that failed. */
export interface FailedWait {
  /** `qure-1 did not print /ready/`. */
  readonly what: string;
  /** Virtual time that passed. */
  readonly waitedNs: number;
  /** That the machines had ended before the time was over, and how; null when they had not. */
  readonly ended: string | null;
  /** What was looked at, and all that it showed; null when no console or screen was. */
  readonly shown: { readonly title: string; readonly text: string } | null;
  /** Where each machine is. */
  readonly places: readonly string[];
}

const SHOWN_LINES = 12;

function tailOf(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines
    .slice(-SHOWN_LINES)
    .map((line) => `\n    | ${line.trimEnd()}`)
    .join("");
}

function messageOf({ what, waitedNs, ended, shown, places }: FailedWait): string {
  const outcome =
    ended === null
      ? `${what} within ${formatNs(waitedNs)} of virtual time`
      : `${what}: after ${formatNs(waitedNs)} of virtual time ${ended}`;
  const tail = shown === null ? "" : tailOf(shown.text);
  const seen = shown === null ? "" : tail === "" ? `; ${shown.title} is empty` : `; ${shown.title} ends with${tail}`;
  return `${outcome}${seen}${places.map((place) => `\n  ${place}`).join("")}`;
}

/** A wait that failed: the message shows the end of what was there instead, and where the machines are. */
export class WaitError extends Error {
  constructor(wait: FailedWait) {
    super(messageOf(wait));
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
