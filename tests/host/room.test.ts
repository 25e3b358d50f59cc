/** Which disks of this host are full. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fullDisks } from "../../src/host/room.ts";

const folder = mkdtempSync(join(tmpdir(), "qroom-"));
const disk = join(folder, "disk");
mkdirSync(disk);
afterAll(() => {
  spawnSync("umount", [disk]);
  rmSync(folder, { recursive: true, force: true });
});

test("a folder that is not made yet is where it will be", () => {
  expect(fullDisks([join(folder, "a/b/c"), folder])).toEqual([]);
});

test("a disk is full for want of bytes or of files, and is named once", (context) => {
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m,nr_inodes=4", "tmpfs", disk]).status !== 0) {
    context.skip("only root may mount a file system that is small");
    return;
  }
  const places = [folder, join(disk, "volumes"), disk];
  expect(fullDisks(places)).toEqual([]);
  writeFileSync(join(disk, "filler"), new Uint8Array(2 << 20));
  expect(fullDisks(places)).toEqual([{ place: join(disk, "volumes"), freeBytes: 0, freeFiles: 2 }]);
  writeFileSync(join(disk, "filler"), "");
  for (const name of ["a", "b"]) writeFileSync(join(disk, name), "");
  expect(fullDisks(places)).toEqual([{ place: join(disk, "volumes"), freeBytes: 2 << 20, freeFiles: 0 }]);
});
