# Who has which pages: each page in use is counted for a part of the kernel, or for the owner (handle.inc) that the task
# which took it works for: a task, a program, a service, a module. An owner that ends with pages left stays in the table
# until they have gone back, so what was forgotten has a name.

.include "macros.inc"
.include "cpu.inc"
.include "handle.inc"
.include "memory.inc"
.include "pages.inc"
.include "tasks.inc"

OF_OWNER            = 0xFF                  # in account_of_use: the running task's owner

ROW_BYTES           = 80

.text

# Names the parts of the kernel, before any page is given out.
.global accounts_init
accounts_init:
    push    ebx
    push    esi
    mov     ebx, offset accounts
    mov     esi, offset account_parts
1:  lea     eax, [ebx + ACCOUNT_NAME]
    mov     edx, [esi]
    mov     ecx, TASK_NAME_SIZE
    call    string_copy
    add     esi, 4
    add     ebx, 1 << ACCOUNT_SHIFT
    cmp     ebx, offset accounts + (ACCOUNT_PARTS << ACCOUNT_SHIFT)
    jb      1b
    mov     [account_hint], ebx
    pop     esi
    pop     ebx
    ret

# Counts pages for who has them. Callable with interrupts off.
# In: EAX first page, ECX number, EDX use: PAGES_* of pages.inc.
# Clobbers: none.
.global account_take
account_take:
    push    eax
    push    edx
    movzx   edx, byte ptr [account_of_use + edx]
    cmp     dl, OF_OWNER
    mov     eax, edx
    jne     1f
    call    owner_current
    call    account_of
1:  mov     edx, eax
    mov     eax, [esp + 4]
    call    account_add
    pop     edx
    pop     eax
    ret

# Adds pages to an account.
# In: EAX first page, ECX number, EDX account.
# Clobbers: EAX, EDX only.
account_add:
    push    ecx
    push    edi
    CHECK   ecx, ne, 0, "account_add: no page is to be counted"
    mov     edi, [page_accounts]
    add     edi, eax
    mov     eax, edx
    shl     edx, ACCOUNT_SHIFT
    add     edx, offset accounts
    CHECK   edx, b, "offset accounts_end", "account_add: there is no such account"
    INTERRUPTS_OFF
    add     [edx + ACCOUNT_PAGES], ecx
    push    eax
    mov     eax, [edx + ACCOUNT_PAGES]
    cmp     eax, [edx + ACCOUNT_PEAK]
    jbe     1f
    mov     [edx + ACCOUNT_PEAK], eax
1:  pop     eax
    INTERRUPTS_RESTORE
    rep stosb
    pop     edi
    pop     ecx
    ret

# Counts a page no more that goes back. Interrupts are off.
# In: EBX page.
# Clobbers: EDX only.
.global account_give
account_give:
    mov     edx, [page_accounts]
    movzx   edx, byte ptr [edx + ebx]
    shl     edx, ACCOUNT_SHIFT
    add     edx, offset accounts
    CHECK_MASKED "account_give: interrupts are on"
    CHECK   "dword ptr [edx+ACCOUNT_PAGES]", ne, 0, "account_give: more pages go than the account has"
    dec     dword ptr [edx + ACCOUNT_PAGES]
    jz      account_drop
    ret

# Makes an entry free, if it is nobody's any more. Interrupts are off.
# In: EDX entry.
# Clobbers: EDX only.
account_drop:
    cmp     dword ptr [edx + ACCOUNT_OWNER], 0
    jne     1f
    cmp     dword ptr [edx + ACCOUNT_PAGES], 0
    jne     1f
    cmp     edx, offset accounts + (ACCOUNT_PARTS << ACCOUNT_SHIFT)
    jb      1f
    mov     byte ptr [edx + ACCOUNT_NAME], 0
    cmp     edx, [account_hint]
    jae     1f
    mov     [account_hint], edx
1:  ret

# The account of an owner; it is made when it has none. When the table is full, that of the kernel does for it.
# In: EAX owner.
# Out: EAX account.
# Clobbers: EDX too.
account_of:
    cmp     dword ptr [eax + OWNER_ACCOUNT], 0
    jne     .Laccount_of_known
    cmp     eax, offset owner_system
    je      .Laccount_of_known
    push    ecx
    INTERRUPTS_OFF
    mov     edx, [account_hint]
.Laccount_of_look:
    cmp     edx, offset accounts_end
    jae     .Laccount_of_full
    cmp     byte ptr [edx + ACCOUNT_NAME], 0
    je      .Laccount_of_free
    add     edx, 1 << ACCOUNT_SHIFT
    jmp     .Laccount_of_look
.Laccount_of_full:
    mov     [account_hint], edx
    INTERRUPTS_RESTORE
    pop     ecx
    xor     eax, eax
    ret
