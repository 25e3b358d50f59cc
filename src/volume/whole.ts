/**
 * Stores that keep an object as one piece, as S3 does: there is no writing in the middle of one. A write is merged into
 * the object by a swap, so that two who write different blocks of it never undo each other.
 */
import { assert } from "../diagnostic/invariant.ts";
import { type Store, type Stored, StoreError } from "./store.ts";

export interface WholeStore extends Store {
  /** All of an object; `same` when it still has this tag. */
  readUnless(key: string, tag: string): Promise<Stored | "same" | null>;
}

/** Bytes for a place in an object. */
export interface Piece {
  readonly atBytes: number;
  readonly bytes: Uint8Array;
}

/** What an object is after a merge; the tag is null when the store did not say it. */
export interface Merged {
  readonly bytes: Uint8Array;
  readonly tag: string | null;
}

/** Whoever fails this often in a row has no chance against the others. */
const MOST_TRIES = 30;

/**
 * Puts pieces into an object, over whatever it has in their places; what was never written is zeros. `base` is what is
 * believed to be there, which saves reading it. It is stored when this returns.
 */
export async function mergeInto(
  store: WholeStore,
  key: string,
  pieces: readonly Piece[],
  base: Merged | null | "unread" = "unread",
): Promise<Merged> {
  assert(pieces.length > 0, "there is something to merge");
  // A new object, as most are: one request and not two.
  const isNew = base === "unread" && pieces.length === 1 && pieces[0]!.atBytes === 0;
  let known = isNew ? null : base === "unread" ? await readBase(store, key) : base;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const bytes = overlay(known?.bytes ?? new Uint8Array(), pieces);
    const tag = known === null ? null : known.tag;
    if (known !== null && tag === null) known = await readBase(store, key);
    else {
      const swapped = await store.swap(key, bytes, tag);
      if (swapped.outcome === "done") return { bytes, tag: swapped.tag };
      known = await readBase(store, key);
    }
    // Lost answers, and doubled ones: it may have been done.
    if (known !== null && isEqual(known.bytes, bytes)) return known;
  }
  throw new StoreError("unavailable", `${store.place}: ${key} is changed by others all the time`);
}

async function readBase(store: WholeStore, key: string): Promise<Merged | null> {
  return store.read(key);
}

function overlay(base: Uint8Array, pieces: readonly Piece[]): Uint8Array {
  const end = Math.max(base.length, ...pieces.map(({ atBytes, bytes }) => atBytes + bytes.length));
  const first = pieces[0]!;
  if (pieces.length === 1 && first.bytes.length === end) return first.bytes;
  const result = new Uint8Array(end);
  result.set(base);
  for (const { atBytes, bytes } of pieces) result.set(bytes, atBytes);
  return result;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
