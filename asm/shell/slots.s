# The two kernels of a disk, and the command `kernel`: a new one goes into the slot that is not the good one, and is on
# trial until it is confirmed. The loader (boot/loader/slot.s) takes the trial away before it starts it, so a kernel
# that fails has returned already; the good one notes that, and why. All changes are whole: docs/formats/boot-record.md.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "timer.inc"
.include "tasks.inc"
.include "bootinfo.inc"
.include "bootrecord.inc"
.include "slots.inc"
.include "crypto.inc"

TRIAL_MS            = 600000                # a kernel that nobody confirms in this time restarts the machine
SLOT_HEADER_BYTES   = 512
KI_REVISION         = 28
KI_LABEL            = 84
KI_LABEL_BYTES      = 32

.text

# A kernel on trial has so much time to be confirmed; a good one looks whether a trial has failed. May sleep.
slots_init:
    cmp     byte ptr [boot_info + bi_slot], 0
    je      1f
    cmp     byte ptr [boot_info + bi_trial], 0
    je      slots_settle
    PRINT   "This kernel is on trial: `kernel confirm` keeps it, else the machine restarts in 10 minutes.\n"
    call    trial_watch
    mov     eax, offset slots_timer
    mov     edx, TRIAL_MS
    jmp     timer_set
1:  ret

INITCALL 9, slots_init

# The time is over. Interrupts are off.
# In: EAX is not used.
slots_expired:
    cmp     byte ptr [boot_info + bi_trial], 0
    je      1f
    mov     eax, SLOT_RESULT_LATE
    call    trial_reason
    jmp     power_reset
1:  ret

.global slots_timer
TIMER slots_timer, slots_expired

# Reads the record of the disk that this machine was started from. May sleep.
# Out: EBX volume, slots_record; CF and EAX error.
# Clobbers: ESI, EDI too.
.global slots_boot
slots_boot:
    mov     eax, 1                      # a sector of a CD has room in a page
    call    page_alloc
    jc      1f
    mov     edi, eax
    mov     ecx, eax
    call    boot_source_find
    xchg    eax, edi
    pushfd
    mov     edx, 1
    call    page_free
    popfd
    mov     eax, ERROR_NOT_FOUND
    jc      1f
    lea     eax, [edi + DISK_NAME]
    jmp     slots_read
1:  ret

# Ends a trial that has failed: counts it, and notes the reason. May sleep.
slots_settle:
    push    ebx
    push    esi
    push    edi
    call    slots_boot
    jc      .Lslots_settle_done
    mov     esi, [slots_record + sr_trial]
    cmp     esi, 1
    ja      .Lslots_settle_done
    cmp     dword ptr [slots_record + sr_tries], 0
    jne     .Lslots_settle_done
    imul    esi, esi, SLOT_CONTENT_BYTES
    mov     esi, [slots_record + sr_contents + esi] # ESI: revision
    mov     eax, esi
    call    trial_left
    jnc     .Lslots_settle_known
    mov     eax, SLOT_RESULT_FAILED
.Lslots_settle_known:
    mov     edi, eax
    call    slots_end_trial
    mov     eax, esi
    call    slots_failure
    mov     [ecx], eax
    inc     dword ptr [ecx + 4]
    mov     edx, [slots_results + edi*4]
    PRINTF  "The kernel of revision %u %s on its trial: `kernel log` shows what it said.\n", esi, edx
    call    slots_write
    jnc     .Lslots_settle_done
    call    error_text
    PRINTF  "kernel: the end of the trial cannot be noted: %s\n", eax
.Lslots_settle_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Has the record say that the trial is over.
# In: ESI revision that was on trial, EDI SLOT_RESULT_*.
# Clobbers: nothing.
slots_end_trial:
    mov     dword ptr [slots_record + sr_trial], SLOT_NONE
    mov     dword ptr [slots_record + sr_tries], 0
    mov     [slots_record + sr_result], edi
    mov     [slots_record + sr_result_revision], esi
    ret