.Laccount_of_free:
    lea     ecx, [edx + (1 << ACCOUNT_SHIFT)]
    mov     [account_hint], ecx
    mov     dword ptr [edx + ACCOUNT_PAGES], 0
    mov     dword ptr [edx + ACCOUNT_PEAK], 0
    mov     [edx + ACCOUNT_OWNER], eax
    mov     ecx, edx
    sub     ecx, offset accounts
    shr     ecx, ACCOUNT_SHIFT
    mov     [eax + OWNER_ACCOUNT], ecx
    push    ecx
    lea     ecx, [edx + ACCOUNT_NAME]
    mov     edx, [eax + OWNER_NAME]
    mov     eax, ecx
    mov     ecx, TASK_NAME_SIZE
    mov     byte ptr [eax], '?'         # an entry without a name would be free
    cmp     byte ptr [edx], 0
    je      1f
    call    string_copy
1:  pop     eax
    INTERRUPTS_RESTORE
    pop     ecx
    ret
.Laccount_of_known:
    mov     eax, [eax + OWNER_ACCOUNT]
    ret

# Counts pages for another owner than the one that took them. Callable with interrupts off.
# In: EAX linear address, EDX number of pages, ECX owner.
.global page_charge
page_charge:
    push    ebx
    push    esi
    push    edi
    VIRT_TO_PHYS eax
    shr     eax, 12
    mov     ebx, eax
    mov     esi, edx
    mov     eax, ecx
    call    account_of
    mov     edi, eax
    push    ebx
    INTERRUPTS_OFF
    mov     ecx, esi
1:  call    account_give
    inc     ebx
    dec     ecx
    jnz     1b
    INTERRUPTS_RESTORE
    pop     eax
    mov     ecx, esi
    mov     edx, edi
    call    account_add
    pop     edi
    pop     esi
    pop     ebx
    ret

# The owner ends: what it still has stays in the table under its name. Callable with interrupts off.
# In: EAX owner.
# Clobbers: EDX only.
.global account_end
account_end:
    mov     edx, [eax + OWNER_ACCOUNT]
    test    edx, edx
    jz      1f
    mov     dword ptr [eax + OWNER_ACCOUNT], 0
    shl     edx, ACCOUNT_SHIFT
    add     edx, offset accounts
    INTERRUPTS_OFF
    mov     dword ptr [edx + ACCOUNT_OWNER], 0
    call    account_drop
    INTERRUPTS_RESTORE
1:  ret

# How much memory an owner has. Callable with interrupts off.
# In: EAX owner.
# Out: EAX pages, EDX the most that it has had.
# Clobbers: nothing else.
.global account_pages
account_pages:
    mov     eax, [eax + OWNER_ACCOUNT]
    xor     edx, edx
    test    eax, eax
    jz      1f
    shl     eax, ACCOUNT_SHIFT
    mov     edx, [accounts + eax + ACCOUNT_PEAK]
    mov     eax, [accounts + eax + ACCOUNT_PAGES]
1:  ret

# Lists who has pages.
.global accounts_show
accounts_show:
    FRAME   ROW_BYTES
    push    ebx
    push    esi
    push    edi
    PRINT   "     KiB  at most  owner\n"
    mov     ebx, offset accounts
    lea     edi, [ebp - ROW_BYTES]
.Laccounts_show_next:
    mov     byte ptr [edi], 0
    INTERRUPTS_OFF                      # the row may become another's
    cmp     byte ptr [ebx + ACCOUNT_NAME], 0
    je      .Laccounts_show_free
    mov     ecx, offset account_none
    cmp     dword ptr [ebx + ACCOUNT_OWNER], 0
    jne     1f
    cmp     ebx, offset accounts + (ACCOUNT_PARTS << ACCOUNT_SHIFT)
    LOAD_STRING ecx, " (part of the kernel)"
    jb      1f
    LOAD_STRING ecx, " (ended)"
1:  mov     eax, [ebx + ACCOUNT_PAGES]
    mov     edx, [ebx + ACCOUNT_PEAK]
    shl     eax, 2                      # KiB
    shl     edx, 2
    lea     esi, [ebx + ACCOUNT_NAME]
    SNPRINTF edi, ROW_BYTES, "%8u  %7u  %s%s\n", eax, edx, esi, ecx
.Laccounts_show_free:
    INTERRUPTS_RESTORE
    mov     eax, edi
    call    print
    add     ebx, 1 << ACCOUNT_SHIFT
    cmp     ebx, offset accounts_end
    jb      .Laccounts_show_next
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

.section .rodata
account_of_use:                             # in the order of PAGES_*
    .byte   OF_OWNER, ACCOUNT_HEAP, OF_OWNER, OF_OWNER, OF_OWNER, ACCOUNT_DRIVERS, ACCOUNT_FILES
.balign 4
account_parts:                              # in the order of ACCOUNT_KERNEL, ...
    .long   account_kernel, account_heap, account_drivers, account_files
account_none:       .asciz ""
STRING account_kernel, "kernel"
STRING account_heap, "heap"
STRING account_drivers, "drivers"
STRING account_files, "file systems"

.bss
.balign 4
accounts:           .space ACCOUNTS << ACCOUNT_SHIFT
accounts_end:
account_hint:       .space 4                # no entry below this one is free
.global page_accounts
page_accounts:      .space 4                # address of a byte for each page: its account, while it is in use
