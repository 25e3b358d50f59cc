/**
 * Numbers of a commit record at the edges of what they may be, under right checksums: the kernel takes no record with
 * one that is beyond, and every one up to it.
 */
import { expect, test } from "vitest";
import { BLOCKS, makeSample, setField } from "../oofs/damage.ts";
import { rowsOf } from "../setup/tier.ts";
import { output } from "./output.ts";
import { machine, withVolume } from "./volume-machine.ts";

/** There are records of commits 5 and 6; the number is in both, and may do in one of them. */
const NOT_TAKEN = /no commit record is valid|commit 5 is there/;
const LAST = BLOCKS - 3;
const HIGH = 0x80000000;
/** As many as all blocks of the volume have. */
const SLOTS = 32 * BLOCKS;

interface Field {
  readonly name: string;
  /** Dword of the state, as in docs/formats/oofs.md. */
  readonly dword: number;
  /** The rest of the volume may still be at variance with it. */
  readonly taken: readonly number[];
  readonly refused: readonly number[];
}

const pointer = (name: string, dword: number): Field => ({
  name,
  dword,
  taken: [3, LAST],
  refused: [0, 2, LAST + 1, HIGH + 3],
});

const FIELDS: readonly Field[] = [
  { name: "first free slot", dword: 13, taken: [1, 0x10000, 0xffffffff], refused: [0] },
  { name: "class directory", dword: 14, taken: [2], refused: [0, 1, 64, HIGH] },
  pointer("second object table", 18),
  { name: "sequence", dword: 0, taken: [], refused: [0] },
  { name: "time", dword: 3, taken: [0, 0xffffffff], refused: [] },
  pointer("object table", 4),
  pointer("map", 6),
  pointer("snapshot list", 8),
  { name: "blocks", dword: 10, taken: [LAST + 2], refused: [63, HIGH] },
  { name: "slots", dword: 11, taken: [160, SLOTS], refused: [0, 31, 63, 65, SLOTS + 32, HIGH, HIGH + 32] },
  { name: "objects", dword: 12, taken: [0, 63], refused: [64, HIGH] },
  { name: "orphan", dword: 15, taken: [0], refused: [64, HIGH] },
  { name: "used blocks", dword: 16, taken: [0, 39], refused: [40, 0xffffffff] },
  { name: "free blocks", dword: 17, taken: [0, 131], refused: [132, 0xffffffff] },
  pointer("second snapshot list", 20),
  { name: "a zero", dword: 22, taken: [0], refused: [1, 0x10000, HIGH] },
  { name: "the last zero", dword: 31, taken: [0], refused: [1, HIGH] },
];

test("a commit record is taken with numbers up to their edges, and with none beyond", async () => {
  const { node, disk } = await machine();
  const sample = makeSample();
  const mounted = async (dword: number, value: number): Promise<string> => {
    const volume = sample.content.slice();
    setField(volume, dword, value);
    disk.content = withVolume(volume);
    return output(node, "mount -r hda0 /a; umount /a");
  };
  for (const { name, dword, taken, refused } of rowsOf(FIELDS, 3)) {
    for (const value of taken) expect(await mounted(dword, value), `${name} ${value}`).not.toMatch(NOT_TAKEN);
    for (const value of refused) expect(await mounted(dword, value), `${name} ${value}`).toMatch(NOT_TAKEN);
  }
});
