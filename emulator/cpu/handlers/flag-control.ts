/** Instructions on single flags (SDM volume 1, 7.3.13). CLI, STI and HLT are in system.ts. */
import { AF, arithmeticFlags, CF, DF, getCarry, PF, SF, setArithmeticFlags, setCarry, ZF } from "../flags.ts";
import type { Builders } from "../instruction.ts";
import { EFLAGS } from "../layout.ts";

/** AH and AL in the byte view of the registers. */
const AH = 1;
const AL = 0;

const SAHF_MASK = SF | ZF | AF | PF | CF;

export const FLAG_CONTROL = {
  clc:
    ({ s }) =>
    () =>
      setCarry(s, false),
  stc:
    ({ s }) =>
    () =>
      setCarry(s, true),
  cmc:
    ({ s }) =>
    () =>
      setCarry(s, !getCarry(s)),
  cld:
    ({ s }) =>
    () =>
      void (s[EFLAGS]! &= ~DF),
  std:
    ({ s }) =>
    () =>
      void (s[EFLAGS]! |= DF),
  lahf:
    ({ s, r8 }) =>
    () =>
      void (r8[AH] = (arithmeticFlags(s) & 0xff) | 2),
  sahf:
    ({ s, r8 }) =>
    () =>
      setArithmeticFlags(s, (arithmeticFlags(s) & ~SAHF_MASK) | (r8[AH]! & SAHF_MASK)),
  salc:
    ({ s, r8 }) =>
    () =>
      void (r8[AL] = getCarry(s) ? 0xff : 0),
} satisfies Builders;
