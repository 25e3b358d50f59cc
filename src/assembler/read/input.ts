/**
 * The text being assembled: a stack of frames (files, macro expansions, repeated blocks) and a cursor over the bytes of
 * the top one. Places in the source are (frame, offset) pairs; lines and columns are worked out only when somebody
 * asks.
 */

import {
  APOSTROPHE,
  BACKSLASH,
  characterClass,
  HASH,
  NEWLINE,
  QUOTE,
  SEMICOLON,
  SLASH,
  SPACE,
  STAR,
  STATEMENT_END,
} from "./chars.ts";
import type { Expansion } from "./expansion.ts";
import type { TextRange } from "./text-arena.ts";

/** The text of a file as a frame wants it. */
function fileText(text: Uint8Array): TextRange {
  const bytes = new Uint8Array(text.length + 3);
  bytes.set(text);
  bytes[text.length] = NEWLINE;
  bytes[text.length + 1] = NEWLINE;
  return { bytes, start: 0, end: text.length };
}

export type FrameKind = "file" | "macro" | "repeat";

/** Says how the offsets of an expansion map back to the text that it was made from. */
export interface ExpansionMap {
  /**
   * For each byte of the expansion, counted from the frame's `start`, its offset in the source text, or -1 for what an
   * argument put there.
   */
  readonly offsets: Int32Array;
  readonly source: InputFrame;
}

/** What a frame is of: the same for all expansions of one macro. */
export interface FrameOrigin {
  readonly kind: FrameKind;
  /** The file that lines are counted in. */
  readonly path: string;
  readonly firstLine: number;
  /** Lines after which the numbering starts again: the length of a repeated block; 0 for others. */
  readonly linesPerRound: number;
  /** What the frame is called in a chain of notes, such as "macro `foo'". */
  readonly label: string;
}

/** A `.line` or `# 12 "file"` in a file: from `offset` on, the text counts as this line of that file. */
export interface LineMarker {
  readonly offset: number;
  readonly line: number;
  readonly path: string;
}

/** Shared by all frames without a marker. */
const NO_MARKERS: LineMarker[] = [];

export class InputFrame {
  readonly origin: FrameOrigin;
  /**
   * The text from `start` to `end`, then newlines and a NUL so that the scanner needs no bounds checks, even one that
   * begins at `end`. Offsets count from the beginning of the array; before `start` there is a newline, or nothing.
   */
  readonly bytes: Uint8Array;
  readonly start: number;
  /** Behind the last newline of the text. */
  readonly end: number;
  /** Something that stays up to the end refers to this frame (`Assembler.hold`). */
  isHeld = false;
  /** How often the text is to be read again. */
  roundsLeft: number;
  /** Conditionals that were open when the frame was entered. */
  readonly conditionalDepth: number;
  readonly parent: InputFrame | null;
  /** Offset in the parent of the statement that opened this frame. */
  readonly parentOffset: number;
  readonly depth: number;
  /** What the text was made of; null for a file. */
  readonly expansion: Expansion | null;
  #markers = NO_MARKERS;
  /** The line that instructions of this expansion count as in line tables: that of the macro call; -1 for their own. */
  readonly debugLine: number;
  readonly debugPath: string;
  /** Cursor and line of this frame while another one lies on top. */
  savedOffset = 0;
  savedLine: number;

  constructor(
    origin: FrameOrigin,
    text: TextRange,
    rounds: number,
    expansion: Expansion | null,
    conditionalDepth: number,
    parent: InputFrame | null,
    parentOffset: number,
    debugLine: number,
    debugPath: string,
  ) {
    this.origin = origin;
    this.bytes = text.bytes;
    this.start = text.start;
    this.end = text.end > text.start && text.bytes[text.end - 1] !== NEWLINE ? text.end + 1 : text.end;
    this.roundsLeft = rounds - 1;
    this.conditionalDepth = conditionalDepth;
    this.expansion = expansion;
    this.parent = parent;
    this.parentOffset = parentOffset;
    this.depth = parent === null ? 0 : parent.depth + 1;
    this.savedLine = origin.firstLine;
    this.debugLine = debugLine;
    this.debugPath = debugPath;
  }

