/**
 * What holds of QuRe's cluster whatever happens to its machines, read from their memory, their packets and their disks.
 */
import { formatNs } from "../../lab/time.ts";
import { readClusterPacket } from "../../wire/cluster.ts";
import { ALONE, DISKLESS, HELLO } from "../../wire/cluster-layout.ts";
import type { Invariant, Watch } from "../invariant.ts";
import type { World } from "../world.ts";
import { factsOf, type NodeFacts } from "./facts.ts";
import { isForking } from "./forking.ts";
import { historyDigest } from "./history.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { keysOf } from "./keys.ts";
import { remembered } from "./remembered.ts";
import { notHeld } from "./service-addresses.ts";
import { agreedValues } from "./values.ts";

/** Machines with which nothing has been wrong for so long are in one cluster. */
const ONE_FOUNDER_NS = 8e9;
/** A machine with which nothing has been wrong for so long takes part. */
const TAKES_PART_NS = 20e9;
/** No run has so many lives: a higher number came from nowhere. */
const MOST_ERAS = 10_000;
/** After an older copy of its disk a node that hears another goes on above what is known of it within this. */
const OLDER_NS = 10e9;
/** So long it may seem to coordinate the cluster that it goes over to. */
const GOES_NS = 100e6;
/** A node that joins says four in a second, and may begin anew. */
const MOST_HELLOS = 8;

/** After these a node may find another state on its disk than the last. */
const OLDER_WORDS: ReadonlySet<string> = new Set(["older", "fail", "full", "flip", "unflushed"]);

type Make = (world: World, layout: KernelLayout) => Watch;

function invariant(
  name: string,
  kind: Invariant["kind"],
  rule: string,
  make: Make,
): (layout: KernelLayout) => Invariant {
  return (layout) => ({ name, kind, rule, watch: (world) => make(world, layout) });
}

/** Looks at each machine whose kernel is up. */
function eachUp(
  world: World,
  layout: KernelLayout,
  say: (facts: NodeFacts, index: number) => string | null,
): () => string | null {
  const facts = factsOf(world, layout);
  return () => {
    for (const { index, name } of world.nodes) {
      const node = facts.of(index);
      const wrong = node.isUp ? say(node, index) : null;
      if (wrong !== null) return `${name} ${wrong}`;
    }
    return null;
  };
}

