/** What clusters at sites go through, each in a world that it begins itself (ten-sites.ts). */
import type { RouterLies } from "../../emulator/ether/wide/lies.ts";
import { addressNumber } from "../../emulator/ether/wide/wide-net.ts";
import type { PortMappingOptions } from "../../src/lab/sites.ts";
import { wideOf } from "../../src/wire/wide.ts";
import { FORWARDED, MUTE, OUTER, SERVICE, type Start, TEN, TenSites, type Way } from "./ten-sites.ts";

export type System = Pick<Start, "make" | "cdrom" | "kernel">;

export interface Outcome {
  readonly problems: readonly string[];
  /** Lines for people. */
  readonly lines: readonly string[];
}

export interface Trial {
  readonly rule: string;
  /** `nodes`: at each site, where the trial says nothing else. */
  run(system: System, nodes: number): Promise<Outcome>;
}

const TALK_S = 10;
const NOTICE_S = 60;
const SERVICE_S = 1;
const VIEW_S = 15;
/** What a site may take to be whole again that was away, or is elsewhere. */
const BACK_S = 60;
/** Ten times as long as a link by a relay is silent at rest. */
const REST_S = 330;

/** `nodes`: at each site. */
const ten = (system: System, nodes: number, latency = "20ms"): Promise<TenSites> =>
  TenSites.start({ ...system, sites: TEN.map((site) => ({ ...site, nodes })), outer: OUTER, latency });

/** For an hour: one of each kind that others treat otherwise. */
const FOUR = TEN.filter(({ name }) => ["hub", "port", "east", "west"].includes(name));

async function linkedTen(system: System, nodes: number, latency?: string): Promise<TenSites> {
  return settled(await ten(system, nodes, latency));
}

const linked = async (system: System, nodes: number, sites: typeof TEN): Promise<TenSites> =>
  settled(await TenSites.start({ ...system, sites: sites.map((site) => ({ ...site, nodes })) }));

async function settled(there: TenSites): Promise<TenSites> {
  await there.linkAll();
  await there.lab.advance("60s");
  return there;
}

const shown = (seconds: number | null): string => (seconds === null ? "never" : `${seconds.toFixed(1)} s`);
const longest = (all: readonly (number | null)[]): number | null =>
  all.some((one) => one === null) ? null : Math.max(...(all as number[]));
const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[all.length >> 1]!;

function tooLong(what: string, seconds: number | null, most: number): string[] {
  return seconds !== null && seconds <= most ? [] : [`${what}: ${shown(seconds)}, at most ${most} s are allowed`];
}

/** Every pair of these links as people would, and talks. */
export async function everyPairTalks(there: TenSites): Promise<Outcome> {
  const { names, lab } = there;
  const [first, later] = [new Map<string, Way>(), new Map<string, Way>()];
  const taken: number[] = [];
  const problems: string[] = [];
  for (const [index, inviter] of names.entries())
    for (const joiner of names.slice(index + 1)) {
      const answer = await there.link(inviter, joiner);
      const seconds = await there.secondsUntil(
        () => there.sees(inviter, joiner) && there.sees(joiner, inviter),
        TALK_S,
      );
      problems.push(...tooLong(`${inviter} and ${joiner} talk (${answer.trim()})`, seconds, TALK_S));
      if (seconds !== null) taken.push(seconds);
      first.set(`${inviter} ${joiner}`, there.way(inviter, joiner));
      if (index === 0) await lab.advance("1s");
    }
  await lab.advance("60s");
  for (const [site, other] of there.pairs()) later.set(`${site} ${other}`, there.way(site, other));
  const apart = there.pairs().filter(([site, other]) => !there.sees(site, other));
  problems.push(...apart.map(([site, other]) => `a minute later ${site} does not see ${other}`));
  const word = (way: Way | undefined): string => (way === undefined ? "" : way.replace("direct", "-"));
  const table = names.map((site) =>
    [site, ...names.map((other) => (site === other ? "" : word(later.get(`${site} ${other}`))))]
      .map((cell) => cell.padEnd(9))
      .join("")
      .trimEnd(),
  );
  const relayed = [...first.values()].filter((way) => way !== "direct").length;
  const still = [...later.values()].filter((way) => way !== "direct").length;
  return {
    problems,
    lines: [
      `${taken.length} pairs: ${median(taken).toFixed(1)} s, the slowest ${Math.max(...taken).toFixed(1)} s after the join`,
      `${relayed} of them by a relay at first; a minute later ${still} of ${later.size} directions:`,
      ["", ...names]
        .map((cell) => cell.padEnd(9))
        .join("")
        .trimEnd(),
      ...table,
    ],
  };
}

