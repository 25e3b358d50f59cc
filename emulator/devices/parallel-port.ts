/**
 * A parallel port (LPT1) with a printer at its cable that takes each byte and is never out of paper. A byte is taken
 * when STROBE comes; the printer is busy until it has acknowledged it, which takes ACK_NS from the end of STROBE, but a
 * byte that does not wait for that is taken too. As an
 * extended port of the PS/2 its data lines can be turned round, and then nobody drives them. Sources: IBM PS/2 Hardware
 * Interface Technical Reference, "Parallel Port Controller"; IEEE 1284, compatibility mode. Ports 378h-37Ah, IRQ 7.
 */
import type { AccessBytes, PortHandler, Wire } from "../bus/bus.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { Clock, Timer } from "../time/clock.ts";

const DATA = 0;
const STATUS = 1;

const STATUS_NOT_ERROR = 0x08;
const STATUS_SELECTED = 0x10;
const STATUS_NOT_ACKNOWLEDGE = 0x40;
const STATUS_NOT_BUSY = 0x80;
/** A printer that is on, and has paper. */
const STATUS_ON = STATUS_NOT_ERROR | STATUS_SELECTED;

const CONTROL_STROBE = 0x01;
/** Low: the printer begins anew. */
const CONTROL_NOT_INITIALISE = 0x04;
const CONTROL_SELECT = 0x08;
const CONTROL_INTERRUPTS = 0x10;
const CONTROL_INPUT = 0x20;
const CONTROL_BITS = 0x3f;
/** Read as ones. */
const CONTROL_UNUSED = 0xc0;
const CONTROL_AT_RESET = CONTROL_NOT_INITIALISE | CONTROL_SELECT;

/**
 * How long ACKNOWLEDGE is low, at the end of which the printer is ready: the longest that IEEE 1284 allows, since a
 * processor of 100 MHz looks seldom, and SeaBIOS waits until it sees it.
 */
const ACK_NS = 10_000;

export class ParallelPort implements PortHandler, Stateful {
  readonly #clock: Clock;
  readonly #irq: Wire;
  readonly #output: (byte: number) => void;
  readonly #acknowledged: Timer;
  #data = 0xff;
  #control = CONTROL_AT_RESET;
  /** The printer has a byte that it has not acknowledged. */
  #isBusy = false;

  /** `output` takes each byte as it is strobed. */
  constructor(clock: Clock, name: string, irq: Wire, output: (byte: number) => void) {
    this.#clock = clock;
    this.#irq = irq;
    this.#output = output;
    this.#acknowledged = clock.timer(`${name} acknowledge`, () => this.#becomeReady());
  }

  reset(): void {
    this.#data = 0xff;
    this.#control = CONTROL_AT_RESET;
    this.#isBusy = false;
    this.#acknowledged.disarm();
    this.#irq.set(false);
  }

  readPort(offset: number, _sizeBytes: AccessBytes): number {
    if (offset === DATA) return (this.#control & CONTROL_INPUT) !== 0 ? 0xff : this.#data;
    return offset === STATUS ? this.#readStatus() : this.#control | CONTROL_UNUSED;
  }

  writePort(offset: number, _sizeBytes: AccessBytes, value: number): void {
    if (offset === DATA) this.#data = value;
    else if (offset !== STATUS) this.#writeControl(value & CONTROL_BITS);
  }

  #readStatus(): number {
    // The interrupt is an edge at the end of ACKNOWLEDGE, kept until somebody looks.
    this.#irq.set(false);
    const ready = this.#isBusy ? 0 : STATUS_NOT_BUSY;
    const acknowledge = this.#acknowledged.deadlineNs === Infinity ? STATUS_NOT_ACKNOWLEDGE : 0;
    return STATUS_ON | ready | acknowledge;
  }

  #writeControl(value: number): void {
    const before = this.#control;
    this.#control = value;
    if ((value & CONTROL_INTERRUPTS) === 0) this.#irq.set(false);
    if ((value & CONTROL_NOT_INITIALISE) === 0) {
      this.#isBusy = false;
      this.#acknowledged.disarm();
      return;
    }
    const [was, is] = [before & CONTROL_STROBE, value & CONTROL_STROBE];
    if (is > was && (value & CONTROL_SELECT) !== 0) {
      this.#isBusy = true;
      this.#acknowledged.disarm();
      this.#output(this.#data);
    } else if (is < was && this.#isBusy) this.#acknowledged.arm(this.#clock.nowNs + ACK_NS);
  }

  #becomeReady(): void {
    this.#isBusy = false;
    if ((this.#control & CONTROL_INTERRUPTS) !== 0) this.#irq.set(true);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("parallel port", 1);
    this.#data = visitor.u8(this.#data);
    this.#control = visitor.u8(this.#control);
    this.#isBusy = visitor.bool(this.#isBusy);
  }
}
