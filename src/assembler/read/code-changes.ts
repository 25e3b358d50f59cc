/**
 * What options make of the code on its way (`CodeOptions`): fences around loads, indirect branches and returns; places
 * where layout keeps branches off a boundary; shorter encodings; prefixes left out. Only where an option asks for one
 * of these is there an object of this class.
 */

import { LEA_WITH_SEGMENT } from "../../isa/emission.ts";
import { encode, isEncodingError } from "../../isa/encode.ts";
import { type Form, isVexMap } from "../../isa/form.ts";
import { branchKind, fusesWith } from "../../isa/fusion.ts";
import type { EncodeOptions, Encoding, Instruction } from "../../isa/instruction.ts";
import { branchOf, isLoad } from "../../isa/loads.ts";
import { optimized } from "../../isa/optimize.ts";
import { BOUNDED } from "../../isa/prefixed.ts";
import { SEGMENT_PREFIXES } from "../../isa/registers.ts";
import { R } from "../../object/relocation-types.ts";
import { MAXIMUM_FUSED, newPadding } from "../model/branch-padding.ts";
import type { CodeOptions } from "../model/code-options.ts";
import type { Section } from "../model/section.ts";
import type { SourceFrame } from "../model/source-frame.ts";
import { countsFromInstruction, namesGot } from "./got.ts";
import type { ParsedOperands } from "./parsed-operands.ts";
import type { Reading } from "./reading.ts";

const LFENCE = Uint8Array.of(0x0f, 0xae, 0xe8);
/** `lock addl $0, (%esp)` */
const LOCK_ADD = Uint8Array.of(0xf0, 0x83, 0x04, 0x24, 0x00);
/** What touches a return address first, for 32-bit code; NOT twice. */
const TOUCH: Readonly<Record<string, readonly number[]>> = {
  or: [0x83, 0x0c, 0x24, 0x00],
  shl: [0xc1, 0x24, 0x24, 0x00],
  not: [0xf7, 0x14, 0x24],
};
const OPERAND_SIZE = 0x66;
const ADDRESS_SIZE = 0x67;
const PREFIX_BYTES: ReadonlySet<number> = new Set([
  ...SEGMENT_PREFIXES,
  OPERAND_SIZE,
  ADDRESS_SIZE,
  0xf0,
  0xf2,
  0xf3,
  0x9b,
]);
/** Thread-local data by way of the GOT or of a function. */
const TABLE_BOUND: ReadonlySet<number> = new Set([
  R.TLS_GD,
  R.TLS_LDM,
  R.TLS_IE_32,
  R.TLS_IE,
  R.TLS_GOTIE,
  R.TLS_GOTDESC,
  R.TLS_DESC_CALL,
]);
const LONGEST_INSTRUCTION = 15;
/** Bytes of a branch with room for prefixes. */
const LONGEST_BRANCH = 14;
const [, , SS, DS] = SEGMENT_PREFIXES;

/** What came last in a section of code, if no instruction: nothing can go between it and the instruction after it. */
interface Neighbour {
  readonly name: string;
  readonly section: Section;
  readonly frame: SourceFrame | null;
  readonly offset: number;
}

export class CodeChanges {
  readonly #reading: Reading;
  readonly code: CodeOptions;
  #neighbour: Neighbour | null = null;

  constructor(reading: Reading, code: CodeOptions) {
    this.#reading = reading;
    this.code = code;
  }

  /** The instruction to encode in place of one that is written. */
  rewritten(instruction: Instruction, options: EncodeOptions, offset: number): Instruction {
    const result = optimized(instruction, this.code.optimizes, options);
    if (result !== instruction && instruction.operands.some((operand) => operand.kind === "memory" && operand.segment))
      this.#reading.warnAt("bad-prefix", offset, LEA_WITH_SEGMENT);
    return result;
  }

