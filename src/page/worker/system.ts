/** QuRe's own image and what belongs to it, as the page's folder holds them: one compressed file (scripts/page.mjs). */

import type { BlockBackend } from "../../../emulator/disk/block.ts";
import { SparseDisk } from "../../../emulator/disk/disk.ts";
import type { TaskLayout } from "./tasks.ts";

/** Parts of the file by their names. */
export interface System {
  readonly firmware: Uint8Array;
  /** What boots kernels that are files. */
  readonly starter: Uint8Array;
  readonly iso: Uint8Array;
  /** The prepared disk, which nobody writes, and its size. */
  readonly disk: BlockBackend;
  readonly diskBytes: number;
  readonly version: string;
  /** Where QuRe's kernel keeps what the page shows of its tasks. */
  readonly taskLayout: TaskLayout;
}

interface Head {
  readonly version: string;
  readonly revision: number;
  readonly diskBytes: number;
  readonly taskLayout: TaskLayout;
  /** Where the ISO has rows of numbers, each as its difference to the one before: [byte, how many]. */
  readonly rows: readonly (readonly [at: number, count: number])[];
  readonly parts: readonly { readonly name: string; readonly sizeBytes: number }[];
}

const LENGTH_BYTES = 4;

/** Decompresses a file of the page's folder. Throws an Error with a sentence. */
async function load(url: URL): Promise<Uint8Array> {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok || !response.body)
    throw new Error(`${url.pathname} cannot be loaded: ${response ? response.status : "there is no network"}`);
  const stream = response.body.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A container: the length of its head, the head as JSON, the parts. */
async function loadParts(url: URL): Promise<{ head: Head; part: (name: string) => Uint8Array; names: string[] }> {
  const bytes = await load(url);
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length))) as Head;
  const parts = new Map<string, Uint8Array>();
  let at = LENGTH_BYTES + length;
  for (const { name, sizeBytes } of head.parts) {
    parts.set(name, bytes.slice(at, at + sizeBytes));
    at += sizeBytes;
  }
  const part = (name: string): Uint8Array => {
    const found = parts.get(name);
    if (!found) throw new Error(`${url.pathname} has no part ${name}`);
    return found;
  };
  return { head, part, names: [...parts.keys()] };
}

/** Makes numbers of differences. */
function addUp(bytes: Uint8Array, rows: Head["rows"]): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const [at, count] of rows)
    for (let index = 1, sum = view.getUint32(at, true); index < count; index++) {
      sum += view.getUint32(at + 4 * index, true);
      view.setUint32(at + 4 * index, sum, true);
    }
}

const SECTOR_BYTES = 512;

/** A disk of runs of sectors: each is a copy from the ISO, or (-1) the next ones of `own`. */
function makeDisk(
  sizeBytes: number,
  runs: readonly (readonly number[])[],
  iso: Uint8Array,
  own: Uint8Array,
): BlockBackend {
  const disk = new SparseDisk(sizeBytes);
  let next = 0;
  for (const [sector = 0, count = 0, source = -1] of runs) {
    const lengthBytes = count * SECTOR_BYTES;
    const start = source < 0 ? next : source * SECTOR_BYTES;
    disk.write(sector * SECTOR_BYTES, (source < 0 ? own : iso).subarray(start, start + lengthBytes));
    if (source < 0) next += lengthBytes;
  }
  return disk;
}

export async function loadSystem(base: URL): Promise<System> {
  const { head, part } = await loadParts(new URL("system.gz", base));
  const runs = JSON.parse(new TextDecoder().decode(part("disk runs"))) as number[][];
  const { version, diskBytes, taskLayout } = head;
  const iso = part("iso");
  addUp(iso, head.rows);
  const disk = makeDisk(diskBytes, runs, iso, part("disk"));
  return { firmware: part("firmware"), starter: part("starter"), iso, disk, diskBytes, version, taskLayout };
}

export interface Sources {
  readonly version: string;
  readonly revision: number;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export async function loadSources(base: URL): Promise<Sources> {
  const { head, part, names } = await loadParts(new URL("sources.gz", base));
  return { version: head.version, revision: head.revision, files: new Map(names.map((name) => [name, part(name)])) };
}
