/** `qure objcopy`: flat images of programs, and copies of objects without some of their sections. */
import { basename } from "node:path";
import { BinaryImageError, binaryImage } from "../binutils/binary-image.ts";
import { debugLink } from "../binutils/debug-link.ts";
import { type ObjectSection, readObjectFile } from "../binutils/object-file.ts";
import { blobObject, rawObject } from "../binutils/raw-object.ts";
import { RewriteError, rewriteElf } from "../binutils/rewrite.ts";
import type { SymbolChanges } from "../binutils/symbol-changes.ts";
import { writeFileAside } from "../host/files.ts";
import { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE } from "../object/elf.ts";
import { globMatch } from "../object/glob.ts";
import { CommandError, UsageError } from "./fail.ts";
import { type GnuArgument, type GnuCommand, parseArguments } from "./gnu-options.ts";
import { readBytes, readInput } from "./object-input.ts";

const COMMAND: GnuCommand = {
  name: "objcopy",
  usage: "[options] input [output]",
  summary:
    "Copies an object or program, into plain bytes with -O binary, as GNU objcopy does. Without an output the input is replaced.",
  options: [
    { names: ["-O", "--output-target"], value: "FORMAT", help: "binary, or elf32-i386 (default)" },
    { names: ["-I", "--input-target"], value: "FORMAT", help: "elf32-i386 (default) or binary" },
    { names: ["-F", "--target"], value: "FORMAT", help: "" },
    { names: ["-B", "--binary-architecture"], value: "MACHINE", help: "" },
    {
      names: ["-j", "--only-section"],
      value: "NAME",
      help: "only this section; may be given several times, with * and ?",
    },
    { names: ["-R", "--remove-section"], value: "NAME", help: "without this section" },
    { names: ["-g", "--strip-debug", "-d"], help: "without debugging information" },
    { names: ["-S", "--strip-all"], help: "without symbols, relocations and debugging information" },
    { names: ["--strip-unneeded"], help: "without symbols that no relocation needs" },
    {
      names: ["--only-keep-debug"],
      help: "only debugging information and symbols; what is loaded keeps its addresses",
    },
    { names: ["--add-gnu-debuglink"], value: "FILE", help: "name the file with the debugging information, for gdb" },
    { names: ["--add-section"], value: "NAME=FILE", help: "a section of its own with the file's content" },
    { names: ["--update-section"], value: "NAME=FILE", help: "the file's content in place of the section's" },
    { names: ["--redefine-sym"], value: "OLD=NEW", help: "another name for a symbol" },
    { names: ["--redefine-syms"], value: "FILE", help: "the same, from lines OLD NEW" },
    { names: ["--prefix-symbols"], value: "TEXT", help: "put the text in front of every name" },
    { names: ["-L", "--localize-symbol"], value: "NAME", help: "make a symbol local" },
    { names: ["--globalize-symbol"], value: "NAME", help: "make a symbol global" },
    { names: ["-G", "--keep-global-symbol"], value: "NAME", help: "make all symbols but this one local" },
    { names: ["-W", "--weaken-symbol"], value: "NAME", help: "make a symbol weak" },
    { names: ["--weaken"], help: "make all global symbols weak" },
    { names: ["-N", "--strip-symbol"], value: "NAME", help: "without this symbol" },
    { names: ["--add-symbol"], value: "NAME=[SECTION:]VALUE", help: "one more symbol" },
    { names: ["-w", "--wildcard"], help: "names of symbols are patterns" },
    {
      names: ["--change-addresses", "--adjust-vma"],
      value: "OFFSET",
      help: "add this to all addresses (with -O binary: no effect on the bytes)",
    },
    {
      names: ["--change-section-address", "--change-section-lma", "--adjust-section-vma"],
      value: "NAME=ADDRESS",
      help: "load address of a section: NAME=, NAME+ or NAME-",
    },
    { names: ["--gap-fill"], value: "BYTE", help: "what fills gaps between sections" },
    { names: ["--pad-to"], value: "ADDRESS", help: "fill the image up to this load address" },
    {
      names: ["--set-section-flags"],
      value: "NAME=FLAGS",
      help: "with contents among the flags, .bss becomes zeros in the image",
    },
    {
      names: ["--rename-section"],
      value: "OLD=NEW[,FLAGS]",
      help: "another name, and flags: alloc, load, readonly, data, code, contents",
    },
    { names: ["-p", "--preserve-dates"], help: "" },
    { names: ["-v", "--verbose"], help: "" },
  ],
  example: "qure objcopy -O binary -j .text -j .data kernel.elf kernel.bin",
};

