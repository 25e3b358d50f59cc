# Makes directories.

.include "program.inc"

DESCRIPTION "[-p] PATH...", "make directories"
DETAIL "mkdir -p makes those above as well, and says nothing of what is there."

.text

# Takes -p, and paths.
.global _start
_start:
    lea     eax, [esp + 8]
    mov     edx, offset make
    mov     ecx, [eax]
    test    ecx, ecx
    jz      misused
    cmp     byte ptr [ecx], '-'
    jne     each_path
    cmp     word ptr [ecx + 1], 'p'
    jne     misused
    add     eax, 4
    mov     edx, offset make_all
    jmp     each_path

# Makes one directory.
# In: EAX path.
# Out: EAX negated error code, EDX path.
make:
    push    ebx
    mov     edx, eax
    SYSTEM  directory_make, eax
    pop     ebx
    ret

# Makes a directory and those above it.
# In: EAX path.
# Out: EAX negated error code, EDX path.
make_all:
    push    ebx
    push    esi
    mov     edx, eax
    mov     esi, eax                    # ESI: where the next part begins
    mov     ebx, eax
.Lmake_all_part:
    cmp     byte ptr [esi], '/'
    jne     .Lmake_all_end
    inc     esi
    jmp     .Lmake_all_part
.Lmake_all_end:
    cmp     byte ptr [esi], '/'
    je      .Lmake_all_above
    cmp     byte ptr [esi], 0
    je      .Lmake_all_last
    inc     esi
    jmp     .Lmake_all_end
.Lmake_all_above:
    mov     byte ptr [esi], 0           # whatever is wrong above is wrong with the last one, too
    SYSTEM  directory_make, ebx
    mov     byte ptr [esi], '/'
    jmp     .Lmake_all_part
.Lmake_all_last:
    SYSTEM  stat, ebx, "offset about"
    test    eax, eax
    jnz     .Lmake_all_make
    cmp     dword ptr [about + STAT_KIND], NODE_DIRECTORY
    je      .Lmake_all_done
.Lmake_all_make:
    SYSTEM  directory_make, ebx
.Lmake_all_done:
    pop     esi
    pop     ebx
    ret

.bss
.balign 4
about:          .space STAT_SIZE
