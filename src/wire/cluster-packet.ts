/**
 * The cluster's packets whole: each kind as a row of a table, read into values and written back to the same bytes.
 * docs/protocols/cluster.md, "Packet"; cluster-values.md, "Packets"; cluster-history.md, "Events"; cluster-key.md.
 */
import { little32 } from "../bytes/little-endian.ts";
import {
  CHANGE,
  ENTRY_BYTES,
  EVENT_BYTES,
  HEAD_BYTES,
  ID_BYTES,
  KIND,
  MEMBER,
  NAME_BYTES,
  NAMED,
  PIECE_BYTES,
  PUSH,
  UPGRADE,
  VALUES,
  VERSION,
  VOTERS_BYTES,
  WITNESS,
} from "./cluster-layout.ts";
import { endOf, type FieldRow, readRecord, type Values, writeRecord } from "./record.ts";

const MAGIC = 0x4c435251;
const VERSION_NOW = 6;
const ERA_MAXIMUM = 0x7fffffff;
const VOTERS_MAXIMUM = 16;
export const VALUE_BYTES = 128;
const VALUE_NAME_AT = 132;
const VALUE_AT = 164;
const EVENT_KINDS = 8;
const UPGRADE_STATE_MAXIMUM = 5;
const UPGRADE_REASON_MAXIMUM = 10;
const NO_SLOT = 0xff;
const WITNESS_BITS = 3;

/** What every packet begins with, magic, version and kind apart. */
export const HEAD = [
  ["state", 6, "u8"],
  ["flags", 7, "u8"],
  ["era", 8, "u32"],
  ["age", 12, "u32"],
  ["revision", 16, "u32"],
  ["request", 20, "u32"],
  ["id", 24, "id"],
  ["founder", 32, "id"],
  ["name", 40, "name"],
  ["session", 72, "id"],
  ["sequence", 80, "u32"],
  ["address", 84, "address"],
  ["echo", 88, "half"],
  ["echoNumber", 92, "u32"],
  ["code", 96, 16],
  ["valuesNumber", 112, "u32"],
  ["valuesDigest", 116, "u32"],
  ["eventsNumber", 120, "u32"],
  ["eventsDigest", 124, "u32"],
] as const satisfies readonly FieldRow[];

/** A node as a coordinator's view has it. */
const ENTRY = [
  ["id", 0, "id"],
  ["age", 8, "u32"],
  ["revision", 12, "u32"],
  ["flags", 16, "u8"],
  ["state", 17, "u8"],
  ["upgrade", 18, "u8"],
  ["downloads", 19, "u8"],
  ["address", 20, "address"],
  ["name", 24, "name"],
  ["session", 56, "id"],
  ["sequence", 64, "u32"],
] as const satisfies readonly FieldRow[];

const EVENT = [
  ["era", 0, "u32"],
  ["number", 4, "u32"],
  ["author", 8, "id"],
  ["subject", 16, "id"],
  ["kind", 24, "u8"],
  ["members", 26, "u16"],
  ["time", 28, "u32"],
  ["detail", 32, "u32"],
  ["detail2", 36, "u32"],
  ["name", 40, "name"],
] as const satisfies readonly FieldRow[];

/** A module that was pushed into a node. */
const PUSHED_ENTRY = [
  ["name", 0, 16],
  ["digest", 16, "half"],
  ["sizeBytes", 20, "u32"],
  ["revision", 24, "u32"],
  ["checksum", 28, "u32"],
  ["since", 32, "u32"],
  ["flags", 36, "u32"],
] as const satisfies readonly FieldRow[];

export type Head = Values<typeof HEAD>;
export type PushedEntry = Values<typeof PUSHED_ENTRY>;
export type Entry = Values<typeof ENTRY>;
/** Of the cluster's history. `time`: seconds since 2000-01-01 by the author's clock. */
export type HistoryEvent = Values<typeof EVENT>;

/** What members agree on: who they are, and the values. */
export interface Region {
  readonly voters: readonly string[];
  readonly values: readonly (readonly [name: string, value: string])[];
}

