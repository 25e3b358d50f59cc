/** A cluster with an observer on its switch, and what the nodes hold of each other, read from their memory. */
import {
  ETHERTYPE_IPV4,
  ethernetFrame,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseIpv4Packet,
  udpBytes,
} from "../../emulator/ether/packet.ts";
import { KERNEL_SPACE } from "../../src/build/build.ts";
import { type Member, Observer, type ObserverOptions } from "../../src/cloud/observer.ts";
import type { LabCluster, LabNode, LabPlug } from "../../src/index.ts";
import { CLUSTER_PORT, nodeId } from "../../src/wire/cluster.ts";
import { MEMBER } from "../../src/wire/cluster-layout.ts";
import { packetHex } from "../../src/wire/hex.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";

export const MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x99);
export const ADDRESS = "10.0.2.99";
const STEP_MS = 10;
const NETIF_ADDRESS = 24;
/**
 * Changes are told within 80 ms; a coordinator that is not believed yet is asked within 250, and answers within 100.
 */
const TELLS_MS = 450;

/** Offsets in a peer: asm/include/cluster.inc. */
const PEER = {
  next: 0,
  id: 8,
  age: 16,
  address: 28,
  name: 32,
  session: 64,
  alive: 88,
  viewed: 96,
  bytes: 100,
} as const;
const NODE = { id: 8, era: 16, age: 20, founder: 28, bytes: 68 } as const;

/** Of a node in another's view, or of itself: what both sides know. */
export type Known = readonly [id: string, name: string, address: string, age: number, era: number, session: string];

const knownOf = ({ id, name, address, age, era, session }: Member): Known => [id, name, address, age, era, session];
const idOf = (lab: LabCluster, node: LabNode): string => nodeId(lab.cluster.macAddresses[node.index]!);
const text = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString("latin1");

/**
 * The living members as one of them has them, itself included, in the order of their ids; null: it is none, or silent.
 */
export function viewOf(node: LabNode): readonly Known[] | null {
  const at = (name: string, bytes: number): Uint8Array => node.readMemory(addressOf(name), bytes);
  const word = (bytes: Uint8Array, offset = 0): number =>
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);
  if (word(at("cluster_state", 4)) !== MEMBER || word(at("cluster_pings", 4)) === 0) return null;
  const own = at("node", NODE.bytes);
  const era = word(own, NODE.era);
  const known: Known[] = [];
  const add = (id: Uint8Array, name: Uint8Array, address: string, age: number, session: Uint8Array): void =>
    void known.push([packetHex(id, 0, 8), text(name), address, age, era, packetHex(session, 0, 8)]);
  const card = word(at("cluster_netif", 4)) - KERNEL_SPACE;
  const address = node.readMemory(card + NETIF_ADDRESS, 4).join(".");
  add(own.subarray(NODE.id), at("hostname", 64), address, word(own, NODE.age), at("trust_session", 8));
  for (let next = word(at("peer_first", 4)); next !== 0; ) {
    const peer = node.readMemory(next - KERNEL_SPACE, PEER.bytes);
    const where = peer.subarray(PEER.address, PEER.address + 4).join(".");
    if (word(peer, PEER.viewed) !== 0)
      add(
        peer.subarray(PEER.id),
        peer.subarray(PEER.name, PEER.session),
        where,
        word(peer, PEER.age),
        peer.subarray(PEER.session),
      );
    next = word(peer, PEER.next);
  }
  return known.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What an observer can hear: all that passes the switch, or what comes out of it at a socket of its own. */
export type Place = "switch" | "socket";

export class Watched {
  readonly lab: LabCluster;
  readonly observer: Observer;
  readonly plug: LabPlug;
  /** What it said. */
  readonly said: Uint8Array[] = [];
  /** What it heard. */
  readonly heard: Uint8Array[] = [];
  #isAsleep = false;
  readonly #outbox: Uint8Array[] = [];

