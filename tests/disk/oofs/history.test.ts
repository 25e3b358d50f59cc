/**
 * A history on a volume: what is on the disk afterwards, to the byte, and what is read of it, are what they always
 * were.
 */
import { expect, test } from "vitest";
import { check, type FileSystem, format, mount } from "../../../src/disk/oofs/index.ts";
import { digestOf } from "../../setup/digest.ts";
import { MemoryDisk, Random } from "./disks.ts";

const MIB = 1024 * 1024;
const STEPS = 120;

function live(fs: FileSystem, random: Random): void {
  const files: string[] = [];
  const folders = [""];
  const pick = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!;
  const step = (number: number): void => {
    const path = `${pick(folders)}/${number % 3 === 0 ? "a longer name, number " : "n"}${number}`;
    const kind = random.below(10);
    if (kind === 0 && folders.length < 6) {
      fs.mkdir(path);
      folders.push(path);
    } else if (kind < 4 || files.length === 0) {
      fs.create(path);
      fs.write(
        path,
        0,
        Uint8Array.from({ length: random.below(20_000) }, () => random.below(256)),
      );
      files.push(path);
    } else if (kind === 4) fs.truncate(pick(files), random.below(30_000));
    else if (kind === 5)
      fs.write(pick(files), random.below(3_000_000), new Uint8Array(1 + random.below(9000)).fill(number));
    else if (kind === 6) fs.append(pick(files), new Uint8Array(1 + random.below(5000)).fill(number));
    else if (kind === 7) fs.unlink(files.splice(random.below(files.length), 1)[0]!);
    else if (kind === 8) {
      const at = random.below(files.length);
      fs.rename(files[at]!, path);
      files[at] = path;
    } else fs.sync();
    if (number === 40 || number === 80) fs.createSnapshot(`at ${number}`);
    if (number === 70) fs.saveObject("test_object", 3, Uint8Array.of(1, 2, 3));
    if (number === 100) fs.removeSnapshot("at 40");
  };
  for (let number = 0; number < STEPS; number++) step(number);
  fs.sync();
}

function told(fs: FileSystem): string {
  const lines: string[] = [];
  const walk = (path: string): void => {
    for (const entry of fs.list(path)) {
      lines.push(
        JSON.stringify({ path, ...entry }, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value)),
      );
      if (entry.kind === "directory") walk(`${path}/${entry.name}`);
      else lines.push(digestOf(fs.read(`${path}/${entry.name}`)));
    }
  };
  walk("");
  return lines.join("\n");
}

test.each([
  [1, ["516d5ee7f711", "11caba041404", "526e2347e73b"]],
  [2, ["dcb311829538", "62ed70f897de", "6fe70b310afe"]],
  [3, ["24da364d09b8", "14d208dadd69", "b46a16959c29"]],
] as const)("seed %i", (seed, digests) => {
  const disk = new MemoryDisk(12 * MIB);
  let seconds = 1_700_000_000;
  const now = (): { seconds: number; nanoseconds: number } => ({ seconds: seconds++, nanoseconds: seed });
  format(disk, { id: BigInt(seed), time: now() });
  const fs = mount(disk, { now });
  live(fs, new Random(seed));
  const again = mount(disk, { now });
  expect(check(again).problems).toEqual([]);
  const before = told(again.openSnapshot("at 80"));
  expect([digestOf(told(again)), digestOf(before), digestOf(disk.bytes)]).toEqual(digests);
});
