/**
 * A serial EEPROM of 64 words with a Microwire interface, read bit by bit. It cannot be written. Source: the protocol
 * of 93C46 parts.
 */
import type { StateVisitor } from "../state/state.ts";

const WORDS = 64;
/** Start bit, two bits of operation code, six of address. */
const COMMAND_BITS = 9;
const READ_COMMAND = 0b110;

export class MicrowireEeprom {
  readonly #words: Uint16Array;
  #hadClock = false;
  /** Command bits shifted in so far, from the start bit on; once there are nine, `#command` is complete. */
  #command = 0;
  #commandBits = 0;
  /** Word and bit that DO shows, -1 while the dummy bit before the first word is out. */
  #bitsOut = -1;

  /** `words`: 64 of them. */
  constructor(words: Uint16Array) {
    this.#words = words;
  }

  /** DO, which floats high while the chip has nothing to say. */
  get out(): boolean {
    if (!this.#isReading()) return true;
    const bit = this.#bitsOut;
    const word = ((this.#command & 0x3f) + (bit >> 4)) % WORDS;
    return bit >= 0 && ((this.#words[word]! >> (15 - (bit & 15))) & 1) !== 0;
  }

  /** Chip select, clock and DI, as the driver sets them. */
  setPins(selected: boolean, clock: boolean, data: boolean): void {
    const hasRisen = clock && !this.#hadClock;
    this.#hadClock = clock;
    if (!selected) {
      this.#command = 0;
      this.#commandBits = 0;
      this.#bitsOut = -1;
    } else if (hasRisen) this.#clock(data);
  }

  #isReading(): boolean {
    return this.#commandBits === COMMAND_BITS && this.#command >> 6 === READ_COMMAND;
  }

  #clock(bit: boolean): void {
    if (this.#commandBits === COMMAND_BITS) {
      if (this.#isReading()) this.#bitsOut = (this.#bitsOut + 1) & 0xffff;
    } else if (bit || this.#commandBits > 0) {
      // Zeros before the start bit do not count.
      this.#command = (this.#command << 1) | (bit ? 1 : 0);
      this.#commandBits++;
    }
  }

  visitState(visitor: StateVisitor): void {
    this.#hadClock = visitor.bool(this.#hadClock);
    this.#command = visitor.u16(this.#command);
    this.#commandBits = visitor.u8(this.#commandBits);
    this.#bitsOut = visitor.i32(this.#bitsOut);
  }
}
