/** What an archive is made of (docs/formats/backup.md): a header, chunks of its parts, and an end that counts them. */
import { assert } from "../diagnostic/invariant.ts";
import { FRAME_BYTES, framed, unframed } from "../volume/frame.ts";
import { fromHex, toHex } from "../volume/layout.ts";
import { VolumeError } from "../volume/model.ts";

const FORMAT = 1;
/** The first version of QuRe that reads this format: what an earlier one says that is to restore it. */
const NEEDS = "0.3.0";
export const CHUNK_BYTES = 65_536;
const MAGIC = { header: "QBKH", chunk: "QBKC", end: "QBKE" } as const;
const HASH_BYTES = 32;
const HASH_AT = 13;
/** Of a chunk, before its bytes: part, place, coding, hash. */
export const CHUNK_HEAD_BYTES = HASH_AT + HASH_BYTES;
/** No header is longer: it is read before anything is known of the file. */
const MOST_HEADER_BYTES = 4 << 20;
const MOST_PARTS = 1024;
const MOST_NAME = 200;

const KINDS = ["node", "disk", "volume"] as const;

/** How the bytes of a chunk are kept: as they are, deflated (RFC 1951), as an earlier chunk, or not: they are zeros. */
const CODINGS = ["plain", "deflated", "same", "zeros"] as const;
export type Coding = (typeof CODINGS)[number];

/** What is known of a part. Nothing but its size is needed to restore it. */
export interface PartHeader {
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
  readonly sizeBytes: number;
  /** Of the kernel on it; null: there is none that is known here. */
  readonly revision: number | null;
  /** Who it was, by its own file system. */
  readonly node: { readonly id: string; readonly era: number; readonly age: number } | null;
  /** Of a node: the file that configures its machine. */
  readonly machine: string | null;
}

export interface BackupHeader {
  readonly format: number;
  /** The first version that reads it. */
  readonly needs: string;
  readonly writer: string;
  /** Seconds since 1970. */
  readonly madeSeconds: number;
  /** The archive from which it differs; null: it is whole. */
  readonly since: { readonly name: string; readonly id: string } | null;
  readonly parts: readonly PartHeader[];
}

export interface ChunkHead {
  readonly part: number;
  readonly index: number;
  readonly coding: Coding;
  /** SHA-256 of its bytes, in hexadecimal; zeros of what is zeros. */
  readonly hash: string;
}

export interface BackupEnd {
  readonly chunks: number;
  /** SHA-256 of the header. */
  readonly header: string;
  /** Of each part, the digest of all that it has. */
  readonly parts: readonly string[];
}

