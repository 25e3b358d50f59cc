/** The cluster's own protocol: docs/protocols/cluster.md. */
import { get16, get32 } from "../../emulator/ether/packet.ts";
import { little32 } from "../bytes/little-endian.ts";
import {
  AGE,
  ENTRY_BYTES,
  ERA,
  EVENT_BYTES,
  EVENTS,
  FLAGS,
  FOUNDER,
  HEAD_BYTES,
  HOLD,
  ID_BYTES,
  KIND,
  MOVE,
  NAME_BYTES,
  OPEN,
  RELEASE,
  SENDER,
  SERVICE,
  STATE,
  VALUES,
  VIEW,
  VOTERS_BYTES,
} from "./cluster-layout.ts";
import { HEAD, type Head, KINDS } from "./cluster-packet.ts";
import { packetHex } from "./hex.ts";
import type { Field, Layer } from "./layer.ts";
import { UDP_PAYLOAD, udpPayloadOf } from "./payload.ts";
import { bytesOf, readRecord } from "./record.ts";

export const CLUSTER_PORT = 20818;
export const EVENT_KINDS = ["", "founded", "ended", "joined", "left", "died", "moved", "configured", "upgraded"];
const STATES = ["", "joining", "member", "offline", "left", "named"];
/** Fields of the header that a person reads, and how. */
const LABELS: readonly (readonly [field: keyof Head, label: string])[] = [
  ["state", "state of the sender"],
  ["era", "era"],
  ["age", "age"],
  ["id", "node id"],
  ["founder", "founder"],
  ["name", "name"],
  ["session", "session"],
  ["sequence", "sequence"],
  ["address", "address"],
  ["echo", "answers the session that begins"],
  ["echoNumber", "has heard its packet"],
  ["code", "code"],
  ["valuesNumber", "number of the values"],
  ["eventsNumber", "events of the history"],
];
const VIEW_BYTES = 152;
const MEMBERS_AT = HEAD_BYTES;

interface ClusterPacket {
  readonly kind: number;
  readonly state: number;
  readonly flags: number;
  readonly era: number;
  readonly age: number;
  readonly id: string;
  readonly founder: string;
}

/** EUI-64 of a MAC address: docs/protocols/cluster.md. */
export function nodeId(mac: Uint8Array): string {
  const digits = packetHex(mac, 0, mac.length);
  return `${digits.slice(0, 6)}fffe${digits.slice(6)}`;
}

/** The MAC address that a node's id was made of. */
export const macOf = (node: string): Uint8Array =>
  Uint8Array.from([0, 2, 4, 10, 12, 14], (at) => Number.parseInt(node.slice(at, at + 2), 16));

function id(bytes: Uint8Array, at: number): string {
  return packetHex(bytes, at, ID_BYTES);
}

function name(bytes: Uint8Array, at: number): string {
  const text = String.fromCharCode(...bytes.subarray(at, at + NAME_BYTES));
  return text.slice(0, Math.max(0, text.indexOf("\0")));
}

/** The bytes of the packet in a frame; null when there is none. */
export function clusterPacketOf(frame: Uint8Array): Uint8Array | null {
  const payload = udpPayloadOf(frame, HEAD_BYTES);
  return payload && get16(frame, 36) === CLUSTER_PORT && get32(frame, UDP_PAYLOAD) === 0x5152434c ? payload : null;
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
  const kind =
    (KINDS as Readonly<Record<number, { name: string }>>)[bytes[at + KIND]!]?.name ?? `kind ${bytes[at + KIND]}`;
  const state = STATES[bytes[at + STATE]!] ?? `state ${bytes[at + STATE]}`;
  const head = readRecord(bytes, at, HEAD);
  const fields: Field[] = [["kind", kind, at + KIND, 1]];
  for (const [field, label] of LABELS) {
    const [, offset, type] = HEAD.find(([name]) => name === field)!;
    const value = head[field];
    const shown =
      field === "state" ? state : typeof value === "object" ? packetHex(value, 0, value.length) : `${value}`;
    const name = field === "code" && head.flags & OPEN ? "code, of an open cluster" : label;
    fields.push([name, shown, at + offset, bytesOf(type)]);
  }
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
  return { title, summary: `${kind} of ${head.name}, ${state}, era ${head.era}${members}`, fields };
}
