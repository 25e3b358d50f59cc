/**
 * Instruction -> bytes, with the choices of GNU as: the first form of the table that takes the operands wins, so the
 * table's order is the policy and this file has none of its own. The one freedom of the format, the length of a
 * displacement, goes to the shortest; a value that only a relocation knows takes a field of full size.
 */

import type { Candidate } from "./candidate.ts";
import { candidateTable, KIND } from "./candidate.ts";
import { Emission, encodingError, LEA_WITH_SEGMENT } from "./emission.ts";
import { explainMismatch, unknownMnemonic } from "./explain.ts";
import { isVexMap } from "./form.ts";
import type {
  EncodeOptions,
  Encoding,
  EncodingError,
  ImmediateOperand,
  Instruction,
  MemoryOperand,
  Operand,
} from "./instruction.ts";
import type { Request } from "./matching.ts";
import {
  allows,
  ambiguousOperand,
  assumedCandidate,
  canTruncate,
  directedCandidate,
  extendingCandidate,
  keywordSize,
  kindsOf,
  matches,
  select,
  statedSize,
} from "./matching.ts";
import type { PrefixState } from "./prefixes.ts";
import { checkPrefixes, NO_PREFIXES, readPrefixes, withoutUseless } from "./prefixes.ts";
import { EIZ, SEGMENT_PREFIXES } from "./registers.ts";

/** Encoding is never re-entered, so one serves all calls. */
const emission = new Emission();

/** True for the failure half of `encode`'s result. */
export const isEncodingError = (result: Encoding | EncodingError): result is EncodingError => "code" in result;

/** 16 or 32: the width of a memory operand's registers; without any, that of the code segment or the prefix. */
const addressBits = (memory: MemoryOperand, defaultBits: 16 | 32): 16 | 32 => {
  const register = memory.base ?? memory.index;
  return register === undefined ? defaultBits : register.class === "r16" ? 16 : 32;
};

/** The segment that an address uses by itself: SS when its base is the stack's, else DS (SDM 1, table 3-5). */
const defaultSegment = ({ base }: MemoryOperand): number =>
  base !== undefined && (base.number === 5 || (base.number === 4 && base.class === "r32")) ? 2 : 3;

/** The only register that the implicit address of a string instruction has, by field. */
const IMPLICIT_BASE: Readonly<Record<string, number>> = { destination: 7, source: 6, table: 3 };

const checkImplicit = (field: string, memory: MemoryOperand, operand: number): EncodingError | null => {
  const wanted = IMPLICIT_BASE[field]!;
  const { base, index, displacement } = memory;
  if (base?.number !== wanted || index !== undefined || (displacement ?? 0) !== 0) {
    const name = ["", "", "", "ebx", "", "", "esi", "edi"][wanted]!;
    emission.warning ??= encodingError(
      "bad-address",
      operand,
      `this operand is always [${name}] (or [${name.slice(1)}]), whatever is written here`,
    );
  }
  if (field === "destination" && memory.segment !== undefined && memory.segment.number !== 0) {
    return encodingError(
      "bad-address",
      operand,
      `this operand is always in es, which cannot be overridden with ${memory.segment.name}`,
    );
  }
  return null;
};

/** The number of the register that VEX.vvvv holds, 0 where there is none. */
const vvvvOf = (candidate: Candidate, operands: readonly Operand[]): number => {
  const operand = operands[candidate.operands.findIndex(({ field }) => field === "vvvv")];
  return operand?.kind === "register" ? operand.register.number : 0;
};

/** Where the memory operand is addressed: found before anything is written. */
class MemoryPlace {
  /** Index of the operand, -1 without one. */
  operand = -1;
  /** 16 or 32. */
  address = 0;
  /** Number of the segment that a prefix says, -1 without one. */
  segment = -1;
}

/** As there is one emission. */
const place = new MemoryPlace();

const isImplicit = (field: string): boolean => field !== "rm" && field !== "moffs";

/** The prefix that an operand's segment asks for. */
const takeSegment = (memory: MemoryOperand, field: string, operand: number): EncodingError | null => {
  const { segment } = memory;
  if (segment === undefined || field === "destination") return null;
  if (segment.number === (isImplicit(field) ? 3 : defaultSegment(memory))) return null;
  if (place.segment >= 0 && place.segment !== segment.number)
    return encodingError("bad-prefix", operand, "there can be one segment override only");
  place.segment = segment.number;
  return null;
};

