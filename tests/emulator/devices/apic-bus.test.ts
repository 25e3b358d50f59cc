/** Messages between the local APICs of several processors, and from the I/O APIC: who gets them (SDM 3A 10.6.2). */
import { beforeEach, describe, expect, test } from "vitest";
import { ApicBus } from "../../../emulator/devices/interrupt/apic-bus.ts";
import { TimerQueue } from "../../../emulator/time/events.ts";

const COUNT = 3;
const TASK_PRIORITY = 0x80;
const LOGICAL_DESTINATION = 0xd0;
const SPURIOUS_VECTOR = 0xf0;
const REQUEST_OF_40H = 0x220;
const COMMAND = 0x300;
const COMMAND_HIGH = 0x310;
const LINT1 = 0x360;
const MASKED = 0x10000;
const LOWEST_PRIORITY = 0x100;
const NMI = 0x400;
const INIT = 0x4500;
const START_UP = 0x4600;
const LOGICAL = 0x800;
const TO_ALL = 0x80000;
const TO_OTHERS = 0xc0000;

let running = 0;
let events: string[] = [];
let bus: ApicBus;

beforeEach(() => {
  running = 0;
  events = [];
  const queue = new TimerQueue({ now: () => 0, nextDeadlineMovedUp: () => {} });
  bus = new ApicBus(COUNT, queue, {
    pins: {
      running: () => running,
      setInterruptRequest: () => {},
      raiseNmi: (processor) => void events.push(`nmi ${processor}`),
      init: (processor) => void events.push(`init ${processor}`),
      startUp: (processor, vector) => void events.push(`start ${processor} ${vector}`),
    },
    acknowledgeExternal: () => 0,
  });
  bus.reset();
  for (let processor = 0; processor < COUNT; processor++) {
    write(processor, SPURIOUS_VECTOR, 0x1ff);
    write(processor, LOGICAL_DESTINATION, (1 << processor) << 24);
  }
});

/** The register of one processor's local APIC, as that processor sees it. */
function write(processor: number, register: number, value: number): void {
  running = processor;
  bus.window.writeMmio(register, 4, value >>> 0);
}

function send(from: number, destination: number, low: number): void {
  write(from, COMMAND_HIGH, destination << 24);
  write(from, COMMAND, low);
}

/** The processors at which the interrupt 40h waits, and is taken away. */
function interrupted(): number[] {
  return bus.local.flatMap((apic, processor) => {
    running = processor;
    if (bus.window.readMmio(REQUEST_OF_40H, 4) === 0) return [];
    apic.acknowledge();
    write(processor, 0xb0, 0);
    return [processor];
  });
}

describe("an interrupt", () => {
  test.each([
    { name: "to one by its number", destination: 2, low: 0x40, to: [2] },
    { name: "to all by the number FFh", destination: 0xff, low: 0x40, to: [0, 1, 2] },
    { name: "to nobody", destination: 7, low: 0x40, to: [] },
    { name: "to some by their logical addresses", destination: 0b101, low: 0x40 | LOGICAL, to: [0, 2] },
    { name: "to all, whatever the destination", destination: 2, low: 0x40 | TO_ALL, to: [0, 1, 2] },
    { name: "to the others", destination: 2, low: 0x40 | TO_OTHERS, to: [0, 2] },
  ])("$name", ({ destination, low, to }) => {
    send(1, destination, low);
    expect(interrupted()).toEqual(to);
  });

  test("of lowest priority goes to the one that has the least urgent to do, the first of equals", () => {
    const lowest = 0x40 | LOWEST_PRIORITY | LOGICAL;
    send(0, 0b111, lowest);
    expect(interrupted()).toEqual([0]);
    write(0, TASK_PRIORITY, 0x20);
    write(1, TASK_PRIORITY, 0x10);
    write(2, TASK_PRIORITY, 0x10);
    send(0, 0b111, lowest);
    expect(interrupted()).toEqual([1]);
    write(1, SPURIOUS_VECTOR, 0xff);
    send(0, 0b111, lowest);
    expect(interrupted()).toEqual([2]);
  });

  test("from the I/O APIC goes where the entry says", () => {
    const input = bus.io.input(0);
    const entry = (destination: number): void => {
      bus.io.writeMmio(0, 4, 0x11);
      bus.io.writeMmio(0x10, 4, (destination << 24) >>> 0);
      bus.io.writeMmio(0, 4, 0x10);
      bus.io.writeMmio(0x10, 4, 0x40);
    };
    for (const processor of [0, 1, 2]) {
      entry(processor);
      input.set(false);
      input.set(true);
      expect(interrupted()).toEqual([processor]);
    }
  });
});

test("NMI, INIT and a start-up message reach those who are meant, and no others", () => {
  send(0, 2, NMI);
  send(0, 0, NMI | TO_OTHERS);
  send(0, 1, INIT);
  send(0, 1, START_UP | 0x9a);
  expect(events).toEqual(["nmi 2", "nmi 1", "nmi 2", "init 1", "start 1 154"]);
});

test("the button for NMI reaches the processors that listen to LINT1, at first the one that boots", () => {
  bus.pulseNmi();
  expect(events).toEqual(["nmi 0"]);
  write(0, LINT1, NMI | MASKED);
  for (const processor of [1, 2]) write(processor, LINT1, NMI);
  bus.pulseNmi();
  expect(events).toEqual(["nmi 0", "nmi 1", "nmi 2"]);
});

describe("IA32_APIC_BASE", () => {
  const ENABLED = 1 << 11;
  const PIN = 0x350;

  test("an APIC that is switched off gets nothing, and does again when it is switched on and enabled", () => {
    const apic = bus.local[1]!;
    const { base } = apic;
    apic.base = base & ~ENABLED;
    expect([apic.isEnabled, bus.window.readMmio(SPURIOUS_VECTOR, 4)]).toEqual([false, 0x1ff]);
    send(0, 1, 0x40);
    apic.base = base;
    expect([apic.isEnabled, apic.base]).toEqual([true, base]);
    expect(interrupted()).toEqual([]);
    send(0, 1, 0x40);
    expect(interrupted()).toEqual([]);
    write(1, SPURIOUS_VECTOR, 0x1ff);
    send(0, 1, 0x40);
    expect(interrupted()).toEqual([1]);
  });

  test("its registers are still there, and it remains who the boot processor is", () => {
    for (const [processor, mark] of [0x900, 0x800, 0x800].entries()) {
      write(processor, PIN, 0x10039);
      const apic = bus.local[processor]!;
      apic.base = 0xfee00000;
      expect(apic.base & 0xfff).toBe(mark & ~ENABLED);
      apic.base = 0xfee00900;
      expect(apic.base & 0xfff).toBe(mark);
      running = processor;
      expect(bus.window.readMmio(PIN, 4)).toBe(0x10039);
    }
  });
});
