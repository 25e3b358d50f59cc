/**
 * Is a device's saved state all of its state? Two boards are treated alike. One just goes on; the other is saved and
 * restored into a fresh board after each few steps. Whatever a device remembers and does not save is lost at such a
 * moment, and shows as soon as something depends on it.
 */
import type { BoardConfig } from "../../../emulator/board-config.ts";
import { readTextScreen } from "../../../emulator/devices/video/vga-text.ts";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { Random } from "../../../emulator/state/random.ts";
import type { StateVisitor } from "../../../emulator/state/state.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";
import { many } from "../../setup/tier.ts";
import { randomSteps } from "./bursts.ts";
import { complete } from "./chips.ts";
import { TestBoard } from "./harness.ts";
import { CARD, CARD_REGISTERS, FUNCTIONS, hex, INDEXED, MAP_WINDOWS, PORTS, range } from "./places.ts";
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
  for (const [drive, size] of before.inserted) next.insert(drive, size);
  const reader = new StateReader(state);
  visit(next, wrap(reader));
  reader.end();
  next.events.splice(0, Infinity, ...before.events);
  before.characters.forEach((bytes, port) => next.characters[port]!.push(...bytes));
  next.outgoing.push(...before.outgoing);
  next.samples.push(...before.samples);
  next.rateHertz = before.rateHertz;
  next.frame = before.frame;
  return next;
}

/** Of what was played, which may be long. */
const MOST_COMPARED = 1000;

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

  giveBack(): void {
    this.original.giveBack();
    this.copy.giveBack();
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
      characters: machine.characters.join("; "),
      samples: `${machine.samples.length}: ${machine.samples.slice(-MOST_COMPARED).join()}`,
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

/** Steps of random work in each part. */
const STEPS = 6000;

const asIs: Wrap = (visitor) => visitor;

/** A longer case is handed over so often: a board is saved and made anew each time, which costs a hundred steps. */
const HAND_OVERS = many(12, 20, 60);

/** A case, handed over before each step of a short one; then so many sweeps. */
export function relayCase(
  config: () => Partial<BoardConfig>,
  script: string,
  { sweeps, wrap = asIs }: { readonly sweeps: number; readonly wrap?: Wrap },
): void {
  const relay = new Relay(() => new TestBoard(config()), wrap);
  const steps = parseScript(script);
  const stride = Math.ceil(steps.length / HAND_OVERS);
  for (const [index, step] of steps.entries()) {
    if (index % stride === 0) relay.handOver();
    relay.step(step);
  }
  relay.handOver();
  relay.sweep(sweeps);
  relay.giveBack();
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
  relay.giveBack();
}
