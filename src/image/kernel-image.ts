/**
 * The kernel image that the loader reads: docs/formats/kernel-image.md. Made from a linked kernel, and read back
 * without trusting it.
 */

import { crc32 } from "../bytes/crc32.ts";
import { assert } from "../diagnostic/invariant.ts";
import type { Linked, LinkedSection } from "../linker/link.ts";
import { SHF_ALLOC, STT_FILE, STT_SECTION } from "../object/elf.ts";
import { R, RELOCATION_TYPES } from "../object/relocation-types.ts";
import { linesOf, lineTableBytes } from "./line-table.ts";
import { concat, latin1Into, magic, namePool, words } from "./table-bytes.ts";

export const KERNEL_IMAGE_MAGIC = "QUREKRNL";
const KERNEL_IMAGE_VERSION = 2;
export const KERNEL_HEADER_BYTES = 128;
export const SECTOR_BYTES = 512;
const VIRTUAL_OFFSET_AT = 116;
/** Offset and bytes of what a node fills in when it serves the image. */
const SERVED_AT = 120;
/** Where that begins and ends: asm/kernel.ld. */
const SERVED_SYMBOLS = ["kernel_served", "kernel_served_end"] as const;

/** Names of the output sections of `asm/kernel.ld`. */
const SECTION_16 = ".kernel16";
const SECTION_32 = ".kernel32";

export class ImageError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = "ImageError";
  }
}

export interface KernelImageOptions {
  readonly label: string;
  readonly revision: number;
  /** Address at which the 32-bit part was linked; the image holds it as if it were 0. */
  readonly linkBase: number;
  /** By how much the linear addresses that the 32-bit part runs at are above the physical ones; 0 when left out. */
  readonly virtualOffset?: number;
  /** Symbol at which the loader enters the 16-bit part. */
  readonly entry16: string;
}

/** Where each part lies in the image, in the order of the header. */
export interface KernelImageParts {
  readonly code16: Part;
  readonly code32: Part;
  readonly relocations: Part;
  readonly symbols: Part;
  readonly lines: Part;
}

export interface Part {
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface KernelImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly parts: KernelImageParts;
}

export function makeKernelImage(linked: Linked, options: KernelImageOptions): KernelImage {
  const section = (name: string): LinkedSection | undefined =>
    linked.sections.find((candidate) => candidate.name === name);
  const code32 = section(SECTION_32);
  if (!code32) throw new ImageError(`the linker script makes no section ${SECTION_32}`);
  const code16 = section(SECTION_16);
  const end = Math.max(
    ...linked.sections
      .filter(({ flags, address }) => (flags & SHF_ALLOC) !== 0 && address >= code32.address)
      .map(({ address, sizeBytes }) => address + sizeBytes),
  );
  const offsets = relocationOffsets(code32);
  const entry16 = linked.symbols.find(({ name }) => name === options.entry16);
  const tables = [
    code16?.content ?? new Uint8Array(0),
    relocatedTo0(code32.content, offsets, options.linkBase),
    words([magic("QREL"), 1, offsets.length, ...offsets]),
    symbolTable(linked, options.linkBase),
    lineTableBytes(linesOf(linked, code32)),
  ];
  let offset = KERNEL_HEADER_BYTES;
  const parts = tables.map(({ length }) => {
    const part = { offset, sizeBytes: length };
    offset += Math.ceil(length / 16) * 16;
    return part;
  });
  const bytes = new Uint8Array(Math.ceil(offset / SECTOR_BYTES) * SECTOR_BYTES);
  assert(offset <= bytes.length, "the parts of the kernel image have no room in it");
  assert(
    parts.length === 5 && parts.every((part) => part.offset % 16 === 0),
    "a part of the kernel image is not aligned",
  );
  tables.forEach((table, index) => bytes.set(table, parts[index]!.offset));
  const [part16, part32, relocations, symbols, lines] = parts as [Part, Part, Part, Part, Part];
  const view = new DataView(bytes.buffer);
  latin1Into(bytes, 0, KERNEL_IMAGE_MAGIC);
  const fields = [
    KERNEL_IMAGE_VERSION,
    KERNEL_HEADER_BYTES,
    bytes.length,
    0,
    0,
    options.revision,
    part16.offset,
    part16.sizeBytes,
    part32.offset,
    part32.sizeBytes,
    end - code32.address - code32.sizeBytes,
    linked.entry - options.linkBase,
    relocations.offset,
    relocations.sizeBytes,
    symbols.offset,
    symbols.sizeBytes,
    lines.offset,
    lines.sizeBytes,
    entry16?.value ?? 0,
  ];
  assert(8 + 4 * fields.length <= 84, "the fields of the header reach into its label");
  assert(
    fields.every((field) => Number.isInteger(field) && field >= 0),
    "a field of the header is no number",
  );
  fields.forEach((field, index) => view.setUint32(8 + 4 * index, field, true));
  latin1Into(bytes, 84, options.label.slice(0, 31));
  view.setUint32(VIRTUAL_OFFSET_AT, options.virtualOffset ?? 0, true);
  writeServed(view, linked, options.linkBase, part32);
  view.setUint32(20, crc32(bytes), true);
  assert(
    readKernelHeader(bytes).checksumFound === readKernelHeader(bytes).checksum,
    "the header does not read as it was written",
  );
  return { bytes, parts: { code16: part16, code32: part32, relocations, symbols, lines } };
}

