/**
 * The small ports of the board that belong to no chip of their own: NMI status and speaker gate (61h), fast A20 and
 * reset (92h), the chipset's reset control (CF9h), POST codes (80h), and the I/O ports that QEMU adds for tests (F4h,
 * 402h, E9h).
 */
import type { AccessBytes, PortHandler } from "../bus/bus.ts";
import type { Latch } from "../bus/port-latches.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { Clock } from "../time/clock.ts";
import { ticksAt } from "./clock/frequency.ts";
import { PIT_HERTZ, type Pit8254 } from "./clock/pit.ts";

/** DRAM refresh is requested every 18 ticks of the PIT's oscillator; bit 4 of port 61h toggles at each request. */
const REFRESH_PIT_TICKS = 18;

/** Port 61h. */
export class NmiStatusPort implements PortHandler, Stateful {
  readonly #clock: Clock;
  readonly #pit: Pit8254;
  /** Bits 0 (gate of PIT channel 2) and 1 (speaker on), and the NMI disable bits 2 and 3. */
  #control = 0;

  constructor(clock: Clock, pit: Pit8254) {
    this.#clock = clock;
    this.#pit = pit;
  }

  reset(): void {
    this.#control = 0;
  }

  readPort(_offset: number, _sizeBytes: AccessBytes): number {
    const refresh = Math.floor(ticksAt(this.#clock.nowNs, PIT_HERTZ) / REFRESH_PIT_TICKS) & 1;
    return this.#control | (refresh << 4) | (this.#pit.output2 ? 0x20 : 0);
  }

  writePort(_offset: number, _sizeBytes: AccessBytes, value: number): void {
    this.#control = value & 0x0f;
    this.#pit.setGate2((value & 1) !== 0);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("port 61h", 1);
    this.#control = visitor.u8(this.#control);
  }
}

/** Port 92h: bit 1 drives A20, a rising edge on bit 0 resets. */
export class FastA20Port implements PortHandler, Stateful {
  #value = 0;
  readonly #setA20: (open: boolean) => void;
  readonly #requestReset: () => void;

  constructor(options: { setA20: (open: boolean) => void; requestReset: () => void }) {
    this.#setA20 = options.setA20;
    this.#requestReset = options.requestReset;
  }

  reset(): void {
    this.#value = 0;
  }

  readPort(_offset: number, _sizeBytes: AccessBytes): number {
    return this.#value;
  }

  writePort(_offset: number, _sizeBytes: AccessBytes, value: number): void {
    const risen = value & ~this.#value & 1;
    this.#value = value & 0x03;
    this.#setA20((value & 2) !== 0);
    if (risen) this.#requestReset();
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("port 92h", 1);
    this.#value = visitor.u8(this.#value);
  }
}

/** Port CF9h (PIIX3 data sheet 2.5.5): a rising edge on bit 2 resets, bit 1 says how hard. */
export class ResetControlPort implements PortHandler, Stateful {
  #value = 0;
  readonly #requestReset: () => void;

  constructor(requestReset: () => void) {
    this.#requestReset = requestReset;
  }

  reset(): void {
    this.#value = 0;
  }

  readPort(_offset: number, _sizeBytes: AccessBytes): number {
    return this.#value;
  }

  writePort(_offset: number, _sizeBytes: AccessBytes, value: number): void {
    this.#value = value & 0x02;
    if (value & 0x04) this.#requestReset();
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("port CF9h", 1);
    this.#value = visitor.u8(this.#value);
  }
}

/** A byte-wide port that remembers what was written last: POST codes, the spare APM status register. */
export class LatchPort implements PortHandler, Stateful {
  readonly #name: string;
  readonly #written: (value: number) => void;
  readonly #latch: Latch;

  /** `latch`: where the value lies, if others write it too. */
  constructor(name: string, written: (value: number) => void = () => {}, latch: Latch = { value: 0 }) {
    this.#name = name;
    this.#written = written;
    this.#latch = latch;
  }

  readPort(_offset: number, _sizeBytes: AccessBytes): number {
    return this.#latch.value;
  }

  writePort(_offset: number, _sizeBytes: AccessBytes, value: number): void {
    this.#latch.value = value;
    this.#written(value);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part(this.#name, 1);
    this.#latch.value = visitor.u8(this.#latch.value);
  }
}

/** QEMU's `isa-debug-exit`: a write of `value` ends the machine with exit status `value << 1 | 1`. Port F4h. */
export function debugExitPort(exit: (status: number) => void): PortHandler {
  return {
    readPort: () => 0,
    writePort: (_offset, _sizeBytes, value) => exit((value * 2 + 1) & 0xff),
  };
}

/** QEMU's `isa-debugcon`: bytes go to the host; a read gives E9h, by which firmware finds the port. */
export function debugConsolePort(output: (byte: number) => void): PortHandler {
  return {
    readPort: () => 0xe9,
    writePort: (_offset, _sizeBytes, value) => output(value & 0xff),
  };
}
