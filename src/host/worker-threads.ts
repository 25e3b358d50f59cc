/** Node's worker threads, as clusters use them. */
import { Worker } from "node:worker_threads";
import type { GroupFactory, MachineHost } from "../../emulator/cluster/machine-host.ts";
import * as threads from "../../emulator/cluster/worker-group.ts";
import type { BlockBackend } from "../../emulator/disk/block.ts";
import { prepareInterpreters } from "../../emulator/jit/threaded/module.ts";
import { shareModules } from "./compiled/module-exchange.ts";
import { FileDisk } from "./file-disk.ts";
import { builtFile } from "./package.ts";

const nodeThreads: threads.ThreadHost = {
  start(workerData) {
    shareModules();
    prepareInterpreters();
    new Worker(builtFile("worker.js"), { workerData }).unref();
  },
  describeFile: (medium) =>
    medium instanceof FileDisk ? { kind: "file", path: medium.path, readOnly: medium.readOnly } : null,
};

export function spreadOver(count: number, areaBytes?: number): GroupFactory {
  return threads.spreadOver(count, nodeThreads, areaBytes);
}

/** `given`: the disk that the machine was made with. A file is the same for all threads. */
export function liveDisk(machine: MachineHost, given: BlockBackend): BlockBackend {
  return given instanceof FileDisk ? given : threads.liveDisk(machine, given);
}
