/**
 * The Sound Blaster 16: expectations from Creative's Sound Blaster Series Hardware Programming Guide. Ports 220h, IRQ
 * 5, DMA channels 1 and 5; samples at 30000h.
 */
import type { Case } from "./script.ts";

const RESET = "out 226 1; out 226 0; in 22a = aa";
const say = (...bytes: readonly number[]): string => bytes.map((byte) => `out 22c ${byte.toString(16)}`).join("; ");
const mixer = (register: number): string => `out 224 ${register.toString(16)}`;
const played = (...values: readonly number[]): string =>
  values.map((value) => `played = ${(value & 0xffff).toString(16)}`).join("; ");
const NOTHING = "played = ffffffff";

/** So many bytes of a channel of 8 bits, or words of one of 16, from 30000h; the mode without the channel. */
const narrow = (count: number, mode = 0x48): string =>
  `out d4 0; out a 5; out b ${(mode | 1).toString(16)}; out c 0; out 2 0; out 2 0; out 83 3; out 3 ${(count - 1).toString(16)}; out 3 0; out a 1`;
const wide = (count: number, mode = 0x48): string =>
  `out d4 5; out d6 ${(mode | 1).toString(16)}; out d8 0; out c4 0; out c4 80; out 8b 2; out c6 ${(count - 1).toString(16)}; out c6 0; out d4 1`;
const SAMPLES = "ram 30000 80 81 7f ff 0 1 2 3";
/** 10000 Hz: a frame takes 100 us. */
const RATE = say(0x41, 0x27, 0x10);
const READY = `${RESET}; ${RATE}; ${SAMPLES}`;
const REPEATING = 0x58;
const RECORDING = 0x44;

