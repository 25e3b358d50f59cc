import type { Case } from "./script.ts";

/** Time for a command that needs no medium, and for one that does. */
const DONE = "wait 10us";
const MEDIUM = "wait 100us";
/** Sector count, address and device of a command on the primary channel; then the command. */
const command = (code: string, lba = "2", count = "1", device = "e0"): string =>
  `out 1f6 ${device}; out 1f2 ${count}; out 1f3 ${lba}; out 1f4 0; out 1f5 0; out 1f7 ${code}`;
/** Which drive answers: the first has 19 cylinders, the second 4. */
const IDENTIFY = `out 1f7 ec; ${DONE}; inw 1f0 = 40; inw 1f0`;
const FIRST = `${IDENTIFY} = 13`;
const SECOND = `${IDENTIFY} = 4`;
const rest = (words: number): string => "inw 1f0; ".repeat(words);
const chs = (sector: string, cylinder: string, head: string): string =>
  `out 1f6 a${head}; out 1f2 1; out 1f3 ${sector}; out 1f4 ${cylinder}; out 1f5 0; out 1f7 40; ${MEDIUM}`;
const verify = (low: string, middle: string, count: string): string =>
  `out 1f6 e0; out 1f2 ${count}; out 1f3 ${low}; out 1f4 ${middle}; out 1f5 0; out 1f7 40; ${MEDIUM}`;
const multiple = (count: string): string => `out 1f2 ${count}; out 1f7 c6; ${DONE}`;
const feature = (code: string, count = "0"): string => `out 1f1 ${code}; out 1f2 ${count}; out 1f7 ef; ${DONE}`;
/** Words 63 and 88 of IDENTIFY: which modes there are, and which is chosen. */
const words63_88 = (multiword: string, ultra: string): string =>
  `out 1f7 ec; ${DONE}; ${rest(63)} inw 1f0 = ${multiword}; ${rest(24)} inw 1f0 = ${ultra}; ${rest(167)}`;
const PICS =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 fb; out a1 3f";
const EOI = "out a0 20; out 20 20";

/** The function's bus-master registers at C000h, and both kinds of cycles on. */
const BUS_MASTER = "outl cf8 80000920; outl cfc c000; outl cf8 80000904; outw cfc 5";
/** A table at 3000h of one region: 512 bytes at 2000h. */
const ONE_SECTOR = "ram 3000 0 20 0 0 0 2 0 80; outl c004 3000";

