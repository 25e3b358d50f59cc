/**
 * Debian's 32-bit kernel at drives whose media somebody changes: it locks the CD drive while it reads, hears of the
 * button, finds no disc and another one, and reads the next diskette by the change line.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LabCluster } from "../../src/index.ts";
import { LINUX_PROMPT, linuxIso, linuxShell, type RootFile } from "./linux.ts";
import { makeForeignIso, ourFirmware, packageFile, systemsFolder } from "./packages.ts";

const DISKETTE_BYTES = 1_474_560;

function diskette(text: string): Uint8Array {
  const bytes = new Uint8Array(DISKETTE_BYTES);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
}

test("Linux sees CDs and diskettes change, and locks the CD drive", { timeout: 900_000 }, async (context) => {
  const folder = join(systemsFolder, "media");
  const names = existsSync(folder) ? readdirSync(folder) : ["sr_mod.ko"];
  const modules = names.map((name): RootFile => {
    return [`media/${name}`, packageFile(join("media", name), "linux-image-686:i386", context)];
  });
  const other = makeForeignIso({ "hello.txt": "another CD" }, ["-R"], context);
  const cdrom = linuxIso("console=ttyS0", context, [["media", null], ["m", null], ...modules]);
  const lab = new LabCluster({
    firmware: ourFirmware(),
    nodes: [{ name: "linux", cdrom, ramBytes: 128 * 1024 * 1024, floppies: [diskette("first"), null], bootOrder: "d" }],
  });
  try {
    const node = lab.nodes[0]!;
    await node.waitFor(LINUX_PROMPT, { within: "200s" });
    const shell = linuxShell(node);
    expect(await shell("for m in /media/*; do insmod $m || break; done")).toContain("status-0");
    expect(await shell("sleep 2; mount -t iso9660 /dev/sr0 /m && ls /m")).toMatch(/isolinux[\s\S]*status-0/);
    expect(node.eject("ide1-cd0")).toBe(false);
    expect(await shell("umount /m")).toContain("status-0");
    expect(node.eject("ide1-cd0")).toBe(true);
    expect(await shell("mount -t iso9660 /dev/sr0 /m")).toMatch(/No medium found[\s\S]*status-255/);
    expect(node.insert("ide1-cd0", other)).toBe(true);
    expect(await shell("sleep 1; mount -t iso9660 /dev/sr0 /m && cat /m/hello.txt")).toMatch(
      /another CD[\s\S]*status-0/,
    );
    expect(await shell("umount /m; echo 1 >/proc/sys/dev/cdrom/autoeject; head -c 1 /dev/sr0")).toContain("status-0");
    expect(node.machine.drives.find(({ name }) => name === "ide1-cd0")!.removable!.isOpen).toBe(true);
    expect(await shell("echo 0 >/proc/sys/dev/cdrom/autoeject; mount -t iso9660 /dev/sr0 /m && ls /m")).toMatch(
      /hello.txt[\s\S]*status-0/,
    );
    expect(await shell("head -c 6 /dev/fd0")).toMatch(/first[\s\S]*status-0/);
    expect(node.insert("floppy0", diskette("second"))).toBe(true);
    // In the first five minutes Linux does not look at the line when the drive is opened, but at the first access.
    expect(await shell("head -c 6 /dev/fd0")).toMatch(/disk absent or changed/);
    expect(await shell("head -c 6 /dev/fd0")).toMatch(/second[\s\S]*status-0/);
    expect(await shell("echo third > /dev/fd0; sync; echo 3 >/proc/sys/vm/drop_caches; head -c 6 /dev/fd0")).toMatch(
      /third[\s\S]*status-0/,
    );
    node.eject("floppy0");
    expect(await shell("head -c 6 /dev/fd0")).toMatch(/error|No such device/);
  } finally {
    lab.close();
  }
});
