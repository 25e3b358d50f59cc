/**
 * Sound as a WAV file holds it: one rate, one form of samples. Source: Microsoft and IBM, Multimedia Programming
 * Interface and Data Specifications 1.0 (RIFF WAVE, PCM).
 */

/** Forms of samples: by QEMU's names. */
export const WAV_FORMATS = ["s16", "u8", "s32"] as const;

export interface WavForm {
  readonly rateHertz: number;
  readonly channels: 1 | 2;
  readonly format: (typeof WAV_FORMATS)[number];
}

/** A form that is asked for. */
export interface WavWish extends Omit<WavForm, "rateHertz"> {
  /** Null: the rate of what is played first. */
  readonly rateHertz: number | null;
}

export const WAV_HEADER_BYTES = 44;
const PCM = 1;
const MOST_BYTES = 0xffffffff;
const SAMPLE_BYTES: Readonly<Record<WavForm["format"], number>> = { s16: 2, u8: 1, s32: 4 };

/** What is in front of so many bytes of samples. Of a file beyond 4 GiB it says the most that it can. */
export function wavHeader({ rateHertz, channels, format }: WavForm, dataBytes: number): Uint8Array {
  const bytes = new Uint8Array(WAV_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string): void => bytes.set(new TextEncoder().encode(word), at);
  const frameBytes = channels * SAMPLE_BYTES[format];
  text(0, "RIFF");
  view.setUint32(4, Math.min(MOST_BYTES, WAV_HEADER_BYTES - 8 + dataBytes), true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rateHertz, true);
  view.setUint32(28, rateHertz * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, 8 * SAMPLE_BYTES[format], true);
  text(36, "data");
  view.setUint32(40, Math.min(MOST_BYTES, dataBytes), true);
  return bytes;
}

/** Pairs of samples in a file's form. */
export function wavBytes({ channels, format }: WavForm, samples: Int16Array): Uint8Array {
  const values =
    channels === 2
      ? samples
      : Int16Array.from({ length: samples.length / 2 }, (_, at) => (samples[2 * at]! + samples[2 * at + 1]!) >> 1);
  const width = SAMPLE_BYTES[format];
  const bytes = new Uint8Array(values.length * width);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries())
    if (format === "u8") bytes[index] = (value >> 8) + 0x80;
    else if (format === "s16") view.setInt16(2 * index, value, true);
    else view.setInt32(4 * index, value * 0x10000, true);
  return bytes;
}

/** Brings pairs of samples of any rate to one: between two frames it goes straight. In integers, so that it repeats. */
export class Resampler {
  readonly #rateHertz: number;
  /** Of what came last; 0 when nothing waits. */
  #fromHertz = 0;
  #left = 0;
  #right = 0;
  /** Where the next frame lies behind the last one that came, in parts of `#rateHertz`. */
  #phase = 0;

  constructor(rateHertz: number) {
    this.#rateHertz = rateHertz;
  }

  take(fromHertz: number, samples: Int16Array): Int16Array {
    if (fromHertz === this.#fromHertz) return this.#convert(samples);
    const rest = this.end();
    if (fromHertz === this.#rateHertz) return joined(rest, samples);
    this.#fromHertz = fromHertz;
    [this.#left = 0, this.#right = 0] = samples;
    this.#phase = 0;
    return joined(rest, this.#convert(samples.subarray(2)));
  }

  #convert(samples: Int16Array): Int16Array {
    const made: number[] = [];
    for (let index = 0; index < samples.length; index += 2) {
      const [left, right] = [samples[index]!, samples[index + 1]!];
      for (; this.#phase < this.#rateHertz; this.#phase += this.#fromHertz)
        made.push(this.#between(this.#left, left), this.#between(this.#right, right));
      this.#phase -= this.#rateHertz;
      [this.#left, this.#right] = [left, right];
    }
    return Int16Array.from(made);
  }

  #between(before: number, after: number): number {
    return before + Math.trunc(((after - before) * this.#phase) / this.#rateHertz);
  }

  /** What is left of the last frame. */
  end(): Int16Array {
    const made: number[] = [];
    if (this.#fromHertz > 0)
      for (; this.#phase < this.#rateHertz; this.#phase += this.#fromHertz) made.push(this.#left, this.#right);
    this.#fromHertz = 0;
    return Int16Array.from(made);
  }
}

function joined(first: Int16Array, second: Int16Array): Int16Array {
  if (first.length === 0) return second;
  const both = new Int16Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
