/**
 * By random work, and by what it seldom does, every saved field of every device comes to another value than that of
 * power on. So what fields.test.ts and state.test.ts say of saving holds for all fields, and not only for those that
 * happened to move.
 */
import { expect, test } from "vitest";
import { type BoardConfig, NIC_MODELS } from "../../../emulator/board-config.ts";
import { Random } from "../../../emulator/state/random.ts";
import { randomSteps } from "./bursts.ts";
import { complete } from "./chips.ts";
import { TestBoard } from "./harness.ts";
import { Leaving } from "./leaving.ts";
import { MAP_WINDOWS } from "./places.ts";
import { attempt } from "./relay.ts";
import { parseScript } from "./script.ts";

const SEED = Number(process.env["QURE_SEED"] ?? 20261120);

/** What random work seldom or never does; each step is looked at. */
const SELDOM = [
  "out 92 2; out 92 0; out cf9 2; out b2 f1; out b3 5; out 80 7; ferr 1; out f0 0; outw 510 0; in 511",
  ...["20", "a0"].map((port) => `out ${port} b; out ${port} c; out ${port} 68; out ${port} c3; out ${port} 80`),
  "out 61 1; out 43 b5; out 42 64; out 42 0; out 42 50; out 42 0; out 43 e8; out 61 0; wait 1ms; in 61",
  "out 61 0; out 43 b2; out 42 64; out 42 0; out 61 1; out 43 80; in 42; out 42 1",
  "wait 3s; inw 600; out 70 a; out 71 76; wait 3ms; out 71 26; out 70 b; out 71 82; out 71 2",
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
  ...["10", "12", "14"].flatMap((at) => [
    `writel fed00${at}0 4c; writel fed00${at}8 1000; writel fed00${at}0 4c; writel fed00${at}c 5`,
    `writel fed000f0 fffffff0; writel fed00${at}0 104; writel fed00${at}8 5; writel fed00010 1`,
  ]),
  "writel fed00100 6; writel fed00108 64; writel fed0010c 0; writel fed00010 1; wait 5us",
  "outl cf8 80000058; outl cfc 33333333; outl cf8 80001010; outl cfc e0000000",
  "outl cf8 80000860; outl cfc 05050505; writel febc00d0 ffff; writel febc00c8 1; outl cfc 0a0a0a0a",
  "writel febc0100 4008002; writel febc2800 11000; writel febc2808 80; writel febc2810 0; writel febc2818 0; frame 64 52 54 0 12 34 56",
  "out 3cf 0; out 3ce 5; out 3cf 0; out 3ce 6; out 3cf 5; read a0000",
] as const;

/** Fields that keep their value from power on, with the reason. */
const NEVER_LEFT: readonly (readonly [field: RegExp, reason: string])[] = [
  [/^board, field [1-8]$/, "what fails at a medium, and what it would lose: set from outside, by a campaign of faults"],
  [/^board, field 12$/, "IRQ 2, the cascade: no device drives it"],
  [/^(IDE drive( \(\d\))?, field 19|virtio disk, field 2)$/, "how slow a drive is: set from outside likewise"],
  [/^local APIC, field 1$/, "IA32_APIC_BASE, which the processor writes"],
  [/^8254, field (4|7|8|19|22|23)$/, "gates of channels 0 and 1 are high, so nothing pauses and triggers them"],
  [/^display interface, field 11$/, "the size of the memory"],
  [/^8237A( \(2\))?, field 24$/, "the temporary register, of transfers from memory to memory that no PC has"],
  [/^PIIX3 ISA bridge, field [2-7]$/, "PIRQA# and PIRQB#: no device of this board is connected to them"],
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
    for (const script of SELDOM) {
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
