/** `qure disk` as people call it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { PARTITION_TYPE_OOFS, writePartitionTable } from "../../src/image/boot-image.ts";
import { thoroughly } from "../setup/thoroughly.ts";

const bundle = join(import.meta.dirname, "../../dist/qure.cjs");
const folder = mkdtempSync(join(tmpdir(), "qure-disk-"));
afterAll(() => rmSync(folder, { recursive: true }));

const disk = (...args: string[]): string =>
  execFileSync("node", [bundle, "disk", ...args], { cwd: folder, encoding: "utf8" });

function fails(...args: string[]): { status: number | null; stderr: string } {
  const { status, stderr, stdout } = spawnSync("node", [bundle, "disk", ...args], { cwd: folder, encoding: "utf8" });
  expect(stdout.replace(/^.*fsck.*|.*problems\n$/gm, "")).toBe("");
  return { status, stderr };
}

/** An image with one volume of 2 MiB in partition 1. */
function partitioned(name: string): void {
  const image = new Uint8Array(4 << 20);
  const entry = { active: false, startLba: 2048, sectors: 4096 };
  writePartitionTable(image, [
    { ...entry, type: 0x83, startLba: 1, sectors: 2047 },
    { ...entry, type: PARTITION_TYPE_OOFS },
  ]);
  image.set([0x55, 0xaa], 510);
  writeFileSync(join(folder, name), image);
}

