/**
 * Random machine code, and how it is put together: instructions of any kind, changes of page tables, and accesses near
 * one another.
 */
import type { Random } from "../../../emulator/state/random.ts";
import { Decoded, decode } from "../../../src/isa/decode.ts";
import type { Form } from "../../../src/isa/form.ts";
import { randomInstruction as instructionOf } from "../cpu/random-instructions.ts";
import { TESTABLE } from "../cpu/testable-forms.ts";

export const PAGE_DIRECTORY = 0x5000;
export const PAGE_TABLE = 0x6000;
/** A second directory and its table, right after: scratch pages lie elsewhere in it. */
export const OTHER_DIRECTORY = 0xa000;
/** Where the program is. */
export const CODE = 0x120000;
export const HIGH_SCRATCH = 0x200000;
export const COUNTERS = 0x9f80;

export interface WorldOptions {
  readonly paged: boolean;
  readonly user: boolean;
  /** DS and ES with a base and a limit. */
  readonly segmented: boolean;
  /** Code segments end here, at the end of a page; code of other limits shares nothing. */
  readonly codeLimit?: number;
  /** Page tables put the program here, too, and it begins here: a page's address. */
  readonly codeAt?: number;
  /** A second processor counts meanwhile, in real mode. */
  readonly hasSecond?: boolean;
}

/** The program keeps the stack in order itself. */
const STACK_FORMS = new Set(["push", "pop", "pushf", "pusha", "enter", "leave", "push_sreg"]);
const FORMS: readonly Form[] = TESTABLE.filter(
  ({ operands, semantic }) => !operands.some(({ field }) => field === "relative") && !STACK_FORMS.has(semantic),
);

