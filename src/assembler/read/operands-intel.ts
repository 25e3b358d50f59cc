/**
 * Operands in Intel syntax: an expression with registers, brackets, type keywords and segment overrides, sorted into
 * register, immediate, memory, jump target or far address by the rules of GNU as. A symbol alone is memory, `offset
 * symbol` is not.
 */

import type { ImmediateOperand, MemoryOperand, Operand, Register, SizeBits } from "../../isa/instruction.ts";
import { EIZ } from "../../isa/registers.ts";
import { R } from "../../object/relocation-types.ts";
import {
  combine,
  constant,
  type Expression,
  knownDifference,
  node,
  Op,
  refold,
  refoldOperand,
} from "../model/expression.ts";
import { add, subtract } from "../model/integer.ts";
import type { ReportExtras } from "../model/reporter.ts";
import type { AssemblySymbol } from "../model/symbol.ts";
import { CLOSE_BRACKET } from "./chars.ts";
import type { ExpressionParser } from "./expression-parser.ts";
import { goesOn } from "./next-operand.ts";
import { encoderValue, PlainOperands, registerOperand } from "./operands-plain.ts";
import type { ParsedOperands } from "./parsed-operands.ts";
import { isBranch, isFarBranch, isLoop, TARGET } from "./parsed-operands.ts";
import type { Reading } from "./reading.ts";

const ZERO = constant(0);

export class IntelOperands {
  readonly #reading: Reading;
  readonly #expressions: ExpressionParser;
  readonly #parsed: ParsedOperands;
  /**
   * Fails unless the word is an instruction: operands that make no sense are no mistake of their own after one that is
   * not.
   */
  readonly #demandKnown: (mnemonic: string) => void;
  readonly #plain: PlainOperands;

  // What the operand at hand was found to hold.
  #register: Register | null = null;
  #base: Register | null = null;
  #index: Register | null = null;
  #scale = 1;
  #hasScale = false;
  #segment: Expression | null = null;
  /** Op.SIZE, Op.NEAR or Op.FAR, or 0. */
  #modifier = 0;
  #sizeBits = 0;
  #hasOffset = false;
  #inBracket = 0;
  #inOffset = 0;
  #inScale = 0;

  constructor(
    reading: Reading,
    expressions: ExpressionParser,
    parsed: ParsedOperands,
    demandKnown: (mnemonic: string) => void,
  ) {
    this.#reading = reading;
    this.#expressions = expressions;
    this.#parsed = parsed;
    this.#demandKnown = demandKnown;
    this.#plain = new PlainOperands(reading, parsed);
  }

