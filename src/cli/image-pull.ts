/**
 * Gets the kernel that a node runs (`/kernel/running`, docs/formats/kernel-image.md) or has in a slot
 * (`/kernel/REVISION`, docs/protocols/upgrade.md), proves it, and writes it: what `qure image pull` does. A node serves
 * few downloads at a time, and ends a slow one when somebody else asks: so this waits, and goes on where it was.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { writeFileAside } from "../host/files.ts";
import { ImageError, KERNEL_HEADER_BYTES, type KernelHeader, readKernelHeader } from "../image/kernel-image.ts";
import { asBuilt, servedBy, servedPatches } from "../image/served-copy.ts";
import { CommandError, UsageError } from "./fail.ts";

const MOST_BYTES = 64 << 20;
const SILENT_MS = 20_000;
const PATIENCE_MS = 60_000;

export interface PullOptions {
  /** A node: its name or address, with a port where it is not 80. */
  readonly from: string;
  readonly file: string;
  /** Of the kernel that is wanted, from whichever slot; that which runs when absent. */
  readonly revision?: number;
  /** What `qure build` says of its images; the kernel must be this build's. */
  readonly manifest?: string;
  /** How long this goes on without another byte; a minute when absent. */
  readonly patienceMs?: number;
}

/** What came of one request. */
interface Part {
  readonly status: number;
  readonly retryMs: number;
  readonly tag: string | undefined;
  /** Of the whole image; -1 where the answer does not say. */
  readonly totalBytes: number;
  readonly bytes: Uint8Array;
}

