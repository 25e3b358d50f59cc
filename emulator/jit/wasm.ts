/**
 * WebAssembly's binary format, as far as compiled guest code needs it: an instruction buffer and a module around a few
 * functions (WebAssembly Core Specification 2.0, chapter 5, and the tail call proposal).
 */

export const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;
const VOID = 0x40;
const FUNCREF = 0x70;

/** Opcodes without immediates. */
export const OP = {
  unreachable: 0x00,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  lt_s: 0x48,
  lt_u: 0x49,
  gt_s: 0x4a,
  gt_u: 0x4b,
  le_s: 0x4c,
  le_u: 0x4d,
  ge_s: 0x4e,
  ge_u: 0x4f,
  eqz64: 0x50,
  eq64: 0x51,
  ne64: 0x52,
  lt_s64: 0x53,
  lt_u64: 0x54,
  gt_u64: 0x56,
  ge_u64: 0x5a,
  gt_f64: 0x64,
  clz: 0x67,
  ctz: 0x68,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  div_s: 0x6d,
  div_u: 0x6e,
  rem_s: 0x6f,
  rem_u: 0x70,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shr_s: 0x75,
  shr_u: 0x76,
  rotl: 0x77,
  rotr: 0x78,
  clz64: 0x79,
  add64: 0x7c,
  sub64: 0x7d,
  mul64: 0x7e,
  div_s64: 0x7f,
  div_u64: 0x80,
  and64: 0x83,
  or64: 0x84,
  xor64: 0x85,
  shl64: 0x86,
  shr_s64: 0x87,
  shr_u64: 0x88,
  add_f64: 0xa0,
  wrap: 0xa7,
  extend_s: 0xac,
  extend_u: 0xad,
  sqrt_f32: 0x91,
  add_f32: 0x92,
  sub_f32: 0x93,
  mul_f32: 0x94,
  div_f32: 0x95,
  sqrt_f64: 0x9f,
  sub_f64: 0xa1,
  mul_f64: 0xa2,
  div_f64: 0xa3,
  convert_s_f64: 0xb7,
  convert_u_f64: 0xb8,
  convert_u64_f64: 0xba,
  trunc_f64_u64: 0xb1,
  reinterpret_i32_f32: 0xbc,
  reinterpret_i64_f64: 0xbd,
  reinterpret_f32_i32: 0xbe,
  reinterpret_f64_i64: 0xbf,
  extend8_s: 0xc0,
  extend16_s: 0xc1,
} as const;

