/**
 * Reads assignments of literals as Python writes them, which is what the configuration of the roles is: names, numbers,
 * strings, lists, tuples and dictionaries. Each value knows where it stands.
 */

export interface Place {
  readonly line: number;
  readonly column: number;
}

export type Value = Place &
  (
    | { readonly kind: "number"; readonly number: number }
    | { readonly kind: "text"; readonly text: string }
    | { readonly kind: "word"; readonly text: string }
    | { readonly kind: "list"; readonly items: readonly Value[] }
    | { readonly kind: "dictionary"; readonly entries: readonly Entry[] }
  );

/** `NAME = value` of a file, or `'name': value` of a dictionary. */
export interface Entry extends Place {
  readonly name: string;
  readonly value: Value;
}

export class LiteralError extends Error {
  override readonly name = "LiteralError";
  readonly place: Place;

  constructor(place: Place, message: string) {
    super(message);
    this.place = place;
  }
}

interface Token extends Place {
  readonly kind: "name" | "number" | "text" | "mark" | "end";
  readonly text: string;
}

const TOKEN = /[ \t\r\\]+|#[^\n]*|(\n)|([A-Za-z_]\w*)|(-?\d+)|'([^'\n]*)'|"([^"\n]*)"|([=:,[\](){}])/y;
const MOST_DEPTH = 20;

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const place = { line, column: at - lineStart + 1 };
    const found = TOKEN.exec(source);
    if (found === null) throw new LiteralError(place, `${JSON.stringify(source[at])} is no part of a value`);
    const [, newline, name, number, single, double, mark] = found;
    if (newline !== undefined) [line, lineStart] = [line + 1, TOKEN.lastIndex];
    else if (name !== undefined) tokens.push({ kind: "name", text: name, ...place });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, ...place });
    else if (mark !== undefined) tokens.push({ kind: "mark", text: mark, ...place });
    else if ((single ?? double) !== undefined) tokens.push({ kind: "text", text: (single ?? double)!, ...place });
  }
  tokens.push({ kind: "end", text: "the end of the file", line, column: source.length - lineStart + 1 });
  return tokens;
}

/** All assignments of a file. `NAME { ... }` is one, too, as the manual writes it. Throws a `LiteralError`. */
export function parseAssignments(source: string): Entry[] {
  const tokens = tokensOf(source);
  let next = 0;
  const peek = (): Token => tokens[next]!;
  const isMark = (text: string): boolean => peek().kind === "mark" && peek().text === text;
  const expect = (text: string): void => {
    if (!isMark(text)) throw new LiteralError(peek(), `${text} is expected here, and not ${peek().text}`);
    next++;
  };
  /** What is between two marks, with commas between and perhaps after the last. */
  const within = <Item>(last: string, read: () => Item): Item[] => {
    const items: Item[] = [];
    for (next++; !isMark(last); ) {
      items.push(read());
      if (!isMark(last)) expect(",");
    }
    next++;
    return items;
  };
  const value = (depth: number): Value => {
    const token = peek();
    const { line, column } = token;
    const place = { line, column };
    if (depth > MOST_DEPTH) throw new LiteralError(token, "lists within lists within lists");
    if (isMark("[") || isMark("("))
      return { ...place, kind: "list", items: within(isMark("[") ? "]" : ")", () => value(depth + 1)) };
    if (isMark("{")) return { ...place, kind: "dictionary", entries: within("}", () => entry(depth + 1)) };
    if (token.kind === "mark" || token.kind === "end")
      throw new LiteralError(token, `a value is expected here, and not ${token.text}`);
    next++;
    if (token.kind === "number") return { ...place, kind: "number", number: Number(token.text) };
    return { ...place, kind: token.kind === "text" ? "text" : "word", text: token.text };
  };
  const entry = (depth: number): Entry => {
    const { kind, text, line, column } = peek();
    if (kind !== "text") throw new LiteralError(peek(), `a name in quotes is expected here, and not ${text}`);
    next++;
    expect(":");
    return { name: text, line, column, value: value(depth) };
  };
  const entries: Entry[] = [];
  while (peek().kind !== "end") {
    const { kind, text, line, column } = peek();
    if (kind !== "name") throw new LiteralError(peek(), `a line begins with a name, and not with ${text}`);
    next++;
    if (!isMark("{")) expect("=");
    entries.push({ name: text, line, column, value: value(0) });
  }
  return entries;
}
