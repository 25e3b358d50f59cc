/** The list of bugs by which campaigns are measured fits the sources as they are. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PLANTED, plant } from "./planted.ts";

test("there are at least a hundred planted bugs, all different", () => {
  expect(PLANTED.length).toBeGreaterThanOrEqual(100);
  expect(new Set(PLANTED.map(({ breaks }) => breaks)).size).toBe(PLANTED.length);
});

test.each(PLANTED.map((bug) => [bug.breaks, bug] as const))("%s: one line changes", (_breaks, bug) => {
  const source = readFileSync(bug.file, "utf8");
  const before = source.split("\n");
  const after = plant(bug, source).split("\n");
  expect(after.length).toBe(before.length);
  const changed = after.filter((line, index) => line !== before[index]);
  expect(changed).toHaveLength(1);
  expect(changed[0]!.endsWith(bug.with)).toBe(true);
});

test("a vanished line is named", () => {
  const bug = { ...PLANTED[0]!, line: "mov eax, gone" };
  expect(() => plant(bug, readFileSync(bug.file, "utf8"))).toThrow("there is no line `mov eax, gone` any more");
  expect(() => plant({ ...bug, routine: "gone" }, "")).toThrow("there is no label gone any more");
});
