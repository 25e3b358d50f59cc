/**
 * A store that a role serves. The role may be killed and started again at any moment: it is connected to again, and
 * what was written and not yet made durable is kept here until it is, and sent again to a process that does not have
 * it.
 */
import { assert } from "../../diagnostic/invariant.ts";
import type { Attempt, Patience } from "../patience.ts";
import {
  type Range,
  type ReadOptions,
  type Store,
  type Stored,
  StoreError,
  type Swapped,
  UNKNOWN,
  type WriteOptions,
} from "../store.ts";
import type { Piece } from "../whole.ts";
import {
  encodeFrame,
  Fields,
  type Frame,
  FrameReader,
  type Link,
  type LinkUser,
  MAGIC,
  REPLY,
  REQUEST,
  u8,
  u32,
  u64,
  VERSION,
} from "./frames.ts";
import { OUTCOMES, TROUBLES } from "./server.ts";

/** Makes a connection whose bytes go to `user`; rejects when there is nobody. */
export type Connect = (user: LinkUser) => Promise<Link>;

export interface RoleStatus {
  readonly name: string;
  readonly instance: string;
  readonly sinceMs: number;
  readonly requests: number;
  readonly place: string;
  readonly readOnly: string | null;
}

type FieldOf = Parameters<typeof encodeFrame>[2];
type Reply = { readonly fields: Fields } | { readonly lost: string; readonly isSent: boolean };

interface Greeting {
  readonly instance: string;
  readonly place: string;
  readonly readOnly: string | null;
}

interface Pending {
  readonly parts: Uint8Array[];
  readonly timer: ReturnType<typeof setTimeout>;
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** A role itself waits for a minute where its store does not answer. After this it is taken for stuck. */
const ANSWER_MS = 100_000;

/** A connection that was greeted. */
export class Session implements LinkUser {
  readonly greeted: Promise<Greeting>;
  greeting: Greeting | null = null;
  /** Resolves when the connection is over. */
  readonly ended: Promise<void>;
  #reader = new FrameReader();
  #link: Link | null = null;
  #nextId = 1;
  #endReason: string | null = null;
  readonly #pending = new Map<number, Pending>();
  #greet: (greeting: Greeting) => void = () => {};
  #refuse: (error: Error) => void = () => {};
  #markEnd: () => void = () => {};

  private constructor() {
    this.greeted = new Promise((resolve, reject) => {
      this.#greet = resolve;
      this.#refuse = reject;
    });
    this.greeted.catch(() => {});
    this.ended = new Promise((resolve) => {
      this.#markEnd = resolve;
    });
  }

  static async open(connect: Connect, greetedMs = ANSWER_MS): Promise<Session> {
    const session = new Session();
    session.#link = await connect(session);
    const timer = setTimeout(() => session.#end("it does not say who it is"), greetedMs);
    try {
      session.greeting = await session.greeted;
    } finally {
      clearTimeout(timer);
    }
    return session;
  }

  get isOpen(): boolean {
    return this.#endReason === null;
  }

  request(kind: number, ...fields: readonly FieldOf[]): Promise<Reply> {
    if (this.#endReason !== null) return Promise.resolve({ lost: this.#endReason, isSent: false });
    const id = this.#nextId++;
    assert(!this.#pending.has(id), "a request has a number of its own");
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#end("no answer in time"), ANSWER_MS);
      this.#pending.set(id, { parts: [], timer, resolve, reject });
      this.#link!.send(encodeFrame(id, kind, ...fields));
    });
  }

  close(): void {
    this.#end("the connection was closed");
  }

  #end(reason: string): void {
    this.#link?.close();
    this.closed(reason);
  }

