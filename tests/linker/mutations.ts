/** Objects, archives and scripts for tests with hostile input, and ways to make them lie. */

import type { Random } from "../../emulator/state/random.ts";
import { assemble } from "../../src/assembler/assemble.ts";
import { EHDR_BYTES, ELF_MAGIC, REL_BYTES, SHDR_BYTES, SYM_BYTES } from "../../src/object/elf.ts";

export function objectOf(source: string, path: string): Uint8Array {
  const bytes = new TextEncoder().encode(source);
  const { object, diagnostics } = assemble({
    path,
    files: { read: (name) => (name === path ? { path, bytes } : null) },
    debugLines: true,
  });
  if (!object) throw new Error(`${path} does not assemble: ${diagnostics[0]?.message}`);
  return object;
}

const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An `ar` archive. With `index` its symbol index says that each member defines the name of that place. */
export function archiveOf(objects: readonly Uint8Array[], index: readonly string[] = []): Uint8Array {
  const header = (name: string, sizeBytes: number): Uint8Array =>
    textBytes(
      `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"644".padEnd(8)}${String(sizeBytes).padEnd(10)}\`\n`,
    );
  const padded = (bytes: Uint8Array): Uint8Array[] => [bytes, new Uint8Array(bytes.length % 2).fill(10)];
  const names = textBytes(index.map((name) => `${name}\0`).join(""));
  const table = new Uint8Array(4 + 4 * index.length + names.length);
  const view = new DataView(table.buffer);
  view.setUint32(0, index.length);
  table.set(names, 4 + 4 * index.length);
  let at = 8 + (index.length > 0 ? 60 + table.length + (table.length % 2) : 0);
  objects.forEach((object, place) => {
    if (place < index.length) view.setUint32(4 + 4 * place, at);
    at += 60 + object.length + (object.length % 2);
  });
  return concatenated([
    textBytes("!<arch>\n"),
    ...(index.length > 0 ? [header("/", table.length), ...padded(table)] : []),
    ...objects.flatMap((object, place) => [header(`m${place}.o/`, object.length), ...padded(object)]),
  ]);
}

const INTERESTING = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 0x10000, 0xfff1, 0xfff2, 0xff00,
];

/** Bytes changed anywhere, words of trouble near the headers, or the end cut off. */
export function mutate(random: Random, original: Uint8Array): Uint8Array {
  let bytes: Uint8Array = original.slice();
  const view = (): DataView => new DataView(bytes.buffer);
  for (let i = random.below(6); i >= 0; i--) {
    if (bytes.length < 8) break;
    switch (random.below(6)) {
      case 0:
        bytes[random.below(bytes.length)] = random.below(256);
        break;
      case 1:
        view().setUint32(random.below(bytes.length - 4) & ~3, random.pick(INTERESTING), true);
        break;
      // The headers at the end, and the first one, matter most.
      case 2:
        view().setUint32(
          (bytes.length - 4 - random.below(Math.min(bytes.length - 4, 600))) & ~3,
          random.pick(INTERESTING),
          true,
        );
        break;
      case 3:
        bytes[random.below(Math.min(bytes.length, EHDR_BYTES))] = random.below(256);
        break;
      case 4:
        bytes = lie(random, bytes);
        break;
      default:
        if (random.chance(30)) bytes = bytes.slice(0, random.below(bytes.length));
    }
  }
  return bytes;
}

/**
 * Changes one field of a header, symbol, relocation or table of an ELF file into something that looks as if it could
 * be.
 */
