/** `--drive`: drives beyond the machine's own disk and CD, in QEMU's words. */

import { drive } from "../../plan/run.ts";
import { DRIVE_PLACES, type DrivePlan } from "../../plan/schema.ts";
import { UsageError } from "../fail.ts";

const placesOf = (bus: string): string[] => DRIVE_PLACES.filter((name) => name.startsWith(bus));
const BUSES = ["ide", "virtio", "ahci"] as const;
type Bus = (typeof BUSES)[number];
interface Places {
  /** As plans name them. */
  readonly names: readonly string[];
  /** What `index` says of each, in QEMU's words; where there is none, no `index` may be given. */
  readonly indices: readonly number[];
  readonly expected: string;
}
const PLACES: Readonly<Record<Bus, Places>> = {
  ide: {
    names: ["hdb", "hdc", "hdd"],
    indices: [1, 2, 3],
    expected: "with if=ide it is 1 (hdb), 2 (hdc) or 3 (hdd); index 0 is --hda's",
  },
  ahci: {
    names: placesOf("sata"),
    indices: placesOf("sata").map((_, port) => port),
    expected: "with if=ahci it is 0 to 5, the adapter's ports",
  },
  virtio: { names: placesOf("virtio"), indices: [], expected: "there is none with if=virtio" },
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

/** What `--drive` names, in their places. `hasCd`: the CD drive hdc is taken. */
export function furtherDrives(options: readonly string[], hasCd: boolean): DrivePlan[] {
  const wanted = options.map(parseDrive);
  const taken = new Set(hasCd ? ["hdc"] : []);
  const placed = new Map<DriveOption, string>();
  // Those that say where they want to be come first.
  for (const one of [
    ...wanted.filter(({ index }) => index !== null),
    ...wanted.filter(({ index }) => index === null),
  ]) {
    const { bus, index, path } = one;
    const { names, indices } = PLACES[bus];
    const at = index === null ? names.find((name) => !taken.has(name)) : names[indices.indexOf(index)];
    if (at === undefined || taken.has(at))
      throw new UsageError(`--drive ${path ?? "media=cdrom"}: there is a drive at its position already`);
    taken.add(at);
    placed.set(one, at);
  }
  return wanted.map((one) => drive(placed.get(one)!, { kind: one.kind, path: one.path, isRaw: one.isRaw }));
}
