/**
 * Where the caller of each instruction's routine is found: the call frame information (.debug_frame, DWARF 5 section
 * 6.4) that lets a debugger show a backtrace and step over calls. Hand-written assembly comes without it, so it is read
 * out of the code: from each place that is called, all ways are followed, and what they push and pop is counted. Where
 * ways disagree the first one wins, and where the stack pointer gets lost nothing is claimed.
 */

import { Decoded, decode } from "../isa/decode.ts";
import type { Semantic } from "../isa/semantics.ts";
import type { Linked } from "../linker/link.ts";
import { addSection } from "../object/add-section.ts";
import { lineRowsOf } from "../object/dwarf/line-table.ts";

/** What lies above the frame: a caller, an interrupted instruction (EIP, CS, EFLAGS), or nothing. */
type FrameKind = "call" | "interrupt" | "bottom";

/**
 * What is known in front of an instruction. Distances are in bytes down from the canonical frame address, the stack
 * pointer of the caller.
 */
export interface FrameState {
  readonly kind: FrameKind;
  /** Of ESP; null when it got lost. */
  readonly depth: number | null;
  /** Of EBP where it points into the frame; null elsewhere. */
  readonly baseDepth: number | null;
  /** Of the places where the caller's registers were saved, by their numbers. */
  readonly saved: ReadonlyMap<number, number>;
}

export interface CodeRange {
  readonly address: number;
  readonly content: Uint8Array;
  /** Labels of code that may be called; inner labels do no harm. Ascending. */
  readonly labels: readonly number[];
  /** Labels that nobody returns from. */
  readonly bottoms: readonly number[];
}

export interface Visited {
  readonly state: FrameState;
  readonly length: number;
}

/** Where the way out of a function shows that it began at another depth than was assumed. */
interface Correction {
  readonly kind: FrameKind;
  readonly difference: number;
}

const [ESP, EBP] = [4, 5];
const RETURN_ADDRESS = 8;
const FLAGS = 9;
/** Distance of ESP from the caller's at the first instruction. */
const ENTRY_DEPTH: Readonly<Record<FrameKind, number>> = { call: 4, interrupt: 12, bottom: 4 };
/** Registers that routines keep for their callers: EBX, EBP, ESI, EDI. */
const KEPT: ReadonlySet<number> = new Set([3, 5, 6, 7]);
const NOTHING: ReadonlyMap<number, number> = new Map();
const CONDITIONAL = new Set<Semantic>(["jcc", "loop", "loope", "loopne", "jcxz"]);
const FINAL = new Set<Semantic>(["ret", "iret", "retf", "jmp", "jmp_indirect", "jmp_far", "ud2"]);
const STACK_ARITHMETIC: Readonly<Partial<Record<Semantic, number>>> = { add: -1, sub: 1 };

/**
 * One way into code that was followed, what was seen on it, and the routines that it called while they were taken to
 * remove nothing.
 */
interface Followed {
  readonly entry: number;
  readonly seen: number[];
  readonly keepers: Set<number>;
}

/** The instructions that were found in a range of code, by their addresses: most bytes of it begin one. */
class Visits {
  readonly #start: number;
  readonly #states: (FrameState | null)[];
  readonly #lengths: Uint8Array;

  constructor({ address, content }: CodeRange) {
    this.#start = address;
    this.#states = new Array<FrameState | null>(content.length).fill(null);
    this.#lengths = new Uint8Array(content.length);
  }

  get(address: number): FrameState | null {
    const at = address - this.#start;
    return at >= 0 && at < this.#states.length ? this.#states[at]! : null;
  }

  has(address: number): boolean {
    return this.get(address) !== null;
  }

  /** The address lies in the range. */
  set(address: number, state: FrameState, length: number): void {
    this.#states[address - this.#start] = state;
    this.#lengths[address - this.#start] = length;
  }

  delete(address: number): void {
    this.#states[address - this.#start] = null;
  }

