/** Drawn kills of what runs machines (kills.ts). `npm run prove -- vm` draws on. */
import { afterAll, expect, test } from "vitest";
import { oracle } from "../oracle.ts";
import { many } from "../setup/tier.ts";
import { Kills } from "./kills.ts";

const ROUNDS = many(0, 10, 25);
const drivers = oracle("qemu-system-i386") === null ? ["emu"] : ["emu", "emu", "qemu"];
const kills = new Kills(1, drivers);
afterAll(() => kills.close());

test(`after each of ${ROUNDS} drawn kills what is said is true, nothing is left over, and the next start works`, async () => {
  const events: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    try {
      events.push(await kills.round());
    } catch (error) {
      throw new Error(`round ${round + 1} (${events.join(", ")}): ${(error as Error).message}`);
    }
  }
  expect(new Set(events).size).toBeGreaterThan(ROUNDS / 5);
}, 900_000);
