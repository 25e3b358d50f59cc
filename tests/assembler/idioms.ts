/**
 * Idioms of hand-written systems as random text: macros that define, repeat, recurse and count, structures, overlays of
 * sections, registers and expressions under other names, far transfers, mixed code sizes. `generator.ts` mixes them
 * with plain statements.
 */
import { type Idiom, pick, type Surroundings } from "./idiom.ts";
import { alternate, counting, definingMacro, recursiveMacro, repetition, textMacro } from "./macro-idioms.ts";

export type { Surroundings };

/** Structures by `.struct`, `.offset`, or counted by hand. */
const structure: Idiom = (around) => {
  const name = around.fresh("s");
  const use = around.isAtt
    ? [`movl ${name}_b(%ebx), %eax`, `.long ${name}_size`]
    : [
        `mov eax, [ebx+${name}_b]`,
        `mov eax, ${name}_b[ebx]`,
        `mov ecx, ${name}_size`,
        `lea edi, [esi+${name}_size*2-4]`,
        `mov byte ptr [ebp-${name}_size+1], 2`,
      ];
  return pick(around, [
    () => [
      `.struct ${around.random(9)}`,
      `${name}_a: .skip 4`,
      `${name}_b: ${pick(around, [".space 2", ".long 0", ".zero 3", ".byte 0", ".fill 3, 2"])}`,
      pick(around, [".align 4", ".balign 8", "", ".p2align 1"]),
      `${name}_size:`,
      ".text",
      pick(around, use),
    ],
    () => [
      `.offset`,
      `${name}_a: .skip 1`,
      `${name}_b = .`,
      `.skip 7`,
      `${name}_size = . - ${name}_a`,
      pick(around, [".previous", ".text", ".data"]),
      `.long ${name}_size, ${name}_b`,
    ],
    () => [
      ".struct 0",
      `${name}_a: .struct ${name}_a + 4`,
      `${name}_b: .struct ${name}_b + 2`,
      `${name}_size:`,
      ".text",
      pick(around, use),
    ],
    () => [
      "offset_ = 0",
      `.macro ${name}_field n, s=4`,
      `${name}_\\n = offset_`,
      "offset_ = offset_ + \\s",
      ".endm",
      `${name}_field a`,
      `${name}_field b, 2`,
      `${name}_field size`,
      ...use.slice(0, 1),
    ],
    () => [
      ".pushsection .absdata",
      ".struct 0x40",
      `${name}_b: .org ${name}_b + 6`,
      `${name}_size:`,
      ".popsection",
      `.long ${name}_b, ${name}_size`,
    ],
  ])();
};

/** Several subsections, written out of order, and places that jump forward. */
const overlay: Idiom = (around) => {
  const a = around.newLabel();
  const b = around.newLabel();
  const n = 1 + around.random(20);
  return pick(around, [
    () => [`.text ${n}`, `${a}: .byte 1`, `.data ${n}`, `.long ${a}`, ".text 0", `.long ${a} - .`, `${b}:`],
    () => [
      `.data ${n}`,
      `${a}: .asciz "entry"`,
      ".previous",
      `.long ${a}`,
      `.subsection ${around.random(4)}`,
      `${b}: nop`,
      ".previous",
    ],
    () => [`${a}: nop`, `. = ${a} + ${n}`, `.org ${a} + ${n + 7}, 0x90`, `.org . + 3`, `${b} = .`, `.long ${b} - ${a}`],
    () => [
      `.pushsection .table, "a"`,
      `${a}: .long ${b}`,
      ".popsection",
      `${b}:`,
      `.pushsection .table, 1`,
      `.byte ${n}`,
      ".popsection",
    ],
    () => [
      '.section .boot, "ax"',
      `${a}: nop`,
      `.fill ${a} + 30 - ., 1, ${pick(around, ["0", "0x90", "-1"])}`,
      ".word 0xaa55",
      `${b}:`,
      `.if ${b} - ${a} ${pick(around, ["!=", "==", ">", "<"])} 32`,
      ".byte 1",
      ".endif",
      ".text",
    ],
    () => [
      `${a}: .skip ${n}`,
      `${b}:`,
      `.space 64 - (. - ${a}), ${n}`,
      `.zero (${b} - ${a}) * 2`,
      `.fill (. - ${a} + 3) / 4 % 5, 2, 0x1234`,
    ],
    () => [
      `.text ${n}`,
      `${a}: jmp ${b}`,
      ".text",
      `jmp ${a}`,
      ".skip 120",
      `.text ${n + 1}`,
      `${b}: jmp ${a}`,
      ".text",
    ],
    () => [".data", `.word ${n}`, `.p2align ${around.random(5)}`, `${a}: .long ${a}, ${b}`, ".text", `${b}:`],
  ])();
};

