/**
 * `qure backup`: nodes, disks and volumes into an archive, by one path whatever state they are in, and what is to be
 * known of archives (docs/backup.md).
 */
import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Command } from "commander";
import { diffBackups } from "../backup/diff.ts";
import { headerOf } from "../backup/read.ts";
import { writeBackup } from "../backup/write.ts";
import { backupHost, openArchive } from "../host/backup-host.ts";
import { VERSION } from "../version.ts";
import { VolumeError } from "../volume/model.ts";
import { isArchive, partName, partsOf, withBackup } from "./backup/archives.ts";
import { removeLeft } from "./backup/names.ts";
import { type Source, sourceOf } from "./backup/sources.ts";
import { tryOut } from "./backup/trial.ts";
import { addBackupVerb, type BackupVerb, baseOption, type Common, type Said } from "./backup/verb.ts";
import { UsageError, withFile } from "./fail.ts";
import { makeProgress } from "./progress.ts";
import type { Context } from "./vm/context.ts";
import { writeAll, writingTo } from "./volume/files.ts";
import { formatBytes, table } from "./volume/show.ts";

interface CreateOptions extends Common {
  readonly since?: string;
}

const LINE_MS = 10_000;

const dateOf = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");

async function create(context: Context, given: readonly string[], { since, base = [] }: CreateOptions): Promise<Said> {
  const [names, path] = [given.slice(0, -1), given.at(-1)!];
  if (names.length === 0) throw new UsageError(`${path}: name what is backed up, and then the archive`);
  checkPlace(path);
  const sources: Source[] = [];
  try {
    // All at nearly one moment, and then they are read.
    for (const name of names) sources.push(await sourceOf(context, name));
    const parts = sources.map(({ header }) => partName(header));
    const twice = parts.find((part, index) => parts.indexOf(part) !== index);
    if (twice !== undefined) throw new UsageError(`${twice} is named twice`);
    if (since === undefined) return await writeArchive(path, sources, null);
    return await withBackup(since, base, async (earlier) => {
      if (samePlaces(path, since, base, earlier.names))
        throw new UsageError(`${path} is what the new archive builds on: name another file`);
      await earlier.verify();
      return writeArchive(path, sources, { backup: earlier, name: basename(since) });
    });
  } finally {
    for (const source of sources) await source.close();
    const isOfVolumes = sources.some(({ header }) => header.kind !== "disk");
    if (isOfVolumes) await removeLeft(await context.volumes()).catch(() => {});
  }
}

/** What is there and is no archive stays: a disk whose archive was forgotten is named last, too. */
function checkPlace(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile() && status.size > 0 && !isArchive(path))
    throw new UsageError(`${path} is there and is no archive: the archive is named last`);
}

/** Whether a file is one of those that an archive builds on. */
function samePlaces(path: string, since: string, base: readonly string[], names: readonly string[]): boolean {
  const beside = names.map((name) => join(dirname(since), name));
  const real = (place: string): string | null => (existsSync(place) ? realpathSync(place) : null);
  const wanted = real(path);
  return wanted !== null && [since, ...base, ...beside].some((place) => real(place) === wanted);
}

async function writeArchive(
  path: string,
  sources: readonly Source[],
  earlier: { readonly backup: Parameters<typeof writeBackup>[3] & object; readonly name: string } | null,
): Promise<Said> {
  const progress = makeProgress(process.stderr, LINE_MS);
  const header = {
    writer: VERSION,
    madeSeconds: Math.floor(Date.now() / 1000),
    since: earlier && { name: earlier.name, id: earlier.backup.id },
  };
  let bytes = 0;
  try {
    // The cluster's key is in it.
    await writingTo(path, 0o600, async (file) => {
      for await (const piece of writeBackup(backupHost, header, sources, earlier?.backup ?? null)) {
        withFile(path, () => writeAll(file, piece));
        bytes += piece.length;
        progress.step(`${path}: ${formatBytes(bytes)} written`);
      }
    });
  } finally {
    progress.done();
  }
  const parts = sources.map((source) => source.header);
  return {
    json: { file: path, bytes, ...header, parts },
    text: `${path}: ${formatBytes(bytes)} of ${parts.map(partName).join(", ")}${earlier ? ` since ${earlier.name}` : ""}`,
  };
}

