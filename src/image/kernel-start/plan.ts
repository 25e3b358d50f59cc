/**
 * What boots a kernel that is a plain file: the starter (boot/starter), a plan of what goes where and how it is
 * entered, and the contents. docs/formats/boot-record.md has the layout, docs/boot.md the reasons.
 */
import { type BootImage, markStartImage } from "../boot-image.ts";
import { ImageError, SECTOR_BYTES } from "../kernel-image.ts";
import { latin1Into } from "../table-bytes.ts";

/** A piece of memory: contents, and zeros after them. */
export interface Piece {
  /** For messages: `segment 2`. */
  readonly what: string;
  readonly address: number;
  readonly content: Uint8Array;
  readonly zeroBytes: number;
}

/** How the processor stands at the kernel's first instruction. */
export type Entry =
  | {
      readonly mode: "protected";
      readonly eax: number;
      readonly ebx: number;
      readonly address: number;
    }
  | {
      /** DOS: interrupts on, and small services of INT 20h and INT 21h. */
      readonly mode: "real" | "real, interrupts on" | "dos";
      readonly segment: number;
      readonly offset: number;
      readonly stackSegment: number;
      readonly stackOffset: number;
      readonly dataSegment: number;
    };

/** A graphics mode that a kernel wants: pixels, and bits a pixel, 0 when it has no preference. */
export interface WantedMode {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
}

/** Where the starter says which mode it has set. */
export interface FrameInformation {
  readonly wanted: WantedMode;
  /** Address, pitch, width, height, bits and kind, until now those of the text screen. */
  readonly frameAddress: number;
  /** VBE's blocks of controller and mode: VBE_BLOCKS_BYTES. */
  readonly blocksAddress: number;
  /** The number of the mode, a u16. */
  readonly numberAddress: number;
}

/** VBE Core Functions Standard 3.0, 4.3 and 4.4: 512 and 256 bytes. */
export const VBE_BLOCKS_BYTES = 768;

/** The text screen as a frame buffer, until a mode is set: address, pitch, width, height, bits of a character, kind. */
export function textFrame(): Uint8Array {
  const bytes = new Uint8Array(22);
  [TEXT_ADDRESS, 0, 160, 80, 25].forEach((value, at) => new DataView(bytes.buffer).setUint32(4 * at, value, true));
  bytes.set([16, EGA_TEXT], 20);
  return bytes;
}

/** Information that the starter completes with what it finds in the machine, while it is at INFORMATION_STAGE. */
export interface Information {
  readonly version: 1 | 2;
  /** Where two words go: KiB of lower and of upper memory. */
  readonly memoryAddress: number;
  readonly mapAddress: number;
  /** Null for a kernel that wants no graphics mode. */
  readonly frame: FrameInformation | null;
}

export interface Plan {
  readonly name: string;
  readonly pieces: readonly Piece[];
  readonly entry: Entry;
  readonly information: Information | null;
  /** RAM must reach up to here. */
  readonly topAddress: number;
}

/** Multiboot2 Specification 2.0, 3.6.12. */
const EGA_TEXT = 2;
const TEXT_ADDRESS = 0xb8000;
const MAGIC = 0x4c505251; // "QRPL"
const VERSION = 2;
const PLAN_BYTES = 8 * SECTOR_BYTES;
const HEAD_BYTES = 152;
const PIECE_BYTES = 16;
const MOVE_BYTES = 12;
const NAME_OFFSET = 64;
const NAME_BYTES = 64;
const FRAME_OFFSET = 128;
/** For a kernel that only says that it wants one. */
const USUAL_MODE: WantedMode = { width: 1024, height: 768, bitsPerPixel: 32 };
const MODES = ["protected", "real", "real, interrupts on", "dos"] as const;
/** What the last steps have room for (LAUNCH_MOVES_MAX), less the information's. */
const MOST_MOVES = 71;
export const PAGE_BYTES = 4096;
/** Extended memory begins here. */
export const HIGH_MEMORY = 0x100000;
/** Below it everything is the starter's until the last steps; what belongs there waits above the rest till then. */
const STARTER_END = 0x20000;
/** Vectors, BIOS data and the last steps: no piece may lie there. The information has a place of its own in between. */
export const FIRST_FREE = 0x7c00;
/** Multiboot information waits here, with all that it points to, for what the starter adds, */
export const INFORMATION_STAGE = 0x1000;
/** and goes here at the end: out of the way of kernels that lay their tables over low memory before they read it. */
export const INFORMATION_ADDRESS = 0x90000;
export const INFORMATION_BYTES = 0x5000;
/** The extended BIOS data area of most PCs begins after this. */
const LOW_MEMORY_END = 0x90000;
/** Stack of a 32-bit kernel until it makes its own: it lies in front of the boot sector, as for a boot sector. */
const STACK_TOP = 0x7c00;