  receive(bytes: Uint8Array): void {
    try {
      for (const frame of this.#reader.take(bytes)) this.#take(frame);
    } catch (error) {
      this.#end(`it is no role of QuRe: ${(error as Error).message}`);
    }
  }

  closed(reason: string): void {
    if (this.#endReason !== null) return;
    this.#endReason = reason;
    this.#markEnd();
    this.#refuse(new Error(reason));
    for (const { timer, resolve } of this.#pending.values()) {
      clearTimeout(timer);
      resolve({ lost: reason, isSent: true });
    }
    this.#pending.clear();
  }

  #take({ id, kind, fields }: Frame): void {
    if (kind === REPLY.greeting) {
      if (fields.text() !== MAGIC || fields.u8() !== VERSION) throw new Error("it speaks another protocol");
      const [instance, , place, isReadOnly, reason] = [
        fields.text(),
        fields.text(),
        fields.text(),
        fields.u8(),
        fields.text(),
      ];
      return this.#greet({ instance, place, readOnly: isReadOnly === 0 ? null : reason });
    }
    const request = this.#pending.get(id);
    if (request === undefined) return;
    if (kind === REPLY.more) return void request.parts.push(fields.rest());
    this.#pending.delete(id);
    clearTimeout(request.timer);
    if (kind === REPLY.failed) {
      const trouble = TROUBLES[fields.u8()] ?? "refused";
      return request.reject(new StoreError(trouble, fields.text()));
    }
    request.resolve({
      fields: request.parts.length === 0 ? fields : new Fields(joined([...request.parts, fields.rest()])),
    });
  }
}

/** What was written to a key and is not durable, and who has it. */
interface Unflushed {
  pieces: Piece[];
  instance: string;
  writers: number;
  /** The end of the line of those who write. */
  line: Promise<unknown>;
}

const MOST_UNFLUSHED_BYTES = 64 << 20;
const WRITE_BYTES = 4 << 20;

/** Connects to a role. Throws a `StoreError` when there is none. */
export async function openRemoteStore(name: string, connect: Connect, patience: Patience): Promise<RemoteStore> {
  const store = new RemoteStore(name, connect, patience);
  await store.greet();
  return store;
}

export class RemoteStore implements Store {
  readonly #name: string;
  readonly #connect: Connect;
  readonly #patience: Patience;
  readonly #unflushed = new Map<string, Unflushed>();
  #unflushedBytes = 0;
  #session: Promise<Session> | null = null;
  #greeting: Greeting | null = null;

  constructor(name: string, connect: Connect, patience: Patience) {
    this.#name = name;
    this.#connect = connect;
    this.#patience = patience;
  }

  get place(): string {
    return `${this.#name} (${this.#greeting?.place ?? "not connected"})`;
  }

  get readOnly(): string | null {
    return this.#greeting?.readOnly ?? null;
  }

  async greet(): Promise<void> {
    await this.#patience.until(() => this.#attempt(async () => ({ result: null })));
  }

  async close(): Promise<void> {
    const session = await this.#session?.catch(() => null);
    session?.close();
  }

  async read(key: string, range?: Range, options?: ReadOptions): Promise<Stored | null> {
    const { atBytes = 0, lengthBytes = 0 } = range ?? {};
    const fields = [key, u8(range !== undefined), u64(atBytes), u32(lengthBytes), u8(options?.isFrozen ?? false)];
    return this.#patience.until(() =>
      this.#attempt<Stored | null>(async (session) => {
        if (!(await this.#restore(session, key))) return { again: "the connection ended" };
        const reply = await session.request(REQUEST.read, ...fields);
        if ("lost" in reply) return { again: reply.lost };
        if (reply.fields.u8() === 0) return { result: null };
        const [tag, sizeBytes] = [reply.fields.text(), reply.fields.u64()];
        return { result: { tag, sizeBytes, bytes: reply.fields.rest() } };
      }),
    );
  }

  async write(key: string, atBytes: number, bytes: Uint8Array, { isDurable }: WriteOptions): Promise<void> {
    const entry = this.#entry(key);
    entry.writers++;
    const done = entry.line.then(() => this.#writeInLine(key, entry, atBytes, bytes, isDurable));
    entry.line = done.catch(() => {});
    try {
      await done;
    } finally {
      entry.writers--;
      if (entry.writers === 0 && entry.pieces.length === 0) this.#forget(key, entry);
    }
    if (this.#unflushedBytes > MOST_UNFLUSHED_BYTES) {
      const oldest = [...this.#unflushed].find(([, { pieces }]) => pieces.length > 0);
      if (oldest !== undefined) await this.write(oldest[0], 0, new Uint8Array(), { isDurable: true });
    }
  }

  async swap(key: string, bytes: Uint8Array, tag: string | null): Promise<Swapped> {
    return this.#patience.until(() =>
      this.#attempt<Swapped>(async (session) => {
        const reply = await session.request(REQUEST.swap, key, u8(tag !== null), tag ?? "", bytes);
        if ("lost" in reply) return reply.isSent ? { result: UNKNOWN } : { again: reply.lost };
        const outcome = OUTCOMES[reply.fields.u8()] ?? "unknown";
        return { result: { outcome, tag: reply.fields.text() || null } };
      }),
    );
  }

  async list(prefix: string): Promise<string[]> {
    return this.#patience.until(() =>
      this.#attempt(async (session) => {
        for (const key of this.#unflushed.keys())
          if (key.startsWith(prefix) && !(await this.#restore(session, key))) return { again: "the connection ended" };
        const reply = await session.request(REQUEST.list, prefix);
        if ("lost" in reply) return { again: reply.lost };
        const text = new TextDecoder().decode(reply.fields.rest());
        return { result: text === "" ? [] : text.split("\n") };
      }),
    );
  }

