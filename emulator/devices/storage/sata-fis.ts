/** Frame information structures, by which a SATA drive and its host talk. Source: Serial ATA 2.6, 10.3. */
import { holds } from "../../state/invariant.ts";
import type { IdeDrive } from "./ide-drive.ts";

const REGISTERS_TO_DEVICE = 0x27;
const REGISTERS_TO_HOST = 0x34;
const DMA_SETUP = 0x41;
const PIO_SETUP = 0x5f;
const SET_BITS = 0xa1;

const FLAG_TO_HOST = 0x20;
const FLAG_INTERRUPT = 0x40;
const FLAG_COMMAND = 0x80;
/** The bits of the status that Set Device Bits carries: neither BSY nor DRQ. */
const SET_BITS_STATUS = 0x77;

/** Bytes of a FIS with registers. */
export const REGISTERS_BYTES = 20;
/** Of the control register. */
export const CONTROL_SOFT_RESET = 0x04;

/** What the host sends to a drive. */
export class HostFis {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get isRegisters(): boolean {
    return this.bytes[0] === REGISTERS_TO_DEVICE;
  }

  /** A command; otherwise only the control register is new. */
  get isCommand(): boolean {
    return (this.bytes[1]! & FLAG_COMMAND) !== 0;
  }

  get command(): number {
    return this.bytes[2]!;
  }

  get control(): number {
    return this.bytes[15]!;
  }

  /** Of a queued command. */
  get tag(): number {
    return this.bytes[12]! >> 3;
  }

  /** The drive begins the command. */
  give(drive: IdeDrive): void {
    const bytes = this.bytes;
    drive.features = bytes[3]!;
    drive.sectorNumber = bytes[4]!;
    drive.cylinderLow = bytes[5]!;
    drive.cylinderHigh = bytes[6]!;
    drive.device = bytes[7]!;
    drive.sectorCount = bytes[12]!;
    const previous = drive.previous;
    previous.sectorNumber = bytes[8]!;
    previous.cylinderLow = bytes[9]!;
    previous.cylinderHigh = bytes[10]!;
    previous.features = bytes[11]!;
    previous.sectorCount = bytes[13]!;
    drive.writeCommand(this.command);
  }

  /** The registers with which the drive answers before it has done anything: the command's own. */
  answer(status: number, error: number): Uint8Array {
    const fis = this.bytes.slice();
    fis.set([REGISTERS_TO_HOST, 0, status, error]);
    fis[11] = 0;
    fis.fill(0, 14);
    return fis;
  }
}

const flagsOf = (withInterrupt: boolean, isForHost = false): number =>
  (withInterrupt ? FLAG_INTERRUPT : 0) | (isForHost ? FLAG_TO_HOST : 0);

function registers(kind: number, flags: number, drive: IdeDrive): Uint8Array {
  const { previous } = drive;
  const fis = new Uint8Array(REGISTERS_BYTES);
  fis.set([kind, flags, drive.status, drive.error]);
  fis.set([drive.sectorNumber, drive.cylinderLow, drive.cylinderHigh, drive.device], 4);
  fis.set([previous.sectorNumber, previous.cylinderLow, previous.cylinderHigh], 8);
  fis.set([drive.sectorCount, previous.sectorCount], 12);
  return fis;
}

/** The registers of a drive, at the end of a command or of a reset. */
export function driveRegisters(drive: IdeDrive, withInterrupt: boolean): Uint8Array {
  return registers(REGISTERS_TO_HOST, flagsOf(withInterrupt), drive);
}

/** A block of so many bytes comes or is wanted; `endStatus` is the status after it. */
export function pioSetup(drive: IdeDrive, withInterrupt: boolean, endStatus: number): Uint8Array {
  const { bytes, isForHost } = drive.block;
  holds(bytes.length <= 0xffff, "SATA drive", "a block is longer than its FIS can say");
  const fis = registers(PIO_SETUP, flagsOf(withInterrupt, isForHost), drive);
  fis[15] = endStatus;
  fis[16] = bytes.length & 0xff;
  fis[17] = bytes.length >> 8;
  return fis;
}

/** The data of a queued command follow. */
export function dmaSetup(tag: number, isForHost: boolean): Uint8Array {
  const fis = new Uint8Array(28);
  holds(tag >= 0 && tag < 32, "SATA drive", "a tag that no command has");
  fis.set([DMA_SETUP, flagsOf(false, isForHost)]);
  fis[4] = tag;
  return fis;
}

/** Queued commands have ended, by the bits of their tags; or one has failed. */
export function setBits(drive: IdeDrive, tags: number): Uint8Array {
  const fis = new Uint8Array(8);
  fis.set([SET_BITS, flagsOf(true), drive.status & SET_BITS_STATUS, drive.error]);
  new DataView(fis.buffer).setUint32(4, tags, true);
  return fis;
}
