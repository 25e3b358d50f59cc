/** What the page knows of the run, as the worker tells it, and the way back to the worker. */
import type {
  DiskView,
  FrameNote,
  KeptRun,
  Mark,
  ProcessorView,
  Report,
  Request,
  RunState,
  StartOptions,
  TasksView,
} from "../protocol.ts";

/** Frames that are remembered. */
const MOST_FRAMES = 4000;
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
  | { readonly kind: "build"; readonly path: string; readonly text: string };

export class Store {
  state: RunState | null = null;
  frames: FrameNote[] = [];
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
  /** The last that is worth saying aloud. */
  announcement = "";
  readonly #worker = this.#start("worker.js");
  #builder: Worker | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #frameListeners = new Set<(frames: readonly FrameNote[]) => void>();
  readonly #pictureListeners = new Map<number, Set<() => void>>();
  readonly #tickets = new Map<number, (value: unknown) => void>();
  #nextTicket = 1;
  #isQueued = false;
  /** Of the run that is about to go on. */
  #keptMarks: readonly Mark[] = [];

  #start(name: string): Worker {
    const worker = new Worker(new URL(name, document.baseURI), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Report>) => this.#take(data));
    worker.addEventListener("error", ({ message }) => this.#fail(message || "a worker of this page cannot be started"));
    return worker;
  }

  open(link: string | null, options: StartOptions): void {
    this.problem = null;
    this.checked = null;
    this.send({ kind: "open", link, options });
  }

  /** Goes on with a run that was kept, and with the marks that it had. */
  resume(kept: KeptRun, options: StartOptions, marks: readonly Mark[]): void {
    this.problem = null;
    this.checked = null;
    this.#keptMarks = marks;
    this.send({ kind: "resume", kept, options });
  }

  send(request: Request): void {
    this.#worker.postMessage(request);
  }

  ask(request: Asked): Promise<unknown> {
    const ticket = this.#nextTicket++;
    return new Promise((resolve) => {
      this.#tickets.set(ticket, resolve);
      const isForBuilder = request.kind === "sources" || request.kind === "build";
      if (isForBuilder) (this.#builder ??= this.#start("builder.js")).postMessage({ ...request, ticket });
      else this.send({ ...request, ticket });
    });
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
        this.frames = [];
        this.marks = [...this.#keptMarks];
        this.#keptMarks = [];
        this.checked = null;
        this.problem = null;
        this.pictures.clear();
        break;
      case "state":
        this.#takeState(report);
        break;
      case "back":
        this.frames = this.frames.filter(({ sentNs }) => sentNs < report.toNs);
        break;
      case "parted":
        this.marks = this.marks.filter(({ atNs }) => atNs <= report.afterNs);
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
        this.#tickets.get(report.ticket)?.(report.value);
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
      this.frames = [...this.frames, ...frames].slice(-MOST_FRAMES);
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
