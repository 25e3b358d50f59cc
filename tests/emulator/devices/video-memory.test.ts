/**
 * The display adapter's memory where the processor reaches it without the bus: in chained modes with all planes, and in
 * linear frame buffers. A machine that is watched, whose accesses all go through the bus, ends in the same state, and
 * so do one with another engine and one that was saved and goes on elsewhere.
 */
import { describe, expect, test } from "vitest";
import type { JitMode } from "../../../emulator/jit/jit.ts";
import { Machine } from "../../../emulator/machine.ts";
import { TICK_NS } from "../../../emulator/time/clock.ts";
import { rowsOf } from "../../setup/tier.ts";
import { codeOf, inProtectedMode } from "../cpu/assembled.ts";
import { romOf } from "../ticking.ts";
import { MIB } from "./harness.ts";

const END_NS = 2e6;

/** Sequencer, graphics controller and display interface, as INT 10h would set them. */
const MACROS = `
.intel_syntax noprefix
.macro set port, index, value
  mov dx, \\port
  mov ax, \\index | \\value << 8
  out dx, ax
.endm
.macro chained window=4
  set 0x3c4, 4, 0x0e
  set 0x3c4, 2, 15
  set 0x3ce, 6, 1 | \\window
.endm
.macro linear enable
  .irp pair, 1 << 16 | 640, 2 << 16 | 480, 3 << 16 | 32, 4 << 16 | \\enable
  mov dx, 0x1ce
  mov eax, (\\pair) >> 16
  out dx, ax
  inc dx
  mov eax, (\\pair) & 0xffff
  out dx, ax
  .endr
.endm
.macro pci register, value
  mov dx, 0xcf8
  mov eax, 0x80001000 | \\register
  out dx, eax
  mov dx, 0xcfc
  mov eax, \\value
  out dx, eax
.endm
`;

const START = "mov ax, 0xa000; mov es, ax; mov ds, ax; xor ax, ax; mov ss, ax; mov sp, 0x1000; chained";
const FILL = "mov di, 0xe000; mov cx, 0x1000; mov ax, 0x1234\n1: stosw; imul ax, ax, 171; inc ax; loop 1b";

const REAL_MODE: readonly (readonly [string, string])[] = [
  ["words, and one over the end of the window", `${START}; ${FILL}; mov eax, [0xfffe]; inc word ptr [0xffff]`],
  ["a plane that is not to be written", `${START}; ${FILL}; set 0x3c4, 2, 11; ${FILL.replaceAll("1", "2")}`],
  ["planes after that", `${START}; ${FILL}; set 0x3c4, 4, 6; set 0x3ce, 5, 1; mov al, [5]; mov [9], al`],
  ["text after that", `${START}; ${FILL}; set 0x3c4, 4, 2; set 0x3ce, 5, 0x10; ${FILL.replaceAll("1", "2")}`],
  ["the window at B0000", `${START}; ${FILL}; set 0x3ce, 6, 9; ${FILL.replaceAll("1", "2")}; mov ax, [0]`],
  ["a window of 128 KiB", `${START} 0; ${FILL}; mov ax, 0xb000; mov es, ax; ${FILL.replaceAll("1", "2")}`],
  ["runs", `${START}; ${FILL}; mov si, 0x101; mov di, 0x8003; mov cx, 0x1fff; rep movsd; mov si, di; std; rep lodsb`],
  [
    "code that is drawn, run, and drawn over",
    `${START}; mov cx, 300
1: mov dword ptr [0xffe], 0xcb429090; mov byte ptr [0x1000], 0x40; push cx; call 0xa000:0xffe
  mov byte ptr [0x1000], 0x42; mov word ptr [0x1001], 0xcb42; call 0xa000:0xffe
  mov [di], dx; mov [di + 2], ax; add di, 4; pop cx; loop 1b`,
  ],
  ["a stack", `${START}; mov ss, ax; mov sp, 0x2000; mov cx, 500\n1: push cx; call 2f; loop 1b; jmp 3f\n2: ret\n3:`],
];

