/**
 * The two 8259A interrupt controllers of a PC, cascaded through IR2 of the first, with the PIIX's edge/level control
 * registers (ELCR). Source: Intel 8259A data sheet (231468), PIIX3 data sheet 4.2 (290550).
 *
 * A request must stay until INTA (data sheet, "Edge and Level Triggered Modes"). An edge whose line falls before that
 * is gone, but INT stays, and INTA finds the default, IR7: a glitch is noticed. A level that falls takes INT with it,
 * for "the request must be removed before the CPU interrupts is enabled", and so does a mask; an INTA that comes all
 * the same is IR7, too.
 */
import type { AccessBytes, PortHandler, Wire } from "../bus/bus.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";

/** Where in the sequence of initialisation command words the chip is. */
const READY = 0;
const EXPECT_ICW2 = 1;
const EXPECT_ICW3 = 2;
const EXPECT_ICW4 = 3;

/** IR2 of the master. */
const CASCADE = 0x04;

/** The rank of an empty set: after that of every input. */
const NONE = 8;

export interface PicView {
  readonly irr: number;
  readonly imr: number;
  readonly isr: number;
  /** Input with the highest priority. */
  readonly highest: number;
  readonly vectorBase: number;
  /** The command port reads as ISR, not as IRR. */
  readonly readIsr: boolean;
  readonly elcr: number;
  readonly specialFullyNested: boolean;
}

/** One 8259A: offset 0 is its command port, offset 1 its data port. */
class Pic8259 implements PortHandler, Stateful {
  readonly #master: boolean;
  readonly #changed: () => void;
  /** Levels of the inputs IR0-IR7. */
  #lines = 0;
  #irr = 0;
  #isr = 0;
  #imr = 0;
  /** Inputs that are level triggered (ELCR), and those of them that can be. */
  #elcr = 0;
  readonly #elcrMask: number;
  /** LTIM of ICW1: all inputs are level triggered. */
  #levelTriggeredMode = false;
  /** Input with the highest priority. */
  #highest = 0;
  #vectorBase = 0;
  #readIsr = false;
  #poll = false;
  #specialMask = false;
  #autoEoi = false;
  #rotateOnAutoEoi = false;
  #specialFullyNested = false;
  #phase = READY;
  #single = false;
  #expectIcw4 = false;
  /** INT is high for an edge that was withdrawn; nothing else requests. */
  #withdrawn = false;

  constructor(options: { master: boolean; elcrMask: number; changed: () => void }) {
    this.#master = options.master;
    this.#elcrMask = options.elcrMask;
    this.#changed = options.changed;
  }

  /** The INT output. */
  get interruptRequest(): boolean {
    return this.#withdrawn || this.#pendingInput() >= 0;
  }

  get elcr(): number {
    return this.#elcr;
  }

  set elcr(value: number) {
    this.#elcr = value & this.#elcrMask;
  }

  /** Its registers, for debuggers. */
  get view(): PicView {
    return {
      irr: this.#irr,
      imr: this.#imr,
      isr: this.#isr,
      highest: this.#highest,
      vectorBase: this.#vectorBase,
      readIsr: this.#readIsr,
      elcr: this.#elcr,
      specialFullyNested: this.#specialFullyNested,
    };
  }

