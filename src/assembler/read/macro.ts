/**
 * How a macro call's text becomes arguments, and how the body's text with their values becomes the expansion.
 */

import type { Template } from "../model/macro.ts";
import { textOfBytes } from "../model/source-text.ts";
import { BACKSLASH, COMMA, characterClass, NAME_PART, NAME_START, QUOTE, SPACE } from "./chars.ts";
import { ByteRow } from "./scrub.ts";

/** Values of parameters, side by side in one array. */
export interface ArgumentValues {
  readonly bytes: Uint8Array;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** What `\@` means. */
  readonly count: number;
}

const OPEN = new Map([
  [0x28, 0x29],
  [0x5b, 0x5d],
]);

/** Modes of `.altmacro`. */
export interface TextMode {
  readonly isAlternate: boolean;
  /** Value of the `%expression` at an offset, as decimal digits, and the offset after it. */
  evaluate(bytes: Uint8Array, offset: number, end: number): { text: string; end: number };
}

function isBlank(code: number): boolean {
  return characterClass[code] === SPACE;
}

export function skipBlanks(bytes: Uint8Array, offset: number, end: number): number {
  while (offset < end && isBlank(bytes[offset]!)) offset++;
  return offset;
}

/** Moves over blanks and at most one comma. */
export function skipComma(bytes: Uint8Array, offset: number, end: number): number {
  offset = skipBlanks(bytes, offset, end);
  if (offset < end && bytes[offset] === COMMA) offset = skipBlanks(bytes, offset + 1, end);
  return offset;
}

/** Characters that end a keyword's name. */
export function isSeparator(code: number, alternate: boolean): boolean {
  switch (code) {
    case 0x20:
    case 0x09:
    case COMMA:
    case QUOTE:
    case 0x3b:
    case 0x28:
    case 0x29:
      return true;
    case 0x3c:
    case 0x3e:
      return alternate;
    default:
      return false;
  }
}

/** Reads one argument at `offset` into `out`; returns the offset after it. */
export function readArgument(bytes: Uint8Array, offset: number, end: number, out: ByteRow, mode: TextMode): number {
  offset = skipBlanks(bytes, offset, end);
  if (offset >= end) return offset;
  const first = bytes[offset]!;
  if (offset + 2 < end && bytes[offset + 1] === 0x27 && "bBoOdDqQhHxX".includes(String.fromCharCode(first))) {
    while (offset < end && !isSeparator(bytes[offset]!, mode.isAlternate)) out.push(bytes[offset]!, offset++);
    return offset;
  }
  if (first === 0x25 && mode.isAlternate) {
    const value = mode.evaluate(bytes, offset + 1, end);
    for (const digit of value.text) out.push(digit.charCodeAt(0), offset);
    return value.end;
  }
  if (first === QUOTE || (mode.isAlternate && (first === 0x3c || first === 0x27))) {
    if (mode.isAlternate && first !== 0x3c) {
      out.push(QUOTE, offset);
      offset = readQuoted(bytes, offset, end, out, true);
      out.push(QUOTE, offset - 1);
      return offset;
    }
    return readQuoted(bytes, offset, end, out, mode.isAlternate);
  }
  const closers: number[] = [];
  while (
    offset < end &&
    (closers.length > 0 || !isBlank(bytes[offset]!)) &&
    bytes[offset] !== COMMA &&
    (bytes[offset] !== 0x3c || !mode.isAlternate)
  ) {
    const code = bytes[offset]!;
    if (code === QUOTE || code === 0x27) {
      out.push(code, offset++);
      while (offset < end && bytes[offset] !== code) out.push(bytes[offset]!, offset++);
      if (offset >= end) return offset;
    } else if (OPEN.has(code)) closers.push(OPEN.get(code)!);
    else if (closers.length > 0 && code === closers[closers.length - 1]) closers.pop();
    out.push(code, offset++);
  }
  return offset;
}

