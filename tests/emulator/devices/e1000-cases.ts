import type { Case } from "./script.ts";

/** The card's memory window at FEBC0000h. */
const OPEN = "outl cf8 80001810; outl cfc febc0000; outl cf8 80001804; outw cfc 7";
const reg = (offset: string, value: string): string =>
  `readl ${(0xfebc0000 + Number.parseInt(offset, 16)).toString(16)} = ${value}`;
const put = (offset: string, value: string): string =>
  `writel ${(0xfebc0000 + Number.parseInt(offset, 16)).toString(16)} ${value}`;
const phy = (register: number, value: string): string =>
  `${put("20", (0x08200000 + register * 0x10000).toString(16))}; ${reg("20", value)}`;
const word = (address: string, value: string): string =>
  `${put("14", `${address}01`)}; ${reg("14", `${value}${address.padStart(2, "0")}10`.replace(/^0+/, ""))}`;

/** Registers that keep what is written, with the bits that they have (Software Developer's Manual, 13.4). */
const KEEPS: readonly (readonly [register: string, bits: string])[] = [
  ...(["18", "28", "178", "e00", "1000", "2804", "2828", "3804", "3828", "3830", "5820", "5b50", "5b5c"] as const).map(
    (register) => [register, "ffffffff"] as const,
  ),
  ...(
    ["2c", "30", "38", "c4", "170", "458", "2160", "2168", "2810", "2818", "2820", "282c", "3820", "382c"] as const
  ).map((register) => [register, "ffff"] as const),
  ...[["410", "3fffffff"] as const, ["2800", "fffffff0"] as const, ["2808", "fff80"] as const],
  ...[["2c00", "fff"] as const, ["3800", "fffffff0"] as const, ["3808", "fff80"] as const, ["5000", "3ff"] as const],
  ...[["5800", "f"] as const, ["5808", "fffff"] as const],
  // The multicast table, the sixteen receive addresses, the table of VLANs: their first and last words, and what
  // follows.
  ...[
    ["51fc", "0"] as const,
    ["5200", "ffffffff"] as const,
    ["53fc", "ffffffff"] as const,
    ["53f8", "ffffffff"] as const,
  ],
  ...[["5400", "ffffffff"] as const, ["5404", "8003ffff"] as const, ["5478", "ffffffff"] as const],
  ...[["547c", "8003ffff"] as const, ["5480", "0"] as const, ["5484", "0"] as const, ["55fc", "0"] as const],
  ...[["5600", "ffffffff"] as const, ["57fc", "ffffffff"] as const, ["14c", "0"] as const, ["5fc", "0"] as const],
];
/** The PHY's registers: what is there after power on, and what after all bits were written as 1. */
const PHY_KEEPS: readonly (readonly [register: number, before: string, after: string])[] = [
  ...[[1, "796d", "796d"] as const, [2, "0141", "0141"] as const, [3, "0c20", "0c20"] as const],
  ...[[4, "0de1", "ffff"] as const, [5, "01e0", "01e0"] as const, [6, "0000", "0000"] as const],
  ...[[9, "0e00", "1f00"] as const, [10, "3c00", "3c00"] as const, [16, "0360", "ffff"] as const],
  ...[[17, "ac00", "ac00"] as const, [20, "0d60", "ffff"] as const, [21, "0000", "0000"] as const],
];
const phyWrite = (register: number, value: number): string =>
  put("20", (0x04200000 + register * 0x10000 + value).toString(16));
const phyIs = (register: number, value: string): string => phy(register, (0x1820 + register).toString(16) + value);

/** Vectors 08h and 70h; all inputs masked, those level triggered that can be. */
const PICS =
  "out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 ff; out a1 ff; out 4d0 f8; out 4d1 de";
const STEERABLE = [3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15] as const;

