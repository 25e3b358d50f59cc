/**
 * The codec behind an AC'97 controller: mixer registers of 16 bits, as of a SigmaTel STAC9700 with variable rates.
 * Sources: Intel, Audio Codec '97 revision 2.3, section 5.7; SigmaTel, STAC9700 data sheet. What the mixer would
 * amplify leaves as it is, since there is nothing above full scale; attenuation is as the registers say.
 */
import type { StateVisitor } from "../../state/state.ts";

const REGISTER_BYTES = 256;

const RESET = 0x00;
const MASTER_VOLUME = 0x02;
const PCM_OUT_VOLUME = 0x18;
const RECORD_SELECT = 0x1a;
const RECORD_GAIN = 0x1c;
const POWERDOWN = 0x26;
const EXTENDED_ID = 0x28;
const EXTENDED_CONTROL = 0x2a;
const FRONT_DAC_RATE = 0x2c;
const SURROUND_DAC_RATE = 0x2e;
const LFE_DAC_RATE = 0x30;
const ADC_RATE = 0x32;
const MICROPHONE_RATE = 0x34;
const VENDOR_1 = 0x7c;
const VENDOR_2 = 0x7e;

/** Extended audio: variable rates, and those of the microphone. */
const VRA = 0x01;
const VRM = 0x08;
const USUAL_RATE = 48_000;
const MUTE = 0x8000;
/** Parts that are powered and ready: they only read. */
const READY = 0x000f;

const AT_RESET: readonly (readonly [register: number, value: number])[] = [
  [MASTER_VOLUME, MUTE],
  [PCM_OUT_VOLUME, 0x8808],
  [RECORD_GAIN, 0x8808],
  [POWERDOWN, READY],
  [EXTENDED_ID, VRA | VRM | 0x0800],
  [EXTENDED_CONTROL, VRA | VRM],
  ...[FRONT_DAC_RATE, SURROUND_DAC_RATE, LFE_DAC_RATE, ADC_RATE, MICROPHONE_RATE].map(
    (register) => [register, USUAL_RATE] as const,
  ),
  [VENDOR_1, 0x8384],
  [VENDOR_2, 0x7600],
];

/** Bits of registers that are written; registers that are not here keep all sixteen. */
const WRITABLE: ReadonlyMap<number, number> = new Map([
  [MASTER_VOLUME, 0xbf3f],
  [PCM_OUT_VOLUME, 0x9f1f],
  [RECORD_GAIN, 0x8f0f],
  [RECORD_SELECT, 0x0707],
  [POWERDOWN, 0x7ff0],
  // Volumes of inputs that lead nowhere, tone, 3D, and what the maker has put at 6Ch: none of it is there.
  ...[0x04, 0x06, 0x08, 0x0a, 0x0c, 0x0e, 0x10, 0x12, 0x14, 0x16, 0x1e, 0x20, 0x22, 0x6c, 0x6e].map(
    (register) => [register, 0] as const,
  ),
  ...[EXTENDED_ID, VENDOR_1, VENDOR_2].map((register) => [register, 0] as const),
]);

/** Rates, and the bit of the extended control without which they stay what they are. */
const RATES: ReadonlyMap<number, number> = new Map([
  [FRONT_DAC_RATE, VRA],
  [ADC_RATE, VRA],
  [MICROPHONE_RATE, VRM],
]);

/** A step of a volume is 1.5 dB; PCM out is neither attenuated nor amplified at 8. */
const STEP_DECIBELS = 1.5;
const PCM_OUT_EVEN = 8;
const GAIN_BITS = 16;
const MOST_STEPS = 0x3f + 0x1f - PCM_OUT_EVEN;
/** By steps of attenuation: what a sample is multiplied with, in 65536ths. */
const GAINS = Array.from({ length: MOST_STEPS + 1 }, (_, steps) =>
  Math.round(2 ** GAIN_BITS * 10 ** ((-steps * STEP_DECIBELS) / 20)),
);

export type Converter = "front" | "adc" | "microphone";
const RATE_OF: Readonly<Record<Converter, number>> = {
  front: FRONT_DAC_RATE,
  adc: ADC_RATE,
  microphone: MICROPHONE_RATE,
};

export class Ac97Codec {
  readonly #registers = new Uint8Array(REGISTER_BYTES);
  readonly #view = new DataView(this.#registers.buffer);

  reset(): void {
    this.#registers.fill(0);
    for (const [register, value] of AT_RESET) this.#view.setUint16(register, value, true);
  }

  /** A word; beyond the registers there are ones. */
  read(register: number): number {
    return register + 2 <= REGISTER_BYTES ? this.#view.getUint16(register, true) : 0xffff;
  }

  /** Returns whether a rate may be another one now. */
  write(register: number, value: number): boolean {
    if (register === RESET) {
      this.reset();
      return true;
    }
    if (register + 2 > REGISTER_BYTES) return false;
    const needed = RATES.get(register) ?? 0;
    if ((this.read(EXTENDED_CONTROL) & needed) !== needed) return false;
    const mask = WRITABLE.get(register) ?? 0xffff;
    if (mask === 0) return false;
    this.#view.setUint16(register, (value & mask) | (register === POWERDOWN ? READY : 0), true);
    if (register !== EXTENDED_CONTROL) return needed !== 0;
    for (const [rate, bit] of RATES) if ((value & bit) === 0) this.#view.setUint16(rate, USUAL_RATE, true);
    return true;
  }

  /** Of a converter; 0 when it was given none. */
  rateHertz(converter: Converter): number {
    return this.read(RATE_OF[converter]);
  }

  /** Makes of samples for the converter what leaves the codec. */
  attenuate(samples: Int16Array): void {
    const [master, pcm] = [this.read(MASTER_VOLUME), this.read(PCM_OUT_VOLUME)];
    if ((master | pcm) & MUTE) return void samples.fill(0);
    for (const [channel, shift] of [8, 0].entries()) {
      const steps = ((master >> shift) & 0x3f) + Math.max(0, ((pcm >> shift) & 0x1f) - PCM_OUT_EVEN);
      if (steps === 0) continue;
      const gain = GAINS[steps]!;
      for (let index = channel; index < samples.length; index += 2)
        samples[index] = (samples[index]! * gain) >> GAIN_BITS;
    }
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("AC'97 codec", 1);
    visitor.bytes(this.#registers);
  }
}
