/**
 * The 8042 keyboard controller with its two PS/2 ports. Ports 60h (data) and 64h (command and status), IRQ 1 and 12.
 * Sources: IBM PS/2 Technical Reference, "Keyboard and Auxiliary Device Controller"; the output port as on PCs: bit 0
 * is the processor's reset, bit 1 the A20 gate.
 */
import type { PortHandler, Wire } from "../../bus/bus.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { Ps2Device } from "./ps2-keyboard.ts";
import { translateToSet1 } from "./scancodes.ts";

/** Eleven bits on a PS/2 cable, and the controller's work on them. */
const SERIAL_BYTE_NS = 500_000;

const STATUS_OUTPUT_FULL = 0x01;
const STATUS_SYSTEM = 0x04;
const STATUS_COMMAND = 0x08;
const STATUS_UNLOCKED = 0x10;
const STATUS_AUXILIARY = 0x20;

const MODE_KEYBOARD_INTERRUPT = 0x01;
const MODE_AUXILIARY_INTERRUPT = 0x02;
const MODE_SYSTEM = 0x04;
const MODE_KEYBOARD_DISABLED = 0x10;
const MODE_AUXILIARY_DISABLED = 0x20;
const MODE_TRANSLATE = 0x40;

const OUTPUT_PORT_RESET = 0x01;
const OUTPUT_PORT_A20 = 0x02;

/** Sources of the byte in the output buffer. */
const FROM_KEYBOARD = 0;
const FROM_AUXILIARY = 1;

const BREAK_PREFIX = 0xf0;

export interface KeyboardControllerWires {
  irq1: Wire;
  irq12: Wire;
  setA20(open: boolean): void;
  requestReset(): void;
}

export class KeyboardController implements Stateful {
  readonly dataPort: PortHandler;
  readonly commandPort: PortHandler;
  readonly #clock: Clock;
  readonly #wires: KeyboardControllerWires;
  readonly #keyboard: Ps2Device;
  readonly #mouse: Ps2Device;
  readonly #timer: Timer;
  /**
   * Answers of the controller itself; they go before what the devices send. Source in the even, byte in the odd places.
   */
  readonly #answers = new ByteQueue(32);
  #status = STATUS_UNLOCKED;
  #mode = 0;
  #outputPort = 0;
  #data = 0;
  /** The command whose argument port 60h expects, 0 when none is: such bytes go to the keyboard. */
  #command = 0;
  /** Translation has seen F0h and will set bit 7 of the next code. */
  #breakSeen = false;
  /** The rest of the controller's 32 bytes of memory. */
  readonly #memory = new Uint8Array(32);

  constructor(clock: Clock, wires: KeyboardControllerWires, keyboard: Ps2Device, mouse: Ps2Device) {
    this.#clock = clock;
    this.#wires = wires;
    this.#keyboard = keyboard;
    this.#mouse = mouse;
    this.#timer = clock.timer("8042", () => this.#transfer());
    this.dataPort = { readPort: () => this.#readData(), writePort: (_offset, _size, value) => this.#writeData(value) };
    this.commandPort = {
      readPort: () => this.#status,
      writePort: (_offset, _size, value) => this.#writeCommand(value),
      isSteady: () => true,
    };
    this.reset();
  }

  reset(): void {
    this.#status = STATUS_UNLOCKED | STATUS_COMMAND;
    this.#mode = MODE_KEYBOARD_INTERRUPT | MODE_AUXILIARY_INTERRUPT;
    this.#outputPort = 0xcc | OUTPUT_PORT_RESET | OUTPUT_PORT_A20;
    this.#data = 0;
    this.#command = 0;
    this.#breakSeen = false;
    this.#answers.clear();
    this.#memory.fill(0);
    this.#keyboard.reset();
    this.#mouse.reset();
    this.#timer.disarm();
    this.#updateInterrupts();
  }

  /** A device has a byte to send. */
  deviceReady(): void {
    if (this.#status & STATUS_OUTPUT_FULL || this.#timer.deadlineNs !== Infinity) return;
    if (this.#sender() !== null) this.#timer.arm(this.#clock.nowNs + SERIAL_BYTE_NS);
  }

  #readData(): number {
    const data = this.#data;
    if (this.#status & STATUS_OUTPUT_FULL) {
      this.#status &= ~(STATUS_OUTPUT_FULL | STATUS_AUXILIARY);
      this.#updateInterrupts();
      if (this.#answers.length > 0) this.#presentAnswer();
      else this.deviceReady();
    }
    return data;
  }

  #writeData(value: number): void {
    const command = this.#command;
    this.#command = 0;
    this.#status &= ~STATUS_COMMAND;
    switch (command) {
      case 0x60:
        this.#setMode(value);
        break;
      case 0xd1:
        this.#writeOutputPort(value);
        break;
      case 0xd2:
        this.#answer(value);
        break;
      case 0xd3:
        this.#answer(value, FROM_AUXILIARY);
        break;
      case 0xd4:
        this.#mode &= ~MODE_AUXILIARY_DISABLED;
        this.#mouse.receive(value);
        break;
      case 0:
        this.#mode &= ~MODE_KEYBOARD_DISABLED; // The controller needs the clock line to send.
        this.#keyboard.receive(value);
        break;
      default:
        if (command > 0x60 && command < 0x80) this.#memory[command & 31] = value;
    }
    this.deviceReady();
  }

  #setMode(value: number): void {
    this.#mode = value & 0x7f;
    this.#status = value & MODE_SYSTEM ? this.#status | STATUS_SYSTEM : this.#status & ~STATUS_SYSTEM;
    this.#updateInterrupts();
  }

  #writeCommand(command: number): void {
    this.#status |= STATUS_COMMAND;
    this.#command = 0;
    if (command >= 0xf0) {
      // Pulses the output port's bits whose command bit is 0; only bit 0, reset, is wired.
      if (!(command & OUTPUT_PORT_RESET)) this.#wires.requestReset();
      return;
    }
    if (command >= 0x20 && command < 0x40)
      return this.#answer(command === 0x20 ? this.#mode : this.#memory[command & 31]!);
    if (command >= 0x60 && command < 0x80) {
      this.#command = command;
      return;
    }
    switch (command) {
      case 0xa4: // Is a password set? No.
        return this.#answer(0xf1);
      case 0xa7:
        this.#mode |= MODE_AUXILIARY_DISABLED;
        return;
      case 0xa8:
        this.#mode &= ~MODE_AUXILIARY_DISABLED;
        return this.deviceReady();
      case 0xa9: // Test of the auxiliary port: no error.
      case 0xab: // Test of the keyboard port: no error.
        return this.#answer(0x00);
      case 0xaa:
        this.#status |= STATUS_SYSTEM;
        this.#mode |= MODE_SYSTEM;
        return this.#answer(0x55);
      case 0xad:
        this.#mode |= MODE_KEYBOARD_DISABLED;
        return;
      case 0xae:
        this.#mode &= ~MODE_KEYBOARD_DISABLED;
        return this.deviceReady();
      case 0xc0: // Input port: the keyboard is not locked.
        return this.#answer(0x80);
      case 0xd0:
        return this.#answer(this.#outputPort & 0xcf);
      case 0xd1:
      case 0xd2:
      case 0xd3:
      case 0xd4:
        this.#command = command;
        return;
      case 0xdd:
        return this.#writeOutputPort(this.#outputPort & ~OUTPUT_PORT_A20);
      case 0xdf:
        return this.#writeOutputPort(this.#outputPort | OUTPUT_PORT_A20);
      default: // Unknown commands do nothing.
    }
  }

