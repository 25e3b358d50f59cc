/**
 * What compiled code knows of addresses: which are near one that it has looked up in the translation tables already.
 * The frame of a routine, the fields of a structure and what PUSH and POP pass by are addresses so many bytes from the
 * same value of a register, and mostly in one page. The first access of such a *span* looks up the page for all that
 * follow on its way, as far as the code that they are in is only come to through it; these then need no check of their
 * own. Where a span reaches into the next page, its first access takes the slow path.
 */
import type { DecodedInstruction } from "../cpu/instruction.ts";
import { EBP, ESP, ZERO } from "../cpu/layout.ts";
import { immediateOf, registerOf } from "../cpu/operands.ts";
import { MODE_STACK32 } from "../cpu/state.ts";
import { PAGE_BYTES } from "../state/pages.ts";
import type { AccessKind } from "./access.ts";

/** Bytes of a span at most. A longer one has more neighbours, and reaches into the next page more often. */
const SPAN_BYTES = 128;
/** Spans that are known at the same time; each takes a local. */
const MOST_SPANS = 6;
const REGISTER_COUNT = 8;

/** A register's content: a value that nothing is known of, by its number, and what was added to it. */
export interface Value {
  readonly id: number;
  readonly offset: number;
}

/** Where an access is: so many bytes from what registers held at some time. */
export interface Place {
  /** Names what the offset is counted from. */
  readonly from: string;
  readonly offset: number;
  /** Bytes of a span there at most. */
  readonly most: number;
}

/** Addresses from `low` to before `high`, as offsets from the same, of which the first access looked up the page. */
export interface Span {
  /** Of the first access. */
  readonly place: Place;
  /** Holds where the first access is in the machine's memory, less `place.most`. */
  readonly local: number;
  /** Of code that is run as a whole: what is written in it may be asked for at its first access. */
  readonly block: unknown;
  low: number;
  high: number;
  isRead: boolean;
  isWritten: boolean;
  hasOthers: boolean;
}

/** What is known at one place of the code. */
export interface Knowledge {
  readonly values: readonly Value[];
  /** By local, the longest unused first. */
  readonly spans: readonly Span[];
}

export class Spans {
  /** The block that accesses belong to. */
  block: unknown = null;
  #values: Value[] = [];
  #spans: Span[] = [];
  #lastId = 0;
  readonly #locals: number[] = [];
  readonly #newLocal: () => number;
  /**
   * Names of what offsets are counted from where each access looks its page up: one there often takes the slow path.
   */
  readonly #left = new Set<string>();

  constructor(newLocal: () => number) {
    this.#newLocal = newLocal;
    this.beginAnew();
  }

