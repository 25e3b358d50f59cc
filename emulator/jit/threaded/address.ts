/**
 * Addresses that are read from an instruction's bytes when it runs (SDM 2A, 2.1.5). What a ModRM byte says is in a
 * table in the machine's memory, one for addresses of 32 bits and one for those of 16; where a SIB byte follows, a
 * function of its own takes over.
 */
import { DS, EBP, EBX, EDI, ESI, ESP, SS, THREAD_MODRM, THREAD_MODRM16, ZERO } from "../../cpu/layout.ts";
import type { Code } from "../wasm.ts";
import { OP } from "../wasm.ts";
import { AFTER, BYTES, EFFECTIVE, PLACE, SCALED, SEGMENT, VALUE } from "./parts.ts";

const HAS_SIB = 1 << 31;
const HAS_DISPLACEMENT = 1 << 30;
const MODRM_BYTES = 256;

/** Displacements have 1 or 4 bytes: how far one read as four is to be shifted up and down again. */
function modrmEntry(modrm: number): number {
  const mod = modrm >> 6;
  const rm = modrm & 7;
  if (mod === 3) return 0;
  if (rm === ESP) return HAS_SIB;
  const isAbsolute = mod === 0 && rm === EBP;
  const bytes = isAbsolute || mod === 2 ? 4 : mod;
  const base = isAbsolute ? ZERO : rm;
  return (4 * base) | ((bytes === 1 ? 24 : 0) << 8) | (bytes << 16) | (bytes === 0 ? 0 : HAS_DISPLACEMENT);
}

/** What each r/m of a 16-bit address adds up. */
const PAIRS: readonly (readonly [base: number, index: number])[] = [
  [EBX, ESI],
  [EBX, EDI],
  [EBP, ESI],
  [EBP, EDI],
  [ESI, ZERO],
  [EDI, ZERO],
  [EBP, ZERO],
  [EBX, ZERO],
];

/** The same of 16 bits, with the segment that the address is in unless a prefix names one. */
function modrm16Entry(modrm: number): number {
  const mod = modrm >> 6;
  const rm = modrm & 7;
  if (mod === 3) return 0;
  const isAbsolute = mod === 0 && rm === 6;
  const [base, index] = isAbsolute ? [ZERO, ZERO] : PAIRS[rm]!;
  const bytes = isAbsolute ? 2 : mod;
  const displacement = bytes === 0 ? 0 : HAS_DISPLACEMENT | ((32 - 8 * bytes) << 18);
  return (4 * base) | ((4 * index) << 8) | (bytes << 16) | displacement | ((base === EBP ? SS : DS) << 24);
}

/** Writes the tables. */
export function writeModrmTables(words: Int32Array): void {
  for (let modrm = 0; modrm < MODRM_BYTES; modrm++) {
    words[(THREAD_MODRM >>> 2) + modrm] = modrmEntry(modrm);
    words[(THREAD_MODRM16 >>> 2) + modrm] = modrm16Entry(modrm);
  }
}

/**
 * Pushes the displacement by the row of the table in VALUE, and sets AFTER. `lengthMask`: of the bytes after the ModRM
 * byte, at bit 16; `unusedShift`: where the row says how many bits of four bytes are none of the displacement's.
 */
function pushDisplacement(c: Code, at: number, lengthMask: number, unusedShift: number): void {
  const pushUnused = (): void => void c.get(VALUE).const(unusedShift).op(OP.shr_u);
  c.get(PLACE)
    .get(VALUE)
    .const(16)
    .op(OP.shr_u)
    .const(lengthMask)
    .op(OP.and)
    .op(OP.add)
    .const(at + 1)
    .op(OP.add)
    .set(AFTER);
  c.get(PLACE).load(4, at + 1);
  pushUnused();
  c.op(OP.shl);
  pushUnused();
  c.op(OP.shr_s).get(VALUE).const(1).op(OP.shl).const(31).op(OP.shr_s).op(OP.and);
}

