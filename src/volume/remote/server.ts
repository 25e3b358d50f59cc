/** A role: serves a store to whoever connects, so many requests at once. */
import { assert } from "../../diagnostic/invariant.ts";
import { type Store, StoreError, type StoreTrouble } from "../store.ts";
import {
  encodeFrame,
  type Fields,
  type Frame,
  FrameError,
  FrameReader,
  type Link,
  type LinkUser,
  MAGIC,
  REPLY,
  REQUEST,
  u8,
  u64,
  VERSION,
} from "./frames.ts";

export const TROUBLES: readonly StoreTrouble[] = ["unavailable", "full", "refused", "damaged"];
export const OUTCOMES = ["done", "refused", "unknown"] as const;

export interface RoleOptions {
  readonly name: string;
  /** Other than that of any process that served before. */
  readonly instance: string;
  /** Requests at once. */
  readonly mostRequests: number;
  nowMs(): number;
  log(level: number, text: string): void;
  /** Somebody asked for the end: called when nothing is under way any more. */
  onStop(): void;
}

const KEY = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const PREFIX = /^[A-Za-z0-9._/-]*$/;
const LIST_PART_KEYS = 10_000;
const MOST_WAITING = 64;

type Reply = (kind: number, ...fields: Parameters<typeof encodeFrame>[2][]) => void;

export class Role {
  readonly #store: Store;
  readonly #options: RoleOptions;
  readonly #sinceMs: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #served = 0;
  #isStopping = false;

  constructor(store: Store, options: RoleOptions) {
    assert(options.mostRequests > 0, "a role serves a request at least");
    this.#store = store;
    this.#options = options;
    this.#sinceMs = options.nowMs();
  }

  /** Serves one connection. */
  accept(link: Link): LinkUser {
    const { name, instance, log } = this.#options;
    const { place, readOnly } = this.#store;
    link.send(
      encodeFrame(0, REPLY.greeting, MAGIC, u8(VERSION), instance, name, place, u8(readOnly !== null), readOnly ?? ""),
    );
    const reader = new FrameReader();
    let waiting = 0;
    let isOpen = true;
    const serve = async (frame: Frame): Promise<void> => {
      waiting++;
      if (waiting >= MOST_WAITING) link.pause(true);
      await this.#turn();
      // Of somebody who left nothing more is begun.
      if (isOpen)
        await this.#answer(frame, (kind, ...fields) => isOpen && link.send(encodeFrame(frame.id, kind, ...fields)));
      this.#done();
      waiting--;
      if (waiting < MOST_WAITING) link.pause(false);
    };
    return {
      receive: (bytes) => {
        try {
          for (const frame of reader.take(bytes)) void serve(frame);
        } catch (error) {
          log(1, `a client sends no frames: ${(error as Error).message}`);
          isOpen = false;
          link.close();
        }
      },
      closed: () => {
        isOpen = false;
      },
    };
  }

  async #turn(): Promise<void> {
    if (this.#running >= this.#options.mostRequests) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
  }

  #done(): void {
    this.#running--;
    this.#served++;
    this.#waiting.shift()?.();
    if (this.#isStopping && this.#running === 0 && this.#waiting.length === 0) this.#options.onStop();
  }

  async #answer({ kind, fields }: Frame, reply: Reply): Promise<void> {
    try {
      await this.#serve(kind, fields, reply);
    } catch (error) {
      const isOurs = !(error instanceof StoreError) && !(error instanceof FrameError);
      this.#options.log(isOurs ? 0 : 1, (error as Error).message);
      const trouble = error instanceof StoreError ? error.trouble : "refused";
      reply(REPLY.failed, u8(TROUBLES.indexOf(trouble)), (error as Error).message.slice(0, 4096));
    }
  }

  async #serve(kind: number, fields: Fields, reply: Reply): Promise<void> {
    if (kind === REQUEST.status) return reply(REPLY.done, this.#status());
    if (kind === REQUEST.stop) return this.#stop(reply);
    const key = fields.text();
    if (!(kind === REQUEST.list ? PREFIX : KEY).test(key)) throw new FrameError("a key that cannot be one");
    this.#options.log(3, `request ${kind} ${key}`);
    if (kind === REQUEST.read) return this.#read(key, fields, reply);
    if (kind === REQUEST.write) {
      const [atBytes, isDurable] = [fields.u64(), fields.u8() !== 0];
      await this.#store.write(key, atBytes, fields.rest(), { isDurable });
      return reply(REPLY.done);
    }
    if (kind === REQUEST.swap) {
      const [hasTag, tag] = [fields.u8() !== 0, fields.text()];
      const { outcome, tag: now } = await this.#store.swap(key, fields.rest(), hasTag ? tag : null);
      return reply(REPLY.done, u8(OUTCOMES.indexOf(outcome)), now ?? "");
    }
    if (kind === REQUEST.list) return this.#list(key, reply);
    if (kind !== REQUEST.remove) throw new FrameError(`there is no request ${kind}`);
    await this.#store.remove(key);
    reply(REPLY.done);
  }

  async #read(key: string, fields: Fields, reply: Reply): Promise<void> {
    const [hasRange, atBytes, lengthBytes, isFrozen] = [
      fields.u8() !== 0,
      fields.u64(),
      fields.u32(),
      fields.u8() !== 0,
    ];
    const stored = await this.#store.read(key, hasRange ? { atBytes, lengthBytes } : undefined, { isFrozen });
    if (stored === null) reply(REPLY.done, u8(false));
    else reply(REPLY.done, u8(true), stored.tag, u64(stored.sizeBytes), stored.bytes);
  }

  async #list(prefix: string, reply: Reply): Promise<void> {
    const keys = await this.#store.list(prefix);
    for (let at = 0; at < keys.length; at += LIST_PART_KEYS)
      reply(REPLY.more, new TextEncoder().encode(keys.slice(at, at + LIST_PART_KEYS).join("\n")));
    reply(REPLY.done);
  }

  #status(): Uint8Array {
    const { name, instance } = this.#options;
    const status = { name, instance, sinceMs: this.#sinceMs, requests: this.#served, place: this.#store.place };
    return new TextEncoder().encode(JSON.stringify({ ...status, readOnly: this.#store.readOnly }));
  }

  #stop(reply: Reply): void {
    this.#options.log(2, "asked to stop");
    this.#isStopping = true;
    reply(REPLY.done);
  }
}
