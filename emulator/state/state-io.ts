/**
 * Saving and restoring state: visitors (state.ts) that write every field into bytes and read them back. Fields are
 * tagged with their kind, so that a state of another layout is refused at the first field that differs instead of being
 * misread.
 */
import { GrowingBytes } from "./growing-bytes.ts";
import { broken } from "./invariant.ts";
import { PAGE_BYTES, zeroPages } from "./pages.ts";
import type { StateVisitor } from "./state.ts";

const MAGIC = 0x53525551; // "QURS"
const VERSION = 1;
const FIRST_CAPACITY = 1 << 16;
// One for all: a state has hundreds of names, and to make one of these takes longer than a name.
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Kinds of fields, one byte before each. */
const PART = 1;
const INTEGER32 = 2;
const DOUBLE = 3;
const TEXT = 4;
const BYTES = 5;

/**
 * How a page of an array is written: a byte, and then nothing, the page, or in a snapshot the number of a page that is
 * kept elsewhere.
 */
const PAGE_ZERO = 0;
export const PAGE_INLINE = 1;
export const PAGE_SHARED = 2;

/** A state that cannot be restored: truncated, altered, or of another machine or version. */
export class StateError extends Error {}

/** Collects a state. Pages of zeros in arrays take one bit. */
export class StateWriter implements StateVisitor {
  readonly restoring = false;
  readonly #out = new GrowingBytes(FIRST_CAPACITY);

  constructor() {
    this.#put32(MAGIC);
    this.#put32(VERSION);
  }

  /** The state so far. */
  result(): Uint8Array {
    return this.#out.result();
  }

  #put8(value: number): void {
    const at = this.#out.reserve(1);
    this.#out.view.setUint8(at, value);
  }

  #put32(value: number): void {
    const at = this.#out.reserve(4);
    this.#out.view.setInt32(at, value, true);
  }

  part(name: string, version: number): void {
    this.#put8(PART);
    this.text(name);
    this.#put32(version);
  }

  /** A field that cannot hold its value would come back as another one. */
  #word(value: number, least: number, most: number): number {
    if (!(Number.isInteger(value) && value >= least && value <= most))
      broken("saved state", `a field from ${least} to ${most} holds ${value}`);
    this.#put8(INTEGER32);
    this.#put32(value);
    return value;
  }

  bool(value: boolean): boolean {
    this.#word(value ? 1 : 0, 0, 1);
    return value;
  }

  u8(value: number): number {
    return this.#word(value, 0, 0xff);
  }

  u16(value: number): number {
    return this.#word(value, 0, 0xffff);
  }

  u32(value: number): number {
    return this.#word(value, 0, 0xffffffff);
  }

  i32(value: number): number {
    return this.#word(value, -0x80000000, 0x7fffffff);
  }

  integer(value: number): number {
    if (!Number.isSafeInteger(value) && value !== Infinity) broken("saved state", `an integer holds ${value}`);
    return this.f64(value);
  }

  f64(value: number): number {
    this.#put8(DOUBLE);
    const at = this.#out.reserve(8);
    this.#out.view.setFloat64(at, value, true);
    return value;
  }

  text(value: string): string {
    this.#put8(TEXT);
    const bytes = ENCODER.encode(value);
    this.#put32(bytes.length);
    this.#out.append(bytes);
    return value;
  }

  bytes(value: Uint8Array): void {
    this.#put8(BYTES);
    this.#put32(value.length);
    const isZeroPage = zeroPages(value);
    for (let start = 0, page = 0; start < value.length; start += PAGE_BYTES, page++) {
      const zero = isZeroPage(page);
      this.#put8(zero ? PAGE_ZERO : PAGE_INLINE);
      if (!zero) this.#out.append(value.subarray(start, start + PAGE_BYTES));
    }
  }

  blob(value: Uint8Array): Uint8Array {
    this.bytes(value);
    return value;
  }
}

