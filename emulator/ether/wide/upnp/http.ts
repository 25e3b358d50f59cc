/** Requests of HTTP/1.1 as bytes (RFC 9112), within bounds, and the messages of SSDP that look like them. */

/** In small letters; of a header that comes twice the first counts. */
export type HttpHeaders = ReadonlyMap<string, string>;

export interface HttpHead {
  readonly method: string;
  readonly target: string;
  readonly headers: HttpHeaders;
}

export interface HttpRequest extends HttpHead {
  readonly body: Uint8Array;
}

export interface HttpResponse {
  readonly status: HttpStatus;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** RFC 9110, 15, and RFC 6585, 5. */
const REASONS = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  411: "Length Required",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
} as const;

export type HttpStatus = keyof typeof REASONS;

const MOST_HEAD_BYTES = 4096;
const MOST_BODY_BYTES = 8192;
export const MOST_REQUEST_BYTES = MOST_HEAD_BYTES + MOST_BODY_BYTES;
const MOST_HEADERS = 64;
const REQUEST_LINE = /^([A-Z-]{1,16}) (\S{1,1024}) HTTP\/1\.[01]$/;
const HEADER = /^([!#$%&'*+.^_`|~\w-]+):(.*)$/;
const HEAD_END = "\r\n\r\n";

/** A request line and headers, without the empty line after them; null where they are not well-formed. */
export function parseHead(text: string): HttpHead | null {
  const [first = "", ...lines] = text.split("\r\n");
  const [, method, target] = REQUEST_LINE.exec(first) ?? [];
  if (method === undefined || target === undefined || lines.length > MOST_HEADERS) return null;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = HEADER.exec(line) ?? [];
    if (name === undefined || value === undefined) return null;
    const key = name.toLowerCase();
    // RFC 9112, 6.3: who sends two lengths wants one reader to see another message than the next.
    if (key === "content-length" && headers.has(key) && headers.get(key) !== value.trim()) return null;
    if (!headers.has(key)) headers.set(key, value.trim());
  }
  return { method, target, headers };
}

/** What has come of a request so far: all of it, too little, or what it is refused by. */
export function readRequest(bytes: Uint8Array): HttpRequest | "more" | HttpStatus {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, MOST_HEAD_BYTES));
  const end = text.indexOf(HEAD_END);
  if (end < 0) return bytes.length >= MOST_HEAD_BYTES ? 431 : "more";
  const head = parseHead(text.slice(0, end));
  if (head === null) return 400;
  if (head.headers.has("transfer-encoding")) return 411;
  const length = head.headers.get("content-length");
  if (length === undefined) return head.method === "POST" ? 411 : { ...head, body: new Uint8Array(0) };
  if (!/^\d{1,15}$/.test(length)) return 400;
  if (Number(length) > MOST_BODY_BYTES) return 413;
  const start = end + HEAD_END.length;
  return bytes.length < start + Number(length) ? "more" : { ...head, body: bytes.slice(start, start + Number(length)) };
}

/** The connection ends after it. */
export function responseBytes({ status, headers = {}, body = "" }: HttpResponse): Uint8Array {
  const content = new TextEncoder().encode(body);
  const all = { ...headers, "Content-Length": content.length, Connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const head = new TextEncoder().encode([`HTTP/1.1 ${status} ${REASONS[status]}`, ...lines, "", ""].join("\r\n"));
  const bytes = new Uint8Array(head.length + content.length);
  bytes.set(head);
  bytes.set(content, head.length);
  return bytes;
}
