/**
 * An AHCI host bus adapter with six ports, as the ICH9's (8086:2922): SATA disks and CD drives. Sources: Serial ATA
 * AHCI 1.3.1; Intel ICH9 data sheet (316972), chapter 14 and 14.4.
 *
 * It interrupts by INTA#; there are no message-signalled interrupts.
 */
import type { AccessBytes, DmaMemory, WindowFactory, Wire } from "../../bus/bus.ts";
import type { StateVisitor } from "../../state/state.ts";
import type { Clock } from "../../time/clock.ts";
import { PciFunction } from "../pci.ts";
import { AhciPort } from "./ahci-port.ts";
import * as ahci from "./ahci-registers.ts";
import type { IdeDrive } from "./ide-drive.ts";

const REGISTERS_BAR = 5;
const REGISTERS_BYTES = 4096;
/** A window of ports: at 10h the offset of a register, at 14h the register (AHCI 1.3.1, 10.14). */
const PAIR_BAR = 4;
const PAIR_BYTES = 32;
const PAIR_INDEX = 0x10;
const PAIR_DATA = 0x14;
const PAIR_INDEX_BITS = 0xffc;
/** Version 1.0, as QEMU's. */
const VERSION = 0x00010000;

const PCI_CAPABILITIES = 0x34;
const PCI_STATUS = 0x06;
const STATUS_CAPABILITIES = 0x0010;
const SATA_CAPABILITY = 0xa8;
const CAPABILITY_SATA = 0x12;
/** Revision 1.0; the pair is behind BAR 4 (number of its register, 8), from dword 4 on. */
const SATA_REVISION = 0x0010;
const SATA_PAIR = 0x00000048;
/** MAP: the mode is AHCI. */
const ADDRESS_MAP = 0x90;
const MAP_AHCI = 0x40;

export interface AhciWires {
  readonly dma: DmaMemory;
  readonly interrupt: Wire;
}

export class AhciController extends PciFunction {
  readonly #ports: readonly AhciPort[];
  readonly #interrupt: Wire;
  #globalControl = ahci.GHC_AHCI;
  #interruptStatus = 0;
  #pairIndex = 0;

