/**
 * A CD that boots a kernel which is a plain file: an ELF file by Multiboot 1 or 2 or at its addresses, a Linux bzImage,
 * a .com program, or anything flat. The CD boots by itself on any PC; nothing of it needs this emulator.
 */
import { makeIso } from "../iso9660.ts";
import { ImageError } from "../kernel-image.ts";
import { isElf, readKernelElf } from "./elf.ts";
import { planCom, planFlat } from "./flat.ts";
import { isLinux, planLinux } from "./linux.ts";
import {
  findMultiboot1,
  type Module,
  MULTIBOOT1_EAX,
  multiboot1Information,
  multiboot1Pieces,
  type PlacedModule,
} from "./multiboot1.ts";
import { findMultiboot2, MULTIBOOT2_EAX, type Multiboot2Header, multiboot2Information } from "./multiboot2.ts";
import { endOf, HIGH_MEMORY, INFORMATION_ADDRESS, makeStartImage, PAGE_BYTES, type Piece, type Plan } from "./plan.ts";

export interface KernelStart {
  /** The file's name: kernels get it as the first word of their command line, and `.com` says what a file is. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What follows the name. */
  readonly append: string;
  /** Modules of a Multiboot kernel, or one initial RAM disk. */
  readonly modules: readonly Module[];
  /** Memory of the machine: Linux wants its initial RAM disk at the top. */
  readonly ramBytes: number;
}

/** Is there a word in the file that says it is a kernel? A flat file and a .com have none. */
export function isKernel(bytes: Uint8Array): boolean {
  return isElf(bytes) || isLinux(bytes);
}

/** `starter` is the flat binary of boot/starter. Throws an ImageError with a sentence. */
export function kernelIso(kernel: KernelStart, starter: Uint8Array): Uint8Array<ArrayBuffer> {
  return makeIso(makeStartImage(starter, planOf(kernel)), "QURE_START").bytes;
}

function planOf({ name, bytes, append, modules, ramBytes }: KernelStart): Plan {
  if (isElf(bytes)) return planMultiboot(bytes, name, append, modules);
  if (isLinux(bytes)) return planLinux(bytes, name, append, modules, ramBytes);
  if (findMultiboot1(bytes, name)?.addresses || findMultiboot2(bytes, name)?.addresses)
    return planMultiboot(bytes, name, append, modules);
  if (modules.length > 0)
    throw new ImageError(`${name} is neither a Multiboot kernel nor Linux: nothing is loaded beside it`);
  return /\.com$/i.test(name) ? planCom(bytes, name, append) : planFlat(bytes, name);
}

/** Pieces and entry of a file that says by Multiboot 2 where it belongs. */
function multiboot2Pieces(bytes: Uint8Array, name: string, { offset, addresses, entry }: Multiboot2Header) {
  const pieces = multiboot1Pieces(bytes, name, { offset, addresses: { ...addresses!, entry: 0 } });
  if (entry === null) throw new ImageError(`${name}: its Multiboot2 header has addresses and no entry point`);
  return { pieces, entryAddress: entry };
}

/** An ELF file without a header of either version is entered like one with the first: it may look at what it got. */
function planMultiboot(bytes: Uint8Array, name: string, append: string, modules: readonly Module[]): Plan {
  const first = findMultiboot1(bytes, name);
  const second = first ? null : findMultiboot2(bytes, name);
  const { pieces, entryAddress } = first?.addresses
    ? { pieces: multiboot1Pieces(bytes, name, first), entryAddress: first.addresses.entry }
    : second?.addresses
      ? multiboot2Pieces(bytes, name, second)
      : readKernelElf(bytes, name);
  const placed: PlacedModule[] = [];
  const loaded: Piece[] = [...pieces];
  let next = Math.max(HIGH_MEMORY, ...pieces.map(endOf));
  for (const { text, content } of modules) {
    const address = Math.ceil(next / PAGE_BYTES) * PAGE_BYTES;
    loaded.push({ what: text, address, content, zeroBytes: 0 });
    next = address + content.length;
    placed.push({ text, address, endAddress: next });
  }
  const line = append === "" ? name : `${name} ${append}`;
  const wanted = (first ?? second)?.wantedMode ?? null;
  const make = second ? multiboot2Information : multiboot1Information;
  const { piece, information } = make(line, placed, wanted);
  return {
    name,
    pieces: [...loaded, piece],
    entry: {
      mode: "protected",
      eax: second ? MULTIBOOT2_EAX : MULTIBOOT1_EAX,
      ebx: INFORMATION_ADDRESS,
      address: second?.entry ?? entryAddress,
    },
    information,
    topAddress: next,
  };
}
