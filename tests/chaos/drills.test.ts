/** What is tried at the end of runs: a cluster that is well passes each drill, and one that is not fails it. */
import { beforeAll, expect, test } from "vitest";
import { parseTimed, runGiven } from "../../src/chaos/campaign.ts";
import type { Stage } from "../../src/chaos/stage.ts";
import { World } from "../../src/chaos/world.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { clusterStage } from "./images.ts";

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
  "packets of a stranger that names half of a session",
  "packets of a stranger from another address than they name",
  "packets of a session that shows nothing",
  "packets longer than they are",
  "a twin with a higher session",
];

let stage: Stage;
beforeAll(async () => {
  stage = await clusterStage(3);
});

test("there are those that the table names", () => {
  const { all } = stage.subject.drills!(new World(stage.lab));
  expect(all.map(({ name }) => name)).toEqual(DRILLS);
});

test("a cluster that is well passes the drill of a silent death", () => {
  const { failure, endNs } = runGiven(stage, [], ALL, 1, { ...OPTIONS, drills: ["death"] });
  expect(failure).toBeNull();
  expect(endNs).toBeGreaterThan(0.9e9);
});

describeThoroughly("a cluster that is well passes the drill", () => {
  test.each(DRILLS)("%s", (name) => {
    for (const seed of [1, 2, 3]) {
      const { failure } = runGiven(stage, [], ALL, seed, { ...OPTIONS, drills: [name] });
      expect(failure, `seed ${seed}`).toBeNull();
    }
  });
});

thoroughly("nobody is asked to agree whom those that agreed last have left out", () => {
  // The third was away while the other two agreed without it, and the second of these is gone.
  const faults = ["976ms deaf 1 3", "976ms deaf 2 3"].map(parseTimed);
  const options = { ...OPTIONS, spanNs: 6e9, steadyNs: 1.5e9, drills: ["address comes and goes", "race"] };
  expect(runGiven(stage, faults, [0, 2], 3953, options).failure).toBeNull();
});