/** Opcodes after the prefix FD; what concerns one lane is followed by its number. */
export const SIMD = {
  swizzle: 0x0e,
  splat_i8: 0x0f,
  splat_i16: 0x10,
  extract_lane_i32: 0x1b,
  replace_lane_i32: 0x1c,
  extract_lane_i64: 0x1d,
  eq_i8: 0x23,
  gt_s_i8: 0x27,
  eq_i16: 0x2d,
  gt_s_i16: 0x31,
  eq_i32: 0x37,
  gt_s_i32: 0x3b,
  eq_f32: 0x41,
  lt_f32: 0x43,
  gt_f32: 0x44,
  le_f32: 0x45,
  eq_f64: 0x47,
  lt_f64: 0x49,
  gt_f64: 0x4a,
  le_f64: 0x4b,
  and: 0x4e,
  andnot: 0x4f,
  or: 0x50,
  xor: 0x51,
  bitselect: 0x52,
  any_true: 0x53,
  abs_i8: 0x60,
  bitmask_i8: 0x64,
  narrow_s_i16: 0x65,
  narrow_u_i16: 0x66,
  shr_s_i8: 0x6c,
  add_i8: 0x6e,
  add_sat_s_i8: 0x6f,
  add_sat_u_i8: 0x70,
  sub_i8: 0x71,
  sub_sat_s_i8: 0x72,
  sub_sat_u_i8: 0x73,
  min_s_i8: 0x76,
  min_u_i8: 0x77,
  max_s_i8: 0x78,
  max_u_i8: 0x79,
  avgr_u_i8: 0x7b,
  abs_i16: 0x80,
  q15mulr_s_i16: 0x82,
  narrow_s_i32: 0x85,
  narrow_u_i32: 0x86,
  extend_low_s_i8: 0x87,
  extend_low_u_i8: 0x89,
  shl_i16: 0x8b,
  shr_s_i16: 0x8c,
  shr_u_i16: 0x8d,
  add_i16: 0x8e,
  add_sat_s_i16: 0x8f,
  add_sat_u_i16: 0x90,
  sub_i16: 0x91,
  sub_sat_s_i16: 0x92,
  sub_sat_u_i16: 0x93,
  mul_i16: 0x95,
  min_s_i16: 0x96,
  min_u_i16: 0x97,
  max_s_i16: 0x98,
  max_u_i16: 0x99,
  avgr_u_i16: 0x9b,
  abs_i32: 0xa0,
  all_true_i32: 0xa3,
  bitmask_i32: 0xa4,
  extend_low_s_i16: 0xa7,
  extend_low_u_i16: 0xa9,
  shl_i32: 0xab,
  shr_s_i32: 0xac,
  shr_u_i32: 0xad,
  add_i32: 0xae,
  sub_i32: 0xb1,
  mul_i32: 0xb5,
  min_s_i32: 0xb6,
  min_u_i32: 0xb7,
  max_s_i32: 0xb8,
  max_u_i32: 0xb9,
  dot_i16: 0xba,
  extmul_low_s_i16: 0xbc,
  extmul_high_s_i16: 0xbd,
  extmul_low_u_i16: 0xbe,
  extmul_high_u_i16: 0xbf,
  all_true_i64: 0xc3,
  bitmask_i64: 0xc4,
  extend_low_s_i32: 0xc7,
  extend_low_u_i32: 0xc9,
  shl_i64: 0xcb,
  shr_s_i64: 0xcc,
  shr_u_i64: 0xcd,
  add_i64: 0xce,
  sub_i64: 0xd1,
  eq_i64: 0xd6,
  gt_s_i64: 0xd9,
  extmul_low_s_i32: 0xdc,
  extmul_low_u_i32: 0xde,
  abs_f32: 0xe0,
  sqrt_f32: 0xe3,
  add_f32: 0xe4,
  sub_f32: 0xe5,
  mul_f32: 0xe6,
  div_f32: 0xe7,
  pmin_f32: 0xea,
  pmax_f32: 0xeb,
  abs_f64: 0xec,
  sqrt_f64: 0xef,
  add_f64: 0xf0,
  sub_f64: 0xf1,
  mul_f64: 0xf2,
  div_f64: 0xf3,
  pmin_f64: 0xf6,
  pmax_f64: 0xf7,
} as const;

/** Loads of vectors: all 16 bytes, or the lowest ones and zeros above. */
const LOAD_VECTOR: Readonly<Record<number, number>> = { 4: 0x5c, 8: 0x5d, 16: 0x00 };

const LOAD: Readonly<Record<number, number>> = { 1: 0x2d, 2: 0x2f, 4: 0x28 };
const STORE: Readonly<Record<number, number>> = { 1: 0x3a, 2: 0x3b, 4: 0x36 };

/** Instructions of one function body. Labels are depths that the caller keeps count of. */
export class Code {
  readonly bytes: number[] = [];
  /** Nested blocks that are open. */
  depth = 0;

  op(opcode: number): this {
    this.bytes.push(opcode);
    return this;
  }

