/**
 * Blocks of statements that are read to be read again: bodies of macros and of repetitions, gathered from the input up
 * to their end in a canonical form, and led back to the source when a diagnostic asks.
 */

import type { Expandable } from "../model/macro.ts";
import type { FrameKind, FrameOrigin, SourceFrame, TextRange } from "../model/source-frame.ts";
import { NEWLINE } from "../model/source-text.ts";
import { COLON, characterClass, DOT, HASH, NAME_PART, NAME_START, SPACE } from "./chars.ts";
import { lineMarkerAt } from "./line-marker.ts";
import type { Reading } from "./reading.ts";
import { ByteRow, FROM_LINE_START, FROM_SEPARATOR, scrubStatement } from "./scrub.ts";
import type { TextArena } from "./text-arena.ts";

/** What gathering and expanding need of the whole reader beside its state. */
export interface MacroReading extends Reading {
  leaveStatement(): void;
}

export const MACRO_OPENERS: ReadonlySet<string> = new Set([".macro"]);
export const REPEAT_OPENERS: ReadonlySet<string> = new Set([".rept", ".rep", ".irp", ".irpc", ".irep", ".irepc"]);

/** A gathered block. */
class Block implements Expandable {
  readonly body: TextRange;
  readonly frame: SourceFrame;
  /** Where in the frame the block begins. */
  readonly start: number;
  readonly firstLine: number;
  readonly lines: number;
  /** Name of the parameter that the body is repeated with; empty for none. */
  parameter = "";

  constructor(body: TextRange, frame: SourceFrame, start: number, firstLine: number, lines: number) {
    this.body = body;
    this.frame = frame;
    this.start = start;
    this.firstLine = firstLine;
    this.lines = lines;
  }

  parameters(): ReadonlyMap<string, number> {
    return new Map([[this.parameter, 0]]);
  }

  offsets(): Int32Array {
    return blockOffsets(this.frame, this.start, this.body.end - this.body.start);
  }

  origin(kind: FrameKind, label: string): FrameOrigin {
    return {
      kind,
      path: this.frame.pathAt(this.start),
      firstLine: this.firstLine,
      linesPerRound: kind === "repeat" ? this.lines : 0,
      label,
    };
  }
}

export class BlockGatherer {
  readonly #reading: MacroReading;
  readonly #texts: TextArena;
  /** For the block at hand. */
  readonly #row = new ByteRow();

  constructor(reading: MacroReading, texts: TextArena) {
    this.#reading = reading;
    this.#texts = texts;
  }

  /**
   * Statements up to the one that closes the block; the cursor is at the end of the opening one, and then of the
   * closing one.
   */
  gather(openers: ReadonlySet<string>, closer: string, what: string): Block {
    const reading = this.#reading;
    const input = reading.input;
    const frame = input.frame!;
    const opening = input.statementOffset;
    const row = this.#row;
    row.length = 0;
    let depth = 1;
    let lines = 0;
    reading.leaveStatement();
    const firstLine = input.line;
    const start = input.offset;
    for (;;) {
      if (input.exhausted) {
        input.offset = Math.max(frame.end - 1, frame.start);
        return reading.failAt("missing-end", opening, `this \`${what}' has no \`${closer}'`);
      }
      const mark = row.length;
      const atLineStart = input.offset === 0 || input.bytes[input.offset - 1] === NEWLINE;
      // What a preprocessor says of lines within a macro also holds for those after it.
      const marker =
        openers === MACRO_OPENERS && atLineStart && input.bytes[input.offset] === HASH ? lineMarkerAt(input) : null;
      const result = scrubStatement(
        input.bytes,
        input.offset,
        frame.end,
        atLineStart ? FROM_LINE_START : FROM_SEPARATOR,
        row,
      );
      const word = directiveWord(row, mark);
      if (word.start >= 0) {
        const name = reading.atoms.intern(row.bytes, word.start, word.end).lower.text;
        if (openers.has(name)) depth++;
        else if (name === closer && --depth === 0) {
          row.length = word.lineStart;
          input.offset = result.end;
          input.line += result.newlines;
          break;
        }
      }
      const terminator = result.end < frame.end ? input.bytes[result.end]! : NEWLINE;
      row.push(terminator, result.end);
      for (let i = 0; i < result.newlines; i++) row.push(NEWLINE, result.end);
      lines += result.newlines + (terminator === NEWLINE ? 1 : 0);
      input.line += result.newlines;
      input.offset = result.end;
      reading.leaveStatement();
      if (marker !== null) {
        input.line = marker.line;
        frame.mark({ offset: input.offset, line: marker.line, path: marker.path });
      }
    }
    if (row.length > 0 && row.bytes[row.length - 1] !== NEWLINE) {
      row.push(NEWLINE, input.offset);
      lines++;
    }
    const { length } = row;
    const at = this.#texts.keep(row);
    return new Block({ bytes: this.#texts.bytes, start: at, end: at + length }, frame, start, firstLine, lines);
  }
}

/** For each byte of a gathered block its offset in the frame: the block is rewritten once more. */
function blockOffsets(frame: SourceFrame, start: number, length: number): Int32Array {
  const { bytes } = frame;
  const row = new ByteRow();
  row.offsets = [];
  let offset = start;
  while (row.length < length && offset < frame.end) {
    const atLineStart = offset === 0 || bytes[offset - 1] === NEWLINE;
    const result = scrubStatement(bytes, offset, frame.end, atLineStart ? FROM_LINE_START : FROM_SEPARATOR, row);
    for (let i = -1; i < result.newlines; i++) row.push(NEWLINE, result.end);
    offset = result.end + 1;
  }
  const offsets = new Int32Array(length).fill(Math.max(0, offset - 1));
  offsets.set(row.offsets.slice(0, length));
  return offsets;
}

/** Where in a canonical statement its directive stands, labels before it skipped: -1 where there is none. */
function directiveWord(row: ByteRow, from: number): { start: number; end: number; lineStart: number } {
  const { bytes, length } = row;
  let lineStart = from;
  let offset = from;
  const blanks = (): void => {
    while (offset < length && characterClass[bytes[offset]!] === SPACE) offset++;
  };
  const nameFrom = (): void => {
    while (offset < length && characterClass[bytes[offset]!]! & NAME_PART) offset++;
  };
  for (;;) {
    blanks();
    if (offset >= length || !(characterClass[bytes[offset]!]! & (NAME_START | NAME_PART)))
      return { start: -1, end: -1, lineStart };
    const start = offset;
    nameFrom();
    const end = offset;
    blanks();
    if (bytes[offset] === COLON && offset < length) {
      offset++;
      lineStart = offset;
      continue;
    }
    return bytes[start] === DOT ? { start, end, lineStart } : { start: -1, end: -1, lineStart };
  }
}
