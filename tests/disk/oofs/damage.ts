/** Damaged and hostile volumes: what of them is still there, and that nothing wrong is taken for data. */
import { crc32 } from "../../../src/bytes/crc32.ts";
import { check, type FileSystem, FileSystemError, format, mount } from "../../../src/disk/oofs/index.ts";
import { MAP_ID, sectorSum, TABLE_ID } from "../../../src/disk/oofs/layout.ts";
import { walkState } from "../../../src/disk/oofs/walk.ts";
import { MemoryDisk, type Random, RecordingDisk } from "./disks.ts";
import { BEGINNING, describeVolume, OPERATIONS, type Operation, perform } from "./history.ts";

export const BLOCKS = 160;
const BLOCK_BYTES = 4096;

export interface Sample {
  readonly content: Uint8Array;
  readonly lines: ReadonlySet<string>;
  readonly text: string;
  /** Used blocks -> the object whose they are; null for what belongs to the volume. */
  readonly owners: ReadonlyMap<number, number | null>;
}

const MORE: readonly Operation[] = [
  { do: "snapshot", path: "s" },
  { do: "write", path: "/a", offset: 100, length: 9000, fill: 40 },
  { do: "create", path: "/d/e" },
  { do: "write", path: "/d/e", offset: 2_200_000, length: 5000, fill: 41 },
  { do: "unlink", path: "/b" },
  { do: "save", path: "other", length: 5000, fill: 42 },
  { do: "sync" },
];

export function makeSample(): Sample {
  const disk = new MemoryDisk(BLOCKS * BLOCK_BYTES);
  format(disk, { id: 5n, time: { seconds: 1, nanoseconds: 0 } });
  const fs = mount(disk);
  for (const operation of [...BEGINNING, ...MORE]) perform(fs, operation);
  for (let index = 0; index < 40; index++) fs.create(`/d/name-${index}`);
  fs.sync();
  const owners = new Map<number, number | null>([0, 1, 2, BLOCKS - 2, BLOCKS - 1].map((block) => [block, null]));
  const { store, committed, snapshots } = fs.volume;
  for (const state of [committed, ...snapshots.map((snapshot) => snapshot.state)])
    walkState(store, state, {
      block(block, _pointer, tree) {
        owners.set(block, !tree || tree.id === TABLE_ID || tree.id === MAP_ID ? null : tree.id);
        return true;
      },
    });
  const text = describeVolume(fs);
  return { content: disk.bytes, lines: new Set(text.split("\n")), text, owners };
}

/** All that can still be read, as lines; errors that are damage are counted. */
function readWhatIsThere(fs: FileSystem): { lines: string[]; errors: number } {
  const lines: string[] = [];
  let errors = 0;
  const attempt = (body: () => void): void => {
    try {
      body();
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error;
      errors++;
    }
  };
  const one = (view: FileSystem, prefix: string): void => {
    attempt(() => lines.push(...describeLeniently(view, attempt).map((line) => prefix + line)));
  };
  one(fs, "");
  attempt(() => {
    for (const { name } of fs.snapshots()) {
      lines.push(`snapshot ${name}`);
      attempt(() => one(fs.openSnapshot(name), `@${name} `));
    }
  });
  return { lines, errors };
}

/** Lines as describeVolume makes them, each object by itself. */
function describeLeniently(view: FileSystem, attempt: (body: () => void) => void): string[] {
  const lines: string[] = [];
  const visit = (path: string, depth: number): void =>
    attempt(() => {
      if (depth > 40) return;
      for (const entry of view.list(path === "" ? "/" : path)) {
        const here = `${path}/${entry.name}`;
        attempt(() => {
          if (entry.kind === "directory") {
            lines.push(`${here} directory`);
            visit(here, depth + 1);
          } else {
            const single = {
              list: () => [entry],
              snapshots: () => [],
              read: () => view.read(here),
              loadObject: () => view.loadObject(entry.name),
            } as unknown as FileSystem;
            lines.push(
              describeVolume(single).replace(`/${entry.name}`, entry.kind === "file" ? here : `/${entry.name}`),
            );
          }
        });
      }
    });
  visit("", 0);
  return lines;
}

