/**
 * A hundred clusters of which each is linked with six, so that news go from one to the next: what all of them hear of
 * each other, read from their memory (asm/wide/hearsay.s).
 */
import { kernelLayout } from "../../src/chaos/setup.ts";
import type { LabNode } from "../../src/index.ts";
import { GuestMemory } from "../../src/lab/guest-memory.ts";
import { text } from "../../src/wire/record.ts";
import { countFrames, type Outcome, type System, type Trial } from "./site-trials.ts";
import { DOOR, FORWARDED, MUTE, publicOfSite, TenSites } from "./ten-sites.ts";

/** Each is linked with those that are so far on, in a ring of all, and so far back. */
const STEPS = [1, 9, 34] as const;
const WITHIN_S = 60;
/** For as long all that is known is told once. */
const REST_S = 240;
const FAR = { name: 8, members: 44, bytes: 56, count: 128 } as const;

/** How many members a machine has heard that each cluster has, by the names that they call themselves. */
function heardBy(kernel: Uint8Array): (node: LabNode) => ReadonlyMap<string, number> {
  const at = kernelLayout(kernel).address("fars");
  return (node) => {
    const bytes = new GuestMemory(node.machine).bytes(at, FAR.count * FAR.bytes)!;
    const found = new Map<string, number>();
    for (let entry = 0; entry < bytes.length; entry += FAR.bytes) {
      const name = text(bytes.subarray(entry + FAR.name, entry + FAR.name + 32));
      if (name !== "") found.set(name, bytes[entry + FAR.members]!);
    }
    return found;
  };
}

const nameOf = (site: number): string => `site-${site + 1}`;
const addressOf = (site: number): string => `198.51.100.${site + 1}`;

/** The value by which a site is linked with another one. */
const linkWith = (other: number, site: number): string =>
  `cloud set link.${nameOf(other)} "${publicOfSite(nameOf(other), other, nameOf(site), site)} ${addressOf(other)} ${DOOR}"`;

async function farNews({ make, cdrom, kernel }: System, count: number, latency: string): Promise<Outcome> {
  const sites = Array.from({ length: count }, (_, site) => ({
    ...{ name: nameOf(site), nodes: site === 0 ? 2 : 1, nat: "full-cone", forwards: [FORWARDED], portMapping: MUTE },
    publicAddress: addressOf(site),
  })) satisfies Parameters<typeof TenSites.start>[0]["sites"];
  const there = await TenSites.start({ make, cdrom, kernel, sites, latency });
  const { lab, names } = there;
  try {
    // The last one is linked with nobody yet.
    const joiner = count - 1;
    const others = names.slice(0, -1);
    const steps = STEPS.flatMap((step) => [step, count - step]);
    for (const step of steps)
      await there.sayAll((name) => {
        const site = names.indexOf(name);
        const other = (site + step) % count;
        return site === joiner || other === joiner ? null : linkWith(other, site);
      });
    const heard = heardBy(kernel);
    const membersAt = (site: string, of: string): number | undefined => heard(there.nodesOf(site)[0]!).get(of);
    const all = (sees: (site: string) => boolean): Promise<number | null> =>
      there.secondsUntil(() => others.every(sees), WITHIN_S);
    const shown = (seconds: number | null): string => (seconds === null ? "never" : `${seconds.toFixed(1)} s`);
    const whole = await there.secondsUntil(
      () => others.every((site) => heard(there.nodesOf(site)[0]!).size === count - 2),
      300,
    );
    await lab.advance("15s");
    there.nodesOf(nameOf(0))[1]!.powerOff();
    const event = await all((site) => site === nameOf(0) || membersAt(site, nameOf(0)) === 1);
    await lab.advance("15s");
    const last = nameOf(joiner);
    for (const step of steps) {
      const other = (joiner + step) % count;
      await there.said(last, linkWith(other, joiner));
      await there.said(nameOf(other), linkWith(joiner, other));
    }
    const join = await all((site) => membersAt(site, last) === 1);
    const joined = await there.secondsUntil(() => heard(there.nodesOf(last)[0]!).size === count - 1, WITHIN_S);
    await lab.advance("30s");
    const counts = names.map((site) => countFrames(there, site));
    await lab.advance(`${REST_S}s`);
    const bytes = counts.map((bytesOf) => bytesOf() / REST_S / steps.length);
    const each = bytes.reduce((sum, one) => sum + one) / count;
    const lines = [
      `${count - 1} clusters with six links each know of each other: ${shown(whole)} after the last link`,
      `a member less is known to all: ${shown(event)}`,
      `a cluster more is known to all ${shown(join)} after its last link, and knows all ${shown(joined)} later`,
      `at rest ${each.toFixed(1)} bytes a second for each link, ${Math.max(...bytes).toFixed(1)} at most`,
    ];
    return { lines, problems: [whole, event, join, joined].includes(null) ? [lines.join("\n")] : [] };
  } finally {
    lab.close();
  }
}

const farTrial = (count: number, latency: string): Trial => ({
  rule: `news reach ${count} clusters by links of links within ${WITHIN_S} s (${latency})`,
  run: (system) => farNews(system, count, latency),
});

export const FAR_TRIALS: Readonly<Record<string, Trial>> = {
  "thirty-20": farTrial(30, "20ms"),
  "thirty-300": farTrial(30, "300ms"),
  "hundred-20": farTrial(100, "20ms"),
  "hundred-300": farTrial(100, "300ms"),
};
