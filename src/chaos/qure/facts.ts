/**
 * What QuRe's nodes hold of their cluster, read from their memory by the names in their kernel. What they print is not
 * asked.
 */
import { nodeId } from "../../wire/cluster.ts";
import { ID_BYTES } from "../../wire/cluster-layout.ts";
import { packetHex } from "../../wire/hex.ts";
import type { World, WorldNode } from "../world.ts";
import type { KernelLayout } from "./kernel-layout.ts";

export interface NodeFacts {
  /** Its kernel is up and has read what its disk remembers. */
  readonly isUp: boolean;
  readonly isMember: boolean;
  /** It was told to leave. */
  readonly isSilent: boolean;
  readonly hasDisk: boolean;
  /** Its era was founded by it alone: it may not be one. */
  readonly isAlone: boolean;
  readonly coordinates: boolean;
  /** Id of the one that it takes for the coordinator. */
  readonly coordinator: string;
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly founder: string;
  readonly era: number;
  readonly age: number;
  /** What the machine is called. */
  readonly name: string;
  /** IPv4, as its four bytes are in memory; 0: none yet. */
  readonly address: number;
  /** How many others it takes for alive. */
  readonly others: number;
}

const DOWN: NodeFacts = {
  isUp: false,
  isMember: false,
  isSilent: false,
  hasDisk: false,
  isAlone: false,
  coordinates: false,
  coordinator: "",
  id: "",
  founder: "",
  era: 0,
  age: 0,
  name: "",
  address: 0,
  others: 0,
};

/** A table of peers that goes round in a circle ends here. */
const MOST_PEERS = 2000;

class ClusterFacts {
  readonly ids: readonly string[];
  readonly #world: World;
  readonly #at: Readonly<Record<(typeof VARIABLES)[number], number>>;
  readonly #of: Readonly<Record<(typeof FIELDS)[number], number>>;
  #facts: readonly NodeFacts[] = [];
  readonly #tables = new Map<number, ReadonlyMap<string, PeerFacts> | null>();
  /** By machine: its table as it was read last. */
  readonly #lastTables: { readonly peers: readonly Peer[]; readonly map: ReadonlyMap<string, PeerFacts> }[] = [];
  #readNs = -1;
  /** Machines that become twins. */
  readonly #becoming = new Set<number>();
  readonly #indices: ReadonlyMap<string, number>;

  /** Throws a RangeError when the kernel has no such names. */
  constructor(world: World, layout: KernelLayout) {
    this.#world = world;
    const collect = <Name extends string>(names: readonly Name[], value: (name: Name) => number) =>
      Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, number>;
    this.#at = collect(VARIABLES, (name) => layout.address(name));
    this.#of = collect(FIELDS, (name) => layout.constant(name));
    this.ids = world.lab.cluster.macAddresses.map(nodeId);
    this.#indices = new Map(this.ids.map((id, index) => [id, index]));
  }

  /** All machines as they are now. */
  get all(): readonly NodeFacts[] {
    this.#forgetPast();
    return this.#facts;
  }

  #forgetPast(): void {
    if (this.#readNs === this.#world.nowNs) return;
    this.#readNs = this.#world.nowNs;
    this.#tables.clear();
    this.#facts = this.#world.nodes.map((node) => node.once("facts", () => this.#read(node)));
  }

  of(index: number): NodeFacts {
    return this.all[index]!;
  }

  /** The machine with this id; undefined for a stranger's. */
  indexOf(id: string): number | undefined {
    return this.#indices.get(id);
  }

