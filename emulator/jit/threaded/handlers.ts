/**
 * The handlers of the interpreter, one for each opcode, made from the instruction table and the operations that regions
 * are made of. What an opcode means may depend on its ModRM byte: a handler branches on it. A form that has no
 * operation, or none that runs from bytes, is left to the handlers of cpu/.
 */
import type { Form, OpcodeMap } from "../../../src/isa/form.ts";
import { formAt, type OpcodeEntry, opcodeMap, prefixIndex } from "../../../src/isa/opcode-map.ts";
import type { Semantic } from "../../../src/isa/semantics.ts";
import { availableForm } from "../../cpu/decode.ts";
import type { DecodedInstruction } from "../../cpu/instruction.ts";
import { DS, EBX, ESP, THREAD_DELTA, ZERO } from "../../cpu/layout.ts";
import { MODE_CODE32, MODE_FLAT, MODE_STACK32 } from "../../cpu/state.ts";
import { EXIT_UNKNOWN } from "../exits.ts";
import { BUDGET, T0, T1, TARGET } from "../locals.ts";
import { LEAPS, maySeeVideo, SHARED_OPERATIONS } from "../operations.ts";
import { FAR_TRANSFERS, REAL_MODE } from "../real-mode.ts";
import { INTEGER_VECTORS } from "../vectors/operations.ts";
import { Code, OP } from "../wasm.ts";
import {
  codeLimitOf,
  type Endings,
  emitArrival,
  emitLeave,
  emitNext,
  emitWay,
  pushOrigin,
  tailCalls,
} from "./functions.ts";
import { NAMED_SEGMENT } from "./handler-access.ts";
import { HandlerCode, HandlerLocals } from "./handler-code.ts";
import { HandlerEmitter, OPCODE_REGISTER, REG_REGISTER, RM_REGISTER } from "./handler-emitter.ts";
import { BYTES, FAR, HANDLER_TYPE, type HandlerShape, LEAP, PLACE } from "./parts.ts";
import { PROTECTED_MODE } from "./protected-mode.ts";

/** Which instructions a handler is for: opcode map, prefixes, and how many bytes stand before the opcode's last one. */
interface Table {
  readonly map: OpcodeMap;
  readonly prefixes: readonly Prefix[];
  readonly opcodeAt: number;
  /** The table that the next byte is an opcode of, by what is none but stands before one. */
  readonly next: ReadonlyMap<number, number>;
}

type Prefix = "operand" | "address" | "segment" | "lock" | "repne" | "rep";

const OPCODES = 256;
/** The byte that leads from a map to a further one. */
const ESCAPES: readonly (readonly [from: OpcodeMap, byte: number, to: OpcodeMap])[] = [
  [0, 0x0f, 1],
  [1, 0x38, 2],
  [1, 0x3a, 3],
];
/** By map. No escape leads to further ones: no processor here has what is in them. */
const OPCODE_BYTES: readonly number[] = [1, 2, 3, 3];
const PREFIX_BYTES: Readonly<Record<Prefix, readonly number[]>> = {
  operand: [0x66],
  address: [0x67],
  segment: [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65],
  lock: [0xf0],
  repne: [0xf2],
  rep: [0xf3],
};
/** What may stand before an opcode; a segment stands first. */
const SEQUENCES: Readonly<Record<16 | 32, readonly (readonly Prefix[])[]>> = {
  16: [[], ["operand"], ["segment"], ["segment", "operand"], ["address"], ["address", "operand"]],
  32: [[], ["operand"], ["segment"], ["segment", "operand"], ["lock"], ["repne"], ["rep"]],
};

/** Vectors of SSSE3 and SSE4 have 66; without it there is but MMX. */
const mapsAfter = (prefixes: readonly Prefix[], codeBits: 16 | 32): readonly OpcodeMap[] =>
  codeBits === 32 && prefixes.join() === "operand" ? [0, 1, 2, 3] : [0, 1];

