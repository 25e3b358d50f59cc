/** `move`: a machine goes to another libvirt, with its disk and its name, and off it is for a moment. */

import { setValue } from "../../vm/configuration.ts";
import { configurationPath, MachineError, readConfiguration } from "../../vm/host/home.ts";
import { farHostOf } from "../../vm/host/tunnel.ts";
import { Virsh } from "../../vm/host/virsh.ts";
import { folderName, parseKey } from "../../vm/name.ts";
import { isMachineOn } from "../../vm/protocol.ts";
import type { Context, Result, Verb } from "./context.ts";
import { start, stop } from "./power.ts";

async function move(context: Context, [name, uri]: readonly string[]): Promise<Result> {
  const machine = context.home.usable(parseKey(name!));
  const { key, configuration } = machine;
  const state = await context.state(machine);
  if (state.state === "suspended" || state.state === "paused" || state.state === "no answer")
    throw new MachineError(`machine ${key} is ${state.state}: it moves when it runs, or is off`);
  const before = readConfiguration(machine.folder);
  const path = configurationPath(machine);
  const changed = setValue(path, setValue(path, before, "driver=libvirt"), `uri=${uri}`);
  const far = farHostOf(uri!);
  if (far && configuration.cdrom !== null)
    throw new MachineError(`cdrom=${configuration.cdrom}: that is a file of this host, and not of ${far.host}`);
  // Nothing is switched off for a libvirt that does not answer.
  await new Virsh(uri!, configuration.id, process.env).ask("version");
  const wasOn = isMachineOn(state);
  if (wasOn) await stop(context, [key], {});
  await context.change(async () => context.home.write(machine, changed));
  if (wasOn)
    await start(context, [key], {}).catch(async (error: Error) => {
      await context.change(async () => context.home.write(machine, before));
      await start(context, [key], {});
      throw new MachineError(`machine ${key} runs where it was: ${error.message}`);
    });
  return { json: { machine: key, uri, wasOn }, text: `${folderName(key)}: ${wasOn ? "runs" : "is"} at ${uri}` };
}

export const MOVE_VERB: Verb = {
  usage: "move <machine> <uri>",
  summary: "have a libvirt run a machine: stops it if it runs, and starts it there",
  example: "move web qemu+ssh://big/system",
  run: move,
};
