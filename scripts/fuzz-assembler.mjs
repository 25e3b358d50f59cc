// node scripts/fuzz-assembler.mjs [SECONDS] [SEED]: random sources, objects and images through the assembler, objdump and inspect.
// Prints what it found, with the seed that repeats it, and leaves the input in build/fuzz/. Exit code 1 when there was a finding.
import { build } from "esbuild";
import { fork } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const MAXIMUM_RSS_BYTES = 1 << 30;
/** A case that takes longer hangs; the machine may be busy. */
const MAXIMUM_SECONDS = 60;
const BUNDLE = "build/fuzz/target.mjs";
const FOLDERS = ["asm", "boot"];

if (process.send !== undefined) await work();
else await supervise();

/** In the child: case after case, each announced before it runs. */
async function work() {
  const { FuzzTarget } = await import(new URL(`../${BUNDLE}`, import.meta.url).href);
  const target = new FuzzTarget(FOLDERS, ".");
  const report = (message) => new Promise((done) => void process.send(message, done));
  let seed = Number(process.argv[2]);
  const end = Date.now() + Number(process.argv[3]) * 1000;
  for (; Date.now() < end; seed++) {
    if (seed % 16 === 0 || Number(process.argv[4])) await report({ seed });
    const start = process.cpuUsage();
    const { kind, finding, input } = target.run(seed);
    const { user } = process.cpuUsage(start);
    const { rss } = process.memoryUsage();
    const slow = user > 10e6 ? `took ${(user / 1e6).toFixed(1)} s` : rss > MAXIMUM_RSS_BYTES ? `holds ${Math.round(rss / 1048576)} MiB` : null;
    if (finding !== null || slow !== null) await report({ seed, kind, finding: finding ?? slow, input: Buffer.from(input).toString("latin1") });
  }
  await report({ seed, done: true });
  process.exit(0);
}

async function supervise() {
  const seconds = Number(process.argv[2] ?? 60);
  let seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
  const first = seed;
  mkdirSync("build/fuzz", { recursive: true });
  await build({ entryPoints: ["tests/assembler/fuzz-target.ts"], outfile: BUNDLE, bundle: true, platform: "node", format: "esm", target: "node20", logLevel: "warning" });
  process.stdout.write(`fuzzing for ${seconds} s from seed ${seed} on: node scripts/fuzz-assembler.mjs ${seconds} ${seed}\n`);
  const end = Date.now() + seconds * 1000;
  const findings = new Map();
  const note = (at, kind, text, input) => {
    // One crash has many seeds: its first lines tell which it is.
    const key = text.split("\n").slice(0, 2).join("\n").replace(/\d+/g, "N");
    findings.set(key, (findings.get(key) ?? 0) + 1);
    if (findings.get(key) > 1) return;
    process.stdout.write(`\nseed ${at} (${kind}): ${text.split("\n").slice(0, 6).join("\n  ")}\n`);
    if (input !== undefined) writeFileSync(`build/fuzz/${at}.${kind}`, input, "latin1");
  };
  let careful = 0;
  while (Date.now() < end) {
    const outcome = await run(seed, careful > 0 ? Math.min(60, (end - Date.now()) / 1000) : (end - Date.now()) / 1000, careful, note);
    if (outcome.ended) {
      seed = outcome.seed;
      careful = 0;
      continue;
    }
    // The child died or hung: repeat its last cases with each one announced, to learn which it was.
    if (careful > 0) {
      note(outcome.seed, "as", outcome.reason);
      seed = outcome.seed + 1;
      careful = 0;
    } else {
      seed = outcome.seed;
      careful = 1;
    }
  }
  const count = [...findings.values()].reduce((sum, one) => sum + one, 0);
  process.stdout.write(`\n${seed - first} cases, ${findings.size} findings (${count} times)\n`);
  process.exit(findings.size > 0 ? 1 : 0);
}

function run(from, seconds, careful, note) {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), [String(from), String(seconds), String(careful)], { execArgv: ["--max-old-space-size=1024"], stdio: ["ignore", "ignore", "pipe", "ipc"] });
    let seed = from;
    let errors = "";
    let ended = false;
    let watch = setTimeout(hang, MAXIMUM_SECONDS * 1000);
    let reason = "the process ended";
    function hang() {
      reason = `no end within ${MAXIMUM_SECONDS} s`;
      child.kill("SIGKILL");
    }
    child.stderr.on("data", (data) => void (errors = (errors + data).slice(-4000)));
    child.on("message", (message) => {
      seed = message.seed;
      clearTimeout(watch);
      watch = setTimeout(hang, MAXIMUM_SECONDS * 1000);
      if (message.done) ended = true;
      else if (message.finding !== undefined) note(message.seed, message.kind, message.finding, message.input);
    });
    child.on("exit", () => {
      clearTimeout(watch);
      resolve({ seed, ended, reason: `${reason}: ${errors.split("\n").find((line) => /Error|FATAL/.test(line)) ?? ""}` });
    });
  });
}
