/**
 * QEMU's drives: `-drive file=x.img` is the first place that is free, hda first, and `-drive if=floppy` a diskette. Of
 * two words, `-drive if=none,id=d,file=x.img` says what is in a drive, and `-device ide-hd,drive=d,bus=a.0` where it
 * is; `-device ahci,id=a` is an adapter for it. Here `--hda`, `--cdrom`, `--fda` and `--drive` say all of it.
 */
import { UsageError } from "../fail.ts";
import { ONLY_RAW } from "./drives.ts";

const ADAPTERS: ReadonlySet<string> = new Set(["ahci", "ich9-ahci"]);
/** Devices that are drives: what `--drive` has of them besides the file and the place. */
const DRIVES: ReadonlyMap<string, string> = new Map([
  ["ide-hd", ""],
  ["ide-cd", ",media=cdrom"],
  ["virtio-blk-pci", ",if=virtio"],
  ["virtio-blk", ",if=virtio"],
]);
/** What of `-drive if=none` goes into `--drive`. */
const KEPT: ReadonlySet<string> = new Set(["file", "format"]);
/** How QEMU works on its files: here they are never written, and read ahead of nothing. */
const WITHOUT_EFFECT = /^(?:id|snapshot|cache|cache\..*|aio|discard|detect-zeroes|readonly|read-only|[rw]error)$/;
/** What other words take of the IDE positions, by QEMU's index. */
const TAKERS: ReadonlyMap<string, number> = new Map([
  ["hda", 0],
  ["image", 0],
  ["hdb", 1],
  ["hdc", 2],
  ["cdrom", 2],
  ["hdd", 3],
]);
/**
 * Positions at the IDE channels in the order in which disks get them, and the order for CDs: QuRe's CD drive is hdc.
 */
const DISK_PLACES = [0, 1, 2, 3];
const CD_PLACES = [2, 3, 1];
const DISKETTE_WORDS = ["fda", "fdb"];

/** `KEY=VALUE,KEY=VALUE`. */
function properties(words: readonly string[]): Map<string, string> {
  return new Map(words.map((word) => [word.replace(/=.*/, ""), word.replace(/^[^=]*=?/, "")]));
}

const isNowhere = (text: string): boolean => text.split(",").includes("if=none");

/** The position that a drive of IDE names: `index=2`, or `bus=1,unit=0`; undefined when it names none. */
function indexOf(said: ReadonlyMap<string, string>): string | undefined {
  const [bus, unit] = [said.get("bus")?.replace(/^ide\./, ""), said.get("unit")];
  if (bus === undefined && unit === undefined) return said.get("index");
  return `${Number(bus ?? 0) * 2 + Number(unit ?? 0)}`;
}

export class QemuDrives {
  /** What `--drive` has of what was said of each drive that is nowhere yet, by its id. */
  readonly #media = new Map<string, string>();
  readonly #adapters: string[] = [];
  /** IDE positions that are taken, and diskette drives. */
  readonly #taken = new Set<number>();
  readonly #diskettes = new Set<number>();

