# What of the memory a kernel has that becomes two (docs/protocols/fork.md), and whether another machine is made so that
# it can be there too: as the loader and the drivers find it, at the same places.

.include "macros.inc"
.include "bootinfo.inc"
.include "memory.inc"
.include "pages.inc"
.include "fork.inc"

# CPUID.1. Without what only a kernel could switch on, and this one does not (XSAVE and AVX too), or uses itself.
FEATURES_ECX            = 0x42D80203    # SSE3, PCLMULQDQ, SSSE3, SSE4.1, SSE4.2, MOVBE, POPCNT, AESNI, RDRAND
FEATURES_EDX            = 0x07888339    # FPU, PSE, TSC, MSR, CX8, APIC, CMOV, CLFSH, MMX, FXSR, SSE, SSE2

HOOK fork_machine, 0                    # EAX what a part of the machine is, and EDX bytes of it

.bss
.balign 4
    # pages that are never sent: the first, and how many
.global fork_zone
fork_zone:              .space 4
.global fork_zone_pages
fork_zone_pages:        .space 4

.text

# Finds the next page that the twin gets: what is shown, the kernel's data, and all that is in use. Code and constants
# it has, as it is of the same image.
# In: EAX number of the page to begin with.
# Out: EAX number; CF when there is no more.
# Clobbers: EAX, ECX, EDX.
.global fork_page_next
fork_page_next:
    push    ebx
    mov     ebx, eax
    mov     eax, SCREEN_PAGE
    cmp     ebx, eax
    jbe     .Lfork_page_next_found
    mov     eax, offset kernel_data - KERNEL_SPACE
    shr     eax, 12
    cmp     ebx, eax
    jae     .Lfork_page_next_look
    mov     ebx, eax
.Lfork_page_next_look:
    cmp     ebx, [page_lowest]
    jb      .Lfork_page_next_this
    cmp     ebx, [pages_low_end]
    cmc
    jc      .Lfork_page_next_done
    mov     eax, ebx
    sub     eax, [fork_zone]
    cmp     eax, [fork_zone_pages]
    jae     .Lfork_page_next_used
    mov     ebx, [fork_zone]
    add     ebx, [fork_zone_pages]
    jmp     .Lfork_page_next_look
.Lfork_page_next_used:
    mov     eax, ebx
    call    page_is_used
    jnc     .Lfork_page_next_not
    mov     eax, ebx
    call    page_is_memory
    jnc     .Lfork_page_next_this
.Lfork_page_next_not:
    inc     ebx
    jmp     .Lfork_page_next_look
.Lfork_page_next_this:
    mov     eax, ebx
    shl     eax, 12
    PHYS_TO_VIRT eax
    call    address_is_mapped           # but for guards of stacks, in which there is nothing
    jc      .Lfork_page_next_not
    mov     eax, ebx
.Lfork_page_next_found:
    clc
.Lfork_page_next_done:
    pop     ebx
    ret

# Whether all of a page is zeros.
# In: EAX its number.
# Out: ZF when so.
# Clobbers: EAX, ECX.
.global fork_page_zero
fork_page_zero:
    push    edi
    mov     edi, eax
    shl     edi, 12
    PHYS_TO_VIRT edi
    xor     eax, eax
    mov     ecx, PAGE_SIZE / 4
    repe scasd
    pop     edi
    ret

# Counts what the twin would get now.
# Out: EAX pages, EDX those of them in which there is something.
.global fork_count
fork_count:
    push    ebx
    push    esi
    push    edi
    xor     ebx, ebx
    xor     esi, esi
    xor     edi, edi
1:  mov     eax, ebx
    call    fork_page_next
    jc      3f
    mov     ebx, eax
    inc     esi
    call    fork_page_zero
    je      2f
    inc     edi
2:  inc     ebx
    jmp     1b
3:  mov     eax, esi
    mov     edx, edi
    pop     edi
    pop     esi
    pop     ebx
    ret

