/** A server that speaks as much S3 as a store needs, and has the faults of those that are in use. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ProbeMemory } from "../../src/volume/s3/probe.ts";
import type { S3Host } from "../../src/volume/s3/store.ts";

/** What a server does wrong. A number is for how many requests it does. */
export interface Faults {
  /** As s3rver: conditions on PUT are taken and not looked at. */
  ignoresConditions: boolean;
  ignoresIfMatch: boolean;
  /** As radosgw: a tag within quotes is never the right one. */
  wantsBareTags: boolean;
  /** As SeaweedFS did: of creates at once each wins. */
  allCreatesWin: boolean;
  /** As MinIO did: If-Match on what is absent makes it. */
  makesAbsentOnMatch: boolean;
  /** As AWS: 404 for that, not 412. */
  saysMissingOnMatch: boolean;
  hasNoTags: boolean;
  readsOld: boolean;
  conflicts: number;
  failsAfterCommit: number;
  failsBeforeCommit: number;
  losesAnswers: number;
  losesRequests: number;
  neverAnswers: number;
  cutsBodies: number;
  sendsWrongRanges: number;
  ignoresRanges: boolean;
  cutsLists: number;
  listsWithoutToken: number;
  listsInCircles: boolean;
  isBusy: number;
  deniesAll: boolean;
  deniesWrites: boolean;
  /** Its clock is ahead of ours. */
  aheadMs: number;
  redirectsTo: string | null;
  isDown: boolean;
}

const NONE: Faults = {
  ignoresConditions: false,
  ignoresIfMatch: false,
  wantsBareTags: false,
  allCreatesWin: false,
  makesAbsentOnMatch: false,
  saysMissingOnMatch: false,
  hasNoTags: false,
  readsOld: false,
  conflicts: 0,
  failsAfterCommit: 0,
  failsBeforeCommit: 0,
  losesAnswers: 0,
  losesRequests: 0,
  neverAnswers: 0,
  cutsBodies: 0,
  sendsWrongRanges: 0,
  ignoresRanges: false,
  cutsLists: 0,
  listsWithoutToken: 0,
  listsInCircles: false,
  isBusy: 0,
  deniesAll: false,
  deniesWrites: false,
  aheadMs: 0,
  redirectsTo: null,
  isDown: false,
};

type Countable = { [Name in keyof Faults]: Faults[Name] extends number ? Name : never }[keyof Faults];

/** Faults that pass, and that a store has to get over. */
const FLEETING = [
  "conflicts",
  "failsAfterCommit",
  "failsBeforeCommit",
  "losesAnswers",
  "losesRequests",
  "cutsBodies",
  "sendsWrongRanges",
  "cutsLists",
  "listsWithoutToken",
  "isBusy",
] as const satisfies readonly Countable[];

const SKEW_MS = 900_000;
const PAGE_KEYS = 5;

const tagOf = (bytes: Uint8Array): string => `"${createHash("md5").update(bytes).digest("hex")}"`;

