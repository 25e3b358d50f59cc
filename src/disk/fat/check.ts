/**
 * Checks a whole FAT volume: the tables with each other, each chain of clusters with the entry that has it, and each
 * directory in itself. Nothing is changed. What it looks at is bounded by the volume's clusters, whatever these say.
 */
import { assert } from "../../diagnostic/invariant.ts";
import type { BlockDevice } from "../device.ts";
import { attributeLong, DIRECTORY, END, FREE, LABEL, LAST_LONG } from "./directory.ts";
import { FIRST_CLUSTER, type Geometry, readGeometry, SECTOR_BYTES, SLOT_BYTES } from "./layout.ts";
import { folded, longName, shortName, sumOf } from "./names.ts";
import { Table } from "./table.ts";

export interface FatProblem {
  readonly text: string;
  readonly path?: string;
  readonly cluster?: number;
}

export interface FatReport {
  readonly type: "fat12" | "fat16" | "fat32";
  /** At most `PROBLEMS_MOST` of them. */
  readonly problems: readonly FatProblem[];
  readonly files: number;
  readonly directories: number;
  readonly clusters: number;
  readonly usedClusters: number;
  readonly freeClusters: number;
  readonly badClusters: number;
}

/** More are not told one by one. */
const PROBLEMS_MOST = 1000;
const PIECE_BYTES = 1 << 16;
/** What a table says of the end of a chain from this value on; the one before it is a bad cluster. */
const END_OF_CHAIN = { 12: 0xff8, 16: 0xfff8, 32: 0x0ffffff8 } as const;
const DIRECTORY_BYTES_MOST = 65536 * SLOT_BYTES;
const INFO_MAGICS = [
  [0, 0x41615252],
  [484, 0x61417272],
  [508, 0xaa550000],
] as const;
const INFO_FREE = 488;
const BACKUP_AT = 50;
/** Of the boot sector: bit 0 says that the volume is in use (as Windows NT and Linux have it). */
const STATE_AT = { 12: 0x25, 16: 0x25, 32: 0x41 } as const;
/** The same in the table's second entry, where it is clear then. */
const CLEAN_BIT = { 12: 0, 16: 0x8000, 32: 0x08000000 } as const;
/** What a short name cannot have. Others write + , ; = [ ] into it too. */
const FORBIDDEN_SHORT = /[\x00-\x1f"*/:<>?\\|\x7f]/;

/** A directory that is to be looked at. */
interface Found {
  /** Empty for the root. */
  readonly path: string;
  /** Clusters of the directory itself and of the one above it, 0 for the root. */
  readonly own: number;
  readonly parent: number;
  /** Where it lies on the device, in pieces of the same size. */
  readonly parts: readonly number[];
  readonly partBytes: number;
}

/** Looks at everything but the content of files. Throws where the boot sector says no volume. */
export function checkFat(device: BlockDevice): FatReport {
  return new Check(device).run();
}

class Check {
  readonly #device: BlockDevice;
  readonly #geometry: Geometry;
  readonly #table: Table;
  readonly #problems: FatProblem[] = [];
  /** Whose a cluster is: an index into `#paths`, from 1 on. */
  readonly #owners: Uint32Array;
  readonly #paths: string[] = [];
  readonly #waiting: Found[] = [];
  #files = 0;
  #directories = 0;

  constructor(device: BlockDevice) {
    this.#device = device;
    this.#geometry = readGeometry(device);
    this.#table = new Table(device, this.#geometry);
    this.#owners = new Uint32Array(this.#geometry.clusters + FIRST_CLUSTER);
  }

  run(): FatReport {
    const { bits, rootCluster, rootAt, rootBytes, clusters } = this.#geometry;
    this.#checkBoot();
    this.#checkTables();
    if (bits === 32) this.#wait("", 0, 0, this.#claim("/", rootCluster, DIRECTORY_BYTES_MOST));
    else this.#waiting.push({ path: "", own: 0, parent: 0, parts: [rootAt], partBytes: rootBytes });
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop()) this.#checkDirectory(next);
    const { free, bad } = this.#checkRest();
    assert(free + bad <= clusters, "more clusters are counted than there are");
    this.#checkInfo(free);
    return {
      type: `fat${bits}`,
      problems: this.#problems,
      files: this.#files,
      directories: this.#directories,
      clusters,
      usedClusters: clusters - free - bad,
      freeClusters: free,
      badClusters: bad,
    };
  }

  #say(text: string, path?: string, cluster?: number): void {
    if (this.#problems.length >= PROBLEMS_MOST) return;
    const place = { ...(path === undefined ? {} : { path }), ...(cluster === undefined ? {} : { cluster }) };
    this.#problems.push({ text, ...place });
    if (this.#problems.length === PROBLEMS_MOST) this.#problems.push({ text: "there are more problems" });
  }

  #wait(path: string, own: number, parent: number, clusters: readonly number[]): void {
    const { dataAt, clusterBytes } = this.#geometry;
    const parts = clusters.map((cluster) => dataAt + (cluster - FIRST_CLUSTER) * clusterBytes);
    this.#waiting.push({ path, own, parent, parts, partBytes: clusterBytes });
  }

  #sector(at: number): DataView {
    const sector = new Uint8Array(SECTOR_BYTES);
    this.#device.read(at, sector);
    return new DataView(sector.buffer);
  }

  // What is there once

  #checkBoot(): void {
    const { bits } = this.#geometry;
    const boot = this.#sector(0);
    const clean = CLEAN_BIT[bits];
    if (boot.getUint8(STATE_AT[bits]) & 1 || (this.#table.get(1) & clean) !== clean)
      this.#say("the volume was not unmounted in good order");
    if (this.#table.get(0) < END_OF_CHAIN[bits])
      this.#say(`the allocation table begins with ${this.#table.get(0).toString(16)}h, and not with the medium`);
    if (bits !== 32) return;
    const backup = boot.getUint16(BACKUP_AT, true);
    if (backup === 0 || backup >= boot.getUint16(14, true)) return;
    const copy = this.#sector(backup * boot.getUint16(11, true));
    const differs = Array.from({ length: SECTOR_BYTES }, (_, at) => at).find(
      (at) => at !== STATE_AT[32] && boot.getUint8(at) !== copy.getUint8(at),
    );
    if (differs !== undefined) this.#say(`the boot sector and its copy differ, first at byte ${differs}`);
  }

  /** All tables say the same, as far as there are clusters. */
  #checkTables(): void {
    const { tables, tableAt, clusters, bits } = this.#geometry;
    const bytes = Math.ceil(((clusters + FIRST_CLUSTER) * bits) / 8);
    for (const [number, at] of tables.entries()) {
      if (at === tableAt) continue;
      const different = this.#firstDifference(tableAt, at, bytes);
      if (different !== null) {
        const cluster = Math.floor((different * 8) / bits);
        this.#say(`allocation table ${number + 1} differs from the first one`, undefined, cluster);
      }
    }
  }

  #firstDifference(one: number, other: number, bytes: number): number | null {
    const a = new Uint8Array(PIECE_BYTES);
    const b = new Uint8Array(PIECE_BYTES);
    for (let done = 0; done < bytes; done += PIECE_BYTES) {
      const count = Math.min(PIECE_BYTES, bytes - done);
      this.#device.read(one + done, a.subarray(0, count));
      this.#device.read(other + done, b.subarray(0, count));
      for (let at = 0; at < count; at++) if (a[at] !== b[at]) return done + at;
    }
    return null;
  }

  /** The number of free clusters of FAT32: others take it for the truth. */
  #checkInfo(free: number): void {
    const { infoAt } = this.#geometry;
    if (infoAt === null) return;
    const info = this.#sector(infoAt);
    if (INFO_MAGICS.some(([at, magic]) => info.getUint32(at, true) !== magic)) {
      this.#say("the sector with the number of free clusters is none");
      return;
    }
    const said = info.getUint32(INFO_FREE, true);
    if (said !== 0xffffffff && said !== free) this.#say(`${said} clusters are said to be free, ${free} are`);
  }

  // Chains

  /** The clusters of a chain, which are this path's from now on; as far as they are good, and nobody else's. */
  #claim(path: string, first: number, mostBytes: number): number[] {
    const { bits, clusterBytes, clusters } = this.#geometry;
    const end = END_OF_CHAIN[bits];
    const found: number[] = [];
    this.#paths.push(path);
    for (let cluster = first; ; ) {
      const owner = this.#owners[cluster];
      if (owner) {
        const other = this.#paths[owner - 1]!;
        const isOwn = owner === this.#paths.length;
        this.#say(
          isOwn ? "its chain of clusters goes in a circle" : `it shares a cluster with ${other}`,
          path,
          cluster,
        );
        return found;
      }
      if (found.length * clusterBytes >= mostBytes) {
        this.#say(`it is longer than ${mostBytes} bytes`, path, cluster);
        return found;
      }
      assert(this.#table.isCluster(cluster), "a chain has what is no cluster");
      this.#owners[cluster] = this.#paths.length;
      found.push(cluster);
      assert(found.length <= clusters, "a chain has more clusters than there are");
      const next = this.#table.get(cluster);
      if (next >= end) return found;
      if (next === 0) this.#say("its chain of clusters leads into a free one", path, cluster);
      else if (next === end - 1) this.#say("its chain of clusters leads into a bad one", path, cluster);
      else if (!this.#table.isCluster(next))
        this.#say(`its chain of clusters leads to ${next}, of ${clusters}`, path, cluster);
      else {
        cluster = next;
        continue;
      }
      return found;
    }
  }

  /** What nobody has, and the numbers of all. */
  #checkRest(): { free: number; bad: number } {
    const { bits, clusters } = this.#geometry;
    let free = 0;
    let bad = 0;
    let lost = 0;
    let firstLost = 0;
    for (let cluster = FIRST_CLUSTER; cluster < clusters + FIRST_CLUSTER; cluster++) {
      const next = this.#table.get(cluster);
      if (this.#owners[cluster] !== 0) continue;
      if (next === 0) free++;
      else if (next === END_OF_CHAIN[bits] - 1) bad++;
      else {
        firstLost ||= cluster;
        lost++;
      }
    }
    if (lost > 0) this.#say(`${lost} clusters are in use, and nobody has them`, undefined, firstLost);
    return { free, bad };
  }

  // Directories

  #checkDirectory({ path, own, parent, parts, partBytes }: Found): void {
    const bytes = new Uint8Array(parts.length * partBytes);
    assert(bytes.length % SLOT_BYTES === 0, "a directory is not whole slots");
    for (const [index, at] of parts.entries())
      this.#device.read(at, bytes.subarray(index * partBytes, (index + 1) * partBytes));
    const names = new Map<string, string>();
    let long: Uint8Array[] = [];
    const orphan = (): void => {
      if (long.length > 0) this.#say("a long name belongs to no file", path || "/");
      long = [];
    };
    for (let at = 0; at < bytes.length; at += SLOT_BYTES) {
      const slot = bytes.subarray(at, at + SLOT_BYTES);
      const isDots = at < 2 * SLOT_BYTES && path !== "";
      if (slot[0] === END && !isDots) break;
      if (isDots) this.#checkDots(slot, at === 0 ? "." : "..", at === 0 ? own : parent, path);
      else if (slot[0] === FREE) orphan();
      else if (attributeLong(slot)) {
        if (slot[0]! & LAST_LONG) orphan();
        long.push(slot);
      } else {
        if (!isLongNameOf(long, slot)) orphan();
        if ((slot[11]! & LABEL) === 0)
          this.#checkEntry(slot, longName(long.toReversed()) || shortName(slot), path, own, names);
        long = [];
      }
    }
    orphan();
  }

  #checkDots(slot: Uint8Array, name: string, cluster: number, path: string): void {
    const isThere = String.fromCharCode(...slot.subarray(0, 11)).trimEnd() === name;
    if (!isThere || (slot[11]! & DIRECTORY) === 0) this.#say(`the directory has no "${name}"`, path);
    else if (this.#firstOf(slot) !== cluster)
      this.#say(`"${name}" leads to cluster ${this.#firstOf(slot)} instead of ${cluster}`, path);
  }

  #firstOf(slot: Uint8Array): number {
    const view = new DataView(slot.buffer, slot.byteOffset, SLOT_BYTES);
    return (this.#geometry.bits === 32 ? view.getUint16(20, true) * 0x10000 : 0) + view.getUint16(26, true);
  }

  #checkEntry(slot: Uint8Array, name: string, above: string, parent: number, names: Map<string, string>): void {
    const path = `${above}/${name}`;
    const { clusterBytes, clusters } = this.#geometry;
    const isDirectory = (slot[11]! & DIRECTORY) !== 0;
    const sizeBytes = new DataView(slot.buffer, slot.byteOffset, SLOT_BYTES).getUint32(28, true);
    const first = this.#firstOf(slot);
    const alias = String.fromCharCode(...slot.subarray(0, 11));
    if (FORBIDDEN_SHORT.test(alias.replace(/^\x05/, "_")) || alias.startsWith(" "))
      this.#say("its short name has what no name may have", path);
    const other = names.get(alias);
    if (other !== undefined) this.#say(`it has the short name of ${other}`, path);
    else names.set(alias, path);
    const isTwice = names.get(`long ${folded(name)}`);
    if (isTwice !== undefined && other === undefined) this.#say("two have this name", path);
    names.set(`long ${folded(name)}`, path);

    if (isDirectory) this.#directories++;
    else this.#files++;
    if (isDirectory && sizeBytes !== 0) this.#say(`a directory says that it has ${sizeBytes} bytes`, path);
    if (first === 0 && !isDirectory) {
      if (sizeBytes > 0) this.#say(`it has ${sizeBytes} bytes, and no clusters`, path);
      return;
    }
    if (!this.#table.isCluster(first)) {
      this.#say(`it begins in cluster ${first}, of ${clusters}`, path);
      return;
    }
    if (this.#table.get(first) === 0) {
      this.#say("it begins in a free cluster", path, first);
      return;
    }
    const needed = Math.ceil(sizeBytes / clusterBytes);
    const parts = this.#claim(path, first, isDirectory ? DIRECTORY_BYTES_MOST : Number.POSITIVE_INFINITY);
    if (!isDirectory) {
      if (parts.length !== needed)
        this.#say(`it has ${parts.length} clusters, and ${sizeBytes} bytes need ${needed}`, path, first);
    } else if (parts.length > 0) this.#wait(path, first, parent, parts);
  }
}

/** Whether slots, in the order in which they lie, are all of a short slot's long name. */
function isLongNameOf(long: readonly Uint8Array[], slot: Uint8Array): boolean {
  const sum = sumOf(slot);
  return long.every((part, index) => {
    const number = long.length - index;
    return part[0] === (index === 0 ? number | LAST_LONG : number) && part[13] === sum;
  });
}
