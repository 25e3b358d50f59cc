/** The fuzzer of the network, a case from each state: `npm run prove -- network` is the whole of it. */
import { expect, onTestFinished, test } from "vitest";
import { Random } from "../../../emulator/state/random.ts";
import { rowsOf } from "../../setup/tier.ts";
import { images } from "../../system/images.ts";
import { drawCase, runCase } from "./fuzz-network.ts";
import { type Callers, FuzzScene } from "./fuzz-scene.ts";
import { FUZZ_STATES, FuzzStates } from "./fuzz-states.ts";

const SEED = 1;
let states: FuzzStates | null = null;
/**
 * Who has memory in the end where no frames came. It is the same for all states to which nothing was typed; where
 * somebody has more than that, the state is asked itself.
 */
const rested = new Map<string, Callers>();

test.each(rowsOf(FUZZ_STATES, [0, 8]))(
  "frames that are nearly right in the state $name do no harm",
  { timeout: 120_000 },
  async (one) => {
    states ??= new FuzzStates(images().iso, images().firmware);
    const state = await states.reach(one);
    const scene = new FuzzScene(state, false);
    onTestFinished(() => scene.lab.close());
    const sent = drawCase(new Random(SEED, one.name), state, []);
    const kind = one.typed === undefined ? (one.among ?? "gateway") : one.name;
    scene.rested = rested.get(kind) ?? null;
    let { finding } = await runCase(scene, sent, true);
    rested.set(kind, scene.rested!);
    if (finding !== null) {
      scene.rested = null;
      ({ finding } = await runCase(scene, sent, true));
    }
    expect(finding).toBeNull();
  },
);
