/** The cluster's own protocol: docs/protocols/cluster.md. */
import { get16, get32 } from "../../../emulator/ether/packet.ts";
import { little32 } from "../../lab/little-endian.ts";
import type { Field, Layer } from "./layer.ts";

export const CLUSTER_VIEW = 2;
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
export const CLUSTER_HOLD = 8;
const RELEASE = 9;
const MOVE = 10;
const VALUES = 11;
/** Before the text: how many members agree, and their ids. */
const VOTERS_BYTES = 132;
const EVENTS = 15;
const EVENT_BYTES = 72;
const EVENT_KINDS = ["", "founded", "ended", "joined", "left", "died", "moved", "configured", "upgraded"];
const STATES = ["", "joining", "member", "offline", "left", "named"];
const HEAD_BYTES = 128;
const VIEW_BYTES = 152;
const ENTRY_BYTES = 68;
const MEMBERS_AT = 128;
const SERVICE_AT = 136;
const OPEN = 4;
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
  return packetHex(bytes, at, 8);
}

function name(bytes: Uint8Array, at: number): string {
  const text = String.fromCharCode(...bytes.subarray(at, at + 32));
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
      kind: packet[5]!,
      state: packet[6]!,
      flags: packet[7]!,
      era: little32(packet, 8),
      age: little32(packet, 12),
      id: id(packet, 24),
      founder: id(packet, 32),
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
  const kind = KINDS[bytes[at + 5]!] ?? `kind ${bytes[at + 5]}`;
  const state = STATES[bytes[at + 6]!] ?? `state ${bytes[at + 6]}`;
  const era = little32(bytes, at + 8);
  const sender = name(bytes, at + 40);
  const fields: Field[] = [
    ["kind", kind, at + 5, 1],
    ["state of the sender", state, at + 6, 1],
    ["era", String(era), at + 8, 4],
    ["age", String(little32(bytes, at + 12)), at + 12, 4],
    ["node id", id(bytes, at + 24), at + 24, 8],
    ["founder", id(bytes, at + 32), at + 32, 8],
    ["name", sender, at + 40, 32],
    ["session", id(bytes, at + 72), at + 72, 8],
    ["sequence", String(little32(bytes, at + 80)), at + 80, 4],
    ["address", [...bytes.subarray(at + 84, at + 88)].join("."), at + 84, 4],
    ["answers the session", id(bytes, at + 88), at + 88, 8],
    [bytes[at + 7]! & OPEN ? "code, of an open cluster" : "code", packetHex(bytes, at + 96, 16), at + 96, 16],
    ["number of the values", String(little32(bytes, at + 112)), at + 112, 4],
    ["events of the history", String(little32(bytes, at + 120)), at + 120, 4],
  ];
  let members = "";
  if (bytes[at + 5] === CLUSTER_VIEW && bytes.length - at >= VIEW_BYTES) {
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
  if (bytes[at + 5] === CLUSTER_HOLD)
    for (const [held, address] of heldAddresses(bytes, at)) fields.push(["held address", address, held, 4]);
  if ((bytes[at + 5] === RELEASE || bytes[at + 5] === MOVE) && bytes.length - at >= SERVICE_AT + 4) {
    fields.push(["node that shall hold", id(bytes, at + HEAD_BYTES), at + HEAD_BYTES, 8]);
    fields.push(["address", [...bytes.subarray(at + SERVICE_AT, at + SERVICE_AT + 4)].join("."), at + SERVICE_AT, 4]);
  }
  if (bytes[at + 5] === VALUES && bytes.length - at > HEAD_BYTES + VOTERS_BYTES) {
    const words = String.fromCharCode(...bytes.subarray(at + HEAD_BYTES + VOTERS_BYTES)).split("\0");
    const pairs = words.flatMap((word, index) => (index % 2 === 0 && word !== "" ? `${word} ${words[index + 1]}` : []));
    const text = at + HEAD_BYTES + VOTERS_BYTES;
    fields.push(["agreed members", String(little32(bytes, at + HEAD_BYTES)), at + HEAD_BYTES, VOTERS_BYTES]);
    fields.push(["values", pairs.join(", "), text, bytes.length - text]);
  }
  if (bytes[at + 5] === EVENTS)
    for (let event = at + HEAD_BYTES; event + EVENT_BYTES <= bytes.length; event += EVENT_BYTES) {
      const number = `${little32(bytes, event)}.${little32(bytes, event + 4)}`;
      const what = EVENT_KINDS[bytes[event + 24]!] ?? "?";
      fields.push(["event", `${number} ${what} ${name(bytes, event + 40)}`, event, EVENT_BYTES]);
    }
  return { title, summary: `${kind} of ${sender}, ${state}, era ${era}${members}`, fields };
}
