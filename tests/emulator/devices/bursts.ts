/**
 * Random work on a board that has everything, in bursts of steps as a driver, or something that is none, would do them.
 * Every saved field of every device comes to another value than that of power on by it (leaving.long.test.ts).
 */
import { NIC_MODELS, type NicModel } from "../../../emulator/board-config.ts";
import * as e1000Registers from "../../../emulator/devices/network/e1000-registers.ts";
import type { Random } from "../../../emulator/state/random.ts";
import { CHIPS, type Chip } from "./chips.ts";
import { inputBurst, MOUSE_COMMANDS } from "./input-bursts.ts";
import {
  BLOCKS,
  CARD,
  CARD_REGISTERS,
  FUNCTIONS,
  hex,
  INDEXED,
  MAP_WINDOWS,
  PORTS,
  type PortBlock,
  range,
} from "./places.ts";
import { parseScript, type Step } from "./script.ts";
import { SOUND_BURSTS } from "./sound-bursts.ts";
import { descriptorAt, NEXT, WRITE, words } from "./virtio-script.ts";

const INTERESTING = [0, 1, 2, 3, 0x10, 0x7f, 0x80, 0xff, 0x100, 0x7fffffff, 0x80000000, 0xffffffff] as const;
const WAITS_NS = [10, 500, 10_000, 120_000, 600_000, 2_000_000, 40_000_000, 700_000_000] as const;
const DISK_COMMANDS = [0x20, 0x24, 0x29, 0xc4, 0x30, 0x34, 0xc5, 0x40, 0xc8, 0x25, 0xca, 0x35, 0xec, 0xef, 0xc6, 0x91];
const MORE_COMMANDS = [0x10, 0x70, 0x90, 0xa0, 0xa1, 0xe5, 0xe7, 0xf8, 0x27, 0x08] as const;
const PACKETS = [
  0x00, 0x03, 0x1b, 0x1e, 0x12, 0x25, 0x28, 0xa8, 0xbe, 0x43, 0x46, 0x4a, 0x51, 0x5a, 0xbd, 0x99,
] as const;
const KEYBOARD_COMMANDS = [0xed, 0xee, 0xf0, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xfe, 0xff, 1, 2, 4] as const;
const CONTROLLER_COMMANDS = [0x20, 0x60, 0x65, 0xa7, 0xa8, 0xaa, 0xad, 0xae, 0xd0, 0xd2, 0xd3, 0xd4] as const;

/** Bursts of steps as a driver, or something that is none, would do them. */
const BURSTS: readonly ((random: Random) => string)[] = [
  (random) => portWrite(random, random.pick(BLOCKS)),
  blockBurst,
  blockBurst,
  timerBurst,
  dmaBurst,
  steeringBurst,
  serialBurst,
  vgaBurst,
  inputBurst,
  alarmBurst,
  interruptBurst,
  localApicBurst,
  ioApicBurst,
  displayBurst,
  disketteBurst,
  mediumBurst,
  managementBurst,
  virtioBurst,
  ...SOUND_BURSTS,
  (random) => `in ${hex(random.pick(PORTS).port)}`,
  (random) => `in ${hex(random.pick(PORTS).port)}`,
  (random) => `wait ${random.pick(WAITS_NS)}ns`,
  (random) => `wait ${random.pick(WAITS_NS)}ns`,
  (random) => {
    const { index, data, count } = random.pick(INDEXED);
    return `out ${hex(index)} ${hex(random.below(count))}; in ${hex(data)}; out ${hex(data)} ${hex(random.below(256))}`;
  },
  (random) =>
    `outl cf8 ${hex(0x80000000 + random.pick(FUNCTIONS) * 0x100 + random.below(64) * 4)}; inl cfc; out cfc ${hex(random.below(256))}`,
  (random) =>
    `writel ${hex(CARD + random.pick(CARD_REGISTERS))} ${hex(random.chance(50) ? random.u32() : random.below(0x200))}`,
  (random) => `readl ${hex(CARD + random.pick(CARD_REGISTERS))}`,
  (random) => `${random.pick(["read", "write"])} ${hex(0xa0000 + random.below(0x20000))} ${hex(random.below(256))}`,
  diskBurst,
  diskBurst,
  packetBurst,
  packetBurst,
  (random) => `in 60; out 60 ${hex(random.pick(KEYBOARD_COMMANDS))}; wait 600us; in 64; in 60`,
  (random) => `in 60; out 64 d4; out 60 ${hex(random.pick(MOUSE_COMMANDS))}; wait 600us; in 64; in 60`,
  (random) => `out 64 ${hex(random.pick(CONTROLLER_COMMANDS))}; out 60 ${hex(random.below(0x60))}; in 60`,
  (random) => `key ${hex(1 + random.below(0x50))}; keyup e048; wait 1ms; in 60`,
  (random) =>
    `com${1 + random.below(2)} ${range(1 + random.below(20))
      .map(hex)
      .join(" ")}; wait 90us; in 3f8; in 2f8`,
  (random) =>
    `frame ${hex(60 + random.below(1400))} ${random.chance(50) ? "ff ff ff ff ff ff" : "52 54 0 12 34 56"} 2 0 0 0 0 9 8 0`,
  (random) => `cable ${random.below(2)}`,
  (random) => `ferr ${random.below(2)}; out f0 0`,
  () => "button",
  () => "ack; out a0 20; out 20 20",
  () => "ack",
];