/** Assembles the few instructions that hold a program together. */
export class Writer {
  readonly bytes: number[] = [];
  readonly #base: number;
  constructor(base: number) {
    this.#base = base;
  }
  get here(): number {
    return this.#base + this.bytes.length;
  }
  put(...bytes: number[]): void {
    this.bytes.push(...bytes);
  }
  dword(value: number): void {
    this.put(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
  }
  moveImmediate(register: number, value: number): void {
    this.put(0xb8 + register);
    this.dword(value);
  }
  branch(opcode: readonly number[], target: number): void {
    this.put(...opcode);
    this.dword(target - (this.here + 4));
  }
  patch(at: number, target: number): void {
    const value = target - (this.#base + at + 4);
    for (let i = 0; i < 4; i++) this.bytes[at + i] = (value >>> (8 * i)) & 0xff;
  }
}

/** Somewhere to point to: mostly scratch, sometimes the end of a page, the program itself, a device, nowhere. */
function pointer(random: Random, code: number): number {
  switch (random.below(12)) {
    case 0:
      return HIGH_SCRATCH + 0x1000 * (1 + random.below(8)) - 0x40 + random.below(64);
    case 1:
      return random.below(4) === 0 ? code + random.below(2048) : HIGH_SCRATCH + random.below(4096);
    case 2:
      return random.below(3) === 0 ? 0xb8000 + random.below(4096) : 0x9000 - 0x40 + random.below(64);
    case 3:
      return random.below(3) === 0 ? random.u32() : HIGH_SCRATCH + random.below(0x10000);
    case 4:
    case 5:
    case 6:
      return 0x8100 + random.below(0x400);
    default:
      return HIGH_SCRATCH + random.below(0x8000);
  }
}

const decoded = new Decoded();
/** The decoder looks at as many bytes as an instruction can have. */
const PADDING = new Array<number>(15).fill(0);

function randomInstruction(random: Random): number[] {
  for (;;) {
    const { code } = instructionOf(random, random.pick(FORMS));
    decode(Uint8Array.from([...code, ...PADDING]), 0, 32, decoded);
    if (decoded.form !== null && decoded.length === code.length) return [...code];
  }
}

export function straight(random: Random, out: Writer, count: number): void {
  for (let i = 0; i < count; i++) {
    if (random.below(4) === 0) out.moveImmediate(random.pick([3, 6, 7, 5]), pointer(random, CODE));
    if (random.below(8) === 0) out.moveImmediate(1, random.below(12));
    out.put(...randomInstruction(random));
  }
}

/**
 * A page-table entry as scratch pages have them: they trade places, are read-only, not present or the supervisor's now
 * and then.
 */
export function scratchEntry(random: Random): number {
  return (((HIGH_SCRATCH >>> 12) + random.below(12)) << 12) | random.pick([7, 7, 7, 7, 5, 3, 6]);
}

/**
 * Loads CR3, with the same directory or the other one, or changes an entry of a table and says so by INVLPG or by
 * loading CR3.
 */
export function changeTables(random: Random, out: Writer): void {
  const load = (): void => {
    if (random.below(2) === 0) out.put(0x0f, 0x20, 0xd8);
    else out.moveImmediate(0, random.pick([PAGE_DIRECTORY, OTHER_DIRECTORY]));
    out.put(0x0f, 0x22, 0xd8);
  };
  if (random.below(2) === 0) {
    load();
    return;
  }
  if (random.below(4) === 0) {
    // The directory's own entry: only its marks go.
    const directory = random.pick([PAGE_DIRECTORY, OTHER_DIRECTORY]);
    out.put(0x36, 0xc7, 0x05);
    out.dword(directory);
    out.dword((directory + 0x1000) | 7);
    load();
    return;
  }
  const page = (HIGH_SCRATCH >>> 12) + random.below(9);
  out.put(0x36, 0xc7, 0x05);
  out.dword(random.pick([PAGE_TABLE, OTHER_DIRECTORY + 0x1000]) + 4 * page);
  out.dword(scratchEntry(random));
  if (random.below(2) === 0) load();
  else {
    out.put(0x36, 0x0f, 0x01, 0x3d);
    out.dword(page << 12);
  }
}

/** A page's entry is another one, which INVLPG says, or its marks are taken away, which nobody says. */
function changeEntry(random: Random, out: Writer, page: number): void {
  const entry = PAGE_TABLE + 4 * (page >>> 12);
  if (random.below(2) === 0) {
    out.put(0x36, 0x80, 0x25);
    out.dword(entry);
    out.put(random.pick([0x9f, 0xdf, 0xbf]));
    return;
  }
  out.put(0x36, 0xc7, 0x05);
  out.dword(entry);
  out.dword(scratchEntry(random));
  out.put(0x36, 0x0f, 0x01, 0x3d);
  out.dword(page);
}

/**
 * Accesses close to where a register points, mostly across the end of a page, as those to a routine's frame and to
 * a structure's fields are: with PUSH and POP, while the register moves by what is known, and where some of them are
 * jumped over.
 */
export function near(random: Random, out: Writer, options: WorldOptions, again: number): void {
  const [base, other] = random.pick([
    [3, 6],
    [5, 7],
    [6, 5],
    [7, 3],
  ] as const);
  const page = HIGH_SCRATCH + 0x1000 * random.below(9);
  const codeEnd = CODE + 0xf80;
  out.moveImmediate(
    base,
    random.pick([
      pointer(random, CODE),
      codeEnd + random.below(0x60),
      ...Array(6).fill(page - 0x48 + random.below(0x90)),
    ]),
  );
  /** Somewhere in a page, or at its end. */
  const within = (): number => page + (random.below(2) === 0 ? random.below(0x1000) : 0xff0 + random.below(16));
  let pushed = 0;
  let skipAt = 0;
  const count = 6 + random.below(12);
  for (let i = 0; i < count; i++) {
    const distance = (random.below(4) === 0 ? random.below(0x100) : random.below(0x40)) & 0xff;
    const register = random.pick([0, 1, 2]);
    /** ModRM of a register and [base + distance]. */
    const operand = [0x40 | (register << 3) | base, distance];
    switch (random.below(14)) {
      case 0:
        out.put(0x36, 0xa1);
        out.dword(within());
        break;
      case 1:
        out.put(0x36, 0x89, 0x05 | (register << 3));
        out.dword(within());
        break;
      case 2:
      case 3:
        // MOV and ADD to memory, and bytes.
        out.put(0x36, random.pick([0x89, 0x89, 0x01, 0x88]), ...operand);
        break;
      case 4:
        out.put(0x50 + random.pick([0, base]));
        pushed++;
        break;
      case 5:
        if (pushed === 0) break;
        pushed--;
        out.put(0x58 + register);
        break;
      case 6:
        // What the register holds moves: LEA, INC, ADD, MOV there and back.
        out.put(
          ...random.pick([
            [0x8d, 0x40 | (base << 3) | base, distance & 0x3f],
            [0x40 + base],
            [0x83, 0xe8 | base, distance & 0x3f],
            [0x89, 0xc0 | (base << 3) | other, 0x4f, 0x89, 0xc0 | (other << 3) | base],
            [0x01, 0xc8 | base],
          ]),
        );
        break;
      case 7:
        if (skipAt > 0) out.patch(skipAt + 2, out.here);
        skipAt = out.bytes.length;
        out.put(0x0f, 0x80 + random.below(16), 0, 0, 0, 0);
        out.patch(skipAt + 2, out.here);
        break;
      case 8:
        if (!options.paged || options.user) straight(random, out, 1);
        else if (random.below(2) === 0) changeTables(random, out);
        else changeEntry(random, out, page);
        break;
      case 9: {
        // One way ends here.
        out.put(0x0f, 0x80 + random.below(16), 0, 0, 0, 0);
        const at = out.bytes.length - 4;
        out.put(0x83, 0xc0 | base, distance & 0x1f, 0x36, 0x03, ...operand);
        out.branch([0xe9], again);
        out.patch(at, out.here);
        break;
      }
      default:
        out.put(0x36, random.pick([0x8b, 0x8b, 0x03, 0x3b]), ...operand);
    }
  }
  if (skipAt > 0) out.patch(skipAt + 2, out.here);
  out.put(0x83, 0xc4, 4 * pushed);
}
