/**
 * Which foreign sources are tried: where each corpus lies under the root folder, what of it fits a 32-bit PC, and what
 * its compiler needs to be told. Debian's `*-source` packages and `apt-get source` bring them; nothing of them is kept
 * here.
 */
import { readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Language } from "./settings.ts";

export interface Corpus {
  /** Folders and files below the root, which are searched in this order. */
  readonly paths: readonly string[];
  /** Paths that are left out: other processors, or no sources by themselves. */
  readonly except?: RegExp;
  readonly extensions: Readonly<Record<string, Language>>;
  /** For the compiler or the preprocessor; `ROOT` stands for the root folder, `HERE` for the folder of the source. */
  readonly options: readonly string[];
}

export interface CorpusFile {
  /** Below the root. */
  readonly path: string;
  readonly language: Language;
}

const C_AND_ASSEMBLY: Corpus["extensions"] = { ".c": "c", ".S": "assembly", ".s": "assembly" };
const OTHER_PROCESSORS =
  /\/(arm|arm64|aarch64|mips|mips64|sparc|sparc64|powerpc|ppc|ppc64|ia64|riscv|s390|s390x|alpha|sh|sh4|hppa|parisc|m68k|x86_64|x86-64|nios2|arc|csky|loongarch|microblaze|openrisc|xtensa|emu)\//;