const out = (port: number, value: number, size = ""): string => `out${size} ${hex(port)} ${hex(value)}`;

function portWrite(random: Random, { first, count, widest }: PortBlock): string {
  const port = first + random.below(count);
  const size = random.pick(["", "w", "l"].slice(0, widest === 4 ? 3 : 1));
  const value = random.chance(40) ? random.pick(INTERESTING) : random.below(256);
  // Resets and power come by themselves, now and then.
  return [0x92, 0xcf9, 0x64].includes(port) ? `in ${hex(port)}` : out(port, value, size);
}

/** Much is written to one chip, as a driver does that sets it up. */
function blockBurst(random: Random): string {
  const block = random.pick(BLOCKS);
  return range(Math.min(12, 2 * block.count))
    .map(() => portWrite(random, block))
    .join(";");
}

/** A channel of the 8254: mode, count, gate, latches, and one byte of two read. */
function timerBurst(random: Random): string {
  const channel = random.below(3);
  const access = 1 + random.below(3);
  // Channel 0 interrupts at each end of its count.
  const count = channel === 0 ? random.pick([0, 1000]) : random.pick([0, 2, 100, 1000]);
  return [
    out(0x61, random.below(4)),
    out(0x43, (channel << 6) | (access << 4) | random.below(16)),
    out(0x40 + channel, count & 0xff),
    ...(random.chance(70) ? [out(0x40 + channel, count >> 8)] : []),
    out(0x61, random.below(4)),
    `wait ${random.pick(WAITS_NS)}ns`,
    ...(random.chance(50) ? [out(0x40 + channel, random.below(256))] : []),
    random.chance(50) ? out(0x43, channel << 6) : out(0x43, 0xc0 | random.pick([0, 0x10, 0x20]) | (2 << channel)),
    ...(random.chance(50) ? [`in ${hex(0x40 + channel)}`] : []),
    // One byte of two, latched and not.
    ...(random.chance(50) ? [out(0x43, (channel << 6) | 0x34), `in ${hex(0x40 + channel)}`] : []),
  ].join(";");
}

/** A channel of each 8237A, with everything that it has. */
function dmaBurst(random: Random): string {
  return [0, 1]
    .flatMap((chip) => {
      const at = (register: number): number => (chip === 0 ? register : 0xc0 + 2 * register);
      const channel = random.below(4);
      const word = (register: number): readonly string[] => range(2).map(() => out(at(register), random.below(256)));
      return [
        out(at(11), channel | random.pick([0x44, 0x58, 0x98, 0x64])),
        ...word(2 * channel),
        ...word(2 * channel + 1),
        out(at(random.pick([8, 9, 10])), random.below(8)),
        ...(random.chance(30) ? [out(at(0), 1)] : []),
      ];
    })
    .join(";");
}

