/**
 * The NE2000 as a PCI card, Realtek's RTL8029AS (10EC:8029): a DP8390 with 32 KiB of packet memory of its own, which
 * the processor reaches byte by byte through a data port ("remote DMA"). One window of ports, INTA#. Sources: National,
 * data sheet of the DP8390D (1995), chapters 8 to 11; Realtek, data sheet of the RTL8029AS, chapter 5. The EEPROM that
 * changes the configuration (page 3) is left out: the page reads as a card at 10BASE-T does.
 */

import { crc32 } from "../../src/bytes/crc32.ts";
import type { AccessBytes, WindowFactory, Wire } from "../bus/bus.ts";
import type { EthernetFrame, EthernetPort, EthernetReceiver } from "../ether/port.ts";
import type { StateVisitor } from "../state/state.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { PciFunction } from "./pci.ts";

/** As wide as QEMU's; the chip answers in the first 32 ports. */
const WINDOW_BYTES = 256;
const DATA_PORT = 0x10;
const RESET_PORT = 0x18;
const PORTS = 0x20;

// Addresses of the card's memory: the station's address in 32 bytes, and packets.
const PROM_BYTES = 32;
const PACKETS_START = 0x4000;
const MEMORY_BYTES = 0xc000;
const PAGE_BYTES = 256;

// Registers by page and offset; page 0 has others for writing.
const CR = 0x00;
const PSTART = 0x01;
const PSTOP = 0x02;
const BNRY = 0x03;
const TPSR = 0x04;
const TBCR = 0x05;
const ISR = 0x07;
const RSAR = 0x08;
const RBCR = 0x0a;
const RCR = 0x0c;
const TCR = 0x0d;
const DCR = 0x0e;
const IMR = 0x0f;
const TSR = 0x04;
const RSR = 0x0c;
const TALLIES = 0x0d;
const CURR = 0x07;

const CR_STOP = 0x01;
const CR_TRANSMIT = 0x04;
const CR_REMOTE_READ = 0x08;
const CR_REMOTE_WRITE = 0x10;
const CR_NO_DMA = 0x20;

const INT_RECEIVED = 0x01;
const INT_TRANSMITTED = 0x02;
const INT_OVERWRITE = 0x10;
const INT_COUNTER = 0x20;
const INT_REMOTE_DONE = 0x40;
const INT_RESET = 0x80;

const RCR_BROADCAST = 0x04;
const RCR_MULTICAST = 0x08;
const RCR_PROMISCUOUS = 0x10;
const RCR_MONITOR = 0x20;
const TCR_LOOPBACK = 0x06;
const DCR_WORDS = 0x01;
const RECEIVED_WELL = 0x01;
const RECEIVED_GROUP = 0x20;
const TRANSMITTED_WELL = 0x01;

const MISSED_FRAMES = 2;
/** A tally interrupts from here on, and stops at the last value that it can have (DP8390D, 10.4). */
const TALLY_WARNS = 0x80;
const TALLY_MOST = 0xc0;

const HEADER_BYTES = 4;
const CHECK_BYTES = 4;
const SHORTEST_FRAME = 14;
const PADDED_FRAME = 60;
const LONGEST_FRAME = 1518;
/** Time from a write to the command register until the frame is handed to the wire. */
const TRANSMIT_NS = 2_000;

/** Page 0, 0Ah and 0Bh: the letters by which drivers tell an RTL8029. */
const IDENTITY = [0x50, 0x43] as const;
/** Page 3 from register 3 on: CONFIG0 to CONFIG3, 10BASE-T and full duplex. */
const CONFIGURATION = [0x00, 0x40, 0x40, 0x40] as const;

export interface Ne2000Wires {
  interrupt: Wire;
  port: EthernetPort;
  macAddress: Uint8Array;
  bootRom: Uint8Array | null;
}

export class Ne2000 extends PciFunction implements EthernetReceiver {
  readonly #clock: Clock;
  readonly #wires: Ne2000Wires;
  readonly #transmitTimer: Timer;
  readonly #memory = new Uint8Array(MEMORY_BYTES);
  /** Page 0 as it is written: from PSTART to IMR, with RSAR and RBCR moving on. */
  readonly #registers = new Uint8Array(16);
  /** Page 1: the station's address, CURR, the filter of groups. */
  readonly #station = new Uint8Array(16);
  readonly #tallies = new Uint8Array(3);
  #command = CR_STOP | CR_NO_DMA;
  #causes = INT_RESET;
  #transmitted = 0;
  #received = 0;