  setInput(input: number, level: boolean): void {
    const bit = 1 << input;
    if (this.#isLevelTriggered(bit)) this.#irr = level ? this.#irr | bit : this.#irr & ~bit;
    else if (!level) this.#withdraw(bit);
    else if (!(this.#lines & bit)) this.#irr |= bit;
    this.#follow(bit, level);
  }

  /**
   * IR2 of the master, the slave's INT: a request that has come this far is served, with IR7 of the slave if it has
   * gone there.
   */
  setCascade(level: boolean): void {
    if (this.#isLevelTriggered(CASCADE)) this.#irr = level ? this.#irr | CASCADE : this.#irr & ~CASCADE;
    else if (level && !(this.#lines & CASCADE)) this.#irr |= CASCADE;
    this.#follow(CASCADE, level);
  }

  #follow(bit: number, level: boolean): void {
    this.#lines = level ? this.#lines | bit : this.#lines & ~bit;
    if (this.#withdrawn && this.#pendingInput() >= 0) this.#withdrawn = false;
    this.#changed();
  }

  /** The line of an edge falls. */
  #withdraw(bit: number): void {
    if (!(this.#irr & bit)) return;
    const requested = this.interruptRequest;
    this.#irr &= ~bit;
    this.#withdrawn = requested && this.#pendingInput() < 0;
  }

  /** INTA: the input that is served, or -1 when its request has gone. */
  acknowledge(): number {
    const input = this.#pendingInput();
    if (input >= 0) this.#serve(input);
    this.#withdrawn = false;
    return input;
  }

  vectorOf(input: number): number {
    return this.#vectorBase | input;
  }

  /** The lines keep their levels: they are the devices'. */
  reset(): void {
    this.#elcr = 0;
    this.#initialise(0);
    this.#phase = READY;
    this.#changed();
  }

  readPort(offset: number, _sizeBytes: AccessBytes): number {
    if (this.#poll) {
      this.#poll = false;
      const input = this.acknowledge();
      this.#changed();
      return input < 0 ? 0 : 0x80 | input;
    }
    if (offset === 1) return this.#imr;
    return this.#readIsr ? this.#isr : this.#irr;
  }

  writePort(offset: number, _sizeBytes: AccessBytes, value: number): void {
    if (offset === 1) this.#writeData(value & 0xff);
    else if (value & 0x10) this.#initialise(value);
    else if (value & 0x08) this.#operationWord3(value);
    else this.#operationWord2(value);
    this.#changed();
  }

  #writeData(value: number): void {
    switch (this.#phase) {
      case EXPECT_ICW2:
        this.#vectorBase = value & 0xf8;
        this.#phase = this.#single ? (this.#expectIcw4 ? EXPECT_ICW4 : READY) : EXPECT_ICW3;
        break;
      case EXPECT_ICW3: // How the chips are cascaded is soldered on a PC.
        this.#phase = this.#expectIcw4 ? EXPECT_ICW4 : READY;
        break;
      case EXPECT_ICW4:
        this.#specialFullyNested = (value & 0x10) !== 0;
        this.#autoEoi = (value & 0x02) !== 0;
        this.#phase = READY;
        break;
      default:
        this.#imr = value;
    }
  }

  /** ICW1. Edges that were latched are forgotten; a line that is high must fall and rise again, unless levels count. */
  #initialise(icw1: number): void {
    this.#levelTriggeredMode = (icw1 & 0x08) !== 0;
    this.#irr = this.#levelTriggeredMode ? this.#lines : this.#irr & this.#elcr;
    this.#withdrawn = false;
    this.#isr = 0;
    this.#imr = 0;
    this.#highest = 0;
    this.#vectorBase = 0;
    this.#readIsr = false;
    this.#poll = false;
    this.#specialMask = false;
    this.#autoEoi = false;
    this.#rotateOnAutoEoi = false;
    this.#specialFullyNested = false;
    this.#single = (icw1 & 0x02) !== 0;
    this.#expectIcw4 = (icw1 & 0x01) !== 0;
    this.#phase = EXPECT_ICW2;
  }

  /** OCW2: end of interrupt and rotation, in bits 7-5 (R, SL, EOI), for the input in bits 2-0 where SL is set. */
  #operationWord2(value: number): void {
    const level = value & 7;
    switch (value >> 5) {
      case 0: // Rotate in automatic EOI mode: clear.
        this.#rotateOnAutoEoi = false;
        break;
      case 1: // Non-specific EOI.
      case 5: {
        // Rotate on non-specific EOI.
        const rank = this.#rank(this.#isr);
        if (rank === NONE) break;
        const input = (rank + this.#highest) & 7;
        this.#isr &= ~(1 << input);
        if (value >> 5 === 5) this.#highest = (input + 1) & 7;
        break;
      }
      case 3: // Specific EOI.
        this.#isr &= ~(1 << level);
        break;
      case 4: // Rotate in automatic EOI mode: set.
        this.#rotateOnAutoEoi = true;
        break;
      case 6: // Set priority.
        this.#highest = (level + 1) & 7;
        break;
      case 7: // Rotate on specific EOI.
        this.#isr &= ~(1 << level);
        this.#highest = (level + 1) & 7;
        break;
      default: // 2: no operation.
    }
  }

  #operationWord3(value: number): void {
    if (value & 0x04) this.#poll = true;
    if (value & 0x02) this.#readIsr = (value & 0x01) !== 0;
    if (value & 0x40) this.#specialMask = (value & 0x20) !== 0;
  }

  #serve(input: number): void {
    const bit = 1 << input;
    if (this.#autoEoi) {
      if (this.#rotateOnAutoEoi) this.#highest = (input + 1) & 7;
    } else {
      this.#isr |= bit;
    }
    if (!this.#isLevelTriggered(bit)) this.#irr &= ~bit;
  }

  #isLevelTriggered(bit: number): boolean {
    return this.#levelTriggeredMode || (this.#elcr & bit) !== 0;
  }

  /** Rank (0 is the most urgent) of the most urgent input in `set`, NONE for the empty set. */
  #rank(set: number): number {
    if (set === 0) return NONE;
    let rank = 0;
    while (!(set & (1 << ((rank + this.#highest) & 7)))) rank++;
    return rank;
  }

  /** The input whose request goes out on INT, or -1: the most urgent unmasked one, if it beats what is in service. */
  #pendingInput(): number {
    const requested = this.#rank(this.#irr & ~this.#imr);
    let inService = this.#isr;
    if (this.#specialMask) inService &= ~this.#imr;
    if (this.#specialFullyNested && this.#master) inService &= ~CASCADE;
    return requested < this.#rank(inService) ? (requested + this.#highest) & 7 : -1;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("8259A", 2);
    this.#lines = visitor.u8(this.#lines);
    this.#irr = visitor.u8(this.#irr);
    this.#isr = visitor.u8(this.#isr);
    this.#imr = visitor.u8(this.#imr);
    this.#elcr = visitor.u8(this.#elcr);
    this.#levelTriggeredMode = visitor.bool(this.#levelTriggeredMode);
    this.#highest = visitor.u8(this.#highest);
    this.#vectorBase = visitor.u8(this.#vectorBase);
    this.#readIsr = visitor.bool(this.#readIsr);
    this.#poll = visitor.bool(this.#poll);
    this.#specialMask = visitor.bool(this.#specialMask);
    this.#autoEoi = visitor.bool(this.#autoEoi);
    this.#rotateOnAutoEoi = visitor.bool(this.#rotateOnAutoEoi);
    this.#specialFullyNested = visitor.bool(this.#specialFullyNested);
    this.#phase = visitor.u8(this.#phase);
    this.#single = visitor.bool(this.#single);
    this.#expectIcw4 = visitor.bool(this.#expectIcw4);
    this.#withdrawn = visitor.bool(this.#withdrawn);
  }
}

/** The pair. Ports: master 20h-21h, slave A0h-A1h, ELCR 4D0h-4D1h. */
export class InterruptControllers implements Stateful {
  readonly master: Pic8259;
  readonly slave: Pic8259;
  readonly elcrPorts: PortHandler;
  readonly #intr: Wire;

  /** `intr` is the processor's INTR pin. */
  constructor(intr: Wire) {
    this.#intr = intr;
    // IRQ 0, 1, 2, 8 and 13 are always edge triggered (PIIX3 4.2.7).
    this.slave = new Pic8259({ master: false, elcrMask: 0xde, changed: () => this.#slaveChanged() });
    this.master = new Pic8259({ master: true, elcrMask: 0xf8, changed: () => this.#masterChanged() });
    const chips = [this.master, this.slave] as const;
    this.elcrPorts = {
      readPort: (offset) => chips[offset & 1]!.elcr,
      writePort: (offset, _sizeBytes, value) => {
        chips[offset & 1]!.elcr = value;
      },
    };
  }

  /** The wire to the input IRQ 0-15 (2 is the cascade and not for devices). */
  irq(number: number): Wire {
    const chip = number < 8 ? this.master : this.slave;
    const input = number & 7;
    return { set: (level) => chip.setInput(input, level) };
  }

  /** The INTA cycle: the vector to deliver. */
  acknowledge(): number {
    const input = this.master.acknowledge();
    let vector: number;
    if (input < 0) {
      vector = this.master.vectorOf(7);
    } else if (input === 2) {
      const slaveInput = this.slave.acknowledge();
      vector = this.slave.vectorOf(slaveInput < 0 ? 7 : slaveInput);
      this.#slaveChanged();
    } else {
      vector = this.master.vectorOf(input);
    }
    this.#masterChanged();
    return vector;
  }

  reset(): void {
    this.slave.reset();
    this.master.reset();
  }

  #slaveChanged(): void {
    // While the slave still requests after an INTA its INT output makes a new edge (data sheet, "Cascade Mode").
    this.master.setCascade(false);
    if (this.slave.interruptRequest) this.master.setCascade(true);
  }

  #masterChanged(): void {
    this.#intr.set(this.master.interruptRequest);
  }

  visitState(visitor: StateVisitor): void {
    this.master.visitState(visitor);
    this.slave.visitState(visitor);
    this.#intr.set(this.master.interruptRequest);
  }
}
