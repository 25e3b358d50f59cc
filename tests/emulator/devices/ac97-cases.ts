/**
 * The 82801AA's AC'97 controller: expectations from Intel's data sheet (290655), chapter 13, and from the specification
 * of AC'97. Mixer at C800h, bus masters at C400h, in slot 3; the list of descriptors at 10000h, samples at 20000h.
 */
import type { Case } from "./script.ts";

export const openAc97 = (slot: number): string => {
  const register = (offset: number): string => (0x80000000 + slot * 0x800 + offset).toString(16);
  return `outl cf8 ${register(0x10)}; outl cfc c800; outl cf8 ${register(0x14)}; outl cfc c400; outl cf8 ${register(4)}; outw cfc 5`;
};
const OPEN = openAc97(3);
const byte = (value: number): string => (value & 0xff).toString(16);
/** A descriptor of the list. */
const described = (index: number, address: number, samples: number, interrupts = false): string =>
  `ram ${(0x10000 + 8 * index).toString(16)} ${[0, 8, 16, 24].map((shift) => byte(address >> shift)).join(" ")} ${byte(samples)} ${byte(samples >> 8)} 0 ${interrupts ? "80" : "0"}`;
/** Loud, at a rate of which a frame takes 100 us. */
const SET = "outw c802 0; outw c818 808; outw c82c 2710; outw c832 2710; outw c834 2710";
const THREE = `${described(0, 0x20000, 8)}; ${described(1, 0x21000, 4, true)}; ${described(2, 0x22000, 6)}`;
/** PCM out with three descriptors, ready to run. */
const READY = `${OPEN}; ${SET}; ${THREE}; outl c410 10000; out c415 2`;
/** Samples 1, 2, 3, ... at 20000h. */
const NUMBERED =
  "ram 20000 1 0 2 0 3 0 4 0 5 0 6 0 7 0 8 0; ram 21000 9 0 a 0 b 0 c 0; ram 22000 d 0 e 0 f 0 10 0 11 0 12 0";
const played = (...values: number[]): string => values.map((value) => `played = ${value.toString(16)}`).join("; ");

