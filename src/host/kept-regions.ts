/**
 * Compiled guest code (emulator/jit/region-store.ts) that commands keep: what ran often when a system ran the last time
 * is at hand the next time, with the machine code that V8 has made of it. One file for all guests, of which the least
 * used regions are left out when it grows too large.
 */
import { crc32 } from "node:zlib";
import type { KnownRegion } from "../../emulator/jit/known-region.ts";
import type { RegionStore, StoredRegion } from "../../emulator/jit/region-store.ts";
import type { KeptCode } from "./kept-code.ts";
import { moduleFromCode, optimisedCode } from "./machine-code.ts";

/** Bytes of all modules and their machine code. */
const MOST_BYTES = 16 << 20;
/** Of a file: a checksum of all behind it, and how long what describes the regions is. */
const HEAD_BYTES = 8;

/** Where a piece lies behind the description, and how long it is. */
type Piece = readonly [at: number, length: number];

interface Description extends Pick<KnownRegion, "usesX87" | "pages" | "maps" | "entries" | "instructions"> {
  readonly shape: string;
  readonly code: readonly (readonly [eip: number, ...Piece])[];
  readonly module: Piece;
  /** Null for what V8 had not optimised. */
  readonly machineCode: Piece | null;
}

interface Row {
  readonly shape: string;
  readonly region: Omit<StoredRegion, "load">;
  readonly bytes: Uint8Array<ArrayBuffer>;
  machineCode: Uint8Array<ArrayBuffer> | null;
  /** What this process has made of it, if it has used it. */
  module: WebAssembly.Module | null;
}

export class KeptRegions implements RegionStore {
  readonly #kept: KeptCode;
  /** The least useful first; null until somebody asks. */
  #rows: Row[] | null = null;
  #isChanged = false;
  #addedBytes = 0;

  constructor(kept: KeptCode) {
    this.#kept = kept;
  }

  regionsOf(shape: string): readonly StoredRegion[] {
    return this.#all()
      .filter((row) => row.shape === shape)
      .map((row) => ({ ...row.region, load: () => (row.module ??= moduleOf(row)) }));
  }

  add(shape: string, region: KnownRegion, bytes: Uint8Array<ArrayBuffer>): void {
    const rows = this.#all();
    rows.push({ shape, region, bytes, machineCode: null, module: region.module });
    this.#isChanged = true;
    this.#addedBytes += bytes.length;
    if (this.#addedBytes < MOST_BYTES) return;
    // A guest that makes code all the time: of what it has run the newer half stays.
    rows.splice(0, rows.length >>> 1);
    this.#addedBytes >>>= 1;
  }

  #all(): Row[] {
    if (this.#rows === null) {
      this.#rows = read(this.#kept.read());
      this.#kept.keepChanges(() => this.#content());
    }
    return this.#rows;
  }

  /** What is to be kept; null where it is what was kept before. */
  #content(): Buffer | null {
    const rows = this.#all();
    for (const row of rows) {
      if (row.module === null || row.machineCode !== null) continue;
      row.machineCode = optimisedCode(row.module);
      if (row.machineCode !== null) this.#isChanged = true;
    }
    if (!this.#isChanged) return null;
    const unused = rows.filter(({ module }) => module === null);
    const used = rows.filter(({ module }) => module !== null);
    let left = MOST_BYTES;
    const chosen = [...unused, ...used].reverse().filter(({ bytes, machineCode }) => {
      left -= bytes.length + (machineCode?.length ?? 0);
      return left >= 0;
    });
    return write(chosen.reverse());
  }
}

function moduleOf({ bytes, machineCode }: Row): WebAssembly.Module {
  return (machineCode && moduleFromCode(machineCode, bytes)) ?? new WebAssembly.Module(bytes);
}

function read(file: Buffer | null): Row[] {
  if (file === null || file.length < HEAD_BYTES || crc32(file.subarray(4)) !== file.readUInt32LE()) return [];
  const pieces = HEAD_BYTES + file.readUInt32LE(4);
  const piece = ([at, length]: Piece): Uint8Array<ArrayBuffer> =>
    new Uint8Array(file.buffer as ArrayBuffer, file.byteOffset + pieces + at, length);
  const rows = JSON.parse(file.toString("utf8", HEAD_BYTES, pieces)) as Description[];
  return rows.map(({ shape, code, module, machineCode, ...region }) => ({
    shape,
    region: { ...region, code: code.map(([eip, ...at]) => ({ eip, bytes: piece(at) })) },
    bytes: piece(module),
    machineCode: machineCode && piece(machineCode),
    module: null,
  }));
}

function write(rows: readonly Row[]): Buffer {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const put = (bytes: Uint8Array): Piece => {
    pieces.push(bytes);
    size += bytes.length;
    return [size - bytes.length, bytes.length];
  };
  const described = rows.map(
    ({ shape, region: { usesX87, pages, maps, entries, instructions, code }, bytes, machineCode }): Description => ({
      ...{ shape, usesX87, pages, maps, entries, instructions },
      code: code.map(({ eip, bytes: guest }) => [eip, ...put(guest)]),
      module: put(bytes),
      machineCode: machineCode && put(machineCode),
    }),
  );
  const description = Buffer.from(JSON.stringify(described));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(description.length);
  const content = Buffer.concat([length, description, ...pieces]);
  const check = Buffer.alloc(4);
  check.writeUInt32LE(crc32(content));
  return Buffer.concat([check, content]);
}
