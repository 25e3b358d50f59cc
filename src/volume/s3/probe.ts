/**
 * What a server that speaks S3 can do, found out with objects of its own under `probe/`. Locks stand on conditions that
 * many servers take without a word and do not honour, so none is believed unseen.
 */
import { type Store, StoreError, type Swapped } from "../store.ts";

/** How a server wants the tag in If-Match: as it sent it, or without the quotes around it. */
export type TagForm = "quoted" | "bare";

/** A store whose swaps take the tag in a form. */
interface Probeable extends Pick<Store, "read" | "list" | "remove"> {
  swapIn(key: string, bytes: Uint8Array, tag: string | null, form: TagForm): Promise<Swapped>;
}

export interface Probed {
  /** What it cannot do; null: all that is needed. */
  readonly readOnly: string | null;
  readonly tagForm: TagForm;
  /** The tag in the answer to a swap is that with which the object is read: it need not be read back. */
  readonly isTagSaid: boolean;
}

/** Where results are kept for the next time. */
export interface ProbeMemory {
  recall(): Promise<Probed | null>;
  keep(probed: Probed): Promise<void>;
}

const RACERS = 8;
/** A lost answer says nothing; a server that loses this many is left alone. */
const MOST_UNKNOWN = 5;

const NOTHING = { tagForm: "quoted", isTagSaid: false } as const;

class Missing extends Error {}

/** Throws a `StoreError` where the server does not answer, or knows neither bucket nor keys. */
export async function probe(store: Probeable, host: { draw(): number }): Promise<Probed> {
  const digits = (): string => Math.floor(host.draw() * 2 ** 32).toString(36);
  const root = `probe/${digits()}${digits()}`;
  const made: string[] = [];
  const name = (what: string): string => {
    made.push(`${root}-${what}`);
    return `${root}-${what}`;
  };
  try {
    return { readOnly: null, ...(await tryAll(store, name)) };
  } catch (error) {
    const isMissing = error instanceof Missing;
    if (!isMissing && !(error instanceof StoreError && error.trouble === "refused")) throw error;
    // Whether it answers at all, and lets one read, is said by a read.
    await store.list("probe/");
    if (isMissing) return { ...NOTHING, readOnly: error.message };
    return { ...NOTHING, readOnly: `its keys may not write (${error.message})` };
  } finally {
    // Garbage of a probe hurts nobody.
    await Promise.all(made.map((key) => store.remove(key).catch(() => {})));
  }
}

async function tryAll(store: Probeable, name: (what: string) => string): Promise<Omit<Probed, "readOnly">> {
  const key = name("twice");
  const made = await expectSwap(
    () => store.swapIn(key, text("1"), null, "quoted"),
    "done",
    "makes no object that is absent",
  );
  await expectSwap(
    () => store.swapIn(key, text("2"), null, "quoted"),
    "refused",
    "makes an object that is there already (If-None-Match: * is not honoured)",
  );
  const first = await tagOf(store, key, "1");
  const tagForm = await formOf(store, key, first);
  await expectSwap(
    () => store.swapIn(key, text("4"), first, tagForm),
    "refused",
    "replaces an object whose tag is another one (If-Match is not honoured)",
  );
  await tagOf(store, key, "3");
  const absent = name("absent");
  await expectSwap(
    () => store.swapIn(absent, text("5"), first, tagForm),
    "refused",
    "makes an object that should be replaced (If-Match with an absent one)",
  );
  if ((await store.read(absent)) !== null) throw new Missing("it says that it refuses a swap, and does it");
  await race(store, name("race"));
  await store.remove(key);
  if ((await store.read(key)) !== null) throw new Missing("it still has an object that was removed");
  return { tagForm, isTagSaid: made === first };
}

/** Repeats what has no answer; an outcome that is not the right one throws what the server does. Returns the tag. */
async function expectSwap(
  swap: () => Promise<Swapped>,
  right: Swapped["outcome"],
  wrong: string,
): Promise<string | null> {
  for (let unknown = 0; unknown < MOST_UNKNOWN; unknown++) {
    const { outcome, tag } = await swap();
    if (outcome === right) return tag;
    // The one before, whose answer was lost, may have been done.
    if (unknown > 0 && right === "done" && outcome === "refused") return null;
    if (outcome !== "unknown") throw new Missing(`it ${wrong}`);
  }
  throw new Missing("it answers most swaps with errors");
}

async function tagOf(store: Probeable, key: string, content: string): Promise<string> {
  const stored = await store.read(key);
  if (stored === null || new TextDecoder().decode(stored.bytes) !== content)
    throw new Missing("what is read is not what was written last");
  if (stored.tag === "") throw new Missing("it gives objects no tags (ETag)");
  return stored.tag;
}

/** Writes `3` with the right tag in the one form or the other. */
async function formOf(store: Probeable, key: string, tag: string): Promise<TagForm> {
  for (const form of ["quoted", "bare"] as const)
    for (let unknown = 0; unknown < MOST_UNKNOWN; unknown++) {
      const { outcome } = await store.swapIn(key, text("3"), tag, form);
      if (outcome === "done") return form;
      const now = await store.read(key);
      if (now !== null && new TextDecoder().decode(now.bytes) === "3") return form;
      if (outcome === "refused") break;
    }
  throw new Missing("it replaces no object whose tag is the right one (If-Match, with quotes and without)");
}

async function race(store: Probeable, key: string): Promise<void> {
  const racers = Array.from({ length: RACERS }, (_, index) => text(`racer ${index}`));
  const outcomes = await Promise.all(racers.map((content) => store.swapIn(key, content, null, "quoted")));
  const winners = outcomes.filter(({ outcome }) => outcome === "done").length;
  if (winners > 1) throw new Missing(`of ${RACERS} who make one object at once, it tells ${winners} that they did`);
  const stored = await store.read(key);
  if (stored === null) throw new Missing(`of ${RACERS} who make one object at once, none does`);
  const winner = racers.findIndex(
    (content) => new TextDecoder().decode(content) === new TextDecoder().decode(stored.bytes),
  );
  if (winner === -1 || outcomes[winner]!.outcome === "refused")
    throw new Missing("the object that several make at once is of one who was refused");
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}
