// node scripts/fuzz-emulator.mjs [SECONDS] [SEED]: machines with random code, device accesses, rings, frames, disks and
// snapshots (tests/emulator/fuzz-target.ts). Prints what it found, with the seed that repeats it. Exit code 1 when
// there was a finding.

import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";
import { fuzzerWords, watchChild } from "./fuzz-driver.mjs";

const BUNDLE = "build/fuzz-emulator.mjs";
const MAXIMUM_RSS_BYTES = 1 << 30;
/** User time of a case that hangs. */
const MAXIMUM_CASE_SECONDS = 20;
/** Without a sign of life for so long, a child is ended; the machine may be busy. */
const MAXIMUM_SILENCE_SECONDS = 180;
/** A child begins anew after so many cases, so that what one leaves behind is not taken for what the next one holds. */
const CASES_PER_CHILD = 2000;

if (process.send !== undefined) await work();
else await supervise();

/** In the child: case after case, each announced before it runs. */
async function work() {
  const { EmulatorFuzz } = await import(pathToFileURL(resolve(BUNDLE)).href);
  const target = new EmulatorFuzz(".");
  const report = (message) => new Promise((done) => void process.send(message, done));
  const first = Number(process.argv[2]);
  const end = Date.now() + Number(process.argv[3]) * 1000;
  let seed = first;
  for (; Date.now() < end && seed < first + CASES_PER_CHILD; seed++) {
    await report({ seed });
    const start = process.cpuUsage();
    const { kind, finding } = target.run(seed);
    const seconds = process.cpuUsage(start).user / 1e6;
    const { rss } = process.memoryUsage();
    const slow =
      seconds > MAXIMUM_CASE_SECONDS
        ? `took ${seconds.toFixed(1)} s`
        : rss > MAXIMUM_RSS_BYTES
          ? `holds ${Math.round(rss / 1048576)} MiB`
          : null;
    await report({ seed, kind, finding: finding ?? slow, rss });
    if (rss > MAXIMUM_RSS_BYTES) break;
  }
  await report({ seed, done: true });
  process.exit(0);
}

async function supervise() {
  const { seconds, first } = fuzzerWords(
    "fuzz-emulator.mjs",
    "machines with random code, device accesses, rings, frames, disks and snapshots; exit code 1 after a finding",
  );
  await bundle("tests/emulator/fuzz-target.ts", BUNDLE);
  const end = Date.now() + seconds * 1000;
  const findings = new Map();
  const kinds = new Map();
  let largest = 0;
  const note = (at, kind, text) => {
    // One fault has many seeds: its first lines tell which it is.
    const key =
      kind +
      text
        .split("\n")
        .slice(0, 3)
        .join("\n")
        .replace(/[0-9a-f]{6,}|\d+/g, "N");
    findings.set(key, (findings.get(key) ?? 0) + 1);
    if (findings.get(key) === 1)
      process.stdout.write(`\nseed ${at} (${kind}): ${text.split("\n").slice(0, 8).join("\n  ")}\n`);
  };
  let seed = first;
  process.stdout.write(`from seed ${first}\n`);
  while (Date.now() < end) {
    const outcome = await watchChild(
      fileURLToPath(import.meta.url),
      [seed, (end - Date.now()) / 1000],
      MAXIMUM_SILENCE_SECONDS,
      ({ seed: reported, kind, finding, rss }) => {
        if (kind === undefined) return;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        largest = Math.max(largest, rss);
        if (finding !== null) note(reported, kind, finding);
      },
    );
    if (!outcome.ended) note(outcome.seed, "process", outcome.reason);
    seed = outcome.ended ? outcome.seed : outcome.seed + 1;
  }
  const count = [...findings.values()].reduce((sum, one) => sum + one, 0);
  const cases = [...kinds]
    .sort()
    .map(([kind, number]) => `${number} ${kind}`)
    .join(", ");
  process.stdout.write(
    `\n${seed - first} cases (${cases}), ${findings.size} findings (${count} times), at most ${Math.round(largest / 1048576)} MiB\n`,
  );
  process.exit(findings.size > 0 ? 1 : 0);
}
