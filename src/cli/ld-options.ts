/** The options of `qure ld`: those of GNU ld for elf_i386, as data. */
import { realpathSync } from "node:fs";
import { basename } from "node:path";
import type { GnuCommand } from "./gnu-options.ts";
import { nextProgram } from "./next-program.ts";

/**
 * Libtool takes from this that shared libraries can be made. They can where the linker is called by GNU's name and
 * there is another one to make them.
 */
function targets(): string {
  const path = process.argv[1] ?? "";
  return basename(path) === "ld" && nextProgram("ld", realpathSync(path)) !== undefined
    ? "\nqure ld: supported targets: elf32-i386 binary\nqure ld: supported emulations: elf_i386\n"
    : "";
}

/** What may stand after -z, without values. */
const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "call-nop cet-report combreloc common common-page-size defs dynamic-undefined-weak execstack global " +
    "globalaudit ibt ibtplt indirect-extern-access initfirst interpose isa-level-report lazy loadfltr " +
    "max-page-size muldefs nocombreloc nocommon nocopyreloc nodefaultlib nodelete nodlopen nodump " +
    "nodynamic-undefined-weak noexecstack noextern-protected-data noindirect-extern-access nopack- " +
    "relative-relocs norelro noseparate-code nostart-stop-gc notext nounique nounique-symbol now origin " +
    "pack-relative-relocs relro report-relative-reloc separate-code shstk stack-size start-stop-gc start- " +
    "stop-visibility text textoff undefs unique unique-symbol x86-64-baseline x86-64-v2 x86-64-v3 " +
    "x86-64-v4"
  ).split(" "),
);

/** Keywords of -z with which GNU ld writes something else, in programs without shared libraries, too. */
function idleKeyword(keyword: string): string | null {
  if (keyword.startsWith("stack-size=")) return "whoever starts a program decides about its stack";
  if (keyword === "unique-symbol") return "names of local symbols stay as they are";
  if (keyword === "indirect-extern-access") return "it speaks of shared libraries";
  if (!KEYWORDS.has(keyword.replace(/=.*/s, ""))) return "there is no such keyword";
  if (/^(cet|isa-level)-report=(?!none$)/.test(keyword)) return "properties are not reported";
  return null;
}

/** What GNU ld does with these, and we do not: by the name of the option. */
const IDLE: Readonly<Record<string, string>> = {
  "--warn-section-align": "moves by an alignment are not reported",
  "--enable-non-contiguous-regions": "a section is not spread over several regions",
  "--enable-non-contiguous-regions-warnings": "a section is not spread over several regions",
  "--reduce-memory-overheads": "the table of symbols has its usual order",
  "--stats": "nothing is counted",
};

