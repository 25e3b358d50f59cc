/**
 * The 16550A UART with its cable plugged into a terminal. A byte leaves at once, as from QEMU's: a guest that polls for
 * an empty transmitter finds it at its first look, where it would spend 87 us, thousands of instructions, on each
 * character of a real line. Bytes arrive at the line rate, in virtual time; what the host sends while the receiver is
 * full waits (as with flow control), so only loopback can overrun. Source: National Semiconductor PC16550D data sheet.
 * COM1: ports 3F8h-3FFh, IRQ 4; COM2: 2F8h-2FFh, IRQ 3.
 */
import type { AccessBytes, PortHandler, Wire } from "../bus/bus.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { ByteQueue } from "./input/byte-queue.ts";

/** The PC's baud rate generator: 1.8432 MHz, divided by 16 and by the divisor latch. */
const BAUD_BASE = 115_200;
const SECOND_NS = 1_000_000_000;
const FIFO_BYTES = 16;

const IER_RECEIVED = 0x01;
const IER_TRANSMITTER_EMPTY = 0x02;
const IER_LINE_STATUS = 0x04;
const IER_MODEM_STATUS = 0x08;

const FCR_ENABLE = 0x01;
const TRIGGER_LEVELS = [1, 4, 8, 14] as const;

const LCR_DIVISOR_LATCH = 0x80;

const MCR_DTR = 0x01;
const MCR_RTS = 0x02;
const MCR_OUT1 = 0x04;
const MCR_OUT2 = 0x08;
const MCR_LOOPBACK = 0x10;

const LSR_DATA_READY = 0x01;
const LSR_OVERRUN = 0x02;
const LSR_HOLDING_EMPTY = 0x20;
const LSR_TRANSMITTER_EMPTY = 0x40;

const MSR_CTS = 0x10;
const MSR_DSR = 0x20;
const MSR_RI = 0x40;
const MSR_DCD = 0x80;

/** Interrupt identification, most urgent first. */
const IIR_LINE_STATUS = 0x06;
const IIR_RECEIVED = 0x04;
const IIR_TIMEOUT = 0x0c;
const IIR_TRANSMITTER_EMPTY = 0x02;
const IIR_MODEM_STATUS = 0x00;
const IIR_NONE = 0x01;

export class Uart16550 implements PortHandler, Stateful {
  readonly #clock: Clock;
  readonly #irq: Wire;
  readonly #output: (byte: number) => void;
  readonly #receiveTimer: Timer;
  readonly #timeoutTimer: Timer;
  /** Bytes from the host that have not yet come over the line. */
  readonly #incoming = new ByteQueue();
  readonly #receiveFifo = new ByteQueue(FIFO_BYTES);
  #ier = 0;
  #fcr = 0;
  #lcr = 0;
  #mcr = 0;
  #scratch = 0;
  #divisor = 12;
  #overrun = false;
  #modemDelta = 0;
  #emptyPending = false;
  #timedOut = false;
  #lastReceived = 0;

  /** `output` takes each byte as it is written. */
  constructor(clock: Clock, name: string, irq: Wire, output: (byte: number) => void) {
    this.#clock = clock;
    this.#irq = irq;
    this.#output = output;
    this.#receiveTimer = clock.timer(`${name} receiver`, () => this.#received());
    this.#timeoutTimer = clock.timer(`${name} FIFO timeout`, () => this.#fifoTimedOut());
  }

  reset(): void {
    this.#receiveFifo.clear();
    this.#ier = 0;
    this.#fcr = 0;
    this.#lcr = 0;
    this.#mcr = 0;
    this.#scratch = 0;
    this.#divisor = 12;
    this.#overrun = false;
    this.#modemDelta = 0;
    this.#emptyPending = false;
    this.#timedOut = false;
    this.#timeoutTimer.disarm();
    this.#update();
    this.#listen();
  }

  /** Drops what the host has sent and the line has not yet delivered. */
  discardIncoming(): void {
    this.#incoming.clear();
    this.#receiveTimer.disarm();
  }

  /** Bytes from the terminal; they arrive one by one at the line rate. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) this.#incoming.push(byte);
    this.#listen();
  }

  /** Bytes from the host that the guest's receiver has not got yet. */
  get waitingBytes(): number {
    return this.#incoming.length;
  }

