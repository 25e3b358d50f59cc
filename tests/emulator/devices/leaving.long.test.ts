/**
 * By random work, and by what it seldom does, every saved field of every device comes to another value than that of
 * power on. So what fields.test.ts and state.test.ts say of saving holds for all fields, and not only for those that
 * happened to move.
 */
import { expect, test } from "vitest";
import { type BoardConfig, NIC_MODELS } from "../../../emulator/board-config.ts";
import { Random } from "../../../emulator/state/random.ts";
import {
  ABAR,
  type Command,
  dataOf,
  done,
  issuedQueued,
  laid,
  mapped,
  type Piece,
  px,
  started,
} from "./ahci-script.ts";
import { randomSteps } from "./bursts.ts";
import { complete } from "./chips.ts";
import { TestBoard } from "./harness.ts";
import { Leaving } from "./leaving.ts";
import { MAP_WINDOWS } from "./places.ts";
import { attempt } from "./relay.ts";
import { parseScript } from "./script.ts";

const SEED = Number(process.env["QURE_SEED"] ?? 20261120);

/** The AHCI adapter behind network card and virtio disk, with its ports 0 (disk) and 1 (CD) started. */
const AHCI = `${mapped(5)}; ${started(0)}; ${started(1)}`;
const hex = (value: number): string => value.toString(16);
/** A packet whose FIS has something in each register. */
const sataPacket = (bytes: readonly number[], more: Partial<Command> = {}): Command => ({
  command: 0xa0,
  flags: 0x20,
  sector: 0x0504_0308_0001,
  count: 0x203,
  features: 0x201,
  packet: [...bytes, ...new Array<number>(12 - bytes.length).fill(0)],
  pieces: [
    { at: dataOf(1), bytes: 4, interrupts: true },
    { at: dataOf(1, 4), bytes: 0x3000, interrupts: true },
  ],
  ...more,
});
const sataRead: Command = {
  command: 0x25,
  sector: 0x0001,
  count: 2,
  pieces: [
    { at: dataOf(0), bytes: 4, interrupts: true },
    { at: dataOf(0, 4), bytes: 0x3000, interrupts: true },
    { at: dataOf(0), bytes: 4 },
  ],
};
const sataQueued = (tag: number, sector: number): Command => ({
  ...sataRead,
  command: 0x60,
  sector,
  features: 0x202,
  count: tag << 3,
});
const beyond = (port: number): readonly Piece[] => [{ at: dataOf(port), bytes: 4, upper: 1 }];
/** Both ports and their drives, in ways that the adapter's own drivers would not all go. */
const SATA_SELDOM = [
  `${AHCI}; outl c310 108; outl c314 9; writel ${hex(ABAR + 4)} 2; writel ${px(0, 4)} 1; writel ${px(1, 4)} 1; writel ${px(0, 12)} 1; writel ${px(1, 12)} 1; writel ${px(1, 0x14)} 1`,
  `${AHCI}; writel ${px(0, 0x14)} 1; ${done(0, { command: 0xe7 })}`,
  `${AHCI}; ${laid(1, 0, sataPacket([0x12, 0, 0, 0, 36], { features: 0 }))}; writel ${px(1, 0x38)} 1; wait 113us`,
  ...[0, 1].map(
    (port) =>
      `${AHCI}; ${laid(port, 2, { command: 0, kind: "27 0", control: 4 })}; writel ${px(port, 0x34)} 4; writel ${px(port, 0x38)} 4; wait 5us; writel ${px(port, 0x2c)} 304; writel ${px(port, 0x2c)} 300`,
  ),
  `${AHCI}; ${done(0, sataRead)}; ${laid(0, 1, sataQueued(1, 3))}; ${laid(0, 2, sataQueued(2, 3))}; writel ${px(0, 0x34)} 6; writel ${px(0, 0x38)} 6; wait 2us; wait 1us; wait 50us; wait 5ms`,
  `${AHCI}; ${laid(0, 3, sataQueued(3, 0x0504_0302_0101))}; ${issuedQueued(0, 3)}`,
  ...[0, 1].map(
    (port) =>
      `${AHCI}; ${done(port, { ...(port ? sataPacket([0x12, 0, 0, 0, 36]) : sataRead), pieces: beyond(port) })}`,
  ),
  ...[0x20, 0xec, 0xc4].map((command) => `${AHCI}; ${done(0, { ...sataRead, command, count: 0x103 })}`),
  `${AHCI}; ${done(0, { command: 0x34, count: 2, sector: 0x0504_0000_0001, flags: 0x40, features: 0x202, pieces: [{ at: dataOf(0), bytes: 600 }] })}`,
  `${AHCI}; ${done(0, { command: 0x39, count: 2, sector: 1, flags: 0x40, pieces: [{ at: dataOf(0), bytes: 1024 }] })}`,
  `${AHCI}; ${done(0, { command: 0x91, count: 0x10, device: 5 })}; ${done(0, { command: 0xc6, count: 2 })}; ${done(0, { command: 0xef, features: 3, count: 0x22 })}; ${done(0, { command: 0xef, features: 3, count: 0x44 })}; ${done(0, { command: 0xef, features: 0x82 })}`,
  `${AHCI}; ${done(1, { command: 0xef, features: 3, count: 0x22 })}; ${done(1, { command: 0xef, features: 3, count: 0x44 })}; ${done(1, { command: 0xa1, pieces: [{ at: dataOf(1), bytes: 512 }] })}`,
  `${AHCI}; ${laid(1, 0, sataPacket([0x28, 0, 0, 0, 0, 5, 0, 0, 2], { features: 0 }))}; writel ${px(1, 0x38)} 1; wait 12us; wait 95us; wait 8us; wait 5us; wait 5ms`,
  `${AHCI}; ${done(1, sataPacket([0x28, 0, 0, 0, 0, 5, 0, 0, 2]))}; ${done(1, sataPacket([0x1e, 0, 0, 0, 1]))}; eject 7; ${done(1, sataPacket([0x28, 0, 0, 0, 1, 5, 0, 0, 2]))}`,
  `${AHCI}; eject 7; insert 7 3; ${done(1, sataPacket([0]))}`,
] as const;

