/** `qure objcopy`: flat images of programs, and copies of objects without some of their sections. */

import { BinaryImageError, binaryImage } from "../binutils/binary-image.ts";
import { GNU_FORMATS } from "../binutils/formats.ts";
import { HexImageError, hexImage } from "../binutils/hex-image.ts";
import { type ObjectFile, readObjectFile } from "../binutils/object-file.ts";
import { blobObject, rawObject } from "../binutils/raw-object.ts";
import { RewriteError, rewriteElf } from "../binutils/rewrite.ts";
import { changedAddress } from "../binutils/section-changes.ts";
import { writeFileAside } from "../host/files.ts";
import { writeArchive } from "../object/archive-writer.ts";
import {
  addressChanges,
  CopyArguments,
  copyOptions,
  hexOptions,
  imageOptions,
  SHARED_OPTIONS,
} from "./copy-options.ts";
import { CommandError, UsageError } from "./fail.ts";
import { type GnuCommand, parseArguments } from "./gnu-options.ts";
import { readBytes, readInput } from "./object-input.ts";
import { standardOutput } from "./streams.ts";

/** Words about other object formats than ELF, and about warnings that there are none of. */
const IGNORED =
  "--change-warnings --no-change-warnings --adjust-warnings --no-adjust-warnings --writable-text --readonly-text --pure --impure".split(
    " ",
  );

const COMMAND: GnuCommand = {
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
    // Of formats that are not written here.
    { names: ["--file-alignment", "--section-alignment"], value: "N", help: "" },
    { names: ["--heap", "--image-base", "--stack", "--subsystem"], value: "TEXT", help: "" },
    ...IGNORED.map((name) => ({ names: [name], help: "" })),
    { names: ["--info", "-i"], help: "say which formats there are" },
  ],
  example: "qure objcopy -O binary -j .text -j .data kernel.elf kernel.bin",
};

const INPUTS = ["elf32-i386", "binary"] as const;
const OUTPUTS = [...INPUTS, "ihex", "srec", "verilog"] as const;

export function run(args: readonly string[]): void {
  const parsed = parseArguments(COMMAND, args);
  if (parsed === null) return;
  const options = new CopyArguments(parsed);
  if (options.has("--info")) return void standardOutput().write(GNU_FORMATS);
  const [input, output, ...more] = options.values("");
  if (input === undefined || more.length > 0)
    throw new UsageError("it wants an input and, if need be, an output (see qure objcopy --help)");
  copy(options, input, output ?? input);
}

/** Copies a file as the options say. Throws `CommandError`. */
export function copy(args: CopyArguments, input: string, output: string): void {
  const from = args.format("--input-target", INPUTS);
  const to = args.format("--output-target", OUTPUTS);
  const convert = converter(args, output, to);
  const say = (name: string, place: string): void => {
    if (args.has("--verbose")) standardOutput().write(`copy from \`${name}' [${from}] to \`${place}' [${to}]\n`);
  };
  if (from === "binary") {
    const bytes = readBytes(input);
    const file = to === "elf32-i386" ? readObjectFile(blobObject(bytes, input), input) : rawObject(bytes, input, 0);
    say(input, output);
    return writeFileAside(output, convert(file));
  }
  const { archive, objects } = readInput(input);
  if (archive !== null) {
    if (archive.isThin) throw new CommandError(`${input}: a thin archive; its members are files of their own`);
    const members = archive.members.map(({ name, mode }, index) => {
      say(`${input}(${name})`, `${output}(${name})`);
      return { name, mode, content: convert(objects[index]!) };
    });
    return writeFileAside(output, writeArchive(members, archive.index !== null && !args.has("--strip-all")));
  }
  say(input, output);
  const file = objects[0]!;
  for (const text of args.values("--dump-section")) dump(file, text);
  writeFileAside(output, convert(file), file.isRelocatable ? 0o666 : 0o777);
}

function converter(
  args: CopyArguments,
  output: string,
  to: (typeof OUTPUTS)[number],
): (file: ObjectFile) => Uint8Array {
  const rewriting = to === "elf32-i386" ? copyOptions(args, output) : null;
  const changes = addressChanges(args);
  const flattening = imageOptions(args);
  return (file) => {
    try {
      if (rewriting !== null) return rewriteElf(file, rewriting);
      const sections = file.sections.map((section) => ({
        ...section,
        loadAddress: changedAddress(section, "loadAddress", changes),
      }));
      const moved = { ...file, sections };
      if (to === "ihex" || to === "srec" || to === "verilog")
        return hexImage(to, moved, hexOptions(args, output, file.elf.entry));
      return binaryImage(moved, flattening);
    } catch (error) {
      if (error instanceof BinaryImageError || error instanceof HexImageError || error instanceof RewriteError)
        throw new CommandError(`${file.path}: ${error.message}`);
      throw error;
    }
  };
}

/** `NAME=FILE` of `--dump-section`. */
function dump(file: ObjectFile, text: string): void {
  const [name, path] = text.split(/=(.*)/s);
  if (!path) throw new UsageError(`--dump-section ${text}: it wants NAME=FILE`);
  const section = file.sections.find((candidate) => candidate.name === name && candidate.traits.contents);
  if (section === undefined) throw new CommandError(`${file.path}: there is no section ${name} with contents`);
  writeFileAside(path, section.elf.content);
}
