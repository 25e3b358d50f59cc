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
function areZero(words: Int32Array, start: number, end: number): boolean {
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
 * Says of an array that begins at the host's page which of its pages the host holds memory for, a byte for each: 0
 * where none was ever written, and all is zero. Null where that cannot be told.
 */
export type HeldPages = (bytes: Uint8Array) => Uint8Array | null;

/** To ask the host about less than this costs more than to look. */
const LEAST_ASKED_BYTES = 1 << 20;
let heldPages: HeldPages = () => null;

/** From now on the host is asked which pages need not be looked at. */
export function askForPages(host: HeldPages): void {
  heldPages = host;
}

/**
 * Answers, for an array as it is now, whether a page of it is all zeros; pages may be written once they were asked for.
 */
export function zeroPages(bytes: Uint8Array): (page: number) => boolean {
  // One view for all pages: to make one for each takes longer than to look at them.
  const words = wordsOf(bytes);
  const held = bytes.length < LEAST_ASKED_BYTES ? null : heldPages(bytes);
  return (page) => {
    if (held !== null && held[page] === 0) return true;
    const start = page * PAGE_BYTES;
    const end = Math.min(bytes.length, start + PAGE_BYTES);
    return words ? areZero(words, start / 4, end / 4) : isZero(bytes.subarray(start, end));
  };
}

/**
 * Zeroes bytes from `start`, a multiple of the page's size, to `end`, but writes only to pages that are not zero: the
 * host holds no memory for pages that were never written.
 */
export function clearTouched(bytes: Uint8Array, start = 0, end = bytes.length): void {
  const part = bytes.subarray(start, end);
  const isZeroPage = zeroPages(part);
  for (let at = 0, page = 0; at < part.length; at += PAGE_BYTES, page++)
    if (!isZeroPage(page)) part.fill(0, at, at + PAGE_BYTES);
}