export class S3Stub {
  readonly objects = new Map<string, Uint8Array>();
  readonly faults: Faults = { ...NONE };
  /** `GET /bucket/key 200` of each request. */
  readonly log: string[] = [];
  /** Numbers from 0 to 1; each request below 0.15 meets a fault. */
  draw: () => number = () => 1;
  readonly #old = new Map<string, Uint8Array>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<S3Stub> {
    const stub = new S3Stub();
    await new Promise<void>((resolve) => stub.#server.listen(0, "127.0.0.1", resolve));
    return stub;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Empties it, and mends it. */
  reset(): void {
    this.objects.clear();
    this.#old.clear();
    this.log.length = 0;
    Object.assign(this.faults, NONE);
  }

  /** It ends with the tests. */
  unref(): void {
    this.#server.unref();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(name: Countable): boolean {
    return this.faults[name] > 0 && this.faults[name]-- > 0;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const url = new URL(request.url ?? "/", this.endpoint);
    response.setHeader("Date", new Date(Date.now() + this.faults.aheadMs).toUTCString());
    response.on("close", () => this.log.push(`${request.method} ${url.pathname} ${response.statusCode}`));
    if (this.draw() < 0.15) this.faults[FLEETING[Math.floor(this.draw() * FLEETING.length)]!]++;
    if (this.faults.isDown || this.#take("losesRequests")) return void request.socket.destroy();
    if (this.#take("neverAnswers")) return;
    const refusal = this.#refusal(request);
    if (refusal !== null) return fail(response, ...refusal);
    const [, bucket = "", key = ""] = /^\/([^/]*)\/?(.*)$/.exec(url.pathname) ?? [];
    if (bucket !== "bucket") return fail(response, 404, "NoSuchBucket");
    if (request.method === "PUT") return this.#put(request, response, key, body);
    if (request.method === "DELETE") {
      this.objects.delete(key);
      return void response.writeHead(204).end();
    }
    if (key === "") return this.#list(url.searchParams, response);
    this.#get(request, response, key);
  }

  #refusal(request: IncomingMessage): [number, string, Record<string, string>?] | null {
    const { redirectsTo, aheadMs, deniesAll, deniesWrites } = this.faults;
    const stamp = String(request.headers["x-amz-date"]);
    const sentMs = Date.parse(stamp.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5"));
    if (redirectsTo !== null) return [307, "TemporaryRedirect", { Location: `${redirectsTo}${request.url}` }];
    if (!/^AWS4-HMAC-SHA256 Credential=KEY\//.test(request.headers.authorization ?? ""))
      return [403, "InvalidAccessKeyId"];
    if (!(Math.abs(Date.now() + aheadMs - sentMs) < SKEW_MS)) return [403, "RequestTimeTooSkewed"];
    if (deniesAll || (deniesWrites && request.method !== "GET")) return [403, "AccessDenied"];
    if (this.#take("isBusy")) return [503, "SlowDown"];
    return null;
  }

  #put(request: IncomingMessage, response: ServerResponse, key: string, body: Buffer): void {
    if (this.#take("conflicts")) return fail(response, 409, "ConditionalRequestConflict");
    if (this.#take("failsBeforeCommit")) return fail(response, 500, "InternalError");
    const now = this.objects.get(key);
    const status = this.faults.ignoresConditions ? 200 : this.#condition(request, now);
    if (status !== 200) return fail(response, status, status === 404 ? "NoSuchKey" : "PreconditionFailed");
    if (now !== undefined) this.#old.set(key, now);
    this.objects.set(key, Uint8Array.from(body));
    if (this.#take("failsAfterCommit")) return fail(response, 500, "InternalError");
    if (this.#take("losesAnswers")) return void request.socket.destroy();
    response.writeHead(200, this.faults.hasNoTags ? {} : { ETag: tagOf(body) }).end();
  }

  #condition({ headers }: IncomingMessage, now: Uint8Array | undefined): number {
    if (headers["if-none-match"] === "*") return now === undefined || this.faults.allCreatesWin ? 200 : 412;
    const wanted = headers["if-match"];
    if (wanted === undefined || this.faults.ignoresIfMatch) return 200;
    if (now === undefined) return this.faults.makesAbsentOnMatch ? 200 : this.faults.saysMissingOnMatch ? 404 : 412;
    const tag = this.faults.wantsBareTags ? tagOf(now).slice(1, -1) : tagOf(now);
    return wanted === tag ? 200 : 412;
  }

  #get({ method, headers }: IncomingMessage, response: ServerResponse, key: string): void {
    const bytes = (this.faults.readsOld ? this.#old.get(key) : undefined) ?? this.objects.get(key);
    if (bytes === undefined) return fail(response, 404, "NoSuchKey");
    const tag = this.faults.hasNoTags ? {} : { ETag: tagOf(bytes) };
    if (headers["if-none-match"] === tagOf(bytes)) return void response.writeHead(304, tag).end();
    if (method === "HEAD") return void response.writeHead(200, { ...tag, "Content-Length": bytes.length }).end();
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
    const isPart = first !== undefined && !this.faults.ignoresRanges;
    if (isPart && Number(first) >= bytes.length) return fail(response, 416, "InvalidRange");
    const from = isPart ? Number(first) + (this.#take("sendsWrongRanges") ? 1 : 0) : 0;
    const part = isPart ? bytes.subarray(from, Number(last) + 1) : bytes;
    const range = isPart ? { "Content-Range": `bytes ${from}-${from + part.length - 1}/${bytes.length}` } : {};
    response.writeHead(isPart ? 206 : 200, { ...tag, ...range, "Content-Length": part.length });
    if (!this.#take("cutsBodies")) return void response.end(part);
    response.write(part.subarray(0, part.length >> 1), () => response.socket?.destroy());
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    if (query.get("list-type") !== "2") return fail(response, 400, "InvalidArgument");
    const prefix = query.get("prefix") ?? "";
    const after = this.faults.listsInCircles ? "" : (query.get("continuation-token") ?? "");
    const all = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const rest = all.filter((key) => key > after);
    const page = rest.slice(0, PAGE_KEYS);
    const isTruncated = rest.length > page.length;
    const token = isTruncated && !this.#take("listsWithoutToken") ? page.at(-1)! : null;
    const items = page.map((key) => `<Contents><Key>${key.replaceAll("&", "&amp;")}</Key><Size>1</Size></Contents>`);
    const next = token === null ? "" : `<NextContinuationToken>${token}</NextContinuationToken>`;
    const head = `<KeyCount>${page.length}</KeyCount><IsTruncated>${isTruncated}</IsTruncated>${next}`;
    const text = `<?xml version="1.0"?>\n<ListBucketResult xmlns="http://x/">${items.join("")}${head}</ListBucketResult>`;
    response.writeHead(200).end(this.#take("cutsLists") ? text.slice(0, text.length >> 1) : text);
  }
}

function fail(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
}

/** What the probe finds of it, remembered. */
export const KNOWN: ProbeMemory = {
  recall: async () => ({ readOnly: null, tagForm: "quoted", isTagSaid: true }),
  keep: async () => {},
};

/** A host whose pauses take no time, but move its clock. */
export function hostWithoutWaiting(): S3Host & { pausedMs: number } {
  const host = {
    pausedMs: 0,
    nowMs: () => Date.now() + host.pausedMs,
    draw: () => Math.random(),
    fetch: (request: Request) => fetch(request),
    sleep: async (ms: number) => {
      host.pausedMs += ms;
      await new Promise(setImmediate);
    },
  };
  return host;
}
