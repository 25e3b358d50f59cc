/** The page in headless Chromium, as Debian has it, served as `qure page` serves it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { readPageFile } from "../../src/host/page-files.ts";
import { type ServeOptions, serveFiles } from "../../src/host/static-server.ts";
import { requireOracle, type SkippableContext } from "../oracle.ts";
import { alone } from "../setup/alone.ts";
import { root } from "../system/images.ts";

const ARGUMENTS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
];
export const IMAGE = join(root, "build/page/qure.iso");

const LOCK = join(root, "build/page.lock");
/** Whoever holds it for longer than this is not there any more. */
const LOCK_MS = 300_000;

let built: Promise<void> | null = null;

/** Makes dist/page of the sources as they are; of several test files at once one does, and the others wait. */
export function buildPage(): Promise<void> {
  return (built ??= build());
}

async function build(): Promise<void> {
  mkdirSync(join(root, "build"), { recursive: true });
  await alone(LOCK, LOCK_MS, () => execFileSync(process.execPath, ["scripts/page.mjs"], { cwd: root, stdio: "pipe" }));
}

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly address: string;
  /** What went wrong in the page without anyone catching it. */
  readonly errors: string[];
  /** What the page's server has sent so far, heads included. */
  readonly sentBytes: () => number;
}

/** One for all tests of this process; it ends with it. */
let browser: Promise<Browser> | null = null;

/**
 * Runs `work` in front of the page's server, in a browser that has never been there. Skips the test where there is no
 * Chromium.
 */
export async function withBrowser(
  test: SkippableContext,
  work: (visit: Visit) => Promise<void>,
  options: ServeOptions = {},
  { bypassCSP = true }: { readonly bypassCSP?: boolean } = {},
): Promise<void> {
  const executablePath = requireOracle("chromium", test);
  await buildPage();
  const server = await serveFiles(readPageFile, 0, options);
  const sockets: { readonly bytesWritten: number }[] = [];
  server.on("connection", (socket) => void sockets.push(socket));
  const sentBytes = (): number => sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  browser ??= chromium.launch({ executablePath, args: ARGUMENTS });
  const context = await (await browser).newContext({
    // Expressions over the page's state are compiled in it, which its policy forbids.
    bypassCSP,
    viewport: { width: 1280, height: 860 },
  });
  try {
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", ({ message }) => void errors.push(message));
    await work({
      page,
      context,
      address: `http://localhost:${(server.address() as AddressInfo).port}/`,
      errors,
      sentBytes,
    });
  } finally {
    await context.close();
    server.close();
    server.closeAllConnections();
  }
}

/** What the page knows of its run. */
export interface Known {
  readonly nowNs: number;
  readonly endNs: number;
  readonly isRunning: boolean;
  readonly isSeeking: boolean;
  readonly agreed: boolean;
}

/** Says something to the page's worker. */
export function send(page: Page, request: object): Promise<void> {
  return page.evaluate(`qure.send(${JSON.stringify(request)})`);
}

export async function ask(page: Page, request: object): Promise<string> {
  return String(await page.evaluate(`qure.ask(${JSON.stringify(request)})`));
}

export function known(page: Page): Promise<Known | null> {
  return page.evaluate("globalThis.qure?.state") as Promise<Known | null>;
}

/** Waits until an expression over `state` holds. */
export async function until(page: Page, expression: string, within = 120_000): Promise<void> {
  await page.waitForFunction(
    `(() => { const state = globalThis.qure?.state; return state && (${expression}); })()`,
    null,
    {
      timeout: within,
      polling: 20,
    },
  );
}

/** Goes to a virtual time and stands there. */
export async function goTo(page: Page, timeNs: number): Promise<void> {
  await send(page, { kind: "seek", timeNs });
  await until(page, `!state.isSeeking && state.nowNs === ${timeNs}`);
}

/** Runs to a virtual time that has not been yet, and stands there. */
export async function runTo(page: Page, timeNs: number): Promise<void> {
  await send(page, { kind: "runTo", timeNs });
  await until(page, `!state.isRunning && state.nowNs === ${timeNs}`);
}

/** They say what is booted. */
const IMAGE_OPTIONS = ["--image", "--kernel", "--fda"];

/** What `qure emu` prints; it boots the page's image unless another is named. */
export function emu(...args: string[]): string {
  const image = IMAGE_OPTIONS.some((option) => args.includes(option)) ? [] : ["--image", IMAGE];
  return execFileSync(process.execPath, ["dist/qure.cjs", "emu", ...image, ...args], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

export function digestIn(output: string): string {
  return /^digest ([0-9a-f]{32})$/m.exec(output)![1]!;
}

export function linkIn(output: string): string {
  return /^http.*#(r=\S+)$/m.exec(output)![1]!;
}

export function axe(): string {
  return readFileSync(join(root, "node_modules/axe-core/axe.min.js"), "utf8");
}
