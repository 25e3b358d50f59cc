/**
 * The 64-word Microwire EEPROM of an 82540EM, read through EERD or bit by bit through EECD. It cannot be written.
 * Source: Software Developer's Manual (317453), chapter 5 (map, checksum) and 13.4.3-13.4.4; the Microwire protocol of
 * 93C46 parts.
 */
import type { StateVisitor } from "../../state/state.ts";
import { MicrowireEeprom } from "./microwire-eeprom.ts";

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

export class E1000Eeprom {
  readonly #words = new Uint16Array(WORDS);
  #control = 0;
  readonly #pins = new MicrowireEeprom(this.#words);

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
    return this.#control | (this.#pins.out ? DATA_OUT : 0) | GRANT | PRESENT;
  }

  writeEecd(value: number): void {
    this.#control = value & KEPT;
    this.#pins.setPins((value & CHIP_SELECT) !== 0, (value & CLOCK) !== 0, (value & DATA_IN) !== 0);
  }

  reset(): void {
    this.writeEecd(0);
  }

  visitState(visitor: StateVisitor): void {
    this.#control = visitor.u32(this.#control);
    this.#pins.visitState(visitor);
  }
}
