/** How soon a link goes on by TCP when UDP ceases, and that it stays with UDP where packets are only lost. */
import type { Outcome, System, Trial } from "./site-trials.ts";
import { DOOR, FORWARDED, MUTE, SERVICE, TenSites } from "./ten-sites.ts";

const WITHIN_S = 60;
/** UDP ceases at so many moments of the ten seconds from one summary to the next. */
const MOMENTS = 10;
const LOST_PERCENTS = [5, 10, 20, 30] as const;
const LOSSY_S = 600;
const [HUB, DEN] = ["hub", "den"] as const;

/** A hub that is reached by both, and a den that nobody reaches, linked by UDP. */
async function two({ make, cdrom, kernel }: System, latency: string): Promise<TenSites> {
  const there = await TenSites.start({
    ...{ make, cdrom, kernel, latency },
    sites: [
      { name: HUB, forwards: [FORWARDED, `tcp:${DOOR}:${SERVICE}:${DOOR}`], portMapping: MUTE },
      { name: DEN, nat: "symmetric", portMapping: MUTE },
    ],
  });
  await there.linkAll();
  return there;
}

const both = (there: TenSites, way: string): boolean => there.pairs().every((pair) => there.way(...pair) === way);

/** Seconds until both speak by TCP. */
async function afterUdp(there: TenSites, moment: number): Promise<number | null> {
  const gateway = there.lab.cluster.world!.routers[1]!;
  gateway.dropsUdp = false;
  await there.secondsUntil(() => both(there, "direct"), 120);
  await there.lab.advance(`${30_000 + (10_000 / MOMENTS) * moment}ms`);
  gateway.dropsUdp = true;
  return there.secondsUntil(() => both(there, "by TCP"), 2 * WITHIN_S);
}

/** How often either went from one way to another, and the longest time for which one heard nothing. */
async function lossy(there: TenSites, percent: number): Promise<[moves: number, silentS: number]> {
  const { world } = there.lab.cluster;
  world!.routers[1]!.dropsUdp = false;
  await there.secondsUntil(() => both(there, "direct"), 120);
  world!.setLine(1, 0, percent);
  const now = (): string =>
    there
      .pairs()
      .map((pair) => there.way(...pair))
      .join();
  const [fromNs, longest] = [there.lab.nowNs, [0, 0]];
  const heard = there.pairs().map(() => ({ seenMs: -1, atNs: fromNs }));
  let [moves, before] = [0, now()];
  while (there.lab.nowNs < fromNs + LOSSY_S * 1e9) {
    await there.lab.advance("100ms");
    const ways = now();
    if (ways !== before) moves++;
    before = ways;
    for (const [index, [site, other]] of there.pairs().entries()) {
      const { seenMs } = there.facts(site, other)!;
      if (seenMs !== heard[index]!.seenMs) heard[index] = { seenMs, atNs: there.lab.nowNs };
      longest[index] = Math.max(longest[index]!, there.lab.nowNs - heard[index]!.atNs);
    }
  }
  world!.setLine(1, 0, 0);
  return [moves, Math.max(...longest) / 1e9];
}

const tcpTrial = (latency: string): Trial => ({
  rule: `a link goes on by TCP within ${WITHIN_S} s after UDP ceased (${latency}), and stays with UDP that loses packets`,
  run: async (system): Promise<Outcome> => {
    const there = await two(system, latency);
    try {
      const taken: (number | null)[] = [];
      for (let moment = 0; moment < MOMENTS; moment++) taken.push(await afterUdp(there, moment));
      const seconds = taken.map((each) => each?.toFixed(1) ?? "never");
      const lines = [`by TCP after ${seconds.join(", ")} s`];
      for (const percent of LOST_PERCENTS) {
        const [moves, silentS] = await lossy(there, percent);
        lines.push(
          `${percent}% lost: ${moves} moves in ${LOSSY_S} s, nothing heard for ${silentS.toFixed(1)} s at most`,
        );
      }
      return { lines, problems: taken.some((each) => each === null || each > WITHIN_S) ? [lines[0]!] : [] };
    } finally {
      there.lab.close();
    }
  },
});

export const TCP_TRIALS: Readonly<Record<string, Trial>> = { "tcp-20": tcpTrial("20ms"), "tcp-300": tcpTrial("300ms") };
