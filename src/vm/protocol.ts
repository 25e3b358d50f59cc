/**
 * What a cluster's owner and those who ask it say to each other: lines of JSON over a socket of the host, one request
 * and its answers by a connection (docs/formats/machine.md).
 */

import type { Observer } from "../cloud/observer.ts";
import type { PushOutcome } from "../cloud/pushes.ts";

export const PROTOCOL_VERSION = 1;

/**
 * `failed`: it ended by itself and not because its system switched it off. `no answer`: whoever runs it is there and
 * says nothing.
 */
export type MachineState = "off" | "running" | "paused" | "suspended" | "failed" | "no answer";

export interface MachineStatus {
  readonly key: string;
  readonly id: string;
  readonly state: MachineState;
  /** What is to be known of it: why it failed. */
  readonly note: string | null;
  readonly address: string | null;
  /** Milliseconds since 1970; null while it is off. */
  readonly sinceMs: number | null;
  /** Of the process that runs it, when that is its own. */
  readonly pid: number | null;
  /** Processor time that it took, in seconds. */
  readonly processorSeconds: number;
  /** Instructions that it has executed, where that is known. */
  readonly instructions: number | null;
}

export interface OwnerStatus {
  readonly version: number;
  readonly cluster: string;
  readonly folder: string;
  /** Drawn anew by each owner. */
  readonly nonce: string;
  readonly pid: number;
  readonly boot: string;
  readonly started: string;
  readonly memoryBytes: number;
  readonly machines: readonly MachineStatus[];
}

/** What the nodes' own packets say (docs/protocols/cluster.md, "Observers"). */
export interface CloudStatus extends Pick<Observer, "parts" | "services" | "events" | "isOutdated" | "blank"> {
  /** Of the cluster whose key this host has; null: it has none. */
  readonly name: string | null;
  /** Null while they are not known. */
  readonly settings: Readonly<Record<string, string>> | null;
}

/** What is asked of the cluster through its owner. */
export type CloudRequest =
  | { readonly verb: "cloud" }
  /** Null: there is to be no value of this name. */
  | { readonly verb: "set"; readonly name: string; readonly value: string | null }
  /** A service address, to a node by its name, address or id. */
  | { readonly verb: "move"; readonly address: string; readonly node: string }
  | { readonly verb: "invite" }
  | { readonly verb: "join"; readonly code: string }
  /** `nodes`: names, addresses or ids of members; `all`: each of them. The answer: PushStatus. */
  | { readonly verb: "pushed"; readonly nodes: readonly string[] }
  /** The module in a file of this host. */
  | {
      readonly verb: "push";
      readonly nodes: readonly string[];
      readonly name: string;
      readonly path: string;
      readonly keeps: boolean;
    }
  | { readonly verb: "unpush"; readonly nodes: readonly string[]; readonly name: string };

/** What became of a push, or is pushed, at each node. */
export interface PushStatus {
  readonly nodes: readonly {
    readonly node: string;
    readonly id: string;
    readonly revision: number;
    readonly outcome: PushOutcome;
  }[];
}

export type Request =
  | CloudRequest
  | { readonly verb: "status" }
  /** The file `link` has changed. */
  | { readonly verb: "link" }
  | { readonly verb: "start"; readonly key: string }
  | { readonly verb: "button"; readonly key: string }
  | { readonly verb: "kill"; readonly key: string }
  | { readonly verb: "reset"; readonly key: string }
  | { readonly verb: "pause"; readonly key: string }
  | { readonly verb: "unpause"; readonly key: string }
  | { readonly verb: "suspend"; readonly key: string }
  | { readonly verb: "screenshot"; readonly key: string }
  | { readonly verb: "sendkey"; readonly key: string; readonly keys: readonly string[] }
  | { readonly verb: "tail"; readonly key: string }
  /** What the console says from now on, and what it has said last; the connection is the console then. */
  | { readonly verb: "console"; readonly key: string }
  /** A copy of the disk as it is now, under a volume's name. */
  | { readonly verb: "copy-disk"; readonly key: string; readonly volume: string; readonly isSnapshot: boolean }
  /**
   * Likewise, and what is in its memory at that moment is what the machine with this id is started with, within a
   * minute. The answer is the configuration with which it runs.
   */
  | { readonly verb: "fork"; readonly key: string; readonly volume: string | null; readonly id: string }
  /**
   * A snapshot of its disk under a volume's name, and of its memory in the machine's folder under this one. The answer
   * is the same.
   */
  | { readonly verb: "keep"; readonly key: string; readonly volume: string | null; readonly name: string }
  /** Events, one a line, for as long as the connection lasts. */
  | { readonly verb: "watch" }
  | { readonly verb: "quit" };

export type Answer = { readonly ok: unknown } | { readonly error: string };

export interface MachineEvent {
  readonly atMs: number;
  readonly key: string;
  readonly state: MachineState;
  readonly note: string | null;
}

export interface Screenshot {
  /** A PNG, in base64. */
  readonly png: string;
}

/** Whether a machine has power, as far as anybody says. */
export const isMachineOn = ({ state }: Pick<MachineStatus, "state">): boolean =>
  state === "running" || state === "paused";
