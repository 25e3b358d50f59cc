/**
 * Faults that can be drawn: by which words of actions.ts each begins, what is left to chance in it, and how it ends.
 * The draws of `qure emu --faults` and of `qure chaos` come from this table.
 */
import type { Random } from "../../emulator/state/random.ts";
import type { Action, ActionValue, ActionWord } from "./actions.ts";

/** Something to do, at a time that is not said here. */
export type FaultAction = Omit<Action, "atNs">;

export interface FaultKind {
  /** In `--faults`. */
  readonly name: string;
  readonly help: string;
  /** It means something only where there are so many machines; 1 for what happens to machines one by one. */
  readonly machines: number;
  /** It types what QuRe's shell knows: it means nothing to another system. */
  readonly isTyped?: boolean;
  /** It happens to the site of a machine: it means nothing where there are no sites. */
  readonly isOfSite?: boolean;
  /** It happens to machines without hard disks: it means nothing where all have one. */
  readonly isDiskless?: boolean;
  /** `who`: the machines that it happens to; `count`: how many there are. */
  begin(random: Random, who: readonly number[], count: number): FaultAction[];
  /** Empty where it ends by itself. */
  end(who: readonly number[], count: number): FaultAction[];
}

const MS = 1e6;
const ms = (random: Random, least: number, most: number): number => (least + random.below(most - least + 1)) * MS;
const share = (random: Random, most: number): number => 1 + random.below(most);

type Word = readonly [word: ActionWord, ...values: ActionValue[]];

function act(node: number, [word, ...values]: Word): FaultAction {
  return { word, node, values };
}

/** A fault that happens to each of the machines in the same way. */
function each(name: string, help: string, begin: (random: Random) => readonly Word[], end: readonly Word[]): FaultKind {
  return {
    name,
    help,
    machines: 1,
    begin: (random, who) => {
      const words = begin(random);
      return who.flatMap((node) => words.map((word) => act(node, word)));
    },
    end: (who) => who.flatMap((node) => end.map((word) => act(node, word))),
  };
}

/** A command for QuRe's shell, and those that end what it did. */
function typed(name: string, help: string, begin: (random: Random) => string, end: readonly string[]): FaultKind {
  const type = (text: string): Word => ["type", text];
  return { ...each(name, help, (random) => [type(begin(random))], end.map(type)), isTyped: true };
}

/** A port that nothing else uses, at the first machine of a campaign, which keeps its address: it has a disk. */
export const MOVED_PORT = 5000;
/** What a kernel that moves has sent before that ends: more than it sends until then. */
const MOVED_LINES = 60_000;
/** Who gives itself up, and who moves there: the first machine does neither. */
const targetOf = (who: readonly number[]): number => who.find((node) => node > 0) ?? 1;
const moverOf = (who: readonly number[], count: number): number => 1 + (targetOf(who) % (count - 1));

/** Those that become twins: one machine at least stays what it is. */
const givenUp = (who: readonly number[], count: number): readonly number[] =>
  who.length === 0 ? [0] : who.slice(0, count - 1);

/** What the gateway leases to a machine of a campaign. */
const hostOf = (node: number): string => `10.0.2.${15 + node}`;

type Pair = readonly [deaf: number, from: number];

/** A fault of the network: certain machines do not hear certain others. */
function between(
  name: string,
  help: string,
  machines: number,
  pairs: (who: readonly number[], count: number) => readonly Pair[],
): FaultKind {
  const all = (word: ActionWord) => (who: readonly number[], count: number) =>
    pairs(who, count).map(([deaf, from]) => act(deaf, [word, from + 1]));
  return { name, help, machines, begin: (_random, who, count) => all("deaf")(who, count), end: all("hear") };
}

function othersOf(who: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, node) => node).filter((node) => !who.includes(node));
}

function crossed(left: readonly number[], right: readonly number[]): Pair[] {
  return left.flatMap((a) => right.map((b) => [a, b] as const));
}

const bothWays = (pairs: readonly Pair[]): Pair[] =>
  pairs.flatMap(([a, b]): Pair[] => [
    [a, b],
    [b, a],
  ]);

/** What is typed at a node that is to leave its cluster, and to return. */
export const LEAVING = { leave: "cloud stop\r", enter: "cloud start\r" } as const;

const ofSite = (...kind: Parameters<typeof each>): FaultKind => ({ ...each(...kind), isOfSite: true });

