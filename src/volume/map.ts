/**
 * Where the frozen objects of a volume are: a tree of pages, each named by what is in it. A page is never changed; a
 * change makes new ones on the way to the root (docs/formats/volume.md, "The map").
 */
import { assert } from "../diagnostic/invariant.ts";
import { framed, unframed } from "./frame.ts";
import type { Root } from "./head.ts";
import { fromHex, pageKey, toHex } from "./layout.ts";
import { VolumeError, type VolumeHost } from "./model.ts";
import type { Store } from "./store.ts";

const MAGIC = "QVMP";
const VERSION = 1;
/** Entries of a page: a leaf says where 16 GiB are. */
const FANOUT = 4096;
const ENTRY_BYTES = 40;
const ID_BYTES = 16;
const LOST = 0x8000;
/** Pages that are kept in memory: what 256 GiB need at most. */
const MOST_PAGES = 16;

/** A frozen object, or, in a page that is no leaf, a page. */
export interface Entry {
  readonly id: string;
  readonly epoch: number;
  readonly hash: string;
  /** `fsck --repair` found that it cannot be read, and that nothing can bring it back. */
  readonly isLost?: boolean;
}

export interface Page {
  readonly height: number;
  readonly entries: ReadonlyMap<number, Entry>;
}

function encodePage({ height, entries }: Page): Uint8Array {
  const ids = [...new Set([...entries.values()].map(({ id }) => id))];
  const sorted = [...entries].sort(([a], [b]) => a - b);
  assert(ids.length < 1 << 16 && sorted.every(([slot]) => slot >= 0 && slot < FANOUT), "a page with too much in it");
  const body = new Uint8Array(12 + ids.length * ID_BYTES + sorted.length * ENTRY_BYTES);
  const view = new DataView(body.buffer);
  view.setUint32(0, height, true);
  view.setUint32(4, ids.length, true);
  view.setUint32(8, sorted.length, true);
  ids.forEach((id, index) => body.set(fromHex(id), 12 + index * ID_BYTES));
  sorted.forEach(([slot, { id, epoch, hash, isLost }], index) => {
    const at = 12 + ids.length * ID_BYTES + index * ENTRY_BYTES;
    view.setUint16(at, slot | (isLost ? LOST : 0), true);
    view.setUint16(at + 2, ids.indexOf(id), true);
    view.setUint32(at + 4, epoch, true);
    body.set(fromHex(hash), at + 8);
  });
  return framed(MAGIC, VERSION, body);
}

function decodePage(what: string, bytes: Uint8Array): Page {
  const body = unframed(what, MAGIC, VERSION, bytes);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const damaged = (why: string): VolumeError => new VolumeError("damaged", `${what} is damaged: ${why}`);
  if (body.length < 12) throw damaged("it is too short");
  const [height, ids, count] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [number, number, number];
  if (height > 3 || body.length !== 12 + ids * ID_BYTES + count * ENTRY_BYTES) throw damaged("its lengths do not fit");
  const names = Array.from({ length: ids }, (_, index) =>
    toHex(body.subarray(12 + index * ID_BYTES, 12 + (index + 1) * ID_BYTES)),
  );
  const entries = new Map<number, Entry>();
  for (let index = 0; index < count; index++) {
    const at = 12 + ids * ID_BYTES + index * ENTRY_BYTES;
    const slot = view.getUint16(at, true);
    const id = names[view.getUint16(at + 2, true)];
    if ((slot & ~LOST) >= FANOUT || id === undefined) throw damaged(`entry ${index} is none`);
    const entry = { id, epoch: view.getUint32(at + 4, true), hash: toHex(body.subarray(at + 8, at + ENTRY_BYTES)) };
    entries.set(slot & ~LOST, slot & LOST ? { ...entry, isLost: true } : entry);
  }
  return { height, entries };
}

/** Objects that a page of this height says something of. */
const reachOf = (height: number): number => FANOUT ** (height + 1);

/** Reads pages, and keeps the last ones. Of one volume, or of several. */
export class Pages {
  readonly #store: Store;
  readonly #host: VolumeHost;
  readonly #kept = new Map<string, Page>();

  constructor(store: Store, host: VolumeHost) {
    this.#store = store;
    this.#host = host;
  }

