/** Several processors are gdb's threads: each has its registers, and steps while the others go on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fromHex, fromLatin1 } from "../../../emulator/debug/packet.ts";
import { requireOracle } from "../../oracle.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { boot, images } from "../../system/images.ts";
import { codeOf, inProtectedMode } from "../cpu/assembled.ts";
import { Peer } from "./peer.ts";
import { debug } from "./real-gdb.ts";

const ECX = 1;
const EDX = 2;
/** Where the second processor begins, sent there by the first: both count. */
const SECOND = 0xf1000;
const SOURCE = inProtectedMode(`
  mov     dword ptr [0xfee000f0], 0x1ff         # the local APIC is on
  mov     dword ptr [0xfee00310], 1 << 24       # to processor 1:
  mov     dword ptr [0xfee00300], 0x4500        # INIT
  mov     dword ptr [0xfee00300], 0x46f1        # start-up at F100:0000
1:
  inc     edx
  jmp     1b
  .org    0x1000
  .code16
second:
  inc     ecx
  jmp     second
`);
const rom = (): Uint8Array => codeOf(SOURCE, 16);

/** Both processors run, and the second one has come to its loop. */
function started(): Peer {
  const peer = new Peer(rom(), { processors: 2 });
  expect(peer.ask(`Z0,${SECOND.toString(16)},1`)).toBe("OK");
  expect(peer.ask("vCont;c")).toMatch(/^T05.*thread:2;/);
  expect(peer.ask(`z0,${SECOND.toString(16)},1`)).toBe("OK");
  return peer;
}

test("each processor is a thread, with registers of its own", () => {
  const peer = started();
  expect(peer.ask("qfThreadInfo")).toBe("m1,2");
  expect(peer.ask("qC")).toBe("QC2");
  expect(peer.ask("T2")).toBe("OK");
  expect(peer.ask("T3")).toBe("E16");
  const described = [1, 2].map((thread) => fromLatin1(fromHex(peer.ask(`qThreadExtraInfo,${thread}`))!));
  expect(described).toEqual([
    expect.stringMatching(/^n0, processor 0: protected mode/),
    expect.stringMatching(/^n0, processor 1: real mode/),
  ]);
  expect(peer.pc).toBe(SECOND);
  expect(peer.ask("Hg1")).toBe("OK");
  expect(peer.pc).toBeLessThan(SECOND);
  expect(peer.register(EDX)).toBeGreaterThan(0);
  expect(peer.ask(`P${EDX}=78563412`)).toBe("OK");
  expect(peer.register(EDX)).toBe(0x12345678);
  expect(peer.ask("Hg2")).toBe("OK");
  expect(peer.register(EDX)).not.toBe(0x12345678);
  expect(peer.ask("Hg3")).toBe("E16");
  expect(peer.ask("vCont;s:7")).toBe("E16");
});

test("the thread that is told to steps one instruction, and the others go on meanwhile", () => {
  const peer = started();
  const of = (thread: number): readonly [pc: number, ecx: number, edx: number] => {
    peer.ask(`Hg${thread}`);
    return [peer.pc, peer.register(ECX), peer.register(EDX)];
  };
  const [, ecx] = of(2);
  const [pc, , edx] = of(1);
  expect(peer.ask("vCont;s:1;c")).toMatch(/^T05.*thread:1;/);
  expect(of(1)[0]).not.toBe(pc);
  expect(of(1)[2] - edx).toBeLessThanOrEqual(1);
  expect(of(2)[1]).toBeGreaterThan(ecx);
  // A second step follows at once, in the same turn.
  const counted = of(2)[1];
  expect(peer.ask("vCont;s:1;c")).toMatch(/thread:1;/);
  expect(of(2)[1]).toBe(counted);
  expect(peer.ask("Hc2")).toBe("OK");
  expect(peer.ask("s")).toMatch(/thread:2;/);
  expect(of(2)[1] - counted).toBeLessThanOrEqual(1);
});

test("steps of either thread change nothing of the run", () => {
  const run = (steps: number): string => {
    const peer = new Peer(rom(), { processors: 2 });
    for (let step = 0; step < steps; step++) {
      expect(peer.ask(`vCont;s:${step < 20 ? 1 : 1 + (step % 2)};c`)).toMatch(/^T05/);
    }
    peer.ask("D");
    peer.debuggers.runUntil(20_000_000);
    return peer.cluster.machines[0]!.digest();
  };
  expect(run(30)).toBe(run(0));
});

thoroughly("gdb lists them, and goes from one to the other", async (context) => {
  const gdb = requireOracle("gdb", context);
  const folder = mkdtempSync(join(tmpdir(), "qure-gdb-"));
  try {
    const lab = boot({ nodes: [{ cdrom: images().iso, processor: "pentium", processors: 2, ramBytes: 16 << 20 }] });
    const [output] = await debug(lab, gdb, folder, [
      { commands: ["info threads", "thread 2", "print $eip", "thread 1", "stepi", "info threads", "detach"] },
    ]);
    expect(output).toMatch(/\* 1 .*processor 0: real mode[\s\S]*2 .*processor 1: real mode/);
    expect(output).toMatch(/Switching to thread 2/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
