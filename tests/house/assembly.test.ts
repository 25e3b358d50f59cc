/**
 * One dialect for all assembly: layout, labels, contracts at the heads of routines, nothing dead. What is wrong comes
 * as `file:line: rule`, in the order of the rules, so that the first line of a failure is its cause.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasFeature, parseArchitecture } from "../../src/isa/features.ts";
import { formsNamed } from "../../src/isa/table/index.ts";
import {
  CODE_SECTIONS,
  commentStart,
  DATA_DIRECTIVE,
  git,
  isLocal,
  isNumeric,
  type Line,
  parse,
  root,
  routineNames,
  type Source,
  sources,
  system,
} from "./assembly-sources.ts";

const NUMERIC_LABELS_MAXIMUM = 4;
const NUMERIC_JUMP_LINES_MAXIMUM = 25;
const COLUMNS = 120;
/** Of a routine; a macro counts as one. */
const INSTRUCTIONS_MAXIMUM = 80;
/** Routines that a cut would make no clearer. */
const LONG: ReadonlyMap<string, string> = new Map([
  ["boot_start", "a boot sector has 512 bytes, and its ways lead into each other"],
]);
/** Macros that put nothing where they stand. */
const NO_CODE = /^(?:HOOK|ON_HOOK|INITCALL|SHELL_COMMAND|SERVICE_PART|STRING)\b/;
/** What linker scripts, images and processors enter, so that no source names it. */
const ENTRIES: ReadonlySet<string> = new Set([
  "kernel_entry",
  "kernel16_entry",
  "reset_vector",
  "boot_sector",
  "_start",
]);

