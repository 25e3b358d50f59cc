/**
 * The diskette controller: expectations from the data sheet of the 82077AA (290166). Drive A holds 1440 KiB, drive B
 * 720 KiB; byte `b` of sector `n` of the image is 7n + b in the first 64 sectors.
 */
import type { Case } from "./script.ts";

/** IRQ 6 alone, vectors from 08h. */
const IRQ6 = "out 20 11; out 21 08; out 21 04; out 21 01; out 21 bf";
/** Out of reset with DMA and the motors of both drives on, 500 kbit/s, and all four interrupts of the reset sensed. */
const READY = [
  IRQ6,
  "out d6 c0; out d4 0",
  "out 3f2 0; out 3f2 3c; out 3f7 0; wait 30us; intr = 1; ack = e; out 20 20",
  ...[0, 1, 2, 3].map((drive) => `out 3f5 8; in 3f5 = c${drive}; in 3f5 = 0`),
].join("; ");
const EOI = "intr = 1; ack = e; out 20 20";
const send = (...bytes: readonly number[]): string => bytes.map((byte) => `out 3f5 ${byte.toString(16)}`).join("; ");
const results = (...bytes: readonly number[]): string =>
  ["in 3f4 = d0", ...bytes.map((byte) => `in 3f5 = ${byte.toString(16)}`), "in 3f4 = 80"].join("; ");
/** SPECIFY: transfers by DMA, or through the FIFO. */
const BY_DMA = send(0x03, 0xdf, 0x02);
const BY_FIFO = send(0x03, 0xdf, 0x03);
/** Channel 2: so many bytes at 2000h; the direction as the mode register has it. */
const channel2 = (bytes: number, mode: number): string =>
  `out a 6; out c 0; out 4 0; out 4 20; out 81 0; out 5 ${((bytes - 1) & 0xff).toString(16)}; out 5 ${((bytes - 1) >> 8).toString(16)}; out b ${mode.toString(16)}; out a 2`;
const TO_MEMORY = 0x46;
const FROM_MEMORY = 0x4a;
const seek = (drive: number, cylinder: number, waitUs = 500): string =>
  `${send(0x0f, drive, cylinder)}; wait ${waitUs}us; ${EOI}; ${send(0x08)}; ${results(0x20 | drive, cylinder)}`;
const words = (count: number): string => Array.from({ length: count }, () => "in 3f5").join("; ");

