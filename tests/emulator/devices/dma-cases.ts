/** The DMA controllers: expectations from the data sheet of the 8237A (231466). Data moves in fdc-cases.ts. */
import type { Case } from "./script.ts";

export const dmaCases: readonly Case[] = [
  {
    name: "address and count of each channel, low byte first",
    script: `out d 0; ${[0, 1, 2, 3, 4, 5, 6, 7].map((port) => `out ${port} ${port}1; out ${port} ${port}2`).join("; ")}; ${[0, 1, 2, 3, 4, 5, 6, 7].map((port) => `in ${port} = ${port === 0 ? "1" : `${port}1`}; in ${port} = ${port === 0 ? "2" : `${port}2`}`).join("; ")}`,
  },
  {
    name: "those of the second controller, two ports apart",
    script: "out da 0; out c4 34; out c4 12; out c6 78; out c6 56; in c4 = 34; in c4 = 12; in c6 = 78; in c6 = 56",
  },
  {
    name: "the byte pointer is common, and can be cleared",
    script: "out c 0; out 0 11; out 2 22; out c 0; in 0 & ff = 11; out c 0; out 2 33; out 2 44; in 2 = 33; in 2 = 44",
    ours: "QEMU takes a value when it has both bytes",
  },
  {
    name: "masks: one by one, all at once, none",
    script:
      "out f 0; in f & f = 0; out a 5; in f & f = 2; out a 7; in f & f = a; out a 1; in f & f = 8; out f 6; in f & f = 6; out e 0; in f & f = 0; out d 0; in f & f = f",
    ours: "QEMU does not let the mask be read",
  },
  {
    name: "masks of the second controller",
    script: "out de 0; in de & f = 0; out d4 6; in de & f = 4; out dc 0; in de & f = 0; out da 0; in de & f = f",
    ours: "QEMU does not let the mask be read",
  },
  {
    name: "requests show in the status until they are taken back",
    script:
      "out d 0; in 8 = 0; out 9 6; in 8 = 40; in 8 = 40; out 9 5; in 8 = 60; out 9 2; in 8 = 20; out d 0; in 8 = 0",
    ours: "QEMU runs the channel",
  },
  { name: "the temporary register is empty", script: "out d 0; in d = 0" },
  {
    name: "page registers remember, those without a channel too",
    script: `${Array.from({ length: 15 }, (_, index) => `out ${(0x81 + index).toString(16)} ${(0x31 + index).toString(16)}`).join("; ")}; ${Array.from({ length: 15 }, (_, index) => `in ${(0x81 + index).toString(16)} = ${(0x31 + index).toString(16)}`).join("; ")}`,
    ours: "QEMU keeps pages of channels only",
  },
  {
    name: "the board's reset clears channels and pages, and masks all",
    script:
      "out c 0; out 0 34; out 0 12; out d8 0; out c0 78; out c0 56; out 87 9a; out 8b bc; out f 0; out de 0; reset; in f = ff; in de = ff; in 87 = 0; in 8b = 0; out c 0; in 0; out 0 34; reset; in 87 = 0",
    ours: "reset",
  },
];

/** Channel 2 through a read of the diskette: READY and the rest as fdc-cases.ts has them. */
const READY =
  "out d6 c0; out d4 0; out 3f2 0; out 3f2 3c; out 3f7 0; wait 30us; out 3f5 8; in 3f5; in 3f5; out 3f5 3; out 3f5 df; out 3f5 2; out 3f5 f; out 3f5 0; out 3f5 0; wait 50us; out 3f5 8; in 3f5; in 3f5";
const READ = "out 3f5 e6; out 3f5 0; out 3f5 0; out 3f5 0; out 3f5 1; out 3f5 2; out 3f5 12; out 3f5 1b; out 3f5 ff";
/** Channel 2: page, address, count, mode. */
const channel = (page: string, address: string, count: string, mode: string): string =>
  `out a 6; out c 0; out 4 ${address.slice(2)}; out 4 ${address.slice(0, 2)}; out 81 ${page}; out 5 ${count.slice(2)}; out 5 ${count.slice(0, 2)}; out b ${mode}; out a 2`;

export const dmaTransferCases: readonly Case[] = [
  {
    name: "goes to the page's 64 KiB, and counts",
    script: `${READY}; ${channel("3", "4560", "01ff", "46")}; ${READ}; wait 50us; ram 34560 = 0; ram 34561 = 1; ram 3475f = ff; out c 0; in 4 = 60; in 4 = 47; in 5 = ff; in 5 = ff; in 8 & f = 4; in 8 & f = 0; in f & f = f`,
  },
  {
    name: "wraps within the page",
    script: `${READY}; ${channel("1", "ff00", "01ff", "46")}; ${READ}; wait 50us; ram 1ff01 = 1; ram 1ffff = ff; ram 10000 = 0; ram 10001 = 1; ram 20001 = 0; out c 0; in 4 = 0; in 4 = 1`,
  },
  {
    name: "downwards",
    script: `${READY}; ${channel("1", "21ff", "01ff", "66")}; ${READ}; wait 50us; ram 121ff = 0; ram 121fe = 1; ram 12000 = ff; out c 0; in 4 = ff; in 4 = 1f`,
  },
  {
    name: "begins again by itself",
    script: `${READY}; ${channel("1", "2000", "01ff", "56")}; ${READ}; wait 50us; ram 12001 = 1; out c 0; in 4 = 0; in 4 = 20; in 5 = ff; in 5 = 1; in 8 & f = 4; in f & f = b`,
  },
  {
    name: "ends in the middle of a sector",
    script: `${READY}; ${channel("1", "2000", "000f", "46")}; ${READ}; wait 50us; ram 1200f = f; ram 12010 = 0; in 3f4 = d0; in 3f5 = 0`,
  },
  {
    name: "verify moves nothing and counts",
    script: `${READY}; ${channel("1", "2000", "01ff", "42")}; ${READ}; wait 50us; ram 12001 = 0; out c 0; in 4 = 0; in 4 = 22; in 3f5 = 0`,
  },
  {
    name: "does nothing while the controller is disabled, or the cascade is masked",
    script: `${READY}; ${channel("1", "2000", "01ff", "46")}; out 8 4; ${READ}; wait 50us; in 3f5 = 40; in 3f5 = 10; in 3f5; in 3f5; in 3f5; in 3f5; in 3f5; out 8 0; out d4 4; ${READ}; wait 50us; in 3f5 = 40; in 3f5 = 10; in 3f5; in 3f5; in 3f5; in 3f5; in 3f5; out d4 0; ${READ}; wait 50us; in 3f5 = 0; ram 12001 = 1`,
  },
];
