/**
 * What a person does to a cluster while it runs: keys, cables, power, faults. One table of words serves the scripts of
 * `qure emu`, links that hold a run, and the toolbox of the page.
 */
import { PORTS as AHCI_PORTS } from "../../emulator/devices/storage/ahci-registers.ts";
import { NO_TROUBLE, type Trouble } from "../../emulator/ether/trouble.ts";
import type { World as WideWorld } from "../../emulator/ether/wide/sites.ts";
import { addressNumber } from "../../emulator/ether/wide/wide-net.ts";
import type { LabCluster } from "./cluster.ts";
import { formatNs, toNs } from "./time.ts";

/** What was done, and the virtual time just before which it was done. */
export interface Action {
  readonly atNs: number;
  readonly word: ActionWord;
  /** The machine, counted from 0. */
  readonly node: number;
  /** As the word's parameters say. */
  readonly values: readonly ActionValue[];
}

export type ActionValue = number | string;

/** A parameter: how people write it, and what it may be. Links hold numbers as they are and text as UTF-8. */
interface ParameterKind {
  readonly holds: "number" | "text";
  /** Throws a RangeError with a sentence. */
  parse(text: string): ActionValue;
  format(value: ActionValue): string;
  isValid(value: ActionValue): boolean;
}

const LONGEST_NS = 3600e9;
/** An address of one machine: the first byte is 1 to 223. */
const IPV4 = /^(?:[1-9]|[1-9]\d|1\d\d|2[01]\d|22[0-3])(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}$/;
/** Why what happens to a site cannot. */
const NO_SITES = "these machines are at no sites";
const MOST_SLOWNESS = 10_000;
const LAST_KEY = 0xffff;
const RELEASED = 0x10000;

function number(least: number, most: number, what: string, suffix = ""): ParameterKind {
  const isValid = (value: ActionValue): boolean =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
  return {
    holds: "number",
    isValid,
    format: (value) => `${value}${suffix}`,
    parse(text) {
      const value = Number(text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text);
      if (text === "" || !isValid(value)) throw new RangeError(`${text} is not ${what}, from ${least} to ${most}`);
      return value;
    },
  };
}

const PERCENT = number(0, 100, "a share in percent", "%");
const FACTOR = number(1, MOST_SLOWNESS, "a factor");
const UNITS: readonly (readonly [letter: string, kilobits: number])[] = [
  ["G", 1_000_000],
  ["M", 1000],
  ["k", 1],
];
const MOST_KILOBITS = 1_000_000;
/** Bits a second, held in thousands. */
const RATE: ParameterKind = {
  holds: "number",
  isValid: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MOST_KILOBITS,
  format(value) {
    const [letter, kilobits] = UNITS.find(([, size]) => Number(value) > 0 && Number(value) % size === 0) ?? ["k", 1];
    return `${Number(value) / kilobits}${letter}`;
  },
  parse(text) {
    const [, digits, letter] = /^(\d+)([kMG]?)$/.exec(text) ?? [];
    const value = Number(digits) * (UNITS.find(([known]) => known === (letter || "k"))?.[1] ?? NaN);
    if (!RATE.isValid(value))
      throw new RangeError(`${text} is not a rate: write 64k, 10M or 1G, bits a second; 0k is full speed`);
    return value;
  },
};
const KEY = number(0, LAST_KEY + RELEASED, "the code of a key");
const SPAN: ParameterKind = {
  holds: "number",
  isValid: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LONGEST_NS,
  format: (value) =>
    formatNs(Number(value))
      .replace(/\.?0+ /, "")
      .replace(" ", ""),
  parse(text) {
    const span = toNs(text);
    if (span > LONGEST_NS) throw new RangeError(`${text} is longer than an hour`);
    return span;
  },
};
/** One of some words; `what` follows a wrong one in the error. */
function oneOf(words: readonly string[], what: string): ParameterKind {
  const isValid = (value: ActionValue): boolean => words.includes(String(value));
  return {
    holds: "text",
    isValid,
    format: String,
    parse(text) {
      if (isValid(text)) return text;
      throw new RangeError(`${text} is ${what}: write ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`);
    },
  };
}

