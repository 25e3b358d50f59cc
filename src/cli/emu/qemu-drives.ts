/**
 * QEMU's drives of two words: `-drive if=none,id=d,file=x.img` says what is in one, and `-device ide-hd,drive=d,bus=a.0`
 * where it is; `-device ahci,id=a` is an adapter for it. Here `--drive` says both.
 */
import { UsageError } from "../fail.ts";

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

/** `KEY=VALUE,KEY=VALUE`. */
function properties(words: readonly string[]): Map<string, string> {
  return new Map(words.map((word) => [word.replace(/=.*/, ""), word.replace(/^[^=]*=?/, "")]));
}

const isNowhere = (text: string): boolean => text.split(",").includes("if=none");

export class QemuDrives {
  /** What `--drive` has of what was said of each drive that is nowhere yet, by its id. */
  readonly #media = new Map<string, string>();
  readonly #adapters: string[] = [];

  /** All words, for a device may be named before its drive. */
  constructor(given: readonly string[]) {
    for (const [index, word] of given.entries()) {
      const text = given[index + 1] ?? "";
      if (word === "-drive" && isNowhere(text)) {
        const id = properties(text.split(",")).get("id");
        if (id === undefined) throw new UsageError(`-drive ${text}: a drive with if=none needs id=NAME`);
        const kept = text.split(",").filter((part) => KEPT.has(part.replace(/=.*/, "")));
        this.#media.set(id, kept.join(","));
      }
      const [model = "", ...rest] = text.split(",");
      if (word === "-device" && ADAPTERS.has(model)) this.#adapters.push(properties(rest).get("id") ?? "");
    }
    if (this.#adapters.length > 1) throw new UsageError("-device ahci: a machine has one AHCI adapter");
  }

  /** What stands for `-drive`. */
  drive(text: string): readonly string[] {
    return isNowhere(text) ? [] : ["--drive", text];
  }

  /** What stands for `-device`; null for one that is neither a drive nor an adapter. */
  device(text: string): readonly string[] | null {
    const [model = "", ...rest] = text.split(",");
    if (ADAPTERS.has(model)) return [];
    const more = DRIVES.get(model);
    if (more === undefined) return null;
    const { drive, bus } = Object.fromEntries(properties(rest)) as { drive?: string; bus?: string };
    const medium = drive === undefined ? "" : this.#media.get(drive);
    if (medium === undefined) throw new UsageError(`-device ${text}: there is no -drive if=none,id=${drive}`);
    return ["--drive", `${medium}${more}${this.#place(text, bus)}`.replace(/^,/, "")];
  }

  #place(text: string, bus: string | undefined): string {
    if (bus === undefined) return "";
    const [adapter, port] = [bus.replace(/\.\d+$/, ""), /\.(\d+)$/.exec(bus)?.[1]];
    if (!this.#adapters.includes(adapter) || port === undefined)
      throw new UsageError(`-device ${text}: bus is a port of -device ahci,id=NAME, NAME.0 to NAME.5`);
    return `,if=ahci,index=${port}`;
  }
}
