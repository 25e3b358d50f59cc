/**
 * Loops that wait for a device: they read a status port until a bit of it changes, and many count down to a timeout.
 * As long as no timer fires and nothing is written, each turn is like the one before, so the turns up to the end of the
 * run are taken all at once: registers, flags and the count of instructions are what they would be. A firmware spends
 * most of its instructions in such loops.
 */
import type { Core } from "./core.ts";
import { dec32 } from "./flags.ts";
import { BASE, CS, EAX, ECX } from "./layout.ts";
import { MODE_CODE32 } from "./state.ts";

const PAGE_MASK = 0xfff;
/** Instructions of the longest loop: IN, TEST, a jump out of it, DEC and the jump back. */
const MOST_INSTRUCTIONS = 5;
/** Their bytes, with the prefix that a 32-bit DEC has in 16-bit code. */
const MOST_BYTES = 10;
const NO_COUNTER = -1;

// Opcodes (SDM volume 2, A.3).
const AND_AL = 0x24;
const CMP_AL = 0x3c;
const DEC_R32 = 0x48;
const OPERAND_SIZE = 0x66;
const JZ = 0x74;
const JNZ = 0x75;
const LOOPNE = 0xe0;
const LOOPE = 0xe1;
const TEST_AL = 0xa8;
const IN_AL_IMM8 = 0xe4;
const IN_AL_DX = 0xec;

interface Loop {
  readonly instructions: number;
  /** The register that counts down to 0, or NO_COUNTER. */
  readonly counter: number;
  /** LOOP counts: in the bits that an address has, and without flags. */
  readonly isLoop: boolean;
}

/**
 * The loop that the code at an offset is which begins with an IN, and which goes on after the IN has read this value.
 * Null where it ends, and for other code.
 */
function loopIn(memory: Uint8Array, start: number, value: number, isCode32: boolean): Loop | null {
  let at = start + (memory[start] === IN_AL_DX ? 1 : 2);
  if (memory[start] !== IN_AL_DX && memory[start] !== IN_AL_IMM8) return null;
  const test = memory[at];
  const operand = memory[at + 1]!;
  const jump = memory[at + 2];
  if (test !== AND_AL && test !== TEST_AL && test !== CMP_AL) return null;
  const isZero = test === CMP_AL ? value === operand : (value & operand) === 0;
  const leadsBack = (end: number): boolean => end + ((memory[end - 1]! << 24) >> 24) === start;
  at += 4;
  if (jump === LOOPE || jump === LOOPNE)
    return isZero === (jump === LOOPE) && leadsBack(at) ? { instructions: 3, counter: ECX, isLoop: true } : null;
  if (jump !== JZ && jump !== JNZ) return null;
  if (isZero === (jump === JZ)) return leadsBack(at) ? { instructions: 3, counter: NO_COUNTER, isLoop: false } : null;
  if (!isCode32 && memory[at++] !== OPERAND_SIZE) return null;
  const counter = memory[at++]! - DEC_R32;
  if (counter <= EAX || counter > 7 || memory[at] !== JNZ) return null;
  return leadsBack(at + 2) ? { instructions: MOST_INSTRUCTIONS, counter, isLoop: false } : null;
}

/** What the last IN of a byte has read, and when. */
export class Waiting {
  readonly #core: Core;
  #port = -1;
  #value = -1;
  #retired = -1;

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * For an IN at this EIP that has read a port and has not changed AL yet: takes the turns after which it would read
   * the same.
   */
  read(eip: number, port: number, value: number): void {
    if (this.isSoon(port) && value === this.#value) this.#repeat(eip, this.#core.retired - this.#retired);
    this.note(port, value);
  }

  /** Whether the port reads the same until something happens. */
  mayWait(port: number): boolean {
    return this.#core.bus.isSteadyPort?.(port) === true;
  }

  /** Whether an IN that is to be executed reads the port of the last one, at most a turn of a loop later. */
  isSoon(port: number): boolean {
    return port === this.#port && this.#core.retired - this.#retired <= MOST_INSTRUCTIONS;
  }

  /** For an IN that is none of a known loop yet. */
  note(port: number, value: number): void {
    this.#port = port;
    this.#value = value;
    this.#retired = this.#core.retired;
  }

  #repeat(eip: number, instructions: number): void {
    const core = this.#core;
    const { s, mmu, memory } = core;
    if (core.stepping || core.isAttended || core.isProbed || !this.mayWait(this.#port)) return;
    const offset = mmu.fetchOffset((s[BASE + CS]! + eip) | 0);
    if (offset === 0 || (offset & PAGE_MASK) > PAGE_MASK - MOST_BYTES) return;
    const isCode32 = (core.state.modeKey & MODE_CODE32) !== 0;
    const loop = loopIn(memory.bytes, offset, this.#value, isCode32);
    // That it came here by a whole turn says that the flags are those of a turn.
    if (loop === null || loop.instructions !== instructions) return;
    const { counter, isLoop } = loop;
    const countMask = isLoop && !isCode32 ? 0xffff : -1;
    const budget = Math.floor((core.remaining - core.index - 1) / instructions);
    // The turn that counts to 0 is left to itself.
    const turns = counter === NO_COUNTER ? budget : Math.min(budget, ((s[counter]! & countMask) >>> 0) - 1);
    if (turns <= 0) return;
    if (isLoop) s[counter]! -= turns;
    else if (counter !== NO_COUNTER) s[counter] = dec32(s, (s[counter]! - turns + 1) | 0);
    core.remaining -= turns * instructions;
    core.counters.portReads += turns;
  }
}
