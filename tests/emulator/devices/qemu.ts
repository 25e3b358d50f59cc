/**
 * Runs scripts of register accesses (script.ts) in QEMU through its qtest protocol. The machine stands still (`-S`):
 * no processor runs and no time passes, so only scripts without `wait` can be run. For those with `pass`, its clock
 * goes, beside a processor that has halted: they expect only what stays so afterwards.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { check, parseScript, type Step } from "./script.ts";

const SUFFIX = { 1: "b", 2: "w", 4: "l" } as const;
/** Every QEMU starts at this date, as `TestBoard` does. */
const ARGUMENTS = [
  "-M",
  "pc",
  "-m",
  "4",
  "-display",
  "none",
  "-vga",
  "std",
  "-rtc",
  "base=2000-01-01T00:00:00,clock=vm",
  "-qtest",
  "stdio",
  "-qtest-log",
  "/dev/null",
  "-serial",
  "null",
  "-monitor",
  "none",
];

/** So often QEMU is asked something where time is to pass: each time it goes on with what it has begun. */
const SETTLING_ROUNDS = 25;

const HELD = ["-S"] as const;
/** A firmware that halts at once. */
const FIRMWARE_BYTES = 65_536;
const RESET_VECTOR = FIRMWARE_BYTES - 16;
const HALT = Uint8Array.of(0xfa, 0xf4, 0xeb, 0xfd);
/** QEMU moves samples each 10 ms. */
const MORE_MS = 60;

function firmwareIn(folder: string): string {
  const firmware = new Uint8Array(FIRMWARE_BYTES);
  firmware.set(HALT, RESET_VECTOR);
  const path = join(folder, "halt.bin");
  writeFileSync(path, firmware);
  return path;
}

function command(step: Step): string {
  const address = `0x${step.address.toString(16)}`;
  const suffix = SUFFIX[step.size];
  switch (step.verb) {
    case "out":
      return `out${suffix} ${address} 0x${step.value.toString(16)}`;
    case "in":
      return `in${suffix} ${address}`;
    case "write":
      return `write${suffix} ${address} 0x${step.value.toString(16)}`;
    case "read":
      return `read${suffix} ${address}`;
    case "ram":
      if (step.expected !== null) return `readb ${address}`;
      return `write ${address} ${step.bytes.length} 0x${Buffer.from(step.bytes).toString("hex")}`;
    default:
      throw new Error(`${step.text}: qtest cannot do that`);
  }
}

/** Throws at the first expectation that QEMU does not meet. */
export async function runInQemu(qemu: string, script: string, more: readonly string[]): Promise<void> {
  const steps = parseScript(script);
  const folder = mkdtempSync(join(tmpdir(), "qure-qtest-"));
  const clock = steps.some(({ verb }) => verb === "pass") ? ["-bios", firmwareIn(folder)] : HELD;
  const child = spawn(qemu, [...ARGUMENTS, ...clock, ...more], { stdio: ["pipe", "pipe", "ignore"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<number> => {
    child.stdin.write(`${question}\n`);
    const { value, done } = await answers.next();
    if (done || !String(value).startsWith("OK")) throw new Error(`${question}: QEMU says ${value}`);
    return Number.parseInt(String(value).split(" ")[1] ?? "0", 16);
  };
  try {
    for (const step of steps)
      if (step.verb === "pass") await setTimeout(step.value / 1e6 + MORE_MS);
      else if (step.verb === "settle") for (let round = 0; round < SETTLING_ROUNDS; round++) await ask("inb 0x80");
      else check(step, await ask(command(step)));
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}
