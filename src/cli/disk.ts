/**
 * `qure disk`: looks into OOFS and FAT volumes in disk images, and changes them; of OOFS by commits that a power cut
 * does not hurt.
 */
import { closeSync, ftruncateSync, openSync, readSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { checkFat, type FatType, formatFat, isFat } from "../disk/fat/index.ts";
import { check, type FileSystem, format } from "../disk/oofs/index.ts";
import { isReplaceable, naming, writeSparsely } from "../host/files.ts";
import {
  type Files,
  type Location,
  nameOf,
  newId,
  now,
  parseLocation,
  withDevice,
  withFiles,
  withVolume,
} from "./disk-location.ts";
import { CommandError, UsageError } from "./fail.ts";

interface Options {
  readonly json?: boolean;
  readonly recursive?: boolean;
  readonly force?: boolean;
  readonly acceptOlder?: boolean;
  readonly type?: string;
  /** No option: whose disk it is (`qure vm cp`). */
  readonly machine?: string;
}

type Status = ReturnType<Files["stat"]>;
type Listed = ReturnType<Files["list"]>[number];

const VOLUME_TYPES = ["oofs", "fat", "fat12", "fat16", "fat32"];

const PIECE_BYTES = 1 << 20;
const PLACE = "IMAGE[:PARTITION][@SNAPSHOT][/PATH]";

export function declare(command: Command): void {
  const add = (usage: string, summary: string, example: string): Command =>
    command
      .command(usage)
      .description(summary)
      .exitOverride()
      .option("--json", "print one JSON value")
      .addHelpText("after", `\nA place is ${PLACE}.\n\nExample:\n  qure disk ${example}\n`);

  add("ls <place>", "list a directory, or show one file", "ls build/qure.img:0/").action(list);
  add("tree <place>", "show a directory with all that is below it", "tree build/qure.img").action(tree);
  add("cat <place>", "print a file or a persistent object", "cat build/qure.img:0/cluster_node").action(cat);
  add("get <place> <file>", "copy a file out of the volume", "get disk.img:0/notes.txt notes.txt").action(getFile);
  add("put <file> <place>", "copy a file into the volume", "put notes.txt disk.img:0/notes.txt").action(putFile);
  add("rm <place>", "remove a file, a persistent object or an empty directory", "rm disk.img:0/notes.txt")
    .option("-r, --recursive", "a directory with all that is in it")
    .action(remove);
  add("mkdir <place>", "make a directory", "mkdir disk.img:0/letters").action((text: string, options: Options) =>
    change(text, options, (fs, { path }) => fs.mkdir(path)),
  );
  add("mv <place> <path>", "give a file or directory another path", "mv disk.img:0/notes.txt /letters/old.txt").action(
    (text: string, to: string, options: Options) =>
      change(text, options, (fs, { path }) =>
        fs.rename(path, fs.exists(to) && fs.stat(to).kind === "directory" ? join(to, basename(path)) : to),
      ),
  );
  add("fsck <place>", "read everything, and name what is damaged", "fsck disk.img")
    .option("--accept-older", "take an older state when the newest one is lost")
    .action(fsck);
  add("format <place>", "make an empty volume", "format disk.img:0")
    .option("-t, --type <type>", `${VOLUME_TYPES.join(", ")}; fat chooses by the size`, "oofs")
    .option("--force", "even if there is a volume already")
    .action(make);

  const snapshot = command.command("snapshot").description("states of a volume that are kept").exitOverride();
  const addSnapshot = (usage: string, summary: string, example: string): Command =>
    snapshot
      .command(usage)
      .description(summary)
      .exitOverride()
      .option("--json", "print one JSON value")
      .addHelpText("after", `\nExample:\n  qure disk snapshot ${example}\n`);
  addSnapshot("create <place> <name>", "keep the present state", "create disk.img before").action(
    (text: string, name: string, options: Options) => changeVolume(text, options, (fs) => fs.createSnapshot(name)),
  );
  addSnapshot("list <place>", "show the snapshots", "list disk.img").action(listSnapshots);
  addSnapshot("restore <place> <name>", "go back to a snapshot", "restore disk.img before").action(
    (text: string, name: string, options: Options) => changeVolume(text, options, (fs) => fs.restoreSnapshot(name)),
  );
  addSnapshot("remove <place> <name>", "remove a snapshot", "remove disk.img before").action(
    (text: string, name: string, options: Options) => changeVolume(text, options, (fs) => fs.removeSnapshot(name)),
  );
  command.addHelpText(
    "after",
    `\nA place is ${PLACE}; without a partition, it is the only one of type 99,\nelse the only one of a type that says FAT, or the whole image.\n\nExamples:\n  qure disk tree build/qure.img\n  qure disk snapshot create build/qure.img before\n  qure disk fsck build/qure.img\n`,
  );
}

function look<T>(text: string, body: (fs: Files, location: Location) => T): T {
  const location = parseLocation(text);
  return withFiles(location, { readOnly: true }, (fs) => body(fs, location));
}

function change(text: string, options: Options, body: (fs: Files, location: Location) => void): void {
  const location = parseLocation(text);
  const { machine } = options;
  withFiles(location, { readOnly: false, ...(machine === undefined ? {} : { machine }) }, (fs) => body(fs, location));
  if (options.json) print({ place: nameOf(location), path: location.path });
}

/** Changes what only OOFS has. */
function changeVolume(text: string, options: Options, body: (fs: FileSystem) => void): void {
  const location = parseLocation(text);
  withVolume(location, { readOnly: false }, body);
  if (options.json) print({ place: nameOf(location), path: location.path });
}

function print(value: unknown): void {
  process.stdout.write(
    `${JSON.stringify(value, (_key, item) => (typeof item === "bigint" ? Number(item) : item), 2)}\n`,
  );
}

function list(text: string, options: Options): void {
  look(text, (fs, { path }) => {
    const status = fs.stat(path);
    const found: Listed[] = status.kind === "directory" ? fs.list(path) : [{ name: basename(path), ...status }];
    if (options.json) print(found);
    else for (const entry of found) process.stdout.write(`${line(entry)}\n`);
  });
}

function line({ kind, sizeBytes, modified, name, version }: Listed): string {
  const time = modified.seconds === 0 ? "-" : new Date(modified.seconds * 1000).toISOString().slice(0, 19);
  const what = kind === "object" ? `${name} (object, version ${version})` : name;
  return `${String(kind === "directory" ? "-" : sizeBytes).padStart(14)}  ${time.padEnd(19)}  ${what}${kind === "directory" ? "/" : ""}`;
}

interface Branch extends Listed {
  readonly entries?: readonly Branch[];
}

function tree(text: string, options: Options): void {
  look(text, (fs, { path }) => {
    const branches = (at: string): Branch[] =>
      fs
        .list(at)
        .map((entry) => (entry.kind === "directory" ? { ...entry, entries: branches(join(at, entry.name)) } : entry));
    const show = (entries: readonly Branch[], indent: string): void => {
      for (const { name, kind, entries: below } of entries) {
        process.stdout.write(`${indent}${name}${kind === "directory" ? "/" : ""}\n`);
        if (below) show(below, `${indent}  `);
      }
    };
    const found = branches(path);
    if (options.json) print(found);
    else show(found, "");
  });
}

function cat(text: string, options: Options): void {
  look(text, (fs, { path }) => {
    const { sizeBytes } = fs.stat(path);
    if (options.json) print({ path, base64: Buffer.from(fs.read(path)).toString("base64") });
    else
      for (let at = 0; at < sizeBytes || at === 0; at += PIECE_BYTES)
        process.stdout.write(fs.read(path, at, PIECE_BYTES));
  });
}

export function getFile(text: string, file: string, options: Options = {}): void {
  look(text, (fs, { path }) => {
    const { sizeBytes } = fs.stat(path);
    const isNew = isReplaceable(file);
    const aside = isNew ? `${file}.${process.pid}.part` : file;
    const target = naming(file, () => openSync(aside, isNew ? "wx" : "w"));
    try {
      for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
        const piece = fs.read(path, at, PIECE_BYTES);
        naming(file, () => (isNew ? writeSparsely(target, piece, at) : writeFileSync(target, piece)));
      }
      if (isNew)
        naming(file, () => {
          ftruncateSync(target, sizeBytes);
          renameSync(aside, file);
        });
    } catch (error) {
      if (isNew) rmSync(aside, { force: true });
      throw error;
    } finally {
      closeSync(target);
    }
    if (options.json) print({ path, file, bytes: sizeBytes });
  });
}