  /** Shows all of them, from the lowest address on. */
  forEach(show: (address: number, state: FrameState, length: number) => void): void {
    for (let at = 0; at < this.#states.length; at++) {
      const state = this.#states[at];
      if (state) show(this.#start + at, state, this.#lengths[at]!);
    }
  }
}

class FrameFinder {
  readonly visited: Visits;
  readonly #range: CodeRange;
  readonly #labels: ReadonlySet<number>;
  readonly #decoded = new Decoded();
  /** Bytes of arguments that a called routine removes. */
  readonly #removes = new Map<number, number>();
  readonly #called: number[] = [];
  readonly #followed: Followed[] = [];

  constructor(range: CodeRange) {
    this.#range = range;
    this.visited = new Visits(range);
    this.#labels = new Set(range.labels);
    for (const label of range.bottoms) this.#bottom(label);
    this.#followCalled();
    for (const label of range.labels) {
      if (!this.visited.has(label)) this.#function(label);
      this.#followCalled();
    }
    this.#revise(new Set(range.bottoms));
  }

  /**
   * What a routine removes matters to its callers, which may have been looked at before it: those are looked at again.
   */
  #revise(bottoms: ReadonlySet<number>): void {
    const surprised = this.#followed.filter(({ keepers }) =>
      [...keepers].some((routine) => this.#removes.has(routine)),
    );
    for (const { seen } of surprised) for (const address of seen) this.visited.delete(address);
    for (const { entry } of surprised) {
      if (this.visited.has(entry)) continue;
      if (bottoms.has(entry)) this.#bottom(entry);
      else this.#function(entry);
    }
    this.#followCalled();
  }

  #bottom(entry: number): void {
    this.#follow(entry, { kind: "bottom", depth: ENTRY_DEPTH.bottom, baseDepth: null, saved: NOTHING });
  }

  #followCalled(): void {
    for (let target = this.#called.pop(); target !== undefined; target = this.#called.pop())
      if (!this.visited.has(target)) this.#function(target);
  }

  #function(entry: number): void {
    const assumed: FrameState = { kind: "call", depth: ENTRY_DEPTH.call, baseDepth: null, saved: NOTHING };
    const correction = this.#follow(entry, assumed);
    if (correction === null) return;
    for (const address of this.#followed.pop()!.seen) this.visited.delete(address);
    this.#follow(entry, { ...assumed, kind: correction.kind, depth: ENTRY_DEPTH.call + correction.difference });
  }

  /**
   * Follows all ways from an address. Returns what the first way out has to say against the state at the entry, null if
   * nothing.
   */
  #follow(entry: number, first: FrameState): Correction | null {
    const { address, content } = this.#range;
    const seen: number[] = [];
    const keepers = new Set<number>();
    this.#followed.push({ entry, seen, keepers });
    const open: [number, FrameState][] = [[entry, first]];
    let correction: Correction | null = null;
    let returns = false;
    // Code that takes more from its stack than it put there, and never returns, was not called: a task begins here.
    let takesMore = false;
    const disagree = (kind: FrameKind, wanted: number, depth: number | null): void => {
      returns = true;
      if (depth !== null && (wanted !== depth || kind !== first.kind) && first.kind !== "bottom")
        correction ??= { kind, difference: wanted - depth };
    };
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      let [at, state] = next;
      for (;;) {
        const known = this.visited.get(at);
        if (known !== null) {
          if (known.depth !== null) disagree(known.kind, known.depth, state.depth);
          break;
        }
        const offset = at - address;
        if (offset < 0 || offset >= content.length) break;
        const insn = decode(content, offset, 32, this.#decoded);
        if (insn.form === null || offset + insn.length > content.length) break;
        this.visited.set(at, state, insn.length);
        seen.push(at);
        const { semantic } = insn.form;
        const next = at + insn.length;
        const target = next + insn.immediate;
        if (CONDITIONAL.has(semantic)) open.push([target, state]);
        else if (semantic === "jmp") open.push([target, state]);
        else if (semantic === "ret") {
          if (insn.immediate !== 0) this.#removes.set(entry, insn.immediate);
          disagree("call", ENTRY_DEPTH.call, state.depth);
        } else if (semantic === "iret") disagree("interrupt", ENTRY_DEPTH.interrupt, state.depth);
        if (FINAL.has(semantic)) break;
        // A call to the next instruction pushes its address, unless that is a routine of its own.
        if (semantic === "call" && target === next && !this.#labels.has(next)) state = moved(state, 4);
        else if (semantic === "call") {
          if (!this.visited.has(target)) this.#called.push(target);
          const removed = this.#removes.get(target);
          if (removed === undefined) keepers.add(target);
          else state = moved(state, -removed);
          // A call that does not return may stand at the end of a routine. What follows speaks for itself.
          if (state.depth !== ENTRY_DEPTH.call && this.#labels.has(next)) break;
        } else state = after(insn, state);
        at = next;
        if (first.kind === "call" && state.depth !== null && state.depth < ENTRY_DEPTH.call) takesMore = true;
      }
    }
    return correction ?? (takesMore && !returns ? { kind: "bottom", difference: 0 } : null);
  }
}

