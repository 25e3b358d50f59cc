/**
 * How a kernel spreads over clusters that load it from one another (docs/protocols/upgrade.md, "Propagation"), each as
 * one source: the list is by load, downloads served and id, a busy source answers 503, and a cluster is on the list
 * from the moment on at which it came back with the new kernel. Numbers are those of the assembly.
 */
import { readFileSync } from "node:fs";
import { Random } from "../../emulator/state/random.ts";

function numberOf(file: string, pattern: RegExp): number {
  const found = pattern.exec(readFileSync(file, "utf8"))?.[1];
  if (found === undefined) throw new Error(`${file} has nothing like ${pattern} any more`);
  return Number(found);
}

const SEATS = numberOf("asm/services/download-serve.s", /^DOWNLOAD_SEATS kernel_seats, (\d+)$/m);
const BUSY_FROM = numberOf("asm/cluster/download.s", /^BUSY_FROM\s*= (\d+)/m);
const NAMES = numberOf("asm/include/download.inc", /^DOWNLOAD_NAMES\s*= (\d+)/m);
/** After a round in which all were busy, or no list came: 2 s, 4 s, 8 s, and then by a person or the next turn. */
const PAUSES_S = [2, 4, 8];

export interface Spread {
  readonly clusters: number;
  /** Seconds that a transfer takes that is alone. */
  readonly transferS: number;
  /** From the last byte to the return with the new kernel. */
  readonly restartS: number;
  /** Two downloads of one source share its line, and take twice as long. */
  readonly isShared: boolean;
  readonly seed: number;
  /** What is left out, for tests of the model. */
  readonly listsBusy?: true;
  readonly listsEarly?: true;
  readonly oneSeat?: true;
}

export interface Outcome {
  /** From the first request to the last byte, in times of one transfer; restarts on the way are not counted. */
  readonly rounds: number;
  /** The longest way of a kernel from the first source, in transfers. */
  readonly depth: number;
  /** Requests that heard 503, and lists that named nobody. */
  readonly refused: number;
  readonly unlisted: number;
  /** The most and the fewest that a source has served, of those that were there for the first half. */
  readonly served: readonly number[];
  /** Somebody was listed or served that must not be. */
  readonly wrong: string | null;
}

interface Source {
  readonly listedS: number;
  readonly depth: number;
  readonly taken: { client: number; left: number }[];
  served: number;
}

interface Client {
  /** When it asks next; Infinity while it loads or has it. */
  atS: number;
  tries: number;
}

/** Time goes in steps of this, in which the list is made once (LOOK_MS). */
const STEP_S = 0.2;

export function spread(options: Spread): Outcome {
  const { clusters, transferS, restartS, isShared, seed, listsBusy, listsEarly, oneSeat } = options;
  const seats = oneSeat ? 1 : SEATS;
  const random = new Random(seed, "spread");
  const sources: Source[] = [{ listedS: 0, depth: 0, taken: [], served: 0 }];
  const clients: Client[] = Array.from({ length: clusters }, () => ({ atS: random.below(20) * STEP_S, tries: 0 }));
  let [left, now, refused, unlisted, wrong]: [number, number, number, number, string | null] = [
    clusters,
    0,
    0,
    0,
    null,
  ];
  /** As it is made once in a step: who asks later in it meets those who came before. */
  const list = (): Source[] => {
    const named = sources
      .filter(({ listedS }) => listsEarly || listedS <= now)
      .filter(({ taken }) => listsBusy || taken.length < Math.min(BUSY_FROM, seats))
      .sort((a, b) => a.taken.length - b.taken.length || a.served - b.served || a.listedS - b.listedS)
      .slice(0, NAMES);
    if (named.some(({ listedS }) => listedS > now)) wrong ??= "a cluster is listed that has not come back";
    if (named.some(({ taken }) => taken.length >= seats)) wrong ??= "a busy source is listed";
    return named;
  };
  const ask = (client: Client, number: number, named: readonly Source[]): void => {
    for (const source of named) {
      if (source.taken.length >= seats) {
        refused++;
        continue;
      }
      source.taken.push({ client: number, left: transferS });
      client.atS = Number.POSITIVE_INFINITY;
      return;
    }
    if (named.length === 0) unlisted++;
    client.atS = now + (PAUSES_S[client.tries % PAUSES_S.length] ?? 0) + random.below(4) * STEP_S;
    client.tries++;
  };
  for (; left > 0; now += STEP_S) {
    for (const source of [...sources]) {
      const rate = isShared ? 1 / Math.max(1, source.taken.length) : 1;
      for (const transfer of source.taken) transfer.left -= STEP_S * rate;
      for (let at = source.taken.length - 1; at >= 0; at--) {
        if (source.taken[at]!.left > 1e-9) continue;
        source.taken.splice(at, 1);
        source.served++;
        left--;
        sources.push({ listedS: now + restartS, depth: source.depth + 1, taken: [], served: 0 });
      }
    }
    const named = list();
    for (const [number, client] of clients.entries()) if (client.atS <= now) ask(client, number, named);
  }
  const early = sources.slice(0, Math.ceil(sources.length / 2)).map(({ served }) => served);
  const depth = Math.max(...sources.map((source) => source.depth));
  return {
    rounds: (now - depth * restartS) / transferS,
    depth,
    refused,
    unlisted,
    served: [Math.max(...early), Math.min(...early)],
    wrong,
  };
}
