/**
 * The VGA's registers: miscellaneous output, sequencer, graphics controller, CRT controller, attribute controller, DAC
 * and the input status registers. Source: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem". Ports
 * 3B0h-3DFh.
 *
 * A reset leaves the adapter in mode 3 (80x25 colour text) with the standard palette, as its own firmware would, so
 * that a machine without a video BIOS has a screen.
 */
import type { AccessBytes, MmioHandler, PortHandler, VideoMemory } from "../../bus/bus.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Clock } from "../../time/clock.ts";
import { BANK_BYTES, Dispi } from "./dispi.ts";
import { VgaMemory } from "./vga-memory.ts";

/** Where the planes, a part of them, or a bank of the frame buffer are. */
export const VIDEO_WINDOW = 0xa0000;
export const VIDEO_WINDOW_BYTES = 0x20000;

/** Timing of 720x400 at 70 Hz: 449 lines of 900 pixels at 28.322 MHz. */
const LINE_NS = 31_778;
const LINES = 449;
const VISIBLE_LINES = 400;
const RETRACE_FIRST_LINE = 412;
const RETRACE_LAST_LINE = 413;
const VISIBLE_PART_OF_LINE_NS = 25_422;

const CRTC_VERTICAL_RETRACE_END = 0x11;
const CRTC_OVERFLOW = 0x07;
const CRTC_PROTECT = 0x80;

/** Register values of mode 3. */
const MODE3_MISCELLANEOUS = 0x67;
const MODE3_SEQUENCER = [0x03, 0x00, 0x03, 0x00, 0x02] as const;
const MODE3_CRTC = [
  0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f,
  0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
] as const;
const MODE3_GRAPHICS = [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff] as const;
const MODE3_ATTRIBUTE = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0x00, 0x0f,
  0x08, 0x00,
] as const;

/** The EGA's 64 colours: bits 2-0 are red, green, blue at two thirds, bits 5-3 at one third. Components of six bits. */
function egaColour(index: number): [number, number, number] {
  const part = (bit: number): number => ((index >> bit) & 1) * 42 + ((index >> (bit + 3)) & 1) * 21;
  return [part(2), part(1), part(0)];
}

const EGA_COLOURS = Uint8Array.from(Array.from({ length: 64 }, (_, index) => egaColour(index)).flat());

export class Vga implements PortHandler, Stateful {
  readonly #clock: Clock;
  readonly #video: VideoMemory;
  readonly sequencer = new Uint8Array(8);
  readonly graphics = new Uint8Array(16);
  readonly crtc = new Uint8Array(32);
  readonly attribute = new Uint8Array(32);
  /** 256 colours, red, green and blue with six bits each. */
  readonly palette = new Uint8Array(768);
  readonly memory: VgaMemory;
  readonly dispi: Dispi;
  /** The 128 KiB from A0000h: the planes, or a bank of the frame buffer in linear modes. */
  readonly window: MmioHandler = {
    readMmio: (offset, sizeBytes) => this.#behind(offset).readMmio(this.#place(offset), sizeBytes),
    writeMmio: (offset, sizeBytes, value) => this.#behind(offset).writeMmio(this.#place(offset), sizeBytes, value),
    readMmioRun: (offset, _sizeBytes, target) => !this.#isLinear && this.memory.readRun(offset, target),
    writeMmioRun: (offset, _sizeBytes, source) => {
      if (this.#isLinear) return false;
      this.memory.writeRun(offset, source);
      return true;
    },
  };
  pelMask = 0xff;
  /** Where the frame buffer's window is. */
  #frameBufferBase: number | null = null;
  #isWatched = false;
  /** What the processor reaches without asking: bytes of the window, the place of the frame buffer. */
  #shownBytes = 0;
  #shownBase: number | null = null;
  #miscellaneous = 0;
  #featureControl = 0;
  #sequencerIndex = 0;
  #graphicsIndex = 0;
  #crtcIndex = 0;
  #attributeIndex = 0;
  /** The next write to 3C0h is data. A read of input status 1 clears it. */
  #attributeFlipFlop = false;
  #dacReadIndex = 0;
  #dacWriteIndex = 0;
  /** The component of a colour that comes next, 0 to 2: one counter for both ways. */
  #dacComponent = 0;
  #dacState = 0;
  /** Components of a colour that is not whole yet. */
  readonly #dacPartial = new Uint8Array(3);

  constructor(clock: Clock, video: VideoMemory) {
    this.#clock = clock;
    this.#video = video;
    this.memory = new VgaMemory(this, video.bytes);
    this.dispi = new Dispi(
      video.bytes,
      () => this.#show(),
      (base) => {
        this.#frameBufferBase = base;
        this.#show();
      },
    );
    this.reset();
  }

  /** Somebody wants to see each access. */
  set isWatched(isWatched: boolean) {
    this.#isWatched = isWatched;
    this.#show();
  }

  /** Lets the processor reach directly what does nothing but read and store. */
  #show(): void {
    const isLinear = this.#isLinear;
    const windowBytes = this.#isWatched || isLinear ? 0 : this.memory.plainBytes;
    if (windowBytes !== this.#shownBytes) this.#video.showWindow((this.#shownBytes = windowBytes));
    const base = isLinear && !this.#isWatched ? this.#frameBufferBase : null;
    if (base === this.#shownBase) return;
    if (base !== null) this.dispi.letWrite();
    this.#video.showFrameBuffer((this.#shownBase = base));
  }

  reset(): void {
    this.sequencer.fill(0);
    this.graphics.fill(0);
    this.crtc.fill(0);
    this.attribute.fill(0);
    this.sequencer.set(MODE3_SEQUENCER);
    this.graphics.set(MODE3_GRAPHICS);
    this.crtc.set(MODE3_CRTC);
    this.attribute.set(MODE3_ATTRIBUTE);
    this.palette.fill(0);
    this.palette.set(EGA_COLOURS);
    this.dispi.reset();
    this.memory.clear();
    this.pelMask = 0xff;
    this.#miscellaneous = MODE3_MISCELLANEOUS;
    this.#featureControl = 0;
    this.#sequencerIndex = 0;
    this.#graphicsIndex = 0;
    this.#crtcIndex = 0;
    this.#attributeIndex = 0x20;
    this.#attributeFlipFlop = false;
    this.#dacReadIndex = 0;
    this.#dacWriteIndex = 0;
    this.#dacComponent = 0;
    this.#dacState = 0;
    this.#dacPartial.fill(0);
    this.#show();
  }

  get #isLinear(): boolean {
    return this.dispi.isEnabled && this.dispi.bitsPerPixel > 4;
  }

  #behind(offset: number): MmioHandler {
    return this.#isLinear && offset < BANK_BYTES ? this.dispi.frameBuffer : this.memory;
  }

