/** What the tables of a kernel image are written with. */
import { assert } from "../diagnostic/invariant.ts";

/** Names one after another, NUL terminated, and where each begins. */
export function namePool(names: readonly string[]): { offsets: number[]; bytes: Uint8Array } {
  const offsets: number[] = [];
  let length = 0;
  for (const name of names) {
    offsets.push(length);
    length += name.length + 1;
  }
  const bytes = new Uint8Array(length);
  names.forEach((name, index) => latin1Into(bytes, offsets[index]!, name));
  return { offsets, bytes };
}

export function magic(text: string): number {
  return [...text].reduce((value, character, index) => value + character.charCodeAt(0) * 2 ** (8 * index), 0);
}

/** Not one argument for each: there are tens of thousands, and a browser's worker has a small stack. */
export function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(4 * index, value, true));
  return bytes;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  assert(offset === bytes.length, "parts do not fill what they make");
  return bytes;
}

export function latin1Into(bytes: Uint8Array, offset: number, text: string): void {
  assert(offset >= 0 && offset + text.length <= bytes.length, "a text is written beyond its field");
  for (let i = 0; i < text.length; i++) bytes[offset + i] = text.charCodeAt(i);
}