  get knowledge(): Knowledge {
    return { values: [...this.#values], spans: [...this.#spans] };
  }

  set knowledge({ values, spans }: Knowledge) {
    this.#values = [...values];
    this.#spans = [...spans];
  }

  /** Nothing is known at a place that is come to in several ways. */
  beginAnew(): void {
    this.forget();
    for (let register = 0; register < REGISTER_COUNT; register++) this.changed(register);
  }

  /** Translation tables may have changed. */
  forget(): void {
    this.#spans = [];
  }

  changed(register: number): void {
    this.#values[register] = { id: ++this.#lastId, offset: 0 };
  }

  /** Emits an instruction, after which some registers may hold what others held before it and so much more. */
  across(insn: DecodedInstruction, emit: () => void): void {
    const after = relationsOf(insn).map(([register, source, delta]): readonly [number, Value] => {
      const { id, offset } = this.#values[source]!;
      return [register, { id, offset: (offset + delta) | 0 }];
    });
    emit();
    for (const [register, value] of after) this.#values[register] = value;
  }

  /** Where base, index and displacement lead to, ZERO being neither of both. Null for what lies in two pages. */
  place(base: number, index: number, scale: number, displacement: number, sizeBytes: number): Place | null {
    // All of the page at hand, whose end nothing passes.
    if (base === ZERO && index === ZERO) {
      const offset = displacement & (PAGE_BYTES - 1);
      return offset + sizeBytes > PAGE_BYTES ? null : { from: `page ${displacement >>> 12}`, offset, most: PAGE_BYTES };
    }
    const first = base === ZERO ? NO_VALUE : this.#values[base]!;
    const second = index === ZERO ? NO_VALUE : this.#values[index]!;
    return {
      from: `${first.id} ${second.id} ${scale}`,
      offset: (first.offset + (second.offset << scale) + displacement) | 0,
      most: SPAN_BYTES,
    };
  }

  /** Each access so near to this one looks its page up by itself. */
  leave({ from }: Place): void {
    this.#left.add(from);
    this.#spans = this.#spans.filter((span) => span.place.from !== from);
  }

  isLeft({ from }: Place): boolean {
    return this.#left.has(from);
  }

  /** The span that an access is in, which may grow by it; or null. */
  find({ from, offset, most }: Place, sizeBytes: number, kind: AccessKind): Span | null {
    const at = this.#spans.findIndex((span) => {
      const isNear =
        span.place.from === from && Math.max(span.high, offset + sizeBytes) - Math.min(span.low, offset) <= most;
      return isNear && (kind === "read" || span.isWritten || span.block === this.block);
    });
    const span = this.#spans[at];
    if (span === undefined) return null;
    this.#spans.splice(at, 1);
    this.#spans.push(span);
    span.low = Math.min(span.low, offset);
    span.high = Math.max(span.high, offset + sizeBytes);
    span.isRead ||= kind !== "write";
    span.isWritten ||= kind !== "read";
    span.hasOthers = true;
    return span;
  }

  /** Begins one with an access. */
  begin(place: Place, sizeBytes: number, kind: AccessKind): Span {
    if (this.#spans.length === MOST_SPANS) this.#spans.shift();
    const taken = new Set(this.#spans.map(({ local }) => local));
    let local = this.#locals.find((free) => !taken.has(free));
    if (local === undefined) this.#locals.push((local = this.#newLocal()));
    const span: Span = {
      place,
      local,
      block: this.block,
      low: place.offset,
      high: place.offset + sizeBytes,
      isRead: kind !== "write",
      isWritten: kind !== "read",
      hasOthers: false,
    };
    this.#spans.push(span);
    return span;
  }
}

/** Of an address without a base or an index. */
const NO_VALUE: Value = { id: 0, offset: 0 };

type Relation = readonly [register: number, source: number, delta: number];

/** Registers that hold, after an instruction, what one held before it and so much more. */
function relationsOf(insn: DecodedInstruction): readonly Relation[] {
  const { form, size, mode } = insn;
  if (size !== 32) return [];
  const operand = (k: number): number => registerOf(insn, k);
  const onStack = (delta: number, source = ESP): readonly Relation[] =>
    (mode & MODE_STACK32) === 0 ? [] : [[ESP, source, delta]];
  const added = (sign: number): readonly Relation[] => {
    const [register, immediate] = [operand(0), immediateOf(insn, 1)];
    return register < 0 || immediate === null ? [] : [[register, register, sign * immediate]];
  };
  switch (form.semantic) {
    case "mov":
      return operand(0) < 0 || operand(1) < 0 ? [] : [[operand(0), operand(1), 0]];
    case "lea":
      return insn.address32 && insn.index === ZERO && insn.base !== ZERO && insn.displacementAt === 0
        ? [[insn.reg, insn.base, insn.displacement]]
        : [];
    case "add":
      return added(1);
    case "sub":
      return added(-1);
    case "inc":
      return operand(0) < 0 ? [] : [[operand(0), operand(0), 1]];
    case "dec":
      return operand(0) < 0 ? [] : [[operand(0), operand(0), -1]];
    case "push":
    case "push_sreg":
    case "call":
      return onStack(-4);
    case "pop":
      return operand(0) < 0 || operand(0) === ESP ? [] : onStack(4);
    case "leave":
      return onStack(4, EBP);
    default:
      return [];
  }
}
