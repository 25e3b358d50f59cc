/** Whole sectors around bytes. */
import { assert } from "../../diagnostic/invariant.ts";
import { SECTOR_BYTES } from "../layout.ts";

export function byteRange(at: number, length: number): { readonly start: number; readonly bytes: number } {
  assert(at >= 0 && length > 0, "a range without bytes");
  const start = Math.floor(at / SECTOR_BYTES) * SECTOR_BYTES;
  const end = Math.ceil((at + length) / SECTOR_BYTES) * SECTOR_BYTES;
  return { start, bytes: end - start };
}
