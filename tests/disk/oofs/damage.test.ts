/** Wrong bytes and hostile volumes: a part of what `npm run prove -- oofs` does as a whole. */
import { describe, expect, test } from "vitest";
import { check, mount } from "../../../src/disk/oofs/index.ts";
import { casesOf } from "../../setup/tier.ts";
import { BLOCKS, changeBlock, flip, forge, makeSample, spoil, tryHostile } from "./damage.ts";
import { MemoryDisk, Random } from "./disks.ts";

const sample = makeSample();
const cases = casesOf("disk/oofs/damage");

describe("a wrong byte", () => {
  test("is an error with its place, never data, and never loses the volume", () => {
    const random = new Random(cases.firstSeed);
    const used = [...sample.owners.keys()];
    const found: string[] = [];
    for (let count = 0; count < cases.count; count++) {
      const bit = random.pick(used) * 4096 * 8 + random.below(random.below(2) ? 512 * 8 : 4096 * 8);
      const problem = flip(sample, bit);
      if (problem) found.push(`bit ${bit}: ${problem}`);
    }
    expect(found.slice(0, 5)).toEqual([]);
  });

  test("No single sector loses the volume or turns it back", () => {
    const random = new Random(2);
    const found: string[] = [];
    for (const block of sample.owners.keys()) {
      const problem = spoil(sample, block * 8, random);
      if (problem) found.push(`block ${block}: ${problem}`);
    }
    expect(found.slice(0, 5)).toEqual([]);
  });
});

test("A hostile volume is an error", () => {
  const found: string[] = [];
  let mounted = 0;
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed);
    const result = tryHostile(forge(sample, random), random);
    if (result.mounted) mounted++;
    if (result.problem) found.push(`seed ${seed}: ${result.problem}`);
  }
  expect(found.slice(0, 5)).toEqual([]);
  expect(mounted).toBeGreaterThan(cases.count / 4);
});

/** Of the first block of an object a byte is another one, and every checksum is right. */
test.each([
  ["/d", 16, 0, "the entry at byte 16"],
  ["/d/e", 4095, 1, "pointers after the end of the content"],
  ["/d/e", 4, 2, "is not a node"],
])("%s, byte %i is %i: fsck and whoever reads it tell of it", (path, at, byte, message) => {
  const image = sample.content.slice();
  const before = mount(new MemoryDisk(image.slice()), { readOnly: true });
  const { root } = before.volume.get(before.stat(path).id);
  const all = [...sample.owners.keys()].filter((block) => block > 2 && block < BLOCKS - 2);
  changeBlock(image, root.block, all, (bytes) => bytes.fill(byte, at, path === "/d" ? at + 4 : at + 1));
  const fs = mount(new MemoryDisk(image), { readOnly: true });
  expect(check(fs).problems.map((problem) => problem.text)).toContainEqual(expect.stringContaining(message));
  expect(() => (path === "/d" ? fs.list(path) : fs.read(path))).toThrow(message);
});
