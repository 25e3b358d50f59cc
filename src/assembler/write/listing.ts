/**
 * The listing: each source line with its place and its bytes, the depth of the macro that it came from, and what each
 * condition evaluated to. Written even when there are errors, which then stand below their lines.
 */

import type { Diagnostic } from "../../diagnostic/diagnostic.ts";
import { NO_FRAGMENT } from "../model/fragment.ts";
import * as integer from "../model/integer.ts";
import type { ListedLine, ListedPlace } from "../model/listing.ts";
import type { ListingOptions } from "../model/listing-options.ts";
import type { Program } from "../model/program.ts";
import type { Section } from "../model/section.ts";
import type { SourceFrame } from "../model/source-frame.ts";
import { readableText } from "../model/source-text.ts";

const BYTES_PER_WORD = 4;

/** The text. Contents must be final, as far as there are any. */
export function writeListing(
  program: Program,
  lines: readonly ListedLine[],
  options: ListingOptions,
  diagnostics: readonly Diagnostic[],
  hasContents: boolean,
): string {
  const out: string[] = [];
  if (options.lines) {
    const byLine = new Map<string, Diagnostic[]>();
    for (const diagnostic of diagnostics) {
      const key = `${diagnostic.file}:${diagnostic.line}`;
      byLine.set(key, [...(byLine.get(key) ?? []), diagnostic]);
    }
    const number = new LineNumbers();
    for (const line of lines) {
      const depth = expansionDepth(line.frame);
      if ((depth > 0 && !options.macros) || (line.isSkipped && !options.skipped)) continue;
      writeLine(out, line, depth, options, hasContents, number);
      const path = line.frame.pathAt(line.offset);
      const key = `${path}:${number.of(line)}`;
      for (const { severity, message } of byLine.get(key) ?? [])
        out.push(`****  ${severity === "error" ? "Error" : "Warning"}: ${message}`);
      byLine.delete(key);
    }
  }
  if (options.symbols) writeSymbols(program, out);
  return `${out.map((text) => text.trimEnd()).join("\n")}\n`;
}

function writeLine(
  out: string[],
  line: ListedLine,
  depth: number,
  options: ListingOptions,
  hasContents: boolean,
  numbers: LineNumbers,
): void {
  const number = String(numbers.of(line)).padStart(4);
  const bytes = hasContents ? bytesOf(line) : new Uint8Array(0);
  const address =
    line.start === null || (bytes.length === 0 && !hasRoom(line)) ? "    " : hex(addressOf(line.start), 4);
  const words = groups(bytes);
  const mark = line.condition === null ? "" : line.condition ? "yes" : "no";
  const first = line.condition === null ? words.slice(0, options.words).join(" ") : mark;
  const source = readableText(line.frame.lineBytes(line.offset)).slice(0, options.sourceWidth);
  const counter = line.value !== null ? hex(integer.low32(line.value) >>> 0, 4) : address;
  out.push(
    `${number} ${counter} ${first.padEnd(options.words * 9 - 1)} \t${">".repeat(depth)}${depth > 0 ? " " : ""}${line.isSkipped ? "- " : ""}${source}`,
  );
  let rest = line.condition === null ? words.slice(options.words) : [];
  for (let i = 0; i < options.continuationLines && rest.length > 0; i++) {
    out.push(`${number}      ${rest.slice(0, options.continuationWords).join(" ")}`);
    rest = rest.slice(options.continuationWords);
  }
}

function writeSymbols(program: Program, out: string[]): void {
  const defined: string[] = [];
  const unknown: string[] = [];
  for (const symbol of program.symbolList.all) {
    if (symbol.isTemporary || symbol.name.startsWith(".L") || symbol.section.symbol === symbol) continue;
    const where =
      symbol.frame === null ? "" : `${symbol.frame.pathAt(symbol.offset)}:${symbol.frame.lineAt(symbol.offset)}`;
    if (symbol.section.isReal && symbol.fragment !== NO_FRAGMENT) {
      defined.push(
        `${where.padStart(24)}     ${symbol.section.name}:${hex(program.sections.fragments.addresses[symbol.fragment]! + Number(symbol.value), 8)} ${symbol.name}`,
      );
    } else if (symbol.section.kind === "absolute")
      defined.push(`${where.padStart(24)}     *ABS*:${hex(integer.low32(symbol.value) >>> 0, 8)} ${symbol.name}`);
    else if (symbol.section.kind === "common")
      defined.push(`${where.padStart(24)}     *COM*:${hex(Number(symbol.value), 8)} ${symbol.name}`);
    else if (symbol.section.kind === "undefined") unknown.push(symbol.name);
  }
  out.push("", defined.length > 0 ? "DEFINED SYMBOLS" : "NO DEFINED SYMBOLS", ...defined);
  out.push("", unknown.length > 0 ? "UNDEFINED SYMBOLS" : "NO UNDEFINED SYMBOLS", ...unknown);
}

/** Line numbers without counting each frame from its beginning for each line. */
class LineNumbers {
  readonly #known = new Map<SourceFrame, { offset: number; line: number }>();

  of({ frame, offset }: ListedLine): number {
    if (frame.markers.length > 0 || frame.origin.linesPerRound > 0) return frame.lineAt(offset);
    const known = this.#known.get(frame);
    let line = frame.origin.firstLine;
    let from = frame.start;
    if (known !== undefined && known.offset <= offset) ({ line, offset: from } = known);
    for (let i = from; i < offset; i++) if (frame.bytes[i] === 0x0a) line++;
    this.#known.set(frame, { offset, line });
    return line;
  }
}

function expansionDepth(frame: SourceFrame): number {
  let depth = 0;
  for (let outer: SourceFrame | null = frame; outer !== null && outer.origin.kind !== "file"; outer = outer.parent)
    depth++;
  return depth;
}

function hasRoom(line: ListedLine): boolean {
  return (
    line.end !== null &&
    line.start !== null &&
    line.end.subsection === line.start.subsection &&
    addressOf(line.end) > addressOf(line.start)
  );
}

function bytesOf(line: ListedLine): Uint8Array {
  const { start, end } = line;
  if (start === null || end === null || start.subsection !== end.subsection) return new Uint8Array(0);
  const section: Section = start.subsection.section;
  return section.contents.subarray(addressOf(start), addressOf(end));
}

function groups(bytes: Uint8Array): string[] {
  const words: string[] = [];
  for (let i = 0; i < bytes.length && words.length < 64; i += BYTES_PER_WORD) {
    words.push(
      [...bytes.subarray(i, i + BYTES_PER_WORD)]
        .map((byte) => byte.toString(16).padStart(2, "0").toUpperCase())
        .join(""),
    );
  }
  return words;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

function addressOf({ subsection, fragment, position }: ListedPlace): number {
  return subsection.fragments.addresses[fragment]! + position;
}