/** The state after the stack grew by some bytes. What then lies below the stack pointer holds no registers any more. */
function moved(state: FrameState, bytes: number): FrameState {
  if (bytes === 0 || state.depth === null) return state;
  return atDepth(state, state.depth + bytes);
}

function atDepth(state: FrameState, depth: number | null): FrameState {
  const lost =
    depth !== null &&
    state.saved.size > 0 &&
    (state.depth === null || depth < state.depth) &&
    [...state.saved.values()].some((place) => place > depth);
  const saved = lost ? new Map([...state.saved].filter(([, place]) => place <= depth)) : state.saved;
  return { ...state, depth, saved };
}

function pushed(state: FrameState, register: number): FrameState {
  const grown = moved(state, 4);
  if (grown.kind === "bottom" || grown.depth === null || !KEPT.has(register) || state.saved.has(register)) return grown;
  return { ...grown, saved: new Map(state.saved).set(register, grown.depth) };
}

/** What an instruction that goes on after itself does to the frame. */
function after(insn: Decoded, state: FrameState): FrameState {
  const form = insn.form!;
  const bytes = insn.operandSize / 8;
  const register = form.opcodeRegister ? insn.opcode & 7 : -1;
  switch (form.semantic) {
    case "push":
      return bytes === 4 ? pushed(state, register) : moved(state, bytes);
    case "push_sreg":
    case "pushf":
      return moved(state, bytes);
    case "pusha": {
      let grown = state;
      for (let number = 0; number < 8; number++)
        grown = bytes === 4 ? pushed(grown, number === ESP ? -1 : number) : moved(grown, bytes);
      return grown;
    }
    case "pop":
      return register === ESP
        ? { ...state, depth: null }
        : { ...moved(state, -bytes), ...(register === EBP ? { baseDepth: null } : {}) };
    case "pop_sreg":
    case "popf":
      return moved(state, -bytes);
    case "popa":
      return { ...moved(state, -8 * bytes), baseDepth: null };
    case "leave":
      return { ...atDepth(state, state.baseDepth === null ? null : state.baseDepth - 4), baseDepth: null };
    case "lea":
      return loaded(insn, state);
    case "mov":
      return copied(insn, state);
    default: {
      const sign = STACK_ARITHMETIC[form.semantic];
      if (insn.isMemory || insn.mod !== 3 || insn.rm !== ESP || form.operands[0]?.field === "reg") return state;
      if (sign !== undefined && form.operands[1]?.field.startsWith("immediate"))
        return moved(state, sign * insn.immediate);
      return form.semantic === "and" ? atDepth(state, null) : state;
    }
  }
}