/** PIRQs are steered anywhere, and both cards on the bus ask for attention. */
function steeringBurst(random: Random): string {
  const routes = range(4).map((pirq) =>
    out(0xcfc + pirq, random.chance(80) ? random.pick([3, 5, 9, 10, 11, 12]) : 0x80),
  );
  return [
    "outl cf8 80000860",
    ...routes,
    `writel ${hex(CARD + e1000Registers.IMS)} ffff; writel ${hex(CARD + 0xc8)} ${hex(1 << random.below(8))}`,
    ...(random.chance(50) ? ["wait 1us", `readl ${hex(CARD + 0xc0)}`] : []),
  ].join(";");
}

const UARTS = [
  [0x3f8, "com1"],
  [0x2f8, "com2"],
  [0x3e8, "com3"],
  [0x2e8, "com4"],
] as const;

/** The UARTs with their FIFOs: too much for them, a character that waits for its time, and the modem's lines. */
function serialBurst(random: Random): string {
  const [port, name] = random.pick(UARTS);
  return [
    out(port + 3, 0x83),
    out(port, 1 + random.below(20)),
    out(port + 1, 0),
    out(port + 3, random.below(0x40)),
    out(port + 2, random.pick([1, 7, 0x81, 0xc1])),
    out(port + 1, random.below(16)),
    out(port + 4, random.below(32)),
    out(port + 7, random.below(256)),
    `${name} ${range(random.pick([1, 4, 24]))
      .map((byte) => hex(byte + 0x41))
      .join(" ")}`,
    `wait ${random.pick([100_000, 2_000_000, 40_000_000])}ns`,
    out(port, random.below(256)),
    ...(random.chance(30) ? [`in ${hex(port)}; in ${hex(port + 5)}`] : []),
  ].join(";");
}

/** Registers of the VGA behind an index, the palette half-way, and the feature control. */
function vgaBurst(random: Random): string {
  return [
    `in 3da; in 3ba; ${out(0x3c0, random.below(0x15))}; ${out(0x3c0, random.below(64))}`,
    out(random.pick([0x3da, 0x3ba]), random.below(16)),
    out(0x3c6, random.below(256)),
    `${out(0x3c8, random.below(256))}; ${range(random.below(4))
      .map(() => out(0x3c9, random.below(64)))
      .join(";")}`,
    `${out(0x3c7, random.below(256))}; ${range(random.below(3))
      .map(() => "in 3c9")
      .join(";")}`,
    ...[0x3c4, 0x3ce, 0x3d4].map((index) => `${out(index, random.below(9))}; ${out(index + 1, random.below(256))}`),
    out(0x3c2, random.pick([0x67, 0x66, 0xe3])),
    "in 3da; out 3c0 20",
  ]
    .filter((step) => step !== "; ")
    .join(";");
}

/** The 8259As are set up, not always to the end, with interrupts from the timer. */
function interruptBurst(random: Random): string {
  const base = random.pick([0x20, 0xa0]);
  return [
    out(base, 0x10 | random.below(16)),
    ...range(random.below(4)).map(() => out(base + 1, random.below(256))),
    out(base + 1, random.chance(50) ? 0 : random.below(256)),
    out(base, random.pick([0x08, 0x0a, 0x0b, 0x0c, 0x20, 0x48, 0x60, 0x68, 0x80, 0xa0, 0xc3, 0x00, 0xe5])),
    out(0x4d0 + random.below(2), random.below(256)),
    "out 43 34; out 40 40; out 40 0; wait 100us; ack",
  ].join(";");
}

/** The clock is set, with an alarm. */
function alarmBurst(random: Random): string {
  const put = (index: number, value: number): string => `${out(0x70, index)}; ${out(0x71, value)}`;
  const field = random.pick([[0, 0x10] as const, [2, 0x20] as const, [6, 3] as const, [7, 0x11] as const]);
  return [
    put(field[0], field[1]),
    ...[1, 3, 5].map((alarm) => put(alarm, random.pick([0xc0, 0x10]))),
    put(0x0b, random.pick([0x02, 0x72, 0x42])),
    `wait ${random.pick([1_000_000, 1_500_000_000])}ns`,
    "out 70 c; in 71",
  ].join(";");
}

