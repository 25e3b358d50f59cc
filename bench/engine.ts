/**
 * Speed of the engine beside QEMU's TCG, QEMU with an exact instruction count, v86 and Bochs: millions of guest
 * instructions a second on each guest of bench/guests, without and with paging. Each
 * emulator boots the same bytes as a process of its own; its clock runs between the guest's marks as they arrive on
 * COM1. The emulators take turns on each guest, so that what else the machine does hits all alike, the best run of each
 * counts, and the results that the guests print have to agree.
 *
 *     npm run bench -- engine
 */
import { writeFileSync } from "node:fs";
import { listOf, oneOf, wholeNumber, workshopCommand } from "../scripts/command.mjs";
import { OWN_INSTRUCTIONS, PLAIN_GUESTS } from "./guest-sources.ts";
import { guestImage, guestNames } from "./interpreter.ts";
import { arrivalOf, INTERPRETER, listen, machineName, OTHERS, OURS, type Peer, QEMU } from "./peers/peers.ts";

/** What every emulator computes alike, to compare results and to learn how fast it is. */
const TRIAL_INSTRUCTIONS = 20e6;
/** The same for guests that are not plain: some of them are very slow elsewhere. */
const ODD_TRIAL_INSTRUCTIONS = 2e6;
/**
 * A measured run is to take so long: what starts late, such as compiling, then hardly counts. One much shorter does not
 * count.
 */
const RUN_SECONDS = 1.2;
const SHORTEST_SECONDS = 0.5;
const LARGEST_RUN = 12e9;

interface Run {
  readonly seconds: number;
  readonly mips: number;
  readonly result: string;
}

export interface GuestSpeeds {
  readonly guest: string;
  readonly paging: boolean;
  /** Millions of instructions a second by the emulator's name. */
  readonly mips: Readonly<Record<string, number>>;
}

const retiredBy = (guest: string, instructions: number): number => {
  const iteration = OWN_INSTRUCTIONS[guest] ?? 1_000_000;
  return Math.max(1, Math.round(instructions / iteration)) * iteration;
};

/** What runs now, on a terminal only: a whole table takes minutes. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** Null where the emulator does not get to the end. */
async function run(peer: Peer, guest: string, flags: number, instructions: number): Promise<Run | null> {
  progress(`${guest}, ${(instructions / 1e6).toFixed(0)} million instructions in ${peer.name} `);
  const arrivals = await listen(peer, guestImage(guest, flags, instructions), (text) =>
    /S\nE [0-9a-f]{8} /.test(text),
  ).catch((error: unknown) => {
    process.stderr.write(`bench: ${guest}: ${String(error)}\n`);
    return null;
  });
  progress("");
  if (arrivals === null) return null;
  const text = arrivals.map((arrival) => arrival.text).join("");
  const result = /S\nE ([0-9a-f]{8}) /.exec(text)?.[1];
  if (result === undefined) {
    process.stderr.write(`bench: ${peer.name} did not finish ${guest}: ${JSON.stringify(text.slice(-80))}\n`);
    return null;
  }
  const milliseconds = arrivalOf(arrivals, "S\nE") - arrivalOf(arrivals, "S\n");
  return {
    seconds: milliseconds / 1000,
    mips: retiredBy(guest, instructions) / Math.max(milliseconds, 0.001) / 1000,
    result,
  };
}

/** Measures one guest on all emulators. @throws Error when their results differ. */
async function measureGuest(peers: readonly Peer[], guest: string, flags: number, runs: number): Promise<GuestSpeeds> {
  const guesses = new Map<Peer, number>();
  const results = new Map<string, string>();
  for (const peer of peers) {
    const trial = await run(peer, guest, flags, PLAIN_GUESTS.has(guest) ? TRIAL_INSTRUCTIONS : ODD_TRIAL_INSTRUCTIONS);
    if (trial === null) continue;
    results.set(peer.name, trial.result);
    guesses.set(peer, trial.mips);
  }
  if (new Set(results.values()).size !== 1)
    throw new Error(`${guest}: the emulators disagree: ${JSON.stringify(Object.fromEntries(results))}`);
  const mips: Record<string, number> = {};
  for (let i = 0; i < runs; i++) {
    for (const peer of guesses.keys()) {
      for (;;) {
        const instructions = Math.min(LARGEST_RUN, guesses.get(peer)! * 1e6 * RUN_SECONDS);
        const measured = await run(peer, guest, flags, instructions);
        if (measured === null) break;
        guesses.set(peer, Math.max(guesses.get(peer)!, measured.mips));
        // A guess from a trial of a few milliseconds may be far too low.
        if (measured.seconds < SHORTEST_SECONDS && instructions < LARGEST_RUN) continue;
        mips[peer.name] = Math.max(mips[peer.name] ?? 0, measured.mips);
        break;
      }
    }
  }
  return { guest, paging: flags !== 0, mips };
}

