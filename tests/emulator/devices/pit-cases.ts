import type { Case } from "./script.ts";

/** Channel 2 with its gate open; one tick is 838.1 ns. */
const GATE2 = "out 61 01";

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
];
