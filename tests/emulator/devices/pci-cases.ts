import type { Case } from "./script.ts";

const address = (slot: number, number: number, register: number): string =>
  `outl cf8 ${(0x80000000 + (slot << 11) + (number << 8) + register).toString(16)}`;
const read = (slot: number, number: number, register: number, value: string): string =>
  `${address(slot, number, register)}; inl cfc = ${value}`;

export const pciCases: readonly Case[] = [
  {
    name: "host bridge",
    script: [read(0, 0, 0, "12378086"), read(0, 0, 8, "6000002"), read(0, 0, 0x2c, "11001af4")].join(";"),
  },
  {
    name: "ISA bridge",
    script: [read(1, 0, 0, "70008086"), read(1, 0, 8, "6010000"), `${address(1, 0, 0xc)}; in cfe = 80`].join(";"),
  },
  {
    name: "IDE",
    script: [
      read(1, 1, 0, "70108086"),
      read(1, 1, 8, "1018000"),
      `${address(1, 1, 0x20)}; outl cfc ffffffff; inl cfc = fffffff1`,
    ].join(";"),
  },
  {
    name: "power management",
    script: [read(1, 3, 0, "71138086"), read(1, 3, 8, "6800003"), `${address(1, 3, 0x3c)}; in cfd = 1`].join(";"),
  },
  { name: "display adapter", script: [read(2, 0, 0, "11111234"), read(2, 0, 8, "3000002")].join(";") },
  {
    name: "slots without a function read as ones",
    script: [read(9, 0, 0, "ffffffff"), "outl cf8 0; inl cfc = ffffffff"].join(";"),
  },
  {
    name: "the address register takes only dwords",
    script: `${address(0, 0, 0)}; out cf8 44; inl cf8 = 80000000; inl cfc = 12378086`,
  },
  { name: "parts of a register", script: `${address(1, 1, 0)}; inw cfe = 7010; in cfd = 80; inw cfc = 8086` },
  {
    name: "PIRQ routing reads back",
    script: `${address(1, 0, 0x60)}; inl cfc = 80808080; outl cfc 0b0b0a0a; inl cfc = b0b0a0a`,
  },
  {
    name: "bus-master registers behind BAR 4",
    script: `${address(1, 1, 0x20)}; outl cfc c000; ${address(1, 1, 4)}; outw cfc 5; outl c004 123458; inl c004 = 123458; out c00a 66; in c00a = 60; in c000 = 0`,
  },
  {
    name: "PM registers at PMBA",
    script: `${address(1, 3, 0x40)}; outl cfc b001; ${address(1, 3, 0x80)}; out cfc 01; inw b002 = 0; outw b002 100; inw b002 = 100; wait 1s; inl b008 & ffff00 = 369e00`,
  },
  {
    name: "the PM timer counts at 3.579545 MHz",
    script: `${address(1, 3, 0x40)}; outl cfc 601; ${address(1, 3, 0x80)}; out cfc 01; wait 100ms; inl 608 & fffff0 = 57640`,
  },
];
