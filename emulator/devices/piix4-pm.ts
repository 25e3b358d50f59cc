/**
 * The PIIX4's power management function (8086:7113): ACPI's PM1a event and control blocks and the PM timer, in an I/O
 * window at PMBA. Sources: Intel 82371AB data sheet (290562), chapter 7; ACPI Specification 1.0b, 4.7.3.
 */
import type { AccessBytes, PortHandler, Window, WindowFactory, Wire } from "../bus/bus.ts";
import type { StateVisitor } from "../state/state.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { ticksAt, timeOfTick } from "./clock/frequency.ts";
import { PciFunction } from "./pci.ts";

const PM_TIMER_HERTZ = 3_579_545;
/** TMR_STS is set whenever bit 23 of the 24-bit timer changes. */
const TIMER_CARRY = 0x800000;

const PM_BASE_ADDRESS = 0x40;
/** PMREGMISC: bit 0 enables the window at PMBA. */
const PM_MISCELLANEOUS = 0x80;
/**
 * DEVACTB; byte 1, bit 1 (APMC enable): set on QEMU's board when there is no SMM, by which firmware knows not to set it
 * up.
 */
const DEVICE_ACTIVITY_B = 0x58;

const PM1_STATUS = 0;
const PM1_ENABLE = 2;
const PM1_CONTROL = 4;
const PM_TIMER = 8;
const WINDOW_BYTES = 64;

const TIMER_STATUS = 0x0001;
const POWER_BUTTON = 0x0100;
/** Status bits that exist, all cleared by writing 1: TMR, BM, GBL, PWRBTN, SLPBTN, RTC, WAK. */
const STATUS_BITS = 0x8731;
const ENABLE_BITS = 0x0721;
const SCI_ENABLE = 0x0001;
const SLEEP_ENABLE = 0x2000;

/** SLP_TYP values, as QEMU's DSDT gives them: S5 is 0, S3 is 1, S4 is 2. */
const SLEEP_TYPE_OFF = 0;
const SLEEP_TYPE_DISK = 2;

export interface PowerWires {
  /** The system control interrupt. */
  sci: Wire;
  powerOff(): void;
}

export class PowerManagement extends PciFunction {
  readonly #clock: Clock;
  readonly #wires: PowerWires;
  readonly #timer: Timer;
  readonly #window: Window;
  #status = 0;
  #enable = 0;
  #control = 0;
  /** Half periods of bit 23 of the PM timer that TMR_STS has accounted for. */
  #carriesSeen = 0;
  readonly #general = new Uint8Array(WINDOW_BYTES);

  constructor(windows: WindowFactory, clock: Clock, wires: PowerWires) {
    super(
      "PIIX4 power management",
      { vendor: 0x8086, device: 0x7113, revision: 3, classCode: 0x068000, interruptPin: 1 },
      windows,
    );
    this.#clock = clock;
    this.#wires = wires;
    this.#timer = clock.timer("PM timer", () => this.#update());
    const ports: PortHandler = {
      readPort: (offset, sizeBytes) => this.#readPort(offset, sizeBytes),
      writePort: (offset, sizeBytes, value) => this.#writePort(offset, sizeBytes, value),
    };
    this.#window = windows.portWindow(WINDOW_BYTES, ports);
    this.writable.fill(0xff, 0x40, 0xd8);
    this.writable[PM_BASE_ADDRESS] = 0xc0;
    this.writable[PM_BASE_ADDRESS + 2] = 0;
    this.writable[PM_BASE_ADDRESS + 3] = 0;
    this.set32(PM_BASE_ADDRESS, 1);
    this.config[0x3c] = 9;
    this.config[DEVICE_ACTIVITY_B + 3] = 0x02;
    this.sealConfig();
  }

  override reset(): void {
    super.reset();
    this.#status = 0;
    this.#enable = 0;
    this.#control = 0;
    this.#carriesSeen = this.#carries();
    this.#general.fill(0);
    this.#place();
    this.#update();
  }

  override configWritten(first: number, last: number): void {
    super.configWritten(first, last);
    this.#place();
  }

  /** Someone presses the power button. */
  pressPowerButton(): void {
    this.#status |= POWER_BUTTON;
    this.#update();
  }

