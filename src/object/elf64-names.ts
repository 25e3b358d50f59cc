/**
 * Names that a 64-bit object defines. Nothing here links such objects; but builds for a PC also archive programs of
 * their 64-bit host with the same `ar`, and that host's linker wants the index (System V gABI, chapters 4 and 5,
 * ELF-64).
 */
import { SHN_UNDEF, STB_LOCAL } from "./elf.ts";

const CLASS64 = 2;
const LITTLE_ENDIAN = 1;
const SHT_SYMTAB = 2;
const SYMBOL_BYTES = 24;
const DECODER = new TextDecoder("latin1");

/**
 * The symbols that others may refer to, in the table's order. Null when the bytes are no little-endian ELF-64 file, or
 * one whose tables lie outside of it.
 */
export function elf64Names(file: Uint8Array): string[] | null {
  if (file.length < 64 || !"\x7fELF".split("").every((letter, i) => file[i] === letter.charCodeAt(0))) return null;
  if (file[4] !== CLASS64 || file[5] !== LITTLE_ENDIAN) return null;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const number = (at: number): number => Number(view.getBigUint64(at, true));
  try {
    const [tableAt, rowBytes, rows] = [number(0x28), view.getUint16(0x3a, true), view.getUint16(0x3c, true)];
    const section = (index: number) => {
      const at = tableAt + index * rowBytes;
      return { type: view.getUint32(at + 4, true), offset: number(at + 0x18), sizeBytes: number(at + 0x20), at };
    };
    const names: string[] = [];
    for (let index = 0; index < rows; index++) {
      const table = section(index);
      if (table.type !== SHT_SYMTAB) continue;
      const strings = section(view.getUint32(table.at + 0x28, true));
      for (let at = table.offset; at + SYMBOL_BYTES <= table.offset + table.sizeBytes; at += SYMBOL_BYTES) {
        if (view.getUint8(at + 4) >> 4 === STB_LOCAL || view.getUint16(at + 6, true) === SHN_UNDEF) continue;
        const from = strings.offset + view.getUint32(at, true);
        names.push(DECODER.decode(file.subarray(from, file.indexOf(0, from))));
      }
    }
    return names;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
