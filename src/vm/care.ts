/**
 * What a host's daemon decides about machines: which it starts, and which it resets because they are silent. It sees
 * what owners answer and what the nodes' packets say, and knows no clock of its own.
 */

/** A machine at one look. */
export interface Seen {
  /** Of the cluster and the machine. */
  readonly key: string;
  readonly state: string;
  /** It is to run: it starts with the host, or is one of a number that is wanted. */
  readonly isWanted: boolean;
  /** Whether the cluster's packets say that it lives; null where nobody hears them. */
  readonly isMember: boolean | null;
}

export interface Action {
  readonly verb: "start" | "reset";
  readonly key: string;
  readonly why: string;
}

/** A member that is silent for so long does not answer: a boot and a join take a few seconds. */
const SILENT_MS = 20_000;
/** Between two looks: this host slept, or was busy, and nobody's silence counts. */
const FROZEN_MS = 5_000;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 600_000;
/** Who is well for so long is begun with anew. */
const WELL_MS = 300_000;

interface Known {
  /** When it was heard last; null: it was no member since it was started. */
  heardMs: number | null;
  /** Nothing is done before. */
  pausedUntilMs: number;
  pauseMs: number;
  wellSinceMs: number | null;
}

export class Care {
  readonly #known = new Map<string, Known>();
  #lookedMs: number | null = null;

  /** What is to be done now. To be asked each second or so. */
  look(nowMs: number, machines: readonly Seen[]): Action[] {
    const wasFrozen = this.#lookedMs !== null && nowMs - this.#lookedMs > FROZEN_MS;
    this.#lookedMs = nowMs;
    for (const key of this.#known.keys()) if (!machines.some((seen) => seen.key === key)) this.#known.delete(key);
    return machines.flatMap((seen) => this.#decide(nowMs, seen, wasFrozen) ?? []);
  }

  #decide(nowMs: number, { key, state, isWanted, isMember }: Seen, wasFrozen: boolean): Action | null {
    const known = this.#known.get(key) ?? {
      heardMs: null,
      pausedUntilMs: 0,
      pauseMs: FIRST_PAUSE_MS,
      wellSinceMs: null,
    };
    this.#known.set(key, known);
    if (state !== "running") {
      known.heardMs = null;
      known.wellSinceMs = null;
      // A person who pauses or suspends one means it, and of one that is mute nobody knows what it does.
      if (!isWanted || (state !== "off" && state !== "failed")) return null;
      return this.#act(nowMs, known, { verb: "start", key, why: state === "failed" ? "it failed" : "it is to run" });
    }
    if (isMember || (wasFrozen && known.heardMs !== null)) {
      known.heardMs = nowMs;
      known.wellSinceMs ??= nowMs;
      if (nowMs - known.wellSinceMs >= WELL_MS) known.pauseMs = FIRST_PAUSE_MS;
      return null;
    }
    known.wellSinceMs = null;
    // One that never was a member runs another system, or is being configured.
    if (isMember === null || known.heardMs === null || nowMs - known.heardMs < SILENT_MS) return null;
    const silentS = Math.round((nowMs - known.heardMs) / 1000);
    const action = this.#act(nowMs, known, {
      verb: "reset",
      key,
      why: `its cluster has not heard it for ${silentS} s`,
    });
    if (action) known.heardMs = nowMs;
    return action;
  }

  /** Each time it waits longer before it does something again. */
  #act(nowMs: number, known: Known, action: Action): Action | null {
    if (nowMs < known.pausedUntilMs) return null;
    known.pausedUntilMs = nowMs + known.pauseMs;
    known.pauseMs = Math.min(2 * known.pauseMs, LONGEST_PAUSE_MS);
    return action;
  }
}
