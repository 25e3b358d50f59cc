/**
 * The types that C++ itself names, by their codes (Itanium C++ ABI, 5.1.5.2 "Builtin types"), in the words of GNU's
 * tools.
 */
import type { LiteralStyle, Node } from "./node.ts";

/** A word, and how a literal of the type is written. */
type Row = readonly [code: string, text: string, literals?: LiteralStyle];

const ROWS: readonly Row[] = [
  ["a", "signed char"],
  ["b", "bool", "bool"],
  ["c", "char"],
  ["d", "double", "float"],
  ["e", "long double", "float"],
  ["f", "float", "float"],
  ["g", "__float128", "float"],
  ["h", "unsigned char"],
  ["i", "int", "plain"],
  ["j", "unsigned int", "u"],
  ["l", "long", "l"],
  ["m", "unsigned long", "ul"],
  ["n", "__int128"],
  ["o", "unsigned __int128"],
  ["s", "short"],
  ["t", "unsigned short"],
  ["v", "void"],
  ["w", "wchar_t"],
  ["x", "long long", "ll"],
  ["y", "unsigned long long", "ull"],
  ["z", "..."],
  ["Dd", "decimal64"],
  ["De", "decimal128"],
  ["Df", "decimal32"],
  ["Dh", "half", "float"],
  ["Di", "char32_t"],
  ["Dn", "decltype(nullptr)"],
  ["Ds", "char16_t"],
  ["Du", "char8_t"],
];

export const BUILTIN_TYPES: ReadonlyMap<string, Node> = new Map(
  ROWS.map(([code, text, literals = "cast"]): [string, Node] => [code, { kind: "builtin", text, literals }]),
);

/** Types that are found out from an initializer. */
export const PLACEHOLDER_TYPES: ReadonlyMap<string, string> = new Map([
  ["Da", "auto"],
  ["Dc", "decltype(auto)"],
]);

/** A row of the standard library's abbreviations (5.1.10 "Compression"). */
interface StandardName {
  readonly brief: string;
  readonly full: string;
  /** The name of its constructors. */
  readonly last: string;
}

const stream = (name: string): StandardName => ({
  brief: `std::${name.replace("basic_", "")}`,
  full: `std::${name}<char, std::char_traits<char> >`,
  last: name,
});

export const STANDARD_NAMES: Readonly<Record<string, StandardName>> = {
  t: { brief: "std", full: "std", last: "" },
  a: { brief: "std::allocator", full: "std::allocator", last: "allocator" },
  b: { brief: "std::basic_string", full: "std::basic_string", last: "basic_string" },
  s: {
    brief: "std::string",
    full: "std::basic_string<char, std::char_traits<char>, std::allocator<char> >",
    last: "basic_string",
  },
  i: stream("basic_istream"),
  o: stream("basic_ostream"),
  d: stream("basic_iostream"),
};
