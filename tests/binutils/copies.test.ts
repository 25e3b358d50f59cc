/**
 * What objcopy and strip make of an object, a program and an archive, against GNU's: the same file byte for byte. One
 * row for each option, or for options that mean something else together.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../src/cli/fail.ts";
import { run as objcopy } from "../../src/cli/gnu/objcopy.ts";
import { run as objdump } from "../../src/cli/gnu/objdump.ts";
import { run as size } from "../../src/cli/gnu/size.ts";
import { run as strip } from "../../src/cli/gnu/strip.ts";
import {
  ET_REL,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_GROUP,
  SHT_GROUP,
  SHT_PROGBITS,
  STB_WEAK,
  STT_FUNC,
} from "../../src/object/elf.ts";
import { type FileSection, writeElf } from "../../src/object/elf-writer.ts";
import { requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { captured } from "./captured.ts";

/** Symbols of every kind, referred to or not; a group; debugging information; notes. */
const SOURCE = `.file "whole.c"
.text
.globl shown
.type shown, @function
shown: call .Lhere
.Lhere: jmp 1f
quiet: nop
1: call named
named: .long missing, last
last:
.size shown, . - shown
.data
.Ltable: .long .Ltail + 4, shown, last
.Ltail: .long 0
.bss
room: .skip 12
.section .grouped, "aG", @progbits, signature, comdat
.globl signature
signature: .long shown
.section .debug_info, "", @progbits
told: .long quiet, .debug_str
.section .debug_str, "MS", @progbits, 1
.asciz "a text"
.section .note.own, "a", @note
.long 4, 0, 1, 0x41424344
.section .debug_info.dwo, "e"
.long 1
.comm shared, 4, 4
.globl nobody
.weak feeble
.weak gentle
gentle = quiet
.set number, 5
.globl far
.set far, 6
.globl veiled
.hidden veiled
veiled:
`;
/** What only a program has: relocations that are loaded, thread-local data, segments for each kind of section. */
const STARTED = `.globl chosen, begin
.type chosen, @gnu_indirect_function
chosen: ret
begin: call chosen
.section .tdata, "awT", @progbits
.long 1
.section .tbss, "awT", @nobits
.skip 4
.section .tdata.edge, "awT", @progbits
.globl edge
edge:
.section .note.own, "a", @note
.long 4, 0, 1, 0x41424344
.section .rodata
.long 7
.data
.long 8
`;
/** A linker script without room for headers in memory, as kernels have. */
const HIGHER = `ENTRY(begin) SECTIONS { . = 0xC0100000;
.text : AT(ADDR(.text) - 0xC0000000) { *(.text) } .note : AT(ADDR(.note) - 0xC0000000) { *(.note*) }
.tdata : AT(ADDR(.tdata) - 0xC0000000) { *(.tdata) }
.data : AT(ADDR(.data) - 0xC0000000) { *(.data) *(.rodata) } }`;
const NAMES = "quiet\n# a comment\nshown\nlast\n";
/** Rows for both the object and the program; `names` is the file of names, `names` of the folder. */
const BOTH: readonly string[] = [
  "objcopy",
  "objcopy -x",
  "objcopy -X",
  "objcopy -x -g",
  "objcopy -S",
  "objcopy -g",
  "objcopy --strip-unneeded",
  "objcopy --strip-unneeded -K quiet",
  "objcopy -S -K shown -K quiet",
  "objcopy -S --keep-symbols=names",
  "objcopy -g -K told",
  "objcopy -N far",
  "objcopy -w -N num* -N v* -N !veiled",
  "objcopy --strip-symbol=number",
  "objcopy --localize-symbols=names",
  "objcopy --globalize-symbols=names",
  "objcopy --weaken-symbols=names",
  "objcopy --keep-global-symbols=names",
  "objcopy --localize-hidden",
  "objcopy --globalize-symbol=quiet -L shown",
  "objcopy --weaken",
  "objcopy -G shown",
  "objcopy --redefine-sym shown=visible -L visible",
  "objcopy --prefix-symbols=own_ -W own_far",
  "objcopy --keep-file-symbols -g",
  "objcopy --keep-file-symbols -S",
  "objcopy --keep-section=.debug_str -g",
  "objcopy --prefix-sections=.own",
  "objcopy --prefix-alloc-sections=.own",
  "objcopy --set-start=0x1234",
  "objcopy --change-start=0x10",
  "objcopy --adjust-start=-4",
  "objcopy --add-section=.more=names",
  "objcopy --add-symbol=more=.text:4,local,function",
  "objcopy --add-symbol=more=.data:4,weak,object",
  "objcopy --add-symbol=more=7",
  "objcopy --strip-dwo",
  "objcopy -p -D --merge-notes",
  "strip",
  "strip -g",
  "strip -S",
  "strip -d",
  "strip -x",
  "strip -X",
  "strip --strip-unneeded",
  "strip -R .comment",
  "strip -x -R .comment -R .note",
  "strip -N far",
  "strip -K shown",
  "strip -w -K s*",
  "strip -s -K shown -K quiet",
  "strip --keep-file-symbols",
  "strip -F elf32-i386 -g",
  "strip -p -U -g",
  "objcopy --only-keep-debug",
  "strip --only-keep-debug",
];
/** Rows for objects, whose sections may change; GNU's tools lay programs out again. */
const OBJECT: readonly string[] = [
  "objcopy -j .note.own",
  "objcopy -j .text -j .data",
  "objcopy -R .note* -R .debug_info*",
  "objcopy -R .* -R !.note.own",
  "objcopy -R .rel.data",
  "objcopy --remove-relocations=.text",
  "objcopy --set-section-alignment=.text=64",
  "objcopy --set-section-flags=.data=alloc,load,readonly,data,contents",
  "objcopy --set-section-flags=.bss=alloc,load,contents",
  "objcopy --set-section-flags=.note.own=alloc,load,code",
  "objcopy --rename-section=.data=.other,alloc,load,readonly,data,contents",
  "objcopy --rename-section=.text=.init.text",
  "objcopy --add-section=.more=names --set-section-flags=.more=alloc,readonly",
  "objcopy --change-addresses=0x1000",
  "objcopy --change-addresses=0x1fff00000",
  "objcopy --change-addresses=-0x100001000",
  "objcopy --change-section-vma=.text+0x10",
  "objcopy --change-section-vma=.grouped+010",
  "objcopy --change-addresses=1 --set-section-alignment=.text=16",
  "objcopy --change-section-address=.data=0x2000",
  "objcopy --change-section-lma=.text+0x10",
  "objcopy --extract-dwo",
  "objcopy -N signature",
  "strip --strip-dwo",
  "objcopy -O binary -j .debug_info --set-section-flags .debug_info=alloc",
  "objcopy -O binary -j .debug_info --set-section-flags .debug_info=load",
  "objcopy -O binary -j .data --set-section-flags .data=contents",
  "objcopy -O binary -j .data --set-section-flags .data=alloc,load,noload",
  "objcopy -O binary -j .data --set-section-flags .*=load --set-section-flags .data=alloc",
  "objcopy -O binary -j .bss --set-section-flags .bss=alloc,load,contents",
  "objcopy -O binary -j .bss --set-section-flags .bss=alloc,load",
];
/** A group behind other sections, and one of a type that only its maker knows. */
function foreignObject(): Uint8Array {
  const section = (name: string, type: number, flags: number, content: readonly number[]): FileSection => ({
    name,
    type,
    flags,
    address: 0,
    sizeBytes: content.length,
    align: 4,
    entrySizeBytes: type === SHT_GROUP ? 4 : 0,
    content: Uint8Array.from(content),
    offset: null,
    relocations: null,
    ...(type === SHT_GROUP ? { info: 1, linksToSymbols: true } : {}),
    ...(type === LLVM_ADDRSIG ? { linksToSymbols: true } : {}),
  });
  const sections = [
    section(".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, [0xc3, 0, 0, 0]),
    section(".group", SHT_GROUP, 0, [1, 0, 0, 0, 3, 0, 0, 0]),
    section(".text.inline", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR | SHF_GROUP, [0xc3, 0, 0, 0]),
    section(".text.member", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR | SHF_GROUP, [0xc3]),
    section(".group", SHT_GROUP, 0, [0, 0, 0, 0, 4, 0, 0, 0]),
    { ...section(".told", SHT_PROGBITS, 0, [1]), relocations: new Uint8Array(0) },
    section(".llvm_addrsig", LLVM_ADDRSIG, 0x80000000, [1]),
  ];
  const symbol = { value: 0, sizeBytes: 1, binding: STB_WEAK, type: STT_FUNC, visibility: 0, section: 3 };
  const symbols = [{ ...symbol, name: "inline" }];
  return writeElf({ type: ET_REL, entry: 0, sections, symbols, localCount: 0, headers: [], start: 52 });
}
const LLVM_ADDRSIG = 0x6fff4c03;
const TOOLS = { objcopy, strip };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-copies-"));
  writeFileSync(join(folder, "names"), NAMES);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a tool leaves in `whole`, or null where it refuses. */
function made(input: string, work: (file: string) => unknown): Buffer | null {
  const file = join(folder, "whole");
  copyFileSync(join(folder, input), file);
  try {
    work(file);
  } catch {
    return null;
  }
  return readFileSync(file);
}

function differences(input: string, rows: readonly string[], paths: Readonly<Record<string, string>>): string[] {
  return rows.filter((row) => {
    const [tool = "", ...options] = row.replaceAll("names", join(folder, "names")).split(" ");
    const theirs = made(input, (file) => execFileSync(paths[tool]!, [...options, file], { stdio: "pipe" }));
    const ours = made(input, (file) => captured(TOOLS[tool as keyof typeof TOOLS], [...options, file]));
    return theirs === null ? ours !== null : ours === null || !ours.equals(theirs);
  });
}

describe("objcopy and strip make GNU's files", () => {
  test("of an object, a program and an archive", (context) => {
    const [as, ld, ar, gnuObjcopy, gnuStrip] = ["as", "ld", "ar", "objcopy", "strip"].map((name) =>
      requireOracle(name, context),
    ) as [string, string, string, string, string];
    const inside = { cwd: folder, stdio: "pipe" } as const;
    execFileSync(as, ["--32", "-L", "-o", "object", "-"], { ...inside, input: SOURCE });
    execFileSync(ld, ["-m", "elf_i386", "--defsym", "missing=3", "-e", "shown", "-o", "program", "object"], inside);
    execFileSync(ar, ["rcD", "archive", "object"], inside);
    const paths = { objcopy: gnuObjcopy, strip: gnuStrip };
    expect(differences("object", rowsOf([...BOTH, ...OBJECT], 8), paths), "object").toEqual([]);
    expect(differences("program", rowsOf(BOTH, 4), paths), "program").toEqual([]);
    expect(
      differences("archive", ["strip -g", "strip", "objcopy -x", "objcopy --prefix-symbols=own_"], paths),
      "archive",
    ).toEqual([]);
  });

  test("of programs with loaded relocations, thread-local data and higher addresses", (context) => {
    const [as, ld, gnuObjcopy, gnuStrip] = ["as", "ld", "objcopy", "strip"].map((name) =>
      requireOracle(name, context),
    ) as [string, string, string, string];
    const inside = { cwd: folder, stdio: "pipe" } as const;
    execFileSync(as, ["--32", "-g", "-o", "started.o", "-"], { ...inside, input: STARTED });
    writeFileSync(join(folder, "higher.ld"), HIGHER);
    execFileSync(ld, ["-m", "elf_i386", "-e", "begin", "-o", "static", "started.o"], inside);
    execFileSync(ld, ["-m", "elf_i386", "-T", "higher.ld", "-o", "higher", "started.o"], inside);
    const paths = { objcopy: gnuObjcopy, strip: gnuStrip };
    const rows = ["objcopy", "objcopy --only-keep-debug", "strip", "strip -g"];
    for (const program of ["static", "higher"]) expect(differences(program, rows, paths), program).toEqual([]);
  });

  test("of an object whose groups stand beside their members, as clang's do", (context) => {
    const gnuObjcopy = requireOracle("objcopy", context);
    const foreign = join(folder, "foreign");
    writeFileSync(foreign, foreignObject());
    for (const [tool, run, option] of [
      ["objdump", objdump, "-x"],
      ["size", size, "-A"],
    ] as const)
      expect(captured(run, [option, foreign])).toBe(
        execFileSync(requireOracle(tool, context), [option, foreign], { encoding: "latin1" }),
      );
    expect(differences("foreign", ["objcopy", "objcopy -S"], { objcopy: gnuObjcopy })).toEqual([]);
  });

  test("objdump -i, objcopy --info and strip --info name the format that Makefiles look for", () => {
    for (const text of [captured(objdump, ["-i"]), captured(objcopy, ["--info"]), captured(strip, ["--info"])])
      expect(text).toMatch(/^elf32-i386$/m);
  });

  test("what is misspelled is said", () => {
    const refused = (...args: string[]) => expect(() => objcopy([...args, "none"])).toThrow(UsageError);
    refused("--set-section-flags=.text=loaded");
    refused("--set-section-alignment=.text=3");
    refused("--add-symbol=name");
    refused("-O", "tekhex");
  });
});
