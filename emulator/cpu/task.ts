/** Hardware task switches through task state segments (SDM 3A chapter 7). */
import type { Core } from "./core.ts";
import { DR6_TASK_SWITCH } from "./debug-registers.ts";
import type { Descriptor } from "./descriptor.ts";
import { SYSTEM_LDT } from "./descriptor.ts";
import { GENERAL_PROTECTION, INVALID_TSS, raise, SEGMENT_NOT_PRESENT, STACK_FAULT } from "./exceptions.ts";
import { NT, VM } from "./flags.ts";
import {
  ACCESS,
  BASE,
  CPL,
  CR0,
  CR3,
  CR4,
  CS,
  DR,
  DS,
  EAX,
  EFLAGS,
  ES,
  FS,
  GS,
  LDTR,
  LIMIT,
  SELECTOR,
  SS,
  TR,
} from "./layout.ts";
import { CR0_PG, CR0_TS, CR4_PAE } from "./state.ts";

/** What caused the switch: it decides about busy bits, back link and NT. */
export type TaskSwitchCause = "jump" | "call" | "return";

/** Bit that tells a 32-bit TSS from a 16-bit one in the descriptor's type. */
const TYPE_32 = 8;
const TYPE_BUSY = 2;

/** Offsets of one kind of TSS. */
interface TssLayout {
  readonly bytes: 2 | 4;
  /** Smallest limit that is allowed. */
  readonly minimumLimit: number;
  readonly eip: number;
  readonly eflags: number;
  readonly registers: number;
  readonly segments: number;
  readonly segmentCount: number;
  readonly ldt: number;
  /** End of the part that a switch writes. */
  readonly dynamicEnd: number;
}

const TSS16: TssLayout = {
  bytes: 2,
  minimumLimit: 0x2b,
  eip: 0x0e,
  eflags: 0x10,
  registers: 0x12,
  segments: 0x22,
  segmentCount: 4,
  ldt: 0x2a,
  dynamicEnd: 0x2a,
};
const TSS32: TssLayout = {
  bytes: 4,
  minimumLimit: 0x67,
  eip: 0x20,
  eflags: 0x24,
  registers: 0x28,
  segments: 0x48,
  segmentCount: 6,
  ldt: 0x60,
  dynamicEnd: 0x60,
};
const TSS32_CR3 = 0x1c;
const TSS32_TRAP = 0x64;

export class TaskSwitch {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * Switches to the task of a TSS descriptor whose type and privilege the caller has checked. `nextEip` is what the old
   * task resumes at. Faults up to the commit point leave the old task; later ones belong to the new one (SDM 3A 7.3).
   */
  switch(selector: number, target: Descriptor, cause: TaskSwitchCause, nextEip: number): void {
    const core = this.#core;
    const { s, mmu } = core;
    const errorCode = selector & 0xfffc;
    if (!target.present) raise(SEGMENT_NOT_PRESENT, errorCode);
    const layout = (target.systemType & TYPE_32) !== 0 ? TSS32 : TSS16;
    if (target.limit >>> 0 < layout.minimumLimit) raise(INVALID_TSS, errorCode);
    const oldLayout = (s[ACCESS + TR]! & TYPE_32) !== 0 ? TSS32 : TSS16;
    const oldBase = s[BASE + TR]!;
    const newBase = target.base;
    // Everything that can page-fault is touched before anything changes.
    mmu.probeWriteAs(oldBase, oldLayout.dynamicEnd, false);
    const image = this.#readImage(newBase, layout);
    if (cause === "call") mmu.probeWriteAs(newBase, 2, false);

    const oldSelector = s[SELECTOR + TR]!;
    if (cause !== "call") {
      const old = core.segments.tables.find(oldSelector);
      if (old !== null) core.segments.tables.setBusy(old, false);
    }
    let oldFlags = core.state.eflags;
    if (cause === "return") oldFlags &= ~NT;
    this.#save(oldBase, oldLayout, oldFlags, nextEip);
    if (cause === "call") {
      mmu.writeSystem(newBase, 2, oldSelector);
      image.eflags |= NT;
    }
    if (cause !== "return") core.segments.tables.setBusy(target, true);
    core.state.setSegment(TR, selector, newBase, target.limit, target.access | TYPE_BUSY);
    s[CR0]! |= CR0_TS;
    this.#load(image, layout);
    if ((image.trap & 1) !== 0) core.debug.trap(DR6_TASK_SWITCH);
  }

  /** A task that is entered by JMP or CALL to its TSS or a task gate: it must be available. */
  enter(selector: number, cause: "jump" | "call", nextEip: number): void {
    const descriptor = (selector & 4) !== 0 ? null : this.#core.segments.tables.find(selector);
    if (descriptor === null || !descriptor.isSystem || (descriptor.systemType & ~TYPE_32) !== 1) {
      return raise(GENERAL_PROTECTION, selector & 0xfffc);
    }
    this.switch(selector, descriptor, cause, nextEip);
  }

  /** IRET with NT: back to the task that the back link names, which must be busy. */
  leave(nextEip: number): void {
    const core = this.#core;
    const selector = core.mmu.readSystem(core.s[BASE + TR]!, 2);
    const descriptor = (selector & 4) !== 0 ? null : core.segments.tables.find(selector);
    if (descriptor === null || !descriptor.isSystem || (descriptor.systemType & ~TYPE_32) !== (1 | TYPE_BUSY)) {
      return raise(INVALID_TSS, selector & 0xfffc);
    }
    this.switch(selector, descriptor, "return", nextEip);
  }

