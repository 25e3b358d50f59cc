/**
 * The forms in which debugging information writes values, with 32-bit offsets and addresses (DWARF 5, 7.5.6 and table
 * 7.6, and GNU's extensions of version 4).
 */
import type { Cursor } from "./line-table.ts";

export interface FormValue {
  readonly form: number;
  /** What a form of one number says, 0 for others. */
  readonly number: number;
  /** A string that stands in place. */
  readonly text: string | null;
}

/** Sizes of forms that are one number. */
const NUMBERS: ReadonlyMap<number, 1 | 2 | 4> = new Map([
  [0x01, 4],
  [0x05, 2],
  [0x06, 4],
  [0x0b, 1],
  [0x0c, 1],
  [0x0e, 4],
  [0x10, 4],
  [0x11, 1],
  [0x12, 2],
  [0x13, 4],
  [0x17, 4],
  [0x1c, 4],
  [0x1d, 4],
  [0x1f, 4],
  [0x25, 1],
  [0x26, 2],
  [0x28, 4],
  [0x29, 1],
  [0x2a, 2],
  [0x2c, 4],
]);
const ULEBS: ReadonlySet<number> = new Set([0x0f, 0x15, 0x1a, 0x1b, 0x22, 0x23]);
/** Sizes of forms whose value nobody asks for. */
const SKIPPED: ReadonlyMap<number, number> = new Map([
  [0x07, 8],
  [0x14, 8],
  [0x1e, 16],
  [0x20, 8],
  [0x24, 8],
  [0x27, 3],
  [0x2b, 3],
]);

/**
 * Reads a value, or steps over one that nobody asks for. `constant` is the value of a form that has it in its
 * declaration.
 */
export function readForm(cursor: Cursor, form: number, constant: number): FormValue {
  const value = (number: number, text: string | null = null): FormValue => ({ form, number, text });
  const size = NUMBERS.get(form);
  if (size !== undefined) return value(size === 1 ? cursor.u8() : size === 2 ? cursor.u16() : cursor.u32());
  if (ULEBS.has(form)) return value(cursor.uleb());
  if (form === 0x21) return value(constant);
  if (form === 0x19) return value(1);
  if (form === 0x0d) return value(cursor.sleb());
  if (form === 0x08) return value(0, cursor.string());
  if (form === 0x16) return readForm(cursor, directForm(cursor.uleb()), 0);
  const skipped =
    SKIPPED.get(form) ??
    (form === 0x03
      ? cursor.u16()
      : form === 0x04
        ? cursor.u32()
        : form === 0x0a
          ? cursor.u8()
          : form === 0x09 || form === 0x18
            ? cursor.uleb()
            : null);
  if (skipped === null) throw new RangeError(`unknown form ${form}`);
  cursor.at += skipped;
  return value(0);
}

/** DW_FORM_indirect cannot lead to itself. */
function directForm(form: number): number {
  if (form === 0x16) throw new RangeError("an indirect form leads to another one");
  return form;
}
