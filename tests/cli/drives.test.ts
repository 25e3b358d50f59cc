/** `qure emu --drive`: what it takes, what it refuses, and that the machine finds the drives. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { parseDrive } from "../../src/cli/emu/drives.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { provideBuild } from "../system/images.ts";

const bundle = join(import.meta.dirname, "../../dist/qure.cjs");

test.each([
  ["file=a.img", { path: "a.img", bus: "ide", kind: "disk", index: null, isRaw: false }],
  ["file=a.img,if=virtio,format=raw", { path: "a.img", bus: "virtio", kind: "disk", index: null, isRaw: true }],
  ["if=ide,index=3,file=a.img", { path: "a.img", bus: "ide", kind: "disk", index: 3, isRaw: false }],
  ["file=b.iso,media=cdrom", { path: "b.iso", bus: "ide", kind: "cd", index: null, isRaw: false }],
  ["file=s.img,if=ahci", { path: "s.img", bus: "ahci", kind: "disk", index: null, isRaw: false }],
  ["media=cdrom,if=ahci,index=5", { path: null, bus: "ahci", kind: "cd", index: 5, isRaw: false }],
  ["media=cdrom,index=2", { path: null, bus: "ide", kind: "cd", index: 2, isRaw: false }],
])("takes %s", (text, drive) => {
  expect(parseDrive(text)).toEqual(drive);
});

test.each([
  ["", /expected KEY=VALUE with a key of file, if, index, media, format, and got ""/],
  ["a.img", /and got "a\.img"/],
  ["if=virtio", /file=FILE is missing/],
  ["file=a,file=b", /file is there twice/],
  ["file=a,if=scsi", /if=scsi: there are ide, virtio, ahci/],
  ["file=a,media=floppy", /there are disk and cdrom/],
  ["file=a,media=cdrom,if=virtio", /a CD is at if=ide or if=ahci/],
  ["file=a,format=qcow2", /only format=raw is read; convert the file: qemu-img convert -O raw FILE disk\.img/],
  ["file=a,index=0", /index 0 is --hda's/],
  ["file=a,index=4", /index=4/],
  ["file=a,if=virtio,index=1", /index=1: there is none/],
  ["file=a,if=ahci,index=6", /index=6: with if=ahci it is 0 to 5/],
])("refuses %s", (text, reason) => {
  expect(() => parseDrive(text)).toThrow(reason);
});

thoroughly("the machine finds the drives, and their files stay as they are", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qure-drives-"));
  try {
    provideBuild(folder);
    for (const name of ["b.img", "v.img"]) writeFileSync(join(folder, name), new Uint8Array(1 << 20).fill(0x5a));
    const found = "hdb +disk +1024 KiB(?:.|\\s)*vda +disk +1024 KiB";
    const drives = ["--drive", "file=b.img", "--drive", "file=v.img,if=virtio"];
    const { exitCode, stderr } = await execa(
      "node",
      [bundle, "emu", "--image", "build/qure.iso", ...drives, "--until", `text:${found}`],
      { cwd: folder, reject: false, timeout: 60_000, stdin: "ignore" },
    );
    expect(exitCode, stderr).toBe(0);
    expect(readFileSync(join(folder, "b.img"))).toEqual(Buffer.alloc(1 << 20, 0x5a));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
