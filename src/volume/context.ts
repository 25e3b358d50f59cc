/** What all parts of an open store share. */
import { FrozenObjects } from "./frozen.ts";
import { Pages } from "./map.ts";
import type { VolumeHost } from "./model.ts";
import { VolumeError } from "./model.ts";
import { type Store, StoreError, type StoreTrouble } from "./store.ts";

export interface Context {
  readonly store: Store;
  readonly host: VolumeHost;
  readonly pages: Pages;
  readonly frozen: FrozenObjects;
}

export const contextOf = (store: Store, host: VolumeHost): Context => ({
  store,
  host,
  pages: new Pages(store, host),
  frozen: new FrozenObjects(store, host),
});

/** What may not be undone half-way is told in the words of volumes. */
const WORDS: Readonly<Record<StoreTrouble, "unavailable" | "full" | "read-only" | "damaged">> = {
  unavailable: "unavailable",
  full: "full",
  refused: "read-only",
  damaged: "damaged",
};

/** Does something with a volume; errors of the store become errors that name it. */
export async function naming<Result>(name: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new VolumeError(WORDS[error.trouble], `${name}: ${error.message}`, { cause: error });
  }
}

/** Does something for each, a few at a time, and ends with the first error. */
export async function eachOf<Item>(
  items: Iterable<Item>,
  atOnce: number,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await action(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
