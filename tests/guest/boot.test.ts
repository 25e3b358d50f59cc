/**
 * The boot chain in a machine: the firmware's services, and what the loader hands to a kernel, on every BIOS and
 * medium.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { Machine } from "../../emulator/machine.ts";
import { makeDisk } from "../../src/image/disk.ts";
import { makeIso } from "../../src/image/iso9660.ts";
import { SECTOR_BYTES } from "../../src/image/kernel-image.ts";
import { oracle, requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { type BootChain, bootChain, servicesDisk } from "./boot-build.ts";

const MIB = 1024 * 1024;
const MS = 1_000_000;
const DISK_BYTES = 64 * MIB;

type Medium = { readonly kind: "disk" | "cd"; readonly content: Uint8Array };

let chain: BootChain | null = null;
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "qure-boot-test-"));
  if (oracle("as") && oracle("ld")) chain = await bootChain();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function built(context: { skip(reason: string): unknown }): BootChain {
  requireOracle("as", context);
  requireOracle("ld", context);
  return chain!;
}

/** Runs a machine until it says `until`, or for ten virtual seconds; returns what came over COM1. */
function runHere(
  firmware: Uint8Array,
  media: readonly Medium[],
  until: string | RegExp,
): { text: string; machine: Machine } {
  let text = "";
  const drive = ({ kind, content }: Medium): { kind: "disk" | "cd"; medium: SparseDisk } => ({
    kind,
    medium: new SparseDisk(kind === "disk" ? Math.max(content.length, DISK_BYTES) : content.length, { content }),
  });
  const machine = new Machine({
    name: "boot",
    firmware,
    ramBytes: 32 * MIB,
    rtcStartSeconds: 1_767_225_600,
    network: [],
    ide: [0, 1, 2, 3].map((place) => (media[place] ? drive(media[place]!) : null)),
    characterOutput: (port, byte) => {
      if (port === 0) text += String.fromCharCode(byte);
    },
  });
  while (text.search(until) < 0 && machine.power === "on" && machine.nowNs < 10_000 * MS)
    machine.runUntil(machine.nowNs + MS);
  return { text: text.replaceAll("\r", ""), machine };
}

/** The same in QEMU. `firmware` null is SeaBIOS. */
async function runInQemu(
  qemu: string,
  firmware: Uint8Array | null,
  args: readonly string[],
  until: string,
): Promise<string> {
  const bios = join(folder, "firmware.bin");
  if (firmware) writeFileSync(bios, firmware);
  const child = spawn(qemu, [
    "-M",
    "pc",
    "-m",
    "32",
    "-display",
    "none",
    "-nodefaults",
    "-vga",
    "std",
    "-monitor",
    "none",
    "-serial",
    "stdio",
    "-no-reboot",
    "-snapshot",
    ...(firmware ? ["-bios", bios] : []),
    ...args,
  ]);
  const deadline = setTimeout(() => child.kill(), 30_000);
  let text = "";
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes(until)) break;
  }
  clearTimeout(deadline);
  child.kill();
  return text.replaceAll("\r", "");
}

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test("our linker and GNU ld make the same loader and firmware", (context) => {
  const { loader, firmware } = built(context);
  expect(Buffer.compare(loader.bytes, loader.gnuBytes)).toBe(0);
  expect(Buffer.compare(firmware.bytes, firmware.gnuBytes)).toBe(0);
  expect(firmware.bytes.length).toBe(64 * 1024);
});

describe("BIOS services", () => {
  const expectAllGood = (text: string): void => {
    const lines = text.split("\n");
    expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([]);
    expect(lines.filter((line) => line.startsWith("ok ")).length).toBeGreaterThan(50);
    expect(text).toMatch(/^end$/m);
  };

  test("of our firmware in the emulator", (context) => {
    const { firmware, services } = built(context);
    let text = "";
    const content = servicesDisk(services);
    const machine = new Machine({
      name: "services",
      firmware: firmware.bytes,
      ramBytes: 32 * MIB,
      rtcStartSeconds: 1_767_225_600,
      network: [],
      ide: [{ kind: "disk", medium: new SparseDisk(content.length, { content }) }, null, null, null],
      characterOutput: (port, byte) => {
        if (port === 0) text += String.fromCharCode(byte);
      },
    });
    while (machine.power === "on" && machine.nowNs < 10_000 * MS) machine.runUntil(machine.nowNs + 10 * MS);
    expectAllGood(text);
    expect(machine.power).toBe("off");
  });

  test.for(rowsOf(["our firmware", "SeaBIOS"], 1))("of %s in QEMU", async (bios, context) => {
    const { firmware, services } = built(context);
    const qemu = requireOracle("qemu-system-i386", context);
    const path = file("services.img", servicesDisk(services));
    expectAllGood(
      await runInQemu(qemu, bios === "SeaBIOS" ? null : firmware.bytes, ["-drive", `format=raw,file=${path}`], "\nend"),
    );
  });
});

