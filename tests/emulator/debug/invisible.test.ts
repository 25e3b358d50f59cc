/**
 * What a debugger does to a machine, the guest cannot see: wherever it is stopped, it ends where the undisturbed one
 * ends.
 */
import { describe, expect, test } from "vitest";
import { Cluster } from "../../../emulator/cluster/cluster.ts";
import { CR0, CR3, CR4 } from "../../../emulator/cpu/layout.ts";
import { ClusterDebugger } from "../../../emulator/debug/cluster-debugger.ts";
import { readLinear, toPhysical, writeLinear } from "../../../emulator/debug/linear-memory.ts";
import { linearPc } from "../../../emulator/debug/registers.ts";
import type { Resume, Stop } from "../../../emulator/debug/stop.ts";
import { rowsOf } from "../../setup/tier.ts";
import { TICK_ROUTINE, tickingRom } from "../ticking.ts";

const MIB = 1024 * 1024;
const END_NS = 30_000_000;

/**
 * The loop has what is delicate at boundaries: STI and MOV SS, which hold interrupts back for an instruction, a
 * repeated string instruction, HLT, and PUSHF/POPF with TF set, so that the guest single-steps itself.
 */
const LOOP = `
    sti
    nop
    mov     ax, ss
    mov     ss, ax
    nop
    mov     si, 0x600
    mov     di, 0x700
    mov     cx, 0x20
    cld
    rep movsb
    pushf
    pop     ax
    or      ax, 0x100
    push    ax
    popf
    nop
    pushf
    pop     ax
    and     ax, 0xFEFF
    push    ax
    popf
    hlt`;
const STEP_VECTOR = "mov word ptr [1 * 4], offset step; mov word ptr [1 * 4 + 2], 0xF000";
const STEP = "step: inc word ptr [0x502]; iret";

function cluster(): Cluster {
  return new Cluster({
    nodes: ["a", "b"].map((name) => ({ name, ramBytes: MIB, disk: null, cdrom: null })),
    firmware: tickingRom(LOOP, STEP_VECTOR, STEP),
    seed: 3,
    gateway: false,
    linkLatencyNs: 50_000,
    startSeconds: 0,
  });
}

/**
 * Runs to the end with a debugger at each of the nodes given, which resumes after each stop as told. Returns the stops.
 */
function debugged(
  target: Cluster,
  prepare: (debuggers: ClusterDebugger) => void,
  next: (stop: Stop | null, index: number) => Resume,
  nodes: readonly number[],
): number {
  const debuggers = new ClusterDebugger(target);
  let stops = 0;
  const waiting: [number, Stop | null][] = [];
  for (const index of nodes) {
    debuggers.attach(index, (stop) => void waiting.push([index, stop]));
    waiting.push([index, null]);
  }
  prepare(debuggers);
  while (target.nowNs < END_NS) {
    for (const [index, stop] of waiting.splice(0)) {
      stops++;
      debuggers.resume(index, next(stop, index));
    }
    debuggers.runUntil(END_NS);
  }
  for (const index of nodes) debuggers.detach(index);
  return stops;
}

const plain = cluster();
plain.runUntil(END_NS);
const expected = plain.digest();

