/** Directories: names in leaves of a trie by the bits of their hashes. */
import { crc32 } from "../../bytes/crc32.ts";
import { assert } from "../../diagnostic/invariant.ts";
import { damaged, FileSystemError } from "../error.ts";
import { BLOCK_BYTES, isPrintable, isZero, MAGIC_LEAF, type ObjectRecord, ROOT_ID, viewOf } from "./layout.ts";
import type { Tree } from "./tree.ts";
import type { Volume } from "./volume.ts";

const LEAF_HEADER_BYTES = 16;
const ENTRY_HEADER_BYTES = 9;
const STEPS_MAX = 20;
const NAME_BYTES_MAX = 255;

export interface Entry {
  readonly id: number;
  readonly hash: number;
  readonly name: string;
  /** Length of the entry on the disk. */
  readonly bytes: number;
}

/** The entries of leaves that were looked at. Nobody else changes the content of a directory. */
const parsed = new WeakMap<Uint8Array, readonly Entry[]>();

interface Way {
  /** Block of the content; -1 when the directory has none. */
  readonly leaf: number;
  readonly steps: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class Directory {
  readonly record: ObjectRecord;
  readonly #volume: Volume;
  readonly #tree: Tree;
  /** The names of the class directory are classes. */
  readonly #classes: boolean;

  constructor(volume: Volume, record: ObjectRecord) {
    this.#volume = volume;
    this.record = record;
    this.#tree = volume.tree(record);
    this.#classes = record.id === volume.state.classDirectory;
  }

  find(name: string): number | null {
    const hash = hashOf(name);
    const { leaf, steps } = this.#way(hash);
    if (leaf < 0) return null;
    return this.#read(leaf, steps, hash).find((entry) => entry.hash === hash && entry.name === name)?.id ?? null;
  }

  /** In the order of hashes. */
  *entries(): Generator<Entry, void> {
    if (this.#tree.blocks === 0) return;
    const open = [{ block: 0, steps: 0, hash: 0 }];
    for (let next = open.pop(); next; next = open.pop()) {
      const { block, steps, hash } = next;
      if (this.#isLeaf(block, steps)) {
        yield* this.#read(block, steps, hash);
        continue;
      }
      open.push({ block: 2 * block + 2, steps: steps + 1, hash: hash + 2 ** (31 - steps) });
      open.push({ block: 2 * block + 1, steps: steps + 1, hash });
    }
  }

  /** How many leaves must be divided to take a name. Throws when there is no place. */
  divisions(name: string): number {
    const hash = hashOf(name);
    const { leaf, steps } = this.#way(hash);
    if (leaf < 0) return 0;
    let entries = [...this.#read(leaf, steps, hash)];
    let count = 0;
    for (; bytesOf(entries) + entryBytes(name) > BLOCK_BYTES; count++) {
      if (steps + count >= STEPS_MAX)
        throw new FileSystemError("no-space", "the directory has no place for a name with this hash");
      entries = entries.filter((entry) => bit(entry.hash, steps + count) === bit(hash, steps + count));
    }
    return count;
  }

  /** Adds a name that is not there. */
  insert(name: string, id: number): void {
    assert(id > ROOT_ID, "a name leads to the root, or to nothing");
    assert(this.find(name) === null, "a name is added that is there");
    const tree = this.#change();
    const hash = hashOf(name);
    if (tree.blocks === 0) {
      tree.resize(1);
      this.#write(tree, 0, []);
    }
    for (;;) {
      const { leaf, steps } = this.#way(hash);
      const entries = this.#read(leaf, steps, hash);
      if (bytesOf(entries) + entryBytes(name) <= BLOCK_BYTES) {
        const at = entries.findIndex((entry) => entry.hash > hash);
        this.#write(
          tree,
          leaf,
          entries.toSpliced(at < 0 ? entries.length : at, 0, { id, hash, name, bytes: entryBytes(name) }),
        );
        break;
      }
      assert(steps < STEPS_MAX, "a leaf is divided below the last step");
      tree.resize(Math.max(tree.blocks, 2 * leaf + 3));
      for (const side of [0, 1]) {
        const half = entries.filter((entry) => bit(entry.hash, steps) === side);
        this.#write(tree, 2 * leaf + 1 + side, half);
      }
      tree.punch(leaf);
    }
    this.#put(1);
  }

  /** Makes a name that is there lead to another object. */
  replace(name: string, id: number): void {
    this.#edit(name, (entries, at) => entries.with(at, { ...entries[at]!, id }));
    this.#put(0);
  }

  remove(name: string): void {
    if (this.record.count === 1) this.#change().resize(0);
    else this.#edit(name, (entries, at) => entries.toSpliced(at, 1));
    this.#put(-1);
  }

  #edit(name: string, body: (entries: readonly Entry[], at: number) => readonly Entry[]): void {
    const hash = hashOf(name);
    const { leaf, steps } = this.#way(hash);
    const entries = this.#read(leaf, steps, hash);
    const at = entries.findIndex((entry) => entry.hash === hash && entry.name === name);
    assert(at >= 0, "a name is changed that is not there");
    this.#write(this.#change(), leaf, body(entries, at));
  }

  #change(): Tree {
    return this.#volume.changeTree(this.record);
  }

