/**
 * Compiled guest code (emulator/jit/region-store.ts) that commands keep: what ran often when a system ran the last time
 * is at hand the next time. One file for all guests, of which the least used regions are left out when it grows too
 * large: a checksum and the length of a list, the list, and a record for each region, of which only those are read that
 * something comes to.
 */
import { crc32 } from "node:zlib";
import { type CodeSketch, type KnownRegion, sketchOf } from "../../emulator/jit/known-region.ts";
import type { RegionStore, StoredRegion } from "../../emulator/jit/region-store.ts";
import type { Shape } from "../../emulator/jit/shape.ts";
import type { KeptCode } from "./kept-code.ts";

/** Bytes of all records. */
const MOST_BYTES = 16 << 20;
/** Of the file, and of a record: a checksum of what comes first, and how long that is. */
const HEAD_BYTES = 8;

/** Where a record lies behind the list, its length and its checksum. */
type Place = readonly [at: number, length: number, check: number];
interface List {
  readonly shapes: readonly string[];
  readonly regions: readonly (readonly [shape: number, place: Place, entries: readonly CodeSketch[]])[];
}

type Plain = Pick<KnownRegion, "usesX87" | "pages" | "maps" | "entries" | "instructions">;
/** What a record begins with: the lengths are those of the pieces behind it, in this order. */
interface Described extends Plain {
  readonly eips: readonly number[];
  readonly codeBytes: readonly number[];
  readonly moduleBytes: number;
}

/** A region that this process has run or may run. */
interface Used {
  readonly region: Omit<KnownRegion, "shape" | "module">;
  readonly bytes: Uint8Array<ArrayBuffer>;
  module: WebAssembly.Module | null;
}

interface Row {
  readonly shape: string;
  readonly entries: readonly CodeSketch[];
  /** Null for one that is not in the file. */
  readonly place: Place | null;
  /** Null for as long as nothing has come to it, and where it was damaged. */
  used: Used | null;
}

export class KeptRegions implements RegionStore {
  readonly #kept: KeptCode;
  /** The least useful first; null until somebody asks. */
  #rows: Row[] | null = null;
  #recordsAt = 0;
  #isChanged = false;
  #addedBytes = 0;

  constructor(kept: KeptCode) {
    this.#kept = kept;
  }

  regionsOf(shape: string): readonly StoredRegion[] {
    return this.#all()
      .filter((row) => row.shape === shape)
      .map((row) => ({ entries: row.entries, load: (its) => this.#load(row, its) }));
  }

  add(shape: string, region: KnownRegion, bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#kept.isOff) return;
    const { entries, code, module } = region;
    const rows = this.#all();
    const used = { region, bytes, module };
    rows.push({ shape, entries: entries.map((entry) => sketchOf(code[entry]!)), place: null, used });
    this.#isChanged = true;
    this.#addedBytes += bytes.length;
    if (this.#addedBytes < MOST_BYTES) return;
    // A guest that makes code all the time: of what it has run the newer half stays.
    rows.splice(0, rows.length >>> 1);
    this.#addedBytes >>>= 1;
  }

  #all(): Row[] {
    if (this.#rows === null) {
      this.#rows = this.#read();
      this.#kept.keepChanges(() => this.#content());
    }
    return this.#rows;
  }

  #read(): Row[] {
    const head = this.#kept.piece(0, HEAD_BYTES);
    const length = head?.readUInt32LE(4) ?? 0;
    const list = length > MOST_BYTES ? null : this.#kept.piece(HEAD_BYTES, length);
    if (head === null || list === null || crc32(list) !== head.readUInt32LE()) return [];
    this.#recordsAt = HEAD_BYTES + length;
    const { shapes, regions } = JSON.parse(list.toString()) as List;
    return regions.map(([shape, place, entries]) => ({ shape: shapes[shape]!, entries, place, used: null }));
  }

  #record([at, length, check]: Place): Buffer | null {
    const record = this.#kept.piece(this.#recordsAt + at, length);
    return record !== null && crc32(record) === check ? record : null;
  }

  #load(row: Row, shape: Shape): KnownRegion | null {
    const record = row.used === null && row.place !== null ? this.#record(row.place) : null;
    const used = (row.used ??= record && unpacked(record));
    return (
      used && {
        ...used.region,
        shape,
        get module() {
          return (used.module ??= new WebAssembly.Module(used.bytes));
        },
      }
    );
  }

  /** What is to be kept; null where it is what was kept before. */
  #content(): Buffer | null {
    const rows = this.#all();
    if (!this.#isChanged) return null;
    const wanted = ({ used }: Row): boolean => used !== null && used.module !== null;
    let left = MOST_BYTES;
    const chosen: { row: Row; record: Buffer }[] = [];
    for (const row of [...rows.filter((other) => !wanted(other)), ...rows.filter(wanted)].reverse()) {
      const record = row.used === null ? row.place && this.#record(row.place) : packed(row.used);
      if (record !== null && (left -= record.length) >= 0) chosen.unshift({ row, record });
    }
    return content(chosen);
  }
}

/** JSON behind its checksum and its length. */
function headed(value: List | Described): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(crc32(text));
  head.writeUInt32LE(text.length, 4);
  return Buffer.concat([head, text]);
}

function packed({ region: { usesX87, pages, maps, entries, instructions, code }, bytes }: Used): Buffer {
  const described: Described = {
    ...{ usesX87, pages, maps, entries, instructions },
    eips: code.map(({ eip }) => eip),
    codeBytes: code.map(({ bytes: { length } }) => length),
    moduleBytes: bytes.length,
  };
  return Buffer.concat([headed(described), ...code.map(({ bytes: guest }) => guest), bytes]);
}

function unpacked(record: Buffer): Used {
  let at = HEAD_BYTES + record.readUInt32LE(4);
  const text = record.toString("utf8", HEAD_BYTES, at);
  const { eips, codeBytes, moduleBytes, ...plain } = JSON.parse(text) as Described;
  const piece = (length: number): Uint8Array<ArrayBuffer> => {
    at += length;
    return Uint8Array.from(record.subarray(at - length, at));
  };
  const code = eips.map((eip, index) => ({ eip, bytes: piece(codeBytes[index]!) }));
  const bytes = piece(moduleBytes);
  return { region: { ...plain, code }, bytes, module: null };
}

function content(chosen: readonly { readonly row: Row; readonly record: Buffer }[]): Buffer {
  const shapes = [...new Set(chosen.map(({ row }) => row.shape))];
  let at = 0;
  const regions = chosen.map(({ row: { shape, entries }, record }) => {
    at += record.length;
    const place: Place = [at - record.length, record.length, crc32(record)];
    return [shapes.indexOf(shape), place, entries] as const;
  });
  return Buffer.concat([headed({ shapes, regions }), ...chosen.map(({ record }) => record)]);
}
