/** What a sound card of a machine has played. */

/** Takes pairs of samples, left and right, of signed 16 bits; the array is the listener's. */
export type SoundListener = (rateHertz: number, samples: Int16Array) => void;

export class SoundTrack {
  readonly #listeners = new Set<SoundListener>();
  #pieces: Int16Array[] = [];
  #length = 0;
  #rateHertz = 0;

  append(rateHertz: number, samples: Int16Array): void {
    this.#rateHertz = rateHertz;
    for (const listener of this.#listeners) listener(rateHertz, samples);
    // Who listens keeps what he needs: hours of sound are much.
    if (this.#listeners.size > 0) return;
    this.#pieces.push(samples);
    this.#length += samples.length;
  }

  /** Of what was played last; 0 before. */
  get rateHertz(): number {
    return this.#rateHertz;
  }

  /** All that was played while nobody listened, without the time between: pairs of samples, left and right. */
  get samples(): Int16Array {
    const all = new Int16Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [all];
    return all.slice();
  }

  /** Hears all from now on; the result ends it. */
  listen(listener: SoundListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