export const sb16Cases: readonly Case[] = [
  { name: "reset: it is ready", script: `${RESET}; in 22e = 0; in 22c = 0; in 226 = ff; in 22d = 0; in 22f = ff` },
  { name: "an answer is announced", script: "out 226 1; out 226 0; in 22e = 80; in 22a = aa; in 22e = 0" },
  { name: "a reset register that stays low resets nothing", script: "out 226 0; in 22e = 0; out 226 1; in 22e = 0" },
  { name: "version", script: `${RESET}; ${say(0xe1)}; in 22a = 4; in 22a = 5; in 22e = 0; in 22a = 5` },
  {
    name: "identification, the test register, whose it is",
    script: `${RESET}; ${say(0xe0, 0xa5)}; in 22a = 5a; ${say(0xe4, 0x77, 0xe8)}; in 22a = 77; ${say(0xe3)}; in 22a = 43; in 22a = 4f; in 22a = 50; in 22a = 59`,
  },
  {
    name: "the speaker's switch, and a sample of the inputs",
    script: `${RESET}; ${say(0xd8)}; in 22a = 0; ${say(0xd1, 0xd8)}; in 22a = ff; ${say(0xd3, 0xd8)}; in 22a = 0; ${say(0x20)}; in 22a = 80; ${say(0xf8)}; in 22a = 0`,
    ours: "QEMU does not answer these, or otherwise",
  },
  {
    name: "no more answers than there is room",
    script: `${RESET}; ${say(0xe3, 0xe3)}; ${Array.from({ length: 64 }, () => "in 22a").join("; ")}; in 22e = 0`,
    ours: "QEMU has room for fewer",
  },
  {
    name: "commands that are ignored take their bytes",
    script: `${RESET}; ${say(0x10, 0xe1, 0x38, 0xe1, 0x74, 0xe1, 0xe1, 0x05, 0xe1, 0xe1, 0x99)}; in 22e = 0; ${say(0xe1)}; in 22a = 4`,
    ours: "QEMU takes none for MIDI, and answers to the last",
  },
  {
    name: "the mixer after power on",
    script: `${mixer(0x80)}; in 225 = 2; ${mixer(0x81)}; in 225 = 22; ${mixer(0x82)}; in 225 = 40; ${mixer(0x22)}; in 225 = 88; ${mixer(0x04)}; in 225 = 88; ${mixer(0x30)}; in 225 = 20; ${mixer(0x47)}; in 225 = 20; ${mixer(0x48)}; in 225 = ff; ${mixer(0x0e)}; in 225 = 0; ${mixer(0x7f)}; in 225 = 0; ${mixer(0x83)}; in 225 = ff; in 224 = ff`,
  },
  {
    name: "the mixer remembers until it is reset",
    script: `${mixer(0x32)}; out 225 f8; in 225 = f8; ${mixer(0x82)}; out 225 7; in 225 = 40; ${mixer(0x00)}; out 225 5; in 225 = 5; ${mixer(0x32)}; in 225 = 20; ${mixer(0x82)}; ${RESET}; in 225 = 0`,
  },
  {
    name: "an interrupt to test, of either width",
    script: `${RESET}; ${say(0xf2)}; in 22a = aa; ${mixer(0x82)}; in 225 = 1; in 22e = 0; in 225 = 0; ${say(0xf3)}; in 22a = aa; in 225 = 2; in 22e; in 225 = 2; in 22f; in 225 = 0`,
  },
  {
    name: "its line is IRQ 5, up until all is acknowledged",
    script: `out 20 11; out 21 8; out 21 4; out 21 1; out 21 df; out 4d0 20; ${RESET}; intr = 0; ${say(0xf2, 0xf3)}; intr = 1; in 22e; intr = 1; ack = d; in 22f; out 20 20; intr = 0; ${say(0xf2)}; intr = 1; ${RESET}; ack = f; intr = 0`,
  },
  {
    name: "8 bits, one block",
    script: `${READY}; ${narrow(8)}; ${say(0xc0, 0, 3, 0)}; wait 399us; ${mixer(0x82)}; in 225 = 0; wait 1us; in 225 = 1; ${played(0, 0, 0x100, 0x100, -0x100, -0x100, 0x7f00, 0x7f00)}; rate = 2710; wait 1s; ${NOTHING}; in 2 = 4; in 8 & 2 = 0`,
  },
  {
    name: "8 bits with a sign, stereo, over the channel's end",
    script: `${READY}; ${narrow(4, REPEATING)}; ${say(0xc0, 0x30, 7, 0)}; wait 400us; ${mixer(0x82)}; in 225 = 1; ${played(0x8000, 0x8100, 0x7f00, 0xff00, 0x8000, 0x8100, 0x7f00, 0xff00)}; ${NOTHING}; in 8 & 2 = 2`,
  },
  {
    name: "16 bits, with a sign and without, mono and stereo",
    script: `${READY}; ${wide(4)}; ${say(0xb0, 0x30, 3, 0)}; wait 200us; ${mixer(0x82)}; in 225 = 2; in 22f; ${played(0x8180, 0xff7f, 0x100, 0x302)}; ${wide(4)}; ${say(0xb0, 0, 1, 0)}; wait 200us; in 225 = 2; ${played(0x180, 0x180, 0x7f7f, 0x7f7f)}; ${NOTHING}`,
  },
  {
    name: "blocks that repeat, until the last one is said",
    script: `${READY}; ${narrow(8, REPEATING)}; ${say(0xc6, 0, 1, 0)}; ${mixer(0x82)}; wait 200us; in 225 = 1; in 22e; wait 200us; in 225 = 1; in 22e; ${say(0xda)}; wait 199us; in 225 = 0; wait 1us; in 225 = 1; in 22e; wait 5ms; in 225 = 0; ${played(0, 0, 0x100, 0x100, -0x100, -0x100, 0x7f00, 0x7f00, 0x8000, 0x8000, 0x8100, 0x8100)}; ${NOTHING}`,
  },
  {
    name: "a block that is told to repeat after all",
    script: `${READY}; ${narrow(8, REPEATING)}; ${say(0xc0, 0, 1, 0, 0x47)}; ${say(0x45)}; wait 1ms; out 22c d0; ${mixer(0x82)}; in 225 = 1; in 2 = 2; ${say(0x45)}`,
  },
  {
    name: "halted, and going on",
    script: `${READY}; ${narrow(8)}; ${say(0xc0, 0, 3, 0)}; wait 150us; ${say(0xd5)}; ${say(0xd0)}; wait 5ms; ${played(0, 0)}; ${NOTHING}; ${say(0xd6)}; wait 5ms; in 2 = 1; in 2 = 0; ${say(0xd4)}; ${mixer(0x82)}; wait 299us; in 225 = 0; wait 1us; in 225 = 1; ${played(0x100, 0x100)}`,
  },
  {
    name: "the commands before version 4: a block, and the size of blocks that repeat",
    script: `${READY}; ${narrow(8, REPEATING)}; ${say(0x14, 1, 0)}; ${mixer(0x82)}; wait 200us; in 225 = 1; in 22e; ${played(0, 0, 0x100, 0x100)}; ${say(0x48, 2, 0, 0x1c)}; wait 300us; in 225 = 1; in 22e; wait 300us; in 225 = 1; in 22e; ${say(0xd0, 0x91)}; wait 5ms; in 225 = 1; in 22e; wait 5ms; in 225 = 0`,
  },
  {
    name: "stereo of the Sound Blaster Pro: two samples share the rate, which a time constant gives",
    script: `${RESET}; ${SAMPLES}; ${narrow(8)}; ${say(0x40, 0x9c)}; ${mixer(0x0e)}; out 225 2; ${say(0x48, 3, 0, 0x91)}; wait 399us; ${mixer(0x82)}; in 225 = 0; wait 1us; in 225 = 1; rate = 1388; ${played(0, 0x100, -0x100, 0x7f00)}; ${NOTHING}`,
  },
  {
    name: "rates that it does not have",
    script: `${RESET}; ${SAMPLES}; ${narrow(8)}; ${say(0x41, 0, 1, 0xc0, 0, 0, 0)}; wait 200us; rate = 1388; ${say(0x42, 0xff, 0xff, 0xc0, 0, 0, 0)}; wait 200us; rate = afc8; ${say(0x40, 0xff, 0xc0, 0, 0, 0)}; wait 200us; rate = afc8`,
  },
  {
    name: "recorded is silence",
    script: `${READY}; ${narrow(8, RECORDING)}; ${say(0xc8, 0, 2, 0)}; ${mixer(0x82)}; wait 300us; in 225 = 1; in 22e; ram 30000 = 80; ram 30001 = 80; ram 30002 = 80; ram 30003 = ff; ${say(0x24, 0, 0)}; wait 100us; in 225 = 1; in 22e; ram 30003 = 80; ram 30004 = 0; ${wide(8, RECORDING)}; ${say(0xb8, 0, 1, 0)}; wait 200us; in 225 = 2; in 22f; ram 30000 = 0; ram 30001 = 80; ram 30003 = 80; ${say(0xb8, 0x10, 0, 0)}; wait 100us; ram 30004 = 0; ram 30005 = 0; ${NOTHING}`,
  },
  {
    name: "recording in blocks that repeat",
    script: `${READY}; ${narrow(8, RECORDING | 0x10)}; ${say(0x48, 1, 0, 0x2c)}; ${mixer(0x82)}; wait 200us; in 225 = 1; in 22e; ${say(0x98)}; wait 200us; in 225 = 1; in 22e; ${say(0x99)}; wait 200us; in 225 = 1; in 22e; wait 5ms; in 225 = 0`,
  },
  {
    name: "silence for a while",
    script: `${READY}; ${say(0x80, 9, 0)}; ${mixer(0x82)}; wait 999us; in 225 = 0; wait 1us; in 225 = 1; ${NOTHING}`,
  },
  {
    name: "a channel that is masked gives nothing, and what it misses has passed",
    script: `${READY}; ${narrow(8)}; out a 5; ${say(0xc0, 0, 3, 0)}; wait 5ms; ${NOTHING}; out a 1; wait 10ms; ${mixer(0x82)}; in 225 = 1; ${played(0, 0, 0x100, 0x100)}`,
  },
  {
    name: "half a frame at the end of a block",
    script: `${READY}; ${narrow(8)}; ${say(0xc0, 0x20, 2, 0)}; wait 200us; ${mixer(0x82)}; in 225 = 1; ${played(0, 0x100, -0x100, -0x100)}; ${NOTHING}`,
  },
  {
    name: "a reset ends what was under way",
    script: `${READY}; ${narrow(8)}; ${say(0xc0, 0, 3, 0)}; ${say(0x80, 9, 0)}; wait 150us; ${say(0xc0, 0)}; ${RESET}; wait 5ms; ${mixer(0x82)}; in 225 = 0; ${say(0xe1)}; in 22a = 4; ${say(0xd4)}; wait 5ms; in 225 = 0; reset; in 22e = 0`,
    ours: "QEMU's card is not reset with the board",
  },
];
