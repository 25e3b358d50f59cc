/**
 * An ATAPI CD/DVD drive with a data disc in it, or none. Sources: ATA/ATAPI-6, 9.8 (packet protocol); MMC-3 for the
 * commands. A disc that was changed shows as QEMU has it: the first command that asks for one finds none, the second
 * one hears that it has changed.
 */
import { MediumBay } from "../../disk/bay.ts";
import type { BlockBackend } from "../../disk/block.ts";
import { BytesDisk } from "../../disk/disk.ts";
import type { StateVisitor } from "../../state/state.ts";
import type { Clock } from "../../time/clock.ts";
import { chosenModes, identifyCd, type TransferModes } from "./ata-identify.ts";
import {
  CD_BLOCK_BYTES,
  capacityData,
  configurationData,
  discInformation,
  EVENT_CLASS_MEDIA,
  EVENT_EJECT_REQUEST,
  EVENT_NEW_MEDIUM,
  EVENT_NONE,
  eventStatus,
  inquiryData,
  mechanismStatus,
  modePages,
  tableOfContents,
} from "./atapi-replies.ts";
import {
  ADDRESS_OUT_OF_RANGE,
  INVALID_COMMAND,
  INVALID_FIELD,
  MEDIUM_CHANGED,
  NO_MEDIUM,
  NO_SENSE,
  REMOVAL_PREVENTED,
  type Sense,
  senseData,
  TRAY_OPEN,
  UNRECOVERED_READ_ERROR,
} from "./atapi-sense.ts";
import { type DmaChannel, type DmaResult, ERROR_ABORTED, IdeDrive } from "./ide-drive.ts";
import type { RemovableDrive } from "./removable-drive.ts";

const PACKET_BYTES = 12;
const FEATURE_DMA = 0x01;
/** Interrupt reason, in the sector count register: C/D (command, not data) and I/O (to the host). */
const REASON_COMMAND = 0x01;
const REASON_TO_HOST = 0x02;
const PACKET = 0xa0;
const DMA_CHUNK_BLOCKS = 32;

/** What the data phase that follows the buffer is about. */
const AWAITS_PACKET = 0;
const SENDS_IDENTITY = 1;
const SENDS_REPLY = 2;

/** Commands that say what they can without a disc, and whether or not it has changed (MMC-3, 4.1.6). */
const ALWAYS_ANSWERED: ReadonlySet<number> = new Set([0x03, 0x12, 0x46, 0x4a]);
/** Commands that are nothing without a disc. */
const NEEDS_DISC: ReadonlySet<number> = new Set([0x00, 0x25, 0x28, 0x2b, 0x43, 0x51, 0xa8, 0xbe]);

/** How far the guest knows of a change. */
const KNOWN = 0;
const CHANGED = 1;
/** It has seen the drive without a disc. */
const SEEN_EMPTY = 2;

function big16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

function big32(bytes: Uint8Array, offset: number): number {
  return (big16(bytes, offset) * 0x10000 + big16(bytes, offset + 2)) >>> 0;
}

export class AtapiCd extends IdeDrive implements RemovableDrive {
  readonly #bay: MediumBay;
  readonly #name: string;
  isOpen = false;
  isLocked = false;
  #change = KNOWN;
  /** What GET EVENT STATUS NOTIFICATION says next. */
  #event = EVENT_NONE;
  #modes: TransferModes = { multiword: -1, ultra: 5 };
  #sense: Sense = NO_SENSE;
  #stage = AWAITS_PACKET;
  /** The reply in progress: bytes in memory, or else a range of the medium; how far it has been sent. */
  #reply: Uint8Array = new Uint8Array(0);
  #mediumOffset = 0;
  #mediumBytes = 0;
  #sent = 0;

  constructor(clock: Clock, name: string, backend: BlockBackend | null) {
    super(clock, name);
    this.#bay = new MediumBay(backend);
    this.#name = name;
    this.reset();
  }

  get medium(): BlockBackend | null {
    return this.#bay.medium;
  }

  get hasOther(): boolean {
    return this.#bay.hasOther;
  }

