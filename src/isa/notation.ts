/**
 * The notation of the instruction table. One row is one form:
 *
 *     names operands | prefix opcode ModRM | attributes
 *     add r/mv, imm8s | 83 /0 | lock
 *
 * Names: the first is Intel's, the others (after "/") are accepted too. "cbw:cwde" is the name with 16-bit and the
 * name with 32-bit size.
 *
 * Operands, in Intel's order, are written as in the SDM (2A, 3.1.1.3), with "v" for 16 or 32 by operand size:
 *     r8 rv r32 sreg cr dr tr mm xmm bnd   register in ModRM.reg, or in the opcode with +r; `.rm` after it: in
 *                                      ModRM.rm; `.both`: in both; `.vex`: in VEX.vvvv
 *     ra                               the same: r16 or r32 by address size
 *     r/m8 r/mv xmm/m64 ...            register or memory in ModRM.rm
 *     m8 mv m32fp m16int mfarv ...     memory in ModRM.rm; m, mline, mstate: see MemoryKind; moword is m128
 *     al accv acca cl dx es st 1       fixed (accv is ax or eax by operand size, acca by address size)
 *     sti                              st(i) in the last byte of the opcode
 *     imm8 imm8s imm16 imm32 immv      immediate; s: sign-extended to operand size
 *     rel8 relv ptrv moffs8 moffsv     branch distance, far pointer, absolute address
 *     dst8 src8 table8 ...             implicit memory of string instructions and XLAT
 *
 * Opcode: VEX, XOP9 or XOPA when that prefix leads to it (the latter to map 9 or 10), NP, 66, F2 or F3 when the prefix
 * is part of it (NP: none may be there), the bytes, then +r, +i, /r, /digit or /_. A byte after the opcode byte is a
 * whole ModRM byte (0F 01 C8). After 0F 0F it is the byte behind the operands.
 *
 * Attributes: any word that is no attribute is the feature.
 *     =name      semantics, when they are not called like the instruction
 *     att=name   AT&T's name, when it is not Intel's; both syntaxes take both
 *     attonly=name   the only name in AT&T syntax (FSUB and FSUBR trade places)
 *     cc=n       condition code
 *     v b        sized by operand size, or a byte, although no operand shows it
 *     a          depends on the address size
 *     d          size defaults to that of the code segment;  stack: to that of the stack
 *     suffixed   size must be told by a suffix
 *     bare a32 lock rep repe hint encode decode code16 anymod wait implied=n   as described in form.ts
 */

import type {
  Form,
  MandatoryPrefix,
  MemoryKind,
  ModRMRule,
  OpcodeMap,
  OperandField,
  OperandPattern,
  SizedNames,
  SizeRule,
} from "./form.ts";
import { LAST_BYTE_MAP, VEX_MAPS, XOP_MAPS } from "./form.ts";
import type { RegisterClass } from "./instruction.ts";
import type { Semantic } from "./semantics.ts";

/** A group of rows that one feature of the processor brings. */
export interface TableSection {
  readonly feature: string;
  readonly rows: string;
}

type Shape = Omit<OperandPattern, "text" | "field"> & { readonly field: OperandField | "register" };

const NOTHING: Shape = {
  field: "fixed",
  register: null,
  fixed: -1,
  memory: null,
  sizeBits: 0,
  signExtended: false,
  attSuffix: "",
  intelSuffix: "",
};

const shapes = new Map<string, Shape>();
const shape = (text: string, properties: Partial<Shape>): void => {
  shapes.set(text, { ...NOTHING, ...properties });
};

const REGISTER_SIZES: Readonly<Record<string, readonly [register: RegisterClass | "rv" | "ra", size: SizeRule]>> = {
  r8: ["r8", 8],
  r16: ["r16", 16],
  r32: ["r32", 32],
  rv: ["rv", "v"],
  ra: ["ra", 0],
  sreg: ["sreg", 16],
  cr: ["creg", 32],
  dr: ["dreg", 32],
  tr: ["treg", 32],
  mm: ["mm", 64],
  xmm: ["xmm", 128],
  bnd: ["bnd", 128],
};
for (const [text, [register, sizeBits]] of Object.entries(REGISTER_SIZES))
  shape(text, { field: "register", register, sizeBits });

