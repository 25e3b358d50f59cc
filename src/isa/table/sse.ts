/** Packed and scalar floating point on XMM registers, and what SSE4 added. Intel SDM 2D, tables A-3 to A-5. */

import type { TableSection } from "../notation.ts";

/** The comparisons that have names of their own, by immediate (SDM 2A, CMPPD). */
const PREDICATES = ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"];

/** CMPccXX: the predicate in the name, as the assembler takes it and the disassembler shows it. */
const comparisons = (kind: string, prefix: string, source: string): string =>
  [
    `cmp${kind} xmm, ${source}, imm8 | ${prefix} 0F C2 /r`,
    ...PREDICATES.map(
      (predicate, value) =>
        `cmp${predicate}${kind} xmm, ${source} | ${prefix} 0F C2 /r | implied=${value} encode =cmp${kind}`,
    ),
  ].join("\n");

/** "name opcode" pairs, each as a row. */
const list = (text: string, row: (name: string, opcode: string) => string): string =>
  text
    .trim()
    .split(/\s*,\s*/)
    .map((pair) => row(...(pair.split(" ") as [string, string])))
    .join("\n");

/** One instruction in its four shapes: ps, pd, ss, sd. */
const SHAPES: readonly (readonly [string, string, string])[] = [
  ["ps", "NP", "xmm/m128"],
  ["pd", "66", "xmm/m128"],
  ["ss", "F3", "xmm/m32"],
  ["sd", "F2", "xmm/m64"],
];
const arithmetic = (shapes: readonly string[]): string => {
  const rows: string[] = [];
  for (const [kind, prefix, source] of SHAPES) {
    if (!shapes.includes(kind)) continue;
    rows.push(
      list(
        "sqrt 51, add 58, mul 59, sub 5C, min 5D, div 5E, max 5F",
        (name, opcode) => `${name}${kind} xmm, ${source} | ${prefix} 0F ${opcode} /r`,
      ),
    );
    rows.push(comparisons(kind, prefix, source));
    if (kind.startsWith("s")) continue;
    rows.push(
      list(
        "unpckl 14, unpckh 15, and 54, andn 55, or 56, xor 57",
        (name, opcode) => `${name}${kind} xmm, ${source} | ${prefix} 0F ${opcode} /r`,
      ),
    );
    rows.push(`shuf${kind} xmm, ${source}, imm8 | ${prefix} 0F C6 /r`);
  }
  return rows.join("\n");
};

/**
 * Widening moves: name and opcode of the sign-extending form (the zero-extending one is at +10h), size of the source.
 */
const WIDENING = (
  [
    ["bw", "0", 64],
    ["bd", "1", 32],
    ["bq", "2", 16],
    ["wd", "3", 64],
    ["wq", "4", 32],
    ["dq", "5", 64],
  ] as const
)
  .map(
    ([name, digit, size]) => `
      pmovsx${name} xmm, xmm/m${size} | 66 0F 38 2${digit} /r
      pmovzx${name} xmm, xmm/m${size} | 66 0F 38 3${digit} /r`,
  )
  .join("");

