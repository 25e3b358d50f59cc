import type { Case } from "./script.ts";

/** 115200 baud, 8N1: 86.8 us for a character. */
const FAST = "out 3fb 83; out 3f8 01; out 3f9 00; out 3fb 03";

export const uartCases: readonly Case[] = [
  {
    name: "divisor latch and line control",
    script:
      "out 3fb 80; in 3f8 = c; in 3f9 = 0; out 3f8 34; out 3f9 12; in 3f8 = 34; in 3f9 = 12; out 3fb 03; in 3fb = 3",
  },
  { name: "scratch and interrupt enable", script: "out 3ff a5; in 3ff = a5; out 3f9 ff; in 3f9 = f" },
  { name: "empty transmitter, nothing received", script: "in 3fd = 60; in 3fa = 1" },
  { name: "FIFOs show in the identification", script: "out 3fa 01; in 3fa = c1; out 3fa 00; in 3fa = 1" },
  {
    name: "the transmitter is empty at the next look",
    script: `${FAST}; out 3f8 41; in 3fd = 60; out 3f8 42; in 3fd = 60`,
  },
  {
    name: "an interrupt for each byte that has left",
    script: `${FAST}; out 3fc 08; out 3f9 02; in 3fa = 2; in 3fa = 1; out 3f8 41; in 3fa = 2; in 3fa = 1`,
  },
  {
    name: "loopback returns the byte",
    script: `${FAST}; out 3fc 10; out 3f8 5a; settle 200us; in 3fd & 1 = 1; in 3f8 = 5a; in 3fd & 1 = 0`,
  },
  {
    name: "loopback of the modem lines",
    script: "out 3fc 10; in 3fe & f0 = 0; out 3fc 1f; in 3fe & f0 = f0; out 3fc 15; in 3fe & f0 = 60",
  },
  {
    name: "an overrun without FIFO",
    script: `${FAST}; out 3fc 10; out 3f8 11; settle 200us; out 3f8 22; settle 200us; in 3fd & 3 = 3; in 3fd & 2 = 0; in 3f8 = 22`,
  },
  {
    name: "interrupt on transmitter empty, cleared by reading IIR",
    script: "out 3fc 08; out 3f9 02; in 3fa = 2; in 3fa = 1",
  },
  {
    name: "received data interrupts above the others",
    script: `${FAST}; out 3fc 10; out 3f9 03; out 3f8 33; settle 200us; in 3fa = 4; in 3f8 = 33; in 3fa = 2`,
  },
  {
    name: "trigger level and timeout of the FIFO",
    script: `${FAST}; out 3fc 10; out 3fa 41; out 3f9 01; out 3f8 01; in 3fa = c1; wait 400us; in 3fa = cc; in 3f8 = 1; in 3fa = c1`,
  },
  {
    name: "trigger level of four",
    script: `${FAST}; out 3fc 10; out 3fa 41; out 3f9 01; out 3f8 01; out 3f8 02; out 3f8 03; out 3f8 04; in 3fa = c4; in 3f8 = 1; in 3fa & f = 1`,
  },
  {
    name: "OUT2 gates IRQ 4",
    script:
      "out 20 11; out 21 08; out 21 04; out 21 01; out 21 ef; out 3f9 02; intr = 0; out 3fc 08; intr = 1; ack = c",
  },
];
