/**
 * What goes between a cluster and its workers beside frames and output: what a worker is made of, and calls of
 * machines' methods with their results. Calls go through shared memory in pieces, so that they work wherever threads
 * share memory.
 */
import type { BoardParts } from "../board-config.ts";
import { decodePlain, encodePlain, type Plain } from "../state/plain.ts";
import type { MediumDescription } from "./described-media.ts";
import type { CommonFacts, MachineHost, MachineSpec } from "./machine-host.ts";
import { CALL_PIECE, type RecordArea } from "./records.ts";
import type { ChannelShape } from "./worker-channel.ts";

/** Parts of a machine that are plain data. */
export type PlainParts = Omit<BoardParts, MediumPart>;
type MediumPart = "ide" | "floppies" | "virtioDisks" | "ahci";
const MEDIUM_PARTS: readonly MediumPart[] = ["ide", "floppies", "virtioDisks", "ahci"];

export const isPlain = (parts: BoardParts): parts is PlainParts =>
  MEDIUM_PARTS.every((part) => parts[part] === undefined);

/** A machine without its media. */
export interface WorkerMachine extends Omit<MachineSpec, "disk" | "cdrom" | "parts"> {
  /** Where it stands in the cluster's order. */
  readonly index: number;
  readonly disk: MediumDescription | null;
  readonly cdrom: MediumDescription | null;
  readonly parts?: PlainParts;
}

export interface WorkerSetup extends CommonFacts {
  readonly channel: ChannelShape;
  readonly machines: readonly WorkerMachine[];
}

type MethodOf<Type> = {
  [Key in keyof Type]: Type[Key] extends (...args: never[]) => unknown ? Key : never;
}[keyof Type];
export type HostMethod = MethodOf<MachineHost>;

/** What is asked of all machines of a worker: their digests, and what it remembers of them, by numbers. */
export type GroupMethod = "digests" | "remember" | "restore" | "inherit" | "release" | "describe" | "remembered";

export interface Call {
  readonly machine: number;
  readonly method: HostMethod | "setLink" | "readDisk" | GroupMethod;
  readonly args: readonly Plain[];
}

export type CallResult = { readonly value: Plain } | { readonly error: string };

/** Puts a value into an area; `makeRoom` is called where it is full, and empties it. */
export function putPieces(area: RecordArea, value: Plain, makeRoom: () => void): void {
  const bytes = encodePlain(value);
  for (let at = 0; at < bytes.length; at += area.mostBytes) {
    const piece = bytes.subarray(at, at + area.mostBytes);
    if (area.put(CALL_PIECE, 0, 0, 0, piece)) continue;
    makeRoom();
    area.put(CALL_PIECE, 0, 0, 0, piece);
  }
}

/** The pieces of a value as they come. */
export class Pieces {
  #pieces: Uint8Array[] = [];

  add(piece: Uint8Array): void {
    this.#pieces.push(piece);
  }

  /** The value that they make; what comes next is another one. */
  take(): Plain {
    const bytes = new Uint8Array(this.#pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    return decodePlain(bytes);
  }
}
