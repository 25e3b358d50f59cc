/**
 * The schemas that are published in vm/: of machines' files, out of the table that reads them, and of what
 * `qure vm VERB --json` prints. And as much of JSON Schema (draft 7) as they use.
 */
import { DRIVERS, MACHINE_SCHEMA, type Schema, TEMPLATE_SCHEMA } from "../../src/vm/configuration.ts";

const DRAFT = "http://json-schema.org/draft-07/schema#";

const FILES: Schema = {
  $schema: DRAFT,
  title: "A machine of qure vm (machine.jsonc), or a template of one",
  type: "object",
  if: { anyOf: ["id", "version"].map((name) => ({ type: "object", required: [name], properties: { [name]: {} } })) },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word.
  then: { $ref: "#/definitions/machine" },
  else: { $ref: "#/definitions/template" },
  definitions: { machine: MACHINE_SCHEMA, template: TEMPLATE_SCHEMA },
};

// ---- What is printed

const TEXT: Schema = { type: "string" };
const NUMBER: Schema = { type: "number" };
const FLAG: Schema = { type: "boolean" };
const STATES = ["off", "running", "paused", "suspended", "failed", "no answer"];
const STATE: Schema = { enum: STATES };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });
const list = (items: Schema): Schema => ({ type: "array", items });

/** An object with these; others may come under the same schema, and those with `?` may be missing. */
function object(fields: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(fields);
  return {
    type: "object",
    required: names.filter((name) => !name.endsWith("?")),
    properties: Object.fromEntries(names.map((name) => [name.replace("?", ""), fields[name]!])),
  };
}

const MACHINE = {
  machine: TEXT,
  number: orNull(NUMBER),
  name: orNull(TEXT),
  driver: orNull({ enum: DRIVERS }),
  disk: orNull(TEXT),
  folder: TEXT,
  isRemoved: FLAG,
  id: TEXT,
  state: STATE,
  note: orNull(TEXT),
  address: orNull(TEXT),
  sinceMs: orNull(NUMBER),
  pid: orNull(NUMBER),
  processorSeconds: NUMBER,
  instructions: orNull(NUMBER),
};
const FULL = { full: list(object({ place: TEXT, freeBytes: NUMBER, freeFiles: orNull(NUMBER) })) };
const ADDED = {
  machine: TEXT,
  number: NUMBER,
  id: TEXT,
  folder: TEXT,
  template: TEXT,
  begins: orNull(TEXT),
  volume: orNull(TEXT),
};
const FAILED = { "failed?": list(object({ machine: TEXT, error: TEXT })) };
const DONE = { machines: list(object({ machine: TEXT, done: TEXT })), ...FAILED };
const WAITED = { machine: TEXT, "for?": TEXT, "found?": TEXT, "address?": TEXT };

/** Of each verb, beside `schema`. */
export const OUTPUTS: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  add: ADDED,
  autostart: { machine: TEXT, autostart: FLAG },
  clone: { machine: TEXT, number: NUMBER, id: TEXT, from: TEXT },
  console: { machine: TEXT, isLeft: FLAG },
  cp: { machine: TEXT, "from?": TEXT, "to?": TEXT },
  daemon: { "unit?": TEXT },
  edit: { machine: TEXT },
  exec: { machine: TEXT, command: TEXT, status: NUMBER, output: TEXT },
  ip: { machine: TEXT, address: TEXT },
  launch: { ...ADDED, ...DONE },
  link: { link: orNull(object({ way: TEXT, isSecond: FLAG })) },
  list: {
    cluster: TEXT,
    owner: orNull(object({ pid: NUMBER, memoryBytes: NUMBER })),
    machines: list(object(MACHINE)),
    ...FULL,
  },
  log: { machine: TEXT, file: TEXT, "text?": TEXT },
  move: { machine: TEXT, uri: TEXT, wasOn: FLAG },
  own: { cluster: TEXT, wasOwner: FLAG },
  pause: DONE,
  protect: { machine: TEXT, protected: FLAG },
  purge: { purged: list(TEXT) },
  remove: { removed: list(TEXT) },
  rename: { machine: TEXT, was: TEXT },
  reset: DONE,
  restart: DONE,
  restore: { restored: list(TEXT) },
  resume: DONE,
  scale: { wanted: NUMBER, made: list(TEXT), gone: list(TEXT) },
  screenshot: { machine: TEXT, file: TEXT },
  sendkey: { machine: TEXT, keys: list(TEXT) },
  set: { machine: TEXT, set: list(TEXT) },
  snapshot: { machine: TEXT, "snapshot?": TEXT, "snapshots?": list(TEXT), "restored?": TEXT, "removed?": TEXT },
  start: DONE,
  status: { ...MACHINE, ...FULL },
  stop: DONE,
  suspend: DONE,
  top: {
    memoryBytes: NUMBER,
    machines: list(object({ machine: TEXT, state: STATE, processor: NUMBER, instructionsPerSecond: NUMBER })),
  },
  unpause: DONE,
  wait: { "machines?": list(object(WAITED)), ...Object.fromEntries(Object.entries(WAITED).map(optional)) },
  watch: {},
};