  #unsigned(value: number): this {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.bytes.push((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.bytes.push(rest);
    return this;
  }

  #signed(value: number): this {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.bytes.push(low);
        return this;
      }
      this.bytes.push(low | 0x80);
    }
  }

  const(value: number): this {
    return this.op(0x41).#signed(value);
  }

  /** A 64-bit constant that fits a signed 32-bit number. */
  const64(value: number): this {
    return this.op(0x42).#signed(value);
  }

  /** Any 64-bit constant, signed. */
  constBig(value: bigint): this {
    this.op(0x42);
    let rest = BigInt.asIntN(64, value);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return this.op(low);
      this.op(low | 0x80);
    }
  }

  constF64(value: number): this {
    this.op(0x44);
    this.bytes.push(...new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }

  get(local: number): this {
    return this.op(0x20).#unsigned(local);
  }

  set(local: number): this {
    return this.op(0x21).#unsigned(local);
  }

  tee(local: number): this {
    return this.op(0x22).#unsigned(local);
  }

  /** Loads 1, 2 or 4 bytes, zero-extended, at the address on the stack plus `offset`. */
  load(sizeBytes: number, offset: number): this {
    return this.op(LOAD[sizeBytes]!).#unsigned(0).#unsigned(offset);
  }

  store(sizeBytes: number, offset: number): this {
    return this.op(STORE[sizeBytes]!).#unsigned(0).#unsigned(offset);
  }

  load64(offset: number): this {
    return this.op(0x29).#unsigned(0).#unsigned(offset);
  }

  store64(offset: number): this {
    return this.op(0x37).#unsigned(0).#unsigned(offset);
  }

  loadF64(offset: number): this {
    return this.op(0x2b).#unsigned(0).#unsigned(offset);
  }

  /** A double to a signed dword; one that does not fit becomes the nearest that does. */
  truncateToI32(): this {
    return this.op(0xfc).#unsigned(2);
  }

  simd(opcode: number): this {
    return this.op(0xfd).#unsigned(opcode);
  }

  /** Loads 4, 8 or 16 bytes as a vector, zeros above. */
  loadVector(sizeBytes: number, offset: number): this {
    return this.simd(LOAD_VECTOR[sizeBytes]!).#unsigned(0).#unsigned(offset);
  }

  storeVector(offset: number): this {
    return this.simd(0x0b).#unsigned(0).#unsigned(offset);
  }

  constVector(bytes: Uint8Array): this {
    this.simd(0x0c);
    for (let i = 0; i < 16; i++) this.op(bytes[i]!);
    return this;
  }

  /** Chooses bytes of two vectors: 0 to 15 of the first, 16 to 31 of the second. */
  shuffle(bytes: readonly number[]): this {
    this.simd(0x0d);
    for (const byte of bytes) this.op(byte);
    return this;
  }

  block(): this {
    this.depth++;
    return this.op(0x02).op(VOID);
  }

  loop(): this {
    this.depth++;
    return this.op(0x03).op(VOID);
  }

  if(): this {
    this.depth++;
    return this.op(0x04).op(VOID);
  }

  /** An `if` whose branches leave an i32. */
  ifValue(): this {
    this.depth++;
    return this.op(0x04).op(I32);
  }

  else(): this {
    return this.op(0x05);
  }

  end(): this {
    this.depth--;
    return this.op(0x0b);
  }

  /** Branches to the construct that was opened at `level` (the value of `depth` inside it). */
  br(level: number): this {
    if (!(level > 0 && level <= this.depth)) throw new Error(`branch to ${level} at depth ${this.depth}`);
    return this.op(0x0c).#unsigned(this.depth - level);
  }

  brIf(level: number): this {
    if (!(level > 0 && level <= this.depth)) throw new Error(`branch to ${level} at depth ${this.depth}`);
    return this.op(0x0d).#unsigned(this.depth - level);
  }

  brTable(levels: readonly number[]): this {
    this.op(0x0e).#unsigned(levels.length - 1);
    for (const level of levels) this.#unsigned(this.depth - level);
    return this;
  }

  call(index: number): this {
    return this.op(0x10).#unsigned(index);
  }

  returnCall(index: number): this {
    return this.op(0x12).#unsigned(index);
  }

  /** Tail call through table 0. */
  returnCallIndirect(type: number): this {
    return this.op(0x13).#unsigned(type).#unsigned(0);
  }

  /** Bulk copy within memory 0: target, source, length on the stack. */
  memoryCopy(): this {
    return this.op(0xfc).#unsigned(10).op(0).op(0);
  }

  memoryFill(): this {
    return this.op(0xfc).#unsigned(11).op(0);
  }
}

