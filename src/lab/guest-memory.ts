/** A guest's memory at its own linear addresses, as somebody reads it who must not disturb the guest. */
import { readLinear, readLinearDword } from "../../emulator/debug/linear-memory.ts";
import type { Machine } from "../../emulator/machine.ts";
import { little32 } from "../bytes/little-endian.ts";

export class GuestMemory {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Null where not all of it is memory at the moment. */
  bytes(address: number, length: number): Uint8Array | null {
    const bytes = readLinear(this.#machine.processor.core, address, length);
    return bytes.length === length ? bytes : null;
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
