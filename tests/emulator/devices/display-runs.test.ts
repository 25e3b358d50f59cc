/**
 * REP MOVS and REP STOS through the memory of a display: done at once they leave what they leave element by element,
 * with a stop after each.
 */
import { expect, test } from "vitest";
import { Machine } from "../../../emulator/machine.ts";
import { TICK_NS } from "../../../emulator/time/clock.ts";
import { rowsOf } from "../../setup/tier.ts";
import { codeOf } from "../cpu/assembled.ts";
import { romOf } from "../ticking.ts";
import { MIB } from "./harness.ts";

/** The window of the text and 4 KiB of memory, filled with what can be told apart. */
const FILL = `
  mov ax, 0xb800; mov es, ax; mov ds, ax; mov cx, 0x4000; xor di, di; mov ax, 0x1234
1: stosw; imul ax, ax, 171; inc ax; loop 1b
  mov ax, 0x1000; mov es, ax; mov cx, 0x800; xor di, di
2: stosw; imul ax, ax, 173; inc ax; loop 2b
`;
const TO_MEMORY = "mov ax, 0x1000; mov es, ax";
const FROM_MEMORY = "mov ax, 0x1000; mov ds, ax; mov ax, 0xb800; mov es, ax";
const WITHIN = "mov ax, 0xb800; mov es, ax";
/** Of the 73,738 of FILL: what follows is for the pieces. */
const FILL_INSTRUCTIONS = 73_700;

const END_NS = 1e8;

/** State after `code`, which runs in pieces of so many instructions. */
function after(code: string, piece: number): string {
  const source = `.intel_syntax noprefix\n${FILL}${code}\n3: cli; hlt; jmp 3b\n`;
  const machine = new Machine({
    name: "test",
    ramBytes: 2 * MIB,
    firmware: romOf([...codeOf(source, 16)]),
    ide: [],
    network: [],
    rtcStartSeconds: 0,
  });
  machine.runUntil(FILL_INSTRUCTIONS * TICK_NS);
  expect(machine.instructions).toBe(FILL_INSTRUCTIONS);
  for (let before = -1; machine.instructions !== before; ) {
    before = machine.instructions;
    machine.runUntil(machine.nowNs + piece * TICK_NS);
  }
  machine.runUntil(END_NS);
  return machine.digest();
}

test.each(
  rowsOf<[string, string]>(
    [
      ["a line up", `${WITHIN}; mov si, 160; xor di, di; mov cx, 1920; rep movsw`],
      ["onto itself, a cell further", `${WITHIN}; xor si, si; mov di, 2; mov cx, 300; rep movsw`],
      ["from odd addresses, over pages", `${WITHIN}; mov si, 0xff1; mov di, 0x1803; mov cx, 700; rep movsd`],
      ["backwards", `${WITHIN}; mov si, 800; mov di, 900; mov cx, 300; std; rep movsb`],
      ["to memory", `${TO_MEMORY}; mov si, 0x1f01; mov di, 0x80; mov cx, 300; rep movsd`],
      ["from memory", `${FROM_MEMORY}; mov si, 3; mov di, 0x3f0; mov cx, 200; rep movsw`],
      ["beyond the window", `${FROM_MEMORY}; xor si, si; mov di, 0x7fe0; mov cx, 0x40; rep movsb`],
      ["a value", `${WITHIN}; mov eax, 0x07410742; mov di, 0x21; mov cx, 1100; rep stosd`],
      ["a value backwards", `${WITHIN}; mov ax, 0x0741; mov di, 0x200; mov cx, 100; std; rep stosw`],
      [
        "characters without attributes",
        `mov dx, 0x3c4; mov ax, 0x0102; out dx, ax; ${FROM_MEMORY}; xor si, si; mov di, 6; mov cx, 90; rep movsw`,
      ],
      [
        "fonts",
        `mov dx, 0x3ce; mov ax, 0x0204; out dx, ax; ${FROM_MEMORY}; xor si, si; mov di, 6; mov cx, 90; rep movsw`,
      ],
      [
        "planes from memory",
        `mov dx, 0x3ce; mov ax, 5; out dx, ax; ${FROM_MEMORY}; mov si, 40; mov di, 6; mov cx, 90; rep movsb`,
      ],
      [
        "planes to memory",
        `mov dx, 0x3ce; mov ax, 5; out dx, ax; ${TO_MEMORY}; mov si, 40; mov di, 6; mov cx, 90; rep movsw`,
      ],
      [
        "four planes in a chain",
        `mov dx, 0x3c4; mov ax, 0x0e04; out dx, ax; ${FROM_MEMORY}; xor si, si; mov di, 6; mov cx, 90; rep movsw`,
      ],
      ["planes", `mov dx, 0x3ce; mov ax, 5; out dx, ax; ${WITHIN}; mov si, 40; mov di, 6; mov cx, 90; rep movsb`],
    ],
    6,
  ),
)("a run that moves %s", (_, code) => {
  expect(after(code, 1_000_000)).toBe(after(code, 1));
});
