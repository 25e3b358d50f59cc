/**
 * Which faults a line of assembly may get. What an instruction is comes from the bytes that the line was assembled to,
 * decoded by the table of instructions; the fault itself is a changed line, which the assembler has to take.
 */
import { Decoded, decode } from "../../src/isa/decode.ts";
import { REGISTERS } from "../../src/isa/registers.ts";
import { allForms } from "../../src/isa/table/index.ts";
import { lineRowsOf } from "../../src/object/dwarf/line-table.ts";
import type { ElfObject } from "../../src/object/elf-reader.ts";
import type { Mutant } from "./assembly.ts";

/** Names of the conditional instructions by their semantic, then by condition. */
const CONDITIONS = conditionNames();
/** Without these the stack is wrong at once: such a fault says nothing about a test. */
const NEVER_DROPPED: ReadonlySet<string> = new Set(
  "push pop pusha popa pushf popf ret retf iret leave enter nop hlt".split(" "),
);
/** The condition E in an opcode; NE is the one above. */
const CONDITION_EQUAL = 4;
const CARRY: Readonly<Record<string, string>> = { adc: "add", sbb: "sub", clc: "stc", stc: "clc", cmc: "nop" };
/** The other order of their operands does the same, or is no instruction. */
const ORDERLESS: ReadonlySet<string> = new Set(["test", "xchg", "in", "out", "lea"]);
const NARROWER: Readonly<Record<string, string>> = { "dword ptr": "word ptr", "word ptr": "byte ptr" };
const NARROWER_BITS: Readonly<Record<string, number>> = { "word ptr": 16, "byte ptr": 8 };
const OTHER_EXTENSION: Readonly<Record<string, string>> = { movzx: "movsx", movsx: "movzx" };
/** A register is mistaken for one that is near at hand: the next of its size, the stack's left out. */
const REGISTER_RINGS = ["eax ecx edx ebx esi edi ebp", "ax cx dx bx si di bp", "al cl dl bl ah ch dh bh"].map((ring) =>
  ring.split(" "),
);

function conditionNames(): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const byCondition = new Map<string, Map<number, string>>();
  const found: { semantic: string; name: string; condition: number }[] = [];
  for (const form of allForms())
    if (form.condition >= 0) {
      let names = byCondition.get(form.semantic);
      if (!names) byCondition.set(form.semantic, (names = new Map()));
      names.set(form.condition, form.mnemonic32);
      for (const [, name] of form.names) found.push({ semantic: form.semantic, name, condition: form.condition });
    }
  const inverse = new Map<string, Map<string, string>>();
  for (const { semantic, name, condition } of found) {
    let names = inverse.get(semantic);
    if (!names) inverse.set(semantic, (names = new Map()));
    names.set(name, byCondition.get(semantic)!.get(condition ^ 1)!);
  }
  return inverse;
}

/** A line that is one instruction. */
interface InstructionLine {
  readonly file: string;
  readonly line: number;
  /** Label and blanks before the instruction. */
  readonly lead: string;
  readonly prefix: string;
  readonly mnemonic: string;
  readonly operands: readonly string[];
  readonly comment: string;
  readonly bytes: Uint8Array;
  readonly decoded: Decoded;
}

/** The machine code of a linked program. */
export interface Program {
  readonly elf: ElfObject;
  bits(section: string, file: string): 16 | 32;
}

function splitOperands(text: string): string[] {
  const operands: string[] = [];
  let depth = 0;
  let current = "";
  for (const match of text.matchAll(/'(?:\\.|[^\\])'?|"(?:[^"\\]|\\.)*"|./g)) {
    const [part] = match;
    if (part === "[" || part === "(") depth++;
    if (part === "]" || part === ")") depth--;
    if (part === "," && depth === 0) {
      operands.push(current.trim());
      current = "";
    } else current += part;
  }
  if (current.trim() !== "") operands.push(current.trim());
  return operands;
}

function readLine(raw: string): Pick<InstructionLine, "lead" | "prefix" | "mnemonic" | "operands" | "comment"> | null {
  const blanked = raw.replace(/"(?:[^"\\]|\\.)*"|'(?:\\.|[^\\])'?/g, (text) => "_".repeat(text.length));
  const at = blanked.indexOf("#");
  const comment = at < 0 ? "" : raw.slice(at);
  const code = (at < 0 ? raw : raw.slice(0, at)).trimEnd();
  const match = /^((?:\d+:)?\s+)((?:(?:rep\w*|lock|[c-gs]s)\s+)?)([a-z]\w*)\s*(.*)$/.exec(code);
  if (!match) return null;
  const [, lead, prefix, mnemonic, rest] = match as unknown as [string, string, string, string, string];
  return { lead, prefix, mnemonic, operands: splitOperands(rest), comment };
}

