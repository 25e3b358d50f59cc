# Makes directories.

.include "program.inc"

DESCRIPTION "PATH...", "make directories"

.text

# Takes paths.
.global _start
_start:
    lea     eax, [esp + 8]
    mov     edx, offset make
    jmp     each_path

# Makes one directory.
# In: EAX path.
# Out: EAX negated error code.
make:
    push    ebx
    SYSTEM  directory_make, eax
    pop     ebx
    ret