const LOCAL_APIC = 0xfee00000;
const IO_APIC = 0xfec00000;
const LOCAL_APIC_REGISTERS = [
  ...[0x20, 0x80, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x300, 0x310],
  ...[0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x380, 0x380, 0x3e0],
] as const;

/** The local APIC is on, with interrupts to itself, one of which is under way. */
function localApicBurst(random: Random): string {
  const put = (offset: number, value: number): string => `writel ${hex(LOCAL_APIC + offset)} ${hex(value)}`;
  return [
    put(0xf0, 0x100 | random.below(256)),
    ...range(6).map(() => put(random.pick(LOCAL_APIC_REGISTERS), random.u32())),
    put(0x300, 0x44000 | random.below(256)),
    ...(random.chance(50)
      ? [put(0x320, 0x20000 | random.below(256)), put(0x380, 100_000 + random.below(100_000))]
      : []),
    ...(random.chance(50) ? ["ack"] : []),
    `wait ${random.pick(WAITS_NS)}ns; readl ${hex(LOCAL_APIC + random.pick(LOCAL_APIC_REGISTERS))}`,
  ].join(";");
}

/** Entries of the I/O APIC's table, level triggered and not, and lines that rise. */
function ioApicBurst(random: Random): string {
  return [
    ...range(8).flatMap(() => [
      `writel ${hex(IO_APIC)} ${hex(random.chance(90) ? 0x10 + random.below(48) : random.below(4))}`,
      `writel ${hex(IO_APIC + 0x10)} ${hex(random.u32())}`,
    ]),
    // Level triggered at once, and an interrupt on each of the lines of both UARTs and of the timer.
    ...[2, 3, 4].flatMap((input) => [
      `writel ${hex(IO_APIC)} ${hex(0x10 + 2 * input)}`,
      `writel ${hex(IO_APIC + 0x10)} ${hex(0x8000 | (0x10 + random.below(0xf0)))}`,
    ]),
    `out 3f9 3; out 2f9 3; out 3fc 8; out 2fc 8; writel ${hex(LOCAL_APIC + 0xf0)} 1ff`,
    "com1 41; com2 41; wait 200us",
    ...(random.chance(50) ? ["ack"] : []),
  ].join(";");
}

function displayBurst(random: Random): string {
  const register = (index: number, value: number): string => `outw 1ce ${hex(index)}; outw 1cf ${hex(value)}`;
  const [width, height] = random.pick([[640, 480] as const, [800, 600] as const, [1024, 768] as const]);
  return [
    register(4, 0),
    register(0, 0xb0c0 + random.below(6)),
    `${register(1, width)}; ${register(2, height)}; ${register(3, random.pick([4, 8, 16, 32]))}`,
    // Banks beyond the first 256 KiB, and pictures that are cleared, are much work for the test.
    register(4, random.chance(10) ? 0x61 : random.pick([0xc1, 0xe1, 0x81])),
    `${register(5, random.chance(3) ? random.below(256) : random.below(4))}; ${register(6, width + 8 * random.below(100))}`,
    `${register(8, random.below(100))}; ${register(9, random.below(100))}`,
    "write a0010 77; write affff 1; in 3da; read a0010",
    ...(random.chance(70) ? [register(4, 0)] : []),
  ].join(";");
}

const DISKETTE_COMMANDS = [
  ...[[0x03, 0xdf, 2] as const, [0x03, 0xaf, 3] as const, [0x07, 0] as const, [0x07, 1] as const, [0x08] as const],
  ...[[0x0f, 0, 9] as const, [0x0f, 5, 30] as const, [0x12, 0x1a] as const, [0x13, 0, 0x57, 0x11] as const],
  ...[[0x94] as const, [0x14] as const, [0x46, 0, 3, 0, 2, 2, 18, 27, 255] as const, [0x4a, 4] as const],
  ...[[0x45, 1, 1, 1, 1, 2, 9, 27, 255] as const, [0x4d, 4, 2, 2, 0x50, 0xf6] as const, [0x0e] as const],
] as const;

