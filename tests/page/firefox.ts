/**
 * The page in Firefox as Debian has it. playwright-core's driver wants a Firefox that it has patched, and its other one
 * asks Debian's for commands that it does not know; so this speaks WebDriver BiDi itself, as much of it as is needed:
 * commands as JSON over a WebSocket (RFC 6455).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPageFile } from "../../src/host/page-files.ts";
import { serveFiles } from "../../src/host/static-server.ts";
import { requireOracle, type SkippableContext } from "../oracle.ts";
import { buildPage } from "./browser.ts";

const START_MS = 60_000;
const WAIT_MS = 50;
const LIMIT_MS = 120_000;
const FIN_TEXT = 0x81;
const MASKED = 0x80;

interface Answer {
  readonly id?: number;
  readonly type: string;
  readonly message?: string;
  readonly result?: Record<string, unknown>;
}

class Bidi {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #received = Buffer.alloc(0);
  #nextId = 1;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data: Buffer) => {
      this.#received = Buffer.concat([this.#received, data]);
      while (this.#takeFrame());
    });
  }

  /** Takes one frame, if all of it has come. Firefox sends answers as single frames. */
  #takeFrame(): boolean {
    const bytes = this.#received;
    if (bytes.length < 2) return false;
    const short = bytes[1]! & 0x7f;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < head) return false;
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
    if (bytes.length < head + length) return false;
    this.#received = bytes.subarray(head + length);
    if (bytes[0] === FIN_TEXT) {
      const answer = JSON.parse(bytes.toString("utf8", head, head + length)) as Answer;
      this.#waiting.get(answer.id ?? 0)?.(answer);
    }
    return true;
  }

  async send(method: string, params: object): Promise<Record<string, unknown>> {
    const id = this.#nextId++;
    const text = Buffer.from(JSON.stringify({ id, method, params }));
    const mask = randomBytes(4);
    // Lengths as short as they can be (RFC 6455, 5.2): Firefox insists on it.
    const short = text.length < 126;
    const head = short
      ? Buffer.of(FIN_TEXT, MASKED | text.length)
      : Buffer.of(FIN_TEXT, MASKED | 126, text.length >> 8, text.length & 0xff);
    const masked = text.map((byte, index) => byte ^ mask[index % 4]!);
    const answered = new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: Firefox does not answer`)), LIMIT_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
    this.#socket.write(Buffer.concat([head, mask, masked]));
    const answer = await answered;
    this.#waiting.delete(id);
    if (answer.type !== "success") throw new Error(`${method}: ${answer.message}`);
    return answer.result!;
  }
}

function connect(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const key = randomBytes(16).toString("base64");
    const headers = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": key,
    };
    request(address.replace(/^ws:/, "http:"), { headers })
      .on("upgrade", (_response, socket) => resolve(socket as Socket))
      .on("error", reject)
      .end();
  });
}

/** Where it listens, as it says on standard error. */
function listens(firefox: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Firefox did not say where it listens:\n${said}`)), START_MS);
    let said = "";
    firefox.stderr!.on("data", (data: Buffer) => {
      said += String(data);
      const [, address] = /WebDriver BiDi listening on (ws:\S+)/.exec(said) ?? [];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(`${address}/session`);
    });
  });
}

export interface FirefoxVisit {
  /** Opens an address below the page's own. */
  open(path: string): Promise<void>;
  /** The value of an expression, or of the promise that it gives. */
  evaluate(expression: string): Promise<unknown>;
  /** Waits until an expression over `state` holds. */
  until(expression: string): Promise<void>;
}

/** Runs `work` with a Firefox of its own, in front of the page's server. Skips the test where there is none. */
export async function withFirefox(test: SkippableContext, work: (visit: FirefoxVisit) => Promise<void>): Promise<void> {
  const path = requireOracle("firefox-esr", test);
  await buildPage();
  const server = await serveFiles(readPageFile, 0);
  const profile = mkdtempSync(join(tmpdir(), "qure-firefox-"));
  const firefox = spawn(path, ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    const socket = await connect(await listens(firefox));
    const bidi = new Bidi(socket);
    await bidi.send("session.new", { capabilities: {} });
    const { context } = await bidi.send("browsingContext.create", { type: "tab" });
    const evaluate = async (expression: string): Promise<unknown> => {
      const target = { context };
      const answer = await bidi.send("script.evaluate", {
        expression: `(async () => JSON.stringify((await (${expression})) ?? null))()`,
        target,
        awaitPromise: true,
      });
      const result = answer["result"] as { value?: string } | undefined;
      if (result?.value === undefined) throw new Error(`${expression}: ${JSON.stringify(answer["exceptionDetails"])}`);
      return JSON.parse(result.value);
    };
    await work({
      evaluate,
      async open(below) {
        const url = `http://localhost:${(server.address() as AddressInfo).port}/${below}`;
        await bidi.send("browsingContext.navigate", { context, url, wait: "complete" });
      },
      async until(expression) {
        const startMs = performance.now();
        const look = `(() => { const state = globalThis.qure?.state; return Boolean(state && (${expression})); })()`;
        while (!(await evaluate(look))) {
          if (performance.now() - startMs > LIMIT_MS) throw new Error(`${expression} did not come to hold in Firefox`);
          await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
        }
      },
    });
    socket.destroy();
  } finally {
    firefox.kill("SIGKILL");
    await new Promise((resolve) => firefox.once("exit", resolve));
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
