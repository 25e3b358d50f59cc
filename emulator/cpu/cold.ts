/**
 * Runs code that is new, byte by byte: nothing is kept of it, so it costs nothing to decode, and nothing to forget when
 * it is overwritten. Most code of a start-up runs once, and code that a guest generates may never run twice. Only the
 * common instructions of flat 32-bit code are here, each with the same functions for memory and flags as its handler
 * (handlers/); everything else is left to a block.
 *
 * Between two instructions EIP, `remaining` and all other state are up to date, so faults need no way back.
 */
import type { Block } from "./block.ts";
import { BRANCH } from "./branches.ts";
import type { CodeCache } from "./code-cache.ts";
import type { Core } from "./core.ts";
import { byteRegister } from "./core.ts";
import { GENERAL_PROTECTION, raise } from "./exceptions.ts";
import {
  adc8,
  adc32,
  add8,
  add32,
  dec32,
  getCarry,
  getOverflow,
  getParity,
  getSign,
  getZero,
  imul32,
  inc32,
  logic8,
  logic32,
  rol32,
  ror32,
  sar32,
  sbb8,
  sbb32,
  setResult,
  shl32,
  shr32,
  sub8,
  sub32,
} from "./flags.ts";
import { multiplyHigh } from "./handlers/arithmetic.ts";
import { BASE, CS, EAX, EBP, ECX, EDX, EIP, ESP, LIMIT } from "./layout.ts";

const PAGE_MASK = 0xfff;
/** An instruction that might reach into the next page is left to a block. */
const LAST_START = 4096 - 15;

/** The condition of Jcc, SETcc and CMOVcc. */
function holds(s: Int32Array, condition: number): boolean {
  switch (condition) {
    case 0:
      return getOverflow(s);
    case 1:
      return !getOverflow(s);
    case 2:
      return getCarry(s);
    case 3:
      return !getCarry(s);
    case 4:
      return getZero(s);
    case 5:
      return !getZero(s);
    case 6:
      return getCarry(s) || getZero(s);
    case 7:
      return !getCarry(s) && !getZero(s);
    case 8:
      return getSign(s);
    case 9:
      return !getSign(s);
    case 10:
      return getParity(s);
    case 11:
      return !getParity(s);
    case 12:
      return getSign(s) !== getOverflow(s);
    case 13:
      return getSign(s) === getOverflow(s);
    case 14:
      return getZero(s) || getSign(s) !== getOverflow(s);
    default:
      return !getZero(s) && getSign(s) === getOverflow(s);
  }
}

/** The eight operations of opcodes 00-3F and group 1, by number; 7 is CMP. */
function binary32(s: Int32Array, operation: number, a: number, b: number): number {
  switch (operation) {
    case 0:
      return add32(s, a, b);
    case 1:
      return logic32(s, a | b);
    case 2:
      return adc32(s, a, b);
    case 3:
      return sbb32(s, a, b);
    case 4:
      return logic32(s, a & b);
    case 6:
      return logic32(s, a ^ b);
    default:
      return sub32(s, a, b);
  }
}

function binary8(s: Int32Array, operation: number, a: number, b: number): number {
  switch (operation) {
    case 0:
      return add8(s, a, b);
    case 1:
      return logic8(s, a | b);
    case 2:
      return adc8(s, a, b);
    case 3:
      return sbb8(s, a, b);
    case 4:
      return logic8(s, a & b);
    case 6:
      return logic8(s, a ^ b);
    default:
      return sub8(s, a, b);
  }
}

const COMPARE = 7;

/** Whether group 2 has the operation here: ROL, ROR, SHL, SHR, SAR. */
const isShift = (operation: number): boolean => operation < 2 || operation === 4 || operation === 5 || operation === 7;

function shift32(s: Int32Array, operation: number, value: number, count: number): number {
  switch (operation) {
    case 0:
      return rol32(s, value, count);
    case 1:
      return ror32(s, value, count);
    case 4:
      return shl32(s, value, count);
    case 5:
      return shr32(s, value, count);
    default:
      return sar32(s, value, count);
  }
}

