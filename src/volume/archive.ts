/**
 * A volume as a file: a header, then the objects that have something in them (or that differ from a snapshot), each
 * with its hash, then an end that counts them. An import makes nothing visible before all of it is judged.
 */
import type { Context } from "./context.ts";
import { FRAME_BYTES, framed, unframed } from "./frame.ts";
import { freezeContent, hashOf, trimmed } from "./frozen.ts";
import type { Head, Root, SeenHead } from "./head.ts";
import { type Layers, readBlocks } from "./layers.ts";
import {
  BLOCK_BYTES,
  blocksOf,
  indexOfKey,
  isName,
  isZero,
  OBJECT_BYTES,
  objectsOf,
  sumsKey,
  toHex,
} from "./layout.ts";
import { type Entry, entriesOf } from "./map.ts";
import { VolumeError, type VolumeHost } from "./model.ts";
import { layersOf } from "./reader.ts";

const MAGIC = { header: "QVAR", object: "QVAO", end: "QVAE" } as const;
const VERSION = 1;
const INDEX_BYTES = 8;

export interface ArchiveHeader {
  readonly name: string;
  readonly sizeBytes: number;
  /** The hash of what it differs from; null: it is whole. */
  readonly since: { readonly name: string; readonly hash: string } | null;
  readonly blockBytes: number;
}

/** Objects in which a volume may have something, in order, with the hash of those that are frozen. */
async function* contentsOf(context: Context, seen: SeenHead): AsyncGenerator<readonly [number, string | null]> {
  const layers = layersOf(context, seen);
  const own = new Set<number>();
  for (const { epoch } of layers.layers)
    for (const key of await context.store.list(sumsKey(seen.head.id, epoch, 0).slice(0, -8))) own.add(indexOfKey(key));
  const later = [...own].sort((a, b) => a - b);
  const objects = objectsOf(seen.head.sizeBytes);
  for await (const [index, { hash }] of entriesOf(context.pages, seen.name, seen.head.map)) {
    while (later.length > 0 && later[0]! < index) yield [later.shift()!, null];
    if (later[0] === index) yield [later.shift()!, null];
    else if (index < objects) yield [index, hash];
  }
  for (const index of later) if (index < objects) yield [index, null];
}

const readObject = (layers: Layers, { sizeBytes }: Head, index: number): Promise<Uint8Array> =>
  readBlocks(layers, index, 0, blocksOf(sizeBytes, index));

/**
 * SHA-256 over the size and, for each object that is not zeros, its number and the SHA-256 of its content without the
 * zeros at its end: the same for equal contents, wherever they are, and what is frozen need not be read for it.
 */
export async function contentHash(context: Context, seen: SeenHead): Promise<string> {
  const layers = layersOf(context, seen);
  const parts = [`${seen.head.sizeBytes}\n`];
  for await (const [index, frozenHash] of contentsOf(context, seen)) {
    const content = frozenHash === null ? trimmed(await readObject(layers, seen.head, index)) : null;
    if (content?.length === 0) continue;
    parts.push(`${index} ${frozenHash ?? (await hashOf(context.host, content!))}\n`);
  }
  return toHex(await context.host.sha256(new TextEncoder().encode(parts.join(""))));
}

function objectFrame(index: number, content: Uint8Array): Uint8Array {
  const body = new Uint8Array(INDEX_BYTES + content.length);
  new DataView(body.buffer).setBigUint64(0, BigInt(index), true);
  body.set(content, INDEX_BYTES);
  return framed(MAGIC.object, VERSION, body);
}

type Hasher = Pick<VolumeHost, "sha256">;

/** An object that has something in it, or one that became zeros; without the zeros at its end. */
export interface ArchivedObject {
  readonly index: number;
  readonly content: Uint8Array;
}

