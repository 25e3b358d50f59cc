/**
 * An upgrade of a cluster: what no order of steps breaks, in the model, and that the model notices what is left out.
 * Classes are those of docs/protocols/upgrade.md.
 */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import { type Explored, explore } from "../volume/explore.ts";
import { after, beginning, endless, type Faults, stepsOf, type World, wrongWorld } from "./rolling-model.ts";

type Settings = NonNullable<Parameters<typeof beginning>[1]>;

/** All orders of all steps; of each so many states, whether it comes to an end from there. */
function all(size: number, settings: Settings, faults: Faults = {}, each = 40): Explored {
  const step = (world: World): World[] => stepsOf(world, faults).map((one) => after(world, one));
  let seen = 0;
  return explore(beginning(size, settings), [{ name: "step", step, hasEnded: () => false }], (world) => {
    return wrongWorld(world) ?? (seen++ % each === 0 ? endless(world, faults) : null);
  });
}

const TROUBLES: readonly (readonly [classes: string, settings: Settings])[] = [
  ["classes 1 and 12, nothing confirms, new data: without trouble", { budget: { finals: 1 } }],
  ["classes 2 and 8, confirmed too early, returns without end: poisoned", { poisoned: true, budget: { resumes: 2 } }],
  ["class 23, two upgrades at once", { budget: { starts: 1 } }],
  ["class 17, a node that failed stays drained", { budget: { panics: 1, resumes: 1 } }],
  ["class 15, the lock of a dead node", { budget: { deaths: 1 } }],
  ["classes 11 and 22, a node that lost the quorum, a clock that is late", { budget: { cuts: 1 } }],
];

test.each(rowsOf(TROUBLES, 1, ([, { budget }]) => budget?.finals === 1))(
  "%s: two nodes in all orders",
  (_, settings) => {
    expect(all(2, settings).broken).toBeNull();
  },
);

/** Steps that are drawn, then none that goes wrong. */
function drawn(seed: number, faults: Faults = {}): string | null {
  const random = new Random(seed, "rolling");
  const size = random.pick([2, 3, 3, 4, 5, 7, 12]);
  const most = (): number => random.below(4);
  const budget = { deaths: most(), cuts: most(), panics: most(), resumes: most(), starts: most(), finals: most() };
  let world = beginning(size, { poisoned: random.chance(30), budget });
  for (let count = 20 + random.below(40 * size); count > 0; count--) {
    const steps = stepsOf(world, faults, random.chance(80));
    const step = random.pickAny(steps);
    if (!step) break;
    world = after(world, step);
    const wrong = wrongWorld(world);
    if (wrong) return wrong;
  }
  return endless(world, faults);
}

const { count, firstSeed, repeat, title } = casesOf("upgrade/rolling");

test(`more nodes with all kinds of trouble: ${title}`, () => {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) expect(drawn(seed), repeat(seed)).toBeNull();
});

/** What is left out, and the smallest trouble that shows it. */
const PLANTED: readonly [Faults, Settings][] = [
  [{ noLease: true }, {}],
  [{ staleGo: true }, { budget: { cuts: 1, resumes: 1 } }],
  [{ noEpoch: true }, { budget: { cuts: 1 } }],
  [{ selfConfirm: true }, { poisoned: true }],
  [{ goesOn: true }, { poisoned: true }],
  [{ noHandOver: true }, {}],
  [{ forgetsRefused: true }, { poisoned: true, budget: { resumes: 2 } }],
  [{ startsTwice: true }, { budget: { starts: 1 } }],
  [{ neverFrees: true }, { budget: { deaths: 1 } }],
  [{ shortSilence: true }, { budget: { cuts: 1, resumes: 1 } }],
  [{ forgetsConfirmed: true }, { budget: { deaths: 1 } }],
  [{ finalEarly: true }, { budget: { finals: 1 } }],
  [{ staysDrained: true }, { budget: { panics: 1 } }],
];

test.each(rowsOf(PLANTED, 1))("a rule that is left out shows: %j with %j", (faults, settings) => {
  let found = all(2, settings, faults, 20).broken?.why ?? null;
  for (let seed = 1; seed <= 400 && found === null; seed++) found = drawn(seed, faults);
  expect(found).not.toBeNull();
});
