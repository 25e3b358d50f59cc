/**
 * Puts what was written in an earlier epoch into the map. Whoever takes a volume does it before anything is read or
 * written: from then on no copy of the machine that wrote there can change what the volume has.
 */
import { assert } from "../diagnostic/invariant.ts";
import { type Context, eachOf } from "./context.ts";
import { freezeContent } from "./frozen.ts";
import { type Head, type SeenHead, swapHead } from "./head.ts";
import { type Layers, readSums, salvage } from "./layers.ts";
import { blocksOf, indexOfKey, objectsOf, sumsKey } from "./layout.ts";
import { changed, type Entry } from "./map.ts";
import { VolumeError } from "./model.ts";

const AT_ONCE = 4;

const without = ({ nonce: _, ...head }: Head): Omit<Head, "nonce"> => head;
export const changedHead = (head: Head, changes: Partial<Head>): Omit<Head, "nonce"> =>
  without({ ...head, ...changes });

/** What whoever takes a volume into its next epoch has to put into the map. */
export const earlierOf = ({ from, isIdle, epoch }: Head): Head["from"] =>
  from ?? (isIdle ? null : { epoch, isChecked: false });

/** The layers of a head's earlier epoch and its map: what whoever has just taken it, or only reads, sees. */
export function layersBelow(context: Context, name: string, head: Head, user: string): Layers {
  const { id, from, map } = head;
  const layer = from && {
    epoch: from.epoch,
    isChecked: from.isChecked,
    sums: (index: number) => readSums(context, name, id, from, index),
  };
  return { context, name, id, layers: layer ? [layer] : [], map, user };
}

/**
 * Of a head with an epoch before its own that is not in its map: makes it so, with whatever else is to be changed.
 * Throws `fenced` when another one took it meanwhile.
 */
export async function settle(context: Context, seen: SeenHead, also: Partial<Head> = {}): Promise<SeenHead> {
  const { name, head } = seen;
  const { store, host, pages } = context;
  let map = head.map;
  if (!head.from && Object.keys(also).length === 0) return seen;
  if (head.from) {
    assert(head.from.epoch < head.epoch, `${name}: an epoch is put into the map that is not over`);
    const layers = layersBelow(context, name, head, "taken over");
    const changes = new Map<number, Entry | null>();
    const keys = await store.list(sumsKey(head.id, head.from.epoch, 0).slice(0, -8));
    await eachOf(keys, AT_ONCE, async (key) => {
      const index = indexOfKey(key);
      if (index >= objectsOf(head.sizeBytes)) return;
      const { content, lost } = await salvage(layers, index, blocksOf(head.sizeBytes, index));
      changes.set(index, await freezeContent(store, host, head, content, lost));
    });
    map = await changed(pages, name, head.map, changes, head);
  }
  const settled = await swapHead(store, host, name, seen, changedHead(head, { ...also, map, from: null }));
  if (!settled) throw fenced(name);
  return settled;
}

export const fenced = (name: string): VolumeError =>
  new VolumeError("fenced", `${name}: its lock was broken, and what was not flushed is lost: open it again to go on`);