/** A table for each sequence of prefixes and each map, and first of all that of one-byte opcodes without prefixes. */
function makeTables(codeBits: 16 | 32): readonly Table[] {
  const all = SEQUENCES[codeBits].flatMap((prefixes) =>
    mapsAfter(prefixes, codeBits).map((map) => ({ map, prefixes })),
  );
  /** The table of a map after these prefixes, in whatever order, or -1. */
  const find = (wanted: OpcodeMap, prefixes: readonly Prefix[]): number =>
    all.findIndex(
      ({ map, prefixes: own }) =>
        map === wanted && own.length === prefixes.length && prefixes.every((one) => own.includes(one)),
    );
  /** That after one more prefix. */
  const after = (prefixes: readonly Prefix[], prefix: Prefix): number =>
    prefixes.includes(prefix) || (prefix === "segment" && prefixes.length > 0) ? -1 : find(0, [...prefixes, prefix]);
  return all.map(({ map, prefixes }): Table => {
    const escapes = ESCAPES.filter(([from]) => from === map).map(([, byte, to]) => [byte, find(to, prefixes)] as const);
    const further = map === 0 ? (Object.keys(PREFIX_BYTES) as Prefix[]) : [];
    const ways = further.flatMap((prefix) =>
      PREFIX_BYTES[prefix].map((byte) => [byte, after(prefixes, prefix)] as const),
    );
    const next = new Map([...escapes, ...ways].filter(([, number]) => number >= 0));
    return { map, prefixes, opcodeAt: prefixes.length + OPCODE_BYTES[map]! - 1, next };
  });
}

const TABLES: Readonly<Record<16 | 32, readonly Table[]>> = {
  16: makeTables(16),
  32: makeTables(32),
};

/** F2 or F3; 0 where neither stands before the opcode. */
const repeatOf = ({ prefixes }: Table): number => {
  const prefix = prefixes.find((one) => one === "repne" || one === "rep");
  return prefix === undefined ? 0 : PREFIX_BYTES[prefix][0]!;
};

/** What is found with a prefix F2 or F3: instructions that it repeats, and those of which it is a part or a habit. */
const REPEATED: readonly Semantic[] = ["movs", "stos", "lods", "cmps", "scas"];
const VECTOR_SEMANTICS = new Set<string>(Object.keys(INTEGER_VECTORS));
const WITH_REPEAT = new Set<string>([...REPEATED, ...VECTOR_SEMANTICS, "ret", "nop", "bsf", "bsr", "popcnt"]);

/** Where an instruction goes on: with 16-bit operands, at an EIP of 16 bits. */
const BRANCHES = new Set<Semantic>([
  "jmp",
  "jcc",
  "loop",
  "loope",
  "loopne",
  "jcxz",
  "call",
  "call_indirect",
  "jmp_indirect",
  "ret",
  "iret",
]);
const CONDITIONAL = new Set<Semantic>(["jcc", "loop", "loope", "loopne", "jcxz"]);

const isMultimedia = (form: Form): boolean => form.operands.some(({ register }) => register === "mm");
const isRelative = (form: Form): boolean => form.operands.some(({ field }) => field === "relative");

export interface Handler {
  readonly locals: readonly number[];
  readonly code: Code;
}

const SELECTOR_BYTES = 2;

function immediateBytesOf(form: Form, bits: number): number {
  let sum = 0;
  for (const { field, sizeBits, signExtended } of form.operands) {
    if (field === "immediate") sum += signExtended ? 1 : (sizeBits === "v" ? bits : sizeBits) >>> 3;
    else if (field === "relative") sum += (sizeBits === "v" ? bits : sizeBits) >>> 3;
    else if (field === "far") sum += (bits >>> 3) + SELECTOR_BYTES;
  }
  return sum;
}

/** What is memory in an instruction: nothing, what a ModRM byte names, or an offset that stands in the instruction. */
type MemoryOperand = "none" | "modrm" | "offset";

