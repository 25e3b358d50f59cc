/**
 * Extensions that no processor here has, for the assembler and the disassembler alone: where they use opcodes that are
 * hints or nothing else to the emulator's processors, these stay what they are there. Sources: AMD's manual 3 (3DNow!,
 * TBM, LWP), Intel's SDM of 2016 to 2019 (MPX), VIA's PadLock programming guide.
 */

import type { TableSection } from "../notation.ts";

/** "name opcode" pairs: of two MMX registers, the opcode behind them. */
const threeDNow = (list: string): string =>
  list
    .trim()
    .split(/\s*,\s*/)
    .map((pair) => pair.split(" "))
    .map(([name, opcode]) => `${name} mm, mm/m64 | 0F 0F ${opcode} /r`)
    .join("\n");

/** "name opcode" pairs of MMX. */
const shared = (list: string): string =>
  list
    .split(", ")
    .map((pair) => pair.split(" "))
    .map(([name, opcode]) => `${name} mm, mm/m64 | NP 0F ${opcode} /r | encode`)
    .join("\n");

export const LATER: readonly TableSection[] = [
  {
    feature: "3dnow",
    rows: `
      femms               | 0F 0E
      # These are an extension of their own, too.
      prefetch mline      | 0F 0D /0    | encode
      prefetchw mline     | 0F 0D /1    | encode
      ${threeDNow(`pavgusb BF, pf2id 1D, pfacc AE, pfadd 9E, pfcmpeq B0, pfcmpge 90, pfcmpgt A0, pfmax A4, pfmin 94, pfmul B4,
      pfrcp 96, pfrcpit1 A6, pfrcpit2 B6, pfrsqit1 A7, pfrsqrt 97, pfsub 9A, pfsubr AA, pi2fd 0D, pmulhrw B7`)}
    `,
  },
  {
    feature: "3dnowa",
    rows: `
      ${threeDNow("pf2iw 1C, pfnacc 8A, pfpnacc 8E, pi2fw 0C, pswapd BB")}
      # What it shares with SSE.
      ${shared("pminub DA, pmaxub DE, pavgb E0, pavgw E3, pmulhuw E4, pminsw EA, pmaxsw EE, psadbw F6")}
      pshufw mm, mm/m64, imm8 | NP 0F 70 /r | encode
      pinsrw mm, r32/m16, imm8 | NP 0F C4 /r | encode bare
      pinsrw mm, r32.rm, imm8 | NP 0F C4 /r | encode
      pextrw r32, mm.rm, imm8 | NP 0F C5 /r | encode
      pmovmskb r32, mm.rm | NP 0F D7 /r | encode
      maskmovq mm, mm.rm  | NP 0F F7 /r | encode
      movntq m64, mm      | NP 0F E7 /r | encode
      prefetchnta mline   | 0F 18 /0    | encode
      prefetcht0 mline    | 0F 18 /1    | encode
      prefetcht1 mline    | 0F 18 /2    | encode
      prefetcht2 mline    | 0F 18 /3    | encode
      sfence              | NP 0F AE F8 | encode
    `,
  },
  {
    feature: "mpx",
    rows: `
      bndmk bnd, m        | F3 0F 1B /r | a32
      bndmov bnd, bnd/m128 | 66 0F 1A /r | a32
      bndmov bnd/m128, bnd | 66 0F 1B /r | a32
      bndcl bnd, r32/m    | F3 0F 1A /r | a32
      bndcu bnd, r32/m    | F2 0F 1A /r | a32
      bndcn bnd, r32/m    | F2 0F 1B /r | a32
      bndstx m, bnd       | NP 0F 1B /r | a32
      bndldx bnd, m       | NP 0F 1A /r | a32
    `,
  },
  {
    feature: "tbm",
    rows: `
      bextr r32, r/m32, imm32 | XOPA 10 /r
      blcfill r32.vex, r/m32 | XOP9 01 /1
      blsfill r32.vex, r/m32 | XOP9 01 /2
      blcs r32.vex, r/m32 | XOP9 01 /3
      tzmsk r32.vex, r/m32 | XOP9 01 /4
      blcic r32.vex, r/m32 | XOP9 01 /5
      blsic r32.vex, r/m32 | XOP9 01 /6
      t1mskc r32.vex, r/m32 | XOP9 01 /7
      blcmsk r32.vex, r/m32 | XOP9 02 /1
      blci r32.vex, r/m32 | XOP9 02 /6
    `,
  },
  {
    feature: "lwp",
    rows: `
      llwpcb r32.rm       | XOP9 12 /0 | bare
      slwpcb r32.rm       | XOP9 12 /1 | bare
      lwpins r32.vex, r/m32, imm32 | XOPA 12 /0 | bare
      lwpval r32.vex, r/m32, imm32 | XOPA 12 /1 | bare
    `,
  },
  {
    // Those that repeat have F3 whether it is written or not, and are named without it too.
    feature: "padlock",
    rows: `
      xstore-rng/xstorerng/xstore | 0F A7 C0 | hint =xstore
      ${[
        ["xcrypt-ecb/xcryptecb", "A7 C8"],
        ["xcrypt-cbc/xcryptcbc", "A7 D0"],
        ["xcrypt-ctr/xcryptctr", "A7 D8"],
        ["xcrypt-cfb/xcryptcfb", "A7 E0"],
        ["xcrypt-ofb/xcryptofb", "A7 E8"],
        ["montmul", "A6 C0"],
        ["xsha1", "A6 C8"],
        ["xsha256", "A6 D0"],
      ]
        .flatMap(([names, opcode]) => {
          const semantic = names!.split("/").at(-1)!;
          const [shown] = names!.split("/");
          return [
            `${names} | F3 0F ${opcode} | hint encode =${semantic}`,
            `${shown} | 0F ${opcode} | hint decode =${semantic}`,
          ];
        })
        .join("\n")}
    `,
  },
  { feature: "hle", rows: "xtest | NP 0F 01 D6 | encode" },
  { feature: "287-only", rows: "frstpm | DB E5" },
  {
    // Not other instructions, but spellings: with a suffix where the row that is decoded takes none, or has a size
    // without one.
    feature: "i586",
    rows: `
      cmpxchg8bq m64      | 0F C7 /1      | lock encode =cmpxchg8b
      pinsrw mm, r32.rm, imm8 | NP 0F C4 /r | encode mmx+sse
      pinsrw xmm, r32.rm, imm8 | 66 0F C4 /r | encode sse2
    `,
  },
];