describe("what the loader hands to a kernel", () => {
  const isoOf = (boot: BootChain["boot"]): { bytes: Uint8Array; lba: number } => {
    const iso = makeIso(boot, "QURE");
    return { bytes: iso.bytes, lba: iso.bootImageOffset / SECTOR_BYTES };
  };

  /** Checks the lines that tests/guest/programs/boot-kernel.s prints. */
  const expectHandover = (
    text: string,
    boot: BootChain["boot"],
    drive: string,
    imageLba: number,
    partition: string,
  ): void => {
    expect(text).toMatch(
      /QuRe loader: kernel image at sector \d+ of drive [0-9A-F]{2}h, \d+ bytes .*100%, Boot test starts/,
    );
    expect(text).toMatch(/^end$/m);
    const values = new Map(
      [...text.matchAll(/^([a-z0-9-]+) ([0-9A-F]+)$/gm)].map((match) => [match[1]!, match[2]!]).reverse() as [
        string,
        string,
      ][],
    );
    const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, "0");
    expect(Object.fromEntries(values)).toMatchObject({
      "real-mode-entry": "1",
      interrupts: hex(0),
      cs: hex(8),
      ss: hex(16),
      esp: hex(0x7c00),
      "relocation-error": hex(0),
      "bss-error": hex(0),
      magic: "49425251",
      version: hex(1),
      "drive-media-sector": drive,
      "image-lba": hex(imageLba),
      "image-sectors": hex(boot.bytes.length / SECTOR_BYTES),
      "kernel-base": hex(0x100000),
      "kernel16-base": hex(0x20000),
      revision: hex(42),
      partition,
      com1: hex(0x3f8),
      "first-symbol": hex(0x100000),
      "first-line": hex(0x100000),
      "map-base": hex(0),
      "map-type": hex(1),
    });
  };
  const DISK_80 = "02000080";
  const CD_E0 = "080001E0";

  test("from a disk, a CD and the CD's image on a disk, in the emulator", (context) => {
    const { firmware, boot } = built(context);
    const iso = isoOf(boot);
    expectHandover(
      runHere(firmware.bytes, [{ kind: "disk", content: makeDisk(boot, DISK_BYTES) }], "\nend").text,
      boot,
      DISK_80,
      0,
      "00000000",
    );
    expectHandover(
      runHere(firmware.bytes, [{ kind: "cd", content: iso.bytes }], "\nend").text,
      boot,
      CD_E0,
      iso.lba,
      "FFFFFFFF",
    );
    expectHandover(
      runHere(firmware.bytes, [{ kind: "disk", content: iso.bytes }], "\nend").text,
      boot,
      DISK_80,
      iso.lba,
      "00000000",
    );
  });

  test("a blank disk is passed over with a sentence, and the CD starts", (context) => {
    const { firmware, boot } = built(context);
    const { text } = runHere(
      firmware.bytes,
      [
        { kind: "disk", content: new Uint8Array(512) },
        { kind: "cd", content: isoOf(boot).bytes },
      ],
      "\nend",
    );
    expect(text).toMatch(/^Drive 80h: no boot sector, it does not end in AA55h$/m);
    expect(text).toMatch(/^Drive E0h starts$/m);
    expect(text).toMatch(/^end$/m);
  });

  test("without anything to boot the firmware says so and waits for a key", (context) => {
    const { text, machine } = runHere(
      built(context).firmware.bytes,
      [],
      "No bootable device. Attach one and press a key.",
    );
    expect(text).toMatch(/^No bootable device/m);
    const before = machine.instructions;
    machine.runUntil(machine.nowNs + 1000 * MS);
    expect(machine.instructions - before).toBeLessThan(100_000);
  });

  test.for(
    rowsOf(
      [
        ["a disk, SeaBIOS", "disk", "sea"],
        ["a CD, SeaBIOS", "cd", "sea"],
        ["a stick with the CD's image, SeaBIOS", "stick", "sea"],
        ["a diskette, by cylinder, head and sector, SeaBIOS", "diskette", "sea"],
        ["a disk, our firmware", "disk", "own"],
        ["a CD, our firmware", "cd", "own"],
      ] as const,
      1,
    ),
  )("from %s, in QEMU", async ([, medium, bios], context) => {
    const { firmware, boot } = built(context);
    const qemu = requireOracle("qemu-system-i386", context);
    const iso = isoOf(boot);
    const disk = makeDisk(boot, DISK_BYTES);
    const padded = new Uint8Array(DISK_BYTES);
    padded.set(disk);
    const stick = new Uint8Array(4 * MIB); // SeaBIOS gives a drive smaller than a cylinder no sectors at all
    stick.set(iso.bytes);
    const media: Readonly<
      Record<
        "disk" | "diskette" | "cd" | "stick",
        () => { args: string[]; drive: string; lba: number; partition: string }
      >
    > = {
      disk: () => ({
        args: ["-drive", `format=raw,file=${file("disk.img", padded)}`],
        drive: DISK_80,
        lba: 0,
        partition: "00000000",
      }),
      diskette: () => ({
        args: [
          "-boot",
          "a",
          "-drive",
          `if=floppy,format=raw,file=${file("diskette.img", padded.subarray(0, 1_474_560))}`,
        ],
        drive: "02000000",
        lba: 0,
        partition: "00000000",
      }),
      cd: () => ({ args: ["-cdrom", file("cd.iso", iso.bytes)], drive: CD_E0, lba: iso.lba, partition: "FFFFFFFF" }),
      stick: () => ({
        args: [
          "-usb",
          "-drive",
          `if=none,id=stick,format=raw,file=${file("stick.img", stick)}`,
          "-device",
          "usb-storage,drive=stick",
        ],
        drive: DISK_80,
        lba: iso.lba,
        partition: "00000000",
      }),
    };
    const { args, drive, lba, partition } = media[medium]();
    const text = await runInQemu(qemu, bios === "own" ? firmware.bytes : null, args, "\nend");
    expectHandover(text, boot, drive, lba, partition);
  });
});

