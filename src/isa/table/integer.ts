/**
 * Integer instructions that need no privilege. Where several rows take the same operands, the earlier is the one that
 * the encoder chooses: their order is GNU as's choice. Opcodes: Intel SDM volumes 2A-2C and appendix A of 2D.
 */

import type { TableSection } from "../notation.ts";

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, "0");

/** The conditions by code (SDM 1, appendix B); objdump's name of each comes first. */
const CONDITIONS: readonly (readonly string[])[] = [
  ["o"],
  ["no"],
  ["b", "c", "nae"],
  ["ae", "nb", "nc"],
  ["e", "z"],
  ["ne", "nz"],
  ["be", "na"],
  ["a", "nbe"],
  ["s"],
  ["ns"],
  ["p", "pe"],
  ["np", "po"],
  ["l", "nge"],
  ["ge", "nl"],
  ["le", "ng"],
  ["g", "nle"],
];

const forConditions = (row: (names: (prefix: string) => string, code: number) => string): string =>
  CONDITIONS.map(
    (names, code) => `${row((prefix) => names.map((name) => prefix + name).join("/"), code)} cc=${code}`,
  ).join("\n");

const ALU = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"]
  .map((name, digit) => {
    const opcode = (offset: number): string => hex(digit * 8 + offset);
    const lock = name === "cmp" ? "" : "lock";
    return `
      ${name} r/m8, r8    | ${opcode(0)} /r  | ${lock}
      ${name} r/mv, rv    | ${opcode(1)} /r  | ${lock}
      ${name} r8, r/m8    | ${opcode(2)} /r
      ${name} rv, r/mv    | ${opcode(3)} /r
      ${name} al, imm8    | ${opcode(4)}
      ${name} r/mv, imm8s | 83 /${digit}     | ${lock}
      ${name} accv, immv  | ${opcode(5)}
      ${name} r/m8, imm8  | 80 /${digit}     | ${lock}
      ${name} r/mv, immv  | 81 /${digit}     | ${lock}
      ${name} r/m8, imm8  | 82 /${digit}     | ${lock} decode`;
  })
  .join("\n");

const SHIFTS = (
  [
    ["rol", 0],
    ["ror", 1],
    ["rcl", 2],
    ["rcr", 3],
    ["shl/sal", 4],
    ["shr", 5],
    ["shl", 6],
    ["sar", 7],
  ] as const
)
  .map(([name, digit]) => {
    // /6 does what /4 does on every processor, but no manual lists it.
    const decode = digit === 6 ? "decode" : "";
    const forms = `
      ${name} r/m8, 1    | D0 /${digit} | ${decode}
      ${name} r/mv, 1    | D1 /${digit} | ${decode}
      ${name} r/m8, imm8 | C0 /${digit} | ${decode} i186
      ${name} r/mv, imm8 | C1 /${digit} | ${decode} i186
      ${name} r/m8, cl   | D2 /${digit} | ${decode}
      ${name} r/mv, cl   | D3 /${digit} | ${decode}`;
    if (digit === 6) return forms;
    // GNU as takes ECX for CL, and no count for 1.
    return `${forms}
      ${name} r8.rm, ecx | D2 /${digit} | encode bare
      ${name} r/mv, ecx  | D3 /${digit} | encode
      ${name} r/m8       | D0 /${digit} | encode
      ${name} r/mv       | D1 /${digit} | encode`;
  })
  .join("\n");

const BIT_TESTS = (
  [
    ["bt", "A3", 4],
    ["bts", "AB", 5],
    ["btr", "B3", 6],
    ["btc", "BB", 7],
  ] as const
)
  .map(([name, opcode, digit]) => {
    const lock = name === "bt" ? "" : "lock";
    return `
      ${name} r/mv, rv   | 0F ${opcode} /r  | ${lock}
      ${name} r/mv, imm8 | 0F BA /${digit}  | ${lock}`;
  })
  .join("\n");

