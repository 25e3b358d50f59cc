// What the fuzzers share: cases run one after the other in a child process, which is watched from outside. A case that
// crashes, takes more than 5 s of the processor or holds more than 1 GiB is a finding: it is printed once, with the
// command that repeats it, and its input is left in build/fuzz/.

import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";
import { positiveNumber, wholeNumber, workshopCommand } from "./command.mjs";

const MAXIMUM_RSS_BYTES = 1 << 30;
const MAXIMUM_CASE_SECONDS = 5;
/** Without a word from the child it hangs; it builds a system first, and the machine may be busy. */
const MAXIMUM_SILENCE_SECONDS = 600;
/** Cases between two words of the child. */
const CASES_PER_REPORT = 16;

/**
 * `script` is the file that the user runs as `node scripts/NAME.mjs [SECONDS] [SEED]`, and what it does; `target`
 * exports a class `FuzzTarget` whose `run(seed)` returns what was tried ({ kind, input }) and, as `finding`, what went
 * wrong or null.
 */
export async function fuzz({ script, description, target, args = [] }) {
  const outfile = `build/fuzz/${basename(script, ".mjs")}.target.mjs`;
  if (process.send !== undefined) await work(outfile, args);
  else await supervise(script, description, target, outfile);
}

/** For how many seconds a fuzzer is to run, and from which seed on. */
export function fuzzerWords(name, description) {
  const [seconds, seed] = workshopCommand(`node scripts/${name}`, description, "60 1")
    .argument("[seconds]", "how long", positiveNumber, 60)
    .argument("[seed]", "the first case's number; drawn when absent", wholeNumber(0, 2 ** 31 - 1))
    .parse().processedArgs;
  return { seconds, first: seed ?? Math.floor(Math.random() * 2 ** 30) };
}

/** In the child: case after case. With `careful` each is announced before it runs. */
async function work(outfile, args) {
  const { FuzzTarget } = await import(pathToFileURL(outfile).href);
  const target = new FuzzTarget(...args);
  const report = (message) => new Promise((done) => void process.send(message, done));
  const [first, seconds, careful] = process.argv.slice(2).map(Number);
  const end = Date.now() + seconds * 1000;
  let seed = first;
  for (; Date.now() < end; seed++) {
    if (seed % CASES_PER_REPORT === 0 || careful) await report({ seed });
    const start = process.cpuUsage();
    const { kind, finding, input } = target.run(seed);
    const { user } = process.cpuUsage(start);
    const { rss } = process.memoryUsage();
    const excess =
      user > MAXIMUM_CASE_SECONDS * 1e6
        ? `took ${(user / 1e6).toFixed(1)} s`
        : rss > MAXIMUM_RSS_BYTES
          ? `holds ${Math.round(rss / 1048576)} MiB`
          : null;
    if (finding !== null || excess !== null)
      await report({ seed, kind, finding: finding ?? excess, input: Buffer.from(input).toString("latin1") });
  }
  await report({ seed, done: true });
  process.exit(0);
}

async function supervise(script, description, target, outfile) {
  const { seconds, first } = fuzzerWords(basename(script), description);
  await bundle(target, outfile);
  const command = `node scripts/${basename(script)}`;
  process.stdout.write(`fuzzing for ${seconds} s from seed ${first} on: ${command} ${seconds} ${first}\n`);
  const end = Date.now() + seconds * 1000;
  const findings = new Map();
  const note = (seed, kind, text, input) => {
    // One crash has many seeds: its first lines tell which it is.
    const key = text.split("\n").slice(0, 2).join("\n").replace(/\d+/g, "N");
    findings.set(key, (findings.get(key) ?? 0) + 1);
    if (findings.get(key) > 1) return;
    process.stdout.write(
      `\nseed ${seed} (${kind}): ${text.split("\n").slice(0, 8).join("\n  ")}\n  again: ${command} 1 ${seed}\n`,
    );
    if (input !== undefined) writeFileSync(`build/fuzz/${seed}.${kind}`, input, "latin1");
  };
  let seed = first;
  let careful = 0;
  while (Date.now() < end) {
    const rest = (end - Date.now()) / 1000;
    const outcome = await run(script, seed, careful ? Math.min(60, rest) : rest, careful, note);
    seed = outcome.seed;
    if (!outcome.ended && careful) note(seed++, "case", outcome.reason);
    // The child died or hung: its last cases are repeated with each one announced, to learn which it was.
    careful = outcome.ended || careful ? 0 : 1;
  }
  const count = [...findings.values()].reduce((sum, one) => sum + one, 0);
  process.stdout.write(`\n${seed - first} cases, ${findings.size} findings (${count} times)\n`);
  process.exit(findings.size > 0 ? 1 : 0);
}

function run(script, from, seconds, careful, note) {
  return watchChild(script, [from, seconds, careful], MAXIMUM_SILENCE_SECONDS, (message) => {
    if (message.finding !== undefined) note(message.seed, message.kind, message.finding, message.input);
  });
}

/**
 * Runs a script with the arguments, the first of which is the seed that it begins with. It is ended when it says
 * nothing for too long. Resolves to the last seed of which it spoke, whether it came to its end ({ done: true }), and
 * why not.
 */
export function watchChild(script, args, silenceSeconds, onMessage) {
  return new Promise((resolve) => {
    const child = fork(script, args.map(String), {
      execArgv: ["--max-old-space-size=1024"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let seed = args[0];
    let errors = "";
    let ended = false;
    let reason = "the process ended";
    const hang = () => {
      reason = `no end within ${silenceSeconds} s`;
      child.kill("SIGKILL");
    };
    let watch = setTimeout(hang, silenceSeconds * 1000);
    child.stderr.on("data", (data) => void (errors = (errors + data).slice(-4000)));
    child.on("message", (message) => {
      seed = message.seed;
      clearTimeout(watch);
      watch = setTimeout(hang, silenceSeconds * 1000);
      if (message.done) ended = true;
      else onMessage(message);
    });
    child.on("exit", () => {
      clearTimeout(watch);
      resolve({
        seed,
        ended,
        reason: `${reason}: ${errors.split("\n").find((line) => /Error|FATAL/.test(line)) ?? ""}`,
      });
    });
  });
}
