/**
 * A volume that this process only reads. Of one that somebody may write nothing is kept: each read looks at the head
 * first. A snapshot never changes.
 */
import { assert } from "../diagnostic/invariant.ts";
import { type Context, eachOf, naming } from "./context.ts";
import { appendExtents } from "./device.ts";
import { readHead, type SeenHead } from "./head.ts";
import { extentsOf, type Layers, piecesOf, readSums, readWithin } from "./layers.ts";
import { BLOCK_BYTES, SECTOR_BYTES } from "./layout.ts";
import { type Extent, type VolumeDevice, VolumeError } from "./model.ts";
import { layersBelow } from "./settle.ts";

const AT_ONCE = 4;

export class ReadVolume implements VolumeDevice {
  readonly name: string;
  readonly readOnly = true;
  readonly sizeBytes: number;
  readonly #context: Context;
  #seen: SeenHead;

  constructor(context: Context, seen: SeenHead) {
    this.name = seen.name;
    this.sizeBytes = seen.head.sizeBytes;
    this.#context = context;
    this.#seen = seen;
  }

  async #layers(): Promise<Layers> {
    if (this.#seen.head.kind === "volume") {
      const now = await readHead(this.#context.store, this.name);
      if (now?.head.id !== this.#seen.head.id)
        throw new VolumeError("missing", `${this.name}: the volume that was opened is not there any more`);
      this.#seen = now;
    }
    return layersOf(this.#context, this.#seen);
  }

  #check(atBytes: number, lengthBytes: number): void {
    assert(atBytes >= 0 && lengthBytes >= 0 && atBytes + lengthBytes <= this.sizeBytes, `${this.name}: beyond its end`);
    assert(atBytes % SECTOR_BYTES === 0 && lengthBytes % SECTOR_BYTES === 0, `${this.name}: a part of a sector`);
  }

  read(atBytes: number, lengthBytes: number): Promise<Uint8Array> {
    this.#check(atBytes, lengthBytes);
    return naming(this.name, async () => {
      const layers = await this.#layers();
      const result = new Uint8Array(lengthBytes);
      await eachOf(piecesOf(atBytes, lengthBytes), AT_ONCE, async ({ index, within, length, offset }) => {
        result.set(await readWithin(layers, index, within, length), offset);
      });
      return result;
    });
  }

  extents(atBytes: number, lengthBytes: number): Promise<Extent[]> {
    this.#check(atBytes, lengthBytes);
    return naming(this.name, async () => {
      const layers = await this.#layers();
      const all: Extent[] = [];
      for (const { index, within, length } of piecesOf(atBytes, lengthBytes)) {
        const first = Math.floor(within / BLOCK_BYTES);
        const found = await extentsOf(layers, index, first, Math.ceil((within + length) / BLOCK_BYTES));
        appendExtents(all, found, length, within - first * BLOCK_BYTES);
      }
      return all;
    });
  }

  write(): Promise<void> {
    return Promise.reject(new VolumeError("read-only", `${this.name} is open for reading only`));
  }

  zero(): Promise<void> {
    return this.write();
  }

  async flush(): Promise<void> {
    // Nothing was written.
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

/** All that a head has, as whoever does not write it sees it. */
export function layersOf(context: Context, { name, head }: SeenHead): Layers {
  const user = head.owner ? `machine ${head.owner.id}` : `${head.kind} ${name}`;
  const below = layersBelow(context, name, head, user);
  // Nothing is written in the own epoch while an earlier one is not in the map.
  if (head.from || head.isIdle) return below;
  const own = {
    epoch: head.epoch,
    isChecked: false,
    sums: (index: number) => readSums(context, name, head.id, { epoch: head.epoch, isChecked: false }, index),
  };
  return { ...below, layers: [own] };
}
