# Lists directories by name. What a directory has is collected and sorted before it is printed; where that is more than
# there is room for, each part is.

.include "program.inc"

CLASS_WIDTH     = 20
BYTES_WIDTH     = 10

ENTRIES_BYTES   = 1 << 20               # pages come when they are used
# What is collected of an entry. Its class follows its name.
ENTRY_NEXT      = 0
ENTRY_KIND      = 4                     # as in `stat` from here on
ENTRY_BYTES     = 8
ENTRY_MODIFIED  = 16
ENTRY_NAME      = 20
ENTRY_MAXIMUM   = ENTRY_NAME + STAT_NAME_BYTES + STAT_CLASS_BYTES + 4

DESCRIPTION "[-l] [PATH...]", "list mount points or objects"
DETAIL "ls lists the current directory, in / the mount points, ls PATH what is at a path, by name: class, bytes, name."
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
    call    collect
    cmp     dword ptr [collected_end], offset entries + ENTRIES_BYTES - ENTRY_MAXIMUM
    jbe     .Llist_next
    call    print_collected
    jmp     .Llist_next
.Llist_end:
    push    eax
    call    print_collected
    pop     eax
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
    call    collect
    call    print_collected
    jmp     .Llist_done
.Llist_failed:
    mov     edx, esi
    call    complain
.Llist_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Adds what `about` says to what is collected.
collect:
    push    esi
    push    edi
    mov     edi, [collected_end]
    mov     eax, [collected]
    mov     [collected], edi
    inc     dword ptr [collected_count]
    stosd
    mov     esi, offset about + STAT_KIND
    mov     ecx, (STAT_NAME - STAT_KIND) / 4
    rep movsd
    call    copy_text
    mov     esi, offset about + STAT_CLASS
    call    copy_text
    add     edi, 3
    and     edi, -4
    mov     [collected_end], edi
    pop     edi
    pop     esi
    ret

# Copies a text with its NUL.
# In: ESI text, EDI where it goes.
# Out: both behind the NUL.
# Clobbers: EAX.
copy_text:
    lodsb
    stosb
    test    al, al
    jnz     copy_text
    ret

# Prints what is collected by name, and collects anew.
print_collected:
    push    ebx
    mov     ecx, [collected_count]
    jecxz   2f
    call    sort
    mov     ebx, eax
1:  call    print_line
    mov     ebx, [ebx + ENTRY_NEXT]
    test    ebx, ebx
    jnz     1b
2:  mov     dword ptr [collected], 0
    mov     dword ptr [collected_count], 0
    mov     dword ptr [collected_end], offset entries
    pop     ebx
    ret

# Takes so many entries out of what is collected, and sorts them: each half by itself, then both into one.
# In: ECX how many, at least 1.
# Out: EAX the first of them, linked in order.
sort:
    cmp     ecx, 1
    ja      1f
    mov     eax, [collected]
    mov     ecx, [eax + ENTRY_NEXT]
    mov     [collected], ecx
    mov     dword ptr [eax + ENTRY_NEXT], 0
    ret
1:  push    ebx
    push    esi
    mov     ebx, ecx
    shr     ecx, 1
    sub     ebx, ecx
    call    sort
    mov     esi, eax
    mov     ecx, ebx
    call    sort
    mov     edx, eax
    mov     eax, esi
    call    merge
    pop     esi
    pop     ebx
    ret

# Makes one list of two that are in order.
# In: EAX, EDX their first entries.
# Out: EAX the first of all.
merge:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     ebp, edx
    push    0                           # [esp]: the first
    mov     edx, esp                    # EDX: the entry that is linked last; ENTRY_NEXT is 0
.Lmerge_next:
    lea     esi, [ebx + ENTRY_NAME]
    lea     edi, [ebp + ENTRY_NAME]
.Lmerge_compare:
    lodsb
    cmp     al, [edi]
    jne     .Lmerge_differ
    inc     edi
    test    al, al
    jnz     .Lmerge_compare
.Lmerge_differ:
    jbe     1f
    xchg    ebx, ebp                    # EBX: the one that comes first
1:  mov     [edx + ENTRY_NEXT], ebx
    mov     edx, ebx
    mov     ebx, [ebx + ENTRY_NEXT]
    test    ebx, ebx
    jnz     .Lmerge_next
    mov     [edx + ENTRY_NEXT], ebp
    pop     eax
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints the line of an object.
# In: EBX entry.
print_line:
    push    esi
    lea     esi, [ebx + ENTRY_NAME]
1:  lodsb
    test    al, al
    jnz     1b
    mov     eax, esi
    mov     edx, CLASS_WIDTH
    call    out_column
    mov     al, ' '
    call    out_byte
    mov     esi, offset text_blanks
    mov     ecx, BYTES_WIDTH
    mov     eax, [ebx + ENTRY_BYTES]
    mov     edx, [ebx + ENTRY_BYTES + 4]
    test    edx, edx
    jz      2f
    shrd    eax, edx, 20                # beyond 4 GiB in MiB
    mov     ecx, BYTES_WIDTH - 2
    mov     esi, offset text_mebi
2:  mov     edx, ecx
    call    out_number
    mov     eax, esi
    call    out_text
    cmp     dword ptr [times], 0
    je      .Lprint_line_name
    mov     eax, [ebx + ENTRY_MODIFIED]
    call    out_date
    mov     eax, offset text_blanks
    call    out_text
.Lprint_line_name:
    lea     eax, [ebx + ENTRY_NAME]
    call    out_text
    cmp     dword ptr [ebx + ENTRY_KIND], NODE_DIRECTORY
    jne     3f
    mov     al, '/'
    call    out_byte
3:  mov     al, 10
    call    out_byte
    pop     esi
    ret

.section .rodata
text_here:      .asciz "."
text_begins:    .asciz ":\n"
text_mebi:      .asciz "Mi  "
text_blanks:    .asciz "  "

.data
collected_end:  .long entries

.bss
.balign 4
about:          .space STAT_SIZE
entries:        .space ENTRIES_BYTES
collected:      .space 4                # the last entry, linked to those before it
collected_count: .space 4
times:          .space 4                # 1: -l
