/**
 * What voters have promised and voted for (docs/protocols/cluster-values.md): it is on their disks before they say it,
 * it never becomes less, and what counts is on the disks of a majority.
 */
import type { BlockBackend } from "../../../emulator/disk/block.ts";
import { little32 } from "../../bytes/little-endian.ts";
import { clusterPacketOf } from "../../wire/cluster.ts";
import {
  DISKLESS,
  ECHO,
  ECHO_BYTES,
  FLAGS,
  ID_BYTES,
  KIND,
  PROMISE,
  SENDER,
  SESSION,
  VALUES_KEPT,
  VALUES_NUMBER,
  VOTED,
} from "../../wire/cluster-layout.ts";
import { packetHex } from "../../wire/hex.ts";
import type { Invariant } from "../invariant.ts";
import type { World, WorldNode } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { keysOf } from "./keys.ts";
import { objectOn } from "./remembered.ts";

/** Of the object `cluster_vote`. */
const SLOT = 12;
const PROMISED = 16;
const ACCEPTED = 28;
const BALLOT_BYTES = 12;
/** Of packets. */
const PACKET_SLOT = 128;
const PACKET_BALLOT = 132;
/** Of the object `cluster_values`. */
const NUMBER = 8;

/** A ballot as text that is ordered as ballots are: its count, then the id of who has made it. */
function ballotAt(bytes: Uint8Array, at: number): string {
  return `${little32(bytes, at).toString(16).padStart(8, "0")} ${packetHex(bytes, at + 4, ID_BYTES)}`;
}

/** The higher one. */
function later(first: string, second: string): string {
  return [first, second].sort()[1]!;
}

/** What one machine has said that its disk holds. */
interface Said {
  readonly promised: string;
  /** The last values on which it has voted, and the ballot of that vote. */
  readonly slot: number;
  readonly voted: string;
  readonly values: number;
}

const NOTHING: Said = { promised: "", slot: 0, voted: "", values: 0 };

function problemOnDisk(disk: BlockBackend, { slot, promised, voted, values }: Said): string | null {
  const vote = promised !== "" ? objectOn(disk, "cluster_vote") : null;
  const onDisk = vote ? little32(vote, SLOT) : 0;
  if (onDisk < slot) return `said its vote on values ${slot}, and its disk has one on values ${onDisk}`;
  // Promises hold for all values that come: it does not matter about which it was asked.
  const held = vote ? ballotAt(vote, PROMISED) : "";
  if (held < promised) return `said that it promised ${promised}, and its disk has ${held || "nothing"}`;
  if (vote && onDisk === slot && ballotAt(vote, ACCEPTED) < voted)
    return `said that it voted in ballot ${voted}, and its disk has ${ballotAt(vote, ACCEPTED)}`;
  const kept = values > 0 ? objectOn(disk, "cluster_values") : null;
  const number = kept ? little32(kept, NUMBER) : 0;
  return number < values ? `said that values ${values} are on its disk, which has ${number}` : null;
}

/** What the packets of machines said of their disks, followed frame by frame. */
class Spoken {
  readonly #said = new Map<number, Said>();
  readonly #owners = new Map<string, string>();

  of(node: number): Said {
    return this.#said.get(node) ?? NOTHING;
  }

  forget(node: number): void {
    this.#said.delete(node);
  }

  hear(node: number, packet: Uint8Array): void {
    const id = packetHex(packet, SENDER, ID_BYTES);
    this.#owners.set(packetHex(packet, SESSION, ECHO_BYTES), id);
    const flags = packet[FLAGS]!;
    if ((flags & DISKLESS) !== 0) return;
    const before = this.of(node);
    const number = (flags & VALUES_KEPT) === 0 ? 0 : little32(packet, VALUES_NUMBER);
    let said: Said = { ...before, values: Math.max(before.values, number) };
    const kind = packet[KIND]!;
    if (kind === PROMISE || kind === VOTED) {
      const ballot = ballotAt(packet, PACKET_BALLOT);
      const slot = little32(packet, PACKET_SLOT);
      // To anybody else it says only that another was promised more.
      if (this.#owners.get(packetHex(packet, ECHO, ECHO_BYTES)) === packetHex(packet, PACKET_BALLOT + 4, ID_BYTES)) {
        said = { ...said, promised: later(before.promised, ballot) };
        if (kind === VOTED && slot >= before.slot)
          said = { ...said, slot, voted: slot > before.slot ? ballot : later(before.voted, ballot) };
      }
    }
    this.#said.set(node, said);
  }
}

const promisedBy = (node: WorldNode, at: number): string | null =>
  node.made("promised", at, BALLOT_BYTES, (bytes) => ballotAt(bytes, 0));

export function keepsPromises(layout: KernelLayout): Invariant {
  return {
    name: "promises",
    kind: "wrong",
    rule: "what a voter says that it promised, voted for or has is on its disk, and it promises no lower ballot ever after",
    watch: (world) => {
      const facts = factsOf(world, layout);
      const spoken = new Spoken();
      const at = layout.address("vote");
      const promised = world.nodes.map(() => ({ ballot: "", boot: -1, fell: 0 }));
      const joins = world.nodes.map(() => 0);
      const keys = keysOf(world, layout);
      return {
        frame: ({ cable, toSwitch, bytes }) => {
          const packet = toSwitch && world.nodes[cable] ? clusterPacketOf(bytes) : null;
          if (packet && packetHex(packet, SENDER, ID_BYTES) === facts.ids[cable]) spoken.hear(cable, packet);
          return null;
        },
        before: ({ word, node }) => {
          if (word !== "older") return null;
          spoken.forget(node);
          promised[node] = { ballot: "", boot: -1, fell: 0 };
          return null;
        },
        after: ({ word, node }) => {
          const { disk } = world.lab.nodes[node]!;
          const problem = word === "cut" && disk ? problemOnDisk(disk, spoken.of(node)) : null;
          return problem && `${world.nodes[node]!.name} ${problem}`;
        },
        look: () => {
          for (const node of world.nodes) {
            const { index, name, boots } = node;
            // Who is invited has forgotten what it promised.
            if (keys.joins(index) !== joins[index]) {
              joins[index] = keys.joins(index);
              spoken.forget(index);
              promised[index] = { ballot: "", boot: -1, fell: 0 };
            }
            const { isMember, hasDisk } = facts.of(index);
            const ballot = isMember && hasDisk ? promisedBy(node, at + PROMISED) : null;
            if (ballot === null) continue;
            const before = promised[index]!;
            const least = before.boot === boots ? before.ballot : spoken.of(index).promised;
            // It may be copied right now.
            const fell = ballot < least ? before.fell + 1 : 0;
            promised[index] = { ballot: fell > 0 ? least : ballot, boot: boots, fell };
            if (fell > 1) return `${name} promised ballot ${least}, and holds to ${ballot}`;
          }
          return null;
        },
      };
    },
  };
}

/** On how many of these machines' disks the values of a number are, or a vote for them. */
export function disksWith(world: World, voters: readonly number[], number: number): number {
  return voters.filter((index) => {
    const disk = world.lab.nodes[index]!.disk;
    const values = disk && objectOn(disk, "cluster_values");
    if (values && little32(values, NUMBER) >= number) return true;
    const vote = disk && objectOn(disk, "cluster_vote");
    return vote !== null && vote !== undefined && little32(vote, SLOT) >= number && little32(vote, ACCEPTED) > 0;
  }).length;
}
