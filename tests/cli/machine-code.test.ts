/** Commands keep the interpreter's machine code from one run to the next: whatever becomes of it, machines do the same. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Of the file: milliseconds, then a checksum of what V8 gave. */
const CHECK_AT = 8;
const CODE_AT = 12;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-machine-code-"));
  mkdirSync(join(folder, "dist/scripts"), { recursive: true, mode: 0o755 });
  for (const name of ["package.json", "asm", "boot"]) symlinkSync(join(ROOT, name), join(folder, name));
  for (const name of ["qure.cjs", "scripts/emu.cjs", "interpreter-16.wasm", "interpreter-32.wasm", "firmware.bin"])
    copyFileSync(join(ROOT, "dist", name), join(folder, "dist", name));
  const sector = new Uint8Array(512);
  // inc eax; jmp to it
  sector.set([0x66, 0x40, 0xeb, 0xfc]);
  sector.set([0x55, 0xaa], 510);
  writeFileSync(join(folder, "boot.img"), sector);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a run says of the machine at its end, without the time that it took. */
function digest(options: Record<string, string> = {}): string {
  const env = { HOME: folder, XDG_CACHE_HOME: folder, QURE_CODE_CACHE: "", NODE_OPTIONS: "", ...options };
  const args = ["emu", "--hda", "boot.img", "--snapshot", "--for", "20ms"];
  const { stdout } = execaSync("node", [join(folder, "dist/qure.cjs"), ...args], { cwd: folder, env });
  return /^digest \w+$/m.exec(stdout)![0];
}

const kept = (): string[] =>
  readdirSync(join(folder, "dist/scripts"))
    .filter((name) => /^interpreter-16.*\.cache$/.test(name))
    .map((name) => join(folder, "dist/scripts", name));

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
