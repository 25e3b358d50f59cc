/**
 * npm run prove -- draws [--draws N] [--seed S] [--fresh]
 *
 * A kernel becomes eight more, one after the other; then one becomes two ten times, each a twin of the last twin. What
 * all of them draw is held against each other: codes of invitations, ports with sequence numbers, keys. How far it came
 * is kept in build/prove-draws, by the seed: the same command goes on.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../../emulator/state/random.ts";
import { positiveNumber, workshopCommand } from "../../scripts/command.mjs";
import { makeFolder } from "../../src/host/folder.ts";
import { loadFirmware } from "../../src/host/package.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { LabCluster, type LabNode, restoreCluster } from "../../src/lab/lab.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { builtFiles } from "../setup/built-files.ts";
import { hex, isTcp } from "../system/clone-scene.ts";
import { joined } from "./scene.ts";

/** How twins come of each other: how many, and who is the source of each. */
const FAMILIES = [
  { name: "eight of one", twins: 8, sourceOf: (_twin: number) => 0 },
  { name: "ten deep", twins: 10, sourceOf: (twin: number) => twin - 1 },
] as const;
type Family = (typeof FAMILIES)[number];

const RAM_BYTES = 12 << 20;
const KERNEL_SPACE = 0xc0000000;
const FOLDER = "build/prove-draws";
/** When the first fork begins, after all are members. */
const SPAN_US = 3_000_000;
/** Of each kernel, in one family. */
const DRAWS_EACH = 25;
/** Nobody listens there. */
const CLOSED_PORT = 9;
const CODE = /cloud join ([0-9a-z]{4}(?:-[0-9a-z]{4}){3})/g;
const ADDRESS = /^cloud: \S+ (\d+\.\d+\.\d+\.\d+) era \d+ age \d+ peers \d+\s*$/gm;
const PEERS = /^cloud: .* peers (\d+)\s*$/gm;
const SECRETS: readonly (readonly [symbol: string, bytes: number])[] = [
  ["generator_state", 32],
  ["trust_session", 8],
  ["secret_key", 16],
];
const TCP_AT = 34;
const SYN = 2;
const FLAGS = 0x3f;

const { draws, seed, fresh } = workshopCommand(
  "npm run prove -- draws",
  "what eight twins of one kernel draw, and a fork of a fork ten deep: is all of it distinct?",
  "--draws 1000",
)
  .option("--draws <number>", "of each kind, those of earlier runs included", positiveNumber, 1000)
  .option("--seed <number>", "when forks begin", positiveNumber, 1)
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{ readonly draws: number; readonly seed: number; readonly fresh: boolean }>();

const files = builtFiles(1000);
const cdrom = files("qure.iso");
const symbols = new Map(readElf(files("kernel.elf"), "kernel.elf").symbols.map(({ name, value }) => [name, value]));

async function members(count: number): Promise<Uint8Array> {
  const lab = new LabCluster({
    firmware: loadFirmware(),
    nodes: Array.from({ length: count }, (_, index) => ({
      cdrom,
      ramBytes: RAM_BYTES,
      hostName: `m${index + 1}`,
      key: keyOfSeed(1),
    })),
  });
  return (await joined(lab)).save();
}

const isSyn = (frame: Uint8Array): boolean => isTcp(frame) && (frame[TCP_AT + 13]! & FLAGS) === SYN;
const codesOf = ({ console }: LabNode, from: number): string[] =>
  [...console.text.slice(from).matchAll(CODE)].map(([, code]) => code!);

/** A number that came up twice, and where. */
class Distinct {
  readonly #by = new Map<string, string>();
  readonly problems: string[] = [];

  note(kind: string, value: string, by: string): void {
    const key = `${kind} ${value}`;
    const other = this.#by.get(key);
    if (other !== undefined) this.problems.push(`${by} has the ${kind} ${value}, as ${other} has`);
    this.#by.set(key, by);
  }

  get count(): number {
    return this.#by.size;
  }
}

/** Until each sees all others. */
async function settled(lab: LabCluster): Promise<void> {
  const said = ({ console }: LabNode): string => [...console.text.matchAll(PEERS)].at(-1)?.[1] ?? "none";
  const late = (): string[] =>
    lab.nodes
      .filter((node) => said(node) !== `${lab.nodes.length - 1}`)
      .map((node) => `m${node.index + 1} sees ${said(node)}`);
  await lab.until(
    () => late().length === 0,
    "not all are members again",
    { within: "150s" },
    () => late().join(", "),
  );
}

