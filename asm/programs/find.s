# Lists all that is below a path.

.include "program.inc"

DESCRIPTION "PATH [TEXT]", "list all that is below a path"
DETAIL "find PATH TEXT shows only the paths whose last name holds TEXT."

.text

# Takes a path and a text.
.global _start
_start:
    mov     esi, [esp + 8]
    test    esi, esi
    jz      misused
    mov     eax, [esp + 12]
    test    eax, eax
    jz      1f
    cmp     dword ptr [esp + 16], 0
    jne     misused
    mov     [wanted], eax
1:  mov     eax, esi
    call    path_set
    mov     edx, esi
    jc      fail
    mov     eax, offset visit
    call    walk
    jmp     finish

# Prints the path, if its last name holds the text.
# In: EAX STAT record.
visit:
    push    ebx
    mov     ebx, [wanted]
    test    ebx, ebx
    jz      3f
    add     eax, STAT_NAME
1:  xor     edx, edx
2:  mov     cl, [ebx + edx]
    test    cl, cl
    jz      3f
    cmp     cl, [eax + edx]
    lea     edx, [edx + 1]
    je      2b
    cmp     byte ptr [eax], 0
    lea     eax, [eax + 1]
    jne     1b
    jmp     4f
3:  mov     eax, offset path
    call    out_text
    mov     al, 10
    call    out_byte
4:  pop     ebx
    ret

.bss
.balign 4
wanted:         .space 4                # text to look for, or 0
