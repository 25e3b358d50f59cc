/**
 * Makes a head that has another one's map: a clone, or a snapshot. It is provisional until it is sure that no
 * collection has begun meanwhile that did not see it (docs/formats/volume.md, "Garbage").
 */
import { generationOf } from "./collector.ts";
import type { Context } from "./context.ts";
import { type Head, isFree, type SeenHead, swapHead } from "./head.ts";
import { toHex } from "./layout.ts";
import { VolumeError } from "./model.ts";
import { changedHead } from "./settle.ts";

const MOST_TRIES = 10;

const newId = (context: Context): string => toHex(context.host.random(16));

export const existsError = (name: string, { head }: SeenHead): VolumeError =>
  new VolumeError(
    "exists",
    head.state === "removed"
      ? `${name} was removed and can be restored: "qure volume restore ${name}", or "qure volume gc" to be rid of it`
      : head.state === "provisional"
        ? `${name} is being made, or its making was cut off: "qure volume gc" is rid of it then`
        : `there is a ${head.kind} ${name} already`,
  );

/** The beginning of a new volume or snapshot. */
function newHead(
  context: Context,
  old: SeenHead | null,
  of: Pick<Head, "state" | "kind" | "sizeBytes" | "map" | "parent" | "generation">,
): Omit<Head, "nonce"> {
  return {
    ...of,
    id: newId(context),
    epoch: (old?.head.epoch ?? 0) + 1,
    owner: null,
    isIdle: true,
    from: null,
    movedTo: null,
  };
}

/**
 * Puts the first head of a volume or snapshot where none is, which most often is so, or where one is gone. `look` reads
 * the head that the name has, and finishes a rename of it.
 */
export async function makeHead(
  context: Context,
  name: string,
  look: () => Promise<SeenHead | null>,
  of: Parameters<typeof newHead>[2],
): Promise<SeenHead> {
  let old: SeenHead | null = null;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const made = await swapHead(context.store, context.host, name, old, newHead(context, old, of));
    if (made) return made;
    old = await look();
    if (old && !isFree(old)) throw existsError(name, old);
  }
  throw new VolumeError("locked", `${name} is made and removed by others all the time: try again`);
}

/**
 * `source` reads the head whose map is taken, anew when a collection has begun. What has no map yet takes nothing that
 * could be collected.
 */
export async function makeFrom(
  context: Context,
  name: string,
  look: () => Promise<SeenHead | null>,
  source: () => Promise<SeenHead>,
  of: { readonly kind: "volume" | "snapshot"; readonly sizeBytes?: number },
): Promise<SeenHead> {
  const { store, host } = context;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const generation = await generationOf(context);
    const from = await source();
    const { map, sizeBytes } = from.head;
    const last = of.kind === "snapshot" ? "snapshot" : "live";
    const made = await makeHead(context, name, look, {
      state: map === null ? last : "provisional",
      kind: of.kind,
      sizeBytes: of.sizeBytes ?? sizeBytes,
      map,
      parent: from.name,
      generation,
    });
    if (map === null) return made;
    const isSure = (await generationOf(context)) === generation;
    const state = isSure ? last : "gone";
    const changes: Partial<Head> = isSure ? { state } : { state, map: null };
    const confirmed = await swapHead(store, host, name, made, changedHead(made.head, changes));
    if (confirmed && isSure) return confirmed;
  }
  throw new VolumeError("locked", `${name}: collections begin faster than it is made: try again`);
}