/** Somebody takes media out and puts others in. */
function mediumBurst(random: Random): string {
  if (!random.chance(10)) return "";
  const drive = random.pick([2, 4, 5]);
  const size = drive === 2 ? random.pick([1, 3, 64]) : 720;
  return random.chance(drive === 2 ? 50 : 80) ? `eject ${drive} ${random.below(2)}` : `insert ${drive} ${hex(size)}`;
}

/** Commands for the diskette controller; of some the results are read. */
function disketteBurst(random: Random): string {
  const commands = range(3).map(() =>
    [
      ...random.pick(DISKETTE_COMMANDS).map((byte) => out(0x3f5, byte)),
      `wait ${random.pick([10_000, 60_000, 600_000])}ns`,
      ...range(random.pick([0, 3, 10])).map(() => "in 3f5"),
    ].join(";"),
  );
  return [
    out(0x3f2, random.pick([0x3c, 0x3d, 0x1c, 0x2d])),
    out(0x3f3, random.below(4)),
    out(0x3f7, random.below(4)),
    "wait 30us",
    ...commands,
  ].join(";");
}

/** Registers of a card's PHY, and clocks for its EEPROM. */
function managementBurst(random: Random): string {
  const mdic = hex(CARD + 0x20);
  return [
    ...range(6).map(() => `writel ${mdic} ${hex(0x04200000 + random.below(32) * 0x10000 + random.below(0x8000))}`),
    // A read of the EEPROM, or anything else, and some of the bits that it gives.
    `writel ${hex(CARD + 0x10)} 40`,
    ...[1, 1, 0, ...range(random.pick([3, 8, 12])).map(() => random.below(2))].flatMap((bit) =>
      [0x42, 0x43].map((pins) => `writel ${hex(CARD + 0x10)} ${hex(pins | (bit << 2))}`),
    ),
    `wait ${random.pick(WAITS_NS)}ns`,
  ].join(";");
}

/** A driver of the virtio disk with one request. */
function virtioBurst(random: Random): string {
  const descriptor = (index: number, address: number, bytes: number, flags: number, next: number): string =>
    descriptorAt(0x90000, index, address, bytes, flags, next);
  return [
    `out c212 0; out c212 3; outl c204 ${hex(random.pick([0x200, 0x210]))}; outw c20e ${random.below(2)}; outw c20e 0`,
    `outl c208 90; out c212 7; ram 91000 0 0 1 0 0 0; ram a0000 ${random.below(3)} 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0`,
    descriptor(0, 0xa0000, 16, 1, 1),
    descriptor(1, 0xa1000, 512, 1 | (random.below(2) << 1), random.chance(90) ? 2 : 1),
    descriptor(2, 0xa2000, 1, 2, 0),
    `outw c210 0; wait ${random.pick([1_000, 200_000])}ns; outw c20e ${random.below(2)}`,
  ].join(";");
}

/**
 * A driver of the virtio card: a chain in each of its queues, some of them broken, at the place where it has its
 * registers.
 */
function virtioCardBurst(random: Random): string {
  const tables = [0x90000, 0x94000, 0x98000] as const;
  const available = [0x91000, 0x95000, 0x98400] as const;
  const command = random.pick([
    "0 0 0",
    "0 1 1",
    `1 0 ${words(1)} 2 0 0 0 0 1 ${words(1)} 1 0 5e 0 0 1`,
    `1 0 ${words(65)}`,
    `1 0 ${words(0, 65)}`,
  ]);
  return [
    "outl cf8 80001810; outl cfc c000; outl cf8 80001804; outw cfc 7",
    `out c012 0; out c012 3; outl c004 70020; out c014 ${hex(random.below(256))}`,
    ...tables.map((table, queue) => `outw c00e ${queue}; outl c008 ${hex(table >> 12)}`),
    `outw c00e 0; out c012 7; ram a4000 ${command}`,
    ...available.map((ring) => `ram ${hex(ring)} ${random.below(2)} 0 1 0 0 0`),
    ...tables.map((table, queue) =>
      descriptorAt(table, 0, 0xa4000, queue === 2 ? 400 : 74, queue === 0 ? WRITE : random.chance(80) ? 0 : NEXT, 0),
    ),
    ...(random.chance(20) ? [descriptorAt(0x90000, 0, 0xa4000, 74, NEXT, 0)] : []),
    "outw c010 0; outw c010 1; outw c010 2",
    `wait ${random.pick([1_000, 3_000])}ns; frame 40 ff ff ff ff ff ff; wait 1us; cable ${random.below(2)}; wait 2ms; wire`,
    MAP_WINDOWS,
  ].join(";");
}

