/** The worker of the page: all machines run here, so that the page stays at hand whatever they do. */
import { buildSystem } from "../../build/build.ts";
import { ObjectCache } from "../../build/object-cache.ts";
import type { Report, Request, SourceDiagnostic } from "../protocol.ts";
import { bootableImage, preparedFor } from "./run-nodes.ts";
import { Session } from "./session.ts";
import { loadSources, loadSystem, type Sources, type System } from "./system.ts";

/** The folder that the page lies in. */
const base = new URL(".", location.href);
let system: Promise<System> | null = null;
let sources: Promise<Sources> | null = null;
const cache = new ObjectCache();
let session: Session | null = null;

function post(report: Report, transfer: Transferable[] = []): void {
  (self as unknown as { postMessage(message: unknown, transfer: Transferable[]): void }).postMessage(report, transfer);
}

async function open(request: Extract<Request, { kind: "open" }>): Promise<void> {
  const loaded = await (system ??= loadSystem(base));
  session?.close();
  session = null;
  const { link, options } = request;
  const image = options.image ? bootableImage(options.image, loaded) : loaded.iso;
  const prepared = await preparedFor(image, loaded);
  session = new Session(post, { image, prepared, system: loaded, jit: options.jit }, link, options);
}

/** Builds the system with one file changed: every mistake, or the image. */
async function build({ path, text }: { path: string; text: string }): Promise<unknown> {
  const { files, version, revision } = await (sources ??= loadSources(base));
  const changed = new TextEncoder().encode(text);
  const tree = {
    list: (folder: string) => [...files.keys()].filter((name) => name.startsWith(`${folder}/`)).sort(),
    read: (name: string) => (name === path ? changed : (files.get(name) ?? null)),
  };
  const startMs = performance.now();
  const result = buildSystem(tree, { version, revision, cache });
  const diagnostics = result.diagnostics.map(
    ({ file, line, column, severity, message }): SourceDiagnostic => ({ path: file, line, column, severity, message }),
  );
  const iso = result.files?.find(({ name }) => name === "qure.iso")?.content ?? null;
  return { diagnostics, iso, milliseconds: performance.now() - startMs };
}

async function sourceText(path: string | null): Promise<unknown> {
  const { files } = await (sources ??= loadSources(base));
  if (path === null) return [...files.keys()].sort();
  const bytes = files.get(path);
  return bytes ? new TextDecoder().decode(bytes) : null;
}

async function serve(request: Request): Promise<void> {
  if (request.kind === "open") await open(request);
  else if (request.kind === "sources")
    post({ kind: "answer", ticket: request.ticket, value: await sourceText(request.path) });
  else if (request.kind === "build") post({ kind: "answer", ticket: request.ticket, value: await build(request) });
  else if (session) serveSession(session, request);
}

type SessionRequest = Exclude<Request, { kind: "open" | "sources" | "build" }>;

function serveSession(run: Session, request: SessionRequest): void {
  if (request.kind === "play") run.play(request.speed);
  else if (request.kind === "pause") run.pause();
  else if (request.kind === "seek") run.seek(request.timeNs);
  else if (request.kind === "runTo") run.runTo(request.timeNs);
  else if (request.kind === "step") run.step(request.unit, request.node);
  else if (request.kind === "act") run.act(request.word, request.node, request.values);
  else if (request.kind === "switch") run.switchTo(request.branch);
  else if (request.kind === "inspect") run.inspect(request.node, request.what);
  else if (request.kind === "link") post({ kind: "answer", ticket: request.ticket, value: run.link() });
  else post({ kind: "answer", ticket: request.ticket, value: run.digest() });
}

/** Requests are served one after the other: what is asked while an image loads is meant for it. */
let queue: Promise<void> = Promise.resolve();

self.addEventListener("message", (event) => {
  queue = queue
    .then(() => serve((event as MessageEvent<Request>).data))
    .catch((error: unknown) => {
      system = session ? system : null;
      post({ kind: "failed", message: (error as Error).message });
    });
});
