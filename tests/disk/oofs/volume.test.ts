/** Volumes from the outside: what every file system does. */
import { describe, expect, test } from "vitest";
import { check, DevicePart, type FileSystem, format, mount } from "../../../src/disk/oofs/index.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { HugeDisk, MemoryDisk, Random } from "./disks.ts";

const TIME = { seconds: 1_700_000_000, nanoseconds: 5 };
const MIB = 1024 * 1024;

function fresh(sizeBytes = 4 * MIB): { disk: MemoryDisk; fs: FileSystem } {
  const disk = new MemoryDisk(sizeBytes);
  format(disk, { id: 7n, time: TIME });
  return { disk, fs: mount(disk, { now: () => TIME }) };
}

function again(disk: MemoryDisk): FileSystem {
  const warnings: string[] = [];
  const fs = mount(disk, { now: () => TIME, warn: (text) => warnings.push(text) });
  expect(warnings).toEqual([]);
  expect(check(fs).problems).toEqual([]);
  return fs;
}

/** The comparison of the test runner takes seconds for long arrays. */
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

describe("a volume", () => {
  test("is empty when it was made, and depends on nothing but size, id and time", () => {
    const { disk, fs } = fresh();
    expect(fs.list("/")).toEqual([]);
    expect(check(fs).problems).toEqual([]);
    expect(same(fresh().disk.bytes, disk.bytes)).toBe(true);
  });

  test("whose files have moved is mounted by force only", () => {
    const { disk, fs } = fresh();
    fs.mkdir("/a");
    fs.sync();
    disk.bytes.fill(0, 0, 512);
    disk.bytes.set(bytes("OOFSAWAY"));
    disk.bytes.set([0x55, 0xaa], 510);
    expect(() => mount(disk)).toThrow("its files moved to another machine, or have not all come here");
    expect(mount(disk, { acceptOlder: true, readOnly: true }).list("/")).toHaveLength(1);
    mount(disk, { acceptOlder: true });
    expect(again(disk).list("/")).toHaveLength(1);
  });

  test("keeps files and directories over a mount", () => {
    const { disk, fs } = fresh();
    fs.mkdir("/a");
    fs.mkdir("/a/b");
    fs.create("/a/b/hello");
    fs.write("/a/b/hello", 0, bytes("hello world"));
    fs.append("/a/b/hello", bytes("!"));
    fs.sync();
    const next = again(disk);
    expect(text(next.read("/a/b/hello"))).toBe("hello world!");
    expect(next.list("/a").map(({ name, kind }) => [name, kind])).toEqual([["b", "directory"]]);
    expect(next.stat("/a/b/hello")).toMatchObject({ sizeBytes: 12, modified: TIME, created: TIME, kind: "file" });
  });

  test("forgets what was not committed", () => {
    const { disk, fs } = fresh();
    fs.create("/a");
    fs.sync();
    fs.create("/b");
    expect(
      again(disk)
        .list("/")
        .map(({ name }) => name),
    ).toEqual(["a"]);
  });

  test("refuses with one sentence what cannot be", () => {
    const { fs } = fresh();
    fs.mkdir("/d");
    fs.create("/d/f");
    const cases: [() => void, string][] = [
      [() => fs.create("/d/f"), "/d/f: exists"],
      [() => fs.mkdir("/d"), "/d: exists"],
      [() => fs.create("/x/y"), "/x: not found"],
      [() => fs.create("/d/f/g"), "/d/f: not a directory"],
      [() => fs.unlink("/d"), "/d: is a directory"],
      [() => fs.rmdir("/d"), "/d: not empty"],
      [() => fs.rmdir("/d/f"), "/d/f: not a directory"],
      [() => fs.read("/d"), "/d: is a directory"],
      [() => fs.list("/d/f"), "/d/f: not a directory"],
      [() => fs.rename("/d", "/d/e"), "/d/e: a directory cannot be moved into itself"],
      [() => fs.rename("/d/f", "/d"), "/d: is a directory"],
      [() => fs.rename("/d", "/d/f"), "/d/f: a directory cannot be moved into itself"],
      [() => fs.create("/.."), '".." cannot be the name of a file'],
      [() => fs.create(`/${"n".repeat(256)}`), `"${"n".repeat(256)}" cannot be the name of a file`],
      [() => fs.truncate("/d/f", -1), "a file cannot have -1 bytes"],
      [() => fs.removeSnapshot("no"), "there is no snapshot no"],
      [() => fs.saveObject("file", 1, bytes("x")), '"file" cannot be the class of a persistent object'],
    ];
    for (const [body, message] of cases) expect(body).toThrow(message);
    fs.sync();
  });

  test("has sparse files of any size", () => {
    const { disk, fs } = fresh();
    fs.create("/sparse");
    fs.write("/sparse", 2 ** 43 + 5, bytes("far"));
    fs.write("/sparse", 10_000, bytes("near"));
    fs.sync();
    const next = again(disk);
    expect(next.stat("/sparse").sizeBytes).toBe(2 ** 43 + 8);
    expect(text(next.read("/sparse", 2 ** 43 + 5))).toBe("far");
    expect(text(next.read("/sparse", 9_999, 6))).toBe("\0near\0");
    next.truncate("/sparse", 10_002);
    next.truncate("/sparse", 20_000);
    next.sync();
    expect(text(again(disk).read("/sparse", 9_999, 6))).toBe("\0ne\0\0\0");
    next.unlink("/sparse");
    next.sync();
    expect(check(again(disk))).toMatchObject({ objects: 2 });
  });

  thoroughly("holds ten thousand names in a directory, and gives their blocks back", () => {
    const { disk, fs } = fresh(16 * MIB);
    const before = check(fs).usedBlocks;
    fs.mkdir("/d");
    for (let index = 0; index < 10_000; index++) fs.create(`/d/file-${index}`);
    fs.sync();
    const next = again(disk);
    expect(next.list("/d").length).toBe(10_000);
    expect(next.exists("/d/file-4711")).toBe(true);
    expect(next.exists("/d/file-10000")).toBe(false);
    for (let index = 0; index < 10_000; index++) next.unlink(`/d/file-${index}`);
    next.rmdir("/d");
    next.sync();
    // The object table does not become shorter.
    expect(check(again(disk)).usedBlocks).toBeLessThan(before + 2 * (10_000 / 32 + 3));
  });

  test("finds each of some hundred names in a directory, and those alone, when half of them are gone", () => {
    const { disk, fs } = fresh();
    const name = (index: number): string => `file-${index}-with-a-name-that-fills-leaves`;
    fs.mkdir("/d");
    for (let index = 0; index < 300; index++) fs.create(`/d/${name(index)}`);
    for (let index = 1; index < 300; index += 2) fs.unlink(`/d/${name(index)}`);
    fs.sync();
    const next = again(disk);
    const found = next.list("/d").map((entry) => entry.name);
    expect(found.sort()).toEqual(Array.from({ length: 150 }, (_, index) => name(2 * index)).sort());
    for (let index = 0; index < 300; index++) expect(next.exists(`/d/${name(index)}`)).toBe(index % 2 === 0);
  });

  test("needs no room for what of a file is not there, when the file becomes shorter in the middle of it", () => {
    const { fs } = fresh();
    fs.create("/hole");
    fs.truncate("/hole", 50_000);
    fs.sync();
    const { usedBlocks } = check(fs);
    fs.truncate("/hole", 5000);
    fs.sync();
    expect(check(fs).usedBlocks).toBe(usedBlocks);
  });

  test("renames over what is there", () => {
    const { disk, fs } = fresh();
    for (const name of ["a", "b"]) {
      fs.create(`/${name}`);
      fs.write(`/${name}`, 0, bytes(name));
    }
    fs.mkdir("/d");
    fs.rename("/a", "/b");
    fs.rename("/b", "/d/c");
    fs.mkdir("/e");
    fs.rename("/d", "/e");
    fs.sync();
    const next = again(disk);
    expect(text(next.read("/e/c"))).toBe("a");
    expect(next.list("/").map(({ name }) => name)).toEqual(["e"]);
  });

  test("keeps persistent objects with the version of their class", () => {
    const { disk, fs } = fresh();
    fs.saveObject("cluster_node", 3, bytes("three"));
    fs.sync();
    const next = again(disk);
    expect(next.loadObject("cluster_node", 4)).toEqual({ version: 3, bytes: bytes("three") });
    expect(text(next.read("/cluster_node"))).toBe("three");
    next.saveObject("cluster_node", 4, new Random(1).bytes(20_000));
    next.sync();
    expect(same(again(disk).loadObject("cluster_node", 4).bytes, new Random(1).bytes(20_000))).toBe(true);
    next.removeObject("cluster_node");
    expect(() => next.loadObject("cluster_node")).toThrow("there is no object of class cluster_node");
  });

  test("does what a model does, with random operations", () => {
    for (const seed of rowsOf([1, 2, 3], 1)) {
      const { disk, fs } = fresh(2 * MIB);
      const random = new Random(seed);
      const model = new Map<string, Uint8Array>();
      let mounted = fs;
      for (let step = 0; step < 400; step++) {
        const path = `/f${random.below(8)}`;
        const old = model.get(path);
        const kind = random.below(7);
        if (!old) {
          mounted.create(path);
          model.set(path, new Uint8Array(0));
        } else if (kind < 3) {
          const offset = random.below(60_000);
          const part = random.bytes(random.below(9000));
          mounted.write(path, offset, part);
          const next = new Uint8Array(Math.max(old.length, part.length === 0 ? 0 : offset + part.length));
          next.set(old);
          if (part.length > 0) next.set(part, offset);
          model.set(path, next);
        } else if (kind === 3) {
          const size = random.below(70_000);
          mounted.truncate(path, size);
          const next = new Uint8Array(size);
          next.set(old.subarray(0, size));
          model.set(path, next);
        } else if (kind === 4) {
          mounted.unlink(path);
          model.delete(path);
        } else if (kind === 5) {
          mounted.rename(path, `${path}x`);
          model.delete(path);
          model.set(`${path}x`, old);
          mounted.rename(`${path}x`, "/f0");
          model.delete(`${path}x`);
          model.set("/f0", old);
        } else {
          mounted.sync();
          mounted = again(disk);
        }
        for (const [name, content] of model) expect(same(mounted.read(name), content)).toBe(true);
      }
    }
  });

  test("may have two tebibytes", () => {
    const disk = new HugeDisk(2 ** 41);
    format(disk, { id: 1n, time: TIME });
    const fs = mount(disk);
    fs.create("/f");
    fs.write("/f", 2 ** 40, bytes("x"));
    fs.sync();
    expect(text(mount(disk).read("/f", 2 ** 40))).toBe("x");
    expect(disk.blocks.size).toBeLessThan(60);
  });
});

test("a part of a disk lies within it", () => {
  const disk = new MemoryDisk(10 * 512);
  const part = new DevicePart(disk, 512, 9 * 512);
  part.write(8 * 512, bytes("end"));
  expect([part.sizeBytes, text(disk.bytes.slice(9 * 512, 9 * 512 + 3))]).toEqual([9 * 512, "end"]);
  expect(new DevicePart(disk, 0, 0).sizeBytes).toBe(0);
  for (const [start, size] of [
    [-512, 512],
    [512, -512],
    [512, 10 * 512],
    [11 * 512, 0],
  ] as const)
    expect(() => new DevicePart(disk, start, size)).toThrow(/does not lie within its device/);
});