  constructor(lab: LabCluster, place: Place, key: Pick<ObserverOptions, "key" | "name"> = {}) {
    this.lab = lab;
    this.plug = lab.plug("observer");
    const { network } = lab.cluster;
    let nowNs = lab.nowNs;
    this.observer = new Observer({
      ...key,
      session: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      station: { mac: MAC, address: ADDRESS },
      send: (frame) => {
        this.said.push(frame);
        this.#outbox.push(frame);
      },
      now: () => Math.max(nowNs, lab.nowNs) / 1e6,
    });
    const take = (frame: Uint8Array, timeNs: number): void => {
      if (this.#isAsleep) return;
      nowNs = timeNs;
      this.heard.push(frame.slice());
      this.observer.receive(frame);
    };
    if (place === "socket")
      this.plug.answer((frame, timeNs) => {
        take(frame, timeNs);
        return this.#outbox.splice(0);
      });
    else
      network.onFrame = (_link, sender, sentNs, arrivalNs, frame) => {
        if (sender === 0 && arrivalNs !== null) take(frame, sentNs);
      };
  }

  /** The observer's host does not run: nothing that comes meanwhile is heard. */
  sleep(): void {
    this.#isAsleep = true;
  }

  wake(): void {
    this.#isAsleep = false;
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await this.lab.advance(`${STEP_MS}ms`);
      if (!this.#isAsleep) this.observer.tick();
      for (const frame of this.#outbox.splice(0)) this.plug.send(frame);
    }
  }

  /**
   * How the observer's lists differ from those of living members that speak, and agree with their coordinator: a line
   * each.
   */
  differences(nodes: readonly LabNode[] = this.lab.nodes): string[] {
    const lists = new Map<string, { readonly view: string; readonly coordinator: string }>();
    for (const node of nodes.filter(({ isOff }) => !isOff)) {
      const view = viewOf(node);
      const coordinator = packetHex(node.readMemory(addressOf("coordinator_id"), 8), 0, 8);
      if (view) lists.set(idOf(this.lab, node), { view: view.map((one) => one.join(" ")).join(", "), coordinator });
    }
    return [...lists].flatMap(([id, { view, coordinator }]) => {
      if (lists.get(coordinator)?.view !== view) return [];
      const part = this.observer.parts.find((one) => one.coordinator === coordinator);
      const ours = (part?.members ?? []).map((member) => knownOf(member).join(" ")).join(", ");
      return ours === view && part?.isWhole ? [] : [`${id} by ${coordinator}: ${view}\n  observer: ${ours}`];
    });
  }

  /** Waits until there are none, for as long as a coordinator takes to tell. */
  async settle(nodes?: readonly LabNode[]): Promise<string[]> {
    for (let waitedMs = 0; waitedMs < TELLS_MS && this.differences(nodes).length > 0; waitedMs += STEP_MS)
      await this.advance(STEP_MS);
    return this.differences(nodes);
  }
}

/** Name and key of a line (src/lab/cluster-key.ts), as an observer is given them. */
export function keyOfLine(line: string): { key: Uint8Array; name: string } {
  const [name, digits] = line.trim().split(" ") as [string, string];
  return { name, key: new Uint8Array(Buffer.from(digits, "hex")) };
}

/** A frame with another packet of the cluster in place of its own, and lengths and checksums that fit. */
export function frameWith(frame: Uint8Array, data: Uint8Array): Uint8Array {
  const { source, destination } = parseIpv4Packet(frame.subarray(14))!;
  const ports = { sourcePort: CLUSTER_PORT, destinationPort: CLUSTER_PORT };
  const payload = udpBytes(source, destination, { ...ports, data });
  const packet = ipv4Bytes({ source, destination, protocol: PROTOCOL_UDP, payload }, 1);
  return ethernetFrame(frame.slice(0, 6), frame.slice(6, 12), ETHERTYPE_IPV4, packet);
}
