/**
 * Packed integers: MMX, and the same instructions on XMM registers as SSE2 and its successors brought them. Intel SDM
 * 2D, tables A-3 to A-5.
 */

import type { TableSection } from "../notation.ts";

/** "name opcode" pairs; each is an instruction on mm and, with 66, one on xmm. */
const twins = (list: string, escapeByte = "0F"): { mm: string; xmm: string } => {
  const pairs = list
    .trim()
    .split(/\s*,\s*/)
    .map((pair) => pair.split(" ") as [string, string]);
  return {
    mm: pairs.map(([name, opcode]) => `${name} mm, mm/m64 | NP ${escapeByte} ${opcode} /r`).join("\n"),
    xmm: pairs.map(([name, opcode]) => `${name} xmm, xmm/m128 | 66 ${escapeByte} ${opcode} /r`).join("\n"),
  };
};

const MMX_ORIGINAL = twins(`
  packsswb 63, pcmpgtb 64, pcmpgtw 65, pcmpgtd 66, packuswb 67, punpckhbw 68, punpckhwd 69, punpckhdq 6A, packssdw 6B,
  pcmpeqb 74, pcmpeqw 75, pcmpeqd 76, psrlw D1, psrld D2, psrlq D3, pmullw D5, psubusb D8, psubusw D9, pand DB, paddusb DC,
  paddusw DD, pandn DF, psraw E1, psrad E2, pmulhw E5, psubsb E8, psubsw E9, por EB, paddsb EC, paddsw ED, pxor EF, psllw F1,
  pslld F2, psllq F3, pmaddwd F5, psubb F8, psubw F9, psubd FA, paddb FC, paddw FD, paddd FE`);

const MMX_WITH_SSE = twins("pminub DA, pmaxub DE, pavgb E0, pavgw E3, pmulhuw E4, pminsw EA, pmaxsw EE, psadbw F6");
const MMX_WITH_SSE2 = twins("paddq D4, pmuludq F4, psubq FB");
const SSSE3_TWINS = twins(
  `pshufb 00, phaddw 01, phaddd 02, phaddsw 03, pmaddubsw 04, phsubw 05, phsubd 06, phsubsw 07, psignb 08, psignw 09, psignd 0A,
  pmulhrsw 0B, pabsb 1C, pabsw 1D, pabsd 1E`,
  "0F 38",
);

const SHIFTS: readonly (readonly [string, string, number])[] = [
  ["psrlw", "71", 2],
  ["psraw", "71", 4],
  ["psllw", "71", 6],
  ["psrld", "72", 2],
  ["psrad", "72", 4],
  ["pslld", "72", 6],
  ["psrlq", "73", 2],
  ["psllq", "73", 6],
];

export const MMX: readonly TableSection[] = [
  {
    feature: "mmx",
    rows: `
      movd mm, r/m32      | NP 0F 6E /r | bare
      movd r/m32, mm      | NP 0F 7E /r | bare
      movq mm, mm/m64     | NP 0F 6F /r
      movq mm/m64, mm     | NP 0F 7F /r
      punpcklbw mm, mm/m32 | NP 0F 60 /r
      punpcklwd mm, mm/m32 | NP 0F 61 /r
      punpckldq mm, mm/m32 | NP 0F 62 /r
      ${MMX_ORIGINAL.mm}
      ${SHIFTS.map(([name, opcode, digit]) => `${name} mm.rm, imm8 | NP 0F ${opcode} /${digit}`).join("\n")}
      emms                | NP 0F 77
    `,
  },
  {
    // A feature with "+" needs both.
    feature: "mmx+sse",
    rows: `
      ${MMX_WITH_SSE.mm}
      pshufw mm, mm/m64, imm8 | NP 0F 70 /r
      pinsrw mm, r32/m16, imm8 | NP 0F C4 /r | bare
      pextrw r32, mm.rm, imm8 | NP 0F C5 /r
      pmovmskb r32, mm.rm | NP 0F D7 /r
      maskmovq mm, mm.rm  | NP 0F F7 /r
      movntq m64, mm      | NP 0F E7 /r
      sfence              | NP 0F AE F8 | sse
    `,
  },
  { feature: "mmx+sse2", rows: MMX_WITH_SSE2.mm },
  {
    feature: "sse2",
    rows: `
      movd xmm, r/m32     | 66 0F 6E /r | bare
      movd r/m32, xmm     | 66 0F 7E /r | bare
      movq xmm, xmm/m64   | F3 0F 7E /r
      movq xmm/m64, xmm   | 66 0F D6 /r
      punpcklbw xmm, xmm/m128 | 66 0F 60 /r
      punpcklwd xmm, xmm/m128 | 66 0F 61 /r
      punpckldq xmm, xmm/m128 | 66 0F 62 /r
      punpcklqdq xmm, xmm/m128 | 66 0F 6C /r
      punpckhqdq xmm, xmm/m128 | 66 0F 6D /r
      ${MMX_ORIGINAL.xmm}
      ${MMX_WITH_SSE.xmm}
      ${MMX_WITH_SSE2.xmm}
      ${SHIFTS.map(([name, opcode, digit]) => `${name} xmm.rm, imm8 | 66 0F ${opcode} /${digit}`).join("\n")}
      psrldq xmm.rm, imm8 | 66 0F 73 /3
      pslldq xmm.rm, imm8 | 66 0F 73 /7
      pshufd xmm, xmm/m128, imm8 | 66 0F 70 /r
      pshufhw xmm, xmm/m128, imm8 | F3 0F 70 /r
      pshuflw xmm, xmm/m128, imm8 | F2 0F 70 /r
      pinsrw xmm, r32/m16, imm8 | 66 0F C4 /r | bare
      pextrw r32, xmm.rm, imm8 | 66 0F C5 /r
      pmovmskb r32, xmm.rm | 66 0F D7 /r
      maskmovdqu xmm, xmm.rm | 66 0F F7 /r
      movdqa xmm, xmm/m128 | 66 0F 6F /r
      movdqa xmm/m128, xmm | 66 0F 7F /r
      movdqu xmm, xmm/m128 | F3 0F 6F /r
      movdqu xmm/m128, xmm | F3 0F 7F /r
      movdq2q mm, xmm.rm  | F2 0F D6 /r | mmx+sse2
      movq2dq xmm, mm.rm  | F3 0F D6 /r | mmx+sse2
      movntdq m128, xmm   | 66 0F E7 /r
      movnti m32, r32     | NP 0F C3 /r
      lfence              | NP 0F AE E8
      mfence              | NP 0F AE F0
    `,
  },
  {
    feature: "mmx+ssse3",
    rows: `
      ${SSSE3_TWINS.mm}
      palignr mm, mm/m64, imm8 | NP 0F 3A 0F /r
    `,
  },
  {
    feature: "ssse3",
    rows: `
      ${SSSE3_TWINS.xmm}
      palignr xmm, xmm/m128, imm8 | 66 0F 3A 0F /r
    `,
  },
];
