import type { Case } from "./script.ts";

/** Keyboard bytes take half a millisecond here and no time in QEMU. */
const WAIT = "settle 2ms";

/** The next byte of a device, as soon as it has come over the cable. */
const BYTE = "wait 500us; in 60";
/** A byte for the mouse; its answer follows. */
const mouse = (byte: string): string => `out 64 d4; out 60 ${byte}; ${BYTE}`;
/** Sets the mouse's sample rate. */
const samples = (rate: string): string => `${mouse("f3")} = fa; ${mouse(rate)} = fa`;
/** Vectors 08h and 70h; IRQ 1 and 12. */
const PICS =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 f9; out a1 ef";

export const keyboardCases: readonly Case[] = [
  { name: "controller self test", script: "out 64 aa; in 64 & 1 = 1; in 60 = 55; in 64 & 1 = 0; in 64 & 4 = 4" },
  { name: "interface tests", script: "out 64 ab; in 60 = 0; out 64 a9; in 60 = 0" },
  { name: "the mode byte reads back", script: "out 64 60; out 60 45; out 64 20; in 60 = 45" },
  { name: "keyboard reset", script: `out 60 ff; ${WAIT}; in 60 = fa; ${WAIT}; in 60 = aa` },
  {
    name: "a key waits while an answer has not been read",
    script: "out 64 60; out 60 41; out 64 20; key 1e; wait 5ms; in 60 = 41; wait 5ms; in 60 = 1e; in 64 & 1 = 0",
  },
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
  // The controller.
  {
    name: "status after power on, and with a command or data written last",
    script: "in 64 = 18; out 64 a7; in 64 = 18; out 60 ee; in 64 = 10; out 64 a8; in 64 = 18",
    ours: "QEMU has other bits",
  },
  {
    name: "reset",
    script:
      "out 64 60; out 60 74; out 64 65; out 60 5a; out 64 d2; out 60 1; out 64 d1; reset; in 64 = 18; out 64 20; in 60 = 3; out 64 25; in 60 = 0; out 64 d0; in 60 = cf; out 60 ee; wait 1ms; in 60 = ee",
  },
  {
    name: "the mode byte has seven bits, and bit 2 shows in the status",
    script:
      "out 64 60; out 60 ff; out 64 20; in 60 = 7f; in 64 & 4 = 4; out 64 60; out 60 0; in 64 & 4 = 0; out 64 20; in 60 = 0",
    ours: "QEMU keeps bit 7",
  },
  {
    name: "self test sets the system bit",
    script: "out 64 60; out 60 0; out 64 aa; in 60 = 55; out 64 20; in 60 = 4; in 64 & 4 = 4",
    ours: "QEMU does not",
  },
  {
    name: "32 bytes of memory",
    script:
      "out 64 61; out 60 11; out 64 7f; out 60 22; out 64 21; in 60 = 11; out 64 3f; in 60 = 22; out 64 22; in 60 = 0; out 64 20; in 60 = 3",
    ours: "QEMU has none",
  },
  {
    name: "password, tests, input port",
    script: "out 64 a4; in 60 = f1; out 64 a9; in 60 = 0; out 64 ab; in 60 = 0; out 64 c0; in 60 = 80",
    ours: "QEMU knows fewer",
  },
  {
    name: "ports are switched off and on",
    script:
      "out 64 a7; out 64 20; in 60 = 23; out 64 ad; out 64 20; in 60 = 33; out 64 a8; out 64 20; in 60 = 13; out 64 ae; out 64 20; in 60 = 3",
  },
  {
    name: "a byte to a device switches its port on",
    script:
      "out 64 ad; out 64 a7; out 60 ee; out 64 20; in 60 = 23; wait 1ms; in 60 = ee; out 64 d4; out 60 f4; out 64 20; in 60 = 3",
    ours: "times",
  },
  {
    name: "a keyboard that is switched off keeps its bytes",
    script:
      "out 64 ad; key 1e; wait 10ms; in 64 & 1 = 0; out 64 ae; wait 499999ns; in 64 & 1 = 0; wait 1ns; in 64 & 21 = 1; in 60 = 1c",
  },
  {
    name: "a mouse that is switched off keeps its bytes",
    script:
      "out 64 d4; out 60 f4; out 64 a7; wait 10ms; in 64 & 1 = 0; out 64 a8; wait 499999ns; in 64 & 1 = 0; wait 1ns; in 64 & 21 = 21; in 60 = fa",
  },
  {
    name: "the keyboard goes before the mouse",
    script:
      "out 64 ad; out 64 d4; out 60 f4; key 1e; out 64 ae; wait 500us; in 64 & 21 = 1; in 60 = 1c; wait 500us; in 64 & 21 = 21; in 60 = fa",
  },
  {
    name: "an answer goes before what devices send",
    script: "key 1e; out 64 20; in 64 & 1 = 1; wait 1ms; in 60 = 3; in 64 & 1 = 0; wait 500us; in 60 = 1c",
  },
  {
    name: "answers queue up",
    script:
      "out 64 d2; out 60 1; out 64 d3; out 60 2; out 64 d2; out 60 3; in 64 & 21 = 1; in 60 = 1; in 64 & 21 = 21; in 60 = 2; in 64 & 21 = 1; in 60 = 3; in 64 & 21 = 0; in 60 = 3",
    ours: "QEMU keeps the last",
  },
  {
    name: "a command ends one that waits for its argument",
    script: "out 64 60; out 64 a8; out 60 ee; wait 1ms; in 60 = ee; out 64 20; in 60 = 3",
  },
  {
    name: "commands without a meaning do nothing",
    script:
      "out 64 0; out 64 5f; out 64 80; out 64 a0; out 64 b0; out 64 de; in 64 & 1 = 0; events = 0; out 60 ee; wait 1ms; in 60 = ee",
  },
  {
    name: "output port: A20",
    script:
      "out 64 dd; event a20 closed; out 64 d0; in 60 = cd; out 64 df; event a20 open; out 64 d0; in 60 = cf; out 64 d1; out 60 1; event a20 closed; out 64 d0; in 60 = 1; events = 0",
  },
  {
    name: "output port: reset",
    script: "out 64 d1; out 60 2; event a20 open; event reset by keyboard controller; events = 0",
  },
  {
    name: "pulses: only bit 0 is wired",
    script:
      "out 64 fe; event reset by keyboard controller; out 64 f0; event reset by keyboard controller; out 64 ff; out 64 fd; out 64 f1; events = 0",
  },
  // Interrupts.
  {
    name: "IRQ 1 with its enable bit, and gone with the byte",
    script: `${PICS}; out 4d0 0; out 64 d2; out 60 1; intr = 1; ack = 9; out 20 20; out 64 d2; out 60 2; intr = 0; in 60 = 1; intr = 1; ack = 9; out 20 20; in 60 = 2; intr = 0; out 64 60; out 60 2; out 64 d2; out 60 1; intr = 0; out 64 60; out 60 1; intr = 1`,
  },
  {
    name: "IRQ 12 for bytes of the mouse only",
    script: `${PICS}; out 64 d3; out 60 1; intr = 1; ack = 74; out a0 20; out 20 20; in 60 = 1; out 64 60; out 60 1; out 64 d3; out 60 1; intr = 0; out 64 60; out 60 2; intr = 1; ack = 74; out a0 20; out 20 20; in 60; out 64 d2; out 60 1; intr = 0`,
  },
  // The keyboard.
  {
    name: "keys in set 2, translated and not",
    script: `out 64 60; out 60 40; key 1e; keyup 1e; ${BYTE} = 1e; wait 1ms; in 60 = 9e; key e048; keyup e048; ${BYTE} = e0; ${BYTE} = 48; ${BYTE} = e0; wait 1ms; in 60 = c8; out 64 60; out 60 0; key 1e; keyup 1e; ${BYTE} = 1c; ${BYTE} = f0; ${BYTE} = 1c; key 41; ${BYTE} = 83`,
  },
  {
    name: "set 1 by command",
    script: `out 60 f0; ${BYTE} = fa; out 60 1; ${BYTE} = fa; out 60 f0; ${BYTE} = fa; out 60 0; ${BYTE} = fa; ${BYTE} = 1; key 1e; keyup 1e; ${BYTE} = 1e; ${BYTE} = 9e; out 60 f0; ${BYTE} = fa; out 60 3; ${BYTE} = fe; out 60 f6; ${BYTE} = fa; key 1e; ${BYTE} = 1c`,
  },
  {
    name: "LEDs",
    script: `out 60 ed; ${BYTE} = fa; out 60 80; ${BYTE} = fe; leds = 0; out 60 ed; ${BYTE} = fa; out 60 f; ${BYTE} = fa; leds = 7; out 60 ed; ${BYTE} = fa; out 60 2; ${BYTE} = fa; leds = 2; out 60 ff; ${BYTE} = fa; ${BYTE} = aa; leds = 0`,
  },
  {
    name: "a command in place of an argument is a command",
    script: `out 60 ed; ${BYTE} = fa; out 60 ee; ${BYTE} = ee; out 60 2; ${BYTE} = fe`,
  },
  {
    name: "resend",
    script: `out 60 ee; ${BYTE} = ee; out 60 fe; ${BYTE} = ee; key 1e; ${BYTE} = 1c; out 60 fe; ${BYTE} = 1c`,
  },
  {
    name: "F5 waits, F6 does not, F4 goes on",
    script: `out 60 f5; ${BYTE} = fa; key 1e; wait 10ms; in 64 & 1 = 0; out 60 f4; ${BYTE} = fa; ${BYTE} = 1c; out 60 f5; ${BYTE} = fa; key 30; out 60 f6; ${BYTE} = fa; ${BYTE} = 32`,
  },
  {
    name: "F4, F5 and F6 drop what has not been sent",
    script:
      "out 64 ad; key 1e; out 60 f4; wait 500us; in 60 = fa; wait 5ms; in 64 & 1 = 0; out 64 ad; key 1e; out 60 f6; wait 500us; in 60 = fa; wait 5ms; in 64 & 1 = 0",
  },
  { name: "identity", script: `out 60 f2; ${BYTE} = fa; ${BYTE} = ab; ${BYTE} = 83; wait 1ms; in 64 & 1 = 0` },
  {
    name: "commands of set 3 are acknowledged, others are not",
    script: `out 60 f7; ${BYTE} = fa; out 60 fd; ${BYTE} = fa; out 60 f8; ${BYTE} = fa; out 60 ef; ${BYTE} = fe; out 60 f1; ${BYTE} = fe; out 60 80; ${BYTE} = fe`,
  },
  {
    name: "typematic rate takes any byte below 80h",
    script: `out 60 f3; ${BYTE} = fa; out 60 7f; ${BYTE} = fa; out 60 f3; ${BYTE} = fa; out 60 80; ${BYTE} = fe`,
  },
  {
    name: "reset of the keyboard",
    script: `out 60 ed; ${BYTE} = fa; out 60 7; ${BYTE} = fa; out 60 f0; ${BYTE} = fa; out 60 1; ${BYTE} = fa; out 60 f5; ${BYTE} = fa; out 60 ff; ${BYTE} = fa; ${BYTE} = aa; leds = 0; key 1e; ${BYTE} = 1c`,
  },
  // The mouse.
  {
    name: "mouse: settings show in its status, and defaults take them back",
    script: `${mouse("e7")} = fa; ${mouse("f4")} = fa; ${mouse("e8")} = fa; ${mouse("3")} = fa; ${mouse("f3")} = fa; ${mouse("28")} = fa; ${mouse("e9")} = fa; ${BYTE} = 30; ${BYTE} = 3; ${BYTE} = 28; ${mouse("e6")} = fa; ${mouse("f5")} = fa; ${mouse("f0")} = fa; ${mouse("e9")} = fa; ${BYTE} = 40; ${BYTE} = 3; ${BYTE} = 28; ${mouse("ea")} = fa; ${mouse("e9")} = fa; ${BYTE} = 0; ${BYTE} = 3; ${BYTE} = 28; ${mouse("f6")} = fa; ${mouse("e9")} = fa; ${BYTE} = 0; ${BYTE} = 2; ${BYTE} = 64`,
  },
  {
    name: "mouse: a resolution has two bits",
    script: `${mouse("e8")} = fa; ${mouse("ff")} = fa; ${mouse("e9")} = fa; ${BYTE} = 0; ${BYTE} = 3; ${BYTE} = 64`,
  },
  {
    name: "mouse: wrap mode echoes all but its end and a reset",
    script: `${mouse("ee")} = fa; ${mouse("f4")} = f4; ${mouse("e9")} = e9; ${mouse("0")} = 0; ${mouse("ec")} = fa; ${mouse("e9")} = fa; ${BYTE} = 0; ${BYTE} = 2; ${BYTE} = 64; ${mouse("ee")} = fa; ${mouse("ff")} = fa; ${BYTE} = aa; ${BYTE} = 0; ${mouse("f2")} = fa; ${BYTE} = 0`,
  },
  {
    name: "mouse: nobody moves it",
    script: `${mouse("eb")} = fa; ${BYTE} = 8; ${BYTE} = 0; ${BYTE} = 0; wait 1ms; in 64 & 1 = 0`,
  },
  {
    name: "mouse: a knock by sample rates makes it one with a wheel, another one with five buttons, a reset neither",
    script: `${samples("c8")}; ${samples("64")}; ${samples("50")}; ${mouse("f2")} = fa; ${BYTE} = 3; ${samples("c8")}; ${samples("c8")}; ${samples("50")}; ${mouse("f2")} = fa; ${BYTE} = 4; ${mouse("eb")} = fa; ${BYTE} = 8; ${BYTE} = 0; ${BYTE} = 0; ${BYTE} = 0; ${mouse("ff")} = fa; ${BYTE} = aa; ${BYTE} = 0; ${mouse("f2")} = fa; ${BYTE} = 0`,
  },
  {
    name: "mouse: a knock that is broken off is none",
    script: `${samples("c8")}; ${samples("64")}; ${samples("64")}; ${samples("50")}; ${mouse("f2")} = fa; ${BYTE} = 0`,
  },
  {
    name: "mouse: unknown commands",
    script: `${mouse("e5")} = fc; ${mouse("f1")} = fc; ${mouse("0")} = fc; ${mouse("fe")} = fc`,
  },
  {
    name: "mouse: reset",
    script: `${mouse("e7")} = fa; ${mouse("f0")} = fa; ${mouse("f3")} = fa; ${mouse("ff")} = fa; ${mouse("f3")} = fa; ${mouse("50")} = fa; ${mouse("ff")} = fa; ${BYTE} = aa; ${BYTE} = 0; ${mouse("e9")} = fa; ${BYTE} = 0; ${BYTE} = 2; ${BYTE} = 64`,
  },
];
