# Physical memory in pages of 4 KiB: one bit for each page below 4 GiB that the memory map calls RAM, set while the page is in use.
# Everything below bi_free (the first megabyte, the kernel, its tables) belongs to the boot and is never given out.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "cpu.inc"

.globl page_alloc, page_free, pages_total, pages_free, pages_end

E820_RAM            = 1
MEMORY_MAP_ENTRY    = 24

.text

# Builds the bitmap right behind what the loader used. Memory of the bitmap itself is taken from there too.
pages_init:
    push    ebx
    push    esi
    push    edi
    mov     esi, offset boot_memory_map     # the highest page of RAM
    mov     ebx, [boot_memory_count]
    xor     edi, edi
1:  dec     ebx
    js      2f
    call    pages_range
    cmp     edx, edi
    jbe     3f
    mov     edi, edx
3:  add     esi, MEMORY_MAP_ENTRY
    jmp     1b
2:  mov     [pages_end], edi
    mov     eax, [boot_info + bi_free]
    mov     [page_bitmap], eax
    lea     ecx, [edi + 31]                 # all pages in use
    shr     ecx, 5
    mov     [page_bitmap_dwords], ecx
    mov     edi, eax
    or      eax, -1
    rep stosd
    lea     eax, [edi + PAGE_SIZE - 1]
    shr     eax, 12
    mov     [page_lowest], eax
    mov     [page_hint], eax

    mov     esi, offset boot_memory_map     # RAM is free
    mov     ebx, [boot_memory_count]
4:  dec     ebx
    js      6f
    call    pages_range
    mov     ecx, [page_lowest]
    cmp     eax, ecx
    jae     5f
    mov     eax, ecx
5:  mov     ecx, edx
    sub     ecx, eax
    jbe     7f
    mov     edx, 0
    call    pages_mark
7:  add     esi, MEMORY_MAP_ENTRY
    jmp     4b

6:  mov     esi, offset boot_memory_map     # but what another entry calls reserved is not
    mov     ebx, [boot_memory_count]
8:  dec     ebx
    js      10f
    cmp     dword ptr [esi + 16], E820_RAM
    je      9f
    call    pages_range_outer
    mov     ecx, edx
    sub     ecx, eax
    jbe     9f
    mov     edx, 1
    call    pages_mark
9:  add     esi, MEMORY_MAP_ENTRY
    jmp     8b

10: mov     edx, [page_bitmap]              # count what is free; most dwords are all ones or all zeros
    mov     ebx, [page_bitmap_dwords]
    xor     ecx, ecx
11: dec     ebx
    js      12f
    mov     eax, [edx + ebx*4]
    not     eax
    add     ecx, 32
    cmp     eax, -1
    je      11b
    sub     ecx, 32
13: test    eax, eax
    jz      11b
    lea     esi, [eax - 1]                  # clears the lowest bit
    and     eax, esi
    inc     ecx
    jmp     13b
12: mov     [pages_free], ecx
    mov     [pages_total], ecx
    test    ecx, ecx
    ASSERT  nz, "the memory map shows no memory above the kernel"
    pop     edi
    pop     esi
    pop     ebx
    ret

INITCALL 1, pages_init

# The whole pages of an entry of the memory map, if it is RAM.
# In: ESI entry. Out: EAX first page, EDX page behind the last; both 0 for what is not RAM or lies above 4 GiB.
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
    mov     edx, 0xFFFFF000                 # goes beyond 4 GiB
1:  add     eax, PAGE_SIZE - 1
    jc      pages_none
    shr     eax, 12
    shr     edx, 12
    ret
pages_none:
    xor     eax, eax
    xor     edx, edx
    ret

# The pages that an entry touches, cut to those of the bitmap. In: ESI. Out: EAX first page, EDX page behind the last.
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

# Marks pages. In: EAX first page, ECX number (at least 1), EDX 1 in use, 0 free.
pages_mark:
    push    ebx
    push    edi
    mov     ebx, [page_bitmap]
    neg     edx                             # 32 pages of this state
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

# Takes contiguous pages.
# In: EAX number of pages. Out: EAX address, zeroed; CF and EAX error when there are no so many in a row.
# Callable with interrupts off.
page_alloc:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    test    eax, eax
    jz      8f
    INTERRUPTS_OFF
    mov     eax, [page_hint]                # no free page below it
    call    pages_skip_used
    mov     [page_hint], eax
1:  mov     edi, eax                        # first of the run
    mov     edx, [pages_end]
    sub     edx, edi
    jbe     7f
    cmp     edx, esi
    jb      7f
    mov     ecx, esi
    mov     edx, [page_bitmap]
2:  bt      [edx], eax
    jc      3f
    inc     eax
    dec     ecx
    jnz     2b
    mov     eax, edi
    mov     ecx, esi
    mov     edx, 1
    call    pages_mark
    sub     [pages_free], esi
    INTERRUPTS_RESTORE
    mov     eax, edi
    shl     eax, 12
    mov     ebx, eax
    mov     edi, eax
    mov     ecx, esi
    shl     ecx, 10
    xor     eax, eax
    rep stosd
    mov     eax, ebx
    clc
    jmp     9f
3:  call    pages_skip_used
    jmp     1b
7:  INTERRUPTS_RESTORE
8:  mov     eax, ERROR_NO_MEMORY
    stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# The first free page at or behind one. In: EAX page. Out: EAX page, pages_end or more when there is none. Clobbers ECX, EDX.
pages_skip_used:
    mov     edx, [page_bitmap]
1:  cmp     eax, [pages_end]
    jae     3f
    test    al, 31
    jnz     2f
    mov     ecx, eax                        # 32 at a time
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

# Gives pages back. In: EAX address, EDX number of pages. Panics when they are not in use. Callable with interrupts off.
page_free:
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
    cmp     ebx, [page_hint]
    jae     2f
    mov     [page_hint], ebx
2:  test    esi, esi
    jz      3f
    cmp     ebx, [pages_end]
    ASSERT  b, "page_free: page was never allocated"
    mov     edx, [page_bitmap]
    btr     [edx], ebx
    ASSERT  c, "page_free: page is free already"
    inc     dword ptr [pages_free]
    inc     ebx
    dec     esi
    jmp     2b
3:  INTERRUPTS_RESTORE
    pop     esi
    pop     ebx
    ret

.bss
.align 4
page_bitmap:        .space 4                # address
page_bitmap_dwords: .space 4
page_lowest:        .space 4                # first page that may ever be given out
page_hint:          .space 4                # no page below this one is free
pages_end:          .space 4                # page behind the last one of RAM
pages_total:        .space 4                # pages that were free at boot
pages_free:         .space 4
