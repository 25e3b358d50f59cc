/** packetdrill judges TCP where its archives are: those of its scripts pass that tests/judges/packetdrill says. */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { requireJudge, requireOracle } from "../oracle.ts";
import { many } from "../setup/tier.ts";
import { root } from "./images.ts";

const ARCHIVES = ["packetdrill-2c4001c.tar.xz", "freebsd-tcp-testsuite-half-04b8c73.tar.xz"];

const every = many(0, 8, 2);

test(`one in ${every} scripts of google and freebsd`, { timeout: 900_000 }, (context) => {
  const [judges] = ARCHIVES.map((file) => dirname(requireJudge(file, context)));
  for (const tool of ["gcc", "make", "bison", "flex"]) requireOracle(tool, context);
  const script = join(root, "scripts/packetdrill.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--every", `${every}`], {
    encoding: "utf8",
    env: { ...process.env, QURE_JUDGES: judges },
  });
  expect(status, stdout + stderr).toBe(0);
  for (const archive of ["google", "freebsd"])
    expect(stdout).toMatch(new RegExp(`^${archive}: [1-9]\\d* of \\d+ scripts pass`, "m"));
});