/** What random work seldom or never does; each step is looked at. */
const SELDOM = [
  "out 92 2; out 92 0; out cf9 2; out b2 f1; out b3 5; out 80 7; ferr 1; out f0 0; outw 510 0; in 511",
  ...["20", "a0"].map((port) => `out ${port} b; out ${port} c; out ${port} 68; out ${port} c3; out ${port} 80`),
  "out 61 1; out 43 b5; out 42 64; out 42 0; out 42 50; out 42 0; out 43 e8; out 61 0; wait 1ms; in 61",
  "out 61 0; out 43 b2; out 42 64; out 42 0; out 61 1; out 43 80; in 42; out 42 1",
  "outw 602 101; wait 3s; inw 600; out 70 a; out 71 76; wait 3ms; out 71 26; out 70 b; out 71 82; out 71 2",
  "out 70 6; out 71 3; key 1e; wait 600us; keyup 1e; wait 400us; wait 600us; in 60; wait 600us; in 60; wait 600us; in 60",
  ...["a0", "b0"].map(
    (drive) =>
      `out 1f6 ${drive}; out 1f2 10; out 1f7 91; wait 10us; out 1f2 2; out 1f7 c6; wait 10us; out 1f1 3; out 1f2 22; out 1f7 ef; wait 10us; out 1f2 45; out 1f7 ef; wait 10us; out 1f1 82; out 1f7 ef; wait 10us; out 1f2 3; out 1f3 2; out 1f7 c4; wait 1ms; inw 1f0`,
  ),
  ...["insert 2 3", "eject 2", "eject 4", "insert 4 2d0", "insert 5 280"],
  "out 176 a0; out 171 0; out 177 a0; wait 10us; outw 170 1e; outw 170 0; outw 170 1; outw 170 0; outw 170 0; outw 170 0; wait 1ms; eject 2",
  "out 176 a0; out 171 3; out 172 22; out 177 ef; wait 10us; out 172 45; out 177 ef; wait 10us; out 376 2",
  "outw 1ce 1; outw 1cf 280; outw 1ce 2; outw 1cf 1e0; outw 1ce 3; outw 1cf 8; outw 1ce 4; outw 1cf c1; outw 1ce 5; outw 1cf ff; write a0010 7",
  ...["f0; out 60 1", "ed; out 60 5", "f3; out 60 33"].map(
    (told) => `out 60 ${told.replace(";", "; wait 1ms; in 60;")}; wait 1ms; in 60`,
  ),
  ...["e7", "ea", "ec; wait 1ms; in 60; out 64 d4; out 60 ee", "e8; wait 1ms; in 60; out 64 d4; out 60 1"].map(
    (told) => `out 64 d4; out 60 ${told}; wait 1ms; in 60`,
  ),
  ...["43 74; out 41 5; out 41 0; out 41 7; in 41", "43 34; out 40 5; out 40 0; out 40 7; in 40", "43 e2"].map(
    (set) => `out ${set}`,
  ),
  "outl c000 5400; out 3fa 0; com1 1 2 3; wait 10ms",
  ...["3f", "2f", "3e", "2e"].map((port) => `out ${port}c 10; out ${port}8 1; out ${port}8 2`),
  // The upper half of the HPET's counter.
  "writel fed000f0 5; writel fed000f4 7; writel fed00010 1",
  // A line that is level triggered at the I/O APIC, with a vector of the first ones.
  "writel fee000f0 1ff; writel fec00000 18; writel fec00010 801f; out 3fc 8; out 3f9 2",
  "out 378 41; out 37a 1d; out 37a 1c; wait 10us; out 37a 1d",
  "out 3fa 7; com1 1 2 3 4 5 6 7 8 9 a b c d e f 10 11 12 13 14 15 16; wait 10ms",
  "out 2fa 7; com2 1 2 3 4 5 6 7 8 9 a b c d e f 10 11 12 13 14 15 16; wait 10ms",
  ...["1f", "17"].map(
    (channel) => `out ${channel}5 2; out ${channel}5 3; out ${channel}4 2; out ${channel}4 3; outl 628 5`,
  ),
  ...["a0", "b0"].map(
    (drive) => `out 1f6 ${drive}; out 1f2 2; out 1f7 c6; wait 10us; out 1f3 2; out 1f7 c5; wait 1ms; outw 1f0 5`,
  ),
  "writel fee000f0 1ff; writel fee00300 44023; writel fee00300 44043; ack; writel fee00300 44063; ack; writel fee00300 44083; ack",
  "writel fee000f0 1ff; writel fee00300 44033; ack; writel fee00300 440a3; ack; writel fee00300 440c3; ack; writel fee00300 440e3; ack",
  // Level triggered, by COM1.
  ...["23", "43", "63", "83", "a3", "c3", "e3"].map(
    (vector) => `writel fee000f0 1ff; writel fec00000 18; writel fec00010 80${vector}; out 3fc 8; out 3f9 2; wait 5us`,
  ),
  ...["10", "12", "14"].flatMap((at) => [
    `writel fed00${at}0 4c; writel fed00${at}8 1000; writel fed00${at}0 4c; writel fed00${at}c 5`,
    `writel fed000f0 fffffff0; writel fed00${at}0 104; writel fed00${at}8 5; writel fed00010 1`,
  ]),
  "writel fed00100 6; writel fed00108 64; writel fed0010c 0; writel fed00010 1; wait 5us",
  "outl cf8 80000058; outl cfc 33333333; outl cf8 80001010; outl cfc e0000000",
  "outl cf8 80000860; outl cfc 05050505; writel febc00d0 ffff; writel febc00c8 1; outl cfc 0a0a0a0a",
  "writel febc0100 4008002; writel febc2800 11000; writel febc2808 80; writel febc2810 0; writel febc2818 0; frame 64 52 54 0 12 34 56",
  "writel fee000f0 1ff; writel fee00300 44005; writel fee00280 0",
  "outl c430 30000; outl c42c 3; in c434",
  "out 3cf 0; out 3ce 5; out 3cf 0; out 3ce 6; out 3cf 5; read a0000",
] as const;

