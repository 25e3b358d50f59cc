/** `nm`: the symbols of an object in the text of GNU nm 2.40. */

import { STT_COMMON, STT_GNU_IFUNC, STT_OBJECT } from "../object/elf.ts";
import { compareBytes, hex8, type ObjectFile, type ObjectSection, type ObjectSymbol } from "./object-file.ts";

export interface NmOptions {
  readonly format: "bsd" | "posix" | "sysv";
  readonly sort: "name" | "address" | "size" | "none";
  readonly reverse: boolean;
  /** Debugging symbols too: those of sections and source files. */
  readonly all: boolean;
  readonly externOnly: boolean;
  readonly undefinedOnly: boolean;
  readonly definedOnly: boolean;
  readonly withoutWeak: boolean;
  readonly printSize: boolean;
  /** Before each symbol; null when the names of files stand on lines of their own. */
  readonly linePrefix: string | null;
  /** -j */
  readonly namesOnly: boolean;
  readonly radix: 8 | 10 | 16;
  /** What the table of the sysv format is headed with. */
  readonly title: string;
  /** How a symbol is shown. */
  readonly nameOf: (symbol: string) => string;
}

/** Names that decide a symbol's letter, before the section's attributes do. */
const LETTER_BY_NAME: readonly (readonly [string, string])[] = [
  [".drectve", "i"],
  [".edata", "e"],
  [".idata", "i"],
  [".pdata", "p"],
  [".debug", "N"],
  [".zdebug", "N"],
  ["*DEBUG*", "N"],
];

function sectionLetter({ name, traits }: ObjectSection): string {
  for (const [prefix, letter] of LETTER_BY_NAME) {
    if (name.startsWith(prefix) && (name.length === prefix.length || ".$0123456789".includes(name[prefix.length]!)))
      return letter;
  }
  if (traits.code) return "t";
  if (traits.data) return traits.readonly ? "r" : "d";
  if (!traits.contents) return "b";
  if (traits.debugging) return "N";
  return traits.readonly ? "n" : "?";
}

/** The letter of a symbol's kind, as `nm` shows it (GNU binutils manual, "nm"). */
function symbolLetter({ home, isLocal, isGlobal, isWeak, elf }: ObjectSymbol): string {
  if (home === "common") return "C";
  const isObject = elf.type === STT_OBJECT || elf.type === STT_COMMON;
  if (home === "undefined") return isWeak ? (isObject ? "v" : "w") : "U";
  if (elf.type === STT_GNU_IFUNC) return "i";
  if (isWeak) return isObject ? "V" : "W";
  if (elf.binding === 10) return "u";
  if (!isLocal && !isGlobal) return "?";
  const letter = home === "absolute" ? "a" : sectionLetter(home);
  return isGlobal ? letter.toUpperCase() : letter;
}

/** All lines for one file, or null when it has no symbols at all. */
export function listSymbols(file: ObjectFile, options: NmOptions): string[] | null {
  if (file.symbols.length === 0) return options.format === "sysv" ? sysvTable([], options) : null;
  const chosen = file.symbols.filter((symbol) => {
    const { home, isDebugging, isWeak } = symbol;
    if (home === "undefined" ? options.definedOnly : options.undefinedOnly) return false;
    if (options.undefinedOnly) return true;
    if (options.withoutWeak && isWeak) return false;
    if (options.externOnly && !(symbol.isGlobal || isWeak || home === "undefined" || home === "common")) return false;
    return options.all || !isDebugging;
  });
  const sorted = sortSymbols(
    options.sort === "size" ? chosen.filter((symbol) => symbol.home !== "undefined" && sizeOf(symbol) > 0) : chosen,
    options,
  );
  const prefix = options.linePrefix === null ? "" : options.linePrefix;
  if (options.format === "sysv") return sysvTable(sorted, options);
  if (options.namesOnly) return sorted.map(({ name }) => options.nameOf(name));
  return sorted.map(
    (symbol) => prefix + (options.format === "posix" ? posixLine(symbol, options) : bsdLine(symbol, options)),
  );
}