/** What may follow a kind's fields: how large one item is, and how many there may be. */
const TAILS = {
  none: { bytes: 0, least: 0, most: 0 },
  entries: { bytes: ENTRY_BYTES, least: 0, most: 19 },
  addresses: { bytes: 4, least: 1, most: 8 },
  events: { bytes: EVENT_BYTES, least: 1, most: 18 },
  sums: { bytes: 4, least: 64, most: 64 },
  region: { bytes: 4, least: VOTERS_BYTES / 4, most: (VOTERS_BYTES + 1024) / 4 },
  piece: { bytes: 4, least: 0, most: PIECE_BYTES / 4 },
  pushes: { bytes: 40, least: 0, most: 16 },
  /** A region, or nothing when there was no vote. */
  vote: { bytes: 4, least: 0, most: (VOTERS_BYTES + 1024) / 4 },
} as const;
type Tail = keyof typeof TAILS;

interface KindRow {
  readonly name: string;
  /** Whether a node may send it that is no member; `only`: no member does. */
  readonly joins?: true | "only";
  readonly fields?: readonly FieldRow[];
  readonly tail?: Tail;
}

const TARGET = ["target", 128, "id"] as const;
const UNUSED = ["unused", 140, "u32"] as const;
const ADDRESS_FOR = [TARGET, ["address", 136, "address"], UNUSED] as const;
const BALLOT = [
  ["number", 128, "u32"],
  ["ballot", 132, "u32"],
  ["ballotId", 136, "id"],
] as const;
const NONCE = ["nonce", 128, 16] as const;
const PUBLIC_NUMBER = [NONCE, ["publicNumber", 144, 32]] as const;

export const KINDS = {
  1: { name: "hello", joins: true },
  2: {
    name: "view",
    fields: [
      ["members", 128, "u32"],
      ["digest", 132, "u32"],
      ["from", 136, "id"],
      ["to", 144, "id"],
    ],
    tail: "entries",
  },
  3: { name: "report" },
  4: { name: "bye", joins: true },
  5: { name: "reboot request", joins: true, fields: [TARGET, ["targetEra", 136, "u32"], ["targetAge", 140, "u32"]] },
  6: { name: "reboot answer", joins: true, fields: [TARGET, ["result", 136, "u32"], UNUSED] },
  7: { name: "probe" },
  8: { name: "hold", tail: "addresses" },
  9: { name: "release", fields: ADDRESS_FOR },
  10: { name: "move", joins: true, fields: ADDRESS_FOR },
  11: { name: "values", tail: "region" },
  12: { name: "suspect", fields: [TARGET, ["isSilent", 136, "u32"], UNUSED] },
  13: { name: "join", joins: true, fields: [NONCE] },
  14: { name: "welcome", joins: true, fields: [NONCE, ["ownNonce", 144, 16], ["secret", 160, 64]] },
  15: { name: "events", tail: "events" },
  16: { name: "history", tail: "sums" },
  17: { name: "prepare", fields: BALLOT },
  18: { name: "offer", fields: [...BALLOT, ["unused", 144, 12]], tail: "region" },
  19: { name: "promise", fields: [...BALLOT, ["voted", 144, "u32"], ["votedId", 148, "id"]], tail: "vote" },
  20: { name: "voted", fields: BALLOT },
  21: { name: "offer of a key", fields: PUBLIC_NUMBER },
  22: { name: "show", fields: PUBLIC_NUMBER },
  23: { name: "give", fields: [NONCE, ["sealed", 144, 64], ["tag", 208, 16]] },
  24: { name: "have", fields: [NONCE, ["proof", 144, 16]] },
  25: { name: "outdated" },
  26: { name: "new key" },
  27: {
    name: "change",
    joins: "only",
    fields: [
      ["removes", 128, "u32"],
      ["valueName", 132, "name"],
      ["value", 164, 128],
    ],
  },
  28: { name: "changed", fields: [TARGET, ["result", 136, "u32"], ["answers", 140, "u16"], ["asked", 142, "u16"]] },
  29: {
    name: "upgrade",
    fields: [
      ["epoch", 128, "u32"],
      ["upgrade", 132, "u8"],
      ["reason", 133, "u8"],
      ["slot", 134, "u8"],
      ["downloads", 135, "u8"],
      ["firstRevision", 136, "u32"],
      ["secondRevision", 140, "u32"],
      ["floor", 144, "u32"],
      ["trialRevision", 148, "u32"],
      ["served", 152, "u32"],
      ["haveBytes", 156, "u32"],
      ["digest", 160, 16],
    ],
  },
  30: {
    name: "witness",
    fields: [
      TARGET,
      ["targetSession", 136, "id"],
      ["epoch", 144, "u32"],
      ["bits", 148, "u32"],
      ["answerMs", 152, "u32"],
      ["unused", 156, "u32"],
    ],
  },
  31: {
    name: "push",
    joins: "only",
    fields: [
      ["verb", 128, "u32"],
      ["sha256", 132, 32],
      ["number", 164, "u32"],
      ["keeps", 168, "u32"],
      ["moduleName", 172, "name"],
    ],
    tail: "piece",
  },
  32: {
    name: "pushed",
    fields: [
      TARGET,
      ["pushState", 136, "u32"],
      ["received", 140, "u32"],
      ["about", 144, 8],
      ["checksum", 152, "u32"],
      ["awayUs", 156, "u32"],
      ["reason", 160, 80],
    ],
    tail: "pushes",
  },
} as const satisfies Readonly<Record<number, KindRow>>;

