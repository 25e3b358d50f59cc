/** Archives in memory, and parts of any content. */
import { CHUNK_BYTES, type PartHeader } from "../../src/backup/format.ts";
import { type ArchiveFile, Backup } from "../../src/backup/read.ts";
import { type Part, writeBackup } from "../../src/backup/write.ts";
import { backupHost } from "../../src/host/backup-host.ts";
import { all } from "../volume/hosts.ts";

export const CHUNK = CHUNK_BYTES;

function fileOf(name: string, bytes: Uint8Array): ArchiveFile {
  return { name, sizeBytes: bytes.length, read: async (at, length) => bytes.slice(at, at + length) };
}

export function partOf(content: Uint8Array, about: Partial<PartHeader> = {}): Part {
  const header: PartHeader = {
    ...{ name: "web", kind: "node", sizeBytes: content.length, revision: null, node: null, machine: null },
    ...about,
  };
  async function* chunks(): AsyncGenerator<{ index: number; bytes: Uint8Array }> {
    for (let at = 0; at < content.length; at += CHUNK)
      yield { index: at / CHUNK, bytes: content.slice(at, at + CHUNK) };
  }
  return { header, chunks };
}

interface Earlier {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** An archive of these parts, on top of an earlier one. */
export async function written(parts: readonly Part[], earlier: Earlier | null = null): Promise<Uint8Array> {
  const base = earlier && (await opened(earlier.name, earlier.files));
  const since = base && { name: earlier!.name, id: base.id };
  // Not a Buffer: its slices share its bytes.
  return new Uint8Array(
    await all(writeBackup(backupHost, { writer: "0.2.0", madeSeconds: 1_800_000_000, since }, parts, base)),
  );
}

export const opened = (name: string, files: ReadonlyMap<string, Uint8Array>): Promise<Backup> =>
  Backup.open(backupHost, fileOf(name, files.get(name)!), async (other) => {
    const bytes = files.get(other);
    return bytes ? fileOf(other, bytes) : null;
  });

/** What is restored of a part, when all has been judged. */
export async function restored(backup: Backup, name = "web"): Promise<Uint8Array> {
  await backup.verify();
  const part = backup.header.parts.find((found) => found.name === name)!;
  const content = new Uint8Array(part.sizeBytes);
  for await (const chunk of backup.contentOf(part)) content.set(await chunk.bytes(), chunk.index * CHUNK);
  return content;
}

/** A disk with something in some of its chunks, each filled by its seed. */
export function diskOf(chunks: number, filled: Readonly<Record<number, number>>): Uint8Array {
  const bytes = new Uint8Array(chunks * CHUNK);
  for (const [index, seed] of Object.entries(filled))
    for (let at = 0; at < CHUNK; at += 4096) bytes[Number(index) * CHUNK + at] = seed;
  return bytes;
}