/** An instruction of which only the form is known, and whether its operand is in memory. */
function instructionOf(form: Form, table: Table, codeBits: 16 | 32, memory: MemoryOperand): DecodedInstruction {
  const bits = sizeOf(table, codeBits, "operand");
  const address32 = sizeOf(table, codeBits, "address") === 32;
  const isMemory = memory !== "none";
  const hasSegment = table.prefixes.includes("segment");
  // Where segments are flat, SS is as good as DS.
  const isNamed = hasSegment || (codeBits === 16 && memory === "modrm");
  const size = form.operandSize === 8 ? 8 : bits;
  const immediateBytes = immediateBytesOf(form, bits);
  return {
    form,
    size,
    address32,
    mod: isMemory ? 0 : 3,
    reg: form.opcodeRegister ? OPCODE_REGISTER : REG_REGISTER,
    rm: RM_REGISTER,
    isMemory,
    // It may be any, but those of 16 bits know no stack pointer.
    base: address32 ? ESP : EBX,
    index: ZERO,
    scale: 0,
    displacement: 0,
    segment: isNamed ? NAMED_SEGMENT : DS,
    override: hasSegment ? NAMED_SEGMENT : -1,
    immediate: 0,
    immediate2: 0,
    immediateAt: immediateBytes === 0 ? 0 : 1,
    immediateBytes,
    displacementAt: 0,
    displacementBytes: 0,
    repeat: repeatOf(table),
    eip: 0,
    next: 0,
    pageLow: 0,
    mode: codeBits === 32 ? MODE_CODE32 | MODE_STACK32 | MODE_FLAT : 0,
    codeLimit: codeLimitOf(codeBits),
  };
}

/** Of operands or addresses: the code's, or the other one by a prefix. */
function sizeOf({ prefixes }: Table, codeBits: 16 | 32, prefix: "operand" | "address"): 16 | 32 {
  return (codeBits === 32) === prefixes.includes(prefix) ? 16 : 32;
}

/** Makes the code of something at a depth of blocks. It does not go on to what follows. */
type Make = (depth: number) => Code;

class HandlerMaker {
  readonly #shape: HandlerShape;
  readonly #table: Table;
  readonly #endings: Endings;
  readonly #locals: HandlerLocals;

  constructor(shape: HandlerShape, table: Table, endings: Endings, locals: HandlerLocals) {
    this.#shape = shape;
    this.#table = table;
    this.#endings = endings;
    this.#locals = locals;
  }

  /** Null when nothing is known of the opcode. */
  of(opcode: number): Make | null {
    const entry = opcodeMap(this.#table.map)[opcode] ?? null;
    if (entry === null) return null;
    return entry.hasModRM ? this.#byModrm(entry, opcode) : this.#whole(this.#formOf(entry, opcode, 0), false);
  }

  #formOf(entry: OpcodeEntry, opcode: number, modrm: number): Form | null {
    const { features } = this.#shape.model;
    const index = prefixIndex(this.#table.prefixes.includes("operand"), repeatOf(this.#table));
    return availableForm(formAt(entry, index, modrm), opcode, modrm, features);
  }

  /** The form for a digit in memory or a register: one that has a register in the ModRM byte's last bits is none. */
  #formFor(entry: OpcodeEntry, opcode: number, reg: number, isRegister: boolean): Form | null {
    const start = (isRegister ? 0xc0 : 0) | (reg << 3);
    const first = this.#formOf(entry, opcode, start);
    return first === null || first.modrm === "register" ? null : first;
  }

