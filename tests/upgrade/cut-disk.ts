/** A disk that notes what is read and written, sector by sector, and disks that differ from one by some sectors. */
import type { BlockBackend } from "../../src/index.ts";

export const SECTOR_BYTES = 512;

/** What differs from the disk that all begin with. */
export type Sectors = ReadonlyMap<number, Uint8Array>;

export interface SectorWrite {
  readonly sector: number;
  readonly bytes: Uint8Array;
}

export class CutDisk implements BlockBackend {
  readonly readOnly = false;
  /** Sectors that were read before they were written. */
  readonly seen = new Set<number>();
  readonly log: SectorWrite[] = [];
  /** How many writes were on stable storage at each flush. */
  readonly flushes: number[] = [];
  readonly #written = new Set<number>();
  /** Writes from here on are refused, as by a drive that fails. */
  isFailing = false;
  readonly #base: Uint8Array;
  readonly #sectors: Map<number, Uint8Array>;

  constructor(base: Uint8Array, sectors: Sectors = new Map()) {
    this.#base = base;
    this.#sectors = new Map(sectors);
  }

  get sizeBytes(): number {
    return this.#base.length;
  }

  get sectors(): Sectors {
    return this.#sectors;
  }

  sector(number: number): Uint8Array {
    return this.#sectors.get(number) ?? this.#base.subarray(number * SECTOR_BYTES, (number + 1) * SECTOR_BYTES);
  }

  read(offsetBytes: number, target: Uint8Array): void {
    for (let at = 0; at < target.length; at += SECTOR_BYTES) {
      const number = (offsetBytes + at) / SECTOR_BYTES;
      if (!this.#written.has(number)) this.seen.add(number);
      target.set(this.sector(number), at);
    }
  }

  write(offsetBytes: number, source: Uint8Array): void {
    if (this.isFailing) throw new Error("the drive fails");
    for (let at = 0; at < source.length; at += SECTOR_BYTES) {
      const written = { sector: (offsetBytes + at) / SECTOR_BYTES, bytes: source.slice(at, at + SECTOR_BYTES) };
      this.log.push(written);
      this.#written.add(written.sector);
      this.#sectors.set(written.sector, written.bytes);
    }
  }

  flush(): void {
    this.flushes.push(this.log.length);
  }
}

/** A disk that power left: good until the next one is asked for. */
export interface Cut {
  get(sector: number): Uint8Array | undefined;
  copy(): Sectors;
}

/** The disks that power leaves which fails before, at each 64 bytes inside, and after each of these writes. */
export function* cutsOf(base: Uint8Array, before: Sectors, log: readonly SectorWrite[]): Generator<Cut> {
  const now = new Map(before);
  const cut = (changed?: SectorWrite): Cut => ({
    get: (sector) => (sector === changed?.sector ? changed.bytes : now.get(sector)),
    copy: () => (changed ? new Map(now).set(changed.sector, changed.bytes) : new Map(now)),
  });
  yield cut();
  for (const { sector, bytes } of log) {
    const old = now.get(sector) ?? base.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
    for (let at = 64; at < SECTOR_BYTES; at += 64) {
      const torn = new Uint8Array(SECTOR_BYTES);
      torn.set(bytes.subarray(0, at));
      torn.set(old.subarray(at), at);
      yield cut({ sector, bytes: torn });
    }
    now.set(sector, bytes);
    yield cut();
  }
}