const DIRECTION = oneOf(["in", "out", "both"], "not a direction");
const DRIVE = oneOf(
  [
    ...["ide0-cd0", "ide0-cd1", "ide1-cd0", "ide1-cd1", "floppy0", "floppy1"],
    ...Array.from({ length: AHCI_PORTS }, (_, port) => `ahci0-cd${port}`),
  ],
  "no drive whose medium can be changed",
);
const BY_FORCE = "force";
const FORCE = oneOf(["gently", BY_FORCE], "no way to eject");
const MOST_COUNTS = 9999;
/** Motion of the mouse; as text, because links hold no negative numbers. */
const COUNTS: ParameterKind = {
  holds: "text",
  isValid: (value) => /^-?\d{1,4}$/.test(String(value)),
  format: String,
  parse(text) {
    if (COUNTS.isValid(text)) return text;
    throw new RangeError(`${text} is no motion: write a number from -${MOST_COUNTS} to ${MOST_COUNTS}`);
  },
};
const BUTTONS = number(0, 31, "buttons");
const MOST_MACHINES = 1001;
const COPY = number(1, 0x7fffffff, "the number of a copy");
const MACHINE = number(1, MOST_MACHINES, "the number of a machine");
const TEXT: ParameterKind = {
  holds: "text",
  isValid: (value) => typeof value === "string",
  format: String,
  parse: String,
};

export interface ActionKind {
  readonly word: string;
  /** For people: on a button, and in the list of words. */
  readonly label: string;
  readonly help: string;
  readonly parameters: readonly { readonly name: string; readonly kind: ParameterKind; readonly usual: ActionValue }[];
  apply(lab: LabCluster, node: number, values: readonly ActionValue[]): void;
}

function trouble(lab: LabCluster, node: number, change: Partial<Trouble>): void {
  for (const direction of ["in", "out"] as const)
    lab.cluster.setTrouble(node, direction, { ...lab.cluster.trouble(node, direction), ...change });
}

