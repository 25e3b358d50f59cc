/**
 * The PCI bus: functions with their configuration space, base address registers that place windows in the board's
 * address spaces, interrupt pins, and the host bridge's configuration mechanism 1 (ports CF8h and CFCh). Source: PCI
 * Local Bus Specification 2.1, chapter 6 and 3.7.4.1.
 */

import type { AccessBytes, MmioHandler, PortHandler, Window, WindowFactory, Wire } from "../bus/bus.ts";
import { holds } from "../state/invariant.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";

export interface PciIdentity {
  vendor: number;
  device: number;
  revision: number;
  /** Base class, subclass and programming interface: 020000h is an Ethernet controller. */
  classCode: number;
  subsystemVendor?: number;
  subsystem?: number;
  /** 80h marks a device with several functions. */
  headerType?: number;
  /** 1 to 4: INTA# to INTD#. */
  interruptPin?: number;
}

const PCI_COMMAND = 0x04;
const PCI_STATUS = 0x06;
const PCI_INTERRUPT_LINE = 0x3c;
const COMMAND_IO = 0x01;
const COMMAND_MEMORY = 0x02;
const COMMAND_BUS_MASTER = 0x04;
/**
 * Bits of the command register that can be set: I/O, memory, bus master, parity, SERR, and INTx disable (PCI 2.3, as
 * QEMU).
 */
const COMMAND_WRITABLE = 0x0547;

/** Expansion ROM base address: bit 0 enables, and the smallest ROM takes 2 KiB. */
const ROM_BASE_ADDRESS = 0x30;
const ROM_ENABLE = 0x01;
const SMALLEST_ROM = 2048;

interface BaseAddress {
  register: number;
  kind: "memory" | "io" | "rom";
  sizeBytes: number;
  window: Window;
}

/** A window, for whoever looks at the bus from outside. */
export interface PciRegion {
  /** 0 to 5; 6 is the expansion ROM. */
  readonly bar: number;
  readonly kind: BaseAddress["kind"];
  readonly sizeBytes: number;
  readonly address: number;
  /** Something answers there. */
  readonly isPlaced: boolean;
}

const ROM_REGION = 6;

/** Bits of a base address register that are not part of the address. */
const FLAG_BITS = { memory: 0x0f, io: 0x03, rom: 0x7ff } as const;

export class PciFunction implements Stateful {
  /** One memory for the four spaces: V8 asks the host for each, and a cluster has hundreds of functions. */
  readonly #spaces = new ArrayBuffer(4 * 256);
  readonly config = new Uint8Array(this.#spaces, 0, 256);
  /** Bits that the guest can change by writing. */
  readonly writable = new Uint8Array(this.#spaces, 256, 256);
  /** Bits that the guest clears by writing 1. */
  readonly clearable = new Uint8Array(this.#spaces, 512, 256);
  readonly #reset = new Uint8Array(this.#spaces, 768, 256);
  readonly #windows: WindowFactory;
  readonly #baseAddresses: BaseAddress[] = [];
  readonly name: string;

  constructor(name: string, identity: PciIdentity, windows: WindowFactory) {
    this.name = name;
    this.#windows = windows;
    this.set16(0x00, identity.vendor);
    this.set16(0x02, identity.device);
    this.config[0x08] = identity.revision;
    this.config[0x09] = identity.classCode & 0xff;
    this.set16(0x0a, identity.classCode >> 8);
    this.config[0x0e] = identity.headerType ?? 0;
    this.set16(0x2c, identity.subsystemVendor ?? 0x1af4);
    this.set16(0x2e, identity.subsystem ?? 0x1100);
    this.config[0x3d] = identity.interruptPin ?? 0;
    this.writable[PCI_COMMAND] = COMMAND_WRITABLE & 0xff;
    this.writable[PCI_COMMAND + 1] = COMMAND_WRITABLE >> 8;
    this.clearable[PCI_STATUS + 1] = 0xf9;
    this.writable[0x0c] = 0xff;
    if (identity.interruptPin) this.writable[PCI_INTERRUPT_LINE] = 0xff;
  }

  /** Ends construction: what the configuration space holds now is what a reset restores. */
  protected sealConfig(): void {
    this.#reset.set(this.config);
  }

  reset(): void {
    this.config.set(this.#reset);
    this.#placeWindows();
  }

  get command(): number {
    return this.get16(PCI_COMMAND);
  }

  get busMasterEnabled(): boolean {
    return (this.command & COMMAND_BUS_MASTER) !== 0;
  }

  get16(register: number): number {
    return this.config[register]! | (this.config[register + 1]! << 8);
  }

  set16(register: number, value: number): void {
    this.config[register] = value & 0xff;
    this.config[register + 1] = (value >> 8) & 0xff;
  }

  get32(register: number): number {
    return (this.get16(register) | (this.get16(register + 2) << 16)) >>> 0;
  }

  set32(register: number, value: number): void {
    this.set16(register, value & 0xffff);
    this.set16(register + 2, value >>> 16);
  }

  /** Adds a memory window behind the base address register 0-5. `sizeBytes` is a power of two from 16 up. */
  protected addMemoryBar(index: number, sizeBytes: number, handler: MmioHandler): void {
    this.#addBar({
      register: 0x10 + index * 4,
      kind: "memory",
      sizeBytes,
      window: this.#windows.memoryWindow(sizeBytes, handler),
    });
  }

  /** Adds an I/O window. `sizeBytes` is a power of two from 4 up. */
  protected addIoBar(index: number, sizeBytes: number, handler: PortHandler): void {
    this.#addBar({
      register: 0x10 + index * 4,
      kind: "io",
      sizeBytes,
      window: this.#windows.portWindow(sizeBytes, handler),
    });
  }

