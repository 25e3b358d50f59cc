/**
 * The second worker of the page, made when somebody wants to see sources: it builds the system while the machines run.
 */
import { buildSystem } from "../../build/build.ts";
import { ObjectCache } from "../../build/object-cache.ts";
import type { BuilderRequest, ChangedFile, Report, SourceDiagnostic } from "../protocol.ts";
import { loadSources, type Sources } from "./system.ts";

/** The folder that the page lies in. */
const base = new URL(".", location.href);
let sources: Promise<Sources> | null = null;
const cache = new ObjectCache();

/** Builds the system with some files changed: every mistake, or the image. */
function build({ files, version, revision }: Sources, changes: readonly ChangedFile[]): unknown {
  const changed = new Map(changes.map(({ path, text }) => [path, new TextEncoder().encode(text)]));
  const tree = {
    list: (folder: string) => [...files.keys()].filter((name) => name.startsWith(`${folder}/`)).sort(),
    read: (name: string) => changed.get(name) ?? files.get(name) ?? null,
  };
  const startMs = performance.now();
  const result = buildSystem(tree, { version, revision, cache });
  const diagnostics = result.diagnostics.map(
    ({ file, line, column, severity, message }): SourceDiagnostic => ({ path: file, line, column, severity, message }),
  );
  const iso = result.files?.find(({ name }) => name === "qure.iso")?.content ?? null;
  return { diagnostics, iso, milliseconds: performance.now() - startMs };
}

async function serve(request: BuilderRequest): Promise<unknown> {
  const loaded = await (sources ??= loadSources(base));
  if (request.kind === "build") return build(loaded, request.files);
  if (request.path === null) return [...loaded.files.keys()].sort();
  const bytes = loaded.files.get(request.path);
  return bytes ? new TextDecoder().decode(bytes) : null;
}

self.addEventListener("message", (event) => {
  const request = (event as MessageEvent<BuilderRequest>).data;
  void serve(request).then(
    (value) => self.postMessage({ kind: "answer", ticket: request.ticket, value } satisfies Report),
    (error: unknown) => {
      sources = null;
      const { message } = error as Error;
      self.postMessage({ kind: "refused", ticket: request.ticket, message, isOpen: true } satisfies Report);
    },
  );
});
