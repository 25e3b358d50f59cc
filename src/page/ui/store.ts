/** What the page knows of the run, as the worker tells it, and the way back to the worker. */
import type {
  ChangedFile,
  DiskView,
  FrameNote,
  KeptRun,
  Mark,
  ProcessorView,
  Report,
  Request,
  RunState,
  Speed,
  StartOptions,
  TasksView,
} from "../protocol.ts";
import { FrameLog } from "./frame-log.ts";

const MOST_MARKS = 2000;

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

export interface Checked {
  readonly isEqual: boolean;
  readonly found: string;
  readonly wanted: string;
}

/** The part of `Request` that its sender gives. */
type Asked =
  | { readonly kind: "link" }
  | { readonly kind: "digest" }
  | { readonly kind: "sources"; readonly path: string | null }
  | { readonly kind: "build"; readonly files: readonly ChangedFile[] };

interface Ticket {
  readonly isForBuilder: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Store {
  state: RunState | null = null;
  readonly frameLog = new FrameLog();
  marks: Mark[] = [];
  readonly pictures = new Map<number, Picture>();
  readonly screenTexts = new Map<number, readonly string[]>();
  readonly consoles = new Map<number, string>();
  processor: ProcessorView | null = null;
  tasks: TasksView | null = null;
  disk: DiskView | null = null;
  note: string | null = null;
  problem: string | null = null;
  checked: Checked | null = null;
  linkEndNs: number | null = null;
  /** A run is being opened. */
  isOpening = false;
  /** The last that is worth saying aloud. */
  announcement = "";
  #worker: Worker | null = null;
  #builder: Worker | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #frameListeners = new Set<(frames: readonly FrameNote[]) => void>();
  readonly #pictureListeners = new Map<number, Set<() => void>>();
  readonly #tickets = new Map<number, Ticket>();
  #nextTicket = 1;
  #isQueued = false;
  /** Of the run that is about to go on. */
  #keptMarks: readonly Mark[] = [];

  #start(name: string): Worker {
    const worker = new Worker(new URL(name, document.baseURI), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Report>) => this.#take(data));
    return worker;
  }

