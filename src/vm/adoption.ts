/**
 * Which machines a host's daemon invites into a cluster with a key: those that run, have none, and are its own to
 * configure. It knows no clock, and keeps nothing that a daemon which is started again would miss.
 */

/** A machine at one look. */
export interface Blank {
  /** Of the cluster and the machine. */
  readonly key: string;
  /** It was made by `scale`, or a person has named it. */
  readonly isOurs: boolean;
  /** It says that it is of an open cluster, while this host has a key that counts. */
  readonly isBlank: boolean;
}

const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 600_000;

interface Tried {
  pausedUntilMs: number;
  pauseMs: number;
}

export class Adoption {
  readonly #tried = new Map<string, Tried>();
  /** Whoever is being invited now. */
  readonly #busy = new Set<string>();

  /** Whom to invite now: each is over when `over` says so. */
  look(nowMs: number, machines: readonly Blank[]): string[] {
    const blank = machines.filter(({ isOurs, isBlank }) => isOurs && isBlank).map(({ key }) => key);
    // Whoever has the key now is begun with anew, should it ever be blank again.
    for (const key of this.#tried.keys()) if (!blank.includes(key) && !this.#busy.has(key)) this.#tried.delete(key);
    return blank.filter((key) => {
      const tried = this.#tried.get(key) ?? { pausedUntilMs: nowMs, pauseMs: FIRST_PAUSE_MS };
      if (this.#busy.has(key) || nowMs < tried.pausedUntilMs) return false;
      const { pauseMs } = tried;
      this.#tried.set(key, { pausedUntilMs: nowMs + pauseMs, pauseMs: Math.min(2 * pauseMs, LONGEST_PAUSE_MS) });
      this.#busy.add(key);
      return true;
    });
  }

  over(key: string): void {
    this.#busy.delete(key);
  }
}
