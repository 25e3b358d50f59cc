/**
 * The APICs of a board and the bus between them: who is meant by a message, and who of several gets one of lowest
 * priority (SDM 3A 10.6.2). A message arrives at once.
 */
import type { AccessBytes, MmioHandler } from "../../bus/bus.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Clock } from "../../time/clock.ts";
import { IoApic } from "./io-apic.ts";
import { type ApicMessage, DELIVER_LOWEST_PRIORITY, LocalApic } from "./local-apic.ts";

/** The processors' side of their APICs, by the processor's number. */
export interface ProcessorPins {
  /** The number of the one that makes an access now. */
  running(): number;
  setInterruptRequest(level: boolean, processor: number): void;
  raiseNmi(processor: number): void;
  init(processor: number): void;
  startUp(processor: number, vector: number): void;
}

export interface ApicBusWires {
  readonly pins: ProcessorPins;
  acknowledgeExternal(): number;
}

export class ApicBus implements Stateful {
  readonly local: readonly LocalApic[];
  readonly io: IoApic;
  /** The registers of the local APIC of whoever looks. */
  readonly window: MmioHandler;
  readonly #pins: ProcessorPins;

  constructor(count: number, clock: Clock, { pins, acknowledgeExternal }: ApicBusWires) {
    this.#pins = pins;
    this.io = new IoApic((message) => void this.#send(message, this.local));
    this.local = Array.from(
      { length: count },
      (_, number) =>
        new LocalApic(number, clock, {
          setInterruptRequest: (level) => pins.setInterruptRequest(level, number),
          raiseNmi: () => pins.raiseNmi(number),
          init: () => pins.init(number),
          startUp: (vector) => pins.startUp(number, vector),
          acknowledgeExternal,
          send: (message) => this.#send(message, this.local),
          sendOthers: (message) =>
            void this.#send(
              message,
              this.local.filter((other) => other.number !== number),
            ),
          endOfInterrupt: (vector) => this.io.endOfInterrupt(vector),
        }),
    );
    this.window = {
      readMmio: (offset: number, sizeBytes: AccessBytes) => this.running.readMmio(offset, sizeBytes),
      writeMmio: (offset: number, sizeBytes: AccessBytes, value: number) =>
        this.running.writeMmio(offset, sizeBytes, value),
    };
  }

  /** The one of the processor that makes an access now. */
  get running(): LocalApic {
    return this.local[this.#pins.running()]!;
  }

  /** INTR of the 8259As: LINT0 of all. */
  setExternal(level: boolean): void {
    for (const apic of this.local) apic.setLint0(level);
  }

  /** Someone presses the button for NMI: LINT1 of all. */
  pulseNmi(): void {
    for (const apic of this.local) apic.pulseLint1();
  }

  /** Says whether anybody among these was meant. */
  #send(message: ApicMessage, among: readonly LocalApic[]): boolean {
    const meant = among.filter((apic) => apic.isMeant(message.destination, message.isLogical));
    if (message.mode === DELIVER_LOWEST_PRIORITY) leastBusy(meant)?.accept(message);
    else for (const apic of meant) apic.accept(message);
    return meant.length > 0;
  }

  reset(): void {
    for (const apic of this.local) apic.reset();
    this.io.reset();
  }

  visitState(visitor: StateVisitor): void {
    for (const apic of this.local) apic.visitState(visitor);
    this.io.visitState(visitor);
  }
}

/** The one whose processor has the least urgent to do, the first of equals. */
function leastBusy(apics: readonly LocalApic[]): LocalApic | null {
  return apics
    .filter(({ acceptsFixed }) => acceptsFixed)
    .reduce<LocalApic | null>((best, apic) => (best === null || apic.priority < best.priority ? apic : best), null);
}
