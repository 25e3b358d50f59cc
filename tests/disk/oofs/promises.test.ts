/**
 * What docs/formats/oofs.md promises, point by point. Those that need many images are in crash.test.ts and
 * damage.test.ts too.
 */
import { describe, expect, test } from "vitest";
import { DevicePart } from "../../../src/disk/device.ts";
import { recordBlocks } from "../../../src/disk/oofs/commit.ts";
import { check, type FileSystem, FileSystemError, format, mount } from "../../../src/disk/oofs/index.ts";
import { MAP_ID } from "../../../src/disk/oofs/layout.ts";
import { walkState } from "../../../src/disk/oofs/walk.ts";
import { cutHistory, failHistory } from "./crash.ts";
import { HugeDisk, MemoryDisk, Random, RecordingDisk } from "./disks.ts";
import { describeVolume, type Operation } from "./history.ts";
import { makeVersion1, oldDirectory, sealed } from "./version-1.ts";

const TIME = { seconds: 3, nanoseconds: 0 };
const BLOCK_BYTES = 4096;

function fresh(blocks = 256): { disk: RecordingDisk; fs: FileSystem } {
  const disk = new RecordingDisk(blocks * BLOCK_BYTES);
  format(disk, { id: 11n, time: TIME });
  return { disk, fs: mount(disk) };
}

function put(fs: FileSystem, path: string, length: number, fill = 1): Uint8Array {
  const content = new Uint8Array(length).fill(fill);
  if (!fs.exists(path)) fs.create(path);
  fs.write(path, 0, content);
  return content;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b);
const code = (body: () => unknown): string => {
  try {
    body();
    return "done";
  } catch (error) {
    return error instanceof FileSystemError ? error.code : String(error);
  }
};