/** Names for registers, for expressions and for other names. */
const naming: Idiom = (around) => {
  const name = around.fresh("alias");
  const label = around.label();
  if (around.isAtt) {
    return pick(around, [
      () => [`.set ${name}, %ebx`, `movl ${name}, %eax`, `movl 4(${name}), %eax`],
      () => [`${name} = ${label} + 4`, `.long ${name}`, `movl $${name}, %eax`, `movl ${name}, %eax`],
      () => [`${name} = . - ${around.newLabel().replace(/^/, "")}`].map((line) => line.replace(/ - .*/, "")),
      () => [`.equ ${name}, ${around.constant()}`, `movl $${name}, %eax`, `movl $-${name}, %ebx`],
    ])();
  }
  return pick(around, [
    () => [`${name} = ebx`, `mov ${name}, 5`, `mov eax, [${name}+8]`, `mov eax, [${name}+esi*4]`, `push ${name}`],
    () => [`.equ ${name}, cl`, `shl eax, ${name}`, `mov ${name}, 3`],
    () => [`.set ${name}, edi`, `mov eax, [${name}]`, `.set ${name}, esi`, `mov eax, [${name}]`],
    () => [
      `${name} = ${label} + 4`,
      `mov eax, [${name}]`,
      `mov eax, offset ${name}`,
      `mov eax, ${name}`,
      `.long ${name}, ${name}-2`,
    ],
    () => [
      `.equ ${name}, ${around.constant()}`,
      `mov eax, ${name}`,
      `mov eax, [${name}]`,
      `add eax, -${name}`,
      `mov ax, ${name} & 0xff`,
      `push ${name}`,
    ],
    () => [
      `mov eax, ${name}`,
      `mov ebx, offset ${name}`,
      `mov ecx, [${name}]`,
      `push ${name}`,
      `${name} = ${around.random(500)}`,
    ],
    () =>
      [
        `.long ${name}`,
        `.eqv ${name}_v, . - ${label}`,
        `${name} = ${label}`,
        `.long ${name}_v`,
        `.if ${name} == ${label}`,
        ".byte 1",
        ".endif",
      ].filter((line) => !line.includes("_v") || label.startsWith("l")),
    () => [`${name} == 5`, `.byte ${name}`, `.equiv ${name}_2, ${name}`, `.byte ${name}_2`],
    () => {
      const start = around.newLabel();
      return [
        `${start}: .skip ${around.random(40)}`,
        `${name} = . - ${start}`,
        `mov ecx, ${name}`,
        `mov ecx, ${name}/4`,
        `rep movsd`,
        `mov ecx, offset ${name}`,
        `cmp eax, (${name} + 3) & ~3`,
      ];
    },
    () => {
      const start = around.newLabel();
      return [
        `mov ecx, ${name}`,
        `mov edx, (${name}+3)/4`,
        `mov eax, ${name}[ebx]`,
        `${start}: .skip ${around.random(200)}`,
        `jmp ${start}`,
        `${name} = . - ${start}`,
      ];
    },
  ])();
};

/** Transfers to another segment, in every spelling. */
const farTransfer: Idiom = (around) => {
  const label = around.label();
  const selector = pick(around, ["8", "0x18", "CODE_SELECTOR", "(2*8)", "1<<3", "0xf000"]);
  if (around.isAtt) {
    return [
      pick(around, [
        `ljmp $8, $${label}`,
        `ljmp *4(%ebx)`,
        `lcall $0x10, $${label}`,
        `lcall *${label}`,
        "lret",
        "lret $4",
        "ljmp *(%eax)",
        `ljmpl $8, $${label}`,
        `ljmpw $8, $0x1234`,
        "lretw",
        "lretl $2",
        "iret",
        "iretw",
        "iretl",
        `ljmp *${label}`,
      ]),
    ];
  }
  return [
    ...(selector.startsWith("CODE") ? ["CODE_SELECTOR = 8"] : []),
    pick(around, [
      `jmp ${selector}:${label}`,
      `ljmp ${selector}:${label}`,
      `call ${selector}:${label}`,
      `lcall ${selector}:0x1234`,
      `jmp far ptr [ebx]`,
      `jmp far ptr ${label}`,
      `ljmp [ebx]`,
      `ljmp ${label}`,
      `jmp fword ptr [ebx]`,
      `call fword ptr ${label}`,
      `jmp far ptr ${selector}:${label}`,
      `ljmp ${selector}, ${label}`,
      `call ${selector}, ${label}`,
      `lcall ${selector}, ${label}`,
      `jmp dword ptr [ebx]`,
      `jmp dword ptr cs:[${label}]`,
      `call dword ptr ${label}[eax*4]`,
      `jmp word ptr [ebx]`,
      "retf",
      "retf 4",
      "lret",
      "lret 2",
      "iret",
      "iretd",
      "iretw",
      "retw",
      "retw 4",
      "retd",
      `data32 ljmp ${selector}:${label}`,
      `data16 ljmp ${selector}:${label}`,
      `.byte 0x66; ljmp ${selector}:${label}`,
      `jmp ${selector}:0x7c00`,
      `jmp near ptr ${label}`,
      `jmp short ${label}+2`,
      `call near ptr ${label}`,
      `jmp dword ptr fs:[ebx+esi*2]`,
      `push offset ${label}; retf`,
      `jmp [ebx]`,
      `jmp ebx`,
      `call [${label}]`,
      `jmp offset ${label}`,
      `lcall fword ptr [ebx]`,
      "retn",
      "retn 8",
      "retfw",
      "retfd",
      "lretd",
      "iretf",
    ]),
  ];
};

