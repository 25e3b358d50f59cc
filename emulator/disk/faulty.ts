/**
 * Disks that fail: of all a machine's disks, a share of the reads, or of the writes and flushes, is refused, and the
 * device reports it to the guest; a share of the reads comes with a wrong bit, which nobody reports; and what was
 * written and not flushed may be lost with the power. The access's number decides, so the same run has the same
 * failures.
 */
import { holds } from "../state/invariant.ts";
import { Random } from "../state/random.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { BlockBackend } from "./block.ts";

const SECTOR_BYTES = 512;

/** What goes wrong with a machine's disks, in percent. */
export interface DiskTrouble {
  /** Of the reads, and of the writes and flushes, that are refused. */
  readonly readPercent: number;
  readonly writePercent: number;
  /** Of the reads that come with one bit wrong. */
  readonly flippedPercent: number;
  /** Of the sectors that were written since the last flush, and lose that when the power goes. */
  readonly unflushedPercent: number;
}

const NONE: DiskTrouble = { readPercent: 0, writePercent: 0, flippedPercent: 0, unflushedPercent: 0 };
const SHARES = Object.keys(NONE) as (keyof DiskTrouble)[];

/** The troubles of all disks of a machine. */
export class MediumFaults implements Stateful {
  #trouble = NONE;
  #accesses = 0;
  readonly #media: FaultyMedium[] = [];

  /** The medium as devices see it from now on. */
  wrap(medium: BlockBackend): FaultyMedium {
    const faulty = new FaultyMedium(medium, this);
    this.#media.push(faulty);
    return faulty;
  }

  /** Changes what is given. Throws a RangeError for what is no share. */
  set(change: Partial<DiskTrouble>): void {
    const trouble = { ...this.#trouble, ...change };
    for (const share of SHARES)
      if (!(Number.isInteger(trouble[share]) && trouble[share] >= 0 && trouble[share] <= 100))
        throw new RangeError(`a disk that fails in ${trouble[share]} % of its accesses: expected 0 to 100`);
    this.#trouble = trouble;
    if (trouble.unflushedPercent === 0) for (const medium of this.#media) medium.keepWritten();
  }

  /** The power goes. */
  losePower(): void {
    for (const medium of this.#media) medium.losePower();
  }

  get areWritesHeld(): boolean {
    return this.#trouble.unflushedPercent > 0;
  }

  /** The chances of one access; `percent` is not 0. */
  #chance(): Random {
    return new Random(this.#accesses++, "medium");
  }

  /** Throws when the next access is one that fails. */
  check(isWrite: boolean): void {
    const percent = isWrite ? this.#trouble.writePercent : this.#trouble.readPercent;
    if (percent > 0 && this.#chance().chance(percent)) throw new Error("the medium fails");
  }

  /** Turns a bit over in what was read, if this is such a read. */
  flip(bytes: Uint8Array): void {
    const percent = this.#trouble.flippedPercent;
    if (percent === 0) return;
    const chance = this.#chance();
    if (!chance.chance(percent)) return;
    const bit = chance.below(bytes.length * 8);
    holds(bit >> 3 < bytes.length, "disk", "a wrong bit lies beyond what was read");
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }

  /** Whether a sector loses what was written since the last flush. */
  isLost(): boolean {
    return this.#chance().chance(this.#trouble.unflushedPercent);
  }

  visitState(visitor: StateVisitor): void {
    const shares = SHARES.map((share) => [share, visitor.u8(this.#trouble[share])]);
    this.#trouble = { ...NONE, ...Object.fromEntries(shares) };
    this.#accesses = visitor.integer(this.#accesses);
    for (const medium of this.#media) medium.visitState(visitor);
  }
}

/** A disk as a device sees it: the one behind it, as long as nothing is wrong. */
class FaultyMedium implements BlockBackend, Stateful {
  readonly #medium: BlockBackend;
  readonly #faults: MediumFaults;
  /** What sectors that were written since the last flush held before, by their numbers. */
  readonly #unflushed = new Map<number, Uint8Array>();

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
    this.#faults.flip(target);
  }

  write(offsetBytes: number, source: Uint8Array): void {
    this.#faults.check(true);
    if (this.#faults.areWritesHeld) this.#hold(offsetBytes, source.length);
    this.#medium.write(offsetBytes, source);
  }

  flush(): void {
    this.#faults.check(true);
    this.#medium.flush();
    this.#unflushed.clear();
  }

  #hold(offsetBytes: number, lengthBytes: number): void {
    const end = Math.ceil((offsetBytes + lengthBytes) / SECTOR_BYTES);
    for (let sector = Math.floor(offsetBytes / SECTOR_BYTES); sector < end; sector++) {
      if (this.#unflushed.has(sector)) continue;
      const before = new Uint8Array(SECTOR_BYTES);
      this.#medium.read(sector * SECTOR_BYTES, before);
      this.#unflushed.set(sector, before);
      holds((sector + 1) * SECTOR_BYTES <= this.#medium.sizeBytes, "disk", "a sector beyond its end is held");
    }
  }

  /** What was written is on the medium for good. */
  keepWritten(): void {
    this.#unflushed.clear();
  }

  losePower(): void {
    for (const [sector, before] of this.#unflushed)
      if (this.#faults.isLost()) this.#medium.write(sector * SECTOR_BYTES, before);
    this.#unflushed.clear();
  }

  visitState(visitor: StateVisitor): void {
    const held = [...this.#unflushed];
    const count = visitor.u32(held.length);
    if (visitor.restoring) this.#unflushed.clear();
    for (let index = 0; index < count; index++) {
      const [sector, before] = held[index] ?? [0, new Uint8Array(SECTOR_BYTES)];
      const found = visitor.u32(sector);
      const bytes = visitor.blob(before);
      if (visitor.restoring) this.#unflushed.set(found, bytes);
    }
  }
}
