/**
 * What the test suites of GNU's assembler and compilers showed, reduced to what mattered: aliases, line tables,
 * sections by name, versions, relocations that are asked for.
 */

import type { Source } from "./differential.ts";

export const SUITE_SOURCES: Readonly<Record<string, Source>> = {
  "aliases that vanish": {
    text: ".weakref a, x\n.weakref b, y\n.long b, y\n.weakref c, z\n.long c\nz: nop\n.weakref d, c\ncall d\n.weakref e, u\n.weak u\n",
  },
  "lines of several sections, again": {
    text: '.macro m\nnop\n.pushsection .other,"ax"\nnop\n.popsection\n.endm\nm\nm\n.section .other\nret\n.text\nret\n.nops 4\n.nop 3\nret\n',
    options: ["-g"],
  },
  "lines that a preprocessor counts within a macro": {
    text: '# 5 "a.h"\n.macro m\n# 90 "b.h"\nnop\n.endm\nm\n.rept 2\nnop\nret\n.endr\n.section .b,"ax"\n# 7 "c.h"\nnop\n',
    options: ["--gdwarf-5"],
  },
  "a compiler's files after the assembler's lines": {
    text: 'nop\n.file 0 "/d" "x/a.c" md5 0x00112233445566778899aabbccddeeff\n.file 1 "b.c"\n',
    options: ["-g"],
  },
  "functions whose common type is far away": {
    text: Array.from({ length: 14 }, (_, i) => `.globl f${i}\n.type f${i},@function\nf${i}: ret\n.size f${i},1\n`).join(
      "",
    ),
    options: ["--gdwarf-5"],
  },
  ...Object.fromEntries(
    [2, 3, 4, 5].map((version): [string, Source] => [
      `functions in DWARF ${version}`,
      {
        text: ".globl f\n.type f,@function\nf: nop\nret\n.size f,.-f\n.type g,@function\ng: ret\n.size g,.-g\n",
        options: [`--gdwarf-${version}`],
      },
    ]),
  ),
  "patterns of several bytes, so many as layout knows": {
    text: ".data\na: .fill c-b, 4, 0x11223344\n.fill c-b, 3, 0x112233\n.fill (c-b)/2, 8, 0x112233\n.text\nb: jmp d\n.skip 200\nc: nop\nd:\n",
  },
  "comments over several lines in what is repeated": {
    text: ".rept 2\nnop /* one\ntwo\nthree */\nret\n.endr\n.macro m\nnop /* one\ntwo */ ; ret\ninc %eax\n.endm\nm\nint3\n",
    options: ["-g"],
  },
  "sections by name and flags": {
    text: '.section .rodata,"a"\n.long 1\n.section .rodata,"aR"\n.long 2\n.section .noinit.x\n.skip 4\n.section .persistent.bss\n.skip 4\n.section .data.foo,"a"\n.long 1\n.section m,"aM",@progbits,8\n.byte 1\n.section t,"a","0x80000009"\n.byte 1\n.section .ctors\n.long 1\n.section o,"ao",@progbits,0\n.byte 1\n',
  },
  "versions and what becomes of the name": {
    text: ".globl foo, bar\nfoo: nop\n.symver foo, foo@@V2, local\n.symver foo, foo@V1, hidden\nbar: nop\n.symver bar, bar@V1\n.symver bar, bar@@V2, remove\n.symver gone, gone@V1\n",
  },
  "relocations that are asked for": {
    text: ".reloc 4, R_386_PC32, x+3\n.reloc 0, BFD_RELOC_NONE, y\n.long 1, 2\ncall z\nl: .reloc l, r_386_32, l\n.reloc 8, R_386_32, .La\n.La: .long 5\n.reloc 2, R_386_NONE\n",
  },
  "call frames in parts": {
    text: ".cfi_sections .eh_frame\nf: .cfi_startproc simple\nnop\n.cfi_label here\n.cfi_escape 0\n.globl here\n.cfi_sections .debug_frame\n.cfi_endproc\ng: .cfi_startproc\n.cfi_endproc\n",
  },
  "sizes and starts of sections": {
    text: ".long .startof.(.data), .sizeof.(.data), .startof. (.data)\nmov $.text@SIZE, %eax\nmov $c@SIZE, %eax\n.local c\n.comm c, 40\n.long ,1,,2\n.sleb128\n",
  },
  "registers through aliases": {
    text: ".equ x, %st(3)\n.equ y, x\n.equ z, y\nfadd z\n.intel_syntax noprefix\n.allow_index_reg\nfmul y\nlea eax, [eiz*1+4]\nmov eax, [ebx+eiz*2]\n",
  },
  "numbers that are none": {
    text: ".float NaN, -NaN, QNaN, SNaN\n.double SNaN\n.tfloat NaN, -SNaN\n.hfloat QNaN\n.bfloat16 SNaN\n",
  },
  "types of symbols that are said twice": {
    text: ".type a,@tls_object\n.type a,@object\na: nop\n.type b,@gnu_indirect_function\n.type b,2\nb: nop\n.comm c,4\n.type c,@common\n.size d,3\nd: nop\n.size e,4\ne: nop\n.set f,d\n.set f,e\n",
  },
  "views of rows before the first": {
    text: '.file 1 "a.c"\n.loc 1 1\n.loc 1 2 view v1\nnop\n.loc 1 3 view v2\nnop\n.data\n.uleb128 v1\n.uleb128 v2\n',
  },
  "marks on calls through descriptors, absolute symbols in the table": {
    text: "lea x@TLSDESC(%ebx), %eax\ncall *x@TLSCALL(%eax)\nnop\ncall *y@tlscall(%ecx)\nadd n@GOT(%ebx), %eax\nmov n@GOT(%ebx), %ecx\nn = 5\n",
  },
  "frames of the source and of directives": {
    text: 'f: .cfi_startproc\nnop\n.cfi_endproc\n.section .eh_frame,"a",@progbits\n.uleb128 b - a\na: .skip 3\nb: .balign 4\n',
  },
  "sections of one name, and the assembler's own line table": {
    text: '.file 1 "a.c"\n.section .d,"",@progbits,unique,1\n.Lx: .long .Ly\n.section .d,"",@progbits,unique,2\n.Ly: .long .Lz\n.section .d,"",@progbits,unique,3\n.Lz: .long .Lx\n.text\n.loc 1 2\nnop\n.section .debug_info,"",@progbits\n.long 1\n',
    options: ["--gdwarf-5"],
  },
  "sections of one name in the assembler's own unit": {
    text: '.section .text,"ax",@progbits,unique,0\nnop\n.section .text,"ax",@progbits,unique,1\nnop\n.text\nnop\n.section .text,"ax",@progbits,unique,0\nret\n',
    options: ["-g"],
  },
  "a section that goes with what is defined later": {
    text: '.section .meta,"awo",@progbits,later\n.long 1\n.section .more,"ao",@progbits,.data\n.text\nearlier: nop\nlater: nop\n',
  },
  "files of the root folder": {
    text: '.file 1 "/x.c"\n.file 2 "/d/y.c"\n.file 3 "//z.c"\n.file 4 "/" "w.c"\n.file 5 "/e/" "v.c"\n.loc 1 1\nnop\n.loc 3 2\nnop\n',
    options: ["--gdwarf-5"],
  },
  "distances to indirect functions": {
    text: ".long f-.\n.type f,@gnu_indirect_function\nf: ret\n.size f,.-f\ng: .long f-., f-g, f-f\n.set h,f\n.long h-.\nx = f-g\n.long x\nadd $f-g, %eax\nmov f-g(%ebx), %eax\n.skip f-g+5\n",
  },
  "blanks around the name of a relocation": {
    text: "movl x @GOT (%ecx), %ecx\nmovl x+4 @GOTOFF(%ecx), %ecx\n.long y @GOTOFF + 3\ncall f @PLT\nadd $x @GOTOFF, %eax\nmov %gs:z @NTPOFF, %eax\n.intel_syntax noprefix\nmov eax, [ebx + x @GOTOFF]\nlea eax, x @GOTOFF [ebx]\n",
  },
  "sections with unusual names": {
    text: '.section .discard.src/font.c.10,"aw"\n.long 1\n.section a@b(c)=d:e,"a"/* of data */\n.long 2\n.section /x*y/\n.long 3\n.pushsection <z>,"ax"# code\nnop\n.popsection\n.long 4\n',
  },
  "sections named like tables of relocations": {
    text: '.section .reloc,"a"\n.long 1\n.section .relx\n.long 2\n.section .rel.foo,"a"\n.long 3\n.section .rel\n.long 4\n.section .relabel,"a"\n.long 5\n.section .rely,"a",@progbits\n.long 6\n',
  },
  "blocks without the first comma": {
    text: ".lcomm a 4\n.comm b 4\n.comm c 8,4\n.lcomm d, 2\n",
  },
  "local names with the assembler's own unit": {
    text: "f: nop\n.Lx: ret\n.type f,@function\n.size f,.-f\ng: ret\n.type g,@function\n.size g,1\n.long .Lx\n",
    options: ["-L", "--gdwarf-5"],
  },
  "strings of line tables in a section that the source made": {
    text: '.section .debug_line_str,"",@progbits\n.Lfolder: .string "/d"\n.text\n.file 0 "/d" "a.c"\n.loc 0 1\nnop\n',
    options: ["--gdwarf-5"],
  },
  "a compiler that ran in the root folder": {
    text: '.file 0 "/" "a.c"\n.file 1 "/d//" "b.c"\n.loc 0 1\nnop\n.loc 1 1\nnop\n',
  },
  "prefixes before a slash or a comma": {
    text: "rep/movsl (%esi),(%edi)\nlock/addl $1,(%eax)\nes/rep/stosb\nrepne/scasb # one\nrep,movsl\n",
  },
  "loops to what is written as memory": {
    text: `.intel_syntax noprefix
a: loop ds:a
 loop cs:a
 loop es:a
 loopne gs:a+2
 jcxz ds:a
 jecxz cs:a
 loop ds:[a]
 loop dword ptr a
 loop [a]
 loop ds:5
 loopw ds:a
 .code16
 jcxz ds:a
 jecxz ds:a
 loop [a]
`,
  },
  "values with brackets and the flat segment": {
    text: `.intel_syntax noprefix
 .long flat:x, x[4], x[4]+2, x[y], x[4]-x
 .word y[4]
 .byte 5[4], 5[4][3]*2
 mov eax, flat:x
 mov eax, offset flat:x
 mov eax, x[4]
y = 4
 .data
 .long 0
x: .long 1
`,
  },
  "a type of sections of 64-bit code": { text: '.section .a,"a",@unwind\n.long 1\n' },
  "labels that were common symbols of no size": {
    text: ".type f,@common\n.long f\nf: nop\n.comm g,0\ng: nop\n.type h,@common\n",
  },
  "names that older assemblers had": {
    text: ".xdef a, b\n.nopage\n.noopt 1 2\n.if 0\n.byte 1\n.elsec\n.dfloat 1.5, 0f3\n.endc\na: .long c\n",
  },
  "common symbols that are stated twice": {
    text: ".comm a,4\n.comm a,8\n.comm b,8,16\n.comm b,4\n.comm c,0\n.comm c,4\n.comm d,4,8\n.xcom d,4\n.xcom e,3\n.local f\n.xcom f 20\n",
  },
  "attributes of an object": {
    text: '.gnu_attribute 4, 1\n.gnu_attribute 8 , 2\n.gnu_attribute 4, 1+2\n.gnu_attribute 5,"a\\tb"\n.gnu_attribute 32,1,""\n.gnu_attribute 6,-1\n.cfi_startproc\nnop\n.cfi_endproc\n',
  },
  "attributes that say nothing": {
    text: '.gnu_attribute 4,0\n.gnu_attribute 7,"a"\n.gnu_attribute 7,""\n.gnu_attribute 0,1\n.gnu_attribute 32,0,""\n',
  },
  "attributes that GNU as does not know": {
    text: '.gnu_attribute 300,1\n.gnu_attribute 300,2\n.gnu_attribute 200,0x123456789\n.gnu_attribute 301,"a"\n.gnu_attribute 0xffffffff,"x"\n.gnu_attribute 0x80000000,1\n',
  },
  "attributes behind what the source put there": {
    text: '.section .gnu.attributes,"a"\n.byte 3\n.gnu_attribute 4,1\n',
  },
  "a relocation where no symbol is": { text: "call 5\n" },
  "a relocation that says nothing, alone": { text: ".reloc 0, R_386_NONE\n.long 1\n" },
  "a routine of another name than its label": { text: ".func f\nff: nop\n.endfunc\n.func g,gl\n nop\n.endfunc\n" },
  "sections of types that only LLVM's tools know": {
    text: '.section .linker-options,"e",@llvm_linker_options\n.asciz "a"\n.section .deplibs,"MS",@llvm_dependent_libraries,1\n.asciz "b"\nf: .section .map,"o",@llvm_bb_addr_map,.text\n.long f\n.section .init_array,"aw",@llvm_x\n.long f\n',
  },
  "functions that are aliases of indirect ones, of any type": {
    text: ".type r,@function\nr: ret\n.weak f\n.type f,@function\n.set f,f.ifunc\n.weak f.ifunc\n.type f.ifunc,@gnu_indirect_function\n.set f.ifunc,r\n.globl a,b,c,d,e\n.type a,@object\n.set a,r\n.type b,@object\nb = f\n.type t,@tls_object\nt: nop\nc = t\n.type d,@notype\nd = t\n.type e,@function\n.set e,t\ncall f\n",
  },
  "names of Objective-C, in parts": {
    text: '.section ".text.-[A init]","ax"\n"-[A init]": je "\x01-[A init].__part.1"\n.section ".text.-[A init]","ax",@progbits,unique,1\n"\x01-[A init].__part.1": ret\n.long "\x01-[A init].__part.1"\n.globl "\x01g"\n"\x01g": "\x02": nop\n',
  },
  "names of Objective-C, in parts, with all local names": {
    text: '"\x01-[A init].__part.1": ret\n.long "\x01-[A init].__part.1"-.\n.Lx: nop\n',
    options: ["-L"],
  },
  "names that begin with a dollar sign, and a relocation": {
    text: "call ($hen)@PLT\nmovl ($a)@GOTOFF(%eax), %edx\nleal ($b)@GOT(%ebx), %edx\nmovl $($c)@GOT, %eax\n.long ($d)@GOTOFF, ($d)\njmp ($e)\nmovl (plain)@INDNTPOFF, %eax\n.long (plain)@GOTOFF+4\nmovl ($a)@GOTOFF+4(%eax), %edx\n",
  },
};
