import type { Case } from "./script.ts";

/** PACKET with the byte count limit, then the twelve bytes of the packet; ends when the drive has answered. */
function packet(bytes: readonly number[], limit = 0x800, features = 0): string {
  const all = [...bytes, ...new Array<number>(12 - bytes.length).fill(0)];
  const words = [0, 2, 4, 6, 8, 10].map((at) => `outw 170 ${(all[at]! | (all[at + 1]! << 8)).toString(16)}`);
  return [
    `out 176 a0; out 171 ${features}; out 174 ${(limit & 0xff).toString(16)}; out 175 ${(limit >> 8).toString(16)}`,
    "out 177 a0; wait 10us; in 177 = 58; in 172 = 1",
    ...words,
    "in 177 = d0; wait 99999ns; in 177 = d0; wait 1ns",
  ].join("; ");
}
/** The reply, byte by byte; then the end of the command. */
function reply(...bytes: readonly number[]): string {
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += 2)
    words.push(`inw 170 = ${(bytes[at]! | ((bytes[at + 1] ?? 0) << 8)).toString(16)}`);
  const count = `in 174 = ${(bytes.length & 0xff).toString(16)}; in 175 = ${(bytes.length >> 8).toString(16)}`;
  return `in 177 = 58; in 172 = 2; ${count}; ${words.join("; ")}; in 177 = d0; ${DONE}`;
}
const DONE = "wait 5us; in 177 = 50; in 172 = 3";
/** Failed, with a sense key; the sense data tell key and code once. */
const failed = (key: number, code: number): string =>
  `in 177 = 51; in 171 = ${((key << 4) | 4).toString(16)}; in 172 = 3; ${sense(key, code)}; ${sense(0, 0)}`;
const sense = (key: number, code: number): string =>
  `${packet([3, 0, 0, 0, 18])}; ${reply(0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, 0, 0, 0, 0, 0)}`;
const rest = (words: number): string => "inw 170; ".repeat(words);
const text = (letters: string): number[] => Array.from(letters, (letter) => letter.charCodeAt(0));

const unready = (qualifier: number, key = 2, code = 0x3a): string =>
  `in 177 = 51; in 171 = ${((key << 4) | 4).toString(16)}; ${packet([3, 0, 0, 0, 18])}; ${reply(0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, qualifier, 0, 0, 0, 0)}`;
const TEST_UNIT = packet([0]);
const GOOD = "in 177 = 50; in 172 = 3";
/** GET EVENT STATUS: the event, and what the drive holds. */
const status = (event: number, state: number): string =>
  `${packet([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8])}; ${reply(0, 6, 4, 0x10, event, state, 0, 0)}`;
const [OPEN, PRESENT] = [1, 2];
const startStop = (bits: number): string => packet([0x1b, 0, 0, 0, bits]);
const prevent = (bit: number): string => packet([0x1e, 0, 0, 0, bit]);

