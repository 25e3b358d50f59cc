/**
 * Cuts a stream of text into JSON values, as QMP's parser does: a value ends where its brackets are closed, whatever
 * lines there are, and what is none is said once.
 */

export type JsonPiece =
  | { readonly value: unknown; readonly error: null }
  | { readonly value: null; readonly error: string };

const LONGEST = 1 << 20;
const DEEPEST = 1024;

export class JsonSplitter {
  #text = "";
  #depth = 0;
  #inString = false;
  #escaped = false;

  take(text: string): JsonPiece[] {
    const pieces: JsonPiece[] = [];
    for (const character of text) {
      const isBlank = /\s/.test(character);
      if (this.#text === "" && isBlank) continue;
      // A bare word or number ends at the next blank.
      if (this.#depth === 0 && !this.#inString && isBlank) {
        pieces.push(this.#end());
        continue;
      }
      this.#text += character;
      this.#count(character);
      if (this.#text.length > LONGEST || this.#depth > DEEPEST) {
        this.#forget();
        pieces.push({ value: null, error: "JSON token size limit exceeded" });
      } else if (this.#depth <= 0 && !this.#inString && /[}\]"]/.test(character)) pieces.push(this.#end());
    }
    return pieces;
  }

  #count(character: string): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (character === "\\") this.#escaped = true;
      else if (character === '"') this.#inString = false;
    } else if (character === '"') this.#inString = true;
    else if (character === "{" || character === "[") this.#depth++;
    else if (character === "}" || character === "]") this.#depth--;
  }

  #forget(): void {
    this.#text = "";
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
  }

  #end(): JsonPiece {
    const text = this.#text;
    this.#forget();
    try {
      return { value: JSON.parse(text) as unknown, error: null };
    } catch (error) {
      return { value: null, error: `JSON parse error, ${(error as Error).message}` };
    }
  }
}
