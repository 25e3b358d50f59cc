/**
 * What becomes of clones: machines that go on from the memory of one that runs, beside it (asm/net/renew.s). They must
 * be others before they say anything. It is tried on the side: afterwards the cluster is as it was.
 */
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  formatIpv4,
  formatMac,
  get16,
  parseArp,
  parseIpv4Packet,
  parseUdp,
} from "../../../emulator/ether/packet.ts";
import { keyOf } from "../../lab/cluster-key.ts";
import type { FaultAction } from "../../lab/fault-kinds.ts";
import { readClusterPacket } from "../../wire/cluster.ts";
import { ID_BYTES } from "../../wire/cluster-layout.ts";
import { packetHex } from "../../wire/hex.ts";
import type { Drill } from "../drill.ts";
import type { World } from "../world.ts";
import { aside } from "./aside.ts";
import { addressText, factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { isAtPrompt } from "./keys.ts";
import { staged } from "./staged.ts";

const MS = 1e6;
/** Its pause, the address, the service's second, and the window for joining, with what a new address may wait for. */
const JOINED_MS = 9000;
const LOOK_MS = 250;
const DHCP_CLIENT = 68;
const XID_AT = 4;
const CLIENT_MAC_AT = 28;
const OPTIONS_AT = 240;
const WANTED_ADDRESS = 50;
const END = 255;

interface Words {
  /** MAC and IP addresses, and node ids, that the frame calls its sender's. */
  readonly names: readonly string[];
  readonly xid: number | null;
}

/** The address that a client of DHCP asks for. */
function wantedOf(message: Uint8Array): string[] {
  for (let at = OPTIONS_AT; at + 6 <= message.length && message[at] !== END; at += 2 + message[at + 1]!)
    if (message[at] === WANTED_ADDRESS) return [formatIpv4(message.slice(at + 2, at + 6))];
  return [];
}

/** What a frame says of who sends it. */
export function wordsOf(frame: Uint8Array): Words {
  const names = [formatMac(frame.slice(6, 12))];
  const type = get16(frame, 12);
  const arp = type === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
  if (arp) names.push(formatMac(arp.senderMac), formatIpv4(arp.senderIp));
  const packet = type === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null;
  if (!packet) return { names, xid: null };
  names.push(formatIpv4(packet.source));
  const cloud = readClusterPacket(frame);
  if (cloud) names.push(cloud.id);
  const datagram = parseUdp(packet);
  if (datagram?.sourcePort !== DHCP_CLIENT) return { names, xid: null };
  const { data } = datagram;
  names.push(formatMac(data.slice(CLIENT_MAC_AT, CLIENT_MAC_AT + 6)), ...wantedOf(data));
  return { names, xid: get16(data, XID_AT) * 0x10000 + get16(data, XID_AT + 2) };
}

/** Whether a machine is a member, by the id that is its own. */
export function isItself(world: World, layout: KernelLayout, index: number): boolean {
  const { memory } = world.nodes[index]!;
  const id = memory.bytes(layout.address("node") + layout.constant("NODE_ID"), ID_BYTES);
  const isMember = memory.word(layout.address("cluster_state")) === layout.constant("STATE_MEMBER");
  return isMember && id !== null && packetHex(id, 0, ID_BYTES) === factsOf(world, layout).ids[index];
}

/** Whether a machine was given a key by a file of settings. */
export function isKeyed({ lab }: World, index: number): boolean {
  return keyOf(lab.cluster.config.nodes[index]?.parts?.settings).key !== undefined;
}

export function cloneDrill(world: World, layout: KernelLayout): Drill {
  const { lab } = world;
  const facts = factsOf(world, layout);
  const { ids } = facts;
  const isSelf = (index: number): boolean => isItself(world, layout, index);
  const nameOf = (index: number): string => world.nodes[index]!.name;

  /** What they do wrong, in a sentence; null: nothing. */
  const judged = (origin: number, twins: readonly number[]): string | null => {
    const { address } = facts.of(origin);
    const old = [formatMac(lab.cluster.macAddresses[origin]!), ids[origin]!, addressText(address)];
    const xids = new Map<number, number>();
    let wrong: string | null = null;
    lab.cluster.network.onFrame = (link, sender, _sentNs, _arrivalNs, frame) => {
      const by = sender === 0 ? lab.nodes.findIndex(({ name }) => name === link.name) : -1;
      if (!twins.includes(by)) return;
      const { names, xid } = wordsOf(frame);
      const found = names.find((name) => old.includes(name));
      if (found !== undefined) wrong ??= `${nameOf(by)}, a clone, says something in the name of ${found}`;
      if (xid === null) return;
      const [other] = [...xids].find(([index, known]) => index !== by && known === xid) ?? [];
      if (other !== undefined) wrong ??= `${nameOf(by)} and ${nameOf(other)}, clones, ask for an address by one number`;
      xids.set(by, xid);
    };
    twins.forEach((twin, number) => void lab.nodes[origin]!.cloneInto(lab.nodes[twin]!, number + 1));
    for (let ms = 0; ms < JOINED_MS; ms += LOOK_MS) {
      lab.cluster.runUntil(lab.nowNs + LOOK_MS * MS);
      if (wrong !== null || (ms > LOOK_MS && twins.every(isSelf))) return wrong;
    }
    const late = twins.find((twin) => !isSelf(twin))!;
    return `${nameOf(late)}, a clone of ${nameOf(origin)}, is no member under its own id after ${JOINED_MS} ms`;
  };

  const tried = (origin: number, twins: readonly number[]): string | null =>
    aside(lab, () => {
      for (const twin of twins) {
        if (!lab.nodes[twin]!.isOff) lab.nodes[twin]!.powerOff();
        // Nobody has mended those that need not live on.
        lab.cluster.setCable(twin, true);
      }
      return judged(origin, twins);
    });

  return {
    name: "clones",
    rule: "machines that go on from the memory of one that runs are others before they say anything, and members in the end",
    begin: (random) => {
      const origin = random.pick(world.core);
      // Without a file of settings nobody tells a machine that it is a copy.
      const others = world.nodes
        .map(({ index }) => index)
        .filter((index) => index !== origin && isKeyed(world, index) && world.hasDisk(index) === world.hasDisk(origin));
      if (!isKeyed(world, origin) || others.length < 2) return null;
      // Nobody is let in while a key is being replaced, which two that do it at once end after ten seconds.
      if (!world.core.every((index) => isAtPrompt(world, index))) return null;
      const first = random.pick(others);
      const twins = [first, random.pick(others.filter((index) => index !== first))];
      let problem: string | null = null;
      const look = (): readonly FaultAction[] => {
        problem = tried(origin, twins);
        return [];
      };
      return staged(world, [
        { withinNs: random.below(1000) * MS },
        { withinNs: world.lookNs, begin: look, wrong: () => problem },
      ]);
    },
  };
}