  constructor(name: string, windows: WindowFactory, clock: Clock, wires: Ne2000Wires) {
    super(name, { vendor: 0x10ec, device: 0x8029, revision: 0, classCode: 0x020000, interruptPin: 1 }, windows);
    this.#clock = clock;
    this.#wires = wires;
    this.#transmitTimer = clock.timer(`${name} transmit`, () => this.#transmit());
    this.addIoBar(0, WINDOW_BYTES, {
      readPort: (offset, sizeBytes) => this.#readPort(offset, sizeBytes),
      writePort: (offset, sizeBytes, value) => this.#writePort(offset, sizeBytes, value),
    });
    if (wires.bootRom) this.addExpansionRom(wires.bootRom);
    this.sealConfig();
    this.#fillProm();
    this.#resetChip();
  }

  override reset(): void {
    super.reset();
    this.#memory.fill(0);
    this.#fillProm();
    this.#registers.fill(0);
    this.#station.fill(0);
    this.#tallies.fill(0);
    this.#transmitted = 0;
    this.#received = 0;
    this.#resetChip();
  }

  /** The PROM is eight bits wide and appears twice in words; its last two bytes say that it is. */
  #fillProm(): void {
    const bytes = new Uint8Array(PROM_BYTES / 2);
    bytes.set(this.#wires.macAddress);
    bytes.fill(0x57, 14);
    for (let at = 0; at < PROM_BYTES; at++) this.#memory[at] = bytes[at >> 1]!;
  }

