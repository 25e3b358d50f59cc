/**
 * An upgrade of a cluster as a model (docs/protocols/upgrade.md): the plan is one value that a majority changes, the
 * leader gives turns, nodes obey and report. What a node does not hear yet is a step that was not taken, so messages
 * are late, lost and doubled in all ways. A tick is the longest time for which nothing need be done.
 */
import { copyOf } from "../volume/explore.ts";

/** Ticks in which a node that was ready obeys a go, of a trial, and of silence after a go that is a failure. */
const READY_TICKS = 2;
const TRIAL_TICKS = 2;
const SILENCE_TICKS = 6;
const REFUSED_FROM = 2;
const NOBODY = -1;

interface Node {
  up: boolean;
  /** Of its good kernel: 0 before the upgrade, 1 after it. */
  revision: number;
  onTrial: boolean;
  /** Whether it obeys the turn that is given now (its epoch is the plan's), and what it reports about it. */
  obeys: boolean;
  state: "idle" | "fetching" | "ready" | "trial" | "confirmed" | "failed";
  readyTicks: number;
  /** It has read that it may begin. */
  told: boolean;
  trialTicks: number;
  drained: boolean;
  part: number;
}

interface Leader {
  who: number;
  /** What it heard last of the node whose turn it is, and how many ticks ago. */
  heard: Node["state"] | null;
  silence: number;
}

export interface World {
  plan: {
    state: "run" | "stop" | "done";
    turn: number;
    phase: "-" | "fetch" | "go" | "back";
    age: number;
  };
  failures: number;
  nodes: Node[];
  leaders: Leader[];
  /** Who holds the service address, and for how many ticks nobody has. */
  holder: number;
  unheld: number;
  /** What may still go wrong. */
  budget: { deaths: number; cuts: number; panics: number; resumes: number; starts: number; finals: number };
  /** The formats that a node of the revision before does not read are written. */
  final: boolean;
  poisoned: boolean;
  /** Trials that failed since a person last said to go on. */
  failedSince: number;
  wrong: string | null;
}

export interface Faults {
  /** The turn of a node that is silent after its go is given to another at once. */
  readonly noLease?: boolean;
  /** A node obeys a go for ever. */
  readonly staleGo?: boolean;
  /** A node obeys a go of another's epoch. */
  readonly noEpoch?: boolean;
  /** Who is on trial confirms itself. */
  readonly selfConfirm?: boolean;
  /** A failure does not stop it. */
  readonly goesOn?: boolean;
  /** Whoever has a turn keeps its addresses. */
  readonly noHandOver?: boolean;
  /** A refused revision can be resumed. */
  readonly forgetsRefused?: boolean;
  /** A second upgrade begins beside the first. */
  readonly startsTwice?: boolean;
  /** The turn of a node that died while it fetched is not taken back. */
  readonly neverFrees?: boolean;
  /** Silence counts as failure before a trial is surely over. */
  readonly shortSilence?: boolean;
  /** A node that was confirmed and died does not say that it was. */
  readonly forgetsConfirmed?: boolean;
  /** The new formats are turned on while some have the old revision. */
  readonly finalEarly?: boolean;
  /** A node that failed takes no address again. */
  readonly staysDrained?: boolean;
}

export function beginning(
  size: number,
  settings: { poisoned?: boolean; budget?: Partial<World["budget"]> } = {},
): World {
  return {
    plan: { state: "run", turn: NOBODY, phase: "-", age: 0 },
    failures: 0,
    nodes: Array.from({ length: size }, () => ({
      up: true,
      revision: 0,
      onTrial: false,
      obeys: false,
      state: "idle",
      readyTicks: 0,
      told: false,
      trialTicks: 0,
      drained: false,
      part: 0,
    })),
    leaders: [{ who: 0, heard: null, silence: 0 }],
    holder: 0,
    unheld: 0,
    budget: { deaths: 0, cuts: 0, panics: 0, resumes: 0, starts: 0, finals: 0, ...settings.budget },
    final: false,
    poisoned: settings.poisoned ?? false,
    failedSince: 0,
    wrong: null,
  };
}

/** Whether those who hear this node can change the plan. */
function hearsMajority({ nodes }: World, who: number): boolean {
  const here = nodes.filter((node) => node.up && node.part === nodes[who]!.part).length;
  const first = nodes[0]!;
  return 2 * here > nodes.length || (2 * here === nodes.length && first.up && first.part === nodes[who]!.part);
}