/** A CD that somebody takes out, puts in, and locks in. */
export const trayCases: readonly Case[] = [
  {
    name: "a CD is taken out: no command finds one, and the tray is open",
    script: `eject 2 = 1; ${[[0x00], [0x25], [0x28, 0, 0, 0, 0, 3, 0, 0, 1], [0x2b], [0x43, 0, 0, 0, 0, 0, 0, 0, 20], [0x51, 0, 0, 0, 0, 0, 0, 0, 34], [0xa8], [0xbe]].map((bytes) => `${packet(bytes)}; ${unready(2)}`).join("; ")}; ${status(0, OPEN)}; ${packet([0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8])}; ${reply(0, 0x10, 0, 0, 0, 1, 0, 0)}`,
  },
  {
    name: "commands that need no CD answer without one",
    script: `eject 2; ${packet([0x12, 0, 0, 0, 6])}; ${reply(5, 0x80, 0, 0x21, 31, 0)}; ${packet([0x46, 0, 0, 0, 0, 0, 0, 0, 8])}; ${reply(0, 0, 0, 36, 0, 0, 0, 0)}; ${packet([0xbb])}; ${GOOD}`,
  },
  {
    name: "another CD comes: not ready once, changed once, then there",
    script: `eject 2; insert 2 40 = 1; ${status(2, PRESENT)}; ${status(0, PRESENT)}; ${TEST_UNIT}; ${unready(1)}; ${TEST_UNIT}; ${unready(0, 6, 0x28)}; ${TEST_UNIT}; ${GOOD}; ${packet([0x25])}; ${reply(0, 0, 0, 63, 0, 0, 8, 0)}; ${packet([0x28, 0, 0, 0, 0, 3, 0, 0, 1])}; inw 170 = 4343`,
  },
  {
    name: "a CD in the place of another one, without a pause: the guest sees both changes",
    script: `insert 2 3 = 1; ${packet([0x25])}; ${unready(1)}; ${packet([0x25])}; ${unready(0, 6, 0x28)}; ${packet([0x25])}; ${reply(0, 0, 0, 2, 0, 0, 8, 0)}`,
  },
  {
    name: "a locked drive stays closed and tells that somebody pressed its button",
    script: `${prevent(1)}; ${GOOD}; eject 2 = 0; insert 2 40 = 0; ${TEST_UNIT}; ${GOOD}; ${status(1, PRESENT)}; ${status(0, PRESENT)}; ${startStop(2)}; ${unready(2, 5, 0x53)}; ${prevent(0)}; eject 2 = 1; ${TEST_UNIT}; ${unready(2)}`,
  },
  {
    name: "by force it opens all the same, and a reset unlocks",
    script: `${prevent(1)}; eject 2 1 = 1; ${TEST_UNIT}; ${unready(2)}; ${prevent(1)}; reset; insert 2 40 = 1`,
  },
  {
    name: "the guest opens the tray and closes it over the same CD",
    script: `${startStop(2)}; ${GOOD}; ${TEST_UNIT}; ${unready(2)}; ${status(0, OPEN)}; ${startStop(0x22)}; ${GOOD}; ${startStop(3)}; ${GOOD}; ${TEST_UNIT}; ${GOOD}; ${status(0, PRESENT)}`,
  },
  {
    name: "a CD that goes in the middle of a command",
    script: `${packet([0xa8, 0, 0, 0, 0, 3, 0, 0, 0, 2], 0x800)}; in 177 = 58; ${rest(512)} eject 2; ${rest(512)} wait 5us; in 177 = 51; in 171 = 34`,
  },
  {
    name: "a CD that is replaced by a smaller one in the middle of a command",
    script: `${packet([0x28, 0, 0, 0, 0, 3, 0, 0, 1], 0x400)}; in 177 = 58; ${rest(512)} insert 2 2; wait 5us; in 177 = 51; in 171 = 34`,
  },
];