async function fork(source: LabNode, target: LabNode): Promise<void> {
  await target.enter("cloud fork accept", /^For a minute, .*$/m);
  await source.enter(`cloud fork m${target.index + 1}`, /^\S+ is the twin: .*$/m, { within: "60s" });
  await target.waitFor(new RegExp(`^I am m${target.index + 1}, forked from m${source.index + 1}$`, "m"));
}

/** Every kernel of the family opens a connection and invites, all at one moment, again and again. */
async function drawn(lab: LabCluster, found: Distinct): Promise<void> {
  const kernels = lab.nodes.slice(1);
  const synsOf = lab.nodes.map(() => 0);
  const other = [...lab.nodes[0]!.console.text.matchAll(ADDRESS)].at(-1)![1]!;
  lab.cluster.network.onFrame = (link, end, _sentNs, _arrivalNs, frame) => {
    const by = lab.nodes.findIndex(({ name }) => name === link.name);
    if (end !== 0 || by < 0 || !isSyn(frame)) return;
    synsOf[by]!++;
    found.note("port and sequence number", hex(frame.slice(TCP_AT, TCP_AT + 8)), `m${by + 1}`);
  };
  for (let draw = 1; draw <= DRAWS_EACH; draw++) {
    const before = lab.nodes.map(({ console }) => console.text.length);
    for (const node of kernels) node.type(`nc ${other} ${CLOSED_PORT}; cloud invite\n`);
    const hasDrawn = (node: LabNode): boolean =>
      synsOf[node.index]! >= draw && codesOf(node, before[node.index]!).length > 0;
    const late = (): string =>
      kernels
        .filter((node) => !hasDrawn(node))
        .map(({ name }) => name)
        .join(", ");
    await lab.until(() => kernels.every(hasDrawn), "somebody draws nothing", { within: "20s" }, late);
    for (const node of kernels) {
      for (const code of codesOf(node, before[node.index]!)) found.note("code", code, node.name);
      node.type("\x03");
    }
    await lab.advance("100ms");
  }
  lab.cluster.network.onFrame = null;
}

/** What is wrong in a family whose first fork begins so long after all are members; how many it drew. */
async function tried(snapshot: Uint8Array, { twins, sourceOf }: Family, afterUs: number): Promise<[string[], number]> {
  const lab = restoreCluster(snapshot);
  const found = new Distinct();
  try {
    await lab.advance(`${afterUs}us`);
    await lab.nodes[0]!.enter("set greeting hello", /^/m);
    for (let twin = 1; twin <= twins; twin++) {
      await fork(lab.nodes[sourceOf(twin)]!, lab.nodes[twin]!);
      // A twin is no source before it is a member.
      await settled(lab);
    }
    for (const node of lab.nodes) await node.enter("echo $greeting", /^hello$/m);
    for (const [symbol, bytes] of SECRETS)
      for (const node of lab.nodes)
        found.note(symbol, hex(node.readMemory(symbols.get(symbol)! - KERNEL_SPACE, bytes)), node.name);
    await drawn(lab, found);
    return [found.problems, found.count];
  } catch (error) {
    return [[(error as Error).message], found.count];
  } finally {
    lab.close();
  }
}

interface Progress {
  /** The hash of the image: another one has proved nothing yet. */
  readonly of: string;
  /** Families of each kind. */
  families: number;
  readonly broken: string[];
}

const path = join(FOLDER, `${seed}.json`);
makeFolder(FOLDER);
if (fresh) rmSync(path, { force: true });
const hash = createHash("sha256").update(cdrom).digest("hex");
const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Progress) : null;
const progress: Progress = before?.of === hash ? before : { of: hash, families: 0, broken: [] };
const snapshots: Uint8Array[] = [];
for (const { twins } of FAMILIES) snapshots.push(await members(twins + 1));
const DRAWS_OF_BOTH = FAMILIES.reduce((sum, { twins }) => sum + twins, 0) * DRAWS_EACH;
for (; progress.families * DRAWS_OF_BOTH < draws; progress.families++) {
  for (const [at, family] of FAMILIES.entries()) {
    const afterUs = new Random(seed * 1_000_000 + progress.families, family.name).below(SPAN_US);
    const [problems, count] = await tried(snapshots[at]!, family, afterUs);
    for (const problem of problems.slice(0, 5)) {
      progress.broken.push(`${family.name}, ${afterUs} us after all were members: ${problem.slice(0, 400)}`);
      process.stdout.write(`${progress.broken.at(-1)}\n`);
    }
    process.stdout.write(`${family.name}: ${count} numbers, ${progress.broken.length} broken\n`);
  }
  writeFileSync(path, JSON.stringify(progress));
}
process.stdout.write(`${progress.families * DRAWS_OF_BOTH} draws of each kind\n`);
process.exit(progress.broken.length === 0 ? 0 : 1);
