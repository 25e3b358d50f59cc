/** Saved states: a machine that goes on from one ends where the uninterrupted one ends. */
import { describe, expect, test } from "vitest";
import { SparseDisk } from "../../emulator/disk.ts";
import { CableEnd } from "../../emulator/ether/cable-end.ts";
import { Machine } from "../../emulator/machine.ts";
import { StateError, StateReader, StateWriter } from "../../emulator/state-io.ts";
import { seabios } from "./devices/firmware-oracle.ts";
import { MIB } from "./devices/harness.ts";

function pc(firmware: Uint8Array, ramBytes = 8 * MIB): Machine {
  return new Machine({
    name: "pc", ramBytes, firmware, rtcStartSeconds: 1_700_000_000,
    ide: [{ kind: "disk", backend: new SparseDisk(8 * MIB) }, null, { kind: "cd", backend: new SparseDisk(MIB) }],
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
  test("SeaBIOS goes on from any moment of its boot as if nothing had been", (context) => {
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
});
