/**
 * What survives a reload: the run that was open, an image that was dropped here, changed sources. Nothing of it leaves
 * the browser.
 */
import type { KeptRun, Mark, OwnImage } from "../protocol.ts";

const RUN_KEY = "qure run";
const MOST_MARKS = 500;
const IMAGE_FILE = "image";
const NAME_FILE = "image name";

/** What is remembered of a run beside its checkpoints, which the worker keeps. */
export interface KeptPage {
  readonly run: KeptRun;
  /** It has the image that was dropped here. */
  readonly hasImage: boolean;
  readonly marks: readonly Mark[];
  /** The story that was told, by its id. */
  readonly story: string | null;
}

/** For the next visit, and for this tab. */
export function keepRun(page: KeptPage): void {
  const text = JSON.stringify({ ...page, marks: page.marks.slice(-MOST_MARKS) });
  try {
    sessionStorage.setItem(RUN_KEY, text);
    localStorage.setItem(RUN_KEY, text);
  } catch {
    // Without storage the page works all the same.
  }
}

function read(storage: () => Storage): KeptPage | null {
  try {
    const page = JSON.parse(storage().getItem(RUN_KEY) ?? "null") as KeptPage | null;
    return page && typeof page.run?.link === "string" && Array.isArray(page.marks) ? page : null;
  } catch {
    return null;
  }
}

/** The run that was open here the last time. */
export function keptRun(): KeptPage | null {
  return read(() => localStorage);
}

/** The run that was open in this tab when it was reloaded; null when it was not. */
export function reloadedRun(): KeptPage | null {
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return navigation?.type === "reload" ? read(() => sessionStorage) : null;
}

const WELCOME_KEY = "qure welcome";

/** Somebody who has put the tiles of the first screen away does not want them again. */
export function hideWelcome(): void {
  try {
    localStorage.setItem(WELCOME_KEY, "hidden");
  } catch {
    // Likewise.
  }
}

export function isWelcomeHidden(): boolean {
  try {
    return localStorage.getItem(WELCOME_KEY) !== null;
  } catch {
    return false;
  }
}

const EDITS_KEY = "qure edits";

/** A source that was changed here. */
export interface Edit {
  readonly text: string;
  /** What it was made of: another version of the page may have another. */
  readonly original: number;
}

export type Edits = Readonly<Record<string, Edit>>;

export function keepEdits(edits: Edits): void {
  try {
    localStorage.setItem(EDITS_KEY, JSON.stringify(edits));
  } catch {
    // Likewise.
  }
}

export function keptEdits(): Edits {
  try {
    const found = JSON.parse(localStorage.getItem(EDITS_KEY) ?? "{}") as Edits;
    return Object.fromEntries(Object.entries(found).filter(([, edit]) => typeof edit?.text === "string"));
  } catch {
    return {};
  }
}

export async function keepImage(image: OwnImage | null): Promise<void> {
  try {
    const folder = await navigator.storage.getDirectory();
    if (image === null) {
      await folder.removeEntry(IMAGE_FILE);
      return;
    }
    for (const [name, content] of [
      [IMAGE_FILE, image.bytes],
      [NAME_FILE, new TextEncoder().encode(image.name)],
    ] as const) {
      const file = await folder.getFileHandle(name, { create: true });
      const stream = await file.createWritable();
      await stream.write(content);
      await stream.close();
    }
  } catch {
    // Likewise.
  }
}

export async function keptImage(): Promise<OwnImage | null> {
  try {
    const folder = await navigator.storage.getDirectory();
    const read = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
      new Uint8Array(await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer());
    return { name: new TextDecoder().decode(await read(NAME_FILE)), bytes: await read(IMAGE_FILE) };
  } catch {
    return null;
  }
}
