/**
 * A bucket that speaks S3 as a store of volumes. Swaps are PUTs on a condition, in the form that this server was found
 * to honour (probe.ts); a write is a swap of the whole object, tried again over what another write left.
 */
import { assert } from "../../diagnostic/invariant.ts";
import { Patience, type PatienceHost } from "../patience.ts";
import {
  type Range,
  REFUSED,
  type Store,
  type Stored,
  StoreError,
  type Swapped,
  UNKNOWN,
  type WriteOptions,
} from "../store.ts";
import { mergeInto, type WholeStore } from "../whole.ts";
import { type Answer, S3Client, type S3ClientHost, type S3Request, type Silence } from "./client.ts";
import type { S3Keys, S3Place } from "./place.ts";
import { type Probed, type ProbeMemory, probe, type TagForm } from "./probe.ts";
import { type Element, parseXml, textAt } from "./xml.ts";

export interface S3Host extends PatienceHost, S3ClientHost {}

export interface S3Options {
  readonly patienceMs?: number;
  /** How long one request may be without an answer, beside the time for its bytes. */
  readonly answerMs?: number;
  readonly memory?: ProbeMemory;
}

const PATIENCE_MS = 60_000;
const ANSWER_MS = 15_000;
const NOTHING = new Uint8Array();

/**
 * Opens a bucket, and finds out what it can do unless `memory` knows. What cannot swap is opened for reading only.
 * Throws a `StoreError`.
 */
export async function openS3Store(
  place: S3Place,
  keys: S3Keys,
  host: S3Host,
  { patienceMs = PATIENCE_MS, answerMs = ANSWER_MS, memory }: S3Options = {},
): Promise<S3Store> {
  const client = new S3Client(place, keys, host, answerMs);
  const store = new S3Store(client, new Patience(client.name, host, patienceMs));
  const known = (await memory?.recall()) ?? null;
  const found = known ?? (await probe(store, host));
  if (known === null) await memory?.keep(found);
  store.settle(found);
  return store;
}

export class S3Store implements Store, WholeStore {
  readonly #client: S3Client;
  readonly #patience: Patience;
  #readOnly: string | null = null;
  #tagForm: TagForm = "quoted";
  #isTagSaid = false;

  constructor(client: S3Client, patience: Patience) {
    this.#client = client;
    this.#patience = patience;
  }

  get place(): string {
    return this.#client.name;
  }

  get readOnly(): string | null {
    return this.#readOnly;
  }

  /** Sets what is known of the server. */
  settle({ readOnly, tagForm, isTagSaid }: Probed): void {
    this.#readOnly = readOnly;
    this.#tagForm = tagForm;
    this.#isTagSaid = isTagSaid;
  }