  async remove(key: string): Promise<void> {
    const entry = this.#unflushed.get(key);
    if (entry !== undefined) this.#forget(key, entry);
    await this.#patience.until(() =>
      this.#attempt(async (session) => {
        const reply = await session.request(REQUEST.remove, key);
        return "lost" in reply ? { again: reply.lost } : { result: null };
      }),
    );
  }

  /** One try with a connection, which is made when there is none. */
  async #attempt<Result>(work: (session: Session) => Promise<Attempt<Result>>): Promise<Attempt<Result>> {
    this.#session ??= Session.open(this.#connect);
    const opening = this.#session;
    let session: Session;
    try {
      session = await opening;
    } catch (error) {
      if (this.#session === opening) this.#session = null;
      return { again: reasonOf(error as Error & { code?: string }) };
    }
    if (!session.isOpen) {
      if (this.#session === opening) this.#session = null;
      return { again: "the connection ended" };
    }
    this.#greeting = session.greeting;
    return work(session);
  }

  #entry(key: string): Unflushed {
    let entry = this.#unflushed.get(key);
    if (entry === undefined)
      this.#unflushed.set(key, (entry = { pieces: [], instance: "", writers: 0, line: Promise.resolve() }));
    return entry;
  }

  async #writeInLine(
    key: string,
    entry: Unflushed,
    atBytes: number,
    bytes: Uint8Array,
    isDurable: boolean,
  ): Promise<void> {
    const pieces: Piece[] = [];
    for (let at = 0; at < bytes.length; at += WRITE_BYTES)
      pieces.push({ atBytes: atBytes + at, bytes: copyOf(bytes.subarray(at, at + WRITE_BYTES)) });
    const before = entry.pieces.length;
    entry.pieces.push(...pieces);
    this.#unflushedBytes += bytes.length;
    try {
      await this.#sendUnflushed(key, entry, before, isDurable);
    } catch (error) {
      // Whoever wrote is told; what was taken before stays to be flushed.
      entry.pieces.length = before;
      this.#unflushedBytes -= bytes.length;
      throw error;
    }
    if (!isDurable) return;
    for (const piece of entry.pieces) this.#unflushedBytes -= piece.bytes.length;
    entry.pieces = [];
    assert(this.#unflushedBytes >= 0, "what is flushed was counted");
  }

  async #sendUnflushed(key: string, entry: Unflushed, before: number, isDurable: boolean): Promise<void> {
    let isFirst = true;
    await this.#patience.until(() =>
      this.#attempt(async (session) => {
        const has = isFirst && before > 0 && entry.instance === session.greeting!.instance;
        isFirst = false;
        entry.instance = "";
        for (const piece of entry.pieces.slice(has ? before : 0)) {
          const reply = await send(session, key, piece, false);
          if (reply !== null) return { again: reply };
        }
        if (isDurable) {
          const reply = await send(session, key, { atBytes: 0, bytes: new Uint8Array() }, true);
          if (reply !== null) return { again: reply };
        }
        entry.instance = session.greeting!.instance;
        return { result: null };
      }),
    );
  }

  /** Sends again what this process of the role does not have; false when the connection ended over it. */
  async #restore(session: Session, key: string): Promise<boolean> {
    const entry = this.#unflushed.get(key);
    const instance = session.greeting!.instance;
    if (entry === undefined || entry.pieces.length === 0 || entry.instance === instance) return true;
    const restored = entry.line.then(async () => {
      if (entry.instance === instance) return true;
      for (const piece of entry.pieces) if ((await send(session, key, piece, false)) !== null) return false;
      entry.instance = instance;
      return true;
    });
    entry.line = restored.catch(() => {});
    return restored;
  }

  #forget(key: string, entry: Unflushed): void {
    for (const piece of entry.pieces) this.#unflushedBytes -= piece.bytes.length;
    entry.pieces = [];
    if (this.#unflushed.get(key) === entry) this.#unflushed.delete(key);
  }
}

/** Null when it was taken. */
async function send(
  session: Session,
  key: string,
  { atBytes, bytes }: Piece,
  isDurable: boolean,
): Promise<string | null> {
  const reply = await session.request(REQUEST.write, key, u64(atBytes), u8(isDurable), bytes);
  return "lost" in reply ? reply.lost : null;
}

/** Also of a buffer of Node, whose own `slice` shares memory. */
function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

function reasonOf({ code, message }: Error & { code?: string }): string {
  return code === "ENOENT" || code === "ECONNREFUSED" ? 'it does not run ("qure storage start" starts it)' : message;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const text = parts.map((part) => new TextDecoder().decode(part)).filter((part) => part !== "");
  return new TextEncoder().encode(text.join("\n"));
}
