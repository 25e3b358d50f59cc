/** Whether compiled code may use the registers of x87, MMX and SSE: if not, it takes the slow path. */
import { ERROR_SUMMARY, FPU_STATUS } from "../cpu/fpu/fpu.ts";
import { CR0, CR4 } from "../cpu/layout.ts";
import { CR0_EM, CR0_TS, CR4_OSFXSR } from "../cpu/state.ts";
import type { Emitter } from "./emitter.ts";
import { type Code, OP } from "./wasm.ts";

const pushBits = ({ c }: Emitter, place: number, bits: number): Code =>
  c.const(0).load(4, place).const(bits).op(OP.and);
const pushIsDisabled = (t: Emitter): Code => pushBits(t, 4 * CR0, CR0_EM | CR0_TS);

/** Of an x87 instruction that does not wait. */
export function requireAvailable(t: Emitter): void {
  pushIsDisabled(t).brIf(t.access.slow);
}

/** Of one that waits, and of MMX: no exception is pending. */
export function requireReady(t: Emitter): void {
  pushIsDisabled(t);
  pushBits(t, FPU_STATUS, ERROR_SUMMARY).op(OP.or).brIf(t.access.slow);
}

/** Of XMM registers. */
export function requireVectors(t: Emitter): void {
  pushIsDisabled(t);
  pushBits(t, 4 * CR4, CR4_OSFXSR)
    .op(OP.eqz)
    .op(OP.or)
    .brIf(t.access.slow);
}
