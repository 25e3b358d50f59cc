/** How soon what one node knows is known to the others: docs/protocols/cluster.md, "States and timers". */
import { clusterPacketOf } from "../../wire/cluster.ts";
import { KIND, VIEW } from "../../wire/cluster-layout.ts";
import type { Invariant } from "../invariant.ts";
import type { World, WorldNode } from "../world.ts";
import { factsOf, type PeerFacts } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";

const MS = 1e6;
/** Above it a cluster is a large one, in which a beat is longer. */
const SMALL = 33;
const BEAT_NS = [400 * MS, 1000 * MS] as const;
/** Ticks of a clock, and other tasks. */
const SLACK_NS = 60 * MS;
/** Who begins to coordinate says so within this. */
const FIRST_NS = 60 * MS;
/** Machines with which nothing is wrong for so long have nothing to catch up with. */
const SETTLED_NS = 1500 * MS;
/** What the coordinator has changed in its view it says within 80 ms. */
const SPREAD_NS = 150 * MS;
/** What was different when it began to coordinate a member asks for after 250 to 350 ms, and has 50 ms later. */
const ASKED_NS = 350 * MS + 50 * MS + SLACK_NS;

/** Machines that nothing keeps from doing their part. */
function isSettled(world: World, index: number): boolean {
  return world.cleanForNs(index) >= SETTLED_NS;
}

export function speaksInTime(layout: KernelLayout): Invariant {
  return {
    name: "voice",
    kind: "stuck",
    rule: "who coordinates says its view as soon as it begins, and each beat",
    watch: (world) => {
      const facts = factsOf(world, layout);
      const saidNs = world.nodes.map(() => -Infinity);
      /** Since when each coordinates. */
      const sinceNs = world.nodes.map(() => Infinity);
      const beatNs = BEAT_NS[world.nodes.length > SMALL ? 1 : 0] + SLACK_NS;
      return {
        frame: ({ cable, toSwitch, sentNs, bytes }) => {
          if (toSwitch && world.nodes[cable] && clusterPacketOf(bytes)?.[KIND] === VIEW) saidNs[cable] = sentNs;
          return null;
        },
        look: () => {
          for (const { index, name } of world.nodes) {
            const { coordinates, isMember, isSilent } = facts.of(index);
            const speaks = coordinates && isMember && !isSilent;
            sinceNs[index] = speaks ? Math.min(sinceNs[index]!, world.nowNs) : Infinity;
            if (!speaks || !isSettled(world, index)) continue;
            // It may have begun right after the last look.
            const isFirst = saidNs[index]! < sinceNs[index]! - world.lookNs;
            const silentNs = world.nowNs - (isFirst ? sinceNs[index]! : saidNs[index]!);
            if (silentNs > (isFirst ? FIRST_NS : beatNs) + world.lookNs)
              return `${name} coordinates, and has said no view for ${Math.round(silentNs / MS)} ms`;
          }
          return null;
        },
      };
    },
  };
}

