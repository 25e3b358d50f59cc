/**
 * Reads expressions from the input: GNU as's operators and precedence, and inside Intel operands the operators of that
 * syntax (`offset`, `dword ptr`, `[...]`, `seg:`).
 *
 * The method is precedence climbing: `#binary(minimum)` reads an operand, then goes on as long as the operator that
 * follows binds tighter than `minimum`, and reads its right side with that operator's own precedence as the minimum. So
 * operators of equal precedence group from the left, and no operator waits on a stack. Each step folds what is known at
 * once (`combine`), because GNU as does, and what it can fold at this point of the source decides which encoding an
 * instruction gets: the tree that is left holds only what layout or the linker must say.
 *
 * A name is looked up by its atom, which knows at once whether it is a register, an operator of Intel syntax or a
 * symbol.
 */

import { EIZ } from "../../isa/registers.ts";
import { R, RELOCATION_SUFFIXES } from "../../object/relocation-types.ts";
import type { Atom } from "../model/atom.ts";
import {
  aliasedRegister,
  bigConstant,
  combine,
  computeUnary,
  constant,
  Expression,
  namesRegister,
  node,
  Op,
  PRECEDENCE,
  refold,
  registerExpression,
  symbolExpression,
} from "../model/expression.ts";
import type * as integer from "../model/integer.ts";
import { textOfBytes } from "../model/source-text.ts";
import type { AssemblySymbol } from "../model/symbol.ts";
import {
  APOSTROPHE,
  AT_SIGN,
  CLOSE_BRACKET,
  CLOSE_PARENTHESIS,
  COLON,
  characterClass,
  DIGIT,
  DOLLAR,
  DOT,
  digitValue,
  NAME_PART,
  NAME_START,
  OPEN_BRACKET,
  OPEN_PARENTHESIS,
  PERCENT,
  QUOTE,
  SPACE,
} from "./chars.ts";
import { areUnlike, unknownSymbol } from "./expression-shape.ts";
import { INTEL_OPERATORS, SIZE_BYTES } from "./intel-operators.ts";
import { pastSuffix } from "./number-suffix.ts";
import { DOUBLE_SIGNS, SINGLE_SIGNS } from "./operators.ts";
import { plainNumber } from "./plain-number.ts";
import type { Reading } from "./reading.ts";
import { readRegister } from "./register-reader.ts";
import { sectionSymbol } from "./section-symbol.ts";
import { characterValue, LONG_CHARACTER, longCharacterEnd, readString, signAfterName } from "./text.ts";

/** Parentheses inside parentheses that are too many for any honest source. */
const MAXIMUM_NESTING = 400;

const ABSENT = new Expression(Op.ABSENT, 0, null, 0);

export class ExpressionParser {
  readonly #reading: Reading;
  /** Inside an operand of an Intel instruction. */
  intelOperand = false;
  /** The last expression named a relocation with `@`; 0 when it did not. Reset by whoever cares. */
  relocation = 0;
  /** Counts what was read that may mean something else another time: symbols, labels, places. */
  namesRead = 0;
  /** Collects the names without a value, while somebody wants them. */
  unknownNames: Atom[] | null = null;
  /** The operand named the flat segment (`flat:x`). Reset by whoever cares. */
  namesFlat = false;
  /** `.` means the place of a later use (`.eqv`). */
  defersHere = false;
  #nesting = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** The expression at the cursor; ABSENT when there is none. */
  parse(): Expression {
    this.#nesting = 0;
    return this.#binary(0);
  }

  /** The expression that was read last is the address of something (`offset x`), in a directive. */
  namesOffset = false;

  /** A symbol in the operand at hand that was set to `offset place` and named before. */
  formerAddress: AssemblySymbol | null = null;

  /** As `parse`, and an error when there is none. */
  required(what = "an expression"): Expression {
    this.namesOffset = false;
    const expression = this.parse();
    if (expression.op === Op.ABSENT) this.#reading.fail("expression-expected", `expected ${what}`);
    return expression;
  }