/** In the order of their numbers in links: new ones come last. */
export const ACTIONS = [
  {
    word: "type",
    label: "Type",
    help: "types a text over the serial line COM1",
    parameters: [{ name: "text", kind: TEXT, usual: "cloud\r" }],
    apply: (lab, node, [text]) =>
      lab.nodes[node]!.send(Uint8Array.from(String(text), (character) => character.charCodeAt(0))),
  },
  {
    word: "keys",
    label: "Keys",
    help: "types a text on the keyboard",
    parameters: [{ name: "text", kind: TEXT, usual: "cloud\r" }],
    apply: (lab, node, [text]) => lab.nodes[node]!.typeKeys(String(text).replace(/\r/g, "\n")),
  },
  {
    word: "key",
    label: "Key",
    help: "a key of the keyboard goes down: its set 1 make code; 10000h more: it comes up",
    parameters: [{ name: "code", kind: KEY, usual: 0x1c }],
    apply: (lab, node, [code]) => lab.nodes[node]!.key(Number(code) & LAST_KEY, Number(code) < RELEASED),
  },
  {
    word: "unplug",
    label: "Pull the cable",
    help: "pulls the network cable",
    parameters: [],
    apply: (lab, node) => lab.nodes[node]!.cut(),
  },
  {
    word: "plug",
    label: "Plug it in",
    help: "plugs the network cable in again",
    parameters: [],
    apply: (lab, node) => lab.nodes[node]!.connect(),
  },
  {
    word: "block",
    label: "Block one way",
    help: "lets no frame through to the machine (in), from it (out) or either way (both); its link stays up",
    parameters: [{ name: "direction", kind: DIRECTION, usual: "in" }],
    apply: (lab, node, [way]) => {
      for (const direction of ["in", "out"] as const) {
        const blocked = way === direction || way === "both";
        lab.cluster.setTrouble(node, direction, { ...lab.cluster.trouble(node, direction), blocked });
      }
    },
  },
  {
    word: "lose",
    label: "Lose frames",
    help: "loses a share of the frames, either way",
    parameters: [{ name: "share", kind: PERCENT, usual: 30 }],
    apply: (lab, node, [share]) => trouble(lab, node, { lostPercent: Number(share) }),
  },
  {
    word: "delay",
    label: "Delay frames",
    help: "lets a share of the frames come later, either way",
    parameters: [
      { name: "time", kind: SPAN, usual: 20e6 },
      { name: "share", kind: PERCENT, usual: 50 },
    ],
    apply: (lab, node, [time, share]) => trouble(lab, node, { delayNs: Number(time), delayedPercent: Number(share) }),
  },
  {
    word: "heal",
    label: "Heal the cable",
    help: "ends all that is wrong with the cable, as long as it is plugged in; it hears everybody again",
    parameters: [],
    apply: (lab, node) => {
      trouble(lab, node, NO_TROUBLE);
      for (const from of lab.cluster.deafTo(node)) lab.cluster.setHearing(node, from, true);
    },
  },
  {
    word: "cut",
    label: "Cut the power",
    help: "takes the power away, between two instructions",
    parameters: [],
    apply: (lab, node) => lab.nodes[node]!.powerOff(),
  },
  {
    word: "power",
    label: "Power on",
    help: "switches a machine on that is off",
    parameters: [],
    apply: (lab, node) => lab.nodes[node]!.powerOn(),
  },
  {
    word: "reset",
    label: "Reset",
    help: "presses the reset button",
    parameters: [],
    apply: (lab, node) => lab.nodes[node]!.reset(),
  },
  {
    word: "button",
    label: "Power button",
    help: "presses the power button, which the system may heed",
    parameters: [],
    apply: (lab, node) => lab.nodes[node]!.pressPowerButton(),
  },
  {
    word: "freeze",
    label: "Freeze",
    help: "lets the processor stand still for a while; its devices go on",
    parameters: [{ name: "time", kind: SPAN, usual: 5e9 }],
    apply: (lab, node, [time]) => lab.nodes[node]!.freeze(Number(time)),
  },
  {
    word: "slow",
    label: "Slow disk",
    help: "lets the drives take so many times as long; 1 is right again",
    parameters: [{ name: "factor", kind: FACTOR, usual: 100 }],
    apply: (lab, node, [factor]) => lab.nodes[node]!.slowDisk(Number(factor)),
  },
  {
    word: "add",
    label: "Add a machine",
    help: "plugs in and switches on a machine that was not there",
    parameters: [],
    apply: (lab, node) => lab.nodes[node]!.powerOn(),
  },
  {
    word: "jitter",
    label: "Jitter",
    help: "lets frames that are delayed come later by a random time more, up to this",
    parameters: [{ name: "time", kind: SPAN, usual: 5e6 }],
    apply: (lab, node, [time]) => trouble(lab, node, { jitterNs: Number(time) }),
  },
  {
    word: "reorder",
    label: "Reorder frames",
    help: "lets a share of the frames come later, and others overtake them, either way",
    parameters: [
      { name: "share", kind: PERCENT, usual: 10 },
      { name: "time", kind: SPAN, usual: 2e6 },
    ],
    apply: (lab, node, [share, time]) =>
      trouble(lab, node, { reorderedPercent: Number(share), reorderedNs: Number(time) }),
  },
  {
    word: "duplicate",
    label: "Duplicate frames",
    help: "lets a share of the frames arrive twice, either way",
    parameters: [{ name: "share", kind: PERCENT, usual: 10 }],
    apply: (lab, node, [share]) => trouble(lab, node, { duplicatedPercent: Number(share) }),
  },
  {
    word: "corrupt",
    label: "Corrupt frames",
    help: "turns a bit over in a share of the frames, after their addresses, either way",
    parameters: [{ name: "share", kind: PERCENT, usual: 5 }],
    apply: (lab, node, [share]) => trouble(lab, node, { corruptedPercent: Number(share) }),
  },
  {
    word: "rate",
    label: "Slow cable",
    help: "lets the cable carry only so many bits a second, either way; 0k is full speed",
    parameters: [{ name: "rate", kind: RATE, usual: 10_000 }],
    apply: (lab, node, [rate]) => trouble(lab, node, { kilobits: Number(rate) }),
  },
  {
    word: "fail",
    label: "Failing disk",
    help: "lets a share of the reads and of the writes of the disks fail; 0% 0% is right again",
    parameters: [
      { name: "reads", kind: PERCENT, usual: 10 },
      { name: "writes", kind: PERCENT, usual: 0 },
    ],
    apply: (lab, node, [reads, writes]) => lab.nodes[node]!.failDisk(Number(reads), Number(writes)),
  },
  {
    word: "full",
    label: "Full disk",
    help: "lets every write to the disks fail, as where the host has no room",
    parameters: [],
    apply: (lab, node) => lab.nodes[node]!.failDisk(0, 100),
  },
  {
    word: "deaf",
    label: "Deaf to one",
    help: "lets the machine hear nothing of another one, by its number; the gateway's is one above the last machine's",
    parameters: [{ name: "machine", kind: MACHINE, usual: 1 }],
    apply: (lab, node, [from]) => lab.nodes[node]!.hear(Number(from) - 1, false),
  },
  {
    word: "hear",
    label: "Hears again",
    help: "lets the machine hear another one again",
    parameters: [{ name: "machine", kind: MACHINE, usual: 1 }],
    apply: (lab, node, [from]) => lab.nodes[node]!.hear(Number(from) - 1, true),
  },
  {
    word: "clock",
    label: "Clock jumps",
    help: "puts the clock on the board forward",
    parameters: [{ name: "time", kind: SPAN, usual: 3600e9 }],
    apply: (lab, node, [time]) => lab.nodes[node]!.shiftClock(Number(time)),
  },
  {
    word: "copy",
    label: "Becomes a copy",
    help: "tells the machine that it goes on as another copy of itself, as one that comes back from a snapshot",
    parameters: [{ name: "number", kind: COPY, usual: 1 }],
    apply: (lab, node, [number]) => lab.nodes[node]!.becomeCopy(Number(number)),
  },
  {
    word: "flip",
    label: "Wrong bits",
    help: "lets a share of the reads of the disks have a wrong bit, which no device reports; 0% is right again",
    parameters: [{ name: "share", kind: PERCENT, usual: 5 }],
    apply: (lab, node, [share]) => lab.nodes[node]!.flipDisk(Number(share)),
  },
  {
    word: "unflushed",
    label: "Unflushed writes",
    help: "lets the next power cuts lose a share of the sectors that were written and not flushed; 0% is right again",
    parameters: [{ name: "share", kind: PERCENT, usual: 100 }],
    apply: (lab, node, [share]) => lab.nodes[node]!.loseUnflushed(Number(share)),
  },
  {
    word: "older",
    label: "Older disk",
    help: "takes the power away and puts back what the disks held when the run began",
    parameters: [],
    apply: (lab, node) => lab.nodes[node]!.revertDisks(),
  },
  {
    word: "nmi",
    label: "NMI button",
    help: "presses the button for a non-maskable interrupt",
    parameters: [],
    apply: (lab, node) => lab.nodes[node]!.pressNmiButton(),
  },
  {
    word: "eject",
    label: "Eject",
    help: "takes the medium out of a drive, unless the guest has locked it (gently), or even then (force)",
    parameters: [
      { name: "drive", kind: DRIVE, usual: "ide1-cd0" },
      { name: "force", kind: FORCE, usual: "gently" },
    ],
    apply: (lab, node, [drive, how]) => void lab.nodes[node]!.eject(String(drive), how === BY_FORCE),
  },
  {
    word: "mouse",
    label: "Move the mouse",
    help: "moves the mouse: counts to the right, downwards, and steps of the wheel towards the person",
    parameters: [
      { name: "right", kind: COUNTS, usual: "10" },
      { name: "down", kind: COUNTS, usual: "0" },
      { name: "wheel", kind: COUNTS, usual: "0" },
    ],
    apply: (lab, node, [right, down, wheel]) => lab.nodes[node]!.moveMouse(Number(right), Number(down), Number(wheel)),
  },
  {
    word: "buttons",
    label: "Mouse buttons",
    help: "holds buttons of the mouse: 1 left, 2 right, 4 middle, 8 and 16 at the side, or their sum; 0 for none",
    parameters: [{ name: "which", kind: BUTTONS, usual: 1 }],
    apply: (lab, node, [which]) => lab.nodes[node]!.holdMouseButtons(Number(which)),
  },
] as const satisfies readonly ActionKind[];

