/** The firmware's ACPI tables as POST leaves them in memory: sums, pointers, and what `iasl` says of them. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Machine } from "../../emulator/machine.ts";
import { requireOracle, withFolder } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { ourFirmware } from "./packages.ts";
import { System, type SystemConfig } from "./system.ts";

const TABLES_AT = 0xe0000;

interface Table {
  readonly signature: string;
  readonly bytes: Uint8Array;
}

const text = new TextDecoder("latin1");

const sumOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;

/** A machine that POST is done with. */
function started(config: Partial<SystemConfig> = {}): Machine {
  const system = new System({ firmware: ourFirmware(), ...config });
  system.untilScreen(/No bootable device/, 5);
  return system.machine;
}

/** All tables that can be reached from the root pointer in the ROM. */
function tables(machine = started()): Table[] {
  const rom = machine.readMemory(0xf0000, 0x10000);
  const root = text.decode(rom).indexOf("RSD PTR ");
  expect(root % 16).toBe(0);
  expect(sumOf(rom.subarray(root, root + 20))).toBe(0);
  const at = (address: number): Table => {
    const length = new DataView(machine.readMemory(address, 8).buffer).getUint32(4, true);
    const bytes = machine.readMemory(address, length);
    return { signature: text.decode(bytes.subarray(0, 4)), bytes };
  };
  const words = ({ bytes }: Table, offset: number): number => new DataView(bytes.buffer).getUint32(offset, true);
  const rsdt = at(new DataView(rom.buffer).getUint32(root + 16, true));
  const found = [rsdt];
  for (let offset = 36; offset < rsdt.bytes.length; offset += 4) found.push(at(words(rsdt, offset)));
  const fadt = found.find(({ signature }) => signature === "FACP")!;
  return [...found, at(words(fadt, 36)), at(words(fadt, 40))];
}

describe("ACPI tables", () => {
  test("are there, add up to zero, and lie in reserved memory", () => {
    const found = tables();
    expect(found.map(({ signature }) => signature)).toEqual(["RSDT", "FACP", "APIC", "HPET", "FACS", "DSDT"]);
    for (const { signature, bytes } of found)
      if (signature !== "FACS") expect([signature, sumOf(bytes)]).toEqual([signature, 0]);
    expect(new DataView(found[0]!.bytes.buffer).getUint32(36, true)).toBeGreaterThanOrEqual(TABLES_AT);
  });

  test.for(
    rowsOf(
      [
        [2, false],
        [3, false],
        [4, true],
      ] as const,
      2,
    ),
  )("name COM3, COM4 and LPT1 where they are: %i serial ports", ([serialPorts, parallelPort]) => {
    const dsdt = tables(started({ serialPorts, parallelPort })).find(({ signature }) => signature === "DSDT")!;
    expect(sumOf(dsdt.bytes)).toBe(0);
    // The device's name, and its status: Name (_STA, byte).
    const said = [...text.decode(dsdt.bytes).matchAll(/(COM3|COM4|LPT1)\x08_HID[\s\S]*?_STA\n([\s\S])/g)];
    expect(said.map(([, name, status]) => [name, status!.charCodeAt(0)])).toEqual([
      ["COM3", serialPorts > 2 ? 0x0f : 0],
      ["COM4", serialPorts > 3 ? 0x0f : 0],
      ["LPT1", parallelPort ? 0x0f : 0],
    ]);
  });

  test("iasl disassembles them without complaint, and its source compiles without error", (context) => {
    const iasl = requireOracle("iasl", context);
    withFolder((folder) => {
      for (const { signature, bytes } of tables()) {
        const file = join(folder, `${signature}.dat`);
        writeFileSync(file, bytes);
        const run = spawnSync(iasl, ["-d", file], { encoding: "utf8" });
        expect(`${run.stdout}${run.stderr}`).toMatch(/(ASL|Formatted) output:/i);
        expect(`${run.stdout}${run.stderr}`).not.toMatch(/\b(error|warning|could not|invalid)\b/i);
      }
      const source = readFileSync(join(folder, "DSDT.dsl"), "utf8");
      for (const name of [
        "Device (PCI0)",
        "Name (_PRT",
        "Device (LNKD)",
        "Device (COM2)",
        "Device (COM4)",
        "Device (LPT1)",
        "Device (KBD)",
        "Device (RTC)",
      ])
        expect(source).toContain(name);
      const again = spawnSync(iasl, ["-p", join(folder, "again"), join(folder, "DSDT.dsl")], { encoding: "utf8" });
      expect(again.stdout).toContain("0 Errors");
    });
  });
});

