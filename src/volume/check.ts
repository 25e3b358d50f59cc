/**
 * Reads everything that volumes have, and says what is not as it was written, and who uses it. What is repaired needs
 * little space: a copy of the same content is used in its place, or what is lost is marked, so that reading it is an
 * error, and what is left of its object is written anew.
 */

import { allHeads, isThere } from "./collector.ts";
import { type Context, naming } from "./context.ts";
import { freezeContent } from "./frozen.ts";
import { type Head, isMine, lockedError, type Root, readHead, type SeenHead, swapHead } from "./head.ts";
import { readBlocks, salvage } from "./layers.ts";
import { BLOCKS, frozenKey, HEADS, indexOfKey, nameOfHead, OBJECT_BYTES, pageKey, sumsKey } from "./layout.ts";
import { changed, type Entry, entriesOf, entryAt } from "./map.ts";
import { type Finding, VolumeError } from "./model.ts";
import { layersOf } from "./reader.ts";
import { changedHead, earlierOf, settle } from "./settle.ts";

interface Bad {
  readonly name: string;
  readonly index: number;
  readonly entry: Entry;
  readonly wrong: string;
}

/** Everything of one head. Objects that others have too are read once. */
async function checkHead(
  context: Context,
  seen: SeenHead,
  judged: Map<string, string | null>,
  findings: Map<string, { users: string[]; wrong: string; isRepaired: boolean }>,
): Promise<Bad[]> {
  const bad: Bad[] = [];
  const { name, head } = seen;
  const note = (key: string, index: number, wrong: string): void => {
    const found = findings.get(key) ?? { users: [], wrong, isRepaired: false };
    found.users.push(`${name} at ${index * OBJECT_BYTES}`);
    findings.set(key, found);
  };
  const trouble = (root: Root, error: VolumeError, first: number): void =>
    note(pageKey(root.id, root.epoch, root.hash), first, error.message);
  for await (const [index, entry] of entriesOf(context.pages, name, head.map, { trouble })) {
    const key = frozenKey(entry.id, entry.epoch, entry.hash);
    if (entry.isLost) {
      note(key, index, "it is lost, and marked so");
      continue;
    }
    let wrong = judged.get(key);
    if (wrong === undefined) {
      wrong = await judge(context, `${name} at ${index * OBJECT_BYTES}`, entry);
      judged.set(key, wrong);
    }
    if (wrong === null) continue;
    note(key, index, wrong);
    bad.push({ name, index, entry, wrong });
  }
  const layers = layersOf(context, seen);
  for (const { epoch } of layers.layers)
    for (const key of await context.store.list(sumsKey(head.id, epoch, 0).slice(0, -8)))
      try {
        await readBlocks(layers, indexOfKey(key), 0, BLOCKS);
      } catch (error) {
        if (!(error instanceof VolumeError)) throw error;
        note(key, indexOfKey(key), error.message);
      }
  return bad;
}

async function judge(context: Context, what: string, entry: Entry): Promise<string | null> {
  try {
    return (await context.frozen.whole(what, entry)) ? null : "it is missing";
  } catch (error) {
    if (error instanceof VolumeError) return error.message;
    throw error;
  }
}

/** Another object with the same content; it is read before it is believed. */
async function twinOf(context: Context, entry: Entry, all: readonly string[]): Promise<Entry | null> {
  for (const key of all) {
    const [, id, epoch, hash] = /^frozen\/([0-9a-f]{32})\/([0-9a-f]{8})\/([0-9a-f]{64})$/.exec(key) ?? [];
    if (hash !== entry.hash || !id || !epoch) continue;
    const twin = { id, epoch: Number.parseInt(epoch, 16), hash };
    if ((await judge(context, "a copy", twin)) === null) return twin;
  }
  return null;
}

async function repair(
  context: Context,
  name: string,
  bad: readonly Bad[],
  all: readonly string[],
): Promise<Set<string>> {
  const { store, host } = context;
  const repaired = new Set<string>();
  let seen = await readHead(store, name);
  if (!seen || !isThere(seen.head)) return repaired;
  const { owner } = seen.head;
  if (owner && !isMine(owner, host.me)) throw lockedError(name, owner);
  const next = changedHead(seen.head, { epoch: seen.head.epoch + 1, from: earlierOf(seen.head), isIdle: true });
  const taken = await swapHead(store, host, name, seen, next);
  if (!taken) throw new VolumeError("locked", `${name} is being changed: run it again`);
  seen = await settle(context, taken);
  const changes = new Map<number, Entry | null>();
  for (const { index, entry } of bad) {
    const now = await entryAt(context.pages, name, seen.head.map, index);
    // What was written since has what was left of it already.
    if (now?.hash === entry.hash)
      changes.set(index, (await twinOf(context, entry, all)) ?? (await leftOf(context, name, index, entry, seen.head)));
    repaired.add(frozenKey(entry.id, entry.epoch, entry.hash));
  }
  const map = await changed(context.pages, name, seen.head.map, changes, seen.head);
  if (!(await swapHead(store, host, name, seen, changedHead(seen.head, { map }))))
    throw new VolumeError("locked", `${name} is being changed: run it again`);
  return repaired;
}

/** The blocks that are right of an object that is damaged, if it can be told which. */
async function leftOf(context: Context, name: string, index: number, entry: Entry, home: Head): Promise<Entry | null> {
  const layers = { context, name, id: home.id, layers: [], user: "repair", map: home.map };
  const { content, lost } = await salvage(layers, index);
  if (lost.size === BLOCKS) return { ...entry, isLost: true };
  return freezeContent(context.store, context.host, home, content, lost);
}

export async function check(
  context: Context,
  { repair: isRepair = false }: { readonly repair?: boolean },
): Promise<Finding[]> {
  const findings = new Map<string, { users: string[]; wrong: string; isRepaired: boolean }>();
  for (const key of await context.store.list(HEADS))
    try {
      await readHead(context.store, nameOfHead(key));
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error;
      findings.set(key, { users: [nameOfHead(key)], wrong: error.message, isRepaired: false });
    }
  const heads = findings.size > 0 ? await readable(context, findings) : await allHeads(context);
  const judged = new Map<string, string | null>();
  const bad = new Map<string, Bad[]>();
  for (const seen of heads.filter(({ head }) => isThere(head)))
    bad.set(seen.name, await naming(seen.name, () => checkHead(context, seen, judged, findings)));
  if (isRepair) {
    const all = await context.store.list("frozen/");
    for (const [name, list] of bad)
      if (list.length > 0)
        for (const key of await naming(name, () => repair(context, name, list, all)))
          findings.get(key)!.isRepaired = true;
  }
  return [...findings].map(([key, found]) => ({ key, ...found })).sort((a, b) => (a.key < b.key ? -1 : 1));
}

async function readable(context: Context, broken: ReadonlyMap<string, unknown>): Promise<SeenHead[]> {
  const heads: SeenHead[] = [];
  for (const key of await context.store.list(HEADS)) {
    const seen = broken.has(key) ? null : await readHead(context.store, nameOfHead(key));
    if (seen) heads.push(seen);
  }
  return heads;
}
