/** What delegates of clusters say to each other: docs/protocols/wide-area.md. */
import { get32 } from "../../emulator/ether/packet.ts";
import { packetHex } from "./hex.ts";
import type { Field, Layer } from "./layer.ts";
import { UDP_PAYLOAD, udpPayloadOf } from "./payload.ts";
import { bytesOf, type FieldRow, readRecord } from "./record.ts";

/** The door. */
export const WIDE_PORT = 20_819;
const MAGIC = 0x51525741;
const HEAD_BYTES = 64;
/** What a stranger gets ends here. */
const HERE_BYTES = 16;

export const KINDS = {
  ...{ hello: 1, summary: 2, callMe: 3, call: 4, ask: 5, details: 6, join: 7, welcome: 8, here: 9 },
  ...{ relay: 10, relayed: 11, fetch: 12, piece: 13, hearsay: 14, askEvents: 15, events: 16 },
} as const;
const NAMES = [
  "",
  "hello",
  "summary",
  "call me",
  "call",
  "ask",
  "details",
  "join",
  "welcome",
  "here",
  "relay",
  "relayed",
  "fetch",
  "piece",
  "hearsay",
  "ask events",
  "events",
];

export const HEAD = [
  ["magic", 0, "u32"],
  ["version", 4, "u8"],
  ["kind", 5, "u8"],
  ["seenPort", 6, "u16"],
  ["seen", 8, "address"],
  ["number", 12, "u32"],
  ["session", 16, "id"],
  ["echo", 24, "id"],
  ["echoNumber", 32, "u32"],
  ["id", 36, "id"],
  ["flags", 44, "u32"],
  ["code", 48, 16],
] as const satisfies readonly FieldRow[];

const NAME = [["name", 64, "name"]] as const satisfies readonly FieldRow[];
const PIECE = [
  ["revision", 64, "u32"],
  ["part", 68, "u32"],
  ["offset", 72, "u32"],
] as const satisfies readonly FieldRow[];
const BEFORE = [
  ["before era", 64, "u32"],
  ["before number", 68, "u32"],
  ["before digest", 72, "u32"],
] as const satisfies readonly FieldRow[];
/** What follows, by kind. */
const BODIES: Readonly<Record<number, readonly FieldRow[]>> = {
  [KINDS.hello]: [
    ["number to say back", 64, "u32"],
    ["number said back", 68, "u32"],
  ],
  [KINDS.summary]: [
    ...NAME,
    ["revision", 96, "u32"],
    ["members", 100, "u32"],
    ["busy members", 104, "u32"],
    ["digest", 108, "u32"],
    ["door", 112, "address"],
    ["port of the door", 116, "u32"],
    ["was called", 120, "u32"],
    ["news of kernels", 124, "u8"],
    ["downloads", 125, "u8"],
    ["downloads served", 126, "u16"],
  ],
  [KINDS.callMe]: [
    ["port to call", 64, "u32"],
    ["number to say", 68, "u32"],
  ],
  [KINDS.call]: [["number said", 68, "u32"]],
  [KINDS.ask]: [
    ["digest", 64, "u32"],
    ["from member", 68, "u32"],
  ],
  [KINDS.details]: [
    ["digest", 64, "u32"],
    ["from member", 68, "u32"],
    ["members", 72, "u32"],
  ],
  [KINDS.join]: [...NAME, ["public number", 96, 32]],
  [KINDS.welcome]: [...NAME, ["public number", 96, 32]],
  [KINDS.fetch]: [...PIECE, ["pieces", 76, "u32"]],
  [KINDS.piece]: [...PIECE, ["status", 76, "u32"], ["bytes of all", 80, "u32"]],
  [KINDS.hearsay]: [["clusters", 64, "u32"]],
  [KINDS.askEvents]: BEFORE,
  [KINDS.events]: [...BEFORE, ["events", 76, "u32"]],
  [KINDS.relay]: [["addressee", 64, "id"]],
  [KINDS.relayed]: [
    ["sender", 64, "id"],
    ["relay sees", 72, "address"],
    ["at port", 76, "u32"],
  ],
};

/** The bytes of such a packet in a frame; null when there is none. */
export function wideOf(frame: Uint8Array): Uint8Array | null {
  const payload = udpPayloadOf(frame, HERE_BYTES);
  return payload && frame[23] === 17 && get32(frame, UDP_PAYLOAD) === MAGIC ? payload : null;
}

/** `at`: where its first byte lies in the frame. */
export function decodeWide(bytes: Uint8Array, at: number): Layer {
  const title = "Clusters";
  if (bytes.length - at < HERE_BYTES || get32(bytes, at) !== MAGIC)
    return { title, summary: "not a packet between clusters", fields: [] };
  const kind = NAMES[bytes[at + 5]!] ?? `kind ${bytes[at + 5]}`;
  const isWhole = bytes.length - at >= HEAD_BYTES;
  const rows = isWhole ? [...HEAD.slice(1), ...(BODIES[bytes[at + 5]!] ?? [])] : HEAD.slice(1, 5);
  const there = rows.filter(([, offset, type]) => at + offset + bytesOf(type) <= bytes.length);
  const values: Readonly<Record<string, number | string | Uint8Array>> = readRecord(bytes, at, there);
  const fields = there.map(([name, offset, type]): Field => {
    const value = values[name]!;
    const text = typeof value === "object" ? packetHex(value, 0, value.length) : `${value}`;
    return [name, name === "kind" ? kind : text, at + offset, bytesOf(type)];
  });
  const of = isWhole ? `, of ${values["id"]}` : "";
  return { title, summary: `${kind}${of}, to whom it sees as ${values["seen"]}:${values["seenPort"]}`, fields };
}
