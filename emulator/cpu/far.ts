/** Far jumps, calls and returns: between segments, through call gates, to tasks (SDM 3A 5.8, SDM 2 JMP, CALL, RET). */
import type { Core } from "./core.ts";
import type { Descriptor } from "./descriptor.ts";
import { SYSTEM_CALL_GATE16, SYSTEM_CALL_GATE32, SYSTEM_TASK_GATE } from "./descriptor.ts";
import { GENERAL_PROTECTION, INVALID_TSS, raise, SEGMENT_NOT_PRESENT } from "./exceptions.ts";
import { CS, ESP, LIMIT, SELECTOR, SS } from "./layout.ts";
import { innerStack, PendingStack } from "./stack.ts";
import { ACCESS_BIG } from "./state.ts";

export class FarTransfer {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  get #usesDescriptors(): boolean {
    return this.#core.state.protectedMode && !this.#core.state.virtual8086;
  }

  /** Real and virtual-8086 mode: the selector is a paragraph number. */
  #gotoParagraph(selector: number, offset: number): void {
    const core = this.#core;
    if (offset >>> 0 > core.s[LIMIT + CS]! >>> 0) raise(GENERAL_PROTECTION, 0);
    if (core.state.virtual8086) core.segments.loadVirtual8086(CS, selector);
    else core.segments.loadReal(CS, selector);
    core.goto(offset);
  }

  /** JMP ptr16:16/32. `nextEip` is saved by a task switch. */
  jump(selector: number, offset: number, nextEip: number): void {
    const core = this.#core;
    if (!this.#usesDescriptors) return this.#gotoParagraph(selector, offset);
    if ((selector & 0xfffc) === 0) raise(GENERAL_PROTECTION, 0);
    const descriptor = core.segments.tables.get(selector);
    if (descriptor.isCode) {
      this.#checkDirect(selector, descriptor);
      this.#commitJump(selector, descriptor, offset);
      return;
    }
    this.#checkGate(selector, descriptor);
    switch (descriptor.systemType) {
      case SYSTEM_CALL_GATE16:
      case SYSTEM_CALL_GATE32: {
        if (!descriptor.present) raise(SEGMENT_NOT_PRESENT, selector & 0xfffc);
        const code = this.#gateTarget(descriptor);
        const cpl = core.cpl;
        if (code.isConforming ? code.dpl > cpl : code.dpl !== cpl)
          raise(GENERAL_PROTECTION, descriptor.gateSelector & 0xfffc);
        if (!code.present) raise(SEGMENT_NOT_PRESENT, descriptor.gateSelector & 0xfffc);
        this.#commitJump(descriptor.gateSelector, code, descriptor.gateOffset);
        return;
      }
      case SYSTEM_TASK_GATE:
        if (!descriptor.present) raise(SEGMENT_NOT_PRESENT, selector & 0xfffc);
        return core.tasks.enter(descriptor.gateSelector, "jump", nextEip);
      default:
        return core.tasks.enter(selector, "jump", nextEip);
    }
  }

  #commitJump(selector: number, code: Descriptor, offset: number): void {
    if (offset >>> 0 > code.limit >>> 0) raise(GENERAL_PROTECTION, 0);
    this.#core.segments.loadCode(selector, code, this.#core.cpl);
    this.#core.goto(offset);
    this.#core.updateControls();
  }

  /** CALL ptr16:16/32. */
  call(selector: number, offset: number, sizeBits: number, nextEip: number): void {
    const core = this.#core;
    if (!this.#usesDescriptors) {
      if (offset >>> 0 > core.s[LIMIT + CS]! >>> 0) raise(GENERAL_PROTECTION, 0);
      this.#pushReturn(PendingStack.current(core), sizeBits, nextEip);
      return this.#gotoParagraph(selector, offset);
    }
    if ((selector & 0xfffc) === 0) raise(GENERAL_PROTECTION, 0);
    const descriptor = core.segments.tables.get(selector);
    if (descriptor.isCode) {
      this.#checkDirect(selector, descriptor);
      if (offset >>> 0 > descriptor.limit >>> 0) raise(GENERAL_PROTECTION, 0);
      this.#pushReturn(PendingStack.current(core), sizeBits, nextEip);
      this.#commitJump(selector, descriptor, offset);
      return;
    }
    this.#checkGate(selector, descriptor);
    switch (descriptor.systemType) {
      case SYSTEM_CALL_GATE16:
      case SYSTEM_CALL_GATE32:
        if (!descriptor.present) raise(SEGMENT_NOT_PRESENT, selector & 0xfffc);
        return this.#callGate(descriptor, nextEip);
      case SYSTEM_TASK_GATE:
        if (!descriptor.present) raise(SEGMENT_NOT_PRESENT, selector & 0xfffc);
        return core.tasks.enter(descriptor.gateSelector, "call", nextEip);
      default:
        return core.tasks.enter(selector, "call", nextEip);
    }
  }

  #pushReturn(stack: PendingStack, sizeBits: number, nextEip: number): void {
    const core = this.#core;
    stack.push(core.s[SELECTOR + CS]!, sizeBits);
    stack.push(nextEip, sizeBits);
    core.stackPointer = stack.pointer;
  }

  #callGate(gate: Descriptor, nextEip: number): void {
    const core = this.#core;
    const code = this.#gateTarget(gate);
    const errorCode = gate.gateSelector & 0xfffc;
    const cpl = core.cpl;
    if (code.dpl > cpl) raise(GENERAL_PROTECTION, errorCode);
    if (!code.present) raise(SEGMENT_NOT_PRESENT, errorCode);
    const sizeBits = (gate.systemType & 8) !== 0 ? 32 : 16;
    if (code.isConforming || code.dpl === cpl) {
      if (gate.gateOffset >>> 0 > code.limit >>> 0) raise(GENERAL_PROTECTION, 0);
      this.#pushReturn(PendingStack.current(core), sizeBits, nextEip);
      this.#commitJump(gate.gateSelector, code, gate.gateOffset);
      return;
    }
    const inner = innerStack(core, code.dpl);
    const stackDescriptor = core.segments.checkStack(inner.selector, code.dpl, INVALID_TSS);
    const stack = PendingStack.of(core, inner.selector, stackDescriptor, inner.pointer, code.dpl);
    if (gate.gateOffset >>> 0 > code.limit >>> 0) raise(GENERAL_PROTECTION, 0);
    stack.push(core.s[SELECTOR + SS]!, sizeBits);
    stack.push(core.s[ESP]!, sizeBits);
    const bytes = sizeBits >>> 3;
    for (let i = gate.gateParameters - 1; i >= 0; i--) stack.push(core.peek(i * bytes, sizeBits), sizeBits);
    stack.push(core.s[SELECTOR + CS]!, sizeBits);
    stack.push(nextEip, sizeBits);
    core.segments.loadCode(gate.gateSelector, code, code.dpl);
    core.segments.loadStack((inner.selector & 0xfffc) | code.dpl, code.dpl, INVALID_TSS);
    core.stackPointer = stack.pointer;
    core.goto(gate.gateOffset);
    core.updateControls();
  }

  /** RET far, releasing `parameterBytes` of each stack. */
  ret(sizeBits: number, parameterBytes: number): void {
    const core = this.#core;
    const bytes = sizeBits >>> 3;
    const offset = core.peek(0, sizeBits);
    const selector = core.peek(bytes, sizeBits) & 0xffff;
    if (!this.#usesDescriptors) {
      if (offset >>> 0 > core.s[LIMIT + CS]! >>> 0) raise(GENERAL_PROTECTION, 0);
      core.release(2 * bytes + parameterBytes);
      return this.#gotoParagraph(selector, offset);
    }
    const code = this.checkReturn(selector);
    if (offset >>> 0 > code.limit >>> 0) raise(GENERAL_PROTECTION, 0);
    const cpl = selector & 3;
    if (cpl === core.cpl) {
      core.segments.loadCode(selector, code, cpl);
      core.release(2 * bytes + parameterBytes);
    } else {
      const outerPointer = core.peek(2 * bytes + parameterBytes, sizeBits);
      const outerSelector = core.peek(3 * bytes + parameterBytes, sizeBits) & 0xffff;
      this.returnToOuter(selector, code, outerSelector, outerPointer, parameterBytes);
    }
    core.goto(offset);
    core.updateControls();
  }

  /** The part of RET and IRET to an outer ring that switches segments and stack. */
  returnToOuter(
    selector: number,
    code: Descriptor,
    stackSelector: number,
    stackPointer: number,
    parameterBytes: number,
  ): void {
    const core = this.#core;
    const cpl = selector & 3;
    const stack = core.segments.checkStack(stackSelector, cpl, GENERAL_PROTECTION);
    core.segments.loadCode(selector, code, cpl);
    core.segments.commit(SS, stackSelector, stack, core.segments.tables.touch(stack));
    core.stackPointer = stackPointer;
    // A return by a 16-bit stack keeps the upper half of ESP only when the outer stack is 16 bits wide, too.
    if ((stack.access & ACCESS_BIG) !== 0) core.s[ESP] = stackPointer;
    core.release(parameterBytes);
    core.segments.dropPrivileged();
  }

  /** The code descriptor that a return goes to, checked for privilege. */
  checkReturn(selector: number): Descriptor {
    const core = this.#core;
    const errorCode = selector & 0xfffc;
    if (errorCode === 0) raise(GENERAL_PROTECTION, 0);
    const code = core.segments.tables.get(selector);
    const rpl = selector & 3;
    if (!code.isCode || rpl < core.cpl || (code.isConforming ? code.dpl > rpl : code.dpl !== rpl))
      raise(GENERAL_PROTECTION, errorCode);
    if (!code.present) raise(SEGMENT_NOT_PRESENT, errorCode);
    return code;
  }

  /** A jump or call straight to a code segment: no change of privilege. */
  #checkDirect(selector: number, code: Descriptor): void {
    const cpl = this.#core.cpl;
    const allowed = code.isConforming ? code.dpl <= cpl : (selector & 3) <= cpl && code.dpl === cpl;
    if (!allowed) raise(GENERAL_PROTECTION, selector & 0xfffc);
    if (!code.present) raise(SEGMENT_NOT_PRESENT, selector & 0xfffc);
  }

  #checkGate(selector: number, gate: Descriptor): void {
    if (!gate.isSystem || gate.dpl < Math.max(this.#core.cpl, selector & 3))
      raise(GENERAL_PROTECTION, selector & 0xfffc);
  }

  #gateTarget(gate: Descriptor): Descriptor {
    const selector = gate.gateSelector;
    if ((selector & 0xfffc) === 0) raise(GENERAL_PROTECTION, 0);
    const code = this.#core.segments.tables.get(selector);
    if (!code.isCode) raise(GENERAL_PROTECTION, selector & 0xfffc);
    return code;
  }
}
