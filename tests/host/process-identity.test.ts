/** Whether a process lives is said of that very process. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { lives, parseIdentity, thisProcess } from "../../src/host/process-identity.ts";

test("a process lives if its number, its beginning and the host's boot are the same", () => {
  const me = thisProcess();
  expect(lives(me)).toBe(true);
  expect(lives({ ...me, started: `${me.started}1` })).toBe(false);
  expect(lives({ ...me, boot: "another" })).toBe(false);
  expect(lives({ ...me, pid: 2 ** 22 + 1 })).toBe(false);
  expect(parseIdentity(JSON.stringify(me))).toEqual(me);
  expect(parseIdentity("{")).toBe(null);
});

test("a process that is dead and has not been waited for does not live", () => {
  // The shell's child is dead at once, and the shell, become another program, never asks for it.
  const parent = spawn("sh", ["-c", "sleep 0 & exec sleep 1000"], { stdio: "ignore" });
  const childrenOf = `/proc/${parent.pid}/task/${parent.pid}/children`;
  let state = "";
  let pid = 0;
  while (state !== "Z") {
    pid = Number(readFileSync(childrenOf, "utf8").trim().split(" ")[0] || 0);
    if (pid > 0) state = /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "";
  }
  const started = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[19]!;
  expect(lives({ ...thisProcess(), pid, started })).toBe(false);
  parent.kill("SIGKILL");
});
