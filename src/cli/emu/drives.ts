/** `--drive`: drives beyond the machine's own disk and CD, in QEMU's words. */

import { PORTS as AHCI_PORTS } from "../../../emulator/devices/ahci-registers.ts";
import { SparseDisk } from "../../../emulator/disk/disk.ts";
import type { FileDisk, FileDiskOptions } from "../../host/file-disk.ts";
import type { LabDrive } from "../../lab/lab.ts";
import type { MachineParts } from "../../lab/media.ts";
import { UsageError } from "../fail.ts";

/** Positions at the IDE channels that `--drive` fills, by QEMU's index: hdb, hdc, hdd. */
const IDE_INDICES = [1, 2, 3] as const;
/** Ports of the AHCI adapter. */
const AHCI_INDICES = Array.from({ length: AHCI_PORTS }, (_, port) => port);
const BUSES = ["ide", "virtio", "ahci"] as const;
type Bus = (typeof BUSES)[number];
/** Where `index` says what, and what it says. */
const PLACES: Readonly<Record<Bus, { readonly indices: readonly number[]; readonly expected: string }>> = {
  ide: { indices: IDE_INDICES, expected: "with if=ide it is 1 (hdb), 2 (hdc) or 3 (hdd); index 0 is --hda's" },
  ahci: { indices: AHCI_INDICES, expected: "with if=ahci it is 0 to 5, the adapter's ports" },
  virtio: { indices: [], expected: "there is none with if=virtio" },
};
/** Why another format is refused, with the way round. */
export const ONLY_RAW = "only format=raw is read; convert the file: qemu-img convert -O raw FILE disk.img";
const KEYS = ["file", "if", "index", "media", "format"] as const;
type Key = (typeof KEYS)[number];

interface DriveOption {
  /** Null: a CD drive without a CD. */
  readonly path: string | null;
  readonly bus: Bus;
  readonly kind: "disk" | "cd";
  /** Null: the first position that is free. */
  readonly index: number | null;
  /** `format=raw`: the file is meant as it is, even if it is an archive. */
  readonly isRaw: boolean;
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
  const given = values.get("if") ?? "ide";
  const bus = BUSES.find((known) => known === given) ?? fail(`if=${given}: there are ${BUSES.join(", ")}`);
  const media = values.get("media") ?? "disk";
  if (media !== "disk" && media !== "cdrom") return fail(`media=${media}: there are disk and cdrom`);
  if (media === "cdrom" && bus === "virtio") fail("a CD is at if=ide or if=ahci");
  if (media === "disk" && path === null) fail("file=FILE is missing");
  const format = values.get("format");
  if (format !== undefined && format !== "raw") fail(ONLY_RAW);
  const index = values.get("index");
  const { indices, expected } = PLACES[bus];
  if (index !== undefined && !indices.some((known) => String(known) === index)) fail(`index=${index}: ${expected}`);
  return {
    path,
    bus,
    kind: media === "cdrom" ? "cd" : "disk",
    index: index === undefined ? null : Number(index),
    isRaw: format === "raw",
  };
}

/**
 * Opens what `--drive` names, for one machine: what it writes is kept in memory. `hasCd`: the CD drive hdc is taken.
 * `open` opens a file to be read, as what it is meant.
 */
export function furtherDrives(
  options: readonly string[],
  hasCd: boolean,
  open: (path: string, content: Pick<FileDiskOptions, "content">) => FileDisk,
): Pick<MachineParts, "drives" | "virtioDisks" | "ahci"> {
  const wanted = options.map(parseDrive);
  const file = ({ path, isRaw }: DriveOption): FileDisk => open(path!, isRaw ? { content: "raw" } : {});
  const disk = (option: DriveOption): SparseDisk => {
    const base = file(option);
    return new SparseDisk(base.sizeBytes, { base });
  };
  const drive = (option: DriveOption): LabDrive =>
    option.kind === "cd"
      ? { kind: "cd", medium: option.path === null ? null : file(option) }
      : { kind: "disk", medium: disk(option) };
  /** Those of a bus at its positions; null where there are none. */
  const placed = (bus: Bus, taken: ReadonlySet<number>): (LabDrive | null)[] | null => {
    const { indices } = PLACES[bus];
    const found = new Map<number, LabDrive>();
    const ofBus = wanted.filter((one) => one.bus === bus);
    // Those that say where they want to be come first.
    for (const one of [
      ...ofBus.filter(({ index }) => index !== null),
      ...ofBus.filter(({ index }) => index === null),
    ]) {
      const index = one.index ?? indices.find((free) => !taken.has(free) && !found.has(free));
      if (index === undefined || taken.has(index) || found.has(index))
        throw new UsageError(`--drive ${one.path ?? "media=cdrom"}: there is a drive at its position already`);
      found.set(index, drive(one));
    }
    return ofBus.length > 0 ? indices.map((index) => found.get(index) ?? null) : null;
  };
  const drives = placed("ide", new Set(hasCd ? [2] : []));
  const ahci = placed("ahci", new Set());
  const virtioDisks = wanted.filter(({ bus }) => bus === "virtio").map(disk);
  return {
    ...(drives ? { drives } : {}),
    ...(ahci ? { ahci } : {}),
    ...(virtioDisks.length > 0 ? { virtioDisks } : {}),
  };
}
