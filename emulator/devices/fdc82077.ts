/**
 * The diskette controller, an 82077AA in PC/AT mode: ports 3F0h-3F5h and 3F7h, IRQ 6, DMA channel 2. Source: Intel
 * 82077AA data sheet (290166).
 *
 * A sector takes SECTOR_NS and a step STEP_NS of virtual time, much less than a drive that turns five times a second:
 * nothing in the protocol tells a guest that. Data moves by DMA, or, when SPECIFY says so, through the FIFO with an
 * interrupt for each sector; a guest that is slow loses nothing. Data fields are never "deleted": READ DELETED DATA
 * finds the control mark that it does not want. SCAN is not there, as in the 82078.
 */
import type { AccessBytes, PortHandler, Wire } from "../bus/bus.ts";
import type { BlockBackend } from "../disk/block.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { Clock, Timer } from "../time/clock.ts";
import type { IsaDmaChannel } from "./dma8237.ts";
import { fdcCommand } from "./fdc-commands.ts";
import { type FloppyDrive, SECTOR_BYTES } from "./floppy-drive.ts";

const SECTOR_NS = 20_000;
const STEP_NS = 5_000;
const SETTLE_NS = 20_000;
const RESET_NS = 20_000;

const DOR_RESET_N = 0x04;
const DOR_DMA = 0x08;
const DSR_RESET = 0x80;
const MSR_REQUEST = 0x80;
const MSR_TO_CPU = 0x40;
const MSR_NON_DMA = 0x20;
const MSR_BUSY = 0x10;
const DIR_CHANGED = 0x80;

const ST0_ABNORMAL = 0x40;
const ST0_INVALID = 0x80;
const ST0_READY_CHANGED = 0xc0;
const ST0_SEEK_END = 0x20;
const ST0_EQUIPMENT_CHECK = 0x10;
const ST1_END_OF_CYLINDER = 0x80;
const ST1_OVERRUN = 0x10;
const ST1_NO_DATA = 0x04;
const ST1_NOT_WRITABLE = 0x02;
const ST1_MISSING_MARK = 0x01;
const ST2_CONTROL_MARK = 0x40;
const ST2_WRONG_CYLINDER = 0x10;
const ST3_WRITE_PROTECTED = 0x40;
const ST3_READY = 0x28;
const ST3_TRACK0 = 0x10;
const CONFIG_IMPLIED_SEEK = 0x40;
const CONFIG_NO_POLLING = 0x10;
const OPCODE_MULTITRACK = 0x80;
const OPCODE_READ_DELETED = 0x0c;
const VERSION_82077 = 0x90;
const SIZE_CODE_512 = 2;
const FORMAT_ID_BYTES = 4;

/** What the controller is doing. */
const COMMAND = 0;
/** The command runs; the timer ends its next step. */
const EXECUTING = 1;
/** The processor reads or writes a sector through the FIFO. */
const FIFO_IN = 2;
const FIFO_OUT = 3;
const RESULT = 4;

export class Fdc82077 implements Stateful {
  readonly drives: readonly (FloppyDrive | null)[];
  readonly ports: PortHandler;
  readonly inputPorts: PortHandler;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #seekTimer: Timer;
  readonly #irq: Wire;
  readonly #dma: IsaDmaChannel;
  #dor = DOR_RESET_N | DOR_DMA;
  #tapeDrive = 0;
  #rate = 2;
  #phase = COMMAND;
  /** The command's bytes so far, or its results. */
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #opcode = 0;
  /** The sector that is at work in a data command. */
  #cylinder = 0;
  #head = 0;
  #sector = 0;
  #lastSector = 0;
  /** What FORMAT TRACK fills sectors with. */
  #filler = 0;
  /** SEEK END, when the head had to move for the data command. */
  #impliedSeek = 0;
  #interrupt = false;
  /** ST0 of finished seeks, one for each drive; 0 when there is none. */
  readonly #seekStatus = new Uint8Array(4);
  /** The drive whose head moves, and where to; -1 when none does. */
  #seekDrive = -1;
  #seekTarget = 0;
  readonly #specify = new Uint8Array(2);
  readonly #configuration = new Uint8Array(2);
  #locked = false;
  #perpendicular = 0;

