/**
 * The instruction table for the debugger in the kernel: from the rows of src/isa, as data that are linked into the
 * kernel. asm/include/instruction.inc says what they look like, asm/kernel/instruction.s reads them. Code is 32-bit
 * code, text is Intel's syntax.
 */
import { WITHOUT_OPERANDS } from "../isa/disassemble.ts";
import type { Form, OperandField, OperandPattern } from "../isa/form.ts";
import { isVexMap } from "../isa/form.ts";
import type { RegisterClass } from "../isa/instruction.ts";
import { BOUNDED, RELEASING_STORES } from "../isa/prefixed.ts";
import { REGISTERS_BY_CLASS } from "../isa/registers.ts";
import type { Semantic } from "../isa/semantics.ts";
import { processorForms } from "../isa/table/processor.ts";

/** The source that reads the table: a kernel without it does without the table. */
export const INSTRUCTION_READER = "asm/kernel/instruction.s";

/** Prefix classes that a form takes, one bit each: no prefix, 66, F3, F2. */
const PREFIX_CLASSES = { any: 15, none: 1, [0x66]: 2, [0xf3]: 4, [0xf2]: 8 } as const;
const HAS_MODRM = 0x10;
const IS_MEMORY = 0x20;
const IS_REGISTER = 0x40;
const IS_LAST = 0x80;

const SHAPE = { sized: 1, suffix: 2, descriptor: 4, name16: 8, rep: 16, lockable: 32, bounded: 64, noTrack: 128 };
const PREFIXES = { size: 1, sizeIfRegister: 2, elided: 4, releasing: 8, addressName: 16, moffs: 32 };

const FIELDS: readonly OperandField[] = [
  "reg",
  "rm",
  "opcode",
  "immediate",
  "relative",
  "far",
  "moffs",
  "destination",
  "source",
  "table",
  "fixed",
];
const CLASSES: readonly RegisterClass[] = ["r8", "r16", "r32", "sreg", "creg", "dreg", "treg", "st", "mm", "xmm"];
const REGISTER_BYTES = 6;
const NO_REGISTER = 255;
/** r16 or r32, by the operand size. */
const SIZED_REGISTER = 254;
const MEMORY_KINDS = ["", "sized", "line", "far", "pair", "any", "state", "descriptor"] as const;

const NO_TRACK = new Set<Semantic>(["jmp_indirect", "call_indirect"]);

const isShortBranch = ({ operands }: Form): boolean => operands[0]?.field === "relative" && operands[0].sizeBits === 8;

/** Whether prefix 66 is shown by a suffix. */
const hasSizeSuffix = (form: Form): boolean =>
  form.defaultSize &&
  form.semantic !== "jcc" &&
  !isShortBranch(form) &&
  form.operands.every(
    ({ field, register, memory }) =>
      field !== "far" && register !== "rv" && register !== "r8" && (memory === null || memory === "state"),
  );

const usesSizePrefix = (form: Form): boolean =>
  form.prefix === 0x66 || (form.operandSize === "v" && !isShortBranch(form));

const flags = (table: Readonly<Record<string, number>>, set: Readonly<Record<string, boolean>>): number =>
  Object.entries(set).reduce((sum, [name, isSet]) => sum + (isSet ? table[name]! : 0), 0);

/** Mask and value of the ModRM byte. */
function modrmOf(form: Form): readonly [mask: number, value: number] {
  const isRegister = form.mod === "register" ? 0xc0 : 0;
  switch (form.modrm) {
    case "digit":
      return [0x38 | isRegister, (form.modrmValue << 3) | isRegister];
    case "exact":
      return [0xff, form.modrmValue];
    case "register":
      return [0xf8, form.modrmValue];
    default:
      return [isRegister, isRegister];
  }
}

/**
 * Whether the debugger knows what a form has: no VEX prefix, no fourth operand, no register of the address's size, and
 * one name for 128 bits in memory. What it does not know it shows as no instruction.
 */
export const isReadable = ({ map, operands }: Form): boolean =>
  !isVexMap(map) &&
  operands.length <= 3 &&
  operands.every(({ register, field, text }) => (register !== "ra" || field === "fixed") && text !== "moword");

/** XCHG of the accumulator with itself has a name of its own. */
const NOP_OPCODE = 0x90;

class Writer {
  readonly #names = new Map<string, number>();
  #nameBytes = 0;
  /** Rows of bytes, by number from 1. */
  readonly #patterns = new Map<string, number>();
  readonly #rows: string[] = [];

