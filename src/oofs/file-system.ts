/**
 * Paths, files and persistent objects of a mounted volume: each method that changes something is one operation of the
 * format.
 */
import { assert } from "../diagnostic/invariant.ts";
import { checkName, Directory } from "./directory.ts";
import { damaged, finds, OofsError } from "./error.ts";
import {
  BLOCK_BYTES,
  blocksOf,
  CLASS_DIRECTORY,
  CLASS_FILE,
  CLASS_TABLE,
  depthOf,
  FILE_BYTES_MAX,
  HOLE,
  isClassName,
  isPrintable,
  type ObjectRecord,
  ROOT_ID,
  SNAPSHOTS_MAX,
  type Time,
} from "./layout.ts";
import { Volume } from "./volume.ts";

export type Kind = "file" | "directory" | "object";

export interface Status {
  readonly id: number;
  readonly kind: Kind;
  readonly sizeBytes: number;
  readonly className: string;
  /** Of a persistent object. */
  readonly version: number;
  readonly modified: Time;
  readonly created: Time;
  /** Sequence number of the commit that changed it last. */
  readonly changed: bigint;
}

export interface Listed extends Status {
  readonly name: string;
}

export interface SnapshotStatus {
  readonly name: string;
  readonly sequence: bigint;
  readonly time: Time;
  readonly objects: number;
}

/** A write longer than this is done in pieces; each piece is one operation. */
const PIECE_BLOCKS = 64;
/** More is not read in one piece. */
const READ_BYTES_MAX = 2 ** 30;
/** Blocks that one step of freeing takes. */
const STEP_BLOCKS = 1024;
/** What an operation changes at most in tables and directories, when nothing is divided. */
const RECORD_BLOCKS = 24;
const RECORD_BLOCKS_LESS = 20;

export class FileSystem {
  readonly volume: Volume;

  constructor(volume: Volume) {
    this.volume = volume;
  }

  // Looking

  stat(path: string): Status {
    return this.#status(this.#resolve(path));
  }