/** Sending and receiving by the RTL8139, at the places where it has its registers. */
function fastCardBurst(random: Random): string {
  const descriptor = random.below(4);
  return [
    "outl cf8 80001810; outl cfc c000; outl cf8 80001814; outl cfc febc0000",
    "outl c030 80000; out c037 c; outl c044 f; outw c03c ffff",
    out(0xc000 + random.pick([0x08, 0x0c, 0x40, 0x51, 0x52, 0x59, 0x62]), random.below(256)),
    `outl ${hex(0xc020 + 4 * descriptor)} 20000; outl ${hex(0xc010 + 4 * descriptor)} 40; wait 3us`,
    `outl ${hex(0xc010)} 40; wait 3us; frame 64 ff ff ff ff ff ff; wait 1us; outl c048 0`,
    "out c050 80",
    ...[1, 1, 0, ...range(random.pick([3, 8, 12])).map(() => random.below(2))].flatMap((bit) =>
      [0x88, 0x8c].map((pins) => out(0xc050, pins | (bit << 1))),
    ),
    ...(random.chance(50) ? ["outw c038 38; in c037"] : []),
    MAP_WINDOWS,
  ].join(";");
}

/** The NE2000: its ring, remote DMA, a frame out and one in. */
function ne2000Burst(random: Random): string {
  const port = (register: number, value: number): string => out(0xc000 + register, value);
  const address = random.pick([0, 0x4000, 0x4600, 0x7ffe, 0xbffc, random.below(0x10000)]);
  return [
    "outl cf8 80001810; outl cfc c000",
    `${port(0, 0x21)}; ${port(14, random.below(2))}; ${port(1, 0x46)}; ${port(2, 0x80)}; ${port(3, random.pick([0x46, 0x48]))}`,
    `${port(12, random.pick([4, 0x1f, 0x3f]))}; ${port(13, random.pick([0, 0, 2]))}; ${port(15, random.below(128))}`,
    `${port(0, 0x61)}; ${port(7, 0x47)}; ${port(1 + random.below(15), random.below(256))}; ${port(0, 0x22)}`,
    `${port(8, address & 0xff)}; ${port(9, address >> 8)}; ${port(10, random.below(16))}; ${port(11, 0)}`,
    port(0, random.pick([0x0a, 0x12])),
    random.pick(["outl c010 a1b2c3d4; outw c010 7", "inl c010; inw c010; in c010", "outw c010 55aa; out c010 9"]),
    `${port(4, 0x40)}; ${port(5, 60)}; ${port(6, 0)}; ${port(0, 0x26)}; wait ${random.pick([1_000, 3_000])}ns`,
    `frame ${random.pick(["40", "180"])} ff ff ff ff ff ff; wait 1us; ${random.chance(30) ? "in c00f; in c01f" : "out c007 ff"}`,
    MAP_WINDOWS,
  ].join(";");
}

