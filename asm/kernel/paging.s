# The page tables. The kernel's part of them is the same in every page directory: from KERNEL_SPACE on the direct map of
# RAM, with pages of 4 MiB, and above it what is mapped on demand (memory.inc). Split into small pages are the kernel,
# whose code and constants are read-only, and what holds the guard pages of stacks. Nothing below KERNEL_SPACE is
# present in the kernel's own directory: null pointers, and physical addresses taken for linear ones, fault.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "memory.inc"
.include "pages.inc"

.text

# Whether an address is mapped.
# In: EAX linear address.
# Out: CF when not.
# Clobbers: EAX, EDX.
.global address_is_mapped
address_is_mapped:
    push    ecx
    mov     ecx, eax
    mov     edx, cr3
    PHYS_TO_VIRT edx
    shr     eax, 22
    mov     eax, [edx + eax*4]
    test    al, PAGE_PRESENT
    jz      1f
    test    al, PAGE_LARGE
    jnz     2f                          # TEST cleared CF
    and     eax, ~(PAGE_SIZE - 1)
    PHYS_TO_VIRT eax
    shr     ecx, 12
    and     ecx, 0x3FF
    test    byte ptr [eax + ecx*4], PAGE_PRESENT
    jnz     2f
1:  stc
2:  pop     ecx
    ret

# Narrows what entry.s mapped to what there is, and protects the kernel.
paging_init:
    push    ebx
    push    esi
    mov     eax, offset page_directory - KERNEL_SPACE
    call    gdt_set_cr3
    mov     eax, [pages_low_end]        # large pages up to here hold RAM
    add     eax, 1023
    shr     eax, 10
1:  cmp     eax, DIRECT_BYTES >> 22
    jae     2f
    mov     dword ptr [page_directory + (KERNEL_SPACE >> 20) + eax*4], 0
    inc     eax
    jmp     1b
2:  mov     ebx, offset kernel_text     # whole pages of code and constants
    add     ebx, PAGE_SIZE - 1
    and     ebx, ~(PAGE_SIZE - 1)
    mov     esi, offset kernel_data
3:  lea     eax, [ebx + PAGE_SIZE]
    cmp     eax, esi
    ja      4f
    mov     eax, ebx
    call    page_entry
    ASSERT  nc, "no memory for a page table"
    and     dword ptr [eax], ~PAGE_WRITABLE
    add     ebx, PAGE_SIZE
    jmp     3b
4:  mov     eax, offset boot_stack
    call    page_protect
    ASSERT  nc, "no memory for a page table"
    mov     eax, cr3
    mov     cr3, eax
    pop     esi
    pop     ebx
    ret

INITCALL 1, paging_init

# The page table entry of a small page of the kernel's space; a large page is split when it holds the address, and a
# table is made where there is none.
# In: EAX linear address, not below KERNEL_SPACE.
# Out: EAX address of the entry; CF and EAX error when there is no memory for a table.
page_entry:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    shr     eax, 22
    lea     esi, [page_directory + eax*4]
.Lpage_entry_look:
    mov     ecx, [esi]
    mov     eax, ecx
    and     eax, PAGE_PRESENT | PAGE_LARGE
    cmp     eax, PAGE_PRESENT
    je      .Lpage_entry_found
    push    ecx
    mov     eax, 1
    mov     edx, PAGES_TABLES
    call    page_alloc_for
    jc      .Lpage_entry_failed
    mov     edi, eax
    mov     eax, [esp]
    test    eax, eax
    jz      .Lpage_entry_table
    and     eax, ~PAGE_LARGE
    xor     ecx, ecx
.Lpage_entry_split:
    mov     [edi + ecx*4], eax
    add     eax, PAGE_SIZE
    inc     ecx
    cmp     ecx, 1024
    jb      .Lpage_entry_split
