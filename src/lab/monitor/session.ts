/**
 * One connection to a monitor: which machine and processor it speaks of, and the form in which it last showed memory.
 */
import type { Core } from "../../../emulator/cpu/core.ts";
import type { Machine } from "../../../emulator/machine.ts";
import type { LabNode } from "../cluster.ts";
import type { FormatDefaults } from "./arguments.ts";
import type { Control } from "./control.ts";
import { MonitorError } from "./error.ts";
import { namedRegister } from "./registers.ts";

export class Session {
  readonly control: Control;
  readonly format: FormatDefaults = { letter: "x", sizeBytes: 4 };
  #node = 0;
  #cpu = 0;

  constructor(control: Control) {
    this.control = control;
  }

  get node(): LabNode {
    return this.control.lab.nodes[this.#node]!;
  }

  get machine(): Machine {
    return this.node.machine;
  }

  get cpu(): number {
    return this.#cpu;
  }

  /** Speaks of another machine from now on. */
  chooseNode(number: number): void {
    if (this.control.lab.nodes[number] === undefined) throw new MonitorError(`there is no machine ${number + 1}`);
    this.#node = number;
    this.#cpu = 0;
  }

  /** False when there is no such processor. */
  chooseCpu(number: number): boolean {
    if (!(number >= 0 && number < this.machine.processor.count)) return false;
    this.#cpu = number;
    return true;
  }

  /** Looks at a processor, the chosen one unless another is named. */
  look<Result>(see: (core: Core) => Result, cpu = this.#cpu): Result {
    return this.machine.processor.at(cpu, see);
  }

  readonly registers = (name: string): bigint | null => this.look((core) => namedRegister(core, name));
}
