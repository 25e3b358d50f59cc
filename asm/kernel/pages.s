# Physical memory in pages of 4 KiB: one bit for each page below 4 GiB that the memory map calls RAM, set while the page
# is in use. Everything below bi_free (the first megabyte, the kernel, its tables) belongs to the boot and is never
# given out. Pages below the end of the direct map have a linear address always; those above it are for programs, and
# for whoever maps them. Each page in use is counted for what it is used for.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "cpu.inc"
.include "memory.inc"
.include "pages.inc"

E820_RAM            = 1

.text

# Builds the bitmap right after what the loader used, and after it two bytes for each page: what it is used for, and who
# has it. Their memory is taken from there too.
pages_init:
    push    ebx
    push    esi
    push    edi
    call    pages_highest
    mov     [pages_end], edi
    mov     eax, edi
    cmp     eax, DIRECT_BYTES >> 12
    jbe     .Lpages_init_low
    mov     eax, DIRECT_BYTES >> 12
.Lpages_init_low:
    mov     [pages_low_end], eax
    mov     eax, [boot_info + bi_free]
    PHYS_TO_VIRT eax
    mov     [page_bitmap], eax
    lea     ecx, [edi + 31]             # all pages in use
    shr     ecx, 5
    mov     [page_bitmap_dwords], ecx
    mov     edi, eax
    or      eax, -1
    rep stosd
    mov     [page_uses], edi
    add     edi, [pages_end]
    mov     [page_accounts], edi
    add     edi, [pages_end]
    call    accounts_init
    lea     eax, [edi - KERNEL_SPACE + PAGE_SIZE - 1]
    shr     eax, 12
    mov     [page_lowest], eax
    mov     [page_hint], eax
    mov     eax, [pages_low_end]
    mov     [page_high_hint], eax

    call    pages_take_map
    call    trial_reserve
    mov     edx, [page_bitmap]          # count what is free; most dwords are all ones or all zeros
    mov     ebx, [page_bitmap_dwords]
    xor     ecx, ecx
.Lpages_init_count_dword:
    dec     ebx
    js      .Lpages_init_counted
    mov     eax, [edx + ebx*4]
    not     eax
    add     ecx, 32
    cmp     eax, -1
    je      .Lpages_init_count_dword
    sub     ecx, 32
.Lpages_init_count_bit:
    test    eax, eax
    jz      .Lpages_init_count_dword
    lea     esi, [eax - 1]              # clears the lowest bit
    and     eax, esi
    inc     ecx
    jmp     .Lpages_init_count_bit
.Lpages_init_counted:
    mov     [pages_free], ecx
    mov     [pages_total], ecx
    test    ecx, ecx
    ASSERT  nz, "the memory map shows no memory above the kernel"
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds the end of RAM.
# Out: EDI number of the first page after it.
# Clobbers: EAX, EBX, ECX, EDX, ESI.
pages_highest:
    mov     esi, offset boot_memory_map # the highest page of RAM
    mov     ebx, [boot_memory_count]
    xor     edi, edi
.Lpages_highest_end_entry:
    dec     ebx
    js      .Lpages_highest_done
    call    pages_range
    cmp     edx, edi
    jbe     .Lpages_highest_end_next
    mov     edi, edx
.Lpages_highest_end_next:
    add     esi, MEMORY_MAP_ENTRY
    jmp     .Lpages_highest_end_entry
.Lpages_highest_done:
    ret

# Frees what the memory map calls RAM, but for what another entry of it calls reserved.
# Clobbers: EAX, EBX, ECX, EDX, ESI.
pages_take_map:
    mov     esi, offset boot_memory_map # RAM is free
    mov     ebx, [boot_memory_count]
.Lpages_take_map_free_entry:
    dec     ebx
    js      .Lpages_take_map_reserved
    call    pages_range
    mov     ecx, [page_lowest]
    cmp     eax, ecx
    jae     .Lpages_take_map_free_lowest
    mov     eax, ecx
