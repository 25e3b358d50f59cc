/** The guest's stack in emitted code: as wide as SS says, checked before anything changes. */
import type { DecodedInstruction } from "../cpu/instruction.ts";
import { ESP } from "../cpu/layout.ts";
import type { AccessKind } from "./access.ts";
import type { Emitter } from "./emitter.ts";
import type { Bits } from "./flags.ts";
import { OP } from "./wasm.ts";

export const stackBits = (t: Emitter): Bits => (t.hasWideStack ? 32 : 16);

/** Pushes an offset from what a pointer into the stack holds, which is as wide as the stack. */
export function pushOnStack(t: Emitter, pointer: number, bytes: number): void {
  const { c } = t;
  t.getRegister(pointer);
  if (bytes !== 0) c.const(bytes).op(OP.add);
  if (!t.hasWideStack) c.const(0xffff).op(OP.and);
}

/** Checks an access so many bytes from where a pointer into the stack leads. */
export function accessStack(t: Emitter, pointer: number, bytes: number, sizeBytes: number, kind: AccessKind): void {
  t.access.stack(pointer, bytes, () => pushOnStack(t, pointer, bytes), sizeBytes, kind);
}

/**
 * Pushes a value of the instruction's size on the guest's stack: checked first, so that nothing has changed when it
 * fails.
 */
export function pushGuest(t: Emitter, bits: Bits, push: () => void): void {
  const bytes = bits >>> 3;
  accessStack(t, ESP, -bytes, bytes, "write");
  t.access.store(bytes, push);
  release(t, -bytes);
}

/** Checks the top of the guest's stack and pushes what is there. */
export function peekGuest(t: Emitter, bits: Bits): void {
  accessStack(t, ESP, 0, bits >>> 3, "read");
  t.access.load(bits >>> 3);
}

export function release(t: Emitter, bytes: number): void {
  t.writeRegister(ESP, stackBits(t), () => {
    t.getRegister(ESP);
    t.c.const(bytes).op(OP.add);
  });
}

/** Takes what a return leads to off the stack, so many bytes, and what its operand says behind it. */
export function releaseReturn(t: Emitter, insn: DecodedInstruction, bytes: number): void {
  release(t, bytes + insn.immediate);
  if (insn.immediateAt === 0) return;
  t.writeRegister(ESP, stackBits(t), () => {
    t.getRegister(ESP);
    t.pushImmediate(insn, false);
    t.c.op(OP.add);
  });
}
