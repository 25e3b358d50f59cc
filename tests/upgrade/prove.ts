/**
 * npm run prove -- upgrade [--nodes N]
 *
 * So many nodes go from one revision to the next while a client asks their service address all the time and tries once
 * more when that fails: no request may fail.
 */
import { createHash } from "node:crypto";
import { wholeNumber, workshopCommand } from "../../scripts/command.mjs";
import { loadFirmware } from "../../src/host/package.ts";
import { LabCluster, SparseDisk } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { prepareDisk, SHELL_PROMPT } from "../../src/lab/prepare.ts";
import { builtFiles } from "../setup/built-files.ts";
import { RetryingClient } from "./retrying-client.ts";
import { NEW, OLD, putLaterKernel } from "./two-kernels.ts";

const SERVICE = "10.0.2.9";
const DISK_BYTES = 32 << 20;
const RAM_BYTES = 16 << 20;
const A_NODE_MS = 120_000;

const { nodes } = workshopCommand(
  "npm run prove -- upgrade",
  "nodes go to the next revision one after the other: does a client that tries twice notice?",
  "--nodes 30",
)
  .option("--nodes <number>", "machines", wholeNumber(2, 100), 30)
  .parse()
  .opts<{ readonly nodes: number }>();

const file = builtFiles(OLD);
const [cdrom, firmware] = [file("qure.iso"), loadFirmware()];
const make = (options: ConstructorParameters<typeof LabCluster>[0]): LabCluster => new LabCluster(options);
const content = (await prepareDisk({ cdrom, firmware, sizeBytes: DISK_BYTES, make, step: () => {} })).content();
putLaterKernel(content, () => []);

const lab = new LabCluster({
  firmware,
  nodes: Array.from({ length: nodes }, () => ({
    disk: new SparseDisk(DISK_BYTES, { content: content.slice() }),
    key: keyOfSeed(1),
    ramBytes: RAM_BYTES,
  })),
});
const started = process.cpuUsage();
const within = { within: `${nodes * A_NODE_MS}ms` } as const;
const said = (what: RegExp): boolean => lab.nodes.every(({ console }) => what.test(console.text));
await lab.until(() => said(new RegExp(`^cloud: .* peers ${nodes - 1}\\s*$`, "m")), "they did not agree", within);
const [person] = lab.nodes;
await person!.enter(`cloud address add ${SERVICE}`, SHELL_PROMPT);
await lab.advance("5s");
const client = new RetryingClient(lab, SERVICE);
await lab.advance("2s");
const fromMs = lab.nowNs / 1e6;
person!.type(`cloud upgrade ${NEW}\n`);
const isNew = new RegExp(`^QuRe revision ${NEW}$`, "m");
let told = 0;
await lab.until(
  () => {
    const count = lab.nodes.filter(({ console }) => isNew.test(console.text)).length;
    if (count > told) {
      told = count;
      console.log(
        `${count} after ${((lab.nowNs / 1e6 - fromMs) / 1000).toFixed(0)} s: ${client.asked} asked, ${client.failed} failed`,
      );
    }
    return count === nodes;
  },
  "they did not all go to the next revision",
  within,
);
await lab.advance("60s");
const seconds = (lab.nowNs / 1e6 - fromMs) / 1000;
const digest = createHash("sha256").update(cdrom).digest("hex").slice(0, 8);
console.log(
  `${nodes} nodes in ${seconds.toFixed(0)} s of virtual time, ${(process.cpuUsage(started).user / 1e6).toFixed(0)} s of processor time (image ${digest}): ` +
    `${client.asked} requests, ${client.retried} tried once more, ${client.failed} failed`,
);
process.exitCode = client.failed === 0 ? 0 : 1;
