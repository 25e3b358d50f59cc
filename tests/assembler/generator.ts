/**
 * Random programs: statements, directives and macros that GNU as takes. The same seed gives the same program.
 */

import { Random } from "../../emulator/state/random.ts";
import { idiom } from "./idioms.ts";

/** Numbers below a limit, the same for the same seed. */
export function random(seed: number): (limit: number) => number {
  const source = new Random(seed);
  return (limit) => source.below(limit);
}

const REGISTERS = {
  8: ["al", "bl", "cl", "dl", "ah", "bh"],
  16: ["ax", "bx", "cx", "dx", "si", "di", "bp"],
  32: ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"],
} as const;
const SIZE_NAMES = { 8: "byte", 16: "word", 32: "dword" } as const;
const SUFFIXES = { 8: "b", 16: "w", 32: "l" } as const;
const CONDITIONS = ["e", "ne", "b", "ae", "a", "be", "l", "ge", "g", "le", "s", "ns", "o", "p", "z", "c"];
const NUMBERS = [
  "0",
  "1",
  "-1",
  "127",
  "128",
  "-128",
  "-129",
  "255",
  "256",
  "0x7fff",
  "0x8000",
  "65535",
  "0x12345",
  "-70000",
  "0x7fffffff",
  "0xffffffff",
  "'a'",
  "010",
  "0b101",
];
const OPERATORS = [
  "+",
  "-",
  "*",
  "/",
  "%",
  "<<",
  ">>",
  "|",
  "&",
  "^",
  "!",
  "==",
  "!=",
  "<",
  ">",
  "<=",
  ">=",
  "&&",
  "||",
  "<>",
];

type Size = 8 | 16 | 32;

export class ProgramGenerator {
  readonly #random: (limit: number) => number;
  readonly #lines: string[] = [];
  readonly #defined: string[] = [];
  readonly #constants: string[] = [];
  readonly #macros: { name: string; parameters: number }[] = [];
  #count = 0;
  #pushed = 0;
  #att = false;
  #bits: 16 | 32 = 32;
  #inData = false;

  constructor(seed: number) {
    this.#random = random(seed);
  }

  program(statements: number): string {
    this.#att = this.#random(4) === 0;
    if (!this.#att) this.#lines.push(".intel_syntax noprefix");
    for (let i = 0; i < 4; i++) this.#constant();
    this.#macro();
    while (this.#lines.length < statements) this.#statement();
    while (this.#pushed-- > 0) this.#lines.push(".popsection");
    this.#lines.push(".text", "9:", "last: nop");
    // Every name that was used forward is defined somewhere, or left to the linker.
    return `${this.#lines.join("\n")}\n`;
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)]!;
  }

  #name(prefix: string): string {
    return `${prefix}${this.#count++}`;
  }

