/**
 * One PC: processor, memory and board under one virtual clock. A machine does nothing by itself; its owner tells it how
 * far to run, and between two runs may type, plug cables, look at the screen or the memory, and save or digest its
 * state.
 */

import { Board, type BoardHost } from "./board.ts";
import type { BoardConfig, CharacterPort, NicModel, SerialPort } from "./board-config.ts";
import { Cpu } from "./cpu/cpu.ts";
import { MachineMemory } from "./cpu/memory.ts";
import { DEFAULT_MODEL, MODELS, type ModelName } from "./cpu/model.ts";
import type { Counters } from "./debug/counters.ts";
import { type DriveView, driveViews } from "./debug/drive-view.ts";
import { readLinear } from "./debug/linear-memory.ts";
import { type ProcessorView, processorView } from "./debug/processor-view.ts";
import type { SoundOutput } from "./devices/sound/sound-clock.ts";
import { eject, insert } from "./devices/storage/removable-drive.ts";
import type { Picture } from "./devices/video/vga-graphics.ts";
import { readTextScreen, renderScreen, type TextScreen } from "./devices/video/vga-text.ts";
import type { BlockBackend } from "./disk/block.ts";
import { TrackedDisk } from "./disk/disk.ts";
import type { DiskTrouble } from "./disk/faulty.ts";
import type { CableEnd } from "./ether/cable-end.ts";
import { DEFAULT_JIT, engineFor, type JitMode } from "./jit/jit.ts";
import { DigestVisitor } from "./state/digest.ts";
import { broken } from "./state/invariant.ts";
import { PAGE_BYTES } from "./state/pages.ts";
import type { Stateful, StateVisitor } from "./state/state.ts";
import { StateError, StateReader, StateWriter } from "./state/state-io.ts";
import { TICK_NS, TICKS_NS } from "./time/clock.ts";
import { TimerQueue } from "./time/events.ts";

export type { DriveConfig, NetworkCardConfig } from "./board-config.ts";
export type { Picture } from "./devices/video/vga-graphics.ts";
export type { TextScreen } from "./devices/video/vga-text.ts";

export interface MachineConfig extends BoardConfig {
  /** For people: in logs and captures. */
  name: string;
  /** Its memory, of `ramBytes` and never used, if its owner has made it. */
  memory?: MachineMemory;
  /** At most 2 MiB; it ends at 4 GiB, and its last 128 KiB also end at 1 MiB. */
  firmware: Uint8Array;
  /** Virtual time at which it is switched on; 0 when absent. */
  powerOnNs?: number;
  /** Virtual time of an instruction, one of TICKS_NS; TICK_NS when absent. */
  tickNs?: number;
  characterOutput?: (port: CharacterPort, byte: number) => void;
  /** What its sound cards play, by their place in `sound`. */
  soundOutput?: SoundOutput;
  /** Whether hot guest code is compiled; DEFAULT_JIT when absent. It changes nothing but speed. */
  jit?: JitMode;
  /** Which processor it has; DEFAULT_MODEL when absent. */
  processor?: ModelName;
  /** How many of them, 1 to 8; 1 when absent. */
  processors?: number;
  /** Whether a reset that the guest asks for happens; when not, the machine switches itself off. True when absent. */
  reboot?: boolean;
  /** One line about something that its owner may want to know: an access to a device that is not there, a reset. */
  log?: (line: string) => void;
}

export type Power = "on" | "off";

/** As on QEMU's board, where the BIOS area below 1 MiB is 128 KiB. */
const LOW_FIRMWARE_BYTES = 128 * 1024;
const MIB = 1024 * 1024;
const MAX_FIRMWARE_BYTES = 2 * MIB;
const GIB = 1024 * MIB;
/** How long the reset line holds the processor. */
const RESET_NS = 1_000_000;
/** A disk that is slower than this is taken for one that does not answer. */
const MOST_SLOWNESS = 10_000;

