import type { Case } from "./script.ts";

/** ICW1-ICW4 as PC firmware programs the pair: vectors 08h and 70h. */
const INIT =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 00; out a1 00";
/** Lines that scripts can move: the UARTs' (IRQ 3 and 4), the output buffer's (IRQ 1 and 12), FERR# (IRQ 13). */
const UP1 = "out 64 d2; out 60 1";
const UP12 = "out 64 d3; out 60 1";
const DOWN1_12 = "in 60";
const UP3 = "out 2fc 8; out 2f9 2";
const UP4 = "out 3fc 8; out 3f9 2";
const DOWN4 = "out 3f9 0";
const UP13 = "ferr 1";
const DOWN13 = "ferr 0; out f0 0";
/** The master alone, with other words in place of ICW1 and ICW4; vectors from 08h. */
const master = (icw1: string, icw4: string): string => `out 20 ${icw1}; out 21 08; out 21 04; out 21 ${icw4}; out 21 0`;
const irr = (expected: string): string => `out 20 0a; in 20 = ${expected}`;
const isr = (expected: string): string => `out 20 0b; in 20 = ${expected}`;
const slaveIsr = (expected: string): string => `out a0 0b; in a0 = ${expected}`;
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
  // Initialisation (data sheet, "Initialization Command Words").
  {
    name: "ICW1 with SNGL: no ICW3 is expected",
    script: "out 20 13; out 21 20; out 21 01; out 21 fe; in 21 = fe",
  },
  { name: "ICW1 without IC4: no ICW4 is expected", script: "out 20 10; out 21 20; out 21 04; out 21 aa; in 21 = aa" },
  { name: "ICW1 with neither: the mask follows ICW2", script: "out 20 12; out 21 20; out 21 55; in 21 = 55" },
  {
    name: "ICW4 is needed for the mask when ICW1 says so",
    script: "out 20 11; out 21 20; out 21 04; out 21 01; out 21 aa; in 21 = aa",
  },
  {
    name: "the lower bits of ICW2 are the input's",
    script: `out 20 11; out 21 4f; out 21 04; out 21 01; out 21 0; ${UP4}; ack = 4c`,
  },
  {
    name: "ICW1 takes the vectors away until ICW2",
    script: `${INIT}; ${UP4}; out 20 11; ack = 7`,
    ours: "QEMU has no script for INTA",
  },
  {
    name: "ICW1 makes IR0 the most urgent again, and IRR what is read",
    script: `${INIT}; out 20 c3; out 20 0b; ${master("11", "1")}; ${UP1}; ${UP4}; in 20 = 12; ack = 9`,
  },
  {
    name: "ICW1 ends special mask mode",
    script: `${INIT}; out 20 68; ${master("11", "1")}; ${UP1}; ack = 9; out 21 02; ${UP4}; intr = 0`,
  },
  {
    name: "ICW1 without ICW4 ends automatic EOI",
    script: `${master("11", "3")}; out 20 10; out 21 8; out 21 4; out 21 0; ${UP4}; ack = c; ${isr("10")}`,
  },
  {
    name: "ICW1 forgets a poll command",
    script: `${INIT}; out 20 0c; ${master("11", "1")}; in 20 = 0`,
  },
  {
    name: "ICW1 ends rotation in automatic EOI mode",
    script: `${master("11", "3")}; out 20 80; ${master("11", "3")}; ${UP4}; ack = c; ${DOWN4}; ${UP1}; ${UP4}; ack = 9`,
  },
  {
    name: "ICW1 ends special fully nested mode",
    script: `${INIT}; ${master("11", "11")}; ${master("11", "1")}; ${UP13}; ack = 75; ${UP12}; intr = 0`,
  },
  {
    name: "the lines keep their levels through ICW1: no edge, no interrupt",
    script: `${INIT}; ${UP4}; ${INIT}; ${irr("0")}; intr = 0`,
  },
  {
    name: "reset: no mask, nothing level triggered, IRR is read",
    script:
      "out 21 55; out a1 aa; out 4d0 f8; out 4d1 de; out 20 0b; reset; in 21 = 0; in a1 = 0; in 4d0 = 0; in 4d1 = 0",
  },
  // Modes (data sheet, "Operation Command Words").
  {
    name: "fully nested: a more urgent input of the slave waits for the slave's other one",
    script: `${INIT}; ${UP13}; ack = 75; ${isr("4")}; ${slaveIsr("20")}; ${UP12}; intr = 0; out a0 20; intr = 0; out 20 20; intr = 1; ack = 74`,
  },
  {
    name: "special fully nested: it does not",
    script: `${INIT}; ${master("11", "11")}; ${UP13}; ack = 75; ${UP12}; intr = 1; ack = 74; ${slaveIsr("30")}; ${isr("4")}`,
  },
  {
    name: "special fully nested is the master's: on the slave's own inputs nothing changes",
    script: `${INIT}; out a0 11; out a1 70; out a1 02; out a1 11; out a1 0; ${UP12}; ack = 74; out 20 20; ${UP13}; intr = 0; out a0 20; intr = 1`,
  },
  {
    name: "automatic EOI keeps priorities",
    script: `${master("11", "3")}; ${UP1}; ack = 9; ${DOWN1_12}; ${UP4}; ${UP1}; ack = 9; ack = c; ${isr("0")}`,
  },
  {
    name: "rotation in automatic EOI mode: the input that was served is the least urgent",
    script: `${master("11", "3")}; out 20 80; ${UP1}; ack = 9; ${DOWN1_12}; ${UP4}; ${UP1}; ack = c; ack = 9`,
  },
  {
    name: "rotation in automatic EOI mode ends when it is cleared",
    script: `${master("11", "3")}; out 20 80; out 20 0; ${UP1}; ack = 9; ${DOWN1_12}; ${UP4}; ${UP1}; ack = 9`,
  },
  {
    name: "rotate on non-specific EOI",
    script: `${INIT}; ${UP1}; ack = 9; ${DOWN1_12}; out 20 a0; ${isr("0")}; ${UP1}; ${UP4}; ack = c; out 20 20; ack = 9`,
  },
  {
    name: "a non-specific EOI alone does not rotate",
    script: `${INIT}; ${UP1}; ack = 9; ${DOWN1_12}; out 20 20; ${UP1}; ${UP4}; ack = 9`,
  },
  {
    name: "rotate on specific EOI",
    script: `${INIT}; ${UP4}; ack = c; ${UP1}; ack = 9; ${DOWN4}; ${DOWN1_12}; out 20 e4; ${isr("2")}; ${UP3}; intr = 0; out 20 61; intr = 1; ack = b; out 20 20; ${UP4}; ${UP1}; ack = 9`,
  },
  { name: "set priority leaves what is in service", script: `${INIT}; ${UP4}; ack = c; out 20 c4; ${isr("10")}` },
  {
    name: "non-specific EOI ends the most urgent by the priorities of now",
    script: `${INIT}; ${UP4}; ack = c; ${UP1}; ack = 9; out 20 c2; out 20 20; ${isr("2")}; out 20 20; ${isr("0")}`,
  },
  {
    name: "an EOI with nothing in service does nothing",
    script: `${INIT}; out 20 20; out 20 a0; ${UP1}; ${UP4}; ack = 9`,
  },
  {
    name: "OCW2 40h is no operation",
    script: `${INIT}; ${UP4}; ack = c; out 20 44; ${isr("10")}; ${UP1}; intr = 1; ack = 9`,
  },
  {
    name: "specific EOI of another input",
    script: `${INIT}; ${UP4}; ack = c; out 20 63; ${isr("10")}; out 20 64; ${isr("0")}`,
  },
  {
    name: "special mask mode is set only with ESMM",
    script: `${INIT}; out 20 28; ${UP1}; ack = 9; out 21 02; ${UP4}; intr = 0; out 20 68; intr = 1; out 20 08; intr = 1; out 20 48; intr = 0`,
  },
  {
    name: "special mask mode: an input in service that is not masked still holds the less urgent ones",
    script: `${INIT}; ${UP1}; ack = 9; out 20 68; ${UP4}; intr = 0; out 21 10; ${UP3}; intr = 0; out 21 2; intr = 1; ack = b`,
  },
  {
    name: "RIS without RR changes nothing",
    script: `${INIT}; ${UP4}; ack = c; out 20 0b; in 20 = 10; out 20 08; in 20 = 10; out 20 09; in 20 = 10; out 20 0a; in 20 = 0; out 20 09; in 20 = 0`,
  },
  // Level and edge.
  {
    name: "LTIM: a line that stays high requests again",
    script: `${master("19", "1")}; ${UP4}; ${irr("11")}; out 21 1; ack = c; ${irr("11")}; intr = 0; out 20 20; intr = 1; ${DOWN4}; intr = 0; ${irr("1")}`,
  },
  {
    name: "ELCR: one input is level triggered, its neighbour is not",
    script: `${INIT}; out 4d0 10; ${UP4}; ${UP3}; ack = b; out 20 20; ack = c; out 20 20; intr = 1; ack = c; ${DOWN4}; out 20 20; intr = 0; ${irr("0")}`,
  },
  {
    name: "ELCR of the slave: a level that falls before INTA leaves a spurious interrupt",
    script: `${INIT}; out 4d1 10; in 4d0 = 0; ${UP12}; ack = 74; out a0 20; out 20 20; intr = 1; ${DOWN1_12}; ack = 77`,
  },
  {
    name: "an edge goes when its line falls; INT stays, for IR7",
    script: `${INIT}; ${UP4}; ${irr("10")}; ${DOWN4}; ${irr("0")}; intr = 1; ack = f; ${isr("0")}; intr = 0`,
    ours: "QEMU keeps the edge",
  },
  {
    name: "an edge that goes on the slave is IR7 of the slave; the master has IR2 in service",
    script: `${INIT}; ${UP12}; ${DOWN1_12}; intr = 1; ack = 77; ${isr("4")}; ${slaveIsr("0")}; out 20 20; intr = 0`,
    ours: "QEMU keeps the edge",
  },
  {
    name: "an edge that goes while another one requests leaves that one alone",
    script: `${INIT}; ${UP1}; ${UP4}; ${DOWN1_12}; ack = c; out 20 20; intr = 0`,
    ours: "QEMU keeps the edge",
  },
  {
    name: "an edge that came again is served, and masked it is gone",
    script: `${INIT}; ${UP4}; ${DOWN4}; ${UP4}; out 21 10; intr = 0; out 21 0; ack = c; out 20 20; intr = 0`,
  },
  {
    name: "an edge that goes while it is masked or waits behind a more urgent one leaves nothing",
    script: `${INIT}; out 21 10; ${UP4}; ${DOWN4}; out 21 0; intr = 0; ${UP1}; ack = 9; ${UP4}; ${DOWN4}; out 20 20; intr = 0`,
    ours: "QEMU keeps the edge",
  },
  {
    name: "ICW1 and a poll end what an edge has left on INT",
    script: `${INIT}; ${UP4}; ${DOWN4}; ${INIT}; intr = 0; ${UP4}; ${DOWN4}; out 20 0c; in 20 = 0; intr = 0`,
    ours: "QEMU keeps the edge",
  },
  {
    name: "a level that falls takes INT with it",
    script: `${INIT}; out 4d0 10; ${UP4}; ${DOWN4}; ${irr("0")}; intr = 0`,
  },
  {
    name: "a second edge while in service waits",
    script: `${INIT}; ${UP4}; ack = c; ${DOWN4}; ${UP4}; ${irr("10")}; intr = 0; out 20 20; intr = 1; ack = c`,
  },
  {
    name: "one edge, one interrupt, however long the line is high",
    script: `${INIT}; ${UP4}; ack = c; out 20 20; intr = 0; wait 1ms; intr = 0`,
  },
  // Poll and spurious.
  {
    name: "poll serves like INTA",
    script: `${INIT}; ${UP4}; ${UP1}; out 20 0c; in 20 = 81; ${isr("2")}; ${irr("10")}; intr = 0; out 20 20; out 20 0c; in 20 = 84; out 20 0c; in 20 = 0`,
  },
  { name: "one poll, one answer", script: `${INIT}; ${UP4}; out 20 0b; out 20 0c; in 20 = 84; in 20 = 10` },
  { name: "poll of the slave", script: `${INIT}; ${UP12}; out a0 0c; in a0 = 84; ${slaveIsr("10")}` },
  { name: "poll through the data port", script: `${INIT}; out 21 8; ${UP4}; out 20 0c; in 21 = 84; in 21 = 8` },
  {
    name: "spurious on the slave: the master has IR2 in service, the slave nothing",
    script: `${INIT}; ${UP13}; out a1 20; intr = 1; ack = 77; ${isr("4")}; ${slaveIsr("0")}`,
  },
  { name: "spurious on the master when nothing requests", script: `${INIT}; ack = f; ${isr("0")}` },
  {
    name: "the slave asks again as soon as it may",
    script: `${INIT}; ${UP13}; ${UP12}; ack = 74; out a0 20; out 20 20; intr = 1; ack = 75`,
  },
  {
    name: "FERR# falls: IRQ 13 with it",
    script: `${INIT}; ${UP13}; ack = 75; ${DOWN13}; out a0 20; out 20 20; ${UP13}; ack = 75`,
  },
  {
    name: "masks: of the master, of the slave, of IR2",
    script: `${INIT}; out 21 fb; ${UP4}; intr = 0; ${UP12}; intr = 1; out a1 10; out 21 ef; intr = 1; ack = c; out 20 20; out 21 4; out a1 0; intr = 0; out 21 0; intr = 1; ack = 74`,
  },
];
