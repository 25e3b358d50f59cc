/**
 * What each byte of a source can be. One table look-up replaces every character test in the scanner, which reads bytes
 * and never strings: UTF-8 text passes through names and strings untouched.
 */

/** Blanks between tokens. */
export const SPACE = 1;
/** May begin a name: letters, `_ . $` and every byte of a non-ASCII character. */
export const NAME_START = 2;
/** May continue a name. */
export const NAME_PART = 4;
export const DIGIT = 8;
/** Ends a statement: newline, `;`, the comment sign, and the NUL after a buffer. */
export const STATEMENT_END = 16;

export const characterClass = new Uint8Array(256);

for (const blank of " \t\r\f\v") characterClass[blank.charCodeAt(0)] = SPACE;
for (let code = 0; code < 256; code++) {
  const letter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code >= 0x80;
  if (letter || code === 0x5f || code === 0x2e || code === 0x24) characterClass[code] = NAME_START | NAME_PART;
  else if (code >= 0x30 && code <= 0x39) characterClass[code] = DIGIT | NAME_PART;
}
for (const end of "\n;#\0") characterClass[end.charCodeAt(0)] = STATEMENT_END;

/** Value of a digit in any base up to 36, or 255. */
export const digitValue = new Uint8Array(256).fill(255);
for (let code = 0x30; code <= 0x39; code++) digitValue[code] = code - 0x30;
for (let code = 0x41; code <= 0x5a; code++) digitValue[code] = code - 0x41 + 10;
for (let code = 0x61; code <= 0x7a; code++) digitValue[code] = code - 0x61 + 10;

export const QUOTE = 0x22;
export const APOSTROPHE = 0x27;
export const BACKSLASH = 0x5c;
export const SEMICOLON = 0x3b;
export const HASH = 0x23;
export const SLASH = 0x2f;
export const MINUS = 0x2d;
export const STAR = 0x2a;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const EQUALS = 0x3d;
export const DOT = 0x2e;
export const PERCENT = 0x25;
export const DOLLAR = 0x24;
export const OPEN_PARENTHESIS = 0x28;
export const CLOSE_PARENTHESIS = 0x29;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const AT_SIGN = 0x40;

/** Whether a text of ASCII stands at an offset. */
export function standsAt(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  return true;
}
