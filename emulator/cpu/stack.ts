/** A stack that is not the current one yet: what inner-ring entries push before SS and ESP are switched. */
import type { Core } from "./core.ts";
import type { Descriptor } from "./descriptor.ts";
import { INVALID_TSS, raise, STACK_FAULT } from "./exceptions.ts";
import { ACCESS, BASE, LIMIT, SELECTOR, SS, TR } from "./layout.ts";
import { isWithin } from "./segments.ts";
import { ACCESS_BIG } from "./state.ts";

/** SS and ESP for a privilege level, as the current TSS names them (SDM 3A 7.2.1). */
export function innerStack(core: Core, cpl: number): { readonly selector: number; readonly pointer: number } {
  const { s, mmu } = core;
  const base = s[BASE + TR]!;
  const is32 = (s[ACCESS + TR]! & 8) !== 0;
  const offset = is32 ? 4 + 8 * cpl : 2 + 4 * cpl;
  if (offset + (is32 ? 5 : 3) > s[LIMIT + TR]! >>> 0) raise(INVALID_TSS, s[SELECTOR + TR]! & 0xfffc);
  return is32
    ? { pointer: mmu.readSystem((base + offset) | 0, 4), selector: mmu.readSystem((base + offset + 4) | 0, 2) }
    : { pointer: mmu.readSystem((base + offset) | 0, 2), selector: mmu.readSystem((base + offset + 2) | 0, 2) };
}

export class PendingStack {
  /** Where the stack pointer will be: the caller commits it when nothing can fail any more. */
  pointer: number;
  readonly #core: Core;
  readonly #base: number;
  readonly #limit: number;
  readonly #access: number;
  readonly #user: boolean;
  readonly #errorCode: number;

  private constructor(
    core: Core,
    base: number,
    limit: number,
    access: number,
    pointer: number,
    user: boolean,
    errorCode: number,
  ) {
    this.#core = core;
    this.#base = base;
    this.#limit = limit;
    this.#access = access;
    this.pointer = pointer;
    this.#user = user;
    this.#errorCode = errorCode;
  }

  /** The current stack, so that the same code serves entries without a switch. */
  static current(core: Core): PendingStack {
    const { s } = core;
    return new PendingStack(
      core,
      s[BASE + SS]!,
      s[LIMIT + SS]! >>> 0,
      s[ACCESS + SS]!,
      core.stackPointer,
      core.cpl === 3,
      0,
    );
  }

  /** The stack of a checked descriptor. */
  static of(core: Core, selector: number, descriptor: Descriptor, pointer: number, cpl: number): PendingStack {
    const { base, access } = descriptor;
    return new PendingStack(core, base, descriptor.limit >>> 0, access, pointer, cpl === 3, selector & 0xfffc);
  }

  push(value: number, sizeBits: number): void {
    const bytes = sizeBits === 32 ? 4 : 2;
    const below = this.pointer - bytes;
    const offset = (this.#access & ACCESS_BIG) !== 0 ? below | 0 : below & 0xffff;
    if (!isWithin(this.#access, this.#limit, offset, bytes)) raise(STACK_FAULT, this.#errorCode);
    this.#core.mmu.writeAs((this.#base + offset) | 0, bytes, value, this.#user);
    this.pointer = (this.#access & ACCESS_BIG) !== 0 ? offset : (this.pointer & 0xffff0000) | offset;
  }
}