/** Strings and, in the alternate mode, `<...>` that stand side by side, without their quotes. */
function readQuoted(bytes: Uint8Array, offset: number, end: number, out: ByteRow, alternate: boolean): number {
  while (offset < end) {
    const quote = bytes[offset]!;
    if (quote === 0x3c && alternate) {
      let depth = 0;
      offset++;
      while (offset < end && (bytes[offset] !== 0x3e || depth > 0)) {
        if (bytes[offset] === 0x21 && offset + 1 < end) offset++;
        else if (bytes[offset] === 0x3e) depth--;
        else if (bytes[offset] === 0x3c) depth++;
        out.push(bytes[offset]!, offset++);
      }
      offset++;
    } else if (quote === QUOTE || (quote === 0x27 && alternate)) {
      let escaped = false;
      offset++;
      while (offset < end) {
        escaped = bytes[offset - 1] === BACKSLASH ? !escaped : false;
        if (alternate && bytes[offset] === 0x21 && offset + 1 < end) {
          out.push(bytes[++offset]!, offset);
          offset++;
        } else if (escaped && bytes[offset] === quote) {
          out.push(quote, offset++);
        } else {
          if (bytes[offset] === quote) {
            offset++;
            if (offset >= end || bytes[offset] !== quote) break;
          }
          out.push(bytes[offset]!, offset++);
        }
      }
    } else break;
  }
  return offset;
}

/** The name at an offset and the offset after it; the name is empty where none is. */
export function readName(bytes: Uint8Array, offset: number, end: number): { name: string; end: number } {
  const start = offset;
  if (offset < end && characterClass[bytes[offset]!]! & NAME_START) {
    offset++;
    while (offset < end && characterClass[bytes[offset]!]! & NAME_PART) offset++;
  }
  return { name: textOfBytes(bytes, start, offset), end: offset };
}

const AMPERSAND = 0x26;
const APOSTROPHE = 0x27;

/** As `readName`, where the body names a parameter: one sign after the name, which ends it there, goes with it. */
function readReference(
  body: Uint8Array,
  offset: number,
  end: number,
  ender: number,
  alternate: boolean,
): { name: string; end: number } {
  const reference = readName(body, offset, end);
  // In the alternate mode `a&b` joins.
  if (alternate && body[reference.end] === AMPERSAND && reference.end < end) reference.end++;
  if (body[reference.end] === ender && reference.end < end) reference.end++;
  return reference;
}

export interface ExpansionOptions {
  readonly parameters: ReadonlyMap<string, number>;
  readonly values: ArgumentValues;
  /** Index of the value of the parameter 0. */
  readonly firstValue: number;
  /** What `\@` means. */
  readonly count: number;
  readonly isAlternate: boolean;
  /** Makes the name that a `local` stands for; null where the word has no meaning (blocks that repeat). */
  readonly makeLocal: (() => string) | null;
  readonly missesParenthesis: (offset: number) => void;
  readonly repeatsName: (name: string, offset: number) => void;
}

/**
 * Puts the values into the body. `out.offsets`, if wanted, gets the body's offset of each byte, or -1 for those of a
 * value.
 */
export function expandBody(body: Uint8Array, options: ExpansionOptions, out: ByteRow): void {
  const { isAlternate, parameters, makeLocal } = options;
  let offset = 0;
  const end = body.length;
  const locals = new Map<string, string>();
  let inQuotes = false;
  const substitute = (name: string): boolean => {
    const index = parameters.get(name);
    if (index !== undefined) {
      const { values, firstValue } = options;
      out.append(values.bytes, values.starts[firstValue + index]!, values.ends[firstValue + index]!);
      return true;
    }
    const local = locals.get(name);
    if (local === undefined) return false;
    for (let i = 0; i < local.length; i++) out.push(local.charCodeAt(i), -1);
    return true;
  };
  while (offset < end) {
    const code = body[offset]!;
    if (code === AMPERSAND) {
      // A parameter can be named with `&` before it, too, in either mode.
      const { name, end: nameEnd } = readReference(body, offset + 1, end, AMPERSAND, isAlternate);
      if (!substitute(name)) {
        out.append(body, offset, offset + 1 + name.length, offset);
        if (nameEnd > offset + 1 && body[nameEnd - 1] === AMPERSAND) out.push(AMPERSAND, nameEnd - 1);
      }
      offset = nameEnd;
    } else if (code === BACKSLASH && offset + 1 < end) {
      const next = body[offset + 1]!;
      if (next === 0x28) {
        // `\(text)` is text; `\()` so ends a parameter's name.
        const start = offset;
        offset += 2;
        while (offset < end && body[offset] !== 0x29) out.push(body[offset]!, offset++);
        if (offset < end) offset++;
        else options.missesParenthesis(start);
      } else if (next === 0x40) {
        for (const digit of String(options.count)) out.push(digit.charCodeAt(0), -1);
        offset += 2;
      } else if (next === AMPERSAND) {
        out.append(body, offset, offset + 2, offset);
        offset += 2;
      } else {
        const { name, end: nameEnd } = readReference(body, offset + 1, end, APOSTROPHE, isAlternate);
        if (!substitute(name)) out.append(body, offset, offset + 1 + name.length, offset);
        offset = nameEnd;
      }
    } else if (isAlternate && characterClass[code]! & NAME_START) {
      if (makeLocal !== null && !inQuotes && isLocalWord(body, offset, end)) {
        offset = skipBlanks(body, offset + 5, end);
        for (;;) {
          const local = readReference(body, offset, end, 0, true);
          if (local.name === "") break;
          if (parameters.has(local.name) || locals.has(local.name)) options.repeatsName(local.name, offset);
          else locals.set(local.name, makeLocal());
          offset = skipComma(body, local.end, end);
        }
      } else {
        const { name, end: nameEnd } = readReference(body, offset, end, APOSTROPHE, true);
        if (!substitute(name)) out.append(body, offset, offset + name.length, offset);
        offset = nameEnd;
      }
    } else {
      if (code === QUOTE) inQuotes = !inQuotes;
      out.push(code, offset++);
    }
  }
}

