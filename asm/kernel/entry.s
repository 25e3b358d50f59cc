# Where the kernel begins: from the loader's hand-over to the first task. The loader has entered 32-bit protected mode
# with flat segments, relocated the kernel to its linear addresses and zeroed its bss. The first instructions run where
# it stands in physical memory, and switch paging on.

.include "macros.inc"
.include "bootinfo.inc"
.include "cpu.inc"
.include "memory.inc"
.include "pages.inc"

BOOT_STACK_BYTES    = 16384
MEMORY_MAP_ENTRIES  = 64

BDA_EBDA_SEGMENT    = 0x40E                 # BIOS data area: segment of the extended BIOS data area

.text

# Never returns: this becomes the first task, which ends when the system is up.
# In: EBX boot info, interrupts off.
.global kernel_entry
kernel_entry:
    cld
    mov     edi, offset page_directory - KERNEL_SPACE
    mov     eax, PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE
    mov     [edi], eax                  # where this code stands, until the jump
    add     edi, KERNEL_SPACE >> 22 << 2
    mov     ecx, DIRECT_BYTES >> 22
1:  stosd
    add     eax, 1 << 22
    dec     ecx
    jnz     1b
    mov     eax, cr4
    or      eax, CR4_PSE
    mov     cr4, eax
    mov     eax, offset page_directory - KERNEL_SPACE
    mov     cr3, eax
    mov     eax, cr0
    or      eax, CR0_PG | CR0_WP
    mov     cr0, eax
    mov     eax, offset 2f
    jmp     eax
2:  mov     dword ptr [page_directory], 0
    mov     eax, cr3
    mov     cr3, eax
    mov     esp, offset boot_stack_end
    xor     ebp, ebp
    call    running_keep                # before anything changes
    mov     edi, offset boot_info
    lea     esi, [ebx + KERNEL_SPACE]
    mov     ecx, BOOT_INFO_SIZE / 4
    rep movsd
    mov     eax, [boot_info + bi_e820_count]
    cmp     eax, MEMORY_MAP_ENTRIES
    jbe     3f
    mov     eax, MEMORY_MAP_ENTRIES
3:  mov     [boot_memory_count], eax
    imul    ecx, eax, MEMORY_MAP_ENTRY / 4
    mov     esi, [boot_info + bi_e820]
    PHYS_TO_VIRT esi
    mov     edi, offset boot_memory_map
    rep movsd
    movzx   eax, word ptr [KERNEL_SPACE + BDA_EBDA_SEGMENT]
    shl     eax, 4
    mov     [boot_ebda], eax

    call    gdt_init
    call    idt_init
    call    pic_init
    call    vectors_init
    call    printer_init
    PRINTF  "QuRe revision %u\n", [boot_info + bi_revision]
    cmp     dword ptr [boot_info + bi_magic], BOOT_INFO_MAGIC
    ASSERT  e, "the loader left no boot info"
    cmp     dword ptr [boot_info + bi_version], BOOT_INFO_VERSION
    ASSERT  e, "boot info is of a version that this kernel does not know"
    call    init_run
    call    task_exit

.bss
.balign 4096
.global boot_stack
boot_stack:         .space BOOT_STACK_BYTES # the lowest page is its guard
.global boot_stack_end
boot_stack_end:
.global boot_info
boot_info:          .space BOOT_INFO_SIZE   # the loader's, see bootinfo.inc
.global boot_memory_map
boot_memory_map:    .space MEMORY_MAP_ENTRIES * MEMORY_MAP_ENTRY
.global boot_memory_count
boot_memory_count:  .space 4
.global boot_ebda
boot_ebda:          .space 4                # physical address of the extended BIOS data area, 0 if there is none