  /** The reset port and the bus's reset: the chip stops; its other registers stay (DP8390D, 9.1). */
  #resetChip(): void {
    this.#transmitTimer.disarm();
    this.#command = CR_STOP | CR_NO_DMA;
    this.#causes = INT_RESET;
    this.#registers[IMR] = 0;
    this.#registers[TCR]! &= ~TCR_LOOPBACK;
    this.#updateInterrupt();
  }

  #updateInterrupt(): void {
    this.#wires.interrupt.set((this.#causes & this.#registers[IMR]! & ~INT_RESET) !== 0);
  }

  #raise(causes: number): void {
    this.#causes |= causes;
    this.#updateInterrupt();
  }

  #get16(register: number): number {
    return this.#registers[register]! | (this.#registers[register + 1]! << 8);
  }

  #set16(register: number, value: number): void {
    this.#registers[register] = value & 0xff;
    this.#registers[register + 1] = value >> 8;
  }

  // Ports.

  #readPort(offset: number, sizeBytes: AccessBytes): number {
    if (offset >= DATA_PORT && offset < RESET_PORT) return this.#readData(sizeBytes);
    let value = 0;
    for (let byte = 0; byte < sizeBytes; byte++) value |= this.#readByte(offset + byte) << (8 * byte);
    return value >>> 0;
  }

  #readByte(offset: number): number {
    if (offset < DATA_PORT) return this.#readRegister(offset);
    if (offset < RESET_PORT || offset >= PORTS) return 0xff;
    this.#resetChip();
    return 0xff;
  }

  #writePort(offset: number, sizeBytes: AccessBytes, value: number): void {
    if (offset >= DATA_PORT && offset < RESET_PORT) return this.#writeData(sizeBytes, value);
    for (let byte = 0; byte < sizeBytes; byte++)
      if (offset + byte < DATA_PORT) this.#writeRegister(offset + byte, (value >>> (8 * byte)) & 0xff);
  }

  get #page(): number {
    return this.#command >> 6;
  }

  #readRegister(register: number): number {
    if (register === CR) return this.#command;
    switch (this.#page) {
      case 0:
        return this.#readStatus(register);
      case 1:
        return this.#station[register]!;
      case 2: // What page 0 was given.
        return register <= PSTOP || register === TPSR || register >= RCR ? this.#registers[register]! : 0;
      default:
        return CONFIGURATION[register - 3] ?? 0;
    }
  }

  /** Page 0 as it is read. */
  #readStatus(register: number): number {
    switch (register) {
      case BNRY:
      case RSAR: // The address that remote DMA has reached.
      case RSAR + 1:
        return this.#registers[register]!;
      case TSR:
        return this.#transmitted;
      case ISR:
        return this.#causes;
      case RBCR:
      case RBCR + 1:
        return IDENTITY[register - RBCR]!;
      case RSR:
        return this.#received;
      case TALLIES:
      case TALLIES + 1:
      case TALLIES + 2: {
        const count = this.#tallies[register - TALLIES]!;
        this.#tallies[register - TALLIES] = 0;
        return count;
      }
      default: // The address of local DMA, collisions and the FIFO, of which there is nothing to see.
        return 0;
    }
  }

  #writeRegister(register: number, value: number): void {
    if (register === CR) return this.#writeCommand(value);
    if (this.#page === 1) this.#station[register] = value;
    else if (this.#page !== 0) return;
    else if (register === ISR) {
      this.#causes &= ~(value & ~INT_RESET);
      this.#updateInterrupt();
    } else {
      this.#registers[register] = value;
      if (register === IMR) this.#updateInterrupt();
    }
  }

  #writeCommand(value: number): void {
    const isStopped = (value & CR_STOP) !== 0;
    const isSending = (this.#command & CR_TRANSMIT) !== 0;
    this.#command = isSending ? value | CR_TRANSMIT : value;
    if (isStopped) return this.#raise(INT_RESET);
    this.#causes &= ~INT_RESET;
    // A transfer of nothing is done at once.
    if (value & (CR_REMOTE_READ | CR_REMOTE_WRITE) && this.#get16(RBCR) === 0) this.#raise(INT_REMOTE_DONE);
    if (value & CR_TRANSMIT && !isSending) this.#transmitTimer.arm(this.#clock.nowNs + TRANSMIT_NS);
  }

  // Remote DMA.

  /** How many bytes an access to the data port moves: a double word, or what the chip was told. */
  #unitBytes(sizeBytes: AccessBytes): number {
    return sizeBytes === 4 ? 4 : this.#registers[DCR]! & DCR_WORDS ? 2 : 1;
  }

  #readData(sizeBytes: AccessBytes): number {
    let value = 0;
    const count = this.#unitBytes(sizeBytes);
    const address = this.#get16(RSAR);
    for (let byte = 0; byte < count; byte++) value |= this.#peek(address + byte) << (8 * byte);
    this.#advance(count);
    return (value >>> 0) % 2 ** (8 * sizeBytes);
  }

  #writeData(sizeBytes: AccessBytes, value: number): void {
    if (this.#get16(RBCR) === 0) return;
    const count = this.#unitBytes(sizeBytes);
    const address = this.#get16(RSAR);
    for (let byte = 0; byte < count; byte++) this.#poke(address + byte, (value >>> (8 * byte)) & 0xff);
    this.#advance(count);
  }

  #peek(address: number): number {
    const isThere = address < PROM_BYTES || (address >= PACKETS_START && address < MEMORY_BYTES);
    return isThere ? this.#memory[address]! : 0xff;
  }

  #poke(address: number, value: number): void {
    if (address >= PACKETS_START && address < MEMORY_BYTES) this.#memory[address] = value;
  }

  /** Addresses go round in the ring of received frames; the count says when the transfer is over. */
  #advance(bytes: number): void {
    const address = (this.#get16(RSAR) + bytes) & 0xffff;
    this.#set16(
      RSAR,
      address === this.#registers[PSTOP]! * PAGE_BYTES ? this.#registers[PSTART]! * PAGE_BYTES : address,
    );
    const left = Math.max(0, this.#get16(RBCR) - bytes);
    this.#set16(RBCR, left);
    if (left === 0) this.#raise(INT_REMOTE_DONE);
  }

  // Sending.

  #transmit(): void {
    const start = this.#registers[TPSR]! * PAGE_BYTES;
    const lengthBytes = this.#get16(TBCR);
    const isLooped = (this.#registers[TCR]! & TCR_LOOPBACK) !== 0;
    if (!isLooped && lengthBytes >= SHORTEST_FRAME && lengthBytes <= LONGEST_FRAME)
      this.#wires.port.transmit(Uint8Array.from({ length: lengthBytes }, (_, at) => this.#peek(start + at)));
    this.#command &= ~CR_TRANSMIT;
    this.#transmitted = TRANSMITTED_WELL;
    this.#raise(INT_TRANSMITTED);
  }

  // Receiving.

  linkChanged(): void {
    // The chip does not tell.
  }

  receive(frame: EthernetFrame): void {
    const [config, isLooped] = [this.#registers[RCR]!, (this.#registers[TCR]! & TCR_LOOPBACK) !== 0];
    if (this.#command & CR_STOP || isLooped || config & RCR_MONITOR || !this.#accepts(frame, config)) return;
    const checked = Math.max(PADDED_FRAME, frame.length);
    const pages = Math.ceil((HEADER_BYTES + checked + CHECK_BYTES) / PAGE_BYTES);
    const next = this.#roomAfter(pages);
    if (frame.length > LONGEST_FRAME || next < 0) return this.#miss();
    this.#received = RECEIVED_WELL | (frame[0]! & 1 ? RECEIVED_GROUP : 0);
    const bytes = new Uint8Array(HEADER_BYTES + checked + CHECK_BYTES);
    const counted = checked + CHECK_BYTES;
    bytes.set([this.#received, next, counted & 0xff, counted >> 8]);
    bytes.set(frame, HEADER_BYTES);
    const check = crc32(bytes.subarray(HEADER_BYTES, HEADER_BYTES + checked));
    new DataView(bytes.buffer).setUint32(HEADER_BYTES + checked, check, true);
    this.#store(bytes);
    this.#station[CURR] = next;
    this.#raise(INT_RECEIVED);
  }

  #nextPage(page: number): number {
    const next = (page + 1) & 0xff;
    return next === this.#registers[PSTOP] ? this.#registers[PSTART]! : next;
  }

  /** The page after so many from CURR on; -1 where the driver's boundary is on the way. */
  #roomAfter(pages: number): number {
    let page = this.#station[CURR]!;
    for (let count = 0; count < pages; count++) {
      page = this.#nextPage(page);
      if (page === this.#registers[BNRY]) return -1;
    }
    return page;
  }

  #store(bytes: Uint8Array): void {
    let page = this.#station[CURR]!;
    for (let at = 0; at < bytes.length; at += PAGE_BYTES) {
      for (const [offset, byte] of bytes.subarray(at, at + PAGE_BYTES).entries())
        this.#poke(page * PAGE_BYTES + offset, byte);
      page = this.#nextPage(page);
    }
  }

  #miss(): void {
    const count = this.#tallies[MISSED_FRAMES]!;
    if (count < TALLY_MOST) this.#tallies[MISSED_FRAMES] = count + 1;
    this.#raise(INT_OVERWRITE | (count + 1 >= TALLY_WARNS ? INT_COUNTER : 0));
  }

  #accepts(frame: EthernetFrame, config: number): boolean {
    const isGroup = (frame[0]! & 1) !== 0;
    if (config & RCR_PROMISCUOUS && (!isGroup || config & RCR_MULTICAST)) return true;
    const address = frame.subarray(0, 6);
    if (isGroup && address.every((byte) => byte === 0xff)) return (config & RCR_BROADCAST) !== 0;
    if (isGroup) return (config & RCR_MULTICAST) !== 0 && this.#isInFilter(address);
    return address.every((byte, index) => byte === this.#station[1 + index]);
  }

  /** The filter's bit is the upper six of the check sequence as it is sent, its first bit highest. */
  #isInFilter(address: Uint8Array): boolean {
    const check = ~crc32(address);
    let hash = 0;
    for (let bit = 0; bit < 6; bit++) hash = (hash << 1) | ((check >>> bit) & 1);
    return ((this.#station[8 + (hash >> 3)]! >> (hash & 7)) & 1) !== 0;
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    visitor.part("NE2000", 1);
    visitor.bytes(this.#memory);
    visitor.bytes(this.#registers);
    visitor.bytes(this.#station);
    visitor.bytes(this.#tallies);
    this.#command = visitor.u8(this.#command);
    this.#causes = visitor.u8(this.#causes);
    this.#transmitted = visitor.u8(this.#transmitted);
    this.#received = visitor.u8(this.#received);
    if (visitor.restoring) this.#updateInterrupt();
  }
}
