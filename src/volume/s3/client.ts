/**
 * One signed request to S3 and what its answer means. Whoever calls decides what is tried again: here is only mended
 * what says nothing about the object, a clock that differs (RequestTimeTooSkewed) and a bucket that is elsewhere
 * (redirects).
 */
import { AwsClient } from "aws4fetch";
import { assert } from "../../diagnostic/invariant.ts";
import { StoreError } from "../store.ts";
import type { S3Keys, S3Place } from "./place.ts";
import { nameOfPlace } from "./place.ts";
import { parseXml, textAt } from "./xml.ts";

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** In the bucket; null is the bucket itself. */
  readonly key: string | null;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** S3's code of an error, `NoSuchKey`; empty if there is none. */
  readonly code: string;
}

/** No answer came, or none that counts. `isSent` is false when the request cannot have been taken. */
export interface Silence {
  readonly lost: string;
  readonly isSent: boolean;
}

export interface S3ClientHost {
  nowMs(): number;
  fetch(request: Request): Promise<Response>;
}

const MOST_AT_ONCE = 16;
/** Reads never wait behind a full house of writes. */
const MOST_WRITES_AT_ONCE = 12;
const SLOWEST_BYTES_PER_MS = 100;
/** Of an answer: the longest is a collector's list of some millions of keys. */
const MOST_BYTES = 512 << 20;
const TOO_LONG = "its answer is longer than any can be";
/** As servers write them: nothing that a terminal would obey. */
const CODE = /^[A-Za-z0-9._-]{1,64}$/;
/** A clock and a few redirects. */
const MOST_MENDS = 4;

/** Codes that mean the keys or what they allow. */
const DENIED: ReadonlySet<string> = new Set([
  "AccessDenied",
  "AccountProblem",
  "AllAccessDisabled",
  "ExpiredToken",
  "InvalidAccessKeyId",
  "InvalidToken",
  "SignatureDoesNotMatch",
  "UserSuspended",
]);

