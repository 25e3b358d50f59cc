/**
 * Random linker scripts, with objects for them: what people write into the scripts of kernels, boot loaders and
 * firmware (program headers, regions, load addresses, sections without content, overlays, fills, orphans), in every
 * mixture. The same for the same seed.
 */
import { Random } from "../../emulator/state/random.ts";

export interface DrawnLink {
  readonly sources: readonly string[];
  readonly script: string;
  /** Words for the command line besides the script and the objects. */
  readonly options: readonly string[];
}

/** A section of an object: how it is declared, and what it has. */
interface Part {
  readonly name: string;
  readonly declared: string;
  readonly content: "code" | "data" | "zeros" | "note";
}

const PARTS: readonly Part[] = [
  { name: ".text", declared: ".text", content: "code" },
  { name: ".text.cold", declared: '.section .text.cold,"ax"', content: "code" },
  { name: ".init", declared: '.section .init,"ax"', content: "code" },
  { name: ".multiboot", declared: '.section .multiboot,"a"', content: "data" },
  { name: ".rodata", declared: '.section .rodata,"a"', content: "data" },
  { name: ".table", declared: '.section .table,"a"', content: "data" },
  { name: ".data", declared: ".data", content: "data" },
  { name: ".data.late", declared: '.section .data.late,"aw"', content: "data" },
  { name: ".config", declared: '.section .config,"aw"', content: "data" },
  { name: ".bss", declared: ".bss", content: "zeros" },
  { name: ".stack", declared: '.section .stack,"aw",@nobits', content: "zeros" },
  { name: ".mmio", declared: '.section .mmio,"aw",@nobits', content: "zeros" },
  { name: ".note.own", declared: '.section .note.own,"a",@note', content: "note" },
  { name: ".remarks", declared: '.section .remarks,"",@progbits', content: "data" },
  { name: ".comment", declared: '.section .comment,"MS",@progbits,1', content: "data" },
  { name: "entries", declared: '.section entries,"aw"', content: "data" },
  { name: ".tdata", declared: '.section .tdata,"awT",@progbits', content: "data" },
  { name: ".tbss", declared: '.section .tbss,"awT",@nobits', content: "zeros" },
];
/** Most programs have these, few have the others. */
const USUAL: ReadonlySet<string> = new Set([".text", ".rodata", ".data", ".bss"]);
const THREADS: ReadonlySet<string> = new Set([".tdata", ".tbss"]);

const hex = (value: number): string => `0x${value.toString(16)}`;

class Draw {
  readonly #random: Random;
  readonly #hasHeaders: boolean;
  #names: string[] = [];
  #headers: string[] = [];
  #regions: string[] = [];
  #taken = new Set<string>();
  #symbols = 0;
  /** A kernel in the upper part of memory, loaded further down. */
  #isHigh = false;
  readonly #sections: string[] = [];

  constructor(seed: number, hasHeaders: boolean) {
    this.#random = new Random(seed, "scripts");
    this.#hasHeaders = hasHeaders;
  }

