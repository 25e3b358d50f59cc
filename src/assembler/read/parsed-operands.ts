/** What a line's operands are, and which instructions take where to go instead of what to read. */

import type { Operand } from "../../isa/instruction.ts";
import type { Expression } from "../model/expression.ts";

/** Where a jump goes: the expression beside it says where. */
export const TARGET: Operand = { kind: "target" };
/** Never added to. */
const TARGET_ONLY: Operand[] = [TARGET];

/** What a line's operands are, as the operand parsers leave it. */
export class ParsedOperands {
  count = 0;
  /** In Intel order. */
  operands: Operand[] = [];
  /** For each operand the expression after its number, where only layout or the linker knows it. */
  readonly expressions: (Expression | null)[] = [null, null, null, null];
  /** For far operands, that of the selector. */
  readonly selectors: (Expression | null)[] = [null, null, null, null];
  /** Relocation that the operand asked for, or 0. */
  readonly relocations: number[] = [0, 0, 0, 0];
  /** Where each begins and how long it is. */
  readonly offsets: number[] = [0, 0, 0, 0];
  readonly lengths: number[] = [1, 1, 1, 1];
  /** The jump is through a far pointer (`far ptr [x]`). */
  isFar = false;
  /** The segment before where a jump goes (`jne %ds:loop`): a hint which way it mostly goes. */
  hint: "cs" | "ds" | null = null;

  clear(): void {
    this.count = 0;
    this.operands = [];
    this.isFar = false;
    this.hint = null;
  }

  /** Nothing but where to go: a name of `length` bytes. */
  setTarget(expression: Expression, relocation: number, offset: number, length: number): void {
    this.count = 1;
    this.operands = TARGET_ONLY;
    this.isFar = false;
    this.hint = null;
    this.expressions[0] = expression;
    this.selectors[0] = null;
    this.relocations[0] = relocation;
    this.offsets[0] = offset;
    this.lengths[0] = length;
  }

  add(
    operand: Operand,
    expression: Expression | null,
    offset: number,
    relocation = 0,
    selector: Expression | null = null,
  ): void {
    const i = this.count++;
    this.operands.push(operand);
    this.expressions[i] = expression;
    this.selectors[i] = selector;
    this.relocations[i] = relocation;
    this.offsets[i] = offset;
    this.lengths[i] = 1;
  }

  /** Turns AT&T's order into Intel's. */
  reverse(): void {
    const { count } = this;
    this.operands.reverse();
    turn(this.expressions, count);
    turn(this.selectors, count);
    turn(this.relocations, count);
    turn(this.offsets, count);
    turn(this.lengths, count);
  }
}

function turn<T>(row: T[], count: number): void {
  for (let i = 0, j = count - 1; i < j; i++, j--) {
    const first = row[i]!;
    row[i] = row[j]!;
    row[j] = first;
  }
}

/** Jumps and calls: their plain operand is where to go, not what to read. */
export function isBranch(mnemonic: string): boolean {
  switch (mnemonic.charCodeAt(0)) {
    case 0x6a:
      return true;
    case 0x63:
      return mnemonic.startsWith("call");
    case 0x6c:
      return mnemonic.startsWith("loop");
    case 0x78:
      return mnemonic === "xbegin";
    default:
      return false;
  }
}

/** Jumps that reach 127 bytes and no further, and nowhere through memory. */
export function isLoop(mnemonic: string): boolean {
  return mnemonic.startsWith("loop") || mnemonic === "jcxz" || mnemonic === "jecxz";
}

/** Jumps, before whose target a segment is a hint (IA-32 manual, volume 2, 2.1.1); calls have none. */
export function takesHint(mnemonic: string): boolean {
  return isBranch(mnemonic) && !mnemonic.startsWith("call") && mnemonic !== "xbegin";
}

export function isFarBranch(mnemonic: string): boolean {
  return mnemonic.charCodeAt(0) === 0x6c && (mnemonic.startsWith("ljmp") || mnemonic.startsWith("lcall"));
}