  /** Adds an expansion ROM, such as a video BIOS or a boot ROM. */
  protected addExpansionRom(rom: Uint8Array): void {
    let sizeBytes = SMALLEST_ROM;
    while (sizeBytes < rom.length) sizeBytes *= 2;
    const handler: MmioHandler = {
      readMmio: (offset, accessBytes) => {
        let value = 0;
        for (let byte = 0; byte < accessBytes; byte++) value |= (rom[offset + byte] ?? 0xff) << (8 * byte);
        return value >>> 0;
      },
      writeMmio: () => {},
    };
    this.#addBar({
      register: ROM_BASE_ADDRESS,
      kind: "rom",
      sizeBytes,
      window: this.#windows.memoryWindow(sizeBytes, handler),
    });
    this.writable[ROM_BASE_ADDRESS]! |= ROM_ENABLE;
  }

  #addBar(bar: BaseAddress): void {
    holds((bar.sizeBytes & (bar.sizeBytes - 1)) === 0, this.name, "a window is no power of two");
    holds(
      !this.#baseAddresses.some(({ register }) => register === bar.register),
      this.name,
      "two windows have one register",
    );
    this.#baseAddresses.push(bar);
    this.set32(bar.register, bar.kind === "io" ? 1 : 0);
    const mask = (0x100000000 - bar.sizeBytes) >>> 0;
    for (let byte = 0; byte < 4; byte++) this.writable[bar.register + byte] = (mask >>> (8 * byte)) & 0xff;
  }

  /** Its windows as the base address registers have them now. */
  get regions(): readonly PciRegion[] {
    return this.#baseAddresses.map(({ register, kind, sizeBytes }) => ({
      bar: register === ROM_BASE_ADDRESS ? ROM_REGION : (register - 0x10) / 4,
      kind,
      sizeBytes,
      address: (this.get32(register) & ~FLAG_BITS[kind]) >>> 0,
      isPlaced: this.#isPlaced(register, kind, sizeBytes),
    }));
  }

  readConfig(register: number): number {
    return this.config[register]!;
  }

  /** Writes one byte; `configWritten` follows once the whole access is done. */
  writeConfig(register: number, value: number): void {
    const mask = this.writable[register]!;
    holds(register >= 0 && register <= 0xff, this.name, "a register beyond its configuration space");
    const kept = this.config[register]! & ~(value & this.clearable[register]!);
    this.config[register] = (kept & ~mask) | (value & mask);
  }

  /** An access has written the registers `first` to `last`. */
  configWritten(first: number, last: number): void {
    if (last >= PCI_COMMAND && first < ROM_BASE_ADDRESS + 4) this.#placeWindows();
  }

  #placeWindows(): void {
    for (const bar of this.#baseAddresses) {
      const base = (this.get32(bar.register) & ~FLAG_BITS[bar.kind]) >>> 0;
      bar.window.place(this.#isPlaced(bar.register, bar.kind, bar.sizeBytes) ? base : null);
    }
  }

  #isPlaced(number: number, kind: BaseAddress["kind"], sizeBytes: number): boolean {
    const register = this.get32(number);
    const isIo = kind === "io";
    const isEnabled = (this.command & (isIo ? COMMAND_IO : COMMAND_MEMORY)) !== 0;
    const base = (register & ~FLAG_BITS[kind]) >>> 0;
    const end = base + sizeBytes;
    // Address 0 and the top of the space count as "not yet assigned" (as while the guest measures the size).
    const fits = base !== 0 && (isIo ? end <= 0x10000 : end < 0x100000000);
    return isEnabled && fits && (kind !== "rom" || (register & ROM_ENABLE) !== 0);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part(this.name, 1);
    visitor.bytes(this.config);
    this.#placeWindows();
  }
}