/** Kills a site's delegate, and says when the next one speaks, and when all others see one member less. */
export async function killDelegate(
  there: TenSites,
  site: string,
): Promise<[service: number | null, view: number | null]> {
  const others = there.names.filter((other) => other !== site);
  const dead = there.delegate(site)!;
  const isFresh = there.mark();
  dead.powerOff();
  const service = await there.secondsUntil(() => there.holder(site) !== undefined, VIEW_S);
  const left = await there.secondsUntil(
    () => others.every((other) => there.sees(other, site) && isFresh(other, site)),
    BACK_S,
  );
  dead.powerOn();
  return [service, left === null || service === null ? null : service + left];
}

/** Seconds until the sites see each other anew, each heard after now. */
const untilAllSee = (there: TenSites, seconds: number): Promise<number | null> => {
  const isFresh = there.mark();
  return there.secondsUntil(
    () => there.pairs().every(([site, other]) => there.sees(site, other) && isFresh(site, other)),
    seconds,
  );
};

const siteNumber = (there: TenSites, site: string): number => there.names.indexOf(site);

/** The provider gives a site an address that nobody has had. */
function moveAway(there: TenSites, site: string): void {
  const address = addressNumber("203.0.113.1") + there.moves++;
  there.lab.cluster.world!.move(siteNumber(there, site), address);
}

/** Members that a site believes another one to have, and the number under which it knows it. */
const belief = (there: TenSites): Map<string, string> =>
  new Map(
    there.pairs().map(([site, other]) => {
      const { publicDigits, members = [] } = there.facts(site, other) ?? {};
      return [`${site} ${other}`, `${publicDigits} ${[...members].sort().join()}`];
    }),
  );

/** What is believed otherwise than before, though nothing of it has changed. */
function changed(before: ReadonlyMap<string, string>, there: TenSites): string[] {
  const now = belief(there);
  return [...before].flatMap(([pair, was]) =>
    now.get(pair) === was ? [] : [`${pair}: ${was} before, ${now.get(pair)} after`],
  );
}

/** Each site may lose its address to another one. */
const MOVABLE = ["cone", "mill", "port", "west", "farm", "shop", "east"] as const;

export async function bothAddresses(there: TenSites, site: string): Promise<number | null> {
  const service = `192.168.1.${there.nodesOf(site).length + 201}`;
  moveAway(there, site);
  const speaker = there.delegate(site)!;
  speaker.type(`cloud address remove ${SERVICE}\ncloud address add ${service}\n`);
  return untilAllSee(there, BACK_S);
}

/** Two sites get new public addresses at once: neither can tell the other. */
async function twoMove(there: TenSites, one: string, other: string): Promise<number | null> {
  moveAway(there, one);
  moveAway(there, other);
  return untilAllSee(there, BACK_S);
}

/** One site's public address is another one's from now on. */
export async function handOver(there: TenSites, from: string, to: string): Promise<[number | null, string[]]> {
  const before = belief(there);
  const { outsideAddress } = there.lab.cluster.world!.routers[siteNumber(there, from)]!;
  moveAway(there, from);
  there.lab.cluster.world!.move(siteNumber(there, to), outsideAddress);
  const seconds = await untilAllSee(there, BACK_S);
  return [seconds, changed(before, there)];
}

// --- Lies ----------------------------------------------------------------------------------------------------

const PROTOCOLS: Readonly<Record<string, PortMappingOptions>> = {
  PCP: { natPmp: false, igd: 0 },
  "NAT-PMP": { pcp: false, igd: 0 },
  "UPnP 1": { pcp: false, natPmp: false },
  "UPnP 2": { pcp: false, natPmp: false, igd: 2 },
};

interface Lie {
  readonly name: string;
  readonly lies: RouterLies;
  /** With its power it loses its mappings. */
  readonly restarts?: boolean;
  readonly isDead?: boolean;
  /** What `cloud public` says when it was noticed, or cost nothing; since how many seconds the lie is told. */
  isNoticed(text: string, seconds: number): boolean;
}

/** Called since it began. */
const isCalled = (text: string, seconds: number): boolean =>
  Number(/and reached it (\d+) s ago/.exec(text)?.[1] ?? Infinity) < seconds - 1;

