/** Exceptions of the processor: what handlers throw and the interpreter delivers (SDM volume 3A, 6.3 and 6.15). */

export const DIVIDE_ERROR = 0;
export const DEBUG = 1;
export const NMI = 2;
export const BREAKPOINT = 3;
export const OVERFLOW = 4;
export const BOUND_RANGE = 5;
export const INVALID_OPCODE = 6;
export const DEVICE_NOT_AVAILABLE = 7;
export const DOUBLE_FAULT = 8;
export const INVALID_TSS = 10;
export const SEGMENT_NOT_PRESENT = 11;
export const STACK_FAULT = 12;
export const GENERAL_PROTECTION = 13;
export const PAGE_FAULT = 14;
export const FPU_ERROR = 16;
export const ALIGNMENT_CHECK = 17;
export const SIMD_ERROR = 19;

/** The manual's mnemonics by vector; empty where a vector has none. */
export const EXCEPTION_NAMES: readonly string[] = [
  "#DE",
  "#DB",
  "NMI",
  "#BP",
  "#OF",
  "#BR",
  "#UD",
  "#NM",
  "#DF",
  "",
  "#TS",
  "#NP",
  "#SS",
  "#GP",
  "#PF",
  "",
  "#MF",
  "#AC",
  "#MC",
  "#XM",
];

/**
 * Thrown through an instruction's handler: the processor stands still in front of the instruction until an interrupt
 * comes.
 */
export const WAIT_FOR_INTERRUPT: unique symbol = Symbol("wait for interrupt");

/** The error code of an exception that pushes none. */
export const NO_ERROR_CODE = -1;

/**
 * A fault: thrown before the instruction has changed anything, so that it can start again. Not an `Error`: no stack
 * trace is wanted.
 */
export class CpuException {
  readonly vector: number;
  readonly errorCode: number;
  constructor(vector: number, errorCode: number) {
    this.vector = vector;
    this.errorCode = errorCode;
  }
}

/** Throws `vector` with an error code, or without one. */
export function raise(vector: number, errorCode: number = NO_ERROR_CODE): never {
  throw new CpuException(vector, errorCode);
}

/** Exceptions that combine to a double fault (SDM 3A table 6-5): divide error, #TS, #NP, #SS, #GP. */
const CONTRIBUTORY =
  (1 << DIVIDE_ERROR) |
  (1 << INVALID_TSS) |
  (1 << SEGMENT_NOT_PRESENT) |
  (1 << STACK_FAULT) |
  (1 << GENERAL_PROTECTION);

function isContributory(vector: number): boolean {
  return vector < 32 && ((CONTRIBUTORY >>> vector) & 1) !== 0;
}

/** Whether `second`, raised while `first` is being delivered, makes a double fault. */
export function isDoubleFault(first: number, second: number): boolean {
  if (first === PAGE_FAULT) return second === PAGE_FAULT || isContributory(second);
  return isContributory(first) && isContributory(second);
}