  /** An expression whose value is known now. */
  absolute(what = "the value"): integer.Integer {
    const plain = plainNumber(this.#reading, -Infinity, Infinity);
    if (plain !== null) return plain;
    const start = this.#start();
    const expression = refold(this.required());
    if (expression.op === Op.CONSTANT) return expression.number;
    if (
      (expression.op === Op.EQUAL || expression.op === Op.NOT_EQUAL) &&
      areUnlike(expression.left!, expression.right!)
    ) {
      // GNU as: a place is no number, so they are not equal, even where the place has yet to be defined.
      return expression.op === Op.EQUAL ? 0 : -1;
    }
    if ((expression.op === Op.EQUAL || expression.op === Op.NOT_EQUAL) && expression.left!.op === Op.REGISTER)
      return expression.op === Op.EQUAL ? -1 : 0;
    const unknown = unknownSymbol(expression);
    return this.#reading.failAt(
      "not-absolute",
      start,
      unknown === null
        ? `${what} must be known here, and this expression is not a constant`
        : `${what} must be known here, and \`${unknown}' has no value yet`,
    );
  }

  /** An absolute value that a JavaScript number holds exactly. */
  absoluteNumber(what = "the value"): number {
    const value = this.absolute(what);
    return typeof value === "number" ? value : value < 0n ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  }

