/**
 * One case of the fuzzer: a source or a file made from a seed goes through the assembler, and what comes out of it,
 * whole and damaged, through the readers of objects and images. Whatever is not a refusal in words is a finding.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assemble } from "../../src/assembler/assemble.ts";
import { DEFAULT_LISTING } from "../../src/assembler/model/listing-options.ts";
import { disassembleFile } from "../../src/binutils/disassembly.ts";
import { fileHeader, programHeaders, relocationTables, sectionTable, symbolTable } from "../../src/binutils/headers.ts";
import { readObjectFile } from "../../src/binutils/object-file.ts";
import { buildSystem } from "../../src/build/build.ts";
import { folderTree } from "../../src/host/files.ts";
import { inspectImage } from "../../src/image/inspect.ts";
import { ImageError } from "../../src/image/kernel-image.ts";
import { ElfError } from "../../src/object/elf-reader.ts";
import { ProgramGenerator, random } from "./generator.ts";

/** Pieces that sources break on. */
const FRAGMENTS = [
  "\\",
  "\\@",
  "\\()",
  '"',
  "'",
  "/*",
  "*/",
  "#",
  ";",
  "\n",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  "%",
  "$",
  "@",
  ",",
  "=",
  "==",
  "\0",
  "\xff",
  ".",
  "..",
  ":",
  "::",
  ".macro m a, b:req, c:vararg\n",
  ".endm\n",
  ".rept 3\n",
  ".rept 1<<30\n",
  ".irp x, 1, 2, 3\n",
  ".irpc c, abc\n",
  ".endr\n",
  ".if 1\n",
  ".if x\n",
  ".else\n",
  ".endif\n",
  ".altmacro\n",
  ".exitm\n",
  ".purgem m\n",
  ".org 0x7fffffff\n",
  ".org .-1\n",
  ".skip 1<<40\n",
  ".fill 1<<28,8,1\n",
  ".balign 1<<20\n",
  ".p2align 31\n",
  '.section "a","awMSG",@progbits,1,g,comdat\n',
  ".pushsection .x\n",
  ".popsection\n",
  ".previous\n",
  ".subsection 9\n",
  ".struct 5\n",
  ".code16\n",
  ".code32\n",
  ".att_syntax\n",
  ".intel_syntax noprefix\n",
  '.include "self"\n',
  '.incbin "self", 3, 99999999\n',
  ".uleb128 b-a\n",
  ".sleb128 -1<<63\n",
  ".comm c, 1<<31, 1<<30\n",
  ".set x, x+1\n",
  ".eqv x, y\n",
  ".eqv y, x\n",
  ".size f, .-f\n",
  ".symver f, f@@V\n",
  ".cfi_startproc\n",
  ".cfi_endproc\n",
  ".cfi_def_cfa_offset 1<<40\n",
  ".loc 1 2 3 view v\n",
  '.file 1 "a"\n',
  ".loc 99999 1\n",
  '.stabs "a:G1", 32, 0, 0, f\n',
  ".stabn 68, 0, 99999, f-g\n",
  ".stabd 68, 0, 7\n",
  ".func f, g\n",
  ".endfunc\n",
  ".double 1e99999\n",
  ".octa 0x1234567890123456789012345678901234567890\n",
  "{disp32} ",
  "lock rep ",
  "jmp 1f\n",
  "1:\n",
  "jmp .+0x7fffffff\n",
  "mov eax, [eax+eax*9]\n",
  "far ptr ",
  "offset ",
  "dword ptr ",
  "st(9)",
  "0x",
  "0b2",
  "9999999999999999999999",
  "1e9",
  "-2147483649",
];

export interface FuzzResult {
  readonly kind: string;
  /** What went wrong; null for nothing. */
  readonly finding: string | null;
  readonly input: Uint8Array;
}

export class FuzzTarget {
  readonly #sources: Uint8Array[] = [];
  readonly #images: Uint8Array[] = [];

