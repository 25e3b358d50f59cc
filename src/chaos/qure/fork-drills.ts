/**
 * What becomes of a kernel that becomes two while a cable is cut, the cluster is parted or a machine dies
 * (docs/protocols/fork.md). It is tried on the side: afterwards the cluster is as it was.
 */
import { formatIpv4, formatMac } from "../../../emulator/ether/packet.ts";
import type { LabNode } from "../../lab/cluster.ts";
import type { FaultAction } from "../../lab/fault-kinds.ts";
import type { Drill } from "../drill.ts";
import type { World } from "../world.ts";
import { aside } from "./aside.ts";
import { isItself, isKeyed, wordsOf } from "./clone-drills.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { staged } from "./staged.ts";

const MS = 1e6;
const LOOK_MS = 50;
/** What is typed has been read. */
const TYPED_MS = 400;
/** How long a transfer lasts, about, and when its fault comes at the latest. */
const TRANSFER_MS = 700;
/** A fault lasts for less than either side's patience, or for more. */
const FAULT_MS = [300, 12_000] as const;
/** Two patiences, and what a repeated segment waits for after a long fault. */
const OVER_MS = 60_000;
/** Silence, the window for joining, an address. */
const MEMBER_MS = 25_000;

const GIVEN_UP = /^For a minute, a member may make this machine its twin/m;
const IS_TWO = /^\S+ is the twin: /m;
const IS_ONE = /; this kernel goes on alone$/m;
const IS_TWIN = /^I am \S+, forked from /m;
const AS_IT_WAS = /^fork: (?:a source has failed: |no member has made )/m;
/** Reasons that have nothing to do with faults. */
const CANNOT = /an open cluster|memory|another revision/;

/** What happens while the kernel becomes two. */
type Fault =
  | "nothing"
  | "they are cut apart"
  | "both are cut off from the others"
  | "the source dies"
  | "the target dies";
const FAULTS: readonly Fault[] = [
  "nothing",
  "they are cut apart",
  "both are cut off from the others",
  "the source dies",
  "the target dies",
];

interface Case {
  readonly source: number;
  readonly target: number;
  readonly fault: Fault;
  readonly fromMs: number;
  readonly forMs: number;
}

/** A fork with what happens meanwhile. */
class ForkTrial {
  readonly #world: World;
  readonly #layout: KernelLayout;
  readonly #case: Case;
  readonly #source: LabNode;
  readonly #target: LabNode;
  readonly #facts: ReturnType<typeof factsOf>;
  /** How much each had said before. */
  readonly #before: readonly number[];
  #wrong: string | null = null;

  constructor(world: World, layout: KernelLayout, now: Case) {
    this.#world = world;
    this.#layout = layout;
    this.#case = now;
    this.#source = world.lab.nodes[now.source]!;
    this.#target = world.lab.nodes[now.target]!;
    this.#facts = factsOf(world, layout);
    this.#before = world.lab.nodes.map(({ console }) => console.text.length);
  }

