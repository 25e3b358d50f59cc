/**
 * Attributes of an object (`.gnu_attribute`): numbered facts that one tool leaves for another, in `.gnu.attributes`.
 * The format is that of the ARM ABI's build attributes ("Addenda to, and Errata in, the ABI for the Arm Architecture",
 * 3.2).
 */

import { putUnsigned, unsignedLength } from "../../object/leb128.ts";
import type { MemoryBudget } from "./memory-budget.ts";

export const ATTRIBUTES_SECTION = ".gnu.attributes";
/** Has a number and a text; of the others the even ones have a number, the odd ones a text. */
const COMPATIBILITY = 32;
/** The tags that GNU as knows have one value, the last that was stated; of one from here on it keeps all. */
const FIRST_UNKNOWN_TAG = 77;
/** Those before it are the heads of the format's parts, and no attributes. */
const FIRST_TAG = 2;
const FORMAT_VERSION = "A";
const VENDOR = "gnu";
/** Head of the part that is said of the whole file. */
const OF_FILE = 1;
/** A rough cost of one that is kept. */
const ATTRIBUTE_BYTES = 100;

interface Attribute {
  readonly tag: number;
  readonly number: number;
  readonly text: Uint8Array;
}

export const hasNumber = (tag: number): boolean => tag % 2 === 0;
export const hasText = (tag: number): boolean => tag % 2 !== 0 || tag === COMPATIBILITY;

export class ObjectAttributes {
  readonly #memory: MemoryBudget;
  readonly #known = new Map<number, Attribute>();
  readonly #others: Attribute[] = [];

  constructor(memory: MemoryBudget) {
    this.#memory = memory;
  }

  /** Number and tag are of 32 bits. */
  set(tag: number, number: number, text: Uint8Array): void {
    this.#memory.hold(ATTRIBUTE_BYTES + text.length);
    if (tag < FIRST_UNKNOWN_TAG) this.#known.set(tag, { tag, number, text });
    else this.#others.push({ tag, number, text });
  }

  /** The contents of the section; null where nothing is to be said, as by zeros and empty texts. */
  bytes(): Uint8Array | null {
    const said = [...this.#known.values(), ...this.#others]
      .filter(({ tag, number, text }) => tag >= FIRST_TAG && (number !== 0 || text.length > 0))
      .sort((a, b) => a.tag - b.tag)
      .map(attributeBytes);
    if (said.length === 0) return null;
    const length = said.reduce((sum, bytes) => sum + bytes.length, 0);
    const ofFile = new Uint8Array(5 + length);
    ofFile[0] = OF_FILE;
    new DataView(ofFile.buffer).setUint32(1, ofFile.length, true);
    let at = 5;
    for (const bytes of said) {
      ofFile.set(bytes, at);
      at += bytes.length;
    }
    const head = new TextEncoder().encode(`${FORMAT_VERSION}....${VENDOR}\0`);
    const section = new Uint8Array(head.length + ofFile.length);
    section.set(head);
    section.set(ofFile, head.length);
    new DataView(section.buffer).setUint32(1, section.length - 1, true);
    return section;
  }
}

function attributeBytes({ tag, number, text }: Attribute): Uint8Array {
  const numbers = hasNumber(tag) ? [tag, number] : [tag];
  const length = numbers.reduce((sum, value) => sum + unsignedLength(value), hasText(tag) ? text.length + 1 : 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const value of numbers) at += putUnsigned(bytes, at, value);
  bytes.set(text, at);
  return bytes;
}
