/** Random scripts of symbols, data and moves of the location counter, linked by GNU ld and by `qure ld`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { run } from "../../src/cli/gnu/ld.ts";
import { objectDifferences } from "../corpora/object-differences.ts";
import { linkOfGnu, objectOfGnu, requireOracle } from "../oracle.ts";
import { casesOf } from "../setup/tier.ts";

const cases = casesOf("linker/expressions");
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-expressions-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SOURCE =
  '.section .note.GNU-stack,"",@progbits\n.text\n.globl _start, global\n_start: nop\n.long global\n' +
  '.data\nglobal: .long 5\n.section .ro,"a"\n.long 3\n.bss\n.skip 12\n';

const LEAVES = "0x10 0x1000 4 SIZEOF(.text) ADDR(.text) LOADADDR(.data) ADDR(.data) CONSTANT(MAXPAGESIZE) .".split(" ");
const OPERATORS = ["+", "-", "+", "-", "&", "|", "*", "/ 4 +", "==", "<", "&&", "<< 1 &"];

class Script {
  readonly #random: Random;
  readonly #names = ["_start", "global"];
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  #expression(depth: number): string {
    const random = this.#random;
    const inner = (): string => this.#expression(depth - 1);
    const kind = random.below(14);
    if (depth <= 0 || kind < 3) return random.below(5) < 3 ? random.pick(this.#names) : random.pick(LEAVES);
    if (kind < 8) return `(${inner()} ${random.pick(OPERATORS)} ${inner()})`;
    if (kind === 8) return `ALIGN(${inner()}, ${random.pick(["4", "16", "0x1000"])})`;
    if (kind === 9) return `${random.pick(["MAX", "MIN"])}(${inner()}, ${inner()})`;
    if (kind === 10) return `ABSOLUTE(${inner()})`;
    if (kind === 11) return `(${inner()} ? ${inner()} : ${inner()})`;
    return kind === 12 ? `${random.pick(["~", "-", "!"])}${inner()}` : "ALIGN(16)";
  }

  #assignment(): string {
    const value =
      this.#random.below(10) < 7
        ? this.#expression(this.#random.below(3))
        : this.#random.pick([".", ". + 4", "ALIGN(16)", ". - 2", "0x100 + ."]);
    const name = `s${++this.#count}`;
    this.#names.push(name);
    return `${name} = ${value};`;
  }

  #some(most: number): string[] {
    return Array.from({ length: this.#random.below(most) }, () => this.#assignment());
  }

  text(): string {
    const random = this.#random;
    const lines = ["SECTIONS {", ". = 0x1000;"];
    for (const name of [".text", ".data", ".ro", ".bss"]) {
      lines.push(...this.#some(3));
      if (random.below(3) === 0) lines.push(random.pick([". = ALIGN(0x100);", ". = . + 8;", ". = ALIGN(64);"]));
      const data = name === ".bss" || random.below(2) === 0 ? "" : ` LONG(${this.#expression(2)})`;
      lines.push(`${name} : { ${this.#some(3).join(" ")} *(${name})${data} ${this.#some(2).join("")} }`);
    }
    return [...lines, ...this.#some(4), "}", ...this.#some(3), ""].join("\n");
  }
}

test(`the same values as GNU ld: ${cases.title}`, (context) => {
  const [as, ld] = ["as", "ld"].map((name) => requireOracle(name, context)) as [string, string];
  const [object, script, ours] = ["a.o", "script.ld", "ours"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(object, objectOfGnu(as, SOURCE));
  const problems: string[] = [];
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const text = new Script(new Random(seed)).text();
    writeFileSync(script, text);
    const args = ["-T", script, object];
    const gnu = linkOfGnu(ld, folder, ["--no-warn-rwx-segments", ...args]);
    rmSync(ours, { force: true });
    let refusal: string | null = null;
    try {
      run(["-m", "elf_i386", "-w", ...args, "-o", ours]);
    } catch (error) {
      refusal = String(error);
    }
    if (gnu.file === null && refusal !== null) continue;
    // GNU ld numbers sections in the order in which expressions name them, too.
    const found =
      gnu.file === null || refusal !== null
        ? [refusal ?? gnu.messages]
        : objectDifferences(readFileSync(ours), gnu.file)
            .filter(({ kind }) => kind !== "order of sections" && kind !== "layout of the file")
            .map(({ detail }) => detail);
    if (found.length > 0) problems.push(`${cases.repeat(seed)}: ${found.join("; ")}\n${text}`);
  }
  expect(problems).toEqual([]);
});