const ADDRESS: ParameterKind = {
  holds: "text",
  isValid: (value) => IPV4.test(String(value)),
  format: String,
  parse(text) {
    if (ADDRESS.isValid(text)) return text;
    throw new RangeError(`${text} is no public address: write one such as 198.51.100.77`);
  },
};

/** All sites, and the number of the one of a machine. `isOuter`: it has to be on the wide net itself. */
function siteOf(lab: LabCluster, node: number, isOuter: boolean): readonly [world: WideWorld, site: number] {
  const { world, config } = lab.cluster;
  if (!world) throw new RangeError(NO_SITES);
  const site = config.world!.siteOf[node]!;
  if (isOuter && world.placeOf(site) === null)
    throw new RangeError(`${world.routers[site]!.name} is behind another site, and not on the wide net itself`);
  return [world, site];
}

/** What happens to the site of a machine, where machines are at sites; no link holds these. */
const SITE_ACTIONS = [
  {
    word: "restart-gateway",
    label: "Restart the gateway",
    help: "the gateway of the machine's site loses its power for a moment, and with it what it had learned",
    parameters: [],
    apply: (lab, node) => {
      const [world, site] = siteOf(lab, node, false);
      world.routers[site]!.reboot(lab.nowNs);
    },
  },
  {
    word: "move-gateway",
    label: "Another public address",
    help: "the provider gives the gateway of the machine's site this public address; whoever had it loses it",
    parameters: [{ name: "address", kind: ADDRESS, usual: "198.51.100.77" }],
    apply: (lab, node, [address]) => {
      const [world, site] = siteOf(lab, node, true);
      world.move(site, addressNumber(String(address)));
    },
  },
  {
    word: "cut-site",
    label: "Cut the site off",
    help: "nothing goes from the machine's site to others, nor comes",
    parameters: [],
    apply: (lab, node) => {
      const [world, site] = siteOf(lab, node, true);
      world.setUp(site, false);
    },
  },
  {
    word: "join-site",
    label: "Bring the site back",
    help: "the site is on the wide net again",
    parameters: [],
    apply: (lab, node) => {
      const [world, site] = siteOf(lab, node, true);
      world.setUp(site, true);
    },
  },
  {
    word: "line-of-site",
    label: "Bad line",
    help: "what goes from the machine's site to others, or comes, is later by a time, and a share of it is lost",
    parameters: [
      { name: "time", kind: SPAN, usual: 300e6 },
      { name: "share", kind: PERCENT, usual: 10 },
    ],
    apply: (lab, node, [time, share]) => {
      const [world, site] = siteOf(lab, node, true);
      world.setLine(site, Number(time), Number(share));
    },
  },
  {
    word: "gateway-lies",
    label: "The gateway lies",
    help: "nothing comes through the ports that the gateway grants to programs (yes), or it does again (no)",
    parameters: [{ name: "whether", kind: oneOf(["yes", "no"], "neither"), usual: "yes" }],
    apply: (lab, node, [whether]) => {
      const [world, site] = siteOf(lab, node, false);
      world.routers[site]!.translation.grantsAreDead = whether === "yes";
    },
  },
  {
    word: "drop-udp",
    label: "The gateway drops UDP",
    help: "no UDP goes through the gateway of the machine's site (yes), or it does again (no)",
    parameters: [{ name: "whether", kind: oneOf(["yes", "no"], "neither"), usual: "yes" }],
    apply: (lab, node, [whether]) => {
      const [world, site] = siteOf(lab, node, false);
      world.routers[site]!.dropsUdp = whether === "yes";
    },
  },
] as const satisfies readonly ActionKind[];

