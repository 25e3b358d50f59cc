/**
 * The page's files: those of its folder, and the sources, which a package has as they are. Some hold many parts: the
 * length of a head, the head as JSON, the parts. They are compressed as a whole; src/page/worker/system.ts reads them.
 */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { KERNEL_REVISION, VERSION } from "../version.ts";
import { folderTree, listFiles, readIfPresent } from "./files.ts";
import { packageRoot } from "./package.ts";

/** In the head of each. */
export const PAGE_HEAD = { version: VERSION, revision: KERNEL_REVISION, diskBytes: 64 << 20 };

interface Part {
  readonly name: string;
  readonly content: Uint8Array;
}

/** The file, not compressed. `head` is what is said of it as a whole. */
export function container(head: object, parts: readonly Part[]): Uint8Array {
  const listed = parts.map(({ name, content }) => ({ name, sizeBytes: content.length }));
  const text = new TextEncoder().encode(JSON.stringify({ ...head, parts: listed }));
  const bytes = new Uint8Array(parts.reduce((sum, { content }) => sum + content.length, 4 + text.length));
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  let at = 4 + text.length;
  for (const { content } of parts) {
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}

/** QuRe's sources, for the page's editor. The firmware stays as it is: the page builds the system. */
export function sourcesContainer(root: string): Uint8Array {
  const tree = folderTree(root);
  const parts = ["asm", "boot"]
    .flatMap((folder) => tree.list(folder))
    .filter((name) => !name.startsWith("boot/firmware/"))
    .map((name) => ({ name, content: tree.read(name)! }));
  return container(PAGE_HEAD, parts);
}

const FOLDER = "dist/page";
const SOURCES = "sources.gz";

let sources: Uint8Array | undefined;

/** Their names; none where the page is not built. */
export function pageFiles(): string[] {
  const names = listFiles(join(packageRoot(), FOLDER));
  return names.length === 0 ? [] : [...new Set([...names, SOURCES])];
}

/** Null for what is no file of the page. Throws where it cannot be read. */
export function readPageFile(name: string): Uint8Array | null {
  const found = readIfPresent(join(packageRoot(), FOLDER, name));
  if (found !== null || name !== SOURCES) return found;
  sources ??= gzipSync(sourcesContainer(packageRoot()));
  return sources;
}
