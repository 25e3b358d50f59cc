/**
 * The keys that QuRe's nodes have, and the person who does what their consoles say: a node that missed another key for
 * good is to be invited again (docs/protocols/cluster-key.md).
 */
import { createHmac } from "node:crypto";
import type { BlockBackend } from "../../../emulator/disk/block.ts";
import { FileSystemError } from "../../disk/oofs/index.ts";
import { keyOf } from "../../lab/cluster-key.ts";
import type { FaultAction } from "../../lab/fault-kinds.ts";
import { SHELL_PROMPT } from "../../lab/prepare.ts";
import { clusterPacketOf } from "../../wire/cluster.ts";
import { HAVE, ID_BYTES, KIND, SENDER } from "../../wire/cluster-layout.ts";
import { packetHex } from "../../wire/hex.ts";
import type { Invariant } from "../invariant.ts";
import type { World } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { objectOn } from "./remembered.ts";

const MS = 1e6;
const KEY_BYTES = 32;
const NAME_BYTES = 32;
/** Of the objects `cluster_keyring` and `cluster_node`. */
const [KEYRING_SERIAL, KEYRING_CLUSTER, NEXT, NODE_KEY] = [8, 12, 44, 140];
/** Of the packet by which a member says that it has the new key. */
const [NONCE, PROOF, PROOF_BYTES] = [128, 144, 16];
const SESSION_BYTES = 8;
const REPLACED = 4;
const LONGEST_PROMPT = 300;
/** With what SHELL_PROMPT ends: most looks need to see no more. */
const PROMPT_END = "> ";
/** A person waits so long for an invitation, and for a machine that asks with it. */
const INVITED_NS = 10_000 * MS;
/** Where nobody has the key any more that replaced theirs, nodes are restarted after so long. */
const ALL_OUT_NS = 4000 * MS;
export const CODE_SHOWN = /cloud join ([0-9a-z]{4}(?:-[0-9a-z]{4}){3})/g;
/** A node says so that it is to be invited. */
const TOLD =
  /^cluster: (the key was replaced while this node was away, or it was put out|\S+ \S+ has another key\. Where the key was replaced)/m;

