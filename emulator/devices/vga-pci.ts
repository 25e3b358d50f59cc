/**
 * The display adapter as a PCI function (1234:1111, as QEMU's standard VGA), for what a guest lists and for firmware
 * that finds its video BIOS in an expansion ROM. It has no linear frame buffer: its base address registers stay empty.
 */
import type { WindowFactory } from "../bus/bus.ts";
import { PciFunction } from "./pci.ts";

export class VgaPciFunction extends PciFunction {
  /** `rom` is a PC option ROM, or null. */
  constructor(windows: WindowFactory, rom: Uint8Array | null) {
    super("VGA PCI function", { vendor: 0x1234, device: 0x1111, revision: 2, classCode: 0x030000 }, windows);
    if (rom !== null) this.addExpansionRom(rom);
    this.sealConfig();
  }
}