export const fdcCases: readonly Case[] = [
  {
    name: "the reset bit: four drives report ready, then there is nothing to sense",
    script: `${READY}; in 3f4 = 80; ${send(0x08)}; ${results(0x80)}; intr = 0`,
  },
  {
    name: "while in reset it takes nothing",
    script: "out 3f2 8; in 3f4 = 0; out 3f5 10; in 3f4 = 0; out 3f2 c; in 3f4 = 0; wait 30us; in 3f4 = 80",
  },
  {
    name: "a reset by the data rate register ends by itself",
    script: `${READY}; out 3f4 80; in 3f4 = 0; wait 30us; ${EOI}; ${send(0x08)}; ${results(0xc0, 0)}`,
  },
  { name: "ports that remember", script: "out 3f2 1c; in 3f2 = 1c; out 3f3 fe; in 3f3 = 2; in 3f0 = ff; in 3f1 = ff" },
  {
    name: "interrupts stay within while DMAGATE# is low",
    script: `${IRQ6}; out 3f2 0; out 3f2 34; wait 30us; intr = 0; out 3f2 3c; intr = 1`,
  },
  { name: "VERSION is 90h", script: `${READY}; ${send(0x10)}; ${results(0x90)}; intr = 0` },
  {
    name: "opcodes that are none",
    script: `${READY}; ${[0x00, 0x01, 0x11, 0x1f, 0x47, 0x88, 0x23].map((opcode) => `${send(opcode)}; ${results(0x80)}`).join("; ")}`,
  },
  {
    name: "a command is busy from its first byte on",
    script: `${READY}; in 3f4 = 80; out 3f5 3; in 3f4 = 90; out 3f5 df; in 3f4 = 90; out 3f5 2; in 3f4 = 80`,
  },
  {
    name: "LOCK keeps the configuration over a reset",
    script: `${READY}; ${send(0x13, 0, 0x57, 0x11)}; ${send(0x94)}; ${results(0x10)}; out 3f2 0; out 3f2 3c; wait 30us; intr = 0; ${send(0x0e)}; ${results(0, 0, 0, 0, 0, 0, 0, 0x80, 0x57, 0x11)}; ${send(0x14)}; ${results(0)}; out 3f2 0; out 3f2 3c; wait 30us; intr = 1; ${send(0x0e)}; ${results(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)}`,
  },
  {
    name: "DUMPREG shows where heads are and what was specified",
    script: `${READY}; ${seek(0, 5)}; ${seek(1, 9)}; ${send(0x03, 0xab, 0xcd)}; ${send(0x12, 0x1a)}; ${send(0x13, 0, 0x21, 0x43)}; ${send(0x0e)}; ${results(5, 9, 0, 0, 0xab, 0xcd, 0, 0x1a, 0x21, 0x43)}`,
  },
  {
    name: "SEEK shows which drive moves, and takes longer for more tracks",
    script: `${READY}; ${send(0x0f, 0x04, 10)}; in 3f4 = 81; wait 60us; in 3f4 = 81; wait 12us; in 3f4 = 80; ${EOI}; ${send(0x08)}; ${results(0x24, 10)}; ${send(0x0f, 0x01, 10)}; in 3f4 = 82; wait 200us; ${EOI}; ${send(0x08)}; ${results(0x21, 10)}`,
  },
  {
    name: "SEEK, relative, inwards and outwards",
    script: `${READY}; ${seek(0, 20)}; ${send(0xcf, 0, 5)}; wait 200us; ${EOI}; ${send(0x08)}; ${results(0x20, 25)}; ${send(0x8f, 0, 10)}; wait 200us; ${EOI}; ${send(0x08)}; ${results(0x20, 15)}`,
  },
  {
    name: "RECALIBRATE, with a drive and without",
    script: `${READY}; ${seek(0, 20)}; ${send(0x07, 0)}; wait 200us; ${EOI}; ${send(0x08)}; ${results(0x20, 0)}; ${send(0x07, 2)}; wait 200us; ${EOI}; ${send(0x08)}; ${results(0x72, 0)}`,
  },
  {
    name: "a seek beyond the medium stops at the end",
    script: `${READY}; ${send(0x0f, 0, 0xf0)}; wait 2ms; ${EOI}; ${send(0x08)}; ${results(0x20, 0x52)}`,
  },
  {
    name: "SENSE DRIVE STATUS: track 0, head and drive",
    script: `${READY}; ${send(0x04, 0x00)}; ${results(0x38)}; ${send(0x04, 0x05)}; ${results(0x3d)}; ${seek(0, 3)}; ${send(0x04, 0x04)}; ${results(0x2c)}; ${send(0x04, 0x02)}; ${results(0x2a)}`,
  },
  {
    name: "DSKCHG until a head has moved, while the motor runs",
    script: `${READY}; in 3f7 = 80; out 3f2 0c; in 3f7 = 0; out 3f2 1c; in 3f7 = 80; ${seek(0, 1)}; in 3f7 = 0; out 3f2 2d; in 3f7 = 80; out 3f2 4e; in 3f7 = 80; out 3f2 1d; in 3f7 = 0`,
  },
  {
    name: "READ DATA by DMA, one sector",
    script: `${READY}; ${BY_DMA}; ${seek(0, 0)}; ${channel2(512, TO_MEMORY)}; ${send(0xe6, 0, 0, 0, 3, 2, 18, 27, 255)}; in 3f4 = 10; wait 15us; ram 2000 = 0; wait 10us; ram 2000 = e; ram 2001 = f; ram 21ff = d; ${EOI}; ${results(0, 0, 0, 0, 0, 4, 2)}; in 8 & 4 = 4; in 8 & 4 = 0; in f = ff`,
  },
  {
    name: "READ DATA goes from head to head, and on to the next cylinder's number",
    script: `${READY}; ${BY_DMA}; ${seek(0, 0)}; ${channel2(1536, TO_MEMORY)}; ${send(0xe6, 0, 0, 0, 17, 2, 18, 27, 255)}; wait 200us; ram 2000 = 70; ram 2200 = 77; ram 2400 = 7e; ${EOI}; ${results(4, 0, 0, 0, 1, 2, 2)}; ${channel2(512, TO_MEMORY)}; ${send(0xe6, 4, 0, 1, 18, 2, 18, 27, 255)}; wait 200us; ram 2000 = f5; ${EOI}; ${results(0, 0, 0, 1, 0, 1, 2)}`,
  },
  {
    name: "READ DATA without MT ends with the track",
    script: `${READY}; ${BY_DMA}; ${seek(0, 0)}; ${channel2(2048, TO_MEMORY)}; ${send(0x46, 0, 0, 0, 17, 2, 18, 27, 255)}; wait 200us; ${EOI}; ${results(0x40, 0x80, 0, 1, 0, 1, 2)}`,
  },
  {
    name: "READ DATA through the FIFO, an interrupt for each sector",
    script: `${READY}; ${BY_FIFO}; ${seek(0, 0)}; ${send(0x46, 0, 0, 0, 2, 2, 3, 27, 255)}; in 3f4 = 10; wait 25us; in 3f4 = f0; ${EOI}; in 3f5 = 7; in 3f5 = 8; ${words(509)}; in 3f4 = f0; in 3f5 = 6; in 3f4 = 10; wait 25us; ${EOI}; in 3f5 = e; ${words(511)}; in 3f4 = d0; ${results(0x40, 0x80, 0, 1, 0, 1, 2)}`,
  },
  {
    name: "READ TRACK begins with sector 1",
    script: `${READY}; ${BY_DMA}; ${seek(0, 1)}; ${channel2(512, TO_MEMORY)}; ${send(0x42, 0, 1, 0, 9, 2, 18, 27, 255)}; wait 50us; ram 2000 = fc; ${EOI}; ${results(0, 0, 0, 1, 0, 2, 2)}`,
  },
  {
    name: "READ DELETED DATA finds the other mark, after one sector",
    script: `${READY}; ${BY_DMA}; ${seek(0, 0)}; ${channel2(1024, TO_MEMORY)}; ${send(0x4c, 0, 0, 0, 1, 2, 18, 27, 255)}; wait 100us; ram 2001 = 1; ${EOI}; ${results(0, 0, 0x40, 0, 0, 2, 2)}`,
  },
  {
    name: "READ ID finds the first sector of the cylinder",
    script: `${READY}; ${seek(0, 7)}; ${send(0x4a, 4)}; in 3f4 = 10; wait 50us; ${EOI}; ${results(4, 0, 0, 7, 1, 1, 2)}`,
  },
  {
    name: "WRITE DATA, and what it wrote",
    script: `${READY}; ${BY_DMA}; ${seek(0, 2)}; ram 2000 de ad; ram 21ff ef; ${channel2(512, FROM_MEMORY)}; ${send(0xc5, 4, 2, 1, 18, 2, 18, 27, 255)}; wait 50us; ${EOI}; ${results(0, 0, 0, 3, 0, 1, 2)}; ram 2000 0 0; ${channel2(512, TO_MEMORY)}; ${send(0xe6, 4, 2, 1, 18, 2, 18, 27, 255)}; wait 50us; ram 2000 = de; ram 2001 = ad; ram 21ff = ef; ${EOI}; ${results(0, 0, 0, 3, 0, 1, 2)}`,
  },
  {
    name: "WRITE DATA through the FIFO",
    script: `${READY}; ${BY_FIFO}; ${seek(0, 2)}; ${send(0x45, 0, 2, 0, 1, 2, 1, 27, 255)}; wait 25us; in 3f4 = b0; ${EOI}; ${Array.from({ length: 511 }, () => "out 3f5 a5").join("; ")}; in 3f4 = b0; out 3f5 5a; in 3f4 = d0; ${EOI}; ${results(0x40, 0x80, 0, 3, 0, 1, 2)}; ${send(0x46, 0, 2, 0, 1, 2, 1, 27, 255)}; wait 25us; in 3f5 = a5; ${words(510)}; in 3f5 = 5a`,
  },
  {
    name: "VERIFY moves nothing, and its end of the track is none",
    script: `${READY}; ${BY_DMA}; ${seek(0, 0)}; ${send(0x56, 0, 0, 0, 17, 2, 18, 27, 255)}; wait 100us; ram 2000 = 0; ${EOI}; ${results(0, 0, 0, 1, 0, 1, 2)}`,
  },
  {
    name: "FORMAT TRACK fills the sectors that its marks name",
    script: `${READY}; ${BY_DMA}; ${seek(0, 4)}; ram 2000 4 1 1 2 4 1 3 2; ${channel2(8, FROM_MEMORY)}; ${send(0x4d, 4, 2, 2, 0x50, 0xf6)}; wait 50us; ${EOI}; in 3f4 = d0; in 3f5 = 4; in 3f5 = 0; in 3f5 = 0; in 3f5; in 3f5; in 3f5; in 3f5 = 2; ${channel2(1536, TO_MEMORY)}; ${send(0x46, 4, 4, 1, 1, 2, 3, 27, 255)}; wait 100us; ram 2000 = f6; ram 21ff = f6; ram 2200 = 0; ram 2400 = f6`,
  },
  {
    name: "FORMAT TRACK with marks of another track",
    script: `${READY}; ${BY_DMA}; ${seek(0, 4)}; ram 2000 5 0 1 2; ${channel2(4, FROM_MEMORY)}; ${send(0x4d, 0, 2, 1, 0x50, 0xf6)}; wait 50us; ${EOI}; in 3f5 = 40; in 3f5 = 1`,
  },
  {
    name: "no drive, no motor, the wrong rate: no mark is found",
    script: `${READY}; ${BY_DMA}; ${[
      [send(0x46, 2, 0, 0, 1, 2, 18, 27, 255), 0x42],
      [`out 3f2 2c; ${send(0x46, 0, 0, 0, 1, 2, 18, 27, 255)}`, 0x40],
      [`out 3f2 3c; out 3f7 2; ${send(0x46, 0, 0, 0, 1, 2, 18, 27, 255)}`, 0x40],
      [`out 3f4 1; ${send(0x46, 0, 0, 0, 1, 2, 18, 27, 255)}`, 0x40],
      [`out 3f4 0; ${send(0x46, 1, 0, 0, 1, 2, 9, 27, 255)}`, 0x41],
    ]
      .map(([command, status]) => `${command}; wait 50us; ${EOI}; ${results(status as number, 1, 0, 0, 0, 1, 2)}`)
      .join("; ")}`,
  },
  {
    name: "drive B at 250 kbit/s",
    script: `${READY}; ${BY_DMA}; out 3f7 2; ${seek(1, 1)}; ${channel2(512, TO_MEMORY)}; ${send(0x46, 1, 1, 0, 1, 2, 9, 27, 255)}; wait 50us; ram 2000 = 7e; ${EOI}; ${results(1, 0, 0, 1, 0, 2, 2)}; in 3f2 = 3d`,
  },
  {
    name: "a cylinder under the head that is not the one asked for",
    script: `${READY}; ${BY_DMA}; ${seek(0, 3)}; ${channel2(512, TO_MEMORY)}; ${send(0x46, 0, 4, 0, 1, 2, 18, 27, 255)}; wait 50us; ${EOI}; ${results(0x40, 4, 0x10, 4, 0, 1, 2)}`,
  },
  {
    name: "a sector that the track has not",
    script: `${READY}; ${BY_DMA}; ${seek(0, 0)}; ${channel2(512, TO_MEMORY)}; ${send(0x46, 0, 0, 0, 19, 2, 20, 27, 255)}; wait 50us; ${EOI}; ${results(0x40, 4, 0, 0, 0, 19, 2)}; ${send(0x46, 0, 0, 0, 0, 2, 20, 27, 255)}; wait 50us; ${EOI}; ${results(0x40, 4, 0, 0, 0, 0, 2)}`,
  },
  {
    name: "an implied seek",
    script: `${READY}; ${BY_DMA}; ${send(0x13, 0, 0x50, 0)}; ${channel2(512, TO_MEMORY)}; ${send(0x46, 0, 1, 0, 1, 2, 18, 27, 255)}; wait 30us; in 3f4 = 10; wait 30us; ram 2000 = fc; ${EOI}; ${results(0x20, 0, 0, 1, 0, 2, 2)}; in 3f7 = 0`,
  },
  {
    name: "a channel that is masked loses the data",
    script: `${READY}; ${BY_DMA}; ${seek(0, 0)}; out a 6; ${send(0x46, 0, 0, 0, 1, 2, 18, 27, 255)}; wait 50us; ${EOI}; ${results(0x40, 0x10, 0, 0, 0, 1, 2)}; ${channel2(512, TO_MEMORY)}; ${send(0x45, 0, 0, 0, 1, 2, 18, 27, 255)}; wait 50us; ${EOI}; ${results(0x40, 0x10, 0, 0, 0, 1, 2)}`,
  },
];

