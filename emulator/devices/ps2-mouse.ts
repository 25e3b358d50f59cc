/**
 * A PS/2 mouse that nobody moves: it answers every command, so that drivers find it. Source: Synaptics PS/2 TouchPad
 * Interfacing Guide (510-000080), chapter 3, the standard mouse commands.
 */
import type { StateVisitor } from "../state/state.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { Ps2Device } from "./ps2-keyboard.ts";

const ACKNOWLEDGE = 0xfa;
const ERROR = 0xfc;
/** A movement packet: bit 3 is always set, no buttons, no motion. */
const STILL = [0x08, 0x00, 0x00] as const;
const DEFAULT_SAMPLE_RATE = 100;
const DEFAULT_RESOLUTION = 2;

export class Ps2Mouse implements Ps2Device {
  readonly #output = new ByteQueue(16);
  #command = 0;
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
    this.#setDefaults();
  }

  get hasByte(): boolean {
    return this.#output.length > 0;
  }

  takeByte(): number {
    return this.#output.shift();
  }

  receive(byte: number): void {
    const command = this.#command;
    this.#command = 0;
    if (this.#wrap && byte !== 0xff && byte !== 0xec) this.#send(byte);
    else if (command === 0xe8) this.#acknowledge(() => (this.#resolution = byte & 3));
    else if (command === 0xf3) this.#acknowledge(() => (this.#sampleRate = byte));
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
        return this.#send(ACKNOWLEDGE, ...STILL);
      case 0xec:
      case 0xee:
        return this.#acknowledge(() => (this.#wrap = command === 0xee));
      case 0xf2: // Identify: a standard mouse.
        return this.#send(ACKNOWLEDGE, 0x00);
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

  #acknowledge(action: () => void): void {
    action();
    this.#send(ACKNOWLEDGE);
  }

  #status(): number {
    return (this.#remote ? 0x40 : 0) | (this.#reporting ? 0x20 : 0) | (this.#scaling2 ? 0x10 : 0);
  }

  #setDefaults(): void {
    this.#reporting = false;
    this.#remote = false;
    this.#scaling2 = false;
    this.#resolution = DEFAULT_RESOLUTION;
    this.#sampleRate = DEFAULT_SAMPLE_RATE;
  }

  #send(...bytes: number[]): void {
    for (const byte of bytes) this.#output.push(byte);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("PS/2 mouse", 1);
    this.#output.visitState(visitor);
    this.#command = visitor.u8(this.#command);
    this.#reporting = visitor.bool(this.#reporting);
    this.#remote = visitor.bool(this.#remote);
    this.#wrap = visitor.bool(this.#wrap);
    this.#scaling2 = visitor.bool(this.#scaling2);
    this.#resolution = visitor.u8(this.#resolution);
    this.#sampleRate = visitor.u8(this.#sampleRate);
  }
}
