/**
 * Which machines a host's daemon invites into a cluster with a key: those that run, have none, and are its own to
 * configure. It knows no clock, and keeps nothing that a daemon which is started again would miss.
 */
import { checkCluster, parseKey } from "./name.ts";

/** Which machines a person has named, besides those of `scale`. */
export class Named {
  /** MAC addresses of their cards, as configurations have them: a name may be another machine's tomorrow. */
  readonly cards: readonly string[];
  readonly #keys: readonly string[];
  readonly #isAll: boolean;

  /** `all`, MAC addresses, and machines as CLUSTER/MACHINE or of `cluster`, by commas. Throws a NameError. */
  constructor(text: string, cluster: string) {
    const names = text === "" ? [] : text.split(",");
    this.#isAll = names.includes("all");
    this.cards = names.filter(isCard).map((name) => name.toLowerCase().replaceAll("-", ":"));
    this.#keys = names
      .filter((name) => name !== "all" && !isCard(name))
      .map((name) => {
        const slash = name.indexOf("/");
        const own = slash < 0 ? cluster : name.slice(0, slash);
        return `${checkCluster(own)}/${parseKey(name.slice(slash + 1))}`;
      });
  }

  has(cluster: string, key: string, mac: string): boolean {
    return this.#isAll || this.cards.includes(mac) || this.#keys.includes(`${cluster}/${key}`);
  }
}

const isCard = (name: string): boolean => /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i.test(name);

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