/** Puts objects, which come in any order and each once, into an archive. */
export async function* writeArchive(
  host: Hasher,
  header: ArchiveHeader,
  objects: AsyncIterable<ArchivedObject>,
): AsyncGenerator<Uint8Array> {
  yield framed(MAGIC.header, VERSION, new TextEncoder().encode(JSON.stringify(header)));
  const digest: string[] = [];
  for await (const { index, content } of objects) {
    digest.push(`${index} ${await hashOf(host, content)}\n`);
    yield objectFrame(index, content);
  }
  yield framed(MAGIC.end, VERSION, await host.sha256(new TextEncoder().encode(digest.join(""))));
}

/** With `since`: objects that differ from it, those that became zeros among them. */
export async function* exportVolume(
  context: Context,
  seen: SeenHead,
  since: SeenHead | null,
): AsyncGenerator<Uint8Array> {
  const { name, head } = seen;
  const header: ArchiveHeader = {
    name,
    sizeBytes: head.sizeBytes,
    since: since && { name: since.name, hash: await contentHash(context, since) },
    blockBytes: BLOCK_BYTES,
  };
  yield* writeArchive(context.host, header, objectsSince(context, seen, since));
}

async function* objectsSince(context: Context, seen: SeenHead, since: SeenHead | null): AsyncGenerator<ArchivedObject> {
  const before = new Map<number, string | null>();
  const objects = objectsOf(seen.head.sizeBytes);
  // Of a volume that was cut shorter, what is beyond its end goes without a word.
  if (since) for await (const [index, hash] of contentsOf(context, since)) if (index < objects) before.set(index, hash);
  const layers = layersOf(context, seen);
  for await (const [index, hash] of contentsOf(context, seen)) {
    const old = before.get(index);
    before.delete(index);
    if (hash !== null && old === hash) continue;
    const content = trimmed(await readObject(layers, seen.head, index));
    if (content.length > 0 || since) yield { index, content };
  }
  for (const index of [...before.keys()].sort((a, b) => a - b)) yield { index, content: new Uint8Array() };
}

/** Takes frames out of pieces of any size. */
class Frames {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #what: string;
  #rest: Uint8Array = new Uint8Array();
  #at = 0;

