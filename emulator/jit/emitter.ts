/**
 * What the operations of an instruction emit code through: guest registers, operands in the instruction's bytes, flags
 * and memory. A region knows these bytes when it is compiled (region-emitter.ts); the interpreter reads them when it
 * comes to the instruction (threaded/). What an instruction means is said once, for both.
 */
import type { DecodedInstruction } from "../cpu/instruction.ts";
import type { ProcessorModel } from "../cpu/model.ts";
import type { AccessEmitter } from "./access.ts";
import type { Bits, FlagEmitter } from "./flags.ts";
import type { Code } from "./wasm.ts";

export abstract class Emitter {
  abstract readonly c: Code;
  abstract readonly flags: FlagEmitter;
  abstract readonly access: AccessEmitter;
  /** PAUSE, and an XCHG with memory, may end the turn of one of several processors. */
  abstract readonly takesTurns: boolean;
  abstract readonly hasWideStack: boolean;
  /** It is known to run at CPL 3, where kernels' instructions need not be thought of. */
  abstract readonly isUser: boolean;
  /** CR0.PE is known to be set where `requireProtected` has looked. */
  abstract readonly isProtected: boolean;
  abstract readonly model: ProcessorModel;
  /** Limit of the code segment. */
  abstract readonly codeLimit: number;

  /** Pushes a guest register's 32 bits. */
  abstract getRegister(register: number): void;
  abstract setRegister(register: number): void;
  /** Pushes a register of a size, zero-extended. */
  abstract pushRegister(register: number, bits: Bits): void;
  /** Writes a register from what `push` pushes, which may have bits above the size. */
  abstract writeRegister(register: number, bits: Bits, push: () => void): void;
  /** Pushes four times the number that the instruction has for a register. */
  abstract pushNumber(register: number): void;
  /** Pushes where one of the registers lies that begin at `first` and have so many bytes, less the offset returned. */
  abstract pushPlace(register: number, first: number, bytes: number): number;
  /** The local of a temporary vector, by its number: 0 to 2. */
  abstract vector(number: number): number;
  /** Pushes an immediate that is read when the code runs, zero-extended unless it is said otherwise. */
  abstract pushImmediate(insn: DecodedInstruction, isSignExtended: boolean): void;
  /** Pushes the EIP of what follows the instruction. */
  abstract pushNext(insn: DecodedInstruction): void;
  /** Whether the address of the memory operand is known to begin with ESP. */
  abstract isThroughStack(insn: DecodedInstruction): boolean;
  /** Takes the slow path where it may, if that is not known. */
  abstract requireNotThroughStack(insn: DecodedInstruction): void;
  /** Takes the slow path where CR0.PE is clear, if that is not known. */
  abstract requireProtected(): void;
  /** Pushes how many instructions may be run after this one, or fewer. */
  abstract pushBudgetAfter(): void;
  /** RDTSC: pushes the lower half; the upper one is in JIT_VALUE. */
  abstract timestamp(): void;
  /**
   * Calls a function of the engine that is told the budget last of all and answers as OUT does (imports.ts); `accept`
   * takes over what it has done.
   */
  abstract device(insn: DecodedInstruction, call: number, pushArguments: () => void, accept: () => void): void;
  /** A repeated instruction has got so far, registers, flags and BUDGET say how far, and is to be gone on with. */
  abstract repeatOn(): void;
}

/** Pushes a dword of the processor's state, by its slot (cpu/layout.ts). */
export const pushState = (t: Emitter, slot: number): void => void t.c.const(0).load(4, 4 * slot);
