/** Machines that write one volume, killed, suspended and brought back, over a store that loses answers. */
import { expect, test } from "vitest";
import { MemoryStore } from "../../src/volume/memory-store.ts";
import { StoreError } from "../../src/volume/store.ts";
import { openVolumes } from "../../src/volume/volumes.ts";
import { many } from "../setup/tier.ts";
import { Schedule } from "./schedule.ts";

const SEEDS = many(20, 300, 1000);
const FIRST = Number(process.env["QURE_SEED"] ?? 1);

test(`${SEEDS} drawn schedules lose nothing that was answered, and show nothing of a fenced owner`, async () => {
  const parts = { openVolumes, MemoryStore, StoreError };
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const wrong = await new Schedule(seed, parts).run();
    expect(wrong, `QURE_SEED=${seed} npx vitest run tests/volume/schedules.test.ts`).toBeNull();
  }
});
