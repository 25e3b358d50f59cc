/**
 * Kinds of fields that a plan is made of. A field knows what may stand in it, how it is read from JSON and written
 * again, and what a person is told of it: types, checks and the page (docs/formats/plan.md) all come from tables of
 * fields.
 */
import { toNs } from "../lab/time.ts";

/** A value that cannot be, at a place such as `machines[0].drives[1].path`. */
export class PlanError extends RangeError {
  readonly place: string;
  readonly problem: string;
  constructor(place: string, problem: string) {
    super(place === "" ? problem : `${place}: ${problem}`);
    this.name = "PlanError";
    this.place = place;
    this.problem = problem;
  }
}

interface Range {
  readonly least: number;
  readonly most: number;
  /** Of what they are multiples; 1 when absent. */
  readonly grain?: number;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Field<Value> {
  /** For people: `whole number, 1 to 8`. */
  readonly kind: string;
  readonly help: string;
  /** Of a field that is absent. */
  readonly initial: Value;
  /** It must be there. */
  readonly isRequired?: boolean;
  /** The option of `qure emu` that has the same value. */
  readonly option?: string;
  /** The option from which it is made in another way. */
  readonly madeFrom?: string;
  /** Of numbers. */
  readonly range?: Range;
  /** The fields of what stands in it. */
  readonly table?: FieldTable;
  /** Of a list and of a map: what each entry is. */
  readonly item?: Field<unknown>;
  /** Of a map: which names its entries may have. */
  readonly names?: RegExp;
  /** For editors (JSON Schema, draft 2020-12). */
  readonly schema: JsonSchema;
  /** From JSON. Throws a PlanError. */
  read(value: unknown, place: string): Value;
  /** To JSON. */
  write(value: Value): unknown;
}

export type FieldTable = Readonly<Record<string, Field<unknown>>>;
export type FieldValues<Table extends FieldTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Field<infer Value> ? Value : never;
};

type Texts = Pick<Field<unknown>, "help" | "option" | "madeFrom">;

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 60) ?? "nothing";

function expected(place: string, value: unknown, what: string): never {
  throw new PlanError(place, `expected ${what}, and got ${shown(value)}`);
}

const same = <Value>(value: Value): unknown => value;

export function flag(texts: Texts & { readonly initial: boolean }): Field<boolean> {
  const kind = "true or false";
  const read = (value: unknown, place: string): boolean =>
    typeof value === "boolean" ? value : expected(place, value, kind);
  return { ...texts, kind, schema: { type: "boolean" }, read, write: same };
}

const inRange = (value: unknown, { least, most, grain = 1 }: Range): value is number =>
  typeof value === "number" && value >= least && value <= most && value % grain === 0;

export function wholeNumber(texts: Texts & Range & { readonly initial: number }): Field<number> {
  const { least, most } = texts;
  const kind = most === Number.MAX_SAFE_INTEGER ? `whole number from ${least}` : `whole number, ${least} to ${most}`;
  const read = (value: unknown, place: string): number =>
    inRange(value, texts) ? value : expected(place, value, `a ${kind}`);
  const schema = { type: "integer", minimum: least, maximum: most };
  return { ...texts, range: texts, kind, schema, read, write: same };
}

/** Sizes of blank disks: 16 MiB to 2 TiB in whole sectors. */
export const DISK_BYTES: Required<Range> = { least: 2 ** 24, most: 2 ** 41, grain: 512 };

const UNITS = ["", "K", "M", "G", "T"] as const;

/** In the largest unit that leaves it whole: 33554432 is 32M. */
export function formatSize(bytes: number): string {
  let unit = 0;
  for (; unit < UNITS.length - 1 && bytes % 1024 === 0; unit++) bytes /= 1024;
  return `${bytes}${UNITS[unit]}`;
}

/** Bytes: a number, or a text such as 64M, as it is written. */
export function size(texts: Texts & Required<Range> & { readonly initial: number }): Field<number> {
  const { least, most, grain } = texts;
  const kind = `size, ${formatSize(least)} to ${formatSize(most)} in steps of ${formatSize(grain)}`;
  const read = (value: unknown, place: string): number => {
    const [, digits, unit = ""] = typeof value === "string" ? (/^(\d+)([KMGT]?)$/.exec(value) ?? []) : [];
    const bytes = digits === undefined ? value : Number(digits) * 1024 ** UNITS.indexOf(unit as (typeof UNITS)[number]);
    return inRange(bytes, texts) ? bytes : expected(place, value, `a ${kind}, such as "64M"`);
  };
  return { ...texts, range: texts, kind, schema: { type: ["integer", "string"] }, read, write: formatSize };
}

