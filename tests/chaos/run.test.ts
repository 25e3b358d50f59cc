/** What a run does of what it is told to, with machines whose system does not matter. */
import { expect, test } from "vitest";
import { type CampaignOptions, parseTimed, runGiven, runSeed } from "../../src/chaos/campaign.ts";
import type { Drill } from "../../src/chaos/drill.ts";
import type { Invariant } from "../../src/chaos/invariant.ts";
import { type DrillStep, staged } from "../../src/chaos/qure/staged.ts";
import { World } from "../../src/chaos/world.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { bare } from "./bare.ts";

const OPTIONS: CampaignOptions = { spanNs: 0.3e9, boundNs: 1e9, steadyNs: 0.05e9, minimise: false };

test("what a machine is already is not done to it, and not told", async () => {
  const stage = await bare([]);
  const told = ["10ms cut 1", "20ms unplug 2", "30ms plug 2", "40ms power 1", "50ms reset 1"];
  const idle = [
    ...["11ms cut 1", "12ms button 1", "13ms reset 1", "14ms freeze 1 5ms", "15ms type 1 hello"],
    ...["31ms plug 2", "41ms power 1", "42ms add 1"],
  ];
  const { faults, failure } = runGiven(stage, [...told, ...idle].map(parseTimed), [0, 1, 2], 1, OPTIONS);
  expect(failure).toBeNull();
  expect(faults).toEqual(told);
});

test("what is made of memory is made anew as soon as one of its bytes is another, or it lies elsewhere", async () => {
  const { lab } = await bare([]);
  const { machine } = lab.nodes[0]!;
  const [node] = new World(lab).nodes;
  // From one page into the next.
  const at = 0x8ffe;
  let makes = 0;
  const made = (address: number): string | null => node!.made("bytes", address, 4, (bytes) => `${++makes}: ${bytes}`);
  machine.writeMemory(at, Uint8Array.of(1, 2, 3, 4, 5));
  expect([made(at), made(at)]).toEqual(["1: 1,2,3,4", "1: 1,2,3,4"]);
  machine.writeMemory(at + 3, Uint8Array.of(9));
  expect([made(at), made(at)]).toEqual(["2: 1,2,3,9", "2: 1,2,3,9"]);
  expect(made(at + 1)).toBe("3: 2,3,9,5");
  expect(made(0x8000_0000)).toBeNull();
});

test("nothing is typed at a machine that is not at its prompt, and all else happens to it", async () => {
  const words = async (isAtPrompt: boolean): Promise<Set<string>> => {
    const stage = await bare([], { isAtPrompt: () => isAtPrompt });
    const options = { ...OPTIONS, intervalMs: 20, faults: ["leave", "unplug"] };
    const faults = [1, 2, 3].flatMap((seed) => runSeed(stage, seed, options).faults);
    return new Set(faults.map((fault) => fault.split(" ")[1]!));
  };
  expect(await words(true)).toEqual(new Set(["freeze", "type", "unplug", "plug"]));
  expect(await words(false)).toEqual(new Set(["freeze", "unplug", "plug"]));
});

test("once faults are over a person does what is to be done, and the bound is counted from what was done last", async () => {
  const survives = async (isThere: boolean): Promise<string | undefined> => {
    const stage = await bare([], {
      missing: ({ nowNs, healedNs }) => (nowNs > healedNs! + 1.5e9 ? null : "it takes its time"),
      person: (world) => {
        let isDone = !isThere;
        return () => {
          if (isDone || world.nowNs < world.healedNs! + 0.8e9) return [];
          isDone = true;
          return [{ word: "clock", node: 0, values: [60e9] }];
        };
      },
    });
    return runGiven(stage, [], [0, 1, 2], 1, OPTIONS).failure?.message;
  };
  expect(await survives(true)).toBeUndefined();
  expect(await survives(false)).toBe("it takes its time, though nothing is wrong any more");
});

test("a machine that its system keeps apart is in trouble, as by its cable", async () => {
  const clean: boolean[][] = [];
  const look: Invariant = {
    name: "look",
    kind: "wrong",
    rule: "nothing",
    watch: (world) => ({
      look: () => {
        clean.push(world.nodes.map(({ index }) => world.cleanForNs(index) > 0));
        return null;
      },
    }),
  };
  const stage = await bare([look], { isApart: ({ nowNs, startNs }, index) => index === 1 && nowNs < startNs + 0.2e9 });
  expect(runGiven(stage, [], [0, 1, 2], 1, OPTIONS).failure).toBeNull();
  expect(clean[5]).toEqual([true, false, true]);
  expect(clean.at(-1)).toEqual([true, true, true]);
});

test("a drill in steps says which one does not come about, and what must not be", async () => {
  const happens = async (...steps: readonly DrillStep[]): Promise<unknown> => {
    const drill = (world: World): Drill => ({ name: "steps", rule: "all come", begin: () => staged(world, steps) });
    const stage = await bare([], { drills: (world) => ({ all: [drill(world)] }) });
    const { failure } = runGiven(stage, [], [0, 1, 2], 1, OPTIONS);
    return failure && [failure.kind, failure.message];
  };
  const begun: string[] = [];
  const step = (name: string, more: Partial<DrillStep> = {}): DrillStep => ({
    withinNs: 50e6,
    begin: () => {
      begun.push(name);
      return [];
    },
    ...more,
  });
  expect(await happens(step("first"), step("second", { missing: () => null }), step("third"))).toBeNull();
  expect(begun).toEqual(["first", "second", "third"]);
  expect(await happens(step("a"), step("b", { missing: () => "b is missing" }))).toEqual(["stuck", "b is missing"]);
  expect(await happens(step("a", { wrong: () => "a is wrong" }))).toEqual(["wrong", "a is wrong"]);
});

thoroughly("drills that are named are tried, each once, and no others; of a number, so many", async () => {
  const begun: string[] = [];
  const all = ["first", "second", "third"].map(
    (name): Drill => ({
      name,
      rule: "nothing happens",
      begin: () => {
        begun.push(name);
        return { lastsNs: 1e6 };
      },
    }),
  );
  const stage = await bare([], { drills: () => ({ all }) });
  const tried = (drills: number | readonly string[]): string[] => {
    begun.length = 0;
    expect(runGiven(stage, [], [0, 1, 2], 1, { ...OPTIONS, spanNs: 10e6, drills }).failure).toBeNull();
    return [...begun].sort();
  };
  expect(tried(["third", "first"])).toEqual(["first", "third"]);
  expect(tried([])).toEqual([]);
  expect(tried(2)).toHaveLength(2);
  expect(tried(9)).toEqual(["first", "second", "third"]);
});
