/** Texts of the source: bytes, of which only names, paths and what a person reads become strings. */

export const NEWLINE = 0x0a;

/** One character for each byte: the form in which names and paths are kept inside the assembler. */
export function textOfBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = "";
  let i = start;
  // Names are short: for them calls with a fixed number of arguments are by far the fastest.
  if (end - start <= 64) {
    for (; i + 4 <= end; i += 4) text += String.fromCharCode(bytes[i]!, bytes[i + 1]!, bytes[i + 2]!, bytes[i + 3]!);
    for (; i < end; i++) text += String.fromCharCode(bytes[i]!);
    return text;
  }
  for (; i < end; i += 8192) text += String.fromCharCode(...bytes.subarray(i, Math.min(end, i + 8192)));
  return text;
}

/** The text as a person reads it: UTF-8 where it is valid. */
export function readableText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}
