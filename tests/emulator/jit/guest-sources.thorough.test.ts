/**
 * Our benchmark guests: they run to their end, and an iteration has as many instructions as the benchmark counts for
 * it.
 */
import { expect, test } from "vitest";
import { OWN_INSTRUCTIONS, ownGuestImage, ownGuests } from "../../../bench/guest-sources.ts";
import { startGuest } from "../../../bench/interpreter.ts";

/** RDTSC counts instructions here. */
function instructions(guest: string, iterations: number): number {
  const image = ownGuestImage(guest);
  new DataView(image.buffer).setUint32(512, iterations, true);
  const { cpu, board } = startGuest(image, "on");
  while (!/E \w{8} \w{16}\n/.test(board.output)) {
    expect(cpu.run(cpu.retired + 5_000_000), board.output).not.toBe("halted");
    expect(cpu.retired).toBeLessThan(50_000_000);
  }
  return parseInt(/E \w+ (\w+)/.exec(board.output)![1]!, 16);
}

test.each(ownGuests())("%s", (guest) => {
  const perIteration = (instructions(guest, 9) - instructions(guest, 1)) / 8;
  expect(Math.abs(perIteration - OWN_INSTRUCTIONS[guest]!) / perIteration).toBeLessThan(0.001);
});
