/**
 * `qure/lab`: machines and clusters in virtual time, and all that people and tests do with them.
 */
export { SnapshotError } from "../../emulator/cluster/snapshot-file.ts";
export type { BlockBackend } from "../../emulator/disk/block.ts";
export { SparseDisk } from "../../emulator/disk/disk.ts";
export type { TapHandler } from "../../emulator/ether/tap.ts";
export { type Member, Observer, type ObserverOptions, type Part, type Service } from "../cloud/observer.ts";
export { FileDisk } from "../host/file-disk.ts";
export { type GdbServer, serveGdb } from "../host/gdb-server.ts";
export { loadFirmware } from "../host/package.ts";
export { serveSwitch } from "../host/switch-endpoint.ts";
export { ConsoleText } from "../lab/console.ts";
export { drawFaults, type Fault, formatFault, parseFault, planFaults } from "../lab/faults.ts";
export type { LabHost } from "../lab/host.ts";
export { inflatingCompressor } from "../lab/inflate.ts";
export {
  blankDisk,
  type ClusterOptions,
  LabCluster,
  LabNode,
  LabPlug,
  type Medium,
  type NodeOptions,
  type RestoreOptions,
  restoreCluster,
  TripleFaultError,
  WaitError,
  type WaitOptions,
} from "../lab/lab.ts";
export { type TimeSpan, toNs } from "../lab/time.ts";
export { type Forward, parseForward, parseWay, type Way } from "../lab/way.ts";
export { type OpenWay, openPort, openWay } from "../lab/ways.ts";
export { PlanError } from "../plan/fields.ts";
export { type NamedFile, type StartNode, type StartOptions, startCluster } from "../start-cluster.ts";
