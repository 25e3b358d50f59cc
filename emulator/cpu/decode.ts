/**
 * From the bytes under CS:EIP to decoded instructions. Opcodes and formats are the business of src/isa; here bytes are
 * fetched with the checks of fetching, and forms that need a feature which this processor lacks become undefined
 * opcodes (#UD).
 */
import { Decoded, decode, MAX_INSTRUCTION_BYTES } from "../../src/isa/decode.ts";
import type { Form } from "../../src/isa/form.ts";
import { formAt, opcodeMap, PREFIX_NONE } from "../../src/isa/opcode-map.ts";
import type { Core } from "./core.ts";
import { GENERAL_PROTECTION, INVALID_OPCODE, raise } from "./exceptions.ts";
import type { DecodedInstruction } from "./instruction.ts";
import { BASE, CS, LIMIT, ZERO } from "./layout.ts";
import { MODE_CODE32 } from "./state.ts";

const PAGE_MASK = 0xfff;
const SCALE_SHIFT = { 1: 0, 2: 1, 4: 2, 8: 3 } as const;

/** Thrown when an instruction that is not the first of its block would leave the page: the block ends before it. */
export const PAGE_END = Symbol("page end");

/** Fetches and decodes instruction after instruction within one page. */
export class InstructionStream {
  eip = 0;
  mode = 0;
  /** Linear address of the next instruction within its page. */
  pageLow = 0;
  /** Offset of its first byte in the machine's memory, 0 when a device answers there. */
  offset = 0;
  /**
   * Where the second page of the last instruction begins in the machine's memory, if it has one and memory answers;
   * else 0.
   */
  secondPage = 0;
  /** Limit of the code segment, unsigned. */
  codeLimit = 0;
  /**
   * Which immediates and displacements are left in memory, by offset and length: see `immediateAt` in instruction.ts.
   * Null for none.
   */
  isLive: ((offset: number, lengthBytes: number) => boolean) | null = null;
  #mayCross = true;
  #linear = 0;
  readonly #core: Core;
  readonly #decoded = new Decoded();
  readonly #window = new Uint8Array(MAX_INSTRUCTION_BYTES + 1);

  constructor(core: Core) {
    this.#core = core;
  }

