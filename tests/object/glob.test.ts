/** Wildcards of linker scripts, by the rules of fnmatch(3) without its flags. */
import { expect, test } from "vitest";
import { globMatch, globNames, isOneFile } from "../../src/object/glob.ts";

test.each([
  ["*", ["", "a", "a/b"], []],
  ["", [""], ["a"]],
  ["a?c", ["abc", "a/c"], ["ac", "abbc"]],
  ["*.o", [".o", "a.o", "b/a.o"], ["a.oo", "o"]],
  ["a*b*c", ["abc", "a-b-b-c", "abcbc"], ["acb", "ab"]],
  ["**x", ["x", "ax"], ["xa"]],
  ["[a-]", ["a", "-"], ["b", "]", "[a-]x", "`"]],
  ["[-a]", ["a", "-"], ["b"]],
  ["[!a-]", ["b", "]"], ["a", "-", ""]],
  ["[^a-c]", ["d", "-"], ["a", "b", "c"]],
  ["[a-cx]1", ["a1", "b1", "c1", "x1"], ["d1", "w1", "a2"]],
  ["[]a]", ["]", "a"], ["b", "[]a"]],
  ["[!]a]", ["b"], ["]", "a"]],
  ["[ab", ["[ab"], ["a", "b"]],
  ["\\*", ["*"], ["a", "\\*x"]],
  ["a\\", ["a\\"], ["a"]],
] as const)("%s", (glob, fitting, others) => {
  for (const text of fitting) expect(globMatch(glob, text), text).toBe(true);
  for (const text of others) expect(globMatch(glob, text), text).toBe(false);
});

test("of a map those names are found that fit, in its order", () => {
  const named = new Map(["b.x", "a.y", "a.x", "*"].map((name) => [name, 0]));
  const found = (glob: string): string[] => [...globNames(glob, named)];
  expect(found("a.x")).toEqual(["a.x"]);
  expect(found("c")).toEqual([]);
  expect(found("*.x")).toEqual(["b.x", "a.x"]);
  expect(found("a.[xy]")).toEqual(["a.y", "a.x"]);
  expect(found("\\*")).toEqual(["*"]);
});

test("a name without wildcards and without a member means one file", () => {
  expect(["a.o", "dir/a.o"].map(isOneFile)).toEqual([true, true]);
  expect(["*.o", "a?", "[a]", "lib.a:a.o"].map(isOneFile)).toEqual([false, false, false, false]);
});
