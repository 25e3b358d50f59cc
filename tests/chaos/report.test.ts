/** What a campaign leaves to be read: the page shows the verdict, faults as they were in force, and the command. */
import { expect, test } from "vitest";
import { parseTimed, repeatRun, runGiven, summarise } from "../../src/chaos/campaign.ts";
import { shadesOf } from "../../src/chaos/pictures.ts";
import { junit, reportPage } from "../../src/chaos/report.ts";
import { bare, bothUnplugged } from "./bare.ts";

const OPTIONS = { spanNs: 1e9, boundNs: 2e9, minimise: true };
const lanes = ["qure-1", "qure-2", "qure-3", "gateway"];

test("a run that broke a rule is shown with its fewest faults", async () => {
  const stage = await bare([bothUnplugged]);
  const faults = ["100ms unplug 1", "150ms freeze 2 50ms", "200ms lose 2 30%", "400ms unplug 3"].map(parseTimed);
  const result = runGiven(stage, faults, [0, 1, 2], 7, OPTIONS);
  const run = repeatRun(stage, result, OPTIONS);
  expect(run.failure).toEqual(result.failure);
  const page = reportPage(
    summarise([result]),
    [{ result, run, lanes, startNs: stage.nowNs, command: "qure chaos --seed 7", link: null }],
    "three <machines>",
  );
  expect(page).toContain("1 of 1 runs broke a rule.");
  // Found at the next look.
  expect(page).toMatch(/First: cables, seed 7, at 0\.4[01]\d s\./);
  expect(page).toContain("three &#60;machines&#62;");
  expect(page).toContain("100ms unplug 1\n400ms unplug 3\n\nqure chaos --seed 7");
  expect(page.match(/class="fault"/g)).toHaveLength(2);
  // It needs nothing else.
  expect(page).not.toMatch(/<script|<link|src=|https?:/);
  expect(junit([result])).toMatch(
    /<testsuite name="qure chaos" tests="1" failures="1">\n {2}<testcase classname="chaos" name="seed 7" time="0\.4[01]\d"><failure type="wrong" message="cables">both cables are out/,
  );
});

test("campaigns without a failure say so", async () => {
  const stage = await bare([]);
  const result = runGiven(stage, [parseTimed("100ms unplug 1")], [0, 1, 2], 1, OPTIONS);
  expect(result.failure).toBeNull();
  expect(reportPage(summarise([result]), [], "")).toContain("All 1 runs survived.");
  expect(junit([result])).toContain('failures="0"');
});

test.each([
  [["1s cut 1", "2s power 1"], [["cut", 1000, 2000]]],
  [
    ["1s lose 1 30%", "2s rate 1 1M"],
    [
      ["lose", 1000, 5000],
      ["rate", 2000, 5000],
    ],
  ],
  [["1s fail 1 5% 5%", "3s fail 1 0% 0%"], [["fail", 1000, 3000]]],
  [["1s full 1", "3s fail 1 0% 0%"], [["full", 1000, 3000]]],
  [
    ["4s freeze 1 2s", "1s reset 1"],
    [
      ["freeze", 4000, 5000],
      ["reset", 1000, 1000],
    ],
  ],
  [["1s type 1 cloud stop\\n", "2s type 1 cloud start\\n"], [["leave", 1000, 2000]]],
] as const)("%j is in force as %j", (faults, expected) => {
  const shades = shadesOf(faults.map(parseTimed), 5e9);
  expect(shades.map(({ word, fromNs, untilNs }) => [word, fromNs / 1e6, untilNs / 1e6])).toEqual(expected);
});
