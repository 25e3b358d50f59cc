/** JSON with the place of each value, so that what is wrong with it can be shown where it stands (RFC 8259). */

export class JsonError extends Error {
  readonly offset: number;
  constructor(offset: number, problem: string) {
    super(problem);
    this.name = "JsonError";
    this.offset = offset;
  }
}

const BLANK = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const MOST_DEPTH = 64;

export class JsonText {
  readonly value: unknown;
  readonly #text: string;
  /** Offsets of values by their places, such as `machines[0].count`. */
  readonly #offsets = new Map<string, number>();
  #at = 0;

  /** Throws a JsonError. */
  constructor(text: string) {
    this.#text = text;
    this.value = this.#read("", 0);
    this.#skipBlank();
    if (this.#at < text.length) throw new JsonError(this.#at, "expected the end of the file");
  }

  /** Line and column of a place, or of the object around it where nothing stands there; both from 1. */
  where(place: string): { readonly line: number; readonly column: number } {
    for (let at = place; at !== ""; at = at.replace(/(?:^|\.)[^.[]*$|\[\d+\]$/, "")) {
      const offset = this.#offsets.get(at);
      if (offset !== undefined) return lineOf(this.#text, offset);
    }
    return lineOf(this.#text, this.#offsets.get("") ?? 0);
  }

  #skipBlank(): void {
    BLANK.lastIndex = this.#at;
    BLANK.exec(this.#text);
    this.#at = BLANK.lastIndex;
  }

  #token(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found?.[0] ?? null;
  }

  /** Takes a character, if it comes next after blanks. */
  #takes(character: string): boolean {
    this.#skipBlank();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #string(what: string): string {
    this.#skipBlank();
    const found = this.#token(STRING);
    if (found === null) throw new JsonError(this.#at, `expected ${what}`);
    return JSON.parse(found) as string;
  }

  #read(place: string, depth: number): unknown {
    if (depth > MOST_DEPTH) throw new JsonError(this.#at, `more than ${MOST_DEPTH} brackets in one another`);
    this.#skipBlank();
    this.#offsets.set(place, this.#at);
    if (this.#takes("{")) return this.#members(place, depth);
    if (this.#takes("[")) return this.#items(place, depth);
    if (this.#text[this.#at] === '"') return this.#string("a text that ends on its line");
    const plain = this.#token(PLAIN);
    if (plain === null)
      throw new JsonError(this.#at, "expected a value: an object, a list, a text, a number, true, false or null");
    return JSON.parse(plain);
  }

  #members(place: string, depth: number): Record<string, unknown> {
    const members = new Map<string, unknown>();
    if (this.#takes("}")) return {};
    do {
      this.#skipBlank();
      const at = this.#at;
      const name = this.#string("a field's name in quotes");
      if (members.has(name)) throw new JsonError(at, `${name} is there twice`);
      if (!this.#takes(":")) throw new JsonError(this.#at, "expected a colon");
      members.set(name, this.#read(place === "" ? name : `${place}.${name}`, depth + 1));
    } while (this.#takes(","));
    if (!this.#takes("}")) throw new JsonError(this.#at, "expected a comma or }");
    return Object.fromEntries(members);
  }

  #items(place: string, depth: number): unknown[] {
    const items: unknown[] = [];
    if (this.#takes("]")) return items;
    do items.push(this.#read(`${place}[${items.length}]`, depth + 1));
    while (this.#takes(","));
    if (!this.#takes("]")) throw new JsonError(this.#at, "expected a comma or ]");
    return items;
  }
}

export function lineOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
