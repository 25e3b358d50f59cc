/**
 * REP MOVS onto itself: done at once it leaves what it leaves element by element, with an instruction limit after each.
 */
import { expect, test } from "vitest";
import { startGuest } from "../../../bench/interpreter.ts";
import { rowsOf } from "../../setup/tier.ts";
import { codeOf } from "./assembled.ts";

const SOURCE = 0x1000;
const BYTES = 512;

/** Memory after a copy of `count` elements over `distance` bytes. `piece`: instructions of each run. */
function copied(element: string, distance: number, count: number, piece: number): Uint8Array {
  const image = new Uint8Array(512);
  image.set(
    codeOf(
      `.intel_syntax noprefix\nmov si, ${SOURCE}\nmov di, ${SOURCE + distance}\nmov cx, ${count}\nrep movs${element}\nhlt\n`,
      16,
    ),
  );
  const { cpu } = startGuest(image);
  const { dma } = cpu.core.memory;
  dma.write(
    SOURCE,
    Uint8Array.from({ length: BYTES }, (_, i) => (i * 37) & 0xff),
  );
  while (cpu.run(cpu.retired + piece) !== "halted");
  const result = new Uint8Array(BYTES);
  dma.read(SOURCE, result);
  return result;
}

test.each(rowsOf(["b", "w", "d"], 1))("rep movs%s", (element) => {
  for (const distance of [-3, 1, 2, 4, 12, 31]) {
    for (const count of [3, 40])
      expect(copied(element, distance, count, 1_000_000), `${distance} bytes, ${count} elements`).toEqual(
        copied(element, distance, count, 1),
      );
  }
});
