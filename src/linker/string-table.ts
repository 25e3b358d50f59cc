/** A string table of an ELF file: each text once, and one that ends another lies within it, as GNU's library lays them out. */
export class StringTable {
  private readonly texts: string[] = [];
  private readonly indexOf = new Map<string, number>();
  private offsets: number[] = [];

  /** Adds a text; its offset is known after `finish`. */
  add(text: string): void {
    if (text === "" || this.indexOf.has(text)) return;
    this.indexOf.set(text, this.texts.length);
    this.texts.push(text);
  }

  offsetOf(text: string): number {
    return text === "" ? 0 : this.offsets[this.indexOf.get(text)!]!;
  }

  /** The bytes of the table. */
  finish(): Uint8Array {
    const { texts } = this;
    const reversed = texts.map((text) => [...text].reverse().join(""));
    const order = [...texts.keys()].sort((a, b) => (reversed[a]! < reversed[b]! ? -1 : 1));
    // In this order a text stands right before those that it ends.
    const host = new Int32Array(texts.length).fill(-1);
    let longest = -1;
    for (let i = order.length - 1; i >= 0; i--) {
      const index = order[i]!;
      if (longest >= 0 && reversed[longest]!.startsWith(reversed[index]!)) host[index] = longest;
      else longest = index;
    }
    this.offsets = new Array<number>(texts.length).fill(0);
    let sizeBytes = 1;
    texts.forEach((text, index) => {
      if (host[index]! >= 0) return;
      this.offsets[index] = sizeBytes;
      sizeBytes += text.length + 1;
    });
    const bytes = new Uint8Array(sizeBytes);
    texts.forEach((text, index) => {
      const within = host[index]!;
      if (within >= 0) this.offsets[index] = this.offsets[within]! + texts[within]!.length - text.length;
      else for (let i = 0; i < text.length; i++) bytes[this.offsets[index]! + i] = text.charCodeAt(i);
    });
    return bytes;
  }
}
