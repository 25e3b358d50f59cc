/** Opens what `--forward` and `--netdev` name, and says where. */

import { describeError } from "../../host/describe-error.ts";
import type { LabCluster } from "../../lab/lab.ts";
import { type OpenWay, openPort, openWay } from "../../lab/ways.ts";
import type { Plan } from "../../plan/schema.ts";
import { CommandError, UsageError } from "../fail.ts";
import type { Progress } from "../progress.ts";

/**
 * Throws a CommandError for a way that cannot be opened: a port that is taken, an address that is not here; a
 * UsageError where there is no such machine.
 */
export async function openWays(
  lab: LabCluster,
  { forwards, ways }: Plan["network"],
  progress: Progress,
): Promise<void> {
  const open = async (option: string, work: Promise<OpenWay>): Promise<OpenWay> => {
    try {
      return await work;
    } catch (error) {
      const problem = `${option}: ${describeError(error)}`;
      throw error instanceof RangeError ? new UsageError(problem) : new CommandError(problem);
    }
  };
  for (const given of forwards) {
    const { protocol, host, to, toPort } = given;
    const { ports } = await open("--forward", openPort(lab, given));
    const guest = typeof to === "number" ? lab.nodes[to]!.name : to;
    progress.note(`${protocol} ${host}:${ports[0]} leads to ${guest}, port ${toPort}`);
  }
  for (const way of ways) await open("--netdev", openWay(lab, way));
}
