/** What a volume has at a place: the blocks of its writable epochs, the newest first, and beneath them its map. */
import { assert } from "../diagnostic/invariant.ts";
import type { Context } from "./context.ts";
import type { Root } from "./head.ts";
import { BLOCK_BYTES, BLOCKS, OBJECT_BYTES, objectKey, sumsKey } from "./layout.ts";
import { entryAt } from "./map.ts";
import { type Extent, VolumeError } from "./model.ts";
import { BLOCK, decodeSums, SUMS_BYTES, type Sums } from "./sums.ts";

/** An epoch whose objects are not in the map. */
export interface Layer {
  readonly epoch: number;
  /** Its checksums are all there: a block that does not fit them is damaged. */
  readonly isChecked: boolean;
  sums(index: number): Promise<Sums | null>;
}

export interface Layers {
  readonly context: Context;
  readonly name: string;
  readonly id: string;
  readonly layers: readonly Layer[];
  readonly map: Root | null;
  /** Who uses it, for errors. */
  readonly user: string;
}

/**
 * Of an epoch that this process does not write: as they are in the store. Where nobody has said that they are all
 * there, what is no whole record is one whose write was cut off: nothing that it was to say was promised to anybody.
 */
export async function readSums(
  { store }: Context,
  name: string,
  id: string,
  { epoch, isChecked }: Pick<Layer, "epoch" | "isChecked">,
  index: number,
): Promise<Sums | null> {
  const stored = await store.read(sumsKey(id, epoch, index), { atBytes: 0, lengthBytes: SUMS_BYTES });
  if (!stored) return null;
  try {
    return decodeSums(`${name} at ${index * OBJECT_BYTES}: the checksums of epoch ${epoch}`, stored.bytes);
  } catch (error) {
    if (isChecked || !(error instanceof VolumeError) || error.trouble !== "damaged") throw error;
    return null;
  }
}

const placeOf = ({ name, user }: Layers, index: number, block: number): string =>
  `${name} at ${index * OBJECT_BYTES + block * BLOCK_BYTES} (${user})`;

/** Whole blocks of one object. Throws a VolumeError for those that are not what was written. */
export async function readBlocks(layers: Layers, index: number, first: number, count: number): Promise<Uint8Array> {
  assert(first >= 0 && count > 0 && first + count <= BLOCKS, "blocks of an object that are none");
  const result = new Uint8Array(count * BLOCK_BYTES);
  await fill(layers, 0, index, first, first + count, result, first);
  return result;
}

/** All of an object; blocks that are damaged are named, so that whoever writes them anew can keep them so. */
export async function salvage(
  layers: Layers,
  index: number,
  blocks = BLOCKS,
): Promise<{ readonly content: Uint8Array; readonly lost: ReadonlySet<number> }> {
  const lost = new Set<number>();
  try {
    return { content: await readBlocks(layers, index, 0, blocks), lost };
  } catch (error) {
    if (!(error instanceof VolumeError) || error.trouble !== "damaged") throw error;
  }
  const content = new Uint8Array(blocks * BLOCK_BYTES);
  for (let block = 0; block < blocks; block++)
    try {
      content.set(await readBlocks(layers, index, block, 1), block * BLOCK_BYTES);
    } catch (error) {
      if (!(error instanceof VolumeError) || error.trouble !== "damaged") throw error;
      lost.add(block);
    }
  return { content, lost };
}

