/** The n-th operation of a disk fails in the guest, for every n: once, or from then on. Nothing confirmed is lost. */
import { describe, expect, test } from "vitest";
import { type BlockBackend, type LabNode, SparseDisk } from "../../src/index.ts";
import { check, mount } from "../../src/oofs/index.ts";
import { MemoryDisk } from "../oofs/disks.ts";
import { boot, images, PROMPT } from "./images.ts";

const DISK_BYTES = 4 << 20;
const VOLUME_LBA = 64;
/** What the volume has before each run, durable. */
const BEFORE = ["echo kept > /v/kept", "echo old > /v/old", "echo gone > /v/gone", "echo here > /v/here", "sync"];
/** What is done while the disk fails. */
const WORK = [
  ...["seq 300 > /v/new", "echo more >> /v/old", "mv /v/here /v/there", "mkdir /v/directory", "sync"],
  ...["rm /v/gone", "seq 2000 > /v/directory/long", "umount /v"],
];

/** A disk whose content is set between runs, and whose operations fail from one on, so many of them. */
class FailingDisk implements BlockBackend {
  readonly sizeBytes = DISK_BYTES;
  readonly readOnly = false;
  bytes = new Uint8Array(DISK_BYTES);
  operations = 0;
  failFrom = Infinity;
  failures = Infinity;

  /** One entry of type 99 up to the end. */
  constructor() {
    const view = new DataView(this.bytes.buffer);
    view.setUint8(446 + 4, 0x99);
    view.setUint32(446 + 8, VOLUME_LBA, true);
    view.setUint32(446 + 12, DISK_BYTES / 512 - VOLUME_LBA, true);
    view.setUint16(510, 0xaa55, true);
  }

  #operate(): void {
    const operation = this.operations++;
    if (operation >= this.failFrom && operation < this.failFrom + this.failures) throw new Error("the disk fails");
  }

  read(offset: number, target: Uint8Array): void {
    this.#operate();
    target.set(this.bytes.subarray(offset, offset + target.length));
  }

  write(offset: number, source: Uint8Array): void {
    this.#operate();
    this.bytes.set(source, offset);
  }

  flush(): void {
    this.#operate();
  }
}

async function output(node: LabNode, command: string): Promise<string> {
  const before = node.console.text.length;
  await node.enter(command, PROMPT, { within: "2000s" });
  return node.console.text.slice(before).replaceAll("\r", "").replace(/^.*\n/, "").replace(/.*$/, "");
}

describe.each(["hdb", "vda"])("an OOFS on %s", (name) => {
  test("keeps what was confirmed, whichever operation fails", async () => {
    const disk = new FailingDisk();
    const media =
      name === "vda"
        ? { virtioDisks: [disk] }
        : { disk: new SparseDisk(1 << 20), drives: [{ kind: "disk" as const, medium: disk }] };
    const node = boot({ nodes: [{ cdrom: images().iso, bootOrder: "d", ...media }], gateway: false }).nodes[0]!;
    // The last line that a service says by itself.
    await node.waitFor(/^cloud: .* peers 0/m);
    for (const command of [`mkfs -t oofs ${name}0`, `mount ${name}0 /v`, ...BEFORE, "umount /v"])
      await output(node, command);
    const prepared = disk.bytes.slice();

    /** Returns how many operations the work took. */
    const run = async (failFrom: number, failures: number): Promise<number> => {
      disk.bytes = prepared.slice();
      Object.assign(disk, { operations: 0, failFrom, failures });
      let confirmed = false;
      let isGood = (await output(node, `mount ${name}0 /v`)) === "";
      for (const command of WORK) {
        isGood = (await output(node, command)) === "" && isGood;
        if (command === "sync") confirmed = isGood;
      }
      const taken = disk.operations;
      disk.failFrom = Infinity;
      const what = `${failures === 1 ? "once" : "for good"} from operation ${failFrom} on`;
      expect(node.console.text, what).not.toContain("PANIC");
      const fs = mount(new MemoryDisk(disk.bytes.slice(VOLUME_LBA * 512)), { readOnly: true });
      expect(check(fs).problems, what).toEqual([]);
      expect(await output(node, `mount ${name}0 /v`), what).toBe("");
      expect(await output(node, "fsck /v"), what).toBe("/v: no problem was found\n");
      expect(await output(node, "cat /v/kept"), what).toBe("kept\n");
      if (confirmed) {
        expect(await output(node, "cat /v/old"), what).toBe("old\nmore\n");
        expect(await output(node, "cat /v/there"), what).toBe("here\n");
      }
      expect(await output(node, "umount /v"), what).toBe("");
      return taken;
    };

    const operations = await run(Infinity, 1);
    expect(operations).toBeGreaterThan(10);
    for (let failFrom = 0; failFrom < operations; failFrom++)
      for (const failures of [1, Infinity]) await run(failFrom, failures);
  }, 900_000);
});
