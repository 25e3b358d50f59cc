/** Options that change what is built or how machines run, and that no other test of the commands needs. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordBlocks } from "../../src/disk/oofs/commit.ts";
import { format, mount } from "../../src/disk/oofs/index.ts";
import { MemoryDisk } from "../disk/oofs/disks.ts";
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { provideBuild } from "../system/images.ts";

const root = join(import.meta.dirname, "../..");
const bundle = join(root, "dist/qure.cjs");
let folder: string;

const qure = (...args: readonly string[]) => execa("node", [bundle, ...args], { cwd: folder, reject: false });
const read = (name: string): Buffer => readFileSync(join(folder, name));

/** A disk whose boot sector has this code. */
function bootable(name: string, ...code: readonly number[]): void {
  const sector = new Uint8Array(512);
  sector.set(code);
  sector.set([0x55, 0xaa], 510);
  writeFileSync(join(folder, name), sector);
}

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-options-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeThoroughly("qure build", () => {
  test("--firmware and --starter build only those, from the sources of --source", async () => {
    for (const name of ["firmware", "starter"]) {
      const { exitCode, stderr } = await qure("build", `--${name}`, `${name}.bin`, "--source", root);
      expect(exitCode, stderr).toBe(0);
      expect(read(`${name}.bin`).equals(readFileSync(join(root, `dist/${name}.bin`)))).toBe(true);
    }
  });

  test("disk.size is the size of the disk, and --watch builds again after a change", async () => {
    for (const name of ["asm", "boot"]) cpSync(join(root, name), join(folder, name), { recursive: true });
    const watching = spawn("node", [bundle, "build", "--watch", "--set", "disk.size=40M"], { cwd: folder });
    const built = (): Promise<void> =>
      new Promise((done) => watching.stdout.on("data", (text) => /^built in/m.test(`${text}`) && done()));
    await built();
    expect(statSync(join(folder, "build/qure.img")).size).toBe(40 << 20);
    const source = read("asm/kernel/entry.s").toString();
    writeFileSync(join(folder, "asm/kernel/entry.s"), source.replace("QuRe revision %u", "My revision %u"));
    await built();
    watching.kill();
    expect(read("build/kernel.elf").includes("My revision %u")).toBe(true);
  });
});

describe("qure emu", () => {
  test.each([
    [["--ns-per-instruction", "100"], 3.0],
    [["--ns-per-instruction", "50"], 6.0],
    [["--clock", "p6"], 60],
  ])("%j: how many instructions a machine executes in a virtual time", async (words, millions) => {
    bootable("spin.img", 0xeb, 0xfe);
    const { stdout, stderr } = await qure("emu", "--hda", "spin.img", "-m", "1M", "--for", "300ms", ...words);
    const [, found] = /([\d.]+) million instructions/.exec(stdout) ?? [];
    // The firmware halts for a moment on the way.
    expect(Number(found) / millions, stderr).toBeCloseTo(1, 1);
  });

  thoroughly("--vgabios puts a video BIOS where another firmware runs it", async (context) => {
    const [firmware, videoRom] = [seabios("bios.bin"), seabios("vgabios-stdvga.bin")];
    if (!firmware || !videoRom) return context.skip("seabios is not installed");
    writeFileSync(join(folder, "bios.bin"), firmware);
    writeFileSync(join(folder, "vgabios.bin"), videoRom);
    // The first byte at C000:0000 goes to COM1.
    bootable("rom.img", ...[0xb8, 0x00, 0xc0, 0x8e, 0xd8, 0xa0, 0, 0, 0xba, 0xf8, 0x03, 0xee, 0xfa, 0xf4]);
    const words = ["--firmware", "bios.bin", "--vgabios", "vgabios.bin", "--hda", "rom.img"];
    await qure("emu", ...words, "--for", "10s", "--log", "logs");
    expect(read("logs/qure-1.log").at(-1)).toBe(0x55);
  });
});

describeThoroughly("on QuRe's images", () => {
  beforeAll(() => provideBuild(folder));

  test("qure emu --key: the machines belong to that cluster", async () => {
    writeFileSync(join(folder, "lab.key"), `lab ${"0123456789abcdef".repeat(4)}\n`);
    writeFileSync(join(folder, "ask.txt"), "!wait 3s\n@1 cloud key\n");
    await qure("emu", "--key", "lab.key", "--script", "ask.txt", "--log", "keyed");
    expect(read("keyed/qure-1.log").toString()).toMatch(/cluster lab, with a key/);
  });

  test("qure chaos: the image and kernel that are named, an older version that joins, drills", async () => {
    const build = read("build/manifest.json").toString();
    expect(build).toContain("qure.iso");
    for (const name of ["qure.iso", "kernel.elf"]) cpSync(join(folder, "build", name), join(folder, `my-${name}`));
    const images = ["--image", "my-qure.iso", "--kernel", "my-kernel.elf", "--previous", "build/qure.iso"];
    const { exitCode, stdout, stderr } = await qure("chaos", ...images, "--drills", "idle", "--seed", "2");
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^seed 2: 1 run, /m);
  });
});

test("qure disk fsck --accept-older takes the state before the newest one, when that is lost", async () => {
  const disk = new MemoryDisk(256 * 4096);
  format(disk, { id: 11n, time: { seconds: 3, nanoseconds: 0 } });
  const fs = mount(disk);
  for (const path of ["/old", "/new"]) {
    fs.create(path);
    fs.sync();
  }
  const parity = Number(fs.volume.committed.sequence & 1n);
  for (const block of recordBlocks(parity, 256)) disk.bytes[block * 4096 + 40]! ^= 1;
  writeFileSync(join(folder, "older.img"), disk.bytes);
  expect((await qure("disk", "ls", "older.img")).exitCode).toBe(1);
  const accepted = await qure("disk", "fsck", "older.img", "--accept-older");
  expect(accepted.exitCode, accepted.stderr).toBe(0);
  const listed = (await qure("disk", "ls", "older.img")).stdout;
  expect(listed).toMatch(/\bold\b/);
  expect(listed).not.toMatch(/\bnew\b/);
});
