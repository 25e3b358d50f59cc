/**
 * Random cases for states.s: one instruction or a few, the registers they begin with, and the world they run in: ring
 * or virtual-8086 mode, width of the code, segments, page tables.
 */

import type { Random } from "../../../emulator/state/random.ts";
import type { Form } from "../../../src/isa/form.ts";
import { processorForms } from "../../../src/isa/table/processor.ts";
import type { EncodingOptions } from "./random-instructions.ts";
import { isString, randomInstruction } from "./random-instructions.ts";
import {
  readsFlags,
  SYSTEM_TESTABLE,
  TESTABLE,
  UNDEFINED_FLAGS,
  USER_TESTABLE,
  writesFlags,
} from "./testable-forms.ts";

export type Kind = "ring0" | "ring3" | "virtual8086";

export interface Case {
  readonly kind: Kind;
  readonly code16: boolean;
  /**
   * Its segments have limits and rights that count, which QEMU does not look at; or QEMU is known to differ in
   * something else.
   */
  readonly checked: boolean;
  readonly instructions: readonly { readonly form: Form; readonly code: readonly number[] }[];
  /** EAX ECX EDX EBX ESP EBP ESI EDI. */
  readonly registers: readonly number[];
  readonly eflags: number;
  readonly cs: number;
  /** ES SS DS FS GS. */
  readonly selectors: readonly number[];
  /** Page-table entries of the two pages of the data. */
  readonly pages: readonly [number, number];
  /** What of CR0 is set: PG, WP, AM. */
  readonly cr0: number;
}

export interface Outcome {
  readonly vector: number;
  readonly errorCode: number;
  /** Relative to the code. */
  readonly eip: number;
  readonly eflags: number;
  readonly registers: readonly number[];
  /** All 18 dwords, the ones above among them, then the two sums. */
  readonly all: readonly number[];
}

const INPUT_ADDRESS = 0x200000;
const HEADER_BYTES = 0x200;
const CASE_BYTES = 128;
const CODE_OFFSET = 72;
const CODE_BYTES = CASE_BYTES - CODE_OFFSET;
const LOW_CODE = 0xa000;
const DATA = 0x9000;
const STACK = 0x7e00;
/** INT3s as far as here, whatever the paragraph. */
const LANDING = 0xa100;
const INT3 = 0xcc;
export const OUTCOME_DWORDS = 18;

const PG = 0x80000000;
const WP = 0x10000;
const AM = 0x40000;
const TF = 0x100;
const IF = 0x200;
const DF = 0x400;
const IOPL3 = 0x3000;
const NT = 0x4000;
const VM = 0x20000;
const AC = 0x40000;
/** CF PF AF ZF SF OF. */
const ARITHMETIC = 0x8d5;
const RF = 0x10000;

/**
 * Segments by name, in the order of their descriptors from selector 8 on: base, limit, access byte, upper four bits (G,
 * D/B).
 */
const SEGMENTS = {
  code0: [0, 0xfffff, 0x9b, 0xc],
  data0: [0, 0xfffff, 0x93, 0xc],
  code3: [0, 0xfffff, 0xfb, 0xc],
  data3: [0, 0xfffff, 0xf3, 0xc],
  tss: [0, 0x20ff, 0x89, 0x0],
  code0Low: [0, 0xffff, 0x9b, 0x0],
  code3Low: [0, 0xffff, 0xfb, 0x0],
  data0Low: [0, 0xffff, 0x93, 0x0],
  data3Low: [0, 0xffff, 0xf3, 0x0],
  short: [0, 0x9007, 0xf3, 0x4],
  expandDown: [0, 0x8ff6, 0xf7, 0x4],
  expandDownLow: [0, 0x8ff6, 0xf7, 0x0],
  readOnly: [0, 0xfffff, 0xf1, 0xc],
  executeOnly: [0, 0xfffff, 0xf9, 0xc],
  conforming3: [0, 0xfffff, 0xff, 0xc],
  absent: [0, 0xfffff, 0x73, 0xc],
  shifted: [0x10, 0xfffff, 0xf3, 0xc],
  wrapped: [0xfffff000, 0xfffff, 0xf3, 0xc],
  conforming0: [0, 0xfffff, 0x9f, 0xc],
  system: [0, 0xffff, 0x80, 0x0],
  shortStack: [0, 0x7f2b, 0xf3, 0x4],
  expandDownStack: [0, 0x7e1f, 0xf7, 0x4],
  fresh: [0, 0xfffff, 0xf2, 0xc],
  // Call gates: selector and number of parameters stand where others have their base, the offset where they have their
  // limit.
  gate: [0x20008, LANDING, 0xec, 0],
  gateLow: [0x10008, LANDING, 0xe4, 0],
  gateConforming: [0x00098, LANDING, 0xec, 0],
  gateOuter: [0x0001b, LANDING, 0xec, 0],
  gateAbsent: [0x00008, LANDING, 0x6c, 0],
  gateRing0: [0x00008, LANDING, 0x8c, 0],
} as const satisfies Record<string, readonly [number, number, number, number]>;

