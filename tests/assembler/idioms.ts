/**
 * Idioms of hand-written systems as random text: macros that define, repeat, recurse and count, structures, overlays of
 * sections, registers and expressions under other names, far transfers, mixed code sizes. `generator.ts` mixes them
 * with plain statements.
 */

/** What an idiom may use of the program around it. */
export interface Surroundings {
  /** A number below the limit. */
  readonly random: (limit: number) => number;
  /** A name that nobody has yet. */
  readonly fresh: (prefix: string) => string;
  /** A label that is defined somewhere, or left to the linker. */
  readonly label: () => string;
  /** A name of a constant or a number. */
  readonly constant: () => string;
  /** A new label to put somewhere: others may name it afterwards. */
  readonly newLabel: () => string;
  readonly isAtt: boolean;
  readonly bits: 16 | 32;
}

type Idiom = (around: Surroundings) => string[];

function pick<T>({ random }: Surroundings, from: readonly T[]): T {
  return from[random(from.length)]!;
}

function upTo({ random }: Surroundings, most: number, make: () => string): string[] {
  return Array.from({ length: random(most + 1) }, make);
}

/** The name as a person would have typed it. */
function anyCase(around: Surroundings, name: string): string {
  return pick(around, [
    name,
    name,
    name.toUpperCase(),
    name.replace(/^(\W?)(\w)/, (_, sign: string, letter: string) => sign + letter.toUpperCase()),
  ]);
}

const ARGUMENTS = [
  "1",
  "x",
  "a+b",
  "a + b",
  "(a b)",
  '"c d"',
  "[ebx+4]",
  "[ebx + 4]",
  "'a'",
  "','",
  "' '",
  "",
  "5*6",
  "x/* c */",
  "0x10",
  "-1",
  "- 1",
  "~3",
  "(1 + 2) * 3",
  "a,b",
  '"a,b"',
  "dword ptr [esi]",
  "1:2",
  "\\x",
  "eax",
  "%eax",
  "a=1",
  '""',
  '"q""r"',
  "{x}",
  "!a",
  "a!b",
  "1 2",
  "a b c",
  "x-y",
  ".",
  "$",
  "$5",
  "#x",
  "a;",
  "@f",
  "1f",
  "'\\n'",
  "[a,b]",
  "(a,b)",
];

/** Lines of a body in which `p` is a parameter's name. */
function bodyLine(around: Surroundings, p: string): string[] {
  return pick(around, [
    () => [`.ascii "<\\${p}>"`],
    () => [`.ascii "\\${p}\\()x"`],
    () => [`.ascii "&${p}."`],
    () => [`.ascii "a\\(${p})b"`],
    () => [`.ascii "\\${p}\\@"`],
    () => [`.ascii "\\\\${p} "`],
    () => [`.ifb \\${p}`, ".byte 1", ".else", ".byte 2", ".endif"],
    () => [`.ifnb \\${p}`, ".byte 3", ".endif"],
    () => [`.ifc \\${p}, x`, ".byte 4", ".endif"],
    () => [`.ifnc "\\${p}","x"`, ".byte 5", ".endif"],
    () => [`.ifc \\${p},a+b`, ".byte 6", ".else", ".byte 7", ".endif"],
    () => [`.ifeqs "\\${p}", "1"`, ".byte 8", ".endif"],
    () => [`.irp w, \\${p}`, '.ascii "[\\w]"', ".endr"],
    () => [`.irpc c, \\${p}`, '.ascii "{\\c}"', ".endr"],
    () => [`.irpc c, "\\${p}"`, '.ascii "{\\c}"', ".endr"],
    () => [`.L\\@${p}: .byte . - .L\\@${p}`],
    () => [`.ascii "${p} \\${p} & ${p}"`],
    () => [`.ascii "\\${p}" ; .ascii "\\${p}" # \\${p}`],
    () => [`/* \\${p} */ .ascii "\\${p}"`],
    () => [`.ifnb \\${p}`, `.ifb \\${p}`, ".byte 1", ".else", ".exitm", ".endif", ".endif", ".byte 9"],
  ])();
}

