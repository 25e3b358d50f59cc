/** Serves static files to browsers on this computer. */
import { createHash } from "node:crypto";
import { createServer, type Server, type ServerResponse } from "node:http";
import { extname, normalize, sep } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
  ".gz": "application/octet-stream",
};

/**
 * A page that is isolated from others: its threads may share memory (HTML, "cross-origin isolation"). Other pages may
 * still have it in a frame.
 */
const ISOLATING = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "cross-origin",
};

export interface ServeOptions {
  /** Whether answers have the headers that isolate a page. True when absent. */
  readonly isolate?: boolean;
}

/**
 * Listens on this computer's own address alone; 0 is any free port. `read`: the content of a path below what is served,
 * without a slash before it; null for what is not there. Rejects when the port is taken.
 */
export function serveFiles(
  read: (path: string) => Uint8Array | null,
  port: number,
  { isolate = true }: ServeOptions = {},
): Promise<Server> {
  const compressed = new Map<string, Buffer>();
  const server = createServer(({ url = "/", method, headers }, response) => {
    const path = pathOf(url);
    const content = path === null ? null : contentOf(() => read(path));
    if ((method !== "GET" && method !== "HEAD") || path === null || content === null) {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("There is no such file.\n");
      return;
    }
    const tag = `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`;
    if (headers["if-none-match"]?.includes(tag)) {
      response.writeHead(304, { ETag: tag, "Cache-Control": "no-cache", ...(isolate ? ISOLATING : {}) }).end();
      return;
    }
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    const isText = !path.endsWith(".gz") && /\bgzip\b/.test(String(headers["accept-encoding"] ?? ""));
    let body: Buffer | Uint8Array = content;
    if (isText) {
      body = compressed.get(path) ?? gzipSync(content);
      compressed.set(path, body as Buffer);
    }
    send(response, body, {
      ETag: tag,
      "Content-Type": type,
      "Cache-Control": "no-cache",
      ...(isolate ? ISOLATING : {}),
      ...(isText ? { "Content-Encoding": "gzip" } : {}),
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/** Null for what is no file that can be read. */
function contentOf(read: () => Uint8Array | null): Uint8Array | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function send(response: ServerResponse, body: Uint8Array, headers: Record<string, string>): void {
  response.writeHead(200, { ...headers, "Content-Length": body.length }).end(body);
}

/** The path of a file below the folder; null for what leads out of it. */
function pathOf(url: string): string | null {
  try {
    const path = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname)).replace(/^[/\\]+/, "");
    return path.split(sep).includes("..") || path.includes("\0") ? null : path === "" ? "index.html" : path;
  } catch {
    return null;
  }
}