export interface FunctionType {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

export interface FunctionImport {
  readonly name: string;
  readonly type: number;
}

export interface FunctionBody {
  readonly type: number;
  /** Types of the locals after the parameters. */
  readonly locals: readonly number[];
  readonly code: Code;
}

export interface ModuleParts {
  readonly types: readonly FunctionType[];
  readonly imports: readonly FunctionImport[];
  readonly functions: readonly FunctionBody[];
  /**
   * Size of the imported memory in pages of 64 KiB: the least that the code relies on, and the most that a machine has.
   */
  readonly memoryPages: { readonly initial: number; readonly maximum: number };
  /** Functions of a table of its own, by their order. */
  readonly table?: readonly number[];
  /** It is for the machine's table, imported as `t`. */
  readonly importsTable?: boolean;
  /** Names under which its own functions are exported, by their order; null for one that is not. */
  readonly exports: readonly (string | null)[];
}

/** Imports come from the module "m": its memory `m`, table `t` and functions. */
export function encodeModule(parts: ModuleParts): Uint8Array<ArrayBuffer> {
  /** One after the other; code is much, and copied once. */
  const pieces: (readonly number[])[] = [[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
  const section = (id: number, ...contents: readonly (readonly number[])[]): void => {
    pieces.push([id, ...leb(contents.reduce((sum, { length }) => sum + length, 0))], ...contents);
  };
  const vector = (items: readonly (readonly number[])[]): number[] => [...leb(items.length), ...items.flat()];
  const name = (text: string): number[] => [
    ...leb(text.length),
    ...Array.from(text, (character) => character.charCodeAt(0)),
  ];
  const importName = (field: string): number[] => [...name("m"), ...name(field)];
  section(
    1,
    vector(
      parts.types.map(({ parameters, results }) => [
        0x60,
        ...vector(parameters.map((type) => [type])),
        ...vector(results.map((type) => [type])),
      ]),
    ),
  );
  const { initial, maximum } = parts.memoryPages;
  section(
    2,
    vector([
      [...importName("m"), 2, 1, ...leb(initial), ...leb(maximum)],
      ...(parts.importsTable === true ? [[...importName("t"), 1, FUNCREF, 0, 0]] : []),
      ...parts.imports.map(({ name: field, type }) => [...importName(field), 0, ...leb(type)]),
    ]),
  );
  section(3, vector(parts.functions.map(({ type }) => leb(type))));
  const { table } = parts;
  if (table !== undefined) section(4, [1, FUNCREF, 1, ...leb(table.length), ...leb(table.length)]);
  const exported = parts.exports.flatMap((field, i) =>
    field === null ? [] : [[...name(field), 0, ...leb(parts.imports.length + i)]],
  );
  section(7, vector(exported));
  if (table !== undefined)
    section(9, [1, 0, 0x41, 0, 0x0b, ...vector(table.map((index) => leb(parts.imports.length + index)))]);
  const bodies: (readonly number[])[] = [leb(parts.functions.length)];
  for (const { locals, code } of parts.functions) {
    const head = vector(runs(locals));
    bodies.push([...leb(head.length + code.bytes.length), ...head], code.bytes);
  }
  section(10, ...bodies);
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

/** Locals are declared as runs of one type. */
function runs(types: readonly number[]): number[][] {
  const result: number[][] = [];
  for (let at = 0; at < types.length; ) {
    let end = at;
    while (types[end] === types[at] && end < types.length) end++;
    result.push([...leb(end - at), types[at]!]);
    at = end;
  }
  return result;
}
