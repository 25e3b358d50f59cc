/** The table of the board's parts: each has its place in the saved state, and a new one comes last. */
import { expect, test } from "vitest";
import { PARTS } from "../../emulator/board-parts.ts";
import { StateWriter } from "../../emulator/state/state-io.ts";
import { TestBoard } from "./devices/harness.ts";

/** The first of each name, as docs/formats/snapshot.md has the parts. */
const STATE_ORDER = [
  ...["board", "port 61h", "port 92h", "port CF9h", "POST code", "APM control", "APM status", "coprocessor error"],
  ...["HPET", "8254", "MC146818", "8042", "PS/2 keyboard", "PS/2 mouse", "16550A", "parallel port"],
  ...["SB16", "SB16 mixer", "SB16 processor", "SB16 voice", "sound clock", "VGA", "VGA memory", "display interface"],
  ...["DMA", "8237A", "82077AA", "PCI bus", "82441FX host bridge", "PIIX3 ISA bridge", "PIIX3 IDE", "IDE channel"],
  ...["bus master", "PIIX4 power management", "VGA PCI function", "AC97", "AC'97", "AC'97 codec", "AC'97 stream"],
  ...["8259A", "local APIC", "I/O APIC", "firmware configuration"],
];

class Names extends StateWriter {
  readonly names: string[] = [];
  override part(name: string, version: number): void {
    if (!this.names.includes(name)) this.names.push(name);
    super.part(name, version);
  }
}

test("the parts of a board that has them all are saved in the order of the snapshots that people have", () => {
  const { board } = new TestBoard({
    parallelPort: true,
    sound: [{ model: "sb16" }, { model: "AC97" }],
    settings: [{ name: "a", text: "b" }],
  });
  const visitor = new Names();
  board.visitState(visitor);
  expect(visitor.names).toEqual(STATE_ORDER);
});

test("no two parts have one place in the saved state", () => {
  const places = PARTS.map(({ state }) => state).filter((state) => state > 0);
  expect(new Set(places).size).toBe(places.length);
  expect(Math.max(...places)).toBe(places.length);
});