/** Throws `CommandError`; then nothing was written. Comes back with what there is to say, in lines. */
export async function pullImage(options: PullOptions): Promise<string> {
  const url = nodeUrl(options.from, options.revision);
  const expected = options.manifest === undefined ? null : expectedHash(options.manifest);
  const bytes = await download(url, options);
  const fail = (what: string): CommandError => new CommandError(`${options.from}: ${what}; nothing was written`);
  try {
    const header = readKernelHeader(bytes);
    if (header.sizeBytes !== bytes.length)
      throw fail(`the kernel image has ${header.sizeBytes} bytes by its header, and ${bytes.length} came`);
    if (header.checksum !== header.checksumFound)
      throw fail(
        `the kernel image is damaged: checksum ${hex(header.checksumFound)}, its header says ${hex(header.checksum)}`,
      );
    if (options.revision !== undefined && header.revision !== options.revision)
      throw fail(`the kernel image is of revision ${header.revision}`);
    const hash = createHash("sha256").update(asBuilt(bytes)).digest("hex");
    if (expected !== null && hash !== expected)
      throw fail(`it has another kernel than ${options.manifest} tells of: SHA-256 ${hash}, expected ${expected}`);
    const text = describe(bytes, header, hash, options.revision !== undefined);
    writeFileAside(options.file, bytes);
    return text;
  } catch (error) {
    if (error instanceof ImageError) throw fail(error.message);
    throw error;
  }
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");

function describe(bytes: Uint8Array, { label, revision }: KernelHeader, hash: string, isAsBuilt: boolean): string {
  const first = [`${label}, revision ${revision}, ${bytes.length} bytes`, `as built: SHA-256 ${hash}`];
  if (isAsBuilt) return first.join("\n");
  const { address, cluster } = servedBy(bytes);
  const patches = servedPatches(bytes).map(
    ({ name, offset, sizeBytes }) => `  ${name}: ${sizeBytes} bytes at ${offset}`,
  );
  return [...first, `served by ${address ?? "nobody"} of the cluster ${cluster}; patched:`, ...patches].join("\n");
}

function nodeUrl(from: string, revision: number | undefined): string {
  const match = /^([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(from);
  if (!match || Number(match[2] ?? 80) > 65535 || Number(match[2] ?? 80) === 0)
    throw new UsageError(`expected a node's name or address, with :PORT where it is not 80, found "${from}"`);
  return `http://${from}/kernel/${revision ?? "running"}`;
}

function expectedHash(path: string): string {
  const problem = `${path}: no manifest of "qure build" that tells of its kernel's SHA-256`;
  const text = readFileSync(path, "utf8");
  let found: unknown;
  try {
    found = (JSON.parse(text) as { kernelSha256?: unknown } | null)?.kernelSha256;
  } catch {
    throw new CommandError(problem);
  }
  if (typeof found === "string" && /^[0-9a-f]{64}$/.test(found)) return found;
  throw new CommandError(problem);
}

/** All bytes of one image, in as many requests as it takes. */
async function download(url: string, { from, revision, patienceMs = PATIENCE_MS }: PullOptions): Promise<Uint8Array> {
  let tag: string | undefined;
  let pieces: Uint8Array[] = [];
  let count = 0;
  let untilMs = Date.now() + patienceMs;
  for (;;) {
    const part = await request(url, from, tag !== undefined && count > 0 ? { tag, count } : null);
    if (part.status === 503) {
      if (Date.now() + part.retryMs > untilMs)
        throw new CommandError(`${from}: serves others, and has not served this one for ${patienceMs / 1000} s`);
      await new Promise((done) => setTimeout(done, part.retryMs));
      continue;
    }
    if (part.status === 404 && revision !== undefined)
      throw new CommandError(`${from}: has no kernel of revision ${revision} (404)`);
    if (part.status === 404)
      throw new CommandError(`${from}: does not serve the kernel that it runs (404): "netboot on" there does`);
    if (part.status !== 200 && part.status !== 206) throw new CommandError(`${from}: answers with ${part.status}`);
    if (part.totalBytes < KERNEL_HEADER_BYTES || part.totalBytes > MOST_BYTES)
      throw new CommandError(`${from}: announces ${part.totalBytes} bytes, which no kernel image has`);
    if (part.status === 200 || part.tag !== tag) [pieces, count] = [[], 0];
    if (part.status === 206 && count === 0) throw new CommandError(`${from}: sends another part than it was asked for`);
    tag = part.tag;
    pieces.push(part.bytes);
    count += part.bytes.length;
    if (count === part.totalBytes) return Buffer.concat(pieces);
    if (count > part.totalBytes) throw new CommandError(`${from}: sends more bytes than it announces`);
    if (part.bytes.length > 0) untilMs = Date.now() + patienceMs;
    if (Date.now() > untilMs)
      throw new CommandError(`${from}: the answer ends after ${count} of ${part.totalBytes} bytes`);
  }
}

function request(url: string, from: string, after: { tag: string; count: number } | null): Promise<Part> {
  const headers = after === null ? {} : { Range: `bytes=${after.count}-`, "If-Range": after.tag };
  return new Promise((resolve, reject) => {
    const asked = get(url, { headers, agent: false }, (answer) => {
      const pieces: Uint8Array[] = [];
      let count = 0;
      const end = (): void => resolve(partOf(answer, Buffer.concat(pieces)));
      answer.on("data", (piece: Uint8Array) => {
        pieces.push(piece);
        count += piece.length;
        if (count > MOST_BYTES) answer.destroy();
      });
      answer.on("end", end);
      // Cut off: what has come is good, and the rest is asked for.
      answer.on("error", end);
    });
    asked.setTimeout(SILENT_MS, () => asked.destroy(new Error(`is silent for ${SILENT_MS / 1000} s`)));
    asked.on("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === undefined ? new CommandError(`${from}: ${error.message}`) : error),
    );
  });
}

function partOf(answer: IncomingMessage, bytes: Uint8Array): Part {
  const { headers, statusCode: status = 0 } = answer;
  const range = /^bytes \d+-\d+\/(\d+)$/.exec(headers["content-range"] ?? "")?.[1];
  return {
    status,
    retryMs: Math.min(30, Number(/^\d+$/.exec(headers["retry-after"] ?? "")?.[0] ?? 1)) * 1000,
    tag: headers.etag,
    totalBytes: Number((status === 206 ? range : headers["content-length"]) ?? -1),
    bytes,
  };
}