const STRINGS = `
  # The second names are System V's. The full forms; what the memory operands say beyond their size and segment is fixed.
  movs/smov dst8, src8     | A4 | rep
  movs/smov dstv, srcv     | A5 | rep
  cmps/scmp src8, dst8     | A6 | repe
  cmps/scmp srcv, dstv     | A7 | repe
  stos/ssto dst8, al       | AA | rep
  stos/ssto dstv, accv     | AB | rep
  lods/slod al, src8       | AC | rep
  lods/slod accv, srcv     | AD | rep
  scas/ssca al, dst8       | AE | repe
  scas/ssca accv, dstv     | AF | repe
  # What GNU as lets one leave out.
  movs/smov                | A4 | rep a encode suffixed b
  movs/smov                | A5 | rep a encode suffixed v
  cmps/scmp                | A6 | repe a encode suffixed b
  cmps/scmp                | A7 | repe a encode suffixed v
  stos/ssto dst8           | AA | rep encode
  stos/ssto dstv           | AB | rep encode
  stos/ssto                | AA | rep a encode suffixed b
  stos/ssto                | AB | rep a encode suffixed v
  lods/slod src8           | AC | rep encode
  lods/slod srcv           | AD | rep encode
  lods/slod                | AC | rep a encode suffixed b
  lods/slod                | AD | rep a encode suffixed v
  scas/ssca dst8           | AE | repe encode
  scas/ssca dstv           | AF | repe encode
  scas/ssca                | AE | repe a encode suffixed b
  scas/ssca                | AF | repe a encode suffixed v`;

/** 80186: and later. INS and OUTS are of the 32-bit kind at most. */
const PORT_STRINGS = `
  ins dst8, dx        | 6C | rep
  ins dstv, dx        | 6D | rep
  outs dx, src8       | 6E | rep
  outs dx, srcv       | 6F | rep
  ins dst8, edx       | 6C | rep encode
  ins dstv, edx       | 6D | rep encode
  outs edx, src8      | 6E | rep encode
  outs edx, srcv      | 6F | rep encode
  ins                 | 6C | rep a encode suffixed b
  ins                 | 6D | rep a encode suffixed v
  outs                | 6E | rep a encode suffixed b
  outs                | 6F | rep a encode suffixed v`;

