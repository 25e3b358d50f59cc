/**
 * ELF string tables: each text once, and a text that ends another one inside it, laid out as BFD does.
 */

/** The number of the empty text, which every table has at its begin. */
const NO_TEXT = -1;

export class StringTable {
  readonly #texts: string[] = [];
  readonly #indices = new Map<string, number>();
  #offsets: number[] = [];

  /** Adds a text and returns a number for it (`offsetOf`); its offset is known after `finish`. */
  add(text: string): number {
    if (text === "") return NO_TEXT;
    const known = this.#indices.get(text);
    if (known !== undefined) return known;
    const number = this.#texts.push(text) - 1;
    this.#indices.set(text, number);
    return number;
  }

  /** The table's bytes. */
  finish(): Uint8Array {
    const texts = this.#texts;
    const order = orderFromEnd(texts);
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

  offsetOf(number: number): number {
    return number === NO_TEXT ? 0 : this.#offsets[number]!;
  }

  offset(text: string): number {
    return text === "" ? 0 : this.#offsets[this.#indices.get(text)!]!;
  }
}

/** Texts whose index fits beside four characters in a number. */
const MAXIMUM_KEYED = 2 ** 20;

/** The indices of the texts in the order of the texts read backwards. */
function orderFromEnd(texts: readonly string[]): number[] {
  const compare = (a: number, b: number): number => compareFromEnd(texts[a]!, texts[b]!);
  if (texts.length > MAXIMUM_KEYED) return texts.map((_, i) => i).sort(compare);
  // First by the last four characters as one number, then the few that share them.
  const keys = new Float64Array(texts.length);
  texts.forEach((text, i) => {
    let key = 0;
    for (let j = 1; j <= 4; j++) key = key * 256 + (j <= text.length ? text.charCodeAt(text.length - j) : 0);
    keys[i] = key * MAXIMUM_KEYED + i;
  });
  keys.sort();
  const order = Array.from(keys, (key) => key % MAXIMUM_KEYED);
  for (let start = 0; start < order.length; ) {
    const tail = Math.floor(keys[start]! / MAXIMUM_KEYED);
    let end = start + 1;
    while (end < order.length && Math.floor(keys[end]! / MAXIMUM_KEYED) === tail) end++;
    if (end - start > 1)
      order
        .slice(start, end)
        .sort(compare)
        .forEach((index, i) => void (order[start + i] = index));
    start = end;
  }
  return order;
}

function compareFromEnd(a: string, b: string): number {
  for (let i = a.length - 1, j = b.length - 1; i >= 0 && j >= 0; i--, j--) {
    const difference = a.charCodeAt(i) - b.charCodeAt(j);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
