/**
 * Whether GNU ld would make a dynamic program of a command line: one that is given a shared library, or that finds
 * `libNAME.so` for a `-lNAME`. Such programs are not made here, but Makefiles build them for the host.
 */

type HeadOf = (path: string) => string;

export const ELF32_HEAD = "\x7fELF\x01";
export const ELF64_HEAD = "\x7fELF\x02";
/** Where e_type is in the head of a file, and what shared libraries have there. */
const TYPE_OFFSET = 16;
const ET_DYN = 3;
/** As much of a file as tells: an ELF header, or the begin of a script like libc.so. */
export const HEAD_BYTES = 18;

const STATIC = /^--?(Bstatic|dn|non_shared|static)$/;
const DYNAMIC = /^--?(Bdynamic|dy|call_shared)$/;
/** What makes no program, or one that GNU ld looks no shared libraries up for. */
const NEVER = /^(-r|-i|--relocatable|-N|--omagic|-n|--nmagic)$/;

const isShared = (head: string): boolean => head.startsWith(ELF32_HEAD) && head.charCodeAt(TYPE_OFFSET) === ET_DYN;

export function linksSharedLibraries(args: readonly string[], headOf: HeadOf): boolean {
  if (args.some((argument) => NEVER.test(argument))) return false;
  const folders = args.flatMap((argument, i) => {
    if (argument === "-L") return [args[i + 1] ?? ""];
    return argument.startsWith("-L") ? [argument.slice(2)] : [];
  });
  let isDynamic = true;
  for (const [i, argument] of args.entries()) {
    if (STATIC.test(argument)) isDynamic = false;
    else if (DYNAMIC.test(argument)) isDynamic = true;
    else if (!isDynamic || args[i - 1] === "-o") continue;
    else if (argument.startsWith("-l") && argument.length > 2) {
      if (findsShared(argument.slice(2), folders, headOf)) return true;
    } else if (!argument.startsWith("-") && isShared(headOf(argument))) return true;
  }
  return false;
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
