/**
 * A port of an AHCI host bus adapter, with the drive behind it or none. Source: Serial ATA AHCI 1.3.1, 3.3 (registers),
 * 5 (operation), 6 (errors), 10 (software's part).
 *
 * The port takes a command from its list, hands its registers to the drive, and says what the drive does as FISes in
 * memory. Queued commands wait here, as in a real drive's queue, and the drive does one after the other. An error stops
 * the port until software has cleared and set PxCMD.ST.
 *
 * Where QEMU 7.2 differs from the specification, this is as specified: an error leaves the command's bit in PxCI, and
 * clearing ST empties PxCI and PxSACT; IS stays until it is written; COMRESET shows in PxSSTS and PxSERR; a drive's
 * first registers come without an interrupt, and none come after the last block of PIO; data without room in the
 * descriptor table sets PxIS.OFS, a write with too little data waits for a COMRESET; what lies above 4 GiB stops the
 * port with PxIS.HBFS, a FIS that is none with PxIS.IFS.
 */
import type { DmaMemory } from "../../bus/bus.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";
import * as ahci from "./ahci-registers.ts";
import {
  ERROR_ABORTED,
  type IdeCable,
  type IdeDrive,
  STATUS_BUSY,
  STATUS_DATA_REQUEST,
  STATUS_ERROR,
  STATUS_READY,
  STATUS_SEEK_COMPLETE,
} from "./ide-drive.ts";
import { PrdTable } from "./prd-table.ts";
import {
  CONTROL_SOFT_RESET,
  dmaSetup,
  driveRegisters,
  HostFis,
  pioSetup,
  REGISTERS_BYTES,
  setBits,
} from "./sata-fis.ts";

/** From a write to PxCI, or from the end of a command, until the next one is in the drive. */
const FETCH_NS = 1_000;
const NO_SLOT = 0xff;
const PACKET = 0xa0;
const READ_FPDMA_QUEUED = 0x60;
/** PxTFD and PxSIG before a drive has sent its registers. */
const NO_TASK_FILE = 0x7f;
const NO_SIGNATURE = 0xffffffff;
const BUSY = STATUS_BUSY | STATUS_DATA_REQUEST;

/** What a port needs of the adapter. */
export interface PortWires {
  readonly dma: DmaMemory;
  readonly clock: Clock;
  /** The adapter may use the bus. */
  mayUseBus(): boolean;
  /** PxIS has got bits, or PxIE has changed. */
  interruptsChanged(): void;
}

/** What the header of a command says. */
interface CommandHeader {
  readonly fisDwords: number;
  readonly descriptors: number;
  readonly tableAddress: number;
}

export class AhciPort implements IdeCable, Stateful {
  readonly isSerial = true;
  readonly drive: IdeDrive | null;
  readonly #wires: PortWires;
  readonly #timer: Timer;
  readonly #descriptors: PrdTable;
  /** PxCLB, PxFB with their upper halves, and PxIE. */
  readonly #plain = new Map([...ahci.PLAIN_BITS.keys()].map((register) => [register, 0]));
  #interruptStatus = 0;
  #command = 0;
  #taskFile = NO_TASK_FILE;
  #signature = NO_SIGNATURE;
  #linkControl = 0;
  #errors = 0;
  #active = 0;
  #issued = 0;
  /** The drive has been reset, and its registers have not been received since. */
  #owesSignature = false;
  /** SRST is set in the drive. */
  #isHeld = false;
  /** An error has stopped the port. */
  #isHalted = false;
  /** Where the next one of the list is looked for. */
  #lastSlot = ahci.COMMAND_SLOTS - 1;
  /** The slot whose command the drive does, and whether that is a queued one. */
  #slot = NO_SLOT;
  #isQueued = false;
  /** The table of that command. */
  #tableAddress = 0;
  /** It has moved a block by PIO; PIO Setup has told the status at its end. */
  #hadBlock = false;
  #isTold = false;
  /** FISes of queued commands that the drive has not begun, in the order in which they came. */
  #queue: Uint8Array = new Uint8Array(0);

