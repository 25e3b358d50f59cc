/**
 * What a dead owner has left running, until the next one ends it: its disk and its Ethernet went with that owner. Only
 * what has left a trace is asked for, and nobody for long.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Environment, type Home, type Machine, MachineError } from "./home.ts";
import { connectWithin } from "./qmp.ts";
import { Virsh } from "./virsh.ts";
import { isVmdkOut } from "./vmdk-file.ts";
import { Vmrun } from "./vmrun.ts";

/** The file in a machine's folder that VMware is given. */
export const VMX = "qure.vmx";
const ANSWER_MS = 4_000;

/** What runs it, such as QEMU; null: nothing, as far as can be known. */
export async function runsStill({ key, folder, configuration }: Machine, home: Home, env: Environment) {
  const found = async (program: string, look: Promise<boolean>): Promise<string | null> =>
    (await look.catch((error: unknown) => {
      // Whoever does not answer is no more known to run it than not to.
      if (error instanceof MachineError || (error as NodeJS.ErrnoException).code !== undefined) return false;
      throw error;
    }))
      ? program
      : null;
  if (configuration?.driver === "qemu") return found("QEMU", listens(home.runFile(env, `${key}.qmp`)));
  if (configuration?.driver === "vmware" && isVmdkOut(folder))
    return found("VMware", new Vmrun(join(folder, VMX), env, ANSWER_MS).isRunning());
  if (configuration?.driver !== "libvirt" || !existsSync(home.runFile(env, `${key}.xml`))) return null;
  const state = new Virsh(configuration.uri, configuration.id, env, ANSWER_MS).state();
  return found(
    "libvirt",
    state.then((domain) => domain !== null && domain.state !== "shut off"),
  );
}

async function listens(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  (await connectWithin(path, 0)).destroy();
  return true;
}