export const INTEGER: readonly TableSection[] = [
  {
    feature: "i8086",
    rows: `
      # Moving data.
      mov al, moffs8      | A0
      mov accv, moffsv    | A1
      mov moffs8, al      | A2
      mov moffsv, accv    | A3
      mov r/m8, r8        | 88 /r
      mov r/mv, rv        | 89 /r
      mov r8, r/m8        | 8A /r
      mov rv, r/mv        | 8B /r
      mov r8, imm8        | B0 +r
      mov rv, immv        | B8 +r
      mov r/m8, imm8      | C6 /0
      mov r/mv, immv      | C7 /0
      mov rv.rm, sreg     | 8C /r   | =mov_from_sreg
      mov m16, sreg       | 8C /r   | =mov_from_sreg
      # 16 bits are loaded whatever the operand size; the assembler takes either register and writes no prefix.
      mov sreg, r/m16     | 8E /r   | =mov_to_sreg encode
      mov sreg, r32.rm    | 8E /r   | =mov_to_sreg encode
      mov sreg, rv/m16    | 8E /r   | =mov_to_sreg decode
      nop                 | NP 90   | hint
      pause               | F3 90   | =nop
      xchg rv, accv       | 90 +r
      xchg accv, rv       | 90 +r   | encode
      xchg r/m8, r8       | 86 /r   | lock
      xchg r/mv, rv       | 87 /r   | lock
      xchg r8, m8         | 86 /r   | lock encode
      xchg rv, mv         | 87 /r   | lock encode
      lea rv, m           | 8D /r
      lds rv, mfarv       | C5 /r
      les rv, mfarv       | C4 /r
      xlat/xlatb table8   | D7 | bare
      xlat/xlatb          | D7      | a b encode bare
      lahf                | 9F
      sahf                | 9E

      # The stack.
      push rv             | 50 +r   | stack
      push r/mv           | FF /6   | stack
      push es             | 06      | v stack =push_sreg
      push cs             | 0E      | v stack =push_sreg
      push ss             | 16      | v stack =push_sreg
      push ds             | 1E      | v stack =push_sreg
      pop rv              | 58 +r   | stack
      pop r/mv            | 8F /0   | stack
      pop es              | 07      | v stack =pop_sreg
      pop ss              | 17      | v stack =pop_sreg
      pop ds              | 1F      | v stack =pop_sreg
      pushf               | 9C      | v stack
      popf                | 9D      | v stack

      # Arithmetic and logic.
      ${ALU}
      # System V's name of XOR between a register and itself.
      clr r8.both         | 30 /r | =xor encode
      clr rv.both         | 31 /r | =xor encode
      test r/m8, r8       | 84 /r
      test r/mv, rv       | 85 /r
      test r8, m8         | 84 /r   | encode
      test rv, mv         | 85 /r   | encode
      test al, imm8       | A8
      test accv, immv     | A9
      test r/m8, imm8     | F6 /0
      test r/mv, immv     | F7 /0
      test r/m8, imm8     | F6 /1   | decode
      test r/mv, immv     | F7 /1   | decode
      inc rv              | 40 +r
      inc r/m8            | FE /0   | lock
      inc r/mv            | FF /0   | lock
      dec rv              | 48 +r
      dec r/m8            | FE /1   | lock
      dec r/mv            | FF /1   | lock
      not r/m8            | F6 /2   | lock
      not r/mv            | F7 /2   | lock
      neg r/m8            | F6 /3   | lock
      neg r/mv            | F7 /3   | lock
      mul r/m8            | F6 /4
      mul r/mv            | F7 /4
      imul r/m8           | F6 /5
      imul r/mv           | F7 /5
      div r/m8            | F6 /6
      div r/mv            | F7 /6
      div al, r/m8        | F6 /6   | encode
      div accv, r/mv      | F7 /6   | encode
      idiv r/m8           | F6 /7
      idiv r/mv           | F7 /7
      idiv al, r/m8       | F6 /7   | encode
      idiv accv, r/mv     | F7 /7   | encode
      cbw:cwde            | 98      | v =cbw att=cbtw:cwtl bare
      cwd:cdq             | 99      | v =cwd att=cwtd:cltd bare
      daa                 | 27
      das                 | 2F
      aaa                 | 37
      aas                 | 3F
      aam imm8            | D4
      aam                 | D4      | implied=10 encode
      aad imm8            | D5
      aad                 | D5      | implied=10 encode
      ${SHIFTS}

      # Strings.
      ${STRINGS}

      # Ports.
      in al, imm8         | E4
      in accv, imm8       | E5
      in al, dx           | EC
      in accv, dx         | ED
      in imm8             | E4      | b encode suffixed
      in imm8             | E5      | v encode suffixed
      in dx               | EC      | b encode suffixed
      in dx               | ED      | v encode suffixed
      out imm8, al        | E6
      out imm8, accv      | E7
      out dx, al          | EE
      out dx, accv        | EF
      out imm8            | E6      | b encode suffixed
      out imm8            | E7      | v encode suffixed
      out dx              | EE      | b encode suffixed
      out dx              | EF      | v encode suffixed

      # The port in the whole register, as GNU as takes it.
      in al, edx          | EC      | encode
      in accv, edx        | ED      | encode
      in edx              | EC      | b encode suffixed
      in edx              | ED      | v encode suffixed
      out edx, al         | EE      | encode
      out edx, accv       | EF      | encode
      out edx             | EE      | b encode suffixed
      out edx             | EF      | v encode suffixed

      # Transfer of control.
      jmp rel8            | EB      | v d
      jmp relv            | E9      | d
      jmp mfar16          | FF /5   | code16 encode =jmp_far
      jmp r/mv            | FF /4   | d =jmp_indirect
      jmp/ljmp ptrv       | EA      | d =jmp_far att=ljmp
      jmp/ljmp sel16, immv | EA     | d =jmp_far encode
      jmp/ljmp mfarv      | FF /5   | d =jmp_far att=ljmp
      call relv           | E8      | stack
      call mfar16         | FF /3   | code16 encode =call_far
      call r/mv           | FF /2   | stack =call_indirect
      call/lcall ptrv     | 9A      | stack =call_far att=lcall
      call/lcall sel16, immv | 9A   | stack =call_far encode
      call/lcall mfarv    | FF /3   | stack =call_far att=lcall
      ret                 | C3      | v stack hint
      ret imm16           | C2      | v stack hint
      retf/lret           | CB      | v stack att=lret
      retf/lret imm16     | CA      | v stack att=lret
      iret                | CF      | v d
      int3                | CC
      int 3               | CC      | encode =int3
      int imm8            | CD
      into                | CE
      int1                | F1
      ${forConditions((names, code) => `${names("j")} rel8 | ${hex(0x70 + code)} | v d =jcc`)}
      loopne/loopnz rel8  | E0      | a
      loope/loopz rel8    | E1      | a
      loop rel8           | E2      | a
      jcxz:jecxz rel8     | E3      | a

      # The processor.
      clc                 | F8
      stc                 | F9
      cmc                 | F5
      cld                 | FC
      std                 | FD
      cli                 | FA
      sti                 | FB
      hlt                 | F4
      fwait/wait          | 9B      | 8087
      # Undocumented: AL = CF ? FF : 0.
      salc                | D6      | decode
    `,
  },
  {
    feature: "i186",
    rows: `
      push imm8s          | 6A      | v stack
      push immv           | 68      | stack
      pusha               | 60      | v stack
      popa                | 61      | v stack
      enter imm16, imm8   | C8      | v stack
      leave               | C9      | v stack
      bound rv, mpairv    | 62 /r
      imul rv, r/mv, imm8s | 6B /r
      imul rv, r/mv, immv | 69 /r
      imul rv.both, imm8s | 6B /r   | encode
      imul rv.both, immv  | 69 /r   | encode
      ${PORT_STRINGS}
    `,
  },
  {
    feature: "i386",
    rows: `
      ${forConditions((names, code) => `${names("j")} relv | 0F ${hex(0x80 + code)} | d =jcc`)}
      ${forConditions((names, code) => `${names("set")} r/m8 | 0F ${hex(0x90 + code)} /_ | =setcc`)}
      movzx/movzb rv, r/m8 | 0F B6 /r
      movzx/:movzw rv, r/m16 | 0F B7 /r
      movsx/movsb rv, r/m8 | 0F BE /r
      movsx/:movsw rv, r/m16 | 0F BF /r
      imul rv, r/mv       | 0F AF /r
      push fs             | 0F A0   | v stack =push_sreg
      pop fs              | 0F A1   | v stack =pop_sreg
      push gs             | 0F A8   | v stack =push_sreg
      pop gs              | 0F A9   | v stack =pop_sreg
      lss rv, mfarv       | 0F B2 /r
      lfs rv, mfarv       | 0F B4 /r
      lgs rv, mfarv       | 0F B5 /r
      shld r/mv, rv, imm8 | 0F A4 /r
      shld r/mv, rv, cl   | 0F A5 /r
      shld r/mv, rv       | 0F A5 /r | encode
      shrd r/mv, rv, imm8 | 0F AC /r
      shrd r/mv, rv, cl   | 0F AD /r
      shrd r/mv, rv       | 0F AD /r | encode
      ${BIT_TESTS}
      bsf rv, r/mv        | 0F BC /r | hint
      bsr rv, r/mv        | 0F BD /r | hint
    `,
  },
  {
    feature: "i486",
    rows: `
      cmpxchg r/m8, r8    | 0F B0 /r | lock
      cmpxchg r/mv, rv    | 0F B1 /r | lock
      xadd r/m8, r8       | 0F C0 /r | lock
      xadd r/mv, rv       | 0F C1 /r | lock
      # Undefined with 16 bits, so it has no name there.
      :bswap rv           | 0F C8 +r
    `,
  },
  { feature: "i586", rows: `cmpxchg8b m64 | 0F C7 /1 | lock` },
  {
    feature: "cmov",
    rows: forConditions((names, code) => `${names("cmov")} rv, r/mv | 0F ${hex(0x40 + code)} /r | =cmovcc`),
  },
  {
    feature: "nop",
    rows: `
      nop r/mv            | 0F 1F /0
      # The rest of the hint space does nothing on processors that give it no meaning.
      nop rv.rm           | 0F 0D /_ | decode
      nop rv.rm           | 0F 18 /0 | decode
      nop rv.rm           | 0F 18 /1 | decode
      nop rv.rm           | 0F 18 /2 | decode
      nop rv.rm           | 0F 18 /3 | decode
      nop r/mv            | 0F 18 /4 | decode
      nop r/mv            | 0F 18 /5 | decode
      nop r/mv            | 0F 18 /6 | decode
      nop r/mv            | 0F 18 /7 | decode
      nop r/mv            | 0F 19 /_ | decode
      nop r/mv            | 0F 1A /_ | decode
      nop r/mv            | 0F 1B /_ | decode
      # CLDEMOTE, which does nothing where it is not known.
      cldemote mline      | NP 0F 1C /0 | =nop decode
      nop r/mv            | 0F 1C /_ | decode
      nop r/mv            | 0F 1D /_ | decode
      nop r/mv            | 0F 1E /_ | decode
      ${[1, 2, 3, 4, 5, 6, 7].map((digit) => `nop r/mv | 0F 1F /${digit} | decode`).join("\n")}
    `,
  },
  {
    feature: "ibt",
    rows: `
      endbr32             | F3 0F 1E FB | =nop
      endbr64             | F3 0F 1E FA | =nop
    `,
  },
  {
    // Shadow stacks: a processor without them takes RDSSP for a hint, and the others do not exist.
    feature: "shstk",
    rows: `
      rdsspd r32.rm       | F3 0F 1E /1 | =nop bare
      incsspd r32.rm      | F3 0F AE /5 | bare
      saveprevssp         | F3 0F 01 EA
      rstorssp m64        | F3 0F 01 /5
      # Shown without a size, which is not so of anything else.
      wrssd m32, r32      | NP 0F 38 F6 /r | encode bare
      wrssd mstate, r32   | NP 0F 38 F6 /r | decode
      wrussd m32, r32     | 66 0F 38 F5 /r | encode bare
      wrussd mstate, r32  | 66 0F 38 F5 /r | decode
      setssbsy            | F3 0F 01 E8
      clrssbsy m64        | F3 0F AE /6
    `,
  },
  { feature: "popcnt", rows: `popcnt rv, r/mv | F3 0F B8 /r` },
  { feature: "lzcnt", rows: `lzcnt rv, r/mv | F3 0F BD /r` },
  {
    feature: "bmi",
    rows: `
      tzcnt rv, r/mv      | F3 0F BC /r
      andn r32, r32.vex, r/m32 | VEX NP 0F 38 F2 /r
      blsr r32.vex, r/m32 | VEX NP 0F 38 F3 /1
      blsmsk r32.vex, r/m32 | VEX NP 0F 38 F3 /2
      blsi r32.vex, r/m32 | VEX NP 0F 38 F3 /3
      bextr r32, r/m32, r32.vex | VEX NP 0F 38 F7 /r
    `,
  },
  {
    feature: "bmi2",
    rows: `
      bzhi r32, r/m32, r32.vex | VEX NP 0F 38 F5 /r
      pdep r32, r32.vex, r/m32 | VEX F2 0F 38 F5 /r
      pext r32, r32.vex, r/m32 | VEX F3 0F 38 F5 /r
      mulx r32, r32.vex, r/m32 | VEX F2 0F 38 F6 /r
      shlx r32, r/m32, r32.vex | VEX 66 0F 38 F7 /r
      sarx r32, r/m32, r32.vex | VEX F3 0F 38 F7 /r
      shrx r32, r/m32, r32.vex | VEX F2 0F 38 F7 /r
      rorx r32, r/m32, imm8 | VEX F2 0F 3A F0 /r
    `,
  },
  {
    feature: "movbe",
    rows: `
      movbe rv, mv        | 0F 38 F0 /r
      movbe mv, rv        | 0F 38 F1 /r
    `,
  },
  {
    feature: "sse4.2",
    rows: `
      crc32 r32, r/m8     | F2 0F 38 F0 /r
      crc32 r32, r/mv     | F2 0F 38 F1 /r
    `,
  },
];
