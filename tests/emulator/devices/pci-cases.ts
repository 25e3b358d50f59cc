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
  {
    name: "the command register: which bits can be set",
    script: `${address(1, 1, 4)}; outl cfc ffff; inl cfc = 2800547; outl cfc 0; inl cfc = 2800000`,
    ours: "QEMU has other bits",
  },
  {
    name: "identity cannot be written",
    script: `${address(1, 1, 0)}; outl cfc 0; inl cfc = 70108086; ${address(1, 1, 8)}; outl cfc 0; inl cfc = 1018000; ${address(1, 1, 0xc)}; outl cfc ffffffff; inl cfc = ff`,
  },
  {
    name: "the interrupt line belongs to functions with a pin",
    script: `${address(1, 3, 0x3c)}; out cfc 5; in cfc = 5; ${address(1, 1, 0x3c)}; out cfc 5; in cfc = 0`,
    ours: "QEMU lets every function have one",
  },
  {
    name: "the enable bit, and buses that are not there",
    script:
      "outl cf8 0; inl cfc = ffffffff; outl cf8 80000000; inl cfc = 12378086; outl cf8 80010000; inl cfc = ffffffff; outl cf8 80000000; inl cf8 = 80000000; inw cf8 = ffff; in cf8 = ff",
    ours: "QEMU reads parts of the address",
  },
  {
    name: "a word across the end of the data register",
    script: `${address(0, 0, 0)}; inw cff & ff = 12; inl cfe & ffff = 1237`,
    ours: "QEMU goes on to the next register",
  },
  {
    name: "the reset state comes back",
    script: `${address(1, 1, 4)}; outw cfc 5; ${address(1, 1, 0x20)}; outl cfc c000; ${address(1, 0, 0x60)}; outl cfc 0b0b0b0b; reset; inl cf8 = 0; ${read(1, 1, 4, "2800000")}; ${read(1, 1, 0x20, "1")}; ${read(1, 0, 0x60, "80808080")}; in c002 = ff`,
  },
  {
    name: "an I/O window is where it is put, while it is enabled",
    script: `${address(1, 1, 0x20)}; outl cfc c000; in c002 = ff; ${address(1, 1, 4)}; outw cfc 1; in c002 = 0; in bfff = ff; in c010 = ff; outw cfc 2; in c002 = ff; outw cfc 1; ${address(1, 1, 0x20)}; outl cfc d000; in c002 = ff; in d002 = 0; outl cfc 0; in d002 = ff`,
    ours: "QEMU places windows otherwise",
  },
  {
    name: "an I/O window at the top",
    script: `${address(1, 1, 4)}; outw cfc 1; ${address(1, 1, 0x20)}; outl cfc fff0; in fff2 = 0; outl cfc ffffffff; inl cfc = fffffff1; in fff2 = ff`,
    ours: "QEMU ignores the upper half",
  },
  // Programmable attribute map: D7-D4 of 59h for F0000h, then 16 KiB for each half byte.
  {
    name: "host bridge: shadow RAM",
    script: [
      `${address(0, 0, 0x58)}; out cfd 10; event shadow f0000 10000 r-; out cfd 30; event shadow f0000 10000 rw; out cfd 20; event shadow f0000 10000 -w; out cfd 0; event shadow f0000 10000 --; events = 0`,
      `out cfe 31; event shadow c0000 4000 r-; event shadow c4000 4000 rw; out cff 2; event shadow c8000 4000 -w`,
      `${address(0, 0, 0x5c)}; outl cfc 33333333; event shadow d0000 4000 rw; event shadow d4000 4000 rw; event shadow d8000 4000 rw; event shadow dc000 4000 rw; event shadow e0000 4000 rw; event shadow e4000 4000 rw; event shadow e8000 4000 rw; event shadow ec000 4000 rw; outl cfc 33333333; events = 0`,
    ].join(";"),
  },
  {
    name: "host bridge: a reset ends shadowing",
    script: `${address(0, 0, 0x58)}; out cfd 30; event shadow f0000 10000 rw; reset; event ignne off; event shadow f0000 10000 --; event a20 open; events = 0`,
  },
  {
    name: "host bridge: registers",
    script: `${read(0, 0, 0x50, "0")}; outl cfc ffffffff; inl cfc = ffffffff; ${read(0, 0, 0x70, "20000")}; ${address(0, 0, 0x80)}; outl cfc ffffffff; inl cfc = 0`,
    ours: "QEMU has other bits",
  },
  {
    name: "ISA bridge: registers",
    script: [
      read(1, 0, 4, "2000007").replace(" = 2000007", " & ffff = 7"),
      read(1, 0, 0x4c, "3004d"),
      `outl cfc ffffffff; inl cfc = ffff00ff`,
      read(1, 0, 0x68, "200"),
      "outl cfc ffffffff; inl cfc = ffff00",
    ].join(";"),
    ours: "QEMU's masks",
  },
];
