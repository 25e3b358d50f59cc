/** The saved state of something as text, field by field: what a format of saved states consists of. */
import type { Stateful, StateVisitor } from "../../../emulator/state/state.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

class FieldList implements StateVisitor {
  readonly restoring = false;
  readonly fields: string[] = [];

  #add<T>(kind: string, value: T, text: unknown = value): T {
    this.fields.push(`${kind} ${text}`);
    return value;
  }

  part(name: string, version: number): void {
    this.#add(name, version);
  }

  bool(value: boolean): boolean {
    return this.#add("bool", value);
  }

  u8(value: number): number {
    return this.#add("u8", value);
  }

  u16(value: number): number {
    return this.#add("u16", value);
  }

  u32(value: number): number {
    return this.#add("u32", value);
  }

  i32(value: number): number {
    return this.#add("i32", value);
  }

  integer(value: number): number {
    return this.#add("integer", value);
  }

  f64(value: number): number {
    return this.#add("f64", value);
  }

  text(value: string): string {
    return this.#add("text", value);
  }

  bytes(value: Uint8Array): void {
    this.#add("bytes", value, hex(value));
  }

  blob(value: Uint8Array): Uint8Array {
    return this.#add("blob", value, hex(value));
  }
}

export function fieldsOf(thing: Stateful): string[] {
  const list = new FieldList();
  thing.visitState(list);
  return list.fields;
}
