/** Volumes of several regions: what a small one never reaches. */
import { expect, test } from "vitest";
import { check, format, mount } from "../../../src/disk/oofs/index.ts";
import { MAP_ID } from "../../../src/disk/oofs/layout.ts";
import { walkState } from "../../../src/disk/oofs/walk.ts";
import { HugeDisk } from "./disks.ts";

const BLOCK_BYTES = 4096;
const TIME = { seconds: 1, nanoseconds: 0 };

test("files over more than one region, with snapshots, and a map whose nodes are damaged", () => {
  const disk = new HugeDisk(2 ** 30);
  format(disk, { id: 8n, time: TIME });
  let fs = mount(disk);
  const piece = new Uint8Array(1 << 20);
  fs.create("/large");
  for (let index = 0; index < 140; index++) fs.write("/large", index << 20, piece.fill(index + 1));
  fs.sync();
  expect(fs.volume.tree(fs.volume.get(fs.stat("/large").id)).pointer((139 << 20) / BLOCK_BYTES).block).toBeGreaterThan(
    32_768,
  );
  fs.createSnapshot("s");
  fs.truncate("/large", 1000);
  fs.unlink("/large");
  fs.create("/other");
  for (let index = 0; index < 10; index++) fs.write("/other", index << 20, piece.fill(200));
  fs.sync();
  expect(check(fs).problems).toEqual([]);

  // The node of the present map, and then the blocks of two regions, become something else.
  for (const level of [1, 0]) {
    const victims: number[] = [];
    walkState(fs.volume.store, fs.volume.committed, {
      block(block, _pointer, tree, here, index) {
        if (tree?.id === MAP_ID && here === level && index < 2) victims.push(block);
        return true;
      },
    });
    for (const block of victims) disk.blocks.set(block, new Uint8Array(BLOCK_BYTES).fill(9));
    const warnings: string[] = [];
    fs = mount(disk, { warn: (text) => warnings.push(text) });
    fs.write("/other", 11 << 20, piece.fill(201));
    fs.sync();
    expect(warnings.length).toBe(1);
    fs = mount(disk);
    // What was not needed is still damaged, and nothing else is.
    for (const { text } of check(fs).problems) expect(text).toMatch(/map of free space/);
    if (level === 1) expect(check(fs).problems).toEqual([]);
  }
  expect(fs.openSnapshot("s").read("/large", 139 << 20, 1)[0]).toBe(140);
  fs.restoreSnapshot("s");
  fs.removeSnapshot("s");
  fs = mount(disk);
  expect(check(fs).problems).toEqual([]);
  expect(fs.read("/large", (100 << 20) - 1, 2)).toEqual(new Uint8Array([100, 101]));
  fs.unlink("/large");
  fs.sync();
  const { free, blocks } = fs.volume.committed;
  expect(blocks - free).toBeLessThan(40);
  expect(check(mount(disk)).problems).toEqual([]);
});
