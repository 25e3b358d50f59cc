/**
 * AMD's PCnet-PCI II (Am79C970A, 1022:2000), the LANCE's grandchild: rings of descriptors to send and to receive, an
 * initialization block, registers behind an index in an I/O and a memory window of 32 bytes, INTA#. Source: AMD,
 * Am79C970A data sheet (19436). The serial EEPROM is left out, and so are the counters of collisions, which a switch
 * has none of.
 */

import { crc32 } from "../../src/bytes/crc32.ts";
import type { AccessBytes, DmaMemory, MmioHandler, WindowFactory, Wire } from "../bus/bus.ts";
import type { EthernetFrame, EthernetPort, EthernetReceiver } from "../ether/port.ts";
import type { StateVisitor } from "../state/state.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { PciFunction } from "./pci.ts";
import * as descriptors from "./pcnet-descriptor.ts";
import * as r from "./pcnet-registers.ts";

const WINDOW_BYTES = 32;
const PROM_BYTES = 16;
const CSRS = 128;
const BCRS = 32;

const PADDED_FRAME = 60;
const CHECK_BYTES = 4;
const SHORTEST_FRAME = 14;
const LONGEST_FRAME = 1518;
/** A ring has no more descriptors than an initialization block can say. */
const MOST_DESCRIPTORS = 512;
/** Time from a demand until the frame is handed to the wire. */
const TRANSMIT_NS = 2_000;
/** Without a demand, the chip looks after 65536 clocks of 33 MHz. */
const POLL_NS = 1_966_080;

export interface PcnetWires {
  dma: DmaMemory;
  interrupt: Wire;
  port: EthernetPort;
  macAddress: Uint8Array;
  bootRom: Uint8Array | null;
}

export class Pcnet extends PciFunction implements EthernetReceiver, MmioHandler {
  readonly #clock: Clock;
  readonly #wires: PcnetWires;
  readonly #timer: Timer;
  readonly #form: descriptors.DescriptorForm;
  readonly #prom = new Uint8Array(PROM_BYTES);
  readonly #csr = new Uint16Array(CSRS);
  readonly #bcr = new Uint16Array(BCRS);
  /** RAP: which of them is meant. */
  #index = 0;
  /** What is there of a frame whose last descriptor has not come yet; `#isCut`: and was too long for any. */
  #sending: Uint8Array = new Uint8Array(0);
  #isCut = false;

  constructor(name: string, windows: WindowFactory, clock: Clock, wires: PcnetWires) {
    super(
      name,
      {
        ...{ vendor: 0x1022, device: 0x2000, revision: 0x10, classCode: 0x020000, interruptPin: 1 },
        ...{ subsystemVendor: 0, subsystem: 0 },
      },
      windows,
    );
    this.#clock = clock;
    this.#wires = wires;
    this.#form = new descriptors.DescriptorForm(wires.dma);
    this.#timer = clock.timer(`${name} transmit`, () => this.#transmit());
    this.addIoBar(0, WINDOW_BYTES, {
      readPort: (offset, sizeBytes) => this.readMmio(offset, sizeBytes),
      writePort: (offset, sizeBytes, value) => this.writeMmio(offset, sizeBytes, value),
    });
    this.addMemoryBar(1, WINDOW_BYTES, this);
    this.set16(0x06, 0x0280);
    this.config[0x3e] = 0x06;
    this.config[0x3f] = 0xff;
    if (wires.bootRom) this.addExpansionRom(wires.bootRom);
    this.sealConfig();
    this.#resetHard();
  }

  override reset(): void {
    super.reset();
    this.#resetHard();
  }

