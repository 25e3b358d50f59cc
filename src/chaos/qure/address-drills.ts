/**
 * What becomes of the addresses that a cluster shares, as somebody sees it who asks for them by ARP all the time; and
 * what comes of it when people move, add and remove them.
 */
import { parseIpv4 } from "../../../emulator/ether/packet.ts";
import type { FaultAction } from "../../lab/fault-kinds.ts";
import { type Drill, Once } from "../drill.ts";
import type { World } from "../world.ts";
import { addressText, factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { addressesOf, holdersOf, notHeld } from "./service-addresses.ts";
import type { Stranger } from "./stranger.ts";
import { canAgree } from "./values.ts";

const MS = 1e6;
/** An address that is handed over is answered for again: a word, and what its taker does with it. */
export const HANDED_NS = 50 * MS;
/** What is typed has happened: a shell may wait for a majority. */
const TYPED_NS = 8000 * MS;
/** A move that was asked for. */
const MOVED_NS = 1500 * MS;
/** Whoever gave an address up has nothing on its way any more. */
const GONE_NS = 100 * MS;
const ADDED = "10.0.2.11";

/** Asks for addresses all the time, and notices when nobody answers. */
export class Asker {
  readonly #world: World;
  readonly #layout: KernelLayout;
  readonly #stranger: Stranger;
  readonly #addresses: readonly string[];
  readonly #sinceNs: number;

  constructor(world: World, layout: KernelLayout, stranger: Stranger) {
    this.#world = world;
    this.#layout = layout;
    this.#stranger = stranger;
    this.#addresses = [...holdersOf(world, layout).keys()];
    this.#sinceNs = world.nowNs;
  }

  /** To be called at each look. */
  ask(): void {
    for (const address of this.#addresses) this.#stranger.ask(parseIpv4(address));
  }

  /** Which address was asked for in vain for longer than it may be. */
  unanswered(mostNs: number): string | null {
    const { nowNs, lookNs } = this.#world;
    for (const address of this.#addresses) {
      const lastNs = addressesOf(this.#world, this.#layout).lastOf(address)?.atNs ?? 0;
      const silentNs = nowNs - Math.max(this.#sinceNs, lastNs);
      if (silentNs > mostNs + 2 * lookNs) return `nobody has answered for ${address} for ${silentNs / MS} ms`;
    }
    return null;
  }
}

export function addressDrills(world: World, layout: KernelLayout, stranger: Stranger): readonly Drill[] {
  const facts = factsOf(world, layout);
  const type = (node: number, text: string): FaultAction => ({ word: "type", node, values: [`${text}\r`] });
  const moved: Drill = {
    name: "address moved",
    rule: "an address that somebody moves is where it should be, and is answered for all the time",
    begin: (random) => {
      if (world.core.length < 2) return null;
      const [address, [holder] = []] = random.pickAny([...holdersOf(world, layout)]) ?? [];
      if (address === undefined) return null;
      const target = random.pick(world.core.filter((index) => index !== holder));
      const { address: own } = facts.of(target);
      const name = addressText(own);
      // Others know a node by its address.
      const typist = random.pick(world.core.filter((index) => index !== target));
      const typed = new Once(type(typist, `cloud address move ${address} ${name}`));
      const asked = new Asker(world, layout, stranger);
      return {
        lastsNs: TYPED_NS + MOVED_NS,
        step: () => {
          asked.ask();
          return typed.take();
        },
        wrong: () => asked.unanswered(HANDED_NS),
        missing: () => {
          const [now] = holdersOf(world, layout).get(address) ?? [];
          return now === target ? null : `${world.nodes[target]!.name} does not hold ${address}`;
        },
      };
    },
  };
  const comes: Drill = {
    name: "address comes and goes",
    rule: "an address that somebody adds is held by one, and by nobody when it is removed",
    begin: (random) => {
      if (!canAgree(world, layout)) return null;
      const add = new Once(type(random.pick(world.core), `cloud address add ${ADDED}`));
      const remove = new Once(type(random.pick(world.core), `cloud address remove ${ADDED}`));
      let goneNs = Infinity;
      const isHeld = (): boolean => holdersOf(world, layout).get(ADDED)?.length === 1;
      const isKnown = (): boolean => holdersOf(world, layout).has(ADDED);
      return {
        lastsNs: 2 * TYPED_NS + GONE_NS,
        step: () => {
          stranger.ask(parseIpv4(ADDED));
          if (remove.isDone && !isKnown()) goneNs = Math.min(goneNs, world.nowNs);
          return isHeld() && notHeld(world, layout, world.living) === null ? remove.take() : add.take();
        },
        wrong: () => {
          const last = addressesOf(world, layout).lastOf(ADDED);
          return last && last.atNs > goneNs + world.lookNs
            ? `${world.nodes[last.node]!.name} answers for ${ADDED}, which was removed`
            : null;
        },
        missing: () => {
          if (!remove.isDone) return `${ADDED} is not held by one node`;
          return world.nowNs > goneNs + GONE_NS ? null : `${ADDED} is still one of the cluster's`;
        },
      };
    },
  };
  return [moved, comes];
}
