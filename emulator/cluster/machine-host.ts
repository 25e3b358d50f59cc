/**
 * The seam between a cluster and the threads that its machines run in. The cluster knows machines only as
 * `MachineHost`s and runs them only in `MachineGroup`s: those of its own thread (local-group.ts), and those that a host
 * with threads keeps elsewhere. What a guest sees does not depend on how machines are spread.
 */
import type { BoardParts, CharacterPort, SerialPort } from "../board-config.ts";
import type { ProcessorView } from "../debug/processor-view.ts";
import type { SoundOutput } from "../devices/sound/sound-clock.ts";
import type { BlockBackend } from "../disk/block.ts";
import type { DiskTrouble } from "../disk/faulty.ts";
import type { MachineCable } from "../ether/cable-end.ts";
import type { JitMode } from "../jit/jit.ts";
import type { Picture, Power, TextScreen } from "../machine.ts";

/** What its owner says of a machine, and what reaches its board as it is, in whichever thread that is. */
export interface MachineBasis {
  /** For people, and the host name that the gateway's DHCP server gives: unique in a cluster. */
  readonly name: string;
  readonly ramBytes: number;
  /** Primary master. */
  readonly disk: BlockBackend | null;
  /** Secondary master. */
  readonly cdrom: BlockBackend | null;
  readonly parts?: BoardParts;
}

/** That alone, of something that has more. */
export function basisOf({ name, ramBytes, disk, cdrom, parts }: MachineBasis): MachineBasis {
  return { name, ramBytes, disk, cdrom, ...(parts ? { parts } : {}) };
}

/** What one machine of a cluster is made of. */
export interface MachineSpec extends MachineBasis {
  readonly macAddress: Uint8Array;
  /** Virtual time at which it is switched on. */
  readonly powerOnNs: number;
}

/** What all machines of a cluster have in common. */
export interface SharedFacts {
  readonly firmware: Uint8Array;
  /** Date at virtual time 0: seconds since 1970, UTC. */
  readonly startSeconds: number;
}

/** How they are run. */
export interface EngineFacts {
  /** Whether hot guest code is compiled; it changes nothing but speed. */
  readonly jit: JitMode;
  /** Whether a reset that a guest asks for happens; when not, its machine switches itself off. */
  readonly reboot: boolean;
  /** Virtual time of an instruction, one of TICKS_NS. */
  readonly tickNs: number;
}

export interface CommonFacts extends SharedFacts, EngineFacts {}

/** That alone, of something that has more. */
export function commonFacts({ firmware, startSeconds, jit, reboot, tickNs }: CommonFacts): CommonFacts {
  return { firmware, startSeconds, jit, reboot, tickNs };
}

export interface GroupConfig extends CommonFacts {
  /**
   * What characters leave machines and what there is to say about them; `machine` counts from 0 in the whole
   * cluster, `timeNs` is the machine's own.
   */
  readonly characterOutput: (machine: number, port: CharacterPort, byte: number, timeNs: number) => void;
  /** What a sound card of a machine plays; see `SoundOutput`. */
  readonly soundOutput: (machine: number, ...played: Parameters<SoundOutput>) => void;
  readonly log: (machine: number, line: string) => void;
}