  exists(path: string): boolean {
    return finds(() => this.#resolve(path));
  }

  /** What a directory has, in the order of names. The root's list has the persistent objects after its files. */
  list(path: string): Listed[] {
    const record = this.#resolve(path);
    if (record.className !== CLASS_DIRECTORY) throw new OofsError("not-directory", `${path}: not a directory`);
    const names = (directory: ObjectRecord): Listed[] =>
      [...new Directory(this.volume, directory).entries()]
        .map(({ name, id }) => ({ name, ...this.#status(this.#member(directory, id)) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    return record.id === ROOT_ID ? [...names(record), ...names(this.#classDirectory)] : names(record);
  }

  /** Up to `length` bytes; fewer at the end of the file. */
  read(path: string, offset = 0, length = Number.POSITIVE_INFINITY): Uint8Array<ArrayBuffer> {
    const record = this.#resolve(path);
    if (record.className === CLASS_DIRECTORY) throw new OofsError("is-directory", `${path}: is a directory`);
    return this.#readContent(record, offset, length);
  }

  /** The content of a persistent object and the version of its class with which it was saved. */
  loadObject(
    className: string,
    versionKnown = Number.POSITIVE_INFINITY,
  ): { version: number; bytes: Uint8Array<ArrayBuffer> } {
    const record = this.#object(className);
    if (!record) throw new OofsError("not-found", `there is no object of class ${className}`);
    this.#checkVersion(record, versionKnown);
    return { version: record.count, bytes: this.#readContent(record, 0, Number.POSITIVE_INFINITY) };
  }

  snapshots(): SnapshotStatus[] {
    return this.volume.snapshots.map(({ name, state: { sequence, time, objects } }) => ({
      name,
      sequence,
      time,
      objects,
    }));
  }

  // Files and directories

  create(path: string): void {
    this.#make(path, CLASS_FILE);
  }

  mkdir(path: string): void {
    this.#make(path, CLASS_DIRECTORY);
  }

  write(path: string, offset: number, bytes: Uint8Array): void {
    const { id } = this.#file(path);
    checkRange(offset + bytes.length);
    for (let done = 0; done < bytes.length; ) {
      const at = offset + done;
      const piece = PIECE_BLOCKS * BLOCK_BYTES;
      const length = Math.min(bytes.length - done, piece - (at % piece));
      this.#writePiece(id, at, bytes.subarray(done, done + length));
      done += length;
    }
  }

  append(path: string, bytes: Uint8Array): void {
    this.write(path, this.#file(path).size, bytes);
  }

  truncate(path: string, size: number): void {
    const { id, size: before } = this.#file(path);
    checkRange(size);
    if (size >= before) {
      if (size > before) this.#grow(id, size);
      return;
    }
    for (let reached = before; reached > size; ) {
      this.volume.begin(RECORD_BLOCKS_LESS, "less");
      reached = this.volume.change(() => {
        const record = this.volume.get(id);
        const tree = this.volume.changeTree(record);
        const blocks = tree.resize(blocksOf(size), STEP_BLOCKS);
        const now = blocks > blocksOf(size) ? blocks * BLOCK_BYTES : size;
        const last = Math.floor(size / BLOCK_BYTES);
        if (now === size && size % BLOCK_BYTES !== 0 && tree.pointer(last).block !== 0)
          tree.touch(last).fill(0, size % BLOCK_BYTES);
        this.volume.put({ ...record, size: now, modified: this.volume.options.now() });
        return now;
      });
    }
  }

  unlink(path: string): void {
    const { directory, name, id } = this.#entry(path);
    const record = this.#member(this.volume.get(directory), id);
    if (record.className === CLASS_DIRECTORY) throw new OofsError("is-directory", `${path}: is a directory`);
    this.#remove(directory, name, id);
  }

  rmdir(path: string): void {
    const { directory, name, id } = this.#entry(path);
    const record = this.#member(this.volume.get(directory), id);
    if (record.className !== CLASS_DIRECTORY) throw new OofsError("not-directory", `${path}: not a directory`);
    if (record.count > 0) throw new OofsError("not-empty", `${path}: not empty`);
    this.#remove(directory, name, id);
  }

  /** Replaces a file, or an empty directory by a directory, that has the new name. */
  rename(from: string, to: string): void {
    const source = this.#entry(from);
    const target = this.#parent(to);
    const moved = this.#member(this.volume.get(source.directory), source.id);
    const isDirectory = moved.className === CLASS_DIRECTORY;
    if (isDirectory) this.#checkNotBelow(moved.id, target.directory, to);
    const open = new Directory(this.volume, this.volume.get(target.directory));
    const replaced = open.find(target.name);
    if (replaced === moved.id) return;
    if (replaced !== null) {
      const other = this.#member(open.record, replaced);
      if (other.className === CLASS_DIRECTORY) {
        if (!isDirectory) throw new OofsError("is-directory", `${to}: is a directory`);
        if (other.count > 0) throw new OofsError("not-empty", `${to}: not empty`);
      } else if (isDirectory) throw new OofsError("not-directory", `${to}: not a directory`);
    }
    const divisions = replaced === null ? open.divisions(target.name) : 0;
    const { volume } = this;
    volume.begin(2 * RECORD_BLOCKS + 5 * divisions);
    volume.change(() => {
      const directory = (id: number): Directory => new Directory(volume, volume.get(id));
      if (replaced === null) directory(target.directory).insert(target.name, moved.id);
      else {
        directory(target.directory).replace(target.name, moved.id);
        this.#drop(replaced);
      }
      directory(source.directory).remove(source.name);
      volume.put({ ...volume.get(moved.id), parent: target.directory });
    });
    this.freeOrphans();
  }

  setTimes(path: string, { modified, created }: { modified?: Time; created?: Time }): void {
    const { id } = this.#resolve(path);
    this.volume.begin(RECORD_BLOCKS);
    this.volume.change(() => {
      const record = this.volume.get(id);
      this.volume.put({ ...record, modified: modified ?? record.modified, created: created ?? record.created });
    });
  }

  // Persistent objects

  /** Replaces the object of a class, or makes it. */
  saveObject(className: string, version: number, bytes: Uint8Array): void {
    if (!isClassName(className) || [CLASS_DIRECTORY, CLASS_FILE, CLASS_TABLE].includes(className))
      throw new OofsError("invalid", `${JSON.stringify(className)} cannot be the class of a persistent object`);
    const found = this.#object(className);
    if (found) this.#checkVersion(found, version);
    const { volume } = this;
    const blocks = blocksOf(bytes.length);
    const divisions = found ? 0 : new Directory(volume, this.#classDirectory).divisions(className);
    volume.begin(blocks + Math.ceil(blocks / 500) + RECORD_BLOCKS + 5 * divisions);
    volume.change(() => {
      const id = found?.id ?? this.#newObject(className, volume.state.classDirectory);
      if (!found) new Directory(volume, this.#classDirectory).insert(className, id);
      const record = volume.get(id);
      const tree = volume.changeTree(record);
      tree.resize(blocks);
      for (let index = 0; index < blocks; index++) {
        const block = new Uint8Array(BLOCK_BYTES);
        block.set(bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES));
        tree.replace(index, block);
      }
      volume.put({ ...record, size: bytes.length, count: version, modified: volume.options.now() });
    });
  }

  removeObject(className: string): void {
    const record = this.#object(className);
    if (!record) throw new OofsError("not-found", `there is no object of class ${className}`);
    this.#remove(this.volume.state.classDirectory, className, record.id);
  }

  // Snapshots

  createSnapshot(name: string): void {
    if (
      !isPrintable(name) ||
      name.includes("@") ||
      name === "." ||
      name === ".." ||
      new TextEncoder().encode(name).length > 63
    )
      throw new OofsError("invalid", `${JSON.stringify(name)} cannot be the name of a snapshot`);
    const { volume } = this;
    if (volume.snapshots.some((snapshot) => snapshot.name === name))
      throw new OofsError("exists", `there is a snapshot ${name} already`);
    if (volume.snapshots.length >= SNAPSHOTS_MAX)
      throw new OofsError("no-space", `there are ${SNAPSHOTS_MAX} snapshots, the most that a volume can have`);
    volume.commit();
    volume.begin(4);
    // What `begin` had to commit belongs to it.
    const state = { ...volume.committed };
    volume.change(() => volume.setSnapshots([...volume.snapshots, { name, state }]));
    volume.commit();
  }

  removeSnapshot(name: string): void {
    const { volume } = this;
    this.#snapshot(name);
    volume.commit();
    volume.begin(4, "last");
    volume.change(() => volume.setSnapshots(volume.snapshots.filter((snapshot) => snapshot.name !== name)));
    volume.commit();
  }

  restoreSnapshot(name: string): void {
    const { volume } = this;
    const { state } = this.#snapshot(name);
    volume.commit();
    volume.begin(4, "last");
    volume.change(() => volume.restore(state));
    volume.commit();
  }

  /** The volume as it was in a snapshot, to be read. */
  openSnapshot(name: string): FileSystem {
    const { store, id, options } = this.volume;
    return new FileSystem(new Volume(store, id, this.#snapshot(name).state, { ...options, readOnly: true }));
  }

  // Durability

  /** When this returns, everything before is on stable storage. */
  sync(): void {
    // After a failure, what was done before may be lost: whoever asks must hear of it.
    if (this.volume.hasFailed) this.volume.writable();
    if (!this.volume.isReadOnly) this.volume.commit();
  }

  /** Goes on with freeing what has no name any more. */
  freeOrphans(): void {
    const { volume } = this;
    while (volume.state.orphan !== 0) {
      try {
        volume.begin(RECORD_BLOCKS_LESS, "less");
      } catch (error) {
        // Snapshots hold what there is; it goes on after one of them is removed.
        if (error instanceof OofsError && error.code === "no-space") return;
        throw error;
      }
      volume.change(() => {
        const record = volume.get(volume.state.orphan);
        if (record.parent !== 0 || record.id === ROOT_ID || record.id === volume.state.classDirectory)
          throw damaged(`object ${record.id} is in the list of orphans, and is none`);
        this.#free(record, (rest) => volume.put(rest));
        if (!volume.find(record.id)) volume.state.orphan = record.nextOrphan;
      });
    }
  }

  /** Whether root directory and class directory are there. */
  check(): void {
    for (const id of [ROOT_ID, this.volume.state.classDirectory]) {
      const record = this.volume.get(id);
      if (record.className !== CLASS_DIRECTORY || record.parent !== 0)
        throw damaged(`object ${id} is not the ${id === ROOT_ID ? "root" : "class"} directory`);
    }
  }

  get #classDirectory(): ObjectRecord {
    return this.volume.get(this.volume.state.classDirectory);
  }

  #object(className: string): ObjectRecord | null {
    const directory = this.#classDirectory;
    const id = new Directory(this.volume, directory).find(className);
    if (id === null) return null;
    const record = this.#member(directory, id);
    if (record.className !== className) throw damaged(`object ${id} is not of class ${className}`);
    return record;
  }

  #checkVersion(record: ObjectRecord, known: number): void {
    if (record.count > known)
      throw new OofsError(
        "newer",
        `the object of class ${record.className} has version ${record.count}, and only version ${known} is known; it is left as it is: use a newer system, or remove the object`,
      );
  }

  #snapshot(name: string) {
    const found = this.volume.snapshots.find((snapshot) => snapshot.name === name);
    if (!found) throw new OofsError("not-found", `there is no snapshot ${name}`);
    return found;
  }

  #status(record: ObjectRecord): Status {
    const { id, size, className, modified, created, changed, count } = record;
    const kind = className === CLASS_DIRECTORY ? "directory" : className === CLASS_FILE ? "file" : "object";
    return { id, kind, sizeBytes: size, className, version: kind === "object" ? count : 0, modified, created, changed };
  }

  #resolve(path: string): ObjectRecord {
    const parts = partsOf(path);
    let record = this.volume.get(ROOT_ID);
    parts.forEach((name, index) => {
      const here = `/${parts.slice(0, index + 1).join("/")}`;
      if (record.className !== CLASS_DIRECTORY)
        throw new OofsError("not-directory", `${here}: its parent is not a directory`);
      const id = new Directory(this.volume, record).find(name);
      const object = id === null && record.id === ROOT_ID ? this.#object(name) : null;
      if (id === null && !object) throw new OofsError("not-found", `${here}: not found`);
      record = object ?? this.#member(record, id!);
    });
    return record;
  }

  /** What an entry of a directory leads to. */
  #member(directory: ObjectRecord, id: number): ObjectRecord {
    const record = this.volume.find(id);
    if (!record || record.parent !== directory.id)
      throw damaged(
        `an entry of directory ${directory.id} leads to object ${id}, which ${record ? "is not in it" : "is missing"}`,
      );
    return record;
  }

  #file(path: string): ObjectRecord {
    const record = this.#resolve(path);
    if (record.className === CLASS_DIRECTORY) throw new OofsError("is-directory", `${path}: is a directory`);
    if (record.className !== CLASS_FILE)
      throw new OofsError("invalid", `${path}: a persistent object, which is saved as a whole`);
    return record;
  }

  #parent(path: string): { directory: number; name: string } {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw new OofsError("invalid", "the root directory is always there");
    checkName(name);
    const record = this.#resolve(parts.join("/"));
    if (record.className !== CLASS_DIRECTORY)
      throw new OofsError("not-directory", `/${parts.join("/")}: not a directory`);
    return { directory: record.id, name };
  }

