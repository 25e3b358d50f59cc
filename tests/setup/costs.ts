/**
 * What each test file costs in processor time, for whoever keeps the tiers short: QURE_COSTS=FILE npm test appends a
 * line for each file, `user seconds, system seconds, file`, commands that it ran included. Wall time says little on a
 * machine that does other things too. Linux only.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { afterAll, expect } from "vitest";

/** User and system time of this process and of its children that have ended, in ticks of 10 ms (proc(5), stat). */
function ticks(): readonly [user: number, system: number] {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /, "")
    .split(" ")
    .map(Number);
  // The first field here is stat's third, the state: utime, stime, cutime and cstime are its 14th to 17th.
  return [fields[11]! + fields[13]!, fields[12]! + fields[14]!];
}

const into = process.env["QURE_COSTS"];
if (into !== undefined && into !== "") {
  const [user, system] = ticks();
  afterAll(() => {
    const [userNow, systemNow] = ticks();
    const file = relative(process.cwd(), expect.getState().testPath ?? "?");
    appendFileSync(
      into,
      `${((userNow - user) / 100).toFixed(2)}\t${((systemNow - system) / 100).toFixed(2)}\t${file}\n`,
    );
  });
}