  /** The encoding to take in place of one that was made. */
  replaced(encoding: Encoding, instruction: Instruction, options: EncodeOptions, offset: number): Encoding {
    const { avoidsFences, omitsLock, boundsBranches } = this.code;
    if (boundsBranches && BOUNDED.has(encoding.form.semantic)) {
      const others = instruction.prefixes.filter((prefix) => !isRepeat(prefix));
      const bounded = encode({ ...instruction, prefixes: [...others, "bnd"] }, options);
      if (isEncodingError(bounded)) return encoding;
      if (others.length < instruction.prefixes.length)
        this.#reading.warnAt(
          "bad-prefix",
          offset,
          "-madd-bnd-prefix puts bnd in the place of the prefix that is written",
        );
      return bounded;
    }
    const { semantic } = encoding.form;
    if (avoidsFences && (semantic === "lfence" || semantic === "mfence" || semantic === "sfence")) {
      const { mnemonic } = instruction;
      if (this.#reading.bits === 16)
        this.#reading.failAt("bad-fence", offset, `\`${mnemonic}' cannot become a \`lock addl' in 16-bit code`);
      if (omitsLock)
        this.#reading.failAt(
          "bad-fence",
          offset,
          `\`${mnemonic}' would become a \`lock addl', but -momit-lock-prefix=yes leaves out the lock`,
        );
      return { ...encoding, bytes: LOCK_ADD };
    }
    return omitsLock && instruction.prefixes.includes("lock") ? withoutLock(encoding) : encoding;
  }

  /** `-msse-check`: a word about each instruction of the vector registers. */
  check({ form }: Encoding, { mnemonic, operands }: Instruction, offset: number): void {
    const { saysSse } = this.code;
    const isMemory = operands.some(({ kind }) => kind === "memory");
    if (saysSse === "none" || !(usesSse(form) || (form.semantic === "cvtpi2pd" && isMemory))) return;
    const message = `\`${mnemonic}' is an instruction of SSE`;
    if (saysSse === "error") this.#reading.failAt("sse-instruction", offset, message);
    this.#reading.warnAt("sse-instruction", offset, message);
  }

  /** Code before an instruction, and a warning where there should be some and cannot. */
  before({ form, bytes }: Encoding, instruction: Instruction, offset: number): void {
    const branch = branchOf(form);
    if (branch === "indirect") this.#beforeIndirect(instruction, offset);
    else if (branch === "return") this.#beforeReturn(bytes, instruction, offset);
  }

  #beforeIndirect({ operands, mnemonic }: Instruction, offset: number): void {
    const { fencesIndirect, fencesLoads } = this.code;
    if (fencesIndirect === "none") return;
    if (operands[0]?.kind !== "register") {
      if (fencesIndirect === "register") return;
      this.#reading.warnAt(
        "unfenced",
        offset,
        `no fence helps here, since \`${mnemonic}' loads its target itself: load it into a register before`,
      );
      return;
    }
    // A fence after the load of the target is enough.
    if (fencesLoads || fencesIndirect === "memory") return;
    if (!this.#isCut("-mlfence-before-indirect-branch", mnemonic)) this.#emit(LFENCE);
  }

  #beforeReturn(bytes: Uint8Array, { mnemonic }: Instruction, offset: number): void {
    const { fencesReturns } = this.code;
    if (fencesReturns === "none" || this.#isCut("-mlfence-before-ret", mnemonic)) return;
    const touch = TOUCH[fencesReturns]!;
    const isSized = prefixesOf(bytes).includes(OPERAND_SIZE);
    const once = isSized ? [OPERAND_SIZE, ...touch] : touch;
    if (this.#reading.bits === 16)
      this.#reading.warnAt(
        "bad-fence",
        offset,
        "-mlfence-before-ret writes the bytes of 32-bit code, as GNU as does: in 16-bit code they are other instructions and break it",
      );
    this.#emit(Uint8Array.from([...once, ...(fencesReturns === "not" ? once : []), ...LFENCE]));
  }

  /** Data or a prefix stands right before: bytes in between would tear apart what is written as one. */
  #isCut(option: string, mnemonic: string): boolean {
    const neighbour = this.#neighbour;
    if (neighbour === null || neighbour.section !== this.#reading.sections.current?.section) return false;
    const message = `${neighbour.name} right before \`${mnemonic}' keeps ${option} from putting a fence there`;
    this.#reading.reporter.report("warning", "fence-cut", neighbour.frame, neighbour.offset, 1, message, {});
    return true;
  }

  /** A place before the instruction where layout may put bytes. */
  pad({ form, bytes }: Encoding, instruction: Instruction, parsed: ParsedOperands): void {
    const { code } = this;
    const { sections, architecture } = this.#reading;
    const current = sections.current?.section;
    if (code.boundaryPower === 0 || current === undefined || architecture.features?.has("i386") === false) return;
    const isCut = this.#neighbour?.section === current;
    const branch = branchKind(form);
    const { nops } = architecture;
    if (branch !== null && code.alignedBranches.has(branch)) {
      if (isCut) return;
      current.align(code.boundaryPower);
      const condition = branch === "jcc" ? form.condition >> 1 : -1;
      const given = { condition, fusesWith: 0, prefix: 0, maximumBytes: LONGEST_BRANCH, nops };
      sections.padding(newPadding("branch", given));
      return;
    }
    if (branch === "jcc" || branch === "jmp" || branch === "call" || isCut || isRelative(instruction)) return;
    const room = this.#hasFixedLength(instruction, parsed) ? 0 : LONGEST_INSTRUCTION - bytes.length;
    const most = Math.max(
      0,
      Math.min(code.paddingPrefixes, Math.max(0, room)) - openingBytes(bytes, isVexMap(form.map)),
    );
    const given = { prefix: prefixFor(bytes, instruction), nops, condition: -1 };
    const conditions = code.alignedBranches.has("fused") && branch === null ? fusesWith(form, instruction) : 0;
    if (conditions !== 0) {
      const place = newPadding("fused", { ...given, fusesWith: conditions, maximumBytes: MAXIMUM_FUSED });
      place.totalMaximum = most;
      sections.padding(place);
    } else if (
      code.paddingPrefixes > 0 &&
      branch === null &&
      instruction.operands.length > 0 &&
      form.feature !== "padlock"
    )
      sections.padding(newPadding("prefix", { ...given, fusesWith: 0, maximumBytes: most }));
  }

  /**
   * The linker rewrites accesses to thread-local data through a table, which it knows by their bytes; the address of
   * the GOT counts from the beginning of some instructions.
   */
  #hasFixedLength({ operands }: Instruction, { expressions, relocations }: ParsedOperands): boolean {
    const { isIntel } = this.#reading;
    return operands.some(({ kind }, i) => {
      const expression = expressions[i];
      if (expression && namesGot(expression)) return countsFromInstruction(expression, isIntel);
      return kind === "memory" && TABLE_BOUND.has(relocations[i]!);
    });
  }

  /** After the instruction's bytes. */
  after(encoding: Encoding, instruction: Instruction, offset: number): void {
    const { sections } = this.#reading;
    if (this.code.boundaryPower > 0) sections.endFragment();
    this.#neighbour = null;
    if (!this.code.fencesLoads || !isLoad(encoding.form, instruction)) return;
    if ((encoding.form.semantic === "cmps" || encoding.form.semantic === "scas") && instruction.prefixes.some(isRepeat))
      this.#reading.warnAt(
        "unfenced",
        offset,
        `\`${instruction.mnemonic}' repeats as long as the data says: a fence after it does not hide how often`,
      );
    this.#emit(LFENCE);
  }

  /** Prefixes in a line of their own. */
  afterPrefix(name: string, offset: number): void {
    this.#note(`the prefix \`${name}'`, offset);
  }

  /** What came last is an instruction. */
  forget(): void {
    this.#neighbour = null;
  }

  /** A directive that puts data among the code. */
  beforeData(offset: number): void {
    const section = this.#reading.sections.current?.section;
    if (section === undefined || !section.isCode) return;
    if (this.#neighbour !== null && this.#neighbour.name === DATA) return;
    const { fencesReturns, fencesIndirect } = this.code;
    const options = [
      ...(fencesReturns === "none" ? [] : ["-mlfence-before-ret"]),
      ...(fencesIndirect === "none" ? [] : ["-mlfence-before-indirect-branch"]),
    ];
    this.#note(DATA, offset);
    if (options.length === 0) return;
    const message = `data among code: if this is an instruction, ${options.join(" and ")} does not see it`;
    this.#reading.warnAt("unfenced", offset, message);
  }

  #note(name: string, offset: number): void {
    const section = this.#reading.sections.current?.section;
    if (section !== undefined) this.#neighbour = { name, section, frame: this.#reading.input.frame, offset };
  }

  #emit(bytes: Uint8Array): void {
    const { sections } = this.#reading;
    sections.bytes(bytes);
  }
}