/** The keys of a node that has this disk: its own, and the next one. */
function keysOn(disk: BlockBackend): string[] {
  const own = objectOn(disk, "cluster_node")?.subarray(NODE_KEY, NODE_KEY + KEY_BYTES);
  const next = objectOn(disk, "cluster_keyring")?.subarray(NEXT, NEXT + KEY_BYTES);
  return [own, next].flatMap((bytes) => (bytes?.some((byte) => byte !== 0) ? [hex(bytes)] : []));
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Of the keys that a node knows as replaced: whether one is among them twice. */
function isAnyTwice(bytes: Uint8Array): boolean {
  const all = Array.from({ length: REPLACED }, (_, at) => hex(bytes.subarray(at * KEY_BYTES, (at + 1) * KEY_BYTES)));
  const those = all.filter((one) => !/^0*$/.test(one));
  return new Set(those).size !== those.length;
}

/** Whether a packet that says that its sender has a key is about this one. */
function proves(packet: Uint8Array, key: string): boolean {
  const hmac = createHmac("sha256", Buffer.from(key, "hex"));
  const proof = hmac
    .update(packet.subarray(NONCE, PROOF))
    .update(packet.subarray(SENDER, SENDER + ID_BYTES))
    .digest();
  return hex(proof.subarray(0, PROOF_BYTES)) === hex(packet.subarray(PROOF, PROOF + PROOF_BYTES));
}

export function isAtPrompt(world: World, index: number): boolean {
  const { text } = world.lab.nodes[index]!.console;
  return text.endsWith(PROMPT_END) && SHELL_PROMPT.test(text.slice(-LONGEST_PROMPT));
}

/** A cluster's name and key. */
export interface ClusterKey {
  readonly name: string;
  readonly secret: Uint8Array;
}

class ClusterKeys {
  readonly #world: World;
  readonly #layout: KernelLayout;
  readonly #facts: ReturnType<typeof factsOf>;
  readonly #secret: number;
  readonly #joined: { key: string | null; session: string; boots: number; times: number }[];
  /** By machine its key when `main` was found out last, and what that was. */
  #keysOfMain: readonly (string | null)[] = [];
  #main: readonly number[] = [];

  constructor(world: World, layout: KernelLayout) {
    this.#world = world;
    this.#layout = layout;
    this.#facts = factsOf(world, layout);
    this.#secret = layout.address("trust_secret");
    this.#joined = world.nodes.map(() => ({ key: null, session: "", boots: -1, times: 0 }));
  }

  /**
   * How often a node has come to a key that no member has given it, as by `cloud join`, be it the same key: it forgets
   * what it had of its cluster then. To be asked at each look.
   */
  joins(index: number): number {
    return this.#world.nodes[index]!.once("joins", () => this.#countJoins(index));
  }

  #countJoins(index: number): number {
    const joined = this.#joined[index]!;
    const key = this.of(index);
    if (key === null) return joined.times;
    const { boots, memory } = this.#world.nodes[index]!;
    const session = this.session(index);
    const isAnother = joined.key !== null && key !== joined.key && !this.isGiven(index);
    // A keyring of no cluster.
    const isAnew = boots === joined.boots && session !== joined.session;
    const isBlank = memory.word(this.#layout.address("keyring") + KEYRING_CLUSTER) === 0;
    if (isAnother || (isAnew && isBlank)) joined.times++;
    Object.assign(joined, { key, session, boots });
    return joined.times;
  }

  /** It has another one whenever it joins anew. */
  session(index: number): string {
    return this.#hexAt(index, "trust_session", 0, SESSION_BYTES);
  }

  #hexAt(index: number, name: string, at: number, bytes: number): string {
    return this.#world.nodes[index]!.made(`${name} ${at}`, this.#layout.address(name) + at, bytes, hex) ?? "";
  }

  /**
   * Whether a node has the same key after its power was gone; a machine that was never on, the one that the others
   * have.
   */
  outlasts(index: number, key = this.of(index)): boolean {
    const { disk } = this.#world.lab.nodes[index]!;
    try {
      const found = disk ? keysOn(disk) : [];
      if (found.length > 0) return found.includes(key ?? "");
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error;
      return false;
    }
    const given = keyOf(this.#world.lab.cluster.config.nodes[index]?.parts?.settings).key ?? "";
    return given.trim().split(" ")[1] === key;
  }

  /** Null while a machine is off, or has not read its key. */
  of(index: number): string | null {
    const node = this.#world.nodes[index]!;
    if (!this.#facts.of(index).isUp) return null;
    return node.once("key", () => node.made("key", this.#secret, KEY_BYTES, hex));
  }

  /** With the cluster's name, as packets are signed. */
  whole(index: number): ClusterKey | null {
    const { memory } = this.#world.nodes[index]!;
    const secret = memory.bytes(this.#layout.address("trust_secret"), KEY_BYTES);
    const name = memory.bytes(this.#layout.address("trust_name"), NAME_BYTES);
    return secret && name && { name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))), secret };
  }

  /** The key that a node has beside its own: it counts as soon as anybody uses it, and stays there when it does. */
  next(index: number): string {
    return this.#hexAt(index, "keyring", NEXT, KEY_BYTES);
  }

  /** Whether the key that a node uses was given to it by other members. */
  isGiven(index: number): boolean {
    return this.next(index) === this.of(index);
  }

  /** It was given when it counted already: to one that was away. */
  isGivenLate(index: number): boolean {
    return this.#world.nodes[index]!.memory.word(this.#layout.address("taken_late")) === 1;
  }

  /** How often what a node keeps beside its key has changed, in all its life. */
  changes(index: number): number {
    return this.#world.nodes[index]!.memory.word(this.#layout.address("keyring") + KEYRING_SERIAL) ?? 0;
  }

  isOut(index: number): boolean {
    return this.#world.nodes[index]!.memory.word(this.#layout.address("outdated")) === 1;
  }

  /** The machines whose key most have that are up; none where no key is had by more than another. */
  get main(): readonly number[] {
    const before = this.#keysOfMain;
    const { nodes } = this.#world;
    if (before.length !== nodes.length || nodes.some(({ index }) => this.of(index) !== before[index])) {
      this.#keysOfMain = nodes.map(({ index }) => this.of(index));
      this.#main = mostOf(this.#keysOfMain);
    }
    return this.#main;
  }

  /** A machine with another key than most: it is cut off, as by a cable. */
  isApart(index: number): boolean {
    return this.of(index) !== null && !this.main.includes(index);
  }
}

/** The places of the key that is there most often; none where none is there more often than another. */
function mostOf(keys: readonly (string | null)[]): readonly number[] {
  const byKey = new Map<string, number[]>();
  keys.forEach((key, index) => {
    if (key !== null) byKey.set(key, [...(byKey.get(key) ?? []), index]);
  });
  const [most = [], second = []] = [...byKey.values()].sort((a, b) => b.length - a.length);
  return most.length > second.length ? most : [];
}

const read = new WeakMap<World, ClusterKeys>();

export function keysOf(world: World, layout: KernelLayout): ClusterKeys {
  let keys = read.get(world);
  if (!keys) read.set(world, (keys = new ClusterKeys(world, layout)));
  return keys;
}

interface Errand {
  readonly member: number;
  readonly node: number;
  readonly untilNs: number;
  /** Where in the member's console its answer begins. */
  readonly from: number;
  isAsked: boolean;
}

/** Somebody who reads what nodes of the core say, and has those join again that say they must. */
export class Person {
  readonly #world: World;
  readonly #layout: KernelLayout;
  /** By machine: what its console had said when it was helped last, or began anew. */
  readonly #read: number[];
  readonly #boots: number[];
  #errand: Errand | null = null;
  #allOutNs = Infinity;

  constructor(world: World, layout: KernelLayout) {
    this.#world = world;
    this.#layout = layout;
    this.#read = world.nodes.map(() => 0);
    this.#boots = world.nodes.map(({ boots }) => boots);
  }

  #isTold(index: number): boolean {
    const { boots } = this.#world.nodes[index]!;
    const { text } = this.#world.lab.nodes[index]!.console;
    if (boots !== this.#boots[index]) this.#read[index] = Math.max(0, text.lastIndexOf("QuRe"));
    this.#boots[index] = boots;
    return keysOf(this.#world, this.#layout).isOut(index) || TOLD.test(text.slice(this.#read[index]));
  }

  /** What it does now. */
  take(): readonly FaultAction[] {
    if (this.#errand) return this.#goOn(this.#errand);
    const world = this.#world;
    const keys = keysOf(world, this.#layout);
    const facts = factsOf(world, this.#layout);
    const here = world.core.filter((index) => facts.of(index).isUp && !facts.of(index).isSilent);
    if (new Set(here.map((index) => keys.of(index))).size === 1 && !here.some((index) => keys.isOut(index))) return [];
    const told = here.filter((index) => this.#isTold(index));
    const member = here.find(
      (index) => facts.of(index).isMember && !keys.isOut(index) && (!told.includes(index) || keys.main.includes(index)),
    );
    if (member === undefined && told.length > 0) {
      this.#allOutNs = Math.min(this.#allOutNs, world.nowNs);
      if (world.nowNs < this.#allOutNs + ALL_OUT_NS) return [];
      this.#allOutNs = Infinity;
      return told.map((node) => ({ word: "reset", node, values: [] }));
    }
    this.#allOutNs = Infinity;
    const node = told.find((index) => member !== undefined && keys.of(index) !== keys.of(member));
    if (node === undefined || !isAtPrompt(world, member!) || !isAtPrompt(world, node)) return [];
    const from = world.lab.nodes[member!]!.console.text.length;
    this.#errand = { member: member!, node, untilNs: world.nowNs + INVITED_NS, from, isAsked: false };
    return [{ word: "type", node: member!, values: ["cloud invite\r"] }];
  }

  #goOn(errand: Errand): readonly FaultAction[] {
    const { member, node, untilNs, from, isAsked } = errand;
    const world = this.#world;
    const { console } = world.lab.nodes[node]!;
    if (world.nowNs > untilNs || (isAsked && isAtPrompt(world, node) && world.nowNs % (100 * MS) === 0)) {
      this.#errand = null;
      if (isAsked) this.#read[node] = console.text.length;
      return [];
    }
    const code = [...world.lab.nodes[member]!.console.text.slice(from).matchAll(CODE_SHOWN)].at(-1)?.[1];
    if (isAsked || code === undefined || !isAtPrompt(world, node)) return [];
    errand.isAsked = true;
    return [{ word: "type", node, values: [`cloud join ${code}\r`] }];
  }
}

function keysGoForward(layout: KernelLayout): Invariant {
  return {
    name: "replaced key",
    kind: "wrong",
    rule: "a node goes back to no key that was replaced while it ran",
    watch: (world) => {
      const keys = keysOf(world, layout);
      const past = world.nodes.map(({ boots }) => ({ boots, now: "", former: new Set<string>() }));
      return {
        // Who joins takes the key of whoever has invited it.
        before: ({ word, node, values }) => {
          if (word === "type" && String(values[0]).startsWith("cloud join")) past[node]!.former.clear();
          // From here on the disk, and what reads it, have another history.
          if (word === "older") Object.assign(past[node]!, { now: "", former: new Set() });
          return null;
        },
        look: () => {
          for (const { index, name, boots } of world.nodes) {
            const key = keys.of(index);
            if (key === null) continue;
            const own = past[index]!;
            if (own.boots !== boots) Object.assign(own, { boots, now: key, former: new Set() });
            if (own.now !== "" && own.now !== key) own.former.add(own.now);
            own.now = key;
            if (own.former.has(key)) return `${name} has a key again that was replaced`;
          }
          return null;
        },
      };
    },
  };
}

function keysAreWrittenFirst(layout: KernelLayout): Invariant {
  return {
    name: "key first",
    kind: "wrong",
    rule: "a new key is on the disk of each node that says that it has it, or uses it",
    watch: (world) => {
      const keys = keysOf(world, layout);
      const facts = factsOf(world, layout);
      /** By node: the last packet in which it says so, and in which boot. */
      const said = world.nodes.map((): { boot: number; packet: Uint8Array } | null => null);
      const due = world.nodes.map((): string | null => null);
      const owes = (node: number): boolean => {
        const { boots, diskHasFailed } = world.nodes[node]!;
        if (!facts.of(node).hasDisk || diskHasFailed) return false;
        const last = said[node]?.boot === boots ? said[node] : null;
        // Whoever was away has it at once: it is on the disks of the others.
        return (last && proves(last.packet, keys.next(node))) || (keys.isGiven(node) && !keys.isGivenLate(node));
      };
      return {
        frame: ({ cable, toSwitch, bytes }) => {
          const packet = toSwitch && world.nodes[cable] ? clusterPacketOf(bytes) : null;
          if (packet?.[KIND] === HAVE && packetHex(packet, SENDER, ID_BYTES) === facts.ids[cable])
            said[cable] = { boot: world.nodes[cable]!.boots, packet };
          return null;
        },
        before: ({ word, node }) => {
          due[node] = word === "cut" && owes(node) ? keys.next(node) : null;
          return null;
        },
        after: ({ word, node }) => {
          const key = due[node] ?? null;
          const { disk } = world.lab.nodes[node]!;
          if (word !== "cut" || key === null || !disk) return null;
          return keysOn(disk).includes(key)
            ? null
            : `${world.nodes[node]!.name} said that it has a key, or used it, which its disk does not have`;
        },
      };
    },
  };
}

function keysAreBounded(layout: KernelLayout): Invariant {
  return {
    name: "keys known",
    kind: "wrong",
    rule: `a node knows at most ${REPLACED} replaced keys, none of them twice`,
    watch: (world) => {
      const keys = keysOf(world, layout);
      const replaced = layout.address("keyring") + NEXT + KEY_BYTES;
      return {
        look: () => {
          for (const node of world.nodes)
            if (keys.of(node.index) !== null && node.made("replaced", replaced, REPLACED * KEY_BYTES, isAnyTwice))
              return `${node.name} has a replaced key twice`;
          return null;
        },
      };
    },
  };
}

/** Rules about keys that hold whatever happens. */
export function keyInvariants(layout: KernelLayout): readonly Invariant[] {
  return [keysGoForward(layout), keysAreWrittenFirst(layout), keysAreBounded(layout)];
}
