/** An ATA hard disk. Source: ATA/ATAPI-6 (T13 1410D), chapter 8. */
import type { BlockBackend } from "../../disk/block.ts";
import type { StateVisitor } from "../../state/state.ts";
import type { Clock } from "../../time/clock.ts";
import { chosenModes, type DiskGeometry, identifyDisk, type TransferModes } from "./ata-identify.ts";
import {
  DEVICE_LBA,
  type DmaChannel,
  type DmaResult,
  ERROR_ABORTED,
  ERROR_ID_NOT_FOUND,
  ERROR_UNCORRECTABLE,
  IdeDrive,
  STATUS_READY,
  STATUS_SEEK_COMPLETE,
} from "./ide-drive.ts";

const SECTOR_BYTES = 512;
const NOP = 0x00;
const MAX_MULTIPLE = 16;
/** DMA moves at most this many sectors at a time between medium and memory. */
const DMA_CHUNK_SECTORS = 128;

type Action = "read" | "write" | "verify" | "read dma" | "write dma";

export interface MediumCommand {
  action: Action;
  /** 48-bit address and 16-bit count. */
  extended?: boolean;
  /** Blocks of SET MULTIPLE MODE instead of single sectors. */
  multiple?: boolean;
  /** The count is in the features register, the count register has the command's tag. */
  queued?: boolean;
}

/** Commands that access the medium. */
const MEDIUM_COMMANDS = new Map<number, MediumCommand>([
  [0x20, { action: "read" }],
  [0x21, { action: "read" }],
  [0x24, { action: "read", extended: true }],
  [0x29, { action: "read", extended: true, multiple: true }],
  [0xc4, { action: "read", multiple: true }],
  [0x30, { action: "write" }],
  [0x31, { action: "write" }],
  [0x34, { action: "write", extended: true }],
  [0x39, { action: "write", extended: true, multiple: true }],
  [0xc5, { action: "write", multiple: true }],
  [0x40, { action: "verify" }],
  [0x41, { action: "verify" }],
  [0x42, { action: "verify", extended: true }],
  [0xc8, { action: "read dma" }],
  [0xc9, { action: "read dma" }],
  [0x25, { action: "read dma", extended: true }],
  [0xca, { action: "write dma" }],
  [0xcb, { action: "write dma" }],
  [0x35, { action: "write dma", extended: true }],
]);

/** Bit 7 of the device register of a queued command: what it writes is to be on the medium at its end (FUA). */
const DEVICE_FORCED = 0x80;
const FLUSH_CACHE = 0xe7;
const FLUSH_CACHE_EXT = 0xea;

/** The translation that a disk of this size reports: 16 heads, 63 sectors, as many cylinders as fit in the word. */
export function defaultGeometry(sectors: number): DiskGeometry {
  const cylinders = Math.max(1, Math.min(16_383, Math.floor(sectors / (16 * 63))));
  return { cylinders, heads: 16, sectors: 63 };
}

export class AtaDisk extends IdeDrive {
  readonly #backend: BlockBackend;
  readonly #name: string;
  readonly sectors: number;
  readonly #geometry: DiskGeometry;
  #current: DiskGeometry;
  #multiple = MAX_MULTIPLE;
  #modes: TransferModes = { multiword: -1, ultra: 5 };
  #writeCache = true;
  /** The command in progress: next sector, sectors still to move, sectors per interrupt, sectors of the buffer. */
  #nextSector = 0;
  #remaining = 0;
  #blockSectors = 1;
  #bufferSectors = 0;

  constructor(clock: Clock, name: string, backend: BlockBackend) {
    super(clock, name);
    this.#backend = backend;
    this.#name = name;
    this.sectors = Math.floor(backend.sizeBytes / SECTOR_BYTES);
    this.#geometry = defaultGeometry(this.sectors);
    this.#current = { ...this.#geometry };
    this.reset();
  }

  protected override setSignature(): void {
    this.status = STATUS_READY | STATUS_SEEK_COMPLETE;
    this.sectorCount = 1;
    this.sectorNumber = 1;
    this.cylinderLow = 0;
    this.cylinderHigh = 0;
    this.#remaining = 0;
  }

