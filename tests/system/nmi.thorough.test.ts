/** A kernel that hangs with interrupts off: a non-maskable interrupt begins the debugger, in QEMU, where a person can send one. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { images } from "./images.ts";

test("shows where it hangs, and restarts the machine", async (context) => {
  const qemu = requireOracle("qemu-system-i386", context);
  const folder = mkdtempSync(join(tmpdir(), "qure-nmi-"));
  const [iso, monitor] = [join(folder, "qure.iso"), join(folder, "monitor")];
  writeFileSync(iso, images().iso);
  const options = ["-M", "pc", "-m", "32", "-display", "none", "-serial", "stdio", "-no-reboot", "-cdrom", iso];
  const child = execa(qemu, [...options, "-monitor", `unix:${monitor},server=on,wait=off`], {
    timeout: 120_000,
    reject: false,
    buffer: false,
    stdin: "pipe",
  });
  /** What the machine says -> what is done then. */
  const steps: readonly (readonly [RegExp, () => void])[] = [
    [/\S+:\/> $/, () => child.stdin!.write("crash hang\r")],
    [/interrupts are off\n$/, () => connect(monitor).end("nmi\n")],
    [/debug> $/, () => child.stdin!.write("u\r")],
    [/->\n.*\n[\s\S]*debug> $/, () => child.stdin!.write("reset\r")],
  ];
  let text = "";
  let step = 0;
  for await (const chunk of child.stdout!) {
    text += String(chunk).replace(/\r/g, "");
    while (step < steps.length && steps[step]![0].test(text)) steps[step++]![1]();
  }
  await child;
  rmSync(folder, { recursive: true, force: true });
  expect(text).toMatch(
    /DEBUG: non-maskable interrupt\n {2}(\w{8}) {2}crash_hang\+0x\w+ {2}asm\/shell\/crash\.s:\d+\n {2}\1 {2}ebfe +jmp/,
  );
  expect(text).toMatch(/ call {3}0x\w+ {2}<console_flush\+0x0>\n->\n/);
  expect(step).toBe(steps.length);
});
