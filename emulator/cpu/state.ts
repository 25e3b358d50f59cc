/**
 * The processor's registers as views of the machine's memory (layout.ts), with the derived values that the interpreter
 * wants at hand: the mode key under which code is decoded, and the fast limits of the segments.
 */
import type { StateVisitor } from "../state/state.ts";
import { ARITHMETIC, readEflags, setArithmeticFlags, VM } from "./flags.ts";
import {
  ACCESS,
  BASE,
  CPL,
  CR0,
  CR2,
  CS,
  DR,
  DS,
  EAX,
  EDX,
  EFER,
  EFLAGS,
  EIP,
  ES,
  GDT_BASE,
  GDT_LIMIT,
  IDT_BASE,
  IDT_LIMIT,
  LDTR,
  LIMIT,
  PDPTE,
  READ_LIMIT_BYTES,
  SELECTOR,
  SS,
  SYSENTER_CS,
  SYSENTER_EIP,
  SYSENTER_ESP,
  TR,
  WRITE_LIMIT_BYTES,
  ZERO,
} from "./layout.ts";
import type { MachineMemory } from "./memory.ts";

export const CR0_PE = 1;
export const CR0_MP = 2;
export const CR0_EM = 4;
export const CR0_TS = 8;
export const CR0_ET = 0x10;
export const CR0_NE = 0x20;
export const CR0_WP = 0x10000;
export const CR0_AM = 0x40000;
export const CR0_NW = 0x20000000;
export const CR0_CD = 0x40000000;
export const CR0_PG = 0x80000000 | 0;

export const CR4_VME = 1;
export const CR4_PVI = 2;
export const CR4_TSD = 4;
export const CR4_DE = 8;
export const CR4_PSE = 0x10;
export const CR4_PAE = 0x20;
export const CR4_PGE = 0x80;
export const CR4_OSFXSR = 0x200;
export const CR4_OSXMMEXCPT = 0x400;

/** Of IA32_EFER: page tables can forbid to execute. */
export const EFER_NXE = 0x800;

// Access rights of a segment, as ACCESS holds them.
export const ACCESS_ACCESSED = 1;
/** Data: writable. Code: readable. */
export const ACCESS_RW = 2;
/** Data: expand-down. Code: conforming. */
export const ACCESS_DC = 4;
export const ACCESS_CODE = 8;
/** Code or data, not a system segment. */
export const ACCESS_S = 0x10;
export const ACCESS_DPL_SHIFT = 5;
export const ACCESS_PRESENT = 0x80;
/** Default operand size, stack size, or upper bound of an expand-down segment. */
export const ACCESS_BIG = 0x4000;

/** Bits of the mode key: what decoded code depends on besides its bytes and its EIP. */
export const MODE_CODE32 = 1;
export const MODE_STACK32 = 2;
/** DS, ES and SS cover all 4 GiB from 0, readable and writable: no segment check is needed for them. */
export const MODE_FLAT = 4;
export const MODE_USER = 8;
/** Above these: the number of the code segment's limit in a list of those seen. */
const MODE_LIMIT_SHIFT = 4;
/** The code segment ends at 4 GiB: the first of that list. */
export const MODE_WHOLE = 1 << MODE_LIMIT_SHIFT;
/** It ends at 64 KiB, as in real mode: the second one. */
const MODE_64K = 2 << MODE_LIMIT_SHIFT;

/** 16-bit code and stack, and a code segment of 64 KiB, whatever the other segments are. */
export const isNarrowMode = (modeKey: number): boolean => (modeKey & ~(MODE_USER | MODE_FLAT)) === MODE_64K;

/** What of the processor's model its registers depend on. */
export interface RegisterModel {
  /** EDX after reset. */
  readonly signature: number;
  /** Bits of CR0 that exist. */
  readonly cr0: number;
  /** Bits of EFLAGS that cannot be set. */
  readonly missingFlags: number;
}

export class CpuState {
  readonly i32: Int32Array;
  readonly u16: Uint16Array;
  readonly u8: Uint8Array;
  readonly readLimit: Float64Array;
  readonly writeLimit: Float64Array;
  /** See MODE_*; 0 is never a valid key for the next block, so that a block without a mode matches nothing. */
  modeKey = 0;
  readonly #limits: number[] = [0xffffffff, 0xffff];
  readonly #model: RegisterModel;

  constructor(memory: MachineMemory, model: RegisterModel) {
    this.#model = model;
    const buffer = memory.memory.buffer;
    this.i32 = new Int32Array(buffer, 0, 256);
    this.u16 = new Uint16Array(buffer, 0, 16);
    this.u8 = new Uint8Array(buffer, 0, 32);
    this.readLimit = new Float64Array(buffer, READ_LIMIT_BYTES, 8);
    this.writeLimit = new Float64Array(buffer, WRITE_LIMIT_BYTES, 8);
    this.reset();
  }

