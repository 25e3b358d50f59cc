/**
 * Every device's saved state is complete: each case of each chip, and random work on a board that has everything, come
 * to the same when the board is saved and restored into a fresh one on the way (relay.ts). The thorough tier also tests
 * this test: state.thorough.test.ts.
 */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { isThorough, rowsOf } from "../../setup/tier.ts";
import { CHIPS } from "./chips.ts";
import { relayCase, relayRandom } from "./relay.ts";

const SEED = Number(process.env["QURE_SEED"] ?? 20261120);

// In the thorough tier state.thorough.test.ts does the same with every case, and more.
if (!isThorough)
  for (const { name: chip, cases, config } of CHIPS) {
    describe(chip, () => {
      test.each(rowsOf(cases, 1))("$name", ({ script }) => {
        relayCase(config, script, { sweeps: 0 });
      });
    });
  }

for (const part of isThorough ? [1, 2] : [1])
  thoroughly(`random work, part ${part} (QURE_SEED=${SEED})`, () => {
    expect(() => relayRandom(SEED, part)).not.toThrow();
  });
