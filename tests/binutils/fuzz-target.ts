/**
 * One case of the fuzzer for what reads files: a lying object, program, archive or image is shown, copied and
 * inspected. Whatever is not a refusal in words is a finding.
 */

import { Random } from "../../emulator/state/random.ts";
import { BinaryImageError, binaryImage } from "../../src/binutils/binary-image.ts";
import { disassembleFile } from "../../src/binutils/disassembly.ts";
import {
  fileHeader,
  programHeaders,
  relocationTables,
  sectionContents,
  sectionTable,
  symbolTable,
} from "../../src/binutils/headers.ts";
import { HexImageError, hexImage } from "../../src/binutils/hex-image.ts";
import { listSymbols } from "../../src/binutils/nm.ts";
import { type ObjectFile, readObjectFile } from "../../src/binutils/object-file.ts";
import { blobObject, rawObject } from "../../src/binutils/raw-object.ts";
import * as readelf from "../../src/binutils/readelf/headers.ts";
import { RawElf } from "../../src/binutils/readelf/raw-elf.ts";
import * as readelfTables from "../../src/binutils/readelf/tables.ts";
import { rewriteElf } from "../../src/binutils/rewrite.ts";
import { RewriteError } from "../../src/binutils/rewrite-error.ts";
import { totalsOf } from "../../src/binutils/size.ts";
import { SourceLines } from "../../src/binutils/source-lines.ts";
import { NO_CHANGES } from "../../src/binutils/symbol-changes.ts";
import { buildSystem } from "../../src/build/build.ts";
import { folderTree } from "../../src/host/files.ts";
import { inspectImage } from "../../src/image/inspect.ts";
import { ImageError } from "../../src/image/kernel-image.ts";
import { linkProgram } from "../../src/linker/link.ts";
import { defaultScript } from "../../src/linker/script/default.ts";
import { parseScript } from "../../src/linker/script/parser.ts";
import { isArchive, readArchive } from "../../src/object/archive.ts";
import { demangleSymbol } from "../../src/object/demangle/demangle.ts";
import { ElfError } from "../../src/object/elf-reader.ts";
import { archiveOf, lie, mutate, objectOf } from "../linker/mutations.ts";
import { randomProgram } from "../linker/programs.ts";

export interface FuzzResult {
  readonly kind: string;
  /** What went wrong; null for nothing. */
  readonly finding: string | null;
  readonly input: Uint8Array;
}

/**
 * Everything that can be shown of a file, in one of many ways; the text is thrown away. Throws only what is a finding.
 */
function show(file: ObjectFile, random: Random): void {
  const all = (): boolean => true;
  const ignore = (): void => undefined;
  fileHeader(file);
  programHeaders(file);
  sectionTable(file, all, random.chance(50));
  symbolTable(file, demangleSymbol);
  relocationTables(file, all);
  for (const section of file.sections)
    sectionContents(
      section,
      random.chance(80) ? 0 : random.below(100),
      random.chance(80) ? 2 ** 32 : random.below(1000),
    );
  totalsOf(file);
  const nameOf = random.chance(50) ? (symbol: string): string => symbol : demangleSymbol;
  listSymbols(file, {
    format: random.pick(["bsd", "posix", "sysv"] as const),
    sort: random.pick(["address", "name", "size", "none"] as const),
    reverse: random.chance(30),
    all: random.chance(70),
    externOnly: random.chance(20),
    undefinedOnly: random.chance(10),
    definedOnly: random.chance(10),
    withoutWeak: random.chance(10),
    printSize: random.chance(50),
    linePrefix: random.chance(20) ? "a.o:" : null,
    radix: random.pick([8, 10, 16]),
    title: "",
    namesOnly: random.chance(10),
    nameOf,
  });
  const lines = new SourceLines({
    source: random.chance(50),
    numbers: random.chance(70),
    read: () => ["a", "b"],
    nameOf,
  });
  lines.enter(file);
  disassembleFile(
    file,
    {
      bits: random.pick([16, 32]),
      syntax: random.pick(["intel", "att"] as const),
      from: random.chance(80) ? 0 : random.below(1000),
      to: random.chance(80) ? 2 ** 32 : random.below(2000),
      wide: random.chance(20),
      zeros: random.chance(10),
      rawBytes: random.chance(80),
      addresses: random.chance(80),
      chosen: all,
      named: random.chance(20),
      relocations: random.chance(70),
      all: random.chance(30),
      linesBefore: (section, offset) => lines.before(section, offset),
      nameOf,
      symbols: random.chance(20) && file.symbols.length > 0 ? [random.pick(file.symbols).name] : [],
      bytesPerLine: random.chance(20) ? 1 + random.below(20) : null,
    },
    ignore,
  );
  try {
    const image = {
      chosen: all,
      gapFill: 0xff,
      fillsGaps: false,
      padTo: random.chance(20) ? random.pick([0, 0x100000, 0xffffffff]) : null,
      wordsFor: () => (random.chance(50) ? new Set(["alloc", random.pick(["load", "contents"] as const)]) : null),
    };
    binaryImage(file, image);
    hexImage(random.pick(["ihex", "srec", "verilog"] as const), file, {
      ...image,
      // What is chosen may have gaps of any size otherwise, which take seconds.
      fillsGaps: false,
      padTo: null,
      chosen: ({ sizeBytes }) => sizeBytes < 0x10000,
      start: random.pick([0, 0x7c00, 0x100000]),
      name: "fuzz",
      recordBytes: random.below(300),
      hasLongAddresses: random.chance(20),
      wordBytes: random.pick([1, 2, 4, 8, 16]),
    });
    rewriteElf(file, {
      chosen: ({ name }) => random.chance(90) || name === "",
      changes: {
        ...NO_CHANGES,
        strip: random.pick(["none", "debugging", "unneeded", "all"] as const),
        discard: random.pick(["none", "labels", "all"] as const),
      },
    });
  } catch (error) {
    if (!(error instanceof BinaryImageError || error instanceof HexImageError || error instanceof RewriteError))
      throw error;
  }
}

