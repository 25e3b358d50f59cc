/** Files and directories of a FAT volume by their paths. Case does not tell names apart. */
import { assert } from "../../diagnostic/invariant.ts";
import type { BlockDevice } from "../device.ts";
import { damaged, FileSystemError, finds } from "../error.ts";
import type { Time } from "../oofs/layout.ts";
import { DIRECTORY, Directory, dots, type Entry } from "./directory.ts";
import { checkName, folded } from "./names.ts";
import { FatVolume } from "./volume.ts";

export interface FatStatus {
  readonly kind: "file" | "directory";
  readonly sizeBytes: number;
  readonly modified: Time;
  readonly created: Time;
  /** As those of OOFS have them; FAT knows no persistent objects. */
  readonly className: string;
  readonly version: number;
}

export interface FatListed extends FatStatus {
  readonly name: string;
}

const FILE_BYTES_MOST = 2 ** 32 - 1;
/** More is not read in one piece. */
const READ_BYTES_MOST = 2 ** 30;
const ZEROS_BYTES = 1 << 20;
/** In memory. */
const DIRECTORIES_MOST = 1000;

/** Where something is: the directory that has it, and its entry; none for the root. */
interface Place {
  readonly directory: Directory;
  readonly entry: Entry | null;
  readonly path: string;
}

export class FatFileSystem {
  readonly volume: FatVolume;
  readonly #now: () => Time;
  /** Directories by their clusters, with the path by which each was reached first. */
  readonly #directories = new Map<number, { readonly directory: Directory; readonly path: string }>();
  /** A place in a chain, from which a later one is found. */
  #position = { first: 0, index: 0, cluster: 0 };

  constructor(device: BlockDevice, { readOnly, now }: { readOnly: boolean; now: () => Time }) {
    this.volume = new FatVolume(device, readOnly);
    this.#now = now;
  }

  // Looking

