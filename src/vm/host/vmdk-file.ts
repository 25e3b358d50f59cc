/**
 * The disk of a machine in VMware: a flat VMDK in the machine's folder, made from its volume, whose changes go back
 * into the volume when the machine ends. A note beside it says whether it has what the volume has not, so that after a
 * crash of the owner nothing that VMware wrote is lost.
 */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { isZero } from "../../../emulator/state/pages.ts";
import { writeFileAside } from "../../host/files.ts";
import type { VolumeDevice } from "../../volume/model.ts";
import { formatVmdk } from "../vmdk.ts";
import { MachineError } from "./home.ts";
import type { MachineDisk } from "./machine-disk.ts";

export const VMDK = "disk.vmdk";
const EXTENT = "disk-flat.vmdk";
const NOTE = "disk.json";
const PIECE_BYTES = 1 << 20;

interface Note {
  readonly machine: string;
  /** What the volume was when they were the same, and whether VMware has had it since. */
  readonly disk: string;
  readonly isOut: boolean;
}

export class VmdkFile {
  readonly #folder: string;
  readonly #machine: string;
  readonly #disk: MachineDisk;

  constructor(folder: string, machine: string, disk: MachineDisk) {
    this.#folder = folder;
    this.#machine = machine;
    this.#disk = disk;
  }

  get #extent(): string {
    return join(this.#folder, EXTENT);
  }

  /** The disk is VMware's from now on. */
  async checkOut(): Promise<void> {
    const before = readNote(this.#folder);
    const isOurs = before?.machine === this.#machine && existsSync(this.#extent);
    const isSame = isOurs && before.disk === (await this.#disk.identity());
    if (isOurs && before.isOut && !isSame)
      throw new MachineError(
        `its volume was written after ${this.#extent}, which has what VMware wrote: copy that if you need it, and remove it`,
      );
    const device = await this.#disk.take();
    if (isOurs && before.isOut) await this.#compare(device);
    if (!isSame) await this.#make(device);
    await this.#write(true);
  }

  /** What VMware wrote goes into the volume, which is let go. */
  async checkIn(): Promise<void> {
    const device = await this.#disk.take();
    await this.#compare(device);
    await this.#disk.close();
    await this.#write(false);
  }

  async #write(isOut: boolean): Promise<void> {
    const note: Note = { machine: this.#machine, disk: await this.#disk.identity(), isOut };
    writeFileAside(join(this.#folder, NOTE), `${JSON.stringify(note)}\n`);
  }

  async #make(device: VolumeDevice): Promise<void> {
    const aside = `${this.#extent}.part`;
    const file = openSync(aside, "w", 0o600);
    try {
      ftruncateSync(file, device.sizeBytes);
      for (let at = 0; at < device.sizeBytes; at += PIECE_BYTES) {
        const bytes = await device.read(at, Math.min(PIECE_BYTES, device.sizeBytes - at));
        if (!isZero(bytes)) writeSync(file, bytes, 0, bytes.length, at);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, this.#extent);
    const text = formatVmdk({ sizeBytes: device.sizeBytes, extent: EXTENT }, randomBytes(4).readUInt32LE() >>> 1);
    writeFileAside(join(this.#folder, VMDK), text, 0o600);
  }

  /** Writes into the volume what is another in the file. */
  async #compare(device: VolumeDevice): Promise<void> {
    const file = openSync(this.#extent, "r");
    try {
      for (let at = 0; at < device.sizeBytes; at += PIECE_BYTES) {
        const bytes = Buffer.alloc(Math.min(PIECE_BYTES, device.sizeBytes - at));
        if (readSync(file, bytes, 0, bytes.length, at) !== bytes.length)
          throw new MachineError(`${this.#extent} is shorter than its volume: what VMware wrote stays there alone`);
        if (!bytes.equals(await device.read(at, bytes.length))) await device.write(at, bytes);
      }
    } finally {
      closeSync(file);
    }
    await device.flush();
  }
}

/** Whether VMware has had the disk of this folder, and nobody knows how that ended. */
export const isVmdkOut = (folder: string): boolean => readNote(folder)?.isOut === true;

function readNote(folder: string): Note | null {
  const path = join(folder, NOTE);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Note) : null;
}