/** Fields that keep their value from power on, with the reason. */
const NEVER_LEFT: readonly (readonly [field: RegExp, reason: string])[] = [
  [/^board, field [1-9]$/, "what fails at a medium, and what it would lose: set from outside, by a campaign of faults"],
  [/^board, field 13$/, "IRQ 2, the cascade: no device drives it"],
  [/^firmware configuration, field 3$/, "which copy of the machine this is: said from outside"],
  [/^(IDE drive( \(\d\))?, field 19|virtio disk, field 2)$/, "how slow a drive is: set from outside likewise"],
  [/^local APIC, field 1$/, "IA32_APIC_BASE, which the processor writes"],
  [/^8254, field (4|7|8|19|22|23)$/, "gates of channels 0 and 1 are high, so nothing pauses and triggers them"],
  [/^(AHCI port|PRD table) \([3-6]\), field/, "nobody is at these ports of the adapter"],
  [/^AHCI port \(2\), field (19|23)$/, "a CD drive queues no commands"],
  [/^display interface, field 11$/, "the size of the memory"],
  [/^8237A( \(2\))?, field 24$/, "the temporary register, of transfers from memory to memory that no PC has"],
  [/^PIIX3 ISA bridge, field [2-4]$/, "PIRQA#: no device of this board is connected to it"],
  [/^virtio, field 1$/, "the geometry of the disk"],
  [/^eth0, field (10|11|14|15|16|19|2[0-3]|27|29|3[0-6]|39)$/, "registers of the PHY that only read, or are not there"],
];

