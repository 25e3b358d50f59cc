# Blocks of an ISO 9660: one of the descriptors or a directory at a time, and those of a file that is read in order by
# many at a time. EBX = ISO record; it is kept.

.include "macros.inc"
.include "disk.inc"
.include "iso9660.inc"

.text

# Brings a block of the descriptors or a directory into the buffer.
# In: EAX block.
# Out: EAX data; CF and EAX error.
# Clobbers: EAX only.
.global iso_block
iso_block:
    cmp     eax, [ebx + ISO_LBA]
    je      1f
    push    ecx
    push    esi
    mov     dword ptr [ebx + ISO_LBA], -1
    mov     ecx, [ebx + ISO_BUFFER]
    mov     esi, 1
    push    eax
    call    iso_fetch
    pop     ecx
    jc      2f
    mov     [ebx + ISO_LBA], ecx
2:  pop     esi
    pop     ecx
    jc      3f
1:  mov     eax, [ebx + ISO_BUFFER]
    clc
3:  ret

# Reads blocks.
# In: EAX first block, ECX buffer, ESI blocks.
# Out: CF and EAX error.
# Clobbers: EAX, ECX only.
iso_fetch:
    push    edx
    push    esi
    mov     edx, [ebx + ISO_VOLUME]
    push    ecx
    mov     ecx, [edx + VOLUME_DISK]
    cmp     dword ptr [ecx + DISK_SECTOR_BYTES], 512
    pop     ecx
    jne     1f
    shl     esi, 2
    shl     eax, 2
1:  xchg    eax, edx
    call    volume_read
    pop     esi
    pop     edx
    ret

# A block of a file. Who reads one block after the other gets the next ones by one command.
# In: EAX block.
# Out: EAX data; CF and EAX error.
# Clobbers: EAX, ECX, EDX.
.global iso_data
iso_data:
    push    esi
    mov     edx, eax
    sub     edx, [ebx + ISO_AHEAD_LBA]
    cmp     edx, [ebx + ISO_AHEAD_HELD]
    jb      .Liso_data_held
    mov     esi, 1
    jne     .Liso_data_read
    mov     esi, [ebx + ISO_BLOCKS]
    sub     esi, eax
    jbe     .Liso_data_one              # more than the volume says that it has
    cmp     esi, ISO_AHEAD_BLOCKS
    jbe     .Liso_data_read
    mov     esi, ISO_AHEAD_BLOCKS
.Liso_data_read:
    mov     dword ptr [ebx + ISO_AHEAD_HELD], 0
    mov     [ebx + ISO_AHEAD_LBA], eax
    mov     ecx, [ebx + ISO_AHEAD]
    call    iso_fetch
    jnc     .Liso_data_fetched
    cmp     esi, 1                      # the volume ends sooner than it says, or one of them cannot be read
    stc
    je      .Liso_data_done
    mov     eax, [ebx + ISO_AHEAD_LBA]
.Liso_data_one:
    mov     esi, 1
    jmp     .Liso_data_read
.Liso_data_fetched:
    mov     [ebx + ISO_AHEAD_HELD], esi
    xor     edx, edx
.Liso_data_held:
    shl     edx, 11
    mov     eax, [ebx + ISO_AHEAD]
    add     eax, edx                    # CF is clear
.Liso_data_done:
    pop     esi
    ret
