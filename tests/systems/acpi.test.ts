/** The firmware's ACPI tables as POST leaves them in memory: sums, pointers, and what `iasl` says of them. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { requireOracle, withFolder } from "../oracle.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

const TABLES_AT = 0xe0000;

interface Table {
  readonly signature: string;
  readonly bytes: Uint8Array;
}

/** All tables that can be reached from the root pointer in the ROM. */
function tables(): Table[] {
  const system = new System({ firmware: ourFirmware() });
  system.untilScreen(/No bootable device/, 5);
  const { machine } = system;
  const rom = machine.readMemory(0xf0000, 0x10000);
  const text = new TextDecoder("latin1");
  const root = text.decode(rom).indexOf("RSD PTR ");
  expect(root % 16).toBe(0);
  expect(rom.subarray(root, root + 20).reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
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
    expect(found.map(({ signature }) => signature)).toEqual(["RSDT", "FACP", "FACS", "DSDT"]);
    for (const { signature, bytes } of found)
      if (signature !== "FACS")
        expect([signature, bytes.reduce((sum, byte) => sum + byte, 0) & 0xff]).toEqual([signature, 0]);
    expect(new DataView(found[0]!.bytes.buffer).getUint32(36, true)).toBeGreaterThanOrEqual(TABLES_AT);
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
        "Device (KBD)",
        "Device (RTC)",
      ])
        expect(source).toContain(name);
      const again = spawnSync(iasl, ["-p", join(folder, "again"), join(folder, "DSDT.dsl")], { encoding: "utf8" });
      expect(again.stdout).toContain("0 Errors");
    });
  });
});
