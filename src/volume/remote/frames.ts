/**
 * How a store is spoken with over a connection (docs/formats/volume.md, "Roles"): frames of a length, the number of the
 * request, a kind, and fields. All integers are little-endian.
 */
import { assert } from "../../diagnostic/invariant.ts";

export const MAGIC = "QSTO";
export const VERSION = 1;

export const REQUEST = { read: 1, write: 2, swap: 3, list: 4, remove: 5, status: 6, stop: 7 } as const;
/** `more`: a list goes on in another frame of the same number. */
export const REPLY = { greeting: 0, done: 1, more: 2, failed: 3 } as const;

/** An object has 4 MiB; a list comes in parts. */
const MOST_FRAME_BYTES = 8 << 20;
const LENGTH_BYTES = 4;
const HEAD_BYTES = 5;

export interface Frame {
  readonly id: number;
  readonly kind: number;
  readonly fields: Fields;
}

/** What the other side sent is no frame. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

type Field = { readonly bits: 8 | 16 | 32 | 64; readonly value: number } | string | Uint8Array;

export const u8 = (value: number | boolean): Field => ({ bits: 8, value: Number(value) });
export const u32 = (value: number): Field => ({ bits: 32, value });
export const u64 = (value: number): Field => ({ bits: 64, value });

/** A string has its length in 16 bits before it; bytes have none, and come last. */
export function encodeFrame(id: number, kind: number, ...fields: readonly Field[]): Uint8Array {
  const parts = fields.map(encodeField);
  const length = HEAD_BYTES + parts.reduce((sum, part) => sum + part.length, 0);
  assert(length <= MOST_FRAME_BYTES, "a frame has a bound");
  const frame = new Uint8Array(LENGTH_BYTES + length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, length, true);
  view.setUint32(4, id, true);
  view.setUint8(8, kind);
  let at = LENGTH_BYTES + HEAD_BYTES;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

function encodeField(field: Field): Uint8Array {
  if (field instanceof Uint8Array) return field;
  if (typeof field === "string") {
    const text = new TextEncoder().encode(field);
    assert(text.length < 1 << 16, "a string has its length in 16 bits");
    return Uint8Array.of(text.length & 0xff, text.length >> 8, ...text);
  }
  const bytes = new Uint8Array(field.bits / 8);
  let rest = BigInt(field.value);
  for (let index = 0; index < bytes.length; index++, rest >>= 8n) bytes[index] = Number(rest & 0xffn);
  return bytes;
}

/** Reads the fields of a frame one after the other. Throws a `FrameError` for one that is not there. */
export class Fields {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8(): number {
    return this.#take(1)[0]!;
  }

  u32(): number {
    return this.#number(4);
  }

  /** Throws for what no offset can be. */
  u64(): number {
    return this.#number(8);
  }

  text(): string {
    const [low = 0, high = 0] = this.#take(2);
    return new TextDecoder().decode(this.#take(low | (high << 8)));
  }

  rest(): Uint8Array {
    return this.#take(this.#bytes.length - this.#at);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  #number(count: number): number {
    const value = this.#take(count).reduceRight((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) throw new FrameError("a number is too large");
    return value;
  }

  #take(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) throw new FrameError("a frame ends in the middle of a field");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

/** Puts together what comes in pieces. */
export class FrameReader {
  #parts: Uint8Array[] = [];
  #sizeBytes = 0;

  /** The frames that are whole now. Throws a `FrameError`. */
  take(bytes: Uint8Array): Frame[] {
    this.#parts.push(bytes);
    this.#sizeBytes += bytes.length;
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== null; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | null {
    if (this.#sizeBytes < LENGTH_BYTES) return null;
    if (this.#parts[0]!.length < LENGTH_BYTES) this.#join();
    const length = viewOf(this.#parts[0]!).getUint32(0, true);
    if (length < HEAD_BYTES || length > MOST_FRAME_BYTES) throw new FrameError(`a frame of ${length} bytes`);
    const end = LENGTH_BYTES + length;
    if (this.#sizeBytes < end) return null;
    if (this.#parts[0]!.length < end) this.#join();
    const bytes = this.#parts[0]!;
    this.#parts[0] = bytes.subarray(end);
    this.#sizeBytes -= end;
    if (this.#parts[0]!.length === 0) this.#parts.shift();
    const view = viewOf(bytes);
    const fields = new Fields(bytes.subarray(LENGTH_BYTES + HEAD_BYTES, end));
    return { id: view.getUint32(4, true), kind: view.getUint8(8), fields };
  }

  #join(): void {
    const whole = new Uint8Array(this.#sizeBytes);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    this.#parts = [whole];
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The two ends of a connection, as a host makes them. */
export interface Link {
  send(bytes: Uint8Array): void;
  /** Takes no more for a while: the other side waits. */
  pause(isPaused: boolean): void;
  close(): void;
}

export interface LinkUser {
  receive(bytes: Uint8Array): void;
  /** Once, and nothing comes after it. */
  closed(reason: string): void;
}