  constructor(name: string, drive: IdeDrive | null, wires: PortWires) {
    this.drive = drive;
    this.#wires = wires;
    this.#descriptors = new PrdTable(wires.dma);
    this.#timer = wires.clock.timer(name, () => this.#proceed());
    drive?.connect(this);
  }

  /** Power on, or RST#: everything. */
  powerOn(): void {
    for (const register of this.#plain.keys()) this.#plain.set(register, 0);
    this.reset();
  }

  /** GHC.HR: everything but where the list and the FISes are (10.4.3). */
  reset(): void {
    this.#plain.set(ahci.PX_IE, 0);
    this.#interruptStatus = 0;
    this.#command = ahci.CMD_SPIN_UP | ahci.CMD_POWER_ON;
    this.#linkControl = 0;
    this.#stop();
    this.#resetDrive();
    this.#errors = 0;
  }

  /** COMRESET, and what the drive answers. */
  #resetDrive(): void {
    this.#taskFile = NO_TASK_FILE;
    this.#signature = NO_SIGNATURE;
    this.#forget();
    this.#isHeld = false;
    if (this.drive === null) return;
    this.drive.reset();
    this.#owesSignature = true;
    this.#errors |= ahci.SERR_EXCHANGED | ahci.SERR_PHY_READY;
    this.#paySignature();
    this.#wires.interruptsChanged();
  }