/** Flips a bit; the result says what is wrong with what is made of it. */
export function flip(sample: Sample, bit: number): string | null {
  const image = sample.content.slice();
  image[bit >> 3]! ^= 1 << (bit & 7);
  const block = Math.floor(bit / 8 / BLOCK_BYTES);
  const fixed = [0, 1, 2, BLOCKS - 2, BLOCKS - 1].includes(block);
  const matters = sample.owners.has(block) && (!fixed || (bit >> 3) % BLOCK_BYTES < 512);
  return examine(sample, image, block, matters);
}

/** A sector that has become something else, or cannot be read. */
export function spoil(sample: Sample, sector: number, random: Random): string | null {
  const image = sample.content.slice();
  image.set(random.bytes(512), sector * 512);
  const block = Math.floor(sector / 8);
  const fixed = [0, 1, 2, BLOCKS - 2, BLOCKS - 1].includes(block);
  return examine(sample, image, block, sample.owners.has(block) && (!fixed || sector % 8 === 0));
}

function examine(sample: Sample, image: Uint8Array, block: number, matters: boolean): string | null {
  try {
    const looked = mount(new MemoryDisk(image.slice()), { readOnly: true });
    const found = check(looked).problems.length > 0;
    if (found !== matters) return found ? "fsck finds something in a free block" : "fsck finds nothing";
    const disk = new MemoryDisk(image);
    const fs = mount(disk);
    const wrong = compare(sample, fs, block, new Set());
    if (wrong) return wrong;
    // Whatever is damaged, writing overwrites nothing.
    let written = false;
    try {
      fs.saveObject("new", 1, new Uint8Array(30_000).fill(7));
      fs.sync();
      written = true;
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error;
    }
    if (!written && sample.owners.get(block) == null) return "a volume that lost nothing cannot be written";
    return compare(sample, mount(disk), block, new Set(written ? ["object new"] : []));
  } catch (error) {
    return (error as Error).stack ?? String(error);
  }
}

function compare(sample: Sample, fs: FileSystem, block: number, added: ReadonlySet<string>): string | null {
  const { lines, errors } = readWhatIsThere(fs);
  const strange = lines.find((line) => !sample.lines.has(line) && ![...added].some((start) => line.startsWith(start)));
  if (strange !== undefined) return `wrong data is shown: ${strange}`;
  const missing = [...sample.lines].filter((line) => !lines.includes(line));
  if (missing.length > 0 && errors === 0) return `missing without an error: ${missing[0]}`;
  if (missing.length > 0 && sample.owners.get(block) == null) return `a block of the volume itself lost ${missing[0]}`;
  return null;
}

/** Changes some bytes of a block and makes all checksums up to the commit records right again. */
export function forge(sample: Sample, random: Random): Uint8Array {
  const image = sample.content.slice();
  const inner = [...sample.owners.keys()].filter((block) => block > 2 && block < BLOCKS - 2);
  const metadata = inner.filter((block) => sample.owners.get(block) === null || random.below(3) === 0);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const target = random.below(6) === 0 ? -1 : random.pick(metadata);
    if (target < 0) forgeCommit(image, random);
    else
      changeBlock(image, target, inner, (bytes) => {
        const places = [...bytes.keys()].filter((at) => bytes[at] !== 0);
        for (let changes = 1 + random.below(4); changes > 0; changes--) {
          const at = places.length > 0 && random.below(4) > 0 ? random.pick(places) : random.below(BLOCK_BYTES);
          bytes[at] = random.below(3) === 0 ? random.pick([0, 1, 0x7f, 0x80, 0xff]) : random.below(256);
          // A whole pointer to another block that is in use.
          if (random.below(5) === 0) {
            const view = new DataView(bytes.buffer, bytes.byteOffset + (at & ~7), 8);
            const block = random.pick(inner);
            view.setUint32(0, block, true);
            view.setUint32(4, crc32(image.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)), true);
          }
        }
      });
  }
  return image;
}