type SegmentName = keyof typeof SEGMENTS;
const NAMES = Object.keys(SEGMENTS) as SegmentName[];

const selector = (name: SegmentName, rpl: number): number => 8 * (NAMES.indexOf(name) + 1) + rpl;

/** Selectors that instructions may load: all of them, null, and some outside the table. */
const LOADABLE: readonly number[] = [
  0,
  1,
  3,
  0x100,
  0xfffc,
  0x0c,
  ...NAMES.flatMap((name) => [selector(name, 0), selector(name, 3)]),
].filter((value) => value >> 3 !== 5);

/** What virtual-8086 code may load. */
const PARAGRAPHS: readonly number[] = [0, 0x10, 0x21];

const DATA_SEGMENTS: readonly SegmentName[] = ["data3", "data3Low", "shifted", "wrapped"];
const CHECKED_SEGMENTS: readonly SegmentName[] = [
  "data3",
  "short",
  "expandDown",
  "expandDownLow",
  "readOnly",
  "conforming3",
  "code3",
  "shifted",
  "wrapped",
];

const PAGE_FLAGS = [7, 7, 7, 0x67, 5, 0x25, 3, 1, 6, 0] as const;

function dataSelectors(random: Random, checked: boolean): [number, number, number, number] {
  const flat = !checked && random.below(2) === 0;
  const pick = (): number => {
    if (flat) return selector("data3", 3);
    return checked && random.below(16) === 0 ? 0 : selector(random.pick(checked ? CHECKED_SEGMENTS : DATA_SEGMENTS), 3);
  };
  return [pick(), pick(), pick(), pick()];
}

function world(random: Random): Pick<Case, "kind" | "code16" | "checked" | "cs" | "selectors" | "pages" | "cr0"> {
  const kind: Kind = random.pick(["ring0", "ring0", "ring0", "ring3", "ring3", "virtual8086"]);
  const code16 = kind === "virtual8086" || random.below(6) === 0;
  const paged = random.below(3) === 0;
  const first = random.pick(PAGE_FLAGS);
  // An operand across both pages that is read and then written: QEMU reads all of it before it writes, and faults on
  // the other page.
  const second = (first & 3) === 1 ? 7 : random.pick(PAGE_FLAGS);
  const swapped = random.below(4) === 0;
  const checked = kind !== "virtual8086" && random.below(4) === 0;
  const rest = {
    kind,
    code16,
    checked,
    pages: (paged ? [first | (swapped ? 0x9000 : 0x8000), second | (swapped ? 0x8000 : 0x9000)] : [0x8007, 0x9007]) as [
      number,
      number,
    ],
    cr0: (paged ? (random.below(2) === 0 ? PG | WP : PG) : 0) | (checked && random.below(2) === 0 ? AM : 0),
  };
  if (kind === "virtual8086") {
    const paragraph = (): number => random.pick(PARAGRAPHS);
    return { ...rest, cs: LOW_CODE >> 4, selectors: [paragraph(), 0, paragraph(), paragraph(), paragraph()] };
  }
  const [es, ds, fs, gs] = dataSelectors(random, checked);
  if (kind === "ring0") {
    const ss = selector(random.below(4) === 0 ? "data0Low" : "data0", 0);
    return { ...rest, cs: selector(code16 ? "code0Low" : "code0", 0), selectors: [es, ss, ds, fs, gs] };
  }
  const ss = selector(
    random.pick(checked ? ["data3", "shortStack", "expandDownStack"] : ["data3", "data3", "data3Low"]),
    3,
  );
  return { ...rest, cs: selector(code16 ? "code3Low" : "code3", 3), selectors: [es, ss, ds, fs, gs] };
}

