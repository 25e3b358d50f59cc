/** Commands keep their compiled code from one run to the next: whatever becomes of the file, they do the same. */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";

const dist = join(import.meta.dirname, "../../dist");
let folder: string;
let scripts: string;
let home: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-code-"));
  scripts = join(folder, "scripts");
  home = join(folder, "home");
  mkdirSync(scripts, { mode: 0o755 });
  copyFileSync(join(dist, "qure.cjs"), join(folder, "qure.cjs"));
  copyFileSync(join(dist, "scripts/files.cjs"), join(scripts, "files.cjs"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function version(options: Record<string, string> = {}): string {
  const env = { HOME: home, XDG_CACHE_HOME: home, QURE_CODE_CACHE: "", NODE_OPTIONS: "", ...options };
  return execaSync("node", [join(folder, "qure.cjs"), "--version"], { env }).stdout;
}

const kept = (place = scripts): string[] => readdirSync(place).filter((name) => name.endsWith(".cache"));

test("is there after the first run, and a damaged file is made anew", () => {
  const said = version();
  expect(said).toMatch(/^\d+\.\d+\.\d+/);
  const [name = "", ...more] = kept();
  expect(more).toEqual([]);
  const path = join(scripts, name);
  const whole = readFileSync(path);
  for (const damaged of [new Uint8Array(0), whole.subarray(0, whole.length >> 1), whole.map((byte) => byte ^ 0x55)]) {
    writeFileSync(path, damaged);
    expect(version()).toBe(said);
    expect(readFileSync(path).length, "bytes of the file").toBeGreaterThan(whole.length / 2);
  }
});

thoroughly("is made anew by a run that takes much longer than the one that left it", () => {
  version();
  const path = join(scripts, kept()[0]!);
  const long = readFileSync(path);
  long.writeDoubleLE(60_000);
  writeFileSync(path, long);
  version();
  expect(readFileSync(path).equals(long)).toBe(true);
  const short = Buffer.from(long);
  short.writeDoubleLE(1);
  writeFileSync(path, short);
  version();
  expect(readFileSync(path).readDoubleLE()).toBeGreaterThan(1);
});

thoroughly("is neither read nor written where it is not wanted", () => {
  const said = version({ QURE_CODE_CACHE: "off" });
  expect(kept()).toEqual([]);
  // Others could put a program there.
  chmodSync(scripts, 0o777);
  expect(version()).toBe(said);
  expect(kept()).toEqual([]);
  expect(kept(join(home, "qure"))).toHaveLength(1);
});
