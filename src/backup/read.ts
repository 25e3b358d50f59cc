/** Reads archives, each with those that it builds on. Nothing that one says is believed before it is judged. */
import { assert } from "../diagnostic/invariant.ts";
import { FRAME_BYTES } from "../volume/frame.ts";
import { isZero, toHex } from "../volume/layout.ts";
import { VolumeError } from "../volume/model.ts";
import {
  type BackupEnd,
  type BackupHeader,
  type BackupHost,
  bodyOf,
  CHUNK_HEAD_BYTES,
  type ChunkHead,
  chunkBytes,
  chunksOf,
  damaged,
  frameHead,
  NO_HASH,
  PartDigest,
  type PartHeader,
  readChunkHead,
  readEnd,
  readHeader,
} from "./format.ts";

/** An end is no longer; what comes after it is seen, too. */
const MOST_END_BYTES = 8 << 20;

export interface ArchiveFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** Short at the end of the file. */
  read(atBytes: number, lengthBytes: number): Promise<Uint8Array>;
}

interface Chunk extends ChunkHead {
  readonly atBytes: number;
  readonly lengthBytes: number;
}

/** A chunk as it counts: the archive that has it is this one or an earlier one. */
export interface FoundChunk {
  readonly index: number;
  readonly hash: string;
  bytes(): Promise<Uint8Array>;
}

/** One file, by itself. */
class Archive {
  readonly header: BackupHeader;
  /** What names it to those that build on it: SHA-256 of its end, which has those of all else. */
  readonly id: string;
  readonly end: BackupEnd;
  readonly #host: BackupHost;
  readonly #file: ArchiveFile;
  readonly #chunksAt: number;

  private constructor(
    host: BackupHost,
    file: ArchiveFile,
    of: Pick<Archive, "header" | "id" | "end"> & { at: number },
  ) {
    this.#host = host;
    this.#file = file;
    this.header = of.header;
    this.id = of.id;
    this.end = of.end;
    this.#chunksAt = of.at;
  }

  /** From end to end, without the chunks' bytes. */
  static async open(host: BackupHost, file: ArchiveFile): Promise<Archive> {
    const { header, body, at } = await readFirst(file);
    let count = 0;
    for await (const found of chunksFrom(file, header, at)) {
      if (!("end" in found)) count++;
      else {
        const { end, body: endBody } = found;
        if (end.chunks !== count) throw damaged(file.name, `it has ${count} chunks, and says ${end.chunks}`);
        if (end.header !== toHex(await host.sha256(body))) throw damaged(file.name, "its header is not the one it had");
        return new Archive(host, file, { header, end, id: toHex(await host.sha256(endBody)), at });
      }
    }
    throw damaged(file.name, "it has no end: it was cut off");
  }