const DATA = "data";

/** XMM registers without those of MMX, in the encodings that SSE has. */
const usesSse = ({ operands, map, feature }: Form): boolean =>
  map >= 1 &&
  map <= 3 &&
  feature !== "sse4a" &&
  operands.some(({ register }) => register === "xmm") &&
  !operands.some(({ register }) => register === "mm");

const isRepeat = (prefix: string): boolean => prefix.startsWith("rep");

const isRelative = ({ operands }: Instruction): boolean =>
  operands[0]?.kind === "target" || operands[0]?.kind === "far";

/** The prefixes that an encoding begins with. */
function prefixesOf(bytes: Uint8Array): readonly number[] {
  let end = 0;
  while (PREFIX_BYTES.has(bytes[end]!)) end++;
  return [...bytes.subarray(0, end)];
}

/** Prefixes, and bytes that lead to the opcode's map: all of them count towards what a decoder takes quickly. */
function openingBytes(bytes: Uint8Array, isVex: boolean): number {
  const count = prefixesOf(bytes).length;
  if (isVex) return count + 3;
  if (bytes[count] !== 0x0f) return count;
  return count + (bytes[count + 1] === 0x38 || bytes[count + 1] === 0x3a ? 2 : 1);
}

/** The segment override that changes nothing: the one that is there, or that of the address. */
function prefixFor(bytes: Uint8Array, { operands }: Instruction): number {
  const own = prefixesOf(bytes).find((byte) => SEGMENT_PREFIXES.includes(byte));
  if (own !== undefined) return own;
  const base = operands.find((operand) => operand.kind === "memory")?.base;
  return base !== undefined && (base.number === 4 || base.number === 5) ? SS! : DS!;
}

/** LOCK is left out (`-momit-lock-prefix`). */
function withoutLock(encoding: Encoding): Encoding {
  const at = prefixesOf(encoding.bytes).indexOf(0xf0);
  if (at < 0) return encoding;
  const bytes = Uint8Array.from([...encoding.bytes.subarray(0, at), ...encoding.bytes.subarray(at + 1)]);
  return { ...encoding, bytes, fixups: encoding.fixups.map((fixup) => ({ ...fixup, offset: fixup.offset - 1 })) };
}
