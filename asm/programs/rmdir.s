# Removes empty directories.

.include "program.inc"

DESCRIPTION "PATH...", "remove empty directories"

.text

# Takes paths.
.global _start
_start:
    lea     eax, [esp + 8]
    mov     edx, offset remove
    jmp     each_path

# Removes one directory.
# In: EAX path.
# Out: EAX negated error code, EDX path.
remove:
    push    ebx
    mov     edx, eax
    SYSTEM  directory_remove, eax
    pop     ebx
    ret