export function run(args: readonly string[]): void {
  const parsed = parseArguments(COMMAND, args);
  if (parsed === null) return;
  const values = (option: string): string[] =>
    parsed.filter((argument) => argument.option === option).map(({ value }) => value);
  const [input, output, ...more] = values("");
  if (input === undefined || more.length > 0)
    throw new UsageError("it wants an input and, if need be, an output (see qure objcopy --help)");
  const format = values("-O").at(-1) ?? values("-F").at(-1) ?? "elf32-i386";
  const from = values("-I").at(-1) ?? "elf32-i386";
  if (format !== "binary" && format !== "elf32-i386") throw new UsageError(`-O ${format}: it is binary or elf32-i386`);
  if (from !== "binary" && from !== "elf32-i386") throw new UsageError(`-I ${from}: it is elf32-i386 or binary`);
  const only = values("-j");
  const removed = values("-R");
  const chosen = ({ name }: ObjectSection): boolean =>
    (only.length === 0 || only.some((glob) => globMatch(glob, name))) && !removed.some((glob) => globMatch(glob, name));
  const file =
    from !== "binary"
      ? single(input)
      : format === "binary"
        ? rawObject(readBytes(input), input, 0)
        : readObjectFile(blobObject(readBytes(input), input), input);
  try {
    const bytes =
      format === "binary"
        ? flat(parsed, file, chosen)
        : rewriteElf(file, {
            chosen,
            strip: strip(parsed),
            renamed: renamed(values("--rename-section")),
            changes: symbolChanges(parsed),
            onlyDebugging: parsed.some(({ option }) => option === "--only-keep-debug"),
            updated: new Map(values("--update-section").map(fileOf)),
            added: [
              ...values("--add-section")
                .map(fileOf)
                .map(([name, content]) => ({ name, content, align: 1 })),
              ...values("--add-gnu-debuglink").map((path) => ({
                name: ".gnu_debuglink",
                content: debugLink(basename(path), linkedContent(path, output)),
                align: 4,
              })),
            ],
          });
    writeFileAside(output ?? input, bytes, 0, file.isRelocatable ? 0o666 : 0o777);
  } catch (error) {
    if (error instanceof BinaryImageError || error instanceof RewriteError)
      throw new CommandError(`${input}: ${error.message}`);
    throw error;
  }
}

/**
 * What is linked to by `--add-gnu-debuglink`. Some Makefiles name the output itself; GNU objcopy checks whatever it has
 * written of that by then, which no debugger can match: here it is nothing.
 */
function linkedContent(path: string, output: string | undefined): Uint8Array {
  return path === output ? new Uint8Array(0) : readBytes(path);
}

/** `NAME=FILE` */
function fileOf(text: string): readonly [name: string, content: Uint8Array] {
  const match = /^([^=]+)=(.+)$/.exec(text);
  if (!match) throw new UsageError(`${text}: it wants NAME=FILE`);
  return [match[1]!, readBytes(match[2]!)];
}