const LIES: readonly Lie[] = [
  {
    ...{ name: "mappings are granted and dead", lies: { deadMappings: true }, isDead: true },
    isNoticed: (text) => text.includes("and has not reached it"),
  },
  { name: "mappings are forgotten", lies: {}, restarts: true, isNoticed: isCalled },
  {
    ...{ name: "mappings for ever are lost with its power", lies: { forgetsAtReboot: true }, restarts: true },
    isNoticed: isCalled,
  },
  { name: "answers come from port 9999", lies: { answersFromPort: 9999 }, restarts: true, isNoticed: isCalled },
  {
    ...{ name: "another public address", lies: { publicAddress: addressNumber("203.0.113.5") }, restarts: true },
    isNoticed: (text) => /that it is 203\.0\.113\.5\s+so there is another gateway/.test(text),
  },
];

/** A gateway begins to lie while all is well. Resolves to the seconds until that is known. */
async function injectLie(system: System, protocol: string, { lies, restarts, isDead, isNoticed }: Lie) {
  const there = await TenSites.start({
    ...system,
    sites: [
      { name: "hub", forwards: [FORWARDED], portMapping: MUTE },
      { name: "den", portMapping: PROTOCOLS[protocol]! },
    ],
  });
  try {
    await there.linkAll();
    await there.lab.advance("40s");
    const { routers } = there.lab.cluster.world!;
    const { config } = there.lab.cluster;
    const { router } = config.world!.sites[1]!;
    for (const part of [router.portMapping, router.upnp]) if (part?.lies) Object.assign(part.lies, lies);
    const fromNs = there.lab.nowNs;
    if (isDead) routers[1]!.translation.grantsAreDead = true;
    if (restarts) routers[1]!.reboot(there.lab.nowNs);
    for (;;) {
      const seconds = (there.lab.nowNs - fromNs) / 1e9;
      const text = await there.said("den", "cloud public");
      if (isNoticed(text, seconds)) return { seconds, text };
      if (seconds > NOTICE_S) return { seconds: null, text };
      await there.lab.advance("2s");
    }
  } finally {
    there.lab.close();
  }
}

// --- The trials ----------------------------------------------------------------------------------------------

/** Bytes of packets between delegates in both directions at a site's gateway, from now on. */
export function countFrames(there: TenSites, site: string): () => number {
  const router = there.lab.cluster.world!.routers[siteNumber(there, site)]!;
  const receive = router.receive.bind(router);
  let bytes = 0;
  router.receive = (port, timeNs, frame, transmit) => {
    if (wideOf(frame)) bytes += frame.length;
    receive(port, timeNs, frame, transmit);
  };
  return () => bytes;
}

const closing = async (there: TenSites, run: (there: TenSites) => Promise<Outcome>): Promise<Outcome> => {
  try {
    return await run(there);
  } finally {
    there.lab.close();
  }
};

const pairsTrial = (latency: string): Trial => ({
  rule: `every two of ten clusters talk within ${TALK_S} s of their link (${latency})`,
  run: async (system, nodes) => closing(await ten(system, nodes, latency), everyPairTalks),
});

const eventTrial = (latency: string): Trial => ({
  rule: `a member less is known to nine other clusters within ${VIEW_S} s (${latency})`,
  run: async (system) =>
    closing(await linkedTen(system, 3, latency), async (there) => {
      const lines: string[] = [];
      const problems: string[] = [];
      for (const site of ["hub", "west", "loft"]) {
        const [, second] = there.living(site).filter((node) => node !== there.delegate(site));
        second!.powerOff();
        const seconds = await there.secondsUntil(
          () => there.names.every((other) => other === site || there.sees(other, site)),
          BACK_S,
        );
        lines.push(`a member of ${site} dies: ${shown(seconds)} until nine others have its list`);
        problems.push(...tooLong(lines.at(-1)!, seconds, VIEW_S));
      }
      return { lines, problems };
    }),
});

