/**
 * Gives the space of what nobody uses back, while volumes are used: only what two collections in a row have found
 * unused is deleted (docs/formats/volume.md, "Garbage"; the protocol is tried in all orders in tests/volume).
 */
import { type Context, eachOf } from "./context.ts";
import { framed, unframed } from "./frame.ts";
import { type Head, readHead, type SeenHead, swapHead } from "./head.ts";
import { frozenKey, GC_KEY, HEADS, nameOfHead, pageKey, placeOfKey, toHex } from "./layout.ts";
import { entriesOf } from "./map.ts";
import { type Collected, VolumeError } from "./model.ts";
import { changedHead } from "./settle.ts";

const MAGIC = "QVGC";
const VERSION = 1;
const GARBAGE = "garbage/";
const KINDS = ["object/", "sums/", "frozen/", "map/"] as const;
const AT_ONCE = 8;
/** After so many more a clone whose maker is gone is given up, and what it had is deleted. */
const MOST_ROUNDS = 5;
/** A clone that was begun so many generations ago is one whose maker is gone. */
const OLD_GENERATIONS = 2;

/** What the collector counts by: keys of lists of what was found unused in this generation and the one before. */
interface Record {
  readonly generation: number;
  readonly condemned: string | null;
  readonly before: string | null;
  readonly nonce: string;
}

interface SeenRecord {
  readonly record: Record;
  readonly tag: string | null;
}

const NONE: SeenRecord = { record: { generation: 0, condemned: null, before: null, nonce: "" }, tag: null };

async function readRecord({ store }: Context): Promise<SeenRecord> {
  const stored = await store.read(GC_KEY);
  if (!stored) return NONE;
  const text = new TextDecoder().decode(
    unframed(`${store.place}: the collector's record`, MAGIC, VERSION, stored.bytes),
  );
  return { record: JSON.parse(text) as Record, tag: stored.tag };
}

/** Whoever makes a head from another one's map asks before and after. */
export const generationOf = async (context: Context): Promise<number> => (await readRecord(context)).record.generation;

/** Null: another collection has begun. */
async function swapRecord(
  context: Context,
  seen: SeenRecord,
  record: Omit<Record, "nonce">,
): Promise<SeenRecord | null> {
  const { store, host } = context;
  const wanted = { ...record, nonce: toHex(host.random(8)) };
  const bytes = framed(MAGIC, VERSION, new TextEncoder().encode(JSON.stringify(wanted)));
  for (let attempt = 1; ; attempt++) {
    const { outcome, tag } = await store.swap(GC_KEY, bytes, seen.tag);
    if (outcome === "done" && tag !== null) return { record: wanted, tag };
    const now = await readRecord(context);
    if (now.record.nonce === wanted.nonce) return now;
    // Lost, and nobody else was there: the same again, so that one that comes late does what this one does.
    if (outcome !== "unknown" || now.tag !== seen.tag || attempt === MOST_ATTEMPTS) return null;
    await host.sleep(RETRY_MS * attempt);
  }
}

const MOST_ATTEMPTS = 5;
const RETRY_MS = 100;