export const CORPORA: Readonly<Record<string, Corpus>> = {
  torture: {
    paths: ["gcc/gcc/testsuite/gcc.c-torture"],
    extensions: { ".c": "c" },
    options: ["-w"],
  },
  "gcc-c": {
    paths: ["gcc/gcc/testsuite/gcc.dg", "gcc/gcc/testsuite/c-c++-common", "gcc/gcc/testsuite/gcc.misc-tests"],
    extensions: { ".c": "c" },
    options: ["-w"],
  },
  "gcc-i386": {
    paths: ["gcc/gcc/testsuite/gcc.target/i386"],
    except: /avx|amx|\/apx/,
    extensions: { ".c": "c" },
    options: ["-w", "-msse4.2"],
  },
  "gcc-c++": {
    paths: ["gcc/gcc/testsuite/g++.dg", "gcc/gcc/testsuite/g++.old-deja", "gcc/gcc/testsuite/g++.target/i386"],
    except: /avx/,
    extensions: { ".C": "c++", ".cc": "c++" },
    options: ["-w", "-isystem", "/usr/include/x86_64-linux-gnu/c++/12"],
  },
  "libstdc++": {
    paths: ["gcc/libstdc++-v3/src", "gcc/libstdc++-v3/testsuite"],
    extensions: { ".cc": "c++" },
    options: ["-w", "-isystem", "/usr/include/x86_64-linux-gnu/c++/12", "-IROOT/gcc/libstdc++-v3/testsuite/util"],
  },
  linux: {
    paths: [
      "linux/arch/x86",
      "linux/kernel",
      "linux/lib",
      "linux/fs",
      "linux/mm",
      "linux/net",
      "linux/drivers",
      "linux/crypto",
    ],
    except: /_64\.[cS]$|x86_64|\/um\/|\/xen\/|\/tools\/|\/boot\/compressed\/|purgatory/,
    extensions: C_AND_ASSEMBLY,
    options: [
      "-w",
      "-nostdinc",
      "-IROOT/linux/arch/x86/include",
      "-IROOT/kbuild/arch/x86/include/generated",
      "-IROOT/linux/include",
      "-IROOT/kbuild/include",
      "-IROOT/linux/arch/x86/include/uapi",
      "-IROOT/kbuild/arch/x86/include/generated/uapi",
      "-IROOT/linux/include/uapi",
      "-IROOT/kbuild/include/generated/uapi",
      "-include",
      "ROOT/linux/include/linux/compiler-version.h",
      "-include",
      "ROOT/linux/include/linux/kconfig.h",
      "-include",
      "ROOT/linux/include/linux/compiler_types.h",
      "-D__KERNEL__",
      "-std=gnu11",
      "-fshort-wchar",
      "-fno-strict-aliasing",
      "-fno-PIE",
      "-ffreestanding",
      "-mregparm=3",
      "-march=i686",
      "-mno-sse",
      '-DKBUILD_MODNAME="x"',
      '-DKBUILD_BASENAME="x"',
      "-D__KBUILD_MODNAME=kmod_x",
      "-IHERE",
    ],
  },
  glibc: {
    paths: [
      "glibc-2.36/sysdeps/i386",
      "glibc-2.36/sysdeps/unix/sysv/linux/i386",
      "glibc-2.36/string",
      "glibc-2.36/stdlib",
    ],
    except: OTHER_PROCESSORS,
    extensions: C_AND_ASSEMBLY,
    options: [
      "-w",
      "-include",
      "ROOT/glibc-2.36/include/libc-symbols.h",
      "-DMODULE_NAME=libc",
      "-D_LIBC_REENTRANT",
      "-DTOP_NAMESPACE=glibc",
      "-std=gnu11",
      "-IHERE",
      ...[
        "include",
        "sysdeps/unix/sysv/linux/i386/i686",
        "sysdeps/i386/i686/nptl",
        "sysdeps/unix/sysv/linux/i386",
        "sysdeps/unix/sysv/linux/x86/include",
        "sysdeps/unix/sysv/linux/x86",
        "sysdeps/x86/nptl",
        "sysdeps/i386/nptl",
        "sysdeps/unix/sysv/linux/include",
        "sysdeps/unix/sysv/linux",
        "sysdeps/nptl",
        "sysdeps/pthread",
        "sysdeps/gnu",
        "sysdeps/unix/inet",
        "sysdeps/unix/sysv",
        "sysdeps/unix/i386",
        "sysdeps/unix",
        "sysdeps/posix",
        "sysdeps/i386/i686/fpu/multiarch",
        "sysdeps/i386/i686/fpu",
        "sysdeps/i386/i686/multiarch",
        "sysdeps/i386/i686",
        "sysdeps/i386/fpu",
        "sysdeps/x86/fpu",
        "sysdeps/i386",
        "sysdeps/x86/include",
        "sysdeps/x86",
        "sysdeps/wordsize-32",
        "sysdeps/ieee754/ldbl-96",
        "sysdeps/ieee754/dbl-64",
        "sysdeps/ieee754/flt-32",
        "sysdeps/ieee754",
        "sysdeps/generic",
        "",
        "libio",
      ].map((folder) => `-IROOT/glibc-2.36/${folder}`),
      "-DIS_IN(x)=1",
      "-DASSEMBLER_COMMENT=1",
    ],
  },
  grub: {
    paths: ["grub-2.06/grub-core", "grub-2.06/util"],
    except: OTHER_PROCESSORS,
    extensions: C_AND_ASSEMBLY,
    options: [
      "-w",
      "-DGRUB_MACHINE_PCBIOS=1",
      "-DGRUB_MACHINE=I386_PC",
      '-DGRUB_FILE="x"',
      "-DGRUB_KERNEL_I386_PC_LINK_ADDR=0x9000",
      "-DHAVE_CONFIG_H=0",
      "-D_START=start",
      "-DASM_SYMBOLS=1",
      "-IROOT/grub-config",
      "-IROOT/grub-2.06",
      "-IROOT/grub-2.06/include",
      "-IROOT/grub-2.06/grub-core/lib/minilzo",
      "-IHERE",
    ],
  },
  syslinux: {
    paths: ["syslinux"],
    except: /\/x86_64\/|\/efi64\/|gnu-efi|\/lzo\/prepcore/,
    extensions: C_AND_ASSEMBLY,
    options: [
      "-w",
      "-D__COM32__",
      "-D__FIRMWARE_BIOS__",
      "-DDYNAMIC_MODULE",
      "-mregparm=3",
      "-DREGPARM=3",
      "-IHERE",
      "-IROOT/syslinux/com32/include",
      "-IROOT/syslinux/com32/include/sys",
      "-IROOT/syslinux/com32/libutil/include",
      "-IROOT/syslinux/com32/gplinclude",
      "-IROOT/syslinux/core/include",
      "-IROOT/syslinux/libinstaller",
      "-IROOT/syslinux/libfat",
    ],
  },
  binutils: {
    paths: [
      "binutils-2.40/libiberty",
      "binutils-2.40/zlib",
      "binutils-2.40/gas/config",
      "binutils-2.40/opcodes",
      "binutils-2.40/ld/testsuite",
    ],
    extensions: C_AND_ASSEMBLY,
    options: [
      "-w",
      "-DHAVE_STRING_H",
      "-DHAVE_STDLIB_H",
      "-DHAVE_UNISTD_H",
      "-IHERE",
      "-IROOT/binutils-2.40/include",
      "-IROOT/binutils-2.40/bfd",
      "-IROOT/binutils-2.40/gas",
    ],
  },
};

/** All sources of a corpus, in an order that never changes. */
export function filesOf(corpus: Corpus, root: string): CorpusFile[] {
  const files: CorpusFile[] = [];
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = join(path, entry.name);
      const name = relative(root, inner);
      if (entry.isDirectory()) {
        if (!corpus.except?.test(`${name}/`)) visit(inner);
        continue;
      }
      const language = corpus.extensions[/\.[^.]*$/.exec(entry.name)?.[0] ?? ""];
      if (language !== undefined && entry.isFile() && !corpus.except?.test(name)) files.push({ path: name, language });
    }
  };
  for (const path of corpus.paths) {
    if (statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory()) visit(join(root, path));
  }
  return files;
}