/** LEA to ESP or EBP from one of them and a constant. */
function loaded(insn: Decoded, state: FrameState): FrameState {
  if (insn.reg !== ESP && insn.reg !== EBP) return state;
  const from = insn.index >= 0 ? null : insn.base === ESP ? state.depth : insn.base === EBP ? state.baseDepth : null;
  const depth = from === null ? null : from - insn.displacement;
  return insn.reg === ESP ? atDepth(state, depth) : { ...state, baseDepth: depth };
}

/** MOV between ESP and EBP. ESP out of memory is a change of tasks: the other stack looks as this one does. */
function copied(insn: Decoded, state: FrameState): FrameState {
  if (insn.form!.opcodeRegister)
    return (insn.opcode & 7) === ESP
      ? { ...state, kind: "bottom", depth: null }
      : (insn.opcode & 7) === EBP
        ? { ...state, baseDepth: null }
        : state;
  const toRegister = insn.form!.operands[0]?.field === "reg";
  const [to, from] = toRegister ? [insn.reg, insn.rm] : [insn.rm, insn.reg];
  if (insn.isMemory) return toRegister && to === EBP ? { ...state, baseDepth: null } : state;
  if (to === EBP) return { ...state, baseDepth: from === ESP ? state.depth : null };
  return to === ESP ? atDepth(state, from === EBP ? state.baseDepth : null) : state;
}

// Writing it down.

const DATA_ALIGNMENT = -4;
const CFA = {
  advance1: 0x02,
  advance2: 0x03,
  restoreExtended: 0x06,
  undefined: 0x07,
  defineRegister: 0x0c,
  defineOffset: 0x0e,
  advance: 0x40,
  offset: 0x80,
  restore: 0xc0,
} as const;

function uleb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