function optional([name, schema]: [string, Schema]): [string, Schema] {
  return [name.endsWith("?") ? name : `${name}?`, schema];
}

const SCHEMA = { schema: { const: "qure-vm-1" } };
const PRINTED: Schema = {
  $schema: DRAFT,
  title: "What qure vm VERB --json prints, each verb's under its name",
  ...object(SCHEMA),
  definitions: Object.fromEntries(
    Object.entries(OUTPUTS).map(([verb, fields]) => [verb, object({ ...SCHEMA, ...fields })]),
  ),
};

export const PUBLISHED: Readonly<Record<string, Schema>> = {
  "vm/machine.schema.json": FILES,
  "vm/qure-vm-1.schema.json": PRINTED,
};

// ---- JSON Schema

const typeOf = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "array"
      : Number.isInteger(value)
        ? "integer"
        : typeof value === "object"
          ? "object"
          : typeof value;

const isOf = (type: string, value: unknown): boolean =>
  typeOf(value) === type || (type === "number" && typeof value === "number");

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

type Rule = (wanted: never, value: unknown, schema: Schema, root: Schema) => boolean;

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> => typeOf(value) === "object";

const RULES: Readonly<Record<string, Rule>> = {
  $ref: (path: string, value, _, root) =>
    fits(
      path
        .split("/")
        .slice(1)
        .reduce((at, name) => at[name] as Schema, root),
      value,
      root,
    ),
  type: (types: string | readonly string[], value) => [types].flat().some((type) => isOf(type, value)),
  enum: (words: readonly unknown[], value) => words.some((word) => same(word, value)),
  const: (wanted: unknown, value) => same(wanted, value),
  pattern: (pattern: string, value) => typeof value !== "string" || new RegExp(pattern, "u").test(value),
  minimum: (least: number, value) => typeof value !== "number" || value >= least,
  maximum: (most: number, value) => typeof value !== "number" || value <= most,
  items: (schema: Schema, value, _, root) => !Array.isArray(value) || value.every((one) => fits(schema, one, root)),
  required: (names: readonly string[], value) => !isPlain(value) || names.every((name) => Object.hasOwn(value, name)),
  properties: (known: Readonly<Record<string, Schema>>, value, _, root) =>
    !isPlain(value) ||
    Object.entries(value).every(([name, one]) => !Object.hasOwn(known, name) || fits(known[name]!, one, root)),
  additionalProperties: (_: false, value, { properties }) =>
    !isPlain(value) || Object.keys(value).every((name) => Object.hasOwn(properties as object, name)),
  anyOf: (schemas: readonly Schema[], value, _, root) => schemas.some((schema) => fits(schema, value, root)),
  if: (condition: Schema, value, schema, root) =>
    fits(schema[fits(condition, value, root) ? "then" : "else"] as Schema, value, root),
};
const NO_RULES = new Set(["$schema", "title", "description", "definitions", "then", "else"]);

/** Whether a value is as the schema says. Throws for a word of JSON Schema that is not among those above. */
export function fits(schema: Schema, value: unknown, root: Schema = schema): boolean {
  return Object.entries(schema).every(([word, wanted]) => {
    if (NO_RULES.has(word)) return true;
    const rule = RULES[word];
    if (!rule) throw new Error(`what ${word} says is not read here`);
    return rule(wanted as never, value, schema, root);
  });
}