  stat(path: string): FatStatus {
    return statusOf(this.#resolve(path).entry);
  }

  exists(path: string): boolean {
    return finds(() => this.#resolve(path));
  }

  /** What a directory has, in the order of names. */
  list(path: string): FatListed[] {
    if (this.#directories.size > DIRECTORIES_MOST) this.#directories.clear();
    return this.#open(this.#resolve(path))
      .entries.map((entry) => ({ name: entry.name, ...statusOf(entry) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Up to `length` bytes; fewer at the end of the file. */
  read(path: string, offset = 0, length = Number.POSITIVE_INFINITY): Uint8Array<ArrayBuffer> {
    const entry = this.#file(this.#resolve(path), path);
    const { clusterBytes } = this.volume.geometry;
    const count = Math.min(length, Math.max(entry.sizeBytes - offset, 0));
    if (count > READ_BYTES_MOST)
      throw new FileSystemError("invalid", `${path}: not more than 1 GiB is read in one piece`);
    assert(count >= 0 && offset >= 0, "bytes before the beginning of a file are asked for");
    const bytes = new Uint8Array(count);
    for (let done = 0; done < count; ) {
      const at = offset + done;
      const piece = Math.min(count - done, clusterBytes - (at % clusterBytes));
      assert(piece > 0, "reading a file does not get on");
      const cluster = this.#seek(entry.cluster, Math.floor(at / clusterBytes), path);
      this.volume.device.read(this.volume.clusterAt(cluster) + (at % clusterBytes), bytes.subarray(done, done + piece));
      done += piece;
    }
    return bytes;
  }

  // Changing

  create(path: string): void {
    const { directory, name } = this.#newName(path);
    directory.add(name, 0, 0, 0, this.#now());
  }

  /** Replaces bytes from `offset` on, and makes the file longer where they go beyond its end. */
  write(path: string, offset: number, bytes: Uint8Array): void {
    this.volume.checkWritable();
    const place = this.#resolve(path);
    const entry = this.#file(place, path);
    if (offset + bytes.length > FILE_BYTES_MOST)
      throw new FileSystemError("invalid", `${path}: a file of a FAT volume has less than 4 GiB`);
    if (offset > entry.sizeBytes) {
      this.write(path, entry.sizeBytes, new Uint8Array(Math.min(offset - entry.sizeBytes, ZEROS_BYTES)));
      this.write(path, offset, bytes);
      return;
    }
    const { table, geometry } = this.volume;
    const { clusterBytes } = geometry;
    let first = entry.cluster;
    let done = 0;
    try {
      while (done < bytes.length) {
        const at = offset + done;
        const piece = Math.min(bytes.length - done, clusterBytes - (at % clusterBytes));
        assert(piece > 0, "writing a file does not get on");
        const index = Math.floor(at / clusterBytes);
        let cluster: number;
        if (index * clusterBytes < roundUp(entry.sizeBytes, clusterBytes)) cluster = this.#seek(first, index, path);
        else {
          // The chain has no more: each round adds one to its end.
          const last = index > 0 ? this.#seek(first, index - 1, path) : 0;
          cluster = table.allocate();
          if (cluster === last || cluster === first) throw damaged(`${path}: a cluster of its own is marked as free`);
          if (last === 0) first = cluster;
          else table.set(last, cluster);
          this.#position = { first, index, cluster };
        }
        this.volume.write(this.volume.clusterAt(cluster) + (at % clusterBytes), bytes.subarray(done, done + piece));
        done += piece;
      }
    } finally {
      const size = Math.max(entry.sizeBytes, offset + done);
      assert(size <= FILE_BYTES_MOST, "a file has become longer than its slot can say");
      if (size !== entry.sizeBytes || done > 0) place.directory.update(entry, first, size, this.#now());
    }
  }

  mkdir(path: string): void {
    const { directory, name } = this.#newName(path);
    checkName(name);
    const now = this.#now();
    const cluster = this.volume.newCluster();
    this.volume.write(this.volume.clusterAt(cluster), dots(cluster, this.#parentNumber(directory), now));
    try {
      directory.add(name, DIRECTORY, cluster, 0, now);
    } catch (error) {
      this.volume.table.free(cluster);
      throw error;
    }
  }

  unlink(path: string): void {
    this.volume.checkWritable();
    const place = this.#resolve(path);
    const entry = this.#file(place, path);
    place.directory.remove(entry);
    this.#free(entry.cluster);
  }

  rmdir(path: string): void {
    this.volume.checkWritable();
    const place = this.#resolve(path);
    if (place.entry === null) throw new FileSystemError("invalid", `${path}: the root stays`);
    if (this.#open(place).entries.length > 0) throw new FileSystemError("not-empty", `${path}: directory is not empty`);
    place.directory.remove(place.entry);
    this.#free(place.entry.cluster);
  }

  /** Gives another path. A file that has it is replaced. */
  rename(path: string, to: string): void {
    this.volume.checkWritable();
    const from = this.#resolve(path);
    if (from.entry === null) throw new FileSystemError("invalid", `${path}: the root stays`);
    const parts = partsOf(to);
    const name = parts.at(-1);
    if (name === undefined) throw new FileSystemError("exists", `${to}: exists already`);
    checkName(name);
    const isDirectory = (from.entry.attributes & DIRECTORY) !== 0;
    const above = this.#resolveParts(parts.slice(0, -1));
    const target = this.#open(above);
    if (isDirectory && `${folded(above.path)}/`.startsWith(`${folded(from.path)}/`))
      throw new FileSystemError("invalid", `${to}: a directory does not go into itself`);
    const there = target.find(name);
    const isSame = there !== undefined && target === from.directory && there.slots.at(-1) === from.entry.slots.at(-1);
    if (there && !isSame) {
      if (isDirectory || (there.attributes & DIRECTORY) !== 0)
        throw new FileSystemError("exists", `${to}: exists already`);
      target.remove(there);
      this.#free(there.cluster);
    }
    const { attributes, cluster, sizeBytes, modified, created } = from.entry;
    if (isSame) target.remove(from.entry);
    target.add(name, attributes, cluster, sizeBytes, modified, created);
    if (!isSame) from.directory.remove(from.entry);
    if (isDirectory && target !== from.directory)
      new Directory(this.volume, cluster, to).setParent(this.#parentNumber(target));
    this.#directories.clear();
  }

  /** Everything is on the device. */
  sync(): void {
    this.volume.table.flush();
    this.volume.device.flush();
  }

  // Paths

  #resolve(path: string): Place {
    return this.#resolveParts(partsOf(path));
  }

  #resolveParts(parts: readonly string[]): Place {
    const { geometry } = this.volume;
    let place: Place = {
      directory: this.#directory(geometry.rootCluster, "/"),
      entry: null,
      path: "",
    };
    for (const part of parts) {
      const directory = place.entry === null ? place.directory : this.#open(place);
      const entry = directory.find(part);
      if (!entry) throw new FileSystemError("not-found", `${place.path}/${part}: not found`);
      place = { directory, entry, path: `${place.path}/${entry.name}` };
    }
    return place;
  }

  #open({ directory, entry, path }: Place): Directory {
    if (entry === null) return directory;
    if ((entry.attributes & DIRECTORY) === 0) throw new FileSystemError("not-directory", `${path}: not a directory`);
    if (!this.volume.table.isCluster(entry.cluster))
      throw damaged(`${path}: the directory begins in cluster ${entry.cluster}`);
    return this.#directory(entry.cluster, path);
  }

  /** The directory in a cluster: one by one path only, also on a damaged volume where one may be below itself. */
  #directory(cluster: number, path: string): Directory {
    const known = this.#directories.get(cluster);
    if (known && known.path !== path) throw damaged(`${path}: it is the same directory as ${known.path}`);
    if (known) return known.directory;
    const directory = new Directory(this.volume, cluster, path);
    this.#directories.set(cluster, { directory, path });
    assert(directory.cluster === cluster, "a directory is kept under the cluster of another");
    return directory;
  }

  #newName(path: string): { directory: Directory; name: string } {
    this.volume.checkWritable();
    const parts = partsOf(path);
    const name = parts.at(-1);
    if (name === undefined) throw new FileSystemError("exists", `${path}: exists already`);
    const directory = this.#open(this.#resolveParts(parts.slice(0, -1)));
    if (directory.find(name)) throw new FileSystemError("exists", `${path}: exists already`);
    return { directory, name };
  }

  #file({ entry }: Place, path: string): Entry {
    if (entry === null || (entry.attributes & DIRECTORY) !== 0)
      throw new FileSystemError("is-directory", `${path}: is a directory`);
    const { clusters, clusterBytes } = this.volume.geometry;
    if (entry.sizeBytes > clusters * clusterBytes)
      throw damaged(`${path}: ${entry.sizeBytes} bytes are more than the volume has`);
    return entry;
  }

  /** What ".." says: 0 for the root, also where that is in a cluster. */
  #parentNumber({ cluster }: Directory): number {
    return cluster === this.volume.geometry.rootCluster ? 0 : cluster;
  }

  // Chains

  /** The cluster of a chain at an index. */
  #seek(first: number, index: number, path: string): number {
    const { table } = this.volume;
    const known = this.#position;
    let { cluster, index: at } = known.first === first && known.index <= index ? known : { cluster: first, index: 0 };
    for (; ; at++) {
      if (!table.isCluster(cluster)) throw damaged(`${path}: its chain of clusters ends after ${at} of them`);
      if (at === index) break;
      cluster = table.get(cluster);
    }
    assert(table.isCluster(cluster), "a chain led to what is no cluster");
    this.#position = { first, index, cluster };
    return cluster;
  }

  #free(first: number): void {
    this.volume.table.free(first);
    this.#position = { first: 0, index: 0, cluster: 0 };
    this.#directories.delete(first);
  }
}

function statusOf(entry: Entry | null): FatStatus {
  const unknown = { seconds: 0, nanoseconds: 0 };
  return {
    kind: entry === null || (entry.attributes & DIRECTORY) !== 0 ? "directory" : "file",
    sizeBytes: entry?.sizeBytes ?? 0,
    modified: entry?.modified ?? unknown,
    created: entry?.created ?? unknown,
    className: "",
    version: 0,
  };
}

function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;
