/**
 * A board without a processor, and scripts of register accesses for it. A script is text, one step per line or between
 * semicolons, numbers in hexadecimal:
 *
 *     out 43 36          write a byte to a port (outw, outl: two and four bytes)
 *     in 40 = 12         read a byte and expect this value (inw, inl)
 *     in 61 & 20 = 0     expect these bits
 *     wait 5ms           let virtual time pass (ns, us, ms, s)
 *     settle 5ms         likewise, for an answer that QEMU gives at once
 *     intr = 1           expect the level of INTR          ack = 08   expect this vector from an INTA cycle
 *     read A0000 = 41    a byte of memory-mapped registers (write A0000 41; readl, writel)
 *
 * The same scripts run in QEMU (qemu.ts), except those with `wait`, `intr` and `ack`.
 */
import { Board, type BoardConfig } from "../../../emulator/board.ts";
import type { AccessBytes } from "../../../emulator/bus/bus.ts";
import { TimerQueue } from "../../../emulator/time/events.ts";

export const MIB = 1024 * 1024;

/** Virtual time that moves when it is told to. */
class ManualTime {
  nowNs = 0;
  readonly queue: TimerQueue;

  constructor() {
    this.queue = new TimerQueue({ now: () => this.nowNs, nextDeadlineMovedUp: () => {} });
  }

  advance(ns: number): void {
    const end = this.nowNs + ns;
    for (;;) {
      const next = this.queue.nextDeadlineNs;
      if (next > end) break;
      this.nowNs = Math.max(this.nowNs, next);
      this.queue.fireDue();
    }
    this.nowNs = end;
  }
}

/** A board with plain memory, and a record of what it asked of its machine. */
export class TestBoard {
  readonly time = new ManualTime();
  readonly memory: Uint8Array;
  readonly board: Board;
  readonly events: string[] = [];
  readonly serial: [number[], number[]] = [[], []];
  intr = false;

  constructor(config: Partial<BoardConfig> = {}) {
    const memory = (this.memory = new Uint8Array(config.ramBytes ?? 4 * MIB));
    this.board = new Board(
      { ramBytes: memory.length, ide: [], network: [], rtcStartSeconds: 946_684_800, ...config },
      {
        clock: this.time.queue,
        dma: {
          read: (address, target) => {
            for (let index = 0; index < target.length; index++) target[index] = memory[address + index] ?? 0xff;
          },
          write: (address, source) => {
            if (address < memory.length) memory.set(source.subarray(0, memory.length - address), address);
          },
        },
        setShadow: (address, size, read, write) =>
          void this.events.push(
            `shadow ${address.toString(16)} ${size.toString(16)} ${read ? "r" : "-"}${write ? "w" : "-"}`,
          ),
        setInterruptRequest: (level) => void (this.intr = level),
        setA20: (open) => void this.events.push(open ? "a20 open" : "a20 closed"),
        setIgnoreNumericError: () => undefined,
        requestReset: (reason) => void this.events.push(`reset by ${reason}`),
        powerOff: () => void this.events.push("power off"),
        exit: (status) => void this.events.push(`exit ${status}`),
        serialOutput: (port, byte) => void this.serial[port].push(byte),
        debugOutput: (byte) => void this.events.push(`debug ${byte.toString(16)}`),
        log: (line) => void this.events.push(`log ${line}`),
      },
    );
    this.board.reset();
    this.events.length = 0;
  }

  /** Bytes of physical memory. */
  bytes(address: number, length: number): number[] {
    return Array.from(this.memory.subarray(address, address + length));
  }

  /** Runs a script; throws at the first expectation that is not met. */
  run(script: string): void {
    for (const step of parseScript(script)) {
      const actual = this.step(step);
      check(step, actual);
    }
  }

  step(step: Step): number {
    switch (step.verb) {
      case "out":
        this.board.writePort(step.address, step.size, step.value);
        return 0;
      case "in":
        return this.board.readPort(step.address, step.size);
      case "write":
        this.board.writeMmio(step.address, step.size, step.value);
        return 0;
      case "read":
        return this.board.readMmio(step.address, step.size);
      case "wait":
      case "settle":
        this.time.advance(step.value);
        return 0;
      case "intr":
        return this.intr ? 1 : 0;
      default:
        return this.board.acknowledgeInterrupt();
    }
  }
}

export interface Step {
  text: string;
  verb: "out" | "in" | "write" | "read" | "wait" | "settle" | "intr" | "ack";
  address: number;
  size: AccessBytes;
  /** What to write, or how long to wait in ns. */
  value: number;
  mask: number;
  expected: number | null;
}

const SIZES: Readonly<Record<string, AccessBytes>> = { "": 1, w: 2, l: 4 };
const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

function hex(text: string): number {
  const value = Number.parseInt(text, 16);
  if (Number.isNaN(value)) throw new Error(`${text} is not a hexadecimal number`);
  return value;
}

export function parseScript(script: string): Step[] {
  const lines = script.split(/[;\n]/).map((line) => line.replace(/#.*/, "").trim());
  return lines.filter((line) => line !== "").map(parseStep);
}

function parseStep(text: string): Step {
  const [left, right] = text.split("=").map((part) => part.trim());
  const [main, mask] = left!.split("&").map((part) => part.trim());
  const [word, first, second] = main!.split(/\s+/);
  const expected = right === undefined ? null : hex(right);
  const base = {
    text,
    address: 0,
    size: 1 as AccessBytes,
    value: 0,
    mask: mask === undefined ? 0xffffffff : hex(mask),
    expected,
  };
  if (word === "wait" || word === "settle") {
    const [, amount, unit] = /^([\d.]+)([a-z]+)$/.exec(first!)!;
    return { ...base, verb: word, value: Number(amount) * UNITS[unit!]! };
  }
  if (word === "intr" || word === "ack") return { ...base, verb: word };
  const [, verb, suffix] = /^(out|in|read|write)([wl]?)$/.exec(word!) ?? [];
  if (verb === undefined) throw new Error(`unknown step: ${text}`);
  return {
    ...base,
    verb: verb as Step["verb"],
    size: SIZES[suffix!]!,
    address: hex(first!),
    value: second === undefined ? 0 : hex(second),
  };
}

export function check(step: Step, actual: number): void {
  if (step.expected === null) return;
  const masked = (actual & step.mask) >>> 0;
  if (masked !== step.expected)
    throw new Error(`${step.text}: got ${masked.toString(16)} (of ${(actual >>> 0).toString(16)})`);
}

/** A script with its name; `ours` keeps it from QEMU, with the reason. */
export interface Case {
  name: string;
  script: string;
  ours?: string;
}
