# The page tables: all 4 GiB mapped to themselves with pages of 4 MiB. Split into small pages are the first 4 MiB (page
# 0 is not present, so that a null pointer faults), the kernel (its code and constants are read-only) and what holds the
# guard pages of stacks. Memory above RAM is device memory and not cached.

.include "macros.inc"
.include "cpu.inc"

.text

# Maps all memory to itself, as the head of this file says, and switches paging on.
paging_init:
    push    ebx
    push    esi
    push    edi
    mov     eax, 1
    cpuid                               # clobbers EBX, ECX too
    test    edx, CPUID_PSE
    ASSERT  nz, "this processor has no pages of 4 MiB"
    mov     eax, 1
    call    page_alloc
    ASSERT  nc, "no memory for the page directory"
    mov     [page_directory], eax
    mov     edi, eax
    mov     ebx, [pages_end]            # large pages up to here hold RAM
    add     ebx, 1023
    shr     ebx, 10
    xor     ecx, ecx
.Lpaging_init_directory:
    mov     eax, ecx
    shl     eax, 22
    or      eax, PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE
    cmp     ecx, ebx
    jb      .Lpaging_init_cached
    or      eax, PAGE_UNCACHED
.Lpaging_init_cached:
    stosd
    inc     ecx
    cmp     ecx, 1024
    jb      .Lpaging_init_directory

    xor     eax, eax
    call    page_protect
    ASSERT  nc, "no memory for a page table"
    mov     ebx, offset kernel_text     # whole pages of code and constants
    add     ebx, PAGE_SIZE - 1
    and     ebx, ~(PAGE_SIZE - 1)
    mov     esi, offset kernel_data
.Lpaging_init_text:
    lea     eax, [ebx + PAGE_SIZE]
    cmp     eax, esi
    ja      .Lpaging_init_flush
    mov     eax, ebx
    call    page_entry
    ASSERT  nc, "no memory for a page table"
    and     dword ptr [eax], ~PAGE_WRITABLE
    add     ebx, PAGE_SIZE
    jmp     .Lpaging_init_text

.Lpaging_init_flush:
    mov     eax, offset boot_stack
    call    page_protect
    ASSERT  nc, "no memory for a page table"
    mov     eax, cr4
    or      eax, CR4_PSE
    mov     cr4, eax
    mov     eax, [page_directory]
    call    gdt_set_cr3
    mov     eax, [page_directory]
    mov     cr3, eax
    mov     eax, cr0
    or      eax, CR0_PG | CR0_WP
    mov     cr0, eax
    jmp     .Lpaging_init_done
.Lpaging_init_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

INITCALL 1, paging_init

# The page table entry of a small page; a large page is split when it holds the address.
# In: EAX linear address.
# Out: EAX address of the entry; CF and EAX error when there is no memory for a table.
page_entry:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    shr     eax, 22
    mov     edx, [page_directory]
    lea     esi, [edx + eax*4]
    test    dword ptr [esi], PAGE_LARGE
    jz      2f
    mov     eax, 1
    call    page_alloc
    jc      3f
    mov     edi, eax
    mov     eax, [esi]
    and     eax, ~PAGE_LARGE
    xor     ecx, ecx
1:  mov     [edi + ecx*4], eax
    add     eax, PAGE_SIZE
    inc     ecx
    cmp     ecx, 1024
    jb      1b
    or      edi, PAGE_PRESENT | PAGE_WRITABLE
    mov     [esi], edi
    mov     eax, cr3                    # forget the large page
    mov     cr3, eax
2:  mov     eax, [esi]
    and     eax, ~(PAGE_SIZE - 1)
    shr     ebx, 12
    and     ebx, 1023
    lea     eax, [eax + ebx*4]
    clc
3:  pop     edi
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
    invlpg  [edx]
    clc
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

.bss
.balign 4
page_directory: .space 4
