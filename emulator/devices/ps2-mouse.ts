/**
 * A PS/2 mouse with a wheel and five buttons. A driver that sets the sample rates 200, 100 and 80 gets packets of four
 * bytes with the wheel, one that sets 200, 200 and 80 those of five buttons. Sources: Synaptics PS/2 TouchPad
 * Interfacing Guide (510-000080), chapter 3, the standard mouse commands; Microsoft, PS/2 Mouse with Wheel
 * (IntelliMouse) protocol.
 */
import type { StateVisitor } from "../state/state.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { Ps2Device } from "./ps2-keyboard.ts";

const ACKNOWLEDGE = 0xfa;
const ERROR = 0xfc;
/** Sample rates that make another mouse of it, one after the other, and what it says it is then. */
const KNOCKS = [
  { rates: [200, 100, 80], kind: 3 },
  { rates: [200, 200, 80], kind: 4 },
] as const;
const WHEEL = 3;
const FIVE_BUTTONS = 4;
/** Most that a byte of a packet tells, and that four bits tell. */
const MOST_COUNTS = 127;
const MOST_STEPS = 7;
/** Counts that wait for their packets, each way. */
const MOST_WAITING = 1 << 15;
const QUEUE_BYTES = 16;
const DEFAULT_SAMPLE_RATE = 100;
const DEFAULT_RESOLUTION = 2;

export class Ps2Mouse implements Ps2Device {
  readonly #output = new ByteQueue(QUEUE_BYTES);
  #command = 0;
  /** What it says it is: 0, WHEEL or FIVE_BUTTONS. */
  #kind = 0;
  /** The last three sample rates, the newest in the lowest byte. */
  #rates = 0;
  /** Motion since the last packet: to the right, upwards, and of the wheel towards the person. */
  #x = 0;
  #y = 0;
  #z = 0;
  #buttons = 0;
  #toldButtons = 0;
  #reporting = false;
  #remote = false;
  #wrap = false;
  #scaling2 = false;
  #resolution = DEFAULT_RESOLUTION;
  #sampleRate = DEFAULT_SAMPLE_RATE;
  onOutput: () => void = () => {};

  reset(): void {
    this.#output.clear();
    this.#command = 0;
    this.#wrap = false;
    this.#kind = 0;
    this.#rates = 0;
    this.#setDefaults();
  }

  /** Moves it: counts to the right, counts downwards, steps of the wheel towards the person; each may be negative. */
  move(right: number, down: number, wheel = 0): void {
    if (!this.#reporting && !this.#remote) return;
    const bounded = (counts: number): number => Math.max(-MOST_WAITING, Math.min(MOST_WAITING, Math.trunc(counts)));
    this.#x = bounded(this.#x + right);
    this.#y = bounded(this.#y - down);
    this.#z = this.#kind === 0 ? 0 : bounded(this.#z + wheel);
    this.#tell();
  }

  /**
   * Which buttons are held from now on: bit 0 the left one, 1 the right one, 2 the middle one, 3 and 4 those at the
   * side.
   */
  hold(buttons: number): void {
    this.#buttons = buttons & 0x1f;
    this.#tell();
  }

  /** Which buttons are held. */
  get buttons(): number {
    return this.#buttons;
  }

  /** It tells of each motion by itself. */
  get isReporting(): boolean {
    return this.#reporting && !this.#remote && !this.#wrap;
  }

  get #hasNews(): boolean {
    return this.#x !== 0 || this.#y !== 0 || this.#z !== 0 || this.#buttons !== this.#toldButtons;
  }

  /** Packets of what is new, as far as there is room; what is left follows when they have been taken. */
  #tell(): void {
    if (!this.isReporting) return;
    while (this.#hasNews && QUEUE_BYTES - this.#output.length >= 4) this.#sendPacket();
    if (this.hasByte) this.onOutput();
  }