/** A machine as its owner sees it between two runs, wherever it runs. */
export interface MachineHost {
  readonly name: string;
  readonly power: Power;
  /** What the guest wrote to the debug exit port, as QEMU would exit with it; null if it did not. */
  readonly exitStatus: number | null;
  /** Its processor waits for an interrupt. */
  readonly halted: boolean;
  /**
   * What it waits for may come: false once it has halted with interrupts off, and only a reset or an NMI can wake it.
   */
  readonly mayWake: boolean;
  /** Instructions retired since the machine was made. */
  readonly instructions: number;
  /** Its own virtual time. */
  readonly nowNs: number;
  /** It stands still for a debugger, until `resume`. */
  readonly paused: boolean;
  /** Pauses it once its processor has retired so many instructions. */
  pauseAt(retired: number): void;
  resume(): void;
  serialInput(port: SerialPort, bytes: Uint8Array): void;
  typeText(text: string): void;
  moveMouse(right: number, down: number, wheel: number): void;
  holdMouseButtons(buttons: number): void;
  key(code: number, down: boolean): void;
  reset(): void;
  pressPowerButton(): void;
  pressNmiButton(): void;
  powerOff(): void;
  powerOn(): void;
  powerCycle(): void;
  hold(untilNs: number): void;
  slowDisk(factor: number): void;
  troubleDisk(change: Partial<DiskTrouble>): void;
  shiftClock(seconds: number): void;
  becomeCopy(number: number): void;
  becomeTwin(number: number): void;
  revertDisks(): void;
  eject(drive: string, isForced: boolean): boolean;
  insert(drive: string, content: Uint8Array): boolean;
  changedDrives(): readonly string[];
  screen(): TextScreen;
  screenshot(): Picture;
  /** Where its processor is: registers, and the code that comes next. */
  processorView(codeBytes: number): ProcessorView;
  /** Fewer bytes where they end in a page that is not there. */
  readLinear(linearAddress: number, lengthBytes: number): Uint8Array;
  readMemory(physicalAddress: number, lengthBytes: number): Uint8Array;
  writeMemory(physicalAddress: number, bytes: Uint8Array): void;
  digest(): string;
  saveState(): Uint8Array;
  restoreState(state: Uint8Array): void;
}

/**
 * What a group remembers of its machines at one moment, in its own thread. It holds only the pages that differ from
 * those of the moment that was remembered before it.
 */
export interface GroupMemory {
  /** Bytes that no earlier memory holds. */
  readonly ownBytes: number;
  /** Puts the machines back. */
  restore(): void;
  /** The memory between this one and `before` is forgotten: what it shares with this one alone is now this one's. */
  inherit(forgotten: GroupMemory, before: GroupMemory | null): void;
  /** It is not needed any more. */
  release(): void;
  /** Of each machine, in the order of `hosts`: how it differs from the memory before, for a file. */
  describe(before: GroupMemory | null): readonly Uint8Array[];
}

/** Machines that run together in one thread. */
export interface MachineGroup {
  /** Where its machines stand in the cluster's order; `hosts` and `cables` are in the order of this. */
  readonly indices: readonly number[];
  readonly hosts: readonly MachineHost[];
  readonly cables: readonly MachineCable[];
  /** The earliest time at which one of its machines has something to do, frames that were delivered included. */
  readonly nextEventNs: number;
  /** A debugger has paused one of its machines within the quantum; `start` with the same end goes on. */
  readonly paused: boolean;
  /**
   * Begins to run to a time those machines that have something to do before it. Nothing may be asked of the group until
   * `finish`.
   */
  start(endNs: number): void;
  /**
   * Runs the only machine of the cluster to a time, or to `latencyNs` after the first frame that it sends on the way:
   * until then nothing can come back. Returns where it ended. Only groups in the thread of the cluster can do that.
   */
  runAlone?(endNs: number, latencyNs: number): number;
  /** Waits for what `start` began. Frames that were sent are in the cables, output has been handed over. */
  finish(): void;
  /** Looks again at what its machines have to do: someone may have typed, pressed a button, restored a state. */
  refresh(): void;
  /** Brings all machines to a time before which none of them has anything to do. */
  settle(timeNs: number): void;
  /** Begins to compute the digests of its machines; nothing else is asked of it before `finishDigests`. */
  startDigests(): void;
  /** In the order of `hosts`. */
  finishDigests(): readonly string[];
  /** Begins to remember its machines; nothing else is asked of it before `finishRemember`. */
  startRemember(previous: GroupMemory | null): void;
  finishRemember(): GroupMemory;
  /** A memory that `GroupMemory.describe` has described. Throws an Error for bytes that are none of these machines. */
  remembered(descriptions: readonly Uint8Array[], previous: GroupMemory | null): GroupMemory;
  /** Ends its thread, if it has one. */
  close(): void;
}

/** Makes the groups of a cluster; each machine is in exactly one. */
export type GroupFactory = (machines: readonly MachineSpec[], config: GroupConfig) => MachineGroup[];
