/** What goes wrong with machines of other processes, and that nothing else is said of them than what is so. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder } from "../../src/host/folder.ts";
import { requireOracle } from "../oracle.ts";
import { bundle, done, Machines, refused } from "./machines.ts";

const machines = new Machines();
const { folder, vm, list } = machines;
beforeAll(() => machines.begin());
afterAll(() => machines.end(["main", "many", "full", "tail", "disk"]));

interface Said {
  readonly pid: number;
  readonly state: string;
  readonly note: string | null;
}
const status = (name: string, ...more: readonly string[]): Said =>
  JSON.parse(done(vm("status", name, "--json", ...more))) as Said;

/** It ends in any case: a test that is over must not keep its worker from others. */
async function until(holds: () => boolean): Promise<void> {
  for (let times = 0; !holds(); times++) {
    if (times === 1000) throw new Error(`never so: ${holds}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

test("a QEMU that is stopped does not answer, and goes on where it was", async (context) => {
  requireOracle("qemu-system-i386", context);
  done(vm("launch", "q", "--driver", "qemu"));
  done(vm("wait", "q"));
  const { pid } = status("q");
  process.kill(pid, "SIGSTOP");
  await until(() => list()[0] === "q no answer");
  expect(status("q").note).toBe(
    `its QEMU, process ${pid}, is stopped: "kill -CONT ${pid}" has it go on, "kill -9 ${pid}" ends it`,
  );
  for (const args of [["start"], ["stop"], ["remove"], ["exec"], ["console"], ["wait"], ["restart"]])
    expect(refused(vm(...args, "q", ...(args[0] === "exec" ? ["--", "ls"] : [])))).toMatch(
      /^1 .*machine q does not answer: its QEMU, process \d+, is stopped/,
    );
  // Whoever waits too long for an answer gets none, and the next one does.
  expect(refused(vm("screenshot", "q", "--timeout", "1"))).toMatch(/machine q does not screenshot within 1 s/);
  process.kill(pid, "SIGCONT");
  await until(() => list()[0] === "q running");
  expect(done(vm("exec", "q", "--", "echo $((6*7))"))).toBe("42\n");
  process.kill(pid, "SIGSTOP");
  await until(() => list()[0] === "q no answer");
  expect(done(vm("stop", "--kill", "q"))).toBe("qure-q: off: its power was cut\n");
  expect(list()).toEqual(["q off"]);
});

test("what a dead owner has left in QEMU is said to run, until it is ended", async (context) => {
  requireOracle("qemu-system-i386", context);
  done(vm("start", "q"));
  const { pid } = status("q");
  const killOwner = (): void => {
    const { owner } = JSON.parse(done(vm("list", "--json"))) as { owner: { pid: number } };
    process.kill(owner.pid, "SIGKILL");
  };
  killOwner();
  await until(() => list()[0] === "q no answer");
  expect(status("q").note).toBe(
    'QEMU runs it still, without its disk, for its owner is dead: "qure vm stop --kill q" ends it',
  );
  expect(refused(vm("stop", "q"))).toMatch(/machine q does not answer: QEMU runs it still/);
  expect(done(vm("stop", "--kill", "q"))).toBe("qure-q: off: its power was cut\n");
  await until(() => !existsSync(`/proc/${pid}`));
  expect(list()).toEqual(["q off"]);
  done(vm("start", "q"));
  killOwner();
  await until(() => list()[0] === "q no answer");
  expect(done(vm("start", "q"))).toBe("qure-q: started\n");
  done(vm("stop", "--kill", "q"));
});

test("a machine of QEMU whose memory finds no room goes on, and leaves nothing", (context) => {
  requireOracle("qemu-system-i386", context);
  const small = join(folder, "machines/full");
  makeFolder(small);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", small]).status !== 0) {
    context.skip("only root may mount a file system that is small");
    return;
  }
  try {
    done(vm("launch", "f", "--driver", "qemu", "-c", "full"));
    done(vm("wait", "f", "-c", "full"));
    done(vm("exec", "f", "-c", "full", "--", "set kept=yes"));
    expect(refused(vm("suspend", "f", "-c", "full"))).toMatch(/QEMU cannot keep its memory, and goes on/);
    expect(readdirSync(join(small, "qure-f")).sort()).toEqual(["console.log", "machine.jsonc"]);
    expect(done(vm("exec", "f", "-c", "full", "--", "echo $kept"))).toBe("yes\n");
    // A pause is the person's, and stays.
    done(vm("pause", "f", "-c", "full"));
    expect(refused(vm("suspend", "f", "-c", "full"))).toMatch(/QEMU cannot keep its memory/);
    expect(status("f", "-c", "full").state).toBe("paused");
    done(vm("stop", "--kill", "f", "-c", "full"));
  } finally {
    spawnSync("umount", ["-l", small]);
  }
});

test("a memory whose last piece found no room is none, though QEMU was through with it", (context) => {
  requireOracle("qemu-system-i386", context);
  const programs = join(folder, "programs");
  mkdirSync(programs);
  writeFileSync(join(programs, "cat"), "#!/bin/sh\n/bin/cat\nexit 1\n", { mode: 0o755 });
  const env = { ...machines.env, PATH: `${programs}:${process.env["PATH"]}` };
  const tail = (verb: string, ...args: readonly string[]) =>
    spawnSync("node", [bundle, "vm", verb, "-c", "tail", ...args], { cwd: folder, env, encoding: "utf8" });
  done(tail("launch", "t", "--driver", "qemu"));
  done(tail("wait", "t"));
  expect(refused(tail("suspend", "t"))).toMatch(/QEMU cannot keep its memory, and goes on/);
  expect(readdirSync(join(folder, "machines/tail/qure-t")).sort()).toEqual(["console.log", "machine.jsonc"]);
  expect(done(tail("exec", "t", "--", "echo $((6*7))"))).toBe("42\n");
});

test("a disk of the host that is full is said, and a machine of QEMU stands still until there is room", async (context) => {
  requireOracle("qemu-system-i386", context);
  const small = join(folder, "small");
  mkdirSync(small);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", small]).status !== 0) {
    context.skip("only root may mount a file system that is small");
    return;
  }
  const env = { ...machines.env, QURE_STORE: join(small, "volumes") };
  const disk = (verb: string, ...args: readonly string[]) =>
    spawnSync("node", [bundle, "vm", verb, "-c", "disk", ...args], { cwd: folder, env, encoding: "utf8" });
  const looked = (...names: readonly string[]) =>
    JSON.parse(done(disk(names.length > 0 ? "status" : "list", ...names, "--json"))) as Said & { full: unknown[] };
  try {
    for (const driver of ["emu", "qemu"]) done(disk("launch", driver, "--driver", driver));
    done(disk("wait", "all"));
    expect(looked().full).toEqual([]);
    spawnSync("sh", ["-c", "cat /dev/zero > filler"], { cwd: small });
    expect(looked().full).toMatchObject([{ place: env.QURE_STORE, freeBytes: 0 }]);
    const write = "seq 400000 > /net/big; sync";
    // It is said until a write finds room, as one does in a block that is there already. One of the node's own may have
    // found none before: then its volume is read only, and nothing is written any more.
    await until(() => {
      const { stdout, stderr } = disk("exec", "emu", "--", write);
      const said = done(disk("list"));
      expect(said).toMatch(/\nthe disk of \S+ is full/);
      return /\nqure-emu: its disk: .*no space is left/.test(said) || /read only/.test(stdout + stderr);
    });
    await until(() => {
      disk("exec", "qemu", "--timeout", "2", "--", write);
      return looked("qemu").state === "paused";
    });
    expect(done(disk("list"))).toMatch(
      /\nqure-qemu: it stands still, since its disk finds no room: make some, and unpause it\nthe disk of \S+ is full/,
    );
    rmSync(join(small, "filler"));
    done(disk("unpause", "qemu"));
    done(disk("wait", "qemu"));
    expect(done(disk("exec", "qemu", "--", "seq 3 > /net/small; sync; tail -1 /net/small"))).toBe("3\n");
    expect(looked("qemu")).toMatchObject({ state: "running", note: null, full: [] });
    done(disk("stop", "--kill", "all"));
  } finally {
    spawnSync("umount", ["-l", small]);
  }
});

test("scale keeps what its machines begin as, for the daemon in whatever folder, and refuses before it notes", async () => {
  writeFileSync(join(folder, "tiny.jsonc"), '{ "memory": "16M", "disk": { "size": "32M", "content": "qure" } }');
  done(vm("scale", "1", "--from", "tiny.jsonc", "-c", "many"));
  done(vm("protect", "1", "-c", "many"));
  expect(refused(vm("scale", "0", "-c", "many"))).toMatch(/machine 1 is protected: "qure vm protect 1 off" first/);
  done(vm("protect", "1", "off", "-c", "many"));
  done(vm("stop", "--kill", "1", "-c", "many"));
  done(vm("remove", "1", "-c", "many"));
  const elsewhere = join(folder, "elsewhere");
  mkdirSync(elsewhere);
  const daemon = spawn("node", [bundle, "vm", "daemon"], { cwd: elsewhere, env: machines.env, stdio: "ignore" });
  const ended = new Promise((end) => daemon.on("close", end));
  try {
    await until(() => list("-c", "many")[0] === "2 running");
  } finally {
    daemon.kill("SIGTERM");
    await ended;
  }
  expect(done(vm("status", "2", "-c", "many"))).toMatch(/memory +16M/);
  // It is made of what was named, until something else is.
  done(vm("scale", "2", "-c", "many"));
  expect(done(vm("status", "3", "-c", "many"))).toMatch(/memory +16M/);
});