  #read(node: WorldNode): NodeFacts {
    if (!this.#world.isOn(node.index)) return DOWN;
    const { memory } = node;
    const at = this.#at;
    const of = this.#of;
    const state = memory.word(at.cluster_state) ?? 0;
    const own = node.made("node", at.node, of.NODE_SIZE, (bytes) => this.#identity(bytes));
    const id = own?.id ?? null;
    if (this.#becomesAnother(node, id) || this.#hasMoved(node, id)) {
      // What it is meanwhile it says to nobody.
      if (!this.#becoming.has(node.index)) this.#world.booted(node.index);
      this.#becoming.add(node.index);
      return DOWN;
    }
    this.#becoming.delete(node.index);
    const netif = memory.word(at.cluster_netif) ?? 0;
    const address = netif === 0 ? 0 : (memory.word(netif + of.NETIF_ADDRESS) ?? 0);
    if (own === null || id === null) return DOWN;
    const { magic, founder, era, age } = own;
    if (magic !== of.NODE_MAGIC_VALUE || age === 0 || state > of.STATE_MEMBER) return DOWN;
    return {
      // While it waits for an address it may still be reading its disk.
      isUp: state >= of.STATE_JOINING,
      isMember: state === of.STATE_MEMBER,
      isSilent: memory.word(at.cluster_pings) === 0,
      hasDisk: memory.word(at.node_mount) !== 0,
      isAlone: memory.word(at.node_alone) !== 0,
      coordinates: memory.word(at.coordinator_self) !== 0,
      coordinator: node.made("coordinator", at.coordinator_id, ID_BYTES, idOf) ?? idOf(new Uint8Array(ID_BYTES)),
      id,
      founder,
      era,
      age,
      name: node.made("hostname", at.hostname, NAME_BYTES, textOf) ?? "",
      address,
      others: memory.word(at.peer_alive) ?? 0,
    };
  }

  #identity(own: Uint8Array): { id: string; magic: number; founder: string; era: number; age: number } {
    const of = this.#of;
    const view = new DataView(own.buffer, own.byteOffset);
    return {
      id: packetHex(own, of.NODE_ID, ID_BYTES),
      magic: view.getUint32(0, true),
      founder: packetHex(own, of.NODE_FOUNDER, 8),
      era: view.getUint32(of.NODE_ERA, true),
      age: view.getUint32(of.NODE_AGE, true),
    };
  }

  /**
   * Its memory is put into place as another machine's twin, or was, and it has not taken its own identity back
   * (docs/protocols/fork.md).
   */
  #becomesAnother({ memory, index }: WorldNode, id: string | null): boolean {
    const at = this.#at;
    const { address, takesInterrupts } = memory.place;
    if (!takesInterrupts && address >= at.land && address < at.own_keep) return true;
    if (id === this.ids[index]) return false;
    return !takesInterrupts || memory.word(at.generation_known) !== memory.word(at.generation_count);
  }

  /** What it takes part in of a move: MOVE_*. */
  moveState(index: number): number {
    return this.#world.isOn(index) ? (this.#world.nodes[index]!.memory.word(this.#at.move_state) ?? 0) : 0;
  }

  /** Its kernel stands still for its move, or has moved, or is not yet told that it has. */
  isMoving(index: number): boolean {
    const { MOVE_STILL, MOVE_GONE, MOVE_HEARD, MOVE_READY, MOVE_VOID } = this.#of;
    return [MOVE_STILL, MOVE_GONE, MOVE_HEARD, MOVE_READY, MOVE_VOID].includes(this.moveState(index));
  }

  /** It is a member that has given up its address, which another machine has, and says nothing until it has one. */
  isMute(index: number): boolean {
    const { isMember, address } = this.of(index);
    return isMember && address === 0;
  }

  /** Another machine has its address, or it has given that up for such a reason: not all that it is sent comes. */
  sharesAddress(index: number): boolean {
    const { isUp, address } = this.of(index);
    return isUp && (address === 0 || this.all.some((other, at) => at !== index && other.address === address));
  }

