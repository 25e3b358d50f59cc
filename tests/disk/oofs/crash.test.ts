/** Power cuts and failing disks: a part of what `npm run prove -- oofs` does as a whole. */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../../setup/thoroughly.ts";
import { casesOf, rowsOf } from "../../setup/tier.ts";
import { add, cutHistory, failHistory, type Tally } from "./crash.ts";
import { Random } from "./disks.ts";
import { OPERATIONS, randomOperations } from "./history.ts";

const none = (): Tally => ({ images: 0, mountCuts: 0, failures: 0, findings: [] });

const cases = casesOf("disk/oofs/crash");
const seeds = Array.from({ length: cases.count }, (_, index) => cases.firstSeed + index);

describe("a power cut", () => {
  test("after any write of any single operation leaves a prefix of the history", () => {
    const sum = none();
    const operations = rowsOf(OPERATIONS, 10);
    operations.forEach((operation, index) => add(sum, cutHistory([operation], index)));
    expect(sum.findings).toEqual([]);
    expect(sum.images).toBeGreaterThan(30 * operations.length);
  });

  thoroughly("after any write of some histories of three operations leaves a prefix", () => {
    const sum = none();
    for (const seed of seeds) add(sum, cutHistory(randomOperations(new Random(seed), 3), seed));
    expect(sum.findings).toEqual([]);
  });
});

describeThoroughly("a disk that fails once", () => {
  test("is an error, and leaves a prefix of the history", () => {
    const sum = none();
    for (const operation of OPERATIONS) add(sum, failHistory([operation]));
    for (const seed of seeds) add(sum, failHistory(randomOperations(new Random(seed), 3)));
    expect(sum.findings).toEqual([]);
    expect(sum.failures).toBeGreaterThan(200);
  });
});