/** 16-bit code with 32-bit operands and addresses, and the other way round. */
const mixedSize: Idiom = (around) => {
  const other = around.bits === 16 ? ".code32" : pick(around, [".code16", ".code16gcc"]);
  const back = around.bits === 16 ? ".code16" : ".code32";
  const label = around.label();
  const lines = Array.from({ length: 1 + around.random(4) }, () =>
    around.isAtt
      ? pick(around, [
          "movl %eax, %cr0",
          "lgdtl (%bx)",
          "lgdt gdt_",
          `movw $${label}, %ax`,
          "pushl $5",
          "pushw $5",
          "data32 ret",
          "addr32 movl (%eax), %ebx",
          "jmp 1f; 1:",
          "call 1f; 1:",
          "pushfl",
          "popfw",
          "lidtw 4(%si)",
          "movl %eax, (%esi)",
        ])
      : pick(around, [
          "mov cr0, eax",
          "lgdt [bx]",
          `lgdt fword ptr [${label}]`,
          `lidt [${label}]`,
          "mov ax, [ebx]",
          "mov eax, [bx+si+4]",
          "mov eax, [si]",
          `mov ax, offset ${label}`,
          "push 5",
          "pushd 5",
          "pushw 5",
          "push dword ptr [bx]",
          "push eax",
          "push ax",
          "push 0x12345",
          "pushfd",
          "popfw",
          "pusha",
          "pushad",
          "pushaw",
          "lods dword ptr [si]",
          "rep movsd",
          "stosd",
          "lea ax, [bx+2]",
          "lea eax, [ebx+2]",
          "lea ax, [ebx]",
          "loop 1f; 1:",
          "jecxz 1f; 1:",
          "jcxz 1f; 1:",
          "addr32 loop 1f; 1:",
          "xlatb",
          "enter 4, 0",
          "leave",
          "call 1f; 1:",
          "je 1f; .skip 200; 1:",
          "mov eax, dword ptr fs:[0]",
          "mov byte ptr es:[di], 7",
          "in eax, dx",
          "out 0x20, al",
          "int 0x10",
          "mov ds, ax",
          "mov eax, ds",
          "mov ds, eax",
          "mov word ptr [bx], ds",
          "push ds",
          "pop fs",
          "movzx eax, word ptr [bx+di]",
          "sgdt [eax]",
          "smsw ax",
          "lmsw ax",
          "bound ax, [bx]",
          `mov dword ptr [${label}], offset ${label}`,
          `mov word ptr [${label}], 5`,
          `cmp byte ptr ${label}[bx], 0`,
          "data32 nop",
          "addr16 mov eax, [0x1234]",
          "imul eax, [bx], 5",
          "shl dword ptr [bp+2], 3",
          "test byte ptr [bp], 1",
          "movs byte ptr es:[di], byte ptr [si]",
        ]),
  );
  return [other, ...lines, back];
};