  #entry(path: string): { directory: number; name: string; id: number } {
    const { directory, name } = this.#parent(path);
    const id = new Directory(this.volume, this.volume.get(directory)).find(name);
    if (id === null) throw new OofsError("not-found", `${path}: not found`);
    return { directory, name, id };
  }

  #checkNotBelow(id: number, start: number, to: string): void {
    let here = start;
    for (let steps = 0; here !== 0; steps++) {
      if (here === id) throw new OofsError("invalid", `${to}: a directory cannot be moved into itself`);
      if (steps > this.volume.state.objects) throw damaged(`the parents of directory ${start} never reach the root`);
      here = this.volume.get(here).parent;
    }
  }

  #readContent(record: ObjectRecord, offset: number, length: number): Uint8Array<ArrayBuffer> {
    const end = Math.min(record.size, offset + length);
    if (offset >= end) return new Uint8Array(0);
    if (end - offset > READ_BYTES_MAX)
      throw new OofsError("invalid", `object ${record.id} has ${end - offset} bytes, too many to be read at once`);
    const tree = this.volume.tree(record);
    const bytes = new Uint8Array(end - offset);
    assert(tree.blocks === blocksOf(record.size), "a file and its tree have different lengths");
    for (let at = offset; at < end; ) {
      const index = Math.floor(at / BLOCK_BYTES);
      const next = Math.min(end, (index + 1) * BLOCK_BYTES);
      const start = index * BLOCK_BYTES;
      const block = tree.read(index);
      if (block) bytes.set(block.subarray(at - start, next - start), at - offset);
      at = next;
    }
    return bytes;
  }

  #make(path: string, className: string): void {
    const { directory, name } = this.#parent(path);
    const { volume } = this;
    const open = new Directory(volume, volume.get(directory));
    if (open.find(name) !== null) throw new OofsError("exists", `${path}: exists`);
    volume.begin(RECORD_BLOCKS + 5 * open.divisions(name));
    volume.change(() => {
      const id = this.#newObject(className, directory);
      new Directory(volume, volume.get(directory)).insert(name, id);
    });
  }

  #newObject(className: string, parent: number): number {
    const { volume } = this;
    const id = volume.takeSlot();
    assert(id > ROOT_ID, "a new object gets the place of the root");
    const now = volume.options.now();
    volume.put({
      depth: 0,
      id,
      parent,
      size: 0,
      changed: 0n,
      root: HOLE,
      modified: now,
      created: now,
      count: 0,
      nextOrphan: 0,
      className,
    });
    return id;
  }

  #writePiece(id: number, offset: number, bytes: Uint8Array): void {
    const { volume } = this;
    const first = Math.floor(offset / BLOCK_BYTES);
    const end = offset + bytes.length;
    volume.begin(blocksOf(end) - first + 2 * depthOf(blocksOf(end)) + RECORD_BLOCKS);
    volume.change(() => {
      const record = volume.get(id);
      const size = Math.max(record.size, end);
      const tree = volume.changeTree(record);
      tree.resize(blocksOf(size));
      for (let index = first; index * BLOCK_BYTES < end; index++) {
        const start = index * BLOCK_BYTES;
        const from = Math.max(offset, start);
        const part = bytes.subarray(from - offset, Math.min(end, start + BLOCK_BYTES) - offset);
        assert(part.length > 0 && part.length <= BLOCK_BYTES, "writing a file does not get on");
        if (part.length === BLOCK_BYTES) tree.replace(index, part);
        else tree.touch(index).set(part, from - start);
      }
      volume.put({ ...record, size, modified: volume.options.now() });
    });
  }

  #grow(id: number, size: number): void {
    const { volume } = this;
    volume.begin(RECORD_BLOCKS);
    volume.change(() => {
      const record = volume.get(id);
      volume.changeTree(record).resize(blocksOf(size));
      volume.put({ ...record, size, modified: volume.options.now() });
    });
  }

  #remove(directory: number, name: string, id: number): void {
    const { volume } = this;
    volume.begin(RECORD_BLOCKS_LESS, "less");
    volume.change(() => {
      new Directory(volume, volume.get(directory)).remove(name);
      this.#drop(id);
    });
    this.freeOrphans();
  }

  /** Frees an object whose name is gone, or makes it an orphan when that would take long. */
  #drop(id: number): void {
    const { volume } = this;
    this.#free(volume.get(id), (rest) => {
      volume.put({ ...rest, parent: 0, count: 0, nextOrphan: volume.state.orphan });
      volume.state.orphan = id;
    });
  }

  /** Frees an object, or a part of its content, after which it is handed to `keep`. */
  #free(record: ObjectRecord, keep: (rest: ObjectRecord) => void): void {
    const reached = this.volume.changeTree(record).resize(0, STEP_BLOCKS);
    assert(reached >= 0 && reached * BLOCK_BYTES <= record.size + BLOCK_BYTES, "a file grows while it is freed");
    if (reached === 0) this.volume.freeSlot(record.id);
    else keep({ ...record, size: reached * BLOCK_BYTES });
  }
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function checkRange(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0 || size > FILE_BYTES_MAX)
    throw new OofsError("invalid", `a file cannot have ${size} bytes`);
}
