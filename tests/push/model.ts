/**
 * A model of docs/protocols/push.md: a host, a node with a disk, and between them frames that are lost, doubled or come
 * again later, and power cuts. What it has is what the rules speak of, and no more.
 */

/** What runs in the place of a service: the image's own, or a module. */
export type Running = "image" | string;

/** What is on the node's disk. */
export interface Disk {
  /** What the desired state names; null: nothing. */
  named: string | null;
  /** Before it, for an undo. */
  before: string | null;
  files: Set<string>;
}

export type Message =
  | {
      readonly kind: "begin";
      readonly content: string;
      readonly pieces: number;
      readonly number: number;
      readonly id: number;
    }
  | { readonly kind: "piece"; readonly content: string; readonly at: number; readonly id: number }
  | { readonly kind: "undo"; readonly number: number; readonly id: number };

export type State = "idle" | "receiving" | "working" | "done" | "failed";

/** How a module behaves on trial. */
export type Nature = "good" | "faults" | "torn";

/** Each write of the node is one of these: a cut comes before it or after it. */
export type Write = "file" | "state" | "sweep";

export class CutError extends Error {}

export class Node {
  readonly disk: Disk = { named: null, before: null, files: new Set() };
  running: Running = "image";
  state: State = "idle";
  /** Counts the packets of this boot: what a request names to be new. */
  sequence = 1;
  session = 1;
  #since = 0;
  #asked = -1;
  #content: string | null = null;
  #pieces = 0;
  received = 0;
  readonly #natures: ReadonlyMap<string, Nature>;
  /** Writes until the power is cut; null: it is not. */
  cutAfter: number | null = null;
  writes = 0;

  constructor(natures: ReadonlyMap<string, Nature>) {
    this.#natures = natures;
  }

  /** A packet of this node: whoever hears it has a fresh number. */
  says(): number {
    return ++this.sequence;
  }

  hear(message: Message, session: number): void {
    if (session !== this.session) return;
    if (message.kind === "piece") return this.#piece(message);
    if (message.id === this.#asked || this.state === "working") return;
    if (message.number <= this.#since || message.number > this.sequence) return;
    this.#since = this.sequence;
    this.#asked = message.id;
    if (message.kind === "undo") {
      this.state = "working";
      return this.#finish(() => this.#undo());
    }
    [this.#content, this.#pieces, this.received] = [message.content, message.pieces, 0];
    this.state = "receiving";
  }

  #piece({ content, at, id }: Message & { readonly kind: "piece" }): void {
    if (this.state !== "receiving" || id !== this.#asked || content !== this.#content || at !== this.received) return;
    if (++this.received < this.#pieces) return;
    this.state = "working";
    this.#finish(() => this.#push(content));
  }

  #finish(work: () => boolean): void {
    this.state = work() ? "done" : "failed";
  }

  /** The order of the rules: file, trial, desired state, sweep. */
  #push(content: string): boolean {
    if (this.disk.named === content) return true;
    this.#write("file", () => this.disk.files.add(content));
    const before = this.running;
    if (this.#natures.get(content) !== "good") return this.#sweep(false);
    this.running = content;
    const isSaved = this.#write("state", () => {
      this.disk.before = this.disk.named;
      this.disk.named = content;
    });
    if (!isSaved) this.running = before;
    return this.#sweep(isSaved);
  }

  #undo(): boolean {
    const { named, before } = this.disk;
    if (named === null) return false;
    const running = this.running;
    this.running = before ?? "image";
    const isSaved = this.#write("state", () => {
      this.disk.named = before;
      this.disk.before = null;
    });
    if (!isSaved) this.running = running;
    return this.#sweep(isSaved);
  }

  #sweep(outcome: boolean): boolean {
    this.#write("sweep", () => {
      for (const file of this.disk.files)
        if (file !== this.disk.named && file !== this.disk.before) this.disk.files.delete(file);
    });
    return outcome;
  }

  /** Nothing is half written: OOFS commits a change as a whole. */
  #write(_what: Write, act: () => void): boolean {
    if (this.cutAfter !== null && this.writes >= this.cutAfter) throw new CutError("the power is cut");
    this.writes++;
    act();
    return true;
  }

  /** Starts anew, from what is on the disk. */
  restart(): void {
    this.session++;
    this.sequence = 1;
    this.#since = 0;
    this.#asked = -1;
    this.state = "idle";
    this.received = 0;
    this.cutAfter = null;
    const { named, files } = this.disk;
    const isThere = named !== null && files.has(named) && this.#natures.get(named) === "good";
    if (!isThere) this.disk.named = null;
    this.running = this.disk.named ?? "image";
  }
}

/** A host that pushes, as src/cloud/pushes.ts does. */
export class Host {
  #requests = 0;

  /** All that it says of one push, if nothing is lost. */
  push(node: Node, content: string, pieces: number): Message[] {
    const id = ++this.#requests;
    const begin: Message = { kind: "begin", content, pieces, number: node.says(), id };
    return [begin, ...Array.from({ length: pieces }, (_, at): Message => ({ kind: "piece", content, at, id }))];
  }

  undo(node: Node): Message[] {
    return [{ kind: "undo", number: node.says(), id: ++this.#requests }];
  }
}
