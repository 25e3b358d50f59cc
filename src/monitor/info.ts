/** What monitors can ask for: `info ...` for people and `query-...` for programs, by QEMU's names. */

import { formatNs } from "../lab/time.ts";
import type { Command } from "./command.ts";
import { linkNames } from "./control.ts";
import { describeDrives, queryDrives } from "./drives.ts";
import { MonitorError } from "./error.ts";
import { describeIrqCounts, describeLocalApic, describePics } from "./interrupts.ts";
import { describeMappings, describeTranslations } from "./memory.ts";
import { describePci, queryPci } from "./pci.ts";
import { describeRegisters } from "./registers.ts";
import type { Session } from "./session.ts";

/** As QEMU names its version, with ours. */
function version({ control }: Session): { major: number; minor: number; micro: number } {
  const [major = 0, minor = 0, micro = 0] = control.host.version.split(".").map((part) => Number.parseInt(part, 10));
  return { major, minor, micro };
}

export function versionObject(session: Session): unknown {
  return { qemu: version(session), package: `QuRe ${session.control.host.version}` };
}

function describeNetwork({ control }: Session): string {
  return control.lab.nodes
    .map((node) => {
      const [card, cable] = linkNames(node);
      const mac = Array.from(control.lab.cluster.macAddresses[node.index]!, (byte) =>
        byte.toString(16).padStart(2, "0"),
      );
      const isUp = control.lab.cluster.isPlugged(node.index);
      const owner = control.lab.nodes.length > 1 ? ` (${node.name})` : "";
      return (
        `${card}: index=0,type=nic,model=${node.machine.nic},macaddr=${mac.join(":")}${owner}\n` +
        ` \\ ${cable}: index=0,type=switch,link=${isUp ? "up" : "down"}\n`
      );
    })
    .join("");
}

function describeCpus(session: Session): string {
  const { processor } = session.machine;
  return Array.from(
    { length: processor.count },
    (_, cpu) => `${cpu === session.cpu ? "*" : " "} CPU #${cpu}: thread_id=${session.control.host.processId}\n`,
  ).join("");
}

function registersOf(session: Session, cpus: readonly number[]): string {
  return cpus.map((cpu) => `\nCPU#${cpu}\n${session.look(describeRegisters, cpu)}`).join("");
}

const info = (
  name: string,
  parameters: string,
  does: string,
  run: (session: Session) => string,
): NonNullable<Command["human"]> => ({ name, takes: "", parameters, does, run });

