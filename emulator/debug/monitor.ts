/** What gdb's `monitor` command can ask for: things of a cluster for which gdb has no command of its own. */
import type { ClusterDebugger } from "./cluster-debugger.ts";
import type { NodeDebugger } from "./node-debugger.ts";
import { describeMode } from "./registers.ts";
import { describeCounters } from "./statistics.ts";

interface MonitorCommand {
  readonly usage: string;
  readonly does: string;
  readonly run: (words: readonly string[], debuggers: ClusterDebugger, node: NodeDebugger) => string;
}

const MAX_DUMP_BYTES = 4096;
const DUMP_COLUMNS = 16;

const COMMANDS: Readonly<Record<string, MonitorCommand>> = {
  help: {
    usage: "help",
    does: "this list",
    run: () =>
      Object.values(COMMANDS)
        .map(({ usage, does }) => `${usage.padEnd(22)} ${does}\n`)
        .join(""),
  },
  time: {
    usage: "time",
    does: "virtual time and instructions of this node",
    run: (_, __, { machine }) => `${machine.name}: ${machine.nowNs} ns, ${machine.instructions} instructions\n`,
  },
  nodes: {
    usage: "nodes",
    does: "all nodes of the cluster and where they are",
    run: (_, { nodes }) =>
      nodes
        .map(
          ({ machine, core }) =>
            `${machine.name}  ${machine.power === "off" ? "off" : machine.processor.halted ? "halted" : "running"}  ${describeMode(core)}\n`,
        )
        .join(""),
  },
  mode: {
    usage: "mode",
    does: "mode of the processor; in real mode CS:IP",
    run: (_, __, { core }) => `${describeMode(core)}\n`,
  },
  digest: {
    usage: "digest",
    does: "digests of this node's state and of the cluster's",
    run: (_, { cluster }, { machine }) => `${machine.name}: ${machine.digest()}\ncluster: ${cluster.digest()}\n`,
  },
  phys: {
    usage: "phys ADDRESS [BYTES]",
    does: "physical memory, as a bus master sees it",
    run: ([address, length], _, { machine }) => {
      const from = Number(address);
      const count = length === undefined ? 64 : Number(length);
      if (!(from >= 0 && from < 2 ** 32 && count >= 1 && count <= MAX_DUMP_BYTES))
        return `usage: monitor ${COMMANDS["phys"]!.usage} (at most ${MAX_DUMP_BYTES} bytes)\n`;
      return dump(Math.floor(from), machine.readMemory(Math.floor(from), Math.floor(count)));
    },
  },
  interrupts: {
    usage: "interrupts [skip|enter]",
    does: "whether steps run the handlers of interrupts, or go into them",
    run: ([choice], _, node) => {
      if (choice === "skip" || choice === "enter") node.skipsInterrupts = choice === "skip";
      else if (choice !== undefined) return `usage: monitor ${COMMANDS["interrupts"]!.usage}\n`;
      return `steps ${node.skipsInterrupts ? "run the handlers of interrupts and end after them" : "go into the handlers of interrupts"}\n`;
    },
  },
  history: {
    usage: "history",
    does: "how far back one can go",
    run: (_, { history }) =>
      `back to ${history.beginsNs ?? 0} ns of virtual time, ${history.count} checkpoints of ${(history.sizeBytes / 2 ** 20).toFixed(1)} MiB\n`,
  },
  stats: {
    usage: "stats",
    does: "what the engine has done for this node",
    run: (_, __, { machine }) => `${describeCounters(machine).join("\n")}\n`,
  },
};

function dump(first: number, bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += DUMP_COLUMNS) {
    const row = Array.from(bytes.subarray(at, at + DUMP_COLUMNS));
    const printable = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    text += `${(first + at).toString(16).padStart(8, "0")}  ${row
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join(" ")
      .padEnd(DUMP_COLUMNS * 3)} ${printable}\n`;
  }
  return text;
}

/** Runs a command and returns what it prints. */
export function runMonitorCommand(line: string, debuggers: ClusterDebugger, node: NodeDebugger): string {
  const [name = "help", ...words] = line.trim().split(/\s+/);
  const command = Object.hasOwn(COMMANDS, name || "help") ? COMMANDS[name || "help"]! : null;
  if (command !== null) return command.run(words, debuggers, node);
  return debuggers.ask?.(line, node.index) ?? `${name}: no such command; monitor help lists them\n`;
}
