/**
 * The layers of a spec, from the weakest to the strongest: defaults, `build.json`, `build.local.json`, variables of the
 * environment, the command line. Each is checked alone, at the place where it stands; then values are laid over one
 * another, key by key, and each keeps what it went over.
 */
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { type Diagnostic, withoutPlace } from "../diagnostic/diagnostic.ts";
import { nearest } from "../diagnostic/suggestion.ts";
import { type Field, type FieldTable, type JsonSchema, PlanError, readTable } from "../plan/fields.ts";
import { SPEC, type Spec } from "./schema.ts";

/** In this order; a later one goes over an earlier one. */
export const LAYERS = ["default", "build.json", "build.local.json", "environment", "command line"] as const;
export type Layer = (typeof LAYERS)[number];

type Path = readonly string[];

/** One value, and who said it. */
export interface Said {
  readonly path: Path;
  readonly value: unknown;
  readonly layer: Layer;
  /** `build.json:4:11`, the variable, or the option; empty for a default. */
  readonly place: string;
  /** It goes to the end of the list that is there. */
  readonly isMore: boolean;
}

/** A key with its value, and what this went over, the strongest first. */
export interface Setting {
  readonly key: string;
  readonly value: unknown;
  readonly said: readonly Said[];
}

export class SpecError extends Error {
  override readonly name = "SpecError";
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(({ message }) => message).join("\n"));
    this.diagnostics = diagnostics;
  }
}

const isList = ({ schema }: Field<unknown>): boolean => schema["type"] === "array";
const isMap = ({ names }: Field<unknown>): boolean => names !== undefined;
/** Its keys are settings of their own. */
const isOpen = (field: Field<unknown>): boolean => isMap(field) || (field.table !== undefined && !isList(field));

/** Comments and a comma after the last entry are taken. */
export function readFile(layer: Layer, file: string, text: string): Said[] {
  return new FileReader(layer, file, text).read();
}

class FileReader {
  readonly #layer: Layer;
  readonly #file: string;
  readonly #text: string;
  readonly #wrong: Diagnostic[] = [];
  readonly #said: Said[] = [];

