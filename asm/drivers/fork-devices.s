# What PCI functions and drives a machine has, and keeping the drives still, for a kernel that becomes two
# (docs/protocols/fork.md).

.include "macros.inc"
.include "pci.inc"
.include "disk.inc"
.include "ide.inc"

DRIVE_KIND              = 0             # of each place for a drive
DRIVE_SECTORS           = 4
DRIVE_SIZE              = 8

ON_HOOK fork_machine, pci_functions
ON_HOOK fork_machine, drives
ON_HOOK fork_still, drives_still
ON_HOOK fork_landed, drives_detach

.bss
.balign 4
drives_seen:            .space DISK_MAX * DRIVE_SIZE

.text

# The PCI functions, and where the firmware has put them.
# Out: EAX their records, EDX bytes.
pci_functions:
    mov     eax, offset pci_devices
    imul    edx, [pci_count], PCI_SIZE_OF
    ret

# The drives.
# Out: EAX kind and size of each, EDX bytes.
# Clobbers: ECX.
drives:
    xor     ecx, ecx
    mov     edx, offset disk_table
1:  mov     eax, [edx + DISK_KIND]
    mov     [drives_seen + ecx + DRIVE_KIND], eax
    mov     eax, [edx + DISK_SECTORS]
    mov     [drives_seen + ecx + DRIVE_SECTORS], eax
    add     edx, DISK_SIZE_OF
    add     ecx, DRIVE_SIZE
    cmp     ecx, DISK_MAX * DRIVE_SIZE
    jb      1b
    mov     eax, offset drives_seen
    mov     edx, ecx
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
    call    crc32
    rol     esi, 5
    xor     esi, eax
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