async function list(paths: readonly string[]): Promise<Said> {
  const found = [];
  const failed: string[] = [];
  for (const path of paths) {
    const file = openArchive(path);
    try {
      found.push({ file: path, bytes: file.sizeBytes, ...(await headerOf(file)) });
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error;
      failed.push(error.message);
    } finally {
      file.close();
    }
  }
  const rows = found.map(({ file, bytes, madeSeconds, writer, since, parts }) => [
    file,
    formatBytes(bytes),
    dateOf(madeSeconds),
    writer,
    since?.name ?? "-",
    parts.map(partName).join(", "),
  ]);
  return { json: found, text: table(["FILE", "SIZE", "MADE", "BY", "SINCE", "PARTS"], rows), failed };
}

const show: BackupVerb["run"] = (_context, [path], { base }) =>
  withBackup(path!, base, async (backup) => {
    const { header, id, names } = backup;
    const rows = header.parts.map((part) => [
      partName(part),
      formatBytes(part.sizeBytes),
      part.revision === null ? "-" : `${part.revision}`,
      part.node?.id ?? "-",
      part.node ? `${part.node.era}` : "-",
      part.node ? `${part.node.age}` : "-",
    ]);
    const lines = [
      `format ${header.format}, written by qure ${header.writer} at ${dateOf(header.madeSeconds)}; id ${id.slice(0, 16)}`,
      ...(names.length > 1 ? [`with ${names.slice(0, -1).reverse().join(", ")}`] : []),
      table(["PART", "SIZE", "REVISION", "NODE", "ERA", "AGE"], rows),
    ];
    return { json: { ...header, id, archives: names }, text: lines.join("\n") };
  });

const diff: BackupVerb["run"] = (_context, [one, other], { base }) =>
  withBackup(one!, base, (first) =>
    withBackup(other!, base, async (second) => {
      const found = await diffBackups(first, second);
      const lines = found.map(({ part, sizes, differentBytes, ranges }) => {
        const [a, b] = sizes;
        if (a === null || b === null) return `${part}: only in ${a === null ? other : one}`;
        const where = ranges
          .slice(0, 4)
          .map(([from, to]) => `${from}-${to}`)
          .join(", ");
        const size = a === b ? "" : `, ${formatBytes(a)} and ${formatBytes(b)}`;
        return `${part}: ${differentBytes === 0 ? "equal" : `${formatBytes(differentBytes)} differ`}${size}${where && `: ${where}`}${ranges.length > 4 ? ", ..." : ""}`;
      });
      return { json: found, text: lines.join("\n") };
    }),
  );

const verify: BackupVerb["run"] = (_context, [path], { base, part, boot }) =>
  withBackup(path!, base, async (backup) => {
    const progress = makeProgress(process.stderr, LINE_MS);
    try {
      const parts = partsOf(backup, part);
      await backup.verify((name) => progress.step(`${name}: judged`));
      const tried = boot ? await tryOut(backup, parts, (text) => progress.step(text)) : [];
      const failed = tried.flatMap(({ part, wrong }) => wrong.map((text) => `${part}: ${text}`));
      const answers = tried.filter(({ found }) => found !== "").map(({ part, found }) => `${part}: ${found}`);
      const lines = [`${path}: as it was written`, ...answers];
      return { json: { file: path, tried }, text: lines.join("\n"), failed };
    } finally {
      progress.done();
    }
  });

const VERBS: readonly BackupVerb[] = [
  {
    usage: "create <what...>",
    summary: "write nodes, disks, volumes into an archive, which is named last",
    example: "web volume:data web.qbak",
    isDefault: true,
    options: (command) =>
      baseOption(command)
        .option("--since <archive>", "only what differs from that one")
        .option("--store <place>", "where volumes are: a folder, s3://BUCKET/PREFIX or role:NAME"),
    run: create,
  },
  {
    usage: "list <files...>",
    summary: "say what archives say of themselves at their beginning",
    example: "list *.qbak",
    run: (_context, files) => list(files),
  },
  {
    usage: "show <file>",
    summary: "say what is in an archive, with those that it builds on",
    example: "show web.qbak",
    options: baseOption,
    run: show,
  },
  {
    usage: "diff <file> <other>",
    summary: "say where two archives differ",
    example: "diff monday.qbak tuesday.qbak",
    options: baseOption,
    run: diff,
  },
  {
    usage: "verify <file>",
    summary: "judge an archive, boot what is in it, and ask that",
    example: "verify web.qbak",
    options: (command) =>
      baseOption(command)
        .option("--part <name>", "boot only this one")
        .option("--no-boot", "judge it, and boot nothing"),
    run: verify,
  },
];

export function declare(command: Command): void {
  for (const verb of VERBS) addBackupVerb(command, verb);
}