  #place(): void {
    const base = this.get16(PM_BASE_ADDRESS) & 0xffc0;
    this.#window.place(this.config[PM_MISCELLANEOUS]! & 1 && base !== 0 ? base : null);
  }

  #ticks(): number {
    return ticksAt(this.#clock.nowNs, PM_TIMER_HERTZ);
  }

  #carries(): number {
    return Math.floor(this.#ticks() / TIMER_CARRY);
  }

  #readPort(offset: number, sizeBytes: AccessBytes): number {
    let value = 0;
    for (let byte = 0; byte < sizeBytes; byte++) value |= this.#readByte(offset + byte) << (8 * byte);
    return value >>> 0;
  }

  #readByte(offset: number): number {
    const shift = 8 * (offset & 1);
    switch (offset & ~1) {
      case PM1_STATUS:
        this.#update();
        return (this.#status >> shift) & 0xff;
      case PM1_ENABLE:
        return (this.#enable >> shift) & 0xff;
      case PM1_CONTROL:
        return (this.#control >> shift) & 0xff;
      case PM_TIMER:
      case PM_TIMER + 2:
        return offset === PM_TIMER + 3 ? 0 : Math.floor(this.#ticks() / 2 ** (8 * (offset - PM_TIMER))) & 0xff;
      default:
        return this.#general[offset] ?? 0xff;
    }
  }

  #writePort(offset: number, sizeBytes: AccessBytes, value: number): void {
    for (let byte = 0; byte < sizeBytes; byte++) this.#writeByte(offset + byte, (value >>> (8 * byte)) & 0xff);
    if (offset <= PM1_CONTROL + 1 && offset + sizeBytes > PM1_CONTROL) this.#sleep();
    this.#update();
  }

  #writeByte(offset: number, value: number): void {
    const shift = 8 * (offset & 1);
    const merge = (old: number): number => (old & (0xff00 >> shift)) | (value << shift);
    switch (offset & ~1) {
      case PM1_STATUS:
        this.#update();
        this.#status &= ~((value << shift) & STATUS_BITS);
        break;
      case PM1_ENABLE:
        this.#enable = merge(this.#enable) & ENABLE_BITS;
        break;
      case PM1_CONTROL:
        this.#control = merge(this.#control);
        break;
      case PM_TIMER:
      case PM_TIMER + 2:
        break;
      default:
        if (offset < WINDOW_BYTES) this.#general[offset] = value;
    }
  }

  /** SLP_EN starts the transition that SLP_TYP names and always reads as 0. Suspend to RAM (S3) is not offered. */
  #sleep(): void {
    if (!(this.#control & SLEEP_ENABLE)) return;
    this.#control &= ~SLEEP_ENABLE;
    const type = (this.#control >> 10) & 7;
    if (type === SLEEP_TYPE_OFF || type === SLEEP_TYPE_DISK) this.#wires.powerOff();
  }

  /**
   * Firmware hands the hardware to an ACPI system by a write to the APM command port; the SMI handler would set SCI_EN.
   */
  setSciEnabled(enabled: boolean): void {
    this.#control = enabled ? this.#control | SCI_ENABLE : this.#control & ~SCI_ENABLE;
    this.#update();
  }

  #update(): void {
    const carries = this.#carries();
    if (carries !== this.#carriesSeen) {
      this.#carriesSeen = carries;
      this.#status |= TIMER_STATUS;
    }
    const sci = (this.#control & SCI_ENABLE) !== 0 && (this.#status & this.#enable & ENABLE_BITS) !== 0;
    this.#wires.sci.set(sci);
    if (this.#enable & TIMER_STATUS && !(this.#status & TIMER_STATUS)) {
      this.#timer.arm(timeOfTick((carries + 1) * TIMER_CARRY, PM_TIMER_HERTZ));
    } else {
      this.#timer.disarm();
    }
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    this.#status = visitor.u16(this.#status);
    this.#enable = visitor.u16(this.#enable);
    this.#control = visitor.u16(this.#control);
    this.#carriesSeen = visitor.integer(this.#carriesSeen);
    visitor.bytes(this.#general);
    this.#place();
  }
}
