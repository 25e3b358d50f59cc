/** Machines that run nothing, for campaigns whose subject does not matter. */
import type { Invariant, Subject } from "../../src/chaos/invariant.ts";
import { Stage } from "../../src/chaos/stage.ts";
import { startCluster } from "../../src/index.ts";

/** A machine that is no system at all: its firmware waits for a key. */
export function bare(invariants: readonly Invariant[], more: Partial<Subject> = {}): Promise<Stage> {
  return Stage.of({
    make: async () => {
      const lab = startCluster({ nodes: [{ ramBytes: 1 << 20 }, { ramBytes: 1 << 20 }, { ramBytes: 1 << 20 }] });
      await lab.nodes[2]!.waitFor("No bootable device");
      return lab;
    },
    invariants,
    missing: () => null,
    ...more,
  });
}

export const bothUnplugged: Invariant = {
  name: "cables",
  kind: "wrong",
  rule: "machines 1 and 3 are never both without cables",
  watch: ({ lab }) => ({
    look: () => (!lab.cluster.isPlugged(0) && !lab.cluster.isPlugged(2) ? "both cables are out" : null),
  }),
};
