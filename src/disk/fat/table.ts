/** The allocation table: which cluster follows which. It is read and written in pieces, of which few are in memory. */
import { assert } from "../../diagnostic/invariant.ts";
import type { BlockDevice } from "../device.ts";
import { FileSystemError } from "../error.ts";
import { FIRST_CLUSTER, type Geometry, SECTOR_BYTES } from "./layout.ts";

const PIECE_BYTES = 4096;
const PIECES_MOST = 512;
const UNKNOWN = 0xffffffff;
/** Of an entry of FAT32, the upper four bits are somebody else's. */
const MASK_32 = 0x0fffffff;

interface Piece {
  readonly bytes: Uint8Array;
  isChanged: boolean;
}

export class Table {
  readonly #device: BlockDevice;
  readonly #geometry: Geometry;
  readonly #pieces = new Map<number, Piece>();
  readonly #end: number;
  /** Where the search for a free cluster goes on. */
  #next = FIRST_CLUSTER;
  /** How many clusters have become free since the sector of information was written. */
  #freed = 0;

  constructor(device: BlockDevice, geometry: Geometry) {
    this.#device = device;
    this.#geometry = geometry;
    this.#end = geometry.clusters + FIRST_CLUSTER;
  }

  isCluster(cluster: number): boolean {
    return cluster >= FIRST_CLUSTER && cluster < this.#end;
  }

  /** What follows a cluster: the next one, 0 for a free one, or what is no cluster. */
  get(cluster: number): number {
    const { bits } = this.#geometry;
    if (bits === 32) return this.#number(cluster * 4, 4) & MASK_32;
    if (bits === 16) return this.#number(cluster * 2, 2);
    const pair = this.#number(Math.floor(cluster * 1.5), 2);
    return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
  }

  set(cluster: number, next: number): void {
    assert(this.isCluster(cluster), "an entry of the allocation table is set that stands for no cluster");
    assert(next >= 0 && next <= MASK_32, "a cluster is followed by what has no room in the allocation table");
    const { bits } = this.#geometry;
    const was = this.get(cluster);
    this.#freed += Number(next === 0) - Number(was === 0);
    if (bits === 32)
      this.#setNumber(cluster * 4, 4, ((this.#number(cluster * 4, 4) & ~MASK_32) | (next & MASK_32)) >>> 0);
    else if (bits === 16) this.#setNumber(cluster * 2, 2, next);
    else {
      const at = Math.floor(cluster * 1.5);
      const pair = this.#number(at, 2);
      this.#setNumber(at, 2, cluster % 2 === 0 ? (pair & 0xf000) | (next & 0xfff) : (pair & 0x000f) | (next << 4));
    }
  }

  /** Takes a free cluster, as the last of a chain. */
  allocate(): number {
    const { clusters } = this.#geometry;
    for (let looked = 0; looked < clusters; looked++) {
      const cluster = this.#next;
      this.#next = cluster + 1 < this.#end ? cluster + 1 : FIRST_CLUSTER;
      if (this.get(cluster) !== 0) continue;
      this.set(cluster, MASK_32);
      assert(this.get(cluster) !== 0, "a cluster that was just taken is free");
      return cluster;
    }
    throw new FileSystemError("no-space", "the volume is full");
  }

  /** Frees a chain. One that goes in a circle ends where it has become free. */
  free(first: number): void {
    for (let cluster = first; this.isCluster(cluster); ) {
      const next = this.get(cluster);
      if (next === 0) return;
      this.set(cluster, 0);
      cluster = next;
    }
  }

  flush(): void {
    for (const [index, piece] of [...this.#pieces].sort(([a], [b]) => a - b)) this.#store(index, piece);
    this.#storeInfo();
  }

  #number(at: number, bytes: number): number {
    let value = 0;
    for (let index = bytes - 1; index >= 0; index--) value = value * 256 + this.#byte(at + index);
    return value;
  }

  #setNumber(at: number, bytes: number, value: number): void {
    for (let index = 0; index < bytes; index++) {
      const piece = this.#piece(Math.floor((at + index) / PIECE_BYTES));
      piece.bytes[(at + index) % PIECE_BYTES] = (value >>> (8 * index)) & 0xff;
      piece.isChanged = true;
    }
  }

  #byte(at: number): number {
    return this.#piece(Math.floor(at / PIECE_BYTES)).bytes[at % PIECE_BYTES]!;
  }

  #piece(index: number): Piece {
    const known = this.#pieces.get(index);
    if (known) return known;
    if (this.#pieces.size >= PIECES_MOST) {
      const [oldest] = this.#pieces;
      this.#store(...oldest!);
      this.#pieces.delete(oldest![0]);
    }
    const { tableAt, tableBytes } = this.#geometry;
    assert(
      index >= 0 && index * PIECE_BYTES < tableBytes,
      "a piece beyond the end of the allocation table is asked for",
    );
    const bytes = new Uint8Array(Math.min(PIECE_BYTES, tableBytes - index * PIECE_BYTES));
    this.#device.read(tableAt + index * PIECE_BYTES, bytes);
    const piece = { bytes, isChanged: false };
    this.#pieces.set(index, piece);
    assert(this.#pieces.size <= PIECES_MOST, "more pieces of the allocation table are in memory than may be");
    return piece;
  }

  #store(index: number, piece: Piece): void {
    if (!piece.isChanged) return;
    const { tables, tableBytes } = this.#geometry;
    assert(tables.length > 0, "no allocation table is kept");
    assert(index * PIECE_BYTES + piece.bytes.length <= tableBytes, "a piece reaches beyond the allocation table");
    for (const at of this.#geometry.tables) this.#device.write(at + index * PIECE_BYTES, piece.bytes);
    piece.isChanged = false;
  }

  /** The number of free clusters in it is a hint, which others take for the truth. */
  #storeInfo(): void {
    const { infoAt, clusters } = this.#geometry;
    if (infoAt === null || this.#freed === 0) return;
    const sector = new Uint8Array(SECTOR_BYTES);
    this.#device.read(infoAt, sector);
    const view = new DataView(sector.buffer);
    if (view.getUint32(0, true) !== 0x41615252 || view.getUint32(484, true) !== 0x61417272) return;
    const free = view.getUint32(488, true) + this.#freed;
    view.setUint32(488, view.getUint32(488, true) <= clusters && free >= 0 && free <= clusters ? free : UNKNOWN, true);
    view.setUint32(492, this.#next, true);
    this.#device.write(infoAt, sector);
    this.#freed = 0;
  }
}
