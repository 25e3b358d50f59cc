/**
 * The text being assembled: a stack of frames (files, macro expansions, repeated blocks) and a cursor over the bytes of
 * the top one.
 */

import type { Cursor } from "../model/cursor.ts";
import type { FrameExpansion, FrameOrigin, TextRange } from "../model/source-frame.ts";
import { SourceFrame } from "../model/source-frame.ts";
import { NEWLINE } from "../model/source-text.ts";
import {
  APOSTROPHE,
  BACKSLASH,
  characterClass,
  HASH,
  QUOTE,
  SEMICOLON,
  SLASH,
  SPACE,
  STAR,
  STATEMENT_END,
} from "./chars.ts";

/** Bytes that a frame wants after its text. */
const ROOM_BYTES = 3;

/**
 * The text of a file as a frame wants it. Where `roomBytes` after it in its buffer are free, it stays where it is:
 * sources are large.
 */
function fileText(text: Uint8Array, roomBytes: number): TextRange {
  let bytes: Uint8Array;
  if (roomBytes >= ROOM_BYTES) {
    bytes = new Uint8Array(text.buffer, text.byteOffset, text.length + ROOM_BYTES);
    bytes[text.length + 2] = 0;
  } else {
    bytes = new Uint8Array(text.length + ROOM_BYTES);
    bytes.set(text);
  }
  bytes[text.length] = NEWLINE;
  bytes[text.length + 1] = NEWLINE;
  return { bytes, start: 0, end: text.length };
}

export class Input implements Cursor {
  /** The text of the top frame and the cursor in it: public because the scanner's speed is the assembler's. */
  bytes: Uint8Array = new Uint8Array(2);
  offset = 0;
  frame: SourceFrame | null = null;
  /** Physical line of the cursor in the top frame. */
  line = 1;
  /** Offset where the current statement began, and its line. */
  statementOffset = 0;
  statementLine = 1;
  /** Where a block comment begins that the text does not end, or -1. */
  openComment = -1;

  /** A file on top of the stack; `roomBytes` of the buffer after its text may be written to. */
  pushFile(path: string, text: Uint8Array, conditionalDepth: number, roomBytes = 0): SourceFrame {
    return this.push(
      { kind: "file", path, firstLine: 1, linesPerRound: 0, label: "" },
      fileText(text, roomBytes),
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
    expansion: FrameExpansion | null,
    conditionalDepth: number,
  ): SourceFrame {
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
    const frame = new SourceFrame(
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

  #begin(frame: SourceFrame): void {
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

  /** The cursor stands after the last line of its frame. */
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

  /** Cursor at the opening of a comment: returns the offset after its end, or that of the end of the text. */
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

/** Offset after the string that begins at `start`; a string ends at its line's end at the latest. */
function skipString(bytes: Uint8Array, start: number): number {
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
 * Offset after the character constant that begins at `start`: the apostrophe, one character or escape, a closing one
 * if any.
 */
function skipCharacter(bytes: Uint8Array, start: number): number {
  let offset = start + 1;
  if (bytes[offset] === NEWLINE) return offset;
  if (bytes[offset] === BACKSLASH && bytes[offset + 1] !== NEWLINE) offset++;
  offset++;
  return bytes[offset] === APOSTROPHE ? offset + 1 : offset;
}
