import type { Case } from "./script.ts";

/** Keyboard bytes take half a millisecond here and no time in QEMU. */
const WAIT = "settle 2ms";

export const keyboardCases: readonly Case[] = [
  { name: "controller self test", script: "out 64 aa; in 64 & 1 = 1; in 60 = 55; in 64 & 1 = 0; in 64 & 4 = 4" },
  { name: "interface tests", script: "out 64 ab; in 60 = 0; out 64 a9; in 60 = 0" },
  { name: "the mode byte reads back", script: "out 64 60; out 60 45; out 64 20; in 60 = 45" },
  { name: "keyboard reset", script: `out 60 ff; ${WAIT}; in 60 = fa; ${WAIT}; in 60 = aa` },
  {
    name: "keyboard identity, plain",
    script: `out 64 60; out 60 04; out 60 f2; ${WAIT}; in 60 = fa; ${WAIT}; in 60 = ab; ${WAIT}; in 60 = 83`,
  },
  {
    name: "keyboard identity, translated",
    script: `out 64 60; out 60 44; out 60 f2; ${WAIT}; in 60 = fa; ${WAIT}; in 60 = ab; ${WAIT}; in 60 = 41`,
  },
  {
    name: "LEDs and typematic rate take an argument",
    script: `out 60 ed; ${WAIT}; in 60 = fa; out 60 07; ${WAIT}; in 60 = fa; out 60 f3; ${WAIT}; in 60 = fa; out 60 20; ${WAIT}; in 60 = fa`,
  },
  {
    name: "echo and unknown commands",
    script: `out 60 ee; ${WAIT}; in 60 = ee; out 60 e0; ${WAIT}; in 60 = fe`,
    ours: "QEMU answers echo with an acknowledgement",
  },
  {
    name: "scan code set",
    script: `out 64 60; out 60 04; out 60 f0; ${WAIT}; in 60 = fa; out 60 00; ${WAIT}; in 60 = fa; ${WAIT}; in 60 = 2`,
  },
  {
    name: "mouse reset through D4",
    script: `out 64 a8; out 64 d4; out 60 ff; ${WAIT}; in 64 & 21 = 21; in 60 = fa; ${WAIT}; in 60 = aa; ${WAIT}; in 60 = 0`,
  },
  {
    name: "mouse identity and status",
    script: `out 64 a8; out 64 d4; out 60 f6; ${WAIT}; in 60 = fa; out 64 d4; out 60 f2; ${WAIT}; in 60 = fa; ${WAIT}; in 60 = 0; out 64 d4; out 60 e9; ${WAIT}; in 60 = fa; ${WAIT}; in 60 = 0; ${WAIT}; in 60 = 2; ${WAIT}; in 60 = 64`,
  },
  {
    name: "output port and A20",
    script:
      "out 64 d0; in 60 & 3 = 3; out 64 d1; out 60 dd; out 64 d0; in 60 & 2 = 0; out 64 df; out 64 d0; in 60 & 2 = 2",
  },
  {
    name: "bytes written into the output buffer",
    script: "out 64 d2; out 60 5a; in 64 & 21 = 1; in 60 = 5a; out 64 d3; out 60 a5; in 64 & 21 = 21; in 60 = a5",
  },
  {
    name: "IRQ 1 follows the output buffer",
    script: `out 20 11; out 21 08; out 21 04; out 21 01; out 21 fd; out 60 ee; intr = 0; ${WAIT}; intr = 1; ack = 9; in 60 = ee; out 20 20; intr = 0`,
  },
  {
    name: "no interrupt while it is disabled",
    script: `out 20 11; out 21 08; out 21 04; out 21 01; out 21 fd; out 64 60; out 60 00; out 60 ee; ${WAIT}; intr = 0; in 64 & 1 = 1`,
  },
  {
    name: "IRQ 12 for the mouse",
    script: `out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 fb; out a1 ef; out 64 d4; out 60 f2; ${WAIT}; intr = 1; ack = 74`,
  },
];
