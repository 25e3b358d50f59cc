/** Names: long ones of UTF-16 in slots of 13 characters, and the short one of eight and three that each file has. */
import { UPPER_437 } from "../../bytes/code-page-437.ts";
import { assert } from "../../diagnostic/invariant.ts";
import { FileSystemError } from "../error.ts";

const LONG_MOST = 255;
const CHARACTERS_OF_SLOT = 13;
/** Where they lie in a slot. */
const CHARACTERS_AT = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
const FORBIDDEN = /["*/:<>?\\|\x00-\x1f\x7f]/;
const SHORT = /^[A-Z0-9!#$%&'()@^_`{}~-]{1,8}(?:\.[A-Z0-9!#$%&'()@^_`{}~-]{1,3})?$/;
const LOWER_BASE = 0x08;
const LOWER_EXTENSION = 0x10;
/** A letter as a capital, where that is one letter too. */
function capital(letter: string): string {
  const upper = letter.toUpperCase();
  return upper.length === 1 ? upper : letter;
}

/** Names differ by more than the case of their letters. */
export const folded = (name: string): string => name.replace(/[^\x00-\x60{-~]/g, capital);

/** What somebody else wrote may not move a terminal's cursor, nor look like a path. */
const harmless = (name: string): string => name.replace(/[\x00-\x1f\x7f/\\]/g, "\ufffd");

/** Refuses what no name may be. */
export function checkName(name: string): void {
  if (name === "" || name.length > LONG_MOST || FORBIDDEN.test(name) || /[. ]$/.test(name))
    throw new FileSystemError("invalid", `${JSON.stringify(name)} is no name on a FAT volume`);
}

/** The short name of a slot, in small letters where its flags say so. */
export function shortName(slot: Uint8Array): string {
  const part = (from: number, to: number, isLower: boolean): string => {
    const text = [...slot.subarray(from, to)]
      .map((byte, index) => (from + index === 0 && byte === 0x05 ? 0xe5 : byte))
      .map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : UPPER_437[byte - 0x80]!))
      .join("")
      .replace(/ +$/, "");
    return isLower ? text.toLowerCase() : text;
  };
  const base = part(0, 8, (slot[12]! & LOWER_BASE) !== 0);
  const extension = part(8, 11, (slot[12]! & LOWER_EXTENSION) !== 0);
  return harmless(extension === "" ? base : `${base}.${extension}`);
}

/** The sum of a short name that the slots of its long one have. */
export function sumOf(slot: Uint8Array): number {
  return slot.subarray(0, 11).reduce((sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff, 0);
}

/** The characters of slots, the first one first. */
export function longName(slots: readonly Uint8Array[]): string {
  assert(
    slots.length * CHARACTERS_OF_SLOT < 64 * CHARACTERS_OF_SLOT,
    "a long name has more slots than their numbers count",
  );
  const units = slots.flatMap((slot) => CHARACTERS_AT.map((at) => slot[at]! | (slot[at + 1]! << 8)));
  const end = units.indexOf(0);
  return harmless(String.fromCharCode(...(end < 0 ? units : units.slice(0, end))));
}

/** Slots of a long name in the order in which they stand before the short one: the last first. */
export function longSlots(name: string, sum: number): Uint8Array[] {
  const count = Math.ceil(name.length / CHARACTERS_OF_SLOT);
  assert(count >= 1 && name.length <= LONG_MOST, "a long name is too long for its slots");
  assert(sum >= 0 && sum <= 0xff, "the sum of a short name is a byte");
  return Array.from({ length: count }, (_, index) => {
    const slot = new Uint8Array(32);
    for (const [place, at] of CHARACTERS_AT.entries()) {
      const character = index * CHARACTERS_OF_SLOT + place;
      const unit = character < name.length ? name.charCodeAt(character) : character === name.length ? 0 : 0xffff;
      slot[at] = unit & 0xff;
      slot[at + 1] = unit >> 8;
    }
    slot[0] = (index + 1) | (index + 1 === count ? 0x40 : 0);
    slot[11] = 0x0f;
    slot[13] = sum;
    return slot;
  }).reverse();
}

/** The eleven characters of a short name for a name, and whether that says all. */
export function aliasOf(name: string, isTaken: (alias: string) => boolean): { alias: Uint8Array; isWhole: boolean } {
  if (SHORT.test(name)) return { alias: eleven(name), isWhole: true };
  const plain = (text: string): string =>
    folded(text)
      .replace(/[ .]/g, "")
      .replace(/[^A-Z0-9!#$%&'()@^_`{}~-]/g, "_");
  const dot = name.lastIndexOf(".");
  const base = plain(dot > 0 ? name.slice(0, dot) : name) || "_";
  const extension = dot > 0 ? plain(name.slice(dot + 1)).slice(0, 3) : "";
  for (let number = 1; number < 1_000_000; number++) {
    const tail = `~${number}`;
    const alias = `${base.slice(0, 8 - tail.length)}${tail}${extension === "" ? "" : `.${extension}`}`;
    if (!isTaken(alias)) return { alias: eleven(alias), isWhole: false };
  }
  throw new FileSystemError("no-space", "the directory has no short name left");
}

function eleven(name: string): Uint8Array {
  const [base = "", extension = ""] = name.split(".");
  assert(base.length >= 1 && base.length <= 8 && extension.length <= 3, "a short name does not fit into its slot");
  return Uint8Array.from(`${base.padEnd(8)}${extension.padEnd(3)}`, (character) => character.charCodeAt(0));
}