const mayHold = (world: World, who: number): boolean => {
  const { up, onTrial, drained } = world.nodes[who]!;
  return up && !onTrial && !drained && hearsMajority(world, who);
};

const takers = (world: World): number[] => [...world.nodes.keys()].filter((who) => mayHold(world, who));

function fail(world: World, who: number): void {
  const node = world.nodes[who]!;
  node.onTrial = false;
  node.state = "failed";
  node.trialTicks = 0;
  world.failedSince++;
}

/** The node's own steps. Each is named, and changes the world. */
type Step = readonly [name: string, act: (world: World) => void];

function read(world: World, who: number, faults: Faults): void {
  const { plan } = world;
  const node = world.nodes[who]!;
  const isMine = plan.turn === who;
  if (plan.phase === "go" && node.state === "ready" && ((isMine && node.obeys) || faults.noEpoch)) node.told = true;
  if (isMine && plan.phase === "fetch" && !node.obeys && !node.onTrial) {
    node.obeys = true;
    node.state = node.revision === 1 ? "confirmed" : "fetching";
  } else if (isMine && plan.phase === "go" && !node.obeys && !node.onTrial) {
    Object.assign(node, { obeys: true, state: "idle" });
  } else if (isMine && plan.phase === "back" && node.onTrial && node.obeys) {
    Object.assign(node, { onTrial: false, revision: 1, state: "confirmed", drained: false, trialTicks: 0 });
  } else if (isMine && plan.phase === "back" && !node.onTrial && !node.obeys && !faults.forgetsConfirmed) {
    Object.assign(node, { obeys: true, state: node.revision === 1 ? "confirmed" : "failed" });
  } else if (!node.onTrial && !isMine && !node.told) node.state = "idle";
  if (!node.onTrial && node.state !== "ready" && !(faults.staysDrained && node.state !== "confirmed"))
    node.drained = false;
}

function handOver(world: World, who: number): void {
  const others = takers(world).filter((other) => other !== who);
  world.nodes[who]!.drained = true;
  if (world.holder === who && others.length > 0) world.holder = others[0]!;
}

function begin(world: World, who: number, faults: Faults): void {
  // Once more: there may have been nobody before.
  if (!faults.noHandOver) handOver(world, who);
  const node = world.nodes[who]!;
  Object.assign(node, { onTrial: true, state: "trial", readyTicks: 0, told: false, trialTicks: TRIAL_TICKS });
  if (world.holder === who) {
    world.holder = NOBODY;
    if (takers(world).length > 0) world.wrong = "an address is unheld though nobody died";
  }
  if (world.failures >= REFUSED_FROM) world.wrong = "a refused revision starts";
  if (world.nodes.filter((one) => one.up && one.onTrial).length > 1) world.wrong = "two nodes are on trial";
}

function nodeSteps(world: World, who: number, faults: Faults): Step[] {
  const steps: Step[] = [];
  const node = world.nodes[who]!;
  if (!node.up) return [[`${who} comes back`, (now) => void Object.assign(now.nodes[who]!, { up: true })]];
  if (hearsMajority(world, who)) steps.push([`${who} reads`, (now) => read(now, who, faults)]);
  if (node.state === "fetching")
    steps.push([
      `${who} has the image`,
      (now) => {
        Object.assign(now.nodes[who]!, { state: "ready", readyTicks: READY_TICKS });
        if (!faults.noHandOver) handOver(now, who);
      },
    ]);
  if (node.state === "ready" && node.told) steps.push([`${who} begins`, (now) => begin(now, who, faults)]);
  if (node.onTrial && faults.selfConfirm)
    steps.push([
      `${who} confirms itself`,
      (now) => Object.assign(now.nodes[who]!, { onTrial: false, revision: 1, state: "confirmed", drained: false }),
    ]);
  if (node.onTrial && node.trialTicks === 0) steps.push([`${who} returns`, (now) => fail(now, who)]);
  if (mayHold(world, who) && world.holder === NOBODY)
    steps.push([`${who} takes the address`, (now) => void Object.assign(now, { holder: who, unheld: 0 })]);
  return steps;
}

