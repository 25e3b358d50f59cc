/**
 * State of MMX and SSE and the rules that their instructions share: registers, MXCSR, what comes before an instruction
 * and what exceptions do after it (SDM volume 1, chapters 9 to 11). MM registers are the significands of the x87's.
 */
import type { StateVisitor } from "../../state/state.ts";
import type { Core } from "../core.ts";
import { DEVICE_NOT_AVAILABLE, GENERAL_PROTECTION, INVALID_OPCODE, raise, SIMD_ERROR } from "../exceptions.ts";
import { CR0, CR4, VECTOR_HOST, VECTOR_REGISTERS } from "../layout.ts";
import { CR0_EM, CR0_TS, CR4_OSFXSR, CR4_OSXMMEXCPT } from "../state.ts";
import { VectorFloats } from "./floats.ts";
import { type Lanes, lanesAt, newLanes, VECTOR_BYTES } from "./lanes.ts";

const REGISTERS = 8;
const MXCSR_INITIAL = 0x1f80;
/** What can be written of MXCSR; DAZ (bit 6) is among it. FXSAVE tells it as MXCSR_MASK. */
export const MXCSR_MASK = 0xffff;
/** Exceptions that have occurred, and by how much their masks are shifted. */
const FLAGS = 0x3f;
const MASK_SHIFT = 7;
/** Invalid, denormal, zero divide. */
const BEFORE_RESULT = 7;

export class VectorUnit {
  readonly xmm: readonly Lanes[];
  /** The operands of the running instruction: what it changes, and what it changes that by. */
  readonly destination = newLanes();
  readonly source = newLanes();
  readonly floats = new VectorFloats();
  readonly #core: Core;
  readonly #slots: Int32Array;
  readonly #host: Int32Array;
  #mxcsr = MXCSR_INITIAL;

  constructor(core: Core) {
    this.#core = core;
    const { buffer } = core.memory.memory;
    this.xmm = Array.from({ length: REGISTERS }, (_, i) => lanesAt(buffer, VECTOR_REGISTERS + i * VECTOR_BYTES));
    this.#slots = new Int32Array(buffer, VECTOR_REGISTERS, (REGISTERS * VECTOR_BYTES) / 4);
    this.#host = new Int32Array(buffer, VECTOR_HOST, 1);
    this.reset();
  }

  reset(): void {
    this.#slots.fill(0);
    this.mxcsr = MXCSR_INITIAL;
  }

  get mxcsr(): number {
    return this.#mxcsr;
  }

  set mxcsr(value: number) {
    this.#mxcsr = value;
    this.floats.control(value);
    this.#host[0] = this.floats.mayUseHost ? 1 : 0;
  }

  /** LDMXCSR and FXRSTOR: #GP(0) for bits that do not exist. */
  loadMxcsr(value: number): void {
    if ((value & ~MXCSR_MASK) !== 0) raise(GENERAL_PROTECTION, 0);
    this.mxcsr = value;
  }

  /** What comes before an instruction on XMM registers (SDM volume 3A, 13.1). */
  checkAvailable(): void {
    const { s } = this.#core;
    if ((s[CR0]! & CR0_EM) !== 0 || (s[CR4]! & CR4_OSFXSR) === 0) raise(INVALID_OPCODE);
    if ((s[CR0]! & CR0_TS) !== 0) raise(DEVICE_NOT_AVAILABLE);
  }

  /** What comes before an instruction on MM registers (SDM volume 3A, 12.1). */
  checkMultimedia(): void {
    const { s, fpu } = this.#core;
    if ((s[CR0]! & CR0_EM) !== 0) raise(INVALID_OPCODE);
    if ((s[CR0]! & CR0_TS) !== 0) raise(DEVICE_NOT_AVAILABLE);
    fpu.checkPending();
  }

  /** Before a computing instruction on floating point. */
  start(): void {
    this.floats.raised = 0;
  }

  /**
   * Notes what the instruction has raised. When some of it is not masked the exception is raised here, and nothing may
   * have been written (SDM volume 1, 11.5.2).
   */
  settle(): void {
    const { raised } = this.floats;
    if (raised === 0) return;
    const unmasked = raised & ~(this.#mxcsr >>> MASK_SHIFT) & FLAGS;
    // One that is found before there are results keeps all lanes from having any.
    this.mxcsr = this.#mxcsr | ((unmasked & BEFORE_RESULT) !== 0 ? raised & BEFORE_RESULT : raised);
    if (unmasked === 0) return;
    raise((this.#core.s[CR4]! & CR4_OSXMMEXCPT) !== 0 ? SIMD_ERROR : INVALID_OPCODE);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("vectors", 1);
    const slots = this.#slots;
    for (let slot = 0; slot < slots.length; slot++) slots[slot] = visitor.i32(slots[slot]!);
    this.mxcsr = visitor.u32(this.#mxcsr);
  }
}
