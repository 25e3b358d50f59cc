/** Texts of bytes of which each is a character. */

/** As many arguments as a call may have anywhere. */
const CHUNK_BYTES = 4096;

/** Names in objects are bytes; each becomes one UTF-16 unit, so that names of any encoding survive unchanged. */
export function latin1(bytes: Uint8Array): string {
  // In one piece: a text that is put together letter by letter is a chain of them.
  if (bytes.length <= CHUNK_BYTES) return letters(bytes);
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK_BYTES)
    text += letters(bytes.subarray(i, Math.min(bytes.length, i + CHUNK_BYTES)));
  return text;
}

/** Spreading the bytes would take three times as long. */
function letters(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}