export const SSE: readonly TableSection[] = [
  {
    feature: "sse",
    rows: `
      movups xmm, xmm/m128 | NP 0F 10 /r
      movups xmm/m128, xmm | NP 0F 11 /r
      movss xmm, xmm/m32  | F3 0F 10 /r
      movss xmm/m32, xmm  | F3 0F 11 /r
      movlps xmm, m64     | NP 0F 12 /r
      movlps m64, xmm     | NP 0F 13 /r
      movhlps xmm, xmm.rm | NP 0F 12 /r
      movhps xmm, m64     | NP 0F 16 /r
      movhps m64, xmm     | NP 0F 17 /r
      movlhps xmm, xmm.rm | NP 0F 16 /r
      movaps xmm, xmm/m128 | NP 0F 28 /r
      movaps xmm/m128, xmm | NP 0F 29 /r
      movntps m128, xmm   | NP 0F 2B /r
      cvtpi2ps xmm, mm/m64 | NP 0F 2A /r
      cvtsi2ss xmm, r/m32 | F3 0F 2A /r
      cvttps2pi mm, xmm/m64 | NP 0F 2C /r | mmx+sse
      cvttss2si r32, xmm/m32 | F3 0F 2C /r
      cvtps2pi mm, xmm/m64 | NP 0F 2D /r | mmx+sse
      cvtss2si r32, xmm/m32 | F3 0F 2D /r
      ucomiss xmm, xmm/m32 | NP 0F 2E /r
      comiss xmm, xmm/m32 | NP 0F 2F /r
      movmskps r32, xmm.rm | NP 0F 50 /r
      rsqrtps xmm, xmm/m128 | NP 0F 52 /r
      rsqrtss xmm, xmm/m32 | F3 0F 52 /r
      rcpps xmm, xmm/m128 | NP 0F 53 /r
      rcpss xmm, xmm/m32  | F3 0F 53 /r
      ${arithmetic(["ps", "ss"])}
      ldmxcsr m32         | NP 0F AE /2 | bare
      stmxcsr m32         | NP 0F AE /3 | bare
      prefetchnta mline      | 0F 18 /0
      prefetcht0 mline       | 0F 18 /1
      prefetcht1 mline       | 0F 18 /2
      prefetcht2 mline       | 0F 18 /3
    `,
  },
  {
    feature: "prfchw",
    rows: `
      prefetch mline         | 0F 0D /0
      prefetchw mline        | 0F 0D /1
    `,
  },
  { feature: "prefetchwt1", rows: `prefetchwt1 mline | 0F 0D /2` },
  {
    feature: "sse2",
    rows: `
      movupd xmm, xmm/m128 | 66 0F 10 /r
      movupd xmm/m128, xmm | 66 0F 11 /r
      movsd xmm, xmm/m64  | F2 0F 10 /r
      movsd xmm/m64, xmm  | F2 0F 11 /r
      movlpd xmm, m64     | 66 0F 12 /r
      movlpd m64, xmm     | 66 0F 13 /r
      movhpd xmm, m64     | 66 0F 16 /r
      movhpd m64, xmm     | 66 0F 17 /r
      movapd xmm, xmm/m128 | 66 0F 28 /r
      movapd xmm/m128, xmm | 66 0F 29 /r
      movntpd m128, xmm   | 66 0F 2B /r
      cvtpi2pd xmm, mm/m64 | 66 0F 2A /r
      cvtsi2sd xmm, r/m32 | F2 0F 2A /r
      cvttpd2pi mm, xmm/m128 | 66 0F 2C /r | mmx+sse2
      cvttsd2si r32, xmm/m64 | F2 0F 2C /r
      cvtpd2pi mm, xmm/m128 | 66 0F 2D /r | mmx+sse2
      cvtsd2si r32, xmm/m64 | F2 0F 2D /r
      ucomisd xmm, xmm/m64 | 66 0F 2E /r
      comisd xmm, xmm/m64 | 66 0F 2F /r
      movmskpd r32, xmm.rm | 66 0F 50 /r
      ${arithmetic(["pd", "sd"])}
      cvtps2pd xmm, xmm/m64 | NP 0F 5A /r
      cvtpd2ps xmm, xmm/m128 | 66 0F 5A /r
      cvtss2sd xmm, xmm/m32 | F3 0F 5A /r
      cvtsd2ss xmm, xmm/m64 | F2 0F 5A /r
      cvtdq2ps xmm, xmm/m128 | NP 0F 5B /r
      cvtps2dq xmm, xmm/m128 | 66 0F 5B /r
      cvttps2dq xmm, xmm/m128 | F3 0F 5B /r
      cvttpd2dq xmm, xmm/m128 | 66 0F E6 /r
      cvtdq2pd xmm, xmm/m64 | F3 0F E6 /r
      cvtpd2dq xmm, xmm/m128 | F2 0F E6 /r
    `,
  },
  {
    feature: "sse3",
    rows: `
      addsubpd xmm, xmm/m128 | 66 0F D0 /r
      addsubps xmm, xmm/m128 | F2 0F D0 /r
      haddpd xmm, xmm/m128 | 66 0F 7C /r
      haddps xmm, xmm/m128 | F2 0F 7C /r
      hsubpd xmm, xmm/m128 | 66 0F 7D /r
      hsubps xmm, xmm/m128 | F2 0F 7D /r
      lddqu xmm, mstate   | F2 0F F0 /r
      lddqu xmm, m128     | F2 0F F0 /r | encode
      movddup xmm, xmm/m64 | F2 0F 12 /r
      movsldup xmm, xmm/m128 | F3 0F 12 /r
      movshdup xmm, xmm/m128 | F3 0F 16 /r
    `,
  },
  {
    feature: "sse4.1",
    rows: `
      pblendvb xmm, xmm/m128, xmm0 | 66 0F 38 10 /r
      blendvps xmm, xmm/m128, xmm0 | 66 0F 38 14 /r
      blendvpd xmm, xmm/m128, xmm0 | 66 0F 38 15 /r
      pblendvb xmm, xmm/m128 | 66 0F 38 10 /r | encode
      blendvps xmm, xmm/m128 | 66 0F 38 14 /r | encode
      blendvpd xmm, xmm/m128 | 66 0F 38 15 /r | encode
      ${WIDENING}
      movntdqa xmm, m128  | 66 0F 38 2A /r
      ${list(
        `ptest 17, pmuldq 28, pcmpeqq 29, packusdw 2B, pminsb 38, pminsd 39, pminuw 3A, pminud 3B, pmaxsb 3C, pmaxsd 3D, pmaxuw 3E,
         pmaxud 3F, pmulld 40, phminposuw 41`,
        (name, opcode) => `${name} xmm, xmm/m128 | 66 0F 38 ${opcode} /r`,
      )}
      ${list(
        "roundps 08, roundpd 09, blendps 0C, blendpd 0D, pblendw 0E, dpps 40, dppd 41, mpsadbw 42",
        (name, opcode) => `${name} xmm, xmm/m128, imm8 | 66 0F 3A ${opcode} /r`,
      )}
      roundss xmm, xmm/m32, imm8 | 66 0F 3A 0A /r
      roundsd xmm, xmm/m64, imm8 | 66 0F 3A 0B /r
      pextrb r32/m8, xmm, imm8 | 66 0F 3A 14 /r
      pextrw r32/m16, xmm, imm8 | 66 0F 3A 15 /r
      pextrd r/m32, xmm, imm8 | 66 0F 3A 16 /r
      extractps r/m32, xmm, imm8 | 66 0F 3A 17 /r
      pinsrb xmm, r32/m8, imm8 | 66 0F 3A 20 /r
      insertps xmm, xmm/m32, imm8 | 66 0F 3A 21 /r
      pinsrd xmm, r/m32, imm8 | 66 0F 3A 22 /r | bare
    `,
  },
  {
    feature: "sse4.2",
    rows: `
      pcmpgtq xmm, xmm/m128 | 66 0F 38 37 /r
      ${list("pcmpestrm 60, pcmpestri 61, pcmpistrm 62, pcmpistri 63", (name, opcode) => `${name} xmm, xmm/m128, imm8 | 66 0F 3A ${opcode} /r`)}
    `,
  },
  {
    feature: "aes",
    rows: `
      ${list("aesimc DB, aesenc DC, aesenclast DD, aesdec DE, aesdeclast DF", (name, opcode) => `${name} xmm, xmm/m128 | 66 0F 38 ${opcode} /r`)}
      aeskeygenassist xmm, xmm/m128, imm8 | 66 0F 3A DF /r
    `,
  },
  {
    feature: "pclmul",
    rows: `
      pclmulqdq xmm, xmm/m128, imm8 | 66 0F 3A 44 /r
      pclmullqlqdq xmm, xmm/m128 | 66 0F 3A 44 /r | implied=0 encode =pclmulqdq
      pclmulhqlqdq xmm, xmm/m128 | 66 0F 3A 44 /r | implied=1 encode =pclmulqdq
      pclmullqhqdq xmm, xmm/m128 | 66 0F 3A 44 /r | implied=16 encode =pclmulqdq
      pclmulhqhqdq xmm, xmm/m128 | 66 0F 3A 44 /r | implied=17 encode =pclmulqdq
    `,
  },
  {
    feature: "sha",
    rows: `
      sha1rnds4 xmm, xmm/m128, imm8 | NP 0F 3A CC /r
      ${list("sha1nexte C8, sha1msg1 C9, sha1msg2 CA, sha256msg1 CC, sha256msg2 CD", (name, opcode) => `${name} xmm, xmm/m128 | NP 0F 38 ${opcode} /r`)}
      sha256rnds2 xmm, xmm/m128, xmm0 | NP 0F 38 CB /r
      sha256rnds2 xmm, xmm/m128 | NP 0F 38 CB /r | encode
    `,
  },
  {
    feature: "kl",
    rows: `
      loadiwkey xmm, xmm.rm | F3 0F 38 DC /r
      ${list("aesenc128kl DC, aesdec128kl DD, aesenc256kl DE, aesdec256kl DF", (name, opcode) => `${name} xmm, mstate | F3 0F 38 ${opcode} /r`)}
      # GNU as says the size of 32 bits in 16-bit code, objdump minds none.
      ${list("encodekey128 FA, encodekey256 FB", (name, opcode) =>
        [
          `:${name} rv, rv.rm | F3 0F 38 ${opcode} /r | encode =${name} bare`,
          `${name} r32, r32.rm | F3 0F 38 ${opcode} /r | decode`,
        ].join("\n"),
      )}
    `,
  },
  {
    feature: "widekl",
    rows: list(
      "aesencwide128kl 0, aesdecwide128kl 1, aesencwide256kl 2, aesdecwide256kl 3",
      (name, digit) => `${name} mstate | F3 0F 38 D8 /${digit}`,
    ),
  },
  {
    feature: "sse4a",
    rows: `
      movntss m32, xmm    | F3 0F 2B /r | bare
      movntsd m64, xmm    | F2 0F 2B /r
      extrq xmm.rm, imm8, imm8 | 66 0F 78 /_
      extrq xmm, xmm.rm   | 66 0F 79 /r
      insertq xmm, xmm.rm, imm8, imm8 | F2 0F 78 /r
      insertq xmm, xmm.rm | F2 0F 79 /r
    `,
  },
  {
    feature: "gfni",
    rows: `
      gf2p8mulb xmm, xmm/m128 | 66 0F 38 CF /r
      ${list("gf2p8affineqb CE, gf2p8affineinvqb CF", (name, opcode) => `${name} xmm, xmm/m128, imm8 | 66 0F 3A ${opcode} /r`)}
    `,
  },
];
