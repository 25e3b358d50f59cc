/**
 * Addresses of 32 bits that are read from an instruction's bytes when it runs (SDM 2A, 2.1.5). What a ModRM byte says is
 * in a table in the machine's memory; where a SIB byte follows, a function of its own takes over.
 */
import { EBP, ESP, THREAD_MODRM, ZERO } from "../../cpu/layout.ts";
import type { Code } from "../wasm.ts";
import { OP } from "../wasm.ts";
import { AFTER, BYTES, EFFECTIVE, PLACE, SCALED, VALUE } from "./parts.ts";

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

/** Writes the table. */
export function writeModrmTable(words: Int32Array): void {
  for (let modrm = 0; modrm < MODRM_BYTES; modrm++) words[(THREAD_MODRM >>> 2) + modrm] = modrmEntry(modrm);
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
  c.get(PLACE)
    .get(VALUE)
    .const(16)
    .op(OP.shr_u)
    .const(7)
    .op(OP.and)
    .op(OP.add)
    .const(at + 1)
    .op(OP.add)
    .set(AFTER);
  c.get(PLACE)
    .load(4, at + 1)
    .get(VALUE)
    .const(8)
    .op(OP.shr_u)
    .op(OP.shl)
    .get(VALUE)
    .const(8)
    .op(OP.shr_u)
    .op(OP.shr_s);
  c.get(VALUE).const(1).op(OP.shl).const(31).op(OP.shr_s).op(OP.and);
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
