import type { Case } from "./script.ts";

/** Channel 2 with its gate open; one tick is 838.1 ns. */
const GATE2 = "out 61 01";

/** IRQ 0 alone, vectors from 08h. */
const IRQ0 = "out 20 11; out 21 08; out 21 04; out 21 01; out 21 fe";

export const pitCases: readonly Case[] = [
  {
    name: "mode 0 counts down once and OUT rises",
    script: `${GATE2}; out 43 b0; out 42 64; out 42 00; in 61 & 20 = 0; wait 50us; out 43 80; in 42 = 29; in 42 = 0; in 61 & 20 = 0; wait 40us; in 61 & 20 = 20`,
  },
  {
    name: "mode 2 reloads",
    script: `${GATE2}; out 43 b4; out 42 e8; out 42 03; wait 100us; out 43 80; in 42 = 71; in 42 = 3; wait 838us; out 43 80; in 42 = 71; in 42 = 3`,
  },
  {
    name: "mode 3 counts by twos and OUT is a square wave",
    script: `${GATE2}; out 43 b6; out 42 e8; out 42 03; in 61 & 20 = 20; wait 100us; out 43 80; in 42 = fa; in 42 = 2; wait 330us; in 61 & 20 = 0; wait 420us; in 61 & 20 = 20`,
  },
  {
    name: "the count latch holds until it is read",
    script: `${GATE2}; out 43 b4; out 42 00; out 42 00; wait 1ms; out 43 80; wait 1ms; out 43 80; in 42 = 57; in 42 = fb; out 43 80; in 42 = ae; in 42 = f6`,
  },
  {
    name: "read-back latches status and count",
    script: `${GATE2}; out 43 b4; out 42 e8; out 42 03; wait 100us; out 43 c8; in 42 = b4; in 42 = 71; in 42 = 3`,
  },
  {
    name: "read-back of the status alone",
    script: `${GATE2}; out 43 b6; out 42 e8; out 42 03; wait 10us; out 43 e8; in 42 = b6`,
  },
  { name: "low byte only", script: `${GATE2}; out 43 94; out 42 64; wait 10us; in 42 = 59; in 42 = 59` },
  { name: "BCD", script: `${GATE2}; out 43 b5; out 42 00; out 42 10; wait 100us; out 43 80; in 42 = 81; in 42 = 8` },
  {
    name: "a low gate stops mode 3, a rising one reloads it",
    script:
      "out 61 01; out 43 b6; out 42 e8; out 42 03; wait 100us; out 61 00; in 61 & 20 = 20; wait 10ms; out 61 01; wait 100us; out 43 80; in 42 = fa; in 42 = 2",
    ours: "QEMU does not stop the counter",
  },
  {
    name: "a low gate pauses mode 0",
    script:
      "out 61 01; out 43 b0; out 42 64; out 42 00; wait 50us; out 61 00; wait 1ms; in 61 & 20 = 0; out 61 01; wait 30us; in 61 & 20 = 0; wait 20us; in 61 & 20 = 20",
    ours: "QEMU does not stop the counter",
  },
  {
    name: "mode 1 waits for the gate",
    script:
      "out 61 00; out 43 b2; out 42 64; out 42 00; in 61 & 20 = 20; wait 1ms; out 61 01; in 61 & 20 = 0; wait 50us; in 61 & 20 = 0; wait 50us; in 61 & 20 = 20",
    ours: "QEMU's OUT is low before the trigger",
  },
  {
    name: "a new count in mode 2 waits for the end of the period",
    script:
      "out 61 01; out 43 b4; out 42 e8; out 42 03; wait 100us; out 42 64; out 42 00; wait 10us; out 43 80; in 42 = 65; in 42 = 3; wait 740us; out 43 80; in 42 = 56; in 42 = 0",
    ours: "QEMU takes the count at once",
  },
  {
    name: "channel 0 in mode 2 interrupts each period",
    script:
      "out 20 11; out 21 08; out 21 04; out 21 01; out 21 fe; out 43 34; out 40 e8; out 40 03; wait 500us; intr = 0; wait 400us; intr = 1; ack = 8; out 20 20; intr = 0; wait 838us; intr = 1",
  },
  {
    name: "channel 0 in mode 3 interrupts once a period",
    script:
      "out 20 11; out 21 08; out 21 04; out 21 01; out 21 fe; out 43 36; out 40 e8; out 40 03; wait 900us; intr = 1; ack = 8; out 20 20; wait 500us; intr = 0; wait 400us; intr = 1",
  },
  {
    name: "refresh toggles every 15 us",
    script: "in 61 & 10 = 0; wait 16us; in 61 & 10 = 10; wait 15us; in 61 & 10 = 0",
    ours: "QEMU toggles at each read",
  },
  // A tick is 838.0951 ns; times are those at which a tick begins, to the nanosecond.
  {
    name: "mode 0: OUT falls with the control word and rises with the last tick",
    script: `${GATE2}; in 61 & 20 = 20; out 43 b0; in 61 & 20 = 0; out 42 64; out 42 0; wait 83809ns; in 61 & 20 = 0; wait 1ns; in 61 & 20 = 20; wait 1s; in 61 & 20 = 20`,
  },
  {
    name: "mode 0: the counter goes on below zero",
    script: `${GATE2}; out 43 b0; out 42 64; out 42 0; wait 84.7us; out 43 80; in 42 = ff; in 42 = ff`,
  },
  {
    name: "mode 0: the first byte of a new count stops, the second starts anew",
    script: `${GATE2}; out 43 b0; out 42 64; out 42 0; wait 50us; out 42 64; wait 1s; in 61 & 20 = 0; out 43 80; in 42 = 29; in 42 = 0; out 42 0; wait 82.9us; in 61 & 20 = 0; wait 1us; in 61 & 20 = 20`,
    ours: "QEMU goes on counting",
  },
  {
    name: "mode 1: a shot, and a second trigger begins it anew",
    script:
      "out 43 b2; out 42 64; out 42 0; in 61 & 20 = 20; out 61 1; in 61 & 20 = 0; wait 50us; out 61 0; out 61 1; wait 82.9us; in 61 & 20 = 0; wait 1us; in 61 & 20 = 20",
    ours: "QEMU's OUT is low before the trigger",
  },
  {
    name: "mode 1: a new count is for the next trigger",
    script:
      "out 43 b2; out 42 64; out 42 0; out 61 1; wait 10us; out 42 a; out 42 0; out 43 80; in 42 = 59; in 42 = 0; out 61 0; out 61 1; out 43 80; in 42 = a; in 42 = 0; wait 8.4us; in 61 & 20 = 20",
    ours: "QEMU takes the count at once",
  },
  {
    name: "mode 1: before the trigger the counter holds the count",
    script: "out 61 0; out 43 b2; out 42 34; out 42 12; wait 1ms; out 43 80; in 42 = 34; in 42 = 12",
    ours: "QEMU counts",
  },
  {
    name: "mode 2: OUT is low for the last tick of each period",
    script: `${GATE2}; out 43 b4; out 42 64; out 42 0; in 61 & 20 = 20; wait 82971ns; in 61 & 20 = 20; wait 1ns; in 61 & 20 = 0; wait 837ns; in 61 & 20 = 0; wait 1ns; in 61 & 20 = 20; wait 82972ns; in 61 & 20 = 0; wait 1us; in 61 & 20 = 20`,
  },
  {
    name: "mode 2: a low gate holds OUT high; a rising one reloads",
    script:
      "out 61 1; out 43 b4; out 42 64; out 42 0; wait 82972ns; in 61 & 20 = 0; out 61 0; in 61 & 20 = 20; wait 1ms; out 61 1; out 43 80; in 42 = 64; in 42 = 0",
    ours: "QEMU does not stop the counter",
  },
  {
    name: "mode 2: a count that comes while the gate is low is taken",
    script:
      "out 61 1; out 43 b4; out 42 64; out 42 0; wait 10us; out 61 0; out 42 50; out 42 0; wait 1ms; out 43 80; in 42 = 50; in 42 = 0; out 61 1; wait 10us; out 43 80; in 42 = 44; in 42 = 0",
    ours: "QEMU does not stop the counter",
  },
  {
    name: "mode 3: an odd count is high one tick longer",
    script: `${GATE2}; out 43 b6; out 42 5; out 42 0; wait 2514ns; in 61 & 20 = 20; wait 1ns; in 61 & 20 = 0; wait 1675ns; in 61 & 20 = 0; wait 1ns; in 61 & 20 = 20`,
  },
  {
    name: "mode 3: counts of an even period, read low byte first",
    script: `${GATE2}; out 43 b6; out 42 a; out 42 0; in 42 = a; in 42 = 0; wait 839ns; in 42 = 8; in 42 = 0; wait 3.4us; in 42 = a; in 42 = 0; wait 840ns; in 42 = 8; in 42 = 0`,
  },
  {
    name: "mode 3: an odd count reads even",
    script: `${GATE2}; out 43 96; out 42 7; in 42 = 6; wait 839ns; in 42 = 4; wait 838ns; in 42 = 2; wait 839ns; in 42 = 0; wait 838ns; in 42 = 6`,
    ours: "QEMU's first half is another",
  },
  {
    name: "mode 4: one tick low after the count",
    script: `${GATE2}; out 43 b8; in 61 & 20 = 20; out 42 64; out 42 0; wait 83809ns; in 61 & 20 = 20; wait 1ns; in 61 & 20 = 0; wait 838ns; in 61 & 20 = 20; wait 100ms; in 61 & 20 = 20`,
    ours: "QEMU's strobe is elsewhere",
  },
  {
    name: "mode 4: a low gate pauses it",
    script:
      "out 61 1; out 43 b8; out 42 64; out 42 0; wait 50us; out 61 0; wait 1s; out 61 1; out 43 80; in 42 = 29; in 42 = 0",
    ours: "QEMU does not stop the counter",
  },
  {
    name: "mode 5: the strobe follows a trigger",
    script:
      "out 61 0; out 43 ba; out 42 64; out 42 0; wait 1ms; in 61 & 20 = 20; out 61 1; wait 83.82us; in 61 & 20 = 0; wait 838ns; in 61 & 20 = 20",
    ours: "QEMU needs no trigger",
  },
  {
    name: "mode 5: before the trigger the counter holds the count",
    script: "out 61 0; out 43 ba; out 42 34; out 42 12; wait 1ms; out 43 80; in 42 = 34; in 42 = 12",
    ours: "QEMU counts",
  },
  {
    name: "mode 5: triggered again, it begins anew",
    script:
      "out 43 ba; out 42 64; out 42 0; out 61 1; wait 50us; out 61 0; wait 1us; out 61 1; out 43 80; in 42 = 64; in 42 = 0; wait 82.8us; in 61 & 20 = 20; wait 838ns; in 61 & 20 = 0; wait 839ns; in 61 & 20 = 20",
    ours: "QEMU needs no trigger",
  },
  {
    name: "modes 6 and 7 are 2 and 3",
    script: `${GATE2}; out 43 bc; out 42 64; out 42 0; out 43 e8; in 42 = b4; out 43 be; out 42 64; out 42 0; out 43 e8; in 42 = b6`,
    ours: "QEMU shows 6 and 7",
  },
  {
    name: "status: OUT, null count, access, mode, BCD",
    script: `${GATE2}; out 43 b1; out 43 e8; in 42 = 71; out 42 5; out 43 e8; in 42 = 71; out 42 0; out 43 e8; in 42 = 31; out 43 9a; out 43 e8; in 42 = da; out 43 a4; out 42 1; out 43 e8; in 42 = a4`,
    ours: "QEMU has no null count",
  },
  {
    name: "status: a count that waits is a null count",
    script: `${GATE2}; out 43 b4; out 42 64; out 42 0; wait 10us; out 43 e8; in 42 = b4; out 42 50; out 42 0; out 43 e8; in 42 = f4; wait 80us; out 43 e8; in 42 = b4`,
    ours: "QEMU has no null count",
  },
  {
    name: "status and count latched together: status comes first, then the count",
    script: `${GATE2}; out 43 b4; out 42 34; out 42 12; out 43 c8; wait 1ms; in 42 = b4; in 42 = 34; in 42 = 12`,
  },
  {
    name: "a latched status stays until it is read",
    script: `${GATE2}; out 43 b0; out 42 64; out 42 0; out 43 e8; wait 1ms; out 43 e8; in 42 = 30; out 43 e8; in 42 = b0`,
  },
  {
    name: "read-back chooses its channels",
    script:
      "out 43 34; out 40 34; out 40 12; out 43 74; out 41 78; out 41 56; out 43 b4; out 42 bc; out 42 9a; out 43 d6; wait 100us; in 40 = 34; in 40 = 12; in 41 = 78; in 41 = 56; out 43 e4; in 41 = b4; out 43 e2; in 40 = b4",
    ours: "times of reads",
  },
  {
    name: "high byte only",
    script: `${GATE2}; out 43 a0; out 42 2; in 42 = 2; wait 839ns; in 42 = 1; out 43 80; wait 500us; in 42 = 1; in 42 & 80 = 80`,
    ours: "counts below zero",
  },
  {
    name: "low byte only: one latched byte",
    script: `${GATE2}; out 43 94; out 42 64; out 43 80; wait 10us; in 42 = 64; in 42 = 59`,
  },
  {
    name: "a count of 0 is 65536",
    script: `${GATE2}; out 43 b0; out 42 0; out 42 0; wait 54925us; in 61 & 20 = 0; wait 1us; in 61 & 20 = 20`,
  },
  {
    name: "a count of 0 in BCD is 10000",
    script: `${GATE2}; out 43 b1; out 42 0; out 42 0; wait 8.380us; out 43 80; in 42 = 91; in 42 = 99; wait 8372us; in 61 & 20 = 0; wait 1us; in 61 & 20 = 20`,
  },
  {
    name: "BCD counts go through all four digits",
    script: `${GATE2}; out 43 b1; out 42 34; out 42 12; in 42 = 34; in 42 = 12; wait 195.3us; out 43 80; in 42 = 1; in 42 = 10; wait 1676ns; out 43 80; in 42 = 99; in 42 = 9`,
  },
  {
    name: "no count, no counter",
    script: `${GATE2}; out 43 b4; in 42 = 0; in 42 = 0; in 61 & 20 = 20; out 43 b0; in 61 & 20 = 0`,
    ours: "QEMU keeps the old count",
  },
  {
    name: "a control word forgets half a count",
    script: `${GATE2}; out 43 b4; out 42 55; out 43 b4; out 42 34; out 42 12; out 43 80; in 42 = 34; in 42 = 12`,
  },
  {
    name: "a control word forgets what was latched",
    script: `${GATE2}; out 43 b4; out 42 34; out 42 12; out 43 c8; out 43 94; out 42 77; in 42 = 77`,
    ours: "QEMU keeps the latch",
  },
  {
    name: "latching does not disturb half a count",
    script: `${GATE2}; out 43 b4; out 42 34; out 43 80; out 42 12; in 42; in 42; out 43 80; in 42 = 34; in 42 = 12`,
    ours: "QEMU's latch is empty",
  },
  { name: "the control port cannot be read", script: "in 43 = ff", ours: "QEMU reads 0" },
  {
    name: "channel 0, mode 0: one interrupt",
    script: `${IRQ0}; out 43 30; out 40 64; out 40 0; wait 83809ns; intr = 0; wait 1ns; intr = 1; ack = 8; out 20 20; wait 1s; intr = 0`,
  },
  {
    name: "channel 0: OUT rises with a control word: IRQ 0",
    script: `${IRQ0}; out 43 30; intr = 0; out 43 34; intr = 1; ack = 8`,
  },
  {
    name: "channel 0, mode 2: to the nanosecond",
    script: `${IRQ0}; out 43 34; out 40 64; out 40 0; wait 83809ns; intr = 0; wait 1ns; intr = 1; ack = 8; out 20 20; wait 83809ns; intr = 0; wait 1ns; intr = 1`,
  },
  {
    name: "channel 0, mode 4: with the end of the strobe",
    script: `${IRQ0}; out 43 38; out 40 64; out 40 0; wait 84.6us; intr = 0; wait 48ns; intr = 1; ack = 8; out 20 20; wait 1s; intr = 0`,
  },
  {
    name: "channel 0: a new count in mode 2 changes the next period",
    script: `${IRQ0}; out 43 34; out 40 64; out 40 0; wait 10us; out 40 c8; out 40 0; wait 74us; intr = 1; ack = 8; out 20 20; wait 83us; intr = 0; wait 85us; intr = 1`,
  },
  {
    name: "channel 0: half a count in mode 0 stops it",
    script: `${IRQ0}; out 43 30; out 40 64; out 40 0; wait 10us; out 40 64; wait 1s; intr = 0; out 40 0; wait 84us; intr = 1`,
  },
  {
    name: "reset stops all channels",
    script: `${IRQ0}; out 43 34; out 40 64; out 40 0; out 43 b1; out 61 1; reset; wait 1ms; in 61 & 2f = 20; out 43 e2; in 40 = f6; out 43 e8; in 42 = f6`,
  },
];
