/** The machines and clusters of cluster.ts in Node. */
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { askForPages } from "../../emulator/state/pages.ts";
import { zlibCompressor } from "../host/compression.ts";
import { heldPages } from "../host/held-pages.ts";
import { liveDisk, spreadOver } from "../host/worker-threads.ts";
import * as portable from "./cluster.ts";
import type { LabHost } from "./host.ts";
import { type RestoreOptions, restoreWith } from "./restore.ts";

export {
  LabNode,
  type NodeOptions,
  type WaitOptions,
} from "./cluster.ts";
export { TripleFaultError, WaitError } from "./errors.ts";
export type { LabDrive, Medium } from "./media.ts";
export { LabPlug } from "./plug.ts";
export type { RestoreOptions } from "./restore.ts";

askForPages(heldPages);

/** What Node lends: threads, zlib, its clock and its event loop. */
const nodeHost: LabHost = {
  compressor: zlibCompressor,
  spreadOver: (threads) => spreadOver(threads),
  nowMs: () => performance.now(),
  turn: (milliseconds) =>
    new Promise((resolve) => void (milliseconds > 0 ? setTimeout(resolve, milliseconds) : setImmediate(resolve))),
  liveDisk,
};

/** What is absent of the host is Node's. */
export type ClusterOptions = Omit<portable.ClusterOptions, "host"> & Partial<Pick<portable.ClusterOptions, "host">>;

export class LabCluster extends portable.LabCluster {
  constructor(options: ClusterOptions) {
    super({ host: nodeHost, ...options });
  }
}

/**
 * A cluster that goes on from a snapshot (`LabCluster.save`). Throws a SnapshotError, with the reason, for a file that
 * cannot be used.
 */
export function restoreCluster(bytes: Uint8Array, options: RestoreOptions = {}): LabCluster {
  return restoreWith(bytes, { ...options, host: nodeHost }, (found) => new LabCluster(found));
}

/** A blank disk in memory that takes room only for what is written. */
export function blankDisk(sizeBytes: number): SparseDisk {
  return new SparseDisk(sizeBytes);
}