describe("what the loader refuses", () => {
  const flips: readonly (readonly [string, (image: Uint8Array, kernelAt: number) => void, RegExp])[] = [
    [
      "a flipped byte",
      (image, at) => {
        image[at + 5000]! ^= 1;
      },
      /bad checksum, header says [0-9A-F]{8}, content has [0-9A-F]{8}\./,
    ],
    [
      "another magic number",
      (image, at) => {
        image[at] = 0;
      },
      /no kernel image, expected the magic number .* found 45525500 4C4E524B\./,
    ],
    [
      "another version",
      (image, at) => {
        image[at + 8] = 7;
      },
      /version 7, this loader reads version 2\./,
    ],
    [
      "a part that goes past the end",
      (image, at) => {
        image[at + 46] = 0x7f;
      },
      /its 32-bit part of \d+ bytes at offset \d+ is not aligned to 16 or goes past the image's \d+ bytes\./,
    ],
    [
      "a loader that is not there",
      (image) => {
        image[512] = 0;
      },
      /boot sector: drive 80h: no readable loader, BIOS status 00h/,
    ],
    [
      "a kernel beyond the end of the disk",
      (image) => {
        new DataView(image.buffer).setUint32(428, 100_000_000, true);
      },
      /drive 80h cannot read its sector 100000000 \(512 bytes, by .*\), BIOS status [0-9A-F]{2}h\./,
    ],
  ];
  test.for(flips)("%s", ([, spoil, sentence], context) => {
    const { firmware, boot } = built(context);
    const image = makeDisk(boot, DISK_BYTES);
    spoil(image, boot.kernelSector * SECTOR_BYTES);
    const { text } = runHere(firmware.bytes, [{ kind: "disk", content: image }], sentence);
    expect(text).toMatch(sentence);
  });
});
