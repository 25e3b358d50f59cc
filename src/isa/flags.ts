/**
 * What instructions do to the status flags, by semantic name: for the JIT, which computes only flags that are read, and
 * for the differential tests, which must not compare undefined ones. Intel SDM 1, appendix A.
 *
 * A row is `semantics : read : written : undefined`, with O S Z A P C of the status flags and D I T N B M R V W for DF,
 * IF, TF, NT, IOPL, VM, RF, VIF, AC. "-" is none. What is not in the table touches no flag. Shifts leave the flags
 * alone when the count is 0; OF of a shift by more than 1 is undefined.
 */

export interface FlagEffects {
  /** Bits of EFLAGS. */
  readonly read: number;
  readonly written: number;
  /** Left in an undefined state; not part of `written`. */
  readonly undefined: number;
}

/** Bits of EFLAGS by letter (SDM 1, figure 3-8). */
export const FLAG_BITS: Readonly<Record<string, number>> = {
  C: 1 << 0,
  P: 1 << 2,
  A: 1 << 4,
  Z: 1 << 6,
  S: 1 << 7,
  T: 1 << 8,
  I: 1 << 9,
  D: 1 << 10,
  O: 1 << 11,
  B: 3 << 12,
  N: 1 << 14,
  R: 1 << 16,
  M: 1 << 17,
  W: 1 << 18,
  V: 1 << 19,
};

const ROWS = `
  add sub cmp neg xadd cmpxchg cmps scas : - : OSZAPC : -
  adc sbb                 : C : OSZAPC : -
  and or xor test         : - : OSZPC : A
  inc dec                 : - : OSZAP : -
  mul imul                : - : OC : SZAP
  div idiv                : - : - : OSZAPC
  daa das                 : AC : SZAPC : O
  aaa aas                 : A : AC : OSZP
  aam aad                 : - : SZP : OAC
  shl shr sar             : - : OSZPC : A
  rol ror                 : - : OC : -
  rcl rcr                 : C : OC : -
  shld shrd               : - : OSZPC : A
  bt bts btr btc          : - : C : OSAP
  bsf bsr                 : - : Z : OSAPC
  popcnt                  : - : OSZAPC : -
  lzcnt tzcnt             : - : ZC : OSAP
  cmpxchg8b arpl lar lsl verr verw : - : Z : -
  clc stc                 : - : C : -
  cmc                     : C : C : -
  cld std                 : - : D : -
  cli sti                 : BM : IV : -
  lahf                    : SZAPC : - : -
  sahf                    : - : SZAPC : -
  salc                    : C : - : -
  pushf                   : OSZAPCDITNBMRVW : - : -
  popf                    : BM : OSZAPCDITNBRVW : -
  iret                    : NBM : OSZAPCDITNBMRVW : -
  movs stos lods ins outs : D : - : -
  into                    : O : ITNRM : -
  int int1 int3           : BM : ITNRM : -
  fcomi fcomip fucomi fucomip comiss comisd ucomiss ucomisd ptest : - : OSZAPC : -
  loope loopne            : Z : - : -
  clac stac               : - : W : -
  rdrand rdseed           : - : OSZAPC : -
  sysenter                : - : IRM : -
  rsm                     : - : OSZAPCDITNBMRVW : -
  pcmpestri pcmpestrm pcmpistri pcmpistrm : - : OSZAPC : -
`;

const bitsOf = (letters: string): number => {
  let bits = 0;
  if (letters !== "-") for (const letter of letters) bits |= FLAG_BITS[letter]!;
  return bits;
};

const NO_EFFECTS: FlagEffects = { read: 0, written: 0, undefined: 0 };

let effects: Map<string, FlagEffects> | null = null;

const parse = (): Map<string, FlagEffects> => {
  const map = new Map<string, FlagEffects>();
  for (const line of ROWS.split("\n")) {
    const [semantics, read, written, undefinedFlags] = line.split(":").map((column) => column.trim());
    if (undefinedFlags === undefined) continue;
    const effects = { read: bitsOf(read!), written: bitsOf(written!), undefined: bitsOf(undefinedFlags) };
    for (const semantic of semantics!.split(" ")) map.set(semantic, effects);
  }
  for (const semantic of ["cmps", "scas"]) map.set(semantic, { ...map.get(semantic)!, read: FLAG_BITS["D"]! });
  return map;
};

const O = FLAG_BITS["O"]!;
const C = FLAG_BITS["C"]!;
const Z = FLAG_BITS["Z"]!;
const S = FLAG_BITS["S"]!;
const P = FLAG_BITS["P"]!;
/** Flags that a condition reads, by code without its lowest bit (SDM 1, appendix B). */
const CONDITION_READS: readonly number[] = [O, C, Z, C | Z, S, P, S | O, Z | S | O];

/** The flags of a semantic; `condition` is the form's, or -1. */
export const flagEffects = (semantic: string, condition = -1): FlagEffects => {
  if (condition >= 0) return { read: CONDITION_READS[condition >> 1]!, written: 0, undefined: 0 };
  return (effects ??= parse()).get(semantic) ?? NO_EFFECTS;
};
