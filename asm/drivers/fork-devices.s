# What PCI functions and drives a machine has, and keeping the drives still, for a kernel that becomes two
# (docs/protocols/fork.md).

.include "macros.inc"
.include "pci.inc"
.include "disk.inc"
.include "ide.inc"

ON_HOOK fork_machine, pci_functions
ON_HOOK fork_still, drives_still
ON_HOOK fork_landed, pci_landed
ON_HOOK fork_landed, drives_detach

.bss
.balign 4
pci_seen:               .space 4        # sum of the PCI functions

.text

# The PCI functions. Where their ranges are is no matter, as a twin has them where the source does (pci_landed), but for
# what is behind a bridge, and beside one: a bridge lets through only what it was set up for.
# Out: EAX a sum of them, EDX bytes.
# Clobbers: ECX.
pci_functions:
    push    ebx
    push    esi
    push    edi
    push    ebp
    xor     ecx, ecx
    mov     ebp, PCI_BAR_BYTES          # EBP: how much of a range is no matter
    mov     ebx, offset pci_devices
1:  cmp     ecx, [pci_count]
    jae     3f
    cmp     byte ptr [ebx + PCI_HEADER], 0
    je      2f
    xor     ebp, ebp
2:  add     ebx, PCI_SIZE_OF
    inc     ecx
    jmp     1b
3:  xor     esi, esi                    # ESI: the sum
    mov     edi, ebx                    # EDI: the end
    mov     ebx, offset pci_devices
.Lpci_functions_next:
    cmp     ebx, edi
    jae     .Lpci_functions_done
    mov     eax, ebx
    mov     edx, PCI_BARS
    call    machine_add
    push    edi
    lea     edi, [ebx + PCI_SIZE_OF]
    add     ebx, PCI_BARS
    cmp     byte ptr [ebx + PCI_CLASS - PCI_BARS], PCI_CLASS_DISPLAY
    jne     .Lpci_functions_range
    mov     ebx, edi                    # no driver uses its ranges
.Lpci_functions_range:
    cmp     ebx, edi
    jae     .Lpci_functions_ranges
    lea     eax, [ebx + ebp]
    mov     edx, PCI_BAR_SIZE_OF
    sub     edx, ebp
    call    machine_add
    add     ebx, PCI_BAR_SIZE_OF
    jmp     .Lpci_functions_range
.Lpci_functions_ranges:
    pop     edi
    jmp     .Lpci_functions_next
.Lpci_functions_done:
    mov     [pci_seen], esi
    mov     eax, offset pci_seen
    mov     edx, 4
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The lowest memory at which a function is.
# Out: EAX its address, all ones when there is none.
# Clobbers: ECX, EDX.
.global pci_memory_lowest
pci_memory_lowest:
    push    ebx
    or      eax, -1
    mov     ebx, offset pci_devices
    imul    edx, [pci_count], PCI_SIZE_OF
    add     edx, ebx                    # EDX: the end
.Lpci_memory_lowest_next:
    cmp     ebx, edx
    jae     .Lpci_memory_lowest_done
    xor     ecx, ecx
1:  cmp     dword ptr [ebx + ecx + PCI_BARS + PCI_BAR_TYPE], PCI_BAR_MEMORY
    je      2f
    cmp     dword ptr [ebx + ecx + PCI_BARS + PCI_BAR_TYPE], PCI_BAR_PREFETCHABLE
    jne     3f
2:  cmp     dword ptr [ebx + ecx + PCI_BARS + PCI_BAR_BASE], 1
    jb      3f                          # has no place
    cmp     eax, [ebx + ecx + PCI_BARS + PCI_BAR_BASE]
    jbe     3f
    mov     eax, [ebx + ecx + PCI_BARS + PCI_BAR_BASE]
3:  add     ecx, PCI_BAR_SIZE_OF
    cmp     ecx, PCI_SIZE_OF - PCI_BARS
    jb      1b
    add     ebx, PCI_SIZE_OF
    jmp     .Lpci_memory_lowest_next
.Lpci_memory_lowest_done:
    pop     ebx
    ret

# This is the twin: the drivers know the ranges of the source's functions, so this machine's are put there. What the
# source has not is switched off by address 0. Interrupts are off, and the functions still.
# Clobbers: EAX, ECX, EDX.
pci_landed:
    push    ebx
    push    esi
    push    edi
    mov     ebx, offset pci_devices
    mov     edi, [pci_count]
1:  sub     edi, 1
    jb      3f
    cmp     byte ptr [ebx + PCI_HEADER], 0
    jne     2f
    xor     esi, esi
    call    pci_place                   # whether any is elsewhere
    jnc     2f
    mov     eax, ebx
    mov     edx, PCI_REG_COMMAND
    call    pci_read32
    movzx   eax, ax                     # zeros to the status word: its bits are cleared by writing ones
    push    eax
    mov     ecx, eax
    and     ecx, ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY)
    mov     eax, ebx
    mov     edx, PCI_REG_COMMAND
    call    pci_write32                 # meanwhile it must not decode anything
    mov     esi, 1
    call    pci_place
    pop     ecx
    mov     eax, ebx
    mov     edx, PCI_REG_COMMAND
    call    pci_write32