/** A diskette in drive A that must not be written. */
export const protectedDisketteCases: readonly Case[] = [
  {
    name: "a protected diskette is read and verified, not written and not formatted",
    script: `${READY}; ${BY_DMA}; ${seek(0, 0)}; ${channel2(512, TO_MEMORY)}; ${send(0x46, 0, 0, 0, 3, 2, 18, 27, 255)}; wait 50us; ram 2000 = e; ${EOI}; ${results(0, 0, 0, 0, 0, 4, 2)}; ${channel2(512, FROM_MEMORY)}; ${send(0x45, 0, 0, 0, 3, 2, 18, 27, 255)}; wait 50us; ${EOI}; ${results(0x40, 2, 0, 0, 0, 3, 2)}; ${channel2(8, FROM_MEMORY)}; ${send(0x4d, 0, 2, 2, 0x50, 0xf6)}; wait 50us; ${EOI}; in 3f5 = 40; in 3f5 = 2`,
  },
];

const readSector = (drive: number, cylinder: number, sector: number): string =>
  `${channel2(512, TO_MEMORY)}; ${send(0x46, drive, cylinder, 0, sector, 2, sector, 0x1b, 0xff)}; wait 100us; ${EOI}`;

/** Diskettes that somebody takes out and puts in. */
export const changedDisketteCases: readonly Case[] = [
  {
    name: "the change line is on from the moment a diskette goes until the head moves over the next one",
    script: `${READY}; ${BY_DMA}; in 3f7 & 80 = 80; ${seek(0, 1)}; in 3f7 & 80 = 0; eject 4 = 1; in 3f7 & 80 = 80; ${seek(0, 2)}; in 3f7 & 80 = 80; insert 4 5a0 = 1; in 3f7 & 80 = 80; ${seek(0, 1)}; in 3f7 & 80 = 0`,
  },
  {
    name: "without a diskette no sector is found",
    script: `${READY}; ${BY_DMA}; eject 4; ${readSector(0, 0, 1)}; ${results(0x40, 1, 0, 0, 0, 1, 2)}`,
  },
  {
    name: "what is read is the new diskette, and what is written goes there",
    script: `${READY}; ${BY_DMA}; insert 4 5a0; ${seek(0, 0)}; ${readSector(0, 0, 3)}; ${results(0, 0, 0, 1, 0, 1, 2)}; ram 2000 = a1; ram 2000 5a; ${channel2(512, FROM_MEMORY)}; ${send(0x45, 0, 0, 0, 1, 2, 1, 0x1b, 0xff)}; wait 100us; ${EOI}; ${results(0, 0, 0, 1, 0, 1, 2)}; ram 2000 0; ${readSector(0, 0, 1)}; ${results(0, 0, 0, 1, 0, 1, 2)}; ram 2000 = 5a; insert 4 5a0; ${seek(0, 0)}; ${readSector(0, 0, 1)}; ${results(0, 0, 0, 1, 0, 1, 2)}; ram 2000 = a0`,
  },
  {
    name: "a diskette of another format in the same drive",
    script: `${READY}; ${BY_DMA}; insert 4 2d0; ${seek(0, 0)}; ${readSector(0, 0, 1)}; ${results(0x40, 1, 0, 0, 0, 1, 2)}; out 3f7 2; ${readSector(0, 0, 9)}; ${results(0, 0, 0, 1, 0, 1, 2)}; ram 2000 = d4`,
  },
  {
    name: "a diskette that goes while the processor writes a sector",
    script: `${READY}; ${BY_FIFO}; ${send(0x45, 0, 0, 0, 1, 2, 1, 0x1b, 0xff)}; wait 100us; intr = 1; ${send(...new Array<number>(500).fill(1))}; eject 4; ${send(...new Array<number>(12).fill(1))}; intr = 1; ${results(0x40, 1, 0, 0, 0, 1, 2)}`,
  },
];
