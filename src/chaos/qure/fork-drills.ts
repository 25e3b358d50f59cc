/**
 * What becomes of a kernel that becomes two while a cable is cut, the cluster is parted or a machine dies
 * (docs/protocols/fork.md). It is tried on the side: afterwards the cluster is as it was.
 */
import { formatMac } from "../../../emulator/ether/packet.ts";
import type { LabNode } from "../../lab/cluster.ts";
import type { Drill } from "../drill.ts";
import type { World } from "../world.ts";
import { isItself, wordsOf } from "./clone-drills.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { drawPair, LOOK_MS, Pair, type PairCase } from "./pair.ts";
import { triedAside } from "./staged.ts";

/** What is typed has been read. */
const TYPED_MS = 400;
/** How long a transfer lasts, about. */
const TRANSFER_MS = 700;
/** Two patiences, and what a repeated segment waits for after a long fault. */
const OVER_MS = 60_000;
/** Silence, the window for joining, an address. */
const MEMBER_MS = 25_000;

const GIVEN_UP = /^For a minute, a member may make this machine its twin/m;
const IS_TWO = /^(?:\S+ is the twin|twins): /m;
const IS_ONE = /; this kernel goes on alone$/m;
const IS_TWIN = /^I am \S+, forked from /m;
const AS_IT_WAS = /^fork: (?:a source has failed: |no member has made )/m;
/** Reasons that have nothing to do with faults. */
const CANNOT = /an open cluster|memory|another revision/;

/** A fork with what happens meanwhile. */
class ForkTrial {
  readonly #world: World;
  readonly #layout: KernelLayout;
  readonly #pair: Pair;
  /** Whoever takes it is asked, as if there were several: pages go in frames that all hear. */
  readonly #isForAll: boolean;
  #wrong: string | null = null;

  constructor(world: World, layout: KernelLayout, now: PairCase, isForAll: boolean) {
    this.#world = world;
    this.#layout = layout;
    this.#isForAll = isForAll;
    this.#pair = new Pair(world, layout, now);
  }

  #isItself({ index }: LabNode): boolean {
    return isItself(this.#world, this.#layout, index);
  }

  /** Looks from now on whether the target speaks in the source's name. */
  #listen(): void {
    const { lab } = this.#world;
    const { source, target } = this.#pair;
    const mac = formatMac(lab.cluster.macAddresses[source.index]!);
    const old = [mac, factsOf(this.#world, this.#layout).ids[source.index]!, this.#pair.addressOf(source)];
    lab.cluster.network.onFrame = (link, sender, _sentNs, _arrivalNs, frame) => {
      if (sender !== 0 || link.name !== target.name || source.isOff) return;
      const found = wordsOf(frame).names.find((name) => old.includes(name));
      if (found !== undefined)
        this.#wrong ??= `${target.name}, given up for a fork, says something in the name of ${found}`;
    };
  }

  /** Has both say what became of it, with the fault meanwhile. What is wrong, or null. */
  #divide(): string | null {
    const pair = this.#pair;
    const { source, target, fault } = pair;
    let isAsked = false;
    const isOver = (hasBegun: boolean): boolean => {
      const isAlone = source.isOff || pair.says(source, IS_ONE);
      // Nobody comes any more: a person ends the wait.
      if (!isAsked && !target.isOff && hasBegun && isAlone) {
        isAsked = true;
        target.type("\x03");
      }
      const isSettled = target.isOff || pair.says(target, IS_TWIN) || pair.says(target, AS_IT_WAS);
      return isSettled && (isAlone || pair.says(source, IS_TWO));
    };
    const hasEnded = pair.goOn(OVER_MS, (hasBegun) => isOver(hasBegun) || this.#wrong !== null);
    if (this.#wrong !== null || hasEnded) return this.#wrong;
    return `nothing becomes of a fork of ${source.name} into ${target.name}: ${fault}`;
  }

  /** What is wrong, in a sentence; null: nothing. */
  judge(): string | null {
    const pair = this.#pair;
    const { source, target, fault } = pair;
    const address = pair.addressOf(target);
    this.#listen();
    target.type("cloud fork accept\r");
    pair.advance(TYPED_MS);
    if (!pair.says(target, GIVEN_UP))
      return pair.says(target, CANNOT) ? null : `${target.name} does not give itself up by cloud fork accept`;
    source.type(`cloud fork ${this.#isForAll ? "all" : address}\r`);
    const problem = this.#divide();
    if (problem !== null) return problem;
    if (fault === "nothing" && !pair.says(target, IS_TWIN))
      return pair.says(source, CANNOT) ? null : `${source.name} makes no twin, and nothing hinders it`;
    for (let ms = 0; ms < MEMBER_MS && this.#wrong === null; ms += LOOK_MS) {
      if (pair.living.every((node) => this.#isItself(node))) return null;
      pair.advance(LOOK_MS);
    }
    const late = pair.living.find((node) => !this.#isItself(node)) ?? source;
    return this.#wrong ?? `${late.name} is no member under its own id after a fork: ${fault}`;
  }
}

export function forkDrill(world: World, layout: KernelLayout): Drill {
  return {
    name: "fork",
    rule: "a kernel that becomes two goes on, whatever is cut or dies meanwhile; the other machine is a twin with an id of its own, or as it was",
    begin: (random) => {
      const now = drawPair(world, random, TRANSFER_MS);
      const isForAll = random.below(2) === 1;
      return now && triedAside(world, random, () => new ForkTrial(world, layout, now, isForAll).judge());
    },
  };
}