  link(): DrawnLink {
    const random = this.#random;
    const usesThreads = random.chance(8);
    const present = PARTS.filter(
      ({ name }) => (THREADS.has(name) ? usesThreads : random.chance(USUAL.has(name) ? 85 : 30)) || name === ".text",
    );
    this.#names = present.map(({ name }) => name);
    const count = random.chance(30) ? 2 : 1;
    const sources = Array.from({ length: count }, (_, index) => this.#source(present, index));
    return { sources, script: this.#script(), options: this.#options() };
  }

  #source(present: readonly Part[], index: number): string {
    const random = this.#random;
    const lines = random.chance(70) ? ['.section .note.GNU-stack,"",@progbits'] : [];
    if (index === 0) lines.push(".text", ".globl _start", "_start: nop");
    for (const { name, declared, content } of present) {
      if (index > 0 && random.chance(40)) continue;
      lines.push(declared);
      if (random.chance(50)) lines.push(`.balign ${1 << random.below(random.chance(10) ? 13 : 6)}`);
      const own = `own${index}${name.replaceAll(".", "_")}`;
      lines.push(`.globl ${own}`, `${own}:`);
      if (content === "note") lines.push(".long 4, 4, 7", '.asciz "Own"', `.long ${random.below(99)}`);
      else if (random.chance(8)) continue;
      else if (content === "zeros") lines.push(`.skip ${this.#size()}`);
      else if (content === "code") lines.push(...Array.from({ length: 1 + random.below(9) }, () => "incl %eax"), "ret");
      else lines.push(`.fill ${this.#size()}, 1, ${random.below(256)}`);
    }
    if (random.chance(20)) lines.push(`.comm shared, ${4 << random.below(5)}, ${1 << random.below(6)}`);
    return `${lines.join("\n")}\n`;
  }

  #size(): number {
    const random = this.#random;
    return random.chance(8) ? 0x1000 * (1 + random.below(3)) + random.below(20) : 1 + random.below(60);
  }

