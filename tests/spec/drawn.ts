/**
 * Values drawn for a JSON schema, right and wrong, and a validator of its own that knows the words that ours uses, and
 * no others.
 */
import type { Random } from "../../emulator/state/random.ts";
import type { JsonSchema } from "../../src/plan/fields.ts";

type Rule = (given: never, value: unknown, schema: JsonSchema) => boolean;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

/** JSON Schema 2020-12: a rule says nothing of values of other types. */
const RULES: Readonly<Record<string, Rule>> = {
  type: (given: string, value) => TYPES[given]!(value),
  enum: (given: readonly unknown[], value) => given.includes(value),
  pattern: (given: string, value) => typeof value !== "string" || new RegExp(given, "u").test(value),
  minLength: (given: number, value) => typeof value !== "string" || value.length >= given,
  minimum: (given: number, value) => typeof value !== "number" || value >= given,
  maximum: (given: number, value) => typeof value !== "number" || value <= given,
  maxItems: (given: number, value) => !Array.isArray(value) || value.length <= given,
  items: (given: JsonSchema, value) => !Array.isArray(value) || value.every((item) => holds(given, item)),
  anyOf: (given: readonly JsonSchema[], value) => given.some((one) => holds(one, value)),
  required: (given: readonly string[], value) => !isObject(value) || given.every((name) => Object.hasOwn(value, name)),
  propertyNames: (given: JsonSchema, value) =>
    !isObject(value) || Object.keys(value).every((name) => holds(given, name)),
  properties: (given: Readonly<Record<string, JsonSchema>>, value) =>
    !isObject(value) ||
    Object.entries(value).every(([name, one]) => !Object.hasOwn(given, name) || holds(given[name]!, one)),
  additionalProperties: (given: JsonSchema | false, value, { properties = {} }) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([name, one]) => Object.hasOwn(properties as object, name) || (given !== false && holds(given, one)),
    ),
};
const SILENT = ["$schema", "title", "description"];

/** Whether a value fits a schema. */
export function holds(schema: JsonSchema, value: unknown): boolean {
  return Object.entries(schema)
    .filter(([word]) => !SILENT.includes(word))
    .every(([word, given]) => RULES[word]!(given as never, value, schema));
}

const TEXTS = [
  ...["", "a", "qure", "web-{mac}", "64M", "8M", "2T", "3T", "20000K", "asm/x.s", "asm/**/*.s", "../x", "/a/b", "/"],
  ...[
    "iso",
    "raw",
    "de",
    "us",
    "none",
    "flat",
    "failure",
    "-O2",
    "x y",
    "a\tb",
    "http",
    "UPPER",
    "32M",
    "10.0.2.100/24 shared",
    "cats.example",
    "1.2",
    "*.s",
  ],
];
const NUMBERS = [-1, 0, 1, 8, 20, 80, 1.5, 1000, 2 ** 32 - 1, 2 ** 32];
const NAMES = ["x", "http", "1x", "A_b", "tftp-server", "__proto__", "a b", ""];

/** A value that a schema may have had in mind, or, now and then, any. */
export function drawn(schema: JsonSchema, random: Random, depth: number): unknown {
  const any = [null, true, false, [], {}, ...TEXTS, ...NUMBERS];
  if (random.below(40) === 0 || depth > 6) return any[random.below(any.length)];
  const choices = schema["anyOf"] as readonly JsonSchema[] | undefined;
  if (choices) return drawn(choices[random.below(choices.length)]!, random, depth + 1);
  const words = schema["enum"] as readonly unknown[] | undefined;
  if (words) return words[random.below(words.length)];
  if (schema["type"] === "array")
    return Array.from({ length: random.below(4) }, () => drawn(schema["items"] as JsonSchema, random, depth + 1));
  if (schema["type"] === "object") return drawnObject(schema, random, depth);
  if (schema["type"] === "boolean") return random.below(2) === 0;
  if (schema["type"] === "integer") return NUMBERS[random.below(NUMBERS.length)];
  if (schema["type"] !== "string") return null;
  // Half of them fit: texts that never do would leave what is beside them unseen.
  const fitting = TEXTS.filter((text) => holds(schema, text));
  const texts = fitting.length > 0 && random.below(12) > 0 ? fitting : TEXTS;
  return texts[random.below(texts.length)];
}

function drawnObject(schema: JsonSchema, random: Random, depth: number): Record<string, unknown> {
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (schema["required"] ?? []) as readonly string[];
  const entries: [string, unknown][] = Object.entries(properties)
    .filter(([name]) => random.below(depth === 0 ? 8 : 3) === 0 || (required.includes(name) && random.below(20) > 0))
    .map(([name, inner]) => [name, drawn(inner, random, depth + 1)]);
  const open = schema["additionalProperties"] as JsonSchema | false | undefined;
  if (open)
    for (let left = random.below(3); left > 0; left--) {
      const fitting = NAMES.filter((name) => holds((schema["propertyNames"] ?? {}) as JsonSchema, name));
      const names = random.below(12) > 0 ? fitting : NAMES;
      entries.push([names[random.below(names.length)]!, drawn(open, random, depth + 1)]);
    }
  else if (random.below(40) === 0) entries.push([NAMES[random.below(NAMES.length)]!, 1]);
  return Object.fromEntries(entries);
}
