/** Commands keep compiled guest code from one run to the next: whatever becomes of it, machines do the same. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { KeptScene } from "./kept-scene.ts";

/** Milliseconds, then the list of regions behind its checksum and its length, then their records. */
const FILE_HEAD_BYTES = 8;
const HEAD_BYTES = 8;
/** The loop runs two million times, and some ten thousand times, which are too few for it to be compiled. */
const LONG = "40ms";
const SHORT = "5ms";
let scene: KeptScene;
beforeEach(() => {
  scene = new KeptScene();
});
afterEach(() => scene.end());

const regionsOf = (stats: string): number => Number(/compiled +(\d+) regions/.exec(stats)?.[1]);

interface Region {
  readonly record: Buffer;
  readonly module: Buffer;
}

function listOf(file: Buffer): { regions: [number, [at: number, length: number, check: number], number[]][] } {
  const at = FILE_HEAD_BYTES + HEAD_BYTES;
  return JSON.parse(file.toString("utf8", at, at + file.readUInt32LE(at - 4))) as ReturnType<typeof listOf>;
}

/** Parts of the file. */
function regionsIn(file: Buffer): Region[] {
  const recordsAt = FILE_HEAD_BYTES + HEAD_BYTES + file.readUInt32LE(FILE_HEAD_BYTES + 4);
  return listOf(file).regions.map(([, [at, length]]) => {
    const record = file.subarray(recordsAt + at, recordsAt + at + length);
    const text = record.toString("utf8", HEAD_BYTES, HEAD_BYTES + record.readUInt32LE(4));
    const { moduleBytes } = JSON.parse(text) as { readonly moduleBytes: number };
    return { record, module: record.subarray(record.length - moduleBytes) };
  });
}

test("what ran often is at hand in the next run, until somebody does not want it", () => {
  const cold = scene.run(SHORT, {}, "--stats");
  expect(regionsOf(cold)).toBe(0);
  expect(scene.kept("regions")).toEqual([]);
  scene.run(LONG);
  const [path = "", ...more] = scene.kept("regions");
  expect(more).toEqual([]);
  const before = readFileSync(path);
  expect(regionsIn(before).map(({ module }) => module.length > 0)).toEqual([true]);
  const warm = scene.run(SHORT, {}, "--stats");
  expect(regionsOf(warm)).toBe(1);
  const digestOf = (said: string): string => /^digest \w+$/m.exec(said)![0];
  expect(digestOf(warm)).toBe(digestOf(cold));
  expect(regionsOf(scene.run(SHORT, { QURE_CODE_CACHE: "off" }, "--stats"))).toBe(0);
  // Nothing has changed.
  expect(readFileSync(path).equals(before)).toBe(true);
});

thoroughly("what is damaged, or the code of another guest, does no harm and is made anew", () => {
  const wanted = scene.digest(LONG);
  const [path = ""] = scene.kept("regions");
  const whole = readFileSync(path);
  const flipped = Buffer.from(whole);
  regionsIn(flipped)[0]!.module[100]! ^= 1;
  const inList = Buffer.from(whole);
  inList[FILE_HEAD_BYTES + HEAD_BYTES + 20]! ^= 1;
  const cut = [-1, FILE_HEAD_BYTES + HEAD_BYTES, 3].map((end) => whole.subarray(0, end));
  for (const damaged of [flipped, inList, ...cut]) {
    writeFileSync(path, damaged);
    expect(scene.digest(LONG)).toBe(wanted);
  }
  // The loop of another guest lies where the kept one did.
  writeFileSync(path, whole);
  const other = readFileSync(`${scene.folder}/boot.img`);
  // dec eax; jmp to it
  other.set([0x66, 0x48, 0xeb, 0xfc]);
  writeFileSync(`${scene.folder}/boot.img`, other);
  const taught = scene.digest(LONG);
  expect(scene.digest(LONG, { QURE_CODE_CACHE: "off" })).toBe(taught);
  expect(taught).not.toBe(wanted);
  expect(regionsIn(readFileSync(path))).toHaveLength(2);
});
