/**
 * Sources whose objects must be those of GNU as, byte for byte: one for each corner of the language.
 */

import type { Source } from "./differential.ts";

const intel = (text: string): string => `.intel_syntax noprefix\n${text}`;

export const SOURCES: Readonly<Record<string, Source>> = {
  "sections and common blocks": {
    text: intel(`.code16
.globl foo
.set K, 5
foo: mov ax, offset foo
 jmp bar
 call bar
 mov eax,[bx+4]
.section .rodata,"a",@progbits
x: .long foo-x, foo, bar
.bss
y: .skip 10
.local z
.comm z,4,4
.comm w,4,4
`),
  },
  "jump targets": {
    text: intel(`a: jmp short a
 jmp near ptr a
 jmp short b
 jmp near ptr b
 call 8:a
 call 8,a
 jmp 8, a+4
 ljmp 8,a
 ljmp 8:a
 jmp far ptr 8:a
 call [a]
 call a
 call dword ptr a
 jmp [ebx]
 jmp ebx
 jmp dword ptr [ebx]
 jmp far ptr [ebx]
 jmp fword ptr [ebx]
 call ds:a
 jmp 0x1234
 je 0x10
 loop a
 jecxz a
 call word ptr [ebx]
 jmp ds:[a]
lcall fs:[a]
b:
 jmp a-4
 ljmp [ebx]
jmp K:a
K=16
 jmp K:a
 call K,a
 ljmp K,5
 .code16
 jmp far ptr [bx]
 jmp dword ptr [bx]
 jmp 8:a
 ljmp [bx]
 data32 jmp 8:a
 ljmpd 8:a
 call 8,a
 lcall 0xf000:0xfff0
`),
  },
  "symbols global, weak and equated as targets": {
    text: intel(`.globl f
.weak w
f: call f
call w
jmp w
jmp f
w: loop f
je f
je w
.set g,f
jmp g
call g
.globl h
h=f
jmp h
call h
.byte f-.
.long f-.
`),
  },
  "plain numbers and what follows them": {
    text: `.byte -1, -128,-0, 255 ,0x1f	,  7 # end
.byte 1 + 2, 1+2, -1-1, 0x10 - 1, 010 , 3 /* three */, 4
.value -65535, 65535
.quad -1, 999999999
.long 0xfffffff, 0xffffffff, 1999999999
1: .uleb128 0, 127, 128, 0xfffffff, 1<<40, -1
.sleb128 -1, 63, -64, 64, -0x1234, 999999999
.file 1 "a.c"
.loc 1 12 3 view .LVU1
nop
.loc 1 13 0 is_stmt 0 discriminator 2
.p2align 4,,10
.cfi_sections .debug_frame
.cfi_startproc
.cfi_offset 5, -8
.cfi_def_cfa_offset 0x10
.cfi_adjust_cfa_offset - 4
.cfi_endproc
.intel_syntax noprefix
.long 1 shl 4, 6 and 3
.ascii "plain", "\\"escaped\\\\\\101", ""
`,
  },
  "addresses in every spelling": {
    text: intel(`fld st(1)
fadd st, st(2)
mov eax,[ebx+ecx*4-8]
mov eax,[4*ecx]
mov eax,[ecx*2]
mov eax,[ebx][ecx]
mov eax,x[ebx*2+4][ecx]
mov eax,[ecx+ebx]
mov eax,[esp+ebx]
mov eax,[ebx+esp]
mov eax,[ebp+ebx]
mov ax,[si+bx]
mov eax,-4[ebp]
mov eax,[(ebx+4)*1]
mov eax,ds:[4]
mov eax,[ds:4]
mov eax,[1+2*4+ebx]
mov eax,[eax+eax]
movs byte ptr es:[edi],[esi]
mov eax, es:[ebx]
mov eax, fs:4
`),
  },
  "symbols as memory and as numbers": {
    text: intel(`a: nop
b: mov eax, b-a
jmp c
d: mov eax, d-a
 mov eax, offset d-a
mov eax, a
mov eax, offset a+4
mov eax, K
K=5
mov eax,K
mov eax,[K]
mov eax, ds:K
c:  mov eax, K[ebx]
 mov eax, byte
 mov eax, offset K
 mov al, byte ptr K
mov eax, $
mov eax, .
 mov eax, -1
 mov eax, 0xffffffff
 mov eax,[ebx+0xfffffffc]
`),
  },
  expressions: {
    text: `.data
.byte 1==1, 1&&2, !0, !5, 7/-2, -7%3, 1<<2+1, 1|2^3&5, 2+3*4, 1<2==1, 3!2, 5<>5,10-2-3
.quad 0xffffffffffffffff>>1, -1>>1, 0x7fffffffffffffff+1, 1<<63, 1<<64,1<<-1, 0xffffffff+1
.long 0x1ffffffff
`,
  },
  "strings and escapes": {
    text: String.raw`.data
.ascii "\n\t\b\f\r\v\a\e\0\12\1234\x41\x4142\q\"\\"
.asciz "a","b"
.string "x" "y"
.byte '\b, '\f, '\r, '\t, '\\, '\", 'a', ';', '#'
.string16 "ab"
`,
  },
  "macro arguments": {
    text: String.raw`.macro m a b c d e f
.ascii "<\a|\b|\c|\d|\e|\f>"
.endm
.data
m a + b, c - d, e(f g)
m a - b
m a -b
m a * b
m a*b
m a / b
m "x y" z
m 1 +2 *3
m %eax (%ebx) [x]
m 'a' 'b',3
m b=1,c=2 a=3
 m a ,b , c
 m [a + b], (a b), [a , b]
m a==b
`,
  },
  "macro bodies": {
    text: String.raw`.data
.macro o n
.macro i\n a
.ascii "\a \n"
.endm
.endm
o 1
o 2
i1 x
i2 y
.macro q v
.long \v
.if \v
q "(\v-1)"
.endif
.endm
q 3
.purgem q
.macro .dot
.byte 1
.endm
.dot
.macro e
.byte 1
.exitm
.byte 2
.endm
e
.macro m;.byte 1;.byte 2;.endm;m;m
.macro k a
.byte \a # comment \a
.ascii "\\a \()x \(yz) \a\()b"
.endm
k 1
.ifc a b, ab
.byte 9
.endif
.ifc "a b", a b
.byte 8
.endif
.ifb
.byte 7
.endif
.ifnb x
.byte 6
.endif
.ifeqs "a","a"
.byte 5
.endif
.irp x, a, b c, "d e"
.ascii "<\x>"
.endr
.irpc x, abc
.ascii "<\x>"
.endr
.irp x
.ascii "[\x]"
.endr
.rept 2
.ascii "r\@"
.endr
.irp x,1,2
.ascii "\x\@"
.endr
`,
  },
  "differences across sections and to the current place": {
    text: `.data
foo: .long foo - ., .-foo, bar-.
.word foo-., bar
.byte bar, bar-.
.long foo, foo+4, bar-4
.globl g
g: .long g, g-foo, foo-g, g-., h-., 1f-., 1f
1:
 .section .x,"a"
h: .long .-h
`,
  },
  "places that .org calculates with as numbers": {
    text: `x: nop
.org (. + 15) / 16 * 16
nop
. = . + (0x40 - (. % 0x20)) % 0x20
jmp far
.skip 200
y: .org (y + 7) & ~3
far: .org ~far + 600
.data
.long 1
w: .org w * 2 + 8
`,
  },
  "origins and alignment": {
    text: `.text
nop
.org 8
nop
. = 0x10
nop
.org .+4,0xcc
.p2align 4
.code16
nop
.p2align 5
.code32
.byte 1
.p2align 4,0x90
.byte 1
.p2align 3,0
.balign 64,,10
.balign 64
.data
.byte 1
.org 4
.=.+3
.long 2
`,
  },
  fills: {
    text: `.data
.fill 3,2,0x1234
.fill 2
.fill 2,8,0x123456789abcdef0
.space 2,0x55
.skip 1
.zero 2
.fill 2,1
.align 4,0xaa
.balign 8,0x1,2
.p2alignw 2,0x1234
.balignl 16,0x11223344
.fill 1000,1,3
.skip b-a
a: .long 1
b:
`,
  },
  "subsections and the section stack": {
    text: `.text
nop
.pushsection .foo,"aw",@nobits
.space 4
.popsection
nop
.section .bar
.long 1
.previous
nop
.subsection 2
.byte 2
.text 1
.byte 1
.data 3
.byte 3
.data
.byte 0
.section .foo
.section .text.x
.section .data.y
.section .bss.z
.section .rodata1
.section .debug_x
.section .note.x
.section .init
.section .init_array
.section .tdata
.section .weird,"awxMS",@progbits,4
`,
  },
  "numbers of every width": {
    text: `.data
.uleb128 1,128,0x12345678, b-a
.sleb128 -1,63,64,-64,-65,b-a
a:.space 200
b:
.octa 0x123456789abcdef0fedcba9876543210, 5
.quad 0xfedcba9876543210,-1
.float 1.5,-2.25
.double 3.14159
.tfloat 1.0
.single 0f1e10, 1e-3
.hword 1
.int 2
.2byte 3
.4byte 4
.8byte 5
.value 6
`,
  },
  "the symbol table": {
    text: intel(`.globl foo
.weak bar
.extern qux
.hidden hid
.type ty,@function
x=y+1
zz=5
.globl zz
L1: .L2: nop
jmp .L2
.size L1,4
.set aa,L1
.set bb, nodef
mov eax,bb
.weak baz
.long baz
.globl u
u=baz
loc=5
.set v,1
.set v,2
.L5=4
`),
  },
  "lines of the source": {
    text: intel(`.include "inc/m.inc"
foo: nop
M 3
nop
.rept 2
nop

nop
.endr
.include "inc/code.inc"
.irp x,eax,ebx
inc \\x
.endr
nop
.section .init,"ax"
nop
.text 2
nop; nop
.long 5
.data
.long 3
.text
M
`),
    files: { "inc/m.inc": ".macro M a\nnop\ninc eax\n\ndec eax\n.endm\n", "inc/code.inc": "nop\nM 1\nnop\n" },
    options: ["-g"],
  },
  "lines of functions, DWARF 5": {
    text: `.globl foo
.type foo,@function
foo: nop
ret
.size foo,.-foo
.type bar,@function
bar: ret
.type baz,@function
.section .text.x,"ax"
baz: nop
`,
    options: ["--gdwarf-5"],
  },
  ...Object.fromEntries(
    ["3", "5"].map((version) => [
      `folders by other names, DWARF ${version}`,
      {
        text: `.file "/a/b/main.c"
.file 1 "/a/b/one.c"
.file 2 "/abc/two.c"
.file 3 "near/three.c"
.loc 1 1
nop
.loc 2 1
nop
.loc 3 1
nop
`,
        options: [
          `--gdwarf-${version}`,
          ...["/a=/z", "/a/b=", "near=far", "/tmp=/elsewhere"].flatMap((one) => ["--debug-prefix-map", one]),
        ],
      },
    ]),
  ),
  "choices among encodings": {
    text: `.intel_syntax noprefix
{disp8} mov eax, [ebx]
{disp32} mov eax, [ebx+4]
{load} mov eax, ebx
{store} mov eax, ebx
{disp32} jmp x
{disp32} jz x
{disp8} jmp x
x: {disp32} mov eax, [ebp]
{store} add al, bl
{load} movaps xmm1, xmm2
{store} movaps xmm1, xmm2
{nooptimize} mov eax, ebx
{disp8} mov eax, [ecx*4]
{disp8} mov eax, [ebx+300]
{store} xchg eax, ebx
{load} xchg eax, ebx
{load} xchg ecx, edx
{load} test eax, ecx
{disp32} {load} mov eax, [ebx]
{store} movss xmm1, xmm2
{disp8} mov al, [bx]
{disp32} mov eax, [esp]
{disp8} jmp far_away
.code16
{disp16} mov al, [bx+1]
{disp16} jmp x
{disp16} jz x
`,
  },
  "sizes before numbers": {
    text: `.intel_syntax noprefix
mov [eax], byte ptr 1
add [eax], byte ptr 1
add [eax], byte ptr 1000
add [eax], word ptr 1
test [eax], dword ptr 1
push byte ptr 1000
push word ptr 1
imul eax, ebx, word ptr 3
enter 3, word ptr 3
int byte ptr 3
shl eax, word ptr 2
ret word ptr 4
add ax, qword ptr 1
.code16
add [bx], byte ptr 1
push dword ptr 1
`,
  },
  "addresses beyond 16 bits": {
    text: ".intel_syntax noprefix\n.code16\nmov ax, [bx+0x12345]\nmov ax, [bx+0x10001]\nmov ax, [bx+0xffff]\nmov ax, [bx-0xffff]\nmov ax, [bx+0x10000]\nmov ax, [0x12345]\n",
  },
  "conditional jumps of the 8086": {
    text: ".code16\n.arch i8086\njc x\njmp y\njnz z\nz: .skip 300\nx:\ny: jng x\njg z\n",
  },
  "versions of symbols": {
    text: ".symver foo, foo@@V2\n.globl foo, kept, gone\nfoo: nop\ncall bar\n.symver bar, bar@V1\n.symver kept, kept@V1, hidden\nkept: nop\n.symver gone, gone@@@V2\ngone: nop\n.long gone\n",
  },
  "conditions on what has no value": {
    text: ".if foo == 1\nnop\n.endif\n.if foo != 1\nret\n.endif\n.if foo == bar\nnop\n.endif\nfoo = 1\n",
  },
  "symbols of the command line": { text: "x: nop\n.long a, b\n", options: ["--defsym", "a=1", "--defsym", "b=2"] },
  "file 0 after the others": { text: '.file 1 "/c/u.c"\n.file 2 "/d/v.c"\n.file 0 "/a/b" "/d/t.c"\n.loc 1 1\nnop\n' },
  "files out of order": { text: '.file 2 "/d/v.c"\n.file 1 "/c/u.c"\n.loc 1 1\nnop\n' },
  "file 0 with a folder of its own": { text: '.file 0 "/a/b" "/c/d/t.c"\n.file 1 "x/y.c"\n.loc 1 1\nnop\n' },
  "20,000 symbols that are each equated to the next": {
    text: `${Array.from({ length: 20_000 }, (_, i) => `.set x${i}, x${i + 1}${i % 3 === 0 ? " + 1" : ""}`).join("\n")}\nnop\nx20000: nop\n.globl x7\n.long x0, x9, x3 - x5, x0 - .\njmp x4\n.skip x0 - x1\n`,
  },
  "frames of signals have a head of their own": {
    text: [".cfi_signal_frame\n", "", ".cfi_return_column 9\n", ".cfi_signal_frame\n", ""]
      .map((what, index) => `f${index}: .cfi_startproc\n${what}nop\n.cfi_endproc\n`)
      .join(""),
  },
};
