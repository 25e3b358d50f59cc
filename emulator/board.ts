/**
 * The board: it makes the chips of an i440FX/PIIX PC from the table of its parts (board-parts.ts), and is the bus that
 * the processor sees.
 */
import type { BoardConfig } from "./board-config.ts";
import { type BoardHost, PARTS, type Part, PartList, type Wiring } from "./board-parts.ts";
import { AddressSpace } from "./bus/address-space.ts";
import type { AccessBytes, ProcessorBus } from "./bus/bus.ts";
import { Counters } from "./debug/counters.ts";
import { Rtc146818 } from "./devices/clock/rtc.ts";
import { CoprocessorError } from "./devices/coprocessor-error.ts";
import { FirmwareConfiguration } from "./devices/fw-cfg.ts";
import { Ps2Keyboard } from "./devices/input/ps2-keyboard.ts";
import { Ps2Mouse } from "./devices/input/ps2-mouse.ts";
import { ApicBus } from "./devices/interrupt/apic-bus.ts";
import { InterruptLines } from "./devices/interrupt/interrupt-lines.ts";
import type { IoApicView } from "./devices/interrupt/io-apic.ts";
import type { LocalApic } from "./devices/interrupt/local-apic.ts";
import { InterruptControllers, type PicView } from "./devices/interrupt/pic.ts";
import { PciBus } from "./devices/pci.ts";
import { IsaBridge } from "./devices/piix3.ts";
import { PowerManagement } from "./devices/piix4-pm.ts";
import { DriveBays } from "./devices/storage/drives.ts";
import type { RemovableDrive } from "./devices/storage/removable-drive.ts";
import { Uart16550 } from "./devices/uart.ts";
import { Vga, VIDEO_WINDOW, VIDEO_WINDOW_BYTES } from "./devices/video/vga.ts";
import { MediumFaults } from "./disk/faulty.ts";
import type { Stateful, StateVisitor } from "./state/state.ts";

export type { BoardHost } from "./board-parts.ts";

/** Sees what the processor reads from devices and writes to them, after it has happened. */
export interface BusProbe {
  port(port: number, sizeBytes: AccessBytes, value: number, write: boolean): void;
  mmio(physicalAddress: number, sizeBytes: AccessBytes, value: number, write: boolean): void;
}

export interface InterruptControllersView {
  readonly master: PicView;
  readonly slave: PicView;
  readonly io: IoApicView;
  /** By the processor's number; none where the processor has none. */
  readonly local: readonly LocalApic[];
}

/** Slots before it are the chipset's. */
const FIRST_FREE_SLOT = 3;

export class Board implements ProcessorBus, Stateful {
  readonly vga: Vga;
  readonly keyboard: Ps2Keyboard;
  readonly mouse: Ps2Mouse;
  readonly uarts: readonly Uart16550[];
  readonly power: PowerManagement;
  /** Of all its disks. */
  readonly mediumFaults = new MediumFaults();
  readonly configuration: FirmwareConfiguration | null;
  #probe: BusProbe | null = null;
  readonly #counters: Counters;
  readonly #host: BoardHost;
  readonly #space: AddressSpace;
  /** In the order in which they were made. */
  readonly #parts = new PartList();
  /** Those that are reset, in the order in which that is done, and those of the saved state, in its order. */
  readonly #resetOrder: readonly Part[];
  readonly #stateOrder: readonly Part[];
  readonly #pics: InterruptControllers;
  readonly #apics: ApicBus;
  readonly #coprocessorError: CoprocessorError;
  readonly #drives: DriveBays;
  #resetNs = 0;

  /** The board must be reset before it is used, once the processor's pins in `host` are connected. */
  constructor(config: BoardConfig, host: BoardHost, counters = new Counters()) {
    this.#host = host;
    this.#counters = counters;
    this.#space = new AddressSpace((line) => host.log(line));
    const parts = this.#parts;
    const wiring = this.#wiring(config);
    const made = PARTS.map(({ state, make }) => {
      const found = [make(wiring) ?? []].flat();
      for (const part of found) parts.add(part);
      return { state, found };
    });
    const visited = made.filter(({ state }) => state > 0);
    this.#resetOrder = visited.flatMap(({ found }) => found).reverse();
    this.#stateOrder = visited.sort((one, other) => one.state - other.state).flatMap(({ found }) => found);
    this.vga = parts.the(Vga);
    this.keyboard = parts.the(Ps2Keyboard);
    this.mouse = parts.the(Ps2Mouse);
    this.uarts = parts.all(Uart16550);
    this.power = parts.the(PowerManagement);
    this.configuration = parts.find(FirmwareConfiguration);
    this.#pics = parts.the(InterruptControllers);
    this.#apics = parts.the(ApicBus);
    this.#coprocessorError = parts.the(CoprocessorError);
    this.#drives = parts.the(DriveBays);
  }

