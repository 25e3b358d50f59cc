/**
 * The worker of the page: all machines run here, so that the page stays at hand whatever they do. Where threads share
 * memory, further workers of this program run some of them.
 */

import { decodeRun, machinesOf } from "../../lab/run-link.ts";
import type { Report, Request } from "../protocol.ts";
import { openKeptFile } from "./kept-run.ts";
import { bootableImage, preparedFor } from "./run-nodes.ts";
import { Session } from "./session.ts";
import { loadSystem, type System } from "./system.ts";
import { beMachinesWorker, MACHINES_WORKER, startWorkers, workersFor } from "./threads.ts";

/** The folder that the page lies in. */
const base = new URL(".", location.href);
let system: Promise<System> | null = null;
let session: Session | null = null;

function post(report: Report, transfer: Transferable[] = []): void {
  (self as unknown as { postMessage(message: unknown, transfer: Transferable[]): void }).postMessage(report, transfer);
}

async function open(request: Extract<Request, { kind: "open" | "resume" }>): Promise<void> {
  const loaded = await (system ??= loadSystem(base));
  session?.close();
  session = null;
  const { options } = request;
  const kept = request.kind === "resume" ? request.kept : null;
  const link = request.kind === "resume" ? request.kept.link : request.link;
  const image = options.image ? bootableImage(options.image, loaded) : loaded.iso;
  const prepared = await preparedFor(image, loaded);
  const machines = link === null ? options.nodes : machinesOf(decodeRun(link));
  const workers = await startWorkers(workersFor(machines, options.workers), new URL("worker.js", base));
  const file = await openKeptFile(options.keepIn);
  try {
    session = new Session(
      post,
      { image, prepared, system: loaded, jit: options.jit, workers },
      link,
      options,
      file,
      kept,
    );
  } catch (error) {
    file?.close();
    throw error;
  }
}

async function serve(request: Request): Promise<void> {
  if (request.kind === "open" || request.kind === "resume") await open(request);
  else if (session) serveSession(session, request);
}

type SessionRequest = Exclude<Request, { kind: "open" | "resume" }>;

function serveSession(run: Session, request: SessionRequest): void {
  if (request.kind === "play") run.play(request.speed);
  else if (request.kind === "pace") run.setPace(request.speed);
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

function beRunsWorker(): void {
  self.addEventListener("message", (event) => {
    queue = queue
      .then(() => serve((event as MessageEvent<Request>).data))
      .catch((error: unknown) => {
        system = session ? system : null;
        post({ kind: "failed", message: (error as Error).message });
      });
  });
}

if (self.name === MACHINES_WORKER) beMachinesWorker();
else beRunsWorker();
