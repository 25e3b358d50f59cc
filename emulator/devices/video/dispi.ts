/**
 * The Bochs display interface, by which firmware and drivers set linear modes up to 1920 x 1200 with 32 bits a pixel:
 * an index at port 1CEh, data at 1CFh, and 16 MiB of frame buffer in a PCI window, whose beginning is the VGA's own
 * memory. Source: the interface's description in Bochs' and QEMU's documentation ("vbe-dispi", version B0C5h).
 */
import type { AccessBytes, MmioHandler, PortHandler } from "../../bus/bus.ts";
import { clearTouched, isZero, PAGE_BYTES } from "../../state/pages.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import { PLANES_BYTES } from "./vga-memory.ts";

export const FRAME_BUFFER_BYTES = 16 * 1024 * 1024;
const FIRST_VERSION = 0xb0c0;
const LAST_VERSION = 0xb0c5;
const WIDTH_MAX = 1920;
const HEIGHT_MAX = 1200;
const BITS_MAX = 32;

/** Registers by index. */
const ID = 0;
const WIDTH = 1;
const HEIGHT = 2;
const BITS = 3;
const ENABLE = 4;
const BANK = 5;
const VIRTUAL_WIDTH = 6;
const VIRTUAL_HEIGHT = 7;
const X_OFFSET = 8;
const Y_OFFSET = 9;
const MEMORY_64K = 10;
const REGISTERS = 11;

const ENABLED = 0x01;
const GET_CAPABILITIES = 0x02;
const DAC_8BIT = 0x20;
const NO_CLEAR = 0x80;
export const BANK_BYTES = 0x10000;

/** How many bytes there are up to the last one that is not zero. */
function usedBytes(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && isZero(bytes.subarray(end - PAGE_BYTES, end))) end -= PAGE_BYTES;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

export class Dispi implements Stateful {
  readonly ports: PortHandler;
  readonly frameBuffer: MmioHandler;
  readonly #registers = new Uint16Array(REGISTERS);
  readonly #bytes: Uint8Array;
  /** What lies behind those; made when the guest first writes there. */
  #rest: Uint8Array | null = null;
  readonly #modeChanged: () => void;
  #index = 0;
  /** What lies above the VGA's memory may hold something. */
  #isUpperUsed = false;