export function lie(random: Random, original: Uint8Array): Uint8Array {
  const bytes = original.slice();
  const view = new DataView(bytes.buffer);
  if (bytes.length < EHDR_BYTES || view.getUint32(0, true) !== ELF_MAGIC) return bytes;
  const headersAt = view.getUint32(32, true);
  const count = view.getUint16(48, true);
  if (count === 0 || headersAt + count * SHDR_BYTES > bytes.length) return bytes;
  const header = headersAt + random.below(count) * SHDR_BYTES;
  const type = view.getUint32(header + 4, true);
  const [start, sizeBytes] = [view.getUint32(header + 16, true), view.getUint32(header + 20, true)];
  const value = (): number =>
    random.pick([
      ...INTERESTING,
      random.below(64),
      random.below(count),
      random.below(bytes.length),
      bytes.length,
      sizeBytes + 1,
      view.getUint32(header + 4 * random.below(10), true),
    ]);
  if (random.chance(50) || sizeBytes === 0 || start + sizeBytes > bytes.length) {
    const field = 4 * random.below(10);
    // A type and flags have few values that mean something.
    view.setUint32(
      header + field,
      field === 4 && random.chance(80)
        ? random.below(19)
        : field === 8 && random.chance(80)
          ? 1 << random.below(12)
          : value(),
      true,
    );
    return bytes;
  }
  const entryBytes = type === 2 ? SYM_BYTES : type === 9 ? REL_BYTES : 4;
  const at = start + Math.floor(random.below(sizeBytes) / entryBytes) * entryBytes;
  if (type === 2 && at + SYM_BYTES <= bytes.length) {
    const field = random.below(5);
    if (field < 3) view.setUint32(at + 4 * field, value(), true);
    else if (field === 3) bytes[at + 12] = random.below(256);
    else
      view.setUint16(
        at + 14,
        random.chance(60) ? random.below(count + 1) : random.pick([0xfff1, 0xfff2, 0xff00, 0xffff]),
        true,
      );
  } else if (type === 9 && at + REL_BYTES <= bytes.length) {
    if (random.chance(50)) view.setUint32(at, value(), true);
    else view.setUint32(at + 4, (random.below(24) << 8) | random.below(45), true);
  } else if (at + 4 <= bytes.length && random.chance(50)) view.setUint32(at, value(), true);
  else bytes[start + random.below(sizeBytes)] = random.below(256);
  return bytes;
}