# Finds where the failures of a revision are counted: its entry, else a free one, else the last.
# In: EAX revision.
# Out: ECX entry, its count 0 when it was not this revision's.
# Clobbers: EDX.
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

# Whether a kernel may be put on trial. Says why not.
# In: EAX revision.
# Out: CF when not.
.global slots_allowed
slots_allowed:
    cmp     eax, [slots_record + sr_floor]
    jb      1f
    mov     ecx, offset slots_record + sr_failures
    mov     edx, SLOT_FAILURES
3:  cmp     [ecx], eax
    jne     4f
    cmp     dword ptr [ecx + 4], SLOT_REFUSED
    jae     2f
4:  add     ecx, 8
    dec     edx
    jnz     3b
    ret                                 # CF is clear
1:  PRINTF  "kernel: revision %u is below the lowest of this disk, %u\n", eax, [slots_record + sr_floor]
    stc
    ret
2:  PRINTF  "kernel: revision %u has failed %u times: `kernel allow %u` lets it be tried again\n", eax, [ecx + 4], eax
    stc
    ret

# Reads a disk's record; makes one for its only kernel when it has none. May sleep.
# In: EAX name of the disk.
# Out: EBX volume, slots_record; CF and EAX error.
# Clobbers: ESI too.
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
    mov     ecx, [slots_sector + KI_REVISION]
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
    call    upgrade_slots_changed
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

# Takes the boot image of a drive or a disk into memory, and proves it. May sleep.
# In: EAX name of the drive.
# Out: EAX image, ECX pages that it takes, EDX its kernel, ESI the kernel's sectors; CF and EAX text.
slots_fetch:
    push    ebx
    push    edi
    call    volume_find
    jc      .Lslots_fetch_error
    mov     ebx, eax
    mov     eax, 1
    call    page_alloc
    jc      .Lslots_fetch_error
    mov     edi, eax
    mov     eax, ebx
    xor     edx, edx
    mov     ecx, edi
    mov     esi, 1
    call    volume_read
    push    [edi + br_image_lba]
    push    [edi + br_image_sectors]
    push    [edi + br_magic]
    pushfd
    push    eax
    mov     eax, edi
    mov     edx, 1
    call    page_free
    pop     eax
    popfd
    pop     edi
    pop     esi                         # ESI: sectors of the image
    pop     edx                         # EDX: where it begins
    jc      .Lslots_fetch_error
    cmp     edi, BOOT_RECORD_MAGIC
    jne     .Lslots_fetch_none
    cmp     esi, SLOT_RECORD_LBA
    ja      .Lslots_fetch_none
    lea     edi, [esi + 7]              # EDI: pages
    shr     edi, 3
    jz      .Lslots_fetch_none
    push    edx
    mov     eax, edi
    call    page_alloc
    pop     edx
    jc      .Lslots_fetch_error
    push    eax
    push    esi
    call    slots_in_units
    mov     ecx, eax
    mov     eax, ebx
    call    slots_transfer
    pop     ecx
    pop     ebx                         # EBX: image
    jc      .Lslots_fetch_unread
    mov     eax, ebx
    call    boot_image_prove
    jc      .Lslots_fetch_bad
    mov     edx, [ebx + br_kernel_sector]
    shl     edx, 9
    add     edx, ebx
    mov     esi, [ebx + br_kernel_sectors]
    mov     eax, ebx
    mov     ecx, edi
    clc
    jmp     .Lslots_fetch_done
.Lslots_fetch_unread:
    call    error_text
.Lslots_fetch_bad:
    push    eax
    mov     eax, ebx
    mov     edx, edi
    call    page_free
    pop     eax
    stc
    jmp     .Lslots_fetch_done
.Lslots_fetch_none:
    LOAD_STRING eax, "there is no boot image on it"
    stc
    jmp     .Lslots_fetch_done
.Lslots_fetch_error:
    call    error_text
    stc
.Lslots_fetch_done:
    pop     edi
    pop     ebx
    ret

