/**
 * npm run prove -- vm [--rounds N] [--seed S] [--emu]
 *
 * Drawn kills of what runs machines (kills.ts), round after round. How far they came is kept in build/prove-vm, by the
 * seed: the same command goes on with the next folder.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { positiveNumber, workshopCommand } from "../../scripts/command.mjs";
import { makeFolder } from "../../src/host/folder.ts";
import { oracle } from "../oracle.ts";
import { Kills } from "./kills.ts";

const FOLDER = "build/prove-vm";
/** So many in one folder: then a new one is begun, with other machines. */
const ROUNDS_OF_A_FOLDER = 25;

const { rounds, seed } = workshopCommand(
  "npm run prove -- vm",
  "machines whose owner, commands and QEMU are killed at drawn moments",
  "--rounds 1000",
)
  .option("--rounds <number>", "until so many were tried, those of earlier runs included", positiveNumber, 1000)
  .option("--seed <number>", "what is drawn", positiveNumber, 1)
  .parse()
  .opts<{ readonly rounds: number; readonly seed: number }>();

const path = join(FOLDER, `${seed}.json`);
makeFolder(FOLDER);
const progress = existsSync(path)
  ? (JSON.parse(readFileSync(path, "utf8")) as { done: number; broken: string[] })
  : { done: 0, broken: [] as string[] };
const drivers = oracle("qemu-system-i386") === null ? ["emu"] : ["emu", "emu", "qemu"];
while (progress.done < rounds) {
  const kills = new Kills(seed * 1_000_000 + progress.done, drivers, join(process.cwd(), "dist/qure.cjs"));
  const events: string[] = [];
  try {
    for (let round = 0; round < ROUNDS_OF_A_FOLDER; round++) {
      events.push(await kills.round());
      progress.done++;
    }
  } catch (error) {
    progress.done++;
    const before = events.join(", ");
    progress.broken.push(`round ${progress.done} (after ${before}): ${(error as Error).message}`);
    process.stdout.write(`${progress.broken.at(-1)}\n`);
  } finally {
    kills.close();
  }
  writeFileSync(path, JSON.stringify(progress));
  process.stdout.write(`${progress.done} of ${rounds} rounds, ${progress.broken.length} broken\n`);
}
process.exit(progress.broken.length === 0 ? 0 : 1);