function symbolChanges(parsed: readonly GnuArgument[]): SymbolChanges {
  const values = (option: string): string[] =>
    parsed.filter((argument) => argument.option === option).map(({ value }) => value);
  const pairs = values("--redefine-sym").map((text): readonly [string, string] => {
    const match = /^([^=]+)=(.+)$/.exec(text);
    if (!match) throw new UsageError(`--redefine-sym ${text}: it wants OLD=NEW`);
    return [match[1]!, match[2]!];
  });
  for (const path of values("--redefine-syms")) {
    for (const line of Buffer.from(readBytes(path)).toString("latin1").split("\n")) {
      const [old, name] = line.replace(/#.*/, "").trim().split(/\s+/);
      if (old && name) pairs.push([old, name]);
    }
  }
  return {
    redefined: new Map(pairs),
    prefix: values("--prefix-symbols").at(-1) ?? "",
    localized: values("-L"),
    globalized: values("--globalize-symbol"),
    weakened: values("-W"),
    weakensAll: parsed.some(({ option }) => option === "--weaken"),
    keptGlobal: values("-G"),
    stripped: values("-N"),
    usesPatterns: parsed.some(({ option }) => option === "-w"),
    added: values("--add-symbol").map((text) => {
      const match = /^([^=]+)=(?:([^:]+):)?(0x[0-9a-f]+|\d+)(?:,.*)?$/i.exec(text);
      if (!match) throw new UsageError(`--add-symbol ${text}: it wants NAME=[SECTION:]VALUE`);
      return { name: match[1]!, section: match[2] ?? null, value: number(match[3]!, "--add-symbol") };
    }),
  };
}

function single(path: string): ReturnType<typeof readInput>["objects"][number] {
  const { archive, objects } = readInput(path);
  if (archive) throw new CommandError(`${path}: an archive; take its members out first`);
  return objects[0]!;
}

/** Flags in words become ELF's: what is not readonly is written to. */
function renamed(texts: readonly string[]): ReadonlyMap<string, { name: string; flags: number | null }> {
  return new Map(
    texts.map((text) => {
      const match = /^([^=]+)=([^,]+)(?:,(.+))?$/.exec(text);
      if (!match) throw new UsageError(`--rename-section ${text}: it wants OLD=NEW, and flags if need be`);
      const words = match[3]?.split(",").map((word) => word.trim()) ?? null;
      const flags =
        words === null
          ? null
          : (words.includes("alloc") ? SHF_ALLOC : 0) |
            (words.includes("readonly") ? 0 : SHF_WRITE) |
            (words.includes("code") ? SHF_EXECINSTR : 0);
      return [match[1]!, { name: match[2]!, flags }] as const;
    }),
  );
}

function strip(parsed: readonly GnuArgument[]): "none" | "debugging" | "unneeded" | "all" {
  const has = (option: string): boolean => parsed.some((argument) => argument.option === option);
  return has("-S") ? "all" : has("--strip-unneeded") ? "unneeded" : has("-g") ? "debugging" : "none";
}

function flat(
  parsed: readonly GnuArgument[],
  file: Parameters<typeof binaryImage>[0],
  chosen: (section: ObjectSection) => boolean,
): Uint8Array {
  const values = (option: string): string[] =>
    parsed.filter((argument) => argument.option === option).map(({ value }) => value);
  const moves = values("--change-section-address").map((text) => {
    const match = /^(.+?)([=+-])(0x[0-9a-f]+|\d+)$/i.exec(text);
    if (!match)
      throw new UsageError(`--change-section-address ${text}: it wants NAME=ADDRESS, NAME+OFFSET or NAME-OFFSET`);
    return { glob: match[1]!, operator: match[2]!, value: Number(match[3]) };
  });
  const filled = values("--set-section-flags").map((text) => {
    const match = /^([^=]+)=(.+)$/.exec(text);
    if (!match)
      throw new UsageError(`--set-section-flags ${text}: it wants NAME=FLAGS, such as .bss=alloc,load,contents`);
    return { glob: match[1]!, flags: match[2]!.split(",").map((flag) => flag.trim()) };
  });
  const moved = file.sections.map((section) => {
    const move = moves.findLast(({ glob }) => globMatch(glob, section.name));
    if (!move) return section;
    const { operator, value } = move;
    return {
      ...section,
      loadAddress: (operator === "=" ? value : section.loadAddress + (operator === "+" ? value : -value)) >>> 0,
    };
  });
  const becomesContent = ({ name }: ObjectSection): boolean =>
    filled.some(({ glob, flags }) => globMatch(glob, name) && flags.includes("contents") && flags.includes("load"));
  return binaryImage(
    { ...file, sections: moved },
    {
      chosen: (section) => chosen(section),
      filled: becomesContent,
      gapFill: number(values("--gap-fill").at(-1) ?? "0", "--gap-fill") & 0xff,
      padTo: values("--pad-to").length > 0 ? number(values("--pad-to").at(-1)!, "--pad-to") : null,
    },
  );
}

function number(text: string, option: string): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : NaN;
  if (!(value <= 0xffffffff)) throw new UsageError(`${option} ${text}: it wants a number, such as 0xff`);
  return value;
}