# Counts by the sectors of the drive.
# In: EBX volume, EDX and ESI sectors of 512 bytes.
# Out: EDX and ESI sectors of the drive.
# Clobbers: ECX.
slots_in_units:
    mov     ecx, [ebx + VOLUME_DISK]
    cmp     dword ptr [ecx + DISK_SECTOR_BYTES], 512
    je      .Lslots_in_units_done
    shr     edx, 2                      # in sectors of a CD
    add     esi, 3
    shr     esi, 2
.Lslots_in_units_done:
    ret

# Reads sectors in pieces. May sleep.
# In: EAX volume, EDX first sector, ECX memory, ESI sectors.
# Out: CF and EAX error.
slots_transfer:
    push    ebx
    push    edi
    push    ebp
    mov     ebx, eax
    mov     edi, ecx
    mov     ebp, esi
1:  mov     esi, ebp
    cmp     esi, 64
    jbe     2f
    mov     esi, 64
2:  mov     eax, ebx
    mov     ecx, edi
    push    edx
    call    volume_read
    pop     edx
    jc      3f
    add     edx, esi
    mov     eax, [ebx + VOLUME_DISK]
    mov     eax, [eax + DISK_SECTOR_BYTES]
    imul    eax, esi
    add     edi, eax
    sub     ebp, esi
    jnz     1b
3:  pop     ebp
    pop     edi
    pop     ebx
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_kernel:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, edx
    mov     edi, eax
    mov     ebx, offset slots_verbs
    cmp     edi, 2
    jb      .Lcommand_kernel_usage
.Lcommand_kernel_verb:
    mov     eax, [ebx]
    test    eax, eax
    jz      .Lcommand_kernel_usage
    mov     edx, [ebp + 4]
    call    string_compare
    je      .Lcommand_kernel_found
    add     ebx, 12
    jmp     .Lcommand_kernel_verb
.Lcommand_kernel_found:
    xor     ecx, ecx
    cmp     dword ptr [ebx + 4], offset slots_install
    jne     .Lcommand_kernel_words
    call    slots_option
.Lcommand_kernel_words:
    sub     edi, [ebx + 8]              # words before the disk
    jb      .Lcommand_kernel_usage
    cmp     edi, 1
    ja      .Lcommand_kernel_usage
    mov     esi, [ebp + 8]              # ESI: what to install or select
    LOAD_STRING eax, "hda"
    jb      .Lcommand_kernel_disk
    mov     edx, [ebx + 8]
    mov     eax, [ebp + edx*4]
.Lcommand_kernel_disk:
    mov     ebp, eax                    # EBP: name of the disk
    mov     edi, [ebx + 4]
    push    ecx
    mov     eax, offset slots_mutex     # one change after the other, and none is left half done by Ctrl-C
    call    mutex_lock
    pop     dword ptr [slots_unsigned]
    mov     eax, ebp
    push    esi
    call    slots_read
    pop     esi
    jc      .Lcommand_kernel_unlock
    call    edi
.Lcommand_kernel_unlock:
    pushfd
    push    eax
    mov     eax, offset slots_mutex
    call    mutex_unlock
    pop     eax
    popfd
    jnc     .Lcommand_kernel_done
.Lcommand_kernel_failed:
    call    error_text
    PRINTF  "kernel: %s: %s\n", ebp, eax
    mov     eax, 1
    jmp     .Lcommand_kernel_done
.Lcommand_kernel_usage:
    mov     edx, ebp
    call    command_misused
.Lcommand_kernel_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Takes `--unsigned` out of the words of `kernel install`.
# In: EDI argc, EBP argv.
# Out: EDI, EBP without it; ECX 1 when it was there, else 0.
# Clobbers: EAX, EDX.
slots_option:
    xor     ecx, ecx
    cmp     edi, 3
    jb      1f
    mov     eax, [ebp + 8]
    mov     edx, offset slots_word_unsigned
    push    ecx
    call    string_compare
    pop     ecx
    jne     1f
    inc     ecx
    mov     eax, [ebp + 4]
    mov     [ebp + 8], eax
    mov     eax, [ebp]
    mov     [ebp + 4], eax
    add     ebp, 4
    dec     edi
