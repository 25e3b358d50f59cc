/** Makes volumes of version 1, as the page describes them: for tests of the conversion. */
import { crc32 } from "../../../src/bytes/crc32.ts";
import { MemoryDisk } from "./disks.ts";

const BLOCK_BYTES = 4096;
const POINTERS = 510;

export interface OldObject {
  readonly id: number;
  readonly parent: number;
  readonly className: string;
  readonly content: Uint8Array;
}

/** `take` chooses the blocks, so that a test can put content anywhere. */
export function makeVersion1(
  blocks: number,
  objects: readonly OldObject[],
  sequence: bigint,
  take: (free: number) => number = (free) => free,
): MemoryDisk {
  const disk = new MemoryDisk(blocks * BLOCK_BYTES);
  let next = 3;
  let used = 3;
  const place = (content: Uint8Array): { block: number; sum: number } => {
    const block = take(next++);
    used++;
    const bytes = new Uint8Array(BLOCK_BYTES);
    bytes.set(content);
    disk.write(block * BLOCK_BYTES, bytes);
    return { block, sum: crc32(bytes) };
  };
  const tree = (id: number, content: Uint8Array): { depth: number; block: number; sum: number } => {
    let level = Array.from({ length: Math.ceil(content.length / BLOCK_BYTES) }, (_, index) =>
      place(content.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES)),
    );
    let depth = 0;
    for (; level.length > 1; depth++) {
      const above: typeof level = [];
      for (let at = 0; at < level.length; at += POINTERS) {
        const node = new Uint8Array(BLOCK_BYTES);
        const view = new DataView(node.buffer);
        node.set(new TextEncoder().encode("OOTN"));
        view.setUint16(4, 1, true);
        view.setUint16(6, depth + 1, true);
        view.setUint32(8, id, true);
        level.slice(at, at + POINTERS).forEach((pointer, index) => {
          view.setUint32(16 + 8 * index, pointer.block, true);
          view.setUint32(20 + 8 * index, pointer.sum, true);
        });
        above.push(place(node));
      }
      level = above;
    }
    return { depth, ...(level[0] ?? { block: 0, sum: 0 }) };
  };
  const record = (id: number, parent: number, className: string, content: Uint8Array): Uint8Array => {
    const bytes = new Uint8Array(128);
    const view = new DataView(bytes.buffer);
    const { depth, block, sum } = tree(id, content);
    bytes.set(new TextEncoder().encode("OOBJ"));
    view.setUint16(4, 1, true);
    bytes[6] = depth;
    view.setUint32(8, id, true);
    view.setUint32(12, parent, true);
    view.setBigUint64(16, BigInt(content.length), true);
    view.setBigUint64(24, sequence, true);
    view.setUint32(32, block, true);
    view.setUint32(36, sum, true);
    bytes.set(new TextEncoder().encode(className), 64);
    return bytes;
  };
  const slots = new Uint8Array(BLOCK_BYTES * Math.ceil((Math.max(...objects.map(({ id }) => id)) + 1) / 32));
  for (const { id, parent, className, content } of objects) slots.set(record(id, parent, className, content), id * 128);
  const table = record(0, 0, "object_table", slots);
  const commit = new Uint8Array(512);
  const view = new DataView(commit.buffer);
  commit.set(new TextEncoder().encode("OOFSCMIT"));
  view.setUint32(8, 1, true);
  view.setBigUint64(16, sequence, true);
  view.setUint32(24, blocks, true);
  view.setUint32(28, used, true);
  view.setUint32(32, objects.length, true);
  commit.set(table, 40);
  const write = (): void => {
    const number = view.getBigUint64(16, true);
    disk.write((1 + Number(number & 1n)) * BLOCK_BYTES, sealed(commit));
  };
  write();
  // The commit before it, of which nothing is there any more.
  view.setBigUint64(16, sequence - 1n, true);
  view.setUint32(40 + 32, 0xffff, true);
  write();
  const superblock = new Uint8Array(512);
  superblock.set(new TextEncoder().encode("OOFSSUPR"));
  const superView = new DataView(superblock.buffer);
  superView.setUint32(8, 1, true);
  superView.setUint32(16, BLOCK_BYTES, true);
  superView.setUint32(20, blocks, true);
  disk.write(0, sealed(superblock));
  return disk;
}

export function oldDirectory(entries: readonly (readonly [number, string])[]): Uint8Array {
  const bytes = new Uint8Array(256 * entries.length);
  const view = new DataView(bytes.buffer);
  entries.forEach(([id, name], index) => {
    const raw = new TextEncoder().encode(name);
    view.setUint32(256 * index, id, true);
    view.setUint16(256 * index + 4, raw.length, true);
    bytes.set(raw, 256 * index + 8);
  });
  return bytes;
}

/** With the checksum that its content has. */
export function sealed(sector: Uint8Array): Uint8Array {
  const view = new DataView(sector.buffer);
  view.setUint32(12, 0, true);
  view.setUint32(12, crc32(sector), true);
  return sector;
}
