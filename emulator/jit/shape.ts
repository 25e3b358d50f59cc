/**
 * What compiled code may take for granted about memory. Regions of one shape do not run in another: the engine looks at
 * each entry, and nothing of this can change within a region without leaving it.
 */
import { TLB_READ_SUPERVISOR, TLB_READ_USER, TLB_WRITE_SUPERVISOR, TLB_WRITE_USER } from "../cpu/layout.ts";
import type { ProcessorModel } from "../cpu/model.ts";
import { MODE_USER } from "../cpu/state.ts";

export interface Shape {
  /**
   * Unpaged, A20 open, RAM where its address says: an address below the limits is an offset in RAM. Else the
   * translation tables are asked.
   */
  readonly direct: boolean;
  /** CR0.PE is set. */
  readonly isProtected: boolean;
  readonly ramBytes: number;
  /** Bits of MODE_* but not the number of the code segment's limit, which is `codeLimit`. */
  readonly mode: number;
  readonly codeLimit: number;
  /** What the processor has and lacks. */
  readonly model: ProcessorModel;
  /** PAUSE ends the turn of one of several processors. */
  readonly takesTurns: boolean;
}

/** What the shape adds to the bytes that a compiled module is found by. */
export function shapeKey({ direct, isProtected, ramBytes, mode, codeLimit, model, takesTurns }: Shape): string {
  return `${direct}/${ramBytes}/${isProtected}/${mode}/${codeLimit}/${model.name}${takesTurns ? "/turns" : ""}`;
}

export const readTable = (shape: Shape): number =>
  (shape.mode & MODE_USER) !== 0 ? TLB_READ_USER : TLB_READ_SUPERVISOR;
export const writeTable = (shape: Shape): number =>
  (shape.mode & MODE_USER) !== 0 ? TLB_WRITE_USER : TLB_WRITE_SUPERVISOR;