/** What a host does better. */
export interface BackupHost {
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  deflate(bytes: Uint8Array): Uint8Array;
  /** Throws for what is not as many bytes when it is inflated. */
  inflate(bytes: Uint8Array, sizeBytes: number): Uint8Array;
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export const NO_HASH = "0".repeat(2 * HASH_BYTES);

export const damaged = (what: string, why: string): VolumeError =>
  new VolumeError("damaged", `${what} is damaged: ${why}`);

export const chunksOf = (sizeBytes: number): number => Math.ceil(sizeBytes / CHUNK_BYTES);

export const chunkBytes = (sizeBytes: number, index: number): number =>
  Math.min(CHUNK_BYTES, sizeBytes - index * CHUNK_BYTES);

export function headerFrame(header: Omit<BackupHeader, "format" | "needs">): Uint8Array {
  assert(header.parts.length > 0 && header.parts.length <= MOST_PARTS, "an archive has parts");
  return framed(MAGIC.header, FORMAT, encode({ format: FORMAT, needs: NEEDS, ...header }));
}

export function chunkFrame({ part, index, coding, hash }: ChunkHead, bytes: Uint8Array): Uint8Array {
  const body = new Uint8Array(CHUNK_HEAD_BYTES + bytes.length);
  const view = new DataView(body.buffer);
  view.setUint32(0, part, true);
  view.setBigUint64(4, BigInt(index), true);
  body[12] = CODINGS.indexOf(coding);
  body.set(fromHex(hash), HASH_AT);
  body.set(bytes, CHUNK_HEAD_BYTES);
  return framed(MAGIC.chunk, FORMAT, body);
}

export const endFrame = (end: BackupEnd): Uint8Array => framed(MAGIC.end, FORMAT, encode(end));

/** What a frame's first bytes say: what it is, and how long. Throws a VolumeError for what can be none. */
export function frameHead(what: string, bytes: Uint8Array, isFirst: boolean): { isEnd: boolean; bodyBytes: number } {
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (isFirst && magic !== MAGIC.header)
    throw new VolumeError("invalid", `${what} is no archive of a backup: it does not begin with ${MAGIC.header}`);
  if (bytes.length < FRAME_BYTES) throw damaged(what, "it ends within a record: it was cut off");
  if (!isFirst && magic !== MAGIC.chunk && magic !== MAGIC.end)
    throw damaged(what, `it has a record of kind ${JSON.stringify(magic)}`);
  const bodyBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  const most = magic === MAGIC.chunk ? CHUNK_HEAD_BYTES + CHUNK_BYTES : MOST_HEADER_BYTES;
  if (bodyBytes > most) throw damaged(what, "a record is longer than any can be");
  return { isEnd: magic === MAGIC.end, bodyBytes };
}

/** Throws a VolumeError that says which QuRe it takes, for a newer format. */
export function readHeader(what: string, bytes: Uint8Array): { header: BackupHeader; body: Uint8Array } {
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  const body = unframed(what, MAGIC.header, version, bytes);
  const header = parsed(what, body) as BackupHeader;
  if (header.format !== version || !isText(header.needs) || !isText(header.writer))
    throw damaged(what, "its header does not say of which format it is");
  if (version > FORMAT)
    throw new VolumeError(
      "newer",
      `${what} is of format ${version}, written by qure ${header.writer}: qure ${header.needs} or later reads it`,
    );
  const { parts, since, madeSeconds } = header;
  const isWhole =
    isCount(madeSeconds) &&
    (since === null || (isFileName(since?.name) && isHash(since.id))) &&
    Array.isArray(parts) &&
    parts.length > 0 &&
    parts.length <= MOST_PARTS &&
    parts.every(isPart) &&
    new Set(parts.map(({ kind, name }) => `${kind} ${name}`)).size === parts.length;
  if (!isWhole) throw damaged(what, "its header lacks a field");
  return { header, body };
}

export function readChunkHead(what: string, bytes: Uint8Array): ChunkHead {
  if (bytes.length < CHUNK_HEAD_BYTES) throw damaged(what, "it ends within a chunk: it was cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const coding = CODINGS[bytes[12]!];
  if (coding === undefined) throw damaged(what, `a chunk has the coding ${bytes[12]}`);
  return {
    part: view.getUint32(0, true),
    index: Number(view.getBigUint64(4, true)),
    coding,
    hash: toHex(bytes.subarray(HASH_AT, CHUNK_HEAD_BYTES)),
  };
}

/** The body of a whole chunk or end. */
export function bodyOf(what: string, bytes: Uint8Array, isEnd: boolean): Uint8Array {
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  if (version !== FORMAT) throw damaged(what, `a record is of format ${version}, and the header of ${FORMAT}`);
  return unframed(what, isEnd ? MAGIC.end : MAGIC.chunk, FORMAT, bytes);
}

export function readEnd(what: string, body: Uint8Array, parts: number): BackupEnd {
  const end = parsed(what, body) as BackupEnd;
  const isWhole = isCount(end.chunks) && isHash(end.header) && Array.isArray(end.parts) && end.parts.length === parts;
  if (!isWhole || !end.parts.every(isHash)) throw damaged(what, "its end lacks a field");
  return end;
}

function parsed(what: string, body: Uint8Array): object {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as unknown;
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below.
  }
  throw damaged(what, "a record is not JSON");
}

/** What is printed: nothing in it moves a terminal's cursor. */
const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= MOST_NAME && !/\p{C}/u.test(value);
/** Never a path: it leads nowhere else. */
const isFileName = (value: unknown): boolean => isText(value) && !/[/\\]|^\.\.?$/.test(value);
const isHash = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isPart(value: unknown): value is PartHeader {
  const { name, kind, sizeBytes, revision, node, machine } = (value ?? {}) as PartHeader;
  const isKnown = node === null || (/^[0-9a-f]{16}$/.test(node?.id) && isCount(node.era) && isCount(node.age));
  return (
    isFileName(name) &&
    KINDS.includes(kind) &&
    isCount(sizeBytes) &&
    sizeBytes > 0 &&
    (revision === null || isCount(revision)) &&
    isKnown &&
    (machine === null || typeof machine === "string")
  );
}

/** A digest of a part that grows by a chunk at a time, in order of their places; zeros do not count. */
export class PartDigest {
  readonly #host: BackupHost;
  #hash: Promise<Uint8Array>;

  constructor(host: BackupHost, { name, kind, sizeBytes }: PartHeader) {
    this.#host = host;
    this.#hash = host.sha256(encode([kind, name, sizeBytes]));
  }

  async add(index: number, hash: string): Promise<void> {
    const bytes = new Uint8Array(2 * HASH_BYTES + 8);
    bytes.set(await this.#hash);
    new DataView(bytes.buffer).setBigUint64(HASH_BYTES, BigInt(index), true);
    bytes.set(fromHex(hash), HASH_BYTES + 8);
    this.#hash = this.#host.sha256(bytes);
  }

  async value(): Promise<string> {
    return toHex(await this.#hash);
  }
}
