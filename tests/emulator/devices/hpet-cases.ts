import { hex } from "./places.ts";
import type { Case } from "./script.ts";

const HPET = 0xfed00000;
const put = (offset: number, value: string): string => `writel ${hex(HPET + offset)} ${value}`;
const get = (offset: number, expected: string): string => `readl ${hex(HPET + offset)} = ${expected}`;

/** The 8259As as PC firmware programs them, all IRQs unmasked, without a time of day. */
const PICS =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 0; out a1 0";
const EOI = "out a0 20; out 20 20";
/** Of comparator 0: value, and 32 bits of it. */
const CONFIGURATION = 0x100;
const VALUE = 0x108;

export const hpetCases: readonly Case[] = [
  {
    name: "capabilities and what stands after a reset",
    script: [
      [get(0, "8086a201"), get(4, "989680"), get(8, "0"), get(0x10, "0"), get(0x14, "0"), get(0x20, "0")],
      [get(0xf0, "0"), get(0xf4, "0")],
      [0x100, 0x120, 0x140].flatMap((at) => [
        get(at, "30"),
        get(at + 4, "4"),
        get(at + 8, "ffffffff"),
        get(at + 12, "ffffffff"),
      ]),
      [get(0x160, "0"), get(0x164, "0"), get(0x3f8, "0")],
    ]
      .flat()
      .join("; "),
  },
  {
    name: "what can be written, and what cannot",
    script: [
      [put(0, "ffffffff"), get(0, "8086a201"), put(4, "1"), get(4, "989680")],
      [put(0x10, "fffffffe"), get(0x10, "2"), put(0x10, "0"), get(0x10, "0")],
      [put(0xf0, "12345678"), put(0xf4, "9abcdef0"), get(0xf0, "12345678"), get(0xf4, "9abcdef0")],
      [put(0x20, "ffffffff"), get(0x20, "0")],
      [put(CONFIGURATION, "ffffbfff"), get(CONFIGURATION, "3f7e"), get(CONFIGURATION + 4, "4")],
      [put(CONFIGURATION, "0"), get(CONFIGURATION, "30")],
    ]
      .flat()
      .join("; "),
  },
  {
    name: "a comparator of 64 bits and of 32",
    script: [
      [put(VALUE, "89abcdef"), put(VALUE + 4, "1234567"), get(VALUE, "89abcdef"), get(VALUE + 4, "1234567")],
      [put(CONFIGURATION, "100"), get(VALUE, "89abcdef"), get(VALUE + 4, "0")],
      [put(VALUE + 4, "5"), get(VALUE + 4, "5")],
    ]
      .flat()
      .join("; "),
  },
  {
    name: "a periodic comparator takes its value once after SET_VALUE, else its period alone",
    script: [
      [put(CONFIGURATION, "148"), put(VALUE, "1000"), get(VALUE, "1000"), get(CONFIGURATION, "138")],
      [put(VALUE, "2000"), get(VALUE, "1000")],
    ]
      .flat()
      .join("; "),
  },
  {
    name: "the counter runs at 100 MHz while it is enabled",
    script: [
      [put(0xf0, "fffffff0"), "wait 1us", get(0xf0, "fffffff0"), put(0x10, "1"), "wait 1us"],
      [get(0xf0, "54"), get(0xf4, "1"), put(0x10, "0"), "wait 1us", get(0xf0, "54")],
    ]
      .flat()
      .join("; "),
    ours: "time",
  },
  {
    name: "legacy replacement: comparator 0 is IRQ 0 in place of the 8254, comparator 1 IRQ 8",
    script: [
      [PICS, put(CONFIGURATION, "4"), put(VALUE, "64"), put(VALUE + 4, "0"), put(0x120, "4"), put(0x128, "c8")],
      [put(0x12c, "0"), "out 43 34; out 40 64; out 40 0", put(0x10, "3"), "wait 990ns; intr = 0; wait 10ns; intr = 1"],
      [`ack = 8; ${EOI}; intr = 0; wait 990ns; intr = 0; wait 10ns; intr = 1; ack = 70; ${EOI}`],
      ["wait 1ms; intr = 0", put(0x10, "1"), "wait 1ms; intr = 1; ack = 8"],
    ]
      .flat()
      .join("; "),
    ours: "time",
  },
  {
    name: "a periodic comparator comes again and again, and a level until it is cleared",
    script: [
      [PICS, put(CONFIGURATION, "14c"), put(VALUE, "64"), put(0x10, "3")],
      [`wait 1us; intr = 1; ack = 8; ${EOI}; wait 990ns; intr = 0; wait 10ns; intr = 1; ack = 8; ${EOI}`],
      [get(VALUE, "12c"), put(CONFIGURATION, "6"), put(VALUE, "3e8"), "wait 7999ns", get(0x20, "0"), "wait 1ns"],
      [get(0x20, "1"), "intr = 1; ack = 8", put(0x20, "1"), get(0x20, "0")],
    ]
      .flat()
      .join("; "),
    ours: "time",
  },
  {
    name: "without legacy replacement a comparator interrupts by input 2 of the I/O APIC or not at all",
    script: [
      [PICS, put(CONFIGURATION, "4"), put(VALUE, "64"), put(VALUE + 4, "0"), put(0x10, "1"), "wait 2us; intr = 0"],
      [put(0x10, "0"), put(0xf0, "0"), put(CONFIGURATION, "404"), put(0x10, "1"), "wait 2us; intr = 0"],
      [get(CONFIGURATION, "434"), get(0x20, "0")],
    ]
      .flat()
      .join("; "),
    ours: "time",
  },
  {
    name: "a comparator of 32 bits fires when the counter comes around, too",
    script: [
      [PICS, put(0xf0, "ffffff00"), put(CONFIGURATION, "104"), put(VALUE, "10"), put(0x10, "3")],
      [`wait 2550ns; intr = 1; ack = 8; ${EOI}; intr = 0; wait 160ns; intr = 0; wait 10ns; intr = 1; ack = 8`],
    ]
      .flat()
      .join("; "),
    ours: "time",
  },
];
