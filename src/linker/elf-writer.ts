/** A linked program as an ELF32 executable for gdb, objdump and readelf: sections, symbols, line tables. */
import type { Linked } from "./link.ts";

export function writeExecutable({ file }: Linked): Uint8Array<ArrayBuffer> {
  return file;
}