const only = (matches: (form: Form) => boolean): Form[] =>
  processorForms().filter((form) => !form.encodeOnly && matches(form));
const PUSH = only(({ semantic, opcode, map }) => semantic === "push" && map === 0 && opcode === 0x68)[0]!;
const RETURNS: readonly Form[] = only(({ semantic }) => semantic === "iret" || semantic === "retf");

const FORMS: Readonly<Record<Kind, readonly Form[]>> = {
  ring0: TESTABLE.concat(SYSTEM_TESTABLE),
  ring3: TESTABLE.concat(SYSTEM_TESTABLE, USER_TESTABLE),
  virtual8086: TESTABLE.concat(SYSTEM_TESTABLE, USER_TESTABLE),
};

const SEGMENT_LOADS = new Set(["mov_to_sreg", "pop_sreg", "lds", "les", "lfs", "lgs", "lss"]);

/** Loads of SS replace the stack on which ring 0 takes its exceptions. */
function losesStack(form: Form): boolean {
  return form.semantic === "lss" || (form.semantic === "pop_sreg" && form.operands[0]!.fixed === 2);
}

/** A further instruction of a sequence: it must not depend on what is undefined, and goes straight on. */
function mayFollow(form: Form, undefinedFlags: number): boolean {
  if (isString(form) || form.operands.some(({ field }) => field === "relative" || field === "far")) return false;
  if (["popa", "xlat", "enter", "leave", "popf", "pushf", "mov_to_sreg", "pop_sreg"].includes(form.semantic))
    return false;
  return (readsFlags(form) & undefinedFlags) === 0;
}

/** Whether an instruction may have others after it: it goes straight on, and addresses are what they were. */
function mayLead(form: Form, { kind, checked }: Pick<Case, "kind" | "checked">): boolean {
  if ((kind === "virtual8086" || !checked) && SEGMENT_LOADS.has(form.semantic)) return false;
  return (
    !form.operands.some(({ field }) => field === "relative" || field === "far") &&
    !["popa", "leave", "enter"].includes(form.semantic)
  );
}

/** IRET or RETF after pushes of a frame that may be good. */
function returnCase(random: Random): Case {
  const where = world(random);
  const { kind, code16 } = where;
  const options: EncodingOptions = {
    data: DATA,
    stack: STACK,
    landing: LANDING,
    code16,
    leads: true,
    follows: false,
    selectors: LOADABLE,
  };
  const form = random.pick(RETURNS);
  const size16 = random.below(3) === 0;
  const push = (value: number): Case["instructions"][number] => ({
    form: PUSH,
    code: [
      ...(size16 === code16 ? [] : [0x66]),
      0x68,
      value & 0xff,
      (value >>> 8) & 0xff,
      ...(size16 ? [] : [(value >>> 16) & 0xff, value >>> 24]),
    ],
  });
  const toVirtual = form.semantic === "iret" && kind === "ring0" && !size16 && random.below(4) === 0;
  let eflags = 2 | (random.u32() & (ARITHMETIC | IF | IOPL3 | AC | DF));
  if (toVirtual) eflags |= VM;
  if (random.below(16) === 0) eflags |= NT;
  const codeSegment = (): number => {
    if (toVirtual || kind === "virtual8086") return random.pick(PARAGRAPHS);
    return random.below(3) === 0
      ? random.pick(LOADABLE)
      : selector(
          random.pick(["code0", "code3", "code3Low", "conforming0", "conforming3"]),
          random.pick([0, 0, 3, 3, 1]),
        );
  };
  const stackSegment = (): number =>
    random.below(3) === 0
      ? random.pick(LOADABLE)
      : selector(random.pick(["data0", "data3", "data3Low"]), random.pick([0, 3]));
  const outerStack = stackSegment();
  const frame = [STACK + 64, outerStack];
  if (toVirtual) frame.splice(1, 1, ...Array.from({ length: 5 }, () => random.pick(PARAGRAPHS)));
  const parameters = form.operands.length > 0 ? 4 * random.below(3) : 0;
  // Parameters of RETF lie between the return address and the outer stack pointer: the words of the frame stand for
  // them.
  const values = [
    ...frame.reverse(),
    ...(form.semantic === "iret" ? [eflags] : []),
    codeSegment(),
    LANDING + random.below(0x800),
  ];
  const last = {
    form,
    code: [...(size16 === code16 ? [] : [0x66]), form.opcode, ...(form.operands.length > 0 ? [parameters, 0] : [])],
  };
  const { registers } = randomInstruction(random, PUSH, options);
  return {
    ...where,
    checked: where.checked || outerStack >> 3 === NAMES.indexOf("absent") + 1,
    registers: kind === "virtual8086" ? registers.map((value) => value & 0xffff) : registers,
    eflags: 2 | (random.u32() & ARITHMETIC) | (kind === "ring3" ? 0 : IOPL3),
    instructions: [...values.map(push), last],
  };
}