/** So many parts of random work at the most, and steps in each; looked at after so many. */
const PARTS = 40;
const PART_STEPS = 2000;
const LOOK_EACH = 12;
/** In longer times chips that were set up at random do the same a million times. */
const LONGEST_WAIT_NS = 20_000_000;

/** What a card visits: a virtio card comes before the virtio disk. */
const PARTS_OF_CARDS = /^(eth0|RTL8139|NE2000|PCnet|virtio|virtqueue( \([23]\))?|virtio network card)$/;

for (const nic of NIC_MODELS)
  test(`with ${nic}, every field leaves its value of power on (QURE_SEED=${SEED})`, () => {
    const config = (): Partial<BoardConfig> => ({ ...complete(), nic });
    // Of the other boards only the card is another one.
    const leaving = new Leaving(new TestBoard(config()), (part) => nic === NIC_MODELS[0] || PARTS_OF_CARDS.test(part));
    const isKept = (field: string): boolean => NEVER_LEFT.some(([kept]) => kept.test(field));
    const missing = (): string[] => [...leaving.missing].filter((field) => !isKept(field));
    const setUp = parseScript(MAP_WINDOWS);
    for (const script of nic === NIC_MODELS[0] ? [...SELDOM, ...SATA_SELDOM] : []) {
      const board = new TestBoard(config());
      for (const step of [...setUp, ...parseScript(script)]) {
        attempt(board, step);
        leaving.look(board);
      }
    }
    for (let part = 0; part < PARTS && missing().length > 0; part++) {
      const board = new TestBoard(config());
      let count = 0;
      for (const step of randomSteps(new Random(SEED, `leaving ${part}`), { nic, mostNs: LONGEST_WAIT_NS })) {
        if (++count > PART_STEPS) break;
        attempt(board, step);
        if (count % LOOK_EACH === 0) leaving.look(board);
      }
    }
    expect(missing()).toEqual([]);
    // Whoever has a way to move one of these takes it off the list.
    if (nic !== NIC_MODELS[0]) return;
    expect(NEVER_LEFT.filter(([kept]) => ![...leaving.missing].some((field) => kept.test(field)))).toEqual([]);
  });