  #start(): number {
    this.#reading.input.skipSpace();
    return this.#reading.input.offset;
  }

  #binary(minimum: number): Expression {
    const input = this.#reading.input;
    if (++this.#nesting > MAXIMUM_NESTING) this.#reading.fail("expression-too-deep", "expression is nested too deeply");
    let left = this.#operand();
    for (;;) {
      const code = input.skipSpace();
      let op = 0;
      let length = 1;
      if (code < 128) {
        op = SINGLE_SIGNS[code]!;
        if (op !== 0 || code === 0x3d) {
          const double = DOUBLE_SIGNS.get(code * 128 + input.bytes[input.offset + 1]!);
          if (double !== undefined) {
            op = double;
            length = 2;
          }
        } else if (code === OPEN_BRACKET) {
          if (this.#reading.isIntel) op = Op.INDEX;
        } else if (code === COLON) {
          if (this.intelOperand) op = Op.SEGMENT;
        } else if (characterClass[code]! & NAME_START && this.#reading.isIntel) {
          const end = this.#nameEnd();
          const atom = this.#reading.atoms.intern(input.bytes, input.offset, end).knownLower;
          const operator = atom === null || atom.intelOperator < 0 ? null : INTEL_OPERATORS[atom.intelOperator]!;
          if (operator !== null && operator.operands === 2) {
            op = operator.op;
            length = end - input.offset;
          }
        }
      }
      if (op === 0 || PRECEDENCE[op]! <= minimum) break;
      if (left.op === Op.ABSENT) this.#reading.fail("expression-expected", "expected an operand before this operator");
      const operatorOffset = input.offset;
      input.offset += length;
      let right: Expression;
      if (op === Op.INDEX) {
        const indexed = this.#index(left, operatorOffset);
        if (this.intelOperand) {
          left = indexed;
          continue;
        }
        // In a directive there is no memory: `x[4]` is x + 4.
        op = Op.ADD;
        right = indexed.right!;
      } else right = this.#binary(PRECEDENCE[op]!);
      if (right.op === Op.ABSENT) {
        if (this.intelOperand) this.#reading.fail("expression-expected", "expected an operand after this operator");
        this.#reading.warnAt(
          "missing-operand",
          operatorOffset,
          "no operand follows this operator: zero is assumed",
          length,
        );
        right = constant(0, input.offset);
      }
      if (right.op === Op.BIG || left.op === Op.BIG)
        this.#reading.failAt(
          "number-too-large",
          left.offset,
          "a number of more than 64 bits cannot be calculated with",
        );
      if (
        (op === Op.SHIFT_LEFT || op === Op.SHIFT_RIGHT) &&
        right.op === Op.CONSTANT &&
        (right.number < 0 || right.number > 63)
      ) {
        this.#reading.warnAt(
          "shift-range",
          right.offset,
          `shift count ${right.number} is not between 0 and 63: the result is 0`,
        );
      }
      if (op === Op.SEGMENT || left.op === Op.REGISTER || right.op === Op.REGISTER)
        left = node(op, left, right, left.offset);
      else
        left = combine(op, left, right, () =>
          this.#reading.failAt("division-by-zero", operatorOffset, "division by zero"),
        );
    }
    this.#nesting--;
    return left;
  }

  /** `[...]`, the bracket read already. */
  #index(left: Expression | null, offset: number): Expression {
    const input = this.#reading.input;
    const inner = this.#binary(0);
    if (inner.op === Op.ABSENT)
      this.#reading.failAt("expression-expected", input.offset, "expected an address between the brackets");
    if (input.skipSpace() !== CLOSE_BRACKET) this.#reading.failAt("missing-bracket", input.offset, "expected `]'", 1);
    input.offset++;
    return node(Op.INDEX, left, inner, left === null ? offset : left.offset);
  }

  #operand(): Expression {
    const reading = this.#reading;
    const input = reading.input;
    const code = input.skipSpace();
    const start = input.offset;
    const kind = characterClass[code]!;
    if (kind & DIGIT) {
      const number = this.#number(start);
      // `name+3@GOTOFF`: the suffix belongs to the whole.
      if (this.#isAtSuffix() && this.#isRelocationSuffix()) this.#relocationSuffix();
      return number;
    }
    if (kind & NAME_START) return this.#name(start);
    switch (code) {
      case APOSTROPHE: {
        const character = characterValue(input.bytes, start);
        input.offset = character.end;
        if (characterClass[input.bytes[character.end]!]! & NAME_PART && input.bytes[character.end - 1] !== APOSTROPHE)
          this.#refuseLongCharacter(start);
        return constant(character.value, start);
      }
      case QUOTE: {
        const string = readString(input.bytes, start);
        if (!string.closed) reading.failAt("missing-quote", start, "expected a closing `\"' on this line");
        input.offset = string.end;
        return this.#symbol(reading.atoms.intern(string.bytes, 0, string.bytes.length), start);
      }
      case OPEN_PARENTHESIS:
        return this.#parenthesisAndSuffix(start);
      case OPEN_BRACKET:
        if (!this.intelOperand) return this.#parenthesis(CLOSE_BRACKET, "]");
        input.offset++;
        return this.#index(null, start);
      case 0x2b:
        input.offset++;
        return this.#unaryOperand();
      case 0x2d:
        return this.#unary(Op.NEGATE, start);
      case 0x7e:
        return this.#unary(Op.BIT_NOT, start);
      case 0x21:
        return this.#unary(Op.LOGICAL_NOT, start);
      case PERCENT: {
        const register = readRegister(this.#reading);
        if (register !== null) return registerExpression(register, start);
        return ABSENT;
      }
      default:
        return new Expression(Op.ABSENT, 0, null, start);
    }
  }

  #refuseLongCharacter(start: number): void {
    const end = longCharacterEnd(this.#reading.input.bytes, start);
    if (end >= 0) this.#reading.failAt("long-character", start, LONG_CHARACTER, end - start);
  }

  #unaryOperand(): Expression {
    if (++this.#nesting > MAXIMUM_NESTING) this.#reading.fail("expression-too-deep", "expression is nested too deeply");
    const operand = this.#operand();
    this.#nesting--;
    if (operand.op === Op.ABSENT) this.#reading.fail("expression-expected", "expected an operand after this operator");
    return operand;
  }

  #unary(op: number, start: number): Expression {
    this.#reading.input.offset++;
    const operand = this.#unaryOperand();
    if (operand.op === Op.CONSTANT) return constant(computeUnary(op, operand.number), start);
    if (operand.op === Op.BIG && op !== Op.LOGICAL_NOT)
      return bigConstant(op === Op.NEGATE ? -BigInt(operand.number) : ~BigInt(operand.number), start);
    return node(op, operand, null, start);
  }

  #parenthesis(close: number, sign: string): Expression {
    const input = this.#reading.input;
    const start = input.offset++;
    const inner = this.#binary(0);
    if (input.skipSpace() !== close)
      this.#reading.failAt(
        "missing-parenthesis",
        input.offset,
        `expected \`${sign}' for the bracket in column ${this.#reading.columnOf(start)}`,
        1,
      );
    input.offset++;
    if (inner.op === Op.ABSENT)
      this.#reading.failAt(
        "expression-expected",
        start,
        "expected an expression between the parentheses",
        input.offset - start,
      );
    return inner;
  }

  #nameEnd(): number {
    const bytes = this.#reading.input.bytes;
    let end = this.#reading.input.offset + 1;
    while (characterClass[bytes[end]!]! & NAME_PART) end++;
    return end;
  }

  #name(start: number): Expression {
    const reading = this.#reading;
    const input = reading.input;
    const end = this.#nameEnd();
    const code = input.bytes[start]!;
    if (end === start + 1 && (code === DOT || (code === DOLLAR && reading.isIntel))) {
      input.offset = end;
      this.namesRead++;
      return this.defersHere ? symbolExpression(reading.symbols.dot, 0, start) : reading.symbols.here(start);
    }
    const atom = reading.atoms.intern(input.bytes, start, end);
    const lower = reading.isIntel || reading.allowsNakedRegisters ? atom.knownLower : null;
    if (lower === null) {
      input.offset = end;
      return this.#symbol(atom, start);
    }
    if (this.intelOperand && reading.allowsIndexRegister && lower.text === EIZ.name && reading.allowsNakedRegisters) {
      input.offset = end;
      return registerExpression(EIZ, start);
    }
    if (lower.register !== null && reading.allowsNakedRegisters) {
      const register = readRegister(this.#reading);
      if (register !== null) return registerExpression(register, start);
    }
    if (reading.isIntel && lower.text === "flat" && input.bytes[end] === COLON) {
      // The flat segment that compilers name says nothing, but that this is memory.
      this.namesFlat = true;
      input.offset = end + 1;
      return this.#operand();
    }
    if (lower.intelOperator >= 0 && reading.isIntel) {
      const intel = this.#intelName(lower, start, end);
      if (intel !== null) return intel;
    }
    input.offset = end;
    return this.#symbol(atom, start);
  }

  /** A prefix operator of Intel syntax, or the name of a size as its value; null when the word is neither here. */
  #intelName(lower: Atom, start: number, end: number): Expression | null {
    const reading = this.#reading;
    const input = reading.input;
    const operator = INTEL_OPERATORS[lower.intelOperator]!;
    if (operator.operands === 2) return null;
    let op: number = operator.op;
    input.offset = end;
    if (operator.needsPtr) {
      // The word is a type only before `ptr`; alone it is its size in bytes.
      const wordStart = characterClass[input.skipSpace()]! & NAME_START ? input.offset : -1;
      const isType =
        wordStart >= 0 && reading.atoms.intern(input.bytes, wordStart, this.#nameEnd()).lower.text === "ptr";
      if (!isType) {
        input.offset = end;
        const bytes = SIZE_BYTES.get(lower.text);
        if (
          bytes !== undefined &&
          this.intelOperand &&
          input.bytes[input.skipSpace() === OPEN_BRACKET ? input.offset : end] === OPEN_BRACKET
        ) {
          reading.warnAt(
            "size-without-ptr",
            start,
            `\`${lower.text}' without \`ptr' is the number ${bytes}, which is added to the address: write \`${lower.text} ptr'`,
            end - start,
          );
        }
        input.offset = end;
        return bytes === undefined ? null : constant(bytes, start);
      }
      if (!this.intelOperand)
        reading.failAt(
          "type-outside-operand",
          start,
          `\`${lower.text} ptr' has a meaning only in an operand of an instruction`,
        );
      input.offset = wordStart + 3;
    }
    const operand = this.#binary(9);
    if (operand.op === Op.ABSENT) reading.fail("expression-expected", `expected an operand after \`${operator.name}'`);
    if (op === Op.BIT_NOT)
      return operand.op === Op.CONSTANT
        ? constant(computeUnary(op, operand.number), start)
        : node(op, operand, null, start);
    if (!this.intelOperand && (op === Op.OFFSET || op === Op.SHORT)) {
      this.namesOffset = op === Op.OFFSET;
      op = 0;
    }
    return op === 0 ? operand : this.#prefixed(op, operator.sizeBits, operand, start);
  }

  #prefixed(op: number, sizeBits: number, operand: Expression, start: number): Expression {
    const expression = node(op, operand, null, start);
    expression.number = sizeBits;
    return expression;
  }

  /** Cursor after the name. */
  #symbol(atom: Atom, start: number): Expression {
    this.namesRead++;
    const reading = this.#reading;
    if (this.#isAtSuffix()) {
      // GNU as finds the suffix before the symbol, but in Intel operands after it: so say the orders of its symbol
      // tables.
      if (this.intelOperand) reading.symbols.findOrMake(atom, start);
      this.#relocationSuffix();
    }
    const symbol = reading.symbols.findOrMake(sectionSymbol(this.#reading, atom), start);
    if (this.unknownNames !== null && symbol.section.kind === "undefined" && symbol.expression === null)
      this.unknownNames.push(atom);
    if (symbol.section.kind === "absolute" && symbol.expression === null && !symbol.isForward && !this.defersHere)
      return constant(symbol.value, start);
    const register = symbol.register ?? aliasedRegister(symbol);
    if (register !== null) return registerExpression(register, start);
    if (symbol.isForward && symbol.expression !== null && !this.defersHere)
      return reading.symbols.snapshot(symbol.expression, start);
    const wasUsed = symbol.isUsed;
    symbol.use();
    if (symbol.isAddress) return this.#address(symbol, wasUsed, start);
    const reference = symbolExpression(symbol, 0, start);
    if (!this.intelOperand) return reference;
    // `FIELD = edi + 4` stands for just that.
    return symbol.expression !== null && namesRegister(symbol.expression) ? symbol.expression : reference;
  }

  /** What `symbol = offset place` stands for. GNU as knows of the `offset` only where the symbol is named first. */
  #address(symbol: AssemblySymbol, wasUsed: boolean, start: number): Expression {
    const place = symbol.expression!;
    if (!this.intelOperand) return place;
    if (!wasUsed) return this.#prefixed(Op.OFFSET, 0, place, start);
    this.formerAddress = symbol;
    return place;
  }

  /** Moves over blanks to the sign of a suffix; one that is none of ours counts only without a blank. */
  #isAtSuffix(): boolean {
    const { input } = this.#reading;
    const { bytes, offset } = input;
    const code = bytes[offset]!;
    if (code === AT_SIGN) return true;
    if (characterClass[code] !== SPACE) return false;
    if (input.skipSpace() === AT_SIGN && this.#isRelocationSuffix()) return true;
    input.offset = offset;
    return false;
  }

  #isRelocationSuffix(): boolean {
    const { input } = this.#reading;
    input.offset++;
    const end = characterClass[input.bytes[input.offset]!]! & NAME_PART ? this.#nameEnd() : input.offset;
    const name = textOfBytes(input.bytes, input.offset, end).toUpperCase();
    input.offset--;
    return RELOCATION_SUFFIXES.has(name);
  }

  /** `($a)@GOTOFF`: GNU as finds the suffix first. */
  #parenthesisAndSuffix(start: number): Expression {
    const { input } = this.#reading;
    const sign = signAfterName(input.bytes, start);
    if (sign >= 0) input.offset = sign;
    const isSuffix = sign >= 0 && this.#isRelocationSuffix();
    if (isSuffix) this.#relocationSuffix();
    const end = input.offset;
    input.offset = start;
    const inner = this.#parenthesis(CLOSE_PARENTHESIS, ")");
    if (isSuffix) input.offset = end;
    return inner;
  }

  /** `@GOTOFF` and its kin, cursor at the sign. */
  #relocationSuffix(): void {
    const reading = this.#reading;
    const input = reading.input;
    const start = input.offset++;
    const end = characterClass[input.bytes[input.offset]!]! & NAME_PART ? this.#nameEnd() : input.offset;
    const name = textOfBytes(input.bytes, input.offset, end).toUpperCase();
    const relocation = RELOCATION_SUFFIXES.get(name);
    if (relocation === undefined) {
      return reading.failAt(
        "unknown-relocation",
        start,
        `\`@${name}' is not a relocation of this processor`,
        end - start,
        {
          candidates: [...RELOCATION_SUFFIXES.keys()].map((known) => `@${known}`),
          written: `@${name}`,
        },
      );
    }
    this.relocation = relocation;
    // GNU as mentions the table in every file that asks for what leads through it.
    if (relocation !== R.PLT32 && relocation !== R.SIZE32)
      reading.symbols.findOrMake(reading.atoms.internText("_GLOBAL_OFFSET_TABLE_"), start);
    input.offset = end;
  }

  #number(start: number): Expression {
    const reading = this.#reading;
    const input = reading.input;
    const bytes = input.bytes;
    let offset = start;
    let base = 10;
    if (bytes[offset] === 0x30) {
      const mark = bytes[offset + 1]! | 0x20;
      if (mark === 0x78 && digitValue[bytes[offset + 2]!]! < 16) {
        base = 16;
        offset += 2;
      } else if (mark === 0x62 && characterClass[bytes[offset + 2]!]! & DIGIT) {
        base = 2;
        offset += 2;
      } else base = 8;
    }
    let value = 0;
    const digits = offset;
    while (digitValue[bytes[offset]!]! < base) value = value * base + digitValue[bytes[offset++]!]!;
    const digitsEnd = offset;
    offset = pastSuffix(bytes, offset);
    const after = bytes[offset]!;
    if (base === 8 && digitsEnd === digits + 1) base = 10;
    if (characterClass[after]! & NAME_PART) {
      // A local label: `1f`, `1b`. In a leading-zero number only the single 0 can be one.
      const mark = after | 0x20;
      if ((mark === 0x62 || mark === 0x66) && base === 10 && !(characterClass[bytes[offset + 1]!]! & NAME_PART)) {
        input.offset = offset + 1;
        return this.#localLabel(value, mark === 0x66, start, offset + 1 - start);
      }
      let end = offset;
      while (characterClass[bytes[end]!]! & NAME_PART) end++;
      const written = textOfBytes(bytes, start, end);
      const intel = /^([0-9a-f]+)h$/i.exec(written);
      reading.failAt(
        "bad-number",
        start,
        `\`${written}' is not a number of base ${base}`,
        end - start,
        intel === null ? {} : { suggestion: `0x${intel[1]!}` },
      );
    }
    input.offset = offset;
    if (Number.isSafeInteger(value)) return constant(value, start);
    const prefix = base === 16 ? "0x" : base === 2 ? "0b" : base === 8 ? "0o" : "";
    return bigConstant(BigInt(prefix + textOfBytes(bytes, digits, digitsEnd)), start);
  }

  #localLabel(number: number, forward: boolean, start: number, length: number): Expression {
    this.namesRead++;
    const symbol = this.#reading.symbols.localLabel(number, forward, start);
    if (symbol === null) {
      return this.#reading.failAt(
        "unknown-local-label",
        start,
        `no label \`${number}:' stands before this line`,
        length,
      );
    }
    symbol.use();
    return symbolExpression(symbol, 0, start);
  }
}