1:  ret

# Lists the kernels of a disk, and what became of the last trial.
# In: EBX volume.
# Out: EAX status.
slots_list:
    push    edi
    xor     edi, edi                    # EDI: slot
.Lslots_list_slot:
    call    slots_describe
    jc      .Lslots_list_done
    inc     edi
    cmp     edi, 2
    jb      .Lslots_list_slot
    mov     edi, [slots_record + sr_result]
    dec     edi
    cmp     edi, SLOT_RESULT_HUNG
    jae     .Lslots_list_failures
    PRINTF  "The last trial, of revision %u, %s.\n", [slots_record+sr_result_revision], [slots_results + edi*4 + 4]
.Lslots_list_failures:
    mov     edi, offset slots_record + sr_failures
.Lslots_list_failure:
    cmp     dword ptr [edi + 4], SLOT_REFUSED
    jb      .Lslots_list_next
    PRINTF  "Revision %u is refused: it has failed %u times.\n", [edi], [edi + 4]
.Lslots_list_next:
    add     edi, 8
    cmp     edi, offset slots_record + sr_failures + SLOT_FAILURES * 8
    jb      .Lslots_list_failure
    xor     eax, eax
.Lslots_list_done:
    pop     edi
    ret

# Prints the line of a slot.
# In: EBX volume, EDI slot.
# Out: CF and EAX error.
# Clobbers: ESI too.
slots_describe:
    FRAME   SLOT_HEADER_BYTES
    mov     eax, [slots_record + sr_places + edi*8 + 4]
    test    eax, eax
    jz      .Lslots_describe_empty
    mov     eax, ebx
    mov     edx, [slots_record + sr_places + edi*8]
    lea     ecx, [ebp - SLOT_HEADER_BYTES]
    mov     esi, 1
    call    volume_read
    jc      .Lslots_describe_done
    mov     byte ptr [ebp - SLOT_HEADER_BYTES + KI_LABEL + KI_LABEL_BYTES - 1], 0
    lea     eax, [ebp - SLOT_HEADER_BYTES + KI_LABEL]
    cmp     dword ptr [ebp - SLOT_HEADER_BYTES + ki_magic], KERNEL_MAGIC_LOW
    je      .Lslots_describe_known
    LOAD_STRING eax, "no kernel"
.Lslots_describe_known:
    PRINTF  "%u  %s, revision %u, sector %u", edi, eax, [ebp-SLOT_HEADER_BYTES+KI_REVISION], [slots_record+sr_places+edi*8]
    cmp     [slots_record + sr_good], edi
    jne     .Lslots_describe_trial
    PRINT   ", good"
.Lslots_describe_trial:
    cmp     [slots_record + sr_trial], edi
    jne     .Lslots_describe_running
    PRINT   ", on trial"
.Lslots_describe_running:
    call    slots_running
    cmp     eax, edi
    jne     .Lslots_describe_end
    PRINT   ", running"
.Lslots_describe_end:
    PRINT   "\n"
    clc
    jmp     .Lslots_describe_done
.Lslots_describe_empty:
    PRINTF  "%u  empty\n", edi
    clc
.Lslots_describe_done:
    ENDFRAME
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

# Whether a kernel fits into a slot.
# In: ECX slot, ESI sectors.
# Out: CF and EAX error when it does not.
# Clobbers: EDX.
slots_fits:
    mov     edx, SLOT_RECORD_LBA
    test    ecx, ecx
    jnz     1f
    mov     edx, SLOT_SECOND_LBA
1:  sub     edx, [slots_record + sr_places + ecx*8]
    mov     eax, ERROR_NO_SPACE
    cmp     edx, esi
    ret

