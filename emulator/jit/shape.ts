/**
 * What compiled code may take for granted about memory. Regions of one shape do not run in another: the engine looks at
 * each entry, and nothing of this can change within a region without leaving it.
 */
import { TLB_READ_SUPERVISOR, TLB_READ_USER, TLB_WRITE_SUPERVISOR, TLB_WRITE_USER } from "../cpu/layout.ts";
import type { ProcessorModel } from "../cpu/model.ts";
import { MODE_CODE32, MODE_USER } from "../cpu/state.ts";

/** Of a code segment that all addresses are in. */
const NO_LIMIT = 0xffffffff;

export interface Shape {
  /**
   * Unpaged, A20 open, RAM where its address says: an address below the limits is an offset in RAM. Else the
   * translation tables are asked.
   */
  readonly direct: boolean;
  /**
   * The same of code: a linear address is where it lies in RAM, but for what is between the video memory and 1 MiB. In
   * 32-bit code it goes with `direct`; data of 16-bit code is often the display adapter's, to which tables lead.
   */
  readonly isPlaced: boolean;
  /** CR0.PE is set. Not known of 16-bit code, which looks for itself. */
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
export function shapeKey({
  direct,
  isPlaced,
  isProtected,
  ramBytes,
  mode,
  codeLimit,
  model,
  takesTurns,
}: Shape): string {
  return `${direct}/${isPlaced}/${ramBytes}/${isProtected}/${mode}/${codeLimit}/${model.name}${takesTurns ? "/turns" : ""}`;
}

/** 16-bit code. */
export const isNarrow = ({ mode }: Pick<Shape, "mode">): boolean => (mode & MODE_CODE32) === 0;

/**
 * Code that lies elsewhere each time it runs: programs and their libraries, which kernels put at another page in each
 * process. Regions of it know addresses from the page on where their first block begins, which they have in memory.
 */
export const isMovable = (shape: Shape): boolean =>
  !shape.isPlaced && !isNarrow(shape) && (shape.mode & MODE_USER) !== 0 && shape.codeLimit === NO_LIMIT;

export const readTable = (shape: Shape): number =>
  (shape.mode & MODE_USER) !== 0 ? TLB_READ_USER : TLB_READ_SUPERVISOR;
export const writeTable = (shape: Shape): number =>
  (shape.mode & MODE_USER) !== 0 ? TLB_WRITE_USER : TLB_WRITE_SUPERVISOR;
