# Lists directories.

.include "program.inc"

CLASS_WIDTH     = 20
BYTES_WIDTH     = 10

DESCRIPTION "[-l] [PATH...]", "list mount points or objects"
DETAIL "ls lists the current directory, in / the mount points, ls PATH what is at a path: class, bytes, name."
DETAIL "Persistent objects have the name of their class. ls -l says when they were changed, too."

.text

# Takes -l, and paths.
.global _start
_start:
    lea     eax, [esp + 8]
    mov     ecx, [eax]
    jecxz   .Llist_all
    cmp     byte ptr [ecx], '-'
    jne     .Llist_all
    cmp     word ptr [ecx + 1], 'l'
    jne     misused
    mov     dword ptr [times], 1
    add     eax, 4
.Llist_all:
    mov     edx, offset list
    call    each_input
    jmp     finish

# Lists what is at a path.
# In: EAX path or 0, EDX 1 when its name goes before its list.
list:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    test    eax, eax
    jnz     .Llist_open
    mov     esi, offset text_here
.Llist_open:
    mov     edi, edx
    SYSTEM  directory_open, esi
    test    eax, eax
    js      .Llist_file
    xchg    edi, eax                    # EDI: handle
    test    eax, eax
    jz      .Llist_next
    mov     eax, esi
    call    out_text
    mov     eax, offset text_begins
    call    out_text
.Llist_next:
    SYSTEM  directory_read, edi, "offset about"
    test    eax, eax
    js      .Llist_end
    call    list_line
    jmp     .Llist_next
.Llist_end:
    cmp     eax, -ERROR_NOT_FOUND
    je      .Llist_close
    mov     edx, esi
    call    complain
.Llist_close:
    SYSTEM  close, edi
    jmp     .Llist_done
.Llist_file:
    cmp     eax, -ERROR_NOT_DIRECTORY
    jne     .Llist_failed
    SYSTEM  stat, esi, "offset about"
    test    eax, eax
    js      .Llist_failed
    call    list_line
    jmp     .Llist_done
.Llist_failed:
    mov     edx, esi
    call    complain
.Llist_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints the line of an object.
list_line:
    push    ebx
    mov     eax, offset about + STAT_CLASS
    mov     edx, CLASS_WIDTH
    call    out_column
    mov     al, ' '
    call    out_byte
    mov     ebx, offset text_blanks
    mov     ecx, BYTES_WIDTH
    mov     eax, [about + STAT_BYTES]
    mov     edx, [about + STAT_BYTES + 4]
    test    edx, edx
    jz      1f
    shrd    eax, edx, 20                # beyond 4 GiB in MiB
    mov     ecx, BYTES_WIDTH - 2
    mov     ebx, offset text_mebi
1:  mov     edx, ecx
    call    out_number
    mov     eax, ebx
    call    out_text
    cmp     dword ptr [times], 0
    je      .Llist_name
    mov     eax, [about + STAT_MODIFIED]
    call    out_date
    mov     eax, offset text_blanks
    call    out_text
.Llist_name:
    mov     eax, offset about + STAT_NAME
    call    out_text
    cmp     dword ptr [about + STAT_KIND], NODE_DIRECTORY
    jne     2f
    mov     al, '/'
    call    out_byte
2:  mov     al, 10
    call    out_byte
    pop     ebx
    ret

.section .rodata
text_here:      .asciz "."
text_begins:    .asciz ":\n"
text_mebi:      .asciz "Mi  "
text_blanks:    .asciz "  "

.bss
.balign 4
about:          .space STAT_SIZE
times:          .space 4                # 1: -l
