/**
 * Operands in AT&T syntax: `$immediate`, `%register`, `disp(base, index, scale)`, `*indirect`; source first, so the row
 * is turned round for the encoder.
 */

import { NOT_REVERSED } from "../../isa/explain.ts";
import type { MemoryOperand, Register } from "../../isa/instruction.ts";
import { EIZ } from "../../isa/registers.ts";
import { R } from "../../object/relocation-types.ts";
import type { Expression } from "../model/expression.ts";
import { aliasedRegister, constant, Op, refoldOperand, symbolExpression } from "../model/expression.ts";
import { textOfBytes } from "../model/source-text.ts";
import {
  CLOSE_PARENTHESIS,
  COLON,
  COMMA,
  characterClass,
  DOLLAR,
  DOT,
  NAME_PART,
  NAME_START,
  OPEN_PARENTHESIS,
  PERCENT,
  SPACE,
  STAR,
  STATEMENT_END,
  standsAt,
} from "./chars.ts";
import type { ExpressionParser } from "./expression-parser.ts";
import { goesOn } from "./next-operand.ts";
import { lastByte } from "./operands-intel.ts";
import { encoderValue } from "./operands-plain.ts";
import type { ParsedOperands } from "./parsed-operands.ts";
import { isBranch, isFarBranch, TARGET, takesHint } from "./parsed-operands.ts";
import type { Reading } from "./reading.ts";
import { readRegister } from "./register-reader.ts";

/** What asks for the linkage table, as compilers write it. */
const PLT = "@PLT";

