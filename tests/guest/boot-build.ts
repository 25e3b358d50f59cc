/**
 * Builds what the tests of the boot chain boot: GNU as assembles, so that these tests judge boot/ and not our
 * assembler; our linker links, and GNU ld as well, to compare.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type BootImage, makeBootImage } from "../../src/image/boot-image.ts";
import { makeKernelImage, SECTOR_BYTES } from "../../src/image/kernel-image.ts";
import { type Linked, link } from "../../src/linker/link.ts";
import { parseScript } from "../../src/linker/script/parser.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { shared } from "../setup/shared.ts";

const root = join(import.meta.dirname, "../..");
const KERNEL_LINK_BASE = 0x100000;

export interface Flat {
  readonly bytes: Uint8Array;
  /** The same objects and script through GNU ld. */
  readonly gnuBytes: Uint8Array;
}

export interface BootChain {
  readonly loader: Flat;
  readonly firmware: Flat;
  readonly boot: BootImage;
  /** Sectors 0 to 16 of a disk with the test of the BIOS services. */
  readonly services: Uint8Array;
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${stderr}`);
}

function assemble(folder: string, sources: readonly string[], includes: readonly string[]): string[] {
  return sources.map((source) => {
    const object = join(folder, `${basename(source, ".s")}.o`);
    run("as", ["--32", "-g", ...includes.flatMap((include) => ["-I", include]), "-o", object, source]);
    return object;
  });
}

function sourcesOf(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".s"))
    .sort()
    .map((name) => `${folder}/${name}`);
}

function linkObjects(
  objects: readonly string[],
  scriptPath: string,
  script: string,
  options: { entry?: string; sectionStart?: ReadonlyMap<string, number> } = {},
): Linked {
  const { linked, problems } = link({
    objects: objects.map((path) => readElf(new Uint8Array(readFileSync(path)), path)),
    script: parseScript(script, scriptPath),
    ...options,
  });
  if (!linked) throw new Error(problems.map(({ message }) => message).join("\n"));
  return linked;
}

function linkFlat(folder: string, objects: readonly string[], scriptPath: string): Flat {
  const { sections } = linkObjects(objects, scriptPath, readFileSync(join(root, scriptPath), "utf8"));
  const loaded = sections.filter(({ nobits, flags }) => !nobits && (flags & 2) !== 0);
  const start = Math.min(...loaded.map(({ address }) => address));
  const bytes = new Uint8Array(Math.max(...loaded.map(({ address, sizeBytes }) => address + sizeBytes)) - start);
  for (const { content, address } of loaded) bytes.set(content, address - start);
  const gnu = join(folder, "gnu.bin");
  run("ld", ["-m", "elf_i386", "-T", scriptPath, "-o", gnu, ...objects]);
  return { bytes, gnuBytes: new Uint8Array(readFileSync(gnu)) };
}

const KERNEL_SCRIPT = `
ENTRY(entry32)
SECTIONS {
  .kernel16 0 : { *(.text16) }
  .kernel32 0 : { *(.text) *(.data) }
  .bss : { *(.bss) }
}`;

/** Assembles and links everything, once for all files that a worker runs. Needs GNU as and ld. Nobody writes to it. */
export const bootChain = shared(async () => buildBootChain());

function buildBootChain(): BootChain {
  const folder = mkdtempSync(join(tmpdir(), "qure-boot-"));
  try {
    const loader = linkFlat(
      folder,
      assemble(folder, sourcesOf("boot/loader"), ["boot/loader", "asm/include"]),
      "boot/loader.ld",
    );
    const firmware = linkFlat(
      folder,
      assemble(folder, sourcesOf("boot/firmware"), ["boot/firmware", "asm/include"]),
      "boot/firmware.ld",
    );
    const kernel = linkObjects(
      assemble(folder, ["tests/guest/programs/boot-kernel.s"], ["asm/include"]),
      "kernel script",
      KERNEL_SCRIPT,
      { sectionStart: new Map([[".kernel32", KERNEL_LINK_BASE]]) },
    );
    const image = makeKernelImage(kernel, {
      label: "Boot test",
      revision: 42,
      linkBase: KERNEL_LINK_BASE,
      entry16: "entry16",
    });
    const [services] = assemble(folder, ["tests/guest/programs/boot-services.s"], ["tests/guest/programs"]);
    const flat = linkObjects(
      [services!],
      "services script",
      "SECTIONS { . = 0x7C00; .text : { *(.text) } }",
    ).sections.find(({ name }) => name === ".text")!;
    return { loader, firmware, boot: makeBootImage(loader.bytes, image), services: flat.content };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A disk of 16 MiB with the test of the BIOS services; sectors from 64 on hold their own number. */
export function servicesDisk(services: Uint8Array): Uint8Array {
  const disk = new Uint8Array(16 * 1024 * 1024);
  disk.set(services);
  const view = new DataView(disk.buffer);
  for (let lba = 64; lba < disk.length / SECTOR_BYTES; lba++) view.setUint32(lba * SECTOR_BYTES, lba, true);
  return disk;
}
