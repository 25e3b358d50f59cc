/** `qure objcopy`: flat images of programs, and copies of objects without some of their sections. */

import { BinaryImageError, binaryImage } from "../../binutils/binary-image.ts";
import { GNU_FORMATS } from "../../binutils/formats.ts";
import { HexImageError, hexImage } from "../../binutils/hex-image.ts";
import { type ObjectFile, readObjectFile } from "../../binutils/object-file.ts";
import { blobObject, rawObject } from "../../binutils/raw-object.ts";
import { rewriteElf } from "../../binutils/rewrite.ts";
import { RewriteError } from "../../binutils/rewrite-error.ts";
import { changedAddress } from "../../binutils/section-changes.ts";
import { writeFileAside } from "../../host/files.ts";
import { writeArchive } from "../../object/archive-writer.ts";
import { CommandError, UsageError, say as warn } from "../fail.ts";
import { standardOutput } from "../streams.ts";
import { addressChanges, CopyArguments, copyOptions, hexOptions, imageOptions } from "./copy-options.ts";
import { INPUT_FORMATS, OBJCOPY_COMMAND, OUTPUT_FORMATS } from "./copy-tables.ts";
import { parseArguments } from "./gnu-options.ts";
import { readBytes, readInput } from "./object-input.ts";

export function run(args: readonly string[]): void {
  const parsed = parseArguments(OBJCOPY_COMMAND, args);
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
  const from = args.format("--input-target", INPUT_FORMATS);
  const to = args.format("--output-target", OUTPUT_FORMATS);
  const convert = converter(args, output, to);
  if (to === "elf32-i386")
    for (const option of ["--gap-fill", "--pad-to"])
      if (args.has(option)) warn("warning", `${option} has no effect: it fills images (-O binary)`);
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
  to: (typeof OUTPUT_FORMATS)[number],
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
