/** Segment registers: checked access through them, and loading them in each mode (SDM 3A 5.3-5.7, SDM 2 MOV). */

import type { Descriptor } from "./descriptor.ts";
import { DescriptorTables } from "./descriptor.ts";
import { GENERAL_PROTECTION, INVALID_TSS, raise, SEGMENT_NOT_PRESENT, STACK_FAULT } from "./exceptions.ts";
import { ACCESS, BASE, CPL, CS, LDTR, LIMIT, SELECTOR, SS, TR } from "./layout.ts";
import type { CpuState } from "./state.ts";
import { ACCESS_BIG, ACCESS_CODE, ACCESS_DC, ACCESS_DPL_SHIFT, ACCESS_PRESENT, ACCESS_RW, ACCESS_S } from "./state.ts";
import type { Translation } from "./translation.ts";

/** Access rights of every segment in virtual-8086 mode: present, DPL 3, accessed, writable data. */
const VIRTUAL_8086_ACCESS = 0xf3;

export class Segments {
  readonly tables: DescriptorTables;
  readonly #state: CpuState;
  readonly #s: Int32Array;
  readonly #readLimit: Float64Array;
  readonly #writeLimit: Float64Array;
  readonly #mmu: Translation;

  constructor(state: CpuState, mmu: Translation) {
    this.tables = new DescriptorTables(state, mmu);
    this.#state = state;
    this.#s = state.i32;
    this.#readLimit = state.readLimit;
    this.#writeLimit = state.writeLimit;
    this.#mmu = mmu;
  }

