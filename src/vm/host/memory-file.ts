/**
 * What is kept of a machine that is suspended (docs/formats/machine.md): a line of JSON, and its state, deflated. It is
 * of one machine, and of its disk as it was then.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { deflateSync, inflateSync } from "node:zlib";
import { writeFileAside } from "../../host/files.ts";
import { MachineError } from "./home.ts";
import type { Moment } from "./runner.ts";

const MAGIC = "qure machine memory 2";
const FAST = { level: 1 } as const;

export interface Memory extends Moment {
  /** Of the machine whose it is. */
  readonly machine: string;
  /** What its disk was; null: it has none. */
  readonly disk: string | null;
  /** It has gone on from here before, or will again: its system is told so. */
  readonly isCopy: boolean;
}

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export function writeMemory(path: string, { state, ...head }: Memory): void {
  const packed = deflateSync(state, FAST);
  const line = JSON.stringify({ format: MAGIC, ...head, stateBytes: state.length, digest: digestOf(packed) });
  writeFileAside(path, Buffer.concat([Buffer.from(`${line}\n`), packed]), 0o600);
}

interface Head extends Omit<Memory, "state"> {
  readonly format: string;
  readonly stateBytes: number;
  readonly digest: string;
}

function parseHead(line: string): Head | null {
  try {
    const head = JSON.parse(line) as Head | null;
    return typeof head?.format === "string" ? head : null;
  } catch {
    return null;
  }
}

/** Throws a MachineError for one that is damaged, or another machine's. */
export function readMemory(path: string, machine: string): Memory {
  const bytes = readFileSync(path);
  const end = bytes.indexOf(0x0a);
  const damaged = (): never => {
    throw new MachineError(`${path} is damaged: "qure vm start --discard" begins anew, and what was in memory is lost`);
  };
  const head = parseHead(bytes.subarray(0, end).toString());
  if (head === null) return damaged();
  const packed = bytes.subarray(end + 1);
  if (head.format !== MAGIC) throw new MachineError(`${path}: ${head.format} is not what this qure reads: ${MAGIC}`);
  const times = [head.nowNs, head.startSeconds, head.stateBytes];
  if (digestOf(packed) !== head.digest || !times.every(Number.isSafeInteger)) return damaged();
  if (head.machine !== machine) throw new MachineError(`${path} is the memory of another machine, ${head.machine}`);
  const { nowNs, startSeconds, disk, isCopy } = head;
  return {
    machine,
    disk,
    isCopy,
    nowNs,
    startSeconds,
    state: inflateSync(packed, { maxOutputLength: head.stateBytes }),
  };
}
