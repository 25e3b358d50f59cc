/** Commands keep compiled guest code from one run to the next: whatever becomes of it, machines do the same. */
import { readFileSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { KeptScene } from "./kept-scene.ts";

/** Of the file: milliseconds, then a checksum, the length of the description and the description. */
const CHECK_AT = 8;
const LENGTH_AT = 12;
const TEXT_AT = 16;
/** The loop runs two million times, and some ten thousand times, which are too few for it to be compiled. */
const LONG = "40ms";
const SHORT = "5ms";
let scene: KeptScene;
beforeEach(() => {
  scene = new KeptScene();
});
afterEach(() => scene.end());

const regionsOf = (stats: string): number => Number(/compiled +(\d+) regions/.exec(stats)?.[1]);

interface Described {
  readonly shape: string;
  readonly machineCode: readonly [at: number, length: number] | null;
}

function described(file: Buffer): Described[] {
  return JSON.parse(file.toString("utf8", TEXT_AT, TEXT_AT + file.readUInt32LE(LENGTH_AT))) as Described[];
}

test("what ran often is at hand in the next run, until somebody does not want it", () => {
  const cold = scene.run(SHORT, {}, "--stats");
  expect(regionsOf(cold)).toBe(0);
  expect(scene.kept("regions")).toEqual([]);
  scene.run(LONG);
  const [path = "", ...more] = scene.kept("regions");
  expect(more).toEqual([]);
  const before = readFileSync(path);
  expect(described(before)).toMatchObject([{ machineCode: [expect.any(Number), expect.any(Number)] }]);
  const warm = scene.run(SHORT, {}, "--stats");
  expect(regionsOf(warm)).toBe(1);
  const digestOf = (said: string): string => /^digest \w+$/m.exec(said)![0];
  expect(digestOf(warm)).toBe(digestOf(cold));
  expect(regionsOf(scene.run(SHORT, { QURE_CODE_CACHE: "off" }, "--stats"))).toBe(0);
  // Nothing has changed.
  expect(readFileSync(path).equals(before)).toBe(true);
});

thoroughly("what is damaged, or code of other machines, does no harm and is made anew", () => {
  const wanted = scene.digest(LONG);
  const [path = ""] = scene.kept("regions");
  const whole = readFileSync(path);
  const [{ machineCode }] = described(whole) as [Described];
  const [at, length] = machineCode!;
  const codeAt = TEXT_AT + whole.readUInt32LE(LENGTH_AT) + at;
  const flipped = Buffer.from(whole);
  flipped[codeAt + (length >> 1)]! ^= 1;
  const otherCode = Buffer.from(whole).fill(0x90, codeAt, codeAt + length);
  otherCode.writeUInt32LE(crc32(otherCode.subarray(LENGTH_AT)), CHECK_AT);
  for (const damaged of [flipped, otherCode, whole.subarray(0, -1), whole.subarray(0, TEXT_AT), whole.subarray(0, 3)]) {
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
  expect(described(readFileSync(path))).toHaveLength(2);
});