/** Finds the memory operand, the width of its address and its segment, and whether they go with the rest. */
const findMemory = (
  candidate: Candidate,
  { mnemonic, operands }: Instruction,
  prefixes: Readonly<PrefixState>,
  bits: 16 | 32,
): EncodingError | null => {
  const { form } = candidate;
  place.segment = prefixes.segment;
  place.operand = -1;
  let addressWidth = 0;
  if (prefixes.addressSize !== 0 && candidate.addressBits !== 0 && candidate.addressBits !== bits) {
    return encodingError("bad-prefix", -1, `addr${prefixes.addressSize} says what ${mnemonic} says already`);
  }
  place.address =
    prefixes.addressSize !== 0 ? prefixes.addressSize : candidate.addressBits !== 0 ? candidate.addressBits : bits;
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]!;
    if (operand.kind !== "memory") continue;
    const width = addressBits(operand, form.address32 ? 32 : (place.address as 16 | 32));
    if (place.operand >= 0 && width !== addressWidth) {
      return encodingError("bad-address", i, "both addresses of a string instruction are of the same width");
    }
    if (candidate.addressBits !== 0 && width !== candidate.addressBits) {
      return encodingError("bad-address", i, `the register beside a ${width}-bit address is of ${width} bits, too`);
    }
    if (form.semantic === "lea" && operand.segment !== undefined)
      emission.warning ??= encodingError("bad-prefix", i, LEA_WITH_SEGMENT);
    addressWidth = width;
    place.operand = i;
    if (emission.displacementBits > 8 && emission.displacementBits !== width) {
      return encodingError(
        "bad-prefix",
        i,
        `{disp${emission.displacementBits}} does not go with a ${width}-bit address`,
      );
    }
    if (prefixes.addressSize !== 0 && width === bits) {
      return encodingError(
        "bad-prefix",
        -1,
        `addr${prefixes.addressSize} contradicts the ${width}-bit registers of the address`,
      );
    }
    place.address = width;
    const { field, pattern } = candidate.operands[i]!;
    // Base and index mean different things to BNDMK, BNDLDX and BNDSTX, so that they cannot trade places.
    if (form.address32 && pattern.text === "m" && operand.index?.number === 4 && operand.index !== EIZ)
      return encodingError("bad-address", i, `esp cannot be an index of ${mnemonic}`);
    if (isImplicit(field)) {
      const failure = checkImplicit(field, operand, i);
      if (failure !== null) return failure;
    }
    const failure = takeSegment(operand, field, i);
    if (failure !== null) return failure;
  }

  if (form.address32 && place.address === 16 && (bits === 32 || place.operand >= 0)) {
    return encodingError("bad-address", place.operand, `${mnemonic} takes no address of 16 bits`);
  }
  return null;
};

/** Prefixes, in GNU as's order, and the opcode. */
const writeOpcode = (
  candidate: Candidate,
  operands: readonly Operand[],
  prefixes: Readonly<PrefixState>,
  bits: 16 | 32,
): void => {
  const { form } = candidate;
  const { segment } = place;
  if (form.wait) emission.byte(0x9b);
  // A branch hint stands after the sizes.
  const isHint = candidate.operands[0]?.field === "relative";
  if (segment >= 0 && !isHint) emission.byte(SEGMENT_PREFIXES[segment]!);
  if (place.address !== bits) emission.byte(0x67);
  if (candidate.operandPrefix || prefixes.operandSize !== 0) emission.byte(0x66);
  if (segment >= 0 && isHint) emission.byte(SEGMENT_PREFIXES[segment]!);
  if (candidate.repeatPrefix !== 0) emission.byte(candidate.repeatPrefix);
  else if (prefixes.repeat !== 0) emission.byte(prefixes.repeat);
  if (prefixes.lock) emission.byte(0xf0);
  if (isVexMap(form.map)) emission.vex(form, vvvvOf(candidate, operands));
  for (const byte of candidate.opcode) emission.byte(byte);
};