/** What a leader does next, from what it heard; null: it waits. */
function leaderStep(world: World, leader: Leader, faults: Faults): Step | null {
  const { plan, nodes } = world;
  const change = (name: string, act: (now: World) => void): Step => [
    `${leader.who} ${name}`,
    (now) => {
      act(now);
      now.plan.age = 0;
      for (const one of now.leaders) Object.assign(one, { heard: null, silence: 0 });
    },
  ];
  const free = (name: string): Step => change(name, (now) => Object.assign(now.plan, { turn: NOBODY, phase: "-" }));
  const stop = (name: string): Step =>
    change(name, (now) => {
      now.failures++;
      Object.assign(now.plan, { turn: NOBODY, phase: "-", state: faults.goesOn ? "run" : "stop" });
    });
  if (plan.state !== "run") return null;
  if (plan.turn === NOBODY) {
    if (world.failures >= REFUSED_FROM && !faults.goesOn && !faults.forgetsRefused) return null;
    const order = [...nodes.keys()].filter((who) => nodes[who]!.revision === 0 && !nodes[who]!.onTrial);
    if (order.length === 0) return change("ends it", (now) => void (now.plan.state = "done"));
    const next = order
      .filter((who) => nodes[who]!.up && nodes[who]!.part === nodes[leader.who]!.part)
      .sort((a, b) => Number(a === leader.who) - Number(b === leader.who) || a - b)[0];
    if (next === undefined) return null;
    return change(`gives ${next} the turn`, (now) => {
      for (const node of now.nodes) node.obeys = false;
      Object.assign(now.plan, { turn: next, phase: "fetch" });
    });
  }
  const { heard, silence } = leader;
  if (heard === "failed") return stop("hears of the failure");
  if (heard === "confirmed") return free("ends the turn");
  if (plan.phase === "fetch") {
    if (heard === "ready") return change("says go", (now) => void (now.plan.phase = "go"));
    return (silence > 0 || heard === "idle") && !faults.neverFrees ? free("takes the turn back") : null;
  }
  if (plan.phase === "go" && heard === "trial" && !world.poisoned)
    return change("confirms", (now) => void (now.plan.phase = "back"));
  if (plan.phase === "go" && heard === "idle") return free("takes the go back");
  if (faults.noLease && silence > 0) return free("takes the go from who is silent");
  const most = faults.shortSilence ? 2 : SILENCE_TICKS;
  return silence >= most && plan.age >= most ? stop("counts silence as failure") : null;
}

function leaderSteps(world: World, faults: Faults): Step[] {
  const steps: Step[] = [];
  for (const [index, leader] of world.leaders.entries()) {
    const { who } = leader;
    const turn = world.nodes[world.plan.turn];
    if (!world.nodes[who]!.up) continue;
    if (turn?.up && turn.part === world.nodes[who]!.part) {
      const isOfTurn = turn.obeys;
      steps.push([
        `${who} hears`,
        (now) => Object.assign(now.leaders[index]!, { silence: 0, heard: isOfTurn ? turn.state : null }),
      ]);
    }
    if (!hearsMajority(world, who)) continue;
    const step = leaderStep(world, leader, faults);
    if (step) steps.push(step);
  }
  // Another takes over; the one before may go on for a moment.
  const current = world.leaders.at(-1);
  if (!current || !world.nodes[current.who]!.up || !hearsMajority(world, current.who)) {
    const next = world.nodes.findIndex(({ up }, who) => up && hearsMajority(world, who));
    if (next >= 0)
      steps.push([
        `${next} leads`,
        (now) => {
          now.leaders = [...now.leaders.slice(-1), { who: next, heard: null, silence: 0 }];
        },
      ]);
  }
  return steps;
}

function tick(world: World, faults: Faults): Step[] {
  const isDue = world.nodes.some((node) => node.up && node.onTrial && node.trialTicks === 0);
  const isTaken = world.holder === NOBODY && takers(world).length > 0;
  const isAlone = world.leaders.length === 0;
  if (isDue || isTaken) return [];
  return [
    [
      "time passes",
      (now) => {
        now.plan.age = Math.min(now.plan.age + 1, SILENCE_TICKS);
        if (!isAlone) now.leaders = now.leaders.slice(-1);
        for (const leader of now.leaders) leader.silence = Math.min(leader.silence + 1, SILENCE_TICKS);
        for (const node of now.nodes) {
          node.trialTicks = Math.max(0, node.trialTicks - 1);
          if (node.readyTicks === 0 || --node.readyTicks > 0 || faults.staleGo) continue;
          Object.assign(node, { state: "idle", told: false });
        }
      },
    ],
  ];
}

