# Copies files, and directories with all that is in them.

.include "program.inc"

DESCRIPTION "[-r] PATH... NEW", "copy files"
DETAIL "When NEW is a directory, copies go into it. What has its name stays until the copy is whole. cp -r copies"
DETAIL "directories too, with all that is in them; into one that is there already goes what it lacks."

.text

# Takes -r, paths and the new one.
.global _start
_start:
    lea     eax, [esp + 8]
    mov     edx, offset copy_file
    mov     ecx, [eax]
    test    ecx, ecx
    jz      misused
    cmp     byte ptr [ecx], '-'
    jne     paths_to
    cmp     word ptr [ecx + 1], 'r'     # and the NUL
    jne     misused
    add     eax, 4
    mov     edx, offset copy_tree
    jmp     paths_to
