/** The RTL8139: expectations from Realtek's data sheet of the RTL8139D (revision 1.3). Ports C000h, in slot 3. */
import type { Case } from "./script.ts";

const OPEN = "outl cf8 80001810; outl cfc c000; outl cf8 80001814; outl cfc febc0000; outl cf8 80001804; outw cfc 7";
/** A frame of so many bytes from 20000h on, by one of the four descriptors. */
const send = (descriptor: number, bytes: number): string =>
  `outl c0${(0x20 + 4 * descriptor).toString(16)} 20000; outl c0${(0x10 + 4 * descriptor).toString(16)} ${bytes.toString(16)}; wait 3us`;
const SENDER = `${OPEN}; ram 20000 52 54 0 0 0 9 2 0 0 0 0 1 8 0 aa; out c037 4`;
/** The ring of 8 KiB is at 10000h; broadcasts and frames for the card are taken. */
const receiver = (config: string): string =>
  `${OPEN}; outl c030 10000; out c037 8; outl c044 ${config}; ram 12000 ee ee ee ee`;
const LARGE = "frame 5ea ff ff ff ff ff ff; wait 1us";
/** Five large frames, read up to their end at 1DC4h: the sixth one reaches the end of the ring. */
const FIVE = `${LARGE}; ${LARGE}; ${LARGE}; ${LARGE}; ${LARGE}; inw c03a = 1dc4; outw c038 1db4; in c037 & 1 = 1`;

