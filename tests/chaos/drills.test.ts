/** What is tried at the end of runs: a cluster that is well passes each drill, and one that is not fails it. */
import { beforeAll, expect, test } from "vitest";
import { parseTimed, runGiven } from "../../src/chaos/campaign.ts";
import { lastMissed } from "../../src/chaos/qure/key-drills.ts";
import { kernelLayout } from "../../src/chaos/setup.ts";
import type { Stage } from "../../src/chaos/stage.ts";
import { World } from "../../src/chaos/world.ts";
import type { Action } from "../../src/lab/actions.ts";
import type { FaultAction } from "../../src/lab/fault-kinds.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { images } from "../system/images.ts";
import { clusterStage } from "./images.ts";
import { PLANTED } from "./planted.ts";

const OPTIONS = { spanNs: 0.1e9, boundNs: 10e9, steadyNs: 0.1e9, minimise: false };
const ALL = [0, 1, 2];
/** `qure chaos --list`. */
const DRILLS = [
  "death",
  "death after loss",
  "goodbye",
  "idle",
  "stood still",
  "race",
  "older disk",
  "address moved",
  "address comes and goes",
  "all anew",
  "later life",
  "later era",
  "two founders",
  "alone",
  "recordings",
  "forged packets with another key",
  "forged packets of upgrades and pushes",
  "a module of a stranger that did not ask first",
  "packets whose code has one wrong bit",
  "packets of a stranger that names another session, or what is still to be said",
  "packets of another boot that name what the target has long said",
  "packets of a stranger from another address than they name",
  "packets of a session that shows nothing",
  "packets longer than they are",
  "a twin with a higher session",
  "key replaced",
  "key replaced meanwhile",
  "put out and invited",
  "power while the key is replaced",
  "copies",
  "gone back",
  "said twice",
  "clones",
  "fork",
  "fork with files",
  "job",
  "upgrade",
  "push",
];

let stage: Stage;
beforeAll(async () => {
  stage = await clusterStage(3);
});

test("there are those that the table names", () => {
  const { all } = stage.subject.drills!(new World(stage.lab));
  expect(all.map(({ name }) => name)).toEqual(DRILLS);
});

test("a planted bug is looked for by a drill that there is", () => {
  for (const { drill, breaks } of PLANTED) if (drill !== undefined) expect(DRILLS, breaks).toContain(drill);
});

test("a cluster that is well passes the drill of a silent death", () => {
  const { failure, endNs } = runGiven(stage, [], ALL, 1, { ...OPTIONS, drills: ["death"] });
  expect(failure).toBeNull();
  expect(endNs).toBeGreaterThan(0.9e9);
});

test("what is still on its way to the switch when a machine hears again was not missed", () => {
  const said = [100, 300, 350].map((arrivalNs, at) => ({
    ...{ cable: 1, toSwitch: true, sentNs: arrivalNs - 50, arrivalNs },
    bytes: Uint8Array.of(at),
  }));
  expect([99, 100, 101, 300, 350, 351].map((nowNs) => lastMissed(said, nowNs)?.[0] ?? null)).toEqual([
    null,
    null,
    0,
    0,
    1,
    2,
  ]);
  const lost = { ...said[0]!, arrivalNs: null, bytes: Uint8Array.of(3) };
  expect(lastMissed([...said, lost], 200)).toEqual(lost.bytes);
});

test("a machine that goes back to an earlier state of its own goes on from now", async () => {
  stage.rewind();
  const [node] = stage.lab.nodes;
  const { machine } = node!;
  const state = machine.saveState();
  const { instructions } = machine;
  await node!.enter("echo there", /^there$/m);
  const { nowNs } = machine;
  machine.goBack(state);
  expect([machine.instructions, machine.nowNs]).toEqual([instructions, nowNs]);
  await node!.enter("echo again", /^again$/m);
  expect(machine.nowNs).toBeGreaterThan(nowNs);
});

thoroughly("a cluster that is well passes the drill of clones", () => {
  const { failure } = runGiven(stage, [], ALL, 1, { ...OPTIONS, drills: ["clones"] });
  expect(failure).toBeNull();
});