/** Reads all heads. Throws when one cannot be read: what it has cannot be told from garbage then. */
export async function allHeads({ store }: Context): Promise<SeenHead[]> {
  const heads: SeenHead[] = [];
  await eachOf(await store.list(HEADS), AT_ONCE, async (key) => {
    const seen = await readHead(store, nameOfHead(key));
    if (seen) heads.push(seen);
  });
  return heads.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export const isThere = ({ state }: Head): boolean => state !== "gone" && state !== "moved";

/** Keys of all pages and frozen objects that heads have. */
async function usedKeys(context: Context, heads: readonly SeenHead[]): Promise<Set<string>> {
  const used = new Set<string>();
  for (const { name, head } of heads) {
    const skip = ({ id, epoch, hash }: { id: string; epoch: number; hash: string }): boolean => {
      const key = pageKey(id, epoch, hash);
      if (used.has(key)) return true;
      used.add(key);
      return false;
    };
    for await (const [, { id, epoch, hash }] of entriesOf(context.pages, name, head.map, { skip }))
      used.add(frozenKey(id, epoch, hash));
  }
  return used;
}

/** Whether a key is of an epoch in which somebody may be writing. */
function isAtWork(heads: ReadonlyMap<string, readonly Head[]>, key: string): boolean {
  const place = placeOfKey(key)!;
  return Boolean(
    heads
      .get(place.id)
      ?.some(({ epoch, from }) => epoch === place.epoch || from?.epoch === place.epoch || epoch < place.epoch),
  );
}

async function garbageKeys(context: Context, heads: readonly SeenHead[]): Promise<string[]> {
  const used = await usedKeys(context, heads);
  const byId = new Map<string, Head[]>();
  for (const { head } of heads) byId.set(head.id, [...(byId.get(head.id) ?? []), head]);
  const garbage: string[] = [];
  for (const kind of KINDS)
    for (const key of await context.store.list(kind)) {
      // What has no name of ours was put there by somebody, who may need it: a note, a link to another disk.
      if (placeOfKey(key) !== null && !used.has(key) && !isAtWork(byId, key)) garbage.push(key);
    }
  return garbage;
}

async function readList({ store }: Context, key: string | null): Promise<Set<string>> {
  const stored = key === null ? null : await store.read(key);
  if (!stored) return new Set();
  return new Set(JSON.parse(new TextDecoder().decode(unframed(key!, MAGIC, VERSION, stored.bytes))) as string[]);
}

async function sizeOf({ store }: Context, key: string): Promise<number> {
  return (await store.read(key, { atBytes: 0, lengthBytes: 0 }))?.sizeBytes ?? 0;
}

/** One generation. */
async function generation(
  context: Context,
): Promise<{ deleted: number; bytes: number; condemned: number; provisional: number }> {
  const { store, host } = context;
  const old = await readRecord(context);
  const begun = await swapRecord(context, old, {
    generation: old.record.generation + 1,
    condemned: null,
    before: old.record.condemned,
  });
  if (!begun) throw busy(context);
  const heads: SeenHead[] = [];
  for (const seen of (await allHeads(context)).filter(({ head }) => isThere(head))) {
    const { head, name } = seen;
    const isStale = head.state === "provisional" && head.generation + OLD_GENERATIONS < begun.record.generation;
    if (head.state !== "removed" && !isStale) heads.push(seen);
    // Who restores it meanwhile wins.
    else if (!(await swapHead(store, host, name, seen, changedHead(head, { state: "gone", map: null, owner: null }))))
      throw busy(context);
  }
  const garbage = await garbageKeys(context, heads);
  const key = `${GARBAGE}${begun.record.generation.toString(16).padStart(8, "0")}/${begun.record.nonce}`;
  const list = framed(MAGIC, VERSION, new TextEncoder().encode(JSON.stringify(garbage)));
  await store.write(key, 0, list, { isDurable: true });
  const noted = await swapRecord(context, begun, { ...begun.record, condemned: key });
  if (!noted) throw busy(context);
  const before = await readList(context, begun.record.before);
  const doomed = garbage.filter((one) => before.has(one));
  let bytes = 0;
  await eachOf(doomed, AT_ONCE, async (one) => {
    const size = await sizeOf(context, one);
    bytes += size;
    await store.remove(one);
  });
  for (const other of await store.list(GARBAGE))
    if (other !== key && other !== begun.record.before) await store.remove(other);
  const provisional = heads.filter(({ head }) => head.state === "provisional").length;
  return { deleted: doomed.length, bytes, condemned: garbage.length - doomed.length, provisional };
}

const busy = ({ store }: Context): VolumeError =>
  new VolumeError("locked", `${store.place}: another collection, or a change of volumes, is under way: run it again`);

/**
 * Goes through generations until nothing is condemned that was not deleted. Removed volumes are gone from then on. With
 * `dryRun` it only counts what a collection would delete.
 */
export async function collect(context: Context, { dryRun = false }: { readonly dryRun?: boolean }): Promise<Collected> {
  if (dryRun) {
    const heads = (await allHeads(context)).filter(({ head }) => isThere(head) && head.state !== "removed");
    const garbage = await garbageKeys(context, heads);
    let bytes = 0;
    await eachOf(garbage, AT_ONCE, async (key) => {
      const size = await sizeOf(context, key);
      bytes += size;
    });
    return { objects: garbage.length, bytes, condemned: 0 };
  }
  let [objects, bytes] = [0, 0];
  for (let round = 0; ; round++) {
    const found = await generation(context);
    objects += found.deleted;
    bytes += found.bytes;
    const isDone = found.condemned === 0 && found.provisional === 0;
    if (isDone || round >= MOST_ROUNDS) return { objects, bytes, condemned: found.condemned };
  }
}
