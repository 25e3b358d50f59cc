/**
 * Rust's names before its own mangling: those of C++ for nested scopes, with a hash at the end and `$..$` for what C++
 * cannot have in a name (The rustc book, "Symbol Mangling", legacy).
 */

const LEGACY = /^_ZN([A-Za-z0-9_$.:@]+)17h([0-9a-f]{16})E(?:\.[A-Za-z0-9_$.:@]*)?$/;
/** A hash has so many different digits; others are names of C++. */
const LEAST_DIGITS = 5;

const ESCAPES: Readonly<Record<string, string>> = {
  SP: "@",
  BP: "*",
  RF: "&",
  LT: "<",
  GT: ">",
  LP: "(",
  RP: ")",
  C: ",",
};

/** The path in the source; null for a name that is not of this kind. */
export function demangleLegacyRust(mangled: string, isVerbose: boolean): string | null {
  const match = LEGACY.exec(mangled);
  if (match === null) return null;
  const [, path, hash] = match as unknown as [string, string, string];
  if (new Set(hash).size < LEAST_DIGITS) return null;
  const parts: string[] = [];
  for (let at = 0; at < path.length; ) {
    const digits = /^[0-9]+/.exec(path.slice(at, at + 8))?.[0] ?? "";
    const start = at + digits.length;
    at = start + Number(digits);
    if (digits === "" || at > path.length || at === start) return null;
    parts.push(plainText(path.slice(start, at)));
  }
  if (isVerbose) parts.push(`h${hash}`);
  return parts.join("::");
}

/** From the first escape on that nobody knows, the text stays as it is. */
function plainText(identifier: string): string {
  let text = "";
  let rest = identifier.startsWith("_$") ? identifier.slice(1) : identifier;
  while (rest !== "") {
    if (rest.startsWith("..")) {
      text += "::";
      rest = rest.slice(2);
    } else if (rest.startsWith("$")) {
      const found = /^\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$/.exec(rest);
      const code = parseInt(found?.[1] ?? "0", 16);
      const known =
        found?.[2] !== undefined
          ? ESCAPES[found[2]]
          : code >= 0x20 && code < 0x7f
            ? String.fromCharCode(code)
            : undefined;
      if (known === undefined) return text + rest;
      text += known;
      rest = rest.slice(found![0].length);
    } else {
      text += rest[0]!;
      rest = rest.slice(1);
    }
  }
  return text;
}
