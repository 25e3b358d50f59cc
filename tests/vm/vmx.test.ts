/** Machines as VMware's files describe them. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Configuration, ConfigurationError, parseConfiguration } from "../../src/vm/configuration.ts";
import { formatVmdk, parseVmdk } from "../../src/vm/vmdk.ts";
import { formatVmx, parseVmx, templateOfVmx } from "../../src/vm/vmx.ts";
import { requireOracle } from "../oracle.ts";

const folder = mkdtempSync(join(tmpdir(), "qure-vmx-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const machine: Configuration = parseConfiguration(
  "machine.jsonc",
  JSON.stringify({
    ...{ version: 1, id: "00112233445566778899aabbccddeeff", number: 7, mac: "52:54:00:12:34:56", memory: "64M" },
    ...{ hostname: "qure-web", displayName: 'a "web" | b', boot: { order: "cdn", delay: "2s" }, driver: "vmware" },
  }),
);

const refusal = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error("it is taken");
};

describe("a .vmx", () => {
  test("has what the manual of 2012 sets by hand, and is read as it was written", () => {
    const text = formatVmx(machine, { disk: "disk.vmdk", console: "/run/7.con" });
    const has = (line: string): void => expect(text.split("\n")).toContain(line);
    has('guestinfo.hostname = "qure-web"');
    has('displayName = "a |22web|22 |7C b"');
    has('bios.bootDelay = "2000"');
    has('bios.bootOrder = "hdd,cdrom,ethernet0"');
    has('memsize = "64"');
    has('ethernet0.virtualDev = "e1000"');
    has('ethernet0.address = "52:54:00:12:34:56"');
    has('ide0:0.fileName = "disk.vmdk"');
    has('serial0.fileName = "/run/7.con"');
    has('uuid.bios = "00 11 22 33 44 55 66 77-88 99 aa bb cc dd ee ff"');
    const { template, disk } = templateOfVmx("a.vmx", text);
    expect(template).toMatchObject({ hostname: "qure-web", displayName: 'a "web" | b', memory: "64M", cpus: 1 });
    expect(template.boot).toEqual({ order: "cdn", delay: "2s" });
    expect(disk?.file).toBe("disk.vmdk");
  });

  test("of somebody else's gives memory, names, boot order and drives, whatever the case of its keys", () => {
    const text = `#!/usr/bin/vmplayer
# A machine of 2012
.encoding = "windows-1252"
MemSize = "512"   # MiB
displayname = "QuRe 7"
guestinfo.hostname = "qure-{key}"
bios.bootOrder = "CDROM,hdd"
bios.bootDelay = "1500"
numvcpus = 2
scsi0:0.present = "FALSE"
scsi0:0.fileName = "absent.vmdk"
ide0:0.fileName = "Virtual Disk.vmdk"
ide1:0.deviceType = "cdrom-image"
ide1:0.fileName = "../qure.iso"
`;
    const { template, disk } = templateOfVmx("a.vmx", text.replaceAll("\n", "\r\n"));
    expect(template).toMatchObject({ memory: "512M", displayName: "QuRe 7", hostname: "qure-{key}", cpus: 2 });
    expect(template.boot).toEqual({ order: "dc", delay: "1500ms" });
    expect(template.cdrom).toBe("../qure.iso");
    expect(disk).toEqual({ file: "Virtual Disk.vmdk", place: "a.vmx:12:20" });
  });

  test.each([
    ["; a comment", 'a.vmx:1:1: error: a comment begins with "#", not with ";": VMware refuses this file, too'],
    [
      'memsize = "32"\n\tdisplayName = "a" ; mine',
      'a.vmx:2:20: error: a comment begins with "#", not with ";": VMware refuses this file, too',
    ],
    ['memsize = "32" "33"', "a.vmx:1:16: error: expected the end of the line"],
    ["memsize", 'a.vmx:1:1: error: expected KEY = "VALUE"'],
    ['a = "1"\nA = "2"', "a.vmx:2:1: error: A is there already, in line 1"],
    ['memsize = "3"', "a.vmx:1:12: error: memsize is MiB from 4 to 2048"],
    ['guestinfo.hostname = "a b"', "a.vmx:1:23: error: guestinfo.hostname is a host name"],
    ["numvcpus = 9", "a.vmx:1:12: error: numvcpus is processors, 1 to 8"],
    ['displayName = ""', "a.vmx:1:16: error: displayname is a line"],
    ['bios.bootDelay = "2s"', "a.vmx:1:19: error: bios.bootDelay is a number of milliseconds, such as 2000"],
    [
      'bios.bootOrder = "hdd,tape"',
      "a.vmx:1:19: error: bios.bootOrder: there is no tape: there are floppy, hdd, cdrom, ethernet0",
    ],
  ])("%j is refused where it is wrong", (text, message) => {
    expect(refusal(() => templateOfVmx("a.vmx", text))).toBe(message);
  });

  test("keeps lines and columns of its values", () => {
    expect(parseVmx("a.vmx", '\n  a.b = "c|7Cd"').get("a.b")).toEqual({ text: "c|d", line: 2, column: 10 });
  });
});

describe("a .vmdk", () => {
  test("is a flat disk, which QEMU reads as the same bytes", (context) => {
    const image = requireOracle("qemu-img", context);
    const raw = join(folder, "disk-flat.vmdk");
    writeFileSync(raw, Buffer.from("first sector"));
    truncateSync(raw, 5 << 20);
    const path = join(folder, "disk.vmdk");
    writeFileSync(path, formatVmdk({ sizeBytes: 5 << 20, extent: "disk-flat.vmdk" }, 0xabcdef01));
    expect(spawnSync(image, ["check", "-f", "vmdk", path], { encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
    const info = execFileSync(image, ["info", "-f", "vmdk", "--output=json", path], { encoding: "utf8" });
    expect(JSON.parse(info)).toMatchObject({
      "virtual-size": 5 << 20,
      "format-specific": { data: { "create-type": "monolithicFlat", cid: 0xabcdef01 } },
    });
    execFileSync(image, ["compare", "-f", "vmdk", "-F", "raw", path, raw]);
  });

  test("of QEMU's making is read back; a sparse one is refused with the way round", (context) => {
    const image = requireOracle("qemu-img", context);
    const path = join(folder, "theirs.vmdk");
    execFileSync(image, ["create", "-f", "vmdk", "-o", "subformat=monolithicFlat", path, "4M"]);
    const text = execFileSync("cat", [path], { encoding: "utf8" });
    expect(parseVmdk(path, text)).toEqual({ sizeBytes: 4 << 20, extent: "theirs-flat.vmdk" });
    expect(refusal(() => parseVmdk("a.vmdk", "KDMV"))).toBe(
      'a.vmdk:1:1: error: expected the descriptor of a flat disk: "qemu-img convert -O raw a.vmdk disk.img" ' +
        "makes an image of it, for --from",
    );
    const sparse = '# Disk DescriptorFile\nRW 8 SPARSE "a-s001.vmdk"\n';
    expect(refusal(() => parseVmdk("a.vmdk", sparse))).toMatch(/^a\.vmdk:2:1: error: expected one flat extent/);
    expect(refusal(() => parseVmdk("a.vmdk", "# Disk DescriptorFile\n"))).toMatch(/it has no extent/);
    expect(() => formatVmdk({ sizeBytes: 5, extent: "a" }, 1)).toThrow("5 bytes are no whole sectors");
  });
});
