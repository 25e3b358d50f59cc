/** What goes through a worker's port: what it is made of, and calls of machines' methods with their results. */
import type { BoardParts } from "../../emulator/board.ts";
import type { MachineHost } from "../../emulator/cluster/machine-host.ts";
import type { JitMode } from "../../emulator/jit/jit.ts";
import type { MediumDescription } from "./media.ts";
import type { ChannelShape } from "./worker-channel.ts";

/** Parts of a machine that are plain data. */
export type PlainParts = Omit<BoardParts, MediumPart>;
type MediumPart = "ide" | "floppies" | "virtioDisks";
const MEDIUM_PARTS: readonly MediumPart[] = ["ide", "floppies", "virtioDisks"];

export const isPlain = (parts: BoardParts): parts is PlainParts =>
  MEDIUM_PARTS.every((part) => parts[part] === undefined);

/** A machine without its media. */
export interface WorkerMachine {
  /** Where it stands in the cluster's order. */
  readonly index: number;
  readonly name: string;
  readonly ramBytes: number;
  readonly macAddress: Uint8Array;
  readonly powerOnNs: number;
  readonly disk: MediumDescription | null;
  readonly cdrom: MediumDescription | null;
  readonly parts?: PlainParts;
}

export interface WorkerSetup {
  readonly channel: ChannelShape;
  readonly firmware: Uint8Array;
  readonly startSeconds: number;
  readonly jit: JitMode;
  readonly reboot: boolean;
  readonly machines: readonly WorkerMachine[];
}

type MethodOf<Type> = {
  [Key in keyof Type]: Type[Key] extends (...args: never[]) => unknown ? Key : never;
}[keyof Type];
export type HostMethod = MethodOf<MachineHost>;

/** A call of a method, of the cable's `setLink`, or for the digests of all machines of the thread. */
export interface Call {
  readonly machine: number;
  readonly method: HostMethod | "setLink" | "readDisk" | "digests";
  readonly args: readonly unknown[];
}

export type CallResult = { readonly value: unknown } | { readonly error: string };