/** Rows of `info`, in the order of their names. */
export const INFO: readonly Command[] = [
  {
    human: info("block", "", "show info of all block devices", describeDrives),
    program: { name: "query-block", takes: {}, run: queryDrives },
  },
  {
    human: info("cpus", "", "show infos for each CPU", describeCpus),
    program: {
      name: "query-cpus-fast",
      takes: {},
      run: ({ machine, control }) =>
        Array.from({ length: machine.processor.count }, (_, cpu) => ({
          "cpu-index": cpu,
          "qom-path": `/machine/unattached/device[${cpu}]`,
          "thread-id": control.host.processId,
          props: { "socket-id": cpu, "core-id": 0, "thread-id": 0 },
          target: "i386",
        })),
    },
  },
  {
    human: info("irq", "", "show the interrupts statistics", ({ machine }) =>
      describeIrqCounts(machine.counters.irqs, machine.board.interruptControllers.local.length > 0),
    ),
  },
  {
    human: info("jit", "", "show what compiled code there is", ({ machine }) => {
      const { engine } = machine.processor;
      if (engine === null) return "nothing is compiled\n";
      return Object.entries(engine.statistics)
        .map(([name, value]) => `${name.padEnd(14)} ${value}\n`)
        .join("");
    }),
  },
  {
    human: {
      name: "lapic",
      takes: "apic:i?",
      parameters: "[apic-id]",
      does: "show local apic state (apic-id: local apic to read, default is which of current CPU)",
      run({ machine, cpu }, values) {
        const { local } = machine.board.interruptControllers;
        const number = values.number("apic");
        const apic = local[number === null ? cpu : Number(BigInt.asUintN(32, number))];
        if (local.length === 0) throw new MonitorError("Local APIC not available");
        if (apic === undefined) throw new MonitorError("No such APIC");
        return describeLocalApic(apic);
      },
    },
  },
  { human: info("mem", "", "show the active virtual memory mappings", (session) => session.look(describeMappings)) },
  {
    human: info("mice", "", "show which guest mouse is receiving events", () => "* Mouse #0: PS/2 Mouse\n"),
    program: {
      name: "query-mice",
      takes: {},
      run: () => [{ name: "PS/2 Mouse", index: 0, current: true, absolute: false }],
    },
  },
  {
    human: info("name", "", "show the current VM name", ({ node }) => `${node.name}\n`),
    program: { name: "query-name", takes: {}, run: ({ node }) => ({ name: node.name }) },
  },
  { human: info("network", "", "show the network state", describeNetwork) },
  {
    human: info("nodes", "", "show the machines of the cluster; not in QEMU", ({ control, node }) =>
      control.lab.nodes
        .map(
          (one) =>
            `${one === node ? "*" : " "} ${one.index + 1}: ${one.name} ${one.isOff ? "off" : one.machine.halted ? "halted" : "running"}\n`,
        )
        .join(""),
    ),
  },
  {
    human: info("pci", "", "show PCI info", ({ machine }) => describePci(machine.board)),
    program: { name: "query-pci", takes: {}, run: ({ machine }) => queryPci(machine.board) },
  },
  { human: info("pic", "", "show PIC state", ({ machine }) => describePics(machine.board.interruptControllers)) },
  {
    human: {
      name: "registers",
      takes: "all:-a,vcpu:i?",
      parameters: "[-a|vcpu]",
      does: "show the current CPU's registers (-a: those of all CPUs; vcpu: those of that one)",
      run(session, values) {
        const { count } = session.machine.processor;
        if (values.isOn("all"))
          return registersOf(
            session,
            Array.from({ length: count }, (_, cpu) => cpu),
          );
        const wanted = values.number("vcpu");
        const cpu = wanted === null ? session.cpu : Number(BigInt.asUintN(32, wanted));
        return cpu < count ? registersOf(session, [cpu]) : `CPU#${cpu} not available\n`;
      },
    },
  },
  {
    human: info("snapshots", "", "show the currently saved VM snapshots", ({ control }) => {
      const kept = control.host.snapshots.list();
      if (kept.length === 0) return "There is no snapshot available.\n";
      const rows = [["TAG", "VM SIZE", "DATE", "VM CLOCK"]];
      for (const { name, sizeBytes, modified, virtualTimeNs } of kept)
        rows.push([
          name,
          `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`,
          modified.toISOString().slice(0, 19).replace("T", " "),
          formatNs(virtualTimeNs),
        ]);
      return rows
        .map(([tag, size, date, clock]) => `${tag!.padEnd(24)} ${size!.padStart(10)} ${date!.padEnd(19)} ${clock}\n`)
        .join("");
    }),
  },
  {
    human: info("status", "", "show the current VM status (running|paused)", ({ control }) => {
      const { status } = control;
      const reason = status === "running" || status === "paused" ? "" : ` (${status})`;
      return `VM status: ${status === "running" ? "running" : "paused"}${reason}\n`;
    }),
    program: {
      name: "query-status",
      takes: {},
      run: ({ control: { status } }) => ({ running: status === "running", singlestep: false, status }),
    },
  },
  {
    human: info("time", "", "show virtual time and instructions; not in QEMU", ({ machine }) => {
      return `${machine.nowNs} ns, ${machine.instructions} instructions\n`;
    }),
  },
  {
    human: info("tlb", "", "show virtual to physical memory mappings", (session) => session.look(describeTranslations)),
  },
  {
    human: info("version", "", "show the version", ({ control }) => `${control.host.version} (QuRe)\n`),
    program: { name: "query-version", takes: {}, run: versionObject },
  },
];
