/**
 * Instructions that manage the processor: segments, protection, control registers, identification, virtualisation.
 * Order and sources as in integer.ts.
 */

import type { TableSection } from "../notation.ts";

export const SYSTEM: readonly TableSection[] = [
  {
    feature: "i286",
    rows: `
      sldt rv.rm          | 0F 00 /0
      sldt m16            | 0F 00 /0
      str rv.rm           | 0F 00 /1
      str m16             | 0F 00 /1
      lldt r/m16          | 0F 00 /2
      ltr r/m16           | 0F 00 /3
      verr r/m16          | 0F 00 /4
      verw r/m16          | 0F 00 /5
      sgdt mdescv         | 0F 01 /0 | d
      sidt mdescv         | 0F 01 /1 | d
      lgdt mdescv         | 0F 01 /2 | d
      lidt mdescv         | 0F 01 /3 | d
      smsw rv.rm          | 0F 01 /4
      smsw m16            | 0F 01 /4
      lmsw r/m16          | 0F 01 /6
      lar rv, rv/m16      | 0F 02 /r
      lar rv, r16.rm      | 0F 02 /r | encode
      lsl rv, rv/m16      | 0F 03 /r
      lsl rv, r16.rm      | 0F 03 /r | encode
      clts                | 0F 06
      arpl r/m16, r16     | 63 /r
      ud2/ud2a            | 0F 0B    | i186
      ud1/ud2b rv, r/mv   | 0F B9 /r | i186
      ud0 rv, r/mv        | 0F FF /r | i186
    `,
  },
  {
    feature: "i386",
    rows: `
      # The processor takes any mod for 3 here (SDM 2B, MOV to/from control registers).
      mov r32.rm, cr      | 0F 20 /r | anymod =mov_from_creg
      mov r32.rm, dr      | 0F 21 /r | anymod =mov_from_dreg
      mov cr, r32.rm      | 0F 22 /r | anymod =mov_to_creg
      mov dr, r32.rm      | 0F 23 /r | anymod =mov_to_dreg
      mov r32.rm, tr      | 0F 24 /r | anymod =mov_from_treg
      mov tr, r32.rm      | 0F 26 /r | anymod =mov_to_treg
      rsm                 | 0F AA
    `,
  },
  {
    feature: "i486",
    rows: `
      invd                | 0F 08
      wbinvd              | NP 0F 09
      invlpg mline           | 0F 01 /7
      cpuid               | 0F A2
    `,
  },
  {
    feature: "i586",
    rows: `
      wrmsr               | 0F 30
      rdtsc               | 0F 31
      rdmsr               | 0F 32
    `,
  },
  {
    feature: "i686",
    rows: `
      rdpmc               | 0F 33
      sysenter            | 0F 34
      sysexit             | 0F 35
    `,
  },
  {
    feature: "syscall",
    rows: `
      syscall             | 0F 05
      sysret              | 0F 07
    `,
  },
  {
    feature: "fxsr",
    rows: `
      fxsave mstate            | NP 0F AE /0
      fxrstor mstate           | NP 0F AE /1
    `,
  },
  { feature: "clflush", rows: `clflush mline | NP 0F AE /7` },
  { feature: "clflushopt", rows: `clflushopt mline | 66 0F AE /7` },
  { feature: "clwb", rows: `clwb mline | 66 0F AE /6` },
  { feature: "rdtscp", rows: `rdtscp | 0F 01 F9` },
  {
    // MONITOR and MWAIT came with SSE3.
    feature: "sse3",
    rows: `
      monitor acca, ecx, edx | 0F 01 C8
      monitor             | 0F 01 C8 | encode
      mwait eax, ecx      | 0F 01 C9 | bare
      mwait               | 0F 01 C9 | encode
    `,
  },
  {
    feature: "xsave",
    rows: `
      xgetbv              | NP 0F 01 D0
      xsetbv              | NP 0F 01 D1
      xsave mstate             | NP 0F AE /4
      xrstor mstate            | NP 0F AE /5
    `,
  },
  { feature: "xsaveopt", rows: `xsaveopt mstate | NP 0F AE /6` },
  {
    feature: "vmx",
    rows: `
      vmcall              | NP 0F 01 C1
      vmlaunch            | NP 0F 01 C2
      vmresume            | NP 0F 01 C3
      vmxoff              | NP 0F 01 C4
      vmptrld m64         | NP 0F C7 /6
      vmclear m64         | 66 0F C7 /6
      vmxon m64           | F3 0F C7 /6
      vmptrst m64         | NP 0F C7 /7
      vmread r/m32, r32   | NP 0F 78 /r
      vmwrite r32, r/m32  | NP 0F 79 /r
    `,
  },
  {
    feature: "ept",
    rows: `
      invept r32, moword  | 66 0F 38 80 /r | bare
      invvpid r32, moword | 66 0F 38 81 /r | bare
    `,
  },
  {
    feature: "smap",
    rows: `
      clac                | NP 0F 01 CA
      stac                | NP 0F 01 CB
    `,
  },
  { feature: "smx", rows: `getsec | 0F 37` },
  {
    feature: "invpcid",
    rows: `
      invpcid r32, mstate | 66 0F 38 82 /r | bare
      invpcid r32, m128   | 66 0F 38 82 /r | encode bare
    `,
  },
  {
    feature: "rtm",
    rows: `
      xbegin relv         | C7 F8      | d
      xabort imm8         | C6 F8
      xend                | NP 0F 01 D5
      xtest               | NP 0F 01 D6
    `,
  },
  { feature: "tdx", rows: `tdcall | 66 0F 01 CC` },
  {
    feature: "sev_es",
    rows: `
      vmgexit             | F3 0F 01 D9
    `,
  },
  {
    feature: "snp",
    rows: `
      pvalidate           | F2 0F 01 FF
      tlbsync             | NP 0F 01 FF
      invlpgb             | NP 0F 01 FE
      # As GNU as takes them, with the registers that they work on named.
      pvalidate acca, ecx, edx | F2 0F 01 FF | encode
      pvalidate acca      | F2 0F 01 FF | encode
      invlpgb acca, ecx, edx | NP 0F 01 FE | encode
    `,
  },
  { feature: "rdrnd", rows: `rdrand rv.rm | 0F C7 /6 | bare` },
  { feature: "rdseed", rows: `rdseed rv.rm | 0F C7 /7 | bare` },
  { feature: "rdpid", rows: `rdpid r32.rm | F3 0F C7 /7 | bare` },
  { feature: "serialize", rows: `serialize | NP 0F 01 E8` },
  { feature: "wbnoinvd", rows: `wbnoinvd | F3 0F 09` },
  {
    feature: "tsxldtrk",
    rows: `
      xsusldtrk           | F2 0F 01 E8
      xresldtrk           | F2 0F 01 E9
    `,
  },
  {
    feature: "ospke",
    rows: `
      rdpkru              | NP 0F 01 EE
      wrpkru              | NP 0F 01 EF
    `,
  },
  {
    feature: "se1",
    rows: `
      encls               | NP 0F 01 CF
      enclu               | NP 0F 01 D7
      enclv               | NP 0F 01 C0
    `,
  },
  { feature: "pconfig", rows: `pconfig | NP 0F 01 C5` },
  { feature: "vmfunc", rows: `vmfunc | NP 0F 01 D4` },
  { feature: "xsavec", rows: `xsavec mstate | NP 0F C7 /4` },
  {
    feature: "xsaves",
    rows: `
      xsaves mstate       | NP 0F C7 /5
      xrstors mstate      | NP 0F C7 /3
    `,
  },
  {
    feature: "waitpkg",
    rows: `
      umonitor ra.rm      | F3 0F AE /6
      tpause r32.rm       | 66 0F AE /6 | bare
      umwait r32.rm       | F2 0F AE /6 | bare
      tpause r32.rm, edx, eax | 66 0F AE /6 | encode bare
      umwait r32.rm, edx, eax | F2 0F AE /6 | encode bare
    `,
  },
  { feature: "ptwrite", rows: `ptwrite r/m32 | F3 0F AE /4` },
  { feature: "movdiri", rows: `movdiri m32, r32 | NP 0F 38 F9 /r` },
  { feature: "movdir64b", rows: `movdir64b ra, mstate | 66 0F 38 F8 /r` },
  {
    feature: "enqcmd",
    rows: `
      enqcmd ra, mstate   | F2 0F 38 F8 /r
      enqcmds ra, mstate  | F3 0F 38 F8 /r
    `,
  },
  { feature: "cldemote", rows: `cldemote mline | 0F 1C /0 | encode` },
  {
    feature: "fsgsbase",
    rows: `
      rdfsbase r32.rm     | F3 0F AE /0 | bare
      rdgsbase r32.rm     | F3 0F AE /1 | bare
      wrfsbase r32.rm     | F3 0F AE /2 | bare
      wrgsbase r32.rm     | F3 0F AE /3 | bare
    `,
  },
  {
    feature: "rao_int",
    rows: `
      aadd m32, r32       | NP 0F 38 FC /r | bare
      aand m32, r32       | 66 0F 38 FC /r | bare
      aor m32, r32        | F2 0F 38 FC /r | bare
      axor m32, r32       | F3 0F 38 FC /r | bare
    `,
  },
  { feature: "hreset", rows: `hreset imm8 | F3 0F 3A F0 C0` },
  { feature: "rdpru", rows: `rdpru | 0F 01 FD` },
  { feature: "mcommit", rows: `mcommit | F3 0F 01 FA` },
  { feature: "wrmsrns", rows: `wrmsrns | NP 0F 01 C6` },
  {
    feature: "clzero",
    rows: `
      clzero              | NP 0F 01 FC
      clzero acca         | NP 0F 01 FC | encode
    `,
  },
  {
    feature: "mwaitx",
    rows: `
      monitorx acca, ecx, edx | NP 0F 01 FA
      monitorx            | NP 0F 01 FA | encode
      mwaitx eax, ecx, ebx | NP 0F 01 FB | bare
      mwaitx              | NP 0F 01 FB | encode
    `,
  },
  {
    feature: "svme",
    rows: `
      vmrun               | 0F 01 D8
      vmmcall             | 0F 01 D9
      vmload              | 0F 01 DA
      vmsave              | 0F 01 DB
      stgi                | 0F 01 DC
      clgi                | 0F 01 DD
      skinit              | 0F 01 DE
      invlpga             | 0F 01 DF
      vmrun acca          | 0F 01 D8 | encode
      vmload acca         | 0F 01 DA | encode
      vmsave acca         | 0F 01 DB | encode
      skinit eax          | 0F 01 DE | encode bare
      invlpga acca, ecx   | 0F 01 DF | encode
    `,
  },
  {
    feature: "adx",
    rows: `
      adcx r32, r/m32     | 66 0F 38 F6 /r
      adox r32, r/m32     | F3 0F 38 F6 /r
    `,
  },
];
