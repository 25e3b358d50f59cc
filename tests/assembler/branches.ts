/**
 * Drawn programs for options that change code: branches of all kinds, comparisons before them, loads, data and prefixes
 * in between, alignments. And drawn options for them.
 */

import { random } from "./generator.ts";

const PLAIN =
  `nop; mov %eax,%ebx; mov $1,%eax; mov (%esp),%eax; mov %fs:4(%ebx),%eax; lea 4(%ebp,%ecx,4),%edx; push %eax
  pop %ebx; push $300; movzbl (%esi),%eax; rep movsb; movsl; lock incl (%eax); pushf; cltd; imul $3,%eax,%ebx; fldl (%eax)
  fld1; fadd %st(1),%st; movaps %xmm0,(%eax); pshufb %xmm0,%xmm1; palignr $3,%xmm0,%xmm1; andn %eax,%ebx,%ecx; lfence
  in %dx,%al; int $3; shl $3,%eax; shl %eax; xchg %eax,%ebx; bswap %eax; mov %cr0,%eax; cs nop; mov %ds,%ax; setne %al
  cmovne %eax,%ebx; xor %eax,%eax; or $1,%eax; sbb %eax,%eax; crc32b %al,%ebx; fstcw (%eax); leave; enter $1,$2
  mov 4(%bp),%ax; insb; aam; xlat; pause; movw $1,(%eax); bound %eax,(%ecx); pfadd %mm0,%mm1; cmpeqps %xmm0,%xmm1
  lea (%ebx),%eax; or %ecx,%ecx; test $5,%ebx; repe cmpsb; scasl; jecxz .; loop .`.split(/;|\n/);
/** Only in 32-bit code: fields of four bytes. */
const PLAIN32 = `movl $100000,foo(%ebx,%eax,8); mov $foo,%eax; mov foo@GOT(%ebx),%eax; mov foo@NTPOFF(%ebx),%eax
  add $_GLOBAL_OFFSET_TABLE_,%ebx; mov foo@INDNTPOFF,%eax; add foo@GOTNTPOFF(%ebx),%eax; lea foo@TLSGD(,%ebx,1),%eax
  subl $foo@TPOFF,%eax; pushl _GLOBAL_OFFSET_TABLE_+4(%ebx); addr16 movsb; data16 nop`.split(/;|\n/);
const COMPARISONS =
  `cmp %eax,%ebx; cmp $1,%eax; cmp $1000,%ecx; cmp (%eax),%ecx; cmpl $1,(%eax); test %eax,%eax; test $1,%al
  test $1,%ecx; testl $1,(%ecx); test %eax,(%ecx); and $3,%eax; and %eax,%ebx; andl $3,(%eax); add $1,%eax; add %eax,%ebx
  add %eax,(%ebx); sub $1,%ebx; sub $1,%al; inc %eax; inc %al; incl (%eax); dec %ecx; decb (%eax); cmp $1000,%eax
  cmp %ax,%bx; cmpl %fs:4,%eax; lock addl $1,(%eax); or %eax,%eax`.split(/;|\n/);
const CONDITIONS = "o no b ae e ne be a s ns p np l ge le g".split(" ");
const INDIRECT = "jmp *%eax; jmp *(%eax); call *%ecx; call *4(%ebx); ljmp *(%eax); call *(,%eax,4)".split(";");
const RETURNS = "ret; ret $4; rep ret; lret; iret".split(";");
const DATA = '.byte 1; .long 5; .zero 3; .ascii "ab"; .byte 0x2e; .skip 5; .nops 4; .nop; .zero 300'.split(";");
const ALIGNMENTS = ".p2align 4; .p2align 4,,7; .align 8; .balign 16,0x90; .p2align 2".split(";");
const PLACES = '.section .foo,"ax"; .text; .subsection 1; .text 0; .arch pentium4; .arch default'.split(";");
const BETWEEN = ["mid:", ".p2align 2", "nop", "# c", ".byte 1", ".set q, 1"];
const LABELS = 12;

export function branchyProgram(seed: number, bits: 16 | 32): string {
  const below = random(seed);
  const pick = (from: readonly string[]): string => from[below(from.length)]!.trim();
  const target = (): string => {
    const kind = below(20);
    const label = `L${below(LABELS)}`;
    return kind < 15 ? label : kind < 17 ? "foo" : kind < 18 ? "." : kind < 19 ? `${label}+2` : "g";
  };
  const out = [`.code${bits}`];
  let labels = 0;
  const count = 40 + below(120);
  for (let i = 0; i < count; i++) {
    if (labels < LABELS && below(count) < LABELS * 1.4) out.push(`L${labels++}:`);
    const kind = below(100);
    if (kind < 45) out.push(pick(bits === 32 && below(5) === 0 ? PLAIN32 : PLAIN));
    else if (kind < 58) {
      out.push(pick(COMPARISONS));
      if (below(12) === 0) out.push(pick(BETWEEN).replace("mid", `M${i}`));
      if (below(10) < 8) out.push(`j${pick(CONDITIONS)} ${target()}`);
    } else if (kind < 68) out.push(`j${pick(CONDITIONS)} ${target()}`);
    else if (kind < 74) out.push(`jmp ${target()}`);
    else if (kind < 79) out.push(`call ${target()}`);
    else if (kind < 82) out.push(pick(RETURNS));
    else if (kind < 86) out.push(pick(INDIRECT));
    else if (kind < 92) out.push(pick(DATA));
    else if (kind < 95) out.push(pick(ALIGNMENTS));
    else if (kind < 97) out.push(pick(["lock", "rep", "ds"]));
    else out.push(pick(PLACES));
  }
  while (labels < LABELS) out.push(`L${labels++}:`);
  out.push("nop", ".globl g", "g: ret", "");
  return out.join("\n");
}

export function codeOptions(seed: number): string[] {
  const below = random(seed);
  const options: string[] = [];
  const maybe = (oneOf: number, option: () => string): void => {
    if (below(oneOf) === 0) options.push(option());
  };
  const pick = (text: string): string => text.split(" ")[below(text.split(" ").length)]!;
  if (below(10) < 4) options.push("-mbranches-within-32B-boundaries");
  else {
    maybe(2, () => `-malign-branch-boundary=${pick("16 32 32 64 128")}`);
    const kinds = "jcc fused jmp call ret indirect".split(" ").filter(() => below(2) === 0);
    if (kinds.length > 0) maybe(2, () => `-malign-branch=${kinds.join("+")}`);
    maybe(2, () => `-malign-branch-prefix-size=${below(6)}`);
  }
  maybe(4, () => "-mlfence-after-load=yes");
  maybe(4, () => `-mlfence-before-ret=${pick("or not shl yes none")}`);
  maybe(4, () => `-mlfence-before-indirect-branch=${pick("all register memory none")}`);
  maybe(6, () => `-O${pick("1 2 s 0")}`);
  maybe(8, () => "-momit-lock-prefix=yes");
  maybe(10, () => `-mtune=${pick("i686 core2 generic32 k8")}`);
  maybe(10, () => "-madd-bnd-prefix");
  maybe(10, () => "-mshared");
  maybe(10, () => "-mrelax-relocations=no");
  if (!options.some((option) => option.includes("-momit")) && below(10) === 0 && !options.includes("-O"))
    options.push("-mfence-as-lock-add=no");
  return options;
}