/** Fills the blocks from `first` to before `end`; `origin` is the first block of the result. */
async function fill(
  layers: Layers,
  depth: number,
  index: number,
  first: number,
  end: number,
  result: Uint8Array,
  origin: number,
): Promise<void> {
  const layer = layers.layers[depth];
  if (!layer) {
    const entry = await entryAt(layers.context.pages, placeOf(layers, index, first), layers.map, index);
    if (!entry) return;
    const blocks = await layers.context.frozen.read(placeOf(layers, index, first), entry, first, end - first);
    result.set(blocks, (first - origin) * BLOCK_BYTES);
    return;
  }
  const sums = await layer.sums(index);
  if (!sums) {
    await fill(layers, depth + 1, index, first, end, result, origin);
    return;
  }
  for (let at = first; at < end; ) {
    const state = sums.states[at]!;
    let runEnd = at + 1;
    while (runEnd < end && sums.states[runEnd] === state) runEnd++;
    if (state === BLOCK.below) await fill(layers, depth + 1, index, at, runEnd, result, origin);
    else if (state === BLOCK.data)
      result.set(await readWritable(layers, layer, sums, index, at, runEnd - at), (at - origin) * BLOCK_BYTES);
    at = runEnd;
  }
}

async function readWritable(
  layers: Layers,
  layer: Layer,
  sums: Sums,
  index: number,
  first: number,
  count: number,
): Promise<Uint8Array> {
  const { store, host } = layers.context;
  const key = objectKey(layers.id, layer.epoch, index);
  const stored = await store.read(key, { atBytes: first * BLOCK_BYTES, lengthBytes: count * BLOCK_BYTES });
  // Checksums are written after what they are of: where they are there, so was that.
  if (stored?.bytes.length !== count * BLOCK_BYTES)
    throw new VolumeError(
      "damaged",
      `${placeOf(layers, index, first)} is damaged: object ${key} is ${stored ? "too short" : "missing"}`,
    );
  const { bytes } = stored;
  for (let block = 0; layer.isChecked && block < count; block++)
    if (host.crc32(bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)) !== sums.crcs[first + block])
      throw new VolumeError(
        "damaged",
        `${placeOf(layers, index, first + block)} is damaged: block ${first + block} of object ${key} is not what was written`,
      );
  return bytes;
}

/** What kind of content the blocks of an object have, in runs. */
export async function extentsOf(layers: Layers, index: number, first: number, end: number): Promise<Extent[]> {
  const kinds: Extent["kind"][] = [];
  const entry = await entryAt(layers.context.pages, placeOf(layers, index, first), layers.map, index);
  const states = await Promise.all(layers.layers.map((layer) => layer.sums(index)));
  // So are most objects of a large volume, and whoever copies one asks for all of them.
  if (states.every((sums) => sums === null))
    return [{ kind: entry ? "data" : "hole", lengthBytes: (end - first) * BLOCK_BYTES }];
  for (let block = first; block < end; block++) {
    const state = states.find((sums) => sums && sums.states[block] !== BLOCK.below)?.states[block] ?? BLOCK.below;
    kinds.push(state === BLOCK.data ? "data" : state === BLOCK.zeros ? "zeros" : entry ? "data" : "hole");
  }
  const extents: Extent[] = [];
  for (const kind of kinds) {
    const last = extents.at(-1);
    if (last?.kind === kind) extents[extents.length - 1] = { kind, lengthBytes: last.lengthBytes + BLOCK_BYTES };
    else extents.push({ kind, lengthBytes: BLOCK_BYTES });
  }
  return extents;
}

/** Cuts a range at the objects' ends. */
export function* piecesOf(
  atBytes: number,
  lengthBytes: number,
): Generator<{ readonly index: number; readonly within: number; readonly length: number; readonly offset: number }> {
  for (let offset = 0; offset < lengthBytes; ) {
    const at = atBytes + offset;
    const within = at % OBJECT_BYTES;
    const length = Math.min(lengthBytes - offset, OBJECT_BYTES - within);
    yield { index: Math.floor(at / OBJECT_BYTES), within, length, offset };
    offset += length;
  }
}

/** Bytes of one object, which need be no whole blocks. */
export async function readWithin(layers: Layers, index: number, within: number, length: number): Promise<Uint8Array> {
  const first = Math.floor(within / BLOCK_BYTES);
  const end = Math.ceil((within + length) / BLOCK_BYTES);
  const blocks = await readBlocks(layers, index, first, end - first);
  return blocks.subarray(within - first * BLOCK_BYTES, within - first * BLOCK_BYTES + length);
}