export class Machine implements Stateful {
  readonly name: string;
  readonly memory: MachineMemory;
  readonly board: Board;
  readonly processor: Cpu;
  /**
   * Hears of everything that comes from outside, after it has come: keys, bytes on a line, the reset button. Nothing
   * else changes how a run goes on.
   */
  onOutside: (() => void) | null = null;
  readonly #config: MachineConfig;
  /** Virtual time of an instruction. */
  readonly #tickNs: number;
  readonly #timers: TimerQueue;
  /**
   * Virtual time is `retired` ticks plus this: time during which the processor did not run. A multiple of a tick.
   */
  #idleNs = 0;
  #power: Power = "on";
  #exitStatus: number | null = null;
  #resetRequested = false;
  #restarts = 0;
  /** The processor does not run before then: its reset line is held, or someone has stopped it. */
  #heldUntilNs: number;
  #running = false;
  /** Where the run ends. */
  #endNs = 0;
  /** A debugger wants the run to end when `retired` reaches this. */
  #pauseAt = Infinity;
  #paused = false;

  constructor(config: MachineConfig) {
    this.#config = config;
    this.#tickNs = config.tickNs ?? TICK_NS;
    if (!TICKS_NS.includes(this.#tickNs))
      throw new RangeError(`${this.#tickNs} ns for each instruction: expected ${TICKS_NS.join(", ")}`);
    this.name = config.name;
    this.#heldUntilNs = this.#toTick(config.powerOnNs ?? 0);
    this.memory = config.memory ?? new MachineMemory(config.ramBytes);
    this.#loadFirmware(config.firmware);
    this.#timers = new TimerQueue({
      now: () => this.nowNs,
      nextDeadlineMovedUp: (deadlineNs) => {
        if (this.#running) this.processor.setLimit(this.#limitFor(deadlineNs));
      },
    });
    const model = config.processor ?? DEFAULT_MODEL;
    const processors = config.processors ?? 1;
    if (processors > 1 && !MODELS[model].hasApic)
      throw new RangeError(
        `${processors} processors of the model ${model}: it has no local APIC; use pentium or later`,
      );
    const apics = MODELS[model].hasApic ? processors : 0;
    this.board = new Board({ ...config, apics }, this.#boardHost(), this.memory.counters);
    this.memory.peekDevice = (address) => this.board.peek(address);
    this.processor = new Cpu(this.memory, this.board, {
      makeEngine: engineFor(config.jit ?? DEFAULT_JIT),
      model,
      processors,
    });
    this.board.reset();
  }

  #boardHost(): BoardHost {
    const { characterOutput, soundOutput } = this.#config;
    return {
      tickNs: this.#tickNs,
      clock: this.#timers,
      dma: this.memory.dma,
      video: this.memory.video,
      setShadow: (physicalAddress, sizeBytes, readRam, writeRam) =>
        this.memory.setShadow(physicalAddress, sizeBytes, readRam, writeRam),
      processors: {
        running: () => this.processor.running,
        setInterruptRequest: (level, processor) => this.processor.setInterruptRequest(level, processor),
        raiseNmi: (processor) => this.processor.raiseNmi(processor),
        init: (processor) => this.processor.initialise(processor),
        startUp: (processor, page) => this.processor.startUp(processor, page),
      },
      setA20: (open) => this.processor.setA20(open),
      setIgnoreNumericError: (level) => this.processor.setIgnoreNumericError(level),
      requestReset: (reason) => {
        this.#log(`reset by ${reason}`);
        this.#restarts++;
        if (this.#config.reboot === false) return this.#switchOff();
        this.#resetRequested = true;
        this.processor.requestStop();
      },
      powerOff: () => this.#switchOff(),
      exit: (status) => {
        this.#exitStatus = status;
        this.#switchOff();
      },
      characterOutput: (port, byte) => characterOutput?.(port, byte),
      soundOutput: (card, rateHertz, samples) => soundOutput?.(card, rateHertz, samples),
      log: (line) => this.#log(line),
      latches: this.memory.latches,
    };
  }

  #log(line: string): void {
    this.#config.log?.(line);
  }

  #loadFirmware(firmware: Uint8Array): void {
    if (firmware.length === 0 || firmware.length > MAX_FIRMWARE_BYTES) {
      throw new RangeError(`firmware of ${firmware.length} bytes: expected 1 byte to 2 MiB`);
    }
    const pages = new Uint8Array(Math.ceil(firmware.length / PAGE_BYTES) * PAGE_BYTES).fill(0xff);
    pages.set(firmware, pages.length - firmware.length);
    const low = pages.subarray(-LOW_FIRMWARE_BYTES);
    this.memory.loadRom(MIB - low.length, low);
    this.memory.loadRom(4 * GIB - pages.length, pages);
  }

