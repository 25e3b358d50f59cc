/**
 * Spellings of mnemonics that GNU as takes beside those of the table: old suffixes that choose an encoding, branch
 * hints, and in AT&T syntax Intel's names of a few instructions.
 */

import { isMnemonic } from "../../isa/encode.ts";
import type { EncodeOptions, EncodingWish, Operand, Prefix } from "../../isa/instruction.ts";
import { textOfBytes } from "../model/source-text.ts";
import { COMMA, characterClass, NAME_PART } from "./chars.ts";
import type { Input } from "./input.ts";

/** What stands after the dot of `mov.s`, `jmp.d32`: forerunners of the prefixes in braces. */
const WISHES: ReadonlyMap<string, EncodingWish> = new Map<string, EncodingWish>([
  ["s", { direction: "swap" }],
  ["d8", { displacementBits: 8 }],
  ["d32", { displacementBits: 32 }],
]);

/** A mnemonic with such a suffix as the plain one and the wish; null for any other. */
export function wishOf(mnemonic: string): { mnemonic: string; wish: EncodingWish } | null {
  const dot = mnemonic.lastIndexOf(".");
  const wish = dot > 0 ? WISHES.get(mnemonic.slice(dot + 1)) : undefined;
  return wish === undefined ? null : { mnemonic: mnemonic.slice(0, dot), wish };
}

/**
 * The prefix of the branch hint at an offset (`jz,pt`: taken, `jz,pn`: not taken; SDM 2A, 2.1.1), three bytes long;
 * null for none.
 */
export function hintAt(bytes: Uint8Array, offset: number): Prefix | null {
  if (bytes[offset] !== COMMA || bytes[offset + 1] !== 0x70) return null;
  return bytes[offset + 2] === 0x74 ? "ds" : bytes[offset + 2] === 0x6e ? "cs" : null;
}

/**
 * `xcrypt-ecb`, one word as PadLock's programming guide writes it, and the cursor, which is at the hyphen, past it;
 * else the first half as it is.
 */
export function withHyphen(input: Input, first: string, options: EncodeOptions): string {
  const { bytes, offset } = input;
  if (!(characterClass[bytes[offset - 1]!]! & NAME_PART)) return first;
  let end = offset + 1;
  while (characterClass[bytes[end]!]! & NAME_PART) end++;
  const whole = `${first}${textOfBytes(bytes, offset, end).toLowerCase()}`;
  if (!isMnemonic(whole, options)) return first;
  input.offset = end;
  return whole;
}

/** Intel's names that AT&T syntax has others for. */
const ATT_NAMES: ReadonlyMap<string, string> = new Map([
  ["movzxb", "movzb"],
  ["movsxb", "movsb"],
  ["movzxw", "movzw"],
  ["movsxw", "movsw"],
]);

/** SYSRET with the suffix that it has in each syntax: of 32 bits, which 16-bit code says with a prefix. */
export function isSizedSysret(mnemonic: string, isIntel: boolean): boolean {
  return mnemonic === (isIntel ? "sysretd" : "sysretl");
}

/** The mnemonic that the table has in AT&T syntax. */
export function attMnemonic(mnemonic: string, operands: readonly Operand[]): string {
  const destination = operands[0];
  if (mnemonic === "movsd" || mnemonic === "cmpsd") {
    // The string instruction, unless there is a register of SSE.
    return operands.some((operand) => operand.kind === "register") ? mnemonic : `${mnemonic.slice(0, 4)}l`;
  }
  if (destination?.kind === "register" && destination.register.class === "st")
    return mnemonic.replace(/^(fld|fst|fstp|fcom|fcomp)l$/, "$1");
  const name = ATT_NAMES.get(mnemonic);
  if (name === undefined || destination?.kind !== "register") return mnemonic;
  return name + (destination.register.class === "r16" ? "w" : "l");
}
