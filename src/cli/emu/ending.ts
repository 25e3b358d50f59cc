/**
 * How a run ends. Whichever way it does, all that was asked for is written here, and here alone; what failed first is
 * what the command says at the end.
 */
import type { LabCluster, LabNode } from "../../lab/lab.ts";
import { CommandError } from "../fail.ts";

/** The ways in which a run ends, each with the exit code that is its own. */
export const ENDS = {
  /** `--until` was reached. */
  reached: 0,
  /** The time of `--for` is over. */
  time: 0,
  /** The script was typed, the link repeated, the snapshot shown. */
  done: 0,
  /** A person left, or a monitor's client did. */
  left: 0,
  /** All machines are off. */
  off: 0,
  /** All machines are off, and a guest has used the debug exit port: its status is the command's. */
  "debug exit": 0,
  /** `--until` was not reached. */
  "not reached": 3,
  /** Machines are on and will never do anything again by themselves. */
  standstill: 4,
  /** With `--no-reboot`. */
  "triple fault": 4,
  /** Ctrl-C, SIGTERM. */
  interrupted: 130,
  failed: 1,
} as const;

export type EndKind = keyof typeof ENDS;

export interface End {
  readonly kind: EndKind;
  /** What is said of it as an error; empty: nothing, or all has been said. */
  readonly message?: string;
  /** What went wrong. */
  readonly error?: unknown;
}

/** A guest that has given a status at the debug exit port. */
export interface GuestStatus {
  readonly name: string;
  readonly status: number;
}

/** Hears when machines are switched off. */
export class PowerLog {
  readonly #offNs = new Map<string, number>();

  hear(node: string, atNs: number, line: string): void {
    if (line === "power off") this.#offNs.set(node, atNs);
  }

  /** Of all guests that used the debug exit port, the first: nobody asked the others any more. Null: none has. */
  firstStatus({ nodes }: LabCluster): GuestStatus | null {
    const offNs = ({ name }: LabNode): number => this.#offNs.get(name) ?? 0;
    const [first] = nodes
      .filter(({ exitStatus }) => exitStatus !== null)
      .sort((one, other) => offNs(one) - offNs(other) || one.index - other.index);
    return first ? { name: first.name, status: first.exitStatus! } : null;
  }
}

/** Ends whose code is ours. After a goal is reached it is chance whether a guest's end still comes before we look. */
const OURS: ReadonlySet<EndKind> = new Set(["reached", "interrupted"]);

/** The exit code: the guest's, as QEMU has it, where there is one and nothing of ours counts more. */
export function exitCodeOf({ kind, error }: End, guest: GuestStatus | null): number {
  if (kind === "failed") return error instanceof CommandError ? error.exitCode : ENDS.failed;
  return OURS.has(kind) ? ENDS[kind] : (guest?.status ?? ENDS[kind]);
}

/** Does all of this, whatever fails of it; returns what failed first. */
export function attempt(steps: readonly (() => void)[]): unknown {
  let failure: unknown;
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      failure ??= error;
    }
  }
  return failure;
}

/** Ends the command as the run has ended. */
export function conclude(end: End, code: number, failure: unknown): void {
  if (end.kind === "failed") throw end.error;
  if (failure !== undefined && end.kind !== "interrupted") throw failure;
  if (code !== 0 || end.message) throw new CommandError(end.message ?? "", code);
}
