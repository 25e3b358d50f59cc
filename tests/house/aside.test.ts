/**
 * What is built is put into its place whole, and is not built again while it is of the same sources
 * (scripts/aside.mjs).
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { isCurrent, putInPlace, writeStamp } from "../../scripts/aside.mjs";

const module = join(import.meta.dirname, "../../scripts/aside.mjs");

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "qure-aside-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function made(path: string, text: string): string {
  mkdirSync(path);
  for (const name of ["first", "last"]) writeFileSync(join(path, name), text);
  return path;
}

test("takes the place of what was there, which is moved away", () => {
  const folder = scratch();
  const [place, old] = [join(folder, "dist"), join(folder, "old")];
  putInPlace(made(join(folder, "a"), "a"), place, old);
  expect([readFileSync(join(place, "last"), "utf8"), existsSync(old)]).toEqual(["a", false]);
  putInPlace(made(join(folder, "b"), "b"), place, old);
  expect([readFileSync(join(place, "last"), "utf8"), readFileSync(join(old, "last"), "utf8")]).toEqual(["b", "a"]);
});

test("builds at once leave one of them, whole", async () => {
  const folder = scratch();
  const program = `
    import { mkdirSync, writeFileSync } from "node:fs";
    import { putInPlace } from ${JSON.stringify(module)};
    for (let round = 0; round < 80; round++) {
      const name = process.argv[1] + round;
      mkdirSync(name);
      for (const file of ["first", "last"]) writeFileSync(name + "/" + file, name);
      putInPlace(name, "dist", "old" + name);
    }`;
  const run = (name: string) =>
    promisify(execFile)("node", ["--input-type=module", "-e", program, name], { cwd: folder });
  await Promise.all(["a", "b"].map(run));
  const [first, last] = ["first", "last"].map((file) => readFileSync(join(folder, "dist", file), "utf8"));
  expect(first).toBe(last);
  expect(readdirSync(join(folder, "dist"))).toEqual(["first", "last"]);
});

test("is current as long as the sources are the same and no file has gone", () => {
  const folder = scratch();
  const place = made(join(folder, "dist"), "text");
  expect(isCurrent(place, ".stamp", "1")).toBe(false);
  writeStamp(place, ".stamp", "1");
  expect(isCurrent(place, ".stamp", "1")).toBe(true);
  expect(isCurrent(place, ".stamp", "2")).toBe(false);
  rmSync(join(place, "first"));
  expect(isCurrent(place, ".stamp", "1")).toBe(false);
});
