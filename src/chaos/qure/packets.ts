/**
 * What holds of the cluster's packets as they leave a machine: their form, their numbers, and to whom they are said.
 */
import { get32 } from "../../../emulator/ether/packet.ts";
import { little32 } from "../../bytes/little-endian.ts";
import { clusterPacketOf } from "../../wire/cluster.ts";
import {
  ADDRESS,
  BYE,
  ECHO,
  ECHO_BYTES,
  HEAD_BYTES,
  HELLO,
  ID_BYTES,
  JOIN,
  KIND,
  PROBE,
  SEQUENCE,
  SESSION,
  SUSPECT,
  TARGET,
  VIEW,
} from "../../wire/cluster-layout.ts";
import { sizesOf } from "../../wire/cluster-packet.ts";
import { packetHex } from "../../wire/hex.ts";
import type { Invariant } from "../invariant.ts";
import type { World } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";

const NOBODY = "0".repeat(2 * ID_BYTES);
/** In the frame. */
const SOURCE_IP = 26;
const DESTINATION_IP = 30;
const GROUP = 0xefff5152;
const SECOND_NS = 1e9;
/** A copy of a machine looks whether it is one at least this often (POLL_MS of asm/cluster/daemon.s). */
const FINDS_OUT_NS = 450e6;
/** Of one kind, by one node in a second: probes and what answers them are the most, */
const MOST_IN_A_SECOND = 130;
/** and of whom a roll finds missing the coordinator asks each one so often. */
const PROBES_OF_MISSING = 15;
/** Not more than the others are anyway, where machines are so few. */
const FEW = 8;

/** The fewest bytes that a packet of a kind has. */
export const leastBytes = (kind: number): number => sizesOf(kind)?.least ?? HEAD_BYTES;

/** Packets of the cluster that machines send, looked at one by one. */
function said(
  name: string,
  rule: string,
  judge: (world: World) => (packet: Uint8Array, frame: Uint8Array, cable: number, sentNs: number) => string | null,
): Invariant {
  return {
    name,
    kind: "wrong",
    rule,
    watch: (world) => {
      const { nodes } = world;
      const problem = judge(world);
      return {
        frame: ({ cable, toSwitch, sentNs, bytes }) => {
          const node = toSwitch ? nodes[cable] : undefined;
          const packet = node && clusterPacketOf(bytes);
          const wrong = packet ? problem(packet, bytes, cable, sentNs) : null;
          return wrong === null ? null : `${node!.name} ${wrong}`;
        },
      };
    },
  };
}

