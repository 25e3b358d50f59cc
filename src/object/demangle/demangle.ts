/**
 * Names as they were in the source: what compilers of C++ make of them by the Itanium C++ ABI (chapter 5.1), and what
 * Rust's do, in their manner or in its own, in the words of GNU's tools.
 */
import { readClones, readEncoding } from "./encoding.ts";
import { Printer } from "./printer.ts";
import { MALFORMED, Reader } from "./reader.ts";
import { demangleLegacyRust } from "./rust-legacy.ts";
import { demangleRustV0 } from "./rust-v0.ts";

/** What names are taken for: C++'s (`gnu-v3`), Rust's, or either. */
export const DEMANGLE_STYLES = ["none", "auto", "gnu-v3", "rust"] as const;
export type DemangleStyle = (typeof DEMANGLE_STYLES)[number];

/** A name that is longer stays as it is. */
const MAX_MANGLED_CHARACTERS = 65_536;

/** Functions that GCC makes to construct and destroy a file's objects. */
const GLOBAL_STRUCTORS = /^_GLOBAL_[._$]([DI])_(.*)$/s;

export interface DemangleOptions {
  /** What names are taken for; either language by default. */
  readonly style?: DemangleStyle;
  /** As c++filt has it: `std::string` in full, Rust's hashes. */
  readonly isVerbose?: boolean;
}

/** The name in the source, or null for a name that is not mangled. */
export function demangle(mangled: string, { style = "auto", isVerbose = false }: DemangleOptions = {}): string | null {
  if (style === "none" || mangled.length > MAX_MANGLED_CHARACTERS) return null;
  if (style !== "gnu-v3") {
    const path = demangleLegacyRust(mangled, isVerbose) ?? attempt(() => demangleRustV0(mangled, isVerbose));
    if (path !== null || style === "rust") return path;
  }
  return attempt(() => demangleItanium(mangled, isVerbose));
}

/** Throws `MALFORMED`. */
function demangleItanium(mangled: string, isVerbose: boolean): string {
  const structors = GLOBAL_STRUCTORS.exec(mangled);
  const reader = new Reader(structors?.[2] ?? mangled, isVerbose);
  if (structors) {
    const words = structors[1] === "I" ? "constructors" : "destructors";
    // What follows the function's name there is no matter.
    const name = reader.take("_Z") ? attempt(() => new Printer().print(readEncoding(reader))) : null;
    return `global ${words} keyed to ${name ?? reader.text}`;
  }
  reader.expect("_Z");
  const node = readClones(reader, readEncoding(reader));
  if (reader.at < mangled.length) reader.fail();
  return new Printer().print(node);
}

function attempt(read: () => string | null): string | null {
  try {
    return read();
  } catch (error) {
    if (error === MALFORMED) return null;
    throw error;
  }
}

/**
 * A symbol as `nm -C` shows it: dots and dollars before the name and a version after it stay, and so does a name that
 * is not mangled. As in all names of files here, each byte of its UTF-8 is one character.
 */
export function demangleSymbol(symbol: string, style: DemangleStyle = "auto"): string {
  const start = /^[.$]*/.exec(symbol)![0].length;
  const version = symbol.indexOf("@", start);
  const end = version < 0 ? symbol.length : version;
  const plain = demangle(symbol.slice(start, end), { style });
  return plain === null ? symbol : symbol.slice(0, start) + bytesOf(plain) + symbol.slice(end);
}

/** Letters that Rust's names have in Punycode, as bytes. */
function bytesOf(text: string): string {
  return text.replace(/[\u{80}-\u{10ffff}]/gu, (letter) => String.fromCharCode(...new TextEncoder().encode(letter)));
}
