/** Writes an archive: of each part what is not zeros or, on top of an earlier one, what differs from that. */
import { assert } from "../diagnostic/invariant.ts";
import { FRAME_BYTES } from "../volume/frame.ts";
import { isZero, toHex } from "../volume/layout.ts";
import {
  type BackupHeader,
  type BackupHost,
  type Coding,
  chunkFrame,
  chunksOf,
  endFrame,
  headerFrame,
  NO_HASH,
  PartDigest,
  type PartHeader,
} from "./format.ts";
import type { Backup, FoundChunk } from "./read.ts";

/** Hashes of chunks that are known to be in the archive: some 8 MB. */
const MOST_KNOWN = 65_536;

export interface PieceOfPart {
  readonly index: number;
  readonly bytes: Uint8Array;
}

export interface Part {
  readonly header: PartHeader;
  /** Chunks in order; what is left out is zeros. */
  chunks(): AsyncIterable<PieceOfPart>;
}

class Writer {
  readonly #host: BackupHost;
  readonly #known = new Map<string, number>();
  atBytes = 0;
  chunks = 0;

  constructor(host: BackupHost) {
    this.#host = host;
  }

  counted(frame: Uint8Array): Uint8Array {
    this.atBytes += frame.length;
    return frame;
  }

  zeros(part: number, index: number): Uint8Array {
    this.chunks++;
    return this.counted(chunkFrame({ part, index, coding: "zeros", hash: NO_HASH }, new Uint8Array()));
  }

  chunk(part: number, { index, bytes }: PieceOfPart, hash: string): Uint8Array {
    this.chunks++;
    const known = this.#known.get(hash);
    if (known !== undefined) {
      const place = new Uint8Array(8);
      new DataView(place.buffer).setBigUint64(0, BigInt(known), true);
      return this.counted(chunkFrame({ part, index, coding: "same", hash }, place));
    }
    if (this.#known.size < MOST_KNOWN) this.#known.set(hash, this.atBytes);
    const deflated = this.#host.deflate(bytes);
    const coding: Coding = deflated.length < bytes.length ? "deflated" : "plain";
    return this.counted(chunkFrame({ part, index, coding, hash }, coding === "plain" ? bytes : deflated));
  }
}

/** With `base`: what differs from it. The earlier archive has been opened, and need not be read but for its hashes. */
export async function* writeBackup(
  host: BackupHost,
  header: Pick<BackupHeader, "writer" | "madeSeconds" | "since">,
  parts: readonly Part[],
  base: Backup | null,
): AsyncGenerator<Uint8Array> {
  assert((base === null) === (header.since === null), "what differs names from what");
  const writer = new Writer(host);
  const first = headerFrame({ ...header, parts: parts.map((part) => part.header) });
  yield writer.counted(first);
  const digests: string[] = [];
  for (const [number, part] of parts.entries()) {
    const digest = new PartDigest(host, part.header);
    yield* changesOf({ host, writer, digest, number }, part, base);
    digests.push(await digest.value());
  }
  const headerHash = toHex(await host.sha256(first.subarray(FRAME_BYTES)));
  yield endFrame({ chunks: writer.chunks, header: headerHash, parts: digests });
}

interface Place {
  readonly host: BackupHost;
  readonly writer: Writer;
  readonly digest: PartDigest;
  readonly number: number;
}

async function* changesOf(
  { host, writer, digest, number }: Place,
  { header, chunks }: Part,
  base: Backup | null,
): AsyncGenerator<Uint8Array> {
  const count = chunksOf(header.sizeBytes);
  const isThere = base?.header.parts.some(({ name, kind }) => name === header.name && kind === header.kind);
  const before = isThere ? base!.contentOf(header) : null;
  let old = await before?.next();
  const oldBefore = (index: number): FoundChunk | null =>
    old && !old.done && old.value.index < Math.min(index, count) ? old.value : null;
  let last = -1;
  for await (const { index, bytes } of chunks()) {
    assert(index > last && index < count, "chunks of a part come in order");
    last = index;
    if (isZero(bytes)) continue;
    for (let gone = oldBefore(index); gone; gone = oldBefore(index)) {
      yield writer.zeros(number, gone.index);
      old = await before!.next();
    }
    const hash = toHex(await host.sha256(bytes));
    await digest.add(index, hash);
    const was = old && !old.done && old.value.index === index ? old.value.hash : null;
    if (was !== null) old = await before!.next();
    if (was !== hash) yield writer.chunk(number, { index, bytes }, hash);
  }
  for (let gone = oldBefore(count); gone; gone = oldBefore(count)) {
    yield writer.zeros(number, gone.index);
    old = await before!.next();
  }
}