.Lpage_entry_table:
    pop     ecx
    INTERRUPTS_OFF
    mov     eax, [esi]
    xor     eax, ecx
    test    eax, ~(PAGE_ACCESSED | PAGE_DIRTY)
    jnz     .Lpage_entry_late
    lea     eax, [edi - KERNEL_SPACE + PAGE_PRESENT + PAGE_WRITABLE]
    mov     [esi], eax
    mov     edx, esi
    sub     edx, offset page_directory
    call    spaces_update
    mov     eax, cr3                    # forget the large page
    mov     cr3, eax
    INTERRUPTS_RESTORE
.Lpage_entry_found:
    mov     eax, [esi]
    and     eax, ~(PAGE_SIZE - 1)
    PHYS_TO_VIRT eax
    shr     ebx, 12
    and     ebx, 1023
    lea     eax, [eax + ebx*4]
    clc
    jmp     .Lpage_entry_done
.Lpage_entry_late:                      # another task has made the table meanwhile
    INTERRUPTS_RESTORE
    mov     eax, edi
    mov     edx, 1
    call    page_free
    jmp     .Lpage_entry_look
.Lpage_entry_failed:
    pop     ecx
    stc
.Lpage_entry_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Makes a page not present, so that every access to it faults.
# In: EAX its address.
# Out: CF and EAX error without memory for a table.
.global page_protect
page_protect:
    push    eax
    call    page_entry
    pop     edx
    jc      1f
    and     dword ptr [eax], ~PAGE_PRESENT
    invlpg  [edx]                       # CF is clear
1:  ret

# Makes it present again.
# In: EAX its address. The page was given to page_protect before.
.global page_unprotect
page_unprotect:
    push    eax
    call    page_entry
    pop     edx
    or      dword ptr [eax], PAGE_PRESENT
    invlpg  [edx]
    ret

# Makes physical memory visible to the kernel for good: registers of a device, tables of the firmware. What lies outside
# of the direct map is mapped uncached.
# In: EAX physical address, EDX bytes.
# Out: EAX linear address; CF and EAX error without room or memory for it.
.global physical_map
physical_map:
    push    ebx
    push    esi
    push    edi
    mov     ecx, [pages_low_end]
    shl     ecx, 12
    sub     ecx, eax
    jbe     .Lphysical_map_outside
    cmp     edx, ecx
    ja      .Lphysical_map_outside
    PHYS_TO_VIRT eax
    clc
    jmp     .Lphysical_map_done
.Lphysical_map_outside:
    mov     ebx, eax                    # EBX: physical page
    and     eax, PAGE_SIZE - 1
    sub     ebx, eax
    lea     esi, [edx + eax + PAGE_SIZE - 1]
    shr     esi, 12                     # ESI: pages
    INTERRUPTS_OFF
    mov     edi, [mapped_next]
    mov     edx, MAPPED_END
    sub     edx, edi
    shr     edx, 12
    cmp     esi, edx
    ja      .Lphysical_map_full
    add     eax, edi
    push    eax
    mov     edx, esi
    shl     edx, 12
    add     [mapped_next], edx
.Lphysical_map_page:
    mov     eax, edi
    call    page_entry
    jc      .Lphysical_map_failed
    lea     edx, [ebx + PAGE_PRESENT + PAGE_WRITABLE + PAGE_UNCACHED]
    mov     [eax], edx
    invlpg  [edi]
    add     edi, PAGE_SIZE
    add     ebx, PAGE_SIZE
    dec     esi
    jnz     .Lphysical_map_page
    pop     eax
    INTERRUPTS_RESTORE
    clc
    jmp     .Lphysical_map_done
.Lphysical_map_failed:
    pop     edx
    INTERRUPTS_RESTORE
    stc
    jmp     .Lphysical_map_done
.Lphysical_map_full:
    INTERRUPTS_RESTORE
    mov     eax, ERROR_NO_MEMORY
    stc
.Lphysical_map_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

.data
.balign 4
mapped_next:    .long MAPPED_START          # from here on to MAPPED_END nothing is mapped

.bss
.balign 4096
.global page_directory
page_directory: .space PAGE_SIZE            # the kernel's own