export class ColdRunner {
  readonly #core: Core;
  readonly #code: CodeCache;
  /** Where the next byte of the instruction lies in the machine's memory. */
  #at = 0;
  /** Of the code segment, unsigned. */
  #limit = 0;

  constructor(core: Core, code: CodeCache) {
    this.#core = core;
    this.#code = code;
  }

  /**
   * Runs from EIP on until it comes to code that has a block, or is to get one: that is returned. Null when something
   * wants the run loop's attention, or the limit is reached. Raises what an instruction raises, with EIP at it.
   */
  run(): Block | null {
    const core = this.#core;
    const code = this.#code;
    const { s } = core;
    core.end = 1;
    core.link = null;
    for (;;) {
      const eip = s[EIP]!;
      const block = code.seek(eip);
      if (block !== null) return block;
      if (!this.#straight(eip, code.coldOffset)) return code.once(s[EIP]!);
      if (core.end === 0 || core.remaining <= 0) return null;
    }
  }

  /** Runs instructions until one goes elsewhere or the run ends. False in front of one that is not for here. */
  #straight(start: number, offset: number): boolean {
    const core = this.#core;
    const { s } = core;
    /** What to add to an offset to get its EIP. */
    const delta = (start - offset) | 0;
    /** The page's last byte at which an instruction may begin. */
    const page = (offset & ~PAGE_MASK) + LAST_START;
    this.#limit = s[LIMIT + CS]! >>> 0;
    const last = Math.min(page, offset + (this.#limit - (start >>> 0)) - 15);
    let at = offset;
    for (;;) {
      if (at > last) return false;
      this.#at = at + 1;
      const step = this.#execute(core.memory.bytes[at]!, delta);
      if (step === UNKNOWN) return false;
      if (step === STRAIGHT) {
        at = this.#at;
        s[EIP] = (at + delta) | 0;
      } else core.branches.note(BRANCH, (at + delta) | 0, s[EIP]!, s[BASE + CS]!);
      core.remaining--;
      if (step === AWAY || core.end === 0 || core.remaining <= 0) return true;
    }
  }

  #immediate32(): number {
    const at = this.#at;
    this.#at = at + 4;
    return this.#core.memory.view.getInt32(at, true);
  }

  #immediate8(): number {
    return (this.#core.memory.bytes[this.#at++]! << 24) >> 24;
  }

  /** Linear address of the memory operand of the ModRM byte before `at`. */
  #address(modrm: number): number {
    const { s, memory } = this.#core;
    const mod = modrm >>> 6;
    let sum = 0;
    const rm = modrm & 7;
    if (rm === 4) {
      const sib = memory.bytes[this.#at++]!;
      const index = (sib >>> 3) & 7;
      const base = sib & 7;
      if (index !== 4) sum = s[index]! << (sib >>> 6);
      if (base === 5 && mod === 0) return (sum + this.#immediate32()) | 0;
      sum += s[base]!;
    } else if (rm === 5 && mod === 0) return this.#immediate32();
    else sum = s[rm]!;
    if (mod === 1) sum += this.#immediate8();
    else if (mod === 2) sum += this.#immediate32();
    return sum | 0;
  }

  #push(value: number): void {
    const { s, mmu } = this.#core;
    const esp = (s[ESP]! - 4) | 0;
    mmu.write32(esp, value);
    s[ESP] = esp;
  }

  #pop(): number {
    const { s, mmu } = this.#core;
    const value = mmu.read32(s[ESP]!);
    s[ESP] = s[ESP]! + 4;
    return value;
  }

  /** Of what was read from memory, which may be a device's: a block must not read it again. */
  #checkTarget(target: number): void {
    if (target >>> 0 > this.#limit) raise(GENERAL_PROTECTION, 0);
  }

