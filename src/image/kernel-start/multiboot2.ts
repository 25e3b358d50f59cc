/** Multiboot 2: Multiboot2 Specification 2.0. The information is made here, all but the map of memory. */
import { ImageError } from "../kernel-image.ts";
import { latin1Into } from "../table-bytes.ts";
import type { PlacedModule } from "./multiboot1.ts";
import {
  INFORMATION_BYTES,
  INFORMATION_STAGE,
  type Information,
  type Piece,
  textFrame,
  VBE_BLOCKS_BYTES,
  type WantedMode,
} from "./plan.ts";

const MAGIC = 0xe85250d6;
export const MULTIBOOT2_EAX = 0x36d76289;
const SEARCHED_BYTES = 32768;
const I386 = 0;
const HEAD_BYTES = 16;
const ALIGN = 8;
const OPTIONAL = 1;
const LOADER_NAME = "QuRe starter";
const MAP_BYTES = 64 * 24 + 24;

/** Tags of headers: 3.1.3 to 3.1.13. */
const HEADER = { end: 0, request: 1, addresses: 2, entry: 3, console: 4, framebuffer: 5, align: 6, relocatable: 10 };
/** Tags of the information: 3.6. */
const TAG = { commandLine: 1, loaderName: 2, module: 3, memory: 4, map: 6, vbe: 7, framebuffer: 8 } as const;
const GIVEN: readonly number[] = Object.values(TAG);
/** In the tag of VBE, the blocks come after the mode and three words of its interface. */
const VBE_HEAD_BYTES = 8;

export interface Multiboot2Header {
  readonly offset: number;
  /** What the header says in place of the ELF file's entry. */
  readonly entry: number | null;
  readonly addresses: {
    readonly header: number;
    readonly load: number;
    readonly loadEnd: number;
    readonly bssEnd: number;
  } | null;
  readonly wantedMode: WantedMode | null;
}

/** Null where there is none. Throws an ImageError for one that cannot be served. */
export function findMultiboot2(bytes: Uint8Array, name: string): Multiboot2Header | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = Math.min(bytes.length, SEARCHED_BYTES) - HEAD_BYTES;
  for (let offset = 0; offset <= end; offset += ALIGN) {
    const word = (at: number): number => view.getUint32(offset + at, true);
    if (word(0) !== MAGIC || ((word(0) + word(4) + word(8) + word(12)) & 0xffffffff) !== 0) continue;
    if (word(4) !== I386)
      throw new ImageError(`${name}: its Multiboot2 header is for architecture ${word(4)}, not the i386 (0)`);
    if (offset + word(8) > bytes.length) throw new ImageError(`${name}: its Multiboot2 header is cut off`);
    return readTags(view, offset, offset + word(8), name);
  }
  return null;
}

function readTags(view: DataView, offset: number, end: number, name: string): Multiboot2Header {
  let entry: number | null = null;
  let addresses: Multiboot2Header["addresses"] = null;
  let wantedMode: WantedMode | null = null;
  const refuse = (what: string): never => {
    throw new ImageError(`${name} asks by its Multiboot2 header for ${what}, which the starter does not give`);
  };
  for (let at = offset + HEAD_BYTES; at + ALIGN <= end; ) {
    const type = view.getUint16(at, true);
    const isOptional = (view.getUint16(at + 2, true) & OPTIONAL) !== 0;
    const sizeBytes = view.getUint32(at + 4, true);
    if (type === HEADER.end) break;
    if (sizeBytes < ALIGN || at + sizeBytes > end)
      throw new ImageError(`${name}: a tag of its Multiboot2 header is cut off`);
    const word = (field: number): number =>
      8 + 4 * field + 4 <= sizeBytes ? view.getUint32(at + 8 + 4 * field, true) : 0;
    if (type === HEADER.request) {
      for (let field = 0; 8 + 4 * field < sizeBytes; field++)
        if (!isOptional && !GIVEN.includes(word(field))) refuse(`information of type ${word(field)}`);
    } else if (type === HEADER.addresses)
      addresses = { header: word(0), load: word(1), loadEnd: word(2), bssEnd: word(3) };
    else if (type === HEADER.entry) entry = word(0);
    else if (type === HEADER.framebuffer) wantedMode = { width: word(0), height: word(1), bitsPerPixel: word(2) };
    else if (!isOptional && !Object.values(HEADER).includes(type)) refuse(`tag ${type}`);
    at += Math.ceil(sizeBytes / ALIGN) * ALIGN;
  }
  return { offset, entry, addresses, wantedMode };
}

/** The information with its texts and modules, as a piece of low memory. Its last tag, the map, comes after it. */
export function multiboot2Information(
  commandLine: string,
  modules: readonly PlacedModule[],
  wanted: WantedMode | null,
): { piece: Piece; information: Information } {
  const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
  const text = (value: string): Uint8Array => {
    const bytes = new Uint8Array(value.length + 1);
    latin1Into(bytes, 0, value);
    return bytes;
  };
  const tags: (readonly [type: number, ...parts: Uint8Array[]])[] = [
    // First, so that its place is known: lower and upper memory.
    [TAG.memory, words(0, 0)],
    [TAG.commandLine, text(commandLine)],
    [TAG.loaderName, text(LOADER_NAME)],
    ...modules.map(
      ({ address, endAddress, text: name }) => [TAG.module, words(address, endAddress), text(name)] as const,
    ),
    ...(wanted ? [[TAG.vbe, new Uint8Array(VBE_HEAD_BYTES + VBE_BLOCKS_BYTES)] as const] : []),
    // With room for what a mode with pixels has more than text: where its colours are.
    [TAG.framebuffer, textFrame(), new Uint8Array(wanted ? 8 : 2)],
  ];
  const bytes: number[] = [0, 0, 0, 0, 0, 0, 0, 0];
  const places = new Map<number, number>();
  for (const [type, ...parts] of tags) {
    places.set(type, INFORMATION_STAGE + bytes.length + 8);
    const body = parts.flatMap((part) => [...part]);
    bytes.push(...words(type, 8 + body.length), ...body);
    while (bytes.length % ALIGN !== 0) bytes.push(0);
  }
  if (bytes.length + MAP_BYTES > INFORMATION_BYTES)
    throw new ImageError("the command line and the modules' names are too long: 18 KiB are for them");
  const content = Uint8Array.from(bytes);
  return {
    piece: { what: "the Multiboot2 information", address: INFORMATION_STAGE, content, zeroBytes: 0 },
    information: {
      version: 2,
      memoryAddress: INFORMATION_STAGE + 8 + 8,
      mapAddress: INFORMATION_STAGE + content.length,
      frame: wanted && {
        wanted,
        frameAddress: places.get(TAG.framebuffer)!,
        blocksAddress: places.get(TAG.vbe)! + VBE_HEAD_BYTES,
        numberAddress: places.get(TAG.vbe)!,
      },
    },
  };
}
