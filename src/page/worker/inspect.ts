/** Looks into one machine that stands still between two instructions: its processor, and the files on its disk. */

import type { MachineHost } from "../../../emulator/cluster/machine-host.ts";
import { hex } from "../../../emulator/debug/hex.ts";
import { SHOWN_REGISTERS } from "../../../emulator/debug/processor-view.ts";
import type { SymbolTable } from "../../../emulator/debug/symbols.ts";
import { DevicePart, type FileSystem, mount } from "../../disk/oofs/index.ts";
import { PARTITION_TYPE_OOFS, readPartitionTable } from "../../image/boot-image.ts";
import { disassemble } from "../../isa/disassemble.ts";
import type { LabCluster } from "../../lab/cluster.ts";
import type { DiskEntry, DiskView, ProcessorView } from "../protocol.ts";

const FIRST_SEGMENT = 10;
const LINES = 18;
const LONGEST_INSTRUCTION = 15;
const SECTOR_BYTES = 512;
const MOST_ENTRIES = 200;

export function viewProcessor(machine: MachineHost, node: number, symbols: SymbolTable): ProcessorView {
  const {
    mode,
    registers: values,
    address: pc,
    isCode32,
    code: bytes,
  } = machine.processorView(LINES * LONGEST_INSTRUCTION);
  const registers = SHOWN_REGISTERS.map((name, number) => ({
    name,
    value: hex(values[number]!, number < FIRST_SEGMENT ? 8 : 4),
  }));
  const bits = isCode32 ? 32 : 16;
  const code: ProcessorView["code"][number][] = [];
  const names = bits === 32;
  for (let at = 0; code.length < LINES && at + LONGEST_INSTRUCTION <= bytes.length; ) {
    const address = (pc + at) >>> 0;
    const { text, length } = disassemble(bytes, at, address, {
      bits,
      syntax: "intel",
      ...(names ? { nameTarget: (target: number) => symbols.describe(target).split(" ").at(-1)! } : {}),
    });
    code.push({
      address: hex(address),
      name: names ? (symbols.describe(address).split(" ")[1] ?? "") : "",
      bytes: Array.from(bytes.subarray(at, at + length), (byte) => hex(byte, 2)).join(" "),
      text,
      isNext: at === 0,
    });
    at += length;
  }
  return { node, mode, registers, code };
}

export function viewDisk(lab: LabCluster, node: number): DiskView {
  const nothing = (problem: string): DiskView => ({ node, problem, entries: [], volumeBytes: 0 });
  const { disk } = lab.nodes[node]!;
  if (!disk) return nothing("This machine has no disk.");
  const sector = new Uint8Array(SECTOR_BYTES);
  disk.read(0, sector);
  const volume = readPartitionTable(sector).find(({ type }) => type === PARTITION_TYPE_OOFS);
  if (!volume) return nothing("There is no volume of QuRe's file system on this disk.");
  try {
    const part = new DevicePart(disk, volume.startLba * SECTOR_BYTES, volume.sectors * SECTOR_BYTES);
    const entries: DiskEntry[] = [];
    list(mount(part, { readOnly: true }), "", entries);
    return { node, problem: null, entries, volumeBytes: part.sizeBytes };
  } catch (error) {
    return nothing(`The volume cannot be read right now: ${(error as Error).message}`);
  }
}

function list(files: FileSystem, folder: string, entries: DiskEntry[]): void {
  for (const { name, kind, sizeBytes, className } of files.list(folder === "" ? "/" : folder)) {
    if (entries.length >= MOST_ENTRIES) return;
    const path = `${folder}/${name}`;
    entries.push({ path, kind: kind === "object" ? `object ${className}` : kind, sizeBytes });
    if (kind === "directory") list(files, path, entries);
  }
}