/** One case. `form`: its first instruction, where the kind of world has it. */
export function randomCase(random: Random, form: Form | null): Case {
  if (form === null && random.below(16) === 0) return returnCase(random);
  let where = world(random);
  while (form !== null && !FORMS[where.kind].includes(form)) where = world(random);
  const { kind, code16 } = where;
  const options: EncodingOptions = {
    data: DATA,
    stack: STACK,
    landing: LANDING,
    code16,
    leads: false,
    follows: false,
    selectors: kind === "virtual8086" ? PARAGRAPHS : LOADABLE,
  };
  let first = form ?? random.pick(FORMS[kind]);
  while (kind === "ring0" && losesStack(first)) first = random.pick(FORMS[kind]);
  const leads = mayLead(first, where) && random.below(2) === 0;
  let head = randomInstruction(random, first, { ...options, leads });
  // MOV to SS likewise.
  while (
    kind === "ring0" &&
    first.semantic === "mov_to_sreg" &&
    ((head.code[head.code.indexOf(0x8e) + 1]! >> 3) & 7) === 2
  )
    head = randomInstruction(random, first, { ...options, leads });
  const instructions: Case["instructions"][number][] = [head];
  let length = head.code.length;
  let undefinedFlags = UNDEFINED_FLAGS[first.semantic] ?? 0;
  if (leads) {
    for (let count = 1 + random.below(4); count > 0; count--) {
      const next = random.pick(FORMS[kind]);
      if (!mayFollow(next, undefinedFlags) || (kind === "ring0" && losesStack(next))) continue;
      const { code } = randomInstruction(random, next, { ...options, follows: true });
      if (length + code.length > CODE_BYTES - 12) break;
      instructions.push({ form: next, code });
      length += code.length;
      undefinedFlags = (undefinedFlags & ~writesFlags(next)) | (UNDEFINED_FLAGS[next.semantic] ?? 0);
      if (!mayLead(next, where)) break;
    }
  }
  let eflags = 2 | (random.u32() & ARITHMETIC);
  if (instructions.some(({ form: one }) => isString(one)) ? random.below(2) === 0 : random.below(8) === 0) eflags |= DF;
  if (random.below(4) === 0) eflags |= IF;
  if (random.below(16) === 0) eflags |= NT;
  if ((where.cr0 & AM) !== 0 || random.below(16) === 0) eflags |= AC;
  if (kind !== "ring3" && random.below(2) === 0) eflags |= IOPL3;
  // In ring 0 the trap would come before the case.
  if (kind !== "ring0" && random.below(12) === 0) eflags |= TF;
  const registers =
    kind === "virtual8086"
      ? head.registers.map((value, i) => (i === 4 || i === 5 || i === 3 || i >= 6 ? value & 0xffff : value))
      : head.registers;
  const traps = (eflags & TF) !== 0 || instructions.some(({ form: one }) => one.semantic === "popf");
  const checked =
    where.checked || instructions.some((instruction, i) => isDifferentInQemu(instruction, i > 0, where, traps));
  return { ...where, checked, instructions, registers, eflags };
}

