/** Whom the daemon invites into a cluster with a key, look by look. */
import { expect, test } from "vitest";
import { Adoption, Named } from "../../src/vm/adoption.ts";

const machine = (key: string, isBlank = true, isOurs = true) => ({ key, isBlank, isOurs });

test("a machine without a key is invited once at a time, and later each time that was in vain", () => {
  const adoption = new Adoption();
  const at = (seconds: number, ...machines: ReturnType<typeof machine>[]): string[] =>
    adoption.look(seconds * 1000, machines);
  expect(at(0, machine("a"), machine("b", false), machine("c", true, false), machine("d"))).toEqual(["a", "d"]);
  expect(at(30, machine("a"), machine("d"))).toEqual([]);
  adoption.over("a");
  expect(at(30, machine("a"), machine("d"))).toEqual(["a"]);
  adoption.over("a");
  expect(at(49, machine("a"))).toEqual([]);
  expect(at(50, machine("a"))).toEqual(["a"]);
  adoption.over("a");
  // By then it was a member, and is blank again.
  expect(at(51, machine("a", false))).toEqual([]);
  expect(at(52, machine("a"))).toEqual(["a"]);
});

test("the pause is ten minutes at most", () => {
  const adoption = new Adoption();
  const times: number[] = [];
  for (let second = 0; second < 8000; second++)
    if (adoption.look(second * 1000, [machine("a")]).length > 0) {
      times.push(second);
      adoption.over("a");
    }
  expect(times.slice(0, 9)).toEqual([0, 10, 30, 70, 150, 310, 630, 1230, 1830]);
});

test.each([
  ["", []],
  ["all", ["main/web", "main/db", "lab/web"]],
  ["web,qure-3", ["main/web"]],
  ["lab/web", ["lab/web"]],
  ["52:54:00:00:00:02", ["main/db"]],
  ["52-54-00-AA-bb-03,db", ["main/db", "lab/web"]],
])("%j names %j", (text, wanted) => {
  const named = new Named(text, "main");
  const machines = [
    ["main", "web", "52:54:00:00:00:01"],
    ["main", "db", "52:54:00:00:00:02"],
    ["lab", "web", "52:54:00:aa:bb:03"],
  ] as const;
  expect(
    machines.filter(([cluster, key, mac]) => named.has(cluster, key, mac)).map(([cluster, key]) => `${cluster}/${key}`),
  ).toEqual(wanted);
});

test.each([["52:54:00:00:00"], ["52:54:00:00:00:0g"], ["a b"], ["web,"], ["a/b/c/52:54"]])(
  "%j names no machine",
  (text) => {
    expect(() => new Named(text, "main")).toThrow(/a machine is a number, or a name/);
  },
);
