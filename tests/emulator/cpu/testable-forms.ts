/** Which forms the random tests run, and which flags the manual leaves undefined after each. */

import type { Random } from "../../../emulator/state/random.ts";
import type { Form } from "../../../src/isa/form.ts";
import { processorForms } from "../../../src/isa/table/processor.ts";

const FEATURES = new Set(["i8086", "i186", "i386", "i486", "i586", "cmov", "nop"]);

/**
 * Left out everywhere: what depends on the processor's model, reads time, or jumps to where a random value says; and
 * what has tests of its own.
 */
const EXCLUDED = new Set([
  "int1",
  "iret",
  "call_indirect",
  "jmp_indirect",
  "ret",
  "retf",
  "cpuid",
  "rdtsc",
  "rsm",
  "fwait",
  "smsw",
  "sgdt",
  "sidt",
  "mov_from_treg",
  "mov_to_treg",
]);

/** Need segments, gates or a stack of their own. */
const SYSTEM = new Set([
  "int",
  "into",
  "call",
  "call_far",
  "jmp_far",
  "mov_to_sreg",
  "lds",
  "les",
  "lfs",
  "lgs",
  "lss",
  "pop_sreg",
  "push_sreg",
  "popf",
  "sti",
  "cli",
  "bound",
  "leave",
  "popa",
  "arpl",
  "lar",
  "lsl",
  "verr",
  "verw",
  "sldt",
  "str",
]);

/** Would change ring 0's world for the cases that follow: only refused, in outer rings. */
const PRIVILEGED = new Set([
  "hlt",
  "in",
  "out",
  "ins",
  "outs",
  "lgdt",
  "lidt",
  "lldt",
  "ltr",
  "lmsw",
  "clts",
  "invd",
  "wbinvd",
  "invlpg",
  "rdmsr",
  "wrmsr",
  "rdpmc",
  "mov_to_creg",
  "mov_from_creg",
  "mov_to_dreg",
  "mov_from_dreg",
]);

const COMMON: readonly Form[] = processorForms().filter(
  (form) =>
    !form.encodeOnly &&
    // QEMU does not know all of the P6's hint space, nor TEST as digit 1.
    !(form.semantic === "nop" && form.map === 1 && (form.mod === "register" || form.opcode === 0x0d)) &&
    !(form.semantic === "test" && form.modrmValue === 1) &&
    // Far pointers in memory lead anywhere.
    !form.operands.some(({ memory, field }) => memory === "far" && field === "rm" && form.semantic.endsWith("_far")) &&
    (FEATURES.has(form.feature) || form.feature === "i286") &&
    !EXCLUDED.has(form.semantic) &&
    !form.operands.some(({ register }) => register === "st"),
);

/** What can run alone in a flat world of ring 0. */
export const TESTABLE: readonly Form[] = COMMON.filter(
  ({ semantic, feature }) => FEATURES.has(feature) && !SYSTEM.has(semantic) && !PRIVILEGED.has(semantic),
);

/** What needs descriptors and exceptions around it. */
export const SYSTEM_TESTABLE: readonly Form[] = COMMON.filter(({ semantic }) => SYSTEM.has(semantic));

/** What only outer rings may try. */
export const USER_TESTABLE: readonly Form[] = COMMON.filter(({ semantic }) => PRIVILEGED.has(semantic));

const CF = 0x1;
const PF = 0x4;
const AF = 0x10;
const ZF = 0x40;
const SF = 0x80;
const OF = 0x800;

/**
 * Flags that are undefined after an instruction and that QEMU leaves differently than the P6 or us (SDM volume 1,
 * appendix A).
 */
export const UNDEFINED_FLAGS: Readonly<Record<string, number>> = {
  mul: AF,
  imul: AF,
  div: CF | PF | AF | ZF | SF | OF,
  idiv: CF | PF | AF | ZF | SF | OF,
  and: AF,
  or: AF,
  xor: AF,
  test: AF,
  shl: AF | OF,
  shr: AF | OF,
  sar: AF | OF,
  shld: AF | OF,
  shrd: AF | OF,
  rol: OF,
  ror: OF,
  rcl: OF,
  rcr: OF,
  bt: OF | SF | AF | PF,
  bts: OF | SF | AF | PF,
  btr: OF | SF | AF | PF,
  btc: OF | SF | AF | PF,
  bsf: CF | OF | SF | AF | PF,
  bsr: CF | OF | SF | AF | PF,
  aaa: OF | SF | ZF | PF,
  aas: OF | SF | ZF | PF,
  daa: OF,
  das: OF,
  aam: OF | AF | CF,
  aad: OF | AF | CF,
};

const ARITHMETIC = CF | PF | AF | ZF | SF | OF;

/** All flags of the conditions 0-F without their lowest bit. */
const CONDITION_FLAGS = [OF, CF, ZF, CF | ZF, SF, PF, SF | OF, ZF | SF | OF] as const;

const READ_FLAGS: Readonly<Record<string, number>> = {
  adc: CF,
  sbb: CF,
  rcl: CF,
  rcr: CF,
  cmc: CF,
  salc: CF,
  // What is pushed can be read: a vector whose handler expects an error code takes the flags for a segment.
  int: ARITHMETIC,
  into: ARITHMETIC,
  lahf: ARITHMETIC & ~OF,
  pushf: ARITHMETIC,
  aaa: AF,
  aas: AF,
  daa: CF | AF,
  das: CF | AF,
  loopz: ZF,
  loopnz: ZF,
  loope: ZF,
  loopne: ZF,
};

const WRITTEN_FLAGS: Readonly<Record<string, number>> = {
  add: ARITHMETIC,
  sub: ARITHMETIC,
  cmp: ARITHMETIC,
  neg: ARITHMETIC,
  adc: ARITHMETIC,
  sbb: ARITHMETIC,
  xadd: ARITHMETIC,
  cmpxchg: ARITHMETIC,
  inc: ARITHMETIC & ~CF,
  dec: ARITHMETIC & ~CF,
  and: ARITHMETIC,
  or: ARITHMETIC,
  xor: ARITHMETIC,
  test: ARITHMETIC,
};

/** The arithmetic flags that an instruction looks at. */
export function readsFlags(form: Form): number {
  return form.condition >= 0 ? CONDITION_FLAGS[form.condition >> 1]! : (READ_FLAGS[form.semantic] ?? 0);
}

/** Those that it is sure to set, apart from what UNDEFINED_FLAGS says of it. */
export function writesFlags(form: Form): number {
  return WRITTEN_FLAGS[form.semantic] ?? 0;
}

export const MODRM_FORMS = {
  /** The value of ModRM.reg where it names something else than a general register. */
  regOf(form: Form, random: Random): number | null {
    const classes = form.operands.flatMap(({ field, register }) => (field === "reg" ? [register] : []));
    if (classes.includes("sreg")) return random.below(6);
    // Which fault a register that is not there gives in an outer ring is open.
    if (classes.includes("creg")) return random.pick([0, 2, 3, 4]);
    if (classes.includes("dreg")) return random.pick([0, 1, 2, 3, 6, 7]);
    return null;
  },
};