  readPort(offset: number, _sizeBytes: AccessBytes): number {
    const latch = (this.#lcr & LCR_DIVISOR_LATCH) !== 0;
    switch (offset) {
      case 0:
        return latch ? this.#divisor & 0xff : this.#readReceiver();
      case 1:
        return latch ? this.#divisor >> 8 : this.#ier;
      case 2:
        return this.#readIdentification();
      case 3:
        return this.#lcr;
      case 4:
        return this.#mcr;
      case 5:
        return this.#readLineStatus();
      case 6: {
        const status = this.#modemInputs() | this.#modemDelta;
        this.#modemDelta = 0;
        this.#update();
        return status;
      }
      default:
        return this.#scratch;
    }
  }

  writePort(offset: number, _sizeBytes: AccessBytes, value: number): void {
    const latch = (this.#lcr & LCR_DIVISOR_LATCH) !== 0;
    switch (offset) {
      case 0:
        if (latch) this.#divisor = (this.#divisor & 0xff00) | value;
        else this.#writeTransmitter(value);
        break;
      case 1:
        if (latch) this.#divisor = (this.#divisor & 0x00ff) | (value << 8);
        else this.#writeInterruptEnable(value & 0x0f);
        break;
      case 2:
        this.#writeFifoControl(value);
        break;
      case 3:
        this.#lcr = value;
        break;
      case 4: {
        const before = this.#modemInputs();
        this.#mcr = value & 0x1f;
        this.#noteModemChange(before);
        this.#listen();
        break;
      }
      case 7:
        this.#scratch = value;
        break;
      default: // LSR and MSR are read only.
    }
    this.#update();
  }

  get #fifoEnabled(): boolean {
    return (this.#fcr & FCR_ENABLE) !== 0;
  }

  get #loopback(): boolean {
    return (this.#mcr & MCR_LOOPBACK) !== 0;
  }

  /** Time on the line of one character: start bit, 5-8 data bits, parity, 1, 1.5 or 2 stop bits. */
  #characterNs(): number {
    const dataBits = 5 + (this.#lcr & 3);
    const stopHalves = this.#lcr & 4 ? (dataBits === 5 ? 3 : 4) : 2;
    const halves = 2 + 2 * dataBits + (this.#lcr & 8 ? 2 : 0) + stopHalves;
    const divisor = this.#divisor === 0 ? 65536 : this.#divisor;
    return Math.ceil((halves * divisor * SECOND_NS) / (2 * BAUD_BASE));
  }

  #readReceiver(): number {
    if (this.#receiveFifo.length > 0) this.#lastReceived = this.#receiveFifo.shift();
    this.#timedOut = false;
    this.#restartTimeout();
    this.#listen();
    this.#update();
    return this.#lastReceived;
  }

  /** The whole byte, whatever the word length: a terminal that is set up differently is no use to anybody. */
  #writeTransmitter(byte: number): void {
    if (this.#loopback) this.#accept(byte);
    else this.#output(byte);
    this.#emptyPending = true;
  }

  #receiverFull(): boolean {
    return this.#fifoEnabled ? this.#receiveFifo.full : this.#receiveFifo.length > 0;
  }

  /** Starts the next character from the host when there is one and the receiver has room for it. */
  #listen(): void {
    if (this.#incoming.length === 0 || this.#loopback || this.#receiverFull()) return;
    if (this.#receiveTimer.deadlineNs === Infinity) this.#receiveTimer.arm(this.#clock.nowNs + this.#characterNs());
  }

  #received(): void {
    if (this.#loopback || this.#receiverFull() || this.#incoming.length === 0) return;
    this.#accept(this.#incoming.shift());
    this.#listen();
    this.#update();
  }

  #accept(byte: number): void {
    if (this.#receiverFull()) {
      this.#overrun = true;
      if (this.#fifoEnabled) return;
      this.#receiveFifo.clear();
    }
    this.#receiveFifo.push(byte);
    this.#timedOut = false;
    this.#restartTimeout();
  }

  /** A FIFO that holds something below its trigger level reports after four silent characters. */
  #restartTimeout(): void {
    if (this.#fifoEnabled && this.#receiveFifo.length > 0 && this.#ier & IER_RECEIVED) {
      this.#timeoutTimer.arm(this.#clock.nowNs + 4 * this.#characterNs());
    } else {
      this.#timeoutTimer.disarm();
    }
  }

  #fifoTimedOut(): void {
    this.#timedOut = this.#fifoEnabled && this.#receiveFifo.length > 0;
    this.#update();
  }

  #readLineStatus(): number {
    let status = LSR_HOLDING_EMPTY | LSR_TRANSMITTER_EMPTY;
    if (this.#receiveFifo.length > 0) status |= LSR_DATA_READY;
    if (this.#overrun) status |= LSR_OVERRUN;
    this.#overrun = false;
    this.#update();
    return status;
  }

  #writeInterruptEnable(value: number): void {
    if (value & ~this.#ier & IER_TRANSMITTER_EMPTY) this.#emptyPending = true;
    this.#ier = value;
    this.#restartTimeout();
  }

  #writeFifoControl(value: number): void {
    const toggled = (value ^ this.#fcr) & FCR_ENABLE;
    if (toggled || (value & FCR_ENABLE && value & 0x02)) {
      this.#receiveFifo.clear();
      this.#timedOut = false;
      this.#timeoutTimer.disarm();
    }
    if (toggled || (value & FCR_ENABLE && value & 0x04)) this.#emptyPending = true;
    this.#fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
    this.#listen();
  }

  #identification(): number {
    if (this.#ier & IER_LINE_STATUS && this.#overrun) return IIR_LINE_STATUS;
    if (this.#ier & IER_RECEIVED) {
      const trigger = this.#fifoEnabled ? TRIGGER_LEVELS[(this.#fcr >> 6) as 0 | 1 | 2 | 3] : 1;
      if (this.#receiveFifo.length >= trigger) return IIR_RECEIVED;
      if (this.#timedOut) return IIR_TIMEOUT;
    }
    if (this.#ier & IER_TRANSMITTER_EMPTY && this.#emptyPending) return IIR_TRANSMITTER_EMPTY;
    if (this.#ier & IER_MODEM_STATUS && this.#modemDelta) return IIR_MODEM_STATUS;
    return IIR_NONE;
  }

  #readIdentification(): number {
    const identification = this.#identification();
    if (identification === IIR_TRANSMITTER_EMPTY) {
      this.#emptyPending = false;
      this.#update();
    }
    return identification | (this.#fifoEnabled ? 0xc0 : 0);
  }

  /** The terminal is ready and present; in loopback the outputs DTR, RTS, OUT1, OUT2 drive DSR, CTS, RI, DCD. */
  #modemInputs(): number {
    if (!this.#loopback) return MSR_CTS | MSR_DSR | MSR_DCD;
    return (
      (this.#mcr & MCR_DTR ? MSR_DSR : 0) |
      (this.#mcr & MCR_RTS ? MSR_CTS : 0) |
      (this.#mcr & MCR_OUT1 ? MSR_RI : 0) |
      (this.#mcr & MCR_OUT2 ? MSR_DCD : 0)
    );
  }

  #noteModemChange(before: number): void {
    const now = this.#modemInputs();
    // The delta bits lie four below their inputs; RI counts its falling edge only.
    const changed = ((before ^ now) & ~MSR_RI) | (before & ~now & MSR_RI);
    this.#modemDelta |= changed >> 4;
  }

  /** OUT2 gates the interrupt on a PC, and is cut off from it in loopback. */
  #update(): void {
    const enabled = (this.#mcr & (MCR_OUT2 | MCR_LOOPBACK)) === MCR_OUT2;
    this.#irq.set(enabled && this.#identification() !== IIR_NONE);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("16550A", 2);
    this.#incoming.visitState(visitor);
    this.#receiveFifo.visitState(visitor);
    this.#ier = visitor.u8(this.#ier);
    this.#fcr = visitor.u8(this.#fcr);
    this.#lcr = visitor.u8(this.#lcr);
    this.#mcr = visitor.u8(this.#mcr);
    this.#scratch = visitor.u8(this.#scratch);
    this.#divisor = visitor.u16(this.#divisor);
    this.#overrun = visitor.bool(this.#overrun);
    this.#modemDelta = visitor.u8(this.#modemDelta);
    this.#emptyPending = visitor.bool(this.#emptyPending);
    this.#timedOut = visitor.bool(this.#timedOut);
    this.#lastReceived = visitor.u8(this.#lastReceived);
  }
}
