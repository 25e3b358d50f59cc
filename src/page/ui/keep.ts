/** What survives a reload: the run that was open, and an image that was dropped here. Nothing of it leaves the browser. */
import type { OwnImage } from "../protocol.ts";

const RUN_KEY = "qure run";
const IMAGE_FILE = "image";
const NAME_FILE = "image name";

export function keepRun(link: string): void {
  try {
    localStorage.setItem(RUN_KEY, link);
  } catch {
    // Without storage the page works all the same.
  }
}

export function keptRun(): string | null {
  try {
    return localStorage.getItem(RUN_KEY);
  } catch {
    return null;
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