/** Throws an ImageError for a piece that no PC has memory for. */
function checkPlace({ what, address, content, zeroBytes }: Piece): void {
  const end = address + content.length + zeroBytes;
  const isInformation = address >= INFORMATION_STAGE && end <= INFORMATION_STAGE + INFORMATION_BYTES;
  const isLow = address >= FIRST_FREE && end <= LOW_MEMORY_END;
  if (isInformation || isLow || (address >= HIGH_MEMORY && end <= 2 ** 32)) return;
  const range = `${address.toString(16)}h to ${(end - 1).toString(16)}h`;
  throw new ImageError(
    `${what} belongs to ${range}; memory that is free on every PC is 7C00h to 8FFFFh and from 1 MiB on`,
  );
}

/** The plan as sectors, and the contents after it: all that comes after the starter. */
function encodePlan(plan: Plan, firstSector: number): Uint8Array[] {
  const bytes = new Uint8Array(PLAN_BYTES);
  const view = new DataView(bytes.buffer);
  const word = (at: number, value: number): void => view.setUint32(at, value, true);
  plan.pieces.forEach(checkPlace);
  let top = Math.max(plan.topAddress, HIGH_MEMORY, ...plan.pieces.map(endOf));
  let sector = firstSector + PLAN_BYTES / SECTOR_BYTES;
  const moves: (readonly number[])[] = [];
  const contents: Uint8Array[] = [];
  const limit = (PLAN_BYTES - HEAD_BYTES) / (PIECE_BYTES + MOVE_BYTES);
  if (plan.pieces.length > Math.min(limit, MOST_MOVES))
    throw new ImageError(`${plan.name} has ${plan.pieces.length} pieces, more than the starter can keep in mind`);
  plan.pieces.forEach((piece, index) => {
    const { content, zeroBytes } = piece;
    let { address } = piece;
    if (address >= FIRST_FREE && address < STARTER_END) {
      const waiting = Math.ceil(top / PAGE_BYTES) * PAGE_BYTES;
      moves.push([address, waiting, content.length + zeroBytes]);
      address = waiting;
      top = waiting + content.length + zeroBytes;
    }
    [address, content.length, zeroBytes, sector].forEach((value, at) =>
      word(HEAD_BYTES + index * PIECE_BYTES + 4 * at, value),
    );
    const padded = new Uint8Array(Math.ceil(content.length / SECTOR_BYTES) * SECTOR_BYTES);
    padded.set(content);
    contents.push(padded);
    sector += padded.length / SECTOR_BYTES;
  });
  if (plan.information) moves.push([INFORMATION_ADDRESS, INFORMATION_STAGE, INFORMATION_BYTES]);
  moves.flat().forEach((value, at) => word(HEAD_BYTES + plan.pieces.length * PIECE_BYTES + 4 * at, value));
  const head = [MAGIC, VERSION, plan.pieces.length, moves.length, ...entryWords(plan.entry)];
  const information = plan.information;
  if (information) head.push(information.version, INFORMATION_STAGE, information.memoryAddress, information.mapAddress);
  else head.push(0, 0, 0, 0);
  [...head, top].forEach((value, at) => word(4 * at, value));
  if (information?.frame) frameWords(information.frame).forEach((value, at) => word(FRAME_OFFSET + 4 * at, value));
  latin1Into(bytes, NAME_OFFSET, plan.name.replace(/[^ -~]/g, "?").slice(0, NAME_BYTES - 1));
  return [bytes, ...contents];
}

/** Width, height, bits a pixel, and three addresses. */
function frameWords({ wanted, frameAddress, blocksAddress, numberAddress }: FrameInformation): number[] {
  const { width, height } = wanted.width > 0 && wanted.height > 0 ? wanted : USUAL_MODE;
  return [width, height, wanted.bitsPerPixel || USUAL_MODE.bitsPerPixel, frameAddress, blocksAddress, numberAddress];
}

/** Mode, EAX, EBX, ESI, entry, stack, data segment. */
function entryWords(entry: Entry): number[] {
  const mode = MODES.indexOf(entry.mode);
  if (entry.mode === "protected") return [mode, entry.eax, entry.ebx, 0, entry.address, STACK_TOP, 0];
  const far = (segment: number, offset: number): number => segment * 0x10000 + offset;
  const { segment, offset, stackSegment, stackOffset, dataSegment } = entry;
  return [mode, 0, 0, 0, far(segment, offset), far(stackSegment, stackOffset), dataSegment];
}

export function endOf({ address, content, zeroBytes }: Piece): number {
  return address + content.length + zeroBytes;
}

/** Starter, plan and contents as one boot image. `starter` is the flat binary of boot/starter, boot sector first. */
export function makeStartImage(starter: Uint8Array, plan: Plan): BootImage {
  const loaderSectors = Math.ceil(starter.length / SECTOR_BYTES) - 1;
  const kernelSector = loaderSectors + 1;
  const parts = encodePlan(plan, kernelSector);
  const sizeBytes = kernelSector * SECTOR_BYTES + parts.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(sizeBytes);
  bytes.set(starter);
  let at = kernelSector * SECTOR_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  markStartImage(bytes, { loaderSectors, kernelSector });
  return { bytes, loaderSectors, kernelSector };
}