  /**
   * `video`: the frame buffer's first bytes, zeros; those begin with the VGA's memory. `placed`: where its window lies
   * now.
   */
  constructor(video: Uint8Array, modeChanged: () => void, placed: (base: number | null) => void) {
    this.#bytes = video;
    this.#modeChanged = modeChanged;
    this.ports = {
      readPort: (offset) => (offset === 0 ? this.#index : this.#read()),
      writePort: (offset, _sizeBytes, value) => {
        if (offset === 0) this.#index = value;
        else {
          this.#write(value);
          this.#modeChanged();
        }
      },
    };
    this.frameBuffer = {
      readMmio: (offset, sizeBytes) => this.#readBytes(offset, sizeBytes),
      writeMmio: (offset, sizeBytes, value) => this.#writeBytes(offset, sizeBytes, value),
      placed,
    };
    this.reset();
  }

  reset(): void {
    this.#registers.fill(0);
    this.#registers[ID] = LAST_VERSION;
    this.#index = 0;
    this.#clearUpper();
  }

  #clearUpper(): void {
    if (this.#isUpperUsed) clearTouched(this.#bytes, PLANES_BYTES);
    this.#isUpperUsed = false;
    this.#rest = null;
  }

  /** The processor writes the frame buffer without asking from now on. */
  letWrite(): void {
    this.#isUpperUsed = true;
  }

  get isEnabled(): boolean {
    return (this.#registers[ENABLE]! & ENABLED) !== 0;
  }

  get isDac8Bit(): boolean {
    return (this.#registers[ENABLE]! & DAC_8BIT) !== 0;
  }

  get width(): number {
    return this.#registers[WIDTH]!;
  }

  get height(): number {
    return this.#registers[HEIGHT]!;
  }

  get bitsPerPixel(): number {
    return this.#registers[BITS]!;
  }

  /** Bytes from line to line; addresses of a plane with 4 bits a pixel. */
  get pitchBytes(): number {
    const bits = this.bitsPerPixel;
    return bits === 4 ? this.#registers[VIRTUAL_WIDTH]! >> 3 : this.#registers[VIRTUAL_WIDTH]! * ((bits + 7) >> 3);
  }

  get startBytes(): number {
    const bits = this.bitsPerPixel;
    const inLine = bits === 4 ? this.#registers[X_OFFSET]! >> 3 : this.#registers[X_OFFSET]! * ((bits + 7) >> 3);
    return this.#registers[Y_OFFSET]! * this.pitchBytes + inLine;
  }

  /** Where the window at A0000h begins in the frame buffer while a linear mode is on. */
  get bankBytes(): number {
    return this.#registers[BANK]! * BANK_BYTES;
  }

  /** A byte of the frame buffer. */
  peek(offset: number): number {
    const { length } = this.#bytes;
    return (offset < length ? this.#bytes[offset] : this.#rest?.[offset - length]) ?? 0;
  }

  #poke(offset: number, value: number): void {
    const { length } = this.#bytes;
    if (offset >= length) (this.#rest ??= new Uint8Array(FRAME_BUFFER_BYTES - length))[offset - length] = value;
    else this.#bytes[offset] = value;
    if (offset >= PLANES_BYTES) this.#isUpperUsed = true;
  }

  #readBytes(offset: number, sizeBytes: AccessBytes): number {
    let value = 0;
    for (let byte = 0; byte < sizeBytes; byte++) value |= this.peek(offset + byte) << (8 * byte);
    return value >>> 0;
  }

  #writeBytes(offset: number, sizeBytes: AccessBytes, value: number): void {
    for (let byte = 0; byte < sizeBytes; byte++) this.#poke(offset + byte, (value >>> (8 * byte)) & 0xff);
  }

  #read(): number {
    const index = this.#index;
    if (index === MEMORY_64K) return FRAME_BUFFER_BYTES / BANK_BYTES;
    if (index >= REGISTERS) return 0;
    if (this.#registers[ENABLE]! & GET_CAPABILITIES && index >= WIDTH && index <= BITS)
      return [WIDTH_MAX, HEIGHT_MAX, BITS_MAX][index - WIDTH]!;
    return this.#registers[index]!;
  }

  #write(value: number): void {
    const registers = this.#registers;
    switch (this.#index) {
      case ID:
        if (value >= FIRST_VERSION && value <= LAST_VERSION) registers[ID] = value;
        break;
      case WIDTH:
        if (value <= WIDTH_MAX && value % 8 === 0) registers[WIDTH] = value;
        break;
      case HEIGHT:
        if (value <= HEIGHT_MAX) registers[HEIGHT] = value;
        break;
      case BITS:
        if ([4, 8, 15, 16, 24, 32].includes(value)) registers[BITS] = value;
        else if (value === 0) registers[BITS] = 8;
        break;
      case ENABLE:
        this.#enable(value);
        break;
      case BANK:
        if (value < FRAME_BUFFER_BYTES / BANK_BYTES) registers[BANK] = value;
        break;
      case VIRTUAL_WIDTH:
        if (value >= registers[WIDTH]! && this.#fits(value, registers[HEIGHT]!)) {
          registers[VIRTUAL_WIDTH] = value;
          registers[VIRTUAL_HEIGHT] = this.#mostLines(value);
        }
        break;
      case X_OFFSET:
        if (value + registers[WIDTH]! <= registers[VIRTUAL_WIDTH]!) registers[X_OFFSET] = value;
        break;
      case Y_OFFSET:
        if (value + registers[HEIGHT]! <= registers[VIRTUAL_HEIGHT]!) registers[Y_OFFSET] = value;
        break;
      default: // What is left can only be read.
    }
  }

  #mostLines(width: number): number {
    const bits = this.bitsPerPixel;
    const lineBytes = bits === 4 ? width / 2 : width * ((bits + 7) >> 3);
    return Math.min(0xffff, Math.floor(FRAME_BUFFER_BYTES / Math.max(1, lineBytes)));
  }

  #fits(width: number, height: number): boolean {
    return this.#mostLines(width) >= height;
  }

  #enable(value: number): void {
    const registers = this.#registers;
    if (value & ENABLED && !this.isEnabled) {
      registers[VIRTUAL_WIDTH] = registers[WIDTH]!;
      registers[VIRTUAL_HEIGHT] = this.#mostLines(registers[WIDTH]!);
      registers[X_OFFSET] = 0;
      registers[Y_OFFSET] = 0;
      registers[BANK] = 0;
      if (!(value & NO_CLEAR)) {
        clearTouched(this.#bytes, 0, PLANES_BYTES);
        this.#clearUpper();
      }
    } else if (!(value & ENABLED)) registers[BANK] = 0;
    registers[ENABLE] = value;
  }

  /** What lies above the VGA's memory, up to the last byte that is not zero. */
  #upper(): Uint8Array {
    const rest = usedBytes(this.#rest ?? new Uint8Array(0));
    if (rest === 0) return this.#bytes.subarray(PLANES_BYTES, Math.max(PLANES_BYTES, usedBytes(this.#bytes)));
    const near = this.#bytes.subarray(PLANES_BYTES);
    const upper = new Uint8Array(near.length + rest);
    upper.set(near);
    upper.set(this.#rest!.subarray(0, rest), near.length);
    return upper;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("display interface", 1);
    for (let index = 0; index < REGISTERS; index++) this.#registers[index] = visitor.u16(this.#registers[index]!);
    this.#index = visitor.u16(this.#index);
    const part = visitor.blob(this.#isUpperUsed ? this.#upper() : new Uint8Array(0));
    if (!visitor.restoring) return;
    this.#clearUpper();
    const near = part.subarray(0, this.#bytes.length - PLANES_BYTES);
    this.#bytes.set(near, PLANES_BYTES);
    this.#isUpperUsed = part.length > 0;
    if (part.length === near.length) return;
    this.#rest = new Uint8Array(FRAME_BUFFER_BYTES - this.#bytes.length);
    this.#rest.set(part.subarray(near.length));
  }
}