  /** Folders with assembly sources, of which one builds the system whose images are damaged for `inspect`. */
  constructor(folders: readonly string[], root: string) {
    for (const folder of folders) {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort())
        if (name.endsWith(".s")) this.#sources.push(readFileSync(join(folder, name)));
    }
    const { files } = buildSystem(folderTree(root), { version: "fuzz", revision: 1 });
    for (const { name, content } of files ?? []) if (/\.(iso|img)$/.test(name)) this.#images.push(content);
  }

  run(seed: number): FuzzResult {
    const next = random(seed);
    if (this.#images.length > 0 && next(20) === 0)
      return this.#inspect(this.#damaged(this.#images[next(this.#images.length)]!, next));
    const input =
      next(3) === 0
        ? Buffer.from(new ProgramGenerator(seed).program(20 + next(80)), "latin1")
        : this.#sources[next(this.#sources.length)]!;
    const source = next(10) === 0 ? Uint8Array.from(input) : this.#mutated(input, next);
    let object: Uint8Array | null;
    try {
      object = assemble({
        path: "self",
        maxErrors: 50,
        debugLines: next(2) === 0,
        ...(next(4) === 0 ? { stabs: next(2) === 0 ? "plain" : "gnu", compilationDirectory: "/build" } : {}),
        dwarfVersion: 2 + next(4),
        objectDespiteErrors: next(2) === 0,
        syntax: next(2) === 0 ? "intel" : "att",
        files: {
          read: (path) => ({
            path,
            bytes: path === "self" ? source : (this.#sources[path.length % this.#sources.length] ?? source),
          }),
        },
        ...(next(3) === 0 ? { listing: { ...DEFAULT_LISTING, macros: true } } : {}),
      }).object;
    } catch (error) {
      return { kind: "as", finding: describe(error), input: source };
    }
    if (object === null || object.length > 1 << 20) return { kind: "as", finding: null, input: source };
    return this.#dump(next(2) === 0 ? object : this.#damaged(object, next));
  }

  #dump(bytes: Uint8Array): FuzzResult {
    try {
      const file = readObjectFile(bytes, "fuzz.o");
      let written = 0;
      fileHeader(file);
      programHeaders(file);
      sectionTable(file, () => true, false);
      symbolTable(file);
      relocationTables(file, () => true);
      disassembleFile(
        file,
        { ...DISASSEMBLY, bits: bytes.length % 2 === 0 ? 32 : 16 },
        (text) => void (written += text.length),
      );
      return { kind: "objdump", finding: null, input: bytes };
    } catch (error) {
      return { kind: "objdump", finding: error instanceof ElfError ? null : describe(error), input: bytes };
    }
  }

  #inspect(bytes: Uint8Array): FuzzResult {
    try {
      inspectImage({
        sizeBytes: bytes.length,
        read: (offset, length) => bytes.subarray(Math.max(0, offset), Math.max(0, offset + Math.max(0, length))),
      });
      return { kind: "inspect", finding: null, input: bytes };
    } catch (error) {
      return { kind: "inspect", finding: error instanceof ImageError ? null : describe(error), input: bytes };
    }
  }

  /** A source with pieces of itself, of others and of trouble put in, cut out and doubled. */
  #mutated(source: Uint8Array, next: (limit: number) => number): Uint8Array {
    let text = Buffer.from(source).toString("latin1");
    // A window, so that one case takes milliseconds.
    if (text.length > 12000) {
      const start = next(text.length - 12000);
      text = text.slice(start, start + 12000);
    }
    for (let i = 1 + next(12); i > 0; i--) {
      const at = next(text.length + 1);
      switch (next(6)) {
        case 0:
        case 1:
        case 2:
          text = text.slice(0, at) + FRAGMENTS[next(FRAGMENTS.length)]! + text.slice(at);
          break;
        case 3:
          text = text.slice(0, at) + text.slice(at + next(60));
          break;
        case 4: {
          const from = next(text.length + 1);
          text = text.slice(0, at) + text.slice(from, from + next(200)) + text.slice(at);
          break;
        }
        case 5:
          text = text.slice(0, at) + String.fromCharCode(next(256)) + text.slice(at + 1);
          break;
      }
    }
    return Buffer.from(text, "latin1");
  }

  /** A file with lying fields, cut off or with bytes changed. */
  #damaged(bytes: Uint8Array, next: (limit: number) => number): Uint8Array {
    const copy = Uint8Array.from(next(4) === 0 ? bytes.subarray(0, next(bytes.length + 1)) : bytes);
    if (copy.length === 0) return copy;
    const view = new DataView(copy.buffer);
    for (let i = 1 + next(8); i > 0; i--) {
      // Headers are at the beginning and, in objects, at the end.
      const at =
        next(3) === 0
          ? next(copy.length)
          : next(2) === 0
            ? next(Math.min(copy.length, 600))
            : copy.length - 1 - next(Math.min(copy.length, 600));
      if (at + 4 <= copy.length && next(2) === 0)
        view.setUint32(
          at,
          [0, 1, 0xffffffff, 0x7fffffff, 0x80000000, copy.length, copy.length - 1, next(copy.length)][next(8)]!,
          true,
        );
      else copy[at] = next(256);
    }
    return copy;
  }
}

const DISASSEMBLY = {
  syntax: "intel",
  all: true,
  chosen: () => true,
  named: false,
  relocations: true,
  rawBytes: true,
  addresses: true,
  zeros: false,
  wide: false,
  from: 0,
  to: Infinity,
  linesBefore: null,
  nameOf: (symbol: string) => symbol,
  symbols: [],
  bytesPerLine: null,
} as const;

function describe(error: unknown): string {
  return error instanceof Error ? String(error.stack) : String(error);
}