function die(world: World, who: number): void {
  const node = world.nodes[who]!;
  if (node.onTrial) fail(world, who);
  else if (node.state !== "failed") Object.assign(node, { state: "idle", obeys: false });
  Object.assign(node, { up: false, readyTicks: 0, told: false, drained: false });
  world.leaders = world.leaders.filter((leader) => leader.who !== who);
  if (world.holder === who) world.holder = NOBODY;
}

/** What people and accidents do. */
function troubles(world: World, faults: Faults): Step[] {
  const steps: Step[] = [];
  const { budget, nodes, plan } = world;
  const spend = (kind: keyof World["budget"], name: string, act: (now: World) => void): void => {
    if (budget[kind] > 0)
      steps.push([
        name,
        (now) => {
          now.budget[kind]--;
          act(now);
        },
      ]);
  };
  for (const [who, node] of nodes.entries()) {
    if (node.up) spend("deaths", `${who} dies`, (now) => die(now, who));
    if (node.up && node.onTrial) spend("panics", `${who} panics`, (now) => fail(now, who));
    spend("cuts", `${who} is cut off`, (now) => {
      for (const [other, one] of now.nodes.entries()) one.part = other === who ? 1 : 0;
    });
  }
  if (nodes.some(({ part }) => part > 0))
    steps.push(["the cut heals", (now) => now.nodes.forEach((node) => void (node.part = 0))]);
  if (plan.state === "stop" && (world.failures < REFUSED_FROM || faults.forgetsRefused))
    spend("resumes", "a person resumes", (now) => {
      now.plan.state = "run";
      now.failedSince = 0;
    });
  if (plan.state === "done" || faults.finalEarly)
    spend("finals", "a person finalises", (now) => void (now.final = true));
  if (plan.state !== "run" || faults.startsTwice)
    spend("starts", "a person starts another", (now) => {
      if (now.plan.state === "run") Object.assign(now.plan, { turn: NOBODY, phase: "-", age: 0 });
    });
  return steps;
}

/** All steps that can be taken; `isCalm` leaves out what goes wrong. */
export function stepsOf(world: World, faults: Faults, isCalm = false): Step[] {
  const own = [...world.nodes.keys()].flatMap((who) => nodeSteps(world, who, faults));
  const steps = [...own, ...leaderSteps(world, faults), ...tick(world, faults)];
  return isCalm ? steps : [...troubles(world, faults), ...steps];
}

export function after(world: World, [, act]: Step): World {
  const next = copyOf(world);
  act(next);
  return next;
}

/** Why a world must not be, or null. */
export function wrongWorld(world: World): string | null {
  const { nodes } = world;
  if (world.wrong) return world.wrong;
  if (world.failedSince > 1) return "a second trial failed before a person said to go on";
  if (world.poisoned && nodes.some(({ revision }) => revision === 1)) return "a poisoned revision was confirmed";
  if (world.final && nodes.some(({ revision }) => revision === 0))
    return "formats are written that a node does not read";
  if (world.plan.state === "done" && nodes.some(({ up, revision }) => up && revision === 0))
    return "it ended before all had the revision";
  return null;
}

/** From here on nothing goes wrong: the upgrade comes to an end. Why it does not, or null. */
export function endless(from: World, faults: Faults): string | null {
  let world = copyOf(from);
  for (const node of world.nodes) node.part = 0;
  for (let round = 0; round < 30 * world.nodes.length + 60; round++) {
    // All that can be done is done before time passes, a few times over, for one thing leads to another.
    for (let turn = 0; turn < 6; turn++)
      for (const { length } = stepsOf(world, faults, true), index = { at: 0 }; index.at < length; index.at++) {
        const step = stepsOf(world, faults, true)[index.at];
        if (!step || step[0] === "time passes") continue;
        world = after(world, step);
        const wrong = wrongWorld(world);
        if (wrong) return wrong;
      }
    const passes = stepsOf(world, faults, true).find(([name]) => name === "time passes");
    if (passes) world = after(world, passes);
    const isIdle = world.nodes.every((node) => node.up && !node.onTrial && !node.drained);
    if (world.plan.state !== "run" && world.plan.turn === NOBODY && isIdle && world.holder !== NOBODY) return null;
  }
  return `it does not end: ${JSON.stringify(world.plan)}`;
}
