/** A machine of QEMU with QuRe from CD, at whose console a test types. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import type { BlockBackend } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { images } from "../system/images.ts";

const LOOK_MS = 100;
/** The UART loses what is typed faster than the machine reads. */
const KEY_MS = 5;
const LIFE_MS = 200_000;

function bytesOf(disk: BlockBackend): Uint8Array {
  const bytes = new Uint8Array(disk.sizeBytes);
  disk.read(0, bytes);
  return bytes;
}

export interface QemuOptions {
  /** Where the program is, and where it finds its files. */
  readonly qemu: string;
  readonly folder: string;
  /** Of its card, 1 to 9. */
  readonly number: number;
  /** Where its cable leads, as -netdev takes it, with the id `wire`. */
  readonly wire: string;
  readonly disk?: BlockBackend | undefined;
  readonly memory?: string;
  /** Its processor, if another one than QEMU's own choice. */
  readonly cpu?: string;
  /** What -device calls its network card. */
  readonly card?: string;
}

/** What machines in a folder start from. */
export function writeMedia(folder: string): void {
  writeFileSync(join(folder, "qure.iso"), images().iso);
  writeFileSync(join(folder, "key"), keyOfSeed(1));
}

export class QemuMachine {
  readonly #child;
  text = "";

  constructor({ qemu, folder, number, wire, disk, memory = "32", cpu, card: model = "e1000" }: QemuOptions) {
    const machine = ["-M", "pc", "-m", memory, "-display", "none", "-monitor", "none", "-serial", "stdio"];
    const card = ["-netdev", wire, "-device", `${model},netdev=wire,mac=52:54:00:00:00:0${number}`];
    const media = ["-cdrom", join(folder, "qure.iso"), "-boot", "d"];
    const key = ["-fw_cfg", `name=opt/org.qure/cluster,file=${join(folder, "key")}`];
    const processor = cpu === undefined ? [] : ["-cpu", cpu];
    const file = join(folder, `disk${number}`);
    if (disk) writeFileSync(file, bytesOf(disk));
    const drive = disk ? ["-drive", `file=${file},format=raw,if=ide,index=0`] : [];
    this.#child = execa(qemu, [...machine, ...processor, ...card, ...media, ...drive, ...key], {
      timeout: LIFE_MS,
      reject: false,
      buffer: false,
      stdin: "pipe",
    });
    this.#child.stdout!.on("data", (chunk) => {
      this.text += String(chunk).replace(/\r|\x1b\[[0-9;?]*[A-Za-z]/g, "");
    });
  }

  /** Waits for what it says from a place in its text on. */
  async shows(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.text.slice(from));
      if (found) return found;
      await delay(LOOK_MS);
    }
  }

  /** Types a line, and waits for what it says then. */
  async enter(line: string, pattern: RegExp): Promise<RegExpExecArray> {
    const from = this.text.length;
    for (const character of `${line}\r`) {
      this.#child.stdin!.write(character);
      await delay(KEY_MS);
    }
    return this.shows(pattern, from);
  }

  /** Once it has switched itself off. */
  async off(): Promise<void> {
    await this.#child;
  }

  async end(): Promise<void> {
    this.#child.kill();
    await this.#child;
  }
}
