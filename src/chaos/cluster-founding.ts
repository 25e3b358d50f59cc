/** Who founds: of several machines that look for a cluster and hear each other, the one with the lowest id alone. */
import { clusterPacketOf, nodeId, packetHex } from "../page/decode/cluster.ts";
import type { Invariant } from "./invariant.ts";

/** Of a packet and its frame: docs/protocols/cluster.md. */
const [KIND, STATE, SENDER, FOUNDER, SESSION] = [5, 6, 24, 32, 72];
const [HELLO, JOINING, MEMBER] = [1, 1, 2];
const [ID_BYTES, MAC_BYTES] = [8, 6];
const MS = 1e6;
/** A hello counts for a second; by a clock of whole ticks of 10 ms. */
const COUNTS_NS = 980 * MS;
/** A node listens for 1.5 s, and says its first hello in the first 100 ms of them; ids that are lower keep it waiting for 4 s. */
const [LISTENS_NS, PATIENT_NS] = [1380 * MS, 5300 * MS];

/** What a machine has heard since it began to join. */
interface Joining {
  readonly session: string;
  readonly sinceNs: number;
  /** By id, lower than its own: when the hellos of one that joins came. */
  readonly lower: Map<string, number[]>;
  /** Somebody told it of a cluster. */
  heardMember: boolean;
}

/** Rule 2 of docs/protocols/cluster.md. */
export const FOUNDS_ALONE: Invariant = {
  name: "founding",
  kind: "wrong",
  rule: "nobody founds a cluster within a second of a hello by one that joins with a lower id, unless such kept it waiting for 4 s",
  watch: (world) => {
    const joining = world.nodes.map((): Joining | null => null);
    /** Of each node's card. A switch that does not know where one is sends what is for it to all. */
    const stations = new Map<number, string>();
    const ids = world.lab.cluster.macAddresses.map(nodeId);

    const hear = (own: Joining, index: number, packet: Uint8Array, atNs: number): void => {
      const id = packetHex(packet, SENDER, ID_BYTES);
      if (packet[STATE] === MEMBER) own.heardMember = true;
      if (packet[KIND] !== HELLO || packet[STATE] !== JOINING) own.lower.delete(id);
      else if (id < ids[index]!) own.lower.set(id, [...(own.lower.get(id) ?? []), atNs]);
    };
    const founded = (own: Joining, index: number, sentNs: number): string | null => {
      const joinedForNs = sentNs - own.sinceNs;
      // What was wrong with it may have kept it from hearing or from deciding.
      if (own.heardMember || joinedForNs > PATIENT_NS || world.cleanForNs(index) < joinedForNs) return null;
      for (const [id, times] of own.lower) {
        // When it decided nobody sees: it writes to its disk before it says so. At no moment may it have been allowed to.
        const moments = [own.sinceNs + LISTENS_NS, ...times, sentNs].sort((one, other) => one - other);
        const from = moments.indexOf(own.sinceNs + LISTENS_NS);
        const isForbidden = moments
          .slice(Math.max(0, from - 1))
          .every((atNs, place, all) => place === 0 || atNs - all[place - 1]! < COUNTS_NS);
        if (from > 0 && isForbidden)
          return `${world.nodes[index]!.name} founds a cluster, and has heard hellos of ${id}`;
      }
      return null;
    };
    return {
      frame: ({ cable, toSwitch, sentNs, arrivalNs, bytes }) => {
        const packet = world.nodes[cable] && clusterPacketOf(bytes);
        if (!packet) return null;
        const own = joining[cable]!;
        if (!toSwitch) {
          const isForIt = (bytes[0]! & 1) !== 0 || packetHex(bytes, 0, MAC_BYTES) === stations.get(cable);
          if (own && isForIt && arrivalNs !== null) hear(own, cable, packet, arrivalNs);
          return null;
        }
        stations.set(cable, packetHex(bytes, MAC_BYTES, MAC_BYTES));
        const session = packetHex(packet, SESSION, ID_BYTES);
        if (packet[STATE] === JOINING) {
          if (own?.session !== session)
            joining[cable] = { session, sinceNs: sentNs, lower: new Map(), heardMember: false };
          return null;
        }
        joining[cable] = null;
        const isFounder = packetHex(packet, FOUNDER, ID_BYTES) === ids[cable];
        return own?.session === session && isFounder ? founded(own, cable, sentNs) : null;
      },
    };
  },
};