# Copies the kernel of another drive into the slot that is not good, and puts it on trial. May sleep.
# In: EBX volume, ESI name of the drive.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI, EDI too.
slots_install:
    FRAME   20
    # Locals: -4 image, -8 its pages, -12 sectors of the kernel, -16 slot, -20 name of the drive
    mov     eax, esi
    mov     [ebp - 20], eax
    push    esi
    call    slots_fetch
    pop     edi
    jc      .Lslots_install_bad
    mov     [ebp - 4], eax
    mov     [ebp - 8], ecx
    mov     [ebp - 12], esi
    mov     edi, edx                    # EDI: kernel
    cmp     dword ptr [slots_unsigned], 0
    jne     .Lslots_install_trusted
    mov     eax, [ebp - 20]
    mov     ecx, esi
    call    kernel_signed
    jc      .Lslots_install_untrusted
.Lslots_install_trusted:
    mov     eax, [edi + KI_REVISION]
    call    slots_allowed
    jc      .Lslots_install_refused
    mov     ecx, [slots_record + sr_good]
    xor     ecx, 1
    mov     [ebp - 16], ecx
    call    slots_fits
    jc      .Lslots_install_free
    mov     dword ptr [slots_record + sr_trial], SLOT_NONE
    mov     dword ptr [slots_record + sr_tries], 0
    mov     dword ptr [slots_record + sr_places + ecx*8 + 4], 0
    call    slots_content
    call    slots_write                 # nobody takes it while it is written
    jc      .Lslots_install_free
    mov     ecx, [ebp - 16]
    mov     edx, [slots_record + sr_places + ecx*8]
    mov     esi, [ebp - 12]
    push    dword ptr [edi + KI_REVISION]
    call    slots_copy
    pop     edx
    jc      .Lslots_install_free
    mov     edi, edx                    # EDI: revision
    mov     eax, ebx
    call    volume_flush
    jc      .Lslots_install_free
    mov     ecx, [ebp - 16]
    mov     eax, [ebp - 12]
    mov     [slots_record + sr_places + ecx*8 + 4], eax
    call    slots_content
    mov     [eax], edi
    cmp     dword ptr [slots_unsigned], 0
    jne     .Lslots_install_digested
    lea     edi, [eax + 8]
    mov     edx, [ebp - 4]
    mov     ecx, [ebp - 12]
    call    slots_digest
.Lslots_install_digested:
    mov     ecx, [ebp - 16]
    mov     [slots_record + sr_trial], ecx
    mov     dword ptr [slots_record + sr_tries], 1
    call    slots_write
.Lslots_install_free:
    pushfd
    push    eax
    mov     eax, [ebp - 4]
    mov     edx, [ebp - 8]
    call    page_free
    pop     eax
    popfd
    jc      .Lslots_install_done
    mov     ecx, [ebp - 16]
    PRINTF  "Kernel %u is on trial at the next start; then `kernel confirm` keeps it.\n", ecx
    xor     eax, eax
    jmp     .Lslots_install_done
.Lslots_install_refused:
    mov     eax, [ebp - 4]
    mov     edx, [ebp - 8]
    call    page_free
    jmp     .Lslots_install_no
.Lslots_install_untrusted:
    mov     edi, eax
    mov     eax, [ebp - 4]
    mov     edx, [ebp - 8]
    call    page_free
    PRINT   "kernel: `kernel install --unsigned` does not ask who made a kernel\n"
    mov     eax, edi
    mov     edi, [ebp - 20]
.Lslots_install_bad:
    PRINTF  "kernel: %s: %s\n", edi, eax
.Lslots_install_no:
    mov     eax, 1
    clc
.Lslots_install_done:
    ENDFRAME
    ret

# Notes which image a slot has, as one that somebody trusted has signed.
# In: EDX boot image, ECX sectors of its kernel, EDI where the first 16 bytes of the kernel's SHA-512 go.
# Clobbers: EAX, ECX, EDX.
slots_digest:
    sub     esp, SHA512_BYTES
    mov     eax, [edx + br_kernel_sector]
    shl     eax, 9
    add     edx, eax
    shl     ecx, 9
    mov     eax, esp
    call    sha512
    mov     eax, edi
    mov     edx, esp
    mov     ecx, 16
    call    mem_copy
    add     esp, SHA512_BYTES
    ret