/** What readelf says, which reads the file's own numbers rather than sections that were taken apart. */
function showRaw(bytes: Uint8Array, random: Random): void {
  const elf = new RawElf(bytes, "part.o");
  const isWide = random.chance(50);
  const parts: (() => unknown)[] = [
    () => readelf.fileHeader(elf),
    () => readelf.sectionTable(elf, isWide, true),
    () => readelf.groups(elf),
    () => readelf.segmentTable(elf, true),
    () => readelf.dynamicTable(elf),
    () => readelfTables.relocationTables(elf, isWide),
    () => readelfTables.symbolTables(elf, isWide),
    () => readelfTables.notes(elf, isWide),
    () => {
      const section = readelfTables.sectionNamed(elf, random.pick([".text", ".strtab", String(random.below(20))]));
      if (section === null) return;
      readelfTables.hexDump(elf, section);
      readelfTables.stringDump(elf, section);
    },
  ];
  // A refusal of one part keeps no other from being read.
  for (const part of parts)
    try {
      part();
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
    }
}

export class FuzzTarget {
  readonly #objects: Uint8Array[] = [];
  readonly #images: Uint8Array[] = [];

  /** The repository's root, whose system is built for its images and its program. */
  constructor(root: string) {
    const script = parseScript(defaultScript("paged"), "default");
    for (let number = 1; number <= 10; number++) {
      const objects = randomProgram(number).map((source, part) => objectOf(source, `part${part}.s`));
      this.#objects.push(...objects, archiveOf(objects));
      const { linked } = linkProgram(
        objects.map((bytes, part) => ({ kind: "file", path: `${part}.o`, bytes })),
        { script, isDefaultScript: true, emitRelocations: number % 2 === 0 },
      );
      if (linked) this.#objects.push(linked.file);
    }
    const { files } = buildSystem(folderTree(root), { version: "fuzz", revision: 1 });
    for (const { name, content } of files ?? []) if (/\.(iso|img)$/.test(name)) this.#images.push(content);
  }

  run(seed: number): FuzzResult {
    const random = new Random(seed);
    if (random.chance(25) && this.#images.length > 0)
      return this.#inspect(damagedImage(random, random.pick(this.#images)));
    let bytes = random.pick(this.#objects);
    for (let i = 1 + random.below(3); i > 0; i--)
      bytes = random.chance(60) ? lie(random, bytes) : mutate(random, bytes);
    try {
      if (random.chance(5)) {
        show(rawObject(bytes, "blob", random.pick([0, 0x7c00, 0xfffffff0])), random);
        show(readObjectFile(blobObject(bytes, "blob"), "blob"), random);
      } else if (isArchive(bytes))
        for (const { content, name } of readArchive(bytes, "lib.a").members)
          show(readObjectFile(content, name), random);
      else if (random.chance(40)) showRaw(bytes, random);
      else show(readObjectFile(bytes, "part.o"), random);
      return { kind: "objects", finding: null, input: bytes };
    } catch (error) {
      return { kind: "objects", finding: error instanceof ElfError ? null : describe(error), input: bytes };
    }
  }

  #inspect(bytes: Uint8Array): FuzzResult {
    try {
      inspectImage({
        sizeBytes: bytes.length,
        read: (offset, length) => bytes.subarray(Math.max(0, offset), Math.max(0, offset + Math.max(0, length))),
      });
      return { kind: "inspect", finding: null, input: bytes.subarray(0, 1 << 20) };
    } catch (error) {
      return { kind: "inspect", finding: error instanceof ImageError ? null : describe(error), input: bytes };
    }
  }
}

/** Fields changed in the first sectors, in the headers of the volumes, or anywhere. */
function damagedImage(random: Random, image: Uint8Array): Uint8Array {
  const copy = random.chance(20) ? image.slice(0, random.below(image.length + 1)) : image.slice();
  const view = new DataView(copy.buffer);
  for (let i = random.below(10); i >= 0 && copy.length >= 4; i--) {
    const near = random.pick([512, 4096, 40 * 2048, copy.length]);
    const at = random.below(Math.min(near, copy.length - 3));
    if (random.chance(50))
      view.setUint32(
        at,
        random.pick([0, 1, 0x7fffffff, 0x80000000, 0xffffffff, copy.length, random.below(copy.length)]),
        true,
      );
    else copy[at] = random.below(256);
  }
  return copy;
}

function describe(error: unknown): string {
  return error instanceof Error ? String(error.stack) : String(error);
}
