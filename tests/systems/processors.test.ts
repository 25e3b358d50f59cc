/** Local APICs, I/O APIC and several processors: a program of ours says the same on our machines and on QEMU's. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { JIT_MODES, type JitMode } from "../../emulator/jit/jit.ts";
import { requireOracle, withFolder } from "../oracle.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

/** The program's own lines: firmware writes to the debug console, too. */
const linesOf = (output: string): string[] => output.slice(output.indexOf("APIC feature")).trim().split("\n");

const ONE = [
  "APIC feature 00000001",
  "APIC base FEE00900",
  "APIC id 00000000",
  "count left 00000000",
  "ticks 00000004",
  "PIT interrupts 00000001",
  "processors 00000001",
  "done",
];

const disk = guest("tests/guest/smp.s");

function run(jit: JitMode): { lines: string[]; digest: string; instructions: number } {
  const system = new System({ firmware: ourFirmware(), disk, diskBytes: 1 << 20, jit });
  system.untilOff(10);
  const { machine } = system;
  return { lines: linesOf(system.debug), digest: machine.digest(), instructions: machine.instructions };
}

function runInQemu(qemu: string, more: readonly string[]): string[] {
  return withFolder((folder) => {
    const image = join(folder, "disk.img");
    const bytes = new Uint8Array(1 << 20);
    bytes.set(disk);
    writeFileSync(image, bytes);
    const options = ["-display", "none", "-net", "none", "-no-reboot", "-debugcon", "stdio", "-m", "32"];
    const exit = ["-device", "isa-debug-exit,iobase=0xf4"];
    const drive = ["-drive", `file=${image},format=raw,if=ide`];
    const { stdout } = spawnSync(qemu, [...options, ...exit, ...drive, ...more], { encoding: "utf8", timeout: 60_000 });
    return linesOf(stdout);
  });
}

describe("one processor", () => {
  test.each(JIT_MODES)("the APICs and their interrupts, compiler %s", (jit) => {
    const { lines, ...rest } = run(jit);
    expect(lines).toEqual(ONE);
    expect(rest).toEqual({ digest: run("off").digest, instructions: run("off").instructions });
  });

  test("QEMU says the same", (context) => {
    expect(runInQemu(requireOracle("qemu-system-i386", context), [])).toEqual(ONE);
  });
});