export const LD_COMMAND: GnuCommand = {
  name: "ld",
  usage: "[options] file...",
  summary: "Links objects and archives into a program, with the options, scripts and output of GNU ld for elf_i386.",
  singleDash: true,
  atEnd: targets,
  options: [
    { names: ["-o", "--output"], value: "FILE", help: "the program (default: a.out)" },
    { names: ["-T", "--script"], value: "SCRIPT", help: "linker script" },
    { names: ["-dT", "--default-script"], value: "SCRIPT", help: "linker script in place of the built-in one" },
    { names: ["-e", "--entry"], value: "SYMBOL", help: "entry point: a symbol or an address" },
    { names: ["-r", "--relocatable", "-i", "-Ur"], help: "link into an object" },
    { names: ["-q", "--emit-relocs"], help: "keep the relocations" },
    {
      names: ["-m"],
      value: "EMULATION",
      help: "elf_i386 is the only one",
      elsewhere: (name) => (name === "elf_i386" ? null : "elf_i386 is the only emulation"),
    },
    { names: ["-Ttext"], value: "ADDRESS", help: "address of .text" },
    { names: ["-Tdata"], value: "ADDRESS", help: "address of .data" },
    { names: ["-Tbss"], value: "ADDRESS", help: "address of .bss" },
    { names: ["-Ttext-segment"], value: "ADDRESS", help: "address of the first segment" },
    { names: ["-Trodata-segment"], value: "ADDRESS", help: "address of the segment of constants" },
    {
      names: ["-Tldata-segment"],
      value: "ADDRESS",
      help: "address of the segment of large data, for a script that asks for it",
    },
    { names: ["--section-start"], value: "NAME=ADDRESS", help: "address of a section" },
    { names: ["--defsym"], value: "NAME=EXPR", help: "define a symbol" },
    { names: ["-u", "--undefined"], value: "SYMBOL", help: "a symbol that must come from an archive" },
    { names: ["-L", "--library-path"], value: "DIR", help: "where -l looks for archives" },
    { names: ["-l", "--library"], value: "NAME", help: "the archive libNAME.a; -l:FILE for a file of that name" },
    { names: ["-(", "--start-group"], help: "search the archives up to --end-group until nothing more is found" },
    { names: ["-)", "--end-group"], help: "end of the group" },
    { names: ["--whole-archive"], help: "link every member of the archives that follow" },
    { names: ["--no-whole-archive"], help: "only the members that are needed (default)" },
    { names: ["--push-state"], help: "remember whether archives are linked as a whole" },
    { names: ["--pop-state"], help: "what --push-state remembered holds again" },
    { names: ["--require-defined"], value: "SYMBOL", help: "the same, and an error when nothing defines it" },
    { names: ["--sort-section"], value: "KEY", help: "sort what patterns match: name or alignment" },
    {
      names: ["--sort-common"],
      value: "ORDER",
      optional: true,
      help: "sort common symbols by alignment: descending (default) or ascending",
    },
    {
      names: ["--unique"],
      value: "NAME",
      optional: true,
      help: "do not join sections of this name (* and ? match) with others; without a name, those that the script does not mention",
    },
    {
      names: ["--orphan-handling"],
      value: "MODE",
      help: "sections that the script does not mention: place (default), warn, error, discard",
    },
    { names: ["--fatal-warnings"], help: "warnings are errors" },
    { names: ["--no-fatal-warnings"], help: "" },
    { names: ["-w", "--no-warnings"], help: "no warnings" },
    { names: ["--no-warn-rwx-segments"], help: "do not warn of segments that are written to and executed" },
    { names: ["--warn-rwx-segments"], help: "" },
    { names: ["--no-warn-execstack"], help: "do not warn of objects that make the stack executable" },
    { names: ["--warn-execstack"], help: "" },
    { names: ["--warn-common"], help: "warn of common symbols that meet other definitions" },
    { names: ["--warn-unresolved-symbols"], help: "undefined symbols are warnings" },
    { names: ["--error-unresolved-symbols"], help: "" },
    { names: ["--print-memory-usage"], help: "print how full each memory region is" },
    { names: ["--no-print-map-discarded"], help: "the map does not list discarded sections" },
    { names: ["--print-map-discarded"], help: "" },
    { names: ["--gc-sections"], help: "leave out sections that nothing refers to" },
    { names: ["--no-gc-sections"], help: "" },
    { names: ["--print-gc-sections"], help: "name the sections that are left out" },
    { names: ["--oformat"], value: "FORMAT", help: "elf32-i386 (default) or binary" },
    {
      names: ["-b", "--format"],
      value: "FORMAT",
      help: "of the files that follow: elf32-i386, or binary for any file as data",
    },
    { names: ["-A", "--architecture"], value: "NAME", help: "" },
    { names: ["-Map"], value: "FILE", help: "write a map" },
    { names: ["-M", "--print-map"], help: "print the map" },
    { names: ["-N", "--omagic"], help: "code and data in one writable segment" },
    { names: ["-n", "--nmagic"], help: "do not align segments to pages" },
    { names: ["--no-omagic", "--no-nmagic"], help: "" },
    { names: ["-s", "--strip-all"], help: "without symbols" },
    { names: ["-S", "--strip-debug"], help: "without debugging information" },
    { names: ["-x", "--discard-all"], help: "without local symbols" },
    { names: ["-X", "--discard-locals"], help: "without temporary local symbols" },
    { names: ["--discard-none"], help: "with all local symbols" },
    { names: ["-d", "-dc", "-dp"], help: "allocate common symbols even with -r" },
    { names: ["--force-group-allocation"], help: "take groups of sections apart even with -r" },
    {
      names: ["-z"],
      value: "KEYWORD",
      idle: idleKeyword,
      help: "execstack, noexecstack, relro, norelro, separate-code, noseparate-code, defs, muldefs, max-page-size=0x1000 ...",
    },
    { names: ["--allow-multiple-definition"], help: "of several definitions the first counts" },
    { names: ["--no-undefined"], help: "undefined symbols are errors (always so)" },
    {
      names: ["--ignore-unresolved-symbol"],
      value: "SYMBOL",
      help: "a symbol that may stay undefined, and counts as 0",
    },
    { names: ["--unresolved-symbols"], value: "METHOD", help: "report-all (default) or ignore-all" },
    {
      names: ["--noinhibit-exec"],
      help: "write the file although something is wrong; of symbols that are defined twice, the first counts",
    },
    {
      names: ["-static", "-Bstatic", "-dn", "-non_shared", "-Bdynamic", "-dy", "-call_shared"],
      help: "accepted: every program is static",
    },
    { names: ["-nostdlib"], help: "only search folders of -L (always so)" },
    {
      names: ["--build-id"],
      value: "STYLE",
      optional: true,
      help: "add a note with an ID: sha1 (default), md5, uuid (as md5), 0xHEX or none",
    },
    {
      names: ["--package-metadata"],
      value: "JSON",
      optional: true,
      help: "add a note that says what package the program is of",
    },
    {
      names: ["--wrap"],
      value: "SYMBOL",
      help: "references to SYMBOL mean __wrap_SYMBOL, and __real_SYMBOL means SYMBOL",
    },
    { names: ["-y", "--trace-symbol"], value: "SYMBOL", help: "name the files that define a symbol or refer to it" },
    { names: ["--cref"], help: "print which files each symbol is in, the one that defines it first" },
    {
      names: ["-shared", "--shared", "-Bshareable", "-G"],
      help: "refused: programs are static",
      elsewhere: "not supported, for every program here is static",
    },
    {
      names: ["-pie", "--pie", "--pic-executable"],
      help: "refused: programs are static",
      elsewhere: "not supported, for every program here is static",
    },
    { names: ["-plugin", "-plugin-opt", "-plugin-save-temps"], value: "TEXT", help: "" },
    { names: ["--dynamic-linker", "-I"], value: "FILE", help: "" },
    { names: ["--rpath", "--rpath-link", "--soname", "-h", "--init", "--fini"], value: "TEXT", help: "" },
    // What says something of shared libraries, of other processors, or of the linker's own memory.
    {
      names: [
        "--audit",
        "--depaudit",
        "-P",
        "--spare-dynamic-tags",
        "--version-exports-section",
        "--export-dynamic-symbol",
      ],
      value: "TEXT",
      help: "",
    },
    { names: ["--gpsize", "--max-cache-size", "-flto-partition", "-fuse-ld"], value: "TEXT", help: "" },
    { names: ["--sysroot"], value: "TEXT", help: "" },
    { names: ["--exclude-libs"], value: "TEXT", help: "", idle: "symbols of archives are as visible as others" },
    { names: ["--error-handling-script"], value: "TEXT", help: "", idle: "no script is asked about errors" },
    { names: ["--no-define-common"], help: "", refused: "it goes with -shared only, as GNU ld says" },
    {
      names: ["--retain-symbols-file"],
      value: "FILE",
      help: "leave all symbols out but those that the file names",
    },
    { names: ["--eh-frame-hdr"], help: "a table that finds the unwind information of an address" },
    { names: ["--no-eh-frame-hdr"], help: "" },
    {
      names: ["--compress-debug-sections"],
      value: "FORMAT",
      help: "none: debugging information is not compressed; a warning says so of others",
      idle: (format) => (format === "none" ? null : "debugging information is not compressed here"),
    },
    { names: ["-O"], value: "LEVEL", optional: true, help: "" },
    { names: ["--hash-style"], value: "STYLE", help: "" },
    { names: ["-t", "--trace"], help: "name the files as they are linked; twice, also members of archives" },
    {
      names: ["-R", "--just-symbols"],
      value: "FILE",
      help: "only where the symbols of another program are, not its contents",
    },
    { names: ["--dependency-file"], value: "FILE", help: "write a rule for make: what the program is made of" },
    { names: ["--verbose"], value: "LEVEL", optional: true, help: "print the linker script" },
    { names: ["--print-sysroot"], help: "print the folder of the target's system, of which there is none" },
    { names: ["--print-output-format"], help: "print the format of the program" },
    { names: ["-v"], help: "print the version" },
    { names: ["-V"], help: "print the version and the emulations" },
    ...[
      "--no-check-sections",
      "--check-sections",
      "--warn-section-align",
      "--warn-once",
      "--no-warn-mismatch",
      "--no-dynamic-linker",
      "--no-relax",
      "--relax",
      "--no-export-dynamic",
      "--no-undefined-version",
      "-g",
      "--no-ld-generated-unwind-info",
      "--no-pie",
      "-no-pie",
      "--no-keep-memory",
      "--stats",
      "--warn-alternate-em",
      "--no-add-needed",
      "--no-as-needed",
      "--as-needed",
      "--no-copy-dt-needed-entries",
      "--enable-new-dtags",
      "--disable-new-dtags",
      "-EL",
      "--no-print-gc-sections",
      "--no-accept-unknown-input-arch",
      "--no-strip-discarded",
      "--strip-discarded",
      "--accept-unknown-input-arch",
      "-Bsymbolic",
      "-Bsymbolic-functions",
      "-Bsymbolic-non-weak",
      "-Bsymbolic-non-weak-functions",
      "-Bno-symbolic",
      "-Bgroup",
      "--undefined-version",
      "--default-symver",
      "--default-imported-symver",
      "--dynamic-list-cpp-new",
      "--dynamic-list-cpp-typeinfo",
      "--no-warn-search-mismatch",
      "--warn-constructors",
      "--warn-multiple-gp",
      "--warn-textrel",
      "--ctf-variables",
      "--no-ctf-variables",
      "--ld-generated-unwind-info",
      "--embedded-relocs",
      "--map-whole-files",
      "--no-map-whole-files",
      "-EB",
      "-flto",
      "-qmagic",
      "-Qy",
      "--enable-non-contiguous-regions",
      "--enable-non-contiguous-regions-warnings",
      "--reduce-memory-overheads",
      "--export-dynamic",
      "-E",
      "--dynamic-list-data",
      "--allow-shlib-undefined",
      "--no-allow-shlib-undefined",
      "--copy-dt-needed-entries",
      "--disable-multiple-abs-defs",
    ].map((name) => ({ names: [name], help: "", ...(IDLE[name] === undefined ? {} : { idle: IDLE[name] }) })),
    {
      names: ["--demangle"],
      value: "STYLE",
      optional: true,
      help: "names as in C++ or Rust in messages and the map (default): auto, gnu-v3, rust, none",
    },
    { names: ["--no-demangle"], help: "names as they are in the files" },
  ],
  example: "qure ld -m elf_i386 -T kernel.ld -Map kernel.map -o kernel.elf main.o lib.a",
};