  #sendPacket(): void {
    const part = (counts: number, most: number): number => Math.max(-most, Math.min(most, counts));
    const [x, y] = [part(this.#x, MOST_COUNTS), part(this.#y, MOST_COUNTS)];
    const z = part(this.#z, this.#kind === FIVE_BUTTONS ? MOST_STEPS : MOST_COUNTS);
    // Bit 3 is always set.
    this.#send(0x08 | (x < 0 ? 0x10 : 0) | (y < 0 ? 0x20 : 0) | (this.#buttons & 7), x & 0xff, y & 0xff);
    if (this.#kind === WHEEL) this.#send(z & 0xff);
    else if (this.#kind === FIVE_BUTTONS) this.#send((z & 0x0f) | ((this.#buttons & 0x18) << 1));
    this.#x -= x;
    this.#y -= y;
    this.#z = this.#kind === 0 ? 0 : this.#z - z;
    this.#toldButtons = this.#buttons;
  }

  get hasByte(): boolean {
    return this.#output.length > 0;
  }

  takeByte(): number {
    const byte = this.#output.shift();
    if (!this.hasByte && this.isReporting && this.#command === 0 && this.#hasNews) this.#sendPacket();
    return byte;
  }

  receive(byte: number): void {
    // It does not finish what it was telling.
    if (this.isReporting) this.#output.clear();
    const command = this.#command;
    this.#command = 0;
    if (this.#wrap && byte !== 0xff && byte !== 0xec) this.#send(byte);
    else if (command === 0xe8) this.#acknowledge(() => (this.#resolution = byte & 3));
    else if (command === 0xf3) this.#acknowledge(() => this.#setSampleRate(byte));
    else this.#execute(byte);
    if (this.hasByte) this.onOutput();
  }

  #execute(command: number): void {
    switch (command) {
      case 0xe6:
      case 0xe7:
        return this.#acknowledge(() => (this.#scaling2 = command === 0xe7));
      case 0xe8: // Set resolution.
      case 0xf3: // Set sample rate.
        return this.#acknowledge(() => (this.#command = command));
      case 0xe9:
        return this.#send(ACKNOWLEDGE, this.#status(), this.#resolution, this.#sampleRate);
      case 0xea:
      case 0xf0:
        return this.#acknowledge(() => (this.#remote = command === 0xf0));
      case 0xeb:
        this.#send(ACKNOWLEDGE);
        return this.#sendPacket();
      case 0xec:
      case 0xee:
        return this.#acknowledge(() => (this.#wrap = command === 0xee));
      case 0xf2: // Identify.
        return this.#send(ACKNOWLEDGE, this.#kind);
      case 0xf4:
      case 0xf5:
        return this.#acknowledge(() => (this.#reporting = command === 0xf4));
      case 0xf6:
        return this.#acknowledge(() => this.#setDefaults());
      case 0xff:
        this.reset();
        return this.#send(ACKNOWLEDGE, 0xaa, 0x00);
      default:
        return this.#send(ERROR);
    }
  }

  #setSampleRate(rate: number): void {
    this.#sampleRate = rate;
    this.#rates = ((this.#rates << 8) | rate) & 0xffffff;
    for (const { rates, kind } of KNOCKS)
      if (this.#rates === ((rates[0] << 16) | (rates[1] << 8) | rates[2])) this.#kind = kind;
  }

  #acknowledge(action: () => void): void {
    action();
    this.#send(ACKNOWLEDGE);
  }

  #status(): number {
    const [left, right, middle] = [this.#buttons & 1, (this.#buttons >> 1) & 1, (this.#buttons >> 2) & 1];
    const modes = (this.#remote ? 0x40 : 0) | (this.#reporting ? 0x20 : 0) | (this.#scaling2 ? 0x10 : 0);
    return modes | (left << 2) | (middle << 1) | right;
  }

  #setDefaults(): void {
    this.#reporting = false;
    this.#remote = false;
    this.#scaling2 = false;
    this.#resolution = DEFAULT_RESOLUTION;
    this.#sampleRate = DEFAULT_SAMPLE_RATE;
    this.#x = this.#y = this.#z = 0;
  }

  #send(...bytes: number[]): void {
    for (const byte of bytes) this.#output.push(byte);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("PS/2 mouse", 2);
    this.#output.visitState(visitor);
    this.#command = visitor.u8(this.#command);
    this.#reporting = visitor.bool(this.#reporting);
    this.#remote = visitor.bool(this.#remote);
    this.#wrap = visitor.bool(this.#wrap);
    this.#scaling2 = visitor.bool(this.#scaling2);
    this.#resolution = visitor.u8(this.#resolution);
    this.#sampleRate = visitor.u8(this.#sampleRate);
    this.#kind = visitor.u8(this.#kind);
    this.#rates = visitor.u32(this.#rates);
    this.#x = visitor.i32(this.#x);
    this.#y = visitor.i32(this.#y);
    this.#z = visitor.i32(this.#z);
    this.#buttons = visitor.u8(this.#buttons);
    this.#toldButtons = visitor.u8(this.#toldButtons);
  }
}
