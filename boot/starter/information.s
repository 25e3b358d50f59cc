# What only the machine knows of the information that a Multiboot kernel gets: how much memory there is, and its map.
# Multiboot Specification 0.6.96, section 3.3; Multiboot2 Specification 2.0, sections 3.6.2 and 3.6.8.

.include "starter.inc"

.intel_syntax noprefix
.code16

MB1_MAP_LENGTH          = 44            # of the map, in the information
MB1_ENTRY_BYTES         = 20            # as the field `size` counts: without itself
MB2_TAG_END             = 0
MB2_TAG_MAP             = 6
MB2_ENTRY_BYTES         = 24
MB2_TAG_HEAD            = 16            # type, size, size of an entry, version

.text

# Completes the information, while everything of it lies below 64 KiB: pointers in it are to where it goes.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
.global information_complete
information_complete:
    cmp     dword ptr [PLAN + pl_info], INFO_NONE
    je      9f
    int     0x12                        # KiB of lower memory
    movzx   eax, ax
    mov     di, [PLAN + pl_memory]
    mov     [di], eax
    push    di
    call    memory_above
    pop     di
    sub     eax, KERNEL_BASE
    shr     eax, 10
    mov     [di + 4], eax
    mov     di, [PLAN + pl_map]
    cmp     dword ptr [PLAN + pl_info], INFO_MULTIBOOT1
    je      map1
    jmp     map2
9:  ret

# The map as Multiboot 1 has it: entries that begin with their size.
# In: DI where it goes.
# Clobbers: EAX, BX, ECX, SI, DI.
map1:
    mov     bx, [PLAN + pl_info_address]
    push    di
    mov     si, E820_MAP
    mov     ecx, [BOOT_INFO_ADDRESS + bi_e820_count]
1:  mov     eax, MB1_ENTRY_BYTES
    stosd
    call    entry
    loop    1b
    movzx   eax, di
    pop     di
    sub     ax, di
    mov     [bx + MB1_MAP_LENGTH], eax
    ret

# The map as Multiboot 2 has it: the last tag but the one that ends the information.
# In: DI where it goes, a multiple of 8.
# Clobbers: EAX, BX, ECX, SI, DI.
map2:
    mov     bx, di
    mov     dword ptr [di], MB2_TAG_MAP
    mov     dword ptr [di + 8], MB2_ENTRY_BYTES
    mov     dword ptr [di + 12], 0
    add     di, MB2_TAG_HEAD
    mov     si, E820_MAP
    mov     ecx, [BOOT_INFO_ADDRESS + bi_e820_count]
1:  call    entry
    xor     eax, eax
    stosd
    loop    1b
    movzx   eax, di
    sub     ax, bx
    mov     [bx + 4], eax
    xor     eax, eax                    # MB2_TAG_END of 8 bytes
    stosd
    mov     al, 8
    stosd
    mov     bx, [PLAN + pl_info_address]
    movzx   eax, di
    sub     ax, bx
    mov     [bx], eax                   # the size of all
    ret

# Address, length and type of a region.
# In: SI entry of the BIOS's map, DI where it goes.
# Out: SI next entry, DI after what was written.
# Clobbers: EAX.
entry:
    push    cx
    mov     cx, 5
    rep movsd
    pop     cx
    lodsd                               # attributes
    ret
