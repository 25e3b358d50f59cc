/** An instruction with another register or number in one of the places that its shape has marks for. */

import type { Operand, Register } from "../../isa/instruction.ts";
import { REGISTERS_BY_CLASS } from "../../isa/registers.ts";
import { isNumberKind, kindOfNumber, NO_KIND, Role, registerKind } from "./interchangeable.ts";
import type { Shape } from "./shape.ts";

/** A place in an operand where a register or a number stands that a shape has a mark for. */
interface OperandPart {
  readonly operand: number;
  readonly role: number;
  readonly kind: number;
  readonly value: number;
}

/** The parts of the operands in the order of the text; `offsets` says where each operand stands. */
function partsOf(operands: readonly Operand[], offsets: readonly number[]): OperandPart[] {
  const order = operands.map((_, i) => i).sort((a, b) => offsets[a]! - offsets[b]!);
  const parts: OperandPart[] = [];
  for (const i of order) {
    const operand = operands[i]!;
    const add = (role: number, kind: number, value: number): void => {
      if (kind !== NO_KIND) parts.push({ operand: i, role, kind, value });
    };
    const addRegister = (role: number, register: Register | undefined): void => {
      if (register !== undefined) add(role, registerKind(register, role), register.number);
    };
    const addNumber = (role: number, value: number | null | undefined): void => {
      if (typeof value === "number") add(role, kindOfNumber(value, role === Role.IMMEDIATE), value);
    };
    if (operand.kind === "register") addRegister(Role.REGISTER, operand.register);
    else if (operand.kind === "immediate") addNumber(Role.IMMEDIATE, operand.value);
    else if (operand.kind === "memory") {
      addNumber(Role.DISPLACEMENT, operand.displacement);
      addRegister(Role.BASE, operand.base);
      addRegister(Role.INDEX, operand.index);
    }
  }
  return parts;
}

/**
 * Which part of the operands each mark of the shape stands for; null where that cannot be told. In Intel's syntax
 * registers without a `%` have no marks.
 */
export function matchParts(
  shape: Shape,
  operands: readonly Operand[],
  offsets: readonly number[],
): readonly OperandPart[] | null {
  const parts = partsOf(operands, offsets);
  const isMatch = (candidates: readonly OperandPart[]): boolean =>
    candidates.length === shape.parts &&
    candidates.every(
      ({ kind, value }, i) =>
        value === shape.values[i] &&
        // `mov 100, %eax`: the bare number is an address in AT&T's syntax, which its text does not show.
        (kind === shape.kinds[i] || (isNumberKind(kind) && isNumberKind(shape.kinds[i]!))),
    );
  if (isMatch(parts)) return parts;
  const numbers = parts.filter(({ kind }) => isNumberKind(kind));
  return isMatch(numbers) ? numbers : null;
}

/** The operands with another value in one part. */
export function withPart(operands: readonly Operand[], { operand: i, role }: OperandPart, value: number): Operand[] {
  const changed = [...operands];
  const operand = operands[i]!;
  const sibling = ({ class: of }: Register): Register => REGISTERS_BY_CLASS[of][value]!;
  if (operand.kind === "register") changed[i] = { ...operand, register: sibling(operand.register) };
  else if (operand.kind === "immediate") changed[i] = { ...operand, value };
  else if (operand.kind === "memory") {
    if (role === Role.DISPLACEMENT) changed[i] = { ...operand, displacement: value };
    else if (role === Role.BASE) changed[i] = { ...operand, base: sibling(operand.base!) };
    else changed[i] = { ...operand, index: sibling(operand.index!) };
  }
  return changed;
}
