/** Decoded code: straight runs of instructions as arrays of handlers, and the links between them. */

/** Executes one instruction. Operands were bound when the handler was made. */
export type Handler = () => void;

/** A direct way from one block to another, resolved when it is first taken. */
export interface Link {
  readonly eip: number;
  readonly samePage: boolean;
  /** Target and source lie wholly in one page: whenever the source can run, its target is where it was. */
  stable: boolean;
  target: Block;
  /** Translation epoch, of the part that the EIP is in, in which `target` was found. */
  epoch: number;
}

/** Compiled code that begins with a block (jit/). */
export interface CompiledEntry {
  /** Number of the entry in its region. */
  readonly index: number;
  readonly region: CompiledRegion;
}

export interface CompiledRegion {
  /** Blocks that it was made from: when one of them goes, it goes. */
  readonly blocks: readonly Block[];
}

export class Block {
  /** Offset of the first byte in the machine's memory. */
  readonly offset: number;
  readonly eip: number;
  /** For code across a page boundary: where the first byte of the second page lies; else 0. */
  readonly secondPage: number;
  readonly modeKey: number;
  /** EIP of each instruction, and of what follows the last one. */
  readonly eips: readonly number[];
  readonly handlers: readonly Handler[];
  readonly lengthBytes: number;
  /**
   * Immediates that are read when they are needed, as offset and length: writing them does not change the block. In
   * ascending order.
   */
  readonly gaps: readonly (readonly [number, number])[];
  /** To the instruction after the last one. */
  readonly fallthrough: Link;
  valid = true;
  /** Translation epoch, of the part that the EIP is in, in which the linear address was last seen to lead here. */
  epoch = 0;
  /** How often the interpreter has begun it, while the engine that compiles wants to know. */
  count = 0;
  compiled: CompiledEntry | null = null;
  /** Regions that were compiled from it, null for none. */
  regions: CompiledRegion[] | null = null;

  constructor(parts: Omit<Block, "valid" | "epoch" | "eip" | "count" | "compiled" | "regions">) {
    this.offset = parts.offset;
    this.eip = parts.eips[0]!;
    this.secondPage = parts.secondPage;
    this.modeKey = parts.modeKey;
    this.eips = parts.eips;
    this.handlers = parts.handlers;
    this.lengthBytes = parts.lengthBytes;
    this.gaps = parts.gaps;
    this.fallthrough = parts.fallthrough;
  }
}

/** Stands for no block: never valid. */
export const NO_BLOCK: Block = new Block({
  offset: 0,
  secondPage: 0,
  modeKey: 0,
  eips: [0],
  handlers: [],
  lengthBytes: 0,
  gaps: [],
  fallthrough: { eip: 0, samePage: false, stable: false, target: null as unknown as Block, epoch: 0 },
});
NO_BLOCK.fallthrough.target = NO_BLOCK;
NO_BLOCK.valid = false;
