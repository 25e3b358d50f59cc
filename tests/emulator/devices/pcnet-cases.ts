/**
 * The PCnet-PCI II: expectations from AMD's data sheet of the Am79C970A (19436). Ports C000h, in slot 3; a block of
 * initialization at 10000h, receive descriptors at 11000h, those to send at 12000h, buffers at 20000h and 30000h.
 */
import type { Case } from "./script.ts";

const OPEN = "outl cf8 80001810; outl cfc c000; outl cf8 80001814; outl cfc febc0000; outl cf8 80001804; outw cfc 7";
const csr = (number: number, value: number): string =>
  `outw c012 ${number.toString(16)}; outw c010 ${value.toString(16)}`;
const readCsr = (number: number, expected: string): string => `outw c012 ${number.toString(16)}; inw c010 ${expected}`;
const bcr = (number: number, value: number): string =>
  `outw c012 ${number.toString(16)}; outw c016 ${value.toString(16)}`;
const readBcr = (number: number, expected: string): string => `outw c012 ${number.toString(16)}; inw c016 ${expected}`;
/** 32-bit structures; four descriptors each; the mode, and the filter of groups. */
const started = (mode = "0 0", filter = "0 0 0 0 0 0 0 0"): string =>
  [
    OPEN,
    csr(0, 4),
    bcr(20, 2),
    `ram 10000 ${mode} 20 20 52 54 0 12 34 56 0 0 ${filter} 0 10 1 0 0 20 1 0`,
    "ram 11000 0 0 2 0 0 fa 0 80 0 0 0 0 0 0 0 0",
    "ram 11010 0 8 2 0 0 fa 0 80 0 0 0 0 0 0 0 0",
    csr(1, 0),
    csr(2, 1),
    csr(0, 1),
    readCsr(0, "= 181"),
    csr(0, 0x142),
  ].join("; ");
const STARTED = started();
const BROADCAST = "frame 64 ff ff ff ff ff ff 1 2 3 4 5 6 8 0 77; wait 1us";
const FRAME = "ram 30000 52 54 0 0 0 9 2 0 0 0 0 1 8 0 aa";
/** The first descriptor to send has this status; the rest of it is a frame of 60 bytes. */
const toSend = (status: string): string => `ram 12000 0 0 3 0 c4 ff ${status} 0 0 0 0 0 0 0 0`;

