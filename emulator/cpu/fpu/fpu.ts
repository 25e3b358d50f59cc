/** The x87 floating-point unit. */
import type { StateVisitor } from "../../state.ts";
import type { Core } from "../core.ts";

export class Fpu {
  constructor(core: Core) {
    void core;
  }
  reset(): void {}
  visitState(visitor: StateVisitor): void {
    visitor.part("fpu", 1);
  }
}