export const PACKET_INVARIANTS: readonly Invariant[] = [
  said("form", "a packet has the size of its kind, and names the address that it comes from", () => (packet, frame) => {
    const kind = packet[KIND]!;
    const expected = sizesOf(kind);
    if (!expected) return `says a packet of kind ${kind}, which there is not`;
    const { least, most, step } = expected;
    if (packet.length < least || packet.length > most || (packet.length - least) % step !== 0)
      return `says ${packet.length} bytes in a packet of kind ${kind}`;
    return get32(packet, ADDRESS) === get32(frame, SOURCE_IP) ? null : "names another address than it has";
  }),

  said("numbers", "each packet of a session has a number of its own", ({ nodes }) => {
    const used = new Set<string>();
    return (packet, _frame, cable, sentNs) => {
      const number = `${packetHex(packet, SESSION, ID_BYTES)} ${little32(packet, SEQUENCE)}`;
      // Whoever goes back to an earlier moment says what came next then, until it finds that out.
      if (used.has(number) && sentNs > nodes[cable]!.copiedNs + FINDS_OUT_NS)
        return `says two packets with the number ${little32(packet, SEQUENCE)}`;
      used.add(number);
      return null;
    };
  }),

  said("addressed", "what is said to one node goes to the one whose session it names", () => {
    const addresses = new Map<string, number>();
    return (packet, frame) => {
      addresses.set(packetHex(packet, SESSION, ECHO_BYTES), get32(packet, ADDRESS));
      const to = get32(frame, DESTINATION_IP);
      const echo = packetHex(packet, ECHO, ECHO_BYTES);
      // Whom a view names is a stranger, whoever it goes to.
      const meant = echo === NOBODY || to === GROUP || packet[KIND] === VIEW ? undefined : addresses.get(echo);
      return meant === undefined || meant === to
        ? null
        : `says a packet of kind ${packet[KIND]} to one node and names the session of another`;
    };
  }),

  said("silence", "who has said bye says nothing more in this boot before it says hello again", () => {
    /** By cable: session and number of a bye. What has a lower number was said before, and has waited for ARP. */
    const left = new Map<number, { readonly session: string; readonly number: number }>();
    return (packet, _frame, cable) => {
      const kind = packet[KIND]!;
      const bye = left.get(cable);
      const session = packetHex(packet, SESSION, ID_BYTES);
      const number = little32(packet, SEQUENCE);
      if (bye?.session === session && number < bye.number) return null;
      if (kind === HELLO || bye?.session !== session) left.delete(cable);
      if (left.has(cable)) return `says a packet of kind ${kind} after its bye`;
      if (kind === BYE) left.set(cable, { session, number });
      return null;
    };
  }),

  said(
    "rate",
    `a node says at most ${MOST_IN_A_SECOND} packets of one kind in a second, but for a roll`,
    ({ nodes: { length: machines } }) => {
      const most = MOST_IN_A_SECOND + PROBES_OF_MISSING * Math.max(0, machines - FEW);
      const counts = new Map<number, { second: number; packets: number }>();
      return (packet, _frame, cable, sentNs) => {
        const key = cable * 256 + packet[KIND]!;
        const second = Math.floor(sentNs / SECOND_NS);
        const count = counts.get(key);
        if (count?.second !== second) counts.set(key, { second, packets: 1 });
        else if (++count.packets > (packet[KIND] === PROBE ? most : MOST_IN_A_SECOND))
          return `says ${count.packets} packets of kind ${packet[KIND]} in a second`;
        return null;
      };
    },
  ),
];

const SILENT = 136;
/** An observer is judged that has heard all for so long. */
const HEARS_NS = 3e9;
/**
 * So long it waits before it accuses, by a clock of whole ticks of 10 ms, and so much longer for each step of bad
 * health.
 */
const PATIENCE_NS = [640e6, 1340e6] as const;
const HEALTH_NS = 400e6;
const SMALL = 33;

/** Whom a node calls silent it has waited for. */
export function waitsLongEnough(layout: KernelLayout): Invariant {
  return {
    name: "patience",
    kind: "wrong",
    rule: "a node accuses nobody whom it has heard within its patience, which is longer in bad health",
    watch: (world) => {
      const facts = factsOf(world, layout);
      /**
       * By observer: when the word of somebody's session last reached it. Of a new boot's it believes none at first.
       */
      const heard = world.nodes.map(() => new Map<string, number>());
      const patience = PATIENCE_NS[world.nodes.length > SMALL ? 1 : 0];
      return {
        frame: ({ cable, toSwitch, sentNs, bytes }) => {
          const node = world.nodes[cable];
          const packet = node && clusterPacketOf(bytes);
          if (!packet) return null;
          if (!toSwitch) {
            if (packet[KIND] !== JOIN && world.takes(cable, bytes))
              heard[cable]!.set(packetHex(packet, SESSION, ID_BYTES), sentNs);
            return null;
          }
          if (packet[KIND] !== SUSPECT || little32(packet, SILENT) !== 1) return null;
          const id = packetHex(packet, TARGET, ID_BYTES);
          const target = facts.indexOf(id);
          const isClear = (index: number): boolean => world.hearsForNs(index) > HEARS_NS;
          if (!isClear(cable) || target === undefined || (world.isOn(target) && !isClear(target))) return null;
          const health = node.memory.word(layout.address("health")) ?? 0;
          const session = facts.peers(cable)?.get(id)?.session ?? "";
          const silentNs = sentNs - (heard[cable]!.get(session) ?? -Infinity);
          return silentNs >= patience + health * HEALTH_NS
            ? null
            : `${node.name} in health ${health} calls ${id} silent after ${Math.round(silentNs / 1e6)} ms`;
        },
      };
    },
  };
}
