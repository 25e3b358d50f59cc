/** What an ELF executable says about where it belongs. Only its program headers count, as for any boot loader. */
import { EHDR_BYTES, ELF_MAGIC, EM_386, ET_EXEC, PHDR_BYTES } from "../../object/elf.ts";
import { ImageError } from "../kernel-image.ts";
import type { Piece } from "./plan.ts";

const PT_LOAD = 1;
const CLASS_32 = 1;
const LITTLE_ENDIAN = 1;

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === ELF_MAGIC;
}

/** Its segments at their physical addresses, and the entry point there. Throws an ImageError. */
export function readKernelElf(bytes: Uint8Array, name: string): { pieces: Piece[]; entryAddress: number } {
  const fail = (problem: string): never => {
    throw new ImageError(`${name}: ${problem}`);
  };
  if (bytes.length < EHDR_BYTES) fail("the ELF header is cut off");
  if (bytes[4] !== CLASS_32 || bytes[5] !== LITTLE_ENDIAN)
    fail("it is not an ELF file of 32 bits, little-endian: the processor of this PC has no 64-bit mode");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const half = (at: number): number => view.getUint16(at, true);
  if (half(18) !== EM_386) fail(`it is for ELF machine ${half(18)}, not the Intel 80386 (3)`);
  if (half(16) !== ET_EXEC) fail("it is no executable: link it (ld, or qure ld) to the addresses where it shall run");
  const tableAt = view.getUint32(28, true);
  const count = half(44);
  if (count > 0 && (half(42) !== PHDR_BYTES || tableAt + count * PHDR_BYTES > bytes.length))
    fail("its program headers are not in the file");
  let entryAddress = view.getUint32(24, true);
  const pieces: Piece[] = [];
  for (let index = 0; index < count; index++) {
    const at = tableAt + index * PHDR_BYTES;
    const [type, offset, linear, physical, fileBytes, memoryBytes] = Array.from({ length: 6 }, (_, field) =>
      view.getUint32(at + 4 * field, true),
    ) as [number, number, number, number, number, number];
    if (type !== PT_LOAD || memoryBytes === 0) continue;
    // Linkers load the headers where a page is left before the code: no kernel needs them, and below 1 MiB is no room.
    if (offset + memoryBytes <= Math.max(EHDR_BYTES, tableAt + count * PHDR_BYTES)) continue;
    if (fileBytes > memoryBytes || offset + fileBytes > bytes.length)
      fail(`segment ${index} lies beyond the end of the file`);
    const content = bytes.subarray(offset, offset + fileBytes);
    pieces.push({ what: `${name}: segment ${index}`, address: physical, content, zeroBytes: memoryBytes - fileBytes });
    const entry = view.getUint32(24, true);
    if (entry >= linear && entry < linear + memoryBytes) entryAddress = physical + entry - linear;
  }
  if (pieces.length === 0) fail("there is nothing to load in it");
  return { pieces, entryAddress };
}
