/** The fuzzer of the network, a case from each state: `npm run prove -- network` is the whole of it. */
import { expect, onTestFinished, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { images } from "../system/images.ts";
import { drawCase, runCase } from "./fuzz-network.ts";
import { FuzzScene } from "./fuzz-scene.ts";
import { FUZZ_STATES, FuzzStates } from "./fuzz-states.ts";

const SEED = 1;
let states: FuzzStates | null = null;

test.each(FUZZ_STATES)(
  "frames that are nearly right in the state $name do no harm",
  { timeout: 120_000 },
  async (one) => {
    states ??= new FuzzStates(images().iso, images().firmware);
    const state = await states.reach(one);
    const scene = new FuzzScene(state, false);
    onTestFinished(() => scene.lab.close());
    const { finding } = await runCase(scene, drawCase(new Random(SEED, one.name), state, []), true);
    expect(finding).toBeNull();
  },
);