export class AttOperands {
  readonly #reading: Reading;
  readonly #expressions: ExpressionParser;
  readonly #parsed: ParsedOperands;
  /**
   * Fails unless the word is an instruction: operands that make no sense are no mistake of their own after one that is
   * not.
   */
  readonly #demandKnown: (mnemonic: string) => void;
  /** The instruction at hand is a jump whose segment says which way it mostly goes. */
  #takesHint = false;

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
  }

  /**
   * The target of a jump that is only a name, through the linkage table or not; false, and nothing done, when it is not
   * that. The cursor is at it.
   */
  takeTarget(): boolean {
    const reading = this.#reading;
    const { bytes, offset } = reading.input;
    const code = bytes[offset]!;
    if (!(characterClass[code]! & NAME_START) || code === DOLLAR || reading.allowsNakedRegisters) return false;
    let end = offset + 1;
    while (characterClass[bytes[end]!]! & NAME_PART) end++;
    const isPlt = standsAt(bytes, end, PLT);
    const after = isPlt ? end + PLT.length : end;
    if (!(characterClass[bytes[after]!]! & STATEMENT_END) || (code === DOT && end === offset + 1)) return false;
    const atom = reading.atoms.intern(bytes, offset, end);
    const known = atom.symbol;
    if (known !== null) {
      if (!known.isPlainPlace) return false;
      reading.program.symbolList.need(known);
    }
    const symbol = reading.symbols.findOrMake(atom, offset);
    this.#expressions.namesRead++;
    symbol.use();
    this.#parsed.setTarget(symbolExpression(symbol, 0, offset), isPlt ? R.PLT32 : 0, offset, after - offset);
    reading.input.offset = after;
    return true;
  }

  /**
   * The value of the operand at the cursor, without the registers that may follow, where it is one that only layout or
   * the linker knows; null where it is not.
   */
  takeSymbol(): Expression | null {
    const { input } = this.#reading;
    this.#expressions.relocation = 0;
    const code = input.bytes[input.offset]!;
    if (code === STAR || code === DOLLAR) input.offset++;
    if (code !== DOLLAR && this.#registerHere() !== null) return null;
    const value = code === DOLLAR ? this.#immediate() : this.#displacement();
    return value.op === Op.CONSTANT ? null : value;
  }

  /** All operands of the statement; the cursor is at the first. */
  parse(mnemonic: string): void {
    const reading = this.#reading;
    const input = reading.input;
    const parsed = this.#parsed;
    const branch = isBranch(mnemonic) || isFarBranch(mnemonic);
    this.#takesHint = takesHint(mnemonic);
    do {
      const start = input.offset;
      this.#expressions.relocation = 0;
      this.#operand(branch, isFarBranch(mnemonic), start);
      parsed.lengths[parsed.count - 1] = Math.max(1, lastByte(input.bytes, input.offset) + 1 - start);
    } while (goesOn(reading, mnemonic, this.#demandKnown));
    if (branch && parsed.operands.length === 2 && parsed.operands[0]!.kind === "immediate") this.#joinFar();
    else if (parsed.operands.length > 1 && !NOT_REVERSED.has(mnemonic)) this.#reverse(mnemonic);
  }

  #operand(branch: boolean, farBranch: boolean, start: number): void {
    const reading = this.#reading;
    const { input } = reading;
    const expressions = this.#expressions;
    const parsed = this.#parsed;
    let code = input.bytes[start]!;
    let isIndirect = false;
    if (code === STAR) {
      isIndirect = true;
      input.offset++;
      code = input.skipSpace();
    }
    if (code === DOLLAR) {
      input.offset++;
      const value = this.#immediate();
      parsed.add(
        { kind: "immediate", value: encoderValue(value) },
        value.op === Op.CONSTANT ? null : value,
        start,
        expressions.relocation,
      );
      return;
    }
    let segment: Register | null = null;
    const register = this.#registerHere();
    if (register !== null) {
      if (input.skipSpace() !== COLON || register.class !== "sreg") {
        if (branch && !isIndirect) this.#missesStar(start);
        parsed.add({ kind: "register", register }, null, start);
        return;
      }
      segment = register;
      input.offset++;
      input.skipSpace();
      if (input.bytes[input.offset] === STAR) {
        isIndirect = true;
        input.offset++;
      }
    }
    this.#memory(branch, farBranch, isIndirect, segment, start);
  }

  /** What stands after a `$`. */
  #immediate(): Expression {
    return this.#value("a value after `$'", "a register is no immediate value");
  }

  #displacement(): Expression {
    return this.#value("an operand", "a register cannot be calculated with");
  }

  /** The expression at the cursor: `wanted` says what is missing where there is none. */
  #value(wanted: string, noRegister: string): Expression {
    const reading = this.#reading;
    const value = refoldOperand(this.#expressions.required(wanted));
    if (value.op === Op.REGISTER) reading.failAt("register-in-expression", value.offset, noRegister);
    if (value.op === Op.BIG)
      reading.failAt("number-too-large", value.offset, "a number of more than 64 bits fits no instruction");
    return value;
  }

  /** `%eax`, or `eax` under `noprefix`; null and the cursor unmoved when there is none. */
  #registerHere(): Register | null {
    const reading = this.#reading;
    const { input } = reading;
    const code = input.skipSpace();
    if (code === PERCENT) {
      const register = readRegister(this.#reading);
      if (register === null) {
        const start = input.offset;
        let end = start + 1;
        while (characterClass[input.bytes[end]!]! & NAME_PART) end++;
        const name = textOfBytes(input.bytes, start, end);
        if (name.toLowerCase() === "%eiz") {
          input.offset = end;
          return EIZ;
        }
        reading.failAt("bad-register", start, `\`${name}' is no register`, end - start);
      }
      return register;
    }
    if (!(characterClass[code]! & NAME_START)) return null;
    let end = input.offset;
    while (characterClass[input.bytes[end]!]! & NAME_PART) end++;
    const atom = reading.atoms.intern(input.bytes, input.offset, end);
    if (reading.allowsNakedRegisters && (atom.knownLower?.register ?? null) !== null)
      return readRegister(this.#reading);
    // A symbol may stand for a register; asking that lists it.
    if (atom.symbol !== null) reading.program.symbolList.need(atom.symbol);
    const register = atom.symbol === null ? null : aliasedRegister(atom.symbol);
    if (register !== null) {
      this.#expressions.namesRead++;
      input.offset = end;
      return register;
    }
    return null;
  }

  #memory(branch: boolean, farBranch: boolean, isIndirect: boolean, segment: Register | null, start: number): void {
    const reading = this.#reading;
    const { input } = reading;
    const expressions = this.#expressions;
    const parsed = this.#parsed;
    let displacement: Expression | null = null;
    if (input.skipSpace() !== OPEN_PARENTHESIS || !this.#isAddress()) displacement = this.#displacement();
    const relocation = expressions.relocation;
    const operand: { -readonly [K in keyof MemoryOperand]: MemoryOperand[K] } = { kind: "memory" };
    let hasAddress = false;
    if (input.skipSpace() === OPEN_PARENTHESIS) {
      this.#address(operand);
      hasAddress = true;
    }
    if (branch && !farBranch && !isIndirect && !hasAddress && segment !== null) {
      const { name } = segment;
      if (this.#takesHint && (name === "cs" || name === "ds")) parsed.hint = name;
      else
        reading.warnAt(
          "bad-prefix",
          start,
          `the segment says nothing of a direct jump and is left out: write \`*' before it`,
        );
      segment = null;
    }
    if (branch && !isIndirect && !hasAddress) {
      if (!farBranch || parsed.operands.length === 1) {
        parsed.add(TARGET, displacement!, start, relocation);
        return;
      }
    }
    if (branch && !isIndirect) this.#missesStar(start);
    if (displacement === null && segment === null && operand.base?.name === "dx" && operand.index === undefined) {
      // `(%dx)` is a port.
      parsed.add({ kind: "register", register: operand.base }, null, start);
      return;
    }
    if (relocation === R.TLS_DESC_CALL && displacement !== null) {
      this.#markCall(displacement, start);
      displacement = null;
    }
    displacement ??= constant(0, start);
    const value = encoderValue(displacement);
    operand.displacement = value;
    if (segment !== null) operand.segment = segment;
    if (relocation === R.GOT32) operand.isRelaxable = true;
    const isMark = relocation === R.TLS_DESC_CALL;
    parsed.add(operand, value === null ? displacement : null, start, isMark ? 0 : relocation);
  }

  /** What a jump without `*` can only mean as one with it. */
  #missesStar(start: number): void {
    this.#reading.warnAt("missing-star", start, "a jump through a register or memory has `*' before it");
  }

  /** `call *x@tlscall(%eax)`: the relocation marks the instruction, which has no field for it. */
  #markCall(symbol: Expression, start: number): void {
    const { sections, input } = this.#reading;
    const { fixups, length } = sections.writable(0);
    fixups.add(length, 0, symbol, false, 0, false, R.TLS_DESC_CALL, true, input.frame, start);
  }

  /** Whether the parenthesis at the cursor opens an address, and not a part of a displacement. */
  #isAddress(): boolean {
    const reading = this.#reading;
    const { bytes, offset } = reading.input;
    let at = offset + 1;
    while (characterClass[bytes[at]!] === SPACE) at++;
    const code = bytes[at]!;
    if (code === PERCENT || code === COMMA) return true;
    if (!(characterClass[code]! & NAME_START)) return false;
    let end = at;
    while (characterClass[bytes[end]!]! & NAME_PART) end++;
    const atom = reading.atoms.intern(bytes, at, end);
    return (
      (reading.allowsNakedRegisters && (atom.knownLower?.register ?? null) !== null) ||
      (atom.symbol?.register ?? null) !== null
    );
  }

  /** `(base, index, scale)` */
  #address(operand: { -readonly [K in keyof MemoryOperand]: MemoryOperand[K] }): void {
    const reading = this.#reading;
    const { input } = reading;
    input.offset++;
    const register = (): Register | null => {
      const found = this.#registerHere();
      if (found !== null && found.class !== "r32" && found.class !== "r16") {
        reading.fail("bad-address", `\`${found.name}' cannot be part of an address`);
      }
      return found;
    };
    const base = register();
    if (base !== null) operand.base = base;
    if (input.skipSpace() === COMMA) {
      input.offset++;
      const index = register();
      if (index !== null) operand.index = index;
      if (input.skipSpace() === COMMA || index === null) {
        if (input.bytes[input.offset] === COMMA) input.offset++;
        if (input.skipSpace() !== CLOSE_PARENTHESIS) {
          const at = input.offset;
          const scale = this.#expressions.absoluteNumber("the scale");
          if (![1, 2, 4, 8].includes(scale))
            reading.failAt("bad-address", at, "an index is multiplied with 1, 2, 4 or 8");
          if (index !== null) operand.scale = scale as 1 | 2 | 4 | 8;
        }
      }
    }
    if (input.skipSpace() !== CLOSE_PARENTHESIS) reading.fail("missing-parenthesis", "expected `)' after the address");
    input.offset++;
  }

  /** `ljmp $selector, $offset` */
  #joinFar(): void {
    const parsed = this.#parsed;
    const [selector, offset] = parsed.operands;
    if (selector?.kind !== "immediate" || offset === undefined) return;
    const selectorExpression = parsed.expressions[0] ?? null;
    const offsetExpression = parsed.expressions[1] ?? null;
    const start = parsed.offsets[0]!;
    const offsetValue =
      offset.kind === "immediate"
        ? offset.value
        : offset.kind === "target" && offsetExpression !== null
          ? encoderValue(offsetExpression)
          : null;
    const selectorValue = selector.value;
    parsed.clear();
    parsed.add(
      { kind: "far", selector: selectorValue, offset: offsetValue },
      offsetValue === null ? offsetExpression : null,
      start,
      0,
      selectorExpression,
    );
  }

  #reverse(mnemonic: string): void {
    const parsed = this.#parsed;
    // `in` and `out` with two immediates do not exist; two immediates (`enter`) keep their order.
    if (
      parsed.operands.every(({ kind }) => kind === "immediate") &&
      parsed.operands.length === 2 &&
      mnemonic.startsWith("enter")
    )
      return;
    parsed.reverse();
  }
}
