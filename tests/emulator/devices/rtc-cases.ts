import type { Case } from "./script.ts";

const at = (index: string, value: string): string => `out 70 ${index}; in 71 = ${value}`;
const put = (index: string, value: string): string => `out 70 ${index}; out 71 ${value}`;

/** Vectors 08h and 70h; IRQ 8 alone. */
const PICS =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 fb; out a1 fe; out 70 c; in 71";
const EOI = "out a0 20; out 20 20";

export const rtcCases: readonly Case[] = [
  {
    name: "the date at the start, BCD, 24 hours",
    script: [
      at("0", "0"),
      at("2", "0"),
      at("4", "0"),
      at("7", "1"),
      at("8", "1"),
      at("9", "0"),
      at("32", "20"),
      at("6", "7"),
    ].join(";"),
  },
  { name: "time passes", script: `wait 1.5s; wait 86399s; ${at("7", "2")}; ${at("0", "0")}` },
  {
    name: "binary and 12 hours",
    script: `${put("b", "4")}; wait 46800s; ${at("4", "81")}; ${put("b", "6")}; ${at("4", "d")}`,
  },
  {
    name: "setting the clock",
    script: [
      put("b", "82"),
      put("0", "50"),
      put("2", "59"),
      put("4", "23"),
      put("7", "28"),
      put("8", "2"),
      put("9", "24"),
      put("32", "20"),
      put("b", "2"),
      "wait 11s",
      at("0", "1"),
      at("2", "0"),
      at("4", "0"),
      at("7", "29"),
      at("8", "2"),
    ].join(";"),
  },
  {
    name: "update in progress before the second",
    script: "out 70 a; in 71 & 80 = 0; wait 999.9ms; in 71 & 80 = 80; wait 1ms; in 71 & 80 = 0",
  },
  { name: "register D: the battery is good", script: at("d", "80") },
  {
    name: "reading register C clears it",
    script: `${put("b", "12")}; wait 1.2s; ${at("c", "b0").replace("= b0", "& 90 = 90")}; ${at("c", "0")}`,
  },
  {
    name: "periodic interrupt at 1024 Hz",
    script: `out 21 fb; out a1 fe; ${put("b", "42")}; wait 1ms; out a0 0a; in a0 & 1 = 1; out 70 c; in 71 & c0 = c0; in 71 & 80 = 0`,
  },
  {
    name: "alarm",
    script: `${put("1", "3")}; ${put("3", "c0")}; ${put("5", "c0")}; out 70 c; in 71; ${put("b", "22")}; wait 2.1s; out 70 c; in 71 & a0 = 0; wait 1s; in 71 & a0 = a0`,
  },
  { name: "memory", script: [put("40", "5a"), put("7f", "a5"), at("40", "5a"), at("7f", "a5")].join(";") },
  { name: "bit 7 of the index is the NMI mask", script: `${put("40", "77")}; out 70 c0; in 71 = 77; in 70 = ff` },
  {
    name: "memory sizes as QEMU gives them",
    script: [
      at("15", "80"),
      at("16", "2"),
      at("17", "0"),
      at("18", "c"),
      at("30", "0"),
      at("31", "c"),
      at("34", "0"),
      at("35", "0"),
    ].join(";"),
  },
  { name: "registers A and B after power on", script: `${at("a", "26")}; ${at("b", "2")}` },
  {
    name: "reset disables interrupts and keeps time and memory",
    script: `${put("b", "7e")}; ${put("40", "77")}; wait 2s; reset; in 71 = 2; ${at("b", "6")}; ${at("c", "0")}; ${at("40", "77")}; ${at("0", "2")}`,
  },
  {
    name: "register A keeps seven bits; C and D cannot be written",
    script: `${put("a", "ff")}; ${at("a", "7f")}; ${put("d", "0")}; ${at("d", "80")}; ${put("c", "ff")}; ${at("c", "0")}`,
  },
  {
    name: "update in progress: 244 us before the second",
    script:
      "out 70 a; wait 999755858ns; in 71 & 80 = 0; wait 1ns; in 71 & 80 = 80; wait 244140ns; in 71 & 80 = 80; wait 1ns; in 71 & 80 = 0",
  },
  {
    name: "no update while the clock is set",
    script: `${put("b", "82")}; ${put("0", "30")}; wait 999.9ms; out 70 a; in 71 & 80 = 0; wait 1s; ${at("0", "30")}; ${put("b", "2")}; wait 1s; ${at("0", "31")}`,
  },
  { name: "SET takes the update interrupt back", script: `${put("b", "92")}; ${at("b", "82")}` },
  {
    name: "each field, written while the clock goes",
    script: [
      put("0", "15"),
      put("2", "34"),
      put("4", "12"),
      put("7", "9"),
      put("8", "11"),
      put("9", "38"),
      put("32", "19"),
      at("0", "15"),
      at("2", "34"),
      at("4", "12"),
      at("7", "9"),
      at("8", "11"),
      at("9", "38"),
      at("32", "19"),
    ].join(";"),
  },
  {
    name: "the day of the week is what was written, and goes on",
    script: `${put("6", "3")}; ${at("6", "3")}; wait 86400s; ${at("6", "4")}; wait 345600s; ${at("6", "1")}`,
  },
  {
    name: "the day of the week goes with the date from where it was written",
    script: `${put("6", "1")}; ${at("6", "1")}; ${put("7", "2")}; ${at("6", "2")}`,
    ours: "QEMU counts the days of the week by the date alone",
  },
  {
    name: "a year has leap days",
    script: `${put("b", "82")}; ${put("7", "28")}; ${put("8", "2")}; ${put("9", "1")}; ${put("32", "20")}; ${put("4", "23")}; ${put("2", "59")}; ${put("0", "59")}; ${put("b", "2")}; wait 1s; ${at("7", "1")}; ${at("8", "3")}; ${at("9", "1")}`,
  },
  {
    name: "a century ends",
    script: `${put("b", "82")}; ${put("7", "31")}; ${put("8", "12")}; ${put("9", "99")}; ${put("32", "20")}; ${put("4", "23")}; ${put("2", "59")}; ${put("0", "59")}; ${put("b", "2")}; wait 1s; ${at("9", "0")}; ${at("32", "21")}; ${at("8", "1")}; ${at("7", "1")}; ${at("4", "0")}`,
  },
  {
    name: "12 hours: midnight, noon, afternoon",
    script: `${put("b", "0")}; ${at("4", "12")}; wait 43200s; ${at("4", "92")}; wait 3600s; ${at("4", "81")}; ${put("4", "11")}; ${at("4", "11")}; wait 3600s; ${at("4", "92")}; ${put("4", "12")}; ${put("b", "2")}; ${at("4", "0")}; ${put("b", "0")}; ${put("4", "85")}; ${put("b", "2")}; ${at("4", "17")}`,
  },
  {
    name: "binary: seconds above nine",
    script: `${put("b", "6")}; wait 59s; ${at("0", "3b")}; ${put("0", "1e")}; ${at("0", "1e")}; ${put("b", "2")}; ${at("0", "30")}`,
  },
  {
    name: "the phase of the seconds stays when the clock is set",
    script: `wait 700ms; ${put("0", "10")}; wait 299ms; ${at("0", "10")}; wait 1ms; ${at("0", "11")}`,
  },
  // Register C.
  { name: "flags come without interrupts", script: "out 70 c; in 71 = 0; wait 1.1s; in 71 & 50 = 50; in 71 = 0" },
  {
    name: "update-ended: once a second",
    script: `out 70 c; in 71; wait 999999us; in 71 & 10 = 0; wait 1us; in 71 & 10 = 10; in 71 & 10 = 0; wait 999999us; in 71 & 10 = 0; wait 1us; in 71 & 10 = 10`,
  },
  {
    name: "no update-ended while the clock is set",
    script: `${put("b", "82")}; out 70 c; in 71; wait 3s; in 71 & 30 = 0`,
  },
  {
    name: "periodic: 1024 Hz, to the nanosecond",
    script:
      "out 70 c; in 71; wait 976562ns; in 71 & 40 = 0; wait 1ns; in 71 & 40 = 40; wait 976562ns; in 71 & 40 = 40; in 71 & 40 = 0",
  },
  {
    name: "periodic: 2 Hz",
    script: `${put("a", "2f")}; out 70 c; in 71; wait 499999us; in 71 & 40 = 0; wait 1us; in 71 & 40 = 40`,
  },
  {
    name: "periodic: rate 3 is 8192 Hz",
    script: `${put("a", "23")}; out 70 c; in 71; wait 122070ns; in 71 & 40 = 0; wait 1ns; in 71 & 40 = 40`,
  },
  {
    name: "periodic: rates 1 and 2 are 256 and 128 Hz",
    script: `${put("a", "21")}; out 70 c; in 71; wait 3906249ns; in 71 & 40 = 0; wait 1ns; in 71 & 40 = 40; ${put("a", "22")}; out 70 c; in 71; wait 7812499ns; in 71 & 40 = 40; in 71 & 40 = 0`,
  },
  { name: "periodic: rate 0 is none", script: `${put("a", "20")}; out 70 c; in 71; wait 3s; in 71 & 40 = 0` },
  {
    name: "periodic: a divider that is held is none",
    script: `${put("a", "76")}; out 70 c; in 71; wait 500ms; in 71 & 40 = 0; ${put("a", "16")}; out 70 c; wait 1ms; in 71 & 40 = 40; ${put("a", "30")}; ${put("a", "36")}; out 70 c; in 71; wait 10ms; in 71 & 40 = 0`,
  },
  {
    name: "alarm at an hour, a minute and a second",
    script: `${put("5", "1")}; ${put("3", "2")}; ${put("1", "3")}; out 70 c; in 71; wait 3722s; in 71 & 20 = 0; wait 1s; in 71 & 20 = 20; wait 3600s; in 71 & 20 = 0`,
  },
  {
    name: "alarm each hour",
    script: `${put("5", "c0")}; ${put("3", "2")}; ${put("1", "3")}; out 70 c; in 71; wait 122s; in 71 & 20 = 0; wait 1s; in 71 & 20 = 20; wait 3599s; in 71 & 20 = 0; wait 1s; in 71 & 20 = 20`,
  },
  {
    name: "alarm each minute",
    script: `${put("5", "ff")}; ${put("3", "ff")}; ${put("1", "3")}; out 70 c; in 71; wait 2s; in 71 & 20 = 0; wait 1s; in 71 & 20 = 20; wait 59s; in 71 & 20 = 0; wait 1s; in 71 & 20 = 20`,
  },
  {
    name: "alarm with 12 hours",
    script: `${put("b", "0")}; ${put("5", "81")}; ${put("3", "0")}; ${put("1", "0")}; out 70 c; in 71; wait 3600s; in 71 & 20 = 0; wait 43199s; in 71 & 20 = 0; wait 1s; in 71 & 20 = 20`,
  },
  {
    name: "an alarm within a gap of days is found, and one that cannot be is not",
    script: `${put("5", "23")}; ${put("3", "59")}; ${put("1", "58")}; out 70 c; in 71; wait 400000s; in 71 & 20 = 20; ${put("5", "25")}; out 70 c; in 71; wait 400000s; in 71 & 20 = 0`,
  },
  // Interrupts.
  {
    name: "IRQ 8 by the periodic interrupt, until C is read",
    script: `${PICS}; ${put("b", "42")}; wait 976562ns; intr = 0; wait 1ns; intr = 1; ack = 70; ${EOI}; wait 10ms; intr = 0; out 70 c; in 71 = c0; wait 742186ns; intr = 0; wait 1ns; intr = 1`,
  },
  {
    name: "IRQ 8 by the update",
    script: `${PICS}; ${put("b", "12")}; wait 999999999ns; intr = 0; wait 1ns; intr = 1; ack = 70; ${EOI}; out 70 c; in 71 & b0 = 90; wait 1s; intr = 1`,
  },
  {
    name: "IRQ 8 by the alarm",
    script: `${PICS}; ${put("5", "c0")}; ${put("3", "c0")}; ${put("1", "3")}; ${put("b", "22")}; wait 2999999us; intr = 0; wait 1us; intr = 1; out 70 c; in 71 & f0 = f0`,
  },
  {
    name: "enabling an interrupt whose flag is set raises it",
    script: `${PICS}; wait 1.5s; out 70 b; in 71; out 71 12; out 70 c; wait 1us; intr = 1; in 71 & 90 = 90`,
  },
  {
    name: "disabling it lowers IRQ 8",
    script: `${PICS}; out 4d1 0; ${put("b", "42")}; wait 1ms; intr = 1; ack = 70; ${EOI}; ${put("b", "2")}; out 70 c; in 71 & c0 = 40`,
  },
  ...["1", "3", "5"].map(
    (alarm): Case => ({
      name: `an alarm that has come stays when register ${alarm} moves on`,
      script: `${put("1", "3")}; ${put("3", "0")}; ${put("5", "0")}; out 70 c; in 71; wait 5s; ${put(alarm, "9")}; out 70 c; in 71 & 20 = 20`,
    }),
  ),
  {
    name: "while the clock is set its fields are what was written, in any order",
    script: `${put("b", "82")}; ${put("8", "2")}; ${put("7", "31")}; ${at("7", "31")}; ${at("8", "2")}; ${put("8", "3")}; ${put("b", "2")}; ${at("7", "31")}; ${at("8", "3")}`,
  },
];
