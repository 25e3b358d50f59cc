/**
 * Makefiles that find our tools by PATH also build programs for the host, which is a 64-bit one and has shared libraries:
 * those calls go to the next tool of the same name on PATH.
 */
import { delimiter, join } from "node:path";
import { ELF32_HEAD, ELF64_HEAD, HEAD_BYTES, linksSharedLibraries } from "./shared-libraries.ts";

/** A format of objects that is neither of those that there are here; some are only written. */
const OTHER_FORMAT =
  /(^| )((-[IF] ?|--(input-)?target[= ])(?!(elf32-i386|binary)( |$))|(-O ?|--output-target[= ])(?!(elf32-i386|binary|ihex|srec|verilog)( |$)))[a-z]/;

/** What each tool is told when it shall work for another processor than the 386, make what is loaded anywhere, or show what is not shown here. */
const OTHER_TARGETS: Readonly<Record<string, RegExp>> = {
  as: /(^| )--(64|x32)( |$)/,
  objcopy: new RegExp(
    `${OTHER_FORMAT.source}|(^| )--(extract-symbol|(de)?compress-debug-sections|reverse-bytes|interleave)`,
  ),
  strip: OTHER_FORMAT,
  // What there is of dynamic symbols, of debugging information as text, and of a few ways to show code.
  nm: /(^| )(-[a-zA-Z]*[Dl]|--(dynamic|synthetic|line-numbers|ifunc-chars|unicode|demangle=(java|gnat|dlang)))([ =]|$)/,
  objdump:
    /(^| )(-[aDdfhlprSstwxz]*[WeFGgTRPILU]\S*|--(dwarf|debugging|stabs|dynamic|inlines|visualize-jumps|disassembler-color|file-offsets|prefix|source-comment|include|unicode|show-all-symbols|private=|demangle=(java|gnat|dlang)|ctf|sframe|process-links)\S*)( |$)/,
  readelf:
    /(^| )(-[adeghlnrSsuVW]*[wcDILRtzPU]\S*|--(debug-dump|dyn-syms|use-dynamic|histogram|section-details|archive-index|lint|decompress|relocated-dump|demangle=(java|gnat|dlang)|sym-base|ctf|sframe|process-links|unicode)\S*)( |$)/,
  ld: /(^| )(-m ?elf(32)?_x86_64|--?shared|-Bshareable|--?pie|--?pic-executable)( |$)/,
};

/** Tools that work on finished files. */
const SHOWS_FILES = new Set(["nm", "objcopy", "objdump", "readelf", "size", "strip"]);

/** The first bytes of a file, in Latin-1; empty when there is no plain file of that name. */
function headOf(path: string): string {
  const { closeSync, openSync, readSync, statSync } = process.getBuiltinModule("node:fs");
  const head = new Uint8Array(HEAD_BYTES);
  try {
    if (path.startsWith("-") || !statSync(path).isFile()) return "";
    const file = openSync(path, "r");
    const sizeBytes = readSync(file, head, 0, head.length, 0);
    closeSync(file);
    return String.fromCharCode(...head.subarray(0, sizeBytes));
  } catch {
    return "";
  }
}

/** Whether one of the arguments is a 64-bit ELF file. */
const namesElf64 = (args: readonly string[]): boolean => args.some((path) => headOf(path).startsWith(ELF64_HEAD));

/** Whether a linker that is not told its emulation gets 64-bit objects, as GNU ld takes on such a host: the first says it. */
function linksElf64(args: readonly string[]): boolean {
  if (args.some((argument) => argument.startsWith("-m"))) return false;
  const inputs = args.filter((_, i) => args[i - 1] !== "-o");
  for (const path of inputs) {
    const head = headOf(path);
    if (head.startsWith(ELF32_HEAD) || head.startsWith(ELF64_HEAD)) return head.startsWith(ELF64_HEAD);
  }
  return false;
}

/** The program of that name on PATH that is not in our folder. */
export function nextProgram(name: string, ownFolder: string): string | undefined {
  const { existsSync, realpathSync } = process.getBuiltinModule("node:fs");
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && existsSync(folder) && realpathSync(folder) !== ownFolder)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** Runs the other tool, and ends the process with its exit code; false when the call is ours. */
export function passOn(name: string, args: readonly string[], ownFolder: string): boolean {
  const isForOther =
    OTHER_TARGETS[name]?.test(args.join(" ")) === true ||
    (SHOWS_FILES.has(name) && namesElf64(args)) ||
    (name === "ld" && (linksElf64(args) || linksSharedLibraries(args, headOf)));
  if (!isForOther) return false;
  const other = nextProgram(name, ownFolder);
  if (other === undefined) return false;
  const { status, signal } = process
    .getBuiltinModule("node:child_process")
    .spawnSync(other, args, { stdio: "inherit" });
  process.exitCode = signal === null ? (status ?? 1) : 1;
  return true;
}
