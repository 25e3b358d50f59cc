/**
 * npm run prove -- upgrade [--nodes N] [--minutes M] [--fresh]
 *
 * So many nodes go from one revision to the next, which one of them has and the others load, while a client asks their
 * service address all the time and tries once more when that fails: no request may fail. After each node the machines
 * are kept in build/prove-upgrade-N: the same command goes on there, --fresh begins anew, as another image does.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { get16 } from "../../emulator/ether/packet.ts";
import { positiveNumber, wholeNumber, workshopCommand } from "../../scripts/command.mjs";
import { writeFilesAside } from "../../src/host/files.ts";
import { loadFirmware } from "../../src/host/package.ts";
import { SECTOR_BYTES } from "../../src/image/kernel-image.ts";
import { readSlotRecord, SLOT_RECORD_LBA } from "../../src/image/slot-record.ts";
import { LabCluster, type LabNode, restoreCluster, SparseDisk } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { prepareDisk, SHELL_PROMPT } from "../../src/lab/prepare.ts";
import { builtFiles } from "../setup/built-files.ts";
import { type Met, RetryingClient } from "./retrying-client.ts";
import { NEW, OLD, putLaterKernel } from "./two-kernels.ts";

const SERVICE = "10.0.2.9";
const DISK_BYTES = 32 << 20;
const RAM_BYTES = 16 << 20;
const A_NODE_MS = 120_000;
const LOOK = "100ms";
const [IPV4, TCP, HTTP] = [0x800, 6, 80];

const values = workshopCommand(
  "npm run prove -- upgrade",
  "nodes go to the next revision one after the other: does a client that tries twice notice?",
  "--nodes 30",
)
  .option("--nodes <number>", "machines", wholeNumber(2, 100), 30)
  .option("--minutes <minutes>", "at most so long", positiveNumber, Number.MAX_SAFE_INTEGER)
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{ readonly nodes: number; readonly minutes: number; readonly fresh: boolean }>();

interface Progress {
  /** The hash of the image: another one has proved nothing yet. */
  readonly of: string;
  readonly met: Met;
  /** When the upgrade was asked for, in virtual time. */
  readonly fromMs: number;
  /** When each node had been confirmed, after that. */
  readonly confirmedMs: readonly number[];
  readonly processorSeconds: number;
  /** By node: bytes of TCP that it has sent to other nodes from its port of HTTP. */
  readonly served: readonly number[];
  /** How long each hand-over took, from "is given up" to "is here now". */
  readonly awayMs: readonly number[];
}

const folder = `build/prove-upgrade-${values.nodes}`;
const [progressFile, snapshotFile] = [join(folder, "progress.json"), join(folder, "machines.snapshot")];

/** The machines as one cluster with a service address, of which the first has the later kernel. */
async function begun(cdrom: Uint8Array): Promise<LabCluster> {
  const { nodes } = values;
  const firmware = loadFirmware();
  const make = (options: ConstructorParameters<typeof LabCluster>[0]): LabCluster => new LabCluster(options);
  const one = await prepareDisk({ cdrom, firmware, sizeBytes: DISK_BYTES, make, step: () => {} });
  const both = one.content();
  putLaterKernel(both, () => []);
  const lab = new LabCluster({
    firmware,
    nodes: Array.from({ length: nodes }, (_, index) => ({
      disk: index === 0 ? new SparseDisk(DISK_BYTES, { content: both }) : new SparseDisk(DISK_BYTES, { base: one }),
      key: keyOfSeed(1),
      ramBytes: RAM_BYTES,
    })),
  });
  const agrees = new RegExp(`^cloud: .* peers ${nodes - 1}\\s*$`, "m");
  const within = { within: `${nodes * A_NODE_MS}ms`, look: "output" } as const;
  await lab.until(() => lab.nodes.every(({ console }) => agrees.test(console.text)), "they did not agree", within);
  const [person] = lab.nodes;
  for (const line of [`cloud address add ${SERVICE}`, "cloud set upgrade.unsigned yes"]) {
    await person!.enter(line, SHELL_PROMPT);
    await lab.advance("3s");
  }
  return lab;
}

const isConfirmed = (node: LabNode): boolean => {
  const [one, other] = [0, 1].map((copy) => node.readDisk((SLOT_RECORD_LBA + copy) * SECTOR_BYTES, SECTOR_BYTES));
  return readSlotRecord(one!, other!)?.good === 1 && new RegExp(`^QuRe revision ${NEW}$`, "m").test(node.console.text);
};

