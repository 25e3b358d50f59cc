/** What `qure emu` says at its end: the table of nodes and the figures of the run, for people or as JSON. */
import { countersOf, describeCounters } from "../../../emulator/debug/statistics.ts";
import { lastStatus } from "../../lab/cloud-status.ts";
import type { LabCluster } from "../../lab/lab.ts";
import { formatNs } from "../../lab/time.ts";
import type { EndKind } from "./ending.ts";

/** Ends before what was waited for. */
const MISSED: ReadonlySet<EndKind> = new Set(["not reached", "failed", "interrupted"]);

export interface Outcome {
  readonly lab: LabCluster;
  readonly end: EndKind;
  /** The command's. */
  readonly exitCode: number;
  readonly wallTimeMs: number;
  /** Machines of others' systems have no place in a cluster to tell of. */
  readonly isForeign: boolean;
}

export function report(
  { lab, end, exitCode, wallTimeMs, isForeign }: Outcome,
  output: { write(text: string): unknown },
  json: boolean,
  stats: boolean,
): void {
  const digest = lab.digest();
  if (json) {
    const nodes = lab.nodes.map((node) => {
      const status = lastStatus(node.console.text);
      return {
        name: status?.name ?? node.name,
        address: status?.address ?? null,
        era: status?.era ?? null,
        age: status?.age ?? null,
        peers: status?.peers ?? null,
        off: node.isOff,
        standstill: node.standstill,
        exitStatus: node.exitStatus,
      };
    });
    const counted = stats
      ? {
          stats: {
            ...clusterCounters(lab),
            machines: lab.nodes.map(({ name, machine }) => ({ name, ...countersOf(machine) })),
          },
        }
      : {};
    output.write(
      `${JSON.stringify({ nodes, ended: end, exitCode, reached: !MISSED.has(end), virtualTimeNs: lab.nowNs, wallTimeMs: Math.round(wallTimeMs), instructions: lab.instructions, digest, ...counted }, null, 2)}\n`,
    );
    return;
  }
  if (!isForeign) output.write(`${nodeTable(lab).join("\n")}\n\n`);
  const speed = lab.nowNs / 1e6 / wallTimeMs;
  output.write(
    `virtual time ${formatNs(lab.nowNs)}, wall time ${(wallTimeMs / 1000).toFixed(2)} s (${speed.toFixed(1)} virtual seconds a second), ${(lab.instructions / 1e6).toFixed(1)} million instructions\n`,
  );
  output.write(`digest ${digest}\n`);
  if (stats) output.write(`\n${statistics(lab).join("\n")}\n`);
}

function clusterCounters({ cluster }: LabCluster): { quanta: number; frames: number } {
  return { quanta: cluster.quanta, frames: cluster.network.frames };
}

/** The engine's counters in words. */
export function statistics(lab: LabCluster): string[] {
  const { quanta, frames } = clusterCounters(lab);
  return [
    `cluster: ${quanta} quanta, ${frames} frames on cables`,
    ...lab.nodes.flatMap(({ name, machine }) => ["", name, ...describeCounters(machine).map((line) => `  ${line}`)]),
  ];
}

/** One line for each node: name, address, era, age, peers. */
export function nodeTable(lab: LabCluster): string[] {
  const rows = [["node", "address", "era", "age", "peers", ""]];
  for (const node of lab.nodes) {
    const status = lastStatus(node.console.text);
    const state =
      node.exitStatus !== null
        ? `stopped, exit status ${node.exitStatus}`
        : node.isOff
          ? "off"
          : status
            ? ""
            : "not in a cluster";
    rows.push(
      status
        ? [status.name, status.address, String(status.era), String(status.age), String(status.peers), state]
        : [node.name, "-", "-", "-", "-", state],
    );
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < 2 || column === 5 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
}
