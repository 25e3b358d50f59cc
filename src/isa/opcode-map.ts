/**
 * The opcode maps, derived from the table: from opcode, mandatory prefix and ModRM to the form. The decoder walks them,
 * and the emulator builds its dispatch from them:
 *
 *     const entry = opcodeMap(0)[0x83]!;             // one-byte map
 *     entry.hasModRM                                  // fetch a ModRM byte before choosing
 *     formAt(entry, prefixIndex(66?, last of F2/F3), modrm)
 *
 * An entry is dense: `byPrefix[prefix]` is one form for all ModRM bytes or an array of 256, so that a dispatch table is
 * made by one loop over maps, opcodes, prefixes and ModRM bytes. Operand size is no index: a form of size "v" is the
 * same form for 16 and for 32 bits, and names like CBW and CWDE are told apart by the size that was decoded.
 */

import type { Form, OpcodeMap } from "./form.ts";
import { ESCAPES } from "./notation.ts";
import { processorForms } from "./table/processor.ts";

/** Index into `byPrefix`. F2 and F3 outrank 66; of the two, the later in the instruction counts (SDM 2A, 2.1.2). */
export const PREFIX_NONE = 0;
const PREFIX_66 = 1;
const PREFIX_F3 = 2;
const PREFIX_F2 = 3;

/** Undefined opcodes are null: #UD. */
export type FormsByModRM = Form | null | readonly (Form | null)[];

export interface OpcodeEntry {
  /** A ModRM byte follows the opcode. */
  readonly hasModRM: boolean;
  /** By PREFIX_NONE, PREFIX_66, PREFIX_F3, PREFIX_F2. */
  readonly byPrefix: readonly FormsByModRM[];
}

const prefixesOf = (form: Form): readonly number[] => {
  switch (form.prefix) {
    case "any":
      return [PREFIX_NONE, PREFIX_66, PREFIX_F3, PREFIX_F2];
    case "none":
      return [PREFIX_NONE];
    case 0x66:
      return [PREFIX_66];
    case 0xf3:
      return [PREFIX_F3];
    case 0xf2:
      return [PREFIX_F2];
  }
};

/** Calls `set` for each ModRM byte that belongs to a form. */
const forEachModRM = (form: Form, set: (modrm: number) => void): void => {
  if (form.modrm === "exact") return set(form.modrmValue);
  if (form.modrm === "register") {
    for (let rm = 0; rm < 8; rm++) set(form.modrmValue | rm);
    return;
  }
  const isDigit = form.modrm === "digit";
  const firstReg = isDigit ? form.modrmValue : 0;
  const lastReg = isDigit ? form.modrmValue : 7;
  for (let mod = form.mod === "register" ? 3 : 0; mod < (form.mod === "memory" ? 3 : 4); mod++) {
    for (let reg = firstReg; reg <= lastReg; reg++) for (let rm = 0; rm < 8; rm++) set((mod << 6) | (reg << 3) | rm);
  }
};

type Draft = { hasModRM: boolean; forms: Form[] };

/** A form that names its prefix, or the whole ModRM byte, outranks one that does not. */
const rank = (form: Form): number => (form.prefix === "any" ? 0 : 2) + (form.modrm === "exact" ? 1 : 0);

const freeze = (draft: Draft): OpcodeEntry => {
  // The last to be set is the one that stays: the highest rank, and of equals the first in the table.
  const ranked = draft.forms.length === 1 ? draft.forms : [...draft.forms].reverse().sort((a, b) => rank(a) - rank(b));
  // Where no form names a prefix all four are alike, and share one array.
  const isShared = draft.forms.every(({ prefix }) => prefix === "any");
  const prefixes = isShared ? [PREFIX_NONE] : [PREFIX_NONE, PREFIX_66, PREFIX_F3, PREFIX_F2];
  const byPrefix = prefixes.map((prefix): FormsByModRM => {
    const forms = ranked.filter((form) => prefixesOf(form).includes(prefix));
    if (forms.length === 0) return null;
    const best = forms.at(-1)!;
    if (!draft.hasModRM) return best;
    if (
      forms.length === 1 &&
      (best.modrm === "reg" || best.modrm === "ignored") &&
      (best.mod === "any" || best.mod === "ignored")
    )
      return best;
    const byModRM = new Array<Form | null>(256).fill(null);
    for (const form of forms) {
      forEachModRM(form, (modrm) => {
        byModRM[modrm] = form;
      });
    }
    return byModRM;
  });
  return {
    hasModRM: draft.hasModRM,
    byPrefix: isShared ? [byPrefix[0]!, byPrefix[0]!, byPrefix[0]!, byPrefix[0]!] : byPrefix,
  };
};

/** By opcode map and opcode. */
export type OpcodeMaps = readonly (readonly (OpcodeEntry | null)[])[];

export const opcodeMapsOf = (forms: readonly Form[]): OpcodeMaps => {
  const drafts: (Draft | undefined)[][] = ESCAPES.map(() => []);
  for (const form of forms) {
    if (form.encodeOnly) continue;
    const map = drafts[form.map]!;
    for (let i = 0; i < (form.opcodeRegister ? 8 : 1); i++) {
      const draft = (map[form.opcode + i] ??= { hasModRM: form.modrm !== "none", forms: [] });
      if (draft.hasModRM !== (form.modrm !== "none")) {
        throw new Error(`instruction table: not all forms of this opcode have a ModRM byte: ${form.text}`);
      }
      draft.forms.push(form);
    }
  }
  return drafts.map((map) =>
    Array.from({ length: 256 }, (_, opcode) => (map[opcode] === undefined ? null : freeze(map[opcode]))),
  );
};

let maps: OpcodeMaps | null = null;

/** What the emulator's processors have. */
export const processorOpcodes = (): OpcodeMaps => (maps ??= opcodeMapsOf(processorForms()));

/** The 256 entries of an opcode map; null where nothing is defined for any processor of the emulator. */
export const opcodeMap = (map: OpcodeMap): readonly (OpcodeEntry | null)[] => processorOpcodes()[map]!;

/** The form for an opcode with its prefix class and ModRM byte; null is #UD. */
export const formAt = (entry: OpcodeEntry, prefix: number, modrm: number): Form | null => {
  const forms = entry.byPrefix[prefix]!;
  return forms === null || !("length" in forms) ? forms : forms[modrm]!;
};

/** The prefix class of an instruction. `repeat` is the last of F2 and F3, or 0. */
export const prefixIndex = (has66: boolean, repeat: number): number =>
  repeat === 0xf3 ? PREFIX_F3 : repeat === 0xf2 ? PREFIX_F2 : has66 ? PREFIX_66 : PREFIX_NONE;
