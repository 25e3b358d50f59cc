/**
 * Adds a section that takes no memory to an ELF32 file that is written already: what a debugger reads beside the
 * program.
 */
import { alignUp } from "./align.ts";
import { EHDR_BYTES, SHDR_BYTES, SHT_PROGBITS } from "./elf.ts";

const SECTION_HEADERS_OFFSET = 0x20;
const SECTION_COUNT_OFFSET = 0x30;
const SECTION_NAMES_OFFSET = 0x32;
/** In a section header. */
const FIELD = { name: 0, type: 4, offset: 16, sizeBytes: 20, align: 32 } as const;

/**
 * The file with one more section at its end. Section names and headers move after the content; all else stays where it
 * is.
 */
export function addSection(
  file: Uint8Array,
  name: string,
  content: Uint8Array,
  align: number,
): Uint8Array<ArrayBuffer> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headersAt = view.getUint32(SECTION_HEADERS_OFFSET, true);
  const count = view.getUint16(SECTION_COUNT_OFFSET, true);
  const namesIndex = view.getUint16(SECTION_NAMES_OFFSET, true);
  if (file.length < EHDR_BYTES || headersAt + count * SHDR_BYTES > file.length || namesIndex >= count)
    throw new RangeError("not an ELF file with sections");
  const namesHeader = headersAt + namesIndex * SHDR_BYTES;
  const namesAt = view.getUint32(namesHeader + FIELD.offset, true);
  const names = file.subarray(namesAt, namesAt + view.getUint32(namesHeader + FIELD.sizeBytes, true));
  // The headers are the last thing in a file of ours: what they leave free is used again.
  const kept = headersAt + count * SHDR_BYTES === file.length ? headersAt : file.length;

  const contentAt = alignUp(kept, align);
  const newNamesAt = contentAt + content.length;
  const newHeadersAt = alignUp(newNamesAt + names.length + name.length + 1, 4);
  const result = new Uint8Array(newHeadersAt + (count + 1) * SHDR_BYTES);
  result.set(file.subarray(0, kept));
  result.set(content, contentAt);
  result.set(names, newNamesAt);
  result.set(new TextEncoder().encode(name), newNamesAt + names.length);
  result.set(file.subarray(headersAt, headersAt + count * SHDR_BYTES), newHeadersAt);
  const target = new DataView(result.buffer);
  target.setUint32(SECTION_HEADERS_OFFSET, newHeadersAt, true);
  target.setUint16(SECTION_COUNT_OFFSET, count + 1, true);
  const set = (section: number, field: number, value: number): void =>
    target.setUint32(newHeadersAt + section * SHDR_BYTES + field, value, true);
  set(namesIndex, FIELD.offset, newNamesAt);
  set(namesIndex, FIELD.sizeBytes, names.length + name.length + 1);
  set(count, FIELD.name, names.length);
  set(count, FIELD.type, SHT_PROGBITS);
  set(count, FIELD.offset, contentAt);
  set(count, FIELD.sizeBytes, content.length);
  set(count, FIELD.align, align);
  return result;
}
