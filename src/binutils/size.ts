/** `size`: how large the parts of a program are, in the text of GNU size 2.40. */
import { greatest } from "../object/extremes.ts";
import type { ObjectFile } from "./object-file.ts";

export type SizeRadix = 8 | 10 | 16;

export interface SizeTotals {
  readonly text: number;
  readonly data: number;
  readonly bss: number;
}

/** Read-only and code count as text, what has no content in the file as bss. */
export function totalsOf({ sections }: ObjectFile): SizeTotals {
  const totals = { text: 0, data: 0, bss: 0 };
  for (const { traits, sizeBytes } of sections) {
    if (!traits.alloc) continue;
    if (traits.code || traits.readonly) totals.text += sizeBytes;
    else if (traits.contents) totals.data += sizeBytes;
    else totals.bss += sizeBytes;
  }
  return totals;
}

export const BERKELEY_HEAD: Readonly<Record<SizeRadix, string>> = {
  8: "   text\t   data\t    bss\t    oct\t    hex\tfilename",
  10: "   text\t   data\t    bss\t    dec\t    hex\tfilename",
  16: "   text\t   data\t    bss\t    dec\t    hex\tfilename",
};

/** A number in a radix, as C's %#o and %#x write it. */
function number(value: number, radix: SizeRadix): string {
  return radix === 10 ? String(value) : radix === 8 ? `0${value.toString(8)}` : `0x${value.toString(16)}`;
}

export function berkeleyLine(totals: SizeTotals, name: string, radix: SizeRadix): string {
  const { text, data, bss } = totals;
  const sum = text + data + bss;
  const columns = [text, data, bss].map((value) => number(value, radix).padStart(7));
  return `${columns.join("\t")}\t${(radix === 8 ? sum.toString(8) : String(sum)).padStart(7)}\t${sum.toString(16).padStart(7)}\t${name}`;
}

/** `-A`: each section with its address. */
export function sysvLines(file: ObjectFile, name: string, radix: SizeRadix): string[] {
  const total = file.sections.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  // The head is not taken into account, as in GNU size.
  const nameWidth = greatest(
    file.sections.map((section) => section.name.length),
    0,
  );
  const sizeWidth = greatest(
    [total, ...file.sections.map(({ sizeBytes }) => sizeBytes)].map((size) => number(size, radix).length),
    "size".length,
  );
  const addressWidth = greatest(
    file.sections.map(({ address }) => number(address, radix).length),
    "addr".length,
  );
  return [
    `${name}:`,
    `${"section".padEnd(nameWidth)}   ${"size".padStart(sizeWidth)}   ${"addr".padStart(addressWidth)}`,
    ...file.sections.map(
      (section) =>
        `${section.name.padEnd(nameWidth)}   ${number(section.sizeBytes, radix).padStart(sizeWidth)}   ${number(section.address, radix).padStart(addressWidth)}`,
    ),
    `${"Total".padEnd(nameWidth)}   ${number(total, radix).padStart(sizeWidth)}`,
    "",
    "",
  ];
}

/** Code alone is text here, and constants are data. */
export function gnuTotalsOf({ sections }: ObjectFile): SizeTotals {
  const totals = { text: 0, data: 0, bss: 0 };
  for (const { traits, sizeBytes } of sections)
    if (traits.alloc) totals[traits.code ? "text" : traits.contents ? "data" : "bss"] += sizeBytes;
  return totals;
}

export const GNU_HEAD = "      text       data        bss      total filename";

export function gnuLine({ text, data, bss }: SizeTotals, name: string, radix: SizeRadix): string {
  return `${[text, data, bss, text + data + bss].map((value) => number(value, radix).padStart(10)).join(" ")} ${name}`;
}
