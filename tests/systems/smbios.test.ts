/** The SMBIOS tables: they hold together, tell the machine as it is, and dmidecode has nothing to say against them. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { requireOracle, withFolder } from "../oracle.ts";
import { ourFirmware } from "./packages.ts";
import { MIB, System } from "./system.ts";

const BIOS = 0xf0000;

/** The first mebibyte of a machine that has been through POST. */
function memoryOf(ramBytes: number, processors = 1): Buffer {
  const system = new System({ firmware: ourFirmware(), ramBytes, processors });
  system.run(0.1);
  return Buffer.from(system.machine.readMemory(0, MIB));
}

const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => total + byte, 0) & 0xff;

test("the entry point adds up and leads to as many structures as it says, none longer than it says", () => {
  const memory = memoryOf(64 * MIB);
  const at = Array.from({ length: 4096 }, (_, index) => BIOS + index * 16).find(
    (address) => memory.toString("latin1", address, address + 4) === "_SM_",
  )!;
  const entry = memory.subarray(at, at + memory[at + 5]!);
  expect([sum(entry), sum(entry.subarray(16)), entry.toString("latin1", 16, 21)]).toEqual([0, 0, "_DMI_"]);
  const table = memory.subarray(entry.readUInt32LE(24), entry.readUInt32LE(24) + entry.readUInt16LE(22));
  const kinds: number[] = [];
  let longest = 0;
  for (let next = 0; next < table.length; ) {
    const end = table.indexOf("\0\0", next + table[next + 1]!, "latin1") + 2;
    kinds.push(table[next]!);
    longest = Math.max(longest, end - next);
    next = end;
  }
  expect(kinds).toEqual([0, 1, 3, 4, 16, 17, 19, 32, 127]);
  expect([entry.readUInt16LE(28), entry.readUInt16LE(8)]).toEqual([kinds.length, longest]);
});

test("dmidecode reads memory and processors out of them, and complains of nothing", (context) => {
  const dmidecode = requireOracle("dmidecode", context);
  const { stdout, stderr } = withFolder((folder) => {
    const path = join(folder, "memory");
    writeFileSync(path, memoryOf(96 * MIB, 3));
    return spawnSync(dmidecode, ["--no-sysfs", "-d", path], { encoding: "utf8" });
  });
  expect(stderr).toBe("");
  expect(stdout).not.toMatch(/wrong|broken|invalid|out of spec|bad index|truncated/i);
  for (const line of [/SMBIOS 2\.6 present/, /Vendor: QuRe/, /Core Enabled: 3/, /Size: 96 MB/, /Range Size: 96 MB/])
    expect(stdout).toMatch(line);
});
