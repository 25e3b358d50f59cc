// node scripts/differential.mjs [CASES] [SEED]: random cases through QEMU, the interpreter and compiled code, one
// process for each core (tests/emulator/cpu/differential.ts). Prints what differs, reduced, with the seed that repeats
// it. Exit code 1 when something does.

import { fork } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";
import { wholeNumber, workshopCommand } from "./command.mjs";

const BUNDLE = "build/differential.mjs";
/** Cases of one process run; each has a seed of its own. */
const SHARE = 10_000;

if (process.send !== undefined) await work();
else await supervise();

/** In a child: shares of cases as they are asked for. */
async function work() {
  const { DifferentialTester, ALL_FORMS } = await import(pathToFileURL(resolve(BUNDLE)).href);
  const qemu =
    (process.env.PATH ?? "")
      .split(delimiter)
      .map((folder) => join(folder, "qemu-system-i386"))
      .find((path) => existsSync(path)) ?? null;
  const tester = new DifferentialTester(qemu);
  process.on("message", ({ seed, count }) => {
    let reports;
    try {
      reports = tester.run(seed, count, ALL_FORMS);
    } catch (error) {
      reports = [String(error)];
    }
    process.send({ seed, count, reports, qemu: qemu !== null });
  });
}

async function supervise() {
  const [cases, first] = workshopCommand(
    "node scripts/differential.mjs",
    "random instructions in QEMU, the interpreter and compiled code; exit code 1 when they differ",
    "20000 1",
  )
    .argument("[cases]", "how many", wholeNumber(1), 200_000)
    .argument("[seed]", "of the first share of them", wholeNumber(0), 1)
    .parse().processedArgs;
  mkdirSync("build", { recursive: true });
  const folder = pathToFileURL(resolve("tests/emulator/cpu/differential.ts")).href;
  await bundle("tests/emulator/cpu/differential.ts", BUNDLE, {
    // The programs lie beside the source, not beside the bundle.
    define: { "import.meta.url": JSON.stringify(folder) },
  });
  const started = Date.now();
  const shares = Array.from({ length: Math.ceil(cases / SHARE) }, (_, i) => ({
    seed: first + i,
    count: Math.min(SHARE, cases - i * SHARE),
  }));
  let done = 0;
  let failed = 0;
  let withQemu = true;
  await Promise.all(
    Array.from(
      { length: Math.min(availableParallelism(), shares.length) },
      () =>
        new Promise((finish, fail) => {
          const child = fork(fileURLToPath(import.meta.url));
          const next = () => {
            const share = shares.shift();
            if (share !== undefined) return void child.send(share);
            child.disconnect();
          };
          child.on("message", ({ seed, count, reports, qemu }) => {
            done += count;
            withQemu &&= qemu;
            for (const report of reports) {
              failed++;
              process.stdout.write(
                `seed ${seed}; repeat with node scripts/differential.mjs ${count} ${seed}\n${report}\n\n`,
              );
            }
            next();
          });
          child.on("exit", (code) =>
            code === 0 ? finish() : fail(new Error(`a process of the tester ended with ${code}`)),
          );
          next();
        }),
    ),
  );
  const seconds = (Date.now() - started) / 1000;
  process.stdout.write(
    `${done} cases in the interpreter, compiled${withQemu ? ", in QEMU" : " (no QEMU here)"}: ${failed} differ; ${seconds.toFixed(0)} s, ${(done / seconds).toFixed(0)} a second, seeds from ${first}\n`,
  );
  process.exit(failed > 0 ? 1 : 0);
}
