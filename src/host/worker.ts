/** A worker thread's program in Node. */
import { workerData } from "node:worker_threads";
import { serveMachines } from "../../emulator/cluster/worker-machines.ts";
import type { WorkerSetup } from "../../emulator/cluster/worker-protocol.ts";
import { askForPages } from "../../emulator/state/pages.ts";
import { shareModules } from "./compiled/module-exchange.ts";
import { FileDisk } from "./file-disk.ts";
import { heldPages } from "./held-pages.ts";

shareModules();
askForPages(heldPages);
serveMachines(workerData as WorkerSetup, ({ path, readOnly }) => new FileDisk(path, { readOnly, content: "guest" }));
