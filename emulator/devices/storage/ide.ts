/**
 * The PIIX3's IDE controller (8086:7010): two channels at the legacy ports (1F0h and 170h, IRQ 14 and 15), each with
 * two drives and a bus master. Sources: ATA/ATAPI-6, chapter 7; Intel PIIX3 data sheet (290550), 2.4 and 3.3; SFF-8038i
 * 1.0.
 */
import type { AccessBytes, DmaMemory, PortHandler, WindowFactory, Wire } from "../../bus/bus.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import { PciFunction } from "../pci.ts";
import { BusMaster } from "./bus-master.ts";
import type { IdeCable, IdeDrive } from "./ide-drive.ts";

const CONTROL_INTERRUPTS_OFF = 0x02;
const CONTROL_SOFT_RESET = 0x04;
/** IDETIM: bit 15 decodes the channel's ports. */
const IDE_TIMING = 0x40;

export class IdeChannel implements IdeCable, Stateful {
  readonly isSerial = false;
  readonly busMaster: BusMaster;
  readonly #drives: readonly (IdeDrive | null)[];
  readonly #irq: Wire;
  #selected = 0;
  #control = 0;
  /** Command block: data register at offset 0, the task file at 1-7. */
  readonly dataPort: PortHandler;
  readonly taskFilePorts: PortHandler;
  /** Control block: alternate status and device control. */
  readonly controlPort: PortHandler;

