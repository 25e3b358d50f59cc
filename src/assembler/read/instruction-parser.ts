/**
 * A statement that is an instruction: prefixes and mnemonic, operands in the syntax at hand, the encoder's bytes, and
 * the fields that wait for layout.
 */

import { encode, isEncodingError, isMnemonic } from "../../isa/encode.ts";
import type {
  EncodeOptions,
  Encoding,
  EncodingError,
  EncodingWish,
  Fixup,
  Instruction,
  Operand,
  Prefix,
} from "../../isa/instruction.ts";
import { changesSize, isRedundant, PREFIX_FEATURES, prefixByte } from "../../isa/prefixes.ts";
import { isRelaxable } from "../../isa/relaxable.ts";
import { R } from "../../object/relocation-types.ts";
import type { Atom } from "../model/atom.ts";
import { changesInstructions } from "../model/code-options.ts";
import type { Cursor } from "../model/cursor.ts";
import type { Expression } from "../model/expression.ts";
import { Op, symbolExpression } from "../model/expression.ts";
import type { Subsection } from "../model/section.ts";
import { textOfBytes } from "../model/source-text.ts";
import { temporarySymbol } from "../model/symbol.ts";
import { COMMA, characterClass, DOLLAR, MINUS, NAME_PART, NAME_START, SLASH, SPACE, STATEMENT_END } from "./chars.ts";
import { CodeChanges } from "./code-changes.ts";
import type { ExpressionParser } from "./expression-parser.ts";
import { isLaterRegister } from "./foreign-registers.ts";
import { countsFromInstruction, namesGot, offsetBy } from "./got.ts";
import { SYMBOL_VALUE, unlike } from "./interchangeable.ts";
import { noteLoad } from "./load-note.ts";
import { AttOperands } from "./operands-att.ts";
import { IntelOperands } from "./operands-intel.ts";
import { isBranch, ParsedOperands, TARGET } from "./parsed-operands.ts";
import { PREFIXES } from "./prefix-names.ts";
import type { Reading } from "./reading.ts";
import { refuseWord } from "./refused-word.ts";
import { fieldsOf, ShapeCache, type ShapeField } from "./shape-cache.ts";
import { matchParts, withPart } from "./shape-parts.ts";
import { attMnemonic, hintAt, isSizedSysret, wishOf, withHyphen } from "./spelling.ts";

/** Pseudo prefixes: `{nooptimize}` asks for what is done anyway. */
const WISHES: ReadonlyMap<string, EncodingWish> = new Map<string, EncodingWish>([
  ["disp8", { displacementBits: 8 }],
  ["disp16", { displacementBits: 16 }],
  ["disp32", { displacementBits: 32 }],
  ["load", { direction: "load" }],
  ["store", { direction: "store" }],
  ["nooptimize", {}],
]);

const NO_PREFIXES: readonly Prefix[] = [];

/** What jumps and calls begin with. */
const SMALL_C = 0x63;
const SMALL_J = 0x6a;

/** In bytes; with room to spare. */
const LONGEST_INSTRUCTION = 16;

export class InstructionParser {
  readonly #reading: Reading;
  readonly #expressions: ExpressionParser;
  readonly parsed = new ParsedOperands();
  readonly #intel: IntelOperands;
  readonly #att: AttOperands;
  readonly shapes: ShapeCache;
  /** Null where no option asks for changes of the code: then texts seen before need not be read again. */
  readonly changes: CodeChanges | null;
  /** Encodings of plain jumps by mnemonic, for one mode. */
  readonly #branches = new Map<string, Encoding>();
  #branchMode = -1;
  #options: EncodeOptions = { bits: 32 };
  #optionsMode = -1;

  constructor(reading: Reading, expressions: ExpressionParser) {
    this.#reading = reading;
    this.#expressions = expressions;
    const { code } = reading.program;
    this.changes = changesInstructions(code) ? new CodeChanges(reading, code) : null;
    // Those that came along were made for every processor.
    const { arch, shapes, tune } = reading.options;
    this.shapes = new ShapeCache((arch ?? "") === "" && (tune ?? "") === "" ? (shapes ?? null) : null);
    const demandKnown = (mnemonic: string): void => this.#demandKnown(mnemonic);
    this.#intel = new IntelOperands(reading, expressions, this.parsed, demandKnown);
    this.#att = new AttOperands(reading, expressions, this.parsed, demandKnown);
  }