/** Under another name first, so that the file is there as a whole or not at all. */
export function putFile(file: string, text: string, options: Options = {}): void {
  const { size } = statSync(file);
  const source = openSync(file, "r");
  try {
    change(text, options, (fs, { path: asked }) => {
      const path =
        asked.endsWith("/") || (fs.exists(asked) && fs.stat(asked).kind === "directory")
          ? join(asked, basename(file))
          : asked;
      const aside = join(path, "..", `.${now().nanoseconds}-${process.pid}.part`);
      fs.create(aside);
      try {
        const piece = new Uint8Array(PIECE_BYTES);
        for (let at = 0; at < size; ) {
          const count = naming(file, () => readSync(source, piece, 0, piece.length, at));
          if (count === 0) break;
          fs.write(aside, at, piece.subarray(0, count));
          at += count;
        }
        fs.rename(aside, path);
      } catch (error) {
        if (!fs.volume.isReadOnly) {
          fs.unlink(aside);
          fs.sync();
        }
        throw error;
      }
    });
  } finally {
    closeSync(source);
  }
}

function remove(text: string, options: Options): void {
  change(text, options, (fs, { path }) => {
    const removeOne = (at: string, { kind, className }: Status): void => {
      if (kind === "object") fs.removeObject?.(className);
      else if (kind === "file") fs.unlink(at);
      else {
        if (options.recursive)
          for (const entry of fs.list(at)) if (entry.kind !== "object") removeOne(join(at, entry.name), entry);
        fs.rmdir(at);
      }
    };
    removeOne(path, fs.stat(path));
  });
}

