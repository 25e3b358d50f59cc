/** Archives as files, each with those that it builds on: beside it, or where `--base` says. */

import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { PartHeader } from "../../backup/format.ts";
import { Backup } from "../../backup/read.ts";
import { backupHost, type OpenArchive, openArchive } from "../../host/backup-host.ts";
import { CommandError, UsageError } from "../fail.ts";

/** Does something with an archive that has been opened and not been judged. */
export async function withBackup<Result>(
  path: string,
  bases: readonly string[],
  action: (backup: Backup) => Promise<Result>,
): Promise<Result> {
  const opened: OpenArchive[] = [];
  const open = (place: string): OpenArchive => {
    const file = openArchive(place);
    opened.push(file);
    return file;
  };
  const find = async (name: string): Promise<OpenArchive | null> => {
    const named = bases.find((base) => basename(base) === name) ?? (bases.length === 1 ? bases[0] : undefined);
    const place = named ?? join(dirname(path), name);
    return named === undefined && !existsSync(place) ? null : open(place);
  };
  try {
    return await action(await Backup.open(backupHost, open(path), find));
  } finally {
    for (const file of opened) file.close();
  }
}

/** By its beginning. */
export function isArchive(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const magic = Buffer.alloc(4);
    return readSync(file, magic, 0, 4, 0) === 4 && magic.toString("latin1") === "QBKH";
  } finally {
    closeSync(file);
  }
}

export const partName = ({ kind, name }: Pick<PartHeader, "kind" | "name">): string => `${kind} ${name}`;

/** The parts that are meant: all, or the one of this name. */
export function partsOf({ header }: Backup, wanted: string | undefined): readonly PartHeader[] {
  const { parts } = header;
  if (wanted === undefined) return parts;
  const found = parts.filter((part) => part.name === wanted || partName(part) === wanted);
  if (found.length === 1) return found;
  const names = parts.map(partName).join(", ");
  if (found.length > 1) throw new UsageError(`--part ${wanted}: several are called so: ${names}`);
  throw new CommandError(`--part ${wanted}: there is none: it has ${names}`);
}