export const TRIALS: Readonly<Record<string, Trial>> = {
  pairs: pairsTrial("20ms"),
  "pairs-300": pairsTrial("300ms"),
  delegates: {
    rule: `a dead delegate's service is back in ${SERVICE_S} s, and all others see one member less in ${VIEW_S} s`,
    run: async (system) =>
      closing(await linkedTen(system, 3), async (there) => {
        const [services, views]: [(number | null)[], (number | null)[]] = [[], []];
        const problems: string[] = [];
        const lines: string[] = [];
        for (const site of there.names) {
          const [service, view] = await killDelegate(there, site);
          services.push(service);
          views.push(view);
          lines.push(`${site}: ${shown(service)}, ${shown(view)}`);
          problems.push(...tooLong(`the service of ${site}`, service, SERVICE_S));
          problems.push(...tooLong(`the view of ${site}`, view, VIEW_S));
          await there.lab.advance("8s");
        }
        lines.unshift(`slowest: service ${shown(longest(services))}, view ${shown(longest(views))}`);
        const whole = await untilAllSee(there, 2 * BACK_S);
        problems.push(...tooLong("all are whole again", whole, 2 * BACK_S));
        return { problems, lines };
      }),
  },
  cut: {
    rule: `a site that was cut off for an hour sees all others again within ${BACK_S} s, and they see it`,
    run: async (system, nodes) =>
      closing(await linked(system, nodes, FOUR), async (there) => {
        const before = belief(there);
        there.lab.cluster.world!.setUp(siteNumber(there, "west"), false);
        await there.lab.advance("60min");
        there.lab.cluster.world!.setUp(siteNumber(there, "west"), true);
        const seconds = await untilAllSee(there, BACK_S);
        const lines = [`west is back after an hour: ${shown(seconds)}`];
        return { lines, problems: [...tooLong(lines[0]!, seconds, BACK_S), ...changed(before, there)] };
      }),
  },
  addresses: {
    rule: `a site with another public and another service address, and two that move at once, are found within ${BACK_S} s`,
    run: async (system, nodes) =>
      closing(await linkedTen(system, nodes), async (there) => {
        const lines: string[] = [];
        const problems: string[] = [];
        for (const [index, site] of MOVABLE.entries()) {
          const alone = await bothAddresses(there, site);
          const other = MOVABLE[(index + 1) % MOVABLE.length]!;
          const both = await twoMove(there, site, other);
          lines.push(`${site}, both addresses: ${shown(alone)}; ${site} and ${other} at once: ${shown(both)}`);
          problems.push(...tooLong(`${site}, both addresses`, alone, BACK_S));
          problems.push(...tooLong(`${site} and ${other} at once`, both, BACK_S));
        }
        return { lines, problems };
      }),
  },
  handed: {
    rule: `a public address that another site gets moves no link to it, and all are found within ${BACK_S} s`,
    run: async (system, nodes) =>
      closing(await linkedTen(system, nodes), async (there) => {
        const lines: string[] = [];
        const problems: string[] = [];
        for (const [index, from] of MOVABLE.entries()) {
          const to = MOVABLE[(index + 3) % MOVABLE.length]!;
          const [seconds, wrong] = await handOver(there, from, to);
          lines.push(`${to} gets the address of ${from}: ${shown(seconds)}`);
          problems.push(...wrong, ...tooLong(lines.at(-1)!, seconds, BACK_S));
        }
        return { lines, problems };
      }),
  },
  rest: {
    rule: "a delegate at rest, a relay too, sends and gets at most 60 bytes a second for each of nine peers",
    run: async (system, nodes) =>
      closing(await linkedTen(system, nodes), async (there) => {
        await there.lab.advance("90s");
        const lines: string[] = [];
        const problems: string[] = [];
        const counts = there.names.map((site) => countFrames(there, site));
        await there.lab.advance(`${REST_S}s`);
        for (const [index, site] of there.names.entries()) {
          const each = counts[index]!() / REST_S / (there.names.length - 1);
          lines.push(`${site}: ${each.toFixed(1)} B/s for each peer`);
          if (each > 60) problems.push(lines.at(-1)!);
        }
        return { lines, problems };
      }),
  },
  lies: {
    rule: `what a gateway begins to say falsely is noticed within ${NOTICE_S} s`,
    run: async (system) => {
      const lines: string[] = [];
      const problems: string[] = [];
      for (const protocol of Object.keys(PROTOCOLS))
        for (const lie of LIES) {
          const { seconds, text } = await injectLie(system, protocol, lie);
          lines.push(`${protocol}, ${lie.name}: ${shown(seconds)}`);
          problems.push(...tooLong(`${lines.at(-1)}\n${text}`, seconds, NOTICE_S));
        }
      return { lines, problems };
    },
  },
  "event-20": eventTrial("20ms"),
  "event-300": eventTrial("300ms"),
};
