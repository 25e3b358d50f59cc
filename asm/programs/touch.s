# Makes empty files.

.include "program.inc"

DESCRIPTION "PATH...", "make empty files"
DETAIL "Of a file that is there it sets the time of the last change."

.text

# Takes paths.
.global _start
_start:
    lea     eax, [esp + 8]
    mov     edx, offset touch
    jmp     each_path

# Makes an empty file, or sets the time of one that is there by writing nothing to it.
# In: EAX path.
# Out: EAX negated error code, EDX path.
touch:
    push    ebx
    push    esi
    push    eax
    SYSTEM  open, eax, OPEN_APPEND
    test    eax, eax
    js      1f
    mov     esi, eax
    SYSTEM  write, esi, 0, 0
    xchg    esi, eax
    SYSTEM  close, eax
    mov     eax, esi
1:  pop     edx
    pop     esi
    pop     ebx
    ret
