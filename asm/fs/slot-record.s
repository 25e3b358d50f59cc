# The record of a disk's two kernels (docs/formats/boot-record.md): read, changed as a whole, and written in two copies.
# Whoever reads it holds slots_mutex until it has done what it read it for.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "tasks.inc"
.include "bootinfo.inc"
.include "bootrecord.inc"
.include "slots.inc"

HOOK slots_written, hook_quiet              # the record was changed

.bss
.balign 4
.global slots_record
slots_record:       .space SLOT_RECORD_BYTES    # the copy that counts, and what is made of it
slots_second:       .space SLOT_RECORD_BYTES
.global slots_sector
slots_sector:       .space SLOT_RECORD_BYTES    # of whoever holds the mutex
.global slots_mutex
slots_mutex:        .space MUTEX_SIZE
# counts how often a slot's kernel was given up: what is read of it after that is another one's
.global slots_changes
slots_changes:      .space 4
slots_counts:       .space 4                    # number of the copy that counts
slots_replaced:     .space 4                    # volume whose running kernel was written over; 0: none
slots_summed:       .space 4                    # not 0: the disk's loader knows version 1 alone

.text

# Reads a disk's record; makes one for its only kernel when it has none. May sleep.
# In: EAX name of the disk.
# Out: EBX volume, slots_record; CF and EAX error.
# Clobbers: ESI too.
.global slots_read
slots_read:
    push    edi
    push    ebp
    call    volume_find
    jc      .Lslots_read_done
    mov     ebx, eax
    mov     ecx, [ebx + VOLUME_DISK]
    mov     eax, ERROR_NOT_SUPPORTED
    cmp     dword ptr [ecx + DISK_SECTOR_BYTES], 512
    stc
    jne     .Lslots_read_done
    xor     edx, edx
    mov     ecx, offset slots_sector
    call    slots_sector_read
    jc      .Lslots_read_done
    xor     edi, edi                    # EDI: 1 when the loader knows one copy
    cmp     dword ptr [slots_sector + br_magic], BOOT_RECORD_MAGIC
    jne     1f
    cmp     word ptr [slots_sector + br_version], BOOT_RECORD_VERSION
    adc     edi, 0
1:  mov     [slots_summed], edi
    mov     edx, SLOT_RECORD_LBA + 1
    mov     ecx, offset slots_second
    call    slots_copy_read
    mov     ebp, eax                    # EBP: the copies' errors, -1 for one that is whole
    mov     edx, SLOT_RECORD_LBA
    mov     ecx, offset slots_record
    call    slots_copy_read
    mov     dword ptr [slots_counts], 0
    cmp     dword ptr [slots_summed], 0
    je      4f
    xor     eax, eax                    # what such a loader does not see is not one
4:  cmp     eax, -1
    jne     2f
    cmp     ebp, -1
    jne     .Lslots_read_good
    mov     eax, [slots_second + sr_sequence]
    cmp     eax, [slots_record + sr_sequence]
    jbe     .Lslots_read_good
2:  cmp     ebp, -1
    jne     3f
    mov     dword ptr [slots_counts], 1
    mov     esi, offset slots_second
    mov     edi, offset slots_record
    mov     ecx, SLOT_RECORD_BYTES / 4
    rep movsd
    jmp     .Lslots_read_good
3:  or      eax, ebp                    # what cannot be read may be one
    stc
    jnz     .Lslots_read_unread
    mov     dword ptr [slots_counts], 1
    call    slots_make
    jc      .Lslots_read_done
.Lslots_read_good:
    call    slots_revisions
    jmp     .Lslots_read_done
.Lslots_read_unread:
    mov     eax, ERROR_IO
.Lslots_read_done:
    pop     ebp
    pop     edi
    ret

# Reads a sector. May sleep.
# In: EBX volume, EDX sector, ECX memory.
# Out: CF and EAX error.
# Clobbers: ESI too.
.global slots_sector_read
slots_sector_read:
    mov     eax, ebx
    mov     esi, 1
    jmp     volume_read

# Reads a copy of the record. May sleep.
# In: EBX volume, EDX sector, ECX memory.
# Out: EAX -1 when it is whole, 0 when it is none, else an error.
# Clobbers: ESI too.
slots_copy_read:
    push    edi
    mov     edi, ecx
    call    slots_sector_read
    jc      .Lslots_copy_read_done
    cmp     dword ptr [edi + sr_magic], SLOT_MAGIC
    jne     .Lslots_copy_read_none
    cmp     dword ptr [edi + sr_good], 1
    ja      .Lslots_copy_read_none
    cmp     dword ptr [edi + sr_version], SLOT_VERSION
    jne     .Lslots_copy_read_summed
    mov     eax, edi
    mov     edx, sr_check
    call    crc32
    cmp     eax, [edi + sr_check]
    jne     .Lslots_copy_read_none
    jmp     .Lslots_copy_read_whole
