# Gives a file or directory another name.

.include "program.inc"

DESCRIPTION "PATH NEW", "rename a file or directory"
DETAIL "mv A B gives A the name B; what had that name is replaced. When B is a directory,"
DETAIL "A goes into it. Both are on one mount."

.text

# Takes a path and the new one.
.global _start
_start:
    mov     eax, esp
    mov     edx, offset move
    jmp     two_paths

# Moves it.
# In: EAX path, EDX new path.
# Out: EAX negated error code.
move:
    push    ebx
    SYSTEM  rename, eax, edx
    pop     ebx
    ret