  /** Linear address of an operand that is read, or #GP(0), for SS #SS(0). `offset` is taken as unsigned. */
  readAddress(segment: number, offset: number, sizeBytes: number): number {
    if ((offset >>> 0) + (sizeBytes - 1) > this.#readLimit[segment]!)
      this.#checkSlow(segment, offset, sizeBytes, false);
    return (this.#s[BASE + segment]! + offset) | 0;
  }

  writeAddress(segment: number, offset: number, sizeBytes: number): number {
    if ((offset >>> 0) + (sizeBytes - 1) > this.#writeLimit[segment]!)
      this.#checkSlow(segment, offset, sizeBytes, true);
    return (this.#s[BASE + segment]! + offset) | 0;
  }

  /** The whole rule, for what the fast limits cannot say: expand-down segments, and which exception it is. */
  #checkSlow(segment: number, offset: number, sizeBytes: number, write: boolean): void {
    const access = this.#s[ACCESS + segment]!;
    const limit = this.#s[LIMIT + segment]! >>> 0;
    if (!isAccessible(access, write) || !isWithin(access, limit, offset, sizeBytes)) {
      raise(segment === SS ? STACK_FAULT : GENERAL_PROTECTION, 0);
    }
  }

  /** Sets CPL and with it which translation tables are used. */
  setCpl(cpl: number): void {
    this.#s[CPL] = cpl;
    this.#mmu.setPrivilege(cpl === 3);
  }

  /** Real mode: only selector and base change, limit and rights stay what they were. CS becomes writable again. */
  loadReal(segment: number, selector: number): void {
    const access = segment === CS ? (this.#s[ACCESS + CS]! & ~0xff) | 0x93 : this.#s[ACCESS + segment]!;
    const known = this.#state.codeKey;
    this.#state.setSegment(segment, selector, selector << 4, this.#s[LIMIT + segment]!, access);
    this.#mmu.rebase(known, this.#state.codeKey);
    this.#state.updateMode();
  }

  loadVirtual8086(segment: number, selector: number): void {
    const known = this.#state.codeKey;
    this.#state.setSegment(segment, selector, selector << 4, 0xffff, VIRTUAL_8086_ACCESS);
    this.#mmu.rebase(known, this.#state.codeKey);
    this.#state.updateMode();
  }

  /** Loads ES, SS, DS, FS or GS as MOV and POP do. */
  load(segment: number, selector: number): void {
    if (!this.#state.protectedMode) this.loadReal(segment, selector);
    else if (this.#state.virtual8086) this.loadVirtual8086(segment, selector);
    else if (segment === SS) this.loadStack(selector, this.#s[CPL]!, GENERAL_PROTECTION);
    else this.loadData(segment, selector, GENERAL_PROTECTION);
  }

  /** Loads SS for a privilege level. `vector` is #GP, or #TS when the selector comes from a TSS. */
  loadStack(selector: number, cpl: number, vector: number): void {
    const descriptor = this.checkStack(selector, cpl, vector);
    this.commit(SS, selector, descriptor, this.tables.touch(descriptor));
    this.#state.updateMode();
  }

  /** The descriptor for a stack of privilege `cpl`, checked as a load of SS checks it. */
  checkStack(selector: number, cpl: number, vector: number): Descriptor {
    if ((selector & 0xfffc) === 0) raise(vector, vector === INVALID_TSS ? selector & 0xfffc : 0);
    const descriptor = this.tables.get(selector, vector);
    if ((selector & 3) !== cpl || descriptor.dpl !== cpl || !descriptor.isWritableData)
      raise(vector, selector & 0xfffc);
    if (!descriptor.present) raise(STACK_FAULT, selector & 0xfffc);
    return descriptor;
  }

  loadData(segment: number, selector: number, vector: number): void {
    if ((selector & 0xfffc) === 0) this.clear(segment, selector);
    else {
      const descriptor = this.tables.get(selector, vector);
      const conforming = descriptor.isCode && descriptor.isConforming;
      const privilege = Math.max(selector & 3, this.#s[CPL]!);
      if (!descriptor.isReadable || (!conforming && privilege > descriptor.dpl)) raise(vector, selector & 0xfffc);
      if (!descriptor.present) raise(SEGMENT_NOT_PRESENT, selector & 0xfffc);
      this.commit(segment, selector, descriptor, this.tables.touch(descriptor));
    }
    this.#state.updateMode();
  }

  /** A null selector: the segment cannot be used. */
  clear(segment: number, selector: number): void {
    this.#state.setSegment(segment, selector, 0, 0, 0);
  }

  /** Loads CS from a checked descriptor and sets CPL. */
  loadCode(selector: number, descriptor: Descriptor, cpl: number): void {
    const known = this.#state.codeKey;
    this.commit(CS, (selector & 0xfffc) | cpl, descriptor, this.tables.touch(descriptor));
    this.#mmu.rebase(known, this.#state.codeKey);
    this.setCpl(cpl);
    this.#state.updateMode();
  }

  /** Loads the hidden part from a descriptor without any check. */
  commit(segment: number, selector: number, descriptor: Descriptor, access: number): void {
    this.#state.setSegment(segment, selector, descriptor.base, descriptor.limit, access);
  }

  /** A return to an outer ring leaves no segment behind that the outer ring could not have loaded (SDM 2, RET). */
  dropPrivileged(): void {
    for (const segment of [0, 3, 4, 5]) {
      const access = this.#s[ACCESS + segment]!;
      const conformingCode = (access & (ACCESS_CODE | ACCESS_DC)) === (ACCESS_CODE | ACCESS_DC);
      if (!conformingCode && ((access >>> ACCESS_DPL_SHIFT) & 3) < this.#s[CPL]!) this.clear(segment, 0);
    }
    this.#state.updateMode();
  }

  get stack32(): boolean {
    return (this.#s[ACCESS + SS]! & ACCESS_BIG) !== 0;
  }

  get code32(): boolean {
    return (this.#s[ACCESS + CS]! & ACCESS_BIG) !== 0;
  }

  selector(segment: number): number {
    return this.#s[SELECTOR + segment]!;
  }

  /** LLDT. */
  loadLdt(selector: number): void {
    if ((selector & 0xfffc) === 0) {
      this.#state.setSegment(LDTR, selector, 0, 0, 0);
      return;
    }
    const descriptor = (selector & 4) !== 0 ? null : this.tables.find(selector);
    if (descriptor === null || !descriptor.isSystem || descriptor.systemType !== 2)
      return raise(GENERAL_PROTECTION, selector & 0xfffc);
    if (!descriptor.present) raise(SEGMENT_NOT_PRESENT, selector & 0xfffc);
    this.commit(LDTR, selector, descriptor, descriptor.access);
  }

  /** LTR. */
  loadTask(selector: number): void {
    if ((selector & 0xfffc) === 0) raise(GENERAL_PROTECTION, 0);
    const descriptor = (selector & 4) !== 0 ? null : this.tables.find(selector);
    if (descriptor === null || !descriptor.isSystem || (descriptor.systemType & ~8) !== 1)
      return raise(GENERAL_PROTECTION, selector & 0xfffc);
    if (!descriptor.present) raise(SEGMENT_NOT_PRESENT, selector & 0xfffc);
    this.tables.setBusy(descriptor, true);
    this.commit(TR, selector, descriptor, descriptor.access | 2);
  }
}

/** Whether rights allow an access of this kind at all. */
function isAccessible(access: number, write: boolean): boolean {
  if ((access & ACCESS_PRESENT) === 0 || (access & ACCESS_S) === 0) return false;
  const code = (access & ACCESS_CODE) !== 0;
  const bit = (access & ACCESS_RW) !== 0;
  return write ? !code && bit : !code || bit;
}

/** Whether an operand lies within a segment's limit (SDM 3A 5.3). */
export function isWithin(access: number, limit: number, offset: number, sizeBytes: number): boolean {
  const first = offset >>> 0;
  const last = first + (sizeBytes - 1);
  if ((access & ACCESS_CODE) === 0 && (access & ACCESS_DC) !== 0) {
    return first > limit && last <= ((access & ACCESS_BIG) !== 0 ? 0xffffffff : 0xffff);
  }
  return last <= limit;
}
