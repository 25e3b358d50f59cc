/** Decimal adjustment (SDM volume 1, 7.3.5): packed and unpacked BCD in AL and AX. */
import { DIVIDE_ERROR, raise } from "../exceptions.ts";
import { AF, arithmeticFlags, CF, getAdjust, getCarry, logic8, setArithmeticFlags } from "../flags.ts";
import type { Builder, Builders } from "../instruction.ts";

/** AL, AH and AX: indices into the byte and word views of the registers. */
const AL = 0;
const AH = 1;
const AX = 0;

/** DAA (`sign` 1) and DAS (-1). */
function adjustPacked(sign: 1 | -1): Builder {
  return ({ s, r8 }) =>
    () => {
      const old = r8[AL]!;
      const oldCarry = getCarry(s);
      let al = old;
      let carry = false;
      const half = (old & 15) > 9 || getAdjust(s);
      if (half) {
        al += sign * 6;
        carry = oldCarry || al < 0 || al > 0xff;
      }
      if (old > 0x99 || oldCarry) {
        al += sign * 0x60;
        carry = true;
      } else if (sign === 1) carry = false;
      r8[AL] = al;
      logic8(s, al & 0xff);
      setArithmeticFlags(s, arithmeticFlags(s) | (carry ? CF : 0) | (half ? AF : 0));
    };
}

/** AAA (`sign` 1) and AAS (-1). ZF, SF and PF are undefined and follow AL, OF is cleared. */
function adjustUnpacked(sign: 1 | -1): Builder {
  return ({ s, r8, r16 }) =>
    () => {
      const adjust = (r8[AL]! & 15) > 9 || getAdjust(s);
      if (adjust) r16[AX] = r16[AX]! + sign * 0x106;
      r8[AL] = r8[AL]! & 15;
      logic8(s, r8[AL]!);
      if (adjust) setArithmeticFlags(s, arithmeticFlags(s) | CF | AF);
    };
}

export const DECIMAL = {
  daa: adjustPacked(1),
  das: adjustPacked(-1),
  aaa: adjustUnpacked(1),
  aas: adjustUnpacked(-1),
  aam:
    ({ s, r8 }, { immediate }) =>
    () => {
      if (immediate === 0) raise(DIVIDE_ERROR);
      r8[AH] = r8[AL]! / immediate;
      r8[AL] = r8[AL]! % immediate;
      logic8(s, r8[AL]!);
    },
  aad:
    ({ s, r8, r16 }, { immediate }) =>
    () => {
      r16[AX] = (r8[AL]! + r8[AH]! * immediate) & 0xff;
      logic8(s, r8[AL]!);
    },
} satisfies Builders;
