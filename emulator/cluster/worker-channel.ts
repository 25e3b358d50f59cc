/**
 * What the main thread and a worker share: a page of words by which they take turns, and an area of records for each
 * direction. A turn is one atomic store and, when the other side is quick, a few loads; only who waits longer goes to
 * sleep.
 */
import { holds } from "../state/invariant.ts";
import type { MachineHost } from "./machine-host.ts";
import { RecordArea } from "./records.ts";

/** What the worker is asked to do. */
export const RUN = 1;
/** Take the frames out of the inbox, which is full. */
export const TAKE = 2;
/** Go on: the outbox, which was full, has been emptied. */
export const CONTINUE = 3;
/** The inbox holds the rest of a call of a machine's method. */
export const CALL = 4;
/** The worker is not needed any more. */
export const END = 5;

/** How the worker answers. */
export const DONE = 0;
export const OUTBOX_FULL = 1;
/** The outbox says why. */
export const FAILED = 2;

// What a machine's word of flags says.
const OFF = 1;
const HALTED = 2;
const PAUSED = 4;
const UNPLUGGED = 8;
const STOPPED = 16;

// Words.
const REQUEST = 0;
const REPLY = 1;
const COMMAND = 2;
const STATUS = 3;
const INBOX_USED = 4;
const OUTBOX_USED = 5;
const FIRST_MACHINE_WORD = 16;
const WORDS_PER_MACHINE = 2;
// Doubles, after the words.
const END_NS = 0;
const NEXT_NS = 1;
const FIRST_MACHINE_DOUBLE = 2;
const DOUBLES_PER_MACHINE = 2;

/** Room for the records of a quantum; when they are more, the two sides take more turns. */
const AREA_BYTES = 1 << 18;
/** Looks before one sleeps: some ten microseconds, the time that a short quantum takes. */
const SPINS = 2000;
/** A worker that has not answered for so long never will. */
const LOST_MS = 120_000;

export interface ChannelShape {
  readonly shared: SharedArrayBuffer;
  readonly machines: number;
  readonly areaBytes: number;
}

/** `areaBytes`: of each direction, a multiple of 8 with room for the longest record at least (2048). */
export function makeChannel(machines: number, areaBytes = AREA_BYTES): ChannelShape {
  return { shared: new SharedArrayBuffer(headBytes(machines) + 2 * areaBytes), machines, areaBytes };
}

function doublesOffset(machines: number): number {
  return Math.ceil((FIRST_MACHINE_WORD + machines * WORDS_PER_MACHINE) / 2) * 8;
}

function headBytes(machines: number): number {
  return Math.ceil((doublesOffset(machines) + (FIRST_MACHINE_DOUBLE + machines * DOUBLES_PER_MACHINE) * 8) / 64) * 64;
}