  #wiring(config: BoardConfig): Wiring {
    const parts = this.#parts;
    let slot = FIRST_FREE_SLOT;
    return {
      config,
      host: this.#host,
      clock: this.#host.clock,
      space: this.#space,
      parts,
      faults: this.mediumFaults,
      counters: this.#counters,
      irq: (number) => parts.the(InterruptLines).connect(number),
      plug: (make) => {
        const plugged = make(parts.the(IsaBridge).interruptPin(slot, 1));
        parts.the(PciBus).plug(slot++, 0, plugged);
        return plugged;
      },
    };
  }

  /** The drives whose medium can be changed, by QEMU's names. */
  get removableDrives(): ReadonlyMap<string, RemovableDrive> {
    return this.#drives.removable;
  }

  /** All drives take this many times as long from now on; at least 1. */
  slowDrives(factor: number): void {
    this.#drives.slow(factor);
  }

  /** Somebody puts the clock on the board forward. */
  shiftClock(seconds: number): void {
    this.#parts.the(Rtc146818).shift(seconds);
  }

  /** The registers of the interrupt controllers, for debuggers. */
  get interruptControllers(): InterruptControllersView {
    const { master, slave } = this.#pics;
    return { master: master.view, slave: slave.view, io: this.#apics.io.view, local: this.#apics.local };
  }

  /** What is on the PCI bus. */
  get pciFunctions(): PciBus["functions"] {
    return this.#parts.the(PciBus).functions;
  }

  get probe(): BusProbe | null {
    return this.#probe;
  }

  set probe(probe: BusProbe | null) {
    this.#probe = probe;
    this.vga.isWatched = probe !== null;
    this.#host.latches?.watch("probe", probe !== null);
  }

  /** What a debugger sees of the memory of a device: of the VGA's. */
  peek(physicalAddress: number): number | null {
    const offset = physicalAddress - VIDEO_WINDOW;
    return offset >= 0 && offset < VIDEO_WINDOW_BYTES ? this.vga.peek(offset) : null;
  }

  /** The board's reset line: all chips but the processor. */
  reset(): void {
    this.#resetNs = this.#host.clock.nowNs;
    for (const part of this.#resetOrder) part.reset?.();
    this.#host.setA20(true);
  }

  readPort(port: number, sizeBytes: AccessBytes): number {
    this.#counters.portReads++;
    const value = this.#space.readPort(port, sizeBytes);
    this.probe?.port(port, sizeBytes, value, false);
    return value;
  }

  readPortRun(port: number, sizeBytes: AccessBytes, target: Uint8Array): number {
    // A probe sees each access.
    const lengthBytes = this.probe ? 0 : this.#space.readPortRun(port, sizeBytes, target);
    this.#counters.portReads += lengthBytes / sizeBytes;
    return lengthBytes;
  }

  isSteadyPort(port: number): boolean {
    // A probe sees each access.
    return !this.probe && this.#space.isSteadyPort(port);
  }

  writePort(port: number, sizeBytes: AccessBytes, value: number): void {
    this.#counters.portWrites++;
    this.#space.writePort(port, sizeBytes, value);
    this.probe?.port(port, sizeBytes, value, true);
  }

  readMmio(physicalAddress: number, sizeBytes: AccessBytes): number {
    this.#counters.mmioReads++;
    const value = this.#space.readMmio(physicalAddress, sizeBytes);
    this.probe?.mmio(physicalAddress, sizeBytes, value, false);
    return value;
  }

  writeMmio(physicalAddress: number, sizeBytes: AccessBytes, value: number): void {
    this.#counters.mmioWrites++;
    this.#space.writeMmio(physicalAddress, sizeBytes, value);
    this.probe?.mmio(physicalAddress, sizeBytes, value, true);
  }

  // A probe sees each access.
  readMmioRun(physicalAddress: number, sizeBytes: AccessBytes, target: Uint8Array): boolean {
    if (this.probe || !this.#space.readMmioRun(physicalAddress, sizeBytes, target)) return false;
    this.#counters.mmioReads += target.length / sizeBytes;
    return true;
  }

  writeMmioRun(physicalAddress: number, sizeBytes: AccessBytes, source: Uint8Array): boolean {
    if (this.probe || !this.#space.writeMmioRun(physicalAddress, sizeBytes, source)) return false;
    this.#counters.mmioWrites += source.length / sizeBytes;
    return true;
  }

  readTimestamp(): number {
    return Math.floor((this.#host.clock.nowNs - this.#resetNs) / this.#host.tickNs);
  }

  acknowledgeInterrupt(): number {
    return this.apic === null ? this.#pics.acknowledge() : this.apic.acknowledge();
  }

  /** The local APIC of the processor that runs. */
  get apic(): LocalApic | null {
    return this.#apics.local.length === 0 ? null : this.#apics.running;
  }

  /** Someone presses the button for a non-maskable interrupt. */
  pulseNmi(): void {
    if (this.apic === null) this.#host.processors.raiseNmi(0);
    else this.#apics.pulseNmi();
  }

  setNumericError(level: boolean): void {
    this.#coprocessorError.set(level);
  }

  shutdown(report: string): void {
    this.#host.log(report);
    this.#host.requestReset("triple fault");
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("board", 7);
    this.mediumFaults.visitState(visitor);
    this.#resetNs = visitor.integer(this.#resetNs);
    for (const part of this.#stateOrder) part.visitState?.(visitor);
  }
}
