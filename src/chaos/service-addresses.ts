/**
 * Who holds which address, as the network hears it: machines that announce or answer for an address which is not their
 * own. Nothing but ARP frames is asked.
 */
import { factsOf } from "./cluster-facts.ts";
import type { Invariant } from "./invariant.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import type { WireFrame, World } from "./world.ts";

/** What the machines of a campaign share. */
export const SERVICE_OF_CAMPAIGNS = "10.0.2.9";

const ETHERTYPE = 12;
const SENDER_ADDRESS = 28;
const ARP_BYTES = 42;
/** Machines with which nothing is wrong for so long have found out who holds an address, */
const AGREED_NS = 1e9;
/** and then no second one answers within this time of the first. */
const BOTH_NS = 100e6;

interface Claim {
  readonly node: number;
  readonly atNs: number;
}

class ServiceAddresses {
  readonly #world: World;
  readonly #layout: KernelLayout;
  /** By address: who claimed it last, and who before that. */
  readonly #claims = new Map<number, { last: Claim; other: Claim | null }>();
  /** How often an address went to another machine. */
  moves = 0;

  constructor(world: World, layout: KernelLayout) {
    this.#world = world;
    this.#layout = layout;
  }

  frame({ cable, toSwitch, sentNs, bytes }: WireFrame): void {
    if (!toSwitch || bytes.length < ARP_BYTES || bytes[ETHERTYPE] !== 8 || bytes[ETHERTYPE + 1] !== 6) return;
    if (cable < 0 || cable >= this.#world.nodes.length) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const address = view.getUint32(SENDER_ADDRESS, true);
    // While a frame is sent the machines are between two instructions: what they hold is as it was at the last look.
    const own = factsOf(this.#world, this.#layout).of(cable).address;
    if (address === 0 || own === 0 || address === own) return;
    const claim = { node: cable, atNs: sentNs };
    const known = this.#claims.get(address);
    if (known && known.last.node !== cable) this.moves++;
    this.#claims.set(address, {
      last: claim,
      other: known && known.last.node !== cable ? known.last : (known?.other ?? null),
    });
  }

  holder(): number | null {
    const [first] = this.#claims.values();
    return first?.last.node ?? null;
  }

  /** Two machines that were both well answered for one address. */
  conflict(): string | null {
    const world = this.#world;
    for (const [address, { last, other }] of this.#claims) {
      if (!other || last.atNs - other.atNs > BOTH_NS) continue;
      // One that stood still is judged too: it has to ask before it answers.
      if ([last, other].some(({ node, atNs }) => atNs - world.nodes[node]!.hearsSinceNs < AGREED_NS)) continue;
      const text = [0, 8, 16, 24].map((shift) => (address >>> shift) & 0xff).join(".");
      const [a, b] = [other, last].map(({ node }) => world.nodes[node]!.name);
      return `${a} and ${b} both answer for ${text} within ${(last.atNs - other.atNs) / 1e6} ms`;
    }
    return null;
  }
}

/** Which machines hold an address, as their memory says. */
export function holdersOf(world: World, layout: KernelLayout): number[] {
  const at = layout.address("services");
  const [count, size, record] = ["SERVICES", "SERVICE_SIZE", "SERVICE_RECORD"].map((name) => layout.constant(name));
  return world.nodes.flatMap(({ index, memory }) => {
    const words = world.isOn(index) ? memory.words(at, (count! * size!) >>> 2) : null;
    const holds = words?.some((word, place) => place % (size! >>> 2) === record! >>> 2 && word !== 0) ?? false;
    return holds ? [index] : [];
  });
}

const found = new WeakMap<World, ServiceAddresses>();

export function addressesOf(world: World, layout: KernelLayout): ServiceAddresses {
  let addresses = found.get(world);
  if (!addresses) found.set(world, (addresses = new ServiceAddresses(world, layout)));
  return addresses;
}

export function oneHolder(layout: KernelLayout): Invariant {
  return {
    name: "one holder",
    kind: "wrong",
    rule: "of machines with which nothing is wrong one answers for a service address, but for a moment after they meet",
    watch: (world) => {
      const addresses = addressesOf(world, layout);
      return {
        frame: (frame) => {
          addresses.frame(frame);
          return addresses.conflict();
        },
      };
    },
  };
}