/** Values that the linker or the loader fills in. */
const linking: Idiom = (around) => {
  const label = around.label();
  if (around.isAtt) {
    return [
      pick(around, [
        `movl ${label}@GOTOFF(%ebx), %eax`,
        `leal ${label}@GOTOFF(%ebx,%esi,4), %eax`,
        `call ${label}@PLT`,
        `movl ${label}@GOT(%ebx), %eax`,
        "addl $_GLOBAL_OFFSET_TABLE_, %ebx",
        `.long ${label}@GOTOFF`,
        `.long ${label}@GOT`,
        "addl $_GLOBAL_OFFSET_TABLE_+[.-9b], %ebx".replace("9b", label),
        `pushl $${label}`,
        `movl $${label}+4, %eax`,
        `jmp *${label}@GOT(%ebx)`,
        `.long ${label} - .`,
        `.long _GLOBAL_OFFSET_TABLE_ - .`,
      ]),
    ];
  }
  return [
    pick(around, [
      `mov eax, dword ptr ${label}@GOTOFF[ebx]`,
      `lea eax, ${label}@GOTOFF[ebx+esi*4]`,
      `lea eax, [ebx+${label}@GOTOFF]`,
      `call ${label}@PLT`,
      `mov eax, ${label}@GOT[ebx]`,
      `mov eax, dword ptr [ebx+${label}@GOT]`,
      "add ebx, offset _GLOBAL_OFFSET_TABLE_",
      `.long ${label}@GOTOFF, 5`,
      `mov eax, offset ${label}@GOTOFF`,
      `mov byte ptr ${label}@GOTOFF[ebx+4], 5`,
      `.long ${label}@GOT`,
      `.long ${label} - . + 4`,
      `push offset ${label}`,
      `push dword ptr ${label}+4`,
      `mov eax, offset ${label}+8`,
      `mov eax, offset flat:${label}`,
      `cmp dword ptr [${label}+ebx*4-4], 10`,
      `mov eax, [${label} - 4 + ebx]`,
      `mov eax, ${label}[ebx][esi*2]`,
      `mov eax, ${label}[ebx+4][esi]`,
      `movzx eax, byte ptr ${label}+1[edx]`,
      `mov eax, dword ptr ${label}`,
      `mov ${label}, eax`,
      `mov al, ${label}+3`,
      `inc dword ptr ${label}`,
      `fld qword ptr ${label}`,
      `mov eax, -4[ebp]`,
      `mov eax, 4[ebp][esi]`,
      `mov eax, [ebp][-8]`,
      `mov eax, [ebp+(4*3)]`,
      `mov eax, [4*ecx+${label}]`,
      `mov eax, [ecx*4][${label}]`,
      `mov eax, ds:${label}`,
      `mov eax, ds:[0x46c]`,
      `mov eax, ds:0x46c`,
      `mov eax, es:${label}[edi]`,
      `mov eax, [es:edi]`,
      `mov eax, dword ptr es:[edi+${label}]`,
      `mov eax, (${label}+4)[ebx]`,
      `mov eax, [(ebx)+4]`,
      `mov eax, [[ebx]+4]`,
      `mov eax, [ebx+-4]`,
      `mov eax, [ebx-(-4)]`,
      `mov eax, [ebx+2*4+esi]`,
      `mov eax, [esp+ebx]`,
      `mov eax, [ebx+esp]`,
      `mov eax, [ebx*2]`,
      `mov eax, [ebx*1+4]`,
      `mov eax, [ebx+ebx]`,
      `mov eax, [ebp]`,
      `mov eax, [ebx+esi*8+0x7f]`,
      `mov eax, type eax`.replace("type eax", "5"),
      `mov eax, not 5`,
      `mov eax, 7 and 5`,
      `mov eax, 5 mod 3`,
      `mov eax, 1 shl 4`,
      `mov eax, 3 eq 3`,
      `mov al, low_`.replace("low_", "'x'"),
      `mov eax, 5 gt 3`,
      `mov ax, 0ffh`,
      `mov al, 10b`.replace("10b", "0b10"),
      `mov eax, 1234h`,
      `mov eax, 17o`,
      `mov eax, 101b`.replace("101b", "0x5"),
      `mov eax, 'ab'`.replace("'ab'", "'a'"),
      `mov al, byte ptr 5`,
      `mov eax, dword`,
      `mov eax, [eax+dword]`.replace("+dword", "+4"),
      `push word ptr 5`,
      `push byte ptr 5`,
      `push dword ptr 5`,
    ]),
  ];
};