.Lpages_take_map_free_lowest:
    mov     ecx, edx
    sub     ecx, eax
    jbe     .Lpages_take_map_free_next
    mov     edx, 0
    call    pages_mark
.Lpages_take_map_free_next:
    add     esi, MEMORY_MAP_ENTRY
    jmp     .Lpages_take_map_free_entry

.Lpages_take_map_reserved:
    mov     esi, offset boot_memory_map # but what another entry calls reserved is not
    mov     ebx, [boot_memory_count]
.Lpages_take_map_reserved_entry:
    dec     ebx
    js      .Lpages_take_map_done
    cmp     dword ptr [esi + 16], E820_RAM
    je      .Lpages_take_map_reserved_next
    call    pages_range_outer
    mov     ecx, edx
    sub     ecx, eax
    jbe     .Lpages_take_map_reserved_next
    mov     edx, 1
    call    pages_mark
.Lpages_take_map_reserved_next:
    add     esi, MEMORY_MAP_ENTRY
    jmp     .Lpages_take_map_reserved_entry

.Lpages_take_map_done:
    ret

INITCALL 1, pages_init

# The whole pages of an entry of the memory map, if it is RAM.
# In: ESI entry.
# Out: EAX first page, EDX page after the last; both 0 for what is not RAM or lies above 4 GiB.
# Clobbers: ECX too.
.global pages_range
pages_range:
    cmp     dword ptr [esi + 16], E820_RAM
    jne     pages_none
    cmp     dword ptr [esi + 4], 0
    jne     pages_none
    mov     eax, [esi]
    mov     edx, eax
    add     edx, [esi + 8]
    mov     ecx, 0
    adc     ecx, [esi + 12]
    jz      1f
    mov     edx, 0xFFFFF000             # goes beyond 4 GiB
1:  add     eax, PAGE_SIZE - 1
    jc      pages_none
    shr     eax, 12
    shr     edx, 12
    ret
pages_none:
    xor     eax, eax
    xor     edx, edx
    ret

# The pages that an entry touches, cut to those of the bitmap.
# In: ESI.
# Out: EAX first page, EDX page after the last.
pages_range_outer:
    cmp     dword ptr [esi + 4], 0
    jne     pages_none
    mov     eax, [esi]
    mov     edx, eax
    add     edx, [esi + 8]
    mov     ecx, 0
    adc     ecx, [esi + 12]
    jnz     1f
    add     edx, PAGE_SIZE - 1
    jnc     2f
1:  mov     edx, 0xFFFFF000
2:  shr     eax, 12
    shr     edx, 12
    cmp     edx, [pages_end]
    jbe     3f
    mov     edx, [pages_end]
3:  ret

# Marks pages.
# In: EAX first page, ECX number (at least 1), EDX 1 in use, 0 free.
.global pages_mark
pages_mark:
    CHECK   ecx, ne, 0, "pages_mark: no page is to be marked"
    push    ebx
    push    edi
    mov     ebx, [page_bitmap]
    neg     edx                         # 32 pages of this state
1:  test    al, 31
    jnz     2f
    cmp     ecx, 32
    jb      2f
    mov     edi, eax
    shr     edi, 3
    mov     [ebx + edi], edx
    add     eax, 32
    sub     ecx, 32
    jnz     1b
    jmp     4f
2:  bts     [ebx], eax
    test    edx, edx
    jnz     3f
    btr     [ebx], eax
3:  inc     eax
    dec     ecx
    jnz     1b
4:  pop     edi
    pop     ebx
    ret

# Takes contiguous pages. Callable with interrupts off.
# In: EAX number of pages.
# Out: EAX linear address, zeroed; CF and EAX error when there are no so many in a row.
.global page_alloc
page_alloc:
    mov     edx, PAGES_OTHER