  constructor(layer: Layer, file: string, text: string) {
    [this.#layer, this.#file, this.#text] = [layer, file, text];
  }

  read(): Said[] {
    const errors: ParseError[] = [];
    const root = parseTree(this.#text, errors, { allowTrailingComma: true });
    for (const { error, offset, length } of errors.slice(0, 1)) {
      const words = printParseErrorCode(error).replace(/([a-z])([A-Z])/g, "$1 $2");
      this.#complain("spec-syntax", { offset, length }, words.toLowerCase());
    }
    if (errors.length === 0) {
      if (root?.type === "object") this.#object(SPEC, root, []);
      else this.#complain("spec-syntax", root ?? { offset: 0, length: 1 }, "expected one object in braces");
    }
    if (this.#wrong.length > 0) throw new SpecError(this.#wrong);
    return this.#said;
  }

  #complain(id: string, { offset, length }: Pick<Node, "offset" | "length">, message: string, meant?: string): void {
    const { line, column } = placeIn(this.#text, offset);
    const sourceLine = this.#text.split(/\r?\n/)[line - 1] ?? "";
    const suggestion = meant === undefined ? {} : { suggestion: meant };
    const place = { file: this.#file, line, column, length: Math.max(1, length), sourceLine };
    this.#wrong.push({ severity: "error", id, ...place, message, notes: [], ...suggestion });
  }

  /** Each key of an object once, with its value; what is there twice is complained of. */
  #members(node: Node): { readonly name: string; readonly key: Node; readonly value: Node }[] {
    const seen = new Set<string>();
    return (node.children ?? []).flatMap(({ children }) => {
      const [key, value] = children as [Node, Node];
      const name = String(key.value);
      if (seen.has(name)) this.#complain("spec-key", key, `${name} is there twice`);
      seen.add(name);
      return [{ name, key, value }];
    });
  }

  #object(table: FieldTable, node: Node, path: Path): void {
    for (const { name, key, value } of this.#members(node)) {
      const field = this.#fieldOf(table, name, key, true);
      if (field) this.#value(field, value, [...path, name.replace(/^\+/, "")], key, name.startsWith("+"));
    }
  }

  #fieldOf(table: FieldTable, name: string, key: Node, takesMore: boolean): Field<unknown> | null {
    const plain = name.replace(/^\+/, "");
    const field = Object.hasOwn(table, plain) ? table[plain]! : null;
    if (field && (plain === name || (takesMore && isList(field)))) return field;
    if (field) this.#complain("spec-key", key, `${plain} is no list to which something could be added`, plain);
    else {
      const near = nearest(plain, Object.keys(table)) ?? undefined;
      this.#complain("spec-key", key, `there is no key ${name}${near ? "" : `: there are ${keysOf(table)}`}`, near);
    }
    return null;
  }

  #value(field: Field<unknown>, node: Node, path: Path, key: Node, isMore: boolean): void {
    if (isOpen(field)) {
      if (node.type !== "object") {
        this.#complain("spec-value", node, `${path.join(".")}: expected an object in braces`);
        return;
      }
      if (field.table && !isMap(field)) {
        this.#object(field.table, node, path);
        return;
      }
      for (const { name, key: own, value } of this.#members(node)) {
        if (!field.names!.test(name))
          this.#complain("spec-key", own, `${name} is no name here: expected one like ${field.names!.source}`);
        else if (this.#check(field.item!, value, [...path, name])) this.#say([...path, name], value, own, false);
      }
      return;
    }
    if (this.#check(field, node, path)) this.#say(path, node, key, isMore);
  }

  #say(path: Path, node: Node, key: Node, isMore: boolean): void {
    const { line, column } = placeIn(this.#text, key.offset);
    const place = `${this.#file}:${line}:${column}`;
    this.#said.push({ path, value: plain(node), layer: this.#layer, place, isMore });
  }

  /** Whether a value can be; complains of the smallest part of it that cannot. */
  #check(field: Field<unknown>, node: Node, path: Path): boolean {
    const before = this.#wrong.length;
    if (isList(field) && node.type === "array") {
      for (const [index, item] of (node.children ?? []).entries())
        this.#check(field.item!, item, [...path, `${index}`]);
    } else if (field.table && !isList(field) && !isMap(field) && node.type === "object") {
      for (const { name, key, value } of this.#members(node)) {
        const inner = this.#fieldOf(field.table, name, key, false);
        if (inner) this.#check(inner, value, [...path, name]);
      }
    }
    if (this.#wrong.length === before)
      try {
        field.read(plain(node), path.join("."));
      } catch (error) {
        if (!(error instanceof PlanError)) throw error;
        const meant = nearest(String(node.value), wordsOf(field.schema));
        this.#complain("spec-value", node, error.message, meant ?? undefined);
      }
    return this.#wrong.length === before;
  }
}

/** The words that may stand somewhere. */
function wordsOf({ enum: words = [], anyOf = [] }: JsonSchema): string[] {
  return [...(words as string[]), ...(anyOf as JsonSchema[]).flatMap(wordsOf)];
}

/** Whether a spec could say it, though this one says nothing. */
export function isKey(key: string): boolean {
  let table: FieldTable | undefined = SPEC;
  for (const part of key.split(".")) {
    if (table === undefined || !Object.hasOwn(table, part)) return false;
    const field: Field<unknown> = table[part]!;
    if (isMap(field)) return true;
    ({ table } = field);
  }
  return true;
}

const keysOf = (table: FieldTable): string =>
  Object.keys(table)
    .filter((name) => name !== "$schema")
    .join(", ");

function placeIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

const plain = (node: Node): unknown =>
  node.type === "array"
    ? (node.children ?? []).map(plain)
    : node.type === "object"
      ? Object.fromEntries((node.children ?? []).map(({ children }) => [children![0]!.value, plain(children![1]!)]))
      : (node.value as unknown);

/** The fields that have a value by themselves, and the maps. */
function leavesOf(table: FieldTable, path: Path = []): { readonly path: Path; readonly field: Field<unknown> }[] {
  return Object.entries(table).flatMap(([name, field]) =>
    field.table && !isList(field) && !isMap(field)
      ? leavesOf(field.table, [...path, name])
      : [{ path: [...path, name], field }],
  );
}

const LEAVES = leavesOf(SPEC).filter(({ path }) => path[0] !== "$schema");

/** `disk.size` is QURE_DISK_SIZE. */
function variableOf(path: Path): string {
  const words = path.map((name) => name.replace(/([A-Z])/g, "_$1").replaceAll("-", "_"));
  return `QURE_${words.join("_").toUpperCase()}`;
}

const MODULE_VARIABLE = /^QURE_([A-Z][A-Z\d_]*)_DIR$/;

/** What variables say. `QURE_HTTP_DIR` is the folder with the sources of the module `http`. */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Said[] {
  const said = LEAVES.flatMap(({ path, field }) => {
    const name = variableOf(path);
    const given = environment[name];
    return given === undefined || isMap(field) ? [] : [typed(field, path, given, "environment", name)];
  });
  const modules = Object.entries(environment).flatMap(([name, folder]) => {
    const [, module] = MODULE_VARIABLE.exec(name) ?? [];
    if (module === undefined || folder === undefined || folder === "") return [];
    const path = ["modules", module.toLowerCase().replaceAll("_", "-")];
    return [{ path, value: folder, layer: "environment" as const, place: name, isMore: false }];
  });
  return [...said, ...modules];
}

/** What an option says: `disk.size=64M`, or `modules.telnet=false`. Throws a SpecError. */
export function readAssignment(assignment: string, option: string): Said {
  const [, more = "", key = "", given = ""] = /^(\+?)([^=]+)=(.*)$/s.exec(assignment) ?? [];
  if (key === "") throw complaint(`${option} ${assignment}: write KEY=VALUE`);
  const place = option === "--set" ? `--set ${key}` : option;
  for (const { path, field } of LEAVES) {
    const name = path.join(".");
    if (key === name && !isMap(field)) return typed(field, path, more + given, "command line", place);
    if (isMap(field) && key.startsWith(`${name}.`)) {
      const entry = key.slice(name.length + 1);
      if (!field.names!.test(entry)) throw complaint(`${place}: ${entry} is no name here`);
      return typed(field.item!, [...path, entry], given, "command line", place);
    }
  }
  const near = nearest(
    key,
    LEAVES.map(({ path }) => path.join(".")),
  );
  throw complaint(`${option} ${key}: there is no such key${near === null ? "" : `: did you mean ${near}?`}`);
}

const complaint = (message: string): SpecError => new SpecError([withoutPlace("error", "spec-value", message)]);

/** A value as it is typed: JSON where that fits, else a text, or a list by commas. */
function typed(field: Field<unknown>, path: Path, given: string, layer: Layer, place: string): Said {
  const isMore = isList(field) && given.startsWith("+");
  const words = isMore ? given.slice(1) : given;
  const candidates: unknown[] = [words, words === "" ? [] : words.split(",")];
  try {
    candidates.unshift(JSON.parse(words) as unknown);
  } catch {
    // It is a text.
  }
  let problem = "";
  for (const value of candidates)
    try {
      field.read(value, place);
      return { path, value, layer, place, isMore };
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      if (problem === "" || typeof value === "string") problem = error.message;
    }
  throw complaint(problem);
}

/** All settings in the order of the page, and the spec that they make. */
export interface Resolved {
  readonly spec: Spec;
  readonly settings: readonly Setting[];
}

/** Lays what was said over one another; `said` is in the order of the layers. */
export function resolve(said: readonly Said[]): Resolved {
  const settings = LEAVES.flatMap(({ path, field }) => {
    const own = said.filter((one) => path.every((name, index) => one.path[index] === name));
    if (!isMap(field)) return [settle(path, own, field.write(field.initial))];
    const entries = [...new Set(own.map((one) => one.path[path.length]!))];
    return entries.map((name) =>
      settle(
        [...path, name],
        own.filter((one) => one.path[path.length] === name),
      ),
    );
  });
  const raw = empty();
  for (const { path, value } of settings) place(raw, path, value);
  const plainSettings = settings.map(({ path, value, said: own }) => ({ key: path.join("."), value, said: own }));
  return { spec: readTable(SPEC, raw, ""), settings: plainSettings };
}

/** Without a prototype: any name is one of its own. */
const empty = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>;

function place(raw: Record<string, unknown>, path: Path, value: unknown): void {
  let within = raw;
  for (const name of path.slice(0, -1)) {
    if (!Object.hasOwn(within, name)) within[name] = empty();
    within = within[name] as Record<string, unknown>;
  }
  within[path.at(-1)!] = value;
}

function settle(path: Path, own: readonly Said[], initial?: unknown): Setting & { readonly path: Path } {
  const first: Said[] =
    initial === undefined ? [] : [{ path, value: initial, layer: "default", place: "", isMore: false }];
  const all = [...first, ...own];
  const value = all.reduce<unknown>(
    (before, one) =>
      one.isMore ? [...((before as unknown[] | undefined) ?? []), ...(one.value as unknown[])] : one.value,
    undefined,
  );
  return { path, key: path.join("."), value, said: all.toReversed() };
}
