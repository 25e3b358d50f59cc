/** What runs a machine for its cluster's owner: the emulator in the owner's process, or a process of another one. */
import type { Configuration } from "../configuration.ts";
import type { MachineState } from "../protocol.ts";

/** A socket of the cluster's Ethernet. */
export interface Cable {
  send(frame: Uint8Array): void;
  setLink(isUp: boolean): void;
}

/** What of a machine goes on elsewhere, or later. */
export interface Moment {
  /** Its virtual time, and the date at which that was 0. */
  readonly nowNs: number;
  readonly startSeconds: number;
  readonly state: Uint8Array;
}

export interface RunnerSetup {
  readonly configuration: Configuration;
  /** It goes on from here as another machine than the one whose moment this was; null: it does not. */
  readonly born: Moment | null;
  /** Where its memory is kept when it is suspended. */
  readonly memoryPath: string;
  /** Makes its cable; `take` has what comes over it. */
  plug(take: (frame: Uint8Array) => void): Cable;
  /** What it has said over its first serial line. */
  heard(bytes: Uint8Array): void;
  /** It has ended: switched off, or for a reason. */
  ended(state: Extract<MachineState, "off" | "failed">, note: string | null): void;
  /** Something that a person should know. */
  note(text: string): void;
  /** It stands still by itself, and goes on when it is told to. */
  stood(why: string): void;
}

/** Where a runner of another process meets it. */
export interface RunnerPlace {
  /** Names files for sockets, by what they are for. */
  file(suffix: string): string;
  /** Where the cluster's Ethernet listens. */
  readonly wire: string;
}

export interface Runner {
  /** Null: it runs in this process, or its process is not to be seen from here. */
  readonly pid: number | null;
  readonly isPaused: boolean;
  /** Why it does not answer, and what to do; null: it does, as far as is known. */
  readonly mute: string | null;
  /** What is wrong with its disk; null: nothing, as far as is known. */
  readonly trouble: string | null;
  readonly instructions: number | null;
  readonly processorSeconds: number;
  type(bytes: Uint8Array): void;
  pressKeys(names: readonly string[]): void | Promise<void>;
  pressPowerButton(): void | Promise<void>;
  reset(): void | Promise<void>;
  pause(isPaused: boolean): void | Promise<void>;
  /** A PNG. */
  screenshot(): Promise<Uint8Array>;
  /** Keeps its memory in the file, and ends. Throws where that cannot be. */
  suspend(): Promise<void>;
  copyDisk(verb: "snapshot" | "clone", volume: string): Promise<void>;
  /** What is in its memory now; absent: whoever runs it has no memory that goes on as another machine's. */
  moment?(): Moment;
  /** Takes the power away; what was flushed is on its disk. */
  end(): Promise<void>;
}

/** One that runs in turns of the owner's process. */
export interface TurnRunner extends Runner {
  /** Runs to a moment of the host's clock, in milliseconds, for a few milliseconds at most. */
  turn(nowMs: number): void;
  /** When it has something to do next by itself. */
  readonly nextMs: number;
  /** Something has come to it from outside: it is not to wait for others. */
  readonly isWanted: boolean;
}

export const isTurnRunner = (runner: Runner): runner is TurnRunner => "turn" in runner;
