# What asm/kernel/fork-land.s and pages-at.s need of the kernel, in a machine of 8 MiB without the rest of it
# (land.test.ts): pages FIRST to LAST are given out, and are mapped as the kernel has them.

.include "macros.inc"
.include "cpu.inc"
.include "memory.inc"

FIRST                   = 1024          # pages
LAST                    = 2048

.data
.balign 4
.global pages_free
pages_free:             .long 0
.global pages_low_end
pages_low_end:          .long LAST
.global page_lowest
page_lowest:            .long FIRST
.global page_bitmap
page_bitmap:            .long bitmap
.global page_uses
page_uses:              .long uses
.global pages_used_for
pages_used_for:         .space 32
.global hostname_next
hostname_next:          .space 16
.global fork_zone
fork_zone:              .long 0
.global fork_zone_pages
fork_zone_pages:        .long 0
.global boot_memory_count
boot_memory_count:      .long 1
.global boot_memory_map
boot_memory_map:        .long 0
.global generator_state
generator_state:        .space 32
.global hostname
hostname:               .space 16
.global generation
generation:             .long 0
.global boot_ebda
boot_ebda:              .long 0
.global generation_key
generation_key:         .long 0
.global bitmap
bitmap:                 .space LAST / 8
uses:                   .space LAST
.balign 4096
.global page_directory
page_directory:         .space 4096
.global kernel_data
kernel_data             = KERNEL_SPACE + FIRST * 4096

.text

# Maps the first 8 MiB where they are, and where the kernel has them.
# Clobbers: EAX.
.global map
map:
    mov     dword ptr [page_directory], PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE
    mov     dword ptr [page_directory + 4], PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE | 1 << 22
    mov     dword ptr [page_directory + (KERNEL_SPACE >> 20)], PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE
    mov     dword ptr [page_directory + (KERNEL_SPACE >> 20) + 4], PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE | 1 << 22
    mov     eax, cr4
    or      eax, CR4_PSE
    mov     cr4, eax
    mov     eax, offset page_directory
    mov     cr3, eax
    mov     eax, cr0
    or      eax, CR0_PG
    mov     cr0, eax
    ret

# All that is given out is memory.
# Out: EAX first page, EDX the page after the last.
.global pages_range
pages_range:
    mov     eax, FIRST
    mov     edx, LAST
    ret

# Instead of what these do, nothing.
.global account_take
account_take:
.global page_free
page_free:
.global frame_free
frame_free:
.global fork_zone_give
fork_zone_give:
.global fork_twin
fork_twin:
.global mem_copy
mem_copy:
    ret