const NUMBERS = [
  "0",
  "1",
  "-1",
  "4K",
  "0x100000",
  "0xc0000000",
  "0xffffffff",
  "0x7fffffff",
  "0xffffffffffffffff",
  "1M",
  "512M",
  "3000M",
];
const TERMS = [
  ".",
  "a",
  "b",
  "end",
  "nowhere",
  "s1",
  "SIZEOF(.text)",
  "ADDR(.data)",
  "LOADADDR(.text)",
  "ALIGN(16)",
  "ALIGN(0)",
  "ALIGN(3000M)",
  "SIZEOF_HEADERS",
  "CONSTANT(MAXPAGESIZE)",
  "ORIGIN(rom)",
  "LENGTH(rom)",
  "DEFINED(s2)",
];
const OPERATORS = ["+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "&&", "||", "==", "<", ">="];

function expression(random: Random, depth = 3): string {
  if (depth === 0 || random.chance(35)) return random.chance(50) ? random.pick(NUMBERS) : random.pick(TERMS);
  const part = (): string => expression(random, depth - 1);
  switch (random.below(6)) {
    case 0:
      return `(${part()})`;
    case 1:
      return `${random.pick(["-", "~", "!"])}${part()}`;
    case 2:
      return `(${part()} ? ${part()} : ${part()})`;
    case 3:
      return `${random.pick(["MAX", "MIN", "ALIGN"])}(${part()}, ${part()})`;
    case 4:
      return `${random.pick(["ABSOLUTE", "ALIGN", "LOG2CEIL"])}(${part()})`;
    default:
      return `${part()} ${random.pick(OPERATORS)} ${part()}`;
  }
}

const SECTIONS = [
  ".text",
  ".data",
  ".bss",
  ".rodata",
  ".rodata*",
  ".config",
  "table",
  "*",
  ".text.*",
  "COMMON",
  ".eh_frame",
  ".debug*",
  ".[a-t]*",
  "SORT(.text*)",
  "SORT_BY_ALIGNMENT(SORT(.d*))",
  "EXCLUDE_FILE(*0*) .text",
];

/** A script with every kind of statement, and with values that no script should have. */
export function randomScript(random: Random): string {
  const list = (make: () => string, most: number): string =>
    Array.from({ length: random.below(most) + 1 }, make).join(" ");
  const assignment = (): string => {
    const name = random.pick([".", ".", "a", "b", "end", "s1"]);
    const text = `${name} ${random.pick(["=", "=", "=", "+=", "-=", "<<="])} ${expression(random)}`;
    return name !== "." && random.chance(30)
      ? `${random.pick(["PROVIDE", "HIDDEN", "PROVIDE_HIDDEN"])}(${name} = ${expression(random)});`
      : `${text};`;
  };
  const inner = (): string => {
    switch (random.below(8)) {
      case 0:
        return assignment();
      case 1:
        return `${random.pick(["BYTE", "SHORT", "LONG", "QUAD"])}(${expression(random)})`;
      case 2:
        return `FILL(${expression(random)})`;
      case 3:
        return `KEEP(*(${random.pick(SECTIONS)}))`;
      case 4:
        return `INPUT_SECTION_FLAGS(${random.pick(["SHF_WRITE", "!SHF_WRITE & SHF_ALLOC"])}) *(${random.pick(SECTIONS)})`;
      case 5:
        return `ASSERT(${expression(random)}, "no")`;
      default:
        return `*(${list(() => random.pick(SECTIONS), 3)})`;
    }
  };
  const tail = (): string =>
    `${random.chance(20) ? "> rom" : ""} ${random.chance(15) ? "AT> ram" : ""} ${random.chance(15) ? `= ${expression(random, 1)}` : ""}`;
  const output = (): string => {
    const name = random.pick([".text", ".data", ".bss", ".rodata", ".one", "/DISCARD/"]);
    const address = random.chance(25) ? expression(random, 2) : "";
    const type = random.chance(10) ? random.pick(["(NOLOAD)", "(INFO)", "(READONLY)", "(TYPE=SHT_NOTE)"]) : "";
    const more = random.chance(25)
      ? random.pick([
          `AT(${expression(random, 2)})`,
          "ALIGN(64)",
          `ALIGN(${expression(random, 1)})`,
          `SUBALIGN(${random.pick(NUMBERS)})`,
          "ONLY_IF_RO",
          "ALIGN_WITH_INPUT",
        ])
      : "";
    return `${name} ${address} ${type} : ${more} { ${list(inner, 5)} } ${tail()}`;
  };
  const statement = (): string =>
    random.chance(35)
      ? assignment()
      : random.chance(8)
        ? `OVERLAY ${expression(random, 1)} : { .o1 { ${inner()} } .o2 { ${inner()} } }`
        : output();
  const memory = random.chance(50)
    ? `MEMORY { rom (rx) : ORIGIN = ${expression(random, 1)}, LENGTH = ${random.pick(NUMBERS)} ram (w!x) : ORIGIN = 0x20000, LENGTH = 64K }`
    : "";
  const headers = random.chance(10) ? "PHDRS { a PT_PHDR PHDRS; b PT_LOAD FILEHDR PHDRS; c PT_LOAD FLAGS(7); }" : "";
  return `${memory} ${headers} ENTRY(${random.pick(["_start", "nowhere", "s1"])}) SECTIONS { ${list(statement, 8)} } ${random.chance(10) ? `SECTIONS { ${output()} } INSERT ${random.pick(["AFTER", "BEFORE"])} .text;` : ""}`;
}

/** A script with words put in and cut out. */
export function mutateScript(random: Random, text: string, words: readonly string[]): string {
  let changed = text;
  for (let i = random.below(5); i >= 0; i--) {
    const at = random.below(changed.length + 1);
    const word = random.pick([
      random.pick(words),
      "{",
      "}",
      "(",
      ")",
      "0xffffffffff",
      "-1",
      "<<",
      "/ 0",
      '"',
      "/*",
      ".",
      "ALIGN(0)",
      ". = . + 0x7fffffff;",
      "QUAD(",
      "((((((((",
      "x = x + 1;",
      "[",
      "*a*a*a*a*",
      "INCLUDE self",
    ]);
    changed = random.chance(40)
      ? changed.slice(0, at) + changed.slice(at + random.below(20))
      : `${changed.slice(0, at)} ${word} ${changed.slice(at)}`;
  }
  return changed;
}
