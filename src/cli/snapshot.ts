/** `qure snapshot`: whole clusters as named files - saved, listed, restored, branched, deleted. */
import type { Command } from "commander";
import { branchSnapshot } from "../../emulator/cluster/snapshot.ts";
import { zlibCompressor } from "../host/compression.ts";
import { formatNs } from "../lab/time.ts";
import { EMU_OPTIONS, type EmuOptionName, RESTORE_OPTIONS, SAVE_OPTIONS } from "./emu/options.ts";
import { runEmu } from "./emu/run.ts";
import { UsageError } from "./fail.ts";
import { declareOptions, flag, readOptions, wholeNumber, withDefault } from "./option-table.ts";
import { deleteSnapshot, listSnapshots, readSnapshot, writeSnapshot } from "./snapshot-store.ts";

type Found = Readonly<Record<string, unknown>>;

const BRANCH_OPTIONS = {
  seed: withDefault({
    flags: "--seed <n>",
    help: "decides how it differs",
    group: "Branch",
    parse: wholeNumber(0, Number.MAX_SAFE_INTEGER),
    default: "1",
  }),
  store: EMU_OPTIONS.store,
};
const LIST_OPTIONS = {
  json: flag({ flags: "--json", help: "as one JSON array", group: "Output" }),
  store: EMU_OPTIONS.store,
};
const DELETE_OPTIONS = { store: EMU_OPTIONS.store };

export function declare(command: Command): void {
  const add = (usage: string, summary: string): Command => command.command(usage).description(summary).exitOverride();
  const addRun = (usage: string, summary: string, options: readonly EmuOptionName[]): Command =>
    declareOptions(add(usage, summary), EMU_OPTIONS, options);

  addRun("save <name>", "boot machines as qure emu does, and keep a snapshot of them at the end", SAVE_OPTIONS).action(
    (name: string, found: Found) => save(name, found),
  );
  addRun("restore <name>", "go on from a snapshot, as if the run had not been interrupted", RESTORE_OPTIONS).action(
    (name: string, found: Found) => {
      return runEmu(readOptions(EMU_OPTIONS, found), name);
    },
  );
  declareOptions(
    add("branch <name> <new>", "make another snapshot of the same moment that goes on in its own way"),
    BRANCH_OPTIONS,
  ).action((name: string, branch: string, found: Found) => {
    const { seed, store } = readOptions(BRANCH_OPTIONS, found);
    writeSnapshot(store, branch, branchSnapshot(readSnapshot(store, name).bytes, seed, zlibCompressor));
  });
  declareOptions(add("list", "show the snapshots that are there"), LIST_OPTIONS).action((found: Found) => {
    const { store, json } = readOptions(LIST_OPTIONS, found);
    list(store, json);
  });
  declareOptions(add("delete <name>", "remove a snapshot"), DELETE_OPTIONS).action((name: string, found: Found) =>
    deleteSnapshot(readOptions(DELETE_OPTIONS, found).store, name),
  );
  command.addHelpText(
    "after",
    "\nExamples:\n  qure snapshot save agreed --nodes 3 --until cloud\n  qure snapshot restore agreed --for 10s\n  qure snapshot branch agreed other --seed 7\n",
  );
}

/** The snapshot is taken when the run ends, and `--at` says when that is. */
async function save(name: string, found: Found): Promise<void> {
  const { at, ...options } = readOptions(EMU_OPTIONS, { ...found, save: name });
  if (at !== null && (options.for !== null || options.until !== null))
    throw new UsageError("--at says when to save: leave --for and --until out");
  await runEmu({ ...options, at: null, for: at ?? options.for });
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