  #place(offset: number): number {
    return this.#isLinear && offset < BANK_BYTES ? this.dispi.bankBytes + offset : offset;
  }

  /** What a read of the window would give, and nothing changes. */
  peek(offset: number): number {
    if (this.#behind(offset) === this.memory) return this.memory.peek(offset);
    return this.dispi.frameBuffer.readMmio(this.#place(offset), 1);
  }

  /** True in text modes. */
  get isText(): boolean {
    return !(this.graphics[6]! & 1) && !this.dispi.isEnabled;
  }

  /** The attribute controller shows the screen (PAS) and the sequencer has not blanked it. */
  get isVisible(): boolean {
    if (this.dispi.isEnabled) return true;
    return (this.#attributeIndex & 0x20) !== 0 && !(this.sequencer[1]! & 0x20);
  }

  /** The CRT controller and input status 1 are at 3Dxh with a colour screen and at 3Bxh with a monochrome one. */
  #decodes(port: number): boolean {
    const isColourPort = port >= 0x3d0;
    const isMonochromePort = port < 0x3c0;
    const colour = (this.#miscellaneous & 1) !== 0;
    return colour ? !isMonochromePort : !isColourPort;
  }

  /** Offset 0 is port 3B0h. */
  readPort(offset: number, _sizeBytes: AccessBytes): number {
    const port = 0x3b0 + offset;
    if (!this.#decodes(port)) return 0xff;
    switch (port) {
      case 0x3c0:
        return this.#attributeFlipFlop ? 0 : this.#attributeIndex;
      case 0x3c1:
        return (this.#attributeIndex & 0x1f) < 21 ? this.attribute[this.#attributeIndex & 0x1f]! : 0;
      case 0x3c2:
        return 0x10; // Input status 0: the monitor senses as colour.
      case 0x3c3:
        return 0x01;
      case 0x3c4:
        return this.#sequencerIndex;
      case 0x3c5:
        return this.sequencer[this.#sequencerIndex]!;
      case 0x3c6:
        return this.pelMask;
      case 0x3c7:
        return this.#dacState;
      case 0x3c8:
        return this.#dacWriteIndex;
      case 0x3c9:
        return this.#readDac();
      case 0x3ca:
        return this.#featureControl;
      case 0x3cc:
        return this.#miscellaneous;
      case 0x3ce:
        return this.#graphicsIndex;
      case 0x3cf:
        return this.graphics[this.#graphicsIndex]!;
      case 0x3b4:
      case 0x3d4:
        return this.#crtcIndex;
      case 0x3b5:
      case 0x3d5:
        return this.crtc[this.#crtcIndex]!;
      case 0x3ba:
      case 0x3da:
        this.#attributeFlipFlop = false;
        return this.#inputStatus1();
      default:
        return 0xff;
    }
  }

  writePort(offset: number, _sizeBytes: AccessBytes, value: number): void {
    const port = 0x3b0 + offset;
    if (!this.#decodes(port)) return;
    switch (port) {
      case 0x3c0:
        this.#writeAttribute(value);
        break;
      case 0x3c2:
        this.#miscellaneous = value & ~0x10;
        break;
      case 0x3c4:
        this.#sequencerIndex = value & 7;
        break;
      case 0x3c5:
        this.sequencer[this.#sequencerIndex] = value;
        this.#show();
        break;
      case 0x3c6:
        this.pelMask = value;
        break;
      case 0x3c7:
        this.#dacReadIndex = value;
        this.#dacComponent = 0;
        this.#dacState = 3;
        break;
      case 0x3c8:
        this.#dacWriteIndex = value;
        this.#dacComponent = 0;
        this.#dacState = 0;
        break;
      case 0x3c9:
        this.#writeDac(this.dispi.isDac8Bit ? value : value & 0x3f);
        break;
      case 0x3ce:
        this.#graphicsIndex = value & 15;
        break;
      case 0x3cf:
        this.graphics[this.#graphicsIndex] = value;
        this.#show();
        break;
      case 0x3b4:
      case 0x3d4:
        this.#crtcIndex = value & 31;
        break;
      case 0x3b5:
      case 0x3d5:
        this.#writeCrtc(value);
        break;
      case 0x3ba:
      case 0x3da:
        this.#featureControl = value & 0x0b;
        break;
      default: // The other ports of the range are read only or not there.
    }
  }

  /** A colour is stored as a whole, with its third component. */
  #writeDac(value: number): void {
    this.#dacPartial[this.#dacComponent] = value;
    this.#dacComponent = (this.#dacComponent + 1) % 3;
    if (this.#dacComponent !== 0) return;
    this.palette.set(this.#dacPartial, this.#dacWriteIndex * 3);
    this.#dacWriteIndex = (this.#dacWriteIndex + 1) & 0xff;
  }

  #readDac(): number {
    const value = this.palette[this.#dacReadIndex * 3 + this.#dacComponent]!;
    this.#dacComponent = (this.#dacComponent + 1) % 3;
    if (this.#dacComponent === 0) this.#dacReadIndex = (this.#dacReadIndex + 1) & 0xff;
    return value;
  }

  #writeAttribute(value: number): void {
    if (!this.#attributeFlipFlop) {
      this.#attributeIndex = value & 0x3f;
    } else {
      const index = this.#attributeIndex & 0x1f;
      // The palette registers can be written only while the screen does not use them (PAS = 0).
      if (index >= 16 || !(this.#attributeIndex & 0x20)) this.attribute[index] = value & (index < 16 ? 0x3f : 0xff);
    }
    this.#attributeFlipFlop = !this.#attributeFlipFlop;
  }

  #writeCrtc(value: number): void {
    const index = this.#crtcIndex;
    if (index <= CRTC_OVERFLOW && this.crtc[CRTC_VERTICAL_RETRACE_END]! & CRTC_PROTECT) {
      // Only bit 4 of the overflow register, the line compare, escapes the protection.
      if (index === CRTC_OVERFLOW) this.crtc[index] = (this.crtc[index]! & ~0x10) | (value & 0x10);
      return;
    }
    this.crtc[index] = value;
  }

  /** Bit 0: no pixel is shown now; bit 3: vertical retrace. The beam's place follows from the time. */
  #inputStatus1(): number {
    const inFrame = this.#clock.nowNs % (LINE_NS * LINES);
    const line = Math.floor(inFrame / LINE_NS);
    const blank = line >= VISIBLE_LINES || inFrame % LINE_NS >= VISIBLE_PART_OF_LINE_NS;
    const retrace = line >= RETRACE_FIRST_LINE && line <= RETRACE_LAST_LINE;
    return (blank ? 0x01 : 0) | (retrace ? 0x08 : 0);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("VGA", 3);
    for (const registers of [this.sequencer, this.graphics, this.crtc, this.attribute, this.palette])
      visitor.bytes(registers);
    this.memory.visitState(visitor);
    this.dispi.visitState(visitor);
    this.pelMask = visitor.u8(this.pelMask);
    this.#miscellaneous = visitor.u8(this.#miscellaneous);
    this.#featureControl = visitor.u8(this.#featureControl);
    this.#sequencerIndex = visitor.u8(this.#sequencerIndex);
    this.#graphicsIndex = visitor.u8(this.#graphicsIndex);
    this.#crtcIndex = visitor.u8(this.#crtcIndex);
    this.#attributeIndex = visitor.u8(this.#attributeIndex);
    this.#attributeFlipFlop = visitor.bool(this.#attributeFlipFlop);
    this.#dacReadIndex = visitor.u8(this.#dacReadIndex);
    this.#dacWriteIndex = visitor.u8(this.#dacWriteIndex);
    this.#dacComponent = visitor.u8(this.#dacComponent);
    this.#dacState = visitor.u8(this.#dacState);
    visitor.bytes(this.#dacPartial);
    if (visitor.restoring) this.#show();
  }
}
