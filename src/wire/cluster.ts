/** The cluster's own protocol: docs/protocols/cluster.md. */
import { get16, get32 } from "../../emulator/ether/packet.ts";
import { little32 } from "../bytes/little-endian.ts";
import {
  ADDRESS,
  AGE,
  CODE,
  CODE_BYTES,
  ECHO,
  ECHO_BYTES,
  ECHO_NUMBER,
  ERA,
  EVENTS,
  EVENTS_NUMBER,
  FLAGS,
  FOUNDER,
  HEAD_BYTES,
  HOLD,
  ID_BYTES,
  KIND,
  MOVE,
  NAME,
  NAME_BYTES,
  OPEN,
  RELEASE,
  SENDER,
  SEQUENCE,
  SERVICE,
  SESSION,
  STATE,
  VALUES,
  VALUES_NUMBER,
  VIEW,
} from "./cluster-layout.ts";
import type { Field, Layer } from "./layer.ts";

export const CLUSTER_PORT = 20818;
const KINDS = [
  "",
  "hello",
  "view",
  "report",
  "bye",
  "reboot request",
  "reboot answer",
  "probe",
  "hold",
  "release",
  "move",
  "values",
  "suspect",
  "join",
  "welcome",
  "events",
  "history",
  "prepare",
  "offer",
  "promise",
  "voted",
  "offer of a key",
  "show",
  "give",
  "have",
  "outdated",
  "new key",
];
/** Before the text: how many members agree, and their ids. */
const VOTERS_BYTES = 132;
const EVENT_BYTES = 72;
const EVENT_KINDS = ["", "founded", "ended", "joined", "left", "died", "moved", "configured", "upgraded"];
const STATES = ["", "joining", "member", "offline", "left", "named"];
const VIEW_BYTES = 152;
const ENTRY_BYTES = 68;
const MEMBERS_AT = HEAD_BYTES;
const UDP_HEADER_BYTES = 8;
const UDP_PAYLOAD = 14 + 20 + UDP_HEADER_BYTES;

interface ClusterPacket {
  readonly kind: number;
  readonly state: number;
  readonly flags: number;
  readonly era: number;
  readonly age: number;
  readonly id: string;
  readonly founder: string;
}

const BYTES_AS_HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function packetHex(bytes: Uint8Array, at: number, sizeBytes: number): string {
  let text = "";
  for (let index = at; index < Math.min(at + sizeBytes, bytes.length); index++) text += BYTES_AS_HEX[bytes[index]!];
  return text;
}

/** EUI-64 of a MAC address: docs/protocols/cluster.md. */
export function nodeId(mac: Uint8Array): string {
  const digits = packetHex(mac, 0, mac.length);
  return `${digits.slice(0, 6)}fffe${digits.slice(6)}`;
}

function id(bytes: Uint8Array, at: number): string {
  return packetHex(bytes, at, ID_BYTES);
}

function name(bytes: Uint8Array, at: number): string {
  const text = String.fromCharCode(...bytes.subarray(at, at + NAME_BYTES));
  return text.slice(0, Math.max(0, text.indexOf("\0")));
}

/** The bytes of the packet in a frame; null when there is none. */
export function clusterPacketOf(frame: Uint8Array): Uint8Array | null {
  if (frame.length < UDP_PAYLOAD + HEAD_BYTES || get16(frame, 12) !== 0x0800 || frame[14] !== 0x45) return null;
  if (get16(frame, 36) !== CLUSTER_PORT || get32(frame, UDP_PAYLOAD) !== 0x5152434c) return null;
  return frame.subarray(UDP_PAYLOAD, UDP_PAYLOAD - UDP_HEADER_BYTES + get16(frame, 38));
}

/** What the packet in a frame says; null when there is none. */
export function readClusterPacket(frame: Uint8Array): ClusterPacket | null {
  const packet = clusterPacketOf(frame);
  return (
    packet && {
      kind: packet[KIND]!,
      state: packet[STATE]!,
      flags: packet[FLAGS]!,
      era: little32(packet, ERA),
      age: little32(packet, AGE),
      id: id(packet, SENDER),
      founder: id(packet, FOUNDER),
    }
  );
}

/** The service addresses that a holder names, with where they lie in the frame. `at`: where its packet begins. */
export function heldAddresses(frame: Uint8Array, at = UDP_PAYLOAD): (readonly [at: number, address: string])[] {
  const addresses: [number, string][] = [];
  for (let held = at + HEAD_BYTES; held + 4 <= frame.length; held += 4)
    addresses.push([held, [...frame.subarray(held, held + 4)].join(".")]);
  return addresses;
}

