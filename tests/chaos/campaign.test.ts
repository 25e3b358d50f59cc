/** Runs under faults: they repeat, what is broken is found and shrunk, and QuRe's cluster survives. */
import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { type CampaignOptions, parseTimed, runGiven, runSeed } from "../../src/chaos/campaign.ts";
import { minimise } from "../../src/chaos/minimise.ts";
import type { Stage } from "../../src/chaos/stage.ts";
import { checkWho, chooseWho } from "../../src/chaos/who.ts";
import { World } from "../../src/chaos/world.ts";
import type { Action } from "../../src/lab/actions.ts";
import { shared } from "../setup/shared.ts";
import { atLength, thoroughly } from "../setup/thoroughly.ts";
import { casesOf, isThorough } from "../setup/tier.ts";
import { bare, bothUnplugged } from "./bare.ts";
import { clusterStage } from "./images.ts";

const OPTIONS: CampaignOptions = {
  boundNs: 10e9,
  minimise: false,
  ...(isThorough ? { spanNs: 6e9 } : { spanNs: 0.8e9, steadyNs: 0.2e9, drills: 0 }),
};

/** What a case may take on a machine that has much else to do; it is a second on one that has not. */
const CASE_MS = 12_000;

describe("QuRe's cluster", () => {
  const cases = casesOf("chaos/campaign");
  let stage: Stage;
  const runOn = (seed: number) => ({ ...runSeed(stage, seed, OPTIONS), digest: stage.lab.digest() });
  /** The first case, before any other has run on the stage. */
  const first = shared(async () => {
    stage = await clusterStage(3);
    return runOn(cases.firstSeed);
  });
  beforeAll(first);

  test(
    `survives ${cases.title}`,
    async () => {
      const runs = [await first()];
      for (let count = 1; count < cases.count; count++) runs.push(runOn(cases.firstSeed + count));
      for (const { seed, failure, faults } of runs)
        expect(failure, `${cases.repeat(seed)}\n${faults.join("\n")}`).toBeNull();
    },
    60_000 + cases.count * CASE_MS,
  );

  test("has a first responder, whom `--who` names", () => {
    const { subject, lab } = stage;
    checkWho("first-responder", subject, 3);
    expect(() => checkWho("second-responder", subject, 3)).toThrow(/none of .*, first-responder, and/);
    const chosen = (name: string): number[] => chooseWho(name, new Random(1), new World(lab), subject);
    stage.rewind();
    expect(chosen("first-responder")).toEqual(chosen("coordinator"));
  });

  test("has the same run of a seed whichever others ran before", async () => {
    const alone = await first();
    runSeed(stage, 3, OPTIONS);
    expect(runOn(cases.firstSeed)).toEqual(alone);
  });

  thoroughly("is not said to have lost an event that its kernel is about to move", () => {
    expect(runSeed(stage, 691, OPTIONS).failure).toBeNull();
  });

  atLength("has the same run when what happened is given instead of drawn", () => {
    const drawn = runSeed(stage, 2, OPTIONS);
    const digest = stage.lab.digest();
    const actions = drawn.faults.map(parseTimed);
    const core = drawn.core.map((number) => number - 1);
    const given = runGiven(stage, actions, core, 2, OPTIONS);
    expect(given.faults).toEqual(drawn.faults);
    expect(given.endNs).toBe(drawn.endNs);
    expect(stage.lab.digest()).toBe(digest);
  });
});

test.each([
  [[], "qure-1", 5],
  [["1s reset 1", "1s reset 2", "2s reset 3"], "qure-1", 6],
  [["0.5s unplug 1", "0.5s reset 2", "0.5s reset 3", "3s plug 1"], "qure-2", 5.5],
])(
  "a machine that does nothing for 5 s, though nothing is wrong with it, is told of: %j",
  async (faults, name, after) => {
    const stage = await bare([]);
    const options = { ...OPTIONS, spanNs: 9e9 };
    const { failure } = runGiven(stage, faults.map(parseTimed), [0, 1, 2], 1, options);
    const message = `${name}: nothing bootable was found`;
    expect(failure).toMatchObject({ kind: "stuck", invariant: "no standstill", message });
    expect(failure!.atNs / 1e9).toBeGreaterThan(after);
    expect(failure!.atNs / 1e9).toBeLessThan(after + 0.1);
  },
);

thoroughly("a person's own invariant is broken by the two events that it takes, out of many", async () => {
  const stage = await bare([bothUnplugged]);
  const options = { ...OPTIONS, spanNs: 2e9, minimise: true, faults: ["unplug", "lose", "reset"] };
  const seeds = Array.from({ length: 40 }, (_, index) => index + 1);
  const broken = seeds.map((seed) => runSeed(stage, seed, options)).find(({ failure }) => failure !== null);
  expect(broken?.failure).toMatchObject({ kind: "wrong", invariant: "cables", message: "both cables are out" });
  expect(broken!.fewest!.map((fault) => fault.split(" ").slice(1).join(" ")).sort()).toEqual(["unplug 1", "unplug 3"]);
});

test("delta debugging finds the fewest in few tries", () => {
  const actions = Array.from(
    { length: 100 },
    (_, index): Action => ({ atNs: index, word: "cut", node: index, values: [] }),
  );
  const fails = (some: readonly Action[]): boolean =>
    [17, 60, 61].every((node) => some.some((action) => action.node === node));
  const { actions: left, tries } = minimise(actions, fails, 200);
  expect(left.map(({ node }) => node)).toEqual([17, 60, 61]);
  expect(tries).toBeLessThan(60);
});
