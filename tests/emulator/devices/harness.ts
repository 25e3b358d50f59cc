/** A board without a processor, for scripts (script.ts) and for tests that reach into it. */

import { Board } from "../../../emulator/board.ts";
import { type BoardConfig, DEBUG_CONSOLE, LPT1 } from "../../../emulator/board-config.ts";
import { eject, insert, type RemovableDrive } from "../../../emulator/devices/storage/removable-drive.ts";
import { PLANES_BYTES } from "../../../emulator/devices/video/vga-memory.ts";
import type { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { TICK_NS } from "../../../emulator/time/clock.ts";
import { TimerQueue } from "../../../emulator/time/events.ts";
import { check, parseScript, type Step } from "./script.ts";

export const MIB = 1024 * 1024;
/** The number that scripts have for the drive at port 0 of the AHCI adapter. */
const FIRST_SATA_DRIVE = 6;

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

const USUAL_BYTES = 4 * MIB;
/** Memories of boards that are done with, zeroed: to have the host map one takes longer than most scripts. */
const spare: Uint8Array[] = [];
const MOST_SPARE = 4;

/** A board with plain memory, and a record of what it asked of its machine. */
export class TestBoard {
  readonly time = new ManualTime();
  readonly memory: Uint8Array;
  readonly board: Board;
  readonly config: BoardConfig;
  /** The cable in the first network card. */
  readonly cable: CableEnd | null;
  readonly events: string[] = [];
  /** What has gone out, by CharacterPort, and no step has looked at. */
  readonly characters: readonly number[][] = Array.from({ length: LPT1 + 1 }, () => []);
  /** Samples that sound cards have played, and that no step has looked at, and the rate of the last of them. */
  readonly samples: number[] = [];
  rateHertz = 0;
  /** Frames that have gone out and that no step has looked at. */
  readonly outgoing: Uint8Array[] = [];
  /** The frame that `byte` looks into. */
  frame: Uint8Array = new Uint8Array(0);
  intr = false;
  /** The last media that came into drives, by drive: what `insert` was given. */
  readonly inserted = new Map<number, number>();

  constructor(config: Partial<BoardConfig> = {}, memory?: Uint8Array) {
    memory ??= (config.ramBytes ?? USUAL_BYTES) === USUAL_BYTES ? spare.pop() : undefined;
    this.memory = memory ??= new Uint8Array(config.ramBytes ?? USUAL_BYTES);
    this.config = { ramBytes: memory.length, ide: [], network: [], rtcStartSeconds: 946_684_800, ...config };
    this.cable = this.config.network[0]?.port ?? null;
    this.board = new Board(this.config, {
      tickNs: TICK_NS,
      clock: this.time.queue,
      dma: {
        read: (address, target) => {
          for (let index = 0; index < target.length; index++) target[index] = memory[address + index] ?? 0xff;
        },
        write: (address, source) => {
          if (address < memory.length) memory.set(source.subarray(0, memory.length - address), address);
        },
      },
      video: {
        bytes: new Uint8Array(PLANES_BYTES),
        showWindow: () => {},
        showFrameBuffer: () => {},
      },
      setShadow: (address, size, read, write) =>
        void this.events.push(
          `shadow ${address.toString(16)} ${size.toString(16)} ${read ? "r" : "-"}${write ? "w" : "-"}`,
        ),
      processors: {
        running: () => 0,
        setInterruptRequest: (level) => void (this.intr = level),
        raiseNmi: () => void this.events.push("nmi"),
        init: () => void this.events.push("init"),
        startUp: (_processor, vector) => void this.events.push(`start up ${vector.toString(16)}`),
      },
      setA20: (open) => void this.events.push(open ? "a20 open" : "a20 closed"),
      setIgnoreNumericError: (level) => void this.events.push(level ? "ignne on" : "ignne off"),
      requestReset: (reason) => void this.events.push(`reset by ${reason}`),
      powerOff: () => void this.events.push("power off"),
      exit: (status) => void this.events.push(`exit ${status}`),
      characterOutput: (port, byte) => {
        if (port === DEBUG_CONSOLE) this.events.push(`debug ${byte.toString(16)}`);
        else this.characters[port]!.push(byte);
      },
      soundOutput: (_card, rateHertz, samples) => {
        this.samples.push(...samples);
        this.rateHertz = rateHertz;
      },
      log: (line) => void this.events.push(`log ${line}`),
    });
    this.board.reset();
    this.events.length = 0;
  }

  /** Nobody looks at it any more, nor at another board with its memory: the next board may have that. */
  giveBack(): void {
    if (this.memory.length === USUAL_BYTES && spare.length < MOST_SPARE) spare.push(this.memory.fill(0));
  }

  /** Bytes of physical memory. */
  bytes(address: number, length: number): number[] {
    return Array.from(this.memory.subarray(address, address + length));
  }

  /** Runs a script; throws at the first expectation that is not met. */
  run(script: string): void {
    for (const step of parseScript(script)) check(step, this.step(step));
  }

  /** What a step gives: the value that was read, or 0. */
  step({ verb, address, size, value, bytes, words }: Step): number {
    switch (verb) {
      case "in":
        return this.board.readPort(address, size);
      case "read":
        return this.board.readMmio(address, size);
      case "intr":
        return this.intr ? 1 : 0;
      case "ack":
        return this.board.acknowledgeInterrupt();
      case "ram":
        this.memory.set(bytes, address);
        return this.memory[address]!;
      case "leds":
        return this.board.keyboard.leds;
      case "sent1":
      case "sent2":
      case "sent3":
      case "sent4":
      case "printed":
        return this.characters[verb === "printed" ? LPT1 : Number(verb.slice(4)) - 1]!.shift() ?? -1;
      case "played": {
        const sample = this.samples.shift();
        return sample === undefined ? -1 : sample & 0xffff;
      }
      case "rate":
        return this.rateHertz;
      case "wire":
        this.outgoing.push(...this.cable!.takeOutgoing().map(({ frame }) => frame));
        this.frame = this.outgoing.shift() ?? new Uint8Array(0);
        return this.frame.length;
      case "byte":
        return this.frame[address] ?? -1;
      case "medium":
      case "sata": {
        const byte = new Uint8Array(1);
        const drives = verb === "medium" ? this.config.ide : this.config.ahci!;
        drives[address]!.medium!.read(value, byte);
        return byte[0]!;
      }
      case "eject":
        return Number(eject(this.#removable(address), value !== 0));
      case "insert":
        return Number(this.insert(address, value));
      case "event": {
        // Lines for the log say some things once only: who was restored says them again.
        const at = this.events.findIndex((one) => !one.startsWith("log "));
        const event = at < 0 ? "nothing" : this.events.splice(0, at + 1)[at]!;
        if (event !== words) throw new Error(`event ${words}: got ${event}`);
        return 0;
      }
      case "events":
        return this.events.filter((event) => !event.startsWith("log ")).length;
      default:
        this.#act(verb, address, size, value, bytes);
        return 0;
    }
  }

  #removable(drive: number): RemovableDrive {
    const name = drive < 4 ? `ide${drive >> 1}-cd${drive & 1}` : `floppy${drive - 4}`;
    return this.board.removableDrives.get(drive < FIRST_SATA_DRIVE ? name : `ahci0-cd${drive - FIRST_SATA_DRIVE}`)!;
  }

  /** Each byte of the medium is one that its block gives. */
  insert(drive: number, size: number): boolean {
    const unit = drive === 4 || drive === 5 ? 1024 : 2048;
    const content = new Uint8Array(size * unit);
    for (let block = 0; block < size; block++) content.fill(size + block, block * unit, (block + 1) * unit);
    const opens = insert(this.#removable(drive), content);
    if (opens) this.inserted.set(drive, size);
    return opens;
  }

  /** The steps that give nothing. */
  #act(verb: Step["verb"], address: number, size: Step["size"], value: number, bytes: readonly number[]): void {
    switch (verb) {
      case "out":
        return this.board.writePort(address, size, value);
      case "write":
        return this.board.writeMmio(address, size, value);
      case "wait":
      case "settle":
      case "pass":
        return this.time.advance(value);
      case "key":
      case "keyup":
        return this.board.keyboard.key(address, verb === "key");
      case "mouse": {
        const [right = 0, down = 0, wheel = 0] = Int8Array.of(address, ...bytes);
        return this.board.mouse.move(right, down, wheel);
      }
      case "buttons":
        return this.board.mouse.hold(address);
      case "com1":
      case "com2":
      case "com3":
      case "com4":
        return this.board.uarts[Number(verb.slice(3)) - 1]!.receive(Uint8Array.of(address, ...bytes));
      case "frame": {
        const frame = new Uint8Array(address);
        frame.set(bytes);
        this.cable!.deliver([{ timeNs: this.time.nowNs, frame }]);
        return this.time.advance(0);
      }
      case "cable":
        return this.cable!.setLink(address !== 0);
      case "ferr":
        return this.board.setNumericError(address !== 0);
      case "button":
        return this.board.power.pressPowerButton();
      case "nmi":
        return this.board.pulseNmi();
      default:
        return this.board.reset();
    }
  }
}