const TIME_UNITS = [
  ["s", 1e9],
  ["ms", 1e6],
  ["us", 1e3],
] as const;

/** Virtual time in nanoseconds: a number, or a text such as 250ms, as it is written. */
export function time(texts: Texts & { readonly initial: number }): Field<number> {
  const read = (value: unknown, place: string): number => {
    try {
      return toNs(value as number | string);
    } catch {
      return expected(place, value, 'a time, such as "250ms"');
    }
  };
  const write = (ns: number): string => {
    const [unit, scale] = TIME_UNITS.find(([, factor]) => ns % factor === 0) ?? ["ns", 1];
    return `${ns / scale}${unit}`;
  };
  return { ...texts, kind: "time", schema: { type: ["number", "string"] }, read, write };
}

/** One of a few words or numbers. */
export function choice<const Values extends readonly (string | number)[]>(
  texts: Texts & { readonly choices: Values; readonly initial: Values[number] },
): Field<Values[number]> {
  const kind = texts.choices.map((value) => JSON.stringify(value)).join(", ");
  const read = (value: unknown, place: string): Values[number] =>
    texts.choices.find((known) => known === value) ?? expected(place, value, `one of ${kind}`);
  return { ...texts, kind, schema: { enum: texts.choices }, read, write: same };
}

/** A text that is not empty; `kind` says which. */
export function text(
  texts: Texts & { readonly kind: string; readonly pattern?: RegExp; readonly initial?: string },
): Field<string> {
  const { kind, pattern = /^[^\0]+$/, initial } = texts;
  const read = (value: unknown, place: string): string =>
    typeof value === "string" && pattern.test(value) ? value : expected(place, value, `a ${kind}`);
  const schema = { type: "string", pattern: pattern.source };
  return { ...texts, schema, isRequired: initial === undefined, initial: initial ?? "", read, write: same };
}

export const path = (texts: Texts): Field<string> => text({ ...texts, kind: "path" });

/** Something that has a text for people, as an option takes it. `parse` throws a RangeError with a sentence. */
export function notation<Value>(
  texts: Texts & {
    readonly kind: string;
    readonly parse: (text: string) => Value;
    readonly format: (value: Value) => string;
  },
): Field<Value> {
  const { kind, parse, format } = texts;
  const read = (value: unknown, place: string): Value => {
    if (typeof value !== "string") return expected(place, value, `a ${kind}`);
    try {
      return parse(value);
    } catch (error) {
      throw new PlanError(place, (error as Error).message);
    }
  };
  // Nobody sees the value of what must be there.
  const schema = { type: "string" };
  return { ...texts, kind, schema, isRequired: true, initial: undefined as Value, read, write: format };
}

/** The same, or null when it is absent. */
export function optional<Value>(field: Field<Value>): Field<Value | null> {
  return {
    ...field,
    schema: { anyOf: [field.schema, { type: "null" }] },
    isRequired: false,
    initial: null,
    read: (value, place) => (value === null ? null : field.read(value, place)),
    write: (value) => (value === null ? null : field.write(value)),
  };
}

/** The same with a value for where it is absent. */
export function withInitial<Value>(field: Field<Value>, initial: Value): Field<Value> {
  return { ...field, isRequired: false, initial };
}

export function listOf<Value>(field: Field<Value>, most = 1000): Field<readonly Value[]> {
  const read = (value: unknown, place: string): readonly Value[] => {
    if (!Array.isArray(value) || value.length > most) return expected(place, value, `a list of at most ${most}`);
    return value.map((item, index) => field.read(item, `${place}[${index}]`));
  };
  return {
    ...field,
    kind: field.table ? "list" : `list: ${field.kind}`,
    item: field,
    schema: { type: "array", items: field.schema, maxItems: most },
    isRequired: false,
    initial: [],
    read,
    write: (values) => values.map((value) => field.write(value)),
  };
}

/** An object with any names, all of whose values are alike. */
export function mapOf<Value>(
  texts: Texts & { readonly names: RegExp; readonly item: Field<Value> },
): Field<Readonly<Record<string, Value>>> {
  const { names, item } = texts;
  const read = (value: unknown, place: string): Readonly<Record<string, Value>> => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return expected(place, value, "an object");
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => {
        if (!names.test(name)) throw new PlanError(`${place}.${name}`, `a name here is like ${names.source}`);
        return [name, item.read(one, `${place}.${name}`)];
      }),
    );
  };
  return {
    ...texts,
    kind: `map: ${item.kind}`,
    schema: { type: "object", propertyNames: { pattern: names.source }, additionalProperties: item.schema },
    initial: {},
    read,
    write: (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, item.write(value)])),
  };
}