export type ActionWord = (typeof ACTIONS)[number]["word"] | (typeof SITE_ACTIONS)[number]["word"];

const KINDS: ReadonlyMap<string, ActionKind> = new Map(
  [...ACTIONS, ...SITE_ACTIONS].map((kind): [string, ActionKind] => [kind.word, kind]),
);
const OF_SITES: ReadonlySet<string> = new Set(SITE_ACTIONS.map(({ word }) => word));

/** Whether an action happens to the site of a machine, not to the machine. */
const isOfSite = ({ word }: Pick<Action, "word">): boolean => OF_SITES.has(word);

/** Undefined for a word that is none. */
export function actionKind(word: string): ActionKind | undefined {
  return KINDS.get(word);
}

/** All that is done to a cluster from now on, in a list that grows. */
export function recordActions(lab: LabCluster): Action[] {
  const actions: Action[] = [];
  lab.onAction = (word, node, values) => void actions.push({ atNs: lab.nowNs, word: word as ActionWord, node, values });
  return actions;
}

/** Does it. The cluster stands at the action's time, and hears of it once. */
export function perform(lab: LabCluster, { word, node, values }: Omit<Action, "atNs">): void {
  const { onAction } = lab;
  onAction?.(word, node, values);
  lab.onAction = null;
  try {
    KINDS.get(word)!.apply(lab, node, values);
  } finally {
    lab.onAction = onAction;
  }
}

