/** Who founds: of several machines that look for a cluster and hear each other, the one with the lowest id alone. */
import { little32 } from "../../bytes/little-endian.ts";
import { clusterPacketOf, nodeId } from "../../wire/cluster.ts";
import {
  FOUNDER,
  HELLO,
  ID_BYTES,
  JOINING,
  KIND,
  MEMBER,
  SENDER,
  SEQUENCE,
  SESSION,
  STATE,
} from "../../wire/cluster-layout.ts";
import { packetHex } from "../../wire/hex.ts";
import type { Invariant } from "../invariant.ts";

const MS = 1e6;
/** A hello counts for a second; by a clock of whole ticks of 10 ms. */
const COUNTS_NS = 980 * MS;
/**
 * A node listens for 1.5 s, and says its first hello in the first 100 ms of them; ids that are lower keep it waiting
 * for 4 s.
 */
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

/** The packet that a machine numbered last, of those that it has sent. */
interface Latest {
  readonly session: string;
  readonly sequence: number;
}

/**
 * Whether hellos at these times forbid it to found at every moment from one to another: when it decided nobody sees,
 * for it writes to its disk before it says so.
 */
function forbid(times: readonly number[], fromNs: number, untilNs: number): boolean {
  let forbiddenNs = fromNs;
  for (const atNs of times) if (atNs <= forbiddenNs) forbiddenNs = Math.max(forbiddenNs, atNs + COUNTS_NS);
  return forbiddenNs > untilNs;
}

/** Rule 2 of docs/protocols/cluster.md. */
export const FOUNDS_ALONE: Invariant = {
  name: "founding",
  kind: "wrong",
  rule: "nobody founds a cluster within a second of a hello by one that joins with a lower id, unless such kept it waiting for 4 s",
  watch: (world) => {
    const joining = world.nodes.map((): Joining | null => null);
    const latest = world.nodes.map((): Latest => ({ session: "", sequence: 0 }));
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
      for (const [id, times] of own.lower)
        if (forbid(times, own.sinceNs + LISTENS_NS, sentNs))
          return `${world.nodes[index]!.name} founds a cluster, and has heard hellos of ${id}`;
      return null;
    };
    return {
      frame: ({ cable, toSwitch, sentNs, arrivalNs, bytes }) => {
        const packet = world.nodes[cable] && clusterPacketOf(bytes);
        if (!packet) return null;
        const own = joining[cable]!;
        if (!toSwitch) {
          if (own && arrivalNs !== null && world.takes(cable, bytes)) hear(own, cable, packet, arrivalNs);
          return null;
        }
        const session = packetHex(packet, SESSION, ID_BYTES);
        const sequence = little32(packet, SEQUENCE);
        // What has waited for an answer by ARP says what the node was seconds ago.
        if (session === latest[cable]!.session && sequence < latest[cable]!.sequence) return null;
        latest[cable] = { session, sequence };
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