export const rtl8139Cases: readonly Case[] = [
  {
    name: "configuration space",
    script:
      "outl cf8 80001800; inl cfc = 813910ec; outl cf8 80001808; inl cfc & ffffff00 = 2000000; outl cf8 8000183c; inl cfc & ff00 = 100",
  },
  {
    name: "sizes of the windows",
    script:
      "outl cf8 80001810; outl cfc ffffffff; inl cfc = ffffff01; outl cf8 80001814; outl cfc ffffffff; inl cfc = ffffff00",
  },
  {
    name: "after power on",
    script: `${OPEN}; in c037 = 1; inw c03c = 0; inw c03e = 0; inl c04c = 0; inw c038 = fff0; inw c03a = 0; in c058 & 4 = 0; inw c064 & 2c = 2c`,
    ours: "QEMU shows the reset bit until a driver has set it",
  },
  {
    name: "the same registers in memory",
    script: `${OPEN}; outl c008 44332211; readl febc0008 = 44332211; writel febc000c 88776655; inl c00c = 88776655; read febc000e = 77`,
  },
  {
    name: "the address, by bytes, words and all at once",
    script: `${OPEN}; out c050 c0; outl c000 44332211; inl c000 = 44332211; out c004 55; out c005 66; inw c004 = 6655; out c002 99; inl c000 = 44992211`,
  },
  {
    name: "the filter, by bytes",
    script: `${OPEN}; out c008 1; out c00b 4; out c00f 8; inl c008 = 4000001; inl c00c = 8000000; outl c008 0; inl c008 = 0`,
  },
  {
    name: "four places to send from, and the ring's",
    script: `${OPEN}; outl c020 11111110; outl c024 22222220; outl c028 33333330; outl c02c 44444440; outl c030 55555550; inl c020 = 11111110; inl c024 = 22222220; inl c028 = 33333330; inl c02c = 44444440; inl c030 = 55555550`,
  },
  {
    name: "receiver and transmitter, and the reset of both",
    script: `${OPEN}; out c037 c; in c037 = d; outw c03c 15; inw c03c = 15; out c037 10; in c037 = 1; inw c03c = 0; inw c03e = 0`,
  },
  {
    name: "mask and causes in one access",
    script: `${OPEN}; outl c03c 15; inw c03c = 15; outw c03c 4; inl c03c & ffff = 4`,
    ours: "QEMU takes the mask as a word only",
  },
  {
    name: "what transmission is told",
    script: `${OPEN}; out c037 4; outl c040 600; inl c040 & fff = 600; outl c040 0; inl c040 & fff = 0`,
  },
  {
    name: "the version of the chip, which nothing changes",
    script: `${OPEN}; inl c040 = 74000000; out c037 4; outl c040 8bffffff; inl c040 & fc800000 = 74000000`,
    ours: "QEMU's is an RTL8139C+",
  },
  {
    name: "frames that were missed: any value clears them",
    script: `${OPEN}; outl c04c ffffff; inl c04c = 0`,
  },
  {
    name: "settings keep what is written; what lies beside them does not",
    script: `${OPEN}; out c051 a5; out c052 5a; out c059 12; out c05d 34; out c062 56; in c051 = a5; in c052 = 5a; in c059 = 12; in c05d = 34; in c062 = 56; out c053 77; in c053 = 0; out c05e 77; in c05e = 0; out c058 ff; in c058 = 0`,
    ours: "QEMU keeps some of the bits only",
  },
  {
    name: "the timer counts by 30 ns from the write on",
    script: `${OPEN}; wait 5us; outl c048 1; inl c048 = 0; wait 300ns; inl c048 = a; wait 1us; inl c048 = 2b`,
  },
  {
    name: "a frame goes out, and says so",
    script: `${SENDER}; inw c060 = f; ${send(0, 0x40)}; wire = 40; byte 0 = 52; byte e = aa; inl c010 & a000 = a000; inw c060 = 100f; inw c03e = 4; outw c03e 4; inw c03e = 0`,
  },
  {
    name: "an interrupt for what the mask lets through, until it is taken back",
    script: `out 20 11; out 21 08; out 21 04; out 21 01; out a0 11; out a1 70; out a1 02; out a1 01; out 21 fb; out a1 0; out 4d1 0e; outl cf8 80000860; outl cfc b0b0b0b; ${SENDER}; outw c03c 1; ${send(0, 0x40)}; intr = 0; outw c03c 4; intr = 1; ack = 73; outw c03e 4; out a0 20; out 20 20; intr = 0`,
  },
  {
    name: "the four descriptors in turn",
    script: `${SENDER}; ${send(0, 0x40)}; ${send(1, 0x41)}; ${send(2, 0x42)}; ${send(3, 0x43)}; ${send(0, 0x44)}; wire = 40; wire = 41; wire = 42; wire = 43; wire = 44; wire = 0; inw c060 = f00f`,
  },
  {
    name: "a descriptor out of turn waits for the others",
    script: `${SENDER}; ${send(1, 0x41)}; wire = 0; ${send(0, 0x40)}; wire = 40; wire = 41; wire = 0`,
  },
  {
    name: "lengths that Ethernet does not have go nowhere",
    script: `${SENDER}; ${send(0, 13)}; ${send(1, 14)}; ${send(2, 1518)}; ${send(3, 1519)}; wire = e; wire = 5ee; wire = 0; inw c060 = f00f`,
  },
  {
    name: "nothing goes out without the bus",
    script: `${SENDER}; outl cf8 80001804; outw cfc 3; ${send(0, 0x40)}; wire = 0`,
  },
  {
    name: "looped back",
    script: `${receiver("f")}; ram 20000 52 54 0 12 34 56 2 0 0 0 0 1 8 0 aa; out c037 c; outl c040 60000; ${send(0, 0x40)}; wire = 0; inw c03e = 5; ram 10000 = 1; ram 10001 = 40; ram 10002 = 44; ram 10012 = aa`,
  },
  {
    name: "half of the bits that loop are none",
    script: `${receiver("f")}; out c037 c; outl c040 20000; ram 20000 52 54 0 12 34 56 2 0 0 0 0 1 8 0 aa; ${send(0, 0x40)}; wire = 40; inw c03e = 4`,
  },
  {
    name: "a frame that reaches the end of the ring goes on at its begin",
    script: `${receiver("f")}; ${FIVE}; ${LARGE}; ram 11dc4 = 1; ram 11dc5 = 20; ram 11dc6 = ee; ram 11dc7 = 5; ram 11dc8 = ff; ram 12000 = ee; ram 10000 = 0; inw c03a = 3b8; in c037 & 1 = 0`,
  },
  {
    name: "a frame that reaches the end of the ring runs on behind it",
    script: `${receiver("8f")}; ${FIVE}; ${LARGE}; ram 11dc4 = 1; ram 12000 = 0; ram 10000 = 1; inw c03a = 3b8; in c037 & 1 = 0`,
  },
  {
    name: "a ring of 64 KiB has nothing behind it to run on to",
    script: `${receiver("188f")}; outw c038 1db4; ${LARGE}; inw c03a = 5f4; ram 10000 = 1`,
  },
  {
    name: "what is taken, by kind of address",
    script: [
      receiver("0"),
      "frame 40 ff ff ff ff ff ff; wait 1us; inw c03a = 0; frame 40 52 54 0 12 34 56; wait 1us; inw c03a = 0",
      "outl c044 2; frame 40 52 54 0 12 34 56; wait 1us; inw c03a = 48; ram 10001 = 40",
      "outl c044 8; frame 40 52 54 0 12 34 56; wait 1us; inw c03a = 0; frame 40 ff ff ff ff ff ff; wait 1us; inw c03a = 48; ram 10001 = 20",
      "outl c044 4; frame 40 1 0 5e 0 0 1; wait 1us; inw c03a = 0; outl c008 ffffffff; outl c00c ffffffff; frame 40 1 0 5e 0 0 1; wait 1us; inw c03a = 48; ram 10001 = 80",
      "outl c044 1; frame 40 52 54 0 99 99 99; wait 1us; inw c03a = 48; ram 10000 = 1; ram 10001 = 0",
    ].join("; "),
  },
  {
    name: "the bus's reset: registers as after power on, and the EEPROM's pins are low",
    script: `${receiver("f")}; out c050 8a; in c050 & e = a; outl c008 1234; reset; ${OPEN}; in c037 = 1; inl c044 = 0; inl c008 = 0; inl c030 = 0; inl c000 = 12005452; in c050 & e = 0`,
  },
  {
    name: "the cable",
    script: `${OPEN}; in c058 = 0; inw c064 = 782d; cable 0; wait 2ms; in c058 = 4; inw c064 = 7829; inw c03e & 20 = 20; outw c03e 20; cable 1; wait 2ms; in c058 = 0; inw c03e & 20 = 20`,
  },
  {
    name: "a receiver that is switched on begins its ring anew, one that is on goes on",
    script: `${receiver("f")}; frame 40 ff ff ff ff ff ff; wait 1us; inw c03a = 48; out c037 c; inw c03a = 48; outw c038 38; in c037 = d; out c037 4; inw c03a = 48; out c037 c; inw c03a = 0; in c037 = d; frame 40 ff ff ff ff ff ff; wait 1us; ram 10000 = 1; inw c03a = 48; in c037 = c`,
    ours: "frames",
  },
];