/** Two disks on the primary channel, a CD alone on the secondary one. */
export const ideCases: readonly Case[] = [
  // Which drive is selected (ATA/ATAPI-6, 7.10, 9.2, 9.3).
  {
    name: "power on: drive 0, with the signature of a disk",
    script: `in 1f6 = a0; in 1f1 = 1; in 1f2 = 1; in 1f3 = 1; in 1f4 = 0; in 1f5 = 0; in 1f7 = 50; ${FIRST}`,
  },
  {
    name: "RECALIBRATE has sixteen codes; those beside them are none",
    script: ["f", "10", "17", "1f"]
      .map((code) => `out 1f6 e0; out 1f7 ${code}; ${DONE}; in 1f7 & 1 = ${code === "f" ? 1 : 0}`)
      .join("; "),
    ours: "QEMU knows only the first",
  },
  { name: "DEV selects", script: `out 1f6 b0; in 1f6 = b0; ${SECOND}` },
  { name: "the board's reset selects drive 0", script: `out 1f6 b0; reset; in 1f6 = a0; ${FIRST}` },
  { name: "SRST selects drive 0", script: `out 1f6 b0; out 3f6 4; out 3f6 0; in 1f6 = a0; ${FIRST}` },
  {
    name: "SRST of one channel leaves the other",
    script: "out 176 b0; out 3f6 4; out 3f6 0; in 177 = 0; in 176 = 0; out 176 a0; in 175 = eb",
  },
  {
    name: "SRST: busy while it is set, then the signature, and no interrupt",
    script: `${PICS}; ${command("20")}; ${MEDIUM}; intr = 1; ack = 76; ${EOI}; out 3f6 4; in 1f7 = 90; in 3f6 = 90; out 1f2 5; out 3f6 0; in 1f7 = 50; in 1f1 = 1; in 1f2 = 1; in 1f3 = 1; intr = 0`,
  },
  {
    name: "SRST that stays set resets once",
    script: "out 3f6 4; out 1f2 55; out 3f6 4; in 1f2 = 55; out 3f6 0; in 1f2 = 1",
  },
  { name: "a reset ends nIEN", script: `${PICS}; out 3f6 2; reset; ${PICS}; out 1f7 e0; ${DONE}; intr = 1` },
  {
    name: "both drives hear the task file, one does the command",
    script: `out 1f6 b0; out 1f3 2; out 1f2 1; out 1f6 a0; in 1f3 = 2; out 1f6 b0; in 1f3 = 2; out 1f7 e0; in 1f7 = d0; out 1f6 a0; in 1f7 = 50`,
  },
  {
    name: "DEVICE DIAGNOSTIC is for both",
    script: `out 1f6 b0; out 1f2 9; out 1f7 90; in 1f7 = d0; out 1f6 a0; in 1f7 = d0; ${DONE}; in 1f7 = 50; in 1f1 = 1; in 1f2 = 1; out 1f6 b0; in 1f7 = 50; in 1f2 = 1`,
  },
  {
    name: "a drive that is not there reads 0, and its data ones",
    script:
      "out 176 b0; in 177 = 0; in 172 = 0; in 176 = 0; in 376 = 0; inw 170 = ffff; inl 170 = ffffffff; out 177 ec; wait 1ms; in 177 = 0; outw 170 1",
  },
  {
    name: "the interrupt is the selected drive's",
    script: `${PICS}; out 1f7 e0; out 1f6 b0; ${DONE}; intr = 0; out 1f6 a0; intr = 1; ack = 76; ${EOI}; in 3f6 = 50; in 1f7 = 50; intr = 0`,
  },
  {
    name: "nIEN holds the interrupt back",
    script: `${PICS}; out 3f6 2; out 1f7 e0; ${DONE}; intr = 0; out 3f6 0; intr = 1; ack = 76`,
  },
  {
    name: "the status lowers the interrupt, the alternate status does not",
    script: `${PICS}; out 4d1 40; out 1f7 e0; ${DONE}; out a0 0a; in a0 & 40 = 40; in 3f6; in a0 & 40 = 40; in 1f7; in a0 & 40 = 0`,
  },
  { name: "IRQ 15 of the secondary channel", script: `${PICS}; out 177 e0; ${DONE}; intr = 1; ack = 77` },
  {
    name: "HOB shows what a register had before",
    script:
      "out 1f1 1; out 1f1 2; out 1f2 3; out 1f2 4; out 1f3 5; out 1f3 6; out 1f4 7; out 1f4 8; out 1f5 9; out 1f5 a; in 1f2 = 4; in 1f3 = 6; in 1f4 = 8; in 1f5 = a; out 3f6 80; in 1f1 = 1; in 1f2 = 3; in 1f3 = 5; in 1f4 = 7; in 1f5 = 9; out 1f2 b; in 1f2 = b; in 1f3 = 6",
  },
  // Commands of the disk.
  {
    name: "the times of a command",
    script: `out 1f7 e0; wait 9999ns; in 1f7 = d0; wait 1ns; in 1f7 = 50; ${command("20")}; wait 99999ns; in 1f7 = d0; wait 1ns; in 1f7 = 58; inw 1f0 = f0e; inl 1f0 = 13121110`,
  },
  {
    name: "reading shows the address of the last sector",
    script: `${command("20", "2", "2")}; ${MEDIUM}; in 1f3 = 2; ${rest(256)} in 1f7 = d0; wait 4999ns; in 1f7 = d0; wait 1ns; in 1f7 = 58; in 1f3 = 3; inw 1f0 = 1615; ${rest(255)} in 1f7 = 50; inw 1f0 = ffff`,
  },
  {
    name: "writing, sector by sector: the drive asks for the first one at once",
    script: `${command("30", "5", "2")}; in 1f7 = 58; ${"outw 1f0 1234; ".repeat(256)} in 1f7 = d0; wait 5us; in 1f7 = 58; medium 0 a00 = 34; medium 0 a01 = 12; medium 0 c00 = 2a; ${"outl 1f0 789abcde; ".repeat(128)} wait 99us; in 1f7 = d0; wait 1us; in 1f7 = 50; medium 0 c00 = de; medium 0 c03 = 78; in 1f3 = 6; in 1f2 = 2`,
  },
  {
    name: "addresses: CHS",
    script: `out 1f6 a0; out 1f2 1; out 1f3 3; out 1f4 0; out 1f5 0; out 1f7 20; ${MEDIUM}; inw 1f0 = f0e; ${rest(255)} out 1f7 90; ${DONE}; out 1f6 a1; out 1f3 1; out 1f2 1; out 1f7 20; ${MEDIUM}; in 1f7 = 58; inw 1f0 = bab9; in 1f6 = a1; in 1f3 = 1`,
  },
  {
    name: "addresses: CHS that are not there",
    script: `${chs("0", "0", "0")}; in 1f7 = 51; in 1f1 = 10; ${chs("3f", "0", "0")}; in 1f7 = 50; ${chs("40", "0", "0")}; in 1f1 = 10; ${chs("1", "12", "f")}; in 1f7 = 50; ${chs("1", "13", "0")}; in 1f1 = 10`,
  },
  {
    name: "addresses: the last sector, and the one after it",
    script: `${verify("1f", "4e", "1")}; in 1f7 = 50; ${verify("1f", "4e", "2")}; in 1f7 = 51; in 1f1 = 10; ${verify("20", "4e", "1")}; in 1f1 = 10; ${verify("20", "4d", "0")}; in 1f7 = 50; ${verify("21", "4d", "0")}; in 1f1 = 10`,
  },
  {
    name: "addresses: 48 bits",
    script: `out 1f6 40; out 1f2 0; out 1f2 1; out 1f3 0; out 1f3 2; out 1f4 0; out 1f4 0; out 1f5 0; out 1f5 0; out 1f7 24; ${MEDIUM}; in 1f7 = 58; inw 1f0 = f0e; ${rest(255)} out 1f3 1; out 1f3 2; out 1f7 24; ${MEDIUM}; in 1f7 = 51; in 1f1 = 10; out 1f3 0; out 1f3 2; out 1f2 1; out 1f2 0; out 1f7 42; ${MEDIUM}; in 1f7 = 50; out 1f2 50; out 1f2 0; out 1f7 42; ${MEDIUM}; in 1f1 = 10`,
  },
  {
    name: "translation: INITIALIZE DEVICE PARAMETERS",
    script: `out 1f6 a7; out 1f2 10; out 1f7 91; ${DONE}; in 1f7 = 50; out 1f6 a1; out 1f2 1; out 1f3 1; out 1f4 0; out 1f5 0; out 1f7 20; ${MEDIUM}; inw 1f0 = 7170; ${rest(255)} out 1f7 ec; ${DONE}; ${rest(54)} inw 1f0 = 9c; inw 1f0 = 8; inw 1f0 = 10; inw 1f0 = 4e00; ${rest(198)} out 1f2 0; out 1f7 91; ${DONE}; in 1f7 = 51; in 1f1 = 4`,
  },
  {
    name: "SET MULTIPLE MODE",
    script: `${multiple("3")}; in 1f7 = 51; in 1f1 = 4; ${multiple("20")}; in 1f1 = 4; ${multiple("2")}; in 1f7 = 50; ${command("c4", "2", "3")}; ${MEDIUM}; in 1f3 = 2; ${rest(512)} in 1f7 = d0; wait 5us; in 1f7 = 58; in 1f3 = 4; inw 1f0 = 1d1c; ${rest(255)} in 1f7 = 50; ${multiple("0")}; in 1f7 = 50; ${command("c4")}; ${MEDIUM}; in 1f7 = 51; in 1f1 = 4; ${multiple("10")}; in 1f7 = 50`,
  },
  {
    name: "SET FEATURES",
    script: `${feature("2")}; in 1f7 = 50; ${feature("82")}; in 1f7 = 50; ${feature("55")}; in 1f7 = 50; ${feature("aa")}; in 1f7 = 50; ${feature("66")}; in 1f7 = 50; ${feature("cc")}; in 1f7 = 50; ${feature("5")}; in 1f7 = 50; ${feature("85")}; in 1f7 = 50; ${feature("42")}; in 1f7 = 50; ${feature("c2")}; in 1f7 = 50; ${feature("67")}; in 1f7 = 50; ${feature("1")}; in 1f7 = 51; in 1f1 = 4; ${feature("dd")}; in 1f1 = 4`,
  },
  {
    name: "transfer modes show in IDENTIFY",
    script: `${feature("3", "22")}; ${words63_88("407", "3f")}; ${feature("3", "20")}; ${words63_88("107", "3f")}; ${feature("3", "42")}; ${words63_88("7", "43f")}; ${feature("3", "45")}; ${words63_88("7", "203f")}; ${feature("3", "23")}; in 1f1 = 4; ${feature("3", "46")}; in 1f1 = 4; ${feature("3", "10")}; in 1f1 = 4; ${feature("3", "8")}; in 1f7 = 50; ${feature("3", "0")}; in 1f7 = 50; ${words63_88("7", "203f")}`,
  },
  {
    name: "power modes",
    script: `out 1f2 0; out 1f7 e5; ${DONE}; in 1f7 = 50; in 1f2 = ff; out 1f2 0; out 1f7 98; ${DONE}; in 1f2 = ff; ${["e0", "e1", "e2", "e3", "e6", "94", "95", "96", "97", "99", "e7", "ea"].map((code) => `out 1f2 5; out 1f7 ${code}; ${MEDIUM}; in 1f7 = 50; in 1f2 = 5`).join("; ")}`,
  },
  {
    name: "native size",
    script: `out 1f6 e0; out 1f7 f8; ${DONE}; in 1f7 = 50; in 1f3 = 1f; in 1f4 = 4e; in 1f5 = 0; in 1f6 = e0`,
  },
  {
    name: "commands that do not exist",
    script: `${["0", "1", "22", "50", "a0", "a1", "b0", "c0", "ff"].map((code) => `out 1f7 ${code}; ${MEDIUM}; in 1f7 = 51; in 1f1 = 4`).join("; ")}`,
  },
  {
    name: "a command while one is busy is not heard",
    script: `${command("20")}; out 1f7 e5; ${MEDIUM}; in 1f7 = 58; out 1f7 ec; inw 1f0 = f0e; in 1f7 = 58`,
  },
  {
    name: "an error is gone with the next command",
    script: `out 1f7 ff; ${DONE}; in 1f7 = 51; out 1f7 e0; in 1f7 = d0; in 1f1 = 0; ${DONE}; in 1f7 = 50`,
  },
  // What the battery-backed memory says of the disks: cylinders, heads, precompensation, control, landing zone,
  // sectors.
  {
    name: "types and geometries of both disks",
    script: Object.entries({
      ...{ 12: "ff", 19: "2f", "1a": "2f", 39: "0" },
      ...{ "1b": "13", "1c": "0", "1d": "10", "1e": "ff", "1f": "ff", 20: "c8", 21: "13", 22: "0", 23: "3f" },
      ...{ 24: "4", 25: "0", 26: "10", 27: "ff", 28: "ff", 29: "c8", "2a": "4", "2b": "0", "2c": "3f" },
    })
      .map(([at, value]) => `out 70 ${at}; in 71 = ${value}`)
      .join("; "),
  },
  // The bus master's registers (PIIX3, 2.7).
  {
    name: "bus master: what its registers keep",
    script: `${BUS_MASTER}; out c008 8; outl c004 123458; inl c004 = 123458; outl c00c 7654320f; inl c00c = 7654320c; out c002 60; in c002 = 60; out c002 20; in c002 = 20; out c002 0; in c002 = 0; in c001 = ff; in c003 = ff`,
  },
  ...(["c8", "c9"] as const).map(
    (code): Case => ({
      name: `READ DMA by ${code}h`,
      script: `${BUS_MASTER}; ${ONE_SECTOR}; ${command(code, "5")}; out c000 9; wait 1ms; in c002 & 7 = 4; ram 2000 = 23; ram 2001 = 24; ram 21ff = 22; in 1f7 = 50`,
    }),
  ),
  ...(["ca", "cb"] as const).map(
    (code): Case => ({
      name: `WRITE DMA by ${code}h`,
      script: `${BUS_MASTER}; ${ONE_SECTOR}; ram 2000 de ad; ram 21ff be; ${command(code, "5")}; out c000 1; wait 1ms; in c002 & 7 = 4; medium 0 a00 = de; medium 0 a01 = ad; medium 0 bff = be; in 1f7 = 50`,
    }),
  ),
  {
    name: "bus master: started without a transfer, and stopped",
    script: `${BUS_MASTER}; ${ONE_SECTOR}; out c000 0; in c002 & 1 = 0; out c000 9; in c002 & 1 = 1; in c000 = 9; out c000 8; in c002 & 1 = 0`,
  },
  {
    name: "READ and WRITE DMA EXT look at all of the address",
    script: ["25", "35"]
      .map(
        (code) =>
          `out 1f6 40; out 1f2 0; out 1f2 1; out 1f3 1; out 1f3 2; out 1f4 0; out 1f4 0; out 1f5 0; out 1f5 0; out 1f7 ${code}; wait 1ms; in 1f7 = 51; in 1f1 = 10`,
      )
      .join("; "),
  },
  {
    name: "IDENTIFY: names, write cache, sectors",
    script: [
      `out 1f7 ec; ${DONE}; ${rest(10)} inw 1f0 = 4844; ${"inw 1f0 = 3030; ".repeat(3)} inw 1f0 = 3445; inw 1f0 = 3230; ${"inw 1f0 = 2020; ".repeat(4)}`,
      `${rest(3)} inw 1f0 = 312e; inw 1f0 = 3020; inw 1f0 = 2020; inw 1f0 = 2020; ${["5649", "5254", "5541", "4c20", "4841", "5244", "4449", "534b"].map((word) => `inw 1f0 = ${word}`).join("; ")}`,
      `${rest(25)} inw 1f0 = 4e20; inw 1f0 = 0; ${rest(23)} inw 1f0 = 4020; ${rest(14)} inw 1f0 = 4e20; ${"inw 1f0 = 0; ".repeat(3)} ${rest(152)}`,
      `${feature("82")}; out 1f7 ec; ${DONE}; ${rest(85)} inw 1f0 = 4000; ${rest(170)} ${feature("2")}; out 1f7 ec; ${DONE}; ${rest(85)} inw 1f0 = 4020`,
    ].join("; "),
  },
];

