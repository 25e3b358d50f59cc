/** `# 12 "file"`, as a C preprocessor writes it at the beginning of a line: which line of which file comes next. */

import { NEWLINE, textOfBytes } from "../model/source-text.ts";
import { characterClass, DIGIT, digitValue, QUOTE } from "./chars.ts";
import type { Input } from "./input.ts";
import { readString } from "./text.ts";

interface Marker {
  /** Offset of the line after it. */
  readonly next: number;
  readonly line: number;
  readonly path: string;
}

/** The marker at the cursor, which is at the sign; null when it is a comment. */
export function lineMarkerAt(input: Input): Marker | null {
  const { bytes } = input;
  let offset = input.offset + 1;
  const blanks = (): void => {
    while (bytes[offset] === 0x20 || bytes[offset] === 0x09) offset++;
  };
  blanks();
  if (!(characterClass[bytes[offset]!]! & DIGIT)) return null;
  let line = 0;
  while (characterClass[bytes[offset]!]! & DIGIT) line = line * 10 + digitValue[bytes[offset++]!]!;
  blanks();
  if (bytes[offset] !== QUOTE) return null;
  const name = readString(bytes, offset);
  offset = name.end;
  blanks();
  // `# 0 "" 2` ends what a compiler was given to pass on: the lines are those of this text again.
  const isBack = line === 0 && name.bytes.length === 0 && bytes[offset] === 0x32;
  while (bytes[offset] !== NEWLINE) offset++;
  const next = offset + 1;
  const frame = input.frame!;
  if (isBack) line = frame.physicalLineAt(next);
  return { next, line, path: isBack ? frame.origin.path : textOfBytes(name.bytes) };
}

/** Moves past the marker at the cursor; false when it is a comment. */
export function takeLineMarker(input: Input): boolean {
  const marker = lineMarkerAt(input);
  if (marker === null) return false;
  const { next, line, path } = marker;
  input.offset = next;
  input.frame!.mark({ offset: next, line, path });
  input.line = line;
  return true;
}
