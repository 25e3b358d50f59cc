/** What a restored disk is made of, judged once more while it is written: the archive may have changed since. */
import { CHUNK_BYTES, PartDigest, type PartHeader } from "../../backup/format.ts";
import type { Backup } from "../../backup/read.ts";
import type { PieceOfPart } from "../../backup/write.ts";
import type { AsideDisk } from "../../host/aside-disk.ts";
import { backupHost } from "../../host/backup-host.ts";
import { type ArchivedObject, writeArchive } from "../../volume/archive.ts";
import { BLOCK_BYTES, OBJECT_BYTES } from "../../volume/layout.ts";
import type { Volumes } from "../../volume/model.ts";
import { CommandError } from "../fail.ts";
import { partName } from "./archives.ts";

async function* piecesOf(backup: Backup, part: PartHeader): AsyncGenerator<PieceOfPart> {
  const digest = new PartDigest(backupHost, part);
  for await (const chunk of backup.contentOf(part)) {
    yield { index: chunk.index, bytes: await chunk.bytes() };
    await digest.add(chunk.index, chunk.hash);
  }
  if ((await digest.value()) !== backup.digests[backup.header.parts.indexOf(part)])
    throw new CommandError(`${partName(part)}: the archive was changed while it was read: nothing is restored`);
}

/** Puts a part in a file's place. The old file is there until the new one is whole. */
export async function intoFile(
  backup: Backup,
  part: PartHeader,
  disk: Pick<AsideDisk, "write" | "finish" | "abandon">,
  step: () => void,
): Promise<void> {
  try {
    for await (const { index, bytes } of piecesOf(backup, part)) {
      disk.write(index * CHUNK_BYTES, bytes);
      step();
    }
    disk.finish(part.sizeBytes);
  } catch (error) {
    disk.abandon();
    throw error;
  }
}

/** A new volume with a part's content. It is visible when it is whole. */
export async function intoVolume(
  backup: Backup,
  part: PartHeader,
  volumes: Pick<Volumes, "import">,
  name: string,
  step: () => void,
): Promise<void> {
  const { sizeBytes } = part;
  const header = { name, sizeBytes, since: null, blockBytes: BLOCK_BYTES };
  await volumes.import(name, writeArchive(backupHost, header, objectsOf(backup, part, step)));
}

const OBJECT_CHUNKS = OBJECT_BYTES / CHUNK_BYTES;

interface PendingObject {
  readonly index: number;
  readonly content: Uint8Array;
  /** Up to the last of its chunks that has come. */
  lengthBytes: number;
}

async function* objectsOf(backup: Backup, part: PartHeader, step: () => void): AsyncGenerator<ArchivedObject> {
  let pending = null as PendingObject | null;
  const done = ({ index, content, lengthBytes }: PendingObject): ArchivedObject => ({
    index,
    content: content.subarray(0, Math.ceil(lengthBytes / BLOCK_BYTES) * BLOCK_BYTES),
  });
  for await (const { index, bytes } of piecesOf(backup, part)) {
    const object = Math.floor(index / OBJECT_CHUNKS);
    if (pending !== null && pending.index !== object) yield done(pending);
    if (pending?.index !== object) pending = { index: object, content: new Uint8Array(OBJECT_BYTES), lengthBytes: 0 };
    const at = (index % OBJECT_CHUNKS) * CHUNK_BYTES;
    pending.content.set(bytes, at);
    pending.lengthBytes = at + bytes.length;
    step();
  }
  if (pending !== null) yield done(pending);
}
