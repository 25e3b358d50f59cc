/**
 * Is a device's saved state all of its state? Two boards are treated alike. One just goes on; the other is saved and
 * restored into a fresh board after each few steps. Whatever a device remembers and does not save is lost at such a
 * moment, and shows as soon as something depends on it.
 */
import type { BoardConfig } from "../../../emulator/board.ts";
import { AddressSpace } from "../../../emulator/bus/address-space.ts";
import type { AccessBytes } from "../../../emulator/bus/bus.ts";
import * as e1000Registers from "../../../emulator/devices/e1000-registers.ts";
import { readTextScreen } from "../../../emulator/devices/vga-text.ts";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { Random } from "../../../emulator/state/random.ts";
import type { StateVisitor } from "../../../emulator/state/state.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";
import { isThorough } from "../../setup/tier.ts";
import { CHIPS, complete } from "./chips.ts";
import { TestBoard } from "./harness.ts";
import { parseScript, type Step } from "./script.ts";

function visit({ board, time, cable }: TestBoard, visitor: StateVisitor): void {
  board.visitState(visitor);
  time.queue.visitState(visitor);
  cable?.visitState(visitor);
}

/** Wraps a visitor, or leaves it as it is: for the test of this test, which leaves a field out. */
export type Wrap = (visitor: StateVisitor) => StateVisitor;

/** The state of a board, as a wrapped visitor sees it. */
export function saveWith(machine: TestBoard, wrap: Wrap): Uint8Array {
  const writer = new StateWriter();
  visit(machine, wrap(writer));
  return writer.result();
}