/**
 * The MP configuration table's entries by their kinds, and whether the sums are right; null where there is no table.
 */
function mpEntries(machine: Machine): { kind: number; bytes: number[] }[] | null {
  const segment = new DataView(machine.readMemory(0x40e, 2).buffer).getUint16(0, true);
  const area = machine.readMemory(segment * 16, 1024);
  const at = text.decode(area).indexOf("_MP_");
  if (at < 0) return null;
  expect(at % 16).toBe(0);
  const pointer = area.slice(at, at + 16);
  expect(sumOf(pointer)).toBe(0);
  const address = new DataView(pointer.buffer).getUint32(4, true);
  const head = new DataView(machine.readMemory(address, 44).buffer);
  const table = machine.readMemory(address, head.getUint16(4, true));
  expect([text.decode(table.subarray(0, 4)), sumOf(table)]).toEqual(["PCMP", 0]);
  const entries: { kind: number; bytes: number[] }[] = [];
  for (let offset = 44; offset < table.length; ) {
    const kind = table[offset]!;
    const length = kind === 0 ? 20 : 8;
    entries.push({ kind, bytes: [...table.subarray(offset, offset + length)] });
    offset += length;
  }
  expect(entries.length).toBe(head.getUint16(34, true));
  return entries;
}

describe("MP tables", () => {
  test("name the processor, the I/O APIC, and where interrupts come in, as the MADT does", () => {
    const machine = started();
    const entries = mpEntries(machine)!;
    const of = (kind: number): number[][] => entries.filter((entry) => entry.kind === kind).map(({ bytes }) => bytes);
    expect(of(0).map((bytes) => bytes.slice(0, 4))).toEqual([[0, 0, 0x14, 3]]);
    expect(of(1).map((bytes) => text.decode(Uint8Array.from(bytes.slice(2))))).toEqual(["PCI   ", "ISA   "]);
    expect(of(2)).toEqual([[2, 0, 0x20, 1, 0, 0, 0xc0, 0xfe]]);
    const isa = new Map(
      of(3).flatMap(([, , flags, , bus, irq, , input]) => (bus === 1 ? [[irq!, [input, flags]]] : [])),
    );
    expect([isa.get(0), isa.get(1), isa.get(2), isa.get(9), isa.size]).toEqual([
      [2, 0],
      [1, 0],
      undefined,
      [9, 13],
      15,
    ]);
    // Each of the MADT's overrides says the same.
    const madt = tables(machine).find(({ signature }) => signature === "APIC")!.bytes;
    for (let offset = 44; offset < madt.length; offset += madt[offset + 1]!)
      if (madt[offset] === 2) expect(isa.get(madt[offset + 3]!)).toEqual([madt[offset + 4], madt[offset + 8]]);
    // Slot 3, INTA#: PIRQC, IRQ 11.
    expect(of(3).find(([, , , , bus, pin]) => bus === 0 && pin === 3 << 2)?.[7]).toBe(11);
    expect(of(4).map((bytes) => bytes.slice(1, 8))).toEqual([
      [3, 0, 0, 1, 0, 0xff, 0],
      [1, 0, 0, 1, 0, 0xff, 1],
    ]);
  });

  thoroughly("are not there for a processor without an APIC", () => {
    const machine = started({ processor: "486" });
    expect(mpEntries(machine)).toBeNull();
    expect(tables(machine).map(({ signature }) => signature)).toEqual(["RSDT", "FACP", "HPET", "FACS", "DSDT"]);
    const bare = started({ processor: "486", hpet: false });
    expect(tables(bare).map(({ signature }) => signature)).toEqual(["RSDT", "FACP", "FACS", "DSDT"]);
  });
});
