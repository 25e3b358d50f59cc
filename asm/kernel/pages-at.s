# Pages at places that somebody else has chosen: for a kernel that becomes two.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "memory.inc"
.include "pages.inc"

.text

# Takes a page of the direct map; its contents are anything. Callable with interrupts off.
# In: EAX its number, EDX use: PAGES_* of pages.inc.
# Out: CF when it is in use, or is none that is given out.
# Clobbers: EAX, ECX, EDX.
.global page_take_at
page_take_at:
    CHECK   edx, b, PAGES_USES, "page_take_at: there is no such use"
    cmp     eax, [page_lowest]
    jb      9f
    cmp     eax, [pages_low_end]
    cmc
    jc      9f
    INTERRUPTS_OFF
    mov     ecx, [page_bitmap]
    bts     [ecx], eax
    jc      8f
    dec     dword ptr [pages_free]
    inc     dword ptr [pages_used_for + edx*4]
    mov     ecx, [page_uses]
    mov     [ecx + eax], dl
    INTERRUPTS_RESTORE
    mov     ecx, 1
    call    account_take
    clc
    ret
8:  INTERRUPTS_RESTORE
    stc
9:  ret

# Takes pages in a row.
# In: EAX number of the first, ECX how many, EDX use.
# Out: CF when one of them is in use: then none is taken.
# Clobbers: EAX, ECX, EDX.
.global pages_take_at
pages_take_at:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     esi, eax
    lea     edi, [eax + ecx]
    mov     ebp, edx
1:  cmp     esi, edi
    jae     2f                          # CF is clear
    mov     eax, esi
    mov     edx, ebp
    call    page_take_at
    jc      3f
    inc     esi
    jmp     1b
3:  mov     eax, ebx
    mov     edx, esi
    sub     edx, ebx
    stc
    jz      2f
    shl     eax, 12
    PHYS_TO_VIRT eax
    call    page_free
    stc
2:  pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds the highest free pages of the direct map in a row.
# In: EAX the page after the last that may be among them, EDX how many.
# Out: EAX the first; CF when there are no so many.
# Clobbers: ECX.
.global pages_find_below
pages_find_below:
    push    ebx
    mov     ebx, [page_bitmap]
1:  xor     ecx, ecx                    # how many there are in a row
2:  cmp     eax, [page_lowest]
    jbe     3f
    dec     eax
    bt      [ebx], eax
    jc      1b
    inc     ecx
    cmp     ecx, edx
    jb      2b
    clc
    jmp     4f
3:  stc
4:  pop     ebx
    ret

# Whether a page is memory, all of it.
# In: EAX its number.
# Out: CF when it is not.
# Clobbers: EAX, ECX, EDX.
.global page_is_memory
page_is_memory:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, offset boot_memory_map
    mov     ebx, [boot_memory_count]
1:  dec     ebx
    js      .Lpage_is_memory_not
    call    pages_range
    cmp     edi, eax
    jb      2f
    cmp     edi, edx
    jb      3f
2:  add     esi, MEMORY_MAP_ENTRY
    jmp     1b
3:  clc
    jmp     4f
.Lpage_is_memory_not:
    stc
4:  pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a page of the direct map is in use.
# In: EAX its number.
# Out: CF when it is.
# Clobbers: ECX.
.global page_is_used
page_is_used:
    mov     ecx, [page_bitmap]
    bt      [ecx], eax
    ret
