/**
 * The display adapter as a PCI function (1234:1111, as QEMU's standard VGA), for what a guest lists and for firmware
 * that finds its video BIOS in an expansion ROM. It has no linear frame buffer: its base address registers stay empty.
 */
import type { MmioHandler } from "../bus.ts";
import type { StateVisitor } from "../state.ts";
import { COMMAND_MEMORY, PciFunction, type Window, type WindowFactory } from "./pci.ts";

const ROM_BASE_ADDRESS = 0x30;
const ROM_ENABLE = 0x01;
const SMALLEST_ROM = 2048;

export class VgaPciFunction extends PciFunction {
  readonly #romWindow: Window | null = null;

  /** `rom` is a PC option ROM, or null. */
  constructor(windows: WindowFactory, rom: Uint8Array | null) {
    super("VGA PCI function", { vendor: 0x1234, device: 0x1111, revision: 2, classCode: 0x030000 }, windows);
    if (rom !== null) {
      let size = SMALLEST_ROM;
      while (size < rom.length) size *= 2;
      const mask = (0x100000000 - size) >>> 0;
      for (let byte = 0; byte < 4; byte++) this.writable[ROM_BASE_ADDRESS + byte] = (mask >>> (8 * byte)) & 0xff;
      this.writable[ROM_BASE_ADDRESS]! |= ROM_ENABLE;
      const handler: MmioHandler = {
        readMmio: (offset, sizeBytes) => {
          let value = 0;
          for (let byte = 0; byte < sizeBytes; byte++) value |= (rom[offset + byte] ?? 0xff) << (8 * byte);
          return value >>> 0;
        },
        writeMmio: () => {},
      };
      this.#romWindow = windows.memoryWindow(size, handler);
    }
    this.sealConfig();
  }

  override reset(): void {
    super.reset();
    this.#placeRom();
  }

  override configWritten(first: number, last: number): void {
    super.configWritten(first, last);
    this.#placeRom();
  }

  #placeRom(): void {
    const register = this.get32(ROM_BASE_ADDRESS);
    const base = (register & ~0x7ff) >>> 0;
    const enabled = register & ROM_ENABLE && this.command & COMMAND_MEMORY && base !== 0 && base < 0xfffc0000;
    this.#romWindow?.place(enabled ? base : null);
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    this.#placeRom();
  }
}