.Lslots_copy_read_summed:
    cmp     dword ptr [edi + sr_version], SLOT_VERSION_SUMMED
    jne     .Lslots_copy_read_none
    cmp     edi, offset slots_second
    jne     .Lslots_copy_read_none
    call    slots_sum
    jnz     .Lslots_copy_read_none
.Lslots_copy_read_whole:
    or      eax, -1
    jmp     .Lslots_copy_read_done
.Lslots_copy_read_none:
    xor     eax, eax
.Lslots_copy_read_done:
    pop     edi
    ret

# Adds up a record.
# In: EDI record.
# Out: EAX sum; ZF set when it is 0.
# Clobbers: ECX.
slots_sum:
    xor     eax, eax
    mov     ecx, SLOT_RECORD_BYTES / 4
1:  add     eax, [edi + ecx*4 - 4]
    dec     ecx
    jnz     1b
    test    eax, eax
    ret

# Makes the record of a disk that has none, from its boot sector in slots_sector.
# Out: CF and EAX error.
# Clobbers: EDI too.
slots_make:
    mov     eax, ERROR_CORRUPT
    cmp     dword ptr [slots_sector + br_magic], BOOT_RECORD_MAGIC
    stc
    jne     1f
    cmp     dword ptr [slots_sector + br_image_lba], 1
    cmc
    jc      1f
    mov     ecx, SLOT_RECORD_BYTES / 4
    mov     edi, offset slots_record
    xor     eax, eax
    rep stosd
    mov     eax, [slots_sector + br_kernel_sector]
    mov     dword ptr [slots_record + sr_magic], SLOT_MAGIC
    mov     dword ptr [slots_record + sr_trial], SLOT_NONE
    mov     [slots_record + sr_places], eax
    neg     eax
    add     eax, SLOT_SECOND_LBA
    mov     [slots_record + sr_places + 4], eax
    mov     dword ptr [slots_record + sr_places + 8], SLOT_SECOND_LBA
    clc
1:  ret

# Fills in the revisions that the record does not know yet, from the kernels. May sleep.
# In: EBX volume.
# Out: CF and EAX error.
# Clobbers: ESI, EDI too.
slots_revisions:
    xor     edi, edi
1:  cmp     dword ptr [slots_record + sr_places + edi*8 + 4], 0
    je      2f
    imul    eax, edi, SLOT_CONTENT_BYTES
    cmp     dword ptr [slots_record + sr_contents + eax], 0
    jne     2f
    mov     edx, [slots_record + sr_places + edi*8]
    mov     ecx, offset slots_sector
    call    slots_sector_read
    jc      3f
    cmp     dword ptr [slots_sector + ki_magic], KERNEL_MAGIC_LOW
    jne     2f
    imul    eax, edi, SLOT_CONTENT_BYTES
    mov     ecx, [slots_sector + ki_revision]
    mov     [slots_record + sr_contents + eax], ecx
2:  inc     edi
    cmp     edi, 2
    jb      1b
    clc
3:  ret

# Writes the record, each copy after the other is on stable storage, first over the one that does not count. Whoever
# writes a kernel writes the record before, so a partition that lies where they would be ends both. May sleep.
# In: EBX volume.
# Out: CF and EAX error: ERROR_NO_SPACE where a partition begins before the end of the slots.
# Clobbers: ESI too.
.global slots_write
slots_write:
    mov     eax, [ebx + VOLUME_DISK]
    add     eax, DISK_PARTITION
    mov     ecx, DISK_PARTITIONS
1:  cmp     dword ptr [eax + VOLUME_SECTORS], 0
    je      2f
    cmp     dword ptr [eax + VOLUME_START], SLOT_RECORD_LBA + 1
    jbe     3f
2:  add     eax, VOLUME_SIZE_OF
    dec     ecx
    jnz     1b
    cmp     dword ptr [slots_summed], 0
    jne     slots_write_summed
    inc     dword ptr [slots_record + sr_sequence]
    mov     dword ptr [slots_record + sr_version], SLOT_VERSION
    mov     eax, offset slots_record
    mov     edx, sr_check
    call    crc32
    mov     [slots_record + sr_check], eax
    mov     edx, SLOT_RECORD_LBA + 1
    sub     edx, [slots_counts]
    call    slots_write_copy
    jc      4f
    xor     dword ptr [slots_counts], 1 # from here on this one counts
    mov     edx, SLOT_RECORD_LBA + 1
    sub     edx, [slots_counts]
    call    slots_write_copy
    jc      4f
    mov     dword ptr [slots_counts], 0
    call    [slots_written]
    clc
    ret
