/**
 * What each kind of diagnostic means, why it matters, and what to do: the texts of `qure explain ID`.
 */

export const EXPLANATIONS: Readonly<Record<string, string>> = {
  "absolute-contents":
    "After `.struct` or `.offset` the assembler only counts: labels there are numbers, and no section holds the bytes. Reserve room with `.space` or `.long 0`; go back to a section with `.text` or `.data` before instructions and values.",
  "ambiguous-size":
    "Neither operand says how wide the operation is: memory has no size of its own, and a number fits many. Write `byte ptr`, `word ptr` or `dword ptr` before the memory operand, or give the mnemonic a suffix.",
  "bad-address":
    "An address is a base register, an index register times 1, 2, 4 or 8, and a displacement. 16-bit addresses take only bx, bp, si and di, in pairs of one of the first and one of the last two, without a scale. esp cannot be an index.",
  "bad-alignment":
    "An alignment is a power of two (`.balign 16`), or the power itself (`.p2align 4`). A fill of several bytes must fit the padding a whole number of times.",
  "bad-argument": "The directive knows a few words only, and this is none of them.",
  "bad-character":
    "No statement begins with this character. A statement is a label, an assignment, a directive, a macro call or an instruction.",
  "bad-fence":
    "`-mlfence-before-ret` knows the bytes of 32-bit code only: leave it out for files with 16-bit code, or write the fence yourself. `-mfence-as-lock-add=yes` writes `lock addl $0, (%esp)` in place of a fence. It has no such form for 16-bit code, and none without the lock that `-momit-lock-prefix=yes` leaves out: choose one of the two options, or assemble this file without it.",
  "bad-number":
    "A number is decimal, `0x` hexadecimal, `0b` binary, or octal when it begins with 0. Letters after it make it something else; `1f` and `1b` are numeric labels.",
  "bad-origin":
    "`.org` and `. = ...` move the place forward in the same section. To lay out something at a lower address, use another section or subsection.",
  "bad-prefix":
    "The prefix says what the code already is, contradicts the operands, or does not go with this instruction: `lock` needs one that changes memory, `rep` a string instruction. One of `data16`, `data32`, `addr16` and `addr32` that is alone in its line changes whatever instruction comes next: write both in one line.",
  "bad-register": "There is no register of this name on this processor, or it cannot stand here.",
  "bad-statement": "A statement begins with a label, a directive or an instruction.",
  "bundle-lock":
    "`.bundle_align_mode N` makes bundles of 2 to the power of N bytes; what stands between `.bundle_lock` and `.bundle_unlock` stays within one of them. Both come in pairs, in one subsection, while the bundles keep their size.",
  "bundle-size":
    "An instruction, or all that is between `.bundle_lock` and `.bundle_unlock`, must fit in one bundle. A jump counts with its longest form. Ask for larger bundles with `.bundle_align_mode`, or lock less together.",
  "comma-expected": "The operands of this directive are separated by commas.",
  "common-size":
    "A common block has the size that the first `.comm` for it states; a later one with another size changes its alignment alone.",
  "condition-order":
    "The condition asked for a symbol that had no value yet; a later line gives it one. What a condition sees depends on the order of the lines: move the definition up, or define the symbol on the command line.",
  "division-by-zero": "The divisor of `/` or `%` is zero.",
  "expression-expected": "An operand, a number or a symbol is missing here.",
  "expression-too-deep":
    "Parentheses or definitions are nested far deeper than any program needs: probably something repeats itself.",
  "fence-cut":
    "Data or a prefix in a line of its own stands right before this branch, and may be a part of it; a fence in between would tear it apart, so there is none. Write the instruction with its prefix in one line.",
  "file-not-found":
    "The file is neither beside the including file nor in a folder given with `-I`. Assembly stops here, since what the file defines would be missed everywhere.",
  "frame-directive":
    "Call frame directives describe one routine: they stand between its `.cfi_startproc` and its `.cfi_endproc`.",
  "debug-function":
    "`.func` and `.endfunc` stand around a routine for debuggers that read stabs. They come in pairs and not within one another.",
  "ignored-line":
    "`.loc` says which line the next instruction comes from. In a section that holds no code, or none that is loaded, there is no instruction, and the line is left out, as GNU as leaves it out.",
  "ignored-size":
    "A size before a number (`byte ptr 1`) says the size of the operation for a few instructions only. Here GNU as silently ignores it, so the same is done, and this warning says so. Write the size before the other operand.",
  "long-character":
    "A character constant holds one character, and its closing quote may be left out. Several characters are a string (`.ascii`), or a number (`0x6261`).",
  "load-of-cs":
    "MOV to CS is an invalid opcode for every processor after the 8086: CS changes by a far jump, call or return, or an interrupt. GNU as assembles it, and so does this.",
  "lost-distance":
    "In `[ebx+b-a]` GNU as works through the sum from the left and loses a part of the distance of the labels once a register was in it. The same bytes are made here, and they are hardly what was meant. `[ebx+(b-a)]` and `[b-a+ebx]` are right in both.",
  "lost-value":
    "`x = y`, where `y` is a calculation whose symbols have no places yet: GNU as makes `x` a constant of what it knows so far. The same is done here, and it is hardly what was meant. `.equiv x, y` keeps the calculation, and so does a definition below the symbols.",
  "macro-argument":
    "The call does not fit the macro's parameters. Blanks separate arguments as commas do: put quotes around one that holds blanks.",
  "macro-is-directive": "A macro cannot replace a directive, so its definition is ignored.",
  "macro-name": "`.macro` is followed by the name of the macro, then by its parameters.",
  "macro-parameter":
    "A parameter is a name, perhaps with `:req` (must be given) or `:vararg` (takes all that is left) and `=default`.",
  "macro-redefined": "A macro of this name exists. `.purgem name` forgets it.",
  "memory-operand":
    "In Intel syntax a symbol without a value is taken for the address of something in memory. A later line defines this one as a number, but it is too late then: the instruction reads or writes memory at that number. Define it before its use, or write `offset symbol`.",
  "misplaced-else":
    "`.else`, `.elseif` and `.endif` belong to an `.if` that is still open; `.else` comes last and once.",
  "misplaced-endm": "This ends a block that was not begun.",
  "misplaced-exitm": "`.exitm` leaves the expansion of a macro; there is none here.",
  "missing-bracket": "An address in brackets is closed with `]`.",
  "missing-end": "The block runs to the end of the file: its end is missing, or is spelled differently.",
  "missing-endif": "The file or macro ends inside this `.if`.",
  "missing-operand":
    "An operator with nothing after it, as an empty argument of a macro leaves it. GNU as takes zero and warns, and so does this.",
  "missing-parenthesis": "A parenthesis is not closed.",
  "missing-quote":
    'A string ends on the line that it begins on. Write `\\n` for a newline and `\\"` for a quote in it.',
  "missing-star":
    "In AT&T syntax `jmp foo` goes to foo, and `jmp *foo` to where the word at foo points. A register, an address in parentheses and the one operand of a far jump can only mean the latter, and are taken so.",
  "negative-count": "A size or a count below zero makes no sense here.",
  "no-contents":
    "A section such as `.bss` has a size but no bytes in the file: only zeros and reserved space can stand in it.",
  "no-relocation": "The linker fills in 1, 2 or 4 bytes. A wider field must be known when the file is assembled.",
  "not-absolute":
    "The assembler needs this number now, to go on. It can be a constant, a symbol that was given a value above, or the distance of two labels with nothing of variable size (a jump, an alignment) between them.",
  "not-on-this-cpu": "`-march` or `.arch` names a processor that does not have this instruction.",
  "not-relocatable":
    "The linker can add a number to one symbol, and take the place of the field from it. What this expression asks for is more than that.",
  "number-too-large": "Only `.octa` holds more than 64 bits, and nothing can be calculated with such a number.",
  "open-comment":
    "A comment that begins with `/*` ends with `*/`. This one runs to the end of the file, and what it swallows is not assembled.",
  "operand-count": "The instruction takes another number of operands.",
  "operand-expected": "An operand is missing.",
  "operand-kind": "The instruction takes another kind of operand here: a register, a number, or memory.",
  "operand-size": "The operands have different sizes, or one that the instruction does not come in.",
  "pseudo-prefix":
    "Prefixes in braces choose among encodings of one instruction: `{disp8}`, `{disp16}` and `{disp32}` the width of a displacement or branch, `{load}` and `{store}` the direction between registers. Those of AVX and of 64-bit code have nothing to choose from here.",
  "register-as-symbol": "The label can be jumped to by nobody: where its name is written, the register is meant.",
  "register-in-expression": "Registers can be added inside the brackets of an address, and nowhere else.",
  "section-changed":
    "A section has the flags and the type of its first `.section`. Later ones may repeat them or leave them out.",
  "section-flags":
    "The flags of a section are letters in a string: a (loaded), w (writable), x (code), M (mergeable), S (strings), G (in a group), T (thread-local), e (excluded), o (ordered), R (retained).",
  "section-name": "A section has a name.",
  "section-stack":
    "`.popsection` goes back to where the last `.pushsection` was, `.previous` to the section before the current one. There is nothing to go back to.",
  "section-link":
    "A section with the flag `o` is kept or dropped together with the one that the named symbol is in, so this file has to define that symbol or section.",
  "section-type":
    "The type of a section is @progbits, @nobits, @note, @init_array, @fini_array, @preinit_array, or a number.",
  "segment-expected": "Before the colon stands a segment register, or in a far jump the selector of a segment.",
  "shift-range": "64 bits can be shifted by 0 to 63 places; by any other number the result is 0.",
  "size-without-ptr":
    "Other assemblers write `dword [ebx]`. Here `dword` alone is the number 4, and `4[ebx]` is `[ebx+4]`: GNU as takes it so and says nothing.",
  "sse-instruction":
    "`-msse-check` asks for a word about each instruction that uses the registers of SSE, such as code that must run where nobody saves them.",
  "string-expected": "A text in double quotes is needed here.",
  "symbol-expected": "The name of a symbol is needed here.",
  "symbol-load":
    "With `--warn`: in Intel syntax a name alone is what lies in memory there, as in MASM; NASM takes it for the address. `offset name` is the address, and `dword ptr name` or `[name]` says that the load is meant.",
  "symbol-loop": "To know the symbol one would have to know it already.",
  "symbol-redefined":
    "A label has one place, and `.equiv` or `==` one value. `.set` and `=` can be repeated, but not for a name that is a label.",
  "symbol-type": "The type of a symbol is @function, @object, @notype, @tls_object, @common or @gnu_indirect_function.",
  "target-out-of-reach":
    "Only jumps of the forms jmp, jcc and call grow with the distance. loop, jecxz and a difference in one byte reach 128 bytes back and 127 ahead: jump over a longer jump.",
  "too-complex": "The statement is nested or long beyond all measure.",
  "too-deep":
    "Macros or files that lead into themselves without end: a recursive macro needs an `.if` that stops it, a file an include guard.",
  "too-large": "A program of this size is taken for a mistake, such as a count with too many digits.",
  "trailing-text":
    "The statement was complete before this text. Perhaps a comma, an operator or the comment sign `#` is missing.",
  "type-on-register": "A register has its size in its name: al has 8 bits, ax 16, eax 32.",
  "type-outside-operand":
    "`byte ptr` and its kind say how wide an operand of an instruction is. Directives have their width in their name.",
  unfenced:
    "An option asks for fences against speculation, and here one would not help or cannot be put. A branch through memory loads its target itself: load it into a register before. Bytes that stand for an instruction are not looked at: write the instruction. A repetition that ends by what it reads shows that in how long it takes.",
  "unknown-directive": "There is no directive and no macro of this name.",
  "unknown-file": "`.loc` names its file by the number that a `.file` gave it.",
  "unknown-instruction":
    "There is no instruction and no macro of this name. Macros must be defined above their use; directives begin with a dot.",
  "unknown-local-label": "`1b` is the last label `1:` above, `1f` the next one below. There is none in that direction.",
  "unknown-macro": "There is no macro of this name.",
  "unknown-processor": "`.arch` takes the name of a processor, or of an extension with a dot before it.",
  "unknown-relocation":
    "The word after `@` chooses a relocation of the i386 psABI: GOT, GOTOFF, PLT, TLSGD, NTPOFF and others.",
  unsettled:
    "The size of some space or number is calculated from a distance that contains it, and no size makes both true.",
  "unsupported-directive": "GNU as has this directive, but this assembler does not.",
  "user-error": "The source itself says so: `.error`, `.err` or `.fail`.",
  "user-warning": "The source itself says so: `.warning`.",
  "value-range": "The number has more bits than its field. What is stored is its lower part.",
};