/** A CD of 64 blocks as the master of the secondary channel. */
export const atapiCases: readonly Case[] = [
  {
    name: "signature after power on, and no DRDY",
    script: "in 177 = 0; in 172 = 1; in 173 = 1; in 174 = 14; in 175 = eb",
  },
  {
    name: "TEST UNIT READY, and other commands without data",
    script: [0x00, 0x1b, 0x1e, 0xbb].map((code) => `${packet([code])}; in 177 = 50; in 172 = 3`).join("; "),
  },
  {
    name: "INQUIRY",
    script: `${packet([0x12, 0, 0, 0, 36])}; ${reply(5, 0x80, 0, 0x21, 31, 0, 0, 0, ...text("VIRTUAL DVD-ROM         1.0 "))}`,
  },
  {
    name: "INQUIRY: as long as it is asked for; pages are not there",
    script: `${packet([0x12, 0, 0, 0, 6])}; ${reply(5, 0x80, 0, 0x21, 31, 0)}; ${packet([0x12, 1, 0, 0, 36])}; ${failed(5, 0x24)}`,
  },
  { name: "READ CAPACITY", script: `${packet([0x25])}; ${reply(0, 0, 0, 63, 0, 0, 8, 0)}` },
  {
    name: "READ(10)",
    script: `${packet([0x28, 0, 0, 0, 0, 3, 0, 0, 1])}; in 177 = 58; in 174 = 0; in 175 = 8; inw 170 = 1615; inw 170 = 1817; ${rest(1022)} in 177 = d0; ${DONE}`,
  },
  {
    name: "READ(12), two blocks, in pieces",
    script: `${packet([0xa8, 0, 0, 0, 0, 3, 0, 0, 0, 2], 0x600)}; in 175 = 6; inw 170 = 1615; ${rest(767)} wait 5us; in 175 = 6; in 177 = 58; inw 170 = 1615; ${rest(255)} inw 170 = 1d1c; ${rest(511)} wait 5us; in 175 = 4; in 174 = 0; inw 170 = 1d1c; ${rest(511)} in 177 = d0; ${DONE}`,
  },
  { name: "READ(10) of nothing", script: `${packet([0x28])}; in 177 = 50; in 172 = 3` },
  {
    name: "the last block, and the one after it",
    script: `${packet([0x28, 0, 0, 0, 0, 63, 0, 0, 1])}; in 177 = 58; inw 170 = bab9; ${rest(1023)} wait 5us; in 177 = 50; ${packet([0x28, 0, 0, 0, 0, 63, 0, 0, 2])}; ${failed(5, 0x21)}; ${packet([0x28, 0, 0, 0, 0, 64, 0, 0, 1])}; ${failed(5, 0x21)}; ${packet([0x28, 1, 0, 0, 0, 0, 0, 0, 1])}; in 177 = 58`,
  },
  {
    name: "READ CD",
    script: `${packet([0xbe, 0, 0, 0, 0, 3, 0, 0, 1, 0x10])}; in 177 = 58; inw 170 = 1615; ${rest(1023)} wait 5us; ${packet([0xbe, 0, 0, 0, 0, 3, 0, 0, 1, 0])}; in 177 = 50; ${packet([0xbe, 0, 0, 0, 0, 3, 0, 0, 1, 0xf8])}; ${failed(5, 0x24)}; ${packet([0xbe, 0, 0, 0, 0, 3, 1, 0, 1, 0x10])}; ${failed(5, 0x21)}`,
  },
  {
    name: "SEEK",
    script: `${packet([0x2b, 0, 0, 0, 0, 63])}; in 177 = 50; ${packet([0x2b, 0, 0, 0, 0, 64])}; ${failed(5, 0x21)}`,
  },
  {
    name: "READ TOC: tracks",
    script: `${packet([0x43, 0, 0, 0, 0, 0, 0, 0, 20])}; ${reply(0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x16, 0xaa, 0, 0, 0, 0, 64)}; ${packet([0x43, 0, 0, 0, 0, 0, 1, 0, 12])}; ${reply(0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0)}`,
  },
  {
    name: "READ TOC: in minutes, seconds and frames; the lead-out alone",
    script: `${packet([0x43, 2, 0, 0, 0, 0, 0xaa, 0, 20])}; ${reply(0, 10, 1, 1, 0, 0x16, 0xaa, 0, 0, 0, 2, 64)}; ${packet([0x43, 2, 0, 0, 0, 0, 0, 0, 12])}; ${reply(0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 2, 0)}`,
  },
  {
    name: "READ TOC: sessions, by either field",
    script: [
      [0x43, 0, 1, 0, 0, 0, 0, 0, 12],
      [0x43, 0, 0, 0, 0, 0, 0, 0, 12, 0x40],
    ]
      .map((bytes) => `${packet(bytes)}; ${reply(0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0)}`)
      .join("; "),
  },
  {
    name: "READ TOC: full",
    script: `${packet([0x43, 0, 2, 0, 0, 0, 0, 0, 48])}; ${reply(0, 46, 1, 1, 1, 0x14, 0, 0xa0, 0, 0, 0, 0, 1, 0, 0, 1, 0x14, 0, 0xa1, 0, 0, 0, 0, 1, 0, 0, 1, 0x14, 0, 0xa2, 0, 0, 0, 0, 0, 2, 64, 1, 0x14, 0, 1, 0, 0, 0, 0, 0, 2, 0)}`,
  },
  {
    name: "READ TOC: what is not there",
    script: `${packet([0x43, 0, 3, 0, 0, 0, 0, 0, 12])}; ${failed(5, 0x24)}; ${packet([0x43, 0, 0, 0, 0, 0, 2, 0, 12])}; ${failed(5, 0x24)}`,
  },
  {
    name: "GET CONFIGURATION",
    script: `${packet([0x46, 0, 0, 0, 0, 0, 0, 0, 64])}; ${reply(0, 0, 0, 36, 0, 0, 0, 8, 0, 0, 3, 8, 0, 0x10, 0, 0, 0, 8, 1, 0, 0, 1, 0x0b, 8, 0, 0, 0, 2, 1, 0, 0, 0, 0, 3, 3, 4, 0x29, 0, 0, 0)}`,
  },
  {
    name: "GET EVENT STATUS",
    script: `${packet([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8])}; ${reply(0, 6, 4, 0x10, 0, 2, 0, 0)}; ${packet([0x4a, 1, 0, 0, 2, 0, 0, 0, 8])}; ${reply(0, 2, 0x80, 0x10)}; ${packet([0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8])}; ${failed(5, 0x24)}`,
  },
  {
    name: "READ DISC INFORMATION",
    script: `${packet([0x51, 0, 0, 0, 0, 0, 0, 0, 34])}; ${reply(0, 32, 0x0e, 1, 1, 1, 1, 0x20, ...new Array<number>(26).fill(0))}`,
  },
  {
    name: "MODE SENSE(10)",
    script: `${packet([0x5a, 0, 1, 0, 0, 0, 0, 0, 64])}; ${reply(0, 14, 0x70, 0, 0, 0, 0, 0, 1, 6, 0, 5, 0, 0, 0, 0)}; ${packet([0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 64])}; ${reply(0, 26, 0x70, 0, 0, 0, 0, 0, 0x2a, 18, 0x3b, 0, 0x70, 0x60, 0x29, 0, 2, 0xc2, 0, 2, 2, 0, 2, 0xc2, 0, 0, 0, 0)}; ${packet([0x5a, 0, 0x0e, 0, 0, 0, 0, 0, 64])}; ${reply(0, 22, 0x70, 0, 0, 0, 0, 0, 0x0e, 14, 4, 0, 0, 0, 0, 75, 1, 255, 2, 255, 0, 0, 0, 0)}; ${packet([0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 10])}; ${reply(0, 50, 0x70, 0, 0, 0, 0, 0, 1, 6)}; ${packet([0x5a, 0, 2, 0, 0, 0, 0, 0, 64])}; ${failed(5, 0x24)}`,
  },
  {
    name: "MECHANISM STATUS",
    script: `${packet([0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8])}; ${reply(0, 0, 0, 0, 0, 1, 0, 0)}`,
  },
  { name: "a command that does not exist", script: `${packet([0x99])}; ${failed(5, 0x20)}` },
  {
    name: "a command that works takes the sense away",
    script: `${packet([0x99])}; in 177 = 51; ${packet([0])}; in 177 = 50; ${sense(0, 0)}`,
  },
  {
    name: "byte count limits: odd, zero, one",
    script: `${packet([0x25], 7)}; in 174 = 6; in 175 = 0; inw 170; inw 170; inw 170; wait 5us; in 177 = 58; in 174 = 2; inw 170; ${DONE}; ${packet([0x25], 0)}; in 174 = 8; ${rest(4)} wait 5us; ${packet([0x25], 1)}; in 174 = 2; inw 170; wait 5us; in 174 = 2; inw 170; wait 5us; in 174 = 2; inw 170; wait 5us; in 174 = 2; inw 170; ${DONE}`,
  },
  {
    name: "IDENTIFY PACKET DEVICE, and its modes",
    script: `out 177 a1; wait 10us; in 177 = 58; inw 170 = 85c0; ${rest(62)} inw 170 = 7; ${rest(24)} inw 170 = 203f; ${rest(167)} in 177 = 50; out 171 3; out 172 22; out 177 ef; wait 10us; in 177 = 50; out 177 a1; wait 10us; ${rest(63)} inw 170 = 407; ${rest(24)} inw 170 = 3f; ${rest(167)} out 172 44; out 177 ef; wait 10us; out 177 a1; wait 10us; ${rest(63)} inw 170 = 7; ${rest(24)} inw 170 = 103f; ${rest(167)} out 172 46; out 177 ef; wait 10us; out 172 23; out 177 ef; wait 10us; out 171 2; out 172 20; out 177 ef; wait 10us; out 177 a1; wait 10us; ${rest(63)} inw 170 = 7; ${rest(24)} inw 170 = 103f`,
  },
  {
    name: "IDENTIFY DEVICE aborts with the signature",
    script: "out 174 0; out 175 0; out 177 ec; wait 10us; in 177 = 51; in 171 = 4; in 174 = 14; in 175 = eb",
  },
  {
    name: "DEVICE RESET and DIAGNOSTIC give the signature",
    script:
      "out 174 0; out 175 0; out 177 8; wait 10us; in 177 = 0; in 171 = 1; in 174 = 14; in 175 = eb; in 172 = 1; out 174 0; out 177 90; wait 10us; in 177 = 0; in 171 = 1; in 174 = 14",
  },
  {
    name: "DEVICE RESET in the middle of data",
    script: `${packet([0x25])}; in 177 = 58; out 177 8; wait 10us; in 177 = 0; inw 170 = ffff; ${sense(0, 0)}`,
  },
  {
    name: "power modes, and commands that do not exist",
    script: `out 172 0; out 177 e5; wait 10us; in 177 = 50; in 172 = ff; ${["e0", "e1", "e2", "e3", "e6"].map((code) => `out 172 5; out 177 ${code}; wait 10us; in 177 = 50; in 172 = 5`).join("; ")}; ${["20", "c8", "f8", "0"].map((code) => `out 177 ${code}; wait 10us; in 177 = 51; in 171 = 4`).join("; ")}`,
  },
  {
    name: "GET CONFIGURATION: a CD",
    script: `${packet([0x46, 0, 0, 0, 0, 0, 0, 0, 20])}; in 177 = 58; inw 170; inw 170; inw 170; inw 170 = 800; inw 170; inw 170; inw 170 = 1000; inw 170 = 0; inw 170 = 800; inw 170 = 1`,
  },
];