3:  mov     eax, ERROR_NO_SPACE
    stc
4:  ret

# Writes it for a loader that knows one copy. May sleep.
# In: EBX volume.
# Out: CF and EAX error.
# Clobbers: ESI too.
slots_write_summed:
    mov     dword ptr [slots_record + sr_sequence], 0
    mov     dword ptr [slots_record + sr_version], SLOT_VERSION_SUMMED
    mov     dword ptr [slots_record + sr_check], 0
    push    edi
    mov     edi, offset slots_record
    call    slots_sum
    pop     edi
    sub     [slots_record + sr_check], eax
    mov     edx, SLOT_RECORD_LBA + 1

# Writes the record to a sector, and waits until it is on stable storage. May sleep.
# In: EBX volume, EDX sector.
# Out: CF and EAX error.
# Clobbers: ESI too.
slots_write_copy:
    mov     eax, ebx
    mov     ecx, offset slots_record
    mov     esi, 1
    call    volume_write
    jc      1f
    mov     eax, ebx
    jmp     volume_flush
1:  ret

# Has the record say that the trial is over.
# In: ESI revision that was on trial, EDI SLOT_RESULT_*.
# Clobbers: nothing.
.global slots_end_trial
slots_end_trial:
    mov     dword ptr [slots_record + sr_trial], SLOT_NONE
    mov     dword ptr [slots_record + sr_tries], 0
    mov     [slots_record + sr_result], edi
    mov     [slots_record + sr_result_revision], esi
    ret

# Whether the record lets a kernel be put on trial.
# In: EAX revision.
# Out: CF when not: ECX how often it has failed, 0 when it is below the floor.
# Clobbers: EDX.
.global slots_barred
slots_barred:
    xor     ecx, ecx
    cmp     eax, [slots_record + sr_floor]
    jb      3f
    mov     edx, offset slots_record + sr_failures
1:  cmp     [edx], eax
    jne     2f
    mov     ecx, [edx + 4]
    cmp     ecx, SLOT_REFUSED
    cmc
    jc      3f
2:  add     edx, 8
    cmp     edx, offset slots_record + sr_failures + SLOT_FAILURES * 8
    jb      1b                          # CF is clear after the last
3:  ret

# Finds where the failures of a revision are counted: its entry, else a free one, else the last.
# In: EAX revision.
# Out: ECX entry, its count 0 when it was not this revision's.
# Clobbers: EDX.
.global slots_failure
slots_failure:
    mov     ecx, offset slots_record + sr_failures
    mov     edx, SLOT_FAILURES
1:  cmp     dword ptr [ecx + 4], 0
    je      2f
    cmp     [ecx], eax
    je      3f
    add     ecx, 8
    dec     edx
    jnz     1b
    sub     ecx, 8
2:  mov     dword ptr [ecx + 4], 0
3:  ret

# Forgets the failures of a revision.
# In: ESI revision.
# Out: CF when there were none.
# Clobbers: EAX, EDX.
.global slots_forgive
slots_forgive:
    mov     eax, offset slots_record + sr_failures
    mov     edx, SLOT_FAILURES
1:  cmp     dword ptr [eax + 4], 0
    je      2f
    cmp     [eax], esi
    je      3f
2:  add     eax, 8
    dec     edx
    jnz     1b
    stc
    ret
3:  and     dword ptr [eax], 0          # CF is clear
    mov     dword ptr [eax + 4], 0
    ret

# Which slot the running kernel came from.
# In: EBX volume.
# Out: EAX slot, SLOT_NONE when it came from a drive without slots, such as a CD, or another is installed there since.
# Clobbers: EAX only.
.global slots_running
slots_running:
    movzx   eax, byte ptr [boot_info + bi_slot]
    dec     eax
    cmp     [slots_replaced], ebx
    jne     1f
    or      eax, SLOT_NONE
1:  ret

# Forgets what the record says of a slot's contents. If the running kernel came from there, it cannot be confirmed any
# more: that would make one good that never ran.
# In: EBX volume, ECX slot.
# Out: EAX its entry.
# Clobbers: nothing else.
.global slots_content
slots_content:
    call    slots_running
    cmp     eax, ecx
    jne     1f
    mov     [slots_replaced], ebx
1:  inc     dword ptr [slots_changes]
    push    ecx
    push    edi
    imul    edi, ecx, SLOT_CONTENT_BYTES
    add     edi, offset slots_record + sr_contents
    push    edi
    xor     eax, eax
    mov     ecx, SLOT_CONTENT_BYTES / 4
    rep stosd
    pop     eax
    pop     edi
    pop     ecx
    ret