/** `local` and a blank, in any case. */
function isLocalWord(body: Uint8Array, offset: number, end: number): boolean {
  return (
    offset + 5 < end && isBlank(body[offset + 5]!) && textOfBytes(body, offset, offset + 5).toUpperCase() === "LOCAL"
  );
}

/** Takes a body apart for the usual mode; null when it has a mistake that only an expansion reports. */
export function makeTemplate(body: Uint8Array, parameters: ReadonlyMap<string, number>): Template | null {
  const literals = new ByteRow();
  const ends: number[] = [];
  const places: number[] = [];
  const end = body.length;
  const insert = (parameter: number): void => {
    ends.push(literals.length);
    places.push(parameter);
  };
  let offset = 0;
  while (offset < end) {
    const code = body[offset]!;
    if (code === AMPERSAND) {
      const { name, end: nameEnd } = readReference(body, offset + 1, end, AMPERSAND, false);
      const index = parameters.get(name);
      if (index !== undefined) insert(index);
      else literals.append(body, offset, nameEnd);
      offset = nameEnd;
      continue;
    }
    if (code !== BACKSLASH || offset + 1 >= end) {
      literals.push(code, offset++);
      continue;
    }
    const next = body[offset + 1]!;
    if (next === 0x28) {
      const close = body.indexOf(0x29, offset);
      if (close < 0) return null;
      literals.append(body, offset + 2, close);
      offset = close + 1;
    } else if (next === 0x40) {
      insert(-1);
      offset += 2;
    } else if (next === AMPERSAND) {
      literals.append(body, offset, offset + 2);
      offset += 2;
    } else {
      const { name, end: nameEnd } = readReference(body, offset + 1, end, APOSTROPHE, false);
      const index = parameters.get(name);
      if (index !== undefined) insert(index);
      else literals.append(body, offset, offset + 1 + name.length);
      offset = nameEnd;
    }
  }
  return { literals: literals.slice(), ends, parameters: places };
}

/** Appends the body with its values, from `firstValue` on, to `out`, which has no offsets. */
export function expandTemplate(
  { literals, ends, parameters }: Template,
  values: ArgumentValues,
  firstValue: number,
  out: ByteRow,
): void {
  let size = literals.length;
  for (let i = 0; i < ends.length; i++) {
    const value = firstValue + parameters[i]!;
    size += parameters[i]! < 0 ? 20 : values.ends[value]! - values.starts[value]!;
  }
  out.reserve(size);
  const { bytes } = out;
  const source = values.bytes;
  let at = out.length;
  let from = 0;
  for (let i = 0; i < ends.length; i++) {
    const to = ends[i]!;
    while (from < to) bytes[at++] = literals[from++]!;
    const parameter = parameters[i]!;
    if (parameter < 0) {
      const digits = String(values.count);
      for (let j = 0; j < digits.length; j++) bytes[at++] = digits.charCodeAt(j);
    } else {
      const end = values.ends[firstValue + parameter]!;
      for (let j = values.starts[firstValue + parameter]!; j < end; j++) bytes[at++] = source[j]!;
    }
  }
  while (from < literals.length) bytes[at++] = literals[from++]!;
  out.length = at;
}