export const pcnetCases: readonly Case[] = [
  {
    name: "configuration space",
    script:
      "outl cf8 80001800; inl cfc = 20001022; outl cf8 80001808; inl cfc = 2000010; outl cf8 80001804; inl cfc & ffff0000 = 2800000; outl cf8 8000182c; inl cfc = 0; outl cf8 8000183c; inl cfc = ff060100",
  },
  {
    name: "sizes of the windows",
    script:
      "outl cf8 80001810; outl cfc ffffffff; inl cfc = ffffffe1; outl cf8 80001814; outl cfc ffffffff; inl cfc = ffffffe0",
  },
  {
    name: "the PROM: address, sum, and the letters",
    script: `${OPEN}; in c000 = 52; in c005 = 56; inw c000 = 5452; inw c002 = 1200; inw c00e = 5757; inw c008 = 1100; inw c00c = 201; readw febc0000 = 5452; out c000 1; in c000 = 52`,
  },
  {
    name: "the PROM by double words, before anything else is one",
    script: `${OPEN}; inl c000 = 12005452; readl febc0000 = 12005452`,
    ours: "QEMU's answers ones",
  },
  {
    name: "the PROM can be written where BCR2 says so",
    script: `${OPEN}; ${bcr(2, 0x102)}; out c000 1; in c000 = 1`,
  },
  {
    name: "the PROM is written by words and double words too, up to its end",
    script: `${OPEN}; ${bcr(2, 0x102)}; outw c000 2211; inw c000 = 2211; outl c00e 44332211; inw c00e = 2211; ${readBcr(2, "= 102")}`,
  },
  {
    name: "registers of the LEDs keep what is written, whatever the chip does",
    script: `${OPEN}; ${bcr(4, 0x40)}; ${readBcr(4, "& 7fff = 40")}; ${STARTED}; ${bcr(4, 0x4)}; ${readBcr(4, "& 7fff = 4")}; ${bcr(20, 3)}; ${readBcr(20, "= 302")}`,
  },
  {
    name: "after a reset: stopped, and which chip it is",
    script: `${OPEN}; inw c014; ${readCsr(0, "= 4")}; ${readCsr(4, "= 115")}; ${readCsr(88, "= 1003")}; ${readCsr(89, "= 262")}; ${readCsr(12, "= 5452")}; ${readCsr(14, "= 5634")}; ${readCsr(3, "= 0")}`,
  },
  {
    name: "bus configuration registers after power on",
    script: `${OPEN}; ${readBcr(2, "= 2")}; ${readBcr(9, "= 0")}; ${readBcr(18, "= 9001")}; ${readBcr(19, "= 2")}; ${readBcr(20, "= 200")}; ${readBcr(4, "& 7fff = c0")}; ${readBcr(5, "& 7fff = 84")}`,
  },
  {
    name: "software styles and what follows from them",
    script: `${OPEN}; ${[
      [2, 0x302],
      [3, 0x303],
      [0, 0x200],
      [1, 0x101],
    ]
      .map(([style, value]) => `${bcr(20, style!)}; ${readBcr(20, `= ${value!.toString(16)}`)}`)
      .join("; ")}; ${csr(58, 2)}; ${readBcr(20, "= 302")}; ${readCsr(58, "= 302")}`,
  },
  {
    name: "the index has seven bits, and there are registers that remember",
    script: `${OPEN}; outw c012 ff; inw c012 = 7f; ${csr(1, 0x1234)}; ${readCsr(16, "= 1234")}; ${csr(17, 0x56)}; ${readCsr(2, "= 56")}; ${csr(8, 0xabcd)}; ${readCsr(8, "= abcd")}; ${csr(3, 0x5f44)}; ${readCsr(3, "= 5f44")}; ${csr(88, 0)}; ${readCsr(88, "= 1003")}`,
  },
  {
    name: "double words, once one was written to the data port",
    script: `${OPEN}; outl c010 0; inl c014 = 0; outl c014 58; inl c010 = 2621003; outl c014 14; inl c01c = 200; inl c018; inw c012 = 0`,
  },
  {
    name: "memory as well as ports",
    script: `${OPEN}; writew febc0012 58; readw febc0010 = 1003; readw febc0012 = 58`,
  },
  {
    name: "widths that are none",
    script: `${OPEN}; inl c010 = ffffffff; in c010; in c012 = ff`,
  },
  {
    name: "initialization: the block is read, and then it runs",
    script: `${STARTED}; ${readCsr(0, "= 73")}; ${readCsr(12, "= 5452")}; ${readCsr(24, "= 1000")}; ${readCsr(25, "= 1")}; ${readCsr(30, "= 2000")}; ${readCsr(76, "= 4")}; ${readCsr(78, "= 4")}; ${readCsr(6, "= 2200")}; ${csr(0, 4)}; ${readCsr(0, "= 4")}`,
    ours: "QEMU keeps the addresses of the rings apart from CSR24 to CSR31",
  },
  {
    name: "the block of the LANCE: 24 bits of address",
    script: `${OPEN}; ram 10000 0 80 52 54 0 12 34 56 1 2 3 4 5 6 7 8 0 10 1 20 0 20 1 40; ${csr(1, 0)}; ${csr(2, 1)}; ${csr(0, 1)}; ${readCsr(15, "= 8000")}; ${readCsr(8, "= 201")}; ${readCsr(11, "= 807")}; ${readCsr(24, "= 1000")}; ${readCsr(25, "= 1")}; ${readCsr(76, "= 2")}; ${readCsr(78, "= 4")}`,
    ours: "QEMU keeps the addresses of the rings apart from CSR24 to CSR31",
  },
  {
    name: "a broadcast is received: what the descriptor says, and the frame with its check sequence",
    script: `${STARTED}; ${BROADCAST}; ${readCsr(0, "& 400 = 400")}; ram 11006 = 10; ram 11007 = 3; ram 11008 = 68; ram 11009 = 0; ram 20000 = ff; ram 2000b = 6; ram 2000e = 77; ${readCsr(72, "= 3")}; ${csr(0, 0x440)}; ${readCsr(0, "& 400 = 0")}; frame 64 52 54 0 12 34 56; wait 1us; ram 11016 = 40; ram 11017 = 3`,
  },
  {
    name: "frames for others, without broadcasts, for all",
    script: `${STARTED}; frame 64 52 54 0 12 34 57; wait 1us; ${readCsr(0, "& 400 = 0")}; ${started("0 60")}; ${BROADCAST}; frame 64 52 54 0 12 34 56; wait 1us; ${readCsr(0, "& 400 = 0")}; ${started("0 80")}; frame 64 52 54 0 12 34 57; wait 1us; ram 11006 = 0; ram 11007 = 3`,
  },
  {
    name: "groups by the filter",
    script: `${STARTED}; frame 64 1 0 5e 0 0 1; wait 1us; ${readCsr(0, "& 400 = 0")}; ${started("0 0", "ff ff ff ff ff ff ff ff")}; frame 64 1 0 5e 0 0 1; wait 1us; ram 11006 = 20; ram 11007 = 3`,
  },
  {
    name: "a frame in three buffers",
    script: `${STARTED}; ram 11004 d8 ff 0 80; ram 11014 d8 ff 0 80; ram 11020 0 10 2 0 d8 ff 0 80 0 0 0 0 0 0 0 0; ${BROADCAST}; ram 11007 = 2; ram 11017 = 0; ram 11026 = 10; ram 11027 = 1; ram 11028 = 68; ${readCsr(72, "= 1")}`,
  },
  {
    name: "buffers that end before the frame does",
    script: `${STARTED}; ram 11004 d8 ff 0 80; ram 11017 0; ${BROADCAST}; ram 11007 = 46; ${readCsr(0, "& 400 = 400")}`,
  },
  {
    name: "no descriptor: the frame is missed, and counted",
    script: `${STARTED}; ram 11007 0; ${BROADCAST}; ${readCsr(0, "= 90f3")}; ${readCsr(112, "= 1")}; ${csr(0, 0x1040)}; ${readCsr(0, "= 73")}`,
  },
  {
    name: "a frame goes out, with an interrupt",
    script: `${STARTED}; ${FRAME}; ${toSend("0 83")}; ${csr(0, 0x48)}; wire = 0; wait 2us; wire = 3c; byte 0 = 52; byte c = 8; byte e = aa; ram 12007 = 3; ${readCsr(0, "& 200 = 200")}; ${readCsr(74, "= 3")}; ${csr(0, 0x240)}; ${readCsr(0, "& 280 = 0")}`,
  },
  {
    name: "without a demand it looks by itself, unless told not to",
    script: `${STARTED}; ${FRAME}; ${toSend("0 83")}; wait 2ms; wire = 3c; ${csr(0, 4)}; ${csr(4, 0x1115)}; ${csr(0, 1)}; ${csr(0, 0x142)}; ${toSend("0 83")}; wait 10ms; wire = 0; ${csr(0, 0x48)}; wait 2us; wire = 3c`,
  },
  {
    name: "a frame in two pieces, and one too long",
    script: `${STARTED}; ${FRAME}; ram 12000 0 0 3 0 ec ff 0 82 0 0 0 0 0 0 0 0; ram 12010 14 0 3 0 d8 ff 0 81 0 0 0 0 0 0 0 0; ${csr(0, 0x48)}; wait 3us; wire = 3c; byte e = aa; ram 12007 = 2; ram 12017 = 1; ram 12020 0 0 3 0 0 f8 0 83 0 0 0 0 0 0 0 0; ${csr(0, 0x48)}; wait 3us; wire = 0; ram 12027 = 3`,
  },
  {
    name: "looped back",
    script: `${started("4 80")}; ${FRAME}; ${toSend("0 83")}; ${csr(0, 0x48)}; wait 3us; wire = 0; ram 11007 = 3; ram 20000 = 52; ram 2000e = aa`,
  },
  {
    name: "interrupts that are masked, and the one that software calls for",
    script: `${STARTED}; ${csr(3, 0x400)}; ${BROADCAST}; ${readCsr(0, "& 480 = 400")}; ${csr(3, 0)}; ${readCsr(0, "& 480 = 480")}; ${csr(0, 0x540)}; ${csr(4, 0x195)}; ${readCsr(4, "& c0 = 40")}; ${readCsr(0, "& 80 = 80")}; ${csr(4, 0x155)}; ${readCsr(0, "& 80 = 0")}`,
  },
  {
    name: "the cable shows in the register of its LED",
    script: `${OPEN}; cable 0; ${readBcr(4, "= c0")}; cable 1; ${readBcr(4, "= 80c0")}; cable 0; ${readBcr(4, "= c0")}`,
  },
  {
    name: "descriptors of the LANCE: received, in two buffers, and sent",
    script: [
      `${OPEN}; ${csr(0, 4)}; ram 10000 0 0 52 54 0 12 34 56 0 0 0 0 0 0 0 0 0 10 1 40 0 20 1 40`,
      "ram 11000 0 0 2 80 0 fa 0 0; ram 11008 0 8 2 80 d8 ff 0 0; ram 11010 0 10 2 80 0 fa 0 0; ram 11018 0 0 0 0 0 0 0 0",
      `${csr(1, 0)}; ${csr(2, 1)}; ${csr(0, 1)}; ${csr(0, 0x142)}; ${BROADCAST}`,
      "ram 11003 = 3; ram 11006 = 68; ram 11007 = 0; ram 11002 = 2; ram 11004 = 0; ram 20000 = ff; ram 2000e = 77",
      `${BROADCAST}; ram 1100b = 2; ram 11013 = 1; ram 11016 = 68; ram 11017 = 0; ram 20800 = ff; ${readCsr(72, "= 1")}`,
      `${FRAME}; ram 12000 0 0 3 83 c4 ff 0 0; ${csr(0, 0x48)}; wait 2us; wire = 3c; byte 0 = 52; byte e = aa; ram 12003 = 3`,
    ].join("; "),
  },
  {
    name: "descriptors whose address comes last",
    script: [
      `${OPEN}; ${csr(0, 4)}; ${bcr(20, 3)}; ram 10000 0 20 20 20 52 54 0 12 34 56 0 0 0 0 0 0 0 0 0 0 0 10 1 0 0 20 1 0`,
      "ram 11000 0 0 0 0 0 fa 0 80 0 0 2 0 0 0 0 0",
      `${csr(1, 0)}; ${csr(2, 1)}; ${csr(0, 1)}; ${csr(0, 0x142)}; ${BROADCAST}`,
      "ram 11006 = 10; ram 11007 = 3; ram 11000 = 68; ram 11001 = 0; ram 11008 = 0; ram 1100a = 2; ram 20000 = ff",
      `${FRAME}; ram 12000 0 0 0 0 c4 ff 0 83 0 0 3 0 0 0 0 0; ${csr(0, 0x48)}; wait 2us; wire = 3c; byte e = aa; ram 12007 = 3`,
    ].join("; "),
  },
  {
    name: "a suspended chip neither sends nor receives, and its registers can be written",
    script: `${STARTED}; ${csr(5, 1)}; ${readCsr(5, "& 1 = 1")}; ${BROADCAST}; ${readCsr(0, "& 400 = 0")}; ${csr(8, 0x77)}; ${readCsr(8, "= 77")}; ${csr(5, 0)}; ${BROADCAST}; ${readCsr(0, "& 400 = 400")}; ${csr(8, 0)}; ${readCsr(8, "= 77")}`,
  },
  {
    name: "no bus master, no initialization",
    script: `${OPEN}; outl cf8 80001804; outw cfc 3; ${csr(0, 1)}; ${readCsr(0, "= 4")}`,
    ours: "QEMU's reads what memory has",
  },
];
