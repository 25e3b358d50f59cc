/** Idioms of macros as random text: macros that define, repeat, recurse and count. */
import { anyCase, type Idiom, pick, type Surroundings, upTo } from "./idiom.ts";

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
export const textMacro: Idiom = (around) => {
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
export const definingMacro: Idiom = (around) => {
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
export const recursiveMacro: Idiom = (around) => {
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
export const counting: Idiom = (around) => {
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
export const alternate: Idiom = (around) => {
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
export const repetition: Idiom = (around) =>
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