const MEMORY_SIZES: readonly SizeRule[] = [8, 16, 32, 64, 128, "v"];
for (const sizeBits of MEMORY_SIZES) {
  shape(`m${sizeBits}`, { field: "rm", memory: "sized", sizeBits });
  for (const register of ["mm", "xmm", "r32", "rv"] as const)
    shape(`${register}/m${sizeBits}`, { field: "rm", register, memory: "sized", sizeBits });
}
shape("bnd/m128", { field: "rm", register: "bnd", memory: "sized", sizeBits: 128 });
shape("r32/m", { field: "rm", register: "r32", memory: "any", sizeBits: 0 });
shape("moword", { field: "rm", memory: "sized", sizeBits: 128 });
shape("r/m8", { field: "rm", register: "r8", memory: "sized", sizeBits: 8 });
shape("r/m16", { field: "rm", register: "r16", memory: "sized", sizeBits: 16 });
shape("r/m32", { field: "rm", register: "r32", memory: "sized", sizeBits: 32 });
shape("r/mv", { field: "rm", register: "rv", memory: "sized", sizeBits: "v" });
const SPECIAL_MEMORY: Readonly<Record<string, readonly [kind: MemoryKind, size: SizeRule]>> = {
  m: ["any", 0],
  mline: ["line", 8],
  mstate: ["state", 0],
  mfarv: ["far", "v"],
  mfar16: ["far", 16],
  mpairv: ["pair", "v"],
  mdescv: ["descriptor", "v"],
};
for (const [text, [memory, sizeBits]] of Object.entries(SPECIAL_MEMORY)) shape(text, { field: "rm", memory, sizeBits });
const FLOATING: readonly (readonly [string, number, string, string])[] = [
  ["m32fp", 32, "s", "d"],
  ["m64fp", 64, "l", ""],
  ["m80fp", 80, "t", "t"],
  ["m80bcd", 80, "", ""],
  ["m16int", 16, "s", "w"],
  ["m32int", 32, "l", "d"],
  ["m64int", 64, "ll", "q"],
];
for (const [text, sizeBits, attSuffix, intelSuffix] of FLOATING)
  shape(text, { field: "rm", memory: "sized", sizeBits, attSuffix, intelSuffix });

type FixedRow = readonly [register: RegisterClass | "rv" | "ra" | null, value: number, size: SizeRule];
const FIXED: Readonly<Record<string, FixedRow>> = {
  al: ["r8", 0, 8],
  ax: ["r16", 0, 16],
  eax: ["r32", 0, 32],
  ecx: ["r32", 1, 32],
  edx: ["r32", 2, 32],
  ebx: ["r32", 3, 32],
  accv: ["rv", 0, "v"],
  acca: ["ra", 0, 0],
  cl: ["r8", 1, 8],
  cx: ["r16", 1, 16],
  dx: ["r16", 2, 16],
  es: ["sreg", 0, 16],
  cs: ["sreg", 1, 16],
  ss: ["sreg", 2, 16],
  ds: ["sreg", 3, 16],
  fs: ["sreg", 4, 16],
  gs: ["sreg", 5, 16],
  st: ["st", 0, 80],
  xmm0: ["xmm", 0, 128],
  "1": [null, 1, 0],
  "3": [null, 3, 0],
};
for (const [text, [register, fixed, sizeBits]] of Object.entries(FIXED)) shape(text, { register, fixed, sizeBits });
shape("sti", { field: "opcode", register: "st", sizeBits: 80 });

shape("imm8", { field: "immediate", sizeBits: 8 });
shape("imm8s", { field: "immediate", sizeBits: 8, signExtended: true });
shape("imm16", { field: "immediate", sizeBits: 16 });
shape("imm32", { field: "immediate", sizeBits: 32 });
shape("immv", { field: "immediate", sizeBits: "v" });
shape("sel16", { field: "selector", sizeBits: 16 });
shape("rel8", { field: "relative", sizeBits: 8, signExtended: true });
shape("relv", { field: "relative", sizeBits: "v" });
shape("ptrv", { field: "far", sizeBits: "v" });
for (const sizeBits of [8, 32, "v"] as const) {
  shape(`moffs${sizeBits}`, { field: "moffs", memory: "sized", sizeBits });
  shape(`dst${sizeBits}`, { field: "destination", memory: "sized", sizeBits });
  shape(`src${sizeBits}`, { field: "source", memory: "sized", sizeBits });
  shape(`table${sizeBits}`, { field: "table", memory: "sized", sizeBits });
}

