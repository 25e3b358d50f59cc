/**
 * Disks that fail: of all a machine's disks, a share of the reads, or of the writes and flushes, is refused, and the
 * device reports it to the guest. The access's number decides, so the same run has the same failures.
 */
import { Random } from "../state/random.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { BlockBackend } from "./block.ts";

/** What goes wrong with a machine's disks, in percent of the accesses. */
export class MediumFaults implements Stateful {
  #readPercent = 0;
  #writePercent = 0;
  #accesses = 0;

  /** Throws a RangeError for what is no share. */
  set(readPercent: number, writePercent: number): void {
    for (const percent of [readPercent, writePercent])
      if (!(Number.isInteger(percent) && percent >= 0 && percent <= 100))
        throw new RangeError(`a disk that fails in ${percent} % of its accesses: expected 0 to 100`);
    this.#readPercent = readPercent;
    this.#writePercent = writePercent;
  }

  /** Throws when the next access is one that fails. */
  check(isWrite: boolean): void {
    const percent = isWrite ? this.#writePercent : this.#readPercent;
    if (percent === 0) return;
    if (new Random(this.#accesses++, "medium").chance(percent)) throw new Error("the medium fails");
  }

  visitState(visitor: StateVisitor): void {
    this.#readPercent = visitor.u8(this.#readPercent);
    this.#writePercent = visitor.u8(this.#writePercent);
    this.#accesses = visitor.integer(this.#accesses);
  }
}

/** A disk as a device sees it: the one behind it, as long as nothing is wrong. */
export class FaultyMedium implements BlockBackend {
  readonly #medium: BlockBackend;
  readonly #faults: MediumFaults;

  constructor(medium: BlockBackend, faults: MediumFaults) {
    this.#medium = medium;
    this.#faults = faults;
  }

  get sizeBytes(): number {
    return this.#medium.sizeBytes;
  }

  get readOnly(): boolean {
    return this.#medium.readOnly;
  }

  read(offsetBytes: number, target: Uint8Array): void {
    this.#faults.check(false);
    this.#medium.read(offsetBytes, target);
  }

  write(offsetBytes: number, source: Uint8Array): void {
    this.#faults.check(true);
    this.#medium.write(offsetBytes, source);
  }

  flush(): void {
    this.#faults.check(true);
    this.#medium.flush();
  }
}
