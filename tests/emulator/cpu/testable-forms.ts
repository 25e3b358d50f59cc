/** Which forms the random tests run, and which flags the manual leaves undefined after each. */
import type { Form } from "../../../src/isa/form.ts";
import { allForms } from "../../../src/isa/table/index.ts";
import type { Random } from "./random-instructions.ts";

const FEATURES = new Set(["i8086", "i186", "i386", "i486", "i586", "cmov", "nop"]);

/** Left out: what leaves the flat ring-0 world of the test, depends on the processor's model, or has tests of its own. */
const EXCLUDED = new Set([
  "hlt", "int", "int1", "into", "iret", "call_far", "jmp_far", "call_indirect", "jmp_indirect", "call", "ret", "retf", "in", "out", "ins", "outs",
  "mov_to_sreg", "mov_from_creg", "mov_to_creg", "mov_from_dreg", "mov_to_dreg", "mov_from_treg", "mov_to_treg", "lds", "les", "lfs", "lgs", "lss",
  "pop_sreg", "popf", "sti", "cli", "cpuid", "rdtsc", "rdmsr", "wrmsr", "rsm", "invd", "wbinvd", "invlpg", "fwait", "bound", "leave", "push_sreg", "popa",
]);

export const TESTABLE: readonly Form[] = allForms().filter(
  (form) =>
    !form.encodeOnly &&
    // QEMU does not know all of the P6's hint space, nor TEST as digit 1.
    !(form.semantic === "nop" && form.map === 1 && (form.mod === "register" || form.opcode === 0x0d)) &&
    !(form.semantic === "test" && form.modrmValue === 1) &&
    FEATURES.has(form.feature) && !EXCLUDED.has(form.semantic) && !form.operands.some(({ register }) => register === "st"),
);

const CF = 0x1;
const PF = 0x4;
const AF = 0x10;
const ZF = 0x40;
const SF = 0x80;
const OF = 0x800;

/** Flags that are undefined after an instruction and that QEMU leaves differently than the P6 or us (SDM volume 1, appendix A). */
export const UNDEFINED_FLAGS: Readonly<Record<string, number>> = {
  mul: AF, imul: AF, div: CF | PF | AF | ZF | SF | OF, idiv: CF | PF | AF | ZF | SF | OF,
  and: AF, or: AF, xor: AF, test: AF,
  shl: AF | OF, shr: AF | OF, sar: AF | OF, shld: AF | OF, shrd: AF | OF, rol: OF, ror: OF, rcl: OF, rcr: OF,
  bt: OF | SF | AF | PF, bts: OF | SF | AF | PF, btr: OF | SF | AF | PF, btc: OF | SF | AF | PF,
  bsf: CF | OF | SF | AF | PF, bsr: CF | OF | SF | AF | PF,
  aaa: OF | SF | ZF | PF, aas: OF | SF | ZF | PF, daa: OF, das: OF, aam: OF | AF | CF, aad: OF | AF | CF,
};

export const MODRM_FORMS = {
  /** The value of ModRM.reg where it names something else than a general register. */
  regOf(form: Form, random: Random): number | null {
    return form.operands.some(({ field, register }) => field === "reg" && register === "sreg") ? random.below(6) : null;
  },
};