# What this machine is like: two that give the same can be each other's twins. Where the kernel is in memory, ACPI's
# ports, and what the layers above add.
# Out: EAX.
.global fork_machine_sum
fork_machine_sum:
    push    ebx
    push    esi
    xor     esi, esi
    mov     eax, offset boot_info + bi_kernel_base
    mov     edx, bi_e820 - bi_kernel_base
    call    machine_add
    mov     eax, offset boot_info + bi_free
    mov     edx, 4
    call    machine_add
    mov     eax, offset boot_info + bi_relocations
    mov     edx, 4
    call    machine_add
    mov     eax, offset boot_info + bi_bda_com1 # and the slot, and whether it is on trial
    mov     edx, 4
    call    machine_add
    mov     eax, offset timer_port
    mov     edx, 4
    call    machine_add
    mov     eax, offset button_ports
    mov     edx, BUTTON_PORTS
    call    machine_add
    mov     ebx, offset fork_machine
1:  cmp     dword ptr [ebx], 0
    je      2f
    call    [ebx]
    call    machine_add
    add     ebx, 4
    jmp     1b
2:  mov     eax, esi
    pop     esi
    pop     ebx
    ret

# Adds a piece to a sum.
# In: ESI sum so far, EAX memory, EDX bytes.
# Out: ESI sum.
# Clobbers: EAX, ECX, EDX.
.global machine_add
machine_add:
    call    crc32
    rol     esi, 5
    xor     esi, eax
    ret

# What the processor can do that this kernel uses, or a program could.
# Out: ECX, EDX features.
# Clobbers: EAX.
.global machine_features
machine_features:
    push    ebx
    mov     eax, 1
    cpuid
    and     ecx, FEATURES_ECX
    and     edx, FEATURES_EDX
    pop     ebx
    ret

# Whether the memory of this machine ends below an address.
# In: EAX address.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
.global machine_ends_below
machine_ends_below:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    shr     edi, 12
    mov     esi, offset boot_memory_map
    mov     ebx, [boot_memory_count]
1:  sub     ebx, 1
    cmc
    jnc     2f
    call    pages_range
    add     esi, MEMORY_MAP_ENTRY
    cmp     edi, edx
    jae     1b                          # else CF is set
2:  pop     edi
    pop     esi
    pop     ebx
    ret

# The memory of this machine, from 1 MiB on.
# In: EDI where MACHINE_RANGES go: first page, page after the last; zeros after them.
# Out: CF when there are more.
# Clobbers: EAX, ECX, EDX, EDI.
.global machine_ranges
machine_ranges:
    push    ebx
    push    esi
    push    ebp
    xor     eax, eax
    mov     ecx, MACHINE_RANGES * 2
    push    edi
    rep stosd
    mov     ebp, edi                    # EBP: the end
    pop     edi
    mov     esi, offset boot_memory_map
    mov     ebx, [boot_memory_count]
.Lmachine_ranges_next:
    sub     ebx, 1
    cmc
    jnc     .Lmachine_ranges_done
    call    pages_range
    cmp     eax, MACHINE_FIRST
    jae     1f
    mov     eax, MACHINE_FIRST
1:  cmp     eax, edx
    jae     2f
    cmp     edi, ebp
    cmc
    jc      .Lmachine_ranges_done
    stosd
    mov     eax, edx
    stosd
2:  add     esi, MEMORY_MAP_ENTRY
    jmp     .Lmachine_ranges_next
.Lmachine_ranges_done:
    pop     ebp
    pop     esi
    pop     ebx
    ret

# Whether this machine has all the memory of another one.
# In: ESI what machine_ranges says there.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
.global machine_has_ranges
machine_has_ranges:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     edi, esi
    mov     ebp, MACHINE_RANGES
.Lmachine_has_ranges_next:
    cmp     dword ptr [edi + 4], 0
    je      .Lmachine_has_ranges_this
    mov     esi, offset boot_memory_map
    mov     ebx, [boot_memory_count]
1:  sub     ebx, 1
    jb      .Lmachine_has_ranges_done   # CF is set
    call    pages_range
    add     esi, MEMORY_MAP_ENTRY
    cmp     [edi], eax
    jb      1b
    cmp     edx, [edi + 4]
    jb      1b
.Lmachine_has_ranges_this:
    add     edi, 8
    dec     ebp
    jnz     .Lmachine_has_ranges_next
    clc
.Lmachine_has_ranges_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
