/**
 * The head of a volume or snapshot: the one thing about it that changes, by compare-and-set alone. It is never deleted,
 * so an epoch never comes again (docs/formats/volume.md, "The head").
 */
import { assert } from "../diagnostic/invariant.ts";
import { framed, unframed } from "./frame.ts";
import { checkName, headKey } from "./layout.ts";
import { type Held, type Owner, VolumeError, type VolumeHost } from "./model.ts";
import type { Store } from "./store.ts";

const HEAD_MAGIC = "QVOL";
const VERSION = 1;

/**
 * `provisional`: a clone that is being made. `removed` can be restored; `gone` and `moved` are names that are free
 * again.
 */
export type HeadState = "provisional" | "live" | "snapshot" | "removed" | "gone" | "moved";

/** Where a map begins: a page of this name. */
export interface Root {
  readonly id: string;
  readonly epoch: number;
  readonly hash: string;
}

export interface HeadOwner extends Held {
  /** Drawn at each opening: it tells one's own swap from another's. */
  readonly nonce: string;
}

export interface Head {
  readonly id: string;
  readonly state: HeadState;
  /** Of a removed one: what it was. */
  readonly kind: "volume" | "snapshot";
  readonly epoch: number;
  readonly owner: HeadOwner | null;
  /** Nobody was ever given this epoch to write in. */
  readonly isIdle: boolean;
  /**
   * An epoch whose objects are not in the map yet; null: there is none. Nothing is written before it is null. It is
   * checked when whoever wrote it has said so: else its last writes may have come without their checksums.
   */
  readonly from: { readonly epoch: number; readonly isChecked: boolean } | null;
  readonly map: Root | null;
  readonly sizeBytes: number;
  readonly parent: string | null;
  /** Of a moved one: its name now. */
  readonly movedTo: string | null;
  /** The collector's when it was made. */
  readonly generation: number;
  /** Of whoever swapped it last. */
  readonly nonce: string;
}

export interface SeenHead {
  readonly name: string;
  readonly head: Head;
  readonly tag: string;
}

function encodeHead(head: Head): Uint8Array {
  assert(head.epoch >= 1 && head.sizeBytes >= 0, `a head of epoch ${head.epoch} with ${head.sizeBytes} bytes`);
  return framed(HEAD_MAGIC, VERSION, new TextEncoder().encode(JSON.stringify(head)));
}

/** Throws a VolumeError for what is no head. */
function decodeHead(name: string, bytes: Uint8Array): Head {
  const what = `${name}: its head`;
  const text = new TextDecoder().decode(unframed(what, HEAD_MAGIC, VERSION, bytes));
  let head: Head;
  try {
    head = JSON.parse(text) as Head;
  } catch {
    throw new VolumeError("damaged", `${what} is damaged: it is not JSON`);
  }
  if (typeof head?.id !== "string" || !Number.isInteger(head.epoch) || !Number.isInteger(head.sizeBytes))
    throw new VolumeError("damaged", `${what} is damaged: it lacks a field`);
  return head;
}

/** Null: no such name was ever used. */
export async function readHead(store: Store, name: string): Promise<SeenHead | null> {
  const stored = await store.read(headKey(checkName(name)));
  return stored && { name, head: decodeHead(name, stored.bytes), tag: stored.tag };
}

/** Whether a name is free for a new volume. */
export const isFree = (seen: SeenHead | null): boolean =>
  seen === null || seen.head.state === "gone" || seen.head.state === "moved";

/**
 * Puts a head in the place of the one that was seen, or of none. Null: somebody else was there before. A lost answer is
 * read back: the nonce says whose swap it was.
 */
export async function swapHead(
  store: Store,
  host: VolumeHost,
  name: string,
  seen: SeenHead | null,
  head: Omit<Head, "nonce">,
): Promise<SeenHead | null> {
  assert(seen === null || head.epoch >= seen.head.epoch, `${name}: an epoch goes back`);
  const nonce = Array.from(host.random(8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const wanted: Head = { ...head, nonce };
  const bytes = encodeHead(wanted);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const { outcome, tag } = await store.swap(headKey(name), bytes, seen?.tag ?? null);
    if (outcome === "done" && tag !== null) return { name, head: wanted, tag };
    // Refused at once is refused; later it may be one's own earlier swap that was in the way.
    if (outcome === "refused" && attempt === 0) return null;
    const now = await readHead(store, name);
    if (now?.head.nonce === nonce) return now;
    // Somebody else has replaced it, or was there before.
    if (outcome !== "unknown" || now?.tag !== seen?.tag) return null;
    await host.sleep(RETRY_MS * (attempt + 1));
  }
  throw unknownEnd(name, store);
}

const MOST_ATTEMPTS = 5;
const RETRY_MS = 100;

const unknownEnd = (name: string, store: Store): VolumeError =>
  new VolumeError(
    "unavailable",
    `${name}: ${store.place} does not say whether it was changed: look with "qure volume info ${name}", and try again`,
  );

export const isMine = (owner: Owner | null, me: Owner): boolean =>
  owner !== null && owner.id === me.id && owner.host === me.host;

/** Says who has it, since when, and what would end that. */
export function lockedError(name: string, { id, host, sinceMs }: Held): VolumeError {
  const since = new Date(sinceMs).toISOString().replace(/\.\d+Z$/, "Z");
  return new VolumeError(
    "locked",
    `${name} is locked by machine ${id} on ${host} since ${since}: close it there, or break the lock with "qure volume unlock -f ${name}"`,
  );
}