  /** Its kernel is at another machine, or came from one and has not taken this machine's identity yet. */
  #hasMoved({ index }: WorldNode, id: string | null): boolean {
    const { MOVE_GONE, MOVE_HEARD, MOVE_READY, MOVE_LIVES, MOVE_VOID } = this.#of;
    const state = this.moveState(index);
    if (state === MOVE_GONE || state === MOVE_HEARD) return true;
    return id !== this.ids[index] && [MOVE_READY, MOVE_LIVES, MOVE_VOID].includes(state);
  }

  /** Whom a node's table has, by their ids. Null when the table is not whole. */
  peers(index: number): ReadonlyMap<string, PeerFacts> | null {
    this.#forgetPast();
    const known = this.#tables.get(index);
    if (known !== undefined) return known;
    const table = this.#world.nodes[index]!.once("peers", () => this.#readPeers(index));
    this.#tables.set(index, table);
    return table;
  }

  #readPeers(index: number): ReadonlyMap<string, PeerFacts> | null {
    const node = this.#world.nodes[index]!;
    const { PEER_SIZE } = this.#of;
    const found: Peer[] = [];
    let peer = node.memory.word(this.#at.peer_first);
    while (peer !== null && peer !== 0 && found.length < MOST_PEERS) {
      const one = node.made(peer, peer, PEER_SIZE, (bytes) => this.#peer(bytes));
      if (!one) return null;
      found.push(one);
      peer = one.next;
    }
    if (peer !== 0) return null;
    // The same map for the same peers: who has judged it knows it again.
    const before = this.#lastTables[index];
    if (before?.peers.length === found.length && found.every((one, at) => one === before.peers[at])) return before.map;
    const map = new Map(found.map(({ id, facts }) => [id, facts]));
    this.#lastTables[index] = { peers: found, map };
    return map;
  }

  #peer(bytes: Uint8Array): Peer {
    const of = this.#of;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return {
      id: packetHex(bytes, of.PEER_ID, 8),
      facts: {
        isAlive: view.getUint32(of.PEER_ALIVE, true) !== 0,
        age: view.getUint32(of.PEER_AGE, true),
        isViewed: view.getUint32(of.PEER_VIEWED, true) !== 0,
        digest: view.getUint32(of.PEER_DIGEST, true),
        session: packetHex(bytes, of.PEER_SESSION, ID_BYTES),
      },
      next: view.getUint32(of.PEER_NEXT, true),
    };
  }
}

/** An entry of a node's table, and the address of the next one. */
interface Peer {
  readonly id: string;
  readonly facts: PeerFacts;
  readonly next: number;
}

/** HOSTNAME_SIZE. */
const NAME_BYTES = 16;
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes).replace(/\0.*/s, "");
const idOf = (bytes: Uint8Array): string => packetHex(bytes, 0, ID_BYTES);

export interface PeerFacts {
  readonly isAlive: boolean;
  readonly age: number;
  /** The coordinator vouches for it. */
  readonly isViewed: boolean;
  /** Of its entry. */
  readonly digest: number;
  /** Of its boot that is believed. */
  readonly session: string;
}

/** An address as a kernel has it in memory, in dots. */
export const addressText = (address: number): string =>
  [0, 8, 16, 24].map((shift) => (address >>> shift) & 0xff).join(".");

const VARIABLES = [
  "cluster_state",
  "cluster_pings",
  "cluster_netif",
  "coordinator_id",
  "coordinator_self",
  "node",
  "node_mount",
  "node_alone",
  "peer_first",
  "peer_alive",
  "generation_known",
  "generation_count",
  "land",
  "own_keep",
  "move_state",
  "hostname",
] as const;

const FIELDS = [
  "NODE_SIZE",
  "NODE_MAGIC_VALUE",
  "NODE_ID",
  "NODE_ERA",
  "NODE_AGE",
  "NODE_FOUNDER",
  "NETIF_ADDRESS",
  "PEER_SIZE",
  "PEER_NEXT",
  "PEER_ID",
  "PEER_AGE",
  "PEER_ALIVE",
  "PEER_VIEWED",
  "PEER_DIGEST",
  "PEER_SESSION",
  "STATE_JOINING",
  "STATE_MEMBER",
  "MOVE_STILL",
  "MOVE_GONE",
  "MOVE_HEARD",
  "MOVE_READY",
  "MOVE_LIVES",
  "MOVE_VOID",
] as const;

const read = new WeakMap<World, ClusterFacts>();

/** The facts of a run, read once for all invariants. */
export function factsOf(world: World, layout: KernelLayout): ClusterFacts {
  let facts = read.get(world);
  if (!facts) read.set(world, (facts = new ClusterFacts(world, layout)));
  return facts;
}
