/**
 * Those who look at machines through a monitor, QMP or gdb. The end of a guest does not hang up on them: its machine
 * stays as it is, as with QEMU's `-no-shutdown`, until they quit or go.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { LabCluster, LabNode } from "../../lab/lab.ts";
import type { Monitors } from "./monitor.ts";

/** How often somebody is asked whether he is still there, where virtual time does not pass. */
const LOOK_MS = 20;

export interface Onlookers {
  /** Whether each has somebody. */
  readonly present: readonly (() => boolean)[];
  readonly monitors: Monitors | null;
  readonly hasGdb: boolean;
}

const hasEnded = (node: LabNode): boolean => node.isOff || node.standstill !== null;

/** Runs until all guests have ended for good and nobody looks at them. */
export async function runUntilLeft(
  lab: LabCluster,
  { present, monitors, hasGdb }: Onlookers,
  signal: AbortSignal,
): Promise<void> {
  const areThere = (): boolean => present.some((isThere) => isThere());
  const haveEnded = (): boolean => lab.nodes.every(hasEnded);
  const areOff = (): boolean => lab.nodes.every(({ isOff }) => isOff);
  const { realtime } = lab;
  for (;;) {
    await lab.until(haveEnded, "", { within: "forever", look: "seldom" });
    if (!areThere()) return;
    if (areOff()) {
      monitors?.shutDown();
      while (areOff() && areThere()) {
        await sleep(LOOK_MS);
        signal.throwIfAborted();
        // A debugger may go back to where its machine was on.
        if (hasGdb && lab.debug().isAsked) lab.debug().runUntil(lab.nowNs + LOOK_MS * 1e6);
      }
    } else {
      // Nothing happens but what somebody does, and nobody can do anything in no time.
      lab.realtime = true;
      await lab.until(() => !haveEnded() || areOff() || !areThere(), "", { within: "forever" });
      lab.realtime = realtime;
    }
  }
}
