/**
 * Sections whose content is compressed (SHF_COMPRESSED, gABI "Section Compression"): what a compiler makes of debugging
 * information with -gz. They are linked as if they were not.
 */
import { SHF_COMPRESSED } from "../object/elf.ts";
import { ElfError, type ElfObject, type ElfSection, withChanges } from "../object/elf-reader.ts";

/** Decompresses the zlib format (RFC 1950) into so many bytes at most; throws when it cannot. */
export type Inflate = (content: Uint8Array, sizeBytes: number) => Uint8Array;

/** An Elf32_Chdr: type, size and alignment of what is compressed. */
const HEADER_BYTES = 12;
const ELFCOMPRESS_ZLIB = 1;
/** More than deflate can make of a byte (RFC 1951 has 258 bytes for two bits). */
const MOST_FOR_A_BYTE = 1040;

/** The object with all of its sections as they were before. Throws `ElfError`. */
export function withoutCompression(elf: ElfObject, inflate: Inflate | undefined): ElfObject {
  if (!elf.sections.some(({ flags }) => (flags & SHF_COMPRESSED) !== 0)) return elf;
  return withChanges(elf, {
    sections: elf.sections.map((section) =>
      (section.flags & SHF_COMPRESSED) === 0 ? section : decompressed(section, elf.path, inflate),
    ),
  });
}

function decompressed(section: ElfSection, path: string, inflate: Inflate | undefined): ElfSection {
  const { name, content, flags } = section;
  if (content.length < HEADER_BYTES) throw new ElfError(path, `section ${name} is compressed, and has no header`);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [type, sizeBytes, align] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [number, number, number];
  if (type !== ELFCOMPRESS_ZLIB || inflate === undefined)
    throw new ElfError(path, `section ${name} is compressed in a way that is not known here: compile with -gz=none`);
  const packed = content.subarray(HEADER_BYTES);
  const damaged = new ElfError(path, `section ${name} is compressed, and damaged`);
  if (sizeBytes > packed.length * MOST_FOR_A_BYTE || (align & (align - 1)) !== 0) throw damaged;
  let whole: Uint8Array;
  try {
    whole = inflate(packed, sizeBytes);
  } catch {
    throw damaged;
  }
  if (whole.length !== sizeBytes) throw damaged;
  const { index, type: sectionType, address, entrySizeBytes, link, info, fileOffset, relocations } = section;
  return {
    index,
    name,
    type: sectionType,
    flags: flags & ~SHF_COMPRESSED,
    address,
    align: Math.max(1, align),
    entrySizeBytes,
    sizeBytes,
    link,
    info,
    fileOffset,
    content: whole,
    relocations,
  };
}
