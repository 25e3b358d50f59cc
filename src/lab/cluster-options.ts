/** What a cluster is made of, and what waits for something in it take. */
import type { JitMode } from "../../emulator/jit/jit.ts";
import type { LabHost } from "./host.ts";
import type { MachineParts, Medium } from "./media.ts";
import type { WorldOptions } from "./sites.ts";
import type { TimeSpan } from "./time.ts";

/** Memory of a machine of which nothing else is said. */
export const DEFAULT_RAM_BYTES = 32 * 1024 * 1024;
/** What its clock shows at virtual time 0: 2026-01-01 00:00. */
export const DEFAULT_START_SECONDS = 1_767_225_600;

export interface NodeOptions extends MachineParts {
  /** Name for people, and the host name that the gateway's DHCP server gives. `qure-1`, `qure-2`, ... when absent. */
  readonly name?: string;
  /** Drive hda: primary master. */
  readonly disk?: Medium;
  /** Drive hdc: secondary master. */
  readonly cdrom?: Medium;
  /** 32 MiB when absent. */
  readonly ramBytes?: number;
  /** Six bytes; chosen by the seed when absent. */
  readonly macAddress?: Uint8Array;
  /** It has no power until `powerOn`. */
  readonly off?: boolean;
}

/** What is used of an `AbortSignal`. */
export interface StopSignal {
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface ClusterOptions {
  readonly nodes: readonly NodeOptions[];
  /** The PC's firmware (`loadFirmware`). */
  readonly firmware: Uint8Array;
  /** What the cluster needs of the program that it runs in. */
  readonly host: LabHost;
  /** Decides MAC addresses and the moments of power-on. 1 when absent. */
  readonly seed?: number;
  /** Is there a gateway that serves DHCP? True when absent. */
  readonly gateway?: boolean;
  /** In place of the machines' own names: those that the gateway gives by MAC address, looked up at each lease. */
  readonly hostNames?: ReadonlyMap<string, string>;
  /** Machines at several sites, each behind a home gateway of its own; `gateway` means nothing then. */
  readonly world?: WorldOptions;
  /** Of each cable; 50 us when absent. */
  readonly linkLatency?: TimeSpan;
  /** Virtual date at power-on, seconds since 1970; 2026-01-01 00:00 UTC when absent. */
  readonly startSeconds?: number;
  /** Virtual time of an instruction: 1, 2, 5, 10, 20, 50 or 100 ns; 10 when absent, a processor of 100 MHz. */
  readonly nsPerInstruction?: number;
  /** Receives the pcapng file of all cables, piece by piece. */
  readonly capture?: (bytes: Uint8Array) => void;
  /**
   * Threads over which the machines are spread; 1 when absent. What the guests see stays the same. Media are handed to
   * the threads as they are when the cluster is made: what a guest writes is to be read through `LabNode.disk` then.
   */
  readonly threads?: number;
  /** Whether hot guest code is compiled: it changes nothing but speed. */
  readonly jit?: JitMode;
  /** Whether a reset that a guest asks for happens; when not, its machine switches itself off. True when absent. */
  readonly reboot?: boolean;
  /**
   * What waits do when a guest ends in a triple fault: "fail" (when absent) throws a `TripleFaultError` that explains
   * it; "go on" is for systems that reset a PC in this way.
   */
  readonly tripleFault?: "fail" | "go on";
  /** Paces virtual time to the host's clock; what the guests see stays the same. */
  readonly realtime?: boolean;
  /** Ends every wait with an `AbortError`. */
  readonly signal?: StopSignal;
  /**
   * Receives what the machines have to report about their guests: accesses to what is not there, resets. `timeNs`: the
   * virtual time of the machine.
   */
  readonly log?: (node: string, line: string, timeNs: number) => void;
}

export interface WaitOptions {
  /**
   * When the condition is looked at: each virtual millisecond ("time", when absent), or only after those in which a
   * console printed something ("output"), which is much faster for a cluster that rests; "seldom": after those in which
   * a console printed something or a machine was switched off, and each ten. A condition that is not looked at by time
   * must not change anything.
   */
  readonly look?: "time" | "output" | "seldom";
  /** Virtual time after which the wait fails; 60 s when absent. */
  readonly within?: TimeSpan | "forever";
}
