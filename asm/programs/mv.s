# Gives a file or directory another name.

.include "program.inc"

DESCRIPTION "PATH... NEW", "rename files or directories"
DETAIL "mv A B gives A the name B; what had that name is replaced. When B is a directory,"
DETAIL "A goes into it, and so may several: mv A1 A2 B. All are on one mount."

.text

# Takes paths and the new one.
.global _start
_start:
    lea     eax, [esp + 8]
    mov     edx, offset move
    jmp     paths_to

# Moves it.
# In: EAX path, EDX new path.
# Out: EAX negated error code.
move:
    push    ebx
    SYSTEM  rename, eax, edx
    pop     ebx
    ret