/** Lets so many pass at once; the others wait in line. */
class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/** Ends a request that takes too long for what is on the way. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #answerMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(answerMs: number) {
    this.#answerMs = answerMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on, time for an answer and for so many bytes. */
  allow(sizeBytes: number): void {
    assert(sizeBytes >= 0, "a length is not negative");
    clearTimeout(this.#timer);
    const dueMs = this.#answerMs + sizeBytes / SLOWEST_BYTES_PER_MS;
    this.#timer = setTimeout(() => this.#controller.abort(new DOMException("too late", "TimeoutError")), dueMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

export class S3Client {
  readonly name: string;
  readonly #place: S3Place;
  readonly #keys: S3Keys;
  readonly #host: S3ClientHost;
  /** When an answer is due, beside the time for its bytes. */
  readonly #answerMs: number;
  readonly #all = new Gate(MOST_AT_ONCE);
  readonly #writes = new Gate(MOST_WRITES_AT_ONCE);
  #signer: AwsClient;
  #endpoint: string;
  /** What the server's clock is ahead of ours. */
  #aheadMs = 0;

  get prefix(): string {
    return this.#place.prefix;
  }

  constructor(place: S3Place, keys: S3Keys, host: S3ClientHost, answerMs: number) {
    assert(answerMs > 0, "an answer takes time");
    this.#answerMs = answerMs;
    this.name = nameOfPlace(place);
    this.#place = place;
    this.#keys = keys;
    this.#host = host;
    this.#endpoint = place.endpoint;
    this.#signer = this.#signerFor(place.region);
  }

  /** Throws a `StoreError` when the server says no to whoever asks, whatever is asked for. */
  async send(request: S3Request): Promise<Answer | Silence> {
    const isWrite = request.method === "PUT" || request.method === "DELETE";
    const work = (): Promise<Answer | Silence> => this.#all.pass(() => this.#sendMended(request));
    return isWrite ? this.#writes.pass(work) : work();
  }

  async #sendMended(request: S3Request): Promise<Answer | Silence> {
    for (let mends = 0; ; mends++) {
      const answer = await this.#sendOnce(request);
      if ("lost" in answer) return answer;
      if (mends < MOST_MENDS && (this.#mendClock(answer) || this.#followRedirect(answer))) continue;
      this.#refuse(answer);
      return answer;
    }
  }

  async #sendOnce({ method, key, query = {}, headers = {}, body }: S3Request): Promise<Answer | Silence> {
    assert(key === null || /^[A-Za-z0-9._/-]+$/.test(key), "a key needs no escapes");
    const path = key === null ? "" : `/${this.#place.prefix}${key}`;
    const url = new URL(`${this.#endpoint}/${this.#place.bucket}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const deadline = new Deadline(this.#answerMs);
    const signed = await this.#signer.sign(url.toString(), {
      method,
      headers: { ...headers, ...(await this.#bodyHash(body)) },
      aws: { datetime: new Date(this.#host.nowMs() + this.#aheadMs).toISOString().replace(/[:-]|\.\d{3}/g, "") },
      redirect: "manual",
      signal: deadline.signal,
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
    });
    // Not signed, for proxies rewrite it: nobody between may compress what has a tag.
    signed.headers.set("Accept-Encoding", "identity");
    deadline.allow(body?.length ?? 0);
    try {
      return await this.#receive(signed, deadline);
    } finally {
      deadline.end();
    }
  }

  async #receive(signed: Request, deadline: Deadline): Promise<Answer | Silence> {
    let response: Response;
    try {
      response = await this.#host.fetch(signed);
    } catch (error) {
      return { lost: reasonOf(error), isSent: !isNeverSent(error) };
    }
    const { status, headers } = response;
    const length = headers.get("Content-Length");
    deadline.allow(Math.min(Number(length ?? 0) || 0, MOST_BYTES));
    try {
      const bytes = await contentOf(response);
      if (signed.method === "GET" && length !== null && Number(length) !== bytes.length)
        return { lost: `the answer ended after ${bytes.length} of ${length} bytes`, isSent: true };
      const code = status < 300 ? "" : codeOf(bytes);
      return { status, headers, bytes, code };
    } catch (error) {
      // What was done is in the status: the body of an answer to PUT has nothing more.
      if (signed.method === "PUT" && status < 300) return { status, headers, bytes: new Uint8Array(), code: "" };
      return { lost: reasonOf(error), isSent: true };
    }
  }

  /** Without TLS, a byte that is flipped on the way would be stored: the hash is signed along. */
  async #bodyHash(body: Uint8Array | undefined): Promise<Record<string, string>> {
    if (body === undefined || this.#endpoint.startsWith("https:")) return {};
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body as Uint8Array<ArrayBuffer>));
    const digits = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return { "X-Amz-Content-Sha256": digits };
  }

  #signerFor(region: string): AwsClient {
    // What is tried again is decided elsewhere.
    return new AwsClient({ ...this.#keys, service: "s3", region, retries: 0 });
  }

  /** Takes the server's time when it says that ours is wrong. */
  #mendClock({ code, headers }: Answer): boolean {
    if (code !== "RequestTimeTooSkewed") return false;
    const serverMs = Date.parse(headers.get("Date") ?? "");
    if (Number.isNaN(serverMs)) return false;
    this.#aheadMs = serverMs - this.#host.nowMs();
    return true;
  }

  #followRedirect({ status, headers }: Answer): boolean {
    const region = headers.get("X-Amz-Bucket-Region");
    const location = headers.get("Location");
    const isElsewhere = [301, 302, 307, 308].includes(status);
    // AWS answers 400 with the region alone where the signature is for another one.
    if (!isElsewhere && !(status === 400 && region !== null && region !== this.#place.region)) return false;
    if (region !== null) this.#signer = this.#signerFor(region);
    if (location === null) return region !== null;
    const target = new URL(location, this.#endpoint);
    if (!isSameService(new URL(this.#endpoint), target))
      throw new StoreError(
        "refused",
        `${this.name} redirects to ${target.origin}: give that as endpoint if you trust it`,
      );
    this.#endpoint = target.origin.replace(`//${this.#place.bucket}.`, "//");
    return true;
  }

  #refuse({ status, code }: Answer): void {
    const said = code === "" ? `${status}` : `${status} ${code}`;
    if (code === "NoSuchBucket")
      throw new StoreError("refused", `${this.name}: there is no bucket ${this.#place.bucket}: make it first`);
    if (code === "RequestTimeTooSkewed")
      throw new StoreError("refused", `${this.name}: this host's clock is wrong, and the server does not say the time`);
    if (status === 401 || (status === 403 && DENIED.has(code)))
      throw new StoreError("refused", `${this.name} says no (${said}): see AWS_ACCESS_KEY_ID and what its keys may do`);
    if (status >= 300 && status < 400 && status !== 304)
      throw new StoreError("refused", `${this.name} redirects (${said}) and does not say where to`);
  }
}

/** A signed request goes to the same host, or to another name of the same service by the same scheme. */
function isSameService(from: URL, to: URL): boolean {
  const service = (url: URL): string => url.hostname.split(".").slice(-2).join(".");
  if (from.host === to.host && from.protocol === to.protocol) return true;
  return to.protocol === "https:" && !/^[\d.]+$|:/.test(from.hostname) && service(from) === service(to);
}

function codeOf(bytes: Uint8Array): string {
  const error = parseXml(new TextDecoder().decode(bytes));
  const code = (error?.name === "Error" && textAt(error, "Code")) || "";
  return CODE.test(code) ? code : "";
}

/** All of it, as long as that can be an answer. */
async function contentOf(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    pieces.push(next.value);
    length += next.value.length;
    if (length <= MOST_BYTES) continue;
    await reader?.cancel();
    throw new Error(TOO_LONG);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Causes within causes: fetch says only that it failed. */
function* causesOf(error: unknown): Iterable<Error & { code?: string }> {
  for (let at = error; at instanceof Error; at = at.cause) {
    yield at;
    if (at instanceof AggregateError) yield* at.errors.filter((one): one is Error => one instanceof Error);
  }
}

function reasonOf(error: unknown): string {
  const all = [...causesOf(error)];
  if (all.some(({ name }) => name === "TimeoutError")) return "no answer in time";
  const coded = all.find(({ code }) => typeof code === "string");
  return coded?.code ?? all.at(-1)?.message ?? String(error);
}

const NEVER_SENT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

function isNeverSent(error: unknown): boolean {
  return [...causesOf(error)].some(({ code = "" }) => NEVER_SENT.has(code));
}