export function spreadsInTime(layout: KernelLayout): Invariant {
  return {
    name: "spread",
    kind: "stuck",
    rule: "what the coordinator has changed in its view the members have in theirs at once",
    watch: (world) => {
      const facts = factsOf(world, layout);
      /** By member: since when its view is another one than that of its coordinator. */
      const agreed = world.nodes.map((): Agreed => ({ digests: new Map(), sessions: new Set(), last: null }));
      const differs = world.nodes.map(() => ({ found: NONE, sinceNs: Infinity }));
      /** By machine: when something was wrong with it last while it took part. */
      const troubledNs = world.nodes.map(() => -Infinity);
      /** By machine: since when it coordinates. */
      const spokeNs = world.nodes.map(() => Infinity);
      return {
        look: () => {
          for (const { index, hasLeft } of world.nodes)
            if (world.isOn(index) && !hasLeft && world.cleanForNs(index) === 0) troubledNs[index] = world.nowNs;
          const all = facts.all;
          const isHere = (index: number): boolean => all[index]!.isMember && !all[index]!.isSilent;
          const speakers: WorldNode[] = [];
          for (const node of world.nodes) {
            const speaks = all[node.index]!.coordinates && isHere(node.index);
            if (speaks) speakers.push(node);
            spokeNs[node.index] = speaks ? Math.min(spokeNs[node.index]!, world.nowNs) : Infinity;
          }
          for (const { index, name } of world.nodes) {
            const node = all[index]!;
            const speaker = speakers.find((other) => facts.ids[other.index] === node.coordinator);
            const follows = speaker && speaker.index !== index && isHere(index);
            // What both have had counts from the member's beginning on.
            const seen = follows ? difference(world, layout, speaker.index, index, agreed[index]!) : NONE;
            // A change is said to whom its node takes for the coordinator, and it has to have heard who that is.
            const changed = seen === NONE ? -1 : facts.ids.indexOf(seen.id);
            const hadHeard = changed < 0 || world.nowNs - troubledNs[changed]! >= SETTLED_NS;
            const isJudged = follows && hadHeard && isSettled(world, speaker.index) && isSettled(world, index);
            const found = isJudged ? seen : NONE;
            const before = differs[index]!;
            const isNew = found.change !== before.found.change;
            // What the member took over since then it may have known better already, from the node itself.
            const isAnswered = !isNew && found.has !== before.found.has;
            const beganNs = isNew ? world.nowNs : isAnswered ? Infinity : before.sinceNs;
            const sinceNs = found === NONE ? Infinity : beganNs;
            differs[index] = { found, sinceNs };
            const forNs = world.nowNs - sinceNs;
            const isInherited = speaker !== undefined && sinceNs - spokeNs[speaker.index]! <= world.lookNs;
            if (forNs > (isInherited ? ASKED_NS : SPREAD_NS) + world.lookNs)
              return `${name} ${found.what}, which ${speaker!.name} told it nothing of for ${Math.round(forNs / MS)} ms`;
          }
          return null;
        },
      };
    },
  };
}

interface Difference {
  readonly what: string;
  /** The node that it is about. */
  readonly id: string;
  /** Of which change of the coordinator's view the member does not know. */
  readonly change: string;
  /** What the member has instead: the digest of its entry. */
  readonly has?: number | undefined;
}

/** What a member has had of the others. */
interface Agreed {
  /** By node: the digest of what both had the same last. */
  readonly digests: Map<string, number>;
  /** Boots that it has believed. */
  readonly sessions: Set<string>;
  /** What was compared last, and what came of it: while both tables are as they were it is the same again. */
  last: { readonly told: Table; readonly known: Table; readonly seen: Difference } | null;
}

type Table = ReadonlyMap<string, PeerFacts>;

const NONE: Difference = { what: "", id: "", change: "" };

/**
 * In what a member's view is behind that of its coordinator. While the coordinator still has what both had the same
 * last, or a boot that the member has believed once, or of the same boot a lower age, which a node with an older disk
 * has until it hears of its real one, the member has heard something newer from the node itself.
 */
function difference(world: World, layout: KernelLayout, speaker: number, member: number, agreed: Agreed): Difference {
  const facts = factsOf(world, layout);
  const [told, known] = [facts.peers(speaker), facts.peers(member)];
  // Its own table is the matter of another invariant.
  if (told === null || known === null) return NONE;
  const { last } = agreed;
  if (last?.told === told && last.known === known) return last.seen;
  const seen = compare(told, known, facts.ids[speaker]!, facts.ids[member]!, agreed);
  agreed.last = { told, known, seen };
  return seen;
}

function compare(
  told: Table,
  known: Table,
  speaker: string,
  member: string,
  { digests, sessions }: Agreed,
): Difference {
  if (!told.get(member)?.isViewed) return NONE;
  for (const { session } of known.values()) sessions.add(session);
  for (const [id, { isViewed, digest, session, age }] of told) {
    const here = known.get(id);
    if (id === member || !isViewed) continue;
    const change = `${id} ${digest}`;
    // A boot that it knows to be over, of a coordinator that stood still meanwhile.
    const isOver = here !== undefined && here.session !== session && sessions.has(session);
    if (isOver && !here.isViewed) continue;
    if (!here?.isViewed) return { what: `has not ${id} in its view`, id, change };
    if (here.digest === digest) digests.set(id, digest);
    else if (digests.get(id) !== digest && !isOver && (here.session !== session || here.age <= age))
      return { what: `has something else of ${id} in its view`, id, change, has: here.digest };
  }
  for (const [id, { isViewed }] of known)
    if (isViewed && id !== speaker && !told.get(id)?.isViewed)
      return { what: `still has ${id} in its view`, id, change: id };
  return NONE;
}