const patterns = new Map<string, OperandPattern>();

/** What stands after a register that is neither in ModRM.reg nor in the opcode. */
const PLACES: Readonly<Record<string, OperandField>> = { ".rm": "rm", ".both": "reg+rm", ".vex": "vvvv" };

/** The pattern of a token, given where the opcode keeps its register. Equal ones are the same object. */
const patternOf = (token: string, opcodeRegister: boolean, row: string): OperandPattern => {
  const key = opcodeRegister ? `${token}+r` : token;
  let pattern = patterns.get(key);
  if (pattern !== undefined) return pattern;
  const dot = token.indexOf(".");
  const found = shapes.get(dot < 0 ? token : token.slice(0, dot));
  if (found === undefined) throw new Error(`instruction table: no operand is called "${token}" in: ${row}`);
  const place: OperandField = dot < 0 ? (opcodeRegister ? "opcode" : "reg") : (PLACES[token.slice(dot)] ?? "rm");
  pattern = { ...found, text: token, field: found.field === "register" ? place : found.field };
  patterns.set(key, pattern);
  return pattern;
};

const MAP_ESCAPES: readonly (readonly number[])[] = [
  [],
  [0x0f],
  [0x0f, 0x38],
  [0x0f, 0x3a],
  [],
  [],
  [],
  [],
  [0x0f, 0x0f],
];
/** The bytes that lead to each opcode map, where they are the same for all that is in it. */
export const ESCAPES = MAP_ESCAPES;

const PREFIX_WORDS: Readonly<Record<string, MandatoryPrefix>> = { NP: "none", "66": 0x66, F2: 0xf2, F3: 0xf3 };

interface OpcodePart {
  map: OpcodeMap;
  opcode: number;
  prefix: MandatoryPrefix;
  modrm: ModRMRule;
  modrmValue: number;
  opcodeRegister: boolean;
}

const parseOpcode = (text: string, row: string): OpcodePart => {
  const words = text.split(" ");
  let at = 0;
  let prefix: MandatoryPrefix = "any";
  const isVex = words[0] === "VEX";
  const xopMap = words[0] === "XOP9" ? 9 : words[0] === "XOPA" ? 10 : 0;
  if (isVex || xopMap > 0) at++;
  if (words.length > 1 && words[at]! in PREFIX_WORDS && words[1] !== "+r") prefix = PREFIX_WORDS[words[at++]!]!;
  let map: OpcodeMap = 0;
  if (xopMap > 0) map = (xopMap + XOP_MAPS) as OpcodeMap;
  else if (words[at] === "0F" && words[at + 1] === "0F") {
    map = LAST_BYTE_MAP;
    at += 2;
  } else if (words[at] === "0F") {
    map = words[at + 1] === "38" ? 2 : words[at + 1] === "3A" ? 3 : 1;
    at += map === 1 ? 1 : 2;
    if (isVex) map = (map + VEX_MAPS) as OpcodeMap;
  }
  const part: OpcodePart = {
    map,
    opcode: parseInt(words[at++]!, 16),
    prefix,
    modrm: "none",
    modrmValue: 0,
    opcodeRegister: false,
  };
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (word === "/r") part.modrm = "reg";
    else if (word === "/_") part.modrm = "ignored";
    else if (word === "+r") part.opcodeRegister = true;
    else if (word === "+i") part.modrm = "register";
    else if (word.startsWith("/")) {
      part.modrm = "digit";
      part.modrmValue = Number(word.slice(1));
    } else {
      part.modrm = "exact";
      part.modrmValue = parseInt(word, 16);
    }
  }
  if (Number.isNaN(part.opcode) || Number.isNaN(part.modrmValue))
    throw new Error(`instruction table: cannot read the opcode of: ${row}`);
  return part;
};

const pairOf = (name: string): SizedNames => {
  const colon = name.indexOf(":");
  return colon < 0 ? [name, name] : [name.slice(0, colon), name.slice(colon + 1)];
};

const FLAG_ATTRIBUTES = new Set(
  "v b a d stack suffixed bare a32 lock rep repe hint encode decode code16 anymod wait".split(" "),
);