  #readImage(base: number, layout: TssLayout): TaskImage {
    const { mmu } = this.#core;
    const read = (offset: number): number => {
      const value = mmu.readSystem((base + offset) | 0, layout.bytes);
      return layout.bytes === 2 ? value & 0xffff : value;
    };
    const registers: number[] = [];
    for (let i = 0; i < 8; i++)
      registers.push(
        layout.bytes === 2 ? read(layout.registers + 2 * i) | (0xffff << 16) : read(layout.registers + 4 * i),
      );
    const selectors: number[] = [];
    for (let i = 0; i < 6; i++)
      selectors.push(i < layout.segmentCount ? read(layout.segments + layout.bytes * i) & 0xffff : 0);
    return {
      cr3: layout === TSS32 ? mmu.readSystem((base + TSS32_CR3) | 0, 4) : null,
      eip: read(layout.eip),
      eflags: read(layout.eflags),
      registers,
      selectors,
      ldt: read(layout.ldt) & 0xffff,
      trap: layout === TSS32 ? mmu.readSystem((base + TSS32_TRAP) | 0, 2) : 0,
    };
  }

  #save(base: number, layout: TssLayout, eflags: number, eip: number): void {
    const { s, mmu } = this.#core;
    const write = (offset: number, value: number): void => mmu.writeSystem((base + offset) | 0, layout.bytes, value);
    write(layout.eip, eip);
    write(layout.eflags, eflags);
    for (let i = 0; i < 8; i++) write(layout.registers + layout.bytes * i, s[EAX + i]!);
    for (let i = 0; i < layout.segmentCount; i++)
      mmu.writeSystem((base + layout.segments + layout.bytes * i) | 0, 2, s[SELECTOR + i]!);
  }

  /** Takes over a task's registers. From here on faults are the new task's, with all selectors already loaded. */
  #load(image: TaskImage, layout: TssLayout): void {
    const core = this.#core;
    const { s, segments, state, mmu } = core;
    if (image.cr3 !== null && (s[CR0]! & CR0_PG) !== 0) {
      if ((s[CR4]! & CR4_PAE) !== 0 && !mmu.walker.loadPointers(image.cr3)) raise(GENERAL_PROTECTION, 0);
      s[CR3] = image.cr3;
      mmu.loadDirectory();
    }
    for (let i = 0; i < 8; i++) s[EAX + i] = image.registers[i]!;
    state.eflags = layout.bytes === 2 ? image.eflags & 0xffff : image.eflags & 0x3f7fd7;
    core.goto(image.eip);
    core.switching = true;
    // Local breakpoints belong to the task that set them.
    s[DR + 7]! &= ~0x155;
    core.debug.update();

    const virtual8086 = (s[EFLAGS]! & VM) !== 0;
    for (let segment = ES; segment <= GS; segment++) segments.clear(segment, image.selectors[segment]!);
    segments.clear(LDTR, image.ldt);
    if (virtual8086) {
      segments.setCpl(3);
    } else segments.setCpl(image.selectors[CS]! & 3);
    mmu.renew();
    state.updateMode();

    if ((image.ldt & 0xfffc) !== 0) {
      const ldt = (image.ldt & 4) !== 0 ? null : segments.tables.find(image.ldt);
      if (ldt === null || !ldt.isSystem || ldt.systemType !== SYSTEM_LDT || !ldt.present)
        raise(INVALID_TSS, image.ldt & 0xfffc);
      else segments.commit(LDTR, image.ldt, ldt, ldt.access);
    }
    if (virtual8086) {
      for (let segment = ES; segment <= GS; segment++) segments.loadVirtual8086(segment, image.selectors[segment]!);
    } else {
      // In the order of SDM 3A table 7-1.
      this.#checkStackPresent(image.selectors[SS]!);
      segments.loadStack(image.selectors[SS]!, s[CPL]!, INVALID_TSS);
      this.#loadCode(image.selectors[CS]!);
      for (const segment of [DS, ES, FS, GS]) segments.loadData(segment, image.selectors[segment]!, INVALID_TSS);
    }
    core.updateControls();
    if (image.eip >>> 0 > s[LIMIT + CS]! >>> 0) raise(GENERAL_PROTECTION, 0);
    core.switching = false;
  }

  /** What a task switch asks of SS before its privilege: that it can be a stack, and is there. */
  #checkStackPresent(selector: number): void {
    if ((selector & 0xfffc) === 0) raise(INVALID_TSS, 0);
    const stack = this.#core.segments.tables.get(selector, INVALID_TSS);
    if (!stack.isWritableData) raise(INVALID_TSS, selector & 0xfffc);
    if (!stack.present) raise(STACK_FAULT, selector & 0xfffc);
  }

  #loadCode(selector: number): void {
    const { segments } = this.#core;
    const errorCode = selector & 0xfffc;
    if (errorCode === 0) raise(INVALID_TSS, 0);
    const code = segments.tables.get(selector, INVALID_TSS);
    const cpl = selector & 3;
    if (!code.isCode || (code.isConforming ? code.dpl > cpl : code.dpl !== cpl)) raise(INVALID_TSS, errorCode);
    if (!code.present) raise(SEGMENT_NOT_PRESENT, errorCode);
    segments.loadCode(selector, code, cpl);
  }
}

/** What a switch reads from the new task's TSS. */
interface TaskImage {
  /** Null for a 16-bit TSS, which has none. */
  readonly cr3: number | null;
  readonly eip: number;
  eflags: number;
  readonly registers: readonly number[];
  /** ES CS SS DS FS GS. */
  readonly selectors: readonly number[];
  readonly ldt: number;
  readonly trap: number;
}
