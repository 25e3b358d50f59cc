/**
 * From bytes to decoded instructions. All knowledge of opcodes comes from the table in src/isa: here are only prefixes, ModRM, and a
 * dispatch structure that is built from the table's forms. What the table does not have, or what needs a feature that this
 * processor lacks, is an undefined opcode (#UD).
 */
import { ADDRESS16 } from "../../src/isa/registers.ts";
import type { Form } from "../../src/isa/form.ts";
import { allForms } from "../../src/isa/table/index.ts";
import { GENERAL_PROTECTION, INVALID_OPCODE, raise } from "./exceptions.ts";
import type { DecodedInstruction } from "./instruction.ts";
import { CS, DS, EBP, ES, ESP, FS, GS, SS, ZERO } from "./layout.ts";

/** What `-march=i686` has, as the table names it. */
const FEATURES = new Set(["i8086", "i186", "i286", "i386", "i486", "i586", "i686", "cmov", "nop", "fxsr", "8087", "287", "387", "687"]);

export const MAX_INSTRUCTION_BYTES = 15;

/** Where the decoder takes bytes from; it raises what fetching raises. */
export interface CodeSource {
  readonly eip: number;
  /** Linear address of the first byte within its page. */
  readonly pageLow: number;
  readonly mode: number;
  readonly codeLimit: number;
  /** The byte `index` bytes behind the first. */
  byte(index: number): number;
}

/** A field behind ModRM and displacement: how to read it, and where it goes. */
interface ImmediateField {
  readonly bytes: 1 | 2 | "v" | "address";
  readonly signed: boolean;
  readonly second: boolean;
}

interface Entry {
  readonly form: Form;
  readonly immediates: readonly ImmediateField[];
}

/** All forms that begin with one opcode byte. */
interface OpcodeGroup {
  readonly hasModRM: boolean;
  readonly entries: Entry[];
  /** For opcodes with ModRM: the candidates for each value of that byte, filled when it is first met. */
  readonly byModRM: (readonly Entry[] | undefined)[];
}

function immediatesOf(form: Form): ImmediateField[] {
  const fields: ImmediateField[] = [];
  for (const operand of form.operands) {
    switch (operand.field) {
      case "immediate":
      case "relative":
        fields.push({ bytes: operand.sizeBits === 8 ? 1 : operand.sizeBits === 16 ? 2 : "v", signed: operand.signExtended, second: fields.length > 0 });
        break;
      case "far":
        fields.push({ bytes: "v", signed: false, second: false }, { bytes: 2, signed: false, second: true });
        break;
      case "moffs":
        fields.push({ bytes: "address", signed: false, second: false });
        break;
      default:
    }
  }
  return fields;
}

/** More particular forms first: a prefix that is part of the opcode wins over forms that take any. */
function specificity(form: Form): number {
  return (form.prefix === "any" ? 0 : 2) + (form.modrm === "exact" ? 1 : 0);
}

function buildGroups(): readonly (OpcodeGroup | undefined)[] {
  const groups: (OpcodeGroup | undefined)[] = new Array<undefined>(4 * 256).fill(undefined);
  for (const form of allForms()) {
    if (form.encodeOnly || !FEATURES.has(form.feature)) continue;
    // FWAIT before an x87 instruction is an instruction of its own.
    if (form.wait) continue;
    for (let i = 0; i < (form.opcodeRegister ? 8 : 1); i++) {
      const at = form.map * 256 + form.opcode + i;
      groups[at] ??= { hasModRM: form.modrm !== "none", entries: [], byModRM: [] };
      groups[at].entries.push({ form, immediates: immediatesOf(form) });
    }
  }
  for (const group of groups) group?.entries.sort((a, b) => specificity(b.form) - specificity(a.form));
  return groups;
}

let groups: readonly (OpcodeGroup | undefined)[] | null = null;

function matchesModRM(form: Form, modrm: number): boolean {
  const isRegister = modrm >= 0xc0;
  if (form.mod === "register" && !isRegister) return false;
  if (form.mod === "memory" && isRegister) return false;
  switch (form.modrm) {
    case "digit":
      return ((modrm >>> 3) & 7) === form.modrmValue;
    case "exact":
      return modrm === form.modrmValue;
    case "register":
      return (modrm & 0xf8) === (form.modrmValue & 0xf8);
    default:
      return true;
  }
}

function matchesPrefix(form: Form, data16: boolean, repeat: number): boolean {
  switch (form.prefix) {
    case "any":
      return true;
    case "none":
      return !data16 && repeat === 0;
    case 0x66:
      return data16;
    default:
      return repeat === form.prefix;
  }
}