/** Puts a register into the opcode where it belongs there; returns ModRM with the others. */
const placeRegisters = (candidate: Candidate, operands: readonly Operand[]): number => {
  let modrm = candidate.modrmBase;
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]!;
    if (operand.kind !== "register") continue;
    const { number } = operand.register;
    switch (candidate.operands[i]!.field) {
      case "reg":
        modrm |= number << 3;
        break;
      case "rm":
        modrm |= 0xc0 | number;
        break;
      case "reg+rm":
        modrm |= 0xc0 | (number << 3) | number;
        break;
      case "opcode":
        if (candidate.form.opcodeRegister) emission.bytes[emission.length - 1]! |= number;
        else modrm |= number;
        break;
    }
  }
  return modrm;
};

/** Immediates, displacements and targets, in the order of the operands. */
const writeNumbers = (candidate: Candidate, operands: readonly Operand[]): void => {
  let selector = -1;
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]!;
    const { field, sizeBytes, pattern } = candidate.operands[i]!;
    switch (field) {
      case "immediate":
        emission.value(
          (operand as ImmediateOperand).value,
          sizeBytes as 1 | 2 | 4,
          i,
          "immediate",
          pattern.signExtended,
        );
        break;
      case "selector":
        selector = i;
        break;
      case "moffs":
        // Null is a displacement that only a relocation knows; only an absent one is zero.
        emission.value(
          (operand as MemoryOperand).displacement === undefined ? 0 : (operand as MemoryOperand).displacement!,
          place.address === 16 ? 2 : 4,
          i,
          "displacement",
          false,
        );
        break;
      case "relative":
        emission.target(sizeBytes as 1 | 2 | 4, i);
        break;
      case "far":
        if (operand.kind === "far") {
          emission.value(operand.offset, sizeBytes as 2 | 4, i, "offset", false);
          emission.value(operand.selector, 2, i, "selector", false);
        }
        break;
    }
  }
  if (selector >= 0) emission.value((operands[selector] as ImmediateOperand).value, 2, selector, "immediate", false);
  const { impliedImmediate } = candidate.form;
  if (impliedImmediate >= 0) emission.byte(impliedImmediate);
};

/** Writes one candidate that matches. The result is in `emission`. */
const write = (
  candidate: Candidate,
  instruction: Instruction,
  prefixes: Readonly<PrefixState>,
  bits: 16 | 32,
): EncodingError | null => {
  const { operands } = instruction;
  emission.begin(candidate.form);
  const mismatch = findMemory(candidate, instruction, prefixes, bits);
  if (mismatch !== null) return mismatch;
  writeOpcode(candidate, operands, prefixes, bits);
  const modrm = placeRegisters(candidate, operands);
  const memoryField = place.operand < 0 ? "fixed" : candidate.operands[place.operand]!.field;
  if (memoryField === "rm") {
    const memory = operands[place.operand] as MemoryOperand;
    const failure = emission.address(memory, place.address, modrm, place.operand);
    if (failure !== null) return failure;
  } else if (candidate.hasModRM) {
    emission.byte(modrm);
  }
  writeNumbers(candidate, operands);
  return null;
};

/** The near form of a branch that has been encoded short, or null. */
const encodeLonger = (
  short: Candidate,
  { instruction, kinds, candidates, options }: Request,
  prefixes: Readonly<PrefixState>,
): Encoding | null => {
  const near = candidates.find(
    (candidate) =>
      candidate.operands[0]!.accept === KIND.near &&
      candidate.form.semantic === short.form.semantic &&
      candidate.sizeBits === short.sizeBits &&
      allows(candidate, options) &&
      matches(candidate, instruction.operands, kinds, false),
  );
  if (near !== undefined) return write(near, instruction, prefixes, options.bits) === null ? emission.take(null) : null;
  return options.bits === 16 && isConditional(short) && kinds[0] === (KIND.short | KIND.near)
    ? encodeJumpOver(short)
    : null;
};

/** JO to JG, which are short only before the 80386. */
const isConditional = ({ opcode, hasModRM }: Candidate): boolean =>
  opcode.length === 1 && (opcode[0]! & 0xf0) === 0x70 && !hasModRM;

/** On a processor without near conditional jumps: the opposite jump over a near one. */
const encodeJumpOver = ({ form, opcode }: Candidate): Encoding => {
  emission.begin(form);
  emission.byte(opcode[0]! ^ 1);
  emission.byte(3);
  emission.byte(0xe9);
  emission.target(2, 0);
  return emission.take(null);
};

