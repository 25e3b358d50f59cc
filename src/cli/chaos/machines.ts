/** The machines of a campaign: those of a snapshot, or QuRe's with the image that is named. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildSystem } from "../../build/build.ts";
import { anyDiskless } from "../../chaos/draw.ts";
import { CAMPAIGN_DISK_BYTES, prepareBoth, prepareCluster } from "../../chaos/qure/prepare-cluster.ts";
import type { StageSetup } from "../../chaos/setup.ts";
import { gitTree } from "../../host/git-tree.ts";
import { loadFirmware } from "../../host/package.ts";
import { WaitError } from "../../lab/lab.ts";
import { DEFAULT_STORE } from "../../plan/schema.ts";
import { KERNEL_REVISION, VERSION } from "../../version.ts";
import { preparedDisk } from "../emu/prepare.ts";
import { readInput } from "../emu/shelf.ts";
import { CommandError } from "../fail.ts";
import type { Progress } from "../progress.ts";
import { readSnapshot } from "../snapshot-store.ts";
import type { ChaosOptions } from "./options.ts";

/** `isVaried`: a seed begins with two kernels among the machines. */
export async function setUp(
  options: ChaosOptions,
  isVaried: boolean,
  progress: Progress,
  signal: AbortSignal,
): Promise<StageSetup> {
  const { image, nodes, memory: ramBytes, snapshot, invariants: module } = options;
  if (snapshot !== null)
    return {
      snapshot: readSnapshot(DEFAULT_STORE, snapshot).bytes,
      kernel: null,
      sparesFrom: null,
      run: null,
      module,
    };
  if (!existsSync(image)) throw new CommandError(`${image}: no such file; \`qure build\` makes it`);
  const kernel = readInput(options.kernel ?? join(dirname(image), "kernel.elf"));
  const cdrom = readInput(image);
  if (options.sites) {
    const sites = { cdrom, firmware: loadFirmware(), ramBytes, nodes };
    return { snapshot: cdrom, kernel, sparesFrom: null, run: null, module, sites };
  }
  const previous = options.previous === null ? null : previousImage(options.previous);
  const firmware = loadFirmware();
  const cacheFolder = join(dirname(image), ".qure-cache");
  const sizeBytes = CAMPAIGN_DISK_BYTES;
  const diskOf = (cd: Uint8Array): ReturnType<typeof preparedDisk> =>
    preparedDisk({ cdrom: cd, firmware, sizeBytes, cacheFolder, progress, signal });
  const disk = await diskOf(cdrom);
  const older = previous === null ? {} : { previous: { cdrom: previous, disk: await diskOf(previous) } };
  progress.step(`booting ${nodes} machines`);
  try {
    const isDiskless = anyDiskless(options.faults);
    const machines = { cdrom, disk, kernel, firmware, nodes, ramBytes, module, signal, isDiskless, ...older };
    return await (isVaried && !isDiskless ? prepareBoth : prepareCluster)(machines);
  } catch (error) {
    throw error instanceof WaitError ? new CommandError(`before any fault: ${error.message}`) : error;
  }
}

/** The ISO of an older version: a file, or built from the sources of a tag. */
function previousImage(name: string): Uint8Array {
  if (existsSync(name)) return readInput(name);
  let tree: ReturnType<typeof gitTree>;
  try {
    tree = gitTree(".", name, ["asm", "boot"]);
  } catch (error) {
    const problem = (error as Error).message || "there is no such tag or commit here";
    throw new CommandError(`--previous ${name}: no file has this name, and no version could be built: ${problem}`);
  }
  const settings = { version: VERSION, revision: KERNEL_REVISION, wanted: ["qure.iso"] };
  const { files, diagnostics } = buildSystem(tree, settings);
  const problem = diagnostics.find(({ severity }) => severity === "error");
  if (!files) throw new CommandError(`--previous ${name} cannot be built: ${problem?.message ?? "nothing came out"}`);
  return files[0]!.content;
}