  async read(key: string, range?: Range): Promise<Stored | null> {
    if (range?.lengthBytes === 0) return this.#head(key);
    const wanted = range && `bytes=${range.atBytes}-${range.atBytes + range.lengthBytes - 1}`;
    const headers: Record<string, string> = wanted === undefined ? {} : { Range: wanted };
    return this.#patience.until(async () => {
      const answer = await this.#ask({ method: "GET", key, headers });
      if ("again" in answer) return answer;
      if (answer.status === 404) return { result: null };
      if (answer.status === 416) return { result: await this.#head(key) };
      if (answer.status !== 200 && answer.status !== 206) throw this.#odd("read", key, answer);
      const stored = cutOut(answer, range);
      return stored === null
        ? { again: `it answers with other bytes of ${key} than were asked for` }
        : { result: stored };
    });
  }

  /** All of an object, or `same` when it still has this tag. */
  async readUnless(key: string, tag: string): Promise<Stored | "same" | null> {
    return this.#patience.until<Stored | "same" | null>(async () => {
      const answer = await this.#ask({ method: "GET", key, headers: { "If-None-Match": tag } });
      if ("again" in answer) return answer;
      if (answer.status === 304) return { result: "same" };
      if (answer.status === 404) return { result: null };
      if (answer.status !== 200) throw this.#odd("read", key, answer);
      return { result: cutOut(answer, undefined) };
    });
  }

  async write(key: string, atBytes: number, bytes: Uint8Array, _options: WriteOptions): Promise<void> {
    if (bytes.length === 0) return;
    await mergeInto(this, key, [{ atBytes, bytes }]);
  }

  async swap(key: string, bytes: Uint8Array, tag: string | null): Promise<Swapped> {
    if (this.#readOnly !== null) throw new StoreError("refused", `${this.place} is read-only: ${this.#readOnly}`);
    const swapped = await this.swapIn(key, bytes, tag, this.#tagForm);
    return this.#isTagSaid ? swapped : { ...swapped, tag: null };
  }

  /** A swap with the tag in this form. */
  async swapIn(key: string, bytes: Uint8Array, tag: string | null, form: TagForm): Promise<Swapped> {
    const condition = tag === null ? { "If-None-Match": "*" } : { "If-Match": form === "quoted" ? tag : bare(tag) };
    assert(bytes.length > 0, "what is swapped has bytes");
    return this.#patience.until<Swapped>(async () => {
      const answer = await this.#client.send({ method: "PUT", key, body: bytes, headers: condition });
      if ("lost" in answer) {
        if (!answer.isSent) return { again: answer.lost };
        return { result: UNKNOWN };
      }
      if (answer.status === 200 || answer.status === 201 || answer.status === 204)
        return { result: { outcome: "done", tag: answer.headers.get("ETag") } };
      // Another request for the key was under way, and neither is known to have won.
      if (answer.status === 409) return { again: said(answer) };
      if (answer.status === 412 || (answer.status === 404 && tag !== null)) return { result: REFUSED };
      if (answer.status >= 500 || isFleeting(answer)) return { result: UNKNOWN };
      throw this.#odd("write", key, answer);
    });
  }

  async list(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    const seen = new Set<string>();
    for (let token: string | null = null; ; ) {
      const page = await this.#listPage(prefix, token);
      keys.push(...page.keys);
      if (page.next === null) break;
      if (seen.has(page.next)) throw new StoreError("damaged", `${this.place} lists ${prefix} without an end`);
      seen.add((token = page.next));
    }
    return keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  async remove(key: string): Promise<void> {
    await this.#patience.until(async () => {
      const answer = await this.#ask({ method: "DELETE", key });
      if ("again" in answer) return answer;
      if (answer.status === 409) return { again: said(answer) };
      if (answer.status >= 300 && answer.status !== 404) throw this.#odd("remove", key, answer);
      return { result: null };
    });
  }

  /** An answer that says something about what was asked. */
  async #ask(request: S3Request): Promise<Answer | { readonly again: string }> {
    const answer = await this.#client.send(request);
    return "lost" in answer || isFleeting(answer) ? { again: said(answer) } : answer;
  }

  async #head(key: string): Promise<Stored | null> {
    return this.#patience.until(async () => {
      const answer = await this.#ask({ method: "HEAD", key });
      if ("again" in answer) return answer;
      if (answer.status === 404) return { result: null };
      if (answer.status !== 200) throw this.#odd("read", key, answer);
      const sizeBytes = Number(answer.headers.get("Content-Length"));
      return { result: { bytes: NOTHING, tag: answer.headers.get("ETag") ?? "", sizeBytes } };
    });
  }

  async #listPage(prefix: string, token: string | null): Promise<{ keys: string[]; next: string | null }> {
    const root = this.#client.prefix;
    const next: Record<string, string> = token === null ? {} : { "continuation-token": token };
    return this.#patience.until(async () => {
      const query = { "list-type": "2", prefix: `${root}${prefix}`, ...next };
      const answer = await this.#ask({ method: "GET", key: null, query });
      if ("again" in answer) return answer;
      if (answer.status !== 200) throw this.#odd("list", prefix, answer);
      const page = pageOf(parseXml(new TextDecoder().decode(answer.bytes)), root, prefix);
      return page === null ? { again: `its list of ${prefix} is not whole` } : { result: page };
    });
  }

  #odd(verb: string, key: string, answer: Answer): StoreError {
    return new StoreError("refused", `${this.place}: cannot ${verb} ${key}: ${said(answer)}`);
  }
}

/** What says nothing about the object, and may be asked again. */
function isFleeting({ status, code }: Answer): boolean {
  return status >= 500 || status === 408 || status === 429 || code === "RequestTimeout" || code === "SlowDown";
}

function said(answer: Answer | Silence): string {
  return "lost" in answer ? answer.lost : `${answer.status} ${answer.code}`.trim();
}

function bare(tag: string): string {
  return tag.replace(/^"(.*)"$/, "$1");
}

/** The bytes that were asked for out of an answer; null when it has others. */
function cutOut({ status, headers, bytes }: Answer, range: Range | undefined): Stored | null {
  const tag = headers.get("ETag") ?? "";
  if (status === 200) {
    const cut = range ? bytes.subarray(range.atBytes, range.atBytes + range.lengthBytes) : bytes;
    return { bytes: cut, tag, sizeBytes: bytes.length };
  }
  const [, first = "", last = "", size = ""] =
    /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("Content-Range") ?? "") ?? [];
  if (range === undefined || first === "" || Number(first) !== range.atBytes) return null;
  const end = Math.min(range.atBytes + range.lengthBytes, Number(size));
  if (Number(last) + 1 !== end || bytes.length !== end - range.atBytes) return null;
  return { bytes, tag, sizeBytes: Number(size) };
}

/** Keys of a page of a listing, and the token of the next one; null when the page is not whole. */
function pageOf(root: Element | null, own: string, prefix: string): { keys: string[]; next: string | null } | null {
  if (root?.name !== "ListBucketResult") return null;
  const names = root.children.filter(({ name }) => name === "Contents").map((item) => textAt(item, "Key"));
  const count = textAt(root, "KeyCount");
  const isTruncated = textAt(root, "IsTruncated");
  const next = textAt(root, "NextContinuationToken");
  if (isTruncated === null || (isTruncated === "true" && (next ?? "") === "")) return null;
  if (count !== null && Number(count) !== names.length) return null;
  if (names.some((name) => name === null || !name.startsWith(`${own}${prefix}`))) return null;
  return { keys: names.map((name) => name!.slice(own.length)), next: isTruncated === "true" ? next : null };
}