/** Restores what a `StateWriter` has saved. Throws a StateError where it does not fit. */
export class StateReader implements StateVisitor {
  readonly restoring = true;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;
  #part = "";

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < 8 || this.#get32() !== MAGIC) throw new StateError("this is not a saved state");
    const version = this.#get32();
    if (version !== VERSION)
      throw new StateError(`a saved state of version ${version}; this program reads version ${VERSION}`);
  }

  /** Throws unless everything has been read. */
  end(): void {
    if (this.#position !== this.#bytes.length) this.#fail(`${this.#bytes.length - this.#position} bytes are left over`);
  }

  #fail(reason: string): never {
    throw new StateError(`saved state, ${this.#part || "start"}, byte ${this.#position}: ${reason}`);
  }

  #take(count: number): number {
    const at = this.#position;
    if (at + count > this.#bytes.length) this.#fail("it ends too early");
    this.#position += count;
    return at;
  }

  #expect(kind: number): void {
    const found = this.#bytes[this.#take(1)];
    if (found !== kind) this.#fail(`a field of kind ${kind} was expected, and ${found} found`);
  }

  #get32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  part(name: string, version: number): void {
    this.#expect(PART);
    const found = this.text("");
    const foundVersion = this.#get32();
    if (found !== name || foundVersion !== version)
      this.#fail(`part "${name}" version ${version} was expected, and "${found}" version ${foundVersion} found`);
    this.#part = name;
  }

  #word(): number {
    this.#expect(INTEGER32);
    return this.#get32();
  }

  /** A field that was saved from 0 to `most`. */
  #upTo(most: number): number {
    const value = this.#word() >>> 0;
    if (value > most) this.#fail(`a field from 0 to ${most} holds ${value}`);
    return value;
  }

  bool(): boolean {
    return this.#upTo(1) !== 0;
  }

  u8(): number {
    return this.#upTo(0xff);
  }

  u16(): number {
    return this.#upTo(0xffff);
  }

  u32(): number {
    return this.#word() >>> 0;
  }

  i32(): number {
    return this.#word();
  }

  integer(): number {
    const value = this.f64();
    if (!Number.isSafeInteger(value) && value !== Infinity) this.#fail(`an integer holds ${value}`);
    return value;
  }

  f64(): number {
    this.#expect(DOUBLE);
    return this.#view.getFloat64(this.#take(8), true);
  }

  text(_value: string): string {
    this.#expect(TEXT);
    const length = this.#length();
    const at = this.#take(length);
    return DECODER.decode(this.#bytes.subarray(at, at + length));
  }

  #length(): number {
    const length = this.#get32() >>> 0;
    // Every page of zeros takes a byte at least, so a length beyond this cannot be true.
    if (length > this.#bytes.length * PAGE_BYTES) this.#fail(`a length of ${length} bytes`);
    return length;
  }

  bytes(value: Uint8Array): void {
    this.#expect(BYTES);
    const length = this.#length();
    if (length !== value.length) this.#fail(`${value.length} bytes were expected, and ${length} found`);
    this.#fill(value);
  }

  blob(_value: Uint8Array): Uint8Array {
    this.#expect(BYTES);
    const length = this.#length();
    const value = new Uint8Array(length);
    this.#fill(value);
    return value;
  }

  /** Pages that are zero already are not touched, so that the host holds no memory for them. */
  #fill(value: Uint8Array): void {
    const isZeroPage = zeroPages(value);
    for (let start = 0, page = 0; start < value.length; start += PAGE_BYTES, page++) {
      const kind = this.#bytes[this.#take(1)]!;
      if (kind > PAGE_INLINE) this.#fail(`a page of kind ${kind}`);
      const sizeBytes = Math.min(PAGE_BYTES, value.length - start);
      if (kind === PAGE_ZERO) {
        if (!isZeroPage(page)) value.fill(0, start, start + sizeBytes);
        continue;
      }
      const at = this.#take(sizeBytes);
      value.set(this.#bytes.subarray(at, at + sizeBytes), start);
    }
  }
}

/** Walks over the fields of a state without knowing whose they are. */
export class StateScanner {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /**
   * Calls back for each page of each array: where the byte of its kind stands, that kind, and how long the page is.
   * Throws a StateError where the bytes are not a state.
   */
  eachPage(found: (at: number, kind: number, lengthBytes: number) => void): void {
    let at = 8;
    try {
      while (at < this.#bytes.length) at = this.#field(at, found);
    } catch (error) {
      if (error instanceof RangeError) throw new StateError("a saved state ends within a field");
      throw error;
    }
    if (at !== this.#bytes.length) throw new StateError("a saved state ends within a field");
  }

  #field(at: number, found: (at: number, kind: number, lengthBytes: number) => void): number {
    switch (this.#bytes[at]) {
      // A part is its name, a field of its own, and its version.
      case PART:
        return at + 6 + this.#view.getUint32(at + 2, true) + 4;
      case INTEGER32:
        return at + 5;
      case DOUBLE:
        return at + 9;
      case TEXT:
        return at + 5 + this.#view.getUint32(at + 1, true);
      case BYTES:
        return this.#pages(at + 5, this.#view.getUint32(at + 1, true), found);
      default:
        throw new StateError(`a saved state has a field of kind ${this.#bytes[at]} at byte ${at}`);
    }
  }

  #pages(from: number, lengthBytes: number, found: (at: number, kind: number, lengthBytes: number) => void): number {
    let at = from;
    for (let start = 0; start < lengthBytes; start += PAGE_BYTES) {
      const size = Math.min(PAGE_BYTES, lengthBytes - start);
      const kind = this.#view.getUint8(at);
      found(at, kind, size);
      at += 1 + (kind === PAGE_INLINE ? size : kind === PAGE_SHARED ? 4 : 0);
    }
    return at;
  }
}