  /** One that cannot be loaded is started anew the next time that something is asked. */
  #startRuns(): Worker {
    const worker = this.#start("worker.js");
    worker.addEventListener("error", ({ message }) => {
      if (this.state === null) {
        worker.terminate();
        this.#worker = null;
      }
      const problem = message || "a worker of this page cannot be started";
      this.#fail(problem);
      this.#reject(false, problem);
    });
    return worker;
  }

  /** Likewise. */
  #startBuilder(): Worker {
    const worker = this.#start("builder.js");
    worker.addEventListener("error", ({ message }) => {
      worker.terminate();
      this.#builder = null;
      this.#reject(true, message || "the builder cannot be loaded");
    });
    return worker;
  }

  #reject(isForBuilder: boolean, message: string): void {
    for (const [number, ticket] of [...this.#tickets]) {
      if (ticket.isForBuilder !== isForBuilder) continue;
      this.#tickets.delete(number);
      ticket.reject(new Error(message));
    }
  }

  /** Opens a run. What is open stays when it cannot be, and the problem is told; returns whether it was. */
  open(link: string | null, options: StartOptions, speed: Speed): Promise<boolean> {
    this.#keptMarks = [];
    return this.#begin((ticket) => this.send({ kind: "open", ticket, link, options, speed }));
  }

  /** Goes on with a run that was kept, and with the marks that it had. */
  resume(kept: KeptRun, options: StartOptions, marks: readonly Mark[]): Promise<boolean> {
    this.#keptMarks = marks;
    return this.#begin((ticket) => this.send({ kind: "resume", ticket, kept, options }));
  }

  async #begin(send: (ticket: number) => void): Promise<boolean> {
    this.problem = null;
    this.isOpening = true;
    this.changed();
    try {
      await this.#request(send, false);
      return true;
    } catch (error) {
      this.#fail((error as Error).message);
      return false;
    } finally {
      this.isOpening = false;
      this.changed();
    }
  }

  send(request: Request): void {
    (this.#worker ??= this.#startRuns()).postMessage(request);
  }

  #request(send: (ticket: number) => void, isForBuilder: boolean): Promise<unknown> {
    const ticket = this.#nextTicket++;
    return new Promise((resolve, reject) => {
      this.#tickets.set(ticket, { isForBuilder, resolve, reject });
      send(ticket);
    });
  }

  /** Rejects with an Error that says why there is no answer. */
  ask(request: Asked): Promise<unknown> {
    const isForBuilder = request.kind === "sources" || request.kind === "build";
    return this.#request((ticket) => {
      if (isForBuilder) (this.#builder ??= this.#startBuilder()).postMessage({ ...request, ticket });
      else this.send({ ...request, ticket });
    }, isForBuilder);
  }

  /** What was sent on all cables up to where the run stands, as far as it is remembered. */
  get frames(): readonly FrameNote[] {
    return this.frameLog.until(this.state?.nowNs ?? 0);
  }

  /** Calls back, once a picture at most, after anything has changed; the result ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  onFrames(listener: (frames: readonly FrameNote[]) => void): () => void {
    this.#frameListeners.add(listener);
    return () => void this.#frameListeners.delete(listener);
  }

  onPicture(node: number, listener: () => void): () => void {
    const known = this.#pictureListeners.get(node) ?? new Set();
    this.#pictureListeners.set(node, known.add(listener));
    return () => void known.delete(listener);
  }

  changed(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    requestAnimationFrame(() => {
      this.#isQueued = false;
      for (const listener of this.#listeners) listener();
    });
  }

  /** The problem was read. */
  dismiss(): void {
    this.problem = null;
    this.changed();
  }

  #fail(message: string): void {
    this.problem = message;
    this.changed();
  }

  #take(report: Report): void {
    switch (report.kind) {
      case "opened":
        Object.assign(this, {
          state: report.state,
          note: report.note,
          linkEndNs: report.linkEndNs,
          processor: null,
          tasks: null,
          disk: null,
        });
        this.frameLog.clear();
        this.marks = [...this.#keptMarks];
        this.#keptMarks = [];
        this.checked = null;
        this.problem = null;
        for (const known of [this.pictures, this.screenTexts, this.consoles]) known.clear();
        break;
      case "state":
        this.#takeState(report);
        break;
      case "parted":
        this.marks = this.marks.filter(({ atNs }) => atNs <= report.afterNs);
        if (report.isReshaped) this.frameLog.clear();
        else this.frameLog.part(report.afterNs);
        break;
      case "screen":
        this.pictures.set(report.node, report);
        this.screenTexts.set(report.node, report.text);
        for (const listener of this.#pictureListeners.get(report.node) ?? []) listener();
        return;
      case "console":
        this.consoles.set(report.node, report.text);
        break;
      case "processor":
        this.processor = report.view;
        break;
      case "tasks":
        this.tasks = report.view;
        break;
      case "disk":
        this.disk = report.view;
        break;
      case "checked":
        this.checked = report;
        this.announcement = report.isEqual
          ? "The run ended with the digest of its link."
          : "The run ended with another digest than its link.";
        break;
      case "answer":
        this.#tickets.get(report.ticket)?.resolve(report.value);
        this.#tickets.delete(report.ticket);
        return;
      case "refused":
        if (!report.isOpen) this.state = null;
        this.#tickets.get(report.ticket)?.reject(new Error(report.message));
        this.#tickets.delete(report.ticket);
        return;
      case "failed":
        this.#fail(report.message);
        return;
    }
    this.changed();
  }

  #takeState({ state, frames, marks }: Extract<Report, { kind: "state" }>): void {
    const before = this.state;
    this.state = state;
    if (frames.length > 0) {
      this.frameLog.add(frames);
      for (const listener of this.#frameListeners) listener(frames);
    }
    for (const mark of marks) {
      if (this.marks.some((known) => known.atNs === mark.atNs && known.node === mark.node && known.text === mark.text))
        continue;
      this.marks.push(mark);
      if (mark.kind !== "action") this.announcement = `qure-${mark.node + 1} ${mark.text}`;
    }
    if (marks.length > 0) this.marks = this.marks.sort((a, b) => a.atNs - b.atNs).slice(-MOST_MARKS);
    if (state.agreed && before && !before.agreed) this.announcement = "All machines agree on one cluster.";
  }
}
