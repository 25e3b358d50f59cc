/**
 * Snapshots of a machine: its disk as it was, and its memory at the same moment where it ran and whoever runs it can.
 */
import { statSync } from "node:fs";
import { type Configuration, changedTo, type Hardware, hardwareOf, MEMORY_DRIVERS } from "../../vm/configuration.ts";
import {
  firstNameOf,
  type Machine,
  MachineError,
  memoryPath,
  readConfiguration,
  snapshotPath,
  snapshotPrefix,
  volumeOf,
} from "../../vm/host/home.ts";
import { forgetSealed, readSealed, seal } from "../../vm/host/machine-disk.ts";
import { type Memory, readMemory, writeMemory } from "../../vm/host/memory-file.ts";
import { folderName, isSnapshotName, parseKey } from "../../vm/name.ts";
import { isMachineOn } from "../../vm/protocol.ts";
import { UsageError } from "../fail.ts";
import { formatBytes, table } from "../volume/show.ts";
import type { Common, Context, Result } from "./context.ts";

type Usable = Machine & { readonly configuration: Configuration };

function snapshotName(volume: string, name: string): string {
  if (!isSnapshotName(name)) throw new UsageError(`${name}: a snapshot's name has letters, digits, _ and -`);
  return snapshotPrefix(volume) + name;
}

export function ownVolume({ configuration, key }: Usable): string {
  const volume = volumeOf(configuration);
  if (volume === null) throw new MachineError(`machine ${key} has no disk`);
  return volume;
}

interface SnapshotOptions extends Common {
  readonly diskOnly?: boolean;
}

export async function snapshot(
  context: Context,
  [word, name, given]: readonly string[],
  { diskOnly = false }: SnapshotOptions,
): Promise<Result> {
  const machine = context.home.usable(parseKey(name!));
  const volume = ownVolume(machine);
  const { key } = machine;
  if (word === "list") return snapshots(context, machine, volume);
  if (given === undefined) throw new UsageError(`snapshot ${word}: name the snapshot`);
  const kept = snapshotName(volume, given);
  await checkNamed(context, machine, volume, word!, given);
  if (word === "create") return createSnapshot(context, machine, { kept, given, diskOnly });
  if (word === "remove") {
    await (await context.volumes()).remove(kept);
    forgetSealed(snapshotPath(machine, given));
    return { json: { machine: key, removed: given }, text: `${folderName(key)}: ${given} removed` };
  }
  if (word !== "restore") throw new UsageError(`snapshot ${word}: there are create, list, restore and remove`);
  return restore(context, machine, { kept, given, diskOnly });
}

/** In a person's names, before anybody finds out in a volume's. */
async function checkNamed(
  context: Context,
  { key }: Usable,
  volume: string,
  word: string,
  given: string,
): Promise<void> {
  const names = (await snapshotsOf(context, volume)).map(({ given: name }) => name);
  const isThere = names.includes(given);
  if (word === "create" && isThere)
    throw new MachineError(`machine ${key} has a snapshot ${given}: "qure vm snapshot remove ${key} ${given}" first`);
  if ((word === "remove" || word === "restore") && !isThere)
    throw new MachineError(
      `machine ${key} has no snapshot ${given}${names.length > 0 ? `: there are ${names.join(", ")}` : ""}`,
    );
}

interface Wanted {
  /** The snapshot, and the name of the volume that is its disk. */
  readonly given: string;
  readonly kept: string;
  readonly diskOnly: boolean;
}

async function createSnapshot(context: Context, machine: Usable, { kept, given, diskOnly }: Wanted): Promise<Result> {
  const { key, configuration } = machine;
  const isOn = isMachineOn(await context.state(machine));
  const memory = isOn && !diskOnly && MEMORY_DRIVERS.includes(configuration.driver);
  const path = snapshotPath(machine, given);
  if (memory) {
    const running = (await context.ask({ verb: "keep", key, volume: kept, name: given })) as Configuration;
    await seal(path, configuration.id, { identity: () => identityOf(context, kept) }, hardwareOf(running));
  } else if (isOn) await context.ask({ verb: "copy-disk", key, volume: kept, isSnapshot: true });
  else await (await context.volumesOf(machine)).snapshot(ownVolume(machine), kept);
  if (!memory) forgetSealed(path);
  const what = memory ? "its disk and its memory as they are now" : "its disk as it is now";
  return { json: { machine: key, snapshot: given, memory }, text: `${folderName(key)}: ${given} is ${what}` };
}

