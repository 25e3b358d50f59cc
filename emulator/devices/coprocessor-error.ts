/**
 * How a PC tells of x87 exceptions without CR0.NE (PIIX3 data sheet 2.5.4, SDM volume 1, 8.7.2): FERR# of the processor
 * raises IRQ 13, and a write to port F0h takes it back and asserts IGNNE#, until FERR# is gone.
 */
import type { AccessBytes, PortHandler, Wire } from "../bus/bus.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";

export class CoprocessorError implements PortHandler, Stateful {
  readonly #irq13: Wire;
  readonly #setIgnore: (level: boolean) => void;
  #ferr = false;

  constructor(irq13: Wire, setIgnore: (level: boolean) => void) {
    this.#irq13 = irq13;
    this.#setIgnore = setIgnore;
  }

  /** The FERR# pin. */
  set(level: boolean): void {
    this.#ferr = level;
    if (level) this.#irq13.set(true);
    else this.#setIgnore(false);
  }

  reset(): void {
    this.#irq13.set(false);
    this.#ferr = false;
    this.#setIgnore(false);
  }

  readPort(): number {
    return 0xff;
  }

  writePort(_offset: number, _sizeBytes: AccessBytes, _value: number): void {
    this.#irq13.set(false);
    if (this.#ferr) this.#setIgnore(true);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("coprocessor error", 1);
    this.#ferr = visitor.bool(this.#ferr);
  }
}
