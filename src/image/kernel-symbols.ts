/** Names of a kernel's code and data, from the symbol table of the kernel image within a disk, a CD or alone. */
import { inspectImage } from "./inspect.ts";
import { ImageError } from "./kernel-image.ts";

export interface KernelSymbol {
  readonly name: string;
  readonly linearAddress: number;
  /** After the last byte of the kernel: no address from there on belongs to a symbol. */
  readonly endAddress: number;
}

/** Where the loader puts the 32-bit part (boot/loader/loader.inc). */
const KERNEL_BASE = 0x100000;
const MAGIC = 0x4d595351; // "QSYM"
const HEAD_BYTES = 12;

/** Empty where there is no kernel image, or none with names. */
export function kernelSymbols(image: Uint8Array): KernelSymbol[] {
  const read = (offset: number, length: number): Uint8Array => image.subarray(offset, offset + length);
  try {
    const { kernel, bootRecord, bootImageOffset } = inspectImage({ sizeBytes: image.length, read });
    if (!kernel) return [];
    const start = bootRecord ? bootImageOffset + bootRecord.kernelSector * 512 : 0;
    const { symbols, code32 } = kernel.parts;
    const base = KERNEL_BASE + kernel.virtualOffset;
    const endAddress = base + code32.sizeBytes + kernel.bssBytes;
    return readTable(
      image.subarray(start + symbols.offset, start + symbols.offset + symbols.sizeBytes),
      base,
      endAddress,
    );
  } catch (error) {
    if (error instanceof ImageError) return [];
    throw error;
  }
}

function readTable(table: Uint8Array, base: number, endAddress: number): KernelSymbol[] {
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  if (table.length < HEAD_BYTES || view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== 1) return [];
  const count = view.getUint32(8, true);
  const names = HEAD_BYTES + 8 * count;
  if (names > table.length) return [];
  return Array.from({ length: count }, (_, index) => {
    const address = view.getUint32(HEAD_BYTES + 4 * index, true);
    const at = names + view.getUint32(HEAD_BYTES + 4 * (count + index), true);
    const end = table.indexOf(0, at);
    const name = String.fromCharCode(...table.subarray(at, end < 0 ? at : Math.min(end, at + 255)));
    return { name, linearAddress: base + address, endAddress };
  });
}
