/**
 * What compilers and old hand-written kernels write, as they were found in sources by others, reduced to what mattered:
 * their objects must be those of GNU as, byte for byte.
 */

import type { Source } from "./differential.ts";

export const FOREIGN_SOURCES: Readonly<Record<string, Source>> = {
  "the address of the global offset table": {
    text: `1: addl $_GLOBAL_OFFSET_TABLE_-1b,%ebx
 nop
2: addl $_GLOBAL_OFFSET_TABLE_+[.-1b],%ebx
 movl $_GLOBAL_OFFSET_TABLE_-1b,%eax
 movl _GLOBAL_OFFSET_TABLE_-1b(%ebx),%eax
 addl $_GLOBAL_OFFSET_TABLE_+[.-2b],%ebx
 lea _GLOBAL_OFFSET_TABLE_-2b(%ebx),%ecx
 .long _GLOBAL_OFFSET_TABLE_-1b
 .long _GLOBAL_OFFSET_TABLE_
 .long _GLOBAL_OFFSET_TABLE_-.
 push $_GLOBAL_OFFSET_TABLE_
 .intel_syntax noprefix
3: add ebx, offset _GLOBAL_OFFSET_TABLE_-3b
 lea ebx, _GLOBAL_OFFSET_TABLE_[ebx]
`,
  },
  "an object that is unique in the process": {
    text: ` .weak _ZZ1fvE1x
 .section .bss._ZZ1fvE1x,"awG",@nobits,_ZZ1fvE1x,comdat
 .align 4
 .type _ZZ1fvE1x, @gnu_unique_object
 .size _ZZ1fvE1x, 4
_ZZ1fvE1x: .zero 4
 .text
 movl _ZZ1fvE1x,%eax
`,
  },
  "aliases before their targets have type and size": {
    text: ` .weak a
 a = b
 .globl b
 .type b,@function
b: nop
 .size b,.-b
 .weak a2
 .set a2,b
 .globl c
 c = d
 .hidden d
 .type d,@object
 .data
d: .long 1
 .size d,4
 .globl e
 .set e,d
 .hidden h
 .globl h
h: .long 2
 .globl al
 .set al,h
 .protected p
 .globl p
p: .long 2
 .globl al2
 .set al2,p
`,
  },
  "aliases keep their names in relocations": {
    text: String.raw` .macro t n
 movl a\n@GOTOFF(%edx), %eax
 call a\n@PLT
 movl a\n@GOT(%edx), %eax
 .long a\n@GOTOFF
 .set a\n, \n
 .endm
 t .LC1
 t loc
 t glo
 t wk
 t und
 .globl glo
 .weak wk
 .section .foo,"a"
.LC1: .long 1
loc: .long 1
glo: .long 1
wk: .long 1
 .text
 .globl a2
 movl a2@GOTOFF(%edx),%eax
 .set a2, loc
`,
  },
  "constants set to later constants": {
    text: ` .set .LC0,.LC2
 .text
 movl .LC0,%eax
 flds .LC0
 .section .rodata.cst4,"aM",@progbits,4
.LC1: .long 1
.LC2: .long 2
`,
  },
  "parts of constants that are merged, named before they are there": {
    text: ` .text
 movzwl .LC88, %eax
 movzwl .LC88+1, %eax
 movzwl named, %eax
 call .LC88
 .long .LC99
 .set .LC88,.LC138+2
 .set .LC99,.LC88+1
 .set named,.LC138+2
 .section .rodata.cst8,"aM",@progbits,8
 .align 8
.LC138: .quad 1
`,
  },
  "local constants that are aliases": {
    text: ` movl .LC1@GOTOFF(%edx), %eax
 movl .LC10@GOTOFF(%edx), %eax
 movl .LC1@GOTOFF(%edx), %eax
 movl .LC3@GOTOFF(%edx), %eax
 .set .LC1,.LC10
 .set .LC3,.LC11
 .section .foo,"a"
.LC10: .long 1
.LC11: .long 1
 .text
 movl .LC1@GOTOFF(%edx), %eax
 movl .LC3@GOTOFF(%edx), %eax
 movl .LC3@GOTOFF(%edx), %eax
 .data
 .long .LC1@GOTOFF
 .long .foo
`,
  },
  "a view after the last instruction": {
    text: ` .file 1 "x.c"
 .text
 .loc 1 1 0 view .LVU1
 nop
 .loc 1 1 0 view .LVU186
 .bss
 .zero 4
 .data
 .uleb128 .LVU186
`,
  },
  "lines of several sections": {
    text: ` .file 1 "x.c"
 .text
 .loc 1 1 0
 nop
 .section .text.b,"ax"
 .loc 1 2 0
 nop
`,
  },
  "symbols for registers with offsets": {
    text: `.intel_syntax noprefix
SR_CS = edi + 4
SR_DS = edi
 mov ax, ss:[SR_CS]
 mov eax, [SR_CS]
 mov eax, ss:[SR_CS]
 mov eax, ss:[SR_DS]
a:
a: nop
`,
  },
  "shifts by one for the 486": {
    text: `.intel_syntax noprefix
.arch i486
 shl dl, 1
 shl eax,1
 sar word ptr [eax],1
 rol dl
.att_syntax
 shll $1,%eax
 shrb $1,(%eax)
`,
  },
  "shifts and padding for -mtune=i486": {
    text: `.intel_syntax noprefix
 shl dl, 1
 rcl eax,1
 .text
 nop
 .p2align 4
 nop
 .arch pentium4
 .p2align 4
 nop
 .arch i386
 .p2align 5
 .text
 nop
 .p2align 4
 nop
 .arch pentium4
 .p2align 4
 nop
 .arch i386
 .p2align 5
 .text
 nop
 .p2align 4
 nop
 .arch pentium4
 .p2align 4
 nop
 .arch i386
 .p2align 5
 .text
 nop
 .p2align 4
 nop
 .arch pentium4
 .p2align 4
 nop
 .arch i386
 .p2align 5
 .text
 nop
 .p2align 4
 nop
 .arch pentium4
 .p2align 4
 nop
 .arch i386
 .p2align 5
`,
    options: ["-mtune=i486"],
  },
  "padding for -march=i686": {
    text: `.intel_syntax noprefix
 shl dl, 1
 rcl eax,1
 .text
 nop
 .p2align 4
 nop
 .arch pentium4
 .p2align 4
 nop
 .arch i386
 .p2align 5
 .text
 nop
 .p2align 4
 nop
 .arch pentium4
 .p2align 4
 nop
 .arch i386
 .p2align 5
 .text
 nop
 .p2align 4
 nop
 .arch pentium4
 .p2align 4
 nop
 .arch i386
 .p2align 5
 .text
 nop
 .p2align 4
 nop
 .arch pentium4
 .p2align 4
 nop
 .arch i386
 .p2align 5
 .text
 nop
 .p2align 4
 nop
 .arch pentium4
 .p2align 4
 nop
 .arch i386
 .p2align 5
`,
    options: ["-march=i686"],
  },
  "offsets of fields in structures": {
    text: `.intel_syntax noprefix
.struct 0
a: .skip 4
b: .skip 4
.text
 add edi, offset b - offset a
 push offset b - offset a
 imul eax, ebx, offset b - offset a
 mov eax, offset b
 add eax, b - a
`,
  },
  "differences of offsets": {
    text: `.intel_syntax noprefix
.struct 0
a: .skip 4
b: .skip 4
.text
K=5
 add edi, offset b
 add edi, b
 add edi, offset b - offset a
 add edi, offset b - a
 add edi, b - offset a
 add edi, offset (b - a)
 add edi, offset K
 add edi, offset 5
 push offset b
 push offset b + 1
 add edi, offset b + 1
 add edi, 1 + offset b
 add edi, offset b - 1
 add edi, offset K - 1
 add edi, offset K - offset K
t1: nop
t2: nop
 add edi, offset t2 - t1
 mov eax, [edi+offset b]

 mov eax, [edi + b]
 add edi, 0 - offset a

 add edi, offset b * 2
`,
  },
  "symbols set to offsets": {
    text: `.intel_syntax noprefix
S = offset class_a
 .long S
 mov eax, S
class_a: nop
 mov eax, S
 .long S
T = offset class_a
 mov eax, T
 .long T
 mov eax, T
`,
  },
  "labels and structures said twice": {
    text: `a:
a: nop
.struct 0
x: .skip 4
y:
.struct 0
x: .skip 4
y:
`,
  },
  "a global number that was used before": {
    text: ` .global S
 .data
 .word S
 .equ S,5
 .long S
 .word T
 T=7
`,
  },
  "symbols worked out at each use": {
    text: ` .data
 x = 1
 .eqv y, x+1
 .long y
 x = 5
 .long y
 .eqv here, .
 .long here
 .long here
`,
  },
  "no-operation instructions by a later count": {
    text: ` nop
 .nops e-s
s: nop
 nop
e:
 .nops 8
 .nops 9,4
`,
  },
  "two segments before an address": {
    text: ` .intel_syntax noprefix
 mov eax, fs:gs:[eax]
`,
  },
  "a segment before a direct jump": {
    text: ` jmp %fs:foo
foo: nop
`,
  },
  stabs: {
    text: ` .stabs "foo.c",100,0,0,.Ltext0
 .text
.Ltext0:
 .stabs "int:t1=r1;-2147483648;2147483647;",128,0,0,0
 nop
 .stabn 68,0,3,.LM1
.LM1:
 nop
`,
  },
  "sysret of both widths, and a blank after the sign of a type": {
    text: ` sysretl
 sysret
 .section .foo,"a",@ progbits
 .long 1
`,
  },
  "sysret in 16-bit code": {
    text: ` sysretl
 .code16
 sysretl
 sysret
 .intel_syntax noprefix
 sysretd
`,
  },
  notrack: {
    text: `	notrack call *%eax
	notrack call *%ax
	notrack jmp *%eax
	notrack jmp *(%eax)
	notrack callw *(%eax)
	notrack jmpw *(%eax)
	notrack jmp *.L4(,%eax,4)
	notrack jmp *x@GOTOFF(%eax)
	.intel_syntax noprefix
	notrack call DWORD PTR [eax]
	notrack jmp WORD PTR [eax]
	notrack jmp eax
	notrack jmp [dword ptr .L4[eax*4]]
`,
  },
  "shadow stacks": {
    text: ` rdsspd %eax
 incsspd %ecx
 saveprevssp
 rstorssp (%eax)
 wrssd %eax,(%ecx)
 wrussd %eax,(%ecx)
 setssbsy
 clrssbsy (%eax)
 endbr32
`,
  },
  "32-bit calls in 16-bit compiler output": {
    text: `.code16gcc
lcall *(%eax)
ljmp *(%eax)
lret
call *(%eax)
jmp *(%eax)
push $34525
pushl $34525
push $0x12345678
.intel_syntax noprefix
call [eax]
jmp far ptr [eax]
call word ptr [eax]
push 32767
push 0x12345678
push 65535
push 65536
push -32769
push dword ptr 40000
push word ptr 40000
`,
  },
  "lines and files that markers say": {
    text: `	.file "aa.c"
	.text
	nop
#APP
# 69 "/x/y/io.h" 1
	nop
# 0 "" 2
#NO_APP
	nop
	.file "bb.c"
	nop
# 5 "cc.c"
	nop
	nop
	.file "dd.c"
	nop
`,
    options: ["-g"],
  },
  "several names of files": {
    text: `	.file "aa.c"
	.text
	nop
#APP
# 69 "/x/y/io.h" 1
	nop
# 0 "" 2
#NO_APP
	nop
	.file "bb.c"
	nop
# 5 "cc.c"
	nop
	nop
	.file "dd.c"
	nop
`,
  },
  "frames that begin with other offsets": {
    text: ` .globl f
f:
 .cfi_startproc
 nop
 .cfi_def_cfa_offset 8
 nop
 .cfi_endproc
 .section .text.unlikely,"ax",@progbits
 .cfi_startproc
 .cfi_def_cfa_offset 32
 .cfi_offset 3, -8
 nop
 .cfi_endproc
 .text
 .cfi_startproc
 .cfi_remember_state
 nop
 .cfi_endproc
`,
  },
  "namesakes among sections, and groups without a symbol": {
    text: ` .text
 nop
 .section .debug_macro,"",@progbits
 .long .Lb
 .section .debug_macro,"G",@progbits,wm4.a,comdat
.Lb: .byte 1
 .section .debug_line_str,"MS",@progbits,1
.Lc: .string "x"
 .section .text._ZN1AC5Ev,"axG",@progbits,_ZN1AC5Ev,comdat
 .globl _ZN1AC2Ev
_ZN1AC2Ev: nop
 .data
 .long .Lc, .Lb, .Lw@GOTOFF
 .text
.Lw: nop
`,
  },
  "types of symbols with blanks after the sign": { text: ".type f, @ function\n.type g , @object\nf: nop\ng: nop\n" },
  "numbers with C's marks of their type": {
    text: ".long 1U, 2u, 3L, 4l, 5UL, 7LL, 8ULL, 9uLl, 0x10U, 0b11ul, 017U\n.set A, 108U\nsubl $A - 4U, %esp\n.intel_syntax noprefix\nsub esp, 108U - 4\n",
  },
  "branches that are asked to be long": {
    text: String.raw`.globl g, h
 .hidden h
 .weak w
g: nop
h: nop
w: nop
l: nop
 .irp to, g, h, w, l, h + 4, f, missing, other
 jmp.d32 \to
 jne.d32 \to
 {disp32} jmp \to
 {disp32} call \to
 .endr
f: nop
 .data
other: nop
`,
  },
  "common symbols with an alignment of 0": {
    text: ".comm a,4,0\n.comm b,40,0\n.comm c,3\n.comm d,5,1\n.comm e,0,0\n.local f\n.comm f,8,0\n",
  },
  "forward jumps over growing code and alignment": {
    text: String.raw` .irp i,0,1,2,3,4,5,6,7,8,9,10,11
j\i: je far\i
 .skip 100
 jmp k\i
 .skip 60,0x90
 .p2align 4
k\i: nop
far\i: nop
 jne j\i
 .endr
`,
  },
};
