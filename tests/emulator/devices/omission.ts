/** A visitor that leaves one field of a state out, as if its device had forgotten to visit it. */
import type { StateVisitor } from "../../../emulator/state/state.ts";

/** Names the fields as they come: part, how many parts of that name came before, place in the part. */
class Names {
  readonly #parts = new Map<string, number>();
  #part = "start";
  #place = 0;

  part(name: string): void {
    const count = this.#parts.get(name) ?? 0;
    this.#parts.set(name, count + 1);
    this.#part = count === 0 ? name : `${name} (${count + 1})`;
    this.#place = 0;
  }

  next(): string {
    return `${this.#part}, field ${++this.#place}`;
  }
}

/** Leaves out the field of this name; `found` hears the name of each one. */
export class Omission implements StateVisitor {
  readonly #inner: StateVisitor;
  readonly #omitted: string | null;
  readonly #found: (name: string) => void;
  readonly #names = new Names();

  constructor(inner: StateVisitor, omitted: string | null, found: (name: string) => void = () => {}) {
    this.#inner = inner;
    this.#omitted = omitted;
    this.#found = found;
  }

  get restoring(): boolean {
    return this.#inner.restoring;
  }

  #visits(): boolean {
    const name = this.#names.next();
    this.#found(name);
    return name !== this.#omitted;
  }

  part(name: string, version: number): void {
    this.#names.part(name);
    this.#inner.part(name, version);
  }

  bool(value: boolean): boolean {
    return this.#visits() ? this.#inner.bool(value) : value;
  }

  u8(value: number): number {
    return this.#visits() ? this.#inner.u8(value) : value;
  }

  u16(value: number): number {
    return this.#visits() ? this.#inner.u16(value) : value;
  }

  u32(value: number): number {
    return this.#visits() ? this.#inner.u32(value) : value;
  }

  i32(value: number): number {
    return this.#visits() ? this.#inner.i32(value) : value;
  }

  integer(value: number): number {
    return this.#visits() ? this.#inner.integer(value) : value;
  }

  f64(value: number): number {
    return this.#visits() ? this.#inner.f64(value) : value;
  }

  text(value: string): string {
    return this.#visits() ? this.#inner.text(value) : value;
  }

  bytes(value: Uint8Array): void {
    if (this.#visits()) this.#inner.bytes(value);
  }

  blob(value: Uint8Array): Uint8Array {
    return this.#visits() ? this.#inner.blob(value) : value;
  }
}
