/**
 * How long a store is waited for that does not answer. The first call that meets the silence waits it out, which a
 * guest sees as a slow disk, and fails with one error. After that a call tries once, so that a guest gets its errors at
 * once and not one a minute; the first answer ends it.
 */
import { assert } from "../diagnostic/invariant.ts";
import { StoreError } from "./store.ts";

export interface PatienceHost {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
  /** From 0 to 1. */
  draw(): number;
}

/** What an attempt came to: `again` says why it may go better the next time. */
export type Attempt<Result> = { readonly result: Result } | { readonly again: string };

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 4_000;
/** Whoever has never answered may be no store at all: a person waits for this. */
const FIRST_WAIT_MS = 10_000;

export class Patience {
  readonly #place: string;
  readonly #host: PatienceHost;
  readonly #waitMs: number;
  #firstWaitMs: number | null;
  #isDown = false;

  constructor(place: string, host: PatienceHost, waitMs: number, firstWaitMs = Math.min(waitMs, FIRST_WAIT_MS)) {
    assert(waitMs > 0, "patience has an end");
    this.#place = place;
    this.#host = host;
    this.#waitMs = waitMs;
    this.#firstWaitMs = firstWaitMs;
  }

  /** Tries until there is a result. Throws a `StoreError` when the store was silent for too long. */
  async until<Result>(attempt: (count: number) => Promise<Attempt<Result>>): Promise<Result> {
    const startMs = this.#host.nowMs();
    for (let count = 0; ; count++) {
      const outcome = await attempt(count);
      if ("result" in outcome) {
        this.#isDown = false;
        this.#firstWaitMs = null;
        return outcome.result;
      }
      const waitedMs = this.#host.nowMs() - startMs;
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** count) * (0.5 + this.#host.draw() / 2);
      assert(pauseMs > 0, "a pause takes time");
      if (this.#isDown || waitedMs + pauseMs > (this.#firstWaitMs ?? this.#waitMs)) {
        const since = this.#isDown ? "" : `, after ${Math.round(waitedMs / 1000)} s`;
        this.#isDown = true;
        throw new StoreError("unavailable", `${this.#place} does not answer: ${outcome.again}${since}`);
      }
      await this.#host.sleep(pauseMs);
    }
  }
}
