/**
 * Speed and memory of `qure ld` beside GNU ld: objects with debugging information of so many megabytes in all, each a
 * copy of one whose names are its own.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { positiveNumber, workshopCommand } from "../scripts/command.mjs";
import { assemble } from "../src/assembler/assemble.ts";
import { compilerOutput } from "./compiled-sources.ts";
import { HEADER, pair, row } from "./peers/measure.ts";

const COMMAND = join(dirname(fileURLToPath(import.meta.url)), "../dist/qure.cjs");
const RUNS = Number(process.env["QURE_BENCH_RUNS"] ?? 3);
const LINES = 600_000;
const MEGABYTE = 1e6;

const { megabytes } = workshopCommand("npm run bench -- linker", "qure ld beside GNU ld", "--megabytes 20")
  .option("--megabytes <number>", "size of the objects in all", positiveNumber, 100)
  .parse()
  .opts<{ readonly megabytes: number }>();

const folder = mkdtempSync(join(tmpdir(), "qure-bench-"));
try {
  // Without global names the copies do not clash.
  const source = Buffer.from(compilerOutput(LINES, true).replaceAll(/^\t\.globl.*\n/gm, ""), "latin1");
  const { object, diagnostics } = assemble({
    path: "bench.s",
    files: { read: (path) => ({ path, bytes: source }) },
  });
  if (object === null) throw new Error(diagnostics[0]?.message);
  const count = Math.max(1, Math.round((megabytes * MEGABYTE) / object.length));
  const files = Array.from({ length: count }, (_, i) => join(folder, `part${i}.o`));
  writeFileSync(files[0]!, object);
  for (const file of files.slice(1)) copyFileSync(files[0]!, file);
  const link = (objects: readonly string[]) =>
    pair(
      [process.execPath, COMMAND, "ld", "-e", "0", ...objects, "-o", join(folder, "ours")],
      ["ld", "-m", "elf_i386", "-e", "0", ...objects, "-o", join(folder, "theirs")],
      RUNS,
    );
  const total = (count * object.length) / MEGABYTE;
  process.stdout.write(`${count} objects, ${total.toFixed(0)} MB; memory for each byte of objects\n${HEADER}\n`);
  process.stdout.write(`${row("all of them", link(files), total * MEGABYTE, { ours: 0, theirs: 0 })}\n`);
  process.stdout.write(`${row("one", link(files.slice(0, 1)), object.length, { ours: 0, theirs: 0 })}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
