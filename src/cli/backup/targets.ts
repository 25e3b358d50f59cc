/** Where parts are restored to. What is there stays as it is until the new content is whole, and gives way at once. */
import { statSync } from "node:fs";
import type { PartHeader } from "../../backup/format.ts";
import type { Backup } from "../../backup/read.ts";
import { AsideDisk } from "../../host/aside-disk.ts";
import { writersOf } from "../../host/open-files.ts";
import { VOLUME_PREFIX } from "../../host/volume-disk.ts";
import { type Configuration, parseConfiguration, parseTemplate } from "../../vm/configuration.ts";
import { type Machine, MachineError, newIdentity } from "../../vm/host/home.ts";
import { folderName, isNumber, parseKey } from "../../vm/name.ts";
import { SECTOR_BYTES } from "../../volume/layout.ts";
import { VolumeError, type Volumes } from "../../volume/model.ts";
import { CommandError, UsageError } from "../fail.ts";
import { type Context, notRunning } from "../vm/context.ts";
import { stop } from "../vm/power.ts";
import { ownVolume } from "../vm/snapshot.ts";
import { isArchive, partName } from "./archives.ts";
import { intoFile, intoVolume } from "./content.ts";
import { passingName, removeLeft } from "./names.ts";
import { hasMachine } from "./sources.ts";

export interface Restoring {
  readonly context: Context;
  readonly backup: Backup;
  readonly part: PartHeader;
  /** A machine that is on is switched off. */
  readonly mayStop: boolean;
  readonly step: () => void;
}

export interface Target {
  readonly text: string;
  /** Whether it can be done, before the archive is read. Nothing is changed. */
  check(): Promise<void>;
  restore(): Promise<void>;
}

/** `given`: a name as of `qure backup`; absent: where the part came from. */
export function targetOf(restoring: Restoring, given: string | undefined): Target {
  const { context, part } = restoring;
  const wanted = given ?? { node: part.name, volume: `${VOLUME_PREFIX}${part.name}`, disk: null }[part.kind];
  if (wanted === null) throw new UsageError(`${partName(part)}: name the file that it is restored to`);
  if (wanted.startsWith(VOLUME_PREFIX)) return volumeTarget(restoring, wanted.slice(VOLUME_PREFIX.length));
  const isFile = /[/.]/.test(wanted) || statSync(wanted, { throwIfNoEntry: false }) !== undefined;
  if (hasMachine(context, wanted) || (part.kind === "node" && !isFile)) return nodeTarget(restoring, wanted);
  return fileTarget(restoring, wanted);
}

function fileTarget({ backup, part, step }: Restoring, path: string): Target {
  const check = async (): Promise<void> => {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() && isArchive(path))
      throw new UsageError(`${path} is an archive itself: name the disk that is restored`);
    const [writer] = writersOf(path);
    if (writer !== undefined)
      throw new CommandError(`${path} is the disk of a machine that runs: process ${writer} writes it: end that first`);
  };
  return {
    text: path,
    check,
    async restore() {
      await check();
      await intoFile(backup, part, new AsideDisk(path), step);
    },
  };
}

/** Has a new volume with the content for as long as `action` takes, unless that gives it another name. */
async function withContent(
  { backup, part, step }: Restoring,
  volumes: Volumes,
  action: (made: string) => Promise<void>,
): Promise<void> {
  if (part.sizeBytes % SECTOR_BYTES !== 0)
    throw new CommandError(`${partName(part)} has ${part.sizeBytes} bytes, which are no whole sectors: name a file`);
  await removeLeft(volumes);
  const made = passingName("restore");
  try {
    await intoVolume(backup, part, volumes, made, step);
    await action(made);
  } finally {
    await volumes.remove(made).catch(() => {});
  }
}

async function isVolume(volumes: Volumes, name: string): Promise<boolean> {
  try {
    const { kind, isRemoved } = await volumes.look(name);
    if (isRemoved) throw new CommandError(`${name} was removed: "qure volume restore ${name}" first, or name another`);
    if (kind === "snapshot") throw new CommandError(`${name} is a snapshot, which never changes: name another`);
    return true;
  } catch (error) {
    if (error instanceof VolumeError && error.trouble === "missing") return false;
    throw error;
  }
}

function volumeTarget(restoring: Restoring, name: string): Target {
  const { context } = restoring;
  return {
    text: `${VOLUME_PREFIX}${name}`,
    async check() {
      const volumes = await context.volumes();
      // Whoever has it open, or locked, says so now; nothing is written.
      if (await isVolume(volumes, name)) await checkFree(volumes, name);
    },
    async restore() {
      const volumes = await context.volumes();
      await withContent(restoring, volumes, async (made) => {
        if (await isVolume(volumes, name)) await volumes.replace(name, made);
        else await volumes.rename(made, name);
      });
    },
  };
}

