/**
 * Objects, archives, images and scripts that lie: whatever is in them, the linker and the object tools end with a
 * sentence. A few hundred cases of the fuzzers, and what the fuzzers found once. `node scripts/fuzz-linker.mjs SECONDS
 * SEED` and `fuzz-objects.mjs` go on for longer.
 */
import { describe, expect, test } from "vitest";
import { disassembleFile } from "../../src/binutils/disassembly.ts";
import { readObjectFile } from "../../src/binutils/object-file.ts";
import { rewriteElf } from "../../src/binutils/rewrite.ts";
import { RewriteError } from "../../src/binutils/rewrite-error.ts";
import { linkDiagnostics } from "../../src/linker/diagnostics.ts";
import { LINK_EXPLANATIONS } from "../../src/linker/explanations.ts";
import { linkProgram } from "../../src/linker/link.ts";
import { defaultScript } from "../../src/linker/script/default.ts";
import { parseScript } from "../../src/linker/script/parser.ts";
import { ScriptError } from "../../src/linker/script/tree.ts";
import { SHT_GROUP } from "../../src/object/elf.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { globMatch } from "../../src/object/glob.ts";
import { FuzzTarget as ObjectsTarget } from "../binutils/fuzz-target.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { casesOf } from "../setup/tier.ts";
import { FuzzTarget as LinkerTarget } from "./fuzz-target.ts";
import { objectOf } from "./mutations.ts";

const cases = casesOf("linker/hostile");

const linked = (script: string, source: string): ReturnType<typeof linkProgram> =>
  linkProgram([{ kind: "file", path: "part.o", bytes: objectOf(source, "part.s") }], {
    script: parseScript(script, "script.ld"),
    isDefaultScript: false,
  });

const linkMessages = (script: string, source: string): string[] => {
  const { problems } = linked(script, source);
  for (const { id } of linkDiagnostics(problems, () => null)) expect(LINK_EXPLANATIONS).toHaveProperty(id);
  return problems.map(({ message }) => message);
};