  /** Power-on state (SDM 3A table 9-1). */
  reset(): void {
    const s = this.i32;
    s.fill(0, 0, 128);
    s[EDX] = this.#model.signature;
    s[EIP] = 0xfff0;
    s[CR0] = (CR0_CD | CR0_NW | CR0_ET) & this.#model.cr0;
    s[DR + 6] = 0xffff0ff0 | 0;
    s[DR + 7] = 0x400;
    s[GDT_LIMIT] = 0xffff;
    s[IDT_LIMIT] = 0xffff;
    for (let segment = ES; segment <= TR; segment++) {
      s[LIMIT + segment] = 0xffff;
      s[ACCESS + segment] = segment === LDTR ? 0x82 : segment === TR ? 0x8b : 0x93;
    }
    s[SELECTOR + CS] = 0xf000;
    s[BASE + CS] = 0xffff0000 | 0;
    setArithmeticFlags(s, 0);
    for (let segment = ES; segment <= TR; segment++) this.#updateLimits(segment);
    this.updateMode();
  }

  get protectedMode(): boolean {
    return (this.i32[CR0]! & CR0_PE) !== 0;
  }

  /** What code is known by beside its EIP while nothing is mapped elsewhere: the base of CS, and CR0.PE above that. */
  get codeKey(): number {
    return (this.i32[BASE + CS]! >>> 0) + (this.protectedMode ? 2 ** 32 : 0);
  }

  get virtual8086(): boolean {
    return (this.i32[EFLAGS]! & VM) !== 0;
  }

  get eflags(): number {
    return readEflags(this.i32);
  }

  /** Sets all of EFLAGS; whoever changes VM has to update segments and CPL too. */
  set eflags(value: number) {
    this.i32[EFLAGS] = (value & ~(ARITHMETIC | this.#model.missingFlags)) | 2;
    setArithmeticFlags(this.i32, value);
  }

  /**
   * Sets the hidden part of a segment register. `access` as in ACCESS; the caller calls `updateMode` when it has set
   * all.
   */
  setSegment(segment: number, selector: number, base: number, limit: number, access: number): void {
    const s = this.i32;
    s[SELECTOR + segment] = selector;
    s[BASE + segment] = base;
    s[LIMIT + segment] = limit;
    s[ACCESS + segment] = access;
    this.#updateLimits(segment);
  }

  /** Derives the limits of the fast check. Expand-down segments have none: they always take the slow one. */
  #updateLimits(segment: number): void {
    const access = this.i32[ACCESS + segment]!;
    const limit = this.i32[LIMIT + segment]! >>> 0;
    const usable = (access & ACCESS_PRESENT) !== 0 && (access & ACCESS_S) !== 0;
    const code = (access & ACCESS_CODE) !== 0;
    const up = code || (access & ACCESS_DC) === 0;
    this.readLimit[segment] = usable && up && (!code || (access & ACCESS_RW) !== 0) ? limit : -1;
    this.writeLimit[segment] = usable && up && !code && (access & ACCESS_RW) !== 0 ? limit : -1;
  }

  #isFlat(segment: number): boolean {
    return this.i32[BASE + segment] === 0 && this.writeLimit[segment] === 0xffffffff;
  }

  /** Derives the mode key from segments and privilege. */
  updateMode(): void {
    const s = this.i32;
    const limit = s[LIMIT + CS]! >>> 0;
    let number = this.#limits.indexOf(limit);
    if (number < 0) number = this.#limits.push(limit) - 1;
    this.modeKey =
      ((s[ACCESS + CS]! & ACCESS_BIG) !== 0 ? MODE_CODE32 : 0) |
      ((s[ACCESS + SS]! & ACCESS_BIG) !== 0 ? MODE_STACK32 : 0) |
      (this.#isFlat(DS) && this.#isFlat(ES) && this.#isFlat(SS) ? MODE_FLAT : 0) |
      (s[CPL] === 3 ? MODE_USER : 0) |
      ((number + 1) << MODE_LIMIT_SHIFT);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("processor", 2);
    const s = this.i32;
    const visit = (first: number, count: number): void => {
      for (let slot = first; slot < first + count; slot++) s[slot] = visitor.i32(s[slot]!);
    };
    visit(EAX, 8);
    visit(EIP, 1);
    this.eflags = visitor.u32(this.eflags >>> 0);
    visit(CR0, 1);
    visit(CR2, 3);
    visit(CPL, 1);
    visit(EFER, 1);
    visit(PDPTE, 8);
    visit(GDT_BASE, 2);
    visit(IDT_BASE, 2);
    visit(SYSENTER_CS, 1);
    visit(SYSENTER_ESP, 1);
    visit(SYSENTER_EIP, 1);
    visit(DR, 8);
    visit(SELECTOR, 8);
    visit(BASE, 8);
    visit(LIMIT, 8);
    visit(ACCESS, 8);
    s[ZERO] = 0;
    for (let segment = ES; segment <= TR; segment++) this.#updateLimits(segment);
    this.updateMode();
  }
}