# Takes contiguous pages for a use that they are counted under. Callable with interrupts off.
# In: EAX number of pages, EDX use: PAGES_* of pages.inc.
# Out: EAX linear address, zeroed; CF and EAX error when there are no so many in a row.
.global page_alloc_for
page_alloc_for:
    cmp     dword ptr [refuse_count], 0
    jne     .Lpage_alloc_for_counted
.Lpage_alloc_for_begin:
    push    edx
    call    pages_take
    pop     edx
    jc      1f
    call    account_take
    push    edi
    push    eax
    mov     edi, [page_uses]
    add     edi, eax
    mov     eax, edx
    mov     edx, ecx
    rep stosb
    mov     ecx, edx
    pop     eax
    shl     eax, 12
    PHYS_TO_VIRT eax
    mov     edi, eax
    push    eax
    shl     ecx, 10
    xor     eax, eax
    rep stosd
    pop     eax
    pop     edi
    clc
1:  ret
.Lpage_alloc_for_counted:
    push    eax
    mov     eax, [esp + 4]
    call    refuse_next
    pop     eax
    jnc     .Lpage_alloc_for_begin
    mov     eax, ERROR_NO_MEMORY
    ret

# Takes contiguous pages of the direct map, and counts them.
# In: EAX number of pages, EDX use.
# Out: EAX first page, ECX number; CF and EAX error.
pages_take:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     ebp, edx
    test    eax, eax
    jz      .Lpages_take_none
    INTERRUPTS_OFF
    mov     eax, [page_hint]            # no free page below it
    call    pages_skip_used
    mov     [page_hint], eax
.Lpages_take_run:
    mov     edi, eax                    # first of the run
    mov     edx, [pages_low_end]
    sub     edx, edi
    jbe     .Lpages_take_none_left
    cmp     edx, esi
    jb      .Lpages_take_none_left
    mov     ecx, esi
    mov     edx, [page_bitmap]
.Lpages_take_page:
    bt      [edx], eax
    jc      .Lpages_take_used
    inc     eax
    dec     ecx
    jnz     .Lpages_take_page
    CHECK   eax, be, [pages_low_end], "pages_take: pages beyond the direct map"
    CHECK   esi, be, [pages_free], "pages_take: more pages than are free"
    CHECK   ebp, b, PAGES_USES, "pages_take: there is no such use"
    mov     eax, edi
    mov     ecx, esi
    mov     edx, 1
    call    pages_mark
    sub     [pages_free], esi
    add     [pages_used_for + ebp*4], esi
    INTERRUPTS_RESTORE
    mov     eax, edi
    mov     ecx, esi
    clc
    jmp     .Lpages_take_done
.Lpages_take_used:
    call    pages_skip_used
    jmp     .Lpages_take_run
.Lpages_take_none_left:
    INTERRUPTS_RESTORE
.Lpages_take_none:
    mov     eax, ERROR_NO_MEMORY
    stc
.Lpages_take_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The first free page at or after one.
# In: EAX page.
# Out: EAX page, pages_end or more when there is none.
# Clobbers: ECX, EDX.
pages_skip_used:
    mov     edx, [page_bitmap]
1:  cmp     eax, [pages_end]
    jae     3f
    test    al, 31
    jnz     2f
    mov     ecx, eax                    # 32 at a time
    shr     ecx, 5
    cmp     dword ptr [edx + ecx*4], -1
    jne     2f
    add     eax, 32
    jmp     1b
2:  bt      [edx], eax
    jnc     3f
    inc     eax
    jmp     1b
3:  ret

# Takes a page that need not have a linear address: above the direct map if there is one. Callable with interrupts off.
# In: EDX use: PAGES_* of pages.inc.
# Out: EAX physical address, its contents are anything; CF and EAX error.
.global frame_alloc
frame_alloc:
    push    ebx
    mov     ebx, edx
    cmp     dword ptr [refuse_count], 0
    jne     .Lframe_alloc_counted
