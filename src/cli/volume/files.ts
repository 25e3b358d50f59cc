/** Volumes into files and out of them. */
import {
  closeSync,
  createReadStream,
  fsyncSync,
  ftruncateSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { SECTOR_BYTES } from "../../volume/layout.ts";
import type { Volumes } from "../../volume/model.ts";
import { CommandError, UsageError, withFile } from "../fail.ts";
import { makeProgress } from "../progress.ts";
import { formatBytes } from "./show.ts";
import type { Result } from "./verb.ts";

/** At its place, or where the file is. */
export function writeAll(file: number, bytes: Uint8Array, at: number | null = null): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(file, bytes, done, bytes.length - done, at === null ? null : at + done);
}

const PIECE_BYTES = 4 << 20;
/** Of large volumes a log would have thousands of lines. */
const LINE_MS = 10_000;
/** What holes are asked for at once. */
const SPAN_BYTES = 1 << 30;

export interface ExportOptions {
  readonly since?: string;
  /** The content alone, as a disk image. */
  readonly raw?: boolean;
}

/** What a disk image of a volume has, and where: holes are left out. */
async function* contentOf(
  volumes: Volumes,
  name: string,
): AsyncGenerator<{ readonly at: number; readonly bytes: Uint8Array }> {
  const device = await volumes.open(name, { readOnly: true });
  for (let at = 0; at < device.sizeBytes; at += SPAN_BYTES) {
    let from = at;
    for (const { kind, lengthBytes } of await device.extents(at, Math.min(SPAN_BYTES, device.sizeBytes - at))) {
      for (let done = 0; kind === "data" && done < lengthBytes; done += PIECE_BYTES)
        yield { at: from + done, bytes: await device.read(from + done, Math.min(PIECE_BYTES, lengthBytes - done)) };
      from += lengthBytes;
    }
    // Nothing of it, but how far it is.
    yield { at: from, bytes: new Uint8Array() };
  }
}

/** A file that is there whole or not at all: written aside and renamed. What is no plain file is written as it is. */
export async function writingTo(path: string, mode: number, write: (file: number) => Promise<void>): Promise<void> {
  // A link stays one, and what it leads to is written.
  const target = statSync(path, { throwIfNoEntry: false }) ? realpathSync(path) : path;
  const isSpecial = statSync(target, { throwIfNoEntry: false })?.isFile() === false;
  const place = isSpecial ? target : `${target}.${process.pid}.part`;
  const file = withFile(path, () => openSync(place, "w", mode));
  try {
    await write(file);
    withFile(path, () => {
      if (!isSpecial) fsyncSync(file);
      if (!isSpecial) renameSync(place, target);
    });
  } catch (error) {
    if (!isSpecial) rmSync(place, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

async function exportRaw(volumes: Volumes, name: string, path: string): Promise<Result> {
  if (path === "-") throw new UsageError("--raw: name a file: what has nothing in it is left out of it");
  const status = statSync(path, { throwIfNoEntry: false });
  const isDevice = status?.isBlockDevice() || status?.isCharacterDevice();
  if (isDevice || status?.isFIFO() || status?.isSocket())
    throw new UsageError(`--raw: ${path} is no file: what has nothing in it is left out, and cannot be left out there`);
  const progress = makeProgress(process.stderr, LINE_MS);
  try {
    await writingTo(path, 0o666, async (file) => {
      for await (const { at, bytes } of contentOf(volumes, name)) {
        withFile(path, () => {
          if (bytes.length === 0) ftruncateSync(file, at);
          else writeAll(file, bytes, at);
        });
        progress.step(`${name}: ${formatBytes(at)} looked at`);
      }
    });
  } finally {
    progress.done();
  }
  return { json: { name, file: path, isRaw: true }, text: `${path}: ${name} as a disk image` };
}

async function importRaw(volumes: Volumes, name: string, path: string): Promise<Result> {
  if (path === "-") throw new UsageError("--raw: name a file: how long it is must be known first");
  const status = withFile(path, () => statSync(path));
  if (!status.isFile()) throw new UsageError(`--raw: ${path} is no file: map the volume, and copy into it by nbdcopy`);
  const { size } = status;
  if (size === 0) throw new CommandError(`${path} is empty: that is no disk image`);
  const made = await volumes.create(name, {
    sizeBytes: Math.ceil(size / SECTOR_BYTES) * SECTOR_BYTES,
  });
  const progress = makeProgress(process.stderr, LINE_MS);
  const device = await volumes.open(name);
  try {
    let at = 0;
    for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
      const content = new Uint8Array(Math.ceil((piece as Buffer).length / SECTOR_BYTES) * SECTOR_BYTES);
      content.set(piece as Buffer);
      if (content.some((byte) => byte !== 0)) await device.write(at, content);
      at += content.length;
      progress.step(`${name}: ${formatBytes(at)} read`);
    }
    await device.close();
    await volumes.unlock(name);
  } catch (error) {
    // Half a disk is none.
    await device.close().catch(() => {});
    await volumes.remove(name).catch(() => {});
    throw error;
  } finally {
    progress.done();
  }
  return { json: made, text: `${name}: ${formatBytes(made.sizeBytes)} from ${path}` };
}

/** Written aside and renamed; standard output is written as it comes. */
export async function exportTo(volumes: Volumes, name: string, path: string, options: ExportOptions): Promise<Result> {
  const { since, raw = false } = options;
  if (raw && since !== undefined) throw new UsageError("--raw and --since: a disk image is whole");
  if (raw) return exportRaw(volumes, name, path);
  const isOutput = path === "-";
  const progress = makeProgress(process.stderr, LINE_MS);
  let bytes = 0;
  const write = async (file: number): Promise<void> => {
    for await (const piece of volumes.export(name, since === undefined ? {} : { since })) {
      withFile(path, () => writeAll(file, piece));
      bytes += piece.length;
      progress.step(`${name}: ${formatBytes(bytes)} written`);
    }
  };
  try {
    await (isOutput ? write(1) : writingTo(path, 0o666, write));
  } finally {
    progress.done();
  }
  return isOutput
    ? { json: "", text: "" }
    : { json: { name, file: path, bytes }, text: `${path}: ${formatBytes(bytes)} of ${name}` };
}

export async function importFrom(volumes: Volumes, name: string, path: string, isRaw: boolean): Promise<Result> {
  if (isRaw) return importRaw(volumes, name, path);
  const progress = makeProgress(process.stderr, LINE_MS);
  if (path !== "-" && statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`${path} is a folder, and no archive of a volume`);
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of path === "-" ? process.stdin : createReadStream(path)) {
      const content = piece as Buffer;
      bytes += content.length;
      progress.step(`${name}: ${formatBytes(bytes)} read`);
      yield new Uint8Array(content.buffer, content.byteOffset, content.length);
    }
  }
  try {
    const made = await volumes.import(name, counted());
    return { json: made, text: `${name}: ${formatBytes(made.sizeBytes)} from ${path}` };
  } finally {
    progress.done();
  }
}
