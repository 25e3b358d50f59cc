/**
 * The floating-point unit. Intel SDM 2A, appendix A.5. AT&T syntax has FSUB and FSUBR, FDIV and FDIVR exchanged where
 * the destination is not ST(0); that mistake of the first assembler has become the syntax.
 */

import type { TableSection } from "../notation.ts";

const hex = (value: number): string => value.toString(16).toUpperCase();

/** The eight operations of D8, DA, DC, DE by digit. */
const OPERATIONS = ["add", "mul", "com", "comp", "sub", "subr", "div", "divr"];

const registers = (digit: number, register = 0): string => hex(0xc0 + digit * 8 + register);

/** Memory and ST(i) as the source; first, because ST(0) as ST(i) is encoded this way. */
const TO_TOP = OPERATIONS.map((name, digit) => {
  const forms = `
    f${name} m32fp      | D8 /${digit}
    f${name} m64fp      | DC /${digit}
    fi${name} m16int    | DE /${digit}
    fi${name} m32int    | DA /${digit}
    f${name} sti        | D8 ${registers(digit)} +i`;
  if (name.startsWith("com")) return `${forms}\n f${name} | D8 ${registers(digit, 1)} | encode`;
  return `${forms} | encode\n f${name} st, sti | D8 ${registers(digit)} +i`;
}).join("\n");

/** ST(i) as the destination; with and without a pop. */
const TO_OTHER = OPERATIONS.filter((name) => !name.startsWith("com"))
  .map((name) => {
    const digit = OPERATIONS.indexOf(name);
    // With the destination in ST(i) the reverse operation has the even digit.
    const back = digit < 4 ? digit : digit ^ 1;
    const only = (suffix: string): string => (digit < 4 ? "" : `attonly=f${OPERATIONS[back]!}${suffix}`);
    // GNU as takes the operands of the commutative ones in either order.
    const swapped = digit < 4 ? `f${name}p st, sti | DE ${registers(back)} +i | encode` : "";
    return `
    ${swapped}
    f${name} sti, st    | DC ${registers(back)} +i | ${only("")}
    f${name}            | DE ${registers(back, 1)} | encode =f${name}p ${only("")}
    f${name}p sti, st   | DE ${registers(back)} +i | ${only("p")}
    f${name}p sti       | DE ${registers(back)} +i | encode ${only("p")}
    f${name}p           | DE ${registers(back, 1)} | encode ${only("p")}`;
  })
  .join("\n");

/** D9 with a whole ModRM byte. */
const CONSTANTS_AND_FUNCTIONS = (
  [
    ["fnop", 0xd0],
    ["fchs", 0xe0],
    ["fabs", 0xe1],
    ["ftst", 0xe4],
    ["fxam", 0xe5],
    ["fld1", 0xe8],
    ["fldl2t", 0xe9],
    ["fldl2e", 0xea],
    ["fldpi", 0xeb],
    ["fldlg2", 0xec],
    ["fldln2", 0xed],
    ["fldz", 0xee],
    ["f2xm1", 0xf0],
    ["fyl2x", 0xf1],
    ["fptan", 0xf2],
    ["fpatan", 0xf3],
    ["fxtract", 0xf4],
    ["fdecstp", 0xf6],
    ["fincstp", 0xf7],
    ["fprem", 0xf8],
    ["fyl2xp1", 0xf9],
    ["fsqrt", 0xfa],
    ["frndint", 0xfc],
    ["fscale", 0xfd],
  ] as const
)
  .map(([name, modrm]) => `${name} | D9 ${hex(modrm)}`)
  .join("\n");