export class WorkerChannel {
  /** Frames for the machines. */
  readonly inbox: RecordArea;
  /** Frames and output of the machines. */
  readonly outbox: RecordArea;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor({ shared, machines, areaBytes }: ChannelShape) {
    const areas = headBytes(machines);
    holds(areaBytes % 8 === 0 && machines > 0, "channel", "areas are not whole words, or of no machine");
    this.#words = new Int32Array(shared, 0, FIRST_MACHINE_WORD + machines * WORDS_PER_MACHINE);
    this.#doubles = new Float64Array(
      shared,
      doublesOffset(machines),
      FIRST_MACHINE_DOUBLE + machines * DOUBLES_PER_MACHINE,
    );
    this.inbox = new RecordArea(shared, areas, areaBytes);
    this.outbox = new RecordArea(shared, areas + areaBytes, areaBytes);
  }

  // The main thread's side.

  /** Asks the worker for something. */
  request(command: number, endNs: number): void {
    this.#words[COMMAND] = command;
    this.#words[INBOX_USED] = this.inbox.used;
    this.inbox.used = 0;
    this.#doubles[END_NS] = endNs;
    Atomics.add(this.#words, REQUEST, 1);
    Atomics.notify(this.#words, REQUEST);
  }

  /** Waits for the answer to the last request and returns its status. Throws when there is none. */
  awaitReply(): number {
    const request = this.#words[REQUEST]!;
    waitUntil(this.#words, REPLY, (reply) => reply === request);
    this.outbox.used = this.#words[OUTBOX_USED]!;
    holds(this.#words[REPLY] === request, "channel", "an answer is to another request");
    return this.#words[STATUS]!;
  }

  /** When the worker's machines have something to do, by themselves. */
  get nextNs(): number {
    return this.#doubles[NEXT_NS]!;
  }

  // What was published last of a machine.

  isOff(machine: number): boolean {
    return this.#hasFlag(machine, OFF);
  }

  isHalted(machine: number): boolean {
    return this.#hasFlag(machine, HALTED);
  }

  mayWake(machine: number): boolean {
    return !this.#hasFlag(machine, STOPPED);
  }

  isPaused(machine: number): boolean {
    return this.#hasFlag(machine, PAUSED);
  }

  isPlugged(machine: number): boolean {
    return !this.#hasFlag(machine, UNPLUGGED);
  }

  #hasFlag(machine: number, flag: number): boolean {
    return (this.#words[FIRST_MACHINE_WORD + machine * WORDS_PER_MACHINE]! & flag) !== 0;
  }

  exitStatus(machine: number): number | null {
    const status = this.#words[FIRST_MACHINE_WORD + machine * WORDS_PER_MACHINE + 1]!;
    return status === 0 ? null : status - 1;
  }

  instructions(machine: number): number {
    return this.#doubles[FIRST_MACHINE_DOUBLE + machine * DOUBLES_PER_MACHINE]!;
  }

  nowNs(machine: number): number {
    return this.#doubles[FIRST_MACHINE_DOUBLE + machine * DOUBLES_PER_MACHINE + 1]!;
  }

  // The worker's side.

  /** Waits for a request; the one before was number `last`. */
  awaitRequest(last: number): { readonly number: number; readonly command: number; readonly endNs: number } {
    waitUntil(this.#words, REQUEST, (request) => request !== last);
    this.inbox.used = this.#words[INBOX_USED]!;
    return { number: this.#words[REQUEST]!, command: this.#words[COMMAND]!, endNs: this.#doubles[END_NS]! };
  }

  reply(request: number, status: number, nextNs: number): void {
    this.#words[STATUS] = status;
    this.#words[OUTBOX_USED] = this.outbox.used;
    this.#doubles[NEXT_NS] = nextNs;
    this.outbox.used = 0;
    Atomics.store(this.#words, REPLY, request);
    Atomics.notify(this.#words, REPLY);
  }

  publish(machine: number, host: MachineHost, isPlugged: boolean): void {
    holds(FIRST_MACHINE_WORD + machine * WORDS_PER_MACHINE < this.#words.length, "channel", "a machine has no words");
    const at = FIRST_MACHINE_WORD + machine * WORDS_PER_MACHINE;
    const double = FIRST_MACHINE_DOUBLE + machine * DOUBLES_PER_MACHINE;
    this.#words[at] =
      (host.power === "off" ? OFF : 0) |
      (host.halted ? HALTED : 0) |
      (host.mayWake ? 0 : STOPPED) |
      (host.paused ? PAUSED : 0) |
      (isPlugged ? 0 : UNPLUGGED);
    this.#words[at + 1] = (host.exitStatus ?? -1) + 1;
    this.#doubles[double] = host.instructions;
    this.#doubles[double + 1] = host.nowNs;
  }
}

/** Waits until a word has the value that is wanted: looks a while, then sleeps. */
function waitUntil(words: Int32Array, index: number, isWanted: (value: number) => boolean): void {
  for (let spin = 0; spin < SPINS; spin++) if (isWanted(Atomics.load(words, index))) return;
  for (;;) {
    const value = Atomics.load(words, index);
    if (isWanted(value)) return;
    if (Atomics.wait(words, index, value, index === REPLY ? LOST_MS : Infinity) === "timed-out")
      throw new Error(`a worker thread has not answered for ${LOST_MS / 1000} s`);
  }
}