describe("qure disk", () => {
  thoroughly("makes a volume in a partition, and files in it", () => {
    partitioned("a.img");
    writeFileSync(join(folder, "host.txt"), "hello\n");
    disk("format", "a.img:1");
    disk("mkdir", "a.img/letters");
    disk("put", "host.txt", "a.img:1/letters/");
    disk("put", "host.txt", "a.img/top.txt");
    expect(disk("tree", "a.img")).toBe("letters/\n  host.txt\ntop.txt\n");
    expect(disk("cat", "a.img:1/letters/host.txt")).toBe("hello\n");
    disk("mv", "a.img/top.txt", "/letters/host.txt");
    disk("snapshot", "create", "a.img", "before");
    disk("rm", "-r", "a.img/letters");
    expect(disk("ls", "a.img")).toBe("");
    expect(JSON.parse(disk("ls", "--json", "a.img@before/letters"))).toMatchObject([
      { name: "host.txt", sizeBytes: 6 },
    ]);
    disk("get", "a.img@before/letters/host.txt", "back.txt");
    expect(readFileSync(join(folder, "back.txt"), "utf8")).toBe("hello\n");
    // A pipe is written to, and stays one.
    const taken = execFileSync(
      "sh",
      ["-c", `mkfifo pipe && { cat pipe & } && "$@" && wait && test -p pipe`, "sh"].concat(
        process.execPath,
        bundle,
        "disk",
        "get",
        "a.img@before/letters/host.txt",
        "pipe",
      ),
      { cwd: folder, encoding: "utf8" },
    );
    expect(taken).toBe("hello\n");
    expect(JSON.parse(disk("snapshot", "list", "--json", "a.img"))).toMatchObject([{ name: "before" }]);
    disk("snapshot", "restore", "a.img", "before");
    disk("snapshot", "remove", "a.img", "before");
    expect(disk("tree", "a.img")).toBe("letters/\n  host.txt\n");
    expect(JSON.parse(disk("fsck", "--json", "a.img"))).toMatchObject({ problems: [], objects: 4, blocks: 512 });
  });

  thoroughly("makes FAT volumes, and files in them", () => {
    writeFileSync(join(folder, "host.txt"), "hello\n");
    for (const [type, mib] of [
      ["fat", 2],
      ["fat16", 20],
      ["fat32", 40],
    ] as const) {
      const image = `${type}.img`;
      writeFileSync(join(folder, image), new Uint8Array(mib << 20));
      disk("format", "--type", type, image);
      disk("mkdir", `${image}/Letters to me`);
      disk("put", "host.txt", `${image}/Letters to me/`);
      disk("put", "host.txt", `${image}/TOP.TXT`);
      disk("put", "host.txt", `${image}/top.txt`);
      expect(disk("tree", image)).toBe("Letters to me/\n  host.txt\ntop.txt\n");
      disk("mv", `${image}/top.txt`, "/letters to me");
      expect(disk("cat", `${image}/LETTERS TO ME/TOP.TXT`)).toBe("hello\n");
      disk("get", `${image}/Letters to me/host.txt`, "back.txt");
      expect(readFileSync(join(folder, "back.txt"), "utf8")).toBe("hello\n");
      expect(JSON.parse(disk("ls", "--json", `${image}/Letters to me`))).toMatchObject([
        { name: "host.txt", kind: "file", sizeBytes: 6 },
        { name: "top.txt" },
      ]);
      disk("rm", "-r", `${image}/Letters to me`);
      expect(disk("ls", image)).toBe("");
      expect(fails("snapshot", "create", image, "x").stderr).toMatch(/not an OOFS/);
      expect(fails("ls", `${image}@x`).stderr).toMatch(/has no snapshots/);
      expect(fails("format", image).stderr).toMatch(/--force/);
    }
    expect(fails("format", "--type", "ntfs", "--force", "fat.img").stderr).toMatch(/--type: oofs, fat, /);
  });

  thoroughly("checks a FAT volume, and names path and cluster of what is wrong", () => {
    const image = "checked.img";
    writeFileSync(join(folder, "host.txt"), "hello\n");
    writeFileSync(join(folder, image), new Uint8Array(2 << 20));
    disk("format", "--type", "fat", image);
    disk("put", "host.txt", `${image}/TOP.TXT`);
    expect(disk("fsck", image)).toMatch(
      /: fat\d\d, 1 files, 0 directories, \d of \d+ clusters used, .*, no problems\n$/,
    );
    expect(JSON.parse(disk("fsck", "--json", image))).toMatchObject({ problems: [], files: 1, badClusters: 0 });
    const bytes = readFileSync(join(folder, image));
    bytes.writeUInt32LE(700_000, bytes.indexOf("TOP     TXT") + 28);
    writeFileSync(join(folder, image), bytes);
    expect(fails("fsck", image)).toMatchObject({
      stderr: expect.stringMatching(/it has 1 clusters, and 700000 bytes need \d+ \(\/TOP\.TXT, cluster \d\)\n$/),
    });
    expect(fails("fsck", `${image}@x`).stderr).toMatch(/has no snapshots/);
  });

  test("finds the only FAT partition where there is no OOFS", () => {
    const image = new Uint8Array(4 << 20);
    writePartitionTable(image, [{ active: false, type: 0x06, startLba: 2048, sectors: 4096 }]);
    image.set([0x55, 0xaa], 510);
    writeFileSync(join(folder, "part.img"), image);
    disk("format", "--type", "fat12", "part.img:0");
    disk("mkdir", "part.img/x");
    expect(disk("ls", "part.img:0")).toMatch(/ x\/\n$/);
  });

  thoroughly("says in one sentence what cannot be", () => {
    partitioned("b.img");
    expect(fails("ls", "none.img/x")).toEqual({
      status: 1,
      stderr: "qure disk: error: none.img/x: no such image file\n",
    });
    expect(fails("ls", "b.img")).toEqual({
      status: 1,
      stderr: "qure disk: error: b.img: not an OOFS: no superblock, and no commit record\n",
    });
    expect(fails("ls", "b.img:3")).toEqual({ status: 1, stderr: "qure disk: error: b.img: there is no partition 3\n" });
    disk("format", "b.img");
    expect(fails("format", "b.img").stderr).toMatch(/--force makes a volume all the same/);
    expect(fails("cat", "b.img/x")).toEqual({ status: 1, stderr: "qure disk: error: b.img: /x: not found\n" });
    expect(fails("rm", "b.img@s/x")).toEqual({
      status: 2,
      stderr: "qure disk: error: b.img@s: a snapshot is not changed\n",
    });
    expect(fails("ls").status).toBe(2);
  });

  test("fsck names object, path and offset of a wrong byte", () => {
    partitioned("c.img");
    disk("format", "c.img");
    writeFileSync(join(folder, "big"), Buffer.alloc(40_000, "x"));
    disk("put", "big", "c.img/big");
    const image = readFileSync(join(folder, "c.img"));
    image[image.indexOf("xxxx", 2048 * 512) + 5000]! ^= 1;
    writeFileSync(join(folder, "c.img"), image);
    const { status, stderr } = fails("fsck", "c.img");
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^qure disk: error: c\.img: the checksum of block \d+ is wrong \(.*\) \(\/big, offset \d+\)\n$/,
    );
  });
});
