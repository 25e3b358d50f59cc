# Shows the beginning of a file or of input.

.include "program.inc"

DESCRIPTION "[-LINES] [PATH]", "show the beginning of a file"
DETAIL "head -20 PATH, or head -n 20 PATH, shows the first 20 lines, head PATH ten; without a path, of its input."

.text

# Takes how many lines, and a path.
.global _start
_start:
    lea     eax, [esp + 4]
    call    lines_arguments
    mov     esi, edx                    # ESI: lines that are left
    call    input_open
    jc      finish
1:  sub     esi, 1
    jb      finish
2:  call    input_byte
    jc      finish
    call    out_byte
    cmp     al, 10
    jne     2b
    jmp     1b
