/** Words of other assemblers, and what they are here: for suggestions where one of them stands in the place of an instruction. */

export const FOREIGN_WORDS: ReadonlyMap<string, string> = new Map([
  ["db", ".byte or .ascii"], ["dw", ".word"], ["dd", ".long"], ["dq", ".quad"], ["dt", ".tfloat"], ["resb", ".skip"], ["resw", ".skip"], ["resd", ".skip"], ["resq", ".skip"],
  ["section", ".section"], ["segment", ".section"], ["global", ".globl"], ["public", ".globl"], ["extern", ".extern"], ["extrn", ".extern"], ["common", ".comm"],
  ["times", ".fill or .rept"], ["align", ".align"], ["org", ".org"], ["include", ".include"], ["incbin", ".incbin"], ["bits", ".code16 or .code32"], ["use16", ".code16"],
  ["use32", ".code32"], ["struc", ".struct"], ["macro", ".macro"], ["endm", ".endm"], ["proc", "a label"], ["end", ".end"], ["ascii", ".ascii"], ["asciz", ".asciz"], ["byte", ".byte"],
  ["long", ".long"], ["set", ".set"], ["equ", ".equ"], ["globl", ".globl"], ["text", ".text"], ["data", ".data"],
]);
