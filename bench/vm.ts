/**
 * Machines of `qure vm`: how long until a shell, what idle ones take, copies of one that runs, a list of many, and how
 * long one that hangs is missing while the daemon runs.
 * Needs `build/qure.iso`; QEMU is left out where it is absent.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OwnerClient } from "../src/vm/host/client.ts";
import { Home } from "../src/vm/host/home.ts";

const MANY = Number(process.argv[2] ?? 100);
const ROUNDS = 9;
const IDLE_MS = 20_000;
const bundle = join(process.cwd(), "dist/qure.cjs");
const folder = mkdtempSync(join(tmpdir(), "qure-bench-vm-"));
for (const name of ["run", "build"]) mkdirSync(join(folder, name), { mode: 0o700 });
cpSync("build/qure.iso", join(folder, "build/qure.iso"));
const env = {
  ...process.env,
  XDG_RUNTIME_DIR: join(folder, "run"),
  XDG_STATE_HOME: join(folder, "state"),
  QURE_STORE: join(folder, "volumes"),
  QURE_MACHINES: join(folder, "machines"),
};
const vm = (...args: string[]): string =>
  execFileSync("node", [bundle, "vm", ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

function median(action: (round: number) => void): number {
  const times = Array.from({ length: ROUNDS }, (_, round) => {
    const start = performance.now();
    action(round);
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

/** What files take in a folder, in bytes of the disk. */
const takenBy = (path: string): number =>
  1024 * Number(execFileSync("du", ["-sk", join(folder, path)], { encoding: "utf8" }).split("\t")[0]);

/** How long the owner, and with it the machine, stands still for a clone; and what files a clone takes. */
async function forks(): Promise<void> {
  const home = Home.of("main", env);
  const owner = new OwnerClient(home, env);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await owner.ask({ verb: "fork", key: "emu0", volume: `fork${round}`, id: `${round}`.padStart(32, "0") }, 10_000);
    times.push(performance.now() - start);
  }
  say(`emu: the owner copies disk and memory: ${times.sort((a, b) => a - b)[ROUNDS >> 1]!.toFixed(0)} ms`);
  const before = takenBy("machines") + takenBy("volumes");
  for (let round = 0; round < ROUNDS; round++) vm("clone", "emu0", `f${round}`);
  const eachBytes = (takenBy("machines") + takenBy("volumes") - before) / ROUNDS;
  say(`emu: files of a clone that has just begun: ${(eachBytes / 1024).toFixed(0)} KiB`);
  vm("stop", "--kill", ...Array.from({ length: ROUNDS }, (_, round) => `f${round}`));
}

/** Of one that is at its prompt; the command's own start is in all of them. */
async function starts(driver: string): Promise<void> {
  const ms = median((round) => {
    vm("launch", `${driver}${round}`, "--driver", driver);
    vm("wait", `${driver}${round}`);
  });
  say(`${driver}: launch and wait for the shell, two commands: ${ms.toFixed(0)} ms`);
  const what = driver === "emu" ? ", with its memory" : "'s disk";
  const clone = median((round) => vm("clone", `${driver}0`, `${driver}c${round}`));
  say(`${driver}: clone of a running machine${what}: ${clone.toFixed(0)} ms`);
  if (driver === "emu") {
    vm("stop", "--kill", ...Array.from({ length: ROUNDS }, (_, round) => `emuc${round}`));
    await forks();
  }
  vm("stop", "--kill", ...Array.from({ length: ROUNDS }, (_, round) => `${driver}${round}`));
}

const ownerOf = (): number => {
  const name = readdirSync(join(folder, "run/qure-vm")).find((one) => one.endsWith(".owner"))!;
  return (JSON.parse(readFileSync(join(folder, "run/qure-vm", name), "utf8")) as { pid: number }).pid;
};

/** User and system time of a process, in seconds (proc(5)). */
function secondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function idle(): Promise<void> {
  for (let count = 0; count < MANY; count++) vm("launch", `idle${count}`);
  vm("wait", `idle${MANY - 1}`, "--for", "cluster");
  await sleep(IDLE_MS);
  const pid = ownerOf();
  const before = secondsOf(pid);
  await sleep(IDLE_MS);
  const share = (secondsOf(pid) - before) / (IDLE_MS / 1000);
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
  say(`${MANY} idle machines of one cluster: ${rss.toFixed(0)} MiB, ${(share * 100).toFixed(1)} % of a processor`);
  say(`list of ${vm("list").trim().split("\n").length - 1}: ${median(() => vm("list")).toFixed(0)} ms`);
}

const members = (): readonly string[] => {
  const text = execFileSync("node", [bundle, "cloud", "nodes", "--json"], { cwd: folder, env, encoding: "utf8" });
  return (JSON.parse(text) as { members: { name: string }[] }).members.map(({ name }) => name);
};

/** Until the others say so of a machine. */
async function untilMember(name: string, isMember: boolean): Promise<number> {
  while (members().includes(name) !== isMember) await sleep(50);
  return performance.now();
}

/** One that loops with interrupts off, until the others count it out, and a member again. */
async function replaced(driver: string): Promise<void> {
  const names = [0, 1, 2].map((index) => `${driver}hang${index}`);
  for (const name of names) vm("launch", name, "--driver", driver);
  for (const name of names) vm("wait", name, "--for", "cluster");
  const daemon = spawn("node", [bundle, "vm", "daemon"], { cwd: folder, env, stdio: "ignore" });
  const times: (readonly [number, number])[] = [];
  for (const name of names) {
    await untilMember(`qure-${name}`, true);
    await sleep(3000);
    const start = performance.now();
    const typed = spawn("node", [bundle, "vm", "exec", name, "--", "crash hang"], {
      cwd: folder,
      env,
      stdio: "ignore",
    });
    const gone = await untilMember(`qure-${name}`, false);
    times.push([gone - start, (await untilMember(`qure-${name}`, true)) - start]);
    typed.kill();
  }
  daemon.kill();
  const middle = (index: 0 | 1): string =>
    (times.map((pair) => pair[index]).sort((a, b) => a - b)[1]! / 1000).toFixed(1);
  say(`${driver}: one that hangs is out after ${middle(0)} s, and a member again after ${middle(1)} s`);
  vm("stop", "--kill", ...names);
}

try {
  vm("add", "first");
  await replaced("emu");
  if (spawnSync("qemu-system-i386", ["--version"]).status === 0) await replaced("qemu");
  await starts("emu");
  if (spawnSync("qemu-system-i386", ["--version"]).status === 0) await starts("qemu");
  say(`node alone: ${median(() => execFileSync("node", ["-e", "0"])).toFixed(0)} ms`);
  await idle();
} finally {
  spawnSync("node", [bundle, "vm", "stop", "--kill", "all"], { cwd: folder, env });
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