  constructor(what: string, pieces: AsyncIterable<Uint8Array>) {
    this.#what = what;
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  async #need(lengthBytes: number): Promise<boolean> {
    const pieces: Uint8Array[] = [this.#rest];
    let have = this.#rest.length;
    while (have < lengthBytes) {
      const next = await this.#pieces.next();
      if (next.done) break;
      pieces.push(next.value);
      have += next.value.length;
    }
    if (pieces.length > 1) {
      const all = new Uint8Array(have);
      let at = 0;
      for (const piece of pieces) {
        all.set(piece, at);
        at += piece.length;
      }
      this.#rest = all;
    }
    return have >= lengthBytes;
  }

  /** Null: there is nothing more. */
  async next(): Promise<{ readonly magic: string; readonly body: Uint8Array } | null> {
    if (!(await this.#need(FRAME_BYTES))) {
      if (this.#rest.length === 0) return null;
      throw this.#damaged("it ends within a record");
    }
    const view = new DataView(this.#rest.buffer, this.#rest.byteOffset, FRAME_BYTES);
    const lengthBytes = view.getUint32(8, true);
    const magic = String.fromCharCode(...this.#rest.subarray(0, 4));
    if (this.#at === 0 && magic !== MAGIC.header)
      throw new VolumeError(
        "invalid",
        `${this.#what} is no archive of a volume: it does not begin with ${MAGIC.header}`,
      );
    if (lengthBytes > OBJECT_BYTES + INDEX_BYTES) throw this.#damaged("a record is longer than any can be");
    if (!(await this.#need(FRAME_BYTES + lengthBytes))) throw this.#damaged("it ends within a record");
    const whole = this.#rest.subarray(0, FRAME_BYTES + lengthBytes);
    this.#rest = this.#rest.subarray(FRAME_BYTES + lengthBytes);
    const body = unframed(`${this.#what}, byte ${this.#at}`, magic, VERSION, whole);
    this.#at += whole.length;
    return { magic, body };
  }

  #damaged(why: string): VolumeError {
    return new VolumeError("damaged", `${this.#what}, byte ${this.#at}: ${why}`);
  }
}

/** Takes an archive apart. Its objects are judged one by one, and all together when the last has come. */
export async function readArchive(
  host: Hasher,
  what: string,
  content: AsyncIterable<Uint8Array>,
): Promise<{ readonly header: ArchiveHeader; readonly objects: AsyncIterable<ArchivedObject> }> {
  const frames = new Frames(what, content);
  const first = await frames.next();
  if (!first) throw new VolumeError("invalid", `${what} is no archive of a volume: it is empty`);
  const header = parseHeader(what, first.body);
  return { header, objects: objectsIn(host, what, header, frames) };
}

async function* objectsIn(
  host: Hasher,
  what: string,
  header: ArchiveHeader,
  frames: Frames,
): AsyncGenerator<ArchivedObject> {
  const found = new Set<number>();
  const digest: string[] = [];
  for (let frame = await frames.next(); ; frame = await frames.next()) {
    if (!frame) throw new VolumeError("damaged", `${what}: it has no end: it was cut off`);
    if (frame.magic === MAGIC.end) {
      const hash = await host.sha256(new TextEncoder().encode(digest.join("")));
      if (toHex(hash) !== toHex(frame.body))
        throw new VolumeError("damaged", `${what}: its objects are not those that it counts`);
      if (await frames.next()) throw new VolumeError("damaged", `${what}: it goes on after its end`);
      return;
    }
    if (frame.magic !== MAGIC.object || frame.body.length < INDEX_BYTES)
      throw new VolumeError("damaged", `${what}: it has a record of kind ${JSON.stringify(frame.magic)}`);
    const index = Number(new DataView(frame.body.buffer, frame.body.byteOffset).getBigUint64(0, true));
    const bytes = frame.body.subarray(INDEX_BYTES);
    if (found.has(index) || bytes.length % BLOCK_BYTES !== 0 || !isWithin(header.sizeBytes, index, bytes))
      throw new VolumeError("damaged", `${what}: object ${index} is none of its`);
    digest.push(`${index} ${await hashOf(host, bytes)}\n`);
    found.add(index);
    yield { index, content: bytes };
  }
}

/** Reads an archive, and puts its objects under an epoch that is the reader's own. Nothing has them yet. */
export async function importObjects(
  context: Context,
  what: string,
  content: AsyncIterable<Uint8Array>,
  begin: (
    header: ArchiveHeader,
  ) => Promise<{ readonly id: string; readonly epoch: number; readonly base: Root | null }>,
): Promise<{ readonly header: ArchiveHeader; readonly changes: Map<number, Entry | null> }> {
  const { header, objects } = await readArchive(context.host, what, content);
  const home = await begin(header);
  const changes = new Map<number, Entry | null>();
  for await (const { index, content } of objects)
    changes.set(index, await freezeContent(context.store, context.host, home, content));
  return { header, changes };
}

/** Nothing is beyond the end of the volume: it would come up when that grows. */
function isWithin(sizeBytes: number, index: number, bytes: Uint8Array): boolean {
  if (index >= objectsOf(sizeBytes) || bytes.length > blocksOf(sizeBytes, index) * BLOCK_BYTES) return false;
  return isZero(bytes.subarray(Math.min(bytes.length, sizeBytes - index * OBJECT_BYTES)));
}

function parseHeader(what: string, body: Uint8Array): ArchiveHeader {
  let header: ArchiveHeader;
  try {
    header = JSON.parse(new TextDecoder().decode(body)) as ArchiveHeader;
  } catch {
    throw new VolumeError("damaged", `${what}: its header is not JSON`);
  }
  if (!Number.isInteger(header?.sizeBytes) || header.sizeBytes <= 0 || header.blockBytes !== BLOCK_BYTES)
    throw new VolumeError("damaged", `${what}: its header lacks a field`);
  const { since } = header;
  if (since !== null && (!isName(since?.name) || typeof since.hash !== "string"))
    throw new VolumeError("damaged", `${what}: its header does not say what it differs from`);
  return header;
}