/** The chosen candidate, or why there is none. */
const choose = (request: Request): Candidate | EncodingError => {
  const { instruction, kinds, candidates, options } = request;
  const keyword = keywordSize(instruction.operands);
  if (keyword !== 0) {
    const extending = extendingCandidate(request);
    if (extending !== null) {
      emission.isTruncating = true;
      warnOfKeyword(keyword, instruction, `this is an operation of ${options.bits} bits`);
      return extending;
    }
  }
  if (instruction.wish?.direction !== undefined) {
    const directed = directedCandidate(request);
    if (directed !== null) return directed;
  }
  let candidate = select(request, false);
  emission.isTruncating = candidate === null && canTruncate(request);
  if (emission.isTruncating) candidate = select(request, true);
  if (candidate === null) return explainMismatch(instruction, candidates, kinds, options);
  const stated = keyword === 0 ? 0 : statedSize(instruction);
  if (keyword !== 0 && stated === 0) warnOfKeyword(keyword, instruction, "what it says is ignored");
  const ambiguous = ambiguousOperand(request, candidate);
  if (ambiguous < 0 || stated !== 0) return candidate;
  const problem = `nothing says the size of this operand of ${instruction.mnemonic}`;
  if (options.att !== true) {
    return encodingError("size-ambiguous", ambiguous, `${problem}: write byte ptr, word ptr or another size before it`);
  }
  const assumed = assumedCandidate(request, candidate);
  const size = assumed.sizeBits === 0 ? "the smallest size" : `${assumed.sizeBits} bits`;
  emission.warning = encodingError("size-ambiguous", ambiguous, `${problem}; ${size} is assumed`);
  return assumed;
};

/**
 * A type keyword on a number that does not do what it says. One that says the width of the number itself is no
 * surprise.
 */
const warnOfKeyword = (keyword: number, { mnemonic, operands }: Instruction, instead: string): void => {
  const operand = operands.findIndex((one) => one.kind === "immediate" && one.sizeBits !== undefined);
  const value = (operands[operand] as ImmediateOperand).value;
  const isSized = operands.some(
    (other, i) =>
      i !== operand && (other.kind === "register" || (other.kind === "memory" && other.sizeBits !== undefined)),
  );
  if (keyword === 8 && value !== null && value >= -0x80 && value <= 0xff && (isSized || operands.length === 1)) return;
  emission.warning = encodingError(
    "size-ignored",
    operand,
    `the size before this number does not make it an operation of ${keyword} bits: ${instead} (${mnemonic})`,
  );
};

/** Between two registers these do the same either way round: they have no form of their own for loading. */
const isSymmetric = ({ mnemonic, operands }: Instruction): boolean =>
  /^(test|xchg)[bwld]?$/.test(mnemonic) && operands.length === 2 && operands.every(({ kind }) => kind === "register");

/** XCHG with the accumulator, which has a form of its own that GNU as takes for `{load}` too. */
const isAccumulatorExchange = ({ mnemonic, operands }: Instruction): boolean =>
  mnemonic.startsWith("xchg") &&
  operands.some(
    (operand) => operand.kind === "register" && operand.register.number === 0 && operand.register.class !== "r8",
  );

/**
 * The instruction with the lower 32 bits of an immediate that has more, as GNU as silently takes it; here with a
 * warning.
 */
const withLowerBits = (instruction: Instruction, index: number): Instruction => {
  const operands = instruction.operands.map((operand, i) => {
    if (i !== index || operand.kind !== "immediate") return operand;
    const value = Number(BigInt.asIntN(32, BigInt(operand.value!)));
    emission.warning ??= encodingError("value-range", i, `the number does not fit in 32 bits and was cut to ${value}`);
    return { ...operand, value };
  });
  return { ...instruction, operands };
};

/** NOTRACK stands before an indirect near branch, whose target then needs no ENDBR (SDM 1, 18.3.1). */
const notrackProblem = ({ mnemonic, prefixes, operands }: Instruction): EncodingError | null =>
  !prefixes.includes("notrack") ||
  (/^(jmp|call)[wl]?$/.test(mnemonic) && /register|memory/.test(operands[0]?.kind ?? ""))
    ? null
    : encodingError("bad-prefix", -1, "notrack stands before an indirect near jump or call only");