  async *chunks(part: number | null): AsyncGenerator<Chunk> {
    for await (const found of chunksFrom(this.#file, this.header, this.#chunksAt)) {
      if ("end" in found || (part !== null && found.part > part)) return;
      if (part === null || found.part === part) yield found;
    }
  }

  async bytes(chunk: Chunk): Promise<Uint8Array> {
    const what = `${this.#file.name}, byte ${chunk.atBytes}`;
    const body = await this.#body(what, chunk);
    const sizeBytes = chunkBytes(this.header.parts[chunk.part]!.sizeBytes, chunk.index);
    if (chunk.coding === "zeros") {
      if (body.length > 0 || chunk.hash !== NO_HASH) throw damaged(what, "zeros that have bytes");
      if (this.header.since === null) throw damaged(what, "zeros in a whole archive");
      return new Uint8Array(sizeBytes);
    }
    const bytes =
      chunk.coding === "same"
        ? await this.#earlier(what, chunk, body, sizeBytes)
        : this.#decoded(what, chunk, body, sizeBytes);
    if (bytes.length !== sizeBytes || isZero(bytes) || toHex(await this.#host.sha256(bytes)) !== chunk.hash)
      throw damaged(what, "a chunk is not what its hash says");
    return bytes;
  }

  async #body(what: string, { atBytes, lengthBytes }: Chunk): Promise<Uint8Array> {
    const whole = await this.#file.read(atBytes, lengthBytes);
    if (whole.length < lengthBytes) throw damaged(what, "it ends within a record: it was cut off");
    return bodyOf(what, whole, false).subarray(CHUNK_HEAD_BYTES);
  }

  #decoded(what: string, { coding }: ChunkHead, body: Uint8Array, sizeBytes: number): Uint8Array {
    if (coding === "plain") return body;
    try {
      return this.#host.inflate(body, sizeBytes);
    } catch {
      throw damaged(what, "a chunk cannot be inflated");
    }
  }

  async #earlier(what: string, { atBytes }: Chunk, body: Uint8Array, sizeBytes: number): Promise<Uint8Array> {
    const at = body.length === 8 ? Number(new DataView(body.buffer, body.byteOffset).getBigUint64(0, true)) : -1;
    if (at < this.#chunksAt || at >= atBytes) throw damaged(what, "a chunk is the same as none before it");
    const found = await chunkAt(this.#file, at);
    if (found === null || found.coding === "same" || found.coding === "zeros")
      throw damaged(what, "a chunk is the same as none that has bytes");
    return this.#decoded(what, found, await this.#body(what, found), sizeBytes);
  }
}

async function readFirst(file: ArchiveFile): Promise<{ header: BackupHeader; body: Uint8Array; at: number }> {
  const { bodyBytes } = frameHead(file.name, await file.read(0, FRAME_BYTES), true);
  const whole = await file.read(0, FRAME_BYTES + bodyBytes);
  return { ...readHeader(file.name, whole), at: whole.length };
}

/** What an archive says of itself at its beginning; the rest may be damaged. */
export const headerOf = async (file: ArchiveFile): Promise<BackupHeader> => (await readFirst(file)).header;

async function chunkAt(file: ArchiveFile, atBytes: number): Promise<Chunk | null> {
  const what = `${file.name}, byte ${atBytes}`;
  const bytes = await file.read(atBytes, FRAME_BYTES + CHUNK_HEAD_BYTES);
  const { isEnd, bodyBytes } = frameHead(what, bytes, false);
  if (isEnd) return null;
  if (bodyBytes < CHUNK_HEAD_BYTES) throw damaged(what, "a chunk is too short");
  const head = readChunkHead(what, bytes.subarray(FRAME_BYTES));
  return { ...head, atBytes, lengthBytes: FRAME_BYTES + bodyBytes };
}

/** All chunks, in order and none beyond its part, and then the end, after which there is nothing. */
async function* chunksFrom(
  file: ArchiveFile,
  { parts }: BackupHeader,
  firstAt: number,
): AsyncGenerator<Chunk | { readonly end: BackupEnd; readonly body: Uint8Array }> {
  let [part, index] = [0, -1];
  for (let at = firstAt; ; ) {
    const what = `${file.name}, byte ${at}`;
    if (at >= file.sizeBytes) throw damaged(file.name, "it has no end: it was cut off");
    const chunk = await chunkAt(file, at);
    if (chunk === null) {
      const whole = await file.read(at, Math.min(file.sizeBytes - at, MOST_END_BYTES));
      const { bodyBytes } = frameHead(what, whole, false);
      if (whole.length > FRAME_BYTES + bodyBytes) throw damaged(file.name, "it goes on after its end");
      const body = bodyOf(what, whole, true);
      yield { end: readEnd(what, body, parts.length), body };
      return;
    }
    const isNext = chunk.part > part || (chunk.part === part && chunk.index > index);
    if (!isNext || chunk.part >= parts.length || chunk.index >= chunksOf(parts[chunk.part]!.sizeBytes))
      throw damaged(what, `chunk ${chunk.index} of part ${chunk.part} is not where it belongs`);
    [part, index] = [chunk.part, chunk.index];
    yield chunk;
    at += chunk.lengthBytes;
  }
}

/** An archive with all that it builds on. */
export class Backup {
  readonly #host: BackupHost;
  /** The whole one first. */
  readonly #links: readonly Archive[];
  readonly #names: readonly string[];

  private constructor(host: BackupHost, links: readonly Archive[], names: readonly string[]) {
    assert(links.length > 0, "a backup has an archive");
    this.#host = host;
    this.#links = links;
    this.#names = names;
  }

  /** `find` opens an earlier archive by the name that it had. Throws a VolumeError. */
  static async open(
    host: BackupHost,
    file: ArchiveFile,
    find: (name: string) => Promise<ArchiveFile | null>,
  ): Promise<Backup> {
    const links = [await Archive.open(host, file)];
    const names = [file.name];
    for (let { since } = links[0]!.header; since !== null; since = links[0]!.header.since) {
      // No circle: the id of each stands for those of all before it.
      const earlier = await find(since.name);
      const archive = earlier && (await Archive.open(host, earlier));
      if (archive?.id !== since.id)
        throw new VolumeError(
          "missing",
          `${names[0]} has what differs from ${since.name}, ${earlier ? "and that is another archive than it was" : "which is not there"}: --base names it`,
        );
      links.unshift(archive);
      names.unshift(earlier!.name);
    }
    return new Backup(host, links, names);
  }

  get header(): BackupHeader {
    return this.#links.at(-1)!.header;
  }

  get id(): string {
    return this.#links.at(-1)!.id;
  }

  /** Of all archives, the whole one first. */
  get names(): readonly string[] {
    return this.#names;
  }

  get digests(): readonly string[] {
    return this.#links.at(-1)!.end.parts;
  }

  /** All of a part that is not zeros, in order. */
  contentOf(part: Pick<PartHeader, "name" | "kind">): AsyncGenerator<FoundChunk> {
    return this.#contentOf(part, this.#links.length - 1);
  }

  async *#contentOf(part: Pick<PartHeader, "name" | "kind">, link: number): AsyncGenerator<FoundChunk> {
    const archive = this.#links[link]!;
    const number = indexOf(archive, part);
    const count = chunksOf(archive.header.parts[number]!.sizeBytes);
    const isOlder = link > 0 && indexOf(this.#links[link - 1]!, part) >= 0;
    const older = isOlder ? this.#contentOf(part, link - 1) : null;
    let old = await older?.next();
    const oldBefore = (index: number): FoundChunk | null =>
      old && !old.done && old.value.index < Math.min(index, count) ? old.value : null;
    for await (const chunk of archive.chunks(number)) {
      for (let found = oldBefore(chunk.index); found; found = oldBefore(chunk.index)) {
        yield found;
        old = await older!.next();
      }
      if (old && !old.done && old.value.index === chunk.index) old = await older!.next();
      if (chunk.coding !== "zeros") yield { index: chunk.index, hash: chunk.hash, bytes: () => archive.bytes(chunk) };
    }
    for (let found = oldBefore(count); found; found = oldBefore(count)) {
      yield found;
      old = await older!.next();
    }
  }

  /** Reads everything. Throws a VolumeError that names what is damaged, and where. */
  async verify(step: (name: string) => void = () => {}): Promise<void> {
    for (const [link, archive] of this.#links.entries()) {
      const name = this.#names[link]!;
      for await (const chunk of archive.chunks(null)) {
        step(name);
        await archive.bytes(chunk);
      }
      for (const [number, part] of archive.header.parts.entries()) {
        const digest = new PartDigest(this.#host, part);
        for await (const { index, hash } of this.#contentOf(part, link)) await digest.add(index, hash);
        if ((await digest.value()) !== archive.end.parts[number])
          throw damaged(name, `${part.kind} ${part.name} is not what it was`);
      }
    }
  }
}

const indexOf = ({ header }: Archive, { name, kind }: Pick<PartHeader, "name" | "kind">): number =>
  header.parts.findIndex((part) => part.name === name && part.kind === kind);
