/**
 * The processors that a machine can have: what each executes, says in CPUID, and lets CR4 and EFLAGS hold. One table;
 * nobody else asks for the name of a model. Family, model and stepping as in Intel's "AP-485, Intel Processor
 * Identification", table 2-3; features as SDM 2A, CPUID, leaf 1.
 */
import { AC, ID } from "./flags.ts";
import {
  CR0_AM,
  CR0_CD,
  CR0_EM,
  CR0_ET,
  CR0_MP,
  CR0_NE,
  CR0_NW,
  CR0_PE,
  CR0_PG,
  CR0_TS,
  CR0_WP,
  CR4_DE,
  CR4_OSFXSR,
  CR4_OSXMMEXCPT,
  CR4_PAE,
  CR4_PGE,
  CR4_PSE,
  CR4_PVI,
  CR4_TSD,
  CR4_VME,
} from "./state.ts";

export const MODEL_NAMES = ["386", "486", "pentium", "pentium2", "pentium3", "pentium4", "max"] as const;
export type ModelName = (typeof MODEL_NAMES)[number];

/** What machines have when nobody says. */
export const DEFAULT_MODEL: ModelName = "max";

/** CPUID leaf 1, bits of EDX by Intel's names. */
const EDX_BITS = {
  fpu: 0,
  vme: 1,
  de: 2,
  pse: 3,
  tsc: 4,
  msr: 5,
  pae: 6,
  cx8: 8,
  apic: 9,
  sep: 11,
  pge: 13,
  cmov: 15,
  clfsh: 19,
  mmx: 23,
  fxsr: 24,
  sse: 25,
  sse2: 26,
} as const;
/** The same of ECX. */
const ECX_BITS = { sse3: 0, ssse3: 9, "sse4.1": 19, "sse4.2": 20, popcnt: 23 } as const;
/** EDX of leaf 80000001h. */
const EXTENDED_EDX_BITS = { nx: 20 } as const;

export interface ProcessorModel {
  readonly name: ModelName;
  /** What the instruction table calls the features that it has. */
  readonly features: ReadonlySet<string>;
  /** Type, family, model and stepping: EDX after reset and EAX of CPUID leaf 1. */
  readonly signature: number;
  /** Whether there are XMM registers. */
  readonly hasVectors: boolean;
  /** There is a local APIC. */
  readonly hasApic: boolean;
  readonly featuresEdx: number;
  readonly featuresEcx: number;
  /** EDX of CPUID leaf 80000001h; where it is 0 there are no such leaves. */
  readonly extendedEdx: number;
  /** Page tables can forbid to execute: there is IA32_EFER. */
  readonly hasNoExecute: boolean;
  /** Bits of CR0 and CR4 that exist; CR4 itself does not where it has none. */
  readonly cr0: number;
  readonly cr4: number;
  /** Bits of EFLAGS that POPF and IRET cannot set. */
  readonly missingFlags: number;
}

/** What a model adds to the one before it in the table. */
interface Row {
  readonly signature: number;
  /** Features of the instruction table... */
  readonly features: string;
  /** ...bits of CPUID... */
  readonly bits?: readonly (keyof typeof EDX_BITS | keyof typeof ECX_BITS | keyof typeof EXTENDED_EDX_BITS)[];
  /** ...of the control registers... */
  readonly cr0?: number;
  readonly cr4?: number;
  /** ...and of EFLAGS. */
  readonly flags?: number;
}

const ROWS: Readonly<Record<ModelName, Row>> = {
  "386": {
    signature: 0x308,
    features: "i8086 i186 i286 i386 8087 8087-only 287 287-only 387",
    cr0: CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_PG,
  },
  "486": {
    signature: 0x480,
    features: "i486",
    bits: ["fpu", "vme", "pse"],
    cr0: CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD,
    cr4: CR4_VME | CR4_PVI | CR4_PSE,
    flags: AC | ID,
  },
  pentium: {
    signature: 0x543,
    features: "i586",
    bits: ["de", "tsc", "msr", "cx8", "apic"],
    cr4: CR4_TSD | CR4_DE,
  },
  pentium2: {
    signature: 0x652,
    features: "i686 cmov nop 687 mmx fxsr",
    bits: ["pae", "sep", "pge", "cmov", "mmx", "fxsr"],
    cr4: CR4_PAE | CR4_PGE | CR4_OSFXSR,
  },
  pentium3: { signature: 0x673, features: "sse mmx+sse", bits: ["sse"], cr4: CR4_OSXMMEXCPT },
  pentium4: { signature: 0xf24, features: "sse2 mmx+sse2 clflush", bits: ["sse2", "clfsh"] },
  max: {
    signature: 0x6f6,
    features: "sse3 fisttp ssse3 mmx+ssse3 sse4.1 sse4.2 popcnt",
    bits: ["sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "nx"],
  },
};

function makeModels(): Readonly<Record<ModelName, ProcessorModel>> {
  const features = new Set<string>();
  let featuresEdx = 0;
  let featuresEcx = 0;
  let extendedEdx = 0;
  let cr0 = 0;
  let cr4 = 0;
  let missingFlags = AC | ID;
  const models = MODEL_NAMES.map((name): [ModelName, ProcessorModel] => {
    const row = ROWS[name];
    for (const feature of row.features.split(" ")) features.add(feature);
    for (const bit of row.bits ?? []) {
      if (bit in EDX_BITS) featuresEdx |= 1 << EDX_BITS[bit as keyof typeof EDX_BITS];
      else if (bit in EXTENDED_EDX_BITS) extendedEdx |= 1 << EXTENDED_EDX_BITS[bit as keyof typeof EXTENDED_EDX_BITS];
      else featuresEcx |= 1 << ECX_BITS[bit as keyof typeof ECX_BITS];
    }
    cr0 |= row.cr0 ?? 0;
    cr4 |= row.cr4 ?? 0;
    missingFlags &= ~(row.flags ?? 0);
    return [
      name,
      {
        name,
        features: new Set(features),
        signature: row.signature,
        hasVectors: features.has("sse"),
        hasApic: (featuresEdx & (1 << EDX_BITS.apic)) !== 0,
        featuresEdx,
        featuresEcx,
        extendedEdx,
        hasNoExecute: (extendedEdx & (1 << EXTENDED_EDX_BITS.nx)) !== 0,
        cr0,
        cr4,
        missingFlags,
      },
    ];
  });
  return Object.fromEntries(models) as Record<ModelName, ProcessorModel>;
}

export const MODELS = makeModels();