function word(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

/** An entry with its length, padded with DW_CFA_nop. */
function entry(body: readonly number[]): number[] {
  const padding = (4 - (body.length & 3)) & 3;
  return [...word(body.length + padding), ...body, ...new Array<number>(padding).fill(0)];
}

function commonEntry(kind: FrameKind): number[] {
  const augmentation = kind === "interrupt" ? [0x53, 0] : [0];
  const place = (register: number, distance: number): number[] => [
    CFA.offset | register,
    ...uleb(distance / -DATA_ALIGNMENT),
  ];
  const rules =
    kind === "interrupt"
      ? [...place(RETURN_ADDRESS, 12), ...place(FLAGS, 4)]
      : kind === "call"
        ? place(RETURN_ADDRESS, 4)
        : [CFA.undefined, RETURN_ADDRESS];
  return entry([
    ...word(0xffffffff),
    1,
    ...augmentation,
    1,
    DATA_ALIGNMENT & 0x7f,
    RETURN_ADDRESS,
    CFA.defineRegister,
    ESP,
    ...uleb(ENTRY_DEPTH[kind]),
    ...rules,
  ]);
}

/** The rules that lead from one state to the next one. */
function changes(from: FrameState, to: FrameState): number[] {
  const bytes: number[] = [];
  const register = frameRegister(to);
  const distance = frameDistance(to);
  if (register !== frameRegister(from)) bytes.push(CFA.defineRegister, register, ...uleb(distance));
  else if (distance !== frameDistance(from)) bytes.push(CFA.defineOffset, ...uleb(distance));
  if (from.saved === to.saved) return bytes;
  for (const number of from.saved.keys()) if (!to.saved.has(number)) bytes.push(CFA.restore | number);
  for (const [number, place] of to.saved)
    if (from.saved.get(number) !== place) bytes.push(CFA.offset | number, ...uleb(place / -DATA_ALIGNMENT));
  return bytes;
}

/** By what the frame's address is found: ESP, or EBP where ESP got lost, and how far it is from there. */
const frameRegister = ({ depth, baseDepth }: FrameState): number => (depth === null && baseDepth !== null ? EBP : ESP);
const frameDistance = ({ depth, baseDepth }: FrameState): number =>
  depth === null ? (baseDepth ?? 0) : Math.max(0, depth);

function advance(bytes: number): number[] {
  if (bytes < 0x40) return [CFA.advance | bytes];
  return bytes < 0x100 ? [CFA.advance1, bytes] : [CFA.advance2, bytes & 0xff, bytes >>> 8];
}

/** Whether the state can be written down: a frame address that is known, in whole words. */
function isKnown({ kind, depth, baseDepth, saved }: FrameState): boolean {
  const distance = depth ?? baseDepth;
  if (kind === "bottom" || saved.size === 0) return saved.size === 0 && (kind === "bottom" || (distance ?? -1) >= 0);
  return distance !== null && distance >= 0 && [...saved.values()].every((place) => place > 0 && place % 4 === 0);
}

/** What is known in front of each instruction of a range of 32-bit code that could be reached. */
export function findFrames(range: CodeRange): ReadonlyMap<number, Visited> {
  const found = new Map<number, Visited>();
  new FrameFinder(range).visited.forEach((address, state, length) => found.set(address, { state, length }));
  return found;
}

/** Bytes of a section that grows. */
class SectionBytes {
  #bytes = new Uint8Array(0x10000);
  length = 0;

  push(bytes: readonly number[]): void {
    if (this.length + bytes.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * (this.length + bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  taken(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}

/** The content of .debug_frame for a range of 32-bit code. */
export function callFrames(range: CodeRange): Uint8Array {
  const { visited } = new FrameFinder(range);
  const labels = new Set(range.labels);
  const bytes = new SectionBytes();
  const commonAt = new Map<FrameKind, number>();
  for (const kind of ["call", "interrupt", "bottom"] as const) {
    commonAt.set(kind, bytes.length);
    bytes.push(commonEntry(kind));
  }
  let start = -1;
  let end = -1;
  let placed = -1;
  let rules: number[] = [];
  let state: FrameState | null = null;
  const close = (): void => {
    if (state !== null)
      bytes.push(entry([...word(commonAt.get(state.kind)!), ...word(start), ...word(end - start), ...rules]));
    state = null;
  };
  visited.forEach((address, next, length) => {
    // Most instructions change nothing.
    const isSame = next === state;
    if (isSame && address === end && !labels.has(address)) {
      end = address + length;
      return;
    }
    const isWritten = isSame || isKnown(next);
    if (state !== null && (address !== end || next.kind !== state.kind || labels.has(address) || !isWritten)) close();
    if (address < end || !isWritten) return;
    if (state === null) {
      start = placed = address;
      const { kind } = next;
      rules = changes({ kind, depth: ENTRY_DEPTH[kind], baseDepth: null, saved: NOTHING }, next);
    } else {
      const changed = changes(state, next);
      if (changed.length > 0) {
        rules.push(...advance(address - placed), ...changed);
        placed = address;
      }
    }
    state = next;
    end = address + length;
  });
  close();
  return bytes.taken();
}

/**
 * The ELF file of a program, with call frame information for one of its sections of 32-bit code. The line table says
 * which labels are code.
 */
export function fileWithCallFrames(linked: Linked, sectionName: string): Uint8Array<ArrayBuffer> {
  const code = linked.sections.find(({ name }) => name === sectionName);
  if (!code) return linked.file;
  const isCode = new Set(lineRowsOf(linked).map(({ address }) => address));
  const labels = new Set(
    linked.symbols.filter(({ section, value }) => section === code && isCode.has(value)).map(({ value }) => value),
  );
  const frames = callFrames({
    address: code.address,
    content: code.content,
    labels: [...labels].sort((a, b) => a - b),
    bottoms: [linked.entry],
  });
  return addSection(linked.file, ".debug_frame", frames, 4);
}