/** A macro with parameters of all kinds, called in all ways. */
const textMacro: Idiom = (around) => {
  const { random, fresh } = around;
  const name = fresh(pick(around, ["tm", "T_m", ".tm", "_tm", "tm$"]));
  const count = random(4);
  const names = Array.from({ length: count }, (_, i) => pick(around, [`p${i}`, `par_${i}`, `a${i}$`, `P${i}`]));
  const isVariadic = count > 0 && random(3) === 0;
  const parameters = names.map((parameter, i) => {
    if (isVariadic && i === count - 1) return `${parameter}:vararg`;
    return (
      parameter + pick(around, ["", "", "", "=7", '="x y"', "=a+b", " = 5", "=", ":req", "=[ebx]", "=(1, 2)", ' =""'])
    );
  });
  const body = [".byte 0xee", ...names.flatMap((parameter) => bodyLine(around, parameter))];
  if (random(4) === 0) body.push('.ascii "\\@"');
  if (random(6) === 0) body.push("\\(.byte 1, 2)");
  const separator = pick(around, [", ", " ", ",", " , "]);
  const head = pick(around, [
    `.macro ${name} ${parameters.join(separator)}`,
    `.macro ${name}, ${parameters.join(separator)}`,
    `.MACRO ${name} ${parameters.join(separator)}`,
  ]);
  const lines = [count === 0 ? `.macro ${name}` : head, ...body, pick(around, [".endm", ".ENDM", `.endm # ${name}`])];
  const calls = 1 + random(3);
  for (let i = 0; i < calls; i++) {
    const values = upTo(around, count + (random(9) === 0 ? 1 : 0), () => pick(around, ARGUMENTS));
    const text =
      random(5) === 0 && count > 0
        ? names
            .filter(() => random(2) === 0)
            .map((parameter) => `${parameter}${pick(around, ["=", " = ", "= "])}${pick(around, ARGUMENTS)}`)
            .join(pick(around, [", ", " ", ","]))
        : values.join(pick(around, [",", ", ", " , ", " "]));
    lines.push(
      `${random(6) === 0 ? `${around.newLabel()}: ` : "\t"}${anyCase(around, name)} ${text}${pick(around, ["", "", " # note", " /* note */", "; nop"])}`,
    );
  }
  if (random(6) === 0) lines.push(`.purgem ${name}`);
  return lines;
};

/** A macro that defines another one. */
const definingMacro: Idiom = (around) => {
  const outer = around.fresh("outer");
  const inner = around.fresh("inner");
  return [
    `.macro ${outer} n, v=3`,
    `.macro ${inner}\\n ${pick(around, ["q", "q=\\v", "n", "q:vararg"])}`,
    pick(around, [".byte \\v", '.ascii "\\q \\n"', '.ascii "\\()\\q"', ".byte \\v + \\@ * 0"]),
    pick(around, [
      ".byte 1",
      ".ifnb \\q\n.byte 2\n.endif",
      ".rept \\v\n.byte \\v\n.endr",
      ".irp n, 1, 2\n.byte \\n\n.endr",
      ".exitm",
    ]),
    ".endm",
    pick(around, [".byte 0", `${inner}\\n 5`, `${inner}\\n`]),
    ".endm",
    `${outer} A${pick(around, ["", ", 4", " 2"])}`,
    `${inner}A 1`,
    `${inner}A`,
    ...(around.random(2) === 0 ? [`${outer} n=B, v=1`, `${inner}B 7`] : []),
  ];
};

/** Recursion over a list, with and without a count. */
const recursiveMacro: Idiom = (around) => {
  const name = around.fresh("each");
  const items = pick(around, ["1, 2, 3", "1,2", "0x10 , 0x20", "5", "1 2 3", "-1, -2", "(1), (2)"]);
  return pick(around, [
    () => [
      `.macro ${name} first:req, rest:vararg`,
      ".byte \\first",
      ".ifnb \\rest",
      `${name} \\rest`,
      ".endif",
      ".endm",
      `${name} ${items}`,
    ],
    () => [
      `.macro ${name} n, m=1`,
      ".if \\n",
      ".byte \\n, \\m",
      `${name} \\n-1${pick(around, ["", ", \\m*2", ",m=\\m+1", ", (\\m+1)"])}`,
      ".endif",
      ".endm",
      `${name} ${1 + around.random(6)}`,
    ],
    () => [
      `.macro ${name} x, y`,
      ".ifb \\x",
      ".exitm",
      ".endif",
      ".byte \\x",
      `${name} \\y`,
      ".byte 0xaa",
      ".endm",
      `${name} 1, 2`,
    ],
    () => [
      `.macro ${name} regs:vararg`,
      ".irp r, \\regs",
      around.isAtt ? "push %\\r" : "push \\r",
      ".endr",
      ".endm",
      `${name} ${around.bits === 16 ? "ax, bx , si" : "eax, ebx,esi"}`,
    ],
  ])();
};