const INVARIANTS = [
  invariant(
    "age",
    "wrong",
    "the age on a disk grows with each boot, between them only where the disk may be an older copy, and never falls",
    (world, layout) => {
      /** By node: what the last look found, and in which boot. */
      const seen = world.nodes.map(() => ({ age: 0, boot: 0 }));
      const older = new Set<number>();
      return {
        before: ({ word, node, values }) => {
          // From here on the disk has another history.
          if (word === "older") seen[node] = { age: 0, boot: world.nodes[node]!.boots };
          const isOver = values.length > 0 && values.every((value) => value === 0);
          if (OLDER_WORDS.has(word) && !isOver) older.add(node);
          return null;
        },
        look: eachUp(world, layout, ({ age, hasDisk }, index) => {
          if (!hasDisk) return null;
          const { boots } = world.nodes[index]!;
          const before = seen[index]!;
          seen[index] = { age, boot: boots };
          if (age < before.age) return `has age ${age} after age ${before.age}`;
          if (boots !== before.boot && age === before.age) return `has age ${age} in two boots`;
          if (boots === before.boot && before.age !== 0 && age !== before.age && !older.has(index))
            return `has age ${age} after age ${before.age} in one boot, and its disk is no older copy`;
          return null;
        }),
      };
    },
  ),

  invariant("era", "wrong", "the era of a node never falls, unless it founded it alone", (world, layout) => {
    const seen = world.nodes.map(() => 0);
    return {
      before: ({ word, node }) => {
        if (word === "older") seen[node] = 0;
        return null;
      },
      look: eachUp(world, layout, ({ era, isAlone, hasDisk }, index) => {
        if (isAlone || !hasDisk) return null;
        const before = seen[index]!;
        seen[index] = era;
        return era < before ? `has era ${era} after era ${before}` : null;
      }),
    };
  }),

  invariant("write first", "wrong", "age and era are on disk before a packet says them", (world, layout) => {
    const facts = factsOf(world, layout);
    const said = world.nodes.map(() => ({ boot: -1, era: 0, age: 0 }));
    return {
      frame: ({ cable, toSwitch, bytes }) => {
        const packet = toSwitch ? readClusterPacket(bytes) : null;
        if (packet === null || packet.id !== facts.ids[cable] || (packet.flags & DISKLESS) !== 0) return null;
        const { boots } = world.nodes[cable]!;
        const before = said[cable]!.boot === boots ? said[cable]! : { era: 0, age: 0 };
        said[cable] = {
          boot: boots,
          era: Math.max(before.era, (packet.flags & ALONE) === 0 ? packet.era : 0),
          age: Math.max(before.age, packet.age),
        };
        return null;
      },
      // What a disk lost with the power shows only afterwards.
      after: ({ word, node }) => {
        const { boot, era, age } = said[node]!;
        const { boots, name } = world.nodes[node]!;
        if (word !== "cut" || boot !== boots) return null;
        said[node] = { boot: -1, era: 0, age: 0 };
        const disk = world.lab.nodes[node]!.disk;
        const kept = disk && remembered(disk);
        if (!kept) return `${name} said age ${age} and era ${era}, and its disk remembers nothing`;
        if (kept.age < age) return `${name} said age ${age}, and its disk has age ${kept.age}`;
        return kept.era < era ? `${name} said era ${era}, and its disk has era ${kept.era}` : null;
      },
    };
  }),

  invariant("pace", "wrong", `a node says at most ${MOST_HELLOS} hellos in a second`, (world) => {
    const said = world.nodes.map(() => ({ second: -1, hellos: 0 }));
    return {
      frame: ({ cable, toSwitch, sentNs, bytes }) => {
        const node = said[cable];
        if (!toSwitch || node === undefined || readClusterPacket(bytes)?.kind !== HELLO) return null;
        const second = Math.floor(sentNs / 1e9);
        if (node.second !== second) Object.assign(node, { second, hellos: 0 });
        node.hellos++;
        return node.hellos > MOST_HELLOS
          ? `${world.nodes[cable]!.name} says hello ${node.hellos} times in a second`
          : null;
      },
    };
  }),

  invariant(
    "older copy",
    "wrong",
    "with an older copy of its disk a node goes on above the highest age that a member knows",
    (world, layout) => {
      const facts = factsOf(world, layout);
      /** By node whose disk went back: who knew which age of it, and in which boot of its own. */
      const keys = keysOf(world, layout);
      const joins = world.nodes.map(() => 0);
      const known = new Map<number, { readonly by: number; readonly boot: number; readonly age: number }[]>();
      return {
        before: ({ word, node }) => {
          if (word !== "older") return null;
          joins[node] = keys.joins(node);
          const those = world.nodes
            .filter(({ index }) => index !== node && facts.of(index).isMember)
            .map(({ index, boots }) => {
              const age = facts.peers(index)?.get(facts.ids[node]!)?.age ?? 0;
              return { by: index, boot: boots, age };
            });
          known.set(node, [...(known.get(node) ?? []), ...those]);
          return null;
        },
        look: () => {
          for (const [index, those] of known) {
            const node = facts.of(index);
            // Who was invited since says its age in the session of a newcomer.
            if (keys.joins(index) !== joins[index]) {
              joins[index] = keys.joins(index);
              known.delete(index);
              continue;
            }
            if (!node.isMember || !node.hasDisk || world.cleanForNs(index) < OLDER_NS || node.others === 0) continue;
            known.delete(index);
            // Those who knew may be gone themselves.
            const left = those.filter(
              ({ by, boot }) => world.nodes[by]!.boots === boot && world.cleanForNs(by) > OLDER_NS,
            );
            const age = Math.max(0, ...left.map((one) => one.age));
            if (left.length > 0 && node.age <= age)
              return `${world.nodes[index]!.name} goes on with age ${node.age}, and the others knew age ${age}`;
          }
          return null;
        },
      };
    },
  ),

  invariant(
    "one founder",
    "wrong",
    `members with which nothing was wrong for ${formatNs(ONE_FOUNDER_NS)} have one era and one founder`,
    (world, layout) => {
      const facts = factsOf(world, layout);
      return {
        look: () => {
          const members = world.nodes.filter(
            ({ index }) => world.cleanForNs(index) >= ONE_FOUNDER_NS && facts.of(index).isMember,
          );
          const [first, ...others] = members;
          if (!first) return null;
          const a = facts.of(first.index);
          for (const { index, name } of others) {
            const b = facts.of(index);
            if (a.era !== b.era || a.founder !== b.founder)
              return `${first.name} lives in era ${a.era} of ${a.founder}, ${name} in era ${b.era} of ${b.founder}`;
          }
          return null;
        },
      };
    },
  ),

  invariant(
    "gives way",
    "wrong",
    "who coordinates goes on until it leaves, joins anew, or hears another of the same cluster with a lower id",
    (world, layout) => {
      /** By node: the boot, the session and the cluster in which it coordinated at the last look. */
      const before = world.nodes.map(() => "");
      /**
       * Since when it has done so there: who goes over to a cluster is in its era before it follows its coordinator.
       */
      const sinceNs = world.nodes.map(() => Infinity);
      const keys = keysOf(world, layout);
      return {
        look: eachUp(world, layout, ({ coordinates, coordinator, isMember, isSilent, era, founder, id }, index) => {
          // Who is given another key late belongs to those that have it. A copy joins in another session, maybe between
          // two looks.
          const boot = `${world.nodes[index]!.boots} ${keys.session(index)}`;
          const now = isMember && !isSilent ? `${boot} ${era} ${founder} ${keys.of(index)}` : "";
          const was = before[index]!;
          before[index] = coordinates ? now : "";
          if (was !== now) sinceNs[index] = world.nowNs;
          return coordinates || was === "" || was !== now || coordinator < id || world.nowNs - sinceNs[index]! < GOES_NS
            ? null
            : `coordinated, and follows ${coordinator}, whose id is higher`;
        }),
      };
    },
  ),

  invariant(
    "no stranger",
    "wrong",
    "a node's table holds only nodes that there are, in eras that were lived",
    (world, layout) => {
      const facts = factsOf(world, layout);
      return {
        look: eachUp(world, layout, ({ era, id }, index) => {
          if (era > MOST_ERAS) return `lives in era ${era}, which nobody founded`;
          if (id !== facts.ids[index]) return `takes itself for ${id}`;
          const peers = facts.peers(index);
          if (peers === null) return "has a table of peers that is not whole";
          for (const peer of peers.keys())
            if (facts.indexOf(peer) === undefined) return `knows ${peer}, which there is not`;
          return null;
        }),
      };
    },
  ),

  invariant(
    "takes part",
    "stuck",
    `a machine with which nothing was wrong for ${formatNs(TAKES_PART_NS)} is a member`,
    (world, layout) => {
      const facts = factsOf(world, layout);
      return {
        look: () => {
          for (const { index, name } of world.nodes) {
            if (world.cleanForNs(index) < TAKES_PART_NS) continue;
            const node = facts.of(index);
            if (!node.isUp) return `${name} is on, and its kernel is not up`;
            if (!node.isMember && !node.isSilent) return `${name} still looks for a cluster`;
          }
          return null;
        },
      };
    },
  ),
];

