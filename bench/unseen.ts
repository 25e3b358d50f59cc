/**
 * How soon an emulator gets going: instructions retired within 10 ms, 100 ms and 1 s of a guest's start mark, in code
 * that it has never seen (guests/unseen.s). The guest sends a dot now and then; how many instructions each dot stands
 * for is counted on our own processor, the same for everyone, and when it arrives tells how fast it was reached.
 * Medians of several launches that take turns.
 *
 *     npm run bench -- unseen
 */
import { writeFileSync } from "node:fs";

import { wholeNumber, workshopCommand } from "../scripts/command.mjs";
import { guestImage, startGuest } from "./interpreter.ts";
import { type Arrival, listen, machineName, OTHERS, OURS, type Peer } from "./peers/peers.ts";

const GUEST = "unseen";
const MOMENTS_MS = [10, 100, 1000] as const;
/** Rounds over all routines; more than anyone gets through in a second. */
const ROUNDS = 2_000;
const START_MARK = "S\n";
/** Dots for which instructions are counted. */
const LONGEST_COUNT = 4e9;

/** Retired instructions at each dot, since the start mark. */
function instructionsByDot(image: Uint8Array): number[] {
  const { cpu, board } = startGuest(image, "on");
  const counts: number[] = [];
  const write = board.writePort.bind(board);
  let start = 0;
  board.writePort = (port, sizeBytes, value) => {
    write(port, sizeBytes, value);
    if (port !== 0x3f8) return;
    if (value === 10 && start === 0) start = cpu.retired;
    if (value === 0x2e && start !== 0) counts.push(cpu.retired - start);
  };
  while (start === 0) cpu.run(cpu.retired + 1e9);
  while (cpu.retired < LONGEST_COUNT && !board.output.includes("E ")) cpu.run(cpu.retired + 20_000_000);
  return counts;
}

/** Instructions that were retired some milliseconds after the start mark, by the last dot that had arrived. */
function retiredAt(arrivals: readonly Arrival[], counts: readonly number[], milliseconds: number): number {
  let started = NaN;
  let text = "";
  let dots = 0;
  for (const arrival of arrivals) {
    if (arrival.timeMs - started > milliseconds) break;
    text += arrival.text;
    const mark = text.indexOf(START_MARK);
    if (mark < 0) continue;
    if (Number.isNaN(started)) started = arrival.timeMs;
    dots = text.slice(mark).split(".").length - 1;
  }
  return counts[dots - 1] ?? 0;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

const { runs, json } = workshopCommand(
  "npm run bench -- unseen",
  "how fast code begins that nobody has seen",
  "--runs 3",
)
  .option("--runs <number>", "the median of so many is taken", wholeNumber(1), 5)
  .option("--json <file>", "write the figures to FILE too")
  .parse()
  .opts<{ readonly runs: number; readonly json?: string }>();
const peers = [OURS, ...OTHERS].filter((peer) => peer.installed());
const image = guestImage(GUEST, 0, 1);
new DataView(image.buffer).setUint32(512, ROUNDS, true);
const counts = instructionsByDot(image);
const figures = new Map<Peer, number[][]>(peers.map((peer) => [peer, []]));
for (let run = 0; run < runs; run++) {
  for (const peer of peers) {
    let startedAt = 0;
    const isDone = (text: string): boolean => {
      if (startedAt === 0 && text.includes(START_MARK)) startedAt = performance.now();
      return startedAt !== 0 && performance.now() - startedAt > MOMENTS_MS.at(-1)! * 1.2;
    };
    const arrivals = await listen(peer, image, isDone);
    figures.get(peer)!.push(MOMENTS_MS.map((moment) => retiredAt(arrivals, counts, moment)));
  }
}
const table = peers.map((peer) => ({
  name: peer.name,
  retired: MOMENTS_MS.map((_, index) => median(figures.get(peer)!.map((run) => run[index]!))),
}));
console.log(
  `${machineName()}; millions of instructions retired after the start of code never seen before, medians of ${runs}\n`,
);
console.log(`|          | ${MOMENTS_MS.map((moment) => `${moment} ms`.padStart(9)).join(" | ")} |`);
console.log(`|---|${MOMENTS_MS.map(() => "---:|").join("")}`);
for (const { name, retired } of table)
  console.log(`| ${name.padEnd(8)} | ${retired.map((count) => (count / 1e6).toFixed(2).padStart(9)).join(" | ")} |`);
if (json !== undefined)
  writeFileSync(
    json,
    `${JSON.stringify({ machine: machineName(), momentsMs: MOMENTS_MS, retired: table }, null, 2)}\n`,
  );
