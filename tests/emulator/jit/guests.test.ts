/**
 * The benchmark guests and the system itself leave the same state with compiled code, without, and with code compiled
 * at first sight.
 */
import { expect, test } from "vitest";
import { guestImage, guestNames, startGuest } from "../../../bench/interpreter.ts";
import type { JitMode } from "../../../emulator/jit/jit.ts";
import { DigestVisitor } from "../../../emulator/state/digest.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { casesOf, isAtLength, isThorough, many, rowsOf } from "../../setup/tier.ts";
import { boot, images } from "../../system/images.ts";

const MODES: readonly JitMode[] = ["off", "on", "force"];
const INSTRUCTIONS = casesOf("emulator/jit/guests").count;
/**
 * Odd, so that runs end anywhere. At the end of each a digest of all memory is taken, which takes longer than the run.
 */
const PIECE = Math.floor(INSTRUCTIONS / 3) | 1;

function guestDigests(guest: string, flags: number, mode: JitMode): string[] {
  const { cpu } = startGuest(guestImage(guest, flags, INSTRUCTIONS), mode);
  const digests: string[] = [];
  for (let limit = PIECE; limit < 1.5 * INSTRUCTIONS; limit += PIECE) {
    while (cpu.retired < limit) if (cpu.run(limit) === "halted") break;
    const visitor = new DigestVisitor();
    cpu.core.memory.visitState(visitor);
    cpu.visitState(visitor);
    digests.push(`${cpu.retired} ${visitor.digest()}`);
  }
  return digests;
}

for (const [index, guest] of rowsOf(guestNames([]), [5, 12]).entries()) {
  for (const flags of isThorough ? [0, 1] : [index % 2]) {
    test(`${guest}, paging ${flags === 0 ? "off" : "on"}`, { timeout: 120_000 }, () => {
      const [expected, ...others] = MODES.map((mode) => guestDigests(guest, flags, mode));
      for (const digests of others) expect(digests).toEqual(expected);
    });
  }
}

async function systemDigests(jit: JitMode, nodes: number): Promise<string[]> {
  const lab = boot({ nodes: Array.from({ length: nodes }, () => ({ cdrom: images().iso })), jit });
  const digests: string[] = [];
  for (let i = 0; i < many(4, 4, 12); i++) {
    await lab.advance(isAtLength ? "50ms" : "150ms");
    digests.push(lab.digest());
  }
  return digests;
}

thoroughly("the system boots alike", { timeout: 240_000 }, async () => {
  const expected = await systemDigests("off", 2);
  for (const jit of ["on", "force"] as const) expect(await systemDigests(jit, 2)).toEqual(expected);
});