export const X87: readonly TableSection[] = [
  {
    feature: "8087",
    rows: `
      fld m32fp           | D9 /0
      fld m64fp           | DD /0
      fld m80fp           | DB /5
      fld sti             | D9 C0 +i
      fild m16int         | DF /0
      fild m32int         | DB /0
      fild m64int         | DF /5
      fst m32fp           | D9 /2
      fst m64fp           | DD /2
      fst sti             | DD D0 +i
      fist m16int         | DF /2
      fist m32int         | DB /2
      fstp m32fp          | D9 /3
      fstp m64fp          | DD /3
      fstp m80fp          | DB /7
      fstp sti            | DD D8 +i
      fistp m16int        | DF /3
      fistp m32int        | DB /3
      fistp m64int        | DF /7
      fbld m80bcd         | DF /4
      fbstp m80bcd        | DF /6
      fxch sti            | D9 C8 +i
      fxch                | D9 C9 | encode
      ${TO_TOP}
      ${TO_OTHER}
      fcompp              | DE D9
      ${CONSTANTS_AND_FUNCTIONS}
      ffree sti           | DD C0 +i
      fldcw m16           | D9 /5
      fldenv mstate      | D9 /4   | v d
      frstor mstate      | DD /4   | v d
      # The N in a name says that pending exceptions are not waited for; the names without it are FWAIT and the instruction.
      fnstcw m16          | D9 /7
      fnstenv mstate     | D9 /6   | v d
      fnsave mstate      | DD /6   | v d
      fnstsw m16          | DD /7
      fnclex              | DB E2
      fninit              | DB E3
      fstcw m16           | D9 /7   | wait encode =fnstcw
      fstenv mstate      | D9 /6   | wait encode v d =fnstenv
      fsave mstate       | DD /6   | wait encode v d =fnsave
      fstsw m16           | DD /7   | wait encode =fnstsw
      fclex               | DB E2   | wait encode =fnclex
      finit               | DB E3   | wait encode =fninit
      # 8087 interrupts: nothing happens on later units.
      fneni               | DB E0   | 8087-only
      fndisi              | DB E1   | 8087-only
      feni                | DB E0   | wait encode =fneni 8087-only
      fdisi               | DB E1   | wait encode =fndisi 8087-only
    `,
  },
  {
    feature: "287",
    rows: `
      fnstsw ax           | DF E0 | bare
      fnstsw              | DF E0   | encode
      fstsw ax            | DF E0   | wait encode =fnstsw bare
      fstsw               | DF E0   | wait encode =fnstsw
      fnsetpm             | DB E4   | 287-only
      fsetpm              | DB E4   | wait encode =fnsetpm 287-only
    `,
  },
  {
    feature: "387",
    rows: `
      fprem1              | D9 F5
      fsincos             | D9 FB
      fsin                | D9 FE
      fcos                | D9 FF
      fucom sti           | DD E0 +i
      fucom               | DD E1   | encode
      fucomp sti          | DD E8 +i
      fucomp              | DD E9   | encode
      fucompp             | DA E9
    `,
  },
  {
    feature: "687",
    rows: `
      fucomi st, sti      | DB E8 +i
      fucomi sti          | DB E8 +i | encode
      fucomi              | DB E9   | encode
      fcomi st, sti       | DB F0 +i
      fcomi sti           | DB F0 +i | encode
      fcomi               | DB F1   | encode
      fucomip/fucompi st, sti | DF E8 +i
      fucomip/fucompi sti | DF E8 +i | encode
      fucomip/fucompi     | DF E9   | encode
      fcomip/fcompi st, sti | DF F0 +i
      fcomip/fcompi sti   | DF F0 +i | encode
      fcomip/fcompi       | DF F1   | encode
      ffreep sti          | DF C0 +i
      fcmovb/fcmovnae st, sti      | DA C0 +i
      fcmove st, sti      | DA C8 +i
      fcmovbe/fcmovna st, sti     | DA D0 +i
      fcmovu st, sti      | DA D8 +i
      fcmovnb/fcmovae st, sti | DB C0 +i
      fcmovne st, sti     | DB C8 +i
      fcmovnbe/fcmova st, sti | DB D0 +i
      fcmovnu st, sti     | DB D8 +i
    `,
  },
  {
    feature: "fisttp",
    rows: `
      fisttp m16int       | DF /1
      fisttp m32int       | DB /1
      fisttp m64int       | DD /1
    `,
  },
];
