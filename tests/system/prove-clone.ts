/**
 * npm run prove -- clone [--draws N] [--seed S] [--fresh]
 *
 * A machine is cloned at drawn moments, eight times at once, and each clone must be another one before its first frame
 * (clone-scene.ts). How far it came is kept in build/prove-clone, by the seed: the same command goes on.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseIpv4 } from "../../emulator/ether/packet.ts";
import { Random } from "../../emulator/state/random.ts";
import { positiveNumber, workshopCommand } from "../../scripts/command.mjs";
import { makeFolder } from "../../src/host/folder.ts";
import { loadFirmware } from "../../src/host/package.ts";
import { LabCluster, restoreCluster } from "../../src/lab/lab.ts";
import { SHELL_PROMPT } from "../../src/lab/prepare.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { builtFiles } from "../setup/built-files.ts";
import { CloneScene, hex } from "./clone-scene.ts";

const CLONES = 8;
const RAM_BYTES = 8 << 20;
const KERNEL_SPACE = 0xc0000000;
/** From its prompt on: address, cluster, and seconds in which it sends. */
const SPAN_MS = 9_000;
const SENDS_AT_MS = 6_000;
const FOLDER = "build/prove-clone";

const { draws, seed, fresh } = workshopCommand(
  "npm run prove -- clone",
  "eight clones at once of a machine that runs, at drawn moments: is each another one before its first frame?",
  "--draws 1000",
)
  .option("--draws <number>", "clones, those of earlier runs included", positiveNumber, 1000)
  .option("--seed <number>", "what is drawn", positiveNumber, 1)
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{ readonly draws: number; readonly seed: number; readonly fresh: boolean }>();

const files = builtFiles(1000);
const cdrom = files("qure.iso");
const symbols = new Map(readElf(files("kernel.elf"), "kernel.elf").symbols.map(({ name, value }) => [name, value]));
const addressOf = (symbol: string): number => symbols.get(symbol)! - KERNEL_SPACE;

async function atPrompts(): Promise<Uint8Array> {
  const lab = new LabCluster({
    firmware: loadFirmware(),
    nodes: Array.from({ length: CLONES + 2 }, (_, index) => ({
      cdrom,
      ramBytes: RAM_BYTES,
      off: index > 1,
      hostName: index === 0 ? "web" : index === 1 ? "client" : `web-${index - 1}`,
    })),
  });
  for (const node of lab.nodes.slice(0, 2)) await node.waitFor(SHELL_PROMPT);
  return lab.save();
}

/** What is wrong with eight clones that were made so long after the prompt, in microseconds. */
async function tried(snapshot: Uint8Array, afterUs: number): Promise<string[]> {
  const lab = restoreCluster(snapshot);
  const scene = new CloneScene(lab, addressOf);
  try {
    if (afterUs > SENDS_AT_MS * 1000) {
      await lab.advance(`${SENDS_AT_MS}ms`);
      scene.client.type("nc -l 5000 | wc &\n");
      scene.origin.type(`sleep 1; seq 400000 | nc ${scene.saidBy(scene.client)!.address} 5000 &\n`);
      await lab.advance(`${afterUs - SENDS_AT_MS * 1000}us`);
    } else await lab.advance(`${afterUs}us`);
    scene.cloneAll();
    const address = scene.saidBy(scene.origin)?.address ?? "255.255.255.255";
    const old = [hex(lab.cluster.macAddresses[0]!), hex(parseIpv4(address)), scene.selfOf(scene.origin).id];
    await scene.settle();
    return scene.problems(old);
  } catch (error) {
    return [(error as Error).message];
  } finally {
    lab.close();
  }
}

interface Progress {
  /** The hash of the image: another one has proved nothing yet. */
  readonly of: string;
  done: number;
  readonly broken: string[];
}

const path = join(FOLDER, `${seed}.json`);
makeFolder(FOLDER);
if (fresh) rmSync(path, { force: true });
const hash = createHash("sha256").update(cdrom).digest("hex");
const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Progress) : null;
const progress: Progress = before?.of === hash ? before : { of: hash, done: 0, broken: [] };
const snapshot = await atPrompts();
while (progress.done < draws) {
  const afterUs = new Random(seed * 1_000_000 + progress.done, "clone").below(SPAN_MS * 1000);
  const problems = await tried(snapshot, afterUs);
  progress.done += CLONES;
  for (const problem of problems.slice(0, 5)) {
    progress.broken.push(`${afterUs} us after the prompt: ${problem.slice(0, 400)}`);
    process.stdout.write(`${progress.broken.at(-1)}\n`);
  }
  writeFileSync(path, JSON.stringify(progress));
  process.stdout.write(`${progress.done} of ${draws} clones, ${progress.broken.length} broken\n`);
}
process.exit(progress.broken.length === 0 ? 0 : 1);