  constructor(drives: readonly (IdeDrive | null)[], irq: Wire, dma: DmaMemory) {
    this.#drives = drives;
    this.#irq = irq;
    this.busMaster = new BusMaster(dma, () => this.#busMasterStarted());
    for (const drive of drives) drive?.connect(this);
    this.dataPort = {
      readPort: (_offset, sizeBytes) => this.#drive?.readData(sizeBytes) ?? 0xffffffff >>> (32 - 8 * sizeBytes),
      writePort: (_offset, sizeBytes, value) => this.#drive?.writeData(sizeBytes, value),
      readPortRun: (_offset, sizeBytes, target) => this.#drive?.readDataRun(sizeBytes, target) ?? 0,
    };
    this.taskFilePorts = {
      readPort: (offset) => this.#readRegister(offset + 1),
      writePort: (offset, _sizeBytes, value) => this.#writeRegister(offset + 1, value),
      // Also the status: its first reading has taken back the interrupt request.
      isSteady: () => true,
    };
    this.controlPort = {
      readPort: () => this.#drive?.status ?? 0,
      writePort: (_offset, _sizeBytes, value) => this.#writeControl(value),
      isSteady: () => true,
    };
  }

  reset(): void {
    this.#selected = 0;
    this.#control = 0;
    this.busMaster.reset();
    for (const drive of this.#drives) drive?.reset();
    this.#updateInterrupt();
  }

  get #drive(): IdeDrive | null {
    return this.#drives[this.#selected] ?? null;
  }

  /** A register of a drive that is not there reads 0, so that nobody waits for its BSY. */
  #readRegister(register: number): number {
    const drive = this.#drive;
    if (drive === null) return 0;
    const upper = (this.#control & 0x80) !== 0;
    const previous = drive.previous;
    switch (register) {
      case 1:
        return upper ? previous.features : drive.error;
      case 2:
        return upper ? previous.sectorCount : drive.sectorCount;
      case 3:
        return upper ? previous.sectorNumber : drive.sectorNumber;
      case 4:
        return upper ? previous.cylinderLow : drive.cylinderLow;
      case 5:
        return upper ? previous.cylinderHigh : drive.cylinderHigh;
      case 6:
        return drive.device | 0xa0;
      default:
        drive.setInterrupt(false);
        return drive.status;
    }
  }

  /** Both drives hear writes to the task file; commands go to the selected one, except EXECUTE DEVICE DIAGNOSTIC. */
  #writeRegister(register: number, value: number): void {
    this.#control &= 0x7f;
    if (register === 7) {
      if (value === 0x90) for (const drive of this.#drives) drive?.writeCommand(value);
      else this.#drive?.writeCommand(value);
      return;
    }
    if (register === 6) this.#selected = (value >> 4) & 1;
    for (const drive of this.#drives) if (drive !== null) this.#writeTaskFile(drive, register, value);
    if (register === 6) this.#updateInterrupt();
  }

  #writeTaskFile(drive: IdeDrive, register: number, value: number): void {
    const previous = drive.previous;
    switch (register) {
      case 1:
        previous.features = drive.features;
        drive.features = value;
        break;
      case 2:
        previous.sectorCount = drive.sectorCount;
        drive.sectorCount = value;
        break;
      case 3:
        previous.sectorNumber = drive.sectorNumber;
        drive.sectorNumber = value;
        break;
      case 4:
        previous.cylinderLow = drive.cylinderLow;
        drive.cylinderLow = value;
        break;
      case 5:
        previous.cylinderHigh = drive.cylinderHigh;
        drive.cylinderHigh = value;
        break;
      default:
        drive.device = value;
    }
  }

  #writeControl(value: number): void {
    const before = this.#control;
    this.#control = value;
    const resetting = value & CONTROL_SOFT_RESET;
    if (resetting && !(before & CONTROL_SOFT_RESET)) for (const drive of this.#drives) drive?.holdInReset();
    if (!resetting && before & CONTROL_SOFT_RESET) {
      for (const drive of this.#drives) drive?.reset();
      this.#selected = 0;
    }
    this.#updateInterrupt();
  }

  /** The selected drive drives INTRQ unless nIEN is set. */
  #updateInterrupt(): void {
    const enabled = !(this.#control & CONTROL_INTERRUPTS_OFF);
    this.#irq.set(enabled && this.#drive?.interrupt === true);
  }

  setInterrupt(drive: IdeDrive, level: boolean): void {
    if (drive !== this.#drive) return;
    if (level) this.busMaster.noteInterrupt();
    this.#updateInterrupt();
  }

  requestDma(drive: IdeDrive): void {
    if (this.busMaster.active) this.busMaster.run(drive);
  }

  // The CPU looks at the status for itself.
  blockReady(): void {}
  commandEnded(): void {}

  #busMasterStarted(): void {
    for (const drive of this.#drives) if (drive?.waitsForDma) drive.dmaStarted();
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("IDE channel", 1);
    this.#selected = visitor.u8(this.#selected);
    this.#control = visitor.u8(this.#control);
    this.busMaster.visitState(visitor);
    for (const drive of this.#drives) drive?.visitState(visitor);
  }
}

export class IdeController extends PciFunction {
  readonly #channels: readonly [IdeChannel, IdeChannel];

  constructor(windows: WindowFactory, channels: readonly [IdeChannel, IdeChannel]) {
    super("PIIX3 IDE", { vendor: 0x8086, device: 0x7010, revision: 0, classCode: 0x010180 }, windows);
    this.#channels = channels;
    this.addIoBar(4, 16, {
      readPort: (offset, sizeBytes) => this.#readBusMaster(offset, sizeBytes),
      writePort: (offset, sizeBytes, value) => this.#writeBusMaster(offset, sizeBytes, value),
    });
    this.set16(IDE_TIMING, 0x8000);
    this.set16(IDE_TIMING + 2, 0x8000);
    this.writable.fill(0xff, IDE_TIMING, IDE_TIMING + 5);
    this.set16(0x06, 0x0280);
    this.sealConfig();
  }

  override reset(): void {
    super.reset();
    for (const channel of this.#channels) channel.reset();
  }

  #readBusMaster(offset: number, sizeBytes: AccessBytes): number {
    let value = 0;
    for (let byte = 0; byte < sizeBytes; byte++) {
      const port = offset + byte;
      const one = port < 16 ? this.#channels[(port >> 3) as 0 | 1].busMaster.readRegister(port & 7) : 0xff;
      value |= one << (8 * byte);
    }
    return value >>> 0;
  }

  #writeBusMaster(offset: number, sizeBytes: AccessBytes, value: number): void {
    for (let byte = 0; byte < sizeBytes && offset + byte < 16; byte++) {
      const port = offset + byte;
      this.#channels[(port >> 3) as 0 | 1].busMaster.writeRegister(port & 7, (value >>> (8 * byte)) & 0xff);
    }
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    for (const channel of this.#channels) channel.visitState(visitor);
  }
}
