/**
 * Drives of the AHCI adapter, used by others: SeaBIOS, unmodified, starts a boot sector and a CD, and Debian's kernel
 * reads and writes with queued commands, gets over a sector that cannot be read, and sees that a CD is taken out.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { LabCluster } from "../../src/index.ts";
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import type { SkippableContext } from "../oracle.ts";
import { atLength } from "../setup/thoroughly.ts";
import { guest } from "./guest.ts";
import { LINUX_PROMPT, linuxIso, linuxShell, type RootFile } from "./linux.ts";
import { makeForeignIso, ourFirmware, packageFile, systemsFolder } from "./packages.ts";
import { MIB, System, type SystemConfig } from "./system.ts";

const SECTOR_BYTES = 512;
/** What the guest reads, and writes behind it. */
const READ_SECTOR = 70_000;
const BAD_SECTOR = 9_003;

function booted(config: Partial<SystemConfig>, context: SkippableContext): System {
  const firmware = seabios("bios-256k.bin");
  const videoRom = seabios("vgabios-stdvga.bin");
  if (firmware && videoRom) return new System({ firmware, videoRom, ...config });
  context.skip("seabios is not installed");
  throw new Error("unreachable: skip ends the test");
}

/** A disk that starts with our boot sector, and has a text where that looks. */
function bootDisk(): SparseDisk {
  const disk = new SparseDisk(64 * MIB);
  const code = guest("tests/guest/programs/int13-disk.s");
  const sector = new Uint8Array(SECTOR_BYTES);
  sector.set(code);
  sector.set([0x55, 0xaa], 510);
  disk.write(0, sector);
  disk.write(READ_SECTOR * SECTOR_BYTES, new TextEncoder().encode("read over AHCI\0"));
  return disk;
}

/** A disk of which one sector cannot be read. */
class ScratchedDisk extends SparseDisk {
  override read(offsetBytes: number, target: Uint8Array): void {
    const bad = BAD_SECTOR * SECTOR_BYTES;
    if (offsetBytes <= bad && bad < offsetBytes + target.length) throw new Error("the medium fails");
    super.read(offsetBytes, target);
  }
}

test("SeaBIOS boots a disk, reads it and writes it", (context) => {
  const disk = bootDisk();
  const system = booted({ ahci: [null, { kind: "disk", medium: disk }] }, context);
  system.untilScreen(/read over AHCI/, 20);
  system.untilScreen(/and written/, 5);
  const written = new Uint8Array(SECTOR_BYTES);
  disk.read((READ_SECTOR + 1) * SECTOR_BYTES, written);
  expect(new TextDecoder().decode(written.subarray(0, 14))).toBe("read over AHCI");
});

test("SeaBIOS boots a CD", (context) => {
  const boot = new Uint8Array(2048);
  boot.set(guest("tests/guest/programs/int13-disk.s"));
  const iso = makeForeignIso(
    { "boot.bin": boot },
    ["-b", "boot.bin", "-no-emul-boot", "-boot-load-size", "4"],
    context,
  );
  const backend = new SparseDisk(iso.length, { content: iso });
  const system = booted({ ahci: [null, null, { kind: "cd", medium: backend }], bootOrder: "d" }, context);
  system.untilScreen(/CD001/, 20);
});

atLength("Linux reads and writes a disk, and reads CDs", { timeout: 900_000 }, async (context) => {
  const folder = join(systemsFolder, "ahci");
  const names = existsSync(folder) ? readdirSync(folder) : ["ahci.ko"];
  const modules = names.map((name): RootFile => {
    return [`ahci/${name}`, packageFile(join("ahci", name), "linux-image-686:i386", context)];
  });
  const iso = makeForeignIso({ "hello.txt": "a CD" }, ["-R"], context);
  const cdrom = linuxIso("console=ttyS0", context, [["ahci", null], ["m", null], ...modules]);
  const disk = new SparseDisk(64 * MIB);
  const lab = new LabCluster({
    firmware: ourFirmware(),
    nodes: [
      {
        name: "linux",
        cdrom,
        ramBytes: 128 * MIB,
        ahci: [
          { kind: "disk", medium: disk },
          { kind: "disk", medium: new ScratchedDisk(8 * MIB) },
          { kind: "cd", medium: iso },
        ],
      },
    ],
  });
  try {
    const node = lab.nodes[0]!;
    await node.waitFor(LINUX_PROMPT, { within: "200s" });
    const shell = linuxShell(node);
    expect(await shell("for m in /ahci/*; do insmod $m || break; done; sleep 3")).toContain("status-0");
    const said = await shell("dmesg | grep -E 'ahci|ata[0-9]|sd |sr ' | cut -c 1-200");
    expect(said).toMatch(/AHCI 0001\.0000 32 slots 6 ports 1\.5 Gbps 0x3f impl SATA mode/);
    expect(said).toMatch(/131072 sectors.*NCQ \(depth 32\)/);
    expect(said).not.toMatch(/exception|failed|error/i);
    expect(await shell("cat /sys/block/sda/size /sys/block/sda/device/queue_depth")).toMatch(/131072\s+32/);
    expect(await shell("cat /proc/interrupts")).toMatch(/ahci/);
    const fill = "seq 1 50000 > /big; md5sum < /big; dd if=/big of=/dev/sda bs=64k conv=fsync 2>/dev/null";
    const [sum] = /[0-9a-f]{32}/.exec(await shell(fill))!;
    const again = "echo 3 >/proc/sys/vm/drop_caches; head -c $(wc -c < /big) /dev/sda | md5sum";
    expect(await shell(again)).toContain(sum);
    expect(await shell("dd if=/dev/sdb of=/dev/null bs=4k")).toMatch(/\/dev\/sdb: Input\/output error\s+status-1/);
    const complaint = await shell("dmesg | tail -30");
    expect(complaint).toMatch(/media error[\s\S]*\{ UNC \}[\s\S]*Sense Key : Medium Error[\s\S]*EH complete/);
    expect(complaint).not.toMatch(/resetting link|limiting/);
    expect(await shell("dd if=/dev/sdb of=/dev/null bs=4k skip=1200")).toContain("status-0");
    expect(await shell("dd if=/big of=/dev/sdb bs=4k conv=fsync")).toContain("status-0");
    expect(await shell("mount -t iso9660 /dev/sr0 /m && cat /m/hello.txt")).toMatch(/a CD[\s\S]*status-0/);
    expect(node.eject("ahci0-cd2")).toBe(false);
    expect(await shell("umount /m")).toContain("status-0");
    expect(node.eject("ahci0-cd2")).toBe(true);
    expect(await shell("mount -t iso9660 /dev/sr0 /m")).toMatch(/No medium found/);
  } finally {
    lab.close();
  }
});
