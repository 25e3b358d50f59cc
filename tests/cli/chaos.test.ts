/**
 * `qure chaos` on machines of somebody else, which begin from a snapshot: the options that QuRe's own cluster does not
 * need.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle, type Ended, qure as inProcess } from "./in-process.ts";

let folder: string;

const qure = (...args: readonly string[]): Promise<Ended> => inProcess(args, { cwd: folder });
/** Short runs. */
const SHORT = ["--until", "300ms", "--bound", "1s"];

/** Sleeps, and wakes to sleep on: `sti`, `hlt`, `jmp`. */
const SLEEPER = Uint8Array.from(
  { length: 512 },
  (_, at) => [0xfb, 0xf4, 0xeb, 0xfd][at] ?? [0x55, 0xaa][at - 510] ?? 0,
);

const RULE = `export const invariants = [{
  name: "power",
  kind: "wrong",
  rule: "the first machine keeps its power",
  watch: ({ lab }) => ({ look: () => (lab.nodes[0].isOff ? "it is off" : null) }),
}, {
  name: "longer than its column",
  kind: "stuck",
  rule: "it holds",
  watch: () => ({ look: () => null }),
}];
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "qure-chaos-"));
  writeFileSync(join(folder, "sleeper.img"), SLEEPER);
  writeFileSync(join(folder, "rule.mjs"), RULE);
  const words = ["--hda", "sleeper.img", "--nodes", "2", "--memory", "1M", "--at", "1s"];
  const saved = await qure("snapshot", "save", "two", ...words);
  expect(saved.status, saved.stderr).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("runs seeds of faults on a snapshot, and says which", async () => {
  const { status, stdout, stderr } = await qure("chaos", "--snapshot", "two", "--seeds", "2", ...SHORT);
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/^seeds 1 to 2: 2 runs, .* 0 broken$/m);
});

test("a campaign that is interrupted says so, and how many runs it made", async () => {
  const child = spawn("node", [bundle, "chaos", "--snapshot", "two", "--seeds", "100000", ...SHORT], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  let said = "";
  let isAsked = false;
  child.stderr.on("data", (bytes: Buffer) => {
    said += bytes.toString();
    if (isAsked || !/\d+ of 100000 runs/.test(said)) return;
    isAsked = child.kill("SIGTERM");
  });
  expect(await exited).toEqual([130, null]);
  expect(said).toMatch(/qure chaos: error: interrupted: \d+ of 100000 runs were made\n/);
});

test("says how to repeat a run that broke a rule of one's own, on the machines of the snapshot", async () => {
  const own = ["--snapshot", "two", "--invariants", "rule.mjs"];
  const drawn = ["--faults", "cut", "--who", "1", "--budget", "any", "--interval", "100ms"];
  const broken = await qure("chaos", ...own, ...drawn, ...SHORT, "--seed", "3");
  expect(broken.status, broken.stderr).toBe(3);
  expect(broken.stdout).toContain(
    `  again: qure chaos --snapshot two --invariants rule.mjs --until 300ms --bound 1000ms ${drawn.join(" ")} --seed 3\n`,
  );
  expect(broken.stdout).toMatch(/^1 run: wrong: power: it is off\n {2}seed 3\n/m);
  expect(broken.stdout).toMatch(/^seed 3: 1 run, .* 1 broken$/m);

  const given = await qure("chaos", ...own, ...SHORT, "--core", "2", "--fault", "100ms cut 1", "--json");
  expect(given.status, given.stderr).toBe(3);
  expect(JSON.parse(given.stdout)).toMatchObject({ runs: 1, results: [{ seed: 1, core: [2] }] });
});

test("lists what means something to these machines: nothing is typed at them, and two make no ring", async () => {
  const { stdout } = await qure("chaos", "--snapshot", "two", "--invariants", "rule.mjs", "--list");
  const names = [...stdout.matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name);
  expect(names).toEqual(expect.arrayContaining(["unplug", "partition", "majority"]));
  for (const name of ["leave", "set", "ring"]) expect(names).not.toContain(name);
  expect(stdout).toContain("\n  power         wrong: the first machine keeps its power\n");
  expect(stdout).toContain("\n  longer than its column  stuck: it holds\n");
});

test.each([
  [["--faults", "ring"], "--faults ring: it means nothing to these 2 machines; unplug,"],
  [["--faults", "leave"], "--faults leave: it means nothing to these 2 machines; "],
  [["--faults", ""], "--faults: write names with commas between them"],
  [["--who", "3"], "--who 3 is none of one,"],
  [["--core", "3", "--fault", "1s cut 1"], "--core 3: there is no such machine"],
  [["--seeds", "9..3"], "--seeds 9..3: write how many, as in 100, or from where to where, as in 201..300"],
  [["--seeds", "0"], "--seeds 0: write how many"],
  [["--seeds", "3", "--seed", "3"], "option '--seed <n>' cannot be used with option '--seeds <n>'"],
  [["--fresh"], "--fresh: give --out too"],
])("%j is refused in a sentence", async (words, sentence) => {
  const { status, stderr } = await qure("chaos", "--snapshot", "two", ...words);
  expect(stderr).toContain(sentence);
  expect(status).toBe(2);
});

test("clusters at sites are of one revision", async () => {
  const { status, stderr } = await qure("chaos", "--sites", "--mixed");
  expect(stderr).toContain("option '--sites' cannot be used with option '--mixed'");
  expect(status).toBe(2);
});
