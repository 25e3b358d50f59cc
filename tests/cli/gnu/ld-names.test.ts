/** What the options of `qure ld` are called: each is one of GNU ld's, which takes all of them. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { LD_COMMAND } from "../../../src/cli/gnu/ld-options.ts";
import { requireOracle } from "../../oracle.ts";

test("every option has a name, and GNU ld knows it", (context) => {
  requireOracle("ld", context);
  const names = LD_COMMAND.options.flatMap((option) => option.names);
  expect(names.filter((name) => !/^--?[A-Za-z()]/.test(name))).toEqual([]);
  expect(names).toHaveLength(new Set(names).size);
  const alone = LD_COMMAND.options.filter(({ value }) => value === undefined).flatMap((option) => option.names);
  const { status, stderr } = spawnSync("ld", [...alone, "--version"], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
});
