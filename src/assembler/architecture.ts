/**
 * The processor that is assembled for: `-march`, `.arch`. Names instructions sets in the words of `src/isa`; an empty name
 * allows everything.
 */

/** Features that each processor adds to the one before it in its line. */
const PROCESSORS: Readonly<Record<string, readonly string[]>> = {
  i8086: ["i8086"],
  i186: ["i8086", "i186"],
  i286: ["i8086", "i186", "i286"],
  i386: ["i8086", "i186", "i286", "i386"],
  i486: ["i8086", "i186", "i286", "i386", "i486"],
  i586: ["i8086", "i186", "i286", "i386", "i486", "i586"],
  pentium: ["i8086", "i186", "i286", "i386", "i486", "i586"],
  i686: ["i8086", "i186", "i286", "i386", "i486", "i586", "i686", "cmov", "nop"],
  pentiumpro: ["i8086", "i186", "i286", "i386", "i486", "i586", "i686", "cmov", "nop"],
  pentiumii: ["i8086", "i186", "i286", "i386", "i486", "i586", "i686", "cmov", "nop", "mmx", "fxsr"],
  pentiumiii: ["i8086", "i186", "i286", "i386", "i486", "i586", "i686", "cmov", "nop", "mmx", "fxsr", "sse"],
  pentium4: ["i8086", "i186", "i286", "i386", "i486", "i586", "i686", "cmov", "nop", "mmx", "fxsr", "sse", "sse2", "clflush"],
  prescott: ["i8086", "i186", "i286", "i386", "i486", "i586", "i686", "cmov", "nop", "mmx", "fxsr", "sse", "sse2", "clflush", "sse3"],
};

const LONG_NOP_PROCESSORS: ReadonlySet<string> = new Set(["pentium4", "prescott"]);

export class Architecture {
  /** Null when every instruction is allowed. */
  features: ReadonlySet<string> | null = null;
  name = "";
  /** A 16-bit conditional jump out of reach becomes a jump over a jump: `.arch`'s `jumps`. */
  promotesJumps = true;
  /** Counts the changes. */
  generation = 0;

  constructor(name: string) {
    if (name !== "") this.select(name);
  }

  /** Takes `i686`, `generic32`, `i386+sse`; false for a name that nobody knows. */
  select(text: string): boolean {
    const [processor = "", ...extensions] = text.toLowerCase().split("+");
    if (processor === "generic32" || processor === "default" || processor === "push" || processor === "pop") return true;
    const base = PROCESSORS[processor];
    if (base === undefined) return false;
    this.name = processor;
    this.generation++;
    this.features = new Set([...base, ...extensions]);
    return true;
  }

  /** Alignment may be filled with NOPL: said of processors from the Pentium 4 on. */
  get hasLongNops(): boolean {
    return LONG_NOP_PROCESSORS.has(this.name);
  }

  /** Conditional jumps with a displacement of more than a byte exist. */
  get hasLongConditionalJumps(): boolean {
    return this.features === null || this.features.has("i386");
  }

  static get names(): string[] {
    return Object.keys(PROCESSORS);
  }
}
