/**
 * The file that configures a machine: JSON with comments, which survive a change of one value. Templates have the same
 * form, without what makes a machine itself. docs/formats/machine.md describes it.
 */
import { applyEdits, modify, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { nearest } from "../diagnostic/suggestion.ts";

export const VERSION = 1;
export const DRIVERS = ["emu", "qemu", "libvirt", "vmware"] as const;
export const MOST_NUMBER = 999_999_999;
export type Driver = (typeof DRIVERS)[number];
/** Those whose machines can be copied with their memory while they run. */
export const MEMORY_DRIVERS: readonly Driver[] = ["emu"];

export interface Configuration {
  readonly version: number;
  /** 32 hexadecimal digits: it is this machine and no other, whatever it is called. */
  readonly id: string;
  readonly number: number;
  readonly name: string | null;
  readonly driver: Driver;
  /** Of QEMU. KVM is faster where the host's works, which is not to be seen beforehand. */
  readonly accelerator: string;
  /** Of the libvirt that runs it. */
  readonly uri: string;
  readonly hostname: string;
  readonly displayName: string;
  readonly memory: string;
  readonly cpus: number;
  readonly mac: string;
  readonly boot: { readonly order: string; readonly delay: string };
  /** The volume that is its disk; null: it has none. */
  readonly disk: string | null;
  readonly cdrom: string | null;
  readonly forward: readonly string[];
  readonly autostart: boolean;
  /** It is one of those that `scale` makes and takes away. */
  readonly scaled: boolean;
  readonly protected: boolean;
}

/** What a memory is of. */
export type Hardware = Pick<Configuration, "memory" | "cpus" | "boot" | "cdrom">;

export const hardwareOf = ({ memory, cpus, boot, cdrom }: Hardware): Hardware => ({ memory, cpus, boot, cdrom });

export interface Template extends Omit<Configuration, "version" | "id" | "number" | "name" | "mac" | "disk"> {
  readonly disk: { readonly size: string; readonly content: string } | null;
}

/** What is wrong in a file, at its line and column. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly place: string;

  constructor(place: string, message: string) {
    super(`${place}: error: ${message}`);
    this.place = place;
  }
}

/** Words of JSON Schema, of those that say what a value may be. */
export type Schema = Readonly<Record<string, unknown>>;

interface Kind {
  readonly means: string;
  /** Says the same to editors and others: each maker makes both of one rule. */
  readonly schema: Schema;
  holds(value: unknown): boolean;
}

const text = (means: string, pattern: RegExp): Kind => ({
  means,
  schema: { type: "string", pattern: pattern.source },
  holds: (value) => typeof value === "string" && pattern.test(value),
});
const oneOf = (means: string, words: readonly string[]): Kind => ({
  means,
  schema: { enum: words },
  holds: (value) => (words as readonly unknown[]).includes(value),
});
const orNull = ({ means, schema, holds }: Kind): Kind => ({
  means: `${means}, or null`,
  schema: { ...schema, type: [schema["type"], "null"] },
  holds: (value) => value === null || holds(value),
});
const wholeNumber = (least: number, most: number): Kind => ({
  means: `a whole number from ${least} to ${most}`,
  schema: { type: "integer", minimum: least, maximum: most },
  holds: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
});
const listOf = (means: string, { schema, holds }: Kind): Kind => ({
  means,
  schema: { type: "array", items: schema },
  holds: (value) => Array.isArray(value) && value.every(holds),
});
const flag: Kind = {
  means: "true or false",
  schema: { type: "boolean" },
  holds: (value) => typeof value === "boolean",
};
/** What is in it stands in keys of its own. */
const group = (means: string): Kind => ({ means, schema: { type: "object" }, holds: () => false });

const SIZE = text("a size such as 64M", /^[1-9]\d{0,8}[KMGT]$/);
const LINE = /^[^\u0000-\u001f\u007f-\u009f]{1,120}$/u;
const PORT = String.raw`(?:\d{1,4}|[0-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])`;
/** A host's port 0 is any that is free. */
const FORWARD = new RegExp(String.raw`^(?:(?:tcp|udp):)?(?:\d{1,3}(?:\.\d{1,3}){3}:)?${PORT}:(?!0+$)${PORT}$`);

/** Every key that a file may have; `boot.order` lies in `boot`. */
const KEYS: Readonly<Record<string, Kind>> = {
  $schema: text("where the schema of this file is", LINE),
  version: wholeNumber(VERSION, VERSION),
  id: text("32 hexadecimal digits", /^[0-9a-f]{32}$/),
  number: wholeNumber(1, MOST_NUMBER),
  name: orNull(text("a name of letters, digits and _", /^[A-Za-z_]\w{0,31}$/)),
  driver: oneOf(`one of ${DRIVERS.join(", ")}`, DRIVERS),
  accelerator: oneOf("tcg or kvm", ["tcg", "kvm"]),
  uri: text(
    "a URI of libvirt's such as qemu:///system",
    /^[a-z][a-z0-9+]*:\/\/[^\s\u0000-\u001f\u007f-\u009f]{1,500}$/u,
  ),
  hostname: text("a host name", /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/),
  displayName: text("a line", LINE),
  memory: text("a size from 4M to 2G", /^(?:(?:[4-9]|[1-9]\d{1,2}|1\d{3}|20[0-3]\d|204[0-8])M|[12]G)$/),
  cpus: wholeNumber(1, 8),
  mac: text("a MAC address such as 52:54:00:12:34:56", /^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/),
  boot: group("an object with order and delay"),
  "boot.order": text("letters of a, c, d and n", /^[acdn]{1,4}$/),
  "boot.delay": text("a time such as 2s or 500ms", /^\d{1,5}m?s$/),
  disk: orNull(text("volume:NAME", /^volume:[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)),
  cdrom: orNull(text("a file", /^[^\u0000-\u001f\u007f-\u009f]+$/u)),
  forward: listOf("a list of ports such as 8080:80", text("ports", FORWARD)),
  autostart: flag,
  scaled: flag,
  protected: flag,
};

/** Without them a machine is none. */
const NEEDED = ["version", "id", "number", "mac"];

const TEMPLATE_KEYS: Readonly<Record<string, Kind>> = {
  ...Object.fromEntries(
    Object.entries(KEYS).filter(([key]) => !["version", "id", "number", "name", "mac"].includes(key)),
  ),
  hostname: text("a host name, in which {key} is the machine's", /^(?:[A-Za-z0-9-]|\{key\})+$/),
  disk: orNull(group("an object with size and content")),
  "disk.size": SIZE,
  "disk.content": text(
    "qure, blank, volume:NAME of a snapshot, or file:PATH of an image",
    /^(?:qure|blank|volume:[A-Za-z0-9][A-Za-z0-9._-]{0,127}|file:[^\u0000-\u001f\u007f-\u009f]+)$/u,
  ),
};

/** The keys as JSON Schema has them. Of a key that stands there twice it knows nothing. */
function schemaOf(keys: Readonly<Record<string, Kind>>, within = "", required: readonly string[] = []): Schema {
  const own = Object.entries(keys).filter(([key]) => key.startsWith(within) && !key.slice(within.length).includes("."));
  const properties = own.map(([key, { means, schema }]) => {
    const isGroup = Object.keys(keys).some((other) => other.startsWith(`${key}.`));
    return [key.slice(within.length), { description: means, ...schema, ...(isGroup ? schemaOf(keys, `${key}.`) : {}) }];
  });
  return {
    properties: Object.fromEntries(properties) as Schema,
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  };
}

/** Of a machine's file, and of a template's. */
export const MACHINE_SCHEMA: Schema = { type: "object", ...schemaOf(KEYS, "", NEEDED) };
export const TEMPLATE_SCHEMA: Schema = { type: "object", ...schemaOf(TEMPLATE_KEYS) };

const TEMPLATE_DEFAULTS: Template = {
  driver: "emu",
  accelerator: "tcg",
  uri: "qemu:///system",
  hostname: "qure-{key}",
  displayName: "QuRe {key}",
  memory: "32M",
  cpus: 1,
  boot: { order: "c", delay: "0s" },
  disk: null,
  cdrom: null,
  forward: [],
  autostart: false,
  scaled: false,
  protected: false,
};

const OPTIONS = { allowTrailingComma: true } as const;
const FORMAT = { insertSpaces: true, tabSize: 2 } as const;

function placeIn(path: string, content: string, offset: number): string {
  const before = content.slice(0, offset).split("\n");
  return `${path}:${before.length}:${before.at(-1)!.length + 1}`;
}

/** Checks keys and values, with the place of the first that is wrong. */
function readObject(path: string, content: string, keys: Readonly<Record<string, Kind>>): Record<string, unknown> {
  const errors: ParseError[] = [];
  const root = parseTree(content, errors, OPTIONS);
  const [wrong] = errors;
  if (wrong) {
    const found = content.slice(wrong.offset, wrong.offset + 1);
    const hint = found === ";" ? ": a comment begins with //" : "";
    throw new ConfigurationError(
      placeIn(path, content, wrong.offset),
      `${printParseErrorCode(wrong.error)
        .replace(/([a-z])([A-Z])/g, "$1 $2")
        .toLowerCase()}${hint}`,
    );
  }
  if (root?.type !== "object") throw new ConfigurationError(`${path}:1:1`, "expected one object in braces");
  const { $schema: _, ...found } = objectOf(path, content, root, keys, "");
  return found;
}

function objectOf(
  path: string,
  content: string,
  node: Node,
  keys: Readonly<Record<string, Kind>>,
  within: string,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { children } of node.children ?? []) {
    const [keyNode, valueNode] = children as [Node, Node];
    const key = within + String(keyNode.value);
    const isGroup = Object.keys(keys).some((known) => known.startsWith(`${key}.`));
    // `boot.order` is written in `boot`, and as a key of its own it would say nothing.
    const kind = Object.hasOwn(keys, key) && !String(keyNode.value).includes(".") ? keys[key]! : null;
    if (!kind) throw new ConfigurationError(placeIn(path, content, keyNode.offset), unknownKey(key, keys));
    const name = String(keyNode.value);
    if (Object.hasOwn(result, name))
      throw new ConfigurationError(placeIn(path, content, keyNode.offset), `${key} is there twice`);
    if (isGroup && valueNode.type === "object") {
      result[name] = objectOf(path, content, valueNode, keys, `${key}.`);
      continue;
    }
    const value = plain(valueNode);
    if (!kind.holds(value))
      throw new ConfigurationError(placeIn(path, content, valueNode.offset), `${key} is ${kind.means}`);
    result[name] = value;
  }
  return result;
}

const plain = (node: Node): unknown =>
  node.type === "array"
    ? (node.children ?? []).map(plain)
    : node.type === "object"
      ? Object.fromEntries((node.children ?? []).map(({ children }) => [children![0]!.value, plain(children![1]!)]))
      : (node.value as unknown);

function unknownKey(key: string, keys: Readonly<Record<string, Kind>>): string {
  const near = nearest(key, Object.keys(keys));
  return `there is no ${key}${near === null ? `: there are ${Object.keys(keys).join(", ")}` : `: did you mean ${near}?`}`;
}

/** Reads a machine's file. Throws a ConfigurationError; one of a newer version says what it needs. */
export function parseConfiguration(path: string, content: string): Configuration {
  const version = /"version"\s*:\s*(\d+)/.exec(content);
  if (version && Number(version[1]) > VERSION)
    throw new ConfigurationError(
      placeIn(path, content, version.index),
      `it is of version ${version[1]}, which a newer qure wrote; this one reads version ${VERSION}`,
    );
  const found = readObject(path, content, KEYS);
  const { boot, ...defaults } = TEMPLATE_DEFAULTS;
  const whole = { name: null, ...defaults, ...found, boot: { ...boot, ...(found["boot"] as object | undefined) } };
  for (const key of NEEDED) if (!(key in whole)) throw new ConfigurationError(`${path}:1:1`, `${key} is missing`);
  return whole as unknown as Configuration;
}

/** Throws a ConfigurationError. */
export function parseTemplate(path: string, content: string): Template {
  const found = readObject(path, content, TEMPLATE_KEYS);
  const disk = found["disk"] as Partial<NonNullable<Template["disk"]>> | null | undefined;
  return {
    ...TEMPLATE_DEFAULTS,
    ...(found as Partial<Template>),
    boot: { ...TEMPLATE_DEFAULTS.boot, ...(found["boot"] as object | undefined) },
    disk: disk ? { size: disk.size ?? "32M", content: disk.content ?? "blank" } : null,
  };
}

export function formatConfiguration(configuration: Configuration): string {
  const lines = JSON.stringify(configuration, null, 2).split("\n");
  return [
    lines[0]!,
    '  // A machine of `qure vm`. "qure vm set" changes a value and leaves comments.',
    ...lines.slice(1),
    "",
  ].join("\n");
}

/** What a template's key is to be; null: this value is. */
export function expectedOf(key: string, value: unknown): string | null {
  const kind = TEMPLATE_KEYS[key]!;
  return kind.holds(value) ? null : kind.means;
}

const LONGEST_HOST_NAME = 32;

/** The text as a host name: it has hyphens instead of `_`, none at its end, and an end. */
export const hostNameOf = (text: string): string =>
  text.replaceAll("_", "-").slice(0, LONGEST_HOST_NAME).replace(/-+$/, "");

/** Keys that make a machine itself. */
const FIXED = ["version", "id", "number", "name", "disk"];

/** What `set` may be given, as far as it can be said: `driver=emu`, and `memory=` where the value is any of many. */
export const ASSIGNMENTS: readonly string[] = Object.entries(KEYS)
  .filter(([key, { schema }]) => !FIXED.includes(key) && key !== "$schema" && schema["type"] !== "object")
  .flatMap(([key, { schema }]) => {
    const words = schema["type"] === "boolean" ? ["true", "false"] : ((schema["enum"] as string[] | undefined) ?? [""]);
    return words.map((word) => `${key}=${word}`);
  });

/** The text with one value changed, as `KEY=VALUE` says. Throws a ConfigurationError. */
export function setValue(path: string, content: string, assignment: string): string {
  const [, key = "", given = ""] = /^([^=]+)=(.*)$/s.exec(assignment) ?? [];
  if (key === "") throw new ConfigurationError(path, `${assignment}: write KEY=VALUE`);
  const kind = Object.hasOwn(KEYS, key) ? KEYS[key]! : null;
  if (!kind) throw new ConfigurationError(path, unknownKey(key, KEYS));
  if (FIXED.includes(key)) throw new ConfigurationError(path, `${key} is what makes the machine itself, and stays`);
  const value = valueFrom(given, kind);
  if (!kind.holds(value)) throw new ConfigurationError(path, `${key}=${given}: ${key} is ${kind.means}`);
  const edits = modify(content, key.split("."), value, { formattingOptions: FORMAT });
  return applyEdits(content, edits);
}

/** The text with other values in it, and its comments. */
export function changedTo(content: string, before: Configuration, after: Configuration): string {
  let text = content;
  for (const [key, value] of Object.entries(after)) {
    if (JSON.stringify(value) === JSON.stringify(before[key as keyof Configuration])) continue;
    text = applyEdits(text, modify(text, [key], value, { formattingOptions: FORMAT }));
  }
  return text;
}

/** A value as it is typed: JSON where that fits, else the text itself, and a list by commas. */
function valueFrom(given: string, kind: Kind): unknown {
  try {
    const value = JSON.parse(given) as unknown;
    if (kind.holds(value)) return value;
  } catch {
    // It is a text.
  }
  if (kind.holds(given)) return given;
  const list = given === "" ? [] : given.split(",");
  return kind.holds(list) ? list : given;
}

/** Bytes of a size, which a configuration has checked. */
export function bytesOf(size: string): number {
  return Number(size.slice(0, -1)) * 1024 ** " KMGT".indexOf(size.at(-1)!);
}
