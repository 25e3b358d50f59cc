/**
 * What state.test.ts does, for longer and with every register of every device read at the end. With QURE_FIELDS=N it
 * also tests itself: so many fields of the saved state, drawn by the seed, are left out one at a time, and that has to
 * be noticed. A field that no case depends on fails there until there is one. All of them take more than half an hour.
 */
import { describe, expect, test } from "vitest";
import { Random } from "../../../emulator/state/random.ts";
import { rowsOf } from "../../setup/tier.ts";
import { CHIPS, complete } from "./chips.ts";
import { TestBoard } from "./harness.ts";
import { Omission } from "./omission.ts";
import { relayCase, relayRandom, saveWith, type Wrap } from "./relay.ts";

const SEED = Number(process.env["QURE_SEED"] ?? 20261120);

/** Cases that one board goes through before all registers are read: that takes as long as some cases. */
const TOGETHER = 4;

for (const { name: chip, cases, config } of rowsOf(CHIPS, [0, 8])) {
  describe(chip, () => {
    for (let first = 0; first < cases.length; first += TOGETHER) {
      const some = cases.slice(first, first + TOGETHER);
      test(`${some.map(({ name }) => name).join("; ")}; then every register of every device`, () => {
        relayCase(config, some.map(({ script }) => script).join("\n"), { sweeps: 1 });
      });
    }
  });
}

test.each(rowsOf([4, 6, 8], [0, 1]))(`random work, part %i (QURE_SEED=${SEED})`, (part) => {
  expect(() => relayRandom(SEED, part)).not.toThrow();
});

/** Names of all fields of a board that has everything. */
function fieldNames(): string[] {
  const names = new Set<string>();
  saveWith(new TestBoard(complete()), (visitor) => new Omission(visitor, null, (name) => names.add(name)));
  return [...names];
}

/** What is saved although nothing can be seen of it, with the reason. */
const UNSEEN: Readonly<Record<string, string>> = {
  "board, field 12": "IRQ 2 is the cascade: no device drives it",
  "board, field 17": "IRQ 7 is a printer's: no device drives it",
};

/** Whether any of the relays fails: those of random work first, which notice most. */
function isNoticed(wrap: Wrap): boolean {
  const fails = (relay: () => void): boolean => {
    try {
      relay();
      return false;
    } catch {
      return true;
    }
  };
  return (
    [4, 3, 2].some((part) => fails(() => relayRandom(SEED, part, wrap))) ||
    CHIPS.some(({ cases, config }) =>
      cases.some(({ script }) => fails(() => relayCase(config, script, { sweeps: 0, wrap }))),
    ) ||
    CHIPS.some(({ cases, config }) =>
      cases.some(({ script }) => fails(() => relayCase(config, script, { sweeps: 1, wrap }))),
    )
  );
}

const SAMPLE = Number(process.env["QURE_FIELDS"] ?? 0);

function sample(names: readonly string[]): string[] {
  const random = new Random(SEED, "fields");
  const rest = [...names];
  return Array.from({ length: Math.min(SAMPLE, names.length) }, () => rest.splice(random.below(rest.length), 1)[0]!);
}

if (SAMPLE > 0)
  describe("a field that is left out of the saved state is noticed", () => {
    test.each(sample(fieldNames().filter((name) => UNSEEN[name] === undefined)))("%s", (name) => {
      const wrap: Wrap = (visitor) => new Omission(visitor, name);
      expect(isNoticed(wrap)).toBe(true);
    });
  });
