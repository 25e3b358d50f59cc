import type { Case } from "./script.ts";

/** ICW1-ICW4 as PC firmware programs the pair: vectors 08h and 70h. */
const INIT =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 00; out a1 00";
/** Channel 0 of the PIT in mode 0 raises IRQ 0 after 100 us. */
const IRQ0 = "out 43 30; out 40 78; out 40 00; wait 200us";
/** The RTC's periodic interrupt raises IRQ 8. */
const IRQ8 = "out 70 0b; out 71 42; wait 2ms";

export const picCases: readonly Case[] = [
  { name: "the mask register reads back", script: "out 21 5a; in 21 = 5a; out a1 a5; in a1 = a5" },
  {
    name: "an edge is latched in IRR while masked",
    script: `${INIT}; out 21 ff; ${IRQ0}; out 20 0a; in 20 & 1 = 1; intr = 0; out 21 fe; intr = 1`,
  },
  { name: "IRR shows an edge to QEMU and to us", script: `${INIT}; out 21 ff; ${IRQ0}; out 20 0a; in 20 & 1 = 1` },
  {
    name: "INTA delivers the vector and moves IRR to ISR",
    script: `${INIT}; ${IRQ0}; intr = 1; ack = 8; intr = 0; out 20 0a; in 20 & 1 = 0; out 20 0b; in 20 = 1; out 20 20; in 20 = 0`,
  },
  {
    name: "a slave's interrupt comes with the slave's vector and is in service in both",
    script: `${INIT}; ${IRQ8}; intr = 1; ack = 70; out a0 0b; in a0 = 1; out 20 0b; in 20 = 4; out a0 20; out 20 20; in 20 = 0; in a0 = 0`,
  },
  {
    name: "a less urgent interrupt waits for the end of a more urgent one",
    script: `${INIT}; ${IRQ0}; ack = 8; ${IRQ8}; intr = 0; out 20 20; intr = 1; ack = 70`,
  },
  {
    name: "a more urgent interrupt interrupts a less urgent one",
    script: `${INIT}; ${IRQ8}; ack = 70; ${IRQ0}; intr = 1; ack = 8`,
  },
  {
    name: "specific end of interrupt",
    script: `${INIT}; ${IRQ0}; ack = 8; out 20 61; out 20 0b; in 20 = 1; out 20 60; in 20 = 0`,
  },
  {
    name: "automatic end of interrupt leaves nothing in service",
    script: `out 20 11; out 21 20; out 21 04; out 21 03; out 21 00; ${IRQ0}; ack = 20; out 20 0b; in 20 = 0`,
  },
  {
    name: "spurious: masked between INTR and INTA",
    script: `${INIT}; ${IRQ0}; intr = 1; out 21 01; intr = 0; ack = f; out 20 0b; in 20 = 0`,
  },
  {
    name: "poll mode",
    script: `${INIT}; out 21 fe; ${IRQ0}; out 20 0c; in 20 = 80; out 20 0b; in 20 = 1; out 20 20; out 20 0c; in 20 = 0`,
  },
  {
    name: "set priority makes another input the most urgent",
    script: `${INIT}; out 20 c0; ${IRQ0}; ${IRQ8}; ack = 70`,
  },
  {
    name: "special mask mode lets less urgent ones through",
    script: `${INIT}; ${IRQ0}; ack = 8; ${IRQ8}; intr = 0; out 20 68; out 21 01; intr = 1; ack = 70`,
  },
  {
    name: "ICW1 clears mask, ISR and edges",
    script: `${INIT}; ${IRQ0}; ack = 8; out 21 55; out 20 11; in 21 = 0; out 21 08; out 21 04; out 21 01; out 20 0b; in 20 = 0`,
  },
  {
    name: "ELCR: the inputs of the board's own chips stay edge triggered",
    script: "out 4d0 ff; in 4d0 = f8; out 4d1 ff; in 4d1 = de",
  },
];
