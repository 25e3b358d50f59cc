/**
 * Scan codes. Keys are named by their set 1 make code, as PC software knows them: 1Eh for A, E048h for the up arrow.
 * The keyboard sends set 2 and the controller translates to set 1. Source: IBM PS/2 Technical Reference, keyboard
 * section.
 */

/**
 * Set 2 code (00h-7Fh) to set 1 code, the table in the keyboard controller. Codes without a key translate as on the
 * 8042.
 */
// prettier-ignore
export const SET2_TO_SET1: readonly number[] = [
  0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59, 0x65, 0x38, 0x2a,
  0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05,
  0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a,
  0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26,
  0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63,
  0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53,
  0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
];

/** What the controller makes of a set 2 byte: F7 and Alt+SysRq lie above 7Fh, all other bytes from 80h up pass. */
export function translateToSet1(byte: number): number {
  if (byte < 0x80) return SET2_TO_SET1[byte]!;
  return byte === 0x83 ? 0x41 : byte === 0x84 ? 0x54 : byte;
}

const SET1_TO_SET2 = new Map<number, number>();
SET2_TO_SET1.forEach((set1, set2) => SET1_TO_SET2.set(set1, set2));
SET1_TO_SET2.set(0x41, 0x83).set(0x54, 0x84);

/** Pause has no break code and sends both at once. */
const PAUSE = 0xe11d;
const PAUSE_SET2 = [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77] as const;
const PAUSE_SET1 = [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5] as const;

/** The bytes that a keyboard in scan code set 1 or 2 sends when `key` (a set 1 code) goes down or up. */
export function scanCodeBytes(key: number, down: boolean, set: number): readonly number[] {
  if (key === PAUSE) return down ? (set === 1 ? PAUSE_SET1 : PAUSE_SET2) : [];
  const prefix = key >> 8 ? [key >> 8] : [];
  const code = key & 0x7f;
  if (set === 1) return [...prefix, down ? code : code | 0x80];
  const set2 = SET1_TO_SET2.get(code) ?? 0;
  return down ? [...prefix, set2] : [...prefix, 0xf0, set2];
}

/** Names of keys that do not type a character, for hosts and tests. */
export const KEYS = {
  escape: 0x01,
  backspace: 0x0e,
  tab: 0x0f,
  enter: 0x1c,
  control: 0x1d,
  shift: 0x2a,
  alt: 0x38,
  space: 0x39,
  f1: 0x3b,
  f2: 0x3c,
  f3: 0x3d,
  f4: 0x3e,
  f5: 0x3f,
  f6: 0x40,
  f7: 0x41,
  f8: 0x42,
  f9: 0x43,
  f10: 0x44,
  f11: 0x57,
  f12: 0x58,
  home: 0xe047,
  up: 0xe048,
  pageUp: 0xe049,
  left: 0xe04b,
  right: 0xe04d,
  end: 0xe04f,
  down: 0xe050,
  pageDown: 0xe051,
  insert: 0xe052,
  delete: 0xe053,
  pause: PAUSE,
} as const;

/** Rows of a US keyboard: the set 1 code of the row's first key, and what its keys type without and with Shift. */
const US_ROWS: readonly { first: number; plain: string; shifted: string }[] = [
  { first: 0x02, plain: "1234567890-=", shifted: "!@#$%^&*()_+" },
  { first: 0x10, plain: "qwertyuiop[]", shifted: "QWERTYUIOP{}" },
  { first: 0x1e, plain: "asdfghjkl;'`", shifted: 'ASDFGHJKL:"~' },
  { first: 0x2b, plain: "\\zxcvbnm,./", shifted: "|ZXCVBNM<>?" },
];

export interface Keystroke {
  key: number;
  modifier: number | null;
}

/** The key, and the modifier held with it, that types a character on a US keyboard; null when none does. */
export function keystrokeOf(character: string): Keystroke | null {
  for (const row of US_ROWS) {
    const plain = row.plain.indexOf(character);
    if (plain >= 0) return { key: row.first + plain, modifier: null };
    const shifted = row.shifted.indexOf(character);
    if (shifted >= 0) return { key: row.first + shifted, modifier: KEYS.shift };
  }
  const special: Record<string, number> = {
    " ": KEYS.space,
    "\n": KEYS.enter,
    "\r": KEYS.enter,
    "\t": KEYS.tab,
    "\b": KEYS.backspace,
    "\x7f": KEYS.backspace,
    "\x1b": KEYS.escape,
  };
  const key = special[character];
  if (key !== undefined) return { key, modifier: null };
  const code = character.charCodeAt(0);
  if (code < 1 || code > 26) return null;
  const letter = keystrokeOf(String.fromCharCode(code + 0x60));
  return letter && { key: letter.key, modifier: KEYS.control };
}