  #branch(taken: boolean, distance: number, delta: number): number {
    if (!taken) return STRAIGHT;
    const target = (this.#at + delta + distance) | 0;
    if (target >>> 0 > this.#limit) return UNKNOWN;
    this.#core.s[EIP] = target;
    return AWAY;
  }

  /**
   * Group 1 and its like on 32 bits; the source of a memory destination is in hand before the destination is looked at.
   */
  #modify32(operation: number, modrm: number, linear: number, value: number): void {
    const { s, mmu } = this.#core;
    if (modrm >= 0xc0) {
      const result = binary32(s, operation, s[modrm & 7]!, value);
      if (operation !== COMPARE) s[modrm & 7] = result;
    } else if (operation === COMPARE) sub32(s, mmu.read32(linear), value);
    else {
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, binary32(s, operation, mmu.read32(linear), value));
    }
  }

  #modify8(operation: number, modrm: number, linear: number, value: number): void {
    const { s, r8, mmu } = this.#core;
    if (modrm >= 0xc0) {
      const register = byteRegister(modrm & 7);
      const result = binary8(s, operation, r8[register]!, value);
      if (operation !== COMPARE) r8[register] = result;
    } else if (operation === COMPARE) sub8(s, mmu.read8(linear), value);
    else {
      mmu.probeWrite(linear, 1);
      mmu.write8(linear, binary8(s, operation, mmu.read8(linear), value));
    }
  }

  #readModrm32(modrm: number): number {
    return modrm >= 0xc0 ? this.#core.s[modrm & 7]! : this.#core.mmu.read32(this.#address(modrm));
  }

  #readModrm8(modrm: number): number {
    const { r8, mmu } = this.#core;
    return modrm >= 0xc0 ? r8[byteRegister(modrm & 7)]! : mmu.read8(this.#address(modrm));
  }

  /** One instruction, whose opcode was at `at - 1`. `delta` is added to an offset to get an EIP. */
  #execute(opcode: number, delta: number): number {
    const core = this.#core;
    const { s, r8, mmu, memory } = core;
    if (opcode < 0x40)
      return (opcode & 7) < 6 ? this.#arithmetic(opcode) : opcode === 0x0f ? this.#twoBytes(delta) : UNKNOWN;
    switch (opcode >>> 3) {
      case 0x08:
        s[opcode & 7] = inc32(s, s[opcode & 7]!);
        return STRAIGHT;
      case 0x09:
        s[opcode & 7] = dec32(s, s[opcode & 7]!);
        return STRAIGHT;
      case 0x0a:
        this.#push(s[opcode & 7]!);
        return STRAIGHT;
      case 0x0b: {
        const value = this.#pop();
        s[opcode & 7] = value;
        return STRAIGHT;
      }
      case 0x0e:
      case 0x0f: {
        const distance = this.#immediate8();
        return this.#branch(holds(s, opcode & 15), distance, delta);
      }
      case 0x16:
        r8[byteRegister(opcode & 7)] = memory.bytes[this.#at++]!;
        return STRAIGHT;
      case 0x17:
        s[opcode & 7] = this.#immediate32();
        return STRAIGHT;
    }
    switch (opcode) {
      case 0x66:
        return this.#wordMove();
      case 0x68:
        this.#push(this.#immediate32());
        return STRAIGHT;
      case 0x6a:
        this.#push(this.#immediate8());
        return STRAIGHT;
      case 0x69:
      case 0x6b: {
        const modrm = memory.bytes[this.#at++]!;
        const value = this.#readModrm32(modrm);
        s[(modrm >>> 3) & 7] = imul32(s, value, opcode === 0x69 ? this.#immediate32() : this.#immediate8());
        return STRAIGHT;
      }
      case 0x80:
      case 0x81:
      case 0x83: {
        const modrm = memory.bytes[this.#at++]!;
        const linear = modrm >= 0xc0 ? 0 : this.#address(modrm);
        if (opcode === 0x80) this.#modify8((modrm >>> 3) & 7, modrm, linear, memory.bytes[this.#at++]!);
        else
          this.#modify32((modrm >>> 3) & 7, modrm, linear, opcode === 0x81 ? this.#immediate32() : this.#immediate8());
        return STRAIGHT;
      }
      case 0x84: {
        const modrm = memory.bytes[this.#at++]!;
        logic8(s, this.#readModrm8(modrm) & r8[byteRegister((modrm >>> 3) & 7)]!);
        return STRAIGHT;
      }
      case 0x85: {
        const modrm = memory.bytes[this.#at++]!;
        logic32(s, this.#readModrm32(modrm) & s[(modrm >>> 3) & 7]!);
        return STRAIGHT;
      }
      case 0x88: {
        const modrm = memory.bytes[this.#at++]!;
        const value = r8[byteRegister((modrm >>> 3) & 7)]!;
        if (modrm >= 0xc0) r8[byteRegister(modrm & 7)] = value;
        else mmu.write8(this.#address(modrm), value);
        return STRAIGHT;
      }
      case 0x89: {
        const modrm = memory.bytes[this.#at++]!;
        const value = s[(modrm >>> 3) & 7]!;
        if (modrm >= 0xc0) s[modrm & 7] = value;
        else mmu.write32(this.#address(modrm), value);
        return STRAIGHT;
      }
      case 0x8a: {
        const modrm = memory.bytes[this.#at++]!;
        r8[byteRegister((modrm >>> 3) & 7)] = this.#readModrm8(modrm);
        return STRAIGHT;
      }
      case 0x8b: {
        const modrm = memory.bytes[this.#at++]!;
        s[(modrm >>> 3) & 7] = this.#readModrm32(modrm);
        return STRAIGHT;
      }
      case 0x8d: {
        const modrm = memory.bytes[this.#at++]!;
        if (modrm >= 0xc0) return UNKNOWN;
        s[(modrm >>> 3) & 7] = this.#address(modrm);
        return STRAIGHT;
      }
      case 0x90:
        return STRAIGHT;
      case 0x99:
        s[EDX] = s[EAX]! >> 31;
        return STRAIGHT;
      case 0xa0:
        r8[byteRegister(EAX)] = mmu.read8(this.#immediate32());
        return STRAIGHT;
      case 0xa1:
        s[EAX] = mmu.read32(this.#immediate32());
        return STRAIGHT;
      case 0xa2:
        mmu.write8(this.#immediate32(), r8[byteRegister(EAX)]!);
        return STRAIGHT;
      case 0xa3:
        mmu.write32(this.#immediate32(), s[EAX]!);
        return STRAIGHT;
      case 0xa8:
        logic8(s, r8[byteRegister(EAX)]! & memory.bytes[this.#at++]!);
        return STRAIGHT;
      case 0xa9:
        logic32(s, s[EAX]! & this.#immediate32());
        return STRAIGHT;
      case 0xc1:
      case 0xd1:
      case 0xd3:
        return this.#shift(opcode);
      case 0xc2:
      case 0xc3: {
        const release = opcode === 0xc2 ? memory.view.getUint16(this.#at, true) : 0;
        const target = mmu.read32(s[ESP]!);
        this.#checkTarget(target);
        s[EIP] = target;
        s[ESP] = s[ESP]! + 4 + release;
        return AWAY;
      }
      case 0xc6:
      case 0xc7: {
        const modrm = memory.bytes[this.#at++]!;
        if ((modrm & 0x38) !== 0 || modrm >= 0xc0) return UNKNOWN;
        const linear = this.#address(modrm);
        if (opcode === 0xc6) mmu.write8(linear, memory.bytes[this.#at++]!);
        else mmu.write32(linear, this.#immediate32());
        return STRAIGHT;
      }
      case 0xc9: {
        const ebp = s[EBP]!;
        const value = mmu.read32(ebp);
        s[ESP] = ebp + 4;
        s[EBP] = value;
        return STRAIGHT;
      }
      case 0xe2: {
        const distance = this.#immediate8();
        const step = this.#branch(s[ECX] !== 1, distance, delta);
        if (step !== UNKNOWN) s[ECX] = s[ECX]! - 1;
        return step;
      }
      case 0xe8: {
        const distance = this.#immediate32();
        const next = (this.#at + delta) | 0;
        if ((next + distance) >>> 0 > this.#limit) return UNKNOWN;
        this.#push(next);
        return this.#branch(true, distance, delta);
      }
      case 0xe9: {
        const distance = this.#immediate32();
        return this.#branch(true, distance, delta);
      }
      case 0xeb: {
        const distance = this.#immediate8();
        return this.#branch(true, distance, delta);
      }
      case 0xf6:
      case 0xf7:
        return this.#unary(opcode);
      case 0xfe:
      case 0xff:
        return this.#incrementOrGo(opcode, delta);
      default:
        return UNKNOWN;
    }
  }

  /** 00-3F but for the columns 6 and 7. */
  #arithmetic(opcode: number): number {
    const { s, r8, memory } = this.#core;
    const operation = opcode >>> 3;
    const form = opcode & 7;
    if (form >= 4) {
      if (form === 4) this.#modify8(operation, 0xc0, 0, memory.bytes[this.#at++]!);
      else this.#modify32(operation, 0xc0, 0, this.#immediate32());
      return STRAIGHT;
    }
    const modrm = memory.bytes[this.#at++]!;
    const reg = (modrm >>> 3) & 7;
    switch (form) {
      case 0:
        this.#modify8(operation, modrm, modrm >= 0xc0 ? 0 : this.#address(modrm), r8[byteRegister(reg)]!);
        break;
      case 1:
        this.#modify32(operation, modrm, modrm >= 0xc0 ? 0 : this.#address(modrm), s[reg]!);
        break;
      case 2: {
        const result = binary8(s, operation, r8[byteRegister(reg)]!, this.#readModrm8(modrm));
        if (operation !== COMPARE) r8[byteRegister(reg)] = result;
        break;
      }
      default: {
        const result = binary32(s, operation, s[reg]!, this.#readModrm32(modrm));
        if (operation !== COMPARE) s[reg] = result;
      }
    }
    return STRAIGHT;
  }

  #shift(opcode: number): number {
    const { s, memory } = this.#core;
    const modrm = memory.bytes[this.#at++]!;
    const operation = (modrm >>> 3) & 7;
    if (modrm < 0xc0 || !isShift(operation)) return UNKNOWN;
    const count = (opcode === 0xc1 ? memory.bytes[this.#at++]! : opcode === 0xd1 ? 1 : s[ECX]!) & 31;
    if (count !== 0) s[modrm & 7] = shift32(s, operation, s[modrm & 7]!, count);
    return STRAIGHT;
  }

  /** After prefix 66: MOV of 16 bits. */
  #wordMove(): number {
    const { s, r16, mmu, memory } = this.#core;
    const opcode = memory.bytes[this.#at]!;
    if (opcode >= 0xb8 && opcode < 0xc0) {
      r16[2 * (opcode & 7)] = memory.view.getUint16(this.#at + 1, true);
      this.#at += 3;
      return STRAIGHT;
    }
    if (opcode !== 0x89 && opcode !== 0x8b && opcode !== 0xc7) return UNKNOWN;
    const modrm = memory.bytes[this.#at + 1]!;
    const reg = (modrm >>> 3) & 7;
    if (opcode === 0xc7 && (reg !== 0 || modrm >= 0xc0)) return UNKNOWN;
    this.#at += 2;
    const linear = modrm >= 0xc0 ? 0 : this.#address(modrm);
    if (opcode === 0x8b) r16[2 * reg] = modrm >= 0xc0 ? s[modrm & 7]! : mmu.read16(linear);
    else if (opcode === 0x89 && modrm >= 0xc0) r16[2 * (modrm & 7)] = s[reg]!;
    else if (opcode === 0x89) mmu.write16(linear, r16[2 * reg]!);
    else {
      mmu.write16(linear, memory.view.getUint16(this.#at, true));
      this.#at += 2;
    }
    return STRAIGHT;
  }

  /** Group 3: TEST, NOT, NEG and the wide multiplications. */
  #unary(opcode: number): number {
    const { s, memory } = this.#core;
    const modrm = memory.bytes[this.#at++]!;
    const operation = (modrm >>> 3) & 7;
    if (operation === 0) {
      // The immediate comes after the address.
      if (opcode === 0xf6) {
        const value = this.#readModrm8(modrm);
        logic8(s, value & memory.bytes[this.#at++]!);
      } else {
        const value = this.#readModrm32(modrm);
        logic32(s, value & this.#immediate32());
      }
      return STRAIGHT;
    }
    if (opcode === 0xf6) return UNKNOWN;
    if (operation === 4 || operation === 5) {
      const a = s[EAX]!;
      const b = this.#readModrm32(modrm);
      const low = Math.imul(a, b);
      const high = multiplyHigh(a, b, operation === 5);
      s[EAX] = low;
      s[EDX] = high;
      const overflow = high !== (operation === 5 ? low >> 31 : 0);
      setResult(s, low, overflow, overflow);
      return STRAIGHT;
    }
    if (modrm < 0xc0) return UNKNOWN;
    if (operation === 2) s[modrm & 7] = ~s[modrm & 7]!;
    else if (operation === 3) s[modrm & 7] = sub32(s, 0, s[modrm & 7]!);
    else return UNKNOWN;
    return STRAIGHT;
  }

  /** Groups 4 and 5: INC and DEC, indirect CALL and JMP, PUSH. */
  #incrementOrGo(opcode: number, delta: number): number {
    const { s, mmu, memory } = this.#core;
    const modrm = memory.bytes[this.#at++]!;
    const operation = (modrm >>> 3) & 7;
    if (opcode === 0xfe) return UNKNOWN;
    switch (operation) {
      case 0:
      case 1: {
        if (modrm >= 0xc0) {
          s[modrm & 7] = operation === 0 ? inc32(s, s[modrm & 7]!) : dec32(s, s[modrm & 7]!);
          return STRAIGHT;
        }
        const linear = this.#address(modrm);
        mmu.probeWrite(linear, 4);
        const value = mmu.read32(linear);
        mmu.write32(linear, operation === 0 ? inc32(s, value) : dec32(s, value));
        return STRAIGHT;
      }
      case 2: {
        const target = this.#readModrm32(modrm);
        this.#checkTarget(target);
        this.#push((this.#at + delta) | 0);
        s[EIP] = target;
        return AWAY;
      }
      case 4: {
        const target = this.#readModrm32(modrm);
        this.#checkTarget(target);
        s[EIP] = target;
        return AWAY;
      }
      case 6:
        this.#push(this.#readModrm32(modrm));
        return STRAIGHT;
      default:
        return UNKNOWN;
    }
  }

  /** Opcodes after 0F. */
  #twoBytes(delta: number): number {
    const { s, r8, mmu, memory } = this.#core;
    const opcode = memory.bytes[this.#at++]!;
    if ((opcode & 0xf0) === 0x80) {
      const distance = this.#immediate32();
      return this.#branch(holds(s, opcode & 15), distance, delta);
    }
    if ((opcode & 0xf8) === 0xc8) {
      const value = s[opcode & 7]!;
      s[opcode & 7] = (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
      return STRAIGHT;
    }
    const isSet = (opcode & 0xf0) === 0x90;
    if (!isSet && (opcode & 0xf0) !== 0x40 && (opcode & 0xf6) !== 0xb6 && opcode !== 0xaf) return UNKNOWN;
    const modrm = memory.bytes[this.#at++]!;
    const reg = (modrm >>> 3) & 7;
    if (isSet) {
      const value = holds(s, opcode & 15) ? 1 : 0;
      if (modrm >= 0xc0) r8[byteRegister(modrm & 7)] = value;
      else mmu.write8(this.#address(modrm), value);
    } else if (opcode < 0x50) {
      const value = this.#readModrm32(modrm);
      if (holds(s, opcode & 15)) s[reg] = value;
    } else if (opcode === 0xaf) s[reg] = imul32(s, s[reg]!, this.#readModrm32(modrm));
    else if ((opcode & 1) === 0)
      s[reg] = opcode === 0xb6 ? this.#readModrm8(modrm) : (this.#readModrm8(modrm) << 24) >> 24;
    else {
      const value = modrm >= 0xc0 ? s[modrm & 7]! & 0xffff : mmu.read16(this.#address(modrm));
      s[reg] = opcode === 0xb7 ? value : (value << 16) >> 16;
    }
    return STRAIGHT;
  }
}

// What became of an instruction.
/** It was done, and the next one follows. */
const STRAIGHT = 0;
/** It was done, and EIP says where it goes on. */
const AWAY = 1;
/** Nothing was done: it is not for here. */
const UNKNOWN = 2;
