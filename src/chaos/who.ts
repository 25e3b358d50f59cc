/** To whom a fault happens: patterns by name, drawn when the fault begins. */
import type { Random } from "../../emulator/state/random.ts";
import { machinesOf, type Subject } from "./invariant.ts";
import type { World } from "./world.ts";

interface Pattern {
  readonly name: string;
  readonly help: string;
  /** How many of so many machines. */
  size(random: Random, count: number): number;
}

const PATTERNS: readonly Pattern[] = [
  { name: "one", help: "one machine", size: () => 1 },
  { name: "two", help: "two machines", size: (_random, count) => Math.min(2, count) },
  {
    name: "minority",
    help: "fewer than half of the machines",
    size: (random, count) => 1 + random.below(Math.max(1, Math.floor((count - 1) / 2))),
  },
  {
    name: "majority",
    help: "more than half, not all",
    size: (random, count) => {
      const least = Math.floor(count / 2) + 1;
      return Math.min(count, least + random.below(Math.max(1, count - least)));
    },
  },
  { name: "all", help: "all machines", size: (_random, count) => count },
];

type Named = Pick<Subject, "roles" | "otherNames">;

/** All names that faults are drawn with. */
export function whoNames(subject: Named): string[] {
  return [...PATTERNS.map(({ name }) => name), ...Object.keys(subject.roles ?? {})];
}

/** All names that `--who` takes beside the numbers of machines. */
export function whoWords(subject: Named): string[] {
  return [...whoNames(subject), ...Object.keys(subject.otherNames ?? {})];
}

/** Throws a RangeError for a name that is none. */
export function checkWho(name: string, subject: Named, machines: number): void {
  const names = whoWords(subject);
  const isNumber = /^[1-9]\d*$/.test(name) && Number(name) <= machines;
  if (!isNumber && !names.includes(name))
    throw new RangeError(`${name} is none of ${names.join(", ")}, and no number of a machine`);
}

/** Machines, lowest first: one of them when nobody is what the name says. */
export function chooseWho(name: string, random: Random, world: World, subject: Subject): number[] {
  if (/^\d+$/.test(name)) return [Number(name) - 1];
  const role = subject.roles?.[subject.otherNames?.[name] ?? name];
  if (role) {
    const found = role(world);
    if (found !== null) return [found];
  }
  const machines = world.nodes.map(({ index }) => index).slice(0, machinesOf(subject, world.nodes.length));
  const pattern = PATTERNS.find((known) => known.name === name);
  const size = pattern?.size(random, machines.length) ?? 1;
  const chosen: number[] = [];
  while (chosen.length < size) chosen.push(...machines.splice(random.below(machines.length), 1));
  return chosen.sort((a, b) => a - b);
}
