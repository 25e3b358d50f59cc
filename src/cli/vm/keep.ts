/** What is kept of machines and changed in them: configurations, files. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseConfiguration, setValue } from "../../vm/configuration.ts";
import { configurationPath, type Machine, MachineError, readConfiguration } from "../../vm/host/home.ts";
import { folderName, parseKey } from "../../vm/name.ts";
import { isMachineOn } from "../../vm/protocol.ts";
import { getFile, putFile } from "../disk.ts";
import { CommandError, UsageError } from "../fail.ts";
import type { Context, Result, Verb } from "./context.ts";
import { sendFile } from "./send.ts";
import { ownVolume, snapshot } from "./snapshot.ts";

const NEXT_START = "from its next start on";

/** The machine's owner runs in another folder than whoever names a file. */
const absolute = (assignment: string): string =>
  assignment.replace(/^cdrom=(?!null$)(.+)$/s, (_, path: string) => `cdrom=${resolve(path)}`);

/** Changes a machine's file, as `KEY=VALUE` says. */
const assign = (context: Context, machine: Machine, assignments: readonly string[]): Promise<void> =>
  context.change(async () => {
    let content = readConfiguration(machine.folder);
    for (const assignment of assignments) content = setValue(configurationPath(machine), content, absolute(assignment));
    context.home.write(machine, content);
  });

async function set(context: Context, [name, ...assignments]: readonly string[]): Promise<Result> {
  const machine = context.home.usable(parseKey(name!));
  if (assignments.length === 0) throw new UsageError("set: write KEY=VALUE, such as memory=64M");
  await assign(context, machine, assignments);
  const isOn = isMachineOn(await context.state(machine));
  return {
    json: { machine: machine.key, set: assignments },
    text: `${folderName(machine.key)}: ${assignments.join(", ")}${isOn ? `, ${NEXT_START}` : ""}`,
  };
}

function editorOf(): string {
  return process.env["VISUAL"] || process.env["EDITOR"] || "vi";
}

/** In an editor, on a copy: what cannot be read is said, and nothing is changed. */
async function edit(context: Context, [name]: readonly string[]): Promise<Result> {
  const machine = context.machine(name!);
  const folder = mkdtempSync(join(tmpdir(), "qure-vm-"));
  const path = join(folder, "machine.jsonc");
  try {
    writeFileSync(path, readConfiguration(machine.folder));
    const { status, error } = spawnSync(`${editorOf()} "$0"`, [path], { shell: "/bin/sh", stdio: "inherit" });
    if (error || status !== 0)
      throw new CommandError(`${editorOf()} ended with ${error?.message ?? `status ${status}`}: nothing is changed`);
    const content = readFileSync(path, "utf8");
    const { id } = parseConfiguration(configurationPath(machine), content);
    if (machine.configuration && id !== machine.configuration.id)
      throw new MachineError(`${configurationPath(machine)}: id is what makes the machine itself, and stays`);
    await context.change(async () => context.home.write(machine, content));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { json: { machine: machine.key }, text: `${folderName(machine.key)}: changed` };
}

/** Switches that stand in the configuration. */
const flag =
  (key: "protected" | "autostart"): Verb["run"] =>
  async (context, [name, word = "on"]) => {
    if (word !== "on" && word !== "off") throw new UsageError(`${word}: write on or off`);
    const machine = context.home.usable(parseKey(name!));
    await assign(context, machine, [`${key}=${word === "on"}`]);
    return { json: { machine: machine.key, [key]: word === "on" }, text: `${folderName(machine.key)}: ${key} ${word}` };
  };

// ---- Files and keys

interface Place {
  readonly machine: string | null;
  readonly path: string;
}

/** Where machines have their disk's file system. */
const MOUNTED = "/net";

function placeOf(text: string): Place {
  const [, machine, path] = /^([\w-]+):(\/.*)$/.exec(text) ?? [];
  if (machine === undefined) return { machine: null, path: text };
  if (!path!.startsWith(`${MOUNTED}/`))
    throw new UsageError(
      `cp: ${text}: what lies on the disk is below ${MOUNTED}, such as ${machine}:${MOUNTED}/settings`,
    );
  return { machine, path: path!.slice(MOUNTED.length) };
}

/** Out of a machine's disk, as it is at this moment; into it, or to one that runs, which fetches it. */
async function cp(context: Context, [from, to]: readonly string[]): Promise<Result> {
  const [source, target] = [placeOf(from!), placeOf(to!)];
  if ((source.machine === null) === (target.machine === null))
    throw new UsageError("cp: one of the two is MACHINE:/PATH, the other a file of this host");
  const machine = context.home.usable(parseKey((source.machine ?? target.machine)!));
  const volume = ownVolume(machine);
  const isOn = isMachineOn(await context.state(machine));
  if (target.machine !== null) {
    if (isOn) {
      const path = await sendFile(context, machine, source.path, MOUNTED + target.path);
      return { json: { machine: machine.key, to: path.slice(MOUNTED.length) }, text: `${from} to ${to}` };
    }
    const { id } = machine.configuration;
    putFile(source.path, `volume:${volume}${targetPath(target.path, source.path)}`, { machine: id });
    return { json: { machine: machine.key, to: target.path }, text: `${from} to ${to}` };
  }
  const copy = `${volume}.copy-${process.pid}`;
  if (isOn) await context.ask({ verb: "copy-disk", key: machine.key, volume: copy, isSnapshot: true });
  else await (await context.volumesOf(machine)).snapshot(volume, copy);
  try {
    getFile(`volume:${copy}${source.path}`, target.path);
  } catch (error) {
    if (!isOn || !(error instanceof CommandError)) throw error;
    throw new CommandError(`${error.message}; what was written in the last seconds is on the disk after its "sync"`);
  } finally {
    await (await context.volumes()).remove(copy);
  }
  return { json: { machine: machine.key, from: source.path }, text: `${from} to ${to}` };
}

const targetPath = (path: string, from: string): string => (path.endsWith("/") ? path + basename(from) : path);

async function sendkey(context: Context, [name, ...keys]: readonly string[]): Promise<Result> {
  if (keys.length === 0) throw new UsageError("sendkey: name keys, such as ctrl-alt-delete");
  const { key } = context.machine(name!);
  for (const chord of keys) await context.ask({ verb: "sendkey", key, keys: chord.split("-") });
  return { json: { machine: key, keys }, text: "" };
}

export const KEEP_VERBS: readonly Verb[] = [
  {
    usage: "set <machine> <assignments...>",
    summary: "change a machine's configuration; comments in it stay",
    example: "set web memory=64M boot.order=cd",
    run: set,
  },
  { usage: "edit <machine>", summary: "change it in $EDITOR", example: "edit web", run: edit },
  {
    usage: "protect <machine> [on|off]",
    summary: "refuse to remove a machine",
    example: "protect web",
    run: flag("protected"),
  },
  {
    usage: "autostart <machine> [on|off]",
    summary: "start a machine with the host, where the daemon runs",
    example: "autostart web",
    run: flag("autostart"),
  },
  {
    usage: "snapshot <verb> <machine> [snapshot]",
    summary: "create, list, restore or remove: a machine as it was",
    example: "snapshot create web monday",
    options: (command) => command.option("--disk-only", "without its memory"),
    run: snapshot,
  },
  {
    usage: "cp <from> <to>",
    summary: "copy a file out of a machine's disk, or into it",
    example: "cp web:/net/settings settings",
    run: cp,
  },
  {
    usage: "sendkey <machine> <keys...>",
    summary: "press keys, in QEMU's names",
    example: "sendkey web ctrl-alt-delete",
    run: sendkey,
  },
];