/** GNU as reads the number of a PUSH without a suffix as one of 16 bits in `.code16gcc`, and then pushes 32. */
const withSignOf16 = (instruction: Instruction, operand: ImmediateOperand, bits: number): Instruction => {
  const { value, sizeBits } = operand;
  if (bits !== 16 || sizeBits !== undefined || value === null || value < 0x8000 || value > 0xffff) return instruction;
  emission.warning ??= encodingError(
    "value-range",
    0,
    `this pushes ${value - 0x10000}: the number counts as one of 16 bits in .code16gcc, unless a suffix says 32 (pushl)`,
  );
  return { ...instruction, operands: [{ ...operand, value: value - 0x10000 }] };
};

const hasNoBareAddress = ({ operands }: Candidate): boolean => operands.every(({ field }) => field !== "moffs");

/**
 * Encodes one instruction. The bytes may be shared between calls: do not change them.
 */
export const encode = (instruction: Instruction, options: EncodeOptions): Encoding | EncodingError => {
  const candidates = candidateTable(options).get(instruction.mnemonic);
  if (candidates === null) return unknownMnemonic(instruction.mnemonic, options);
  let prefixes: Readonly<PrefixState> = NO_PREFIXES;
  if (instruction.prefixes.length > 0) {
    const problem = notrackProblem(instruction);
    if (problem !== null) return problem;
    const state = readPrefixes(instruction, options.bits);
    if ("code" in state) return state;
    prefixes = state;
  }
  emission.warning = null;
  const { operands, wish } = instruction;
  if ((wish?.direction === "load" || wish?.direction === "swap") && isSymmetric(instruction)) {
    instruction = isAccumulatorExchange(instruction)
      ? { ...instruction, wish: {} }
      : { ...instruction, operands: [...operands].reverse(), wish: { direction: "store" } };
  }
  emission.displacementBits = wish?.displacementBits ?? 0;
  const kinds: number[] = [];
  for (let i = 0; i < operands.length; i++) {
    const operand = instruction.operands[i]!;
    if (
      operand.kind === "immediate" &&
      operand.value !== null &&
      (operand.value > 0xffff_ffff || operand.value <= -0x1_0000_0000)
    ) {
      instruction = withLowerBits(instruction, i);
      // A plain PUSH keeps the width that the number seemed to have.
      const { value } = instruction.operands[i] as ImmediateOperand;
      if (
        instruction.mnemonic === "push" &&
        options.bits === 32 &&
        operand.sizeBits === undefined &&
        (value! < 0 || value! > 0x7f)
      ) {
        kinds.push(KIND.immediate32);
        continue;
      }
    }
    if (options.stack32 === true && operand.kind === "immediate" && instruction.mnemonic === "push")
      instruction = withSignOf16(instruction, operand, options.bits);
    const kind = kindsOf(instruction.operands[i]!);
    kinds.push(options.avoidsShiftByOne === true && kind !== KIND.immediate1 ? kind & ~KIND.immediate1 : kind);
  }
  const request: Request = {
    instruction,
    kinds,
    // The forms of MOV without ModRM are none that a lock can be released by.
    candidates: prefixes.meaning === "xrelease" ? candidates.filter(hasNoBareAddress) : candidates,
    options,
    preferBits: prefixes.operandSize,
  };
  const candidate = choose(request);
  if ("code" in candidate) return candidate;
  const { displacementBits } = emission;
  if (displacementBits > 8 && displacementBits !== options.bits && operands[0]?.kind === "target") {
    const message = `{disp${displacementBits}} does not go with a branch in ${options.bits}-bit code`;
    return encodingError("bad-prefix", 0, message);
  }
  if (prefixes !== NO_PREFIXES) {
    const failure = checkPrefixes(prefixes, candidate, instruction);
    if (failure !== null) return failure;
    const useful = withoutUseless(prefixes, candidate);
    if (useful !== prefixes)
      emission.warning ??= encodingError(
        "bad-prefix",
        -1,
        "this prefix has no meaning before a branch and is left out",
      );
    prefixes = useful;
  }
  const isShort = candidate.operands.length === 1 && (candidate.operands[0]!.accept & KIND.short) !== 0;
  const longer = isShort ? encodeLonger(candidate, request, prefixes) : null;
  if (longer !== null && emission.displacementBits === options.bits) return { ...longer, isLongest: true };
  return write(candidate, instruction, prefixes, options.bits) ?? emission.take(longer);
};

/** True when the mnemonic, with or without suffix, exists in this syntax. */
export const isMnemonic = (mnemonic: string, options: EncodeOptions): boolean =>
  candidateTable(options).get(mnemonic) !== null;
