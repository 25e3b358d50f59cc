/** `--drive`: drives beyond the machine's own disk and CD, in QEMU's words. */

import { SparseDisk } from "../../../emulator/disk/disk.ts";
import type { FileDisk } from "../../host/file-disk.ts";
import type { LabDrive } from "../../lab/lab.ts";
import type { MachineParts } from "../../lab/media.ts";
import { UsageError } from "../fail.ts";

/** Positions at the IDE channels that `--drive` fills, by QEMU's index: hdb, hdc, hdd. */
const IDE_INDICES = [1, 2, 3] as const;
const KEYS = ["file", "if", "index", "media", "format"] as const;
type Key = (typeof KEYS)[number];

interface DriveOption {
  /** Null: a CD drive without a CD. */
  readonly path: string | null;
  readonly bus: "ide" | "virtio";
  readonly kind: "disk" | "cd";
  /** Null: the first position that is free. */
  readonly index: number | null;
}

/** Reads one `--drive file=FILE,if=virtio`. Throws a UsageError. */
export function parseDrive(text: string): DriveOption {
  const fail = (reason: string): never => {
    throw new UsageError(`--drive ${text}: ${reason}`);
  };
  const values = new Map<Key, string>();
  for (const part of text.split(",")) {
    const [, word, value] = /^(\w+)=(.+)$/.exec(part) ?? [];
    const key = KEYS.find((known) => known === word);
    if (key === undefined) fail(`expected KEY=VALUE with a key of ${KEYS.join(", ")}, and got "${part}"`);
    else if (values.has(key)) fail(`${key} is there twice`);
    else values.set(key, value!);
  }
  const path = values.get("file") ?? null;
  const bus = values.get("if") ?? "ide";
  if (bus !== "ide" && bus !== "virtio") return fail(`if=${bus}: there are ide and virtio`);
  const media = values.get("media") ?? "disk";
  if (media !== "disk" && media !== "cdrom") return fail(`media=${media}: there are disk and cdrom`);
  if (media === "cdrom" && bus === "virtio") fail("a CD is at if=ide");
  if (media === "disk" && path === null) fail("file=FILE is missing");
  if ((values.get("format") ?? "raw") !== "raw") fail("only format=raw is known");
  const index = values.get("index");
  if (index !== undefined && (bus !== "ide" || !IDE_INDICES.some((known) => String(known) === index)))
    fail(`index=${index}: with if=ide it is 1 (hdb), 2 (hdc) or 3 (hdd); index 0 is --hda's`);
  return { path, bus, kind: media === "cdrom" ? "cd" : "disk", index: index === undefined ? null : Number(index) };
}

/**
 * Opens what `--drive` names, for one machine: what it writes is kept in memory. `hasCd`: the CD drive hdc is taken.
 * `open` opens a file to be read.
 */
export function furtherDrives(
  options: readonly string[],
  hasCd: boolean,
  open: (path: string) => FileDisk,
): Pick<MachineParts, "drives" | "virtioDisks"> {
  const wanted = options.map(parseDrive);
  const drives: (LabDrive | null)[] = IDE_INDICES.map(() => null);
  const taken = new Set<number>(hasCd ? [2] : []);
  const disk = (path: string): SparseDisk => {
    const base = open(path);
    return new SparseDisk(base.sizeBytes, { base });
  };
  const ideDrive = ({ path, kind }: DriveOption): LabDrive =>
    kind === "cd" ? { kind, medium: path === null ? null : open(path) } : { kind, medium: disk(path!) };
  const ide = wanted.filter(({ bus }) => bus === "ide");
  // Those that say where they want to be come first.
  for (const drive of [...ide.filter(({ index }) => index !== null), ...ide.filter(({ index }) => index === null)]) {
    const index = drive.index ?? IDE_INDICES.find((free) => !taken.has(free));
    if (index === undefined || taken.has(index))
      throw new UsageError(`--drive ${drive.path ?? "media=cdrom"}: there is a drive at its position already`);
    taken.add(index);
    drives[index - 1] = ideDrive(drive);
  }
  const virtioDisks = wanted.filter(({ bus }) => bus === "virtio").map(({ path }) => disk(path!));
  return { ...(ide.length > 0 ? { drives } : {}), ...(virtioDisks.length > 0 ? { virtioDisks } : {}) };
}