/** A DVD of 360001 blocks as the master of the secondary channel, a CD of 360000 as its slave. */
export const dvdCases: readonly Case[] = [
  {
    name: "GET CONFIGURATION: a DVD from the first block on that a CD cannot hold",
    script: `${packet([0x46, 0, 0, 0, 0, 0, 0, 0, 20])}; in 177 = 58; inw 170; inw 170; inw 170; inw 170 = 1000; inw 170; inw 170; inw 170 = 1000; inw 170 = 1; inw 170 = 800; inw 170 = 0`,
  },
  {
    name: "READ(10) of blocks that 16 bits do not count",
    script: `${packet([0x28, 0, 0, 5, 0x7e, 0x40, 0, 0, 1])}; in 177 = 58; inw 170 = 6b6f; ${rest(1023)} wait 5us; in 177 = 50; ${packet([0x28, 0, 0, 5, 0x7e, 0x41, 0, 0, 1])}; ${failed(5, 0x21)}`,
  },
  {
    name: "GET CONFIGURATION: the largest CD is none",
    script: `${packet([0x46, 0, 0, 0, 0, 0, 0, 0, 20])}; in 177 = 58; inw 170; inw 170; inw 170; inw 170 = 800`.replace(
      "out 176 a0",
      "out 176 b0",
    ),
  },
  { name: "READ CAPACITY of a DVD", script: `${packet([0x25])}; ${reply(0, 5, 0x7e, 0x40, 0, 0, 8, 0)}` },
];