/** Where the state begins in a commit record, and how many dwords it has. */
export const STATE_OFFSET = 32;
export const STATE_DWORDS = 22;

function forgeCommit(image: Uint8Array, random: Random): void {
  const field = random.below(STATE_DWORDS);
  setField(image, field, random.pick([0, 1, 2, 31, 32, 64, 0x7fffffff, 0x80000000, 0xffffffff, random.below(2 ** 31)]));
}

/** Gives a dword of the state another value, in all commit records. */
export function setField(image: Uint8Array, field: number, value: number): void {
  for (const block of [1, 2, BLOCKS - 2, BLOCKS - 1]) {
    const sector = image.subarray(block * BLOCK_BYTES, block * BLOCK_BYTES + 512);
    new DataView(sector.buffer, sector.byteOffset).setUint32(STATE_OFFSET + 4 * field, value, true);
    seal(sector);
  }
}

function seal(sector: Uint8Array): void {
  new DataView(sector.buffer, sector.byteOffset).setUint32(12, sectorSum(sector), true);
}

/** Changes a block and makes all checksums above it right again; `all` are the blocks that may lead to it. */
export function changeBlock(
  image: Uint8Array,
  block: number,
  all: readonly number[],
  body: (bytes: Uint8Array) => void,
  depth = 0,
): void {
  const bytes = image.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
  const old = crc32(bytes);
  body(bytes);
  const sum = crc32(bytes);
  if (sum === old) return;
  for (const parent of all) {
    const content = image.subarray(parent * BLOCK_BYTES, (parent + 1) * BLOCK_BYTES);
    // Forged pointers may lead in circles.
    if (depth < 8 && parent !== block && hasPointer(content, block, old))
      changeBlock(image, parent, all, (above) => setPointers(above, block, old, sum), depth + 1);
  }
  for (const parent of [1, 2, BLOCKS - 2, BLOCKS - 1]) {
    const sector = image.subarray(parent * BLOCK_BYTES, parent * BLOCK_BYTES + 512);
    if (!hasPointer(sector, block, old)) continue;
    setPointers(sector, block, old, sum);
    seal(sector);
  }
}

function hasPointer(bytes: Uint8Array, block: number, sum: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 8 <= bytes.length; at += 8)
    if (view.getUint32(at, true) === block && view.getUint32(at + 4, true) === sum) return true;
  return false;
}

function setPointers(bytes: Uint8Array, block: number, old: number, sum: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 8 <= bytes.length; at += 8)
    if (view.getUint32(at, true) === block && view.getUint32(at + 4, true) === old) view.setUint32(at + 4, sum, true);
}

/** Does everything with a hostile volume. The result is what should not have happened. */
export function tryHostile(
  image: Uint8Array,
  random: Random,
): { problem: string | null; reads: number; mounted: boolean } {
  const disk = new RecordingDisk(image.slice());
  let mounted = false;
  try {
    for (const readOnly of [true, false]) {
      let fs: FileSystem;
      try {
        fs = mount(disk, { readOnly, acceptOlder: random.below(4) === 0 });
      } catch (error) {
        if (!(error instanceof FileSystemError)) throw error;
        continue;
      }
      mounted = true;
      check(fs);
      readWhatIsThere(fs);
      if (readOnly) continue;
      for (let count = 0; count < 12; count++) {
        try {
          perform(fs, random.pick(OPERATIONS));
        } catch (error) {
          if (!(error instanceof FileSystemError)) throw error;
        }
      }
    }
    if (disk.reads > 60_000) return { problem: `${disk.reads} reads`, reads: disk.reads, mounted };
    return { problem: null, reads: disk.reads, mounted };
  } catch (error) {
    return { problem: (error as Error).stack ?? String(error), reads: disk.reads, mounted };
  }
}