  /** All operands of the statement; the cursor is at the first. */
  parse(mnemonic: string): void {
    const reading = this.#reading;
    const input = reading.input;
    const parsed = this.#parsed;
    const branch = isBranch(mnemonic);
    do {
      const start = input.offset;
      if (!this.#plain.take(branch)) this.#operand(mnemonic, branch, start);
      const count = parsed.operands.length;
      if (count > 0) parsed.lengths[count - 1] = Math.max(1, lastByte(input.bytes, input.offset) + 1 - start);
    } while (goesOn(reading, mnemonic, this.#demandKnown));
    if ((branch || isFarBranch(mnemonic)) && parsed.operands.length === 2) this.#joinFar();
  }

  #operand(mnemonic: string, branch: boolean, start: number): void {
    const reading = this.#reading;
    const { input } = reading;
    const expressions = this.#expressions;
    this.#register = this.#base = this.#index = null;
    this.#scale = 1;
    this.#hasScale = false;
    this.#segment = null;
    this.#modifier = this.#sizeBits = this.#inBracket = this.#inOffset = this.#inScale = 0;
    this.#hasOffset = false;
    expressions.relocation = 0;
    expressions.namesFlat = false;
    expressions.formerAddress = null;
    expressions.intelOperand = true;
    let tree: Expression;
    try {
      tree = expressions.parse();
    } finally {
      expressions.intelOperand = false;
    }
    if (tree.op === Op.ABSENT) reading.fail("operand-expected", "expected an operand");
    if (tree.op === Op.BIG)
      reading.failAt("number-too-large", tree.offset, "a number of more than 64 bits fits no instruction");
    const displacement = refoldOperand(this.#simplify(tree));
    const relocation = expressions.relocation;
    const isBracketed = !this.#hasOffset && input.bytes[lastByte(input.bytes, input.offset)] === CLOSE_BRACKET;

    const plain = this.#register as Register | null;
    if (plain !== null) {
      if (
        this.#base !== null ||
        this.#index !== null ||
        this.#segment !== null ||
        displacement.op !== Op.CONSTANT ||
        displacement.number != 0
      ) {
        reading.failAt(
          "register-in-expression",
          start,
          `\`${plain.name}' outside brackets cannot be calculated with: write [${plain.name}+...]`,
          input.offset - start,
        );
      }
      this.#parsed.add(registerOperand(plain), null, start);
      return;
    }
    if (branch) {
      this.#branchOperand(mnemonic, displacement, relocation, isBracketed, start);
      return;
    }
    const isFar = isFarBranch(mnemonic);
    if (isFar && this.#segment !== null && this.#segmentRegister() === null) {
      this.#far(displacement, start);
      return;
    }
    const isMemory =
      isBracketed ||
      this.#base !== null ||
      this.#index !== null ||
      this.#segment !== null ||
      (!this.#hasOffset && (expressions.namesFlat || namesPlace(tree)));
    if (isMemory) {
      if (this.#base === null && this.#index === null && this.#segment === null) {
        if (expressions.formerAddress !== null) reading.doubtAddress(expressions.formerAddress, start);
        else if (!isBracketed && displacement.op === Op.SYMBOL) reading.doubtMemory(displacement.symbol!, start);
      }
      this.#memory(displacement, relocation, start);
      return;
    }
    const sizeBits = this.#sizeBits;
    // A place after `offset` gets a field of full size, even where its distance to another one is known.
    const value = this.#hasOffset && (namesSymbol(tree) || subtractsOffset(tree)) ? null : encoderValue(displacement);
    const operand: ImmediateOperand =
      sizeBits === 0 ? { kind: "immediate", value } : { kind: "immediate", value, sizeBits: sizeBits as SizeBits };
    this.#parsed.add(operand, value === null ? displacement : null, start, relocation);
  }

  #memory(displacement: Expression, relocation: number, start: number): void {
    const segment = this.#segment === null ? null : this.#segmentRegister();
    if (this.#segment !== null && segment === null) {
      this.#reading.failAt("segment-expected", this.#segment.offset, "expected a segment register before `:'");
    }
    const value = encoderValue(displacement);
    let base = this.#base;
    let index = this.#index;
    if (base !== null && index !== null && !this.#hasScale) {
      // 16-bit pairs may come in either order.
      if (base.class === "r16" && index.class === "r16" && base.number >= 6 && index.number < 6)
        [base, index] = [index, base];
    }
    // The encoder takes it for the base.
    if (this.#hasScale && this.#scale === 1 && index?.name === "esp")
      this.#reading.failAt("bad-address", start, "esp cannot be an index, not even one that is taken once");
    const operand: { -readonly [K in keyof MemoryOperand]: MemoryOperand[K] } = { kind: "memory", displacement: value };
    if (segment !== null) operand.segment = segment;
    if (base !== null) operand.base = base;
    if (index !== null) {
      operand.index = index;
      operand.scale = this.#scale as 1 | 2 | 4 | 8;
    }
    if (this.#sizeBits !== 0) operand.sizeBits = this.#sizeBits as SizeBits;
    if (relocation === R.GOT32) operand.isRelaxable = true;
    this.#parsed.add(operand, value === null ? displacement : null, start, relocation);
  }

  /** Of `fs:gs:` the first counts. */
  #firstSegment(e: Expression): Expression {
    if (e.op !== Op.SEGMENT || e.right!.op !== Op.REGISTER) return e;
    this.#reading.warnAt("segment-expected", e.offset, "an operand has one segment: the first one counts");
    return this.#firstSegment(e.left!);
  }

  /** The register before the colon, or null when what stands there is none. */
  #segmentRegister(): Register | null {
    const segment = this.#segment!;
    if (segment.op !== Op.REGISTER) return null;
    if (segment.register!.class !== "sreg") {
      this.#reading.failAt("segment-expected", segment.offset, `\`${segment.register!.name}' is no segment register`);
    }
    return segment.register;
  }

  #branchOperand(
    mnemonic: string,
    displacement: Expression,
    relocation: number,
    isBracketed: boolean,
    start: number,
  ): void {
    const reading = this.#reading;
    const parsed = this.#parsed;
    const segment = this.#segment === null ? null : this.#segmentRegister();
    let isMemory = this.#base !== null || this.#index !== null || isBracketed;
    if (!isMemory) {
      if (this.#modifier === Op.SIZE) isMemory = true;
      else if (this.#segment !== null && segment !== null) isMemory = true;
      else if (this.#segment !== null && this.#modifier !== Op.NEAR) {
        this.#far(displacement, start);
        return;
      } else if (this.#modifier === Op.FAR) {
        reading.failAt(
          "segment-expected",
          start,
          "a far jump needs a segment: write `segment:offset', or brackets around the address of a far pointer",
        );
      }
    }
    if (isMemory && this.#base === null && this.#index === null && isLoop(mnemonic)) {
      // As GNU as: what is written as memory is the target, and the segment before it a prefix.
      if (segment?.name === "cs" || segment?.name === "ds") parsed.hint = segment.name;
      else if (segment !== null)
        reading.warnAt("bad-prefix", start, "the segment says nothing of a direct jump and is left out");
      isMemory = false;
    }
    if (isMemory) {
      // A pointer of twice the code's size holds a segment too.
      if (this.#modifier === Op.FAR || (this.#sizeBits === 32 && reading.bits === 16)) {
        parsed.isFar = true;
        if (this.#modifier === Op.FAR) this.#sizeBits = 0;
      } else if (this.#sizeBits === 48) {
        parsed.isFar = true;
        this.#sizeBits = 48;
      }
      this.#memory(displacement, relocation, start);
      return;
    }
    parsed.add(TARGET, displacement, start, relocation);
  }

  /** `selector:offset` */
  #far(offset: Expression, start: number): void {
    const selector = refold(this.#segment!);
    this.#expressions.relocation = 0;
    this.#parsed.add(
      { kind: "far", selector: encoderValue(selector), offset: encoderValue(offset) },
      offset.op === Op.CONSTANT ? null : offset,
      start,
      0,
      selector.op === Op.CONSTANT ? null : selector,
    );
  }

  /** `call selector, offset` */
  #joinFar(): void {
    const parsed = this.#parsed;
    const [first, second] = parsed.operands as [Operand, Operand];
    const numberOf = (operand: Operand, index: number): Expression | null => {
      const expression = parsed.expressions[index] ?? null;
      if (operand.kind === "target") return expression;
      if (operand.kind === "immediate") return expression ?? constant(operand.value!, parsed.offsets[index]!);
      return null;
    };
    // A symbol alone is a number here, not memory.
    const addressOf = (operand: Operand, index: number): Expression | null =>
      operand.kind === "memory" && operand.base === undefined && operand.index === undefined
        ? (parsed.expressions[index] ?? constant(operand.displacement ?? 0))
        : numberOf(operand, index);
    const selector = addressOf(first, 0);
    const offset = addressOf(second, 1);
    if (selector === null || offset === null) return;
    const start = parsed.offsets[0]!;
    parsed.clear();
    this.#segment = selector;
    this.#far(refold(offset), start);
  }

  #invalidRegister(expression: Expression, extras: ReportExtras = {}): never {
    const message = "a register cannot be calculated with here";
    return this.#reading.failAt("register-in-expression", expression.offset, message, undefined, extras);
  }

  /** Takes registers and Intel's operators out of the tree; what is left is the displacement or the immediate. */
  #simplify(e: Expression): Expression {
    switch (e.op) {
      case Op.CONSTANT:
        return e;
      case Op.SYMBOL:
        this.#reading.program.symbolList.need(e.symbol!);
        return e;
      case Op.REGISTER:
        this.#takeRegister(e);
        return ZERO;
      case Op.INDEX: {
        const left = e.left === null ? null : this.#simplify(e.left);
        if (this.#inOffset === 0) this.#inBracket++;
        const inner = this.#simplify(e.right!);
        if (this.#inOffset === 0) this.#inBracket--;
        return left === null ? inner : this.#join(Op.ADD, left, inner);
      }
      case Op.OFFSET: {
        this.#hasOffset = true;
        this.#inOffset++;
        const inner = this.#simplify(e.left!);
        this.#inOffset--;
        return inner;
      }
      case Op.SIZE:
      case Op.NEAR:
      case Op.FAR:
        if (this.#modifier === 0) {
          this.#modifier = e.op;
          this.#sizeBits = e.number as number;
        }
        if (e.left!.op === Op.REGISTER) {
          this.#reading.failAt(
            "type-on-register",
            e.offset,
            `a register has its size: \`${e.left!.register!.name}' takes no \`ptr'`,
          );
        }
        return this.#simplify(e.left!);
      case Op.SHORT:
        return this.#simplify(e.left!);
      case Op.SEGMENT:
        if (this.#inOffset === 0) {
          if (this.#segment !== null)
            this.#reading.failAt("segment-expected", e.offset, "an operand has one segment only");
          this.#segment = this.#firstSegment(e.left!);
        }
        // As NASM has it, where the segment is within the brackets.
        if (e.right!.op === Op.REGISTER)
          this.#invalidRegister(e.right!, {
            ...(this.#inBracket > 0 ? { suggestion: "a segment before the bracket, as in es:[edi]" } : {}),
          });
        return this.#simplify(e.right!);
      case Op.MULTIPLY:
        if (this.#inBracket > 0) return this.#scaled(e);
        break;
      default:
        break;
    }
    if (e.left === null) return e;
    const registersBefore = this.#registerCount();
    const left = this.#simplify(e.left);
    if (e.op !== Op.ADD && e.op !== Op.SUBTRACT && this.#registerCount() !== registersBefore)
      this.#invalidRegister(e.left);
    if (e.right === null) {
      const unary = node(e.op, left, null, e.offset);
      return refold(unary);
    }
    const registersBetween = this.#registerCount();
    const right = this.#simplify(e.right);
    if (e.op !== Op.ADD && this.#registerCount() !== registersBetween) this.#invalidRegister(e.right);
    if (
      e.op === Op.SUBTRACT &&
      left.op === Op.SYMBOL &&
      right.op === Op.SYMBOL &&
      e.left.op !== Op.SYMBOL &&
      e.left.op !== Op.OFFSET
    ) {
      const lost = this.#lostDistance(left, right);
      if (lost !== null) return lost;
    }
    return this.#join(e.op, left, right);
  }

  /**
   * `[ebx+b-a]` with a known distance: GNU as loses where `b` is in its fragment, and so does this, with a warning.
   * `[ebx+(b-a)]` and `[b-a+ebx]` are what was meant.
   */
  #lostDistance(left: Expression, right: Expression): Expression | null {
    const distance = knownDifference(left.symbol!, right.symbol!);
    if (distance === null) return null;
    const lost =
      Number(left.symbol!.value) -
      left
        .symbol!.section.fragments.subsectionOf(left.symbol!.fragment)
        .spaceBefore(left.symbol!.fragment, Number(left.symbol!.value));
    if (lost !== 0) {
      this.#reading.warnAt(
        "lost-distance",
        right.offset,
        `GNU as loses ${lost} bytes of this distance because of the register before it, and so the address here: write [...+(b-a)]`,
        right.symbol!.name.length || 1,
      );
    }
    return constant(subtract(add(subtract(distance, lost), left.number), right.number), left.offset);
  }

  #join(op: number, left: Expression, right: Expression): Expression {
    return combine(op, left, right, () => this.#reading.failAt("division-by-zero", left.offset, "division by zero"));
  }

  #registerCount(): number {
    return (this.#register === null ? 0 : 1) + (this.#base === null ? 0 : 1) + (this.#index === null ? 0 : 1);
  }

  #takeRegister(e: Expression): void {
    const register = e.register!;
    if (this.#inOffset > 0) this.#reading.failAt("register-in-expression", e.offset, "a register has no offset");
    if (this.#inBracket === 0) {
      if (register === EIZ)
        this.#reading.failAt("bad-register", e.offset, "`eiz' stands for no index in an address, and is no register");
      if (this.#register !== null) this.#invalidRegister(e);
      this.#register = register;
    } else if (this.#base === null && this.#inScale === 0 && register !== EIZ) this.#base = register;
    else if (this.#index === null) this.#index = register;
    else
      this.#reading.failAt(
        "bad-address",
        e.offset,
        `an address has at most a base and an index: \`${register.name}' is one too many`,
      );
  }

  /** A product inside brackets: an index and its scale, or plain numbers. */
  #scaled(e: Expression): Expression {
    const hadIndex = this.#index !== null;
    if (this.#inScale++ === 0) this.#scale = hadIndex ? this.#scale : 1;
    const left = this.#simplify(e.left!);
    let scale: Expression | null = !hadIndex && this.#index !== null ? e.right! : null;
    const right = this.#simplify(e.right!);
    if (scale === null && !hadIndex && this.#index !== null) scale = e.left!;
    this.#inScale--;
    if (scale !== null) {
      const factor = refold(scale);
      const value = factor.op === Op.CONSTANT ? Number(factor.number) : 0;
      this.#scale *= value;
      this.#hasScale = true;
      if (this.#inScale === 0 && ![1, 2, 4, 8].includes(this.#scale)) {
        this.#reading.failAt("bad-address", scale.offset, "an index is multiplied with 1, 2, 4 or 8");
      }
      // `(ebx+4)*2` scales its number too.
      const other = scale === e.right ? left : right;
      return this.#join(Op.MULTIPLY, other, factor.op === Op.CONSTANT ? factor : constant(0));
    }
    return this.#join(Op.MULTIPLY, left, right);
  }
}

/**
 * Whether an expression without brackets means memory: when it, or a part of it that was calculated with, is a symbol
 * with nothing but a number added. What is calculated from symbols themselves (`end - start`, `count * 4`) is a number,
 * even where the symbols have yet to be defined. A rule of GNU as, with its exceptions: `count + 1` is memory there,
 * and so is `(count + 1) * 4`.
 */
function namesPlace(e: Expression, depth = 0): boolean {
  if (depth > 100) return false;
  switch (e.op) {
    case Op.CONSTANT:
    case Op.REGISTER:
      return false;
    case Op.SYMBOL: {
      const symbol = e.symbol!;
      const { kind } = symbol.section;
      if (kind === "absolute" || kind === "register") return false;
      // A symbol that was equated to one without a value is without one itself.
      return kind !== "expression" || symbol.expression?.op === Op.SYMBOL || namesPlaceBehind(symbol, depth);
    }
    case Op.SIZE:
    case Op.SHORT:
    case Op.NEAR:
    case Op.FAR:
      return namesPlace(e.left!, depth + 1);
    default:
      break;
  }
  const left = e.left!;
  const { right } = e;
  const addsSymbols = (e.op === Op.ADD || e.op === Op.SUBTRACT) && left.op === Op.SYMBOL && right?.op === Op.SYMBOL;
  return [left, right].some(
    (part) =>
      part !== null &&
      (part.op === Op.SYMBOL && (part.number == 0 || addsSymbols)
        ? namesPlaceBehind(part.symbol!, depth)
        : namesPlace(part, depth + 1)),
  );
}

function namesSymbol(e: Expression): boolean {
  return e.op === Op.SYMBOL || (e.left !== null && namesSymbol(e.left)) || (e.right !== null && namesSymbol(e.right));
}

/** `b - offset a`, `offset a * 2`: GNU as folds these only after it has chosen the width. */
function subtractsOffset(e: Expression): boolean {
  if (e.left === null || e.right === null) return e.op !== Op.OFFSET && e.left !== null && subtractsOffset(e.left);
  if (e.op !== Op.ADD && (e.right.op === Op.OFFSET || (e.left.op === Op.OFFSET && e.op !== Op.SUBTRACT))) return true;
  return subtractsOffset(e.left) || subtractsOffset(e.right);
}

function namesPlaceBehind(symbol: AssemblySymbol, depth: number): boolean {
  // One that is defined by itself is found out later.
  if (symbol.expression === null || symbol.isResolving) return false;
  symbol.isResolving = true;
  const names = namesPlace(symbol.expression, depth + 1);
  symbol.isResolving = false;
  return names;
}

/** Index of the last byte before `offset` that is no blank. */
export function lastByte(bytes: Uint8Array, offset: number): number {
  let at = offset - 1;
  while (at > 0 && (bytes[at] === 0x20 || bytes[at] === 0x09)) at--;
  return at;
}