describeThoroughly("a cluster that is well passes the drill", () => {
  test.each(DRILLS)("%s", (name) => {
    for (const seed of rowsOf([1, 2, 3], [1, 1])) {
      const { failure } = runGiven(stage, [], ALL, seed, { ...OPTIONS, drills: [name] });
      expect(failure, `seed ${seed}`).toBeNull();
    }
  });
});

describeThoroughly("whoever has missed another key for good is told so, and comes back by a person's hand", () => {
  test.each([
    ["with an older copy of its disk", ["100ms type 1 cloud key rotate\\n", "3s older 3", "3100ms power 3"]],
    ["put out", ["100ms type 1 cloud expel 10.0.2.17\\n"]],
  ])("%s", (_how, faults) => {
    const options = { ...OPTIONS, spanNs: 5e9, drills: 0 };
    expect(runGiven(stage, faults.map(parseTimed), ALL, 1, options).failure).toBeNull();
  });
});

describeThoroughly("drills ask what the protocol promises", () => {
  const at = (ms: number, word: FaultAction["word"], node: number, ...values: number[]): Action => ({
    atNs: ms * 1e6,
    word,
    node,
    values,
  });

  test.each(["all anew", "later life", "later era", "two founders", "alone"])(
    "%s: who begins anew founds the era after that on its disk, whatever it lived in without one",
    (name) => {
      const diskless = [
        ...ALL.map((node) => at(10, "cut", node)),
        ...ALL.map((node) => at(12, "power", node)),
        ...ALL.map((node) => at(14, "full", node)),
      ];
      const { failure } = runGiven(stage, diskless, ALL, 1, { ...OPTIONS, spanNs: 4e9, drills: [name] });
      expect(failure).toBeNull();
    },
  );

  test("race, idle: of two that agreed last the one with the higher id decides nothing alone", () => {
    // Machine 1 does not run when the others agree on who agrees next; then machine 2, whose id is the lowest, is gone.
    const frozen = [at(10, "freeze", 0, 6e9)];
    const options = { ...OPTIONS, spanNs: 6.1e9, drills: ["race", "idle"] };
    expect(runGiven(stage, frozen, [0, 2], 1, options).failure).toBeNull();
  });

  test("race: nobody is asked to agree whom those that agreed last have left out", () => {
    // The third was away while the other two agreed without it, and the second of these is gone.
    const faults = ["976ms deaf 1 3", "976ms deaf 2 3"].map(parseTimed);
    const options = { ...OPTIONS, spanNs: 6e9, steadyNs: 1.5e9, drills: ["address comes and goes", "race"] };
    expect(runGiven(stage, faults, [0, 2], 3953, options).failure).toBeNull();
  });

  test("forged packets of upgrades and pushes: most are well formed, so that only their code gives them away", () => {
    const layout = kernelLayout(images().kernelElf);
    const drills = ["forged packets of upgrades and pushes"];
    const counts = (name: string): (number | null)[] =>
      [0, 1].map((index) => new World(stage.lab).nodes[index]!.memory.word(layout.address(`count_cloud_${name}`)));
    // The same seeds once drew packets that were all malformed.
    for (const seed of [95, 293, 948]) {
      expect(runGiven(stage, [], [0, 1], seed, { ...OPTIONS, drills }).failure, `seed ${seed}`).toBeNull();
      const malformed = counts("malformed");
      for (const [index, forged] of counts("forged").entries())
        expect(forged, `seed ${seed}`).toBeGreaterThan(malformed[index]!);
    }
  });

  test("fork: between a machine with a disk and one without nobody expects a twin", async () => {
    const unequal = await clusterStage(3, undefined, { isDiskless: true });
    // Seeds with which nothing happens to the fork.
    for (const seed of [6, 11, 12])
      expect(runGiven(unequal, [], [0, 1], seed, { ...OPTIONS, drills: ["fork"] }).failure, `seed ${seed}`).toBeNull();
  });

  test("put out and invited: nobody is asked to replace a key that a member cannot write any more", () => {
    const faults = ["10ms full 1", "10ms full 3", "20ms type 1 cloud set a b\\n", "4s fail 1 0% 0%", "4s fail 3 0% 0%"];
    const options = { ...OPTIONS, spanNs: 4.1e9, drills: ["put out and invited", "key replaced meanwhile"] };
    expect(runGiven(stage, faults.map(parseTimed), ALL, 98, options).failure).toBeNull();
  });
});
