/**
 * Templates of repeated blocks by their text. An `.irp` in a macro is gathered again in each expansion, usually with
 * the same text as its body.
 */

import type { Template } from "../model/macro.ts";
import type { TextRange } from "../model/source-frame.ts";
import { makeTemplate } from "./macro.ts";

interface Entry {
  readonly parameter: string;
  readonly body: Uint8Array;
  readonly template: Template | null;
}

/** Entries; a power of two. A new body takes the place of the one that hashes like it. */
const SIZE = 64;

export class TemplateCache {
  readonly #entries: (Entry | null)[] = new Array<Entry | null>(SIZE).fill(null);

  /** The body's template with one parameter; null when the body has a mistake that only an expansion reports. */
  get({ bytes, start, end }: TextRange, parameter: string): Template | null {
    let hash = parameter.length;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (SIZE - 1);
    const known = this.#entries[slot]!;
    if (known !== null && known.parameter === parameter && isSame(known.body, bytes, start, end)) return known.template;
    const body = bytes.slice(start, end);
    const template = makeTemplate(body, new Map([[parameter, 0]]));
    this.#entries[slot] = { parameter, body, template };
    return template;
  }
}

function isSame(body: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (body.length !== end - start) return false;
  for (let i = 0; i < body.length; i++) if (body[i] !== bytes[start + i]) return false;
  return true;
}
