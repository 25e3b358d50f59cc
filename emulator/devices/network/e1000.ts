/**
 * The Intel 82540EM gigabit Ethernet controller (8086:100E) as QEMU's `e1000` shows it: a memory window of 128 KiB, an
 * I/O window of 64 bytes, INTA#. This file holds the control registers and interrupts; the EEPROM, PHY, transmit and
 * receive sides, and statistics have files of their own. Source: Software Developer's Manual (317453).
 */
import type { AccessBytes, DmaMemory, MmioHandler, PortHandler, WindowFactory, Wire } from "../../bus/bus.ts";
import type { EthernetFrame, EthernetPort, EthernetReceiver } from "../../ether/port.ts";
import { clearTouched } from "../../state/pages.ts";
import type { StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";
import { PciFunction } from "../pci.ts";
import { E1000Eeprom } from "./e1000-eeprom.ts";
import { E1000Phy, MDIC_INTERRUPT } from "./e1000-phy.ts";
import { E1000Receiver } from "./e1000-receive.ts";
import {
  CTRL,
  CTRL_PHY_RST,
  CTRL_RST,
  CTRL_SLU,
  EECD,
  EERD,
  ICR,
  ICR_LSC,
  ICR_MDAC,
  ICS,
  IMC,
  IMS,
  ITR,
  LEDCTL,
  MANC,
  MDIC,
  PBA,
  RAH,
  RAH_AV,
  RAL,
  RCTL,
  RCTL_LBM,
  RDT,
  REGISTER_BYTES,
  RegisterFile,
  STATUS,
  STATUS_LU,
  TCTL,
  TDT,
  VET,
  writableBits,
} from "./e1000-registers.ts";
import { E1000Statistics, isStatistic } from "./e1000-statistics.ts";
import { E1000Transmitter } from "./e1000-transmit.ts";

const MEMORY_WINDOW_BYTES = 0x20000;
const IO_WINDOW_BYTES = 64;
/** Time from a write to TDT until the descriptors have been fetched and the frames handed to the wire. */
const TRANSMIT_NS = 2_000;
/** Unit of ITR. */
const THROTTLE_UNIT_NS = 256;
/** Causes that exist. */
const CAUSE_MASK = 0x0001ffff;
/** The longest frame that the virtual wire takes, without FCS and with a VLAN tag. */
const LONGEST_FRAME = 1518;
const SHORTEST_FRAME = 14;

/** 1000 Mb/s full duplex, link-up bit apart. */
const STATUS_RESET = 0x80080781;

export interface E1000Wires {
  dma: DmaMemory;
  interrupt: Wire;
  port: EthernetPort;
  macAddress: Uint8Array;
  /** For the card's expansion ROM; null for none. */
  bootRom: Uint8Array | null;
}

export class E1000 extends PciFunction implements EthernetReceiver, MmioHandler {
  readonly #clock: Clock;
  readonly #wires: E1000Wires;
  readonly #registers = new RegisterFile();
  readonly #eeprom: E1000Eeprom;
  readonly #phy: E1000Phy;
  readonly #statistics = new E1000Statistics(this.#registers);
  readonly #transmitter: E1000Transmitter;
  readonly #receiver: E1000Receiver;
  readonly #transmitTimer: Timer;
  readonly #throttleTimer: Timer;
  #interrupting = false;
  /** IOADDR: the register that IODATA reaches. */
  #ioAddress = 0;

  constructor(name: string, windows: WindowFactory, clock: Clock, wires: E1000Wires) {
    super(name, { vendor: 0x8086, device: 0x100e, revision: 3, classCode: 0x020000, interruptPin: 1 }, windows);
    this.#clock = clock;
    this.#wires = wires;
    this.#eeprom = new E1000Eeprom(wires.macAddress);
    this.#phy = new E1000Phy(clock, name, wires.port.linkUp, () => this.#linkStateChanged());
    this.#transmitter = new E1000Transmitter(this.#registers, wires.dma, {
      send: (frame) => this.#send(frame),
      segmented: () => this.#statistics.segmented(),
    });
    this.#receiver = new E1000Receiver(this.#registers, wires.dma, this.#statistics);
    this.#transmitTimer = clock.timer(`${name} transmit`, () => this.#raise(this.#transmitter.run()));
    this.#throttleTimer = clock.timer(`${name} throttle`, () => this.#updateInterrupt());
    this.addMemoryBar(0, MEMORY_WINDOW_BYTES, this);
    const ioPorts: PortHandler = {
      readPort: (offset, sizeBytes) => this.#readIo(offset, sizeBytes),
      writePort: (offset, sizeBytes, value) => this.#writeIo(offset, sizeBytes, value),
    };
    this.addIoBar(1, IO_WINDOW_BYTES, ioPorts);
    if (wires.bootRom !== null) this.addExpansionRom(wires.bootRom);
    this.sealConfig();
    this.#resetMac();
  }

  override reset(): void {
    super.reset();
    this.#eeprom.reset();
    this.#phy.reset();
    this.#resetMac();
  }

  becomeAnother(): void {
    const mask = this.#registers.get(IMS);
    this.#resetMac();
    this.#registers.set(IMS, mask);
    this.#raise(ICR_LSC);
  }

  /** CTRL.RST, and power on: all registers as the EEPROM sets them. */
  #resetMac(): void {
    this.#transmitTimer.disarm();
    this.#throttleTimer.disarm();
    this.#transmitter.reset();
    this.#receiver.reset();
    this.#ioAddress = 0;
    const registers = this.#registers;
    clearTouched(new Uint8Array(registers.words.buffer));
    registers.set(CTRL, 0x00140240);
    registers.set(STATUS, STATUS_RESET | (this.#phy.linkUp ? STATUS_LU : 0));
    registers.set(LEDCTL, 0x00000602);
    registers.set(PBA, 0x00100030);
    registers.set(MANC, 0x00222300);
    registers.set(VET, 0x8100);
    const word = (index: number): number => this.#eeprom.word(index);
    registers.set(RAL, (word(0) | (word(1) << 16)) >>> 0);
    registers.set(RAH, (word(2) | RAH_AV) >>> 0);
    this.#updateInterrupt();
  }

  // The wire's side.

  receive(frame: EthernetFrame): void {
    if (this.#phy.linkUp && !this.#isLoopback()) this.#raise(this.#receiver.accept(frame));
  }

  linkChanged(up: boolean): void {
    this.#phy.setCable(up);
  }

  #linkStateChanged(): void {
    const status = this.#registers.get(STATUS) & ~STATUS_LU;
    this.#registers.set(STATUS, this.#phy.linkUp ? status | STATUS_LU : status);
    this.#raise(ICR_LSC);
  }

  #isLoopback(): boolean {
    return this.#phy.loopback || (this.#registers.get(RCTL) & RCTL_LBM) !== 0;
  }

  #send(frame: Uint8Array): void {
    if (frame.length < SHORTEST_FRAME || frame.length > LONGEST_FRAME) return;
    this.#statistics.sent(frame);
    if (this.#isLoopback()) this.#raise(this.#receiver.accept(frame));
    else if (this.#phy.linkUp) this.#wires.port.transmit(frame);
  }

  // The guest's side. Accesses narrower than a register act on the register's lower bytes, as on QEMU's card.

  readMmio(offset: number, sizeBytes: AccessBytes): number {
    const value = this.#readRegister(offset & ~3) >>> (8 * (offset & 3));
    return (value & (0xffffffff >>> (32 - 8 * sizeBytes))) >>> 0;
  }

  writeMmio(offset: number, _sizeBytes: AccessBytes, value: number): void {
    this.#writeRegister(offset & ~3, value >>> 0);
  }

  #readIo(offset: number, sizeBytes: AccessBytes): number {
    if ((offset & ~3) === 0) return (this.#ioAddress >>> (8 * offset)) & (0xffffffff >>> (32 - 8 * sizeBytes));
    return (offset & ~3) === 4 ? this.readMmio(this.#ioAddress + (offset & 3), sizeBytes) : 0;
  }

  #writeIo(offset: number, sizeBytes: AccessBytes, value: number): void {
    if (offset === 0) this.#ioAddress = value & (MEMORY_WINDOW_BYTES - 1);
    else if (offset === 4) this.writeMmio(this.#ioAddress, sizeBytes, value);
  }

  #readRegister(offset: number): number {
    if (offset >= REGISTER_BYTES) return 0;
    if (isStatistic(offset)) return this.#statistics.read(offset);
    switch (offset) {
      case EECD:
        return this.#eeprom.readEecd();
      case ICR: {
        const causes = this.#registers.get(ICR);
        this.#registers.set(ICR, 0);
        this.#updateInterrupt();
        return causes;
      }
      case ICS:
        return this.#registers.get(ICR);
      default:
        return this.#registers.get(offset);
    }
  }

  #writeRegister(offset: number, value: number): void {
    const registers = this.#registers;
    if (offset >= REGISTER_BYTES) return;
    switch (offset) {
      case CTRL:
        this.#writeControl(value);
        return;
      case EECD:
        this.#eeprom.writeEecd(value);
        return;
      case EERD:
        registers.set(EERD, this.#eeprom.readThroughEerd(value));
        return;
      case MDIC:
        registers.set(MDIC, this.#phy.manage(value));
        if (value & MDIC_INTERRUPT) this.#raise(ICR_MDAC);
        return;
      case ICR: // Writing 1 clears, too.
        registers.set(ICR, registers.get(ICR) & ~value);
        this.#updateInterrupt();
        return;
      case ICS:
        this.#raise(value & CAUSE_MASK);
        return;
      case IMS:
        registers.set(IMS, (registers.get(IMS) | value) & CAUSE_MASK);
        this.#updateInterrupt();
        return;
      case IMC:
        registers.set(IMS, registers.get(IMS) & ~value);
        this.#updateInterrupt();
        return;
      default:
        registers.set(offset, (registers.get(offset) & ~writableBits(offset)) | (value & writableBits(offset)));
    }
    if (offset === TDT || offset === TCTL) this.#startTransmitter();
    else if (offset === RDT || offset === RCTL) this.#raise(this.#receiver.drain());
  }

  #writeControl(value: number): void {
    if (value & CTRL_PHY_RST) this.#phy.reset();
    if (value & CTRL_RST) this.#resetMac();
    else this.#registers.set(CTRL, value & ~CTRL_PHY_RST);
    // Set-link-up: drivers set it and wait for STATUS.LU, which follows the PHY.
    if (value & CTRL_SLU && this.#phy.linkUp) this.#registers.set(STATUS, this.#registers.get(STATUS) | STATUS_LU);
  }

  #startTransmitter(): void {
    if (this.#transmitTimer.deadlineNs === Infinity) this.#transmitTimer.arm(this.#clock.nowNs + TRANSMIT_NS);
  }

  #raise(causes: number): void {
    if (causes === 0) return;
    this.#registers.set(ICR, this.#registers.get(ICR) | causes);
    this.#updateInterrupt();
  }

  /** INTA# follows the causes that are not masked; ITR sets the least time between two assertions. */
  #updateInterrupt(): void {
    const pending = (this.#registers.get(ICR) & this.#registers.get(IMS)) !== 0;
    if (pending && !this.#interrupting) {
      if (this.#throttleTimer.deadlineNs !== Infinity) return;
      const interval = this.#registers.get(ITR);
      if (interval !== 0) this.#throttleTimer.arm(this.#clock.nowNs + interval * THROTTLE_UNIT_NS);
    }
    this.#interrupting = pending;
    this.#wires.interrupt.set(pending);
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    visitor.bytes(new Uint8Array(this.#registers.words.buffer));
    this.#eeprom.visitState(visitor);
    this.#phy.visitState(visitor);
    this.#transmitter.visitState(visitor);
    this.#receiver.visitState(visitor);
    this.#interrupting = visitor.bool(this.#interrupting);
    this.#ioAddress = visitor.u32(this.#ioAddress);
  }
}