# Forgets what the record says of a slot's contents. If the running kernel came from there, it cannot be confirmed any
# more: that would make one good that never ran.
# In: EBX volume, ECX slot.
# Out: EAX its entry.
# Clobbers: nothing else.
slots_content:
    call    slots_running
    cmp     eax, ecx
    jne     1f
    mov     [slots_replaced], ebx
1:  push    ecx
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

# Writes a kernel. May sleep.
# In: EBX volume, EDX first sector, EDI memory, ESI sectors.
# Out: CF and EAX error.
# Clobbers: ESI, EDI too.
slots_copy:
    push    ebp
    mov     ebp, esi
1:  mov     esi, ebp
    cmp     esi, 64
    jbe     2f
    mov     esi, 64
2:  mov     eax, ebx
    mov     ecx, edi
    push    edx
    call    volume_write
    pop     edx
    jc      3f
    add     edx, esi
    mov     eax, esi
    shl     eax, 9
    add     edi, eax
    sub     ebp, esi
    jnz     1b
3:  pop     ebp
    ret

# Makes the running kernel, which is on trial, the good one. May sleep.
# In: EBX volume.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI, EDI too.
.global slots_confirm
slots_confirm:
    call    slots_running
    cmp     eax, [slots_record + sr_trial]
    jne     1f
    cmp     eax, SLOT_NONE
    je      1f
    mov     [slots_record + sr_good], eax
    imul    eax, eax, SLOT_CONTENT_BYTES
    mov     esi, [slots_record + sr_contents + eax]
    mov     edi, SLOT_RESULT_CONFIRMED
    call    slots_end_trial
    call    slots_forgive
    call    slots_write
    jc      2f
    mov     byte ptr [boot_info + bi_trial], 0
    INTERRUPTS_OFF
    call    trial_watch_end
    INTERRUPTS_RESTORE
    PRINT   "This kernel is the good one now.\n"
    xor     eax, eax
    ret
1:  PRINT   "kernel: the kernel that runs is not on trial\n"
    mov     eax, 1
    clc
2:  ret

# Forgets the failures of a revision.
# In: ESI revision.
# Out: CF when there were none.
# Clobbers: EAX, EDX.
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

# Lets a revision that has failed be tried again. May sleep.
# In: EBX volume, ESI the revision as text.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI too.
slots_allow:
    push    esi
    mov     eax, esi
    call    parse_number
    jc      1f
    cmp     byte ptr [edx], 0
    jne     1f
    mov     esi, eax
    call    slots_forgive
    jc      1f
    pop     eax
    call    slots_write
    jc      2f
    xor     eax, eax
    ret
1:  pop     esi
    PRINTF  "kernel: no revision %s has failed on this disk\n", esi
    mov     eax, 1
    clc
2:  ret

# Prints what the last kernel on trial has said.
# Out: EAX status.
slots_log:
    call    trial_show
    mov     eax, 0
    jnc     1f
    PRINT   "kernel: nothing is left of a trial: that is kept until the power goes\n"
    mov     eax, 1
    clc
1:  ret

# Puts a kernel on trial, or ends the trial when it is the good one. May sleep.
# In: EBX volume, ESI number of the slot.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI, EDI too.
slots_select:
    mov     eax, esi
    call    parse_number
    jc      .Lslots_select_none
    cmp     byte ptr [edx], 0
    jne     .Lslots_select_none
    cmp     eax, 1
    ja      .Lslots_select_none
    cmp     dword ptr [slots_record + sr_places + eax*8 + 4], 0
    je      .Lslots_select_none
    cmp     eax, [slots_record + sr_good]
    je      .Lslots_select_good
    push    eax
    imul    eax, eax, SLOT_CONTENT_BYTES
    mov     eax, [slots_record + sr_contents + eax]
    call    slots_allowed
    pop     eax
    jc      .Lslots_select_no
    mov     [slots_record + sr_trial], eax
    mov     dword ptr [slots_record + sr_tries], 1
    jmp     .Lslots_select_write
