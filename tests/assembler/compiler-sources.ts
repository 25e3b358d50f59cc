/**
 * What compilers other than gcc write, reduced to what mattered: clang, Free Pascal, OCaml. Their objects must be those
 * of GNU as, byte for byte.
 */

import type { Source } from "./differential.ts";

/** A record of call frames as data: `advances` lead from one label to the next. */
const record = (n: number, table: string, augmentation: string, advances: string): string =>
  `.Ls${n}: .long .Le${n}-.Lb${n}\n.Lb${n}: .long ${table}\n.long f, g-f\n${augmentation}${advances}.balign 4, 0\n.Le${n}:\n`;

const CODE = `f: push %ebp
.La: mov %esp,%ebp
 jmp 1f
 .skip 70
1: nop
.Lb: je f
 .skip 300
 jmp 2f
.Lc: .skip 70000
2: jmp 1b
.Ld: ret
g:
`;
const ADVANCES = `.byte 4
.long .La-f
.byte 14, 8
.byte 4
.long .Lb-.La
.byte 0x2e, 4, 4
.long .Lc-.Lb
.byte 14
.uleb128 4
.byte 4
.4byte .Ld-.Lc
.byte 4
.long .Ld-.Ld
.byte 4
.long 5
.byte 4
.long 200
.byte 4
.long 300
.byte 4
.long 70000
.byte 4, 4
.long .Lb-.La, .Lb-.La
`;

export const COMPILER_SOURCES: Readonly<Record<string, Source>> = {
  "local names with a type or a size": {
    text: ` leal .La@GOTOFF(%ebx), %eax
 leal .Lb@GOTOFF(%ebx), %eax
 leal .Lc@GOTOFF(%ebx), %eax
 leal .Ld@GOTOFF(%ebx), %eax
 .type .La,@object
 .comm .Le, 8
 .lcomm .Lc, 8
 .local .Ld
 .comm .Ld, 4, 4
 .tls_common .Lf, 4
 .size .Lb, 18
 .long .Le
 .section .rodata.str1.1,"aMS",@progbits,1
.La: .asciz "some text"
.Lb: .asciz "other"
 .section .one,"",@progbits
.Lx: .long 5
 .section .two,"",@progbits
 .long .Lx
`,
  },
  "sections of one name, mentioned first where no relocation is needed": {
    text: ` .section .text,"ax",@progbits,unique,1
f: nop
.La: ret
 .section .text,"ax",@progbits,unique,2
g: nop
.Lb: ret
 .section .text,"ax",@progbits,unique,3
h: call .Lc
.Lc: je 1f
 .skip 300
1: ret
.Ld:
 .section .text,"ax",@progbits,unique,4
i: nop
.Le: jmp 1f
 .skip 300
1: ret
.Lf:
 .section .foo
 .long .Lf-.Le
 .section .bar
 .long .La, .Lb, .Lc, .Le
`,
  },
  "call frames for debuggers as data": {
    text: `${CODE}.section .debug_frame
.Lt: .long .Lu-.Lv
.Lv: .long -1
.byte 1, 0
.uleb128 1
.sleb128 -4
.byte 8, 12, 4, 4, 5, 8, 1
.balign 4, 0
.Lu:
${record(1, ".Lt", "", ADVANCES)}${record(2, ".Lt", "", ADVANCES)}`,
  },
  "call frames for exceptions as data": {
    text: `${CODE}.section .eh_frame,"a",@progbits
.Lt: .long .Lu-.Lv
.Lv: .long 0
.byte 1
.string "zR"
.uleb128 1
.sleb128 -4
.byte 8
.uleb128 1
.byte 0x1b, 12, 4, 4, 0x88, 1
.balign 4
.Lu:
${record(1, ".Lb1-.Lt", ".uleb128 0\n", ADVANCES)}${record(2, ".Lb2-.Lt", ".byte 4\n.long .Lc\n", ADVANCES)}${record(3, ".Lb3-.Lt", ".uleb128 3\n.byte 1,2,4\n", ADVANCES)}${record(4, ".Lb4-.Lt", ".uleb128 2\n.long 1\n", ADVANCES)}`,
  },
  "call frames without a record in common": {
    text: `${CODE}.section .debug_frame\n${record(1, "0", "", ADVANCES)}.long l2\n.long 1,2,3\n${ADVANCES}.set l2, 5\n`,
  },
  "functions in sections without lines": {
    text: ` .section .text.a,"ax"
 .globl fa
 .type fa,@function
fa: ret
 .size fa, .-fa
 .section .text.b,"ax"
 .type fb,@function
fb: .file 1 "x.ml"
 .loc 1 3
 ret
 .size fb, .-fb
 .data
 .type fd,@function
fd: .long 3
 .size fd, 4
 .type fe,@function
 .size fe, 4
fe = 7
`,
  },
  "lengths of tables that take turns with the alignment after them": {
    text: ` .section .gcc_except_table,"a"
 .balign 4
 .byte 0, 0
 .uleb128 e - s
s: .space 128 * 128 - 1
 .balign 4
e: .long 1
 .uleb128 e2 - s2
s2: .space 127
 .balign 4
e2:
 .uleb128 f1 - f0
 .uleb128 f2 - f1
 .section .text.later,"ax"
f0: jmp f1
 .space 110
 .balign 16
 jmp f0
 .space 10
f1: jmp f2
 .balign 64
 .space 100
 jmp f0
f2:
`,
  },
  "file 0 by its whole name, in the folder where the compiler ran": {
    text: '.file 0 "/d" "/d/t.c" md5 0x00112233445566778899aabbccddeeff\n.file 1 "t.c" md5 0x00112233445566778899aabbccddeeff\n.file 2 "/d" "t.h" md5 0x00112233445566778899aabbccddee00\n.loc 1 1\nnop\n.loc 0 2\nnop\n',
  },
  "file 0 by its whole name, and files by theirs": {
    text: '.file 0 "/d/" "/d/t.c"\n.file 1 "/d/t.c"\n.file 2 "/d/s/u.h"\n.loc 1 1\nnop\n',
  },
  "file 0 in the folder where the assembler runs": { text: '.file 0 "." "./t.c"\n.file 1 "t.c"\n.loc 1 1\nnop\n' },
};