/** Why an action cannot happen to these machines, in a sentence; null when it can. */
export function hindrance(lab: LabCluster, action: Omit<Action, "atNs">): string | null {
  const stranger = strangerOf(action, lab.nodes.length);
  if (stranger !== null) return `there is no machine ${stranger}`;
  if (!isOfSite(action)) return null;
  try {
    siteOf(lab, action.node, !["restart-gateway", "gateway-lies", "drop-udp"].includes(action.word));
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The number of a machine that an action names and a cluster of so many machines does not have, or null. */
export function strangerOf({ word, node, values }: Omit<Action, "atNs">, machines: number): number | null {
  if (node >= machines) return node + 1;
  const { parameters } = KINDS.get(word)!;
  const gateway = machines + 1;
  const index = parameters.findIndex(({ kind }, at) => kind === MACHINE && Number(values[at]) > gateway);
  return index === -1 ? null : Number(values[index]);
}

/** Repeats all that was done, each at its time, and ends at a time. */
export async function replay(lab: LabCluster, actions: readonly Action[], endNs: number): Promise<void> {
  for (const action of actions) {
    await lab.advance(Math.max(0, action.atNs - lab.nowNs));
    perform(lab, action);
  }
  await lab.advance(Math.max(0, endNs - lab.nowNs));
}

/** `lose 2 30%`: as it is written in scripts, after an exclamation mark. */
export function formatAction({ word, node, values }: Action): string {
  const { parameters } = KINDS.get(word)!;
  return [word, node + 1, ...parameters.map(({ kind }, index) => kind.format(values[index]!))]
    .map((part) => String(part).replace(/\r/g, "\\n"))
    .join(" ");
}

/** What stands after the word in a script: a machine's number, then the parameters. Throws a RangeError. */
export function parseAction(word: string, rest: string): Omit<Action, "atNs"> {
  const kind = KINDS.get(word);
  if (kind === undefined) throw new RangeError(`${word} is none of ${[...KINDS.keys()].join(", ")}`);
  const [machine = "", ...texts] = rest.trim().split(/\s+/);
  const node = Number(machine) - 1;
  if (!/^[1-9]\d*$/.test(machine)) throw new RangeError(`${word} is followed by the number of a machine`);
  const isText = kind.parameters[0]?.kind === TEXT;
  const given = isText
    ? [
        rest
          .trim()
          .slice(machine.length + 1)
          .replace(/\\n/g, "\r"),
      ]
    : texts;
  if (given.length > kind.parameters.length)
    throw new RangeError(
      `${word} takes ${kind.parameters.map(({ name }) => name).join(" and ") || "nothing"} after the machine`,
    );
  const values = kind.parameters.map(({ kind: parameter, usual }, index) =>
    given[index] === undefined || given[index] === "" ? usual : parameter.parse(given[index]),
  );
  return { word: kind.word as ActionWord, node, values };
}