function layoutFaults({ path, lines }: Source): string[] {
  const faults: string[] = [];
  for (const { number, raw, labels, statement, hasComment, inMacro } of lines) {
    const fault = (rule: string): void => void faults.push(`${path}:${number}: ${rule}`);
    if (/\t|\s$/.test(raw)) fault("no tabs, and no blanks at the end of a line");
    // A string cannot be broken.
    if (raw.length > COLUMNS && (hasComment || !raw.includes('"'))) fault(`a line has at most ${COLUMNS} columns`);
    if (hasComment && /#[^\s#-]/.test(raw.slice(commentStart(raw)).slice(0, 2))) fault("a blank follows #");
    if (/^\.globl\b/.test(statement)) fault(".globl is written .global");
    if (/^\.align\b/.test(statement)) fault(".align is written .balign");
    if (/^\.section\s+\.(text|data|bss)$/.test(statement)) fault("plain .text, .data and .bss need no .section");
    if (statement === "" || inMacro || /^\w+\s*=(?!=)/.test(statement)) continue;
    const indent = raw.length - raw.trimStart().length;
    const isDirective = statement.startsWith(".") && !DATA_DIRECTIVE.test(statement);
    const isDeclaration = /^[A-Z][A-Z0-9_]*\b/.test(statement) && indent === 0;
    if (labels.length > 0) {
      if (indent > 0) fault("a label begins its line");
      if (!labels.every(isNumeric) && !statement.startsWith(".")) fault("a named label has a line of its own");
    } else if (isDirective ? indent !== 0 : !isDeclaration && indent !== 4)
      fault(isDirective ? "a directive begins its line" : "instructions and data are indented by 4");
    const isInstruction = /^[a-z]/.test(statement);
    if (isInstruction) {
      const [, prefixes = "", mnemonic = "", gap = ""] =
        /^((?:(?:rep\w*|lock|[c-gs]s|addr32) )*)(?!rep|lock|addr32)(\w+)( +)\S/.exec(statement) ?? [];
      if (gap !== "" && gap.length !== Math.max(1, 8 - prefixes.length - mnemonic.length))
        fault("operands begin 8 columns after their mnemonic");
    }
    const unquoted = statement.replace(/"(?:[^"\\]|\\.)*"|'(?:\\.|[^\\])'?/g, "_");
    if (/ ,|,\S|,\s{2,}/.test(unquoted)) fault("a comma is followed by one blank");
    if (isInstruction && /\[[^\]]*\w[+-]|\[[^\]]*[+-]\w/.test(unquoted.replace(/\[-/g, "[")))
      fault("blanks stand around + and - of an address");
  }
  return faults;
}

/**
 * Numbers that go in a circle (sequence numbers, milliseconds) are compared by the sign of their difference. After SUB
 * itself JG and its like ask whether one is greater as a signed number, which is something else from 2^31 on.
 */
function differenceFaults({ path, lines }: Source): string[] {
  return lines.flatMap(({ statement, number }, index) => {
    const [, register] = /^sub +(e?[abcd]x|e?[sd]i|ebp), /.exec(statement) ?? [];
    if (register === undefined) return [];
    const next = lines
      .slice(index + 1)
      .find((line) => line.statement !== "" && !/^(mov|lea|push|pop|not) /.test(line.statement));
    return next && /^j(n?[lg]e?) /.test(next.statement)
      ? [`${path}:${number}: the sign of a difference is asked for after TEST, or by JS and JNS`]
      : [];
  });
}

/** A `.global` stands directly above the definition, one name each. */
function globalFaults({ path, lines }: Source): string[] {
  return lines.flatMap(({ statement, number, inMacro }, index) => {
    const match = /^\.global\s+(.*)$/.exec(statement);
    if (!match || inMacro) return [];
    const next = lines[index + 1];
    const name = match[1]!;
    const isDefinition =
      next?.labels.includes(name) ||
      next?.statement.startsWith(".global") ||
      new RegExp(`^STRING ${name},|^${name}\\s*=`).test(next?.statement ?? "");
    return isDefinition ? [] : [`${path}:${number}: .global ${name} stands above its definition, alone`];
  });
}

function labelFaults({ path, lines }: Source): string[] {
  const faults: string[] = [];
  const definitions: { label: string; index: number; routine: string }[] = [];
  let routine = "";
  lines.forEach(({ labels, inMacro, number }, index) => {
    if (inMacro) return;
    for (const label of labels)
      if (/^\.L.*_\d+$/.test(label)) faults.push(`${path}:${number}: ${label} has a number for a name`);
      else if (isNumeric(label)) definitions.push({ label, index, routine });
      else if (!isLocal(label)) routine = label;
  });
  const counts = new Map<string, number>();
  for (const definition of definitions) counts.set(definition.routine, (counts.get(definition.routine) ?? 0) + 1);
  for (const [name, count] of counts)
    if (count > NUMERIC_LABELS_MAXIMUM) {
      const line = lines[definitions.find((definition) => definition.routine === name)!.index]!.number;
      faults.push(`${path}:${line}: ${name} has ${count} numeric labels: name them`);
    }
  lines.forEach(({ statement, inMacro, number }, index) => {
    if (inMacro || statement.includes('"')) return;
    for (const [, label, direction] of statement.matchAll(/\b(\d+)([fb])\b/g)) {
      const targets = definitions.filter(
        (definition) =>
          definition.label === label && (direction === "f" ? definition.index > index : definition.index <= index),
      );
      const distance = Math.min(...targets.map((target) => Math.abs(target.index - index)));
      if (Number.isFinite(distance) && distance > NUMERIC_JUMP_LINES_MAXIMUM)
        faults.push(`${path}:${number}: ${label}${direction} is ${distance} lines away: name it`);
    }
  });
  return faults;
}

/**
 * Constants that an instruction uses above their definition: there Intel syntax takes the name for a place in memory,
 * and what should have been a number is silently read from an address.
 */
function constantFaults({ path, lines }: Source): string[] {
  const definedAt = new Map<string, number>();
  for (const { statement, number } of lines) {
    const name = /^(?:\.(?:equ|set)\s+)?([A-Za-z_]\w*)\s*[=,]/.exec(
      /^\.(equ|set)\b|^\w+\s*=/.test(statement) ? statement : "",
    );
    if (name && !definedAt.has(name[1]!)) definedAt.set(name[1]!, number);
  }
  return lines.flatMap(({ statement, number, inMacro }) => {
    if (inMacro || statement.startsWith(".") || /^\w+\s*=/.test(statement)) return [];
    const operands = statement.replace(/"(?:[^"\\]|\\.)*"/g, "").replace(/^\S+/, "");
    return [...operands.matchAll(/(?<!\boffset\s+)\b[A-Za-z_]\w*/g)]
      .filter(([name]) => (definedAt.get(name) ?? 0) > number)
      .map(([name]) => `${path}:${number}: ${name} is a constant from line ${definedAt.get(name)} on, and memory here`);
  });
}

const PARTS = ["In", "Out", "Clobbers", "Locks"];