type Kinds = typeof KINDS;
type Kind = keyof Kinds;
interface TailValues {
  readonly none: null;
  readonly entries: readonly Entry[];
  readonly addresses: readonly string[];
  readonly events: readonly HistoryEvent[];
  readonly sums: readonly number[];
  readonly region: Region;
  readonly vote: Region | null;
  readonly piece: Uint8Array;
  readonly pushes: readonly PushedEntry[];
}
type FieldsOf<Row> = Row extends { readonly fields: infer Rows extends readonly FieldRow[] }
  ? Values<Rows>
  : Readonly<Record<never, never>>;
type TailOf<Row> = Row extends { readonly tail: infer Name extends Tail } ? TailValues[Name] : null;

export type Packet = {
  readonly [K in Kind]: {
    readonly kind: K;
    readonly head: Head;
    readonly fields: FieldsOf<Kinds[K]>;
    readonly tail: TailOf<Kinds[K]>;
  };
}[Kind];

const rowOf = (kind: number): KindRow | undefined => (KINDS as Readonly<Record<number, KindRow>>)[kind];
const fieldsEnd = ({ fields = [] }: KindRow): number => Math.max(HEAD_BYTES, endOf(fields));

/** How many bytes a packet of a kind may have; null where there is no such kind. */
export function sizesOf(kind: number): { readonly least: number; readonly most: number; readonly step: number } | null {
  const row = rowOf(kind);
  if (!row) return null;
  const { bytes, least, most } = TAILS[row.tail ?? "none"];
  return { least: fieldsEnd(row) + least * bytes, most: fieldsEnd(row) + most * bytes, step: bytes || 1 };
}

/** Printable, without blanks, terminated: whatever lies behind the NUL. */
function isName(bytes: Uint8Array, at: number): boolean {
  const end = bytes.subarray(at, at + NAME_BYTES).indexOf(0);
  return end >= 0 && bytes.subarray(at, at + end).every((byte) => byte > 0x20 && byte < 0x7f);
}

const isNobody = (id: string): boolean => /^0*$/.test(id);

/** Whether an address can be that of one machine. */
function isUnicast(address: string): boolean {
  const first = Number.parseInt(address, 10);
  return first !== 0 && first !== 127 && first < 224;
}