  constructor(clock: Clock, irq: Wire, dma: IsaDmaChannel, drives: readonly (FloppyDrive | null)[]) {
    this.#clock = clock;
    this.#irq = irq;
    this.#dma = dma;
    this.drives = [0, 1, 2, 3].map((index) => drives[index] ?? null);
    this.#timer = clock.timer("FDC", () => this.#timeout());
    this.#seekTimer = clock.timer("FDC seek", () => this.#seekDone());
    this.ports = {
      readPort: (offset) => this.#readPort(offset),
      writePort: (offset, _sizeBytes, value) => this.#writePort(offset, value),
    };
    this.inputPorts = {
      readPort: () => {
        const drive = this.#selected;
        return this.#dor & (0x10 << (this.#dor & 3)) && (drive === null || drive.changed) ? DIR_CHANGED : 0;
      },
      writePort: (_offset: number, _sizeBytes: AccessBytes, value: number) => void (this.#rate = value & 3),
    };
  }

  get #selected(): FloppyDrive | null {
    return this.drives[this.#dor & 3] ?? null;
  }

  /** The board's reset line. */
  reset(): void {
    this.#dor = DOR_RESET_N | DOR_DMA;
    this.#tapeDrive = 0;
    this.#rate = 2;
    this.#locked = false;
    this.#perpendicular = 0;
    this.#specify.fill(0);
    for (const drive of this.drives) if (drive) drive.changed = true;
    this.#softReset();
    this.#timer.disarm();
    this.#seekStatus.fill(0);
  }

  /** The reset bit: the drives report ready when it is taken away. */
  #softReset(): void {
    this.#phase = COMMAND;
    this.#bytes = new Uint8Array(0);
    this.#position = 0;
    this.#seekDrive = -1;
    this.#seekTimer.disarm();
    this.#setInterrupt(false);
    this.#seekStatus.fill(0);
    if (!this.#locked) this.#configuration.fill(0);
  }

  #leaveReset(): void {
    this.#softReset();
    this.#phase = EXECUTING;
    this.#opcode = 0;
    this.#timer.arm(this.#clock.nowNs + RESET_NS);
  }

