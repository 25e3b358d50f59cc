/** Boot sectors of our own for these tests, assembled and linked by QuRe's tools. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assemble } from "../../src/assembler/assemble.ts";
import type { SourceFile } from "../../src/assembler/model/options.ts";
import { link } from "../../src/linker/link.ts";
import { parseScript } from "../../src/linker/script/parser.ts";
import { readElf } from "../../src/object/elf-reader.ts";

const root = join(import.meta.dirname, "../..");

/** A source, or what it includes from beside it. */
function read(name: string, from: string | null): SourceFile {
  const path = from === null ? name : join(dirname(from), name);
  return { path, bytes: new Uint8Array(readFileSync(join(root, path))) };
}

/** A source as flat bytes that are linked at 7C00h. */
export function guest(path: string): Uint8Array {
  const { object, diagnostics } = assemble({ path, files: { read } });
  if (!object) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const { linked, problems } = link({
    objects: [readElf(object, path)],
    script: parseScript("SECTIONS { . = 0x7C00; .text : { *(.text) *(.data) } }", "guest"),
  });
  const text = linked?.sections.find(({ name }) => name === ".text");
  if (!text) throw new Error(problems.map(({ message }) => message).join("\n"));
  return text.content;
}
