/** packetdrill judges TCP where its archives are: those of its scripts pass that tests/judges/packetdrill says. */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { requireJudge, requireOracle } from "../oracle.ts";
import { root } from "./images.ts";

const ARCHIVES = [
  ["google", "packetdrill-2c4001c.tar.xz"],
  ["freebsd", "freebsd-tcp-testsuite-half-04b8c73.tar.xz"],
] as const;

for (const [archive, file] of ARCHIVES) {
  test(`the scripts of ${archive}`, { timeout: 600_000 }, (context) => {
    const judges = dirname(requireJudge(file, context));
    for (const tool of ["gcc", "make", "bison", "flex"]) requireOracle(tool, context);
    const script = join(root, "scripts/packetdrill.mjs");
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--archive", archive], {
      encoding: "utf8",
      env: { ...process.env, QURE_JUDGES: judges },
    });
    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/[1-9]\d* of \d+ scripts pass/);
  });
}
