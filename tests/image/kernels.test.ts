/**
 * Kernels that are plain files: the CD that is made of one boots it with what its boot protocol promises. QEMU's
 * `-kernel` is the judge for Multiboot 1; GNU's tools read nothing of the rest, so the kernels themselves say what they
 * found. The same CD boots in QEMU, with its own BIOS.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { assemble } from "../../src/assembler/assemble.ts";
import { ImageError } from "../../src/image/kernel-image.ts";
import { type KernelStart, kernelIso } from "../../src/image/kernel-start/start.ts";
import { isOurs } from "../../src/image/recognise.ts";
import { buildStarter, folderTree, LabCluster } from "../../src/index.ts";
import { link } from "../../src/linker/link.ts";
import { parseScript } from "../../src/linker/script/parser.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { requireOracle, withFolder } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { linuxRoot } from "../systems/linux.ts";
import { ourFirmware, packageFile } from "../systems/packages.ts";

const root = join(import.meta.dirname, "../..");
const MIB = 1024 * 1024;
const starter = buildStarter(folderTree(root)).files![0]!.content;
const MODULES = [
  { text: "a.bin hello", content: new TextEncoder().encode("abcdefgh") },
  { text: "b.bin", content: new Uint8Array(5000).fill(0x78) },
];

/** The object of a kernel of this folder. */
function objectOf(name: string) {
  const path = `tests/image/kernels/${name}.s`;
  const read = (file: string) => {
    for (const candidate of [file, `tests/image/kernels/${file}`])
      try {
        return { path: candidate, bytes: new Uint8Array(readFileSync(join(root, candidate))) };
      } catch {
        // Not here.
      }
    return null;
  };
  const { object, diagnostics } = assemble({ path, files: { read } });
  if (!object) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return readElf(object, path);
}

function elf(name: string): Uint8Array {
  const script = parseScript(
    "ENTRY(_start) SECTIONS { . = 0x100000; .text : { *(.text) } .data : { *(.data) } .bss : { *(.bss) } }",
    name,
  );
  const { linked, problems } = link({ objects: [objectOf(name)], script });
  if (!linked) throw new Error(problems.map(({ message }) => message).join("\n"));
  return linked.file;
}

function flat(name: string): Uint8Array {
  return objectOf(name).sections.find((section) => section.name === ".text")!.content;
}

function cdOf(kernel: Partial<KernelStart> & Pick<KernelStart, "name" | "bytes">): Uint8Array {
  return kernelIso({ append: "", modules: [], ramBytes: 64 * MIB, ...kernel }, starter);
}

/** What a kernel prints until its machine is off or stands still; on a screen of that size, with one pixel set. */
async function run(cdrom: Uint8Array, size?: readonly [width: number, height: number]): Promise<string> {
  const lab = new LabCluster({ firmware: ourFirmware(), nodes: [{ cdrom, ramBytes: 64 * MIB }], gateway: false });
  try {
    const node = lab.nodes[0]!;
    await lab.until(() => node.isOff || node.standstill !== null, "the kernel goes on", { within: "10s" });
    if (size) {
      const { width, height, rgba } = node.machine.screenshot();
      expect([width, height]).toEqual(size);
      expect([...rgba.subarray(-4)]).toEqual([0x33, 0x66, 0x99, 0xff]);
    }
    return node.console.text;
  } finally {
    lab.close();
  }
}

/** The kernel's own words: QEMU keeps more memory for its tables. */
function report(text: string): string {
  return text
    .replace(/\r/g, "")
    .replace(/^[\s\S]*?\nkernel\n/, "")
    .replace(/up to .*\n/, "");
}

