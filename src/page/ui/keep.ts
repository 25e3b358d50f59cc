/** What survives a reload: the run that was open, and an image that was dropped here. Nothing of it leaves the browser. */
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