  #writeOutputPort(value: number): void {
    this.#outputPort = value;
    this.#wires.setA20((value & OUTPUT_PORT_A20) !== 0);
    if (!(value & OUTPUT_PORT_RESET)) this.#wires.requestReset();
  }

  #answer(byte: number, source = FROM_KEYBOARD): void {
    this.#answers.push(source);
    this.#answers.push(byte);
    if (!(this.#status & STATUS_OUTPUT_FULL)) this.#presentAnswer();
  }

  #presentAnswer(): void {
    const source = this.#answers.shift();
    this.#present(this.#answers.shift(), source);
  }

  #present(byte: number, source: number): void {
    this.#data = byte;
    this.#status |= STATUS_OUTPUT_FULL;
    if (source === FROM_AUXILIARY) this.#status |= STATUS_AUXILIARY;
    else this.#status &= ~STATUS_AUXILIARY;
    this.#updateInterrupts();
  }

  /** The enabled device that sends next; the keyboard goes first. */
  #sender(): Ps2Device | null {
    if (this.#keyboard.hasByte && !(this.#mode & MODE_KEYBOARD_DISABLED)) return this.#keyboard;
    if (this.#mouse.hasByte && !(this.#mode & MODE_AUXILIARY_DISABLED)) return this.#mouse;
    return null;
  }

  /** A byte has come over the cable. */
  #transfer(): void {
    if (this.#status & STATUS_OUTPUT_FULL) return;
    const sender = this.#sender();
    if (sender === null) return;
    const byte = sender.takeByte();
    if (sender === this.#mouse) return this.#present(byte, FROM_AUXILIARY);
    if (!(this.#mode & MODE_TRANSLATE)) return this.#present(byte, FROM_KEYBOARD);
    if (byte === BREAK_PREFIX) {
      this.#breakSeen = true;
      return this.deviceReady();
    }
    const translated = translateToSet1(byte) | (this.#breakSeen ? 0x80 : 0);
    this.#breakSeen = false;
    this.#present(translated, FROM_KEYBOARD);
  }

  #updateInterrupts(): void {
    const full = (this.#status & STATUS_OUTPUT_FULL) !== 0;
    const auxiliary = (this.#status & STATUS_AUXILIARY) !== 0;
    this.#wires.irq1.set(full && !auxiliary && (this.#mode & MODE_KEYBOARD_INTERRUPT) !== 0);
    this.#wires.irq12.set(full && auxiliary && (this.#mode & MODE_AUXILIARY_INTERRUPT) !== 0);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("8042", 1);
    this.#answers.visitState(visitor);
    this.#status = visitor.u8(this.#status);
    this.#mode = visitor.u8(this.#mode);
    this.#outputPort = visitor.u8(this.#outputPort);
    this.#data = visitor.u8(this.#data);
    this.#command = visitor.u8(this.#command);
    this.#breakSeen = visitor.bool(this.#breakSeen);
    visitor.bytes(this.#memory);
    this.#keyboard.visitState(visitor);
    this.#mouse.visitState(visitor);
  }
}
