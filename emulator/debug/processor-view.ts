/**
 * Where a processor is, as plain data: what somebody sees who looks at it from outside, from another thread as well.
 */
import type { Core } from "../cpu/core.ts";
import { readLinear } from "./linear-memory.ts";
import { describeMode, linearPc, readRegister } from "./registers.ts";

/** As gdb numbers them. */
export const SHOWN_REGISTERS = [
  ...["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags", "cs", "ss", "ds", "es", "fs", "gs"],
] as const;

export interface ProcessorView {
  readonly mode: string;
  /** In the order of SHOWN_REGISTERS. */
  readonly registers: readonly number[];
  /** Linear address of the next instruction. */
  readonly address: number;
  /** The last interrupt of a device or exception; null when there was none. */
  readonly lastEvent: { readonly kind: "interrupt" | "exception"; readonly vector: number } | null;
  readonly isCode32: boolean;
  /** What lies there. */
  readonly code: Uint8Array;
}

export function processorView(core: Core, codeBytes: number): ProcessorView {
  const address = linearPc(core);
  return {
    mode: describeMode(core),
    registers: SHOWN_REGISTERS.map((_, number) => {
      const bytes = readRegister(core, number)!;
      return bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24);
    }),
    address,
    lastEvent: core.lastVector < 0 ? null : { kind: core.lastKind, vector: core.lastVector },
    isCode32: core.segments.code32,
    code: readLinear(core, address, codeBytes),
  };
}