/** The PCnet: a block of initialization, a frame out in pieces and one in. */
function pcnetBurst(random: Random): string {
  const csr = (number: number, value: number): string => `outw c012 ${hex(number)}; outw c010 ${hex(value)}`;
  return [
    "outl cf8 80001810; outl cfc c000; outl cf8 80001814; outl cfc febc0000",
    ...(random.chance(30) ? [csr(0, 4)] : []),
    `outw c012 14; outw c016 ${random.below(4)}; outw c012 ${hex(random.pick([2, 4, 9, 18, 19, 22]))}; outw c016 ${hex(random.pick([0x100, 0xc0, 0x9001]))}`,
    `out c00${hex(random.below(16))} ${hex(random.below(256))}`,
    "ram 30000 0 80 20 20 52 54 0 12 34 56 0 0 0 0 0 1 0 0 0 0 0 10 3 0 0 20 3 0",
    "ram 31000 0 0 5 0 0 fa 0 80 0 0 0 0 0 0 5 80 0 8 5 0 0 fa 0 80 0 0 0 0 0 0 5 80",
    `ram 32000 0 0 4 0 ${random.pick(["ec ff", "0 f8"])} 0 82 0 0 0 0 0 0 4 82 14 0 4 0 d8 ff 0 ${random.pick(["81", "0"])}`,
    csr(1, 0),
    csr(2, 3),
    csr(random.pick([3, 4, 5, 8, 15, 47, 76, 112]), random.pick([0, 1, 0x115, 0x400, 0xffff])),
    csr(0, 1),
    csr(0, 0x142),
    `${csr(0, 0x48)}; wait ${random.pick([1_000, 3_000])}ns; wire`,
    `frame ${random.pick(["40", "180"])} ff ff ff ff ff ff; wait 1us; ${random.chance(10) ? "inw c014" : csr(0, 0x7f40)}`,
    MAP_WINDOWS,
  ].join(";");
}

function diskBurst(random: Random): string {
  const channel = random.chance(80) ? 0x1f0 : 0x170;
  const count = random.chance(90) ? 1 + random.below(4) : 0;
  const device = random.pick([0xe0, 0xf0, 0xa0, 0x40]) | random.below(2);
  const command = random.chance(70) ? random.pick(DISK_COMMANDS) : random.pick(MORE_COMMANDS);
  const put = (register: number, value: number): string => out(channel + register, value);
  return [
    put(6, device),
    put(1, random.pick([0, 2, 3, 0x82])),
    ...(random.chance(30) ? [put(2, 0), put(3, random.below(4)), put(4, random.below(2)), put(5, 0)] : []),
    put(2, random.chance(20) ? random.pick([0x42, 0x22, 8, 16]) : count),
    put(3, 1 + random.below(60)),
    put(4, random.below(2)),
    put(5, 0),
    ...(random.chance(20) ? [out(channel + 0x206, random.pick([2, 0x80, 0]))] : []),
    ...(random.chance(40) ? [`outl c104 1000; out c100 ${random.pick(["1", "9"])}`] : []),
    put(7, command),
    `wait ${random.pick([5_000, 12_000, 150_000, 400_000])}ns; in ${hex(channel + 7)}`,
    ...range(random.pick([0, 0, 2, 2, 5, 100, 256, 300])).map((index) =>
      index % 3 === 0 ? `outw ${hex(channel)} ${hex(index * 257)}` : `inw ${hex(channel)}`,
    ),
  ].join(";");
}

function packetBurst(random: Random): string {
  const packet = [
    random.pick(PACKETS),
    random.below(4),
    0,
    0,
    0,
    random.below(64),
    0,
    0,
    1 + random.below(3),
    0x10,
    0,
    0,
  ];
  if (packet[0] === 0x12 || packet[0] === 0x03) packet[4] = 36;
  if (packet[0] === 0xa8) [packet[8], packet[9]] = [0, 2];
  const words = range(6).map((index) => `outw 170 ${hex(packet[2 * index]! | (packet[2 * index + 1]! << 8))}`);
  return [
    `out 176 a0; out 171 ${random.below(2)}; out 174 ${random.pick(["0", "40", "ff"])}; out 175 ${random.pick(["0", "2", "8"])}`,
    ...(random.chance(50) ? ["outl c10c 1000; out c108 9"] : []),
    "out 177 a0; wait 20us",
    ...words,
    `wait ${random.pick([50_000, 150_000])}ns; in 177; in 172`,
    ...range(random.pick([0, 4, 4, 18, 40, 1024])).map(() => "inw 170"),
    "wait 6us; in 177",
  ].join(";");
}