/** PCI bus 0 of the board, with configuration mechanism 1. */
export class PciBus implements Stateful {
  readonly #functions = new Map<number, PciFunction>();
  /** CONFADD: bit 31 enables, bus in bits 23-16, device 15-11, function 10-8, register 7-2. */
  #address = 0;
  readonly addressPort: PortHandler;
  readonly dataPorts: PortHandler;

  constructor() {
    this.addressPort = {
      readPort: (_offset, sizeBytes) => (sizeBytes === 4 ? this.#address : 0xffffffff >>> (32 - 8 * sizeBytes)),
      writePort: (_offset, sizeBytes, value) => {
        if (sizeBytes === 4) this.#address = value >>> 0;
      },
    };
    this.dataPorts = {
      readPort: (offset, sizeBytes) => this.#readData(offset, sizeBytes),
      writePort: (offset, sizeBytes, value) => this.#writeData(offset, sizeBytes, value),
    };
  }

  /** Plugs a function in at `device` (0-31), `number` (0-7). */
  plug(device: number, number: number, pciFunction: PciFunction): void {
    holds(
      device >= 0 && device < 32 && number >= 0 && number < 8,
      pciFunction.name,
      "a slot that the bus does not have",
    );
    holds(!this.#functions.has((device << 3) | number), pciFunction.name, "its slot is taken");
    this.#functions.set((device << 3) | number, pciFunction);
  }

  /** What is plugged in, in the order of slots. */
  get functions(): readonly { readonly slot: number; readonly number: number; readonly plugged: PciFunction }[] {
    return [...this.#functions]
      .sort(([a], [b]) => a - b)
      .map(([at, plugged]) => ({ slot: at >>> 3, number: at & 7, plugged }));
  }

  reset(): void {
    this.#address = 0;
    for (const pciFunction of this.#functions.values()) pciFunction.reset();
  }

  #selected(): PciFunction | null {
    if (!(this.#address & 0x80000000) || this.#address & 0x00ff0000) return null;
    return this.#functions.get((this.#address >> 8) & 0xff) ?? null;
  }

  #readData(offset: number, sizeBytes: AccessBytes): number {
    const target = this.#selected();
    const register = (this.#address & 0xfc) + offset;
    let value = 0;
    for (let byte = 0; byte < sizeBytes; byte++) {
      const present = target !== null && offset + byte < 4;
      value |= (present ? target.readConfig(register + byte) : 0xff) << (8 * byte);
    }
    return value >>> 0;
  }

  #writeData(offset: number, sizeBytes: AccessBytes, value: number): void {
    const target = this.#selected();
    if (target === null) return;
    const register = (this.#address & 0xfc) + offset;
    const count = Math.min(sizeBytes, 4 - offset);
    for (let byte = 0; byte < count; byte++) target.writeConfig(register + byte, (value >>> (8 * byte)) & 0xff);
    target.configWritten(register, register + count - 1);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("PCI bus", 1);
    this.#address = visitor.u32(this.#address);
    for (const pciFunction of this.#functions.values()) pciFunction.visitState(visitor);
  }
}

/** A wire for an INTx# pin, named by its level: true is "asserted". */
export type InterruptPin = Wire;