  #resetHard(): void {
    this.#prom.fill(0);
    this.#prom.set(this.#wires.macAddress);
    // Which kind of card it is, for drivers of others.
    this.#prom[9] = 0x11;
    this.#prom.fill(0x57, 14);
    const sum = this.#prom.reduce((total, byte) => total + byte, 0);
    this.#prom.set([sum & 0xff, sum >> 8], 12);
    this.#bcr.fill(0);
    for (const [number, value] of r.BCR_RESET) this.#bcr[number] = value;
    this.#csr.fill(0);
    this.#resetSoft();
  }

  /** A read of the reset register. */
  #resetSoft(): void {
    const mode = this.#csr[r.CSR_MODE]! & r.MODE_KEPT;
    this.#timer.disarm();
    this.#index = 0;
    this.#bcr[r.BCR_BURST]! &= ~r.DWIO;
    this.#csr.fill(0);
    for (const [number, value] of r.CSR_RESET) this.#csr[number] = value;
    for (let word = 0; word < 3; word++)
      this.#csr[r.CSR_STATION + word] = this.#prom[2 * word]! | (this.#prom[2 * word + 1]! << 8);
    this.#csr[r.CSR_MODE] = mode;
    this.#sending = new Uint8Array(0);
    this.#isCut = false;
    this.#updateInterrupt();
  }

  get #status(): number {
    return this.#csr[r.CSR0]!;
  }

  get #isIdle(): boolean {
    return (this.#status & r.STOP) !== 0 || (this.#csr[r.CSR_EXTENDED]! & r.SPND) !== 0;
  }

  #raise(causes: number): void {
    this.#csr[r.CSR0]! |= causes;
    this.#updateInterrupt();
  }

  #updateInterrupt(): void {
    const csr = this.#csr;
    const [features, extended] = [csr[r.CSR_FEATURES]!, csr[r.CSR_EXTENDED]!];
    const hasCause =
      (this.#status & ~csr[r.CSR_MASKS]! & r.MASKABLE) !== 0 ||
      ((features >> 1) & ~features & r.CSR4_MASKS) !== 0 ||
      (features & r.UINT) !== 0 ||
      ((extended >> 1) & extended & r.CSR5_ENABLES) !== 0;
    csr[r.CSR0] = (this.#status & ~r.INTR) | (hasCause ? r.INTR : 0);
    this.#wires.interrupt.set(hasCause && (this.#status & r.IENA) !== 0);
  }

  // The windows: words, or double words once somebody has written one to the data port.

  get #step(): number {
    return this.#bcr[r.BCR_BURST]! & r.DWIO ? 4 : 2;
  }

  readMmio(offset: number, sizeBytes: AccessBytes): number {
    if (offset < PROM_BYTES) {
      let value = 0;
      for (let byte = 0; byte < sizeBytes; byte++) value |= (this.#prom[offset + byte] ?? 0) << (8 * byte);
      return value >>> 0;
    }
    const step = this.#step;
    const register = (offset - PROM_BYTES) / step;
    if (sizeBytes !== step || !Number.isInteger(register)) return 0xffffffff >>> (32 - 8 * sizeBytes);
    switch (register) {
      case 0:
        return this.#readCsr();
      case 1:
        return this.#index;
      case 2: {
        this.#resetSoft();
        return 0;
      }
      case 3:
        return this.#readBcr();
      default:
        return 0;
    }
  }

  writeMmio(offset: number, sizeBytes: AccessBytes, value: number): void {
    if (offset < PROM_BYTES) {
      if (!(this.#bcr[r.BCR_MISC]! & r.APROMWE)) return;
      for (let byte = 0; byte < sizeBytes && offset + byte < PROM_BYTES; byte++)
        this.#prom[offset + byte] = (value >>> (8 * byte)) & 0xff;
      return;
    }
    if (offset === PROM_BYTES && sizeBytes === 4) this.#bcr[r.BCR_BURST]! |= r.DWIO;
    const step = this.#step;
    if (sizeBytes !== step) return;
    const register = (offset - PROM_BYTES) / step;
    if (register === 0) this.#writeCsr(this.#index, value & 0xffff);
    else if (register === 1) this.#index = value & 0x7f;
    else if (register === 3) this.#writeBcr(this.#index, value & 0xffff);
  }

  #readCsr(): number {
    const csr = this.#csr;
    switch (this.#index) {
      case r.CSR0:
        return this.#status | (this.#status & r.ERRORS ? r.ERR : 0);
      case 16: // The address of the initialization block, as in CSR1 and CSR2.
      case 17:
        return csr[this.#index - 15]!;
      case r.CSR_STYLE:
        return this.#bcr[r.BCR_STYLE]!;
      case r.CSR_CHIP: // A double word shows both halves.
        return (csr[r.CSR_CHIP]! | (this.#step === 4 ? csr[r.CSR_CHIP + 1]! << 16 : 0)) >>> 0;
      default:
        return csr[this.#index]!;
    }
  }

  #writeCsr(number: number, value: number): void {
    const csr = this.#csr;
    if (number === r.CSR0) this.#writeStatus(value);
    else if (number === r.CSR_MASKS) csr[number] = value;
    else if (number === r.CSR_FEATURES) {
      const causes = csr[number]! & ~value & r.CSR4_CAUSES;
      const called = (csr[number]! & r.UINT & ~value) | (value & r.UINTCMD ? r.UINT : 0);
      csr[number] = (value & ~(r.CSR4_CAUSES | r.UINT | r.UINTCMD)) | causes | called;
    } else if (number === r.CSR_EXTENDED)
      csr[number] = (value & ~r.CSR5_CAUSES) | (csr[number]! & ~value & r.CSR5_CAUSES);
    else if (number === 16 || number === 17) return this.#writeCsr(number - 15, value);
    else if (number === r.CSR_STYLE) return this.#writeBcr(r.BCR_STYLE, value);
    else if (r.CSR_WHEN_STOPPED.has(number) && this.#isIdle) csr[number] = value;
    this.#updateInterrupt();
  }

  #writeStatus(value: number): void {
    this.#csr[r.CSR0] = (this.#status & ~(value & r.CAUSES) & ~r.IENA) | (value & r.IENA);
    // STOP wins over the others.
    if (value & r.STOP) {
      if (!(this.#status & r.STOP)) this.#stop();
      return;
    }
    if (value & r.INIT && !(this.#status & r.INIT)) this.#initialise();
    if (value & r.STRT && !(this.#status & r.STRT)) this.#start();
    if (value & r.TDMD && this.#status & r.TXON) this.#timer.arm(this.#clock.nowNs + TRANSMIT_NS);
  }

  #stop(): void {
    this.#csr[r.CSR0] = r.STOP;
    this.#csr[r.CSR_FEATURES]! &= ~(r.CSR4_CAUSES | r.UINT | r.UINTCMD);
    this.#csr[r.CSR_EXTENDED]! &= ~0x11;
    this.#timer.disarm();
    this.#sending = new Uint8Array(0);
    this.#isCut = false;
  }

  #start(): void {
    const mode = this.#csr[r.CSR_MODE]!;
    const on = (mode & r.DTX ? 0 : r.TXON) | (mode & r.DRX ? 0 : r.RXON);
    this.#csr[r.CSR0] = (this.#status & ~r.STOP) | r.STRT | on;
    this.#poll();
  }

  #readBcr(): number {
    const number = this.#index;
    const value = this.#bcr[number] ?? 0;
    if (number < r.BCR_LINK || number > r.BCR_LAST_LED) return value;
    const isLit = (value & r.LED_LINK) !== 0 && this.#wires.port.linkUp;
    return (value & ~r.LED_OUT) | (isLit ? r.LED_OUT : 0);
  }

  #writeBcr(number: number, value: number): void {
    if (!r.BCR_WRITABLE.has(number)) return;
    if (number === r.BCR_BURST) this.#bcr[number] = (value & ~r.DWIO) | (this.#bcr[number]! & r.DWIO);
    else if (number !== r.BCR_STYLE) this.#bcr[number] = value;
    else if (this.#isIdle) {
      const style = (value & 0xff) <= 3 ? value & 0xff : 0;
      // SSIZE32 and CSRPCNET follow from the style.
      this.#bcr[number] = style | [0x200, 0x100, 0x300, 0x300][style]!;
    }
  }

  // Rings.

  /** The forms of descriptors have the same numbers; style 1 is another chip's and has the form of 2. */
  get #style(): number {
    const style = this.#bcr[r.BCR_STYLE]! & 0xff;
    return style === 1 ? 2 : style;
  }

  /** Upper eight bits of addresses where the LANCE has 24. */
  get #upper(): number {
    return this.#bcr[r.BCR_STYLE]! & r.SSIZE32 ? 0 : (this.#csr[r.CSR_INIT_ADDRESS + 1]! & 0xff00) << 16;
  }

  #initialise(): void {
    if (!this.busMasterEnabled) return;
    const csr = this.#csr;
    const isWide = (this.#bcr[r.BCR_STYLE]! & r.SSIZE32) !== 0;
    const block = new Uint8Array(isWide ? 28 : 24);
    this.#wires.dma.read((csr[r.CSR_INIT_ADDRESS]! | (csr[r.CSR_INIT_ADDRESS + 1]! << 16)) >>> 0, block);
    const view = new DataView(block.buffer);
    const [station, filter] = isWide ? [4, 12] : [2, 8];
    const [receive, transmit] = isWide ? [20, 24] : [16, 20];
    for (let word = 0; word < 3; word++) csr[r.CSR_STATION + word] = view.getUint16(station + 2 * word, true);
    for (let word = 0; word < 4; word++) csr[r.CSR_FILTER + word] = view.getUint16(filter + 2 * word, true);
    csr[r.CSR_MODE] = view.getUint16(0, true);
    const address = (at: number): number =>
      isWide ? view.getUint32(at, true) : (view.getUint32(at, true) & 0xffffff) | this.#upper;
    const exponent = (narrow: number, wide: number): number => (isWide ? block[wide]! >> 4 : block[narrow]! >> 5);
    this.#setRing(r.CSR_RECEIVE_RING, address(receive), r.CSR_RECEIVE_LENGTH, exponent(receive + 3, 2));
    this.#setRing(r.CSR_TRANSMIT_RING, address(transmit), r.CSR_TRANSMIT_LENGTH, exponent(transmit + 3, 3));
    csr[r.CSR_RECEIVE_COUNTER] = csr[r.CSR_RECEIVE_LENGTH]!;
    csr[r.CSR_TRANSMIT_COUNTER] = csr[r.CSR_TRANSMIT_LENGTH]!;
    csr[r.CSR_RING_LENGTHS] = (exponent(transmit + 3, 3) << 12) | (exponent(receive + 3, 2) << 8);
    csr[r.CSR0] = (this.#status & ~r.STOP) | r.INIT | r.IDON;
  }

  #setRing(base: number, address: number, length: number, exponent: number): void {
    const aligned = this.#style === 0 ? address & ~7 : address & ~15;
    this.#csr[base] = aligned & 0xffff;
    this.#csr[base + 1] = aligned >>> 16;
    this.#csr[length] = exponent < 9 ? 1 << exponent : MOST_DESCRIPTORS;
  }

  #length(register: number): number {
    return Math.max(1, Math.min(this.#csr[register]!, MOST_DESCRIPTORS));
  }

  /** A counter goes down from the ring's length to 1. */
  #descriptor(base: number, counter: number, length: number, ahead = 0): descriptors.Descriptor {
    const count = this.#length(length);
    const here = (count - Math.min(count, Math.max(1, this.#csr[counter]!)) + ahead) % count;
    const style = this.#style;
    const start = (this.#csr[base]! | (this.#csr[base + 1]! << 16)) >>> 0;
    return this.#form.read((start + here * this.#form.sizeBytes(style)) >>> 0, style, this.#upper);
  }

  #next(counter: number, length: number): void {
    const left = this.#csr[counter]!;
    this.#csr[counter] = left <= 1 ? this.#length(length) : Math.min(left, this.#length(length)) - 1;
  }

  // Sending.

  #poll(): void {
    const isPolling = this.#status & r.TXON && !(this.#csr[r.CSR_FEATURES]! & r.DPOLL);
    if (isPolling) this.#timer.arm(this.#clock.nowNs + POLL_NS);
  }

  /**
   * Sends what the chip owns, one round of the ring at most: what is in memory that cannot be written stays its own.
   */
  #transmit(): void {
    if (this.#isIdle || !(this.#status & r.TXON)) return;
    let causes = 0;
    for (let count = this.#length(r.CSR_TRANSMIT_LENGTH); count > 0 && this.busMasterEnabled; count--) {
      const found = this.#descriptor(r.CSR_TRANSMIT_RING, r.CSR_TRANSMIT_COUNTER, r.CSR_TRANSMIT_LENGTH);
      if (!(found.status & descriptors.OWN)) break;
      this.#take(found);
      const isEnd = (found.status & descriptors.END) !== 0;
      if (isEnd) {
        this.#send();
        const extended = this.#csr[r.CSR_EXTENDED]!;
        // LTINT is the bit that says "more than one retry" on the way back.
        const isLast = (extended & r.LTINTEN) !== 0 && (found.status & 0x1000) !== 0;
        if (!(extended & r.TOKINTD) || isLast) causes |= r.TINT;
        this.#csr[r.CSR_FEATURES]! |= r.TXSTRT;
      }
      this.#form.write(found, this.#style, found.status & (descriptors.START | descriptors.END), null);
      this.#next(r.CSR_TRANSMIT_COUNTER, r.CSR_TRANSMIT_LENGTH);
    }
    this.#poll();
    this.#raise(causes);
  }

  #take({ status, address, lengthBytes }: descriptors.Descriptor): void {
    if (status & descriptors.START) {
      this.#sending = new Uint8Array(0);
      this.#isCut = false;
    }
    const before = this.#sending;
    if (before.length + lengthBytes > LONGEST_FRAME) this.#isCut = true;
    if (this.#isCut) return;
    this.#sending = new Uint8Array(before.length + lengthBytes);
    this.#sending.set(before);
    this.#wires.dma.read(address, this.#sending.subarray(before.length));
  }

  #send(): void {
    const frame = this.#sending;
    const isWhole = !this.#isCut && frame.length >= SHORTEST_FRAME;
    this.#sending = new Uint8Array(0);
    this.#isCut = false;
    if (!isWhole) return;
    if (this.#csr[r.CSR_MODE]! & r.LOOP) this.receive(frame);
    else this.#wires.port.transmit(frame);
  }

  // Receiving.

  linkChanged(): void {
    // The link shows in the register of its LED.
  }

  receive(frame: EthernetFrame): void {
    if (this.#isIdle || !(this.#status & r.RXON) || !this.busMasterEnabled || frame.length > LONGEST_FRAME) return;
    const match = this.#match(frame);
    if (match < 0) return;
    const style = this.#style;
    const here = (ahead: number): descriptors.Descriptor =>
      this.#descriptor(r.CSR_RECEIVE_RING, r.CSR_RECEIVE_COUNTER, r.CSR_RECEIVE_LENGTH, ahead);
    let found = here(0);
    if (!(found.status & descriptors.OWN)) return this.#miss();
    const checked = Math.max(PADDED_FRAME, frame.length);
    const bytes = new Uint8Array(checked + CHECK_BYTES);
    bytes.set(frame);
    new DataView(bytes.buffer).setUint32(checked, crc32(bytes.subarray(0, checked)), true);
    let status: number = descriptors.START;
    for (let at = 0; ; ) {
      const part = bytes.subarray(at, at + found.lengthBytes);
      this.#wires.dma.write(found.address, part);
      at += part.length;
      const isEnd = at === bytes.length;
      const next = isEnd ? null : here(1);
      const isShort = next !== null && !(next.status & descriptors.OWN);
      if (isEnd) status |= descriptors.END | (style === 0 ? 0 : match);
      else if (isShort) status |= descriptors.ERROR | descriptors.BUFFER_ERROR;
      this.#form.write(found, style, status, isEnd ? bytes.length : null);
      this.#next(r.CSR_RECEIVE_COUNTER, r.CSR_RECEIVE_LENGTH);
      if (isEnd || isShort) break;
      found = next!;
      status = 0;
    }
    this.#raise(r.RINT);
  }

  #miss(): void {
    this.#csr[r.CSR_MISSED] = this.#csr[r.CSR_MISSED]! + 1;
    if (this.#csr[r.CSR_MISSED] === 0) this.#csr[r.CSR_FEATURES]! |= r.MFCO;
    this.#raise(r.MISS);
  }

  /** How the descriptor says why a frame is taken; -1 when it is not. */
  #match(frame: EthernetFrame): number {
    const mode = this.#csr[r.CSR_MODE]!;
    const address = frame.subarray(0, 6);
    const isOther = mode & r.PROM ? 0 : -1;
    if (address.every((byte) => byte === 0xff)) return mode & r.DRCVBC ? isOther : descriptors.MATCH_BROADCAST;
    if (address[0]! & 1) return this.#isInFilter(address) ? descriptors.MATCH_LOGICAL : isOther;
    const isOwn = address.every(
      (byte, index) => byte === ((this.#csr[r.CSR_STATION + (index >> 1)]! >> (8 * (index & 1))) & 0xff),
    );
    return isOwn && !(mode & r.DRCVPA) ? descriptors.MATCH_PHYSICAL : isOther;
  }

  /** The upper six bits of the check sequence choose one of 64. */
  #isInFilter(address: Uint8Array): boolean {
    const hash = ~crc32(address) >>> 26;
    return ((this.#csr[r.CSR_FILTER + (hash >> 4)]! >> (hash & 15)) & 1) !== 0;
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    visitor.part("PCnet", 1);
    visitor.bytes(this.#prom);
    visitor.bytes(new Uint8Array(this.#csr.buffer));
    visitor.bytes(new Uint8Array(this.#bcr.buffer));
    this.#index = visitor.u8(this.#index);
    this.#sending = visitor.blob(this.#sending);
    this.#isCut = visitor.bool(this.#isCut);
    if (visitor.restoring) this.#updateInterrupt();
  }
}