  /** How a command accesses the medium; undefined for all others. */
  protected mediumCommand(command: number): MediumCommand | undefined {
    return MEDIUM_COMMANDS.get(command);
  }

  protected override usesMedium(command: number): boolean {
    return this.mediumCommand(command) !== undefined || command === FLUSH_CACHE || command === FLUSH_CACHE_EXT;
  }

  protected override dmaBytes(command: number): number {
    const medium = this.mediumCommand(command);
    return medium?.action.endsWith("dma") ? this.#count(medium) * SECTOR_BYTES : 0;
  }

  protected override execute(command: number): void {
    const medium = this.mediumCommand(command);
    if (medium !== undefined) this.#beginMedium(medium);
    else if (command >= 0x10 && command <= 0x1f)
      this.complete(); // RECALIBRATE.
    else this.#executeOther(command);
  }

  #executeOther(command: number): void {
    switch (command) {
      case 0x27: // READ NATIVE MAX ADDRESS EXT.
        this.#showAddress(this.sectors - 1, true);
        return this.complete();
      case 0xf8: // READ NATIVE MAX ADDRESS.
        this.#showAddress(Math.min(this.sectors, 0x0fffffff) - 1, false);
        return this.complete();
      case 0x70: // SEEK.
        return this.#address(false) === null ? this.fail(ERROR_ID_NOT_FOUND) : this.complete();
      case 0x90: // EXECUTE DEVICE DIAGNOSTIC: passed.
        this.setSignature();
        this.device = 0;
        this.error = 1;
        return this.complete();
      case 0x91: // INITIALIZE DEVICE PARAMETERS.
        return this.#setTranslation();
      case 0xc6: // SET MULTIPLE MODE.
        return this.#setMultiple(this.sectorCount);
      case 0xe0:
      case 0xe1:
      case 0xe2:
      case 0xe3:
      case 0xe6: // Power states: all are the same here.
      case 0x94:
      case 0x95:
      case 0x96:
      case 0x97:
      case 0x99:
        return this.complete();
      case 0xe5:
      case 0x98: // CHECK POWER MODE: active or idle.
        this.sectorCount = 0xff;
        return this.complete();
      case FLUSH_CACHE:
      case FLUSH_CACHE_EXT:
        return this.#guard(() => {
          this.#backend.flush();
          this.complete();
        });
      case 0xec: // IDENTIFY DEVICE.
        return this.offerLast(this.#identify());
      case 0xef:
        return this.#setFeatures();
      default:
        return this.fail(ERROR_ABORTED);
    }
  }

  /** Data of a command that is over with them. */
  protected offerLast(data: Uint8Array): void {
    this.#remaining = 0;
    this.offerData(data);
  }

  #identify(): Uint8Array {
    return identifyDisk({
      sectors: this.sectors,
      serial: `HD${this.sectors.toString(16).toUpperCase().padStart(10, "0")}`,
      firmware: "1.0",
      model: `VIRTUAL HARDDISK`,
      geometry: this.#geometry,
      current: this.#current,
      multiple: this.#multiple,
      maxMultiple: MAX_MULTIPLE,
      modes: this.#modes,
      writeCache: this.#writeCache,
      isSerial: this.isSerial,
    });
  }

  #setTranslation(): void {
    const heads = (this.device & 15) + 1;
    const sectors = this.sectorCount;
    if (sectors === 0) return this.fail(ERROR_ABORTED);
    this.#current = { heads, sectors, cylinders: Math.min(0xffff, Math.floor(this.sectors / (heads * sectors))) };
    this.complete();
  }

  #setMultiple(count: number): void {
    const powerOfTwo = (count & (count - 1)) === 0;
    if (count > MAX_MULTIPLE || !powerOfTwo) return this.fail(ERROR_ABORTED);
    this.#multiple = count;
    this.complete();
  }

  #setFeatures(): void {
    switch (this.features) {
      case 0x02:
      case 0x82:
        this.#writeCache = this.features === 0x02;
        if (!this.#writeCache)
          return this.#guard(() => {
            this.#backend.flush();
            this.complete();
          });
        return this.complete();
      case 0x03:
        return this.#setTransferMode();
      case 0x05:
      case 0x85:
      case 0x42:
      case 0xc2: // Power and acoustic management: accepted, without effect.
      case 0xaa:
      case 0x55:
      case 0xcc:
      case 0x66:
      case 0x67: // Read look-ahead, defaults at reset.
        return this.complete();
      default:
        return this.fail(ERROR_ABORTED);
    }
  }

  #setTransferMode(): void {
    const modes = chosenModes(this.#modes, this.sectorCount);
    if (modes === null) return this.fail(ERROR_ABORTED);
    this.#modes = modes;
    this.complete();
  }

  #count({ extended, queued }: MediumCommand): number {
    if (queued) return (this.previous.features << 8) | this.features || 65_536;
    if (extended) return (this.previous.sectorCount << 8) | this.sectorCount || 65_536;
    return this.sectorCount || 256;
  }

  /** The sector that the task file addresses, or null when the translation has no such sector. */
  #address(extended: boolean): number | null {
    const previous = this.previous;
    if (extended) {
      const low = this.sectorNumber | (this.cylinderLow << 8) | (this.cylinderHigh << 16);
      const high = previous.sectorNumber | (previous.cylinderLow << 8) | (previous.cylinderHigh << 16);
      return high * 0x1000000 + low;
    }
    if (this.device & DEVICE_LBA) {
      return this.sectorNumber | (this.cylinderLow << 8) | (this.cylinderHigh << 16) | ((this.device & 15) << 24);
    }
    const { heads, sectors, cylinders } = this.#current;
    const cylinder = this.cylinderLow | (this.cylinderHigh << 8);
    const head = this.device & 15;
    if (this.sectorNumber === 0 || this.sectorNumber > sectors || head >= heads || cylinder >= cylinders) return null;
    return (cylinder * heads + head) * sectors + this.sectorNumber - 1;
  }

  /** Puts a sector's address into the task file, in the form that the command used. */
  #showAddress(sector: number, extended: boolean): void {
    const previous = this.previous;
    if (!extended && !(this.device & DEVICE_LBA)) {
      const { heads, sectors } = this.#current;
      const cylinder = Math.floor(sector / (heads * sectors));
      this.sectorNumber = (sector % sectors) + 1;
      this.cylinderLow = cylinder & 0xff;
      this.cylinderHigh = (cylinder >> 8) & 0xff;
      this.device = (this.device & 0xf0) | (Math.floor(sector / sectors) % heads);
      return;
    }
    const high = Math.floor(sector / 0x1000000);
    this.sectorNumber = sector & 0xff;
    this.cylinderLow = (sector >>> 8) & 0xff;
    this.cylinderHigh = (sector >>> 16) & 0xff;
    if (extended) {
      previous.sectorNumber = high & 0xff;
      previous.cylinderLow = (high >>> 8) & 0xff;
      previous.cylinderHigh = (high >>> 16) & 0xff;
    } else {
      this.device = (this.device & 0xf0) | (high & 15);
    }
  }

  #beginMedium(command: MediumCommand): void {
    const sector = this.#address(command.extended === true);
    const count = this.#count(command);
    if (sector === null || sector + count > this.sectors) return this.fail(ERROR_ID_NOT_FOUND);
    if (command.multiple && this.#multiple === 0) return this.fail(ERROR_ABORTED);
    const writes = command.action === "write" || command.action === "write dma";
    if (writes && this.#backend.readOnly) return this.fail(ERROR_ABORTED);
    this.#nextSector = sector;
    this.#remaining = count;
    this.#blockSectors = command.multiple ? this.#multiple : 1;
    switch (command.action) {
      case "verify":
        this.#remaining = 0;
        return this.complete();
      case "read":
        return this.#readBlock();
      case "write":
        return this.#askForBlock(false);
      default:
        return this.beginDma();
    }
  }

  /**
   * Runs an access to the medium; when the host cannot do it, the drive reports an uncorrectable error at that sector.
   */
  #guard(access: () => void): void {
    try {
      access();
    } catch {
      this.#showAddress(this.#nextSector, this.mediumCommand(this.command)?.extended === true);
      this.fail(ERROR_UNCORRECTABLE);
    }
  }

  #readBlock(): void {
    const count = Math.min(this.#blockSectors, this.#remaining);
    const block = new Uint8Array(count * SECTOR_BYTES);
    this.#guard(() => {
      this.#backend.read(this.#nextSector * SECTOR_BYTES, block);
      this.#moved(count);
      this.offerData(block);
    });
  }

  #askForBlock(withInterrupt: boolean): void {
    this.#bufferSectors = Math.min(this.#blockSectors, this.#remaining);
    this.askForData(this.#bufferSectors * SECTOR_BYTES, withInterrupt);
  }

  #moved(count: number): void {
    this.#nextSector += count;
    this.#remaining -= count;
    if (this.#remaining === 0)
      this.#showAddress(this.#nextSector - 1, this.mediumCommand(this.command)?.extended === true);
  }

  protected override isLastBlock(): boolean {
    return this.#remaining === 0;
  }

  protected override asksAtOnce(command: number): boolean {
    // NOP comes by a word that a driver writes to the device register, and the real command right behind it.
    return command === NOP || this.mediumCommand(command)?.action === "write";
  }

  /** The medium's time comes with the last block, as all were taken in before. */
  protected override dataOutDelayNs(): number {
    return this.#remaining === this.#bufferSectors ? this.mediumNs : super.dataOutDelayNs();
  }

  protected override dataInDone(): void {
    if (this.#remaining > 0) this.#readBlock();
    else this.complete(false);
  }

  protected override dataOutDone(): void {
    const count = this.#bufferSectors;
    this.#guard(() => {
      this.#backend.write(this.#nextSector * SECTOR_BYTES, this.buffer);
      if (!this.#writeCache) this.#backend.flush();
      this.#moved(count);
      if (this.#remaining > 0) this.#askForBlock(true);
      else this.complete();
    });
  }

  override transferDma(channel: DmaChannel): DmaResult {
    const { action, queued = false } = this.mediumCommand(this.command) ?? {};
    const writes = action === "write dma";
    const isForced = queued && (this.device & DEVICE_FORCED) !== 0;
    let result: DmaResult = "done";
    this.#guard(() => {
      while (this.#remaining > 0 && result === "done") {
        const count = Math.min(DMA_CHUNK_SECTORS, this.#remaining);
        const chunk = new Uint8Array(count * SECTOR_BYTES);
        if (!writes) this.#backend.read(this.#nextSector * SECTOR_BYTES, chunk);
        const bytes = writes ? channel.fromMemory(chunk) : channel.toMemory(chunk);
        const whole = Math.floor(bytes / SECTOR_BYTES);
        if (writes && whole > 0)
          this.#backend.write(this.#nextSector * SECTOR_BYTES, chunk.subarray(0, whole * SECTOR_BYTES));
        this.#moved(whole);
        if (bytes < chunk.length) result = "short descriptors";
      }
      if (writes && (isForced || !this.#writeCache)) this.#backend.flush();
      this.complete(result === "done");
    });
    return result;
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    visitor.part(this.#name, 1);
    const current = this.#current;
    current.cylinders = visitor.u32(current.cylinders);
    current.heads = visitor.u8(current.heads);
    current.sectors = visitor.u8(current.sectors);
    this.#multiple = visitor.u8(this.#multiple);
    this.#modes = { multiword: visitor.i32(this.#modes.multiword), ultra: visitor.i32(this.#modes.ultra) };
    this.#writeCache = visitor.bool(this.#writeCache);
    this.#nextSector = visitor.integer(this.#nextSector);
    this.#remaining = visitor.u32(this.#remaining);
    this.#blockSectors = visitor.u8(this.#blockSectors);
    this.#bufferSectors = visitor.u8(this.#bufferSectors);
  }
}