/** Counters that macros keep in symbols. */
const counting: Idiom = (around) => {
  const counter = around.fresh("counter");
  const name = around.fresh("next");
  return [
    pick(around, [`${counter} = 0`, `.set ${counter}, 5`, `${counter} = -2`]),
    `.macro ${name} step=1`,
    pick(around, [`${counter} = ${counter} + \\step`, `.set ${counter}, ${counter}+\\step`]),
    pick(around, [
      `.byte ${counter}`,
      `.long ${counter} * 4`,
      `.if ${counter} > 3\n.byte 1\n.else\n.byte 2\n.endif`,
      `.byte ${counter} == 2, ${counter} < 3`,
      `item\\@_\\step${name} = ${counter}`,
    ]),
    ".endm",
    `.rept ${around.random(4)}`,
    name,
    ".endr",
    `${name} ${around.random(4)}`,
    `${name} step=${around.random(9)}`,
    `.byte ${counter} & 0xff`,
  ];
};

/** The alternate mode: local names, values of expressions, strings in angle brackets. */
const alternate: Idiom = (around) => {
  const name = around.fresh("alt");
  const count = around.fresh("n");
  const lines = [
    ".altmacro",
    `${count} = ${around.random(20)}`,
    `.macro ${name} a, b${pick(around, ["", "=9", ":vararg"])}`,
    pick(around, ["local l", "LOCAL l, k", "\tlocal\tl", ".byte 1"]),
    pick(around, [
      "l: .byte a",
      "\\a",
      '.ascii "&a&b"',
      '.ascii "a b"',
      "l&a: .byte 1",
      '.ascii "<\\a>"',
      "x&a&y = 4",
      ".byte (a) + 0",
    ]),
    pick(around, ['.ascii "\\b"', "l2_\\@: .byte 2", ".byte 3", ".ifnb b\n.byte 4\n.endif"]),
    ".endm",
  ];
  const value = (): string =>
    pick(around, [
      "1",
      `%${count}`,
      `%${count}+1`,
      `%(${count} * 2)`,
      "<1>",
      "<.byte 1, 2>",
      "<a!!b>",
      "<x y>",
      "'q'",
      '"q r"',
      "%5-3",
      "2",
      "<>",
      "%-1",
    ]);
  for (let i = 0; i <= around.random(3); i++)
    lines.push(`${name} ${value()}${pick(around, [", ", ",", " "])}${value()}`);
  if (around.random(3) === 0) lines.push(`.irp v, <1, 2>, %${count}, 3`, ".byte v", ".endr");
  if (around.random(3) === 0)
    lines.push(`${count} = 0`, ".rept 3", `${name} %${count}`, `${count} = ${count} + 1`, ".endr");
  lines.push(".noaltmacro");
  return lines;
};

/** Blocks that repeat inside blocks that repeat. */
const repetition: Idiom = (around) =>
  pick(around, [
    () => [
      `.rept ${around.random(4)}`,
      `.irp a, ${pick(around, ["1, 2", "1 2", "1,,2", "", '"1", (2)'])}`,
      ".irpc b, 34",
      pick(around, [".byte \\b", '.ascii "\\a\\b"', '.ascii "&a&b"']),
      ".endr",
      ".endr",
      ".endr",
    ],
    () => [
      `.irp reg, ${around.isAtt ? "%eax,%ebx" : "eax,ebx, ecx"}`,
      pick(around, ["inc \\reg", "xor \\reg, \\reg", "push \\reg"]),
      ".endr",
    ],
    () => [
      "nop_count = 0",
      ".rept 8",
      `.if nop_count ${pick(around, ["&", ">", "==", "%"])} 3`,
      ".byte nop_count",
      ".endif",
      "nop_count = nop_count + 1",
      ".endr",
    ],
    () => ['.irpc c, "a b"', '.ascii "\\c"', ".endr", ".irpc , 12", ".byte 1", ".endr"].slice(0, 3),
    () =>
      [".irp x, a, b", "\\x\\()_", ".endr"].flatMap((line) =>
        line.startsWith("\\x")
          ? [`.ascii "\\x\\()_"`, ".ifc \\x, a", ".byte 1", ".elseif 1", ".byte 2", ".endif"]
          : [line],
      ),
    () => [`.rept 2 ; .byte 1 ; .endr`, `.irp a 1 2`, ".byte \\a", ".endr"],
    () => [
      ".irp name, first, second",
      `.set \\name\\()_${around.fresh("of")}, . - ${around.label()}`.replace(/,.*/, ", 5"),
      ".endr",
    ],
  ])();

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
