/** A worker thread's program in Node. */
import { workerData } from "node:worker_threads";
import { serveMachines } from "../../emulator/cluster/worker-machines.ts";
import type { WorkerSetup } from "../../emulator/cluster/worker-protocol.ts";
import { FileDisk } from "./file-disk.ts";
import { shareModules } from "./module-exchange.ts";

shareModules();
serveMachines(workerData as WorkerSetup, ({ path, readOnly }) => new FileDisk(path, { readOnly }));
