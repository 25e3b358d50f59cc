/** Commands keep the interpreter's machine code from one run to the next: whatever becomes of it, machines do the same. */
import { readFileSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { KeptScene } from "./kept-scene.ts";

/** Of the file: milliseconds, then a checksum of what V8 gave. */
const CHECK_AT = 8;
const CODE_AT = 12;
let scene: KeptScene;
beforeEach(() => {
  scene = new KeptScene();
});
afterEach(() => scene.end());

const digest = (environment: Record<string, string> = {}): string => scene.digest("20ms", environment);
const kept = (): string[] => scene.kept("interpreter-16");

thoroughly("is neither read nor written where it is not wanted", () => {
  digest({ QURE_CODE_CACHE: "off" });
  expect(kept()).toEqual([]);
});

test("is there after the first run and taken by the next, and what is damaged is made anew", () => {
  const wanted = digest();
  const [path = "", ...more] = kept();
  expect(more).toEqual([]);
  const whole = readFileSync(path);
  // A run that does not take it leaves its own.
  whole.writeDoubleLE(60_000);
  writeFileSync(path, whole);
  expect(digest()).toBe(wanted);
  expect(readFileSync(path).equals(whole)).toBe(true);
  const otherCode = Buffer.concat([whole.subarray(0, CODE_AT), Buffer.alloc(5000, 0x90)]);
  otherCode.writeUInt32LE(crc32(otherCode.subarray(CODE_AT)), CHECK_AT);
  const flipped = Buffer.from(whole);
  flipped[whole.length >> 1]! ^= 1;
  for (const damaged of rowsOf([flipped, otherCode, whole.subarray(0, -1), whole.subarray(0, CODE_AT)], 1)) {
    writeFileSync(path, damaged);
    expect(digest()).toBe(wanted);
    expect(readFileSync(path).readDoubleLE()).toBeLessThan(60_000);
  }
});
