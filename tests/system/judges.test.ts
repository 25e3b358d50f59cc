/** The cases by others that judge QuRe from outside can be unpacked as they are: `requireJudge` finds them. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { requireJudge, requireOracle } from "../oracle.ts";

const ARCHIVES: readonly (readonly [name: string, script: RegExp])[] = [
  ["packetdrill-2c4001c.tar.xz", /gtests\/net\/tcp\/.*\.pkt$/m],
  ["freebsd-tcp-testsuite-half-04b8c73.tar.xz", /\.pkt$/m],
];

for (const [name, script] of ARCHIVES) {
  test(`${name} holds scripts`, (context) => {
    const path = requireJudge(name, context);
    const { status, stdout } = spawnSync(requireOracle("tar", context), ["-tJf", path], { encoding: "utf8" });
    expect(status).toBe(0);
    expect(stdout).toMatch(script);
  });
}
