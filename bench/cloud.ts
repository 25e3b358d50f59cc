/**
 * The cluster's aims in virtual time, where the load of this machine counts for nothing: how soon a join, a death and a
 * goodbye are known to all, how long a service address is without a holder or has two, and what an idle minute costs.
 * Beside them what this machine does for it: wall and processor time until there is one cluster, and of an idle minute.
 *
 *     npm run bench -- cloud
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { listOf, wholeNumber, workshopCommand } from "../scripts/command.mjs";
import { LabCluster, type LabNode, loadFirmware } from "../src/index.ts";
import { block, LOW, ServiceClient } from "./network/service-client.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const RAM_BYTES = 8 << 20;
const PROMPT = /\S+:\/\S*> $/;
const CLOUD = /^cloud: \S+ \S+ era \d+ age \d+ peers (\d+)\s*$/gm;
/** The moments of faults are spread over a beat by so much from run to run. */
const STEP_MS = 137;

export interface CloudFigures {
  readonly nodes: number;
  readonly joinMs: readonly number[];
  readonly deathMs: readonly number[];
  readonly takeoverMs: readonly number[];
  readonly goodbyeMs: readonly number[];
  /** From the healing of a cut on, how long two have answered. */
  readonly twoHoldersMs: readonly number[];
  /** The most that a node sent in a second of an idle minute, without and with a service address that it holds. */
  readonly idleBytes: number;
  readonly holderBytes: number;
  /** Until there is one cluster: virtual, wall and processor time. */
  readonly form: Cost;
  /** Of an idle minute, or as long as is asked for. */
  readonly idle: Cost;
}

/** Seconds of virtual time, of this machine's clock, and of its processors. */
interface Cost {
  readonly virtual: number;
  readonly wall: number;
  readonly processor: number;
}

/** What it costs this machine to do something. */
async function costOf(lab: LabCluster, what: () => Promise<unknown>): Promise<Cost> {
  const [fromNs, fromMs, used] = [lab.nowNs, performance.now(), process.cpuUsage()];
  await what();
  const { user, system } = process.cpuUsage(used);
  return {
    virtual: (lab.nowNs - fromNs) / 1e9,
    wall: (performance.now() - fromMs) / 1e3,
    processor: (user + system) / 1e6,
  };
}

const OPTIONS = workshopCommand(
  "npm run bench -- cloud",
  "the times that docs/performance.md promises",
  "--nodes 3,10 --runs 7",
)
  .option("--nodes <numbers>", "machines of each cluster", listOf(wholeNumber(3)), [3, 10])
  .option("--runs <number>", "joins, deaths and takeovers of each", wholeNumber(1), 5)
  .option("--seed <number>", "of the machines' identities", wholeNumber(0), 1)
  .option("--idle <seconds>", "virtual seconds of the idle cluster", wholeNumber(1), 60)
  .option("--json", "print the figures as JSON", false)
  .parse()
  .opts<{
    readonly nodes: readonly number[];
    readonly runs: number;
    readonly seed: number;
    readonly idle: number;
    readonly json: boolean;
  }>();

const IDLE_SECONDS = OPTIONS.idle;
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

function peers(node: LabNode): number {
  return Number([...node.console.text.matchAll(CLOUD)].at(-1)?.[1] ?? -1);
}

/** Milliseconds of virtual time until these nodes see each other, and nobody else. */
async function agreedMs(lab: LabCluster, nodes: readonly LabNode[]): Promise<number> {
  const from = lab.nowNs;
  await lab.until(() => nodes.every((node) => peers(node) === nodes.length - 1), "they do not agree", {
    look: "output",
  });
  return (lab.nowNs - from) / 1e6;
}

async function sentBytes(lab: LabCluster): Promise<number[]> {
  const bytes: number[] = [];
  for (const node of lab.nodes) {
    const [, sent] = await node.enter("ifconfig", /^ +sent \d+ frames, (\d+) bytes/m);
    await node.waitFor(PROMPT);
    bytes.push(Number(sent));
  }
  return bytes;
}

/** What the node that sends most sends in a second. */
async function busiest(lab: LabCluster): Promise<number> {
  await lab.advance("5s");
  const before = await sentBytes(lab);
  const from = lab.nowNs;
  await lab.advance(`${IDLE_SECONDS}s`);
  const seconds = (lab.nowNs - from) / 1e9;
  const after = await sentBytes(lab);
  return Math.max(...after.map((bytes, index) => (bytes - before[index]!) / seconds));
}

