/**
 * Patterns of linker scripts for names of files and sections (GNU ld manual, "Input Section Wildcards"): `*` also
 * matches `/`.
 */

/** A character, a set of them, any one, or any number of any. */
type Token =
  | { readonly kind: "character"; readonly text: string }
  | { readonly kind: "set"; readonly inverted: boolean; readonly ranges: readonly (readonly [string, string])[] }
  | { readonly kind: "one" | "many" };

const compiled = new Map<string, readonly Token[]>();
/** Scripts have few patterns; more of them come from something that makes names up. */
const MAX_COMPILED = 4096;

function compile(glob: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < glob.length; at++) {
    const text = glob[at]!;
    if (text === "*") {
      if (tokens.at(-1)?.kind !== "many") tokens.push({ kind: "many" });
    } else if (text === "?") tokens.push({ kind: "one" });
    else if (text === "[") {
      const inverted = glob[at + 1] === "!" || glob[at + 1] === "^";
      const start = at + (inverted ? 2 : 1);
      const end = glob.indexOf("]", start + 1);
      if (end < 0) tokens.push({ kind: "character", text });
      else {
        tokens.push({ kind: "set", inverted, ranges: rangesOf(glob.slice(start, end)) });
        at = end;
      }
    } else tokens.push({ kind: "character", text: text === "\\" && at + 1 < glob.length ? glob[++at]! : text });
  }
  return tokens;
}

function rangesOf(set: string): [string, string][] {
  const ranges: [string, string][] = [];
  for (let at = 0; at < set.length; at++) {
    if (set[at + 1] === "-" && at + 2 < set.length) {
      ranges.push([set[at]!, set[at + 2]!]);
      at += 2;
    } else ranges.push([set[at]!, set[at]!]);
  }
  return ranges;
}

function matchesOne(token: Token, character: string): boolean {
  if (token.kind === "character") return token.text === character;
  return (
    token.kind !== "set" ||
    token.ranges.some(([first, last]) => character >= first && character <= last) !== token.inverted
  );
}

/** Whether a script's name for files means one file: it is no pattern, and no member of an archive. */
export const isOneFile = (glob: string): boolean => !/[*?[:]/.test(glob);

/** Which keys of a map the pattern matches. */
export function* globNames(glob: string, named: ReadonlyMap<string, unknown>): Iterable<string> {
  const at = glob.search(/[*?[\\]/);
  if (at < 0) {
    if (named.has(glob)) yield glob;
    return;
  }
  const start = glob.slice(0, at);
  for (const name of named.keys()) if (name.startsWith(start) && globMatch(glob, name)) yield name;
}

/** Whether the pattern matches the whole text. Takes at most as many steps as both have characters, multiplied. */
export function globMatch(glob: string, text: string): boolean {
  if (glob === "*" || glob === text) return true;
  let tokens = compiled.get(glob);
  if (!tokens) {
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    compiled.set(glob, (tokens = compile(glob)));
  }
  let token = 0;
  let at = 0;
  // Where to go on when the rest does not match: the last `*` takes one character more.
  let retryToken = -1;
  let retryAt = 0;
  while (at < text.length) {
    const current = tokens[token];
    if (current?.kind === "many") {
      retryToken = ++token;
      retryAt = at;
    } else if (current && matchesOne(current, text[at]!)) {
      token++;
      at++;
    } else if (retryToken >= 0) {
      token = retryToken;
      at = ++retryAt;
    } else return false;
  }
  while (tokens[token]?.kind === "many") token++;
  return token === tokens.length;
}
