/**
 * The test of state.test.ts: each field of each device's state is left out once, and that has to be noticed. A new field
 * that no case depends on fails here until there is one. Besides, what state.test.ts does, for longer.
 */
import { describe, expect, test } from "vitest";
import { CHIPS, complete } from "./chips.ts";
import { TestBoard } from "./harness.ts";
import { Omission } from "./omission.ts";
import { relayCase, relayRandom, saveWith, type Wrap } from "./relay.ts";

const SEED = Number(process.env["QURE_SEED"] ?? 20261120);

for (const { name: chip, cases, config } of CHIPS) {
  describe(chip, () => {
    test.each(cases)("$name, then every register of every device", ({ script }) => {
      relayCase(config, script, { sweeps: 3 });
    });
  });
}

test.each([3, 4, 5, 6, 7, 8])(`random work, part %i (QURE_SEED=${SEED})`, (part) => {
  expect(() => relayRandom(SEED, part)).not.toThrow();
});

/** Names of all fields of a board that has everything. */
function fieldNames(): string[] {
  const names = new Set<string>();
  saveWith(new TestBoard(complete()), (visitor) => new Omission(visitor, null, (name) => names.add(name)));
  return [...names];
}

/** What is saved although nothing can be seen of it, with the reason. */
const UNSEEN: Readonly<Record<string, string>> = {};

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

describe("a field that is left out of the saved state is noticed", () => {
  test.each(fieldNames().filter((name) => UNSEEN[name] === undefined))("%s", (name) => {
    const wrap: Wrap = (visitor) => new Omission(visitor, name);
    expect(isNoticed(wrap)).toBe(true);
  });
});
