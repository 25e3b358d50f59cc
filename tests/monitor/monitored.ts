/** Machines with a monitor, as tests talk to them: what is written into files stays in memory. */
import { type LabCluster, startCluster } from "../../src/index.ts";
import { Control, type KeptSnapshot, type MonitorEvent, type MonitorHost } from "../../src/monitor/control.ts";
import { MonitorError } from "../../src/monitor/error.ts";
import { runLine } from "../../src/monitor/human.ts";
import { QmpMonitor } from "../../src/monitor/qmp.ts";
import { Session } from "../../src/monitor/session.ts";

type Nodes = Parameters<typeof startCluster>[0]["nodes"];

export class Monitored {
  readonly lab: LabCluster;
  readonly control: Control;
  readonly session: Session;
  readonly files = new Map<string, Uint8Array>();
  readonly snapshots = new Map<string, { readonly bytes: Uint8Array; readonly kept: KeptSnapshot }>();
  readonly events: MonitorEvent[] = [];
  hasQuit = false;

  constructor(nodes: Nodes, { reboot = true }: { readonly reboot?: boolean } = {}) {
    let control: Control | null = null;
    const lab = startCluster({
      nodes,
      reboot,
      tripleFault: "go on",
      log: (name, line) =>
        control?.hear(
          lab.nodes.findIndex((node) => node.name === name),
          line,
        ),
    });
    this.lab = lab;
    this.control = control = new Control(lab, this.#host(), reboot);
    this.control.listen((event) => this.events.push(event));
    this.session = new Session(this.control);
  }

  #host(): MonitorHost {
    const named = (name: string): { readonly bytes: Uint8Array } => {
      const found = this.snapshots.get(name);
      if (!found) throw new MonitorError(`there is no snapshot ${name}`);
      return found;
    };
    return {
      version: "1.2.3",
      processId: 42,
      writeFile: (path, bytes) => void this.files.set(path, bytes),
      readFile: (path) => {
        const bytes = this.files.get(path);
        if (!bytes) throw new MonitorError(`Could not open '${path}': No such file or directory`);
        return bytes;
      },
      encodePng: ({ width, height }) => Uint8Array.of(width, height),
      mediumName: (drive) => (drive === "ide0-hd0" ? "disk.img" : null),
      snapshots: {
        list: () => [...this.snapshots.values()].map(({ kept }) => kept),
        save: (name, bytes) => {
          const kept = { name, sizeBytes: bytes.length, modified: new Date(0), virtualTimeNs: this.lab.nowNs };
          this.snapshots.set(name, { bytes, kept });
        },
        load: (name) => named(name).bytes,
        delete: (name) => {
          named(name);
          this.snapshots.delete(name);
        },
      },
      quit: () => {
        this.hasQuit = true;
      },
    };
  }

  /** What the monitor for people prints. */
  ask(line: string): string {
    return runLine(this.session, line);
  }

  /** A program that speaks QMP: `say` sends a value, or text as it is, and returns all objects that come. */
  program(): { say(value: unknown): unknown[]; heard(): unknown[]; close(): void } {
    let text = "";
    const monitor = new QmpMonitor(new Session(this.control), (piece) => {
      text += piece;
    });
    const heard = (): unknown[] => {
      const lines = text.split("\r\n").filter((line) => line !== "");
      text = "";
      return lines.map((line) => JSON.parse(line) as unknown);
    };
    return {
      heard,
      say(value) {
        monitor.receive(typeof value === "string" ? value : `${JSON.stringify(value)}\n`);
        return heard();
      },
      close: () => monitor.close(),
    };
  }
}

/** A disk that begins with this code. */
export function bootDisk(code: Uint8Array): Uint8Array {
  const disk = new Uint8Array(1 << 20);
  disk.set(code);
  return disk;
}
