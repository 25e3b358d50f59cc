/**
 * ELF string tables: each text once, and a text that ends another one inside it, laid out as BFD does.
 */

export class StringTable {
  readonly #texts: string[] = [];
  readonly #indices = new Map<string, number>();
  #offsets: number[] = [];

  /** Adds a text; its offset is known after `finish`. */
  add(text: string): void {
    if (text === "" || this.#indices.has(text)) return;
    this.#indices.set(text, this.#texts.length);
    this.#texts.push(text);
  }

  /** The table's bytes. */
  finish(): Uint8Array {
    const texts = this.#texts;
    const reversed = texts.map((text) => [...text].reverse().join(""));
    const order = texts.map((_, i) => i).sort((a, b) => (reversed[a]! < reversed[b]! ? -1 : reversed[a]! > reversed[b]! ? 1 : 0));
    // In this order a text that ends others stands right before the first of them.
    const host = new Array<number>(texts.length).fill(-1);
    let longest = -1;
    for (let i = order.length - 1; i >= 0; i--) {
      const index = order[i]!;
      if (longest >= 0 && texts[longest]!.endsWith(texts[index]!)) host[index] = longest;
      else longest = index;
    }
    this.#offsets = new Array<number>(texts.length).fill(0);
    let size = 1;
    for (let i = 0; i < texts.length; i++) {
      if (host[i]! >= 0) continue;
      this.#offsets[i] = size;
      size += texts[i]!.length + 1;
    }
    const bytes = new Uint8Array(size);
    for (let i = 0; i < texts.length; i++) {
      const into = host[i]!;
      if (into >= 0) {
        this.#offsets[i] = this.#offsets[into]! + texts[into]!.length - texts[i]!.length;
        continue;
      }
      const text = texts[i]!;
      for (let j = 0; j < text.length; j++) bytes[this.#offsets[i]! + j] = text.charCodeAt(j);
    }
    return bytes;
  }

  offset(text: string): number {
    return text === "" ? 0 : this.#offsets[this.#indices.get(text)!]!;
  }
}
