/** What kind of image a file is, by a few bytes of it. */

/** Where ISO 9660 has its identifier: in the first volume descriptor, one byte after the sector's begin. */
const ISO_IDENTIFIER_OFFSET = 16 * 2048 + 1;
const ISO_IDENTIFIER = "CD001";
const BOOT_RECORD_OFFSET = 416;
const BOOT_RECORD_MAGIC = "QRBT";
/** Enough of a file for the questions below. */
export const RECOGNISED_BYTES = ISO_IDENTIFIER_OFFSET + ISO_IDENTIFIER.length;

function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  return (
    bytes.length >= at + text.length && Array.from(text).every((letter, i) => bytes[at + i] === letter.charCodeAt(0))
  );
}

export function isIso(bytes: Uint8Array): boolean {
  return hasText(bytes, ISO_IDENTIFIER_OFFSET, ISO_IDENTIFIER);
}

/** An image of QuRe has a boot record in its first sector, a CD as well as a disk (docs/formats/boot-record.md). */
export function isOurs(bytes: Uint8Array): boolean {
  return hasText(bytes, BOOT_RECORD_OFFSET, BOOT_RECORD_MAGIC);
}
