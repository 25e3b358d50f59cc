/**
 * The PIIX3's PCI-to-ISA bridge (8086:7000) and its steering of the PCI interrupts PIRQA#-PIRQD# to IRQs.
 * Source: Intel PIIX3 data sheet (290550), 2.3.
 */
import type { WindowFactory, Wire } from "../bus/bus.ts";
import type { StateVisitor } from "../state/state.ts";
import { SharedLine } from "./interrupt/wire.ts";
import { type InterruptPin, PciFunction } from "./pci.ts";

/** PIRQRC[A:D]: bit 7 disables, bits 3-0 name the IRQ. */
const PIRQ_ROUTE = 0x60;
const ROUTE_DISABLED = 0x80;
/** IRQs to which a PIRQ can be steered: not the timer, keyboard, cascade, clock and coprocessor. */
const STEERABLE = 0xdef8;

export class IsaBridge extends PciFunction {
  readonly #irqs: readonly Wire[];
  /** IRQ that each PIRQ raises at present, or -1. */
  readonly #raised = [-1, -1, -1, -1];
  readonly #pirqs: SharedLine[];
  readonly #levels = [false, false, false, false];

  /** `irqs[n]` is an output of its own on IRQ n for each of the four PIRQs: `irqs[pirq * 16 + n]`. */
  constructor(windows: WindowFactory, irqs: readonly Wire[]) {
    super(
      "PIIX3 ISA bridge",
      { vendor: 0x8086, device: 0x7000, revision: 0, classCode: 0x060100, headerType: 0x80 },
      windows,
    );
    this.#irqs = irqs;
    this.#pirqs = [0, 1, 2, 3].map((pirq) => new SharedLine({ set: (level) => this.#pirqChanged(pirq, level) }));
    this.set16(0x04, 0x0007);
    this.writable.fill(0xff, PIRQ_ROUTE, PIRQ_ROUTE + 4);
    this.writable[0x4c] = 0xff; // ISA I/O recovery.
    this.writable[0x4e] = 0xff; // X-bus chip select.
    this.writable[0x4f] = 0xff;
    this.writable[0x69] = 0xff; // Top of memory.
    this.writable[0x6a] = 0xff;
    this.config[0x4c] = 0x4d;
    this.config[0x4e] = 0x03;
    this.config[0x69] = 0x02;
    this.config.fill(ROUTE_DISABLED, PIRQ_ROUTE, PIRQ_ROUTE + 4);
    this.sealConfig();
  }

  /**
   * The wire of interrupt pin 1-4 (INTA#-INTD#) of a device: pins are rotated over the PIRQs by slot, as on QEMU's
   * board.
   */
  interruptPin(device: number, pin: number): InterruptPin {
    return this.#pirqs[(pin - 1 + device - 1) & 3]!.connect();
  }

  override configWritten(first: number, last: number): void {
    super.configWritten(first, last);
    if (last >= PIRQ_ROUTE && first < PIRQ_ROUTE + 4) this.#steerAll();
  }

  override reset(): void {
    super.reset();
    this.#steerAll();
  }

  #pirqChanged(pirq: number, level: boolean): void {
    this.#levels[pirq] = level;
    this.#steer(pirq);
  }

  #steerAll(): void {
    for (let pirq = 0; pirq < 4; pirq++) this.#steer(pirq);
  }

  #steer(pirq: number): void {
    const route = this.config[PIRQ_ROUTE + pirq]!;
    const irq = route & 15;
    const target = this.#levels[pirq] && !(route & ROUTE_DISABLED) && STEERABLE & (1 << irq) ? irq : -1;
    const before = this.#raised[pirq]!;
    if (target === before) return;
    if (before >= 0) this.#irqs[pirq * 16 + before]!.set(false);
    if (target >= 0) this.#irqs[pirq * 16 + target]!.set(true);
    this.#raised[pirq] = target;
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    for (let pirq = 0; pirq < 4; pirq++) {
      const line = this.#pirqs[pirq]!;
      line.assume(visitor.u32(line.levels));
      this.#levels[pirq] = visitor.bool(this.#levels[pirq]!);
      this.#raised[pirq] = visitor.i32(this.#raised[pirq]!);
    }
  }
}