  /** All that the encoding of a text depends on, as a number. */
  get #mode(): number {
    const reading = this.#reading;
    return (
      (reading.bits === 16 ? 1 : 0) |
      (reading.stack32 ? 2 : 0) |
      (reading.isIntel ? 4 : 0) |
      (reading.allowsNakedRegisters ? 8 : 0) |
      (reading.hasIntelNames ? 16 : 0) |
      ((reading.architecture.generation & 0xfff) << 5)
    );
  }

  /** The encoder's options for the mode at hand: made anew when the mode changes. */
  get options(): EncodeOptions {
    const reading = this.#reading;
    const mode = this.#mode;
    if (mode !== this.#optionsMode) {
      this.#optionsMode = mode;
      this.#options = {
        bits: reading.bits,
        stack32: reading.stack32,
        att: !reading.isIntel,
        intelNames: reading.hasIntelNames,
        avoidsShiftByOne: reading.architecture.avoidsShiftByOne,
        ...(reading.architecture.features === null ? {} : { features: reading.architecture.features }),
      };
    }
    return this.#options;
  }

  /** Assembles an instruction whose first word is `atom`, or null for a `{...}` prefix; the cursor is after it. */
  assemble(atom: Atom | null, offset: number): void {
    const reading = this.#reading;
    const input = reading.input;
    if (atom !== null && this.changes === null && (this.#takeKnownBranch(atom, offset) || this.#emitKnownShape(offset)))
      return;
    const shapeEnd = this.shapes.shape.end;
    const saidBefore = reading.reporter.diagnostics.length;
    let prefixes: Prefix[] | null = null;
    let wish: EncodingWish | null = null;
    let mnemonic = atom === null ? "" : atom.word;
    let wordOffset = offset;
    if (atom === null) input.offset = offset;
    for (;;) {
      if (input.bytes[input.offset] === 0x7b && mnemonic === "") {
        wish = this.#pseudoPrefix(wish);
      } else {
        const prefix = PREFIXES.get(mnemonic);
        if (prefix === undefined) break;
        (prefixes ??= []).push(prefix);
      }
      if (reading.input.atStatementEnd()) {
        this.#lonePrefixes(prefixes ?? [], wordOffset);
        return;
      }
      if (!reading.isIntel && isAtSeparator(input)) input.offset++;
      wordOffset = input.offset;
      if (input.bytes[wordOffset] === 0x7b) {
        mnemonic = "";
        continue;
      }
      let end = wordOffset;
      if (characterClass[input.bytes[end]!]! & NAME_START) while (characterClass[input.bytes[end]!]! & NAME_PART) end++;
      if (end === wordOffset) reading.fail("bad-statement", "expected an instruction after the prefix");
      mnemonic = reading.atoms.intern(input.bytes, wordOffset, end).lower.word;
      input.offset = end;
    }
    if (input.bytes[input.offset] === MINUS) mnemonic = withHyphen(input, mnemonic, this.options);
    if (mnemonic.includes(".")) {
      const wished = wishOf(mnemonic);
      if (wished !== null) {
        mnemonic = wished.mnemonic;
        wish = { ...wish, ...wished.wish };
      }
    }
    if (isSizedSysret(mnemonic, reading.isIntel)) {
      mnemonic = "sysret";
      if (reading.bits === 16) (prefixes ??= []).push("data32");
    }
    const hint = isBranch(mnemonic) ? hintAt(input.bytes, input.offset) : null;
    if (hint !== null) {
      (prefixes ??= []).push(hint);
      input.offset += 3;
    }
    const parsed = this.parsed;
    const namesBefore = this.#expressions.namesRead;
    parsed.clear();
    if (!(characterClass[input.skipSpace()]! & STATEMENT_END)) {
      if (reading.isIntel) this.#intel.parse(mnemonic);
      else if (!isBranch(mnemonic) || !this.#att.takeTarget()) this.#att.parse(mnemonic);
    }
    if (!reading.isIntel && (mnemonic.startsWith("mov") || mnemonic.startsWith("f") || mnemonic === "cmpsd"))
      mnemonic = attMnemonic(mnemonic, parsed.operands);
    if (parsed.hint !== null) (prefixes ??= []).push(parsed.hint);
    const isPlain = prefixes === null && wish === null && this.changes === null;
    if (
      isPlain &&
      parsed.count === 1 &&
      parsed.operands[0] === TARGET &&
      this.#emitKnownBranch(mnemonic, this.#mode, wordOffset)
    )
      return;
    const word = parsed.isFar && isBranch(mnemonic) ? `l${mnemonic}` : mnemonic;
    const plain = { mnemonic: word, prefixes: prefixes ?? NO_PREFIXES, operands: parsed.operands };
    const instruction: Instruction = wish === null ? plain : { ...plain, wish };
    const encoding = this.#emit(instruction, wordOffset);
    if (
      isPlain &&
      wordOffset === offset &&
      encoding !== null &&
      // What is said of this one is to be said of the next one, too.
      reading.reporter.diagnostics.length === saidBefore &&
      // The look-up was for this very statement unless an operand looked up something itself, which none does.
      input.offset <= shapeEnd
    ) {
      const names = this.#expressions.namesRead - namesBefore;
      // The names of other operands are none that a shape has a mark for.
      if (this.shapes.shape.symbolPart < 0) {
        if (names === 0 && encoding.fixups.length === 0) this.#keepShape(instruction, encoding);
      } else if (names === 1) this.#keepShapeOfSymbol(instruction, encoding);
    }
  }

  /** Keeps the encoding of an instruction with a symbol if it is the one with a number of four bytes in its place. */
  #keepShapeOfSymbol(instruction: Instruction, { bytes, fixups }: Encoding): void {
    const { shape, wantsShape } = this.shapes;
    const [field] = fixups;
    if (!wantsShape || field === undefined || fixups.length > 1 || field.sizeBytes !== 4 || field.pcRelative) return;
    const operands = instruction.operands.map((operand): Operand => {
      if (operand.kind === "immediate" && operand.value === null) return { ...operand, value: SYMBOL_VALUE };
      if (operand.kind === "memory" && operand.displacement === null) return { ...operand, displacement: SYMBOL_VALUE };
      return operand;
    });
    const alike = { ...instruction, operands };
    const encoding = encode(alike, this.options);
    if (isEncodingError(encoding) || encoding.warning !== undefined || encoding.fixups.length > 0) return;
    const { offset } = field;
    const isAlike =
      encoding.bytes.length === bytes.length &&
      bytes.every((byte, i) => byte === encoding.bytes[i] || (i >= offset && i < offset + 4));
    if (!isAlike) return;
    shape.values[shape.symbolPart] = SYMBOL_VALUE;
    this.#keepShape(alike, encoding);
  }

  /** Puts the encoding into the section if the shape of the statement at `start` is known. */
  #emitKnownShape(start: number): boolean {
    const reading = this.#reading;
    const { current } = reading.sections;
    if (current === null || !current.section.hasContents) return false;
    const { input } = reading;
    current.reserve(LONGEST_INSTRUCTION);
    const { shapes } = this;
    const { shape } = shapes;
    // In 16-bit code a symbol takes two bytes.
    const marksSymbols = reading.bits === 32 && !reading.isIntel && !reading.allowsNakedRegisters;
    const at = current.length;
    const length = shapes.encode(input.bytes, start, this.#mode, marksSymbols, current.bytes, at);
    if (length === 0) return false;
    let symbol: Expression | null = null;
    if (shape.symbolPart >= 0) {
      symbol = this.#symbolOfShape();
      if (symbol === null) return false;
    }
    if (reading.program.debug.isOn) reading.program.debug.instruction();
    current.length = at + length;
    if (symbol !== null) {
      reading.sections.holdFields(1);
      const part = input.bytes[shape.symbolStart] === DOLLAR ? "immediate" : "displacement";
      const field = { offset: shapes.symbolField, sizeBytes: 4, part, pcRelative: false, signed: false } as const;
      this.#addField(current, at, length, field, symbol, this.#expressions.relocation, shape.symbolStart);
    }
    reading.sections.charge(length);
    input.offset = shape.end;
    return true;
  }

  /**
   * What the symbol of the shape at hand stands for; null, and the cursor where it was, where that is known already.
   */
  #symbolOfShape(): Expression | null {
    const { input } = this.#reading;
    const { shape } = this.shapes;
    const { offset } = input;
    input.offset = shape.symbolStart;
    const symbol = this.#att.takeSymbol();
    const isWhole = input.offset === shape.symbolEnd;
    input.offset = offset;
    return isWhole ? symbol : null;
  }

  /** Keeps the encoding for all instructions of this shape. */
  #keepShape(instruction: Instruction, { bytes }: Encoding): void {
    if (!this.shapes.wantsShape) return;
    const { shape } = this.shapes;
    const { operands } = instruction;
    const parts = matchParts(shape, operands, this.parsed.offsets);
    if (parts === null) return;
    const fields: ShapeField[] = [];
    for (let i = 0; i < parts.length; i++) {
      const kind = shape.kinds[i]!;
      const value = shape.values[i]!;
      const other = unlike(value, kind);
      const result = encode({ ...instruction, operands: withPart(operands, parts[i]!, other) }, this.options);
      if (isEncodingError(result) || result.warning !== undefined || result.fixups.length > 0) return;
      const found = fieldsOf(i, kind, bytes, result.bytes, value, other);
      if (found === null) return;
      fields.push(...found);
    }
    this.shapes.store(bytes, fields);
  }

  /** A jump or call of AT&T's syntax to a name, like one before it: a tenth and more of what compilers write. */
  #takeKnownBranch(atom: Atom, offset: number): boolean {
    const reading = this.#reading;
    const { input } = reading;
    const { bytes } = input;
    if (reading.isIntel || (bytes[offset] !== SMALL_C && bytes[offset] !== SMALL_J)) return false;
    if (this.#mode !== this.#branchMode) return false;
    const encoding = this.#branches.get(atom.word);
    if (encoding === undefined) return false;
    const start = input.offset;
    while (characterClass[bytes[input.offset]!] === SPACE) input.offset++;
    if (!this.#att.takeTarget()) {
      input.offset = start;
      return false;
    }
    this.#place(encoding, offset);
    return true;
  }

  /** A plain jump or call: its encoding depends on nothing but the mnemonic. */
  #emitKnownBranch(mnemonic: string, mode: number, offset: number): boolean {
    if (mode !== this.#branchMode) {
      this.#branchMode = mode;
      this.#branches.clear();
    }
    let encoding = this.#branches.get(mnemonic);
    if (encoding === undefined) {
      const result = encode({ mnemonic, prefixes: NO_PREFIXES, operands: this.parsed.operands }, this.options);
      if (isEncodingError(result) || result.warning !== undefined) return false;
      encoding = result;
      this.#branches.set(mnemonic, encoding);
    }
    this.#place(encoding, offset);
    return true;
  }

  /** `{disp32}` and the like, which choose among encodings; the cursor moves past the brace. */
  #pseudoPrefix(wish: EncodingWish | null): EncodingWish | null {
    const reading = this.#reading;
    const { input } = reading;
    const start = input.offset;
    while (input.bytes[input.offset] !== 0x7d && !(characterClass[input.bytes[input.offset]!]! & STATEMENT_END))
      input.offset++;
    const name = textOfBytes(input.bytes, start + 1, input.offset)
      .trim()
      .toLowerCase();
    const known = WISHES.get(name);
    const length = input.offset + 1 - start;
    if (known === undefined) {
      return reading.failAt(
        "pseudo-prefix",
        start,
        `\`{${name}}' asks for an encoding that the instructions here do not have`,
        length,
        { candidates: WISHES.keys(), written: name },
      );
    }
    input.offset++;
    return { ...wish, ...known };
  }

  /**
   * A line of prefixes only: they belong to the instruction of the next line, but stand in the bytes at once. The last
   * may be of the code segment's own size, which is then turned, as GNU as has it.
   */
  #lonePrefixes(prefixes: readonly Prefix[], offset: number): void {
    const reading = this.#reading;
    if (reading.program.debug.isOn) reading.program.debug.instruction();
    const { changes } = this;
    for (const [index, prefix] of prefixes.entries()) {
      const feature = PREFIX_FEATURES[prefix];
      if (feature !== undefined && reading.architecture.features?.has(feature) === false)
        reading.failAt("not-on-this-cpu", offset, `\`${prefix}' needs a processor with ${feature}`);
      const isLast = index === prefixes.length - 1;
      if (isRedundant(prefix, reading.bits) && !isLast)
        reading.failAt("bad-prefix", offset, `\`${prefix}' is redundant: this is ${reading.bits}-bit code`);
      if (isLast && changesSize(prefix)) {
        const message = isRedundant(prefix, reading.bits)
          ? `this is ${reading.bits}-bit code: alone in a line \`${prefix}' is the prefix of the other size`
          : `\`${prefix}' stands alone: it changes whatever instruction comes next`;
        reading.warnAt("bad-prefix", offset, message);
      }
      if (prefix !== "lock" || !changes?.code.omitsLock) reading.sections.integer(prefixByte(prefix), 1);
      changes?.afterPrefix(prefix, offset);
    }
  }

  /** Returns the encoding when it is of settled bytes, for the cache. */
  #emit(written: Instruction, offset: number): Encoding | null {
    const reading = this.#reading;
    const { changes } = this;
    const instruction = changes === null ? written : changes.rewritten(written, this.options, offset);
    let result = encode(instruction, this.options);
    if (changes !== null && !isEncodingError(result)) {
      result = changes.replaced(result, instruction, this.options, offset);
      changes.check(result, instruction, offset);
      changes.before(result, instruction, offset);
    }
    if (isEncodingError(result)) {
      this.#refuse(result, instruction, offset);
      return null;
    }
    const { parsed } = this;
    const [first] = instruction.operands;
    if (instruction.mnemonic === "mov" && first?.kind === "register") {
      if (first.register.name === "cs")
        reading.warnAt(
          "load-of-cs",
          offset,
          "the processor refuses to load cs with mov: only far jumps and returns do",
        );
      if (reading.options.notesLoads) noteLoad(reading, parsed, first.register);
    }
    if (result.warning !== undefined) {
      const at = result.warning.operand;
      reading.warnAt(
        WARNINGS.get(result.warning.code) ?? result.warning.code,
        at >= 0 ? parsed.offsets[at]! : offset,
        result.warning.message,
        at >= 0 ? parsed.lengths[at] : undefined,
      );
    }
    this.#place(result, offset, instruction);
    changes?.after(result, instruction, offset);
    const isSettled = result.longer === null && !result.isLongest && result.warning === undefined;
    return isSettled ? result : null;
  }

  /** Puts the bytes into the section, with fields for what is not known yet. */
  #place(result: Encoding, offset: number, changed: Instruction | null = null): void {
    const reading = this.#reading;
    const { parsed } = this;
    if (reading.sections.current === null)
      reading.failAt("absolute-contents", offset, "the absolute section holds no instructions");
    if (reading.program.debug.isOn) reading.program.debug.instruction();
    if (changed !== null) this.changes?.pad(result, changed, this.parsed);
    // What a branch goes to is found out when the code is laid out, also when its length is settled.
    if (result.longer !== null || result.isLongest) {
      this.#branch(result, offset);
      return;
    }
    const { bytes, fixups } = result;
    const sections = reading.sections;
    const current = sections.writable(bytes.length);
    if (!current.section.hasContents)
      reading.failAt(
        "no-contents",
        offset,
        `section \`${current.section.name}' holds no contents: an instruction cannot stand there`,
      );
    const start = current.length;
    for (let i = 0; i < bytes.length; i++) current.bytes[start + i] = bytes[i]!;
    current.length = start + bytes.length;
    if (fixups.length > 0) sections.holdFields(fixups.length);
    for (let i = 0; i < fixups.length; i++) {
      const fixup = fixups[i]!;
      const { operand } = fixup;
      const expression = (fixup.part === "selector" ? parsed.selectors[operand] : parsed.expressions[operand])!;
      const relocation = parsed.relocations[operand]!;
      this.#addField(current, start, bytes.length, fixup, expression, relocation, parsed.offsets[operand]!);
    }
    sections.charge(bytes.length);
  }

  /** A field in the instruction of so many bytes from `start` on, for a value that the operand at `offset` names. */
  #addField(
    current: Subsection,
    start: number,
    length: number,
    field: Omit<Fixup, "operand">,
    expression: Expression,
    asked: number,
    offset: number,
  ): void {
    const reading = this.#reading;
    let relocation = asked;
    let value = expression;
    if (asked === 0 && field.sizeBytes === 4 && namesGot(expression)) {
      // The GOT's address counts from the instruction, not from the field, but for a plain difference.
      relocation = R.GOTPC;
      if (countsFromInstruction(expression, reading.isIntel)) value = offsetBy(expression, field.offset);
    } else if (asked === R.GOT32 && field.part === "displacement") {
      if (!reading.program.code.keepsGotLoads && isRelaxable(current.bytes.subarray(start, start + length)))
        relocation = R.GOT32X;
    }
    current.fixups.add(
      start + field.offset,
      field.sizeBytes,
      value,
      field.pcRelative,
      length - field.offset,
      field.signed,
      relocation,
      field.part === "immediate",
      reading.input.frame,
      offset,
    );
  }

  #branch(short: Encoding, offset: number): void {
    const reading = this.#reading;
    const { parsed } = this;
    let expression = parsed.expressions[0]!;
    const relocation = parsed.relocations[0]!;
    const current = reading.sections.writable(16);
    if (!current.section.hasContents)
      reading.failAt(
        "no-contents",
        offset,
        `section \`${current.section.name}' holds no contents: an instruction cannot stand there`,
      );
    if (expression.op !== Op.SYMBOL && expression.op !== Op.CONSTANT) {
      // The target of a jump is one symbol: an expression gets one.
      const symbol = temporarySymbol(reading.sections.expression);
      symbol.expression = expression;
      expression = symbolExpression(symbol, 0, expression.offset);
    }
    reading.sections.charge(short.bytes.length);
    reading.sections.branch(short, expression, relocation, parsed.offsets[0]!);
  }

  /** Tells why no instruction is like this. */
  #refuse(error: EncodingError, instruction: Instruction, offset: number): void {
    const reading = this.#reading;
    const { parsed } = this;
    if (error.code === "unknown-mnemonic") refuseWord(reading, this.options, instruction.mnemonic, offset);
    const operand = error.operand >= 0 && error.operand < parsed.count ? error.operand : -1;
    if (operand >= 0) {
      const name = parsed.expressions[operand]?.op === Op.SYMBOL ? parsed.expressions[operand].symbol!.name : "";
      const message =
        error.code === "size-ambiguous" && isLaterRegister(name)
          ? `\`${name}' is a register of later processors: here it names memory, of no known size`
          : error.message;
      const id = WARNINGS.get(error.code) ?? error.code;
      reading.failAt(id, parsed.offsets[operand]!, message, parsed.lengths[operand]);
    }
    reading.failAt(WARNINGS.get(error.code) ?? error.code, offset, error.message);
  }

  /** Operands that make no sense are no mistake of their own after a word that is no instruction. */
  #demandKnown(mnemonic: string): void {
    if (!isMnemonic(mnemonic, this.options) && !isMnemonic(`l${mnemonic}`, this.options))
      refuseWord(this.#reading, this.options, mnemonic, this.#reading.input.statementOffset);
  }
}

/** `rep/movsl` and `rep,movsl`, as old sources have it: the cursor is at what stands right after the prefix. */
function isAtSeparator({ bytes, offset }: Cursor): boolean {
  return (
    (bytes[offset] === SLASH || bytes[offset] === COMMA) && (characterClass[bytes[offset - 1]!]! & NAME_PART) !== 0
  );
}

/** The encoder's reasons as our stable names. */
const WARNINGS: ReadonlyMap<string, string> = new Map([
  ["not-on-this-cpu", "not-on-this-cpu"],
  ["operand-count", "operand-count"],
  ["operand-kind", "operand-kind"],
  ["size-mismatch", "operand-size"],
  ["size-ambiguous", "ambiguous-size"],
  ["value-range", "value-range"],
  ["bad-address", "bad-address"],
  ["bad-prefix", "bad-prefix"],
  ["size-ignored", "ignored-size"],
]);