  /** The disc as the laser finds it. */
  get #disc(): BlockBackend | null {
    return this.isOpen ? null : this.#bay.medium;
  }

  get #blocks(): number {
    return Math.floor((this.#disc?.sizeBytes ?? 0) / CD_BLOCK_BYTES);
  }

  open(isForced: boolean): void {
    if (this.isLocked) this.#event = EVENT_EJECT_REQUEST;
    if (this.isLocked && !isForced) return;
    this.isOpen = true;
    this.#change = CHANGED;
    this.#event = EVENT_NEW_MEDIUM;
  }

  remove(): void {
    this.#bay.remove();
  }

  insert(content: Uint8Array): void {
    if (content.length === 0) throw new RangeError("a CD without a single byte");
    this.#bay.put(new BytesDisk(content, Math.ceil(content.length / CD_BLOCK_BYTES) * CD_BLOCK_BYTES));
    this.isOpen = false;
    this.#change = CHANGED;
    this.#event = EVENT_NEW_MEDIUM;
  }

  protected override setSignature(): void {
    this.status = 0;
    this.sectorCount = 1;
    this.sectorNumber = 1;
    this.cylinderLow = 0x14;
    this.cylinderHigh = 0xeb;
    this.#endReply();
    this.#sense = NO_SENSE;
  }

  override reset(): void {
    super.reset();
    this.isLocked = false;
    // As in QEMU: who has reset the drive looks at the disc anyway.
    this.#change = KNOWN;
  }

  #endReply(): void {
    this.#stage = AWAITS_PACKET;
    this.#reply = new Uint8Array(0);
    this.#mediumOffset = 0;
    this.#mediumBytes = 0;
    this.#sent = 0;
  }

  protected override usesMedium(): boolean {
    return false;
  }

  protected override dmaBytes(): number {
    return 0;
  }

  protected override dataOutDelayNs(): number {
    return this.mediumNs;
  }

  protected override execute(command: number): void {
    switch (command) {
      case PACKET:
        this.#stage = AWAITS_PACKET;
        this.sectorCount = REASON_COMMAND;
        return this.askForData(PACKET_BYTES, false);
      case 0xa1: // IDENTIFY PACKET DEVICE.
        this.#stage = SENDS_IDENTITY;
        return this.offerData(
          identifyCd({
            serial: "CD00001",
            firmware: "1.0",
            model: "VIRTUAL DVD-ROM",
            modes: this.#modes,
            isSerial: this.isSerial,
          }),
        );
      case 0x08: // DEVICE RESET: no interrupt.
        this.reset();
        return this.endCommand(false);
      case 0x90:
        this.setSignature();
        this.device = 0;
        this.error = 1;
        return this.endCommand(true);
      case 0xec: // IDENTIFY DEVICE: abort with the signature, by which a packet device is told from a disk.
        this.setSignature();
        return this.fail(ERROR_ABORTED);
      case 0xef:
        if (this.features === 0x03) this.#modes = chosenModes(this.#modes, this.sectorCount) ?? this.#modes;
        return this.complete();
      case 0xe0:
      case 0xe1:
      case 0xe2:
      case 0xe3:
      case 0xe5:
      case 0xe6:
        if (command === 0xe5) this.sectorCount = 0xff;
        return this.complete();
      default:
        return this.fail(ERROR_ABORTED);
    }
  }

  protected override isLastBlock(): boolean {
    return this.#stage === SENDS_IDENTITY;
  }

  protected override dataOutDone(): void {
    const packet = this.buffer.slice();
    // REQUEST SENSE tells about the command before; every other one starts afresh.
    if (packet[0] !== 0x03) this.#sense = NO_SENSE;
    this.#executePacket(packet);
  }

  protected override dataInDone(): void {
    if (this.#stage === SENDS_IDENTITY) {
      this.#stage = AWAITS_PACKET;
      this.complete(false);
    } else if (this.#sent < this.#replyBytes) this.#offerNext();
    else this.#packetDone();
  }

  get #replyBytes(): number {
    return this.#mediumBytes === 0 ? this.#reply.length : this.#mediumBytes;
  }

  #packetDone(): void {
    this.#endReply();
    this.sectorCount = REASON_COMMAND | REASON_TO_HOST;
    this.complete();
  }

  #packetFailed(sense: Sense): void {
    this.#endReply();
    this.#sense = sense;
    this.sectorCount = REASON_COMMAND | REASON_TO_HOST;
    this.fail((sense.key << 4) | ERROR_ABORTED);
  }

  /** What is in the way of a command: no disc, or another one than the guest knows. */
  #obstacle(command: number): Sense | null {
    if (ALWAYS_ANSWERED.has(command)) return null;
    if (this.#disc && this.#change !== KNOWN) {
      this.#change = this.#change === CHANGED ? SEEN_EMPTY : KNOWN;
      return this.#change === SEEN_EMPTY ? NO_MEDIUM : MEDIUM_CHANGED;
    }
    if (this.#disc || !NEEDS_DISC.has(command)) return null;
    return this.isOpen ? TRAY_OPEN : NO_MEDIUM;
  }

  /** START STOP UNIT: with LoEj it opens the tray, or closes it; a power condition is no such thing. */
  #startStop(bits: number): void {
    const [starts, moves] = [(bits & 1) !== 0, (bits & 2) !== 0 && bits >> 4 === 0];
    if (moves && !starts && !this.isOpen && this.isLocked) return this.#packetFailed(REMOVAL_PREVENTED);
    if (moves) this.isOpen = !starts;
    this.#packetDone();
  }

  #executePacket(packet: Uint8Array): void {
    const obstacle = this.#obstacle(packet[0]!);
    if (obstacle) return this.#packetFailed(obstacle);
    switch (packet[0]) {
      case 0x1b:
        return this.#startStop(packet[4]!);
      case 0x1e: // PREVENT ALLOW MEDIUM REMOVAL.
        this.isLocked = (packet[4]! & 1) !== 0;
        return this.#packetDone();
      case 0x00: // TEST UNIT READY.
      case 0xbb: // SET CD SPEED.
        return this.#packetDone();
      case 0x03: {
        const data = senseData(this.#sense);
        this.#sense = NO_SENSE;
        return this.#send(data, packet[4]!);
      }
      case 0x12:
        if (packet[1]! & 1) return this.#packetFailed(INVALID_FIELD);
        return this.#send(inquiryData("VIRTUAL", "DVD-ROM", "1.0"), packet[4]!);
      case 0x25:
        return this.#send(capacityData(this.#blocks), 8);
      case 0x2b: // SEEK(10).
        return big32(packet, 2) < this.#blocks ? this.#packetDone() : this.#packetFailed(ADDRESS_OUT_OF_RANGE);
      case 0x28:
        return this.#sendMedium(big32(packet, 2), big16(packet, 7));
      case 0xa8:
        return this.#sendMedium(big32(packet, 2), big32(packet, 6));
      case 0xbe: {
        // READ CD: user data of mode 1 sectors only.
        const parts = packet[9]! & 0xf8;
        if (parts === 0) return this.#packetDone();
        if (parts !== 0x10) return this.#packetFailed(INVALID_FIELD);
        return this.#sendMedium(big32(packet, 2), (packet[6]! << 16) | big16(packet, 7));
      }
      case 0x43: {
        // READ TOC: the format is in byte 2, or in the control byte as older drivers have it.
        const format = packet[2]! & 15 || packet[9]! >> 6;
        return this.#sendOr(
          tableOfContents(format, packet[6]!, (packet[1]! & 2) !== 0, this.#blocks),
          big16(packet, 7),
        );
      }
      case 0x46:
        return this.#send(configurationData(this.#blocks), big16(packet, 7));
      case 0x4a:
        if (!(packet[1]! & 1)) return this.#packetFailed(INVALID_FIELD);
        return this.#send(this.#eventStatus(packet[4]!), big16(packet, 7));
      case 0x51:
        return this.#send(discInformation(), big16(packet, 7));
      case 0x5a:
        return this.#sendOr(modePages(packet[2]! & 0x3f), big16(packet, 7));
      case 0xbd:
        return this.#send(mechanismStatus(this.isOpen), big16(packet, 8));
      default:
        return this.#packetFailed(INVALID_COMMAND);
    }
  }

  #eventStatus(classes: number): Uint8Array {
    // Of an open tray nothing more is said until it is closed.
    const event = this.isOpen ? EVENT_NONE : this.#event;
    if (classes & EVENT_CLASS_MEDIA && !this.isOpen) this.#event = EVENT_NONE;
    return eventStatus(classes, event, this.isOpen, this.#disc !== null);
  }

  #sendOr(data: Uint8Array | null, limit: number): void {
    if (data === null) this.#packetFailed(INVALID_FIELD);
    else this.#send(data, limit);
  }

  #send(data: Uint8Array, limit: number): void {
    this.#reply = data.subarray(0, limit);
    this.#beginReply();
  }

  #sendMedium(block: number, count: number): void {
    if (block + count > this.#blocks) return this.#packetFailed(ADDRESS_OUT_OF_RANGE);
    this.#mediumOffset = block * CD_BLOCK_BYTES;
    this.#mediumBytes = count * CD_BLOCK_BYTES;
    this.#beginReply();
  }

  #beginReply(): void {
    this.#sent = 0;
    this.#stage = SENDS_REPLY;
    if (this.#replyBytes === 0) return this.#packetDone();
    if (this.features & FEATURE_DMA) {
      this.sectorCount = REASON_TO_HOST;
      this.beginDma();
    } else {
      this.#offerNext();
    }
  }

  /** The part of the reply at `offset`. Throws what the medium throws. */
  #part(offset: number, sizeBytes: number): Uint8Array {
    if (this.#mediumBytes === 0) return this.#reply.slice(offset, offset + sizeBytes);
    const start = this.#mediumOffset + offset;
    const firstBlock = Math.floor(start / CD_BLOCK_BYTES);
    const lastBlock = Math.ceil((start + sizeBytes) / CD_BLOCK_BYTES);
    const disc = this.#disc;
    // It was taken out in the middle of a command, or replaced by a smaller one.
    if (!disc || lastBlock > this.#blocks) throw new RangeError("the disc is gone");
    const blocks = new Uint8Array((lastBlock - firstBlock) * CD_BLOCK_BYTES);
    disc.read(firstBlock * CD_BLOCK_BYTES, blocks);
    const skip = start - firstBlock * CD_BLOCK_BYTES;
    return blocks.subarray(skip, skip + sizeBytes);
  }

  /** Offers as much of the reply as the byte count limit in the cylinder registers allows. */
  #offerNext(): void {
    const limit = this.cylinderLow | (this.cylinderHigh << 8);
    const even = limit === 0 || limit === 0xffff ? 0xfffe : Math.max(limit & ~1, 2);
    const count = Math.min(even, this.#replyBytes - this.#sent);
    let part: Uint8Array;
    try {
      part = this.#part(this.#sent, count);
    } catch {
      return this.#packetFailed(UNRECOVERED_READ_ERROR);
    }
    this.#sent += count;
    this.cylinderLow = count & 0xff;
    this.cylinderHigh = count >> 8;
    this.sectorCount = REASON_TO_HOST;
    this.offerData(part);
  }

  override transferDma(channel: DmaChannel): DmaResult {
    try {
      while (this.#sent < this.#replyBytes) {
        const count = Math.min(DMA_CHUNK_BLOCKS * CD_BLOCK_BYTES, this.#replyBytes - this.#sent);
        const moved = channel.toMemory(this.#part(this.#sent, count));
        this.#sent += moved;
        if (moved < count) {
          this.#endReply();
          this.complete(false);
          return "short descriptors";
        }
      }
    } catch {
      this.#packetFailed(UNRECOVERED_READ_ERROR);
      return "done";
    }
    this.#packetDone();
    return "done";
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    this.#bay.visitState(visitor);
    visitor.part(this.#name, 2);
    this.isOpen = visitor.bool(this.isOpen);
    this.isLocked = visitor.bool(this.isLocked);
    this.#change = visitor.u8(this.#change);
    this.#event = visitor.u8(this.#event);
    this.#modes = { multiword: visitor.i32(this.#modes.multiword), ultra: visitor.i32(this.#modes.ultra) };
    const { key, code, qualifier } = this.#sense;
    this.#sense = { key: visitor.u8(key), code: visitor.u8(code), qualifier: visitor.u8(qualifier ?? 0) };
    this.#stage = visitor.u8(this.#stage);
    this.#reply = visitor.blob(this.#reply);
    this.#mediumOffset = visitor.integer(this.#mediumOffset);
    this.#mediumBytes = visitor.integer(this.#mediumBytes);
    this.#sent = visitor.integer(this.#sent);
  }
}