  /** All words, for a device may be named before its drive. */
  constructor(given: readonly string[]) {
    for (const [index, word] of given.entries()) {
      const text = given[index + 1] ?? "";
      const name = word.replace(/^--?/, "");
      if (word.startsWith("-") && TAKERS.has(name)) this.#taken.add(TAKERS.get(name)!);
      if (word.startsWith("-") && DISKETTE_WORDS.includes(name)) this.#diskettes.add(DISKETTE_WORDS.indexOf(name));
      const said = properties(text.split(","));
      if (word === "-drive" && isNowhere(text)) {
        const id = said.get("id");
        if (id === undefined) throw new UsageError(`-drive ${text}: a drive with if=none needs id=NAME`);
        const kept = text.split(",").filter((part) => KEPT.has(part.replace(/=.*/, "")));
        this.#media.set(id, kept.join(","));
      } else if (/^--?drive$/.test(word) && indexOf(said) !== undefined) {
        const places = { ide: this.#taken, floppy: this.#diskettes }[said.get("if") ?? "ide"];
        places?.add(Number(indexOf(said)));
      }
      const [model = "", ...rest] = text.split(",");
      if (word === "-device" && ADAPTERS.has(model)) this.#adapters.push(properties(rest).get("id") ?? "");
    }
    if (this.#adapters.length > 1) throw new UsageError("-device ahci: a machine has one AHCI adapter");
  }

  /** What stands for `-drive`. */
  drive(text: string): readonly string[] {
    if (isNowhere(text)) return [];
    const kept = text.split(",").filter((part) => !WITHOUT_EFFECT.test(part.replace(/=.*/, "")));
    const said = properties(kept);
    if (said.get("if") === "floppy") return this.#diskette(text, said);
    if ((said.get("if") ?? "ide") !== "ide") return ["--drive", kept.join(",")];
    return this.#ide(text, said);
  }

  /** What stands for `-device`; null for one that is neither a drive nor an adapter. */
  device(text: string): readonly string[] | null {
    const [model = "", ...rest] = text.split(",");
    if (ADAPTERS.has(model)) return [];
    const more = DRIVES.get(model);
    if (more === undefined) return null;
    const said = properties(rest);
    const [drive, bus] = [said.get("drive"), said.get("bus")];
    const medium = drive === undefined ? "" : this.#media.get(drive);
    if (medium === undefined) throw new UsageError(`-device ${text}: there is no -drive if=none,id=${drive}`);
    const isIde = model.startsWith("ide-") && (bus === undefined || /^ide\.[01]$/.test(bus));
    if (!isIde) return ["--drive", `${medium}${more}${this.#port(text, bus)}`.replace(/^,/, "")];
    const place = indexOf(said);
    if (place !== undefined) this.#taken.add(Number(place));
    const words = [...`${medium}${more}`.split(","), ...(place === undefined ? [] : [`index=${place}`])];
    return this.#ide(text, properties(words.filter((word) => word !== "")));
  }

  /** A drive of an IDE channel. */
  #ide(text: string, said: ReadonlyMap<string, string>): readonly string[] {
    if ((said.get("format") ?? "raw") !== "raw") throw new UsageError(`-drive ${text}: ${ONLY_RAW}`);
    const isCd = said.get("media") === "cdrom";
    const file = said.get("file");
    const asked = indexOf(said);
    const places = isCd ? CD_PLACES : DISK_PLACES;
    const place = asked === undefined ? places.find((free) => !this.#taken.has(free)) : Number(asked);
    if (place === undefined) throw new UsageError(`-drive ${text}: there is a drive at each position already`);
    this.#taken.add(place);
    const word = isCd && place === 2 ? "--cdrom" : !isCd && place === 0 ? "--hda" : null;
    if (file !== undefined && word !== null && (said.get("format") ?? "raw") === "raw") return [word, file];
    const others = [...said].filter(([key]) => !/^(?:bus|unit|index)$/.test(key));
    return ["--drive", [...others.map((pair) => pair.join("=")), `index=${place}`].join(",")];
  }

  #diskette(text: string, said: ReadonlyMap<string, string>): readonly string[] {
    const file = said.get("file");
    const asked = said.get("index") ?? said.get("unit");
    const place = asked === undefined ? [0, 1].find((free) => !this.#diskettes.has(free)) : Number(asked);
    const word = DISKETTE_WORDS[place ?? -1];
    if (word === undefined) throw new UsageError(`-drive ${text}: there are the diskette drives 0 and 1`);
    if ((said.get("format") ?? "raw") !== "raw") throw new UsageError(`-drive ${text}: ${ONLY_RAW}`);
    this.#diskettes.add(place!);
    return file === undefined ? [] : [`--${word}`, file];
  }

  /** Where a drive of the AHCI adapter is. */
  #port(text: string, bus: string | undefined): string {
    if (bus === undefined || text.startsWith("virtio")) return "";
    const [adapter, port] = [bus.replace(/\.\d+$/, ""), /\.(\d+)$/.exec(bus)?.[1]];
    if (!this.#adapters.includes(adapter) || port === undefined)
      throw new UsageError(`-device ${text}: bus is a port of -device ahci,id=NAME, NAME.0 to NAME.5`);
    return `,if=ahci,index=${port}`;
  }
}