/** Rings, descriptors and buffers for the card, and a descriptor table for the bus masters, then work for them. */
function cardBurst(random: Random): string {
  const put = (offset: number, value: number): string => `writel ${hex(CARD + offset)} ${hex(value)}`;
  const command = random.pick([0x01, 0x0b, 0x08, 0x29, 0x2b, 0x2f, 0x20, 0x24, 0x6b]);
  const type = random.pick([0x00, 0x10]);
  const length = random.pick([20, 60, 200, 1600]);
  const descriptor = [
    0,
    0x40,
    0,
    0,
    random.below(4) === 0 ? 1 : 0,
    0,
    0,
    0,
    length & 0xff,
    length >> 8,
    type,
    command,
    0,
    random.below(4),
    0,
    5,
  ];
  const context = [
    14,
    24,
    33,
    0,
    34,
    50,
    random.below(200),
    0,
    0,
    0,
    0,
    0x20 | random.below(4),
    0,
    54,
    random.below(256),
    0,
  ];
  const bytes = (values: readonly number[]): string => values.map(hex).join(" ");
  return [
    "ram 1000 0 20 0 0 0 2 0 0 0 30 0 0 0 4 0 80",
    `ram 6000 ${bytes(random.chance(30) ? context : descriptor)} ${bytes(descriptor)}`,
    "ram 7000 0 50 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 58 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
    `${put(e1000Registers.TDBAL, 0x6000)}; ${put(e1000Registers.TDLEN, 128)}`,
    `${put(e1000Registers.RDBAL, 0x7000)}; ${put(e1000Registers.RDLEN, 128)}`,
    put(e1000Registers.TCTL, 0x0a),
    put(e1000Registers.RCTL, random.pick([0x8002, 0x801a, 0x4008002, 0x8082])),
    put(e1000Registers.RDT, random.below(8)),
    `${put(e1000Registers.TDH, 0)}; ${put(e1000Registers.TDT, 1 + random.below(2))}`,
    put(e1000Registers.IMS, random.below(0x100)),
    put(e1000Registers.ITR, random.pick([0, 0, 100, 4000])),
    `wait ${random.pick([100, 3_000, 10_000])}ns; wire; byte 0; byte 18; byte 33`,
  ].join(";");
}

/** The beginning of a chip's case: states that somebody thought of. */
function caseBurst(random: Random, chips: readonly Chip[]): string {
  const steps = random.pick(random.pick(chips).cases).script.split(/[;\n]/);
  return steps.slice(0, 1 + random.below(steps.length)).join(";");
}

/** What only a board with this card can do. */
const CARD_BURSTS: Readonly<Record<NicModel, (random: Random) => string>> = {
  e1000: cardBurst,
  rtl8139: fastCardBurst,
  virtio: virtioCardBurst,
  ne2k_pci: ne2000Burst,
  pcnet: pcnetBurst,
};

/** In the hours that cases of the clock wait, a timer that was set at random runs out billions of times. */
const LONGEST_WAIT_NS = 1_500_000_000;

/** The steps of a seed, for a board with this card: without end, and none waits longer than `mostNs`. */
export function* randomSteps(
  random: Random,
  { nic = NIC_MODELS[0], mostNs = LONGEST_WAIT_NS }: { nic?: NicModel; mostNs?: number } = {},
): Generator<Step, never> {
  const stepsOf = (script: string): Step[] =>
    parseScript(script).map((step) => (step.verb === "wait" ? { ...step, value: Math.min(step.value, mostNs) } : step));
  const chips = CHIPS.filter(({ config }) => (config().nic ?? nic) === nic);
  const ofCases = (): string => caseBurst(random, chips);
  const bursts = [...BURSTS, CARD_BURSTS[nic], CARD_BURSTS[nic], CARD_BURSTS[nic], ofCases, ofCases, ofCases, ofCases];
  yield* parseScript(MAP_WINDOWS);
  for (;;) {
    yield* stepsOf(random.pick(bursts)(random));
    if (random.chance(10)) yield* parseScript(MAP_WINDOWS);
    if (random.chance(1)) yield* parseScript("reset");
  }
}
