/**
 * A disk that is full: the error names the file, what was there before is still there, and what grows ends with a whole
 * record. The disk is a file system of 1 MiB in memory, which only root may mount; everywhere else /dev/full must do.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { bundle, type Ended, qure as inProcess } from "./in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "qure-full-"));
const disk = join(folder, "disk");
mkdirSync(disk);
const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]).status === 0;

beforeAll(() => {
  // Counts in a loop and says something on COM1 each time.
  const code = [0xba, 0xf8, 0x03, 0xb0, 0x41, 0xee, 0xeb, 0xfb];
  const image = new Uint8Array(1 << 20);
  image.set(code);
  image.set([0x55, 0xaa], 510);
  writeFileSync(join(folder, "talk.img"), image);
});
afterAll(() => {
  if (isMounted) spawnSync("umount", [disk]);
  rmSync(folder, { recursive: true, force: true });
});

const qure = (...args: string[]): Promise<Ended> => inProcess(args, { cwd: folder });
const emulate = (...args: string[]) => qure("emu", "--hda", "talk.img", ...args);

describe.runIf(existsSync("/dev/full"))("a device that is always full", async () => {
  test("as the standard output of a command is told in a line", () => {
    const { status, stderr } = spawnSync("sh", ["-c", `node ${bundle} emu --print-plan --hda talk.img > /dev/full`], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stderr).toBe("qure: error: standard output: ENOSPC: no space left on device, write\n");
    expect(status).toBe(1);
  });

  test.each([
    ["-d", "exec", "-D", "/dev/full"],
    ["--nodes", "2", "--pcap", "/dev/full"],
  ])("qure emu %s %s %s %s", async (...args) => {
    const { status, stderr } = await emulate("--for", "300ms", ...args.filter((word) => word !== undefined));
    expect(stderr).toBe("qure emu: error: /dev/full: no space left on the disk\n");
    expect(status).toBe(1);
  });

  test("qure ld", async () => {
    writeFileSync(join(folder, "a.s"), ".globl _start\n_start: ret\n");
    expect((await qure("as", "a.s", "-o", "a.o")).status).toBe(0);
    const { status, stderr } = await qure("ld", "a.o", "-o", "/dev/full");
    expect(stderr).toBe("qure ld: error: /dev/full: no space left on the disk\n");
    expect(status).toBe(1);
  });
});

describe.runIf(isMounted)("a file system of 1 MiB", async () => {
  const said = (path: string): string => `qure emu: error: ${path}: no space left on the disk\n`;

  test("a trace ends with a whole line", async () => {
    const { status, stderr } = await emulate("--for", "2s", "-d", "exec", "-D", "disk/trace.txt");
    expect(stderr).toBe(said("disk/trace.txt"));
    expect(status).toBe(1);
    const trace = readFileSync(join(disk, "trace.txt"), "latin1");
    expect(trace.length).toBeGreaterThan(1 << 19);
    expect(trace.endsWith("\n")).toBe(true);
    rmSync(join(disk, "trace.txt"));
  });

  test("an object is as it was", async () => {
    writeFileSync(join(folder, "small.s"), "nop\n");
    writeFileSync(join(folder, "large.s"), ".fill 2000000, 1, 0x55\n");
    expect((await qure("as", "small.s", "-o", "disk/a.o")).status).toBe(0);
    const before = readFileSync(join(disk, "a.o"));
    const { status, stderr } = await qure("as", "large.s", "-o", "disk/a.o");
    expect(stderr).toBe("qure as: error: disk/a.o: no space left on the disk\n");
    expect(status).toBe(1);
    expect(readFileSync(join(disk, "a.o")).equals(before)).toBe(true);
    expect(readdirSync(disk).filter((name) => name.startsWith("a.o"))).toEqual(["a.o"]);
    rmSync(join(disk, "a.o"));
  });

  test("a console's log holds all that came before, and the machines' disks are let go", async () => {
    writeFileSync(join(disk, "filler"), new Uint8Array((1 << 20) - 8192));
    const { status, stderr } = await emulate("--for", "20s", "--log", "disk", "--dir", "kept");
    expect(stderr).toBe(said("disk/qure-1.log"));
    expect(status).toBe(1);
    expect(statSync(join(disk, "qure-1.log")).size).toBeGreaterThan(0);
    expect(readdirSync(join(folder, "kept"))).toEqual(["qure-1.img"]);
    rmSync(join(disk, "filler"));
    rmSync(join(disk, "qure-1.log"));
  });

  test("volumes there: what does not fit is told, what was there stays, and what is removed makes room again", async () => {
    const store = ["--store", "disk/volumes"];
    const volume = (...args: string[]): Promise<Ended> => qure("volume", ...args, ...store);
    writeFileSync(join(folder, "small.img"), new Uint8Array(100_000).fill(1));
    writeFileSync(join(folder, "large.img"), new Uint8Array(2 << 20).fill(2));
    expect((await volume("import", "small", "small.img", "--raw")).status).toBe(0);
    const hash = (await volume("hash", "small")).stdout;
    const { status, stderr } = await volume("import", "large", "large.img", "--raw");
    expect(stderr).toMatch(/^qure volume: error: .*folder .*: no space is left: "qure volume gc" gives back [^\n]*\n$/);
    expect(status).toBe(1);
    expect((await volume("hash", "small")).stdout).toBe(hash);
    expect((await volume("gc")).stderr).toBe("");
    expect((await volume("import", "other", "small.img", "--raw")).status).toBe(0);
    expect((await volume("fsck")).stdout).toBe("everything is as it was written\n");
    expect((await volume("list")).stdout).not.toContain("large");
    rmSync(join(disk, "volumes"), { recursive: true });
  });

  test("a machine's disk that cannot be kept, and a file that cannot be copied out: the copy is named", async () => {
    const large = new Uint8Array(2 << 20).fill(0xf4);
    writeFileSync(join(folder, "large.img"), large);
    const kept = await qure("emu", "--hda", "large.img", "--dir", "disk/kept", "--for", "1ms");
    expect(kept.stderr).toBe(said("disk/kept/qure-1.img"));
    expect(kept.status).toBe(1);
    expect(readdirSync(join(disk, "kept"))).toEqual([]);
    rmSync(join(disk, "kept"), { recursive: true });
    writeFileSync(join(folder, "volume.img"), new Uint8Array(8 << 20));
    expect((await qure("disk", "format", "volume.img")).status).toBe(0);
    expect((await qure("disk", "put", "large.img", "volume.img/large.img")).status).toBe(0);
    const got = await qure("disk", "get", "volume.img/large.img", "disk/large.img");
    expect(got.stderr).toBe("qure disk: error: disk/large.img: no space left on the disk\n");
    expect(readdirSync(disk)).toEqual([]);
  });

  test("a lock that finds no room is named, and none is left", () => {
    mkdirSync(join(disk, "run/qure-vm"), { recursive: true, mode: 0o700 });
    spawnSync("sh", ["-c", "cat /dev/zero > disk/filler"], { cwd: folder });
    const { status, stderr } = spawnSync("node", [bundle, "vm", "scale", "0"], {
      cwd: folder,
      env: { ...process.env, QURE_MACHINES: join(folder, "machines"), XDG_RUNTIME_DIR: join(disk, "run") },
      encoding: "utf8",
    });
    expect(stderr).toMatch(/^qure vm: error: \S+\/run\/qure-vm\/\w+\.scaling: no space left on the disk\n$/);
    expect(status).toBe(1);
    expect(readdirSync(join(disk, "run/qure-vm"))).toEqual([]);
    rmSync(join(disk, "filler"));
    rmSync(join(disk, "run"), { recursive: true });
  });

  thoroughly("a build leaves the former files as they were, and no others", async () => {
    const former = { "qure.iso": "the former CD", "manifest.json": "{}" };
    for (const [name, text] of Object.entries(former)) writeFileSync(join(disk, name), text);
    const { status, stderr } = await qure("build", "--packaged", "-o", "disk");
    expect(stderr).toMatch(/^qure build: error: disk\/\S+: no space left on the disk\n$/);
    expect(status).toBe(1);
    expect(readdirSync(disk).sort()).toEqual(Object.keys(former).sort());
    for (const [name, text] of Object.entries(former)) expect(readFileSync(join(disk, name), "utf8")).toBe(text);
  });
});
