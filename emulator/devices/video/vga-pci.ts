/**
 * The display adapter as a PCI function (1234:1111, as QEMU's standard VGA), for what a guest lists and for firmware
 * that finds its video BIOS in an expansion ROM. BAR 0 is the linear frame buffer.
 */
import type { MmioHandler, WindowFactory } from "../../bus/bus.ts";
import { PciFunction } from "../pci.ts";
import { FRAME_BUFFER_BYTES } from "./dispi.ts";

export class VgaPciFunction extends PciFunction {
  /** `rom` is a PC option ROM, or null. */
  constructor(windows: WindowFactory, frameBuffer: MmioHandler, rom: Uint8Array | null) {
    super("VGA PCI function", { vendor: 0x1234, device: 0x1111, revision: 2, classCode: 0x030000 }, windows);
    this.addMemoryBar(0, FRAME_BUFFER_BYTES, frameBuffer);
    this.set32(0x10, 8); // Prefetchable.
    if (rom !== null) this.addExpansionRom(rom);
    this.sealConfig();
  }
}