  /** Nothing is in work any more, as far as the port knows. */
  #forget(): void {
    this.#timer.disarm();
    this.#slot = NO_SLOT;
    this.#queue = new Uint8Array(0);
  }

  /** PxCMD.ST is cleared (3.3.7, 3.3.13, 3.3.14). */
  #stop(): void {
    this.#forget();
    this.#issued = 0;
    this.#active = 0;
    this.#isHalted = false;
    this.#lastSlot = ahci.COMMAND_SLOTS - 1;
    this.#command &= ~ahci.CMD_SLOT;
  }

  /** PxIS: two of its bits are those of PxSERR. */
  get #interrupts(): number {
    return (
      this.#interruptStatus |
      (this.#errors & ahci.SERR_EXCHANGED ? ahci.INTERRUPT_CONNECT : 0) |
      (this.#errors & ahci.SERR_PHY_READY ? ahci.INTERRUPT_PHY_READY : 0)
    );
  }

  /** The port has something to say that software wants to hear. */
  get interrupts(): boolean {
    return (this.#interrupts & this.#plain.get(ahci.PX_IE)!) !== 0;
  }

  get #isOnline(): boolean {
    return this.drive !== null && (this.#linkControl & ahci.DET) === 0;
  }

  get #status(): number {
    if (this.#isOnline) return ahci.SSTS_CONNECTED;
    return (this.#linkControl & ahci.DET) === ahci.DET_OFFLINE ? ahci.DET_OFFLINE : ahci.DET_NOBODY;
  }

  readRegister(register: number): number {
    switch (register) {
      case ahci.PX_IS:
        return this.#interrupts;
      case ahci.PX_CMD:
        return this.#command;
      case ahci.PX_TFD:
        return this.#taskFile;
      case ahci.PX_SIG:
        return this.#signature;
      case ahci.PX_SSTS:
        return this.#status;
      case ahci.PX_SCTL:
        return this.#linkControl;
      case ahci.PX_SERR:
        return this.#errors;
      case ahci.PX_SACT:
        return this.#active;
      case ahci.PX_CI:
        return this.#issued;
      default:
        return this.#plain.get(register) ?? 0;
    }
  }

  writeRegister(register: number, value: number): void {
    switch (register) {
      case ahci.PX_IS:
        this.#interruptStatus &= ~value;
        return;
      case ahci.PX_CMD:
        return this.#writeCommand(value);
      case ahci.PX_SCTL:
        return this.#writeLinkControl(value & 0xfff);
      case ahci.PX_SERR:
        this.#errors &= ~value;
        return;
      case ahci.PX_SACT:
        if (this.#command & ahci.CMD_START) this.#active |= value;
        return;
      case ahci.PX_CI:
        if (this.#command & ahci.CMD_START) this.#issued |= value;
        return this.kick();
      default: {
        const bits = ahci.PLAIN_BITS.get(register);
        if (bits === undefined) return;
        this.#plain.set(register, (value & bits) >>> 0);
        if (register === ahci.PX_IE) this.#wires.interruptsChanged();
      }
    }
  }

  #writeCommand(value: number): void {
    const writable = ahci.CMD_START | ahci.CMD_RECEIVE | ahci.CMD_ATAPI | ahci.CMD_ATAPI_LED;
    const running = ahci.CMD_RUNNING | ahci.CMD_RECEIVING;
    const wasStarted = (this.#command & ahci.CMD_START) !== 0;
    this.#command =
      (this.#command & ~(writable | running)) |
      (value & writable) |
      (value & ahci.CMD_START ? ahci.CMD_RUNNING : 0) |
      (value & ahci.CMD_RECEIVE ? ahci.CMD_RECEIVING : 0);
    if (wasStarted && !(value & ahci.CMD_START)) this.#stop();
    this.#paySignature();
    this.kick();
  }

  /** DET 1 holds the drive in reset, 4 lets nobody talk to it; it begins anew when that ends. */
  #writeLinkControl(value: number): void {
    const wasOff = (this.#linkControl & ahci.DET) !== 0;
    const isOff = (value & ahci.DET) !== 0;
    this.#linkControl = value;
    if (isOff && !wasOff) {
      this.#forget();
      this.drive?.holdInReset();
    }
    if (wasOff && !isOff) this.#resetDrive();
  }

  /** The registers of a drive that was reset come as soon as the port receives FISes. */
  #paySignature(): void {
    const { drive } = this;
    if (drive === null || !this.#owesSignature || !this.#isOnline || !(this.#command & ahci.CMD_RECEIVE)) return;
    this.#owesSignature = false;
    this.#receiveRegisters(drive, false);
    const { sectorCount, sectorNumber, cylinderLow, cylinderHigh } = drive;
    this.#signature = ((cylinderHigh << 24) | (cylinderLow << 16) | (sectorNumber << 8) | sectorCount) >>> 0;
  }

  /** There may be something to do. */
  kick(): void {
    const hasWork = this.#issued !== 0 || this.#queue.length > 0;
    if (hasWork && this.#timer.deadlineNs === Infinity) this.#timer.arm(this.#wires.clock.nowNs + FETCH_NS);
  }

  /** Begins what can begin: a queued command that waits for the drive, and the next of the list. */
  #proceed(): void {
    const { drive } = this;
    if (!drive || !this.#isOnline || this.#isHalted || !this.#wires.mayUseBus()) return;
    if (this.#queue.length > 0 && this.#slot === NO_SLOT && !drive.isBusy) this.#beginQueued(drive);
    if (this.#isHalted || this.#issued === 0 || this.#taskFile & BUSY) return;
    const slot = this.#nextSlot();
    const header = this.#header(slot);
    if (header === null) return this.#halt(ahci.INTERRUPT_BUS_FATAL);
    const fis = new HostFis(new Uint8Array(REGISTERS_BYTES));
    this.#wires.dma.read(header.tableAddress, fis.bytes);
    if (!fis.isRegisters || header.fisDwords * 4 < REGISTERS_BYTES) {
      this.#errors |= ahci.SERR_PROTOCOL;
      return this.#halt(ahci.INTERRUPT_INTERFACE_FATAL);
    }
    // A drive that is still at a command which the port has forgotten takes nothing but a reset.
    if (fis.isCommand && this.#slot === NO_SLOT && drive.isBusy) return;
    this.#lastSlot = slot;
    this.#command = (this.#command & ~ahci.CMD_SLOT) | (slot << ahci.CMD_SLOT_SHIFT);
    if (!fis.isCommand) this.#control(drive, slot, fis);
    else if (drive.isQueued(fis.command)) this.#enqueue(drive, slot, fis);
    else this.#begin(drive, slot, header, fis);
    this.kick();
  }

  /** The first that was issued, from the one after the last on (5.3.2.3). */
  #nextSlot(): number {
    let slot = this.#lastSlot;
    do slot = (slot + 1) % ahci.COMMAND_SLOTS;
    while (!(this.#issued & (1 << slot)));
    return slot;
  }

  /** Null for what lies above 4 GiB, where there is no memory. */
  #header(slot: number): CommandHeader | null {
    if (this.#plain.get(ahci.PX_CLBU) !== 0) return null;
    const bytes = new Uint8Array(ahci.HEADER_BYTES);
    this.#wires.dma.read(this.#headerAddress(slot), bytes);
    const view = new DataView(bytes.buffer);
    if (view.getUint32(ahci.HEADER_TABLE_UPPER, true) !== 0) return null;
    const word = view.getUint32(0, true);
    return {
      fisDwords: word & ahci.HEADER_FIS_DWORDS,
      descriptors: word >>> ahci.HEADER_DESCRIPTORS_SHIFT,
      tableAddress: (view.getUint32(ahci.HEADER_TABLE, true) & -ahci.TABLE_ALIGNMENT) >>> 0,
    };
  }

  #headerAddress(slot: number): number {
    return (this.#plain.get(ahci.PX_CLB)! + slot * ahci.HEADER_BYTES) >>> 0;
  }

  /** The header says how many bytes its command has moved. */
  #writeMoved(slot: number, movedBytes: number): void {
    const count = new Uint8Array(4);
    new DataView(count.buffer).setUint32(0, movedBytes, true);
    this.#wires.dma.write((this.#headerAddress(slot) + ahci.HEADER_MOVED) >>> 0, count);
  }

  /**
   * The control register alone: SRST holds the drive in reset while it is set. The port waits for no answer (10.4.1).
   */
  #control(drive: IdeDrive, slot: number, fis: HostFis): void {
    this.#issued &= ~(1 << slot);
    const isHeld = (fis.control & CONTROL_SOFT_RESET) !== 0;
    if (isHeld && !this.#isHeld) {
      this.#forget();
      drive.holdInReset();
    }
    if (!isHeld && this.#isHeld) {
      drive.reset();
      this.#owesSignature = true;
      this.#paySignature();
    }
    this.#isHeld = isHeld;
  }

  /** A command that has the drive for itself. */
  #begin(drive: IdeDrive, slot: number, header: CommandHeader, fis: HostFis): void {
    if (this.#slot !== NO_SLOT || this.#queue.length > 0) return this.#refuse(fis);
    this.#writeMoved(slot, 0);
    this.#occupy(slot, false, header);
    this.#taskFile = (this.#taskFile & 0xff00) | STATUS_BUSY;
    fis.give(drive);
  }

  /** The drive takes a queued command in, and can be sent the next one (Serial ATA 2.6, 11.14). */
  #enqueue(drive: IdeDrive, slot: number, fis: HostFis): void {
    const tags = this.#queued.map(({ tag }) => tag);
    if (this.#slot !== NO_SLOT) tags.push(this.#slot);
    if (tags.includes(fis.tag)) return this.#refuse(fis);
    this.#issued &= ~(1 << slot);
    const queue = new Uint8Array(this.#queue.length + REGISTERS_BYTES);
    queue.set(this.#queue);
    queue.set(fis.bytes, this.#queue.length);
    this.#queue = queue;
    this.#receiveAnswer(fis, STATUS_READY | STATUS_SEEK_COMPLETE, 0);
    if (this.#slot === NO_SLOT) this.#beginQueued(drive);
  }

  get #queued(): readonly HostFis[] {
    return Array.from(
      { length: this.#queue.length / REGISTERS_BYTES },
      (_, index) => new HostFis(this.#queue.slice(index * REGISTERS_BYTES, (index + 1) * REGISTERS_BYTES)),
    );
  }

  #beginQueued(drive: IdeDrive): void {
    const fis = new HostFis(this.#queue.slice(0, REGISTERS_BYTES));
    this.#queue = this.#queue.slice(REGISTERS_BYTES);
    const header = this.#header(fis.tag);
    if (header === null) return this.#halt(ahci.INTERRUPT_BUS_FATAL);
    this.#occupy(fis.tag, true, header);
    fis.give(drive);
  }

  #occupy(slot: number, isQueued: boolean, { tableAddress, descriptors }: CommandHeader): void {
    this.#slot = slot;
    this.#isQueued = isQueued;
    this.#tableAddress = tableAddress;
    this.#hadBlock = false;
    this.#isTold = false;
    this.#descriptors.begin((tableAddress + ahci.TABLE_DESCRIPTORS) >>> 0, descriptors);
  }

  /**
   * Queued commands and others at the same time, or a tag twice: a drive ends all of them (ATA8-ACS, 4.16.2). What it
   * is doing comes to its end, but nobody hears of it.
   */
  #refuse(fis: HostFis): void {
    this.#forget();
    this.#receiveAnswer(fis, STATUS_READY | STATUS_SEEK_COMPLETE | STATUS_ERROR, ERROR_ABORTED);
    this.#raise(ahci.INTERRUPT_REGISTER_FIS);
    this.#halt(ahci.INTERRUPT_TASK_FILE);
  }

  #raise(interrupts: number): void {
    this.#interruptStatus |= interrupts;
    this.#wires.interruptsChanged();
  }

  #halt(interrupts: number): void {
    this.#isHalted = true;
    this.#raise(interrupts);
  }

  /** A FIS arrives, if the port receives FISes. */
  #receive(place: number, fis: Uint8Array): boolean {
    if (!(this.#command & ahci.CMD_RECEIVE)) return false;
    if (this.#plain.get(ahci.PX_FBU) !== 0) {
      this.#halt(ahci.INTERRUPT_BUS_FATAL);
      return false;
    }
    if (this.#wires.mayUseBus()) this.#wires.dma.write((this.#plain.get(ahci.PX_FB)! + place) >>> 0, fis);
    return true;
  }

  #receiveRegisters(drive: IdeDrive, withInterrupt: boolean): void {
    if (!this.#receive(ahci.RECEIVED_REGISTERS, driveRegisters(drive, withInterrupt))) return;
    this.#taskFile = (drive.error << 8) | drive.status;
    if (withInterrupt) this.#raise(ahci.INTERRUPT_REGISTER_FIS);
  }

  /** Registers by which the drive answers at once, whatever else it is doing. */
  #receiveAnswer(fis: HostFis, status: number, error: number): void {
    if (!this.#receive(ahci.RECEIVED_REGISTERS, fis.answer(status, error))) return;
    this.#taskFile = (error << 8) | status;
  }

  /** INTRQ is of parallel cables: here FISes say what there is to say. */
  setInterrupt(): void {}

  blockReady(drive: IdeDrive): void {
    if (this.#slot === NO_SLOT || this.#isHalted) return;
    if (!this.#wires.mayUseBus()) return this.#halt(ahci.INTERRUPT_BUS_FATAL);
    const { bytes, isForHost, isLast } = drive.block;
    const isPacket = drive.command === PACKET && !this.#hadBlock;
    const withInterrupt = isForHost || this.#hadBlock;
    const endStatus = (drive.status & ~STATUS_DATA_REQUEST) | (isLast ? 0 : STATUS_BUSY);
    if (this.#receive(ahci.RECEIVED_PIO_SETUP, pioSetup(drive, withInterrupt, endStatus)))
      this.#taskFile = (drive.error << 8) | endStatus;
    this.#hadBlock = true;
    this.#isTold = isLast;
    const descriptors = this.#descriptors;
    if (isPacket) this.#wires.dma.read((this.#tableAddress + ahci.TABLE_PACKET) >>> 0, bytes);
    else if (isForHost) descriptors.toMemory(bytes);
    else descriptors.fromMemory(bytes);
    if (descriptors.isBeyondMemory) return this.#halt(ahci.INTERRUPT_BUS_FATAL);
    if (this.#waitsForData) return;
    if (withInterrupt) this.#raise(ahci.INTERRUPT_PIO_SETUP_FIS);
    drive.blockDone();
  }

  requestDma(drive: IdeDrive): void {
    const isWanted = this.#slot !== NO_SLOT && !this.#isHalted;
    if (isWanted && !this.#wires.mayUseBus()) this.#halt(ahci.INTERRUPT_BUS_FATAL);
    // For what nobody wants any more there is no room, and the drive ends it.
    if (!isWanted || this.#isHalted) this.#descriptors.begin(0, 0);
    else if (this.#isQueued)
      this.#receive(ahci.RECEIVED_DMA_SETUP, dmaSetup(this.#slot, drive.command === READ_FPDMA_QUEUED));
    drive.transferDma(this.#descriptors);
  }

  /** The drive is to be given more than the descriptors have: it waits until it is reset. */
  get #waitsForData(): boolean {
    return this.#descriptors.isShort && !this.#descriptors.isForHost;
  }

  commandEnded(drive: IdeDrive, withInterrupt: boolean): void {
    const slot = this.#slot;
    const descriptors = this.#descriptors;
    if (slot === NO_SLOT || this.#isHalted) {
      this.#slot = NO_SLOT;
      if (!this.#isHalted && !this.#isQueued) this.#receiveRegisters(drive, withInterrupt);
      return this.kick();
    }
    if (descriptors.isBeyondMemory) return this.#halt(ahci.INTERRUPT_BUS_FATAL);
    if (this.#waitsForData) return;
    this.#slot = NO_SLOT;
    if (descriptors.isShort) this.#raise(ahci.INTERRUPT_OVERFLOW);
    if (descriptors.hasInterrupt) this.#raise(ahci.INTERRUPT_DESCRIPTOR);
    if (this.#isQueued) this.#endQueued(drive, slot);
    else this.#end(drive, slot, withInterrupt || descriptors.isShort);
    this.kick();
  }

  #end(drive: IdeDrive, slot: number, withInterrupt: boolean): void {
    this.#writeMoved(slot, this.#descriptors.movedBytes);
    if (!this.#isTold) this.#receiveRegisters(drive, withInterrupt);
    // The command that has failed is the one that is left (6.2.2.1).
    if (drive.status & STATUS_ERROR) this.#halt(ahci.INTERRUPT_TASK_FILE);
    else this.#issued &= ~(1 << slot);
  }

  #endQueued(drive: IdeDrive, tag: number): void {
    const hasFailed = (drive.status & STATUS_ERROR) !== 0;
    const done = hasFailed ? 0 : 1 << tag;
    this.#active &= ~done;
    if (this.#receive(ahci.RECEIVED_SET_BITS, setBits(drive, done >>> 0))) {
      this.#taskFile = (this.#taskFile & BUSY) | (drive.error << 8) | (drive.status & ~BUSY);
      this.#raise(ahci.INTERRUPT_SET_BITS_FIS);
    }
    if (!hasFailed) return;
    this.#queue = new Uint8Array(0);
    this.#halt(ahci.INTERRUPT_TASK_FILE);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("AHCI port", 1);
    for (const [register, value] of this.#plain) this.#plain.set(register, visitor.u32(value));
    this.#interruptStatus = visitor.i32(this.#interruptStatus);
    this.#command = visitor.i32(this.#command);
    this.#taskFile = visitor.u16(this.#taskFile);
    this.#signature = visitor.u32(this.#signature);
    this.#linkControl = visitor.u16(this.#linkControl);
    this.#errors = visitor.i32(this.#errors);
    this.#active = visitor.i32(this.#active);
    this.#issued = visitor.i32(this.#issued);
    this.#owesSignature = visitor.bool(this.#owesSignature);
    this.#isHeld = visitor.bool(this.#isHeld);
    this.#isHalted = visitor.bool(this.#isHalted);
    this.#lastSlot = visitor.u8(this.#lastSlot);
    this.#slot = visitor.u8(this.#slot);
    this.#isQueued = visitor.bool(this.#isQueued);
    this.#tableAddress = visitor.u32(this.#tableAddress);
    this.#hadBlock = visitor.bool(this.#hadBlock);
    this.#isTold = visitor.bool(this.#isTold);
    this.#queue = visitor.blob(this.#queue);
    if (this.#queue.length % REGISTERS_BYTES !== 0) throw new RangeError("a queue of parts of commands");
    this.#descriptors.visitState(visitor);
    this.drive?.visitState(visitor);
  }
}
