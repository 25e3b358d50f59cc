/** The options of `qure objcopy` and `qure strip`, as data; most are options of both. */
import type { GnuCommand, GnuOption } from "./gnu-options.ts";

export const INPUT_FORMATS = ["elf32-i386", "binary"] as const;
export const OUTPUT_FORMATS = [...INPUT_FORMATS, "ihex", "srec", "verilog"] as const;

const otherFormat =
  (known: readonly string[]) =>
  (format: string): string | null =>
    known.includes(format) ? null : `it is ${known.slice(0, -1).join(", ")} or ${known.at(-1)}`;

/** What both take. The first name is the long one, by which `copyOptions` knows an option. */
const SHARED_OPTIONS: readonly GnuOption[] = [
  { names: ["--strip-unneeded"], help: "without symbols that no relocation needs" },
  { names: ["--discard-all", "-x"], help: "without local symbols and debugging information" },
  { names: ["--discard-locals", "-X"], help: "without local symbols that a compiler made (.L...)" },
  { names: ["--only-keep-debug"], help: "only debugging information and symbols; what is loaded keeps its addresses" },
  { names: ["--strip-dwo"], help: "without the sections of split debugging information (.dwo)" },
  { names: ["--remove-section", "-R"], value: "NAME", help: "without this section; * and ? match, ! takes names out" },
  { names: ["--keep-section"], value: "NAME", help: "with this section, although it would go" },
  { names: ["--remove-relocations"], value: "NAME", help: "without the relocations of this section" },
  { names: ["--strip-symbol", "-N"], value: "NAME", help: "without this symbol" },
  { names: ["--keep-symbol", "-K"], value: "NAME", help: "with this symbol, although it would go" },
  { names: ["--keep-file-symbols"], help: "with the names of source files" },
  { names: ["--keep-section-symbols"], help: "with the symbols of sections" },
  { names: ["--wildcard", "-w"], help: "names of symbols are patterns; ! takes names out" },
  {
    names: ["--input-target", "-I"],
    value: "FORMAT",
    help: "elf32-i386 (default) or binary",
    elsewhere: otherFormat(INPUT_FORMATS),
  },
  {
    names: ["--output-target", "-O"],
    value: "FORMAT",
    help: "elf32-i386 (default) or binary",
    elsewhere: otherFormat(OUTPUT_FORMATS),
  },
  { names: ["--target", "-F"], value: "FORMAT", help: "both", elsewhere: otherFormat(INPUT_FORMATS) },
  { names: ["--verbose", "-v"], help: "say what is copied" },
  { names: ["--preserve-dates", "-p"], help: "" },
  { names: ["--enable-deterministic-archives", "-D"], help: "" },
  { names: ["--disable-deterministic-archives", "-U"], help: "" },
  { names: ["--merge-notes", "-M"], help: "" },
  { names: ["--no-merge-notes"], help: "" },
];

/** Words about other object formats than ELF, and about warnings that there are none of. */
const IGNORED =
  "--change-warnings --no-change-warnings --adjust-warnings --no-adjust-warnings --writable-text --readonly-text --pure --impure".split(
    " ",
  );