/** One of FNV's steps, and what it does not do: carry down. */
function mixed(digest: number, word: number): number {
  const product = Math.imul(digest ^ word, 0x01000193);
  return ((product << 7) | (product >>> 25)) >>> 0;
}

/** The number that stands for some words, as for an entry of a view. */
export function digestOfWords(words: readonly number[]): number {
  return words.reduce(mixed, 0x811c9dc5);
}

const wordsOf = (bytes: Uint8Array): number[] =>
  Array.from({ length: bytes.length / 4 }, (_, index) => little32(bytes, 4 * index));

/** The same of values, and of who agrees on them. */
export function digestOfRegion(words: readonly number[]): number {
  return words.reduce((digest, word) => (mixed(digest, word) + 0x811c9dc5) >>> 0, 0);
}

/** Of an entry in a view's sum: states, downloads and sequence do not count, nor flags but those that entries have. */
export function entryDigest(entry: Entry): number {
  const bytes = new Uint8Array(ENTRY_BYTES);
  writeRecord(bytes, 0, ENTRY, { ...entry, state: 0, upgrade: 0, downloads: 0, flags: entry.flags & 0x81 });
  return digestOfWords(wordsOf(bytes.subarray(0, ENTRY_BYTES - 4)));
}

/** Of an event in a history's sum. */
export const eventDigest = (event: HistoryEvent): number => digestOfWords(wordsOf(eventBytes([event])));

function eventBytes(events: readonly HistoryEvent[]): Uint8Array {
  const bytes = new Uint8Array(events.length * EVENT_BYTES);
  events.forEach((event, index) => writeRecord(bytes, index * EVENT_BYTES, EVENT, event));
  return bytes;
}

/** Lower before higher: by era, number, and then the bytes from the author on. */
export function compareEvents(a: HistoryEvent, b: HistoryEvent): number {
  if (a.era !== b.era || a.number !== b.number) return a.era - b.era || a.number - b.number;
  const [left, right] = [eventBytes([a]), eventBytes([b])];
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at < 0 ? 0 : left[at]! - right[at]!;
}

/** Where a word and its NUL end; 0 when it is none: too long, not printable, or without an end. */
function wordEnd(bytes: Uint8Array, at: number, mostBytes: number, lowest: number): number {
  const end = bytes.indexOf(0, at);
  if (end < 0 || end - at >= mostBytes) return 0;
  return bytes.subarray(at, end).every((byte) => byte >= lowest && byte < 0x7f) ? end + 1 : 0;
}

function readRegion(bytes: Uint8Array): Region | null {
  const count = little32(bytes, 0);
  if (count > VOTERS_MAXIMUM) return null;
  const id = (index: number): string => readRecord(bytes, 4 + index * ID_BYTES, [["id", 0, "id"]]).id;
  const values: (readonly [string, string])[] = [];
  const word = (from: number, end: number): string => String.fromCharCode(...bytes.subarray(from, end - 1));
  for (let at = VOTERS_BYTES; at < bytes.length; ) {
    if (bytes[at] === 0) {
      // Zeros fill the last dword, and no more.
      if (bytes.length - at >= 4 || bytes.subarray(at).some((byte) => byte !== 0)) return null;
      break;
    }
    const middle = wordEnd(bytes, at, NAME_BYTES, 0x21);
    const end = middle && wordEnd(bytes, middle, VALUE_BYTES, 0x20);
    if (!end) return null;
    values.push([word(at, middle), word(middle, end)]);
    at = end;
  }
  return { voters: Array.from({ length: count }, (_, index) => id(index)), values };
}

function regionBytes({ voters, values }: Region): Uint8Array {
  const text = values.map(([name, value]) => `${name}\0${value}\0`).join("");
  const bytes = new Uint8Array(VOTERS_BYTES + Math.ceil(text.length / 4) * 4);
  bytes[0] = voters.length;
  voters.forEach((id, index) => writeRecord(bytes, 4 + index * ID_BYTES, [["id", 0, "id"]], { id }));
  for (let at = 0; at < text.length; at++) bytes[VOTERS_BYTES + at] = text.charCodeAt(at);
  return bytes;
}

