/**
 * The NE2000: expectations from National's data sheet of the DP8390D (1995) and Realtek's of the RTL8029AS. Ports
 * C000h, in slot 3.
 */
import type { Case } from "./script.ts";

const OPEN = "outl cf8 80001810; outl cfc c000; outl cf8 80001804; outw cfc 1";
/** A ring of received frames from page 46h to 80h, frames to send at page 40h, words, broadcasts and its own frames. */
const STARTED = [
  OPEN,
  "out c000 21; out c00e 1; out c001 46; out c002 80; out c003 46; out c00c 4; out c00d 0; out c007 ff; out c00f 3",
  "out c000 61; out c001 52; out c002 54; out c003 0; out c004 12; out c005 34; out c006 56; out c007 47; out c000 22",
].join("; ");
/** Points remote DMA to an address, with a count. */
const remote = (address: number, bytes: number): string =>
  `out c008 ${(address & 0xff).toString(16)}; out c009 ${(address >> 8).toString(16)}; out c00a ${(bytes & 0xff).toString(16)}; out c00b ${(bytes >> 8).toString(16)}`;
const READ = "out c000 a";
const WRITE = "out c000 12";
/** A frame of 64 bytes at page 40h. */
const FRAME = `${remote(0x4000, 64)}; ${WRITE}; outl c010 5452; outl c010 20900; outl c010 1000000; outl c010 aa0008; ${"outl c010 0; ".repeat(12)}in c007 & 40 = 40; out c007 40`;
const send = (bytes: number): string =>
  `out c004 40; out c005 ${(bytes & 0xff).toString(16)}; out c006 ${(bytes >> 8).toString(16)}; out c000 26`;
const BROADCAST = "frame 64 ff ff ff ff ff ff 1 2 3 4 5 6 8 0 77; wait 1us";