describe("a kernel that is a file", () => {
  thoroughly("has the graphics mode that it wants, and draws", async () => {
    const [first, second] = [cdOf({ name: "k", bytes: elf("video1") }), cdOf({ name: "k", bytes: elf("video2") })];
    const frame = ["bits and kind 00000120", "red and green 08080810", "blue 00000800"];
    const controller = "controller 41534556";
    const linesOf = async (cdrom: Uint8Array, size: readonly [number, number]): Promise<string[]> => {
      const text = report(await run(cdrom, size));
      return text.trimEnd().split("\n");
    };
    expect(await linesOf(first, [800, 600])).toEqual([
      ...["flags 00001800", "mode 00000143", controller, "size 02580320"],
      ...["pitch 00000C80", "width 00000320", "height 00000258", ...frame],
    ]);
    expect(await linesOf(second, [640, 480])).toEqual([
      ...["bytes 00000310", "mode 00000142", controller, "size 01E00280", "bytes 00000026"],
      ...["pitch 00000A00", "width 00000280", "height 000001E0", ...frame],
    ]);
  });

  thoroughly("keeps the text screen where the BIOS has no such mode", async () => {
    const bytes = elf("video1");
    const at = Buffer.from(bytes).indexOf(Buffer.from(Uint32Array.of(800, 600, 32).buffer));
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, 801, true);
    const said = report(await run(cdOf({ name: "k", bytes })));
    expect(said).toMatch(/^flags 00001000\n/);
    expect(said).toMatch(/pitch 000000A0\nwidth 00000050\nheight 00000019\nbits and kind 00000210\n/);
  });

  thoroughly("Multiboot 1: is entered as by QEMU's -kernel, with its line, modules and map", async (context) => {
    const qemu = requireOracle("qemu-system-i386", context);
    const bytes = elf("multiboot1");
    const ours = report(await run(cdOf({ name: "k.elf", bytes, append: "one two", modules: MODULES })));
    expect(ours).toContain("eax 2BADB002\n");
    const theirs = withFolder((folder) => {
      writeFileSync(join(folder, "k.elf"), bytes);
      writeFileSync(join(folder, "a.bin"), MODULES[0]!.content);
      writeFileSync(join(folder, "b.bin"), MODULES[1]!.content);
      const { stdout } = spawnSync(
        qemu,
        [
          ...["-kernel", "k.elf", "-append", "one two", "-initrd", "a.bin hello,b.bin", "-m", "64M", "-net", "none"],
          ...["-display", "none", "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4"],
        ],
        { cwd: folder, encoding: "latin1", timeout: 60_000 },
      );
      return report(stdout);
    });
    expect(ours).toBe(theirs);
  });

  thoroughly("the CD of a kernel boots in QEMU with QEMU's BIOS, and says the same there", async (context) => {
    const qemu = requireOracle("qemu-system-i386", context);
    const cdrom = cdOf({ name: "k.elf", bytes: elf("multiboot2"), append: "x", modules: MODULES });
    const theirs = withFolder((folder) => {
      writeFileSync(join(folder, "k.iso"), cdrom);
      const { stdout } = spawnSync(
        qemu,
        [
          ...["-cdrom", "k.iso", "-m", "64M", "-net", "none", "-display", "none", "-serial", "stdio"],
          ...["-device", "isa-debug-exit,iobase=0xf4"],
        ],
        { cwd: folder, encoding: "latin1", timeout: 60_000 },
      );
      return report(stdout);
    });
    expect(report(await run(cdrom))).toBe(theirs);
  });

  test("Multiboot 2: every tag, at the entry that the header names", async () => {
    const text = report(await run(cdOf({ name: "k.elf", bytes: elf("multiboot2"), append: "x", modules: MODULES })));
    expect(text.split("\n").slice(0, 15)).toEqual([
      "eax 36D76289",
      "off by 00000000",
      "rest 00000000",
      "tag 00000004",
      "tag 00000001",
      "k.elf x",
      "tag 00000002",
      "tag 00000003",
      "a.bin hello",
      "bytes 00000008",
      "tag 00000003",
      "b.bin",
      "bytes 00001388",
      "tag 00000008",
      "tag 00000006",
    ]);
    expect(text).toContain("left over 00000000");
  });

  test("a .com program: text, its command line, its code", async () => {
    const text = await run(cdOf({ name: "HELLO.COM", bytes: flat("hello"), append: "you there" }));
    expect(text).toContain("hello, you there");
    expect(text).toContain("the program has ended with the code 7");
  });

  test("a flat file: all of it from 7C00h on, where the starter itself stood", async () => {
    expect(await run(cdOf({ name: "flat.bin", bytes: flat("flat") }))).toContain("flat and whole");
  });

  test("is not taken for QuRe", () => {
    expect(isOurs(cdOf({ name: "flat.bin", bytes: flat("flat") }))).toBe(false);
  });

  thoroughly(
    "Linux by its boot protocol, with an initial RAM disk",
    async (context) => {
      const bytes = packageFile("vmlinuz", "linux-image-686:i386", context);
      const cdrom = kernelIso(
        {
          name: "vmlinuz",
          bytes,
          append: "console=ttyS0 rdinit=/init",
          modules: [{ text: "root", content: linuxRoot(context) }],
          ramBytes: 128 * MIB,
        },
        starter,
      );
      const lab = new LabCluster({ firmware: ourFirmware(), nodes: [{ cdrom, ramBytes: 128 * MIB }] });
      try {
        await lab.nodes[0]!.waitFor(/init has come up/, { within: "200s" });
      } finally {
        lab.close();
      }
    },
    900_000,
  );

  test("what cannot be started is refused with a sentence", () => {
    const bytes = elf("multiboot1");
    const changed = (at: number, value: number): Uint8Array => {
      const copy = bytes.slice();
      copy[at] = value;
      return copy;
    };
    const headers = new DataView(bytes.buffer, bytes.byteOffset).getUint32(28, true);
    for (const [kernel, problem] of [
      [{ name: "k", bytes: changed(4, 2) }, "k: it is not an ELF file of 32 bits, little-endian: the processor"],
      [{ name: "k", bytes: changed(18, 62) }, "k: it is for ELF machine 62, not the Intel 80386 (3)"],
      [{ name: "k", bytes: changed(16, 1) }, "k: it is no executable: link it"],
      [{ name: "k", bytes: changed(headers + 14, 0) }, "k: segment 0 belongs to "],
      [{ name: "k", bytes: bytes.subarray(0, 60) }, "k: its program headers are not in the file"],
      [{ name: "k.com", bytes: new Uint8Array(70_000) }, "k.com: a .com program has 1 to 65024 bytes, this has 70000"],
      [{ name: "k", bytes: new Uint8Array(700_000) }, "k: a flat file has 1 to 558080 bytes"],
      [{ name: "k", bytes: new Uint8Array(10), modules: MODULES }, "k is neither a Multiboot kernel nor Linux"],
      [{ name: "k", bytes, append: "x".repeat(20_000) }, "the command line and the modules' names are too long"],
    ] as const)
      expect(() => cdOf(kernel)).toThrow(problem);
  });

  test("any change of a kernel's bytes ends in a CD or in a sentence", () => {
    const random = new Random(3);
    const kernels = ["multiboot1", "multiboot2"].map(elf);
    for (let round = 0; round < 400; round++) {
      const bytes = random.pick(kernels).slice(0, 200 + random.below(9000));
      for (let change = 0; change < 4; change++)
        bytes[random.below(random.chance(70) ? 160 : bytes.length)] = random.below(256);
      try {
        cdOf({ name: "k", bytes });
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
      }
    }
  });
});
