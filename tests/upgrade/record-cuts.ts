/** Every cut of everything that writes a record of slots, and every cut of what follows it: what must hold then. */
import {
  type Cut,
  confirm,
  type Disk,
  diskWith,
  type Faults,
  install,
  kernelOf,
  power,
  recordOf,
  run,
  SECTOR_BYTES,
  type Started,
  type Write,
} from "./record-model.ts";

type Step = "power" | "confirm" | { readonly install: number };

/** A machine in the hands of a person who knows what was confirmed, and what was put on trial how often. */
interface World {
  disk: Disk;
  /** What runs; null while it is off. */
  running: Started;
  /** Revisions of which one has to start when none is on trial. */
  good: number[];
  /** Starts that a trial may still have. */
  trialStarts: number;
}

const copyOf = (world: World): World => ({ ...world, disk: world.disk.slice() });

export const BEGINNINGS: Readonly<Record<string, () => World>> = {
  "a disk without a record": () => world(diskWith([5, null], null), 5),
  "a record of version 1": () => world(diskWith([5, 4], { version: 1 }), 5),
  "a trial of version 1": () => world(diskWith([5, 6], { version: 1, trial: 1, tries: 2 }), 5, 2),
  "the second slot is good": () => world(diskWith([4, 5], { good: 1, floor: 4 }), 5),
  "a trial has failed": () => world(diskWith([5, 6], { trial: 1, tries: 0 }), 5),
};

function world(disk: Disk, good: number, trialStarts = 0): World {
  return { disk, running: { slot: recordOf(disk)?.good ?? 0, revision: good }, good: [good], trialStarts };
}

/** Ways that an upgrade takes. */
const WAYS: readonly (readonly Step[])[] = [
  ["power", "power", { install: 7 }, "power", "confirm", "power"],
  [{ install: 7 }, "power", "power", "power", "power", "power"],
];
/** What somebody does after a cut. */
const AFTER: readonly Step[] = ["power", { install: 8 }, "power", "confirm", "power"];

/** A reason why a disk must not be so; null: it may. */
function wrongDisk({ disk }: World): string | null {
  for (const [slot, { sectors, revision }] of (recordOf(disk)?.slots ?? []).entries())
    if (sectors > 0 && revision > 0 && kernelOf(disk, slot) !== revision)
      return `the record says that slot ${slot} has ${revision}, and it has not`;
  return null;
}

/** After a start: a reason why it must not be so. */
function wrongStart(now: World, before: Disk): string | null {
  const { running } = now;
  const record = recordOf(before);
  if (!running) return "nothing starts";
  if (running.revision < (record?.floor ?? 0)) return `revision ${running.revision} starts, below the floor`;
  if (record && record.trial === running.slot && record.tries > 0)
    return --now.trialStarts < 0 ? `revision ${running.revision} has more than its trial` : null;
  if (!now.good.includes(running.revision))
    return `revision ${running.revision} starts, and ${now.good.join(" or ")} is good`;
  now.good = [running.revision];
  return null;
}

function workOf(now: World, step: Step, faults: Faults): Generator<Write, unknown> {
  const { disk, running } = now;
  if (step === "power") return power(disk, faults);
  if (step === "confirm") return confirm(disk, running!.slot, faults);
  return install(disk, step.install, faults);
}

/** Takes a step in the world, whose power may fail in it; why that must not be, or null. */
function take(now: World, step: Step, faults: Faults, cut: Cut | null): { wrong: string | null; writes: number } {
  const before = now.disk.slice();
  // Until its first write the trial before it may go on.
  if (typeof step === "object") now.trialStarts = Math.max(now.trialStarts, 1);
  const { running } = now;
  const isOnTrial = running !== null && recordOf(before)?.trial === running.slot;
  if (step === "confirm" && isOnTrial) now.good = [...now.good, running.revision];
  const { result, writes } = run(now.disk, workOf(now, step, faults), cut);
  const isCut = cut !== null && writes === cut.write;
  if (isCut) now.running = null;
  else if (step === "power") now.running = result as Started;
  else if (step === "confirm" && isOnTrial) now.good = [running.revision];
  else if (typeof step === "object" && result !== true) return { wrong: "it cannot be installed", writes };
  return { wrong: wrongDisk(now) ?? (step === "power" && !isCut ? wrongStart(now, before) : null), writes };
}

/** Whatever was cut: another kernel can be installed, and is good in the end. */
function escapes(now: World, faults: Faults): string | null {
  for (const step of ["power", "power", { install: 9 }, "power", "confirm", "power"] as const) {
    const { wrong } = take(now, step, faults, null);
    if (wrong) return `afterwards: ${wrong}`;
  }
  return now.running!.revision === 9 ? null : "afterwards: what was confirmed does not start";
}

export interface Judged {
  readonly images: number;
  readonly wrong: string | null;
}

/** All cuts of the steps; `then` goes on from each. */
function cuts(
  first: World,
  steps: readonly Step[],
  faults: Faults,
  tears: readonly number[],
  then: (after: World) => string | null,
): string | null {
  const now = copyOf(first);
  for (const [index, step] of steps.entries()) {
    const { writes, wrong } = take(copyOf(now), step, faults, null);
    if (wrong) return wrong;
    for (let write = 0; write < writes; write++)
      for (const tornAt of tears) {
        const cut = copyOf(now);
        const found = take(cut, step, faults, { write, tornAt }).wrong ?? then(cut);
        if (found) return `step ${index}, write ${write} cut at ${tornAt}: ${found}`;
      }
    take(now, step, faults, null);
  }
  return escapes(now, faults);
}

const EACH_64 = Array.from({ length: SECTOR_BYTES / 64 + 1 }, (_, index) => 64 * index);

/** Of everything from that beginning; nested: every cut of what follows each cut too. */
export function judge(first: World, faults: Faults = {}, nestedTears: readonly number[] = EACH_64): Judged {
  let images = 0;
  for (const way of WAYS) {
    const wrong = cuts(first, way, faults, EACH_64, (once) => {
      images++;
      return cuts(once, AFTER, faults, nestedTears, (twice) => {
        images++;
        return escapes(twice, faults);
      });
    });
    if (wrong) return { images, wrong };
  }
  return { images, wrong: null };
}
