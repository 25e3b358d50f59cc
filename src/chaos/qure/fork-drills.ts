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
/** How long a transfer lasts, about, and one with files. */
const TRANSFER_MS = 700;
const FILES_MS = 1_500;
/** Two patiences, and what a repeated segment waits for after a long fault. */
const OVER_MS = 60_000;
/** Silence, the window for joining, an address. */
const MEMBER_MS = 25_000;
const FSCK_MS = 5_000;

const GIVEN_UP = /^For a minute, a member may make this machine its twin/m;
const IS_TWO = /^(?:\S+ is the twin|twins): /m;
const IS_ONE = /; this kernel goes on alone$/m;
const IS_TWIN = /^I am \S+, forked from /m;
const AS_IT_WAS = /^fork: (?:a source has failed: |no member has made )/m;
/** Reasons that have nothing to do with faults. */
const CANNOT = /an open cluster|memory|another revision|another kind of machine|other drives|partitions|volume/;
/** What `fsck /net` says where nothing is wrong, or nothing is there. */
const CLEAN = /^\/net: (?:no problem was found|not mounted)$/m;

/** To one machine; with the files; or as if there were several: pages go in frames that all hear. */
type Transfer = "one" | "files" | "all";

/** A fork with what happens meanwhile. */
class ForkTrial {
  readonly #world: World;
  readonly #layout: KernelLayout;
  readonly #pair: Pair;
  readonly #how: Transfer;
  #wrong: string | null = null;

  constructor(world: World, layout: KernelLayout, now: PairCase, how: Transfer) {
    this.#world = world;
    this.#layout = layout;
    this.#how = how;
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

  /** Whose files are not in order, in a sentence; null: nobody's. */
  #filesWrong(): string | null {
    if (this.#how !== "files") return null;
    const pair = this.#pair;
    for (const node of pair.living) node.type("\rfsck /net\r");
    for (let ms = 0; ms < FSCK_MS; ms += LOOK_MS) {
      if (pair.living.every((node) => pair.says(node, CLEAN))) return null;
      pair.advance(LOOK_MS);
    }
    const bad = pair.living.find((node) => !pair.says(node, CLEAN))!;
    return `the files of ${bad.name} are not in order after a fork: ${pair.fault}`;
  }

  /** What is wrong, in a sentence; null: nothing. */
  judge(): string | null {
    const pair = this.#pair;
    const { source, target, fault } = pair;
    const address = pair.addressOf(target);
    this.#listen();
    target.type(`cloud fork accept${this.#how === "files" ? " --erase" : ""}\r`);
    pair.advance(TYPED_MS);
    if (!pair.says(target, GIVEN_UP))
      return pair.says(target, CANNOT) ? null : `${target.name} does not give itself up by cloud fork accept`;
    source.type(`cloud fork ${this.#how === "all" ? "all" : address}\r`);
    const problem = this.#divide();
    if (problem !== null) return problem;
    if (fault === "nothing" && !pair.says(target, IS_TWIN))
      return pair.says(source, CANNOT) ? null : `${source.name} makes no twin, and nothing hinders it`;
    for (let ms = 0; ms < MEMBER_MS && this.#wrong === null; ms += LOOK_MS) {
      if (pair.living.every((node) => this.#isItself(node))) return this.#filesWrong();
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
      const how = random.below(2) === 1 ? "all" : "one";
      return now && triedAside(world, random, () => new ForkTrial(world, layout, now, how).judge());
    },
  };
}

export function forkFilesDrill(world: World, layout: KernelLayout): Drill {
  return {
    name: "fork with files",
    rule: "a kernel that becomes two with its files keeps them, whatever is cut or dies meanwhile; the other machine has all of them in order, or none that mount",
    begin: (random) => {
      // A disk that fails is no fault of a fork.
      if (!world.core.every((index) => world.hasDisk(index) && !world.nodes[index]!.diskHasFailed)) return null;
      const now = drawPair(world, random, FILES_MS);
      return now && triedAside(world, random, () => new ForkTrial(world, layout, now, "files").judge());
    },
  };
}
