/** A neighbour of a cluster that asks now and then whose a service address is, and remembers who answers. */
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ethernetFrame,
  formatMac,
  get16,
  parseArp,
  parseIpv4,
  sameBytes,
} from "../../emulator/ether/packet.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";

/** The address that is asked for, and who asks. */
interface Places {
  readonly service: string;
  readonly client: string;
}

export const SERVICE = "10.0.2.250";
const USUAL: Places = { service: SERVICE, client: "10.0.2.200" };
/** Below the addresses that the gateway leases: for any number of machines. */
export const LOW: Places = { service: "10.0.2.9", client: "10.0.2.8" };
const CLIENT_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0xc8);
const BOTH: readonly ("in" | "out")[] = ["in", "out"];
const REQUEST = 1;
const REPLY = 2;

/** Lets nothing through a node's cable any more, or everything again; the link stays up. */
export function block({ cluster }: LabCluster, { index }: LabNode, blocked: boolean, directions = BOTH): void {
  for (const direction of directions)
    cluster.setTrouble(index, direction, { ...cluster.trouble(index, direction), blocked });
}

/** Asks for the address all the time, and remembers who answers when. */
export class ServiceClient {
  readonly #lab: LabCluster;
  readonly #service: string;
  readonly #askMs: number;
  /** When it asked, and the answers until it asked again. */
  readonly #questions: { readonly atMs: number; answers: number }[] = [];
  readonly #stations = new Set<string>();

  constructor(lab: LabCluster, { service, client }: Places = USUAL, askMs = 5) {
    this.#lab = lab;
    this.#service = service;
    this.#askMs = askMs;
    const plug = lab.plug("client");
    const target = parseIpv4(service);
    plug.answer((frame) => {
      const arp = get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
      if (arp?.operation !== REPLY || !sameBytes(arp.senderIp, target)) return [];
      const last = this.#questions.at(-1);
      if (last) last.answers++;
      this.#stations.add(formatMac(arp.senderMac));
      return [];
    });
    const question = ethernetFrame(
      BROADCAST_MAC,
      CLIENT_MAC,
      ETHERTYPE_ARP,
      arpBytes({
        operation: REQUEST,
        senderMac: CLIENT_MAC,
        senderIp: parseIpv4(client),
        targetMac: new Uint8Array(6),
        targetIp: target,
      }),
    );
    let nextNs = lab.nowNs;
    lab.accompany({
      get nextNs() {
        return nextNs;
      },
      isWanted: () => false,
      tick: () => {
        if (lab.nowNs < nextNs) return;
        nextNs = lab.nowNs + askMs * 1e6;
        this.#questions.push({ atMs: lab.nowNs / 1e6, answers: 0 });
        plug.send(question);
      },
      close: () => {
        nextNs = Infinity;
      },
    });
  }

  /** How many answered a question, of all that were asked from a moment on and had time to be answered. */
  answersPerQuestion(fromMs: number): Set<number> {
    return new Set(
      this.#questions
        .filter(({ atMs }) => atMs >= fromMs)
        .slice(0, -1)
        .map(({ answers }) => answers),
    );
  }

  /** For how long after a moment questions were answered more than once. */
  severalMs(fromMs: number): number {
    const last = this.#questions.findLast(({ atMs, answers }) => atMs >= fromMs && answers > 1);
    return last ? last.atMs - fromMs : 0;
  }

  /** The longest time without an answer, from a moment on. */
  silenceMs(fromMs: number): number {
    let lastMs = fromMs;
    let longest = 0;
    for (const { atMs, answers } of this.#questions.filter((question) => question.atMs >= fromMs).slice(0, -1)) {
      if (answers === 0) continue;
      longest = Math.max(longest, atMs - lastMs);
      lastMs = atMs;
    }
    return Math.max(longest, this.#lab.nowNs / 1e6 - lastMs - 2 * this.#askMs);
  }

  /** The MAC addresses that answers named. */
  stations(): Set<string> {
    return this.#stations;
  }

  /** The nodes whose consoles say that they hold the address. */
  holders(): LabNode[] {
    const address = this.#service.replaceAll(".", "\\.");
    const says = new RegExp(`(?:QuRe firmware|^cluster: ${address} is (?:here now|given up)$)`, "gm");
    return this.#lab.nodes.filter((node) => !node.isOff && node.console.text.match(says)?.at(-1)?.endsWith("here now"));
  }

  /** The one of them. */
  holder(): LabNode {
    const [holder, ...others] = this.holders();
    if (holder && others.length === 0) return holder;
    throw new Error(`${this.holders().length} nodes hold the address`);
  }
}
