import type { Case } from "./script.ts";

/** Vectors from 08h; IRQ 7 alone. */
const PICS = "out 20 11; out 21 08; out 21 04; out 21 01; out 21 7f";
/** The byte is there; STROBE comes and goes. */
const print = (byte: string, control = "c"): string =>
  `out 378 ${byte}; out 37a ${(parseInt(control, 16) | 1).toString(16)}; out 37a ${control}`;

export const parallelCases: readonly Case[] = [
  { name: "data are kept", script: "in 378 = ff; out 378 5a; in 378 = 5a; out 378 a5; in 378 = a5" },
  {
    name: "control keeps six bits, and the rest are ones",
    script: "in 37a = cc; out 37a 1c; in 37a = dc; out 37a 0; in 37a = c0",
  },
  { name: "a printer that is on, has paper, and waits", script: "out 37a c; in 379 & f8 = d8; in 379 & f8 = d8" },
  { name: "busy while STROBE lasts", script: "out 37a c; out 378 41; out 37a d; in 379 & f8 = 58; in 379 & f8 = 58" },
  {
    name: "then ACKNOWLEDGE, then ready",
    script: `out 37a c; ${print("41")}; in 379 & f8 = 18; wait 5us; in 379 & f8 = 18; wait 5us; in 379 & f8 = d8; printed = 41; printed = ffffffff`,
  },
  {
    name: "who does not wait is heard too, and the printer is busy from then on",
    script: `${print("41")}; wait 5us; ${print("42")}; wait 9us; in 379 & f8 = 18; wait 1us; in 379 & f8 = d8; printed = 41; printed = 42; printed = ffffffff`,
  },
  {
    name: "STROBE that stays prints once, and a byte that changes meanwhile not at all",
    script:
      "out 37a c; out 378 41; out 37a d; out 37a d; out 378 42; wait 10us; out 37a c; printed = 41; printed = ffffffff",
  },
  { name: "without SELECT IN nothing is printed", script: `${print("41", "4")}; in 379 & f8 = d8; printed = ffffffff` },
  {
    name: "INIT ends what the printer does",
    script:
      "out 378 41; out 37a d; out 37a 8; in 379 & f8 = d8; out 37a c; in 379 & f8 = d8; wait 10us; printed = 41; printed = ffffffff",
  },
  {
    name: "IRQ 7 at the end of ACKNOWLEDGE, if it is wanted",
    script: `${PICS}; ${print("41", "1c")}; intr = 0; wait 10us; intr = 1; ack = f; in 379 & f8 = d8; out 20 20; intr = 0; ${print("42")}; wait 10us; intr = 0`,
  },
  {
    name: "the next interrupt comes once somebody has looked",
    script: `${PICS}; ${print("41", "1c")}; wait 10us; ack = f; out 20 20; ${print("42", "1c")}; wait 10us; intr = 0; in 379 & 80 = 80; ${print("43", "1c")}; wait 10us; intr = 1`,
  },
  { name: "turned round, nobody drives the data", script: "out 378 0; out 37a 2c; in 378 = ff; out 37a c; in 378 = 0" },
  { name: "the status cannot be written", script: "out 37a c; out 379 0; in 379 & f8 = d8" },
  {
    name: "reset",
    script: `${PICS}; out 378 5a; out 37a 1d; reset; in 378 = ff; in 37a = cc; in 379 & f8 = d8; wait 10us; intr = 0`,
  },
];
