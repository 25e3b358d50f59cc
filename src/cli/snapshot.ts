/** `qure snapshot`: whole clusters as named files - kept, shown, gone on from, branched off, deleted. */
import type { Command } from "commander";
import { branchSnapshot } from "../../emulator/cluster/snapshot.ts";
import { zlibCompressor } from "../host/compression.ts";
import { formatNs } from "../lab/time.ts";
import { declareMachines, declareRun, type EmuOptions, runEmu } from "./emu.ts";
import { UsageError } from "./fail.ts";
import { DEFAULT_STORE, deleteSnapshot, listSnapshots, readSnapshot, writeSnapshot } from "./snapshot-store.ts";

interface StoreOptions {
  readonly store: string;
}

export function declare(command: Command): void {
  const add = (usage: string, summary: string): Command =>
    command
      .command(usage)
      .description(summary)
      .option("--store <dir>", "folder of snapshots", DEFAULT_STORE)
      .exitOverride();
  declareRun(
    declareMachines(add("save <name>", "boot machines as qure emu does, and keep a snapshot of them at the end")),
  )
    .option("--at <time>", "end at this virtual time (the same as --for)")
    .action((name: string, options: EmuOptions) => save(name, options));
  declareRun(add("restore <name>", "go on from a snapshot, as if the run had not been interrupted"))
    .option("--save <name>", "keep another snapshot at the end")
    .option("--at <time>", "with --save: at this virtual time, and go on")
    .action((name: string, options: EmuOptions & StoreOptions) => runEmu(options, readSnapshot(options.store, name)));
  add("branch <name> <new>", "make another snapshot of the same moment, that goes on in its own way")
    .option("--seed <n>", "decides how it differs", "1")
    .action((name: string, branch: string, options: StoreOptions & { seed: string }) =>
      makeBranch(name, branch, options),
    );
  add("list", "show the snapshots that are there")
    .option("--json", "as one JSON array")
    .action((options: StoreOptions & { json?: boolean }) => list(options.store, options.json ?? false));
  add("delete <name>", "remove a snapshot").action((name: string, options: StoreOptions) =>
    deleteSnapshot(options.store, name),
  );
  command.addHelpText(
    "after",
    "\nExamples:\n  qure snapshot save agreed --nodes 3 --until cloud\n  qure snapshot restore agreed --for 10s\n  qure snapshot branch agreed other --seed 7\n",
  );
}

async function save(name: string, { at, ...options }: EmuOptions): Promise<void> {
  if (at !== undefined && (options.for !== undefined || options.until !== undefined))
    throw new UsageError("--at says when to save: leave --for and --until away");
  await runEmu({ ...options, save: name, ...(at === undefined ? {} : { for: at }) });
}

function makeBranch(name: string, branch: string, { store, seed }: StoreOptions & { seed: string }): void {
  const value = Number(seed);
  if (!/^\d+$/.test(seed) || value > Number.MAX_SAFE_INTEGER)
    throw new UsageError(`--seed ${seed}: not a whole number`);
  writeSnapshot(store, branch, branchSnapshot(readSnapshot(store, name).bytes, value, zlibCompressor));
}

function list(store: string, json: boolean): void {
  const snapshots = listSnapshots(store);
  if (json) {
    const rows = snapshots.map(({ name, sizeBytes, modified, content }) => ({
      name,
      sizeBytes,
      modified: modified.toISOString(),
      ...(typeof content === "string"
        ? { error: content }
        : {
            kind: content.kind,
            nodes: content.config.nodes.map((node) => node.name),
            virtualTimeNs: content.config.nowNs,
            seed: content.config.seed,
            branchSeed: content.config.branchSeed,
            digest: content.config.digest,
          }),
    }));
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    return;
  }
  if (snapshots.length === 0) process.stdout.write(`no snapshots in ${store}\n`);
  const width = Math.max(0, ...snapshots.map(({ name }) => name.length));
  for (const { name, sizeBytes, content } of snapshots) {
    const size = `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`;
    const what =
      typeof content === "string"
        ? content
        : `${content.kind} of ${content.config.nodes.length}, virtual time ${formatNs(content.config.nowNs)}, digest ${content.config.digest}${content.config.branchSeed === null ? "" : `, branch ${content.config.branchSeed}`}`;
    process.stdout.write(`${name.padEnd(width)}  ${size.padStart(10)}  ${what}\n`);
  }
}
