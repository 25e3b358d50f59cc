/**
 * Whether GNU ld would make a dynamic program of a command line: one that is given a shared library, or that finds
 * `libNAME.so` for a `-lNAME`. Such programs are not made here, but Makefiles build them for the host.
 */
import type { ScannedArgument } from "./gnu-options.ts";

type HeadOf = (path: string) => string;

const ELF32_HEAD = "\x7fELF\x01";
export const ELF64_HEAD = "\x7fELF\x02";
/** Where e_type is in the head of a file, and what shared libraries have there. */
const TYPE_OFFSET = 16;
const ET_DYN = 3;
/** As much of a file as tells: an ELF header, or the begin of a script like libc.so. */
export const HEAD_BYTES = 18;

/** First names of the options (ld-options.ts) that say whether shared libraries are looked for. */
const STATIC = /^--?(Bstatic|dn|non_shared|static)$/;
const DYNAMIC = /^--?(Bdynamic|dy|call_shared)$/;
/** What makes no program, or one that GNU ld looks no shared libraries up for. */
const NEVER: ReadonlySet<string> = new Set(["-r", "-N", "-n"]);

const isShared = (head: string): boolean => head.startsWith(ELF32_HEAD) && head.charCodeAt(TYPE_OFFSET) === ET_DYN;

/** The first shared library of a command line, or null. */
export function sharedLibraryIn(args: readonly ScannedArgument[], headOf: HeadOf): string | null {
  if (args.some(({ option }) => NEVER.has(option))) return null;
  const folders = args.filter(({ option }) => option === "-L").map(({ value }) => value);
  let isDynamic = true;
  for (const { option, value, word } of args) {
    if (STATIC.test(word)) isDynamic = false;
    else if (DYNAMIC.test(word)) isDynamic = true;
    else if (!isDynamic) continue;
    else if (option === "-l" && findsShared(value, folders, headOf)) return `-l${value}`;
    else if (option === "" && isShared(headOf(value))) return value;
  }
  return null;
}

/** In each folder a shared library comes before an archive. A script by its name says where the library is. */
function findsShared(name: string, folders: readonly string[], headOf: HeadOf): boolean {
  const files = name.startsWith(":") ? [name.slice(1)] : [`lib${name}.so`, `lib${name}.a`];
  for (const folder of folders)
    for (const file of files) {
      const head = headOf(`${folder}/${file}`);
      if (head === "" || head.startsWith(ELF64_HEAD)) continue;
      return isShared(head) || (file.endsWith(".so") && !head.startsWith(ELF32_HEAD));
    }
  return false;
}
