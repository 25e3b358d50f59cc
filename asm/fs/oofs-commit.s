# OOFS, commits: a change becomes real when one sector, the commit record, is on the disk. There are two places for it,
# used in turn; whichever holds the higher number is the volume's state. Data is flushed before the record is written,
# and the record before anyone is told, so at any power cut one of the two is whole and everything that it leads to is
# there. In all routines EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "oofs.inc"

.text

# Makes the changes since the last commit real. After a failure they are given up; when the failure leaves open whether
# the record was written, the volume takes no more changes until it is mounted again.
# Out: CF and EAX on failure.
.global oofs_commit
oofs_commit:
    push    esi
    mov     eax, [ebx + OOFS_VOLUME]
    call    volume_flush
    jc      8f
    add     dword ptr [ebx + OOFS_SEQUENCE], 1
    adc     dword ptr [ebx + OOFS_SEQUENCE + 4], 0
    call    oofs_commit_write
    jc      7f
    mov     eax, [ebx + OOFS_VOLUME]
    call    volume_flush
    jc      7f
    lea     eax, [ebx + OOFS_TABLE]
    lea     edx, [ebx + OOFS_WORK]
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    mov     eax, [ebx + OOFS_OBJECTS]
    mov     [ebx + OOFS_COMMITTED], eax
    mov     eax, [ebx + OOFS_USED]
    mov     [ebx + OOFS_COMMITTED_USED], eax
    call    oofs_map_commit
    xor     eax, eax
    jmp     9f
7:  mov     dword ptr [ebx + OOFS_FAILED], 1
    sub     dword ptr [ebx + OOFS_SEQUENCE], 1
    sbb     dword ptr [ebx + OOFS_SEQUENCE + 4], 0
8:  mov     esi, eax
    call    oofs_abort
    mov     eax, esi
    stc
9:  pop     esi
    ret

# Gives up the changes since the last commit. Nothing on the disk has to be undone.
.global oofs_abort
oofs_abort:
    lea     eax, [ebx + OOFS_WORK]
    lea     edx, [ebx + OOFS_TABLE]
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    mov     eax, [ebx + OOFS_COMMITTED]
    mov     [ebx + OOFS_OBJECTS], eax
    mov     eax, [ebx + OOFS_COMMITTED_USED]
    mov     [ebx + OOFS_USED], eax
    mov     dword ptr [ebx + OOFS_TABLE_INDEX], -1
    call    oofs_nodes_forget
    jmp     oofs_map_abort

# Writes the commit record of OOFS_SEQUENCE with OOFS_WORK. The data buffer serves.
# Out: CF and EAX on failure.
oofs_commit_write:
    push    esi
    push    edi
    mov     edi, [ebx + OOFS_DATA]
    mov     eax, edi
    xor     edx, edx
    mov     ecx, 512
    call    mem_set
    mov     dword ptr [edi + COMMIT_MAGIC], 0x53464F4F # "OOFS"
    mov     dword ptr [edi + COMMIT_MAGIC + 4], 0x54494D43 # "CMIT"
    mov     dword ptr [edi + COMMIT_VERSION], OOFS_VERSION
    mov     eax, [ebx + OOFS_SEQUENCE]
    mov     [edi + COMMIT_SEQUENCE], eax
    mov     eax, [ebx + OOFS_SEQUENCE + 4]
    mov     [edi + COMMIT_SEQUENCE + 4], eax
    mov     eax, [ebx + OOFS_BLOCKS]
    mov     [edi + COMMIT_BLOCKS], eax
    mov     eax, [ebx + OOFS_USED]
    mov     [edi + COMMIT_USED], eax
    mov     eax, [ebx + OOFS_OBJECTS]
    mov     [edi + COMMIT_OBJECTS], eax
    lea     eax, [edi + COMMIT_TABLE]
    lea     edx, [ebx + OOFS_WORK]
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    mov     eax, edi
    mov     edx, 512
    call    crc32
    mov     [edi + COMMIT_CHECKSUM], eax
    mov     edx, [ebx + OOFS_SEQUENCE]
    and     edx, 1
    inc     edx
    shl     edx, 3                      # block 1 or 2, its first sector
    mov     ecx, edi
    mov     eax, [ebx + OOFS_VOLUME]
    mov     esi, 1
    call    volume_write
    pop     edi
    pop     esi
    ret

# Reads a commit record and checks it.
# In: EDX slot, 0 or 1, ECX room for 512 bytes.
# Out: CF when there is no valid one there, EAX = ERROR_CORRUPT or the drive's.
.global oofs_commit_read
oofs_commit_read:
    push    esi
    push    edi
    push    edx
    mov     edi, ecx
    inc     edx
    shl     edx, 3
    mov     eax, [ebx + OOFS_VOLUME]
    mov     esi, 1
    call    volume_read
    pop     esi                         # ESI: slot
    jc      9f
    cmp     dword ptr [edi + COMMIT_MAGIC], 0x53464F4F
    jne     8f
    cmp     dword ptr [edi + COMMIT_MAGIC + 4], 0x54494D43
    jne     8f
    cmp     dword ptr [edi + COMMIT_VERSION], OOFS_VERSION
    jne     8f
    mov     eax, edi
    call    oofs_sector_check
    jc      8f
    mov     eax, [edi + COMMIT_SEQUENCE]
    mov     edx, eax
    or      edx, [edi + COMMIT_SEQUENCE + 4]
    jz      8f
    and     eax, 1
    cmp     eax, esi
    jne     8f
    mov     eax, [ebx + OOFS_BLOCKS]
    cmp     [edi + COMMIT_BLOCKS], eax
    jne     8f
    clc
    jmp     9f
8:  mov     eax, ERROR_CORRUPT
    stc
9:  pop     edi
    pop     esi
    ret

# Proves the checksum of a superblock or commit record.
# In: EAX sector.
# Out: CF when it is wrong.
.global oofs_sector_check
oofs_sector_check:
    push    esi
    push    edi
    mov     esi, eax
    xor     edi, edi
    xchg    edi, [esi + SUPER_CHECKSUM] # it counts as zero
    mov     edx, 512
    call    crc32
    mov     [esi + SUPER_CHECKSUM], edi
    cmp     eax, edi
    je      1f                          # CF is clear
    stc
1:  pop     edi
    pop     esi
    ret
