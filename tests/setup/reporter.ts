/** Says at the end of a run what its tier has left out. */
import type { Reporter } from "vitest/reporters";
import { whatIsLeftOut } from "./tier.ts";

export default class TierReporter implements Reporter {
  onTestRunEnd(modules: readonly unknown[]): void {
    const left = whatIsLeftOut();
    if (left !== null && modules.length > 0) console.info(`\n${left}\n`);
  }
}