/** For a card with the address 52:54:00:12:34:56 in slot 3. */
export const e1000Cases: readonly Case[] = [
  {
    name: "configuration space",
    script:
      "outl cf8 80001800; inl cfc = 100e8086; outl cf8 80001808; inl cfc = 2000003; outl cf8 8000182c; inl cfc = 11001af4; outl cf8 80001834; inl cfc = 0; outl cf8 8000183c; inl cfc = 100",
  },
  {
    name: "sizes of the windows",
    script:
      "outl cf8 80001810; outl cfc ffffffff; inl cfc = fffe0000; outl cf8 80001814; outl cfc ffffffff; inl cfc = ffffffc1",
  },
  {
    name: "registers after power on",
    script: [
      OPEN,
      reg("0", "140240"),
      reg("8", "80080783"),
      reg("10", "188"),
      reg("38", "8100"),
      reg("100", "0"),
      reg("e00", "602"),
      reg("1000", "100030"),
      reg("5400", "12005452"),
      reg("5404", "80005634"),
      reg("5820", "222300"),
    ].join(";"),
  },
  {
    name: "EEPROM",
    script: [
      OPEN,
      word("0", "5452"),
      word("1", "1200"),
      word("2", "5634"),
      word("a", "6403"),
      word("d", "100e"),
      word("e", "8086"),
    ].join(";"),
  },
  {
    name: "PHY",
    script: [
      OPEN,
      phy(0, "18201140"),
      phy(2, "18220141"),
      phy(3, "18230c20"),
      phy(4, "18240de1"),
      phy(5, "182501e0"),
      phy(9, "18290e00"),
      phy(10, "182a3c00"),
      phy(17, "1831ac00"),
      phy(30, "583e0000"),
    ].join(";"),
  },
  {
    name: "masks and causes",
    script: [
      OPEN,
      put("d0", "9f"),
      reg("d0", "9f"),
      put("d8", "1c"),
      reg("d0", "83"),
      reg("d8", "0"),
      put("c8", "84"),
      reg("c8", "84"),
      reg("c0", "84"),
      reg("c0", "0"),
    ].join(";"),
  },
  {
    name: "ring registers keep what they can hold",
    script: [OPEN, put("2808", "ffffffff"), reg("2808", "fff80"), put("3818", "12345"), reg("3818", "2345")].join(";"),
  },
  {
    name: "where rings are, in words of 64 bits",
    script: [OPEN, ...["2804", "3804"].flatMap((at) => [put(at, "89abcdef"), reg(at, "89abcdef")])].join(";"),
  },
  {
    name: "rings begin at a multiple of 16",
    script: [OPEN, put("2800", "12345678"), reg("2800", "12345670")].join(";"),
    ours: "QEMU ignores the lower bits only when it uses them",
  },
  // PIRQC to each IRQ that it can be steered to (PIIX3, 2.3.6), level triggered; the others do not hear of it.
  ...STEERABLE.map((irq): Case => {
    const [command, bit] = irq < 8 ? ["20", 1 << irq] : ["a0", 1 << (irq - 8)];
    const seen = (level: number): string => `in ${command} & ${bit.toString(16)} = ${(level * bit).toString(16)}`;
    return {
      name: `INTA# of slot 3 as IRQ ${irq}`,
      ours: "QEMU's card answers ICS otherwise; not looked into",
      script: [
        PICS,
        `${OPEN}; outl cf8 80000860; out cfe ${irq.toString(16)}; out ${command} 0a; ${seen(0)}`,
        `${put("d0", "1")}; ${put("c8", "1")}; ${seen(1)}; out cfe 80; ${seen(0)}; out cfe ${irq.toString(16)}; ${seen(1)}`,
        `${reg("c0", "1")}; ${seen(0)}; ${put("c8", "1")}; ${seen(1)}; ${put("d8", "1")}; ${seen(0)}`,
      ].join(";"),
    };
  }),
  ...[0, 1, 2, 8, 13].map(
    (irq): Case => ({
      name: `INTA# cannot be steered to IRQ ${irq}`,
      ours: "QEMU steers to every IRQ",
      script: `${PICS}; ${OPEN}; outl cf8 80000860; out cfe ${irq.toString(16)}; ${put("d0", "1")}; ${put("c8", "1")}; out 20 0a; out a0 0a; in 20 & f2 = 0; in a0 = 0`,
    }),
  ),
  {
    name: "each register keeps the bits that it has",
    script: [
      OPEN,
      ...KEEPS.flatMap(([at, bits]) => [put(at, "ffffffff"), reg(at, bits), put(at, "0"), reg(at, "0")]),
    ].join(";"),
    ours: "QEMU keeps other bits",
  },
  {
    name: "each register of the PHY keeps the bits that it has",
    script: [
      OPEN,
      ...PHY_KEEPS.flatMap(([at, before, after]) => [phyIs(at, before), phyWrite(at, 0xffff), phyIs(at, after)]),
      ...PHY_KEEPS.flatMap(([at, before, after]) => [phyWrite(at, 0), phyIs(at, before === after ? after : "0000")]),
      phyIs(1, "796d"),
      `${phyWrite(0, 0x4d40)}; ${phyIs(0, "4d40")}; ${phyIs(1, "796d")}`,
      reg("8", "80080783"),
    ].join(";"),
    ours: "QEMU keeps other bits",
  },
  ...([0x1200, 0x200, 0x1000, 0x8000] as const).map(
    (control): Case => ({
      name: `the PHY's control register, ${control.toString(16)}h: negotiates anew or not`,
      script: `${OPEN}; ${phyWrite(0, control)}; ${phyIs(1, control === 0x1200 || control === 0x8000 ? "7949" : "796d")}; wait 499999999ns; ${phyIs(1, control === 0x1200 || control === 0x8000 ? "7949" : "796d")}; wait 1ns; ${phyIs(1, "796d")}`,
      ours: "time",
    }),
  ),
];
