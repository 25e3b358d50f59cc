/** Multiboot 1: Multiboot Specification 0.6.96. The information is made here, all but the map of memory. */
import { ImageError } from "../kernel-image.ts";
import { latin1Into } from "../table-bytes.ts";
import {
  INFORMATION_ADDRESS,
  INFORMATION_BYTES,
  INFORMATION_STAGE,
  type Information,
  type Piece,
  textFrame,
  VBE_BLOCKS_BYTES,
  type WantedMode,
} from "./plan.ts";

const MAGIC = 0x1badb002;
export const MULTIBOOT1_EAX = 0x2badb002;
const SEARCHED_BYTES = 8192;
/** Bits of the header's flags that a loader must know: 3.1.2. */
const KNOWN_REQUIREMENTS = 0b111;
const HAS_ADDRESSES = 1 << 16;
const WANTS_VIDEO = 1 << 2;
/** In the header's `mode_type`: 3.1.4. */
const LINEAR_GRAPHICS = 0;
/** Bits of the information's flags: 3.3. */
const FLAGS = { memory: 1, bootDevice: 2, commandLine: 4, modules: 8, map: 64, loaderName: 512 } as const;
/** There is a description of the frame buffer; the starter adds VBE's bit when it has set a mode. */
const FRAME_FLAG = 1 << 12;
/** The first hard disk, no partition, as QEMU's -kernel has it: the kernel comes from no disk of its own. */
const BOOT_DEVICE = 0x8000ffff;
const VBE_BLOCKS = 72;
const VBE_NUMBER = 80;
const FRAME = 88;
const HEAD_BYTES = 120;
const MODULE_BYTES = 16;
/** The most that a map of 64 regions takes. */
const MAP_BYTES = 64 * 24;
const LOADER_NAME = "QuRe starter";

export interface Module {
  /** What the kernel is told of it: its name, or what was written after it. */
  readonly text: string;
  readonly content: Uint8Array;
}

export interface PlacedModule {
  readonly text: string;
  readonly address: number;
  readonly endAddress: number;
}

export interface Multiboot1Header {
  readonly offset: number;
  /** Where a file that is no ELF wants to be: 3.1.3. */
  readonly addresses: {
    readonly header: number;
    readonly load: number;
    readonly loadEnd: number;
    readonly bssEnd: number;
    readonly entry: number;
  } | null;
  readonly wantedMode: WantedMode | null;
}

/** Null where there is none. Throws an ImageError for one that cannot be served. */
export function findMultiboot1(bytes: Uint8Array, name: string): Multiboot1Header | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = Math.min(bytes.length, SEARCHED_BYTES) - 12;
  for (let offset = 0; offset <= end; offset += 4) {
    const word = (at: number): number => view.getUint32(offset + at, true);
    if (word(0) !== MAGIC || ((word(0) + word(4) + word(8)) & 0xffffffff) !== 0) continue;
    const flags = word(4);
    const unknown = flags & 0xffff & ~KNOWN_REQUIREMENTS;
    if (unknown !== 0)
      throw new ImageError(`${name} asks by its Multiboot flags ${flags.toString(16)}h for what is not known`);
    const length = flags & WANTS_VIDEO ? 48 : flags & HAS_ADDRESSES ? 32 : 12;
    if (offset + length > bytes.length) throw new ImageError(`${name}: its Multiboot header is cut off`);
    const wantsGraphics = (flags & WANTS_VIDEO) !== 0 && word(32) === LINEAR_GRAPHICS;
    const wantedMode = wantsGraphics ? { width: word(36), height: word(40), bitsPerPixel: word(44) } : null;
    if ((flags & HAS_ADDRESSES) === 0) return { offset, addresses: null, wantedMode };
    const [header, load, loadEnd, bssEnd, entry] = [word(12), word(16), word(20), word(24), word(28)];
    return { offset, addresses: { header, load, loadEnd, bssEnd, entry }, wantedMode };
  }
  return null;
}

/** The pieces of a file that is no ELF but says where it belongs. */
export function multiboot1Pieces(
  bytes: Uint8Array,
  name: string,
  { offset, addresses }: Omit<Multiboot1Header, "wantedMode">,
): Piece[] {
  const { header, load, loadEnd, bssEnd } = addresses!;
  const start = offset - (header - load);
  const length = loadEnd === 0 ? bytes.length - start : loadEnd - load;
  if (load > header || start < 0 || length <= 0 || start + length > bytes.length)
    throw new ImageError(`${name}: the addresses in its Multiboot header do not fit the file`);
  const zeroBytes = bssEnd === 0 ? 0 : Math.max(0, bssEnd - load - length);
  return [{ what: name, address: load, content: bytes.subarray(start, start + length), zeroBytes }];
}

/** The information with its texts and modules, as a piece of low memory. */
export function multiboot1Information(
  commandLine: string,
  modules: readonly PlacedModule[],
  wanted: WantedMode | null,
): { piece: Piece; information: Information } {
  const texts = [commandLine, LOADER_NAME, ...modules.map(({ text }) => text)];
  const modulesAt = HEAD_BYTES;
  const textsAt = modulesAt + modules.length * MODULE_BYTES;
  const places: number[] = [];
  let next = textsAt;
  for (const text of texts) {
    places.push(next);
    next += text.length + 1;
  }
  const blocksAt = Math.ceil(next / 16) * 16;
  const mapAt = blocksAt + (wanted ? VBE_BLOCKS_BYTES : 0);
  if (mapAt + MAP_BYTES > INFORMATION_BYTES)
    throw new ImageError("the command line and the modules' names are too long: 18 KiB are for them");
  const content = new Uint8Array(mapAt);
  const view = new DataView(content.buffer);
  const word = (at: number, value: number): void => view.setUint32(at, value, true);
  word(
    0,
    Object.values(FLAGS).reduce((all, flag) => all | flag, 0),
  );
  word(12, BOOT_DEVICE);
  word(16, INFORMATION_ADDRESS + places[0]!);
  word(20, modules.length);
  word(24, INFORMATION_ADDRESS + modulesAt);
  word(48, INFORMATION_ADDRESS + mapAt);
  word(64, INFORMATION_ADDRESS + places[1]!);
  modules.forEach(({ address, endAddress }, index) => {
    const at = modulesAt + index * MODULE_BYTES;
    word(at, address);
    word(at + 4, endAddress);
    word(at + 8, INFORMATION_ADDRESS + places[2 + index]!);
  });
  if (wanted) {
    word(0, view.getUint32(0, true) | FRAME_FLAG);
    word(VBE_BLOCKS, INFORMATION_ADDRESS + blocksAt);
    word(VBE_BLOCKS + 4, INFORMATION_ADDRESS + blocksAt + 512);
    content.set(textFrame(), FRAME);
  }
  texts.forEach((text, index) => latin1Into(content, places[index]!, text));
  return {
    piece: { what: "the Multiboot information", address: INFORMATION_STAGE, content, zeroBytes: 0 },
    information: {
      version: 1,
      memoryAddress: INFORMATION_STAGE + 4,
      mapAddress: INFORMATION_STAGE + mapAt,
      frame: wanted && {
        wanted,
        frameAddress: INFORMATION_STAGE + FRAME,
        blocksAddress: INFORMATION_STAGE + blocksAt,
        numberAddress: INFORMATION_STAGE + VBE_NUMBER,
      },
    },
  };
}
