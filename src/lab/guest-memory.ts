/** A guest's memory at its own linear addresses, as somebody reads it who must not disturb the guest. */
import { IF } from "../../emulator/cpu/flags.ts";
import { isLinear, readLinear, readLinearDword } from "../../emulator/debug/linear-memory.ts";
import { linearPc } from "../../emulator/debug/registers.ts";
import type { Machine } from "../../emulator/machine.ts";
import { little32 } from "../bytes/little-endian.ts";

export class GuestMemory {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Where the processor is: linear address of its next instruction, and whether it takes interrupts there. */
  get place(): { readonly address: number; readonly takesInterrupts: boolean } {
    const { core } = this.#machine.processor;
    return { address: linearPc(core), takesInterrupts: (core.state.eflags & IF) !== 0 };
  }

  /** Null where not all of it is memory at the moment. */
  bytes(address: number, length: number): Uint8Array | null {
    const bytes = readLinear(this.#machine.processor.core, address, length);
    return bytes.length === length ? bytes : null;
  }

  /** Whether `bytes` would give these. */
  has(address: number, bytes: Uint8Array): boolean {
    return isLinear(this.#machine.processor.core, address, bytes);
  }

  words(address: number, count: number): number[] | null {
    const bytes = this.bytes(address, 4 * count);
    if (!bytes) return null;
    const words: number[] = [];
    for (let at = 0; at < bytes.length; at += 4) words.push(little32(bytes, at));
    return words;
  }

  word(address: number): number | null {
    return readLinearDword(this.#machine.processor.core, address);
  }
}
