/** What processors and extensions have: `.arch` and what may follow it, judged by GNU as. */
import { describe, expect, test } from "vitest";
import { compare } from "../assembler/differential.ts";
import { requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";

/** An instruction or two of each extension. */
const FEATURED = [
  ...[
    "pusha",
    "lgdt [bx]",
    "lar ax, bx",
    "movzx eax, bl",
    "bswap eax",
    "xadd eax, ebx",
    "cmpxchg8b [bx]",
    "rdtsc",
    "cpuid",
  ],
  ...[
    "cmove eax, ebx",
    "fcmove st, st(1)",
    "fcomi st, st(1)",
    "ud2",
    "nop eax",
    "sysenter",
    "rdpmc",
    "emms",
    "paddb mm0, mm1",
  ],
  ...["fninit", "fneni", "fndisi", "fnsetpm", "fsin", "fucom", "fstsw ax", "fisttp word ptr [bx]", "fxsave [bx]"],
  ...["addps xmm0, xmm1", "addpd xmm0, xmm1", "haddps xmm0, xmm1", "pshufb xmm0, xmm1", "pblendw xmm0, xmm1, 1"],
  ...[
    "pcmpgtq xmm0, xmm1",
    "crc32 eax, bl",
    "popcnt eax, ebx",
    "lzcnt eax, ebx",

    "movbe eax, [bx]",
  ],
  ...[
    "syscall",
    "rdtscp",
    "prefetchw [bx]",
    "prefetch [bx]",
    "clflush [bx]",
    "clflushopt [bx]",
    "clwb [bx]",
    "xsave [bx]",
  ],
  ...[
    "xsaveopt [bx]",
    "aesenc xmm0, xmm1",
    "pclmulqdq xmm0, xmm1, 1",
    "rdrand eax",
    "rdseed eax",
    "rdpid eax",
    "tzcnt eax, ebx",
  ],
  ...["stac", "vmcall", "getsec", "invpcid eax, [bx]"],
  ...["serialize", "wbnoinvd", "xsusldtrk", "rdpkru", "enclu", "pconfig", "vmfunc", "xsavec [bx]"],
  ...["xsaves [bx]", "tpause eax", "ptwrite eax", "movdiri [bx], eax", "hreset 1", "rdpru", "mcommit"],
  ...[
    "wrmsrns",
    "clzero",
    "monitorx",
    "vmrun",
    "stgi",
    "adcx eax, ebx",
    "incsspd eax",
    "sha1msg1 xmm0, xmm1",
    "gf2p8mulb xmm0, xmm1",
  ],
  ...[
    "andn eax, ecx, edx",
    "rorx eax, ecx, 5",
    "rdfsbase eax",
    "movntss [bx], xmm1",
    "cldemote [bx]",
    "movdir64b ax, [bx]",
  ],
  ...[
    "xabort 1",
    "enqcmd ax, [bx]",
    "aadd [bx], eax",
    "loadiwkey xmm1, xmm2",
    "aesencwide128kl [bx]",
    "invept eax, [bx]",
  ],
  ...["vmgexit", "invlpgb", "tlbsync", "pvalidate", "umonitor ax", "vmrun eax", "monitorx ax, ecx, edx"],
];
const ARCHITECTURES = [
  ...[
    "i8086",
    "i186",
    "i286",
    "i386",
    "i486",
    "i586",
    "i686",
    "pentiumpro",
    "pentiumii",
    "pentiumiii",
    "pentium4",
    "prescott",
  ],
  ...[
    "core",
    "nocona",
    "core2",
    "corei7",
    "k6",
    "k6_2",
    "athlon",
    "k8",
    "amdfam10",
    "bdver1",
    "bdver2",
    "bdver3",
    "bdver4",
  ],
  ...["znver1", "znver2", "znver3", "znver4", "btver1", "btver2"],
  ...[
    "i8086\n.arch .8087",
    "i286\n.arch .287",
    "i386\n.arch .387",
    "i686\n.arch .no687",
    "i686\n.arch .no387",
    "i686\n.arch .no287",
  ],
  ...[
    "i686\n.arch .no8087",
    "prescott\n.arch .no387",
    "prescott\n.arch .no287",
    "prescott\n.arch .no687",
    "i686\n.arch .no87",
    "i386\n.arch .sse4",
    "i386\n.arch .sse4.2",
    "i386\n.arch .sse4.1",
    "i386\n.arch .687",
  ],
  ...[
    "corei7\n.arch .nosse4",
    "corei7\n.arch .nosse4.1",
    "corei7\n.arch .nosse4.2",
    "corei7\n.arch .nosse",
    "corei7\n.arch .nommx",
  ],
  ...[
    "i386\n.arch .avx",
    "i386\n.arch .aes",
    "i386\n.arch .abm",
    "i386\n.arch .3dnowa",
    "i386\n.arch .xsaveopt",
    "i386\n.arch .ept",
    ...[
      "bmi",
      "bmi2",
      "fsgsbase",
      "sse4a",
      "cldemote",
      "movdir64b",
      "enqcmd",
      "rao_int",
      "kl",
      "widekl",
      "rtm",
      "waitpkg",
      "vmfunc",
      "lwp",
      "mpx",
    ].map((name) => `i386\n.arch .${name}`),
  ],
];
/** These take from everything, so the features of processors are there too. */
const TAKEN_FROM_ALL = [
  "nommx",
  "nosse4",
  "no87",
  "nosse",
  "nopopcnt",
  "no687",
  "noavx512f",
  "no387",
  "no287",
  "no8087",
  "nolzcnt",
  "noxsave",
  "nofxsr",
  "nosse2",
  "nobmi",
  "nobmi2",
  "nokl",
  "nowidekl",
  "novmx",
  "noept",
];
/** Names that are none. */
const NO_ARCHITECTURES = [".foo", ".nofoo", ".no", "nosse", "sse", ".i386", "i999"];

describe("what an architecture has", () => {
  const bad = (text: string): number[] => [
    ...new Set([...text.matchAll(/^test\.s:(\d+):.*Error/gim)].map(([, line]) => Number(line))),
  ];

  test.for(rowsOf([...ARCHITECTURES, ...TAKEN_FROM_ALL.map((name) => `.${name}`), ...NO_ARCHITECTURES], 12))(
    ".arch %s",
    (name, context) => {
      const assembler = requireOracle("as", context);
      const text = `.intel_syntax noprefix\n.code16\n.arch ${name}\n${FEATURED.join("\n")}\n`;
      const { messages, expectedMessages } = compare(assembler, { text });
      expect(bad(messages).map((line) => text.split("\n")[line - 1])).toEqual(
        bad(expectedMessages).map((line) => text.split("\n")[line - 1]),
      );
    },
  );
});