  /** Throws a VolumeError that begins with `what`. */
  async read(what: string, { id, epoch, hash }: Root): Promise<Page> {
    const key = pageKey(id, epoch, hash);
    const kept = this.#kept.get(key);
    if (kept) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    const stored = await this.#store.read(key, undefined, { isFrozen: true });
    const name = `${what}: page ${key} of its map`;
    if (!stored) throw new VolumeError("damaged", `${name} is missing: "qure volume fsck" says what it had`);
    if (toHex(await this.#host.sha256(stored.bytes)) !== hash)
      throw new VolumeError("damaged", `${name} is damaged: its content is not what its name says`);
    const page = decodePage(name, stored.bytes);
    this.#keep(key, page);
    return page;
  }

  /** Writes a page of an epoch that is the writer's own, and says where it is. */
  async write(id: string, epoch: number, page: Page): Promise<Root> {
    const bytes = encodePage(page);
    const hash = toHex(await this.#host.sha256(bytes));
    const key = pageKey(id, epoch, hash);
    await this.#store.write(key, 0, bytes, { isDurable: true });
    // As it will be read: its entries in order.
    this.#keep(key, decodePage(key, bytes));
    return { id, epoch, hash };
  }

  #keep(key: string, page: Page): void {
    this.#kept.set(key, page);
    if (this.#kept.size > MOST_PAGES) this.#kept.delete(this.#kept.keys().next().value!);
    assert(this.#kept.size <= MOST_PAGES, "more pages than there is room for");
  }
}

/** The entry of an object; null: nothing was ever written there. */
export async function entryAt(pages: Pages, what: string, root: Root | null, index: number): Promise<Entry | null> {
  let at: Root | null = root;
  let within = index;
  while (at) {
    const page: Page = await pages.read(what, at);
    if (within >= reachOf(page.height)) return null;
    const span = reachOf(page.height) / FANOUT;
    const entry: Entry | undefined = page.entries.get(Math.floor(within / span));
    if (!entry || page.height === 0) return entry ?? null;
    if (entry.isLost) return entry;
    within %= span;
    at = entry;
  }
  return null;
}

/** All entries, in order, with those of pages that are lost or cannot be read as `onTrouble` says. */
export async function* entriesOf(
  pages: Pages,
  what: string,
  root: Root | null,
  seen?: {
    page?(root: Root, firstIndex: number, objects: number): void;
    trouble?(root: Root, error: VolumeError, firstIndex: number, objects: number): void;
    skip?(root: Root): boolean;
  },
  first = 0,
): AsyncGenerator<readonly [index: number, entry: Entry]> {
  if (!root || seen?.skip?.(root)) return;
  let page: Page;
  try {
    page = await pages.read(what, root);
  } catch (error) {
    if (!(error instanceof VolumeError) || !seen?.trouble) throw error;
    seen.trouble(root, error, first, FANOUT);
    return;
  }
  seen?.page?.(root, first, reachOf(page.height));
  const span = reachOf(page.height) / FANOUT;
  for (const [slot, entry] of page.entries) {
    if (page.height === 0) yield [first + slot, entry];
    else if (!entry.isLost) yield* entriesOf(pages, what, entry, seen, first + slot * span);
  }
}

/**
 * A map with other entries (null: none) for some objects, in pages of this id and epoch. Pages that nothing is changed
 * in stay as they are. Null: nothing is left in it.
 */
export async function changed(
  pages: Pages,
  what: string,
  root: Root | null,
  changes: ReadonlyMap<number, Entry | null>,
  home: { readonly id: string; readonly epoch: number },
): Promise<Root | null> {
  if (changes.size === 0) return root;
  let height = root ? (await pages.read(what, root)).height : 0;
  let top: Page = root ? await pages.read(what, root) : { height: 0, entries: new Map() };
  let highest = 0;
  for (const index of changes.keys()) highest = Math.max(highest, index);
  while (highest >= reachOf(height)) {
    const below =
      top.entries.size > 0
        ? root && top === (await pages.read(what, root))
          ? root
          : await pages.write(home.id, home.epoch, top)
        : null;
    height++;
    top = { height, entries: new Map(below ? [[0, below]] : []) };
  }
  const page = await changedPage(pages, what, top, changes, home);
  return page.entries.size === 0 ? null : pages.write(home.id, home.epoch, page);
}

async function changedPage(
  pages: Pages,
  what: string,
  page: Page,
  changes: ReadonlyMap<number, Entry | null>,
  home: { readonly id: string; readonly epoch: number },
): Promise<Page> {
  const entries = new Map(page.entries);
  const put = (slot: number, entry: Entry | null): void =>
    void (entry ? entries.set(slot, entry) : entries.delete(slot));
  if (page.height === 0) {
    for (const [index, entry] of changes) put(index, entry);
    return { height: 0, entries };
  }
  const span = reachOf(page.height) / FANOUT;
  const bySlot = new Map<number, Map<number, Entry | null>>();
  for (const [index, entry] of changes) {
    const slot = Math.floor(index / span);
    bySlot.set(slot, (bySlot.get(slot) ?? new Map()).set(index % span, entry));
  }
  for (const [slot, part] of bySlot) {
    const below = entries.get(slot);
    const old: Page =
      below && !below.isLost ? await pages.read(what, below) : { height: page.height - 1, entries: new Map() };
    const changedBelow = await changedPage(pages, what, old, part, home);
    put(slot, changedBelow.entries.size === 0 ? null : await pages.write(home.id, home.epoch, changedBelow));
  }
  return { height: page.height, entries };
}