const sizeOf = ({ home, value, elf }: ObjectSymbol): number => (home === "common" ? value : elf.sizeBytes);

function sortSymbols(symbols: readonly ObjectSymbol[], { sort, reverse }: NmOptions): ObjectSymbol[] {
  const sorted = [...symbols];
  if (sort === "none") return sorted;
  const byName = (a: ObjectSymbol, b: ObjectSymbol): number => compareBytes(a.name, b.name);
  const isUndefined = ({ home }: ObjectSymbol): number => Number(home !== "undefined");
  const order = {
    name: byName,
    address: (a: ObjectSymbol, b: ObjectSymbol): number =>
      isUndefined(a) - isUndefined(b) || a.value - b.value || byName(a, b),
    size: (a: ObjectSymbol, b: ObjectSymbol): number => sizeOf(a) - sizeOf(b) || byName(a, b),
  }[sort];
  // Local symbols of several sources may have one size and name: they are in the order of their addresses, either way.
  if (sort === "size") sorted.sort((a, b) => a.value - b.value);
  return sorted.sort(reverse ? (a, b) => order(b, a) : order);
}

function number(value: number, radix: number): string {
  return (value >>> 0).toString(radix).padStart(8, "0");
}

function bsdLine(symbol: ObjectSymbol, { printSize, sort, radix, nameOf }: NmOptions): string {
  const letter = symbolLetter(symbol);
  const showsSize = printSize && sizeOf(symbol) > 0 && symbol.home !== "undefined";
  if (sort === "size" && !printSize) return `${number(sizeOf(symbol), radix)} ${letter} ${nameOf(symbol.name)}`;
  const value = symbol.home === "undefined" ? " ".repeat(8) : number(symbol.value, radix);
  return `${value}${showsSize ? ` ${number(sizeOf(symbol), radix)}` : ""} ${letter} ${nameOf(symbol.name)}`;
}

function posixLine(symbol: ObjectSymbol, { radix, nameOf }: NmOptions): string {
  const plain = (value: number): string => (value >>> 0).toString(radix);
  if (symbol.home === "undefined") return `${nameOf(symbol.name)} ${symbolLetter(symbol)} ${" ".repeat(8)}`;
  return `${nameOf(symbol.name)} ${symbolLetter(symbol)} ${plain(symbol.value)} ${sizeOf(symbol) > 0 ? plain(sizeOf(symbol)) : ""}`;
}

const SYSV_TYPES: Readonly<Record<number, string>> = {
  0: "NOTYPE",
  1: "OBJECT",
  2: "FUNC",
  3: "SECTION",
  4: "FILE",
  5: "COMMON",
  6: "TLS",
  10: "IFUNC",
};

function sysvTable(symbols: readonly ObjectSymbol[], { title, nameOf }: NmOptions): string[] {
  const head = [
    "",
    "",
    `Symbols from ${title}:`,
    "",
    "Name                  Value   Class        Type         Size     Line  Section",
    "",
  ];
  const rows = symbols.map((symbol) => {
    const value = symbol.home === "undefined" ? " ".repeat(8) : hex8(symbol.value);
    const sizeBytes = sizeOf(symbol) > 0 && symbol.home !== "undefined" ? hex8(sizeOf(symbol)) : " ".repeat(8);
    const section =
      typeof symbol.home === "object"
        ? symbol.home.name
        : { undefined: "*UND*", absolute: "*ABS*", common: "*COM*" }[symbol.home];
    return `${nameOf(symbol.name).padEnd(20)}|${value}|   ${symbolLetter(symbol)}  |${(SYSV_TYPES[symbol.elf.type] ?? "").padStart(18)}|${sizeBytes}|     |${section}`;
  });
  return [...head, ...rows];
}