export function clusterInvariants(layout: KernelLayout): Invariant[] {
  return INVARIANTS.map((make) => make(layout));
}

/** What keeps the machines that must live on from being one cluster with one view; null when they are. */
export function clusterMissing(world: World, layout: KernelLayout): string | null {
  const facts = factsOf(world, layout);
  const { living } = world;
  const [first] = world.core;
  const called = new Map<string, string>();
  for (const index of world.core) {
    const { name } = world.nodes[index]!;
    const node = facts.of(index);
    const one = facts.of(first!);
    if (!node.isUp) return `${name} is not up`;
    if (!node.isMember) return `${name} is no member`;
    if (isForking(world, index)) return `${name} has not come to an end with its fork`;
    if (node.era !== one.era || node.founder !== one.founder)
      return `${name} lives in era ${node.era} of ${node.founder}, ${world.nodes[first!]!.name} in era ${one.era} of ${one.founder}`;
    const other = called.get(node.name);
    if (other !== undefined) return `${other} and ${name} are both called ${node.name}`;
    called.set(node.name, name);
    if (living.some((other) => other !== index && facts.of(other).address === node.address))
      return `${name} and another machine have one address`;
    if (node.others !== living.length - 1) return `${name} sees ${node.others} others of ${living.length - 1}`;
    const peers = facts.peers(index);
    for (const seen of living)
      if (seen !== index && peers?.get(facts.ids[seen]!)?.isAlive !== true)
        return `${name} does not see ${world.nodes[seen]!.name}`;
    if (historyDigest(world, layout, index) !== historyDigest(world, layout, first!))
      return `${name} has another history than ${world.nodes[first!]!.name}`;
    if (agreedValues(world, layout, index)?.digest !== agreedValues(world, layout, first!)?.digest)
      return `${name} has other values than ${world.nodes[first!]!.name}`;
  }
  const speakers = living.filter((index) => facts.of(index).coordinates);
  return speakers.length === 1 ? notHeld(world, layout, living) : `${speakers.length} nodes speak for the cluster`;
}