/** A FAT volume has no commits and no snapshots. Null where there is another one. */
function fsckFat(location: Location): ReturnType<typeof checkFat> | null {
  return withDevice(location, { readOnly: true }, (device) => {
    if (!isFat(device)) return null;
    if (location.snapshot !== null) throw new CommandError(`${nameOf(location)}: a FAT volume has no snapshots`);
    return checkFat(device);
  });
}

function complain(location: Location, problems: readonly { text: string; places: readonly unknown[] }[]): void {
  if (problems.length === 0) return;
  const lines = problems.map(({ text, places }) => {
    const place = places.filter(Boolean);
    return `${nameOf(location)}: ${text}${place.length > 0 ? ` (${place.join(", ")})` : ""}`;
  });
  throw new CommandError(lines.join("\nqure disk: error: "));
}

const counted = (problems: readonly unknown[]): string =>
  problems.length === 0 ? "no problems" : `${problems.length} problems`;

function fsck(text: string, options: Options): void {
  const location = parseLocation(text);
  const fat = fsckFat(location);
  if (fat !== null) {
    const { problems, type, files, directories, usedClusters, clusters, freeClusters } = fat;
    if (options.json) print(fat);
    else
      process.stdout.write(
        `${nameOf(location)}: ${type}, ${files} files, ${directories} directories, ${usedClusters} of ${clusters} clusters used, ${freeClusters} free, ${counted(problems)}\n`,
      );
    complain(
      location,
      problems.map(({ text: what, path, cluster }) => ({
        text: what,
        places: [path, cluster !== undefined && `cluster ${cluster}`],
      })),
    );
    return;
  }
  const acceptOlder = options.acceptOlder ?? false;
  const report = withVolume(location, { readOnly: !acceptOlder, acceptOlder }, check);
  const { problems, objects, usedBlocks, blocks, freeBlocks, sequence } = report;
  if (options.json) print(report);
  else
    process.stdout.write(
      `${nameOf(location)}: commit ${sequence}, ${objects} objects, ${usedBlocks} of ${blocks} blocks used, ${freeBlocks} free, ${counted(problems)}\n`,
    );
  complain(
    location,
    problems.map(({ text: what, snapshot, path, offset }) => ({
      text: what,
      places: [snapshot && `snapshot ${snapshot}`, path, offset !== undefined && `offset ${offset}`],
    })),
  );
}

function make(text: string, options: Options): void {
  const location = parseLocation(text);
  if (location.path !== "/" || location.snapshot !== null)
    throw new UsageError(`${text}: a volume is made in an image or a partition`);
  withDevice(location, { readOnly: false }, (device) => {
    const sector = new Uint8Array(512);
    device.read(0, sector);
    if (!options.force && sector.some((byte) => byte !== 0))
      throw new CommandError(`${nameOf(location)}: there is something already; --force makes a volume all the same`);
    const { type = "oofs" } = options;
    if (!VOLUME_TYPES.includes(type)) throw new UsageError(`--type: ${VOLUME_TYPES.join(", ")}, not ${type}`);
    if (type === "oofs") format(device, { id: newId(), time: now() });
    else formatFat(device, type as FatType, { id: Number(newId() & 0xffffffffn) });
    if (options.json) print({ place: nameOf(location), sizeBytes: device.sizeBytes });
  });
}

function listSnapshots(text: string, options: Options): void {
  withVolume(parseLocation(text), { readOnly: true }, (fs) => {
    const found = fs.snapshots();
    if (options.json) print(found);
    else
      for (const { name, sequence, time, objects } of found)
        process.stdout.write(
          `${name.padEnd(24)}  commit ${sequence}, ${objects} objects, ${new Date(time.seconds * 1000).toISOString().slice(0, 19)}\n`,
        );
  });
}