function contractFaults({ path, lines }: Source, routines: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  lines.forEach(({ labels, section, number, inMacro }, index) => {
    const name = labels.find((label) => routines.has(label));
    if (name === undefined || inMacro || !CODE_SECTIONS.has(section)) return;
    const following = lines.slice(index).find(({ statement }) => statement !== "" && !statement.startsWith(".global"));
    if (!following || DATA_DIRECTIVE.test(following.statement)) return;
    let end = index;
    while (end > 0 && (/^\.global\b/.test(lines[end - 1]!.statement) || isBareLabel(lines[end - 1]!))) end--;
    let start = end;
    while (start > 0 && lines[start - 1]!.raw.startsWith("#")) start--;
    const head = lines.slice(start, end).map(({ raw }) => raw);
    const fault = (rule: string): void => void faults.push(`${path}:${number}: ${name}: ${rule}`);
    if (head.length === 0) return fault("a routine has a contract at its head");
    if (/^# (In|Out|Clobbers|Locks):/.test(head[0]!)) fault("the contract begins with the purpose");
    if (new RegExp(`^# ${name}\\b`).test(head[0]!) || /^# [a-z]/.test(head[0]!))
      fault("the purpose is a sentence without the name");
    const order = head.flatMap((line) => /^# (In|Out|Clobbers|Locks): /.exec(line)?.[1] ?? []);
    const sorted = [...new Set(order)].sort((a, b) => PARTS.indexOf(a) - PARTS.indexOf(b));
    if (order.join() !== sorted.join()) fault("In:, Out:, Clobbers:, Locks: come in this order, once each");
    if (head.some((line) => /[.;] (In|Out|Clobbers): |(?:^|[ (])(?:in|out|clobbers): /.test(line)))
      fault("In:, Out: and Clobbers: begin a line");
  });
  return faults;
}

/** A routine begins at a label that is called, or that has a contract above it, and ends where the next one begins. */
function lengthFaults({ path, lines }: Source, routines: ReadonlySet<string>): string[] {
  const lengths = new Map<string, { line: number; count: number }>();
  let routine = "";
  lines.forEach(({ labels, statement, section, inMacro, number }, index) => {
    if (inMacro || !CODE_SECTIONS.has(section)) return;
    const hasContract = lines[index - 1]?.raw.startsWith("#") ?? false;
    const begun = labels.find((label) => !isLocal(label) && (routines.has(label) || hasContract));
    if (begun !== undefined) lengths.set((routine = begun), { line: number, count: 0 });
    const isCode = /^[a-z]\w* |^[a-z]\w*$|^[A-Z]\w*\b/.test(statement) && !/^\w+\s*=/.test(statement);
    const length = lengths.get(routine);
    if (length && isCode && !NO_CODE.test(statement)) length.count++;
  });
  return [...lengths]
    .filter(([name, { count }]) => count > INSTRUCTIONS_MAXIMUM && !LONG.has(name))
    .map(([name, { line, count }]) => `${path}:${line}: ${name} has ${count} instructions: cut it by meaning`);
}

const isBareLabel = ({ labels, statement }: Line): boolean =>
  labels.length > 0 && !labels.every(isLocal) && statement === "";

/**
 * Instructions beyond the oldest processor that the kernel takes, a 486 with CPUID, and where it is asked for them
 * first.
 */
const OLDEST = parseArchitecture("i486+387")!;
const VECTORS = ["vectors", "chacha20", "poly1305", "x25519-vectors"].map((name) => `asm/crypto/${name}.s`);
const NEWER: Readonly<Record<string, readonly string[]>> = {
  cpuid: [
    "boot/loader/main.s",
    "boot/firmware/apic.s",
    "boot/firmware/mp.s",
    "asm/kernel/",
    "asm/kernel/generator.s",
    "asm/crypto/vectors.s",
  ],
  rdtsc: ["asm/kernel/schedule.s", "asm/kernel/clock-fine.s", "asm/net/secondary.s"],
  rdrand: ["asm/kernel/generator.s"],
  ud2: ["asm/shell/crash.s"],
  ...Object.fromEntries(
    "movd movdqa movdqu paddd paddq pand pmuludq por pshufb pshufd pslld psllq psrld psrlq psubq punpckhqdq punpcklqdq pxor"
      .split(" ")
      .map((mnemonic) => [mnemonic, VECTORS]),
  ),
  // SSE2's by their names, and here the string instructions.
  movsd: [""],
  cmpsd: [""],
};

/** By mnemonic: whether the oldest processor knows it, or it is no instruction. A table is asked for each once. */
const isOld = new Map<string, boolean>();

function isKnownToOldest(mnemonic: string): boolean {
  let known = isOld.get(mnemonic);
  if (known === undefined) {
    const forms = formsNamed(mnemonic, false);
    known = forms.length === 0 || forms.some(({ feature }) => hasFeature(OLDEST, feature));
    isOld.set(mnemonic, known);
  }
  return known;
}

/**
 * A processor of the oldest kind ends what it does not know with "invalid opcode", perhaps years after it was written.
 */
function newerFaults({ path, lines }: Source): string[] {
  return lines.flatMap(({ statement, number }) => {
    const mnemonic = /^(?:(?:rep\w*|lock) )*([a-z]\w*)/.exec(statement)?.[1] ?? "";
    return !isKnownToOldest(mnemonic) && !NEWER[mnemonic]?.some((allowed) => path.startsWith(allowed))
      ? [`${path}:${number}: a 486 does not know ${mnemonic}`]
      : [];
  });
}

/** The program that a source becomes part of. */
function programOf(path: string): string {
  return path.startsWith("boot/") ? path.split("/").slice(0, 2).join("/") : "asm";
}

function deadFaults(): string[] {
  const words = new Map<string, ReadonlyMap<string, number>>();
  for (const { path, lines } of sources) {
    const counts = new Map<string, number>();
    for (const { statement } of lines) {
      if (/^\.global\b/.test(statement)) continue;
      // In a jump its own name makes a routine no more alive, but that is rare: names count wherever they stand.
      for (const word of statement.match(/[A-Za-z_]\w*/g) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    words.set(path, counts);
  }
  const services = readFileSync(join(root, "docs/kernel.md"), "utf8");
  const faults: string[] = [];
  for (const { path, lines } of system) {
    const exported = new Set(lines.flatMap(({ statement }) => /^\.global\s+(\w+)/.exec(statement)?.[1] ?? []));
    const peers = sources.filter(
      (other) =>
        other.path !== path &&
        (other.path.startsWith("tests/") ||
          programOf(other.path) === programOf(path) ||
          // The starter is linked with parts of the loader (src/build/build.ts).
          (programOf(other.path) === "boot/starter" && programOf(path) === "boot/loader")),
    );
    for (const { labels, statement, section, number, inMacro } of lines) {
      if (inMacro) continue;
      const declared = /^STRING (\w+),/.exec(statement)?.[1];
      for (const label of declared === undefined ? labels : [declared]) {
        if (isLocal(label) || ENTRIES.has(label)) continue;
        const own = (words.get(path)!.get(label) ?? 0) - (declared === undefined ? 0 : 1);
        const elsewhere = peers.some((peer) => (words.get(peer.path)!.get(label) ?? 0) > 0);
        if (exported.has(label) && !elsewhere && !services.includes(`\`${label}\``))
          faults.push(
            `${path}:${number}: ${label} is global, but ${own > 0 ? "only this file uses it" : "nothing uses it"}`,
          );
        else if (own === 0 && !elsewhere && CODE_SECTIONS.has(section))
          faults.push(`${path}:${number}: nothing uses ${label}`);
      }
    }
  }
  return faults;
}

describe("assembly", () => {
  test("constants are defined above the instructions that use them", () => {
    expect(sources.flatMap(constantFaults)).toEqual([]);
    expect(constantFaults(parse("x.s", "mov eax, SIZE\nSIZE = 4\nmov eax, SIZE"))).toEqual([
      "x.s:1: SIZE is a constant from line 2 on, and memory here",
    ]);
  });

  test("layout: indent, directives, operands, commas, line length", () => {
    expect(sources.flatMap(layoutFaults)).toEqual([]);
  });

  test("differences are asked for their sign", () => {
    expect(system.flatMap(differenceFaults)).toEqual([]);
  });

  test("every instruction is known to the oldest processor, or asked for first", () => {
    expect(system.flatMap(newerFaults)).toEqual([]);
  });

  test(".global stands at the definition", () => {
    expect(sources.flatMap(globalFaults)).toEqual([]);
  });

  test("labels have names where there are many, or where a jump goes far", () => {
    expect(system.flatMap(labelFaults)).toEqual([]);
  });

  test("every routine has a contract at its head", () => {
    const routines = routineNames();
    expect(system.flatMap((source) => contractFaults(source, routines))).toEqual([]);
  });

  test("no routine is too long to be seen at once", () => {
    const routines = routineNames();
    expect(system.flatMap((source) => lengthFaults(source, routines))).toEqual([]);
    const long = ["# Does nothing.", "nothing:", ...Array<string>(INSTRUCTIONS_MAXIMUM + 1).fill("    nop")];
    expect(lengthFaults(parse("x.s", long.join("\n")), new Set())).toEqual([
      "x.s:2: nothing has 81 instructions: cut it by meaning",
    ]);
  });

  test("no routine, label of code or global symbol is dead", () => {
    expect(deadFaults()).toEqual([]);
  });

  test("every program in tests/guest is run by a test", () => {
    const tests = git("tests/*.ts").filter((path) => path !== "tests/house/assembly.test.ts");
    const text = tests.map((path) => readFileSync(join(root, path), "utf8")).join("\n");
    expect(git("tests/guest/programs/*.s").filter((path) => !text.includes(path))).toEqual([]);
  });
});
