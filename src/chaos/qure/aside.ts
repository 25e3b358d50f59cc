/** What is tried on the side: afterwards the cluster is as it was, and no rule of the run has seen it. */
import { Checkpoint } from "../../../emulator/debug/checkpoint.ts";
import type { LabCluster } from "../../lab/cluster.ts";

/** What `tried` returns; then all machines go back to how they were. */
export function aside<T>(lab: LabCluster, tried: () => T): T {
  const { network } = lab.cluster;
  const { onFrame } = network;
  const { onAction } = lab;
  network.onFrame = null;
  lab.onAction = null;
  const now = Checkpoint.of(lab.cluster, null, false);
  const consoles = lab.nodes.map(({ console }) => console.save());
  try {
    return tried();
  } finally {
    now.restore(lab.cluster);
    now.release();
    lab.nodes.forEach(({ console }, at) => console.restore(consoles[at]!));
    network.onFrame = onFrame;
    lab.onAction = onAction;
  }
}