  #options(): string[] {
    const random = this.#random;
    const options = ["--no-check-sections"];
    if (random.chance(6)) options.push("-n");
    else if (random.chance(6)) options.push("-N");
    if (random.chance(8)) options.push("-z", "noseparate-code");
    if (random.chance(6)) options.push("-z", `max-page-size=${hex(0x1000 << random.below(3))}`);
    if (random.chance(5)) options.push("--gc-sections");
    if (random.chance(4)) options.push("-q");
    return options;
  }

  #script(): string {
    const random = this.#random;
    const head = [];
    if (random.chance(80)) head.push("ENTRY(_start)");
    if (random.chance(25)) head.push(this.#memory());
    if (this.#hasHeaders) head.push(this.#programHeaders());
    const lines = this.#statements();
    return `${[...head, "SECTIONS {", ...lines, "}"].join("\n")}\n`;
  }

  #memory(): string {
    const random = this.#random;
    const declared = [
      `rom (rx) : ORIGIN = ${hex(random.pick([0x8000, 0x100000, 0xc000]))}, LENGTH = 64K`,
      `ram (rwx) : ORIGIN = ${hex(random.pick([0x20000, 0x400000]))}, LENGTH = ${random.pick(["64K", "1M"])}`,
      `far (w!x) : ORIGIN = ${hex(random.pick([0xc0000000, 0xfee00000]))}, LENGTH = 128K`,
    ].filter(() => random.chance(80));
    this.#regions = declared.map((line) => line.slice(0, 3));
    return `MEMORY { ${declared.join(" ")} }`;
  }

  #programHeaders(): string {
    const random = this.#random;
    const lines: string[] = [];
    const add = (name: string, rest: string): void => {
      this.#headers.push(name);
      lines.push(`  ${name} ${rest};`);
    };
    const holdsHeaders = random.chance(25);
    if (holdsHeaders && random.chance(50)) add("table", `PT_PHDR${random.chance(80) ? " PHDRS" : ""}`);
    const loads = 1 + random.below(4);
    for (let i = 0; i < loads; i++) {
      const words = ["PT_LOAD"];
      if (holdsHeaders && (i === 0 || random.chance(5)))
        words.push(random.chance(85) ? "FILEHDR PHDRS" : random.pick(["FILEHDR", "PHDRS"]));
      if (random.chance(12)) words.push(`AT(${hex(random.pick([0x100000, 0x8000, 0x200010]))})`);
      if (random.chance(50)) words.push(`FLAGS(${random.below(8)})`);
      add(["text", "data", "more", "rest"][i]!, words.join(" "));
    }
    if (random.chance(25)) add("note", "PT_NOTE");
    if (this.#names.some((name) => THREADS.has(name)) && random.chance(80)) add("threads", "PT_TLS");
    if (random.chance(15)) add("stack", `PT_GNU_STACK${random.chance(50) ? " FLAGS(6)" : ""}`);
    if (random.chance(6)) add("other", random.pick(["PT_NULL", "0x60000001", "PT_GNU_RELRO"]));
    return `PHDRS {\n${lines.join("\n")}\n}`;
  }

  #statements(): string[] {
    const random = this.#random;
    const lines: string[] = [];
    if (random.chance(85)) {
      const start = random.pick(["0x100000", "1M", "0xC0100000", "0x8000", "0x7c00", "0x1000", "0x400000"]);
      this.#isHigh = start.startsWith("0xC");
      lines.push(`. = ${start}${random.chance(12) ? " + SIZEOF_HEADERS" : ""};`);
    }
    const wanted = this.#names.filter((name) => random.chance(USUAL.has(name) ? 92 : 60));
    // Somebody's own order, now and then.
    if (random.chance(25)) wanted.sort(() => random.below(3) - 1);
    const groups: string[][] = [];
    for (const name of wanted)
      if (groups.length > 0 && random.chance(18)) groups.at(-1)!.push(name);
      else groups.push([name]);
    const overlayAt = groups.length >= 3 && random.chance(8) ? random.below(groups.length - 1) : -1;
    for (const [index, group] of groups.entries()) {
      if (index === overlayAt) lines.push(this.#overlay([group, groups[index + 1]!]));
      else if (index !== overlayAt + 1 || overlayAt < 0) lines.push(this.#outputSection(group, index));
      if (random.chance(25)) lines.push(this.#between());
    }
    if (random.chance(30)) lines.push("_end = .;");
    if (random.chance(30))
      lines.push(`/DISCARD/ : { *(.note.GNU-stack) *(.comment)${random.chance(50) ? " *(.note*)" : ""} }`);
    return lines.map((line) => `  ${line}`);
  }

  #between(): string {
    const random = this.#random;
    const [known] = this.#sections.length > 0 ? [random.pick(this.#sections)] : [];
    return random.pick([
      () => `. = ALIGN(${hex(1 << random.below(14))});`,
      () => `. = . + ${hex(random.below(0x3000))};`,
      () => `sym${this.#symbols++} = .;`,
      () => `PROVIDE(given${this.#symbols++} = .);`,
      () => (known ? `size${this.#symbols++} = SIZEOF(${known});` : `size${this.#symbols++} = 0;`),
      () => (known ? `at${this.#symbols++} = LOADADDR(${known}) + 4;` : ". = .;"),
      () => `ASSERT(. ${random.chance(95) ? ">=" : "<"} 0, "where are we")`,
      () => `HIDDEN(own${this.#symbols++} = ABSOLUTE(.));`,
    ])();
  }

  #overlay(groups: readonly string[][]): string {
    const random = this.#random;
    const bodies = groups.map((group, index) => `.over${index} { ${this.#patterns(group)} }${this.#header(15)}`);
    const address = random.chance(60) ? hex(random.pick([0x300000, 0x9000, 0xd0000000])) : "";
    const hasLoadAddress = random.chance(40);
    const loadAddress = hasLoadAddress ? ` AT(${hex(random.pick([0x110000, 0x20000]))})` : "";
    return `OVERLAY ${address} :${loadAddress} { ${bodies.join(" ")} }${this.#home(!hasLoadAddress)}`;
  }

  #outputSection(group: readonly string[], index: number): string {
    const random = this.#random;
    const first = group[0]!;
    let name = random.chance(90) ? first : `.out${index}`;
    if (this.#taken.has(name)) name = `.out${index}`;
    this.#taken.add(name);
    let head = name;
    if (first === ".mmio" && random.chance(70)) head += ` ${random.pick(["0xFEE00000", "0xFEC00000", "0xA0000"])}`;
    else if (random.chance(12))
      head += ` ${random.pick([
        () => hex(0x100000 + 0x800 * random.below(64)),
        () => hex(0xc0100000 + 0x1000 * random.below(16)),
        () => `ALIGN(${hex(1 << random.below(14))})`,
        () => `(. + ${hex(random.below(0x2000))})`,
      ])()}`;
    const isZeros = [".mmio", ".stack", ".bss"].includes(first);
    if (random.chance(isZeros ? 40 : 7)) head += " (NOLOAD)";
    else if (random.chance(6)) head += ` (${random.pick(["COPY", "INFO", "OVERLAY", "DSECT", "READONLY"])})`;
    head += " :";
    const hasLoadAddress = random.chance(15);
    if (hasLoadAddress) head += ` AT(${this.#loadAddress(name)})`;
    if (random.chance(15)) head += ` ALIGN(${hex(1 << random.below(13))})`;
    if (random.chance(5)) head += ` SUBALIGN(${hex(1 << random.below(7))})`;
    this.#sections.push(name);
    return `${head} { ${this.#body(group)} }${this.#home(!hasLoadAddress || random.chance(2))}`;
  }

  #loadAddress(name: string): string {
    const random = this.#random;
    const [known] = this.#sections.length > 0 ? [random.pick(this.#sections)] : [];
    return random.pick([
      () => (this.#isHigh ? `ADDR(${name}) - 0xC0000000` : `ADDR(${name}) + 0x10000`),
      () => hex(0x100000 + 0x10 * random.below(0x2000)),
      () => (known ? `LOADADDR(${known}) + SIZEOF(${known})` : "0x120000"),
      () => `ADDR(${name}) + ${hex(0x1000 * random.below(5))}`,
    ])();
  }

  #body(group: readonly string[]): string {
    const random = this.#random;
    const words: string[] = [];
    if (random.chance(15)) words.push(`start${this.#symbols++} = .;`);
    if (random.chance(4)) words.push(`FILL(${hex(random.below(0x10000))})`);
    words.push(this.#patterns(group));
    if (random.chance(12)) words.push(`. = ALIGN(${hex(1 << random.below(13))});`);
    if (random.chance(6)) words.push(`. += ${hex(random.below(0x800))};`);
    if (random.chance(6)) words.push(random.pick(["BYTE(0x55)", "LONG(_start)", "QUAD(1)", "SHORT(0xaa55)"]));
    if (random.chance(15)) words.push(`end${this.#symbols++} = .;`);
    if (random.chance(3)) words.push('ASSERT(. != 1, "one");');
    return words.join(" ");
  }

  #patterns(group: readonly string[]): string {
    const random = this.#random;
    return group
      .map((name) => {
        const pattern = name === ".bss" && random.chance(60) ? ".bss COMMON" : random.chance(30) ? `${name}*` : name;
        const sorted = random.chance(6)
          ? `${random.pick(["SORT", "SORT_BY_ALIGNMENT"])}(${pattern.split(" ")[0]})`
          : pattern;
        return random.chance(12) ? `KEEP(*(${sorted}))` : `*(${sorted})`;
      })
      .join(" ");
  }

  /** Region, program headers and fill of a section. */
  #home(mayHaveLoadRegion = true): string {
    const random = this.#random;
    let text = "";
    if (this.#regions.length > 0 && random.chance(70)) {
      text += ` > ${random.pick(this.#regions)}`;
      if (mayHaveLoadRegion && random.chance(30)) text += ` AT> ${random.pick(this.#regions)}`;
    }
    text += this.#header(70);
    if (random.chance(10)) text += ` =${random.pick(["0x90", "0xcc", "0x90909090", "0", "0x1234"])}`;
    return text;
  }

  #header(percent: number): string {
    const random = this.#random;
    if (this.#headers.length === 0 || !random.chance(percent)) return "";
    if (random.chance(6)) return " :NONE";
    const usual = this.#headers.filter((name) => ["text", "data", "more", "rest"].includes(name));
    const first = random.pick(random.chance(88) ? usual : this.#headers);
    return ` :${first}${random.chance(10) ? ` :${random.pick(this.#headers)}` : ""}`;
  }
}

/** `hasHeaders`: the script declares program headers (PHDRS). */
export const randomScript = (seed: number, hasHeaders: boolean): DrawnLink => new Draw(seed, hasHeaders).link();
