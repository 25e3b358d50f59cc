/**
 * A WAV file that grows while something plays. What it holds is valid whenever the run ends, however it ends: the
 * header always says how much there is. When the disk is full, what was there before stays.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "../../host/folder.ts";
import { Resampler, WAV_HEADER_BYTES, type WavForm, type WavWish, wavBytes, wavHeader } from "../../lab/wav.ts";

/** The rate of a file whose rate nobody has said, and in which nothing was played. */
const RATE_OF_NOTHING = 44_100;
/** So much is written at once. */
const PIECE_BYTES = 65_536;

export class WavFile {
  readonly #path: string;
  readonly #file: number;
  #form: WavForm;
  #resampler: Resampler | null;
  #dataBytes = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  /** What the file held before is gone. Folders are made as needed. */
  constructor(path: string, wish: WavWish) {
    makeFolder(dirname(path));
    this.#path = path;
    this.#form = { ...wish, rateHertz: wish.rateHertz ?? RATE_OF_NOTHING };
    this.#resampler = wish.rateHertz === null ? null : new Resampler(wish.rateHertz);
    this.#file = openSync(path, "w");
    this.#write(wavHeader(this.#form, 0), 0);
  }

  /** Pairs of samples. */
  append(rateHertz: number, samples: Int16Array): void {
    if (this.#resampler === null) {
      this.#form = { ...this.#form, rateHertz };
      this.#resampler = new Resampler(rateHertz);
    }
    this.#keep(this.#resampler.take(rateHertz, samples));
    if (this.#waitingBytes >= PIECE_BYTES) this.#flush();
  }

  #keep(samples: Int16Array): void {
    const bytes = wavBytes(this.#form, samples);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      this.#write(bytes, WAV_HEADER_BYTES + this.#dataBytes);
      this.#dataBytes += bytes.length;
      this.#write(wavHeader(this.#form, this.#dataBytes), 0);
    } catch (error) {
      try {
        ftruncateSync(this.#file, WAV_HEADER_BYTES + this.#dataBytes);
      } catch {
        // A device or a pipe has nothing that could be taken back.
      }
      throw error;
    }
  }

  #write(bytes: Uint8Array, position: number): void {
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#file, bytes, done, bytes.length - done, position + done);
    } catch (error) {
      throw Object.assign(error as Error, { path: this.#path });
    }
  }

  close(): void {
    try {
      if (this.#resampler !== null) this.#keep(this.#resampler.end());
      this.#flush();
    } finally {
      closeSync(this.#file);
    }
  }
}
