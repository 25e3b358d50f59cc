/**
 * More sources whose objects must be those of GNU as, byte for byte: corners that hand-written systems reach, macros
 * above all.
 */

import type { Source } from "./differential.ts";

const intel = (text: string): string => `.intel_syntax noprefix\n${text}`;

export const IDIOM_SOURCES: Readonly<Record<string, Source>> = {
  "parameters named with an ampersand": {
    text: `.macro say word, x
.ascii "&word.&word&b&&x"
.ascii "a\\word'b"
.byte 7&x, 7 & x, 7 &x&1
.ascii "\\&word \\(&word) &other"
.endm
x = 3
say abc, 4
say "x y" 5
.irp q, 1, 2
.ascii "&q&q"
.byte 7&q
.endr
.rept 2
.ascii "&q \\@"
.endr
`,
  },
  "names in strings of the alternate mode": {
    text: `.altmacro
.macro m a, b
local k, l
k: .byte a&b, a&&b
l: .ascii "&a&&b a b &k \\b"
.endm
x12 = 3
12 = 4
m x 12
m %(1+2) 4
m <1!>2>, <3>
.macro n text
.ascii "&text"
.endm
n <!>!<!!>
`
      .replace("12 = 4\n", "")
      .replace("m <1!>2>, <3>\n", ""),
  },
  "comments that join": {
    text: '.macro m a b c\n.ascii "<\\a|\\b|\\c>"\n.endm\nm x/* c */ a\nm x /* c */ a\nm x/**/+ a\nm 1 /* */ 2 3\nm (x)/**/ a\nm x a;# note\nm 1 2 /* */ 3\nm/**/ x\n'.replace(
      "m/**/ x\n",
      "m /**/ x\n",
    ),
  },
  "characters of strings": {
    text: '.irpc c, "a b"\n.ascii "<\\c>"\n.endr\n.irpc c, ""\n.byte 1\n.endr\n.irpc c\n.ascii "[\\c]"\n.endr\n.irpc c, a b\n.ascii "{\\c}"\n.endr\n.ascii "\\97\\128\\8"\n',
  },
  "numbers from what comes later": {
    text: intel(`mov eax, b-a
mov ecx, (b-a+3)/4
mov edx, count*4
mov ebx, count
mov ebx, count+1
mov ebx, -count
mov ebx, (count+1)*2
push b-a
ret b-a
mov dword ptr [ebx], b-a
cmp eax, size
mov al, 2*count
size = b-a
cmp eax, size
a: .skip 20
jmp b
b:
count = 7
cmp eax, size
mov eax, dword ptr b
`),
  },
  "distances after a register": {
    text: intel(
      "nop\na: .skip 3\nb: nop\nmov eax, [ebx+b-a]\nmov eax, [ebx+(b-a)]\nmov eax, [b-a+ebx]\nmov eax, [ebx+esi*4+b-a+1]\nmov eax, [ebx+.-a]\nmov eax, [ebx+c-a]\njmp c\nc: mov eax, [ebx+c-a]\n",
    ),
  },
  "places after offset": {
    text: intel("a: nop\nb: push offset b-a\npush offset 5\nadd eax, offset b-a\nk = 5\npush offset k\n"),
  },
  "a name for a calculation to come": {
    text: intel(
      "x = b-a\ny = x\nz = x+1\n.equiv v, x\n.eqv w, x\n.long x, y, z, v, w\nmov eax, [y]\na: nop\njmp b\nb:\nu = x\n.long u\n",
    ),
  },
  redefinitions: {
    text: ".equiv two, 2*one\n.equ one, 1\n.byte one, two\n.equ one, -1\n.byte one, two\nx = 5\n.long x\nx: .long x\ny = xtrn\n.long y\n.comm y, 4\n.long y\n",
  },
  "the place of a later use": {
    text: ".data\nx: .long 0, 1, 2, . - x\ny = . - x\nz == . - x\n.eqv w, z*2 + 1\n.long y, z, y, z, w\n",
  },
  "registers under other names": {
    text: intel(
      "r = ebx\nc = r\nmov c, [r+c*4+8]\n.if r == ebx\n.byte 1\n.endif\n.if r <> ecx\n.byte 2\n.endif\n.set f, st(3)\nfadd f\n",
    ),
  },
  "conditions on what is unknown": {
    text: ".if x <> x\n.err\n.endif\n.if x == y\n.err\n.endif\na = x\n.if a == x\n.byte 1\n.endc\n.if x - x\n.err\n.endif\nx = 1\ny = 2\n",
  },
  "numbers of more than 32 bits": {
    text: intel(
      "push 0x1ffffffff\nadd eax, 0x1fffffff0\nand ax, 0xffffffffffff80\nint 0x100000001\nshl eax, 0x100000001\nmov eax, -1>>8\npush -1>>8\nimul eax, ebx, 0x1ffffffff\nret 0x100000001\n.code16\npush 0x1ffffffff\nadd ax, 0x1fffffff0\n",
    ),
  },
  "addresses from the offset table": {
    text: intel(
      'a: mov eax, x@GOT[ebx]\nmov ax, x@GOT[ebx]\nmov al, x@GOT[ebx]\nmov eax, x@GOT\nmov x@GOT, eax\ncmp x@GOT[ebx], eax\ncall x@GOT[ebx]\nmov eax, offset a@GOTOFF\nmov eax, a@GOTOFF[ebx]\n.code16\nmov eax, x@GOT[ebx]\nadd ax, x@GOT[ebx]\n.data\n.code32\n.section .other,"ax"\nl: call m@PLT\n.text\nm: call l@PLT\n',
    ),
  },
  "a table without use of it": { text: "call x@PLT\n.long y@SIZE\n" },
  "spellings of AT&T syntax": {
    text: "in (%dx),%al\nout %eax,(%dx)\ninsb (%dx),%es:(%edi)\noutsb (%esi),(%dx)\nmovzxb (%eax),%edx\nmovsxw %ax,%edx\nmovzxb %al,%bx\nrep; movsd\ncmpsd\nmovsd %xmm0,%xmm1\njz,pt l\njc,pn l\nl: aam $0xffffff90\nint $0xffffff90\nmonitor %eax,%ecx,%edx\nmwait %eax,%ecx\nlodsb (%edi)\ncmpsb (%esi),(%edi)\nmov.s %eax,%ebx\nmov.d8 (%eax),%ebx\njmp.d32 l\nandb $~0x80,l\nfldl %st(1)\nmov $val+0xffffff00,%edx\nval = 0x190\n",
  },
  "sections of one name": {
    text: '.section .bar,"a",unique,0\n.byte 1\n.pushsection .bar,2,"a",unique,1\n.byte 2\n.popsection\n.section .bar,"a",unique,0\n.byte 3\n.section s1,"0x06000000"\n.section s2,"a128x"\n.byte 5\n.section .mb,"adw",%progbits,0x3\n.byte 9\n.section .foo,"axG",@progbits,grp,comdat\nnop\n.section .foo2,"a?"\n.byte 1\n.section .x,"ao",@progbits,.text\n.byte 1\n.section .x,"ao",@progbits,.data\n.byte 2\n',
  },
  "instructions that do nothing, in the mode that is there last": { text: ".code16\nnop\n.nops 6\n.code32\n.ds.p 2\n" },
  "instructions that do nothing": { text: ".nops 1\n.nops 9\n.nops 31,4\n.nop\n.nops 100\n.code16\n.nops 15\n" },
  "formats of numbers": {
    text: ".dcb.w 2\n.dcb.w 3, 5\n.dcb.l 2, x+1\n.dcb.s 2, 1.5\n.dcb.x 2, 1.5\n.hfloat 1.5, -2, 65504, 6e-8\n.bfloat16 1.5, -3.25\n.float 0f:3f8\n.tfloat 0x:3fff8\n.ds.x 1\n.ds.l 2, 0x12345678\n.octa ~0x112233445566778899aabbcc0000\n.byte 5+\n.slong -1\n",
  },
  "lines of code only": { text: intel('nop\n.data\nmov eax, 1\n.section .b,"ax"\nnop\n'), options: ["-g"] },
  "lines as stabs": {
    text: `.macro two
	nop
	ret
.endm
foo: nop; inc %eax
	two
	.long 5
	.include "more.s"
# 100 "c.c"
	nop
	nop
	.file "other.c"
	nop
	.section .text2,"ax"
a: ret
	.data
	nop
	.text
	.func bar, bar_start
bar_start: nop
	ret
	.endfunc
	.func last
last: nop
	.endfunc
	.rept 2
	hlt
	.endr
`,
    files: { "more.s": "cld\nstd\n" },
    options: ["--gstabs"],
  },
  "numeric labels that are kept": { text: "1: jmp 1b\n.L2: jmp 1f\n1: nop\n", options: ["-L"] },
  "the opposite of a place": { text: "a: nop\nb: .long -b, 4-a\nmov $-b, %eax\n" },
  "symbols set to offsets, in each operand that is a number": {
    text: `.intel_syntax noprefix
 .irp i, "mov eax,", "push", "push dword ptr", "mov dword ptr [eax],", "imul eax, ebx,", "add ebx, 4 +", "mov ax,", "mov al, byte ptr", "cmp eax,", "mov ecx, cs:", "jmp", "call", "out"
S\\@ = offset class_a + 4
 .ifc \\i, out
 out S\\@, al
 .else
 \\i S\\@
 .endif
 mov eax, S\\@
 .endr
 .global G
G = offset class_a
 mov eax, G
class_a: nop
`,
  },
  "hints of jumps as the segment of where they go": {
    text: `a:
 .irp s, cs, ds, es
 jmp %\\s:a
 jne %\\s:b
 loop %\\s:a
 jecxz %\\s:a
 call %\\s:b
 jmp %\\s:0x1000
 ljmp %\\s:a
 data16 jmp %\\s:a
 \\s data16 jne b
 .endr
 .code16
 jmp %cs:a
 data32 jc %ds:b
c: addr32 loop %ds:c
`,
  },
};