const isEntry = (bytes: Uint8Array, at: number, { id, state, age, address }: Entry): boolean =>
  !isNobody(id) &&
  state >= 1 &&
  state <= NAMED &&
  (age > 0 || state === NAMED) &&
  isUnicast(address) &&
  isName(bytes, at + 24);

const isEvent = (bytes: Uint8Array, at: number, { era, number, author, subject, kind }: HistoryEvent): boolean =>
  era > 0 &&
  era <= ERA_MAXIMUM &&
  number > 0 &&
  number <= ERA_MAXIMUM &&
  !isNobody(author) &&
  !isNobody(subject) &&
  kind >= 1 &&
  kind <= EVENT_KINDS &&
  bytes[at + 25] === 0 &&
  isName(bytes, at + 40);

function readItems<Item>(
  bytes: Uint8Array,
  sizeBytes: number,
  read: (at: number) => Item,
  isGood: (bytes: Uint8Array, at: number, item: Item) => boolean,
): Item[] | undefined {
  const items: Item[] = [];
  for (let at = 0; at < bytes.length; at += sizeBytes) {
    const item = read(at);
    if (!isGood(bytes, at, item)) return undefined;
    items.push(item);
  }
  return items;
}

/** Undefined when it is not in form. */
function readTail(name: Tail, bytes: Uint8Array): TailValues[Tail] | undefined {
  const good = (): boolean => true;
  switch (name) {
    case "none":
      return null;
    case "entries":
      return readItems(bytes, ENTRY_BYTES, (at) => readRecord(bytes, at, ENTRY), isEntry);
    case "events":
      return readItems(bytes, EVENT_BYTES, (at) => readRecord(bytes, at, EVENT), isEvent);
    case "addresses":
      return readItems(bytes, 4, (at) => bytes.subarray(at, at + 4).join("."), good);
    case "sums":
      return readItems(bytes, 4, (at) => little32(bytes, at), good);
    case "piece":
      return bytes.slice();
    case "pushes":
      return readItems(bytes, TAILS.pushes.bytes, (at) => readRecord(bytes, at, PUSHED_ENTRY), good);
    default:
      if (bytes.length < VOTERS_BYTES) return name === "vote" && bytes.length === 0 ? null : undefined;
      return readRegion(bytes) ?? undefined;
  }
}

function tailBytes(name: Tail, tail: TailValues[Tail]): Uint8Array {
  if (tail === null || name === "none") return new Uint8Array();
  if (tail instanceof Uint8Array) return tail;
  if ("voters" in tail) return regionBytes(tail);
  const { bytes: sizeBytes } = TAILS[name];
  if (name === "events") return eventBytes(tail as TailValues["events"]);
  const bytes = new Uint8Array(tail.length * sizeBytes);
  tail.forEach((item, index) => {
    const at = index * sizeBytes;
    if (name === "pushes") writeRecord(bytes, at, PUSHED_ENTRY, item as PushedEntry);
    else if (typeof item === "object") writeRecord(bytes, at, ENTRY, item as Entry);
    else if (typeof item === "string") writeRecord(bytes, at, [["item", 0, "address"]], { item });
    else writeRecord(bytes, at, [["item", 0, "u32"]], { item });
  });
  return bytes;
}

/** Whether what every packet says is possible: state, founder, era, age, node and name. */
function isPossible(bytes: Uint8Array, { joins }: KindRow, { state, era, age, id, founder }: Head): boolean {
  if (state === MEMBER ? joins === "only" : !(state === 1 && joins)) return false;
  const isNamed = state === MEMBER ? !isNobody(founder) && era > 0 : isNobody(founder);
  return isNamed && era <= ERA_MAXIMUM && age > 0 && !isNobody(id) && isName(bytes, 40);
}

/** Whether a change has a name, and a text that ends. */
const isChange = (bytes: Uint8Array, removes: number): boolean =>
  removes <= 1 &&
  bytes[VALUE_NAME_AT] !== 0 &&
  isName(bytes, VALUE_NAME_AT) &&
  wordEnd(bytes, VALUE_AT, VALUE_BYTES, 0x20) !== 0;

