/** Machine code for every opcode of the maps: each form with a spread of ModRM bytes and prefixes. */

import type { Form } from "../../src/isa/form.ts";
import { isVexMap, isXopMap, LAST_BYTE_MAP, VEX_MAPS, XOP_MAPS } from "../../src/isa/form.ts";
import { knownOpcodes } from "../../src/isa/known-opcodes.ts";
import { ESCAPES } from "../../src/isa/notation.ts";
import type { OpcodeMaps } from "../../src/isa/opcode-map.ts";
import { formAt } from "../../src/isa/opcode-map.ts";

/** Every kind of address, and registers; the reg field is filled in. */
const MODRM_SHAPES: readonly (readonly number[])[] = [
  [0x00],
  [0x05],
  [0x06],
  [0x43],
  [0x46],
  [0x82],
  [0x87],
  [0x04, 0x24],
  [0x04, 0x58],
  [0x44, 0xb5],
  [0x84, 0x05],
  [0x04, 0x85],
  [0x04, 0x25],
  [0x04, 0x61],
  [0xc0],
  [0xc3],
  [0xc7],
  [0xd1],
];
const TAIL = [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0x05, 0x90];
const NEGATIVE_TAIL = [0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x90];

const PREFIXES: readonly (readonly number[])[] = [
  [],
  [0x66],
  [0x67],
  [0xf3],
  [0xf2],
  [0xf0],
  [0x2e],
  [0x3e],
  [0x64],
  [0x66, 0x67],
  [0x66, 0xf3],
  [0xf2, 0x66],
  [0xf3, 0xf0],
  [0x36, 0x26],
  [0x66, 0x66],
  [0x65, 0x67, 0xf2],
];

/** In the order of VEX.pp. */
const PREFIX_BYTES = [null, 0x66, 0xf3, 0xf2];

export interface ByteSample {
  /** The instruction and bytes after it. */
  readonly bytes: Uint8Array;
  /** How many prefixes were put before it that it does not need. */
  readonly extraPrefixes: number;
  readonly form: Form;
}

/** A VEX or XOP prefix for a form; the register in it comes from the ModRM byte, so that it varies. */
const vexOf = (form: Form, mandatory: number | null, modrm: number): number[] => {
  const vvvv = form.operands.some(({ field }) => field === "vvvv") ? (modrm >> 1) & 7 : 0;
  const [first, space] = isXopMap(form.map) ? [0x8f, form.map - XOP_MAPS] : [0xc4, form.map - VEX_MAPS];
  return [first, 0xe0 | space, ((15 - vvvv) << 3) | PREFIX_BYTES.indexOf(mandatory ?? null)];
};

/** Bytes after ModRM's first: SIB and displacement, as the ModRM byte asks for in 32-bit code. */
const addressBytes = ([modrm, sib]: readonly number[]): number => {
  const mod = modrm! >> 6;
  if (mod === 3) return 0;
  const base = (modrm! & 7) === 4 ? sib! & 7 : modrm! & 7;
  const displacement = mod === 1 ? 1 : mod === 2 || base === 5 ? 4 : 0;
  return ((modrm! & 7) === 4 ? 1 : 0) + displacement;
};

/** Bytes for each opcode and prefix class that is defined. `prefixes` goes in front of them. */
export const byteSamples = (maps: OpcodeMaps = knownOpcodes()): ByteSample[] => {
  const all: ByteSample[] = [];
  const add = (
    form: Form,
    extra: readonly number[],
    mandatory: number | null,
    opcode: number,
    modrm: readonly number[],
  ): void => {
    const own = mandatory === null ? [] : [mandatory];
    const lead = isVexMap(form.map) ? vexOf(form, mandatory, modrm[0]!) : [...own, ...ESCAPES[form.map]!];
    const isLast = form.map === LAST_BYTE_MAP;
    const head = [...extra, ...lead, ...(isLast ? [] : [opcode]), ...modrm];
    for (const tail of [TAIL, NEGATIVE_TAIL]) {
      const bytes = Uint8Array.from([...head, ...tail]);
      // For 32-bit code: with 16-bit addresses it is another opcode, or none.
      if (isLast) bytes[head.length - modrm.length + 1 + addressBytes(modrm)] = opcode;
      all.push({ form, extraPrefixes: extra.length, bytes });
    }
  };
  maps.forEach((entries) => {
    entries.forEach((entry, opcode) => {
      if (entry === null) return;
      PREFIX_BYTES.forEach((mandatory, prefix) => {
        const seen = new Map<Form, number>();
        for (let reg = 0; reg < (entry.hasModRM ? 8 : 1); reg++) {
          for (const [first, ...rest] of entry.hasModRM ? MODRM_SHAPES : [[0]]) {
            const modrm = first! | (entry.hasModRM && first! !== 0xd1 ? reg << 3 : 0);
            const form = formAt(entry, prefix, modrm);
            if (form === null || (form.prefix !== "any" && form.prefix !== "none" && mandatory === null)) continue;
            if (isVexMap(form.map) && form.prefix === "none" && mandatory !== null) continue;
            if (form.prefix === "any" && mandatory !== null) continue;
            // ESP with a SIB byte is right only where the shape has one.
            const bytes = entry.hasModRM ? [modrm, ...rest] : [];
            const count = seen.get(form) ?? 0;
            seen.set(form, count + 1);
            if (count > 18) continue;
            add(form, [], mandatory, opcode, bytes);
            if (count < 2 || modrm === 0xc0)
              for (const extra of PREFIXES.slice(1)) if (mandatory === null) add(form, extra, mandatory, opcode, bytes);
          }
        }
        if (!entry.hasModRM) return;
        // Whole ModRM bytes that belong to one form.
        for (let modrm = 0xc0; modrm < 0x100; modrm++) {
          const form = formAt(entry, prefix, modrm);
          if (
            form !== null &&
            (form.modrm === "exact" || form.modrm === "register") &&
            (form.prefix === "any" ? mandatory === null : form.prefix === (mandatory ?? "none"))
          )
            add(form, [], mandatory, opcode, [modrm]);
        }
      });
    });
  });
  return all;
};