  /** A drive for each port, or null. */
  constructor(
    name: string,
    windows: WindowFactory,
    clock: Clock,
    { dma, interrupt }: AhciWires,
    drives: readonly (IdeDrive | null)[],
  ) {
    super(name, { vendor: 0x8086, device: 0x2922, revision: 2, classCode: 0x010601, interruptPin: 1 }, windows);
    this.#interrupt = interrupt;
    const wires = {
      dma,
      clock,
      mayUseBus: () => this.busMasterEnabled,
      interruptsChanged: () => this.#updateInterrupt(),
    };
    this.#ports = Array.from(
      { length: ahci.PORTS },
      (_, port) => new AhciPort(`${name} port ${port}`, drives[port] ?? null, wires),
    );
    this.addIoBar(PAIR_BAR, PAIR_BYTES, {
      readPort: (offset, sizeBytes) => this.#readPair(offset, sizeBytes),
      writePort: (offset, sizeBytes, value) => this.#writePair(offset, sizeBytes, value),
    });
    this.addMemoryBar(REGISTERS_BAR, REGISTERS_BYTES, {
      readMmio: (offset, sizeBytes) => this.#read(offset, sizeBytes),
      writeMmio: (offset, _sizeBytes, value) => this.#write(offset, value),
    });
    this.set16(PCI_STATUS, STATUS_CAPABILITIES);
    this.config[PCI_CAPABILITIES] = SATA_CAPABILITY;
    this.config[SATA_CAPABILITY] = CAPABILITY_SATA;
    this.set16(SATA_CAPABILITY + 2, SATA_REVISION);
    this.set32(SATA_CAPABILITY + 4, SATA_PAIR);
    this.config[ADDRESS_MAP] = MAP_AHCI;
    this.sealConfig();
  }

  override reset(): void {
    super.reset();
    this.#pairIndex = 0;
    for (const port of this.#ports) port.powerOn();
    this.#resetGlobal();
  }

  #resetGlobal(): void {
    this.#globalControl = ahci.GHC_AHCI;
    this.#interruptStatus = 0;
    this.#updateInterrupt();
  }

  override configWritten(first: number, last: number): void {
    super.configWritten(first, last);
    // The bus may be open to it from now on.
    for (const port of this.#ports) port.kick();
  }

  /** A bit of IS stays until software takes it back, and comes again while its port has something to say (5.6.2). */
  #updateInterrupt(): void {
    for (const [number, port] of this.#ports.entries()) if (port.interrupts) this.#interruptStatus |= 1 << number;
    this.#interrupt.set(this.#interruptStatus !== 0 && (this.#globalControl & ahci.GHC_INTERRUPTS) !== 0);
  }

  #portAt(offset: number): AhciPort | undefined {
    return this.#ports[Math.floor((offset - ahci.FIRST_PORT) / ahci.PORT_BYTES)];
  }

  #readRegister(offset: number): number {
    switch (offset) {
      case ahci.CAP:
        return ahci.CAPABILITIES | (ahci.PORTS - 1);
      case ahci.GHC:
        return this.#globalControl;
      case ahci.IS:
        return this.#interruptStatus;
      case ahci.PI:
        return (1 << ahci.PORTS) - 1;
      case ahci.VS:
        return VERSION;
      default:
        return this.#portAt(offset)?.readRegister(offset % ahci.PORT_BYTES) ?? 0;
    }
  }

  /** Registers have 32 bits. What is narrower, or lies across two of them, gets its part of them. */
  #read(offset: number, sizeBytes: AccessBytes): number {
    const [aligned, shift] = [offset & ~3, 8 * (offset & 3)];
    const low = this.#readRegister(aligned) >>> shift;
    const high = shift + 8 * sizeBytes > 32 ? this.#readRegister(aligned + 4) << (32 - shift) : 0;
    return ((low | high) & (0xffffffff >>> (32 - 8 * sizeBytes))) >>> 0;
  }

  /** As in QEMU: what begins in the middle of a register is lost, what is narrower has zeros above it. */
  #write(offset: number, value: number): void {
    if (offset & 3) return;
    switch (offset) {
      case ahci.GHC:
        this.#writeGlobalControl(value);
        break;
      case ahci.IS:
        this.#interruptStatus &= ~value;
        break;
      default:
        this.#portAt(offset)?.writeRegister(offset % ahci.PORT_BYTES, value);
    }
    this.#updateInterrupt();
  }

  #writeGlobalControl(value: number): void {
    if (value & ahci.GHC_RESET) {
      for (const port of this.#ports) port.reset();
      this.#resetGlobal();
    } else this.#globalControl = (ahci.GHC_AHCI | (value & ahci.GHC_INTERRUPTS)) >>> 0;
  }

  #readPair(offset: number, sizeBytes: AccessBytes): number {
    if (sizeBytes !== 4) return 0;
    if (offset === PAIR_INDEX) return this.#pairIndex;
    return offset === PAIR_DATA ? this.#read(this.#pairIndex, sizeBytes) : 0;
  }

  #writePair(offset: number, sizeBytes: AccessBytes, value: number): void {
    if (sizeBytes !== 4) return;
    if (offset === PAIR_INDEX) this.#pairIndex = value & PAIR_INDEX_BITS;
    else if (offset === PAIR_DATA) this.#write(this.#pairIndex, value);
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    visitor.part("AHCI", 1);
    this.#globalControl = visitor.u32(this.#globalControl);
    this.#interruptStatus = visitor.u8(this.#interruptStatus);
    this.#pairIndex = visitor.u16(this.#pairIndex);
    for (const port of this.#ports) port.visitState(visitor);
  }
}