  /** The first instant of the processor's clock at or after a time. */
  #toTick(timeNs: number): number {
    return Math.ceil(timeNs / this.#tickNs) * this.#tickNs;
  }

  /** Virtual time in ns; it never goes back. Exact also in the middle of a run. */
  get nowNs(): number {
    return this.#idleNs + this.processor.retired * this.#tickNs;
  }

  /** Instructions retired since the machine was made. */
  get instructions(): number {
    return this.processor.retired;
  }

  /** The processor waits for an interrupt. */
  get halted(): boolean {
    return this.processor.halted;
  }

  get mayWake(): boolean {
    return this.processor.mayWake;
  }

  get power(): Power {
    return this.#power;
  }

  get drives(): readonly DriveView[] {
    return driveViews(this.#config, this.board.removableDrives);
  }

  /** The model of its network cards. */
  get nic(): NicModel {
    return this.#config.nic ?? "e1000";
  }

  /** Its network cables, in the order of its cards. */
  get cables(): readonly CableEnd[] {
    return this.#config.network.map(({ port }) => port);
  }

  /** What its engine has done so far. */
  get counters(): Counters {
    return this.memory.counters;
  }

  /** Virtual time during which the processor did not run. */
  get idleNs(): number {
    return this.#idleNs;
  }

  /** What the guest wrote to the debug exit port, as QEMU would exit with it; null if it did not. */
  get exitStatus(): number | null {
    return this.#exitStatus;
  }

  /** How often the guest has asked to begin anew since this object was made: for whoever watches, and no state. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * When the machine has something to do: now while it runs, its next timer while it is halted, never when it is off.
   */
  get nextEventNs(): number {
    if (this.#power === "off") return Infinity;
    if (!this.#resetRequested && (this.processor.halted || this.nowNs < this.#heldUntilNs)) {
      const nextNs = Math.min(
        this.#timers.nextDeadlineNs,
        this.nowNs < this.#heldUntilNs ? this.#heldUntilNs : Infinity,
      );
      return Math.max(nextNs, this.nowNs);
    }
    return this.nowNs;
  }

  /**
   * Runs until virtual time reaches `timeNs` (rounded up to a multiple of a tick), exactly; what is due at that very
   * time is left to the next call. So a run may be cut into pieces anywhere and nobody can tell.
   */
  runUntil(timeNs: number): void {
    this.#endNs = this.#toTick(timeNs);
    if (this.processor.retired >= this.#pauseAt) this.#paused = true;
    while (this.nowNs < this.#endNs && !this.#paused) {
      if (this.#power === "off") {
        this.#idleUntil(this.#endNs);
        break;
      }
      this.#timers.fireDue();
      if (this.#resetRequested) this.#reset();
      else if (this.#power === "on") this.#runProcessor();
    }
  }

  /**
   * Called from within a run: it ends at this time, a multiple of a tick that is not in the past, if it would go on
   * for longer.
   */
  endBy(timeNs: number): void {
    if (timeNs % this.#tickNs !== 0 || timeNs < this.nowNs) broken(this.name, `a run is to end at ${timeNs} ns`);
    if (timeNs >= this.#endNs) return;
    this.#endNs = timeNs;
    if (this.#running) this.processor.setLimit(this.#limitFor(timeNs));
  }

  /** Runs to the next timer, or to the end of the run, or until the processor stops. */
  #runProcessor(): void {
    const now = this.nowNs;
    const boundaryNs = Math.min(this.#endNs, this.#toTick(this.#timers.nextDeadlineNs));
    if (now < this.#heldUntilNs) {
      this.#idleUntil(Math.min(boundaryNs, this.#heldUntilNs));
      return;
    }
    this.#running = true;
    const limit = this.#limitFor(boundaryNs);
    const reason = this.processor.run(limit);
    this.#running = false;
    if (this.processor.retired > limit)
      broken(this.name, `the processor ran to ${this.processor.retired} instructions where ${limit} were allowed`);
    if (this.processor.retired >= this.#pauseAt) this.#paused = true;
    if (reason !== "halted" || this.#paused) return;
    // The instruction before HLT may have armed an earlier timer.
    this.#idleUntil(Math.min(this.#endNs, this.#toTick(this.#timers.nextDeadlineNs)));
  }

  /** The processor's `retired` at a virtual time that is not in the past. */
  #limitFor(timeNs: number): number {
    return Math.min(
      this.#pauseAt,
      this.processor.retired + Math.max(0, Math.ceil((timeNs - this.nowNs) / this.#tickNs)),
    );
  }

  // A debugger stops a machine at an instruction boundary, and the guest cannot tell: `runUntil` comes back early.

  /** Whether the machine stands still for a debugger: `runUntil` does nothing until `resume`. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Pauses once the processor has retired so many instructions. */
  pauseAt(retired: number): void {
    this.#pauseAt = retired;
  }

  /**
   * Called from within a run: pauses in front of the running instruction, if its code probe leaves it there, or after
   * it.
   */
  pause(where: "here" | "after"): void {
    this.#paused = true;
    if (where === "after") this.processor.setLimit(this.processor.retired + 1);
  }

  resume(): void {
    this.#paused = false;
    this.#pauseAt = Infinity;
  }

  #idleUntil(timeNs: number): void {
    this.#idleNs += Math.max(0, timeNs - this.nowNs);
  }

  #reset(): void {
    this.#resetRequested = false;
    this.#heldUntilNs = this.nowNs + RESET_NS;
    this.board.reset();
    this.processor.reset();
  }

  /** The reset button. Memory keeps its contents. */
  reset(): void {
    this.#log("reset by its button");
    this.#resetRequested = true;
    this.onOutside?.();
  }

  /** Someone presses the power button of a machine that is on: an ACPI event, which the guest may heed. */
  pressPowerButton(): void {
    this.board.power.pressPowerButton();
    this.onOutside?.();
  }

  /** Someone presses the button for a non-maskable interrupt, which waits in LINT1 of the processors. */
  pressNmiButton(): void {
    this.board.pulseNmi();
    this.onOutside?.();
  }

  /** Takes the power away, as someone does who pulls the plug. */
  powerOff(): void {
    if (this.#power === "on") this.board.mediumFaults.losePower();
    this.#switchOff();
    this.onOutside?.();
  }

  #switchOff(): void {
    if (this.#power === "off") return;
    this.#power = "off";
    this.#log("power off");
    for (const { port } of this.#config.network) port.setPowered(false);
    this.processor.requestStop();
  }

  /** Switches on a machine that is off: RAM is empty, disks and battery-backed memory are as they were. */
  powerOn(): void {
    if (this.#power === "on") return;
    this.#power = "on";
    this.#exitStatus = null;
    this.memory.clear();
    for (const { port } of this.#config.network) port.setPowered(true);
    for (const uart of this.board.uarts) uart.discardIncoming();
    this.#reset();
    this.onOutside?.();
  }

  /** Off and on again. */
  powerCycle(): void {
    this.powerOff();
    this.powerOn();
  }

  // What people do to a machine.

  /** Bytes that arrive at a serial port that the machine has, at the line rate. */
  serialInput(port: SerialPort, bytes: Uint8Array): void {
    this.board.uarts[port]!.receive(bytes);
    this.onOutside?.();
  }

  /** Types at the keyboard, as on a US layout. */
  typeText(text: string): void {
    this.board.keyboard.type(text);
    this.onOutside?.();
  }

  /** A key goes down or up: its set 1 make code, E0xxh for extended keys (KEYS in devices/scancodes.ts). */
  key(code: number, down: boolean): void {
    this.board.keyboard.key(code, down);
    this.onOutside?.();
  }

  /** The mouse moves: counts to the right, downwards, and steps of its wheel towards the person. */
  moveMouse(right: number, down: number, wheel: number): void {
    this.board.mouse.move(right, down, wheel);
    this.onOutside?.();
  }

  /** Buttons of the mouse that are held from now on (Ps2Mouse.hold). */
  holdMouseButtons(buttons: number): void {
    this.board.mouse.hold(buttons);
    this.onOutside?.();
  }

  /** What goes wrong with its disks from now on; what is not named stays. */
  troubleDisk(change: Partial<DiskTrouble>): void {
    this.board.mediumFaults.set(change);
    this.onOutside?.();
  }

  /** It goes on as a copy of itself; of one number each, copies are told that they are others. */
  becomeCopy(number: number): void {
    if (this.board.configuration) this.board.configuration.generation = number;
    this.onOutside?.();
  }

  /** The same, and its network cards are others: it is a second machine from now on. */
  becomeTwin(number: number): void {
    this.becomeCopy(number);
    for (const { port } of this.#config.network) port.replaceCard();
  }

  /** Somebody puts its clock forward. */
  shiftClock(seconds: number): void {
    this.board.shiftClock(seconds);
    this.onOutside?.();
  }

  /** The drive hda; what is written to it is part of the state, as what the guest writes. */
  get hda(): BlockBackend | null {
    return this.#config.ide[0]?.medium ?? null;
  }

  /** Takes the power away and puts back what its disks held when the machine was made, as from an older copy. */
  revertDisks(): void {
    this.powerOff();
    const { ide, floppies = [], virtioDisks = [], ahci = [] } = this.#config;
    for (const backend of [...[...ide, ...ahci].map((drive) => drive?.medium), ...floppies, ...virtioDisks])
      if (backend instanceof TrackedDisk) backend.revert();
    this.onOutside?.();
  }

  /** Its drives take this many times as long as they should; 1 is right again. */
  slowDisk(factor: number): void {
    if (!(Number.isInteger(factor) && factor >= 1 && factor <= MOST_SLOWNESS))
      throw new RangeError(`a disk that takes ${factor} times as long: expected 1 to ${MOST_SLOWNESS}`);
    this.board.slowDrives(factor);
    this.onOutside?.();
  }

  /**
   * Somebody presses the button of a drive, and takes out what is in it if it opens; returns whether it did. It does
   * not where the guest has locked it, unless it is forced, nor where there is no such drive.
   */
  eject(drive: string, isForced: boolean): boolean {
    const found = this.board.removableDrives.get(drive);
    const opens = found !== undefined && eject(found, isForced);
    this.onOutside?.();
    return opens;
  }

  /** Likewise puts a medium in the place of what is in a drive. Throws a RangeError for one that does not fit, too. */
  insert(drive: string, content: Uint8Array): boolean {
    const found = this.board.removableDrives.get(drive);
    if (!found) throw new RangeError(`${this.name} has no drive ${drive} whose medium can be changed`);
    const opens = insert(found, content);
    this.onOutside?.();
    return opens;
  }

  /** Drives with another medium than when the machine was made. */
  changedDrives(): readonly string[] {
    return [...this.board.removableDrives].flatMap(([name, { hasOther }]) => (hasOther ? [name] : []));
  }

  /** The text on the screen. */
  screen(): TextScreen {
    return readTextScreen(this.board.vga);
  }

  /** A picture of the screen: 720x400 or 640x400 of text, or the graphics mode's own resolution. */
  screenshot(): Picture {
    return renderScreen(this.board.vga);
  }

  processorView(codeBytes: number): ProcessorView {
    return processorView(this.processor.core, codeBytes);
  }

  readLinear(linearAddress: number, lengthBytes: number): Uint8Array {
    return readLinear(this.processor.core, linearAddress, lengthBytes);
  }

  /** Physical memory as a bus master sees it: RAM and ROM, ones elsewhere. */
  readMemory(physicalAddress: number, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes);
    this.memory.dma.read(physicalAddress, bytes);
    return bytes;
  }

  /** Writes RAM; other addresses ignore it. */
  writeMemory(physicalAddress: number, bytes: Uint8Array): void {
    this.memory.dma.write(physicalAddress, bytes);
    this.onOutside?.();
  }

  /** A digest of the whole state, disks included, as 32 hexadecimal digits. */
  digest(): string {
    const visitor = new DigestVisitor();
    this.visitState(visitor);
    return visitor.digest();
  }

  /** The whole state but the firmware and what disks held before the machine was made, for `restoreState`. */
  saveState(): Uint8Array {
    const writer = new StateWriter();
    this.visitWhole(writer);
    return writer.result();
  }

  /** The state, and what the processor has cached of the page tables: all that decides how a run goes on. */
  visitWhole(visitor: StateVisitor): void {
    this.visitState(visitor);
    this.processor.visitCached(visitor);
  }

  /** Puts a machine of the same configuration into a saved state. After a StateError it must not be used any more. */
  restoreState(state: Uint8Array): void {
    const reader = new StateReader(state);
    try {
      this.visitWhole(reader);
    } catch (error) {
      // A part found a number that cannot be.
      if (error instanceof RangeError) throw new StateError(error.message);
      throw error;
    }
    reader.end();
  }

  /** Goes back to an earlier state of its own, as a machine does that is restored alone: its clock goes on from now. */
  goBack(state: Uint8Array): void {
    const { nowNs } = this;
    this.restoreState(state);
    this.#idleUntil(nowNs);
    this.onOutside?.();
  }

  /** The processor stands still until a time, as during a system management interrupt; devices go on. */
  hold(untilNs: number): void {
    this.#heldUntilNs = Math.max(this.#heldUntilNs, this.#toTick(untilNs));
    this.onOutside?.();
  }

  visitState(visitor: StateVisitor): void {
    if (this.#tickNs !== TICK_NS) {
      visitor.part("processor clock", 1);
      if (visitor.integer(this.#tickNs) !== this.#tickNs)
        throw new RangeError(`its instructions take another time than ${this.#tickNs} ns`);
    }
    visitor.part("machine", 1);
    this.#idleNs = visitor.integer(this.#idleNs);
    this.#power = visitor.bool(this.#power === "on") ? "on" : "off";
    this.#exitStatus = visitor.integer(this.#exitStatus ?? Infinity);
    if (this.#exitStatus === Infinity) this.#exitStatus = null;
    this.#resetRequested = visitor.bool(this.#resetRequested);
    this.#heldUntilNs = visitor.integer(this.#heldUntilNs);
    this.memory.visitState(visitor);
    this.processor.visitState(visitor);
    this.board.visitState(visitor);
    this.#timers.visitState(visitor);
    for (const { port } of this.#config.network) port.visitState(visitor);
    for (const drive of this.#config.ide) visitBackend(visitor, drive?.medium);
    for (const floppy of this.#config.floppies ?? []) visitBackend(visitor, floppy);
    for (const disk of this.#config.virtioDisks ?? []) visitBackend(visitor, disk);
    for (const drive of this.#config.ahci ?? []) visitBackend(visitor, drive?.medium);
  }
}

/** A disk that records what was written to it takes part in the state. */
function visitBackend(visitor: StateVisitor, backend: unknown): void {
  const stateful = backend as Partial<Stateful> | undefined;
  if (typeof stateful?.visitState === "function") stateful.visitState(visitor);
}