describe("promises", () => {
  const cut = (operations: readonly Operation[]): void => expect(cutHistory(operations, 5).findings).toEqual([]);

  test("1. Confirmed means durable", () => {
    cut([
      { do: "create", path: "/n" },
      { do: "sync" },
      { do: "append", path: "/a", length: 9000, fill: 1 },
      { do: "sync" },
    ]);
  });

  test("2. Create, rename, unlink, mkdir, rmdir, write of a block and saving an object are atomic", () => {
    for (const operation of [
      { do: "rename", path: "/a", to: "/d/c" },
      { do: "save", path: "node", length: 20_000, fill: 8 },
      { do: "mkdir", path: "/m" },
    ] as const)
      cut([operation]);
  });

  test("3. What survives is a prefix", () => {
    cut([
      { do: "create", path: "/n" },
      { do: "unlink", path: "/a" },
      { do: "sync" },
      { do: "rename", path: "/d", to: "/e" },
      { do: "snapshot", path: "s" },
    ]);
  });

  test("4. A mount after a cut needs no repair", () => {
    // Every image of cutHistory is checked by fsck, and cut again while it is mounted.
    cut([
      { do: "snapshot", path: "s" },
      { do: "truncate", path: "/a", size: 10 },
      { do: "restore", path: "s" },
    ]);
  });

  test("5. A wrong byte is an error with its place, never data", () => {
    const { disk, fs } = fresh();
    fs.mkdir("/d");
    put(fs, "/d/file", 50_000);
    fs.sync();
    const { block } = fs.volume.tree(fs.volume.get(fs.stat("/d/file").id)).pointer(7);
    disk.bytes[block * BLOCK_BYTES + 9]! ^= 4;
    const next = mount(disk);
    expect(() => next.read("/d/file")).toThrow(
      /the checksum of block \d+ is wrong \(object \d+, content at offset 28672\)/,
    );
    expect(next.read("/d/file", 0, 28_672).length).toBe(28_672);
    expect(check(next).problems).toMatchObject([{ path: "/d/file", offset: 28_672, block }]);
  });

  test("6. Torn, lost, misdirected and phantom writes are found", () => {
    for (const lie of ["lost", "misdirected", "torn"]) {
      const { disk, fs } = fresh();
      put(fs, "/other", 40_000, 9);
      put(fs, "/file", 4096, 1);
      fs.sync();
      const { block } = fs.volume.tree(fs.volume.get(fs.stat("/other").id)).pointer(3);
      const write = disk.write.bind(disk);
      let lied = false;
      disk.write = (offset, source) => {
        const victim = !lied && source.length === BLOCK_BYTES && source.every((byte) => byte === 7);
        lied ||= victim;
        if (!victim) write(offset, source);
        else if (lie === "misdirected") write(block * BLOCK_BYTES, source);
        else if (lie === "torn") write(offset, source.subarray(0, 1024));
      };
      fs.write("/file", 0, new Uint8Array(4096).fill(7));
      fs.sync();
      const next = mount(new MemoryDisk(disk.bytes));
      expect(code(() => next.read("/file"))).toBe("damaged");
      if (lie === "misdirected") expect(code(() => next.read("/other"))).toBe("damaged");
      expect(check(next).problems.length).toBeGreaterThan(0);
    }
  });

  test("7. The older state is never taken without a word", () => {
    const { disk, fs } = fresh();
    put(fs, "/old", 10);
    fs.sync();
    put(fs, "/new", 10);
    fs.sync();
    const blocks = 256;
    const parity = Number(fs.volume.committed.sequence & 1n);
    const [first, second] = recordBlocks(parity, blocks);
    for (const one of [first, second]) {
      const image = new MemoryDisk(disk.bytes.slice());
      image.bytes[one * BLOCK_BYTES + 40]! ^= 1;
      const warnings: string[] = [];
      expect(mount(image, { warn: (text) => warnings.push(text) }).exists("/new")).toBe(true);
      expect(warnings.length).toBe(1);
      // The mount has made the copies equal again.
      expect(check(mount(image)).problems).toEqual([]);
    }
    const image = new MemoryDisk(disk.bytes.slice());
    for (const one of [first, second]) image.bytes[one * BLOCK_BYTES + 40]! ^= 1;
    expect(code(() => mount(image))).toBe("older");
    expect(code(() => mount(image, { readOnly: true }))).toBe("older");
    const accepted = mount(image, { acceptOlder: true });
    expect([accepted.exists("/old"), accepted.exists("/new")]).toEqual([true, false]);
    expect(check(mount(image)).problems).toEqual([]);
  });

  test("8. A volume that shrinks mounts when its data fits", () => {
    const { disk, fs } = fresh(256);
    const content = put(fs, "/file", 100_000);
    fs.createSnapshot("s");
    const part = new DevicePart(disk, 0, 200 * BLOCK_BYTES);
    const shrunk = mount(part);
    expect(same(shrunk.read("/file"), content)).toBe(true);
    expect(check(shrunk)).toMatchObject({ problems: [], blocks: 200 });
    shrunk.restoreSnapshot("s");
    expect(check(mount(part))).toMatchObject({ problems: [], blocks: 200 });
    expect(() => mount(new DevicePart(disk, 0, 64 * BLOCK_BYTES), { readOnly: true })).not.toThrow();
    expect(() => mount(new DevicePart(disk, 0, 63 * BLOCK_BYTES), { readOnly: true })).toThrow(
      "the partition has 63 blocks; make it at least 512 sectors long, the least for a volume",
    );
    put(shrunk, "/more", 300_000);
    shrunk.sync();
    expect(() => mount(new DevicePart(disk, 0, 70 * BLOCK_BYTES))).toThrow(
      /the partition has 70 blocks, but the volume has 200, and its block \d+ is in use; make the partition at least \d+ sectors long/,
    );
  });

  test("8. A volume that shrinks until one block of the map is enough for it mounts", () => {
    const disk = new HugeDisk(70_000 * BLOCK_BYTES);
    format(disk, { id: 5n, time: { seconds: 1, nanoseconds: 0 } });
    const fs = mount(disk);
    const content = put(fs, "/file", 100_000);
    fs.sync();
    const part = new DevicePart(disk, 0, 1024 * BLOCK_BYTES);
    const warnings: string[] = [];
    const shrunk = mount(part, { warn: (text) => warnings.push(text) });
    expect(same(shrunk.read("/file"), content)).toBe(true);
    expect(warnings).toEqual([]);
    expect(check(mount(part))).toMatchObject({ problems: [], blocks: 1024 });
  });

  test("9. A failed operation of the disk is an error, not damage", () => {
    expect(
      failHistory([{ do: "append", path: "/a", length: 9000, fill: 1 }, { do: "sync" }, { do: "unlink", path: "/b" }])
        .findings,
    ).toEqual([]);
  });

  test("9. After a failure nothing is confirmed any more", () => {
    const { disk, fs } = fresh();
    fs.create("/a");
    disk.failAt = disk.operations + 3;
    expect(() => fs.sync()).toThrow("the disk cannot write");
    expect(() => fs.sync()).toThrow("the volume is not written any more: the disk cannot write");
    expect(code(() => fs.create("/b"))).toBe("read-only");
    expect(fs.exists("/a")).toBe(false);
  });

  test("10. A full volume deletes", () => {
    const { disk, fs } = fresh(128);
    let count = 0;
    while (code(() => put(fs, `/f${count}`, 4096, 1 + (count & 7))) === "done") count++;
    for (let more = 0; code(() => fs.create(`/e${more}`)) === "done"; more++) expect(more).toBeLessThan(1000);
    fs.sync();
    const full = describeVolume(mount(disk));
    expect(code(() => fs.append("/f0", new Uint8Array(200_000)))).toBe("no-space");
    expect(describeVolume(fs)).toBe(full);
    for (const { name } of fs.list("/")) fs.unlink(`/${name}`);
    put(fs, "/again", 100_000);
    fs.sync();
    expect(check(mount(disk)).problems).toEqual([]);
    // With a snapshot that holds everything: deleting, and at the end removing it, gives the room back.
    fs.createSnapshot("s");
    let more = 0;
    while (code(() => put(fs, `/g${more}`, 4096)) === "done") more++;
    fs.unlink("/again");
    fs.removeSnapshot("s");
    put(fs, "/room", 60_000);
    fs.sync();
    expect(check(mount(disk)).problems).toEqual([]);
  });

  test("11. A snapshot is what was there", () => {
    const { disk, fs } = fresh();
    put(fs, "/file", 50_000, 1);
    fs.sync();
    const before = describeVolume(fs);
    const { free } = fs.volume.committed;
    fs.createSnapshot("s");
    put(fs, "/file", 60_000, 2);
    fs.rename("/file", "/other");
    fs.sync();
    expect(describeVolume(mount(disk).openSnapshot("s"))).toBe(before);
    expect(fs.volume.committed.free).toBeLessThan(free - 15);
    fs.restoreSnapshot("s");
    fs.removeSnapshot("s");
    const next = mount(disk);
    expect(describeVolume(next)).toBe(before);
    expect(check(next).problems).toEqual([]);
    expect(next.volume.committed.free).toBe(free);
  });

  test("12. The map is a hint", () => {
    const { disk, fs } = fresh();
    const content = put(fs, "/file", 100_000);
    fs.sync();
    walkState(fs.volume.store, fs.volume.committed, {
      block(block, _pointer, tree) {
        if (tree?.id === MAP_ID) disk.bytes.fill(0x5a, block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
        return tree?.id !== MAP_ID;
      },
    });
    const warnings: string[] = [];
    const next = mount(disk, { warn: (text) => warnings.push(text) });
    put(next, "/more", 200_000, 3);
    next.sync();
    expect(warnings.length).toBe(1);
    const last = mount(disk);
    expect(check(last).problems).toEqual([]);
    expect(same(last.read("/file"), content)).toBe(true);
  });

  test("13. Mounting does not grow with the volume", () => {
    const reads = [2 ** 20, 2 ** 30, 2 ** 41].map((size) => {
      const disk = new HugeDisk(size);
      format(disk, { id: 1n, time: TIME });
      const fs = mount(disk);
      put(fs, "/f", 10);
      fs.sync();
      disk.reads = 0;
      mount(disk);
      return disk.reads;
    });
    expect(new Set(reads).size).toBe(1);
    expect(reads[0]).toBeLessThanOrEqual(16);
  });

  test("14. A write of one block copies its path", () => {
    const { disk, fs } = fresh(4096);
    put(fs, "/big", 8_000_000);
    fs.sync();
    disk.log.length = 0;
    fs.write("/big", 4_000_000, new Uint8Array(1));
    fs.sync();
    // Content, two nodes, both tables, map, two records.
    expect(new Set(disk.log.flatMap((entry) => (entry ? [Math.floor(entry.sector / 8)] : []))).size).toBe(8);
  });

  test("15. A newer object is left alone", () => {
    const { fs } = fresh();
    fs.saveObject("cluster_node", 3, new Uint8Array([1]));
    expect(() => fs.loadObject("cluster_node", 2)).toThrow(/version 3, and only version 2 is known/);
    expect(code(() => fs.saveObject("cluster_node", 2, new Uint8Array([2])))).toBe("newer");
    expect(fs.loadObject("cluster_node", 3)).toMatchObject({ version: 3, bytes: new Uint8Array([1]) });
  });

  test("16. Version 1 is converted in one commit", () => {
    const random = new Random(4);
    const big = random.bytes(20_000);
    const last = 63;
    // The content of /dir/big reaches into the last two blocks.
    const places = [last, last - 1];
    const old = makeVersion1(
      64,
      [
        {
          id: 1,
          parent: 0,
          className: "directory",
          content: oldDirectory([
            [3, "dir"],
            [5, "empty"],
          ]),
        },
        { id: 2, parent: 0, className: "cluster_node", content: random.bytes(60) },
        { id: 3, parent: 1, className: "directory", content: oldDirectory([[4, "big"]]) },
        { id: 4, parent: 3, className: "file", content: big },
        { id: 5, parent: 1, className: "file", content: new Uint8Array(0) },
        { id: 7, parent: 0, className: "cluster_node", content: random.bytes(10) },
      ],
      5n,
      (free) => (free >= 7 && places.length > 0 ? places.pop()! : free),
    );
    const expected = (fs: FileSystem): void => {
      expect(fs.list("/").map(({ name }) => name)).toEqual(["dir", "empty", "cluster_node"]);
      expect(same(fs.read("/dir/big"), big)).toBe(true);
      expect(fs.loadObject("cluster_node").bytes.length).toBe(60);
      expect(check(fs).problems).toEqual([]);
    };
    const before = old.bytes.slice();
    expected(mount(old, { readOnly: true }));
    expect(same(before, old.bytes)).toBe(true);
    const disk = new RecordingDisk(old.bytes.slice());
    expected(mount(disk, { newId: 3n }));
    // Cut after every write, and with single ones of them lost until the next flush.
    let stable = before.slice();
    let image = before.slice();
    let since: typeof disk.log = [];
    for (const entry of [...disk.log, null]) {
      if (entry === null) {
        for (let lost = 0; lost < since.length; lost += 8) {
          const torn = stable.slice();
          since.forEach((write, index) => {
            if (write && index !== lost) torn.set(write.bytes, write.sector * 512);
          });
          expected(mount(new MemoryDisk(torn), { newId: 3n }));
        }
        stable = image.slice();
        since = [];
        continue;
      }
      image = image.slice();
      image.set(entry.bytes, entry.sector * 512);
      since.push(entry);
      if (entry.sector % 8 === 0) expected(mount(new MemoryDisk(image.slice()), { newId: 3n }));
    }
  });

  test("16. One whose superblock cannot be right is refused as it is", () => {
    for (const blocks of [63, 2 ** 29 + 1]) {
      const old = makeVersion1(64, [{ id: 1, parent: 0, className: "directory", content: oldDirectory([]) }], 5n);
      const sector = old.bytes.slice(0, 512);
      new DataView(sector.buffer).setUint32(20, blocks, true);
      old.write(0, sealed(sector));
      const before = old.bytes.slice();
      expect(() => mount(old, { newId: 3n })).toThrow(`a superblock of version 1 with ${blocks} blocks`);
      expect(same(before, old.bytes)).toBe(true);
    }
  });

  test("16. It is said where one was converted, and not where it was only read", () => {
    const root = { id: 1, parent: 0, className: "directory", content: oldDirectory([[2, "empty"]]) };
    const file = { id: 2, parent: 1, className: "file", content: new Uint8Array(0) };
    for (const readOnly of [true, false]) {
      const said: string[] = [];
      mount(makeVersion1(64, [root, file], 5n), { readOnly, newId: 3n, warn: (sentence) => said.push(sentence) });
      expect(said).toEqual(readOnly ? [] : ["the volume was of version 1, and was converted to version 2"]);
    }
  });

  test("a volume that was left whole is mounted without a write", () => {
    const { disk } = fresh();
    const again = new RecordingDisk(disk.bytes.slice());
    mount(again);
    expect(again.log.filter((entry) => entry !== null)).toEqual([]);
  });
});
