/**
 * Linking against GNU ld: the same objects and script give the same bytes. And what goes wrong is said at its source
 * line.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assemble } from "../../src/assembler/assemble.ts";
import { link } from "../../src/linker/link.ts";
import { parseScript } from "../../src/linker/script/parser.ts";
import { type ElfObject, readElf } from "../../src/object/elf-reader.ts";
import { RELOCATION_NAMES } from "../../src/object/relocation-types.ts";
import { oracle } from "../oracle.ts";
import { isThorough } from "../setup/tier.ts";

const ld = oracle("ld");
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-link-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = ".intel_syntax noprefix\n";

function object(path: string, source: string): { bytes: Uint8Array; elf: ElfObject } {
  const bytes = new TextEncoder().encode(HEAD + source);
  const { object: made, diagnostics } = assemble({
    path,
    files: { read: (name) => (name === path ? { path, bytes } : null) },
    debugLines: true,
  });
  if (!made) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return { bytes: made, elf: readElf(made, path) };
}

const PROGRAMS: readonly { name: string; script: string; sources: readonly string[] }[] = [
  {
    name: "relocations of every width, between sections and objects",
    script:
      "ENTRY(start) SECTIONS { . = 0x100000; .text : { *(.text) } .data : { *(.data) } .bss : { *(.bss) *(COMMON) } }",
    sources: [
      ".text\n.globl start\nstart: mov eax, offset table + 4\n call far_away\n jmp start\n .code16\n call near16\n .code32\n near16: ret\n .data\n.globl table\ntable: .long start, table, far_away - .\n .word ext - table\n ext:.comm shared, 20, 8\n",
      '.text\n.globl far_away\nfar_away: lea ecx, shared[eax*4]\n mov [counter], ecx\n ret\n.bss\ncounter: .skip 4\n.data\n.balign 16\n.ascii "end"\n',
    ],
  },
  {
    name: "gaps, ALIGN, symbols, SORT, KEEP and data statements",
    script: `SECTIONS {
      base = 0x8000;
      .head base : { LONG(0x12345678) BYTE(1) SHORT(2) *(.head) . = ALIGN(32); head_end = .; }
      .body : AT(0x1000) { body = .; *(.text .text.*) . = ALIGN(16); first = .; KEEP(*(SORT(.table.*))) last = .; *(.rodata) . = . + 5; }
      size = last - first;
      PROVIDE(unused = 1); PROVIDE(wanted = body + 3);
      /DISCARD/ : { *(.comment) *(.note.*) }
      ASSERT(size == 12, "three entries")
    }`,
    sources: [
      '.section .head, "a"\n.long head_end, size, wanted\n.section .table.b, "a"\n.long 2\n.text\nret\n.section .comment\n.ascii "x"\n',
      '.section .table.c, "a"\n.long 3\n.section .table.a, "a"\n.long 1\n.section .text.more, "ax"\nnop\n.section .rodata\n.byte 7\n',
    ],
  },
];

describe("against GNU ld", () => {
  for (const { name, script, sources } of PROGRAMS) {
    test(name, (context) => {
      if (!ld) return context.skip("GNU ld is not installed");
      const objects = sources.map((source, index) => object(`part${index}.s`, source));
      const paths = objects.map(({ bytes }, index) => {
        const path = join(folder, `part${index}.o`);
        writeFileSync(path, bytes);
        return path;
      });
      writeFileSync(join(folder, "script.ld"), script);
      execaSync(ld, [
        "-m",
        "elf_i386",
        "--no-warn-rwx-segments",
        "-T",
        join(folder, "script.ld"),
        "-o",
        join(folder, "gnu.elf"),
        ...paths,
      ]);
      const theirs = readElf(readFileSync(join(folder, "gnu.elf")), "gnu.elf");
      const { linked, problems } = link({
        objects: objects.map(({ elf }) => elf),
        script: parseScript(script, "script.ld"),
      });
      expect(problems).toEqual([]);
      const ours = readElf(linked!.file, "ours.elf");
      const allocated = ({ sections }: ElfObject): object[] =>
        sections
          .filter(({ flags }) => (flags & 2) !== 0)
          .map(({ name: section, address, sizeBytes, type, content }) => ({
            section,
            address,
            sizeBytes,
            type,
            content: Buffer.from(content).toString("hex"),
          }));
      expect(allocated(ours)).toEqual(allocated(theirs));
      const globals = ({ symbols }: ElfObject): object =>
        Object.fromEntries(
          symbols
            .filter(({ binding }) => binding === 1)
            .map(({ name: symbol, value }) => [symbol, value])
            .sort(),
        );
      expect(globals(ours)).toEqual(globals(theirs));
      expect(ours.entry).toBe(theirs.entry);
    });
  }
});

test("says what lies where in each section, and which object defines a symbol", () => {
  const sources = [
    ".globl start\nstart: nop\n ret\n.data\n .long 1\n",
    ".text\n.balign 4\n.globl more\nmore: ret\n.bss\n .skip 8\n",
  ];
  const { linked } = link({
    objects: sources.map((source, index) => object(`part${index}.s`, source).elf),
    script: parseScript(
      "ENTRY(start) top = 5; SECTIONS { .text 0x1000 : { *(.text) } .data : { *(.data) } .bss : { *(.bss) } }",
      "script.ld",
    ),
  });
  const [text, data, bss] = [".text", ".data", ".bss"].map((name) =>
    linked!.sections.find((section) => section.name === name)!.inputs.filter(({ sizeBytes }) => sizeBytes > 0),
  );
  expect(text).toEqual([
    { path: "part0.s", name: ".text", offset: 0, sizeBytes: 2 },
    { path: "part1.s", name: ".text", offset: 4, sizeBytes: 1 },
  ]);
  expect(data).toEqual([{ path: "part0.s", name: ".data", offset: 0, sizeBytes: 4 }]);
  expect(bss).toEqual([{ path: "part1.s", name: ".bss", offset: 0, sizeBytes: 8 }]);
  const globals = linked!.symbols.filter(({ binding }) => binding === 1);
  expect(globals.map(({ name, path }) => `${name} of ${path}`).sort()).toEqual([
    "more of part1.s",
    "start of part0.s",
    "top of script.ld",
  ]);
});

describe("problems", () => {
  const script = parseScript("ENTRY(start) SECTIONS { .text 0x1000 : { *(.text) } }", "script.ld");
  const problemsOf = (...sources: string[]): readonly { file: string; line: number; message: string }[] =>
    link({ objects: sources.map((source, index) => object(`part${index}.s`, source).elf), script }).problems;

  test("an undefined symbol is reported where it is used", () => {
    expect(problemsOf(".globl start\nstart: nop\n call nowhere\n")).toEqual([
      { file: "part0.s", line: 4, message: "undefined symbol nowhere", id: "undefined-symbol", name: "nowhere" },
    ]);
  });

  test.each([
    [3, undefined],
    [4, ", and in 1 more place"],
    [5, ", and in 2 more places"],
  ])("an undefined symbol at %i places is reported at three", (count, rest) => {
    const found = problemsOf(`.globl start\nstart: nop\n${" call nowhere\n".repeat(count)}`);
    expect(found.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      "4: undefined symbol nowhere",
      "5: undefined symbol nowhere",
      `6: undefined symbol nowhere${rest ?? ""}`,
    ]);
  });

  test("a second definition is reported with the first", () => {
    expect(problemsOf(".globl start\nstart: ret\n", ".globl start\nstart: nop\n")).toEqual([
      {
        file: "part1.s",
        line: 3,
        message: "start is defined twice; the other definition is in part0.s:3",
        id: "duplicate-symbol",
        name: "start",
        notes: [{ file: "part0.s", line: 3, message: "the first definition" }],
      },
    ]);
  });

  test("an address that does not fit its field is reported", () => {
    expect(problemsOf(".globl start\nstart: .byte start\n")[0]!.message).toMatch(/does not fit into the 8 bits/);
  });

  test("a reference between sections that the script keeps apart is reported", () => {
    const apart = parseScript(
      "NOCROSSREFS(.text .data) ENTRY(start) SECTIONS { .text 0x1000 : { *(.text) } .data : { *(.data) } }",
      "script.ld",
    );
    const { elf } = object("part.s", ".globl start\nstart: nop\n mov eax, thing\n.data\nthing: .long 1\n");
    expect(link({ objects: [elf], script: apart }).problems.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      "4: .data is in section .data, to which the script forbids references from .text",
    ]);
  });

  test("a missing entry point is reported", () => {
    expect(problemsOf("nop\n")[0]!.message).toMatch(/entry point start/);
  });
});

// Loaders that move a program, as ours moves the kernel, go by them.
test("a linked program says what was relocated, and against which section", () => {
  const { elf } = object(
    "part.s",
    ".globl start\nstart: nop\n mov eax, offset thing\n call thing\n.data\nthing: .long 1, start, thing\n",
  );
  const script = parseScript(
    "ENTRY(start) SECTIONS { .text 0x1000 : { BYTE(1) *(.text) } .data : { *(.data) } /DISCARD/ : { *(.debug*) } }",
    "script.ld",
  );
  const found = link({ objects: [elf], script }).linked!.sections.flatMap(({ name, relocations }) =>
    relocations.map(({ offset, type, target }) => `${name}+${offset} ${RELOCATION_NAMES.get(type)} ${target?.name}`),
  );
  expect(found).toEqual([
    ".text+3 R_386_32 .data",
    ".text+8 R_386_PC32 .data",
    ".data+4 R_386_32 .text",
    ".data+8 R_386_32 .data",
  ]);
});

describe("hostile objects", () => {
  test("every truncation of an object ends in an error or an object, never in a crash", () => {
    const { bytes } = object("whole.s", ".globl a\na: call b\n.data\n.long a, b\n");
    for (let length = 0; length < bytes.length; length++) {
      try {
        readElf(bytes.slice(0, length), "cut.o");
      } catch (error) {
        expect((error as Error).name).toBe("ElfError");
      }
    }
  });

  test("so does every flipped byte of its headers", () => {
    const { bytes } = object("whole.s", ".globl a\na: call b\n.data\n.long a, b\n");
    const script = parseScript("SECTIONS { .text 0 : { *(.text) } .data : { *(.data) } }", "script.ld");
    for (let at = 0; at < bytes.length; at += isThorough ? 1 : 3) {
      const changed = bytes.slice();
      changed[at]! ^= 0xff;
      try {
        link({ objects: [readElf(changed, "changed.o")], script });
      } catch (error) {
        expect((error as Error).name, `byte ${at}: ${(error as Error).stack}`).toBe("ElfError");
      }
    }
  });
});
