/**
 * What volumes need of the world: five calls. A folder, a bucket and a store in memory fill them, and nothing else in
 * this folder knows where bytes are kept (docs/formats/volume.md, "The store").
 */

export interface Stored {
  readonly bytes: Uint8Array;
  /** Of the object as it was when it was read: what `swap` wants. Two contents never have the same one. */
  readonly tag: string;
  /** The length of the whole object, of which `bytes` may be a part. */
  readonly sizeBytes: number;
}

export interface Swapped {
  /** `unknown`: the answer was lost, or said nothing. The key is to be read back. */
  readonly outcome: "done" | "refused" | "unknown";
  /** Of what is there now, if it is done and the store says it. */
  readonly tag: string | null;
}

export const REFUSED: Swapped = { outcome: "refused", tag: null };
export const UNKNOWN: Swapped = { outcome: "unknown", tag: null };

export interface Range {
  readonly atBytes: number;
  readonly lengthBytes: number;
}

export interface ReadOptions {
  /** The object never changes any more: it may come from a cache on this host. */
  readonly isFrozen?: boolean;
}

export interface WriteOptions {
  /**
   * True: this and all that was written into the key before is on stable storage when the call returns. No bytes and
   * true is a flush of the key.
   */
  readonly isDurable: boolean;
}

/**
 * Keys are of `A-Z a-z 0-9 . _ -` with `/` between their parts. Every call throws a `StoreError` for what it cannot do.
 */
export interface Store {
  /** As messages name it: `folder volumes`, `s3://bucket/prefix at https://host`. */
  readonly place: string;
  /** Why nothing can be written here; null: it can. */
  readonly readOnly: string | null;
  /** Null: there is no such key. Bytes beyond its end are left out. */
  read(key: string, range?: Range, options?: ReadOptions): Promise<Stored | null>;
  /** Writes into a key that nobody else writes. What lies before `atBytes` and was never written is zeros. */
  write(key: string, atBytes: number, bytes: Uint8Array, options: WriteOptions): Promise<void>;
  /**
   * Replaces what has this tag, or makes what is not there (null). It is on stable storage when the answer is `done`.
   */
  swap(key: string, bytes: Uint8Array, tag: string | null): Promise<Swapped>;
  /** The keys that begin so, in order. */
  list(prefix: string): Promise<string[]>;
  /** Of garbage alone. That there is no such key is no error. */
  remove(key: string): Promise<void>;
}

/**
 * `unavailable`: the store does not answer, and may again. `full`: no space. `refused`: it answers, and says no.
 * `damaged`: what is there is not what was written.
 */
export type StoreTrouble = "unavailable" | "full" | "refused" | "damaged";

export class StoreError extends Error {
  readonly trouble: StoreTrouble;

  constructor(trouble: StoreTrouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.trouble = trouble;
  }
}