/** Hears how long the address is away, and what nodes send each other. */
function listen(lab: LabCluster, served: number[], awayMs: number[]): void {
  const says = new RegExp(`^cluster: ${SERVICE.replaceAll(".", "\\.")} is (here now|given up)`, "gm");
  const from = lab.nodes.map(({ console }) => console.text.length);
  let goneMs: number | null = null;
  lab.accompany({
    isWanted: () => {
      for (const [index, { console }] of lab.nodes.entries()) {
        const end = console.text.lastIndexOf("\n") + 1;
        if (end <= from[index]!) continue;
        for (const [, what] of console.text.slice(from[index], end).matchAll(says)) {
          if (what === "given up") goneMs ??= lab.nowNs / 1e6;
          else if (goneMs !== null) {
            awayMs.push(Math.round(lab.nowNs / 1e6 - goneMs));
            goneMs = null;
          }
        }
        from[index] = end;
      }
      return false;
    },
    close: () => {},
  });
  const indices = new Map(lab.nodes.map(({ name, index }) => [name, index]));
  lab.cluster.network.onFrame = ({ name }, end, _sentNs, _arrivalNs, frame) => {
    const index = indices.get(name);
    if (end !== 0 || index === undefined || get16(frame, 12) !== IPV4 || frame[23] !== TCP) return;
    if (get16(frame, 34) !== HTTP || frame.subarray(30, 34).join(".") === RetryingClient.address) return;
    served[index]! += get16(frame, 16) - 20 - (frame[46]! >> 4) * 4;
  };
}

const cdrom = builtFiles(OLD)("qure.iso");
const hash = createHash("sha256").update(cdrom).digest("hex");
if (values.fresh) rmSync(folder, { recursive: true, force: true });
const before = existsSync(progressFile) ? (JSON.parse(readFileSync(progressFile, "utf8")) as Progress) : null;
const isKnown = before?.of === hash;
const cpuFrom = process.cpuUsage();
const lab = isKnown ? restoreCluster(readFileSync(snapshotFile)) : await begun(cdrom);
const served = [...(before?.of === hash ? before.served : lab.nodes.map(() => 0))];
const awayMs = [...(before?.of === hash ? before.awayMs : [])];
let client = new RetryingClient(lab, SERVICE, isKnown ? before.met : undefined);
listen(lab, served, awayMs);
let progress: Progress;
if (isKnown) progress = before;
else {
  await lab.advance("2s");
  progress = {
    of: hash,
    met: client,
    fromMs: lab.nowNs / 1e6,
    confirmedMs: [],
    processorSeconds: 0,
    served,
    awayMs,
  };
  lab.nodes[0]!.type(`cloud upgrade ${NEW}\n`);
}
const secondsBefore = progress.processorSeconds;

/** Keeps the machines, without the client. */
function keep(): void {
  client.unplug();
  const { asked, retried, failed } = client;
  const processorSeconds = secondsBefore + process.cpuUsage(cpuFrom).user / 1e6;
  progress = { ...progress, met: { asked, retried, failed }, processorSeconds, served, awayMs };
  writeFilesAside([
    { path: snapshotFile, content: lab.save() },
    { path: progressFile, content: new TextEncoder().encode(JSON.stringify(progress)) },
  ]);
  client = new RetryingClient(lab, SERVICE, progress.met);
}

const untilMs = Date.now() + values.minutes * 60_000;
while (progress.confirmedMs.length < values.nodes && Date.now() < untilMs) {
  const endMs = lab.nowNs / 1e6 + A_NODE_MS;
  const confirmed = (): number => lab.nodes.filter(isConfirmed).length;
  while (confirmed() <= progress.confirmedMs.length || !client.isIdle) {
    if (lab.nowNs / 1e6 > endMs) throw new Error(`nobody goes on: ${lab.nodes[0]!.console.text.slice(-2000)}`);
    await lab.advance(LOOK);
  }
  const atMs = lab.nowNs / 1e6 - progress.fromMs;
  progress = { ...progress, confirmedMs: [...progress.confirmedMs, atMs] };
  keep();
  const { asked, failed } = progress.met;
  console.log(
    `${progress.confirmedMs.length} after ${(atMs / 1000).toFixed(0)} s, ${progress.processorSeconds.toFixed(0)} s of ` +
      `processor time: ${asked} asked, ${failed} failed, away ${awayMs.join(", ")} ms`,
  );
}
const { met, confirmedMs } = progress;
console.log(
  `${confirmedMs.length} of ${values.nodes} nodes in ${((confirmedMs.at(-1) ?? 0) / 1000).toFixed(0)} s of virtual time, ` +
    `${progress.processorSeconds.toFixed(0)} s of processor time (image ${hash.slice(0, 8)}): ` +
    `${met.asked} requests, ${met.retried} tried once more, ${met.failed} failed; ` +
    `the address was away ${awayMs.length} times, at most ${Math.max(0, ...awayMs)} ms`,
);
console.log(`bytes served, by node: ${served.join(", ")}`);
lab.close();
process.exitCode = met.failed === 0 ? 0 : 1;