/** `at`: where its first byte lies in the frame. */
export function decodeCluster(bytes: Uint8Array, at: number): Layer {
  const title = "Cluster";
  if (bytes.length - at < HEAD_BYTES || get32(bytes, at) !== 0x5152434c)
    return { title, summary: "not a packet of the cluster", fields: [] };
  const kind = KINDS[bytes[at + KIND]!] ?? `kind ${bytes[at + KIND]}`;
  const state = STATES[bytes[at + STATE]!] ?? `state ${bytes[at + STATE]}`;
  const era = little32(bytes, at + ERA);
  const sender = name(bytes, at + NAME);
  const fields: Field[] = [
    ["kind", kind, at + KIND, 1],
    ["state of the sender", state, at + STATE, 1],
    ["era", String(era), at + ERA, 4],
    ["age", String(little32(bytes, at + AGE)), at + AGE, 4],
    ["node id", id(bytes, at + SENDER), at + SENDER, ID_BYTES],
    ["founder", id(bytes, at + FOUNDER), at + FOUNDER, ID_BYTES],
    ["name", sender, at + NAME, NAME_BYTES],
    ["session", id(bytes, at + SESSION), at + SESSION, ID_BYTES],
    ["sequence", String(little32(bytes, at + SEQUENCE)), at + SEQUENCE, 4],
    ["address", [...bytes.subarray(at + ADDRESS, at + ECHO)].join("."), at + ADDRESS, 4],
    ["answers the session that begins", packetHex(bytes, at + ECHO, ECHO_BYTES), at + ECHO, ECHO_BYTES],
    ["has heard its packet", String(little32(bytes, at + ECHO_NUMBER)), at + ECHO_NUMBER, 4],
    [
      bytes[at + FLAGS]! & OPEN ? "code, of an open cluster" : "code",
      packetHex(bytes, at + CODE, CODE_BYTES),
      at + CODE,
      CODE_BYTES,
    ],
    ["number of the values", String(little32(bytes, at + VALUES_NUMBER)), at + VALUES_NUMBER, 4],
    ["events of the history", String(little32(bytes, at + EVENTS_NUMBER)), at + EVENTS_NUMBER, 4],
  ];
  let members = "";
  if (bytes[at + KIND] === VIEW && bytes.length - at >= VIEW_BYTES) {
    members = `, ${little32(bytes, at + MEMBERS_AT)} members`;
    fields.push(["members", String(little32(bytes, at + MEMBERS_AT)), at + MEMBERS_AT, 4]);
    for (let entry = at + VIEW_BYTES; entry + ENTRY_BYTES <= bytes.length; entry += ENTRY_BYTES) {
      const entryState = STATES[bytes[entry + 17]!] ?? "?";
      fields.push([
        "entry",
        `${name(bytes, entry + 24)} ${entryState}, age ${little32(bytes, entry + 8)}`,
        entry,
        ENTRY_BYTES,
      ]);
    }
  }
  if (bytes[at + KIND] === HOLD)
    for (const [held, address] of heldAddresses(bytes, at)) fields.push(["held address", address, held, 4]);
  if ((bytes[at + KIND] === RELEASE || bytes[at + KIND] === MOVE) && bytes.length - at >= SERVICE + 4) {
    fields.push(["node that shall hold", id(bytes, at + HEAD_BYTES), at + HEAD_BYTES, ID_BYTES]);
    fields.push(["address", [...bytes.subarray(at + SERVICE, at + SERVICE + 4)].join("."), at + SERVICE, 4]);
  }
  if (bytes[at + KIND] === VALUES && bytes.length - at > HEAD_BYTES + VOTERS_BYTES) {
    const words = String.fromCharCode(...bytes.subarray(at + HEAD_BYTES + VOTERS_BYTES)).split("\0");
    const pairs = words.flatMap((word, index) => (index % 2 === 0 && word !== "" ? `${word} ${words[index + 1]}` : []));
    const text = at + HEAD_BYTES + VOTERS_BYTES;
    fields.push(["agreed members", String(little32(bytes, at + HEAD_BYTES)), at + HEAD_BYTES, VOTERS_BYTES]);
    fields.push(["values", pairs.join(", "), text, bytes.length - text]);
  }
  if (bytes[at + KIND] === EVENTS)
    for (let event = at + HEAD_BYTES; event + EVENT_BYTES <= bytes.length; event += EVENT_BYTES) {
      const number = `${little32(bytes, event)}.${little32(bytes, event + 4)}`;
      const what = EVENT_KINDS[bytes[event + 24]!] ?? "?";
      fields.push(["event", `${number} ${what} ${name(bytes, event + 40)}`, event, EVENT_BYTES]);
    }
  return { title, summary: `${kind} of ${sender}, ${state}, era ${era}${members}`, fields };
}
