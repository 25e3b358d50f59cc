/**
 * The text being assembled: a stack of frames (files, macro expansions, repeated blocks) and a cursor over the bytes of the
 * top one. Places in the source are (frame, offset) pairs; lines and columns are worked out only when somebody asks.
 */

import {
  APOSTROPHE, BACKSLASH, HASH, NEWLINE, QUOTE, SEMICOLON, SLASH, SPACE, STAR, STATEMENT_END, characterClass,
} from "./chars.ts";

export type FrameKind = "file" | "macro" | "repeat";

/** Says how the offsets of an expansion map back to the text that it was made from. */
export interface ExpansionMap {
  /** For each byte of the expansion, its offset in the source text, or -1 for what an argument put there. */
  readonly offsets: Int32Array;
  readonly source: InputFrame;
}

export interface FrameOptions {
  readonly kind: FrameKind;
  /** The file that lines are counted in. */
  readonly path: string;
  readonly text: Uint8Array;
  /** How many bytes of `text` count; all when absent. */
  readonly length?: number;
  readonly firstLine?: number;
  /** Lines after which the numbering starts again: the length of a repeated block. */
  readonly linesPerRound?: number;
  /** What the frame is called in a chain of notes, such as "macro `foo'". */
  readonly label?: string;
  /** Conditionals that were open when the frame was entered. */
  readonly conditionalDepth?: number;
  readonly map?: (() => ExpansionMap) | null;
}

/** A `.line` or `# 12 "file"` in a file: from `offset` on, the text counts as this line of that file. */
export interface LineMarker {
  readonly offset: number;
  readonly line: number;
  readonly path: string;
}

export class InputFrame {
  readonly kind: FrameKind;
  readonly path: string;
  /** The text, then newlines and a NUL so that the scanner needs no bounds checks, even one that begins at `end`. */
  readonly bytes: Uint8Array;
  /** Length of the text with its last newline. */
  readonly end: number;
  readonly firstLine: number;
  readonly linesPerRound: number;
  readonly label: string;
  readonly conditionalDepth: number;
  readonly parent: InputFrame | null;
  /** Offset in the parent of the statement that opened this frame. */
  readonly parentOffset: number;
  readonly depth: number;
  readonly map: (() => ExpansionMap) | null;
  readonly markers: LineMarker[] = [];
  /** The line that instructions of this expansion count as in line tables: that of the macro call; -1 for their own. */
  readonly debugLine: number;
  readonly debugPath: string;
  /** Cursor and line of this frame while another one lies on top. */
  savedOffset = 0;
  savedLine: number;

  constructor(options: FrameOptions, parent: InputFrame | null, parentOffset: number, debug: { line: number; path: string }) {
    const { text } = options;
    const length = options.length ?? text.length;
    const missesNewline = length > 0 && text[length - 1] !== NEWLINE;
    const bytes = new Uint8Array(length + 3);
    // Expansions are short: for them a loop beats a call.
    if (length > 512) bytes.set(length === text.length ? text : text.subarray(0, length));
    else for (let i = 0; i < length; i++) bytes[i] = text[i]!;
    bytes[length] = NEWLINE;
    bytes[length + 1] = NEWLINE;
    this.bytes = bytes;
    this.end = length + (missesNewline ? 1 : 0);
    this.kind = options.kind;
    this.path = options.path;
    this.firstLine = options.firstLine ?? 1;
    this.linesPerRound = options.linesPerRound ?? 0;
    this.label = options.label ?? "";
    this.conditionalDepth = options.conditionalDepth ?? 0;
    this.map = options.map ?? null;
    this.parent = parent;
    this.parentOffset = parentOffset;
    this.depth = parent === null ? 0 : parent.depth + 1;
    this.savedLine = this.firstLine;
    this.debugLine = debug.line;
    this.debugPath = debug.path;
  }

  /** Line number of an offset, in `pathAt(offset)`. */
  lineAt(offset: number): number {
    let base = this.firstLine;
    let from = 0;
    const marker = this.#markerAt(offset);
    if (marker !== null) {
      base = marker.line;
      from = marker.offset;
    }
    let lines = 0;
    for (let i = from; i < offset && i < this.bytes.length; i++) if (this.bytes[i] === NEWLINE) lines++;
    return base + (this.linesPerRound > 0 ? lines % this.linesPerRound : lines);
  }

  pathAt(offset: number): string {
    return this.#markerAt(offset)?.path ?? this.path;
  }

  /** Offset of the first byte of the line that holds `offset`. */
  lineStart(offset: number): number {
    let start = Math.min(offset, this.end);
    while (start > 0 && this.bytes[start - 1] !== NEWLINE) start--;
    return start;
  }

  /** The line that holds `offset`, without its newline. */
  lineBytes(offset: number): Uint8Array {
    const start = this.lineStart(offset);
    const end = this.bytes.indexOf(NEWLINE, start);
    return this.bytes.subarray(start, end < 0 ? this.end : end);
  }

  #markerAt(offset: number): LineMarker | null {
    for (let i = this.markers.length - 1; i >= 0; i--) if (this.markers[i]!.offset <= offset) return this.markers[i]!;
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

  push(options: FrameOptions): InputFrame {
    if (this.frame !== null) {
      this.frame.savedOffset = this.offset;
      this.frame.savedLine = this.line;
    }
    const frame = new InputFrame(options, this.frame, this.statementOffset, this.#debugPlace(options.kind));
    this.frame = frame;
    this.bytes = frame.bytes;
    this.offset = 0;
    this.line = frame.firstLine;
    this.statementOffset = 0;
    return frame;
  }

  /** Which line the instructions of a new frame count as. */
  #debugPlace(kind: FrameKind): { line: number; path: string } {
    const outer = this.frame;
    if (outer === null || kind === "file") return { line: -1, path: "" };
    if (outer.debugLine >= 0 || kind === "repeat") return { line: outer.debugLine, path: outer.debugPath };
    let line = this.statementLine;
    if (outer.linesPerRound > 0) line = outer.firstLine + ((line - outer.firstLine) % outer.linesPerRound);
    return { line, path: outer.pathAt(this.statementOffset) };
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
    if (end > 0) this.line--;
    return Math.max(end - 1, 0);
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

/** Offset behind the character constant that begins at `start`: the apostrophe, one character or escape, a closing one if any. */
export function skipCharacter(bytes: Uint8Array, start: number): number {
  let offset = start + 1;
  if (bytes[offset] === NEWLINE) return offset;
  if (bytes[offset] === BACKSLASH && bytes[offset + 1] !== NEWLINE) offset++;
  offset++;
  return bytes[offset] === APOSTROPHE ? offset + 1 : offset;
}
