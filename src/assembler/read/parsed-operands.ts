/** What a line's operands are, and which instructions take where to go instead of what to read. */

import type { Operand } from "../../isa/instruction.ts";
import type { Expression } from "../model/expression.ts";

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

  clear(): void {
    this.count = 0;
    this.operands = [];
    this.isFar = false;
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
    this.operands.reverse();
    for (const row of [this.expressions, this.selectors, this.relocations, this.offsets, this.lengths] as unknown[][]) {
      const turned = row.slice(0, this.count).reverse();
      for (let i = 0; i < turned.length; i++) row[i] = turned[i];
    }
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

export function isFarBranch(mnemonic: string): boolean {
  return mnemonic.charCodeAt(0) === 0x6c && (mnemonic.startsWith("ljmp") || mnemonic.startsWith("lcall"));
}