describe("hostile input", () => {
  for (const [run, name, make, script] of [
    [test, "linker", () => new LinkerTarget(), "fuzz-linker"],
    // It begins by building the whole system.
    [thoroughly, "objects and images", () => new ObjectsTarget("."), "fuzz-objects"],
  ] as const) {
    run(`the fuzzer of ${name}: ${cases.title}`, { timeout: 120_000 }, () => {
      const target = make();
      for (let number = cases.firstSeed; number < cases.firstSeed + cases.count; number++)
        expect(target.run(number).finding, `node scripts/${script}.mjs 1 ${number}`).toBeNull();
    });
  }

  test("nesting that would exhaust the stack", () => {
    for (const text of [
      `x = ${"(".repeat(100_000)}`,
      `x = ${"-".repeat(100_000)}1;`,
      `SECTIONS { .a : { *(${"SORT(".repeat(50_000)} } }`,
      `x = ${"1 ? 2 : ".repeat(100_000)}3;`,
    ]) {
      expect(() => parseScript(text, "deep.ld")).toThrow(ScriptError);
    }
    expect(() => parseScript("INCLUDE self", "self", () => ({ path: "self", text: "INCLUDE self" }))).toThrow(
      ScriptError,
    );
  });

  test("numbers of sections that the first section's header tells", () => {
    const object = objectOf(".long 1\n", "part.s");
    const names = (): string[] => readElf(object, "part.o").sections.map(({ name }) => name);
    const known = names();
    const view = new DataView(object.buffer);
    const first = view.getUint32(32, true);
    view.setUint32(first + 20, view.getUint16(48, true), true);
    view.setUint32(first + 24, view.getUint16(50, true), true);
    view.setUint16(48, 0, true);
    view.setUint16(50, 0xffff, true);
    expect(names()).toEqual(known);
    view.setUint32(first + 24, 0xffffffff, true);
    expect(names).toThrow("a name lies beyond its string table");
    view.setUint32(first + 20, 0xffffffff, true);
    expect(names).toThrow("the section header table lies beyond the end of the file");
  });

  test("patterns that would take a regular expression for ever", () => {
    expect(globMatch("*a*a*a*a*a*a*a*a*a*a*a*a*b", "a".repeat(20_000))).toBe(false);
  });

  test.each([
    [
      "text PT_LOAD FILEHDR PHDRS; note PT_NOTE FILEHDR",
      ":text :note",
      "PHDRS gives the file's headers to note, in which there are sections: only a PT_LOAD can have both",
    ],
    [
      "table PT_PHDR PHDRS; text PT_LOAD FILEHDR",
      ":text",
      "PHDRS declares table as PT_PHDR, but no PT_LOAD has PHDRS: the program headers are not in memory",
    ],
  ])("program headers that cannot hold the file's: %s", (headers, where, message) => {
    const script = `PHDRS { ${headers}; } SECTIONS { . = 0x1000 + SIZEOF_HEADERS; .text : { *(.text) } ${where} }`;
    expect(linkMessages(script, ".text\nnop\n")).toEqual([message]);
  });

  test("a section that is loaded below the one before it in its segment", () => {
    const script =
      "PHDRS { all PT_LOAD; } SECTIONS { .text 0x2000 : { *(.text) } :all .data 0x3000 : AT(0x1000) { *(.data) } :all }";
    expect(linkMessages(script, ".text\nnop\n.data\n.long 1\n")).toEqual([]);
    expect(linked(script, ".text\nnop\n.data\n.long 1\n").program?.warnings.map(({ message }) => message)).toContain(
      "section .text at 0x2000 is not in the memory of its segment, from 0x3000 on",
    );
  });

  test("a group that is too short for its own word", () => {
    const bytes = objectOf('.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: ret\n', "part.s");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const headersAt = view.getUint32(32, true);
    for (let header = 1; header < view.getUint16(48, true); header++)
      if (view.getUint32(headersAt + 40 * header + 4, true) === SHT_GROUP)
        view.setUint32(headersAt + 40 * header + 20, 2, true);
    const { problems } = linkProgram([{ kind: "file", path: "part.o", bytes }], {
      script: parseScript(defaultScript("partial"), "default"),
      isDefaultScript: true,
      isRelocatable: true,
    });
    expect(problems).toEqual([]);
  });

  test("an alignment that would make a file of gigabytes", () => {
    const bytes = objectOf(".section .far\n.long 1\n", "part.s");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const headersAt = view.getUint32(32, true);
    for (let header = 1; header < view.getUint16(48, true); header++)
      if (view.getUint32(headersAt + 40 * header + 4, true) === 1)
        view.setUint32(headersAt + 40 * header + 32, 2 ** 31, true);
    const { problems } = linkProgram([{ kind: "file", path: "part.o", bytes }], {
      script: parseScript(defaultScript("paged"), "default"),
      isDefaultScript: true,
    });
    expect(problems[0]!.message).toMatch(/the (file|program) would have|does not fit|address space/);
    expect(() => rewriteElf(readObjectFile(bytes, "part.o"), { chosen: () => true })).toThrow(RewriteError);
  });

  thoroughly("objdump -D -z of a section without content that claims to be large", () => {
    const bytes = objectOf(".bss\n.skip 0x7fffffff\n", "part.s");
    let length = 0;
    disassembleFile(
      readObjectFile(bytes, "part.o"),
      {
        bits: 32,
        syntax: "intel",
        all: true,
        chosen: () => true,
        named: false,
        relocations: false,
        rawBytes: true,
        addresses: true,
        zeros: true,
        wide: false,
        from: 0,
        to: 2 ** 32,
        linesBefore: null,
        nameOf: (symbol) => symbol,
        symbols: [],
        bytesPerLine: null,
      },
      (text) => void (length += text.length),
    );
    expect(length).toBeLessThan(2 ** 26);
  });

  test("values that wrap, names that define themselves, and divisions by zero", () => {
    expect(linkMessages("a = a + 1; SECTIONS { .text : { *(.text) } }", "nop\n")).toEqual([
      "undefined symbol a in an expression",
    ]);
    expect(linkMessages("a = 1 / (b - b); b = 1; SECTIONS { .text : { *(.text) } }", "nop\n")).toContain(
      "division by zero",
    );
    // Addresses have 32 bits, whatever a script calculates.
    expect(
      linkMessages("SECTIONS { .text 0x7fffffff * 0x7fffffff : ALIGN(0x8000000000000000) { *(.text) } }", "nop\n"),
    ).toEqual([]);
    expect(linkMessages("SECTIONS { . = 0 - 0x100000000; .text : { *(.text) } }", "nop\n")[0]).toMatch(
      /leaves the address space/,
    );
  });
});