const isByAddress = ({ field, register }: OperandPattern): boolean =>
  register === "ra" || IMPLICIT_FIELDS.has(field) || field === "moffs";

const IMPLICIT_FIELDS: ReadonlySet<OperandField> = new Set<OperandField>(["destination", "source", "table"]);

/** Reads one row. Throws when it is malformed: the table is part of the program. */
export const parseRow = (row: string, sectionFeature: string, id: number): Form => {
  const [head, opcodeText, attributeText] = row.split("|").map((column) => column.trim());
  if (head === undefined || opcodeText === undefined)
    throw new Error(`instruction table: a row has at least two columns: ${row}`);
  const flags = new Set<string>();
  const values = new Map<string, string>();
  let feature = sectionFeature;
  for (const word of attributeText ? attributeText.split(" ") : []) {
    const equals = word.indexOf("=");
    if (equals >= 0) values.set(word.slice(0, equals), word.slice(equals + 1));
    else if (FLAG_ATTRIBUTES.has(word)) flags.add(word);
    else feature = word;
  }
  const space = head.indexOf(" ");
  const names = (space < 0 ? head : head.slice(0, space)).split("/").map(pairOf);
  const [mnemonic16, mnemonic32] = names[0]!;
  const opcode = parseOpcode(opcodeText, row);
  const operands =
    space < 0
      ? []
      : head
          .slice(space + 1)
          .split(", ")
          .map((token) => patternOf(token, opcode.opcodeRegister, row));
  const attOnly = values.get("attonly");
  const attName = attOnly ?? values.get("att");
  const [att16, att32] = attName === undefined ? names[0]! : pairOf(attName);
  if (attOnly === undefined && !names.some(([name]) => name === att16)) names.push([att16, att32]);
  const rm = operands.find((operand) => operand.field === "rm" || operand.field === "reg+rm");
  const isVariable =
    flags.has("v") || operands.some((operand) => operand.sizeBits === "v" || operand.register === "rv");
  const isByteOperand = ({ register, sizeBits, field }: OperandPattern): boolean =>
    register === "r8" || (sizeBits === 8 && (field === "destination" || field === "source"));
  const isByte = flags.has("b") || (!isVariable && operands.some(isByteOperand));
  return {
    id,
    text: row,
    mnemonic16,
    mnemonic32,
    att16,
    att32,
    names,
    attNames: attOnly === undefined ? names : [[att16, att32]],
    operands,
    ...opcode,
    mod: flags.has("anymod")
      ? "ignored"
      : rm === undefined
        ? "any"
        : rm.memory === null
          ? "register"
          : rm.register === null
            ? "memory"
            : "any",
    operandSize: isVariable ? "v" : isByte ? 8 : 0,
    addressSized: flags.has("a") || operands.some(isByAddress),
    // A test holds the rows against the list of semantics: looking each up here would only cost time at every start.
    semantic: (values.get("") ?? (mnemonic16 || mnemonic32)) as Semantic,
    condition: Number(values.get("cc") ?? -1),
    feature,
    lockable: flags.has("lock"),
    repeat: flags.has("repe") ? "repe" : flags.has("rep") ? "rep" : flags.has("hint") ? "hint" : "none",
    defaultSize: flags.has("d") || flags.has("stack"),
    stackSize: flags.has("stack"),
    needsSuffix: flags.has("suffixed"),
    encodeOnly: flags.has("encode"),
    decodeOnly: flags.has("decode"),
    code16Only: flags.has("code16"),
    // What stands behind the operands is written as such a number is.
    impliedImmediate: opcode.map === LAST_BYTE_MAP ? opcode.opcode : Number(values.get("implied") ?? -1),
    wait: flags.has("wait"),
    bare: flags.has("bare"),
    address32: flags.has("a32"),
  };
};

/** A row that has not been read. */
export interface TableRow {
  readonly text: string;
  readonly feature: string;
}

/** The rows of sections, in order, without comments. */
export const tableRows = (sections: readonly TableSection[]): TableRow[] => {
  const rows: TableRow[] = [];
  for (const { feature, rows: lines } of sections) {
    for (const line of lines.split("\n")) {
      const text = line.trim();
      if (text !== "" && !text.startsWith("#")) rows.push({ text, feature });
    }
  }
  return rows;
};
