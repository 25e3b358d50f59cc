/** `qure volume` as people call it: with processes of their own, QEMU's tools, and machines that start from volumes. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { provideBuild } from "../system/images.ts";
import { bundle, type Ended, qure as inProcess, PROGRESS, spawned } from "./in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "qv-"));
mkdirSync(join(folder, "run"));
const env = {
  ...process.env,
  XDG_RUNTIME_DIR: join(folder, "run"),
  XDG_STATE_HOME: join(folder, "state"),
  QURE_STORE: join(folder, "volumes"),
};
const running: ChildProcess[] = [];

afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** `map` begins a process, which is to be nobody's child when its command is over. */
const qure = async (args: readonly string[], more: Record<string, string> = {}): Promise<Ended> =>
  args[1] === "map"
    ? spawned(args, { cwd: folder, env: { ...env, ...more } })
    : inProcess(args, { cwd: folder, env: { ...env, ...more } });
const volume = (...args: string[]): Promise<Ended> => qure(["volume", ...args]);

/** What it prints, when it succeeds. */
function done(run: Ended): string {
  expect(run.stderr.replaceAll(PROGRESS, "")).toBe("");
  expect(run.status).toBe(0);
  return run.stdout;
}

const refused = (run: Ended): string => {
  expect(run.status).not.toBe(0);
  expect(run.stderr.trimEnd()).not.toContain("\n");
  return `${run.status} ${run.stderr}`;
};

test("a volume is made, looked at, removed and brought back; vlmc has the manual's words", async () => {
  expect(done(await volume("create", "web", "--size", "10G"))).toBe("web: 10 GiB\n");
  expect(done(await qure(["vlmc", "snapshot", "web", "monday"]))).toBe("monday: web as it is now\n");
  done(await qure(["vlmc", "create", "test", "--snap", "monday", "--size", "20G"]));
  const list = JSON.parse(done(await volume("list", "--json"))) as {
    name: string;
    sizeBytes: number;
    parent: string;
  }[];
  expect(list.map(({ name, sizeBytes, parent }) => [name, sizeBytes / 2 ** 30, parent])).toEqual([
    ["monday", 10, "web"],
    ["test", 20, "monday"],
    ["web", 10, null],
  ]);
  done(await volume("remove", "test"));
  expect(done(await volume("list"))).not.toContain("test");
  done(await volume("restore", "test"));
  expect(refused(await volume("create", "test", "--size", "1G"))).toBe(
    "1 qure volume: error: there is a volume test already\n",
  );
  expect(refused(await volume("create", "x", "--size", "1"))).toMatch(
    /^2 qure volume: error: --size 1: write a size from 512/,
  );
  expect(refused(await volume("info", "nothing"))).toMatch(
    /^1 qure volume: error: there is no volume nothing in folder /,
  );
});

thoroughly("whoever only looks makes nothing, and needs no folder of its own", async () => {
  const nowhere = ["--store", join(folder, "misspelt")];
  for (const verb of [["list"], ["info", "web"], ["gc"], ["fsck"], ["map", "web", "-d"], ["unmap", "web"]])
    expect(refused(await volume(...verb, ...nowhere))).toMatch(
      /^1 .*there is no folder .*misspelt with volumes: "qure volume c/,
    );
  expect(existsSync(join(folder, "misspelt"))).toBe(false);
  expect(refused(await volume("list", "--store", "http://host/bucket"))).toMatch(
    /^2 .* is no place of volumes: write a folder/,
  );
  expect(refused(await qure(["emu", "--hda", "volume:web", "--for", "1s"], { QURE_STORE: nowhere[1]! }))).toContain(
    "there is no folder",
  );
  const file = join(folder, "file-for-state");
  writeFileSync(file, "");
  const homeless = { XDG_STATE_HOME: file };
  for (const verb of [["list"], ["info", "web"], ["hash", "web"], ["export", "web", "web.qvar"]])
    done(await qure(["volume", ...verb], homeless));
  expect(refused(await qure(["volume", "lock", "web"], homeless))).toContain("file-for-state");
});

test("a lock is this machine's until it is given back or broken", async () => {
  done(await volume("create", "locked", "--size", "1M"));
  done(await volume("lock", "locked"));
  done(await volume("lock", "locked"));
  const other = (...args: string[]): Promise<Ended> => qure(["volume", ...args], { QURE_MACHINE: "other" });
  expect(refused(await other("lock", "locked"))).toMatch(
    /^1 .*: locked is locked by machine \w+ on .* since .*: close it there/,
  );
  expect(refused(await other("remove", "locked"))).toMatch(/^1 .* is locked by machine/);
  done(await other("unlock", "-f", "locked"));
  done(await other("open", "locked"));
  expect(refused(await volume("unlock", "locked"))).toMatch(/is locked by machine other/);
  done(await other("close", "locked"));
});

