/** What QuRe's cluster remembers: no event that is on a node's disk is lost, and all come to have the same history. */

import { digestOfWords } from "../../wire/cluster-packet.ts";
import type { Invariant } from "../invariant.ts";
import type { World } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { keysOf } from "./keys.ts";
import { isKept, objectOn } from "./remembered.ts";

/** Layout of the object `cluster_history`: docs/protocols/cluster-history.md. */
const COUNT = 8;
const DIGEST = 12;
const EVENTS = 16;
const EVENT_BYTES = 72;
const KIND = 24;
const ENDED = 2;
const MOST_MARKS = 64;
const MOST_OTHERS = 448;
/** A look may come while the kernel moves events; no routine takes so many looks in a row. */
const MOST_TORN_LOOKS = 50;

/** The number that stands for a node's history, 0 for none; null when the node has no memory. */
export function historyDigest(world: World, layout: KernelLayout, index: number): number | null {
  const node = world.nodes[index]!;
  return node.once("history", () => node.memory.word(layout.address("history") + DIGEST));
}

/** A node's events, each as text by which it is known. */
function eventsOf(world: World, layout: KernelLayout, index: number): readonly Uint8Array[] | null {
  const { memory } = world.nodes[index]!;
  const at = layout.address("history");
  const count = memory.word(at + COUNT);
  if (count === null || count > MOST_MARKS + MOST_OTHERS) return null;
  const bytes = memory.bytes(at + EVENTS, count * EVENT_BYTES);
  return bytes && splitEvents(bytes, count);
}

function splitEvents(bytes: Uint8Array, count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, event) => bytes.slice(event * EVENT_BYTES, (event + 1) * EVENT_BYTES));
}

/** The events on a machine's disk. */
function eventsOn(world: World, index: number): readonly Uint8Array[] {
  const { disk } = world.lab.nodes[index]!;
  const bytes = disk && objectOn(disk, "cluster_history");
  return bytes ? splitEvents(bytes.subarray(EVENTS), Math.floor((bytes.length - EVENTS) / EVENT_BYTES)) : [];
}

const nameOf = (event: Uint8Array): string => Array.from(event, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The digest that a history of these events has. */
function digestOf(events: readonly Uint8Array[]): number {
  return events.reduce((sum, event) => (sum + digestOfWords(wordsOf(event))) >>> 0, 0);
}

function wordsOf(event: Uint8Array): number[] {
  const view = new DataView(event.buffer, event.byteOffset, event.byteLength);
  return Array.from({ length: EVENT_BYTES >>> 2 }, (_, word) => view.getUint32(4 * word, true));
}

const isMark = (event: Uint8Array): boolean => event[KIND]! <= ENDED;

/** A history that is full drops its lowest events: then nothing can be said of them. */
function isFull(events: readonly Uint8Array[]): boolean {
  const marks = events.filter(isMark).length;
  return marks >= MOST_MARKS || events.length - marks >= MOST_OTHERS;
}

export function keepsHistory(layout: KernelLayout): Invariant {
  return {
    name: "history",
    kind: "wrong",
    rule: "an event that was on a node's disk is in its history ever after",
    watch: (world) => {
      const facts = factsOf(world, layout);
      const kept = layout.address("kept_history");
      /** By node: what its disk has, and the digest at which that was read. */
      const disks = world.nodes.map(() => ({ names: new Set<string>(), digest: 0, boot: -1 }));
      const tornLooks = world.nodes.map(() => 0);
      const joins = world.nodes.map(() => 0);
      const keys = keysOf(world, layout);
      return {
        before: ({ word, node }) => {
          // From here on the disk has another history.
          if (word === "older") disks[node] = { names: new Set(), digest: 0, boot: -1 };
          return null;
        },
        after: ({ word, node }) => {
          const { names } = disks[node]!;
          if (word !== "cut" || names.size === 0) return null;
          const events = eventsOn(world, node);
          const found = new Set(events.map(nameOf));
          const lost = isFull(events) ? undefined : [...names].find((event) => !found.has(event));
          return lost === undefined
            ? null
            : `${world.nodes[node]!.name} said that the event ${lost.slice(0, 48)} is on its disk, and it is not`;
        },
        look: () => {
          for (const { index, name, boots } of world.nodes) {
            // Who is invited has another history than before.
            if (keys.joins(index) !== joins[index]) {
              joins[index] = keys.joins(index);
              disks[index] = { names: new Set(), digest: 0, boot: -1 };
            }
            const { isMember, hasDisk } = facts.of(index);
            const { memory } = world.nodes[index]!;
            const digest = isMember && hasDisk ? (historyDigest(world, layout, index) ?? 0) : 0;
            const disk = disks[index]!;
            if (digest === 0 || (digest === disk.digest && boots === disk.boot)) continue;
            if (!isKept(memory, kept, digest)) continue;
            const events = eventsOf(world, layout, index);
            if (events === null) return `${name} has a history that is not whole`;
            if (digestOf(events) !== digest) {
              if (++tornLooks[index]! > MOST_TORN_LOOKS) return `${name} has a history that its digest is not of`;
              continue;
            }
            tornLooks[index] = 0;
            const names = new Set(events.map(nameOf));
            const lost = isFull(events) ? undefined : [...disk.names].find((event) => !names.has(event));
            if (lost !== undefined) return `${name} has lost the event ${lost.slice(0, 48)} of its history`;
            disks[index] = { names, digest, boot: boots };
          }
          return null;
        },
      };
    },
  };
}
