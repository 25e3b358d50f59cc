/**
 * What the functions of the interpreter have in common. Each takes (what the instruction begins with, budget, offset of
 * the instruction in the machine's memory) and ends in a tail call of the next one, or returns an EXIT_*.
 */
import type { ProcessorModel } from "../../cpu/model.ts";
import { importsOf, typesOf } from "../imports.ts";
import { FIRST_FREE, PARAMETERS } from "../locals.ts";
import type { FunctionImport } from "../wasm.ts";
import { I32 } from "../wasm.ts";

/** What a machine's handlers depend on. */
export interface HandlerShape {
  /** Default size of operands and addresses, and size of the stack. */
  readonly codeBits: 16 | 32;
  readonly model: ProcessorModel;
  readonly takesTurns: boolean;
}

/** Parameters, by other names than in a region: four bytes from the last byte of the opcode on, and where it begins. */
export const BYTES = 0;
export const PLACE = 2;

/** Locals of a handler: the address of its memory operand, where the bytes after that begin, and a value. */
export const EFFECTIVE = FIRST_FREE;
export const AFTER = FIRST_FREE + 1;
export const VALUE = FIRST_FREE + 2;
/** Number of the segment that a prefix names, or in 16-bit code the address. */
export const SEGMENT = FIRST_FREE + 3;
/** Temporary vectors. */
export const FIRST_VECTOR = FIRST_FREE + 4;
const VECTORS = 3;
export const isVector = (local: number): boolean => local >= FIRST_VECTOR && local < FIRST_VECTOR + VECTORS;

// Types of functions, beyond those of regions.
export const HANDLER_TYPE = 0;
export const PAIR_TYPE = 5;
export const THREAD_TYPES = [...typesOf(PARAMETERS), { parameters: [I32, I32], results: [I32, I32] }];

/** The functions of the engine, by the numbers that they have in regions. */
export const THREAD_IMPORTS: readonly FunctionImport[] = [
  ...importsOf(false),
  /** (EIP, budget) -> as `away`; the page that it leads to is made ready. */
  { name: "leap", type: 1 },
  /** (EIP, budget) -> 1 if the page of the EIP, where all state is, is ready to be run in. Raises page faults. */
  { name: "page", type: 1 },
  /** (EIP, budget) -> 1 if code is compiled that begins at the EIP, where all state is, 0 if not, -1 to leave. */
  { name: "hot", type: 1 },
];
/** What the engine is asked without leaving. */
export const ASK_LEAP = importsOf(false).length;
export const ASK_PAGE = ASK_LEAP + 1;
export const ASK_HOT = ASK_LEAP + 2;

/** Numbers of the interpreter's own functions; the handlers follow. */
const OWN = THREAD_IMPORTS.length;
/** Those of flags.ts: three. */
export const CARRIES = OWN;
/** (four bytes from the opcode on, place of the SIB byte) -> address, place after it and its displacement. */
export const SCALED = OWN + 3;
/** (EXIT_*, budget, place): out of the interpreter. */
export const LEAVE = OWN + 4;
/** (any, budget, place): on to the page that the place would lie in, were it next to the one at hand. */
export const TURN = OWN + 5;
/** (any, budget, place): the next instruction cannot just follow, since the budget is used up or its page ends. */
export const PAUSE = OWN + 6;
/** (any, budget, place): an instruction has retired and leads there. */
export const BRANCH = OWN + 7;
/** (any, budget, place): a place that has been come to many times. */
export const HOT = OWN + 8;
/** (any, budget, place): into the interpreter. */
export const START = OWN + 9;
/** (place that it comes from, budget, place): the same in another code segment, which CS says already. */
export const FAR = OWN + 10;
/** (any, budget, place): the instruction is the engine's, and what it leads to is gone on with here. */
export const LEAP = OWN + 11;
export const FIRST_HANDLER = OWN + 12;
