import type { Stateful } from "../state/state.ts";

/** Why `run` came back before its budget was used up. */
export type StopReason =
  /** The budget is used up. */
  | "budget"
  /** HLT with no interrupt pending: time may jump to the next event. */
  | "halted"
  /** `requestStop` was called, by a device (power off, debug exit, reset) or by the board for a timer. */
  | "stopped"
  /** Triple fault: `ProcessorBus.shutdown` has been called. */
  | "shutdown";

/**
 * The processor as the board and the cluster see it. An interrupt that a device raises while an instruction runs is
 * recognised at the next instruction boundary (Intel SDM 3A 6.8), whatever the engine underneath.
 */
export interface Processor extends Stateful {
  /**
   * Instructions retired since power on; each iteration of a repeated string instruction is one. Exact at any time,
   * also within a port access.
   */
  readonly retired: number;
  /** True between HLT and the next interrupt. */
  readonly halted: boolean;
  /**
   * Runs until `retired` reaches `limit`, exactly. A device access may lower the limit by `setLimit` when it arms a
   * timer that comes earlier.
   */
  run(limit: number): StopReason;
  /** Lowers (never raises) the limit of the current `run`. */
  setLimit(limit: number): void;
  /** Ends the current `run` at the next instruction boundary. */
  requestStop(): void;
  /** The INTR pin, level triggered; of the first processor unless one of several is named. */
  setInterruptRequest(level: boolean, processor?: number): void;
  /** The NMI pin: one edge. */
  raiseNmi(processor?: number): void;
  /** The A20M# pin: when the gate is closed, physical address bit 20 reads as 0. */
  setA20(open: boolean): void;
  /** The IGNNE# pin: x87 instructions go on in spite of a pending exception. */
  setIgnoreNumericError(level: boolean): void;
  /** The RESET pin: power-on state, CS:EIP = F000:FFF0 with base FFFF0000 (SDM 3A 9.1.4). Does not touch `retired`. */
  reset(): void;
}