  #setInterrupt(level: boolean): void {
    this.#interrupt = level;
    this.#irq.set(level && (this.#dor & DOR_DMA) !== 0);
  }

  #readPort(offset: number): number {
    switch (offset) {
      case 0: // Status A and B are the PS/2's; a PC/AT leaves them open.
      case 1:
        return 0xff;
      case 2:
        return this.#dor;
      case 3:
        return this.#tapeDrive;
      case 4:
        return this.#mainStatus;
      default:
        return this.#readFifo();
    }
  }

  #writePort(offset: number, value: number): void {
    if (offset === 2) {
      const before = this.#dor;
      this.#dor = value;
      if (!(value & DOR_RESET_N)) {
        this.#softReset();
        this.#timer.disarm();
      } else if (!(before & DOR_RESET_N)) this.#leaveReset();
      this.#irq.set(this.#interrupt && (value & DOR_DMA) !== 0);
    } else if (offset === 3) this.#tapeDrive = value & 3;
    else if (offset === 4) {
      this.#rate = value & 3;
      if (value & DSR_RESET) this.#leaveReset();
    } else if (offset === 5) this.#writeFifo(value);
  }

  get #mainStatus(): number {
    if (!(this.#dor & DOR_RESET_N)) return 0;
    const seeking = this.#seekDrive >= 0 ? 1 << this.#seekDrive : 0;
    switch (this.#phase) {
      case COMMAND:
        return MSR_REQUEST | seeking | (this.#position > 0 ? MSR_BUSY : 0);
      case EXECUTING:
        return this.#opcode === 0 ? 0 : MSR_BUSY;
      case FIFO_IN:
        return MSR_REQUEST | MSR_TO_CPU | MSR_NON_DMA | MSR_BUSY;
      case FIFO_OUT:
        return MSR_REQUEST | MSR_NON_DMA | MSR_BUSY;
      default:
        return MSR_REQUEST | MSR_TO_CPU | MSR_BUSY;
    }
  }

  #readFifo(): number {
    if (this.#phase !== RESULT && this.#phase !== FIFO_IN) return 0;
    this.#setInterrupt(false);
    const value = this.#bytes[this.#position++]!;
    if (this.#position < this.#bytes.length) return value;
    if (this.#phase === FIFO_IN) this.#nextSector(false);
    else this.#expectCommand();
    return value;
  }

  #writeFifo(value: number): void {
    if (!(this.#dor & DOR_RESET_N)) return;
    if (this.#phase === FIFO_OUT) {
      this.#setInterrupt(false);
      this.#bytes[this.#position++] = value;
      if (this.#position === this.#bytes.length) this.#takeIn(this.#bytes, false);
      return;
    }
    if (this.#phase !== COMMAND) return;
    if (this.#position === 0) {
      const command = fdcCommand(value);
      if (!command) {
        this.#result([ST0_INVALID], false);
        return;
      }
      this.#opcode = value;
      this.#bytes = new Uint8Array(command.bytes);
    }
    this.#bytes[this.#position++] = value;
    if (this.#position === this.#bytes.length) this.#begin();
  }

  #expectCommand(): void {
    this.#phase = COMMAND;
    this.#position = 0;
    this.#bytes = new Uint8Array(0);
  }

  #result(bytes: readonly number[], withInterrupt = true): void {
    this.#phase = RESULT;
    this.#bytes = Uint8Array.from(bytes);
    this.#position = 0;
    if (withInterrupt) this.#setInterrupt(true);
  }

  /** All bytes of a command are there. */
  #begin(): void {
    const bytes = this.#bytes;
    const unit = bytes[1]! & 3;
    switch (fdcCommand(this.#opcode)!.kind) {
      case "specify":
        this.#specify.set(bytes.subarray(1, 3));
        return this.#expectCommand();
      case "configure":
        this.#configuration.set(bytes.subarray(2, 4));
        return this.#expectCommand();
      case "perpendicular":
        this.#perpendicular = bytes[1]! & 0x3f;
        return this.#expectCommand();
      case "version":
        return this.#result([VERSION_82077], false);
      case "lock":
        this.#locked = (this.#opcode & 0x80) !== 0;
        return this.#result([this.#locked ? 0x10 : 0], false);
      case "dump registers":
        return this.#result(
          [
            ...this.drives.map((drive) => drive?.cylinder ?? 0),
            this.#specify[0]!,
            this.#specify[1]!,
            this.#lastSector,
            (this.#locked ? 0x80 : 0) | this.#perpendicular,
            this.#configuration[0]!,
            this.#configuration[1]!,
          ],
          false,
        );
      case "sense drive": {
        const drive = this.drives[unit];
        const isWriteProtected = drive?.medium?.readOnly === true;
        return this.#result(
          [
            (bytes[1]! & 7) |
              ST3_READY |
              (drive?.cylinder === 0 ? ST3_TRACK0 : 0) |
              (isWriteProtected ? ST3_WRITE_PROTECTED : 0),
          ],
          false,
        );
      }
      case "sense interrupt":
        return this.#senseInterrupt();
      case "recalibrate":
        this.#head = 0;
        return this.#seek(unit, 0);
      case "seek": {
        const here = this.drives[unit]?.cylinder ?? 0;
        const target = this.#opcode & 0x80 ? here + (this.#opcode & 0x40 ? bytes[2]! : -bytes[2]!) : bytes[2]!;
        this.#head = (bytes[1]! >> 2) & 1;
        return this.#seek(unit, target);
      }
      default:
        this.#beginData(unit);
    }
  }

  #senseInterrupt(): void {
    const unit = this.#seekStatus.findIndex((status) => status !== 0);
    if (unit < 0) return this.#result([ST0_INVALID], false);
    const status = this.#seekStatus[unit]!;
    this.#seekStatus[unit] = 0;
    this.#setInterrupt(false);
    this.#result([status, this.drives[unit]?.cylinder ?? 0], false);
  }

  #seek(unit: number, cylinder: number): void {
    this.#expectCommand();
    const distance = Math.abs((this.drives[unit]?.cylinder ?? 0) - cylinder);
    this.#seekDrive = unit;
    this.#seekTarget = cylinder;
    this.#seekTimer.arm(this.#clock.nowNs + SETTLE_NS + distance * STEP_NS);
  }

  #seekDone(): void {
    const unit = this.#seekDrive;
    const drive = this.drives[unit];
    this.#seekDrive = -1;
    drive?.seek(this.#seekTarget);
    // A recalibration looks for the track 0 signal, which a drive that is not there never gives.
    const failed = !drive && this.#seekTarget === 0 ? ST0_ABNORMAL | ST0_EQUIPMENT_CHECK : 0;
    this.#seekStatus[unit] = ST0_SEEK_END | failed | (this.#head << 2) | unit;
    this.#setInterrupt(true);
  }

  #beginData(unit: number): void {
    const [, , cylinder, head, sector, , lastSector] = this.#bytes;
    const { kind } = fdcCommand(this.#opcode)!;
    this.#dor = (this.#dor & ~3) | unit;
    this.#head = (this.#bytes[1]! >> 2) & 1;
    if (kind === "read id") {
      this.#sector = 1;
      this.#cylinder = this.#selected?.cylinder ?? 0;
    } else if (kind === "format") {
      this.#lastSector = this.#bytes[3]!;
      this.#filler = this.#bytes[5]!;
      this.#sector = 1;
    } else {
      this.#cylinder = cylinder!;
      this.#head = head! & 1;
      this.#sector = kind === "read track" ? 1 : sector!;
      this.#lastSector = lastSector!;
    }
    let delayNs = SECTOR_NS;
    const drive = this.#selected;
    const seeks = this.#configuration[0]! & CONFIG_IMPLIED_SEEK && kind !== "read id" && kind !== "format";
    this.#impliedSeek = drive && seeks && drive.cylinder !== this.#cylinder ? ST0_SEEK_END : 0;
    if (drive && this.#impliedSeek) {
      delayNs += SETTLE_NS + Math.abs(drive.cylinder - this.#cylinder) * STEP_NS;
      drive.seek(this.#cylinder);
    }
    this.#phase = EXECUTING;
    this.#timer.arm(this.#clock.nowNs + delayNs);
  }

  #timeout(): void {
    if (this.#opcode === 0) return this.#resetDone();
    const drive = this.#selected;
    const { kind } = fdcCommand(this.#opcode)!;
    const isFound = drive?.format.rates.includes(this.#rate) && this.#dor & (0x10 << (this.#dor & 3));
    const medium = drive?.medium;
    if (!medium || !isFound || drive.offsetOf(this.#head, 1) < 0) return this.#end(ST0_ABNORMAL, ST1_MISSING_MARK, 0);
    if (kind === "read id") return this.#end(0, 0, 0);
    const writes = kind === "write" || kind === "format";
    if (writes && medium.readOnly) return this.#end(ST0_ABNORMAL, ST1_NOT_WRITABLE, 0);
    if (kind === "format") return this.#ask(this.#lastSector * FORMAT_ID_BYTES);
    if (drive.cylinder !== this.#cylinder) return this.#end(ST0_ABNORMAL, ST1_NO_DATA, ST2_WRONG_CYLINDER);
    const offset = drive.offsetOf(this.#head, this.#sector);
    if (offset < 0) return this.#end(ST0_ABNORMAL, ST1_NO_DATA, 0);
    if (kind === "verify") return this.#nextSector(false);
    if (kind === "write") return this.#ask(SECTOR_BYTES);
    const data = new Uint8Array(SECTOR_BYTES);
    medium.read(offset, data);
    this.#offer(data);
  }

  #resetDone(): void {
    this.#expectCommand();
    if (this.#configuration[0]! & CONFIG_NO_POLLING) return;
    for (let unit = 0; unit < 4; unit++) this.#seekStatus[unit] = ST0_READY_CHANGED | unit;
    this.#setInterrupt(true);
  }

  get #usesDma(): boolean {
    return !(this.#specify[1]! & 1);
  }

  /** Gives a sector to the processor or to memory. */
  #offer(data: Uint8Array): void {
    if (this.#usesDma) {
      const { bytes, terminalCount } = this.#dma.toMemory(data);
      if (bytes === 0) return this.#end(ST0_ABNORMAL, ST1_OVERRUN, 0);
      return this.#nextSector(terminalCount);
    }
    this.#phase = FIFO_IN;
    this.#bytes = data;
    this.#position = 0;
    this.#setInterrupt(true);
  }

  /** Wants bytes from the processor or from memory: a sector, or the marks of a track to be formatted. */
  #ask(sizeBytes: number): void {
    const data = new Uint8Array(sizeBytes);
    if (this.#usesDma) {
      const { bytes, terminalCount } = this.#dma.fromMemory(data);
      if (bytes === 0) return this.#end(ST0_ABNORMAL, ST1_OVERRUN, 0);
      return this.#takeIn(data, terminalCount);
    }
    this.#phase = FIFO_OUT;
    this.#bytes = data;
    this.#position = 0;
    this.#setInterrupt(true);
  }

  #takeIn(data: Uint8Array, terminalCount: boolean): void {
    const drive = this.#selected;
    const medium = drive?.medium;
    // It was taken out, or replaced, while the processor wrote into the FIFO.
    if (!medium || medium.readOnly) return this.#end(ST0_ABNORMAL, ST1_MISSING_MARK, 0);
    if (fdcCommand(this.#opcode)!.kind === "format") return this.#format(drive, medium, data);
    const offset = drive.offsetOf(this.#head, this.#sector);
    if (offset < 0) return this.#end(ST0_ABNORMAL, ST1_NO_DATA, 0);
    medium.write(offset, data);
    this.#nextSector(terminalCount);
  }

  /** Each sector that a mark names is filled; the format of an image cannot change. */
  #format(drive: FloppyDrive, medium: BlockBackend, marks: Uint8Array): void {
    const fill = new Uint8Array(SECTOR_BYTES).fill(this.#filler);
    for (let at = 0; at + FORMAT_ID_BYTES <= marks.length; at += FORMAT_ID_BYTES) {
      const [cylinder, head, sector] = marks.subarray(at, at + FORMAT_ID_BYTES);
      const offset = drive.offsetOf(this.#head, sector!);
      if (cylinder !== drive.cylinder || head !== this.#head || offset < 0)
        return this.#end(ST0_ABNORMAL, ST1_MISSING_MARK, 0);
      medium.write(offset, fill);
    }
    this.#end(0, 0, 0);
  }

  /** A sector is done: the next one, or the end of the command. */
  #nextSector(terminalCount: boolean): void {
    const { kind } = fdcCommand(this.#opcode)!;
    const controlMark = (this.#opcode & 0x1f) === OPCODE_READ_DELETED ? ST2_CONTROL_MARK : 0;
    const isLast = this.#sector >= this.#lastSector;
    const crosses = isLast && (this.#opcode & OPCODE_MULTITRACK) !== 0 && this.#head === 0;
    if (isLast) {
      this.#sector = 1;
      if (this.#opcode & OPCODE_MULTITRACK) {
        this.#head ^= 1;
        if (this.#head === 0) this.#cylinder++;
      } else this.#cylinder++;
    } else this.#sector++;
    if (terminalCount || controlMark) return this.#end(0, 0, controlMark);
    if (isLast && !crosses) {
      const isGood = kind === "verify";
      return this.#end(isGood ? 0 : ST0_ABNORMAL, isGood ? 0 : ST1_END_OF_CYLINDER, 0);
    }
    this.#phase = EXECUTING;
    this.#timer.arm(this.#clock.nowNs + SECTOR_NS);
  }

  #end(st0: number, st1: number, st2: number): void {
    this.#result([
      st0 | this.#impliedSeek | (this.#head << 2) | (this.#dor & 3),
      st1,
      st2,
      this.#cylinder,
      this.#head,
      this.#sector,
      SIZE_CODE_512,
    ]);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("82077AA", 2);
    for (const drive of this.drives) drive?.visitState(visitor);
    this.#dor = visitor.u8(this.#dor);
    this.#tapeDrive = visitor.u8(this.#tapeDrive);
    this.#rate = visitor.u8(this.#rate);
    this.#phase = visitor.u8(this.#phase);
    this.#bytes = visitor.blob(this.#bytes);
    this.#position = visitor.u32(this.#position);
    this.#opcode = visitor.u8(this.#opcode);
    this.#cylinder = visitor.u16(this.#cylinder);
    this.#head = visitor.u8(this.#head);
    this.#sector = visitor.u8(this.#sector);
    this.#lastSector = visitor.u8(this.#lastSector);
    this.#filler = visitor.u8(this.#filler);
    this.#impliedSeek = visitor.u8(this.#impliedSeek);
    this.#interrupt = visitor.bool(this.#interrupt);
    visitor.bytes(this.#seekStatus);
    this.#seekDrive = visitor.i32(this.#seekDrive);
    this.#seekTarget = visitor.i32(this.#seekTarget);
    visitor.bytes(this.#specify);
    visitor.bytes(this.#configuration);
    this.#locked = visitor.bool(this.#locked);
    this.#perpendicular = visitor.u8(this.#perpendicular);
  }
}