  #put(more: number): void {
    if (this.record.count + more < 0) throw damaged(`directory ${this.record.id} counts fewer names than it has`);
    const tree = this.#change();
    this.#volume.put({
      ...this.record,
      count: this.record.count + more,
      size: tree.blocks * BLOCK_BYTES,
      modified: this.#volume.options.now(),
    });
  }

  /** The tree may have got changes since this was made. */
  get #now(): Tree {
    return this.#volume.tree(this.record);
  }

  #isLeaf(block: number, steps: number): boolean {
    const tree = this.#now;
    if (block >= tree.blocks || steps > STEPS_MAX)
      throw damaged(`directory ${this.record.id} is damaged: no leaf on the way to block ${block} of its content`);
    return tree.pointer(block).block !== 0;
  }

  #way(hash: number): Way {
    if (this.#now.blocks === 0) return { leaf: -1, steps: 0 };
    let block = 0;
    let steps = 0;
    while (!this.#isLeaf(block, steps)) block = 2 * block + 1 + bit(hash, steps++);
    return { leaf: block, steps };
  }

  /** The entries of a leaf; `hash` is one that leads to it. */
  #read(block: number, steps: number, hash: number): readonly Entry[] {
    const bytes = this.#now.read(block)!;
    const known = parsed.get(bytes);
    if (known) return known;
    const entries = this.#parse(bytes, block, steps, hash);
    parsed.set(bytes, entries);
    return entries;
  }

  #write(tree: Tree, block: number, entries: readonly Entry[]): void {
    tree.replace(block, this.#leaf(entries));
    parsed.set(tree.read(block)!, entries);
  }

  #parse(bytes: Uint8Array, block: number, steps: number, hash: number): Entry[] {
    const view = viewOf(bytes);
    const used = view.getUint16(6, true);
    const fail = (what: string): never => {
      throw damaged(`directory ${this.record.id} is damaged: block ${block} of its content, ${what}`);
    };
    const header =
      view.getUint32(0, true) === MAGIC_LEAF &&
      view.getUint16(4, true) === 1 &&
      view.getUint32(8, true) === this.record.id &&
      view.getUint32(12, true) === 0 &&
      used >= LEAF_HEADER_BYTES &&
      used <= BLOCK_BYTES &&
      used % 4 === 0;
    if (!header || !isZero(bytes, used, BLOCK_BYTES)) fail("which is not a leaf");
    const entries: Entry[] = [];
    for (let at = LEAF_HEADER_BYTES; at < used; ) {
      const length = at + ENTRY_HEADER_BYTES <= used ? bytes[at + 8]! : 0;
      const end = at + ENTRY_HEADER_BYTES + length;
      const next = (end + 3) & ~3;
      if (length === 0 || next > used || !isZero(bytes, end, next)) fail(`the entry at byte ${at}`);
      const raw = bytes.subarray(at + ENTRY_HEADER_BYTES, end);
      const entry = {
        id: view.getUint32(at, true),
        hash: view.getUint32(at + 4, true),
        name: decodeName(raw) ?? fail(`the entry at byte ${at}, which is not UTF-8`),
        bytes: next - at,
      };
      const sound =
        entry.id > 0 &&
        entry.hash === crc32(raw) &&
        (steps === 0 || entry.hash >>> (32 - steps) === hash >>> (32 - steps)) &&
        entry.hash >= (entries.at(-1)?.hash ?? 0) &&
        (this.#classes || (isPrintable(entry.name) && entry.name !== "." && entry.name !== ".."));
      if (!sound) fail(`the entry at byte ${at}`);
      entries.push(entry);
      at = next;
    }
    return entries;
  }

  #leaf(entries: readonly Entry[]): Uint8Array {
    assert(bytesOf(entries) <= BLOCK_BYTES, "the names of a leaf have no room in it");
    const bytes = new Uint8Array(BLOCK_BYTES);
    const view = viewOf(bytes);
    view.setUint32(0, MAGIC_LEAF, true);
    view.setUint16(4, 1, true);
    view.setUint16(6, bytesOf(entries), true);
    view.setUint32(8, this.record.id, true);
    let at = LEAF_HEADER_BYTES;
    for (const { id, hash, name, bytes: length } of entries) {
      const raw = encoder.encode(name);
      view.setUint32(at, id, true);
      assert(raw.length >= 1 && raw.length <= NAME_BYTES_MAX, "a name has a length that its entry cannot say");
      view.setUint32(at + 4, hash, true);
      bytes[at + 8] = raw.length;
      bytes.set(raw, at + ENTRY_HEADER_BYTES);
      at += length;
    }
    return bytes;
  }
}

function decodeName(raw: Uint8Array): string | null {
  try {
    return decoder.decode(raw);
  } catch {
    return null;
  }
}

/** Throws when a name cannot be one of a directory. */
export function checkName(name: string): void {
  const { length } = encoder.encode(name);
  if (!isPrintable(name) || name === "." || name === ".." || length > NAME_BYTES_MAX)
    throw new FileSystemError("invalid", `${JSON.stringify(name)} cannot be the name of a file`);
}

function hashOf(name: string): number {
  return crc32(encoder.encode(name));
}

function bit(hash: number, step: number): number {
  assert(step >= 0 && step < 32, "a hash has 32 bits");
  return (hash >>> (31 - step)) & 1;
}

function entryBytes(name: string): number {
  return (ENTRY_HEADER_BYTES + encoder.encode(name).length + 3) & ~3;
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, LEAF_HEADER_BYTES);
}