thoroughly("QEMU's tools and libnbd's write it, see its holes, and find it whole again", async (context) => {
  const [nbdcopy, nbdinfo] = ["nbdcopy", "nbdinfo"].map((name) => requireOracle(name, context)) as [string, string];
  const [image, io] = ["qemu-img", "qemu-io"].map((name) => requireOracle(name, context)) as [string, string];
  const tool = (path: string, ...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(path, args, { cwd: folder, encoding: "utf8" });
    expect(`${status} ${stderr}`).toBe("0 ");
    return stdout;
  };
  const raw = join(folder, "disk.raw");
  writeFileSync(raw, Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7) & 0xff)));
  truncateSync(raw, 64 << 20);
  done(await volume("create", "disk", "--size", "64M"));
  const uri = done(await volume("map", "disk", "--detach")).trim();
  expect(uri).toMatch(/^nbd\+unix:\/\/\/disk\?socket=/);
  expect(refused(await volume("remove", "disk"))).toMatch(/^1 .*: disk is open in process \d+ of this host/);
  tool(nbdcopy, "--flush", raw, uri);
  expect(tool(image, "compare", "-f", "raw", "-F", "raw", uri, raw)).toContain("Images are identical");
  done(await volume("snapshot", "disk", "copied"));
  const commands = [
    "write -P 7 4095 3",
    "read -P 7 4095 3",
    "write -z 8192 100000",
    "read -P 0 8192 100000",
    "discard 1M 1M",
    "flush",
  ];
  tool(io, "-f", "raw", uri, ...commands.flatMap((command) => ["-c", command]));
  const status = JSON.parse(tool(nbdinfo, "--map", "--json", uri)) as { offset: number; type: number }[];
  expect(status.map(({ type }) => type)).toContain(0);
  expect(status.at(-1)!.type).toBe(3);
  expect(tool(nbdinfo, uri)).toMatch(/can_multi_conn: true/);
  done(await volume("unmap", "disk"));
  expect(refused(await volume("unmap", "disk"))).toBe("1 qure volume: error: disk: nobody on this host serves it\n");
  done(await volume("export", "copied", "copied.raw", "--raw"));
  expect(readFileSync(join(folder, "copied.raw")).equals(readFileSync(raw))).toBe(true);
  expect(done(await volume("fsck"))).toBe("everything is as it was written\n");
});

test("nbdkit's plug-in passes it on", async (context) => {
  const nbdkit = requireOracle("nbdkit", context);
  requireOracle("nbdinfo", context);
  done(await volume("create", "passed", "--size", "4M"));
  const uri = done(await volume("map", "passed", "-d")).trim();
  const { status, stdout } = spawnSync(nbdkit, ["-U", "-", "nbd", `uri=${uri}`, "--run", 'nbdinfo --size "$uri"'], {
    cwd: folder,
    encoding: "utf8",
  });
  expect([status, stdout]).toEqual([0, "4194304\n"]);
  done(await volume("unmap", "passed"));
});

thoroughly(
  "whoever serves it may be killed: what was flushed is there, and its lock keeps its machine from nothing",
  async () => {
    done(await volume("create", "killed", "--size", "1M"));
    const child = spawn("node", [bundle, "volume", "map", "killed"], { cwd: folder, env });
    running.push(child);
    await new Promise((heard) => child.stdout.once("data", heard));
    expect(refused(await volume("flatten", "killed"))).toContain(`is open in process ${child.pid}`);
    child.kill("SIGKILL");
    await new Promise((gone) => child.once("exit", gone));
    done(await volume("snapshot", "killed", "after"));
    const again = JSON.parse(done(await volume("map", "killed", "-d", "--json"))) as { uri: string; pid: number };
    process.kill(again.pid, "SIGKILL");
    // Its socket is there still, and nobody answers at it.
    expect(existsSync(again.uri.split("socket=")[1]!)).toBe(true);
    done(await volume("map", "killed", "-d"));
    done(await volume("unmap", "killed"));
    expect(refused(await qure(["volume", "snapshot", "killed", "x"], { QURE_MACHINE: "other" }))).toContain(
      "is locked by",
    );
  },
);