.Lslots_select_good:
    mov     eax, [slots_record + sr_trial]
    cmp     eax, SLOT_NONE
    je      .Lslots_select_write
    imul    eax, eax, SLOT_CONTENT_BYTES
    mov     esi, [slots_record + sr_contents + eax]
    mov     edi, SLOT_RESULT_ENDED
    call    slots_end_trial
.Lslots_select_write:
    call    slots_write
    jc      .Lslots_select_done
    xor     eax, eax
    ret
.Lslots_select_none:
    PRINTF  "kernel: there is no kernel %s\n", esi
.Lslots_select_no:
    mov     eax, 1
    clc
.Lslots_select_done:
    ret

SHELL_COMMAND "kernel", command_kernel, "list|install [--unsigned] DRIVE|confirm|select SLOT|allow REVISION|verify FILE|trust FILE|log [DISK]", "show and choose the kernels of a disk", GROUP_SYSTEM, kernel_text

.section .rodata
kernel_text:
    .ascii  "A disk has room for two kernels. `kernel install hdc` copies that of the CD in hdc into the slot that is\n"
    .ascii  "not the good one's, and puts it on trial: the next start takes it, once. While it runs, `kernel confirm`\n"
    .ascii  "makes it the good one. When it panics, is not confirmed within 10 minutes, or cannot be loaded, the\n"
    .ascii  "machine restarts with the good one, and `kernel log` shows what it said. A revision that failed twice is\n"
    .ascii  "refused until `kernel allow`. `kernel select 0` puts another one on trial, or ends the trial when that\n"
    .ascii  "is the good one. DISK is hda if left out.\n"
    .ascii  "A kernel is installed when a key that this one trusts has signed it; with --unsigned nobody asks. `kernel\n"
    .ascii  "verify FILE` says which kernel of the disk the signature in FILE is of; `kernel trust FILE` takes over a\n"
    .asciz  "list of keys that one of the keys before has signed.\n"
.balign 4
slots_verbs:                                # word, routine, words before the disk
    .long   slots_word_list, slots_list, 2, slots_word_install, slots_install, 3
    .long   slots_word_confirm, slots_confirm, 2, slots_word_select, slots_select, 3
    .long   slots_word_allow, slots_allow, 3, slots_word_log, slots_log, 2
    .long   slots_word_verify, kernel_verify, 3, slots_word_trust, kernel_trust, 3, 0
slots_results:                              # by SLOT_RESULT_*
    .long   0, slots_was_confirmed, slots_was_lost, slots_was_panic, slots_was_late, slots_was_ended, slots_was_hung
STRING slots_word_list, "list"
STRING slots_word_install, "install"
STRING slots_word_confirm, "confirm"
STRING slots_word_select, "select"
STRING slots_word_allow, "allow"
STRING slots_word_log, "log"
STRING slots_was_confirmed, "was confirmed"
STRING slots_was_lost, "was not confirmed"
STRING slots_was_panic, "panicked"
STRING slots_was_late, "was not confirmed in time"
STRING slots_was_ended, "was ended by a person"
STRING slots_was_hung, "hung"
STRING slots_word_verify, "verify"
STRING slots_word_trust, "trust"
STRING slots_word_unsigned, "--unsigned"

.bss
.balign 4
.global slots_record
slots_record:       .space SLOT_RECORD_BYTES    # the copy that counts, and what is made of it
slots_second:       .space SLOT_RECORD_BYTES
slots_sector:       .space SLOT_RECORD_BYTES
.global slots_mutex
slots_mutex:        .space MUTEX_SIZE
slots_counts:       .space 4                    # number of the copy that counts
slots_replaced:     .space 4                    # volume whose running kernel was written over; 0: none
slots_summed:       .space 4                    # not 0: the disk's loader knows version 1 alone
slots_unsigned:     .space 4                    # 1: nobody asks who made the kernel that is installed