const PROTECTED_MODE: readonly (readonly [string, string])[] = [
  [
    "a linear frame buffer",
    `linear 0x41; pci 0x10, 0xe0000000; pci 4, 2
  mov edi, 0xe0000000; mov ecx, 30000; mov eax, 1
1: stosd; imul eax, eax, 69069; loop 1b
  mov esi, 0xe0000123; mov edi, 0xe0040000; mov ecx, 5000; rep movsd
  mov dword ptr [0xe09ffffe], 0x12345678; mov ebx, [0xe09fffff]; mov esi, 0xe0000123; mov edi, 0xe09ff800; mov ecx, 1500; rep movsd`,
  ],
  [
    "one that moves and goes",
    `linear 0x41; pci 0x10, 0xe0000000; pci 4, 2; mov dword ptr [0xe0100000], 5
  pci 0x10, 0xd0000000; inc dword ptr [0xd0100000]; mov ebx, [0xe0100000]
  pci 4, 0; mov esi, [0xd0100000]; pci 4, 2; linear 0; add dword ptr [0xd0100000], 7; mov edi, [0xd0100000]`,
  ],
  [
    "banks of it, and its beginning as planes",
    `linear 0x41; pci 0x10, 0xe0000000; pci 4, 2; mov dword ptr [0xe0010004], 77
  mov dx, 0x1ce; mov ax, 5; out dx, ax; inc dx; mov ax, 1; out dx, ax
  mov ebx, [0xa0004]; mov dword ptr [0xa0008], 78; mov esi, [0xe0010008]; linear 0; chained; mov edi, [0xa0000]`,
  ],
  [
    "one that is cleared by the next mode",
    `linear 0x41; pci 0x10, 0xe0000000; pci 4, 2; mov dword ptr [0xe0200000], 77; linear 0; linear 0xc1
  mov ebx, [0xe0200000]; linear 0; linear 0x41; mov esi, [0xe0200000]; mov dword ptr [0xe0f00000], 9`,
  ],
];

interface Way {
  readonly jit?: JitMode;
  readonly isWatched?: boolean;
  /** Saved and restored after so many instructions each. */
  readonly every?: number;
}

function machineWith(rom: Uint8Array, { jit = "on", isWatched = false }: Way): Machine {
  const machine = new Machine({
    name: "test",
    ramBytes: 2 * MIB,
    firmware: rom,
    ide: [],
    network: [],
    rtcStartSeconds: 0,
    jit,
  });
  if (isWatched) machine.board.probe = { port: () => {}, mmio: () => {} };
  return machine;
}

function stateAfter(rom: Uint8Array, way: Way): string {
  let machine = machineWith(rom, way);
  for (let ns = 0; way.every !== undefined && ns < END_NS; ns += way.every * TICK_NS) {
    machine.runUntil(ns);
    const state = machine.saveState();
    machine = machineWith(rom, way);
    machine.restoreState(state);
  }
  machine.runUntil(END_NS);
  expect(machine.instructions).toBeGreaterThan(500);
  return machine.digest();
}

const WAYS: readonly (readonly [string, Way])[] = [
  ["on the bus", { isWatched: true }],
  ["on the bus, interpreted", { isWatched: true, jit: "off" }],
  ["interpreted", { jit: "off" }],
  ["compiled at once", { jit: "force" }],
  ["saved now and then", { every: 20_001 }],
];

describe.each([
  ...REAL_MODE.map((row) => [16, ...row] as const),
  ...PROTECTED_MODE.map((row) => [32, ...row] as const),
])("code of %i bits: %s", (bits, _, code) => {
  const end = "\n9: cli; hlt; jmp 9b\n";
  const delay = "mov ecx, 1000\n8: loop 8b\n";
  const rom =
    bits === 16
      ? romOf([...codeOf(`${MACROS}${delay}${code}${end}`, 16)])
      : codeOf(MACROS + inProtectedMode(`${delay}${code}${end}`), 16);

  test.each(rowsOf(WAYS, [1, 2]))("%s", (_, way) => {
    expect(stateAfter(rom, way)).toBe(stateAfter(rom, {}));
  });
});
