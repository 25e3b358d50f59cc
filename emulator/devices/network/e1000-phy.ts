/**
 * The PHY inside an 82540EM, as its management interface shows it: MDIC, IEEE 802.3 clause 22 registers and the Marvell
 * specific ones that drivers read the speed from. Auto-negotiation takes half a second.
 * Source: Software Developer's Manual (317453), 13.4.5 and 13.7 (PHY registers).
 */

import type { StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";

const NEGOTIATION_NS = 500_000_000;
/** The address of the PHY on the management bus. */
const PHY_ADDRESS = 1;

const MDIC_WRITE = 1;
const MDIC_READ = 2;
const MDIC_READY = 0x10000000;
export const MDIC_INTERRUPT = 0x20000000;
const MDIC_ERROR = 0x40000000;

const CONTROL = 0;
const STATUS = 1;
const LINK_PARTNER = 5;
const GIGABIT_STATUS = 10;
const SPECIFIC_STATUS = 17;

const CONTROL_RESET = 0x8000;
const CONTROL_LOOPBACK = 0x4000;
const CONTROL_NEGOTIATE = 0x1000;
const CONTROL_RESTART = 0x0200;
const STATUS_NEGOTIATED = 0x0020;
const STATUS_LINK = 0x0004;

/** Values after a reset. Reading a register that is not here gives 0 and an error, as on QEMU's card. */
const RESET_VALUES = new Map([
  [CONTROL, 0x1140],
  [STATUS, 0x7949],
  [2, 0x0141],
  [3, 0x0c20],
  [4, 0x0de1],
  [LINK_PARTNER, 0],
  [6, 0],
  [9, 0x0e00],
  [GIGABIT_STATUS, 0],
  [16, 0x0360],
  [SPECIFIC_STATUS, 0x8000],
  [20, 0x0d60],
  [21, 0],
]);
/** Bits that can be written. */
const WRITABLE = new Map([
  [CONTROL, 0x7d40],
  [4, 0xffff],
  [9, 0x1f00],
  [16, 0xffff],
  [18, 0xffff],
  [20, 0xffff],
  [29, 0xffff],
  [30, 0xffff],
]);

export class E1000Phy {
  readonly #registers = new Uint16Array(32);
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #linkChanged: () => void;
  #cableUp: boolean;
  #negotiated = true;

  /** `linkChanged` is called when the link comes up or goes down. */
  constructor(clock: Clock, name: string, cableUp: boolean, linkChanged: () => void) {
    this.#clock = clock;
    this.#linkChanged = linkChanged;
    this.#cableUp = cableUp;
    this.#timer = clock.timer(`${name} negotiation`, () => this.#setNegotiated(true));
    this.reset();
  }

  /** Power on: the link is there at once when the cable is, as on QEMU's card. */
  reset(): void {
    this.#registers.fill(0);
    for (const [register, value] of RESET_VALUES) this.#registers[register] = value;
    this.#timer.disarm();
    this.#negotiated = this.#cableUp;
    this.#showLink();
  }

  get linkUp(): boolean {
    return this.#negotiated && this.#cableUp;
  }

  get loopback(): boolean {
    return (this.#registers[CONTROL]! & CONTROL_LOOPBACK) !== 0;
  }

  /** The cable was plugged in, or pulled, at one of its ends. */
  setCable(up: boolean): void {
    if (up === this.#cableUp) return;
    this.#cableUp = up;
    if (up) this.#negotiate();
    else {
      this.#timer.disarm();
      this.#setNegotiated(false);
    }
  }

  #negotiate(): void {
    this.#setNegotiated(false);
    if (this.#cableUp) this.#timer.arm(this.#clock.nowNs + NEGOTIATION_NS);
  }

  #setNegotiated(done: boolean): void {
    const before = this.#negotiated;
    this.#negotiated = done;
    this.#showLink();
    if (before !== done) this.#linkChanged();
  }

  /** Registers that tell of the link: 1000 Mb/s, full duplex, with a partner that can do everything. */
  #showLink(): void {
    const up = this.linkUp;
    const registers = this.#registers;
    registers[STATUS] =
      (registers[STATUS]! & ~(STATUS_LINK | STATUS_NEGOTIATED)) | (up ? STATUS_LINK | STATUS_NEGOTIATED : 0);
    registers[LINK_PARTNER] = up ? 0x01e0 : 0;
    registers[GIGABIT_STATUS] = up ? 0x3c00 : 0;
    registers[SPECIFIC_STATUS] = up ? 0xac00 : 0x8000;
  }

  /** Carries out a write to MDIC; what MDIC then reads. */
  manage(request: number): number {
    const register = (request >>> 16) & 31;
    const operation = (request >>> 26) & 3;
    let answer = request & ~(MDIC_READY | MDIC_ERROR);
    if (((request >>> 21) & 31) !== PHY_ADDRESS) answer |= MDIC_ERROR;
    else if (operation === MDIC_READ)
      answer = (answer & ~0xffff) | (RESET_VALUES.has(register) ? this.#registers[register]! : MDIC_ERROR);
    else if (operation === MDIC_WRITE) this.#write(register, request & 0xffff);
    return (answer | MDIC_READY) >>> 0;
  }

  #write(register: number, value: number): void {
    if (register === CONTROL && value & CONTROL_RESET) {
      this.reset();
      this.#negotiate();
      return;
    }
    const mask = WRITABLE.get(register) ?? 0;
    this.#registers[register] = (this.#registers[register]! & ~mask) | (value & mask);
    if (register === CONTROL && value & CONTROL_NEGOTIATE && value & CONTROL_RESTART) this.#negotiate();
  }

  visitState(visitor: StateVisitor): void {
    for (let index = 0; index < 32; index++) this.#registers[index] = visitor.u16(this.#registers[index]!);
    this.#cableUp = visitor.bool(this.#cableUp);
    this.#negotiated = visitor.bool(this.#negotiated);
  }
}