/** The fastest of the others on a guest; 0 where none is installed. */
const bestOther = ({ mips }: GuestSpeeds): number => Math.max(0, ...OTHERS.map(({ name }) => mips[name] ?? 0));

/** Geometric mean of our speed over another's, NaN where there is nothing to compare. */
function geometricMean(speeds: readonly GuestSpeeds[], other: (speeds: GuestSpeeds) => number): number {
  const compared = speeds.filter((line) => other(line) > 0);
  return Math.exp(
    compared.reduce((sum, line) => sum + Math.log((line.mips[OURS.name] ?? 0) / other(line)), 0) / compared.length,
  );
}

const cell = (text: string): string => text.padStart(9);
const cells = (peers: readonly Peer[], speeds: GuestSpeeds): string =>
  peers.map(({ name }) => cell(speeds.mips[name]?.toFixed(0) ?? "-")).join(" |");

if (/\bengine\.(ts|bench\.mjs)$/.test(process.argv[1] ?? "")) {
  const names = OTHERS.map(({ name }) => name);
  const command = workshopCommand(
    "npm run bench -- engine",
    "instructions a second beside other emulators",
    "sieve --runs 1",
  )
    .argument("[guests...]", "programs of bench/guests; all of them when none is named")
    .option("--runs <number>", "the best of so many is taken", wholeNumber(1), 2)
    .option("--without <names>", `of ${names.join(", ")}`, listOf(oneOf(names)), [])
    .option("--json <file>", "write the figures to FILE too")
    .parse();
  const {
    runs,
    without: unwanted,
    json,
  } = command.opts<{
    readonly runs: number;
    readonly without: readonly string[];
    readonly json?: string;
  }>();
  const [words] = command.processedArgs as [readonly string[]];
  const peers = [OURS, INTERPRETER, ...OTHERS].filter((peer) => peer.installed() && !unwanted.includes(peer.name));
  const missing = OTHERS.filter((peer) => !peers.includes(peer)).map(({ name }) => name);
  console.log(
    `${machineName()}; millions of guest instructions a second${missing.length > 0 ? `; without ${missing.join(", ")}` : ""}\n`,
  );
  console.log(
    `| guest    | paging | ${peers.map(({ name }) => name.padStart(9)).join(" |")} | to QEMU | to the best |`,
  );
  console.log(`|---|---|${peers.map(() => "---:|").join("")}---:|---:|`);
  const speeds: GuestSpeeds[] = [];
  for (const guest of guestNames(words)) {
    // Most of the others have page tables of their own, or do not care.
    for (const flags of PLAIN_GUESTS.has(guest) ? [0, 1] : [0]) {
      const line = await measureGuest(peers, guest, flags, runs);
      speeds.push(line);
      const ours = line.mips[OURS.name]!;
      const ratio = (other: number): string => (other > 0 ? (ours / other).toFixed(2) : "-");
      console.log(
        `| ${guest.padEnd(8)} | ${flags === 0 ? "off" : "on "}    | ${cells(peers, line)} | ${ratio(line.mips[QEMU.name] ?? 0).padStart(7)} | ${ratio(bestOther(line)).padStart(11)} |`,
      );
    }
  }
  const summary = {
    toQemu: geometricMean(speeds, (line) => line.mips[QEMU.name] ?? 0),
    toTheBest: geometricMean(speeds, bestOther),
  };
  console.log(
    `\ngeometric mean: ${summary.toQemu.toFixed(2)} to QEMU, ${summary.toTheBest.toFixed(2)} to the best of the others`,
  );
  if (json !== undefined)
    writeFileSync(
      json,
      `${JSON.stringify({ machine: machineName(), unit: "million instructions a second", speeds, ...summary }, null, 2)}\n`,
    );
}