/** Zeros where the kernel has no such symbols. */
function writeServed(header: DataView, linked: Linked, linkBase: number, part32: Part): void {
  const [from, to] = SERVED_SYMBOLS.map((name) => linked.symbols.find((symbol) => symbol.name === name)?.value);
  if (from === undefined || to === undefined) return;
  assert(
    from >= linkBase && to >= from && to - linkBase <= part32.sizeBytes,
    "what a node fills in lies outside of the 32-bit part",
  );
  header.setUint32(SERVED_AT, part32.offset + from - linkBase, true);
  header.setUint32(SERVED_AT + 4, to - from, true);
}

/** A copy in which the dwords at `offsets` count from the kernel's first byte. */
function relocatedTo0(linked: Uint8Array, offsets: readonly number[], linkBase: number): Uint8Array {
  const content = linked.slice();
  assert(
    offsets.every((offset) => offset + 4 <= content.length),
    "the linker applied a relocation outside of the kernel's 32-bit part",
  );
  const view = new DataView(content.buffer);
  for (const offset of offsets) view.setUint32(offset, view.getUint32(offset, true) - linkBase, true);
  return content;
}

/** Every dword of the 32-bit part that holds an address of the 32-bit part or of the bss after it. */
function relocationOffsets(code32: LinkedSection): number[] {
  const offsets: number[] = [];
  for (const { offset, type, target } of code32.relocations) {
    const relocatable = target !== null && target.address >= code32.address && (target.flags & SHF_ALLOC) !== 0;
    if (!relocatable) continue;
    if (type === R.R32) offsets.push(offset);
    else if (!RELOCATION_TYPES.get(type)!.pcRelative) {
      const place = (code32.address + offset).toString(16);
      throw new ImageError(
        `the field at ${place} in ${SECTION_32} holds an address in less than 32 bits, which cannot be relocated`,
      );
    }
  }
  return offsets.sort((a, b) => a - b);
}

function symbolTable(linked: Linked, linkBase: number): Uint8Array {
  const symbols = linked.symbols
    .filter(
      ({ name, type, section }) =>
        section !== null &&
        (section.flags & SHF_ALLOC) !== 0 &&
        section.address >= linkBase &&
        type !== STT_FILE &&
        type !== STT_SECTION &&
        !name.startsWith(".L"),
    )
    .sort((a, b) => a.value - b.value || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const { offsets, bytes } = namePool(symbols.map(({ name }) => name));
  assert(
    symbols.every(({ value }) => value >= linkBase),
    "a name is of something before the kernel",
  );
  return concat([
    words([magic("QSYM"), 1, symbols.length, ...symbols.map(({ value }) => value - linkBase), ...offsets]),
    bytes,
  ]);
}

export interface KernelHeader {
  readonly version: number;
  readonly sizeBytes: number;
  readonly checksum: number;
  readonly checksumFound: number;
  readonly revision: number;
  readonly label: string;
  readonly parts: KernelImageParts;
  /** What a node fills in when it serves the image; no bytes where there is nothing. */
  readonly served: Part;
  readonly bssBytes: number;
  readonly virtualOffset: number;
  readonly entry: number;
  readonly entry16: number;
  /** Entries in each table. */
  readonly relocations: number;
  readonly symbols: number;
  readonly lines: number;
  readonly sourceFiles: number;
}

/** Reads a kernel image from its first byte on. Throws `ImageError`, which says what was found instead. */
export function readKernelHeader(bytes: Uint8Array): KernelHeader {
  if (bytes.length < KERNEL_HEADER_BYTES)
    throw new ImageError(`a kernel image has at least ${KERNEL_HEADER_BYTES} bytes, here are ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = String.fromCharCode(...bytes.subarray(0, 8));
  if (found !== KERNEL_IMAGE_MAGIC)
    throw new ImageError(`no kernel image: expected the magic ${KERNEL_IMAGE_MAGIC}, found ${JSON.stringify(found)}`);
  const word = (offset: number): number => view.getUint32(offset, true);
  if (word(8) !== KERNEL_IMAGE_VERSION)
    throw new ImageError(`kernel image of version ${word(8)}; this program reads version ${KERNEL_IMAGE_VERSION}`);
  const sizeBytes = word(16);
  if (sizeBytes > bytes.length)
    throw new ImageError(`the kernel image is cut off: its header says ${sizeBytes} bytes, here are ${bytes.length}`);
  const part = (offset: number, name: string): Part => {
    const result = { offset: word(offset), sizeBytes: word(offset + 4) };
    if (result.offset + result.sizeBytes > sizeBytes)
      throw new ImageError(`the ${name} of the kernel image lies beyond its end`);
    return result;
  };
  const parts = {
    code16: part(32, "16-bit part"),
    code32: part(40, "32-bit part"),
    relocations: part(56, "relocation table"),
    symbols: part(64, "symbol table"),
    lines: part(72, "source-line table"),
  };
  const count = ({ offset, sizeBytes: size }: Part, index: number): number =>
    size >= 4 * (index + 1) ? word(offset + 4 * index) : 0;
  // Not `slice`: of a Buffer that is no copy.
  const copy = new Uint8Array(bytes.subarray(0, sizeBytes));
  copy.fill(0, 20, 24);
  return {
    version: word(8),
    sizeBytes,
    checksum: word(20),
    checksumFound: crc32(copy),
    revision: word(28),
    label: String.fromCharCode(...bytes.subarray(84, 116)).replace(/\0.*$/s, ""),
    parts,
    served: part(SERVED_AT, "part that nodes fill in"),
    bssBytes: word(48),
    virtualOffset: word(VIRTUAL_OFFSET_AT),
    entry: word(52),
    entry16: word(80),
    relocations: count(parts.relocations, 2),
    symbols: count(parts.symbols, 2),
    lines: count(parts.lines, 4),
    sourceFiles: count(parts.lines, 3),
  };
}
