import type { Case } from "./script.ts";

/** Vectors 08h and 70h, all IRQs unmasked. */
const PICS =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 0; out a1 0";
/** The power management function, its registers at 600h. */
const PM = "outl cf8 80000b40; outl cfc 600; outl cf8 80000b80; out cfc 1";
const EOI = "out a0 20; out 20 20";

/** Ports of the board itself, the coprocessor's error line, and power management. */
export const systemCases: readonly Case[] = [
  {
    name: "port 61h keeps its four bits; bit 0 is the gate",
    script: "out 61 fe; in 61 & cf = e; out 61 1; in 61 & cf = 1",
    ours: "QEMU keeps two of the bits",
  },
  {
    name: "port 61h: refresh toggles every 18 ticks",
    script:
      "wait 15085ns; in 61 & 10 = 0; wait 1ns; in 61 & 10 = 10; wait 15085ns; in 61 & 10 = 10; wait 1ns; in 61 & 10 = 0",
    ours: "QEMU toggles at each read",
  },
  { name: "port 61h after a reset", script: "out 61 f; reset; in 61 & f = 0" },
  {
    name: "port 92h: A20",
    script:
      "out 92 2; event a20 open; in 92 = 2; out 92 fc; event a20 closed; in 92 = 0; out 92 2; event a20 open; events = 0",
  },
  {
    name: "port 92h: a rising edge resets, a level does not",
    script:
      "out 92 1; event a20 closed; event reset by port 92h; in 92 = 1; out 92 1; event a20 closed; events = 0; out 92 0; event a20 closed; out 92 3; event a20 open; event reset by port 92h; events = 0",
  },
  { name: "port 92h after a reset", script: "out 92 2; reset; in 92 = 0" },
  {
    name: "port CF9h: bit 2 resets, bit 1 stays",
    script:
      "out cf9 ff; event reset by port CF9h; in cf9 = 2; out cf9 2; out cf9 fb; events = 0; in cf9 = 2; out cf9 4; event reset by port CF9h; in cf9 = 0",
  },
  { name: "port CF9h after a reset", script: "out cf9 2; reset; in cf9 = 0" },
  {
    name: "latches: POST code and APM status",
    script: "out 80 5a; in 80 = 5a; out b3 a5; in b3 = a5; in 80 = 5a; out b2 77; in b2 = 77",
    ours: "QEMU has no latch at port 80h",
  },
  {
    name: "the exit port",
    script: "outl f4 21; event exit 67; out f4 0; event exit 1; out f4 ff; event exit 255; in f4 = 0",
  },
  {
    name: "the debug console, at both places",
    script: "out 402 41; event debug 41; out e9 42; event debug 42; in 402 = e9; in e9 = e9; events = 0",
  },
  // FERR#.
  {
    name: "FERR# raises IRQ 13; port F0h takes it back and ignores further errors until FERR# falls",
    script: `${PICS}; out 4d1 0; ferr 1; intr = 1; ack = 75; ${EOI}; events = 0; out f0 0; event ignne on; ferr 0; event ignne off; in f0 = ff; ferr 1; intr = 1; ack = 75`,
  },
  {
    name: "port F0h without FERR# ignores nothing",
    script: "out f0 0; events = 0; ferr 1; ferr 0; event ignne off; out f0 0; events = 0",
  },
  {
    name: "IRQ 13 stays until port F0h is written, whatever FERR# does",
    script: `${PICS}; ferr 1; ack = 75; ${EOI}; ferr 0; ferr 1; intr = 0; out f0 0; ferr 1; intr = 1`,
  },
  {
    name: "a reset takes everything back",
    script: `${PICS}; ferr 1; reset; event ignne off; event a20 open; ${PICS}; intr = 0; out f0 0; events = 0; ferr 1; intr = 1`,
  },
  // ACPI.
  {
    name: "PM1 registers: which bits exist",
    script: `${PM}; inw 600 = 0; outw 602 ffff; inw 602 = 721; outw 602 0; inw 602 = 0; out 603 7; inw 602 = 700; out 602 21; inw 602 = 721; outw 604 dcfe; inw 604 = dcfe; out 605 5; inw 604 = 5fe; out 604 1; inw 604 = 501`,
    ours: "QEMU's widths",
  },
  {
    name: "PM registers without meaning keep what is written",
    script: `${PM}; outl 610 12345678; inl 610 = 12345678; out 63f 5a; in 63f = 5a; out 620 77; in 620 = 77; in 621 = 0`,
    ours: "QEMU has meanings",
  },
  {
    name: "PM timer: 24 bits, and it cannot be written",
    script: `${PM}; wait 1s; inl 608 = 369e99; outl 608 0; inl 608 = 369e99; inw 608 = 9e99; inw 60a = 36; in 608 = 99; in 609 = 9e; in 60a = 36; in 60b = 0; wait 4s; inl 608 = 1118fd`,
  },
  {
    name: "the power button",
    script: `${PICS}; ${PM}; button; inw 600 = 100; intr = 0; outw 602 100; intr = 0; outw 604 1; intr = 1; ack = 71; ${EOI}; outw 600 0; inw 600 = 100; outw 600 100; inw 600 = 0; button; intr = 1; ack = 71`,
  },
  {
    name: "the SCI is shared and level: it falls when the cause is gone",
    script: `${PICS}; out 4d1 2; ${PM}; outw 604 1; outw 602 100; button; intr = 1; outw 602 0; out a0 0a; in a0 & 2 = 0; outw 602 100; in a0 & 2 = 2; out 601 1; in a0 & 2 = 0`,
  },
  {
    name: "PM1 status: the upper half alone",
    script: `${PM}; button; in 601 = 1; out 600 ff; in 601 = 1; out 601 fe; in 601 = 1; out 601 1; in 601 = 0`,
  },
  {
    name: "TMR_STS: bit 23 changes every 2.34 s",
    script: `${PM}; wait 2343484us; inw 600 = 0; wait 1us; inw 600 = 1; outw 600 1; inw 600 = 0; wait 2343s; inw 600 = 1`,
  },
  {
    name: "TMR_STS is set also when nobody looked, and cleared by itself",
    script: `${PM}; wait 2343485us; outw 600 1; inw 600 = 0; wait 2343482us; inw 600 = 0; wait 2us; inw 600 = 1; outw 600 100; inw 600 = 1`,
  },
  {
    name: "the timer's interrupt",
    script: `${PICS}; ${PM}; outw 604 1; outw 602 1; wait 2343484us; intr = 0; wait 1us; intr = 1; ack = 71; ${EOI}; outw 600 1; wait 2343482us; intr = 0; wait 2us; intr = 1`,
  },
  {
    name: "the timer's interrupt, when it was enabled too late",
    script: `${PICS}; ${PM}; wait 3s; outw 604 1; outw 602 1; intr = 1`,
  },
  {
    name: "APM: an operating system takes over, and gives back",
    script: `${PM}; out b2 f1; inw 604 = 1; out b2 77; inw 604 = 1; out b2 f0; inw 604 = 0; outw 604 1c00; out b2 f1; inw 604 = 1c01; out b2 f0; inw 604 = 1c00`,
    ours: "no SMM here",
  },
  {
    name: "SCI_EN by APM raises what waits",
    script: `${PICS}; ${PM}; button; outw 602 100; intr = 0; out b2 f1; intr = 1`,
  },
  { name: "power off: S5", script: `${PM}; outw 604 2001; event power off; inw 604 = 1; events = 0` },
  { name: "power off: S4", script: `${PM}; outw 604 2800; event power off; inw 604 = 800` },
  {
    name: "S3 is not offered, nor what has no name",
    script: `${PM}; outw 604 2400; inw 604 = 400; outw 604 2c00; outw 604 3000; outw 604 3c00; outw 604 c00; events = 0`,
  },
  {
    name: "SLP_EN by the upper byte",
    script: `${PM}; out 605 20; event power off; outl 604 2000; event power off; out 602 20; out 606 20; outw 602 2000; events = 0`,
  },
  { name: "a dword at 2h reaches PM1 control", script: `${PM}; outl 602 20000000; event power off; inw 602 = 0` },
  {
    name: "PMBA: placed with bits 15-6, and only when enabled",
    script:
      "outl cf8 80000b40; outl cfc ffffffff; inl cfc = ffc1; outl cfc b000; inw b000 = ffff; outl cf8 80000b80; out cfc 1; inw b000 = 0; out cfc 0; inw b000 = ffff; out cfc 1; outl cf8 80000b40; outl cfc 0; inw b000 = ffff; outl cfc 601; inw 600 = 0; inw b000 = ffff",
    ours: "QEMU places it otherwise at the top",
  },
  {
    name: "power management after a reset",
    script: `${PM}; outw 602 721; outw 604 1c01; outl 610 5; button; reset; inw 600 = ffff; ${PM}; inw 600 = 0; inw 602 = 0; inw 604 = 0; inl 610 = 0; wait 2343485us; inw 600 = 1`,
  },
  {
    name: "configuration space of power management",
    script:
      "outl cf8 80000b58; inl cfc = 2000000; outl cf8 80000b3c; inl cfc = 109; out cfc a; in cfc = a; outl cf8 80000bd4; outl cfc ffffffff; inl cfc = ffffffff; outl cf8 80000bd8; outl cfc ffffffff; inl cfc = 0; outl cf8 80000b40; outl cfc 12345678; inl cfc = 5641",
    ours: "QEMU's masks",
  },
  {
    name: "a sleep type alone is no sleep",
    script: `${PM}; ${[0, 1, 2, 3, 4, 5, 6, 7].map((type) => `outw 604 ${(type << 10).toString(16)}; inw 604 = ${(type << 10).toString(16)}`).join("; ")}; events = 0`,
  },
];
