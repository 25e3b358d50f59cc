/** How long a machine's interrupts are off at a stretch, in instructions, and where that begins and ends. */
import { IF } from "../../emulator/cpu/flags.ts";
import { EFLAGS } from "../../emulator/cpu/layout.ts";
import type { CodeProbe } from "../../emulator/cpu/probe.ts";
import type { Machine } from "../../emulator/machine.ts";

/** Stretches that begin at the same instruction. */
export interface Stretch {
  /** Linear address of the first instruction that runs with interrupts off. */
  readonly from: number;
  times: number;
  /** Instructions of the longest, and the address of the last one of it. */
  longest: number;
  to: number;
}

/** Watches a machine from when it is made on. What runs before interrupts were on for the first time does not count. */
export class InterruptsOff implements CodeProbe {
  readonly stretches = new Map<number, Stretch>();
  readonly #machine: Machine;
  #since = -1;
  #from = 0;
  #last = 0;
  #seenOn = false;

  constructor(machine: Machine) {
    this.#machine = machine;
    machine.processor.setCodeProbe(this);
  }

  wants(): boolean {
    return true;
  }

  reached(linearAddress: number): boolean {
    const { core } = this.#machine.processor;
    if ((core.state.i32[EFLAGS]! & IF) === 0) {
      if (this.#since < 0 && this.#seenOn) {
        this.#since = core.retired;
        this.#from = linearAddress;
      }
    } else {
      this.#seenOn = true;
      if (this.#since >= 0) this.#end(core.retired - this.#since);
    }
    this.#last = linearAddress;
    return false;
  }

  #end(instructions: number): void {
    this.#since = -1;
    const known = this.stretches.get(this.#from);
    const stretch = known ?? { from: this.#from, times: 0, longest: -1, to: 0 };
    if (known === undefined) this.stretches.set(this.#from, stretch);
    stretch.times += 1;
    if (instructions <= stretch.longest) return;
    stretch.longest = instructions;
    stretch.to = this.#last;
  }
}