  #byModrm(entry: OpcodeEntry, opcode: number): Make | null {
    const forms = Array.from({ length: 8 }, (_, reg) => [
      this.#formFor(entry, opcode, reg, false),
      this.#formFor(entry, opcode, reg, true),
    ]);
    const isOne = forms.every(([memory, register]) => memory === forms[0]![0] && register === forms[0]![1]);
    const ways = (isOne ? forms.slice(0, 1) : forms).map(([memory, register]) => [
      this.#whole(memory ?? null, true),
      this.#whole(register ?? null, false),
    ]);
    if (ways.every(([memory, register]) => memory === null && register === null)) return null;
    return (depth) => {
      const whole = new Code();
      whole.depth = depth;
      const put = (make: Make | null): void => {
        if (make === null) emitLeave(whole, EXIT_UNKNOWN);
        else append(whole, make(whole.depth));
      };
      const split = (reg: number): void => {
        whole.get(BYTES).const(0xc000).op(OP.and).const(0xc000).op(OP.eq).if();
        put(ways[reg]![1]!);
        whole.else();
        put(ways[reg]![0]!);
        whole.end();
      };
      if (isOne) split(0);
      else
        emitCases(
          whole,
          ways.map((_, reg) => () => split(reg)),
          (levels) => void whole.get(BYTES).const(11).op(OP.shr_u).const(7).op(OP.and).brTable(levels),
        );
      whole.op(OP.unreachable);
      return whole;
    };
  }

  /** All code of one form; null where the handlers of cpu/ have to do it. */
  #whole(form: Form | null, isMemory: boolean): Make | null {
    if (form === null) return null;
    const { prefixes, opcodeAt } = this.#table;
    const { codeBits } = this.#shape;
    const { semantic } = form;
    if (prefixes.includes("lock") && !(form.lockable && isMemory)) return null;
    if (repeatOf(this.#table) !== 0 && !WITH_REPEAT.has(semantic)) return null;
    const isRepeated = repeatOf(this.#table) !== 0 && REPEATED.includes(semantic);
    const operation = (codeBits === 16 ? REAL_MODE : PROTECTED_MODE)[semantic] ?? SHARED_OPERATIONS[semantic];
    // MMX, and vectors with a segment, are too rare to be worth a handler.
    if (VECTOR_SEMANTICS.has(semantic) && (prefixes.includes("segment") || isMultimedia(form))) return null;
    const leaps = codeBits === 32 && (LEAPS.has(semantic) || VECTOR_SEMANTICS.has(semantic));
    if (semantic !== "jmp" && operation === undefined && !leaps) return null;
    // 16-bit operands in 32-bit code go on at an EIP of 16 bits.
    if (codeBits === 32 && prefixes.includes("operand") && BRANCHES.has(semantic)) return null;
    const isOffset = form.operands.some(({ field }) => field === "moffs");
    const insn = instructionOf(form, this.#table, codeBits, isMemory ? "modrm" : isOffset ? "offset" : "none");
    const code = new HandlerCode(this.#locals);
    const t = new HandlerEmitter(code, opcodeAt, form.modrm !== "none", this.#shape);
    const emit = semantic === "jmp" ? (): void => undefined : (operation?.(t, insn) ?? null);
    if (emit === null) return leaps ? leap : null;
    return (depth) => {
      code.depth = depth;
      code.block();
      code.always = code.depth;
      t.access.slow = code.depth;
      t.access.seesVideo = maySeeVideo(insn);
      if (form.modrm === "exact") code.get(BYTES).const(0x700).op(OP.and).brIf(t.access.slow);
      const isNamed = insn.isMemory || form.operands.some(({ field }) => field === "source" || field === "table");
      if (insn.isMemory) t.decodeAddress(insn, !isOffset);
      if (prefixes.includes("segment") && isNamed) t.access.decodeSegment();
      // An operation counts the iterations beyond the first, or less the one that there is not.
      const addTick = (ticks: number): void => void code.get(BUDGET).const(ticks).op(OP.add).set(BUDGET);
      if (isRepeated) addTick(-1);
      if (codeBits === 16 && insn.size === 32 && isRelative(form)) t.requireTarget(insn);
      emit();
      if (isRepeated) addTick(1);
      this.#end(t, insn);
      code.end();
      if (isRepeated) addTick(1);
      if (leaps) append(code, leap());
      else emitLeave(code, EXIT_UNKNOWN);
      const whole = new Code();
      for (const byte of code.prologue) whole.bytes.push(byte);
      append(whole, code);
      return whole;
    };
  }

  /** Goes on with what follows the instruction. */
  #end(t: HandlerEmitter, insn: DecodedInstruction): void {
    const { c, flags } = t;
    const { semantic } = insn.form;
    if (CONDITIONAL.has(semantic)) c.set(T0);
    flags.spill();
    c.storeFlags();
    const isFar = this.#shape.codeBits === 16 && FAR_TRANSFERS.has(semantic);
    if (isFar) {
      c.get(PLACE).get(BUDGET).get(TARGET).const(0).load(4, THREAD_DELTA).op(OP.sub).returnCall(FAR);
      return;
    }
    if (!BRANCHES.has(semantic)) {
      if (t.access.seesVideo) t.writeWindow(insn);
      t.pushNextPlace(insn);
      this.#endings.next(c);
      return;
    }
    if (isRelative(insn.form)) {
      t.pushNextPlace(insn);
      t.pushImmediate(insn, true);
      c.op(OP.add);
      if (this.#shape.codeBits === 16)
        c.const(0).load(4, THREAD_DELTA).op(OP.add).const(0xffff).op(OP.and).const(0).load(4, THREAD_DELTA).op(OP.sub);
    } else c.get(TARGET).const(0).load(4, THREAD_DELTA).op(OP.sub);
    if (CONDITIONAL.has(semantic)) {
      t.pushNextPlace(insn);
      c.get(T0).op(OP.select);
    }
    this.#endings.branch(c, CONDITIONAL.has(semantic));
  }
}

/** The engine runs the instruction. */
const leap = (): Code => new Code().get(BYTES).get(BUDGET).get(PLACE).returnCall(LEAP);

function append(to: Code, { bytes }: Code): void {
  for (const byte of bytes) to.bytes.push(byte);
}

/** Cases of which none goes on to the next; `choose` pushes a number and branches to one of their levels. */
function emitCases(c: Code, cases: readonly (() => void)[], choose: (levels: readonly number[]) => void): void {
  const levels: number[] = [];
  for (const _ of cases) {
    c.block();
    levels.unshift(c.depth);
  }
  choose(levels);
  for (const emit of cases) {
    c.end();
    emit();
    c.op(OP.unreachable);
  }
}

/** A prefix, or 0F: on to the handler of the next byte, in its own table. */
function emitPrefix(c: Code, at: number, table: number): void {
  c.get(PLACE)
    .load(4, at + 1)
    .set(BYTES);
  emitTailCall(c, table);
}

/** To the handler in a table of the opcode that BYTES begins with. */
function emitTailCall(c: Code, table: number): void {
  c.get(BYTES).get(BUDGET).get(PLACE);
  c.get(BYTES)
    .const(0xff)
    .op(OP.and)
    .const(table * OPCODES)
    .op(OP.add)
    .returnCallIndirect(HANDLER_TYPE);
}

/**
 * What most code consists of, by table. One function has all of it and goes around in a loop from one such instruction
 * to the next, at half the cost of a tail call. V8 takes a fifth of a second to optimise it, on a thread of its own.
 * With some 20 opcodes more, of groups above all, it would be twice as slow: of more than
 * 8,192 values V8 leaves the choice of registers to its simpler allocator.
 */
const FREQUENT: Readonly<Record<16 | 32, readonly (readonly number[])[]>> = {
  16: [
    [
      ...[0x01, 0x03, 0x05, 0x25, 0x29, 0x2b, 0x2d, 0x31, 0x33, 0x35, 0x39, 0x3b, 0x3d],
      ...range(0x40, 0x60),
      ...range(0x70, 0x80),
      ...[0x83, 0x84, 0x85, 0x88, 0x89, 0x8a, 0x8b, 0x8d, 0xa1, 0xa3],
      ...range(0xb8, 0xc0),
      ...[0xc3, 0xe8, 0xe9, 0xeb],
    ],
  ],
  32: [
    [
      ...[0x01, 0x03, 0x05, 0x09, 0x0b, 0x21, 0x23, 0x25, 0x29, 0x2b, 0x2d, 0x31, 0x33, 0x35, 0x39, 0x3b, 0x3c, 0x3d],
      ...range(0x40, 0x60),
      ...[0x68, 0x6a],
      ...range(0x70, 0x80),
      ...[0x81, 0x83, 0x84, 0x85, 0x88, 0x89, 0x8a, 0x8b, 0x8d, 0xa1, 0xa3, 0xa8],
      ...range(0xb8, 0xc0),
      ...[0xc1, 0xc3, 0xc6, 0xc7, 0xe8, 0xe9, 0xeb, 0xf7, 0xff],
    ],
    [...range(0x80, 0x90), 0xb6, 0xb7],
  ],
};

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, k) => from + k);
}

/** The function that is the handler of all FREQUENT ones. */
export function makeLoop(shape: HandlerShape): Handler {
  const locals = new HandlerLocals();
  const code = new HandlerCode(locals);
  code.loop();
  const again = code.depth;
  code.block();
  const arrival = code.depth;
  const tables = TABLES[shape.codeBits];
  const frequent = FREQUENT[shape.codeBits];
  const goOn = (c: Code): void => void c.br(again);
  const endings: Endings = {
    next: (c) => emitNext(c, goOn),
    branch: (c, isConditional) => {
      c.set(T1);
      pushOrigin(c, shape.codeBits, isConditional);
      c.set(BYTES).get(T1).set(PLACE).br(arrival);
    },
  };
  const emitTable = (number: number): void => {
    const table = tables[number]!;
    const at = table.opcodeAt;
    const maker = new HandlerMaker(shape, table, endings, locals);
    const cases = new Map<number, () => void>();
    for (const opcode of frequent[number]!) cases.set(opcode, () => append(code, maker.of(opcode)!(code.depth)));
    for (const [prefix, next] of table.next)
      cases.set(prefix, () => (frequent[next] === undefined ? emitPrefix(code, at, next) : emitTable(next)));
    const opcodes = [...cases.keys()];
    emitCases(code, [() => emitTailCall(code, number), ...cases.values()], ([others = 0, ...levels]) => {
      const byOpcode = range(0, OPCODES).map((opcode) => levels[opcodes.indexOf(opcode)] ?? others);
      code
        .get(PLACE)
        .load(4, at)
        .tee(BYTES)
        .const(0xff)
        .op(OP.and)
        .brTable([...byOpcode, others]);
    });
  };
  emitTable(0);
  code.end();
  if (shape.codeBits === 16) emitWay(code);
  code.get(BUDGET).const(1).op(OP.sub);
  emitArrival(code, goOn);
  code.end().op(OP.unreachable).end();
  return { locals: locals.types, code };
}

/** The handlers by table and opcode: undefined for those of `makeLoop`, and null is left to the handlers of cpu/. */
export function makeHandlers(shape: HandlerShape): (Handler | null | undefined)[] {
  return TABLES[shape.codeBits].flatMap((table, number) => {
    const frequent = FREQUENT[shape.codeBits][number];
    return range(0, OPCODES).map((opcode) => {
      const next = table.next.get(opcode);
      if (frequent !== undefined && (next !== undefined || frequent.includes(opcode))) return undefined;
      const locals = new HandlerLocals();
      const code = new HandlerCode(locals);
      if (next !== undefined) emitPrefix(code, table.opcodeAt, next);
      else {
        const make = new HandlerMaker(shape, table, tailCalls(shape.codeBits), locals).of(opcode);
        if (make === null) return null;
        append(code, make(0));
      }
      code.end();
      return { locals: locals.types, code };
    });
  });
}
