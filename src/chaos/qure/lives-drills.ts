/**
 * What becomes of eras when all of a cluster begins anew, or parts of it do that do not hear each other
 * (docs/protocols/cluster.md, "The eras come out"): one part is a single machine, the other the rest.
 */
import type { Random } from "../../../emulator/state/random.ts";
import type { FaultAction } from "../../lab/fault-kinds.ts";
import type { Drill, Trial } from "../drill.ts";
import type { World } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { keysOf } from "./keys.ts";
import { rememberedEra } from "./remembered.ts";

const MS = 1e6;
const MOST_NS = 60e9;
/** So long after the first the last machine is switched on at most: all hear each other before they found. */
const ONE_BY_ONE_MS = 1200;
/** Two that found a cluster together. */
const COMPANY = 2;

interface Lives {
  readonly name: string;
  readonly rule: string;
  /** Which parts begin anew while they are apart: the one machine, with a new one beside it; the rest. */
  readonly one: "stays" | "begins" | "begins with another";
  readonly rest: "stays" | "begins";
  /** The rest loses its power again before the parts meet. */
  readonly joins: boolean;
}

const LIVES: readonly Lives[] = [
  {
    name: "later life",
    rule: "a part that has begun a new life takes the others into it",
    one: "stays",
    rest: "begins",
    joins: false,
  },
  {
    name: "later era",
    rule: "who joins and has lived in a later era lifts the cluster to it",
    one: "stays",
    rest: "begins",
    joins: true,
  },
  {
    name: "two founders",
    rule: "two lives of one era that meet become one",
    one: "begins with another",
    rest: "begins",
    joins: false,
  },
  {
    name: "alone",
    rule: "who begins anew alone does not lift the era of a cluster that goes on",
    one: "begins",
    rest: "stays",
    joins: false,
  },
];

export function livesApart(
  world: World,
  layout: KernelLayout,
  wellNot: () => string | null,
): { readonly lives: readonly Drill[] } {
  const facts = factsOf(world, layout);
  const keys = keysOf(world, layout);
  const each = (nodes: readonly number[], ...words: readonly FaultAction["word"][]): FaultAction[] =>
    words.flatMap((word) => nodes.map((node) => ({ word, node, values: [] })));
  const between = (word: "deaf" | "hear", left: readonly number[], right: readonly number[]): FaultAction[] =>
    left.flatMap((a) =>
      right.flatMap((b) => [
        { word, node: a, values: [b + 1] },
        { word, node: b, values: [a + 1] },
      ]),
    );
  /** The era that machines found which begin anew together: one above what their disks know, whatever they lived in. */
  const foundedBy = (nodes: readonly number[]): number =>
    1 + Math.max(...nodes.map((index) => rememberedEra(world.lab.nodes[index]!.disk)));
  /** Whether all have one key also when they begin anew: whoever has another is to be invited first. */
  const isOneKey = (more: readonly number[]): boolean =>
    [...world.living, ...more].every((index) => keys.outlasts(index, keys.of(world.core[0]!)));
  const trial = ({ one, rest, joins }: Lives, random: Random): Trial | null => {
    const spare = world.nodes.find(
      ({ index, isSealed }) => !world.isOn(index) && !isSealed && !world.core.includes(index),
    );
    if (world.core.length <= COMPANY || (one === "begins with another" && !spare)) return null;
    if (!isOneKey(one === "begins with another" ? [spare!.index] : [])) return null;
    const single = random.pick(world.core);
    const left = one === "begins with another" ? [single, spare!.index] : [single];
    const right = world.living.filter((index) => index !== single);
    const { era } = facts.of(single);
    const anew = [one === "stays" ? [] : left, rest === "stays" ? [] : right].filter(({ length }) => length > 0);
    const eras = anew.map(foundedBy);
    // What one has founded that had company before is given up.
    const expected = rest === "stays" ? era : Math.max(one === "stays" ? era : 0, ...eras);
    let phase = 0;
    const livesIn = (index: number, wanted: number): boolean => {
      const { isMember, era: its } = facts.of(index);
      return isMember && its === wanted;
    };
    const isAnew = (): boolean => anew.every((part, at) => part.every((index) => livesIn(index, eras[at]!)));
    return {
      lastsNs: MOST_NS,
      step: () => {
        if (phase === 0) {
          phase = 1;
          return [...between("deaf", left, right), ...each(anew.flat(), "cut", "power")];
        }
        if (phase === 2 || !isAnew()) return [];
        phase = 2;
        return joins
          ? [...each(right, "cut"), ...between("hear", left, right), ...each(right, "power")]
          : between("hear", left, right);
      },
      missing: () => {
        if (phase < 2) return "who begins anew has not found a cluster";
        const problem = wellNot();
        if (problem !== null) return problem;
        const now = facts.of(single).era;
        return now === expected ? null : `the era is ${now}, and not ${expected}`;
      },
    };
  };
  const allAnew = (random: Random): Trial | null => {
    if (!isOneKey([])) return null;
    const all = world.living;
    const expected = foundedBy(all);
    const pending = new Map(all.map((index) => [index, world.nowNs + random.below(ONE_BY_ONE_MS) * MS]));
    let isCut = false;
    return {
      lastsNs: MOST_NS,
      step: () => {
        const due = [...pending.keys()].filter((index) => pending.get(index)! <= world.nowNs);
        for (const index of due) pending.delete(index);
        const cut = isCut ? [] : each(all, "cut");
        isCut = true;
        return [...cut, ...each(due, "power")];
      },
      missing: () => {
        const problem = pending.size > 0 ? "not all are on" : wellNot();
        if (problem !== null) return problem;
        const now = facts.of(world.core[0]!).era;
        return now === expected ? null : `the era is ${now}, and not ${expected}`;
      },
    };
  };
  const parts = LIVES.map((row): Drill => ({ name: row.name, rule: row.rule, begin: (random) => trial(row, random) }));
  const rule = "machines that begin anew one soon after the other found one cluster, one era later";
  return { lives: [{ name: "all anew", rule, begin: allAnew }, ...parts] };
}
