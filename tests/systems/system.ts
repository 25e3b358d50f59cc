/**
 * A machine that boots somebody else's system, and what a person in front of it does: looks at the screen, types,
 * waits. Waits are in virtual time, so a slow host changes nothing.
 */

import { DEBUG_CONSOLE } from "../../emulator/board-config.ts";
import type { TextScreen } from "../../emulator/devices/vga-text.ts";
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { Machine, type MachineConfig } from "../../emulator/machine.ts";

export const MIB = 1024 * 1024;
const SECOND_NS = 1_000_000_000;
/** How often a wait looks at the screen. */
const LOOK_NS = 10_000_000;

export interface SystemConfig extends Omit<Partial<MachineConfig>, "ide"> {
  readonly firmware: Uint8Array;
  readonly cd?: Uint8Array;
  /** Content of the first disk, which becomes `diskBytes` large. */
  readonly disk?: Uint8Array;
  readonly diskBytes?: number;
  /** Diskettes in A and B. */
  readonly diskettes?: readonly Uint8Array[];
}

export class System {
  readonly machine: Machine;
  /** What left it over COM1 to COM4, and what was printed. */
  readonly serial: [string, string, string, string, string] = ["", "", "", "", ""];
  /** Bytes of the debug console. */
  debug = "";
  readonly log: string[] = [];

  constructor(config: SystemConfig) {
    const { cd, disk, diskBytes, diskettes, ...rest } = config;
    const medium = (content: Uint8Array, sizeBytes: number) => new SparseDisk(sizeBytes, { content });
    this.machine = new Machine({
      name: "system",
      ramBytes: 64 * MIB,
      rtcStartSeconds: 1_767_225_600,
      network: [],
      floppies: (diskettes ?? []).map((content) => medium(content, content.length)),
      ...rest,
      ide: [
        disk ? { kind: "disk", medium: medium(disk, Math.max(disk.length, diskBytes ?? 0)) } : null,
        null,
        cd ? { kind: "cd", medium: medium(cd, cd.length) } : null,
        null,
      ],
      characterOutput: (port, byte) => {
        if (port === DEBUG_CONSOLE) this.debug += String.fromCharCode(byte);
        else this.serial[port] += String.fromCharCode(byte);
      },
      log: (line) => this.log.push(line),
    });
  }

  get screen(): TextScreen {
    return this.machine.screen();
  }

  /** The text on the screen, a line each row. */
  get text(): string {
    return this.screen.lines.join("\n").trimEnd();
  }

  /** All that a person has to go by when a wait has failed. */
  describe(): string {
    const { machine } = this;
    return [
      `at ${(machine.nowNs / SECOND_NS).toFixed(3)} s of virtual time, power ${machine.power}; the screen:`,
      this.text,
      "COM1 ends with:",
      this.serial[0].slice(-2000),
      ...this.log.slice(-20),
    ].join("\n");
  }

  /** Runs for a virtual time. */
  run(seconds: number): void {
    this.machine.runUntil(this.machine.nowNs + Math.round(seconds * SECOND_NS));
  }

  /** Runs until something is so; fails with what is to be seen when it is not within this virtual time. */
  until(what: string, condition: () => boolean, seconds = 60): void {
    const endNs = this.machine.nowNs + seconds * SECOND_NS;
    while (!condition()) {
      if (this.machine.nowNs >= endNs || this.machine.power === "off")
        throw new Error(`${what} did not come to be, ${this.describe()}`);
      this.machine.runUntil(this.machine.nowNs + LOOK_NS);
    }
  }

  untilScreen(pattern: RegExp, seconds = 60): void {
    this.until(`${pattern} on the screen`, () => pattern.test(this.text), seconds);
  }

  untilSerial(pattern: RegExp, seconds = 60): void {
    this.until(`${pattern} on COM1`, () => pattern.test(this.serial[0]), seconds);
  }

  untilOff(seconds = 60): void {
    const endNs = this.machine.nowNs + seconds * SECOND_NS;
    while (this.machine.power === "on") {
      if (this.machine.nowNs >= endNs) throw new Error(`the machine is still on, ${this.describe()}`);
      this.machine.runUntil(this.machine.nowNs + LOOK_NS);
    }
  }

  /** The mouse moves, with nobody there who listens to it, or with somebody: then a key must still be heard. */
  moveMouse(right: number, down: number): void {
    this.machine.moveMouse(right, down, 0);
    this.run(0.05);
  }

  type(text: string): void {
    this.machine.typeText(text);
  }
}
