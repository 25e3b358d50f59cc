/**
 * The kernel as a judge of volumes: one machine that is booted once, with a disk whose content is exchanged between two
 * mounts.
 */

import { mount } from "../../../src/disk/oofs/index.ts";
import {
  type BlockBackend,
  buildFirmware,
  buildSystem,
  folderTree,
  formatDiagnostic,
  LabCluster,
  type LabNode,
} from "../../../src/index.ts";
import { output } from "../../system/output.ts";
import { MemoryDisk } from "./disks.ts";
import { describeVolume } from "./history.ts";

const PARTITION_LBA = 16384;
const SECTOR_BYTES = 512;
/** What its fsck says of a volume without a fault. */
const CLEAN = "/a: no problem was found";
const PROMPT = /\S+:\/\S*> $/;

/** A disk with one partition of type 99, which holds a volume. */
class VolumeDisk implements BlockBackend {
  readonly readOnly = false;
  readonly sizeBytes: number;
  readonly #start = PARTITION_LBA * SECTOR_BYTES;
  readonly #front: Uint8Array;
  volume: Uint8Array;

  constructor(volumeBytes: number) {
    this.volume = new Uint8Array(volumeBytes);
    this.sizeBytes = this.#start + volumeBytes;
    this.#front = new Uint8Array(this.#start);
    const view = new DataView(this.#front.buffer);
    view.setUint8(446 + 4, 0x99);
    view.setUint32(446 + 8, PARTITION_LBA, true);
    view.setUint32(446 + 12, volumeBytes / SECTOR_BYTES, true);
    view.setUint16(510, 0xaa55, true);
  }

  read(offsetBytes: number, target: Uint8Array): void {
    for (let at = 0; at < target.length; at += SECTOR_BYTES) {
      const offset = offsetBytes + at;
      const from = offset < this.#start ? this.#front.subarray(offset) : this.volume.subarray(offset - this.#start);
      target.set(from.subarray(0, SECTOR_BYTES), at);
    }
  }

  write(offsetBytes: number, source: Uint8Array): void {
    if (offsetBytes < this.#start) throw new Error("a write outside the volume");
    this.volume.set(source, offsetBytes - this.#start);
  }

  flush(): void {}
}

/** What a judging machine boots from. */
export interface GuestImages {
  readonly iso: Uint8Array;
  readonly firmware: Uint8Array;
}

export class Guest {
  readonly #disk: VolumeDisk;
  readonly #node: LabNode;
  /** Images so far. */
  judged = 0;

  private constructor(disk: VolumeDisk, node: LabNode) {
    this.#disk = disk;
    this.#node = node;
  }

  /** `root`: folder of this repository. */
  static build(root: string): GuestImages {
    const tree = folderTree(root);
    const system = buildSystem(tree, { version: "0.1.0", revision: 1, checks: true });
    const firmware = buildFirmware(tree);
    if (!system.files || !firmware.files)
      throw new Error(system.diagnostics.map((one) => formatDiagnostic(one, { colour: false })).join("\n"));
    return {
      iso: system.files.find(({ name }) => name === "qure.iso")!.content,
      firmware: firmware.files.find(({ name }) => name === "firmware.bin")!.content,
    };
  }

  static async boot({ iso, firmware }: GuestImages, volumeBytes: number): Promise<Guest> {
    const disk = new VolumeDisk(volumeBytes);
    const lab = new LabCluster({ nodes: [{ cdrom: iso, disk }], gateway: false, firmware });
    const node = lab.nodes[0]!;
    await node.waitFor(PROMPT);
    // The cluster's daemon would mount a volume that it finds.
    await lab.advance("60s");
    const guest = new Guest(disk, node);
    await output(guest.#node, "mount");
    return guest;
  }

  /**
   * Mounts an image, checks it, and unmounts it. The result is what is wrong; `text` is what the volume has, by the
   * second implementation.
   */
  async judge(image: Uint8Array, text: string): Promise<string | null> {
    this.judged++;
    this.#disk.volume = image.slice();
    // One line, because every prompt costs a look at all that the console has said.
    const said = await output(this.#node, "mount hda0 /a && fsck /a && find /a; umount /a");
    const lines = said.split("\n");
    const found = lines.filter((line) => line.startsWith("/a/"));
    if (lines[0] !== CLEAN || lines.length !== found.length + 2) return `the guest says ${said}`;
    const fs = mount(new MemoryDisk(this.#disk.volume.slice()), { readOnly: true });
    const after = describeVolume(fs);
    if (after !== text) return `after the guest's mount it has\n${after}\ninstead of\n${text}`;
    const names = pathsOf(fs);
    const listed = found.map((path) => path.slice("/a".length)).sort();
    return listed.join("\n") === names.join("\n")
      ? null
      : `the guest lists ${listed.join(" ")}, there are ${names.join(" ")}`;
  }
}

function pathsOf(fs: ReturnType<typeof mount>, path = ""): string[] {
  return fs
    .list(path === "" ? "/" : path)
    .flatMap(({ name, kind }) => [`${path}/${name}`, ...(kind === "directory" ? pathsOf(fs, `${path}/${name}`) : [])])
    .sort();
}
