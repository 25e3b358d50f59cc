/**
 * The Realtek RTL8139 fast Ethernet controller (10EC:8139), as drivers of the RTL8139A to D know it: four descriptors
 * to send, one ring that received frames fill one after the other, registers in an I/O and a memory window of 256
 * bytes, INTA#. The descriptor mode of the C+ is left out, and the revision says so. Source: Realtek, RTL8139D data
 * sheet (revision 1.3), chapters 5 and 6.
 */

import { crc32 } from "../../../src/bytes/crc32.ts";
import type { AccessBytes, DmaMemory, MmioHandler, PortHandler, WindowFactory, Wire } from "../../bus/bus.ts";
import type { EthernetFrame, EthernetPort, EthernetReceiver } from "../../ether/port.ts";
import type { StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";
import { PciFunction } from "../pci.ts";
import { MicrowireEeprom } from "./microwire-eeprom.ts";

const WINDOW_BYTES = 256;

// Registers, by their offsets.
const IDR0 = 0x00;
const MAR0 = 0x08;
const TSD0 = 0x10;
const TSAD0 = 0x20;
const RBSTART = 0x30;
const CR = 0x37;
const CAPR = 0x38;
const CBR = 0x3a;
const IMR = 0x3c;
const ISR = 0x3e;
const TCR = 0x40;
const RCR = 0x44;
const TCTR = 0x48;
const MPC = 0x4c;
const EECR = 0x50;
const MSR = 0x58;
const TSAD = 0x60;
const BMCR = 0x62;
const BMSR = 0x64;

const CR_BUFE = 0x01;
const CR_TE = 0x04;
const CR_RE = 0x08;
const CR_RST = 0x10;

const INT_ROK = 0x0001;
const INT_TOK = 0x0004;
const INT_RXOVW = 0x0010;
const INT_LINK = 0x0020;

const TSD_SIZE = 0x1fff;
const TSD_OWN = 0x2000;
const TSD_TOK = 0x8000;
const TSD_KEPT = 0x003f0000;

const RCR_AAP = 0x01;
const RCR_APM = 0x02;
const RCR_AM = 0x04;
const RCR_AB = 0x08;
const RCR_WRAP = 0x80;
const TCR_LOOPBACK = 0x60000;
/** The hardware version that reads back: an RTL8139C. */
const TCR_VERSION = 0x74000000;
const TCR_WRITABLE = 0x03060fff;

const RX_ROK = 0x0001;
const RX_BROADCAST = 0x2000;
const RX_PHYSICAL = 0x4000;
const RX_MULTICAST = 0x8000;

const MSR_LINKB = 0x04;
/** 100 Mb/s, auto-negotiation done and able to; bit 2 is the link. */
const BMSR_RESET = 0x7829;
const BMSR_LINK = 0x04;

const DESCRIPTORS = 4;
const RING_LEAST_BYTES = 8192;
/** A ring of this size does not let frames run on after its end. */
const RING_MOST_BYTES = 65_536;
const HEADER_BYTES = 4;
const CHECK_BYTES = 4;
const READ_BIAS = 16;
const SHORTEST_FRAME = 14;
const PADDED_FRAME = 60;
const LONGEST_FRAME = 1518;
/** Time from a write to a descriptor until the frame is handed to the wire. */
const TRANSMIT_NS = 2_000;
/** Until the card notices that its link has changed. */
const LINK_NS = 1_000_000;
/** Unit of TCTR: 33 MHz, a PCI clock. */
const TICK_NS = 30;

export interface Rtl8139Wires {
  dma: DmaMemory;
  interrupt: Wire;
  port: EthernetPort;
  macAddress: Uint8Array;
  bootRom: Uint8Array | null;
}

/** What the EEPROM holds: identity, and the address in words 7 to 9. */
function eepromWords(macAddress: Uint8Array): Uint16Array {
  const words = new Uint16Array(64);
  words.set([0x8129, 0x10ec, 0x8139, 0x10ec, 0x8139, 0x4020, 0xe512]);
  for (let index = 0; index < 3; index++) words[7 + index] = macAddress[2 * index]! | (macAddress[2 * index + 1]! << 8);
  return words;
}

export class Rtl8139 extends PciFunction implements EthernetReceiver, MmioHandler {
  readonly #clock: Clock;
  readonly #wires: Rtl8139Wires;
  readonly #registers = new Uint8Array(WINDOW_BYTES);
  readonly #view = new DataView(this.#registers.buffer);
  readonly #eeprom: MicrowireEeprom;
  readonly #transmitTimer: Timer;
  readonly #linkTimer: Timer;
  /** Where the card writes next, and where the driver reads next, in the ring. */
  #written = 0;
  #read = 0;
  /** The descriptor that is sent next. */
  #sending = 0;
  /** When TCTR was last written. */
  #timerNs = 0;

  constructor(name: string, windows: WindowFactory, clock: Clock, wires: Rtl8139Wires) {
    super(name, { vendor: 0x10ec, device: 0x8139, revision: 0x10, classCode: 0x020000, interruptPin: 1 }, windows);
    this.#clock = clock;
    this.#wires = wires;
    this.#eeprom = new MicrowireEeprom(eepromWords(wires.macAddress));
    this.#transmitTimer = clock.timer(`${name} transmit`, () => this.#transmit());
    this.#linkTimer = clock.timer(`${name} link`, () => this.#raise(INT_LINK));
    const ports: PortHandler = {
      readPort: (offset, sizeBytes) => this.readMmio(offset, sizeBytes),
      writePort: (offset, sizeBytes, value) => this.writeMmio(offset, sizeBytes, value),
    };
    this.addIoBar(0, WINDOW_BYTES, ports);
    this.addMemoryBar(1, WINDOW_BYTES, this);
    if (wires.bootRom) this.addExpansionRom(wires.bootRom);
    this.sealConfig();
    this.#resetChip();
  }

  override reset(): void {
    super.reset();
    this.#eeprom.setPins(false, false, false);
    this.#resetChip();
  }

  becomeAnother(): void {
    const mask = this.#get16(IMR);
    this.#resetChip();
    this.#set16(IMR, mask);
    this.#raise(INT_LINK);
  }

  /** CR.RST, and power on. */
  #resetChip(): void {
    this.#transmitTimer.disarm();
    this.#registers.fill(0);
    this.#registers.set(this.#wires.macAddress, IDR0);
    for (let descriptor = 0; descriptor < DESCRIPTORS; descriptor++) this.#set32(TSD0 + 4 * descriptor, TSD_OWN);
    this.#registers[CR] = CR_BUFE;
    this.#set32(TCR, TCR_VERSION);
    this.#set16(BMCR, 0x1000);
    this.#set16(0x66, 0x05e1);
    this.#set16(0x68, 0x45e1);
    this.#registers[MSR + 1] = 0x20;
    this.#written = 0;
    this.#read = 0;
    this.#sending = 0;
    this.#updateInterrupt();
  }

  #get16(offset: number): number {
    return this.#view.getUint16(offset, true);
  }

  #set16(offset: number, value: number): void {
    this.#view.setUint16(offset, value, true);
  }

  #get32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  #set32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  #raise(causes: number): void {
    this.#set16(ISR, this.#get16(ISR) | causes);
    this.#updateInterrupt();
  }

  #updateInterrupt(): void {
    this.#wires.interrupt.set((this.#get16(ISR) & this.#get16(IMR)) !== 0);
  }

  // The guest's side.

  readMmio(offset: number, sizeBytes: AccessBytes): number {
    this.#refresh();
    let value = 0;
    for (let byte = sizeBytes - 1; byte >= 0; byte--)
      value = value * 256 + (this.#registers[(offset + byte) % WINDOW_BYTES] ?? 0);
    return value;
  }

  /** Registers that say how things are now. */
  #refresh(): void {
    const isUp = this.#wires.port.linkUp;
    this.#registers[MSR] = isUp ? 0 : MSR_LINKB;
    this.#set16(BMSR, BMSR_RESET | (isUp ? BMSR_LINK : 0));
    this.#registers[EECR] = this.#eepromPins();
    this.#set32(TCTR, Math.floor((this.#clock.nowNs - this.#timerNs) / TICK_NS) % 2 ** 32);
    const isEmpty = this.#written === this.#read;
    this.#registers[CR] = (this.#registers[CR]! & ~CR_BUFE) | (isEmpty ? CR_BUFE : 0);
    this.#set16(CAPR, (this.#read - READ_BIAS) & 0xffff);
    this.#set16(CBR, this.#written & 0xffff);
    let summary = 0;
    for (let descriptor = 0; descriptor < DESCRIPTORS; descriptor++) {
      const status = this.#get32(TSD0 + 4 * descriptor);
      if (status & TSD_OWN) summary |= 1 << descriptor;
      if (status & TSD_TOK) summary |= 0x1000 << descriptor;
    }
    this.#set16(TSAD, summary);
  }

  /** 9346CR: mode, then the pins CS, SK, DI, DO of the EEPROM from bit 3 down. */
  #eepromPins(): number {
    return (this.#registers[EECR]! & 0xfe) | (this.#eeprom.out ? 1 : 0);
  }

  /** An access is taken byte by byte, but where a register acts as a whole. */
  writeMmio(offset: number, sizeBytes: AccessBytes, value: number): void {
    if (offset >= TSD0 && offset < TSD0 + 4 * DESCRIPTORS && sizeBytes === 4)
      this.#writeStatus((offset - TSD0) >> 2, value);
    else if (offset === ISR && sizeBytes >= 2) {
      this.#set16(ISR, this.#get16(ISR) & ~value);
      this.#updateInterrupt();
    } else if (offset === CAPR && sizeBytes === 2) this.#read = (value + READ_BIAS) % this.#ringBytes;
    else if (offset === IMR && sizeBytes === 4) {
      this.writeMmio(IMR, 2, value & 0xffff);
      this.writeMmio(ISR, 2, value >>> 16);
    } else if (offset === RCR && sizeBytes === 4) this.#writeReceiveConfig(value >>> 0);
    else if (offset === TCR && sizeBytes === 4) this.#set32(TCR, ((value & TCR_WRITABLE) | TCR_VERSION) >>> 0);
    else if (offset === TCTR) this.#timerNs = this.#clock.nowNs;
    else if (offset === MPC) this.#set32(MPC, 0);
    else for (let byte = 0; byte < sizeBytes; byte++) this.#writeByte(offset + byte, (value >>> (8 * byte)) & 0xff);
  }

  #writeByte(offset: number, value: number): void {
    if (offset === CR) this.#writeCommand(value);
    else if (offset === EECR) {
      this.#registers[EECR] = value & 0xfe;
      this.#eeprom.setPins((value & 0x08) !== 0, (value & 0x04) !== 0, (value & 0x02) !== 0);
    } else if (offset < MAR0 + 8 || (offset >= TSAD0 && offset < RBSTART + 4) || offset === IMR || offset === IMR + 1) {
      this.#registers[offset] = value;
      this.#updateInterrupt();
    } else if (offset === 0x51 || offset === 0x52 || (offset >= 0x59 && offset <= 0x5d) || offset === BMCR)
      this.#registers[offset] = value;
  }

  #writeCommand(value: number): void {
    if (value & CR_RST) {
      this.#resetChip();
      this.#timerNs = this.#clock.nowNs;
      return;
    }
    const isStarting = (value & CR_RE) !== 0 && (this.#registers[CR]! & CR_RE) === 0;
    this.#registers[CR] = value & (CR_TE | CR_RE);
    if (!isStarting) return;
    this.#written = 0;
    this.#read = 0;
  }

  /** As on QEMU's card, the ring is begun anew: its size may be another one. */
  #writeReceiveConfig(value: number): void {
    this.#set32(RCR, value);
    this.#written = 0;
    this.#read = 0;
  }

  get #ringBytes(): number {
    return RING_LEAST_BYTES << ((this.#get32(RCR) >> 11) & 3);
  }

  // Sending.

  #writeStatus(descriptor: number, value: number): void {
    const offset = TSD0 + 4 * descriptor;
    const isOurs = (this.#get32(offset) & TSD_OWN) !== 0;
    this.#set32(offset, (value & (TSD_SIZE | TSD_OWN | TSD_KEPT)) >>> 0);
    if (isOurs && (value & TSD_OWN) === 0 && this.#transmitTimer.deadlineNs === Infinity)
      this.#transmitTimer.arm(this.#clock.nowNs + TRANSMIT_NS);
  }

  /** Sends what waits, in the order of the descriptors. */
  #transmit(): void {
    let causes = 0;
    while ((this.#registers[CR]! & CR_TE) !== 0 && (this.#get32(TSD0 + 4 * this.#sending) & TSD_OWN) === 0) {
      const offset = TSD0 + 4 * this.#sending;
      const status = this.#get32(offset);
      this.#send(this.#get32(TSAD0 + 4 * this.#sending), status & TSD_SIZE);
      this.#set32(offset, (status | TSD_OWN | TSD_TOK) >>> 0);
      causes |= INT_TOK;
      this.#sending = (this.#sending + 1) % DESCRIPTORS;
    }
    if (causes !== 0) this.#raise(causes);
  }

  #send(address: number, sizeBytes: number): void {
    if (sizeBytes < SHORTEST_FRAME || sizeBytes > LONGEST_FRAME || !this.busMasterEnabled) return;
    const frame = new Uint8Array(sizeBytes);
    this.#wires.dma.read(address, frame);
    if ((this.#get32(TCR) & TCR_LOOPBACK) === TCR_LOOPBACK) this.receive(frame);
    else this.#wires.port.transmit(frame);
  }

  // Receiving.

  linkChanged(_up: boolean): void {
    // The cable is pulled between two runs of the machine: the interrupt is an event of its own.
    this.#linkTimer.arm(this.#clock.nowNs + LINK_NS);
  }

  receive(frame: EthernetFrame): void {
    const accepted = (this.#registers[CR]! & CR_RE) !== 0 && this.busMasterEnabled ? this.#accepts(frame) : 0;
    if (accepted === 0) return;
    const padded = Math.max(PADDED_FRAME, frame.length) + CHECK_BYTES;
    const used = (HEADER_BYTES + padded + 3) & ~3;
    const ringBytes = this.#ringBytes;
    const free = ringBytes - ((this.#written - this.#read + ringBytes) % ringBytes);
    if (used >= free) {
      this.#set32(MPC, (this.#get32(MPC) + 1) & 0xffffff);
      this.#raise(INT_RXOVW);
      return;
    }
    const bytes = new Uint8Array(used);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, RX_ROK | accepted, true);
    view.setUint16(2, padded, true);
    bytes.set(frame, HEADER_BYTES);
    const checked = bytes.subarray(HEADER_BYTES, HEADER_BYTES + padded - CHECK_BYTES);
    view.setUint32(HEADER_BYTES + checked.length, crc32(checked), true);
    this.#store(bytes, ringBytes);
    this.#written = (this.#written + used) % ringBytes;
    this.#raise(INT_ROK);
  }

  #store(bytes: Uint8Array, ringBytes: number): void {
    const start = this.#get32(RBSTART);
    const runsOn = (this.#get32(RCR) & RCR_WRAP) !== 0 && ringBytes < RING_MOST_BYTES;
    const first = runsOn ? bytes.length : Math.min(bytes.length, ringBytes - this.#written);
    this.#wires.dma.write(start + this.#written, bytes.subarray(0, first));
    if (first < bytes.length) this.#wires.dma.write(start, bytes.subarray(first));
  }

  /** The bits of the header that say why a frame is taken; 0 when it is not. */
  #accepts(frame: EthernetFrame): number {
    const config = this.#get32(RCR);
    const isGroup = (frame[0]! & 1) !== 0;
    const isBroadcast = isGroup && frame.subarray(0, 6).every((byte) => byte === 0xff);
    const isOwn = frame.subarray(0, 6).every((byte, index) => byte === this.#registers[IDR0 + index]);
    if (isBroadcast) return config & (RCR_AB | RCR_AAP) ? RX_BROADCAST : 0;
    if (isGroup) return (config & RCR_AM && this.#isInFilter(frame)) || config & RCR_AAP ? RX_MULTICAST : 0;
    if (isOwn && config & (RCR_APM | RCR_AAP)) return RX_PHYSICAL;
    return config & RCR_AAP ? RX_ROK : 0;
  }

  /** The filter's bit is the upper six of the check sequence as it is sent, its first bit highest. */
  #isInFilter(frame: EthernetFrame): boolean {
    const check = ~crc32(frame.subarray(0, 6));
    let hash = 0;
    for (let bit = 0; bit < 6; bit++) hash = (hash << 1) | ((check >>> bit) & 1);
    return ((this.#registers[MAR0 + (hash >> 3)]! >> (hash & 7)) & 1) !== 0;
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    visitor.part("RTL8139", 1);
    visitor.bytes(this.#registers);
    this.#eeprom.visitState(visitor);
    this.#written = visitor.u32(this.#written);
    this.#read = visitor.u32(this.#read);
    this.#sending = visitor.u8(this.#sending);
    this.#timerNs = visitor.integer(this.#timerNs);
    if (visitor.restoring) this.#updateInterrupt();
  }
}