/** Disks beyond what 24, 28 and 32 bits count, and the smallest DVD beside the largest CD. */
export const largeDriveCases: readonly Case[] = [
  {
    name: "IDENTIFY: more sectors than 32 bits count",
    script: `out 1f7 ec; ${DONE}; ${rest(60)} inw 1f0 = ffff; inw 1f0 = fff; ${rest(38)} inw 1f0 = 5; inw 1f0 = 0; inw 1f0 = 1; inw 1f0 = 0`,
  },
  {
    name: "an address of 28 bits goes on in the device register",
    script: `out 1f6 e1; out 1f2 1; out 1f3 67; out 1f4 45; out 1f5 23; out 1f7 40; ${MEDIUM}; in 1f7 = 50; in 1f3 = 67; in 1f4 = 45; in 1f5 = 23; in 1f6 = e1; out 1f2 2; out 1f3 ff; out 1f4 ff; out 1f5 ff; out 1f7 20; ${MEDIUM}; ${rest(256)} wait 5us; in 1f7 = 58; in 1f3 = 0; in 1f4 = 0; in 1f5 = 0; in 1f6 = e2`,
  },
  {
    name: "an address of 48 bits shows in two halves",
    script: `out 1f6 40; out 1f2 0; out 1f2 1; out 1f3 12; out 1f3 67; out 1f4 0; out 1f4 45; out 1f5 0; out 1f5 23; out 1f7 42; ${MEDIUM}; in 1f7 = 50; in 1f3 = 67; in 1f4 = 45; in 1f5 = 23; out 3f6 80; in 1f3 = 12; in 1f4 = 0; in 1f5 = 0`,
  },
  {
    name: "the last sector of 48 bits",
    script: ["4", "5"]
      .map(
        (low) =>
          `out 1f6 40; out 1f2 0; out 1f2 1; out 1f3 0; out 1f3 ${low}; out 1f4 1; out 1f4 0; out 1f5 0; out 1f5 0; out 1f7 42; ${MEDIUM}; in 1f7 = ${low === "4" ? "50" : "51"}`,
      )
      .join("; "),
  },
];
