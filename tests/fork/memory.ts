/** The memory of a twin beside the source's at the pass: what differs has a name (docs/protocols/fork.md). */
import type { LabNode } from "../../src/index.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { images } from "../system/images.ts";

const KERNEL_SPACE = 0xc0000000;
const RAM_BYTES = 12 << 20;
const PAGE_BYTES = 4096;
/** Of the source's stack, below where its pass began. */
const SCRATCH_BYTES = 256;

/** Names of the kernel's variables that differ in pages which both have in use; "?" for what has no name. */
export function differing(source: Uint8Array, twin: Uint8Array): string[] {
  const words = new DataView(source.buffer, source.byteOffset);
  const wordAt = (symbol: string): number => words.getUint32(addressOf(symbol), true);
  const bitmap = wordAt("page_bitmap") - KERNEL_SPACE;
  const lowest = wordAt("page_lowest");
  const zone = wordAt("fork_zone");
  const zoneEnd = zone + wordAt("fork_zone_pages");
  const stack = wordAt("fork_esp") - KERNEL_SPACE;
  const named = readElf(images().kernelElf, "kernel.elf")
    .symbols.filter(({ value }) => value >= KERNEL_SPACE)
    .sort((a, b) => a.value - b.value);
  const nameOf = (address: number): string => {
    if (address >= lowest * PAGE_BYTES) return address >= stack - SCRATCH_BYTES && address < stack ? "" : "?";
    return named.findLast(({ value }) => value - KERNEL_SPACE <= address)?.name ?? "?";
  };
  const found = new Set<string>();
  for (let page = addressOf("kernel_data") / PAGE_BYTES; page < RAM_BYTES / PAGE_BYTES; page++) {
    const isUsed = page < lowest || ((source[bitmap + (page >> 3)]! >> (page & 7)) & 1) === 1;
    if (!isUsed || (page >= zone && page < zoneEnd)) continue;
    for (let at = page * PAGE_BYTES; at < (page + 1) * PAGE_BYTES; at++)
      if (source[at] !== twin[at]) found.add(nameOf(at));
  }
  found.delete("");
  return [...found].sort();
}

/** Keeps a machine's memory whenever it comes to a routine. */
export function catchAt(node: LabNode, symbol: string, memories: Uint8Array[]): void {
  const address = (addressOf(symbol) + KERNEL_SPACE) | 0;
  node.machine.processor.setCodeProbe({
    wants: (linear) => (linear | 0) === address,
    reached: (linear) => {
      if ((linear | 0) === address) memories.push(node.readMemory(0, RAM_BYTES).slice());
      return false;
    },
  });
}

/** All that a twin has otherwise than its source before it does anything, and the stack that the pass itself used. */
export const OWN = [
  "clock_count",
  "disk_detached",
  "fine_cycles",
  // What the pass counts while it copies.
  "fork_aside",
  "fork_known",
  "generator_state",
  "land_name",
  "rate",
  "rate_since",
  "rate_ticks",
  "rate_us",
  "task_since",
];