/** Throws when another machine has its lock, or a process of this one has it open. */
async function checkFree(volumes: Volumes, name: string): Promise<void> {
  const before = (await volumes.look(name)).owner;
  await volumes.lock(name);
  if (before === null) await volumes.unlock(name);
}

function nodeTarget(restoring: Restoring, name: string): Target {
  const { context, mayStop } = restoring;
  const key = parseKey(name);
  const machineNow = (): (Machine & { readonly configuration: Configuration }) | null =>
    hasMachine(context, name) ? context.home.usable(key) : null;
  return {
    text: folderName(key),
    async check() {
      const machine = machineNow();
      if (machine === null) return checkNew(restoring, key);
      ownVolume(machine);
      const status = await context.state(machine);
      if (status.state === "no answer") throw notRunning(key, status);
      if (status.state !== "off" && status.state !== "failed" && !mayStop)
        throw new MachineError(
          `machine ${key} is ${status.state}: "qure vm stop ${key}" first; --stop does it when the archive is judged`,
        );
    },
    async restore() {
      const machine = machineNow();
      if (machine === null) return makeNode(restoring, key);
      await switchOff(restoring, machine);
      const volumes = await context.volumesOf(machine);
      await withContent(restoring, volumes, (made) =>
        context.change(async () => {
          const { state } = await context.state(machine);
          if (state !== "off" && state !== "failed") throw new MachineError(`machine ${key} was started meanwhile`);
          await volumes.replace(ownVolume(machine), made);
        }),
      );
    },
  };
}

async function switchOff({ context, mayStop }: Restoring, machine: Machine): Promise<void> {
  const { state } = await context.state(machine);
  // What is in the memory of one that does not run belongs to the disk that goes.
  if (mayStop && state !== "off") await stop(context, [machine.key], { kill: state !== "running" });
}

function configurationOf({ context, part }: Restoring, key: string): Configuration {
  if (part.machine === null)
    throw new CommandError(
      `there is no machine ${key} in cluster ${context.home.cluster}, and the archive does not say what it was: "qure vm add ${key}" first`,
    );
  const found = parseConfiguration(`${partName(part)} of the archive`, part.machine);
  const all = context.home.machines({ removed: true });
  // One that is there still is not made twice.
  const isThere = all.some(({ configuration }) => configuration?.id === found.id);
  const isTaken = all.some(({ configuration }) => configuration?.number === found.number);
  const number = isNumber(key) ? Number(key) : isTaken ? context.home.nextNumber : found.number;
  const { id, mac } = isThere ? newIdentity() : found;
  const disk = `${VOLUME_PREFIX}${context.home.cluster}.${folderName(key)}-${id.slice(0, 8)}`;
  const name = isNumber(key) ? null : key;
  // What leads to a host, its files and ports, is not taken from an archive: whoever wrote it need not be its user.
  const { uri, cdrom, forward, autostart, scaled } = parseTemplate("", "{}");
  return { ...found, id, mac, number, name, disk, uri, cdrom, forward, autostart, scaled, protected: false };
}

async function checkNew(restoring: Restoring, key: string): Promise<void> {
  restoring.context.home.checkFree(key);
  restoring.context.home.check(key, configurationOf(restoring, key));
}

/** One that was removed keeps its name until it is collected: later ones have a number after it. */
async function freeName(volumes: Volumes, base: string): Promise<string> {
  const taken = new Set((await volumes.list({ removed: true })).map(({ name }) => name));
  let name = base;
  for (let number = 1; taken.has(name); number++) name = `${base}.${number}`;
  return name;
}

/** A machine that is not there any more, as it was. */
async function makeNode(restoring: Restoring, key: string): Promise<void> {
  const { context } = restoring;
  const { home, disks } = context;
  const volumes = await context.volumes();
  await withContent(restoring, volumes, (made) =>
    context.change(async () => {
      home.checkFree(key);
      const asIt = configurationOf(restoring, key);
      const volume = await freeName(volumes, asIt.disk!.slice(VOLUME_PREFIX.length));
      const configuration = { ...asIt, disk: `${VOLUME_PREFIX}${volume}` };
      home.check(key, configuration);
      await home.noted(disks, { verb: "add", key, id: configuration.id, volume }, async () => {
        await volumes.rename(made, volume);
        home.put(key, configuration);
      });
    }),
  );
}
