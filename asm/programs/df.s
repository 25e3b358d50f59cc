# Shows the free space of what is mounted.

.include "program.inc"

DESCRIPTION "[PATH]", "show the free space of what is mounted"

.text

# Takes a path, or nothing for all that is mounted.
.global _start
_start:
    mov     esi, [esp + 8]              # 0 when there is no argument
    cmp     dword ptr [esp], 2
    ja      misused
    jb      1f
    SYSTEM  volume, esi, "offset about"
    mov     edx, esi
    test    eax, eax
    js      fail
    call    show_head
    call    show
    jmp     finish
1:  call    show_head
    mov     eax, offset text_root
    call    path_set
    SYSTEM  directory_open, "offset path"
    mov     edx, offset path
    test    eax, eax
    js      fail
    mov     esi, eax
2:  SYSTEM  directory_read, esi, "offset entry"
    test    eax, eax
    js      finish
    mov     eax, 1                      # behind the slash
    call    path_cut
    mov     eax, offset entry + STAT_NAME
    call    path_append
    SYSTEM  volume, "offset path", "offset about"
    test    eax, eax
    js      2b                          # nobody counts what is free there
    call    show
    jmp     2b

# Prints what the columns are.
show_head:
    mov     eax, offset text_head
    jmp     out_text

# Prints a row.
show:
    push    esi
    push    edi
    mov     esi, [about + ABOUT_BLOCKS]
    mov     edi, [about + ABOUT_FREE]
    shl     esi, 2                      # KiB
    shl     edi, 2
    mov     eax, offset about + ABOUT_NAME
    mov     edx, 7
    call    out_column
    mov     eax, esi
    mov     edx, 10
    call    out_number
    mov     eax, esi
    sub     eax, edi
    mov     edx, 11
    call    out_number
    mov     eax, edi
    mov     edx, 11
    call    out_number
    mov     eax, offset text_gap
    call    out_text
    mov     eax, offset about + ABOUT_PATH
    call    out_text
    mov     al, 10
    call    out_byte
    pop     edi
    pop     esi
    ret

.section .rodata
text_head:      .asciz "volume        KiB       used       free  path\n"
text_root:      .asciz "/"
text_gap:       .asciz "  "

.bss
.balign 4
about:          .space ABOUT_SIZE
entry:          .space STAT_SIZE