/** Data with every kind of number, and comparisons as numbers. */
const values: Idiom = (around) => {
  const c = around.constant;
  return [
    pick(around, [
      `.byte ${c()} == ${c()}, ${c()} <> ${c()}, ${c()} >= 3`,
      `.long -(${c()} > 2)`,
      `.byte (${c()} && 1) + (${c()} || 0)`,
      `.long ~${c()}, !${c()}, -${c()}`,
      `.word ${c()} ! 1, ${c()} ^ 5 & 3 | 1`.replace(/\.word/, ".long"),
      `.quad ${c()} << 33, -1, 0x123456789abcdef`,
      ".octa 0x123456789abcdef0123456789abcdef, -1, 5",
      ".float 1.5, -2e10, 0.1",
      ".double 3.14159265358979, -1e-300, 1e308",
      ".tfloat 1.0, 0.1",
      ".single 1, 2.5e-3",
      "\t.byte 'a, 'b', '\\n, '\\\\, '\\'', 0x7f, 0b101, 017",
      ".byte 1 + 'a', 'z' - 'a' + 1",
      '.ascii "a\\tb\\r\\n\\0\\1\\12\\123\\x4\\x41\\""',
      '.asciz "", "x"',
      '.string "a" "b"',
      ".ascii",
      ".byte",
      ".long",
      ".uleb128 624485, 0",
      ".sleb128 -123456, 5",
      ".byte 5 % 3, -5 % 3, -5 / 2, 7 / -2",
      ".long 1 << 31, -1 >> 4, 0x80000000 >> 31",
      `.long (${c()} + ${c()}) * ${c()}`,
      ".2byte 1, 2",
      ".4byte 3",
      ".8byte 4",
      ".value 7",
      '.string16 "ab"',
      '.string8 "cd"',
      ".dc.b 1",
      ".dc.w 2",
      ".dc.l 3",
      ".dcb.b 3, 4",
      ".dcb.w 2",
      ".dcb.l 2, 7",
      ".ds.b 3",
      ".ds.w 2",
      ".ds.l 1",
      ".hword 5",
      ".int 1,2,3",
      ".fill 3",
      ".fill 2, 2",
      ".fill 2, 4, -1",
      ".fill 1, 8, 0x123456789",
      ".space 3, 7",
      ".skip 2",
      ".zero 4",
      ".balign 2\n.balignw 4, 0x1234",
      ".balign 4\n.balignl 8, 0x12345678",
      ".p2align 2, 0xcc",
      ".align 8,,3",
      ".p2align 2\n.p2alignl 3, 1",
      ".balign 16,0,4",
      ".byte 1;.byte 2 ; .byte 3",
      "/* a\n b */ .byte 9",
      ".byte 1 # 2 /* 3",
      '# 12 "other.s"\n.byte 1',
      '.ident "me"',
      ".if 1; .byte 1; .else; .byte 2; .endif",
    ]),
  ];
};

/** Conditions inside conditions. */
const conditions: Idiom = (around) => {
  const c = around.constant;
  const test = (): string =>
    pick(around, [
      `.if ${c()} > 3`,
      `.if ${c()} == ${c()}`,
      `.ifne ${c()} - 1`,
      `.ifge ${c()}`,
      `.ifle ${c()}`,
      ".ifdef undefined_name",
      ".ifndef undefined_name",
      ".ifnotdef ext1",
      ".ifc a b,a b",
      ".ifnc 'a','b'",
      '.ifeqs "x","x"',
      '.ifnes "a", "b"',
      ".ifb",
      ".ifnb y",
      `.if (${c()} & 1) && !0`,
      ".IF 1",
      ".if 0",
      '.ifc "x y", "x  y"',
      '.ifc x,"x"',
      ".ifc , ",
      ".ifc 1 + 2,1+2",
      ".if . - . == 0",
      ".if -1",
      ".ifeq 0",
    ]);
  const block = (depth: number): string[] => [
    test(),
    depth > 0 && around.random(2) === 0 ? block(depth - 1).join("\n") : `.byte ${around.random(200)}`,
    ...(around.random(3) === 0 ? [`.elseif ${c()} > 1`, `.byte ${around.random(200)}`] : []),
    ...(around.random(2) === 0
      ? [
          pick(around, [".else", ".ELSE", ".else # not"]),
          depth > 0 && around.random(2) === 0 ? block(depth - 1).join("\n") : `.byte ${around.random(200)}`,
        ]
      : []),
    pick(around, [".endif", ".endif # done", ".ENDIF"]),
  ];
  return block(2);
};

const IDIOMS: readonly Idiom[] = [
  textMacro,
  textMacro,
  textMacro,
  definingMacro,
  recursiveMacro,
  counting,
  alternate,
  repetition,
  structure,
  overlay,
  naming,
  naming,
  farTransfer,
  mixedSize,
  mixedSize,
  linking,
  linking,
  linking,
  values,
  conditions,
];

/** Lines of one idiom. */
export function idiom(around: Surroundings): string[] {
  return pick(around, IDIOMS)(around);
}
