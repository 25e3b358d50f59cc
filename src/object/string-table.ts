/**
 * ELF string tables: each text once, and a text that ends another one inside it, laid out as BFD does.
 */
import { NO_TEXT, Texts } from "./texts.ts";

/** Offsets of texts, by their numbers, are known after `finish`. */
export class StringTable extends Texts {
  #offsets = new Int32Array(0);

  /** The table's bytes. */
  finish(): Uint8Array {
    const { starts, count } = this;
    const hosts = this.#hosts();
    const offsets = (this.#offsets = new Int32Array(count));
    const bytes = new Uint8Array(starts[count]!);
    let size = 1;
    for (let number = 1; number < count; ) {
      // All up to the next one that ends another are copied at once.
      const from = starts[number]!;
      const shift = size - from;
      for (; number < count && hosts[number] === NO_TEXT; number++) offsets[number] = starts[number]! + shift;
      bytes.set(this.bytes.subarray(from, starts[number]), size);
      size = starts[number]! + shift;
      while (number < count && hosts[number] !== NO_TEXT) number++;
    }
    for (let number = 1; number < count; number++) {
      let host = hosts[number]!;
      if (host === NO_TEXT) continue;
      while (hosts[host] !== NO_TEXT) host = hosts[host]!;
      offsets[number] = offsets[host]! + this.#length(host) - this.#length(number);
    }
    return bytes.subarray(0, size);
  }

  offsetOf(number: number): number {
    return this.#offsets[number]!;
  }

  /** Of a text that was added. */
  offset(text: string): number {
    return this.offsetOf(this.find(text));
  }

  #length(number: number): number {
    return this.endOf(number) - this.starts[number]!;
  }

  /**
   * By the number of a text: of those that end with it the first in the order of the texts read backwards, where the
   * text stands right before it. In that one, or in what stands for that one in turn, BFD puts it.
   */
  #hosts(): Int32Array {
    const hosts = new Int32Array(this.count);
    this.endings((ending, text) => {
      const host = hosts[ending]!;
      if (host === NO_TEXT || this.#isBefore(text, host, this.#length(ending))) hosts[ending] = text;
    });
    return hosts;
  }

  /** Whether one text comes before another in that order. So many bytes at their ends are equal. */
  #isBefore(a: number, b: number, common: number): boolean {
    const { bytes, starts } = this;
    let i = this.endOf(a) - 1 - common;
    let j = this.endOf(b) - 1 - common;
    while (i >= starts[a]! && j >= starts[b]! && bytes[i] === bytes[j]) {
      i--;
      j--;
    }
    return j >= starts[b]! && (i < starts[a]! || bytes[i]! < bytes[j]!);
  }
}
