import type { Case } from "./script.ts";

/** 115200 baud, 8N1: 86.8 us for a character. */
const FAST = "out 3fb 83; out 3f8 01; out 3f9 00; out 3fb 03";

/** Vectors from 08h; IRQ 4 alone. */
const PICS = "out 20 11; out 21 08; out 21 04; out 21 01; out 21 ef";

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
  {
    name: "halves of the divisor keep each other",
    script: "out 3fb 80; out 3f8 34; out 3f9 12; out 3f8 78; in 3f9 = 12; in 3f8 = 78; out 3f9 56; in 3f8 = 78",
  },
  {
    name: "reset: 9600 baud, nothing enabled, scratch empty",
    script:
      "out 3fb 83; out 3f8 1; out 3fb 3; out 3ff a5; out 3fc 1f; out 3f9 f; out 3fa 1; com1 41; reset; in 3ff = 0; in 3fb = 0; in 3fc = 0; in 3f9 = 0; in 3fa = 1; out 3fb 80; in 3f8 = c; in 3f9 = 0; out 3fb 3; in 3fd = 60",
  },
  {
    name: "modem control keeps five bits, line control eight",
    script: "out 3fc ff; in 3fc = 1f; out 3fc 0; out 3fb ff; in 3fb = ff",
    ours: "QEMU keeps bit 5",
  },
  { name: "LSR and MSR cannot be written", script: "out 3fd 0; in 3fd = 60; out 3fe 0; in 3fe = b0" },
  { name: "a terminal is there: CTS, DSR, DCD", script: "in 3fe = b0; out 3fc b; in 3fe = b0" },
  {
    name: "what is written leaves",
    script: "out 3f8 41; out 3f8 42; out 2f8 43; sent1 = 41; sent1 = 42; sent1 = ffffffff; sent2 = 43",
  },
  {
    name: "what is written in loopback does not",
    script: `${FAST}; out 3fc 10; out 3f8 41; sent1 = ffffffff; in 3f8 = 41`,
  },
  // Time of a character, to the nanosecond.
  {
    name: "8N1 at 115200 baud",
    script: `${FAST}; com1 41; wait 86805ns; in 3fd & 1 = 0; wait 1ns; in 3fd & 1 = 1; in 3f8 = 41; in 3fd & 1 = 0`,
  },
  {
    name: "8N1 at 57600 baud",
    script:
      "out 3fb 83; out 3f8 2; out 3f9 0; out 3fb 3; com1 41; wait 173611ns; in 3fd & 1 = 0; wait 1ns; in 3fd & 1 = 1",
  },
  { name: "8E2", script: `${FAST}; out 3fb 1f; com1 41; wait 104166ns; in 3fd & 1 = 0; wait 1ns; in 3fd & 1 = 1` },
  { name: "8O1", script: `${FAST}; out 3fb b; com1 41; wait 95486ns; in 3fd & 1 = 0; wait 1ns; in 3fd & 1 = 1` },
  { name: "7N2", script: `${FAST}; out 3fb 6; com1 41; wait 86805ns; in 3fd & 1 = 0; wait 1ns; in 3fd & 1 = 1` },
  { name: "5N1", script: `${FAST}; out 3fb 0; com1 41; wait 60763ns; in 3fd & 1 = 0; wait 1ns; in 3fd & 1 = 1` },
  { name: "5N1.5", script: `${FAST}; out 3fb 4; com1 41; wait 65104ns; in 3fd & 1 = 0; wait 1ns; in 3fd & 1 = 1` },
  {
    name: "a divisor of 0 is 65536",
    script:
      "out 3fb 83; out 3f8 0; out 3f9 0; out 3fb 3; com1 41; wait 5688ms; in 3fd & 1 = 0; wait 889us; in 3fd & 1 = 1",
  },
  {
    name: "bytes come one after the other, each as the one before is read",
    script: `${FAST}; com1 1 2; wait 1ms; in 3f8 = 1; in 3fd & 1 = 0; wait 86805ns; in 3fd & 1 = 0; wait 1ns; in 3f8 = 2; in 3fd & 2 = 0`,
  },
  {
    name: "without anything received the last byte stays",
    script: `${FAST}; com1 41; wait 1ms; in 3f8 = 41; in 3f8 = 41`,
  },
  {
    name: "what comes during loopback waits",
    script: `${FAST}; out 3fc 10; com1 41; wait 1ms; in 3fd & 1 = 0; out 3fc 0; wait 86806ns; in 3f8 = 41`,
  },
  {
    name: "loopback in the middle of a character: it comes again",
    script: `${FAST}; com1 41; wait 50us; out 3fc 10; wait 1ms; in 3fd & 1 = 0; out 3fc 0; wait 87us; in 3fd & 1 = 1`,
  },
  // FIFO.
  {
    name: "the FIFO takes sixteen and no more",
    script: `${FAST}; out 3fa 1; com1 0 1 2 3 4 5 6 7 8 9 a b c d e f 10 11; wait 3ms; in 3fd & 3 = 1; in 3f8 = 0; in 3f8 = 1; wait 87us; in 3f8 = 2; in 3f8 = 3; in 3f8 = 4; in 3f8 = 5; in 3f8 = 6; in 3f8 = 7; in 3f8 = 8; in 3f8 = 9; in 3f8 = a; in 3f8 = b; in 3f8 = c; in 3f8 = d; in 3f8 = e; in 3f8 = f; in 3f8 = 10; wait 87us; in 3f8 = 11; in 3fd & 1 = 0`,
  },
  {
    name: "an overrun of the FIFO keeps what came first",
    script: `${FAST}; out 3fc 10; out 3fa 1; ${"out 3f8 7; ".repeat(16)} in 3fd & 3 = 1; out 3f8 9; in 3fd & 3 = 3; in 3fd & 3 = 1; ${"in 3f8 = 7; ".repeat(16)} in 3fd & 1 = 0`,
  },
  {
    name: "trigger level of one",
    script: `${FAST}; out 3fc 10; out 3fa 1; out 3f9 1; in 3fa = c1; out 3f8 1; in 3fa = c4`,
  },
  {
    name: "trigger level of eight",
    script: `${FAST}; out 3fc 10; out 3fa 81; out 3f9 1; ${"out 3f8 1; ".repeat(7)} in 3fa = c1; out 3f8 1; in 3fa = c4; in 3f8; in 3fa = c1`,
  },
  {
    name: "trigger level of fourteen",
    script: `${FAST}; out 3fc 10; out 3fa c1; out 3f9 1; ${"out 3f8 1; ".repeat(13)} in 3fa = c1; out 3f8 1; in 3fa = c4`,
  },
  {
    name: "the trigger level counts only in a FIFO",
    script: `${FAST}; out 3fc 10; out 3fa c0; out 3f9 1; in 3fa = 1; out 3f8 1; in 3fa = 4`,
  },
  {
    name: "timeout after four characters, to the nanosecond",
    script: `${FAST}; out 3fc 10; out 3fa c1; out 3f9 1; out 3f8 1; wait 347223ns; in 3fa = c1; wait 1ns; in 3fa = cc; in 3f8; in 3fa = c1`,
  },
  {
    name: "each byte puts the timeout off",
    script: `${FAST}; out 3fc 10; out 3fa c1; out 3f9 1; out 3f8 1; wait 300us; out 3f8 2; wait 300us; in 3fa = c1; wait 50us; in 3fa = cc; out 3f8 3; in 3fa = c1`,
  },
  {
    name: "a read puts the timeout off while something is left",
    script: `${FAST}; out 3fc 10; out 3fa c1; out 3f9 1; out 3f8 1; out 3f8 2; wait 400us; in 3fa = cc; in 3f8 = 1; in 3fa = c1; wait 347us; in 3fa = c1; wait 1us; in 3fa = cc; in 3f8 = 2; wait 1ms; in 3fa = c1`,
  },
  {
    name: "no timeout without its interrupt",
    script: `${FAST}; out 3fc 10; out 3fa c1; out 3f8 1; wait 1ms; in 3fa = c1; out 3f9 1; in 3fa = c1; wait 348us; in 3fa = cc; out 3f9 0; in 3fa = c1`,
  },
  { name: "no timeout without FIFO", script: `${FAST}; out 3fc 10; out 3f9 1; out 3f8 1; wait 1ms; in 3fa = 4` },
  {
    name: "the reset bits of the FIFO control",
    script: `${FAST}; out 3fc 10; out 3fa c1; out 3f9 1; out 3f8 1; wait 1ms; in 3fa = cc; out 3fa c3; in 3fa = c1; in 3fd & 1 = 0; out 3fa c1; in 3fa = c1`,
  },
  {
    name: "the transmitter's reset bit empties it",
    script: `${FAST}; out 3fc 8; out 3f9 2; in 3fa = 2; out 3fa 1; in 3fa = c2; in 3fa = c1; out 3fa 1; in 3fa = c1; out 3fa 5; in 3fa = c2; out 3fa 4; in 3fa = 2; in 3fa = 1; out 3fa 4; in 3fa = 1`,
    ours: "QEMU raises no interrupt for it",
  },
  {
    name: "switching the FIFO on or off empties it",
    script: `${FAST}; out 3fc 10; out 3f8 1; out 3fa 1; in 3fd & 1 = 0; out 3f8 1; out 3fa 0; in 3fd & 1 = 0; out 3f8 1; out 3fa 0; in 3fd & 1 = 1`,
  },
  // Interrupts.
  {
    name: "line status is the most urgent",
    script: `${FAST}; out 3fc 10; out 3f9 f; out 3f8 1; out 3f8 2; in 3fa = 6; in 3fa = 6; in 3fd & 2 = 2; in 3fa = 4; in 3f8; in 3fa = 2; in 3fa = 0; in 3fe & f; in 3fa = 1`,
    ours: "QEMU enables line status by another bit",
  },
  {
    name: "an overrun alone interrupts only with its enable bit",
    script: `${FAST}; out 3fc 10; out 3f9 1; out 3f8 1; out 3f8 2; in 3fa = 4; out 3f9 4; in 3fa = 6`,
  },
  {
    name: "received data interrupts only with its enable bit",
    script: `${FAST}; out 3fc 10; out 3f8 1; in 3fa = 1; out 3f9 1; in 3fa = 4`,
  },
  {
    name: "modem deltas: which input changed",
    script:
      "out 3fc 10; in 3fe = b; in 3fe = 0; out 3fc 11; in 3fe = 22; in 3fe = 20; out 3fc 13; in 3fe = 31; out 3fc 17; in 3fe = 70; out 3fc 1f; in 3fe = f8; out 3fc 1b; in 3fe = b4; in 3fe = b0",
    ours: "QEMU's deltas are others",
  },
  {
    name: "modem status interrupts",
    script:
      "out 3fc 10; in 3fe; out 3f9 8; in 3fa = 1; out 3fc 11; in 3fa = 0; in 3fe & f = 2; in 3fa = 1; out 3f9 0; out 3fc 10; in 3fa = 1",
    ours: "QEMU's deltas are others",
  },
  {
    name: "OUT2 is cut off in loopback",
    script: `${PICS}; out 3fc 18; out 3f9 2; intr = 0; out 3fc 8; intr = 1; ack = c; out 3fc 0; intr = 0`,
  },
  {
    name: "IRQ 4 falls when the cause is gone",
    script: `${PICS}; out 4d0 10; out 3fc 8; out 3f9 2; intr = 1; in 3fa = 2; intr = 0; out 3f8 1; intr = 1; out 3f9 0; intr = 0`,
  },
  {
    name: "IRQ 4 with data, and not without",
    script: `${PICS}; out 4d0 10; ${FAST}; out 3fc 8; out 3f9 1; com1 41; intr = 0; wait 87us; intr = 1; in 3f8 = 41; intr = 0`,
  },
  {
    name: "IRQ 4 with an overrun, until it is read",
    script: `${PICS}; out 4d0 10; ${FAST}; out 3fc 10; out 3f8 1; out 3f8 2; out 3f9 4; out 3fc 8; intr = 1; in 3fd; intr = 0`,
  },
  {
    name: "IRQ 4 with a timeout",
    script: `${PICS}; out 4d0 10; ${FAST}; out 3fa c1; out 3fc 8; out 3f9 1; com1 41; wait 400us; intr = 0; wait 100us; intr = 1; in 3f8; intr = 0`,
  },
  {
    name: "IRQ 4 with modem status, until it is read",
    script: `${PICS}; out 4d0 10; out 3fc 10; in 3fe; out 3f9 8; out 3fc 8; intr = 1; in 3fe; intr = 0`,
  },
  { name: "COM2 has IRQ 3", script: `${PICS}; out 21 f7; out 2fc 8; out 2f9 2; intr = 1; ack = b` },
  {
    name: "an empty FIFO has nothing to remind of",
    script: `${PICS}; ${FAST}; out 3fa 81; out 3f9 1; out 3fc 8; com1 41; wait 200us; in 3f8 = 41; wait 10ms; intr = 0; in 3fa = c1`,
  },
];

/** COM3 and COM4, and the interrupts that they share with COM1 and COM2. */
export const furtherUartCases: readonly Case[] = [
  {
    name: "each has registers of its own",
    script: "out 3ff 1; out 2ff 2; out 3ef 3; out 2ef 4; in 3ff = 1; in 2ff = 2; in 3ef = 3; in 2ef = 4",
  },
  {
    name: "what is written leaves by its own port",
    script: "out 3e8 41; out 2e8 42; sent3 = 41; sent4 = 42; sent1 = ffffffff; sent2 = ffffffff",
  },
  {
    name: "what comes is there",
    script: "com3 51; com4 52; wait 2ms; in 3e8 = 51; in 2e8 = 52; in 3fd & 1 = 0; in 2fd & 1 = 0",
  },
  {
    name: "COM3 interrupts as COM1 does, and the line is up while either wants something",
    script: `${PICS}; out 3ec 8; out 3e9 2; intr = 1; ack = c; out 20 20; in 3ea = 2; intr = 0; out 3fc 8; out 3f9 2; intr = 1; in 3ea = 1; in 3fa = 2`,
  },
];
