/**
 * Plain values as bytes, for places that the host's own copying of objects does not reach: memory that threads share,
 * and files. Every number comes back as it was, infinities and minus zero included.
 */

import { GrowingBytes } from "./growing-bytes.ts";

export type Plain =
  | undefined
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Uint8ClampedArray
  | readonly Plain[]
  | { readonly [key: string]: Plain };

const UNDEFINED = 0;
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const NUMBER = 4;
const TEXT = 5;
const BYTES = 6;
const CLAMPED_BYTES = 7;
const LIST = 8;
const OBJECT = 9;

const FIRST_CAPACITY = 256;
const DEEPEST = 64;

class Writer {
  readonly #out = new GrowingBytes(FIRST_CAPACITY);

  #head(kind: number, length: number): void {
    const at = this.#out.reserve(5);
    this.#out.view.setUint8(at, kind);
    this.#out.view.setUint32(at + 1, length, true);
  }

  #array(kind: number, bytes: Uint8Array | Uint8ClampedArray): void {
    this.#head(kind, bytes.length);
    this.#out.append(bytes);
  }

  put(value: Plain): void {
    if (value === undefined || value === null || typeof value === "boolean") {
      const kind = value === undefined ? UNDEFINED : value === null ? NULL : value ? TRUE : FALSE;
      const at = this.#out.reserve(1);
      this.#out.view.setUint8(at, kind);
    } else if (typeof value === "number") {
      const at = this.#out.reserve(9);
      this.#out.view.setUint8(at, NUMBER);
      this.#out.view.setFloat64(at + 1, value, true);
    } else if (typeof value === "string") this.#array(TEXT, new TextEncoder().encode(value));
    else if (value instanceof Uint8Array) this.#array(BYTES, value);
    else if (value instanceof Uint8ClampedArray) this.#array(CLAMPED_BYTES, value);
    else if (Array.isArray(value)) {
      this.#head(LIST, value.length);
      for (const item of value as readonly Plain[]) this.put(item);
    } else {
      const entries = Object.entries(value);
      this.#head(OBJECT, entries.length);
      for (const [key, item] of entries) {
        this.put(key);
        this.put(item);
      }
    }
  }

  result(): Uint8Array {
    return this.#out.result();
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #take(count: number): number {
    const at = this.#position;
    if (at + count > this.#bytes.length) throw new RangeError("plain values that end too early");
    this.#position += count;
    return at;
  }

  #slice(): Uint8Array {
    const length = this.#count();
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  #count(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  get(depth = 0): Plain {
    if (depth > DEEPEST) throw new RangeError("plain values that are nested too deep");
    switch (this.#bytes[this.#take(1)]) {
      case UNDEFINED:
        return undefined;
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case NUMBER:
        return this.#view.getFloat64(this.#take(8), true);
      case TEXT:
        return new TextDecoder().decode(this.#slice());
      case BYTES:
        return this.#slice();
      case CLAMPED_BYTES:
        return new Uint8ClampedArray(this.#slice().buffer);
      case LIST: {
        const items: Plain[] = [];
        for (let left = this.#count(); left > 0; left--) items.push(this.get(depth + 1));
        return items;
      }
      case OBJECT: {
        const entries: [string, Plain][] = [];
        for (let left = this.#count(); left > 0; left--)
          entries.push([String(this.get(depth + 1)), this.get(depth + 1)]);
        return Object.fromEntries(entries);
      }
      default:
        throw new RangeError("plain values of an unknown kind");
    }
  }

  end(): void {
    if (this.#position !== this.#bytes.length) throw new RangeError("plain values are followed by something else");
  }
}

export function encodePlain(value: Plain): Uint8Array {
  const writer = new Writer();
  writer.put(value);
  return writer.result();
}

/** Throws a RangeError for bytes that `encodePlain` has not made. Arrays of bytes are copies. */
export function decodePlain(bytes: Uint8Array): Plain {
  const reader = new Reader(bytes);
  const value = reader.get();
  reader.end();
  return value;
}