  #addressOf({ index }: LabNode): string {
    const { address } = this.#facts.of(index);
    return formatIpv4(Uint8Array.from([0, 8, 16, 24], (shift) => address >>> shift));
  }

  #says({ index, console }: LabNode, what: RegExp): boolean {
    return what.test(console.text.slice(this.#before[index]));
  }

  #isItself({ index }: LabNode): boolean {
    return isItself(this.#world, this.#layout, index);
  }

  #advance(ms: number): void {
    const { lab } = this.#world;
    lab.cluster.runUntil(lab.nowNs + ms * MS);
  }

  /** Has the fault begin, or end. */
  #strike(hears: boolean): void {
    const { fault } = this.#case;
    const [source, target] = [this.#source, this.#target];
    const others = this.#world.lab.nodes.filter((node) => node !== source && node !== target);
    const apart: Partial<Record<Fault, readonly (readonly [LabNode, LabNode])[]>> = {
      "they are cut apart": [[source, target]],
      "both are cut off from the others": others.flatMap((other) => [
        [source, other] as const,
        [target, other] as const,
      ]),
    };
    for (const [one, other] of apart[fault] ?? []) {
      one.hear(other.index, hears);
      other.hear(one.index, hears);
    }
    if (!hears && fault === "the source dies") source.powerOff();
    if (!hears && fault === "the target dies") target.powerOff();
  }

  /** Looks from now on whether the target speaks in the source's name. */
  #listen(): void {
    const { lab } = this.#world;
    const [source, target] = [this.#source, this.#target];
    const mac = formatMac(lab.cluster.macAddresses[source.index]!);
    const old = [mac, this.#facts.ids[source.index]!, this.#addressOf(source)];
    lab.cluster.network.onFrame = (link, sender, _sentNs, _arrivalNs, frame) => {
      if (sender !== 0 || link.name !== target.name || source.isOff) return;
      const found = wordsOf(frame).names.find((name) => old.includes(name));
      if (found !== undefined)
        this.#wrong ??= `${target.name}, given up for a fork, says something in the name of ${found}`;
    };
  }

  get #isAlone(): boolean {
    return this.#source.isOff || this.#says(this.#source, IS_ONE);
  }

  get #isOver(): boolean {
    const target = this.#target;
    const isSettled = target.isOff || this.#says(target, IS_TWIN) || this.#says(target, AS_IT_WAS);
    return isSettled && (this.#isAlone || this.#says(this.#source, IS_TWO));
  }

  /** Has both say what became of it, with the fault meanwhile. What is wrong, or null. */
  #divide(): string | null {
    const { fault, fromMs, forMs } = this.#case;
    const [source, target] = [this.#source, this.#target];
    let isAsked = false;
    for (let ms = 0; ms < OVER_MS && this.#wrong === null; ms += LOOK_MS) {
      if (ms > fromMs + forMs && this.#isOver) return null;
      if (ms >= fromMs && ms < fromMs + LOOK_MS) this.#strike(false);
      if (ms >= fromMs + forMs && ms < fromMs + forMs + LOOK_MS) this.#strike(true);
      // Nobody comes any more: a person ends the wait.
      if (!isAsked && !target.isOff && ms >= fromMs && this.#isAlone) {
        isAsked = true;
        target.type("\x03");
      }
      this.#advance(LOOK_MS);
    }
    return this.#wrong ?? `nothing becomes of a fork of ${source.name} into ${target.name}: ${fault}`;
  }

  /** What is wrong, in a sentence; null: nothing. */
  judge(): string | null {
    const { fault } = this.#case;
    const [source, target] = [this.#source, this.#target];
    const address = this.#addressOf(target);
    this.#listen();
    target.type("cloud fork accept\r");
    this.#advance(TYPED_MS);
    if (!this.#says(target, GIVEN_UP))
      return this.#says(target, CANNOT) ? null : `${target.name} does not give itself up by cloud fork accept`;
    source.type(`cloud fork ${address}\r`);
    const problem = this.#divide();
    if (problem !== null) return problem;
    if (fault === "nothing" && !this.#says(target, IS_TWIN))
      return this.#says(source, CANNOT) ? null : `${source.name} makes no twin, and nothing hinders it`;
    const living = [source, target].filter(({ isOff }) => !isOff);
    for (let ms = 0; ms < MEMBER_MS && this.#wrong === null; ms += LOOK_MS) {
      if (living.every((node) => this.#isItself(node))) return null;
      this.#advance(LOOK_MS);
    }
    const late = living.find((node) => !this.#isItself(node)) ?? source;
    return this.#wrong ?? `${late.name} is no member under its own id after a fork: ${fault}`;
  }
}

export function forkDrill(world: World, layout: KernelLayout): Drill {
  const { lab } = world;
  return {
    name: "fork",
    rule: "a kernel that becomes two goes on, whatever is cut or dies meanwhile; the other machine is a twin with an id of its own, or as it was",
    begin: (random) => {
      const { core } = world;
      if (core.length < 2 || !core.every((index) => isKeyed(world, index))) return null;
      const source = random.pick(core);
      const target = random.pick(core.filter((index) => index !== source));
      const fault = random.pick(FAULTS);
      const fromMs = random.below(TRANSFER_MS);
      const now: Case = { source, target, fault, fromMs, forMs: fault === "nothing" ? 0 : random.pick(FAULT_MS) };
      let problem: string | null = null;
      const look = (): readonly FaultAction[] => {
        problem = aside(lab, () => new ForkTrial(world, layout, now).judge());
        return [];
      };
      return staged(world, [
        { withinNs: random.below(1000) * MS },
        { withinNs: world.lookNs, begin: look, wrong: () => problem },
      ]);
    },
  };
}