  /** The source of the table. */
  source(): string {
    const lists = new Map<string, number>();
    const starts: number[] = [];
    for (const map of [0, 1, 2, 3])
      for (let opcode = 0; opcode < 256; opcode++) {
        const rows = this.#list(map, opcode);
        const key = rows.map((row) => row.join(",")).join("\n");
        const known = lists.get(key) ?? this.#rows.length;
        if (rows.length > 0 && !lists.has(key)) {
          lists.set(key, known);
          this.#rows.push(...rows.map((row) => row.join(",")));
        }
        starts.push(rows.length > 0 ? known : 0xffff);
      }
    const registers = CLASSES.flatMap((name) =>
      Array.from({ length: 8 }, (_, number) => REGISTERS_BY_CLASS[name][number]?.name ?? "?"),
    );
    const byteRows = (rows: readonly string[]): string[] => rows.map((row) => `.byte ${row}`);
    return [
      '.section .rodata, "a", @progbits',
      ".balign 4",
      ...label("instruction_maps"),
      ...starts.map((start) => `.short ${start}`),
      ...label("instruction_forms"),
      ...byteRows(this.#rows),
      ...label("instruction_operands"),
      ...byteRows([...this.#patterns.keys()]),
      ...label("instruction_registers"),
      ...registers.map((name) => `.ascii "${name.padEnd(REGISTER_BYTES, "\0").replaceAll("\0", "\\0")}"`),
      ...label("instruction_names"),
      ...[...this.#names.keys()].map((name) => `.ascii "${name.replaceAll("\0", "\\0")}"`),
      "",
    ].join("\n");
  }

  /** The forms of an opcode in the order in which they are to be tried. */
  #list(map: number, opcode: number): number[][] {
    const rank = (form: Form): number => (form.prefix === "any" ? 0 : 2) + (form.modrm === "exact" ? 1 : 0);
    const forms = processorForms()
      .filter((form) => !form.encodeOnly && form.map === map && isReadable(form))
      .filter((form) => (form.opcodeRegister ? form.opcode === (opcode & 0xf8) : form.opcode === opcode))
      .sort((a, b) => rank(b) - rank(a));
    const rows = forms.map((form) => this.#form(form));
    const exchange = map === 0 && opcode === NOP_OPCODE ? forms.find(({ semantic }) => semantic === "xchg") : undefined;
    if (exchange) {
      const nop = this.#form({ ...exchange, mnemonic16: "nop", mnemonic32: "nop", operands: [] });
      nop[2] = PREFIX_CLASSES.none | PREFIX_CLASSES[0xf2];
      rows.splice(forms.indexOf(exchange), 0, nop);
    }
    const last = rows.at(-1);
    if (last) last[2]! |= IS_LAST;
    return rows;
  }

  #form(form: Form): number[] {
    const [mask, value] = modrmOf(form);
    const hasTwoNames = form.mnemonic16 !== "" && form.mnemonic16 !== form.mnemonic32;
    const own = form.feature.endsWith("-only")
      ? `${form.semantic}(${form.feature.replace("-", " ")})`
      : form.mnemonic32;
    const name = this.#name(`${own}\0${hasTwoNames ? `${form.mnemonic16}\0` : ""}`);
    const operands = WITHOUT_OPERANDS.has(form.semantic) ? [] : form.operands.map((pattern) => this.#pattern(pattern));
    const match =
      PREFIX_CLASSES[form.prefix] |
      (form.modrm === "none" ? 0 : HAS_MODRM) |
      (form.mod === "memory" ? IS_MEMORY : 0) |
      (form.mod === "ignored" || form.modrm === "exact" ? IS_REGISTER : 0);
    const shape = flags(SHAPE, {
      sized: form.operandSize === "v",
      suffix: hasSizeSuffix(form),
      descriptor: form.operands.some(({ memory }) => memory === "descriptor"),
      name16: hasTwoNames,
      rep: form.repeat === "rep",
      lockable: form.lockable,
      bounded: BOUNDED.has(form.semantic) && !(form.modrm === "digit" && form.mnemonic32 === "retf"),
      noTrack: NO_TRACK.has(form.semantic),
    });
    const prefixes = flags(PREFIXES, {
      size: usesSizePrefix(form) && form.semantic !== "mov_to_sreg",
      sizeIfRegister: usesSizePrefix(form) && form.semantic === "mov_to_sreg",
      elided: form.lockable && form.semantic === "xchg",
      releasing: form.map === 0 && RELEASING_STORES.has(form.opcode),
      addressName: hasTwoNames && form.operandSize !== "v",
      moffs: form.operands.some(({ field }) => field === "moffs"),
    });
    return [name & 0xff, name >> 8, match, mask, value, ...[0, 1, 2].map((at) => operands[at] ?? 0), shape, prefixes];
  }

  #name(text: string): number {
    let at = this.#names.get(text);
    if (at === undefined) {
      at = this.#nameBytes;
      this.#names.set(text, at);
      this.#nameBytes += text.length;
    }
    return at;
  }

  /** Number of a pattern, from 1. */
  #pattern(pattern: OperandPattern): number {
    const key = patternRow(pattern).join(",");
    let known = this.#patterns.get(key);
    if (known === undefined) {
      known = this.#patterns.size + 1;
      this.#patterns.set(key, known);
    }
    return known;
  }
}

function patternRow({ field, register, fixed, memory, sizeBits, signExtended }: OperandPattern): number[] {
  const registerClass =
    register === null
      ? NO_REGISTER
      : register === "rv" || register === "ra"
        ? SIZED_REGISTER
        : CLASSES.indexOf(register);
  const kind = MEMORY_KINDS.indexOf(memory ?? "");
  return [
    FIELDS.indexOf(field),
    registerClass,
    fixed & 0xff,
    kind,
    sizeBits === "v" ? 1 : sizeBits,
    signExtended ? 1 : 0,
  ];
}

const label = (name: string): string[] => [`.global ${name}`, `${name}:`];

let made: string | null = null;

/** The table as source text, so that it goes into the kernel as every other part of it does. */
export const instructionSource = (): string => (made ??= new Writer().source());