/** Which disk it is, and which of the times that it was written. */
async function identityOf(context: Context, volume: string): Promise<string> {
  const { id, epoch } = await (await context.volumes()).look(volume);
  return `${id}.${epoch}`;
}

interface Kept {
  readonly memory: Memory;
  readonly hardware: Hardware | undefined;
}

/** The memory that belongs to a snapshot's disk; null: it has none. Throws a MachineError for one of another disk. */
async function memoryOf(context: Context, machine: Usable, { kept, given, diskOnly }: Wanted): Promise<Kept | null> {
  const path = snapshotPath(machine, given);
  const wayOut = "--disk-only goes back to its disk alone";
  const sealed = diskOnly ? null : readSealed(path, machine.configuration.id, wayOut);
  if (sealed === null) return null;
  if (sealed.disk === (await identityOf(context, kept)))
    return { memory: readMemory(path, machine.configuration.id), hardware: sealed.hardware };
  throw new MachineError(`${path} is the memory of another disk than ${given} is now: ${wayOut}`);
}

/** Its disk becomes a new volume, and the change of one file decides which of the two counts. */
async function restore(context: Context, machine: Usable, wanted: Wanted): Promise<Result> {
  const { kept, given } = wanted;
  const { state } = await context.state(machine);
  if (state !== "off" && state !== "failed")
    throw new MachineError(`machine ${machine.key} is ${state}: "qure vm stop ${machine.key}" first`);
  const found = await memoryOf(context, machine, wanted);
  await context.change(async () => {
    const volumes = await context.volumes();
    const before = ownVolume(machine);
    const volume = `${firstNameOf(before)}.${Number(/\.(\d+)$/.exec(before)?.[1] ?? 0) + 1}`;
    await context.disks.remove(volume).catch(() => {});
    await volumes.create(volume, { snapshot: kept });
    const after = { ...machine.configuration, ...found?.hardware, disk: `volume:${volume}` };
    context.home.write(machine, changedTo(readConfiguration(machine.folder), machine.configuration, after));
    if (found) writeMemory(memoryPath(machine), { ...found.memory, disk: await identityOf(context, volume) });
    await context.disks.remove(before);
  });
  const what = found ? `it is as it was in ${given}, and goes on from there` : `its disk is ${given} again`;
  return {
    json: { machine: machine.key, restored: given, memory: found !== null },
    text: `${folderName(machine.key)}: ${what}`,
  };
}

/** As they are named, and their volumes. */
async function snapshotsOf(context: Context, volume: string): Promise<{ name: string; given: string }[]> {
  const prefix = snapshotPrefix(volume);
  const volumes = await (await context.volumes()).list();
  return volumes
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name }) => ({ name, given: name.slice(prefix.length) }));
}

async function snapshots(context: Context, machine: Machine, volume: string): Promise<Result> {
  const volumes = await context.volumes();
  const kept = await snapshotsOf(context, volume);
  const rows = await Promise.all(
    kept.map(async ({ name, given }) => {
      const { allocatedBytes } = await volumes.info(name);
      const memoryBytes = statSync(snapshotPath(machine, given), { throwIfNoEntry: false })?.size ?? null;
      return { snapshot: given, diskBytes: allocatedBytes, memoryBytes };
    }),
  );
  const shown = (bytes: number | null): string => (bytes === null ? "-" : formatBytes(bytes));
  return {
    json: { machine: machine.key, snapshots: rows.map(({ snapshot: name }) => name), sizes: rows },
    text: table(
      ["SNAPSHOT", "DISK", "MEMORY"],
      rows.map(({ snapshot: name, diskBytes, memoryBytes }) => [name, shown(diskBytes), shown(memoryBytes)]),
    ),
  };
}
