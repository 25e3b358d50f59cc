/**
 * Names of C++ as they were in the source: what compilers make of them by the Itanium C++ ABI (chapter 5.1), in the words
 * of GNU's tools.
 */
import { readClones, readEncoding } from "./encoding.ts";
import { Printer } from "./printer.ts";
import { MALFORMED, Reader } from "./reader.ts";

/** What names are taken for: C++'s (`gnu-v3`), Rust's, or either. */
export const DEMANGLE_STYLES = ["none", "auto", "gnu-v3", "rust"] as const;
export type DemangleStyle = (typeof DEMANGLE_STYLES)[number];

/** A name that is longer stays as it is. */
const MAX_MANGLED_CHARACTERS = 65_536;

/** Functions that GCC makes to construct and destroy a file's objects. */
const GLOBAL_STRUCTORS = /^_GLOBAL_[._$]([DI])_(.*)$/s;

/** The name in the source, or null for a name that is not mangled; `isVerbose` writes `std::string` in full. */
export function demangle(mangled: string, isVerbose = false): string | null {
  if (mangled.length > MAX_MANGLED_CHARACTERS) return null;
  const structors = GLOBAL_STRUCTORS.exec(mangled);
  if (structors) {
    const [, letter, rest] = structors as unknown as [string, string, string];
    const name = rest.startsWith("_Z") ? attempt(() => globalStructorName(rest, isVerbose)) : rest;
    return `global ${letter === "I" ? "constructors" : "destructors"} keyed to ${name ?? rest}`;
  }
  if (!mangled.startsWith("_Z")) return null;
  return attempt(() => {
    const reader = new Reader(mangled, isVerbose);
    reader.at = 2;
    const node = readClones(reader, readEncoding(reader));
    if (reader.at < mangled.length) reader.fail();
    return new Printer().print(node);
  });
}

/** What follows the function's name there is no matter. */
function globalStructorName(mangled: string, isVerbose: boolean): string {
  const reader = new Reader(mangled, isVerbose);
  reader.at = 2;
  return new Printer().print(readEncoding(reader));
}

function attempt(read: () => string): string | null {
  try {
    return read();
  } catch (error) {
    if (error === MALFORMED) return null;
    throw error;
  }
}

/**
 * A symbol as `nm -C` shows it: dots and dollars before the name and a version after it stay, and so does a name that is
 * not mangled.
 */
export function demangleSymbol(symbol: string): string {
  const start = /^[.$]*/.exec(symbol)![0].length;
  const version = symbol.indexOf("@", start);
  const end = version < 0 ? symbol.length : version;
  const plain = demangle(symbol.slice(start, end));
  return plain === null ? symbol : symbol.slice(0, start) + plain + symbol.slice(end);
}
