/**
 * With which options the sources of a corpus are compiled and assembled. Each changes what a compiler writes in another
 * way: other directives, other sections, other debug information.
 */

export type Language = "c" | "c++" | "assembly";

export interface Setting {
  readonly name: string;
  /** For gcc, beside `-m32 -S` and what the corpus needs. */
  readonly compiler: readonly string[];
  /** For the assembler, GNU's and ours. */
  readonly assembler?: readonly string[];
}

const compiled = (name: string, compiler: string, assembler: readonly string[] = []): Setting => ({
  name,
  compiler: compiler.split(" "),
  assembler,
});

/** For C and C++. Neighbours are far apart in kind, since a file is tried with a few that follow each other. */
const COMPILER_SETTINGS: readonly Setting[] = [
  compiled("O2", "-O2"),
  compiled("O0-g3", "-O0 -g3"),
  compiled("intel", "-O2 -masm=intel"),
  compiled("pic", "-O2 -fPIC"),
  compiled("O2-g", "-O2 -g"),
  compiled("Os", "-Os"),
  compiled("cet", "-O2 -fcf-protection"),
  compiled("m16", "-Os -m16"),
  compiled("O3-g3", "-O3 -g3"),
  compiled("sections", "-O2 -ffunction-sections -fdata-sections"),
  compiled("O1-g-intel", "-O1 -g -masm=intel"),
  compiled("O0", "-O0"),
  compiled("pic-g3-intel-cet", "-O2 -g3 -fPIC -masm=intel -fcf-protection"),
  compiled("O3", "-O3"),
  compiled("dwarf-2", "-O2 -g -gdwarf-2 -gno-as-locview-support"),
  compiled("O1", "-O1"),
  compiled("no-cfi", "-O2 -g -fno-dwarf2-cfi-asm"),
  compiled("no-loc", "-O2 -g -gno-as-loc-support"),
  compiled("exceptions", "-O2 -fexceptions -fnon-call-exceptions -fPIC"),
  compiled("sse", "-O3 -march=pentium4 -mfpmath=sse -msse3"),
  compiled("m16-g-intel", "-O1 -m16 -g -masm=intel"),
  compiled("common", "-O1 -fcommon -fvisibility=hidden"),
  compiled("split", "-O2 -g -gsplit-dwarf -ggnu-pubnames"),
  compiled("kernel", "-O2 -mregparm=3 -fno-pic -fno-asynchronous-unwind-tables -fno-jump-tables"),
  compiled("profile", "-O2 -pg -fverbose-asm"),
  compiled("folded", "-O2", ["-R", "-L", "-n"]),
  compiled("as-g", "-O1", ["-g"]),
  compiled("dwarf-4", "-O2 -g -gdwarf-4"),
  compiled("i686", "-O2 -msse4.2", ["-march=i686+sse4.2"]),
];

const assembled = (name: string, ...assembler: string[]): Setting => ({ name, compiler: [], assembler });

/** For assembly sources, which the preprocessor alone has been through. */
const ASSEMBLY_SETTINGS: readonly Setting[] = [
  assembled("plain"),
  assembled("g", "-g"),
  assembled("dwarf-5", "--gdwarf-5"),
  assembled("folded", "-R", "-L", "-n"),
];

/** `names` is a list with commas, or `all`, or a number: so many for each file, in turn. */
export function chooseSettings(language: Language, names: string, index: number): readonly Setting[] {
  const all = language === "assembly" ? ASSEMBLY_SETTINGS : COMPILER_SETTINGS;
  if (names === "all") return all;
  if (/^\d+$/.test(names)) {
    const count = Math.min(Number(names), all.length);
    return Array.from({ length: count }, (_, i) => all[(index * count + i) % all.length]!);
  }
  const wanted = names.split(",");
  return all.filter(({ name }) => wanted.includes(name));
}
