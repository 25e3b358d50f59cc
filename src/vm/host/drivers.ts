/** What runs machines of each driver, and what ends those that a dead owner has left. */
import type { Configuration, Driver } from "../configuration.ts";
import { EmuRunner } from "./emu-runner.ts";
import type { Environment } from "./home.ts";
import { LibvirtRunner } from "./libvirt-runner.ts";
import { QemuRunner } from "./qemu-runner.ts";
import type { Runner, RunnerPlace, RunnerSetup } from "./runner.ts";
import { VmwareRunner } from "./vmware-runner.ts";

interface RunnerKind {
  /** Rejects with a line that says why it does not start. */
  start(setup: RunnerSetup, place: RunnerPlace, env: Environment): Promise<Runner>;
  endOrphan(configuration: Configuration, place: RunnerPlace, folder: string, env: Environment): Promise<void>;
}

export const RUNNERS: Readonly<Record<Driver, RunnerKind>> = {
  emu: {
    start: async (setup) => new EmuRunner(setup),
    // It was in the process that is dead.
    endOrphan: async () => {},
  },
  qemu: { start: QemuRunner.start, endOrphan: ({ id }, place) => QemuRunner.endOrphan(place, id) },
  libvirt: {
    start: LibvirtRunner.start,
    endOrphan: (configuration, place, _, env) => LibvirtRunner.endOrphan(configuration, place, env),
  },
  vmware: { start: VmwareRunner.start, endOrphan: (_, __, folder, env) => VmwareRunner.endOrphan(folder, env) },
};