async function back(lab: LabCluster, node: LabNode): Promise<number> {
  const from = node.console.text.length;
  node.powerOn();
  await lab.until(() => /^cloud: .* era \d+ /m.test(node.console.text.slice(from)), "it does not join");
  const joinMs = await agreedMs(lab, lab.nodes);
  await node.waitFor(PROMPT);
  await lab.advance("2s");
  return joinMs;
}

async function measure(nodes: number, runs: number, seed: number): Promise<CloudFigures> {
  const iso = new Uint8Array(readFileSync(join(ROOT, "build/qure.iso")));
  const lab = new LabCluster({
    firmware: loadFirmware(),
    seed,
    nodes: Array.from({ length: nodes }, () => ({ cdrom: iso, ramBytes: RAM_BYTES })),
  });
  const form = await costOf(lab, () => agreedMs(lab, lab.nodes));
  for (const node of lab.nodes) await node.waitFor(PROMPT);
  const idle = await costOf(lab, () => lab.advance(`${IDLE_SECONDS}s`));
  const idleBytes = await busiest(lab);
  await lab.nodes[0]!.enter(`cloud address add ${LOW.service}`, PROMPT);
  await lab.advance("2s");
  const holderBytes = await busiest(lab);
  const figures = {
    joinMs: [] as number[],
    deathMs: [] as number[],
    takeoverMs: [] as number[],
    goodbyeMs: [] as number[],
    twoHoldersMs: [] as number[],
  };
  const client = new ServiceClient(lab, LOW);
  for (let run = 0; run < runs; run++) {
    await lab.advance(`${1000 + run * STEP_MS}ms`);
    const victim = client.holder();
    const others = lab.nodes.filter((node) => node !== victim);
    const diedMs = lab.nowNs / 1e6;
    victim.powerOff();
    figures.deathMs.push(await agreedMs(lab, others));
    await lab.advance("2s");
    figures.takeoverMs.push(client.silenceMs(diedMs));
    figures.joinMs.push(await back(lab, victim));
    const leaving = client.holder();
    const leftMs = lab.nowNs / 1e6;
    leaving.type("cloud stop\n");
    await lab.advance("2s");
    figures.goodbyeMs.push(client.silenceMs(leftMs));
    leaving.type("cloud start\n");
    await agreedMs(lab, lab.nodes);
    await lab.advance("2s");
    const cut = client.holder();
    block(lab, cut, true);
    await lab.advance(`${2000 + run * STEP_MS}ms`);
    block(lab, cut, false);
    const healedMs = lab.nowNs / 1e6;
    await lab.advance("4s");
    figures.twoHoldersMs.push(client.severalMs(healedMs));
    await agreedMs(lab, lab.nodes);
  }
  lab.close();
  return { nodes, ...figures, idleBytes, holderBytes, form, idle };
}

const seconds = ({ virtual, wall, processor }: Cost): string =>
  `${virtual.toFixed(1)} s virtual, ${wall.toFixed(1)} s wall, ${processor.toFixed(1)} s of processors`;

const { runs } = OPTIONS;
const results: CloudFigures[] = [];
for (const nodes of OPTIONS.nodes) {
  const figures = await measure(nodes, runs, OPTIONS.seed);
  results.push(figures);
  if (OPTIONS.json) continue;
  const row = (name: string, values: readonly number[]): string =>
    `  ${name.padEnd(46)} median ${median(values).toFixed(0).padStart(5)} ms, worst ${Math.max(...values).toFixed(0)} ms\n`;
  process.stdout.write(
    `${nodes} nodes, ${runs} runs\n${row("join known to all after the newcomer's line", figures.joinMs)}${row(
      "silent death known to all",
      figures.deathMs,
    )}${row("address without a holder after a death", figures.takeoverMs)}${row(
      "address without a holder after a goodbye",
      figures.goodbyeMs,
    )}${row("two answer for it after a cut has healed", figures.twoHoldersMs)}  idle: ${figures.idleBytes.toFixed(
      0,
    )} bytes a second sent by the busiest, ${figures.holderBytes.toFixed(0)} with a service address\n  one cluster after ${seconds(
      figures.form,
    )}\n  idle: ${seconds(figures.idle)}\n`,
  );
}
if (OPTIONS.json) process.stdout.write(`${JSON.stringify(results)}\n`);
