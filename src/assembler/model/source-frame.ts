/**
 * A text that is assembled and how it came about: a file, the expansion of a macro, a block that repeats. Places in the
 * source are (frame, offset) pairs; lines and columns are worked out only when somebody asks.
 */

import { NEWLINE } from "./source-text.ts";

export type FrameKind = "file" | "macro" | "repeat";

/** Says how the offsets of an expansion map back to the text that it was made from. */
export interface ExpansionMap {
  /**
   * For each byte of the expansion, counted from the frame's `start`, its offset in the source text, or -1 for what an
   * argument put there.
   */
  readonly offsets: Int32Array;
  readonly source: SourceFrame;
}

/** What the text of a frame was made of, for those who ask where its bytes came from. */
export interface FrameExpansion {
  map(): ExpansionMap;
}

/** A piece of text in a larger array. */
export interface TextRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** After its last byte. */
  readonly end: number;
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

export class SourceFrame {
  readonly origin: FrameOrigin;
  /**
   * The text from `start` to `end`, then newlines and a NUL so that the scanner needs no bounds checks, even one that
   * begins at `end`. Offsets count from the beginning of the array; before `start` there is a newline, or nothing.
   */
  readonly bytes: Uint8Array;
  readonly start: number;
  /** After the last newline of the text. */
  readonly end: number;
  /** Something that stays up to the end refers to this frame (`MemoryBudget.hold`). */
  isHeld = false;
  /** How often the text is to be read again. */
  roundsLeft: number;
  /** Conditionals that were open when the frame was entered. */
  readonly conditionalDepth: number;
  readonly parent: SourceFrame | null;
  /** Offset in the parent of the statement that opened this frame. */
  readonly parentOffset: number;
  readonly depth: number;
  /** What the text was made of; null for a file. */
  readonly expansion: FrameExpansion | null;
  #markers = NO_MARKERS;
  /** How far lines have been counted, and how many they were. */
  #countedTo = 0;
  #countedLines = 0;
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
    expansion: FrameExpansion | null,
    conditionalDepth: number,
    parent: SourceFrame | null,
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
    this.#countedTo = text.start;
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

  /** The line number that the text itself has at an offset, whatever markers say. Offsets come in rising order. */
  physicalLineAt(offset: number): number {
    if (offset < this.#countedTo) {
      this.#countedTo = this.start;
      this.#countedLines = 0;
    }
    for (; this.#countedTo < offset; this.#countedTo++)
      if (this.bytes[this.#countedTo] === NEWLINE) this.#countedLines++;
    return this.origin.firstLine + this.#countedLines;
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
