/**
 * Faults that are planned: at times, or when a console says something, or drawn by a seed. They are words of
 * actions.ts, so what was drawn can be printed, and given again as it was printed.
 *
 *     5s lose 2 30%                  at this virtual time
 *     on:/era 2/ unplug 1            when any console has said this
 */
import { Random } from "../../emulator/state/random.ts";
import { formatAction, hindrance, parseAction, perform } from "./actions.ts";
import type { LabCluster } from "./cluster.ts";
import type { Companion } from "./companion.ts";
import { FAULT_KINDS, type FaultAction } from "./fault-kinds.ts";
import { toNs } from "./time.ts";

export interface Fault {
  /** The virtual time, or the words after which it happens. */
  readonly at: number | RegExp;
  readonly action: FaultAction;
}

const MS = 1e6;

/** Throws a RangeError with a sentence. */
export function parseFault(text: string): Fault {
  const event = /^on:\/((?:[^/\\]|\\.)*)\/\s+(\S+)\s*(.*)$/.exec(text.trim());
  const timed = event ? null : /^(\S+)\s+(\S+)\s*(.*)$/.exec(text.trim());
  if (!event && !timed)
    throw new RangeError(`${text}: write TIME WORD NODE, such as "5s lose 2 30%", or on:/REGEX/ WORD NODE`);
  const [, when = "", word = "", rest = ""] = (event ?? timed)!;
  try {
    return { at: event ? new RegExp(when, "m") : toNs(when), action: parseAction(word, rest) };
  } catch (error) {
    throw new RangeError(`${text}: ${(error as Error).message}`);
  }
}

/** As `parseFault` reads it. */
export function formatFault({ at, action }: Fault): string {
  const time = Number(at) % MS === 0 ? `${Number(at) / MS}ms` : `${Number(at)}ns`;
  return `${at instanceof RegExp ? `on:${at}`.replace(/m$/, "") : time} ${formatAction({ atNs: 0, ...action })}`;
}

/** Kinds that happen to machines of any system, one at a time. */
const OF_ONE = FAULT_KINDS.filter(({ machines, isTyped, isOfSite }) => machines === 1 && !isTyped && !isOfSite);

/**
 * `count` faults from a seed, at whole milliseconds within a span of virtual time, and the ends of those that have one.
 */
export function drawFaults(seed: number, count: number, nodes: number, spanNs: number): Fault[] {
  const random = new Random(seed, "faults");
  const spanMs = Math.max(2, Math.floor(spanNs / MS));
  const faults: Fault[] = [];
  for (let drawn = 0; drawn < count; drawn++) {
    const { begin, end } = random.pick(OF_ONE);
    const node = random.below(nodes);
    const fromMs = random.below(spanMs - 1);
    const untilMs = fromMs + 1 + random.below(spanMs - fromMs - 1);
    for (const action of begin(random, [node], nodes)) faults.push({ at: fromMs * MS, action });
    for (const action of end([node], nodes)) faults.push({ at: untilMs * MS, action });
  }
  return faults.sort((a, b) => Number(a.at) - Number(b.at));
}

/** Faults that wait for their time or their words. */
class Plan implements Companion {
  readonly #lab: LabCluster;
  #timed: Fault[];
  #events: Fault[];
  #heardBytes = -1;

  constructor(lab: LabCluster, faults: readonly Fault[]) {
    this.#lab = lab;
    this.#timed = faults.filter(({ at }) => typeof at === "number").sort((a, b) => Number(a.at) - Number(b.at));
    this.#events = faults.filter(({ at }) => typeof at !== "number");
  }

  get nextNs(): number {
    return Number(this.#timed[0]?.at ?? Infinity);
  }

  isWanted(): boolean {
    return (
      this.#events.length > 0 &&
      this.#lab.outputBytes !== this.#heardBytes &&
      this.#events.some((fault) => this.#isDue(fault))
    );
  }

  #isDue({ at }: Fault): boolean {
    return this.#lab.nodes.some(({ console: { text } }) => (at as RegExp).test(text));
  }

  tick(): void {
    while (this.nextNs <= this.#lab.nowNs) perform(this.#lab, this.#timed.shift()!.action);
    if (this.#events.length === 0 || this.#lab.outputBytes === this.#heardBytes) return;
    this.#heardBytes = this.#lab.outputBytes;
    const due = this.#events.filter((fault) => this.#isDue(fault));
    this.#events = this.#events.filter((fault) => !due.includes(fault));
    for (const { action } of due) perform(this.#lab, action);
  }

  close(): void {
    this.#timed = [];
    this.#events = [];
  }
}

/** Has faults happen to a cluster from now on. Throws a RangeError for what cannot happen to it. */
export function planFaults(lab: LabCluster, given: readonly (Fault | string)[]): void {
  const faults = given.map((fault) => (typeof fault === "string" ? parseFault(fault) : fault));
  for (const fault of faults) {
    const problem = hindrance(lab, fault.action);
    if (problem !== null) throw new RangeError(`${formatFault(fault)}: ${problem}`);
  }
  const plan = new Plan(lab, faults);
  plan.tick();
  lab.accompany(plan);
}
