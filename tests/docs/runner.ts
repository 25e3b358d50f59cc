/**
 * Runs the blocks of a page in a scratch copy of the sources.
 *
 * - `sh`: run by bash, and must end with 0.
 * - `console`: each line after `$ ` is run and what it prints compared, in lines; `...` stands for any. After a prompt
 *   such as `qure-1:/> ` a line is typed at that node of a cluster of three.
 * - `gdb`: commands for gdb at a machine that boots the image; none may be refused.
 * - `ts`: a test runs under vitest, anything else under Node; `checkTypes` looks at all of them together.
 * - `asm`: assembled.
 *
 * Markers in the page, as HTML comments right before a block: `run: file NAME` makes the block a file; `run: in NAME`
 * says that the file contains it; `run: replace NAME` replaces what was shown of the file before; `run: restore NAME`
 * puts a file of the sources back first; `run: seen-in NAME` looks for lines of the same shape in a file;
 * `run: with NAME` gives the block a file of tests/docs/given; `not run: REASON` exempts it.
 */
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transform } from "esbuild";
import { expect } from "vitest";
import { type Block, root } from "./page.ts";
import type { Scratch } from "./scratch.ts";
import { firstMissing, parseTranscript, shape } from "./transcript.ts";

const GUEST_PROMPT = /^qure-(\d):\/\S*> /;

/** Runs a block; throws, with the reason, when something is not as the page says. */
export async function runBlock(block: Block, scratch: Scratch): Promise<void> {
  const [verb, name = ""] = block.run;
  if (verb === "restore") scratch.restore(name);
  if (verb === "with") await give(name, scratch);
  if (verb === "file") scratch.write(name, block.text);
  else if (verb === "in") {
    expectIn(scratch.read(name), block.text, name);
    scratch.shown.set(name, block.text);
  } else if (verb === "replace") {
    const text = scratch.read(name);
    const before = scratch.shown.get(name) ?? "(nothing was shown before)";
    expectIn(text, before, name);
    scratch.write(
      name,
      text.replace(before, () => block.text),
    );
    scratch.shown.set(name, block.text);
  } else if (verb === "seen-in") {
    const shapes = new Set(scratch.read(name).split("\n").map(shape));
    expect(
      block.text
        .trimEnd()
        .split("\n")
        .filter((line) => !shapes.has(shape(line))),
    ).toEqual([]);
  } else {
    const run = RUNNERS[block.language];
    if (!run) throw new Error(`nothing is known about blocks of the language "${block.language}"`);
    await run(block.text, scratch, name);
  }
}

function expectIn(text: string, part: string, name: string): void {
  if (!text.includes(part)) throw new Error(`${name} does not contain\n${part}`);
}

/** A file that a page takes for granted; a disk is made of its source. */
async function give(name: string, scratch: Scratch): Promise<void> {
  const source = name.replace(/\.img$/, ".s");
  scratch.write(source, readFileSync(join(root, "tests/docs/given", source)));
  if (source === name) return;
  await runShell(`qure as ${source} -o given.o\nqure ld -Ttext 0x7c00 --oformat binary -o ${name} given.o`, scratch);
  // A disk has more than its boot sector.
  truncateSync(scratch.path(name), 1 << 20);
}

async function runShell(text: string, scratch: Scratch): Promise<void> {
  const { exitCode, output } = await scratch.run(text);
  if (exitCode !== 0) throw new Error(`ended with ${exitCode}:\n${output}`);
}

async function runConsole(text: string, scratch: Scratch): Promise<void> {
  if (GUEST_PROMPT.test(text)) return runGuest(text, scratch);
  const [first, ...others] = parseTranscript(text);
  for (const { command, expected } of [first!, ...others]) {
    const { output } = await scratch.run(`{ ${command}\n} 2>&1`);
    const missing = firstMissing(expected, output);
    if (missing !== null) throw new Error(`$ ${command}\nThe page has\n${missing}\nand this came:\n${output}`);
  }
}

/** Types at the nodes of a cluster, and looks for what the page shows in what they printed after it. */
async function runGuest(text: string, scratch: Scratch): Promise<void> {
  for (const [index, { command, expected }] of parseTranscript(text, GUEST_PROMPT).entries()) {
    const node = GUEST_PROMPT.exec(text.split("\n").filter((line) => GUEST_PROMPT.test(line))[index]!)![1]!;
    scratch.write("typed.txt", `!wait 3s\n@${node} ${command}\n`);
    await runShell("[ -e build/qure.iso ] || qure build\nqure emu --nodes 3 --script typed.txt --log typed", scratch);
    const log = readFileSync(scratch.path(`typed/qure-${node}.log`), "latin1").replaceAll("\r", "");
    const output = log.slice(log.lastIndexOf(`> ${command}\n`) + command.length + 3);
    if (/unknown command/.test(output)) throw new Error(output);
    const missing = firstMissing(expected.length === 0 ? ["..."] : ["...", ...expected, "..."], output);
    if (missing !== null) throw new Error(`The page has\n${missing}\nand this came:\n${output}`);
  }
}

async function runGdb(text: string, scratch: Scratch): Promise<void> {
  const commands = text
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\(gdb\) /, ""));
  const words = commands.map((command) => `-ex '${command}'`).join(" ");
  const { output } = await scratch.run(
    `qure emu --gdb 4000 -S --for 10s >emu.txt 2>&1 &\ngdb -ex 'target remote localhost:4000' ${words} -ex kill 2>&1`,
  );
  expect(output).toMatch(/Breakpoint 1, /);
  expect(output).not.toMatch(/Undefined|No symbol|not a number|Error|No such file/);
}

/** Checks the types of programs that import the package, all at once: starting the compiler takes longest. */
export async function checkTypes(programs: readonly string[], scratch: Scratch): Promise<void> {
  const files = programs.map((text, index) => {
    scratch.write(`types-${index + 1}.ts`, text);
    return `types-${index + 1}.ts`;
  });
  // The package's declarations are made only when it is packed; these are the sources that they are made of.
  const paths = { qure: ["./src/index.ts"], "qure/*": ["./src/api/*.ts"] };
  const compilerOptions = { types: ["node"], paths, preserveSymlinks: true };
  const tsconfig = { extends: "./tsconfig.base.json", compilerOptions, files: [...files, "src/platform.d.ts"] };
  scratch.write("tsconfig.json", JSON.stringify(tsconfig));
  await runShell("node node_modules/typescript/bin/tsc -p tsconfig.json", scratch);
}

let scripts = 0;

async function runTypeScript(text: string, scratch: Scratch): Promise<void> {
  const isTest = /from "vitest"/.test(text);
  const name = `block-${++scripts}${isTest ? ".test" : ""}.ts`;
  scratch.write(name, text);
  if (isTest) return runShell(`node node_modules/vitest/vitest.mjs run --root . ${name}`, scratch);
  const { code } = await transform(text, { loader: "ts", format: "esm" });
  writeFileSync(scratch.path(`${name}.mjs`), code);
  await runShell(`node ${name}.mjs`, scratch);
}

async function runAssembly(text: string, scratch: Scratch): Promise<void> {
  scratch.write("block.s", `.intel_syntax noprefix\n${text}`);
  await runShell("qure as -I asm/include block.s -o block.o", scratch);
}

const RUNNERS: Readonly<Record<string, (text: string, scratch: Scratch, name: string) => Promise<void>>> = {
  sh: runShell,
  console: runConsole,
  gdb: runGdb,
  ts: runTypeScript,
  asm: runAssembly,
};
