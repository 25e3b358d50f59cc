/** The real gdb debugs the real kernel: what people do with it, and that the guest never notices. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blankDisk, type LabCluster } from "../../../src/index.ts";
import { requireOracle } from "../../oracle.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { boot, images } from "../../system/images.ts";
import { debug, printedValue } from "./real-gdb.ts";

const MIB = 1024 * 1024;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-gdb-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function cluster(nodes: number): LabCluster {
  return boot({
    nodes: Array.from({ length: nodes }, () => ({
      cdrom: images().iso,
      disk: blankDisk(16 * MIB),
      ramBytes: 16 * MIB,
    })),
  });
}

/** The digest of a cluster that nobody debugs, at a virtual time. */
async function digestAt(nodes: number, timeNs: number): Promise<string> {
  const lab = cluster(nodes);
  await lab.advance(timeNs);
  return lab.digest();
}

describe("gdb", () => {
  test("breaks by name, shows and steps source lines, reads and writes registers and memory", async (context) => {
    const gdb = requireOracle("gdb", context);
    const lab = cluster(1);
    const [output] = await debug(lab, gdb, folder, [
      {
        commands: [
          "break clock_tick",
          "continue",
          "backtrace 1",
          "step",
          "step",
          "step 5",
          "step",
          'printf "before = %d\\n", *(int*)&clock_ticks',
          "set var *(int*)&clock_ticks = 4711",
          'printf "after = %d\\n", *(int*)&clock_ticks',
          "set var $eax = 0x12345678",
          'printf "eax = %x\\n", $eax',
          "x/2i clock_tick",
          "next",
          "info line",
          "monitor mode",
          "kill",
        ],
      },
    ]);
    expect(output).toMatch(/Breakpoint 1, clock_tick \(\) at asm\/kernel\/clock\.s:\d+/);
    expect(output).toMatch(/#0 {2}clock_tick \(\) at asm\/kernel\/clock\.s/);
    expect(output).toMatch(/^\d+\t.*call +timers_run/m);
    expect(printedValue(output!, "before")).toBe("2");
    expect(printedValue(output!, "after")).toBe("4711");
    expect(printedValue(output!, "eax")).toBe("12345678");
    expect(output).toMatch(/<clock_tick>:\s+mov +0x/);
    expect(output).toMatch(/protected mode, 32-bit code, ring 0/);
    // Killing a machine takes its power.
    expect(lab.nodes[0]!.isOff).toBe(true);
  });

  thoroughly("shows the callers, through an interrupt too, steps over calls and out of routines", async (context) => {
    const gdb = requireOracle("gdb", context);
    const [output] = await debug(cluster(1), gdb, folder, [
      {
        commands: [
          "break printf",
          "continue",
          "continue",
          "backtrace",
          "finish",
          "delete",
          "break clock_tick",
          "continue",
          "backtrace",
          "next",
          "next",
          "info symbol $pc",
          "up",
          "info symbol $pc",
          "detach",
        ],
      },
    ]);
    expect(output).toMatch(
      /#0 +printf \(\)[^#]*#1 .* in \w+ \(\) at asm\/[\s\S]*#[2-9] .* in kernel_entry \(\) at asm\/kernel\/entry\.s:\d+\n/,
    );
    expect(output).toMatch(
      /#0 +clock_tick \(\)[^#]*#1 .* in irq_real \(\)[^#]*#2 +<signal handler called>\s+#3 .*idle \(\)[^#]*#4 .* in task_start \(\) at [^#]*\n\d+\s+cmp .*\n\d+\s+je /,
    );
    expect(output).toMatch(/^clock_tick \+ 12 in section/m);
  });

  thoroughly("understands 16-bit code: the boot sector by its linear address, and CS:IP", async (context) => {
    const gdb = requireOracle("gdb", context);
    const [output] = await debug(cluster(1), gdb, folder, [
      {
        commands: [
          "set architecture i8086",
          "x/i $pc",
          "stepi",
          "x/i $pc",
          "break *0x7c00",
          "continue",
          "x/2i $pc",
          "stepi",
          "stepi",
          "monitor mode",
          'printf "pc = %x\\n", $pc',
          "monitor phys 0x7dfe 2",
          "set architecture i386",
          "x/i 0x100000",
          "detach",
        ],
      },
    ]);
    expect(output).toMatch(/=> 0xfffffff0:\tljmp +\$0xf000/);
    expect(output).toMatch(/=> 0xf[0-9a-f]{4}:/);
    expect(output).toMatch(/Breakpoint 1, 0x0*7c00/);
    expect(output).toMatch(/=> 0x7c00:\tcli\s*\n.*push +%es/);
    expect(printedValue(output!, "pc")).toBe("7c02");
    expect(output).toMatch(/real mode, CS:IP 0000:7c02/);
    expect(output).toMatch(/00007dfe {2}55 aa/);
  });

  thoroughly("steps through the boot sector and the loader line by line", async (context) => {
    const gdb = requireOracle("gdb", context);
    const [output] = await debug(cluster(1), gdb, folder, [
      {
        commands: [
          `add-symbol-file ${join(folder, "loader.elf")}`,
          "set architecture i8086",
          "break boot_sector",
          "continue",
          "step",
          "step",
          "reverse-step",
          "info symbol $pc",
          "detach",
        ],
      },
    ]);
    expect(output).toMatch(/Breakpoint 1, boot_sector \(\) at boot\/loader\/boot-sector\.s:(\d+)\n\1\t +cli/);
    expect(output).toMatch(/^\d+\t +push +es\n\d+\t +pop +fs\n\d+\t +push +es\nboot_sector \+ 1 in section/m);
  });

  thoroughly("watches data: writes, reads, and both", async (context) => {
    const gdb = requireOracle("gdb", context);
    const [output] = await debug(cluster(1), gdb, folder, [
      {
        commands: [
          "break clock_tick",
          "continue",
          "delete",
          "watch *(int*)&clock_ticks",
          "continue",
          "info symbol $pc",
          "continue",
          "delete",
          "rwatch *(int*)&clock_ticks",
          "continue",
          "info symbol $pc",
          "delete",
          "awatch *(int*)&clock_ticks",
          "continue",
          "detach",
        ],
      },
    ]);
    expect(output).toMatch(/Old value = 0\s+New value = 2/);
    expect(output).toMatch(/Old value = 2\s+New value = 7/);
    expect(output).toMatch(/clock_tick \+ 36 in section/);
    expect(output).toMatch(/read watchpoint 3[\s\S]*Value = 7/);
    expect(output).toMatch(/access \(read\/write\) watchpoint 4/);
  });

  thoroughly("interrupts a running guest", async (context) => {
    const gdb = requireOracle("gdb", context);
    const [output] = await debug(cluster(1), gdb, folder, [
      {
        commands: ["echo running\\n", "continue", "echo stopped\\n", "monitor time", "stepi", "detach"],
        interrupt: { after: "running", delayMs: 600 },
      },
    ]);
    expect(output).toMatch(/received signal SIGINT/);
    expect(output).toMatch(/stopped\s+qure-1: [1-9]\d* ns/);
  });

  thoroughly("steps do not fall into the handlers of interrupts, unless they are told to", async (context) => {
    const gdb = requireOracle("gdb", context);
    // The idle loop halts: every step over HLT waits for an interrupt.
    const steps = Array.from({ length: 12 }, () => ["nexti", "info symbol $pc"]).flat();
    const [output] = await debug(cluster(1), gdb, folder, [
      {
        commands: ["break idle", "continue", "delete", ...steps, "monitor interrupts enter", ...steps, "detach"],
      },
    ]);
    const [skipping, entering] = output!.split("steps go into the handlers");
    expect(skipping).toMatch(/idle/);
    expect(skipping).not.toMatch(/^(clock_tick|interrupt_|irq_)/m);
    expect(entering!.match(/in section/g)!.length).toBeGreaterThan(8);
    expect(entering).toMatch(/^(?!idle).* in section/m);
  });

  thoroughly("goes backwards to the same registers, lines and breakpoints, and forwards again", async (context) => {
    const gdb = requireOracle("gdb", context);
    const lab = cluster(1);
    const registers = (name: string): string[] => [
      `printf "${name} = %x %x %x %x %x %x\\n", $pc, $sp, $eax, $ecx, $esi, $eflags`,
      "monitor time",
    ];
    const [output] = await debug(lab, gdb, folder, [
      {
        commands: [
          "break clock_tick",
          "continue",
          ...registers("first"),
          "continue",
          "stepi",
          "stepi",
          ...registers("second"),
          ...Array.from({ length: 9 }, () => "stepi"),
          ...Array.from({ length: 9 }, () => "reverse-stepi"),
          ...registers("back"),
          "reverse-continue",
          "reverse-continue",
          ...registers("begin"),
          "watch *(int*)&clock_ticks",
          "continue",
          "continue",
          "reverse-continue",
          'printf "watched = %d\\n", *(int*)&clock_ticks',
          "delete",
          "break clock_tick",
          "reverse-continue",
          "continue",
          "reverse-step",
          "reverse-next",
          "monitor history",
          "detach",
        ],
      },
    ]);
    const [first, second, back, begin] = ["first", "second", "back", "begin"].map((name) =>
      printedValue(output!, name),
    );
    expect(back).toBe(second);
    expect(begin).toBe(first);
    const times = [...output!.matchAll(/qure-1: (\d+) ns/g)].map((match) => Number(match[1]));
    expect(times[2]).toBe(times[1]);
    expect(times[3]).toBe(times[0]);
    expect(output).toMatch(/No more reverse-execution history|clock_tick/);
    expect(output).toMatch(/back to 0 ns of virtual time/);
    // What gdb did left no trace: the rest of the run is the one that nobody debugged.
    const end = lab.nowNs + 50_000_000 - (lab.nowNs % 1_000_000);
    await lab.advance(end - lab.nowNs);
    expect(lab.digest()).toBe(await digestAt(1, end));
  });

  thoroughly("goes backwards over calls and out of routines", async (context) => {
    const gdb = requireOracle("gdb", context);
    const place = (name: string): string => `printf "${name} = %d\\n", $pc - (int)&disk_print`;
    const [output] = await debug(cluster(1), gdb, folder, [
      {
        commands: [
          "break disk_print",
          "continue",
          "break printf",
          "continue",
          "delete",
          "next",
          "next",
          "reverse-finish",
          place("called"),
          "reverse-next",
          "reverse-next",
          place("before"),
          "next",
          "next",
          "next",
          place("over"),
          "reverse-next",
          place("back"),
          "info float",
          "detach",
        ],
      },
    ]);
    const [called, before, over, back] = ["called", "before", "over", "back"].map((name) =>
      Number(printedValue(output!, name)),
    );
    // The routine that calls printf, in the middle; then its lines before, with nothing of printf in between.
    expect(called).toBeGreaterThan(0);
    expect(before).toBeGreaterThanOrEqual(0);
    expect(before).toBeLessThan(called!);
    expect(over).toBeGreaterThan(before!);
    expect(back).toBeLessThan(over!);
    expect(output).toMatch(/Control Word: +0x0040/);
  });

  thoroughly(
    "two nodes at once: while one is held, virtual time stands for all, and the cluster goes on as if nothing had been",
    async (context) => {
      const gdb = requireOracle("gdb", context);
      const lab = cluster(3);
      const outputs = await debug(lab, gdb, folder, [
        {
          node: 0,
          commands: [
            "break clock_tick",
            "continue",
            "continue",
            "monitor time",
            "stepi",
            "stepi",
            "monitor nodes",
            "detach",
          ],
        },
        {
          node: 2,
          commands: [
            "break clock_tick",
            "continue",
            "monitor time",
            "shell sleep 0.3",
            "monitor time",
            "step",
            "step",
            "monitor time",
            "detach",
          ],
        },
      ]);
      expect(outputs[0]).toMatch(/Breakpoint 1, clock_tick[\s\S]*Breakpoint 1, clock_tick/);
      expect(outputs[1]).toMatch(/Breakpoint 1, clock_tick/);
      const times = [...outputs[1]!.matchAll(/qure-3: (\d+) ns/g)].map((match) => Number(match[1]));
      expect(times[1]).toBe(times[0]);
      expect(times[2]! - times[0]!).toBeLessThan(1000);
      expect(outputs[0]!.match(/^qure-\d {2}/gm)).toHaveLength(3);
      const end = lab.nowNs + 100_000_000 - (lab.nowNs % 1_000_000);
      await lab.advance(end - lab.nowNs);
      expect(lab.digest()).toBe(await digestAt(3, end));
    },
  );
});