  /** Begins at an EIP in the current mode. Raises what fetching the first byte raises. */
  start(eip: number): void {
    if (eip >>> 0 > this.#core.s[LIMIT + CS]! >>> 0) raise(GENERAL_PROTECTION, 0);
    this.startAt(eip, this.#core.mmu.fetchOffset((this.#core.s[BASE + CS]! + eip) | 0));
  }

  /** The same where it is known which offset in the machine's memory the EIP leads to: no translation takes place. */
  startAt(eip: number, offset: number): void {
    const { s, state } = this.#core;
    this.eip = eip;
    this.mode = state.modeKey;
    this.codeLimit = s[LIMIT + CS]! >>> 0;
    this.#linear = (s[BASE + CS]! + eip) | 0;
    this.pageLow = this.#linear & PAGE_MASK;
    this.offset = offset;
    this.secondPage = 0;
    this.#mayCross = true;
  }

  /** The instruction at EIP; the stream then stands after it. Raises #UD, #GP(0), page faults, or throws PAGE_END. */
  next(): DecodedInstruction {
    const decoded = this.#decoded;
    const bits = (this.mode & MODE_CODE32) !== 0 ? 32 : 16;
    this.#fetch(bits);
    if (decoded.problem === "long") raise(GENERAL_PROTECTION, 0);
    const form = availableForm(decoded.form, decoded.opcode, decoded.modrm, this.#core.model.features);
    if (form === null) return raise(INVALID_OPCODE);
    if (decoded.lock && !(form.lockable && decoded.isMemory)) raise(INVALID_OPCODE);
    const insn = this.#describe(form, bits);
    const { length } = decoded;
    this.eip = insn.next;
    this.#linear = (this.#linear + length) | 0;
    this.pageLow += length;
    this.offset += length;
    this.#mayCross = false;
    return insn;
  }

  /** Decodes into `decoded`; all bytes that belong to the instruction have been fetched. */
  #fetch(bits: 16 | 32): void {
    const decoded = this.#decoded;
    const core = this.#core;
    const inPage = PAGE_MASK + 1 - this.pageLow;
    const inSegment = this.codeLimit - (this.eip >>> 0) + 1;
    if (this.offset !== 0 && inPage >= MAX_INSTRUCTION_BYTES && inSegment >= MAX_INSTRUCTION_BYTES) {
      decode(core.memory.bytes, this.offset, bits, decoded);
      return;
    }
    let available = Math.min(inPage, inSegment, MAX_INSTRUCTION_BYTES);
    for (let i = 0; i < available; i++) this.#window[i] = this.#byte(i);
    decode(this.#window.subarray(0, available), 0, bits, decoded);
    while (decoded.problem === "truncated") {
      if (available === inSegment) raise(GENERAL_PROTECTION, 0);
      if (!this.#mayCross) throw PAGE_END;
      this.#window[available] = this.#byte(available);
      available++;
      decode(this.#window.subarray(0, available), 0, bits, decoded);
    }
  }

  #byte(index: number): number {
    const { mmu, memory } = this.#core;
    const linear = (this.#linear + index) | 0;
    if (this.pageLow + index <= PAGE_MASK)
      return this.offset !== 0 ? memory.bytes[this.offset + index]! : mmu.fetchDevice(linear);
    const offset = mmu.fetchOffset(linear);
    if (offset === 0) return mmu.fetchDevice(linear);
    this.secondPage = offset & ~PAGE_MASK;
    return memory.bytes[offset]!;
  }

  #describe(form: Form, bits: 16 | 32): DecodedInstruction {
    const decoded = this.#decoded;
    const end = this.eip + decoded.length;
    const immediateOffset = decoded.operandOffset + decoded.displacementBytes;
    const { isLive, offset } = this;
    const mayLive = isLive !== null && offset !== 0 && this.pageLow + decoded.length <= PAGE_MASK + 1;
    const isImmediateLive =
      mayLive && hasLiveImmediate(form, decoded) && isLive(offset + immediateOffset, decoded.length - immediateOffset);
    const isDisplacementLive =
      mayLive &&
      hasLiveDisplacement(form, decoded) &&
      isLive(offset + decoded.operandOffset, decoded.displacementBytes);
    return {
      form,
      size: form.operandSize === 8 ? 8 : decoded.operandSize,
      address32: decoded.addressSize === 32,
      mod: form.mod === "ignored" ? 3 : decoded.mod,
      reg: form.opcodeRegister ? decoded.opcode & 7 : decoded.reg,
      rm: decoded.rm,
      isMemory: decoded.isMemory,
      base: decoded.base < 0 ? ZERO : decoded.base,
      index: decoded.index < 0 ? ZERO : decoded.index,
      scale: SCALE_SHIFT[decoded.scale],
      displacement: decoded.displacement,
      segment: decoded.effectiveSegment,
      override: decoded.segment,
      immediate: decoded.immediate,
      immediate2: decoded.immediate2,
      immediateAt: isImmediateLive ? offset + immediateOffset : 0,
      immediateBytes: isImmediateLive ? decoded.length - immediateOffset : 0,
      displacementAt: isDisplacementLive ? offset + decoded.operandOffset : 0,
      displacementBytes: isDisplacementLive ? decoded.displacementBytes : 0,
      repeat: decoded.repeat,
      eip: this.eip,
      next: bits === 32 ? end | 0 : end & 0xffff,
      pageLow: this.pageLow,
      mode: this.mode,
      codeLimit: this.codeLimit,
    };
  }
}

/** Semantics whose makers read their immediate and the displacement of their address as operands. */
const LIVE_ADDRESS = new Set([
  "mov",
  "add",
  "or",
  "adc",
  "sbb",
  "and",
  "sub",
  "xor",
  "cmp",
  "test",
  "push",
  "imul",
  "movzx",
  "movsx",
  "lea",
  "inc",
  "dec",
]);
const LIVE_IMMEDIATE = new Set([...LIVE_ADDRESS, "shl", "shr", "sar", "rol", "ror"]);
const LIVE_BRANCH = new Set(["jmp", "jcc"]);

function hasLiveImmediate({ semantic, operands }: Form, { operandSize }: Decoded): boolean {
  const last = operands.length > 0 ? operands[operands.length - 1]!.field : null;
  return (
    (last === "immediate" && LIVE_IMMEDIATE.has(semantic)) ||
    (last === "relative" && LIVE_BRANCH.has(semantic) && operandSize === 32)
  );
}

function hasLiveDisplacement({ semantic }: Form, { addressSize, displacementBytes }: Decoded): boolean {
  return addressSize === 32 && (displacementBytes === 4 || displacementBytes === 1) && LIVE_ADDRESS.has(semantic);
}

/**
 * The form that this processor sees. Where a newer one gave a prefix a meaning (TZCNT is REP BSF), the older form with
 * its equal operands remains.
 */
export function availableForm(
  form: Form | null,
  opcode: number,
  modrm: number,
  features: ReadonlySet<string>,
): Form | null {
  if (form === null || features.has(form.feature)) return form;
  const entry = form.prefix === "any" || form.prefix === "none" ? null : opcodeMap(form.map)[opcode]!;
  const older = entry === null ? null : formAt(entry, PREFIX_NONE, modrm);
  return older !== null &&
    older.prefix === "any" &&
    features.has(older.feature) &&
    older.operands.length === form.operands.length
    ? older
    : null;
}