describe("invisible", () => {
  test("the guest does what it is meant to", () => {
    const counts = plain.machines[0]!.readMemory(0x500, 4);
    expect(counts[0]).toBeGreaterThan(20);
    expect(counts[2]).toBeGreaterThan(40);
  });

  for (const skips of rowsOf([true, false], 1)) {
    test(`every instruction is stepped, interrupts ${skips ? "run between steps" : "are stepped too"}`, () => {
      const target = cluster();
      const stops = debugged(
        target,
        ({ nodes }) => nodes.forEach((node) => (node.skipsInterrupts = skips)),
        () => ({ kind: "step", range: null }),
        [0, 1],
      );
      expect(stops).toBeGreaterThan(2000);
      expect(target.digest()).toBe(expected);
    });
  }

  test("a breakpoint at every address of the code, and on all data", () => {
    const target = cluster();
    const stops = debugged(
      target,
      ({ nodes }) => {
        for (let address = 0xf0000; address < 0xf0000 + 0x100; address++) nodes[0]!.addBreakpoint("software", address);
        nodes[1]!.addWatch("access", 0, 0x2000);
      },
      () => ({ kind: "continue" }),
      [0, 1],
    );
    expect(stops).toBeGreaterThan(1000);
    expect(target.digest()).toBe(expected);
  });

  test("forwards and backwards in turn", () => {
    const target = cluster();
    const plan: readonly Resume[] = [
      { kind: "step", range: null },
      { kind: "continue" },
      { kind: "continue" },
      { kind: "reverse step" },
      { kind: "step", range: null },
      { kind: "continue" },
      { kind: "reverse continue" },
      { kind: "continue" },
      { kind: "continue" },
      { kind: "continue" },
    ];
    let count = 0;
    const stops = debugged(
      target,
      ({ nodes }) => void nodes[0]!.addBreakpoint("hardware", TICK_ROUTINE),
      () => plan[count++ % plan.length]!,
      [0],
    );
    expect(stops).toBeGreaterThan(20);
    expect(target.digest()).toBe(expected);
  });

  test("each step back undoes a step, through interrupts, traps and halts", () => {
    const target = cluster();
    target.runUntil(3_000_000);
    const debuggers = new ClusterDebugger(target);
    let stopped: Stop | null = null;
    debuggers.attach(0, (stop) => (stopped = stop));
    const [node] = debuggers.nodes;
    node!.skipsInterrupts = false;
    const go = (resume: Resume): Stop => {
      stopped = null;
      debuggers.resume(0, resume);
      for (let leg = 0; leg < 100 && stopped === null; leg++) debuggers.runUntil(target.nowNs + 10_000_000);
      return stopped!;
    };
    const seen = (): string => `${node!.machine.instructions} ${linearPc(node!.core)} ${node!.core.state.eflags}`;
    const trail = [seen()];
    for (let step = 0; step < 150; step++) {
      expect(go({ kind: "step", range: null })).toEqual({ kind: "step" });
      trail.push(seen());
    }
    for (let step = 149; step >= 0; step--) {
      go({ kind: "reverse step" });
      expect(seen()).toBe(trail[step]);
    }
    expect(go({ kind: "reverse step" })).toEqual({ kind: "history begins" });
  });
});

describe("linear memory", () => {
  test("goes through the guest's page tables without leaving a trace in them", () => {
    const { board, processor } = cluster().machines[0]!;
    const { core } = processor;
    const put = (physical: number, value: number): void =>
      void writeLinear(core, physical, Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24));
    put(0x10000, 0x11007); // 0-4 MiB: a table at 11000h
    put(0x10004, 0x00087); // 4-8 MiB: a large page at 0
    put(0x11000 + 4 * 5, 0x20007);
    put(0x11000 + 4 * 6, 0x21005); // read-only for the guest
    put(0x11000 + 4 * 8, 0x00000);
    put(0x11000 + 4 * 9, 0xfec00007); // a device
    put(0x11000 + 4 * 10, 0xb8007); // video memory
    put(0x20ffc, 0x44332211);
    put(0x21000, 0x88776655);
    core.s[CR3] = 0x10000;
    core.s[CR4] = 0x10;
    core.s[CR0] = core.s[CR0]! | 0x80000001;
    expect(toPhysical(core, 0x5abc)).toBe(0x20abc);
    expect(toPhysical(core, 0x420abc)).toBe(0x20abc);
    expect(toPhysical(core, 0x8000)).toBe(null);
    expect(toPhysical(core, 0x800000)).toBe(null);
    expect([...readLinear(core, 0x5ffc, 8)]).toEqual([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
    expect(writeLinear(core, 0x5ffe, Uint8Array.of(1, 2, 3, 4))).toBe(true);
    expect([...readLinear(core, 0x420ffc, 8)]).toEqual([0x11, 0x22, 1, 2, 3, 4, 0x77, 0x88]);
    expect(readLinear(core, 0x8000, 4)).toHaveLength(0);
    expect(readLinear(core, 0x9000, 4)).toHaveLength(0);
    board.vga.window.writeMmio(0x18002, 2, 0x5178);
    expect([...readLinear(core, 0xa002, 2)]).toEqual([0x78, 0x51]);
    expect(writeLinear(core, 0x8ffe, Uint8Array.of(1, 2, 3, 4))).toBe(false);
    // Neither accessed nor dirty bits.
    expect([...readLinear(core, 0x411014, 8)]).toEqual([0x07, 0x00, 0x02, 0, 0x05, 0x10, 0x02, 0]);
  });
});