/** A fresh board in the state of another one, whose memory and media it takes over. */
export function successor(before: TestBoard, state: Uint8Array, wrap: Wrap): TestBoard {
  const { config, memory } = before;
  const network = config.network.map((card) => ({ ...card, port: new CableEnd(card.port.name) }));
  const next = new TestBoard({ ...config, network }, memory);
  next.time.nowNs = before.time.nowNs;
  const reader = new StateReader(state);
  visit(next, wrap(reader));
  reader.end();
  next.events.splice(0, Infinity, ...before.events);
  before.serial.forEach((bytes, port) => next.serial[port as 0 | 1].push(...bytes));
  next.outgoing.push(...before.outgoing);
  next.frame = before.frame;
  return next;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

class Relay {
  readonly original: TestBoard;
  copy: TestBoard;
  readonly #wrap: Wrap;

  /** `make` makes two boards that are alike and share nothing. */
  constructor(make: () => TestBoard, wrap: Wrap = (visitor) => visitor) {
    this.original = make();
    this.copy = make();
    this.#wrap = wrap;
  }

  handOver(): void {
    this.copy = successor(this.copy, this.#save(this.copy), this.#wrap);
  }

  #save(machine: TestBoard): Uint8Array {
    return saveWith(machine, this.#wrap);
  }

  /** Does a step on both. @throws Error when they answer differently. */
  step(step: Step): number {
    const [expected, actual] = [attempt(this.original, step), attempt(this.copy, step)];
    if (expected !== actual) throw new Error(`${step.text}: ${String(actual)} where ${String(expected)} was to come`);
    if (this.original.intr !== this.copy.intr) throw new Error(`${step.text}: INTR differs`);
    return typeof expected === "number" ? expected : 0;
  }

  run(script: string): void {
    for (const step of parseScript(script)) this.step(step);
  }

  /** @throws Error when anything differs that can be seen without touching it, or the states that would be saved. */
  compare(): void {
    const [one, other] = [this.original, this.copy].map((machine) => ({
      // What nobody answers is reported once for each board: that is for people, and no state.
      events: machine.events.filter((event) => !event.startsWith("log ")).join(),
      serial: machine.serial.join("; "),
      screen: readTextScreen(machine.board.vga).lines.join("\n"),
      keyboard: `${machine.board.keyboard.leds} ${machine.board.keyboard.typematic} ${machine.board.keyboard.waitingKeys}`,
      waiting: machine.board.uarts.map(({ waitingBytes }) => waitingBytes).join(),
      timestamp: String(machine.board.readTimestamp()),
      timers: `${machine.time.queue.nextDeadlineNs} ${machine.time.nowNs}`,
    }));
    for (const key of Object.keys(one!) as (keyof typeof one)[])
      if (one![key] !== other![key]) throw new Error(`${key}: ${other![key]} where ${one![key]} was to come`);
    if (!sameBytes(this.original.memory, this.copy.memory)) throw new Error("memory differs");
    if (!sameBytes(this.#save(this.original), this.#save(this.copy))) throw new Error("saved state differs");
  }

  /** Reads every register of every device, lets time pass, and reads them again. */
  sweep(times: number): void {
    this.compare();
    this.run(MAP_WINDOWS);
    for (const waitNs of SWEEP_WAITS_NS.slice(0, times)) {
      for (const step of ALL_REGISTERS) this.step(step);
      for (let count = 0; count < 32; count++) this.run("in 60; in 64; in 3f8; in 2f8; inw 1f0; inw 170; wire");
      for (let count = 0; count < 16 && this.original.intr; count++) this.run("ack; out a0 20; out 20 20");
      this.compare();
      this.step({ ...WAIT, value: waitNs });
      this.compare();
    }
  }
}

const SWEEP_WAITS_NS = [1_000, 2_000_000, 1_500_000_000] as const;

/** What a step gives, or the message of what it throws. */
export function attempt(machine: TestBoard, step: Step): number | string {
  try {
    return machine.step(step);
  } catch (error) {
    return (error as Error).message;
  }
}

const [WAIT] = parseScript("wait 0ns") as [Step];
const [IN, READ] = parseScript("in 0; read 0") as [Step, Step];

/** Windows of the IDE function, of power management, and of the network card, with everything enabled. */
const CARD = 0xfebc0000;
const MAP_WINDOWS = [
  "outl cf8 80000920; outl cfc c100; outl cf8 80000904; outw cfc 5",
  "outl cf8 80000b40; outl cfc 600; outl cf8 80000b80; out cfc 1",
  "outl cf8 80001810; outl cfc febc0000; outl cf8 80001814; outl cfc c000; outl cf8 80001804; outw cfc 7",
].join(";");

const hex = (value: number): string => value.toString(16);
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** The ports that the board's chips have claimed, as the address space hears of them. */
function claimedPorts(): readonly { readonly port: number; readonly widest: AccessBytes }[] {
  const claimed: { port: number; widest: AccessBytes }[] = [];
  const { claimPorts } = AddressSpace.prototype;
  AddressSpace.prototype.claimPorts = function (first, count, handler, widest = 1): void {
    for (const offset of range(count)) claimed.push({ port: first + offset, widest });
    claimPorts.call(this, first, count, handler, widest);
  };
  try {
    new TestBoard();
  } finally {
    AddressSpace.prototype.claimPorts = claimPorts;
  }
  return claimed;
}

/** Of the windows: bus masters, power management, the card's I/O. */
const WINDOWS = [
  { first: 0xc100, count: 16 },
  { first: 0x600, count: 64 },
  { first: 0xc000, count: 8 },
];
const PORTS: readonly { readonly port: number; readonly widest: AccessBytes }[] = [
  ...claimedPorts(),
  ...WINDOWS.flatMap(({ first, count }) =>
    range(count).map((offset) => ({ port: first + offset, widest: 4 as AccessBytes })),
  ),
];

/** Pairs of an index port and a data port, with the number of registers. */
const INDEXED = [
  { index: 0x70, data: 0x71, count: 128 },
  { index: 0x3c4, data: 0x3c5, count: 8 },
  { index: 0x3ce, data: 0x3cf, count: 16 },
  { index: 0x3d4, data: 0x3d5, count: 32 },
  { index: 0x3b4, data: 0x3b5, count: 32 },
] as const;
/** PCI functions as they are plugged in: device and function. */
const FUNCTIONS = [0x00, 0x08, 0x09, 0x0b, 0x10, 0x18] as const;
/** Offsets of the network card's registers: those with names, and those of the table of what can be written. */
const CARD_REGISTERS: readonly number[] = [
  ...new Set([
    ...range(e1000Registers.REGISTER_BYTES / 4)
      .map((index) => index * 4)
      .filter((offset) => e1000Registers.writableBits(offset) !== 0 && (offset < 0x5200 || offset % 0x40 < 8)),
    ...Object.entries(e1000Registers).flatMap(([name, value]) =>
      typeof value === "number" && !name.includes("_") ? [value] : [],
    ),
    ...range(64).map((index) => 0x4000 + 4 * index),
  ]),
];

/** Reads of everything. Ports go first, so that nothing that an index chooses is disturbed before it was looked at. */
const ALL_REGISTERS: readonly Step[] = [
  ...PORTS.map(({ port }) => ({ ...IN, text: `in ${hex(port)}`, address: port })),
  ...parseScript("outl cf8 0; out 20 0b; out a0 0b; in 20; in a0; out 20 0a; out a0 0a; in 20; in a0"),
  ...parseScript("out 43 c2; in 40; in 40; in 40; out 43 c4; in 41; in 41; in 41; out 43 c8; in 42; in 42; in 42"),
  ...INDEXED.flatMap(({ index, data, count }) =>
    range(count).flatMap((register) => parseScript(`out ${hex(index)} ${hex(register)}; in ${hex(data)}`)),
  ),
  ...range(32).flatMap((register) => parseScript(`in 3da; in 3ba; out 3c0 ${hex(register)}; in 3c1; in 3c0`)),
  ...parseScript("in 3da; out 3c0 20; out 3c7 0"),
  ...range(48).map(() => ({ ...IN, text: "in 3c9", address: 0x3c9 })),
  ...FUNCTIONS.flatMap((address) =>
    range(64).flatMap((register) =>
      parseScript(`outl cf8 ${hex(0x80000000 + address * 0x100 + register * 4)}; inl cfc`),
    ),
  ),
  ...CARD_REGISTERS.map((offset) => ({
    ...READ,
    text: `readl +${hex(offset)}`,
    size: 4 as const,
    address: CARD + offset,
  })),
  ...range(32).flatMap((register) =>
    parseScript(`writel ${hex(CARD + 0x20)} ${hex(0x08200000 + register * 0x10000)}; readl ${hex(CARD + 0x20)}`),
  ),
  ...parseScript("out 3fb 83; in 3f8; in 3f9; out 3fb 3; out 2fb 83; in 2f8; in 2f9; out 2fb 3"),
  ...parseScript("read a0000; read a0001; readl b8000; readl b8004"),
];

const INTERESTING = [0, 1, 2, 3, 0x10, 0x7f, 0x80, 0xff, 0x100, 0x7fffffff, 0x80000000, 0xffffffff] as const;
const WAITS_NS = [10, 500, 10_000, 120_000, 600_000, 2_000_000, 40_000_000, 700_000_000] as const;
const DISK_COMMANDS = [0x20, 0x24, 0x29, 0xc4, 0x30, 0x34, 0xc5, 0x40, 0xc8, 0x25, 0xca, 0x35, 0xec, 0xef, 0xc6, 0x91];
const MORE_COMMANDS = [0x10, 0x70, 0x90, 0xa0, 0xa1, 0xe5, 0xe7, 0xf8, 0x27, 0x08] as const;
const PACKETS = [0x00, 0x03, 0x12, 0x25, 0x28, 0xa8, 0xbe, 0x43, 0x46, 0x4a, 0x51, 0x5a, 0xbd, 0x99] as const;
const KEYBOARD_COMMANDS = [0xed, 0xee, 0xf0, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xfe, 0xff, 1, 2, 4] as const;
const MOUSE_COMMANDS = [
  0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xee, 0xf0, 0xf2, 0xf3, 0xf4, 0xf6, 1, 2, 40,
] as const;
const CONTROLLER_COMMANDS = [0x20, 0x60, 0x65, 0xa7, 0xa8, 0xaa, 0xad, 0xae, 0xd0, 0xd2, 0xd3, 0xd4] as const;

/** Bursts of steps as a driver, or something that is none, would do them. */
const BURSTS: readonly ((random: Random) => string)[] = [
  (random) => {
    const { port, widest } = random.pick(PORTS);
    const size = random.pick(["", "w", "l"].slice(0, widest === 4 ? 3 : 1));
    const value = random.chance(40) ? random.pick(INTERESTING) : random.below(256);
    // Resets and power come by themselves, now and then.
    return [0x92, 0xcf9, 0x64].includes(port) ? `in ${hex(port)}` : `out${size} ${hex(port)} ${hex(value)}`;
  },
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
  cardBurst,
  cardBurst,
  (random) => `cable ${random.below(2)}`,
  (random) => `ferr ${random.below(2)}; out f0 0`,
  () => "button",
  () => "ack; out a0 20; out 20 20",
  () => "ack",
  caseBurst,
  caseBurst,
  caseBurst,
  caseBurst,
];

function diskBurst(random: Random): string {
  const channel = random.chance(80) ? 0x1f0 : 0x170;
  const count = random.chance(90) ? 1 + random.below(4) : 0;
  const device = random.pick([0xe0, 0xf0, 0xa0, 0x40]) | random.below(2);
  const command = random.chance(70) ? random.pick(DISK_COMMANDS) : random.pick(MORE_COMMANDS);
  const out = (register: number, value: number): string => `out ${hex(channel + register)} ${hex(value)}`;
  return [
    out(6, device),
    out(1, random.pick([0, 2, 3, 0x82])),
    ...(random.chance(30) ? [out(2, 0), out(3, random.below(4)), out(4, random.below(2)), out(5, 0)] : []),
    out(2, random.chance(20) ? random.pick([0x42, 0x22, 8, 16]) : count),
    out(3, 1 + random.below(60)),
    out(4, random.below(2)),
    out(5, 0),
    ...(random.chance(40) ? [`outl c104 1000; out c100 ${random.pick(["1", "9"])}`] : []),
    out(7, command),
    `wait ${random.pick([5_000, 12_000, 150_000, 400_000])}ns; in ${hex(channel + 7)}`,
    ...range(random.pick([0, 2, 100, 256, 300])).map((index) =>
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
    ...range(random.pick([0, 4, 18, 40, 1024])).map(() => "inw 170"),
    "wait 6us; in 177",
  ].join(";");
}

/** Rings, descriptors and buffers for the card, and a descriptor table for the bus masters, then work for them. */
function cardBurst(random: Random): string {
  const put = (offset: number, value: number): string => `writel ${hex(CARD + offset)} ${hex(value)}`;
  const command = random.pick([0x01, 0x0b, 0x08, 0x29, 0x2b, 0x2f, 0x20, 0x6b]);
  const type = random.pick([0x00, 0x10]);
  const length = random.pick([20, 60, 200, 1600]);
  const descriptor = [0, 0x40, 0, 0, 0, 0, 0, 0, length & 0xff, length >> 8, type, command, 0, random.below(4), 0, 5];
  const context = [14, 24, 33, 0, 34, 50, 0, 0, 0, 0, 0, 0x20 | random.below(4), 0, 54, random.below(256), 0];
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
function caseBurst(random: Random): string {
  const steps = random.pick(random.pick(CHIPS).cases).script.split(/[;\n]/);
  return steps.slice(0, 1 + random.below(steps.length)).join(";");
}

/** The steps of a seed: without end. */
export function* randomSteps(random: Random): Generator<Step, never> {
  yield* parseScript(MAP_WINDOWS);
  for (;;) {
    yield* parseScript(random.pick(BURSTS)(random));
    if (random.chance(10)) yield* parseScript(MAP_WINDOWS);
    if (random.chance(1)) yield* parseScript("reset");
  }
}

/** Steps of random work in each part. */
const STEPS = 6000;

const asIs: Wrap = (visitor) => visitor;

/** In the fast tiers a long case is handed over so often. */
const HAND_OVERS = 12;

/** A case, handed over before each step of a short one; then so many sweeps. */
export function relayCase(
  config: () => Partial<BoardConfig>,
  script: string,
  { sweeps, wrap = asIs }: { readonly sweeps: number; readonly wrap?: Wrap },
): void {
  const relay = new Relay(() => new TestBoard(config()), wrap);
  const steps = parseScript(script);
  const stride = isThorough ? 1 : Math.ceil(steps.length / HAND_OVERS);
  for (const [index, step] of steps.entries()) {
    if (index % stride === 0) relay.handOver();
    relay.step(step);
  }
  relay.handOver();
  relay.sweep(sweeps);
}

/** Random work on a board that has everything; the higher the part's number, the more often it is handed over. */
export function relayRandom(seed: number, part: number, wrap: Wrap = asIs): void {
  const random = new Random(seed, `part ${part}`);
  const relay = new Relay(() => new TestBoard(complete()), wrap);
  let count = 0;
  for (const step of randomSteps(random)) {
    relay.step(step);
    if (++count === STEPS) break;
    if (random.chance(part * 5)) relay.handOver();
    if (random.chance(1)) relay.compare();
  }
  relay.handOver();
  relay.sweep(SWEEP_WAITS_NS.length);
}