2:  add     ebx, PCI_SIZE_OF
    jmp     1b
3:  pop     edi
    pop     esi
    pop     ebx
    ret

# Holds the base address registers of a function against its table entry.
# In: EBX table entry, ESI 1 when they are to be set.
# Out: CF when ESI is 0 and one is different.
# Clobbers: EAX, ECX, EDX.
pci_place:
    push    edi
    push    ebp
    lea     edi, [ebx + PCI_BARS]
    mov     ebp, PCI_REG_BAR0
.Lpci_place_next:
    mov     ecx, [edi + PCI_BAR_BASE]
    cmp     dword ptr [edi + PCI_BAR_TYPE], PCI_BAR_UNREACHABLE
    je      .Lpci_place_unreachable
    mov     eax, ebx
    mov     edx, ebp
    test    esi, esi
    jnz     .Lpci_place_set
    call    pci_read32
    mov     edx, ~15
    test    al, 1
    jz      1f
    mov     edx, 0xFFFC
1:  and     eax, edx
    cmp     eax, [edi + PCI_BAR_BASE]
    je      .Lpci_place_following
    stc
    jmp     .Lpci_place_done
.Lpci_place_unreachable:                # and the register after it: above 4 GiB nobody looks
    add     ebp, 4
    add     edi, PCI_BAR_SIZE_OF
    jmp     .Lpci_place_following
.Lpci_place_set:
    call    pci_write32                 # the lowest bits cannot be written
.Lpci_place_following:
    add     edi, PCI_BAR_SIZE_OF
    add     ebp, 4
    cmp     ebp, PCI_REG_BAR0 + 6 * 4
    jb      .Lpci_place_next            # else CF is clear
.Lpci_place_done:
    pop     ebp
    pop     edi
    ret

# The drives: kind, size and abilities of each.
# Out: EAX a sum of them.
# Clobbers: ECX, EDX.
.global drives_sum
drives_sum:
    push    ebx
    push    esi
    xor     esi, esi
    mov     ebx, offset disk_table
1:  lea     eax, [ebx + DISK_KIND]
    mov     edx, 4
    call    machine_add
    cmp     dword ptr [ebx + DISK_KIND], DISK_NONE
    je      2f
    lea     eax, [ebx + DISK_FLAGS]
    mov     edx, DISK_CYLINDERS - DISK_FLAGS
    call    machine_add
    lea     eax, [ebx + DISK_BLOCK]
    mov     edx, 4
    call    machine_add
2:  add     ebx, DISK_SIZE_OF
    cmp     ebx, offset disk_table + DISK_MAX * DISK_SIZE_OF
    jb      1b
    mov     eax, esi
    pop     esi
    pop     ebx
    ret

# The partitions of all drives.
# Out: EAX a sum of them.
# Clobbers: ECX, EDX.
.global partitions_sum
partitions_sum:
    push    ebx
    push    esi
    xor     esi, esi
    mov     ebx, offset disk_table + DISK_PARTITION
1:  mov     ecx, DISK_PARTITIONS
2:  push    ecx
    lea     eax, [ebx + VOLUME_START]
    mov     edx, VOLUME_STATUS - VOLUME_START
    call    machine_add
    add     ebx, VOLUME_SIZE_OF
    pop     ecx
    loop    2b
    add     ebx, DISK_PARTITION
    cmp     ebx, offset disk_table + DISK_MAX * DISK_SIZE_OF
    jb      1b
    mov     eax, esi
    pop     esi
    pop     ebx
    ret

# Keeps IDE's drives from being in the middle of something, or lets them go on. May sleep.
# In: EAX 1 or 0.
# Out: CF is clear.
drives_still:
    push    ebx
    push    esi
    push    edi
    mov     esi, offset mutex_lock
    test    eax, eax
    jnz     1f
    mov     esi, offset mutex_unlock
1:  mov     ebx, offset ide_channels
    mov     edi, [ide_count]
2:  sub     edi, 1
    jb      3f
    lea     eax, [ebx + CHANNEL_MUTEX]
    call    esi
    add     ebx, CHANNEL_SIZE_OF
    jmp     2b
3:  clc
    pop     edi
    pop     esi
    pop     ebx
    ret

# This is the twin: nobody touches its hard disks, until all that is known of others is forgotten. But where the volume
# has come along it is known.
drives_detach:
    cmp     dword ptr [watch_volume], 0
    jne     1f
    mov     dword ptr [disk_detached], 1
1:  ret

# Has the hard disks be there again, with the volumes that they have. May sleep.
# Clobbers: EAX, ECX, EDX.
.global drives_attach
drives_attach:
    push    ebx
    mov     dword ptr [disk_detached], 0
    mov     ebx, offset disk_table
1:  cmp     dword ptr [ebx + DISK_KIND], DISK_HARD
    jne     2f
    mov     eax, ebx
    call    partition_scan
2:  add     ebx, DISK_SIZE_OF
    cmp     ebx, offset disk_table + DISK_MAX * DISK_SIZE_OF
    jb      1b
    pop     ebx
    ret
