/**
 * Pages of 4 KiB, the grain in which memories and disks are looked at, saved and shared. A page of zeros takes no room
 * anywhere, so the question whether a page is zero is asked for every page of every machine and has to be cheap.
 */

export const PAGE_BYTES = 4096;

/** The words of `bytes` without a copy; null when they do not lie at a multiple of 4. */
export function wordsOf(bytes: Uint8Array): Int32Array | null {
  return bytes.byteOffset % 4 === 0 && bytes.length % 4 === 0
    ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    : null;
}

/** Are the words from `start` to `end` all zero? Four at a time: an untouched page is looked at to its end. */
export function areZero(words: Int32Array, start: number, end: number): boolean {
  let index = start;
  for (; index + 4 <= end; index += 4) {
    if ((words[index]! | words[index + 1]! | words[index + 2]! | words[index + 3]!) !== 0) return false;
  }
  for (; index < end; index++) if (words[index] !== 0) return false;
  return true;
}

export function isZero(bytes: Uint8Array): boolean {
  const words = wordsOf(bytes);
  if (words) return areZero(words, 0, words.length);
  for (let index = 0; index < bytes.length; index++) if (bytes[index] !== 0) return false;
  return true;
}

/**
 * Zeroes bytes from `start`, a multiple of the page's size, to `end`, but writes only to pages that are not zero: the
 * host holds no memory for pages that were never written.
 */
export function clearTouched(bytes: Uint8Array, start = 0, end = bytes.length): void {
  // One view for all pages: to make one for each takes longer than to look at them.
  const words = wordsOf(bytes);
  for (let page = start; page < end; page += PAGE_BYTES) {
    const pageEnd = Math.min(end, page + PAGE_BYTES);
    const isClear = words ? areZero(words, page / 4, pageEnd / 4) : isZero(bytes.subarray(page, pageEnd));
    if (!isClear) bytes.fill(0, page, pageEnd);
  }
}