export const FAULT_KINDS: readonly FaultKind[] = [
  each("unplug", "cables are pulled", () => [["unplug"]], [["plug"]]),
  each(
    "block",
    "cables carry nothing one way or both ways, and links stay up",
    (random) => [["block", random.pick(["in", "out", "both"])]],
    [["heal"]],
  ),
  each("lose", "frames are lost", (random) => [["lose", share(random, 60)]], [["heal"]]),
  each("delay", "frames come late", (random) => [["delay", ms(random, 1, 200), share(random, 100)]], [["heal"]]),
  each("reorder", "frames overtake each other", (random) => [["reorder", share(random, 50), ms(random, 1, 20)]], [
    ["heal"],
  ]),
  each("duplicate", "frames arrive twice", (random) => [["duplicate", share(random, 50)]], [["heal"]]),
  each("corrupt", "frames have a wrong bit", (random) => [["corrupt", share(random, 30)]], [["heal"]]),
  each("rate", "cables are slow", (random) => [["rate", random.pick([64, 1000, 10_000])]], [["heal"]]),
  each("cut", "the power goes, and comes back", () => [["cut"]], [["power"]]),
  each("reset", "the reset button is pressed", () => [["reset"]], []),
  each("freeze", "processors stand still", (random) => [["freeze", ms(random, 10, 8000)]], []),
  each("slow", "disks are slow", (random) => [["slow", random.pick([10, 100, 1000])]], [["slow", 1]]),
  each("fail", "disks refuse some accesses", (random) => [["fail", share(random, 30), share(random, 30)]], [
    ["fail", 0, 0],
  ]),
  each("full", "disks refuse all writes", () => [["full"]], [["fail", 0, 0]]),
  each("flip", "disks give wrong bits", (random) => [["flip", share(random, 10)]], [["flip", 0]]),
  each(
    "unflushed",
    "the power goes, and what disks had not flushed is lost",
    (random) => [["unflushed", random.pick([50, 100])]],
    [["cut"], ["unflushed", 0], ["power"]],
  ),
  each("older", "the power goes, and disks come back as an older copy", () => [["older"]], [["power"]]),
  each("clock", "clocks jump forward", (random) => [["clock", random.pick([60e9, 3600e9])]], []),
  each("button", "the power button is pressed, and later the power comes back", () => [["button"]], [
    ["cut"],
    ["power"],
  ]),
  typed("leave", "nodes leave, and join again", () => LEAVING.leave, [LEAVING.enter]),
  typed("rotate", "the cluster's key is replaced", () => "cloud key rotate\r", []),
  {
    name: "expel",
    help: "a node is put out of the cluster by another one",
    machines: 3,
    isTyped: true,
    begin: (random, [out = 0], count) => {
      const by = (out + 1 + random.below(count - 1)) % count;
      return [act(by, ["type", `cloud expel ${hostOf(out)}\r`])];
    },
    end: () => [],
  },
  typed(
    "invite",
    "a node invites a machine, or asks with a code that nobody has given",
    (random) => random.pick(["cloud invite\r", "cloud join 0123-4567-89ab-cdef\r"]),
    [],
  ),
  {
    ...each("copy", "machines go on as copies of themselves", (random) => [["copy", 1 + random.below(0x7ffffffe)]], []),
    isTyped: true,
  },
  {
    name: "fork",
    help: "nodes give themselves up, and another one makes them its twins",
    machines: 2,
    isTyped: true,
    begin: (_random, who, count) => givenUp(who, count).map((node) => act(node, ["type", "cloud fork accept\r"])),
    end: (who, count) => {
      const targets = givenUp(who, count);
      const into = targets.length > 1 ? "all" : hostOf(targets[0]!);
      let source = (targets[0]! + 1) % count;
      while (targets.includes(source)) source = (source + 1) % count;
      return [act(source, ["type", `cloud fork ${into}\r`])];
    },
  },
  {
    name: "migrate",
    help: "a node gives itself up, and another one moves there with a connection",
    machines: 3,
    isTyped: true,
    isDiskless: true,
    begin: (_random, who) => [
      act(targetOf(who), ["type", "cloud fork accept\r"]),
      act(0, ["type", `nc -l ${MOVED_PORT} | wc &\r`]),
    ],
    end: (who, count) => {
      const stream = `seq ${MOVED_LINES} | nc ${hostOf(0)} ${MOVED_PORT} &\r`;
      return [act(moverOf(who, count), ["type", `${stream}cloud migrate any\r`])];
    },
  },
  typed("set", "values of the cluster are set", (random) => `cloud set campaign ${random.below(100)}\r`, []),
  between("partition", "a part of the machines and the others do not hear each other", 2, (who, count) =>
    bothWays(crossed(who, othersOf(who, count))),
  ),
  between("one-way", "the others do not hear a part of the machines", 2, (who, count) =>
    crossed(othersOf(who, count), who),
  ),
  between("pairs", "machines do not hear their neighbours, two by two", 3, (who) =>
    bothWays(who.flatMap((node, index): Pair[] => (index % 2 === 1 ? [[who[index - 1]!, node]] : []))),
  ),
  between("ring", "each machine hears only the one before it and the one after it", 4, (_who, count) => {
    const all = Array.from({ length: count }, (_, node) => node);
    return crossed(all, all).filter(([a, b]) => ![0, 1, count - 1].includes((a - b + count) % count));
  }),
  between("bridge", "two parts do not hear each other, and one machine hears both", 3, (who, count) => {
    const [, ...others] = othersOf(who, count);
    return bothWays(crossed(who, others));
  }),
  ofSite("restart-gateway", "gateways restart, and forget their mappings", () => [["restart-gateway"]], []),
  // Of RFC 5737's nets the one that no site begins with.
  ofSite(
    "move-gateway",
    "gateways get another public address, perhaps one that another site had",
    (random) => [["move-gateway", `203.0.113.${1 + random.below(8)}`]],
    [],
  ),
  ofSite("cut-site", "sites are cut off", () => [["cut-site"]], [["join-site"]]),
  ofSite("line-of-site", "sites have bad lines", (random) => [["line-of-site", ms(random, 1, 500), random.below(40)]], [
    ["line-of-site", 0, 0],
  ]),
  ofSite("gateway-lies", "gateways grant ports, and nothing comes through", () => [["gateway-lies", "yes"]], [
    ["gateway-lies", "no"],
  ]),
  ofSite("drop-udp", "gateways drop UDP", () => [["drop-udp", "yes"]], [["drop-udp", "no"]]),
];

/** Throws a RangeError for a name that is none. */
export function faultKind(name: string): FaultKind {
  const found = FAULT_KINDS.find((kind) => kind.name === name);
  if (!found) throw new RangeError(`${name} is none of ${FAULT_KINDS.map((kind) => kind.name).join(", ")}`);
  return found;
}
