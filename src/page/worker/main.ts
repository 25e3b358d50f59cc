/**
 * The worker of the page: all machines run here, so that the page stays at hand whatever they do. Where threads share
 * memory, further workers of this program run some of them.
 */

import { machinesOf } from "../../lab/run-link.ts";
import type { Report, Request } from "../protocol.ts";
import { openKeptFile } from "./kept-run.ts";
import { describeRun, preparedFor } from "./run-nodes.ts";
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

/** The run that is open goes on until it is known that the other one can be opened. */
async function open(request: OpenRequest): Promise<void> {
  const loaded = await (system ??= loadSystem(base));
  const { options } = request;
  const kept = request.kind === "resume" ? request.kept : null;
  const link = request.kind === "resume" ? request.kept.link : request.link;
  const { run, image, imageName } = describeRun(link, options, loaded);
  const prepared = await preparedFor(image, loaded);
  const workers = await startWorkers(workersFor(machinesOf(run), options.workers), new URL("worker.js", base));
  session?.close();
  session = null;
  const place = options.keepIn;
  const file = await openKeptFile(place);
  try {
    const isLinked = request.kind === "open" && link !== null;
    const parts = { image, prepared, system: loaded, jit: options.jit, workers };
    session = new Session(post, parts, { run, isLinked, imageName, place, file, kept });
  } catch (error) {
    file?.close();
    throw error;
  }
  if (request.kind === "open") session.play(request.speed);
}

function answer(ticket: number, value: unknown): void {
  post({ kind: "answer", ticket, value });
}

async function serve(request: Request): Promise<void> {
  if (request.kind === "open" || request.kind === "resume") {
    await open(request);
    answer(request.ticket, null);
  } else if (session) serveSession(session, request);
}

type OpenRequest = Extract<Request, { kind: "open" | "resume" }>;
type SessionRequest = Exclude<Request, OpenRequest>;

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
  else if (request.kind === "link") answer(request.ticket, run.link());
  else answer(request.ticket, run.digest());
}

/** Requests are served one after the other: what is asked while an image loads is meant for it. */
let queue: Promise<void> = Promise.resolve();

function beRunsWorker(): void {
  self.addEventListener("message", (event) => {
    const request = (event as MessageEvent<Request>).data;
    queue = queue
      .then(() => serve(request))
      .catch((error: unknown) => {
        system = session ? system : null;
        const { message } = error as Error;
        if ("ticket" in request) post({ kind: "refused", ticket: request.ticket, message, isOpen: session !== null });
        else post({ kind: "failed", message });
      });
  });
}

if (self.name === MACHINES_WORKER) beMachinesWorker();
else beRunsWorker();
