/**
 * A run in a file of the browser's own storage (OPFS), so that a reload goes on where it was: its checkpoints, each as
 * what differs from an earlier one, and what was known at the last moment. docs/formats/snapshot.md.
 */

import { Checkpoint, type CheckpointDescription } from "../../../emulator/debug/checkpoint.ts";
import { decodePlain, encodePlain, type Plain } from "../../../emulator/state/plain.ts";
import { crc32 } from "../../bytes/crc32.ts";
import type { Action } from "../../lab/actions.ts";
import type { LabCluster } from "../../lab/cluster.ts";
import type { Branch, KeptWith, Timeline } from "../../lab/timeline.ts";
import type { KeptPlace } from "../protocol.ts";
import type { ObserverNotes } from "./observer.ts";
import type { Trace } from "./trace.ts";

const FILE = "run ";
const MAGIC = "QUREKEPT";
const VERSION = 2;
const HEAD_BYTES = 12;
const RECORD_HEAD_BYTES = 8;
/** What a run may take in the browser's storage; one that needs more is repeated after a reload. */
const MOST_BYTES = 256 * 1024 * 1024;

/** A file that only a worker has; the types of a page do not know it. */
export interface KeptFile {
  read(target: Uint8Array, options: { at: number }): number;
  write(source: Uint8Array, options: { at: number }): number;
  truncate(sizeBytes: number): void;
  flush(): void;
  getSize(): number;
  close(): void;
}

interface CheckpointRecord {
  readonly kind: "checkpoint";
  /** The number of the record that it lies over; -1: none. */
  readonly before: number;
  readonly checkpoint: CheckpointDescription;
  readonly consoles: KeptWith["consoles"];
  /** What was seen since the record before. */
  readonly trace: readonly number[];
  /** What was known of the machines. */
  readonly notes: ObserverNotes;
  /** Of the cluster at that moment; not of each, since it takes as long as a checkpoint. */
  readonly digest: string | null;
}

/** What goes with each checkpoint of a run that may be kept. */
export interface Saved {
  /** In the list of what was seen. */
  readonly position: number;
  readonly notes: ObserverNotes;
  readonly digest: string | null;
}

interface MomentRecord {
  readonly kind: "moment";
  /** Tells this run from others. */
  readonly token: string;
  /** Numbers of the checkpoints that are of this run, in the order of time. */
  readonly checkpoints: readonly number[];
  readonly actions: readonly Action[];
  readonly branches: readonly Branch[];
}

/** What was read of a file. */
export interface FoundRun {
  readonly records: readonly CheckpointRecord[];
  readonly moment: MomentRecord;
}

/**
 * The file, for as long as this page is the one that has it. Null where there is no such storage, or another page has
 * it.
 */
export async function openKeptFile(place: KeptPlace): Promise<KeptFile | null> {
  try {
    const folder = await navigator.storage.getDirectory();
    const file = (await folder.getFileHandle(`${FILE}${place}`, { create: true })) as FileSystemFileHandle & {
      createSyncAccessHandle(): Promise<KeptFile>;
    };
    return await file.createSyncAccessHandle();
  } catch {
    return null;
  }
}

/** Reads the run of this token. Throws an Error that says why there is none. */
export function findRun(file: KeptFile, token: string): FoundRun {
  const bytes = new Uint8Array(file.getSize());
  file.read(bytes, { at: 0 });
  const view = new DataView(bytes.buffer);
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) throw new Error("there is nothing of it");
  if (view.getUint32(MAGIC.length, true) !== VERSION) throw new Error("it was kept by another version of this page");
  if (bytes.length === HEAD_BYTES) throw new Error("nothing of it had been kept yet");
  const records: CheckpointRecord[] = [];
  let moment: MomentRecord | null = null;
  for (let at = HEAD_BYTES; at + RECORD_HEAD_BYTES <= bytes.length; ) {
    const length = view.getUint32(at, true);
    const content = bytes.subarray(at + RECORD_HEAD_BYTES, at + RECORD_HEAD_BYTES + length);
    // What was being written when the page went away.
    if (content.length < length || crc32(content) !== view.getUint32(at + 4, true)) break;
    const record = decodePlain(content) as unknown as CheckpointRecord | MomentRecord;
    if (record.kind === "moment") moment = record;
    else records.push(record);
    at += RECORD_HEAD_BYTES + length;
  }
  if (moment === null) throw new Error("what was kept of it is damaged");
  if (moment.token !== token) throw new Error("another page was opened since");
  return { records, moment };
}

/**
 * Has a timeline go on as the run that was found; `actions`: what was done, which may be more than was known at the
 * last moment. Throws an Error that says why it cannot; the cluster is then to be made anew.
 */
