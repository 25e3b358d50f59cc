/** Clusters that go on from a snapshot. */
import { Snapshot } from "../../emulator/cluster/snapshot.ts";
import type { ClusterOptions, LabCluster, NodeOptions } from "./cluster.ts";
import { CONSOLES, restoreConsoles } from "./console.ts";
import { machinePartsOf } from "./media.ts";
import { settingsOf } from "./setting-files.ts";

/** Options of a restored cluster: what is not part of its state. */
export type RestoreOptions = Pick<
  ClusterOptions,
  "capture" | "threads" | "realtime" | "signal" | "log" | "jit" | "reboot" | "tripleFault"
>;

/**
 * A cluster that goes on from a snapshot (`LabCluster.save`), made by `make`. Throws a SnapshotError, with the reason,
 * for a file that cannot be used.
 */
export function restoreWith<Made extends LabCluster>(
  bytes: Uint8Array,
  { host, ...options }: RestoreOptions & Pick<ClusterOptions, "host">,
  make: (options: ClusterOptions) => Made,
): Made {
  const snapshot = new Snapshot(bytes, host.compressor);
  const { seed, gateway, linkLatencyNs, startSeconds, tickNs } = snapshot.config;
  const nodes = snapshot.nodes().map(
    ({ name, ramBytes, disk, cdrom, macAddress, parts: { settings, ...parts } = {} }): NodeOptions => ({
      name,
      ramBytes,
      ...settingsOf(settings),
      ...machinePartsOf(parts),
      ...(disk ? { disk } : {}),
      ...(cdrom ? { cdrom } : {}),
      ...(macAddress ? { macAddress } : {}),
    }),
  );
  const lab = make({
    ...options,
    host,
    nodes,
    firmware: snapshot.firmware,
    seed,
    gateway,
    linkLatency: linkLatencyNs,
    startSeconds,
    ...(tickNs !== undefined ? { nsPerInstruction: tickNs } : {}),
  });
  snapshot.restoreInto(lab.cluster);
  restoreConsoles(lab.nodes, snapshot.extra(CONSOLES));
  return lab;
}
