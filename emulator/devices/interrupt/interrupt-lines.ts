/** The sixteen interrupt lines of the board: each is shared by its devices, and leads to the 8259s and the I/O APIC. */
import type { Wire } from "../../bus/bus.ts";
import type { StateVisitor } from "../../state/state.ts";
import type { IoApic } from "./io-apic.ts";
import type { InterruptControllers } from "./pic.ts";
import { SharedLine } from "./wire.ts";

const LINES = 16;
/** The one interrupt that comes in at another input of the I/O APIC, where its own is not connected. */
const TIMER_IRQ = 0;
export const TIMER_INPUT = 2;

export class InterruptLines {
  readonly #lines: readonly SharedLine[];

  /** `counts`: how often each line has risen. */
  constructor(pics: InterruptControllers, ioApic: IoApic, counts: { [irq: number]: number }) {
    this.#lines = Array.from({ length: LINES }, (_, number) => {
      const inputs = [pics.irq(number), ioApic.input(number === TIMER_IRQ ? TIMER_INPUT : number)] as const;
      const set = (level: boolean): void => {
        if (level) counts[number]!++;
        for (const input of inputs) input.set(level);
      };
      return new SharedLine({ set });
    });
  }

  /** One more output at a line. */
  connect(number: number): Wire {
    return this.#lines[number]!.connect();
  }

  visitState(visitor: StateVisitor): void {
    for (const line of this.#lines) line.assume(visitor.integer(line.levels));
  }
}