const SEGMENT_OF_PREFIX: Readonly<Record<number, number>> = { 0x26: ES, 0x2e: CS, 0x36: SS, 0x3e: DS, 0x64: FS, 0x65: GS };

/** Decodes one instruction of code that runs with 32-bit or 16-bit default size. Raises #UD, #GP(0) for more than 15 bytes, and what fetching raises. */
export function decode(source: CodeSource, code32: boolean): DecodedInstruction {
  groups ??= buildGroups();
  let at = 0;
  const next8 = (): number => {
    if (at === MAX_INSTRUCTION_BYTES) raise(GENERAL_PROTECTION, 0);
    return source.byte(at++);
  };
  const next16 = (): number => next8() | (next8() << 8);
  const next32 = (): number => next16() | (next16() << 16);

  let override = -1;
  let data16 = false;
  let addressPrefix = false;
  let lock = false;
  let repeat = 0;
  let opcode = next8();
  for (; ; opcode = next8()) {
    const segment = SEGMENT_OF_PREFIX[opcode];
    if (segment !== undefined) override = segment;
    else if (opcode === 0x66) data16 = true;
    else if (opcode === 0x67) addressPrefix = true;
    else if (opcode === 0xf0) lock = true;
    else if (opcode === 0xf2 || opcode === 0xf3) repeat = opcode;
    else break;
  }
  let map = 0;
  if (opcode === 0x0f) {
    opcode = next8();
    map = 1;
    if (opcode === 0x38 || opcode === 0x3a) {
      map = opcode === 0x38 ? 2 : 3;
      opcode = next8();
    }
  }
  const group = groups[map * 256 + opcode];
  if (group === undefined) return raise(INVALID_OPCODE);
  const operand32 = code32 !== data16;
  const address32 = code32 !== addressPrefix;

  let modrm = 0;
  let candidates: readonly Entry[] = group.entries;
  if (group.hasModRM) {
    modrm = next8();
    candidates = group.byModRM[modrm] ??= group.entries.filter(({ form }) => matchesModRM(form, modrm));
  }
  const entry = candidates.find(({ form }) => matchesPrefix(form, data16, repeat));
  if (entry === undefined) return raise(INVALID_OPCODE);
  const { form } = entry;

  const mod = form.mod === "ignored" ? 3 : modrm >>> 6;
  const rm = modrm & 7;
  let isMemory = group.hasModRM && mod !== 3;
  let base = ZERO;
  let index = ZERO;
  let scale = 0;
  let displacement = 0;
  let segment = DS;
  if (isMemory && address32) {
    base = rm;
    if (rm === 4) {
      const sib = next8();
      base = sib & 7;
      index = ((sib >>> 3) & 7) === 4 ? ZERO : (sib >>> 3) & 7;
      scale = sib >>> 6;
    }
    if (base === 5 && mod === 0) {
      base = ZERO;
      displacement = next32();
    } else if (mod === 1) displacement = (next8() << 24) >> 24;
    else if (mod === 2) displacement = next32();
    if (base === ESP || base === EBP) segment = SS;
  } else if (isMemory) {
    if (rm === 6 && mod === 0) displacement = next16();
    else {
      const registers = ADDRESS16[rm]!;
      base = registers.base;
      if (registers.index >= 0) index = registers.index;
      if (mod === 1) displacement = (next8() << 24) >> 24;
      else if (mod === 2) displacement = next16();
      if (base === EBP) segment = SS;
    }
  }

  let immediate = 0;
  let immediate2 = 0;
  for (const field of entry.immediates) {
    let value: number;
    if (field.bytes === 1) value = field.signed ? (next8() << 24) >> 24 : next8();
    else if (field.bytes === 2) value = next16();
    else if (field.bytes === "v") value = operand32 ? next32() : next16();
    else {
      displacement = address32 ? next32() : next16();
      isMemory = true;
      continue;
    }
    if (field.second) immediate2 = value;
    else immediate = value;
  }
  if (lock && !(form.lockable && isMemory)) raise(INVALID_OPCODE);

  const end = source.eip + at;
  return {
    form,
    size: form.operandSize === 8 ? 8 : operand32 ? 32 : 16,
    address32,
    mod,
    reg: form.opcodeRegister ? opcode & 7 : (modrm >>> 3) & 7,
    rm,
    isMemory,
    base,
    index,
    scale,
    displacement,
    segment: override >= 0 ? override : segment,
    override,
    immediate,
    immediate2,
    repeat,
    eip: source.eip,
    next: code32 ? end | 0 : end & 0xffff,
    pageLow: source.pageLow,
    mode: source.mode,
    codeLimit: source.codeLimit,
  };
}
