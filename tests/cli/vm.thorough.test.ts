/** More of `qure vm` (vm.test.ts): copies, memory, devices, templates, numbers, and QEMU. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { atLength } from "../setup/thoroughly.ts";
import { bundle, done, Machines, refused } from "./machines.ts";

const machines = new Machines();
const { folder, env, vm, list } = machines;
beforeAll(() => {
  machines.begin();
  done(vm("launch", "web"));
  done(vm("wait", "web", "--for", "cluster"));
});
afterAll(() => machines.end(["main", "other", "many", "ends"]));

test("a stranger at the owner's socket is told what is wrong, and machines go on", async () => {
  done(vm("start", "web"));
  const sockets = readdirSync(join(folder, "run/qure-vm")).filter((name) => name.endsWith(".sock"));
  for (const [line, wanted] of [
    ["null", /expected a line of JSON with a verb/],
    ["garbage", /expected a line of JSON with a verb/],
    ['{"verb":"start"}', /start needs a key/],
    ['{"verb":"start","key":7}', /key is a machine's name or number/],
    ['{"verb":"sendkey","key":"web","keys":5}', /sendkey needs keys, a list/],
    ['{"verb":"set","name":7}', /set needs name, a text/],
    ['{"verb":"set","name":"x","value":{}}', /set needs a value: a text, or null/],
    ['{"verb":"constructor","key":"web"}', /this owner knows nothing of constructor/],
    ['{"verb":"explode","key":"web"}', /this owner knows nothing of explode/],
    ['{"verb":"fork","key":"web","volume":null,"id":"../x"}', /fork needs an id/],
    ['{"verb":"keep","key":"web","volume":null,"name":"../x"}', /keep needs a name/],
  ] as const) {
    const socket = createConnection(join(folder, "run/qure-vm", sockets[0]!));
    let answer = "";
    socket.setEncoding("utf8").on("data", (piece: string) => (answer += piece));
    socket.write(`${line}\n`);
    await new Promise((ended) => socket.on("close", ended));
    expect(answer).toMatch(wanted);
  }
  expect(list()).toContain("web running");
});

test("an owner that is told to end does so, though a machine of it runs without a rest", async () => {
  done(vm("launch", "boots", "-c", "ends"));
  const { owner } = JSON.parse(done(vm("list", "--json", "-c", "ends"))) as { owner: { pid: number } };
  process.kill(owner.pid, "SIGTERM");
  while (existsSync(`/proc/${owner.pid}`)) await new Promise((next) => setTimeout(next, 20));
  expect(list("-c", "ends")).toEqual(["boots off"]);
});

test("two machines with one MAC address do not run at once", () => {
  done(vm("add", "twin"));
  const [, mac] = /^MAC +(\S+)$/m.exec(done(vm("status", "web")))!;
  done(vm("set", "twin", `mac=${mac}`));
  expect(refused(vm("start", "twin"))).toMatch(
    /^1 .*machine twin has the MAC address \S+, and so has web, which runs: give it another, such as "qure vm set twin mac=52:/,
  );
  done(vm("remove", "twin"));
});

test("its disk is copied while it runs: files come out, clones begin so and are others", () => {
  done(vm("exec", "web", "--", "echo hello > /net/note; sync"));
  done(vm("cp", "web:/net/note", "note"));
  expect(readFileSync(join(folder, "note"), "utf8")).toBe("hello\n");
  done(vm("snapshot", "create", "web", "monday"));
  expect(done(vm("snapshot", "list", "web"))).toContain("monday");
  expect(done(vm("clone", "web", "copy", "--disk-only"))).toBe("qure-copy: begins as qure-web is now\n");
  const of = (name: string) =>
    JSON.parse(done(vm("status", name, "--json"))) as { id: string; machine: string; driver: string };
  expect(of("copy").id).not.toBe(of("web").id);
  done(vm("start", "copy"));
  done(vm("wait", "copy", "--for", "cluster"));
  expect(done(vm("exec", "copy", "--", "cat /net/note"))).toBe("hello\n");
  expect(done(vm("stop", "copy"))).toBe("qure-copy: off\n");
  writeFileSync(join(folder, "other"), "from here\n");
  done(vm("cp", "other", "copy:/net/other"));
  done(vm("cp", "copy:/net/other", "back"));
  expect(readFileSync(join(folder, "back"), "utf8")).toBe("from here\n");
  // One that runs fetches it, and has it whole or not at all.
  const bytes = Uint8Array.from({ length: 300_001 }, (_, index) => index * 7 + (index >> 8));
  writeFileSync(join(folder, "bytes"), bytes);
  writeFileSync(join(folder, "none"), "");
  done(vm("exec", "web", "--", "mkdir /net/sub"));
  done(vm("cp", "bytes", "web:/net/sub"));
  done(vm("cp", "bytes", "web:/net/sub/again"));
  done(vm("cp", "none", "web:/net/sub/"));
  for (const name of ["bytes", "again", "none"]) {
    done(vm("cp", `web:/net/sub/${name}`, "got"));
    expect(readFileSync(join(folder, "got")).equals(name === "none" ? Buffer.of() : bytes), name).toBe(true);
  }
  expect(refused(vm("cp", "bytes", "web:/net/missing/file"))).toMatch(/^1 .*qure-web has not taken bytes: .*missing/);
  expect(refused(vm("cp", "absent", "web:/net/sub/"))).toMatch(/^1 .*absent: no such file/);
  expect(refused(vm("cp", "bytes", "web:/net/a b"))).toMatch(/^2 .*while a machine runs, names have letters/);
  expect(done(vm("exec", "web", "--", "ls /net/sub"))).not.toMatch(/part/);
});

test("a suspended machine goes on where it was, and not over a disk that was written since", () => {
  done(vm("exec", "web", "--", "set kept=yes"));
  expect(done(vm("suspend", "web"))).toBe("qure-web: suspended\n");
  expect(list()).toContain("web suspended");
  expect(done(vm("start", "web"))).toBe("qure-web: goes on\n");
  expect(done(vm("exec", "web", "--", "echo $kept"))).toBe("yes\n");
  done(vm("suspend", "web"));
  // What it was configured to meanwhile cannot go on, and what it was can.
  done(vm("set", "web", "memory=64M"));
  expect(refused(vm("start", "web"))).toMatch(
    /^1 .*qure-web\/memory: state of a machine with 33554432 .*: "qure vm set" it back, or "qure vm start --discard"/,
  );
  done(vm("set", "web", "memory=32M"));
  expect(done(vm("start", "web"))).toBe("qure-web: goes on\n");
  expect(done(vm("exec", "web", "--", "echo $kept"))).toBe("yes\n");
  done(vm("suspend", "web"));
  const { id, disk: own } = JSON.parse(done(vm("status", "web", "--json"))) as { id: string; disk: string };
  writeFileSync(join(folder, "x"), "x");
  const disk = ["disk", "put", "x", `${own}/x`];
  expect(spawnSync("node", [bundle, ...disk], { cwd: folder, env: { ...env, QURE_MACHINE: id } }).status).toBe(0);
  expect(refused(vm("start", "web"))).toMatch(/its disk was written since it was suspended: "qure vm start --discard"/);
  expect(done(vm("start", "web", "--discard"))).toBe("qure-web: started\n");
  done(vm("wait", "web"));
});

test("a snapshot has the memory too, goes on from it as a copy of itself, and only with its own disk", () => {
  done(vm("exec", "web", "--", "set kept=then; echo then > /net/then; sync"));
  // It runs with what it had when it was started.
  done(vm("set", "web", "memory=64M"));
  expect(done(vm("snapshot", "create", "web", "then"))).toBe(
    "qure-web: then is its disk and its memory as they are now\n",
  );
  expect(done(vm("snapshot", "list", "web"))).toMatch(
    /^SNAPSHOT +DISK +MEMORY\n(?:.*\n)*then +[\d.]+ MiB +[\d.]+ [KM]iB$/m,
  );
  done(vm("exec", "web", "--", "set kept=later; rm /net/then; sync"));
  const back = ["snapshot", "restore", "web", "then"];
  expect(refused(vm(...back))).toMatch(/^1 .*machine web is running: "qure vm stop web" first/);
  done(vm("stop", "web"));
  expect(done(vm(...back))).toBe("qure-web: it is as it was in then, and goes on from there\n");
  expect(list()).toContain("web suspended");
  expect(done(vm("start", "web"))).toBe("qure-web: goes on\n");
  done(vm("wait", "web", "--for", "has come back from a snapshot; its node joins anew"));
  expect(done(vm("exec", "web", "--", "echo $kept; cat /net/then"))).toBe("then\nthen\n");
  done(vm("stop", "web"));
  // Another snapshot of this name is another disk.
  const sealed = join(folder, "machines/main/qure-web/snapshots/then.json");
  writeFileSync(sealed, readFileSync(sealed, "utf8").replace(/"disk":"../, '"disk":"xx'));
  expect(refused(vm(...back))).toMatch(/^1 .*the memory of another disk than then is now: --disk-only goes back/);
  done(vm(...back, "--disk-only"));
  done(vm("snapshot", "remove", "web", "then"));
  done(vm("set", "web", "memory=32M"));
  done(vm("start", "web"));
  done(vm("wait", "web"));
});

test("a machine stands still, is reset, shows its screen, and is typed at", async () => {
  done(vm("pause", "web"));
  expect(list()).toContain("web paused");
  expect(refused(vm("exec", "web", "--", "ls"))).toMatch(/machine web is paused: "qure vm unpause web" first/);
  done(vm("unpause", "web"));
  done(vm("screenshot", "web", "web.png"));
  expect(readFileSync(join(folder, "web.png")).subarray(1, 4).toString()).toBe("PNG");
  const typed = spawnSync("node", [bundle, "vm", "console", "web"], {
    cwd: folder,
    env,
    input: "echo typed-$((6*7))\n",
    encoding: "utf8",
  });
  expect(typed.status).toBe(0);
  done(vm("wait", "web", "--for", "typed-42"));
  done(vm("sendkey", "web", "shift-a", "ret"));
  const watch = spawn("node", [bundle, "vm", "watch"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  let events = "";
  watch.stdout.setEncoding("utf8").on("data", (piece: string) => (events += piece));
  await new Promise((ready) => setTimeout(ready, 500));
  done(vm("reset", "web"));
  done(vm("wait", "web"));
  expect(done(vm("stop", "--kill", "web"))).toBe("qure-web: off: its power was cut\n");
  const ended = new Promise((end) => watch.on("close", end));
  watch.kill("SIGINT");
  await ended;
  expect(
    events
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { key: string; state: string }).state),
  ).toContain("off");
});

test("a machine with a port of this host, from a template, an image and a volume", async () => {
  writeFileSync(
    join(folder, "t.jsonc"),
    '{ "memory": "48M", "displayName": "Number {key}", "disk": { "content": "qure" } }',
  );
  done(vm("add", "t", "--from", "t.jsonc", "--forward", "0:80", "--driver", "emu", "--cpu", "2", "--cluster", "other"));
  expect(done(vm("status", "t", "-c", "other"))).toContain("48M");
  done(vm("add", "i", "--from", "build/qure.img", "-c", "other", "--mem", "64m", "--disk", "64M"));
  done(vm("launch", "iso", "--from", "build/qure.iso", "-c", "other"));
  done(vm("wait", "iso", "-c", "other"));
  expect(refused(vm("add", "w", "--from", "volume:none", "-c", "other"))).toMatch(/none/);
  expect(refused(vm("add", "w", "--from", "none.img", "-c", "other"))).toMatch(
    /none\.img: no such template, image or volume/,
  );
  writeFileSync(join(folder, "bad.jsonc"), "{\n; no comment\n}");
  expect(refused(vm("add", "w", "--from", "bad.jsonc", "-c", "other"))).toMatch(
    /bad\.jsonc:2:1: error: .*a comment begins with \/\//,
  );
  done(vm("stop", "iso", "--kill", "-c", "other"));
  expect(done(vm("top", "-c", "other"))).toMatch(/qure-iso +off/);
});

test("a command that does not end is ended, and the next one has its shell", () => {
  done(vm("start", "web"));
  done(vm("wait", "web"));
  const endless = vm("exec", "web", "--timeout", "1", "--", "while true; do true; done");
  expect(refused(endless)).toMatch(/^1 .*the end of the command did not come within 1 s/);
  expect(done(vm("exec", "web", "--", "echo $((6*7))"))).toBe("42\n");
});

test("a port that somebody has is named, and the machine is made", async () => {
  const taken = createServer();
  await new Promise<void>((ready) => taken.listen(0, "127.0.0.1", ready));
  const { port } = taken.address() as AddressInfo;
  expect(refused(vm("launch", "p", "--forward", `${port}:80`, "-c", "other"))).toMatch(
    /qure-p is made, and does not start: its port \d+:80 cannot be had: 127\.0\.0\.1:\d+: in use already; "qure vm set p forward="/,
  );
  taken.close();
});

atLength("a number of machines is kept, and the daemon starts what failed", async () => {
  expect(done(vm("scale", "1", "-c", "many"))).toMatch(/^qure-1: made\n1 run; "qure vm daemon" keeps it so\n$/);
  expect(done(vm("daemon", "--unit"))).toMatch(/ExecStart=.* vm daemon\n/);
  expect((JSON.parse(done(vm("daemon", "--unit", "--json"))) as { unit: string }).unit).toContain("ExecStart");
  done(vm("stop", "1", "--kill", "-c", "many"));
  // What is no cluster does not end the daemon.
  mkdirSync(join(folder, "machines/lost+found"));
  symlinkSync("nowhere", join(folder, "machines/gone"));
  const daemon = spawn("node", [bundle, "vm", "daemon"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  daemon.stdout.setEncoding("utf8").on("data", (piece: string) => (said += piece));
  while (!/running/.test(done(vm("list", "-c", "many")))) await new Promise((next) => setTimeout(next, 100));
  const second = vm("daemon");
  expect(refused(second)).toMatch(/process \d+ is this host's daemon already/);
  const ended = new Promise((end) => daemon.on("close", end));
  daemon.kill("SIGTERM");
  await ended;
  expect(said).toContain("looks after");
  expect(done(vm("scale", "0", "-c", "many"))).toMatch(/^qure-1: gone\n0 run/);
  expect(refused(vm("scale", "lots"))).toMatch(/^2 .*scale lots: write a number/);
});

test("a machine in QEMU is a member of the cluster of one in the emulator", (context) => {
  requireOracle("qemu-system-i386", context);
  done(vm("start", "web"));
  done(vm("add", "q", "--driver", "qemu"));
  expect(done(vm("start", "q"))).toBe("qure-q: started\n");
  done(vm("wait", "q", "--for", "cluster"));
  done(vm("wait", "web", "--for", "cluster"));
  expect(done(vm("exec", "q", "--", "cloud"))).toMatch(/qure-web .* member/);
  expect(list()).toContain("q running");
  done(vm("pause", "q"));
  done(vm("unpause", "q"));
  done(vm("exec", "q", "--", "set kept=yes"));
  done(vm("suspend", "q"));
  expect(list()).toContain("q suspended");
  done(vm("resume", "q"));
  expect(done(vm("exec", "q", "--", "echo $kept"))).toBe("yes\n");
  done(vm("screenshot", "q", "q.png"));
  expect(readFileSync(join(folder, "q.png")).subarray(1, 4).toString()).toBe("PNG");
  expect(done(vm("clone", "q", "q2"))).toBe(
    "qure-q2: begins as qure-q is now, but for what is in its memory: qemu keeps that\n",
  );
  expect(done(vm("exec", "q", "--", "hostname"))).toBe("qure-q\n");
  done(vm("reset", "q"));
  done(vm("wait", "q", "--for", "age 2"));
  expect(done(vm("stop", "q"))).toBe("qure-q: off\n");
  done(vm("remove", "q", "q2"));
});
