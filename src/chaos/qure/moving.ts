/** What holds while kernels move from machine to machine (docs/protocols/fork.md, "A move"), whatever else happens. */
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  formatIpv4,
  get16,
  PROTOCOL_TCP,
  parseArp,
  parseIpv4Packet,
} from "../../../emulator/ether/packet.ts";
import { MOVED_PORT } from "../../lab/fault-kinds.ts";
import { packetHex } from "../../wire/hex.ts";
import type { Invariant } from "../invariant.ts";
import type { World } from "../world.ts";
import { addressText, factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";

const HANDOVER = 0x88b5;
const TYPE_AT = 12;
const PAYLOAD_AT = 14;
const KEY_BYTES = 16;
const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];
/** What a card had been given before its kernel stood still is sent by then. */
const SENT_NS = 100e6;

/** The address that a frame speaks for; null: it names none. */
function speaksFor(frame: Uint8Array): string | null {
  const type = get16(frame, TYPE_AT);
  const payload = frame.subarray(PAYLOAD_AT);
  const arp = type === ETHERTYPE_ARP ? parseArp(payload) : null;
  if (arp) return formatIpv4(arp.senderIp);
  const packet = type === ETHERTYPE_IPV4 ? parseIpv4Packet(payload) : null;
  return packet && formatIpv4(packet.source);
}

interface Segment {
  readonly flags: number;
  /** Address and port of both ends, in either direction alike. */
  readonly connection: string;
  readonly ends: readonly [string, string];
}

/** A segment of a connection to MOVED_PORT. */
function segmentOf(frame: Uint8Array): Segment | null {
  if (get16(frame, TYPE_AT) !== ETHERTYPE_IPV4) return null;
  const packet = parseIpv4Packet(frame.subarray(PAYLOAD_AT));
  if (packet?.protocol !== PROTOCOL_TCP || packet.payload.length < 20) return null;
  const ports = [get16(packet.payload, 0), get16(packet.payload, 2)] as const;
  if (!ports.includes(MOVED_PORT)) return null;
  const ends = [formatIpv4(packet.source), formatIpv4(packet.destination)] as const;
  const named = ends.map((end, at) => `${end}:${ports[at]}`);
  return { flags: packet.payload[13]!, connection: named.sort().join(" "), ends };
}

/** The address of the kernel in a machine's memory, wherever that lives. */
function addressIn(world: World, layout: KernelLayout, index: number): string | null {
  const { memory } = world.nodes[index]!;
  const netif = memory.word(layout.address("cluster_netif")) ?? 0;
  const address = netif === 0 ? null : memory.word(netif + layout.constant("NETIF_ADDRESS"));
  return address === null ? null : addressText(address);
}

/** A kernel lives at one machine, and the other one says nothing in its name. */
function livesOnce(layout: KernelLayout): Invariant {
  const [STILL, GONE, HEARD, WENT_ON, READY, LIVES] = [
    ...["MOVE_STILL", "MOVE_GONE", "MOVE_HEARD", "MOVE_WENT_ON", "MOVE_READY", "MOVE_LIVES"],
  ].map((name) => layout.constant(name));
  return {
    name: "one kernel",
    kind: "wrong",
    rule: "a kernel that moves lives at one machine, and the other says nothing in its name",
    watch: (world) => {
      const facts = factsOf(world, layout);
      const keyAt = layout.address("handover_key");
      const since = world.nodes.map(() => ({ state: 0, atNs: 0 }));
      return {
        frame: ({ cable, toSwitch, bytes }) => {
          const node = world.nodes[cable];
          if (!toSwitch || !node || get16(bytes, TYPE_AT) === HANDOVER) return null;
          const { state, atNs } = since[cable]!;
          const isQuiet = state === GONE || state === HEARD || state === READY;
          if (!isQuiet || facts.moveState(cable) !== state || world.nowNs - atNs < SENT_NS) return null;
          const name = speaksFor(bytes);
          return name !== null && name === addressIn(world, layout, cable)
            ? `${node.name} speaks for ${name}, whose kernel ${state === READY ? "may be elsewhere" : "has moved"}`
            : null;
        },
        look: () => {
          const lives = new Map<string, string>();
          const stays = new Map<string, string>();
          for (const { index, name, memory } of world.nodes) {
            const state = facts.moveState(index);
            if (since[index]!.state !== state) since[index] = { state, atNs: world.nowNs };
            const those = state === LIVES ? lives : state === STILL || state === WENT_ON ? stays : null;
            const key = those && memory.bytes(keyAt, KEY_BYTES);
            if (key?.some((byte) => byte !== 0)) those!.set(packetHex(key, 0, KEY_BYTES), name);
          }
          for (const [key, name] of lives)
            if (stays.has(key)) return `a kernel lives at ${name}, and has not left ${stays.get(key)}`;
          return null;
        },
      };
    },
  };
}

/** Where an end of a connection is whose kernel has moved, and in which boot of this machine. */
interface End {
  readonly index: number;
  readonly boots: number;
}

/** Connections of a kernel that moves go on. */
function keepsConnections(layout: KernelLayout): Invariant {
  return {
    name: "connections",
    kind: "wrong",
    rule: "a connection of a kernel that has moved is reset by neither end while both run",
    watch: (world) => {
      const facts = factsOf(world, layout);
      const LIVES = layout.constant("MOVE_LIVES");
      const open = new Map<string, Segment["ends"]>();
      const moved = new Map<string, readonly End[]>();
      const arrived = world.nodes.map(() => -1);
      const note = (index: number): void => {
        const address = addressIn(world, layout, index);
        for (const [connection, ends] of open) {
          if (!ends.some((end) => end === address)) continue;
          const other = world.nodes.find(
            (node) => node.index !== index && ends.includes(addressIn(world, layout, node.index) ?? ""),
          );
          if (!other) continue;
          moved.set(
            connection,
            [index, other.index].map((one) => ({ index: one, boots: world.nodes[one]!.boots })),
          );
        }
      };
      return {
        frame: ({ cable, toSwitch, bytes }) => {
          const segment = toSwitch ? segmentOf(bytes) : null;
          if (!segment) return null;
          const { flags, connection, ends } = segment;
          if ((flags & (SYN | ACK)) === (SYN | ACK)) open.set(connection, ends);
          if ((flags & (FIN | RST)) === 0) return null;
          const gone = moved.get(connection);
          open.delete(connection);
          moved.delete(connection);
          const isWhole = gone?.every(({ index, boots }) => world.isOn(index) && world.nodes[index]!.boots === boots);
          return (flags & RST) !== 0 && isWhole && gone!.some(({ index }) => index === cable)
            ? `${world.nodes[cable]!.name} resets a connection that has moved: ${connection}`
            : null;
        },
        look: () => {
          for (const { index, boots } of world.nodes) {
            if (facts.moveState(index) !== LIVES || arrived[index] === boots) continue;
            arrived[index] = boots;
            note(index);
          }
          return null;
        },
      };
    },
  };
}

export function moveInvariants(layout: KernelLayout): Invariant[] {
  return [livesOnce(layout), keepsConnections(layout)];
}