type Push = FieldsOf<Kinds[typeof PUSH]>;

/** What the verbs of a push are (docs/protocols/push.md). */
export const PUSH_VERBS = { ask: 0, begin: 1, piece: 2, undo: 3 } as const;
export const MOST_MODULE_BYTES = 1 << 20;
/** The name of a module that can be pushed. */
export const isModuleName = (name: string): boolean => /^[A-Za-z0-9-]{1,12}$/.test(name);

function isPush(bytes: Uint8Array, { verb, number, keeps, moduleName }: Push, restBytes: number): boolean {
  if (verb > PUSH_VERBS.undo) return false;
  if (verb === PUSH_VERBS.piece) return restBytes > 0 && number % 4 === 0;
  if (restBytes > 0) return false;
  if (verb === PUSH_VERBS.ask) return true;
  if (!isName(bytes, 172) || !isModuleName(moduleName)) return false;
  return verb === PUSH_VERBS.undo || (keeps <= 1 && number > 0 && number <= MOST_MODULE_BYTES);
}
/** Whether a report about the upgrade has a state, a reason and a slot that there are. */
const isReport = ({ upgrade, reason, slot }: Readonly<Record<string, unknown>>): boolean =>
  (upgrade as number) <= UPGRADE_STATE_MAXIMUM &&
  (reason as number) <= UPGRADE_REASON_MAXIMUM &&
  [0, 1, NO_SLOT].includes(slot as number);

/** A packet that keeps all rules of form; null for anything else. Its code is not looked at. */
export function readPacket(bytes: Uint8Array): Packet | null {
  if (bytes.length < HEAD_BYTES || little32(bytes, 0) !== MAGIC || bytes[VERSION] !== VERSION_NOW) return null;
  const kind = bytes[KIND]!;
  const [row, sizes] = [rowOf(kind), sizesOf(kind)];
  if (!row || !sizes || bytes.length < sizes.least || bytes.length > sizes.most) return null;
  if ((bytes.length - sizes.least) % sizes.step !== 0) return null;
  const head = readRecord(bytes, 0, HEAD);
  if (!isPossible(bytes, row, head)) return null;
  const fields = readRecord(bytes, 0, row.fields ?? []) as Readonly<Record<string, unknown>>;
  const rest = bytes.subarray(fieldsEnd(row));
  const tail = readTail(row.tail ?? "none", rest);
  if (tail === undefined) return null;
  if (kind === VALUES && digestOfRegion(wordsOf(rest)) !== head.valuesDigest) return null;
  if (kind === CHANGE && !isChange(bytes, fields["removes"] as number)) return null;
  if (kind === UPGRADE && !isReport(fields)) return null;
  if (kind === WITNESS && (fields["bits"] as number) > WITNESS_BITS) return null;
  if (kind === PUSH && !isPush(bytes, fields as Push, rest.length)) return null;
  if (row.tail === "entries" && fields["members"] === 0) return null;
  if (row.tail === "vote" && tail === null && fields["voted"] !== 0) return null;
  return { kind, head, fields, tail } as unknown as Packet;
}

/** The bytes of a packet, with the code that it has. */
export function packetBytes({ kind, head, fields, tail }: Packet): Uint8Array {
  const row = rowOf(kind)!;
  const rest = tailBytes(row.tail ?? "none", tail);
  const bytes = new Uint8Array(fieldsEnd(row) + rest.length);
  writeRecord(bytes, 0, [["magic", 0, "u32"]], { magic: MAGIC });
  bytes[VERSION] = VERSION_NOW;
  bytes[KIND] = kind;
  writeRecord(bytes, 0, HEAD, head);
  writeRecord(bytes, 0, row.fields ?? [], fields as Readonly<Record<string, never>>);
  bytes.set(rest, fieldsEnd(row));
  return bytes;
}