export const ne2000Cases: readonly Case[] = [
  {
    name: "configuration space",
    script:
      "outl cf8 80001800; inl cfc = 802910ec; outl cf8 80001808; inl cfc = 2000000; outl cf8 8000183c; inl cfc & ff00 = 100",
  },
  {
    name: "size of the window",
    script: "outl cf8 80001810; outl cfc ffffffff; inl cfc = ffffff01",
  },
  {
    name: "the reset port: stopped, and it says so",
    script: `${OPEN}; in c01f; in c007 & 80 = 80; out c01f 0; in c000 = 21`,
    ours: "QEMU keeps the command over a reset",
  },
  {
    name: "a chip that starts leaves its reset",
    script: `${OPEN}; in c01f; out c000 22; in c007 & 80 = 0; in c000 = 22`,
  },
  {
    name: "the letters of an RTL8029, and the page of its configuration",
    script: `${OPEN}; out c000 21; in c00a = 50; in c00b = 43; out c000 e1; in c003 = 0; in c005 = 40; in c006 = 40`,
  },
  {
    name: "the address in the PROM, each byte twice",
    script: `${OPEN}; out c000 22; out c00e 1; ${remote(0, 32)}; ${READ}; inw c010 = 5252; inw c010 = 5454; inw c010 = 0; inw c010 = 1212; inw c010 = 3434; inw c010 = 5656; ${"inw c010; ".repeat(8)}inw c010 = 5757; inw c010 = 5757; in c007 & 40 = 40`,
  },
  {
    name: "page 1: the station's address, the page that is filled, the filter",
    script: `${OPEN}; out c000 61; out c001 11; out c006 66; out c007 4a; out c008 1; out c00f 80; in c001 = 11; in c006 = 66; in c007 = 4a; in c008 = 1; in c00f = 80`,
  },
  {
    name: "page 2 shows the ring",
    script: `${OPEN}; out c000 21; out c001 46; out c002 80; out c003 50; in c003 = 50; out c000 a1; in c001 = 46; in c002 = 80`,
  },
  {
    name: "page 2 shows what page 0 was told",
    script: `${OPEN}; out c000 21; out c004 40; out c00c 4; out c00d 2; out c00e 49; out c00f 3f; out c000 a1; in c004 = 40; in c00c = 4; in c00d = 2; in c00e = 49; in c00f = 3f; in c003 = 0; out c00f 0; in c00f = 3f`,
    ours: "QEMU's has only the ring there",
  },
  {
    name: "memory by words, by double words and by bytes",
    script: `${OPEN}; out c000 22; out c00e 1; ${remote(0x4100, 8)}; ${WRITE}; outw c010 2211; outl c010 66554433; outw c010 8877; in c007 & 40 = 40; out c007 40; ${remote(0x4100, 8)}; ${READ}; inl c010 = 44332211; inw c010 = 6655; inw c010 = 8877; out c00e 0; ${remote(0x4102, 3)}; ${READ}; in c010 = 33; in c010 = 44; in c008 = 4; in c009 = 41; in c010 = 55; in c007 & 40 = 40`,
  },
  {
    name: "a transfer of nothing is done at once",
    script: `${OPEN}; out c000 22; out c007 ff; ${remote(0x4000, 0)}; ${READ}; in c007 & 40 = 40`,
  },
  {
    name: "memory that is not there",
    script: `${OPEN}; out c000 22; out c00e 1; ${remote(0xc000, 4)}; ${WRITE}; outl c010 12345678; ${remote(0xc000, 4)}; ${READ}; inl c010 = ffffffff; ${remote(0x20, 2)}; ${READ}; inw c010 = ffff`,
  },
  {
    name: "remote DMA goes round in the ring",
    script: `${STARTED}; ${remote(0x4600, 2)}; ${WRITE}; outw c010 abcd; ${remote(0x7ffe, 4)}; ${READ}; inw c010; inw c010 = abcd; in c008 = 2; in c009 = 46`,
  },
  {
    name: "a frame goes out, with an interrupt",
    script: `${STARTED}; ${FRAME}; intr = 0; ${send(60)}; in c000 & 4 = 4; wait 2us; wire = 3c; byte 0 = 52; byte 6 = 2; byte c = 8; byte e = aa; in c000 & 4 = 0; in c004 = 1; in c007 & 2 = 2; out c007 2; in c007 & 2 = 0; wire = 0`,
  },
  {
    name: "sending takes no time in QEMU",
    script: `${STARTED}; ${send(60)}; settle 3us; in c000 = 22; in c004 & 1 = 1; in c007 = 2; out c007 2; in c007 = 0`,
  },
  {
    name: "what is no frame, or is looped back, does not go out",
    script: `${STARTED}; ${send(13)}; wait 3us; in c007 & 2 = 2; ${send(1600)}; wait 3us; out c00d 2; ${send(60)}; wait 3us; in c007 & 2 = 2; wire = 0`,
  },
  {
    name: "a broadcast is received: header, frame, check sequence",
    script: `${STARTED}; ${BROADCAST}; in c007 & 1 = 1; in c00c = 21; out c000 62; in c007 = 48; out c000 22; ${remote(0x4700, 20)}; ${READ}; inl c010 = 684821; inl c010 = ffffffff; inl c010 = 201ffff; inl c010 = 6050403; inl c010 = 770008`,
  },
  {
    name: "an interrupt, and what takes it away",
    script: `outl cf8 80000860; outl cfc 0b0b0b0b; out 20 11; out 21 8; out 21 4; out 21 1; out a0 11; out a1 70; out a1 2; out a1 1; out 21 fb; out a1 f7; out 4d1 8; ${STARTED}; intr = 0; ${BROADCAST}; intr = 1; ack = 73; out c007 1; out a0 20; out 20 20; intr = 0; out c00f 2; ${BROADCAST}; intr = 0; out c00f 3; intr = 1`,
  },
  {
    name: "frames for others, for its own address and for everybody's ears",
    script: `${STARTED}; frame 64 52 54 0 12 34 56; wait 1us; in c007 = 1; out c007 1; frame 64 52 54 0 12 34 57; wait 1us; in c007 = 0; out c00c 10; frame 64 52 54 0 12 34 57; wait 1us; in c007 = 1; in c00c = 1; out c007 1; ${BROADCAST}; in c007 = 0; out c00c 30; frame 64 52 54 0 12 34 56; wait 1us; in c007 = 0`,
  },
  {
    name: "groups by the filter",
    script: `${STARTED}; out c00c 8; frame 64 1 0 5e 0 0 1; wait 1us; in c007 = 0; out c000 62; out c008 ff; out c009 ff; out c00a ff; out c00b ff; out c00c ff; out c00d ff; out c00e ff; out c00f ff; out c000 22; frame 64 1 0 5e 0 0 1; wait 1us; in c007 = 1; out c007 1; ${BROADCAST}; in c007 = 0`,
  },
  {
    name: "a ring without room: what is missed is counted, and reading clears the count",
    script: `${STARTED}; out c003 48; ${BROADCAST}; in c007 = 10; in c00f = 1; in c00f = 0; out c007 10; ${BROADCAST}; ${BROADCAST}; in c00f = 2; out c003 46; out c007 ff; ${BROADCAST}; in c007 = 1; out c000 62; in c007 = 48`,
  },
  {
    name: "a long frame goes round the end of the ring",
    script: `${STARTED}; out c002 4a; out c000 62; out c007 49; out c000 22; out c003 48; frame 180 ff ff ff ff ff ff; wait 1us; in c007 = 1; out c000 62; in c007 = 47`,
  },
  {
    name: "a stopped chip takes nothing",
    script: `${STARTED}; out c000 21; ${BROADCAST}; in c007 & 1 = 0; in c007 & 80 = 80`,
  },
];