thoroughly("where it cannot be served nobody is left who has it", async () => {
  done(await volume("create", "unserved", "--size", "1M"));
  const taken = createServer();
  await new Promise<void>((heard) => taken.listen(0, "127.0.0.1", heard));
  const { port } = taken.address() as AddressInfo;
  writeFileSync(join(folder, "file"), "mine");
  const places = [
    ["--port", `${port}`, /: in use already/],
    ["--socket", "x".repeat(120), /the path of a socket has at most \d+ bytes/],
    ["--socket", "nowhere/s", /error: nowhere: no such file/],
    ["--socket", "file", /^1 .*file is there, and is no socket: name another path/],
  ] as const;
  for (const [option, at, said] of places) {
    expect(refused(await volume("map", "unserved", option, at))).toMatch(said);
    expect(refused(await volume("map", "unserved", option, at, "-d"))).toMatch(said);
  }
  taken.close();
  expect(readFileSync(join(folder, "file"), "utf8")).toBe("mine");
  expect(refused(await volume("map", "unserved", "-d", "--timeout", "soon"))).toMatch(
    /^2 .*--timeout soon: write seconds/,
  );
  const uri = done(await volume("map", "unserved", "-d", "--socket", join(folder, "a b#c"))).trim();
  expect(new URL(uri).searchParams.get("socket")).toBe(join(folder, "a b#c"));
  expect(refused(await volume("map", "unserved", "-d"))).toMatch(/is served on this host already/);
  done(await volume("unmap", "unserved"));
  // Where the folder's path is too long for a socket, another one is taken.
  const long = { XDG_RUNTIME_DIR: join(folder, "r".repeat(100)) };
  done(await qure(["volume", "map", "unserved", "-d"], long));
  done(await qure(["volume", "snapshot", "unserved", "kept"], long));
  done(await qure(["volume", "unmap", "unserved"], long));
});

thoroughly("another machine ends nobody's serving; a lock that it breaks ends it at the next word", async () => {
  const other = (...args: string[]): Promise<Ended> => qure(["volume", ...args], { QURE_MACHINE: "other" });
  done(await volume("create", "contested", "--size", "1M"));
  done(await volume("map", "contested", "-d"));
  expect(refused(await other("close", "contested"))).toContain("contested is locked by machine");
  expect(refused(await other("unmap", "contested"))).toContain("nobody on this host serves it");
  expect(refused(await other("snapshot", "contested", "theirs"))).toContain("contested is locked by machine");
  done(await volume("snapshot", "contested", "ours"));
  done(await other("unlock", "-f", "contested"));
  expect(refused(await volume("unmap", "contested"))).toContain("contested: its lock was broken");
  done(await volume("unlock", "contested"));
  done(await other("map", "contested", "-d"));
  done(await other("unmap", "contested"));
});

thoroughly("machines start from clones of one volume, each writes its own, and goes on from there", async () => {
  provideBuild(folder);
  done(await volume("import", "os", "build/qure.img", "--raw"));
  done(await volume("snapshot", "os", "base"));
  for (const name of ["one", "two"]) done(await volume("create", name, "--snap", "base"));
  const emu = (name: string): Promise<Ended> => qure(["emu", "--hda", `volume:${name}`, "--for", "1s", "--json"]);
  const first = JSON.parse(done(await emu("one"))) as { digest: string };
  expect((JSON.parse(done(await emu("two"))) as { digest: string }).digest).toBe(first.digest);
  const owner = (JSON.parse(done(await volume("info", "one", "--json"))) as { owner: { id: string } }).owner.id;
  const other = await qure(["emu", "--hda", "volume:one", "--for", "1s", "--json"], { QURE_MACHINE: "other" });
  expect(refused(other)).toContain(`one is locked by machine ${owner}`);
  expect(refused(await qure(["emu", "--nodes", "2", "--hda", "volume:one", "--for", "1s"]))).toContain(
    "make a clone for each",
  );
  expect(refused(await emu("nothing"))).toContain("there is no volume nothing");
  expect(refused(await qure(["emu", "--hda", "volume:two", "--for", "1s", "--save", "x"]))).toMatch(
    /^2 .*qure volume snapshot/,
  );
});

