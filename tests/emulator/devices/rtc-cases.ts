import type { Case } from "./script.ts";

const at = (index: string, value: string): string => `out 70 ${index}; in 71 = ${value}`;
const put = (index: string, value: string): string => `out 70 ${index}; out 71 ${value}`;

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
];
