/** Records of fixed fields, little endian, as a table describes them: read, and written back to the same bytes. */
import { little32 } from "../bytes/little-endian.ts";
import { packetHex } from "./hex.ts";

/** `id`: eight bytes, as hexadecimal digits; `half`: four of them. `name`: 32 bytes, NUL padded. */
export type FieldType = "u8" | "u16" | "u32" | "id" | "half" | "name" | "address" | 8 | 12 | 16 | 32 | 64 | 80 | 128;
/** Name, offset, type. */
export type FieldRow = readonly [name: string, at: number, type: FieldType];

type ValueOf<Type extends FieldType> = Type extends "u8" | "u16" | "u32"
  ? number
  : Type extends number
    ? Uint8Array
    : string;
export type Values<Rows extends readonly FieldRow[]> = {
  readonly [Row in Rows[number] as Row[0]]: ValueOf<Row[2]>;
};
type AnyValue = number | string | Uint8Array;

const BYTES = { u8: 1, u16: 2, u32: 4, id: 8, half: 4, name: 32, address: 4 } as const;

export const bytesOf = (type: FieldType): number => (typeof type === "number" ? type : BYTES[type]);

/** Where the last field ends. */
export const endOf = (rows: readonly FieldRow[]): number =>
  rows.reduce((end, [, at, type]) => Math.max(end, at + bytesOf(type)), 0);

/** The text of a field, up to its NUL or its end. */
export function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end));
}

function valueAt(bytes: Uint8Array, at: number, type: FieldType): AnyValue {
  const field = bytes.subarray(at, at + bytesOf(type));
  if (typeof type === "number") return field.slice();
  if (type === "u8") return field[0]!;
  if (type === "u16") return field[0]! | (field[1]! << 8);
  if (type === "u32") return little32(field, 0);
  if (type === "name") return text(field);
  return type === "address" ? field.join(".") : packetHex(field, 0, field.length);
}

/** `base`: where the record lies, from which the table's offsets count. */
export function readRecord<const Rows extends readonly FieldRow[]>(
  bytes: Uint8Array,
  base: number,
  rows: Rows,
): Values<Rows> {
  const values: Record<string, AnyValue> = {};
  for (const [name, at, type] of rows) values[name] = valueAt(bytes, base + at, type);
  return values as Values<Rows>;
}

function put(field: Uint8Array, type: FieldType, value: AnyValue): void {
  if (typeof value === "number") for (let at = 0; at < field.length; at++) field[at] = value / 256 ** at;
  else if (typeof value !== "string") field.set(value);
  else if (type === "name") for (let at = 0; at < value.length; at++) field[at] = value.charCodeAt(at);
  else if (type === "address") field.set(value.split(".").map(Number));
  else for (let at = 0; at < field.length; at++) field[at] = Number.parseInt(value.slice(2 * at, 2 * at + 2), 16);
}

export function writeRecord<const Rows extends readonly FieldRow[]>(
  bytes: Uint8Array,
  base: number,
  rows: Rows,
  values: Values<Rows>,
): void {
  for (const [name, at, type] of rows) {
    const value = (values as Readonly<Record<string, AnyValue>>)[name]!;
    put(bytes.subarray(base + at, base + at + bytesOf(type)), type, value);
  }
}