export function adoptRun(
  { records, moment }: FoundRun,
  timeline: Timeline,
  trace: Trace,
  actions: readonly Action[],
): void {
  const { lab } = timeline;
  const partNs = partingNs(moment.actions, actions);
  const wanted = new Set(moment.checkpoints);
  const made: Checkpoint[] = [];
  const seen: (readonly number[])[] = [];
  const kept = new Map<Checkpoint, KeptWith>();
  try {
    records.forEach(({ before, checkpoint: description, consoles, trace: fresh, notes, digest }, number) => {
      const checkpoint = Checkpoint.described(lab.cluster, description, made[before] ?? null);
      made.push(checkpoint);
      seen.push([...(seen[before] ?? []), ...fresh]);
      if (wanted.has(number) && (checkpoint.clusterNs === 0 || checkpoint.clusterNs < partNs))
        kept.set(checkpoint, {
          consoles,
          saved: { position: seen[number]!.length / 4, notes, digest } satisfies Saved,
        });
    });
    const last = [...kept.keys()].at(-1);
    if (last === undefined || records.length === 0) throw new Error("its beginning is missing");
    timeline.adopt(kept, moment.branches);
    trace.adopt(seen[made.indexOf(last)]!);
    const proof = [...kept].findLast(([, others]) => digestOf(others) !== null);
    if (proof) {
      timeline.approach(proof[0].clusterNs);
      if (lab.digest() !== digestOf(proof[1])) throw new Error("its digest is another one");
    }
  } catch (error) {
    throw new Error(`what was kept of it does not fit this page: ${(error as Error).message}`);
  }
  for (const checkpoint of made) if (!kept.has(checkpoint)) checkpoint.release();
}

function digestOf({ saved }: KeptWith): string | null {
  return (saved as Saved).digest;
}

function partingNs(first: readonly Action[], second: readonly Action[]): number {
  const index = first.findIndex((action, at) => JSON.stringify(action) !== JSON.stringify(second[at]));
  if (index >= 0) return Math.min(first[index]!.atNs, second[index]?.atNs ?? Infinity);
  return second[first.length]?.atNs ?? Infinity;
}

/** Keeps a run while it goes on. */
export class RunKeeper {
  readonly token: string;
  readonly #file: KeptFile;
  readonly #lab: LabCluster;
  readonly #timeline: Timeline;
  readonly #trace: Trace;
  /** What is in the file, by the numbers of the records. */
  #written = new Map<Checkpoint, number>();
  #records = 0;
  #sizeBytes = 0;
  #actions: readonly Action[] = [];
  #isTooLarge = false;

  constructor(file: KeptFile, timeline: Timeline, trace: Trace) {
    this.#file = file;
    this.#lab = timeline.lab;
    this.#timeline = timeline;
    this.#trace = trace;
    this.token = crypto.randomUUID();
    this.#begin();
  }

  /** What it takes in the browser's storage; null when it is not kept. */
  get sizeBytes(): number | null {
    return this.#isTooLarge ? null : this.#sizeBytes;
  }

  #begin(): void {
    this.#written.clear();
    this.#records = 0;
    this.#file.truncate(0);
    const head = new Uint8Array(HEAD_BYTES);
    head.set(new TextEncoder().encode(MAGIC));
    new DataView(head.buffer).setUint32(MAGIC.length, VERSION, true);
    this.#file.write(head, { at: 0 });
    this.#sizeBytes = HEAD_BYTES;
  }

  #append(record: CheckpointRecord | MomentRecord): void {
    const content = encodePlain(record as unknown as Plain);
    const bytes = new Uint8Array(RECORD_HEAD_BYTES + content.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, content.length, true);
    view.setUint32(4, crc32(content), true);
    bytes.set(content, RECORD_HEAD_BYTES);
    this.#file.write(bytes, { at: this.#sizeBytes });
    this.#sizeBytes += bytes.length;
  }

  /** To be called now and then, while the cluster stands between two quanta: writes what is not in the file yet. */
  keep(): void {
    const { checkpoints, actions, branches } = this.#timeline;
    const isKnown = actions === this.#actions && checkpoints.every((checkpoint) => this.#written.has(checkpoint));
    if (this.#isTooLarge || isKnown || this.#lab.cluster.openQuantumNs !== null) return;
    try {
      this.#write();
      if (this.#sizeBytes > MOST_BYTES) {
        this.#begin();
        this.#write();
        this.#isTooLarge = this.#sizeBytes > MOST_BYTES;
      }
      if (this.#isTooLarge) this.#begin();
      else {
        const numbers = checkpoints.map((checkpoint) => this.#written.get(checkpoint)!);
        const { token } = this;
        this.#append({ kind: "moment", token, checkpoints: numbers, actions, branches });
        this.#actions = actions;
      }
      this.#file.flush();
    } catch {
      // No room: the browser keeps nothing more of this run, which goes on all the same.
      this.#isTooLarge = true;
    }
  }

  #write(): void {
    const { cluster } = this.#lab;
    let before: Checkpoint | null = null;
    for (const checkpoint of this.#timeline.checkpoints) {
      if (!this.#written.has(checkpoint)) {
        const { consoles, saved } = this.#timeline.keptWith(checkpoint);
        const { position, notes, digest } = saved as Saved;
        const from = before === null ? 0 : (this.#timeline.keptWith(before).saved as Saved).position;
        this.#append({
          kind: "checkpoint",
          before: before === null ? -1 : this.#written.get(before)!,
          checkpoint: checkpoint.describe(cluster, before),
          consoles,
          trace: this.#trace.slice(from, position),
          notes,
          digest,
        });
        this.#written.set(checkpoint, this.#records++);
      }
      before = checkpoint;
    }
  }
}
