/**
 * A PS/2 keyboard: it answers the controller's commands and sends scan codes in set 1 or 2. Keystrokes of the host wait
 * in a queue of their own until the keyboard's 16-byte buffer has room and scanning is enabled, so that none is lost.
 * Source: IBM PS/2 Technical Reference, keyboard section. Set 3 is refused; keys do not repeat by themselves.
 */
import type { Stateful, StateVisitor } from "../../state/state.ts";
import { ByteQueue } from "./byte-queue.ts";
import { keystrokeOf, scanCodeBytes } from "./scancodes.ts";

const ACKNOWLEDGE = 0xfa;
const RESEND = 0xfe;
const SELF_TEST_PASSED = 0xaa;
const BUFFER_BYTES = 16;
/** Longest sequence that one key event makes (Pause). */
const LONGEST_SEQUENCE = 8;
/** Bit that marks a release in the host's queue. */
const RELEASED = 0x10000;

/** What a device on a PS/2 port is to the keyboard controller. */
export interface Ps2Device extends Stateful {
  /** The next byte that the device wants to send, or -1. */
  takeByte(): number;
  readonly hasByte: boolean;
  /** A byte from the controller. */
  receive(byte: number): void;
  reset(): void;
}

export class Ps2Keyboard implements Ps2Device {
  readonly #output = new ByteQueue(BUFFER_BYTES);
  #hostKeys: number[] = [];
  #scanning = true;
  #set = 2;
  /** The command whose argument is expected, 0 when none is. */
  #command = 0;
  #lastByte = 0;
  /** Scroll Lock, Num Lock and Caps Lock in bits 0-2. */
  leds = 0;
  /** Argument of F3h: delay in bits 5-6, rate in bits 0-4. */
  typematic = 0x2b;
  /** Called when there is something to send after there was nothing. */
  onOutput: () => void = () => {};

  reset(): void {
    this.#output.clear();
    this.#setDefaults();
    this.#scanning = true;
    this.#command = 0;
    this.leds = 0;
  }

  /** A key goes down or up; `key` is its set 1 code, E0xxh for extended keys. */
  key(key: number, down: boolean): void {
    this.#hostKeys.push(key | (down ? 0 : RELEASED));
    this.#feed();
  }

  /** Types text on a US layout. Throws a RangeError for a character that this layout has not got. */
  type(text: string): void {
    const strokes = Array.from(text, (character) => {
      const stroke = keystrokeOf(character);
      if (stroke === null) throw new RangeError(`no key of the US layout types ${JSON.stringify(character)}`);
      return stroke;
    });
    for (const stroke of strokes) {
      if (stroke.modifier !== null) this.key(stroke.modifier, true);
      this.key(stroke.key, true);
      this.key(stroke.key, false);
      if (stroke.modifier !== null) this.key(stroke.modifier, false);
    }
  }

  /** Keystrokes that the host has given and the guest has not yet been sent. */
  get waitingKeys(): number {
    return this.#hostKeys.length;
  }

  get hasByte(): boolean {
    return this.#output.length > 0;
  }

  takeByte(): number {
    const byte = this.#output.shift();
    if (byte >= 0) this.#lastByte = byte;
    this.#feed();
    return byte;
  }

  receive(byte: number): void {
    const command = this.#command;
    this.#command = 0;
    if (command !== 0 && byte < 0x80) this.#argument(command, byte);
    else this.#execute(byte);
    this.#feed();
    if (this.hasByte) this.onOutput();
  }

  #argument(command: number, value: number): void {
    if (command === 0xf0 && value > 2) {
      this.#send(RESEND);
      return;
    }
    this.#send(ACKNOWLEDGE);
    if (command === 0xed) this.leds = value & 7;
    else if (command === 0xf3) this.typematic = value;
    else if (value === 0) this.#send(this.#set);
    else this.#set = value;
  }

  #execute(command: number): void {
    switch (command) {
      case 0xed: // Set LEDs.
      case 0xf0: // Select or read the scan code set.
      case 0xf3: // Set typematic rate and delay.
        this.#command = command;
        this.#send(ACKNOWLEDGE);
        break;
      case 0xee: // Echo.
        this.#send(0xee);
        break;
      case 0xf2: // Identify: an MF2 keyboard.
        this.#send(ACKNOWLEDGE, 0xab, 0x83);
        break;
      case 0xf4: // Enable scanning.
        this.#output.clear();
        this.#scanning = true;
        this.#send(ACKNOWLEDGE);
        break;
      case 0xf5: // Defaults, and wait.
      case 0xf6: // Defaults.
        this.#output.clear();
        this.#setDefaults();
        this.#scanning = command === 0xf6;
        this.#send(ACKNOWLEDGE);
        break;
      case 0xfe:
        this.#send(this.#lastByte);
        break;
      case 0xff:
        this.reset();
        this.#send(ACKNOWLEDGE, SELF_TEST_PASSED);
        break;
      default: // F7h-FDh concern set 3 only.
        this.#send(command >= 0xf7 && command <= 0xfd ? ACKNOWLEDGE : RESEND);
    }
  }

  #setDefaults(): void {
    this.#set = 2;
    this.typematic = 0x2b;
  }

  #send(...bytes: number[]): void {
    for (const byte of bytes) this.#output.push(byte);
  }

  /** Moves keystrokes of the host to the buffer as far as there is room. */
  #feed(): void {
    if (!this.#scanning) return;
    const wasEmpty = !this.hasByte;
    while (this.#hostKeys.length > 0 && this.#output.length + LONGEST_SEQUENCE <= BUFFER_BYTES) {
      const event = this.#hostKeys.shift()!;
      this.#send(...scanCodeBytes(event & 0xffff, !(event & RELEASED), this.#set));
    }
    if (wasEmpty && this.hasByte) this.onOutput();
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("PS/2 keyboard", 1);
    this.#output.visitState(visitor);
    const count = visitor.u32(this.#hostKeys.length);
    this.#hostKeys = Array.from({ length: count }, (_, index) => visitor.u32(this.#hostKeys[index] ?? 0));
    this.#scanning = visitor.bool(this.#scanning);
    this.#set = visitor.u8(this.#set);
    this.#command = visitor.u8(this.#command);
    this.#lastByte = visitor.u8(this.#lastByte);
    this.leds = visitor.u8(this.leds);
    this.typematic = visitor.u8(this.typematic);
  }
}