  #statement(): void {
    const kinds: (() => void)[] = [
      () => this.#instruction(),
      () => this.#instruction(),
      () => this.#instruction(),
      () => this.#instruction(),
      () => this.#jump(),
      () => this.#jump(),
      () => this.#label(),
      () => this.#data(),
      () => this.#data(),
      () => this.#string(),
      () => this.#align(),
      () => this.#space(),
      () => this.#section(),
      () => this.#constant(),
      () => this.#condition(),
      () => this.#macro(),
      () => this.#call(),
      () => this.#call(),
      () => this.#repeat(),
      () => this.#symbol(),
      () => this.#mode(),
      () => this.#idiom(),
      () => this.#idiom(),
      () => this.#idiom(),
      () => this.#idiom(),
      () => this.#idiom(),
    ];
    this.#pick(kinds)();
  }

  #constantExpression(depth = 0): string {
    if (depth > 2 || this.#random(3) === 0) {
      return this.#random(3) === 0 && this.#constants.length > 0 ? this.#pick(this.#constants) : this.#pick(NUMBERS);
    }
    const operator = this.#pick(OPERATORS);
    const left = this.#constantExpression(depth + 1);
    // Divisors and shift counts that are never out of range.
    const right = "/%".includes(operator)
      ? String(1 + this.#random(9))
      : operator.length === 2 && "<<>>".includes(operator)
        ? String(this.#random(12))
        : this.#constantExpression(depth + 1);
    const space = this.#random(2) === 0 ? " " : "";
    const text = `${left}${space}${operator}${space}${right}`;
    return this.#random(2) === 0 ? `(${text})` : text;
  }

  #symbolName(): string {
    return this.#random(3) !== 0 && this.#defined.length > 0
      ? this.#pick(this.#defined)
      : this.#pick(["ext1", "ext2", "last", "ext3"]);
  }

  #place(): string {
    const kind = this.#random(6);
    if (kind === 0) return "9f";
    if (kind === 1) return `${this.#symbolName()}+${this.#random(20)}`;
    if (kind === 2) return `${this.#symbolName()} - ${this.#random(20)}`;
    return this.#symbolName();
  }

  #register(size: Size): string {
    return (this.#att ? "%" : "") + this.#pick(REGISTERS[size]);
  }

  #memory(size: Size, sized: boolean): string {
    const displacement = this.#pick(["", "4", "-4", "127", "128", "-200", "K", "x"]);
    const symbol = this.#constants.length > 0 ? `(${this.#pick(this.#constants)}&127)` : "5";
    const text = displacement === "K" ? symbol : displacement === "x" ? this.#symbolName() : displacement;
    const small = this.#bits === 16 && this.#random(2) === 0;
    const base = small ? this.#pick(["bx", "si", "di", "bp", "bx+si", "bp+di"]) : this.#pick(REGISTERS[32]);
    const index =
      !small && this.#random(3) === 0
        ? `${this.#pick(REGISTERS[32])}${this.#att ? "," : "*"}${this.#pick(["1", "2", "4", "8"])}`
        : "";
    const segment = this.#random(6) === 0 ? this.#pick(["es", "fs", "gs", "cs", "ss", "ds"]) : "";
    if (this.#att) {
      const registers = base
        .split("+")
        .map((register) => `%${register}`)
        .join(",");
      return `${segment === "" ? "" : `%${segment}:`}${text}(${registers}${index === "" ? "" : `,%${index}`})`;
    }
    const parts = [base, index, text].filter((part) => part !== "");
    const address =
      this.#random(4) === 0 && text !== "" && !text.startsWith("-")
        ? `${text}[${[base, index].filter((part) => part !== "").join("+")}]`
        : `[${parts.join("+").replaceAll("+-", "-")}]`;
    return `${sized ? `${SIZE_NAMES[size]} ptr ` : ""}${segment === "" ? "" : `${segment}:`}${address}`;
  }

  #immediate(size: Size): string {
    const limit = size === 8 ? 128 : size === 16 ? 32768 : 2 ** 31;
    const value =
      this.#random(3) === 0
        ? this.#random(100)
        : this.#random(limit) - (this.#random(2) === 0 ? 0 : Math.floor(limit / 2));
    if (size === 32 && this.#random(6) === 0)
      return this.#att ? `$${this.#symbolName()}` : `offset ${this.#symbolName()}`;
    return (this.#att ? "$" : "") + String(value);
  }

  #emit(mnemonic: string, size: Size | 0, ...operands: string[]): void {
    const label = this.#random(12) === 0 ? `${this.#newLabel()}: ` : "";
    if (this.#att)
      this.#lines.push(`${label}\t${mnemonic}${size === 0 ? "" : SUFFIXES[size]}\t${operands.reverse().join(", ")}`);
    else
      this.#lines.push(
        `${label}\t${mnemonic}\t${operands.join(this.#pick([",", ", ", " , "]))}${this.#random(9) === 0 ? " # note" : ""}`,
      );
  }

  #instruction(): void {
    if (this.#inData && this.#random(3) !== 0) {
      this.#data();
      return;
    }
    const size = this.#pick([8, 16, 32, 32] as const);
    switch (this.#random(11)) {
      case 0:
        this.#emit(
          this.#pick(["mov", "add", "sub", "xor", "and", "or", "cmp", "test", "adc", "sbb"]),
          size,
          this.#register(size),
          this.#register(size),
        );
        break;
      case 1:
        this.#emit(
          this.#pick(["mov", "add", "sub", "xor", "and", "or", "cmp", "adc", "sbb"]),
          size,
          this.#register(size),
          this.#memory(size, false),
        );
        break;
      case 2:
        this.#emit(
          this.#pick(["mov", "add", "sub", "cmp", "test", "and"]),
          size,
          this.#memory(size, false),
          this.#register(size),
        );
        break;
      case 3:
        this.#emit(
          this.#pick(["mov", "add", "sub", "cmp", "test", "and", "or"]),
          size,
          this.#register(size),
          this.#immediate(size),
        );
        break;
      case 4:
        this.#emit(
          this.#pick(["mov", "add", "cmp", "test", "or"]),
          size,
          this.#memory(size, true),
          this.#immediate(size),
        );
        break;
      case 5:
        this.#emit(
          this.#pick(["inc", "dec", "neg", "not", "mul", "div"]),
          size,
          this.#random(2) === 0 ? this.#register(size) : this.#memory(size, true),
        );
        break;
      case 6:
        this.#emit(
          this.#pick(["shl", "shr", "sar", "rol"]),
          size,
          this.#register(size),
          this.#att ? `$${this.#random(8)}` : String(this.#random(8)),
        );
        break;
      case 7: {
        const wide = this.#bits === 16 ? 16 : 32;
        this.#emit(this.#pick(["push", "pop"]), wide, this.#register(wide));
        break;
      }
      case 8:
        this.#emit("lea", 32, this.#register(32), this.#memory(32, false));
        break;
      case 9:
        if (this.#att) this.#emit(this.#pick(["movzbl", "movsbl"]), 0, this.#register(32), this.#register(8));
        else
          this.#emit(
            this.#pick(["movzx", "movsx"]),
            0,
            this.#register(32),
            this.#random(2) === 0 ? this.#register(8) : this.#memory(8, true),
          );
        break;
      default:
        this.#lines.push(
          `\t${this.#pick(["nop", "cli", "ret", "pusha", "cld; rep movsb", "lock; incl 4(%eax)", "hlt", "leave", "cwd"].filter((text) => this.#att || !text.includes("%")))}`,
        );
    }
  }

  #newLabel(): string {
    const name = this.#pick([() => this.#name("l"), () => this.#name(".L"), () => this.#name("Lab$")])();
    this.#defined.push(name);
    return name;
  }

  #label(): void {
    if (this.#random(3) === 0) this.#lines.push(`${this.#pick(["1", "2", "9", "42"])}:`);
    else this.#lines.push(`${this.#newLabel()}${this.#random(5) === 0 ? " " : ""}:`);
  }

  #jump(): void {
    const target = this.#random(4) === 0 ? "9f" : this.#symbolName();
    const mnemonic = this.#pick(["jmp", "call", ...CONDITIONS.map((condition) => `j${condition}`)]);
    this.#lines.push(`\t${mnemonic}\t${target}`);
    if (this.#random(3) === 0) this.#lines.push(`\t.skip ${this.#random(150)}`);
  }

  #data(): void {
    const directive = this.#pick([".byte", ".word", ".long", ".long", ".int", ".quad", ".short", ".value"]);
    const count = 1 + this.#random(3);
    const values = Array.from({ length: count }, () => {
      if (directive === ".long" || directive === ".int") {
        const kind = this.#random(6);
        if (kind === 0) return this.#place();
        if (kind === 1) return `${this.#symbolName()} - .`;
        if (kind === 2 && this.#defined.length > 0) {
          const name = this.#pick(this.#defined);
          return `. - ${name} + ${name}`;
        }
      }
      return this.#constantExpression();
    });
    this.#lines.push(`\t${directive} ${values.join(", ")}`);
  }

  #string(): void {
    const text = Array.from({ length: this.#random(12) }, () =>
      this.#pick(["a", "Z", " ", "#", ";", "\\n", "\\\\", '\\"', "\\101", "\\x41", "/*", "'", "\\t", ","]),
    ).join("");
    this.#lines.push(
      `\t${this.#pick([".ascii", ".asciz", ".string"])} "${text}"${this.#random(4) === 0 ? ', "b"' : ""}`,
    );
  }

  #align(): void {
    this.#lines.push(
      `\t${this.#pick([
        ".p2align 2",
        ".p2align 3",
        ".p2align 4,,7",
        ".balign 8",
        ".align 16",
        ".balign 4, 0xcc",
        ".p2align 5",
        ".align 2",
        ".balign 32,,10",
        ".p2align 4,0x90",
      ])}`,
    );
  }

  #space(): void {
    this.#lines.push(
      `\t${this.#pick([
        `.skip ${this.#random(300)}`,
        `.space ${this.#random(40)}, 0x5a`,
        `.zero ${this.#random(20)}`,
        `.fill ${this.#random(5)}, ${1 + this.#random(8)}, 0x1234567`,
        `.org .+${this.#random(30)}`,
        `.=.+${this.#random(9)}`,
      ])}`,
    );
  }

  #section(): void {
    const kind = this.#random(8);
    this.#inData = kind >= 3 && kind <= 5;
    if (kind === 6 && this.#pushed < 3) {
      this.#pushed++;
      this.#inData = true;
      this.#lines.push(`\t.pushsection .sec${this.#random(3)},"a",@progbits`);
    } else if (kind === 7 && this.#pushed > 0) {
      this.#pushed--;
      this.#inData = true;
      this.#lines.push("\t.popsection");
    } else {
      this.#lines.push(
        `\t${this.#pick([".text", ".text", ".text 1", ".data", ".data 2", '.section .rodata,"a"', '.section .text.hot,"ax",@progbits', ".subsection 1", ".text 0"])}`,
      );
      this.#inData = /data/.test(this.#lines.at(-1)!);
    }
  }

  #constant(): void {
    const name =
      this.#constants.length > 0 && this.#random(2) === 0 ? this.#pick(this.#constants) : this.#name("Const");
    this.#lines.push(
      this.#pick([
        `${name} = ${this.#constantExpression()}`,
        `\t.set ${name}, ${this.#constantExpression()}`,
        `\t.equ ${name}, ${this.#constantExpression()}`,
      ]),
    );
    if (!this.#constants.includes(name)) this.#constants.push(name);
  }

  #condition(): void {
    const condition = this.#pick([
      () => `.if ${this.#constantExpression()}`,
      () => `.ifeq ${this.#constantExpression()}`,
      () => `.ifgt ${this.#constantExpression()}`,
      () => `.ifdef ${this.#symbolName()}`,
      () => `.ifndef ${this.#symbolName()}`,
      () => `.ifc ${this.#pick(["a", "b c"])}, ${this.#pick(["a", "b c", "b  c"])}`,
      () => `.ifb ${this.#pick(["", "x"])}`,
      () => `.ifeqs "a", "${this.#pick(["a", "b"])}"`,
      () => `.iflt ${this.#constantExpression()}`,
    ])();
    this.#lines.push(`\t${condition}`, `\t.byte ${this.#random(100)}`);
    if (this.#random(3) === 0)
      this.#lines.push(`\t.elseif ${this.#constantExpression()}`, `\t.byte ${this.#random(100)}`);
    if (this.#random(2) === 0) this.#lines.push("\t.else", `\t.byte ${this.#random(100)}`);
    this.#lines.push("\t.endif");
  }

  #macro(): void {
    const name = this.#pick([() => this.#name("Mac"), () => this.#name(".mac")])();
    const count = this.#random(4);
    const parameters = Array.from(
      { length: count },
      (_, i) => `p${i}${this.#pick(["", "=7", '="x y"', i === count - 1 ? ":vararg" : ""])}`,
    );
    const body = ["\t.byte 0xee"];
    for (let i = 0; i < count; i++) {
      body.push(
        this.#pick([
          `\t.ascii "<\\p${i}>"`,
          `\t.ifb \\p${i}\n\t.byte 1\n\t.else\n\t.byte 2\n\t.endif`,
          `\t.ifnc \\p${i}, x\n\t.byte 3\n\t.endif`,
        ]),
      );
    }
    if (this.#random(3) === 0) body.push("\t.irp q, 1, 2", "\t.byte \\q", "\t.endr");
    if (this.#random(4) === 0) body.push("\t.byte \\@ & 0");
    if (this.#random(5) === 0) body.push("\t.exitm", "\t.byte 4");
    this.#lines.push(`\t.macro ${name} ${parameters.join(this.#pick([", ", " "]))}`, ...body, "\t.endm");
    this.#macros.push({ name, parameters: count });
  }

  #call(): void {
    if (this.#macros.length === 0) return;
    const macro = this.#pick(this.#macros);
    const count = this.#random(macro.parameters + 1);
    const values = Array.from({ length: count }, () =>
      this.#pick(["1", "x", "a+b", "a + b", "(a b)", '"c d"', "[ebx+4]", "'a'", "", "5*6", "x/* c */", "0x10"]),
    );
    const name = this.#random(4) === 0 ? macro.name.toUpperCase() : macro.name;
    const keyword = count > 0 && this.#random(6) === 0;
    this.#lines.push(`\t${name} ${keyword ? `p0=${values[0]}` : values.join(this.#pick([",", ", "]))}`);
  }

  #repeat(): void {
    this.#lines.push(
      ...this.#pick([
        () => [`\t.rept ${this.#random(4)}`, `\t.byte ${this.#random(9)}`, "\t.endr"],
        () => ['\t.irp v, 1, 2 3, "4"', "\t.byte \\v", "\t.endr"],
        () => ["\t.irpc v, 0123", "\t.byte \\v + 1", "\t.endr"],
        () => ["\t.rept 2", "\t.irp w, a, b", '\t.ascii "\\w"', "\t.endr", "\t.endr"],
      ])(),
    );
  }

  #symbol(): void {
    const name = this.#symbolName();
    this.#lines.push(
      `\t${this.#pick([
        `.globl ${name}`,
        `.weak ${name}`,
        `.hidden ${name}`,
        `.type ${name}, @function`,
        `.globl ext1, ext2`,
        `.comm com${this.#count++}, ${1 + this.#random(40)}`,
        `.lcomm loc${this.#count++}, ${1 + this.#random(40)}`,
        `.comm com${this.#count++}, 8, 4`,
        `.extern ext2`,
        `.size ${name}, ${this.#random(99)}`,
      ])}`,
    );
  }

  #idiom(): void {
    this.#lines.push(
      ...idiom({
        random: this.#random,
        fresh: (prefix) => this.#name(prefix),
        label: () => this.#symbolName(),
        newLabel: () => this.#newLabel(),
        isAtt: this.#att,
        bits: this.#bits,
        constant: () => (this.#random(2) === 0 ? this.#pick(this.#constants) : this.#pick(NUMBERS)),
      }),
    );
  }

  #mode(): void {
    if (this.#random(3) !== 0) return;
    this.#bits = this.#bits === 16 ? 32 : 16;
    this.#lines.push(`\t.code${this.#bits}`);
  }
}