/** Sets EFFECTIVE, AFTER and SEGMENT for an address of 16 bits. The ModRM byte as below. */
export function emitAddress16(c: Code, at: number): void {
  const pushRegister = (shift: number): void =>
    void c.get(VALUE).const(shift).op(OP.shr_u).const(0xff).op(OP.and).load(4, 0);
  c.get(BYTES).const(6).op(OP.shr_u).const(0x3fc).op(OP.and).load(4, THREAD_MODRM16).set(VALUE);
  pushDisplacement(c, at, 3, 18);
  pushRegister(0);
  c.op(OP.add);
  pushRegister(8);
  c.op(OP.add).const(0xffff).op(OP.and).set(EFFECTIVE);
  c.get(VALUE).const(24).op(OP.shr_u).const(7).op(OP.and).set(SEGMENT);
}

/** Sets SEGMENT for an address of 32 bits: SS where its base is ESP or EBP. */
export function emitSegment32(c: Code): void {
  const pushField = (shift: number, mask: number): void =>
    void c.get(BYTES).const(shift).op(OP.shr_u).const(mask).op(OP.and);
  // The base: in the SIB byte where there is one.
  pushField(16, 7);
  pushField(8, 7);
  pushField(8, 7);
  c.const(ESP).op(OP.eq).op(OP.select).set(VALUE);
  c.const(SS).const(DS);
  c.get(VALUE).const(ESP).op(OP.eq);
  c.get(VALUE).const(EBP).op(OP.eq);
  pushField(14, 3);
  c.const(0).op(OP.ne).op(OP.and).op(OP.or).op(OP.select).set(SEGMENT);
}

/** Sets EFFECTIVE and AFTER. The ModRM byte is the second of BYTES and lies `at` bytes behind PLACE. */
export function emitAddress(c: Code, at: number): void {
  c.get(BYTES).const(6).op(OP.shr_u).const(0x3fc).op(OP.and).load(4, THREAD_MODRM).tee(VALUE).const(0).op(OP.lt_s).if();
  c.get(BYTES)
    .get(PLACE)
    .const(at + 1)
    .op(OP.add)
    .call(SCALED)
    .set(AFTER)
    .set(EFFECTIVE);
  c.else();
  pushDisplacement(c, at, 7, 8);
  c.get(VALUE).const(0xff).op(OP.and).load(4, 0).op(OP.add).set(EFFECTIVE).end();
}

/** The body of SCALED. */
export function scaledFunction(c: Code): void {
  const [bytes, at, address, mod] = [0, 1, 2, 3];
  const pushSib = (): void => void c.get(at).load(1, 0);
  c.get(bytes).const(14).op(OP.shr_u).const(3).op(OP.and).set(mod);
  // ESP is no index.
  pushSib();
  c.const(0x38)
    .op(OP.and)
    .const(ESP << 3)
    .op(OP.eq)
    .ifValue();
  c.const(0).else();
  pushSib();
  c.const(1).op(OP.shr_u).const(0x1c).op(OP.and).load(4, 0);
  pushSib();
  c.const(6).op(OP.shr_u).op(OP.shl).end().set(address);
  pushSib();
  c.const(7).op(OP.and).const(EBP).op(OP.eq).get(mod).op(OP.eqz).op(OP.and).if();
  c.get(address).get(at).load(4, 1).op(OP.add).get(at).const(5).op(OP.add).op(OP.return).end();
  c.get(address);
  pushSib();
  c.const(2).op(OP.shl).const(0x1c).op(OP.and).load(4, 0).op(OP.add).set(address);
  c.get(mod).op(OP.eqz).if();
  c.get(address).get(at).const(1).op(OP.add).op(OP.return).end();
  c.get(mod).const(1).op(OP.eq).if();
  c.get(address).get(at).load(1, 1).op(OP.extend8_s).op(OP.add).get(at).const(2).op(OP.add).op(OP.return).end();
  c.get(address).get(at).load(4, 1).op(OP.add).get(at).const(5).op(OP.add).end();
}