export const ac97Cases: readonly Case[] = [
  {
    name: "configuration space",
    script:
      "outl cf8 80001800; inl cfc = 24158086; outl cf8 80001804; inl cfc = 2800000; outl cf8 80001808; inl cfc = 4010001; outl cf8 8000182c; inl cfc = 11001af4; outl cf8 8000183c; inl cfc & ffff = 100",
  },
  {
    name: "sizes of the windows",
    script:
      "outl cf8 80001810; outl cfc ffffffff; inl cfc = fffffc01; outl cf8 80001814; outl cfc ffffffff; inl cfc = ffffff01",
  },
  {
    name: "the codec after power on",
    script: `${OPEN}; inw c800 = 0; inw c802 = 8000; inw c804 = 0; inw c818 = 8808; inw c81a = 0; inw c81c = 8808; inw c826 = f; inw c828 = 809; inw c82a = 9; inw c82c = bb80; inw c82e = bb80; inw c830 = bb80; inw c832 = bb80; inw c834 = bb80; inw c87c = 8384; inw c87e = 7600`,
  },
  {
    name: "bits of the codec's registers that are written",
    script: `${OPEN}; outw c802 ffff; inw c802 = bf3f; outw c818 ffff; inw c818 = 9f1f; outw c81c ffff; inw c81c = 8f0f; outw c81a ffff; inw c81a = 707; outw c826 ffff; inw c826 = 7fff; outw c826 0; inw c826 = f; outw c804 ffff; inw c804 = 0; outw c86c ffff; inw c86c = 0; outw c828 0; inw c828 = 809; outw c87c 1; inw c87c = 8384; outw c87e 1; inw c87e = 7600; outw c836 5678; inw c836 = 5678; outw c85a 1234; inw c85a = 1234`,
  },
  {
    name: "a write to register 0 resets the codec",
    script: `${OPEN}; outw c802 0; outw c82c 1f40; outw c85a 1; outw c800 77; inw c800 = 0; inw c802 = 8000; inw c82c = bb80; inw c85a = 0`,
  },
  {
    name: "rates vary where the extended control says so",
    script: `${OPEN}; outw c82c 1f40; inw c82c = 1f40; outw c832 ac44; inw c832 = ac44; outw c834 2b11; inw c834 = 2b11; outw c82a 8; inw c82a = 8; inw c82c = bb80; inw c832 = bb80; inw c834 = 2b11; outw c82c 1f40; inw c82c = bb80; outw c82a 1; inw c834 = bb80; outw c834 1f40; inw c834 = bb80; outw c832 1f40; inw c832 = 1f40; outw c82e 1f40; inw c82e = 1f40`,
  },
  {
    name: "registers of the codec are words, and there are 256 bytes of them",
    script: `${OPEN}; in c802 = ff; inl c800 = ffffffff; out c802 0; outl c800 0; inw c802 = 8000; inw c8fe = 0; inw c8ff = ffff; inw c900 = ffff; outw c900 1; inw c900 = ffff`,
  },
  {
    name: "the codec is taken by who reads it free, until it is accessed",
    script: `${OPEN}; in c434 = 0; in c434 = 1; inw c802; in c434 = 0; in c434 = 1; out c802 0; in c434 = 0; outw c802 0; in c434 = 0; inl c800; in c434 = 0`,
  },
  {
    name: "bus masters after power on",
    script: `${OPEN}; ${["c40", "c41", "c42"].map((at) => `inl ${at}0 = 0; in ${at}4 = 0; in ${at}5 = 0; inw ${at}6 = 1; in ${at}6 = 1; inw ${at}8 = 0; in ${at}a = 0; in ${at}b = 0; inl ${at}4 = 10000; inl ${at}8 = 0`).join("; ")}; inl c42c = 0; inl c430 = 100`,
  },
  {
    name: "registers of a bus master that are written",
    script: `${OPEN}; outl c410 12345678; inl c410 = 12345678; out c415 ff; in c415 = 1f; out c41b 1c; in c41b = 1c; outw c416 1f; inw c416 = 1; out c414 5; in c414 = 0; out c41a 5; in c41a = 0; outw c418 5; inw c418 = 0; out c41b 2; in c41b = 1c; inl c410 = 0; in c415 = 0`,
  },
  {
    name: "the list is at a multiple of eight",
    script: `${OPEN}; outl c410 ffffffff; inl c410 = fffffff8`,
    ours: "QEMU's has bit 2 as well",
  },
  {
    name: "registers by other widths than they have",
    script: `${OPEN}; out c415 5; inw c414 = 500; outw c414 700; in c415 = 7; out c411 12; inl c410 = 1200; inl c42e = ffffffff; in c43f = ff; inw c430 = ffff`,
    ours: "QEMU answers ones",
  },
  {
    name: "global control and status",
    script: `${OPEN}; outl c42c 31; inl c42c = 31; outl c42c ffffffc1; inl c42c = 1; outl c430 ffffffff; inl c430 = 30100; outl c430 0; inl c430 = 30100`,
  },
  {
    name: "a warm reset is over at once, a cold one takes the codec's registers",
    script: `${OPEN}; outw c802 505; outl c42c 6; inl c42c = 2; inw c802 = 505; outl c42c 0; inl c42c = 0; inw c802 = 8000`,
    ours: "QEMU leaves the register as it is where a reset is written",
  },
  {
    name: "run: the first descriptor is there",
    script: `${READY}; out c41b 1d; inl c414 = 200; inl c418 = 1d010008; inl c430 = 100`,
  },
  {
    name: "to the end of the list",
    script: `${READY}; out c41b 1; pass 50ms; in c414 = 2; in c415 = 2; inw c416 = f; inw c418 = 0; in c41a = 3; in c41b = 1; inl c430 = 100; outw c416 4; inw c416 = b; outw c416 8; inw c416 = 3`,
  },
  {
    name: "causes interrupt where they are enabled",
    script: `${READY}; out c41b 11; pass 50ms; inl c430 = 140; outw c416 1c; inw c416 = 3; inl c430 = 100; out c41b 2; outl c410 10000; out c415 2; out c41b 5; pass 50ms; inl c430 = 140; outw c416 1c; inl c430 = 100`,
  },
  {
    name: "a new last descriptor goes on, all round the list",
    script: `${READY}; ${described(3, 0x23000, 2)}; out c41b 1; pass 50ms; inw c416 = f; out c415 3; inw c416 = c; in c414 = 3; in c41a = 4; pass 50ms; inw c416 = f; in c414 = 3; out c415 1; pass 80ms; in c414 = 1; inw c416 = f; in c41a = 2`,
    ours: "one empty descriptor after the other, QEMU waits for each",
  },
  {
    name: "recorded is silence, by both inputs",
    script: `${OPEN}; ${SET}; ram 20000 7 7 7 7 7 7 7 7 7 7; ${described(0, 0x20000, 4, true)}; outl c400 10000; out c40b 11; pass 50ms; inw c406 = f; in c404 = 0; inl c430 = 120; ram 20000 = 0; ram 20007 = 0; ram 20008 = 7; outw c406 1c; inl c430 = 100`,
    ours: "QEMU's file has no inputs",
  },
  {
    name: "the microphone has one sample in a frame",
    script: `${OPEN}; ${SET}; ram 20000 7 7 7 7 7 7 7 7 7 7; ${described(0, 0x20000, 4, true)}; outl c420 10000; out c42b 11; wait 350us; inw c428 = 1; ram 20005 = 0; ram 20006 = 7; wait 50us; inw c426 = f; inl c430 = 180; ram 20007 = 0; ram 20008 = 7`,
  },
  {
    name: "samples leave at their rate",
    script: `${READY}; ${NUMBERED}; out c41b 1; played = ffffffff; wait 99us; inw c418 = 8; wait 1us; inw c418 = 6; ${played(1, 2)}; played = ffffffff; wait 250us; inw c418 = 2; ${played(3, 4, 5, 6)}; wait 600us; inw c416 = f; ${played(7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)}; played = ffffffff; rate = 2710`,
  },
  {
    name: "a pause, after which it goes on where it was",
    script: `${READY}; ${NUMBERED}; out c41b 1; wait 250us; out c41b 0; inw c416 = 1; inw c418 = 4; wait 5ms; inw c418 = 4; ${played(1, 2, 3, 4)}; played = ffffffff; out c41b 1; inw c416 = 0; inw c418 = 4; in c414 = 0; wait 100us; inw c418 = 2; ${played(5, 6)}; played = ffffffff`,
  },
  {
    name: "control written while it runs changes the enables alone",
    script: `${READY}; out c41b 1; wait 250us; out c41b 11; inw c418 = 4; in c414 = 0; wait 200us; in c414 = 1; inw c418 = 4`,
  },
  {
    name: "the interrupt of a descriptor, at its end",
    script: `${READY}; outl cf8 80000860; outl cfc 0b0b0b0b; out 20 11; out 21 20; out 21 4; out 21 1; out a0 11; out a1 28; out a1 2; out a1 1; out 21 fb; out a1 f7; out 4d1 8; out c41b 11; wait 599us; intr = 0; wait 1us; intr = 1; inw c416 = 8; ack = 2b; outw c416 8; inl c430 = 100; out a0 20; out 20 20; intr = 0; out c41b 15; wait 300us; intr = 1; ack = 2b; out c41b 1; out a0 20; out 20 20; intr = 0; inw c416 = 7`,
  },
  {
    name: "loud as the registers say",
    script: `${READY}; ram 20000 0 40 0 40 0 40 0 40 0 c0 0 c0 0 80 ff 7f; outw c802 1f00; outw c818 1f; out c41b 1; wait 100us; in c414; ${played(0x4d, 0x134)}; outw c802 0; outw c818 0; wait 100us; in c414; ${played(0x4000, 0x4000)}; outw c802 100; outw c818 809; wait 100us; in c414; ${played(0xca26, 0xca26)}; outw c802 8000; wait 100us; in c414; ${played(0, 0)}`,
  },
  {
    name: "muted by either volume",
    script: `${READY}; ${NUMBERED}; outw c818 8808; out c41b 1; wait 100us; in c414; ${played(0, 0)}`,
  },
  {
    name: "another rate, from now on",
    script: `${READY}; ${NUMBERED}; out c41b 1; wait 150us; outw c82c 1388; inw c418 = 6; wait 199us; inw c418 = 6; wait 1us; inw c418 = 4; ${played(1, 2, 3, 4)}; rate = 1388; outw c82c 0; wait 5ms; inw c418 = 4; outw c82c 2710; wait 100us; inw c418 = 2`,
  },
  {
    name: "descriptors of no samples are passed over",
    script: `${READY}; ${NUMBERED}; ${described(0, 0x20000, 0)}; ${described(1, 0x21000, 0, true)}; out c41b 1; in c414 = 0; wait 100us; in c414 = 2; inw c418 = 4; inw c416 = 8; ${played(13, 14)}`,
  },
  {
    name: "a list of nothing ends at the last valid one",
    script: `${OPEN}; ${SET}; outl c410 30000; out c415 1f; out c41b 1; wait 1ms; in c414 = 1f; inw c416 = 7; played = ffffffff`,
  },
  {
    name: "half a frame, and a descriptor at an odd word",
    script: `${OPEN}; ${SET}; ${NUMBERED}; ${described(0, 0x20002, 3)}; ${described(1, 0x21000, 2)}; outl c410 10000; out c415 1; out c41b 1; wait 300us; inw c416 = 7; ${played(2, 3, 4, 0, 9, 10)}; played = ffffffff`,
  },
  {
    name: "addresses where there is no memory",
    script: `${OPEN}; ${SET}; ${described(0, 0xfffffffe, 4)}; outl c410 10000; out c41b 1; wait 300us; inw c416 = 7; ${played(0xffff)}; outl c410 fffffff8; out c41b 2; outl c410 fffffff8; out c41b 1; inl c418 = 101ffff`,
  },
  {
    name: "who may not use the bus waits",
    script: `${READY}; ${NUMBERED}; out c41b 1; outl cf8 80001804; outw cfc 1; wait 5ms; inw c418 = 8; played = ffffffff; outw cfc 5; wait 10ms; inw c416 = f; ${played(1, 2)}`,
  },
  {
    name: "without the bus there are no descriptors",
    script: `${READY}; outl cf8 80001804; outw cfc 1; out c41b 1; inw c418 = 0; wait 1ms; inw c418 = 0; in c414 = 0`,
  },
  {
    name: "the board's reset",
    script: `${READY}; outl c42c 3; out c41b 1d; wait 150us; reset; ${OPEN}; inl c410 = 0; inl c414 = 10000; inl c418 = 0; inl c42c = 0; inl c430 = 100; inw c802 = 8000`,
  },
];
