/**
 * Creative's Sound Blaster 16 (CT1740) at its ports: the sound processor, the mixer, one interrupt for both widths. FM
 * and MIDI are left out. Source: Creative, Sound Blaster Series Hardware Programming Guide, chapters 2 and 4.
 */
import type { AccessBytes, PortHandler, Wire } from "../bus/bus.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { Clock } from "../time/clock.ts";
import { type DspWires, Sb16Dsp } from "./sb16-dsp.ts";
import { CAUSE_8BIT, CAUSE_16BIT, Sb16Mixer, type Sb16Place } from "./sb16-mixer.ts";

export const SB16_PORTS = 16;

const MIXER_INDEX = 0x4;
const MIXER_DATA = 0x5;
const RESET = 0x6;
const READ_DATA = 0xa;
/** Written: a command or its parameter. Read: bit 7 is high while the processor takes none, and it always does. */
const WRITE_DATA = 0xc;
const TIMER_STATUS = 0xd;
/** Bit 7: there is an answer. Reading it acknowledges interrupts of 8-bit samples, the next port those of 16 bits. */
const READ_STATUS = 0xe;
const WIDE_STATUS = 0xf;
const HAS_ANSWER = 0x80;

export interface Sb16Wires extends Omit<DspWires, "raise"> {
  readonly interrupt: Wire;
}

export class Sb16 implements PortHandler, Stateful {
  readonly #interrupt: Wire;
  readonly #mixer: Sb16Mixer;
  readonly #dsp: Sb16Dsp;
  /** The reset register is high; the processor begins anew when it falls. */
  #isResetting = false;

  constructor(clock: Clock, name: string, place: Sb16Place, { interrupt, ...wires }: Sb16Wires) {
    this.#interrupt = interrupt;
    this.#mixer = new Sb16Mixer(place);
    const raise = (cause: number): void => {
      this.#mixer.raise(cause);
      this.#interrupt.set(true);
    };
    this.#dsp = new Sb16Dsp(clock, name, this.#mixer, { ...wires, raise });
  }

  reset(): void {
    this.#isResetting = false;
    this.#mixer.reset();
    this.#dsp.resetHard();
    this.#interrupt.set(false);
  }

  #acknowledge(cause: number): void {
    this.#mixer.acknowledge(cause);
    if (this.#mixer.causes === 0) this.#interrupt.set(false);
  }

  readPort(offset: number, _sizeBytes: AccessBytes): number {
    switch (offset) {
      case MIXER_DATA:
        return this.#mixer.data;
      case READ_DATA:
        return this.#dsp.read();
      case WRITE_DATA:
      case TIMER_STATUS:
        return 0;
      case READ_STATUS:
        this.#acknowledge(CAUSE_8BIT);
        return this.#dsp.hasAnswer ? HAS_ANSWER : 0;
      case WIDE_STATUS:
        this.#acknowledge(CAUSE_16BIT);
        return 0xff;
      default:
        return 0xff;
    }
  }

  writePort(offset: number, _sizeBytes: AccessBytes, value: number): void {
    if (offset === MIXER_INDEX) this.#mixer.index = value;
    else if (offset === MIXER_DATA) this.#mixer.data = value;
    else if (offset === RESET) this.#writeReset((value & 1) !== 0);
    else if (offset === WRITE_DATA) this.#dsp.write(value);
  }

  #writeReset(isHigh: boolean): void {
    if (this.#isResetting && !isHigh) {
      this.#mixer.forgetCauses();
      this.#dsp.reset();
      this.#interrupt.set(false);
    }
    this.#isResetting = isHigh;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("SB16", 1);
    this.#isResetting = visitor.bool(this.#isResetting);
    this.#mixer.visitState(visitor);
    this.#dsp.visitState(visitor);
  }
}
