/** What is backed up: nodes, disk images and volumes. Nothing runs in a machine for it, and all come by one path. */
import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { basename } from "node:path";
import { CHUNK_BYTES, type PartHeader } from "../../backup/format.ts";
import type { Part, PieceOfPart } from "../../backup/write.ts";
import { backupHost } from "../../host/backup-host.ts";
import { FileDisk } from "../../host/file-disk.ts";
import { writersOf } from "../../host/open-files.ts";
import { VOLUME_PREFIX, VolumeDisk } from "../../host/volume-disk.ts";
import { type Home, readConfiguration, volumeOf } from "../../vm/host/home.ts";
import { NameError, parseKey } from "../../vm/name.ts";
import { isMachineOn } from "../../vm/protocol.ts";
import { readArchive } from "../../volume/archive.ts";
import type { Volumes } from "../../volume/model.ts";
import { CommandError } from "../fail.ts";
import { type Context, notRunning } from "../vm/context.ts";
import { ownVolume } from "../vm/snapshot.ts";
import { ifMapped } from "../volume/map.ts";
import { openPlace } from "../volume/verb.ts";
import { passingName } from "./names.ts";
import { recordedOn } from "./recorded.ts";

/** A part, and how it is let go. */
export interface Source extends Part {
  close(): Promise<void>;
}

/** A name with a machine is that node's, `volume:NAME` a volume's, and all else a file's. */
export async function sourceOf(context: Context, what: string): Promise<Source> {
  if (what.startsWith(VOLUME_PREFIX)) return ofVolume(context, what.slice(VOLUME_PREFIX.length));
  return hasMachine(context, what) ? ofNode(context, what) : ofDisk(what);
}

export function hasMachine({ home }: Context, name: string): boolean {
  try {
    const key = parseKey(name);
    return home.machines().some((machine) => machine.key === key);
  } catch (error) {
    if (error instanceof NameError) return false;
    throw error;
  }
}

/** As it is at this moment, whatever the machine does: its owner copies the disk of one that runs. */
async function ofNode(context: Context, name: string): Promise<Source> {
  const machine = context.home.usable(parseKey(name));
  const kept = passingName("backup");
  await copyDisk(context, machine, kept);
  const about = { name: machine.key, kind: "node" as const, machine: readConfiguration(machine.folder) };
  return ofSnapshot(await context.volumes(), kept, about, true);
}

async function copyDisk(context: Context, machine: ReturnType<Home["usable"]>, kept: string): Promise<void> {
  const { key } = machine;
  const volume = ownVolume(machine);
  const status = await context.state(machine);
  if (status.state === "no answer") throw notRunning(key, status);
  if (isMachineOn(status)) await context.ask({ verb: "copy-disk", key, volume: kept, isSnapshot: true });
  else await (await context.volumesOf(machine)).snapshot(volume, kept);
}

/** Whoever has it open makes the snapshot: the owner of a machine, or the process that serves it. */
async function snapshotOf(context: Context, name: string, kept: string): Promise<void> {
  const user = context.home.machines().find(({ configuration }) => volumeOf(configuration) === name);
  if (user) return copyDisk(context, context.home.usable(user.key), kept);
  const { place, close } = await openPlace({}, true);
  try {
    const made = await ifMapped(place, name, { verb: "snapshot", name: kept });
    if (made === null) await (await context.volumes()).snapshot(name, kept);
  } finally {
    close();
  }
}

async function ofVolume(context: Context, name: string): Promise<Source> {
  const volumes = await context.volumes();
  const { kind } = await volumes.look(name);
  const about = { name, kind: "volume" as const, machine: null };
  if (kind === "snapshot") return ofSnapshot(volumes, name, about, false);
  const kept = passingName("backup");
  await snapshotOf(context, name, kept);
  return ofSnapshot(volumes, kept, about, true);
}

async function ofSnapshot(
  volumes: Volumes,
  snapshot: string,
  about: Pick<PartHeader, "name" | "kind" | "machine">,
  isPassing: boolean,
): Promise<Source> {
  const close = async (): Promise<void> => {
    if (isPassing) await volumes.remove(snapshot);
  };
  try {
    const { sizeBytes } = await volumes.look(snapshot);
    const disk = new VolumeDisk(`${VOLUME_PREFIX}${snapshot}`, { readOnly: true });
    try {
      const { revision, node } = recordedOn(disk);
      return { header: { ...about, sizeBytes, revision, node }, chunks: () => chunksOf(volumes, snapshot), close };
    } finally {
      disk.close();
    }
  } catch (error) {
    await close();
    throw error;
  }
}

/** Objects of a volume that have something in them, in pieces. */
async function* chunksOf(volumes: Volumes, snapshot: string): AsyncGenerator<PieceOfPart> {
  const { header, objects } = await readArchive(backupHost, snapshot, volumes.export(snapshot));
  for await (const { index, content } of objects) {
    const first = index * OBJECT_CHUNKS;
    for (let at = 0; at < content.length; at += CHUNK_BYTES) {
      const chunk = first + at / CHUNK_BYTES;
      const lengthBytes = Math.min(CHUNK_BYTES, header.sizeBytes - chunk * CHUNK_BYTES);
      const bytes = new Uint8Array(lengthBytes);
      bytes.set(content.subarray(at, at + lengthBytes));
      yield { index: chunk, bytes };
    }
  }
}

const OBJECT_CHUNKS = (4 << 20) / CHUNK_BYTES;

/** A file has no snapshots: nobody may write it meanwhile. */
function ofDisk(path: string): Source {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) throw new CommandError(`${path}: no such machine and no such file`);
  if (!status.isFile()) throw new CommandError(`${path}: it is no plain file`);
  if (status.size === 0) throw new CommandError(`${path} is empty: that is no disk image`);
  const [writer] = writersOf(path);
  if (writer !== undefined)
    throw new CommandError(
      `${path} is written by process ${writer}: end that first; a volume can be backed up while it is`,
    );
  const disk = new FileDisk(path, { readOnly: true, content: "guest" });
  const { revision, node } = recordedOn(disk);
  const header: PartHeader = {
    name: basename(path),
    kind: "disk",
    sizeBytes: disk.fileBytes,
    revision,
    node,
    machine: null,
  };
  const before = stampOf(path);
  async function* chunks(): AsyncGenerator<PieceOfPart> {
    for (let at = 0; at < disk.fileBytes; at += CHUNK_BYTES) {
      const bytes = new Uint8Array(Math.min(CHUNK_BYTES, disk.fileBytes - at));
      disk.read(at, bytes);
      yield { index: at / CHUNK_BYTES, bytes };
    }
    if (stampOf(path) !== before)
      throw new CommandError(`${path} was written while it was read: end whoever writes it, and try again`);
  }
  return { header, chunks, close: async () => disk.close() };
}

function stampOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const { ino, size, mtimeNs } = fstatSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } finally {
    closeSync(file);
  }
}