/** An object with fields of its own; absent, it has all their initial values. */
export function group<const Table extends FieldTable>(
  texts: Texts & { readonly table: Table },
): Field<FieldValues<Table>> {
  const { table } = texts;
  return {
    ...texts,
    kind: "object",
    schema: schemaOf(table),
    initial: initialOf(table),
    read: (value, place) => readTable(table, value, place),
    write: (values) => writeTable(table, values),
  };
}

/** What `readTable` takes, as a JSON Schema. A list may be written as `+NAME`: it goes to the end of what is there. */
export function schemaOf(table: FieldTable, takesMore = false): JsonSchema {
  const properties = Object.entries(table).flatMap(
    ([name, { schema, help, table: inner, item }]): [string, JsonSchema][] => {
      const isGroup = inner !== undefined && item === undefined;
      const said = { ...(isGroup ? schemaOf(inner, takesMore) : schema), description: help };
      const isList = item !== undefined && schema["type"] === "array";
      return takesMore && isList
        ? [
            [name, said],
            [`+${name}`, said],
          ]
        : [[name, said]];
    },
  );
  const required = Object.entries(table).flatMap(([name, { isRequired }]) => (isRequired ? [name] : []));
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
  };
}

/** The initial values, and in the place of each that an option has, the option's value. */
export function fromOptions<Table extends FieldTable>(
  table: Table,
  options: Readonly<Record<string, unknown>>,
): FieldValues<Table> {
  const values = Object.entries(table).map(([name, { option, initial }]) => [
    name,
    option === undefined ? initial : options[optionKey(option)],
  ]);
  return Object.fromEntries(values) as FieldValues<Table>;
}

/** `no-trace-file` is called traceFile among values. */
export function optionKey(option: string): string {
  return option.replace(/^no-/, "").replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

export function initialOf<Table extends FieldTable>(table: Table): FieldValues<Table> {
  return Object.fromEntries(Object.entries(table).map(([name, { initial }]) => [name, initial])) as FieldValues<Table>;
}

/** Reads an object by its table. Throws a PlanError for a name that is not in it, and a field that is missing. */
export function readTable<Table extends FieldTable>(table: Table, value: unknown, place: string): FieldValues<Table> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return expected(place, value, "an object");
  const given = value as Readonly<Record<string, unknown>>;
  const inside = (name: string): string => (place === "" ? name : `${place}.${name}`);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(table, name));
  if (unknown !== undefined)
    throw new PlanError(inside(unknown), `there is no such field; there are ${Object.keys(table).join(", ")}`);
  const values = Object.entries(table).map(([name, field]) => {
    if (Object.hasOwn(given, name)) return [name, field.read(given[name], inside(name))];
    if (field.isRequired) throw new PlanError(inside(name), "it is missing");
    return [name, field.initial];
  });
  return Object.fromEntries(values) as FieldValues<Table>;
}

const equal = (field: Field<unknown>, one: unknown, other: unknown): boolean =>
  one === other || JSON.stringify(field.write(one)) === JSON.stringify(field.write(other));

/** Writes what differs from the initial values. */
export function writeTable<Table extends FieldTable>(
  table: Table,
  values: FieldValues<Table>,
): Record<string, unknown> {
  const said = Object.entries(table).filter(
    ([name, field]) => field.isRequired || !equal(field, values[name], field.initial),
  );
  return Object.fromEntries(said.map(([name, field]) => [name, field.write(values[name])]));
}

/** Those values of an object that differ from the initial ones. */
export function saidOf<Table extends FieldTable>(
  table: Table,
  values: FieldValues<Table>,
): Partial<FieldValues<Table>> {
  const said = Object.entries(table).filter(([name, field]) => !equal(field, values[name], field.initial));
  return Object.fromEntries(said.map(([name]) => [name, values[name]])) as Partial<FieldValues<Table>>;
}

/** The names of the fields in which two objects differ. */
export function differences<Table extends FieldTable>(
  table: Table,
  one: FieldValues<Table>,
  other: FieldValues<Table>,
): (keyof Table & string)[] {
  return Object.entries(table).flatMap(([name, field]) => (equal(field, one[name], other[name]) ? [] : [name]));
}