/** Where QEMU is known to differ (docs/cpu.md): its answer is not asked for. */
function isDifferentInQemu(
  { form, code }: Case["instructions"][number],
  follows: boolean,
  { code16, cr0 }: Pick<Case, "code16" | "cr0">,
  traps: boolean,
): boolean {
  switch (form.semantic) {
    case "push_sreg":
      return code.includes(0x66) === code16;
    // MOV SS and POP SS hold a trap back, LSS and STI do not (SDM 3A 6.8.3).
    case "lss":
    case "sti":
      return traps;
    case "nop":
      return traps && code.includes(0xf3);
    case "cmpxchg8b":
      return follows;
    case "call_far":
      return (code.at(-2)! | (code.at(-1)! << 8)) >> 3 === NAMES.indexOf("gateConforming") + 1;
    case "setcc":
      return follows && cr0 !== 0;
    case "arpl":
    case "rcl":
    case "rcr":
    case "cmps":
      return cr0 !== 0;
    case "ins":
    case "outs":
      return form.repeat !== "none";
    default:
      return false;
  }
}

/** The flags that both machines must agree about after a case, wherever it ends. */
function definedFlags({ instructions }: Case): number {
  let mask = ~RF;
  for (const { form } of instructions) mask &= ~(UNDEFINED_FLAGS[form.semantic] ?? 0);
  return mask;
}

function descriptorBytes([base, limit, access, upper]: readonly [number, number, number, number]): number[] {
  return [
    limit & 0xff,
    (limit >> 8) & 0xff,
    base & 0xff,
    (base >> 8) & 0xff,
    (base >> 16) & 0xff,
    access,
    (upper << 4) | (limit >> 16),
    base >>> 24,
  ];
}

const KIND_NUMBERS: Readonly<Record<Kind, number>> = { ring0: 0, ring3: 1, virtual8086: 2 };

/** The input of states.s; `full` asks for states besides sums. */
export function packCases(cases: readonly Case[], full: boolean): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + cases.length * CASE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cases.length, true);
  view.setUint32(4, full ? 1 : 0, true);
  NAMES.forEach((name, i) => bytes.set(descriptorBytes(SEGMENTS[name]), 8 + 8 * (i + 1)));
  cases.forEach((one, i) => {
    const at = HEADER_BYTES + i * CASE_BYTES;
    one.registers.forEach((value, register) => view.setUint32(at + 4 * register, value, true));
    view.setUint32(at + 32, one.eflags, true);
    bytes[at + 36] = KIND_NUMBERS[one.kind] | (one.code16 ? 0x80 : 0);
    view.setUint16(at + 38, one.cs, true);
    one.selectors.forEach((value, segment) => view.setUint16(at + 40 + 2 * segment, value, true));
    one.pages.forEach((value, page) => view.setUint32(at + 52 + 4 * page, value, true));
    view.setUint32(at + 60, one.cr0, true);
    view.setUint32(at + 64, definedFlags(one), true);
    view.setUint32(
      at + 68,
      one.kind === "virtual8086" ? 0 : one.code16 ? LOW_CODE : INPUT_ADDRESS + at + CODE_OFFSET,
      true,
    );
    bytes.fill(INT3, at + CODE_OFFSET, at + CASE_BYTES);
    bytes.set(
      one.instructions.flatMap(({ code }) => code),
      at + CODE_OFFSET,
    );
  });
  return bytes;
}

/** The output in full mode. */
export function unpackOutcomes(bytes: Uint8Array): Outcome[] {
  const stride = 4 * (OUTCOME_DWORDS + 2);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: Math.floor(bytes.length / stride) }, (_, i) => {
    const all = Array.from({ length: OUTCOME_DWORDS + 2 }, (_unused, slot) =>
      view.getUint32(i * stride + 4 * slot, true),
    );
    return { vector: all[0]!, errorCode: all[1]!, eip: all[2]!, eflags: all[3]!, registers: all.slice(4, 12), all };
  });
}
