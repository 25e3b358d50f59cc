/**
 * When a member is busy (docs/protocols/dns.md, "The cluster's domain"): from more than half of the processor's time on, until
 * less than 30 percent, whatever long numbers the two times of the last look are.
 */
import { expect, test } from "vitest";
import { describeThoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { PROMPT } from "../system/images.ts";
import { addressOf, founded, nowMs, type Scene } from "./agreement-scene.ts";
import { VIEW } from "./cluster-wire.ts";

const BUSY = 128;
const WORDS = 8;

class Load {
  readonly s: Scene;
  constructor(s: Scene) {
    this.s = s;
  }

  #read(name: string): bigint {
    return new DataView(this.s.node.readMemory(addressOf(name), WORDS).slice().buffer).getBigUint64(0, true);
  }

  #write(name: string, value: bigint): void {
    const bytes = new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, value)).buffer);
    this.s.node.machine.memory.dma.write(addressOf(name), bytes);
  }

  /** The next look, a second after the last one. */
  async look(): Promise<void> {
    const before = this.#read("time_then");
    await this.s.lab.until(() => this.#read("time_then") !== before, "it does not look", { within: "2s" });
  }

  /** Whether it is busy when so much of so long a time, in thousandths, was used since the last look. */
  async isBusy(used: number, cycles: bigint): Promise<boolean> {
    this.#write("time_then", this.#read("time_then") - cycles);
    this.#write("idle_then", this.#read("idle_then") - (cycles / 1000n) * BigInt(1000 - used));
    await this.look();
    const fromMs = nowMs(this.s);
    const { flags } = await this.s.lab.until(() => this.s.wire.of(VIEW, fromMs)[0], "it says no view");
    return (flags & BUSY) !== 0;
  }
}

async function scene(): Promise<Load> {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  await s.node.enter("cloud set dns.domain cloud.example", PROMPT);
  const load = new Load(s);
  await load.look();
  return load;
}

describeThoroughly("of times in cycles of", () => {
  // What really passes meanwhile, a second, is less than a thousandth of these.
  test.each(rowsOf([41n, 48n, 56n, 61n], 0))(
    "%i bits a member is busy above 50 percent, until below 30",
    async (bits) => {
      const load = await scene();
      const found: boolean[] = [];
      const rows = [495, 505, 305, 295, 285, 305, 495, 990, 10] as const;
      for (const used of rows) found.push(await load.isBusy(used, 1n << bits));
      expect(found).toEqual([false, true, true, true, false, false, false, true, false]);
    },
  );
});

test("a member is busy when more than half of the time was used", async () => {
  const load = await scene();
  expect([await load.isBusy(505, 1n << 44n), await load.isBusy(285, 1n << 44n)]).toEqual([true, false]);
});