.Lframe_alloc_begin:
    INTERRUPTS_OFF
    mov     eax, [page_high_hint]
    call    pages_skip_used
    mov     [page_high_hint], eax
    cmp     eax, [pages_end]
    jb      1f
    mov     eax, [page_hint]
    call    pages_skip_used
    mov     [page_hint], eax
    cmp     eax, [pages_low_end]
    jae     2f
1:  mov     edx, [page_bitmap]
    CHECK   eax, b, [pages_end], "frame_alloc: a page beyond the memory"
    CHECK   ebx, b, PAGES_USES, "frame_alloc: there is no such use"
    CHECK   "dword ptr [pages_free]", ne, 0, "frame_alloc: a page is free, but none is counted"
    bts     [edx], eax
    dec     dword ptr [pages_free]
    inc     dword ptr [pages_used_for + ebx*4]
    mov     edx, [page_uses]
    mov     [edx + eax], bl
    INTERRUPTS_RESTORE
    mov     edx, ebx
    mov     ecx, 1
    call    account_take
    shl     eax, 12
    pop     ebx
    clc
    ret
2:  INTERRUPTS_RESTORE
    mov     eax, ERROR_NO_MEMORY
    pop     ebx
    stc
    ret
.Lframe_alloc_counted:
    mov     eax, [esp + 4]
    call    refuse_next
    jnc     .Lframe_alloc_begin
    pop     ebx
    ret

# Gives a page back by its physical address. Panics when it is not in use. Callable with interrupts off.
# In: EAX physical address.
.global frame_free
frame_free:
    mov     edx, 1
    jmp     pages_give

# Gives pages back. Panics when they are not in use. Callable with interrupts off.
# In: EAX linear address, EDX number of pages.
.global page_free
page_free:
    VIRT_TO_PHYS eax

# The same, with a physical address.
# In: EAX physical address, EDX number of pages.
pages_give:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    test    ebx, PAGE_SIZE - 1
    ASSERT  z, "page_free: address is not that of a page"
    shr     ebx, 12
    cmp     ebx, [page_lowest]
    ASSERT  ae, "page_free: page was never allocated"
    INTERRUPTS_OFF
    mov     ecx, offset page_hint
    cmp     ebx, [pages_low_end]
    jb      1f
    mov     ecx, offset page_high_hint
1:  cmp     ebx, [ecx]
    jae     2f
    mov     [ecx], ebx
2:  test    esi, esi
    jz      3f
    cmp     ebx, [pages_end]
    ASSERT  b, "page_free: page was never allocated"
    mov     edx, [page_bitmap]
    btr     [edx], ebx
    ASSERT  c, "page_free: page is free already"
    inc     dword ptr [pages_free]
    mov     edx, [page_uses]
    movzx   edx, byte ptr [edx + ebx]
    CHECK   edx, b, PAGES_USES, "page_free: the page was of no use that there is"
    CHECK   "dword ptr [pages_used_for+edx*4]", ne, 0, "page_free: more pages go back than were in use"
    dec     dword ptr [pages_used_for + edx*4]
    call    account_give
    inc     ebx
    dec     esi
    jmp     2b
3:  INTERRUPTS_RESTORE
    pop     esi
    pop     ebx
    ret

.bss
.balign 4
.global page_bitmap
page_bitmap:        .space 4                # address
page_bitmap_dwords: .space 4
.global page_lowest
page_lowest:        .space 4                # first page that may ever be given out
page_hint:          .space 4                # no page of the direct map below this one is free
page_high_hint:     .space 4                # no page between the end of the direct map and this one is free
.global page_uses
page_uses:          .space 4                # address of a byte for each page: PAGES_*, while it is in use
.global pages_low_end
pages_low_end:      .space 4                # page after the last one that is in the direct map
.global pages_used_for
pages_used_for:     .space PAGES_USES * 4   # pages in use, by what for
.global pages_end
pages_end:          .space 4                # page after the last one of RAM
.global pages_total
pages_total:        .space 4                # pages that were free at boot
.global pages_free
pages_free:         .space 4