  get markers(): readonly LineMarker[] {
    return this.#markers;
  }

  /**
   * Markers come in the order of their offsets; in a text that is read again those of the former round are forgotten
   * one by one.
   */
  mark(marker: LineMarker): void {
    if (this.#markers === NO_MARKERS) this.#markers = [];
    const markers = this.#markers;
    while (markers.length > 0 && markers[markers.length - 1]!.offset >= marker.offset) markers.pop();
    markers.push(marker);
  }

  /** Line number of an offset, in `pathAt(offset)`. */
  lineAt(offset: number): number {
    const { firstLine, linesPerRound } = this.origin;
    let base = firstLine;
    let from = this.start;
    const marker = this.#markerAt(offset);
    if (marker !== null) {
      base = marker.line;
      from = marker.offset;
    }
    let lines = 0;
    for (let i = from; i < offset && i < this.bytes.length; i++) if (this.bytes[i] === NEWLINE) lines++;
    return base + (linesPerRound > 0 ? lines % linesPerRound : lines);
  }

  pathAt(offset: number): string {
    return this.#markerAt(offset)?.path ?? this.origin.path;
  }

  /** Offset of the first byte of the line that holds `offset`. */
  lineStart(offset: number): number {
    let start = Math.min(offset, this.end);
    while (start > this.start && this.bytes[start - 1] !== NEWLINE) start--;
    return start;
  }

  /** The line that holds `offset`, without its newline. */
  lineBytes(offset: number): Uint8Array {
    const start = this.lineStart(offset);
    const end = this.bytes.indexOf(NEWLINE, start);
    return this.bytes.subarray(start, end < 0 ? this.end : end);
  }

  #markerAt(offset: number): LineMarker | null {
    for (let i = this.#markers.length - 1; i >= 0; i--)
      if (this.#markers[i]!.offset <= offset) return this.#markers[i]!;
    return null;
  }
}

export class Input {
  /** The text of the top frame and the cursor in it: public because the scanner's speed is the assembler's. */
  bytes: Uint8Array = new Uint8Array(2);
  offset = 0;
  frame: InputFrame | null = null;
  /** Physical line of the cursor in the top frame. */
  line = 1;
  /** Offset where the current statement began, and its line. */
  statementOffset = 0;
  statementLine = 1;
  /** Where a block comment begins that the text does not end, or -1. */
  openComment = -1;

  /** A file on top of the stack. */
  pushFile(path: string, text: Uint8Array, conditionalDepth: number): InputFrame {
    return this.push(
      { kind: "file", path, firstLine: 1, linesPerRound: 0, label: "" },
      fileText(text),
      1,
      null,
      conditionalDepth,
    );
  }

  /** Goes on in another text, `rounds` times over. */
  push(
    origin: FrameOrigin,
    text: TextRange,
    rounds: number,
    expansion: Expansion | null,
    conditionalDepth: number,
  ): InputFrame {
    if (this.frame !== null) {
      this.frame.savedOffset = this.offset;
      this.frame.savedLine = this.line;
    }
    let line = -1;
    let path = "";
    const outer = this.frame;
    if (outer !== null && origin.kind !== "file") {
      // Which line the instructions of the new frame count as.
      line = outer.debugLine;
      path = outer.debugPath;
      if (line < 0 && origin.kind === "macro") {
        line = this.statementLine;
        const { firstLine, linesPerRound } = outer.origin;
        if (linesPerRound > 0) line = firstLine + ((line - firstLine) % linesPerRound);
        path = outer.pathAt(this.statementOffset);
      }
    }
    const frame = new InputFrame(
      origin,
      text,
      rounds,
      expansion,
      conditionalDepth,
      outer,
      this.statementOffset,
      line,
      path,
    );
    this.frame = frame;
    this.bytes = frame.bytes;
    this.#begin(frame);
    return frame;
  }

  #begin(frame: InputFrame): void {
    this.offset = frame.start;
    this.line = frame.origin.firstLine;
    this.statementOffset = frame.start;
  }

  /** At the end of the top frame: goes back to its beginning if it is to be read again. */
  nextRound(): boolean {
    const frame = this.frame!;
    if (frame.roundsLeft === 0) return false;
    frame.roundsLeft--;
    this.#begin(frame);
    return true;
  }

  /** Leaves the top frame; false when none is left. */
  pop(): boolean {
    const frame = this.frame!;
    const parent = frame.parent;
    this.frame = parent;
    if (parent === null) return false;
    this.bytes = parent.bytes;
    this.offset = parent.savedOffset;
    this.line = parent.savedLine;
    this.statementOffset = frame.parentOffset;
    return true;
  }

  /** The cursor stands behind the last line of its frame. */
  get exhausted(): boolean {
    return this.offset >= this.frame!.end;
  }

  /** Moves over blanks and block comments; returns the byte then under the cursor. */
  skipSpace(): number {
    const bytes = this.bytes;
    let offset = this.offset;
    for (;;) {
      const code = bytes[offset]!;
      if (characterClass[code] === SPACE) offset++;
      else if (code === SLASH && bytes[offset + 1] === STAR) offset = this.#skipComment(offset);
      else break;
    }
    this.offset = offset;
    return bytes[offset]!;
  }

  /** At the end of the statement, blanks skipped. */
  atStatementEnd(): boolean {
    return characterClass[this.skipSpace()] === STATEMENT_END;
  }

  /** Moves over what is left of the statement, with its strings and comments, up to the newline or `;` that ends it. */
  skipStatement(): void {
    const bytes = this.bytes;
    let offset = this.offset;
    for (;;) {
      const code = bytes[offset]!;
      if (code === NEWLINE || code === SEMICOLON || code === 0) {
        if (code === 0 && offset < this.frame!.end) {
          offset++;
          continue;
        }
        break;
      }
      if (code === HASH) {
        while (bytes[offset] !== NEWLINE) offset++;
        break;
      }
      if (code === QUOTE) offset = skipString(bytes, offset);
      else if (code === APOSTROPHE) offset = skipCharacter(bytes, offset);
      else if (code === SLASH && bytes[offset + 1] === STAR) offset = this.#skipComment(offset);
      else offset++;
    }
    this.offset = offset;
  }

  /** From a statement's end to the first byte of the next one. */
  nextStatement(): void {
    const code = this.bytes[this.offset]!;
    if (code === SEMICOLON) {
      this.offset++;
      return;
    }
    const bytes = this.bytes;
    let offset = this.offset;
    while (bytes[offset] !== NEWLINE) offset++;
    this.offset = offset + 1;
    this.line++;
  }

  /** Cursor at the opening of a comment: returns the offset behind its end, or that of the end of the text. */
  #skipComment(start: number): number {
    const bytes = this.bytes;
    const end = this.frame!.end;
    let offset = start + 2;
    while (offset < end) {
      const code = bytes[offset]!;
      if (code === NEWLINE) this.line++;
      else if (code === STAR && bytes[offset + 1] === SLASH) return offset + 2;
      offset++;
    }
    this.openComment = start;
    // The newline that ends the text also ends the statement: it is counted there.
    const { start: textStart } = this.frame!;
    if (end > textStart) this.line--;
    return Math.max(end - 1, textStart);
  }
}

/** Offset behind the string that begins at `start`; a string ends at its line's end at the latest. */
export function skipString(bytes: Uint8Array, start: number): number {
  let offset = start + 1;
  for (;;) {
    const code = bytes[offset]!;
    if (code === QUOTE) return offset + 1;
    if (code === NEWLINE) return offset;
    if (code === BACKSLASH && bytes[offset + 1] !== NEWLINE) offset++;
    offset++;
  }
}

/**
 * Offset behind the character constant that begins at `start`: the apostrophe, one character or escape, a closing one
 * if any.
 */
export function skipCharacter(bytes: Uint8Array, start: number): number {
  let offset = start + 1;
  if (bytes[offset] === NEWLINE) return offset;
  if (bytes[offset] === BACKSLASH && bytes[offset + 1] !== NEWLINE) offset++;
  offset++;
  return bytes[offset] === APOSTROPHE ? offset + 1 : offset;
}
