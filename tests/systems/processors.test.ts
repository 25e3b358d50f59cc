/** Local APICs, I/O APIC and several processors: a program of ours says the same on our machines and on QEMU's. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ModelName } from "../../emulator/cpu/model.ts";
import { JIT_MODES, type JitMode } from "../../emulator/jit/jit.ts";
import { requireOracle, withFolder } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

/** The program's own lines: firmware writes to the debug console, too. */
const linesOf = (output: string): string[] => output.slice(output.indexOf("APIC feature")).trim().split("\n");

/** What it says on a PC with so many processors. */
function expected(processors: number): string[] {
  const line = (text: string, value: number): string => `${text} ${value.toString(16).toUpperCase().padStart(8, "0")}`;
  const alone = [
    line("APIC feature", 1),
    line("APIC base", 0xfee00900),
    line("APIC id", 0),
    line("count left", 0),
    line("ticks", 4),
    line("PIT interrupts", 1),
    line("processors", processors),
  ];
  if (processors === 1) return [...alone, "done"];
  return [
    ...alone,
    line("started", processors),
    line("guarded by a lock", 5000 * processors),
    line("guarded by LOCK", 5000 * processors),
    line("saw neither", 0),
    line("pongs", 100 * (processors - 1)),
    line("sum of written code", 5050 * processors),
    line("sum of the moving page", 3 * processors),
    line("came to the end", processors - 1),
    "done",
  ];
}

const disk = guest("tests/guest/programs/smp.s");

function started(processors: number, jit: JitMode): System {
  return new System({ firmware: ourFirmware(), disk, diskBytes: 1 << 20, jit, processors });
}

interface Outcome {
  readonly lines: string[];
  readonly digest: string;
  readonly instructions: number;
}

function outcome(system: System): Outcome {
  system.untilOff(20);
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

describe.each(rowsOf([2, 1, 3, 8], 1))("%i processors", (processors) => {
  test("start, count, and interrupt each other, with the compiler and without", () => {
    const [first, ...others] = rowsOf(JIT_MODES, 2).map((jit) => outcome(started(processors, jit)));
    expect(first!.lines).toEqual(expected(processors));
    for (const other of others) expect(other).toEqual(first);
  });
});

describe("a machine with several processors", () => {
  thoroughly("is in the same state however its run is cut, and goes on from a snapshot at any moment", () => {
    const whole = outcome(started(3, "on"));
    const system = started(3, "on");
    // Odd stretches, so that turns, halts and interrupts are cut everywhere; each ends in another machine.
    let stretchNs = 370_010;
    const output: string[] = [];
    let current = system;
    while (current.machine.power === "on") {
      current.machine.runUntil(current.machine.nowNs + stretchNs);
      stretchNs = 10 * (1 + ((stretchNs * 7) % 400_000));
      const next = started(3, "on");
      next.machine.restoreState(current.machine.saveState());
      expect(next.machine.digest()).toBe(current.machine.digest());
      output.push(current.debug);
      current = next;
    }
    expect(linesOf(output.join(""))).toEqual(whole.lines);
    expect(current.machine.instructions).toBe(whole.instructions);
  });

  test("is not restored from one with another number of them", () => {
    const [two, three] = [2, 3].map((processors) => started(processors, "off").machine);
    expect(() => three!.restoreState(two!.saveState())).toThrow("state of a machine with 2 processors, this one has 3");
  });

  test("needs processors with APICs, 1 to 8 of them", () => {
    const machine = (processors: number, processor?: ModelName) => () =>
      new System({ firmware: ourFirmware(), processors, ...(processor ? { processor } : {}) });
    expect(machine(2, "486")).toThrow("2 processors of the model 486: it has no local APIC");
    expect(machine(0)).toThrow("0 processors: expected 1 to 8");
    expect(machine(9)).toThrow("9 processors: expected 1 to 8");
  });

  test("has them all in the tables of its firmware", () => {
    const system = new System({ firmware: ourFirmware(), processors: 4 });
    system.untilScreen(/No bootable device/, 5);
    const madt = Buffer.from(system.machine.readMemory(0xe0100, 0xc0));
    expect(madt.toString("latin1", 0, 4)).toBe("APIC");
    const numbers: number[] = [];
    for (let at = 44; at < madt.readUInt32LE(4); at += madt[at + 1]!) if (madt[at] === 0) numbers.push(madt[at + 3]!);
    expect(numbers).toEqual([0, 1, 2, 3]);
    const mp = Buffer.from(system.machine.readMemory(0xe1000, 0x100));
    expect([0, 1, 2, 3].map((number) => [...mp.subarray(44 + 20 * number, 48 + 20 * number)])).toEqual([
      [0, 0, 0x14, 3],
      [0, 1, 0x14, 1],
      [0, 2, 0x14, 1],
      [0, 3, 0x14, 1],
    ]);
  });
});

for (const processors of [2, 1])
  thoroughly(`QEMU says the same with ${processors} processors`, (context) => {
    const qemu = requireOracle("qemu-system-i386", context);
    expect(runInQemu(qemu, ["-smp", String(processors)])).toEqual(expected(processors));
  });
