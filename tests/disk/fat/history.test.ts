/** A history on a volume of each kind: what the volume is afterwards, to the byte, is what it always was. */
import { expect, test } from "vitest";
import { checkFat, FatFileSystem, type FatType } from "../../../src/disk/fat/index.ts";
import { digestOf } from "../../setup/digest.ts";
import { content, formatted, Memory } from "./volume.ts";

/** Seconds since 1970 at each look at the clock: before FAT's time, in it, at odd seconds. */
const MOMENTS = [0, 315_532_800, 951_827_696, 1_700_000_001, 4_354_819_199];

function clock(): () => { seconds: number; nanoseconds: number } {
  let at = 0;
  return () => ({ seconds: MOMENTS[at++ % MOMENTS.length]!, nanoseconds: 0 });
}

function live(fs: FatFileSystem): void {
  fs.mkdir("/DIR");
  fs.mkdir("/DIR/below a long name");
  for (const name of [
    "A.TXT",
    "b.txt",
    "two.dots.c",
    ".hidden",
    "größer",
    "exactly13char",
    "twenty-six characters!!!!!",
    "e",
  ]) {
    fs.create(`/DIR/${name}`);
    fs.write(`/DIR/${name}`, 0, content(700 + name.length * 333, name.length));
  }
  fs.write("/DIR/A.TXT", 9000, content(100, 1)); // zeros between
  fs.write("/DIR/b.txt", 510, content(4, 2)); // across two sectors
  fs.rename("/DIR/e", "/DIR/E2");
  fs.rename("/DIR/two.dots.c", "/up here.c");
  fs.rename("/DIR/below a long name", "/moved");
  fs.rename("/DIR/.hidden", "/DIR/größer");
  fs.unlink("/DIR/exactly13char");
  fs.mkdir("/moved/and below");
  fs.rmdir("/moved/and below");
  for (let number = 0; number < 40; number++) fs.create(`/moved/file of number ${number}`);
  for (let number = 0; number < 40; number += 3) fs.unlink(`/moved/file of number ${number}`);
  fs.create("/moved/in a hole that is large enough");
  fs.sync();
}

test.each([
  ["fat12", 2, ["cc6c5ffaad2f", "159b69320eac"]],
  ["fat16", 8, ["89a3222abccd", "4c9269c2d943"]],
  ["fat32", 34, ["78851bf1ec71", "48677247af5b"]],
] as readonly (readonly [FatType, number, readonly string[]])[])("%s", (type, mib, digests) => {
  const bytes = formatted(type, mib);
  const fs = new FatFileSystem(new Memory(bytes), { readOnly: false, now: clock() });
  live(fs);
  const again = new FatFileSystem(new Memory(bytes), { readOnly: true, now: clock() });
  const found: string[] = [];
  const walk = (path: string): void => {
    for (const entry of again.list(path)) {
      found.push(`${path}/${JSON.stringify(entry)}`);
      if (entry.kind === "directory") walk(`${path}/${entry.name}`);
      else
        found.push(
          digestOf(again.read(`${path}/${entry.name}`)),
          digestOf(again.read(`${path}/${entry.name}`, 300, 600)),
        );
    }
  };
  walk("");
  const end = bytes.findLastIndex((byte) => byte !== 0);
  const report = checkFat(new Memory(bytes));
  expect(report.problems).toEqual([]);
  const told = digestOf(`${found.join("\n")}\n${JSON.stringify(report)}`);
  expect([told, digestOf(bytes.subarray(0, end + 1))]).toEqual(digests);
});