test("what is read without a lock, by a port or a socket; removed ones are listed, collected and checked", async () => {
  const place = ["--store", join(folder, "elsewhere")];
  const here = (...args: string[]): Promise<Ended> => volume(...args, ...place);
  done(await here("create", "disk", "--size", "8M"));
  done(await here("snapshot", "disk", "empty"));
  for (const where of [
    ["--port", "0"],
    ["--socket", join(folder, "s.nbd")],
  ]) {
    const uri = done(await here("map", "disk", "--read-only", ...where, "--timeout", "1", "-d")).trim();
    expect(uri).toMatch(where[0] === "--port" ? /^nbd:\/\/127\.0\.0\.1:\d+\/disk$/ : /^nbd\+unix:\/\/\/disk\?socket=/);
    done(await here("unmap", "disk"));
  }
  expect(refused(await here("map", "disk", "--port", "1", "--socket", "x"))).toMatch(/^2 .*name one/);
  done(await here("export", "disk", "more.qvar", "--since", "empty"));
  done(await here("import", "other", "more.qvar"));
  done(await here("resize", "other", "--size", "4M", "--shrink"));
  done(await here("lock", "other", "--timeout", "1"));
  done(await here("remove", "other"));
  expect(done(await here("list", "--removed"))).toContain("volume, removed");
  expect(done(await here("gc", "--dry-run"))).toContain("would be given back");
  expect(done(await here("gc"))).toContain("given back");
  expect(done(await here("fsck", "--repair"))).toBe("everything is as it was written\n");
});

test("a file of a volume is written whole or not at all, and what is no file stays what it is", async () => {
  done(await volume("create", "written", "--size", "1M"));
  writeFileSync(join(folder, "linked.qvar"), "before");
  symlinkSync("linked.qvar", join(folder, "link.qvar"));
  done(await volume("export", "written", "link.qvar"));
  expect(lstatSync(join(folder, "link.qvar")).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(folder, "linked.qvar"), "latin1")).toMatch(/^QVAR/);
  spawnSync("mkfifo", [join(folder, "pipe")]);
  const reader = spawnSync("sh", ["-c", 'cat pipe > read & node "$0" volume export written pipe; wait', bundle], {
    cwd: folder,
    env,
  });
  expect(reader.status).toBe(0);
  expect(readFileSync(join(folder, "read")).equals(readFileSync(join(folder, "linked.qvar")))).toBe(true);
  expect(lstatSync(join(folder, "pipe")).isFIFO()).toBe(true);
  expect(refused(await volume("export", "written", "pipe", "--raw"))).toMatch(/^2 .*pipe is no file/);
  expect(refused(await volume("export", "nothing", "linked.qvar"))).toContain("there is no volume nothing");
  expect(readFileSync(join(folder, "linked.qvar"), "latin1")).toMatch(/^QVAR/);
  expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  writeFileSync(join(folder, "empty"), "");
  expect(refused(await volume("import", "made", "empty", "--raw"))).toMatch(
    /^1 .*empty is empty: that is no disk image/,
  );
  expect(refused(await volume("import", "made", "-", "--raw"))).toMatch(/^2 .*name a file/);
  expect(refused(await volume("import", "made", "pipe", "--raw"))).toMatch(/^2 .*pipe is no file/);
  expect(refused(await volume("import", "made", "run"))).toMatch(/^2 .*run is a folder, and no archive/);
  expect(refused(await volume("info", "made"))).toContain("there is no volume made");
});

thoroughly("vlmc takes what volume takes", async () => {
  const place = ["--store", join(folder, "manual")];
  const vlmc = (...args: string[]): Promise<Ended> => qure(["vlmc", ...args, ...place]);
  done(await vlmc("create", "disk", "--size", "1M"));
  done(await vlmc("open", "disk", "--timeout", "1"));
  done(await vlmc("map", "disk", "--read-only", "--port", "0", "-d"));
  done(await vlmc("unmap", "disk"));
  done(await vlmc("map", "disk", "--socket", join(folder, "v.nbd"), "--detach"));
  done(await vlmc("close", "disk"));
  done(await vlmc("lock", "disk"));
  done(await vlmc("unlock", "-f", "disk"));
  done(await vlmc("remove", "disk"));
  expect(done(await vlmc("list", "--removed"))).toContain("disk");
});

thoroughly("a machine whose lock is broken is told at its end that what it wrote since is lost", async () => {
  done(await volume("create", "broken", "--snap", "base"));
  const child = spawn("node", [bundle, "emu", "--hda", "volume:broken", "--realtime", "--for", "2s", "--json"], {
    cwd: folder,
    env,
  });
  running.push(child);
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const ended = new Promise((end) => child.once("exit", end));
  const owner = async (): Promise<unknown> =>
    (JSON.parse(done(await volume("info", "broken", "--json"))) as { owner: unknown }).owner;
  while ((await owner()) === null && child.exitCode === null) await new Promise((later) => setTimeout(later, 20));
  done(await qure(["volume", "unlock", "-f", "broken"], { QURE_MACHINE: "other" }));
  expect(await ended).toBe(1);
  expect(errors).toContain("broken: its lock was broken, and what was not flushed is lost");
});
