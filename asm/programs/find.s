# Lists all that is below a path.

.include "program.inc"

DESCRIPTION "PATH [TEXT]", "list all that is below a path"
DETAIL "find PATH TEXT shows only the paths whose last name holds TEXT."

.text

# Takes a path and a text.
.global _start
_start:
    mov     eax, [esp]
    sub     eax, 2
    cmp     eax, 1
    ja      misused
    mov     esi, [esp + 8]
    mov     eax, [esp + 12]
    mov     [wanted], eax
    mov     eax, esi
    call    path_set
    mov     edx, esi
    jc      fail
    mov     eax, offset visit
    call    walk
    jmp     finish

# Prints the path, if its last name holds the text.
# In: EAX STAT record.
visit:
    mov     edx, [wanted]
    test    edx, edx
    jz      1f
    add     eax, STAT_NAME
    call    text_holds
    jc      2f
1:  mov     eax, offset path
    call    out_text
    mov     al, 10
    call    out_byte
2:  ret

.bss
.balign 4
wanted:         .space 4                # text to look for, or 0
