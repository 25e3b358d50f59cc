/**
 * The 64-word Microwire EEPROM of an 82540EM, read through EERD or bit by bit through EECD. It cannot be written.
 * Source: Software Developer's Manual (317453), chapter 5 (map, checksum) and 13.4.3-13.4.4; the Microwire protocol of
 * 93C46 parts.
 */
import type { StateVisitor } from "../state/state.ts";

const WORDS = 64;
const CHECKSUM_WORD = 0x3f;
/** The sum of all words, modulo 2^16. */
const CHECKSUM = 0xbaba;

const CLOCK = 0x001;
const CHIP_SELECT = 0x002;
const DATA_IN = 0x004;
const DATA_OUT = 0x008;
const GRANT = 0x080;
const PRESENT = 0x100;
/** EECD bits that keep what was written: SK, CS, DI, FWE, REQ. */
const KEPT = 0x077;

const EERD_START = 0x01;
const EERD_DONE = 0x10;

/** Start bit, two bits of operation code, six of address. */
const COMMAND_BITS = 9;
const READ_COMMAND = 0b110;

export class E1000Eeprom {
  readonly #words = new Uint16Array(WORDS);
  #control = 0;
  /** Command bits shifted in so far, from the start bit on; once there are nine, `#command` is complete. */
  #command = 0;
  #commandBits = 0;
  /** Word and bit that DO shows, -1 while the dummy bit before the first word is out. */
  #bitsOut = -1;

  constructor(macAddress: Uint8Array) {
    const words = this.#words;
    for (let index = 0; index < 3; index++) words[index] = macAddress[index * 2]! | (macAddress[index * 2 + 1]! << 8);
    words[0x04] = 0xffff;
    // Board number, control word 1, subsystem with its vendor, device with its vendor, control word 2.
    words.set([0x3000, 0x1000, 0x6403, 0x100e, 0x8086, 0x100e, 0x8086, 0x3040], 0x08);
    words.fill(0xffff, 0x30, CHECKSUM_WORD);
    let sum = 0;
    for (let index = 0; index < CHECKSUM_WORD; index++) sum += words[index]!;
    words[CHECKSUM_WORD] = CHECKSUM - sum;
  }

  word(index: number): number {
    return this.#words[index]!;
  }

  /** EERD after a write: the word is there at once. */
  readThroughEerd(request: number): number {
    if (!(request & EERD_START)) return request;
    const address = (request >>> 8) & 0xff;
    const data = address < WORDS ? this.#words[address]! : 0;
    return ((data << 16) | (address << 8) | EERD_DONE) >>> 0;
  }

  readEecd(): number {
    let out = DATA_OUT; // DO floats high while the chip has nothing to say.
    if (this.#isReading()) {
      const bit = this.#bitsOut;
      const word = ((this.#command & 0x3f) + (bit >> 4)) % WORDS;
      out = bit >= 0 && (this.#words[word]! >> (15 - (bit & 15))) & 1 ? DATA_OUT : 0;
    }
    return this.#control | out | GRANT | PRESENT;
  }

  writeEecd(value: number): void {
    const risen = value & ~this.#control;
    this.#control = value & KEPT;
    if (!(value & CHIP_SELECT)) {
      this.#command = 0;
      this.#commandBits = 0;
      this.#bitsOut = -1;
    } else if (risen & CLOCK) {
      this.#clock((value & DATA_IN) !== 0);
    }
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

  reset(): void {
    this.writeEecd(0);
  }

  visitState(visitor: StateVisitor): void {
    this.#control = visitor.u32(this.#control);
    this.#command = visitor.u16(this.#command);
    this.#commandBits = visitor.u8(this.#commandBits);
    this.#bitsOut = visitor.i32(this.#bitsOut);
  }
}