export const OBJCOPY_COMMAND: GnuCommand = {
  name: "objcopy",
  usage: "[options] input [output]",
  summary:
    "Copies an object, a program or an archive, into plain bytes with -O binary or their digits with -O ihex, srec or verilog, as GNU objcopy does. Without an output the input is replaced.",
  options: [
    ...SHARED_OPTIONS,
    { names: ["--strip-debug", "-g", "-d"], help: "without debugging information" },
    { names: ["--strip-all", "-S"], help: "without symbols, relocations and debugging information" },
    { names: ["--only-section", "-j"], value: "NAME", help: "only this section; may be given several times" },
    { names: ["--extract-dwo"], help: "only the sections of split debugging information (.dwo)" },
    { names: ["--add-gnu-debuglink"], value: "FILE", help: "name the file with the debugging information, for gdb" },
    { names: ["--add-section"], value: "NAME=FILE", help: "a section of its own with the file's content" },
    { names: ["--update-section"], value: "NAME=FILE", help: "the file's content in place of the section's" },
    { names: ["--dump-section"], value: "NAME=FILE", help: "the section's content into a file" },
    { names: ["--redefine-sym"], value: "OLD=NEW", help: "another name for a symbol" },
    { names: ["--redefine-syms"], value: "FILE", help: "the same, from lines OLD NEW" },
    { names: ["--prefix-symbols"], value: "TEXT", help: "put the text in front of every name" },
    { names: ["--localize-symbol", "-L"], value: "NAME", help: "make a symbol local" },
    { names: ["--localize-hidden"], help: "make hidden symbols local" },
    { names: ["--globalize-symbol"], value: "NAME", help: "make a symbol global" },
    { names: ["--keep-global-symbol", "-G"], value: "NAME", help: "make all symbols but this one local" },
    { names: ["--weaken-symbol", "-W"], value: "NAME", help: "make a symbol weak" },
    { names: ["--weaken"], help: "make all global symbols weak" },
    { names: ["--strip-unneeded-symbol"], value: "NAME", help: "without this symbol, unless a relocation needs it" },
    { names: ["--strip-symbols"], value: "FILE", help: "without the symbols that the file lists" },
    {
      names: ["--strip-unneeded-symbols"],
      value: "FILE",
      help: "without those symbols that no relocation needs that the file lists",
    },
    { names: ["--keep-symbols"], value: "FILE", help: "with the symbols that the file lists" },
    { names: ["--localize-symbols"], value: "FILE", help: "make the symbols local that the file lists" },
    { names: ["--globalize-symbols"], value: "FILE", help: "make the symbols global that the file lists" },
    { names: ["--keep-global-symbols"], value: "FILE", help: "make all symbols local but those that the file lists" },
    { names: ["--weaken-symbols"], value: "FILE", help: "make the symbols weak that the file lists" },
    { names: ["--add-symbol"], value: "NAME=[SECTION:]VALUE[,FLAGS]", help: "one more symbol" },
    { names: ["--set-start"], value: "ADDRESS", help: "where the program begins" },
    { names: ["--change-start", "--adjust-start"], value: "OFFSET", help: "add this to where the program begins" },
    { names: ["--change-addresses", "--adjust-vma"], value: "OFFSET", help: "add this to all addresses" },
    {
      names: ["--change-section-address", "--adjust-section-vma"],
      value: "NAME=ADDRESS",
      help: "address of a section, or NAME+OFFSET, NAME-OFFSET; of a program only with -O binary",
    },
    { names: ["--change-section-vma"], value: "NAME=ADDRESS", help: "the address alone" },
    { names: ["--change-section-lma"], value: "NAME=ADDRESS", help: "the load address alone" },
    { names: ["--set-section-alignment"], value: "NAME=ALIGNMENT", help: "how a section is aligned" },
    { names: ["--gap-fill"], value: "BYTE", help: "what fills gaps between sections of an image" },
    { names: ["--pad-to"], value: "ADDRESS", help: "fill the image up to this load address" },
    {
      names: ["--set-section-flags"],
      value: "NAME=FLAGS",
      help: "alloc, load, readonly, data, code, contents ...; with contents, .bss becomes zeros",
    },
    { names: ["--rename-section"], value: "OLD=NEW[,FLAGS]", help: "another name, and flags" },
    { names: ["--prefix-sections"], value: "TEXT", help: "put the text in front of every section's name" },
    { names: ["--prefix-alloc-sections"], value: "TEXT", help: "the same for sections that are loaded" },
    { names: ["--binary-architecture", "-B"], value: "MACHINE", help: "" },
    { names: ["--remove-leading-char", "--change-leading-char"], help: "" },
    { names: ["--srec-len"], value: "N", help: "bytes of data in each S-record" },
    { names: ["--srec-forceS3"], help: "S-records with addresses of 32 bits" },
    { names: ["--verilog-data-width"], value: "N", help: "bytes of a word of memory: 1, 2, 4, 8 or 16" },
    { names: ["--extract-symbol"], help: "", elsewhere: "symbols are not extracted alone here" },
    {
      names: ["--reverse-bytes", "--byte", "-b", "--interleave-width"],
      value: "N",
      help: "",
      elsewhere: "bytes are not turned around or picked out here",
    },
    {
      names: ["--interleave", "-i"],
      value: "N",
      optional: true,
      help: "",
      elsewhere: "bytes are not picked out here",
    },
    // Of formats that are not written here.
    { names: ["--file-alignment", "--section-alignment"], value: "N", help: "" },
    { names: ["--heap", "--image-base", "--stack", "--subsystem"], value: "TEXT", help: "" },
    ...IGNORED.map((name) => ({ names: [name], help: "" })),
    { names: ["--info"], help: "say which formats there are" },
    {
      names: ["--compress-debug-sections"],
      value: "FORMAT",
      optional: true,
      help: "",
      elsewhere: (format) => (format === "none" ? null : "debugging information is not compressed here"),
    },
    { names: ["--decompress-debug-sections"], help: "", elsewhere: "debugging information is not decompressed here" },
  ],
  example: "qure objcopy -O binary -j .text -j .data kernel.elf kernel.bin",
};

export const STRIP_COMMAND: GnuCommand = {
  name: "strip",
  usage: "[options] file...",
  summary:
    "Removes symbols and debugging information, all of them by default, as GNU strip does; the files are replaced.",
  options: [
    { names: ["--strip-all", "-s"], help: "without symbols, relocations and debugging information (default)" },
    { names: ["--strip-debug", "-g", "-S", "-d"], help: "without debugging information" },
    ...SHARED_OPTIONS,
    { names: ["-o"], value: "FILE", help: "into this file, and leave the input as it is" },
    { names: ["--plugin"], value: "NAME", help: "" },
    { names: ["--info"], help: "say which formats there are" },
  ],
  example: "qure strip -g kernel.o",
};
