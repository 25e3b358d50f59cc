/**
 * Whether a node's table of its cluster agrees with itself: its order, what it counts, and the digests of its entries.
 */

import { digestOfWords } from "../../wire/cluster-packet.ts";
import type { Invariant } from "../invariant.ts";
import type { World } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";

const MS = 1e6;
/** A routine may be at work whenever somebody looks: what is wrong must stay so through several looks. */
const EVERY_NS = 100 * MS;
const STAYS = 3;
/** A table that goes round in a circle ends here. */
const MOST_PEERS = 2000;
/** Of an entry, state and sequence apart: docs/protocols/cluster.md. */
const ENTRY_WORDS = 16;
const FIELDS = ["PEER_NEXT", "PEER_ID", "PEER_ALIVE", "PEER_VIEWED", "PEER_DIGEST", "PEER_SIZE"] as const;

export function tablesHold(layout: KernelLayout): Invariant {
  return {
    name: "tables",
    kind: "wrong",
    rule: "a node's table of peers is in order, and its counts and digests are those of its entries",
    watch: (world) => {
      const facts = factsOf(world, layout);
      const wrong = world.nodes.map(() => ({ what: "", times: 0 }));
      let nextNs = 0;
      return {
        look: () => {
          if (world.nowNs < nextNs) return null;
          nextNs = world.nowNs + EVERY_NS;
          for (const { index, name } of world.nodes) {
            const node = facts.of(index);
            const isJudged = node.isMember && !node.isSilent && world.cleanForNs(index) > 0;
            const what = isJudged ? (tableProblem(world, layout, index) ?? "") : "";
            const before = wrong[index]!;
            wrong[index] = { what, times: what !== "" && what === before.what ? before.times + 1 : 1 };
            if (what !== "" && wrong[index].times >= STAYS) return `${name} ${what}`;
          }
          return null;
        },
      };
    },
  };
}

function tableProblem(world: World, layout: KernelLayout, index: number): string | null {
  const { memory } = world.nodes[index]!;
  const at = (name: (typeof FIELDS)[number]): number => layout.constant(name) >>> 2;
  const size = layout.constant("PEER_SIZE") >>> 2;
  let [alive, viewed, digests, peers] = [0, 0, 0, 0];
  let before = "";
  let peer = memory.word(layout.address("peer_first"));
  for (; peer !== null && peer !== 0 && peers < MOST_PEERS; peers++) {
    const words = memory.words(peer, size);
    if (words === null) return null;
    const id = [0, 1]
      .map((word) =>
        swapped(words[at("PEER_ID") + word]!)
          .toString(16)
          .padStart(8, "0"),
      )
      .join("");
    if (id <= before) return `has ${id} behind ${before} in its table`;
    before = id;
    if (words[at("PEER_ALIVE")] !== 0) alive++;
    if (words[at("PEER_VIEWED")] !== 0) {
      viewed++;
      const digest = words[at("PEER_DIGEST")]!;
      digests = (digests + digest) >>> 0;
      if (words[at("PEER_ALIVE")] === 0) return `has ${id} in its view, and takes it for dead`;
      if (digestOfWords(words.slice(at("PEER_ID"), at("PEER_ID") + ENTRY_WORDS)) !== digest)
        return `has a digest for ${id} that is not that of its entry`;
    }
    peer = words[at("PEER_NEXT")]!;
  }
  const word = (name: string): number => memory.word(layout.address(name)) ?? 0;
  if (word("peer_alive") !== alive) return `counts ${word("peer_alive")} that live, and has ${alive}`;
  if (word("view_members") !== viewed) return `counts ${word("view_members")} members, and has ${viewed}`;
  if (word("view_digest") !== digests) return "has a digest of its view that is not the sum of its members'";
  const isItself = [0, 4].every(
    (half) =>
      word("coordinator_self") === 0 ||
      memory.word(layout.address("coordinator_id") + half) ===
        memory.word(layout.address("node") + layout.constant("NODE_ID") + half),
  );
  return isItself ? null : "coordinates, and has another one for the coordinator";
}

function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
