/**
 * What becomes of an upgrade of the cluster while its machines restart (docs/protocols/upgrade.md). It is to a kernel
 * that nobody has: whoever has the turn looks for it in vain, and that stops it. So all that is between the nodes is
 * tried: who leads, whose turn it is, what two people do at once, and that nothing goes on once a person has said so.
 */
import type { FaultAction } from "../../lab/fault-kinds.ts";
import { packetHex } from "../../wire/hex.ts";
import type { Drill } from "../drill.ts";
import type { World } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { staged } from "./staged.ts";
import { canAgree } from "./values.ts";

const MS = 1e6;
/** What is typed has happened: a shell may wait for a majority. */
const TYPED_NS = 8000 * MS;
/** Two leaders have heard each other by then. */
const LED_NS = 1500 * MS;
/** A turn that comes to nothing: three rounds of sources, and a machine that restarts meanwhile. */
const TURN_NS = 40_000 * MS;
const FIRST_REVISION = 1_000_000;
const REVISIONS = 1_000_000_000;

export interface Plan {
  readonly revision: number;
  readonly state: number;
  readonly epoch: number;
  readonly turn: string;
  readonly isGiven: boolean;
}

/** The counts of revisions that have failed, in the text of the cluster's values. */
function failedIn(text: Uint8Array): readonly string[] {
  const words = String.fromCharCode(...text).split("\0");
  const failed = words.indexOf("upgrade.failed");
  return failed < 0 ? [] : (words[failed + 1] ?? "").split(" ");
}

/** What nodes have in memory of the cluster's upgrade. */
export function upgradeMemory(world: World, layout: KernelLayout) {
  const facts = factsOf(world, layout);
  const of = (name: string): number => layout.constant(name);
  return {
    /** The plan as a node has read it last; null: none. */
    planOf: (index: number): Plan | null => {
      if (!facts.of(index).isMember) return null;
      const { memory } = world.nodes[index]!;
      const at = layout.address("plan");
      const word = (name: string): number => memory.word(at + of(name)) ?? 0;
      const turn = memory.bytes(at + of("PLAN_TURN"), 8);
      if (word("PLAN_REVISION") === 0 || turn === null) return null;
      return {
        revision: word("PLAN_REVISION"),
        state: word("PLAN_STATE"),
        epoch: word("PLAN_EPOCH"),
        turn: packetHex(turn, 0, 8),
        isGiven: word("PLAN_PHASE") !== of("PHASE_NONE"),
      };
    },
    leads: (index: number): boolean =>
      facts.of(index).isMember &&
      (world.nodes[index]!.memory.word(layout.address("leader") + of("SERVICE_RECORD")) ?? 0) !== 0,
    /** How often a revision has failed, as a node knows. */
    failures: (index: number, revision: number): number => {
      const at = layout.address("values") + of("VALUES_TEXT");
      const counts = world.nodes[index]!.made("failed", at, of("VALUES_TEXT_MAXIMUM"), failedIn) ?? [];
      return Number(counts.find((entry) => entry.startsWith(`${revision}:`))?.split(":")[1] ?? 0);
    },
  };
}

/** What must not be while an upgrade to one of two revisions goes on: a sentence, or null. */
function watched(world: World, layout: KernelLayout, isOurs: (plan: Plan | null) => plan is Plan) {
  const { planOf, leads, failures } = upgradeMemory(world, layout);
  const givenTo = new Map<number, string>();
  let chosen: number | null = null;
  let twoSinceNs = Infinity;
  return (): string | null => {
    for (const plan of world.core.map(planOf).filter(isOurs)) {
      chosen ??= plan.revision;
      if (plan.revision !== chosen) return `the upgrade to ${chosen} becomes one to ${plan.revision}`;
      if (!plan.isGiven) continue;
      const before = givenTo.get(plan.epoch);
      if (before !== undefined && before !== plan.turn) return `turn ${plan.epoch} is ${before}'s and ${plan.turn}'s`;
      givenTo.set(plan.epoch, plan.turn);
    }
    const revision = chosen;
    if (revision !== null && world.core.some((index) => failures(index, revision) > 0))
      return `revision ${revision} counts as failed, and nobody has tried it`;
    const leaders = world.core.filter(leads);
    twoSinceNs = leaders.length < 2 ? Infinity : Math.min(twoSinceNs, world.nowNs);
    const names = leaders.map((index) => world.nodes[index]!.name);
    return world.nowNs > twoSinceNs + LED_NS ? `${names.join(" and ")} lead the upgrade` : null;
  };
}

export function upgradeDrill(world: World, layout: KernelLayout, wellNot: () => string | null): Drill {
  const facts = factsOf(world, layout);
  const of = (name: string): number => layout.constant(name);
  const nameOf = (index: number): string => world.nodes[index]!.name;
  const type = (node: number, text: string): FaultAction => ({ word: "type", node, values: [`${text}\r`] });
  const { planOf, leads } = upgradeMemory(world, layout);
  return {
    name: "upgrade",
    rule: "an upgrade to a kernel that nobody has stops, whoever restarts meanwhile, and counts no failure; one leads it; of two that begin at once one does; a person ends it",
    begin: (random) => {
      if (world.core.length < 2 || !canAgree(world, layout)) return null;
      // Without a disk a machine is passed over, and if all are, nothing stops.
      if (!world.core.every((index) => world.hasDisk(index))) return null;
      const revision = FIRST_REVISION + random.below(REVISIONS);
      const [one, other] = [random.pick(world.core), random.pick(world.core)];
      const isOurs = (plan: Plan | null): plan is Plan =>
        plan !== null && (plan.revision === revision || plan.revision === revision + 1);
      const plans = (): (Plan | null)[] => world.core.map(planOf);
      const wrong = watched(world, layout, isOurs);
      let resetAtNs = Infinity;
      let victim: number | null = null;
      const disturb = (): readonly FaultAction[] => {
        if (resetAtNs === Infinity && plans().some((plan) => isOurs(plan) && plan.isGiven))
          resetAtNs = world.nowNs + random.below(4000) * MS;
        if (victim !== null || world.nowNs < resetAtNs) return [];
        victim = (random.chance(50) ? world.core.find(leads) : undefined) ?? random.pick(world.core);
        return [{ word: "reset", node: victim, values: [] }];
      };
      const stopsNot = (): string | null => {
        if (victim === null) return "nobody has had a turn";
        if (!facts.of(victim).isMember) return `${nameOf(victim)}, which has restarted, is no member again`;
        const late = world.core.find((index) => planOf(index)?.state !== of("PLAN_STOP"));
        return late === undefined ? null : `${nameOf(late)} does not stop an upgrade to a kernel that nobody has`;
      };
      const endsNot = (): string | null => {
        const late = world.core.find((index) => (planOf(index)?.state ?? 0) < of("PLAN_DONE"));
        return late === undefined ? wellNot() : `${nameOf(late)} goes on with an upgrade that was ended`;
      };
      return staged(world, [
        {
          withinNs: TYPED_NS,
          begin: () => [type(one, `cloud upgrade ${revision}`), type(other, `cloud upgrade ${revision + 1}`)],
          wrong,
          missing: () => (plans().some(isOurs) ? null : "nobody has the plan of an upgrade"),
        },
        { withinNs: 3 * TURN_NS, go: disturb, wrong, missing: stopsNot },
        {
          withinNs: TYPED_NS + TURN_NS,
          begin: () => [type(random.pick(world.core), "cloud upgrade abort")],
          wrong,
          missing: endsNot,
        },
      ]);
    },
  };
}
