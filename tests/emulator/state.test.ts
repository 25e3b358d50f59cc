/** Saved states: a machine that goes on from one ends where the uninterrupted one ends. */
import { describe, expect, test } from "vitest";
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { CableEnd } from "../../emulator/ether/cable-end.ts";
import { Machine } from "../../emulator/machine.ts";
import { StateError, StateReader, StateWriter } from "../../emulator/state/state-io.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { codeOf, inProtectedMode } from "./cpu/assembled.ts";
import { seabios } from "./devices/firmware-oracle.ts";
import { MIB } from "./devices/harness.ts";

function pc(firmware: Uint8Array, ramBytes = 8 * MIB): Machine {
  return new Machine({
    name: "pc",
    ramBytes,
    firmware,
    rtcStartSeconds: 1_700_000_000,
    ide: [{ kind: "disk", medium: new SparseDisk(8 * MIB) }, null, { kind: "cd", medium: new SparseDisk(MIB) }],
    network: [{ macAddress: Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56), port: new CableEnd("eth0") }],
  });
}

function save(machine: Machine): Uint8Array {
  const writer = new StateWriter();
  machine.visitState(writer);
  return writer.result();
}

function restore(machine: Machine, state: Uint8Array): void {
  const reader = new StateReader(state);
  machine.visitState(reader);
  reader.end();
}

describe("saved states", () => {
  thoroughly("SeaBIOS goes on from any moment of its boot as if nothing had been", (context) => {
    const firmware = seabios("bios.bin");
    if (!firmware) return context.skip("seabios is not installed");
    const original = pc(firmware);
    original.typeText("some keys, partly on their way");
    original.serialInput(0, Uint8Array.of(1, 2, 3));
    for (const timeNs of [100_000, 5_000_000, 60_000_000, 123_456_780, 400_000_000]) {
      original.runUntil(timeNs);
      const copy = pc(firmware);
      restore(copy, save(original));
      expect(copy.digest()).toBe(original.digest());
      original.runUntil(timeNs + 20_000_000);
      copy.runUntil(timeNs + 20_000_000);
      expect(copy.nowNs).toBe(original.nowNs);
      expect(copy.digest()).toBe(original.digest());
    }
    return undefined;
  });

  const rom = new Uint8Array(0x10000).fill(0xf4);

  test("what is truncated, altered or of another machine is refused with its reason", () => {
    const state = save(pc(rom));
    expect(() => restore(pc(rom), state.subarray(0, state.length - 1))).toThrow(/ends too early/);
    expect(() => restore(pc(rom), state.subarray(0, 100))).toThrow(StateError);
    expect(() => restore(pc(rom), Uint8Array.of(...state.subarray(0, 4), 9, 0, 0, 0))).toThrow(/version 9/);
    expect(() => restore(pc(rom), new Uint8Array(64))).toThrow(/not a saved state/);
    expect(() => restore(pc(rom, 4 * MIB), state)).toThrow(/8388608 bytes/);
    const longer = new Uint8Array(state.length + 1);
    longer.set(state);
    expect(() => restore(pc(rom), longer)).toThrow(/1 bytes are left over/);
  });

  test.each(
    rowsOf<[string, string]>(
      [
        ["32-bit paging", STALE_TRANSLATION],
        ["PAE paging", STALE_EXTENDED],
      ],
      1,
    ),
  )(
    "what the processor has cached of page tables goes with the state, also where the guest has changed them since: %s",
    (_, source) => {
      const rom = codeOf(source, 16);
      const original = pc(rom);
      original.runUntil(2_000_000);
      const copy = pc(rom);
      copy.restoreState(original.saveState());
      // Without them the guest reads through its changed table.
      const forgetful = pc(rom);
      restore(forgetful, save(original));
      for (const machine of [original, copy, forgetful]) machine.runUntil(3_000_000);
      expect(copy.digest()).toBe(original.digest());
      expect(forgetful.digest()).not.toBe(original.digest());
    },
  );
});

/** Maps a page elsewhere without INVLPG, after it was read, and goes on adding up what it reads there. */
const STALE_TRANSLATION = inProtectedMode(`
  mov dword ptr [0x10000], 0x11003
  mov edi, 0x11000
  mov eax, 3
1: mov [edi], eax
  add edi, 4
  add eax, 4096
  cmp edi, 0x12000
  jne 1b
  mov dword ptr [0x200000], 2
  mov dword ptr [0x300000], 1
  mov eax, 0x10000
  mov cr3, eax
  mov eax, cr0
  or eax, 0x80000000
  mov cr0, eax
  mov eax, [0x300000]
  mov dword ptr [0x11c00], 0x200003
2: mov eax, [0x300000]
  add [0x20000], eax
  jmp 2b`);

/** The same with PAE, where the first table of all is overwritten, too. */
const STALE_EXTENDED = inProtectedMode(`
  mov dword ptr [0x13000], 0x10001
  mov dword ptr [0x10000], 0x11003
  mov dword ptr [0x10008], 0x12003
  mov edi, 0x11000
  mov eax, 3
1: mov [edi], eax
  add edi, 8
  add eax, 4096
  cmp edi, 0x12000
  jne 1b
  mov dword ptr [0x12800], 0x300003
  mov dword ptr [0x200000], 2
  mov dword ptr [0x300000], 1
  mov eax, 0x20
  mov cr4, eax
  mov eax, 0x13000
  mov cr3, eax
  mov eax, cr0
  or eax, 0x80000000
  mov cr0, eax
  mov eax, [0x300000]
  mov dword ptr [0x12800], 0x200003
  mov dword ptr [0x13000], 0
2: mov eax, [0x300000]
  add [0x20000], eax
  mov byte ptr [0x30000], 1
  invlpg [0x30000]
  jmp 2b`);
