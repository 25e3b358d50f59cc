/**
 * The n-th operation of a disk fails in the guest, for every n: once, or from then on. Nothing confirmed is lost, and
 * what is not done is said.
 */
import { expect, test } from "vitest";
import { checkFat, formatFat } from "../../src/disk/fat/index.ts";
import { check, mount } from "../../src/disk/oofs/index.ts";
import { type BlockBackend, type LabNode, SparseDisk } from "../../src/index.ts";
import { Memory, open } from "../disk/fat/volume.ts";
import { MemoryDisk } from "../disk/oofs/disks.ts";
import { describeThoroughly } from "../setup/thoroughly.ts";
import { isAtLength, rowsOf } from "../setup/tier.ts";
import { boot, images } from "./images.ts";
import { output } from "./output.ts";

const DISK_BYTES = 4 << 20;
const VOLUME_LBA = 64;
/** What the volume has before each run, durable. */
const BEFORE = ["echo kept > /v/kept", "echo old > /v/old", "echo gone > /v/gone", "echo here > /v/here", "sync"];
/** What is done while the disk fails. */
const WORK = [
  ...["seq 300 > /v/new", "echo more >> /v/old", "mv /v/here /v/there", "mkdir /v/directory", "sync"],
  ...["rm /v/gone", "seq 2000 > /v/directory/long", "umount /v"],
];

/** What is there when it is done: path and content. */
const DONE: readonly (readonly [path: string, text: string])[] = [
  ["/new", numbers(300)],
  ["/old", "old\nmore\n"],
  ["/there", "here\n"],
  ["/directory/long", numbers(2000)],
];

function numbers(last: number): string {
  return Array.from({ length: last }, (_, index) => `${index + 1}\n`).join("");
}

const textOf = (fs: { read(path: string): Uint8Array }, path: string): string => Buffer.from(fs.read(path)).toString();

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

/** A drive is asked several times before it is given up: so often one sector fails, and the next may succeed. */
const FAILURES = [1, 5, Infinity];
/** At so many operations failures begin when not all tests run. */
const SOME = 12;

/** Failures in so many operations: from each of them on when all tests run. */
function* failures(operations: number): Generator<[failFrom: number, failures: number]> {
  const step = isAtLength ? 1 : Math.ceil(operations / SOME);
  for (let failFrom = 0; failFrom < operations; failFrom += step) for (const count of FAILURES) yield [failFrom, count];
}
const whatFails = (failFrom: number, count: number): string =>
  `${count === Infinity ? "for good" : `${count} times`} from operation ${failFrom} on`;

/** A machine with the disk as the drive of a name. */
async function machineWith(name: string, disk: FailingDisk): Promise<LabNode> {
  const media =
    name === "vda"
      ? { virtioDisks: [disk] }
      : { disk: new SparseDisk(1 << 20), drives: [{ kind: "disk" as const, medium: disk }] };
  const node = boot({ nodes: [{ cdrom: images().iso, bootOrder: "d", ...media }], gateway: false }).nodes[0]!;
  // The last line that a service says by itself.
  await node.waitFor(/^cloud: .* peers 0/m);
  return node;
}

describeThoroughly("a disk that fails under", () => {
  const names = ["hdb", "vda"];
  test.each(rowsOf(names, [0, 1]))(
    "an OOFS on %s",
    async (name) => {
      const disk = new FailingDisk();
      const node = await machineWith(name, disk);
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
        const what = whatFails(failFrom, failures);
        expect(node.console.text, what).not.toContain("PANIC");
        const fs = mount(new MemoryDisk(disk.bytes.slice(VOLUME_LBA * 512)), { readOnly: true });
        expect(check(fs).problems, what).toEqual([]);
        expect(await output(node, `mount ${name}0 /v`), what).toBe("");
        expect(await output(node, "fsck /v"), what).toBe("/v: no problem was found\n");
        expect(await output(node, "cat /v/kept"), what).toBe("kept\n");
        if (isGood) for (const [path, text] of DONE) expect(textOf(fs, path), `${what}: ${path}`).toBe(text);
        if (confirmed) {
          expect(await output(node, "cat /v/old"), what).toBe("old\nmore\n");
          expect(await output(node, "cat /v/there"), what).toBe("here\n");
        }
        expect(await output(node, "umount /v"), what).toBe("");
        return taken;
      };

      const operations = await run(Infinity, 1);
      expect(operations).toBeGreaterThan(10);
      for (const [failFrom, count] of failures(operations)) await run(failFrom, count);
    },
    900_000,
  );
});

test("a disk that fails under a FAT", async () => {
  const disk = new FailingDisk();
  const node = await machineWith("hdb", disk);
  const volume = new Memory(new Uint8Array(DISK_BYTES - VOLUME_LBA * 512));
  formatFat(volume, "fat12", { id: 7 });
  disk.bytes.set(volume.bytes, VOLUME_LBA * 512);
  for (const command of ["mount hdb0 /v", ...BEFORE, "umount /v"])
    expect(await output(node, command), command).toBe("");
  const prepared = disk.bytes.slice();

  /** Returns how many operations the work took. */
  const run = async (failFrom: number, failures: number): Promise<number> => {
    disk.bytes = prepared.slice();
    Object.assign(disk, { operations: 0, failFrom, failures });
    let says = await output(node, "mount hdb0 /v");
    for (const command of WORK) says += await output(node, command);
    const taken = disk.operations;
    disk.failFrom = Infinity;
    const what = whatFails(failFrom, failures);
    expect(node.console.text, what).not.toContain("PANIC");
    const volume = new Memory(disk.bytes.slice(VOLUME_LBA * 512));
    const fs = open(volume.bytes, true);
    expect(textOf(fs, "/kept"), what).toBe("kept\n");
    if (!says.includes(": device error")) {
      expect(checkFat(volume).problems, what).toEqual([]);
      for (const [path, text] of DONE) expect(textOf(fs, path), `${what}: ${path}`).toBe(text);
    }
    expect(await output(node, "mount hdb0 /v; cat /v/kept; umount /v"), what).toBe("kept\n");
    return taken;
  };

  const operations = await run(Infinity, 1);
  for (const [failFrom, count] of failures(operations)) await run(failFrom, count);
}, 900_000);
