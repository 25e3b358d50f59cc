# Asks for memory at more places than the kernel's report of the heap has room for: `callers`, and `callers back` gives
# all of it back. Link this object with those of asm/.

.include "macros.inc"

PLACES          = 400

.text

# Callers [back].
command_callers:
    push    ebx
    mov     ebx, offset callers_blocks
    cmp     eax, 2
    je      1f
.rept PLACES
    mov     eax, 10000
    call    malloc
    jc      2f
    mov     [ebx], eax
    add     ebx, 4
.endr
    jmp     2f
1:  mov     eax, [ebx]
    call    mfree
    add     ebx, 4
    cmp     ebx, offset callers_blocks + PLACES * 4
    jb      1b
2:  PRINTF  "%u blocks\n", PLACES
    xor     eax, eax
    pop     ebx
    ret

SHELL_COMMAND "callers", command_callers, "[back]", "ask for memory at many places"

.bss
.balign 4
callers_blocks: .space PLACES * 4