/** All lines of `files` that are one instruction in the program. */
export function instructionLines(
  { elf, bits }: Program,
  files: ReadonlySet<string>,
  source: (path: string) => string,
): InstructionLine[] {
  const rows = lineRowsOf(elf);
  const places = new Map<string, { address: number; end: number }[]>();
  rows.forEach((row, index) => {
    if (row.end || !files.has(row.file)) return;
    const end = rows[index + 1]?.address ?? row.address;
    if (end <= row.address) return;
    const key = `${row.file}:${row.line}`;
    const ranges = places.get(key);
    if (ranges) ranges.push({ address: row.address, end });
    else places.set(key, [{ address: row.address, end }]);
  });
  const texts = new Map([...files].map((file) => [file, source(file).split("\n")]));
  const lines: InstructionLine[] = [];
  for (const [key, ranges] of places) {
    const file = key.slice(0, key.lastIndexOf(":"));
    const line = Number(key.slice(file.length + 1));
    const read = readLine(texts.get(file)![line - 1] ?? "");
    if (!read || ranges.length !== 1) continue;
    const [{ address, end }] = ranges as [{ address: number; end: number }];
    const section = elf.sections.find(
      (candidate) =>
        candidate.type === 1 &&
        (candidate.flags & 4) !== 0 &&
        candidate.address <= address &&
        address < candidate.address + candidate.content.length,
    );
    if (!section) continue;
    const bytes = section.content.subarray(address - section.address, end - section.address);
    const decoded = decode(bytes, 0, bits(section.name, file), new Decoded());
    if (!decoded.form || decoded.length !== bytes.length) continue;
    lines.push({ file, line, ...read, bytes, decoded });
  }
  return lines.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

/** Equal or not is all that is asked of a comparison, so its order does not matter. */
function isAskedForEqual(compare: InstructionLine, next: InstructionLine | undefined): boolean {
  const condition = next?.file === compare.file ? (next.decoded.form!.condition ?? -1) : -1;
  return compare.mnemonic === "cmp" && condition >> 1 === CONDITION_EQUAL >> 1;
}

/** A test of bits that all lie below the narrower operand's sign is the same test. */
function isTestedBelow({ mnemonic, decoded }: InstructionLine, bits: number): boolean {
  return mnemonic === "test" && decoded.immediate > 0 && decoded.immediate < 2 ** (bits - 1);
}

/** Every fault that the line at `index` may get. */
export function mutantsOf(line: InstructionLine, index: number, lines: readonly InstructionLine[]): Mutant[] {
  const { file, lead, prefix, mnemonic, operands, comment, bytes, decoded } = line;
  const form = decoded.form!;
  const mutants: Mutant[] = [];
  const spell = (name: string, list: readonly string[]): string =>
    `${prefix}${name}${list.length > 0 ? `${" ".repeat(Math.max(1, 8 - prefix.length - name.length))}${list.join(", ")}` : ""}`;
  const before = spell(mnemonic, operands);
  const add = (operator: string, after: string): void => {
    if (after !== before)
      mutants.push({ file, line: line.line, operator, before, after: `${lead}${after}${comment && `  ${comment}`}` });
  };
  const inverse = CONDITIONS.get(form.semantic)?.get(mnemonic);
  if (inverse !== undefined) add("condition inverted", spell(inverse, operands));
  if (mnemonic in CARRY) add("carry forgotten", spell(CARRY[mnemonic]!, operands));
  if (!NEVER_DROPPED.has(form.semantic) && !NEVER_DROPPED.has(mnemonic))
    add(form.semantic.startsWith("call") ? "call dropped" : "instruction dropped", `.fill   ${bytes.length}, 1, 0x90`);
  const immediate = form.operands.findIndex(({ field }) => field === "immediate");
  if (immediate >= 0 && immediate === operands.length - 1 && !/\boffset\b/.test(operands[immediate]!)) {
    const others = operands.slice(0, -1);
    for (const change of ["+ 1", "- 1"])
      add(`immediate ${change}`, spell(mnemonic, [...others, `(${operands[immediate]!}) ${change}`]));
  }
  const isOrderless =
    ORDERLESS.has(form.semantic) || ORDERLESS.has(mnemonic) || isAskedForEqual(line, lines[index + 1]);
  if (operands.length === 2 && immediate < 0 && !isOrderless)
    add("operands swapped", spell(mnemonic, [operands[1]!, operands[0]!]));
  operands.forEach((operand, index) => {
    for (const [wide, narrow] of Object.entries(NARROWER))
      if (operand.startsWith(wide) && !isTestedBelow(line, NARROWER_BITS[narrow]!))
        add("width wrong", spell(mnemonic, operands.with(index, operand.replace(wide, narrow))));
    const register = REGISTERS.get(operand);
    const ring = register && REGISTER_RINGS.find((names) => names.includes(register.name));
    if (ring && !["push", "pop"].includes(form.semantic) && !form.operands[index]?.field.startsWith("fixed"))
      add("register wrong", spell(mnemonic, operands.with(index, ring[(ring.indexOf(operand) + 1) % ring.length]!)));
  });
  if (mnemonic in OTHER_EXTENSION) add("width wrong", spell(OTHER_EXTENSION[mnemonic]!, operands));
  return mutants;
}
